import { join } from 'node:path';
import { PutBucketPolicyCommand, PutObjectCommand, PutObjectLegalHoldCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Content, PartDigests } from '../../../repository/content.ts';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import type { Digest } from '../../../repository/digest.ts';
import { sha256 } from '../../../repository/digest.ts';
import type {
  Incarnation,
  ObjectAttributes,
  ObjectKey,
  ObjectStore,
  Revision,
} from '../../../repository/object-store.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { probe } from '../../../repository/stores/probe.ts';
import { DirectS3 } from '../../../repository/stores/s3-direct.ts';
import { ContentFailure, explained } from '../../../repository/stores/s3-error.ts';
import { partSizeFor } from '../../../repository/stores/s3-upload.ts';
import type { S3StoreOptions } from '../../../repository/stores/s3.ts';
import { bucketRegion, bucketVersioning, s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { answerOf } from '../../support/child-script.ts';
import { generatedContent } from '../../support/generated-content.ts';
import type { Identity } from '../../support/s3-server-auth.ts';
import { CONFLICT, INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE, SLOW_DOWN } from '../../support/s3-server-faults.ts';
import type { Policy, Statement } from '../../support/iam/policy.ts';
import { StoredBytes } from '../../support/s3-server-bytes.ts';
import type { Bucket, NewObject } from '../../support/s3-server-state.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';

const MIB = 1024 * 1024;
const OTHER_ACCOUNT = '444455556666';
const BUCKET = 'artifacts';
const KMS_KEY = `arn:aws:kms:us-east-1:${TEST_ACCOUNT}:key/k`;

/** In parts from 5 MiB on: what takes 65 MiB and more otherwise. */
const SMALL_PARTS = { single: 5 * MIB, part: 5 * MIB };

const allow = (...Action: string[]): Policy => ({ Statement: { Effect: 'Allow', Action, Resource: '*' } });

const IDENTITIES: Readonly<Record<string, Identity>> = {
  test: { account: TEST_ACCOUNT },
  publisher: { account: TEST_ACCOUNT, policies: [allow('s3:GetObject', 's3:PutObject')] },
  nobody: { account: TEST_ACCOUNT, policies: [] },
  other: { account: OTHER_ACCOUNT },
  expired: { account: TEST_ACCOUNT, expired: true },
};

let server: S3Server;
let bucket: Bucket;
let clients: S3Client[] = [];
let directly = false;

beforeEach(async () => {
  server = await startS3Server({ identities: IDENTITIES });
  bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await server.close();
});

interface Access {
  readonly as?: string;
  readonly region?: string;
  readonly attempts?: number;
}

function clientOf({ as = 'test', region = 'us-east-1', attempts }: Access = {}): S3Client {
  const client = new S3Client({
    ...s3ClientDefaults,
    ...server.clientConfig(as, region),
    ...(attempts !== undefined && { maxAttempts: attempts }),
  });
  clients.push(client);
  return client;
}

function open(options: Partial<S3StoreOptions> = {}, access: Access = {}): ObjectStore {
  const client = clientOf(access);
  return s3Store({ client, ...(directly && { direct: new DirectS3(client) }), bucket: BUCKET, ...options });
}

/** What is true whether the SDK is asked alone, or only for what could not be had without it. */
function eachWay(title: string, tests: () => void): void {
  describe.each([
    [title, false],
    [`${title}, asked directly`, true],
  ])('%s', (_, way) => {
    beforeEach(() => {
      directly = way;
    });
    afterEach(() => {
      directly = false;
    });
    tests();
  });
}

const key = (text = 'a'): ObjectKey => objectKey(text);

async function textAt(store: ObjectStore, at: ObjectKey = key()): Promise<string | undefined> {
  const object = await store.read(at);
  return object && (await bytesOf(object.body)).toString();
}

async function revisionOf(store: ObjectStore, at: ObjectKey = key()): Promise<Revision> {
  return (await store.head(at))!.revision;
}

async function incarnationOf(store: ObjectStore, at: ObjectKey = key()): Promise<Incarnation> {
  return (await store.head(at))!.incarnation;
}

async function listed(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of store.list('')) keys.push(object.key);
  return keys;
}

/** Every request that a store makes, on an object that is there. */
const REQUESTS: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  read: (store) => store.read(key()),
  head: (store) => store.head(key()),
  create: (store) => store.create(key('new'), contentOf('x')),
  'create in parts': (store) => store.create(key('large'), generatedContent(6 * MIB)),
  replace: (store) => store.replace(key(), contentOf('x'), '"revision"' as Revision),
  'remove an incarnation': (store) => store.removeIncarnation(key(), 'x'.repeat(32) as Incarnation),
  'remove a revision': (store) => store.removeRevision(key(), '"revision"' as Revision),
  list: listed,
  copy: (store) => store.copy(key(), key('copy')),
};

eachWay('an undecided write', () => {
  test('is asked again', async () => {
    const store = open();
    const conflicts = (operation: string): void => {
      server.faults.add({ operation, fault: CONFLICT, times: 2 });
    };
    conflicts('PutObject');
    expect(await store.create(key(), contentOf('one'))).toBe('created');
    conflicts('PutObject');
    expect(await store.replace(key(), contentOf('two'), await revisionOf(store))).toBe('replaced');
    conflicts('CopyObject');
    expect(await store.copy(key(), key('copy'))).toBe('created');
    server.faults.add({ operation: 'DeleteObject', fault: { effect: 'error', code: 'OperationAborted' } });
    expect(await store.removeRevision(key('copy'), await revisionOf(store, key('copy')))).toBe('removed');
    conflicts('DeleteObject');
    await store.removeIncarnation(key(), await incarnationOf(store));
    expect(await listed(store)).toEqual([]);
    expect(server.counts()).toMatchObject({ PutObject: 6, CopyObject: 3 });
  });

  test('that never is decided is CONTENTION', async () => {
    const rule = server.faults.add({ operation: 'PutObject', fault: CONFLICT, times: Infinity });
    await expect(open().create(key(), contentOf('x'))).rejects.toMatchObject({ code: 'CONTENTION' });
    // Whether it is asked again the SDK decides each time, by its own attempt.
    expect(rule.hits()).toBe(directly ? 20 : 10);
    expect(bucket.isEmpty).toBe(true);
  });
});

eachWay('an answer that is lost', () => {
  test.each([RESET_AFTER, { effect: 'error-after', code: 'InternalError' } as const])(
    'after the effect ($effect) may come back as somebody else having done it',
    async (fault) => {
      const store = open();
      server.faults.add({ operation: 'PutObject', fault });
      expect(await store.create(key(), contentOf('mine'))).toBe('exists');
      expect(await textAt(store)).toBe('mine');
      server.faults.add({ operation: 'PutObject', fault });
      expect(await store.replace(key(), contentOf('next'), await revisionOf(store))).toBe('conflict');
      expect(await textAt(store)).toBe('next');
      server.faults.add({ operation: 'CopyObject', fault });
      expect(await store.copy(key(), key('copy'))).toBe('exists');
      expect(await textAt(store, key('copy'))).toBe('next');
      server.faults.add({ operation: 'DeleteObject', fault });
      expect(await store.removeRevision(key('copy'), await revisionOf(store, key('copy')))).toBe('absent');
      server.faults.add({ operation: 'DeleteObject', fault });
      await store.removeIncarnation(key(), await incarnationOf(store));
      expect(await listed(store)).toEqual([]);
    },
  );

  test('before the effect changes nothing', async () => {
    const store = open();
    for (const fault of [RESET_BEFORE, INTERNAL_ERROR]) {
      server.faults.add({ operation: 'PutObject', fault });
      const name = key(`a${fault.effect}`);
      expect(await store.create(name, contentOf('mine'))).toBe('created');
      server.faults.add({ operation: 'HeadObject', fault });
      server.faults.add({ operation: 'GetObject', fault });
      expect(await store.head(name)).toMatchObject({ size: 4 });
      expect(await textAt(store, name)).toBe('mine');
    }
    server.faults.add({ operation: 'ListObjectsV2', fault: RESET_BEFORE });
    expect(await listed(store)).toHaveLength(2);
  });

  test('an error inside an answer of 200 is an error, and asked again', async () => {
    const store = open();
    await store.create(key(), contentOf('x'));
    server.faults.add({ operation: 'CopyObject', fault: { effect: 'error-in-200', code: 'InternalError' } });
    expect(['created', 'exists']).toContain(await store.copy(key(), key('copy')));
    expect(await textAt(store, key('copy'))).toBe('x');
  });

  test('a late duplicate of a removal hits nothing that came since', async () => {
    const store = open();
    await store.create(key(), contentOf('same'));
    server.faults.add({ operation: 'DeleteObject', fault: { effect: 'twice' } });
    await store.removeIncarnation(key(), await incarnationOf(store));
    await store.create(key(), contentOf('same'));
    await server.deliverLate();
    expect(await textAt(store)).toBe('same');
  });
});

eachWay('a store that does not answer', () => {
  test('for a moment is waited for', async () => {
    const store = open();
    server.faults.add({ operation: 'PutObject', fault: SLOW_DOWN });
    expect(await store.create(key(), contentOf('x'))).toBe('created');
    const storm = server.faults.add({ fault: { effect: 'error', code: 'ServiceUnavailable' }, times: 4 });
    expect(await textAt(store)).toBe('x');
    expect(storm.hits()).toBe(4);
  });

  test('at all is STORE_UNAVAILABLE, whatever was asked', async () => {
    const store = open({ limits: SMALL_PARTS }, { attempts: 2 });
    server.faults.add({ fault: INTERNAL_ERROR, times: Infinity });
    for (const [name, request] of Object.entries(REQUESTS)) {
      const failure: unknown = await request(store).catch((error: unknown) => error);
      const expected = { code: 'STORE_UNAVAILABLE', remedy: expect.any(String) };
      expect([name, failure]).toEqual([name, expect.objectContaining(expected)]);
    }
    expect(bucket.isEmpty).toBe(true);
  });

  test('over the network either', async () => {
    server.faults.add({ fault: RESET_BEFORE, times: Infinity });
    const reset = { bucket: BUCKET, config: { ...server.clientConfig(), maxAttempts: 2 } };
    const refused = { ...reset, config: { ...reset.config, endpoint: 'http://127.0.0.1:1' } };
    const child = join(import.meta.dirname, '../../support/s3-failing-child.ts');
    for (const argument of [reset, refused]) {
      const failures = await answerOf<Record<string, unknown>>(child, [JSON.stringify(argument)]);
      for (const name of ['create', 'head', 'read', 'list']) {
        expect([name, failures[name]]).toEqual([name, expect.objectContaining({ code: 'STORE_UNAVAILABLE' })]);
      }
    }
  });
});

eachWay('a body that is read', () => {
  const text = 'x'.repeat(300_000);

  test('and breaks off is read on from there', async () => {
    const store = open();
    await store.create(key(), contentOf(text));
    server.faults.add({ operation: 'GetObject', fault: { effect: 'cut', bytes: 100_000 }, times: 2 });
    expect(await textAt(store)).toBe(text);
    const [, second] = server.requests.filter(({ operation }) => operation === 'GetObject');
    expect(second?.headers).toMatchObject({
      'if-match': expect.any(String),
      range: expect.stringMatching(/^bytes=\d+-$/),
    });
  });

  test('by incarnation is read on from that one', async () => {
    const store = open();
    await store.create(key(), contentOf(text));
    const first = await store.head(key());
    await store.replace(key(), contentOf('other'), first!.revision);
    server.faults.add({ operation: 'GetObject', fault: { effect: 'cut', bytes: 1000 } });
    const object = await store.read(key(), first!.incarnation);
    expect((await bytesOf(object!.body)).toString()).toBe(text);
  });

  test('and breaks off for ever is an error, never a short read', async () => {
    const store = open();
    await store.create(key(), contentOf(text));
    server.faults.add({ operation: 'GetObject', fault: { effect: 'cut', bytes: 1000 }, times: Infinity });
    await expect(textAt(store)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/^'artifacts\/a' breaks off after \d+ of 300000 bytes$/),
    });
    expect(server.counts()).toMatchObject({ GetObject: 6 });
  });

  test('and is damaged on the way is an error, where the client verifies by itself', async () => {
    const client = new S3Client(server.clientConfig());
    clients.push(client);
    const store = s3Store({ client, bucket: BUCKET });
    await store.create(key(), contentOf(text));
    server.faults.add({ operation: 'GetObject', fault: { effect: 'flip', at: 7 } });
    await expect(textAt(store)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await textAt(store)).toBe(text);
  });

  test('and is replaced meanwhile is an error, never a mixture', async () => {
    const store = open();
    await store.create(key(), contentOf(text));
    server.faults.add({ operation: 'GetObject', fault: { effect: 'cut', bytes: 1000 } });
    const object = await store.read(key());
    await store.replace(key(), contentOf('y'.repeat(300_000)), object!.revision);
    await expect(bytesOf(object!.body)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

eachWay('content that is sent', () => {
  test('again is reported once', async () => {
    const content = generatedContent(5 * MIB);
    server.faults.add({ operation: 'PutObject', fault: { effect: 'error-after', code: 'InternalError' } });
    const reports: number[] = [];
    await open().create(key(), content, { onProgress: (bytes) => reports.push(bytes) });
    expect(server.counts()).toMatchObject({ PutObject: 2 });
    expect(reports.every((bytes) => bytes > 0)).toBe(true);
    expect(reports.reduce((sum, bytes) => sum + bytes, 0)).toBe(content.size);
  });

  test('in vain is closed', async () => {
    const interruption = new AbortController();
    let closed = false;
    const slow: Content = {
      ...contentOf('x'.repeat(1000)),
      async *read() {
        try {
          for (;;) {
            yield Buffer.from('x');
            interruption.abort();
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        } finally {
          closed = true;
        }
      },
    };
    const store = open({ signal: interruption.signal });
    await expect(store.create(key(), slow)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(true);
    expect(bucket.isEmpty).toBe(true);
  });
});

describe('content in parts', () => {
  const content = generatedContent(23 * MIB, 5);
  const parts = 5;

  test('goes up whole, each part verified, and in as many requests as there are parts and two', async () => {
    const store = open({ limits: SMALL_PARTS, expectedOwner: TEST_ACCOUNT });
    let progress = 0;
    const onProgress = (bytes: number): void => void (progress += bytes);
    expect(await store.create(key(), content, { onProgress, contentType: 'a/b', metadata: { k: 'v' } })).toBe(
      'created',
    );
    expect(progress).toBe(content.size);
    expect(server.counts()).toEqual({ CreateMultipartUpload: 1, UploadPart: parts, CompleteMultipartUpload: 1 });
    const uploaded = server.requests.filter(({ operation }) => operation === 'UploadPart');
    expect(uploaded.every(({ headers }) => headers['x-amz-checksum-sha256'] !== undefined)).toBe(true);
    const complete = server.requests.find(({ operation }) => operation === 'CompleteMultipartUpload');
    expect(complete?.headers).toMatchObject({ 'if-none-match': '*', 'x-amz-mp-object-size': `${content.size}` });
    const object = await store.read(key());
    expect(contentOf(await bytesOf(object!.body)).sha256).toBe(content.sha256);
    // S3 has verified the parts, not the whole.
    expect(await store.head(key())).not.toHaveProperty('sha256');
    expect(bucket.current('a')).toMatchObject({
      checksum: { algorithm: 'SHA256', type: 'COMPOSITE' },
      headers: { 'content-type': 'a/b' },
      metadata: { k: 'v' },
    });
  });

  test('goes up above 64 MiB alone', async () => {
    const store = open();
    await store.create(key('single'), generatedContent(64 * MIB));
    await store.create(key('parts'), generatedContent(64 * MIB + 1));
    expect(server.counts()).toEqual({
      PutObject: 1,
      CreateMultipartUpload: 1,
      UploadPart: 9,
      CompleteMultipartUpload: 1,
    });
    expect(await store.head(key('single'))).toMatchObject({
      size: 64 * MIB,
      sha256: generatedContent(64 * MIB).sha256,
    });
    expect(await store.head(key('parts'))).toMatchObject({ size: 64 * MIB + 1 });
  });

  test('has never more than four parts under way', async () => {
    const { client, underWay, most } = watchedParts();
    server.faults.add({ operation: 'UploadPart', fault: { effect: 'delay', milliseconds: 50 }, times: Infinity });
    await s3Store({ client, bucket: BUCKET, limits: SMALL_PARTS }).create(key(), generatedContent(41 * MIB));
    expect([underWay(), most()]).toEqual([0, 4]);
  });

  test('has none under way once it has failed', async () => {
    const { client, underWay, most } = watchedParts();
    server.faults.add({ operation: 'UploadPart', fault: { effect: 'delay', milliseconds: 10_000 }, times: Infinity });
    const upload = s3Store({ client, bucket: BUCKET, limits: SMALL_PARTS }).create(key(), breaking(content));
    await expect(upload).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    expect(most()).toBe(2);
    expect(underWay()).toBe(0);
  });

  test.each([RESET_BEFORE, RESET_AFTER, INTERNAL_ERROR])('survives parts that fail ($effect)', async (fault) => {
    const store = open({ limits: SMALL_PARTS });
    server.faults.add({ operation: 'UploadPart', fault, times: 3 });
    let progress = 0;
    const onProgress = (bytes: number): void => void (progress += bytes);
    expect(await store.create(key(), content, { onProgress })).toBe('created');
    expect(progress).toBe(content.size);
    const object = await store.read(key());
    expect(contentOf(await bytesOf(object!.body)).sha256).toBe(content.sha256);
  });

  test.each<[string, () => Content, () => void, object]>([
    [
      'a part is refused',
      () => content,
      () => {
        failing('UploadPart');
      },
      { code: 'ACCESS_DENIED' },
    ],
    [
      'the completion is refused',
      () => content,
      () => {
        failing('CompleteMultipartUpload');
      },
      { code: 'ACCESS_DENIED' },
    ],
    ['the content breaks', () => breaking(content), () => undefined, { code: 'SOURCE_CHANGED' }],
    [
      'the digest is wrong',
      () => ({ ...content, sha256: '0'.repeat(64) as Digest }),
      () => undefined,
      { code: 'DIGEST_MISMATCH' },
    ],
    [
      'it is longer than announced',
      () => ({ ...content, size: content.size - 1 }),
      () => undefined,
      { code: 'DIGEST_MISMATCH' },
    ],
    [
      'it is shorter than announced',
      () => ({ ...content, size: content.size + 1 }),
      () => undefined,
      { code: 'DIGEST_MISMATCH' },
    ],
  ])('leaves nothing behind when %s', async (_, make, prepare, error) => {
    prepare();
    await expect(open({ limits: SMALL_PARTS }).create(key(), make())).rejects.toMatchObject(error);
    expect(bucket.uploads.size).toBe(0);
    expect(bucket.isEmpty).toBe(true);
    expect(server.counts()).toMatchObject({ CreateMultipartUpload: 1, AbortMultipartUpload: 1 });
  });

  describe('whose parts were hashed with the whole', () => {
    test('is not hashed again, and goes up as it is read into the memory of a part', async () => {
      const known = await divided(content);
      const unread = (): never => {
        throw new Error('it is not read otherwise');
      };
      const store = open({ limits: SMALL_PARTS });
      // That of the whole is not looked at: of all parts of what has it, these are the digests.
      expect(await store.create(key(), { ...known, sha256: sha256('another'), read: unread })).toBe('created');
      const object = await store.read(key());
      expect(contentOf(await bytesOf(object!.body)).sha256).toBe(content.sha256);
      const sent = server.requests.filter(({ operation }) => operation === 'UploadPart');
      expect(sent.map(({ headers }) => headers['x-amz-content-sha256']).toSorted()).toEqual(
        [...known.parts.digests].toSorted(),
      );
    });

    test('is refused by S3 where a part is another', async () => {
      const known = await divided(content);
      const upload = open({ limits: SMALL_PARTS }).create(key(), { ...known, readInto: withOneBitMore(known) });
      await expect(upload).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(bucket.uploads.size).toBe(0);
      expect(bucket.isEmpty).toBe(true);
    });

    test('is refused here where a part is another and the store does not look', async () => {
      const client = clientOf();
      client.middlewareStack.add(
        (next, context) => (args) => {
          const { headers } = args.request as { headers: Record<string, string> };
          for (const name of Object.keys(headers)) if (name.includes('checksum')) Reflect.deleteProperty(headers, name);
          if (context['commandName'] === 'UploadPartCommand') headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
          return next(args);
        },
        { step: 'build', priority: 'low' },
      );
      const known = await divided(content);
      const store = s3Store({ client, bucket: BUCKET, limits: SMALL_PARTS });
      await expect(store.create(key(), { ...known, readInto: withOneBitMore(known) })).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
        message: expect.stringContaining('part 2 is another than when it was hashed'),
      });
      expect(server.counts()).toMatchObject({ AbortMultipartUpload: 1 });
      expect(server.counts()).not.toHaveProperty('CompleteMultipartUpload');
      expect(bucket.uploads.size).toBe(0);
    });

    test.each<[string, (parts: PartDigests) => PartDigests]>([
      ['of another size', ({ digests }) => ({ size: 6 * MIB, digests })],
      ['of which one is missing', ({ size, digests }) => ({ size, digests: digests.slice(1) })],
    ])('in parts %s is verified as a whole', async (_what, change) => {
      const known = await divided(content);
      const store = open({ limits: SMALL_PARTS });
      const wrong = { ...known, parts: change(known.parts), sha256: sha256('another') };
      await expect(store.create(key(), wrong)).rejects.toMatchObject({
        message: expect.stringContaining(`its digest is ${content.sha256}`),
      });
      expect(await store.create(key(), { ...wrong, sha256: content.sha256 })).toBe('created');
    });

    test('leaves nothing behind when it can not be read', async () => {
      const known = await divided(content);
      const gone = (): Promise<void> =>
        Promise.reject(Object.assign(new Error('it is another file now'), { code: 'SOURCE_CHANGED' }));
      const upload = open({ limits: SMALL_PARTS }).create(key(), { ...known, readInto: gone });
      await expect(upload).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
      expect(bucket.uploads.size).toBe(0);
    });
  });

  test('leaves nothing behind when it exists', async () => {
    const store = open({ limits: SMALL_PARTS });
    await store.create(key(), contentOf('first'));
    expect(await store.create(key(), content)).toBe('exists');
    expect(bucket.uploads.size).toBe(0);
    expect(await textAt(store)).toBe('first');
  });

  test('tells the first failure, though the tidying fails too', async () => {
    failing('UploadPart');
    failing('AbortMultipartUpload');
    await expect(open({ limits: SMALL_PARTS }).create(key(), content)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/PutObject/),
    });
  });

  test('begins anew when its completion is undecided', async () => {
    server.faults.add({ operation: 'CompleteMultipartUpload', fault: CONFLICT });
    const store = open({ limits: SMALL_PARTS });
    let progress = 0;
    const onProgress = (bytes: number): void => void (progress += bytes);
    expect(await store.create(key(), content, { onProgress })).toBe('created');
    expect(progress).toBe(content.size);
    expect(server.counts()).toMatchObject({ CreateMultipartUpload: 2, UploadPart: 2 * parts, AbortMultipartUpload: 1 });
    expect(bucket.uploads.size).toBe(0);
  });

  test('is not sent again when others have decided it meanwhile', async () => {
    server.faults.add({
      operation: 'CompleteMultipartUpload',
      fault: CONFLICT,
      when: () => {
        void open().create(key(), contentOf('theirs'));
        return true;
      },
    });
    server.faults.add({ operation: 'AbortMultipartUpload', fault: { effect: 'delay', milliseconds: 200 } });
    expect(await open({ limits: SMALL_PARTS }).create(key(), content)).toBe('exists');
    expect(server.counts()).toMatchObject({ CreateMultipartUpload: 1, UploadPart: parts });
  });

  test.each([
    ['succeeds', 'created'],
    ['no-such-upload', 'exists'],
    ['precondition-failed', 'exists'],
  ] as const)('is there when the answer to its completion is lost, and the repetition %s', async (answer, outcome) => {
    server.settings.repeatedComplete = answer;
    server.faults.add({ operation: 'CompleteMultipartUpload', fault: RESET_AFTER });
    const store = open({ limits: SMALL_PARTS });
    expect(await store.create(key(), content)).toBe(outcome);
    expect(bucket.versions('a')).toHaveLength(1);
    expect(bucket.uploads.size).toBe(0);
    expect(server.counts()).toMatchObject({ UploadPart: parts });
  });

  test('survives an error inside the answer to its completion', async () => {
    server.faults.add({
      operation: 'CompleteMultipartUpload',
      fault: { effect: 'error-in-200', code: 'InternalError' },
    });
    expect(await open({ limits: SMALL_PARTS }).create(key(), content)).toBe('created');
  });

  test('is not what was sent where S3 tells another checksum of the whole', async () => {
    const client = clientOf();
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const result = await next(args);
          if (commandName === 'CompleteMultipartUploadCommand') {
            Object.assign(result.output as object, { ChecksumSHA256: `${'A'.repeat(43)}=-${parts}` });
          }
          return result;
        },
      { step: 'initialize' },
    );
    const store = s3Store({ client, bucket: BUCKET, limits: SMALL_PARTS });
    await expect(store.create(key(), content)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(/S3 reports the checksum A{43}=-5 instead of /),
    });
  });

  test('replaces by compare-and-swap too', async () => {
    const store = open({ limits: SMALL_PARTS });
    await store.create(key(), contentOf('old'));
    const revision = await revisionOf(store);
    expect(await store.replace(key(), content, revision)).toBe('replaced');
    expect(await store.replace(key(), content, revision)).toBe('conflict');
    expect(await store.head(key())).toMatchObject({ size: content.size });
    expect(bucket.uploads.size).toBe(0);
  });

  test('never has more than 10,000 parts', () => {
    for (const size of [1, 64 * MIB + 1, 80_000 * MIB, 80_000 * MIB + 1, 5 * 1024 ** 4]) {
      const part = partSizeFor(size, 8 * MIB);
      expect(part).toBeGreaterThanOrEqual(8 * MIB);
      expect(part % MIB).toBe(0);
      expect(Math.ceil(size / part)).toBeLessThanOrEqual(10_000);
    }
  });
});

describe('a copy', () => {
  const content = generatedContent(23 * MIB, 3);

  test('carries the SHA-256 along, and what was said of the source', async () => {
    const store = open();
    await store.create(key(), contentOf('x'), { contentType: 'a/b', metadata: { k: 'v' } });
    expect(await store.copy(key(), key('same'))).toBe('created');
    expect(await store.head(key('same'))).toMatchObject({ sha256: contentOf('x').sha256 });
    expect(bucket.current('same')).toMatchObject({ headers: { 'content-type': 'a/b' }, metadata: { k: 'v' } });
    expect(await store.copy(key(), key('other'), { contentType: 'c/d' })).toBe('created');
    expect(server.counts()).toMatchObject({ CopyObject: 2 });
  });

  test.each([
    ['at once', true],
    ['in parts', false],
  ])('%s changes what is said of it, and keeps the rest', async (_, conditionalCopy) => {
    server.settings.conditionalCopy = conditionalCopy;
    const store = open();
    await store.create(key(), contentOf('x'), { contentType: 'a/b', metadata: { k: 'v' } });
    const said = async (name: string, attributes: ObjectAttributes): Promise<unknown> => {
      expect(await store.copy(key(), key(name), attributes)).toBe('created');
      const { headers, metadata } = bucket.current(name)!;
      return [headers['content-type'], metadata];
    };
    expect(await said('none', {})).toEqual(['a/b', { k: 'v' }]);
    expect(await said('type', { contentType: 'c/d' })).toEqual(['c/d', { k: 'v' }]);
    expect(await said('metadata', { metadata: { l: 'w' } })).toEqual(['a/b', { l: 'w' }]);
    expect(await said('both', { contentType: 'c/d', metadata: { l: 'w' } })).toEqual(['c/d', { l: 'w' }]);
    expect(await store.copy(key('nothing'), key('new'), { contentType: 'c/d' })).toBe('absent');
  });

  test.each([
    ['at once', true],
    ['in parts', false],
  ])('%s finds a source whose key a URL would spoil', async (_, conditionalCopy) => {
    server.settings.conditionalCopy = conditionalCopy;
    const store = open();
    for (const [number, odd] of ['a b+c', 'a?versionId=x', '100%25', 'é/📦#'].entries()) {
      await store.create(key(odd), contentOf(odd));
      expect(await store.copy(key(odd), key(`copy ${number}`))).toBe('created');
      expect(await textAt(store, key(`copy ${number}`))).toBe(odd);
    }
  });

  test('of what others stored without a SHA-256 has one', async () => {
    await clientOf().send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'x' }));
    const store = open();
    expect(await store.head(key())).not.toHaveProperty('sha256');
    await store.copy(key(), key('copy'));
    expect(await store.head(key('copy'))).toMatchObject({ sha256: contentOf('x').sha256 });
  });

  test('of what went up in parts has a SHA-256 of the whole', async () => {
    const store = open({ limits: SMALL_PARTS });
    await store.create(key(), content);
    await store.copy(key(), key('copy'));
    expect(await store.head(key('copy'))).toMatchObject({ sha256: content.sha256 });
  });

  test.each([
    ['S3 takes only smaller ones at once', { maximumSingleSize: 20 * MIB }],
    ['a region has no conditions for it yet', { conditionalCopy: false }],
  ])('goes in parts where %s', async (_, settings) => {
    Object.assign(server.settings, settings);
    const limits = { ...SMALL_PARTS, copy: 20 * MIB, copyPart: 6 * MIB };
    const store = open({ limits, expectedOwner: TEST_ACCOUNT });
    await store.create(key(), content, { contentType: 'a/b', metadata: { k: 'v' } });
    expect(await store.copy(key(), key('copy'))).toBe('created');
    expect(server.counts()).toMatchObject({ CopyObject: 1, UploadPartCopy: 4 });
    const object = await store.read(key('copy'));
    expect(contentOf(await bytesOf(object!.body)).sha256).toBe(content.sha256);
    expect(bucket.current('copy')).toMatchObject({ headers: { 'content-type': 'a/b' }, metadata: { k: 'v' } });
    expect(await store.copy(key(), key('copy'))).toBe('exists');
    expect(await store.copy(key('nothing'), key('none'))).toBe('absent');
    expect(bucket.uploads.size).toBe(0);
  });

  test('of a small object goes in one part where it must', async () => {
    server.settings.conditionalCopy = false;
    const store = open();
    await store.create(key(), contentOf('small'));
    expect(await store.copy(key(), key('copy'))).toBe('created');
    expect(await textAt(store, key('copy'))).toBe('small');
  });

  test('in parts begins anew when its source is replaced', async () => {
    server.settings.conditionalCopy = false;
    const store = open({ limits: { ...SMALL_PARTS, copyPart: 6 * MIB } });
    const next = generatedContent(13 * MIB, 9);
    await store.create(key(), content);
    const revision = await revisionOf(store);
    let replaced: Promise<unknown> | undefined;
    server.faults.add({
      operation: 'UploadPartCopy',
      when: ({ query }) => {
        if (query.get('partNumber') === '4') replaced ??= store.replace(key(), next, revision);
        return query.get('partNumber') === '4';
      },
      fault: { effect: 'hold', until: async () => replaced },
    });
    expect(await store.copy(key(), key('copy'))).toBe('created');
    expect(await replaced).toBe('replaced');
    const object = await store.read(key('copy'));
    expect(contentOf(await bytesOf(object!.body)).sha256).toBe(next.sha256);
    expect(bucket.uploads.size).toBe(0);
  });

  test('of which S3 refuses something else is an error', async () => {
    const store = open();
    await store.create(key(), contentOf('x'));
    server.faults.add({ operation: 'CopyObject', fault: { effect: 'error', code: 'InvalidRequest', message: 'No.' } });
    await expect(store.copy(key(), key('copy'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /^S3 refused CopyObject of 'artifacts\/copy': No \(InvalidRequest, request ID \w+\)$/,
      ),
    });
  });
});

eachWay('a removal by incarnation', () => {
  test('leaves what a delete marker hides', async () => {
    const store = open();
    await store.create(key(), contentOf('one'));
    const first = await incarnationOf(store);
    await store.removeRevision(key(), await revisionOf(store));
    await store.create(key(), contentOf('two'));
    const second = await incarnationOf(store);
    await store.replace(key(), contentOf('three'), await revisionOf(store));
    const third = await incarnationOf(store);
    await store.removeIncarnation(key(), third);
    expect(await store.head(key())).toBeUndefined();
    expect(await store.incarnations(key())).toEqual([first]);
    expect(await store.read(key(), second)).toBeUndefined();
    expect((await bytesOf((await store.read(key(), first))!.body)).toString()).toBe('one');
  });

  test.each(['full', 'short'] as const)('removes all that it superseded, however many, in %s pages', async (pages) => {
    server.settings.pages = pages;
    const store = open();
    await store.create(key('a!'), contentOf('neighbour'));
    await store.create(key(), contentOf('hidden'));
    const hidden = await incarnationOf(store);
    await store.removeRevision(key(), await revisionOf(store));
    await store.create(key(), contentOf('0'));
    for (let number = 1; number < 120; number += 1) {
      await store.replace(key(), contentOf(`${number}`), await revisionOf(store));
    }
    expect(await store.incarnations(key())).toHaveLength(121);
    await store.removeIncarnation(key(), await incarnationOf(store));
    expect(await store.incarnations(key())).toEqual([hidden]);
    expect(await listed(store)).toEqual(['a!']);
  });

  test.each([
    ['alone', false],
    ['above a delete marker', true],
  ])('that ends half-way shows nothing older, %s', async (_, hidden) => {
    const store = open();
    if (hidden) {
      await store.create(key(), contentOf('hidden'));
      await store.removeRevision(key(), await revisionOf(store));
    }
    await store.create(key(), contentOf('0'));
    for (const text of ['1', '2', '3']) await store.replace(key(), contentOf(text), await revisionOf(store));
    const incarnation = await incarnationOf(store);
    for (const skip of [1, 1]) {
      server.faults.add({ operation: 'DeleteObject', skip, fault: { effect: 'error', code: 'AccessDenied' } });
      await expect(store.removeIncarnation(key(), incarnation)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
      expect(await textAt(store)).toBe('3');
    }
    await store.removeIncarnation(key(), incarnation);
    expect(await store.head(key())).toBeUndefined();
  });
});

describe('a listing', () => {
  /** As of a store that says that there is more, and not where. */
  const withoutToken = (name: string): S3Client => {
    const client = clientOf();
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        Object.assign(result.output as object, { IsTruncated: true, [name]: undefined });
        return result;
      },
      { step: 'initialize' },
    );
    return client;
  };

  test('that is cut off does not pass for a complete one', async () => {
    await open().create(key(), contentOf('x'));
    const store = s3Store({ client: withoutToken('NextContinuationToken'), bucket: BUCKET });
    await expect(listed(store)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: "a listing of 'artifacts' breaks off, and nothing says where to go on",
    });
    const versions = s3Store({ client: withoutToken('NextKeyMarker'), bucket: BUCKET });
    await expect(versions.incarnations(key())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

eachWay('a store that requires versions', () => {
  const refusal = {
    code: 'UNSUPPORTED_STORE',
    message:
      "'artifacts/a' has no version ID: the bucket did not keep versions when it was written, and a domain's must",
    remedy: expect.stringMatching(
      /^aws s3api put-bucket-versioning --bucket artifacts .* Status=Enabled\nThen wait .*\naws s3 cp 's3:\/\/artifacts\/a' /,
    ),
  };

  test('refuses what was written before the bucket kept any, wherever it is met', async () => {
    bucket.versioning = 'Off';
    await open().create(key(), contentOf('same'));
    const etag = await incarnationOf(open());
    bucket.versioning = 'Enabled';
    const store = open({ requiresVersions: true });
    await expect(store.head(key())).rejects.toMatchObject(refusal);
    await expect(store.read(key())).rejects.toMatchObject(refusal);
    await expect(store.read(key(), etag)).rejects.toMatchObject(refusal);
    await expect(store.incarnations(key())).rejects.toMatchObject(refusal);
    await expect(store.removeIncarnation(key(), etag)).rejects.toMatchObject(refusal);
    expect(bucket.versions('a')).toMatchObject([{ kind: 'object', versionId: 'null' }]);
    // Written again it has one.
    await open().overwrite(key(), contentOf('same'));
    expect(await store.head(key())).toMatchObject({ version: expect.any(String) });
    await expect(store.incarnations(key())).rejects.toMatchObject(refusal);
  });

  test.each(['Off', 'Suspended'] as const)(
    'notices by each kind of writing that versioning is %s',
    async (versioning) => {
      const store = open({ requiresVersions: true, limits: SMALL_PARTS });
      await store.create(key('from'), contentOf('x'));
      await store.create(key('large'), generatedContent(6 * MIB));
      const revision = await revisionOf(store, key('from'));
      bucket.versioning = versioning;
      const writings: Readonly<Record<string, () => Promise<unknown>>> = {
        create: () => store.create(key('a'), contentOf('x')),
        'create in parts': () => store.create(key('b'), generatedContent(6 * MIB)),
        overwrite: () => store.overwrite(key('c'), contentOf('x')),
        copy: () => store.copy(key('from'), key('d')),
        replace: () => store.replace(key('from'), contentOf('y'), revision),
        remove: async () => store.removeRevision(key('large'), await revisionOf(store, key('large'))),
      };
      for (const [name, write] of Object.entries(writings)) {
        const failure: unknown = await write().catch((error: unknown) => error);
        expect([name, failure]).toEqual([name, expect.objectContaining({ code: 'UNSUPPORTED_STORE' })]);
      }
      server.settings.conditionalCopy = false;
      bucket.versioning = 'Enabled';
      await store.create(key('source'), contentOf('x'));
      bucket.versioning = versioning;
      await expect(store.copy(key('source'), key('e'))).rejects.toMatchObject({ code: 'UNSUPPORTED_STORE' });
    },
  );

  test('gives the connection of what it refuses back', async () => {
    bucket.versioning = 'Off';
    await open().create(key(), generatedContent(2 * MIB));
    const store = open({ requiresVersions: true });
    for (let round = 0; round < 60; round += 1) {
      await expect(store.read(key())).rejects.toMatchObject({ code: 'UNSUPPORTED_STORE' });
    }
  });

  test('else they may be missing, and an ETag is what there is', async () => {
    bucket.versioning = 'Suspended';
    const store = open();
    await store.create(key(), contentOf('x'));
    expect(await store.incarnations(key())).toEqual([await incarnationOf(store)]);
    expect(await store.head(key())).not.toHaveProperty('version');
  });
});

eachWay('the probe of a bucket', () => {
  test('finds nothing wrong with one that keeps versions, and leaves nothing that is shown', async () => {
    const store = open({ requiresVersions: true });
    await probe(store, 'nonce');
    expect(await listed(store)).toEqual([]);
    expect(server.requests.length).toBeLessThan(60);
  });

  test('asks for no more than to get, put, list, and remove the current object', async () => {
    const actions = ['s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:DeleteObject'];
    server.identities.set('domain', { account: TEST_ACCOUNT, policies: [allow(...actions)] });
    const store = open({ requiresVersions: true }, { as: 'domain' });
    await probe(store, 'nonce');
    expect(await listed(store)).toEqual([]);
  });

  test.each([
    ['keeps no versions', (): void => void (bucket.versioning = 'Off'), /gives the same incarnation/],
    ['ignores conditions', (): void => void (server.settings.conditions = 'ignored'), /If-None-Match/],
  ])('refuses one that %s', async (_, spoil, message) => {
    spoil();
    await expect(probe(open(), 'nonce')).rejects.toMatchObject({
      code: 'UNSUPPORTED_STORE',
      message: expect.stringMatching(message),
    });
  });
});

eachWay('an interruption', () => {
  test('ends an upload in parts and leaves nothing of it', async () => {
    const interruption = new AbortController();
    const store = open({ limits: SMALL_PARTS, signal: interruption.signal });
    server.faults.add({ operation: 'UploadPart', fault: { effect: 'delay', milliseconds: 10_000 }, times: Infinity });
    const upload = store.create(key(), generatedContent(30 * MIB));
    const ended = upload.catch((error: unknown) => error);
    while (bucket.uploads.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    interruption.abort();
    expect(await ended).toMatchObject({ code: 'INTERRUPTED' });
    expect(bucket.uploads.size).toBe(0);
  });

  test('ends the waiting for others', async () => {
    const interruption = new AbortController();
    let asked = 0;
    server.faults.add({
      fault: CONFLICT,
      times: Infinity,
      when: () => {
        if ((asked += 1) === 5)
          setTimeout(() => {
            interruption.abort();
          }, 20);
        return true;
      },
    });
    const store = open({ signal: interruption.signal });
    await expect(store.create(key(), contentOf('x'))).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(asked).toBeLessThan(10);
  });

  test('ends whatever is asked', async () => {
    const interruption = new AbortController();
    const store = open({ limits: SMALL_PARTS, signal: interruption.signal });
    interruption.abort();
    for (const request of Object.values(REQUESTS)) {
      await expect(request(store)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    }
    expect(server.requests.filter(({ operation }) => operation !== 'AbortMultipartUpload')).toEqual([]);
  });
});

eachWay('access', () => {
  async function failures(store: ObjectStore): Promise<Record<string, unknown>> {
    const all: Record<string, unknown> = {};
    for (const [name, request] of Object.entries(REQUESTS)) {
      all[name] = await request(store).then(
        () => 'no failure',
        (error: unknown) => error,
      );
    }
    return all;
  }

  test('to a bucket of another account is WRONG_OWNER on every path', async () => {
    server.identities.set('both', { account: OTHER_ACCOUNT });
    const theirs: Statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:*',
      Resource: [bucket.arn, `${bucket.arn}/*`],
    };
    await clientOf().send(
      new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify({ Statement: theirs }) }),
    );
    const store = open({ limits: SMALL_PARTS, expectedOwner: OTHER_ACCOUNT }, { as: 'both' });
    for (const [name, error] of Object.entries(await failures(store))) {
      expect([name, error]).toEqual([
        name,
        expect.objectContaining({
          code: 'WRONG_OWNER',
          message: `bucket 'artifacts' does not belong to account ${OTHER_ACCOUNT}`,
        }),
      ]);
    }
    expect(bucket.isEmpty).toBe(true);
    // That is asked about once: with the expected owner, and without.
    expect(server.counts()).toMatchObject({ HeadBucket: 2 });
  });

  test('that is denied names the action that is needed', async () => {
    const told = await failures(open({ limits: SMALL_PARTS }, { as: 'nobody' }));
    for (const [name, action] of Object.entries({
      read: 's3:GetObject',
      head: 's3:GetObject',
      create: 's3:PutObject',
      'create in parts': 's3:PutObject',
      replace: 's3:PutObject',
      'remove an incarnation': 's3:ListBucketVersions',
      'remove a revision': 's3:DeleteObject',
      list: 's3:ListBucket',
      copy: 's3:PutObject',
    })) {
      expect([name, told[name]]).toEqual([
        name,
        expect.objectContaining({
          code: 'ACCESS_DENIED',
          message: expect.stringMatching(
            new RegExp(`^access to 'artifacts.*' is denied, ${action} is needed: .*AccessDenied, request ID \\w+\\)$`),
          ),
          remedy: expect.stringContaining(action),
        }),
      ]);
    }
  });

  test('without listing: what is absent is denied, and the remedy says so', async () => {
    await open().create(key(), contentOf('x'));
    const store = open({}, { as: 'publisher' });
    expect(await store.head(key())).toMatchObject({ size: 1 });
    expect(await store.create(key('new'), contentOf('y'))).toBe('created');
    expect(await store.create(key(), contentOf('y'))).toBe('exists');
    server.requests.length = 0;
    for (const asked of [
      { HeadObject: 2, GetObject: 1 },
      { HeadObject: 4, GetObject: 1 },
    ]) {
      await expect(store.head(key('absent'))).rejects.toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringMatching(/s3:ListBucket/),
      });
      expect(server.counts()).toEqual(asked);
    }
  });

  test('to get and to put is enough for large content', async () => {
    const store = open({ limits: SMALL_PARTS }, { as: 'publisher' });
    expect(await store.create(key(), generatedContent(6 * MIB))).toBe('created');
    server.faults.add({ operation: 'CompleteMultipartUpload', fault: CONFLICT });
    expect(await store.create(key('undecided'), generatedContent(6 * MIB))).toBe('created');
  });

  test('to a bucket that is not there is BUCKET_NOT_FOUND on every path', async () => {
    for (const [name, error] of Object.entries(await failures(open({ bucket: 'nowhere', limits: SMALL_PARTS })))) {
      expect([name, error]).toEqual([
        name,
        expect.objectContaining({
          code: 'BUCKET_NOT_FOUND',
          remedy: "Create it with 'aws s3 mb s3://nowhere', or name another one.",
        }),
      ]);
    }
  });

  test('to an absent key asks once whether there is a bucket', async () => {
    const store = open();
    for (const name of ['a', 'b', 'c']) expect(await store.head(key(name))).toBeUndefined();
    expect(server.counts()).toEqual({ HeadObject: 3, HeadBucket: 1 });
    const sure = open();
    await sure.create(key(), contentOf('x'));
    server.requests.length = 0;
    expect(await sure.head(key('b'))).toBeUndefined();
    expect(server.counts()).toEqual({ HeadObject: 1 });
  });

  test.each(['redirect', 'malformed'] as const)('in another region names it (%s)', async (wrongRegion) => {
    server.settings.wrongRegion = wrongRegion;
    server.createBucket('far-away', { region: 'ap-south-1' });
    for (const [name, error] of Object.entries(await failures(open({ bucket: 'far-away', limits: SMALL_PARTS })))) {
      expect([name, error]).toEqual([
        name,
        expect.objectContaining({
          code: 'INVALID_CONFIGURATION',
          message: expect.stringMatching(/^bucket 'far-away' is in region 'ap-south-1'/),
          remedy: 'Run it with --region ap-south-1.',
        }),
      ]);
    }
  });

  test.each<[string, string, RegExp, Partial<ConstructorParameters<typeof S3Client>[0]>]>([
    ['that has expired', 'expired', /aws sso login --profile dev/, {}],
    ['of nobody', 'test', /AWS_ACCESS_KEY_ID/, { credentials: { accessKeyId: 'who', secretAccessKey: 'x' } }],
    [
      'with a wrong secret',
      'test',
      /AWS_SECRET_ACCESS_KEY/,
      { credentials: { accessKeyId: 'test', secretAccessKey: 'x' } },
    ],
    [
      'that nobody provides',
      'test',
      /aws configure --profile dev/,
      { credentials: () => Promise.reject(noProvider('none')) },
    ],
    [
      'of a session that has ended',
      'test',
      /^Run 'aws sso login --profile dev'/,
      { credentials: () => Promise.reject(noProvider('The SSO session has expired')) },
    ],
  ])('with credentials %s is NO_CREDENTIALS, with what to run', async (_, as, remedy, config) => {
    const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(as), ...config });
    clients.push(client);
    const store = s3Store({ client, bucket: BUCKET, profile: 'dev', limits: SMALL_PARTS });
    for (const [name, error] of Object.entries(await failures(store))) {
      expect([name, error]).toEqual([
        name,
        expect.objectContaining({ code: 'NO_CREDENTIALS', remedy: expect.stringMatching(remedy) }),
      ]);
    }
  });

  test('of a KMS key is told as its own', async () => {
    server.createBucket('encrypted', {
      versioning: 'Enabled',
      encryption: { algorithm: 'aws:kms', kmsKeyId: KMS_KEY },
    });
    const store = open({ bucket: 'encrypted' });
    await store.create(key(), contentOf('x'));
    const blind = open({ bucket: 'encrypted' }, { as: 'publisher' });
    await expect(blind.create(key('b'), contentOf('x'))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/^access to 'encrypted\/b' is denied, kms:GenerateDataKey is needed/),
    });
    // The head is told without its checksum, which alone needs the key.
    expect(await store.head(key())).toHaveProperty('sha256');
    server.requests.length = 0;
    expect(await blind.head(key())).toMatchObject({ size: 1 });
    expect(await blind.head(key())).not.toHaveProperty('sha256');
    expect(server.counts()).toEqual({ HeadObject: 3 });
  });

  test('to what a lock holds is denied', async () => {
    server.createBucket('locked', { objectLock: true });
    const store = open({ bucket: 'locked' });
    await store.create(key(), contentOf('x'));
    const incarnation = await incarnationOf(store);
    const hold = { Bucket: 'locked', Key: 'a', VersionId: incarnation, LegalHold: { Status: 'ON' } } as const;
    await clientOf().send(new PutObjectLegalHoldCommand(hold));
    await expect(store.removeIncarnation(key(), incarnation)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(await textAt(store)).toBe('x');
  });

  test('to a store that lacks what is needed is UNSUPPORTED_STORE', async () => {
    server.faults.add({ operation: 'PutObject', fault: { effect: 'error', code: 'NotImplemented' }, times: Infinity });
    await expect(open({}, { attempts: 1 }).create(key(), contentOf('x'))).rejects.toMatchObject({
      code: 'UNSUPPORTED_STORE',
    });
  });
});

eachWay('on the wire', () => {
  test('every request names the expected owner, of the source too', async () => {
    server.settings.conditionalCopy = false;
    const store = open({ expectedOwner: TEST_ACCOUNT, limits: SMALL_PARTS });
    for (const request of Object.values(REQUESTS)) await request(store);
    await store.copy(key('new'), key('copy'));
    await store.removeIncarnation(key('new'), await incarnationOf(store, key('new')));
    expect(Object.keys(server.counts()).length).toBeGreaterThan(11);
    for (const { operation, headers } of server.requests) {
      expect([operation, headers['x-amz-expected-bucket-owner']]).toEqual([operation, TEST_ACCOUNT]);
      if (headers['x-amz-copy-source'] !== undefined) {
        expect(headers['x-amz-source-expected-bucket-owner']).toBe(TEST_ACCOUNT);
      }
    }
  });

  test('a body is signed by its digest and never chunked; large ones ask first', async () => {
    const noUnsigned: Statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `${bucket.arn}/*`,
      Condition: { StringLike: { 's3:x-amz-content-sha256': ['UNSIGNED*', 'STREAMING*'] } },
    };
    await clientOf().send(
      new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify({ Statement: noUnsigned }) }),
    );
    const store = open({ limits: { single: 3 * MIB, part: 5 * MIB } });
    const small = contentOf('x');
    await store.create(key('small'), small);
    await store.create(key('large'), generatedContent(2 * MIB));
    await store.create(key('parts'), generatedContent(9 * MIB));
    const [put, large, ...rest] = server.requests.filter(({ operation }) => /^(PutObject|UploadPart)$/.test(operation));
    expect(put?.headers).toMatchObject({ 'x-amz-content-sha256': small.sha256, 'content-length': '1' });
    expect(put?.headers).not.toHaveProperty('expect');
    expect(large?.headers).toMatchObject({ expect: '100-continue' });
    expect(rest).toHaveLength(2);
    for (const { headers } of server.requests) {
      expect(headers['content-encoding'] ?? '').not.toMatch(/aws-chunked/);
      expect(headers).not.toHaveProperty('x-amz-trailer');
    }
  });

  test('a large body that is refused is not sent', async () => {
    const content = generatedContent(30 * MIB);
    let read = 0;
    const watched: Content = {
      ...content,
      async *read(start, end) {
        for await (const piece of content.read(start, end)) {
          read += piece.byteLength;
          yield piece;
        }
      },
    };
    await expect(open({}, { as: 'nobody' }).create(key(), watched)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(read).toBeLessThan(2 * MIB);
  });

  test('encryption and metadata are as configured, else the bucket decides', async () => {
    const plain = open();
    const keyed = open({ kmsKeyId: KMS_KEY, metadata: { team: 'x' }, limits: SMALL_PARTS });
    await plain.create(key('plain'), contentOf('x'));
    await keyed.create(key('keyed'), contentOf('x'), { metadata: { own: 'y' } });
    await keyed.create(key('parts'), generatedContent(6 * MIB));
    await keyed.copy(key('plain'), key('copied'));
    expect(server.requests[0]?.headers).not.toHaveProperty('x-amz-server-side-encryption');
    for (const name of ['keyed', 'parts', 'copied']) {
      expect(bucket.current(name)).toMatchObject({
        encryption: { algorithm: 'aws:kms', kmsKeyId: KMS_KEY },
        metadata: { team: 'x' },
      });
    }
    expect(bucket.current('keyed')?.metadata).toEqual({ team: 'x', own: 'y' });
  });

  test('a policy that lets keys be created only once is kept', async () => {
    const once: Statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `${bucket.arn}/*`,
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    };
    await clientOf().send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify({ Statement: once }) }));
    const store = open({ limits: SMALL_PARTS });
    expect(await store.create(key(), contentOf('x'))).toBe('created');
    expect(await store.create(key('parts'), generatedContent(6 * MIB))).toBe('created');
    expect(await store.copy(key(), key('copy'))).toBe('created');
    await expect(store.replace(key(), contentOf('y'), await revisionOf(store))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
  });

  test('so many requests, and no more', async () => {
    const requests: string[] = [];
    const store = open({ limits: SMALL_PARTS, onRequest: (operation) => requests.push(operation) });
    async function counted(act: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
      server.requests.length = 0;
      requests.length = 0;
      await act();
      expect(requests).toHaveLength(server.requests.length);
      return server.counts();
    }
    expect(await counted(() => store.create(key(), contentOf('one')))).toEqual({ PutObject: 1 });
    expect(await counted(() => store.create(key(), contentOf('one')))).toEqual({ PutObject: 1 });
    expect(await counted(() => store.head(key()))).toEqual({ HeadObject: 1 });
    expect(await counted(() => store.head(key('absent')))).toEqual({ HeadObject: 1 });
    expect(await counted(() => textAt(store))).toEqual({ GetObject: 1 });
    expect(await counted(() => store.read(key('absent')))).toEqual({ GetObject: 1 });
    const head = await store.head(key());
    expect(await counted(() => store.replace(key(), contentOf('two'), head!.revision))).toEqual({ PutObject: 1 });
    expect(await counted(() => store.replace(key(), contentOf('two'), head!.revision))).toEqual({ PutObject: 1 });
    expect(await counted(() => store.copy(key(), key('copy')))).toEqual({ CopyObject: 1 });
    expect(await counted(() => store.copy(key(), key('copy')))).toEqual({ CopyObject: 1 });
    expect(await counted(() => store.copy(key('absent'), key('none')))).toEqual({ CopyObject: 1 });
    expect(await counted(() => listed(store))).toEqual({ ListObjectsV2: 1 });
    const copy = await store.head(key('copy'));
    const removal = (): Promise<unknown> => store.removeIncarnation(key('copy'), copy!.incarnation);
    expect(await counted(removal)).toEqual({ ListObjectVersions: 1, DeleteObject: 1 });
    expect(await counted(removal)).toEqual({ ListObjectVersions: 1 });
    // What is not current goes alone; what is beneath the current one goes with it.
    const second = await store.head(key());
    await store.replace(key(), contentOf('three'), second!.revision);
    expect(await counted(() => store.removeIncarnation(key(), second!.incarnation))).toEqual({
      ListObjectVersions: 1,
      DeleteObject: 1,
    });
    expect(bucket.versions('a')).toHaveLength(2);
    await store.copy(key(), key('b'));
    await store.replace(key('b'), contentOf('four'), await revisionOf(store, key('b')));
    const last = await incarnationOf(store, key('b'));
    expect(await counted(() => store.removeIncarnation(key('b'), last))).toEqual({
      ListObjectVersions: 1,
      DeleteObject: 2,
    });
    expect(bucket.versions('b')).toEqual([]);
    const current = await store.head(key());
    expect(await counted(() => store.removeRevision(key(), current!.revision))).toEqual({ DeleteObject: 1 });
    expect(await counted(() => store.removeRevision(key(), current!.revision))).toEqual({ DeleteObject: 1 });
    const parts = { CreateMultipartUpload: 1, UploadPart: 3, CompleteMultipartUpload: 1 };
    expect(await counted(() => store.create(key('large'), generatedContent(11 * MIB)))).toEqual(parts);
  });

  test('a listing asks for a page at a time, and no more than it needs', async () => {
    const store = open();
    const names = Array.from({ length: 2500 }, (_, i) => `k/${String(i).padStart(4, '0')}`);
    for (const name of names) {
      bucket.put(name, EMPTY_OBJECT, {}, 0, new Date());
    }
    expect(await listed(store)).toEqual(names);
    expect(server.counts()).toEqual({ ListObjectsV2: 3 });
    server.requests.length = 0;
    for await (const { key: found } of store.list('k/', { after: names[9]!, limit: 3 }))
      expect(found > names[9]!).toBe(true);
    for await (const object of store.list('k/')) {
      expect(object.key).toBe(names[0]);
      break;
    }
    expect(server.requests.map(({ query }) => query.get('max-keys'))).toEqual(['3', '1000']);
  });
});

describe('a bucket', () => {
  test('tells its region, from wherever it is asked', async () => {
    server.createBucket('far-away', { region: 'ap-south-1' });
    expect(await bucketRegion(clientOf(), BUCKET)).toBe('us-east-1');
    expect(await bucketRegion(clientOf(), 'far-away')).toBe('ap-south-1');
    expect(await bucketRegion(clientOf({ region: 'ap-south-1' }), 'far-away', TEST_ACCOUNT)).toBe('ap-south-1');
    await expect(bucketRegion(clientOf({ as: 'expired' }), 'far-away')).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
    });
    expect(await bucketRegion(clientOf({ as: 'nobody' }), 'far-away')).toBe('ap-south-1');
    await expect(bucketRegion(clientOf(), 'nowhere')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await expect(bucketRegion(clientOf(), BUCKET, OTHER_ACCOUNT)).rejects.toMatchObject({ code: 'WRONG_OWNER' });
  });

  test('tells whether it keeps versions', async () => {
    server.createBucket('plain');
    server.createBucket('paused', { versioning: 'Suspended' });
    expect(await bucketVersioning(clientOf(), BUCKET)).toBe('Enabled');
    expect(await bucketVersioning(clientOf(), 'plain')).toBe('Off');
    expect(await bucketVersioning(clientOf(), 'paused', TEST_ACCOUNT)).toBe('Suspended');
    await expect(bucketVersioning(clientOf(), 'nowhere')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await expect(bucketVersioning(clientOf({ as: 'nobody' }), BUCKET)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/s3:GetBucketVersioning/),
    });
  });
});

describe('an error of the SDK', () => {
  const call = { operation: 'PutObject', bucket: BUCKET, key: 'a' };

  test.each<[string, number | undefined, string]>([
    ['SELF_SIGNED_CERT_IN_CHAIN', undefined, 'INVALID_CONFIGURATION'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, 'INVALID_CONFIGURATION'],
    ['CERT_NOT_YET_VALID', undefined, 'INVALID_CONFIGURATION'],
    ['HPE_INVALID_CONSTANT', undefined, 'INVALID_CONFIGURATION'],
    ['EndpointError', undefined, 'INVALID_CONFIGURATION'],
    ['RequestTimeTooSkewed', 403, 'INVALID_CONFIGURATION'],
    ['KMS.DisabledException', 400, 'INVALID_CONFIGURATION'],
    ['ENOTFOUND', undefined, 'STORE_UNAVAILABLE'],
    ['TooManyRequestsException', 429, 'STORE_UNAVAILABLE'],
    ['RequestTimeout', 400, 'STORE_UNAVAILABLE'],
    ['BadDigest', 400, 'DIGEST_MISMATCH'],
    ['KeyTooLongError', 400, 'INVALID_KEY'],
    ['EntityTooLarge', 400, 'INVALID_ARGUMENT'],
    ['AccessDenied', 403, 'ACCESS_DENIED'],
    ['AllAccessDisabled', 403, 'ACCESS_DENIED'],
    ['TokenProviderError', undefined, 'NO_CREDENTIALS'],
    ['InvalidClientTokenId', 403, 'NO_CREDENTIALS'],
  ])('%s is %s for the user: %s', (name, status, code) => {
    const failure = Object.assign(new Error('Something happened.'), {
      name: status === undefined && name !== 'TokenProviderError' ? 'Error' : name,
      code: name,
      $metadata: status === undefined ? {} : { httpStatusCode: status, requestId: 'R1' },
    });
    const error = explained(failure, call);
    expect(error).toMatchObject({ name: 'ArtifactError', code, cause: failure });
    expect((error as Error).message).toMatch(
      new RegExp(`Something happened \\(${name}${status === undefined ? '' : ', request ID R1'}\\)$`),
    );
  });

  test('that is none passes through, and so does what the content throws', () => {
    const defect = new TypeError('undefined is not a function');
    expect(explained(defect, call)).toBe(defect);
    const gone = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect(explained(new ContentFailure(gone), call)).toBe(gone);
    const reset = Object.assign(new Error('a network drive'), { code: 'ECONNRESET' });
    expect(explained(new ContentFailure(reset), call)).toBe(reset);
  });
});

/** A client that tells how many parts are under way now, and were at most. */
function watchedParts(): { client: S3Client; underWay: () => number; most: () => number } {
  let underWay = 0;
  let most = 0;
  const client = clientOf();
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context['commandName'] !== 'UploadPartCommand') return await next(args);
      most = Math.max(most, (underWay += 1));
      return await next(args).finally(() => (underWay -= 1));
    },
    { step: 'initialize' },
  );
  return { client, underWay: () => underWay, most: () => most };
}

/** S3 refuses one request of this operation. */
function failing(operation: string): void {
  server.faults.add({ operation, fault: { effect: 'error', code: 'AccessDenied' } });
}

/** With the digests of its parts, and read into the memory of who asks. */
async function divided(content: Content): Promise<Content & Required<Pick<Content, 'parts' | 'readInto'>>> {
  const { part: size } = SMALL_PARTS;
  const digests: Digest[] = [];
  for (let start = 0; start < content.size; start += size)
    digests.push(sha256(await bytesOf(content.read(start, start + size))));
  const readInto = async (into: Uint8Array, start: number): Promise<void> => {
    into.set(await bytesOf(content.read(start, start + into.byteLength)));
  };
  return { ...content, parts: { size, digests }, readInto };
}

/** Of the second part. */
function withOneBitMore({ readInto }: Required<Pick<Content, 'readInto'>>): typeof readInto {
  return async (into, start) => {
    await readInto(into, start);
    if (start === SMALL_PARTS.part) into[0] = Number(into[0]) ^ 1;
  };
}

/** Reads half of it, then fails. */
function breaking(content: Content): Content {
  return {
    ...content,
    async *read() {
      yield* content.read(0, content.size / 2);
      throw Object.assign(new Error('it is another file now'), { code: 'SOURCE_CHANGED' });
    },
  };
}

function noProvider(message: string): Error {
  return Object.assign(new Error(message), { name: 'CredentialsProviderError' });
}

const EMPTY_OBJECT: NewObject = {
  headers: {},
  metadata: {},
  encryption: { algorithm: 'AES256' },
  tags: new Map(),
  legalHold: false,
  bytes: StoredBytes.EMPTY,
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  checksum: undefined,
};
