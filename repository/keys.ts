import type { DomainPlace } from './arn.ts';
import type { Digest } from './digest.ts';
import { isDigest, parseDigest } from './digest.ts';
import type { ArtifactName } from './name.ts';
import { isId, isRepository, isSegment, isVersionNumber } from './name.ts';
import type { ObjectKey } from './object-store.ts';
import { objectKey } from './object-store.ts';
import type { StackResource } from './stack-id.ts';

/**
 * Every key of a domain is built here and nowhere else. `!` sorts before every character of an ID, so that the versions of
 * `shop` list before, and apart from, those of `shop/api`.
 */

/** Raised when the stored form changes; a descriptor with a higher one is refused. */
export const FORMAT_VERSION = 1;

/** What a folder becomes; the same for all, so that renaming a folder changes nothing. */
export const ARCHIVE_FILENAME = 'archive.zip';

/** 15 digits: versions are exact in a double and their keys all have one length. */
const VERSION_DIGITS = 15;
const VERSION_CEILING = 10 ** VERSION_DIGITS - 1;

export const descriptorKey: ObjectKey = objectKey('domain');

/**
 * Where content stands under one of its filenames.
 * @param bucket of a repository that has its content in a bucket of its own; absent: the domain's
 */
export function blobKey(digest: Digest, filename: string, bucket?: string): ObjectKey {
  return objectKey(`${blobPrefix(digest, bucket)}${filename}`);
}

/** Every filename under which this content stands in one bucket. */
export function blobPrefix(digest: Digest, bucket?: string): string {
  return `${blobsPrefix(digest, bucket)}/`;
}

/** Content of one bucket whose digest begins so. */
export function blobsPrefix(start: string, bucket?: string): string {
  return `${bucket === undefined ? '' : bucketPrefix(bucket)}blobs/sha256/${start}`;
}

/** Everything of another bucket than the domain's. No object of the domain's bucket begins so: `stores/routed.ts` finds them where they are. */
export function bucketPrefix(bucket: string): string {
  return `${ELSEWHERE}${bucket}/`;
}

const ELSEWHERE = 'buckets/';

/** The bucket that a key leads to, or a prefix, and what it is there. Without one it is of the domain's own. */
export function splitBucket(key: string): { readonly bucket?: string; readonly rest: string } {
  const end = key.startsWith(ELSEWHERE) ? key.indexOf('/', ELSEWHERE.length) : -1;
  return end <= ELSEWHERE.length
    ? { rest: key }
    : { bucket: key.slice(ELSEWHERE.length, end), rest: key.slice(end + 1) };
}

/** Whether a key is a blob's, in whichever bucket, and not of something that somebody put there. */
export function isBlobKey(key: string): boolean {
  const [folder, algorithm, digest = '', filename = '', ...more] = splitBucket(key).rest.split('/');
  return folder === 'blobs' && algorithm === 'sha256' && isDigest(digest) && filename !== '' && more.length === 0;
}

/** Of a key that is a blob's, as `isBlobKey` says. @throws ArtifactError INVALID_ARN where its digest is none */
export function parseBlobKey(key: string): {
  readonly digest: Digest;
  readonly filename: string;
  readonly bucket?: string;
} {
  const { bucket, rest } = splitBucket(key);
  const [, , digest = '', filename = ''] = rest.split('/');
  return { digest: parseDigest(digest), filename, ...(bucket !== undefined && { bucket }) };
}

/** What a tree of files became in this repository. */
export function sourceKey(repository: string, sourceDigest: Digest): ObjectKey {
  return objectKey(`sources/${repository}/${sourceDigest}`);
}

/** Newest first: the complement of the number leads, so that a listing's first key is the newest version. */
export function versionKey(name: ArtifactName, number: number): ObjectKey {
  const inverted = String(VERSION_CEILING - number).padStart(VERSION_DIGITS, '0');
  return objectKey(`${versionPrefix(name)}${inverted}-${number}`);
}

/** The versions of one artifact, newest first, and of no other. */
export function versionPrefix({ repository, id }: ArtifactName): string {
  return `versions/${repository}/${id}/!/`;
}

/** Artifacts of a repository, or those whose ID begins so. */
export function versionsPrefix(repository: string, idPrefix = ''): string {
  return `versions/${repository}/${idPrefix}`;
}

/** Of a key that `versionKey` has made: nothing is verified. */
export function parseVersionKey(key: string): ArtifactName & { readonly number: number } {
  const [, repository = '', ...rest] = key.split('/');
  const last = rest.pop() ?? '';
  rest.pop();
  return { repository, id: rest.join('/'), number: Number(last.slice(last.indexOf('-') + 1)) };
}

/** Which version the label stands for. */
export function labelKey(name: ArtifactName, label: string): ObjectKey {
  return objectKey(`${labelPrefix(name)}${label}`);
}

/** The labels of one artifact, and of no other. */
export function labelPrefix({ repository, id }: ArtifactName): string {
  return `labels/${repository}/${id}/!/`;
}

/** Whether a version may be used. Without a record it may. */
export function statusKey({ repository, id }: ArtifactName, number: number): ObjectKey {
  return objectKey(`statuses/${repository}/${id}/!/${number}`);
}

/** Which version the bookmark stands for now. */
export function bookmarkKey(name: ArtifactName, bookmark: string): ObjectKey {
  return objectKey(`${bookmarkPrefix(name)}${bookmark}`);
}

/** The bookmarks of one artifact, and of no other. */
export function bookmarkPrefix({ repository, id }: ArtifactName): string {
  return `bookmarks/${repository}/${id}/!/`;
}

/** That a version holds this blob. */
export function versionReferenceKey(digest: Digest, name: ArtifactName, number: number, nonce: string): ObjectKey {
  return objectKey(`${versionReferencePrefix(digest, name)}${number}-${nonce}`);
}

/** The versions of this artifact that hold this blob. */
export function versionReferencePrefix(digest: Digest, { repository, id }: ArtifactName): string {
  return `${versionReferencesPrefix(digest)}${repository}/${id}/!/`;
}

/** The versions, of whatever artifact, that hold this blob. */
export function versionReferencesPrefix(digest: Digest): string {
  return `references/${digest}/version/`;
}

/** Of a key that `versionReferenceKey` has made: nothing is verified. */
export function parseVersionReferenceKey(key: string): { readonly number: number; readonly nonce: string } {
  const last = key.slice(key.lastIndexOf('/') + 1);
  const dash = last.indexOf('-');
  return { number: Number(last.slice(0, dash)), nonce: last.slice(dash + 1) };
}

/**
 * Whose reference it is. `undefined` where the key is none that is built here: publishers may write what they like there, and nothing of it may pass for
 * the number of a version, least of all of an artifact that they may not publish.
 */
export function versionOfReference(
  key: string,
): (ArtifactName & { readonly number: number; readonly nonce: string }) | undefined {
  const [, digest = '', , repository = '', ...rest] = key.split('/');
  const version = { repository, id: rest.slice(0, -2).join('/'), ...parseVersionReferenceKey(key) };
  const { id, number, nonce } = version;
  const isNamed = isDigest(digest) && isRepository(repository) && isId(id) && isVersionNumber(String(number));
  return isNamed && nonce !== '' && versionReferenceKey(digest, version, number, nonce) === key ? version : undefined;
}

/** What anybody needs, by blob. */
export const EVERY_REFERENCE = 'references/';

/** The blob, and the generation of a stack's or a named consumer's record. `undefined` of what is no record of a blob. */
export function recordOfReference(key: string): { readonly digest: Digest; readonly generation: string } | undefined {
  const [, digest = '', ...rest] = key.split('/');
  return isDigest(digest) ? { digest, generation: rest.at(-1) ?? '' } : undefined;
}

/** Everything that holds or uses this blob. */
export function referencesPrefix(digest: Digest): string {
  return `references/${digest}/`;
}

/** Who needs a blob, by the key of the record. */
export type ParsedReference =
  | { readonly kind: 'version' }
  | { readonly kind: 'stack'; readonly resource: StackResource }
  | { readonly kind: 'named'; readonly consumer: string };

/** Of one blob they list in the order `named`, `stack`, `version`. `undefined` where it is of another kind. */
export function parseReferenceKey(key: string): ParsedReference | undefined {
  const [, , kind, ...rest] = key.split('/');
  if (kind === 'version') return { kind };
  if (kind === 'stack') return { kind, resource: stackResourceOf(rest) };
  if (kind === 'named') return { kind, consumer: rest.slice(0, -1).join('/') };
  return undefined;
}

function stackResourceOf([
  account = '',
  region = '',
  stack = '',
  uuid = '',
  logicalId = '',
]: readonly string[]): StackResource {
  return { account, region, stack, uuid, logicalId };
}

/** The resource of a stack, as it stands in keys. A logical ID is letters and digits, a stack's name has no `/` either. */
function stackPath({ account, region, stack, uuid, logicalId }: StackResource): string {
  return `${account}/${region}/${stack}/${uuid}/${logicalId}`;
}

/** That a stack's resource uses this blob. */
export function stackReferenceKey(digest: Digest, resource: StackResource, generation: string): ObjectKey {
  return objectKey(`references/${digest}/stack/${stackPath(resource)}/${generation}`);
}

/** The other direction: what a stack's resource uses. */
export function consumerKey(resource: StackResource, generation: string, digest: Digest): ObjectKey {
  return objectKey(`${consumersPrefix(resource, generation)}${digest}`);
}

/** Of all bindings of the resource, or of one. */
export function consumersPrefix(resource: StackResource, generation?: string): string {
  return `consumers/stack/${stackPath(resource)}/${generation === undefined ? '' : `${generation}/`}`;
}

/** What stacks use, one after the other: by account, region, name, and the incarnations of that name. */
export const EVERY_STACK_CONSUMER = 'consumers/stack/';

type StackNamed = Pick<StackResource, 'account' | 'region' | 'stack'>;

/** What a stack uses, or all stacks that ever had the name, one after the other. */
export function stackConsumersPrefix({ account, region, stack }: StackNamed, uuid?: string): string {
  return `consumers/stack/${account}/${region}/${stack}/${uuid === undefined ? '' : `${uuid}/`}`;
}

/** Whether a key below `consumers/` is such a record's, and not something that somebody put there. */
export function isConsumerKey(key: string): boolean {
  const [, kind, ...rest] = key.split('/');
  return kind === 'stack' && rest.length === 7 && isDigest(rest.at(-1) ?? '');
}

/** Of a key that is such a record's, as `isConsumerKey` says. @throws ArtifactError INVALID_ARN where its digest is none */
export function parseConsumerKey(key: string): {
  readonly resource: StackResource;
  readonly generation: string;
  readonly digest: Digest;
} {
  const [, , ...rest] = key.split('/');
  const [digest = '', generation = ''] = rest.toReversed();
  return { resource: stackResourceOf(rest), generation, digest: parseDigest(digest) };
}

/** Another domain, in the partition of this one: its account and region. */
export type ForeignPlace = Pick<DomainPlace, 'account' | 'region'>;

/** That the home of what a binding uses may not know of it, or not of its end. */
export function noteKey(
  resource: StackResource,
  generation: string,
  digest: Digest,
  { account, region }: ForeignPlace,
): ObjectKey {
  return objectKey(`${notesPrefix(resource, generation)}${digest}/${account}/${region}`);
}

/** Of all bindings of the resource, or of one. */
export function notesPrefix(resource: StackResource, generation?: string): string {
  return `${EVERY_NOTE}${stackPath(resource)}/${generation === undefined ? '' : `${generation}/`}`;
}

/** What other domains may have to be told. */
export const EVERY_NOTE = 'consumers/home/';

/** What `noteKey` was given. `undefined` where the key is none that is built here. */
export function parseNoteKey(key: string):
  | {
      readonly resource: StackResource;
      readonly generation: string;
      readonly digest: Digest;
      readonly home: ForeignPlace;
    }
  | undefined {
  const parts = key.split('/');
  const [generation = '', digest = '', account = '', region = ''] = parts.slice(7);
  const resource = stackResourceOf(parts.slice(2));
  if (!key.startsWith(EVERY_NOTE) || parts.length !== 11 || parts.includes('') || !isDigest(digest)) return undefined;
  return { resource, generation, digest, home: { account, region } };
}

/** Recorded by hand, or kept when a stack's resource went, for consumers that are no stack. */
export function namedReferenceKey(digest: Digest, consumer: string, generation: string): ObjectKey {
  return objectKey(`references/${digest}/named/${consumer}/${generation}`);
}

/** What such consumers need whose names begin so, with a whole segment. */
export function namedReferencesPrefix(digest: Digest, beginning: string): string {
  return `references/${digest}/named/${beginning}/`;
}

/** That a Delete has been here, of a generation or, where it named none of ours, by its own RequestId. */
export function endingKey(resource: StackResource, of: string): ObjectKey {
  return objectKey(`${endingsPrefix(resource)}${of}`);
}

export const EVERY_ENDING = 'endings/';

/** Of a key below `endings/`: whose it is, and its last segment. `undefined` where the key is none that is built here. */
export function parseEndingKey(key: string): { readonly resource: StackResource; readonly of: string } | undefined {
  const [, ...rest] = key.split('/');
  return rest.length === 6 ? { resource: stackResourceOf(rest), of: rest[5] ?? '' } : undefined;
}

/** What Deletes have ended of a resource: of its logical ID, in this incarnation of the stack. */
export function endingsPrefix(resource: StackResource): string {
  return `endings/${stackPath(resource)}/`;
}

/** What was promoted to a repository in one go. */
export function promotionKey(repository: string, id: string): ObjectKey {
  return objectKey(`${promotionsPrefix(repository)}${id}`);
}

/** What was promoted to a repository, in no order. */
export function promotionsPrefix(repository: string): string {
  return `${EVERY_PROMOTION}${repository}/`;
}

/** What was promoted, to whatever repository. */
export const EVERY_PROMOTION = 'promotions/';

/** `undefined` where the key is none that is built here. */
export function promotionOfKey(key: string): { readonly repository: string; readonly id: string } | undefined {
  const [, repository = '', id = '', ...more] = key.split('/');
  return isRepository(repository) && isPromotionId(id) && more.length === 0 ? { repository, id } : undefined;
}

/** Whether it may be the name of a promotion: 32 hexadecimal digits. */
export function isPromotionId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** What was decided of a blob's deletion, under all of its filenames. */
export function deletionKey(digest: Digest): ObjectKey {
  return objectKey(`deletions/${digest}`);
}

/** What is kept by repository. */
export type RepositoryKind = 'versions' | 'sources' | 'labels' | 'bookmarks' | 'statuses';

/** Everything of a kind, of all repositories or of one. */
export function kindPrefix(kind: RepositoryKind, repository?: string): string {
  return repository === undefined ? `${kind}/` : `${kind}/${repository}/`;
}

/** `undefined` where the key is none that is built here. */
export function versionOfKey(key: string): (ArtifactName & { readonly number: number }) | undefined {
  const version = parseVersionKey(key);
  const isNamed = isRepository(version.repository) && isId(version.id) && isVersionNumber(String(version.number));
  return isNamed && versionKey(version, version.number) === key ? version : undefined;
}

/** Of a key below `labels/`, `bookmarks/` or `statuses/`: whose it is, and its last segment. `undefined` where it is none that is built here. */
export function partOfArtifact(key: string): (ArtifactName & { readonly part: string }) | undefined {
  const [kind, repository = '', ...rest] = key.split('/');
  const part = rest.pop() ?? '';
  const mark = rest.pop();
  const id = rest.join('/');
  const isPart = isSegment(part) || (kind === 'labels' && /^@[0-9a-f]{64}$/.test(part));
  return mark === '!' && isRepository(repository) && isId(id) && isPart ? { repository, id, part } : undefined;
}

/** `undefined` where the key is none that is built here. */
export function sourceOfKey(key: string): { readonly repository: string; readonly digest: Digest } | undefined {
  const [, repository = '', digest = '', ...more] = key.split('/');
  return isRepository(repository) && isDigest(digest) && more.length === 0 ? { repository, digest } : undefined;
}

/** Content, with what somebody may have put beside it. */
export const EVERY_BLOB = 'blobs/';

export const EVERY_DELETION = 'deletions/';

/** Whose content is on its way out. `undefined` where the key is none that is built here. */
export function digestOfDeletion(key: string): Digest | undefined {
  const digest = key.slice(EVERY_DELETION.length);
  return isDigest(digest) ? digest : undefined;
}

/** Where the keeper stands in a task that takes longer than a function may run. */
export function progressKey(task: string): ObjectKey {
  return objectKey(`progress/${task}`);
}

/** Who brings this content here from its home, and whether they are still at it. */
export function fetchKey(digest: Digest): ObjectKey {
  return objectKey(`${EVERY_FETCH}${digest}`);
}

/** Who brings anything here from its home. */
export const EVERY_FETCH = 'progress/fetch/';

/** What rules and settings a repository has. */
export function settingsKey(repository: string): ObjectKey {
  return objectKey(`${EVERY_REPOSITORY}${repository}`);
}

/** The repositories that have settings. */
export const EVERY_REPOSITORY = 'repositories/';

/** That the repository has its content in that bucket. Written before the repository is, so that nothing stands where nobody looks. */
export function ownBucketKey(bucket: string, repository: string): ObjectKey {
  return objectKey(`${EVERY_OWN_BUCKET}${bucket}/${repository}`);
}

/** Buckets of repositories, by name. No repository is called `!`. */
export const EVERY_OWN_BUCKET: string = `${EVERY_REPOSITORY}!/`;

/** `undefined` where the key is none that is built here. */
export function ownBucketOfKey(key: string): { readonly bucket: string; readonly repository: string } | undefined {
  const [, , bucket = '', repository = '', ...more] = key.split('/');
  const isOurs = key.startsWith(EVERY_OWN_BUCKET) && bucket !== '' && isRepository(repository) && more.length === 0;
  return isOurs ? { bucket, repository } : undefined;
}

/** The listings of content whose digest begins so, all in one order. */
export const CONTENT_LISTINGS: Readonly<
  Record<'blobs' | 'references' | 'deletions', (start: string, bucket?: string) => string>
> = {
  blobs: blobsPrefix,
  references: (start) => `${EVERY_REFERENCE}${start}`,
  deletions: (start) => `deletions/${start}`,
};

/** Sorts behind every key of that content and before those of the next: `0` is the character behind `/`. */
export function behindContent(listing: keyof typeof CONTENT_LISTINGS, digest: Digest, bucket?: string): string {
  return `${CONTENT_LISTINGS[listing](digest, bucket)}0`;
}

/** Of which content a key of those listings is. `undefined` of what is no such key. */
export function contentOfKey(listing: keyof typeof CONTENT_LISTINGS, key: string): Digest | undefined {
  if (listing === 'blobs') return isBlobKey(key) ? parseBlobKey(key).digest : undefined;
  const digest = key.split('/', 2).at(-1) ?? '';
  if (!isDigest(digest)) return undefined;
  return listing === 'deletions' && key !== deletionKey(digest) ? undefined : digest;
}

/** Statuses of a repository's versions: by artifact in the order of their versions, of one artifact in no order. */
export function statusesPrefix(repository: string): string {
  return `statuses/${repository}/`;
}

/** Everything of plans. They expire: nothing that must last may stand here. */
export const EVERY_PLAN = 'progress/plan/';

/** The whole of a plan, by its digest. */
export function planKey(digest: Digest): ObjectKey {
  return objectKey(`${EVERY_PLAN}${digest}`);
}

/** Part numbers count from 1; ten thousand parts are more than a plan may have. */
export function planPartKey(id: string, part: number): ObjectKey {
  return objectKey(`${planPartsPrefix(id)}${String(part).padStart(5, '0')}`);
}

export function planPartsPrefix(id: string): string {
  return `${EVERY_PLAN}${id}/`;
}
