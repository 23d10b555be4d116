import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../../repository/index.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import type { ClientConfig } from '../s3-server.ts';

/** Connections of so many processes. */
const CLIENTS = 12;

/** Stores at an endpoint that speaks S3, each as a process of its own has it. */
export function storesAt(config: ClientConfig): {
  readonly connect: (bucket: string) => ObjectStore;
  readonly close: () => void;
} {
  const clients = Array.from({ length: CLIENTS }, () => new S3Client({ ...s3ClientDefaults, ...config }));
  let connected = 0;
  return {
    connect: (bucket) => {
      const client = clients[connected++ % CLIENTS] ?? new S3Client(config);
      return s3Store({ client, bucket, requiresVersions: true });
    },
    close: () => {
      for (const client of clients) client.destroy();
    },
  };
}

/** Makes a bucket that keeps versions. */
export async function makeBucket(config: ClientConfig, Bucket: string): Promise<void> {
  const client = new S3Client(config);
  try {
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  } finally {
    client.destroy();
  }
}
