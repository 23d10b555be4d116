import type { Asset, ObjectStore } from '../../repository/index.ts';
import { ArtifactError } from '../../repository/index.ts';
import { keyOf } from '../../repository/blob.ts';
import type { ArchiveComparison, StoredBlob } from './compare-archives.ts';
import { compareArchives } from './compare-archives.ts';

export type ComparedAsset = Pick<Asset, 'digest' | 'filename' | 'size' | 'bucket'>;

/** One side: some assets, by their names; one alone has whatever name. */
export interface Side {
  readonly assets: ReadonlyMap<string, ComparedAsset>;
  /** Of the domain where they are at home. */
  readonly store: ObjectStore;
}

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
export async function* compareSides(from: Side, to: Side, isDeep: boolean): AsyncGenerator<AssetChange> {
  for (const name of [...new Set([...from.assets.keys(), ...to.assets.keys()])].sort()) {
    const [one, other] = [from.assets.get(name), to.assets.get(name)];
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
    const stored = [
      { ...one, store: from.store },
      { ...other, store: to.store },
    ] as const;
    await Promise.all(stored.map(requireThere));
    const archive = await compareArchives(...stored, isDeep);
    yield { ...both, change: 'changed', ...(archive !== undefined && { archive }) };
  }
}

/** A version that was given up may have its record alone. */
async function requireThere({ store, ...blob }: StoredBlob): Promise<void> {
  const { digest, filename } = blob;
  if ((await store.head(keyOf(blob))) !== undefined) return;
  throw new ArtifactError('CONTENT_MISSING', `the content sha256:${digest} ('${filename}') is not in the store`, {
    remedy: 'It was deleted, so that only its digest can be compared. Name versions whose content is there.',
  });
}
