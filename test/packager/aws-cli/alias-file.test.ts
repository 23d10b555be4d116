import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Alias } from '../../../packager/aws-cli/alias-file.ts';
import { withAliases, withoutAliases } from '../../../packager/aws-cli/alias-file.ts';
import { ARTIFACTS, isOurs, SHADOW, valueOf } from '../../../packager/aws-cli/aliases.ts';
import { knowEveryError } from '../../support/realm.ts';
import { whySkipped } from '../../support/where.ts';

knowEveryError();

const OURS = { ...ARTIFACTS, value: valueOf('linux') };
const SHADOWING = { ...SHADOW, value: valueOf('linux', 'package') };
const BOTH = [OURS, SHADOWING];

const FILE = '/home/me/.aws/cli/alias';

const install = (text: string, aliases: readonly Alias[] = BOTH) => withAliases({ file: FILE, text }, aliases, isOurs);
const remove = (text: string, aliases: readonly Alias[] = BOTH): string =>
  withoutAliases({ file: FILE, text }, aliases, isOurs);

const FILES: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a section alone', '[toplevel]\n'],
  ['a section alone, without an end', '[toplevel]'],
  ['other aliases and comments', '# mine\n\n[toplevel]\n; who\nwhoami = sts get-caller-identity\n\n# end\n'],
  ['no end of the last line', '[toplevel]\nwhoami = sts get-caller-identity'],
  ['lines that go on', '[toplevel]\nregions = !f() {\n    echo "$1"\n\n    # no comment of the shell\n    }; f\n\n\n'],
  ['lines of Windows', '# mine\r\n[toplevel]\r\nwhoami = sts get-caller-identity\r\n'],
  ['indented aliases', '[toplevel]\n  whoami = sts get-caller-identity\n  who : sts get-caller-identity\n'],
  [
    'both sections',
    '[command  cloudformation]\nls = list-stacks\n\n[toplevel]\nwho = sts x\n[command ec2]\nls = describe-instances',
  ],
  ['letters that are not ASCII', '[toplevel]\n# gr\u00fc\u00df dich\nwho = sts x\n'],
  ['blank lines alone', '\n\n\n'],
];

describe('an alias file with', () => {
  test.each(FILES)(
    '%s has the aliases and nothing else that it had not, and is what it was without them',
    (_what, text) => {
      const written = install(text);
      expect(written.foreign).toEqual([]);
      expect(written.text).toContain(`artifacts = ${OURS.value}`);
      expect(written.text).toContain(`package = ${SHADOWING.value}`);
      expect(install(written.text).text).toBe(written.text);
      expect(remove(written.text)).toBe(text);
      // One at a time comes to the same.
      const one = install(text, [OURS]).text;
      expect(install(one, [SHADOWING]).text).toBe(written.text);
      expect(remove(written.text, [SHADOWING])).toBe(one);
      const added = written.text.split(/\r?\n/).filter((line) => !text.split(/\r?\n/).includes(line));
      expect(added.every((line) => /^(# written by|artifacts = |package = |\[)/.test(line))).toBe(true);
      if (text.includes('\r\n')) expect(written.text).not.toMatch(/(?<!\r)\n/);
    },
  );

  test('aliases of ours of an earlier kind has them in their lines', () => {
    const text = '[toplevel]\nartifacts = !cfn-artifacts\nwho = sts x\n';
    expect(install(text, [OURS]).text).toBe(`[toplevel]\nartifacts = ${OURS.value}\nwho = sts x\n`);
    expect(remove(text)).toBe('[toplevel]\nwho = sts x\n');
  });

  test("somebody's aliases of these names stays as it is, whatever their letters", () => {
    const text = '[toplevel]\nwho = x\nArtifacts = s3 ls\n[command cloudformation]\npackage: !sh\n  mine.sh\n';
    const { text: written, foreign } = install(text);
    expect(written).toBe(text);
    expect(foreign).toEqual([
      { alias: expect.objectContaining({ name: 'artifacts' }), line: 3 },
      { alias: expect.objectContaining({ name: 'package' }), line: 5 },
    ]);
    expect(remove(text)).toBe(text);
  });

  test('other aliases in a section that was made keeps that section', () => {
    const written = install('').text;
    const mine = written.replace(/(package = .*\n)/, '$1ls = list-stacks\n');
    expect(remove(mine)).toBe('[command cloudformation]\nls = list-stacks\n');
  });

  test.each([
    ['what stands before any section', 'who = x\n[toplevel]\n', 1],
    ['a section twice', '[toplevel]\na = x\n[toplevel]\n', 3],
    ['an alias twice', '[toplevel]\na = x\nA = y\n', 3],
    ['a line that says nothing', '[toplevel]\nwhoami\n', 2],
    ['a byte order mark', '\u00ef\u00bb\u00bf[toplevel]\n', 1],
  ])('%s is one that the AWS CLI can not read, which is told', (_what, text, line) => {
    const refusal = expect.objectContaining({
      message: expect.stringContaining("the AWS CLI can't read this line: "),
      place: { file: FILE, line, column: 1 },
    });
    expect(() => install(text)).toThrow(refusal);
    expect(() => remove(text)).toThrow(refusal);
  });

  test('a header that would become part of an alias is left as it is', () => {
    expect(() => install('[toplevel]\n  a = x\n  [other]\n  b = y\n', [OURS])).toThrow(
      /there is no room|can't read this line/,
    );
  });
});

const line = fc.oneof(
  fc.constantFrom('', '  ', '# comment', '; comment', '  # indented'),
  fc
    .tuple(
      fc.constantFrom('', ' ', '    '),
      fc.constantFrom('a', 'b', 'c', 'x'),
      fc.constantFrom('=', ' = ', ':'),
      fc.constantFrom('', '1', '!sh -c "x = y"'),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('[toplevel]', '[command cloudformation]', '[other]', '  continued'),
);

test('whatever is in it: written and removed it is what it was, or nothing was written', () => {
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.boolean(), (lines, end, isEnded) => {
      const text = lines.join(end) + (isEnded ? end : '');
      let written: string;
      try {
        written = install(text).text;
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_CONFIGURATION' });
        return;
      }
      expect(remove(written)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

/** As the AWS CLI does it: botocore/configloader.py. Of each text its aliases by section; null of one that can't be read. */
const PYTHON = `
import configparser, json, sys
def aliases(text):
    parser = configparser.RawConfigParser(default_section=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {'/'.join(s.split()): {name: value.strip() for name, value in parser.items(s)} for s in parser.sections()}
print(json.dumps([aliases(text) for text in json.load(sys.stdin)]))
`;
type Aliases = Readonly<Record<string, Readonly<Record<string, string>>>>;

function understood(texts: readonly string[]): readonly (Aliases | null)[] {
  const { stdout } = spawnSync('python3', ['-c', PYTHON], { encoding: 'utf8', input: JSON.stringify(texts) });
  return JSON.parse(stdout) as readonly (Aliases | null)[];
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

(hasPython ? test : test.skip)(
  `Python reads what was written as it is meant${whySkipped(hasPython, 'there is no python3')}`,
  () => {
    const samples = fc.sample(fc.array(line), { numRuns: 400, seed: 7 });
    const texts = [...FILES.map(([, text]) => text), ...samples.map((lines) => `[toplevel]\n${lines.join('\n')}\n`)];
    const written = texts.map((text) => {
      try {
        return install(text).text;
      } catch {
        return undefined;
      }
    });
    const before = understood(texts);
    const after = understood(written.map((text) => text ?? ''));
    for (const [index, text] of texts.entries()) {
      // What Python can't read is refused, and of the rest what has no room.
      if (written[index] === undefined) continue;
      expect({ text, aliases: before[index] }).not.toEqual({ text, aliases: null });
      const was = before[index] ?? {};
      const expected: Aliases = {
        ...was,
        toplevel: { ...was['toplevel'], artifacts: OURS.value },
        'command/cloudformation': { ...was['command/cloudformation'], package: SHADOWING.value },
      };
      expect({ text, aliases: after[index] }).toEqual({ text, aliases: expected });
    }
    expect(written.filter((text) => text !== undefined).length).toBeGreaterThan(30);
  },
);
