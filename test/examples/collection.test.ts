import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { awsEnvironment } from '../support/aws-environment.ts';
import { identityOf } from '../support/domain-on-server.ts';
import { BUCKET, domainPolicies, PLACE, principalsOf } from '../support/domain-principals.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import { KeeperProcess } from '../support/keeper-process.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Account } from './account.ts';
import { accountOnServer } from './account.ts';
import type { Ran } from './example.ts';
import { ExampleProject } from './example.ts';

/** What stacks use can't be deleted, and all else can: by the command line, the keeper's function, and the rights that the domain's template gives. */

const UPDATES = 10;
const RULES = `lifecycle:
  - id: little
    match: '**'
    keepNewest: 1
    expireUnusedDays: 0
`;

let account: Account;
let keeper: KeeperProcess;
let administrator: S3Client;

hideOwnEnvironment();

beforeEach(async () => {
  const opened = await accountOnServer();
  const { server } = opened;
  if (server === undefined) throw new Error('no server');
  const principals = principalsOf(domainPolicies((await buildDomainTemplate()).file));
  server.identities.set('administrator', identityOf(principals.administrator));
  const { credentials } = server.clientConfig('keeper', PLACE.region);
  keeper = await KeeperProcess.start({
    ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
    ...{ AWS_ENDPOINT_URL: await opened.engine.serve(), AWS_ENDPOINT_URL_S3: server.endpoint },
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  const asking = (who: string) => ({
    ...awsEnvironment(server, who, PLACE.region),
    AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint,
  });
  // Whoever deletes is an administrator: everything else that is said in these stories is open to anybody who reads.
  account = { ...opened, publisher: asking('publisher'), reader: asking('administrator') };
  administrator = new S3Client({ ...server.clientConfig('administrator', PLACE.region), maxAttempts: 1 });
});

afterEach(async () => {
  administrator.destroy();
  await keeper.stop();
  await account.close();
});

/** An artifact that something names: `ID:version`, and the digest. */
type Named = ReadonlyMap<string, string>;

/** What the resources of a stack, and of those nested in it, are bound to, as CloudFormation lists them. */
function usedBy(name: string): Named {
  const { engine } = account;
  const family = engine.stacks().filter(({ root, status }) => root.name === name && status !== 'DELETE_COMPLETE');
  const ids = family.flatMap((stack) => {
    const { StackResources } = engine.ask('DescribeStackResources', { StackName: stack.id }) as {
      readonly StackResources: readonly Readonly<
        Record<'ResourceType' | 'ResourceStatus' | 'PhysicalResourceId', string>
      >[];
    };
    return StackResources.flatMap(({ ResourceType, ResourceStatus, PhysicalResourceId }) =>
      ResourceType === 'Custom::ArtifactRef' && ResourceStatus !== 'DELETE_COMPLETE' ? [PhysicalResourceId] : [],
    );
  });
  return namedIn(ids.join('\n'));
}

function namedIn(text: string): Named {
  const arns = text.matchAll(/:artifacts:[^:]+:\d+:default\/(?<version>[^@\s]+:\d+)@sha256:(?<digest>[0-9a-f]{64})/g);
  return new Map([...arns].map(({ groups: { version = '', digest = '' } = {} }) => [version, digest] as const));
}

/** What is in the bucket is what stacks use and what is the newest of its kind, and nothing else. */
async function expectKept(kept: Named): Promise<void> {
  const digestOf = (key: string): string => /[0-9a-f]{64}/.exec(key)?.[0] ?? key;
  const blobs = new Set((await account.keys('blobs/')).map(digestOf));
  expect([...blobs].sort()).toEqual([...new Set(kept.values())].sort());
  const held = (await account.keys('references/')).flatMap((key) => {
    const of = /^references\/(?<digest>\w+)\/version\/default\/(?<id>.+)\/!\/(?<number>\d+)-/.exec(key)?.groups;
    return of === undefined ? [] : [of];
  });
  const versions = held.map(({ id = '', number = '', digest = '' }) => `${id}:${number} ${digest}`);
  expect(versions.sort()).toEqual([...kept].map((entry) => entry.join(' ')).sort());
}

/** Every function runs what is in the bucket. */
async function expectCodeOfAll(): Promise<void> {
  const { engine } = account;
  const digests = (await account.keys('blobs/')).map((key) => key.split('/')[2]);
  const names = Object.keys(engine.functions()).filter((name) => !name.startsWith('cfn-artifacts-'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    expect(digests).toContain(
      createHash('sha256')
        .update(await engine.code(name))
        .digest('hex'),
    );
  }
}

function ok({ exitCode, stdout, stderr }: Ran): string {
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

test('collected at once after each of ten updates, and after one that is rolled back, a stack lacks nothing, and nothing else is left', async () => {
  const { engine } = account;
  const name = 'nested-stacks';
  const project = await ExampleProject.of(name, account);
  writeFileSync(path.join(project.folder, 'rules.yaml'), RULES);
  ok(await project.run('gc', 'rules', 'set', 'rules.yaml', '--yes'));
  /** As it is before anything is collected. */
  let newest: Named = new Map();
  const packageAll = async (): Promise<string> => {
    const { template } = await project.package();
    newest = newestIn(ok(await project.run('list', '--json')));
    return template;
  };
  const collect = async (): Promise<void> => {
    ok(await project.run('gc', 'run', '--now', '--yes'));
    await expectKept(new Map([...newest, ...usedBy(name)]));
    await expectCodeOfAll();
  };

  for (let update = 0; update <= UPDATES; update++) {
    if (update > 0) project.append('worker/index.mjs', `// ${update}\n`);
    const template = await packageAll();
    // What is packaged and not deployed yet is the newest: it stays.
    if (update === 3) ok(await project.run('gc', 'run', '--now', '--yes'));
    const { status } = await engine.deploy(name, template);
    expect(status).toBe(update === 0 ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE');
    await engine.settle();
    await collect();
  }

  const before = usedBy(name);
  project.append('worker/index.mjs', '// never\n');
  const failing = await packageAll();
  const { status } = await engine.deploy(name, failing, {
    faults: [{ logicalId: 'Function', on: 'Update', does: { kind: 'fail', reason: 'Not today' } }],
  });
  expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
  await engine.settle();
  expect(usedBy(name)).toEqual(before);
  await collect();
  expect([...usedBy(name).keys()].toSorted()).not.toEqual([...newest.keys()].toSorted());

  expect((await engine.deleteStack(name)).status).toBe('DELETE_COMPLETE');
  await engine.settle();
  ok(await project.run('gc', 'run', '--now', '--yes'));
  await expectKept(newest);
}, 900_000);

/** Of each artifact the newest version. */
function newestIn(text: string): Named {
  const { artifacts } = JSON.parse(text) as {
    readonly artifacts: readonly { id: string; newestVersion: number; assets: readonly { digest: string }[] }[];
  };
  return new Map(
    artifacts.map(({ id, newestVersion, assets: [asset] }) => [`${id}:${newestVersion}`, asset?.digest ?? '']),
  );
}

test('what is deployed is deleted by nobody; what no longer is comes back while it is in quarantine', async () => {
  const { engine } = account;
  const name = 'step-functions';
  const project = await ExampleProject.of(name, account);
  const { template } = await project.package();
  await engine.deploy(name, template);
  const used = usedBy(name);
  expect(used.size).toBe(2);

  for (const version of used.keys()) {
    for (const how of [[], ['--now']]) {
      const refused = await project.run('delete', version, '--yes', ...how);
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toContain(`'default/${version}' is in use by stack '${name}'`);
    }
  }
  await expectKept(used);

  await engine.deleteStack(name);
  await engine.settle();
  for (const version of used.keys()) expect(ok(await project.run('delete', version, '--yes'))).toContain(version);
  expect((await account.keys('references/')).filter((key) => key.includes('/version/'))).toEqual([]);
  const gone = await engine.deploy(name, template);
  expect(gone.status).toMatch(/ROLLBACK/);
  await engine.deleteStack(name);
  await engine.settle();

  for (const version of used.keys()) ok(await project.run('undelete', version));
  await expectKept(used);
  expect((await engine.deploy(name, template)).status).toBe('CREATE_COMPLETE');
  await expectCodeOfAll();

  await engine.deleteStack(name);
  await engine.settle();
  for (const version of used.keys()) ok(await project.run('delete', version, '--yes', '--now'));
  await expectKept(new Map());
  const late = await project.run('undelete', [...used.keys()][0] ?? '');
  expect(late.exitCode).not.toBe(0);
  expect(late.stderr).toContain('Publish the same bytes again');
}, 600_000);

test('a person can delete nothing of a domain by hand', async () => {
  const project = await ExampleProject.of('step-functions', account);
  const { template } = await project.package();
  await account.engine.deploy('step-functions', template);
  const refused = async (request: Promise<unknown>): Promise<string> =>
    request.then(
      () => 'done',
      (error: unknown) => (error as Error).name,
    );
  const { Versions = [] } = await administrator.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
  expect(Versions.length).toBeGreaterThan(10);
  for (const { Key = '', VersionId, ETag } of Versions) {
    const object = { Bucket: BUCKET, Key };
    const ways = {
      hide: await refused(administrator.send(new DeleteObjectCommand(object))),
      'hide this': await refused(administrator.send(new DeleteObjectCommand({ ...object, IfMatch: ETag }))),
      erase: await refused(administrator.send(new DeleteObjectCommand({ ...object, VersionId }))),
    };
    const denied = { hide: 'AccessDenied', 'hide this': 'AccessDenied', erase: 'AccessDenied' };
    expect({ Key, ...ways }).toEqual({ Key, ...denied });
  }
  const many = Versions.flatMap(({ Key = '', VersionId }) => [{ Key }, { Key, VersionId }]);
  const { Deleted = [], Errors = [] } = await administrator.send(
    new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: many } }),
  );
  expect([Deleted, Errors.length, new Set(Errors.map(({ Code }) => Code))]).toEqual([
    ...[[], many.length, new Set(['AccessDenied'])],
  ]);
  const expiry = {
    Rules: [{ ID: 'all', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }],
  } as const;
  expect(
    await refused(
      administrator.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: BUCKET,
          LifecycleConfiguration: { Rules: [...expiry.Rules] },
        }),
      ),
    ),
  ).toBe('AccessDenied');
  expect(
    await refused(
      administrator.send(
        new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Suspended' } }),
      ),
    ),
  ).toBe('AccessDenied');
}, 600_000);
