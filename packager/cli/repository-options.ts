import { ArtifactError } from '../../repository/error.ts';
import { isBucketName, parseRepository } from '../../repository/name.ts';
import type { AccessOptions } from '../aws/access.ts';
import { YES } from './confirm.ts';
import { DELETE } from './delete-options.ts';
import type { DisplayOptions, DomainOptions, OptionTable, WholeDomainOptions } from './options.ts';
import { flag, GROUP, named, text, WHOLE_DOMAIN } from './options.ts';

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

export const REPOSITORY_LIST: OptionTable<RepositoryListOptions> = WHOLE_DOMAIN;

export const REPOSITORY_SHOW: OptionTable<Omit<RepositoryOptions, 'repository'>> = WHOLE_DOMAIN;

export const REPOSITORY_CREATE: OptionTable<Omit<RepositoryCreateOptions, 'repository'>> = {
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

export const REPOSITORY_UPDATE: OptionTable<Omit<RepositoryUpdateOptions, 'repository'>> = {
  ...SETTINGS,
  yes: { ...YES, group: GROUP.repository },
  ...WHOLE_DOMAIN,
};

export const REPOSITORY_DELETE: OptionTable<Omit<RepositoryDeleteOptions, 'repository'>> = {
  dryRun: DELETE.dryRun,
  yes: DELETE.yes,
  ...WHOLE_DOMAIN,
};
