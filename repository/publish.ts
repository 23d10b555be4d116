import type { DefiniteArn } from './arn.ts';
import type { Arrival } from './blob.ts';
import { keyOf } from './blob.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError, refuse } from './error.ts';
import { FORMAT_VERSION, versionKey, versionReferenceKey } from './keys.ts';
import { claimLabels, isGiven, labelOfSet, requireFree } from './label.ts';
import type { Asset, Manifest, Provenance } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import type { ObjectAttributes, ObjectKey } from './object-store.ts';
import { Part } from './part.ts';
import type { AssetToPublish } from './part.ts';
import { settlePending } from './promoting/withdraw.ts';
import type { Publishable } from './publishable.ts';
import { recordContent } from './record.ts';
import { forGuest, guestAsset } from './sharing/guest.ts';
import type { SameVersion, Sameness } from './same-version.ts';
import { findSameVersion, readSameVersion, samenessOf } from './same-version.ts';
import { requireOpen } from './set.ts';
import { newestNumber, readManifest } from './version.ts';

/** What is to be published as one version. */
export interface VersionToPublish extends Pick<Manifest, 'set' | 'metadata' | 'promotion' | 'evidence'> {
  /** The first is none that only proves something. */
  readonly assets: readonly [AssetToPublish, ...AssetToPublish[]];
  /** Beside the one that a set has. */
  readonly labels?: readonly string[];
  /** Asked for where a new version comes to be, and not else. */
  readonly provenance?: Provenance | (() => Promise<Provenance>);
  readonly attributes?: ObjectAttributes;
  /** The bucket in which the repository has its content, as its settings say; absent: the domain's. */
  readonly bucket?: string;
  /** What the version holds already need not be brought: of a guest, who brings it under another name. */
  readonly isGuest?: true;
  /** Asked before anything is written for a version that is not there yet: what it throws ends that. */
  readonly admit?: () => Promise<void>;
}

export interface PublishedAsset {
  readonly name: string;
  readonly arn: DefiniteArn;
  readonly key: ObjectKey;
  readonly filename: string;
  /** Where it is, if not in the domain's bucket. */
  readonly bucket?: string;
  /** Bytes. */
  readonly size: number;
  readonly outcome: Arrival;
}

export interface VersionPublication {
  readonly manifest: Manifest;
  /** In the order in which they were given. */
  readonly assets: readonly [PublishedAsset, ...PublishedAsset[]];
  /** A number that did not exist before. */
  readonly isNewVersion: boolean;
}

/** A version of one asset. */
export interface Publication extends Omit<PublishedAsset, 'name'>, Pick<VersionPublication, 'isNewVersion'> {}

/** Each conflict means that another publisher got a number: among n at once, the last needs n turns. */
const TURNS = 100;
const PAUSE_MS = 10;
/** A claim of a label that is so old may have been taken for that of somebody who died, which takes a day. */
const CLAIM_MS = 60 * 60_000;

/**
 * Publishes content under an artifact's ID: `publishAssets` of one asset.
 * @throws ArtifactError as `publishAssets`
 */
export async function publishVersion(
  domain: Domain,
  name: ArtifactName,
  publishable: Publishable,
  wanted: Omit<VersionToPublish, 'assets'> = {},
): Promise<Publication> {
  const { assets, isNewVersion } = await publishAssets(domain, name, { ...wanted, assets: [{ publishable }] });
  return publicationOf(assets[0], isNewVersion);
}

/**
 * Publishes content under an artifact's ID, all of it as one version. The same content under the same ID is the version that it already has; new content gets the next
 * number. When this returns, the version holds its content: no collector takes it. Publishing again after any failure is safe and goes on.
 *
 * Nothing is opened where the source is known and its content is in the store.
 * @throws ArtifactError ARTIFACT_ARCHIVED where the version that holds this content was archived; CONTENTION while others promote it together with more; LABEL_TAKEN before anything is written, but for a label that somebody else claims at
 * the same moment; SOURCE_CHANGED and what the store throws
 */
export async function publishAssets(
  domain: Domain,
  name: ArtifactName,
  wanted: VersionToPublish,
): Promise<VersionPublication> {
  if (domain.guest !== undefined && wanted.isGuest !== true)
    return publishAsGuest(domain, name, wanted, await domain.guest(name));
  const { set, labels: given = [] } = wanted;
  const labels = [...new Set([...given, ...(set === undefined ? [] : [labelOfSet(set)])])];
  const parts = wanted.assets.map((asset) => new Part(domain, name, asset, wanted));
  try {
    await Promise.all(parts.map((part) => part.recall()));
    const { assets, same, existing, newest } = await lookUp(domain, name, parts, set);
    const claimed = [...new Set([...labels, ...(same.index === undefined ? [] : [same.index])])];
    await requireFree(domain, name, claimed, same.content);
    if (set !== undefined) await requireOpen(domain, name, set);
    const isOwn = existing !== undefined && !isOfOthers(existing, wanted);
    if (isOwn && wanted.isGuest === true) for (const part of parts) part.adopt(existing.manifest);
    const isKept = isOwn && (await keepVersion(domain, name, parts, existing, same));
    if (isKept) await claimLabels(domain, name, claimed, same, existing.manifest.number);
    const { manifest, isNewVersion } = isKept
      ? { manifest: existing.manifest, isNewVersion: false }
      : await addVersion(domain, name, parts, same, { ...wanted, assets, labels: claimed }, newest);
    // A version of several has no one source that it could be known by.
    if (parts.length === 1) await parts[0]?.remember(manifest);
    return { manifest, assets: publishedOf(domain, manifest, parts), isNewVersion };
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}

function publishAsGuest(
  domain: Domain,
  name: ArtifactName,
  wanted: VersionToPublish,
  scope: string,
): Promise<VersionPublication> {
  const [first, ...rest] = wanted.assets;
  const assets = [guestAsset(first, scope), ...rest.map((asset) => guestAsset(asset, scope))] as const;
  return publishAssets(forGuest(domain, scope), name, { ...wanted, assets, isGuest: true });
}

/** What is to be published, and the version that is the same already. */
interface Lookup {
  readonly assets: readonly [Asset, ...Asset[]];
  readonly same: Sameness;
  readonly existing: SameVersion | undefined;
  /** Where none is the same: the newest number there was, if it was asked for before that was looked for. */
  readonly newest?: number;
}

async function lookUp(
  domain: Domain,
  name: ArtifactName,
  parts: readonly Part[],
  set: VersionToPublish['set'],
): Promise<Lookup> {
  await Promise.all(parts.map((part) => part.identify()));
  const [first] = parts;
  if (first === undefined) throw new TypeError('a version has an asset');
  const assetsOf = (): readonly [Asset, ...Asset[]] => [first.asset, ...parts.slice(1).map(({ asset }) => asset)];
  requireDifferentNames(name, parts);
  const same = samenessOf(assetsOf(), set);
  if (parts.length === 1 && first.isFresh)
    return { assets: assetsOf(), same, ...(await lookForFresh(domain, name, first, same)) };
  const likely = parts.length === 1 ? first.likely : undefined;
  const [existing, ...areOther] = await Promise.all([
    findSameVersion(domain, name, same, likely),
    ...parts.map((part) => part.look()),
  ]);
  if (!areOther.includes(true)) return { assets: assetsOf(), same, existing };
  // The record of a source was wrong, and what the bytes are is right.
  const actual = samenessOf(assetsOf(), set);
  return { assets: assetsOf(), same: actual, existing: await findSameVersion(domain, name, actual) };
}

/** Content that nobody is known to have published: most likely nothing of it is there. */
async function lookForFresh(
  domain: Domain,
  name: ArtifactName,
  part: Part,
  same: Sameness,
): Promise<Pick<Lookup, 'existing' | 'newest'>> {
  const [newest] = await Promise.all([newestNumber(domain, name), part.search()]);
  // In this order: who publishes the same later takes the number behind that, or one still later.
  const existing = newest === 0 ? undefined : await findSameVersion(domain, name, same);
  return existing === undefined ? { existing, newest } : { existing };
}

/** @throws ArtifactErrors INVALID_ARGUMENT for each name that two assets have */
function requireDifferentNames({ repository, id }: ArtifactName, parts: readonly Part[]): void {
  const names = parts.map((part) => part.name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  refuse(
    twice.map(
      (name) =>
        new ArtifactError('INVALID_ARGUMENT', `two assets of '${repository}/${id}' would be called '${name}'`, {
          remedy: 'Give each a name of its own: NAME=PATH.',
        }),
    ),
  );
}

/**
 * Sees to it that a version which holds the content goes on holding it. Mostly it does, and there is nothing to do.
 * @returns false where it was given up in the meantime
 */
async function keepVersion(
  domain: Domain,
  name: ArtifactName,
  parts: readonly Part[],
  existing: SameVersion,
  same: Sameness,
): Promise<boolean> {
  refuseArchived(existing);
  const { number } = existing.manifest;
  if (existing.isHeld && parts.every(({ isThere }) => isThere)) return renew(domain, name, same, existing);
  // A reference or a blob was lost: whoever has the bytes heals it, in the order in which a new version comes to its own.
  await holdContent(domain, name, parts, existing.manifest);
  // Looked at again, because whoever deletes the version looks for nothing of ours.
  const now = await findSameVersion(domain, name, same, existing.manifest);
  return now?.manifest.number === number && renew(domain, name, same, now);
}

/**
 * From when it is used until it is deployed nothing tells that a version is needed: no rule takes it in that time, because the time for which it may be unused begins anew.
 * @returns false where it was given up in the meantime
 */
async function renew(domain: Domain, name: ArtifactName, same: Sameness, version: SameVersion): Promise<boolean> {
  const { partition, region, account, keeper, chance } = domain;
  const { number } = version.manifest;
  let now: SameVersion | undefined = version;
  for (let turn = 0; turn < TURNS; turn++) {
    if (now?.manifest.number !== number) return false;
    refuseArchived(now);
    if (!now.isUnused) return true;
    if (turn > 0) await chance.pause(PAUSE_MS * turn);
    await keeper.renew({ partition, region, account, ...name, version: number }, chance);
    now = await findSameVersion(domain, name, same, version.manifest);
  }
  throw new ArtifactError(
    'CONTENTION',
    `the status of '${name.repository}/${name.id}:${number}' is changed by others all the time`,
    { remedy: 'Try again.' },
  );
}

function publicationOf(
  { arn, key, filename, bucket, size, outcome }: PublishedAsset,
  isNewVersion: boolean,
): Publication {
  return { arn, key, filename, ...(bucket !== undefined && { bucket }), size, outcome, isNewVersion };
}

/** What `publishVersion` would do, as far as it can be known without opening the content; writes nothing. */
export async function planVersion(
  domain: Domain,
  name: ArtifactName,
  publishable: Publishable,
  bucket?: string,
): Promise<Publication | undefined> {
  // What the domain knows of sources is not for guests.
  if (domain.guest !== undefined) return undefined;
  const part = new Part(domain, name, { publishable }, bucket === undefined ? {} : { bucket });
  try {
    if (!(await part.recall())) return undefined;
    const { existing } = await lookUp(domain, name, [part], undefined);
    if (existing?.pending !== undefined || existing === undefined || !part.isThere) return undefined;
    refuseArchived(existing);
    return publicationOf(publishedOf(domain, existing.manifest, [part])[0], false);
  } finally {
    await part.close();
  }
}

/**
 * The order is the protocol's: the references first, then the blobs and the look at deletions, then the labels, and the manifest, by which the version exists, last.
 * A number that went to somebody else leaves references without a manifest behind, which an audit removes after a day; it takes the number out of
 * use first, so that a publisher who was asleep for so long gets another one.
 *
 * @param known the newest number, read before the same was looked for and not found
 */
async function addVersion(
  domain: Domain,
  name: ArtifactName,
  parts: readonly Part[],
  same: Sameness,
  wanted: Pick<Manifest, 'assets'> & { readonly labels: readonly string[] } & Omit<VersionToPublish, 'assets'>,
  known?: number,
): Promise<Pick<VersionPublication, 'manifest' | 'isNewVersion'>> {
  const { store, chance } = domain;
  const { labels } = wanted;
  for (let turn = 0; turn < TURNS; turn++) {
    const isKnown = turn === 0 && known !== undefined;
    const newest = isKnown ? known : await newestNumber(domain, name);
    // Others may have published the same since it was looked for; who does from here on takes the number that is tried below.
    const meanwhile = isKnown || newest === 0 ? undefined : await findSameVersion(domain, name, same);
    if (meanwhile !== undefined && isOfOthers(meanwhile, wanted)) {
      await settlePending(domain, meanwhile);
      continue;
    }
    if (meanwhile !== undefined) {
      refuseArchived(meanwhile);
      if (!(await renew(domain, name, same, meanwhile))) continue;
      await claimLabels(domain, name, labels, same, meanwhile.manifest.number);
      return { manifest: meanwhile.manifest, isNewVersion: false };
    }
    await wanted.admit?.();
    const number = newest + 1;
    const nonce = chance.nonce();
    // It may take as long as the bytes do; what goes wrong with it is told when nothing is under way any more.
    const telling = provenanceOf(wanted);
    telling.catch(() => undefined);
    await holdContent(domain, name, parts, { number, nonce });
    const provenance = await telling;
    await claimLabels(domain, name, labels, same, number);
    const claimed = chance.now().getTime();
    const manifest = newManifest(domain, name, { number, nonce, provenance }, parts, wanted);
    const isCreated = (await store.create(versionKey(name, number), recordContent(manifest))) === 'created';
    // A refusal may be that of our own earlier attempt, whose answer was lost.
    if (isCreated || (await readManifest(domain, name, number))?.nonce === manifest.nonce) {
      if (chance.now().getTime() - claimed > CLAIM_MS) await claimLabels(domain, name, labels, same, number);
      return { manifest, isNewVersion: true };
    }
    const theirs = await readSameVersion(domain, name, number, same);
    if (theirs !== undefined && mayTake(theirs) && !isOfOthers(theirs, wanted))
      return { manifest: theirs.manifest, isNewVersion: false };
    await chance.pause(PAUSE_MS * (1 + turn));
  }
  throw new ArtifactError('CONTENTION', `'${name.repository}/${name.id}' is published by too many at once`, {
    remedy: 'Try again.',
  });
}

/** Whether a version is to be seen only together with others, with which nobody who wants this has anything to do. */
function isOfOthers(
  { manifest, pending }: Pick<SameVersion, 'manifest' | 'pending'>,
  { promotion }: Pick<VersionToPublish, 'promotion'>,
): boolean {
  return pending !== undefined && manifest.promotion?.id !== promotion?.id;
}

/** Of a version that somebody else made just now of the same content. */
function mayTake({ status, record }: NonNullable<Awaited<ReturnType<typeof readSameVersion>>>): boolean {
  return (status === 'Published' || status === 'Unfinished') && record?.value.unusedSince === undefined;
}

async function provenanceOf({ provenance }: Pick<VersionToPublish, 'provenance'>): Promise<Provenance | undefined> {
  return typeof provenance === 'function' ? provenance() : provenance;
}

function newManifest(
  { chance }: Domain,
  name: ArtifactName,
  { number, nonce, provenance }: Pick<Manifest, 'number' | 'nonce'> & { readonly provenance: Provenance | undefined },
  parts: readonly Part[],
  { assets, labels, set, metadata, promotion, evidence }: Parameters<typeof addVersion>[4],
): Manifest {
  const given = labels.filter(isGiven);
  const source = parts.length === 1 ? parts[0]?.publishable.sourceDigest : undefined;
  return {
    format: FORMAT_VERSION,
    repository: name.repository,
    id: name.id,
    number,
    nonce,
    published: chance.now().toISOString(),
    assets,
    ...(source !== undefined && { source }),
    ...(given.length > 0 && { labels: given }),
    ...(set !== undefined && { set }),
    ...(provenance !== undefined && { provenance }),
    ...(metadata !== undefined && { metadata }),
    ...(promotion !== undefined && { promotion }),
    ...(evidence !== undefined && { evidence }),
  };
}

/** The references, and then what they are of. */
async function holdContent(
  domain: Domain,
  name: ArtifactName,
  parts: readonly Part[],
  version: Pick<Manifest, 'number' | 'nonce'>,
): Promise<void> {
  await createReferences(domain, name, parts, version);
  await Promise.all(parts.map((part) => part.secure()));
}

/** That a version holds its blobs. `exists` is as good: an earlier attempt's, or one that was never lost. */
async function createReferences(
  { store, chance }: Domain,
  { repository, id }: ArtifactName,
  parts: readonly Part[],
  { number, nonce }: Pick<Manifest, 'number' | 'nonce'>,
): Promise<void> {
  const name = { repository, id };
  const reference = { at: chance.now().toISOString(), nonce, ...name, number };
  const digests: readonly Digest[] = [...new Set(parts.map(({ blob }) => blob.digest))];
  await Promise.all(
    digests.map((digest) => store.create(versionReferenceKey(digest, name, number, nonce), recordContent(reference))),
  );
}

function refuseArchived({ manifest, status }: Pick<SameVersion, 'manifest' | 'status'>): void {
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

function publishedOf(
  { partition, region, account }: Domain,
  { repository, id, number: version }: Manifest,
  parts: readonly Part[],
): VersionPublication['assets'] {
  const [first, ...rest] = parts.map(({ name, outcome, blob }) => {
    const { digest, filename, size, bucket } = blob;
    return {
      ...{ name, filename, size, outcome, key: keyOf(blob), ...(bucket !== undefined && { bucket }) },
      arn: { partition, region, account, repository, id, version, digest },
    };
  });
  if (first === undefined) throw new TypeError('a version has an asset');
  return [first, ...rest];
}
