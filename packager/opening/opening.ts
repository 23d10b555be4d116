import type { AskKeeper, Domain, DomainParts, DomainPlace, Keeper, ObjectStore } from '../../repository/index.ts';
import { ArtifactError, establishDomain, ownKeeper } from '../../repository/index.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import type { AccessOptions, AwsSettings } from '../aws/access.ts';
import type { UrlOf } from '../packaging/destination.ts';
import { CHANCE } from '../chance.ts';
import type { Home } from './home.ts';
import type { DomainOption } from './domain-option.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * What the command means to do. `read`: the domain must be there. `keep`: likewise, and its keeper is asked to change something. `write`: a store that
 * is none yet becomes one. `plan`: nothing is written, and a store that is none counts as an empty one.
 */
export type Purpose = 'read' | 'keep' | 'write' | 'plan';

/** Of whoever opens a domain. */
export interface OpenOptions extends AccessOptions {
  /** Absent: the account's own domain in the region. */
  readonly domain?: DomainOption;
  /** The account that must own the bucket. Twelve digits. */
  readonly domainOwner?: string;
  readonly kmsKeyId?: string;
  /** Of the ARN that is asked for, where no domain is named. */
  readonly home?: Home;
}

/** Of where `package` puts things. */
export interface DestinationOptions extends OpenOptions {
  readonly repository: string;
  readonly s3Bucket?: string;
  /** As given: no slash is added or taken but the one between it and the key. */
  readonly s3Prefix?: string;
  readonly resolveS3: boolean;
  readonly forceUpload: boolean;
  /** Where it is to be deployed, each once. Absent: wherever it can be. */
  readonly regions?: readonly string[];
  /** What S3 keeps beside every object, and a version is told of. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
}

export interface OpenDomain {
  readonly domain: Domain;
  /** What a template names: of the same content under the same names the same on every machine. */
  readonly urlOf: UrlOf;
  /** What opens the object from here. */
  readonly linkOf: UrlOf;
  /** Has the domain's keeper carry out a command. */
  readonly ask: AskKeeper;
  /** The same, under the name by which the keeper takes what publishing and promoting need alone. */
  readonly askToPublish: AskKeeper;
  /**
   * Has the keeper tell that these versions were published: their ARNs. Waits for no more than that it was asked, and for that not long. Never rejects, because nothing depends on
   * it; without versions, and where there is nobody to tell it, nothing is asked.
   */
  readonly announce: (arns: readonly string[]) => Promise<void>;
  /** The ARN of whoever calls; absent where that is a user of this machine. */
  readonly caller?: string;
  /** The ID of the stack that has this name now, as far as anybody here can be asked. */
  readonly findStack: (name: string) => Promise<string | undefined>;
  /** What another command must be given to be about this domain; begins with a space, unless it is empty. */
  readonly flags: string;
  /** Other domains, with the same credentials; absent where there can be none. */
  readonly elsewhere?: Elsewhere;
}

/** The domains of other accounts and regions. */
export interface Elsewhere {
  /** Whose credentials these are. */
  readonly account: string;
  readonly partitionOf: (region: string) => string;
  readonly urlOf: (region: string) => UrlOf;
  /** Has the keeper there bring it what is at home in others: nothing else. */
  readonly askToFetch: (place: DomainPlace) => AskKeeper;
  /** The bucket of a domain, which must be its account's. Nothing is asked of it yet, and it can't be written to. */
  readonly storeOf: (place: DomainPlace) => Promise<ObjectStore>;
}

/** So many requests at once; an SDK client keeps that many connections. */
export const REQUESTS_AT_ONCE = 96;

/** @param keeper of who publishes, where the domain is not kept from here */
export function partsOf(store: ObjectStore, purpose: Purpose, keeper?: Keeper): DomainParts {
  // The commands that only look can't write by mistake.
  const own = purpose === 'write' || purpose === 'keep' ? store : dryRun(store);
  return { store: own, keeper: purpose === 'write' && keeper !== undefined ? keeper : ownKeeper(own), chance: CHANCE };
}

/**
 * The domain where there is none yet: made for who writes, imagined for who plans.
 * @param what where it was looked for, with its kind
 * @throws ArtifactError DOMAIN_NOT_FOUND for everybody else
 */
export function begin(
  parts: DomainParts,
  place: DomainPlace & { readonly bucket: string },
  purpose: Purpose,
  what: string,
): Promise<Domain> {
  switch (purpose) {
    case 'write':
      return establishDomain(parts, place);
    case 'plan':
      return Promise.resolve({ ...parts, ...place });
    case 'read':
    case 'keep':
      throw new ArtifactError('DOMAIN_NOT_FOUND', `there is no domain in the ${what}`, {
        remedy: "The first 'cfn-artifacts package' or 'publish' makes one.",
      });
  }
}

/** Where there is nobody to ask, a profile that wants an MFA code fails. */
export function accessSettings(
  options: AccessOptions,
  { env, ask, signal }: Pick<Surroundings, 'env' | 'ask' | 'signal'>,
): AwsSettings {
  return { ...options, env, signal, ...(ask !== undefined && { onMfa: ask }) };
}

/** To be spread into options: without a member where no key was named. */
export function kmsOf(options: OpenOptions): { readonly kmsKeyId?: string } {
  return options.kmsKeyId === undefined ? {} : { kmsKeyId: options.kmsKeyId };
}

/** To be spread into options: without a member where no profile was named. */
export function profileOf({ profile }: OpenOptions): { readonly profile?: string } {
  return profile === undefined ? {} : { profile };
}
