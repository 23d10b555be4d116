import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DirectS3 } from '../../../repository/stores/s3-direct.ts';
import { s3ClientDefaults } from '../../../repository/stores/s3.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';

const BUCKET = 'listed-directly';
const KEYS: readonly string[] = [
  ...['a/plain', 'a/with a space', 'a/a+b', `a/'single'"double"`, "a/!'()*", 'a//b', 'a/100%/%41%2f', 'a/a?b=c&d#e'],
  ...['a/<tag>&amp;</tag>', 'a/café/日本語/📦', 'a/line\nbreak', '&lt;', 'b'],
];

let server: S3Server;
let client: S3Client;
let direct: DirectS3;

beforeAll(async () => {
  server = await startS3Server();
  server.createBucket(BUCKET, { versioning: 'Enabled' });
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
  direct = new DirectS3(client);
  for (const Key of KEYS) await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }));
});
afterAll(async () => {
  client.destroy();
  await server.close();
});

/** What the stores look at. */
function looked({
  Contents = [],
  IsTruncated,
  NextContinuationToken,
  EncodingType,
}: ListObjectsV2CommandOutput): object {
  const objects = Contents.map(({ Key, Size, LastModified, ETag }) => ({ Key, Size, LastModified, ETag }));
  return { objects, IsTruncated, NextContinuationToken, EncodingType };
}

async function both(input: Omit<ListObjectsV2CommandInput, 'Bucket'>): Promise<readonly ListObjectsV2CommandOutput[]> {
  const whole = { Bucket: BUCKET, ...input };
  const directly = (await direct.ask('ListObjectsV2', whole)) as ListObjectsV2CommandOutput | undefined;
  if (directly === undefined) throw new Error('it is left to the SDK');
  return [directly, await client.send(new ListObjectsV2Command(whole))];
}

describe('a listing that is asked for directly', () => {
  test.each<[string, Omit<ListObjectsV2CommandInput, 'Bucket'>]>([
    ['all', { EncodingType: 'url' }],
    ['all, not encoded', { Prefix: 'a/p' }],
    ['below a prefix', { Prefix: "a/!'()*", EncodingType: 'url', MaxKeys: 7 }],
    ['below a prefix with letters of all kinds', { Prefix: 'a/café/日本', EncodingType: 'url' }],
    ['after a key', { Prefix: 'a/', StartAfter: 'a/a?b=c&d#e', EncodingType: 'url' }],
    ['nothing', { Prefix: 'absent', EncodingType: 'url' }],
    ['of what begins as XML does', { Prefix: '&lt;', EncodingType: 'url' }],
  ])('is what the SDK tells: %s', async (_, input) => {
    const [ours, sdk] = (await both(input)).map(looked);
    expect(ours).toEqual(sdk);
  });

  test('goes on as the SDK does, to the last page', async () => {
    const found: (string | undefined)[] = [];
    for (let token: string | undefined, page = 0; page === 0 || token !== undefined; page += 1) {
      const [ours, sdk] = await both({
        MaxKeys: 5,
        EncodingType: 'url',
        ...(page > 0 && { ContinuationToken: token }),
      });
      expect(looked(ours as ListObjectsV2CommandOutput)).toEqual(looked(sdk as ListObjectsV2CommandOutput));
      found.push(...(ours?.Contents ?? []).map(({ Key }) => Key));
      token = ours?.NextContinuationToken;
    }
    expect(found.map((key) => decodeURIComponent((key ?? '').replaceAll('+', ' ')))).toEqual([...KEYS].sort());
  });
});

describe('an answer to it', () => {
  let text = '';
  let fake: Server;
  let told: S3Client;
  beforeAll(async () => {
    fake = createServer((_, response) => response.end(text)).listen(0, '127.0.0.1');
    await new Promise((resolve) => fake.once('listening', resolve));
    const endpoint = `http://127.0.0.1:${String((fake.address() as AddressInfo).port)}`;
    told = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(), endpoint });
  });
  afterAll(() => {
    told.destroy();
    fake.close().closeAllConnections();
  });

  const listing = (inside: string): string =>
    `<?xml version="1.0"?>\n<ListBucketResult xmlns="x">${inside}</ListBucketResult>`;
  const object = (inside: string): string => `<Contents>${inside}</Contents><IsTruncated>false</IsTruncated>`;
  const LAST = '<LastModified>2026-01-02T03:04:05.000Z</LastModified>';
  const answer = async (body: string): Promise<ListObjectsV2CommandOutput | undefined> => {
    text = body;
    return (await new DirectS3(told).ask('ListObjectsV2', { Bucket: BUCKET })) as
      ListObjectsV2CommandOutput | undefined;
  };

  test('is read with everything that XML escapes', async () => {
    const key = '&lt;&#x1F4E6;&#10;&quot;&apos;&amp;amp;';
    const found = await answer(listing(object(`<Key>${key}</Key><Size>7</Size>${LAST}<Owner><ID>o</ID></Owner>`)));
    expect(found?.Contents).toEqual([
      { Key: '<📦\n"\'&amp;', Size: 7, LastModified: new Date('2026-01-02T03:04:05Z'), ETag: undefined },
    ]);
  });

  test.each([
    ['is cut off', `<ListBucketResult>${object(`<Key>k</Key><Size>1</Size>${LAST}`)}`],
    ['does not say whether there is more', listing('')],
    ['has an object without a size', listing(object(`<Key>k</Key>${LAST}`))],
    ['has an object without a key', listing(object(`<Size>1</Size>${LAST}`))],
    ['has an object of no time', listing(object('<Key>k</Key><Size>1</Size>'))],
    [
      'has an object with an attribute',
      listing(`<Contents a="b"><Key>k</Key></Contents><IsTruncated>false</IsTruncated>`),
    ],
    ['names a character that there is not', listing(object(`<Key>&#x110000;</Key>${LAST}`))],
    ['is an error', '<Error><Code>InternalError</Code></Error>'],
    ['is empty', ''],
  ])('that %s is left to the SDK', async (_, body) => {
    expect(await answer(body)).toBeUndefined();
  });
});
