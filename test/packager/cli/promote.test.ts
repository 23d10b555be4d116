import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';

/** Promotion from the command line, in a directory. */

knowEveryError();
hideOwnEnvironment();

const DOMAIN = ['--domain', 'file:../domain'];

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.of({
    'api.txt': 'api',
    'newer.txt': 'newer',
    'web.txt': 'web',
    'report.txt': 'all green',
  });
  for (const repository of ['staging', 'production']) await ok('repository', 'create', repository);
  await ok('publish', 'api.txt', '--id', 'shop/api', '--label', '1.0.0');
});

function run(...argv: string[]): Promise<Outcome> {
  return project.run(...argv, ...DOMAIN);
}

async function ok(...argv: string[]): Promise<Outcome> {
  const outcome = await run(...argv);
  expect(outcome).toMatchObject({ exitCode: 0 });
  return outcome;
}

const json = ({ stdout }: Outcome): unknown => JSON.parse(stdout);
const ARN = (name: string): string => `arn:aws:artifacts:local:000000000000:${name}`;
const DIGEST = '7a4d41f5d90a4ee7cd5f2ef23ab7ba90d8a5c3a1b9d1ce5d51b9d8e23bcb4c9d'.replace(/./g, '.');

describe('promote', () => {
  test('prints the ARNs of what it is there, and says from what it came', async () => {
    const { stdout, stderr } = await ok('promote', 'shop/api:1.0.0', '--to', 'staging');
    expect(stdout).toMatch(new RegExp(`^${ARN('staging/shop/api:1')}@sha256:${DIGEST}\n$`));
    expect(stderr).toBe('default/shop/api:1 → staging/shop/api:1 (1.0.0)\n');
    const again = await ok('promote', 'shop/api:1', '--to', 'staging');
    expect(again.stdout).toBe(stdout);
    expect(again.stderr).toMatch(/^default\/shop\/api:1 → staging\/shop\/api:1 \(1\.0\.0\)\npromoted before, \d{4}-/);
    expect((await ok('promote', 'shop/api:1', '--to', 'staging', '--quiet')).stderr).toBe('');
  });

  test('tells all of it as one document', async () => {
    const { stdout } = await ok(
      ...['promote', 'shop/api', '--to', 'staging', '--as', 'api:2.0.0', '--metadata', 'ticket=7', '--json'],
      ...['--evidence', 'report.txt', '--evidence', 'https://ci.example/1', '--asset', 'api.txt=server.txt'],
    );
    const told = JSON.parse(stdout) as { readonly promotion: string; readonly at: string; readonly by: string };
    expect(told).toMatchObject({ promotion: expect.stringMatching(/^[0-9a-f]{32}$/), by: expect.any(String) });
    const [digest, size] = [expect.stringMatching(/^[0-9a-f]{64}$/), 3];
    expect(told).toEqual({
      ...{ outcome: 'promoted', promotion: told.promotion, repository: 'staging', at: told.at, by: told.by },
      items: [
        {
          ...{ from: 'default/shop/api:1', repository: 'staging', id: 'api', version: 1, labels: ['2.0.0'] },
          assets: [
            {
              ...{ name: 'server.txt', filename: 'server.txt', digest, size, outcome: 'copied' },
              from: expect.stringContaining(`${ARN('default/shop/api:1')}@sha256:`),
              arn: expect.stringContaining(`${ARN('staging/api:1')}@sha256:`),
              key: expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}\/server\.txt$/),
            },
          ],
        },
      ],
      evidence: [{ name: 'report.txt', digest, size: 9 }, { url: 'https://ci.example/1' }],
      metadata: { ticket: '7' },
      warnings: [],
    });
    expect((await ok('get', 'staging/api#report.txt', '-o', '-')).stdout).toBe('all green');
  });

  test('takes the very asset or content that is named', async () => {
    await ok('publish', '--asset', 'a=api.txt', '--asset', 'w=web.txt', '--id', 'both');
    await ok('promote', 'both:1#w', '--to', 'staging', '--as', 'one');
    expect((await ok('get', 'staging/one', '-o', '-')).stdout).toBe('web');
    const { stdout } = await ok('promote', 'both', '--to', 'staging', '--asset', 'a=x', '--asset', 'w');
    const arns = stdout.trim().split('\n');
    expect(arns).toHaveLength(2);
    await ok('promote', arns[0] ?? '', '--to', 'production');
    expect((await ok('get', 'production/both', '-o', '-')).stdout).toBe('api');
  });

  test('with --dry-run says what would be, and changes nothing', async () => {
    const before = project.stored('');
    const planned = await ok('promote', 'shop/api:1', '--to', 'staging', '--dry-run');
    expect(planned.stdout).toBe('default/shop/api:1 would become staging/shop/api (1.0.0): api.txt\n');
    expect(json(await ok('promote', 'shop/api:1', '--to', 'staging', '--dry-run', '--json'))).toMatchObject({
      dryRun: true,
      outcome: 'planned',
      items: [{ from: 'default/shop/api:1', repository: 'staging', id: 'shop/api', assets: [{ name: 'api.txt' }] }],
    });
    expect(project.stored('')).toEqual(before);
    await ok('promote', 'shop/api:1', '--to', 'staging');
    expect((await ok('promote', 'shop/api:1', '--to', 'staging', '--dry-run')).stdout).toBe(
      'default/shop/api:1 was promoted before: it is staging/shop/api:1 (1.0.0): api.txt\n',
    );
  });

  test('of everything that one deploy used is one promotion', async () => {
    project.write({
      'template.yaml': [
        'Resources:',
        '  A: {Type: AWS::Lambda::LayerVersion, Properties: {Content: api.txt}}',
        '  B: {Type: AWS::Lambda::LayerVersion, Properties: {Content: web.txt}}',
        '  BToo: {Type: AWS::Lambda::LayerVersion, Properties: {Content: web.txt}}',
        '',
      ].join('\n'),
    });
    await ok('package', '--project-root', '.', '--artifact-prefix', 'app', '--manifest', '../manifest.json');
    const { stdout } = await ok('promote', '--from-manifest', '../manifest.json', '--to', 'staging', '--json');
    const { items, promotion } = JSON.parse(stdout) as {
      readonly items: readonly object[];
      readonly promotion: string;
    };
    expect(items).toMatchObject([{ from: 'default/app/api.txt:1' }, { from: 'default/app/web.txt:1' }]);
    expect(project.stored('promotions')).toHaveLength(1);
    const told = json(await ok('promotions', 'staging/app/web.txt', '--json')) as {
      promotions: { promotion: string }[];
    };
    expect(told.promotions.map((one) => one.promotion)).toEqual([promotion]);
  });

  test('keeps what was promoted for as long as what it became is there', async () => {
    await ok('promote', 'shop/api:1', '--to', 'staging');
    expect((await ok('references', 'shop/api:1')).stdout).toContain('promotion to staging/shop/api:1');
    const refused = await run('delete', 'shop/api:1', '--yes');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('promotion to staging/shop/api:1');
    expect(refused.stderr).not.toContain('reference remove');
    await ok('delete', 'staging/shop/api:1', '--yes');
    expect((await ok('references', 'shop/api:1')).stdout).toBe('');
    await ok('undelete', 'staging/shop/api:1');
    expect((await run('delete', 'shop/api:1', '--yes')).exitCode).toBe(2);
    await ok('delete', 'staging/shop/api:1', '--yes');
    await ok('delete', 'shop/api:1', '--yes');
  });

  test('by hand nobody needs something as a promotion does', async () => {
    const refused = await run('reference', 'add', 'shop/api', '--consumer', 'promotion/mine');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain("'promotion' stands for what a version was promoted to");
  });

  test.each([
    [['shop/api'], "the option '--to <repository>' is missing"],
    [['--to', 'staging'], 'nothing is given to promote'],
    [['shop/apo', '--to', 'staging'], "there is no artifact 'shop/apo'"],
    [['shop/api', '--to', 'stagng'], "'stagng'"],
    [['shop/api:1.0.0', '--to', 'staging', '--set', 'build-9'], "has no label '1.0.0+build-9'"],
    [['shop/api:1', '--to', 'staging', '--set', 'build-9'], "'--set build-9' is one of a label"],
    [['shop/api', '--to', 'staging', '--asset', 'up/x'], "'up/x' is no asset name"],
    [['shop/api', '--to', 'staging', '--asset', 'b'], "'default/shop/api:1' has no asset 'b', only 'api.txt'"],
    [['shop/api#api.txt', '--to', 'staging', '--asset', 'b'], "is the asset 'api.txt', and '--asset' names others"],
    [['shop/api', 'shop/api:1', '--to', 'staging', '--as', 'x'], "cannot use '--as' with several artifacts"],
    [['shop/api', '--to', 'staging', '--as', 'x:latest'], "'latest' is no label"],
    [['shop/api', '--to', 'staging', '--evidence', 'none.txt'], 'none.txt'],
    [['shop/api', '--to', 'staging', '--evidence', 'https://me:secret@ci.example/'], 'has credentials in it'],
    [['shop/api', '--to', 'staging', '--from-manifest', 'm'], "cannot use 'shop/api' with '--from-manifest'"],
    [['--to', 'staging', '--from-manifest', 'none.json'], "the manifest 'none.json' could not be read"],
    [['--to', 'staging', '--from-manifest', 'api.txt'], "'api.txt' is no list of artifacts with their ARNs"],
    [['shop/api', '--to', 'default'], "'default/shop/api:1' is in the repository 'default' already"],
  ])('%j is refused, and nothing is promoted', async (words, message) => {
    const before = project.stored('');
    const refused = await run('promote', ...words);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(project.stored('')).toEqual(before);
  });

  test('everything that is wrong is told at once', async () => {
    const refused = await run('promote', 'no/one', 'no/two', '--to', 'staging', '--evidence', 'none.txt', '--json');
    const { error } = json(refused) as { error: { problems: readonly { code: string }[] } };
    expect(error.problems.map(({ code }) => code)).toEqual([
      'ARTIFACT_NOT_FOUND',
      'ARTIFACT_NOT_FOUND',
      'PATH_NOT_FOUND',
    ]);
  });

  test('what is not found, and what may not be promoted of the rest, is told at once', async () => {
    await ok('publish', 'web.txt', '--id', 'shop/web');
    await ok('status', 'set', 'shop/api:1', 'Disposed', '--yes');
    await ok('repository', 'update', 'production', '--requires-evidence', '--yes');
    const refused = ['promote', 'no/one', 'shop/api:1', 'no/two', 'shop/web:1', '--to', 'production'];
    const codesOf = async (...more: string[]): Promise<readonly string[]> => {
      const { error } = json(await run(...refused, ...more, '--json')) as { error: { problems: { code: string }[] } };
      return error.problems.map(({ code }) => code);
    };
    const names = ['ARTIFACT_NOT_FOUND', 'ARTIFACT_NOT_FOUND'];
    expect(await codesOf()).toEqual([...names, 'ORIGIN_REFUSED', 'ARTIFACT_DELETED']);
    expect(await codesOf('--dry-run')).toEqual([...names, 'ORIGIN_REFUSED', 'ARTIFACT_DELETED']);
    expect(await codesOf('--evidence', 'none.txt')).toEqual([...names, 'PATH_NOT_FOUND', 'ARTIFACT_DELETED']);
    expect((await run('list', '--repository', 'production')).stdout).toBe('');
  });

  test('a domain that is not there is not made', async () => {
    const refused = await project.run('promote', 'shop/api', '--to', 'staging', '--domain', 'file:../none');
    expect(refused.exitCode).not.toBe(0);
    expect(project.exists('../none')).toBe(false);
  });
});

describe('promotions', () => {
  test('tells the whole way, for people and with --json', async () => {
    await ok('promote', 'shop/api:1', '--to', 'staging', '--evidence', 'https://ci.example/1');
    await ok('promote', 'staging/shop/api', '--to', 'production', '--as', 'api');
    const { stdout } = await ok('promotions', 'production/api');
    expect(stdout).toMatch(
      /^PROMOTED +FROM +TO +ASSETS +BY +EVIDENCE\n.*Z +default\/shop\/api:1 +staging\/shop\/api:1 \(1\.0\.0\) +api\.txt +\S+ +https:\/\/ci\.example\/1\n.*Z +staging\/shop\/api:1 +production\/api:1 \(1\.0\.0\) +api\.txt +\S+ +-\n$/,
    );
    expect((await ok('promotions', 'shop/api:1')).stdout).toBe(stdout);
    expect(json(await ok('promotions', 'shop/api', '--json'))).toMatchObject({
      promotions: [
        {
          from: { repository: 'default', id: 'shop/api', number: 1, name: 'default/shop/api:1' },
          to: { repository: 'staging', id: 'shop/api', number: 1, labels: ['1.0.0'] },
          evidence: [{ url: 'https://ci.example/1' }],
          assets: [{ name: 'api.txt', as: 'api.txt' }],
        },
        { to: { name: 'production/api:1' } },
      ],
      warnings: [],
    });
  });

  test('a record that can’t be read is warned about, with or without --json', async () => {
    await ok('promote', 'shop/api:1', '--to', 'staging');
    const folder = project.path('../domain/promotions/staging');
    for (const record of readdirSync(folder)) writeFileSync(join(folder, record), 'damaged');
    const { stderr } = await ok('promotions', 'shop/api');
    expect(stderr).toContain('warning: ');
    expect(stderr).toContain("'promotions/staging/");
    expect(json(await ok('promotions', 'shop/api', '--json'))).toMatchObject({
      ...{ promotions: [], warnings: [{ code: 'unreadable-record' }] },
    });
  });

  test('says that there were none', async () => {
    expect(await ok('promotions', 'shop/api')).toMatchObject({
      stdout: '',
      stderr: "nothing was promoted from 'default/shop/api', or to it\n",
    });
  });
});
