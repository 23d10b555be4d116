import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { serveContract } from './object-store-child.ts';

/** The S3 store in a process of its own; its argument is a bucket and how to reach it, as JSON. */
await serveContract((argument) => {
  const { bucket, config } = JSON.parse(argument) as { bucket: string; config: S3ClientConfig };
  return s3Store({ client: new S3Client({ ...s3ClientDefaults, ...config }), bucket });
});
