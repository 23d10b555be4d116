import { DEFAULT_REPOSITORY, parseRepository } from '../../../repository/name.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { isEndpointUrl } from '../../aws/profile.ts';
import type { DomainOption } from '../../opening/domain-option.ts';
import { parseDomain } from '../../opening/domain-option.ts';
import type { OptionSpec, OptionTable } from './option.ts';
import { accountId, flag, GROUP, invalid, inverted, matching, named, oneOf, text } from './option.ts';

/** What people see, and how. */
export interface DisplayOptions {
  /** One JSON document on stdout: the result, or the error. */
  readonly json: boolean;
  /** No progress and no success text; warnings and errors stay. */
  readonly quiet: boolean;
  readonly progressBar: boolean;
  /** `auto`: as the stream and the environment say. */
  readonly color: ColorChoice;
  /** Stack traces, and a line for what was reused too. */
  readonly debug: boolean;
}

const COLOR_CHOICES = ['on', 'off', 'auto'] as const;

export type ColorChoice = (typeof COLOR_CHOICES)[number];

export interface DomainOptions {
  /** Absent: the account's own domain in the region. */
  readonly domain?: DomainOption;
  /** The account that must own the bucket. Twelve digits. */
  readonly domainOwner?: string;
  readonly repository: string;
}

/** What writes may make the account's domain first. */
export interface MakingOptions {
  readonly bootstrap: boolean;
}

function endpointUrl(given: unknown): string {
  const url = text(given);
  if (isEndpointUrl(url)) return url;
  throw invalid(`must be a URL with http or https, not '${url}'`, 'Begin it with https://.');
}

export const ACCESS: OptionTable<AccessOptions> = {
  region: {
    name: 'region',
    argument: '<region>',
    group: GROUP.access,
    help: 'AWS Region (else AWS_REGION, AWS_DEFAULT_REGION, the profile)',
    read: matching(/^[A-Za-z0-9-]+$/, "a Region like 'eu-west-1'"),
  },
  profile: {
    name: 'profile',
    argument: '<name>',
    group: GROUP.access,
    help: 'profile of ~/.aws/config and ~/.aws/credentials (else AWS_PROFILE)',
    read: text,
  },
  endpointUrl: {
    name: 'endpoint-url',
    argument: '<url>',
    group: GROUP.access,
    help: 'for S3, STS, Lambda and CloudFormation, in the place of their own (else AWS_ENDPOINT_URL and its kin)',
    read: endpointUrl,
  },
  verifySsl: {
    name: 'no-verify-ssl',
    group: GROUP.access,
    help: 'trust any certificate',
    read: inverted,
    fallback: true,
  },
  caBundle: {
    name: 'ca-bundle',
    argument: '<file>',
    group: GROUP.access,
    help: 'certificates to trust, in PEM (else AWS_CA_BUNDLE)',
    read: text,
  },
};

export const DISPLAY: OptionTable<DisplayOptions> = {
  json: {
    name: 'json',
    inFile: 'never',
    group: GROUP.display,
    help: 'one JSON document on stdout, errors included',
    read: flag,
    fallback: false,
  },
  quiet: {
    name: 'quiet',
    short: 'q',
    inFile: 'never',
    group: GROUP.display,
    help: 'no progress and no success text',
    read: flag,
    fallback: false,
  },
  progressBar: {
    name: 'no-progressbar',
    group: GROUP.display,
    help: 'no progress bars (never any without a terminal, or with CI set)',
    read: inverted,
    fallback: true,
  },
  color: {
    name: 'color',
    argument: '<when>',
    choices: COLOR_CHOICES,
    negatable: true,
    inFile: 'never',
    group: GROUP.display,
    help: 'on, off or auto; --no-color is off (default: auto, with NO_COLOR and FORCE_COLOR)',
    read: (given) => (given === false ? 'off' : oneOf(COLOR_CHOICES)(given)),
    fallback: 'auto',
  },
  debug: {
    name: 'debug',
    environment: 'SAM_DEBUG',
    group: GROUP.display,
    help: 'say more, with stack traces',
    read: flag,
    fallback: false,
  },
};

export const DOMAIN: OptionTable<DomainOptions> = {
  domain: {
    name: 'domain',
    argument: '<place>',
    group: GROUP.domain,
    help: "file:DIRECTORY or s3://BUCKET (default: your account's domain in the region)",
    read: (given) => parseDomain(text(given)),
  },
  domainOwner: {
    name: 'domain-owner',
    argument: '<account>',
    group: GROUP.domain,
    help: 'the account that must own the bucket (default: yours; of a plain bucket anybody)',
    read: accountId,
  },
  repository: {
    name: 'repository',
    argument: '<name>',
    group: GROUP.domain,
    help: "collection in the domain (default: 'default')",
    read: named(parseRepository, 'default'),
    fallback: DEFAULT_REPOSITORY,
  },
};

/** Of a command about a whole domain, whatever its repositories. */
export type WholeDomainOptions = AccessOptions & DisplayOptions & Omit<DomainOptions, 'repository'>;

export const WHOLE_DOMAIN: OptionTable<WholeDomainOptions> = {
  domain: DOMAIN.domain,
  domainOwner: DOMAIN.domainOwner,
  ...ACCESS,
  ...DISPLAY,
};

export const MAKING: OptionTable<MakingOptions> = {
  bootstrap: {
    name: 'no-bootstrap',
    group: GROUP.domain,
    help: "don't make the account's domain where it is missing",
    read: inverted,
    fallback: true,
  },
};

/** Of every command that asks before it does what it shows. */
export const YES: Omit<OptionSpec<boolean>, 'group'> & { readonly fallback: boolean } = {
  name: 'yes',
  short: 'y',
  inFile: 'never',
  help: "don't ask: do what is shown",
  read: flag,
  fallback: false,
};
