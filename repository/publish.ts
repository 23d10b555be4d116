import type { DefiniteArn } from './arn.ts';
import { bringBlob, headBlob } from './blob.ts';
import type { Arrival, BlobName, SizedBlob } from './blob.ts';
import type { Content } from './content.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { blobKey, FORMAT_VERSION, versionKey, versionReferenceKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import type { ObjectAttributes, ObjectKey } from './object-store.ts';
import { securePresence } from './presence.ts';
import type { OpenContent, Publishable } from './publishable.ts';
import { recordContent } from './record.ts';
import { readSource, rememberSource } from './source.ts';
import type { KnownSource } from './source.ts';
import { assetName, findHoldingVersion, newestNumber, readHoldingVersion, readManifest } from './version.ts';
import type { HoldingVersion, Manifest } from './version.ts';

export interface Publication {
  readonly arn: DefiniteArn;
  readonly key: ObjectKey;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly outcome: Arrival;
  /** A number that did not exist before. */
  readonly isNewVersion: boolean;
}

/** Each conflict means that another publisher got a number: among n at once, the last needs n turns. */
const TURNS = 100;
const PAUSE_MS = 10;

/**
 * Publishes content under an artifact's ID. The same content under the same ID is the version that it already has; new content gets the next
 * number. When this returns, the version holds its content: no collector takes it. Publishing again after any failure is safe and goes on.
 *
 * Nothing is opened where the source is known and its content is in the store.
 * @throws ArtifactError ARTIFACT_ARCHIVED where the version that holds this content was archived; SOURCE_CHANGED and what the store throws
 */
export async function publishVersion(
  domain: Domain,
  name: ArtifactName,
  publishable: Publishable,
  attributes?: ObjectAttributes,
): Promise<Publication> {
  const content = openOnce(publishable);
  try {
    const known = await recall(domain, name, publishable);
    const { blob, existing, isThere } = await lookUp(domain, name, publishable, known, content.open);
    const bring = () => bringBlob(domain.store, blob, content.open, attributes);
    const kept = existing && (await keepVersion(domain, name, blob, existing, isThere, bring));
    const { manifest, outcome, isNewVersion } =
      existing !== undefined && kept !== undefined
        ? { manifest: existing.manifest, outcome: kept, isNewVersion: false }
        : await addVersion(domain, name, blob, bring, publishable);
    const { sourceDigest } = publishable;
    if (sourceDigest !== undefined && known?.digest !== blob.digest) {
      await rememberSource(domain, name, sourceDigest, blob, manifest, known);
    }
    return publication(domain, manifest, blob, outcome, isNewVersion);
  } finally {
    await content.close();
  }
}

/**
 * Sees to it that a version which holds the content goes on holding it. Mostly it does, and there is nothing to do.
 * @returns undefined where it was given up in the meantime
 */
async function keepVersion(
  domain: Domain,
  name: ArtifactName,
  blob: SizedBlob,
  existing: HoldingVersion,
  isThere: boolean,
  bring: () => Promise<Arrival>,
): Promise<Arrival | undefined> {
  refuseArchived(existing);
  if (existing.isHeld && isThere) return (await renew(domain, name, blob, existing)) ? 'reused' : undefined;
  // Its reference or its blob was lost: whoever has the bytes heals it, in the order in which a new version comes to its own.
  const { number, nonce } = existing.manifest;
  await createReference(domain, name, blob, number, nonce);
  const outcome = await securePresence(domain, blob, bring);
  // Looked at again, because whoever deletes the version looks for nothing of ours.
  const now = await findHoldingVersion(domain, name, blob, existing.manifest);
  return now?.manifest.number === number && (await renew(domain, name, blob, now)) ? outcome : undefined;
}

/**
 * From when it is used until it is deployed nothing tells that a version is needed: no rule takes it in that time, because the time for which it may be unused begins anew.
 * @returns false where it was given up in the meantime
 */
async function renew(domain: Domain, name: ArtifactName, blob: SizedBlob, version: HoldingVersion): Promise<boolean> {
  const { partition, region, account, keeper, chance } = domain;
  const { number } = version.manifest;
  let now: HoldingVersion | undefined = version;
  for (let turn = 0; turn < TURNS; turn++) {
    if (now?.manifest.number !== number) return false;
    refuseArchived(now);
    if (!now.isUnused) return true;
    if (turn > 0) await chance.pause(PAUSE_MS * turn);
    await keeper.renew({ partition, region, account, ...name, version: number }, chance);
    now = await findHoldingVersion(domain, name, blob, version.manifest);
  }
  throw new ArtifactError(
    'CONTENTION',
    `the status of '${name.repository}/${name.id}:${number}' is changed by others all the time`,
    { remedy: 'Try again.' },
  );
}

/** What `publishVersion` would do, as far as it can be known without opening the content; writes nothing. */
export async function planVersion(
  domain: Domain,
  name: ArtifactName,
  publishable: Publishable,
): Promise<Publication | undefined> {
  const content = openOnce(publishable);
  try {
    const known = await recall(domain, name, publishable);
    if (known === undefined && publishable.sourceDigest !== undefined) return undefined;
    const { blob, existing, isThere } = await lookUp(domain, name, publishable, known, content.open);
    if (existing === undefined || !isThere) return undefined;
    refuseArchived(existing);
    return publication(domain, existing.manifest, blob, 'reused', false);
  } finally {
    await content.close();
  }
}

function recall(domain: Domain, name: ArtifactName, { sourceDigest }: Publishable): Promise<KnownSource | undefined> {
  return sourceDigest === undefined ? Promise.resolve(undefined) : readSource(domain, name.repository, sourceDigest);
}

/** What is to be published, the version that holds it already, and whether its bytes are in the store. */
async function lookUp(
  domain: Domain,
  name: ArtifactName,
  { filename }: Pick<Publishable, 'filename'>,
  known: KnownSource | undefined,
  open: () => Promise<Content>,
): Promise<{ readonly blob: SizedBlob; readonly existing: HoldingVersion | undefined; readonly isThere: boolean }> {
  const identify = async (): Promise<SizedBlob> => {
    const { sha256, size } = await open();
    return { digest: sha256, filename, size };
  };
  const blob = known ?? (await identify());
  // Where the source was published under this very ID first, its version is the likely one.
  const likely = known?.first.id === name.id ? known.first : undefined;
  const [existing, head] = await Promise.all([
    findHoldingVersion(domain, name, blob, likely),
    headBlob(domain.store, blob),
  ]);
  if (known === undefined || head !== undefined) return { blob, existing, isThere: head !== undefined };
  // The bytes have to be made again anyway; should they not be what the record says, they are right and the record is not.
  const actual = await identify();
  return actual.digest === known.digest
    ? { blob, existing, isThere: false }
    : lookUp(domain, name, { filename }, undefined, open);
}

/**
 * The order is the protocol's: the reference first, then the look at deletions and the blob, and the manifest, by which the version exists, last.
 * A number that went to somebody else leaves a reference without a manifest behind, which an audit removes after a day; it takes the number out of
 * use first, so that a publisher who was asleep for so long gets another one.
 */
async function addVersion(
  domain: Domain,
  name: ArtifactName,
  blob: SizedBlob,
  bring: () => Promise<Arrival>,
  { sourceDigest }: Publishable,
): Promise<{ readonly manifest: Manifest; readonly outcome: Arrival; readonly isNewVersion: boolean }> {
  const { store, chance } = domain;
  let outcome: Arrival = 'reused';
  for (let turn = 0; turn < TURNS; turn++) {
    const newest = await newestNumber(domain, name);
    // Others may have published the same since it was looked for; who does from here on takes the number that is tried below.
    const meanwhile = newest === 0 ? undefined : await findHoldingVersion(domain, name, blob);
    if (meanwhile !== undefined) {
      refuseArchived(meanwhile);
      if (await renew(domain, name, blob, meanwhile))
        return { manifest: meanwhile.manifest, outcome, isNewVersion: false };
      continue;
    }
    const number = newest + 1;
    const manifest: Manifest = {
      format: FORMAT_VERSION,
      ...name,
      number,
      nonce: chance.nonce(),
      published: chance.now().toISOString(),
      assets: [{ name: assetName(blob.filename), digest: blob.digest, filename: blob.filename, size: blob.size }],
      ...(sourceDigest !== undefined && { source: sourceDigest }),
    };
    await createReference(domain, name, blob, number, manifest.nonce);
    const arrival = await securePresence(domain, blob, bring);
    if (arrival !== 'reused') outcome = arrival;
    if ((await store.create(versionKey(name, number), recordContent(manifest))) === 'created') {
      return { manifest, outcome, isNewVersion: true };
    }
    const winner = await readManifest(domain, name, number);
    // Our own earlier attempt, whose answer was lost.
    if (winner?.nonce === manifest.nonce) return { manifest, outcome, isNewVersion: true };
    const theirs = await readHoldingVersion(domain, name, number, blob);
    if (theirs?.status === 'Published' && !theirs.isUnused)
      return { manifest: theirs.manifest, outcome, isNewVersion: false };
    await chance.pause(PAUSE_MS * (1 + turn));
  }
  throw new ArtifactError('CONTENTION', `'${name.repository}/${name.id}' is published by too many at once`, {
    remedy: 'Try again.',
  });
}

/** That a version holds this blob. `exists` is as good: an earlier attempt's, or one that was never lost. */
async function createReference(
  { store, chance }: Domain,
  name: ArtifactName,
  { digest }: BlobName,
  number: number,
  nonce: string,
): Promise<void> {
  const reference = { at: chance.now().toISOString(), nonce, ...name, number };
  await store.create(versionReferenceKey(digest, name, number, nonce), recordContent(reference));
}

function refuseArchived({ manifest, status }: Pick<HoldingVersion, 'manifest' | 'status'>): void {
  if (status !== 'Archived') return;
  const { repository, id, number } = manifest;
  throw new ArtifactError(
    'ARTIFACT_ARCHIVED',
    `this content is '${repository}/${id}:${number}', which was archived and takes no new references`,
    {
      remedy: 'Set its status back to Published, or publish other content.',
    },
  );
}

function publication(
  { partition, region, account }: Domain,
  { repository, id, number }: Manifest,
  { digest, filename, size }: SizedBlob,
  outcome: Arrival,
  isNewVersion: boolean,
): Publication {
  return {
    arn: { partition, region, account, repository, id, version: number, digest },
    key: blobKey(digest, filename),
    filename,
    size,
    outcome,
    isNewVersion,
  };
}

/** Opens at most once, however often the protocol asks, and closes what was opened. */
function openOnce(publishable: Publishable): {
  readonly open: () => Promise<OpenContent>;
  readonly close: () => Promise<void>;
} {
  let opened: Promise<OpenContent> | undefined;
  return {
    open: () => (opened ??= publishable.open()),
    close: async () => {
      // A content that failed to open has nothing to give back, and its failure was told where it was asked for.
      await opened?.then(
        (content) => content.close(),
        () => undefined,
      );
    },
  };
}
