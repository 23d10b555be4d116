import type { ObjectKey, ObjectStore } from '../../repository/index.ts';
import { allOf } from './all-of.ts';

/** Every key below the prefix, in the order of the store. */
export async function keysIn(store: ObjectStore, prefix = ''): Promise<ObjectKey[]> {
  return (await allOf(store.list(prefix))).map(({ key }) => key);
}
