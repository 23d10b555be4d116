import type { ListedObject, ObjectHead, ObjectKey, ObjectStore } from '../object-store.ts';
import { objectKey } from '../object-store.ts';

/**
 * The part of a store below a prefix, as a store: its keys don't show the prefix, and what is beside it can neither be seen nor reached.
 * A key that is too long together with the prefix is refused with INVALID_KEY.
 * @param prefix ends with `/`
 */
export function prefixed(store: ObjectStore, prefix: string): ObjectStore {
  const within = (key: ObjectKey): ObjectKey => objectKey(prefix + key);
  const shown = (key: ObjectKey): ObjectKey => key.slice(prefix.length) as ObjectKey;
  const shownHead = <T extends ObjectHead | ListedObject>(object: T): T => ({ ...object, key: shown(object.key) });

  return {
    async read(key, incarnation) {
      const object = await store.read(within(key), incarnation);
      return object && shownHead(object);
    },
    async head(key) {
      const head = await store.head(within(key));
      return head && shownHead(head);
    },
    create: async (key, content, attributes) => store.create(within(key), content, attributes),
    replace: async (key, content, revision, attributes) => store.replace(within(key), content, revision, attributes),
    removeIncarnation: async (key, incarnation) => store.removeIncarnation(within(key), incarnation),
    removeRevision: async (key, revision) => store.removeRevision(within(key), revision),
    async *list(start, { after, ...options } = {}) {
      // Nothing is after the empty text that is not after the prefix too.
      const from = after === undefined ? {} : { after: prefix + after };
      for await (const listed of store.list(prefix + start, { ...options, ...from })) yield shownHead(listed);
    },
    copy: async (from, to, attributes) => store.copy(within(from), within(to), attributes),
  };
}
