import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readBookmark } from '../../repository/bookmark.ts';
import { bytesOf } from '../../repository/content.ts';
import type { ObjectStore } from '../../repository/index.ts';
import { settingsKey } from '../../repository/keys.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import type { Account } from '../examples/account.ts';
import { accountOnServer } from '../examples/account.ts';
import { BUCKET, PLACE } from '../support/domain-principals.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { KeeperProcess } from '../support/keeper-process.ts';
import { TestProject } from '../support/project.ts';
import type { Outcome } from '../support/stack-engine/engine.ts';

/**
 * Custom::ArtifactRepository and Custom::ArtifactBookmark through the life of a stack: both functions as they are built, with the rights of their roles and no
 * others, on S3 that evaluates them.
 */

hideOwnEnvironment();

const KEEPER = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper`;
const SHOP = { repository: 'default', id: 'shop/api' };

let account: Account;
let keeper: KeeperProcess;
let client: S3Client;
let store: ObjectStore;
let project: TestProject;
let stacks: string[];

beforeAll(async () => {
  account = await accountOnServer();
  const { server } = account;
  if (server === undefined) throw new Error('no server');
  const { credentials } = server.clientConfig('keeper', PLACE.region);
  keeper = await KeeperProcess.start({
    ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
    ...{ AWS_ENDPOINT_URL_S3: server.endpoint, AWS_ACCESS_KEY_ID: credentials.accessKeyId },
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  await account.engine.serveLambda();
  for (const alias of ['declaring', 'publishing']) {
    const run = async (event: unknown): Promise<unknown> => {
      const { payload } = await keeper.invoke(event, `${KEEPER}:${alias}`);
      return JSON.parse(payload) as unknown;
    };
    account.engine.bring(`${KEEPER}:${alias}`, { run });
  }
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('keeper', PLACE.region) });
  store = s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account });
  project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two', 'three.txt': 'three' });
  project.env = account.publisher;
  for (const file of ['one.txt', 'two.txt', 'three.txt'])
    expect(await project.run('publish', file, '--id', 'shop/api')).toMatchObject({ exitCode: 0 });
}, 120_000);

afterAll(async () => {
  client.destroy();
  await keeper.stop();
  await account.close();
});

beforeEach(() => {
  stacks = [];
});

afterEach(async () => {
  for (const name of stacks) expect((await account.engine.deleteStack(name)).status).toBe('DELETE_COMPLETE');
  const refused = account.server?.requests.filter(({ status }) => status === 403) ?? [];
  // Whoever publishes asks Lambda to have it told, which this server is not.
  const told = refused.map(({ operation, key }) => `${operation} ${key ?? ''}`);
  expect(told.filter((one) => !one.endsWith(':cfn-artifacts-keeper:publishing/invocations'))).toEqual([]);
});

const TOKEN = '{"Fn::ImportValue": "cfn-artifacts-ServiceToken"}';

interface Template {
  /** By logical ID: type and properties, as JSON. */
  readonly resources: Readonly<Record<string, readonly [type: string, properties: object]>>;
  readonly outputs?: Readonly<Record<string, object>>;
}

function text({ resources, outputs = {} }: Template): string {
  const all = Object.entries(resources).map(([id, [type, properties]], index, list) => {
    const before = list[index - 1]?.[0];
    const body = { Type: type, ...(before !== undefined && { DependsOn: before }) };
    return [
      id,
      { ...body, Properties: { ServiceToken: JSON.parse(TOKEN) as object, ServiceTimeout: 60, ...properties } },
    ];
  });
  const told = Object.entries(outputs).map(([name, Value]) => [name, { Value }]);
  return JSON.stringify({ Resources: Object.fromEntries(all) as object, Outputs: Object.fromEntries(told) as object });
}

async function deploy(name: string, template: Template): Promise<Outcome> {
  if (!stacks.includes(name)) stacks.push(name);
  return account.engine.deploy(name, text(template));
}

/** What its events say of resources. */
function reasonsOf({ events }: Pick<Outcome, 'events'>): string {
  return events.map(({ reason = '' }) => reason).join('\n');
}

const repository = (properties: object): readonly [string, object] => ['Custom::ArtifactRepository', properties];
const bookmark = (Name: string, Version: string | number | object): readonly [string, object] => [
  'Custom::ArtifactBookmark',
  { Artifact: 'default/shop/api', Name, Version },
];
/** What no deploy gets past. */
const BROKEN = ['Custom::ArtifactBookmark', { Artifact: 'default/shop/api', Name: 'broken', Version: 99 }] as const;

async function settingsOf(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const object = await store.read(settingsKey(name));
  return object && (JSON.parse(String(await bytesOf(object.body))) as Record<string, unknown>);
}

async function numberOf(name: string): Promise<number | undefined> {
  return (await readBookmark(store, SHOP, name))?.value.number;
}

describe('a bookmark that a stack declares', () => {
  test('is made, moved, and goes with it; whoever asks for its attributes gets a definite version', async () => {
    const outputs = Object.fromEntries(
      ['Version', 'Arn', 'From'].map((name) => [name, { 'Fn::GetAtt': ['Prod', name] }]),
    );
    const created = await deploy('shop', { resources: { Prod: bookmark('main', 1) }, outputs });
    expect([created.status, created.reason]).toEqual(['CREATE_COMPLETE', undefined]);
    expect(created.outputs).toEqual({
      Version: '1',
      Arn: expect.stringMatching(/^arn:aws:artifacts:us-east-1:111122223333:default\/shop\/api:1@sha256:[0-9a-f]{64}$/),
      From: 'default/shop/api^main',
    });
    expect(await numberOf('main')).toBe(1);
    const arn = String(created.outputs['Arn']);
    const moved = await deploy('shop', { resources: { Prod: bookmark('main', 2) }, outputs });
    expect([moved.status, moved.outputs['Version']]).toEqual(['UPDATE_COMPLETE', '2']);
    expect((await readBookmark(store, SHOP, 'main'))?.value).toMatchObject({
      number: 2,
      by: "stack 'shop' (Prod)",
      history: [{ number: 1 }],
    });
    // By what it is, as another stack would hand it on.
    const back = await deploy('shop', { resources: { Prod: bookmark('main', arn) }, outputs });
    expect([back.status, back.outputs['Arn']]).toEqual(['UPDATE_COMPLETE', arn]);
    expect((await account.engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
    expect(await numberOf('main')).toBeUndefined();
    stacks = [];
  });

  test('moves back where the deploy fails, and one that was new goes', async () => {
    await deploy('shop', { resources: { Prod: bookmark('prod', 1) } });
    const failed = await deploy('shop', {
      resources: { Prod: bookmark('prod', 3), Blue: bookmark('blue', 3), Last: BROKEN },
    });
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reasonsOf(failed)).toContain("'default/shop/api' has no version 99");
    expect([await numberOf('prod'), await numberOf('blue'), await numberOf('broken')]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    const again = await deploy('shop', { resources: { Prod: bookmark('prod', 2) } });
    expect(again.status).toBe('UPDATE_COMPLETE');
    expect(await numberOf('prod')).toBe(2);
  });

  test('another name is a replacement: the old one stays until the update is through', async () => {
    await deploy('shop', { resources: { Prod: bookmark('prod', 1) } });
    const failed = await deploy('shop', { resources: { Prod: bookmark('live', 2), Last: BROKEN } });
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([await numberOf('prod'), await numberOf('live')]).toEqual([1, undefined]);
    const replaced = await deploy('shop', { resources: { Prod: bookmark('live', 2) } });
    expect(replaced.status).toBe('UPDATE_COMPLETE');
    expect([await numberOf('prod'), await numberOf('live')]).toEqual([undefined, 2]);
  });

  test('is nobody else’s: neither what another stack made, nor the same name twice in one', async () => {
    await deploy('shop', { resources: { Prod: bookmark('prod', 1) } });
    const other = await deploy('other', { resources: { Mine: bookmark('prod', 2) } });
    expect(other.status).toBe('ROLLBACK_COMPLETE');
    expect(reasonsOf(other)).toContain("'default/shop/api^prod' was made by stack 'shop' (Prod)");
    const twice = await deploy('shop', { resources: { Prod: bookmark('prod', 1), Again: bookmark('prod', 2) } });
    expect(twice.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await numberOf('prod')).toBe(1);
  });

  test('says everything that is wrong at once', async () => {
    const wrong = await deploy('shop', {
      resources: {
        Prod: ['Custom::ArtifactBookmark', { Artifact: 'shop', Name: 'a/b', Version: 'latest', Versoin: 1 }],
      },
    });
    expect(wrong.status).toBe('ROLLBACK_COMPLETE');
    for (const problem of ["no property 'Versoin'", "'Name' is 'a/b'", "'Artifact' is 'shop'", "'Version' is 'latest'"])
      expect(reasonsOf(wrong)).toContain(problem);
  });
});

describe('a repository that a stack declares', () => {
  const TEAM = { Name: 'team', Description: 'of the team', AcceptsFrom: ['default'], RequiresEvidence: true };

  test('is made with its settings, changed, and goes with the stack', async () => {
    const outputs = { Name: { 'Fn::GetAtt': ['Team', 'Name'] }, Prefix: { 'Fn::GetAtt': ['Team', 'ArnPrefix'] } };
    const created = await deploy('team', { resources: { Team: repository(TEAM) }, outputs });
    expect([created.status, created.reason]).toEqual(['CREATE_COMPLETE', undefined]);
    expect(created.outputs).toEqual({
      Name: 'team',
      Prefix: `arn:aws:artifacts:${PLACE.region}:${PLACE.account}:team/`,
    });
    expect(await settingsOf('team')).toMatchObject({
      ...{ description: 'of the team', acceptsFrom: ['default'], requiresEvidence: true, lifecycle: [] },
      owner: { logicalId: 'Team' },
    });
    const refused = await project.run('publish', 'one.txt', '--id', 'tool', '--repository', 'team');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain("'team' takes only what is promoted from 'default'");
    const Lifecycle = [{ id: 'unused', match: '**', keepNewest: 3, expireUnusedDays: 30 }];
    const changed = await deploy('team', { resources: { Team: repository({ Name: 'team', Lifecycle }) }, outputs });
    expect(changed.status).toBe('UPDATE_COMPLETE');
    const { acceptsFrom, description, lifecycle } = (await settingsOf('team')) ?? {};
    expect([acceptsFrom, description, lifecycle]).toEqual([undefined, undefined, Lifecycle]);
    expect((await account.engine.deleteStack('team')).status).toBe('DELETE_COMPLETE');
    expect(await settingsOf('team')).toBeUndefined();
    stacks = [];
  });

  test('has its settings back where a deploy fails, and one that was new goes', async () => {
    await deploy('team', { resources: { Team: repository(TEAM) } });
    const failed = await deploy('team', {
      resources: { Team: repository({ Name: 'team' }), Tools: repository({ Name: 'tools' }), Last: BROKEN },
    });
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await settingsOf('team')).toMatchObject({ description: 'of the team', acceptsFrom: ['default'] });
    expect(await settingsOf('tools')).toBeUndefined();
  });

  test('another name is a replacement', async () => {
    await deploy('team', { resources: { Team: repository(TEAM) } });
    const failed = await deploy('team', { resources: { Team: repository({ Name: 'crew' }), Last: BROKEN } });
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([await settingsOf('team'), await settingsOf('crew')]).toEqual([expect.anything(), undefined]);
    const replaced = await deploy('team', { resources: { Team: repository({ Name: 'crew' }) } });
    expect(replaced.status).toBe('UPDATE_COMPLETE');
    expect([await settingsOf('team'), await settingsOf('crew')]).toEqual([undefined, expect.anything()]);
  });

  test('does not go as long as it has versions, and says so', async () => {
    await deploy('team', { resources: { Team: repository({ Name: 'team' }) } });
    const published = await project.run('publish', 'one.txt', '--id', 'tool', '--repository', 'team');
    expect(published).toMatchObject({ exitCode: 0 });
    const kept = await account.engine.deleteStack('team');
    expect(kept.status).toBe('DELETE_FAILED');
    expect(reasonsOf(kept)).toContain("the repository 'team' has versions, 'team/tool:1' among them");
    expect(reasonsOf(kept)).toContain('DeletionPolicy Retain');
    expect(await settingsOf('team')).not.toHaveProperty('deletingSince');
    const gone = { command: 'repository-delete', repository: 'team', dryRun: false };
    expect(JSON.parse((await keeper.invoke(gone, KEEPER)).payload)).toMatchObject({
      results: [
        { outcome: 'deleted', id: 'tool' },
        { repository: 'team', outcome: 'deleted' },
      ],
    });
  });

  test('is never the default one, and none that people or another stack made', async () => {
    const wrong = await deploy('wrong', { resources: { Team: repository({ Name: 'default' }) } });
    expect(reasonsOf(wrong)).toContain("the repository 'default' is always there");
    const made = await deploy('team', { resources: { Team: repository(TEAM) } });
    expect(made.status).toBe('CREATE_COMPLETE');
    const other = await deploy('other', { resources: { Team: repository({ Name: 'team' }) } });
    expect(other.status).toBe('ROLLBACK_COMPLETE');
    expect(reasonsOf(other)).toContain("the repository 'team' was made by stack 'team' (Team)");
    expect(await settingsOf('team')).toMatchObject({ description: 'of the team' });
  });
});

describe('the keeper', () => {
  test('takes under its name for declarations nothing else', async () => {
    const tend = await keeper.invoke({ command: 'tend' }, `${KEEPER}:declaring`);
    expect(JSON.parse(tend.payload)).toMatchObject({ error: { code: 'ACCESS_DENIED' } });
    const declare = {
      ...{
        command: 'declare',
        type: 'Create',
        resource: 'Custom::ArtifactRepository',
        properties: { Name: 'sneaked' },
      },
      ...{ stackId: `arn:aws:cloudformation:${PLACE.region}:${PLACE.account}:stack/shop/1`, logicalId: 'Team' },
      ...{ requestId: 'request', issued: '2026-01-01T00:00:00.000Z' },
    };
    const asPublisher = await keeper.invoke(declare, `${KEEPER}:publishing`);
    expect(JSON.parse(asPublisher.payload)).toMatchObject({ error: { code: 'ACCESS_DENIED' } });
    expect(await settingsOf('sneaked')).toBeUndefined();
  });
});
