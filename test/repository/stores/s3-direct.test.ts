import { getEventListeners, once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Content } from '../../../repository/content.ts';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import { digestToBase64 } from '../../../repository/digest.ts';
import type { ArtifactError } from '../../../repository/error.ts';
import type { Incarnation, ObjectKey, ObjectStore, Revision } from '../../../repository/object-store.ts';
import { leaveBody, objectKey } from '../../../repository/object-store.ts';
import { DirectS3 } from '../../../repository/stores/s3-direct.ts';
import type { S3StoreOptions } from '../../../repository/stores/s3.ts';
import { bucketRegion, s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { generatedContent } from '../../support/generated-content.ts';
import type { Identity } from '../../support/s3-server-auth.ts';
import type { Statement } from '../../support/iam/policy.ts';
import type { Fault } from '../../support/s3-server-faults.ts';
import { INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE, SLOW_DOWN } from '../../support/s3-server-faults.ts';
import type { Bucket } from '../../support/s3-server-state.ts';
import type { RecordedRequest, S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';

const MIB = 1024 * 1024;
const BUCKET = 'asked-directly';
const SECRET = 'wJalrXUtnFEMI';
const KMS_KEY = `arn:aws:kms:us-east-1:${TEST_ACCOUNT}:key/k`;

const IDENTITIES: Readonly<Record<string, Identity>> = {
  test: { account: TEST_ACCOUNT, secretAccessKey: SECRET },
  session: { account: TEST_ACCOUNT, secretAccessKey: SECRET, sessionToken: 'IQoJb3JpZ2luX2VjEJr+/=' },
  nobody: { account: TEST_ACCOUNT, policies: [] },
};

/** What URLs, signatures and proxies could spoil. */
const KEYS: readonly string[] = [
  'plain',
  'with a space and  two',
  'a+b',
  'quotes\'single\'"double"`back`',
  "!'()*",
  'a//b',
  '/leading',
  'trailing/',
  '../up/./here/..',
  '.',
  'café/cafe\u0301/日本語/📦',
  '100%/%41%2f',
  'a?b=c&d#e',
  '~_-.;:@$,^|\\{}[]<>',
];

let server: S3Server;
let bucket: Bucket;
let clients: S3Client[] = [];
let others: Server[] = [];

beforeEach(async () => {
  server = await startS3Server({ identities: IDENTITIES });
  bucket = server.createBucket(BUCKET, { versioning: 'Enabled', objectLock: true });
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  for (const other of others) other.close().closeAllConnections();
  clients = [];
  others = [];
  await server.close();
});

function clientOf(config: S3ClientConfig = {}, as = 'test'): S3Client {
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(as), ...config });
  clients.push(client);
  return client;
}

function storeOf(client: S3Client, directly: boolean, options: Partial<S3StoreOptions> = {}): ObjectStore {
  return s3Store({ client, bucket: BUCKET, ...(directly && { direct: new DirectS3(client) }), ...options });
}

const key = objectKey('a');
interface Where {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
  readonly Range?: string;
}

const at = (Key: string, more: object = {}): Where => ({ Bucket: BUCKET, Key, ...more });

type Asked = Parameters<DirectS3['ask']>[2];

/** The input of a PUT, and its body. */
function writing(Key: string, text: string | Uint8Array, input: object = {}): readonly [Where, Asked] {
  const bytes = Buffer.from(text);
  const { sha256, size } = contentOf(bytes);
  const said = { ContentLength: size, ChecksumAlgorithm: 'SHA256', ChecksumSHA256: digestToBase64(sha256) };
  return [{ ...at(Key), ...said, ...input }, { body: { bytes, sha256 } }];
}

async function put(direct: DirectS3, Key: string, text: string | Uint8Array, input: object = {}): Promise<unknown> {
  return await direct.ask('PutObject', ...writing(Key, text, input));
}

interface Sent {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: object;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A client whose requests go nowhere, and seem to succeed. */
function recording(config: S3ClientConfig): { readonly client: S3Client; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const handle = async (request: Sent): Promise<object> => {
    sent.push(request);
    if (request.body instanceof Readable) request.body.resume();
    return { response: { statusCode: 200, headers: { etag: '"e"' }, body: Readable.from([]) } };
  };
  const requestHandler = { handle } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'token' };
  const client = new S3Client({ ...s3ClientDefaults, credentials, ...config, requestHandler });
  return { client, sent };
}

describe('what is asked', () => {
  /** What differs from one request to the next, and what only the SDK says of itself. */
  const OF_EACH = /^(?:authorization|amz-sdk-.*|user-agent|x-amz-user-agent|x-amz-date|connection)$/;

  function lasting(headers: object): unknown {
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_EACH.test(name)));
  }

  function essence({ method, protocol, hostname, port, path, query, headers }: Sent): unknown {
    const scope = /Credential=[^/]+\/\d+\/(?<scope>[^,]+),/.exec(headers['authorization'] ?? '')?.groups?.['scope'];
    return { ...{ method, protocol, hostname, port, path, query, scope }, headers: lasting(headers) };
  }

  async function askAll(store: ObjectStore, name: string): Promise<void> {
    const here = name as ObjectKey;
    const attributes = { contentType: 'text/plain; charset=utf-8', metadata: { Team: 'a  b', 'x-Y': '=?é?=' } };
    await store.head(here);
    for (const incarnation of [undefined, 'version+/=1' as Incarnation, '"etag"' as Incarnation]) {
      for (const from of [0, 7]) await leaveBody((await store.read(here, incarnation, from))!);
    }
    await store.create(here, contentOf('x'), attributes);
    await store.create(here, contentOf(''));
    await store.replace(here, contentOf('é'.repeat(1000)), '"e"' as Revision, { contentType: 'a/b' });
    await store.overwrite(here, contentOf('x'));
  }

  async function sentBy(config: S3ClientConfig, name: string, of: string, directly: boolean): Promise<Sent[]> {
    const { client, sent } = recording(config);
    const options = { bucket: name, expectedOwner: TEST_ACCOUNT, kmsKeyId: KMS_KEY, metadata: { all: 'y' } };
    await askAll(storeOf(client, directly, options), of);
    await bucketRegion(client, name, TEST_ACCOUNT, undefined, directly ? new DirectS3(client) : undefined);
    return sent;
  }

  const aws = { region: 'eu-central-1', ignoreConfiguredEndpointUrls: true };

  test.each<[string, S3ClientConfig]>([
    ['a Region', aws],
    ['us-east-1', { ...aws, region: 'us-east-1' }],
    ['us-east-1 by the global name', { ...aws, region: 'us-east-1', useGlobalEndpoint: true }],
    ['China', { ...aws, region: 'cn-north-1' }],
    ['GovCloud', { ...aws, region: 'us-gov-west-1' }],
    ['a Region with the bucket in the path', { ...aws, forcePathStyle: true }],
    ['FIPS', { ...aws, region: 'us-east-2', useFipsEndpoint: true }],
    ['IPv6', { ...aws, useDualstackEndpoint: true }],
    ['FIPS and IPv6', { ...aws, region: 'us-west-2', useFipsEndpoint: true, useDualstackEndpoint: true }],
    ['acceleration', { ...aws, useAccelerateEndpoint: true }],
    ['an endpoint', { ...aws, endpoint: 'https://storage.example.com' }],
    ['an endpoint with a port', { ...aws, endpoint: 'http://storage.example.com:9000' }],
    ['an endpoint with the port of its scheme', { ...aws, endpoint: 'https://storage.example.com:443' }],
    ["an endpoint with another scheme's port", { ...aws, endpoint: 'http://storage.example.com:443/' }],
    ['an endpoint with a path', { ...aws, endpoint: 'https://example.com:8443/base/s3/', forcePathStyle: true }],
    ['an endpoint with a path before the key alone', { ...aws, endpoint: 'https://example.com/base' }],
    ['an IPv4 address', { ...aws, endpoint: 'http://127.0.0.1:9000', forcePathStyle: true }],
    ['an IPv4 address without a port', { ...aws, endpoint: 'http://127.0.0.1' }],
    ['an IPv6 address', { ...aws, endpoint: 'http://[::1]:9000', forcePathStyle: true }],
    ['a Region that is not the one of its first signature', { ...aws, signingRegion: 'us-west-1' }],
    ['a VPC endpoint', { ...aws, endpoint: 'https://bucket.vpce-1a2b-5e6f.s3.eu-central-1.vpce.amazonaws.com' }],
  ])('goes where the SDK sends it, and says what it says: %s', async (_, config) => {
    for (const name of ['plain-bucket', 'dotted.bucket.name', 'point-0123456789abcdefghij-s3alias']) {
      // Acceleration has no names with dots, and the SDK says so.
      const bySdk = await sentBy(config, name, KEYS[1]!, false).catch((error: unknown) => String(error));
      const directly = await sentBy(config, name, KEYS[1]!, true).catch((error: unknown) => String(error));
      const essences = (sent: Sent[] | string): unknown => (typeof sent === 'string' ? sent : sent.map(essence));
      expect(essences(directly)).toEqual(essences(bySdk));
      expect(typeof directly === 'string' || directly.every(({ headers }) => !('amz-sdk-request' in headers))).toBe(
        true,
      );
    }
  });

  test.each(KEYS)('has the key %j as the SDK has it', async (name) => {
    for (const config of [aws, { ...aws, endpoint: 'http://[::1]:9000/base/', forcePathStyle: true }]) {
      const [directly, bySdk] = [await sentBy(config, BUCKET, name, true), await sentBy(config, BUCKET, name, false)];
      expect(directly.map(essence)).toEqual(bySdk.map(essence));
      expect(directly).toHaveLength(12);
    }
  });

  test('arrives as what the SDK sends, parts included, and always with the owner that is expected', async () => {
    server.settings.minimumPartSize = 1;
    const arrived = async (directly: boolean): Promise<RecordedRequest[]> => {
      server.requests.length = 0;
      const options = { expectedOwner: TEST_ACCOUNT, limits: { single: MIB, part: 2 * MIB }, metadata: { all: 'y' } };
      const store = storeOf(clientOf(), directly, options);
      const name = objectKey(`in parts ${String(directly)}`);
      await store.create(name, generatedContent(2 * MIB + 10), { contentType: 'a/b' });
      await store.create(objectKey(`${name}!`), contentOf('x'));
      await store.head(name);
      await leaveBody((await store.read(name))!);
      return server.requests.splice(0);
    };
    const [directly, bySdk] = [await arrived(true), await arrived(false)];
    const told = ({ operation, headers, status }: RecordedRequest): unknown => [operation, status, lasting(headers)];
    const inOrder = (requests: RecordedRequest[]): unknown =>
      requests.map(told).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    expect(inOrder(directly)).toEqual(inOrder(bySdk));
    expect(directly.every(({ headers }) => headers['x-amz-expected-bucket-owner'] === TEST_ACCOUNT)).toBe(true);
    const passedBy = directly.filter(({ headers }) => headers['amz-sdk-request'] === undefined);
    expect(passedBy.map(({ operation }) => operation).sort()).toEqual([
      ...['GetObject', 'HeadObject', 'PutObject', 'UploadPart'],
    ]);
    expect(passedBy.every(({ headers }) => headers['user-agent']?.startsWith('aws-sdk-js/') === true)).toBe(true);
  });
});

/** What the stores read of an answer. */
const MEMBERS: readonly string[] = [
  ...['ETag', 'LastModified', 'ContentLength', 'ContentRange', 'ContentType', 'VersionId', 'ChecksumSHA256'],
  ...['ChecksumType', 'Metadata', 'TagCount', 'ObjectLockLegalHoldStatus', 'ServerSideEncryption', 'SSEKMSKeyId'],
];

const LEFT = 'left to the SDK';

async function told(asking: Promise<object | undefined>, members = MEMBERS): Promise<unknown> {
  try {
    const answer = (await asking) as Record<string, unknown> | undefined;
    if (answer === undefined) return LEFT;
    const { Body, $metadata } = answer as { Body?: Readable; $metadata: { httpStatusCode: number } };
    return {
      ...Object.fromEntries(members.map((member) => [member, answer[member]])),
      status: $metadata.httpStatusCode,
      ...(Body !== undefined && { text: (await bytesOf(Body)).toString() }),
    };
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
}

describe('an answer', () => {
  /** Directly and by the SDK; the same, and no other than that. */
  async function toldTwice(direct: DirectS3, client: S3Client, input: Where): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (const [operation, command] of [
      ['HeadObject', new HeadObjectCommand(input)],
      ['GetObject', new GetObjectCommand(input)],
    ] as const) {
      const directly = await told(direct.ask(operation, input));
      const expected = await told(client.send(command));
      // A HEAD's refusal has no words of S3, and the SDK's own don't matter.
      const words = operation === 'HeadObject' ? { message: expect.any(String) } : {};
      const isRefusal = typeof expected === 'object' && expected !== null && 'name' in expected;
      expect(directly).toEqual(isRefusal ? { ...expected, ...words } : expected);
      answers.push(directly);
    }
    return answers;
  }

  test.each(KEYS)('about %j is what the SDK tells', async (name) => {
    const client = clientOf();
    const direct = new DirectS3(client);
    const owned = { ExpectedBucketOwner: TEST_ACCOUNT };
    const attributes = { ContentType: 'text/x; charset=utf-8', Metadata: { Team: 'a  b', 'x-Y': "it's" } };
    const first = (await put(direct, name, 'first', { ...owned, ...attributes, IfNoneMatch: '*' })) as {
      ETag: string;
      VersionId: string;
    };
    expect(bucket.current(name)).toMatchObject({
      headers: { 'content-type': attributes.ContentType },
      metadata: { team: 'a  b', 'x-y': "it's" },
    });
    const kms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KMS_KEY };
    await put(direct, name, 'second, which is longer', { ...kms, IfMatch: first.ETag });
    const here = { ...at(name), ...owned };
    const answers = [
      await toldTwice(direct, client, here),
      await toldTwice(direct, client, { ...here, VersionId: first.VersionId }),
      await toldTwice(direct, client, { ...here, Range: 'bytes=7-' }),
      await toldTwice(direct, client, { ...here, Range: 'bytes=0-0', VersionId: first.VersionId }),
    ];
    expect(answers.map(([, got]) => got)).toMatchObject([
      { text: 'second, which is longer', ...kms, ContentType: 'application/octet-stream' },
      { text: 'first', Metadata: { team: 'a  b', 'x-y': "it's" } },
      { text: ' which is longer', ContentRange: 'bytes 7-22/23', status: 206 },
      { text: 'f', VersionId: first.VersionId },
    ]);
    await expect(put(direct, name, 'third', { IfMatch: first.ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    await toldTwice(direct, client, at(`${name}absent`));
    await client.send(new DeleteObjectCommand(at(name)));
    const [head, got] = await toldTwice(direct, client, at(name));
    expect(head).toMatchObject({ name: 'NotFound', status: 404 });
    expect(got).toMatchObject({ name: 'NoSuchKey', status: 404 });
  });

  test('tells checksums, holds and tags, and of an empty object that it is empty', async () => {
    const client = clientOf();
    const direct = new DirectS3(client);
    await put(direct, 'empty', '');
    await client.send(new PutObjectLegalHoldCommand({ ...at('empty'), LegalHold: { Status: 'ON' } }));
    const Tagging = { TagSet: ['a', 'b'].map((name) => ({ Key: name, Value: 'x' })) };
    await client.send(new PutObjectTaggingCommand({ ...at('empty'), Tagging }));
    const [, got] = await toldTwice(direct, client, at('empty'));
    expect(got).toMatchObject({ ContentLength: 0, text: '', ObjectLockLegalHoldStatus: 'ON', TagCount: 2 });
    const checked = { ...at('empty'), ChecksumMode: 'ENABLED' } as const;
    const head = await told(direct.ask('HeadObject', checked));
    expect(head).toEqual(await told(client.send(new HeadObjectCommand(checked))));
    expect(head).toMatchObject({ ChecksumSHA256: digestToBase64(contentOf('').sha256), ChecksumType: 'FULL_OBJECT' });
  });

  test('that denies is what the SDK tells, and asked for once', async () => {
    const client = clientOf({}, 'nobody');
    const direct = new DirectS3(client);
    await put(new DirectS3(clientOf()), 'a', 'x');
    server.requests.length = 0;
    for (const name of ['a', 'none']) {
      expect(await toldTwice(direct, client, at(name))).toMatchObject([
        { name: 'Unknown', status: 403 },
        { name: 'AccessDenied', status: 403 },
      ]);
    }
    expect(server.requests).toHaveLength(8);
    expect(await told(direct.ask('PutObject', ...writing('a', 'x')))).toMatchObject({
      name: 'AccessDenied',
      status: 403,
    });
  });

  test.each<[string, object, string]>([
    ['has no date', { date: '' }, 'No.'],
    ['is of another time', { date: new Date(Date.now() + 5 * 60_000).toUTCString() }, 'No.'],
    ['has words that are not understood', {}, 'on resource <arn>'],
  ])('that denies and %s is left to the SDK', async (_, headers, words) => {
    const endpoint = await answering((request, response) => {
      response.writeHead(403, { ...headers });
      response.end(denial(words));
    });
    const direct = new DirectS3(clientOf({ endpoint }));
    expect(await direct.ask('GetObject', at('a'))).toBeUndefined();
  });

  test('to a PUT is what the SDK tells', async () => {
    const client = clientOf();
    const direct = new DirectS3(client);
    const kms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KMS_KEY } as const;
    // Of what is under a KMS key the ETag is no digest, and differs each time.
    const members = MEMBERS.filter((member) => !['VersionId', 'ContentLength', 'ETag'].includes(member));
    for (const input of [{}, kms, { IfNoneMatch: '*' }, { IfMatch: '"other"' }]) {
      const [said, asked] = writing('a', 'x', input);
      const command = new PutObjectCommand({ ...said, Body: 'x' });
      const directly = await told(direct.ask('PutObject', said, asked), members);
      expect(directly).toEqual(await told(client.send(command), members));
      expect(directly).not.toBe(LEFT);
    }
  });

  test('is the same of whatever object', async () => {
    const client = clientOf();
    const direct = new DirectS3(client);
    const visible = fc.string({
      unit: fc.constantFrom(...Array.from(' !"%&\'*+,-./:;<=>?@[]^_`{|}~aZ09')),
      maxLength: 30,
    });
    const text = visible.map((value) => value.trim()).filter((value) => value !== '');
    const metadata = fc.dictionary(fc.constantFrom('a', 'Team', 'x-y-z', 'constructor'), text);
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(name, fc.uint8Array({ maxLength: 300 }), metadata, text, async (name, bytes, Metadata, type) => {
        await put(direct, name, bytes, { Metadata, ContentType: type });
        const [, got] = await toldTwice(direct, client, at(name));
        expect(got).toMatchObject({ text: Buffer.from(bytes).toString(), ContentType: type });
        const stored = await client.send(new GetObjectCommand(at(name)));
        expect(await bytesOf(stored.Body as Readable)).toEqual(Buffer.from(bytes));
        expect(stored.Metadata).toEqual(
          Object.fromEntries(Object.entries(Metadata).map(([member, value]) => [member.toLowerCase(), value])),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe("a bucket's Region", () => {
  test.each<[string, string, S3ClientConfig, string]>([
    ['here', BUCKET, {}, 'us-east-1'],
    ['far away', 'far-away', {}, 'ap-south-1'],
    ['far away, where the SDK follows', 'far-away', { followRegionRedirects: true }, 'ap-south-1'],
    ['far away, from there', 'far-away', { region: 'ap-south-1' }, 'ap-south-1'],
    ['of nothing', 'nowhere', {}, 'BUCKET_NOT_FOUND'],
    ['of another account', 'theirs', {}, 'WRONG_OWNER'],
  ])('%s is told alike', async (_, name, config, expected) => {
    server.createBucket('far-away', { region: 'ap-south-1' });
    server.createBucket('theirs', { owner: '444455556666' });
    const open: Statement = { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::theirs' };
    server.identities.set('owner', { account: '444455556666', secretAccessKey: SECRET });
    const Policy = JSON.stringify({ Statement: open });
    await clientOf({}, 'owner').send(new PutBucketPolicyCommand({ Bucket: 'theirs', Policy }));
    for (const owner of [TEST_ACCOUNT, ...(name === 'theirs' ? [] : [undefined])]) {
      const tellings = [false, true].map(async (directly) => {
        const client = clientOf(config);
        const direct = directly ? new DirectS3(client) : undefined;
        return await bucketRegion(client, name, owner, undefined, direct).catch(
          (error: unknown) => (error as ArtifactError).code,
        );
      });
      expect(await Promise.all(tellings)).toEqual([expected, expected]);
    }
  });
});

describe('to the SDK is left', () => {
  test.each<[string, string, object]>([
    ['an operation that is not known', 'DeleteObject', at('a')],
    ['a member that is not known', 'HeadObject', { ...at('a'), PartNumber: 1 }],
    ['a member of one operation in another', 'GetObject', { ...at('a'), IfNoneMatch: '*' }],
    ['a date', 'GetObject', { ...at('a'), IfModifiedSince: new Date() }],
    ['what is no text', 'PutObject', { ...at('a'), BucketKeyEnabled: true }],
    ['a body that the input has', 'PutObject', { ...at('a'), Body: Buffer.from('x') }],
    ['a body that is to be verified', 'GetObject', { ...at('a'), ChecksumMode: 'ENABLED' }],
    ['no key', 'PutObject', at('')],
    ['no bucket', 'GetObject', { ...at('a'), Bucket: '' }],
    ['an ARN', 'GetObject', { ...at('a'), Bucket: `arn:aws:s3:us-east-1:${TEST_ACCOUNT}:accesspoint/p` }],
    ['a bucket that ends in a key', 'GetObject', { ...at('a'), Bucket: `${BUCKET}/folder` }],
    ['a bucket of an older time', 'GetObject', { ...at('a'), Bucket: 'Older_Bucket' }],
    ['a bucket of S3 Express', 'GetObject', { ...at('a'), Bucket: 'fast--use1-az4--x-s3' }],
  ])('%s', async (_, operation, input) => {
    const direct = new DirectS3(clientOf({ forcePathStyle: false }));
    expect(await direct.ask(operation, input as Where)).toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  const none = async (): Promise<never> => {
    throw new Error('there is none');
  };

  test.each<[string, S3ClientConfig]>([
    ['that paces itself', { retryMode: 'adaptive' }],
    ['that asks once', { maxAttempts: 1 }],
    ['that verifies what it reads', { responseChecksumValidation: 'WHEN_SUPPORTED' }],
    ['that is set up wrong', { retryMode: none }],
    ['whose buckets are endpoints', { bucketEndpoint: true }],
    ['that knows no Region', { region: none }],
    ['that knows no credentials', { credentials: none }],
    ['with endpoints that contradict each other', { useFipsEndpoint: true, useAccelerateEndpoint: true }],
  ])('a client %s', async (_, config) => {
    expect(await new DirectS3(clientOf(config)).ask('HeadObject', at('a'))).toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  test('a client that may find its endpoint in files that only the SDK reads', async () => {
    const { client, sent } = recording({ region: 'us-east-1' });
    expect(await new DirectS3(client).ask('HeadObject', at('a'))).toBeUndefined();
    expect(sent).toEqual([]);
  });

  test.each<[string, Fault]>([
    ['what fails in S3', INTERNAL_ERROR],
    ['what comes too fast', SLOW_DOWN],
    ['what is undecided', { effect: 'error', code: 'ConditionalRequestConflict' }],
    ['what is signed wrong', { effect: 'error', code: 'SignatureDoesNotMatch' }],
    ['what did not arrive', RESET_BEFORE],
    ['what has no answer', RESET_AFTER],
    ['an error inside an answer of 200', { effect: 'error-in-200', code: 'InternalError' }],
  ])('%s', async (_, fault) => {
    server.faults.add({ fault });
    const direct = new DirectS3(clientOf());
    expect(await put(direct, 'a', 'x')).toBeUndefined();
    expect(await put(direct, 'a', 'x')).toMatchObject({ $metadata: { httpStatusCode: 200 } });
  });

  test('an answer that only the SDK understands', async () => {
    const direct = new DirectS3(clientOf());
    await put(direct, 'a', 'x');
    const asked: readonly (readonly [string, object])[] = [
      ['HeadObject', { IfMatch: '"other"' }],
      ['HeadObject', { VersionId: 'x'.repeat(32) }],
      ['GetObject', { VersionId: 'x'.repeat(32) }],
      ['GetObject', { Range: 'bytes=9-' }],
      ['GetObject', { Bucket: 'nowhere' }],
    ];
    const statuses: unknown[] = [];
    for (const [operation, input] of asked) {
      const answer = await told(direct.ask(operation, { ...at('a'), ...input }));
      statuses.push([answer === LEFT || answer, server.requests.at(-1)?.status]);
    }
    // Of a HEAD that names no such version S3 says no more than that it is not there.
    expect(statuses).toMatchObject([
      [true, 412],
      [{ name: 'NotFound' }, 404],
      ...[404, 416, 404].map((status) => [true, status]),
    ]);
  });

  test('a bucket in another Region, and not asked for again', async () => {
    server.createBucket('far-away', { region: 'ap-south-1' });
    const direct = new DirectS3(clientOf());
    const there = { Bucket: 'far-away', Key: 'a' };
    for (let round = 0; round < 3; round += 1) expect(await direct.ask('HeadObject', there)).toBeUndefined();
    expect(server.requests.map(({ status }) => status)).toEqual([301]);
    await expect(direct.ask('HeadObject', at('a'))).rejects.toMatchObject({ name: 'NotFound' });
  });
});

describe('a signature', () => {
  test.each(['test', 'session'])('is verified by S3 (%s)', async (as) => {
    const good = new DirectS3(clientOf({}, as));
    expect(await put(good, "a b/é+'*", 'x', { Metadata: { m: ' two  spaces ' } })).toMatchObject({
      ETag: expect.any(String),
    });
    const { credentials } = server.clientConfig(as);
    const bad = new DirectS3(clientOf({ credentials: { ...credentials, secretAccessKey: 'wrong' } }));
    expect(await bad.ask('GetObject', at('a'))).toBeUndefined();
    expect(server.requests.at(-1)).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });

  test('covers the bytes: others are refused, and nothing is stored', async () => {
    const [input, asked] = writing('a', 'x');
    const direct = new DirectS3(clientOf());
    expect(
      await direct.ask('PutObject', input, { body: { ...asked!.body!, bytes: Buffer.from('y') } }),
    ).toBeUndefined();
    expect(bucket.isEmpty).toBe(true);
  });

  test('is dated by the clock of S3, once the SDK has seen that its own is wrong', async () => {
    const s3 = await answering((request, response) => {
      const now = Date.now() + 60 * 60_000;
      const said = String(request.headers['x-amz-date']).replace(SHORT_DATE, '$1-$2-$3T$4:$5:$6Z');
      const isWrong = !(Math.abs(Date.parse(said) - now) < 15 * 60_000);
      const date = new Date(now).toUTCString();
      response.writeHead(isWrong ? 403 : 200, { 'content-type': 'application/xml', etag: '"e"', date });
      response.end(isWrong ? '<Error><Code>RequestTimeTooSkewed</Code><Message>No.</Message></Error>' : 'x');
    });
    const client = clientOf({ endpoint: s3 });
    const store = storeOf(client, true);
    const direct = new DirectS3(client);
    expect(await direct.ask('GetObject', at('a'))).toBeUndefined();
    await leaveBody((await store.read(key))!);
    expect(await told(direct.ask('GetObject', at('a')))).toMatchObject({ text: 'x' });
  });

  test('stands in no error', async () => {
    const direct = new DirectS3(clientOf({}, 'session'));
    await put(direct, 'a', 'x');
    const asked = [direct.ask('GetObject', at('none')), put(direct, 'a', 'x', { IfNoneMatch: '*' })];
    for (const asking of asked) {
      const text = inspect(await asking.catch((error: unknown) => error), { depth: 20, showHidden: true });
      expect(text).toMatch(/NoSuchKey|PreconditionFailed/);
      expect(text).not.toMatch(/AWS4-HMAC|Signature=|wJalr|IQoJb3/);
    }
  });
});

describe('an interruption', () => {
  const REASON = new Error('enough');

  test('before anything is asked is told as what it is, and nothing is asked', async () => {
    const signal = AbortSignal.abort(REASON);
    await expect(new DirectS3(clientOf()).ask('HeadObject', at('a'), { signal })).rejects.toBe(REASON);
    expect(server.requests).toEqual([]);
  });

  test.each(['HeadObject', 'GetObject', 'PutObject'])('ends %s that is under way', async (operation) => {
    const ending = new AbortController();
    const { signal } = ending;
    const until = async (): Promise<void> => {
      ending.abort(REASON);
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    server.faults.add({ fault: { effect: 'hold', until } });
    const [input, asked] = operation === 'PutObject' ? writing('a', 'x') : ([at('a'), {}] as const);
    await expect(new DirectS3(clientOf()).ask(operation, input, { ...asked, signal })).rejects.toBe(REASON);
  });

  test('ends the reading of a refusal that does not arrive', async () => {
    const ending = new AbortController();
    const s3 = await answering((_, response) => {
      response.writeHead(404, { 'content-length': '1000' });
      response.write('<Error>');
      setTimeout(() => {
        ending.abort(REASON);
      }, 20);
    });
    const direct = new DirectS3(clientOf({ endpoint: s3 }));
    await expect(direct.ask('GetObject', at('a'), { signal: ending.signal })).rejects.toBe(REASON);
  });

  test('ends a body that is read', async () => {
    const ending = new AbortController();
    const direct = new DirectS3(clientOf());
    const store = storeOf(clientOf(), false);
    await store.create(key, generatedContent(30 * MIB));
    const answer = (await direct.ask('GetObject', at('a'), { signal: ending.signal })) as { Body: Readable };
    ending.abort(REASON);
    await expect(bytesOf(answer.Body)).rejects.toBeDefined();
  });

  test('has no listeners left once all is answered', async () => {
    const { signal } = new AbortController();
    const direct = new DirectS3(clientOf());
    await put(direct, 'a', 'x');
    for (let round = 0; round < 20; round += 1) {
      await told(direct.ask('GetObject', at('a'), { signal }));
      await told(direct.ask('HeadObject', at('none'), { signal }));
      await told(direct.ask('PutObject', ...withSignal(writing('a', 'y', { IfNoneMatch: '*' }), signal)));
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

function withSignal([input, asked]: ReturnType<typeof writing>, signal: AbortSignal): readonly [Where, Asked] {
  return [input, { ...asked, signal }];
}

describe('a small body', () => {
  const content = contentOf('x'.repeat(1000));

  test('that cannot be read is its own failure, and leaves nothing', async () => {
    const gone = Object.assign(new Error('it is another file now'), { code: 'ECONNRESET' });
    const broken: Content = {
      ...content,
      async *read() {
        yield Buffer.from('x'.repeat(500));
        throw gone;
      },
    };
    await expect(storeOf(clientOf(), true).create(key, broken)).rejects.toBe(gone);
    expect(server.requests).toEqual([]);
    expect(bucket.isEmpty).toBe(true);
  });

  test.each([
    ['shorter', 999],
    ['longer', 1001],
  ])('that is %s than announced leaves nothing', async (_, length) => {
    const other: Content = { ...content, read: () => contentOf('x'.repeat(length)).read() };
    await expect(storeOf(clientOf(), true).create(key, other)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(server.requests).toEqual([]);
  });

  test('that is another than announced is refused by S3', async () => {
    const other: Content = { ...content, read: () => contentOf('y'.repeat(1000)).read() };
    await expect(storeOf(clientOf(), true).create(key, other)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(bucket.isEmpty).toBe(true);
  });

  test('is not read once it is interrupted, and its reader is closed', async () => {
    const ending = new AbortController();
    const ends: string[] = [];
    const slow: Content = {
      ...content,
      async *read() {
        try {
          for (;;) {
            yield Buffer.from('x');
            ends.push('read');
            ending.abort();
          }
        } finally {
          ends.push('closed');
        }
      },
    };
    const store = storeOf(clientOf(), true, { signal: ending.signal });
    await expect(store.create(key, slow)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(ends).toEqual(['read', 'closed']);
    await expect(store.create(key, slow)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(ends).toEqual(['read', 'closed']);
    expect(server.requests).toEqual([]);
  });

  test('is sent past the SDK below 2 MiB, and read anew where the SDK is asked after all', async () => {
    const [small, large] = [generatedContent(2 * MIB - 1), generatedContent(2 * MIB)];
    const store = storeOf(clientOf(), true);
    await store.create(objectKey('small'), small);
    await store.create(objectKey('large'), large);
    expect(server.requests.map(({ headers }) => 'amz-sdk-request' in headers)).toEqual([false, true]);
    server.faults.add({ operation: 'PutObject', fault: INTERNAL_ERROR });
    const reports: number[] = [];
    await store.create(objectKey('again'), small, { onProgress: (bytes) => reports.push(bytes) });
    expect(reports.reduce((sum, bytes) => sum + bytes, 0)).toBe(small.size);
    const object = await store.read(objectKey('again'));
    expect(contentOf(await bytesOf(object!.body)).sha256).toBe(small.sha256);
  });

  test.each<[string, Fault]>([
    ['a reset before', RESET_BEFORE],
    ['a reset afterwards', RESET_AFTER],
    ['an error of S3', INTERNAL_ERROR],
    ['a SlowDown', SLOW_DOWN],
  ])('as a last part survives %s', async (_, fault) => {
    server.settings.minimumPartSize = 1;
    const whole = generatedContent(2 * MIB + 100);
    server.faults.add({ operation: 'UploadPart', fault, when: ({ query }) => query.get('partNumber') === '3' });
    const store = storeOf(clientOf(), true, { limits: { single: MIB, part: MIB } });
    expect(await store.create(key, whole)).toBe('created');
    const object = await store.read(key);
    expect(contentOf(await bytesOf(object!.body)).sha256).toBe(whole.sha256);
    expect(server.counts()).toMatchObject({ UploadPart: 4 });
  });
});

describe('a connection', () => {
  class CountingAgent extends Agent {
    made = 0;

    override createConnection(...options: unknown[]): never {
      this.made += 1;
      return (Agent.prototype as unknown as { createConnection: (...all: unknown[]) => never }).createConnection.apply(
        this,
        options,
      );
    }
  }

  test('is given back by every kind of answer: one does for a hundred requests', async () => {
    const httpAgent = new CountingAgent({ keepAlive: true });
    const direct = new DirectS3(clientOf({ requestHandler: { httpAgent } }));
    const requests: readonly (() => Promise<object | undefined>)[] = [
      () => direct.ask('PutObject', ...writing('a', 'x'.repeat(100_000))),
      () => direct.ask('PutObject', ...writing('a', 'y', { IfNoneMatch: '*' })),
      () => direct.ask('HeadObject', at('a')),
      () => direct.ask('HeadObject', at('none')),
      () => direct.ask('GetObject', at('a')),
      () => direct.ask('GetObject', at('none')),
      () => direct.ask('GetObject', at('a', { IfMatch: '"other"' })),
      () => direct.ask('GetObject', at('a', { Range: 'bytes=1000000-' })),
      () => direct.ask('HeadObject', at('a', { IfMatch: '"other"' })),
      () => direct.ask('HeadObject', at('a', { ExpectedBucketOwner: '444455556666' })),
    ];
    for (let round = 0; round < 10; round += 1) for (const request of requests) await told(request());
    expect(server.requests).toHaveLength(100);
    expect(httpAgent.made).toBe(1);
  });
});

function denial(words: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>${words}</Message></Error>`;
}

/** An endpoint that answers whatever it is asked, until the test ends. */
async function answering(answer: RequestListener): Promise<string> {
  const http = createServer((request, response) => {
    request.resume().on('end', () => {
      answer(request, response);
    });
  });
  others.push(http);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const SHORT_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
