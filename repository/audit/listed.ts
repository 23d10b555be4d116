import type { ListedObject, ObjectStore } from '../object-store.ts';

/**
 * Removes an object as it was listed, and nothing that was written since.
 * @returns whether it is gone
 */
export async function removeAsListed(store: ObjectStore, { key, modified }: ListedObject): Promise<boolean> {
  const head = await store.head(key);
  if (head === undefined) return true;
  // S3 tells a listing's times to the second in some places, and nobody writes a key anew within that after a day.
  if (Math.abs(head.modified.getTime() - modified.getTime()) >= 1000) return false;
  return (await store.removeRevision(key, head.revision)) !== 'conflict';
}
