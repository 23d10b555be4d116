import { establishDomain, LOCAL_PLACE, ownKeeper } from '../../repository/index.ts';
import type { Domain, ObjectStore, OpenContent, Publishable } from '../../repository/index.ts';
import { contentOf, sha256 } from '../../repository/index.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from './chance.ts';

/** A fresh domain in memory, or in the given store. */
export function testDomain(store: ObjectStore = memoryStore(steadyChance().now), name = 'nonce'): Promise<Domain> {
  const parts = { store, keeper: ownKeeper(store), chance: steadyChance(name) };
  return establishDomain(parts, { ...LOCAL_PLACE, bucket: 'local' });
}

export interface WatchedPublishable extends Publishable {
  readonly opened: () => number;
  readonly closed: () => number;
}

/** Bytes to publish: as a file, or as what an archive of a tree would be. Counts how often it is opened and closed. */
export function publishable(text: string, kind: 'file' | 'archive' = 'archive', filename?: string): WatchedPublishable {
  let opened = 0;
  let closed = 0;
  return {
    filename: filename ?? (kind === 'archive' ? 'archive.zip' : 'file.txt'),
    ...(kind === 'archive' && { sourceDigest: sha256(`tree of ${text}`) }),
    open: (): Promise<OpenContent> => {
      opened++;
      return Promise.resolve({
        ...contentOf(text),
        close: () => {
          closed++;
          return Promise.resolve();
        },
      });
    },
    opened: () => opened,
    closed: () => closed,
  };
}
