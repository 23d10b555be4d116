import type { Dirent } from 'node:fs';
import {
  accessSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
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

/** In memory where the system has such a file system: nobody cuts the power here, and so many small files take long on a disk. */
const PLACES = ['/dev/shm', tmpdir()];

/** Its clock is the one that is given, as that of a store in memory is. What is dropped is made the next copy: most of it is the same. */
export const directoryGround: MakeGround = async (now) => {
  const folder = await mkdtemp(join(PLACES.find(isWritable) ?? tmpdir(), 'cfn-artifacts-'));
  const dropped: string[] = [];
  let copies = 0;
  const at = (root: string): Ground => ({
    store: directoryAt(root, now),
    copy: async () => {
      const to = dropped.pop() ?? join(folder, String(++copies));
      mkdirSync(to, { recursive: true });
      makeTheSame(root, to);
      return at(to);
    },
    drop: async () => {
      dropped.push(root);
    },
  });
  return { ...at(join(folder, '0')), drop: () => rm(folder, { recursive: true, force: true }) };
};

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

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

/**
 * Of two folders, with symbolic links as what they are, and the times of files. Making folders and files is what takes long: those that
 * are as they ought to be stay.
 */
function makeTheSame(from: string, to: string): void {
  const there = new Map(entriesOf(to).map((entry) => [entry.name, entry]));
  for (const entry of entriesOf(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const old = there.get(entry.name);
    there.delete(entry.name);
    const isKind = kindOf(entry) === (old && kindOf(old));
    if (old !== undefined && !isKind) rmSync(target, { recursive: true });
    if (entry.isDirectory()) {
      if (!isKind) mkdirSync(target);
      makeTheSame(source, target);
    } else if (entry.isSymbolicLink()) {
      if (!isKind) symlinkSync(readlinkSync(source), target);
    } else if (!isKind || !isSameFile(source, target)) {
      rmSync(target, { force: true });
      copyFile(source, target);
    }
  }
  for (const name of there.keys()) rmSync(join(to, name), { recursive: true });
}

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true });
}

/** The store has links to nothing alone: one is as good as another. */
function kindOf(entry: Dirent): 'folder' | 'link' | 'file' {
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'file';
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [lstatSync(one), lstatSync(other)];
  return a.mtimeMs === b.mtimeMs && a.size === b.size && readFileSync(one).equals(readFileSync(other));
}

function copyFile(source: string, target: string): void {
  const { atime, mtime } = lstatSync(source);
  copyFileSync(source, target);
  // What the store has written is read-only, and its times may be set all the same.
  utimesSync(target, atime, mtime);
}
