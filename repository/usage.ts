import { expandAhead, only } from './ahead.ts';
import type { ArtifactArn } from './arn.ts';
import { parseArn, samePlace } from './arn.ts';
import type { Use } from './binding.ts';
import { readBindingRecord, readUses } from './binding.ts';
import { listBookmarkRecords, numbersNeeded } from './bookmark-record.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import {
  isConsumerKey,
  parseConsumerKey,
  parseReferenceKey,
  parseVersionKey,
  referencesPrefix,
  stackConsumersPrefix,
  versionsPrefix,
} from './keys.ts';
import type { ArtifactName } from './name.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import { parsePromotionConsumer } from './promoting/consumer.ts';
import { promotedTo } from './promoting/promoted-to.ts';
import { readRecord } from './record.ts';
import type { StackName, StackResource } from './stack-id.ts';
import { formatStackId, isElsewhere } from './stack-id.ts';
import type { Status } from './status.ts';
import { exists } from './status.ts';
import type { Unreadable } from './unreadable.ts';
import { readable } from './unreadable.ts';
import type { Manifest } from './version.ts';
import { listVersionNumbers, readManifest, readVersion } from './version.ts';

/** Who uses an artifact. Versions that merely hold the content are no users. */
export type Consumer =
  | { readonly kind: 'stack'; readonly resource: StackResource; readonly stackId: string }
  | {
      readonly kind: 'named';
      readonly name: string;
      /** Of what a stack left behind that goes on being read. */
      readonly stackId?: string;
      readonly logicalId?: string;
      /** Of what was promoted: the version that it became, `repository/id:number`. */
      readonly promotedTo?: string;
    };

/** What people call a consumer among others: `stack 'shop'`, `stack 'shop' of account 111122223333 in us-east-1`, `'team/job'`, `the promotion to production/shop/api:4`. */
export function nameOfConsumer(consumer: Consumer, domain: Pick<Domain, 'account' | 'region'>): string {
  if (consumer.kind === 'stack') {
    const { stack, account, region } = consumer.resource;
    return `stack '${stack}'${isElsewhere(consumer.resource, domain) ? ` of account ${account} in ${region}` : ''}`;
  }
  const { name, promotedTo: target } = consumer;
  return target === undefined ? `'${name}'` : `the promotion to ${target}`;
}

/** Whether somebody recorded it by hand, and can remove it so. */
export function isByHand(consumer: Consumer): consumer is NamedConsumer {
  return (
    consumer.kind === 'named' && consumer.stackId === undefined && parsePromotionConsumer(consumer.name) === undefined
  );
}

type NamedConsumer = Extract<Consumer, { readonly kind: 'named' }>;

/** That a consumer uses one artifact. */
export interface Usage extends Use {
  readonly consumer: Consumer;
  readonly digest: Digest;
  /** What the use names; absent where its ARN can't be read. */
  readonly artifact?: ArtifactName;
  /** Absent of content that is used by its digest alone, where no version was asked for. */
  readonly version?: number;
  /** ISO 8601. */
  readonly since: string;
}

/** What is asked about: an artifact with all its versions, one version, or one content. */
export interface Subject extends ArtifactName {
  readonly number?: number;
  readonly digest?: Digest;
}

type Reading = Pick<Domain, 'store' | 'partition' | 'account' | 'region'>;

/** So many records, and so many versions, are on their way at once. Of each only the first records are. */
const RECORDS_AHEAD = 16;
const VERSIONS_AHEAD = 4;

/**
 * Who uses it, as it is at some moment of the listing: of an artifact version by version, newest first. A use of the content by its digest alone
 * counts for every version that holds the content, whatever artifact it names: without the content it would fail.
 * @param unreadable told of records that can't be read, for who looks: who decides by it that something goes gives none
 * @throws ArtifactError UNSUPPORTED_FORMAT where a record can't be read, and nobody is to be told
 */
export async function* listUsers(domain: Reading, subject: Subject, unreadable?: Unreadable): AsyncGenerator<Usage> {
  const { number, digest } = subject;
  if (digest !== undefined) {
    yield* usesOf(domain, subject, digest, unreadable);
    return;
  }
  const numbers = number === undefined ? listVersionNumbers(domain, subject) : only(number);
  yield* expandAhead(numbers, VERSIONS_AHEAD, async function* (one) {
    const manifest = await readable(unreadable, () => readManifest(domain, subject, one));
    if (manifest !== undefined) yield* usesOfVersion(domain, manifest, unreadable);
  });
}

/** What one incarnation of a stack uses, or all that ever had its name; these apart from each other, each by logical ID. */
export function listUsedBy(
  { store }: Pick<Domain, 'store'>,
  { uuid, ...stack }: Omit<StackName, 'uuid'> & Partial<StackName>,
): AsyncGenerator<Usage & { readonly consumer: Extract<Consumer, { kind: 'stack' }> }> {
  return expandAhead(store.list(stackConsumersPrefix(stack, uuid)), RECORDS_AHEAD, async function* ({ key }) {
    const record = await readBindingRecord(store, key);
    if (record === undefined) return;
    const { resource, digest } = parseConsumerKey(key);
    const { uses, at, stackId } = record.value;
    for (const use of uses) {
      const consumer = { kind: 'stack' as const, resource, stackId };
      yield { ...use, consumer, digest, since: at, ...named(readArn(use.arn)) };
    }
  });
}

/** IDs of the stacks that have, or had, a name, and of which something is recorded. By the keys alone: what is damaged is of a stack all the same. */
export async function listStackIds(
  { store, partition }: Pick<Domain, 'store' | 'partition'>,
  stack: Omit<StackName, 'uuid'>,
): Promise<readonly string[]> {
  const ids = new Set<string>();
  for await (const { key } of store.list(stackConsumersPrefix(stack))) {
    if (isConsumerKey(key)) ids.add(formatStackId(partition, parseConsumerKey(key).resource));
  }
  return [...ids];
}

/** A version that nobody needs. */
export interface UnusedVersion {
  readonly manifest: Manifest;
  readonly status: Status;
}

/**
 * Versions that no stack, named consumer or bookmark needs, as it is when each is looked at: by ID, newest first. What was deleted, or is being
 * deleted, is no longer among them. `idPrefix` may end within a segment.
 * @param unreadable told of records that can't be read. What is unknown is never called unused: a version that can't be read, or of which can't be read who needs it, is left out.
 * @throws ArtifactError UNSUPPORTED_FORMAT where a record can't be read, and nobody is to be told
 */
export function listUnused(
  domain: Reading & Pick<Domain, 'chance'>,
  repository: string,
  idPrefix = '',
  unreadable?: Unreadable,
): AsyncGenerator<UnusedVersion> {
  const versions = versionsWithBookmarks(domain, repository, idPrefix, unreadable);
  return expandAhead(versions, RECORDS_AHEAD, async function* (version) {
    const found = await readable(unreadable, () => readVersion(domain, version, version.number));
    if (found === undefined || !exists(found.status)) return;
    const { manifest, status } = found;
    if ((await version.bookmarked)?.has(version.number) ?? true) return;
    if ((await readable(unreadable, () => hasUses(domain, manifest))) ?? true) return;
    yield { manifest, status };
  });
}

interface VersionWithBookmarks extends ArtifactName {
  readonly number: number;
  /** The numbers that the artifact's bookmarks need. `undefined` where that can't be read: it may be any. */
  readonly bookmarked: Promise<ReadonlySet<number> | undefined>;
}

/** The versions of an artifact list one after the other, so its bookmarks are read once. */
async function* versionsWithBookmarks(
  domain: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  idPrefix: string,
  unreadable: Unreadable | undefined,
): AsyncGenerator<VersionWithBookmarks> {
  let current: { readonly id: string; readonly bookmarked: VersionWithBookmarks['bookmarked'] } | undefined;
  for await (const { key } of domain.store.list(versionsPrefix(repository, idPrefix))) {
    const { id, number } = parseVersionKey(key);
    // `shop/` is a prefix of the keys of `shop` too, because of the `/` before the `!`.
    if (!id.startsWith(idPrefix)) continue;
    if (current?.id !== id) {
      current = { id, bookmarked: readable(unreadable, () => bookmarkedNumbers(domain, { repository, id })) };
      // Heard of where it is needed, perhaps nowhere.
      current.bookmarked.catch(() => undefined);
    }
    yield { repository, id, number, bookmarked: current.bookmarked };
  }
}

/** The versions of an artifact that its bookmarks need. */
export async function bookmarkedNumbers(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>();
  for await (const { record } of listBookmarkRecords(store, name)) {
    for (const number of numbersNeeded(record, chance.now())) numbers.add(number);
  }
  return numbers;
}

/** Whether anything uses a version. @throws ArtifactError UNSUPPORTED_FORMAT where that can't be told */
export async function hasUses(domain: Reading, manifest: Manifest): Promise<boolean> {
  for await (const _ of usesOfVersion(domain, manifest)) return true;
  return false;
}

/** Who uses a version: what needs any of its content. @param unreadable as of `listUsers` */
export async function* usesOfVersion(
  domain: Reading,
  { repository, id, number, assets }: Manifest,
  unreadable?: Unreadable,
): AsyncGenerator<Usage> {
  for (const digest of new Set(assets.map((asset) => asset.digest))) {
    yield* usesOf(domain, { repository, id, number }, digest, unreadable);
  }
}

function usesOf(domain: Reading, subject: Subject, digest: Digest, unreadable?: Unreadable): AsyncGenerator<Usage> {
  const { store } = domain;
  return expandAhead(userKeys(store, digest), RECORDS_AHEAD, async function* (key) {
    const record = await readable(unreadable, () => readUserRecord(store, key));
    if (record === undefined) return;
    for (const use of record.uses) {
      const arn = readArn(use.arn);
      if (!concerns(domain, arn, subject)) continue;
      const { consumer, since } = record;
      const version = subject.number === undefined ? {} : { version: subject.number };
      yield { ...use, consumer, digest, since, ...named(arn), ...version };
    }
  });
}

/** Whether a use of this ARN is one of the subject. What can't be read may be one. */
function concerns(domain: Reading, arn: ArtifactArn | undefined, { repository, id, number }: Subject): boolean {
  if (arn?.version === undefined) return true;
  return (
    samePlace(arn, domain) &&
    arn.repository === repository &&
    arn.id === id &&
    (number === undefined || arn.version === number)
  );
}

/** The records of all but versions, which list last. */
async function* userKeys(store: ObjectStore, digest: Digest): AsyncGenerator<ObjectKey> {
  for await (const { key } of store.list(referencesPrefix(digest))) {
    const kind = parseReferenceKey(key)?.kind;
    if (kind === 'version') return;
    if (kind !== undefined) yield key;
  }
}

interface UserRecord {
  readonly consumer: Consumer;
  readonly uses: readonly Use[];
  readonly since: string;
}

async function readUserRecord(store: ObjectStore, key: ObjectKey): Promise<UserRecord | undefined> {
  const parsed = parseReferenceKey(key);
  if (parsed?.kind !== 'named') {
    const record = await readBindingRecord(store, key);
    if (record === undefined || parsed?.kind !== 'stack') return undefined;
    const { stackId, uses, at } = record.value;
    return { consumer: { kind: 'stack', resource: parsed.resource, stackId }, uses, since: at };
  }
  const record = await readRecord(store, key, ({ at, uses, stackId, logicalId }) => {
    const read = readUses(uses);
    if (typeof at !== 'string' || read === undefined) return undefined;
    const consumer: NamedConsumer = {
      ...{ kind: 'named', name: parsed.consumer },
      ...(typeof stackId === 'string' && { stackId }),
      ...(typeof logicalId === 'string' && { logicalId }),
    };
    return { consumer, uses: read, since: at };
  });
  if (record === undefined) return undefined;
  const target = await promotedTo({ store }, parsed.consumer);
  if (target === undefined) return record.value;
  return { ...record.value, consumer: { ...record.value.consumer, promotedTo: target } };
}

function named(arn: ArtifactArn | undefined): Pick<Usage, 'artifact' | 'version'> {
  if (arn === undefined) return {};
  const { repository, id, version } = arn;
  return { artifact: { repository, id }, ...(version !== undefined && { version }) };
}

function readArn(text: string): ArtifactArn | undefined {
  try {
    return parseArn(text);
  } catch {
    return undefined;
  }
}
