import { ArtifactError, hasCode } from '../../repository/index.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import { limited } from '../../repository/stores/limited.ts';
import { prefixed } from '../../repository/stores/prefixed.ts';
import type * as S3 from '../../repository/stores/s3.ts';
import type { AwsAccess } from '../aws/access.ts';
import { bucketDestination } from '../packaging/bucket-destination.ts';
import type { Destination } from '../packaging/destination.ts';
import { CHANCE } from '../chance.ts';
import type { ManagedBucket } from './managed-bucket.ts';
import type { DestinationOptions } from './opening.ts';
import { accessSettings, kmsOf, profileOf, REQUESTS_AT_ONCE } from './opening.ts';
import type { Surroundings } from './surroundings.ts';

/** A bucket with blobs in it and nothing else: no versions, no ARNs. */
export async function openPlainBucket(options: DestinationOptions, surroundings: Surroundings): Promise<Destination> {
  const [{ awsAccess }, s3] = await Promise.all([import('../aws/access.ts'), import('../../repository/stores/s3.ts')]);
  const access = await awsAccess(accessSettings(options, surroundings));
  const { s3Prefix, forceUpload: force, metadata } = options;
  const prefix = s3Prefix === '' ? undefined : s3Prefix;
  const found = await plainBucketOf(options, access, surroundings);
  if (found === undefined) return emptyBucket(await access.region());
  const { name: bucket, owner } = found;
  const region = await plainRegionOf(access, s3, bucket, owner, surroundings.signal);
  const store = limited(
    s3.s3Store({
      ...access.directS3(region),
      bucket,
      signal: surroundings.signal,
      ...profileOf(options),
      ...(owner !== undefined && { expectedOwner: owner }),
      ...(metadata !== undefined && { metadata }),
      ...kmsOf(options),
    }),
    REQUESTS_AT_ONCE,
  );
  const placed = prefix === undefined ? store : prefixed(store, `${prefix}/`);
  const partition = access.partitionOf(region);
  const destination = bucketDestination(
    options.dryRun ? dryRun(placed) : placed,
    { bucket, region, partition, force, ...(prefix !== undefined && { prefix }) },
    (of, key) => access.urlOf(of, key, region),
  );
  return options.domainOwner === undefined ? destination : ofOwner(destination, options.domainOwner);
}

/** S3 says the same where a permission is missing and where the bucket is another account's than was said: so must who tells of it. */
function ofOwner(destination: Destination, owner: string): Destination {
  const { bucket } = destination;
  return {
    ...destination,
    publish: async (...upload) => {
      try {
        return await destination.publish(...upload);
      } catch (error) {
        if (!(error instanceof ArtifactError) || !hasCode(error, 'ACCESS_DENIED')) throw error;
        throw new ArtifactError(
          'ACCESS_DENIED',
          `bucket '${bucket}' does not belong to account ${owner}, as --domain-owner says, or a permission is missing: ${error.message}`,
          {
            remedy: `Name the account that owns the bucket with --domain-owner. If it is ${owner}: ${error.remedy ?? ''}`,
            cause: error,
          },
        );
      }
    },
  };
}

type PlainBucket = Pick<ManagedBucket, 'name'> & Partial<ManagedBucket>;

/**
 * Whose the bucket is, is not asked unless somebody says so: it may well be another account's. Of the managed one it is known. `undefined`: a dry
 * run would make it.
 */
async function plainBucketOf(
  options: DestinationOptions,
  access: AwsAccess,
  surroundings: Surroundings,
): Promise<PlainBucket | undefined> {
  const { s3Bucket, domainOwner, dryRun: isDryRun } = options;
  const owned = domainOwner === undefined ? {} : { owner: domainOwner };
  if (s3Bucket !== undefined) return { name: s3Bucket, ...owned };
  const { findManagedBucket, managedBucket } = await import('./managed-bucket.ts');
  const { note: say, signal } = surroundings;
  const found = await (isDryRun ? findManagedBucket : managedBucket)(access, { say, signal });
  return found && { ...found, ...owned };
}

/** What a dry run finds in a bucket that is still to be made. */
async function emptyBucket(region: string): Promise<Destination> {
  const { memoryStore } = await import('../../repository/stores/memory.ts');
  const { MANAGED_BUCKET } = await import('./managed-bucket.ts');
  const options = { bucket: MANAGED_BUCKET, region, partition: '', force: false };
  return bucketDestination(dryRun(memoryStore(CHANCE.now)), options, () => '');
}

/** Whoever may only get and put is told no more than the Region, and of some stores not even that: then it is where the requests go. */
async function plainRegionOf(
  access: AwsAccess,
  s3: typeof S3,
  bucket: string,
  owner: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const { client, direct } = access.directS3();
  // With an owner a refusal tells no Region: it may mean that the bucket is another's.
  for (const expected of new Set([owner, undefined])) {
    try {
      return await s3.bucketRegion(client, bucket, expected, signal, direct);
    } catch (error) {
      if (!hasCode(error, 'ACCESS_DENIED')) throw error;
    }
  }
  return access.region();
}
