import { ArtifactError } from '../../repository/error.ts';
import { parseRepository } from '../../repository/name.ts';
import { EVERYTHING, problemOfReach } from '../../repository/sharing/reach.ts';
import { formatRecipient, parseRecipient } from '../../repository/sharing/recipient.ts';
import { principalOf } from '../../repository/sharing/resource-share.ts';
import { isShareId } from '../../repository/sharing/share.ts';
import type { Right } from '../../repository/sharing/share.ts';
import { YES } from './confirm.ts';
import type { Conflict, OptionTable, WholeDomainOptions } from './options.ts';
import { flag, GROUP, text, WHOLE_DOMAIN } from './options.ts';
import type { GivenValue, GivenValues } from './resolve-options.ts';
import { resolveOptions } from './resolve-options.ts';

interface Changing {
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

interface ShareFlags extends WholeDomainOptions, Changing {
  /** As `formatRecipient` writes it. */
  readonly with: string;
  readonly read: boolean;
  readonly publish: boolean;
  readonly promote: boolean;
  readonly ram: boolean;
}

export interface ShareOptions extends WholeDomainOptions, Changing {
  readonly repository: string;
  readonly pattern: string;
  readonly with: string;
  readonly right: Right;
  /** The same as AWS RAM wants it, where the share is to be one of its own. */
  readonly principal?: string;
}

export type ShareListOptions = WholeDomainOptions;

export interface ShareRevokeOptions extends WholeDomainOptions, Changing {
  readonly ids: readonly string[];
}

export interface ShareSyncOptions extends WholeDomainOptions, Changing {}

const CHANGING: OptionTable<Changing> = {
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.sharing,
    help: 'show what would change; change nothing',
    read: flag,
    fallback: false,
  },
  yes: { ...YES, group: GROUP.sharing },
};

const right = (name: Right, help: string): OptionTable<{ readonly it: boolean }>['it'] => ({
  ...{ name, inFile: 'never', group: GROUP.sharing, help, read: flag, fallback: false },
});

export const SHARE: OptionTable<ShareFlags> = {
  with: {
    name: 'with',
    argument: '<whom>',
    inFile: 'never',
    group: GROUP.sharing,
    help: "an account's twelve digits, an organization's ID or ARN, or the ARN of a unit of one",
    read: recipient,
    mandatory: true,
  },
  read: right('read', 'they may read, deploy and record what they use (default)'),
  publish: right('publish', 'they may publish versions too'),
  promote: right('promote', 'they may publish, and promote what they may read'),
  ram: {
    name: 'ram',
    inFile: 'never',
    group: GROUP.sharing,
    help: 'by AWS RAM: they have it as soon as they accept it, for as long as RAM names them',
    read: flag,
    fallback: false,
  },
  ...CHANGING,
  ...WHOLE_DOMAIN,
};

export const SHARE_LIST: OptionTable<ShareListOptions> = WHOLE_DOMAIN;

export const SHARE_REVOKE: OptionTable<Omit<ShareRevokeOptions, 'ids'>> = { ...CHANGING, ...WHOLE_DOMAIN };

export const SHARE_SYNC: OptionTable<ShareSyncOptions> = { ...CHANGING, ...WHOLE_DOMAIN };

const CONFLICTS: readonly Conflict<ShareFlags>[] = [
  { options: ['read', 'publish', 'promote'], remedy: 'Each of them has the ones before it: --promote is all three.' },
];

/** @throws ArtifactErrors INVALID_ARGUMENT, INVALID_NAME */
export async function resolveShareOptions(
  given: GivenValues,
  artifacts: string | undefined,
  context: Parameters<typeof resolveOptions>[3],
): Promise<ShareOptions> {
  const { publish, promote, ram, ...options } = await resolveOptions(SHARE, given, CONFLICTS, context);
  const right = promote ? 'promote' : publish ? 'publish' : 'read';
  const whom = ram ? { principal: requirePrincipal(given.get(SHARE.with.name)) } : {};
  return { ...options, ...parseShared(artifacts ?? ''), right, ...whom };
}

/** As it was given: of an organization and its units RAM wants the ARN, which names the account that manages them. @throws ArtifactError INVALID_ARGUMENT */
function requirePrincipal(given: readonly GivenValue[] = []): string {
  const name = text(given.at(-1)?.value);
  const principal = principalOf(name);
  if (principal !== undefined) return principal;
  throw new ArtifactError('INVALID_ARGUMENT', `AWS RAM does not find '${name}' by its ID`, {
    remedy: "Give its ARN; 'aws organizations describe-organization' tells that of the organization.",
  });
}

/** `REPOSITORY`, which is all of it, or `REPOSITORY/PATTERN`. @throws ArtifactError INVALID_NAME, INVALID_ARGUMENT */
export function parseShared(artifacts: string): { readonly repository: string; readonly pattern: string } {
  const slash = artifacts.indexOf('/');
  const repository = parseRepository(slash < 0 ? artifacts : artifacts.slice(0, slash));
  const pattern = slash < 0 ? EVERYTHING : artifacts.slice(slash + 1);
  const problem = problemOfReach(pattern);
  if (problem === undefined) return { repository, pattern };
  throw new ArtifactError('INVALID_ARGUMENT', `'${artifacts}' ${problem.why}`, { remedy: problem.remedy });
}

/** @throws ArtifactError INVALID_ARGUMENT */
export function parseShareIds(ids: readonly string[]): readonly string[] {
  const wrong = ids.find((id) => !isShareId(id));
  if (wrong === undefined) return [...new Set(ids)];
  throw new ArtifactError('INVALID_ARGUMENT', `'${wrong}' names no share: that is 8 letters and digits`, {
    remedy: "'cfn-artifacts share list' tells them.",
  });
}

function recipient(given: unknown): string {
  const name = text(given);
  const parsed = parseRecipient(name);
  if (parsed !== undefined) return formatRecipient(parsed);
  throw new ArtifactError('INVALID_ARGUMENT', `must be an account, an organization or a unit of one, not '${name}'`, {
    remedy:
      'An account is twelve digits, an organization is o-… or its ARN; of a unit give the ARN, which says of which organization it is: aws organizations describe-organizational-unit --organizational-unit-id ou-…',
  });
}
