import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import { contentOf, establishDomain, ownKeeper } from '../../../repository/index.ts';
import type { Domain, ObjectStore } from '../../../repository/index.ts';
import { blobKey, versionKey, versionReferenceKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { sha256 } from '../../../repository/digest.ts';
import { readSharing } from '../../../repository/sharing/records.ts';
import { scopeOf } from '../../../repository/sharing/share.ts';
import { isOwnSid } from '../../../repository/sharing/statements.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { allOf } from '../../support/all-of.ts';
import { AwsPolicies } from '../../support/aws-policies.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import {
  BUCKET,
  BUCKET_ARN,
  domainPolicies,
  everything,
  KMS_KEY,
  PLACE,
  principalsOf,
} from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import type { Policy, Statement } from '../../support/iam/policy.ts';
import { parseBucketPolicy } from '../../support/iam/policy.ts';
import { KeeperProcess } from '../../support/keeper-process.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';

/** Sharing as people do it: with the policies of the domain's template evaluated, and its keeper as built. */

knowEveryError();

const GUEST = '444455556666';
const OTHER = '777788889999';
const PRODUCT = `arn:aws:artifacts:${PLACE.region}:${PLACE.account}:default/shop/api:1`;
const THEIRS = ['--domain', `s3://${BUCKET}`, '--domain-owner', PLACE.account];

let server: S3Server;
let keeper: KeeperProcess;
let policies: AwsPolicies;
let lambda: string;
let bucket: Bucket;
let domain: Domain;
let project: TestProject;
let clients: S3Client[];

hideOwnEnvironment();

beforeEach(async () => {
  server = await startS3Server();
  clients = [];
  bucket = server.createBucket(BUCKET, { versioning: 'Enabled', owner: PLACE.account, region: PLACE.region });
  const store = storeOf('test');
  const place = { partition: 'aws', ...PLACE, bucket: BUCKET };
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: CHANCE }, place);
  const template = domainPolicies((await buildDomainTemplate()).file);
  bucket.policy = { text: JSON.stringify(template.bucket), policy: template.bucket };
  for (const [name, { caller, policies: rights }] of Object.entries(principalsOf(template))) {
    const { account = PLACE.account, ...who } = caller;
    server.identities.set(name, { ...who, account, policies: rights });
  }
  for (const [name, account] of [
    ['guest', GUEST],
    ['other', OTHER],
  ] as const)
    server.identities.set(name, { account, arn: `arn:aws:iam::${account}:role/developer`, policies: [everything] });
  const { credentials } = server.clientConfig('keeper', PLACE.region);
  keeper = await KeeperProcess.start({
    ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
    ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: server.endpoint },
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  policies = new AwsPolicies(server.keyPolicies, keeper.endpoint);
  policies.functions.set('cfn-artifacts-keeper:sharing', []);
  lambda = await policies.listen();
  project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two', 'guest.txt': 'from a guest' });
});

afterEach(async () => {
  await policies.close();
  await keeper.stop();
  for (const client of clients) client.destroy();
  await server.close();
});

function storeOf(who: string): ObjectStore {
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(who, PLACE.region) });
  clients.push(client);
  return s3Store({ client, bucket: BUCKET });
}

function as(who: string, ...argv: readonly string[]): Promise<Outcome> {
  project.env = {
    ...awsEnvironment(server, who, PLACE.region),
    AWS_ENDPOINT_URL_LAMBDA: lambda,
    AWS_ENDPOINT_URL_KMS: lambda,
  };
  return project.run(...argv);
}

async function done(who: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await as(who, ...argv);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

function statements(): readonly Statement[] {
  return [bucket.policy?.policy.Statement ?? []].flat();
}

const own = (): readonly Statement[] => statements().filter(({ Sid }) => isOwnSid(Sid));
const tagsOf = (key: string): readonly string[] => [
  ...(bucket.current(key)?.tags ?? new Map<string, string>()).values(),
];

/** Nobody waits for the keeper to hear of what was published. */
async function isTagged(key: string): Promise<void> {
  while (tagsOf(key).every((tag) => tag === '')) await CHANCE.pause(20);
}

describe('share', () => {
  test('lets another account read one artifact, and nothing beside it; revoke takes it back', async () => {
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    await done('publisher', 'publish', 'two.txt', '--id', 'shop/web');
    const before = statements();
    expect((await as('guest', 'get', PRODUCT, '-o', 'got.txt')).exitCode).toBe(3);

    const shown = await as('administrator', 'share', 'default/shop/api', '--with', GUEST, '--dry-run');
    expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^the bucket '.*':\n {2}\+ Sid: Share/) });
    expect(statements()).toEqual(before);

    const refused = await as('administrator', 'share', 'default/shop/api', '--with', GUEST);
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('there is no terminal to ask whether'),
    });
    expect(statements()).toEqual(before);
    expect((await readSharing(domain.store)).shares).toEqual([]);

    const told = await done('administrator', 'share', 'default/shop/api', '--with', GUEST, '--yes');
    expect(told).toMatch(/^shared 'default\/shop\/api' with account 444455556666, to read: [0-9a-f]{8}\n$/);
    expect(statements().slice(0, before.length)).toEqual(before);
    expect(tagsOf(blobKey(sha256('one'), 'one.txt'))).toEqual([
      `:${scopeOf({ repository: 'default', pattern: 'shop/api' })}:`,
    ]);

    await done('guest', 'get', PRODUCT, '-o', 'got.txt');
    expect(project.read('got.txt')).toBe('one');
    await done('guest', 'get', 'default/shop/api:latest', '-o', 'latest.txt', ...THEIRS);
    for (const [who, arn] of [
      ['guest', PRODUCT.replace('api', 'web')],
      ['other', PRODUCT],
    ] as const)
      expect([who, (await as(who, 'get', arn, '-o', 'never.txt')).exitCode]).toEqual([who, 3]);
    expect((await as('guest', 'publish', 'guest.txt', '--id', 'shop/api', ...THEIRS)).exitCode).toBe(3);

    // What is published later is readable as soon as the keeper was told.
    await done('publisher', 'publish', 'two.txt', '--id', 'shop/api');
    await isTagged(blobKey(sha256('two'), 'two.txt'));
    await done('guest', 'get', PRODUCT.replace(/:1$/, ':2'), '-o', 'two-again.txt');

    const list = await done('administrator', 'share', 'list');
    const [, id = ''] = /^([0-9a-f]{8}) +default\/shop\/api +account 444455556666 +read *$/m.exec(list) ?? [];
    expect(await done('administrator', 'share', 'revoke', id, '--yes')).toContain('no longer shared');
    expect(statements()).toEqual(before);
    expect(tagsOf(blobKey(sha256('one'), 'one.txt'))).toEqual(['']);
    expect((await as('guest', 'get', PRODUCT, '-o', 'never.txt')).exitCode).toBe(3);
  });

  test('lets another account publish what it is for, under names of its own, and the domain deploys that', async () => {
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    await done('administrator', 'share', 'default/team/**', '--with', GUEST, '--publish', '--yes');
    expect(policies.functions.get('cfn-artifacts-keeper:sharing')).toMatchObject([{ Principal: GUEST }]);
    const arn = (await done('guest', 'publish', 'guest.txt', '--id', 'team/tool', ...THEIRS)).trim();
    expect(arn).toContain(`:default/team/tool:1@sha256:${sha256('from a guest')}`);
    const scope = scopeOf({ repository: 'default', pattern: 'team/**' });
    const key = blobKey(sha256('from a guest'), `guest-${scope}-guest.txt`);
    expect(bucket.current(key)).toBeDefined();
    expect(keeper.invocations.map(({ name }) => name.split(':').at(-1))).toContain('sharing');
    await isTagged(key);
    expect(tagsOf(key)).toEqual([`:${scope}:`]);
    // The same again is the same; and so is it for the domain's own.
    expect((await done('guest', 'publish', 'guest.txt', '--id', 'team/tool', ...THEIRS)).trim()).toBe(arn);
    await done('reader', 'get', 'team/tool', '-o', 'got.txt');
    expect(project.read('got.txt')).toBe('from a guest');
    for (const id of ['shop/api', 'team2/x', 'teams'])
      expect([id, (await as('guest', 'publish', 'guest.txt', '--id', id, ...THEIRS)).exitCode]).toEqual([id, 3]);
    // Of what the domain itself has, the same bytes are brought, and not taken.
    const same = (await done('guest', 'publish', 'one.txt', '--id', 'team/one', ...THEIRS)).trim();
    expect(same).toContain(sha256('one'));
    expect((await as('guest', 'get', PRODUCT, '-o', 'never.txt')).exitCode).toBe(3);
  });

  test('lets another account promote what it may read, and nothing else', async () => {
    for (const repository of ['dev', 'prod']) await done('administrator', 'repository', 'create', repository);
    for (const [file, id] of [
      ['one.txt', 'shop/api'],
      ['two.txt', 'tools/x'],
    ] as const)
      await done('publisher', 'publish', file, '--id', id, '--repository', 'dev');
    await done('administrator', 'share', 'dev/shop/**', '--with', GUEST, '--yes');
    await done('administrator', 'share', 'prod/shop/**', '--with', GUEST, '--promote', '--yes');
    const arn = await done('guest', 'promote', 'dev/shop/api:1', '--to', 'prod', ...THEIRS);
    expect(arn).toContain(`:prod/shop/api:1@sha256:${sha256('one')}`);
    expect(keeper.invocations).toContainEqual({
      name: expect.stringMatching(/:sharing$/),
      command: expect.objectContaining({ command: 'hold-promotion', repository: 'prod' }),
    });
    await done('reader', 'get', 'prod/shop/api', '-o', 'got.txt');
    expect(project.read('got.txt')).toBe('one');
    for (const [what, to] of [
      ['dev/tools/x:1', 'prod'],
      ['dev/shop/api:1', 'default'],
    ] as const)
      expect([what, to, (await as('guest', 'promote', what, '--to', to, ...THEIRS)).exitCode]).toEqual([what, to, 3]);
    // Of what is promoted by the domain itself others may read as much.
    await done('publisher', 'promote', 'dev/tools/x:1', '--to', 'prod');
    expect((await as('guest', 'get', 'prod/tools/x:1', '-o', 'never.txt', ...THEIRS)).exitCode).toBe(3);
  });

  test('content that a guest only names does not become readable by that', async () => {
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    await done('administrator', 'share', 'default/team/**', '--with', GUEST, '--publish', '--yes');
    await done('guest', 'publish', 'guest.txt', '--id', 'team/tool', ...THEIRS);
    const [manifest = ''] = bucket.keys().filter((key) => key.startsWith('versions/default/team/tool/'));
    const record = JSON.parse((await bucket.current(manifest)?.bytes.text()) ?? '{}') as Record<string, unknown>;
    const scope = scopeOf({ repository: 'default', pattern: 'team/**' });
    const secret = { name: 'one.txt', digest: sha256('one'), filename: 'one.txt', size: 3 };
    const nonce = `guest-${scope}-forged`;
    const forged = { ...record, number: 2, nonce, assets: [secret] };
    const guest = storeOf('guest');
    const name = { repository: 'default', id: 'team/tool' };
    await guest.create(versionReferenceKey(sha256('one'), name, 2, nonce), contentOf('{}'));
    await guest.create(versionKey(name, 2), contentOf(JSON.stringify(forged)));
    await done('administrator', 'share', 'sync', '--yes');
    expect(tagsOf(blobKey(sha256('one'), 'one.txt')).filter((tag) => tag !== '')).toEqual([]);
    await expect(guest.head(blobKey(sha256('one'), 'one.txt'))).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  describe('what a guest writes by other means, as its policy lets it', () => {
    const TEAM = { repository: 'default', id: 'team/tool' };
    const SECRET = blobKey(sha256('one'), 'one.txt');
    const scope = scopeOf({ repository: 'default', pattern: 'team/**' });
    const arnOf = (number: number): string => PRODUCT.replace(/shop\/api:1$/, `team/tool:${number}`);
    let guest: ObjectStore;

    beforeEach(async () => {
      await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
      await done('administrator', 'share', 'default/team/**', '--with', GUEST, '--publish', '--yes');
      guest = storeOf('guest');
    });

    const hold = (number: number, nonce: string): Promise<unknown> =>
      guest.create(versionReferenceKey(sha256('one'), TEAM, number, nonce), contentOf('{}'));

    async function write(number: number, nonce: string, more: object = {}): Promise<void> {
      const asset = { name: 'one.txt', digest: sha256('one'), filename: 'one.txt', size: 3 };
      const record = {
        format: 1,
        ...TEAM,
        number,
        nonce,
        published: '2026-01-01T00:00:00.000Z',
        assets: [asset],
        ...more,
      };
      expect(await guest.create(versionKey(TEAM, number), recordContent(record))).toBe('created');
    }

    async function assertSecret(...numbers: readonly number[]): Promise<void> {
      const announced = await keeper.invoke(
        { command: 'announce', arns: numbers.map(arnOf) },
        'cfn-artifacts-keeper:sharing',
      );
      expect(announced.failed).toBeUndefined();
      expect(tagsOf(SECRET).filter((tag) => tag !== '')).toEqual([]);
      await expect(guest.head(SECRET)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    }

    test.each([
      ['of a guest, behind something else', `x-guest-${scope}-y`],
      ['of a guest, behind that of another scope', `guest-00000000-guest-${scope}-y`],
      ['of a guest, behind nothing', `-guest-${scope}-y`],
      ['of a guest, before something else', `guest-${scope}-y-z`],
    ])('does not show content under a name %s', async (_, nonce) => {
      expect(await hold(1, nonce)).toBe('created');
      await write(1, nonce);
      await assertSecret(1);
    });

    test('does not show what another guest has brought into another scope', async () => {
      await done('administrator', 'share', 'default/rest/**', '--with', OTHER, '--publish', '--yes');
      await done('other', 'publish', 'guest.txt', '--id', 'rest/x', ...THEIRS);
      const theirs = scopeOf({ repository: 'default', pattern: 'rest/**' });
      const digest = sha256('from a guest');
      const key = blobKey(digest, `guest-${theirs}-guest.txt`);
      await isTagged(key);
      const nonce = `guest-${theirs}-guest-${scope}-y`;
      expect(await guest.create(versionReferenceKey(digest, TEAM, 1, nonce), contentOf('{}'))).toBe('created');
      await write(1, nonce, { assets: [{ name: 'x', digest, filename: `guest-${theirs}-guest.txt`, size: 12 }] });
      await assertSecret(1);
      expect(tagsOf(key)).toEqual([`:${theirs}:`]);
      await expect(guest.head(key)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    });

    test('does not show it where it says that the domain has named it', async () => {
      await expect(hold(1, 'abcdef')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
      await write(1, 'abcdef');
      const nonce = `guest-${scope}-y`;
      await hold(2, nonce);
      await write(2, nonce, { promotion: { id: '0f'.repeat(16), items: 1, from: arnOf(1) } });
      await assertSecret(1, 2);
      // Nor when somebody puts back what seems to be missing.
      await allOf(verify(domain, { fix: true, deep: false }));
      expect(bucket.current(versionReferenceKey(sha256('one'), TEAM, 1, 'abcdef'))).toBeDefined();
      await assertSecret(1, 2);
    });
  });

  test('other bytes that a guest lays under a digest are used by nobody', async () => {
    await done('administrator', 'share', 'default/team/**', '--with', GUEST, '--publish', '--yes');
    const scope = scopeOf({ repository: 'default', pattern: 'team/**' });
    const { S3Client: Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
    const client = new Client({ ...s3ClientDefaults, ...server.clientConfig('guest', PLACE.region) });
    clients.push(client);
    const key = blobKey(sha256('from a guest'), `guest-${scope}-guest.txt`);
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'other bytes!', IfNoneMatch: '*' }));
    const refused = await as('guest', 'publish', 'guest.txt', '--id', 'team/tool', ...THEIRS);
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('is damaged') });
    // The domain's own is published beside it.
    await done('publisher', 'publish', 'guest.txt', '--id', 'shop/tool');
    await done('reader', 'get', 'shop/tool', '-o', 'got.txt');
    expect(project.read('got.txt')).toBe('from a guest');
  });

  test('drops nothing that others wrote, and many at once converge', async () => {
    const foreign = {
      Sid: 'Marketing',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${OTHER}:root` },
      Action: 's3:GetBucketLocation',
      Resource: BUCKET_ARN,
    };
    const whole = { Version: '2012-10-17', Statement: [foreign as Statement, ...statements()] };
    bucket.policy = { text: JSON.stringify(whole), policy: parseBucketPolicy(JSON.stringify(whole), BUCKET_ARN) };
    const before = statements();
    project.env = { ...awsEnvironment(server, 'administrator', PLACE.region), AWS_ENDPOINT_URL_LAMBDA: lambda };
    const accounts = ['100000000001', '100000000002', '100000000003', '100000000004'];
    const outcomes = await Promise.all(
      accounts.map((account) => project.run('share', 'default/shop/**', '--with', account, '--yes', '--quiet')),
    );
    expect(outcomes.map(({ exitCode, stderr }) => [exitCode, exitCode === 0 ? '' : stderr])).toEqual(
      accounts.map(() => [0, '']),
    );
    expect((await readSharing(domain.store)).shares.map((share) => share.with).toSorted()).toEqual(accounts);
    expect(statements().slice(0, before.length)).toEqual(before);
    for (const { Principal } of own())
      expect(
        JSON.stringify(Principal)
          .match(/\d{12}/g)
          ?.toSorted(),
      ).toEqual(accounts);
    expect(await done('administrator', 'share', 'sync', '--dry-run')).toBe('nothing would change\n');
  });

  test.each([true, false])(
    'an account that does not exist is left out, and in nobody’s way (S3 names it: %s)',
    async (names) => {
      server.settings.absentAccounts = ['999999999999'];
      server.settings.namesInvalidPrincipals = names;
      await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--yes');
      const outcome = await as('administrator', 'share', 'default/shop/**', '--with', '999999999999', '--yes');
      expect(outcome).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("AWS knows no account '999999999999'"),
      });
      expect((await as('administrator', 'share', 'default/web/**', '--with', OTHER, '--yes')).exitCode).toBe(2);
      const principals = JSON.stringify(own().map(({ Principal }) => Principal));
      for (const [account, isThere] of [
        [GUEST, true],
        [OTHER, true],
        ['999999999999', false],
      ] as const)
        expect([account, principals.includes(account)]).toEqual([account, isThere]);
    },
  );

  test('the policy of the domain’s key follows, and keeps what it says', async () => {
    bucket.encryption = { algorithm: 'aws:kms', kmsKeyId: KMS_KEY };
    const root: Statement = {
      Sid: 'Root',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${PLACE.account}:root` },
      Action: 'kms:*',
      Resource: '*',
    };
    server.keyPolicies.set(KMS_KEY, { Version: '2012-10-17', Statement: [root] } satisfies Policy);
    await done('publisher', 'publish', 'one.txt', '--id', 'shop/api');
    const told = await as('administrator', 'share', 'default', '--with', GUEST, '--yes');
    expect(told).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`the key '${KMS_KEY}':`) });
    expect([server.keyPolicies.get(KMS_KEY)?.Statement ?? []].flat()).toMatchObject([root, { Action: 'kms:Decrypt' }]);
    await done('guest', 'get', PRODUCT, '-o', 'got.txt');
    expect((await as('other', 'get', PRODUCT, '-o', 'never.txt')).exitCode).toBe(3);
    const { shares } = await readSharing(domain.store);
    await done('administrator', 'share', 'revoke', ...shares.map(({ id }) => id), '--yes');
    expect([server.keyPolicies.get(KMS_KEY)?.Statement ?? []].flat()).toEqual([root]);
  });

  test('refuses what can’t be said, or makes no sense, and says what to do', async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['default/shop/*', '--with', GUEST], /no policy of S3 can say.*\n.*'shop\/\*\*'/],
      [['default/*/api', '--with', GUEST], /'\*\*'/],
      [['default/shop', '--with', 'ou-ab12-11112222'], /give the ARN/],
      [['default/shop', '--with', PLACE.account], /is the domain's own/],
      [['nowhere/shop', '--with', GUEST], /there is no repository 'nowhere'/],
      [['default/shop', '--with', GUEST, '--publish', '--promote'], /--promote is all three/],
      [['default/shop'], /with/],
    ];
    for (const [argv, message] of wrong)
      expect([argv, await as('administrator', 'share', ...argv, '--yes')]).toEqual([
        argv,
        expect.objectContaining({ exitCode: 2, stderr: expect.stringMatching(message) }),
      ]);
    await done('administrator', 'share', 'default/shop/**', '--with', GUEST, '--publish', '--yes');
    const overlapping = await as('administrator', 'share', 'default/shop/api', '--with', OTHER, '--publish', '--yes');
    expect(overlapping).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('overlap') });
    const directory = await project.run('share', 'default', '--with', GUEST, '--domain', 'file:../domain');
    expect(directory).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('sharing needs AWS') });
    expect((await as('administrator', 'share', 'revoke', '00000000', '--yes')).stderr).toContain(
      "there is no share '00000000'",
    );
  });

  test('doctor tells where the policies are otherwise than the shares, and share sync puts that right', async () => {
    await done('administrator', 'share', 'default', '--with', GUEST, '--publish', '--yes');
    const sharing = async (): Promise<unknown> => {
      const { stdout } = await as('administrator', 'doctor', '--json', '--no-write');
      const { checks } = JSON.parse(stdout) as { checks: readonly { id: string }[] };
      return checks.find(({ id }) => id === 'sharing');
    };
    expect(await sharing()).toMatchObject({ status: 'ok' });
    // As CloudFormation leaves it when it updates the policy of the template; and somebody has taken the permission away.
    const rest = { Version: '2012-10-17', Statement: statements().filter(({ Sid }) => !isOwnSid(Sid)) };
    bucket.policy = { text: JSON.stringify(rest), policy: parseBucketPolicy(JSON.stringify(rest), BUCKET_ARN) };
    policies.functions.set('cfn-artifacts-keeper:sharing', []);
    expect(await sharing()).toMatchObject({
      status: 'problem',
      findings: [{ severity: 'problem' }, { severity: 'problem' }],
    });
    await done('administrator', 'share', 'sync', '--yes');
    expect(await sharing()).toMatchObject({ status: 'ok' });
    // A statement that says more than any share, under a Sid like those of shares.
    const more = {
      Version: '2012-10-17',
      Statement: [
        ...statements(),
        {
          Sid: 'Share01234567Read',
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: `${BUCKET_ARN}/*`,
        },
      ],
    };
    bucket.policy = { text: JSON.stringify(more), policy: parseBucketPolicy(JSON.stringify(more), BUCKET_ARN) };
    expect(await sharing()).toMatchObject({ status: 'problem' });
    await done('administrator', 'share', 'sync', '--yes');
    expect(statements().some(({ Sid }) => Sid === 'Share01234567Read')).toBe(false);
  });

  test('tells programs what it did', async () => {
    const shared = JSON.parse(
      await done('administrator', 'share', 'default', '--with', 'o-a1b2c3d4e5', '--yes', '--json'),
    ) as Record<string, unknown>;
    expect(shared).toMatchObject({
      repository: 'default',
      pattern: '**',
      with: 'o-a1b2c3d4e5',
      right: 'read',
      outcome: 'shared',
      warnings: [],
    });
    const again = JSON.parse(
      await done('administrator', 'share', 'default', '--with', 'o-a1b2c3d4e5', '--yes', '--json'),
    ) as Record<string, unknown>;
    expect(again).toEqual({ ...shared, outcome: 'unchanged' });
    expect(JSON.parse(await done('administrator', 'share', 'list', '--json'))).toEqual({
      shares: [{ id: shared['id'], repository: 'default', pattern: '**', with: 'o-a1b2c3d4e5', right: 'read' }],
      warnings: [],
    });
    expect(JSON.parse(await done('administrator', 'share', 'sync', '--yes', '--json'))).toEqual({
      outcome: 'unchanged',
      warnings: [],
    });
  });
});
