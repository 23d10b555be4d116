import { hasCode } from '../error.ts';
import type { ObjectKey, ObjectStore } from '../object-store.ts';

/**
 * The store of another account, which lets a guest list what it shares alone. S3 tells of what is absent only to those who may list the whole bucket, and refuses all others; whoever may list that very key finds out so
 * whether it is there. What a guest stores is never a copy of what the domain has: it may not read that.
 */
export function guestStore(store: ObjectStore): ObjectStore {
  const unlessAbsent = async <T>(key: ObjectKey, look: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (hasCode(error, 'ACCESS_DENIED') && (await isAbsent(store, key))) return undefined;
      throw error;
    }
  };
  const { address } = store;
  const removeAlone = store.removeAlone?.bind(store);
  const copyFrom = store.copyFrom?.bind(store);
  return {
    read: (key, incarnation, from) => unlessAbsent(key, () => store.read(key, incarnation, from)),
    head: (key) => unlessAbsent(key, () => store.head(key)),
    incarnations: (key) => store.incarnations(key),
    create: (key, content, attributes) => store.create(key, content, attributes),
    replace: (key, content, revision, attributes) => store.replace(key, content, revision, attributes),
    overwrite: (key, content, attributes) => store.overwrite(key, content, attributes),
    removeIncarnation: (key, incarnation) => store.removeIncarnation(key, incarnation),
    ...(removeAlone && { removeAlone }),
    removeRevision: (key, revision) => store.removeRevision(key, revision),
    list: (prefix, options) => store.list(prefix, options),
    copy: async () => 'absent',
    ...(address && { address }),
    ...(copyFrom && { copyFrom }),
    ...(store.openBucket && { openBucket: store.openBucket }),
  };
}

/** Whoever may not list it either does not know. */
async function isAbsent(store: ObjectStore, key: ObjectKey): Promise<boolean> {
  try {
    for await (const { key: found } of store.list(key, { limit: 1 })) return found !== key;
    return true;
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return false;
    throw error;
  }
}
