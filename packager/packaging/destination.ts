import type {
  Domain,
  ObjectAttributes,
  ObjectKey,
  ObjectStore,
  Provenance,
  Publishable,
} from '../../repository/index.ts';
import {
  ArtifactError,
  bucketOf,
  findUploadedBlob,
  formatArn,
  looksLikeArtifactArn,
  parseArn,
  placeOfKey,
  planVersion,
  publishVersion,
  requireRepository,
  resolve,
  refusedReference,
  samePlace,
  takesNoReferences,
  uploadBlob,
} from '../../repository/index.ts';
import type { PublishOutcome } from '../event.ts';
import type { Location } from '../template/place.ts';
import { readRenewedStatus } from '../../repository/renew.ts';

/** An artifact that stands where a template can point at it. */
export interface Stored extends Location {
  readonly outcome: PublishOutcome;
  /** Bytes. */
  readonly size: number;
  /** Of an artifact that a bookmark chose: `repository/id^bookmark`. */
  readonly resolvedFrom?: string;
  /** The artifact's ID and version number, where there is a domain. */
  readonly id?: string;
  readonly version?: number;
}

/** Where artifacts go, and what a template is told of them. */
export interface Destination {
  /** `local` for a directory. */
  readonly bucket: string;
  readonly region: string;
  readonly isDomain: boolean;
  /** Where new artifacts get their versions; absent where there is no domain. */
  readonly repository?: string;
  /** The bucket in which what is published stands; absent: `bucket`. */
  readonly contentBucket?: () => Promise<string>;
  /** Prefix inside the domain's bucket for what may expire; absent where there is none. */
  readonly scratchPrefix?: string;
  /**
   * @param withVersion whether the object's version is wanted, which costs a request
   * @param source where it stands in the project
   */
  publish(
    id: string,
    publishable: Publishable,
    attributes: ObjectAttributes,
    withVersion: boolean,
    source?: string,
  ): Promise<Stored>;
  /** What `publish` would find there already; `undefined` where it would upload. Writes nothing. */
  plan(id: string, publishable: Publishable): Promise<Stored | undefined>;
  /** An ARN or `repository/id^bookmark`, made definite. @throws ArtifactError ARTIFACT_NOT_FOUND and others */
  resolve(name: string, withVersion: boolean): Promise<Stored>;
  /** To be called when all is published: has it told which versions are new. Never rejects; absent where there are no versions. */
  readonly announce?: () => Promise<void>;
  /** The domain of another region that fetches from this one; absent where none can. */
  readonly inRegion?: (region: string) => RegionalDomain;
}

/** The domain of another region, where a packaged template is to be deployed as well: it has copies of what is at home in the destination. */
export interface RegionalDomain {
  readonly region: string;
  readonly bucket: string;
  /** @throws ArtifactError where it is known beforehand that nothing can be brought there */
  check(): Promise<void>;
  /** Where it stands there: it is brought there if it is not there yet. @param withVersion whether the object's version is wanted, which costs a request */
  bring(stored: Stored, withVersion: boolean): Promise<Stored>;
  /** What `bring` would find there already. Changes nothing. */
  plan(stored: Stored): Promise<Stored | undefined>;
}

/** The https URL of an object, in the bucket's own region and partition. */
export type UrlOf = (bucket: string, key: string) => string;

/** What is told of every new version. */
export interface Told {
  readonly provenance?: () => Promise<Provenance>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Has it told that versions with these ARNs were published. Never rejects. */
  readonly announce?: (arns: readonly string[]) => Promise<void>;
  /** Brings here what is at home in another domain; in a dry run looks at it there. Absent: nothing can be brought here. */
  readonly fetch?: (arn: string) => Promise<FromElsewhere>;
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
export function domainDestination(
  domain: Domain,
  repository: string,
  urlOf: UrlOf,
  { provenance, metadata, announce, fetch }: Told = {},
): Destination {
  const { region, partition, store } = domain;
  const objectVersion = async (key: Parameters<ObjectStore['head']>[0], wanted: boolean) => {
    const head = wanted ? await store.head(key) : undefined;
    return head?.version === undefined ? {} : { objectVersion: head.version };
  };
  const placed = (found: Parameters<typeof placeOfKey>[1]): Pick<Stored, 'bucket' | 'key' | 'partition' | 'url'> => {
    const { bucket, key } = placeOfKey(domain, found);
    return { bucket, key, partition, url: urlOf(bucket, key) };
  };
  const stored = ({ arn, key, size, outcome }: Awaited<ReturnType<typeof publishVersion>>): Stored => ({
    ...{ ...placed(key), arn: formatArn(arn), digest: arn.digest },
    ...{ outcome, size, id: `${arn.repository}/${arn.id}`, version: arn.version },
  });
  const added: string[] = [];
  let admitted: Promise<void> | undefined;
  /** A run that makes no new version asks nothing. */
  const admit = (): Promise<void> => (admitted ??= requireRepository(domain, repository, 'publish'));
  let ownBucket: ReturnType<typeof bucketOf> | undefined;
  /** Where the repository has its content, asked once in a run. */
  const place = async (): Promise<{ readonly bucket?: string }> => {
    const bucket = await (ownBucket ??= bucketOf(domain, repository));
    return bucket === undefined ? {} : { bucket };
  };
  return {
    bucket: domain.bucket,
    region,
    isDomain: true,
    repository,
    contentBucket: async () => (await place()).bucket ?? domain.bucket,
    scratchPrefix: 'scratch',
    async publish(id, publishable, attributes, withVersion, source) {
      const publication = await publishVersion(domain, { repository, id }, publishable, {
        ...{ attributes, admit, ...(await place()) },
        ...(metadata !== undefined && { metadata }),
        ...(provenance !== undefined && {
          provenance: async () => ({ ...(await provenance()), ...(source !== undefined && { source }) }),
        }),
      });
      if (publication.isNewVersion) added.push(formatArn(publication.arn));
      return { ...stored(publication), ...(await objectVersion(publication.key, withVersion)) };
    },
    async plan(id, publishable) {
      const publication = await planVersion(domain, { repository, id }, publishable, (await place()).bucket);
      if (publication === undefined) await admit();
      return publication && stored(publication);
    },
    async resolve(name, withVersion) {
      refuseVersionless(name);
      if (fetch !== undefined && looksLikeArtifactArn(name) && !samePlace(parseArn(name), domain)) {
        const { arn, key, ...found } = await fetch(name);
        const { repository: home, id, version } = parseArn(arn);
        return {
          ...{ ...placed(key as ObjectKey), arn, ...found, id: `${home}/${id}` },
          ...(version !== undefined && { version }),
          ...(await objectVersion(key as ObjectKey, withVersion)),
        };
      }
      const { arn, key, size, digest, resolvedFrom, repository: home, id, ...found } = await resolve(domain, name);
      const status =
        arn.version === undefined
          ? found.status
          : await readRenewedStatus(domain, { repository: home, id }, arn.version);
      if (takesNoReferences(status)) throw refusedReference(name, status, 'Name another version, or publish it again.');
      return {
        ...{ ...placed(key), arn: formatArn(arn), digest, outcome: 'reused', size },
        ...{ id: `${home}/${id}`, ...(arn.version !== undefined && { version: arn.version }) },
        ...(resolvedFrom !== undefined && { resolvedFrom }),
        ...(await objectVersion(key, withVersion)),
      };
    },
    async announce() {
      if (added.length > 0) await announce?.(added);
    },
  };
}

/** An artifact by itself names no content, and a template that means "the newest" would mean something else tomorrow. */
export function refuseVersionless(name: string): void {
  if (!looksLikeArtifactArn(name)) return;
  const { version, digest } = parseArn(name);
  if (version !== undefined || digest !== undefined) return;
  throw new ArtifactError('INVALID_ARN', `'${name}' names an artifact and none of its versions`, {
    remedy: `Name one, like '${name}:1' ('cfn-artifacts show' lists them), or a bookmark as repository/id^name.`,
  });
}

export interface BucketOptions {
  readonly bucket: string;
  readonly region: string;
  readonly partition: string;
  /** Before every key, as aws-cli does it: `prefix/key`. */
  readonly prefix?: string;
  /** Uploads even what is there. */
  readonly force: boolean;
}

/** Blobs and nothing beside them, for whoever has a bucket and no domain: no versions, no ARNs. */
export function bucketDestination(store: ObjectStore, options: BucketOptions, urlOf: UrlOf): Destination {
  const { bucket, region, partition, prefix, force } = options;
  const stored = (blob: { key: string; digest: string; size: number }, outcome: PublishOutcome): Stored => {
    const { digest, size } = blob;
    const key = prefix === undefined ? blob.key : `${prefix}/${blob.key}`;
    return { bucket, key, partition, url: urlOf(bucket, key), digest, size, outcome };
  };
  return {
    bucket,
    region,
    isDomain: false,
    ...(prefix !== undefined && { scratchPrefix: prefix }),
    async publish(_id, publishable, attributes, withVersion) {
      const uploaded = await uploadBlob(store, publishable, force ? 'overwrite' : 'keep', attributes);
      const head = withVersion ? await store.head(uploaded.key) : undefined;
      return {
        ...stored(uploaded, uploaded.outcome),
        ...(head?.version !== undefined && { objectVersion: head.version }),
      };
    },
    async plan(_id, publishable) {
      const found = force ? undefined : await findUploadedBlob(store, publishable);
      return found && stored(found, 'reused');
    },
    resolve(name) {
      throw new ArtifactError(
        'INVALID_ARGUMENT',
        `'${name}' names an artifact of a domain, and there is none with --s3-bucket`,
        {
          remedy: 'Leave out --s3-bucket, or name the domain with --domain.',
        },
      );
    },
  };
}
