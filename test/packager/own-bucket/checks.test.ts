import {
  DeleteObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketReplicationCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OWN_BUCKET_ACTIONS, OWN_BUCKET_CHECKS } from '../../../packager/own-bucket/checks.ts';
import { formatStatements, mergePolicy } from '../../../packager/own-bucket/policy.ts';
import { PROMISES, statementsFor } from '../../../packager/own-bucket/statements.ts';
import type { Finding, Result, Status } from '../../../packager/check.ts';
import type { JsonMap } from '../../../packager/bucket/json.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';
import { shown, soundBucket } from './ground.ts';

/** What a bucket is looked at for before a repository may have its content in it: told all at once, before anything is changed. */

knowEveryError();
hideOwnEnvironment();

const OTHER = '999988887777';
/** The account's own domain: its functions have roles. */
const DOMAIN = `cfn-artifacts-${TEST_ACCOUNT}-us-east-1`;
const TEAM = 'team-content';
const PLACE = { partition: 'aws', account: TEST_ACCOUNT, region: 'us-east-1', bucket: DOMAIN };

let server: S3Server;
let own: Bucket;
let team: Bucket;
let project: TestProject;
let client: S3Client;

beforeEach(async () => {
  server = await startS3Server({ identities: { test: { account: TEST_ACCOUNT }, other: { account: OTHER } } });
  own = server.createBucket(DOMAIN, { versioning: 'Enabled' });
  team = await soundBucket(server, TEAM);
  project = await TestProject.of({ 'one.txt': 'one' });
  project.env = awsEnvironment(server);
  client = new S3Client(server.clientConfig());
  const body = JSON.stringify({ format: 1, ...PLACE });
  await client.send(new PutObjectCommand({ Bucket: DOMAIN, Key: 'domain', Body: body, IfNoneMatch: '*' }));
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

const create = (...flags: string[]): Promise<Outcome> =>
  project.run('repository', 'create', 'team', '--bucket', TEAM, ...flags);

/** Nothing is left that says that there is such a repository. */
function expectUntouched(bucket: Bucket | undefined, policy: string | undefined): void {
  expect(shown(own)).toEqual(['domain']);
  if (bucket === undefined) return;
  expect(bucket.policy?.text).toBe(policy);
  expect(shown(bucket, 'cfn-artifacts')).toEqual([]);
}

const put = {
  key: (key: string, body = 'x') => client.send(new PutObjectCommand({ Bucket: TEAM, Key: key, Body: body })),
  encryption: (key: string) =>
    client.send(
      new PutBucketEncryptionCommand({
        Bucket: TEAM,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } }],
        },
      }),
    ),
};

const BROKEN: Readonly<Record<string, readonly [break_: () => unknown, problem: RegExp, remedy: RegExp]>> = {
  'is not there': [
    () => server.buckets.delete(TEAM),
    /bucket 'team-content' does not exist|no bucket/i,
    /Name a bucket of account/,
  ],
  'belongs to another account': [
    () => {
      const open = { Effect: 'Allow' as const, Principal: '*' as const, Action: 's3:*', Resource: '*' };
      server.createBucket(TEAM, { versioning: 'Enabled', owner: OTHER, policy: { Statement: open } });
    },
    /does not belong to account/,
    /Name a bucket of account/,
  ],
  'belongs to another account that tells nothing': [
    () => server.createBucket(TEAM, { versioning: 'Enabled', owner: OTHER }),
    /access to 'team-content' is denied/,
    /Of another account's bucket S3 says no more than that/,
  ],
  'is in another region': [
    () => server.createBucket(TEAM, { versioning: 'Enabled', region: 'eu-west-1' }),
    /is in eu-west-1, and the domain in us-east-1: Lambda takes code from a bucket of its own Region alone/,
    /Name a bucket in us-east-1/,
  ],
  'is a domain': [() => put.key('domain'), /'team-content' is a domain/, /Name a bucket that is none/],
  'has another domain’s content': [
    () => put.key('cfn-artifacts', JSON.stringify({ format: 1, ...PLACE, bucket: 'others-domain' })),
    /has content of the domain 'others-domain'/,
    /Name another bucket/,
  ],
  'has content of nobody': [
    () => put.key('blobs/sha256/plain-upload.zip'),
    /there is something below 'blobs\/' .* like 'blobs\/sha256\/plain-upload.zip'/,
    /a bucket of plain uploads/,
  ],
  'keeps no versions': [
    () => (team.versioning = 'Suspended'),
    /versioning of 'team-content' is suspended/,
    /put-bucket-versioning --bucket team-content/,
  ],
  'is encrypted with another account’s key': [
    () => put.encryption(`arn:aws:kms:us-east-1:${OTHER}:key/0a1b`),
    /encrypted with a key of another account or Region/,
    /Let a key of this account and Region encrypt it/,
  ],
  'may be made public': [
    () =>
      client.send(
        new PutPublicAccessBlockCommand({
          Bucket: TEAM,
          PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: true },
        }),
      ),
    /BlockPublicPolicy, RestrictPublicBuckets are off/,
    /put-public-access-block --bucket team-content/,
  ],
  'may have objects of others': [
    () =>
      client.send(
        new PutBucketOwnershipControlsCommand({
          Bucket: TEAM,
          OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
        }),
      ),
    /object ownership of 'team-content' is ObjectWriter/,
    /put-bucket-ownership-controls/,
  ],
  'locks what is written': [
    async () => {
      team.objectLock = true;
      await client.send(
        new PutObjectLockConfigurationCommand({
          Bucket: TEAM,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 30 } },
          },
        }),
      );
    },
    /is locked for 30 days/,
    /Remove the default retention/,
  ],
  'has a rule that eats content': [
    () =>
      client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: TEAM,
          LifecycleConfiguration: {
            Rules: [{ ID: 'old', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 90 } }],
          },
        }),
      ),
    /lifecycle rule 'old' of 'team-content' lets current versions expire after 90 days: what is in use below 'blobs\/' goes/,
    /narrow it to prefixes beside 'blobs\/'/,
  ],
  'has a rule that freezes content': [
    () =>
      client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: TEAM,
          LifecycleConfiguration: {
            Rules: [
              {
                ...{ ID: 'cold', Status: 'Enabled', Filter: { Prefix: 'blobs/' } },
                Transitions: [{ Days: 1, StorageClass: 'DEEP_ARCHIVE' }],
              },
            ],
          },
        }),
      ),
    /lifecycle rule 'cold' .* can't read it there/,
    /narrow it/,
  ],
  'has a policy that shuts the functions out': [
    () => {
      const policy = {
        Version: '2012-10-17',
        Statement: [
          {
            ...{ Sid: 'OnlyUs', Effect: 'Deny' as const, Principal: '*' as const },
            ...{ Action: 's3:GetObject', Resource: `${team.arn}/*` },
            Condition: { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/team' } },
          },
        ],
      };
      team.policy = { text: JSON.stringify(policy), policy };
    },
    /'OnlyUs' in the policy of 'team-content' may deny the domain's functions \(cfn-artifacts-/,
    /Except them from it/,
  ],
};

describe('a bucket that', () => {
  test.each(Object.entries(BROKEN))('%s is refused, and stays as it is', async (_, [break_, problem, remedy]) => {
    await break_();
    const before = server.buckets.get(TEAM);
    const policy = before?.policy?.text;
    const claims = before === undefined ? [] : shown(before, 'cfn-artifacts');
    const { exitCode, stderr, stdout } = await create('--apply-policy');
    expect(stderr).toMatch(problem);
    expect(stderr).toMatch(remedy);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(shown(own)).toEqual(['domain']);
    expect(before?.policy?.text).toBe(policy);
    if (before !== undefined) expect(shown(before, 'cfn-artifacts')).toEqual(claims);
  });

  test('has everything wrong with it is told all of it at once', async () => {
    for (const name of [
      'keeps no versions',
      'may be made public',
      'may have objects of others',
      'has content of nobody',
      'has a rule that eats content',
    ])
      await BROKEN[name]?.[0]();
    const { exitCode, stderr } = await create();
    expect(exitCode).toBe(3);
    for (const text of [
      'versioning of',
      'public access block',
      'object ownership',
      "something below 'blobs/'",
      'lifecycle rule',
      'CfnArtifactsFunctionsRead',
    ])
      expect(stderr).toContain(text);
    expectUntouched(team, undefined);
  });

  test('may not be looked at is refused, with what is missing', async () => {
    const policies = [
      {
        Statement: [
          { Effect: 'Allow' as const, Action: 's3:*', Resource: '*' },
          {
            Effect: 'Deny' as const,
            Action: ['s3:GetLifecycleConfiguration', 's3:GetBucketPolicy'],
            Resource: team.arn,
          },
        ],
      },
    ];
    server.identities.set('test', { account: TEST_ACCOUNT, policies });
    const { exitCode, stderr } = await create('--apply-policy');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('it is not known whether no lifecycle rule eats content');
    expect(stderr).toContain('Allow s3:GetLifecycleConfiguration');
    expect(stderr).toContain('Allow s3:GetBucketPolicy');
    expectUntouched(team, undefined);
  });

  test('is replicated, or encrypted with a key of the account’s, is taken with a warning', async () => {
    await put.encryption(`arn:aws:kms:us-east-1:${TEST_ACCOUNT}:key/0a1b`);
    await client.send(
      new PutBucketReplicationCommand({
        Bucket: TEAM,
        ReplicationConfiguration: {
          Role: 'arn:aws:iam::111122223333:role/r',
          Rules: [{ Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::backup' } }],
        },
      }),
    );
    const { exitCode, stderr } = await create('--apply-policy');
    expect(stderr).toContain("'team-content' is replicated to backup");
    expect(stderr).toContain('whose policy is not looked at');
    expect(stderr).toContain('role/cfn-artifacts-keeper-us-east-1');
    // The server's identity may use the key.
    expect(exitCode).toBe(0);
  });

  test('is the domain’s own is refused', async () => {
    const { exitCode, stderr } = await project.run(
      'repository',
      'create',
      'team',
      '--bucket',
      DOMAIN,
      '--apply-policy',
    );
    expect(exitCode).toBe(3);
    expect(stderr).toContain("is the domain's own bucket");
  });

  test('two domains want at the same moment becomes one’s alone', async () => {
    const other = server.createBucket('others-domain', { versioning: 'Enabled' });
    const ask = (...domain: string[]): Promise<Outcome> =>
      project.run('repository', 'create', 'team', '--bucket', TEAM, '--apply-policy', ...domain);
    const outcomes = await Promise.all([ask(), ask('--domain', 's3://others-domain')]);
    expect(outcomes.map(({ exitCode }) => exitCode).filter((code) => code === 0)).toHaveLength(1);
    expect([...shown(own, 'repositories/team'), ...shown(other, 'repositories/team')]).toHaveLength(1);
  });
});

/** A domain that is a bucket: nothing but S3 is asked. */
const SHOP = 's3://shop-artifacts';

interface Doctored {
  readonly ownBuckets: readonly {
    readonly bucket: string;
    readonly repositories: readonly string[];
    readonly checks: readonly Result[];
  }[];
  readonly summary: Readonly<Record<Status, number>>;
}

/** What a broken bucket in use is told to do, where that is not what is told before. `undefined`: in use it is not broken. */
const IN_USE: Readonly<Record<string, RegExp | undefined>> = {
  'is not there': /^What 'team' had is to be found nowhere else. Make a bucket of that name in us-east-1/,
  'belongs to another account': /^What 'team' had is to be found nowhere else/,
  'is in another region': /^What 'team' had is to be found nowhere else/,
  'is a domain': /^Remove its object 'domain' .* Else promote what 'team' has into another repository/,
  'has another domain’s content': /^Promote what 'team' has into another repository/,
  'has content of nobody': undefined,
  // Nor has that domain functions.
  'has a policy that shuts the functions out': undefined,
  // What is not known has no finding.
  'belongs to another account that tells nothing': undefined,
};

describe('a bucket in use', () => {
  beforeEach(async () => {
    server.createBucket('shop-artifacts', { versioning: 'Enabled' });
    await made('team');
  });

  const made = async (repository: string): Promise<void> => {
    const flags = ['--bucket', TEAM, '--apply-policy', '--domain', SHOP];
    expect(await project.run('repository', 'create', repository, ...flags)).toMatchObject({ exitCode: 0 });
  };
  const doctor = async (...flags: string[]): Promise<Doctored> =>
    JSON.parse((await project.run('doctor', '--json', '--domain', SHOP, ...flags)).stdout) as Doctored;
  const findings = ({ ownBuckets }: Doctored): readonly Finding[] =>
    ownBuckets.flatMap(({ checks }) => checks.flatMap((one) => one.findings));
  /** As a person would do what a remedy says. */
  const follow = (remedy: string): Promise<Outcome> =>
    project.run(...remedy.replace(/^Run: cfn-artifacts /, '').split(' '));

  test('is looked at by the same checks, once, and told under the names of its repositories', async () => {
    await made('tools');
    await put.key('notes/of-the-team');
    const { ownBuckets, summary } = await doctor();
    const checks = OWN_BUCKET_CHECKS.map(({ id, asks }) => ({ id, asks, status: 'ok', findings: [] }));
    expect(ownBuckets).toEqual([{ bucket: TEAM, repositories: ['team', 'tools'], checks }]);
    expect(summary.ok).toBeGreaterThan(OWN_BUCKET_CHECKS.length);
    const { stdout } = await project.run('doctor', '--domain', SHOP);
    expect(stdout).toContain(
      "\nrepositories 'team', 'tools', in the bucket 'team-content'\n\nok       bucket              the bucket is there",
    );
    expect((await project.run('doctor', '--domain', SHOP, '--quiet')).stdout).not.toContain(TEAM);
  });

  test.each(Object.entries(BROKEN).filter(([name]) => !(name in IN_USE) || IN_USE[name] !== undefined))(
    'that %s is told',
    async (name, [break_, message, remedy]) => {
      const before = await doctor();
      team.policy = undefined;
      await break_();
      const after = await doctor();
      expect(findings(before)).toEqual([]);
      expect(findings(after).filter((one) => one.severity === 'problem')).toContainEqual(
        expect.objectContaining({
          message: expect.stringMatching(message),
          remedy: expect.stringMatching(IN_USE[name] ?? remedy),
        }),
      );
      expect(after.summary.problem).toBeGreaterThan(before.summary.problem);
      const { stdout } = await project.run('doctor', '--quiet', '--domain', SHOP);
      expect(stdout).toMatch(/\nrepository 'team', in the bucket 'team-content'\n\nproblem /);
    },
  );

  test('that does not say any more whose content it has, or whose policy is gone, is put right by what is told', async () => {
    project.write({ 'one.txt': 'one' });
    const published = ['publish', 'one.txt', '--id', 'tool', '--repository', 'team', '--domain', SHOP];
    expect(await project.run(...published)).toMatchObject({ exitCode: 0 });
    team.policy = undefined;
    await client.send(new DeleteObjectCommand({ Bucket: TEAM, Key: 'cfn-artifacts' }));
    const found = findings(await doctor());
    expect(found.find(({ message }) => message.includes('does not say any more'))).toMatchObject({
      severity: 'warning',
      remedy: `Run: cfn-artifacts repository create team --bucket ${TEAM} --domain ${SHOP}`,
    });
    const [apply, ...others] = new Set(
      found.filter(({ message }) => message.includes('the statement')).map(({ remedy }) => remedy),
    );
    expect({ apply, others }).toEqual({
      apply: `Run: cfn-artifacts repository create team --bucket ${TEAM} --domain ${SHOP} --apply-policy`,
      others: [],
    });
    expect(await follow(apply ?? '')).toMatchObject({ exitCode: 0 });
    expect(findings(await doctor())).toEqual([]);
    expect(shown(team, 'cfn-artifacts')).toEqual(['cfn-artifacts']);
  });

  test('that may not be looked at is not known to be right', async () => {
    const [allowed, denied] = [
      { Effect: 'Allow' as const, Action: 's3:*', Resource: '*' },
      { Effect: 'Deny' as const, Action: ['s3:GetLifecycleConfiguration'], Resource: team.arn },
    ];
    server.identities.set('test', { account: TEST_ACCOUNT, policies: [{ Statement: [allowed, denied] }] });
    const { ownBuckets, summary } = await doctor();
    expect(ownBuckets[0]?.checks.filter(({ status }) => status !== 'ok')).toMatchObject([
      { id: 'lifecycle', status: 'unknown', missing: ['s3:GetLifecycleConfiguration'] },
    ]);
    expect(summary.unknown).toBe(1);
  });

  test('is not looked for where there is none, nor where its repository is gone', async () => {
    const { exitCode } = await project.run('repository', 'delete', 'team', '--yes', '--domain', SHOP);
    expect(exitCode).toBe(0);
    expect((await doctor()).ownBuckets).toEqual([]);
  });
});

describe('its policy', () => {
  const wanted = { domain: PLACE, bucket: TEAM, hasFunctions: true };
  const ours = statementsFor(wanted);
  const theirs: JsonMap = {
    ...{ Sid: 'Theirs', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${TEST_ACCOUNT}:role/team` } },
    ...{ Action: 's3:GetObject', Resource: `arn:aws:s3:::${TEAM}/reports/*` },
  };

  test('is printed, ready to paste, where it lacks something, and the bucket is refused', async () => {
    const { exitCode, stderr } = await create();
    expect(exitCode).toBe(3);
    expect(stderr).toContain(formatStatements(ours));
    expect(stderr).toContain("without it the domain's functions can't do their work there");
    expect(stderr).toContain('whoever publishes needs this');
    expectUntouched(team, undefined);
    // Pasted as it stands there it is enough.
    const text = `{"Version":"2012-10-17","Statement":[${formatStatements(ours)}]}`;
    team.policy = { text, policy: JSON.parse(text) as never };
    expect(await create()).toMatchObject({ exitCode: 0 });
  });

  test('may lack what only protects, and what can’t be promised then is told', async () => {
    const protecting = Object.keys(PROMISES).map((name) => `CfnArtifacts${name}`);
    const text = JSON.stringify({
      Version: '2012-10-17',
      Statement: ours.filter(({ Sid: sid }) => !protecting.some((name) => name === sid)),
    });
    team.policy = { text, policy: JSON.parse(text) as never };
    const { exitCode, stderr } = await create();
    expect(exitCode).toBe(0);
    for (const [name, promise] of Object.entries(PROMISES)) {
      expect(stderr).toContain(`'CfnArtifacts${name}'`);
      expect(stderr).toContain(promise);
    }
  });

  test('is written with all that others wrote in it, shown as a difference, and again changes nothing', async () => {
    const text = JSON.stringify({ Version: '2008-10-17', Id: 'of-the-team', Statement: theirs });
    team.policy = { text, policy: JSON.parse(text) as never };
    const { exitCode, stderr } = await create('--apply-policy');
    expect(exitCode).toBe(0);
    expect(stderr.match(/^\+ \{"Sid":"CfnArtifacts/gm)).toHaveLength(ours.length);
    expect(stderr).not.toMatch(/^- /m);
    expect(JSON.parse(team.policy.text)).toEqual({
      ...{ Version: '2008-10-17', Id: 'of-the-team', Statement: [theirs, ...ours] },
    });
    const after = team.policy.text;
    const again = await create('--apply-policy');
    expect(again).toMatchObject({ exitCode: 0, stdout: "there already: 'team'\n" });
    expect(again.stderr).not.toContain('is changed like this');
    expect(team.policy.text).toBe(after);
  });

  test('puts right what says something else under one of our names, where it stands', () => {
    const [first, second, ...rest] = ours;
    const broken: JsonMap = { ...second, Action: ['s3:ListBucket'] };
    const before = JSON.stringify({ Version: '2012-10-17', Statement: [broken, theirs, first] });
    const { text, changes } = mergePolicy(before, ours);
    expect(JSON.parse(text)).toEqual({ Version: '2012-10-17', Statement: [second, theirs, first, ...rest] });
    expect(changes.slice(0, 2)).toEqual([`- ${JSON.stringify(broken)}`, `+ ${JSON.stringify(second)}`]);
    expect(mergePolicy(text, ours)).toEqual({ before: text, text, changes: [] });
  });

  test('says nothing of roles where the domain has no functions', () => {
    expect(JSON.stringify(statementsFor({ ...wanted, hasFunctions: false }))).not.toContain(':role/');
  });
});

test('every check says what it asks for', () => {
  for (const { needs, regards } of OWN_BUCKET_CHECKS)
    for (const name of [...needs, ...regards]) expect(OWN_BUCKET_ACTIONS).toHaveProperty(name);
});
