import { ArtifactError } from '../../repository/error.ts';
import { parseRepository } from '../../repository/name.ts';
import type { AccessOptions } from '../aws/access.ts';
import { YES } from './confirm.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, flag, GROUP, named } from './options.ts';

/** Of `gc plan`, and of what `gc run` does first. */
export interface GcPlanOptions extends AccessOptions, DisplayOptions, Pick<DomainOptions, 'domain' | 'domainOwner'> {
  /** The only one to look at. */
  readonly repository?: string;
  /** Whether to tell of versions that stay. */
  readonly verbose: boolean;
}

export interface GcRunOptions extends GcPlanOptions {
  /** The digest of a plan, or how it begins. Absent: one is made. */
  readonly plan?: string;
  /** Content goes at once. */
  readonly now: boolean;
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

export const GC_PLAN: OptionTable<GcPlanOptions> = {
  repository: {
    name: 'repository',
    argument: '<name>',
    group: GROUP.deletion,
    help: 'look at the versions of this repository alone, and at no content that nothing holds (default: at everything)',
    read: named(parseRepository, 'default'),
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
  domain: DOMAIN.domain,
  domainOwner: DOMAIN.domainOwner,
  ...ACCESS,
  ...DISPLAY,
};

export const GC_RUN: OptionTable<Omit<GcRunOptions, 'plan'>> = {
  now: {
    name: 'now',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'content is deleted at once, without a quarantine, if nothing needs it: nobody can take that back',
    read: flag,
    fallback: false,
  },
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'make the plan and show it; delete nothing',
    read: flag,
    fallback: false,
  },
  yes: { ...YES, group: GROUP.deletion },
  ...GC_PLAN,
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
