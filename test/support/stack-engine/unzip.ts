import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { hasCode } from '../../../repository/error.ts';

/** Programs that open zips, as they are asked; the first that is here does it. */
const PROGRAMS: readonly ((file: string, folder: string) => readonly [string, ...string[]])[] = [
  (file, folder) => ['unzip', '-q', '-o', file, '-d', folder],
  (file, folder) => ['python3', '-m', 'zipfile', '-e', file, folder],
  // That of Windows reads zips too.
  (file, folder) => ['tar', '-xf', file, '-C', folder],
];

/** Unpacks with another program than ours. Throws what Lambda says of a file that is no zip. */
export function unzip(file: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const program of PROGRAMS) {
    const [name, ...given] = program(file, folder);
    const { error, status } = spawnSync(name, given, { stdio: 'ignore' });
    if (error !== undefined && hasCode(error, 'ENOENT')) continue;
    if (error === undefined && status === 0) return;
    throw new Error('Could not unzip uploaded file. Please check your file, then try to upload again.');
  }
  throw new Error('nothing here opens zips: install unzip or Python');
}
