import { S3Client } from '@aws-sdk/client-s3';
import { DescribeParametersCommand, GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import { establishDomain, ownKeeper } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { progressKey } from '../../../repository/keys.ts';
import { readResourceShares } from '../../../repository/sharing/follow.ts';
import { addShare, readSharing } from '../../../repository/sharing/records.ts';
import { SEAL_TAG } from '../../../repository/sharing/resource-share.ts';
import { isOwnSid } from '../../../repository/sharing/statements.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { AwsPolicies } from '../../support/aws-policies.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { BUCKET, domainPolicies, everything, KMS_KEY, PLACE, principalsOf } from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import type { Statement } from '../../support/iam/policy.ts';
import { act, isAllowed } from '../../support/iam/request.ts';
import type { Principal } from '../../support/iam/request.ts';
import { KeeperProcess } from '../../support/keeper-process.ts';
import { startMoto } from '../../support/moto.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { RamServer } from '../../support/ram-server.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';

/** Sharing by AWS RAM: its parameter at moto, the policies of the domain's template evaluated, the keeper as built and with the rights of its role. */

knowEveryError();

const GUEST = '444455556666';
const OTHER = '777788889999';
const ORGANIZATION = `arn:aws:organizations::${PLACE.account}:organization/o-a1b2c3d4e5`;
const PRODUCT = `arn:aws:artifacts:${PLACE.region}:${PLACE.account}:default/shop/api:1`;
const PARAMETER = '/cfn-artifacts/domain';
const SHARING = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper:sharing`;
const OWNED = ['--domain-owner', PLACE.account] as const;

const moto = await startMoto();
const describeWithMoto = 'skipped' in moto ? describe.skip : describe;

let server: S3Server;
let keeper: KeeperProcess;
let keeperRole: Principal;
let policies: AwsPolicies;
let lambda: string;
let ram: RamServer;
let ramUrl: string;
let ssm: SSMClient;
let ssmUrl: string;
let bucket: Bucket;
let domain: Domain;
let project: TestProject;
let client: S3Client;
let keepers: S3Client;

hideOwnEnvironment();

beforeAll(() => {
  ssmUrl = 'skipped' in moto ? 'http://127.0.0.1:1' : moto.endpoint;
  ssm = new SSMClient({
    ...{ region: PLACE.region, endpoint: ssmUrl, maxAttempts: 1 },
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
});

afterAll(async () => {
  ssm.destroy();
  if ('close' in moto) await moto.close();
});

beforeEach(async () => {
  server = await startS3Server();
  bucket = server.createBucket(BUCKET, { versioning: 'Enabled', owner: PLACE.account, region: PLACE.region });
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('test', PLACE.region) });
  keepers = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('keeper', PLACE.region) });
  const store = s3Store({ client, bucket: BUCKET });
  domain = await establishDomain(
    { store, keeper: ownKeeper(store), chance: CHANCE },
    { partition: 'aws', ...PLACE, bucket: BUCKET },
  );
  const template = domainPolicies((await buildDomainTemplate()).file);
  bucket.policy = { text: JSON.stringify(template.bucket), policy: template.bucket };
  const principals = principalsOf(template);
  keeperRole = principals.keeper;
  for (const [name, { caller, policies: rights }] of Object.entries(principals)) {
    const { account = PLACE.account, ...who } = caller;
    server.identities.set(name, { ...who, account, policies: rights });
  }
  for (const [name, account] of [
    ['guest', GUEST],
    ['other', OTHER],
  ] as const)
    server.identities.set(name, { account, arn: `arn:aws:iam::${account}:role/developer`, policies: [everything] });
  ram = new RamServer(PLACE, async (arn) => {
    if (arn !== `arn:aws:ssm:${PLACE.region}:${PLACE.account}:parameter${PARAMETER}`) return false;
    const ParameterFilters = [{ Key: 'Name', Option: 'Equals', Values: [PARAMETER] }];
    const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({ ParameterFilters }));
    return Parameters[0]?.Tier === 'Advanced';
  });
  ramUrl = await ram.listen();
  policies = new AwsPolicies(server.keyPolicies, '');
  policies.functions.set('cfn-artifacts-keeper:sharing', []);
  policies.principals.set('keeper', keeperRole);
  lambda = await policies.listen();
  const { credentials } = server.clientConfig('keeper', PLACE.region);
  keeper = await KeeperProcess.start({
    ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region, AUDIT: 'off' },
    ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: server.endpoint, AWS_ENDPOINT_URL_RAM: ramUrl },
    ...{ AWS_ENDPOINT_URL_LAMBDA: lambda, AWS_ENDPOINT_URL_KMS: lambda },
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  policies.invoke = keeper.endpoint;
  project = await TestProject.of({ 'one.txt': 'one' });
});

afterEach(async () => {
  await policies.close();
  await keeper.stop();
  await ram.close();
  client.destroy();
  keepers.destroy();
  await server.close();
});

function as(who: string, ...argv: readonly string[]): Promise<Outcome> {
  project.env = {
    ...awsEnvironment(server, who, PLACE.region),
    ...{ AWS_ENDPOINT_URL_LAMBDA: lambda, AWS_ENDPOINT_URL_KMS: lambda },
    ...{ AWS_ENDPOINT_URL_RAM: ramUrl, AWS_ENDPOINT_URL_SSM: ssmUrl },
  };
  return project.run(...argv);
}

async function done(who: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await as(who, ...argv);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** The keeper's hour has passed, and its clock ticks. */
async function tick(): Promise<Readonly<Record<string, unknown>>> {
  const key = progressKey('follow');
  const stored = bucket.current(key);
  if (stored !== undefined) {
    const record = JSON.parse(await stored.bytes.text()) as object;
    const store = s3Store({ client: keepers, bucket: BUCKET });
    const { revision } = (await store.head(key))!;
    const { contentOf } = await import('../../../repository/index.ts');
    const earlier = contentOf(JSON.stringify({ ...record, began: '2026-01-01T00:00:00.000Z' }));
    await store.replace(key, earlier, revision);
  }
  const { payload } = await keeper.invoke({ command: 'tend' }, 'cfn-artifacts-keeper');
  return JSON.parse(payload) as Readonly<Record<string, unknown>>;
}

async function allChecks(): Promise<readonly { readonly id: string }[]> {
  const { stdout } = await as('administrator', 'doctor', '--json', '--no-write');
  return (JSON.parse(stdout) as { readonly checks: readonly { readonly id: string }[] }).checks;
}

/** What `doctor` says of RAM and the policies. */
async function diagnosis(): Promise<unknown> {
  return (await allChecks()).find(({ id }) => id === 'resource-shares');
}

const own = (): readonly Statement[] =>
  [bucket.policy?.policy.Statement ?? []].flat().filter(({ Sid }) => isOwnSid(Sid));
const mayRead = async (who: string): Promise<boolean> =>
  (await as(who, 'get', PRODUCT, '-o', `${who}.txt`)).exitCode === 0;
const accounts = (): readonly string[] => [
  ...new Set(JSON.stringify(own().map(({ Principal: whom }) => whom)).match(/\d{12}/g) ?? []),
];

describeWithMoto(`share --ram${'skipped' in moto ? ` (${moto.skipped})` : ''}`, () => {
  test('an account has it as soon as it accepts, and not before; what RAM no longer names has it no longer', async () => {
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    const told = await done('administrator', 'share', 'default/shop/api', '--with', GUEST, '--ram', '--yes');
    expect(told).toMatch(
      /^offered 'default\/shop\/api' with account 444455556666, to read: [0-9a-f]{8} waits to be accepted\n$/,
    );
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: PARAMETER }));
    expect(JSON.parse(Parameter?.Value ?? '')).toMatchObject({ partition: 'aws', ...PLACE, bucket: BUCKET });
    expect(ram.shares).toMatchObject([
      { name: expect.stringMatching(/^cfn-artifacts-[0-9a-f]{8}$/), allowsExternal: true, status: 'ACTIVE' },
    ]);
    expect(own()).toEqual([]);
    expect(await mayRead('guest')).toBe(false);
    expect(await done('administrator', 'share', 'list')).toMatch(
      /account 444455556666 +read +waits to be accepted *\n$/,
    );
    expect(await done('administrator', 'share', 'sync', '--yes')).toBe('the policies say what is shared\n');

    ram.accept(GUEST);
    expect(await done('administrator', 'share', 'list')).toMatch(/associated, not in the policies *\n$/);
    expect(await done('administrator', 'share', 'sync', '--yes')).toBe('the policies say what is shared again\n');
    expect(await done('administrator', 'share', 'list')).toMatch(/ associated *\n$/);
    expect(await mayRead('guest')).toBe(true);
    expect(await mayRead('other')).toBe(false);

    expect(await diagnosis()).toMatchObject({ status: 'ok' });

    ram.remove(GUEST);
    expect(await diagnosis()).toMatchObject({
      status: 'problem',
      findings: [{ message: `'${GUEST}' has a share of 'default/shop/api' that AWS RAM no longer gives it` }],
    });
    expect(await done('administrator', 'share', 'list')).toMatch(/no longer in RAM, still in the policies *\n$/);
    await done('administrator', 'share', 'sync', '--yes');
    expect(own()).toEqual([]);
    expect(await mayRead('guest')).toBe(false);
    expect((await readSharing(domain.store)).shares).toEqual([]);
  });

  test('the domain follows by itself, with the rights that its template gives the keeper', async () => {
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--ram', '--yes');
    expect(await tick()).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ task: 'follow', came: 0, went: 0 })]),
    });
    ram.accept(GUEST);
    ram.add(ram.shares[0]!, OTHER);
    ram.accept(OTHER);
    // Neither can have a share of artifacts.
    ram.add(ram.shares[0]!, `arn:aws:iam::${OTHER}:role/developer`);
    ram.add(ram.shares[0]!, PLACE.account);
    ram.accept(PLACE.account);
    const before = [bucket.policy?.policy.Statement ?? []].flat();
    expect(await tick()).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ task: 'follow', came: 2, went: 0 })]),
    });
    expect([bucket.policy?.policy.Statement ?? []].flat().slice(0, before.length)).toEqual(before);
    expect([await mayRead('guest'), await mayRead('other')]).toEqual([true, true]);
    expect(await done('administrator', 'share', 'sync', '--dry-run')).toBe('nothing would change\n');
    ram.remove(OTHER);
    expect(await tick()).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ task: 'follow', came: 0, went: 1 })]),
    });
    expect([await mayRead('guest'), await mayRead('other')]).toEqual([true, false]);
    const asked = ram.requests.filter(({ who }) => who === 'keeper').map(({ action }) => action);
    expect([...new Set(asked)].toSorted()).toEqual(['GetResourceShareAssociations', 'GetResourceShares']);
    for (const action of asked)
      expect(isAllowed(keeperRole, act(`ram:${action}`, '*'), { account: PLACE.account })).toBe(true);
    for (const action of ['AssociateResourceShare', 'CreateResourceShare', 'TagResource'])
      expect(isAllowed(keeperRole, act(`ram:${action}`, '*'), { account: PLACE.account })).toBe(false);
  });

  test('on a domain with a key, and where somebody may publish, who accepts needs nobody, and who leaves is gone', async () => {
    const root: Statement = {
      ...({ Sid: 'Root', Effect: 'Allow', Action: 'kms:*', Resource: '*' } as const),
      Principal: { AWS: `arn:aws:iam::${PLACE.account}:root` },
    };
    const marketing = { Sid: 'Marketing', Action: 'lambda:InvokeFunction', Principal: OTHER };
    bucket.encryption = { algorithm: 'aws:kms', kmsKeyId: KMS_KEY };
    server.keyPolicies.set(KMS_KEY, { Version: '2012-10-17', Statement: [root] });
    policies.functions.set('cfn-artifacts-keeper:sharing', [marketing]);
    const ofKey = (): readonly Statement[] => [server.keyPolicies.get(KMS_KEY)?.Statement ?? []].flat();
    const ofKeeper = (): readonly object[] => policies.functions.get('cfn-artifacts-keeper:sharing') ?? [];
    const publish = async (): Promise<number> =>
      (await as('guest', 'publish', 'one.txt', '--id', 'team/tool', '--domain', `s3://${BUCKET}`, ...OWNED)).exitCode;

    await done('publisher', 'publish', 'one.txt', '--id', 'team/api');
    await done('administrator', 'share', 'default/team/**', '--with', GUEST, '--ram', '--publish', '--yes');
    expect(await tick()).not.toHaveProperty('error');
    expect([ofKey(), ofKeeper()]).toEqual([[root], [marketing]]);
    const api = PRODUCT.replace('shop', 'team');
    expect([(await as('guest', 'get', api, '-o', 'x.txt')).exitCode, await publish()]).toEqual([3, 3]);

    ram.accept(GUEST);
    expect(await tick()).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ task: 'follow', came: 1, went: 0 })]),
    });
    expect(await done('guest', 'get', api, '-o', 'guest.txt')).toBeDefined();
    expect(await publish()).toBe(0);
    expect(ofKey()).toMatchObject([root, { Action: 'kms:Decrypt' }, { Action: 'kms:GenerateDataKey' }]);
    expect(ofKeeper()).toMatchObject([marketing, { Sid: `Share${GUEST}`, Principal: GUEST }]);
    expect(await done('administrator', 'share', 'sync', '--dry-run')).toBe('nothing would change\n');
    const checks = await allChecks();
    expect(checks.filter(({ id }) => /sharing|resource-shares/.test(id))).toMatchObject([
      { status: 'ok' },
      { status: 'ok' },
    ]);

    ram.remove(GUEST);
    expect(await tick()).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ task: 'follow', came: 0, went: 1 })]),
    });
    expect([own(), ofKey(), ofKeeper()]).toEqual([[], [root], [marketing]]);
    expect((await as('guest', 'get', api, '-o', 'y.txt')).exitCode).toBe(3);

    // By what its role lets it do, and nothing but that.
    expect(new Set(policies.asked.map(({ action, on, allowed }) => [action, on, allowed].join(' ')))).toEqual(
      new Set([
        ...['GetKeyPolicy', 'PutKeyPolicy'].map((action) => `kms:${action} ${KMS_KEY} true`),
        ...['GetPolicy', 'AddPermission', 'RemovePermission'].map((action) => `lambda:${action} ${SHARING} true`),
      ]),
    );
  });

  test('what the key’s policy does not let the keeper change keeps nobody in the bucket’s, and is told', async () => {
    bucket.encryption = { algorithm: 'aws:kms', kmsKeyId: KMS_KEY };
    const using: Statement = {
      ...({ Sid: 'Use', Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' } as const),
      Principal: { AWS: `arn:aws:iam::${PLACE.account}:root` },
    };
    server.keyPolicies.set(KMS_KEY, { Version: '2012-10-17', Statement: [using] });
    await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--ram', '--yes');
    ram.accept(GUEST);
    const denied = { error: { code: 'ACCESS_DENIED', message: expect.stringContaining('kms:GetKeyPolicy is needed') } };
    expect(await tick()).toMatchObject(denied);
    expect(accounts()).toEqual([GUEST]);
    ram.remove(GUEST);
    expect(await tick()).toMatchObject(denied);
    expect(own()).toEqual([]);
  });

  test('the keeper opens nothing that only the records say, and nothing that only RAM says', async () => {
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    await done('administrator', 'share', 'default/web/**', '--with', GUEST, '--ram', '--yes');
    ram.accept(GUEST);
    await tick();
    expect(accounts()).toEqual([GUEST]);

    // Whoever may write records of repositories, and not the policy.
    await addShare(domain, { id: 'aaaaaaaa', repository: 'default', pattern: '**', with: OTHER, right: 'promote' });
    ram.remove(GUEST);
    expect(await tick()).not.toHaveProperty('error');
    expect(own()).toEqual([]);
    await done('administrator', 'share', 'revoke', 'aaaaaaaa', '--yes');
    ram.add(ram.shares[0]!, GUEST);
    ram.accept(GUEST);
    await tick();
    expect(accounts()).toEqual([GUEST]);
    const before = bucket.policy?.text;
    await addShare(domain, { id: 'bbbbbbbb', repository: 'default', pattern: '**', with: GUEST, right: 'promote' });
    ram.remove(GUEST);
    expect(await tick()).toMatchObject({ error: { message: expect.stringContaining('is not what is shared') } });
    expect(bucket.policy?.text).toBe(before);
    await done('administrator', 'share', 'revoke', 'bbbbbbbb', '--yes');
    await done('administrator', 'share', 'sync', '--yes');
    expect(own()).toEqual([]);

    // The same, who makes a resource share mean more than who made it did.
    ram.add(ram.shares[0]!, OTHER);
    ram.accept(OTHER);
    const { changeNotes } = await import('../../../repository/sharing/records.ts');
    await changeNotes(domain, 'default', ({ resourceShares = [], ...notes }) => ({
      ...notes,
      resourceShares: resourceShares.map((one) => ({ ...one, pattern: '**', right: 'promote' as const })),
    }));
    await tick();
    expect(own()).toEqual([]);
    await done('administrator', 'share', 'sync', '--yes');
    expect(own()).toEqual([]);
  });

  test('who tags a resource share differently changes nothing, and doctor tells', async () => {
    await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--ram', '--yes');
    ram.accept(GUEST);
    await done('administrator', 'share', 'sync', '--yes');
    ram.shares[0]!.tags = [{ key: SEAL_TAG, value: 'another' }];
    ram.add(ram.shares[0]!, OTHER);
    ram.accept(OTHER);
    await tick();
    await done('administrator', 'share', 'sync', '--yes');
    expect(accounts()).toEqual([GUEST]);
    expect(await done('administrator', 'share', 'list')).toMatch(/changed in RAM, not followed *\n$/);
    expect(await diagnosis()).toMatchObject({ status: 'problem', findings: [{ severity: 'problem' }] });
  });

  test('extends the resource share of the same artifacts, and revoke takes it back one by one', async () => {
    ram.members.add(OTHER).add(ORGANIZATION);
    const first = JSON.parse(
      await done('administrator', 'share', 'default/shop/**', '--with', OTHER, '--ram', '--yes', '--json'),
    ) as Record<string, unknown>;
    expect(first).toMatchObject({ state: 'associated', outcome: 'shared', with: OTHER, ram: ram.shares[0]?.arn });
    expect(ram.shares[0]?.allowsExternal).toBe(false);
    expect(accounts()).toEqual([OTHER]);
    const again = JSON.parse(
      await done('administrator', 'share', 'default/shop/**', '--with', OTHER, '--ram', '--yes', '--json'),
    ) as Record<string, unknown>;
    expect(again).toEqual({ ...first, outcome: 'unchanged' });
    await done('administrator', 'share', 'default/shop/**', '--with', ORGANIZATION, '--ram', '--yes');
    expect(JSON.stringify(own())).toContain('o-a1b2c3d4e5');
    await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--ram', '--yes');
    expect(ram.shares).toHaveLength(1);

    const { shares } = JSON.parse(await done('administrator', 'share', 'list', '--json')) as {
      readonly shares: readonly { readonly id: string; readonly with: string; readonly state: string }[];
    };
    expect(shares.map(({ with: whom, state }) => [whom, state])).toEqual([
      [OTHER, 'associated'],
      ['o-a1b2c3d4e5', 'associated'],
      [GUEST, 'waiting'],
    ]);
    const [other, organization, guest] = shares.map(({ id }) => id);
    await done('administrator', 'share', 'revoke', guest!, '--yes');
    await done('administrator', 'share', 'revoke', other!, '--yes');
    expect(accounts()).toEqual([]);
    expect(ram.shares[0]).toMatchObject({ status: 'ACTIVE' });
    await done('administrator', 'share', 'revoke', organization!, '--yes');
    expect(ram.shares[0]).toMatchObject({ status: 'DELETED' });
    expect(own()).toEqual([]);
    expect(await readResourceShares(domain.store)).toEqual([]);
    expect((await readSharing(domain.store)).shares).toEqual([]);
    // What is gone there is no hindrance.
    await done('administrator', 'share', 'default/shop/**', '--with', OTHER, '--ram', '--yes');
    expect(ram.shares.map(({ status }) => status)).toEqual(['DELETED', 'ACTIVE']);
  });

  test('shows what it would do, and says what it needs', async () => {
    const shown = await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--ram', '--dry-run');
    expect(shown).toMatch(
      /^the resource share 'cfn-artifacts-[0-9a-f]{8}' of '\/cfn-artifacts\/domain':\n {2}\+ 444455556666\nthe bucket/,
    );
    expect([ram.shares, own()]).toEqual([[], []]);
    const byId = await as('administrator', 'share', 'default', '--with', 'o-a1b2c3d4e5', '--ram', '--yes');
    expect(byId).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Give its ARN') });
    ram.refuse = (action) =>
      action === 'CreateResourceShare' ? { status: 403, code: 'AccessDeniedException' } : undefined;
    const denied = await as('administrator', 'share', 'default', '--with', GUEST, '--ram', '--yes');
    expect(denied).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('ram:CreateResourceShare') });
    ram.refuse = () => undefined;
    // One of the standard tier, and of another value, is brought to what it must be.
    await done('administrator', 'share', 'default', '--with', GUEST, '--ram', '--yes');
    const put = { Name: PARAMETER, Value: '{}', Type: 'String', Tier: 'Standard', Overwrite: true } as const;
    await ssm.send(new PutParameterCommand(put));
    await done('administrator', 'share', 'default', '--with', OTHER, '--ram', '--publish', '--yes');
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: PARAMETER }));
    expect(JSON.parse(Parameter?.Value ?? '')).toMatchObject({ bucket: BUCKET });
  });

  test('where RAM does not answer, the keeper leaves everything as it is, and says so', async () => {
    await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--ram', '--yes');
    ram.accept(GUEST);
    await tick();
    const before = bucket.policy?.text;
    ram.refuse = () => ({ status: 403, code: 'AccessDeniedException' });
    expect(await tick()).toMatchObject({ error: { code: 'ACCESS_DENIED', message: expect.stringContaining('ram:') } });
    expect(bucket.policy?.text).toBe(before);
    ram.refuse = () => undefined;
    ram.reject(GUEST);
    await tick();
    expect(own()).toEqual([]);
  });
});
