import type { KeeperCommand } from '../../../repository/index.ts';
import { ArtifactError, ArtifactErrors, readRepository, runToEnd } from '../../../repository/index.ts';
import type { Applied } from '../../../repository/sharing/apply.ts';
import { applySharing, differenceOf, planAll } from '../../../repository/sharing/apply.ts';
import { parseRecipient } from '../../../repository/sharing/recipient.ts';
import { problemOfShare } from '../../../repository/sharing/records.ts';
import type { Sharing } from '../../../repository/sharing/records.ts';
import type { RepositoryShare, Right } from '../../../repository/sharing/share.ts';
import { includes } from '../../../repository/sharing/share.ts';
import { pausing } from '../../sharing/targets.ts';
import { CHANCE } from '../../chance.ts';
import { confirm } from '../confirm.ts';
import { writeJson } from '../talk/report.ts';
import type { ShareSyncOptions } from '../syntax/share.ts';
import type { OpenSharing } from '../sharing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** One run of a command that shares. */
export interface Call {
  readonly sharing: OpenSharing;
  readonly options: ShareSyncOptions;
  readonly terminal: Terminal;
  readonly warnings: Warnings;
}

/** @throws ArtifactError */
export async function requireShareable({ opened, place }: OpenSharing, wanted: RepositoryShare): Promise<void> {
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
export function warnOfUnits({ warnings }: Call, shares: readonly RepositoryShare[]): void {
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

/** What a right lets people do. */
export const VERBS: Readonly<Record<Right, string>> = {
  read: 'read',
  publish: 'read and publish',
  promote: 'read, publish and promote',
};

export function nameOf(recipient: string): string {
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

/** How the policies would change; what somebody else has to change is warned about. */
export async function planned({ sharing, warnings }: Call, wanted: Sharing): Promise<string> {
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

export async function agree(
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

export function applyAll(call: Call, approved: string): Promise<Applied> {
  const { sharing, terminal } = call;
  return applySharing({
    ...{ targets: sharing.targets, read: sharing.read, pause: pausing(terminal.signal) },
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
export async function tag({ sharing, terminal, options }: Call, repositories: readonly string[]): Promise<void> {
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

export function tellPlan({ options, terminal, warnings }: Call, difference: string, plain: object): void {
  if (options.json) writeJson(terminal, { ...plain, difference: difference.split('\n'), warnings: warnings.all() });
  else terminal.stdout.write(difference === '' ? 'nothing would change\n' : `${difference}\n`);
}

/** @throws ArtifactErrors INVALID_CONFIGURATION for each account that does not exist */
export function tellDone(
  { options, terminal, warnings }: Call,
  { leftOut }: Applied,
  line: string,
  plain: object,
): void {
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

export function requireNone([first, ...others]: readonly ArtifactError[]): void {
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
}
