import type { KeeperCommand } from '../../../repository/index.ts';
import { ArtifactError, ArtifactErrors, readRepository, runToEnd } from '../../../repository/index.ts';
import { formatReach } from '../../../repository/sharing/reach.ts';
import { parseRecipient } from '../../../repository/sharing/recipient.ts';
import { addShare, isSame, problemOfShare, removeShare } from '../../../repository/sharing/records.ts';
import type { Sharing } from '../../../repository/sharing/records.ts';
import type { RepositoryShare, Right } from '../../../repository/sharing/share.ts';
import { includes } from '../../../repository/sharing/share.ts';
import type { Applied } from '../../sharing/apply.ts';
import { applySharing, differenceOf, planAll } from '../../sharing/apply.ts';
import { CHANCE } from '../chance.ts';
import { confirm } from '../confirm.ts';
import type { Column } from '../report.ts';
import { formatTable, writeJson } from '../report.ts';
import type { ShareListOptions, ShareOptions, ShareRevokeOptions, ShareSyncOptions } from '../share-options.ts';
import type { OpenSharing } from '../sharing.ts';
import { openSharing } from '../sharing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

interface Call {
  readonly sharing: OpenSharing;
  readonly options: ShareSyncOptions;
  readonly terminal: Terminal;
  readonly warnings: Warnings;
}

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

/** @throws ArtifactError */
async function requireShareable({ opened, place }: OpenSharing, wanted: RepositoryShare): Promise<void> {
  const { repository: is } = await readRepository(opened.domain, wanted.repository);
  if (wanted.with === place.account) {
    throw new ArtifactError('INVALID_ARGUMENT', `account ${place.account} is the domain's own`, {
      remedy: 'Whom of its own account a domain serves is said by IAM: docs/permissions.md tells what each needs.',
    });
  }
  if (is.bucket !== undefined) {
    throw new ArtifactError(
      'INVALID_ARGUMENT',
      `'${wanted.repository}' has its content in the bucket '${is.bucket}', whose policy is not the domain's`,
      { remedy: 'Promote what is to be shared into another repository, and share that.' },
    );
  }
  const problem = problemOfShare(is.shares ?? [], wanted);
  if (problem !== undefined) throw problem;
}

/** Lambda knows no units. */
function warnOfUnits({ warnings }: Call, shares: readonly RepositoryShare[]): void {
  for (const { with: whom, right } of shares) {
    const recipient = parseRecipient(whom);
    if (recipient?.kind !== 'unit' || !includes(right, 'publish')) continue;
    warnings.add({
      code: 'unit-as-organization',
      message: `AWS Lambda knows no units: everybody of ${recipient.organization} may ask the keeper under the name 'sharing'`,
      remedy:
        'Under that name it does nothing with content, and concerns itself with nothing but what is shared for publishing. Share with single accounts where that is too much.',
    });
  }
}

const VERBS: Readonly<Record<Right, string>> = {
  read: 'read',
  publish: 'read and publish',
  promote: 'read, publish and promote',
};

function nameOf(recipient: string): string {
  const parsed = parseRecipient(recipient);
  switch (parsed?.kind) {
    case 'account':
      return `account ${parsed.account}`;
    case 'organization':
      return `organization ${parsed.organization}`;
    case 'unit':
      return `unit ${parsed.unit} of ${parsed.organization}`;
    case undefined:
      return recipient;
  }
}

function newId(): string {
  return CHANCE.nonce().slice(0, 8);
}

/** What is shared, with whom, and what they may. */
export async function list(options: ShareListOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const sharing = await openSharing(options, 'read', terminal);
  sharing.access.close();
  const { shares } = await sharing.read();
  if (options.json) {
    writeJson(terminal, { shares: shares.map(plainShare), warnings: warnings.all() });
  } else if (shares.length > 0) {
    const rows = shares.map((one) => [one.id, formatReach(one), nameOf(one.with), VERBS[one.right], one.ram ?? '']);
    const hasRam = shares.some(({ ram }) => ram !== undefined);
    const columns = hasRam ? COLUMNS : COLUMNS.slice(0, -1);
    terminal.stdout.write(
      formatTable(columns, hasRam ? rows : rows.map((row) => row.slice(0, -1)), terminal.stdout.columns),
    );
  } else if (!options.quiet) {
    terminal.stderr.write('nothing is shared\n');
  }
}

const COLUMNS: readonly Column[] = [
  ...[{ title: 'SHARE' }, { title: 'ARTIFACTS' }, { title: 'WITH' }, { title: 'MAY' }, { title: 'BY RAM' }],
];

function plainShare({ id, repository, pattern, with: whom, right, ram }: RepositoryShare): object {
  return { id, repository, pattern, with: whom, right, ...(ram !== undefined && { ram }) };
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
    const gone = options.ids.map((id) => before.shares.find((one) => one.id === id) ?? id);
    requireNone(gone.filter((one) => typeof one === 'string').map(unknownShare));
    const shares = gone.filter((one) => typeof one !== 'string');
    const difference = await planned(call, { ...before, shares: before.shares.filter((one) => !shares.includes(one)) });
    const plain = shares.map(plainShare);
    if (options.dryRun) {
      tellPlan(call, difference, { shares: plain, outcome: 'planned' });
      return;
    }
    const what = shares.map((one) => `'${formatReach(one)}' with ${nameOf(one.with)}`).join(', ');
    await agree(call, difference, `No longer share ${what}?`, `to share ${what} no longer`);
    for (const { id } of shares) await removeShare(sharing.opened.domain, id);
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

/** Brings the policies, and the tags of content, to what is shared. */
export async function sync(options: ShareSyncOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const sharing = await openSharing(options, options.dryRun ? 'read' : 'keep', terminal);
  const call: Call = { sharing, options, terminal, warnings };
  try {
    const before = await sharing.read();
    const difference = await planned(call, before);
    if (options.dryRun) {
      tellPlan(call, difference, { outcome: difference === '' ? 'unchanged' : 'planned' });
      return;
    }
    if (difference !== '')
      await agree(call, difference, 'Change the policies like this?', 'to change the policies like this');
    const applied = await applyAll(call, difference);
    await tag(call, [...new Set(before.shares.map(({ repository }) => repository))]);
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

/** How the policies would change; what somebody else has to change is warned about. */
async function planned({ sharing, warnings }: Call, wanted: Sharing): Promise<string> {
  const statements = sharing.byHand?.statements(wanted) ?? [];
  if (sharing.byHand !== undefined && statements.length > 0) {
    const { key } = sharing.byHand;
    warnings.add({
      code: 'key-of-others',
      message: `the policy of the key '${key}' can't be changed from here`,
      remedy: `Whoever administers it adds these statements:\n${JSON.stringify(statements, undefined, 2)}`,
    });
  }
  warnings.tell();
  return differenceOf(await planAll(sharing.targets, wanted));
}

async function agree(
  { options, terminal }: Call,
  difference: string,
  question: string,
  whether: string,
): Promise<void> {
  const { yes, json, quiet } = options;
  if (difference !== '' && (!yes || !(json || quiet))) terminal.stderr.write(`${difference}\n`);
  if (yes) return;
  await confirm(terminal, {
    ...{ question, whether },
    remedy:
      'Nothing was changed. Use --yes to change it without a question, or --dry-run to see alone what would change.',
    nothing: 'nothing was changed',
  });
}

function applyAll(call: Call, approved: string): Promise<Applied> {
  const { sharing, terminal } = call;
  return applySharing({
    ...{ targets: sharing.targets, read: sharing.read, signal: terminal.signal },
    // What was shown and agreed to was nothing: what there is now came meanwhile, from somebody who shares too.
    ...(approved !== '' && { approved }),
    approve: (difference) =>
      agree(
        call,
        difference,
        'Others have changed the policies meanwhile. Change them like this?',
        'to change them like this',
      ),
  });
}

/** Lets the keeper say at the content whom it is shared with. */
async function tag({ sharing, terminal, options }: Call, repositories: readonly string[]): Promise<void> {
  const { ask } = sharing.opened;
  for (const repository of repositories) {
    const command: KeeperCommand = { command: 'tag-shared', repository };
    let tagged = 0;
    for await (const { results, next } of runToEnd(ask, command, CHANCE)) {
      terminal.signal.throwIfAborted();
      tagged += results.length;
      if (next !== undefined && !options.quiet && !options.json)
        terminal.stderr.write(`tagged ${tagged} versions so far\n`);
    }
  }
}

function tellPlan({ options, terminal, warnings }: Call, difference: string, plain: object): void {
  if (options.json) writeJson(terminal, { ...plain, difference: difference.split('\n'), warnings: warnings.all() });
  else terminal.stdout.write(difference === '' ? 'nothing would change\n' : `${difference}\n`);
}

/** @throws ArtifactErrors INVALID_CONFIGURATION for each account that does not exist */
function tellDone({ options, terminal, warnings }: Call, { leftOut }: Applied, line: string, plain: object): void {
  if (options.json) {
    if (leftOut.length === 0) writeJson(terminal, { ...plain, warnings: warnings.all() });
  } else if (!options.quiet) {
    terminal.stdout.write(`${line}\n`);
  }
  requireNone(leftOut.map(noAccount));
}

function noAccount(account: string): ArtifactError {
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    `AWS knows no account '${account}': it was left out of the policies, and all else was done`,
    { remedy: "Correct the number, or revoke that share: 'cfn-artifacts share list' tells which it is." },
  );
}

function requireNone([first, ...others]: readonly ArtifactError[]): void {
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
}
