import type { Domain, ObjectAttributes, ObjectKey, Provenance, Publishable } from '../../repository/index.ts';
import {
  bucketOf,
  formatArn,
  looksLikeArtifactArn,
  parseArn,
  placeOfKey,
  planVersion,
  publishVersion,
  refusedReference,
  requireRepository,
  resolve,
  samePlace,
  takesNoReferences,
} from '../../repository/index.ts';
import { readRenewedStatus } from '../../repository/renew.ts';
import type { PublishOutcome } from '../event.ts';
import type { Destination, Stored, UrlOf } from './destination.ts';
import { refuseVersionless } from './destination.ts';

/** What a domain is told of every new version, and how it reaches others. */
export interface DomainDestinationOptions {
  readonly provenance?: () => Promise<Provenance>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Has it told that versions with these ARNs were published. Never rejects. */
  readonly announce?: (arns: readonly string[]) => Promise<void>;
  /** Brings here what is at home in another domain; in a dry run looks at it there. Absent: nothing can be brought here. */
  readonly fetch?: (arn: string) => Promise<FromElsewhere>;
  /** The domain of another region that fetches from this one. */
  readonly inRegion?: NonNullable<Destination['inRegion']>;
}

/** What an ARN of another domain names, as it stands here then. */
export interface FromElsewhere {
  /** Definite; of content by its digest alone, without a version. */
  readonly arn: string;
  readonly key: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly outcome: PublishOutcome;
}

/** Versions, ARNs, references. */
export class DomainDestination implements Destination {
  readonly bucket: string;
  readonly region: string;
  readonly isDomain = true;
  readonly repository: string;
  readonly scratchPrefix = 'scratch';
  readonly inRegion?: NonNullable<Destination['inRegion']>;
  readonly #domain: Domain;
  readonly #urlOf: UrlOf;
  readonly #options: DomainDestinationOptions;
  /** ARNs of the versions that this run has made. */
  readonly #added: string[] = [];
  #admitted: Promise<void> | undefined;
  #ownBucket: ReturnType<typeof bucketOf> | undefined;

  constructor(domain: Domain, repository: string, urlOf: UrlOf, options: DomainDestinationOptions = {}) {
    this.bucket = domain.bucket;
    this.region = domain.region;
    this.repository = repository;
    if (options.inRegion !== undefined) this.inRegion = options.inRegion;
    this.#domain = domain;
    this.#urlOf = urlOf;
    this.#options = options;
  }

  async contentBucket(): Promise<string> {
    return (await this.#place()).bucket ?? this.bucket;
  }

  async publish(
    id: string,
    publishable: Publishable,
    attributes: ObjectAttributes,
    withVersion: boolean,
    source?: string,
  ): Promise<Stored> {
    const { repository } = this;
    const { metadata } = this.#options;
    const publication = await publishVersion(this.#domain, { repository, id }, publishable, {
      ...{ attributes, admit: () => this.#admit(), ...(await this.#place()) },
      ...(metadata !== undefined && { metadata }),
      ...this.#provenanceOf(source),
    });
    if (publication.isNewVersion) this.#added.push(formatArn(publication.arn));
    return { ...this.#stored(publication), ...(await this.#objectVersion(publication.key, withVersion)) };
  }

  async plan(id: string, publishable: Publishable): Promise<Stored | undefined> {
    const { repository } = this;
    const { bucket } = await this.#place();
    const publication = await planVersion(this.#domain, { repository, id }, publishable, bucket);
    if (publication === undefined) await this.#admit();
    return publication && this.#stored(publication);
  }

  async resolve(name: string, withVersion: boolean): Promise<Stored> {
    refuseVersionless(name);
    const { fetch } = this.#options;
    if (fetch === undefined || !looksLikeArtifactArn(name) || samePlace(parseArn(name), this.#domain)) {
      return this.#found(name, withVersion);
    }
    return this.#brought(await fetch(name), withVersion);
  }

  async announce(): Promise<void> {
    if (this.#added.length > 0) await this.#options.announce?.(this.#added);
  }

  /** A run that makes no new version asks nothing. */
  #admit(): Promise<void> {
    return (this.#admitted ??= requireRepository(this.#domain, this.repository, 'publish'));
  }

  /** Where the repository has its content, asked once in a run. To be spread: without a member where that is the domain's bucket. */
  async #place(): Promise<{ readonly bucket?: string }> {
    const bucket = await (this.#ownBucket ??= bucketOf(this.#domain, this.repository));
    return bucket === undefined ? {} : { bucket };
  }

  /** To be spread. */
  #provenanceOf(source: string | undefined): Pick<DomainDestinationOptions, 'provenance'> {
    const { provenance } = this.#options;
    if (provenance === undefined) return {};
    return { provenance: async () => ({ ...(await provenance()), ...(source !== undefined && { source }) }) };
  }

  /** What is at home here. */
  async #found(name: string, withVersion: boolean): Promise<Stored> {
    const domain = this.#domain;
    const { arn, key, size, digest, resolvedFrom, repository, id, ...found } = await resolve(domain, name);
    const { version } = arn;
    const status = version === undefined ? found.status : await readRenewedStatus(domain, { repository, id }, version);
    if (takesNoReferences(status)) throw refusedReference(name, status, 'Name another version, or publish it again.');
    return {
      ...{ ...this.#placed(key), arn: formatArn(arn), digest, outcome: 'reused', size },
      ...{ id: `${repository}/${id}`, ...(version !== undefined && { version }) },
      ...(resolvedFrom !== undefined && { resolvedFrom }),
      ...(await this.#objectVersion(key, withVersion)),
    };
  }

  /** What is at home elsewhere, as it stands here now. */
  async #brought({ arn, key: text, ...found }: FromElsewhere, withVersion: boolean): Promise<Stored> {
    const key = text as ObjectKey;
    const { repository, id, version } = parseArn(arn);
    return {
      ...{ ...this.#placed(key), arn, ...found, id: `${repository}/${id}` },
      ...(version !== undefined && { version }),
      ...(await this.#objectVersion(key, withVersion)),
    };
  }

  #stored({ arn, key, size, outcome }: Awaited<ReturnType<typeof publishVersion>>): Stored {
    return {
      ...{ ...this.#placed(key), arn: formatArn(arn), digest: arn.digest },
      ...{ outcome, size, id: `${arn.repository}/${arn.id}`, version: arn.version },
    };
  }

  #placed(stored: ObjectKey): Pick<Stored, 'bucket' | 'key' | 'partition' | 'url'> {
    const { bucket, key } = placeOfKey(this.#domain, stored);
    return { bucket, key, partition: this.#domain.partition, url: this.#urlOf(bucket, key) };
  }

  async #objectVersion(key: ObjectKey, wanted: boolean): Promise<Pick<Stored, 'objectVersion'>> {
    const head = wanted ? await this.#domain.store.head(key) : undefined;
    return head?.version === undefined ? {} : { objectVersion: head.version };
  }
}
