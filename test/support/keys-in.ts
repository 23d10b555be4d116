import type { ObjectKey, ObjectStore } from '../../repository/index.ts';

/** Every key below the prefix, in the order of the store. */
export async function keysIn(store: ObjectStore, prefix: string): Promise<ObjectKey[]> {
  const keys: ObjectKey[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
