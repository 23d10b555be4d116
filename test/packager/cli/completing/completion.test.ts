import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { COMMANDS, GROUPS } from '../../../../packager/cli/syntax/commands.ts';
import { SHELLS } from '../../../../packager/cli/syntax/completion.ts';
import type { Shell } from '../../../../packager/cli/syntax/completion.ts';
import { run } from '../../../../packager/cli/program.ts';
import { recordedTerminal } from '../../../support/terminal.ts';
import { temporaryFolder } from '../../../support/temporary.ts';
import { whySkipped } from '../../../support/where.ts';

const scripts = new Map<Shell, string>();
let folder = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  for (const shell of SHELLS) {
    const terminal = recordedTerminal();
    expect(await run(['completion', shell], terminal)).toBe(0);
    scripts.set(shell, terminal.stdout.text);
    writeFileSync(path.join(folder, `script.${shell}`), terminal.stdout.text);
  }
  mkdirSync(path.join(folder, 'here/sub folder'), { recursive: true });
  writeFileSync(path.join(folder, 'here/my template.yaml'), '');
});

const isThere = (shell: Shell): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** What bash offers when Tab is typed behind these words: the last is what is typed so far, perhaps nothing. */
const offered = (...words: readonly string[]): readonly string[] => offeredAfter('', ...words);

/** @param before what is run in that bash before the script */
function offeredAfter(before: string, ...words: readonly string[]): readonly string[] {
  const script = [
    before,
    'source "$1"; shift',
    'complete -p cfn-artifacts > ../complete.txt',
    'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}',
    // As bash calls it: by the name that `complete` was told.
    'function=$(sed -E "s/.*-F ([a-z_]+).*/\\1/" ../complete.txt)',
    '"$function" "$1" "${@: -1}" "${@: -2:1}" 2> /dev/null',
    '((${#COMPREPLY[@]})) && printf "%s\\n" "${COMPREPLY[@]}"; true',
  ].join('\n');
  const argv = ['--norc', '-c', script, 'bash', path.join(folder, 'script.bash'), 'cfn-artifacts', ...words];
  const text = execFileSync('bash', argv, { cwd: path.join(folder, 'here'), encoding: 'utf8' });
  return text.split('\n').filter(Boolean);
}

const flagsOf = (name: string): readonly string[] =>
  (COMMANDS.find((command) => command.name === name)?.options ?? []).flatMap(
    ({ name: option, short, aliases = [] }) => [
      ...[option, ...aliases].map((one) => `--${one}`),
      ...(short === undefined ? [] : [`-${short}`]),
    ],
  );

describe('in bash', () => {
  test.each(COMMANDS.map(({ name }) => name))('%s: its words and all of its options', (name) => {
    const words = name.split(' ');
    expect(offered(...words.slice(0, -1), words.at(-1) ?? '')).toContain(words.at(-1));
    expect(offered(...words, '-')).toEqual(expect.arrayContaining([...flagsOf(name), '--help']));
  });

  test('the commands, and those of a group', () => {
    const first = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0]))];
    expect(offered('')).toEqual(first);
    expect(offered('bun')).toEqual(['bundle']);
    expect(offered('bundle', '')).toEqual(['create', 'show', 'publish']);
    expect(offered('gc', 'rules', '')).toEqual(['set']);
    for (const group of Object.keys(GROUPS)) expect(offered(group, '').length).toBeGreaterThan(0);
  });

  test('no options of other commands', () => {
    expect(offered('list', '--s3')).toEqual([]);
    expect(offered('package', '--s3')).toEqual(['--s3-bucket', '--s3-prefix']);
    expect(offered('bundle', '--s3')).toEqual([]);
  });

  test('what an option may be', () => {
    expect(offered('package', '--references', '')).toEqual(['stack', 'grouped', 'none']);
    expect(offered('package', '--references', 'g')).toEqual(['grouped']);
    expect(offered('package', '--color', '=', 'o')).toEqual(['on', 'off']);
    expect(offered('package', '--color', '=')).toEqual(['on', 'off', 'auto']);
    expect(offered('status', 'set', 'shop/api:7', 'A')).toEqual(['Archived']);
    expect(offered('completion', '')).toEqual([...SHELLS]);
    expect(offered('package', '--s3-bucket', '')).toEqual([]);
  });

  test('files and folders where they are wanted, whatever they are called', () => {
    expect(offered('package', '-t', 'my')).toEqual(['my template.yaml']);
    expect(offered('package', '-t', '').toSorted()).toEqual(['my template.yaml', 'sub folder']);
    expect(offered('package', '--project-root', '')).toEqual(['sub folder']);
    expect(offered('publish', 'my')).toEqual(['my template.yaml']);
    expect(offered('list', '')).toEqual([]);
  });

  test("what an option may be, where '=' splits no words", () => {
    expect(offeredAfter(`COMP_WORDBREAKS=' ='`, 'package', '--color=o')).toEqual(['on', 'off']);
    expect(offeredAfter(`COMP_WORDBREAKS=' '`, 'package', '--color=o')).toEqual(['--color=on', '--color=off']);
    expect(offeredAfter(`COMP_WORDBREAKS=' '`, 'package', '-t', 'my')).toEqual(['my template.yaml']);
  });

  test('names of files are quoted by bash, of version 3.2 too', () => {
    // Bash reads its startup file where it takes its input for a connection of rshd's.
    const registered = (before: string): string =>
      execFileSync(
        'bash',
        ['--norc', '-c', `${before}\nsource "$1"; complete -p`, 'bash', path.join(folder, 'script.bash')],
        {
          encoding: 'utf8',
        },
      );
    expect(registered('')).toBe('complete -F _cfn_artifacts cfn-artifacts\n');
    expect(registered('enable -n compopt')).toBe('complete -o filenames -F _cfn_artifacts cfn-artifacts\n');
  });

  test('options before a command are none, and neither is what they are given', () => {
    expect(offered('--profile', 'bundle', 'li')).toEqual(['list']);
    expect(offered('--profile', 'list', 'bundle', 'c')).toEqual(['create']);
    expect(offered('--profile', '=', 'list', 'bundle', 'c')).toEqual(['create']);
    expect(offered('--profile=list', 'bundle', 'c')).toEqual(['create']);
    expect(offered('--regi')).toEqual(['--region']);
  });
});

describe.each(SHELLS)('the script for %s', (shell) => {
  test('has every command and option with what it may be, and names no other program', () => {
    const script = scripts.get(shell) ?? '';
    for (const { name, options, positional, summary } of COMMANDS) {
      expect(script).toContain(`'${name}'`.replaceAll("'", shell === 'fish' ? "\\'" : "'"));
      for (const option of options) {
        expect(script).toContain(shell === 'fish' ? `-l ${option.name} ` : `--${option.name}`);
        if (option.choices !== undefined) expect(script).toContain(option.choices.join(' '));
        // Bash shows no words but those that are typed.
        if (shell !== 'bash') expect(unquoted(script)).toContain(option.help);
      }
      for (const { choices } of positional) if (choices !== undefined) expect(script).toContain(choices.join(' '));
      if (shell !== 'bash' && !(name in GROUPS) && !name.includes(' ')) expect(unquoted(script)).toContain(summary);
    }
  });

  (isThere(shell) ? test : test.skip)(`is one${whySkipped(isThere(shell), `${shell} is not installed`)}`, () => {
    const { status, stderr } = spawnSync(shell, ['-n', path.join(folder, `script.${shell}`)], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

/** Without the escapes of a quoted text. */
const unquoted = (script: string): string =>
  script.replaceAll("'\\''", "'").replaceAll("\\'", "'").replaceAll('\\\\', '\\');

test('of another shell there is none', async () => {
  const terminal = recordedTerminal();
  expect(await run(['completion', 'tcsh'], terminal)).toBe(2);
  expect(terminal.stderr.text).toContain("error: SHELL must be one of 'bash', 'zsh', 'fish', not 'tcsh'");
});

test('with --json it is a member', async () => {
  const terminal = recordedTerminal();
  expect(await run(['completion', 'bash', '--json'], terminal)).toBe(0);
  expect(JSON.parse(terminal.stdout.text)).toEqual({ shell: 'bash', script: scripts.get('bash'), warnings: [] });
});
