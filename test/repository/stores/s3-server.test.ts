import { S3Client } from '@aws-sdk/client-s3';
import { s3Conformance } from '../../support/s3-conformance.ts';
import { startS3Server } from '../../support/s3-server.ts';

s3Conformance('the server of the tests', async () => {
  const server = await startS3Server();
  server.createBucket('conformance', { versioning: 'Enabled' });
  const client = new S3Client({
    ...server.clientConfig(),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  });
  const close = async (): Promise<void> => {
    client.destroy();
    await server.close();
  };
  return { client, bucket: 'conformance', region: 'us-east-1', prefix: '', close };
});
