import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../packager/cli/program.ts';
import type { Terminal } from '../../packager/cli/terminal.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { S3Server } from '../support/s3-server.ts';
import type { SeveralDomain } from '../support/several-domains.ts';
import { openDomainOn } from '../support/several-domains.ts';
import type { StackEvent } from '../support/stack-engine/engine.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { EXAMPLES } from './example.ts';
import type { Ran, Use } from './example.ts';

/** The story of one artifact in three domains: packaged once, deployed in another region and in another account, and collected everywhere. */

knowEveryError();
hideOwnEnvironment();

const ONE = '111122223333';
const TWO = '999988887777';

let server: S3Server;
/** Account 1 in two regions, account 2 in a third. */
let home: SeveralDomain;
let near: SeveralDomain;
let far: SeveralDomain;
let folder: string;

beforeEach(async () => {
  server = await startS3Server({ identities: {} });
  home = await openDomainOn(server, { account: ONE, region: 'us-east-1' });
  near = await openDomainOn(server, { account: ONE, region: 'eu-west-1' });
  far = await openDomainOn(server, { account: TWO, region: 'ap-southeast-2' });
  folder = path.join(await temporaryFolder(), 'layer');
  cpSync(path.join(EXAMPLES, 'layer'), folder, { recursive: true });
});

afterEach(async () => {
  await Promise.all([home, near, far].map((domain) => domain.close()));
  await server.close();
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
  expect([ran.exitCode, ran.stderr]).toEqual([0, expect.any(String)]);
}

async function deployed(domain: SeveralDomain, template: string): Promise<void> {
  const outcome = await domain.engine.deploy('shop', template);
  expect([outcome.status, reasonsOf(outcome)]).toEqual([expect.stringMatching(/^(?:CREATE|UPDATE)_COMPLETE$/), []]);
}

async function deleted(domain: SeveralDomain): Promise<void> {
  expect((await domain.engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
  expect(
    domain.keys('references/').filter((key) => key.includes(`/stack/${domain.account}/${domain.region}/`)),
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

test('packaged once at home; deployed there, in another region and in another account; deleted and collected everywhere', async () => {
  const template = await packaged();
  await share('default/layer/**', '--with', TWO);
  for (const domain of [home, near, far]) await deployed(domain, template);

  for (const domain of [near, far]) expect([...domain.keys('blobs/')].sort()).toEqual([...home.keys('blobs/')].sort());
  for (const domain of [near, far]) expect(domain.keys('references/').filter(isOfStacks)).toHaveLength(2);
  for (const artifact of ARTIFACTS)
    expect(await usesAtHome(artifact)).toEqual([SHOP_AT_HOME, SHOP_NEAR, SHOP_FAR].sort());

  appendFileSync(path.join(folder, 'hello/index.mjs'), '\n');
  const second = await packaged();
  for (const domain of [home, near, far]) await deployed(domain, second);
  for (const artifact of ARTIFACTS)
    expect(await usesAtHome(artifact)).toEqual([SHOP_AT_HOME, SHOP_NEAR, SHOP_FAR].sort());

  // What home gives up stays where it runs.
  const running = near.keys('blobs/');
  await deleted(home);
  for (const artifact of ARTIFACTS) expect(await usesAtHome(artifact)).toEqual([SHOP_NEAR, SHOP_FAR].sort());
  await collected(home);
  expect(near.keys('blobs/')).toEqual(running);
  await deployed(near, second);

  await collected(near);
  await collected(far);
  for (const domain of [near, far]) await expectCodeIsThere(domain);
  await deleted(near);
  for (const artifact of ARTIFACTS) expect(await usesAtHome(artifact)).toEqual([SHOP_FAR]);
  await deleted(far);
  for (const artifact of ARTIFACTS) expect(await usesAtHome(artifact)).toEqual([]);
  for (const domain of [near, far]) expect(domain.keys('progress/fetch/')).toEqual([]);
  // A copy that nothing uses is forgotten; home has its versions yet.
  for (const domain of [near, far]) expect(await collected(domain)).toEqual([]);
  expect(home.keys('blobs/')).toHaveLength(3);
});

/** What the stack's references name can be deployed again from what is here, with nobody asked elsewhere. */
async function expectCodeIsThere({ engine }: SeveralDomain): Promise<void> {
  const names = Object.keys(engine.functions()).filter((name) => !name.startsWith('cfn-artifacts-'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect((await engine.code(name)).length).toBeGreaterThan(0);
}
