import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { run } from '../../packager/cli/program.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';
import { EXAMPLES } from './example.ts';

const hasCfnLint = spawnSync('cfn-lint', ['--version']).status === 0;
const lint = hasCfnLint ? test : test.skip;
// An app has no template before it is synthesized.
const names = readdirSync(EXAMPLES).filter((name) => existsSync(path.join(EXAMPLES, name, 'template.yaml')));

/** What cfn-lint says of files; nothing where all is well. */
async function findings(files: readonly string[], ...flags: readonly string[]): Promise<string> {
  const all = ['--non-zero-exit-code', 'informational', ...flags, '--', ...files];
  return await promisify(execFile)('cfn-lint', all).then(
    ({ stdout }) => stdout,
    (error: unknown) => String((error as { stdout: unknown }).stdout),
  );
}

describe(`cfn-lint has nothing to say of the examples${whySkipped(hasCfnLint, 'it is not on the PATH')}`, () => {
  lint('as they are', async () => {
    const files = names.flatMap((name) => {
      const stacks = path.join(EXAMPLES, name, 'stacks');
      const nested = existsSync(stacks) ? readdirSync(stacks).map((file) => path.join(stacks, file)) : [];
      return [path.join(EXAMPLES, name, 'template.yaml'), ...nested];
    });
    // W3002: that local paths need to be packaged.
    expect(await findings(files, '--ignore-checks', 'W3002')).toBe('');
  });

  lint('packaged', async () => {
    const output = await temporaryFolder();
    const files = names.map((name) => path.join(output, `${name}.yaml`));
    for (const [index, name] of names.entries()) {
      const terminal = recordedTerminal({ cwd: path.join(EXAMPLES, name) });
      const where = ['--project-root', '.', '--domain', `file:${output}/domain`];
      expect(await run(['package', ...where, '--output-template-file', files[index] ?? ''], terminal)).toBe(0);
    }
    expect(files.length).toBeGreaterThan(5);
    expect(await findings(files)).toBe('');
  });
});
