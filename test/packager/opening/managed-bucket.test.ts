import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { awsAccess } from '../../../packager/aws/access.ts';
import type { ManagedBucket } from '../../../packager/opening/managed-bucket.ts';
import { findManagedBucket, managedBucket } from '../../../packager/opening/managed-bucket.ts';
import { steadyChance } from '../../support/chance.ts';
import { WITHOUT_FILES } from '../../support/aws-environment.ts';
import { knowEveryError } from '../../support/realm.ts';

knowEveryError();

const ACCOUNT = '111122223333';
const NAME = 'aws-sam-cli-managed-default-samclisourcebucket-1abc';
const STACK = 'aws-sam-cli-managed-default';
const FOUND: ManagedBucket = { name: NAME, owner: ACCOUNT };

interface FakeStack {
  readonly status: string;
  readonly tag?: string;
  readonly output?: string;
}

const READY: FakeStack = { status: 'CREATE_COMPLETE', tag: 'AwsSamCli', output: NAME };

/** As much of CloudFormation as one stack needs. */
interface FakeCloudFormation {
  readonly url: string;
  readonly asked: URLSearchParams[];
  /** What DescribeStacks shows, one after the other; the last for good. `undefined`: no stack. */
  stacks: (FakeStack | undefined)[];
  /** What DescribeChangeSet shows, likewise. */
  changeSets: string[];
  /** In the place of the next answer to an action. */
  readonly refusals: Map<string, readonly [status: number, code: string]>;
  /** When a change set was executed. */
  onExecuted: () => void;
}

let server: Server;
let cloud: FakeCloudFormation;
let said: string[];
let ending: AbortController;

beforeEach(async () => {
  said = [];
  ending = new AbortController();
  server = createServer((request, response) => {
    void answer(request).then(([status, body]) => response.writeHead(status, { 'content-type': 'text/xml' }).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cloud = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    stacks: [READY],
    changeSets: ['CREATE_COMPLETE'],
    refusals: new Map(),
    onExecuted: () => undefined,
  };
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function answer(request: IncomingMessage): Promise<readonly [number, string]> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const form = new URLSearchParams(Buffer.concat(pieces).toString());
  cloud.asked.push(form);
  const action = form.get('Action') ?? '';
  const refusal = cloud.refusals.get(action);
  if (refusal !== undefined) {
    cloud.refusals.delete(action);
    return refused(...refusal, 'Told you so.');
  }
  switch (action) {
    case 'DescribeStacks': {
      const stack = cloud.stacks.length > 1 ? cloud.stacks.shift() : cloud.stacks[0];
      if (stack === undefined) return refused(400, 'ValidationError', `Stack with id ${STACK} does not exist`);
      return [200, result(action, `<Stacks><member>${stackXml(stack)}</member></Stacks>`)];
    }
    case 'CreateChangeSet':
      return [200, result(action, '<Id>arn:change-set</Id><StackId>arn:stack</StackId>')];
    case 'DescribeChangeSet': {
      const status = (cloud.changeSets.length > 1 ? cloud.changeSets.shift() : cloud.changeSets[0]) ?? '';
      return [200, result(action, `<Status>${status}</Status><StatusReason>for a reason</StatusReason>`)];
    }
    case 'ExecuteChangeSet':
      cloud.onExecuted();
      return [200, result(action, '')];
    default:
      return refused(400, 'InvalidAction', action);
  }
}

function stackXml({ status, tag, output }: FakeStack): string {
  const tags =
    tag === undefined ? '' : `<Tags><member><Key>ManagedStackSource</Key><Value>${tag}</Value></member></Tags>`;
  const outputs =
    output === undefined
      ? ''
      : `<Outputs><member><OutputKey>SourceBucket</OutputKey><OutputValue>${output}</OutputValue></member></Outputs>`;
  const id = `<StackId>arn:aws:cloudformation:eu-west-1:${ACCOUNT}:stack/${STACK}/1-2-3</StackId>`;
  return `${id}<StackName>${STACK}</StackName><StackStatus>${status}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>${tags}${outputs}`;
}

function result(action: string, body: string): string {
  return `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${action}Result>${body}</${action}Result></${action}Response>`;
}

function refused(status: number, code: string, message: string): readonly [number, string] {
  return [
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  ];
}

async function ask(how: typeof managedBucket | typeof findManagedBucket): Promise<ManagedBucket | undefined> {
  const env = {
    ...WITHOUT_FILES,
    ...{ AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1', AWS_MAX_ATTEMPTS: '1' },
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloud.url,
  };
  const access = await awsAccess({ verifySsl: true, env });
  try {
    return await how(access, { say: (text) => said.push(text), signal: ending.signal, chance: steadyChance() });
  } finally {
    access.close();
  }
}

function actions(): (string | null)[] {
  return cloud.asked.map((form) => form.get('Action'));
}

describe('a stack that is there', () => {
  test.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_IN_PROGRESS'])(
    'gives its bucket, as it is, when it is %s',
    async (status) => {
      cloud.stacks = [{ ...READY, status }];
      expect(await ask(managedBucket)).toEqual(FOUND);
      expect(await ask(findManagedBucket)).toEqual(FOUND);
      expect(actions()).toEqual(['DescribeStacks', 'DescribeStacks']);
      expect(cloud.asked[0]?.get('StackName')).toBe(STACK);
      expect(said).toEqual([]);
    },
  );

  test('is waited for while others create it', async () => {
    const creating = { status: 'CREATE_IN_PROGRESS', tag: 'AwsSamCli' };
    cloud.stacks = [creating, creating, READY];
    expect(await ask(managedBucket)).toEqual(FOUND);
    expect(actions()).toEqual(['DescribeStacks', 'DescribeStacks', 'DescribeStacks']);
  });

  test.each<[string, FakeStack, RegExp]>([
    ['that failed', { status: 'ROLLBACK_COMPLETE', tag: 'AwsSamCli' }, /gives no bucket: it is ROLLBACK_COMPLETE/],
    ['that could not be deleted', { ...READY, status: 'DELETE_FAILED' }, /gives no bucket: it is DELETE_FAILED/],
    [
      'without the output',
      { ...READY, output: undefined } as never,
      /CREATE_COMPLETE and has no output 'SourceBucket'/,
    ],
    ['without the tag', { status: 'CREATE_COMPLETE', output: NAME }, /is not SAM's: it has no tag ManagedStackSource/],
    ['with another tag', { ...READY, tag: 'Somebody' }, /is not SAM's/],
  ])('%s is an error, and left alone', async (_what, stack, says) => {
    cloud.stacks = [stack];
    await expect(ask(managedBucket)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(says),
      remedy: expect.stringContaining('--s3-bucket'),
    });
    expect(actions()).toEqual(['DescribeStacks']);
  });
});

describe('a stack that is not there', () => {
  const reviewed: FakeStack = { status: 'REVIEW_IN_PROGRESS', tag: 'AwsSamCli' };
  const creating: FakeStack = { status: 'CREATE_IN_PROGRESS', tag: 'AwsSamCli' };

  test('is created by a change set, said in one line, and waited for', async () => {
    cloud.stacks = [undefined];
    cloud.changeSets = ['CREATE_PENDING', 'CREATE_IN_PROGRESS', 'CREATE_COMPLETE'];
    cloud.onExecuted = () => (cloud.stacks = [reviewed, creating, creating, READY]);
    expect(await ask(managedBucket)).toEqual(FOUND);
    expect(said).toEqual([`creating the stack '${STACK}' in eu-west-1, with the bucket that SAM would make`]);
    const create = cloud.asked.find((form) => form.get('Action') === 'CreateChangeSet');
    expect(Object.fromEntries(create ?? [])).toMatchObject({
      ...{ StackName: STACK, ChangeSetType: 'CREATE' },
      ...{ 'Tags.member.1.Key': 'ManagedStackSource', 'Tags.member.1.Value': 'AwsSamCli' },
    });
    expect(actions().filter((action) => action === 'ExecuteChangeSet')).toHaveLength(1);
  });

  test('is created by a template that makes a private, versioned, encrypted bucket', async () => {
    cloud.stacks = [undefined];
    cloud.onExecuted = () => (cloud.stacks = [READY]);
    await ask(managedBucket);
    const create = cloud.asked.find((form) => form.get('Action') === 'CreateChangeSet');
    const template = JSON.parse(create?.get('TemplateBody') ?? '') as {
      Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
      Outputs: unknown;
    };
    const ofType = (type: string) => Object.entries(template.Resources).find(([, { Type }]) => Type === type);
    const [id, bucket] = ofType('AWS::S3::Bucket') ?? [];
    expect(bucket?.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    // A bucket that expires, or goes with its stack, takes away what deployed stacks may roll back to.
    expect(bucket).not.toHaveProperty('Properties.LifecycleConfiguration');
    expect(template.Outputs).toEqual({ SourceBucket: { Value: { Ref: id } } });
    const [, policy] = ofType('AWS::S3::BucketPolicy') ?? [];
    expect(policy?.Properties).toMatchObject({
      Bucket: { Ref: id },
      PolicyDocument: {
        Statement: expect.arrayContaining([
          expect.objectContaining({
            ...{ Effect: 'Deny', Principal: '*', Action: 's3:*' },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          expect.objectContaining({
            ...{ Effect: 'Allow', Principal: { Service: 'serverlessrepo.amazonaws.com' }, Action: 's3:GetObject' },
          }),
        ]),
      },
    });
  });

  test('is only spoken of where nothing may be created', async () => {
    cloud.stacks = [undefined];
    expect(await ask(findManagedBucket)).toBeUndefined();
    expect(said).toEqual([`would create the stack '${STACK}' in eu-west-1, with the bucket that SAM would make`]);
    expect(actions()).toEqual(['DescribeStacks']);
  });

  test('is created where somebody meant to and was ended before', async () => {
    cloud.stacks = [reviewed];
    cloud.onExecuted = () => (cloud.stacks = [READY]);
    expect(await ask(managedBucket)).toEqual(FOUND);
    expect(said).toHaveLength(1);
  });

  test('is created when its removal is over', async () => {
    cloud.stacks = [{ ...READY, status: 'DELETE_IN_PROGRESS' }, undefined];
    cloud.onExecuted = () => (cloud.stacks = [READY]);
    expect(await ask(managedBucket)).toEqual(FOUND);
  });

  test.each(['CreateChangeSet', 'DescribeChangeSet', 'ExecuteChangeSet'])(
    'may be created by others at the same time (seen at %s)',
    async (action) => {
      cloud.stacks = [undefined, creating, creating, READY];
      cloud.refusals.set(action, [400, 'ChangeSetNotFoundException']);
      expect(await ask(managedBucket)).toEqual(FOUND);
    },
  );

  test('whose creation fails is an error', async () => {
    cloud.stacks = [undefined];
    cloud.onExecuted = () =>
      (cloud.stacks = [
        creating,
        { status: 'ROLLBACK_IN_PROGRESS' },
        { status: 'ROLLBACK_COMPLETE', tag: 'AwsSamCli' },
      ]);
    await expect(ask(managedBucket)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      remedy: expect.stringContaining(`aws cloudformation delete-stack --stack-name ${STACK} --region eu-west-1`),
    });
  });

  test('whose change set fails is an error that says why', async () => {
    cloud.stacks = [undefined, reviewed];
    cloud.changeSets = ['FAILED'];
    await expect(ask(managedBucket)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: `the stack '${STACK}' can't be created: for a reason`,
    });
  });
});

test.each([
  ['DescribeStacks', 403, 'AccessDenied', 'ACCESS_DENIED', /cloudformation:DescribeStacks is needed/],
  ['CreateChangeSet', 403, 'AccessDenied', 'ACCESS_DENIED', /cloudformation:CreateChangeSet is needed/],
  ['ExecuteChangeSet', 403, 'AccessDenied', 'ACCESS_DENIED', /cloudformation:ExecuteChangeSet is needed/],
  ['CreateChangeSet', 400, 'LimitExceededException', 'INVALID_CONFIGURATION', /refused CreateChangeSet.*Told you so/],
  ['DescribeStacks', 503, 'ServiceUnavailable', 'STORE_UNAVAILABLE', /AWS CloudFormation does not answer/],
  ['DescribeStacks', 400, 'Throttling', 'STORE_UNAVAILABLE', /AWS CloudFormation does not answer/],
  ['DescribeStacks', 403, 'ExpiredToken', 'NO_CREDENTIALS', /AWS refuses the credentials in the environment/],
] as const)('%s answered with %s %s is %s', async (action, status, refusal, code, says) => {
  cloud.stacks = [undefined];
  cloud.refusals.set(action, [status, refusal]);
  await expect(ask(managedBucket)).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
});

test('waiting ends with the signal', async () => {
  cloud.stacks = [{ status: 'CREATE_IN_PROGRESS' }];
  const asking = ask(managedBucket);
  while (cloud.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
  ending.abort();
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
});
