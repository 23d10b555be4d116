import { formatArn } from './arn.ts';
import type { DomainPlace } from './arn.ts';
import type { BindingRecord, Use } from './binding.ts';
import type { Bookmark } from './bookmark-record.ts';
import type { Deletion } from './deletion.ts';
import type { Digest } from './digest.ts';
import { sha256 } from './digest.ts';
import { partOfArtifact, promotionKey, versionKey } from './keys.ts';
import type { Promotion, PromotionEvidence } from './promoting/record.ts';
import type { Status, StatusRecord } from './status.ts';
import type { Change } from './stores/observed.ts';
import type { AssetSet, Version } from './version.ts';

/** What the domain tells the world, as docs/events.md describes it. Nothing here is sent: who may send it is handed the events. */

export const EVENT_SOURCE = 'cfn-artifacts';

/** Raised when somebody who reads events of the form before would misread one; what is only added does not raise it. */
const FORMAT = 1;

/** A version with more content than that is told of with so much: an event has at most 256 KiB. */
const DIGESTS = 100;

/** Content under more filenames than that is told of with so many. */
const KEYS = 100;

/** So many versions are told of with content. */
const ARNS = 10;

/** Versions that were promoted with more others than that are told of with so many, and each with so many labels. */
const ITEMS = 20;
const LABELS = 10;

/** Who or what had it done, as far as is known. */
export type Cause =
  | {
      readonly by: 'CloudFormation';
      readonly requestType: string;
      readonly requestId: string;
      readonly stackId: string;
      readonly logicalId: string;
    }
  /** `requestId`: Lambda's, under which CloudTrail has who invoked the keeper, where it records data events. */
  | { readonly by: 'keeper'; readonly command: string; readonly requestId?: string };

/** Who uses or holds content. */
export type Holder =
  | { readonly kind: 'stack'; readonly stackId: string; readonly logicalId: string; readonly generation: string }
  | {
      readonly kind: 'named';
      readonly consumer: string;
      /** Of what a stack left behind. */
      readonly stackId?: string;
      readonly logicalId?: string;
    }
  | { readonly kind: 'version'; readonly arn: string };

interface Common {
  readonly formatVersion: number;
  /** The same for every repetition of one fact, and of no other: 64 hexadecimal digits. */
  readonly deduplicationId: string;
  /** When it happened, ISO 8601. */
  readonly at: string;
  readonly bucket: string;
  readonly cause: Cause;
  /** Of versions, or of content; may be incomplete, and empty. */
  readonly arns: readonly string[];
}

interface OfContent extends Common {
  readonly digest: string;
  /** Of two events of one digest that have it, the greater one, as text, happened later. */
  readonly sequence: string;
  /** When it was condemned, ISO 8601. */
  readonly since: string;
  readonly keys: readonly string[];
}

interface OfVersion extends Common {
  /** Of the version. */
  readonly arn: string;
  readonly repository: string;
  readonly id: string;
  readonly version: number;
  /** Of two events of one version, the greater one, as text, happened later. */
  readonly sequence: string;
  readonly status: Status;
  readonly digests: readonly string[];
}

interface OfBookmark extends Common {
  /** Of the artifact. */
  readonly arn: string;
  readonly repository: string;
  readonly id: string;
  readonly bookmark: string;
  /** Versions; absent where it named none, or names none any more. */
  readonly from?: number;
  readonly to?: number;
  /** Who moved it, as told. */
  readonly by?: string;
  /** Of two events of one bookmark, the greater one, as text, happened later. */
  readonly sequence: string;
  /** Stacks that were deployed through it and use other versions than it names now: the first of them. */
  readonly behind: readonly BehindStack[];
  /** Whether there are more. */
  readonly moreBehind: boolean;
}

/** A stack that uses versions which a bookmark named once. */
export interface BehindStack {
  readonly stackId: string;
  readonly versions: readonly number[];
}

interface OfReference extends Common {
  readonly digest: string;
  readonly user: Exclude<Holder, { kind: 'version' }>;
  readonly uses: readonly Use[];
}

interface OfPublication extends Common {
  /** Of the version. */
  readonly arn: string;
  readonly repository: string;
  readonly id: string;
  readonly version: number;
  /** Of two versions of one artifact, the greater one, as text, is the newer. */
  readonly sequence: string;
  /** As it is when it is told. */
  readonly status: Status;
  readonly digests: readonly string[];
  /** Those that it was published with. */
  readonly labels: readonly string[];
  /** As what candidate. */
  readonly set?: AssetSet;
  /** Of the promotion by which it came to be. */
  readonly promotion?: string;
}

interface OfPromotion extends Common {
  readonly promotion: string;
  /** To which. */
  readonly repository: string;
  readonly by?: string;
  /** So many versions were promoted together. */
  readonly count: number;
  /** The first of them. */
  readonly items: readonly {
    /** Definite ARN of what was promoted; of several assets the first. */
    readonly from: string;
    /** Of the version that it became. */
    readonly arn: string;
    readonly labels: readonly string[];
  }[];
  readonly evidence: readonly PromotionEvidence[];
  /** Of two promotions to one repository, the greater one, as text, happened later. */
  readonly sequence: string;
}

/** The details of each kind of event. A new kind is a line here, a schema in schemas/events/ and a row in docs/events.md. */
export interface Details {
  readonly 'Artifact Condemned': OfContent;
  /** `holders`: some of those that need it. */
  readonly 'Artifact Rescued': OfContent & { readonly holders: readonly Holder[] };
  readonly 'Artifact Deleted': OfContent;
  readonly 'Artifact Version Published': OfPublication;
  readonly 'Artifact Promoted': OfPromotion;
  readonly 'Artifact Version Deleted': OfVersion;
  readonly 'Artifact Version Undeleted': OfVersion;
  /** `from`: what it was. A deletion, and what takes it back, are told by events of their own. */
  readonly 'Artifact Version Status Changed': OfVersion & { readonly from: Status };
  readonly 'Artifact Bookmark Moved': OfBookmark;
  readonly 'Artifact Reference Added': OfReference;
  readonly 'Artifact Reference Removed': OfReference;
}

export type DetailType = keyof Details;

/** One event, ready to be sent. */
export type DomainEvent = {
  readonly [T in DetailType]: { readonly detailType: T; readonly detail: Details[T] };
}[DetailType];

/** Hands events over, as far as that succeeds. Never rejects: whatever happened, happened, whether it can be told or not. */
export type Announce = (events: readonly DomainEvent[]) => Promise<void>;

/** Under which an event is told. */
export interface Occasion {
  readonly place: DomainPlace & { readonly bucket: string };
  readonly cause: Cause;
  /** ISO 8601. */
  readonly now: string;
}

/** That a stack's or a named consumer's record came to be or went. What is only pending, or only stamped anew, is no event. */
export function referenceEvent({ key, before, after }: Change, occasion: Occasion): DomainEvent | undefined {
  const [was, is] = [promised(before), promised(after)];
  const record = (is ?? was) as (Partial<BindingRecord> & { readonly nonce?: string }) | undefined;
  if (record === undefined || (was !== undefined && is !== undefined)) return undefined;
  const [, digest = '', kind, ...rest] = key.split('/');
  const { uses = [], stackId = '', logicalId = '', generation = '', at } = record;
  const user: OfReference['user'] =
    kind === 'stack'
      ? { kind, stackId, logicalId, generation }
      : {
          ...{ kind: 'named', consumer: rest.slice(0, -1).join('/') },
          ...(stackId !== '' && { stackId, logicalId }),
        };
  const detailType = is === undefined ? 'Artifact Reference Removed' : 'Artifact Reference Added';
  const arns = [...new Set(uses.map(({ arn }) => arn))];
  const when = is === undefined ? undefined : at;
  const common = commonOf(detailType, occasion, [key, record.nonce], when);
  return { detailType, detail: { ...common, arns, digest, user, uses } };
}

function promised(record: Change['before']): Change['before'] {
  return record?.['pending'] === true ? undefined : record;
}

/** @param arns of versions that are known to have had the content, beside those that its record names */
export function deletionEvent(
  { key, before, after }: Change,
  occasion: Occasion,
  arns: readonly string[],
  holders: readonly Holder[] = [],
): DomainEvent | undefined {
  const was = before as Deletion | undefined;
  const is = after as Deletion | undefined;
  const digest = key.slice(key.lastIndexOf('/') + 1);
  const detailOf = (
    type: DetailType,
    { nonce, since, incarnations, ...record }: Deletion,
    rank: number,
    at?: string,
  ) => ({
    ...commonOf(type, occasion, [key, nonce], at),
    arns: [...new Set([...(record.arns ?? []), ...arns])].slice(0, ARNS),
    ...{ digest, since, sequence: `${since}/${rank}` },
    keys: [...new Set(incarnations.map((one) => one.key))].slice(0, KEYS),
  });
  if (is?.state === 'condemned' && was?.state !== 'condemned') {
    const detailType = 'Artifact Condemned';
    return { detailType, detail: detailOf(detailType, is, 0, is.since) };
  }
  if (is?.state === 'cancelled' && was?.state !== 'cancelled') {
    const detailType = 'Artifact Rescued';
    return { detailType, detail: { ...detailOf(detailType, is, 1), holders } };
  }
  if (is === undefined && was?.state === 'deleting') {
    const detailType = 'Artifact Deleted';
    return { detailType, detail: detailOf(detailType, was, 2) };
  }
  return undefined;
}

/** @param digestsOf what the version has, as far as that is known */
export function statusEvent(
  { key, before, after }: Change,
  occasion: Occasion,
  digestsOf: (repository: string, id: string, number: number) => readonly Digest[],
): DomainEvent | undefined {
  const was = before as StatusRecord | undefined;
  const is = after as StatusRecord | undefined;
  if (is === undefined) return undefined;
  const detailOf = (type: DetailType): OfVersion => detailOfVersion(type, key, is, occasion, digestsOf);
  // What was not read before it was changed to something else may have been anything.
  if (is.status === 'Deleted' && was?.status !== 'Deleted') {
    const detailType = 'Artifact Version Deleted';
    return { detailType, detail: detailOf(detailType) };
  }
  if (is.status !== 'Deleted' && was?.status === 'Deleted') {
    const detailType = 'Artifact Version Undeleted';
    return { detailType, detail: detailOf(detailType) };
  }
  // While it is not decided what becomes of it, it is what it was; and whoever writes what it is already says nothing new.
  const isUndecided = is.status === 'Deleting' || is.status === 'Deleted';
  if (isUndecided || is.was === undefined || is.was === is.status || was?.status === is.status) return undefined;
  const detailType = 'Artifact Version Status Changed';
  return { detailType, detail: { ...detailOf(detailType), from: is.was } };
}

function detailOfVersion(
  type: DetailType,
  key: string,
  { nonce, at: when, status }: StatusRecord,
  occasion: Occasion,
  digestsOf: (repository: string, id: string, number: number) => readonly Digest[],
): OfVersion {
  const [, repository = '', ...rest] = key.split('/');
  const [id, version] = [rest.slice(0, -2).join('/'), Number(rest.at(-1))];
  const { partition, region, account } = occasion.place;
  const named = { partition, region, account, repository, id, version };
  const digests = digestsOf(repository, id, version).slice(0, DIGESTS);
  const common = commonOf(type, occasion, [key, nonce], when);
  return {
    ...common,
    arns: digests.map((digest) => formatArn({ ...named, digest })),
    arn: formatArn(named),
    ...{ repository, id, version, digests, status, sequence: common.at },
  };
}

/**
 * That a bookmark names another version, or none any more. A wish to move it is no event, nor is one that is taken back.
 * @param digestsOf what the version has that it names now, as far as that is known
 */
export function bookmarkEvent(
  { key, before, after }: Change,
  occasion: Occasion,
  digestsOf: (repository: string, id: string, number: number) => readonly Digest[],
): Extract<DomainEvent, { detailType: 'Artifact Bookmark Moved' }> | undefined {
  const was = before as Bookmark | undefined;
  const is = after as Bookmark | undefined;
  const named = partOfArtifact(key);
  if (named === undefined || is?.move === undefined || is.pending !== undefined || is.move === was?.move)
    return undefined;
  const { part: bookmark, ...name } = named;
  const { partition, region, account } = occasion.place;
  const artifact = { partition, region, account, ...name };
  const { number: to, by } = is;
  const digests = to === undefined ? [] : digestsOf(name.repository, name.id, to).slice(0, DIGESTS);
  const detailType = 'Artifact Bookmark Moved';
  const common = commonOf(detailType, occasion, [key, is.move], is.at);
  return {
    detailType,
    detail: {
      ...common,
      arns: digests.map((digest) => formatArn({ ...artifact, version: to ?? 0, digest })),
      ...{ arn: formatArn(artifact), ...name, bookmark },
      ...(was?.number !== undefined && { from: was.number }),
      ...(to !== undefined && { to }),
      ...(by !== undefined && { by }),
      ...{ sequence: common.at, behind: [], moreBehind: false },
    },
  };
}

/** That a version came to be; made of what stands there, whenever that is told. */
export function publicationEvent(
  { manifest, status }: Pick<Version, 'manifest' | 'status'>,
  occasion: Occasion,
): DomainEvent {
  const { repository, id, number, nonce, published, assets, labels = [], set, promotion } = manifest;
  const { partition, region, account } = occasion.place;
  const named = { partition, region, account, repository, id, version: number };
  const digests = [...new Set(assets.map(({ digest }) => digest))].slice(0, DIGESTS);
  const detailType = 'Artifact Version Published';
  return {
    detailType,
    detail: {
      ...commonOf(detailType, occasion, [versionKey(manifest, number), nonce], timeOf(published, occasion)),
      arns: digests.map((digest) => formatArn({ ...named, digest })),
      arn: formatArn(named),
      ...{ repository, id, version: number, digests, status, labels: labels.slice(0, LABELS) },
      ...(set !== undefined && { set }),
      ...(promotion !== undefined && { promotion: promotion.id }),
      sequence: String(number).padStart(15, '0'),
    },
  };
}

/** That versions were promoted. */
export function promotionEvent(promotion: Promotion, occasion: Occasion): DomainEvent {
  const { id, repository, nonce, at, by, items, evidence } = promotion;
  const { partition, region, account } = occasion.place;
  const told = items.slice(0, ITEMS).map(({ from, assets, to }) => ({
    from: from[0],
    named: { partition, region, account, repository, id: to.id, version: to.number },
    digests: assets.map(({ digest }) => digest),
    labels: to.labels.slice(0, LABELS),
  }));
  const arns = told.flatMap(({ named, digests }) => digests.map((digest) => formatArn({ ...named, digest })));
  const detailType = 'Artifact Promoted';
  const common = commonOf(detailType, occasion, [promotionKey(repository, id), nonce], timeOf(at, occasion));
  return {
    detailType,
    detail: {
      ...common,
      arns: [...new Set(arns)].slice(0, DIGESTS),
      ...{ promotion: id, repository, count: items.length },
      ...(by !== undefined && { by }),
      items: told.map(({ from, named, labels }) => ({ from, arn: formatArn(named), labels })),
      evidence: evidence.slice(0, ITEMS),
      sequence: common.at,
    },
  };
}

/** Whoever wrote it may have written it otherwise than the keeper does. */
function timeOf(text: string, { now }: Occasion): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? now : time.toISOString();
}

/** @param fact what tells it from every other of its kind: nothing in it is made up when the event is built */
function commonOf(
  type: DetailType,
  { place: { bucket }, cause, now }: Occasion,
  fact: readonly (string | undefined)[],
  at: string = now,
): Omit<Common, 'arns'> {
  return { formatVersion: FORMAT, deduplicationId: sha256([type, ...fact].join('\n')), at, bucket, cause };
}
