import { ArtifactError } from '../../../repository/index.ts';
import { recordFollowed } from '../../../repository/sharing/follow.ts';
import { formatReach } from '../../../repository/sharing/reach.ts';
import { addShare, isSame, removeShare } from '../../../repository/sharing/records.ts';
import type { RamShare } from '../../../repository/sharing/resource-share.ts';
import type { RepositoryShare } from '../../../repository/sharing/share.ts';
import { CHANCE } from '../../chance.ts';
import type { Column } from '../talk/report.ts';
import { formatTable, writeJson } from '../talk/report.ts';
import type { ShareListOptions, ShareOptions, ShareRevokeOptions, ShareSyncOptions } from '../syntax/share.ts';
import type { Call } from './share-steps.ts';
import {
  agree,
  applyAll,
  nameOf,
  planned,
  requireNone,
  requireShareable,
  tag,
  tellDone,
  tellPlan,
  VERBS,
  warnOfUnits,
} from './share-steps.ts';
import type { OpenSharing } from '../sharing.ts';
import { openSharing } from '../sharing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { followedView, isRamShare, lookAtRam, revokeInRam, shareByRam, STATES } from './share-ram.ts';

/**
 * Lets others use artifacts of a repository: shows how the policies change, asks, and changes them.
 * @throws ArtifactError REPOSITORY_NOT_FOUND; INVALID_ARGUMENT of what can't be shared so, and where the answer is no; ArtifactErrors INVALID_CONFIGURATION for accounts that don't exist, after all else
 */
export async function share(options: ShareOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const sharing = await openSharing(options, options.dryRun ? 'read' : 'keep', terminal);
  const call: Call = { sharing, options, terminal, warnings };
  try {
    const { repository, pattern, right } = options;
    const wanted = { id: newId(), repository, pattern, with: options.with, right };
    await requireShareable(sharing, wanted);
    warnOfUnits(call, [wanted]);
    if (options.principal !== undefined) {
      await shareByRam(call, wanted, options.principal);
      return;
    }
    const before = await sharing.read();
    const same = before.shares.find((one) => one.repository === repository && isSame(one, wanted));
    const others = before.shares.filter((one) => one !== same);
    const difference = await planned(call, {
      ...before,
      shares: [...others, { ...wanted, id: same?.id ?? wanted.id }],
    });
    const plain = { repository, pattern, with: options.with, right };
    if (options.dryRun) {
      tellPlan(call, difference, { ...plain, outcome: 'planned' });
      return;
    }
    const what = `'${formatReach(wanted)}' with ${nameOf(options.with)}, to ${VERBS[right]}`;
    if (same?.right !== right || difference !== '') await agree(call, difference, `Share ${what}?`, `to share ${what}`);
    const { id, isChanged } = await addShare(sharing.opened.domain, wanted);
    const applied = await applyAll(call, difference);
    await tag(call, [repository]);
    const outcome = isChanged || applied.isChanged ? 'shared' : 'unchanged';
    tellDone(call, applied, `${outcome === 'shared' ? 'shared' : 'shared already:'} ${what}: ${id}`, {
      id,
      ...plain,
      outcome,
    });
  } finally {
    sharing.access.close();
  }
}

function newId(): string {
  return CHANCE.nonce().slice(0, 8);
}

/** What is shared, with whom, and what they may. */
export async function list(options: ShareListOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const sharing = await openSharing(options, 'read', terminal);
  const shares = await listed(sharing).finally(() => {
    sharing.access.close();
  });
  if (options.json) {
    writeJson(terminal, { shares: shares.map(plainShare), warnings: warnings.all() });
  } else if (shares.length > 0) {
    const rows = shares.map((one) => [
      ...[one.id, formatReach(one), nameOf(one.with), VERBS[one.right]],
      isRamShare(one) ? STATES[one.state] : '',
    ]);
    const hasRam = shares.some(({ ram }) => ram !== undefined);
    const columns = hasRam ? COLUMNS : COLUMNS.slice(0, -1);
    terminal.stdout.write(
      formatTable(columns, hasRam ? rows : rows.map((row) => row.slice(0, -1)), terminal.stdout.columns),
    );
  } else if (!options.quiet) {
    terminal.stderr.write('nothing is shared\n');
  }
}

/** Those of RAM as they stand there, and those that wait. */
async function listed(sharing: OpenSharing): Promise<readonly (RepositoryShare | RamShare)[]> {
  const before = await sharing.read();
  const { standing } = await lookAtRam(sharing, before);
  return [...before.shares.filter(({ ram }) => ram === undefined), ...standing];
}

const COLUMNS: readonly Column[] = [
  ...[{ title: 'SHARE' }, { title: 'ARTIFACTS' }, { title: 'WITH' }, { title: 'MAY' }, { title: 'BY RAM' }],
];

function plainShare(share: RepositoryShare | RamShare): object {
  const { id, repository, pattern, with: whom, right, ram } = share;
  const state = isRamShare(share) ? { state: share.state } : {};
  return { id, repository, pattern, with: whom, right, ...(ram !== undefined && { ram }), ...state };
}

/**
 * Takes shares back: their statements, what others may ask of the keeper, and then the tags of content that nobody else shares.
 * @throws ArtifactErrors INVALID_ARGUMENT for each that there is not
 */
export async function revoke(options: ShareRevokeOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const sharing = await openSharing(options, options.dryRun ? 'read' : 'keep', terminal);
  const call: Call = { sharing, options, terminal, warnings };
  try {
    const before = await sharing.read();
    const view = await lookAtRam(sharing, before);
    const all = [...before.shares.filter(({ ram }) => ram === undefined), ...view.standing];
    const gone = options.ids.map((id) => all.find((one) => one.id === id) ?? id);
    requireNone(gone.filter((one) => typeof one === 'string').map(unknownShare));
    const shares = gone.filter((one) => typeof one !== 'string');
    const difference = await planned(call, {
      ...before,
      shares: before.shares.filter(({ id }) => !options.ids.includes(id)),
    });
    const plain = shares.map(plainShare);
    if (options.dryRun) {
      tellPlan(call, difference, { shares: plain, outcome: 'planned' });
      return;
    }
    const what = shares.map((one) => `'${formatReach(one)}' with ${nameOf(one.with)}`).join(', ');
    await agree(call, difference, `No longer share ${what}?`, `to share ${what} no longer`);
    await revokeInRam(call, shares.filter(isRamShare), view);
    for (const one of shares) if (!isRamShare(one)) await removeShare(sharing.opened.domain, one.id);
    const applied = await applyAll(call, difference);
    await tag(call, [...new Set(shares.map(({ repository }) => repository))]);
    tellDone(call, applied, `no longer shared: ${what}`, { shares: plain, outcome: 'revoked' });
  } finally {
    sharing.access.close();
  }
}

function unknownShare(id: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `there is no share '${id}'`, {
    remedy: "'cfn-artifacts share list' tells which there are.",
  });
}

/** Brings the records of what is shared to what AWS RAM says, and the policies, and the tags of content, to the records. */
export async function sync(options: ShareSyncOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const sharing = await openSharing(options, options.dryRun ? 'read' : 'keep', terminal);
  const call: Call = { sharing, options, terminal, warnings };
  try {
    const before = await sharing.read();
    const view = await lookAtRam(sharing, before);
    const wanted = followedView(sharing, before, view);
    const difference = await planned(call, wanted);
    if (options.dryRun) {
      tellPlan(call, difference, { outcome: difference === '' ? 'unchanged' : 'planned' });
      return;
    }
    if (difference !== '')
      await agree(call, difference, 'Change the policies like this?', 'to change the policies like this');
    if (view.standing.length > 0) await recordFollowed(sharing.opened.domain, view.told);
    const applied = await applyAll(call, difference);
    await tag(call, [...new Set([...before.shares, ...wanted.shares].map(({ repository }) => repository))]);
    const outcome = applied.isChanged ? 'changed' : 'unchanged';
    tellDone(
      call,
      applied,
      applied.isChanged ? 'the policies say what is shared again' : 'the policies say what is shared',
      { outcome },
    );
  } finally {
    sharing.access.close();
  }
}
