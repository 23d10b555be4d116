import type { Dirent, Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, lstat, mkdir, open, readdir, rename, stat, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArtifactError, hasCode } from '../error.ts';

/**
 * The calls of the file system that the directory store is built from. Outcomes that it plans for are return values; every other
 * failure is an ArtifactError that names the path.
 */

/** What a link to nothing names. No segment of a key is encoded to this, so it never comes to exist. */
const NOTHING = '@nothing';
/** What flushing a folder may answer to who can do without: one above the root, or one in which there is nothing to write. */
export const NOT_OURS: readonly string[] = ['EACCES', 'EPERM', 'EROFS'];
/** Bytes of a file that are held at once. */
const PIECE = 256 * 1024;
/** Folders of which it is worth knowing that they are there: far more than one run needs, and a few megabytes. */
const SURE_LIMIT = 10_000;
/** A file system writes what it was given within about half a minute by itself. */
export const SURELY_FLUSHED_MS = 60_000;

/** Rejects with an ArtifactError that names the path, whatever the call to the file system fails with. */
export async function calling<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw failure(path, error);
  }
}

/** Answers undefined where the call fails with one of the codes. */
export async function callingUnless<T>(
  codes: readonly string[],
  path: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (hasCode(error, ...codes)) return undefined;
    throw failure(path, error);
  }
}

/** Of what is there itself, also where it is a link. `undefined` where nothing is. */
export function statOf(path: string): Promise<Stats | undefined> {
  return callingUnless(['ENOENT'], path, () => lstat(path));
}

/** Whether the new name was free. */
export async function linkTo(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw failure(path, error);
    throw new ArtifactError('UNSUPPORTED_STORE', `the file system does not allow the hard link '${path}'`, {
      remedy: 'Keep the domain on a file system that has hard links: not on FAT or exFAT, nor on some network shares.',
      cause: error,
    });
  }
}

/** Makes a link that points nowhere. Whether the name was free. */
export async function linkToNothing(path: string): Promise<boolean> {
  return (await callingUnless(['EEXIST'], path, () => symlink(NOTHING, path).then(() => true))) ?? false;
}

/** In one step: who reads `to` finds what was there before, or all of the new. */
export function renameOver(from: string, to: string): Promise<void> {
  return calling(to, () => rename(from, to));
}

/** Undefined where there is nothing, or a link to nothing. */
export function openFile(path: string): Promise<FileHandle | undefined> {
  // FreeBSD says EMLINK for ELOOP.
  const codes = ['ENOENT', 'ELOOP', 'EMLINK'];
  return callingUnless(codes, path, () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
}

/** The bytes of an open file from a place on. It is closed behind them. */
export async function* bytesOfFile(path: string, file: FileHandle, from: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = from; ;) {
      const { bytesRead, buffer } = await calling(path, () => file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at));
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The names in a folder; none where there is no folder, or one of the codes is the answer. */
export async function namesIn(folder: string, ...codes: readonly string[]): Promise<string[]> {
  return (await callingUnless(['ENOENT', ...codes], folder, () => readdir(folder))) ?? [];
}

/** As `namesIn`, with what each name is: a link is no folder, wherever it leads. */
export async function entriesIn(folder: string, ...codes: readonly string[]): Promise<Dirent[]> {
  return (await callingUnless(['ENOENT', ...codes], folder, () => readdir(folder, { withFileTypes: true }))) ?? [];
}

/** After this a power cut leaves the names in the folder as they are now. */
export async function flushFolder(folder: string, ...codes: readonly string[]): Promise<void> {
  const handle = await callingUnless(codes, folder, () => open(folder, constants.O_RDONLY));
  try {
    // EINVAL: a file system that doesn't take the request. It decides for itself.
    await callingUnless(['EINVAL', ...codes], folder, async () => handle?.sync());
  } finally {
    await handle?.close();
  }
}

/** Makes folders, so that a power cut doesn't take back what is acknowledged to stand in them. */
export class Folders {
  readonly #root: string;
  /** Those that this process has made sure of. */
  readonly #sure = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.#root = root;
  }

  ensure(folder: string): Promise<void> {
    const known = this.#sure.get(folder);
    if (known !== undefined) return known;
    if (this.#sure.size >= SURE_LIMIT) this.forget();
    const ensured = this.#make(folder);
    this.#sure.set(folder, ensured);
    ensured.catch(() => {
      this.#sure.delete(folder);
    });
    return ensured;
  }

  /** Somebody may have taken a folder away. */
  forget(): void {
    this.#sure.clear();
  }

  async #make(folder: string): Promise<void> {
    if (folder === this.#root) {
      await makeFolder(folder);
      return flushFolder(dirname(folder), ...NOT_OURS);
    }
    await this.ensure(dirname(folder));
    await makeFolder(folder);
    // Also where it was there: who made it may not have come to this yet.
    await flushFolder(dirname(folder));
  }
}

/** So often a folder is made anew where another process takes away those above it. */
const MAKING_ATTEMPTS = 5;

/** With those above it. */
export async function makeFolder(folder: string): Promise<void> {
  const above = dirname(folder);
  let cause = await made(folder);
  for (let attempt = 1; cause !== undefined; attempt += 1) {
    // Some file systems say of a folder that they don't take that the one above is missing.
    if (attempt > MAKING_ATTEMPTS || above === folder) throw noFolders(folder, cause);
    await makeFolder(above);
    cause = await made(folder);
    if (cause === undefined) await flushFolder(dirname(above), ...NOT_OURS);
  }
}

/** Undefined where the folder is there now; else the error that says that the one above it isn't. */
async function made(folder: string): Promise<unknown> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return error;
    if (!hasCode(error, 'EEXIST')) throw failure(folder, error);
    if ((await callingUnless(['ENOENT'], folder, () => stat(folder)))?.isDirectory() !== true) throw noFolder(folder);
  }
  return undefined;
}

function noFolder(path: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `'${path}' is not a folder, and one is wanted there`, {
    remedy: 'Move away what is there, or choose another folder for the domain.',
  });
}

function noFolders(folder: string, cause: unknown): ArtifactError {
  return new ArtifactError('UNSUPPORTED_STORE', `the file system takes no folder '${folder}'`, {
    remedy: 'Choose another folder for the domain.',
    cause,
  });
}

function failure(path: string, cause: unknown): ArtifactError {
  if (cause instanceof ArtifactError) return cause;
  const why = hasMessage(cause) ? cause.message : String(cause);
  if (hasCode(cause, 'ENOSPC', 'EDQUOT')) {
    return new ArtifactError('STORE_FULL', `no space is left to write '${path}'`, {
      remedy: 'Free space (or quota) on that file system, or keep the domain in another folder; then run it again.',
      cause,
    });
  }
  if (hasCode(cause, 'EACCES', 'EPERM', 'EROFS')) {
    return new ArtifactError('ACCESS_DENIED', `the file system denies access to '${path}': ${why}`, {
      remedy: "Allow yourself to read and write the domain's folder and everything in it, or choose another folder.",
      cause,
    });
  }
  if (hasCode(cause, 'ENAMETOOLONG')) {
    return new ArtifactError('INVALID_KEY', `the path '${path}' is longer than this system allows`, {
      remedy: "Keep the domain in a folder with a shorter path, or shorten the artifact's ID.",
      cause,
    });
  }
  if (hasCode(cause, 'ENOTDIR', 'ELOOP')) {
    const what = hasCode(cause, 'ELOOP') ? 'has links that lead in a circle' : 'leads through a file';
    return new ArtifactError('INVALID_ARGUMENT', `the path '${path}' ${what}`, {
      remedy: 'Move away what is there, or choose another folder for the domain.',
      cause,
    });
  }
  if (hasCode(cause, 'EMFILE', 'ENFILE')) {
    return new ArtifactError('STORE_UNAVAILABLE', `too many files are open to open '${path}'`, {
      remedy: "Raise the limit ('ulimit -n'), then run it again.",
      cause,
    });
  }
  return new ArtifactError('STORE_UNAVAILABLE', `the file system fails at '${path}': ${why}`, {
    remedy: "Check that the domain's folder is mounted, whole and not being changed by hand; then run it again.",
    cause,
  });
}

function hasMessage(error: unknown): error is { readonly message: string } {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
