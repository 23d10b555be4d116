import { measured } from '../content.ts';
import type { Digest } from '../digest.ts';
import { hasCode } from '../error.ts';
import { bucketPrefix, isBlobKey, parseBlobKey, splitBucket } from '../keys.ts';
import type {
  ListedObject,
  ListOptions,
  ObjectAttributes,
  ObjectHead,
  ObjectKey,
  ObjectStore,
} from '../object-store.ts';
import { compareKeys } from '../object-store.ts';
import { storedContent } from '../stored-content.ts';

/** Objects of one bucket, as they are reached through the whole. */
interface Place {
  readonly bucket?: string;
  readonly store: ObjectStore;
  /** As the store itself has it. */
  readonly key: ObjectKey;
}

/**
 * A domain's bucket and all others that its repositories have their content in, as one store: what is below `buckets/{bucket}/` is that bucket's, all else the domain's. A listing is of
 * one of them. A copy from one to another is made by the service where both are of it, and goes through here else.
 *
 * A bucket that is no more has nothing, but for who wants to write: what is to be removed from it is gone.
 * @param open another bucket; nothing is asked of it before it is needed, and it is opened once
 */
export function routed(own: ObjectStore, open: (bucket: string) => ObjectStore): ObjectStore {
  const opened = new Map<string, ObjectStore>();
  const openBucket = (bucket: string): ObjectStore => {
    const store = opened.get(bucket) ?? open(bucket);
    opened.set(bucket, store);
    return store;
  };
  const at = (text: ObjectKey): Place => {
    const { bucket, rest } = splitBucket(text);
    const key = rest as ObjectKey;
    return bucket === undefined ? { store: own, key } : { bucket, store: openBucket(bucket), key };
  };
  return {
    async read(key, incarnation, from) {
      const place = at(key);
      const object = await place.store.read(place.key, incarnation, from);
      return object && shown(place, object);
    },
    async head(key) {
      const place = at(key);
      const head = await place.store.head(place.key);
      return head && shown(place, head);
    },
    incarnations: async (of) => {
      const { store, key } = at(of);
      return store.incarnations(key);
    },
    create: async (to, content, attributes) => {
      const { store, key } = at(to);
      return store.create(key, content, attributes);
    },
    replace: async (to, content, revision, attributes) => {
      const { store, key } = at(to);
      return store.replace(key, content, revision, attributes);
    },
    overwrite: async (to, content, attributes) => {
      const { store, key } = at(to);
      return store.overwrite(key, content, attributes);
    },
    async removeIncarnation(of, incarnation) {
      const { bucket, store, key } = at(of);
      await goneWithIts(bucket, () => store.removeIncarnation(key, incarnation));
    },
    ...(own.removeAlone !== undefined && {
      async removeAlone(of: ObjectKey, incarnation: Parameters<ObjectStore['removeIncarnation']>[1]) {
        const { bucket, store, key } = at(of);
        await goneWithIts(bucket, async () => (store.removeAlone ?? store.removeIncarnation)(key, incarnation));
      },
    }),
    removeRevision: async (of, revision) => {
      const { store, key } = at(of);
      return store.removeRevision(key, revision);
    },
    list: (prefix, options) => {
      const { bucket, rest } = splitBucket(prefix);
      return bucket === undefined ? own.list(prefix, options) : listBucket(bucket, openBucket(bucket), rest, options);
    },
    async copy(from, to, attributes) {
      const [source, target] = [at(from), at(to)];
      return source.store === target.store
        ? source.store.copy(source.key, target.key, attributes)
        : copyAcross(source, target, attributes);
    },
    openBucket,
    ...(own.address !== undefined && { address: own.address }),
    ...(own.copyFrom !== undefined && {
      async copyFrom(source: ObjectStore, object: ObjectHead, to: ObjectKey, attributes?: ObjectAttributes) {
        const { store, key } = at(to);
        return store.copyFrom === undefined ? 'unsupported' : store.copyFrom(source, object, key, attributes);
      },
    }),
    ...(own.setTag !== undefined && {
      async setTag(of: ObjectKey, name: string, value: string) {
        const { store, key } = at(of);
        return store.setTag === undefined ? 'absent' : store.setTag(key, name, value);
      },
    }),
  };
}

function shown<T extends ObjectHead | ListedObject>({ bucket }: Pick<Place, 'bucket'>, object: T): T {
  return bucket === undefined ? object : { ...object, key: `${bucketPrefix(bucket)}${object.key}` };
}

async function goneWithIts(bucket: string | undefined, remove: () => Promise<void>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (bucket === undefined || !hasCode(error, 'BUCKET_NOT_FOUND')) throw error;
  }
}

async function* listBucket(
  bucket: string,
  store: ObjectStore,
  prefix: string,
  { after = '', ...options }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  const start = bucketPrefix(bucket);
  const isWithin = after.startsWith(start);
  if (!isWithin && compareKeys(after, start) > 0) return;
  const from = isWithin ? { after: after.slice(start.length) } : {};
  for await (const listed of store.list(prefix, { ...options, ...from })) yield shown({ bucket }, listed);
}

/** What changes while it is copied is looked at again; content does not. */
const CHANGES = 3;

async function copyAcross(
  { store: source, key: from }: Place,
  { store: target, key: to }: Place,
  attributes: ObjectAttributes | undefined,
): Promise<'created' | 'exists' | 'absent'> {
  for (let change = 1; ; change++) {
    const head = await source.head(from);
    if (head === undefined) return 'absent';
    const digest = isBlobKey(from) ? parseBlobKey(from).digest : (head.sha256 ?? (await digestOf(source, from)));
    // Content is not handed on without a look at what it is: by the store's word, or by reading it on the way.
    const outcome = head.sha256 === digest ? await copyWithin(source, head, target, to, attributes) : 'unsupported';
    if (outcome === 'created' || outcome === 'exists') return outcome;
    if (outcome === 'changed' && change < CHANGES) continue;
    if (digest === undefined) return 'absent';
    return target.create(to, storedContent(source, head, digest), attributes);
  }
}

async function copyWithin(
  source: ObjectStore,
  head: ObjectHead,
  target: ObjectStore,
  to: ObjectKey,
  attributes: ObjectAttributes | undefined,
): Promise<'created' | 'exists' | 'changed' | 'unsupported'> {
  if (target.copyFrom === undefined || source.address === undefined) return 'unsupported';
  try {
    return await target.copyFrom(source, head, to, attributes);
  } catch (error) {
    // Who may read there and write here may not always have the service do it.
    if (hasCode(error, 'ACCESS_DENIED', 'UNSUPPORTED_STORE')) return 'unsupported';
    throw error;
  }
}

async function digestOf(store: ObjectStore, key: ObjectKey): Promise<Digest | undefined> {
  const object = await store.read(key);
  if (object === undefined) return undefined;
  let digest: Digest | undefined;
  const pieces = measured(object.body, (found) => (digest = found));
  for (let step = await pieces.next(); step.done !== true;) step = await pieces.next();
  return digest;
}
