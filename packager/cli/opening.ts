import type { AskKeeper, Domain, DomainParts, DomainPlace, Keeper, ObjectStore } from '../../repository/index.ts';
import { ArtifactError, establishDomain, ownKeeper } from '../../repository/index.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import type { AccessOptions, AwsSettings } from '../aws/access.ts';
import type { UrlOf } from '../packaging/destination.ts';
import { CHANCE } from './chance.ts';
import type { DomainOptions, PackageOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/**
 * What the command means to do. `read`: the domain must be there. `keep`: likewise, and its keeper is asked to change something. `write`: a store that
 * is none yet becomes one. `plan`: nothing is written, and a store that is none counts as an empty one.
 */
export type Purpose = 'read' | 'keep' | 'write' | 'plan';

/** Of every command that opens a domain. */
export type OpenOptions = DomainOptions &
  AccessOptions &
  Partial<Pick<PackageOptions, 'kmsKeyId' | 'bootstrap' | 'color'>>;

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
}

/** So many requests at once; an SDK client keeps that many connections. */
export const REQUESTS_AT_ONCE = 64;

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
export function accessSettings(options: AccessOptions, { env, ask, signal }: Terminal): AwsSettings {
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
