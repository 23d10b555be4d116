import type { Digest } from '../digest.ts';
import { behindContent, CONTENT_LISTINGS, contentOfKey } from '../keys.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';

/** All that the listings say of one content. */
export interface ListedContent {
  readonly digest: Digest;
  /** Bytes under its address in all buckets, whatever filenames it has; absent: nothing stands there. */
  readonly bytes?: number;
  /** Whether anything stands where references to it do. */
  readonly isNeeded: boolean;
  /** When its deletion record was written last, by the store's clock; absent: it has none. */
  readonly decided?: Date;
}

/** Parts of all content that can be walked apart from each other: by the first digit of the digest. */
export const SHARDS: readonly string[] = '0123456789abcdef'.split('');

/**
 * Content with what holds, uses or deletes it, by digest: three listings in one order, and one for each bucket of a repository's own, read side by side. Holds one page of each, and reads
 * no object. Each listing is of another moment, so that what comes of it is a proposal and nothing more.
 * @param buckets of repositories, whose content is looked at too
 * @param after the digest behind which to begin
 */
export async function* listContents(
  store: ObjectStore,
  shard: string,
  buckets: readonly string[] = [],
  after?: Digest,
): AsyncGenerator<ListedContent> {
  const open = (listing: keyof typeof CONTENT_LISTINGS, bucket?: string): Heads => {
    const from = after === undefined ? {} : { after: behindContent(listing, after, bucket) };
    return new Heads(listing, store.list(CONTENT_LISTINGS[listing](shard, bucket), from));
  };
  const blobs = [open('blobs'), ...buckets.map((bucket) => open('blobs', bucket))];
  const references = open('references');
  const deletions = open('deletions');
  const all = [...blobs, references, deletions];
  try {
    await Promise.all(all.map((heads) => heads.advance()));
    for (;;) {
      const digest = first(all);
      if (digest === undefined) return;
      let bytes: number | undefined;
      for (const heads of blobs) {
        while (heads.digest === digest) {
          bytes = (bytes ?? 0) + heads.size;
          await heads.advance();
        }
      }
      const isNeeded = references.digest === digest;
      while (references.digest === digest) await references.advance();
      const decided = deletions.digest === digest ? deletions.modified : undefined;
      while (deletions.digest === digest) await deletions.advance();
      yield { digest, ...(bytes !== undefined && { bytes }), isNeeded, ...(decided !== undefined && { decided }) };
    }
  } finally {
    await Promise.allSettled(all.map((heads) => heads.end()));
  }
}

/** Digests all have one length, so that their order is that of the keys. */
function first(all: readonly Heads[]): Digest | undefined {
  let least: Digest | undefined;
  for (const { digest } of all) if (digest !== undefined && (least === undefined || digest < least)) least = digest;
  return least;
}

/** A listing and the object at which it stands; what is none of content's is passed over. */
class Heads {
  /** `undefined` at the end. */
  digest: Digest | undefined;
  size = 0;
  modified: Date = new Date(0);
  readonly #listing: keyof typeof CONTENT_LISTINGS;
  readonly #objects: AsyncIterator<ListedObject>;

  constructor(listing: keyof typeof CONTENT_LISTINGS, objects: AsyncIterable<ListedObject>) {
    this.#listing = listing;
    this.#objects = objects[Symbol.asyncIterator]();
  }

  async advance(): Promise<void> {
    for (;;) {
      const next = await this.#objects.next();
      if (next.done === true) {
        this.digest = undefined;
        return;
      }
      const { key, size, modified } = next.value;
      const digest = contentOfKey(this.#listing, key);
      if (digest === undefined) continue;
      this.digest = digest;
      this.size = size;
      this.modified = modified;
      return;
    }
  }

  async end(): Promise<void> {
    await this.#objects.return?.();
  }
}
