import { readBookmark } from './bookmark-record.ts';
import { deleteBookmark } from './bookmark.ts';
import { disposeUnchanged } from './deleting/version-deletion.ts';
import type { VersionUser } from './deleting/users.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError, hasCode } from './error.ts';
import { findLabel } from './label.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import { withdrawPromotion } from './promoting/withdraw.ts';
import type { Status } from './status.ts';
import { writeStatus } from './status.ts';
import type { TargetStatus } from './status-target.ts';
import { FOLLOWERS } from './status-target.ts';
import type { Manifest, Version } from './version.ts';
import { currentStatus, initialStatus, readVersion } from './version.ts';

export type { TargetStatus } from './status-target.ts';

/** What came of it. */
export type StatusChange = (
  | { readonly outcome: 'changed'; readonly from: Status }
  /** It was that already. */
  | { readonly outcome: 'exists' }
  /** Somebody needs it, and it stays what it is. */
  | { readonly outcome: 'used'; readonly users: readonly VersionUser[] }
) & {
  readonly manifest: Manifest;
  /** What it is now. */
  readonly status: Status;
  /** Of one that is Disposed: what it held. Whether anything else holds or uses that, whoever condemns it finds out. */
  readonly digests: readonly Digest[];
};

const TURNS = 40;
const PAUSE_MS = 25;

export interface ChangeOptions {
  /** What it must be now. What is wanted already is not refused, so that a command may be repeated. */
  readonly expected?: Status;
}

/**
 * Gives a version another status. By each write it is the one that was looked at, or it is looked at again. `Disposed` drops what the version held, if nobody needs it, by the protocol of deletions.
 * @returns `undefined`: there is no such version
 * @throws ArtifactError STATUS_NOT_ALLOWED, with what may follow; STALE_REVISION where it is not what is expected; CONTENTION
 */
export async function changeStatus(
  domain: Domain,
  { repository, id }: ArtifactName,
  number: number,
  to: TargetStatus,
  options: ChangeOptions = {},
): Promise<StatusChange | undefined> {
  const name = { repository, id };
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await domain.chance.pause(PAUSE_MS * turn);
    const version = await readVersion(domain, name, number);
    if (version === undefined) return undefined;
    const { manifest, status: from, record } = version;
    if (from === to && to !== 'Disposed') return { outcome: 'exists', manifest, status: to, digests: [] };
    // It may be decided yet that it stays; whoever wants it disposed of comes to the end of that himself.
    if (from === 'Deleting' && to !== 'Disposed') continue;
    if (from !== 'Deleting' && from !== to) await requireAllowed(domain, version, to, options);
    if (to !== 'Disposed') {
      if ((await writeStatus(domain, manifest, { status: to, was: from }, record)) === undefined) continue;
      return { outcome: 'changed', manifest, from, status: to, digests: [] };
    }
    // Else it was decided meanwhile what it is.
    const { promotion } = manifest;
    if (version.pending === 'open' && promotion !== undefined) {
      if ((await withdrawPromotion(domain, repository, promotion.id)) === 'decided') continue;
    }
    const ended = await disposeUnchanged(domain, name, number, record?.value.nonce);
    if (ended?.outcome === 'used') return { outcome: 'used', users: ended.users, manifest, status: from, digests: [] };
    if (ended?.status !== 'Disposed') continue;
    const outcome =
      ended.outcome === 'already' ? { outcome: 'exists' as const } : { outcome: 'changed' as const, from };
    return { ...outcome, manifest, status: 'Disposed', digests: ended.digests };
  }
  throw new ArtifactError(
    'CONTENTION',
    `the status of '${formatArtifactName(name)}:${number}' is changed by others all the time`,
    {
      remedy:
        "Try again. Somebody may have begun to delete it and died: then 'cfn-artifacts verify --fix' comes to the end of that.",
    },
  );
}

/**
 * Makes a candidate Published when it was chosen: when its label stands for it, or the promotion that it is part of is recorded. Nothing else is asked of who wants it, because that decides.
 * @returns `undefined`: there is no such version
 * @throws ArtifactError STATUS_NOT_ALLOWED where it was not chosen, or was given up; CONTENTION
 */
export async function completeVersion(
  domain: Domain,
  { repository, id }: ArtifactName,
  number: number,
): Promise<StatusChange | undefined> {
  const version = await readVersion(domain, { repository, id }, number);
  if (version === undefined) return undefined;
  const { manifest, status } = version;
  // Whatever it became since, it had been completed before.
  const isDone = status === 'Published' || status === 'Unlisted' || status === 'Archived';
  const completed =
    isDone && (await isChosen(domain, manifest))
      ? ({ outcome: 'exists', manifest, status, digests: [] } as const)
      : await changeStatus(domain, { repository, id }, number, 'Published');
  await endActivation(domain, manifest);
  return completed;
}

/** Which candidate was active matters no more, and keeps none from being deleted. */
async function endActivation(domain: Domain, manifest: Manifest): Promise<void> {
  const { set } = manifest;
  if (set === undefined) return;
  const { number, owner } = (await readBookmark(domain.store, manifest, set.label))?.value ?? {};
  if (number === undefined || owner !== undefined) return;
  const active = await readVersion(domain, manifest, number);
  // Another bookmark of that name is nobody's choice of a candidate.
  if (active?.manifest.set?.label === set.label)
    await deleteBookmark(domain, manifest, set.label, { expected: number }).catch(unlessMoved);
}

/** Somebody wants something of it. */
function unlessMoved(error: unknown): void {
  if (!hasCode(error, 'STALE_REVISION')) throw error;
}

/** @throws ArtifactError STALE_REVISION, STATUS_NOT_ALLOWED */
async function requireAllowed(
  domain: Domain,
  { manifest, status: from, pending }: Version,
  to: TargetStatus,
  { expected }: ChangeOptions,
): Promise<void> {
  const what = `${formatArtifactName(manifest)}:${manifest.number}`;
  if (expected !== undefined && expected !== from) {
    throw new ArtifactError('STALE_REVISION', `'${what}' is ${from}, not ${expected}`, {
      remedy: 'Somebody has changed it: decide again by what it is now.',
    });
  }
  if (!FOLLOWERS[from].includes(to)) {
    throw new ArtifactError('STATUS_NOT_ALLOWED', `'${what}' is ${from}, and cannot become ${to}`, {
      remedy: remedyOf(from, what),
    });
  }
  if (pending === undefined && (to !== 'Published' || (await isChosen(domain, manifest)))) return;
  // It is not to be seen alone, and may be given up alone.
  if (pending !== undefined && to === 'Disposed') return;
  throw new ArtifactError('STATUS_NOT_ALLOWED', `'${what}' is not finished, and cannot become ${to}`, {
    remedy: wayToFinish(manifest, from),
  });
}

function remedyOf(from: Status, what: string): string {
  if (from === 'Deleted') return `First take the deletion back: cfn-artifacts undelete ${what}`;
  if (from === 'Disposed')
    return 'Its content is given up for good: publish the same bytes, which makes a new version.';
  return `It can become ${FOLLOWERS[from].join(', ')}.`;
}

function wayToFinish({ set, promotion, ...manifest }: Manifest, from: Status): string {
  const name = formatArtifactName(manifest);
  const others = promotion !== undefined && from === 'Unfinished' ? 'Disposed' : othersOf(from);
  if (set !== undefined)
    return `Choose it with 'cfn-artifacts finish ${name}:${set.label} --set ${set.name}'; otherwise it can become ${others}.`;
  return promotion === undefined
    ? `It can become ${others}.`
    : `It becomes Published together with all that is promoted with it: promote the same again. Otherwise it can become ${others}.`;
}

function othersOf(from: Status): string {
  return FOLLOWERS[from].filter((one) => one !== 'Published').join(', ');
}

/** Whether a version that is a candidate at first is one no more, whatever its status is. */
async function isChosen(domain: Domain, manifest: Manifest): Promise<boolean> {
  if (initialStatus(manifest) !== 'Unfinished') return true;
  const { set, promotion, number } = manifest;
  if (promotion !== undefined) return (await currentStatus(domain, manifest, undefined)).status === 'Published';
  return set !== undefined && (await findLabel(domain, manifest, set.label))?.manifest.number === number;
}
