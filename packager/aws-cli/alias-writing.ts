import {
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import { makeFolders } from '../folders.ts';
import { failedOutput, failureReason } from '../output-failure.ts';
import type { OutputFile } from '../output.ts';
import { outputFile, placeOf, writeOutputs } from '../output.ts';
import { alone } from './alias-lock.ts';

/** How often somebody else may save the file while it is written. */
const ATTEMPTS = 10;
/** Permissions of a file that was not there. */
const PRIVATE = 0o600;

export interface Edited {
  readonly after: string;
  readonly isChanged: boolean;
}

/** Byte for byte, whatever its encoding; empty where there is none. @throws ArtifactError PATH_UNREADABLE */
export function readAliases(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return '';
    throw unusable('PATH_UNREADABLE', `the alias file '${file}' can't be read`, cause);
  }
}

/**
 * Edits what is in the file then. Of two that do so at once each finds what the other wrote. What an editor saves meanwhile is edited as well, unless that happens between the
 * last look at the file and its renaming, which nobody can tell.
 * @param edit the text as it is to be; may be asked several times
 * @throws ArtifactError OUTPUT_FAILED, PATH_UNREADABLE; what `edit` throws
 */
export async function editAliases(file: string, edit: (before: string) => string): Promise<Edited> {
  const folder = path.dirname(file);
  try {
    makeFolders(folder);
  } catch (cause) {
    throw unwritable(folder, cause);
  }
  const output = outputFile('the alias file', file, folder);
  const place = placeOf(output) ?? file;
  try {
    return await alone(place, () => edited(output, place, edit));
  } catch (cause) {
    if (cause instanceof ArtifactError) throw cause;
    throw unwritable(path.dirname(place), cause);
  }
}

async function edited(output: OutputFile, place: string, edit: (before: string) => string): Promise<Edited> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = readAliases(output.file);
    const after = edit(before);
    if (after === before) return { after, isChanged: false };
    if (await replace(output, place, before, after)) return { after, isChanged: true };
  }
  throw new ArtifactError('OUTPUT_FAILED', `'${output.file}' is changed all the time by another program`, {
    remedy: 'Run this again when that is done with it.',
  });
}

/** A file that has nothing in it but what was written goes with it. One that a link leads to is somebody's, and stays. @returns false where it is no longer as it was before */
async function replace(output: OutputFile, place: string, before: string, after: string): Promise<boolean> {
  const { file } = output;
  if (after === '' && !lstatSync(file).isSymbolicLink()) {
    if (readAliases(file) !== before) return false;
    rmSync(file, { force: true });
    return true;
  }
  const bytes = Buffer.from(after, 'latin1');
  if (placeOf(output) === undefined) {
    await writeOutputs([{ file: output, bytes: [bytes] }]);
    return true;
  }
  const draft = path.join(path.dirname(place), `.${path.basename(place)}.next`);
  try {
    writeDraft(output, draft, bytes, (statSync(place, { throwIfNoEntry: false })?.mode ?? PRIVATE) & 0o777);
    if (readAliases(file) !== before) return false;
    await writeOutputs([{ file: output, ready: draft }]);
    return true;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Nobody reads in a draft who may not read the file, not even where it is left behind.
 * @throws ArtifactError OUTPUT_FAILED
 */
function writeDraft(output: OutputFile, draft: string, bytes: Uint8Array, mode: number): void {
  try {
    // What is there was left behind, and may have other permissions.
    rmSync(draft, { force: true });
    const descriptor = openSync(draft, 'wx', mode);
    try {
      // Those that the umask takes off are given back.
      fchmodSync(descriptor, mode);
      writeFileSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw failedOutput(output, cause);
  }
}

function unwritable(folder: string, cause: unknown): ArtifactError {
  return unusable('OUTPUT_FAILED', `the folder '${folder}' can't be written to`, cause);
}

function unusable(code: 'PATH_UNREADABLE' | 'OUTPUT_FAILED', what: string, cause: unknown): ArtifactError {
  return new ArtifactError(code, `${what}: ${failureReason(cause)}`, {
    remedy: 'The AWS CLI looks for its aliases nowhere else. Put that right, and run this again.',
    cause,
  });
}
