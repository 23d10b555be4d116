import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../repository/index.ts';

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

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

/**
 * The file appears whole, or stays as it was; one that was there keeps its permissions, and a link stays a link. What is no file, a device or a
 * pipe, can't be replaced: it is written to.
 * @throws ArtifactError OUTPUT_FAILED; what reading the bytes throws
 */
export async function writeOutput(file: string, bytes: Bytes): Promise<void> {
  const existing = statSync(file, { throwIfNoEntry: false });
  if (existing !== undefined && !existing.isFile()) return fill(file, file, bytes);
  const target = existing === undefined ? file : realpathSync(file);
  const draft = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.draft`);
  removeAbandoned(target);
  try {
    await fill(file, draft, bytes, existing?.mode);
    attempt(file, () => {
      renameSync(draft, target);
    });
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** @param file as the person knows it */
async function fill(file: string, target: string, bytes: Bytes, mode?: number): Promise<void> {
  const descriptor = attempt(file, () => openSync(target, 'w', 0o666));
  try {
    if (mode !== undefined)
      attempt(file, () => {
        fchmodSync(descriptor, mode & 0o777);
      });
    for await (const piece of bytes) {
      attempt(file, () => {
        for (let sent = 0; sent < piece.byteLength;) sent += writeSync(descriptor, piece, sent);
      });
    }
    attempt(file, () => {
      flush(descriptor);
    });
  } finally {
    closeSync(descriptor);
  }
}

function flush(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Of what is no file there is nothing to flush.
    if (!hasCode(error, 'EINVAL', 'EROFS', 'ENOTSUP')) throw error;
  }
}

/** What a killed process left of an earlier writing of the same file. */
function removeAbandoned(target: string): void {
  const folder = path.dirname(target);
  const start = `.${path.basename(target)}.`;
  try {
    for (const name of readdirSync(folder)) {
      const maker = name.startsWith(start) ? /^(?<pid>[1-9]\d*)\.draft$/.exec(name.slice(start.length)) : null;
      const pid = maker?.groups?.['pid'];
      if (pid !== undefined && !isAlive(Number(pid))) rmSync(path.join(folder, name), { force: true });
    }
  } catch {
    // A folder that can't be listed may still be written to.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return !hasCode(error, 'ESRCH');
  }
}

function attempt<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArtifactError('OUTPUT_FAILED', `'${file}' could not be written: ${reason}`, {
      remedy: 'Nothing of it was written. Name another file or folder, or make room, and run it again.',
      cause,
    });
  }
}
