import {
  followed,
  noteResourceShare,
  forgetResourceShare,
  recordFollowed,
  standingOf,
} from '../../../repository/sharing/follow.ts';
import type {
  RamShare,
  RepositoryResourceShare,
  ToldResourceShare,
} from '../../../repository/sharing/resource-share.ts';
import { formatReach } from '../../../repository/sharing/reach.ts';
import type { Sharing } from '../../../repository/sharing/records.ts';
import { removeShare } from '../../../repository/sharing/records.ts';
import type { RepositoryShare } from '../../../repository/sharing/share.ts';
import { DESCRIPTOR_PARAMETER, nameOfResourceShare } from '../../sharing/resource-access.ts';
import { CHANCE } from '../../chance.ts';
import type { Call } from './share-steps.ts';
import { agree, applyAll, nameOf, planned, tag, tellDone, tellPlan, VERBS } from './share-steps.ts';
import type { OpenSharing } from '../sharing.ts';

/** What AWS RAM says of a domain's resource shares, beside what the records say. */
export interface RamView {
  readonly noted: readonly RepositoryResourceShare[];
  readonly told: readonly ToldResourceShare[];
  readonly standing: readonly RamShare[];
}

/** Where nothing is shared by RAM, it is not asked. */
export async function lookAtRam({ noted: readNoted, ram, place }: OpenSharing, before: Sharing): Promise<RamView> {
  const noted = await readNoted();
  const told = await ram.ask(noted.map(({ arn }) => arn));
  return { noted, told, standing: standingOf(place, before, noted, told) };
}

export function isRamShare(share: RepositoryShare | RamShare): share is RamShare {
  return 'state' in share;
}

/** How a share by RAM stands, for people. */
export const STATES: Readonly<Record<RamShare['state'], string>> = {
  associated: 'associated',
  waiting: 'waits to be accepted',
  failed: 'failed',
  new: 'associated, not in the policies',
  gone: 'no longer in RAM, still in the policies',
  unknown: 'changed in RAM, not followed',
};

/** Within a moment RAM has associated whom it need not wait for. */
const LOOKS = 4;
const PAUSE_MS = 500;

/**
 * Shares by a resource share of AWS RAM: makes it, or adds the principal to it, and lets the policies follow as far as RAM has associated it.
 * @throws ArtifactError as `share`; ACCESS_DENIED, STORE_UNAVAILABLE of RAM
 */
export async function shareByRam(call: Call, wanted: RepositoryShare, principal: string): Promise<void> {
  const { sharing, options } = call;
  const { ram, place, opened } = sharing;
  const { repository, pattern, right } = wanted;
  const before = await sharing.read();
  const { noted, standing } = await lookAtRam(sharing, before);
  const mine = (one: RepositoryShare): boolean =>
    one.repository === repository && one.pattern === pattern && one.right === right && one.with === wanted.with;
  const present = standing.find((one) => mine(one) && one.principal !== undefined && one.state !== 'failed');
  const others = before.shares.filter((one) => one.ram === undefined || !mine(one));
  const difference = await planned(call, { ...before, shares: [...others, { ...wanted, ram: 'of RAM' }] });
  const name = nameOfResourceShare(place, wanted);
  const inRam =
    present === undefined ? `the resource share '${name}' of '${DESCRIPTOR_PARAMETER}':\n  + ${principal}` : '';
  const whole = [inRam, difference].filter((one) => one !== '').join('\n');
  const plain = { repository, pattern, with: wanted.with, right };
  if (options.dryRun) {
    tellPlan(call, whole, { ...plain, outcome: 'planned' });
    return;
  }
  const what = `'${formatReach(wanted)}' with ${nameOf(wanted.with)}, to ${VERBS[right]}`;
  if (whole !== '') await agree(call, whole, `Share ${what}, by AWS RAM?`, `to share ${what}`);
  const arn = await ram.offer(wanted);
  await noteResourceShare(opened.domain, { repository, pattern, right, arn });
  if (present === undefined) await ram.associate(arn, principal);
  const arns = [...new Set([...noted.map((one) => one.arn), arn])];
  const told = await settled(sharing, arns, arn, principal);
  await recordFollowed(opened.domain, told);
  const applied = await applyAll(call, difference);
  await tag(call, [repository]);
  const after = standingOf(place, await sharing.read(), await sharing.noted(), told).find(
    (one) => one.ram === arn && mine(one),
  );
  const state = after?.state ?? 'waiting';
  const isShared = present?.state !== state || applied.isChanged;
  const line =
    state === 'associated'
      ? `${isShared ? 'shared' : 'shared already:'} ${what}: ${after?.id ?? ''}`
      : `offered ${what}: ${after?.id ?? ''} ${STATES[state]}${after?.reason === undefined ? '' : `: ${after.reason}`}`;
  tellDone(call, applied, line, {
    id: after?.id,
    ...plain,
    ram: arn,
    state,
    outcome: isShared ? 'shared' : 'unchanged',
  });
}

async function settled(
  { ram }: OpenSharing,
  arns: readonly string[],
  arn: string,
  principal: string,
): Promise<readonly ToldResourceShare[]> {
  for (let look = 1; ; look++) {
    const told = await ram.ask(arns);
    const one = told.find((share) => share.arn === arn)?.principals.find((other) => other.principal === principal);
    if (look >= LOOKS || (one !== undefined && one.state !== 'waiting')) return told;
    await CHANCE.pause(PAUSE_MS);
  }
}

/** Takes principals from their resource shares, and these away where nobody is left; then from the records, if they were there. */
export async function revokeInRam({ sharing }: Call, shares: readonly RamShare[], { told }: RamView): Promise<void> {
  const { ram, opened } = sharing;
  for (const { ram: arn, principal } of shares) if (principal !== undefined) await ram.dissociate(arn, principal);
  for (const { ram: arn, repository } of shares) {
    const principals = told.find((one) => one.arn === arn)?.principals ?? [];
    const left = principals.filter(
      ({ principal, state }) =>
        state !== 'failed' && !shares.some((share) => share.ram === arn && share.principal === principal),
    );
    if (left.length > 0) continue;
    await ram.remove(arn);
    await forgetResourceShare(opened.domain, { repository, arn });
  }
  for (const { id } of shares) await removeShare(opened.domain, id);
}

/** What the records will say. */
export function followedView({ place }: OpenSharing, before: Sharing, { noted, told }: RamView): Sharing {
  return followed(place, before, noted, told);
}
