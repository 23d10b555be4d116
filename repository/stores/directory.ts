import type { Stats } from 'node:fs';
import { resolve } from 'node:path';
import type { Content } from '../content.ts';
import { bytesOf, contentOf } from '../content.ts';
import type {
  Incarnation,
  ListedObject,
  ListOptions,
  ObjectAttributes,
  ObjectHead,
  ObjectKey,
  ObjectStore,
  Revision,
  StoredObject,
} from '../object-store.ts';
import { endingWith } from './body.ts';
import { Drafts } from './directory-drafts.ts';
import {
  bytesOfFile,
  calling,
  flushFolder,
  Folders,
  linkTo,
  linkToNothing,
  NOT_OURS,
  openFile,
  renameOver,
  statOf,
  SURELY_FLUSHED_MS,
} from './directory-files.ts';
import { listDirectory } from './directory-list.ts';
import type { Place } from './directory-path.ts';
import { parseSlot, placeOf, slotPath } from './directory-path.ts';
import type { State } from './directory-slot.ts';
import { stateOf } from './directory-slot.ts';
import { SoundFolders } from './directory-sound.ts';
import { verified } from './verified.ts';

/**
 * A folder as a store, for any number of processes at once, without a lock: on macOS and Linux, on a file system with hard and symbolic
 * links.
 *
 * The key `a/b.zip` is the files `a/b@1.zip`, `a/b@2.zip` …, its slots (directory-path.ts). The highest is its state: a plain file is
 * the object, a symbolic link that points nowhere says that it was removed. A slot's number is its revision and its incarnation.
 *
 * 1. A slot is made by link(2) or symlink(2), one above the highest that was seen. Both are atomic and fail where the name is taken, so each
 *    slot has one maker. That is the compare-and-swap, for creating (after a removal too), replacing and removing alike: each is the
 *    making of one slot, and takes place in that moment.
 * 2. A name, once made, never goes away. There are no gaps, no number is used twice, and a few lookups find the highest slot
 *    (directory-slot.ts).
 * 3. What is linked was written as a draft and flushed before: no slot is ever torn. The folder is flushed before the answer; what another
 *    has linked but perhaps not flushed is flushed before it is told, so that nobody builds on what a power cut takes back. (A listing
 *    may show such a thing.)
 * 4. A slot below the highest is emptied by renaming a link to nothing over it, after its successor is flushed: once, by the maker of the
 *    successor, and by who removes this incarnation. If that process is killed in between, some bytes stay on the disk, no more. A reader
 *    that has opened the file keeps it; one that finds the slot emptied looks for the highest again.
 * 5. A listing reads each folder twice, because a reading may miss a slot that is being emptied (directory-list.ts).
 *
 * So a process that dies at any point leaves a draft (directory-drafts.ts), a whole slot, or a file not yet emptied. Whoever copies such a
 * folder has to copy its symbolic links as what they are: where a slot is missing beneath another, every method says so and does nothing. The root may be
 * reached by a link; a link in it that stands for a folder is none of the store's (directory-sound.ts).
 *
 * Attributes other than progress are not kept. `modified` is when the bytes were written: a copy has that of its source. A large body
 * holds a file open until it is read to its end, or left.
 */
export function directoryStore(root: string): ObjectStore {
  return new DirectoryStore(resolve(root));
}

/** Up to so many bytes are read at once: a record that is read but not looked at holds no file. */
const SMALL = 64 * 1024;

class DirectoryStore implements ObjectStore {
  readonly #root: string;
  readonly #folders: Folders;
  readonly #drafts: Drafts;
  readonly #sound: SoundFolders;

  constructor(root: string) {
    this.#root = root;
    this.#folders = new Folders(root);
    this.#drafts = new Drafts(root);
    this.#sound = new SoundFolders(root);
  }

  async read(key: ObjectKey, incarnation?: Incarnation, from = 0): Promise<StoredObject | undefined> {
    const place = placeOf(this.#root, key);
    if (incarnation !== undefined) {
      const slot = parseSlot(incarnation);
      if (slot === undefined) return undefined;
      await this.#sound.require(place.folder);
      return openSlot(key, place, slot, from);
    }
    for (;;) {
      const state = await this.#settledState(place);
      if (state.content === undefined) return undefined;
      const object = await openSlot(key, place, state.slot, from);
      if (object !== undefined) return object;
    }
  }

  async head(key: ObjectKey): Promise<ObjectHead | undefined> {
    const { slot, content } = await this.#settledState(placeOf(this.#root, key));
    return content && headOf(key, slot, content);
  }

  async incarnations(key: ObjectKey): Promise<readonly Incarnation[]> {
    const place = placeOf(this.#root, key);
    const found: Incarnation[] = [];
    for (let { slot } = await this.#settledState(place); slot > 0; slot -= 1) {
      if ((await statOf(slotPath(place, slot)))?.isFile() === true) found.push(incarnationOf(slot));
    }
    return found;
  }

  async create(key: ObjectKey, content: Content, attributes?: ObjectAttributes): Promise<'created' | 'exists'> {
    const place = placeOf(this.#root, key);
    const state = await this.#settledState(place);
    if (state.content !== undefined) return 'exists';
    return this.#afresh(async () => {
      await this.#folders.ensure(place.folder);
      const draft = await this.#drafts.write(verified(key, content, attributes?.onProgress));
      return this.#fill(place, state.slot, draft);
    });
  }

  async replace(
    key: ObjectKey,
    content: Content,
    revision: Revision,
    attributes?: ObjectAttributes,
  ): Promise<'replaced' | 'conflict'> {
    const place = placeOf(this.#root, key);
    const state = await this.#settledState(place);
    if (state.content === undefined || state.slot !== parseSlot(revision)) return 'conflict';
    return this.#afresh(async () => {
      const draft = await this.#drafts.write(verified(key, content, attributes?.onProgress));
      try {
        if (!(await this.#linkSlot(draft, place, state.slot + 1))) return 'conflict';
      } finally {
        await this.#drafts.discard(draft);
      }
      await this.#giveBack(place, state.slot);
      return 'replaced';
    });
  }

  async overwrite(key: ObjectKey, content: Content, attributes?: ObjectAttributes): Promise<void> {
    for (;;) {
      const revision = (await this.head(key))?.revision;
      const outcome = await (revision === undefined
        ? this.create(key, content, attributes)
        : this.replace(key, content, revision, attributes));
      if (outcome === 'created' || outcome === 'replaced') return;
    }
  }

  async removeIncarnation(key: ObjectKey, incarnation: Incarnation): Promise<void> {
    const place = placeOf(this.#root, key);
    const slot = parseSlot(incarnation);
    if (slot === undefined) return;
    const state = await this.#settledState(place);
    if (state.slot < slot) return;
    const isCurrent = state.slot === slot && state.content !== undefined;
    // Where the name is taken, somebody else has just superseded this slot.
    if (isCurrent) await linkToNothing(slotPath(place, slot + 1));
    if ((await this.#empty(place, slot)) || isCurrent) await flushFolder(place.folder);
  }

  /** No slot below is ever shown again. */
  removeAlone(key: ObjectKey, incarnation: Incarnation): Promise<void> {
    return this.removeIncarnation(key, incarnation);
  }

  async removeRevision(key: ObjectKey, revision: Revision): Promise<'removed' | 'conflict' | 'absent'> {
    const place = placeOf(this.#root, key);
    const state = await this.#settledState(place);
    if (state.content === undefined) return 'absent';
    if (state.slot !== parseSlot(revision)) return 'conflict';
    if (!(await linkToNothing(slotPath(place, state.slot + 1)))) {
      return (await this.#settledState(place, state.slot + 1)).content === undefined ? 'absent' : 'conflict';
    }
    await flushFolder(place.folder);
    await this.#giveBack(place, state.slot);
    return 'removed';
  }

  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject> {
    return listDirectory(this.#root, prefix, options);
  }

  async copy(from: ObjectKey, to: ObjectKey): Promise<'created' | 'exists' | 'absent'> {
    const source = placeOf(this.#root, from);
    const place = placeOf(this.#root, to);
    return this.#afresh(async () => {
      for (;;) {
        const original = await this.#settledState(source);
        if (original.content === undefined) return 'absent';
        const state = await this.#settledState(place);
        if (state.content !== undefined) return 'exists';
        await this.#folders.ensure(place.folder);
        const draft = await this.#drafts.of(slotPath(source, original.slot));
        if (draft !== undefined) return this.#fill(place, state.slot, draft);
      }
    });
  }

  /** The state, and nothing of it that a power cut takes back. */
  async #settledState(place: Place, known = 0): Promise<State> {
    await this.#sound.require(place.folder);
    const state = await stateOf(place, known);
    const { stats, content } = state;
    if (stats === undefined || Date.now() - stats.ctimeMs > SURELY_FLUSHED_MS) return state;
    // The maker of a slot removes the draft, its other name, after flushing; of a link and of a copy one can't tell.
    const flushed = content?.nlink === 1;
    if (!flushed) await flushFolder(place.folder, ...NOT_OURS);
    return state;
  }

  /** What fails may do so because a folder was taken away that was there before: who tries again finds nothing taken for granted. */
  async #afresh<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      this.#folders.forget();
      this.#drafts.forget();
      throw error;
    }
  }

  /**
   * Makes a draft the object of a key that had none. If the slot is taken, somebody has created the key since: only a creation comes
   * after nothing. `exists` is then true of that moment, even if it was removed again.
   */
  async #fill(place: Place, emptySlot: number, draft: string): Promise<'created' | 'exists'> {
    try {
      if (await this.#linkSlot(draft, place, emptySlot + 1)) return 'created';
      await flushFolder(place.folder);
      return 'exists';
    } finally {
      await this.#drafts.discard(draft);
    }
  }

  async #linkSlot(draft: string, place: Place, slot: number): Promise<boolean> {
    if (!(await linkTo(draft, slotPath(place, slot)))) return false;
    await flushFolder(place.folder);
    return true;
  }

  /** The slot is superseded, and that is what was asked for: where its bytes can't be given back now, they stay. */
  async #giveBack(place: Place, slot: number): Promise<void> {
    await this.#empty(place, slot).catch(() => undefined);
  }

  /** Only where a higher slot is there. Whether there was something in it. */
  async #empty(place: Place, slot: number): Promise<boolean> {
    const path = slotPath(place, slot);
    if ((await statOf(path))?.isFile() !== true) return false;
    return this.#afresh(async () => {
      const nothing = await this.#drafts.ofNothing();
      try {
        await renameOver(nothing, path);
      } catch (error) {
        await this.#drafts.discard(nothing);
        throw error;
      }
      return true;
    });
  }
}

/** Undefined where nothing is in the slot (any more). */
async function openSlot(key: ObjectKey, place: Place, slot: number, from: number): Promise<StoredObject | undefined> {
  const path = slotPath(place, slot);
  const file = await openFile(path);
  if (file === undefined) return undefined;
  const stats = await calling(path, () => file.stat()).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  const bytes = endingWith(bytesOfFile(path, file, from), () => file.close());
  const body = stats.size > SMALL ? bytes : contentOf(await bytesOf(bytes)).read();
  return { ...headOf(key, slot, stats), body };
}

function headOf(key: ObjectKey, slot: number, stats: Stats): ObjectHead {
  return {
    key,
    size: stats.size,
    revision: `${slot}` as Revision,
    incarnation: incarnationOf(slot),
    version: `${slot}`,
    modified: stats.mtime,
  };
}

function incarnationOf(slot: number): Incarnation {
  return `${slot}` as Incarnation;
}
