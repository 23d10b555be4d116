import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteBucketPolicyCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../../packager/cli/program.ts';
import type { Terminal } from '../../../packager/cli/terminal.ts';
import { BUCKET_ACTIONS } from '../../../packager/doctor/answers.ts';
import { BUCKET_CHECKS } from '../../../packager/doctor/bucket-checks.ts';
import type { Result } from '../../../packager/check.ts';
import { STACK_CHECKS } from '../../../packager/doctor/stack-checks.ts';
import type { Account } from '../../examples/account.ts';
import { accountOnServer } from '../../examples/account.ts';
import { awsEnvironment, WITHOUT_FILES } from '../../support/aws-environment.ts';
import type { S3Server } from '../../support/s3-server.ts';
import type { Bucket as StoredBucket } from '../../support/s3-server-state.ts';
import { at } from '../../support/stack-engine/value.ts';
import { recordedTerminal } from '../../support/terminal.ts';
import { LambdaServer } from './lambda-server.ts';
import { ACCOUNT, BUCKET, DEPLOYED, findingsOf, REGION } from './sound-domain.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

interface Document {
  readonly domain: Readonly<Record<string, string>>;
  readonly checks: readonly Result[];
  readonly summary: Readonly<Record<Result['status'], number>>;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Told {
  readonly code: number;
  readonly text: string;
  readonly stderr: string;
  readonly document: Document;
}

/** What the domain's template asks S3 for, as CloudFormation would put it there. */
async function configure(client: S3Client): Promise<void> {
  const properties = DEPLOYED.resources['Bucket']?.properties;
  const Bucket = BUCKET;
  const rules = at(properties, 'LifecycleConfiguration.Rules') as unknown as readonly Readonly<
    Partial<Record<string, string>>
  >[];
  const Rules = rules.map((rule) => {
    const { Id: ID, Status, Prefix = '', ExpirationInDays: days, ExpiredObjectDeleteMarker: marker } = rule;
    const { NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule;
    const expiration = {
      ...(days !== undefined && { Days: Number(days) }),
      ...(marker !== undefined && { ExpiredObjectDeleteMarker: true }),
    };
    return {
      ...{ ID, Status: Status as 'Enabled', Filter: { Prefix } },
      ...(Object.keys(expiration).length > 0 && { Expiration: expiration }),
      ...(NoncurrentVersionExpiration !== undefined && { NoncurrentVersionExpiration: { NoncurrentDays: 1 } }),
      ...(AbortIncompleteMultipartUpload !== undefined && {
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      }),
    };
  });
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  await client.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: at(properties, 'PublicAccessBlockConfiguration') as never,
    }),
  );
  await client.send(
    new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: at(properties, 'OwnershipControls') as never }),
  );
  await client.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    }),
  );
  const encrypted = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }];
  await client.send(
    new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: encrypted } }),
  );
}

let account: Account;
let server: S3Server;
let bucket: StoredBucket;
let administrator: S3Client;
let cloudFormation: string;
const lambda = new LambdaServer();
let lambdaUrl: string;
const refusedByCloudFormation = new Set<string>();

beforeAll(async () => {
  account = await accountOnServer();
  server = account.server!;
  bucket = server.buckets.get(BUCKET) as StoredBucket;
  server.identities.set('administrator', { account: ACCOUNT });
  server.identities.set('foreigner', { account: '999988887777' });
  administrator = new S3Client({ ...server.clientConfig('administrator', REGION) });
  // Before the policy there is nobody to deny it: as CloudFormation makes them.
  const { policy } = bucket;
  bucket.policy = undefined;
  await configure(administrator);
  bucket.policy = policy;
  cloudFormation = await account.engine.serve((action) =>
    refusedByCloudFormation.has(action) ? { code: 'AccessDenied', status: 403 } : undefined,
  );
  lambdaUrl = await lambda.listen();
  const { Description, Runtime, Timeout, Environment } = DEPLOYED.resources['ReferenceFunction']?.properties ?? {};
  lambda.functions.set('cfn-artifacts-reference', {
    ...{ Runtime, Timeout: Number(Timeout), Environment, State: 'Active', LastUpdateStatus: 'Successful' },
    Description: (Description as string).replace('{{version}}', version),
  });
}, 120_000);

afterAll(async () => {
  administrator.destroy();
  await lambda.close();
  await account.close();
});

function environment(who = 'administrator'): Terminal['env'] {
  return {
    ...awsEnvironment(server, who, REGION),
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation,
    AWS_ENDPOINT_URL_LAMBDA: lambdaUrl,
  };
}

async function doctor(argv: readonly string[] = [], env: Terminal['env'] = environment()): Promise<Told> {
  const terminal = recordedTerminal({ env });
  const code = await run(['doctor', '--json', ...argv], terminal);
  const { text } = terminal.stdout;
  return { code, text, stderr: terminal.stderr.text, document: JSON.parse(text) as Document };
}

/** Changes something for as long as it takes. */
async function during<T>(change: () => void, back: () => void, act: () => Promise<T>): Promise<T> {
  change();
  try {
    return await act();
  } finally {
    back();
  }
}

/** What the engine's domain has not: its keeper's code was never put there. */
const AS_DEPLOYED = [expect.stringMatching(/^keeper warning: there is no keeper/)];

describe('a domain that was just deployed', () => {
  test('has no problem', async () => {
    const { code, document, stderr } = await doctor();
    expect(findingsOf(document.checks)).toEqual(AS_DEPLOYED);
    expect(document.checks.filter(({ status }) => status === 'unknown')).toEqual([]);
    expect(document).toMatchObject({
      domain: { kind: 's3', madeBy: 'stack', bucket: BUCKET, account: ACCOUNT, region: REGION, partition: 'aws' },
      summary: { problem: 0, warning: 1, unknown: 0, skipped: 2 },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('has none by what the stack made of its functions either', async () => {
    const env = { ...environment(), AWS_ENDPOINT_URL_LAMBDA: await account.engine.serveLambda() };
    const { code, document } = await doctor([], env);
    expect(findingsOf(document.checks)).toEqual(AS_DEPLOYED);
    // The engine reserves no capacity, and does not answer for it either.
    expect(document.checks.filter(({ status }) => status === 'unknown').map(({ id }) => id)).toEqual(['concurrency']);
    expect(code).toBe(0);
  });

  test('is the same one when it is named, from wherever it is asked', async () => {
    lambda.regions.clear();
    const { document } = await doctor(['--domain', `s3://${BUCKET}`], { ...environment(), AWS_REGION: 'eu-west-1' });
    expect(document.domain).toMatchObject({ madeBy: 'stack', region: REGION });
    expect(findingsOf(document.checks)).toEqual(AS_DEPLOYED);
    expect([...lambda.regions]).toEqual([REGION]);
  });

  test('every request names the owner, and nothing is written but below scratch/, and removed again', async () => {
    // Whoever may not remove leaves what expires.
    const scratch = (): string[] =>
      bucket.keys().filter((key) => key.startsWith('scratch/') && bucket.current(key) !== undefined);
    const before = scratch();
    server.requests.length = 0;
    await doctor();
    const ofBucket = server.requests.filter(({ bucket: of }) => of === BUCKET);
    expect(ofBucket.length).toBeGreaterThan(20);
    for (const { headers } of ofBucket) expect(headers['x-amz-expected-bucket-owner']).toBe(ACCOUNT);
    const written = ofBucket.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    for (const { key } of written) expect(key).toMatch(/^scratch\/probe-/);
    expect(written.length).toBeGreaterThan(0);
    expect(scratch()).toEqual(before);
  });

  test('with --no-write nothing is written at all', async () => {
    server.requests.length = 0;
    const { document } = await doctor(['--no-write']);
    expect(
      server.requests.filter(({ method, bucket: of }) => of === BUCKET && method !== 'GET' && method !== 'HEAD'),
    ).toEqual([]);
    expect(document.checks.find(({ id }) => id === 'conditional-writes')).toMatchObject({
      status: 'skipped',
      reason: 'nothing was to be written (--no-write)',
    });
  });

  test('is told on a page: a line for each check, and a sum', async () => {
    const terminal = recordedTerminal({ env: environment() });
    expect(await run(['doctor'], terminal)).toBe(0);
    const lines = terminal.stdout.text.split('\n');
    expect(lines[0]).toBe(`bucket '${BUCKET}' of account ${ACCOUNT} in ${REGION}`);
    expect(terminal.stdout.text).toMatch(/^ok {7}versioning {10}the bucket keeps versions$/m);
    expect(terminal.stdout.text).toMatch(
      /^warning {2}keeper .*\n {9}there is no keeper: .*\n {11}Run: cfn-artifacts bootstrap --region us-east-1$/m,
    );
    const checks = BUCKET_CHECKS.length + STACK_CHECKS.length;
    // What is skipped for one reason shares a line.
    expect(lines).toContain('skipped  audit, collection');
    expect(lines.filter((line) => /^(ok|warning|problem|unknown) /.test(line))).toHaveLength(checks - 2);
    expect(terminal.stdout.text).toMatch(new RegExp(`\n\n1 warning, ${checks - 3} ok\n$`));
    const quiet = recordedTerminal({ env: environment() });
    await run(['doctor', '--quiet'], quiet);
    expect(quiet.stdout.text).not.toMatch(/^ok/m);
    expect(quiet.stdout.text).toMatch(/^warning {2}keeper/m);
  });
});

const Bucket = BUCKET;
const expireAll = { ID: 'cleanup', Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 30 } };
const tagged = {
  ID: 'tags',
  Status: 'Enabled' as const,
  Filter: { And: { Prefix: 'blobs/', Tags: [{ Key: 'a', Value: 'b' }] } },
  Transitions: [{ Days: 3, StorageClass: 'GLACIER' as const }],
};
const dated = {
  ID: 'old',
  Status: 'Enabled' as const,
  Prefix: 'labels/',
  Expiration: { Date: new Date('2030-01-01') },
};

/** Settings as somebody changes them, and what is found. The policy stands in nobody's way here. */
const CHANGES: readonly (readonly [string, (client: S3Client) => Promise<unknown>, readonly RegExp[]])[] = [
  [
    'versioning is suspended',
    (client) =>
      client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })),
    [/^versioning problem: .* is suspended/],
  ],
  [
    'there is no policy',
    (client) => client.send(new DeleteBucketPolicyCommand({ Bucket })),
    [/^policy problem: .* has no policy/],
  ],
  [
    'a rule eats everything',
    (client) =>
      client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: { Rules: [expireAll, tagged, dated] },
        }),
      ),
    [
      /^lifecycle problem: .*'cleanup' lets current versions expire after 30 days: it eats blobs\//,
      /^lifecycle problem: .*'tags' moves current versions to GLACIER after 3 days of what has certain tags or sizes/,
      /^lifecycle problem: .*'old' lets current versions expire on 2030-01-01: it eats labels\/$/,
      /^tidying warning: /,
    ],
  ],
  [
    'everything may be public',
    (client) =>
      client.send(
        new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicAcls: true } }),
      ),
    [/^public-access problem: .* BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets are off$/],
  ],
  [
    'ACLs count',
    (client) =>
      client.send(
        new PutBucketOwnershipControlsCommand({
          Bucket,
          OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
        }),
      ),
    [/^ownership problem: .*ObjectWriter/],
  ],
  [
    'no events are sent',
    (client) => client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} })),
    [/^events warning: /],
  ],
  [
    'another key encrypts',
    (client) =>
      client.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'arn:k' } }],
          },
        }),
      ),
    [/^encryption warning: .*aws:kms with arn:k/],
  ],
  [
    'it is replicated',
    (client) =>
      client.send(
        new PutBucketReplicationCommand({
          Bucket,
          ReplicationConfiguration: {
            Role: 'arn',
            Rules: [
              { Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::elsewhere' } },
              { Status: 'Disabled', Destination: { Bucket: 'arn:aws:s3:::nowhere' } },
            ],
          },
        }),
      ),
    [/^replication warning: .* to elsewhere:/],
  ],
  [
    'everything is locked',
    (client) =>
      client.send(
        new PutObjectLockConfigurationCommand({
          Bucket,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } },
          },
        }),
      ),
    [/^object-lock warning: .* for 30 days \(COMPLIANCE\)/],
  ],
  [
    'a statement was added',
    (client) =>
      client.send(
        new PutBucketPolicyCommand({
          Bucket,
          Policy: bucketPolicyWith({
            Sid: 'Theirs',
            Effect: 'Allow',
            Principal: '*',
            Action: 's3:GetObject',
            Resource: `arn:aws:s3:::${BUCKET}/*`,
          }),
        }),
      ),
    [/^policy warning: the statement 'Theirs' .* others: everybody$/],
  ],
];

function bucketPolicyWith(statement: object): string {
  const { Statement, ...policy } = JSON.parse(originalPolicy) as { Statement: object[] };
  return JSON.stringify({ ...policy, Statement: [...Statement, statement] });
}

let originalPolicy = '';

describe('a domain that somebody changed by hand', () => {
  beforeAll(() => {
    originalPolicy = bucket.policy?.text ?? '';
  });

  test.each(CHANGES)('%s', async (_name, change, expected) => {
    const { policy, versioning, encryption } = bucket;
    const configurations = new Map(bucket.configurations);
    bucket.policy = undefined;
    if (expected.every(({ source }) => !source.startsWith('^policy'))) {
      await change(administrator);
      bucket.policy = policy;
    } else await change(administrator);
    try {
      const { code, document } = await doctor();
      const found = findingsOf(document.checks).filter((finding) => !/^keeper warning/.test(finding));
      expect(found).toEqual(expected.map((one) => expect.stringMatching(one)));
      expect(code).toBe(expected.some(({ source }) => source.includes('problem')) ? 5 : 0);
    } finally {
      Object.assign(bucket, { policy, versioning, encryption });
      bucket.configurations.clear();
      for (const [name, text] of configurations) bucket.configurations.set(name, text);
    }
  });

  test('the function is throttled, and runs on what is no longer mended', async () => {
    const own = lambda.functions.get('cfn-artifacts-reference')!;
    const { code, document } = await during(
      () => {
        lambda.concurrency.set('cfn-artifacts-reference', 0);
        lambda.functions.set('cfn-artifacts-reference', { ...own, Runtime: 'nodejs18.x' });
      },
      () => {
        lambda.concurrency.clear();
        lambda.functions.set('cfn-artifacts-reference', own);
      },
      () => doctor(),
    );
    expect(code).toBe(5);
    expect(findingsOf(document.checks)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^runtime warning: /),
        expect.stringMatching(/^concurrency problem: /),
      ]),
    );
  });

  test('the function is gone', async () => {
    const own = lambda.functions.get('cfn-artifacts-reference')!;
    const { code, document } = await during(
      () => lambda.functions.delete('cfn-artifacts-reference'),
      () => lambda.functions.set('cfn-artifacts-reference', own),
      () => doctor(),
    );
    expect(code).toBe(5);
    expect(findingsOf(document.checks)).toContainEqual(
      expect.stringMatching(/^reference-function problem: there is no function/),
    );
    expect(document.checks.filter(({ status }) => status === 'skipped').map(({ id }) => id)).toEqual([
      ...['version', 'runtime', 'environment', 'timeout', 'concurrency', 'audit', 'collection'],
    ]);
  });

  test.each(['declaring', 'fetching', 'sharing'])('the keeper is not called %s', async (missing) => {
    const own = lambda.functions.get('cfn-artifacts-reference')!;
    const names = ['publishing', 'declaring', 'fetching', 'sharing'].map((alias) => `cfn-artifacts-keeper:${alias}`);
    const { code, document } = await during(
      () => {
        for (const name of names) if (!name.endsWith(missing)) lambda.functions.set(name, own);
      },
      () => {
        for (const name of names) lambda.functions.delete(name);
      },
      () => doctor(),
    );
    expect(code).toBe(5);
    expect(findingsOf(document.checks).filter((finding) => finding.startsWith('keeper '))).toEqual([
      expect.stringMatching(new RegExp(`^keeper problem: .* has no alias '${missing}': `)),
    ]);
  });
});

describe('what may not be asked', () => {
  const s3Actions = [...new Set(Object.values(BUCKET_ACTIONS).flat())].filter((action) => action.startsWith('s3:'));
  /** The probe removes what it wrote, where it may. */
  const allowing = (actions: readonly string[]) => ({
    account: ACCOUNT,
    policies: [{ Statement: [{ Effect: 'Allow' as const, Action: [...actions], Resource: '*' }] }],
  });

  test('with the actions that the checks say, everything is known', async () => {
    server.identities.set('doctor', allowing(s3Actions));
    const { code, document } = await doctor([], environment('doctor'));
    expect(document.checks.filter(({ status }) => status === 'unknown')).toEqual([]);
    expect(findingsOf(document.checks)).toEqual(AS_DEPLOYED);
    expect(code).toBe(0);
  });

  test.each(s3Actions)('without %s what needs it is unknown, and everything else is told', async (action) => {
    server.identities.set('doctor', allowing(s3Actions.filter((other) => other !== action)));
    const { code, document } = await doctor([], environment('doctor'));
    const unknown = document.checks.filter(({ status }) => status === 'unknown');
    expect(unknown.length).toBeGreaterThan(0);
    for (const one of unknown) {
      expect(one.missing).toContain(action);
      expect(one.reason).toMatch(/denied|needed/);
      expect(one.remedy).toBeDefined();
    }
    expect(findingsOf(document.checks)).toEqual(AS_DEPLOYED);
    expect(code).toBe(0);
    expect((await doctor(['--strict'], environment('doctor'))).code).toBe(5);
  });

  test('nor CloudFormation, nor Lambda', async () => {
    const { document } = await during(
      () => {
        for (const action of ['ListExports', 'DescribeStacks']) refusedByCloudFormation.add(action);
        for (const action of ['GetFunctionConfiguration', 'GetFunctionConcurrency']) lambda.refused.add(action);
      },
      () => {
        refusedByCloudFormation.clear();
        lambda.refused.clear();
      },
      () => doctor(),
    );
    const unknown = document.checks.filter(({ status }) => status === 'unknown');
    expect(unknown.map(({ id }) => id)).toEqual(STACK_CHECKS.map(({ id }) => id));
    expect(unknown.find(({ id }) => id === 'service-token')).toMatchObject({ missing: ['cloudformation:ListExports'] });
    expect(unknown.find(({ id }) => id === 'runtime')).toMatchObject({ missing: ['lambda:GetFunctionConfiguration'] });
    expect(document.summary.problem).toBe(0);
  });
});

describe('what is no domain', () => {
  test('an account without one: the bucket and the stack are missed, the rest is skipped', async () => {
    const env = { ...environment(), AWS_REGION: 'eu-west-1' };
    const { code, document } = await doctor([], env);
    expect(code).toBe(5);
    expect(findingsOf(document.checks)[0]).toBe(
      `bucket problem: there is no bucket 'cfn-artifacts-${ACCOUNT}-eu-west-1'`,
    );
    const skipped = document.checks.filter(({ reason }) => reason === 'there is no bucket').map(({ id }) => id);
    const ofBucket = BUCKET_CHECKS.map(({ id }) => id).filter((id) => id !== 'bucket' && id !== 'clock');
    expect(skipped).toEqual([...ofBucket, 'legal-hold']);
  });

  test('a bucket of another account', async () => {
    const { code, document } = await doctor(['--domain', `s3://${BUCKET}`], environment('foreigner'));
    expect(code).toBe(5);
    expect(document.checks.find(({ id }) => id === 'bucket')).toMatchObject({ status: 'unknown' });
    const terminal = recordedTerminal({ env: environment('foreigner') });
    expect(await run(['doctor', '--domain', `s3://${BUCKET}`], terminal)).toBe(5);
    expect(terminal.stdout.text).toMatch(/\n\nnothing could be found out about this domain\n$/);
  });

  test('one that is not of the account that is named', async () => {
    const { code, document } = await doctor(['--domain', `s3://${BUCKET}`, '--domain-owner', '999988887777']);
    expect(code).toBe(5);
    expect(findingsOf(document.checks)).toEqual([
      expect.stringMatching(/^bucket problem: .* does not belong to account 999988887777$/),
    ]);
  });

  test('somebody’s bucket: nothing is written to it, and no stack is asked for', async () => {
    server.createBucket('somebodys-files', { owner: ACCOUNT, region: 'eu-central-1', versioning: 'Enabled' });
    server.requests.length = 0;
    const { code, document } = await doctor(['--domain', 's3://somebodys-files']);
    expect(code).toBe(5);
    expect(document.domain).toMatchObject({ madeBy: 'bucket', region: 'eu-central-1' });
    expect(findingsOf(document.checks)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^descriptor problem: /),
        expect.stringMatching(/^policy problem: /),
      ]),
    );
    expect(document.checks.find(({ id }) => id === 'conditional-writes')?.status).toBe('skipped');
    for (const { id } of STACK_CHECKS) expect(document.checks.find((one) => one.id === id)?.status).toBe('skipped');
    expect(server.requests.filter(({ method, bucket: of }) => of !== undefined && method === 'PUT')).toEqual([]);
  });

  async function describedBy(name: string, format: number, of: string): Promise<Told> {
    server.createBucket(name, { owner: ACCOUNT, region: REGION, versioning: 'Enabled' });
    const Body = JSON.stringify({ format, partition: 'aws', account: ACCOUNT, region: REGION, bucket: of });
    await administrator.send(new PutObjectCommand({ Bucket: name, Key: 'domain', Body }));
    return doctor(['--domain', `s3://${name}`]);
  }

  test('a copy of a domain', async () => {
    const { document } = await describedBy('copied-domain', 1, BUCKET);
    expect(findingsOf(document.checks)).toContainEqual(
      expect.stringMatching(/^descriptor problem: the domain in this store is that of/),
    );
  });

  test('a descriptor of a format to come', async () => {
    const { document } = await describedBy('newer-domain', 99, 'newer-domain');
    expect(findingsOf(document.checks)).toContainEqual(expect.stringMatching(/^descriptor problem: .* has format 99/));
  });
});

describe('what ends it', () => {
  test('no credentials', async () => {
    const env = { ...environment(), ...WITHOUT_FILES, AWS_EC2_METADATA_DISABLED: 'true' };
    const { code, document } = await doctor([], { ...env, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    expect(document.error?.code).toBe('NO_CREDENTIALS');
    expect(code).toBe(3);
  });

  test('no Region, and no endpoint that answers', async () => {
    expect((await doctor([], { ...environment(), AWS_REGION: '' })).document.error?.code).toBe('INVALID_CONFIGURATION');
    const { code, document } = await doctor([], { ...environment(), AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' });
    expect(document.error?.code).toBe('STORE_UNAVAILABLE');
    expect(code).toBe(4);
  });

  test.each([
    '--domain s3://bucket/prefix',
    '--domain http://x',
    '--domain-owner 12',
    '--repository default',
    '--fix',
    'something',
  ])('%s', async (words) => {
    const { code, document } = await doctor(words.split(' '));
    expect(code).toBe(2);
    expect(document.error).toBeDefined();
  });

  test('an interruption', async () => {
    const controller = new AbortController();
    controller.abort();
    const terminal = recordedTerminal({ env: environment(), signal: controller.signal });
    expect(await run(['doctor'], terminal)).toBe(130);
  });
});

describe('the clock', () => {
  /** Passes everything on, and tells another time. */
  async function shifted(milliseconds: number, act: (url: string) => Promise<void>): Promise<void> {
    const proxy = createServer((request, response) => {
      const time = new Date(Date.now() + milliseconds).toUTCString();
      response.writeHead(request.method === 'POST' ? 400 : 403, { date: time }).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      await act(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    } finally {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    }
  }

  test.each([
    [3 * 60_000, 'warning', '3 minutes behind'],
    [-10 * 60_000, 'problem', '10 minutes ahead of'],
  ])('is compared even where everything is refused (%s ms)', async (milliseconds, severity, amount) => {
    await shifted(milliseconds, async (url) => {
      const { document } = await doctor([], {
        ...environment(),
        AWS_ENDPOINT_URL_S3: url,
        AWS_ENDPOINT_URL_STS: server.endpoint,
      });
      expect(findingsOf(document.checks)).toContainEqual(
        expect.stringMatching(new RegExp(`^clock ${severity}: this machine's clock is ${amount}`)),
      );
    });
  });
});
