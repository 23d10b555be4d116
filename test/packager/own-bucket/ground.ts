import { PutBucketOwnershipControlsCommand, PutPublicAccessBlockCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';

/** A bucket as AWS makes one today, that keeps versions. */
export async function soundBucket(server: S3Server, name: string, who?: string, region?: string): Promise<Bucket> {
  const config = server.clientConfig(who, region);
  const bucket = server.createBucket(name, {
    versioning: 'Enabled',
    ...(region !== undefined && { region }),
    ...(who !== undefined && { owner: server.identities.get(who)?.account ?? '' }),
  });
  const client = new S3Client(config);
  await client.send(
    new PutPublicAccessBlockCommand({
      Bucket: name,
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
    }),
  );
  await client.send(
    new PutBucketOwnershipControlsCommand({
      Bucket: name,
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    }),
  );
  client.destroy();
  return bucket;
}

/** Keys of what a bucket shows now. */
export function shown(bucket: Bucket, prefix = ''): string[] {
  return bucket.keys().filter((key) => key.startsWith(prefix) && bucket.current(key) !== undefined);
}

/** Keys of everything that a bucket has, superseded and hidden included. */
export function stored(bucket: Bucket, prefix = ''): string[] {
  return bucket.keys().filter((key) => key.startsWith(prefix));
}
