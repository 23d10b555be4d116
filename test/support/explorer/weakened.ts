import { bytesOf, contentOf } from '../../../repository/content.ts';
import type { ObjectHead, ObjectKey, ObjectStore, StoredObject } from '../../../repository/object-store.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { deletionKey } from '../../../repository/keys.ts';
import type { Act, Acts, Given } from './actor.ts';
import { BLOB, DIGEST } from './cast.ts';
import { allOf } from '../all-of.ts';

/** The same code, to which one thing is shown otherwise than it is. */
export type Weakness = (given: Given) => Given;

/** In one act, because what is weak may remember. */
export function weakened(acts: Acts, weakness: Weakness): Acts {
  const whole: Act = async (given) => {
    const weak = weakness(given);
    let outcome = '';
    for (const act of acts) outcome = await act(weak);
    return outcome;
  };
  return [whole];
}

function withStore(change: (store: ObjectStore) => Partial<ObjectStore>): Weakness {
  return ({ store, chance }) => ({ chance, store: { ...store, ...change(store) } });
}

const isBlob = (key: string): boolean => key.startsWith('blobs/');
const isDeletion = (key: string): boolean => key.startsWith('deletions/');

/** P0a: an adder that does not look whether the content is there after it looked whether it is being deleted. */
export const takesContentForGranted: Weakness = withStore((store) => ({
  head: (key) => (isBlob(key) ? Promise.resolve({ ...MADE_UP, key }) : store.head(key)),
}));

const MADE_UP = {
  size: 1,
  modified: new Date(0),
  revision: 'made-up',
  incarnation: 'made-up',
} as unknown as ObjectHead;

/** P1o: an adder that looks whether the content is being deleted, and writes its reference then. */
export const looksBeforeItWrites: Weakness = withStore((store) => {
  let seen: Promise<StoredObject | undefined> | undefined;
  return {
    async create(key, content) {
      seen ??= store.read(deletionKey(DIGEST));
      await seen;
      return store.create(key, content);
    },
    read(key) {
      const first = isDeletion(key) ? seen : undefined;
      if (first === undefined) return store.read(key);
      seen = undefined;
      return first;
    },
  };
});

/** P1h: an adder that looks whether the content is there, and whether it is being deleted then. */
export const looksAtContentFirst: Weakness = withStore((store) => {
  let seen: ObjectHead | undefined;
  return {
    async read(key) {
      if (isDeletion(key)) seen = await store.head(BLOB);
      return store.read(key);
    },
    head: (key) => (isBlob(key) ? Promise.resolve(seen) : store.head(key)),
  };
});

/** P1s: a collector that believes a listing of the references which is older than the mark. */
export const believesAnOldListing: Weakness = withStore((store) => {
  const listings = new Map<string, { readonly key: ObjectKey; readonly size: number; readonly modified: Date }[]>();
  return {
    async *list(prefix, options) {
      if (!prefix.startsWith('references/')) {
        yield* store.list(prefix, options);
        return;
      }
      let listing = listings.get(prefix);
      if (listing === undefined) {
        listing = await allOf(store.list(prefix, options));
        listings.set(prefix, listing);
      }
      yield* listing;
    },
  };
});

/** P1y: a collector that writes its decision whatever stands there. */
export const decidesWithoutComparing: Weakness = withStore((store) => ({
  async replace(key, content, revision) {
    if (!isDeletion(key)) return store.replace(key, content, revision);
    await store.overwrite(key, content);
    return 'replaced';
  },
}));

/** What P0e had not: whoever meets a deletion leaves it to the collector. */
export const helpsNobody: Weakness = withStore((store) => ({
  removeIncarnation: (key, incarnation) =>
    isBlob(key) ? Promise.resolve() : store.removeIncarnation(key, incarnation),
  removeRevision: (key, revision) =>
    isDeletion(key) ? Promise.resolve('conflict' as const) : store.removeRevision(key, revision),
}));

/** Whoever takes a deletion back, or deletes again, and removes what stands there without having changed the status before. */
export const sweepsUnasked: Weakness = withStore((store) => ({
  async replace(key, content, revision) {
    if (!key.startsWith('statuses/')) return store.replace(key, content, revision);
    const { status } = JSON.parse((await bytesOf(content.read())).toString('utf8')) as { readonly status: string };
    return status === 'Deleted' ? 'replaced' : store.replace(key, content, revision);
  },
}));

/** P1r: what names a writing is used again. */
export const reusesItsNonce: Weakness = ({ store, chance }) => ({
  store,
  chance: { ...chance, nonce: () => 'again' },
});

/** P0d: an adder that takes every deletion which is decided for one that was left behind, and removes its record. */
export const takesDeletionsForLeftBehind: Weakness = withStore((store) => ({
  async read(key) {
    const deletion = isDeletion(key) ? await readDeletion(store, DIGEST) : undefined;
    if (deletion?.value.state !== 'deleting') return store.read(key);
    await store.removeRevision(key, deletion.revision);
    return undefined;
  },
}));

/** Who believes what it saw of a version's status before it wrote down that it needs it. */
export const believesAnOldStatus: Weakness = withStore((store) => {
  let hasSeenNone = false;
  return {
    async read(key) {
      if (!key.startsWith('statuses/')) return store.read(key);
      if (hasSeenNone) return undefined;
      const status = await store.read(key);
      hasSeenNone = status === undefined;
      return status;
    },
  };
});

/** Who gives a version up, and takes a wish for nothing: a bookmark needs what it names alone. */
export const overlooksWishes: Weakness = withStore((store) => ({
  async read(key) {
    const object = await store.read(key);
    if (object === undefined || !key.startsWith('bookmarks/')) return object;
    const record = JSON.parse((await bytesOf(object.body)).toString('utf8')) as Record<string, unknown>;
    return { ...object, body: contentOf(JSON.stringify({ ...record, pending: undefined })).read() };
  },
}));

/** Who moves a bookmark, and settles that whatever stands there. */
export const settlesWithoutComparing: Weakness = withStore((store) => ({
  async replace(key, content, revision) {
    if (!key.startsWith('bookmarks/')) return store.replace(key, content, revision);
    await store.overwrite(key, content);
    return 'replaced';
  },
}));

/** A publisher that claims its label when the version is there. */
export const claimsItsLabelLast: Weakness = withStore((store) => {
  let claim: (() => Promise<unknown>) | undefined;
  let isClaimed = false;
  return {
    async create(key, content) {
      if (key.startsWith('labels/') && !isClaimed) {
        claim ??= () => store.create(key, content);
        return 'created';
      }
      const outcome = await store.create(key, content);
      if (key.startsWith('versions/') && outcome === 'created') {
        isClaimed = true;
        await claim?.();
      }
      return outcome;
    },
  };
});

/** Who gives a version a label that another has. */
export const claimsWhatIsTaken: Weakness = withStore((store) => ({
  async create(key, content) {
    const outcome = await store.create(key, content);
    if (outcome === 'created' || !key.startsWith('labels/')) return outcome;
    const standing = await store.read(key);
    if (standing !== undefined) await store.replace(key, content, standing.revision);
    return 'created';
  },
}));

/** A publisher of several assets that writes the references of all but the first when the version is there. */
export const holdsTheRestLast: Weakness = withStore((store) => {
  const later: (() => Promise<unknown>)[] = [];
  return {
    async create(key, content) {
      if (key.startsWith('references/') && !key.startsWith(`references/${DIGEST}/`)) {
        later.push(() => store.create(key, content));
        return 'created';
      }
      const outcome = await store.create(key, content);
      if (key.startsWith('versions/')) for (const one of later.splice(0)) await one();
      return outcome;
    },
  };
});

/** A publisher of several assets that looks whether the first is there, and takes the rest for granted. */
export const takesTheRestForGranted: Weakness = withStore((store) => ({
  head: (key) => (isBlob(key) && key !== BLOB ? Promise.resolve({ ...MADE_UP, key }) : store.head(key)),
}));

/** P0f: somebody who takes a deletion away by hand, because it seems to have been left behind. */
export const removesTheDeletionByHand: Act = async ({ store }) => {
  const head = await store.head(deletionKey(DIGEST));
  if (head !== undefined) await store.removeRevision(head.key, head.revision);
  return 'tidied up';
};
