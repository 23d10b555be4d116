import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writevSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { makeFolders, namesIn } from '../folders.ts';

const CHECKSUM_SIZE = 32;
const DAY_MS = 24 * 60 * 60_000;
/** What was not used for so long goes. */
const UNUSED_MS = 60 * DAY_MS;
/** Files that one folder keeps, the last used of them. */
const KEPT = 5000;
/** Folders whose files go by these rules. */
type Kind = 'archives' | 'builds' | 'identities' | 'sources' | 'templates' | 'trees';
const KINDS: readonly Kind[] = ['archives', 'builds', 'identities', 'sources', 'templates', 'trees'];
/** Says what the folder is; its time is that of the last look at what may go. */
const TAG = 'tidied';
const TAG_TEXT: Buffer = Buffer.from('What cfn-artifacts remembers between runs: it may be deleted at any time.\n');

/** Names of what is written here: a digest, and behind a dot what is not finished. Nothing else is of this program. */
const OWN_NAME = /^(?:[\da-f]{64}|\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

/** No link is followed, and no pipe waited for: where there are none, the constants are absent. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as { O_NOFOLLOW?: number; O_NONBLOCK?: number };
const READ = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * Small files that may be lost: none that can't be read or written is an error. What is read is what was written, whole, by this user, or nothing; so any number of
 * processes may share the folder, whoever else finds it.
 */
export class CacheFiles {
  readonly #folder: string | undefined;
  readonly #now: () => number;

  /** @param folder made when it is needed; `undefined`: nothing is kept */
  constructor(folder: string | undefined, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /** In memory of its own, where its first byte is aligned for any number. */
  read(kind: Kind, name: string): Buffer | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      const descriptor = openSync(path.join(this.#folder, kind, name), READ);
      try {
        return this.#readSealed(descriptor, `${kind}/${name}`);
      } finally {
        closeSync(descriptor);
      }
    } catch {
      return undefined;
    }
  }

  /** Of what stands there, sound or not, in bytes; 0 where nothing does. */
  size(kind: Kind, name: string): number {
    if (this.#folder === undefined) return 0;
    try {
      return lstatSync(path.join(this.#folder, kind, name), { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      return 0;
    }
  }

  write(kind: Kind, name: string, parts: readonly Uint8Array[]): void {
    if (this.#folder === undefined) return;
    // Before something stands there: whoever finds it is to know what it is.
    this.#tidy(this.#folder);
    const folder = path.join(this.#folder, kind);
    const draft = path.join(folder, `.${randomUUID()}`);
    try {
      makeFolders(folder, 0o700);
      writeWhole(draft, [...parts, checksum(`${kind}/${name}`, parts)]);
      renameSync(draft, path.join(folder, name));
    } catch {
      remove(draft);
    }
  }

  remove(kind: Kind, name: string): void {
    if (this.#folder !== undefined) remove(path.join(this.#folder, kind, name));
  }

  #readSealed(descriptor: number, name: string): Buffer | undefined {
    const stats = fstatSync(descriptor);
    if (!isOurs(stats) || stats.size < CHECKSUM_SIZE) return undefined;
    const bytes = Buffer.allocUnsafeSlow(stats.size);
    for (let done = 0; done < bytes.byteLength;) {
      const read = readSync(descriptor, bytes, done, bytes.byteLength - done, done);
      if (read === 0) return undefined;
      done += read;
    }
    const content = bytes.subarray(0, -CHECKSUM_SIZE);
    if (!checksum(name, [content]).equals(bytes.subarray(-CHECKSUM_SIZE))) return undefined;
    const now = this.#now();
    if (Math.abs(now - stats.mtimeMs) > DAY_MS) touch(descriptor, now);
    return content;
  }

  /** Once a day, by whoever writes then. */
  #tidy(folder: string): void {
    const now = this.#now();
    const tag = path.join(folder, TAG);
    try {
      const stats = lstatSync(tag, { throwIfNoEntry: false });
      const isTagged = stats?.isFile() === true && stats.size > 0;
      if (isTagged && Math.abs(now - stats.mtimeMs) < DAY_MS) return;
      if (!isTagged) writeTag(folder);
      utimesSync(tag, now / 1000, now / 1000);
      for (const kind of KINDS) tidyFolder(path.join(folder, kind), now);
    } catch {
      // Another day, by somebody who may.
    }
  }
}

/** Those of the names in a folder that are no file of a cache, whoever's. @param folder absolute */
export function withoutCacheFiles(folder: string, names: readonly string[]): readonly string[] {
  if (names.includes(TAG) && isCache(folder)) return names.filter((name) => name !== TAG && !OWN_NAME.test(name));
  const isKind = (KINDS as readonly string[]).includes(path.basename(folder));
  return isKind && isCache(path.dirname(folder)) ? names.filter((name) => !OWN_NAME.test(name)) : names;
}

function isCache(folder: string): boolean {
  try {
    const tag = path.join(folder, TAG);
    const stats = lstatSync(tag, { throwIfNoEntry: false });
    return stats?.isFile() === true && stats.size === TAG_TEXT.byteLength && readFileSync(tag).equals(TAG_TEXT);
  } catch {
    return false;
  }
}

function writeTag(folder: string): void {
  const draft = path.join(folder, `.${randomUUID()}`);
  makeFolders(folder, 0o700);
  try {
    writeWhole(draft, [TAG_TEXT]);
    renameSync(draft, path.join(folder, TAG));
  } finally {
    remove(draft);
  }
}

/** Not of another user, and none that another user may write. */
function isOurs({ uid, mode }: Stats): boolean {
  const user = process.getuid?.();
  return user === undefined || (uid === user && (mode & 0o022) === 0);
}

/** A file that stands under another's name says nothing. */
function checksum(name: string, parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(`${name}\0`);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function writeWhole(file: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // A full disk takes a part without an error.
    if (writevSync(descriptor, parts) !== bytes) throw new Error('the disk is full');
  } finally {
    closeSync(descriptor);
  }
}

function touch(descriptor: number, now: number): void {
  try {
    futimesSync(descriptor, now / 1000, now / 1000);
  } catch {
    // It only goes earlier.
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Whoever may will do it.
  }
}

/** What processes that died left behind goes after a day. What is called otherwise stays: the folder may be one in which somebody has files. */
function tidyFolder(folder: string, now: number): void {
  const own = namesIn(folder).filter((name) => OWN_NAME.test(name));
  const files = own.flatMap((name) => {
    const stats = lstatSync(path.join(folder, name), { throwIfNoEntry: false });
    return stats?.isFile() === true ? [{ name, used: stats.mtimeMs }] : [];
  });
  files.sort((a, b) => b.used - a.used);
  for (const [i, { name, used }] of files.entries()) {
    if (i >= KEPT || now - used > (name.startsWith('.') ? DAY_MS : UNUSED_MS)) remove(path.join(folder, name));
  }
}
