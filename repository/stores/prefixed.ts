import { ArtifactError } from '../error.ts';
import type { ListedObject, ObjectHead, ObjectKey, ObjectStore } from '../object-store.ts';
import { KEY_LIMIT } from '../object-store.ts';

/**
 * The part of a store below a prefix, as a store: its keys don't show the prefix, and what is beside it can neither be seen nor reached.
 *
 * The prefix is put before each key as it is, also where that makes a key with an empty segment, `.` or `..`: S3 has such keys, and whoever gives
 * the prefix means them. A store that can't have them refuses every request with INVALID_KEY, and so it is with a key that is too long together
 * with the prefix.
 * @param prefix ends with `/`
 * @throws ArtifactError INVALID_KEY where no store has a key that begins so
 */
export function prefixed(store: ObjectStore, prefix: string): ObjectStore {
  const problem = problemOfPrefix(prefix);
  if (problem !== undefined) throw refused(prefix, problem);
  const { address } = store;
  const alone = store.removeAlone?.bind(store);
  const copyFrom = store.copyFrom?.bind(store);
  const setTag = store.setTag?.bind(store);
  const within = (key: ObjectKey): ObjectKey => {
    const whole = prefix + key;
    if (Buffer.byteLength(whole) > KEY_LIMIT) throw refused(whole, `is longer than ${KEY_LIMIT} bytes`);
    return whole as ObjectKey;
  };
  const shown = (key: ObjectKey): ObjectKey => key.slice(prefix.length) as ObjectKey;
  const shownHead = <T extends ObjectHead | ListedObject>(object: T): T => ({ ...object, key: shown(object.key) });

  return {
    async read(key, incarnation, from) {
      const object = await store.read(within(key), incarnation, from);
      return object && shownHead(object);
    },
    async head(key) {
      const head = await store.head(within(key));
      return head && shownHead(head);
    },
    incarnations: async (key) => store.incarnations(within(key)),
    create: async (key, content, attributes) => store.create(within(key), content, attributes),
    replace: async (key, content, revision, attributes) => store.replace(within(key), content, revision, attributes),
    overwrite: async (key, content, attributes) => store.overwrite(within(key), content, attributes),
    removeIncarnation: async (key, incarnation) => store.removeIncarnation(within(key), incarnation),
    ...(alone && { removeAlone: async (key, incarnation) => alone(within(key), incarnation) }),
    removeRevision: async (key, revision) => store.removeRevision(within(key), revision),
    async *list(start, { after, ...options } = {}) {
      // Nothing is after the empty text that is not after the prefix too.
      const from = after === undefined ? {} : { after: prefix + after };
      for await (const listed of store.list(prefix + start, { ...options, ...from })) yield shownHead(listed);
    },
    copy: async (from, to, attributes) => store.copy(within(from), within(to), attributes),
    ...(address && { address: { ...address, prefix: `${address.prefix ?? ''}${prefix}` } }),
    ...(copyFrom && {
      copyFrom: async (source, object, to, attributes) => copyFrom(source, object, within(to), attributes),
    }),
    ...(setTag && { setTag: async (key, name, value) => setTag(within(key), name, value) }),
  };
}

/** Why no store has a key that begins so; `undefined` where one may. */
export function problemOfPrefix(prefix: string): string | undefined {
  if (!prefix.isWellFormed()) return 'is not well-formed Unicode';
  if (Buffer.byteLength(prefix) >= KEY_LIMIT) return `leaves nothing of the ${KEY_LIMIT} bytes of a key`;
  return climbsOut(prefix) ? "leads out of the store by '..'" : undefined;
}

/** S3 refuses keys that, read from the left, have more `..` than other segments (S3 user guide, "Naming Amazon S3 objects"). */
function climbsOut(prefix: string): boolean {
  let depth = 0;
  for (const segment of prefix.split('/').slice(0, -1)) {
    depth += segment === '..' ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

function refused(key: string, problem: string): ArtifactError {
  return new ArtifactError('INVALID_KEY', `the object key '${key}' ${problem}`, {
    remedy: 'Choose another prefix.',
  });
}
