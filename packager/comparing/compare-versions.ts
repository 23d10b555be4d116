import type { Asset, BlobName, ObjectStore } from '../../repository/index.ts';
import { ArtifactError } from '../../repository/index.ts';
import { keyOf } from '../../repository/blob.ts';
import type { ArchiveComparison } from './compare-archives.ts';
import { compareArchives } from './compare-archives.ts';

export type ComparedAsset = Pick<Asset, 'digest' | 'filename' | 'size' | 'bucket'>;

/** One side: some assets, by their names; one alone has whatever name. */
export type Side = ReadonlyMap<string, ComparedAsset>;

export interface AssetChange {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed' | 'unchanged';
  readonly from?: ComparedAsset;
  readonly to?: ComparedAsset;
  /** Absent where not both are archives. */
  readonly archive?: ArchiveComparison;
}

/**
 * What is different, asset by asset in the order of their names, as it is found out.
 * @throws ArtifactError CONTENT_MISSING where content that must be looked at is gone
 */
export async function* compareSides(
  store: ObjectStore,
  from: Side,
  to: Side,
  isDeep: boolean,
): AsyncGenerator<AssetChange> {
  for (const name of [...new Set([...from.keys(), ...to.keys()])].sort()) {
    const [one, other] = [from.get(name), to.get(name)];
    if (one === undefined || other === undefined) {
      yield {
        name,
        change: one === undefined ? 'added' : 'removed',
        ...(one && { from: one }),
        ...(other && { to: other }),
      };
      continue;
    }
    const both = { name, from: one, to: other };
    if (one.digest === other.digest) {
      yield { ...both, change: one.filename === other.filename ? 'unchanged' : 'changed' };
      continue;
    }
    await Promise.all([one, other].map((asset) => requireThere(store, asset)));
    const archive = await compareArchives(store, one, other, isDeep);
    yield { ...both, change: 'changed', ...(archive !== undefined && { archive }) };
  }
}

/** A version that was given up may have its record alone. */
async function requireThere(store: ObjectStore, blob: BlobName): Promise<void> {
  const { digest, filename } = blob;
  if ((await store.head(keyOf(blob))) !== undefined) return;
  throw new ArtifactError('CONTENT_MISSING', `the content sha256:${digest} ('${filename}') is not in the store`, {
    remedy: 'It was deleted, so that only its digest can be compared. Name versions whose content is there.',
  });
}
