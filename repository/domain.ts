import type { DomainPlace } from './arn.ts';
import { samePlace } from './arn.ts';
import type { Chance } from './chance.ts';
import { ArtifactError } from './error.ts';
import type { Away } from './home/away.ts';
import type { Keeper } from './keeper.ts';
import { descriptorKey, FORMAT_VERSION } from './keys.ts';
import type { ArtifactName } from './name.ts';
import type { ObjectHead, ObjectStore } from './object-store.ts';
import { probe } from './stores/probe.ts';
import { readRecord, recordContent } from './record.ts';
import type { SourceMemory } from './source-memory.ts';

/** What `domain` in the store says. */
export interface Descriptor extends DomainPlace {
  readonly format: number;
  readonly bucket: string;
}

/** One bucket, or one directory, and what is needed to work in it. */
export interface Domain extends DomainPlace {
  readonly bucket: string;
  readonly store: ObjectStore;
  readonly keeper: Keeper;
  readonly chance: Chance;
  /**
   * Has the store itself refuse to remove content that is in use, whoever asks: a second fence, on which no proof rests. It stays until the keeper removes
   * the content. Absent: there is none.
   */
  readonly hold?: (object: Pick<ObjectHead, 'key' | 'incarnation'>) => Promise<void>;
  /** How other domains are reached. Absent: what is at home elsewhere can't be used here. */
  readonly away?: Away;
  /** Of who works in the domain of another account: into what a version of this artifact is published. Absent: the domain is one's own. */
  readonly guest?: (name: ArtifactName) => Promise<string>;
  /** Absent: the store is asked what sources became. */
  readonly sources?: SourceMemory;
}

export type DomainParts = Pick<Domain, 'store' | 'keeper' | 'chance' | 'hold' | 'away'>;

/** Everybody knows what the bucket of a domain is called; whose it is, S3 is asked with every request. */
export function domainBucket({ account, region }: Pick<DomainPlace, 'account' | 'region'>): string {
  return `cfn-artifacts-${account}-${region}`;
}

/** `undefined` where the store is no domain yet. @throws ArtifactError UNSUPPORTED_FORMAT */
export async function findDomain(parts: DomainParts): Promise<Domain | undefined> {
  const descriptor = await readDescriptor(parts.store);
  return descriptor && { ...parts, ...placeOf(descriptor), bucket: descriptor.bucket };
}

/**
 * Makes the store a domain, or finds that it is this one already. A store whose conditional writes don't work is refused before
 * anything is written that would need them.
 * @throws ArtifactError UNSUPPORTED_STORE; INVALID_CONFIGURATION where it is another place's domain
 */
export async function establishDomain(
  parts: DomainParts,
  place: DomainPlace & { readonly bucket: string },
): Promise<Domain> {
  if ((await readDescriptor(parts.store)) === undefined) await probe(parts.store, parts.chance.nonce());
  return describeDomain(parts, place);
}

/**
 * As `establishDomain`, in a store whose conditional writes are known to work.
 * @throws ArtifactError INVALID_CONFIGURATION where it is another place's domain
 */
export async function describeDomain(
  parts: DomainParts,
  place: DomainPlace & { readonly bucket: string },
): Promise<Domain> {
  const existing = await findDomain(parts);
  if (existing === undefined) {
    const descriptor: Descriptor = { format: FORMAT_VERSION, ...placeOf(place), bucket: place.bucket };
    // `exists` is as good: somebody else, or an earlier attempt of ours, was first, and what it wrote is read below.
    await parts.store.create(descriptorKey, recordContent(descriptor));
  }
  const domain = existing ?? (await findDomain(parts));
  if (domain === undefined) {
    throw new ArtifactError('UNSUPPORTED_STORE', 'the store does not show the descriptor that was just written to it');
  }
  requireAt(domain, place);
  return domain;
}

/** A copy of a domain's objects elsewhere is no domain. @throws ArtifactError INVALID_CONFIGURATION */
export function requireAt(domain: Domain, place: DomainPlace & { readonly bucket: string }): void {
  if (samePlace(domain, place) && domain.bucket === place.bucket) return;
  throw new ArtifactError(
    'INVALID_CONFIGURATION',
    `the domain in this store is that of '${domain.bucket}' (account ${domain.account}, ${domain.region}), not of '${place.bucket}' (account ${place.account}, ${place.region})`,
    {
      remedy:
        'A domain cannot be copied or moved: its ARNs name the account and region. Name the right store with --domain.',
    },
  );
}

async function readDescriptor(store: ObjectStore): Promise<Descriptor | undefined> {
  const record = await readRecord(store, descriptorKey, ({ format, partition, account, region, bucket }) =>
    typeof format === 'number' &&
    typeof partition === 'string' &&
    typeof account === 'string' &&
    typeof region === 'string' &&
    typeof bucket === 'string'
      ? { format, partition, account, region, bucket }
      : undefined,
  );
  if (record !== undefined && record.value.format > FORMAT_VERSION) {
    throw new ArtifactError(
      'UNSUPPORTED_FORMAT',
      `the domain '${record.value.bucket}' has format ${record.value.format}; this version understands ${FORMAT_VERSION}`,
      { remedy: 'Update cfn-artifacts.' },
    );
  }
  return record?.value;
}

export function placeOf({ partition, account, region }: DomainPlace): DomainPlace {
  return { partition, account, region };
}
