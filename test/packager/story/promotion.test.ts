import { beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { bytesOf } from '../../../repository/content.ts';
import { findDomain, ownKeeper, readBlob } from '../../../repository/index.ts';
import type { Domain, Manifest } from '../../../repository/index.ts';
import { readPromotion } from '../../../repository/promoting/record.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { listArtifacts, listVersionNumbers, readManifest } from '../../../repository/version.ts';
import { CHANCE } from '../../../packager/chance.ts';
import { allOf } from '../../support/all-of.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';

/**
 * Build 24 of 1.0.0 is tested while builds 25 and 26 arrive. What was tested is promoted to staging, to production, and to a public repository under a name without its build number: exactly its bytes, all
 * the way; each repository shows only what was promoted to it, and the records link them. Through the command line, in a directory; test/examples/promotion.test.ts has the same in an account.
 */

knowEveryError();
hideOwnEnvironment();

const STAGES = ['staging', 'production', 'public'] as const;
const PUBLIC = 'foo-1.0.0-py3-none-any.whl';

let project: TestProject;
let domain: Domain;

beforeEach(async () => {
  project = await TestProject.of({ 'report-24.xml': '<testsuites failures="0"/>' });
  for (const build of [24, 25, 26])
    project.write({ [wheel(build)]: `wheel of build ${build}\n`, [debug(build)]: `symbols of ${build}` });
  await ok('repository', 'create', 'dev');
  for (const [stage, from] of [
    ['staging', 'dev'],
    ['production', 'staging'],
    ['public', 'production'],
  ] as const)
    await ok('repository', 'create', stage, '--accepts-from', from);
  const store = directoryStore(project.path('../domain'));
  domain = (await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE }))!;
});

const wheel = (build: number): string => `foo-1.0.0-${build}-py3-none-any.whl`;
const debug = (build: number): string => `foo-${build}.debug`;

function run(...argv: string[]): Promise<Outcome> {
  return project.run(...argv, '--domain', 'file:../domain');
}

async function ok(...argv: string[]): Promise<Outcome> {
  const outcome = await run(...argv);
  expect(outcome).toMatchObject({ exitCode: 0 });
  return outcome;
}

function arrives(build: number): Promise<Outcome> {
  const assets = ['--asset', wheel(build), '--asset', debug(build)];
  return ok(
    'publish',
    '--repository',
    'dev',
    '--id',
    'foo',
    ...assets,
    '--unfinished',
    '--label',
    '1.0.0',
    '--set',
    `build-${build}`,
  );
}

/** The story, and what becomes of other builds in between. */
async function promoted(): Promise<void> {
  await arrives(24);
  // The tests run with the candidate, which nobody can take away from them.
  await ok('reference', 'add', 'dev/foo:1.0.0+build-24', '--consumer', 'tests/24');
  await arrives(25);
  const chosen = ['--asset', wheel(24)];
  await ok(
    'promote',
    'dev/foo:1.0.0',
    '--set',
    'build-24',
    ...chosen,
    '--to',
    'staging',
    '--evidence',
    'report-24.xml',
  );
  await arrives(26);
  await ok('reference', 'remove', 'dev/foo', '--consumer', 'tests/24');
  await ok('promote', 'staging/foo:1.0.0', '--to', 'production');
  await ok('promote', 'production/foo:1.0.0', '--to', 'public', '--asset', `${wheel(24)}=${PUBLIC}`);
}

async function versionsIn(repository: string): Promise<readonly Manifest[]> {
  const artifacts = await allOf(listArtifacts(domain, repository));
  const found = await Promise.all(
    artifacts.map(async (name) => {
      const numbers = await allOf(listVersionNumbers(domain, name));
      return Promise.all(numbers.map(async (number) => (await readManifest(domain, name, number))!));
    }),
  );
  return found.flat();
}

describe('what was tested goes all the way', () => {
  test('with exactly its bytes, and each repository shows only that', async () => {
    await promoted();
    for (const stage of STAGES) {
      const versions = await versionsIn(stage);
      expect(versions).toHaveLength(1);
      const [{ id, labels, set, assets }] = versions as readonly [Manifest];
      expect({ id, labels, set }).toEqual({ id: 'foo', labels: ['1.0.0'], set: undefined });
      const name = stage === 'public' ? PUBLIC : wheel(24);
      const content = assets.filter(({ role }) => role === undefined);
      expect(content.map((asset) => [asset.name, asset.filename])).toEqual([[name, name]]);
      const bytes = await bytesOf((await readBlob(domain.store, content[0]!)).body);
      expect(bytes.equals(readFileSync(project.path(wheel(24))))).toBe(true);
      for (const selector of ['foo', 'foo:1.0.0', 'foo:latest', 'foo:^1'])
        expect((await ok('get', `${stage}/${selector}#${name}`, '-o', '-')).stdout).toBe('wheel of build 24\n');
      expect((await ok('show', `${stage}/foo`)).stdout).not.toMatch(/debug|build-2[56]|-2[56]-/);
    }
    expect(await versionsIn('dev')).toHaveLength(3);
    expect((await ok('get', 'staging/foo#report-24.xml', '-o', '-')).stdout).toBe('<testsuites failures="0"/>');
  });

  test('and the records link them', async () => {
    await promoted();
    const froms: string[] = [];
    for (const stage of STAGES) {
      const [{ promotion, number }] = (await versionsIn(stage)) as readonly [Manifest];
      const record = await readPromotion(domain, stage, promotion!.id);
      expect(record?.items).toMatchObject([{ from: [promotion!.from], to: { id: 'foo', number, labels: ['1.0.0'] } }]);
      froms.push(promotion!.from);
    }
    const [{ assets }] = (await versionsIn('public')) as readonly [Manifest];
    const { digest } = assets[0];
    expect(froms).toEqual(
      ['dev/foo:1', 'staging/foo:1', 'production/foo:1'].map(
        (name) => `arn:aws:artifacts:local:000000000000:${name}@sha256:${digest}`,
      ),
    );
    for (const asked of ['dev/foo:1', 'staging/foo', 'production/foo', 'public/foo']) {
      const { promotions } = JSON.parse((await ok('promotions', asked, '--json')).stdout) as {
        readonly promotions: readonly {
          readonly from: { readonly name: string };
          readonly to: { readonly name: string };
        }[];
      };
      expect(promotions.map(({ from, to }) => `${from.name} > ${to.name}`)).toEqual([
        'dev/foo:1 > staging/foo:1',
        'staging/foo:1 > production/foo:1',
        'production/foo:1 > public/foo:1',
      ]);
    }
  });

  test('and stays, from one end to the other, until the last of it goes', async () => {
    await promoted();
    for (const version of ['dev/foo:1', 'staging/foo:1', 'production/foo:1'])
      expect((await run('delete', version, '--yes')).stderr).toContain('in use by promotion to');
    for (const version of ['public/foo:1', 'production/foo:1', 'staging/foo:1', 'dev/foo:1'])
      await ok('delete', version, '--yes');
    // Those that failed were needed by nobody.
    expect((await ok('references', '--unused', '--repository', 'dev')).stdout).toMatch(/dev\/foo:3 [^]*dev\/foo:2 /);
  });

  test('whatever is done twice, in whatever order', async () => {
    await promoted();
    await promoted().catch(() => undefined);
    for (const stage of STAGES) expect(await versionsIn(stage)).toHaveLength(1);
    expect(await versionsIn('dev')).toHaveLength(3);
  });

  test('by the one way that there is', async () => {
    await arrives(24);
    for (const stage of ['production', 'public']) {
      const refused = await run('promote', 'dev/foo:1', '--to', stage);
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(refused.stderr).toContain(`'${stage}' takes only what is promoted from`);
    }
    const published = await run('publish', wheel(24), '--repository', 'staging', '--id', 'foo');
    expect(published.exitCode).toBe(2);
    expect(await versionsIn('staging')).toEqual([]);
  });

  test('a candidate that comes later does not take its place', async () => {
    await promoted();
    const late = await run('promote', 'dev/foo:1.0.0', '--set', 'build-26', '--to', 'staging');
    expect(late).toMatchObject({ exitCode: 2, stdout: '' });
    expect(late.stderr).toContain("the label '1.0.0' of 'staging/foo' is that of version 1");
    await ok('promote', 'dev/foo:1.0.0', '--set', 'build-26', '--to', 'staging', '--as', 'foo:1.0.1');
    expect((await ok('get', `staging/foo:1.0.0#${wheel(24)}`, '-o', '-')).stdout).toBe('wheel of build 24\n');
  });
});
