import {
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
import type { JsonMap } from '../../../packager/doctor/expected.ts';
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
