import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from '@jest/globals';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import type { OpenedStore } from '../../support/object-store-contract.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';

const child = join(import.meta.dirname, '../../support/s3-store-child.ts');

let server: S3Server;
let buckets = 0;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(async () => {
  await server.close();
});

async function open(): Promise<OpenedStore> {
  const bucket = `contract-${(buckets += 1)}`;
  server.createBucket(bucket, { versioning: 'Enabled' });
  const config = server.clientConfig();
  const client = new S3Client({ ...s3ClientDefaults, ...config });
  return {
    store: s3Store({ client, bucket, expectedOwner: TEST_ACCOUNT }),
    argument: JSON.stringify({ bucket, config }),
    close: async () => {
      client.destroy();
    },
  };
}

objectStoreContract('a versioned bucket', open, { child });
