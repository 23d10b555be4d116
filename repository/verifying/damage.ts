import { createHash } from 'node:crypto';
import { LOCAL_PLACE } from '../arn.ts';
import type { BlobName } from '../blob.ts';
import { keyOf } from '../blob.ts';
import { isNeeded } from '../deleting/condemn.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import type { Incarnation, ObjectHead, ObjectKey, ObjectStore } from '../object-store.ts';

/** Content as somebody wants it. The size is what a manifest says, and proves nothing: only the digest is in the address. */
export type WantedBlob = BlobName & { readonly size?: number };

/** Why an object is not what somebody wants. */
export interface Doubt {
  /** `record`: the object is what its address says, and whoever says otherwise is wrong. */
  readonly about: 'content' | 'record';
  readonly why: string;
  /** Whether it is proven that the object is not what its address says, so that nothing is lost with it. */
  readonly isProven: boolean;
}

/** What the bytes of an object were, read to its end. */
export interface Reading {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly incarnation: Incarnation;
}

/** @returns undefined where there is nothing. @throws what the store throws: a reading that fails says nothing of the object */
export async function readingOf(store: ObjectStore, key: ObjectKey): Promise<Reading | undefined> {
  const object = await store.read(key);
  if (object === undefined) return undefined;
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of object.body) {
    hash.update(piece);
    size += piece.byteLength;
  }
  return { digest: hash.digest('hex') as Digest, size, incarnation: object.incarnation };
}

/**
 * What is wrong with an object, as far as its store tells: the SHA-256 that it verified itself when it took the object proves it. Where it tells none, an object that is
 * suspicious is read: one that has another size than a manifest says, whose size both agree on then, and, with `reads`, every one.
 */
export async function doubtOf(
  domain: Domain,
  head: ObjectHead,
  { digest, size }: WantedBlob,
  reads: boolean,
): Promise<Doubt | undefined> {
  const wrongSize =
    size === undefined || head.size === size ? undefined : `it has ${head.size} bytes instead of ${size}`;
  if (head.sha256 !== undefined && head.sha256 !== digest)
    return { about: 'content', why: wrongSize ?? `the store took it with the digest ${head.sha256}`, isProven: true };
  const isSuspicious = wrongSize !== undefined && head.sha256 === undefined;
  if (isSuspicious || reads) {
    const reading = await readingOf(domain.store, head.key);
    // Whoever looks next finds what stands there now.
    if (reading?.incarnation !== head.incarnation) return undefined;
    if (reading.digest !== digest) {
      const why = wrongSize ?? `its ${reading.size} bytes have the digest ${reading.digest}`;
      return { about: 'content', why, isProven: head.sha256 === undefined && (isSuspicious || isOnlyRecord(domain)) };
    }
  }
  return wrongSize === undefined ? undefined : { about: 'record', why: wrongSize, isProven: false };
}

/** In a directory nothing tells what an object is but its bytes, and no line lies between. */
function isOnlyRecord({ region }: Domain): boolean {
  return region === LOCAL_PLACE.region;
}

/**
 * Erases what is proven not to be the content that its address says, one incarnation after the other, until what stands there is something else: each is looked at right before it goes,
 * and exactly that one goes. Nothing else can stand under its key while it does, so it keeps away who has the right bytes.
 *
 * May be repeated at any time, by anybody.
 * @returns what is left to see to; `undefined` where the right content stands there, or nobody needs it
 */
export async function eraseDamaged(domain: Domain, blob: WantedBlob): Promise<string | undefined> {
  const { store } = domain;
  const key = keyOf(blob);
  for (let erased = 0; ; erased++) {
    const head = await store.head(key);
    if (head === undefined) break;
    const verdict = await verdictOn(domain, head, blob);
    if (verdict === 'right') return undefined;
    if (verdict === 'doubtful') return erased === 0 ? UNPROVEN : UNPROVEN_BENEATH;
    const refusal = await removeAlone(store, head);
    if (refusal !== undefined) return refusal;
  }
  return (await isNeeded(store, blob.digest)) ? 'it is erased, and the right content is not in the store' : undefined;
}

const UNPROVEN = 'what stands there now is not proven to be other content';
const UNPROVEN_BENEATH = `it is erased, and an older object stands there again; ${UNPROVEN}, but it was read as that`;

/** Where bytes are all that there is to go by, they are read twice, and have to be the same both times. */
async function verdictOn(
  domain: Domain,
  head: ObjectHead,
  { digest, size }: WantedBlob,
): Promise<'right' | 'wrong' | 'doubtful'> {
  const { store } = domain;
  if (head.sha256 === digest) return 'right';
  const first = await readingOf(store, head.key);
  if (first?.incarnation !== head.incarnation) return 'doubtful';
  // What a store says of an object might mean something else there than on S3: nothing is erased on its word alone.
  if (first.digest === digest) return head.sha256 === undefined ? 'right' : 'doubtful';
  if (head.sha256 !== undefined) return 'wrong';
  const isContradicted = size !== undefined && size !== head.size;
  if (!isContradicted && !isOnlyRecord(domain)) return 'doubtful';
  const second = await readingOf(store, head.key);
  const isSame = second?.incarnation === head.incarnation && second.digest === first.digest;
  return isSame && second.size === head.size ? 'wrong' : 'doubtful';
}

/** @returns why it was left */
async function removeAlone(
  store: ObjectStore,
  { key, incarnation }: Pick<ObjectHead, 'key' | 'incarnation'>,
): Promise<string | undefined> {
  if (store.removeAlone !== undefined) {
    await store.removeAlone(key, incarnation);
    return undefined;
  }
  // What lies beneath might be the right content, and would go with it.
  if ((await store.incarnations(key)).length > 1) return 'older objects lie beneath it, which would go with it';
  await store.removeIncarnation(key, incarnation);
  return undefined;
}
