import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import { bind } from '../../../repository/bind.ts';
import type { Deletion } from '../../../repository/deletion.ts';
import {
  contentOf,
  establishDomain,
  findDomain,
  formatArn,
  ownKeeper,
  resolve,
  sha256,
} from '../../../repository/index.ts';
import type { Domain, ObjectStore } from '../../../repository/index.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { deletionKey, versionReferenceKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { BUCKET, BUCKET_ARN, domainPolicies, PLACE, principalsOf } from '../../support/domain-principals.ts';
import type { PrincipalName } from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import { parseBucketPolicy } from '../../support/iam/policy.ts';
import { KeeperProcess } from '../../support/keeper-process.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';

/** Commands that ask a domain's keeper: its function as built, with the rights of its role; or the command itself, in a directory. */

knowEveryError();

const FUNCTION = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper`;

const json = ({ stdout }: Outcome): unknown => JSON.parse(stdout);

describe('in the account’s own domain', () => {
  let server: S3Server;
  let clients: S3Client[];
  let keeper: KeeperProcess;
  /** What it was asked until all was there. */
  let published: KeeperProcess['invocations'];
  let domain: Domain;
  let project: TestProject;

  hideOwnEnvironment();

  beforeEach(async () => {
    server = await startS3Server();
    const bucket = server.createBucket(BUCKET, { versioning: 'Enabled', owner: PLACE.account, region: PLACE.region });
    clients = [];
    const store = storeOf('test');
    const place = { partition: 'aws', ...PLACE, bucket: BUCKET };
    domain = await establishDomain({ store, keeper: ownKeeper(store), chance: CHANCE }, place);
    const policies = domainPolicies((await buildDomainTemplate()).file);
    const text = JSON.stringify(policies.bucket);
    bucket.policy = { text, policy: parseBucketPolicy(text, BUCKET_ARN) };
    for (const [name, { caller, policies: rights, context }] of Object.entries(principalsOf(policies))) {
      const { account = PLACE.account, ...who } = caller;
      const said = Object.fromEntries(Object.entries(context ?? {}).map(([key, value]) => [key, String(value)]));
      server.identities.set(name, { ...who, account, policies: rights, context: said });
    }
    const { credentials } = server.clientConfig('keeper', PLACE.region);
    keeper = await KeeperProcess.start({
      ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
      // Nobody says there what is deployed.
      ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: server.endpoint },
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two' });
    for (const file of ['one.txt', 'two.txt']) await as('publisher', 'publish', file, '--id', 'shop/api');
    published = keeper.invocations.splice(0);
  });

  afterEach(async () => {
    await keeper.stop();
    for (const client of clients) client.destroy();
    await server.close();
  });

  function storeOf(who: string): ObjectStore {
    const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(who, PLACE.region) });
    clients.push(client);
    return s3Store({ client, bucket: BUCKET });
  }

  function as(who: PrincipalName, ...argv: string[]): Promise<Outcome> {
    project.env = { ...awsEnvironment(server, who, PLACE.region), AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint };
    return project.run(...argv);
  }

  test('references by hand are recorded and removed by its function', async () => {
    expect(await as('administrator', 'reference', 'add', 'shop/api:1', '--consumer', 'team/job')).toMatchObject({
      exitCode: 0,
      stdout: "'team/job' uses default/shop/api:1\n",
      stderr: '',
    });
    const again = await as('administrator', 'reference', 'add', 'shop/api:1', '--consumer', 'team/job', '--json');
    const { arn } = await resolve(domain, 'default/shop/api:1');
    expect(json(again)).toEqual({ arn: formatArn(arn), consumer: 'team/job', outcome: 'exists', warnings: [] });
    expect((await as('administrator', 'references', 'shop/api')).stdout).toMatch(/^ +1 +team\/job /m);
    const nobody = await as('administrator', 'reference', 'remove', 'shop/api', '--consumer', 'job');
    expect(nobody).toMatchObject({ exitCode: 2, stdout: '' });
    expect(nobody.stderr).toBe(
      "error: 'job' is not recorded as a consumer of 'default/shop/api'\n  Recorded by hand are 'team/job'.\n",
    );
    expect(await as('administrator', 'reference', 'remove', 'shop/api', '--consumer', 'team/job')).toMatchObject({
      exitCode: 0,
      stdout: "'team/job' no longer uses default/shop/api:1\n",
    });
    expect((await as('administrator', 'references', 'shop/api')).stderr).toContain("nobody uses 'default/shop/api'");
    expect(new Set(keeper.invocations.map(({ name }) => name))).toEqual(new Set([FUNCTION]));
  });

  test('whoever publishes has the keeper cancel a deletion, by the name that is for that', async () => {
    const { key, digest } = await resolve(domain, 'default/shop/api:1');
    const head = await domain.store.head(key);
    if (head === undefined) throw new Error('no blob');
    const incarnations = [{ key, incarnation: head.incarnation }];
    const deletion: Deletion = { state: 'condemned', nonce: 'n', incarnations, since: '' };
    await storeOf('keeper').create(deletionKey(digest), recordContent(deletion));
    expect((await as('publisher', 'publish', 'one.txt', '--id', 'shop/other')).exitCode).toBe(0);
    const [cancel, announce] = keeper.invocations;
    expect(keeper.invocations).toHaveLength(2);
    expect(cancel).toEqual({ name: `${FUNCTION}:publishing`, command: { command: 'cancel', digest } });
    expect(announce).toMatchObject({ isEvent: true, command: { command: 'announce' } });
    expect((await readDeletion(domain.store, digest))?.value.state).toBe('cancelled');
  });

  test('is asked to tell what was published, by that name, and nobody waits for it', async () => {
    const arns = await Promise.all(
      [1, 2].map(async (number) => formatArn((await resolve(domain, `default/shop/api:${number}`)).arn)),
    );
    expect(published).toEqual(
      arns.map((arn) => ({
        ...{ name: `${FUNCTION}:publishing`, isEvent: true },
        command: { command: 'announce', arns: [arn] },
      })),
    );
    // What was there has been told.
    expect((await as('publisher', 'publish', 'one.txt', '--id', 'shop/api')).exitCode).toBe(0);
    expect(keeper.invocations).toEqual([]);
  });

  test('may be missing where something is published, or not be asked', async () => {
    for (const refuse of [
      [404, 'ResourceNotFoundException'],
      [403, 'AccessDeniedException'],
    ] as const) {
      keeper.refuse = () => refuse;
      const file = `${refuse[1]}.txt`;
      await writeFile(path.join(project.folder, file), file);
      expect(await as('publisher', 'publish', file, '--id', 'shop/api')).toMatchObject({ exitCode: 0, stderr: '' });
    }
  });

  test('is asked once to tell of all versions of a template', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) await writeFile(path.join(project.folder, `${name}.txt`), name);
    const layer = (name: string): string =>
      `  ${name.toUpperCase()}: {Type: AWS::Lambda::LayerVersion, Properties: {Content: ${name}.txt}}\n`;
    await writeFile(path.join(project.folder, 'template.yaml'), `Resources:\n${names.map(layer).join('')}`);
    const packaged = await as('publisher', 'package', '--artifact-prefix', 'shop', '--manifest', 'manifest.json');
    expect(packaged).toMatchObject({ exitCode: 0 });
    expect(keeper.invocations).toHaveLength(1);
    const { command, isEvent } = keeper.invocations[0]!;
    const { artifacts } = JSON.parse(await readFile(path.join(project.folder, 'manifest.json'), 'utf8')) as {
      readonly artifacts: readonly { readonly arn: string }[];
    };
    const told = command as { readonly command: string; readonly arns: readonly string[] };
    expect({ ...told, arns: told.arns.toSorted() }).toEqual({
      command: 'announce',
      arns: artifacts.map(({ arn }) => arn).toSorted(),
    });
    expect(isEvent).toBe(true);
    await as('publisher', 'package', '--artifact-prefix', 'shop');
    expect(keeper.invocations).toHaveLength(1);
  });

  test('whoever publishes promotes: the keeper keeps what was promoted, and tells of it', async () => {
    expect(await as('administrator', 'repository', 'create', 'staging')).toMatchObject({ exitCode: 0 });
    keeper.invocations.length = 0;
    const promoted = await as('publisher', 'promote', 'shop/api:1', '--to', 'staging', '--json');
    expect(promoted).toMatchObject({ exitCode: 0 });
    const { promotion: id, items } = json(promoted) as {
      readonly promotion: string;
      readonly items: readonly { readonly assets: readonly { readonly arn: string }[] }[];
    };
    expect(keeper.invocations.toSorted((a, b) => Number(a.isEvent ?? false) - Number(b.isEvent ?? false))).toEqual([
      {
        name: `${FUNCTION}:publishing`,
        command: { command: 'hold-promotion', repository: 'staging', promotion: id },
      },
      {
        ...{ name: `${FUNCTION}:publishing`, isEvent: true },
        command: { command: 'announce', arns: items.flatMap(({ assets }) => assets.map(({ arn }) => arn)) },
      },
    ]);
    const refused = await as('administrator', 'delete', 'shop/api:1', '--yes');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('in use by promotion to staging/shop/api:1');
    expect((await as('administrator', 'delete', 'staging/shop/api:1', '--yes')).exitCode).toBe(0);
    expect((await as('administrator', 'delete', 'shop/api:1', '--yes')).exitCode).toBe(0);
  });

  test('a promotion stands where the keeper can’t be asked, and says that nothing is kept for it', async () => {
    await as('administrator', 'repository', 'create', 'staging');
    keeper.refuse = () => [403, 'AccessDeniedException'];
    const promote = ['promote', 'shop/api:1', '--to', 'staging'];
    const promoted = await as('publisher', ...promote);
    expect(promoted).toMatchObject({ exitCode: 0 });
    expect(promoted.stdout).toContain(':staging/shop/api:1@sha256:');
    expect(promoted.stderr).toMatch(
      /^warning: what was promoted is not kept for what it became: the keeper may not be asked/,
    );
    keeper.refuse = undefined;
    const again = await as('publisher', ...promote);
    expect(again.stderr).not.toContain('warning');
    expect((await as('administrator', 'references', 'shop/api:1')).stdout).toContain('promotion to staging/shop/api:1');
  });

  test('an audit is the keeper’s, and what it can’t find out is told', async () => {
    await bindApi({ ...domain, store: storeOf('keeper') });
    const { exitCode, stdout, stderr } = await as('administrator', 'audit', '--fix');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^FINDING +STACK +LOGICAL ID +ARTIFACT +HEALED +WHY$/m);
    expect(stdout).toMatch(/^unknown +shop .* no +\S/m);
    expect(stderr).toMatch(/^\d findings?, 0 healed, \d left to see to\n$/m);
    expect(keeper.invocations.at(-1)).toEqual({ name: FUNCTION, command: { command: 'audit', fix: true } });
  });

  test('in pieces is one to who asks, and says how far it has come', async () => {
    await as('administrator', 'reference', 'add', 'shop/api:1', '--consumer', 'job');
    await as('administrator', 'reference', 'add', 'shop/api:2', '--consumer', 'job');
    keeper.invocations.length = 0;
    keeper.time = 0;
    const removed = await as('administrator', 'reference', 'remove', 'shop/api', '--consumer', 'job', '--json');
    expect(json(removed)).toEqual({
      removed: [2, 1].map((version) => ({ repository: 'default', id: 'shop/api', version, consumer: 'job' })),
      warnings: [],
    });
    expect(keeper.invocations.map(({ command }) => (command as { after?: string }).after)).toEqual([
      undefined,
      '2',
      '1',
    ]);
    await bindApi({ ...domain, store: storeOf('keeper') });
    expect((await as('administrator', 'audit')).stderr).toMatch(/^looked at 1 place so far\n/);
  });

  test('without a keeper, without the right to ask, and with one that fails: what to do', async () => {
    const add = (): Promise<Outcome> => as('administrator', 'reference', 'add', 'shop/api:1', '--consumer', 'job');
    keeper.refuse = () => [404, 'ResourceNotFoundException'];
    expect(await add()).toMatchObject({
      exitCode: 3,
      stderr: `error: the domain has no keeper: there is no function '${FUNCTION}'\n  Run: cfn-artifacts bootstrap\n`,
    });
    keeper.refuse = () => [403, 'AccessDeniedException'];
    const denied = await add();
    expect(denied.exitCode).toBe(3);
    expect(denied.stderr).toContain(`\n  Allow lambda:InvokeFunction on '${FUNCTION}'.\n`);
    keeper.refuse = undefined;
    // The keeper's own right to the bucket is gone: it says so, in its words.
    server.identities.set('keeper', { account: PLACE.account, policies: [{ Statement: [] }] });
    const failed = await add();
    expect(failed.exitCode).toBe(3);
    expect(failed.stderr).toMatch(/^error: .*denied/);
    expect(failed.stderr).not.toContain(' at ');
  });
});

async function bindApi(domain: Domain): Promise<void> {
  const { arn, key, filename, size, digest } = await resolve(domain, 'default/shop/api:1');
  const uuid = '6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';
  const resource = { account: domain.account, region: domain.region, stack: 'shop', uuid, logicalId: 'Api' };
  const stackId = `arn:aws:cloudformation:${domain.region}:${domain.account}:stack/shop/${uuid}`;
  const operation = { resource, stackId, requestId: 'R1', issued: '2026-01-01T00:00:00.000Z', replaces: false };
  await bind(domain, { ...operation, pinned: false }, [{ arn: formatArn(arn), key, filename, size, digest }]);
}

describe('in a directory', () => {
  let project: TestProject;

  const run = (...argv: string[]): Promise<Outcome> => project.run(...argv, '--domain', 'file:../domain');

  beforeEach(async () => {
    project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two' });
    for (const file of ['one.txt', 'two.txt']) await run('publish', file, '--id', 'shop/api');
  });

  test('the command is the keeper', async () => {
    await run('reference', 'add', 'shop/api:1', '--consumer', 'job');
    expect((await run('reference', 'add', 'shop/api', '--consumer', 'job', '--quiet')).stdout).toBe('');
    expect(json(await run('references', 'shop/api', '--json'))).toMatchObject({
      uses: [2, 1].map((version) => ({ version, consumer: 'job' })),
    });
    const removed = await run('reference', 'remove', 'default/shop/api', '--consumer', 'job');
    expect(removed.stdout).toBe("'job' no longer uses default/shop/api:2\n'job' no longer uses default/shop/api:1\n");
    const again = await run('reference', 'remove', 'shop/api:1', '--consumer', 'job', '--json');
    expect(again.exitCode).toBe(2);
    expect(json(again)).toMatchObject({
      error: { code: 'ARTIFACT_NOT_FOUND', message: "'job' is not recorded as a consumer of 'default/shop/api:1'" },
    });
  });

  test('nobody can be asked what is deployed: what is recorded is unknown, and stays', async () => {
    expect(await run('audit')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'nothing was found\n',
    });
    const store = directoryStore(project.path('../domain'));
    const domain = await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE });
    if (domain === undefined) throw new Error('no domain');
    await bindApi(domain);
    const all = await run('audit', '--fix', '--json');
    expect(all.exitCode).toBe(5);
    expect(json(all)).toMatchObject({
      findings: [{ kind: 'unknown', healed: false }],
      looked: 1,
      healed: 0,
      left: 1,
      warnings: [],
    });
    expect(json(await run('audit', '--stack', 'shop', '--json'))).toMatchObject({ looked: 1, left: 1 });
    expect((await run('references', '--stack', 'shop')).stdout).toContain('default/shop/api:1');
    // Nothing that --fix could heal.
    expect((await run('audit', '--stack', 'shop')).stderr).toBe('1 finding, 1 left to see to\n');
    for await (const { key } of store.list('consumers/')) {
      const head = await store.head(key);
      if (head !== undefined) await store.replace(key, contentOf('damaged'), head.revision);
    }
    expect((await run('audit', '--stack', 'shop')).stderr).toBe('1 finding, 1 left to see to\n');
    const reference = versionReferenceKey(sha256('x'), { repository: 'default', id: 'shop/api' }, 3, 'n');
    await store.create(reference, recordContent({}));
    const long = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
    const folder = path.dirname(project.path(`../domain/${reference}`));
    for (const name of await readdir(folder)) await utimes(path.join(folder, name), long, long);
    expect((await run('audit')).stderr).toBe(
      "2 findings, 2 left to see to; 'cfn-artifacts audit --fix' heals what can be healed\n",
    );
    expect((await run('audit', '--fix')).stderr).toBe('2 findings, 1 healed, 1 left to see to\n');
    expect((await run('audit', '--stack', 'web')).stderr).toContain("no stack 'web' is known");
  });

  test.each([
    [['reference', 'add', 'shop/api:7', '--consumer', 'job'], /has no version 7/],
    [['reference', 'add', 'shop/web', '--consumer', 'job'], /there is no artifact 'shop\/web'/],
    [['reference', 'add', 'shop/api', '--consumer', '../job'], /is no name of a consumer/],
    [['reference', 'add', 'shop/api'], /'--consumer <name>' is missing/],
    [
      ['reference', 'remove', 'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:1', '--consumer', 'j'],
      /is of account 111122223333/,
    ],
    [['audit', '--stack', '_'], /must be a stack's name or its ARN/],
  ])('%j is refused, and nothing is recorded', async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect((await run('references', 'shop/api')).stderr).toContain('nobody uses');
  });
});
