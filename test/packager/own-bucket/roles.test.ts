import { createHash } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { policiesOfPeople } from '../../../packager/own-bucket/statements.ts';
import type { Account } from '../../examples/account.ts';
import { accountOnServer } from '../../examples/account.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { identityOf } from '../../support/domain-on-server.ts';
import { BUCKET, domainPolicies, PLACE, principalsOf } from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import type { Policy } from '../../support/iam/policy.ts';
import { KeeperProcess } from '../../support/keeper-process.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import type { S3Server } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';
import { shown, soundBucket, stored } from './ground.ts';

/**
 * A repository in a bucket of the team's own, with the domain's functions as they are built, and the rights that the domain's templates give, which say nothing of that bucket: what the
 * functions may do there, the bucket's policy says, and what people may do there, the statements that are printed for them.
 */

hideOwnEnvironment();

const TEAM = 'team-content';
const wanted = { domain: { ...PLACE, partition: 'aws', bucket: BUCKET }, bucket: TEAM, hasFunctions: true };
const { publishing, deploying } = policiesOfPeople(wanted);

let account: Account;
let server: S3Server;
let keeper: KeeperProcess;
let team: Bucket;
let project: TestProject;
/** Who runs the next command. */
let who: string;

beforeEach(async () => {
  account = await accountOnServer();
  if (account.server === undefined) throw new Error('no server');
  server = account.server;
  const principals = principalsOf(domainPolicies((await buildDomainTemplate()).file));
  const more = (name: keyof typeof principals, statements: readonly unknown[]): void => {
    const { policies, ...identity } = identityOf(principals[name]);
    const added = { Version: '2012-10-17', Statement: statements } as Policy;
    server.identities.set(name, { ...identity, policies: [...(policies ?? []), added] });
  };
  server.identities.set('administrator', identityOf(principals.administrator));
  more('publisher', publishing);
  more('deployer', deploying);
  team = await soundBucket(server, TEAM, 'administrator', PLACE.region);
  const { credentials } = server.clientConfig('keeper', PLACE.region);
  keeper = await KeeperProcess.start({
    ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
    ...{ AWS_ENDPOINT_URL: await account.engine.serve(), AWS_ENDPOINT_URL_S3: server.endpoint },
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  project = await TestProject.of({ 'template.yaml': templateOf('api'), 'api/x.js': 'one', 'one.txt': 'one' });
  await make();
}, 60_000);

afterEach(async () => {
  await keeper.stop();
  await account.close();
});

function templateOf(...functions: readonly string[]): string {
  const one = (name: string): string =>
    `  ${name}: {Type: AWS::Lambda::Function, Properties: {FunctionName: ${name}, Code: ${name}, Handler: x.h, Runtime: nodejs22.x, Role: r}}`;
  return `Resources:\n${functions.map(one).join('\n')}\n`;
}

function as(name: string, ...words: string[]): Promise<Outcome> {
  who = name;
  project.env = { ...awsEnvironment(server, who, PLACE.region), AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint };
  return project.run(...words);
}

async function ok(name: string, ...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await as(name, ...words);
  expect({ words, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ words, exitCode: 0, stderr: '' });
  return stdout;
}

const make = (): Promise<string> =>
  ok('administrator', 'repository', 'create', 'team', '--bucket', TEAM, '--apply-policy');
const packaged = (repository: string): Promise<string> =>
  ok('publisher', 'package', '--project-root', '.', '--repository', repository, '--artifact-prefix', 'shop');
const contentOf = (bucket: Bucket): string[] => shown(bucket, 'blobs/');
const referencesOf = async (): Promise<string[]> =>
  (await account.keys('references/')).filter((key) => key.includes('/stack/'));

test('publish, deploy, refer, release, delete and collect, by whoever may, and nobody else', async () => {
  const { engine } = account;
  const template = await packaged('team');
  const [key = ''] = contentOf(team);
  expect(contentOf(team)).toHaveLength(1);

  const shop = await engine.deploy('shop', template);
  expect([shop.status, shop.reason]).toEqual(['CREATE_COMPLETE', undefined]);
  const digest = createHash('sha256')
    .update(await engine.code('api'))
    .digest('hex');
  expect(key).toContain(digest);
  const [reference] = await referencesOf();
  expect(reference).toContain(digest);

  // Who may do everything may not delete what is in use, whatever he asks.
  const inUse = await as('administrator', 'delete', 'team/shop/api:1', '--yes');
  expect(inUse).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('shop') });
  const client = new S3Client({ ...server.clientConfig('administrator', PLACE.region), maxAttempts: 1 });
  const [version] = team.versions(key);
  for (const VersionId of [undefined, version?.versionId])
    await expect(client.send(new DeleteObjectCommand({ Bucket: TEAM, Key: key, VersionId }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  await expect(client.send(new PutObjectCommand({ Bucket: TEAM, Key: key, Body: 'other' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  client.destroy();

  expect((await engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
  expect(await referencesOf()).toEqual([]);
  await ok('administrator', 'delete', 'team/shop/api:1', '--yes');
  expect(contentOf(team)).toEqual([key]);
  await ok('administrator', 'gc', 'run', '--now', '--yes');
  expect(stored(team, 'blobs/')).toEqual([]);
  expect(await ok('administrator', 'verify')).not.toContain('lost');
});

test('an update that is rolled back goes on with what it was bound to, in either bucket', async () => {
  const { engine } = account;
  await engine.deploy('shop', await packaged('team'));
  const code = await engine.code('api');
  project.write({ 'api/x.js': 'two' });
  const worse = (await packaged('default')).replace(
    /^Resources:$/m,
    'Resources:\n  Bad: {Type: Custom::Nothing, Properties: {ServiceToken: nowhere}}',
  );
  const rolledBack = await engine.deploy('shop', worse);
  expect(rolledBack.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await engine.code('api')).toEqual(code);
  await ok('administrator', 'gc', 'run', '--now', '--yes');
  expect(contentOf(team)).toHaveLength(1);
  expect((await referencesOf()).join()).toContain(contentOf(team)[0]?.split('/')[2]);
});

test('without the policy the functions say what is missing, and nothing is lost', async () => {
  const { engine } = account;
  const template = await packaged('team');
  const { policy } = team;
  team.policy = undefined;
  const refused = await engine.deploy('shop', template);
  expect(refused.status).toBe('ROLLBACK_COMPLETE');
  expect(JSON.stringify(refused.events)).toMatch(/access to 'team-content[^"]* is denied/);
  team.policy = policy;
  await engine.deleteStack('shop');
  expect((await engine.deploy('shop', template)).status).toBe('CREATE_COMPLETE');
});

test('promoted into it, the bytes are in both, and each is collected by itself', async () => {
  project.write({ 'template.yaml': templateOf('api') });
  await ok('publisher', 'publish', 'one.txt', '--id', 'tool');
  await ok('publisher', 'promote', 'tool:1', '--to', 'team');
  expect(contentOf(team)).toHaveLength(1);
  expect(await account.keys('blobs/')).toEqual(contentOf(team));
  await ok('administrator', 'delete', 'team/tool:1', '--yes');
  await ok('administrator', 'delete', 'tool:1', '--yes');
  await ok('administrator', 'gc', 'run', '--now', '--yes');
  expect(stored(team, 'blobs/')).toEqual([]);
  expect(await account.keys('blobs/')).toEqual([]);
});

test('a reference that names several has all of them in one bucket', async () => {
  const { engine } = account;
  project.write({ 'template.yaml': templateOf('api', 'job'), 'job/x.js': 'job' });
  const template = await ok(
    'publisher',
    ...['package', '--project-root', '.', '--repository', 'team', '--references', 'grouped'],
  );
  const shop = await engine.deploy('shop', template);
  expect([shop.status, shop.reason]).toEqual(['CREATE_COMPLETE', undefined]);
  expect(contentOf(team)).toHaveLength(2);
  expect((await referencesOf()).length).toBe(2);
});

test('what a template names from several buckets has references for each', async () => {
  const { engine } = account;
  const arn = (await ok('publisher', 'publish', 'one.txt', '--id', 'settings')).trim();
  const api = '{Type: AWS::Lambda::Function, Properties: {Code: api, Handler: x.h, Runtime: nodejs22.x, Role: r}}';
  const rest = `{Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: "${arn}"}}`;
  project.write({ 'template.yaml': `Resources:\n  Api: ${api}\n  Rest: ${rest}\n` });
  for (const references of ['grouped', 'stack']) {
    const packed = await ok(
      'publisher',
      ...['package', '--project-root', '.', '--repository', 'team', '--references', references],
    );
    expect(packed.match(/Type: Custom::ArtifactRef/g)).toHaveLength(2);
    const shop = await engine.deploy(`shop-${references}`, packed);
    expect([shop.status, shop.reason]).toEqual(['CREATE_COMPLETE', undefined]);
  }
  // Both in one, by hand, is no reference that could answer.
  const both = [arn, (await ok('publisher', 'publish', 'one.txt', '--id', 'own', '--repository', 'team')).trim()];
  const token = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-reference`;
  const properties = { ServiceToken: token, ArtifactArns: both.map((one) => ({ Arn: one })) };
  const template = { Resources: { Refs: { Type: 'Custom::ArtifactRef', Properties: properties } } };
  const refused = await engine.deploy('both', JSON.stringify(template));
  expect(JSON.stringify(refused.events)).toContain(`stands in different buckets: ${BUCKET}, ${TEAM}`);
});
