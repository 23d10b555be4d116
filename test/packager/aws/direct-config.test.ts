import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AwsAccess, AwsSettings } from '../../../packager/aws/access.ts';
import { awsAccess } from '../../../packager/aws/access.ts';
import { directConfig } from '../../../packager/aws/direct-config.ts';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import type { ObjectStore } from '../../../repository/object-store.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { s3Store } from '../../../repository/stores/s3.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import { knowEveryError } from '../../support/realm.ts';
import { INTERNAL_ERROR } from '../../support/s3-server-faults.ts';
import type { RecordedRequest, S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';
import { temporaryFolder } from '../../support/temporary.ts';

knowEveryError();
hideOwnEnvironment();

const SECRET = 'wJalrXUtnFEMI';
const BUCKET = 'without-the-sdk';
const closing: (() => unknown)[] = [];
let home: string;
let server: S3Server;

beforeEach(async () => {
  home = await temporaryFolder();
  server = await startS3Server({
    identities: {
      AKIADIRECT: { account: TEST_ACCOUNT, secretAccessKey: SECRET },
      ASIADIRECT: { account: TEST_ACCOUNT, secretAccessKey: SECRET, sessionToken: 'IQoJb3JpZ2luX2VjEJr+/=' },
    },
  });
  server.createBucket(BUCKET, { versioning: 'Enabled' });
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await server.close();
});

async function access(settings: Partial<AwsSettings> = {}): Promise<AwsAccess> {
  const { env = {}, ...others } = settings;
  const keys = { AWS_ACCESS_KEY_ID: 'AKIADIRECT', AWS_SECRET_ACCESS_KEY: SECRET };
  const made = await awsAccess({
    ...{ region: 'us-east-1', endpointUrl: server.endpoint, verifySsl: true, ...others },
    env: { HOME: home, CFN_ARTIFACTS_CACHE: 'off', ...keys, ...env },
  });
  closing.push(() => {
    made.close();
  });
  return made;
}

/** Of what the SDK sends. */
function isBySdk({ headers }: RecordedRequest): boolean {
  return 'amz-sdk-request' in headers;
}

function storeOf(made: AwsAccess): ObjectStore {
  return s3Store({ ...made.directS3(), bucket: BUCKET, expectedOwner: TEST_ACCOUNT });
}

/** A little of everything that a run does. */
async function use(store: ObjectStore): Promise<void> {
  const key = objectKey("a b/é+'*");
  expect(await store.head(key)).toBeUndefined();
  expect(await store.create(key, contentOf('first'))).toBe('created');
  expect(await store.create(key, contentOf('second'))).toBe('exists');
  expect((await bytesOf((await store.read(key))!.body)).toString()).toBe('first');
  for await (const { size } of store.list('a')) expect(size).toBe(5);
}

describe('where a bucket is asked', () => {
  const REGIONS = [
    ...['us-east-1', 'us-west-2', 'eu-central-2', 'ap-southeast-7', 'il-central-1', 'mx-central-1', 'ca-west-1'],
    ...['cn-north-1', 'cn-northwest-1', 'us-gov-east-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1'],
    ...['eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1', 'eu-north-12', 'aws-global', 'nowhere', 'US-EAST-1'],
    'fips-us-gov-west-1',
  ];
  const ENDPOINTS = [
    ...[undefined, 'https://storage.example.com', 'http://storage.example.com:9000/', 'https://example.com:8443/a/s3/'],
    ...['http://127.0.0.1:9000', 'http://[::1]:9000', 'https://storage.example.com:443', 'http://example.com:443'],
  ];
  const BUCKETS = [
    ...['plain-bucket', 'dotted.bucket.name', 'point-0123456789abcdefghij-s3alias', '1-2', '192.168.0.1'],
    ...['fast--use1-az4--x-s3', 'a--b', 'o-01ac5d28a6a232904e8xz5w8ijx1qzlbp3i3kuse10--op-s3'],
  ];

  type Asked = Parameters<S3Client['config']['endpointProvider']>[0];

  function told(config: Pick<S3Client['config'], 'endpointProvider'>, asked: Asked): unknown {
    const { url, properties } = config.endpointProvider(asked);
    const [{ name, signingName, signingRegion } = {}] = (properties?.['authSchemes'] ?? []) as unknown as Record<
      string,
      string
    >[];
    return { url: url.href.replace(/\/+$/, ''), name, signingName, signingRegion };
  }

  function ownConfig(): ReturnType<typeof directConfig> {
    const unused = { requestHandler: {}, credentials: {}, userAgentAppId: {} } as unknown;
    return directConfig({ ...(unused as Parameters<typeof directConfig>[0]), region: 'eu-west-1' }, false, () => 0);
  }

  const flag = fc.boolean();
  const asked = fc.record({
    Region: fc.constantFrom(...REGIONS),
    Bucket: fc.constantFrom(...BUCKETS),
    Endpoint: fc.constantFrom(...ENDPOINTS),
    ForcePathStyle: flag,
    ...{ UseFIPS: flag, UseDualStack: flag, Accelerate: flag, UseGlobalEndpoint: flag },
  });

  test('is where the SDK asks it, or left to the SDK', () => {
    const sdk = new S3Client({ region: 'eu-west-1' }).config;
    const own = ownConfig();
    let known = 0;
    fc.assert(
      fc.property(asked, ({ Endpoint, ...others }) => {
        const whole: Asked = { ...others, ...(Endpoint !== undefined && { Endpoint }) };
        let mine: unknown;
        try {
          mine = told(own, whole);
        } catch {
          return;
        }
        known += 1;
        expect(mine).toEqual(told(sdk, whole));
      }),
      { numRuns: 20_000 },
    );
    expect(known).toBeGreaterThan(100);
  });

  test.each(REGIONS.slice(0, -4))('is known without the SDK in %s', (Region) => {
    for (const Bucket of BUCKETS.slice(0, 5)) {
      for (const ForcePathStyle of [true, false]) {
        const whole: Asked = {
          ...{ Region, Bucket, ForcePathStyle, UseFIPS: false, UseDualStack: false },
          ...{ Accelerate: false, UseGlobalEndpoint: false },
        };
        expect(told(ownConfig(), whole)).toEqual(told(new S3Client({ region: 'eu-west-1' }).config, whole));
      }
    }
  });
});

describe('a store', () => {
  test.each(['AKIADIRECT', 'ASIADIRECT'])('of the keys %s is used without the SDK', async (id) => {
    const session = id === 'ASIADIRECT' ? { AWS_SESSION_TOKEN: 'IQoJb3JpZ2luX2VjEJr+/=' } : {};
    await use(storeOf(await access({ env: { AWS_ACCESS_KEY_ID: id, ...session } })));
    expect(server.requests.length).toBeGreaterThan(4);
    expect(server.requests.filter(isBySdk)).toEqual([]);
  });

  test.each<[string, AwsSettings['env']]>([
    ['adaptive retries', { AWS_RETRY_MODE: 'adaptive' }],
    ['one attempt', { AWS_MAX_ATTEMPTS: '1' }],
  ])("of who wants %s is the SDK's matter", async (_, env) => {
    await use(storeOf(await access({ env })));
    expect(server.requests.filter(isBySdk)).toEqual(server.requests);
  });

  test('on an endpoint that is none fails as the SDK tells it', async () => {
    const made = await access({ endpointUrl: 'not a url' });
    expect(await made.directS3().direct.ask('HeadBucket', { Bucket: BUCKET })).toBeUndefined();
    await expect(storeOf(made).head(objectKey('a'))).rejects.toThrow(/url/i);
  });

  test('of keys that are wrong tells in our words', async () => {
    const made = await access({ env: { AWS_SECRET_ACCESS_KEY: 'guessed' } });
    await expect(storeOf(made).head(objectKey('a'))).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
      message: expect.stringContaining('in the environment'),
    });
  });

  test('without keys tells what to do, and asks nothing', async () => {
    const made = await access({ env: { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true' } });
    await expect(storeOf(made).head(objectKey('a'))).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
    expect(server.requests).toEqual([]);
  });

  test('survives what only the SDK can', async () => {
    server.faults.add({ fault: INTERNAL_ERROR });
    await use(storeOf(await access()));
    expect(server.requests.filter(isBySdk)).toHaveLength(1);
  });

  test('finds a bucket in another Region', async () => {
    server.createBucket('far-away', { region: 'ap-south-1' });
    const store = s3Store({ ...(await access()).directS3(), bucket: 'far-away' });
    expect(await store.create(objectKey('a'), contentOf('x'))).toBe('created');
  });

  test('is of one Region, and kept', async () => {
    const made = await access();
    expect(made.directS3()).toBe(made.directS3('us-east-1'));
    expect(made.directS3('eu-west-1')).not.toBe(made.directS3());
    expect(await made.directS3('eu-west-1').client.config.region()).toBe('eu-west-1');
  });

  test('takes the time that the SDK found out', async () => {
    const endpointUrl = await serverAhead(60 * 60_000);
    const made = await access({ endpointUrl });
    const asked = { Bucket: BUCKET, Key: 'a' };
    expect(await made.directS3().direct.ask('GetObject', asked)).toBeUndefined();
    await (await made.s3()).send(new GetObjectCommand(asked));
    expect(await made.directS3().direct.ask('GetObject', asked)).toMatchObject({ ETag: '"e"' });
  });
});

describe('credentials that run out', () => {
  /** A profile whose command tells how often it ran. */
  async function lasting(milliseconds: number): Promise<{ readonly made: AwsAccess; readonly fetched: () => number }> {
    const [script, log] = [path.join(home, 'fetch.cjs'), path.join(home, 'fetched')];
    const keys = `{ Version: 1, AccessKeyId: 'AKIADIRECT', SecretAccessKey: '${SECRET}', Expiration }`;
    const text = [
      `require('node:fs').appendFileSync(${JSON.stringify(log)}, '.');`,
      `const Expiration = new Date(Date.now() + ${milliseconds}).toISOString();`,
      `console.log(JSON.stringify(${keys}));`,
    ];
    writeFileSync(script, text.join('\n'));
    mkdirSync(path.join(home, '.aws'));
    const config = `[profile short]\ncredential_process = "${process.execPath}" "${script}"\n`;
    writeFileSync(path.join(home, '.aws/config'), config);
    const made = await access({ profile: 'short', env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' } });
    return { made, fetched: () => readFileSync(log, 'utf8').length };
  }

  async function askOften({ direct }: ReturnType<AwsAccess['directS3']>): Promise<void> {
    const asked = Array.from({ length: 50 }, async () => direct.ask('HeadBucket', { Bucket: BUCKET }));
    for (const answer of await Promise.all(asked)) expect(answer).toBeDefined();
  }

  test('are fetched once for all who ask, also where they never live long', async () => {
    const { made, fetched } = await lasting(120_000);
    await askOften(made.directS3());
    await askOften(made.directS3());
    expect(fetched()).toBe(1);
  });

  test('are fetched anew once for all', async () => {
    const { made, fetched } = await lasting(4000);
    await askOften(made.directS3());
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await askOften(made.directS3());
    expect(fetched()).toBe(2);
  });
});

describe('logs of access', () => {
  test('show this program, whoever asks, and the application that is set', async () => {
    const made = await access({ env: { AWS_SDK_UA_APP_ID: 'pipeline 7' } });
    await use(storeOf(made));
    await (await made.s3()).send(new GetObjectCommand({ Bucket: BUCKET, Key: "a b/é+'*" }));
    const agents = server.requests.map(({ headers }) => headers['user-agent'] ?? '');
    expect(agents.filter((agent) => !/\bcfn-artifacts\/\d+\.\d+\.\d+\b/.test(agent))).toEqual([]);
    expect(agents.filter((agent) => !/\bapp\/pipeline.7\b/.test(agent))).toEqual([]);
    expect(agents[0]).toMatch(/^cfn-artifacts\/\S+ os\/\w+#\S+ lang\/js md\/nodejs#\d+\.\d+\.\d+ app\/pipeline-7$/);
  });
});

/** S3 by another clock. */
async function serverAhead(milliseconds: number): Promise<string> {
  const http = createServer((request, response) => {
    const now = Date.now() + milliseconds;
    const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(request.headers['x-amz-date'])) ?? [];
    const [year = 0, month = 1, ...others] = parts.map(Number);
    const isWrong = Math.abs(Date.UTC(year, month - 1, ...others) - now) > 15 * 60_000;
    const date = new Date(now).toUTCString();
    response.writeHead(isWrong ? 403 : 200, { 'content-type': 'application/xml', etag: '"e"', date });
    response.end(isWrong ? '<Error><Code>RequestTimeTooSkewed</Code><Message>No.</Message></Error>' : 'x');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    http.close().closeAllConnections();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}
