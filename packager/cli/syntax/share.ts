import { ArtifactError } from '../../../repository/error.ts';
import { parseRepository } from '../../../repository/name.ts';
import { EVERYTHING, problemOfReach } from '../../../repository/sharing/reach.ts';
import { formatRecipient, parseRecipient } from '../../../repository/sharing/recipient.ts';
import { principalOf } from '../../../repository/sharing/resource-share.ts';
import type { Right } from '../../../repository/sharing/share.ts';
import { isShareId } from '../../../repository/sharing/share.ts';
import type { CommandSpec } from './command.ts';
import type { WholeDomainOptions } from './common.ts';
import { WHOLE_DOMAIN, YES } from './common.ts';
import type { Conflict, OptionTable } from './option.ts';
import { flag, GROUP, optionsOf, text } from './option.ts';
import type { GivenValue, GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

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

const SHARE: OptionTable<ShareFlags> = {
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

const SHARE_LIST: OptionTable<ShareListOptions> = WHOLE_DOMAIN;

const SHARE_REVOKE: OptionTable<Omit<ShareRevokeOptions, 'ids'>> = { ...CHANGING, ...WHOLE_DOMAIN };

const SHARE_SYNC: OptionTable<ShareSyncOptions> = { ...CHANGING, ...WHOLE_DOMAIN };

const CONFLICTS: readonly Conflict<ShareFlags>[] = [
  { options: ['read', 'publish', 'promote'], remedy: 'Each of them has the ones before it: --promote is all three.' },
];

/** @throws ArtifactErrors INVALID_ARGUMENT, INVALID_NAME */
async function resolveShareOptions(
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
function parseShared(artifacts: string): { readonly repository: string; readonly pattern: string } {
  const slash = artifacts.indexOf('/');
  const repository = parseRepository(slash < 0 ? artifacts : artifacts.slice(0, slash));
  const pattern = slash < 0 ? EVERYTHING : artifacts.slice(slash + 1);
  const problem = problemOfReach(pattern);
  if (problem === undefined) return { repository, pattern };
  throw new ArtifactError('INVALID_ARGUMENT', `'${artifacts}' ${problem.why}`, { remedy: problem.remedy });
}

/** @throws ArtifactError INVALID_ARGUMENT */
function parseShareIds(ids: readonly string[]): readonly string[] {
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

export const SHARE_COMMAND: CommandSpec<ShareOptions> = {
  summary: 'let other accounts use artifacts of a repository',
  description:
    "Lets an account, an organization or a unit of one use artifacts of a repository of the account's domain: read and deploy them, publish versions of them, or promote as well. Shows how the policies of the bucket, of its key and of the keeper change, asks, and changes them; what somebody else has written there stays. What is shared is one artifact, a path with all below it ('shop/**'), or the whole repository.",
  examples: [
    {
      what: 'everything of a repository, to be deployed',
      command: 'cfn-artifacts share production --with 444455556666',
    },
    { what: 'one artifact', command: 'cfn-artifacts share default/shop/api --with 444455556666' },
    {
      what: 'what another account builds',
      command: "cfn-artifacts share 'dev/shop/**' --with 444455556666 --publish",
    },
    {
      what: 'by AWS RAM: as soon as the account accepts it',
      command: 'cfn-artifacts share production --with 444455556666 --ram',
    },
    {
      what: 'with everybody of an organization: what would change',
      command: 'cfn-artifacts share production --with o-a1b2c3d4e5 --dry-run',
    },
  ],
  positional: [{ name: 'artifacts', help: 'REPOSITORY, REPOSITORY/ID or REPOSITORY/PATH/**', required: true }],
  options: optionsOf(SHARE),
  foreign: [],
  read: (line) => resolveShareOptions(line.given, line.positional[0], line),
};

export const SHARE_LIST_COMMAND: CommandSpec<ShareListOptions> = {
  summary: 'what is shared, and with whom',
  description:
    'Lists what a domain shares, with whom, and what they may do with it; of what is shared by AWS RAM, how that stands.',
  examples: [{ what: 'for a script', command: 'cfn-artifacts share list --json' }],
  positional: [],
  options: optionsOf(SHARE_LIST),
  foreign: [],
  read: (line) => resolveOptions(SHARE_LIST, line.given, [], line),
};

export const SHARE_REVOKE_COMMAND: CommandSpec<ShareRevokeOptions> = {
  summary: 'take a share back',
  description:
    'Takes shares back: shows how the policies change, asks, and changes them. What was fetched by then stays where it is, and what is deployed goes on.',
  examples: [{ what: 'one that share list has told', command: 'cfn-artifacts share revoke 3f6c0a9b' }],
  positional: [{ name: 'share', help: 'its name: 8 letters and digits', required: true, repeatable: true }],
  options: optionsOf<Omit<ShareRevokeOptions, 'ids'>>(SHARE_REVOKE),
  foreign: [],
  read: async (line) => ({
    ...(await resolveOptions(SHARE_REVOKE, line.given, [], line)),
    ids: parseShareIds(line.positional),
  }),
};

export const SHARE_SYNC_COMMAND: CommandSpec<ShareSyncOptions> = {
  summary: 'bring the policies to what is shared',
  description:
    'Compares the policies with what is shared, by AWS RAM too, and the tags of content, and brings them to it. For what was interrupted, for what somebody has changed by hand, and for who has accepted a resource share.',
  examples: [{ what: 'what would change', command: 'cfn-artifacts share sync --dry-run' }],
  positional: [],
  options: optionsOf(SHARE_SYNC),
  foreign: [],
  read: (line) => resolveOptions(SHARE_SYNC, line.given, [], line),
};
