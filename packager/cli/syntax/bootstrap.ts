import { ArtifactError } from '../../../repository/error.ts';
import { isEndpointId } from '../../../repository/sharing/share.ts';
import type { AccessOptions } from '../../aws/access.ts';
import type { DomainParameter } from '../../bootstrap/domain-stack.ts';
import type { WantedDemands } from '../../bootstrap/sharing.ts';
import type { CommandSpec } from './command.ts';
import type { DisplayOptions } from './common.ts';
import { ACCESS, DISPLAY, YES } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, matching, optionsOf, text, texts } from './option.ts';
import type { GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

interface Behaviour {
  /** Nobody is asked. */
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly forceDowngrade: boolean;
  /** ARN of the role with which CloudFormation works. */
  readonly executionRole?: string;
  readonly tag: ReadonlyMap<string, string>;
}

/** Settings of the domain. Absent: as the domain has it, of a new one the template's default. */
interface Settings {
  readonly kmsKeyArn?: string;
  readonly permissionsBoundary?: string;
  readonly audit?: boolean;
  readonly collect?: string;
  readonly legalHold?: boolean;
  readonly logRetentionDays?: string;
  readonly supersededDays?: string;
  readonly scratchDays?: string;
  /** ARN of a key; empty: none. */
  readonly requireEncryption?: string;
  /** Empty: none. */
  readonly requireEndpoint?: readonly string[];
}

interface BootstrapFlags extends AccessOptions, DisplayOptions, Behaviour, Settings {}

export interface BootstrapOptions extends AccessOptions, DisplayOptions, Behaviour {
  readonly parameters: ReadonlyMap<DomainParameter, string>;
  readonly demands: WantedDemands;
}

/** What turns a setting off again: an option can't be empty. */
const NONE = 'none';

/** The patterns are the template's own. */
const BOOTSTRAP: OptionTable<BootstrapFlags> = {
  yes: { ...YES, group: GROUP.making },
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.making,
    help: 'show what would change; change nothing',
    read: flag,
    fallback: false,
  },
  forceDowngrade: {
    name: 'force-downgrade',
    inFile: 'never',
    group: GROUP.making,
    help: 'go back from the domain of a newer cfn-artifacts',
    read: flag,
    fallback: false,
  },
  executionRole: {
    name: 'execution-role',
    argument: '<arn>',
    group: GROUP.making,
    help: 'role with whose rights CloudFormation works (default: the one it had, else yours)',
    read: matching(/^arn:[a-z0-9-]+:iam::\d{12}:role\/.+$/, "a role's ARN"),
  },
  tag: {
    name: 'tag',
    argument: '<key=value>',
    arity: 'repeatable',
    group: GROUP.making,
    help: 'tag of the stack and of all that it makes; may be repeated',
    read: tags,
    fallback: new Map(),
  },
  kmsKeyArn: {
    name: 'kms-key-arn',
    argument: '<arn>',
    group: GROUP.domain,
    help: `key that encrypts new content; ${NONE} for keys of S3 (default: as it is, at first ${NONE})`,
    read: orNone(/^arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, 'the ARN of a key (not of an alias)'),
  },
  permissionsBoundary: {
    name: 'permissions-boundary',
    argument: '<arn>',
    group: GROUP.domain,
    help: `managed policy that this account wants on every role, or ${NONE}`,
    read: orNone(/^arn:[a-z0-9-]+:iam::(\d{12}|aws):policy\/.+$/, 'the ARN of a managed policy'),
  },
  audit: {
    name: 'audit',
    negatable: true,
    group: GROUP.domain,
    help: 'compare references with CloudFormation every day (default: as it is, at first yes)',
    read: flag,
  },
  collect: {
    name: 'collect',
    argument: '<schedule>',
    choices: ['off', 'plan', 'on'],
    group: GROUP.domain,
    help: 'every day: plan what could be deleted (plan), delete it as well (on), or neither (off) (default: as it is, at first plan)',
    read: matching(/^(off|plan|on)$/, "'off', 'plan' or 'on'"),
  },
  legalHold: {
    name: 'legal-hold',
    negatable: true,
    group: GROUP.domain,
    help: 'S3 itself keeps what is in use; the bucket must have Object Lock (default: as it is, at first no)',
    read: flag,
  },
  logRetentionDays: {
    name: 'log-retention-days',
    argument: '<days>',
    group: GROUP.domain,
    help: "how long the functions' logs are kept (at first 90)",
    read: daysOf([1, 3, 7, 14, 30, 60, 90, 180, 365, 731, 1827, 3653]),
  },
  supersededDays: {
    name: 'superseded-days',
    argument: '<days>',
    group: GROUP.domain,
    help: 'how long replaced and removed records (not content) are kept (at first 30)',
    read: daysUpTo(3650),
  },
  scratchDays: {
    name: 'scratch-days',
    argument: '<days>',
    group: GROUP.domain,
    help: 'how long templates under scratch/ are kept (at first 14)',
    read: daysUpTo(365),
  },
  requireEncryption: {
    name: 'require-encryption',
    argument: '<arn>',
    group: GROUP.domain,
    help: `key that everything must be encrypted with, which is the domain's then too; ${NONE} takes that back`,
    read: orNone(/^arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, 'the ARN of a key (not of an alias)'),
  },
  requireEndpoint: {
    name: 'require-endpoint',
    argument: '<vpce[,vpce]>',
    arity: 'repeatable',
    group: GROUP.domain,
    help: `VPC endpoints through which alone content is reached; ${NONE} takes that back`,
    read: endpoints,
  },
  ...ACCESS,
  ...DISPLAY,
};

/** @throws ArtifactErrors INVALID_ARGUMENT with everything that is wrong */
export async function resolveBootstrapOptions(given: GivenValues, cwd: string): Promise<BootstrapOptions> {
  const resolved = await resolveOptions(BOOTSTRAP, given, [], { cwd });
  const {
    kmsKeyArn,
    permissionsBoundary,
    audit,
    collect,
    legalHold,
    logRetentionDays,
    supersededDays,
    scratchDays,
    requireEncryption,
    requireEndpoint,
    ...options
  } = resolved;
  if (kmsKeyArn !== undefined && requireEncryption !== undefined && ![kmsKeyArn, ''].includes(requireEncryption)) {
    throw new ArtifactError('INVALID_ARGUMENT', `the domain can't have another key than it demands: '${kmsKeyArn}'`, {
      remedy: "Leave out --kms-key-arn: the key that is demanded becomes the domain's.",
    });
  }
  const settings: readonly (readonly [DomainParameter, string | undefined])[] = [
    ['KmsKeyArn', requireEncryption === '' ? kmsKeyArn : (requireEncryption ?? kmsKeyArn)],
    ['PermissionsBoundary', permissionsBoundary],
    ['AuditSchedule', audit === undefined ? undefined : audit ? 'daily' : 'off'],
    ['CollectSchedule', collect],
    ['LegalHold', legalHold === undefined ? undefined : legalHold ? 'on' : 'off'],
    ['LogRetentionDays', logRetentionDays],
    ['SupersededDays', supersededDays],
    ['ScratchDays', scratchDays],
  ];
  const parameters = settings.filter(
    (setting): setting is readonly [DomainParameter, string] => setting[1] !== undefined,
  );
  const demands: WantedDemands = {
    ...(requireEncryption !== undefined && { encryption: requireEncryption === '' ? 'none' : requireEncryption }),
    ...(requireEndpoint !== undefined && { endpoints: requireEndpoint }),
  };
  return { ...options, parameters: new Map(parameters), demands };
}

/** @throws ArtifactError INVALID_ARGUMENT */
function endpoints(given: unknown): readonly string[] {
  const all = [...new Set(texts(given).flatMap((one) => one.split(',')))];
  if (all.length === 1 && all[0] === NONE) return [];
  const wrong = all.find((one) => !isEndpointId(one));
  if (wrong === undefined) return all;
  throw new ArtifactError('INVALID_ARGUMENT', `'${wrong}' is no VPC endpoint`, {
    remedy: `Give their IDs, vpce-0123456789abcdef0, with commas between them, or ${NONE}.`,
  });
}

function orNone(pattern: RegExp, rule: string): (given: unknown) => string {
  const read = matching(pattern, `${rule}, or '${NONE}'`);
  return (given) => (given === NONE ? '' : read(given));
}

function daysUpTo(most: number): (given: unknown) => string {
  return days((number) => number >= 1 && number <= most, `from 1 to ${most}`);
}

function daysOf(numbers: readonly number[]): (given: unknown) => string {
  return days((number) => numbers.includes(number), `one of ${numbers.join(', ')}`);
}

function days(isAllowed: (number: number) => boolean, rule: string): (given: unknown) => string {
  return (given) => {
    const value = text(given);
    if (/^\d{1,4}$/.test(value) && isAllowed(Number(value))) return String(Number(value));
    throw new ArtifactError('INVALID_ARGUMENT', `must be a number of days, ${rule}, not '${value}'`);
  };
}

/** @throws ArtifactError INVALID_ARGUMENT by CloudFormation's rules for tags */
function tags(given: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const tag of texts(given)) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(tag) ?? [];
    if (key === '' || key.length > 128 || value.length > 256 || /^aws:/i.test(key) || found.has(key)) {
      throw new ArtifactError('INVALID_ARGUMENT', `'${tag}' is no tag`, {
        remedy:
          "Give each as KEY=VALUE, once: a key has up to 128 characters and does not begin with 'aws:', a value up to 256.",
      });
    }
    found.set(key, value);
  }
  return found;
}

export const BOOTSTRAP_COMMAND: CommandSpec<BootstrapOptions> = {
  summary: "make the account's domain, or bring it up to date",
  description:
    "Makes the domain of the account in the Region, or brings it to what this version makes: shows what will change, asks, and waits until it works. The first 'package' or 'publish' makes it too, in the default way.",
  examples: [
    { what: 'once for each account and Region', command: 'cfn-artifacts bootstrap' },
    { what: 'what would change', command: 'cfn-artifacts bootstrap --dry-run' },
    { what: 'in a pipeline', command: 'cfn-artifacts bootstrap --yes --json' },
    {
      what: 'with a key of your own',
      command: 'cfn-artifacts bootstrap --kms-key-arn arn:aws:kms:eu-west-1:111122223333:key/1234abcd',
    },
  ],
  positional: [],
  options: optionsOf(BOOTSTRAP),
  foreign: [],
  read: ({ given, cwd }) => resolveBootstrapOptions(given, cwd),
};
