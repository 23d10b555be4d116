import { createHash, randomUUID } from 'node:crypto';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ProxiedRequest } from '../proxy/proxy.ts';
import type { ClientConfig } from '../s3-server.ts';
import { makeBucket } from './at-endpoint.ts';

/** A bucket with versions, at an emulator. */
interface Emulated {
  readonly config: ClientConfig;
  /** Asks once. */
  readonly client: S3Client;
  readonly Bucket: string;
}

/** Something that an emulator of S3 does wrong, as far as deletion could stand on it. */
interface Wrong {
  readonly what: string;
  /** What is done about it here. */
  readonly here: string;
  /** What it answers there, where that can be seen. */
  readonly answers: (emulated: Emulated) => Promise<unknown>;
  readonly wrongly: unknown;
  /** What S3 answers; where it may also be 409, an S3 that serves one request about a key after the other. */
  readonly rightly: unknown;
  /** Whether a request stands on what the emulator does wrong; absent where the line sees to it. */
  readonly standsOn?: (request: ProxiedRequest) => boolean;
}

/** Content that `MEET` waits for. */
const MEETING = 'meet here';

/**
 * For moto's process: who stores this content waits, once it has looked whether its condition holds, until a second one has done so too. Were the second kept out
 * for as long, the first would give up waiting.
 */
export const MEET: string = `
import threading
from moto.s3.models import S3Backend
meeting = threading.Barrier(2, timeout=20)
put_object = S3Backend.put_object
def meet(self, bucket_name, key_name, value, *args, **kwargs):
    if value == b"${MEETING}":
        try:
            meeting.wait()
        except threading.BrokenBarrierError:
            pass
    return put_object(self, bucket_name, key_name, value, *args, **kwargs)
S3Backend.put_object = meet
`;

export const MOTO_IS_WRONG: readonly Wrong[] = [
  {
    what: 'looks whether a condition holds and then writes, lets others in between, and tells none 409 ConditionalRequestConflict',
    here: 'the line delivers requests about one key one after the other, and says 409 itself',
    answers: async (emulated) => {
      const creates = (): Promise<number> => puts(emulated, 'both', { Body: MEETING, IfNoneMatch: '*' });
      return (await Promise.all([creates(), creates()])).sort();
    },
    wrongly: [200, 200],
    rightly: [200, 412],
  },
  {
    what: 'verifies no checksum',
    here: 'nothing is sent that is wrong on purpose, and what is judged is read whole and compared with its name',
    answers: (emulated) => puts(emulated, 'checksum', { Body: 'a', ChecksumSHA256: sha256('b') }),
    wrongly: 200,
    rightly: 400,
  },
  {
    what: 'verifies no signature',
    here: 'everybody signs as who may do everything',
    answers: async ({ config, Bucket }) => {
      const credentials = { ...config.credentials, secretAccessKey: 'wrong' };
      const client = new S3Client({ ...config, credentials, maxAttempts: 1 });
      try {
        return await puts({ config, client, Bucket }, 'signature', { Body: 'a' });
      } finally {
        client.destroy();
      }
    },
    wrongly: 200,
    rightly: 403,
  },
  {
    what: 'ignores the conditions of CopyObject',
    here: 'no content has a second filename, so nothing is copied',
    answers: async (emulated) => {
      const { client, Bucket } = emulated;
      await puts(emulated, 'from', { Body: 'new' });
      await puts(emulated, 'to', { Body: 'old' });
      const input = { Bucket, Key: 'to', CopySource: `${Bucket}/from`, IfNoneMatch: '*' };
      return statusOf(client.send(new CopyObjectCommand(input)));
    },
    wrongly: 200,
    rightly: 412,
    standsOn: ({ headers }) => headers['x-amz-copy-source'] !== undefined,
  },
  {
    what: 'ignores If-Match of CompleteMultipartUpload',
    here: 'nothing goes up in parts',
    answers: async (emulated) => {
      const { client, Bucket } = emulated;
      await puts(emulated, 'parts', { Body: 'old' });
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
      const upload = { Bucket, Key: 'parts', UploadId };
      const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'new' }));
      const input = { ...upload, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] }, IfMatch: '"another"' };
      return statusOf(client.send(new CompleteMultipartUploadCommand(input)));
    },
    wrongly: 200,
    rightly: 412,
    standsOn: ({ url }) => /[?&]upload(?:s|Id)\b/.test(url),
  },
  {
    what: 'removes several objects at once whatever their ETags',
    here: 'each is removed by a request of its own',
    answers: async (emulated) => {
      const { client, Bucket } = emulated;
      await puts(emulated, 'several', { Body: 'a' });
      const Delete = { Objects: [{ Key: 'several', ETag: '"another"' }] };
      const { Deleted = [], Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
      return { deleted: Deleted.length, refused: Errors.length };
    },
    wrongly: { deleted: 1, refused: 0 },
    rightly: { deleted: 0, refused: 1 },
    standsOn: ({ method, url }) => method === 'POST' && /[?&]delete\b/.test(url),
  },
  {
    what: 'takes whatever owner is expected where it stores',
    here: 'none is expected',
    answers: (emulated) => puts(emulated, 'owner', { Body: 'a', ExpectedBucketOwner: '999999999999' }),
    wrongly: 200,
    rightly: 403,
    standsOn: ({ headers }) => headers['x-amz-expected-bucket-owner'] !== undefined,
  },
  {
    what: 'answers 404 where a delete marker is read by its version',
    here: 'nothing is read by its version',
    answers: async ({ client, Bucket }) => {
      const { VersionId } = await client.send(new DeleteObjectCommand({ Bucket, Key: 'marker' }));
      return statusOf(client.send(new GetObjectCommand({ Bucket, Key: 'marker', VersionId })));
    },
    wrongly: 404,
    rightly: 405,
    standsOn: ({ method, url }) => (method === 'GET' || method === 'HEAD') && /[?&]versionId=/.test(url),
  },
];

/** What is answered at an endpoint, in a bucket with versions. */
export async function answeredAt(config: ClientConfig, answers: Wrong['answers']): Promise<unknown> {
  const Bucket = `asked-${randomUUID()}`;
  await makeBucket(config, Bucket);
  const client = new S3Client({ ...config, maxAttempts: 1, requestChecksumCalculation: 'WHEN_REQUIRED' });
  try {
    return await answers({ config, client, Bucket });
  } finally {
    client.destroy();
  }
}

function puts(
  { client, Bucket }: Emulated,
  Key: string,
  input: Omit<PutObjectCommandInput, 'Bucket' | 'Key'>,
): Promise<number> {
  return statusOf(client.send(new PutObjectCommand({ Bucket, Key, ...input })));
}

async function statusOf(
  asking: Promise<{ readonly $metadata: { readonly httpStatusCode?: number } }>,
): Promise<number> {
  try {
    return (await asking).$metadata.httpStatusCode ?? 0;
  } catch (error) {
    const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === undefined) throw error;
    return status;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
