import type { BlobName } from './blob.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { sourceKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import type { Revision } from './object-store.ts';
import { readRecord, recordContent } from './record.ts';

/** What a tree of files became, and the version that was published from it first: where to look before searching. */
export interface KnownSource extends BlobName {
  /** Bytes. */
  readonly size: number;
  readonly first: { readonly id: string; readonly number: number };
  /** Of the record. */
  readonly revision: Revision;
}

export async function readSource(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  sourceDigest: Digest,
): Promise<KnownSource | undefined> {
  const record = await readRecord(
    store,
    sourceKey(repository, sourceDigest),
    ({ digest, filename, size, id, number }) =>
      typeof digest === 'string' &&
      isDigest(digest) &&
      typeof filename === 'string' &&
      typeof size === 'number' &&
      typeof id === 'string' &&
      typeof number === 'number'
        ? { digest, filename, size, first: { id, number } }
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
  { digest, filename, size, number }: BlobName & { readonly size: number; readonly number: number },
  wrong?: KnownSource,
): Promise<void> {
  const key = sourceKey(repository, sourceDigest);
  const content = recordContent({ digest, filename, size, id, number });
  if (wrong === undefined) await store.create(key, content);
  else await store.replace(key, content, wrong.revision);
}
