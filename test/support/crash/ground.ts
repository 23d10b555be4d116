import { copyFileSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, utimesSync } from 'node:fs';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Incarnation, ObjectKey, ObjectStore, Revision } from '../../../repository/index.ts';
import { placeOf, slotPath } from '../../../repository/stores/directory-path.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import type { MemoryObject } from '../../../repository/stores/memory.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';

/** Where a domain stands that is to be gone on with in many ways from one state. */
export interface Ground {
  readonly store: ObjectStore;
  /** The same state once more, apart from this. */
  readonly copy: () => Promise<Ground>;
  readonly drop: () => Promise<void>;
}

export type MakeGround = (now: () => Date) => Promise<Ground>;

export const memoryGround: MakeGround = async (now) => {
  let writings = 0;
  // One counter for all copies: what one of them writes has no name of another's.
  const name = (): { revision: Revision; incarnation: Incarnation } => {
    writings += 1;
    return { revision: `r${writings}` as Revision, incarnation: `i${writings}` as Incarnation };
  };
  const at = (objects: Map<string, MemoryObject>, tags: Map<string, string>): Ground => ({
    store: withTags(memoryStore(now, objects, name), tags),
    copy: async () => at(new Map(objects), new Map(tags)),
    drop: async () => undefined,
  });
  return at(new Map(), new Map());
};

/** Each object has tags of its own, as on S3. */
function withTags(store: ObjectStore, tags: Map<string, string>): ObjectStore {
  return {
    ...store,
    setTag: async (key, name, value) => {
      const head = await store.head(key);
      if (head === undefined) return 'absent';
      const tag = `${head.incarnation} ${name}`;
      if (tags.get(tag) === value) return 'same';
      tags.set(tag, value);
      return 'set';
    },
  };
}

/** Its clock is the one that is given, as that of a store in memory is. */
export const directoryGround: MakeGround = async (now) => {
  const folder = await mkdtemp(join(tmpdir(), 'cfn-artifacts-'));
  let copies = 0;
  const at = (root: string): Ground => ({
    store: directoryAt(root, now),
    copy: async () => {
      const to = join(folder, String(++copies));
      copyFolder(root, to);
      return at(to);
    },
    drop: () => rm(root, { recursive: true, force: true }),
  });
  return { ...at(join(folder, '0')), drop: () => rm(folder, { recursive: true, force: true }) };
};

function directoryAt(root: string, now: () => Date): ObjectStore {
  const store = directoryStore(root);
  const date = async (key: ObjectKey): Promise<void> => {
    const head = await store.head(key);
    if (head !== undefined) await utimes(slotPath(placeOf(root, key), Number(head.revision)), now(), now());
  };
  return {
    read: (...given) => store.read(...given),
    head: (...given) => store.head(...given),
    incarnations: (...given) => store.incarnations(...given),
    list: (...given) => store.list(...given),
    removeIncarnation: (...given) => store.removeIncarnation(...given),
    removeRevision: (...given) => store.removeRevision(...given),
    create: async (key, ...more) => {
      const outcome = await store.create(key, ...more);
      if (outcome === 'created') await date(key);
      return outcome;
    },
    replace: async (key, ...more) => {
      const outcome = await store.replace(key, ...more);
      if (outcome === 'replaced') await date(key);
      return outcome;
    },
    overwrite: async (key, ...more) => {
      await store.overwrite(key, ...more);
      await date(key);
    },
    // A copy has the time of its source.
    copy: (...given) => store.copy(...given),
  };
}

/** With its symbolic links as what they are, and the times of its files. Many times faster than `cp`, of so many small files. */
function copyFolder(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      const { atime, mtime } = lstatSync(source);
      copyFileSync(source, target);
      // What the store has written is read-only, and its times may be set all the same.
      utimesSync(target, atime, mtime);
    }
  }
}
