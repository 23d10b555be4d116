import type { Digest } from './digest.ts';
import { measured } from './content.ts';
import type { Content } from './content.ts';
import { ArtifactError } from './error.ts';
import { blobKey, blobPrefix, parseBlobKey } from './keys.ts';
import type { ObjectAttributes, ObjectHead, ObjectKey, ObjectStore } from './object-store.ts';
import { scopeOfFile } from './sharing/guest-file.ts';

/** How content came to stand where it should: `reused` means that it did already. */
export type Arrival = 'uploaded' | 'copied' | 'reused';

/** Content under the name by which a service will look at it. */
export interface BlobName {
  readonly digest: Digest;
  readonly filename: string;
  /** Of its repository, if that has its content in a bucket of its own; absent: the domain's. */
  readonly bucket?: string;
}

export interface SizedBlob extends BlobName {
  /** Bytes. */
  readonly size: number;
}

/**
 * A look at a blob; where its size is known, or the store knows its digest, no damaged one passes for it. One that came by a share is proven, by reading it where nothing else does.
 * @throws ArtifactError DIGEST_MISMATCH
 */
export async function headBlob(
  store: ObjectStore,
  blob: BlobName & { readonly size?: number },
): Promise<ObjectHead | undefined> {
  const head = await store.head(keyOf(blob));
  if (head === undefined) return undefined;
  if (blob.size !== undefined) requireSize(blob, head.size, blob.size);
  // What the store itself has verified costs nothing to compare.
  if (head.sha256 !== undefined && head.sha256 !== blob.digest) throw damaged(blob, head.sha256, head.size);
  // Whoever is no more than a guest may have written any bytes there. Their own tool has S3 verify them.
  if (head.sha256 === undefined && scopeOfFile(blob.filename) !== undefined) await proveBlob(store, blob);
  return head;
}

/** Reads all of it. @returns its bytes. @throws ArtifactError CONTENT_MISSING, DIGEST_MISMATCH */
async function proveBlob(store: ObjectStore, blob: BlobName): Promise<number> {
  const { body } = await readBlob(store, blob);
  let read = 0;
  for await (const { byteLength } of body) read += byteLength;
  return read;
}

/** Where content stands, in one bucket. */
export interface Whereabouts {
  /** Under the very name. */
  readonly isThere: boolean;
  /** Under others, from which it may be copied. */
  readonly copies: readonly ObjectKey[];
}

/**
 * @param place the bucket in which is looked: absent of the domain's
 * @throws ArtifactError DIGEST_MISMATCH where what stands there has another size
 */
export async function locateBlob(
  store: ObjectStore,
  blob: SizedBlob,
  place: Pick<BlobName, 'bucket'> = blob,
): Promise<Whereabouts> {
  const own = keyOf(blob);
  const copies: ObjectKey[] = [];
  let isThere = false;
  for await (const { key, size } of store.list(blobPrefix(blob.digest, place.bucket))) {
    if (key === own) {
      requireSize(blob, size, blob.size);
      isThere = true;
    } else if (size === blob.size && scopeOfFile(parseBlobKey(key).filename) === undefined) {
      // What was cut short, or came from others, is not handed on.
      copies.push(key);
    }
  }
  return { isThere, copies };
}

/**
 * Stores content that is not there under this name: by a copy within the store if it has it under another, else from `open`.
 * @param from the bucket in which it stands, if that is another: absent of the domain's
 * @param found where it was found just now
 */
export async function bringBlob(
  store: ObjectStore,
  blob: SizedBlob,
  open: () => Promise<Content>,
  attributes?: ObjectAttributes,
  from?: Pick<BlobName, 'bucket'>,
  found?: Whereabouts,
): Promise<Arrival> {
  const { isThere, copies } = found ?? (await locateBlob(store, blob));
  if (isThere) return 'reused';
  const isElsewhere = from !== undefined && from.bucket !== blob.bucket;
  const copied =
    (await copyBlob(store, blob, copies, attributes)) ??
    (isElsewhere ? await copyBlob(store, blob, (await locateBlob(store, blob, from)).copies, attributes) : undefined);
  return copied ?? putBlob(store, blob, await open(), attributes);
}

/** `undefined`: none of them is there any more. */
async function copyBlob(
  store: ObjectStore,
  blob: SizedBlob,
  copies: readonly ObjectKey[],
  attributes: ObjectAttributes | undefined,
): Promise<Arrival | undefined> {
  for (const key of copies) {
    const outcome = await store.copy(key, keyOf(blob), attributes);
    // `absent`: it went while we looked; then the bytes come from us.
    if (outcome !== 'absent') return outcome === 'created' ? 'copied' : 'reused';
  }
  return undefined;
}

/** Where it stands. */
export function keyOf({ digest, filename, bucket }: BlobName): ObjectKey {
  return blobKey(digest, filename, bucket);
}

/** @throws ArtifactError DIGEST_MISMATCH where the content is not what the name says */
export async function putBlob(
  store: ObjectStore,
  blob: BlobName,
  content: Content,
  attributes?: ObjectAttributes,
): Promise<Arrival> {
  const { digest } = blob;
  if (content.sha256 !== digest) {
    throw new ArtifactError(
      'DIGEST_MISMATCH',
      `the content to be stored as ${digest} has the digest ${content.sha256}`,
    );
  }
  return (await store.create(keyOf(blob), content, attributes)) === 'created' ? 'uploaded' : 'reused';
}

/**
 * The bytes of a blob. The last step of the iteration proves them: whoever acts on the bytes before it ended acts on unverified ones.
 * @throws ArtifactError CONTENT_MISSING; while reading, DIGEST_MISMATCH
 */
export async function readBlob(
  store: ObjectStore,
  blob: BlobName,
): Promise<{ readonly size: number; readonly body: AsyncIterable<Uint8Array> }> {
  const object = await store.read(keyOf(blob));
  if (object === undefined) throw missing(blob);
  return {
    size: object.size,
    body: measured(object.body, (found, size) => {
      if (found !== blob.digest) throw damaged(blob, found, size);
    }),
  };
}

/**
 * The rest of a blob for who has its first bytes already. The last step of the iteration proves all of it, the first bytes too.
 * @param begun those bytes; they are read before anything is asked for
 * @throws ArtifactError CONTENT_MISSING; DIGEST_MISMATCH, perhaps because what was begun is of other content
 */
export async function* readRestOfBlob(
  store: ObjectStore,
  blob: BlobName,
  { size: from, bytes }: { readonly size: number; readonly bytes: AsyncIterable<Uint8Array> },
): AsyncGenerator<Uint8Array> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* bytes;
    const object = await store.read(keyOf(blob), undefined, from);
    if (object === undefined) throw missing(blob);
    yield* object.body;
  }
  let passed = 0;
  const pieces = measured(whole(), (found, size) => {
    if (found !== blob.digest) throw damaged(blob, found, size);
  });
  for await (const piece of pieces) {
    if (passed >= from) yield piece;
    passed += piece.byteLength;
  }
}

/** CONTENT_MISSING: a record names this content, and it is not there. */
export function missing({ digest, filename }: BlobName): ArtifactError {
  return new ArtifactError('CONTENT_MISSING', `the content sha256:${digest} ('${filename}') is not in the store`, {
    remedy: 'Publish or package the same bytes again: that puts it back.',
  });
}

function requireSize({ digest, filename }: BlobName, found: number, wanted: number): void {
  if (found === wanted) return;
  throw new ArtifactError(
    'DIGEST_MISMATCH',
    `the content stored as sha256:${digest} ('${filename}') is damaged: it has ${found} bytes instead of ${wanted}`,
    { remedy: "Nothing of it was used. Run 'cfn-artifacts verify --fix', then publish again." },
  );
}

function damaged({ digest, filename }: BlobName, found: Digest, size: number): ArtifactError {
  return new ArtifactError(
    'DIGEST_MISMATCH',
    `the content stored as sha256:${digest} ('${filename}') is damaged: its ${size} bytes have the digest ${found}`,
    { remedy: "Nothing of it was used. Run 'cfn-artifacts verify --fix --deep', then publish the same bytes again." },
  );
}
