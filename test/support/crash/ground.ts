import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Incarnation, ObjectStore, Revision } from '../../../repository/index.ts';
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
  const at = (objects: Map<string, MemoryObject>): Ground => ({
    store: memoryStore(now, objects, name),
    copy: async () => at(new Map(objects)),
    drop: async () => undefined,
  });
  return at(new Map());
};

export const directoryGround: MakeGround = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cfn-artifacts-'));
  let copies = 0;
  const at = (root: string): Ground => ({
    store: directoryStore(root),
    copy: async () => {
      const to = join(folder, String(++copies));
      await cp(root, to, { recursive: true, preserveTimestamps: true });
      return at(to);
    },
    drop: () => rm(root, { recursive: true, force: true }),
  });
  return { ...at(join(folder, '0')), drop: () => rm(folder, { recursive: true, force: true }) };
};
