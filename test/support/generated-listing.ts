import type { Digest, ListedObject, ListOptions, ObjectKey, ObjectStore } from '../../repository/index.ts';
import { CONTENT_LISTINGS } from '../../repository/keys.ts';
import { counting } from '../../repository/stores/counting.ts';

/** How much there is. */
export interface Generated {
  readonly blobs: number;
  /** In the order of their content: several of one, where there are more of them than of that. */
  readonly references: number;
  /** The last so many blobs of each thousand have none. */
  readonly unneeded: number;
}

/** Keys in one answer, as S3 gives them. */
const PAGE = 1000;
/** So many digits of a digest tell which one it is. */
const DIGITS = 12;

export interface GeneratedListing extends ObjectStore {
  /** Requests so far: of listings the pages, of everything else each. */
  readonly requests: () => { readonly pages: number; readonly listed: number; readonly others: number };
}

/**
 * A store whose content and references are not there, but are listed as if they were, however many: nothing of it takes memory. Everything else is
 * in `rest`.
 */
export function generatedListing(rest: ObjectStore, { blobs, references, unneeded }: Generated): GeneratedListing {
  const counts = { pages: 0, listed: 0, others: 0 };
  const needed = blobs - Math.floor(blobs / PAGE) * unneeded;
  const modified = new Date(0);
  const digestAt = (index: number): Digest => {
    const start = Math.floor((index * 16 ** DIGITS) / blobs)
      .toString(16)
      .padStart(DIGITS, '0');
    return `${start}${'7'.repeat(64 - DIGITS)}` as Digest;
  };
  /** Which blob a reference is of: those that have some lie together, a thousand less the unneeded at a time. */
  const blobOf = (reference: number): number => {
    const index = Math.floor((reference * needed) / references);
    const block = PAGE - unneeded;
    return Math.floor(index / block) * PAGE + (index % block);
  };
  const listings: Readonly<
    Record<'blobs' | 'references', { readonly count: number; readonly keyAt: (index: number) => string }>
  > = {
    blobs: { count: blobs, keyAt: (index) => `${CONTENT_LISTINGS.blobs(digestAt(index))}/archive.zip` },
    references: {
      count: references,
      keyAt: (index) =>
        `${CONTENT_LISTINGS.references(digestAt(blobOf(index)))}/version/default/a/!/${String(index).padStart(9, '0')}-n`,
    },
  };

  async function* generate(
    { count, keyAt }: (typeof listings)['blobs'],
    prefix: string,
    { after = '', limit = Infinity }: ListOptions,
  ): AsyncGenerator<ListedObject> {
    const from = firstWhere(count, (index) => keyAt(index) > after && keyAt(index) >= prefix);
    let given = 0;
    for (let index = from; given < limit; index++) {
      if (given % PAGE === 0) {
        counts.pages += 1;
        await nextTurn();
      }
      const key = index < count ? keyAt(index) : undefined;
      if (key?.startsWith(prefix) !== true) return;
      given += 1;
      counts.listed += 1;
      yield { key: key as ObjectKey, size: 1000, modified };
    }
  }

  async function* listed(prefix: string, options: ListOptions): AsyncGenerator<ListedObject> {
    let given = 0;
    counts.pages += 1;
    for await (const one of rest.list(prefix, options)) {
      if (given > 0 && given % PAGE === 0) counts.pages += 1;
      given += 1;
      counts.listed += 1;
      yield one;
    }
  }

  const counted = counting(rest, ({ method }) => {
    // Of listings the pages are counted.
    if (method !== 'list') counts.others += 1;
  });
  return {
    ...counted,
    list: (prefix, options = {}) => {
      if (prefix.startsWith(CONTENT_LISTINGS.blobs(''))) return generate(listings.blobs, prefix, options);
      if (prefix.startsWith(CONTENT_LISTINGS.references(''))) return generate(listings.references, prefix, options);
      return listed(prefix, options);
    },
    requests: () => ({ ...counts }),
  };
}

/** As a request would, it lets others go on. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The first of so many for which it is so, if it is so for all behind. */
function firstWhere(count: number, isSo: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
