import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from '@jest/globals';
import type { ObjectStore } from '../../repository/index.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import type { S3Server } from './s3-server.ts';
import { startS3Server } from './s3-server.ts';
import { temporaryFolder } from './temporary.ts';

/** Every kind of store in which a domain can be, each time an empty one. For suites, which the server for S3 lives as long as. */
export function storesOfADomain(): Readonly<Record<string, () => Promise<ObjectStore>>> {
  let server: S3Server;
  let client: S3Client;
  let buckets = 0;

  beforeAll(async () => {
    server = await startS3Server();
    client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
  });

  afterAll(async () => {
    client.destroy();
    await server.close();
  });

  return {
    'in memory': async () => memoryStore(() => new Date(0)),
    'in a directory': async () => directoryStore(await temporaryFolder()),
    'on S3': async () => {
      const bucket = `artifacts-${++buckets}`;
      server.createBucket(bucket, { versioning: 'Enabled' });
      return s3Store({ client, bucket, requiresVersions: true });
    },
  };
}
