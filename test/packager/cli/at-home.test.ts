import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../../packager/cli/syntax/commands.ts';
import { descriptorKey } from '../../../repository/keys.ts';
import { everything } from '../../support/domain-principals.ts';
import { parseBucketPolicy } from '../../support/iam/policy.ts';
import type { LambdaOfDomains } from '../../support/lambda-of-domains.ts';
import { startLambdaOf } from '../../support/lambda-of-domains.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import type { SeveralDomain } from '../../support/several-domains.ts';
import { openDomainOn } from '../../support/several-domains.ts';

/** Commands that find a domain by the ARN that they are given: of another region, of another account, and where they must not. */

knowEveryError();
hideOwnEnvironment();

const ONE = '111122223333';
const TWO = '999988887777';
const SQUATTER = '666655554444';

let server: S3Server;
let lambda: LambdaOfDomains;
/** Account 1 in two regions, account 2 in a third. */
let home: SeveralDomain;
let near: SeveralDomain;
let far: SeveralDomain;
let project: TestProject;

beforeAll(async () => {
  server = await startS3Server({ identities: {} });
  home = await openDomainOn(server, { account: ONE, region: 'us-east-1' });
  near = await openDomainOn(server, { account: ONE, region: 'eu-west-1' });
  far = await openDomainOn(server, { account: TWO, region: 'ap-southeast-2' });
  lambda = await startLambdaOf([home, near, far]);
  project = await TestProject.of({ 'one.txt': 'one\n', 'two.txt': 'two\n', 'far.txt': 'far\n', ...MORE });
  await published(near, 'one.txt');
  await published(near, 'two.txt');
  await published(home, 'two.txt');
  await published(far, 'far.txt');
}, 120_000);

afterAll(async () => {
  await Promise.all([home, near, far].map((domain) => domain.close()));
  await lambda.close();
  await server.close();
});

const MORE = {
  'template.yaml': 'Resources: {L: {Type: AWS::Lambda::LayerVersion, Properties: {Content: one.txt}}}',
  'rules.yaml': "lifecycle:\n  - id: all\n    match: '**'\n    expireUnusedDays: 1\n",
};

type Who = 'publisher' | 'reader' | 'administrator';

/** Somebody of the domain's account, whose region it is. */
function as(domain: SeveralDomain, who: Who, ...argv: string[]): Promise<Outcome> {
  project.env = { ...domain[who], AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
  return project.run(...argv);
}

async function published(domain: SeveralDomain, file: string): Promise<void> {
  expect(await as(domain, 'publisher', 'publish', file, '--id', 'shop/api')).toMatchObject({ exitCode: 0 });
}

function arnIn({ account, region }: Pick<SeveralDomain, 'account' | 'region'>, selection = ''): string {
  return `arn:aws:artifacts:${region}:${account}:default/shop/api${selection}`;
}

const json = ({ stdout }: Outcome): Readonly<Record<string, unknown>> =>
  JSON.parse(stdout) as Readonly<Record<string, unknown>>;

describe('an ARN of another region', () => {
  test('is looked up, and fetched, where it is at home', async () => {
    const shown = await as(home, 'administrator', 'show', arnIn(near, ':1'), '--json');
    expect(json(shown)).toMatchObject({ bucket: near.bucket, version: 1 });
    expect(json(shown)['url']).toBeDefined();
    expect((await as(home, 'administrator', 'get', arnIn(near, ':1'), '-o', '-')).stdout).toBe('one\n');
    expect((await as(home, 'administrator', 'get', arnIn(home, ':1'), '-o', '-')).stdout).toBe('two\n');
    const references = await as(home, 'administrator', 'references', arnIn(near));
    expect([references.exitCode, references.stderr]).toEqual([0, "nobody uses 'default/shop/api'\n"]);
    expect((await as(home, 'administrator', 'status', 'get', arnIn(near, ':2'))).stdout).toMatch(
      /default\/shop\/api:2 +Published/,
    );
  });

  test('is listed there', async () => {
    const { stdout } = await as(home, 'administrator', 'list', arnIn(near), '--versions');
    expect(stdout.match(/^default\/shop\/api:\d/gm)).toEqual(['default/shop/api:2', 'default/shop/api:1']);
    expect((await as(home, 'administrator', 'tree', arnIn(near))).stdout).toContain('api:2');
    const version = await as(home, 'administrator', 'list', arnIn(near, ':1'));
    expect([version.exitCode, version.stderr]).toEqual([2, expect.stringContaining('names a version')]);
  });

  test('is changed by its own keeper', async () => {
    lambda.asked.length = 0;
    const set = await as(home, 'administrator', 'bookmark', 'set', arnIn(near, ':1'), 'prod');
    expect([set.exitCode, set.stdout]).toEqual([0, 'default/shop/api^prod names version 1 now\n']);
    expect(lambda.asked).toEqual([`arn:aws:lambda:eu-west-1:${ONE}:function:cfn-artifacts-keeper`]);
    const gotten = await as(home, 'administrator', 'bookmark', 'get', arnIn(near), 'prod');
    expect(gotten.stdout).toMatch(new RegExp(`^${arnIn(near, ':1')}@sha256:`));
    // What the next command must be given to be about the same domain.
    const ended = await as(home, 'administrator', 'bookmark', 'delete', arnIn(near), 'prod');
    expect(ended.stderr).toContain("'cfn-artifacts bookmark history default/shop/api prod --region eu-west-1'");
  });

  test('needs no region of its own', async () => {
    project.env = { ...home.administrator, AWS_REGION: undefined };
    expect((await project.run('get', arnIn(near, ':1'), '-o', '-')).stdout).toBe('one\n');
  });

  test('is compared with one of this region', async () => {
    const same = await as(home, 'administrator', 'diff', arnIn(near, ':2'), 'shop/api:1');
    expect([same.exitCode, same.stdout]).toEqual([0, '']);
    const { stdout, exitCode } = await as(
      home,
      'administrator',
      'diff',
      arnIn(near, ':1'),
      arnIn(home, ':1'),
      '--exit-code',
    );
    expect(exitCode).toBe(5);
    expect(stdout).toContain('--- default/shop/api:1');
  });

  test('and another of this one are refused in one message where one domain is asked', async () => {
    const { exitCode, stderr } = await as(
      home,
      'administrator',
      'delete',
      arnIn(near, ':1'),
      arnIn(home, ':1'),
      '--yes',
    );
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      `error: the ARNs are of 2 domains: '${arnIn(near, ':1')}' of account ${ONE} in eu-west-1, '${arnIn(home, ':1')}' of account ${ONE} in us-east-1\n` +
        '  Each call works in one domain: name what is in another one in a call of its own.\n',
    );
    expect((await as(home, 'administrator', 'status', 'get', arnIn(near, ':1'))).stdout).toMatch(/Published/);
  });

  test('beside a name that is looked for here is refused', async () => {
    const { exitCode, stderr } = await as(home, 'administrator', 'status', 'get', 'shop/api:1', arnIn(near, ':1'));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      `'${arnIn(near, ':1')}' is of account ${ONE} in eu-west-1; this is the domain of account ${ONE} in us-east-1`,
    );
  });

  test('is not what --domain or --region say', async () => {
    const bucket = await as(home, 'administrator', 'show', arnIn(near), '--domain', `s3://${home.bucket}`);
    expect([bucket.exitCode, bucket.stderr]).toEqual([
      2,
      `error: '${arnIn(near)}' is of account ${ONE} in eu-west-1; this is the domain of account ${ONE} in us-east-1\n` +
        '  An ARN says where it is at home: leave out --domain, and name nothing of another domain beside it.\n',
    ]);
    const region = await as(home, 'administrator', 'show', arnIn(near), '--region', 'us-east-1');
    expect([region.exitCode, region.stderr]).toEqual([
      2,
      `error: '--region us-east-1' contradicts '${arnIn(near)}', which is of account ${ONE} in eu-west-1\n` +
        '  Leave out --region: an ARN says where it is at home.\n',
    ]);
    expect((await as(home, 'administrator', 'show', arnIn(near), '--region', 'eu-west-1')).exitCode).toBe(0);
  });

  test('where nobody has made a domain, or of another partition, says what to do', async () => {
    const nowhere = arnIn({ account: ONE, region: 'sa-east-1' }, ':1');
    const missing = await as(home, 'administrator', 'show', nowhere);
    expect(missing.exitCode).toBe(3);
    expect(missing.stderr).toContain(
      `'${nowhere}' is at home with account ${ONE} in sa-east-1, and there is no domain`,
    );
    expect(missing.stderr).toContain('cfn-artifacts bootstrap --region sa-east-1');
    const china = nowhere.replace('arn:aws:', 'arn:aws-cn:').replace('sa-east-1', 'cn-north-1');
    const partition = await as(home, 'administrator', 'get', china);
    expect(partition.exitCode).toBe(2);
    expect(partition.stderr).toContain(`'${china}' is of the partition aws-cn, and the credentials are of aws`);
    expect(partition.stderr).toContain('cfn-artifacts bundle create');
    const local = await as(home, 'administrator', 'show', 'arn:aws:artifacts:local:000000000000:default/shop/api');
    expect(local.stderr).toContain('is at home in a directory');
  });
});

describe('an ARN of another account', () => {
  test('is refused until it is shared, then read as far as that goes, and changed by nobody outside', async () => {
    const { exitCode, stderr } = await as(home, 'administrator', 'show', arnIn(far, ':1'));
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      `is at home with account ${TWO} in ap-southeast-2, which lets nobody of account ${ONE} read it`,
    );
    expect(stderr).toContain(`Have it shared there: cfn-artifacts share default/shop/api --with ${ONE}\n`);

    project.env = far.administrator;
    expect(await project.run('share', 'default/shop/**', '--with', ONE, '--yes')).toMatchObject({ exitCode: 0 });
    expect((await as(home, 'administrator', 'get', arnIn(far, ':1'), '-o', '-')).stdout).toBe('far\n');
    const shown = await as(home, 'administrator', 'show', arnIn(far, ':1'));
    expect([shown.exitCode, shown.stdout, shown.stderr]).toEqual([
      0,
      expect.stringContaining(`${arnIn(far, ':1')}@sha256:`),
      'warning: who uses it is not told to other accounts\n' +
        'warning: what else holds its content is not told to other accounts\n',
    ]);
    const kept = await as(home, 'administrator', 'delete', arnIn(far, ':1'), '--yes');
    expect(kept.exitCode).toBe(3);
    expect(kept.stderr).toContain('the keeper may not be asked');
    expect(kept.stderr).toContain(`The domain is account ${TWO}'s, and only that account changes what is in it`);
    expect((await as(far, 'administrator', 'status', 'get', arnIn(far, ':1'))).stdout).toMatch(/Published/);
  });
});

describe('a descriptor', () => {
  test('of a newer format is refused kindly', async () => {
    const made = await openDomainOn(server, { account: TWO, region: 'eu-north-1' });
    try {
      const text = { format: 99, partition: 'aws', account: TWO, region: made.region, bucket: made.bucket };
      await overwrite(made.bucket, descriptorKey, JSON.stringify(text));
      const { exitCode, stderr } = await as(far, 'administrator', 'show', arnIn(made, ':1'));
      expect(exitCode).toBe(3);
      expect(stderr).toContain(`the domain '${made.bucket}' has format 99`);
      expect(stderr).toContain('Update cfn-artifacts.');
    } finally {
      await made.close();
    }
  });
});

/** The command that these words call. */
function nameIn([one = '', two = '', three = '']: readonly string[]): string {
  const names: readonly string[] = COMMANDS.map(({ name }) => name);
  return [`${one} ${two} ${three}`, `${one} ${two}`, one].find((name) => names.includes(name)) ?? one;
}

/** By somebody who may do everything, in the bucket of whoever it is. */
async function overwrite(bucket: string, key: string, body: string): Promise<void> {
  const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
  const owner = server.buckets.get(bucket)?.owner ?? '';
  server.identities.set('root', { account: owner, arn: `arn:aws:iam::${owner}:root`, policies: [everything] });
  const made = server.buckets.get(bucket);
  if (made !== undefined) made.policy = undefined;
  const client = new S3Client(server.clientConfig('root', server.buckets.get(bucket)?.region));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  client.destroy();
}

describe('a bucket that somebody else registered first', () => {
  const place = { account: ONE, region: 'eu-central-1' };
  const bucket = `cfn-artifacts-${ONE}-eu-central-1`;
  const arn = arnIn(place, ':1');
  const fetched = `${arn}@sha256:${'ab'.repeat(32)}`;

  beforeAll(() => {
    const squatted = server.createBucket(bucket, { versioning: 'Enabled', owner: SQUATTER, region: place.region });
    // It lures: everybody may read what it says, and write into it.
    const policy = JSON.stringify({
      Statement: [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:*',
          Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        },
      ],
    });
    squatted.policy = { text: policy, policy: parseBucketPolicy(policy, `arn:aws:s3:::${bucket}`) };
  });

  const elsewhere = ['--region', place.region];
  const cases: readonly (readonly string[])[] = [
    ['package', '--template-file', 'template.yaml', ...elsewhere],
    ['finish', arn],
    ['activate', arn, '--set', 'build-1'],
    ['gc', 'run', 'abcdef01', ...elsewhere],
    ['gc', 'rules', ...elsewhere],
    ['gc', 'rules', 'set', 'rules.yaml', '--yes', ...elsewhere],
    ['repository', 'show', 'default', ...elsewhere],
    ['repository', 'update', 'default', '--description', 'x', '--yes', ...elsewhere],
    ['repository', 'delete', 'team', '--yes', ...elsewhere],
    ['share', 'default', '--with', TWO, '--yes', ...elsewhere],
    ['share', 'list', ...elsewhere],
    ['share', 'revoke', 'abcdefgh', '--yes', ...elsewhere],
    ['share', 'sync', '--yes', ...elsewhere],
    ['get', arn, '-o', '-'],
    ['show', arn],
    ['diff', arn, arn],
    ['references', arn],
    ['promotions', arnIn(place)],
    ['status', 'get', arn],
    ['status', 'set', arn, 'Archived'],
    ['bookmark', 'get', arnIn(place), 'prod'],
    ['bookmark', 'list', arnIn(place)],
    ['bookmark', 'history', arnIn(place), 'prod'],
    ['bookmark', 'set', arn, 'prod'],
    ['bookmark', 'delete', arnIn(place), 'prod'],
    ['reference', 'add', arn, '--consumer', 'job'],
    ['reference', 'remove', arn, '--consumer', 'job'],
    ['delete', arn, '--yes'],
    ['undelete', arn],
    ['promote', arn, '--to', 'production'],
    ['replicate', fetched, '--to', 'us-east-1'],
    ['list', '--region', place.region],
    ['tree', '--region', place.region],
    ['publish', 'one.txt', '--id', 'shop/api', '--region', place.region],
    ['gc', 'plan', '--region', place.region],
    ['audit', '--region', place.region],
    ['verify', '--region', place.region],
    ['repository', 'list', '--region', place.region],
    ['repository', 'create', 'team', '--region', place.region],
    ['replicate', arnIn({ account: ONE, region: 'us-east-1' }, ':1'), '--to', place.region],
  ];

  test('is tried with every command', () => {
    const tried = new Set(cases.map((argv) => nameIn(argv)));
    // Where it is told by findings, and before a domain is made; and what asks no domain before it has made a bundle, or read one.
    const others = ['doctor', 'bootstrap', 'bundle create', 'bundle publish', 'bundle show'];
    others.push('completion', 'explain', 'install-alias');
    const all = COMMANDS.map(({ name }) => name).filter((name) => !others.includes(name));
    expect([...tried].sort()).toEqual(all.sort());
  });

  test.each(cases)('%s %s', async (...argv) => {
    const before = server.requests.length;
    lambda.asked.length = 0;
    const { exitCode, stdout, stderr } = await as(home, 'administrator', ...argv);
    expect([exitCode, stdout]).toEqual([3, '']);
    if (argv.at(-2) !== '--to') expect(stderr).toContain(`does not belong to account ${ONE}`);
    // Nothing was read of it, nothing written into it, and no keeper was asked for its sake.
    const touched = server.requests.slice(before).filter((one) => one.bucket === bucket && one.key !== undefined);
    expect(touched.filter(({ status }) => status !== 403)).toEqual([]);
    expect(server.buckets.get(bucket)?.keys()).toEqual([]);
  });
});
