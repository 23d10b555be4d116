import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BUCKET, PLACE } from '../../support/domain-principals.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { Outcome } from './account.ts';
import { TestAccount } from './account.ts';

/** `package` and `publish` where the account has no domain yet. */

knowEveryError();

const FILES: Files = {
  'template.yaml': `Resources:
  Api: {Type: AWS::Lambda::Function, Properties: {Code: src, Handler: x.h, Runtime: nodejs22.x, Role: r}}
`,
  'src/x.js': 'a',
};

let account: TestAccount;
let project: TestProject;

hideOwnEnvironment();

beforeEach(async () => {
  [account, project] = await Promise.all([TestAccount.open(), TestProject.of(FILES)]);
});

afterEach(async () => {
  await account.close();
});

function here(...argv: string[]): Promise<Outcome> {
  return account.run(argv, { cwd: project.folder });
}

const packaged = (...flags: string[]): Promise<Outcome> =>
  here('package', '--project-root', '.', '--artifact-prefix', 'shop', ...flags);

const SAID = `note: making the domain of account ${PLACE.account} in us-east-1, which takes some minutes: bucket ${BUCKET} (--no-bootstrap forbids it)\n`;
const NOTHING = { stack: undefined, bucket: false, changeSets: 0 };

describe('package makes the domain', () => {
  test('in one line, and puts the artifacts there', async () => {
    const { exitCode, stdout, stderr } = await packaged();
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(SAID)]);
    expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('uploaded '))).toEqual([SAID.trim()]);
    expect(stdout).toContain('Custom::ArtifactRef');
    expect(await account.left()).toEqual({ stack: 'UPDATE_COMPLETE', bucket: true, changeSets: 0 });
    expect(
      account
        .keys('versions/')
        .map((key) => key.replace(/\/!.*/, ''))
        .sort(),
    ).toEqual(['versions/default/cfn-artifacts/keeper', 'versions/default/shop/src']);
    const again = await packaged();
    expect([again.exitCode, again.stderr, again.stdout]).toEqual([0, '', stdout]);
  });

  test('and so does publish', async () => {
    const { exitCode, stdout, stderr } = await here('publish', 'src', '--id', 'shop/src');
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(SAID)]);
    expect(stdout).toMatch(/^arn:aws:artifacts:us-east-1:111122223333:default\/shop\/src:1@sha256:/);
  });

  test('once, where two begin together', async () => {
    const outcomes = await Promise.all([packaged(), packaged('--artifact-prefix', 'other')]);
    expect(outcomes.map(({ exitCode, stderr }) => [exitCode, stderr.includes('error')])).toEqual([
      [0, false],
      [0, false],
    ]);
    expect(await account.left()).toEqual({ stack: 'UPDATE_COMPLETE', bucket: true, changeSets: 0 });
  });

  test('and waits for one that is being made, whose bucket is there already', async () => {
    await account.close();
    account = await TestAccount.open({ pace: 3 });
    let second: Promise<Outcome> | undefined;
    account.between = () => {
      if (account.bucket !== undefined && account.keys('domain').length === 0) second ??= packaged();
      return undefined;
    };
    expect((await packaged('--artifact-prefix', 'other')).exitCode).toBe(0);
    expect(second).toBeDefined();
    const { exitCode, stderr } = await second!;
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(SAID)]);
    expect(await account.left()).toEqual({ stack: 'UPDATE_COMPLETE', bucket: true, changeSets: 0 });
  });

  test('of a bucket that is there and is none', async () => {
    await account.close();
    account = await TestAccount.open({ outside: { 'AWS::S3::Bucket': [BUCKET] } });
    account.server.createBucket(BUCKET, { owner: PLACE.account, region: PLACE.region });
    const { exitCode, stderr } = await packaged();
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(SAID)]);
    expect(await account.left()).toEqual({ stack: 'UPDATE_COMPLETE', bucket: true, changeSets: 0 });
  });

  test('and its document of --json is one', async () => {
    const { exitCode, stdout } = await packaged('--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ artifacts: [{ outcome: 'uploaded' }], warnings: [] });
  });
});

describe('package makes no domain', () => {
  test.each([
    ['with --no-bootstrap', ['--no-bootstrap'], false],
    ['with the key of samconfig', [], true],
  ])('%s', async (_how, flags, hasFile) => {
    if (hasFile)
      project.write({ 'samconfig.toml': 'version = 0.1\n[default.package.parameters]\nno_bootstrap = true\n' });
    const { exitCode, stderr } = await packaged(...flags);
    expect([exitCode, stderr]).toEqual([
      3,
      expect.stringContaining("Make it with 'cfn-artifacts bootstrap --region us-east-1'"),
    ]);
    expect(await account.left()).toEqual(NOTHING);
  });

  test('by a dry run, which says that it would', async () => {
    const { exitCode, stdout, stderr } = await packaged('--dry-run');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `note: would make the domain of account ${PLACE.account} in us-east-1: bucket ${BUCKET}\n`,
    );
    expect(stdout).toMatch(/would upload +default\/shop\/src|would upload +shop\/src/);
    expect(await account.left()).toEqual(NOTHING);
    expect(account.asked).toEqual([]);
  });

  test.each([
    ['another domain', ['--domain', 's3://some-other-bucket']],
    ['a plain bucket', ['--s3-bucket', 'some-other-bucket']],
    ['another account’s', ['--domain-owner', '999988887777']],
  ])('where %s is named', async (_what, flags) => {
    const { exitCode } = await packaged(...flags);
    expect(exitCode).toBe(3);
    expect(await account.left()).toEqual(NOTHING);
    expect(account.asked).toEqual([]);
  });

  test('where only who reads asks', async () => {
    const { exitCode, stderr } = await here('list');
    expect([exitCode, stderr]).toEqual([
      3,
      expect.stringContaining("Make it with 'cfn-artifacts bootstrap --region us-east-1'"),
    ]);
    expect(account.asked).toEqual([]);
  });

  test.each(['DescribeStacks', 'CreateChangeSet'])('without the right to %s, and says who can', async (denied) => {
    account.between = (action) => (action === denied ? { code: 'AccessDenied', status: 403 } : undefined);
    const { exitCode, stderr } = await packaged();
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`cloudformation:${denied} is needed`)]);
    expect(stderr).toContain("Ask an administrator of the account to run 'cfn-artifacts bootstrap' once, or upload");
    expect(stderr).toContain('--s3-bucket');
  });

  test('over what is left of a stack that never came to be: that is asked about', async () => {
    const stop = account.engine.inject([
      { logicalId: 'KeeperRole', on: 'Create', does: { kind: 'fail', reason: 'no' } },
    ]);
    const failed = await packaged();
    stop();
    expect([failed.exitCode, failed.stderr]).toEqual([2, expect.stringContaining('KeeperRole (AWS::IAM::Role): no')]);
    const { exitCode, stderr } = await packaged();
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("its stack 'cfn-artifacts' never came to be")]);
    expect((await account.left()).stack).toBe('ROLLBACK_COMPLETE');
  });

  test('where nothing was built', async () => {
    const { tools } = account;
    const { readInstallation } = await import('../../../packager/bootstrap/installation.ts');
    Object.assign(tools, { installation: () => readInstallation(project.folder) });
    project.write({ 'package.json': '{"name": "cfn-artifacts", "version": "1.0.0"}' });
    const { exitCode, stderr } = await packaged();
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('In a checkout: npm run build.')]);
    expect(stderr).toContain("'templates/domain.yaml'");
    expect(stderr).toContain("'dist/keeper/index.js'");
    expect(await account.left()).toEqual(NOTHING);
  });
});
