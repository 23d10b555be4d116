import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { s3ClientDefaults } from '../../../repository/stores/s3.ts';
import type { ConformanceTarget } from '../../support/s3-conformance.ts';
import { s3Conformance } from '../../support/s3-conformance.ts';
import type { Identity } from '../../support/s3-server-auth.ts';
import { checksumOfBuffer } from '../../support/s3-server-bytes.ts';
import { CONFLICT, INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE, SLOW_DOWN } from '../../support/s3-server-faults.ts';
import type { Policy, Statement } from '../../support/iam/policy.ts';
import { decide } from '../../support/iam/policy.ts';
import type { BucketOptions } from '../../support/s3-server-state.ts';
import { compareUtf8 } from '../../support/s3-server-state.ts';
import type { S3Server, S3ServerOptions } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';

const OTHER_ACCOUNT = '444455556666';
const BUCKET = 'bucket-under-test';
const EVERYTHING = `arn:aws:s3:::${BUCKET}/*`;
const ALLOW_ALL: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };

const allow = (Action: string | string[], Resource: string | string[] = '*'): Policy => ({
  Statement: { Effect: 'Allow', Action, Resource },
});

const IDENTITIES: Readonly<Record<string, Identity>> = {
  test: { account: TEST_ACCOUNT },
  publisher: { account: TEST_ACCOUNT, policies: [allow(['s3:GetObject', 's3:PutObject'])] },
  nobody: { account: TEST_ACCOUNT, policies: [] },
  other: { account: OTHER_ACCOUNT },
  role: {
    account: TEST_ACCOUNT,
    arn: `arn:aws:iam::${TEST_ACCOUNT}:role/keeper`,
    sessionArn: `arn:aws:sts::${TEST_ACCOUNT}:assumed-role/keeper/session`,
    sessionToken: 'token',
    policies: [],
  },
  lambda: { account: '', service: 'lambda.amazonaws.com', context: { 'aws:SourceAccount': TEST_ACCOUNT } },
  expired: { account: TEST_ACCOUNT, expired: true },
};

const conforming = (options: S3ServerOptions, bucket: BucketOptions) => async (): Promise<ConformanceTarget> => {
  const target = await startS3Server(options);
  target.createBucket('conformance', { versioning: 'Enabled', ...bucket });
  const config = { ...target.clientConfig(), requestChecksumCalculation: 'WHEN_REQUIRED', maxAttempts: 1 } as const;
  const client = new S3Client(config);
  const close = async (): Promise<void> => {
    client.destroy();
    await target.close();
  };
  return { client, bucket: 'conformance', region: 'us-east-1', prefix: '', close };
};

s3Conformance('the server of the tests', conforming({}, {}));

s3Conformance(
  'the server of the tests, of short pages and undecided writes',
  conforming({ pages: 'short' }, { overlap: 'undecided' }),
  { 'ListObjectsV2 begins after, and folds at a delimiter': 'of what a page may hold a short one holds less' },
);

let server: S3Server;
const clients: S3Client[] = [];

beforeEach(async () => {
  server = await startS3Server({ identities: IDENTITIES });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.close();
});

function as(accessKeyId = 'test', region = 'us-east-1'): S3Client {
  const client = new S3Client({
    ...server.clientConfig(accessKeyId, region),
    ...s3ClientDefaults,
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
}

/** `ok`, or the error's code. */
async function outcome(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'ok';
  } catch (error) {
    return (error as Error).name;
  }
}

async function statusAndCode(request: Promise<unknown>): Promise<readonly [number | undefined, string]> {
  try {
    await request;
    return [200, 'ok'];
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return [$metadata?.httpStatusCode, name];
  }
}

function bucket(options: BucketOptions = {}): void {
  server.createBucket(BUCKET, { versioning: 'Enabled', ...options });
}

async function setPolicy(...Statement: Statement[]): Promise<void> {
  await as().send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify({ Statement }) }));
}

const at = (Key: string): { Bucket: string; Key: string } => ({ Bucket: BUCKET, Key });
const put = (client: S3Client, Key: string, input: object = {}): Promise<unknown> =>
  client.send(new PutObjectCommand({ ...at(Key), Body: 'body', ...input }));
const get = (client: S3Client, Key: string, input: object = {}): Promise<unknown> =>
  client.send(new GetObjectCommand({ ...at(Key), ...input })).then((answer) => answer.Body?.transformToByteArray());
const remove = (client: S3Client, Key: string, input: object = {}): Promise<unknown> =>
  client.send(new DeleteObjectCommand({ ...at(Key), ...input }));
const list = (client: S3Client, input: object = {}): Promise<unknown> =>
  client.send(new ListObjectsV2Command({ Bucket: BUCKET, ...input }));

describe('who asks', () => {
  test('a signature is verified: key, secret, token, expiry', async () => {
    bucket();
    const config = server.clientConfig();
    const wrong = new S3Client({
      ...config,
      credentials: { accessKeyId: 'test', secretAccessKey: 'wrong' },
      maxAttempts: 1,
    });
    const unknown = new S3Client({
      ...config,
      credentials: { accessKeyId: 'who', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
    const tokenless = new S3Client({
      ...config,
      credentials: { accessKeyId: 'role', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
    clients.push(wrong, unknown, tokenless);
    expect(await statusAndCode(list(wrong))).toEqual([403, 'SignatureDoesNotMatch']);
    expect(await statusAndCode(list(unknown))).toEqual([403, 'InvalidAccessKeyId']);
    expect(await statusAndCode(list(tokenless))).toEqual([400, 'InvalidToken']);
    expect(await statusAndCode(list(as('expired')))).toEqual([400, 'ExpiredToken']);
    expect(await statusAndCode(list(as()))).toEqual([200, 'ok']);
  });

  test('STS answers on the same endpoint', async () => {
    for (const [key, arn] of [
      ['test', `arn:aws:iam::${TEST_ACCOUNT}:user/test`],
      ['role', IDENTITIES['role']!.sessionArn],
    ] as const) {
      const sts = new STSClient({ ...server.clientConfig(key), maxAttempts: 1 });
      expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: TEST_ACCOUNT, Arn: arn });
      sts.destroy();
    }
    const expired = new STSClient({ ...server.clientConfig('expired'), maxAttempts: 1 });
    expect(await statusAndCode(expired.send(new GetCallerIdentityCommand({})))).toEqual([
      400,
      expect.stringMatching(/^ExpiredToken/),
    ]);
    expired.destroy();
  });

  test('a presigned URL works until it expires, and only for what was signed', async () => {
    bucket();
    await put(as(), 'a b');
    const url = presigned('GET', `/${BUCKET}/a%20b`, 60);
    expect(await (await fetch(url)).text()).toBe('body');
    expect((await fetch(url.replace('a%20b', 'other'))).status).toBe(403);
    expect((await fetch(presigned('GET', `/${BUCKET}/a%20b`, -1))).status).toBe(403);
  });

  test('the unsigned are nobody', async () => {
    bucket();
    await put(as(), 'open/a');
    await put(as(), 'shut/a');
    const anonymously = async (key: string): Promise<number> =>
      (await fetch(`${server.endpoint}/${BUCKET}/${key}`)).status;
    expect(await anonymously('open/a')).toBe(403);
    await setPolicy({
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${BUCKET}/open/*`,
    });
    expect(await anonymously('open/a')).toBe(200);
    expect(await anonymously('shut/a')).toBe(403);
  });

  test('the host may name the bucket', async () => {
    bucket();
    await setPolicy({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: EVERYTHING });
    await put(as(), 'a/b');
    const { port } = new URL(server.endpoint);
    for (const host of [
      `${BUCKET}.localhost:${port}`,
      `${BUCKET}.s3.eu-west-1.amazonaws.com`,
      `${BUCKET}.s3.amazonaws.com`,
    ]) {
      expect(await raw({ path: '/a/b', headers: { host } })).toMatchObject({ status: 200, body: 'body' });
    }
  });

  test('the owner must be the expected one', async () => {
    bucket({ owner: OTHER_ACCOUNT });
    const expected = (ExpectedBucketOwner: string): object => ({ ExpectedBucketOwner });
    expect(await outcome(put(as('other'), 'a', expected(OTHER_ACCOUNT)))).toBe('ok');
    expect(await statusAndCode(put(as('other'), 'a', expected(TEST_ACCOUNT)))).toEqual([403, 'AccessDenied']);
  });

  test('another region is told, in either way of S3', async () => {
    bucket({ region: 'eu-west-1' });
    expect(await outcome(list(as('test', 'eu-west-1')))).toBe('ok');
    const redirected = list(as());
    await expect(redirected).rejects.toMatchObject({ name: 'PermanentRedirect', $metadata: { httpStatusCode: 301 } });
    await expect(redirected).rejects.toMatchObject({ $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } });
    server.settings.wrongRegion = 'malformed';
    await expect(list(as())).rejects.toMatchObject({ name: 'AuthorizationHeaderMalformed', Region: 'eu-west-1' });
  });
});

describe('what they may', () => {
  test('only get and put: then nothing is listed, and absent is forbidden', async () => {
    bucket();
    const publisher = as('publisher');
    expect(await outcome(put(publisher, 'a'))).toBe('ok');
    expect(await outcome(get(publisher, 'a'))).toBe('ok');
    const head = (client: S3Client, key: string): Promise<unknown> => client.send(new HeadObjectCommand(at(key)));
    expect(await statusAndCode(head(publisher, 'a'))).toEqual([200, 'ok']);
    expect((await statusAndCode(head(publisher, 'absent')))[0]).toBe(403);
    expect((await statusAndCode(head(as(), 'absent')))[0]).toBe(404);
    expect(await outcome(get(publisher, 'absent'))).toBe('AccessDenied');
    expect(await outcome(list(publisher))).toBe('AccessDenied');
    expect(await outcome(remove(publisher, 'a'))).toBe('AccessDenied');
    expect(await outcome(list(as('nobody')))).toBe('AccessDenied');
  });

  test('each operation needs its own action', async () => {
    bucket();
    await put(as(), 'a');
    const { VersionId } = await as().send(new HeadObjectCommand(at('a')));
    const { UploadId } = await as().send(new CreateMultipartUploadCommand(at('u')));
    const part = { ...at('u'), UploadId, PartNumber: 1 };
    const requests: Readonly<Record<string, (client: S3Client) => Promise<unknown>>> = {
      's3:GetObject': (client) => get(client, 'a'),
      's3:GetObjectVersion': (client) => get(client, 'a', { VersionId }),
      's3:PutObject': (client) => client.send(new UploadPartCommand({ ...part, Body: 'x' })),
      's3:ListMultipartUploadParts': (client) => client.send(new ListPartsCommand(part)),
      's3:ListBucket': (client) => list(client),
      's3:GetBucketPolicy': (client) => client.send(new GetBucketPolicyCommand({ Bucket: BUCKET })),
      's3:GetBucketVersioning': (client) => client.send(new GetBucketVersioningCommand({ Bucket: BUCKET })),
      's3:DeleteObjectVersion': (client) => remove(client, 'a', { VersionId }),
      's3:DeleteObject': (client) => remove(client, 'b'),
    };
    await setPolicy({
      Effect: 'Allow',
      Principal: { AWS: TEST_ACCOUNT },
      Action: 's3:GetObject',
      Resource: EVERYTHING,
    });
    for (const [action, ask] of Object.entries(requests)) {
      server.identities.set('one', { account: TEST_ACCOUNT, policies: [allow(action)] });
      expect([action, await outcome(ask(as('one')))]).toEqual([action, 'ok']);
      const others = Object.keys(requests).filter((other) => other !== action);
      server.identities.set('rest', { account: TEST_ACCOUNT, policies: [allow(others)] });
      expect([action, await outcome(ask(as('rest')))]).toEqual([action, 'AccessDenied']);
    }
  });

  test('If-Match needs s3:GetObject beside', async () => {
    bucket();
    await put(as(), 'a');
    const { ETag } = await as().send(new HeadObjectCommand(at('a')));
    server.identities.set('blind', { account: TEST_ACCOUNT, policies: [allow(['s3:PutObject', 's3:DeleteObject'])] });
    expect(await outcome(put(as('blind'), 'a', { IfMatch: ETag }))).toBe('AccessDenied');
    expect(await outcome(remove(as('blind'), 'a', { IfMatch: ETag }))).toBe('AccessDenied');
    expect(await outcome(put(as('blind'), 'b', { IfNoneMatch: '*' }))).toBe('ok');
    expect(await outcome(put(as('publisher'), 'a', { IfMatch: ETag }))).toBe('ok');
  });

  test('a KMS key is asked for its own permission', async () => {
    const kmsKeyId = `arn:aws:kms:us-east-1:${TEST_ACCOUNT}:key/k`;
    bucket({ encryption: { algorithm: 'aws:kms', kmsKeyId } });
    await put(as(), 'a');
    const head = (client: S3Client, ChecksumMode?: 'ENABLED'): Promise<unknown> =>
      client.send(new HeadObjectCommand({ ...at('a'), ...(ChecksumMode && { ChecksumMode }) }));
    const publisher = as('publisher');
    await expect(put(publisher, 'b')).rejects.toThrow(/kms:GenerateDataKey/);
    expect(await outcome(get(publisher, 'a'))).toBe('AccessDenied');
    expect((await statusAndCode(head(publisher, 'ENABLED')))[0]).toBe(403);
    expect((await statusAndCode(head(publisher)))[0]).toBe(200);
    server.identities.set('keyed', { account: TEST_ACCOUNT, policies: [allow(['s3:*Object', 'kms:*'])] });
    expect(await outcome(put(as('keyed'), 'b'))).toBe('ok');
    expect((await statusAndCode(head(as('keyed'), 'ENABLED')))[0]).toBe(200);
  });

  test('a KMS key with a policy is used as that says, by other accounts too', async () => {
    const kmsKeyId = `arn:aws:kms:us-east-1:${TEST_ACCOUNT}:key/k`;
    bucket({ encryption: { algorithm: 'aws:kms', kmsKeyId } });
    await put(as(), 'a');
    const readers = [TEST_ACCOUNT, OTHER_ACCOUNT].map((account) => `arn:aws:iam::${account}:root`);
    await setPolicy({ Effect: 'Allow', Principal: { AWS: readers }, Action: 's3:GetObject', Resource: EVERYTHING });
    const keyPolicy = (...AWS: string[]): void => {
      const Statement = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*', Principal: { AWS } } as const;
      server.keyPolicies.set(kmsKeyId, { Statement });
    };
    expect(await outcome(get(as('other'), 'a'))).toBe('AccessDenied');
    keyPolicy(...readers);
    expect(await outcome(get(as('other'), 'a'))).toBe('ok');
    expect(await outcome(get(as(), 'a'))).toBe('ok');
    // No policy of the account gives the publisher anything of KMS.
    expect(await outcome(get(as('publisher'), 'a'))).toBe('AccessDenied');
    keyPolicy(`arn:aws:iam::${TEST_ACCOUNT}:user/publisher`);
    expect(await outcome(get(as('publisher'), 'a'))).toBe('ok');
    expect(await outcome(get(as(), 'a'))).toBe('AccessDenied');
    expect(await outcome(get(as('other'), 'a'))).toBe('AccessDenied');
  });

  test('an organization’s paths are many values', async () => {
    bucket();
    await put(as(), 'a');
    const context = { 'aws:PrincipalOrgID': 'o-1', 'aws:PrincipalOrgPaths': ['o-1/r-1/ou-1/', 'o-1/r-1/ou-2/'] };
    server.identities.set('member', { account: OTHER_ACCOUNT, context });
    const within = (path: string): Promise<void> =>
      setPolicy({
        ...{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: EVERYTHING },
        Condition: { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': [`${path}*`] } },
      });
    await within('o-1/r-1/ou-2/');
    expect(await outcome(get(as('member'), 'a'))).toBe('ok');
    expect(await outcome(get(as('other'), 'a'))).toBe('AccessDenied');
    await within('o-1/r-1/ou-3/');
    expect(await outcome(get(as('member'), 'a'))).toBe('AccessDenied');
  });

  test('tags that are there are a condition of reading them and the object, each version its own', async () => {
    bucket();
    await put(as(), 'a', { Tagging: 'team=one' });
    const first = (await as().send(new HeadObjectCommand(at('a')))).VersionId!;
    await put(as(), 'a', { Tagging: 'team=two' });
    await setPolicy({
      ...{ Effect: 'Allow', Principal: { AWS: IDENTITIES['role']!.arn! }, Action: 's3:*', Resource: EVERYTHING },
      Condition: { StringLike: { 's3:ExistingObjectTag/team': 't*' } },
    });
    const role = as('role');
    expect(await outcome(get(role, 'a'))).toBe('ok');
    expect(await outcome(get(role, 'a', { VersionId: first }))).toBe('AccessDenied');
    expect(await outcome(role.send(new GetObjectTaggingCommand(at('a'))))).toBe('ok');
    // Of what is written or deleted S3 knows no tags.
    expect(await outcome(put(role, 'a'))).toBe('AccessDenied');
    expect(await outcome(remove(role, 'a'))).toBe('AccessDenied');
    expect(await outcome(role.send(new DeleteObjectTaggingCommand(at('a'))))).toBe('ok');
    expect(await outcome(get(role, 'a'))).toBe('AccessDenied');
  });

  test('tags that are brought are a condition, and need a right of their own', async () => {
    bucket();
    await setPolicy(
      {
        ...{ Sid: 'NoTags', Effect: 'Deny', Principal: { AWS: `arn:aws:iam::${TEST_ACCOUNT}:user/publisher` } },
        ...{ Action: 's3:PutObject', Resource: EVERYTHING },
        Condition: { Null: { 's3:RequestObjectTagKeys': 'false' } },
      },
      {
        ...{ Effect: 'Allow', Principal: { AWS: IDENTITIES['role']!.arn! } },
        ...{ Action: ['s3:PutObject', 's3:PutObjectTagging'], Resource: EVERYTHING },
        Condition: {
          StringEquals: { 's3:RequestObjectTag/team': 'one' },
          'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['team', 'stage'] },
        },
      },
    );
    const tagging = (client: S3Client, tags: Readonly<Record<string, string>>): Promise<string> => {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      return outcome(client.send(new PutObjectTaggingCommand({ ...at('a'), Tagging: { TagSet } })));
    };
    const upload = (client: S3Client, Tagging: string): Promise<string> =>
      outcome(client.send(new CreateMultipartUploadCommand({ ...at('a'), Tagging })));
    expect(await outcome(put(as('publisher'), 'a'))).toBe('ok');
    await expect(put(as('publisher'), 'a', { Tagging: 'team=one' })).rejects.toThrow(/statement NoTags/);
    expect(await tagging(as('publisher'), { team: 'one' })).toBe('AccessDenied');
    const role = as('role');
    expect(await outcome(put(role, 'a', { Tagging: 'team=one&stage=x' }))).toBe('ok');
    expect(await outcome(put(role, 'a', { Tagging: 'team=one&other=x' }))).toBe('AccessDenied');
    expect(await outcome(put(role, 'a', { Tagging: 'team=two' }))).toBe('AccessDenied');
    expect(await outcome(put(role, 'a'))).toBe('AccessDenied');
    expect(await tagging(role, { team: 'one' })).toBe('ok');
    expect(await tagging(role, { team: 'one', other: 'x' })).toBe('AccessDenied');
    expect(await upload(role, 'team=one')).toBe('ok');
    expect(await upload(role, 'team=two')).toBe('AccessDenied');
  });

  test('a copy of what has tags needs the rights to them, where it does not replace them', async () => {
    bucket();
    await put(as(), 'tagged', { Tagging: 'team=one' });
    await put(as(), 'plain');
    const copy = (client: S3Client, name: string, input: object = {}): Promise<string> =>
      outcome(client.send(new CopyObjectCommand({ ...at('to'), CopySource: `${BUCKET}/${name}`, ...input })));
    expect(await copy(as('publisher'), 'plain')).toBe('ok');
    expect(await copy(as('publisher'), 'tagged')).toBe('AccessDenied');
    expect(await copy(as('publisher'), 'tagged', { TaggingDirective: 'REPLACE' })).toBe('ok');
    for (const action of ['s3:GetObjectTagging', 's3:PutObjectTagging']) {
      server.identities.set('half', { account: TEST_ACCOUNT, policies: [allow(['s3:*Object', action])] });
      expect(await copy(as('half'), 'tagged')).toBe('AccessDenied');
    }
    server.identities.set('tagger', { account: TEST_ACCOUNT, policies: [allow(['s3:*Object', 's3:*ObjectTagging'])] });
    expect(await copy(as('tagger'), 'tagged')).toBe('ok');
  });

  test.each([
    ['eleven', Object.fromEntries(Array.from({ length: 11 }, (_, number) => [`k${number}`, 'v']))],
    ['a long name', { ['k'.repeat(129)]: 'v' }],
    ['a long value', { k: 'v'.repeat(257) }],
    ['a sign that tags have not', { k: 'a*b' }],
  ])('tags are as S3 has them: not %s', async (_, tags) => {
    bucket();
    await put(as(), 'a');
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    expect(await outcome(as().send(new PutObjectTaggingCommand({ ...at('a'), Tagging: { TagSet } })))).toBe(
      'InvalidTag',
    );
    expect(await outcome(put(as(), 'b', { Tagging: new URLSearchParams(tags).toString() }))).toBe('InvalidTag');
  });

  test('another account needs both sides', async () => {
    bucket();
    await put(as(), 'a');
    expect(await outcome(get(as('other'), 'a'))).toBe('AccessDenied');
    const statement: Statement = {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
      Action: 's3:GetObject',
      Resource: EVERYTHING,
    };
    await setPolicy(statement);
    expect(await outcome(get(as('other'), 'a'))).toBe('ok');
    server.identities.set('other-nobody', { account: OTHER_ACCOUNT, policies: [] });
    expect(await outcome(get(as('other-nobody'), 'a'))).toBe('AccessDenied');
    await setPolicy({ ...statement, Principal: { AWS: OTHER_ACCOUNT }, Resource: `arn:aws:s3:::${BUCKET}/b*` });
    expect(await outcome(get(as('other'), 'a'))).toBe('AccessDenied');
  });

  test('a bucket policy allows a role by itself, an account only through its own policies', async () => {
    bucket();
    await put(as(), 'a');
    const statement: Statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: EVERYTHING };
    await setPolicy({ ...statement, Principal: { AWS: IDENTITIES['role']!.arn! } });
    expect(await outcome(get(as('role'), 'a'))).toBe('ok');
    expect(await outcome(get(as('nobody'), 'a'))).toBe('AccessDenied');
    await setPolicy({ ...statement, Principal: { AWS: IDENTITIES['role']!.sessionArn! } });
    expect(await outcome(get(as('role'), 'a'))).toBe('ok');
    await setPolicy({ ...statement, Principal: { AWS: TEST_ACCOUNT } });
    expect(await outcome(get(as('role'), 'a'))).toBe('AccessDenied');
    await setPolicy({ ...statement, Principal: { AWS: '*' } });
    expect(await outcome(get(as('role'), 'a'))).toBe('ok');
  });

  test('a service acts for an account', async () => {
    bucket();
    await put(as(), 'a');
    const statement = (account: string): Statement => ({
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 's3:GetObject',
      Resource: EVERYTHING,
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    });
    await setPolicy(statement(TEST_ACCOUNT));
    expect(await outcome(get(as('lambda'), 'a'))).toBe('ok');
    await setPolicy(statement(OTHER_ACCOUNT));
    expect(await outcome(get(as('lambda'), 'a'))).toBe('AccessDenied');
  });

  test('what is created once can be written on a condition alone', async () => {
    bucket();
    await setPolicy({
      Sid: 'CreatedOnce',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${BUCKET}/blobs/*`,
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    });
    const admin = as();
    expect(await outcome(put(admin, 'blobs/a'))).toBe('AccessDenied');
    await expect(put(admin, 'blobs/a')).rejects.toThrow(
      /explicit deny in a resource-based policy \(statement CreatedOnce\)/,
    );
    expect(await outcome(put(admin, 'blobs/a', { IfNoneMatch: '*' }))).toBe('ok');
    expect(await outcome(put(admin, 'other/a'))).toBe('ok');
    const copy = (input: object): Promise<unknown> =>
      admin.send(new CopyObjectCommand({ ...at('blobs/copy'), CopySource: `${BUCKET}/blobs/a`, ...input }));
    expect(await outcome(copy({}))).toBe('AccessDenied');
    expect(await outcome(copy({ IfNoneMatch: '*' }))).toBe('ok');
    const { UploadId } = await admin.send(new CreateMultipartUploadCommand(at('blobs/parts')));
    const { ETag } = await admin.send(
      new UploadPartCommand({ ...at('blobs/parts'), UploadId, PartNumber: 1, Body: 'part' }),
    );
    const complete = (input: object): Promise<unknown> =>
      admin.send(
        new CompleteMultipartUploadCommand({
          ...at('blobs/parts'),
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
          ...input,
        }),
      );
    expect(await outcome(complete({}))).toBe('AccessDenied');
    expect(await outcome(complete({ IfNoneMatch: '*' }))).toBe('ok');
  });

  test('deletion can be bound to a condition, to TLS, to a principal, to an encryption, to a prefix', async () => {
    bucket();
    const deny = (condition: Statement['Condition'], Action: string, Resource = EVERYTHING): Promise<void> =>
      setPolicy({ Effect: 'Deny', Principal: '*', Action, Resource, ...(condition && { Condition: condition }) });
    const admin = as();
    await put(admin, 'a');
    const { ETag } = await admin.send(new HeadObjectCommand(at('a')));

    await deny({ Null: { 's3:if-match': 'true' } }, 's3:DeleteObject');
    expect(await outcome(remove(admin, 'a'))).toBe('AccessDenied');
    expect(await outcome(remove(admin, 'a', { IfMatch: ETag }))).toBe('ok');

    await deny({ Bool: { 'aws:SecureTransport': 'false' } }, 's3:*');
    expect(await outcome(put(admin, 'a'))).toBe('ok');
    server.settings.secureTransport = false;
    expect(await outcome(put(admin, 'a'))).toBe('AccessDenied');
    server.settings.secureTransport = true;

    await deny({ ArnNotLike: { 'aws:PrincipalArn': `arn:aws:iam::${TEST_ACCOUNT}:role/keep*` } }, 's3:DeleteObject');
    server.identities.set('role', { ...IDENTITIES['role']!, policies: [ALLOW_ALL] });
    expect(await outcome(remove(admin, 'a'))).toBe('AccessDenied');
    expect(await outcome(remove(as('role'), 'a'))).toBe('ok');

    await deny({ StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } }, 's3:PutObject');
    expect(await outcome(put(admin, 'a'))).toBe('AccessDenied');
    expect(await outcome(put(admin, 'a', { ServerSideEncryption: 'aws:kms' }))).toBe('ok');

    await deny({ StringNotLike: { 's3:prefix': 'mine/*' } }, 's3:ListBucket', `arn:aws:s3:::${BUCKET}`);
    expect(await outcome(list(admin))).toBe('AccessDenied');
    expect(await outcome(list(admin, { Prefix: 'mine/x' }))).toBe('ok');
  });

  test('an account has a corner of its own by a policy variable', async () => {
    bucket();
    const mine = 'arn:aws:s3:::bucket-under-test/references/*/${aws:PrincipalAccount}/*';
    await setPolicy({ Effect: 'Allow', Principal: { AWS: OTHER_ACCOUNT }, Action: 's3:PutObject', Resource: mine });
    expect(await outcome(put(as('other'), `references/x/${OTHER_ACCOUNT}/y`))).toBe('ok');
    expect(await outcome(put(as('other'), `references/x/${TEST_ACCOUNT}/y`))).toBe('AccessDenied');
  });

  test('DeleteObjects is decided key by key', async () => {
    bucket();
    await put(as(), 'yes/a');
    await put(as(), 'no/a');
    server.identities.set('some', {
      account: TEST_ACCOUNT,
      policies: [allow('s3:DeleteObject', `${EVERYTHING.slice(0, -1)}yes/*`)],
    });
    const answer = await as('some').send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: 'yes/a' }, { Key: 'no/a' }] } }),
    );
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(['yes/a']);
    expect(answer.Errors).toMatchObject([{ Key: 'no/a', Code: 'AccessDenied' }]);
  });

  test.each([
    [
      'a condition key that S3 has not',
      { Condition: { StringEquals: { 's3:nonsense': 'x' } } },
      /invalid condition key/,
    ],
    ['an operator that IAM has not', { Condition: { StringsEqual: { 's3:prefix': 'x' } } }, /Invalid Condition type/],
    ['another bucket', { Resource: 'arn:aws:s3:::other/*' }, /invalid resource/],
    ['an object action on a bucket', { Resource: `arn:aws:s3:::${BUCKET}` }, /does not apply to any resource/],
    ['a bucket action on objects', { Action: 's3:ListBucket' }, /does not apply to any resource/],
    ['nobody', { Principal: undefined }, /Principal/],
  ])('a bucket policy with %s is refused', async (_, change, message) => {
    bucket();
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: EVERYTHING,
      ...change,
    } as Statement;
    await expect(setPolicy(statement)).rejects.toMatchObject({
      name: 'MalformedPolicy',
      message: expect.stringMatching(message),
    });
  });

  test('a policy can be read and deleted', async () => {
    bucket();
    const Bucket = BUCKET;
    expect(await outcome(as().send(new GetBucketPolicyCommand({ Bucket })))).toBe('NoSuchBucketPolicy');
    await setPolicy({ Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: EVERYTHING });
    expect((await as().send(new GetBucketPolicyCommand({ Bucket }))).Policy).toMatch(/"Deny"/);
    await as().send(new DeleteBucketPolicyCommand({ Bucket }));
    await put(as(), 'a');
    expect(await outcome(get(as(), 'a'))).toBe('ok');
  });
});

describe('policy evaluation', () => {
  const caller = { account: TEST_ACCOUNT, arn: `arn:aws:iam::${TEST_ACCOUNT}:user/u` };
  const allowed = (
    statement: Partial<Statement>,
    context: Record<string, string | string[]> = {},
    resource = 'arn:aws:s3:::b/k',
  ): boolean => {
    const policy: Policy = { Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...statement } };
    return decide({ caller, action: 's3:GetObject', resource, context }, [policy], undefined, TEST_ACCOUNT).allowed;
  };

  // Operator, expected value(s), values that hold, values that don't; undefined: the key is absent.
  test.each<[string, string | string[], (string | string[] | undefined)[], (string | string[] | undefined)[]]>([
    ['StringEquals', ['a', 'b'], ['a', 'b'], ['A', 'c', undefined]],
    ['StringEqualsIfExists', 'a', ['a', undefined], ['b']],
    ['StringNotEquals', ['a', 'b'], ['c', undefined], ['a', 'b']],
    ['StringEqualsIgnoreCase', 'Ab', ['aB'], ['b', undefined]],
    ['StringLike', 'a/*/c?', ['a/b/cd', 'a/b/b/cd'], ['a/b/c', undefined]],
    ['StringNotLike', 'a*', ['b', undefined], ['a', 'ab']],
    [
      'ArnLike',
      'arn:aws:iam::*:role/x*',
      [`arn:aws:iam::1:role/xy`],
      ['arn:aws:iam::1:user/x', 'arn:aws:iam::1:2:role/x', undefined],
    ],
    ['ArnEquals', 'arn:aws:iam::1:role/x', ['arn:aws:iam::1:role/x'], ['arn:aws:iam::1:role/y', undefined]],
    ['ArnNotEquals', 'arn:aws:iam::1:role/x', ['arn:aws:iam::1:role/y', undefined], ['arn:aws:iam::1:role/x']],
    ['Bool', 'true', ['true'], ['false', undefined]],
    ['BoolIfExists', 'true', ['true', undefined], ['false']],
    ['Null', 'true', [undefined], ['', 'x']],
    ['Null', 'false', ['', 'x'], [undefined]],
    ['NumericLessThanEquals', '10', ['10', '9.5'], ['11', undefined]],
    ['NumericGreaterThan', '10', ['11'], ['10', undefined]],
    ['ForAnyValue:StringEquals', 'a', [['a', 'b']], [['b'], undefined]],
    ['ForAllValues:StringEquals', ['a', 'b'], [['a', 'b'], ['a'], undefined], [['a', 'c']]],
  ])('%s %s', (operator, expected, holding, failing) => {
    const decided = (value: string | string[] | undefined): boolean =>
      allowed(
        { Condition: { [operator]: { 's3:Prefix': expected } } },
        value === undefined ? {} : { 's3:prefix': value },
      );
    expect(holding.map(decided)).toEqual(holding.map(() => true));
    expect(failing.map(decided)).toEqual(failing.map(() => false));
  });

  test('all conditions must hold', () => {
    const Condition = {
      StringEquals: { 's3:prefix': 'a', 's3:delimiter': '/' },
      Bool: { 'aws:SecureTransport': 'true' },
    };
    const context = { 's3:prefix': 'a', 's3:delimiter': '/', 'aws:securetransport': 'true' };
    expect(allowed({ Condition }, context)).toBe(true);
    for (const key of Object.keys(context)) expect(allowed({ Condition }, { ...context, [key]: 'x' })).toBe(false);
  });

  test('what a variable stands for is literal, and must be there', () => {
    const Resource = 'arn:aws:s3:::b/${aws:username}/*';
    expect(allowed({ Resource }, { 'aws:username': 'me' }, 'arn:aws:s3:::b/me/x')).toBe(true);
    expect(allowed({ Resource }, { 'aws:username': '*' }, 'arn:aws:s3:::b/me/x')).toBe(false);
    expect(allowed({ Resource }, {}, 'arn:aws:s3:::b//x')).toBe(false);
    expect(allowed({ Resource: "arn:aws:s3:::b/${aws:username, 'anon'}/*" }, {}, 'arn:aws:s3:::b/anon/x')).toBe(true);
    expect(allowed({ Resource: 'arn:aws:s3:::b/${*}' }, {}, 'arn:aws:s3:::b/k')).toBe(false);
    expect(allowed({ Resource: 'arn:aws:s3:::b/${*}' }, {}, 'arn:aws:s3:::b/*')).toBe(true);
  });

  test('actions match in any case, NotAction and NotResource match the rest', () => {
    expect(allowed({ Action: 'S3:get*' })).toBe(true);
    expect(allowed({ Action: 's3:Put*' })).toBe(false);
    expect(decideWith({ Effect: 'Allow', NotAction: 's3:Put*', Resource: '*' })).toBe(true);
    expect(decideWith({ Effect: 'Allow', NotAction: 's3:Get*', Resource: '*' })).toBe(false);
    expect(decideWith({ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::b/*' })).toBe(false);
    expect(decideWith({ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::c/*' })).toBe(true);
  });

  test('a deny wins, on either side', () => {
    const deny: Statement = { Effect: 'Deny', Action: '*', Resource: '*' };
    const request = { caller, action: 's3:GetObject', resource: 'arn:aws:s3:::b/k', context: {} };
    expect(decide(request, [ALLOW_ALL], undefined, TEST_ACCOUNT).allowed).toBe(true);
    expect(decide(request, [ALLOW_ALL, { Statement: deny }], undefined, TEST_ACCOUNT).allowed).toBe(false);
    const denied = (principal: Partial<Statement>): boolean =>
      !decide(request, [ALLOW_ALL], { Statement: { ...deny, ...principal } }, TEST_ACCOUNT).allowed;
    expect(denied({ Principal: '*' })).toBe(true);
    expect(denied({ Principal: { AWS: TEST_ACCOUNT } })).toBe(true);
    expect(denied({ Principal: { AWS: OTHER_ACCOUNT } })).toBe(false);
    expect(denied({ Principal: { AWS: caller.arn } })).toBe(true);
    expect(denied({ NotPrincipal: { AWS: caller.arn } })).toBe(false);
    expect(denied({ NotPrincipal: { AWS: OTHER_ACCOUNT } })).toBe(true);
    expect(denied({ Principal: { Service: 'lambda.amazonaws.com' } })).toBe(false);
  });

  function decideWith(statement: Statement): boolean {
    const request = { caller, action: 's3:GetObject', resource: 'arn:aws:s3:::b/k', context: {} };
    return decide(request, [{ Statement: statement }], undefined, TEST_ACCOUNT).allowed;
  }
});

describe('buckets', () => {
  test('are made, found, told apart and deleted', async () => {
    const create = (key: string, Bucket: string, constraint?: 'eu-west-1'): Promise<unknown> =>
      as(key).send(
        new CreateBucketCommand({
          Bucket,
          ...(constraint && { CreateBucketConfiguration: { LocationConstraint: constraint } }),
        }),
      );
    expect(await outcome(create('test', 'made', 'eu-west-1'))).toBe('ok');
    expect(await outcome(create('test', 'made'))).toBe('BucketAlreadyOwnedByYou');
    expect(await outcome(create('other', 'made'))).toBe('BucketAlreadyExists');
    expect(await outcome(create('test', 'NotAName'))).toBe('InvalidBucketName');
    expect(await outcome(create('nobody', 'mine'))).toBe('AccessDenied');
    const here = as('test', 'eu-west-1');
    expect(await here.send(new HeadBucketCommand({ Bucket: 'made' }))).toMatchObject({ BucketRegion: 'eu-west-1' });
    expect((await here.send(new ListBucketsCommand({}))).Buckets).toMatchObject([{ Name: 'made' }]);
    await here.send(new PutObjectCommand({ Bucket: 'made', Key: 'a', Body: 'x' }));
    expect(await outcome(here.send(new DeleteBucketCommand({ Bucket: 'made' })))).toBe('BucketNotEmpty');
    await here.send(new DeleteObjectCommand({ Bucket: 'made', Key: 'a' }));
    expect(await outcome(here.send(new DeleteBucketCommand({ Bucket: 'made' })))).toBe('ok');
    expect(await outcome(here.send(new ListObjectsV2Command({ Bucket: 'made' })))).toBe('NoSuchBucket');
  });

  test('without versions a deletion is one, and If-None-Match creates again', async () => {
    bucket({ versioning: 'Off' });
    const client = as();
    expect(await client.send(new PutObjectCommand({ ...at('a'), Body: '1' }))).not.toHaveProperty('VersionId');
    expect(await client.send(new GetBucketVersioningCommand({ Bucket: BUCKET }))).not.toHaveProperty('Status');
    expect(await outcome(put(client, 'a', { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
    const answer = await client.send(new DeleteObjectCommand(at('a')));
    expect(answer.DeleteMarker).toBeUndefined();
    expect(await outcome(put(client, 'a', { IfNoneMatch: '*' }))).toBe('ok');
  });

  test('versions can be turned on, and be suspended', async () => {
    bucket({ versioning: 'Off' });
    const client = as();
    const version = async (Body: string): Promise<string | undefined> =>
      (await client.send(new PutObjectCommand({ ...at('a'), Body }))).VersionId;
    await version('before');
    const setVersioning = (Status: 'Enabled' | 'Suspended'): Promise<unknown> =>
      client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status } }));
    await setVersioning('Enabled');
    const one = await version('one');
    expect(one).toMatch(/^[\w-]{32}$/);
    expect(await client.send(new GetObjectCommand({ ...at('a'), VersionId: 'null' }))).toMatchObject({
      ContentLength: 6,
    });
    await setVersioning('Suspended');
    expect(await version('two')).toBe('null');
    expect(await version('three')).toBe('null');
    expect(
      server.buckets
        .get(BUCKET)
        ?.versions('a')
        .map(({ versionId }) => versionId),
    ).toEqual(['null', one]);
    expect(await client.send(new DeleteObjectCommand(at('a')))).toMatchObject({
      DeleteMarker: true,
      VersionId: 'null',
    });
    expect(server.buckets.get(BUCKET)?.versions('a')).toHaveLength(2);
  });

  test('keep their settings', async () => {
    bucket();
    const client = as();
    const Bucket = BUCKET;
    const encryption = async (): Promise<unknown> =>
      (await client.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules?.[0]
        ?.ApplyServerSideEncryptionByDefault;
    expect(await encryption()).toMatchObject({ SSEAlgorithm: 'AES256' });
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key' } as const;
    await client.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault }] },
      }),
    );
    expect(await encryption()).toMatchObject({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key' });
    const { ETag, ServerSideEncryption } = await client.send(new PutObjectCommand({ ...at('a'), Body: 'x' }));
    expect(ServerSideEncryption).toBe('aws:kms');
    expect(ETag).not.toBe(`"${createHash('md5').update('x').digest('hex')}"`);
    const lifecycle = (): Promise<unknown> => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(await outcome(lifecycle())).toBe('NoSuchLifecycleConfiguration');
    const Rules = [{ ID: 'r', Status: 'Enabled', Filter: { Prefix: 'x/' }, Expiration: { Days: 1 } }] as const;
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [...Rules] } }),
    );
    expect(await lifecycle()).toMatchObject({
      Rules: [{ ID: 'r', Filter: { Prefix: 'x/' }, Expiration: { Days: 1 } }],
    });
    await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
    expect(await outcome(lifecycle())).toBe('NoSuchLifecycleConfiguration');
  });

  test('with object lock hold versions, not keys', async () => {
    bucket({ objectLock: true });
    const client = as();
    const { VersionId } = await client.send(new PutObjectCommand({ ...at('a'), Body: 'x' }));
    const version = { ...at('a'), VersionId };
    const hold = (Status: 'ON' | 'OFF'): Promise<unknown> =>
      client.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status } }));
    await hold('ON');
    expect(await client.send(new GetObjectLegalHoldCommand(version))).toMatchObject({ LegalHold: { Status: 'ON' } });
    expect(await outcome(client.send(new DeleteObjectCommand(version)))).toBe('AccessDenied');
    expect(await outcome(client.send(new DeleteObjectCommand(at('a'))))).toBe('ok');
    await hold('OFF');
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 60_000) } as const;
    await client.send(new PutObjectRetentionCommand({ ...version, Retention }));
    expect(await outcome(client.send(new DeleteObjectCommand(version)))).toBe('AccessDenied');
    const bypass = new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
    expect(await outcome(client.send(bypass))).toBe('ok');
  });

  test('without object lock refuse a hold', async () => {
    bucket();
    await put(as(), 'a');
    const hold = new PutObjectLegalHoldCommand({ ...at('a'), LegalHold: { Status: 'ON' } });
    expect(await outcome(as().send(hold))).toBe('InvalidRequest');
  });
});

describe('bodies', () => {
  const ALLOW_ANYBODY: Policy = {
    Statement: { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: EVERYTHING },
  };
  const base64 = (algorithm: Parameters<typeof checksumOfBuffer>[1], text: string): string =>
    checksumOfBuffer(Buffer.from(text), algorithm).toString('base64');

  test.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ] as const)('%s of the digits 1 to 9', (algorithm, hex) => {
    expect(checksumOfBuffer(Buffer.from('123456789'), algorithm).toString('hex')).toBe(hex);
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a %s is verified, kept and told',
    async (algorithm) => {
      bucket({ policy: ALLOW_ANYBODY });
      const header = `x-amz-checksum-${algorithm.toLowerCase()}`;
      const send = async (value: string): Promise<unknown> =>
        await raw({ method: 'PUT', path: `/${BUCKET}/a`, headers: { [header]: value }, body: 'body' });
      expect(await send(base64(algorithm, 'other'))).toMatchObject({ status: 400, code: 'BadDigest' });
      expect(await send('AAAA')).toMatchObject({ status: 400, code: 'InvalidRequest' });
      expect(await send(base64(algorithm, 'body'))).toMatchObject({ status: 200 });
      const { Checksum } = await as().send(
        new GetObjectAttributesCommand({ ...at('a'), ObjectAttributes: ['Checksum'] }),
      );
      expect(Checksum).toMatchObject({
        [`Checksum${algorithm}`]: base64(algorithm, 'body'),
        ChecksumType: 'FULL_OBJECT',
      });
    },
  );

  test('without a checksum S3 makes a CRC-64 of its own', async () => {
    bucket();
    await put(as(), 'a');
    const told = await as().send(new HeadObjectCommand({ ...at('a'), ChecksumMode: 'ENABLED' }));
    expect(told).toMatchObject({ ChecksumCRC64NVME: base64('CRC64NVME', 'body') });
  });

  test('a payload is what was signed, and as long as announced', async () => {
    bucket({ policy: ALLOW_ANYBODY });
    const path = `/${BUCKET}/a`;
    const hash = createHash('sha256').update('other').digest('hex');
    const signed = { method: 'PUT', path, headers: { 'x-amz-content-sha256': hash }, body: 'body' };
    expect(await raw(signed)).toMatchObject({ status: 400, code: 'XAmzContentSHA256Mismatch' });
    const two = { 'x-amz-checksum-crc32': base64('CRC32', 'body'), 'x-amz-checksum-sha1': base64('SHA1', 'body') };
    expect(await raw({ method: 'PUT', path, headers: two, body: 'body' })).toMatchObject({ code: 'InvalidRequest' });
    const promised = { 'x-amz-sdk-checksum-algorithm': 'SHA256' };
    expect(await raw({ method: 'PUT', path, headers: promised, body: 'body' })).toMatchObject({
      code: 'InvalidRequest',
    });
    expect(await raw({ method: 'PUT', path, headers: { 'content-md5': 'x' }, body: 'body' })).toMatchObject({
      code: 'InvalidDigest',
    });
    expect(server.buckets.get(BUCKET)?.isEmpty).toBe(true);
  });

  test('aws-chunked is decoded, and its trailer verified', async () => {
    bucket({ policy: ALLOW_ANYBODY });
    const send = async (trailer: string, length = '11'): Promise<unknown> =>
      await raw({
        method: 'PUT',
        path: `/${BUCKET}/a`,
        headers: {
          'content-encoding': 'aws-chunked',
          'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          'x-amz-decoded-content-length': length,
          'x-amz-trailer': 'x-amz-checksum-crc32',
        },
        body: `6\r\nhello \r\n5;chunk-signature=abc\r\nworld\r\n0\r\nx-amz-checksum-crc32:${trailer}\r\n\r\n`,
      });
    expect(await send(base64('CRC32', 'other'))).toMatchObject({ status: 400, code: 'BadDigest' });
    expect(await send(base64('CRC32', 'hello world'), '12')).toMatchObject({ status: 400, code: 'IncompleteBody' });
    expect(await send(base64('CRC32', 'hello world'))).toMatchObject({ status: 200 });
    const answer = await as().send(new GetObjectCommand(at('a')));
    expect(await answer.Body?.transformToString()).toBe('hello world');
    expect(answer.ContentEncoding).toBeUndefined();
  });

  test('large ones lie in files, shared by copies and parts, and are read whole', async () => {
    await server.close();
    server = await startS3Server({ spoolAbove: 1000, minimumPartSize: 1 });
    bucket();
    const client = as();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 253));
    const read = async (Key: string): Promise<boolean> =>
      bytes.equals(await (await client.send(new GetObjectCommand(at(Key)))).Body!.transformToByteArray());
    await client.send(new PutObjectCommand({ ...at('a'), Body: bytes }));
    await client.send(new CopyObjectCommand({ ...at('b'), CopySource: `${BUCKET}/a` }));
    const { VersionId } = await client.send(new HeadObjectCommand(at('a')));
    await client.send(new DeleteObjectCommand({ ...at('a'), VersionId }));
    expect(await read('b')).toBe(true);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(at('c')));
    const Parts = [];
    for (const [index, part] of [bytes.subarray(0, 200_000), bytes.subarray(200_000)].entries()) {
      const input = { ...at('c'), UploadId, PartNumber: index + 1, Body: part };
      Parts.push({ PartNumber: index + 1, ETag: (await client.send(new UploadPartCommand(input))).ETag });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...at('c'), UploadId, MultipartUpload: { Parts } }));
    await client.send(new CopyObjectCommand({ ...at('d'), CopySource: `${BUCKET}/c` }));
    expect([await read('c'), await read('d')]).toEqual([true, true]);
    const tail = await client.send(new GetObjectCommand({ ...at('c'), Range: 'bytes=199999-200001' }));
    expect(bytes.subarray(199_999, 200_002).equals(await tail.Body!.transformToByteArray())).toBe(true);
  });

  test('a client that goes away in the middle has written nothing', async () => {
    bucket({ policy: ALLOW_ANYBODY });
    const gone = new Promise((resolve) => {
      const request = httpRequest(`${server.endpoint}/${BUCKET}/a`, {
        method: 'PUT',
        headers: { 'content-length': 100 },
      });
      request.on('error', resolve);
      request.write('half', () => request.destroy());
      request.on('close', resolve);
    });
    await gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.buckets.get(BUCKET)?.isEmpty).toBe(true);
  });
});

/** The next two writes come no further until they are released. */
function holdWrites(): { readonly held: { readonly hits: () => number }; readonly release: () => void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fault = { effect: 'hold', until: () => released } as const;
  const held = server.faults.add({ operation: 'PutObject', fault, times: 2 });
  return {
    held,
    release: () => {
      release();
    },
  };
}

describe('conditions under way', () => {
  test('a deletion that lands while a conditional write is under way makes it undecided', async () => {
    bucket();
    const client = as();
    await put(client, 'a');
    const { ETag } = await client.send(new HeadObjectCommand(at('a')));
    const { held, release } = holdWrites();
    const writes = Promise.all([
      statusAndCode(put(as(), 'a', { IfNoneMatch: '*' })),
      statusAndCode(put(as(), 'a', { IfMatch: ETag })),
    ]);
    await waitFor(() => held.hits() === 2);
    await remove(client, 'a');
    release();
    expect(await writes).toEqual([
      [409, 'ConditionalRequestConflict'],
      [409, 'ConditionalRequestConflict'],
    ]);
  });

  test('of overlapping conditional writes the first to finish wins; the others are told so, or that it is undecided', async () => {
    for (const [overlap, told] of [
      ['decided', [412, 'PreconditionFailed']],
      ['undecided', [409, 'ConditionalRequestConflict']],
    ] as const) {
      bucket({ overlap });
      await put(as(), 'replaced');
      const { ETag } = await as().send(new HeadObjectCommand(at('replaced')));
      const { held, release } = holdWrites();
      const writes = Promise.all([
        statusAndCode(put(as(), 'created', { IfNoneMatch: '*' })),
        statusAndCode(put(as(), 'replaced', { IfMatch: ETag, Body: 'slow' })),
      ]);
      await waitFor(() => held.hits() === 2);
      await put(as(), 'created', { IfNoneMatch: '*' });
      await put(as(), 'replaced', { IfMatch: ETag, Body: 'fast' });
      release();
      expect(await writes).toEqual([told, told]);
      // What begins afterwards is decided.
      const later = [put(as(), 'created', { IfNoneMatch: '*' }), put(as(), 'replaced', { IfMatch: ETag })];
      const decided = [412, 'PreconditionFailed'];
      expect(await Promise.all(later.map(statusAndCode))).toEqual([decided, decided]);
    }
  });

  test('the time of what goes up in parts is that of the beginning of its upload', async () => {
    let now = new Date('2026-01-01T10:00:00Z');
    const timed = await startS3Server({ clock: () => now });
    timed.createBucket(BUCKET, { versioning: 'Enabled' });
    const client = new S3Client({ ...timed.clientConfig(), ...s3ClientDefaults, maxAttempts: 1 });
    try {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(at('a')));
      now = new Date('2026-01-01T11:00:00Z');
      await put(client, 'a');
      now = new Date('2026-01-01T12:00:00Z');
      const { ETag } = await client.send(new UploadPartCommand({ ...at('a'), UploadId, PartNumber: 1, Body: 'x' }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await client.send(new CompleteMultipartUploadCommand({ ...at('a'), UploadId, MultipartUpload }));
      const head = await client.send(new HeadObjectCommand(at('a')));
      expect(head).toMatchObject({ ContentLength: 1, LastModified: new Date('2026-01-01T10:00:00Z') });
      const listing = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
      expect(listing.Versions?.map(({ Size, IsLatest, LastModified }) => [Size, IsLatest, LastModified])).toEqual([
        [1, true, new Date('2026-01-01T10:00:00Z')],
        [4, false, new Date('2026-01-01T11:00:00Z')],
      ]);
    } finally {
      client.destroy();
      await timed.close();
    }
  });

  test('pages may be short, and say so', async () => {
    bucket();
    server.settings.pages = 'short';
    for (const key of ['a', 'b', 'c']) await put(as(), key);
    expect(await list(as(), { MaxKeys: 10 })).toMatchObject({ KeyCount: 2, IsTruncated: true });
    const versions = await as().send(new ListObjectVersionsCommand({ Bucket: BUCKET, MaxKeys: 7 }));
    expect([versions.Versions?.length, versions.IsTruncated, versions.NextKeyMarker]).toEqual([1, true, 'a']);
    expect(await list(as(), { MaxKeys: 1000 })).toMatchObject({ KeyCount: 3, IsTruncated: false });
  });

  test('a Complete that is repeated is told what the settings say', async () => {
    bucket();
    const client = as();
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(at('a')));
    const { ETag } = await client.send(new UploadPartCommand({ ...at('a'), UploadId, PartNumber: 1, Body: 'x' }));
    const complete = (): Promise<{ VersionId?: string | undefined }> =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...at('a'),
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        }),
      );
    const { VersionId } = await complete();
    expect(await complete()).toMatchObject({ VersionId });
    server.settings.repeatedComplete = 'no-such-upload';
    expect(await outcome(complete())).toBe('NoSuchUpload');
    server.settings.repeatedComplete = 'precondition-failed';
    expect(await outcome(complete())).toBe('PreconditionFailed');
    expect(server.buckets.get(BUCKET)?.versions('a')).toHaveLength(1);
  });
});

describe('faults', () => {
  beforeEach(() => {
    bucket();
  });

  test('errors come before the effect, or after it', async () => {
    const client = as();
    for (const [fault, code] of [
      [CONFLICT, 'ConditionalRequestConflict'],
      [SLOW_DOWN, 'SlowDown'],
      [INTERNAL_ERROR, 'InternalError'],
    ] as const) {
      server.faults.add({ operation: 'PutObject', fault });
      expect(await outcome(put(client, 'a'))).toBe(code);
    }
    expect(server.buckets.get(BUCKET)?.isEmpty).toBe(true);
    server.faults.add({ fault: { effect: 'error-after', code: 'InternalError' } });
    expect(await outcome(put(client, 'a'))).toBe('InternalError');
    expect(server.buckets.get(BUCKET)?.isEmpty).toBe(false);
  });

  test('resets come before the effect, or after it', async () => {
    const client = as();
    server.faults.add({ operation: 'PutObject', fault: RESET_BEFORE });
    await expect(put(client, 'a')).rejects.toThrow(/socket hang up/);
    expect(server.buckets.get(BUCKET)?.isEmpty).toBe(true);
    server.faults.add({ operation: 'PutObject', fault: RESET_AFTER });
    await expect(put(client, 'a')).rejects.toThrow(/socket hang up/);
    expect(server.buckets.get(BUCKET)?.isEmpty).toBe(false);
    expect(server.requests.map(({ status }) => status)).toEqual([undefined, undefined]);
  });

  test('a request is served again, later', async () => {
    const client = as();
    await put(client, 'a');
    server.faults.add({ operation: 'DeleteObject', fault: { effect: 'twice' } });
    await remove(client, 'a');
    await put(client, 'a', { IfNoneMatch: '*' });
    expect(await outcome(get(client, 'a'))).toBe('ok');
    await server.deliverLate();
    expect(await outcome(get(client, 'a'))).toBe('NoSuchKey');
    server.faults.add({ operation: 'PutObject', fault: { effect: 'twice', requests: 1 } });
    await put(client, 'b');
    await remove(client, 'b');
    expect(await outcome(get(client, 'b'))).toBe('ok');
  });

  test('a body is cut or damaged', async () => {
    const client = as();
    await put(client, 'a', { Body: 'x'.repeat(10_000) });
    server.faults.add({ operation: 'GetObject', fault: { effect: 'cut', bytes: 5000 } });
    await expect(get(client, 'a')).rejects.toThrow(/aborted/);
    server.faults.add({ operation: 'GetObject', fault: { effect: 'flip', at: 7 } });
    const damaged = Buffer.from((await get(client, 'a')) as Uint8Array).toString();
    expect(damaged).toBe(`${'x'.repeat(7)}y${'x'.repeat(9992)}`);
  });

  test('an error stands in an answer that says 200', async () => {
    const client = as();
    await put(client, 'a');
    server.faults.add({ operation: 'CopyObject', fault: { effect: 'error-in-200', code: 'InternalError' } });
    const copy = new CopyObjectCommand({ ...at('b'), CopySource: `${BUCKET}/a` });
    expect(await outcome(client.send(copy))).toBe('InternalError');
    expect(server.requests.at(-1)).toMatchObject({ operation: 'CopyObject', status: 200 });
  });

  test('hit what they are meant for, so often, by chance that can be repeated', async () => {
    const client = as();
    const rule = server.faults.add({ operation: ['PutObject'], key: /^hit/, skip: 1, times: 2, fault: SLOW_DOWN });
    const outcomes: string[] = [];
    for (const key of ['hit', 'miss', 'hit', 'hit', 'hit']) outcomes.push(await outcome(put(client, key)));
    expect(outcomes).toEqual(['ok', 'ok', 'SlowDown', 'SlowDown', 'ok']);
    expect(rule.hits()).toBe(2);
    const drawn = async (): Promise<number[]> => {
      const chancy = await startS3Server({ seed: 42, identities: IDENTITIES });
      chancy.createBucket(BUCKET);
      chancy.faults.add({ probability: 0.3, times: Infinity, fault: SLOW_DOWN });
      const asking = new S3Client({ ...chancy.clientConfig(), maxAttempts: 1 });
      for (let i = 0; i < 30; i += 1) await outcome(list(asking));
      asking.destroy();
      await chancy.close();
      return chancy.requests.map(({ status }) => status ?? 0);
    };
    const first = await drawn();
    expect(new Set(first)).toEqual(new Set([200, 503]));
    expect(await drawn()).toEqual(first);
  });

  test('every request is on record', async () => {
    await put(as('publisher'), 'a');
    await outcome(list(as('nobody')));
    expect(server.requests).toMatchObject([
      {
        operation: 'PutObject',
        bucket: BUCKET,
        key: 'a',
        account: TEST_ACCOUNT,
        accessKeyId: 'publisher',
        status: 200,
      },
      { operation: 'ListObjectsV2', bucket: BUCKET, accessKeyId: 'nobody', status: 403, code: 'AccessDenied' },
    ]);
    expect(server.counts()).toEqual({ PutObject: 1, ListObjectsV2: 1 });
  });
});

test('keys are in the order of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

interface RawAnswer {
  readonly status: number | undefined;
  readonly body: string;
  readonly code: string | undefined;
}

/** A request that no SDK has touched. */
function raw({
  method = 'GET',
  path,
  headers = {},
  body,
}: {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.endpoint}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => {
        resolve({ status: response.statusCode, body: text, code: /<Code>(\w+)</.exec(text)?.[1] });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Signature Version 4 in the query, by the book (S3 API reference, "Authenticating Requests: Using Query Parameters"). */
function presigned(method: string, path: string, seconds: number): string {
  const { host } = new URL(server.endpoint);
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`test/${scope}`)}`,
    `X-Amz-Date=${timestamp}`,
    `X-Amz-Expires=${seconds}`,
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const canonical = `${method}\n${path}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const hash = createHash('sha256').update(canonical).digest('hex');
  const key = scope
    .split('/')
    .reduce<Buffer | string>((signing, part) => createHmac('sha256', signing).update(part).digest(), 'AWS4secret');
  const signature = createHmac('sha256', key).update(`AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash}`).digest('hex');
  return `${server.endpoint}${path}?${query}&X-Amz-Signature=${signature}`;
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
