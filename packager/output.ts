import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError } from '../repository/index.ts';

/** Whether a file could be written there, before any work is done. @throws ArtifactError OUTPUT_FAILED */
export function checkOutput(file: string): void {
  const folder = path.dirname(file);
  const kind = statSync(folder, { throwIfNoEntry: false });
  if (kind?.isDirectory() !== true) {
    throw new ArtifactError('OUTPUT_FAILED', `the folder '${folder}' for the output does not exist`, {
      remedy: `mkdir -p '${folder}'`,
    });
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new ArtifactError('OUTPUT_FAILED', `'${file}' is a folder, and the output is a file`);
  }
}

/** The file appears whole, or stays as it was. @throws ArtifactError OUTPUT_FAILED */
export function writeOutput(file: string, text: string): void {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.draft`);
  try {
    const descriptor = openSync(draft, 'w', 0o666);
    try {
      const bytes = Buffer.from(text, 'utf8');
      for (let sent = 0; sent < bytes.length;) sent += writeSync(descriptor, bytes, sent);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new ArtifactError(
      'OUTPUT_FAILED',
      `'${file}' could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: 'Nothing of it was written. What was uploaded is reused next time.',
        cause,
      },
    );
  }
}
