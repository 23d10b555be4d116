import { isClosed } from './contents.ts';
import type { Digest } from './digest.ts';
import type { Keeper } from './keeper.ts';
import { deletionKey, splitBucket } from './keys.ts';
import { objectKey } from './object-store.ts';
import type { Incarnation, ObjectKey, ObjectStore } from './object-store.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import { renewVersion } from './renew.ts';

/**
 * That a blob is on its way out. `condemned`: in quarantine, any reference cancels it. `deleting`: decided, and only the
 * incarnations listed go. `cancelled`: somebody needed it after all; the same as no record.
 */
export interface Deletion {
  readonly state: 'condemned' | 'cancelled' | 'deleting';
  /** Whose decision this is; a late answer is recognised by it. */
  readonly nonce: string;
  readonly incarnations: readonly { readonly key: ObjectKey; readonly incarnation: Incarnation }[];
  /** ISO 8601. */
  readonly since: string;
  /** Of versions that let go of it, as far as whoever condemned it knew: for who is told of it later. Nothing is decided by it. */
  readonly arns?: readonly string[];
}

/**
 * What was last decided of a blob; `undefined` where there is no record, which means no more than `cancelled`.
 * @throws ArtifactError UNSUPPORTED_FORMAT where something else stands in its place
 */
export function readDeletion(store: ObjectStore, digest: Digest): Promise<Stored<Deletion> | undefined> {
  return readRecord(store, deletionKey(digest), ({ state, nonce, incarnations, since, arns }) => {
    if (state !== 'condemned' && state !== 'cancelled' && state !== 'deleting') return undefined;
    if (typeof nonce !== 'string' || typeof since !== 'string' || !Array.isArray(incarnations)) return undefined;
    return {
      state,
      nonce,
      since,
      incarnations: (incarnations as readonly { key: string; incarnation: string }[]).map(({ key, incarnation }) => ({
        key: objectKey(key),
        incarnation: incarnation as Incarnation,
      })),
      ...(Array.isArray(arns) && { arns: arns.map(String) }),
    };
  });
}

/**
 * Whether it stands in the way of content in one bucket: one that is decided takes what it names alone, and only where that stood in this bucket may that be
 * what is found there.
 * @param bucket a repository's own; absent: the domain's
 */
export function concerns({ state, incarnations }: Deletion, bucket: string | undefined): boolean {
  return state !== 'deleting' || incarnations.some(({ key }) => splitBucket(key).bucket === bucket);
}

/** What came of a deletion that was decided. */
export interface Erased {
  /** How much of it was erased, or was gone. */
  readonly outcome: 'all' | 'some' | 'none';
  /** Why the rest of it could not be: what a bucket of a repository's own says. */
  readonly closed?: unknown;
}

/**
 * Erases what a decided deletion names. What a closed bucket of a repository's own keeps is named on, and nothing else: it is never used again, because whoever read the decision
 * earlier may erase it at any later moment; and nothing that stands elsewhere waits for that bucket.
 * @throws what the domain's bucket says
 */
export async function eraseDecided(store: ObjectStore, digest: Digest): Promise<Erased> {
  const deletion = await readDeletion(store, digest);
  if (deletion?.value.state !== 'deleting') return { outcome: 'all' };
  const { incarnations } = deletion.value;
  const left: Deletion['incarnations'][number][] = [];
  let closed: unknown;
  // Repeatable by anyone at any time: an incarnation never comes back, and the record goes, or is shortened, only unchanged.
  for (const one of incarnations) {
    try {
      await store.removeIncarnation(one.key, one.incarnation);
    } catch (error) {
      if (splitBucket(one.key).bucket === undefined || !isClosed(error)) throw error;
      closed = error;
      left.push(one);
    }
  }
  const key = deletionKey(digest);
  if (left.length === 0) {
    await store.removeRevision(key, deletion.revision);
    return { outcome: 'all' };
  }
  const isShorter = left.length < incarnations.length;
  const shorter: Deletion = { ...deletion.value, incarnations: left };
  // A conflict means that somebody else got as far, or to the end.
  if (isShorter) await store.replace(key, recordContent(shorter), deletion.revision);
  return { outcome: isShorter ? 'some' : 'none', closed };
}

/** The keeper of whoever may write the store's deletion records. */
export function ownKeeper(store: ObjectStore): Keeper {
  return {
    async cancel(digest) {
      const deletion = await readDeletion(store, digest);
      if (deletion?.value.state !== 'condemned') return;
      // A conflict means that somebody else decided in between: the caller sees it when it looks again.
      await store.replace(
        deletionKey(digest),
        recordContent({ ...deletion.value, state: 'cancelled' } satisfies Deletion),
        deletion.revision,
      );
    },
    async finish(digest) {
      const { outcome, closed } = await eraseDecided(store, digest);
      // Else what is left may be nothing to the caller.
      if (outcome === 'none') throw closed;
    },
    renew({ repository, id, version }, chance) {
      return renewVersion({ store, chance }, { repository, id, number: version });
    },
  };
}
