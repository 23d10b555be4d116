import type { Content } from '../content.ts';
import { bytesOf, contentOf } from '../content.ts';
import type { Incarnation, ListedObject, ObjectHead, ObjectKey, ObjectStore, Revision } from '../object-store.ts';
import { compareKeys, leaveBody } from '../object-store.ts';
import { verified } from './verified.ts';

/** Records are kept as they are written; larger content is neither read nor kept. */
const SMALL = 64 * 1024;

interface Planned {
  readonly head: ObjectHead;
  readonly content: Readable;
}

type Readable = Pick<Content, 'size' | 'read'>;

/**
 * A store whose writings are only planned: they answer what they would have answered, the store underneath stays as it is, and what this
 * run reads and lists later shows what it has planned, so that steps which build on each other go through. Content of more than 64 KiB is
 * not read when it is planned, hence not verified; who reads it back reads it from where it came.
 */
export function dryRun(store: ObjectStore): ObjectStore {
  /** What this run has made of a key; undefined: removed. */
  const plan = new Map<string, Planned | undefined>();
  const open = store.openBucket;
  /** By key and name. */
  const tags = new Map<string, string>();
  let writings = 0;

  /** What the store underneath has, where that still counts. */
  async function storedAt(key: ObjectKey): Promise<ObjectHead | undefined> {
    return plan.has(key) ? undefined : store.head(key);
  }

  /** Asked without waiting just before the plan is changed, so that simultaneous writings decide one after the other. */
  function current(key: ObjectKey, stored: ObjectHead | undefined): ObjectHead | undefined {
    return plan.has(key) ? plan.get(key)?.head : stored;
  }

  function put(key: ObjectKey, content: Readable): void {
    writings += 1;
    const name = `planned-${writings}`;
    const head = {
      key,
      size: content.size,
      revision: name as Revision,
      incarnation: name as Incarnation,
      modified: new Date(),
    };
    plan.set(key, { head, content });
  }

  const { address } = store;
  return {
    async read(key, incarnation, from = 0) {
      if (!plan.has(key)) return store.read(key, incarnation, from);
      const planned = plan.get(key);
      if (planned === undefined || (incarnation ?? planned.head.incarnation) !== planned.head.incarnation) {
        return undefined;
      }
      return { ...planned.head, body: planned.content.read(Math.min(from, planned.content.size)) };
    },

    head: async (key) => current(key, await storedAt(key)),

    async incarnations(key) {
      if (!plan.has(key)) return store.incarnations(key);
      const planned = plan.get(key);
      return planned === undefined ? [] : [planned.head.incarnation];
    },

    async create(key, content, attributes) {
      const stored = await storedAt(key);
      if (current(key, stored) !== undefined) return 'exists';
      const kept = await keptOf(key, content, attributes?.onProgress);
      if (current(key, stored) !== undefined) return 'exists';
      put(key, kept);
      return 'created';
    },

    async replace(key, content, revision, attributes) {
      const stored = await storedAt(key);
      if (current(key, stored)?.revision !== revision) return 'conflict';
      const kept = await keptOf(key, content, attributes?.onProgress);
      if (current(key, stored)?.revision !== revision) return 'conflict';
      put(key, kept);
      return 'replaced';
    },

    async overwrite(key, content, attributes) {
      put(key, await keptOf(key, content, attributes?.onProgress));
    },

    async removeIncarnation(key, incarnation) {
      const stored = await storedAt(key);
      if (current(key, stored)?.incarnation === incarnation) plan.set(key, undefined);
    },

    async removeRevision(key, revision) {
      const stored = await storedAt(key);
      const head = current(key, stored);
      if (head === undefined) return 'absent';
      if (head.revision !== revision) return 'conflict';
      plan.set(key, undefined);
      return 'removed';
    },

    async *list(prefix, { after = '', limit = Infinity } = {}) {
      const planned = [...plan.values()]
        .flatMap((object) => (object === undefined ? [] : [object.head]))
        .filter(({ key }) => key.startsWith(prefix) && compareKeys(key, after) > 0)
        .sort((a, b) => compareKeys(a.key, b.key));
      const stored = without(store.list(prefix, { after }), new Set(plan.keys()));
      let left = limit;
      if (left <= 0) return;
      for await (const { key, size, modified } of merged(planned, stored)) {
        yield { key, size, modified };
        left -= 1;
        if (left <= 0) return;
      }
    },

    async copy(from, to) {
      const [storedSource, storedTarget] = [await storedAt(from), await storedAt(to)];
      const source = current(from, storedSource);
      if (source === undefined) return 'absent';
      if (current(to, storedTarget) !== undefined) return 'exists';
      put(to, plan.get(from)?.content ?? { size: source.size, read: (start) => bodyOf(store, source, start) });
      return 'created';
    },

    ...(open && { openBucket: (bucket: string) => dryRun(open(bucket)) }),

    ...(address && { address }),

    ...(store.copyFrom && {
      async copyFrom(source, object, to) {
        if (source.address?.service !== address?.service) return 'unsupported';
        const stored = await storedAt(to);
        if (current(to, stored) !== undefined) return 'exists';
        const found = await source.head(object.key);
        if (found?.revision !== object.revision) return 'changed';
        if (current(to, stored) !== undefined) return 'exists';
        // What is current: to read a version needs a right of its own, which nobody gives to others.
        const read = (start?: number): AsyncIterable<Uint8Array> => currentBody(source, object, start);
        put(to, { size: object.size, read });
        return 'created';
      },
    }),

    // Which tags the store underneath has nobody tells: the plan says what it would set at worst.
    ...(store.setTag && {
      async setTag(key, name, value) {
        if (current(key, await storedAt(key)) === undefined) return 'absent';
        const tag = JSON.stringify([key, name]);
        if (tags.get(tag) === value) return 'same';
        tags.set(tag, value);
        return 'set';
      },
    }),
  };
}

async function* bodyOf(
  store: ObjectStore,
  { key, incarnation }: ObjectHead,
  from?: number,
): AsyncGenerator<Uint8Array> {
  yield* (await store.read(key, incarnation, from))?.body ?? [];
}

async function* currentBody(
  source: ObjectStore,
  { key, revision }: ObjectHead,
  from?: number,
): AsyncGenerator<Uint8Array> {
  const object = await source.read(key, undefined, from);
  if (object?.revision === revision) yield* object.body;
  else if (object !== undefined) await leaveBody(object);
}

async function keptOf(key: ObjectKey, content: Content, onProgress?: (bytes: number) => void): Promise<Content> {
  if (content.size <= SMALL) return contentOf(await bytesOf(verified(key, content, onProgress)));
  onProgress?.(content.size);
  return content;
}

async function* without(stored: AsyncIterable<ListedObject>, keys: ReadonlySet<string>): AsyncGenerator<ListedObject> {
  for await (const object of stored) if (!keys.has(object.key)) yield object;
}

async function* merged(
  planned: readonly ListedObject[],
  stored: AsyncIterable<ListedObject>,
): AsyncGenerator<ListedObject> {
  let next = 0;
  for await (const object of stored) {
    for (let other = planned[next]; other && compareKeys(other.key, object.key) < 0; other = planned[next]) {
      yield other;
      next += 1;
    }
    yield object;
  }
  yield* planned.slice(next);
}
