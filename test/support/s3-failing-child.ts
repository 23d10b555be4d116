import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { contentOf } from '../../repository/content.ts';
import { objectKey } from '../../repository/object-store.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';

/**
 * Tells as JSON how each kind of request fails. A process of its own: in a test's realm the SDK does not know Node's own errors for
 * errors, and hides their codes.
 */
const { bucket, config } = JSON.parse(process.argv[2] ?? '') as { bucket: string; config: S3ClientConfig };
const store = s3Store({ client: new S3Client({ ...s3ClientDefaults, ...config }), bucket });
const key = objectKey('a');
const requests: Readonly<Record<string, () => Promise<unknown>>> = {
  create: () => store.create(key, contentOf('x')),
  head: () => store.head(key),
  read: () => store.read(key),
  list: () => store.list('')[Symbol.asyncIterator]().next(),
};

const failures: Record<string, unknown> = {};
for (const [name, request] of Object.entries(requests)) {
  failures[name] = await request().then(
    () => 'no failure',
    (error: unknown) => {
      const { code, message, remedy } = error as { code?: string; message: string; remedy?: string };
      return { code, message, remedy };
    },
  );
}
process.stdout.write(JSON.stringify(failures));
