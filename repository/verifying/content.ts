import { createHash } from 'node:crypto';
import type { BlobName } from '../blob.ts';
import type { Digest } from '../digest.ts';
import { hasCode } from '../error.ts';
import { blobKey } from '../keys.ts';
import type { ObjectHead, ObjectKey, ObjectStore } from '../object-store.ts';
import type { Problem } from './finding.ts';

/** What is wrong with content that somebody needs. */
export type ContentFault = Pick<Problem['finding'], 'key' | 'digest' | 'why' | 'remedy'> & {
  readonly kind: 'lost' | 'hidden' | 'damaged';
};

/**
 * Whether content is where it is needed, and is what its address says: by its size, and by the SHA-256 that the store itself verified when it took it. Of what went up
 * in parts, and in a directory, the store tells none: that takes reading.
 * @param reads whether to read all of it
 */
export async function faultOf(
  store: ObjectStore,
  blob: BlobName & { readonly size?: number },
  reads: boolean,
): Promise<ContentFault | undefined> {
  const key = blobKey(blob.digest, blob.filename);
  const head = await store.head(key);
  if (head === undefined) return absent(store, key, blob);
  const why = doubtOf(head, blob) ?? (reads ? await misreadOf(store, key, blob.digest) : undefined);
  return why === undefined ? undefined : damaged(key, blob, why);
}

/** Reads content to its end. @returns what is wrong with it; nothing also where it is gone by now */
export async function misreadOf(store: ObjectStore, key: ObjectKey, digest: Digest): Promise<string | undefined> {
  const object = await store.read(key);
  if (object === undefined) return undefined;
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of object.body) {
    hash.update(piece);
    size += piece.byteLength;
  }
  const found = hash.digest('hex');
  return found === digest ? undefined : `its ${size} bytes have the digest ${found}`;
}

function doubtOf(
  { size, sha256 }: ObjectHead,
  { digest, size: wanted }: Parameters<typeof faultOf>[1],
): string | undefined {
  if (wanted !== undefined && size !== wanted) return `it has ${size} bytes instead of ${wanted}`;
  if (sha256 !== undefined && sha256 !== digest) return `the store took it with the digest ${sha256}`;
  return undefined;
}

async function absent(store: ObjectStore, key: ObjectKey, { digest, filename }: BlobName): Promise<ContentFault> {
  const isHidden = await isKept(store, key);
  const what = `the content sha256:${digest} ('${filename}')`;
  if (!isHidden) return { kind: 'lost', key, digest, why: `${what} is not in the store`, remedy: publishAgain(digest) };
  return {
    ...{ kind: 'hidden', key, digest },
    why: `${what} was hidden by somebody: a delete marker stands before it`,
    remedy: `${publishAgain(digest)} Or remove the delete marker of '${key}'.`,
  };
}

/** Whether something stands there that is not shown. Who may not list what was superseded can't tell it from what is gone. */
async function isKept(store: ObjectStore, key: ObjectKey): Promise<boolean> {
  try {
    return (await store.incarnations(key)).length > 0;
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return false;
    throw error;
  }
}

export function damaged(key: ObjectKey, { digest, filename }: BlobName, how: string): ContentFault {
  return {
    ...{ kind: 'damaged', key, digest },
    why: `the content sha256:${digest} ('${filename}') is not what its address says: ${how}`,
    remedy: `Nobody gets it unnoticed who verifies it. Have the object '${key}' removed, then publish the same bytes again: sha256:${digest}.`,
  };
}

function publishAgain(digest: Digest): string {
  return `Publish or package the same bytes again: what has the digest sha256:${digest} is put back under the same version and ARN.`;
}
