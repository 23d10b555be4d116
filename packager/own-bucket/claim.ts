import type { Domain, ObjectStore } from '../../repository/index.ts';
import { ArtifactError, objectKey } from '../../repository/index.ts';
import { FORMAT_VERSION } from '../../repository/keys.ts';
import { readRecord, recordContent } from '../../repository/record.ts';
import { CLAIM } from './statements.ts';

/** The domain whose content stands in a bucket. */
export type Claim = Pick<Domain, 'partition' | 'account' | 'region' | 'bucket'>;

const key = objectKey(CLAIM);

/** @param store the bucket itself. @throws ArtifactError UNSUPPORTED_FORMAT where something else stands there */
export async function readClaim(store: ObjectStore): Promise<Claim | undefined> {
  const record = await readRecord(store, key, ({ partition, account, region, bucket }) =>
    typeof partition === 'string' &&
    typeof account === 'string' &&
    typeof region === 'string' &&
    typeof bucket === 'string'
      ? { partition, account, region, bucket }
      : undefined,
  );
  return record?.value;
}

/**
 * Says that a domain's content stands in the bucket, for good: of two domains that would collect there one is refused, also where they come at the same moment.
 * @throws ArtifactError UNSUPPORTED_STORE
 */
export async function claim(store: ObjectStore, { partition, account, region, bucket }: Claim): Promise<void> {
  await store.create(key, recordContent({ format: FORMAT_VERSION, partition, account, region, bucket }));
  const found = await readClaim(store);
  if (found?.bucket === bucket) return;
  throw new ArtifactError('UNSUPPORTED_STORE', `another domain, '${found?.bucket ?? ''}', has its content there`, {
    remedy: 'Name another bucket.',
  });
}
