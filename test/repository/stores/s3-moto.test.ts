import { join } from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from '@jest/globals';
import { DirectS3 } from '../../../repository/stores/s3-direct.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { startMoto } from '../../support/moto.ts';
import { s3Conformance } from '../../support/s3-conformance.ts';
import type { KnownDifference, OpenedStore } from '../../support/object-store-contract.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';

const child = join(import.meta.dirname, '../../support/s3-store-child.ts');
const moto = await startMoto();

const NO_CHECKSUMS = 'moto verifies no checksum';
const NO_COMPOSITE = 'moto knows no types of checksums';
const NO_CONDITIONAL_COPY = "moto ignores CopyObject's If-None-Match";
const NO_LINE_FEED = 'moto routes by a pattern that no line feed matches';

const differences: Readonly<Record<string, KnownDifference>> = {
  'content with a wrong digest is rejected, and nothing is stored': NO_CHECKSUMS,
  'content with a wrong digest is rejected, and the old stays': NO_CHECKSUMS,
  'content with a wrong digest overwrites nothing': NO_CHECKSUMS,
  'leaves what exists, and what was replaced is copied as it is now': NO_CONDITIONAL_COPY,
  'one of 20 simultaneous copies and creations wins': NO_CONDITIONAL_COPY,
  'leaves what exists where another store’s object was to be': NO_CONDITIONAL_COPY,
  'takes exactly the object that was seen in another store': 'moto ignores x-amz-copy-source-if-match',
  'one of 20 simultaneous copies from another store and creations wins': NO_CONDITIONAL_COPY,
  'finds every key of another store': NO_LINE_FEED,
  'a key with a tab and a line feed': NO_LINE_FEED,
  'none of them is taken for another': NO_LINE_FEED,
};

const wireDifferences: Readonly<Record<string, KnownDifference>> = {
  'GET of a marker by its version is 405': 'moto answers 404',
  'DeleteObjects removes many, and holds each to its ETag': 'moto removes whatever the ETag',
  'a wrong SHA-256 is BadDigest, and nothing is stored': NO_CHECKSUMS,
  'a wrong Content-MD5 is BadDigest, and nothing is stored': NO_CHECKSUMS,
  'the type of a single checksum is FULL_OBJECT': NO_COMPOSITE,
  'GetObjectAttributes tells checksum and size': 'the SDK cannot read what moto answers',
  'CopyObject If-None-Match: * fails with 412 on what exists': NO_CONDITIONAL_COPY,
  'CopyObject holds its source to an ETag': 'moto ignores x-amz-copy-source-if-match',
  'UploadPartCopy holds its source to an ETag': 'moto ignores x-amz-copy-source-if-match',
  'a multipart upload with SHA-256 has a digest of digests': NO_COMPOSITE,
  'a part that is copied has its SHA-256': 'moto makes no checksum of a copied part',
  'CompleteMultipartUpload If-Match, good and stale': 'moto ignores it',
  'CompleteMultipartUpload with a wrong MpuObjectSize is InvalidRequest': 'moto ignores it',
  'what comes too late for an upload is NoSuchUpload': 'moto answers 500',
  'parts must be there, in order, and large enough': 'moto takes them in any order',
  'ListObjectVersions encodes keys as URLs when asked': 'moto ignores encoding-type there',
  'another owner than expected is 403': 'moto ignores x-amz-expected-bucket-owner when it puts',
  'another owner of the source than expected is 403': 'moto ignores x-amz-source-expected-bucket-owner',
  'a key has 1,024 bytes at most': 'moto takes longer ones',
};

let buckets = 0;

if ('skipped' in moto) {
  // eslint-disable-next-line jest/no-disabled-tests -- said and counted, not hidden
  test.skip(`moto as S3 and as an ObjectStore (${moto.skipped})`, () => {
    expect(moto).not.toHaveProperty('skipped');
  });
} else {
  const config = {
    endpoint: moto.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const opening = (directly: boolean) => async (): Promise<OpenedStore> => {
    const client = new S3Client({ ...s3ClientDefaults, ...config });
    const bucket = await makeBucket(client, `contract-${(buckets += 1)}`);
    return {
      store: s3Store({
        ...{ client, bucket, expectedOwner: '123456789012' },
        ...(directly && { direct: new DirectS3(client) }),
      }),
      argument: JSON.stringify({ bucket, config }),
      close: async () => {
        client.destroy();
      },
    };
  };
  s3Conformance(
    'moto',
    async () => {
      const client = new S3Client({ ...config, requestChecksumCalculation: 'WHEN_REQUIRED', maxAttempts: 1 });
      const bucket = await makeBucket(client, 'conformance');
      const close = async (): Promise<void> => {
        client.destroy();
      };
      return { client, bucket, region: config.region, prefix: '', close };
    },
    wireDifferences,
  );
  const open = opening(false);
  objectStoreContract('moto', open, {
    child,
    another: open,
    knownDifferences: differences,
    largeSize: 128 * 1024 * 1024,
  });
  // Processes of their own, and what is large, are asked for as above.
  const openDirectly = opening(true);
  objectStoreContract('moto, asked directly', openDirectly, { another: openDirectly, knownDifferences: differences });
  afterAll(async () => {
    await moto.close();
  });
}

async function makeBucket(client: S3Client, Bucket: string): Promise<string> {
  await client.send(new CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  return Bucket;
}
