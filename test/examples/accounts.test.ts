import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { run } from '../../packager/cli/program.ts';
import type { Terminal } from '../../packager/cli/terminal.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import { startMoto } from '../support/moto.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { SeveralDomain } from '../support/several-domains.ts';
import { openDomainOn, openDomainOnMoto } from '../support/several-domains.ts';
import type { StackEvent } from '../support/stack-engine/engine.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';
import { EXAMPLES } from './example.ts';
import type { Ran, Use } from './example.ts';

/** The story of one artifact in three domains: packaged once, deployed in another region and in another account, and collected everywhere. */

knowEveryError();
hideOwnEnvironment();

const ONE = '111122223333';
const TWO = '999988887777';

const moto = await startMoto();
const runsMoto = !('skipped' in moto);
afterAll(async () => {
  if (runsMoto) await moto.close();
});

/** Where the domains are, and how such a place ends. */
interface World {
  readonly open: (place: { readonly account: string; readonly region: string }) => Promise<SeveralDomain>;
  readonly close: () => Promise<void>;
}

async function onServer(): Promise<World> {
  const server = await startS3Server({ identities: {} });
  return { open: (place) => openDomainOn(server, place), close: () => server.close() };
}

async function onMoto(): Promise<World> {
  if (!runsMoto) return onServer();
  await fetch(`${moto.endpoint}/moto-api/reset`, { method: 'POST' });
  return { open: (place) => openDomainOnMoto(moto, place), close: async () => undefined };
}

/** Account 1 in two regions, account 2 in a third. */
let home: SeveralDomain;
let near: SeveralDomain;
let far: SeveralDomain;
let folder: string;

let world: World;

async function begin(start: () => Promise<World>): Promise<void> {
  world = await start();
  home = await world.open({ account: ONE, region: 'us-east-1' });
  near = await world.open({ account: ONE, region: 'eu-west-1' });
  far = await world.open({ account: TWO, region: 'ap-southeast-2' });
  folder = path.join(await temporaryFolder(), 'layer');
  cpSync(path.join(EXAMPLES, 'layer'), folder, { recursive: true });
}

afterEach(async () => {
  await Promise.all([home, near, far].map((domain) => domain.close()));
  await world.close();
});

async function as(env: Terminal['env'], ...argv: string[]): Promise<Ran> {
  const terminal = recordedTerminal({ cwd: folder, env });
  const exitCode = await run(argv, terminal);
  return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}

/** What is packaged at home, once. */
async function packaged(): Promise<string> {
  const ran = await as(home.publisher, 'package', '--output-template-file', 'packaged.yaml');
  expect([ran.exitCode, ran.stderr]).toEqual([0, expect.stringContaining('uploaded')]);
  return readFileSync(path.join(folder, 'packaged.yaml'), 'utf8');
}

async function usesAtHome(artifact: string): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await as(home.reader, 'references', artifact, '--json');
  expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  const { uses } = JSON.parse(stdout) as { uses: readonly Use[] };
  return uses.map(({ stack, account, region }) => `${String(stack)} ${String(account)} ${String(region)}`).sort();
}

function reasonsOf({ events }: { readonly events: readonly StackEvent[] }): readonly string[] {
  return events.flatMap(({ status, reason = '' }) => (status.endsWith('_FAILED') ? [reason] : []));
}

const isOfStacks = (key: string): boolean => key.includes('/stack/');
const ARTIFACTS = ['layer/greeting', 'layer/hello'];
const SHOP_AT_HOME = `shop ${ONE} us-east-1`;
const SHOP_NEAR = `shop ${ONE} eu-west-1`;
const SHOP_FAR = `shop ${TWO} ap-southeast-2`;

async function share(...argv: string[]): Promise<void> {
  const ran = await as(home.administrator, 'share', ...argv, '--yes');
  expect(ran.exitCode === 0 ? '' : ran.stderr).toBe('');
}

async function deployed(domain: SeveralDomain, template: string): Promise<void> {
  const outcome = await domain.engine.deploy('shop', template);
  expect([outcome.status, reasonsOf(outcome)]).toEqual([expect.stringMatching(/^(?:CREATE|UPDATE)_COMPLETE$/), []]);
}

async function deleted(domain: SeveralDomain): Promise<void> {
  expect((await domain.engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
  expect(
    (await domain.keys('references/')).filter((key) => key.includes(`/stack/${domain.account}/${domain.region}/`)),
  ).toEqual([]);
}

/** What the keeper's collector deletes, with no quarantine, and what is left after that. */
async function collected(domain: SeveralDomain): Promise<readonly string[]> {
  const planned = await as(domain.administrator, 'gc', 'plan', '--now', '--json');
  expect([planned.exitCode, planned.stderr]).toEqual([0, expect.any(String)]);
  const { plan } = JSON.parse(planned.stdout) as { plan: { digest: string } };
  const ran = await as(domain.administrator, 'gc', 'run', plan.digest);
  expect([ran.exitCode, ran.stderr]).toEqual([0, expect.any(String)]);
  return domain.keys('blobs/');
}

const PLACES = [
  { where: 'the S3 server of the tests', start: onServer, runs: true, evaluates: true },
  {
    where: `moto${whySkipped(runsMoto, 'skipped' in moto ? moto.skipped : '')}`,
    start: onMoto,
    runs: runsMoto,
    // It lets everybody read everything, and fails at conditions of policies.
    evaluates: false,
  },
];

describe.each(PLACES)('on $where', ({ start, runs, evaluates }) => {
  (runs ? test : test.skip)(
    'packaged once at home; deployed there, in another region and in another account; deleted and collected everywhere',
    async () => {
      await begin(start);
      const template = await packaged();
      if (evaluates) await share('default/layer/**', '--with', TWO);
      for (const domain of [home, near, far]) await deployed(domain, template);

      for (const domain of [near, far]) expect(await domain.keys('blobs/')).toEqual(await home.keys('blobs/'));
      for (const domain of [near, far]) expect((await domain.keys('references/')).filter(isOfStacks)).toHaveLength(2);
      for (const artifact of ARTIFACTS)
        expect(await usesAtHome(artifact)).toEqual([SHOP_AT_HOME, SHOP_NEAR, SHOP_FAR].sort());

      appendFileSync(path.join(folder, 'hello/index.mjs'), '\n');
      const second = await packaged();
      for (const domain of [home, near, far]) await deployed(domain, second);
      for (const artifact of ARTIFACTS)
        expect(await usesAtHome(artifact)).toEqual([SHOP_AT_HOME, SHOP_NEAR, SHOP_FAR].sort());

      // What home gives up stays where it runs.
      const running = await near.keys('blobs/');
      await deleted(home);
      for (const artifact of ARTIFACTS) expect(await usesAtHome(artifact)).toEqual([SHOP_NEAR, SHOP_FAR].sort());
      await collected(home);
      expect(await near.keys('blobs/')).toEqual(running);
      await deployed(near, second);

      await collected(near);
      await collected(far);
      for (const domain of [near, far]) await expectCodeIsThere(domain);
      await deleted(near);
      for (const artifact of ARTIFACTS) expect(await usesAtHome(artifact)).toEqual([SHOP_FAR]);
      await deleted(far);
      for (const artifact of ARTIFACTS) expect(await usesAtHome(artifact)).toEqual([]);
      for (const domain of [near, far]) expect(await domain.keys('progress/fetch/')).toEqual([]);
      // A copy that nothing uses is forgotten; home has its versions yet.
      for (const domain of [near, far]) expect(await collected(domain)).toEqual([]);
      expect(await home.keys('blobs/')).toHaveLength(3);
    },
  );
});

/** What the stack's references name can be deployed again from what is here, with nobody asked elsewhere. */
async function expectCodeIsThere({ engine }: SeveralDomain): Promise<void> {
  const names = Object.keys(engine.functions()).filter((name) => !name.startsWith('cfn-artifacts-'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect((await engine.code(name)).length).toBeGreaterThan(0);
}
