import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { prefixed } from '../../repository/stores/prefixed.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { serveContract } from './object-store-child.ts';

export interface ChildBucket {
  readonly bucket: string;
  readonly config: S3ClientConfig;
  readonly prefix?: string;
}

/** The S3 store in a process of its own; its argument is a bucket and how to reach it, as JSON. */
await serveContract((argument) => {
  const { bucket, config, prefix } = JSON.parse(argument) as ChildBucket;
  const store = s3Store({ client: new S3Client({ ...s3ClientDefaults, ...config }), bucket });
  return prefix === undefined ? store : prefixed(store, prefix);
});
