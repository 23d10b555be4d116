import type { ArtifactArn } from './arn.ts';
import { formatArn } from './arn.ts';
import { expandAhead, only } from './ahead.ts';
import type { Use } from './binding.ts';
import { readUses } from './binding.ts';
import type { BlobName } from './blob.ts';
import type { Digest } from './digest.ts';
import { sha256 } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { blobKey, FORMAT_VERSION, namedReferenceKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { isSegment, shownName } from './name.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import { securePresence } from './presence.ts';
import { PROMOTION_CONSUMER } from './promoting/consumer.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import { RETAINED_CONSUMER } from './release.ts';
import { resolveVersion } from './resolution.ts';
import { readDecidedStatus, refusedReference, takesNoReferences } from './status.ts';
import type { Asset, Manifest } from './version.ts';
import { listVersionNumbers, readManifest } from './version.ts';

/**
 * What stands under `references/{hex}/named/` for a consumer that is no stack: one record for each blob of a version, under a key that follows from
 * consumer and version, so that who asks again finds it.
 */
interface NamedRecord {
  readonly format: number;
  /** New for every writing: no two records of a consumer are ever the same bytes, so a late removal takes none but the one it read. */
  readonly nonce: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
  readonly uses: readonly Use[];
  /**
   * Whose add is still at work, or died. It protects the blob as any reference does, and counts as a use; but it is no promise yet, and its writer
   * takes it away again if the version may not be used.
   */
  readonly pending?: true;
}

/** What came of an add. */
export interface NamedReference {
  readonly arn: string;
  readonly consumer: string;
  /** `exists`: the consumer had recorded it before. */
  readonly outcome: 'added' | 'exists';
}

/** A reference that was taken away. */
export interface RemovedReference extends ArtifactName {
  readonly version: number;
  readonly consumer: string;
}

/** What the first part of a name stands for that nobody may choose, and how such references end. */
const RESERVED: ReadonlyMap<string, { readonly means: string; readonly ends: string }> = new Map([
  [
    RETAINED_CONSUMER,
    {
      means: 'published versions of functions',
      ends: "What is retained is freed by 'cfn-artifacts audit --fix', when no function has it any more.",
    },
  ],
  [
    PROMOTION_CONSUMER,
    {
      means: 'what a version was promoted to',
      ends: 'What was promoted is needed for as long as the version exists that it became.',
    },
  ],
]);

const CONSUMER_LIMIT = 128;
const TURNS = 20;
const PAUSE_MS = 50;

/** @throws ArtifactError INVALID_NAME */
export function parseConsumer(text: string): string {
  const segments = text.split('/');
  if (text.length > CONSUMER_LIMIT || !segments.every(isSegment)) {
    throw new ArtifactError(
      'INVALID_NAME',
      `'${shownName(text)}' is no name of a consumer: up to ${CONSUMER_LIMIT} characters in segments joined by '/', each beginning with a letter or digit, of letters, digits and . _ + = -`,
      { remedy: "Choose another name: 'team/nightly-job' is one." },
    );
  }
  const reserved = RESERVED.get(segments[0] ?? '');
  if (reserved !== undefined) {
    throw new ArtifactError(
      'INVALID_NAME',
      `'${shownName(text)}' is no name of a consumer: '${segments[0] ?? ''}' stands for ${reserved.means}`,
      { remedy: `Choose another name. ${reserved.ends}` },
    );
  }
  return text;
}

/**
 * Records that a consumer which is no stack needs a version, with all its assets. When this returns, the content is there, and stays until the reference
 * is removed. The same consumer and version again is the same reference.
 *
 * The steps are those of every reference: it is written, then the version's status is read, then the blobs are secured. Until then the record is
 * `pending`. Several who add the same at the same time share one record: each takes it over from the one before, and only who wrote it last may make a
 * promise of it, or take it away. So nobody's refusal takes away what another was told is there, and a refusal leaves nothing. Who dies on the way
 * leaves a pending record: to add again completes it, to remove takes it away.
 * @param arn definite
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, ARTIFACT_ARCHIVED, ARTIFACT_DELETED, CONTENT_MISSING, CONTENTION
 */
export async function addNamedReference(
  domain: Domain,
  arn: ArtifactArn & { readonly version: number },
  consumer: string,
  resolvedFrom?: string,
): Promise<NamedReference> {
  const { manifest } = await resolveVersion(domain, arn);
  if (manifest === undefined) throw new TypeError('a version has a manifest');
  const wanted = recordsOf(domain, manifest, consumer, resolvedFrom);
  const told = { arn: formatArn(arn), consumer };
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await domain.chance.pause(PAUSE_MS * turn);
    const nonce = domain.chance.nonce();
    let claimed: readonly WantedRecord[];
    try {
      claimed = await claimAll(domain, wanted, nonce);
      if (claimed.length > 0) await requireAllowed(domain, manifest);
      await secureAll(domain, manifest.assets);
    } catch (error) {
      // Whether that succeeds or not, why the add failed is what counts.
      await Promise.allSettled(wanted.map(({ key }) => takeBack(domain.store, key, nonce)));
      throw error;
    }
    const settled = await Promise.all(claimed.map(({ key }) => settle(domain.store, key, nonce)));
    // Else somebody took one over, or removed it: what was looked at is no longer protected by what stands there now.
    if (settled.every(Boolean)) return { ...told, outcome: claimed.length > 0 ? 'added' : 'exists' };
  }
  throw contention(consumer);
}

/**
 * Removes what a consumer recorded, exactly as it is read: of one version, or of all versions of an artifact, newest first.
 * @param before versions older than this number alone
 * @returns one for each version that is done with, and with what was removed, if anything was
 */
export async function* removeNamedReferences(
  domain: Pick<Domain, 'store'>,
  { repository, id, number }: ArtifactName & { readonly number?: number },
  consumer: string,
  before: number = Infinity,
): AsyncGenerator<{ readonly number: number; readonly removed?: RemovedReference }> {
  const named = number === undefined ? listVersionNumbers(domain, { repository, id }) : only(number);
  const numbers = olderThan(named, before);
  // Looked at ahead, and removed in turn: whoever stops here has heard of all that is gone.
  const versions = expandAhead(numbers, VERSIONS_AHEAD, async function* (version) {
    const manifest = await readManifest(domain, { repository, id }, version);
    const name = { repository, id, number: version };
    const keys = digestsOf(manifest?.assets ?? []).map((digest) => keyOf(digest, consumer, name));
    const heads = await Promise.all(keys.map((key) => domain.store.head(key)));
    yield { version, recorded: keys.filter((_, index) => heads[index] !== undefined) };
  });
  for await (const { version, recorded } of versions) {
    let isRemoved = false;
    for (const key of recorded) if (await remove(domain.store, key, consumer)) isRemoved = true;
    yield { number: version, ...(isRemoved && { removed: { repository, id, version, consumer } }) };
  }
}

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 8;

interface WantedRecord {
  readonly key: ObjectKey;
  readonly uses: readonly Use[];
}

/** One for each blob of the version. */
function recordsOf(
  { partition, account, region }: Domain,
  { repository, id, number, assets }: Manifest,
  consumer: string,
  resolvedFrom: string | undefined,
): readonly WantedRecord[] {
  return digestsOf(assets).map((digest) => ({
    key: keyOf(digest, consumer, { repository, id, number }),
    uses: assets
      .filter((asset) => asset.digest === digest)
      .map((asset) => ({
        arn: formatArn({ partition, account, region, repository, id, version: number, digest }),
        key: blobKey(digest, asset.filename, asset.bucket),
        ...(resolvedFrom !== undefined && { resolvedFrom }),
      })),
  }));
}

function keyOf(digest: Digest, consumer: string, version: ArtifactName & { readonly number: number }): ObjectKey {
  return namedReferenceKey(digest, consumer, lastSegmentOf(version));
}

/** The `!` keeps it from being a segment of another consumer's name. */
function lastSegmentOf({ repository, id, number }: ArtifactName & { readonly number: number }): string {
  return `!${sha256(`${repository}/${id}:${number}`).slice(0, 32)}`;
}

/** Whether the key of what a consumer recorded is of this version: it need not be read for that. */
export function isNamedReferenceOf(key: string, version: ArtifactName & { readonly number: number }): boolean {
  return key.endsWith(`/${lastSegmentOf(version)}`);
}

function digestsOf(assets: readonly Asset[]): readonly Digest[] {
  return [...new Set(assets.map(({ digest }) => digest))];
}

/** @returns the records that are this add's now; the others are promises already */
async function claimAll(
  domain: Domain,
  wanted: readonly WantedRecord[],
  nonce: string,
): Promise<readonly WantedRecord[]> {
  const claimed = await Promise.all(wanted.map((one) => claim(domain, one, nonce)));
  return wanted.filter((_, index) => claimed[index] === true);
}

async function claim({ store, chance }: Domain, { key, uses }: WantedRecord, nonce: string): Promise<boolean> {
  const record: NamedRecord = {
    ...{ format: FORMAT_VERSION, nonce, at: chance.now().toISOString(), uses, pending: true },
  };
  for (let turn = 0; turn < TURNS; turn++) {
    if ((await store.create(key, recordContent(record))) === 'created') return true;
    const found = await readNamedRecord(store, key);
    if (found === undefined) continue;
    // Also where `exists` was the echo of the own first attempt.
    if (found.value.nonce === nonce) return true;
    if (found.value.pending !== true) return false;
    if ((await store.replace(key, recordContent(record), found.revision)) === 'replaced') return true;
  }
  throw contention(key);
}

/** Makes a promise of what is still this add's. @returns false where it is not */
async function settle(store: ObjectStore, key: ObjectKey, nonce: string): Promise<boolean> {
  const found = await readNamedRecord(store, key);
  if (found?.value.nonce !== nonce) return false;
  const { format, at, uses } = found.value;
  const record: NamedRecord = { format, nonce, at, uses };
  if ((await store.replace(key, recordContent(record), found.revision)) === 'replaced') return true;
  // Perhaps the echo of the own first attempt.
  const again = await readNamedRecord(store, key);
  return again?.value.nonce === nonce && again.value.pending !== true;
}

/** Takes away what is still this add's. */
async function takeBack(store: ObjectStore, key: ObjectKey, nonce: string): Promise<void> {
  const found = await readNamedRecord(store, key);
  if (found?.value.nonce === nonce) await store.removeRevision(key, found.revision);
}

async function remove(store: ObjectStore, key: ObjectKey, consumer: string): Promise<boolean> {
  for (let turn = 0; turn < TURNS; turn++) {
    const found = await readNamedRecord(store, key);
    if (found === undefined) return turn > 0;
    if ((await store.removeRevision(key, found.revision)) === 'removed') return true;
  }
  throw contention(consumer);
}

function readNamedRecord(store: ObjectStore, key: ObjectKey): Promise<Stored<NamedRecord> | undefined> {
  return readRecord(store, key, ({ format, nonce, at, uses, pending }) => {
    const read = readUses(uses);
    if (typeof format !== 'number' || typeof nonce !== 'string' || typeof at !== 'string') return undefined;
    return read && { format, nonce, at, uses: read, ...(pending === true && { pending }) };
  });
}

/**
 * Asked after the records were written: whoever gives the version up looks for references after that. Where it was found needed by nobody until now, the time for
 * which it may be unused begins anew when they are removed.
 */
async function requireAllowed(domain: Domain, manifest: Manifest): Promise<void> {
  const { repository, id, number: version } = manifest;
  const { status, unusedSince } = await readDecidedStatus(domain, manifest, version);
  if (takesNoReferences(status))
    throw refusedReference(`${repository}/${id}:${version}`, status, 'Publish it again, or name another version.');
  if (unusedSince === undefined) return;
  const { partition, region, account, keeper, chance } = domain;
  await keeper.renew({ partition, region, account, repository, id, version }, chance);
}

async function secureAll(domain: Domain, assets: readonly (BlobName & { readonly size: number })[]): Promise<void> {
  await Promise.all(assets.map((asset) => securePresence(domain, asset)));
}

function contention(what: string): ArtifactError {
  return new ArtifactError('CONTENTION', `'${what}' is changed by others all the time`, { remedy: 'Try again.' });
}

async function* olderThan(numbers: AsyncIterable<number>, before: number): AsyncGenerator<number> {
  for await (const number of numbers) if (number < before) yield number;
}
