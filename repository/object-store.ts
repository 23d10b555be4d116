import type { Content } from './content.ts';
import type { Digest } from './digest.ts';
import { ArtifactError } from './error.ts';

declare const keyBrand: unique symbol;

/**
 * The name of an object: 1 to 1,024 bytes of UTF-8, segments joined by `/`. No segment is empty, `.` or `..`, and no key
 * is also a folder of another. Keys order as their UTF-8 bytes do.
 */
export type ObjectKey = string & { readonly [keyBrand]: true };

/** Bytes. */
export const KEY_LIMIT = 1024;

/** @throws ArtifactError INVALID_KEY */
export function objectKey(text: string): ObjectKey {
  const problem =
    Buffer.byteLength(text) > KEY_LIMIT
      ? 'is longer than 1,024 bytes'
      : !text.isWellFormed()
        ? 'is not well-formed Unicode'
        : text.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')
          ? "has an empty segment, '.' or '..'"
          : undefined;
  if (problem !== undefined) throw new ArtifactError('INVALID_KEY', `the object key '${text}' ${problem}`);
  return text as ObjectKey;
}

/** Which writing of a key this is, for compare-and-swap. Opaque; differs for any two different contents of a key. */
export type Revision = string & { readonly revision: unique symbol };

/** Exactly one stored object, never reused: a later object under the same key, even of the same bytes, has another one. */
export type Incarnation = string & { readonly incarnation: unique symbol };

export interface ObjectHead {
  readonly key: ObjectKey;
  /** Bytes. */
  readonly size: number;
  readonly revision: Revision;
  readonly incarnation: Incarnation;
  /**
   * What names exactly this object to others, who ask the store itself: `S3ObjectVersion` in a template. The version ID on S3, where the bucket
   * keeps versions; absent where it keeps none, and in a plan. Nothing is compared with it here: that is what `incarnation` is for.
   */
  readonly version?: string;
  /** By the store's own clock. */
  readonly modified: Date;
  /** What the store itself verified when it took the object, where it tells. */
  readonly sha256?: Digest;
}

export interface StoredObject extends ObjectHead {
  /** Read once: to its end, or left (by `break`, or by `leaveBody`). Not verified here: who knows the digest verifies. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** For who has read a head and does not want the bytes: what they hold, a connection or an open file, is given back. */
export async function leaveBody({ body }: Pick<StoredObject, 'body'>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}

export interface ListedObject {
  readonly key: ObjectKey;
  readonly size: number;
  readonly modified: Date;
}

export interface ListOptions {
  /** Begin after this key (exclusive). */
  readonly after?: string;
  /** At most so many keys. A store that pages asks for no more than it needs. */
  readonly limit?: number;
}

/** Told of an object beside its bytes, where a store keeps such things; others ignore them. They never enter a digest. */
export interface ObjectAttributes {
  readonly contentType?: string;
  /** User metadata, as S3 has it: ASCII. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Called as bytes leave, with the number since the last call. */
  readonly onProgress?: (bytes: number) => void;
}

/** Where the objects of a store are, for another store of the same service. */
export interface StoreAddress {
  readonly service: 's3';
  readonly bucket: string;
  /** The account, twelve digits, that must own the bucket. Absent: whoever does. */
  readonly owner?: string;
  /** Stands before each of the store's keys there. */
  readonly prefix?: string;
}

/** What can be asked of a store. */
export type StoreMethod = Exclude<keyof ObjectStore, 'address' | 'openBucket'>;

/**
 * The only way to state. Every method is one atomic step on one key; a failure (a rejected promise) leaves it unknown
 * whether the step took place, and no other doubt. Reads see every write that was acknowledged before they began.
 *
 * A store may retry on its own. So `exists`, `conflict` and `absent` can be the echo of one's own earlier attempt: whoever must know
 * writes a nonce and reads it back.
 *
 * Rejections are ArtifactErrors: ACCESS_DENIED, WRONG_OWNER, NO_CREDENTIALS, BUCKET_NOT_FOUND, STORE_FULL, STORE_UNAVAILABLE, CONTENTION,
 * DIGEST_MISMATCH (bytes that arrived are not those announced; nothing is stored), SOURCE_CHANGED (from the content), INTERRUPTED, INVALID_KEY (a key
 * that this store can't have), INVALID_ARGUMENT and UNSUPPORTED_STORE (what was named can be no store, or not
 * one of this kind).
 */
export interface ObjectStore {
  /**
   * `undefined`: there is none. With an incarnation, that one or none: a store may drop what is superseded.
   * @param from where the body begins, in bytes; at the end or behind it there is none. The head is that of the whole.
   */
  read(key: ObjectKey, incarnation?: Incarnation, from?: number): Promise<StoredObject | undefined>;
  head(key: ObjectKey): Promise<ObjectHead | undefined>;
  /**
   * All incarnations of a key that are still stored, newest first: the current one, if there is one, and those that were superseded or hidden and
   * not dropped. Complete for every write acknowledged before the call; what was removed by then is not among them.
   */
  incarnations(key: ObjectKey): Promise<readonly Incarnation[]>;
  /** Puts if absent. Of any number of simultaneous creators exactly one gets `created`. */
  create(key: ObjectKey, content: Content, attributes?: ObjectAttributes): Promise<'created' | 'exists'>;
  /** Compare-and-swap: only if the current object is that of `revision`. An absent key is a conflict. */
  replace(
    key: ObjectKey,
    content: Content,
    revision: Revision,
    attributes?: ObjectAttributes,
  ): Promise<'replaced' | 'conflict'>;
  /**
   * Puts, whatever is there. Only for content whose key says what it is, where nobody keeps books: of two who overwrite, the later one wins.
   * Needs no permission to look.
   */
  overwrite(key: ObjectKey, content: Content, attributes?: ObjectAttributes): Promise<void>;
  /**
   * Removes that incarnation, and no other that is or ever will be current; succeeds where it is gone already. What it superseded does not
   * become current again: such incarnations may go with it.
   */
  removeIncarnation(key: ObjectKey, incarnation: Incarnation): Promise<void>;
  /**
   * Removes that incarnation and nothing else; succeeds where it is gone already. Where what it superseded is kept and can be shown, the newest of that is
   * current again, which is why this is for what is proven to be wrong alone. Absent in who can't promise that.
   */
  removeAlone?(key: ObjectKey, incarnation: Incarnation): Promise<void>;
  /** Removes the current object if it is that of `revision`. */
  removeRevision(key: ObjectKey, revision: Revision): Promise<'removed' | 'conflict' | 'absent'>;
  /** Ascending by the UTF-8 bytes of the key; complete for every write acknowledged before the call. `prefix` may end within a segment. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>;
  /** Creates `to` with the bytes of `from`, which do not pass through here. */
  copy(from: ObjectKey, to: ObjectKey, attributes?: ObjectAttributes): Promise<'created' | 'exists' | 'absent'>;
  /** Absent in who has no place that others could copy from. */
  readonly address?: StoreAddress;
  /**
   * Creates `to` with the bytes of an object of another store, which do not pass through here: of exactly the object of that head. Who calls it
   * knows what those bytes are: nothing is verified beyond what the service itself does. Nothing but the bytes is carried along: what the copy
   * says of itself is what `attributes` say.
   *
   * `changed`: `source` has another object under that key, or none. `unsupported`: not between these two. ACCESS_DENIED may be of either side;
   * WRONG_OWNER and BUCKET_NOT_FOUND, too. Absent in who can copy from nobody.
   */
  copyFrom?(
    source: ObjectStore,
    object: ObjectHead,
    to: ObjectKey,
    attributes?: ObjectAttributes,
  ): Promise<'created' | 'exists' | 'changed' | 'unsupported'>;
  /**
   * Gives the current object a tag, which policies can ask for, and lets it keep its others. Spaces at the ends of a value may get lost. `same`: it had it, and nothing was written. Of two who
   * set different tags at the same moment one may undo the other's: one caller alone sets tags. No revision changes by it. Absent where
   * objects have no tags.
   */
  setTag?(key: ObjectKey, name: string, value: string): Promise<'set' | 'same' | 'absent'>;
  /**
   * Another bucket, in which repositories of this domain have their content, as a store of its own. Its objects are reached through this store too, below
   * `buckets/{bucket}/`. Nothing is asked of it yet. Absent where there can be none.
   */
  readonly openBucket?: (bucket: string) => ObjectStore;
}

/** Order of keys in every listing. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
