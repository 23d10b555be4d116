import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary.ts';

const PROJECT = path.join(import.meta.dirname, '../..');

/** Stands for the reference function's bundle where nothing runs it. */
export const STUB_BUNDLE = `'use strict';\nexports.handler = async (event) => ({ "asked": \`\${event}\\n\` }); // : # {{version}}\n`;

export interface Built {
  readonly file: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the build of `templates/domain.yaml` as a person would, with another bundle and into a temporary folder. */
export async function buildDomainTemplate(bundle: string = STUB_BUNDLE): Promise<Built> {
  const folder = await temporaryFolder();
  const source = path.join(folder, 'index.js');
  const file = path.join(folder, 'domain.yaml');
  await writeFile(source, bundle);
  const build = path.join(PROJECT, 'templates/build.mjs');
  const run = promisify(execFile)(process.execPath, [build, '--bundle', source, '--output', file], { cwd: folder });
  return await run.then(
    ({ stdout, stderr }) => ({ file, exitCode: 0, stdout, stderr }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { file, exitCode: code, stdout, stderr };
    },
  );
}
