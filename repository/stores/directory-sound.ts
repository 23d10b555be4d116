import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArtifactError } from '../error.ts';
import { callingUnless, namesIn, statOf } from './directory-files.ts';
import { parseEntry, pathOf, withSlot } from './directory-path.ts';

/**
 * What a folder must be for its names to say what is in the store: a folder of its own, not a link to one, and whole. What a careless copy has lost
 * can't be told from what never was, so whoever finds a gap stops.
 */

/** Folders of which it is worth knowing that they are sound: far more than one run needs. */
const SOUND_LIMIT = 10_000;

/** Looks at each folder once in the life of a process: copies and links are made before it, not under its hands. */
export class SoundFolders {
  readonly #root: string;
  readonly #sound = new Map<string, Promise<boolean>>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * That nothing from the root down to `folder` is a link, and no slot in it is missing. Nothing is wrong with a folder that is not there.
   * @throws ArtifactError INVALID_ARGUMENT, STORE_UNAVAILABLE
   */
  async require(folder: string): Promise<void> {
    const known = this.#sound.get(folder);
    const looked = known ?? this.#look(folder);
    if (known === undefined) {
      if (this.#sound.size >= SOUND_LIMIT) this.#sound.clear();
      this.#sound.set(folder, looked);
    }
    const isThere = await looked.catch((error: unknown) => {
      this.#sound.delete(folder);
      throw error;
    });
    if (!isThere) this.#sound.delete(folder);
  }

  /** Whether it is there. */
  async #look(folder: string): Promise<boolean> {
    if (folder !== this.#root) {
      await this.require(dirname(folder));
      await requireNoLink(folder);
    }
    const names = await namesIn(folder);
    await requireWhole(folder, new Map(names.map((name) => [name, false])));
    return names.length > 0;
  }
}

/** @throws ArtifactError INVALID_ARGUMENT */
export async function requireNoLink(folder: string): Promise<void> {
  if ((await statOf(folder))?.isSymbolicLink() !== true) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'${folder}' is a link, and no object's path may lead through one`, {
    remedy:
      "Put the folder itself there, or remove the link. Only the domain's folder as a whole may be reached by a link.",
  });
}

/** Whether `folder` or one above it, below the root, is a link. */
export async function isBehindLink(root: string, folder: string): Promise<boolean> {
  for (let at = folder; at.length > root.length; at = dirname(at)) {
    if ((await callingUnless(['ENOENT', 'ENOTDIR'], at, () => lstat(at)))?.isSymbolicLink() === true) return true;
  }
  return false;
}

/**
 * That below each slot there are all the others: a slot is made when the one before it is there, and no name ever goes away. A reading that
 * missed a name is no gap: what is missing is looked for.
 * @param names all that were read, those of other things among them
 * @throws ArtifactError STORE_UNAVAILABLE
 */
export async function requireWhole(folder: string, names: ReadonlyMap<string, unknown>): Promise<void> {
  const slots = new Map<string, { count: number; highest: number }>();
  for (const name of names.keys()) {
    const entry = parseEntry(name);
    if (entry?.kind !== 'slot') continue;
    const path = pathOf(entry.text);
    if (withSlot(path, entry.slot) !== name) continue;
    const { count, highest } = slots.get(path) ?? { count: 0, highest: 0 };
    slots.set(path, { count: count + 1, highest: Math.max(highest, entry.slot) });
  }
  for (const [path, { count, highest }] of slots) {
    for (let slot = 1, left = highest - count; left > 0; slot += 1) {
      const name = withSlot(path, slot);
      if (names.has(name)) continue;
      if ((await statOf(`${folder}/${name}`)) === undefined) throw damaged(folder, withSlot(path, highest), name);
      left -= 1;
    }
  }
}

function damaged(folder: string, there: string, missing: string): ArtifactError {
  return new ArtifactError(
    'STORE_UNAVAILABLE',
    `the directory '${folder}' is damaged: it has '${there}', and '${missing}' is missing`,
    {
      remedy:
        'It was copied without its symbolic links, or restored in part. Copy it again with them (cp -a, rsync -a, tar): without them ' +
        'what was lost looks as if it had never been.',
    },
  );
}
