import path from 'node:path';
import { expect, test } from '@jest/globals';
import { parseArn } from '../../repository/arn.ts';
import { bytesOf } from '../../repository/content.ts';
import { sha256 } from '../../repository/digest.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { establishDomain, LOCAL_PLACE, ownKeeper, readStatus } from '../../repository/index.ts';
import type { Domain } from '../../repository/index.ts';
import { carryOut } from '../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../repository/asking/command.ts';
import { blobPrefix } from '../../repository/keys.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { isLeftToSee } from '../../repository/verifying/finding.ts';
import type { VerifyFinding } from '../../repository/verifying/finding.ts';
import { steadyChance } from '../support/chance.ts';
import { startScript } from '../support/child-script.ts';
import { randomFrom } from '../support/interleaving.ts';
import { keysIn } from '../support/keys-in.ts';
import { summaryOfPlan } from '../support/summary-of-plan.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** The real process on a directory, killed with SIGKILL before a call to the file system that chance chooses, again and again in one domain. */

const CHILD = path.join(import.meta.dirname, '../support/crash/keeper-child.ts');
const KILLS = Number(process.env['CFN_ARTIFACTS_TEST_KILLS'] ?? 90);
/** So many run side by side, each series in a domain of its own. */
const SERIES = 3;
const DAY_MS = 24 * 60 * 60 * 1000;

interface Said {
  readonly added?: string;
  readonly removing?: string;
  readonly consumer?: string;
}

async function domainAt(root: string, days = 0): Promise<Domain> {
  const store = directoryStore(root);
  const chance = { ...steadyChance('parent'), now: () => new Date(Date.now() + days * DAY_MS) };
  return establishDomain({ store, keeper: ownKeeper(store), chance }, { ...LOCAL_PLACE, bucket: 'local' });
}

async function ask(domain: Domain, command: KeeperCommand): Promise<readonly object[]> {
  const { results, next } = await carryOut(command, { domain, evidence: noEvidence, isTimeUp: () => false });
  return next === undefined ? results : [...results, ...(await ask(domain, next))];
}

async function requirePromised(domain: Domain, promised: Iterable<string>): Promise<void> {
  for (const text of promised) {
    const { repository, id, version = 0, digest } = parseArn(text);
    const status = await readStatus(domain, { repository, id }, version);
    if (digest === undefined || status === 'Deleted') throw new Error(`promised, and deleted: ${text}`);
    const keys = await keysIn(domain.store, blobPrefix(digest));
    const bodies = await Promise.all(keys.map((key) => domain.store.read(key)));
    const found = await Promise.all(bodies.flatMap((one) => (one === undefined ? [] : [bytesOf(one.body)])));
    if (!found.some((bytes) => sha256(bytes) === digest)) throw new Error(`promised, and gone: ${text}`);
  }
}

/** Kills one after the other. @returns how many died, and how many came to their end before that */
async function killInTurn(series: number, times: number): Promise<{ readonly died: number; readonly lived: number }> {
  const root = path.join(await temporaryFolder(), 'domain');
  const domain = await domainAt(root);
  const promised = new Map<string, string>();
  const counts = { died: 0, lived: 0 };
  const random = randomFrom(series);
  for (let time = 0; time < times; time++) {
    const last = 1 + Math.floor(random() * 1500);
    const running = await startScript(CHILD, [root, String(series * 10_000 + time), String(last), '40']);
    const { status, signal, stdout, stderr } = await running.finished;
    if (signal === 'SIGKILL') counts.died += 1;
    else if (status === 0) counts.lived += 1;
    else throw new Error(`it ended with ${String(status)}: ${stderr}`);
    for (const line of stdout.split('\n').filter((one) => one.endsWith('}'))) {
      const { added, removing, consumer = '' } = JSON.parse(line) as Said;
      if (added !== undefined) promised.set(`${consumer} ${added}`, added);
      if (removing !== undefined) promised.delete(`${consumer} ${removing}`);
    }
    await requirePromised(domain, promised.values());
    const verify = { command: 'verify', fix: true, deep: true } as const;
    await ask(domain, verify);
    expect(((await ask(domain, verify)) as VerifyFinding[]).filter(isLeftToSee)).toEqual([]);
    await requirePromised(domain, promised.values());
  }
  await requireEnd(root);
  return counts;
}

/** Whatever died in it, a domain that nobody needs any more becomes empty. */
async function requireEnd(root: string): Promise<void> {
  const domain = await domainAt(root, 3);
  const { partition, account, region } = domain;
  for (const id of ['shop/api', 'shop/worker', 'batch']) {
    const arn = `arn:${partition}:artifacts:${region}:${account}:default/${id}`;
    for (const consumer of ['nightly', 'somebody']) await ask(domain, { command: 'reference-remove', arn, consumer });
    await ask(domain, { command: 'delete', arn, dryRun: false, now: true });
  }
  await ask(domain, { command: 'audit', fix: true });
  const planned = await ask(domain, { command: 'gc-plan', id: 'planoftheend', now: true, verbose: false });
  const plan = summaryOfPlan(planned);
  await ask(domain, { command: 'gc-run', plan: plan.digest });
  expect(await keysIn(domain.store, 'blobs/')).toEqual([]);
  expect(await keysIn(domain.store, 'references/')).toEqual([]);
}

test('a keeper of a directory, killed anywhere, loses nothing that was promised, and leaves what a verification heals', async () => {
  const times = Math.ceil(KILLS / SERIES);
  const all = await Promise.all(Array.from({ length: SERIES }, (_, index) => killInTurn(index + 1, times)));
  const died = all.reduce((sum, one) => sum + one.died, 0);
  process.stderr.write(`crash of the process, in a directory: ${died} kills, in ${SERIES} domains\n`);
  expect(died).toBeGreaterThan(KILLS / 2);
}, 900_000);
