import { isClosed, ownBuckets } from '../contents.ts';
import type { Deletion } from '../deletion.ts';
import { readDeletion } from '../deletion.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { blobPrefix, deletionKey, referencesPrefix } from '../keys.ts';
import type { Incarnation, ObjectKey, ObjectStore } from '../object-store.ts';
import { recordContent } from '../record.ts';

/** What a deletion works with: a store that may write and remove everything. */
export type Deleting = Pick<Domain, 'store' | 'chance'>;

/** So many are told of. */
const ARNS = 10;

/** What came of it. */
export type Condemned =
  | { readonly outcome: 'condemned'; readonly nonce: string }
  /** Somebody needs it, and nothing was done. */
  | { readonly outcome: 'needed' }
  /** There is no content. */
  | { readonly outcome: 'absent' }
  /** It was condemned before, or its deletion is decided. */
  | { readonly outcome: 'already'; readonly state: 'condemned' | 'deleting' }
  /** Somebody else was at it at this very moment. */
  | { readonly outcome: 'conflict' };

/**
 * Puts content that nothing holds or uses into quarantine. Nothing is removed: any reference or publication lifts it again, and whoever reaps it later
 * looks for references himself. The look at them here only spares content a condemnation that would be lifted.
 * @param arns of versions that have just let go of it
 */
export async function condemn(
  { store, chance }: Deleting,
  digest: Digest,
  arns: readonly string[] = [],
): Promise<Condemned> {
  if (await isNeeded(store, digest)) return { outcome: 'needed' };
  const before = await readDeletion(store, digest);
  if (before !== undefined && before.value.state !== 'cancelled')
    return { outcome: 'already', state: before.value.state };
  const incarnations = await incarnationsOf(store, digest);
  if (incarnations.length === 0) return { outcome: 'absent' };
  const nonce = chance.nonce();
  const since = chance.now().toISOString();
  const named = arns.length === 0 ? {} : { arns: arns.slice(0, ARNS) };
  const record: Deletion = { state: 'condemned', nonce, incarnations, since, ...named };
  const key = deletionKey(digest);
  const written =
    before === undefined
      ? (await store.create(key, recordContent(record))) === 'created'
      : (await store.replace(key, recordContent(record), before.revision)) === 'replaced';
  // A refusal may be the echo of one's own writing.
  if (written || (await readDeletion(store, digest))?.value.nonce === nonce) return { outcome: 'condemned', nonce };
  return { outcome: 'conflict' };
}

/** Whether anything holds or uses the content, on the live store, now. */
export async function isNeeded(store: ObjectStore, digest: Digest): Promise<boolean> {
  for await (const _ of store.list(referencesPrefix(digest), { limit: 1 })) return true;
  return false;
}

/**
 * Everything that stands under the content's address in every bucket, superseded objects included. An own bucket that may not be looked into at this moment is passed over: what
 * is in it stays, and is found when it may.
 */
async function incarnationsOf(
  store: ObjectStore,
  digest: Digest,
): Promise<readonly { readonly key: ObjectKey; readonly incarnation: Incarnation }[]> {
  const found = await incarnationsIn(store, digest);
  for (const bucket of await ownBuckets(store)) {
    try {
      found.push(...(await incarnationsIn(store, digest, bucket)));
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }
  return found;
}

async function incarnationsIn(
  store: ObjectStore,
  digest: Digest,
  bucket?: string,
): Promise<{ readonly key: ObjectKey; readonly incarnation: Incarnation }[]> {
  const found: { readonly key: ObjectKey; readonly incarnation: Incarnation }[] = [];
  for await (const { key } of store.list(blobPrefix(digest, bucket))) {
    for (const incarnation of await store.incarnations(key)) found.push({ key, incarnation });
  }
  return found;
}
