import { afterEach, describe, expect, test } from '@jest/globals';
import { BUCKET, BUCKET_ARN, OTHER_ACCOUNT, PLACE } from '../../support/domain-principals.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import { knowEveryError } from '../../support/realm.ts';
import { tick } from '../../support/s3-server-state.ts';
import { parseBucketPolicy } from '../../support/iam/policy.ts';
import type { EngineOptions } from '../../support/stack-engine/engine.ts';
import { enableObjectLock, objectOf, TestAccount } from './account.ts';

knowEveryError();

let account: TestAccount;

hideOwnEnvironment();

afterEach(async () => {
  await account.close();
});

async function open(options: EngineOptions = {}, isBundled = false): Promise<void> {
  account = await TestAccount.open(options, isBundled);
}

const bootstrap = (...flags: string[]) => account.run(['bootstrap', ...flags]);

/** Makes the domain, for tests that begin with one. */
async function withDomain(options: EngineOptions = {}, ...flags: string[]): Promise<void> {
  await open(options);
  const { exitCode, stderr } = await bootstrap('--yes', ...flags);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('is made, and works')]);
  account.asked.length = 0;
  account.commands.length = 0;
}

const NOTHING = { stack: undefined, bucket: false, changeSets: 0 };

/** Change sets that nobody executed stay for good. */
async function expectTidy(): Promise<void> {
  expect(await account.left()).toMatchObject({ changeSets: 0 });
}

const KEEPER_KEY = /^blobs\/sha256\/[0-9a-f]{64}\/archive\.zip$/;

describe('an account without a domain', () => {
  test('gets one that works, by the functions as they are built, the keeper on', async () => {
    await open({}, true);
    const { exitCode, stdout, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('is made, and works')]);
    expect(stdout).toMatch(
      new RegExp(
        `^Bucket +${BUCKET}\nServiceToken +arn:aws:lambda:\\S+:function:cfn-artifacts-reference\nKeeper +\\S+:function:cfn-artifacts-keeper\nVersion +0\\.1\\.0\n$`,
      ),
    );
    expect(stderr).toContain(`In account ${PLACE.account}, us-east-1, the stack 'cfn-artifacts' is created:`);
    expect(stderr).toMatch(/^add +Bucket +AWS::S3::Bucket$/m);
    expect(stderr).toMatch(/^ {2}create complete {2}Descriptor \(Custom::ArtifactDomain\)$/m);
    expect(account.stack?.status).toBe('UPDATE_COMPLETE');
    expect(JSON.parse((await account.bucket?.current('domain')?.bytes.text()) ?? '{}')).toMatchObject(PLACE);
    expect(Object.keys(account.engine.functions()).sort()).toEqual(['cfn-artifacts-keeper', 'cfn-artifacts-reference']);
    expect(account.keys('scratch/')).toEqual([]);
    await expectTidy();
  });

  test('has a keeper that records what it runs itself, and lets go of what it ran', async () => {
    await open({}, true);
    const first = await bootstrap('--yes', '--json');
    const { keeperVersion } = JSON.parse(first.stdout) as { keeperVersion: string };
    expect([first.exitCode, JSON.parse(first.stdout)]).toMatchObject([0, { warnings: [] }]);
    const named = (): readonly string[] => account.keys('references/').filter((key) => key.includes('/named/'));
    expect(named()).toEqual([
      expect.stringContaining(`references/${keeperVersion.slice(-64)}/named/cfn-artifacts/keeper`),
    ]);
    const unused = await account.run(['references', '--unused', '--json']);
    expect(JSON.parse(unused.stdout)).toMatchObject({ versions: [] });
    account.installation = { ...account.installation, keeper: `${account.installation.keeper}\n// newer\n` };
    const second = await bootstrap('--yes', '--json');
    expect([second.exitCode, JSON.parse(second.stdout)]).toMatchObject([0, { outcome: 'updated', warnings: [] }]);
    const { keeperVersion: newer } = JSON.parse(second.stdout) as { keeperVersion: string };
    expect(named()).toEqual([expect.stringContaining(`references/${newer.slice(-64)}/named/cfn-artifacts/keeper`)]);
  });

  test('has the keeper’s code as an artifact that the domain itself uses', async () => {
    await open();
    const { exitCode, stdout } = await bootstrap('--yes', '--json');
    expect(exitCode).toBe(0);
    const told = JSON.parse(stdout) as { keeperVersion: string; steps: { does: string }[] };
    expect(told).toMatchObject({
      ...{ outcome: 'created', account: PLACE.account, region: PLACE.region, bucket: BUCKET, version: '0.1.0' },
      keeperVersion: expect.stringMatching(/:default\/cfn-artifacts\/keeper:1@sha256:[0-9a-f]{64}$/),
      warnings: [],
    });
    expect(told.steps.map(({ does }) => does)).toEqual(['create', 'update']);
    expect(account.stack?.deployment.parameters['KeeperCode']).toMatch(KEEPER_KEY);
    expect(account.commands).toEqual([
      { command: 'reference-add', arn: told.keeperVersion, consumer: 'cfn-artifacts/keeper' },
    ]);
  });

  test('asks once, and shows what it will do before', async () => {
    await open();
    const asked: string[] = [];
    account.answer = async (question) => {
      asked.push(question);
      expect(account.asked).not.toContain('ExecuteChangeSet');
      return 'y';
    };
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, asked]).toEqual([0, ['Make these changes? [y/N] ']]);
    expect(stderr.indexOf('Then the keeper is published')).toBeLessThan(stderr.indexOf('creating the stack'));
  });

  test.each([
    [undefined, "KeeperRole: .*'cfn-artifacts-keeper-us-east-1'"],
    ['DescribeEvents', 'AWS::EarlyValidation::ResourceExistenceCheck'],
  ])('is told what is in its way before anything is begun, without the right to %s too', async (denied, says) => {
    await open({ outside: { 'AWS::IAM::Role': ['cfn-artifacts-keeper-us-east-1'] } });
    account.between = (action) => (action === denied ? { code: 'AccessDenied', status: 403 } : undefined);
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(`can't be changed so: .*${says}`)]);
    expect(await account.left()).toEqual(NOTHING);
  });

  test('fails by what is in its way where that shows only then', async () => {
    await open({ outside: { 'AWS::IAM::Role': ['cfn-artifacts-keeper-us-east-1'] }, earlyValidation: 'off' });
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/because of KeeperRole \(AWS::IAM::Role\): .*exists/),
    ]);
    expect(await account.left()).toEqual({ stack: 'ROLLBACK_COMPLETE', bucket: false, changeSets: 0 });
  });

  test.each(['n', '', 'Yes, but not now', 'no'])('is left as it was by the answer %p', async (answer) => {
    await open();
    account.answer = async () => answer;
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('the answer was no: nothing was changed')]);
    expect(await account.left()).toEqual(NOTHING);
    await expectTidy();
  });

  test('is left as it was where nobody can be asked', async () => {
    await open();
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Use --yes to make them without a question')]);
    expect(await account.left()).toEqual(NOTHING);
  });

  test('is left as it was by a dry run, which shows what would be made', async () => {
    await open();
    const { exitCode, stdout } = await bootstrap('--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^add +KeeperRole +AWS::IAM::Role$/m);
    const json = await bootstrap('--dry-run', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'planned', bucket: BUCKET, steps: [{ does: 'create' }] });
    expect(await account.left()).toEqual(NOTHING);
    expect(account.server.counts()).not.toHaveProperty('PutObject');
    expect(account.asked).not.toContain('ExecuteChangeSet');
  });

  test('takes what is said about it', async () => {
    await open();
    const key = `arn:aws:kms:us-east-1:${PLACE.account}:key/0a1b`;
    const flags = ['--kms-key-arn', key, '--log-retention-days', '7', '--no-audit', '--scratch-days', '3'];
    flags.push('--collect', 'on');
    const { exitCode } = await bootstrap('--yes', '--quiet', ...flags, '--superseded-days', '40', '--tag', 'team=shop');
    expect(exitCode).toBe(0);
    const given = {
      KmsKeyArn: key,
      LogRetentionDays: '7',
      AuditSchedule: 'off',
      CollectSchedule: 'on',
      ScratchDays: '3',
      SupersededDays: '40',
    };
    expect(account.stack?.deployment.parameters).toMatchObject(given);
    expect(account.stack?.tags).toEqual([{ key: 'team', value: 'shop' }]);
    // What is not said again stays.
    const again = await bootstrap('--yes', '--scratch-days', '5', '--kms-key-arn', 'none', '--tag', 'stage=prod');
    expect(again.exitCode).toBe(0);
    expect(account.stack?.deployment.parameters).toMatchObject({ ...given, ScratchDays: '5', KmsKeyArn: '' });
    expect(account.stack?.tags).toEqual([
      { key: 'team', value: 'shop' },
      { key: 'stage', value: 'prod' },
    ]);
  });
});

describe('a domain that is there', () => {
  test('is tried and left alone where it is as it should be', async () => {
    await withDomain();
    const { exitCode, stdout, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([
      0,
      `the domain of account ${PLACE.account} in us-east-1 is up to date, and works\n`,
    ]);
    expect(stdout).toContain(BUCKET);
    expect(account.asked).not.toContain('ExecuteChangeSet');
    await expectTidy();
    const dry = await bootstrap('--dry-run');
    expect(dry.stdout).toContain('is up to date: nothing would change');
  });

  test('is updated in one step, with a new keeper', async () => {
    await withDomain();
    const before = account.stack?.deployment.parameters['KeeperCode'];
    const { template } = account.installation;
    account.installation = {
      version: '0.2.0',
      keeper: 'exports.handler = async () => 2;\n',
      template: template.replaceAll('0.1.0', '0.2.0'),
    };
    const { exitCode, stdout } = await bootstrap('--yes', '--json');
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { outcome: 'updated', version: '0.2.0' }]);
    expect(account.asked.filter((action) => action === 'ExecuteChangeSet')).toHaveLength(1);
    expect(account.stack?.deployment.parameters['KeeperCode']).not.toBe(before);
    expect(account.keys('blobs/')).toHaveLength(2);
  });

  test('is not made older, unless that is wanted', async () => {
    await withDomain();
    const { template, keeper } = account.installation;
    account.installation = { version: '0.0.9', keeper, template: template.replaceAll('0.1.0', '0.0.9') };
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining('the domain is of version 0.1.0, newer than this tool'),
    ]);
    expect(account.asked).not.toContain('CreateChangeSet');
    const forced = await bootstrap('--yes', '--force-downgrade', '--json');
    expect(JSON.parse(forced.stdout)).toMatchObject({ outcome: 'updated', version: '0.0.9' });
  });

  test.each([
    ['FunctionName: cfn-artifacts-reference', 'FunctionName: another', "replace 'ReferenceFunction'"],
    ['RoleName: !Sub "cfn-artifacts-keeper-${AWS::Region}"', 'RoleName: another', "replace 'KeeperRole'"],
  ])('loses nothing that must last (%s)', async (from, to, says) => {
    await withDomain();
    const { template } = account.installation;
    expect(template).toContain(from);
    account.installation = { ...account.installation, template: template.replace(from, to) };
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(says)]);
    expect(account.asked).not.toContain('ExecuteChangeSet');
    await expectTidy();
  });

  test('takes legal holds only where its bucket does, which is asked before anything is changed', async () => {
    await open();
    const early = await bootstrap('--yes', '--legal-hold');
    expect([early.exitCode, early.stderr]).toEqual([
      2,
      expect.stringContaining('a new domain takes no legal holds: its bucket has no Object Lock yet'),
    ]);
    expect(early.stderr).toMatch(
      /put-object-lock-configuration --bucket \S+ .*\n.*cfn-artifacts bootstrap --legal-hold/,
    );
    expect(account.asked).not.toContain('CreateChangeSet');
    expect((await bootstrap('--yes')).exitCode).toBe(0);
    account.asked.length = 0;
    const enabling = 'put-object-lock-configuration --bucket cfn-artifacts-111122223333-us-east-1';
    const refused = await bootstrap('--yes', '--legal-hold');
    expect([refused.exitCode, refused.stderr]).toEqual([
      expect.any(Number),
      expect.stringMatching(/takes no legal holds, and its domain wants them/),
    ]);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain(enabling);
    expect(account.asked).not.toContain('CreateChangeSet');
    // Nobody asks who does not want them.
    account.server.requests.length = 0;
    expect((await bootstrap('--yes')).exitCode).toBe(0);
    expect(account.server.requests.map(({ operation }) => operation)).not.toContain('GetObjectLockConfiguration');

    await enableObjectLock(account);
    expect((await bootstrap('--yes', '--legal-hold')).exitCode).toBe(0);
    expect(account.stack?.deployment.parameters['LegalHold']).toBe('on');
  });

  test('that was left behind takes legal holds only where its bucket does', async () => {
    await withDomain();
    await account.engine.deleteStack('cfn-artifacts');
    const refused = await bootstrap('--yes', '--legal-hold');
    expect(refused.stderr).toContain('put-object-lock-configuration');
    expect(account.asked).not.toContain('CreateChangeSet');
    await enableObjectLock(account);
    expect((await bootstrap('--yes', '--legal-hold')).exitCode).toBe(0);
    expect(account.stack?.deployment.parameters['LegalHold']).toBe('on');
  });

  test.each([
    ['absent', /the function 'cfn-artifacts-reference' of the domain is not there/, 2],
    ['Failed', /the function 'cfn-artifacts-reference' of the domain is Failed/, 2],
    ['denied', /warning: it is not known whether the function 'cfn-artifacts-reference' runs/, 0],
    ['Inactive', /is up to date, and works/, 0],
  ])('has a function that is %s in Lambda', async (state, says, code) => {
    await withDomain();
    account.functionStates.set('cfn-artifacts-reference', state);
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([code, expect.stringMatching(says)]);
  });
});

describe('a bucket without a stack', () => {
  /** As it is after the domain's stack was deleted. */
  async function deleteStack(): Promise<void> {
    const { status } = await account.engine.deleteStack('cfn-artifacts');
    expect(status).toBe('DELETE_COMPLETE');
    expect(account.keys('domain')).toEqual(['domain']);
  }

  test('comes to belong to a new one, with all that is in it', async () => {
    await withDomain();
    const before = new Map(account.keys('').map((key) => [key, account.bucket?.current(key)?.versionId]));
    const policy = account.bucket?.policy?.text;
    await deleteStack();
    const { exitCode, stdout, stderr } = await bootstrap('--yes', '--json', '--tag', 'team=shop');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'created',
      steps: [
        {
          does: 'import',
          changes: [
            { action: 'Import', logicalId: 'Bucket', type: 'AWS::S3::Bucket' },
            { action: 'Import', logicalId: 'BucketPolicy', type: 'AWS::S3::BucketPolicy' },
          ],
        },
        { does: 'update' },
      ],
    });
    for (const [key, versionId] of before) expect(account.bucket?.current(key)?.versionId).toBe(versionId);
    expect(account.bucket?.policy?.text).toBe(policy);
    expect(account.stack?.outputs.map(({ key }) => key)).toContain('Keeper');
    expect(account.stack?.tags).toEqual([{ key: 'team', value: 'shop' }]);
    // What the imported resources are from now on is what the template says.
    expect(account.stack?.resources.get('Bucket')?.declared.deletionPolicy).toBe('RetainExceptOnCreate');
  });

  test.each([
    [[], true],
    [['--kms-key-arn', 'none'], false],
  ])('goes on with its KMS key, unless %j', async (flags, goesOn) => {
    const key = `arn:aws:kms:us-east-1:${PLACE.account}:key/0a1b`;
    await withDomain({}, '--kms-key-arn', key);
    await deleteStack();
    expect(account.bucket?.encryption).toMatchObject({ kmsKeyId: key });
    expect((await bootstrap('--yes', ...flags)).exitCode).toBe(0);
    expect(account.stack?.deployment.parameters['KmsKeyArn']).toBe(goesOn ? key : '');
  });

  test('comes to belong to a new one where it is empty, and was never a domain', async () => {
    await open({ outside: { 'AWS::S3::Bucket': [BUCKET] } });
    account.server.createBucket(BUCKET, { owner: PLACE.account, region: PLACE.region });
    account.bucket?.put('scratch/probe-1/record', objectOf('left'), {}, tick(), new Date());
    const { exitCode, stdout } = await bootstrap('--yes', '--json');
    const { steps } = JSON.parse(stdout) as { steps: { does: string; changes: { logicalId: string }[] }[] };
    expect([exitCode, steps.map(({ does }) => does)]).toEqual([0, ['import', 'update', 'update']]);
    expect(steps[0]?.changes.map(({ logicalId }) => logicalId)).toEqual(['Bucket']);
    expect(account.bucket?.versioning).toBe('Enabled');
    expect(account.keys('domain')).toEqual(['domain']);
  });

  test('keeps its versioning and its policy where the stack comes to nothing, and another run goes on', async () => {
    await withDomain();
    const policy = account.bucket?.policy?.text ?? '';
    await deleteStack();
    const stop = account.engine.inject([
      { logicalId: 'KeeperRole', on: 'Create', does: { kind: 'fail', reason: 'no roles today' } },
    ]);
    const failed = await bootstrap('--yes');
    stop();
    expect([failed.exitCode, failed.stderr]).toEqual([
      2,
      expect.stringContaining('KeeperRole (AWS::IAM::Role): no roles today'),
    ]);
    expect(account.stack?.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(account.stack?.resources.get('Bucket')?.properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
    });
    expect(JSON.parse(account.bucket?.policy?.text ?? '')).toEqual(JSON.parse(policy));
    const again = await bootstrap('--yes', '--json');
    expect([again.exitCode, JSON.parse(again.stdout)]).toMatchObject([0, { steps: [{ does: 'update' }] }]);
  });

  test('keeps versions again where somebody had suspended that, with a warning', async () => {
    await withDomain();
    await deleteStack();
    account.bucket!.versioning = 'Suspended';
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('has kept no versions for a time')]);
    expect(account.bucket?.versioning).toBe('Enabled');
    expect(account.stack?.resources.get('Bucket')?.properties).toHaveProperty('VersioningConfiguration');
  });

  test('is not lost where taking it over fails, and another run goes on', async () => {
    await withDomain();
    await deleteStack();
    const policy = account.bucket?.policy?.text;
    const stop = account.engine.inject([
      { logicalId: 'BucketPolicy', on: 'Create', does: { kind: 'fail', reason: 'not today' } },
    ]);
    const failed = await bootstrap('--yes');
    stop();
    expect([failed.exitCode, failed.stderr]).toEqual([
      2,
      expect.stringContaining(
        "'cfn-artifacts' is IMPORT_ROLLBACK_COMPLETE because of BucketPolicy (AWS::S3::BucketPolicy): not today",
      ),
    ]);
    expect([account.keys('domain'), account.bucket?.policy?.text]).toEqual([['domain'], policy]);
    const again = await bootstrap('--yes', '--json');
    expect([again.exitCode, JSON.parse(again.stdout)]).toMatchObject([
      0,
      { outcome: 'created', steps: [{ does: 'delete' }, { does: 'import' }, { does: 'update' }] },
    ]);
  });

  test('is refused where something else is in it', async () => {
    await open({ outside: { 'AWS::S3::Bucket': [BUCKET] } });
    account.server.createBucket(BUCKET, { owner: PLACE.account, region: PLACE.region });
    account.bucket?.put('photos/1.jpg', objectOf('a'), {}, tick(), new Date());
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("is no domain, and not empty: it has 'photos/1.jpg'"),
    ]);
    expect(account.asked).toEqual(['DescribeStacks']);
  });

  test('is refused where it is a copy of another domain', async () => {
    await open({ outside: { 'AWS::S3::Bucket': [BUCKET] } });
    account.server.createBucket(BUCKET, { owner: PLACE.account, region: PLACE.region });
    const text = JSON.stringify({ format: 1, partition: 'aws', ...PLACE, account: OTHER_ACCOUNT, bucket: 'other' });
    account.bucket?.put('domain', objectOf(text), {}, tick(), new Date());
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("is that of 'other'")]);
  });

  test.each([
    ['shut to everybody else', undefined],
    [
      'open to everybody',
      { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: [BUCKET_ARN, `${BUCKET_ARN}/*`] },
    ],
  ])('is refused where it is another account’s, %s', async (_how, statement) => {
    await open();
    const bucket = account.server.createBucket(BUCKET, { owner: OTHER_ACCOUNT, region: PLACE.region });
    if (statement !== undefined) {
      const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      bucket.policy = { text, policy: parseBucketPolicy(text, BUCKET_ARN) };
    }
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('somebody else has taken its name')]);
    expect(account.asked).toEqual(['DescribeStacks']);
  });

  test('is refused where it is in another Region', async () => {
    await open();
    account.server.createBucket(BUCKET, { owner: PLACE.account, region: 'eu-west-1' });
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`'${BUCKET}' is in eu-west-1, not in us-east-1`)]);
  });
});

describe('a stack that', () => {
  /** Its creation fails by this resource. */
  async function failing(logicalId: string, reason: string, times = 1): Promise<void> {
    await open();
    const stop = account.engine.inject([{ logicalId, on: 'Create', times, does: { kind: 'fail', reason } }]);
    const { exitCode, stderr } = await bootstrap('--yes');
    stop();
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`because of ${logicalId} (`)]);
    expect(stderr).toContain(reason);
    expect(stderr).toContain('run cfn-artifacts bootstrap again');
  }

  test('failed to be created is deleted after a question, and made anew', async () => {
    await failing('ReferenceRole', 'the limit of roles is reached');
    expect(account.stack?.status).toBe('ROLLBACK_COMPLETE');
    expect(account.bucket).toBeUndefined();
    account.answer = async () => 'n';
    const declined = await bootstrap();
    expect([declined.exitCode, declined.stderr]).toEqual([2, expect.stringContaining('never came to be')]);
    expect(account.stack?.status).toBe('ROLLBACK_COMPLETE');
    const questions: string[] = [];
    account.answer = async (question) => {
      questions.push(question);
      return 'yes';
    };
    const { exitCode } = await bootstrap();
    expect([exitCode, questions]).toEqual([0, ['Make these changes? [y/N] ']]);
    expect(account.stack?.status).toBe('UPDATE_COMPLETE');
  });

  test.each(['CREATE_FAILED', 'ROLLBACK_FAILED'] as const)(
    'is %s is made anew, with the bucket that it left',
    async (status) => {
      await failing('KeeperRole', 'no');
      account.stack!.status = status;
      const dry = await bootstrap('--dry-run', '--json');
      expect(JSON.parse(dry.stdout)).toMatchObject({ outcome: 'planned', steps: [{ does: 'delete', changes: [] }] });
      const { exitCode, stdout } = await bootstrap('--yes', '--json');
      expect([exitCode, JSON.parse(stdout)]).toMatchObject([
        0,
        { outcome: 'created', steps: [{ does: 'delete' }, {}, {}] },
      ]);
    },
  );

  test.each([
    [
      'UPDATE_ROLLBACK_FAILED',
      'aws cloudformation continue-update-rollback --stack-name cfn-artifacts --region us-east-1',
    ],
    ['DELETE_FAILED', 'aws cloudformation delete-stack --stack-name cfn-artifacts --region us-east-1'],
    ['SOMETHING_NEW', 'aws cloudformation describe-stack-events --stack-name cfn-artifacts --region us-east-1'],
  ])('is %s is left alone, and it is said what to do', async (status, remedy) => {
    await withDomain();
    account.stack!.status = status as 'DELETE_FAILED';
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`the stack 'cfn-artifacts' is ${status}`)]);
    expect(stderr).toContain(remedy);
    expect(account.asked).toEqual(['DescribeStacks']);
  });

  test.each(['UPDATE_ROLLBACK_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE', 'IMPORT_COMPLETE'])(
    'is %s is updated',
    async (status) => {
      await withDomain();
      account.stack!.status = status as 'UPDATE_ROLLBACK_COMPLETE';
      const { exitCode } = await bootstrap('--yes');
      expect(exitCode).toBe(0);
    },
  );

  test('is somebody else’s is left alone', async () => {
    await open();
    await account.engine.deploy('cfn-artifacts', '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}');
    const { exitCode, stderr } = await bootstrap('--yes');
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("the stack 'cfn-artifacts' in us-east-1 is no domain of this tool"),
    ]);
    expect(account.asked).toEqual(['DescribeStacks']);
  });

  test('is only an intention is made', async () => {
    await open();
    account.between = (action) => (action === 'DeleteChangeSet' ? { code: 'Throttling', status: 400 } : undefined);
    const first = await bootstrap();
    expect([first.exitCode, first.stderr]).toEqual([
      2,
      expect.stringContaining('aws cloudformation delete-change-set'),
    ]);
    expect(account.stack?.status).toBe('REVIEW_IN_PROGRESS');
    account.between = () => undefined;
    expect((await bootstrap('--yes')).exitCode).toBe(0);
  });

  test('is updated and fails stays as it was', async () => {
    await withDomain();
    const stop = account.engine.inject([
      {
        logicalId: 'KeeperFunction',
        on: 'Update',
        does: { kind: 'fail', reason: 'User: arn:x is not authorized to perform: lambda:UpdateFunctionCode' },
      },
    ]);
    account.installation = { ...account.installation, keeper: 'exports.handler = 3;\n' };
    const { exitCode, stderr } = await bootstrap('--yes');
    stop();
    expect([exitCode, stderr]).toEqual([
      3,
      expect.stringContaining('not authorized to perform: lambda:UpdateFunctionCode'),
    ]);
    expect(stderr).toContain('The stack is as it was before');
    expect(account.stack?.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await bootstrap('--yes')).exitCode).toBe(0);
  });
});
