import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { hasCode } from '../../../repository/error.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { establishDomain, formatArn, LOCAL_PLACE, ownKeeper, publishVersion } from '../../../repository/index.ts';
import { runToEnd } from '../../../repository/asking/ask.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { readManifest } from '../../../repository/version.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { publishable } from '../domain.ts';
import { tellSteps } from '../file-system-steps.ts';
import { randomFrom } from '../interleaving.ts';
import { summaryOfPlan } from '../summary-of-plan.ts';

/**
 * Keeps a directory domain, as command lines do, in an order that follows from a seed, until it kills itself before the `last` call to the file system. Says what it
 * has done, and before it takes anything back.
 */

const [root = '', seed = '', last = '', count = ''] = process.argv.slice(2);
const IDS = ['shop/api', 'shop/worker', 'batch'];
const CONSUMERS = ['nightly', 'somebody'];

const random = randomFrom(Number(seed));
const below = (limit: number): number => Math.floor(random() * limit);
const store = directoryStore(root);
const chance = {
  now: () => new Date(),
  nonce: () => randomUUID().replaceAll('-', ''),
  pause: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds / 10)),
};
const place = { ...LOCAL_PLACE, bucket: 'local' };
const domain = await establishDomain({ store, keeper: ownKeeper(store), chance }, place);
const known: string[] = [];
for (const id of IDS) {
  // What earlier ones have published.
  for (let number = 1; number < 40; number++) {
    const manifest = await readManifest(domain, { repository: 'default', id }, number);
    const [asset] = manifest?.assets ?? [];
    if (asset === undefined) break;
    known.push(formatArn({ ...LOCAL_PLACE, repository: 'default', id, version: number, digest: asset.digest }));
  }
}

let steps = 0;
tellSteps(() => {
  if (++steps === Number(last)) process.kill(process.pid, 'SIGKILL');
});
for (let operation = 0; operation < Number(count); operation++) {
  try {
    await operate();
  } catch (error) {
    if (!hasCode(error, 'ARTIFACT_DELETED', 'ARTIFACT_NOT_FOUND', 'CONTENT_MISSING', 'CONTENTION')) throw error;
    say({ refused: (error as Error).message });
  }
}
say({ steps });

async function operate(): Promise<void> {
  const arn = known[below(Math.max(1, known.length))];
  const consumer = CONSUMERS[below(CONSUMERS.length)] ?? '';
  const kind = arn === undefined ? 0 : below(8);
  if (arn === undefined || kind <= 2) {
    const id = IDS[below(IDS.length)] ?? '';
    const made = await publishVersion(domain, { repository: 'default', id }, publishable(`content ${below(4)}`));
    known.push(formatArn(made.arn));
  } else if (kind === 3) {
    await ask({ command: 'reference-add', arn, consumer });
    say({ added: arn, consumer });
  } else if (kind === 4) {
    say({ removing: arn, consumer });
    await ask({ command: 'reference-remove', arn, consumer });
  } else if (kind === 5) {
    await ask({ command: 'delete', arn, dryRun: false, now: below(2) === 0 });
  } else if (kind === 6) {
    await ask({ command: 'undelete', arn });
  } else {
    const id = chance.nonce();
    const planned = await ask({ command: 'gc-plan', id, now: true, verbose: false });
    await ask({ command: 'gc-run', plan: summaryOfPlan(planned).digest });
  }
}

async function ask(command: KeeperCommand): Promise<readonly object[]> {
  const results: object[] = [];
  const keep = (asked: KeeperCommand): ReturnType<typeof carryOut> =>
    carryOut(asked, { domain, evidence: noEvidence, isTimeUp: () => false });
  for await (const answer of runToEnd(keep, command, chance)) results.push(...answer.results);
  return results;
}

function say(what: object): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}
