import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';
import { shown, soundBucket, stored } from './ground.ts';

/** A repository whose content stands in a bucket of somebody's own, of a domain that is a bucket too: whoever runs a command keeps it. */

knowEveryError();
hideOwnEnvironment();

const DOMAIN = 'shop-artifacts';
const TEAM = 'team-content';
const LAMBDA = '{Type: AWS::Lambda::Function, Properties: {Code: api, Handler: x.h, Runtime: nodejs22.x, Role: r}}';

let server: S3Server;
let own: Bucket;
let team: Bucket;
let project: TestProject;

beforeEach(async () => {
  server = await startS3Server({ identities: { test: { account: TEST_ACCOUNT } } });
  own = server.createBucket(DOMAIN, { versioning: 'Enabled' });
  team = await soundBucket(server, TEAM);
  project = await TestProject.of({
    'template.yaml': `Resources:\n  Api: ${LAMBDA}\n`,
    ...{ 'api/x.js': 'a', 'one.txt': 'one', 'two.txt': 'two' },
  });
  project.env = awsEnvironment(server);
});

afterEach(async () => {
  await server.close();
});

const call = (...words: string[]): Promise<Outcome> => project.run(...words, '--domain', `s3://${DOMAIN}`);

async function ok(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await call(...words);
  expect({ words, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ words, exitCode: 0, stderr: '' });
  return stdout;
}

async function json(...words: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await ok(...words, '--json')) as Record<string, unknown>;
}

const make = (): Promise<string> => ok('repository', 'create', 'team', '--bucket', TEAM, '--apply-policy');
const publish = (file: string, repository: string, ...more: string[]): Promise<Record<string, unknown>> =>
  json('publish', file, '--id', 'tool', '--repository', repository, ...more);

const contentOf = (bucket: Bucket): string[] => shown(bucket, 'blobs/');

test('is made, told of, and keeps its bucket', async () => {
  expect(await make()).toBe("made the repository 'team'\n");
  expect(await json('repository', 'show', 'team')).toMatchObject({ repository: 'team', bucket: TEAM });
  expect(await ok('repository', 'show', 'team')).toContain(`Bucket`);
  expect(await ok('repository', 'list')).toMatch(new RegExp(`team +everything +${TEAM}`));
  expect(await make()).toBe("there already: 'team'\n");
  await ok('repository', 'update', 'team', '--description', 'of the team', '--yes');
  project.write({ 'rules.yaml': 'lifecycle: [{id: few, match: "**", keepNewest: 3, expireUnusedDays: 9}]\n' });
  await ok('gc', 'rules', 'set', 'rules.yaml', '--repository', 'team', '--yes');
  expect(await json('repository', 'show', 'team')).toMatchObject({ bucket: TEAM, description: 'of the team' });

  await soundBucket(server, 'other-content');
  const other = await call('repository', 'create', 'team', '--bucket', 'other-content');
  expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`whose content stands in '${TEAM}'`) });
  await ok('repository', 'create', 'plain');
  const later = await call('repository', 'create', 'plain', '--bucket', TEAM);
  expect(later).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("stands in the domain's bucket") });
  const byDefault = await call('repository', 'create', 'default', '--bucket', TEAM);
  expect(byDefault).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("in the domain's bucket") });
  expect(await call('repository', 'create', 'x1', '--apply-policy')).toMatchObject({ exitCode: 2 });
  expect(await call('repository', 'create', 'x1', '--bucket', 'No_Bucket')).toMatchObject({ exitCode: 2 });
});

test('has its content there, and nothing of it in the domain’s bucket', async () => {
  await make();
  const { key, bucket, arn } = await publish('one.txt', 'team');
  expect(bucket).toBe(TEAM);
  expect(contentOf(team)).toEqual([key]);
  expect(contentOf(own)).toEqual([]);
  expect(shown(team).filter((one) => !one.startsWith('blobs/'))).toEqual(['cfn-artifacts']);

  const again = await publish('one.txt', 'team');
  expect(again).toMatchObject({ arn, isNewVersion: false, outcome: 'reused' });
  const shownAs = await json('show', 'team/tool');
  expect(shownAs).toMatchObject({ bucket: TEAM, key, url: expect.stringContaining(`/${TEAM}/${String(key)}`) });
  expect(await json('show', 'team/tool:1')).toMatchObject({ bucket: TEAM, key });
  expect(await ok('get', 'team/tool:1', '--output', '-')).toBe('one');
  const digest = String(key).split('/')[2] ?? '';
  expect(await ok('get', `team/tool@sha256:${digest}`, '--output', '-')).toBe('one');
  expect(await ok('get', `team/tool@sha256:${digest.slice(0, 12)}`, '--output', '-')).toBe('one');
  await publish('two.txt', 'team');
  expect(await ok('diff', 'team/tool:1', 'team/tool:2')).toContain('one.txt');
  expect(await ok('verify', '--deep')).not.toContain('lost');
});

test('packages with locations in its bucket', async () => {
  await make();
  const { text, exitCode } = await call(
    'package',
    '--project-root',
    '.',
    '--repository',
    'team',
    '--references',
    'none',
  );
  expect(exitCode).toBe(0);
  expect(text).toContain(`S3Bucket: ${TEAM}`);
  expect(contentOf(team)).toHaveLength(1);
  expect(contentOf(own)).toEqual([]);
  const dry = await call('package', '--project-root', '.', '--repository', 'team', '--references', 'none', '--dry-run');
  expect(dry.exitCode).toBe(0);
  const list = JSON.parse((await call('package', '--project-root', '.', '--repository', 'team', '--json')).stdout) as {
    artifacts?: readonly { bucket: string }[];
  };
  expect(JSON.stringify(list)).toContain(TEAM);
});

describe('the same content in two buckets', () => {
  const digest = async (): Promise<string> => String((await publish('one.txt', 'team'))['key']).split('/')[2] ?? '';

  test('stands in each by itself, and a reference keeps it in both', async () => {
    await make();
    const hex = await digest();
    await publish('one.txt', 'default');
    expect(contentOf(own)).toEqual(contentOf(team));
    await ok('reference', 'add', 'team/tool:1', '--consumer', 'job');
    const used = await call('delete', 'team/tool:1', '--yes');
    expect(used).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('job') });
    await ok('delete', 'tool:1', '--yes', '--now');
    // What the team's version and the job need is not asked for by bucket: it stays in both.
    expect(contentOf(own).join()).toContain(hex);
    expect(contentOf(team).join()).toContain(hex);
    await ok('reference', 'remove', 'team/tool:1', '--consumer', 'job');
    await ok('delete', 'team/tool:1', '--yes', '--now');
    expect(stored(own, 'blobs/')).toEqual([]);
    expect(stored(team, 'blobs/')).toEqual([]);
  });

  test('goes from all by one collection, with everything that was superseded', async () => {
    await make();
    await publish('one.txt', 'team');
    await publish('one.txt', 'default');
    const [key = ''] = contentOf(team);
    // Somebody hid it, and it was put back: what is beneath the marker goes too.
    const client = new S3Client(server.clientConfig());
    await client.send(new DeleteObjectCommand({ Bucket: TEAM, Key: key }));
    client.destroy();
    await publish('one.txt', 'team');
    expect(team.versions(key)).toHaveLength(3);
    await ok('delete', 'team/tool:1', '--yes');
    await ok('delete', 'tool:1', '--yes');
    expect(stored(team, 'blobs/')).toEqual([key]);
    const plan = await json('gc', 'plan', '--now');
    expect(JSON.stringify(plan)).toContain(key.split('/')[2]);
    await ok('gc', 'run', '--now', '--yes');
    expect(team.versions(key).map(({ kind }) => kind)).toEqual(['marker']);
    expect(stored(own, 'blobs/')).toEqual([]);
    expect(shown(own, 'deletions/')).toEqual([]);
  });
});

test('what nothing holds in its bucket alone is collected, and what is used is not', async () => {
  await make();
  await publish('one.txt', 'team');
  await publish('two.txt', 'team');
  await ok('delete', 'team/tool:1', '--yes');
  await ok('gc', 'run', '--now', '--yes');
  expect(contentOf(team)).toHaveLength(1);
  expect(contentOf(team)[0]).toContain('two.txt');
  expect(await ok('get', 'team/tool:2', '--output', '-')).toBe('two');
});

test('a deletion is taken back while the content is in quarantine there', async () => {
  await make();
  await publish('one.txt', 'team');
  await ok('delete', 'team/tool:1', '--yes');
  await ok('undelete', 'team/tool:1');
  await ok('gc', 'run', '--now', '--yes');
  expect(await ok('get', 'team/tool:1', '--output', '-')).toBe('one');
});

test('promoting brings the bytes into its bucket, and out of it', async () => {
  await make();
  await ok('repository', 'create', 'staging');
  await publish('one.txt', 'staging');
  expect(contentOf(team)).toEqual([]);
  await ok('promote', 'staging/tool:1', '--to', 'team');
  expect(contentOf(team)).toEqual(contentOf(own));
  expect(await ok('get', 'team/tool:1', '--output', '-')).toBe('one');

  await publish('two.txt', 'team');
  expect(contentOf(own)).toHaveLength(1);
  await ok('promote', 'team/tool:2', '--to', 'staging');
  expect(contentOf(own)).toEqual(contentOf(team));
  expect(await ok('get', 'staging/tool:2', '--output', '-')).toBe('two');
  const outcome = await json('promote', 'team/tool:2', '--to', 'staging');
  expect(outcome).toMatchObject({ outcome: 'exists' });
});

test('a bucket that is closed hinders nobody else, and is told', async () => {
  await make();
  await publish('one.txt', 'team');
  await publish('two.txt', 'default');
  await ok('delete', 'tool:1', '--yes');
  await ok('delete', 'team/tool:1', '--yes');
  const { policy } = team;
  const deny = {
    Sid: 'Closed',
    Effect: 'Deny' as const,
    Principal: '*' as const,
    Action: 's3:*',
    Resource: [team.arn, `${team.arn}/*`],
  };
  const closed = { Statement: [deny] };
  team.policy = { text: JSON.stringify(closed), policy: closed };
  const plan = await call('gc', 'plan', '--now');
  expect(plan.stdout + plan.stderr).toContain(`s3://${TEAM}`);
  await call('gc', 'run', '--now', '--yes');
  expect(stored(own, 'blobs/')).toEqual([]);
  expect(contentOf(team)).toHaveLength(1);
  team.policy = policy;
  await ok('gc', 'run', '--now', '--yes');
  expect(stored(team, 'blobs/')).toEqual([]);
});
