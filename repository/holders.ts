import type { Digest } from './digest.ts';
import { parseReferenceKey, referencesPrefix, versionOfReference, versionReferencesPrefix } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import type { ListedObject, ObjectStore } from './object-store.ts';

/** Why content stays. */
export interface Holder {
  /** The version that holds it; absent of whoever uses it, and of what is recorded in a way that this version does not know. */
  readonly version?: ArtifactName & { readonly number: number };
  /** For people: `default/shop/api:3`, `stack 'shop' (Api)`. */
  readonly name: string;
}

/** Everything that keeps content from being removed, by the keys alone: versions first, because people know content by them. */
export async function* listHolders(store: ObjectStore, digest: Digest): AsyncGenerator<Holder> {
  for await (const { key } of store.list(versionReferencesPrefix(digest))) yield holderOf(key);
  for await (const { key } of others(store, digest)) yield holderOf(key);
}

async function* others(store: ObjectStore, digest: Digest): AsyncGenerator<ListedObject> {
  for await (const listed of store.list(referencesPrefix(digest))) {
    if (!listed.key.startsWith(versionReferencesPrefix(digest))) yield listed;
  }
}

function holderOf(key: string): Holder {
  const version = versionOfReference(key);
  if (version !== undefined) return { version, name: `${formatArtifactName(version)}:${version.number}` };
  const user = parseReferenceKey(key);
  if (user?.kind === 'stack') return { name: `stack '${user.resource.stack}' (${user.resource.logicalId})` };
  return { name: user?.kind === 'named' ? `consumer '${user.consumer}'` : key };
}
