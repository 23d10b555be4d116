import { createHash, randomUUID } from 'node:crypto';
import { link, open, readFile, readlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../error.ts';
import {
  bytesOfFile,
  calling,
  callingUnless,
  linkToNothing,
  makeFolder,
  namesIn,
  openFile,
  statOf,
  SURELY_FLUSHED_MS,
} from './directory-files.ts';
import { requireNoLink } from './directory-sound.ts';

/** Below the root, beside the folders of keys; no key is encoded to this name. */
const FOLDER = '@drafts';
/** After so long without a change nobody still writes it, on whatever machine it was begun. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
const NAME = /^(?<system>[0-9a-f]{12})-(?<pid>[1-9][0-9]*)-/;
/** ENOENT among them: then opening the file tells what is the matter. */
const CANNOT_LINK = ['ENOENT', 'EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * What is not visible yet. A draft's name says which process of which system makes it, so that what a killed process left is removed by
 * the next that writes: at once where its death can be seen from here, after a day where it can't. A living process's is left alone.
 */
export class Drafts {
  readonly #folder: string;
  readonly #now: () => number;
  #ready: Promise<string> | undefined;

  constructor(root: string, now: () => number = Date.now) {
    this.#folder = join(root, FOLDER);
    this.#now = now;
  }

  /** Writes and flushes; answers the path. If writing fails, or the bytes throw, nothing remains. */
  async write(bytes: AsyncIterable<Uint8Array>): Promise<string> {
    const path = await this.#newPath();
    // Read-only from the beginning: nobody changes an immutable object by a slip of an editor.
    const file = await calling(path, () => open(path, 'wx', 0o444));
    try {
      try {
        for await (const piece of bytes) await calling(path, () => file.appendFile(piece));
        await calling(path, () => file.sync());
      } finally {
        await calling(path, () => file.close());
      }
    } catch (error) {
      await this.discard(path);
      throw error;
    }
    return path;
  }

  /** A draft with the bytes of a file: the same file where the system can, else a copy. Undefined where the file was emptied. */
  async of(existing: string): Promise<string | undefined> {
    const path = await this.#newPath();
    if ((await callingUnless(CANNOT_LINK, path, () => link(existing, path).then(() => true))) === undefined) {
      const file = await openFile(existing);
      return file && this.write(bytesOfFile(existing, file, 0));
    }
    // link(2) of a link to nothing makes another such link on Linux, and fails on macOS.
    if ((await statOf(path))?.isFile() === true) return path;
    await this.discard(path);
    return undefined;
  }

  /** A link to nothing, to be renamed over what is to be emptied. */
  async ofNothing(): Promise<string> {
    const path = await this.#newPath();
    await linkToNothing(path);
    return path;
  }

  /** A draft that can't be removed now is removed by a later run. */
  async discard(path: string): Promise<void> {
    await unlink(path).catch(() => undefined);
  }

  /** Somebody may have taken the folder away. */
  forget(): void {
    this.#ready = undefined;
  }

  async #newPath(): Promise<string> {
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.forget();
      throw error;
    });
    return join(this.#folder, `${await this.#ready}-${process.pid}-${randomUUID()}`);
  }

  async #prepare(): Promise<string> {
    await makeFolder(this.#folder);
    await requireNoLink(this.#folder);
    const system = await systemName();
    for (const name of await namesIn(this.#folder)) {
      if (await this.#isAbandoned(name, system)) await this.discard(join(this.#folder, name));
    }
    return system;
  }

  async #isAbandoned(name: string, system: string): Promise<boolean> {
    const maker = NAME.exec(name)?.groups;
    const stats = await statOf(join(this.#folder, name)).catch(() => undefined);
    if (maker === undefined || stats === undefined) return false;
    // The time of the last change, not of the last writing: a draft that is a second name of an old file has that file's.
    const age = this.#now() - stats.ctimeMs;
    if (maker['system'] !== system) return age > ABANDONED_MS;
    // While it is there, one sees that the slot it was linked to may not have been flushed.
    return !isAlive(Number(maker['pid'])) && (stats.nlink === 1 || age > SURELY_FLUSHED_MS);
  }
}

/** Within what has this name, a process is known by its number: a host, since its last start, and a container in it. */
async function systemName(): Promise<string> {
  const parts = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return createHash('sha256')
    .update([hostname(), ...parts].join('\n'))
    .digest('hex')
    .slice(0, 12);
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
