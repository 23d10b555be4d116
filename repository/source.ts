import type { SizedBlob } from './blob.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { sourceKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import type { Revision } from './object-store.ts';
import { readRecord, recordContent } from './record.ts';
import type { Manifest } from './version.ts';

/** What a tree of files became, and the version that was published from it first: where to look before searching. */
export interface KnownSource extends SizedBlob {
  readonly first: Pick<Manifest, 'id' | 'number' | 'nonce'>;
  /** Of the record. */
  readonly revision: Revision;
}

/**
 * What this machine learnt of sources in earlier runs, so that the record need not be asked for. It is a hint like the record: what it names is looked at before anything is
 * made of it.
 */
export interface SourceMemory {
  recall(name: ArtifactName, sourceDigest: Digest): Omit<KnownSource, 'revision'> | undefined;
  /** `known.first` is a version of that very artifact. */
  remember(name: ArtifactName, sourceDigest: Digest, known: Omit<KnownSource, 'revision'>): void;
}

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
