import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { awsEnvironment } from '../support/aws-environment.ts';
import { at } from '../support/json-pointer.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Files, Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../support/s3-server.ts';
import { SLOW_DOWN } from '../support/s3-server-faults.ts';
import type { Policy } from '../support/iam/policy.ts';
import type { Bucket } from '../support/s3-server-state.ts';

knowEveryError();

const OTHER_ACCOUNT = '999988887777';
const BUCKET = 'deployments';
const MIB = 1024 * 1024;

const lambda = (code: string): string =>
  `{Type: AWS::Lambda::Function, Properties: {Code: ${code}, Handler: x.h, Runtime: nodejs22.x, Role: r}}`;

const SHOP: Files = {
  'template.yaml': `Resources:
  A: ${lambda('a')}
  B: ${lambda('b')}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}
  Serverless: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: api.json}}
`,
  'child.yaml': `Resources:\n  C: ${lambda('b')}\n`,
  'a/x.js': 'a',
  'b/x.js': 'b',
  'api.json': '{"openapi": "3.0.1"}',
};
/** What SHOP names, each once. */
const ARTIFACTS = 4;

/** No more than this: who has it sees 403 for what is not there. */
const GET_AND_PUT: Policy = {
  Statement: { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: `arn:aws:s3:::*/*` },
};

let server: S3Server;
let bucket: Bucket;

hideOwnEnvironment();

beforeEach(async () => {
  server = await startS3Server({
    identities: { test: { account: TEST_ACCOUNT }, other: { account: OTHER_ACCOUNT } },
  });
  bucket = server.createBucket(BUCKET);
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
  return project.run('package', '--s3-bucket', BUCKET, '--project-root', '.', ...flags);
}

function allow(policy: Policy): void {
  server.identities.set('test', { account: TEST_ACCOUNT, policies: [policy] });
}

async function bytesOf(key: string, of: Bucket = bucket): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of of.current(key)?.bytes.read() ?? []) pieces.push(piece);
  return Buffer.concat(pieces);
}

function keysOf(of: Bucket = bucket): string[] {
  return of.keys().filter((key) => of.current(key) !== undefined);
}

/** A file of zeros that ends in a text. */
function writeEnd(name: string, size: number, end: string): void {
  const file = openSync(name, 'a+');
  ftruncateSync(file, 0);
  ftruncateSync(file, size - end.length);
  writeSync(file, end);
  closeSync(file);
}

function countOf(operation: string): number {
  return server.counts()[operation] ?? 0;
}

describe('package --s3-bucket', () => {
  test('writes plain locations, and nothing but blobs', async () => {
    const { exitCode, data, text } = await packaged(await shop());
    expect(exitCode).toBe(0);
    expect(text).not.toContain('ArtifactRef');
    const key = (filename: string) => expect.stringMatching(new RegExp(`^blobs/sha256/[0-9a-f]{64}/${filename}$`));
    expect(at(data, '/Resources/A/Properties/Code')).toEqual({ S3Bucket: BUCKET, S3Key: key('archive.zip') });
    expect(at(data, '/Resources/Rest/Properties/BodyS3Location')).toEqual({ Bucket: BUCKET, Key: key('api.json') });
    expect(at(data, '/Resources/Serverless/Properties/DefinitionUri')).toMatch(
      new RegExp(`^s3://${BUCKET}/blobs/sha256/[0-9a-f]{64}/api\\.json$`),
    );
    expect(at(data, '/Resources/Nested/Properties/TemplateURL')).toMatch(
      new RegExp(`^${server.endpoint}/${BUCKET}/blobs/sha256/[0-9a-f]{64}/child\\.yaml$`),
    );
    const keys = keysOf();
    expect(keys).toHaveLength(ARTIFACTS);
    for (const one of keys) {
      const digest = createHash('sha256')
        .update(await bytesOf(one))
        .digest('hex');
      expect(one.split('/').slice(0, 3)).toEqual(['blobs', 'sha256', digest]);
    }
  });

  test('needs to get and to put, and nothing else', async () => {
    allow(GET_AND_PUT);
    const project = await shop();
    const first = await packaged(project);
    expect(first.exitCode).toBe(0);
    expect(keysOf()).toHaveLength(ARTIFACTS);
    expect(first.stderr.match(/^uploaded /gm)).toHaveLength(ARTIFACTS);

    server.requests.length = 0;
    const second = await packaged(project);
    expect(second).toEqual({ ...first, stderr: '' });
    // The bucket's Region stands in the refusal.
    expect(server.counts()).toEqual({ HeadBucket: 1, HeadObject: ARTIFACTS });
    expect(server.requests.find(({ operation }) => operation === 'HeadBucket')?.status).toBe(403);
  });

  test('needs no more for content that goes up in parts', async () => {
    allow(GET_AND_PUT);
    const project = await shop({
      'template.yaml': 'Resources:\n  Job: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: large.bin}}\n',
    });
    writeEnd(project.path('large.bin'), 66 * MIB, 'the end');
    expect((await packaged(project)).exitCode).toBe(0);
    expect(countOf('UploadPart')).toBe(9);
    const [key = ''] = keysOf();
    expect((await bytesOf(key)).subarray(-7).toString()).toBe('the end');
    server.requests.length = 0;
    expect((await packaged(project)).exitCode).toBe(0);
    expect(server.counts()).toEqual({ HeadBucket: 1, HeadObject: 1 });
    expect(bucket.uploads.size).toBe(0);
  });

  test.each(['the END', 'no end'])('finds that a large file changes under way: %s', async (end) => {
    const project = await shop({
      'template.yaml': 'Resources:\n  Job: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: large.bin}}\n',
    });
    const file = project.path('large.bin');
    writeEnd(file, 66 * MIB, 'the end');
    server.faults.add({
      ...{ operation: 'UploadPart', fault: SLOW_DOWN },
      when: () => {
        writeEnd(file, end === 'no end' ? 60 * MIB : 66 * MIB, end);
        return false;
      },
    });
    const { exitCode, stderr } = await packaged(project, '--output-template-file', 'out.yaml');
    expect(stderr).toMatch(/^error: template\.yaml:2:\d+: .*large\.bin' changed while it was read/);
    expect({ exitCode, out: project.exists('out.yaml') }).toEqual({ exitCode: 4, out: false });
    expect(bucket.keys()).toEqual([]);
    expect(bucket.uploads.size).toBe(0);
  });

  test('keeps no books, probes nothing, lists nothing and asks for no owner', async () => {
    const project = await shop();
    await packaged(project);
    await packaged(project);
    expect(Object.keys(server.counts()).sort()).toEqual(['HeadBucket', 'HeadObject', 'PutObject']);
    expect(server.requests.filter(({ headers }) => headers['x-amz-expected-bucket-owner'] !== undefined)).toEqual([]);
    expect(server.requests.filter(({ key }) => key !== undefined && !key.startsWith('blobs/'))).toEqual([]);
  });

  test('asks for the owner that --domain-owner names', async () => {
    const project = await shop();
    expect((await packaged(project, '--domain-owner', TEST_ACCOUNT)).exitCode).toBe(0);
    expect(new Set(server.requests.map(({ headers }) => headers['x-amz-expected-bucket-owner']))).toEqual(
      new Set([TEST_ACCOUNT]),
    );
    const { exitCode, stderr } = await packaged(project, '--domain-owner', OTHER_ACCOUNT);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^error: bucket 'deployments' does not belong to account 999988887777$/m);
  });

  test('says that it may be the wrong owner where nobody may ask whose the bucket is', async () => {
    allow(GET_AND_PUT);
    const { exitCode, stderr } = await packaged(await shop(), '--domain-owner', OTHER_ACCOUNT);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /^error: bucket 'deployments' does not belong to account 999988887777, as --domain-owner says, or a permission is missing: access .* s3:\w+ is needed/m,
    );
    expect(stderr).toContain(
      'Name the account that owns the bucket with --domain-owner. If it is 999988887777: Allow s3:',
    );
  });

  test('also where nobody but the owner may list', async () => {
    allow(GET_AND_PUT);
    const other = server.createBucket('elsewhere', { region: 'eu-west-1' });
    const flags = ['--s3-bucket', 'elsewhere', '--domain-owner', TEST_ACCOUNT, '--manifest', 'manifest.json'];
    const project = await shop();
    expect((await packaged(project, ...flags)).exitCode).toBe(0);
    expect(JSON.parse(project.read('manifest.json'))).toMatchObject({ bucket: 'elsewhere', region: 'eu-west-1' });
    expect(keysOf(other)).toHaveLength(ARTIFACTS);
  });

  test("works in another account's bucket that allows it", async () => {
    const tooling = server.createBucket('tooling', {
      owner: OTHER_ACCOUNT,
      region: 'eu-central-1',
      policy: {
        Statement: {
          ...{ Effect: 'Allow', Principal: { AWS: TEST_ACCOUNT }, Resource: 'arn:aws:s3:::tooling/*' },
          Action: ['s3:GetObject', 's3:PutObject'],
        },
      },
    });
    const project = await shop();
    const { exitCode, data } = await packaged(project, '--s3-bucket', 'tooling');
    expect(exitCode).toBe(0);
    expect(at(data, '/Resources/A/Properties/Code/S3Bucket')).toBe('tooling');
    expect(keysOf(tooling)).toHaveLength(ARTIFACTS);
    server.requests.length = 0;
    expect((await packaged(project, '--s3-bucket', 'tooling')).stderr).toBe('');
    expect(countOf('PutObject')).toBe(0);
  });

  test("says what is missing in another account's bucket that does not", async () => {
    server.createBucket('tooling', { owner: OTHER_ACCOUNT });
    const { exitCode, stderr } = await packaged(await shop(), '--s3-bucket', 'tooling');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^error: access to 'tooling\/blobs\/.*' is denied, s3:PutObject is needed/);
    expect(stderr.match(/^error/gm)).toHaveLength(1);
  });

  test('puts --s3-prefix before every key, and into the deploy line', async () => {
    const project = await shop();
    const { data } = await packaged(project, '--s3-prefix', 'team/shop');
    expect(at(data, '/Resources/A/Properties/Code/S3Key')).toMatch(/^team\/shop\/blobs\/sha256\//);
    expect(at(data, '/Resources/Nested/Properties/TemplateURL')).toContain(`/${BUCKET}/team/shop/blobs/sha256/`);
    expect(keysOf().filter((key) => !key.startsWith('team/shop/blobs/'))).toEqual([]);
  });

  test.each(['a/', '/a', 'a//b', '.', 'a/../b', 'a b+c', 'blobs'])(
    'puts --s3-prefix before every key as the AWS CLI does, whatever it is: %s',
    async (prefix) => {
      const project = await shop();
      const { exitCode, data, stderr } = await packaged(project, '--s3-prefix', prefix);
      expect({ exitCode, stderr: stderr.replaceAll(/^uploaded .*\n/gm, '') }).toEqual({ exitCode: 0, stderr: '' });
      const key = String(at(data, '/Resources/A/Properties/Code/S3Key'));
      expect(key.startsWith(`${prefix}/blobs/sha256/`)).toBe(true);
      expect(keysOf()).toHaveLength(ARTIFACTS);
      expect(keysOf().filter((one) => !one.startsWith(`${prefix}/blobs/sha256/`))).toEqual([]);
      expect(keysOf()).toContain(key);
      const again = await packaged(project, '--s3-prefix', prefix);
      expect(again.stderr).toBe('');
    },
  );

  test.each(['..', '../a', 'a/../..', 'x'.repeat(1023)])(
    'refuses a --s3-prefix that no key can begin with: %s',
    async (prefix) => {
      const { exitCode, stderr } = await packaged(await shop(), '--s3-prefix', prefix);
      expect({ exitCode, keys: keysOf() }).toEqual({ exitCode: 2, keys: [] });
      expect(stderr).toContain(`error: '--s3-prefix': '${prefix}' lea`);
      expect(stderr).toContain('  Choose another prefix.');
      expect(Object.keys(server.counts())).toEqual([]);
    },
  );

  test('sends the KMS key and the metadata with every upload', async () => {
    const flags = ['--kms-key-id', 'alias/shop', '--metadata', 'team=shop,stage=prod'];
    await packaged(await shop(), ...flags);
    const puts = server.requests.filter(({ operation }) => operation === 'PutObject');
    expect(puts).toHaveLength(ARTIFACTS);
    for (const { headers } of puts) {
      expect(headers).toMatchObject({
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'alias/shop',
        'x-amz-meta-team': 'shop',
        'x-amz-meta-stage': 'prod',
      });
    }
    expect(keysOf().map((key) => bucket.current(key)?.metadata)).toEqual(
      Array.from({ length: ARTIFACTS }, () => ({ team: 'shop', stage: 'prod' })),
    );
  });

  test('leaves the encryption to the bucket where no key is named', async () => {
    bucket.encryption = { algorithm: 'aws:kms', kmsKeyId: "the-bucket's" };
    await packaged(await shop());
    expect(server.requests.filter(({ headers }) => headers['x-amz-server-side-encryption'] !== undefined)).toEqual([]);
    expect(new Set(keysOf().map((key) => bucket.current(key)?.encryption.kmsKeyId))).toEqual(new Set(["the-bucket's"]));
  });

  test('works where the key may be used to write, and not to read', async () => {
    const Statement = [GET_AND_PUT.Statement, { Effect: 'Allow', Action: 'kms:GenerateDataKey', Resource: '*' }].flat();
    allow({ Statement } as Policy);
    const project = await shop();
    expect((await packaged(project, '--kms-key-id', 'alias/shop')).exitCode).toBe(0);
    server.requests.length = 0;
    expect(await packaged(project, '--kms-key-id', 'alias/shop')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(countOf('PutObject')).toBe(0);
  });

  test('says which key may not be used', async () => {
    allow(GET_AND_PUT);
    const { exitCode, stderr } = await packaged(await shop(), '--kms-key-id', 'alias/shop');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/kms:GenerateDataKey is needed.*\n {2}Allow kms:GenerateDataKey on the KMS key /);
  });

  test('uploads again what is there with --force-upload', async () => {
    const project = await shop();
    const first = await packaged(project);
    server.requests.length = 0;
    const forced = await packaged(project, '--force-upload', '--metadata', 'again=yes');
    // Each is told when it is there.
    const lines = (stderr: string): readonly string[] => stderr.split('\n').sort();
    expect({ ...forced, stderr: lines(forced.stderr) }).toEqual({ ...first, stderr: lines(first.stderr) });
    expect(countOf('PutObject')).toBe(ARTIFACTS);
    expect(keysOf()).toHaveLength(ARTIFACTS);
    expect(keysOf().map((key) => bucket.current(key)?.metadata['again'])).toEqual(['yes', 'yes', 'yes', 'yes']);
  });

  test('needs to put, and nothing else, with --force-upload', async () => {
    allow({ Statement: { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::*/*' } });
    const project = await shop({
      ...SHOP,
      'template.yaml': `${SHOP['template.yaml'] ?? ''}  Large: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: large.bin}}\n`,
    });
    writeEnd(project.path('large.bin'), 66 * MIB, 'the end');
    for (const round of ['first', 'second']) {
      server.requests.length = 0;
      const forced = await packaged(project, '--force-upload', '--metadata', `round=${round}`);
      expect(forced.exitCode).toBe(0);
      expect(forced.stderr.match(/^uploaded /gm)).toHaveLength(ARTIFACTS + 1);
      expect(keysOf().map((key) => bucket.current(key)?.metadata['round'])).toEqual(
        Array.from({ length: ARTIFACTS + 1 }, () => round),
      );
      expect(server.counts()).toEqual({
        ...{ HeadBucket: 1, PutObject: ARTIFACTS, CreateMultipartUpload: 1, UploadPart: 9, CompleteMultipartUpload: 1 },
      });
    }
    expect(bucket.uploads.size).toBe(0);
  });

  test('heals an object that is cut short', async () => {
    const project = await shop();
    await packaged(project);
    const key = keysOf().find((one) => one.endsWith('api.json')) ?? '';
    const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client(server.clientConfig());
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: '{' }));
    client.destroy();
    expect((await packaged(project)).stderr.match(/^uploaded /gm)).toHaveLength(1);
    expect((await bytesOf(key)).toString()).toBe(SHOP['api.json']);
  });

  test('converts with --use-json', async () => {
    const project = await shop();
    const yaml = await packaged(project);
    const json = await packaged(project, '--use-json');
    expect(json.stdout.startsWith('{\n    "Resources"')).toBe(true);
    expect(JSON.parse(json.stdout)).toEqual(yaml.data);
  });

  test('says in a dry run what it would upload, and puts nothing', async () => {
    const { exitCode, stdout } = await packaged(await shop(), '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout.match(/would upload/g)).toHaveLength(6);
    // It looks, and nothing else: the second look at the bucket is because an absent object says nothing of it.
    expect(server.counts()).toEqual({ HeadBucket: 2, HeadObject: 3 });
    expect(keysOf()).toEqual([]);
    const project = await shop();
    await packaged(project);
    const before = keysOf();
    project.write({ 'api.json': '{"openapi": "3.1.0"}' });
    const { stdout: again } = await packaged(project, '--dry-run');
    expect(again).toMatch(/ child\.yaml +reused +s3:\/\/\S+\/child\.yaml$/m);
    expect(again).toMatch(/ api\.json +would upload/);
    expect(keysOf()).toEqual(before);
  });

  test('names the version of what is read in place, and refuses a bucket that keeps none', async () => {
    const files = {
      'a/x.js': '1',
      'template.yaml':
        'Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: {S3Key: ./a, S3ObjectStorageMode: REFERENCE}\n',
    };
    const refused = await packaged(await shop(files));
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toMatch(/template\.yaml:5:21: Code of 'A' .* keeps no versions\n .*S3ObjectStorageMode/);
    bucket.versioning = 'Enabled';
    const { text, exitCode } = await packaged(await shop(files), '--force-upload');
    expect(exitCode).toBe(0);
    expect(text).toMatch(/S3ObjectVersion: ['"]?[\w.-]{5,}/);
  });

  test('takes an empty prefix for none', async () => {
    const { text } = await packaged(await shop(), '--s3-prefix', '');
    expect(text).toBe((await packaged(await shop())).text);
  });

  test('of a template with nothing local asks for nothing, not even credentials', async () => {
    const project = await shop({ 'template.yaml': 'Resources:\n  T: {Type: AWS::SNS::Topic}\n' });
    project.env = {};
    const { exitCode, text } = await packaged(project, '--s3-bucket', 'no-such-bucket');
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: project.read('template.yaml') });
  });

  test('names an artifact of a domain in vain', async () => {
    const arn = `arn:aws:artifacts:us-east-1:${TEST_ACCOUNT}:default/lib:1`;
    const { exitCode, stderr } = await packaged(await shop({ 'template.yaml': `Resources:\n  A: ${lambda(arn)}\n` }));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/template\.yaml:2:\d+: .*names an artifact of a domain, and there is no domain/);
  });

  test.each([
    ['no bucket', ['--s3-bucket', 'no-such-bucket'], 3, /no bucket 'no-such-bucket'/],
    ['no Region', ['--s3-bucket', BUCKET], 2, /no AWS Region is set/],
    ['two places', ['--domain', 'file:../domain'], 2, /--s3-bucket.*--domain|--domain.*--s3-bucket/],
    ['references', ['--references', 'stack'], 2, /'--references' can't be 'stack' with '--s3-bucket'/],
    ['a URI', ['--s3-bucket', `s3://${BUCKET}`], 2, /must be a bucket's name/],
  ])('writes no output where something is wrong: %s', async (title, flags, exitCode, says) => {
    const project = await shop();
    if (title === 'no Region') project.env = { ...project.env, AWS_REGION: undefined };
    const outcome = await packaged(project, ...flags, '--output-template-file', 'out.yaml');
    expect(outcome.stderr).toMatch(says);
    expect({ exitCode: outcome.exitCode, out: project.exists('out.yaml') }).toEqual({ exitCode, out: false });
    expect(keysOf()).toEqual([]);
  });

  test('writes no output where uploads fail for good', async () => {
    const project = await shop();
    server.faults.add({ operation: 'PutObject', key: /child\.yaml$/, fault: SLOW_DOWN, times: Infinity });
    const { exitCode, stderr } = await packaged(project, '--output-template-file', 'out.yaml');
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^error: S3 did not answer PutObject/m);
    expect(project.exists('out.yaml')).toBe(false);
    server.faults.clear();
    server.requests.length = 0;
    expect((await packaged(project)).exitCode).toBe(0);
    // What was done is not done twice.
    expect(countOf('PutObject')).toBe(1);
  });
});

describe('the text after success', () => {
  test("is the AWS CLI's, with a line that deploys", async () => {
    const project = await shop();
    const { stdout } = await packaged(project, '--output-template-file', 'out.yaml');
    expect(stdout).toBe(
      '\nSuccessfully packaged artifacts and wrote output template to file out.yaml.\n' +
        'Execute the following command to deploy the packaged template\n' +
        `aws cloudformation deploy --template-file ${project.path('out.yaml')} --stack-name <YOUR STACK NAME> --capabilities CAPABILITY_AUTO_EXPAND\n`,
    );
    expect(project.exists('out.yaml')).toBe(true);
  });

  test('repeats the Region and the profile of the command line, and nothing of samconfig or the environment', async () => {
    const project = await shop();
    const { accessKeyId, secretAccessKey } = server.clientConfig().credentials;
    project.write({
      '../credentials': `[team]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
      '../config': '[profile team]\nregion = us-east-1\n',
    });
    project.env = {
      ...project.env,
      AWS_SHARED_CREDENTIALS_FILE: project.path('../credentials'),
      AWS_CONFIG_FILE: project.path('../config'),
    };
    const out = ['--output-template-file', 'out.yaml'];
    const typed = await packaged(project, ...out, '--region', 'us-east-1', '--profile', 'team');
    expect(typed.exitCode).toBe(0);
    expect(typed.stdout).toContain(' --stack-name <YOUR STACK NAME> --region us-east-1 --profile team --capabilities');
    project.write({
      'samconfig.toml': 'version = 0.1\n[default.global.parameters]\nregion = "us-east-1"\nprofile = "team"\n',
    });
    expect((await packaged(project, ...out)).stdout).toMatch(/ --stack-name <YOUR STACK NAME> --capabilities/);
    const one = await packaged(project, ...out, '--profile', 'team');
    expect(one.stdout).toContain(' --stack-name <YOUR STACK NAME> --profile team --capabilities');
  });

  test.each([
    [51_200, ''],
    [51_201, ` --s3-bucket ${BUCKET} --s3-prefix team`],
  ])('of %s bytes ends with "%s"', async (size, end) => {
    const files = { 'a/x.js': 'a' };
    const project = await shop({ ...files, 'template.yaml': `Resources:\n  A: ${lambda('a')}\n` });
    const flags = ['--s3-prefix', 'team', '--output-template-file', 'out.yaml'];
    await packaged(project, ...flags);
    const missing = size - Buffer.byteLength(project.read('out.yaml'));
    project.write({
      'template.yaml': `${project.read('template.yaml')}#${'é'.repeat((missing - 2) / 2)}${missing % 2 === 0 ? '' : 'x'}\n`,
    });
    const { stdout } = await packaged(project, ...flags);
    expect(Buffer.byteLength(project.read('out.yaml'))).toBe(size);
    expect(stdout.trimEnd().endsWith(`--stack-name <YOUR STACK NAME>${end}`)).toBe(true);
  });
});
