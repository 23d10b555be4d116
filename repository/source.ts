import type { BlobName } from './blob.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { sourceKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { readRecord, recordContent } from './record.ts';

/** What a tree of files became, and the version that was published from it first: where to look before searching. */
export interface KnownSource extends BlobName {
  /** Bytes. */
  readonly size: number;
  readonly first: { readonly id: string; readonly number: number };
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
  return record?.value;
}

/** Written last: a publication that ends before costs the next one its work again, nothing else. */
export async function rememberSource(
  { store }: Pick<Domain, 'store'>,
  { repository, id }: ArtifactName,
  sourceDigest: Digest,
  { digest, filename, size, number }: BlobName & { readonly size: number; readonly number: number },
): Promise<void> {
  await store.create(sourceKey(repository, sourceDigest), recordContent({ digest, filename, size, id, number }));
}
