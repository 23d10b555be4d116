import type { Digest } from './digest.ts';
import { parseReferenceKey, referencesPrefix, versionOfReference, versionReferencesPrefix } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import type { ListedObject, ObjectStore } from './object-store.ts';
import { promotedTo } from './promoting/promoted-to.ts';

/** Why content stays. */
export interface Holder {
  /** The version that holds it; absent of whoever uses it, and of what is recorded in a way that this version does not know. */
  readonly version?: ArtifactName & { readonly number: number };
  /** For people: `default/shop/api:3`, `stack 'shop' (Api)`, `promotion to production/shop/api:4`. */
  readonly name: string;
}

/**
 * Everything that keeps content from being removed, by the keys alone: versions first, because people know content by them. Only what a promotion needs is asked for what it
 * became.
 */
export async function* listHolders(store: ObjectStore, digest: Digest): AsyncGenerator<Holder> {
  for await (const { key } of store.list(versionReferencesPrefix(digest))) yield await holderOf(store, key);
  for await (const { key } of others(store, digest)) yield await holderOf(store, key);
}

async function* others(store: ObjectStore, digest: Digest): AsyncGenerator<ListedObject> {
  for await (const listed of store.list(referencesPrefix(digest))) {
    if (!listed.key.startsWith(versionReferencesPrefix(digest))) yield listed;
  }
}

async function holderOf(store: ObjectStore, key: string): Promise<Holder> {
  const version = versionOfReference(key);
  if (version !== undefined) return { version, name: `${formatArtifactName(version)}:${version.number}` };
  const user = parseReferenceKey(key);
  if (user?.kind === 'stack') return { name: `stack '${user.resource.stack}' (${user.resource.logicalId})` };
  if (user?.kind !== 'named') return { name: key };
  const target = await promotedTo({ store }, user.consumer);
  return { name: target === undefined ? `consumer '${user.consumer}'` : `promotion to ${target}` };
}
