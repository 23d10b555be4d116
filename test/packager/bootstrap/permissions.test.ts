import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BUCKET_ARN, PLACE } from '../../support/domain-principals.ts';
import type { Policy } from '../../support/iam/policy.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import { knowEveryError } from '../../support/realm.ts';
import { TestAccount } from './account.ts';

/** What `bootstrap` itself asks for, beside what CloudFormation does in its name, or in that of `--execution-role`. */

knowEveryError();

/** On the bucket, with the part of the key: for a domain that is made anew. The keeper, which is no real one here, needs no more of the caller. */
const MAKING = [
  ['s3:ListBucket', ''],
  ['s3:GetObject', '/domain'],
  ['s3:GetObject', '/blobs/*'],
  ['s3:GetObject', '/versions/*'],
  ['s3:GetObject', '/statuses/*'],
  ['s3:GetObject', '/deletions/*'],
  ['s3:GetObject', '/scratch/*'],
  ['s3:PutObject', '/blobs/*'],
  ['s3:PutObject', '/versions/*'],
  ['s3:PutObject', '/references/*/version/*'],
  ['s3:PutObject', '/scratch/*'],
] as const;

/** And of one that is taken over. */
const TAKING_OVER = [
  ['s3:GetBucketVersioning', ''],
  ['s3:GetBucketPolicy', ''],
  ['s3:GetEncryptionConfiguration', ''],
] as const;

const CLOUDFORMATION: readonly string[] = [
  'DescribeStacks',
  'CreateChangeSet',
  'DescribeChangeSet',
  'ExecuteChangeSet',
  'DescribeStackEvents',
  'DeleteChangeSet',
];

type Right = readonly [action: string, key: string];

let account: TestAccount;

hideOwnEnvironment();

beforeEach(async () => {
  account = await TestAccount.open();
  account.between = (action) => (CLOUDFORMATION.includes(action) ? undefined : { code: 'AccessDenied', status: 403 });
});

afterEach(async () => {
  await account.close();
});

function allow(rights: readonly Right[]): void {
  const policies: Policy[] = rights.map(([action, key]) => ({
    Statement: { Effect: 'Allow', Action: action, Resource: `${BUCKET_ARN}${key}` },
  }));
  const arn = `arn:aws:iam::${PLACE.account}:role/operator`;
  account.server.identities.set('operator', { account: PLACE.account, arn, policies });
}

const bootstrap = () => account.run(['bootstrap', '--yes'], { env: account.env('operator') });

describe('a new domain', () => {
  test('needs no more', async () => {
    allow(MAKING);
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('is made, and works')]);
    expect(stderr).not.toContain('warning');
  });

  test.each(MAKING)('needs %s on the bucket%s', async (action, key) => {
    allow(MAKING.filter((right) => right[0] !== action || right[1] !== key));
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`${action} is needed`)]);
    allow(MAKING);
    expect((await bootstrap()).exitCode).toBe(0);
  });
});

describe('a bucket that is taken over', () => {
  beforeEach(async () => {
    allow(MAKING);
    expect((await bootstrap()).exitCode).toBe(0);
    await account.engine.deleteStack('cfn-artifacts');
  });

  test('needs no more', async () => {
    allow([...MAKING, ...TAKING_OVER]);
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('is made, and works')]);
  });

  test.each(TAKING_OVER.map(([action]) => action))('needs %s', async (action) => {
    allow([...MAKING, ...TAKING_OVER.filter(([other]) => other !== action)]);
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`${action} is needed`)]);
  });
});
