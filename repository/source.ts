import type { SizedBlob } from './blob.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { sourceKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { readRecord, recordContent } from './record.ts';
import type { KnownSource } from './source-memory.ts';
import type { Manifest } from './version.ts';

/** Only a hint: what it names may be gone. `undefined` where the tree is not known in this repository. */
export async function readSource(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  sourceDigest: Digest,
): Promise<KnownSource | undefined> {
  const record = await readRecord(
    store,
    sourceKey(repository, sourceDigest),
    ({ digest, filename, size, id, number, nonce }) =>
      typeof digest === 'string' &&
      isDigest(digest) &&
      typeof filename === 'string' &&
      typeof size === 'number' &&
      typeof id === 'string' &&
      typeof number === 'number' &&
      typeof nonce === 'string'
        ? { digest, filename, size, first: { id, number, nonce } }
        : undefined,
  );
  return record && { ...record.value, revision: record.revision };
}

/**
 * Written last: a publication that ends before costs the next one its work again, nothing else.
 * @param wrong a record that says otherwise, and is put right
 */
export async function rememberSource(
  { store }: Pick<Domain, 'store'>,
  { repository, id }: ArtifactName,
  sourceDigest: Digest,
  { digest, filename, size }: SizedBlob,
  { number, nonce }: Manifest,
  wrong?: KnownSource,
): Promise<void> {
  const key = sourceKey(repository, sourceDigest);
  const content = recordContent({ digest, filename, size, id, number, nonce });
  if (wrong === undefined) await store.create(key, content);
  else await store.replace(key, content, wrong.revision);
}

/** Of a version that was deleted: who publishes the same tree again makes the record again. */
export async function forgetSource(
  domain: Pick<Domain, 'store'>,
  { repository, id }: ArtifactName,
  sourceDigest: Digest,
  { number, nonce }: Pick<Manifest, 'number' | 'nonce'>,
): Promise<void> {
  const known = await readSource(domain, repository, sourceDigest);
  if (known?.first.id !== id || known.first.number !== number || known.first.nonce !== nonce) return;
  await domain.store.removeRevision(sourceKey(repository, sourceDigest), known.revision);
}
