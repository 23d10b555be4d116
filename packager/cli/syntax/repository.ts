import { ArtifactError } from '../../../repository/error.ts';
import { isBucketName, parseRepository } from '../../../repository/name.ts';
import type { AccessOptions } from '../../aws/access.ts';
import type { CommandSpec, TypedLine } from './command.ts';
import { firstOf } from './command.ts';
import type { DisplayOptions, DomainOptions, WholeDomainOptions } from './common.ts';
import { WHOLE_DOMAIN, YES } from './common.ts';
import { DELETE } from './delete.ts';
import type { OptionTable, PositionalArgument } from './option.ts';
import { flag, GROUP, named, optionsOf, text } from './option.ts';
import { resolveOptions } from './resolve.ts';

/** Of a command about one repository; `repository` is the name as given. */
export type RepositoryOptions = AccessOptions & DisplayOptions & DomainOptions;

export type RepositoryListOptions = WholeDomainOptions;

/** What is to be set. Absent: as it is. */
export interface GivenSettings {
  /** `false`: none. */
  readonly description?: string | false;
  /** `false`: what is published too. */
  readonly acceptsFrom?: readonly string[] | false;
  readonly requiresEvidence?: boolean;
}

export interface RepositoryCreateOptions extends RepositoryOptions, GivenSettings {
  /** In which its content is to stand. Absent: the domain's. */
  readonly bucket?: string;
  /** Writes into that bucket's policy what it lacks. */
  readonly applyPolicy: boolean;
}

export interface RepositoryUpdateOptions extends RepositoryOptions, GivenSettings {
  /** Nobody is asked. */
  readonly yes: boolean;
}

export interface RepositoryDeleteOptions extends RepositoryOptions {
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

const repositoryName = named(parseRepository, 'staging');

/** @throws ArtifactError INVALID_NAME */
function parseBucket(given: string): string {
  const isName: boolean = isBucketName(given);
  if (isName) return given;
  throw new ArtifactError(
    'INVALID_NAME',
    `'${given}' is no name of a general purpose bucket: 3 to 63 of a-z, 0-9, '.' and '-'`,
  );
}

const SETTINGS: OptionTable<GivenSettings> = {
  description: {
    name: 'description',
    argument: '<text>',
    negatable: true,
    inFile: 'never',
    group: GROUP.repository,
    help: 'what it is for, one line; --no-description takes it away',
    read: (given) => given !== false && text(given),
  },
  acceptsFrom: {
    name: 'accepts-from',
    argument: '<repository>',
    arity: 'repeatable',
    negatable: true,
    inFile: 'never',
    group: GROUP.repository,
    help: 'take only what is promoted from this repository, and nothing that is published; may be repeated; --no-accepts-from takes everything again',
    read: originsIn,
  },
  requiresEvidence: {
    name: 'requires-evidence',
    negatable: true,
    inFile: 'never',
    group: GROUP.repository,
    help: 'take only what is promoted with evidence; --no-requires-evidence takes that back',
    read: flag,
  },
};

/** The last word counts where one of them takes all back. */
function originsIn(given: unknown): readonly string[] | false {
  const words: readonly unknown[] = Array.isArray(given) ? given : [given];
  const names = words.slice(words.lastIndexOf(false) + 1).map(repositoryName);
  return names.length === 0 ? false : [...new Set(names)];
}

const REPOSITORY_LIST: OptionTable<RepositoryListOptions> = WHOLE_DOMAIN;

const REPOSITORY_SHOW: OptionTable<Omit<RepositoryOptions, 'repository'>> = WHOLE_DOMAIN;

const REPOSITORY_CREATE: OptionTable<Omit<RepositoryCreateOptions, 'repository'>> = {
  ...SETTINGS,
  bucket: {
    name: 'bucket',
    argument: '<bucket>',
    inFile: 'never',
    group: GROUP.ownBucket,
    help: 'have its content in this bucket of yours, from now on and for good; it is looked at first, and everything that is wrong is told',
    read: named(parseBucket, 'team-content'),
  },
  applyPolicy: {
    name: 'apply-policy',
    inFile: 'never',
    group: GROUP.ownBucket,
    help: 'write the statements that it lacks into its policy, and leave all others as they are',
    read: flag,
    fallback: false,
  },
  ...WHOLE_DOMAIN,
};

const REPOSITORY_UPDATE: OptionTable<Omit<RepositoryUpdateOptions, 'repository'>> = {
  ...SETTINGS,
  yes: { ...YES, group: GROUP.repository },
  ...WHOLE_DOMAIN,
};

const REPOSITORY_DELETE: OptionTable<Omit<RepositoryDeleteOptions, 'repository'>> = {
  dryRun: DELETE.dryRun,
  yes: DELETE.yes,
  ...WHOLE_DOMAIN,
};

const REPOSITORY: PositionalArgument = { name: 'name', help: 'name of the repository', required: true };

/** @throws ArtifactError INVALID_NAME too, of the name */
function readRepository<O extends object>(
  table: OptionTable<O>,
): (line: TypedLine) => Promise<O & { readonly repository: string }> {
  return async (line) => ({
    ...(await resolveOptions(table, line.given, [], line)),
    repository: parseRepository(firstOf(line)),
  });
}

export const REPOSITORY_CREATE_COMMAND: CommandSpec<RepositoryCreateOptions> = {
  summary: 'make a repository',
  description:
    "Makes a repository, a collection of artifacts with settings of its own: from where it takes what comes into it, and, by 'gc rules set', which versions go by themselves. Publishing into one that was not made is refused.",
  examples: [
    { what: 'one that takes everything', command: 'cfn-artifacts repository create staging' },
    {
      what: "one whose content stands in a bucket of the team's own",
      command: 'cfn-artifacts repository create team --bucket team-content --apply-policy',
    },
    {
      what: 'one that takes only what was tested',
      command: 'cfn-artifacts repository create production --accepts-from staging --requires-evidence',
    },
  ],
  positional: [REPOSITORY],
  options: optionsOf<Omit<RepositoryCreateOptions, 'repository'>>(REPOSITORY_CREATE),
  foreign: [],
  read: readRepository(REPOSITORY_CREATE),
};

export const REPOSITORY_LIST_COMMAND: CommandSpec<RepositoryListOptions> = {
  summary: 'list the repositories of a domain',
  description: "Lists the repositories of a domain, and what each takes. 'default' is always there.",
  examples: [
    { what: 'all of them', command: 'cfn-artifacts repository list' },
    { what: 'for a script', command: 'cfn-artifacts repository list --json' },
  ],
  positional: [],
  options: optionsOf<RepositoryListOptions>(REPOSITORY_LIST),
  foreign: [],
  read: (line) => resolveOptions(REPOSITORY_LIST, line.given, [], line),
};

export const REPOSITORY_SHOW_COMMAND: CommandSpec<RepositoryOptions> = {
  summary: 'show what is set for a repository',
  description:
    "Shows what is set for a repository, and which stack declares it, if one does. 'list' shows what is in it.",
  examples: [{ what: 'its settings', command: 'cfn-artifacts repository show staging' }],
  positional: [REPOSITORY],
  options: optionsOf<Omit<RepositoryOptions, 'repository'>>(REPOSITORY_SHOW),
  foreign: [],
  read: readRepository(REPOSITORY_SHOW),
};

export const REPOSITORY_UPDATE_COMMAND: CommandSpec<RepositoryUpdateOptions> = {
  summary: 'change what a repository takes',
  description:
    'Changes what is given, and nothing else: shows what changes, and asks. If somebody else changes it meanwhile, nothing is changed. What is in the repository stays in it.',
  examples: [
    {
      what: 'nothing is published into it any more',
      command: 'cfn-artifacts repository update production --accepts-from staging',
    },
    {
      what: 'in a pipeline',
      command: 'cfn-artifacts repository update production --no-accepts-from --description "open again" --yes',
    },
  ],
  positional: [REPOSITORY],
  options: optionsOf<Omit<RepositoryUpdateOptions, 'repository'>>(REPOSITORY_UPDATE),
  foreign: [],
  read: readRepository(REPOSITORY_UPDATE),
};

export const REPOSITORY_DELETE_COMMAND: CommandSpec<RepositoryDeleteOptions> = {
  summary: 'delete a repository with its versions, if nobody needs any',
  description:
    "Deletes a repository with all of its versions. If a stack, a consumer or a bookmark needs one of them nothing is deleted, and everybody who does is named. 'default' can't be deleted. Content that nothing else holds is in quarantine then, as with 'delete'. It may be interrupted anywhere, and asked for again; 'repository create' takes a deletion back that has not come to its end.",
  examples: [
    { what: 'what would go, and who needs it', command: 'cfn-artifacts repository delete team --dry-run' },
    { what: 'in a script', command: 'cfn-artifacts repository delete team --yes --json' },
  ],
  positional: [REPOSITORY],
  options: optionsOf<Omit<RepositoryDeleteOptions, 'repository'>>(REPOSITORY_DELETE),
  foreign: [],
  read: readRepository(REPOSITORY_DELETE),
};
