import { formatArn } from '../arn.ts';
import { condemn, isNeeded } from '../deleting/condemn.ts';
import { reap } from '../deleting/reap.ts';
import type { VersionUser } from '../deleting/users.ts';
import { deleteUnchanged } from '../deleting/version-deletion.ts';
import { eraseDecided, ownKeeper, readDeletion } from '../deletion.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { deletionKey } from '../keys.ts';
import { nameOfConsumer } from '../usage.ts';
import type { PlannedStep } from './item.ts';
import type { Quarantine } from './quarantine.ts';
import { mayBeForgotten, quarantineEnd, quarantineStart } from './quarantine.ts';
import type { ContentOutcome, ContentResult, RunResult } from './run-result.ts';

type Of<A extends PlannedStep['action']> = Extract<PlannedStep, { action: A }>;

/** Carries out one item of a plan, as far as it still holds. */
export async function carryOutItem(domain: Domain, item: PlannedStep, quarantine: Quarantine): Promise<RunResult> {
  switch (item.action) {
    case 'delete':
      return giveUp(domain, item, quarantine);
    case 'condemn':
      return { ...item, ...(await condemnContent(domain, item.digest, quarantine)) };
    case 'reap':
      return { ...item, outcome: await reapContent(domain, item.digest, quarantine) };
    case 'finish':
      return { ...item, outcome: await finish(domain, item.digest) };
    case 'cancel':
      return { ...item, outcome: await cancel(domain, item.digest) };
    case 'forget':
      return { ...item, outcome: await forget(domain, item.digest) };
  }
}

/** The version, and what it held as far as nothing else holds or uses that. */
async function giveUp(domain: Domain, item: Of<'delete'>, quarantine: Quarantine): Promise<RunResult> {
  const { repository, id, number, digests } = item;
  const deletion = await deleteUnchanged(domain, { repository, id }, number, item.seen);
  if (deletion === undefined) return { ...item, outcome: 'left' };
  if (deletion.outcome === 'used') return { ...item, outcome: 'rescued', users: namesOf(domain, deletion.users) };
  const content: ContentResult[] = [];
  const { partition, account, region } = domain;
  for (const digest of digests) {
    const arn = formatArn({ partition, account, region, repository, id, version: number, digest });
    const bytes = deletion.manifest.assets.find((asset) => asset.digest === digest)?.size ?? 0;
    content.push({ digest, bytes, ...(await condemnContent(domain, digest, quarantine, [arn])) });
  }
  return { ...item, outcome: deletion.outcome === 'already' ? 'gone' : 'deleted', content };
}

/** With a quarantine that is waived it goes at once. */
async function condemnContent(
  domain: Domain,
  digest: Digest,
  quarantine: Quarantine,
  arns: readonly string[] = [],
): Promise<Pick<ContentResult, 'outcome' | 'until'>> {
  const condemned = await condemn(domain, digest, arns);
  switch (condemned.outcome) {
    case 'needed':
      return { outcome: 'rescued' };
    case 'absent':
    case 'conflict':
      return { outcome: 'gone' };
    case 'already':
      if (quarantine === 'waived') return { outcome: await reapContent(domain, digest, quarantine) };
      return { outcome: condemned.state === 'condemned' ? 'waiting' : 'gone' };
    case 'condemned':
      if (quarantine === 'waived') return { outcome: await reapContent(domain, digest, quarantine) };
      return { outcome: 'condemned', until: quarantineEnd(domain.chance.now(), quarantine.days).toISOString() };
  }
}

async function reapContent(domain: Domain, digest: Digest, quarantine: Quarantine): Promise<ContentOutcome> {
  const { outcome } = await reap(domain, digest, quarantineStart(domain, quarantine));
  switch (outcome) {
    case 'deleted':
    case 'rescued':
    case 'waiting':
      return outcome;
    case 'conflict':
      return 'gone';
    case 'not condemned':
      return (await isNeeded(domain.store, digest)) ? 'rescued' : 'gone';
  }
}

async function finish({ store }: Domain, digest: Digest): Promise<'finished' | 'left'> {
  if ((await readDeletion(store, digest))?.value.state !== 'deleting') return 'left';
  const { outcome, closed } = await eraseDecided(store, digest);
  if (outcome !== 'all') throw closed;
  return 'finished';
}

async function cancel({ store }: Domain, digest: Digest): Promise<'cancelled' | 'left'> {
  if ((await readDeletion(store, digest))?.value.state !== 'condemned' || !(await isNeeded(store, digest)))
    return 'left';
  await ownKeeper(store).cancel(digest);
  return 'cancelled';
}

async function forget(domain: Domain, digest: Digest): Promise<'forgotten' | 'left'> {
  const deletion = await readDeletion(domain.store, digest);
  if (deletion?.value.state !== 'cancelled' || !mayBeForgotten(domain, deletion.modified)) return 'left';
  await domain.store.removeRevision(deletionKey(digest), deletion.revision);
  return 'forgotten';
}

/** So many names help; more of them hide each other. */
const NAMES = 5;

function namesOf(domain: Domain, users: readonly VersionUser[]): readonly string[] {
  const names = users.map((user) => {
    if (user.by === 'bookmark') return `the bookmark '${user.bookmark}'`;
    return nameOfConsumer(user.consumer, domain);
  });
  return [...new Set(names)].slice(0, NAMES);
}
