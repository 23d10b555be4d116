import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { TestProject } from '../../support/project.ts';

/** To add a case, add NAME.in.yaml and run with UPDATE_GOLDEN=1; look at what comes out. Digests are those of what esbuild writes, and not of interest. */
const FOLDER = path.resolve(import.meta.dirname, '../../golden/building');
const inputs = readdirSync(FOLDER).filter((name) => name.includes('.in.'));

describe('templates with functions that are built', () => {
  test.each(inputs)('%s', async (name) => {
    const project = await TestProject.of({
      [name]: readFileSync(path.join(FOLDER, name), 'utf8'),
      'src/deep/down/app.ts': 'export const handler = async (): Promise<void> => undefined;\n',
      'deep/down/app.ts': 'export const handler = async (): Promise<number> => 1;\n',
    });
    const { exitCode, text } = await project.package('--template-file', name);
    expect(exitCode).toBe(0);
    const output = text.replaceAll(/[0-9a-f]{64}/g, 'DIGEST');

    const expected = path.join(FOLDER, name.replace('.in.', '.out.'));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(expected, output);
    expect(output).toBe(readFileSync(expected, 'utf8'));
  });

  test('every pair is complete', () => {
    for (const name of inputs) expect(existsSync(path.join(FOLDER, name.replace('.in.', '.out.')))).toBe(true);
    expect(readdirSync(FOLDER)).toHaveLength(inputs.length * 2);
  });
});
