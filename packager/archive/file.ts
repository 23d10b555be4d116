import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { ArtifactError, hasCode } from '../../repository/error.ts';

/** A regular file as it was when its folder was walked. Whoever reads it compares, before and after. */
export interface FileState {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly mode: number;
}

/** @param path Absolute, links resolved: what `stats` were taken of. */
export function stateOf(path: string, { size, mtimeMs, ctimeMs, ino, mode }: Stats): FileState {
  return { path, size, mtimeMs, ctimeMs, ino, mode };
}

/** SOURCE_CHANGED: what was read is not what was walked, or not of one moment. */
export function changed(path: string): ArtifactError {
  return new ArtifactError('SOURCE_CHANGED', `'${path}' changed while it was read`, {
    remedy: 'Something writes there; run again when it is done.',
  });
}

/** A failed system call, in whatever realm its error was made. */
function isSystemError(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EIO: 'input/output error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many links on the way',
};

/**
 * What a failed system call means for a file or folder that stood there a moment ago.
 * @throws what is no failed system call: a defect
 */
export function unreadable(path: string, error: unknown): ArtifactError {
  if (error instanceof ArtifactError) return error;
  if (!isSystemError(error)) throw error;
  if (hasCode(error, 'ENOENT', 'ENOTDIR')) return changed(path);
  return new ArtifactError('PATH_UNREADABLE', `cannot read '${path}': ${REASONS[error.code] ?? error.code}`, {
    remedy: 'Make it readable for whoever runs this, or leave it out with .artifactignore or --exclude.',
    cause: error,
  });
}

/** Never waits, even where a pipe has taken the file's place since it was walked. */
const READ = constants.O_RDONLY | ((constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0);

/**
 * Calls `read` with the open file and checks after it that the file still is the one that was walked.
 * @throws ArtifactError SOURCE_CHANGED, PATH_UNREADABLE
 */
export function reading<T>(file: FileState, read: (descriptor: number) => T): T {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file.path, READ);
    const result = read(descriptor);
    checkUnchanged(descriptor, file);
    return result;
  } catch (error) {
    throw unreadable(file.path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function checkUnchanged(descriptor: number, file: FileState): void {
  const now = fstatSync(descriptor);
  const same =
    now.size === file.size &&
    now.mtimeMs === file.mtimeMs &&
    now.ctimeMs === file.ctimeMs &&
    now.ino === file.ino &&
    now.isFile();
  if (!same) throw changed(file.path);
}

/** Bytes of one read. Large enough that calls cost nothing, small enough for many at once. */
export const CHUNK_SIZE: number = 1024 * 1024;

/**
 * The bytes from `start` to `end`. That the file is the one that was walked is checked before the first and after the last.
 * @param into CHUNK_SIZE bytes: each piece stands there, until the next is asked for. Absent: each has memory of its own
 * @throws ArtifactError SOURCE_CHANGED, PATH_UNREADABLE
 */
export async function* readRange(
  file: FileState,
  start: number,
  end: number,
  into?: Buffer,
): AsyncGenerator<Uint8Array> {
  if (start >= end) return;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file.path, READ);
    checkUnchanged(descriptor, file);
    for (let position = start; position < end; position += CHUNK_SIZE) {
      const length = Math.min(CHUNK_SIZE, end - position);
      const chunk = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length);
      readFully(descriptor, chunk, chunk.byteLength, position, file.path);
      if (position + CHUNK_SIZE >= end) checkUnchanged(descriptor, file);
      yield chunk;
    }
  } catch (error) {
    throw unreadable(file.path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Fills the beginning of `into` with `length` bytes from `position`. @throws ArtifactError SOURCE_CHANGED where there are fewer */
export function readFully(descriptor: number, into: Uint8Array, length: number, position: number, path: string): void {
  for (let done = 0; done < length;) {
    const read = readSync(descriptor, into, done, length - done, position + done);
    if (read === 0) throw changed(path);
    done += read;
  }
}
