import type { ConnectionOptions } from './s3-connection.ts';
import { S3Connection } from './s3-connection.ts';

/**
 * Gives a bucket a policy, in the place of whatever policy it has. Needs s3:PutBucketPolicy.
 * @throws ArtifactError ACCESS_DENIED, WRONG_OWNER, BUCKET_NOT_FOUND, STORE_UNAVAILABLE
 */
export async function putBucketPolicy(options: ConnectionOptions, policy: string): Promise<void> {
  const connection = new S3Connection(options);
  const call = { operation: 'PutBucketPolicy', actions: ['s3:PutBucketPolicy'] } as const;
  await connection.answer(call, { ...connection.target, Policy: policy });
}
