import type { Arrival, SizedBlob } from './blob.ts';
import { putBlob } from './blob.ts';
import { hasCode } from './error.ts';
import { blobKey } from './keys.ts';
import type { ObjectAttributes, ObjectHead, ObjectKey, ObjectStore } from './object-store.ts';
import type { Publishable } from './publishable.ts';

/** Content where there is no bookkeeping beside it. */
interface UploadedBlob extends SizedBlob {
  readonly key: ObjectKey;
}

/**
 * Stores content where there is no bookkeeping beside it, with no more than the permission to get and put.
 * @param existing whether an object that is there stays, or is written again (its encryption may have to change): then nothing is looked at, and
 * the permission to put is enough
 */
export async function uploadBlob(
  store: ObjectStore,
  publishable: Publishable,
  existing: 'keep' | 'overwrite',
  attributes?: ObjectAttributes,
): Promise<UploadedBlob & { readonly outcome: Arrival }> {
  const expected = existing === 'keep' ? await lookForExpected(store, publishable) : undefined;
  if (expected?.isThere === true) return { ...expected.blob, outcome: 'reused' };
  const content = await publishable.open();
  try {
    const blob = { digest: content.sha256, filename: publishable.filename };
    const key = blobKey(blob.digest, blob.filename);
    const uploaded = { ...blob, key, size: content.size };
    if (existing === 'overwrite') {
      await store.overwrite(key, content, attributes);
      return { ...uploaded, outcome: 'uploaded' };
    }
    const head = expected?.blob.key === key ? expected.head : await headIfAllowed(store, key);
    if (head === undefined) return { ...uploaded, outcome: await putBlob(store, blob, content, attributes) };
    if (head.size === content.size) return { ...uploaded, outcome: 'reused' };
    // It is cut short. A conflict means that somebody else wrote these very bytes just now.
    await store.replace(key, content, head.revision, attributes);
    return { ...uploaded, outcome: 'uploaded' };
  } finally {
    await content.close();
  }
}

/** A look at what the bytes are remembered to have come to, without them. */
async function lookForExpected(
  store: ObjectStore,
  { expected, filename }: Publishable,
): Promise<
  { readonly blob: UploadedBlob; readonly head: ObjectHead | undefined; readonly isThere: boolean } | undefined
> {
  const remembered = expected?.();
  if (remembered === undefined) return undefined;
  const { sha256: digest, size } = remembered;
  const key = blobKey(digest, filename);
  const head = await headIfAllowed(store, key);
  return { blob: { digest, filename, key, size }, head, isThere: head?.size === size };
}

/** What `uploadBlob` would find there already; writes nothing, but mostly makes the bytes, because without bookkeeping nothing else tells. */
export async function findUploadedBlob(
  store: ObjectStore,
  publishable: Publishable,
): Promise<UploadedBlob | undefined> {
  const expected = await lookForExpected(store, publishable);
  if (expected?.isThere === true) return expected.blob;
  const content = await publishable.open();
  try {
    const blob = { digest: content.sha256, filename: publishable.filename };
    const key = blobKey(blob.digest, blob.filename);
    const head = await headIfAllowed(store, key);
    return head?.size === content.size ? { ...blob, key, size: content.size } : undefined;
  } finally {
    await content.close();
  }
}

/** S3 denies looking at an absent key to whoever may not list: then the upload itself, which is conditional, tells. */
async function headIfAllowed(store: ObjectStore, key: ObjectKey): Promise<ObjectHead | undefined> {
  try {
    return await store.head(key);
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return undefined;
    throw error;
  }
}
