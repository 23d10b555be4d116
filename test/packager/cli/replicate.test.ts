import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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

/** `replicate`, with the keepers of several domains as they are built. */

knowEveryError();
hideOwnEnvironment();

const ONE = '111122223333';
const TWO = '999988887777';
const HOME = `arn:aws:artifacts:us-east-1:${ONE}:default`;

let server: S3Server;
let lambda: LambdaOfDomains;
let home: SeveralDomain;
let near: SeveralDomain;
let south: SeveralDomain;
let far: SeveralDomain;
let project: TestProject;
let count = 0;
/** An artifact of this test alone, with the name that people call it by. */
let id: string;

beforeAll(async () => {
  server = await startS3Server({ identities: {} });
  home = await openDomainOn(server, { account: ONE, region: 'us-east-1' });
  near = await openDomainOn(server, { account: ONE, region: 'eu-west-1' });
  south = await openDomainOn(server, { account: ONE, region: 'sa-east-1' });
  far = await openDomainOn(server, { account: TWO, region: 'ap-southeast-2' });
  lambda = await startLambdaOf([home, near, south, far]);
}, 120_000);

afterAll(async () => {
  await Promise.all([home, near, south, far].map((domain) => domain.close()));
  await lambda.close();
  await server.close();
});

beforeEach(async () => {
  count += 1;
  id = `shop/api-${count}`;
  project = await TestProject.of({ 'one.txt': `one ${count}\n`, 'two.txt': `two ${count}\n` });
  expect(await as(home, 'publisher', 'publish', 'one.txt', '--id', id)).toMatchObject({ exitCode: 0 });
});

function as(domain: SeveralDomain, who: 'publisher' | 'reader' | 'administrator', ...argv: string[]): Promise<Outcome> {
  project.env = { ...domain[who], AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
  return project.run(...argv);
}

/** Copies that S3 was asked for, in the bucket of that domain. */
function copiesIn({ bucket }: SeveralDomain): number {
  return server.requests.filter((one) => one.operation === 'CopyObject' && one.bucket === bucket).length;
}

const json = ({ stdout }: Outcome): unknown => JSON.parse(stdout);

describe('replicate', () => {
  test('has each domain fetch it once, and says what was there', async () => {
    const before = copiesIn(near);
    const first = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', 'eu-west-1,sa-east-1,us-east-1');
    expect(first).toMatchObject({
      exitCode: 0,
      stdout:
        `default/${id}:1 → eu-west-1: copied (6 B)\n` +
        `default/${id}:1 → sa-east-1: copied (6 B)\n` +
        `default/${id}:1 → us-east-1: at home there\n`,
      stderr: '',
    });
    const again = await as(
      home,
      'administrator',
      'replicate',
      `${HOME}/${id}:1`,
      '--to',
      'eu-west-1',
      '--to',
      'sa-east-1',
    );
    expect(again.stdout).toBe(
      `default/${id}:1 → eu-west-1: already there\ndefault/${id}:1 → sa-east-1: already there\n`,
    );
    expect(copiesIn(near) - before).toBe(1);
    const names = lambda.asked.filter((name) => name.includes('eu-west-1'));
    expect(new Set(names)).toEqual(new Set([`arn:aws:lambda:eu-west-1:${ONE}:function:cfn-artifacts-keeper:fetching`]));
  });

  test('brings all that a version consists of, or the asset that is named', async () => {
    const both = ['--asset', 'one=one.txt', '--asset', 'two=two.txt', '--id', `${id}/both`];
    expect(await as(home, 'publisher', 'publish', ...both)).toMatchObject({ exitCode: 0 });
    const asset = await as(home, 'administrator', 'replicate', `${id}/both:1#two`, '--to', 'eu-west-1', '--json');
    const { replicas } = json(asset) as { readonly replicas: readonly Readonly<Record<string, unknown>>[] };
    expect(replicas).toEqual([
      {
        arn: expect.stringMatching(new RegExp(`^${HOME}/${id}/both:1@sha256:[0-9a-f]{64}$`)),
        filename: 'two.txt',
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        ...{ size: 6, account: ONE, region: 'eu-west-1', bucket: near.bucket, outcome: 'copied' },
        key: expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}\/two\.txt$/),
      },
    ]);
    expect(await near.keys(String(replicas[0]?.['key']))).toHaveLength(1);
    const whole = await as(home, 'administrator', 'replicate', `${id}/both:1`, '--to', 'eu-west-1');
    expect(whole.stdout).toBe(
      `default/${id}/both:1#one → eu-west-1: copied (6 B)\ndefault/${id}/both:1#two → eu-west-1: already there\n`,
    );
  });

  test('goes on where one region has no domain, and tells it in the end', async () => {
    const both = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', 'eu-north-1,eu-west-1');
    expect(both).toMatchObject({
      exitCode: 3,
      stdout: `default/${id}:1 → eu-west-1: copied (6 B)\n`,
      stderr:
        `error: account ${ONE} in eu-north-1 has no domain that could fetch anything\n` +
        "  'cfn-artifacts bootstrap --region eu-north-1' makes it, or brings an older one up to date.\n",
    });
    const asJson = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', 'eu-north-1,eu-west-1', '--json');
    expect(json(asJson)).toMatchObject({
      replicas: [{ region: 'eu-west-1', outcome: 'reused' }],
      error: { code: 'DOMAIN_NOT_FOUND', exitCode: 3 },
    });
  });

  test('tells of everything that is no version before anything is brought', async () => {
    const { exitCode, stdout, stderr } = await as(
      home,
      'administrator',
      'replicate',
      `${id}:1`,
      `${id}:7`,
      'none:1',
      '--to',
      'eu-west-1',
    );
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr.match(/^error: /gm)).toHaveLength(2);
    expect(lambda.asked.filter((name) => name.endsWith(':fetching') && name.includes('none'))).toEqual([]);
  });

  test('does not bring what takes no new references', async () => {
    await as(home, 'administrator', 'status', 'set', `${id}:1`, 'Archived');
    const { exitCode, stderr } = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', 'eu-west-1');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error: 'default/${id}:1' could not be brought to account ${ONE} in eu-west-1: `);
  });

  test('to another account is refused by it; from another account it is what was shared', async () => {
    const refused = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', `${TWO}/ap-southeast-2`);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(
      `could not be brought to account ${TWO} in ap-southeast-2: the keeper may not be asked`,
    );
    expect(refused.stderr).toContain(
      `Allow lambda:InvokeFunction on 'arn:aws:lambda:ap-southeast-2:${TWO}:function:cfn-artifacts-keeper:fetching'`,
    );
    project.env = home.administrator;
    expect(await project.run('share', `default/${id}`, '--with', TWO, '--yes')).toMatchObject({ exitCode: 0 });
    const taken = await as(far, 'administrator', 'replicate', `${HOME}/${id}:1`, '--to', 'ap-southeast-2');
    expect(taken).toMatchObject({ exitCode: 0, stdout: `default/${id}:1 → ap-southeast-2: copied (6 B)\n` });
  });

  test('crosses no partition, and says what does', async () => {
    const { exitCode, stderr } = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', 'cn-north-1');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cn-north-1 is of aws-cn');
    expect(stderr).toContain('cfn-artifacts bundle create');
  });

  test('wants Regions, and a domain that others find', async () => {
    const wrong = await as(home, 'administrator', 'replicate', `${id}:1`, '--to', 'Ireland');
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      2,
      "error: '--to' must be Regions, not 'Ireland'\n" +
        "  Name them like 'eu-west-1,ap-south-1'; that of another account like '444455556666/eu-west-1'.\n",
    ]);
    const missing = await as(home, 'administrator', 'replicate', `${id}:1`);
    expect(missing.stderr).toContain("the option '--to <region[,region...]>' is missing");
    await project.run('publish', 'one.txt', '--id', 'local', '--domain', 'file:domain');
    const local = await project.run('replicate', 'local:1', '--to', 'eu-west-1', '--domain', 'file:domain');
    expect(local.exitCode).toBe(2);
    expect(local.stderr).toContain('no other domain finds what is at home in a directory');
  });
});
