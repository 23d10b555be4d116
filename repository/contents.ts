import type { BlobName } from './blob.ts';
import type { Digest } from './digest.ts';
import { hasCode } from './error.ts';
import {
  blobKey,
  blobPrefix,
  blobsPrefix,
  EVERY_OWN_BUCKET,
  ownBucketKey,
  ownBucketOfKey,
  splitBucket,
} from './keys.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import { recordContent } from './record.ts';

/**
 * Content stands in the domain's bucket, and in those that repositories have of their own. What refers to it names it by its digest, and so keeps it in every one of them;
 * each of them has objects of its own, which are looked at, condemned and removed there.
 */

/** The store in which a repository has its content, under the keys that it has there. @param bucket as its settings, or a version's assets, name it */
export function contentStoreOf(store: ObjectStore, bucket: string | undefined): ObjectStore {
  if (bucket === undefined) return store;
  if (store.openBucket === undefined) throw new TypeError('this store has no other buckets');
  return store.openBucket(bucket);
}

/** What a service is told of an object of a domain: its bucket, and its key there. */
export function placeOfKey(
  { bucket: own }: { readonly bucket: string },
  key: ObjectKey,
): { readonly bucket: string; readonly key: ObjectKey } {
  const { bucket = own, rest } = splitBucket(key);
  return { bucket, key: rest as ObjectKey };
}

/** Notes that a repository is to have its content in a bucket: to be called before it has any. */
export async function noteOwnBucket(store: ObjectStore, bucket: string, repository: string): Promise<void> {
  await store.create(ownBucketKey(bucket, repository), recordContent({ bucket, repository }));
}

/** Where a repository was last to have its content, by what was noted before it was made. */
export async function notedPlace(store: ObjectStore, repository: string): Promise<{ readonly bucket?: string }> {
  let last: { readonly bucket: string; readonly modified: Date } | undefined;
  for await (const { key, modified } of store.list(EVERY_OWN_BUCKET)) {
    const found = ownBucketOfKey(key);
    if (found?.repository === repository && (last === undefined || modified > last.modified))
      last = { bucket: found.bucket, modified };
  }
  return last === undefined ? {} : { bucket: last.bucket };
}

/**
 * The buckets that repositories have, or once had, of their own: each once, by name. A bucket stays among them when its repository goes, because content may be left in it.
 * One listing, which no store is asked for that can have none.
 */
export async function ownBuckets(store: ObjectStore): Promise<readonly string[]> {
  if (store.openBucket === undefined) return [];
  const buckets = new Set<string>();
  for await (const { key } of store.list(EVERY_OWN_BUCKET)) {
    const found = ownBucketOfKey(key);
    if (found !== undefined) buckets.add(found.bucket);
  }
  return [...buckets];
}

/** What an own bucket says to those who may not look into it, or that is not there. Nothing is lost by passing it over: what is in it stays. */
export function isClosed(error: unknown): boolean {
  return hasCode(error, 'ACCESS_DENIED', 'BUCKET_NOT_FOUND', 'WRONG_OWNER');
}

/**
 * Content that is named by its digest and filename alone: in the domain's bucket, else in the first of those of repositories that has it. Where none has it, it belongs in the domain's.
 * Nothing is asked where there is but one bucket.
 */
export async function locateBlob(store: ObjectStore, { digest, filename }: BlobName): Promise<BlobName> {
  const blob = { digest, filename };
  if (store.openBucket === undefined || (await store.head(blobKey(digest, filename))) !== undefined) return blob;
  for (const bucket of (await lookAtOwnBuckets(store)).open)
    if ((await store.head(blobKey(digest, filename, bucket))) !== undefined) return { ...blob, bucket };
  return blob;
}

/** Whether the content stands anywhere, under whatever filename. */
export async function hasContent(store: ObjectStore, digest: Digest): Promise<boolean> {
  if (await hasAny(store, blobPrefix(digest))) return true;
  for (const bucket of (await lookAtOwnBuckets(store)).open)
    if (await hasAny(store, blobPrefix(digest, bucket))) return true;
  return false;
}

async function hasAny(store: ObjectStore, prefix: string): Promise<boolean> {
  for await (const _ of store.list(prefix, { limit: 1 })) return true;
  return false;
}

/** Where the look at a bucket fails: why, and which it is. */
export interface ClosedBucket {
  readonly bucket: string;
  readonly error: unknown;
}

/** Own buckets, by whether their content can be listed at this moment. Of one that is no more there is nothing to tell. */
export async function lookAtOwnBuckets(
  store: ObjectStore,
): Promise<{ readonly open: readonly string[]; readonly closed: readonly ClosedBucket[] }> {
  const open: string[] = [];
  const closed: ClosedBucket[] = [];
  for (const bucket of await ownBuckets(store)) {
    try {
      await hasAny(store, blobsPrefix('', bucket));
      open.push(bucket);
    } catch (error) {
      if (!isClosed(error)) throw error;
      if (!hasCode(error, 'BUCKET_NOT_FOUND')) closed.push({ bucket, error });
    }
  }
  return { open, closed };
}
