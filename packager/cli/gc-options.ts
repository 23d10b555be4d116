import { ArtifactError } from '../../repository/error.ts';
import { parseRepository } from '../../repository/name.ts';
import type { AccessOptions } from '../aws/access.ts';
import { YES } from './confirm.ts';
import type { DisplayOptions, DomainOptions, OptionTable, WholeDomainOptions } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, flag, GROUP, matching, named, WHOLE_DOMAIN } from './options.ts';

/** Of `gc plan`, and of what `gc run` does first. */
export interface GcPlanningOptions extends WholeDomainOptions {
  /** The only one to look at. */
  readonly repository?: string;
  /** Whether to tell of versions that stay. */
  readonly verbose: boolean;
  /** Content goes at once. */
  readonly now: boolean;
}

export interface GcPlanOptions extends GcPlanningOptions {
  /** A plan that was begun: its name, as a failure told it. */
  readonly resume?: string;
}

export interface GcRunOptions extends GcPlanningOptions {
  /** The digest of a plan, or how it begins. Absent: one is made. */
  readonly plan?: string;
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

export type GcRulesOptions = AccessOptions & DisplayOptions & DomainOptions;

export interface GcRulesSetOptions extends GcRulesOptions {
  /** As given. */
  readonly file: string;
  /** Nobody is asked. */
  readonly yes: boolean;
}

const GC_PLANNING: OptionTable<GcPlanningOptions> = {
  repository: {
    name: 'repository',
    argument: '<name>',
    group: GROUP.deletion,
    help: 'look at the versions of this repository alone, and at no content that nothing holds (default: at everything)',
    read: named(parseRepository, 'default'),
  },
  now: {
    name: 'now',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'content is deleted at once, without a quarantine, if nothing needs it: nobody can take that back',
    read: flag,
    fallback: false,
  },
  verbose: {
    name: 'verbose',
    short: 'v',
    inFile: 'never',
    group: GROUP.display,
    help: 'tell of each version that stays too, and what keeps it',
    read: flag,
    fallback: false,
  },
  ...WHOLE_DOMAIN,
};

export const GC_PLAN: OptionTable<GcPlanOptions> = {
  resume: {
    name: 'resume',
    argument: '<name>',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'go on with a plan that was interrupted, by the name that was told then',
    read: matching(/^[A-Za-z0-9]{8,48}$/, 'the name of a plan that was begun, 8 to 48 letters and digits'),
  },
  ...GC_PLANNING,
};

export const GC_RUN: OptionTable<Omit<GcRunOptions, 'plan'>> = {
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'show the plan, which is made unless one is named; delete nothing',
    read: flag,
    fallback: false,
  },
  yes: { ...YES, group: GROUP.deletion },
  ...GC_PLANNING,
};

export const GC_RULES: OptionTable<GcRulesOptions> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

export const GC_RULES_SET: OptionTable<Omit<GcRulesSetOptions, 'file'>> = {
  yes: { ...YES, group: GROUP.deletion },
  ...GC_RULES,
};

/** A plan's digest, or how that begins. @throws ArtifactError INVALID_ARGUMENT */
export function parsePlanName(text: string): string {
  if (/^[0-9a-f]{8,64}$/.test(text)) return text;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `'${text}' names no plan: that is its digest, or the first 8 digits of it or more`,
    {
      remedy: "'cfn-artifacts gc plan' makes one, and ends with the command that runs it.",
    },
  );
}
