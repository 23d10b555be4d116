import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventBus } from '../../handler/event-bus.ts';
import { handle } from '../../handler/keeper/handle.ts';
import { CHANCE } from '../../packager/chance.ts';
import type { Operation } from '../../repository/bind.ts';
import { bind } from '../../repository/bind.ts';
import type { Deletion } from '../../repository/deletion.ts';
import { readDeletion } from '../../repository/deletion.ts';
import type { Evidence } from '../../repository/evidence/evidence.ts';
import { awsEvidence } from '../../repository/evidence/aws.ts';
import { contentOf, formatArn, ownKeeper, parseStackId, publishAssets, resolve } from '../../repository/index.ts';
import type { Domain, KeeperCommand, ObjectStore, VerifyFinding } from '../../repository/index.ts';
import {
  deletionKey,
  progressKey,
  promotionKey,
  statusKey,
  versionKey,
  versionReferenceKey,
} from '../../repository/keys.ts';
import type { ObjectKey } from '../../repository/object-store.ts';
import { recordContent } from '../../repository/record.ts';
import { createRepository } from '../../repository/repositories.ts';
import { readStatusRecord } from '../../repository/status.ts';
import { release } from '../../repository/release.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { sha256 } from '../../repository/digest.ts';
import type { Account } from '../examples/account.ts';
import { accountOnServer } from '../examples/account.ts';
import {
  judgedBy,
  requestToCloudFormation,
  requestToEventBridge,
  requestToLambda,
  requestToS3,
} from '../support/aws-requests.ts';
import type { DomainPolicies } from '../support/domain-principals.ts';
import { BUCKET, BUCKET_ARN, domainPolicies, everything, PLACE, principalsOf } from '../support/domain-principals.ts';
import { publishable } from '../support/domain.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import { EventBusServer } from '../support/event-bus.ts';
import { mutantsOf } from '../support/iam/mutants.ts';
import type { Policy } from '../support/iam/policy.ts';
import type { AwsRequest, Guard, Principal } from '../support/iam/request.ts';
import { isAllowed } from '../support/iam/request.ts';
import { roleOf } from '../support/iam/template.ts';
import { TestProject } from '../support/project.ts';
import type { S3Server } from '../support/s3-server.ts';

/**
 * The roles of the domain's functions at work: what the functions ask of S3, CloudFormation and Lambda is written down, and held against every part of the
 * roles' policies. A part that no request needs has to be named below, with what it is for.
 */

/** Nothing is too young to be judged then. */
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** As `domain.test.ts` and `elsewhere.test.ts` prove them: what they are about does not come up here. */
const ELSEWHERE =
  /^(OwnBucketAlone|NoStrangersBucket|Log|Decrypt|Encrypt|Encryption|ReadElsewhere|TellElsewhere): |^Announce: StringEquals |^Hold: |Action s3:PutObjectLegalHold$/;
/**
 * What the keeper has for what does not come up here: to bring content here that is at home in another domain, to forget what trees of files became, to free labels that were
 * claimed by who died, to let go of a copy that is made, to mark content with whom it is shared, and to follow AWS RAM.
 */
const TO_COME: readonly string[] = [
  `Record: Resource ${BUCKET_ARN}/blobs/*`,
  `Remove: Resource ${BUCKET_ARN}/sources/*`,
  `Remove: Resource ${BUCKET_ARN}/labels/*`,
  `Remove: Resource ${BUCKET_ARN}/progress/*`,
  ...['AbortMultipartUpload', 'GetObjectTagging', 'PutObjectTagging'].map((action) => `Content: Action s3:${action}`),
  ...['the whole', 'Action ram:GetResourceShares', 'Action ram:GetResourceShareAssociations'].map(
    (part) => `AskRam: ${part}`,
  ),
  ...[
    'the whole',
    'Action s3:GetBucketPolicy',
    'Action s3:PutBucketPolicy',
    'Action s3:GetEncryptionConfiguration',
  ].map((part) => `FollowRam: ${part}`),
  ...['the whole', 'Action lambda:GetPolicy', 'Action lambda:AddPermission', 'Action lambda:RemovePermission'].map(
    (part) => `FollowRamByAlias: ${part}`,
  ),
  ...['the whole', 'Action kms:GetKeyPolicy', 'Action kms:PutKeyPolicy'].map((part) => `FollowRamByKey: ${part}`),
];

/** One function is packaged, one runs from the bucket; a layer is looked at by whoever asks what runs. */
const SHOP = {
  'template.yaml': `Resources:
  Api: {Type: AWS::Lambda::Function, Properties: {Code: api, Handler: x.h, Runtime: nodejs22.x, Role: r}}
  Tool:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3Key: tool, S3ObjectStorageMode: REFERENCE}, Handler: x.h, Runtime: nodejs22.x, Role: r}
  Library: {Type: AWS::Lambda::LayerVersion, Properties: {Content: library}}
`,
  'api/x.js': 'api',
  'tool/x.js': 'tool',
  'library/x.js': 'library',
  'one.txt': 'one',
  'two.txt': 'two',
  'old.txt': 'old',
  'damaged.txt': 'not damaged',
};

/** A stack that declares a repository. */
const DECLARING = `Resources:
  Team:
    Type: Custom::ArtifactRepository
    Properties: {ServiceToken: !ImportValue cfn-artifacts-ServiceToken, Name: team}
`;

let account: Account;
let server: S3Server;
let policies: DomainPolicies;
let principals: ReturnType<typeof principalsOf>;
let evidence: Evidence;
let project: TestProject;
let stackId: string;
const clients: { destroy(): void }[] = [];
interface Asked {
  readonly request: AwsRequest;
  readonly allowed: boolean;
}

/** Where the keeper announces; the reference function does at the engine's. */
const bus = new EventBusServer();
const own = process.env;
/** What the functions asked of other services than S3. */
const asked: Asked[] = [];
const askedByReference: Asked[] = [];
/** What the log says of events that the keeper could not announce. */
const lost: string[] = [];

beforeAll(async () => {
  account = await accountOnServer();
  server = account.server!;
  policies = domainPolicies((await buildDomainTemplate()).file);
  principals = principalsOf(policies);
  // What the tests put there themselves: who may do all that the bucket's policy lets the keeper do.
  const { arn = '' } = principals.keeper.caller;
  server.identities.set('preparation', { account: PLACE.account, arn, policies: [everything] });
  evidence = await evidenceForKeeper();
  process.env = {
    ...own,
    ...{ AWS_ENDPOINT_URL_EVENTBRIDGE: await bus.listen(), AWS_REGION: PLACE.region },
    ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  };
  project = await TestProject.of(SHOP);
  project.env = account.publisher;
  stackId = await deploy('shop');
  for (const file of ['one.txt', 'two.txt', 'old.txt', 'damaged.txt']) {
    const published = await project.run('publish', file, '--id', `shop/${file}`);
    expect(published).toMatchObject({ exitCode: 0 });
  }
}, 120_000);

afterAll(async () => {
  process.env = own;
  for (const client of clients) client.destroy();
  await account.close();
  await bus.close();
});

async function deploy(name: string): Promise<string> {
  return deployed(name, await pack(name));
}

async function pack(name: string): Promise<string> {
  const { exitCode, text, stderr } = await project.run('package', '--project-root', '.', '--artifact-prefix', name);
  expect([exitCode, stderr]).toEqual([0, expect.anything()]);
  return text;
}

async function deployed(name: string, template: string): Promise<string> {
  const { status, reason, stackId: id } = await account.engine.deploy(name, template);
  expect([status, reason]).toEqual([expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/), undefined]);
  return id;
}

async function evidenceForKeeper(): Promise<Evidence> {
  const told = (request: AwsRequest, allowed: boolean): void => void asked.push({ request, allowed });
  const keeper = (): Principal => principals.keeper;
  const { engine } = account;
  bus.refuse = judgedBy(keeper, requestToEventBridge, told);
  // Functions find the endpoint that was opened first.
  const reference = (): Principal => principals['reference function'];
  await engine.serveLambda(
    judgedBy(reference, requestToLambda, (request, allowed) => void askedByReference.push({ request, allowed })),
  );
  engine.bus.refuse = judgedBy(reference, requestToEventBridge, (request, allowed) => {
    askedByReference.push({ request, allowed });
  });
  for (const name of ['publishing', 'declaring']) {
    engine.bring(`arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper:${name}`, {
      run: async (event) => keep(event),
    });
  }
  const offline = { region: PLACE.region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 };
  const cloudFormation = new CloudFormationClient({
    ...offline,
    endpoint: await engine.serve(judgedBy(keeper, requestToCloudFormation, told)),
  });
  const lambda = new LambdaClient({
    ...offline,
    endpoint: await engine.serveLambda(judgedBy(keeper, requestToLambda, told)),
  });
  clients.push(cloudFormation, lambda);
  return awsEvidence({ cloudFormation, lambda, serviceTokenExport: 'cfn-artifacts-ServiceToken', ...PLACE });
}

function storeOf(who: 'keeper' | 'preparation'): ObjectStore {
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(who, PLACE.region) });
  clients.push(client);
  return s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account, requiresVersions: true });
}

function domainOf(who: 'keeper' | 'preparation'): Domain {
  const store = storeOf(who);
  return { partition: 'aws', ...PLACE, bucket: BUCKET, store, keeper: ownKeeper(store), chance: CHANCE };
}

/** The keeper's function, a year later. */
async function keep(
  command: KeeperCommand,
): Promise<{ readonly results?: readonly object[]; readonly error?: object }> {
  const store = storeOf('keeper');
  const now = (): Date => new Date(Date.now() + YEAR_MS);
  const { chance } = domainOf('keeper');
  return handle(
    command,
    { requestId: 'r', qualifier: '', remaining: () => 900_000 },
    {
      connect: () => ({
        ...{ store, keeper: ownKeeper(store), chance: { ...chance, now }, evidence },
        place: { partition: 'aws', ...PLACE, bucket: BUCKET },
      }),
      ...{ log: () => undefined, now },
      announce: eventBus({ bus: 'default', log: (line) => lost.push(line), now }),
    },
  );
}

/** @param name with its version */
async function versionOf(name: string) {
  return resolve(domainOf('preparation'), `default/${name}`);
}

async function beginDeletion(name: string, state: Deletion['state']) {
  const { key, digest } = await versionOf(name);
  const store = storeOf('preparation');
  const incarnations = [{ key, incarnation: (await store.head(key))!.incarnation }];
  const deletion: Deletion = { state, nonce: 'n', incarnations, since: '' };
  expect(await store.create(deletionKey(digest), recordContent(deletion))).toBe('created');
  return { store, key, digest };
}

async function keysOf(pattern: RegExp): Promise<ObjectKey[]> {
  return (await account.keys('')).filter((key) => pattern.test(key)) as ObjectKey[];
}

/** As damage would. */
async function lose(...keys: readonly ObjectKey[]): Promise<void> {
  const store = storeOf('preparation');
  for (const key of keys) {
    expect(await store.removeRevision(key, (await store.head(key))!.revision)).toBe('removed');
  }
}

/** A binding of the stack that is deployed, of a resource that it no longer has. */
async function bindOfOld(logicalId: string, requestId: string): Promise<Operation> {
  const { arn, key, filename, digest } = await versionOf('shop/old.txt:1');
  const resource = { ...parseStackId(stackId)!, logicalId };
  const issued = new Date(Date.now() - 60_000).toISOString();
  const operation = { resource, stackId, requestId, issued, replaces: false, pinned: true };
  await bind(domainOf('preparation'), operation, [{ arn: formatArn(arn), key, filename, digest }]);
  return operation;
}

const arnOf = async (name: string): Promise<string> => formatArn((await versionOf(name)).arn);

/** Each command of the keeper, in as many ways as ask for something else. */
const SCENES: Readonly<Record<string, () => Promise<void>>> = {
  cancel: async () => {
    const { store, digest } = await beginDeletion('shop/one.txt:1', 'condemned');
    expect(await keep({ command: 'cancel', digest })).toEqual({ results: [] });
    expect((await readDeletion(store, digest))?.value.state).toBe('cancelled');
  },
  finish: async () => {
    const { store, key, digest } = await beginDeletion('shop/two.txt:1', 'deleting');
    expect(await keep({ command: 'finish', digest })).toEqual({ results: [] });
    expect([await store.head(key), await readDeletion(store, digest)]).toEqual([undefined, undefined]);
  },
  renew: async () => {
    const name = { repository: 'default', id: 'shop/one.txt' };
    const arn = await arnOf('shop/one.txt:1');
    const status = statusKey(name, 1);
    const unused = { status: 'Published', unusedSince: '2026-01-01T00:00:00.000Z' };
    await storeOf('preparation').create(status, recordContent(unused));
    expect(await keep({ command: 'renew', arn })).toEqual({ results: [] });
    expect((await readStatusRecord(domainOf('preparation'), name, 1))?.value.unusedSince).toBeUndefined();
    await lose(status);
  },
  'reference-add and reference-remove': async () => {
    const arn = await arnOf('shop/one.txt:1');
    const add = (): ReturnType<typeof keep> => keep({ command: 'reference-add', arn, consumer: 'team/job' });
    expect(await add()).toMatchObject({ results: [{ outcome: 'added' }] });
    expect(await add()).toMatchObject({ results: [{ outcome: 'exists' }] });
    const removed = await keep({ command: 'reference-remove', arn, consumer: 'team/job' });
    expect(removed).toMatchObject({ results: [{ consumer: 'team/job', version: 1 }] });
  },
  'reference-add that is refused, and takes back what it wrote': async () => {
    const arn = await arnOf('shop/old.txt:1');
    const status = statusKey({ repository: 'default', id: 'shop/old.txt' }, 1);
    await storeOf('preparation').create(status, recordContent({ format: 1, status: 'Archived' }));
    const refused = await keep({ command: 'reference-add', arn, consumer: 'late' });
    expect(refused).toMatchObject({ error: { code: 'ARTIFACT_ARCHIVED' } });
    expect(await keysOf(/\/named\/late\//)).toEqual([]);
    await lose(status);
  },
  'declare, and declare that it goes': async () => {
    const event = { command: 'declare', stackId, logicalId: 'Declared', issued: '2026-01-01T00:00:00.000Z' } as const;
    const resources = [
      ['Custom::ArtifactRepository', { Name: 'declared' }, 'repository:declared'],
      [
        'Custom::ArtifactBookmark',
        { Artifact: 'default/shop/one.txt', Name: 'prod', Version: '1' },
        'bookmark:default/shop/one.txt^prod',
      ],
    ] as const;
    for (const [resource, properties, physicalId] of resources) {
      const create = { ...event, type: 'Create', resource, properties, requestId: 'create' } as const;
      expect(await keep(create)).toMatchObject({ results: [{ physicalId }] });
      const remove = { ...create, type: 'Delete', physicalId, requestId: 'delete' } as const;
      expect(await keep(remove)).toEqual({ results: [{ physicalId }] });
    }
    expect(await keysOf(/^repositories\/declared/)).toEqual([]);
    // What it has noted twice is one note.
    const again = {
      ...event,
      type: 'Delete',
      resource: resources[0][0],
      properties: {},
      physicalId: resources[0][2],
    } as const;
    expect(await keep({ ...again, requestId: 'another' })).toMatchObject({ results: [{}] });
  },
  'repository-delete': async () => {
    await createRepository(domainOf('preparation'), 'gone', { lifecycle: [] });
    const publish = ['publish', 'one.txt', '--id', 'one', '--repository', 'gone'];
    expect(await project.run(...publish)).toMatchObject({ exitCode: 0 });
    const deleted = await keep({ command: 'repository-delete', repository: 'gone', dryRun: false });
    expect(deleted).toMatchObject({ results: [{ outcome: 'deleted' }, { outcome: 'deleted', repository: 'gone' }] });
  },
  'audit that heals what is stale, missing, retained and abandoned': async () => {
    await bindOfOld('Gone', 'stale');
    const retained = await bindOfOld('Tool0', 'retained');
    const end = { requestId: 'end', issued: new Date().toISOString(), generation: 'retained' };
    await release(storeOf('preparation'), { resource: retained.resource, ...end });
    const never = { repository: 'default', id: 'shop/never' };
    const abandoned = versionReferenceKey(sha256('never'), never, 1, 'nonce');
    await storeOf('preparation').create(abandoned, recordContent({}));
    const [entry] = await keysOf(/^consumers\/.*\/shop\/.*Api/);
    const [other] = await keysOf(/^references\/.*\/stack\/.*\/shop\/.*Tool/);
    const both = await keysOf(/^(consumers|references)\/.*\/shop\/.*Library/);
    expect([entry, other, both.length]).toEqual([expect.anything(), expect.anything(), 2]);
    await lose(entry!, other!, ...both);

    const { results = [] } = await keep({ command: 'audit', fix: true });
    const told = results as readonly { kind: string; healed: boolean }[];
    expect(told.filter(({ healed }) => !healed)).toEqual([]);
    const kinds = ['abandoned', 'missing', 'missing', 'missing', 'retained', 'stale'];
    expect(told.map(({ kind }) => kind).sort()).toEqual(kinds);
    expect(await keysOf(/Gone|\/retained\/retained$|references.*never/)).toEqual([]);
    expect(await storeOf('preparation').head(versionKey(never, 1))).toBeDefined();
  },
  'verify that erases what is damaged': async () => {
    const { key } = await versionOf('shop/damaged.txt:1');
    await lose(key);
    await storeOf('preparation').create(key, contentOf('mad'));
    const { results = [] } = await keep({ command: 'verify', fix: true, deep: true, repository: 'default' });
    const told = results as readonly VerifyFinding[];
    expect(told.find((finding) => finding.key === key)).toMatchObject({
      kind: 'damaged',
      failure: 'it is erased, and the right content is not in the store',
    });
    // Nothing of it is left but what somebody hid.
    expect(await storeOf('preparation').head(key)).toBeUndefined();
    expect(told.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    const again = await project.run('publish', 'damaged.txt', '--id', 'shop/damaged.txt');
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await versionOf('shop/damaged.txt')).toMatchObject({ key, arn: { version: 1 } });
  },
  'delete of what was to be promoted with others': async () => {
    const name = { repository: 'default', id: 'shop/half' };
    const half = { name: 'half', publishable: publishable('half', 'file', 'half') };
    const promotion = { id: 'ab'.repeat(16), items: 2, from: 'arn:aws:artifacts:us-east-1:111122223333:dev/half:1' };
    await publishAssets(domainOf('preparation'), name, { assets: [half], promotion });
    const arn = formatArn({ partition: 'aws', ...PLACE, ...name, version: 1 });
    expect(await keep({ command: 'delete', arn, dryRun: false, now: false })).toMatchObject({
      results: [{ outcome: 'deleted' }],
    });
    expect(await keysOf(/^promotions\//)).toEqual([promotionKey('default', promotion.id)]);
  },
  tend: async () => {
    expect(await keep({ command: 'tend' })).toMatchObject({ results: [{ task: 'audit' }] });
    expect(await keysOf(/^progress\//)).toEqual([progressKey('audit')]);
  },
};

const played = new Map<string, Promise<void>>();

/** Once, whoever needs it. */
function play(name: string): Promise<void> {
  const scene = played.get(name) ?? SCENES[name]!();
  played.set(name, scene);
  return scene;
}

function requestsOf(who: string): readonly AwsRequest[] {
  return server.requests.filter(({ accessKeyId }) => accessKeyId === who).map(requestToS3);
}

function refusedTo(who: string): readonly string[] {
  return server.requests
    .filter(({ accessKeyId, status }) => accessKeyId === who && status === 403)
    .map(({ operation, key = '' }) => `${operation} ${key}`);
}

/** Parts of the policy without which every one of these requests would be allowed as well. */
function superfluous(policy: Policy, who: Principal, requests: readonly AwsRequest[]): readonly string[] {
  const guard: Guard = { account: PLACE.account, policy: policies.bucket };
  const works = (one: Policy): boolean =>
    requests.every((request) => isAllowed({ ...who, policies: [one] }, request, guard));
  expect(works(policy)).toBe(true);
  return mutantsOf(policy)
    .filter(({ without, policy: mutant }) => !/its limits$/.test(without) && !ELSEWHERE.test(without) && works(mutant))
    .map(({ without }) => without);
}

describe('the keeper’s role', () => {
  test.each(Object.keys(SCENES))('suffices for %s', async (name) => {
    await play(name);
    expect(refusedTo('keeper')).toEqual([]);
    expect(asked.filter(({ allowed }) => !allowed)).toEqual([]);
    expect(lost).toEqual([]);
  });

  test('has nothing that it does not need, or will need', async () => {
    for (const name of Object.keys(SCENES)) await play(name);
    const requests = [...requestsOf('keeper'), ...asked.map(({ request }) => request)];
    const [policy] = roleOf(policies.domain, 'KeeperRole', PLACE).policies;
    expect(superfluous(policy!, principals.keeper, requests)).toEqual(TO_COME);
  });
});

describe('the reference function’s role', () => {
  test('has nothing that it does not need', async () => {
    await deploy('other');
    project.write({ 'api/x.js': 'changed' });
    const packaged = await pack('other');
    const { store, digest } = await beginDeletion('other/api:2', 'condemned');
    await deployed('other', packaged);
    expect((await readDeletion(store, digest))?.value.state).toBe('cancelled');
    await account.engine.deleteStack('other');
    await deployed('team', DECLARING);
    await account.engine.deleteStack('team');
    expect(refusedTo('reference')).toEqual([]);
    expect(askedByReference.filter(({ allowed }) => !allowed)).toEqual([]);
    const invoked = askedByReference.flatMap(({ request }) =>
      request.needs.flatMap(({ action, resource }) => (action === 'lambda:InvokeFunction' ? [resource] : [])),
    );
    expect(invoked.map((name) => name.split(':').at(-1))).toEqual(['publishing', 'declaring', 'declaring']);
    expect(account.engine.logs).not.toContain('EventsNotAnnounced');
    const requests = [...requestsOf('reference'), ...askedByReference.map(({ request }) => request)];
    const [policy] = roleOf(policies.domain, 'ReferenceRole', PLACE).policies;
    expect(superfluous(policy!, principals['reference function'], requests)).toEqual([]);
  });
});
