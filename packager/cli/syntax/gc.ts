import { ArtifactError } from '../../../repository/error.ts';
import { parseRepository } from '../../../repository/name.ts';
import type { AccessOptions } from '../../aws/access.ts';
import type { CommandSpec } from './command.ts';
import { firstOf } from './command.ts';
import type { DisplayOptions, DomainOptions, WholeDomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN, WHOLE_DOMAIN, YES } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, matching, named, optionsOf } from './option.ts';
import { resolveOptions } from './resolve.ts';

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

const GC_PLAN: OptionTable<GcPlanOptions> = {
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

const GC_RUN: OptionTable<Omit<GcRunOptions, 'plan'>> = {
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

const GC_RULES: OptionTable<GcRulesOptions> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

const GC_RULES_SET: OptionTable<Omit<GcRulesSetOptions, 'file'>> = {
  yes: { ...YES, group: GROUP.deletion },
  ...GC_RULES,
};

/** A plan's digest, or how that begins. @throws ArtifactError INVALID_ARGUMENT */
function parsePlanName(text: string): string {
  if (/^[0-9a-f]{8,64}$/.test(text)) return text;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `'${text}' names no plan: that is its digest, or the first 8 digits of it or more`,
    {
      remedy: "'cfn-artifacts gc plan' makes one, and ends with the command that runs it.",
    },
  );
}

export const GC_PLAN_COMMAND: CommandSpec<GcPlanOptions> = {
  summary: 'what would go, and why, with sizes',
  description:
    "Finds out what would go: versions that a rule of their repository takes, content that nothing holds or uses any more, which goes into quarantine first, and content whose quarantine is over. The plan is stored, and named by its digest; 'gc run' does exactly what it says. The last line is the command that runs it. One that fails or is interrupted says how to go on with it. It ends with status 5 where something could not be looked at, and stays.",
  examples: [
    { what: 'what would be deleted, and why', command: 'cfn-artifacts gc plan' },
    {
      what: 'which rule keeps or takes each version',
      command: 'cfn-artifacts gc plan --repository default --verbose',
    },
    { what: 'one that waives the quarantine', command: 'cfn-artifacts gc plan --now' },
    { what: 'for a script', command: 'cfn-artifacts gc plan --json' },
  ],
  positional: [],
  options: optionsOf<GcPlanOptions>(GC_PLAN),
  foreign: [],
  read: (line) => resolveOptions(GC_PLAN, line.given, [], line),
};

export const GC_RUN_COMMAND: CommandSpec<GcRunOptions> = {
  summary: 'delete what a plan says, and nothing else',
  description:
    'Does what a plan says, item by item: each is looked at once more, and what is needed by then stays. Without a plan one is made, shown, and asked about. Content goes into quarantine first, in which any use of it lifts that, and is deleted by a later run. It may be interrupted anywhere, and run again. It ends with status 5 where something failed, or could not be looked at.',
  examples: [
    {
      what: 'a plan that was made before, by the first digits of its digest',
      command: 'cfn-artifacts gc run 3f6c0a9b',
    },
    { what: 'what that plan says', command: 'cfn-artifacts gc run 3f6c0a9b --dry-run' },
    { what: 'make one, look at it, and decide', command: 'cfn-artifacts gc run' },
    { what: 'in a pipeline', command: 'cfn-artifacts gc run --yes --json' },
  ],
  positional: [{ name: 'plan', help: "a plan's digest, or its first 8 digits or more", required: false }],
  options: optionsOf<Omit<GcRunOptions, 'plan'>>(GC_RUN),
  foreign: [],
  read: async (line) => {
    const [plan] = line.positional;
    const named = plan === undefined ? {} : { plan: parsePlanName(plan) };
    return { ...(await resolveOptions(GC_RUN, line.given, [], line)), ...named };
  },
};

export const GC_RULES_COMMAND: CommandSpec<GcRulesOptions> = {
  summary: 'show which versions of a repository go by themselves',
  description:
    "Shows the rules of a repository, by which versions that nobody needs go. Without rules none does: then only 'delete' deletes versions. 'gc rules set' gives it rules.",
  examples: [
    { what: 'the rules of the default repository', command: 'cfn-artifacts gc rules' },
    { what: 'change them', command: 'cfn-artifacts gc rules set rules.yaml' },
  ],
  positional: [],
  options: optionsOf<GcRulesOptions>(GC_RULES),
  foreign: [],
  read: (line) => resolveOptions(GC_RULES, line.given, [], line),
};

export const GC_RULES_SET_COMMAND: CommandSpec<GcRulesSetOptions> = {
  summary: 'give a repository the rules of a file',
  description:
    'Gives a repository the rules of a file in JSON or YAML, in the place of those that it has: shows what changes, and asks. A version goes if nobody needs it, a rule that matches its ID has waited long enough, and no rule that matches keeps it. A rule has an id, a pattern of artifacts (match), what it keeps (keepNewest, keepBookmarkedDays, keepLabels) and what it takes (expireUnusedDays); docs/command-line.md shows a file.',
  examples: [
    { what: 'see what changes, and decide', command: 'cfn-artifacts gc rules set rules.yaml' },
    {
      what: 'of another repository, in a pipeline',
      command: 'cfn-artifacts gc rules set rules.json --repository team --yes',
    },
  ],
  positional: [{ name: 'file', help: "the rules: 'lifecycle', a list of them", required: true }],
  options: optionsOf<Omit<GcRulesSetOptions, 'file'>>(GC_RULES_SET),
  foreign: [],
  read: async (line) => ({ ...(await resolveOptions(GC_RULES_SET, line.given, [], line)), file: firstOf(line) }),
};
