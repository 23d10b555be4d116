import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { awsEnvironment, WITHOUT_FILES } from '../support/aws-environment.ts';
import { startScript } from '../support/child-script.ts';
import { at } from '../support/json-pointer.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Files, Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../support/s3-server.ts';
import type { FaultRule } from '../support/s3-server-faults.ts';
import { SLOW_DOWN } from '../support/s3-server-faults.ts';
import type { Bucket } from '../support/s3-server-state.ts';
import { hasSmallDisks, whyNoDisk } from '../support/small-disk.ts';

knowEveryError();

const OTHER_ACCOUNT = '999988887777';
const BUCKET = 'shop-artifacts';
const DEFAULT_BUCKET = `cfn-artifacts-${TEST_ACCOUNT}-us-east-1`;

const lambda = (code: string): string =>
  `{Type: AWS::Lambda::Function, Properties: {Code: ${code}, Handler: x.h, Runtime: nodejs22.x, Role: r}}`;

const SHOP: Files = {
  'template.yaml': `Resources:
  A: ${lambda('functions/a')}
  B: ${lambda('functions/b')}
  BAgain: ${lambda('functions/b')}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: stacks/child.yaml}}
`,
  'stacks/child.yaml': `Resources:\n  C: ${lambda('../functions/b')}\n`,
  'functions/a/x.js': 'a',
  'functions/b/x.js': 'b',
  'api.json': '{"openapi": "3.0.1"}',
};
/** What SHOP names, each once. */
const ARTIFACTS = 4;
/** Where it names them. */
const PLACES = 6;

let server: S3Server;

hideOwnEnvironment();

beforeEach(async () => {
  server = await startS3Server({
    identities: { test: { account: TEST_ACCOUNT }, other: { account: OTHER_ACCOUNT } },
  });
});

afterEach(async () => {
  await server.close();
});

async function shop(files: Files = SHOP): Promise<TestProject> {
  const project = await TestProject.of(files);
  project.env = awsEnvironment(server);
  return project;
}

function packaged(project: TestProject, ...flags: string[]): Promise<Outcome> {
  return project.run('package', '--domain', `s3://${BUCKET}`, '--project-root', '.', ...flags);
}

/** Of what the bucket shows now. */
function keysOf(bucket: Bucket): string[] {
  return bucket.keys().filter((key) => bucket.current(key) !== undefined);
}

async function textOf(bucket: Bucket, key: string): Promise<string> {
  return (await bucket.current(key)?.bytes.text()) ?? '';
}

function operations(): string[] {
  return server.requests.map(({ operation }) => operation);
}

const WRITES = /^(Put|Copy|Create|Complete|Upload|Delete|Abort)/;

describe('package to a domain in S3', () => {
  test('makes the domain in the first run, and uploads nothing in the second', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const first = await packaged(project);
    expect(first.exitCode).toBe(0);
    expect(first.stderr.match(/^uploaded /gm)).toHaveLength(ARTIFACTS);
    expect(JSON.parse(await textOf(bucket, 'domain'))).toEqual({
      ...{ format: 1, partition: 'aws', account: TEST_ACCOUNT, region: 'us-east-1', bucket: BUCKET },
    });
    expect(keysOf(bucket).filter((key) => key.startsWith('blobs/'))).toHaveLength(ARTIFACTS);
    expect(keysOf(bucket).filter((key) => key.startsWith('scratch/'))).toEqual([]);

    server.requests.length = 0;
    const second = await packaged(project);
    expect(second).toEqual({ ...first, stderr: first.stderr.replaceAll(/^uploaded .*\n/gm, '') });
    expect(operations().filter((operation) => WRITES.test(operation))).toEqual([]);
  });

  test('whose bucket no longer keeps versions stops at the first thing that has none', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    expect((await packaged(project)).exitCode).toBe(0);
    bucket.versioning = 'Suspended';
    // What is there has versions, and nothing new is written.
    expect((await packaged(project)).exitCode).toBe(0);
    const refused = await packaged(await shop({ ...SHOP, 'functions/a/x.js': 'changed' }));
    expect(refused).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/has no version ID.*\n.*put-bucket-versioning/),
    });
    // A descriptor without a version: told when the domain is opened.
    const descriptor = await textOf(bucket, 'domain');
    const client = new S3Client(server.clientConfig());
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'domain', Body: descriptor }));
    client.destroy();
    server.requests.length = 0;
    expect(await packaged(project)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining(`'${BUCKET}/domain' has no version ID`),
    });
    expect(server.counts()).toEqual({ GetCallerIdentity: 1, HeadBucket: 1, GetObject: 1 });
  });

  test('is begun by several at once, and all of them say the same', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => packaged(project)));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(new Set(outcomes.map(({ text }) => text)).size).toBe(1);
    expect(keysOf(bucket).filter((key) => key.startsWith('versions/'))).toHaveLength(ARTIFACTS);
    expect(keysOf(bucket).filter((key) => key.startsWith('blobs/'))).toHaveLength(ARTIFACTS);
  });

  test('asks at most five times for each artifact of a repeat, and three times for the run', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    await packaged(project);
    server.requests.length = 0;
    await packaged(project);
    expect(server.counts()).toEqual({
      // The run: whose credentials, where the bucket is, which domain it holds.
      ...{ GetCallerIdentity: 1, HeadBucket: 1 },
      // Archives: source, manifest, status. Files: manifest, status, and the version is searched.
      GetObject: 1 + 2 * 3 + 2 * 2,
      ListObjectsV2: 2,
      // Every blob, and of archives the reference by which the version holds it.
      HeadObject: ARTIFACTS + 2,
    });
    expect(server.requests).toHaveLength(2 * 5 + 2 * 4 + 3);
  });

  test('in whatever number of places they stand, and however many there are', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const project = await shop({
      'template.yaml': `Resources:\n${names.map((name) => `  ${name}: ${lambda(name)}\n  ${name}Too: ${lambda(name)}\n`).join('')}`,
      ...Object.fromEntries(names.map((name) => [`${name}/x.js`, name])),
    });
    await packaged(project);
    server.requests.length = 0;
    expect((await packaged(project)).exitCode).toBe(0);
    expect(server.requests).toHaveLength(5 * names.length + 3);
  });

  test('names the owner of the bucket in every request, and the digest in every writing', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    await packaged(await shop());
    const toS3 = server.requests.filter(({ operation }) => operation !== 'GetCallerIdentity');
    expect(new Set(toS3.map(({ headers }) => headers['x-amz-expected-bucket-owner']))).toEqual(new Set([TEST_ACCOUNT]));
    const puts = toS3.filter(({ operation }) => operation === 'PutObject');
    expect(puts.every(({ headers }) => headers['x-amz-checksum-sha256'] !== undefined)).toBe(true);
  });

  test('writes what a directory gives, but for place and bucket', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const inS3 = await packaged(project);
    const inDirectory = await project.package();
    // A nested template names its own references by ARN, so its content differs with the place.
    const placeless = ({ text }: Outcome): string =>
      text
        .replaceAll(`:artifacts:us-east-1:${TEST_ACCOUNT}:`, ':artifacts:local:000000000000:')
        .replaceAll(/[0-9a-f]{64}(?=\/child\.yaml)|(?<=child\.yaml:1@sha256:)[0-9a-f]{64}/g, 'HEX');
    expect(placeless(inS3)).toBe(placeless(inDirectory));
  });

  test('gives nested templates as https URLs', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const { data } = await packaged(project, '--references', 'none');
    const url = String(at(data, '/Resources/Nested/Properties/TemplateURL'));
    expect(url.startsWith(`${server.endpoint}/${BUCKET}/blobs/sha256/`)).toBe(true);
    expect(url.endsWith('/child.yaml')).toBe(true);
    const child = await textOf(bucket, url.slice(`${server.endpoint}/${BUCKET}/`.length));
    expect(child).toMatch(
      new RegExp(`Code: \\{S3Bucket: ${BUCKET}, S3Key: blobs/sha256/[0-9a-f]{64}/archive\\.zip\\}`),
    );
    const referring = await packaged(project);
    expect(at(referring.data, '/Resources/Nested/Properties/TemplateURL')).toEqual({
      'Fn::GetAtt': 'StacksChildYamlArtifact.Url',
    });
  });

  test("finds the bucket's own Region", async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled', region: 'eu-central-1' });
    const project = await shop();
    const { exitCode, text } = await packaged(project, '--manifest', 'manifest.json');
    expect(exitCode).toBe(0);
    expect(text).toContain(`arn:aws:artifacts:eu-central-1:${TEST_ACCOUNT}:default/`);
    expect(JSON.parse(project.read('manifest.json'))).toMatchObject({ bucket: BUCKET, region: 'eu-central-1' });
  });

  test('in a dry run writes nothing, not even the domain, and says what is there', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const planned = await packaged(project, '--dry-run');
    expect(planned.exitCode).toBe(0);
    expect(planned.stdout.match(/would upload/g)).toHaveLength(PLACES);
    expect(operations().filter((operation) => WRITES.test(operation))).toEqual([]);
    await packaged(project);
    server.requests.length = 0;
    expect((await packaged(project, '--dry-run')).stdout.match(/ reused /g)).toHaveLength(PLACES);
    expect(operations().filter((operation) => WRITES.test(operation))).toEqual([]);
    expect(keysOf(bucket)).toContain('domain');
  });

  test('says which options of a plain bucket mean nothing here', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const flags = ['--s3-prefix', 'x', '--metadata', 'a=b', '--force-upload'];
    const { exitCode, stderr } = await packaged(await shop(), ...flags);
    expect(exitCode).toBe(0);
    expect(stderr.match(/^note: '.*' is ignored\. It is for a plain bucket/gm)).toHaveLength(flags.length - 2);
  });

  test('encrypts with the key that is named', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    await packaged(await shop(), '--kms-key-id', 'alias/shop');
    const blobs = keysOf(bucket).filter((key) => key.startsWith('blobs/'));
    expect(blobs.map((key) => bucket.current(key)?.encryption)).toEqual(
      blobs.map(() => ({ algorithm: 'aws:kms', kmsKeyId: 'alias/shop' })),
    );
  });
});

describe('the default domain', () => {
  test('is used where it is there', async () => {
    const bucket = server.createBucket(DEFAULT_BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const { exitCode, text } = await project.run('package', '--project-root', '.', '--no-bootstrap');
    expect(exitCode).toBe(0);
    expect(text).toContain(`arn:aws:artifacts:us-east-1:${TEST_ACCOUNT}:default/shop/functions/a:1@`);
    expect(keysOf(bucket)).toContain('domain');
    const listed = await project.run('list', '--json');
    expect((JSON.parse(listed.stdout) as { artifacts: unknown[] }).artifacts).toHaveLength(ARTIFACTS);
  });

  test('is an error with the ways on where it is not, never a directory', async () => {
    const project = await shop();
    const { exitCode, stdout, stderr } = await project.run(
      'package',
      '--no-bootstrap',
      '--output-template-file',
      'out.yaml',
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain(
      `account ${TEST_ACCOUNT} has no domain in us-east-1: there is no bucket '${DEFAULT_BUCKET}'`,
    );
    for (const way of [
      'cfn-artifacts bootstrap',
      '--domain s3://BUCKET',
      '--domain file:DIRECTORY',
      '--s3-bucket BUCKET',
    ])
      expect(stderr).toContain(way);
    expect(project.exists('out.yaml')).toBe(false);
    expect(project.stored('.')).toEqual([]);
    const json = await project.run('package', '--json', '--no-bootstrap');
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'DOMAIN_NOT_FOUND', exitCode: 3 } });
  });

  test('is that of the Region', async () => {
    server.createBucket(DEFAULT_BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const { exitCode, stderr } = await project.run('package', '--no-bootstrap', '--region', 'eu-west-1');
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      `has no domain in eu-west-1: there is no bucket 'cfn-artifacts-${TEST_ACCOUNT}-eu-west-1'`,
    );
  });

  test.each([
    ['shut to everybody else', [], 'ACCESS_DENIED', 'somebody else has taken its name'],
    ['open to everybody', [allowing('*')], 'WRONG_OWNER', `does not belong to account ${TEST_ACCOUNT}`],
  ])('is not touched where somebody else has registered its name, %s', async (_how, statements, code, text) => {
    const bucket = server.createBucket(DEFAULT_BUCKET, {
      owner: OTHER_ACCOUNT,
      versioning: 'Enabled',
      ...(statements.length > 0 && { policy: { Statement: statements } }),
    });
    const { exitCode, stdout, stderr } = await (await shop()).run('package', '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; remedy: string } };
    expect({ exitCode, stderr, code: error.code }).toEqual({ exitCode: 3, stderr: '', code });
    expect(`${error.message}\n${error.remedy}`).toContain(text);
    expect(keysOf(bucket)).toEqual([]);
  });
});

function allowing(account: string): { Effect: 'Allow'; Principal: { AWS: string }; Action: string; Resource: string } {
  return { Effect: 'Allow', Principal: { AWS: account }, Action: 's3:*', Resource: '*' };
}

interface Failure {
  readonly title: string;
  /** Changes the world of a project with the bucket of the domain in it. */
  readonly given: (project: TestProject, bucket: Bucket) => unknown;
  readonly flags?: readonly string[];
  readonly exitCode: number;
  readonly code: string;
  readonly says: RegExp;
}

const fault = (rule: FaultRule) => () => server.faults.add({ times: Infinity, ...rule });

const FAILURES: readonly Failure[] = [
  {
    title: 'no credentials',
    given: (project) => {
      project.env = { ...WITHOUT_FILES, AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: 'us-east-1' };
    },
    ...{ exitCode: 3, code: 'NO_CREDENTIALS', says: /no usable AWS credentials.*\n.*aws configure/ },
  },
  {
    title: 'no Region',
    given: (project) => {
      project.env = { ...project.env, AWS_REGION: '' };
    },
    ...{ exitCode: 2, code: 'INVALID_CONFIGURATION', says: /no AWS Region is set\n.*--region or AWS_REGION/ },
  },
  {
    title: 'no bucket',
    given: () => undefined,
    flags: ['--domain', 's3://no-such-bucket'],
    ...{
      exitCode: 3,
      code: 'BUCKET_NOT_FOUND',
      says: /no bucket 'no-such-bucket'.*\n.*aws s3 mb s3:\/\/no-such-bucket/,
    },
  },
  {
    title: 'another owner than --domain-owner says',
    given: () => undefined,
    flags: ['--domain-owner', OTHER_ACCOUNT],
    ...{ exitCode: 3, code: 'WRONG_OWNER', says: /does not belong to account 999988887777/ },
  },
  {
    title: "somebody else's bucket",
    given: () => server.createBucket('theirs', { owner: OTHER_ACCOUNT, policy: { Statement: allowing('*') } }),
    flags: ['--domain', 's3://theirs'],
    ...{ exitCode: 3, code: 'WRONG_OWNER', says: /bucket 'theirs' does not belong to account 111122223333/ },
  },
  {
    title: 'a bucket that keeps no versions',
    given: () => server.createBucket('unversioned'),
    flags: ['--domain', 's3://unversioned'],
    ...{
      exitCode: 3,
      code: 'UNSUPPORTED_STORE',
      says: /keeps no versions.*\n {2}aws s3api put-bucket-versioning --bucket unversioned .* Status=Enabled\n {2}Then wait /,
    },
  },
  {
    title: 'a store without conditional writes',
    given: () => {
      server.settings.conditions = 'ignored';
    },
    ...{ exitCode: 3, code: 'UNSUPPORTED_STORE', says: /If-None-Match.*\n.*overwrite each other/ },
  },
  {
    title: "a copy of another bucket's domain",
    given: (_project, bucket) => put(bucket, 'domain', descriptorOf('the-original')),
    ...{ exitCode: 2, code: 'INVALID_CONFIGURATION', says: /is that of 'the-original'.*not of 'shop-artifacts'/ },
  },
  {
    title: 'a domain of a later format',
    given: (_project, bucket) => put(bucket, 'domain', { ...descriptorOf(BUCKET), format: 2 }),
    ...{ exitCode: 3, code: 'UNSUPPORTED_FORMAT', says: /has format 2.*\n.*Update/ },
  },
  {
    title: 'a prefix for a domain',
    given: () => undefined,
    flags: ['--domain', `s3://${BUCKET}/here`],
    ...{ exitCode: 2, code: 'INVALID_ARGUMENT', says: /a domain has no prefix/ },
  },
  {
    title: 'an expired token',
    given: () => server.identities.set('test', { account: TEST_ACCOUNT, sessionToken: 'token', expired: true }),
    ...{ exitCode: 3, code: 'NO_CREDENTIALS', says: /token has expired\n.*AWS_SESSION_TOKEN/ },
  },
  {
    title: 'a token that expires during the run',
    given: fault({ operation: 'PutObject', skip: 6, fault: { effect: 'error', code: 'ExpiredToken' } }),
    ...{ exitCode: 3, code: 'NO_CREDENTIALS', says: /token has expired/ },
  },
  {
    title: 'a wrong secret',
    given: () => server.identities.set('test', { account: TEST_ACCOUNT, secretAccessKey: 'another' }),
    ...{ exitCode: 3, code: 'NO_CREDENTIALS', says: /signature we calculated does not match/ },
  },
  {
    title: 'a storm of 503 at every request',
    given: fault({ fault: SLOW_DOWN }),
    ...{ exitCode: 4, code: 'STORE_UNAVAILABLE', says: /AWS STS does not answer/ },
  },
  {
    title: 'a storm of 503 in S3',
    given: fault({ fault: SLOW_DOWN, operation: 'HeadBucket' }),
    ...{ exitCode: 4, code: 'STORE_UNAVAILABLE', says: /did not answer HeadBucket of 'shop-artifacts'/ },
  },
  {
    title: 'a storm of 503 at uploads',
    given: fault({ fault: SLOW_DOWN, operation: 'PutObject', key: /^blobs\// }),
    ...{ exitCode: 4, code: 'STORE_UNAVAILABLE', says: /did not answer PutObject.*reduce your request rate/ },
  },
  {
    title: 'a network that breaks off',
    given: fault({ fault: { effect: 'reset-before' }, operation: 'PutObject', key: /^versions\// }),
    ...{ exitCode: 4, code: 'STORE_UNAVAILABLE', says: /did not answer PutObject/ },
  },
  {
    title: 'a file that changes before it is uploaded',
    given: (project) =>
      server.faults.add({
        ...{ fault: SLOW_DOWN, operation: 'PutObject', key: /^references\//, times: Infinity },
        when: () => {
          writeFileSync(project.path('functions/a/x.js'), 'changed');
          writeFileSync(project.path('api.json'), '{"changed": 1}');
          return false;
        },
      }),
    ...{ exitCode: 4, code: 'SOURCE_CHANGED', says: /template\.yaml:\d+:\d+: .*changed/ },
  },
];

function descriptorOf(bucket: string): object {
  return { format: 1, partition: 'aws', account: TEST_ACCOUNT, region: 'us-east-1', bucket };
}

async function put(bucket: Bucket, key: string, value: object): Promise<void> {
  const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
  const client = new S3Client(server.clientConfig());
  await client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: JSON.stringify(value) }));
  client.destroy();
}

describe('what is wrong is said, and no output is written', () => {
  test.each(FAILURES.map((failure) => [failure.title, failure] as const))('%s', async (_title, failure) => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    await failure.given(project, bucket);
    const flags = ['--output-template-file', 'out.yaml', '--manifest', 'manifest.json', ...(failure.flags ?? [])];
    const { exitCode, stdout, stderr } = await packaged(project, ...flags);
    expect(stderr).toMatch(failure.says);
    expect({ exitCode, stdout }).toEqual({ exitCode: failure.exitCode, stdout: '' });
    const json = await packaged(project, ...flags, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: failure.code, exitCode: failure.exitCode } });
    expect(['out.yaml', 'manifest.json'].map((file) => project.exists(file))).toEqual([false, false]);
    // By a version's record its content is there: a version without it would be a lie.
    for (const one of server.buckets.values()) expect(await missingBlobs(one)).toEqual([]);
  });

  test('a plain mistake leaves no object in the bucket', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop({
      ...SHOP,
      'template.yaml': `${SHOP['template.yaml'] ?? ''}  M: ${lambda('functions/missing')}\n`,
    });
    const { exitCode, stderr } = await packaged(project, '--output-template-file', 'out.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/template\.yaml:7:.*functions\/missing/);
    expect(bucket.keys()).toEqual([]);
    expect(server.requests).toEqual([]);
    expect(project.exists('out.yaml')).toBe(false);
  });

  test.each(['ListBucket', 'GetObject', 'PutObject', 'GetBucketVersioning'])(
    'whoever may not s3:%s is told so, and leaves nothing',
    async (action) => {
      const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
      deny(`s3:${action}`);
      const project = await shop();
      const { exitCode, stderr } = await packaged(project, '--output-template-file', 'out.yaml');
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(new RegExp(`^error: access to '${BUCKET}.*' is denied, s3:${action} is needed`));
      expect(stderr.match(/^error/gm)).toHaveLength(1);
      expect(project.exists('out.yaml')).toBe(false);
      expect(bucket.keys()).toEqual([]);
    },
  );

  test.each(['GetBucketVersioning', 'DeleteObject', 'DeleteObjectVersion', 'ListBucketVersions'])(
    's3:%s is not needed in a domain that is there',
    async (action) => {
      server.createBucket(BUCKET, { versioning: 'Enabled' });
      const project = await shop();
      await packaged(project);
      deny(`s3:${action}`);
      project.write({ 'functions/a/x.js': 'another' });
      expect((await packaged(project)).exitCode).toBe(0);
    },
  );

  test('many uploads that fail for one reason tell it once', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    await packaged(project);
    deny('s3:PutObject');
    for (const name of ['a', 'b']) project.write({ [`functions/${name}/x.js`]: 'another' });
    const { exitCode, stderr } = await packaged(project);
    expect(exitCode).toBe(3);
    expect(stderr.match(/^error/gm)).toHaveLength(1);
  });

  (hasSmallDisks ? test : test.skip)(`a full disk under the output${whyNoDisk}`, async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop({
      ...SHOP,
      'template.yaml': `Metadata:\n  Long: ${'x'.repeat(2_000_000)}\n${SHOP['template.yaml'] ?? ''}`,
    });
    project.write({ 'out/.keep': '' });
    const mounted =
      'mount -t tmpfs -o size=1m tmpfs "$0" && "$@"; status=$?; echo "left: $(ls -A "$0")" >&2; exit $status';
    const { finished } = await startScript(
      'packager/main.ts',
      [
        ...['package', '--domain', `s3://${BUCKET}`, '--project-root', '.'],
        ...['--output-template-file', 'out/out.yaml', '--manifest', 'out/manifest.json'],
      ],
      {
        cwd: project.folder,
        env: { ...process.env, ...(project.env as NodeJS.ProcessEnv) },
        launcher: ['unshare', '-rm', 'sh', '-c', mounted, project.path('out')],
      },
    );
    const { status, stderr } = await finished;
    expect(stderr).toMatch(/error: 'out\/out\.yaml' can't be written: the disk is full \(ENOSPC\)/);
    expect(stderr).toMatch(/^left: $/m);
    expect(status).toBe(2);
  });
});

/** What versions name and the bucket does not hold. */
async function missingBlobs(bucket: Bucket): Promise<string[]> {
  const keys = keysOf(bucket);
  const manifests = await Promise.all(
    keys
      .filter((key) => key.startsWith('versions/'))
      .map(async (key) => JSON.parse(await textOf(bucket, key)) as { assets: { digest: string; filename: string }[] }),
  );
  return manifests
    .flatMap(({ assets }) => assets.map(({ digest, filename }) => `blobs/sha256/${digest}/${filename}`))
    .filter((key) => !keys.includes(key));
}

function deny(action: string): void {
  const Statement = [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: action, Resource: '*' },
  ] as const;
  server.identities.set('test', { account: TEST_ACCOUNT, policies: [{ Statement }] });
}

describe('publish, get, list and show', () => {
  test('go round, for people and with --json', async () => {
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const domain = ['--domain', `s3://${BUCKET}`];
    const published = await project.run('publish', 'functions/a', '--id', 'tools/a', ...domain, '--json');
    const publication = JSON.parse(published.stdout) as { arn: string; key: string; digest: string; size: number };
    expect(publication).toMatchObject({
      arn: `arn:aws:artifacts:us-east-1:${TEST_ACCOUNT}:default/tools/a:1@sha256:${publication.digest}`,
      ...{ version: 1, bucket: BUCKET, outcome: 'uploaded', isNewVersion: true },
    });
    const again = await project.run('publish', 'functions/a', '--id', 'tools/a', ...domain);
    expect(again).toMatchObject({ exitCode: 0, stdout: `${publication.arn}\n` });
    await project.run('publish', 'api.json', '--id', 'tools/api', ...domain);

    const listed = JSON.parse((await project.run('list', 'tools', ...domain, '--json')).stdout) as object;
    expect(listed).toMatchObject({
      artifacts: [
        { repository: 'default', id: 'tools/a', newestVersion: 1, status: 'Published' },
        { repository: 'default', id: 'tools/api', newestVersion: 1, status: 'Published' },
      ],
    });
    expect((await project.run('list', '--recursive', ...domain)).stdout).toMatch(
      /^ARTIFACT.*\ndefault\/tools\/a +1 .*\ndefault\/tools\/api/,
    );
    expect((await project.run('list', ...domain)).stdout).toMatch(/^ARTIFACT.*\ndefault\/tools\/\n$/);

    const shown = JSON.parse((await project.run('show', 'tools/a', ...domain, '--json')).stdout) as object;
    expect(shown).toMatchObject({
      arn: publication.arn,
      ...{ status: 'Published', size: publication.size, filename: 'archive.zip', versions: 1 },
      url: `${server.endpoint}/${BUCKET}/${publication.key}`,
    });
    expect((await project.run('show', publication.arn, ...domain)).stdout).toMatch(
      new RegExp(`^Key +${publication.key}$`, 'm'),
    );

    const got = await project.run('get', 'tools/api', '-o', 'copy.json', ...domain, '--json');
    expect(JSON.parse(got.stdout)).toMatchObject({ file: project.path('copy.json'), size: 20 });
    expect(project.read('copy.json')).toBe(SHOP['api.json']);
    await project.run('get', publication.arn, ...domain);
    const stored: Uint8Array[] = [];
    for await (const piece of bucket.current(publication.key)!.bytes.read()) stored.push(piece);
    expect(readFileSync(project.path('a.zip'))).toEqual(Buffer.concat(stored));
    expect((await project.run('get', 'tools/api', '-o', '-', ...domain)).stdout).toBe(SHOP['api.json']);
  });

  test.each<[string, () => unknown]>([
    [
      'on its way',
      () => server.faults.add({ operation: 'GetObject', key: /^blobs\//, fault: { effect: 'flip' }, times: Infinity }),
    ],
    [
      'in the bucket',
      async () => {
        const bucket = server.buckets.get(BUCKET)!;
        const key = keysOf(bucket).find((one) => one.startsWith('blobs/'))!;
        await put(bucket, key, { openapi: '9.9.9' });
      },
    ],
  ])('get finds what is damaged %s, and no file appears', async (_where, damage) => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const domain = ['--domain', `s3://${BUCKET}`];
    await project.run('publish', 'api.json', '--id', 'api', ...domain);
    await damage();
    const { exitCode, stdout, stderr } = await project.run('get', 'api', '-o', 'copy.json', ...domain);
    expect(stderr).toMatch(/^error: the content stored as sha256:[0-9a-f]{64} \('api\.json'\) is damaged/);
    expect({ exitCode, stdout, files: project.exists('copy.json') }).toEqual({ exitCode: 4, stdout: '', files: false });
    expect((await project.run('get', 'api', '-o', 'copy.json', '--json', ...domain)).stdout).toContain(
      'DIGEST_MISMATCH',
    );
  });

  test('get goes on where the line was cut for good', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const large = Array.from({ length: 400_000 }, (_, index) => `line ${index}\n`).join('');
    project.write({ 'large.txt': large });
    const domain = ['--domain', `s3://${BUCKET}`];
    await project.run('publish', 'large.txt', '--id', 'large', ...domain);
    const cut = { operation: 'GetObject', key: /^blobs\//, fault: { effect: 'cut', bytes: 400_000 } } as const;
    server.faults.add({ ...cut, times: 6 });
    mkdirSync(project.path('got'));
    const again = await project.run('get', 'large', '-o', 'got/', ...domain);
    expect(again).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(
        /^[\d.]+ MiB are kept in 'got\/large\.txt\.part-[0-9a-f]{16}': the same 'get' goes on there\nerror: .* breaks off after \d+ of/,
      ),
    });
    const [part = ''] = readdirSync(project.path('got'));
    // How much comes through a line before it is cut is a matter of luck.
    const { size } = statSync(project.path(`got/${part}`));
    server.requests.length = 0;
    expect((await project.run('get', 'large', '-o', 'got/', ...domain)).exitCode).toBe(0);
    expect(project.read('got/large.txt')).toBe(large);
    expect(readdirSync(project.path('got'))).toEqual(['large.txt']);
    const fetched = server.requests.filter(({ key = '' }) => key.startsWith('blobs/'));
    expect(fetched.map(({ headers }) => headers.range)).toEqual([`bytes=${size}-`]);
  });

  test.each([
    ['get', 'nothing/here'],
    ['show', 'nothing/here'],
  ])('%s of what is not there', async (command, name) => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    const before = await project.run(command, name, '--domain', `s3://${BUCKET}`);
    expect(before.exitCode).toBe(3);
    expect(before.stderr).toMatch(/there is no domain in the bucket/);
    await packaged(project);
    const { exitCode, stderr } = await project.run(command, name, '--domain', `s3://${BUCKET}`);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: .*nothing\/here/);
  });

  test('need no permission to write where they only read', async () => {
    server.createBucket(BUCKET, { versioning: 'Enabled' });
    const project = await shop();
    await project.run('publish', 'api.json', '--id', 'api', '--domain', `s3://${BUCKET}`);
    const Statement = { Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*' } as const;
    server.identities.set('test', { account: TEST_ACCOUNT, policies: [{ Statement }] });
    for (const [command, ...words] of [['list'], ['show', 'api'], ['get', 'api', '-o', '-']]) {
      const { exitCode, stderr } = await project.run(command ?? '', ...words, '--domain', `s3://${BUCKET}`);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    }
  });
});
