import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { run } from '../../../packager/cli/program.ts';
import type { CorpusCase } from '../../support/corpus.ts';
import { copyInput, corpusCases, describeWithCorpus, whyNoCorpus } from '../../support/corpus.ts';
import { recordedTerminal } from '../../support/terminal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await temporaryFolder();
});

interface Ended {
  readonly exitCode: number;
  readonly stderr: string;
}

async function ran(cwd: string, ...argv: string[]): Promise<Ended> {
  const terminal = recordedTerminal({ cwd });
  const exitCode = await run(argv, terminal);
  return { exitCode, stderr: terminal.stderr.text };
}

function text(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** What was told of the input, without what was sent. */
function told(stderr: string): string {
  return stderr.replaceAll(/^(?:(?:uploaded|copied) .*|The artifacts are in a directory: .*)\n/gm, '');
}

/** All that were written for a reason, and of the others so many that every kind is among them. */
const CASES = corpusCases().filter(({ name }, index) => name.startsWith('authored--') || index % 4 === 0);

async function expectSame(one: CorpusCase, references: string): Promise<void> {
  const folder = path.join(scratch, references, one.name);
  const input = copyInput(one, folder);
  const at = (name: string): string => path.join(folder, name);
  const content = ['-t', one.template, '--project-root', '.', '--artifact-prefix', 'case', '--references', references];
  const packaged = ['--domain', `file:${at('packaged')}`, '--output-template-file', at('packaged.out')];
  const direct = await ran(input, 'package', ...content, ...packaged);
  const created = await ran(input, 'bundle', 'create', ...content, '--output', at('case.bundle'));
  expect({ ...created, stderr: told(created.stderr) }).toEqual({ ...direct, stderr: told(direct.stderr) });
  expect(existsSync(at('case.bundle'))).toBe(direct.exitCode === 0);
  if (direct.exitCode !== 0) return;
  // Without the sources.
  rmSync(input, { recursive: true });
  const published = ['--domain', `file:${at('published')}`, '--output-template-file', at('published.out')];
  const second = await ran(folder, 'bundle', 'publish', 'case.bundle', ...published);
  expect(second).toMatchObject({ exitCode: 0 });
  expect(text(at('published.out'))).toBe(text(at('packaged.out')));
}

describeWithCorpus(`a template of the corpus${whyNoCorpus}`, () => {
  test.each(CASES.map((one) => ({ name: one.name, one })))(
    '$name: published from its bundle it is what package writes where its sources are',
    async ({ one }) => {
      await expectSame(one, 'stack');
    },
  );

  test.each(['grouped', 'none'])('and so it is with references %s', async (references) => {
    for (const one of CASES.slice(0, 12)) await expectSame(one, references);
  });
});
