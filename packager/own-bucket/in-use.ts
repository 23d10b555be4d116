import type { ObjectStore } from '../../repository/index.ts';
import { readSettings } from '../../repository/index.ts';
import { EVERY_OWN_BUCKET, ownBucketOfKey } from '../../repository/keys.ts';
import type { OwnBucket } from './statements.ts';

/** Names of buckets, with the repositories that have their content there. */
export type BucketsInUse = ReadonlyMap<string, NonNullable<OwnBucket['usedBy']>>;

/**
 * The buckets that a domain's repositories have of their own: one listing where there are none. One whose repositories are gone is not among them.
 * @throws ArtifactError UNSUPPORTED_FORMAT where a repository's record can't be read
 */
export async function bucketsInUse(store: ObjectStore): Promise<BucketsInUse> {
  const found = new Map<string, NonNullable<OwnBucket['usedBy']>>();
  for await (const { key } of store.list(EVERY_OWN_BUCKET)) {
    const noted = ownBucketOfKey(key);
    if (noted === undefined) continue;
    const { bucket, repository } = noted;
    // Noted before the repository was made, which may have come to nothing.
    if ((await readSettings(store, repository))?.value.bucket !== bucket) continue;
    found.set(bucket, [...(found.get(bucket) ?? []), repository] as NonNullable<OwnBucket['usedBy']>);
  }
  return found;
}
