import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { prefixed } from '../../repository/stores/prefixed.ts';
import { DirectS3 } from '../../repository/stores/s3-direct.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { serveContract } from './object-store-child.ts';

export interface ChildBucket {
  readonly bucket: string;
  readonly config: S3ClientConfig;
  readonly prefix?: string;
  /** Past the SDK, where that is known. */
  readonly directly?: boolean;
}

/** The S3 store in a process of its own; its argument is a bucket and how to reach it, as JSON. */
await serveContract((argument) => {
  const { bucket, config, prefix, directly = false } = JSON.parse(argument) as ChildBucket;
  const client = new S3Client({ ...s3ClientDefaults, ...config });
  const store = s3Store({ client, bucket, ...(directly && { direct: new DirectS3(client) }) });
  return prefix === undefined ? store : prefixed(store, prefix);
});
