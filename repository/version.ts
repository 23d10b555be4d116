import type { BlobName } from './blob.ts';
import type { Domain } from './domain.ts';
import {
  parseVersionKey,
  parseVersionReferenceKey,
  promotionKey,
  versionPrefix,
  versionReferenceKey,
  versionReferencePrefix,
  versionsPrefix,
} from './keys.ts';
import type { Digest } from './digest.ts';
import { initialStatus, readDatedManifest, readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import type { Stored } from './record.ts';
import { isGone, readStatus, readStatusRecord, takesNoReferences } from './status.ts';
import type { Status, StatusRecord } from './status.ts';

export { assetName, contentAssets, initialStatus, readManifest, withdrawNumber } from './manifest.ts';
export type { Asset, AssetSet, Manifest, Promoted, Provenance } from './manifest.ts';

/** A version, and whether it may be used. */
export interface Version {
  readonly manifest: Manifest;
  readonly status: Status;
  /** Absent: the status follows from the manifest. */
  readonly record?: Stored<StatusRecord>;
  /** When it came to be, by the store's clock. */
  readonly modified: Date;
}

/**
 * A version and its status, as far as both go together: one that was promoted with others is Unfinished until the record of the promotion is there, which makes all
 * of them visible at once.
 */
export async function readVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<Version | undefined> {
  const [dated, record] = await Promise.all([
    readDatedManifest(domain, name, number),
    readStatusRecord(domain, name, number),
  ]);
  if (dated === undefined) return undefined;
  const status = await effectiveStatus(domain, dated.manifest, record?.value.status);
  return { ...dated, status, ...(record !== undefined && { record }) };
}

async function effectiveStatus(
  { store }: Pick<Domain, 'store'>,
  manifest: Manifest,
  recorded: Status | undefined,
): Promise<Status> {
  const status = recorded ?? initialStatus(manifest);
  const { promotion, repository } = manifest;
  if (status !== 'Unfinished' || promotion === undefined) return status;
  return (await store.head(promotionKey(repository, promotion.id))) === undefined ? 'Unfinished' : 'Published';
}

/** 0 where there is none. One request, however many there are: keys list newest first. */
export async function newestNumber({ store }: Pick<Domain, 'store'>, name: ArtifactName): Promise<number> {
  for await (const { key } of store.list(versionPrefix(name), { limit: 1 })) return parseVersionKey(key).number;
  return 0;
}

/** Newest first. */
export async function* listVersionNumbers(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
): AsyncGenerator<number> {
  for await (const { key } of store.list(versionPrefix(name))) yield parseVersionKey(key).number;
}

/** The newest version that exists: numbers that were taken out of use are passed over. `likely` is looked at first, and mostly is the one. */
export async function findNewest(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  likely: number,
): Promise<Manifest | undefined> {
  const first = await readManifest(domain, name, likely);
  if (first !== undefined) return first;
  for await (const number of listVersionNumbers(domain, name)) {
    const manifest = await readManifest(domain, name, number);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

export interface ListedArtifact extends ArtifactName {
  /** Of its numbers, also of one that was taken out of use. */
  readonly newest: number;
}

/** So many versions of one artifact in a row are read past; beyond, a new listing that begins behind them is cheaper. */
const READ_PAST = 1000;

/** By repository and ID, ascending. `idPrefix` may end within a segment. */
export async function* listArtifacts(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  idPrefix = '',
): AsyncGenerator<ListedArtifact> {
  const prefix = versionsPrefix(repository, idPrefix);
  let after: string | undefined;
  for (let more = true; more;) {
    more = false;
    let current = '';
    let seen = 0;
    for await (const { key } of store.list(prefix, after === undefined ? {} : { after })) {
      const { id, number } = parseVersionKey(key);
      if (id !== current) {
        current = id;
        seen = 0;
        // `shop/` is a prefix of the keys of `shop` too, because of the `/` before the `!`.
        if (id.startsWith(idPrefix)) yield { repository, id, newest: number };
      } else if (++seen > READ_PAST) {
        after = `${versionPrefix({ repository, id })}~`;
        more = true;
        break;
      }
    }
  }
}

/** A version that holds content, and whether it may still be used. */
export interface HoldingVersion {
  readonly manifest: Manifest;
  readonly status: Status;
  /**
   * Its reference stands as it was written before the version came to be, so that no collector takes the content. One that was put back later proves
   * nothing: a collector may have looked before.
   */
  readonly isHeld: boolean;
  /** A collector has found that nobody needs it, and a rule may take it for that. */
  readonly isUnused: boolean;
}

/** While somebody decides whether a version goes, so many times it is looked again. */
const TURNS = 20;
const PAUSE_MS = 10;

/**
 * The newest version of this artifact that holds this content under this filename, from the blob's references. References that no manifest
 * acknowledges are passed over: their publisher is still at work, lost the number, or died. A version that is being deleted is waited for: the
 * deletion may be refused yet.
 *
 * @param likely a version that is looked at first, and mostly is the one
 */
export async function findHoldingVersion(
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  blob: BlobName,
  likely?: Pick<Manifest, 'number' | 'nonce'>,
): Promise<HoldingVersion | undefined> {
  for (let turn = 0; ; turn++) {
    const found = await lookForVersion(domain, name, blob, likely);
    if (found?.status !== 'Deleting') return found;
    // Whoever began to delete it may have died; then it is as good as gone.
    if (turn === TURNS) return undefined;
    await domain.chance.pause(PAUSE_MS * (1 + turn));
  }
}

/** The newest version of this artifact that holds this content under whatever filename; one that may still be used goes before one that may not. */
export async function findVersionOf(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  digest: Digest,
): Promise<Pick<HoldingVersion, 'manifest' | 'status'> | undefined> {
  let second: Pick<HoldingVersion, 'manifest' | 'status'> | undefined;
  for (const { number, nonce } of await referencesOf(domain, name, { digest })) {
    const manifest = await readManifest(domain, name, number);
    if (manifest?.nonce !== nonce) continue;
    const status = await readStatus(domain, name, number);
    if (!takesNoReferences(status)) return { manifest, status };
    second ??= { manifest, status };
  }
  return second;
}

async function lookForVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  blob: BlobName,
  likely: Pick<Manifest, 'number' | 'nonce'> | undefined,
): Promise<HoldingVersion | undefined> {
  const first = likely && (await lookAt(domain, name, blob, likely));
  if (first !== undefined) return first;
  let second: HoldingVersion | undefined;
  for (const { number, nonce, modified } of await referencesOf(domain, name, blob)) {
    const version = await readHoldingVersion(domain, name, number, blob);
    if (version?.manifest.nonce !== nonce) continue;
    const found = { ...version, isHeld: modified <= version.modified };
    // One that may still be used goes before one that may not.
    if (version.status === 'Deleting' || !takesNoReferences(version.status)) return found;
    second ??= found;
  }
  return second;
}

async function lookAt(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  blob: BlobName,
  { number, nonce }: Pick<Manifest, 'number' | 'nonce'>,
): Promise<HoldingVersion | undefined> {
  const [version, reference] = await Promise.all([
    readHoldingVersion(domain, name, number, blob),
    domain.store.head(versionReferenceKey(blob.digest, name, number, nonce)),
  ]);
  if (version?.manifest.nonce !== nonce) return undefined;
  return { ...version, isHeld: reference !== undefined && reference.modified <= version.modified };
}

/** Newest first. */
async function referencesOf(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  { digest }: Pick<BlobName, 'digest'>,
): Promise<readonly { readonly number: number; readonly nonce: string; readonly modified: Date }[]> {
  const references: { readonly number: number; readonly nonce: string; readonly modified: Date }[] = [];
  for await (const { key, modified } of store.list(versionReferencePrefix(digest, name))) {
    references.push({ ...parseVersionReferenceKey(key), modified });
  }
  return references.sort((a, b) => b.number - a.number);
}

/** The version of that number, if it holds the content and has not been given up. */
export async function readHoldingVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
  { digest, filename }: BlobName,
): Promise<(Omit<HoldingVersion, 'isHeld'> & { readonly modified: Date }) | undefined> {
  const [dated, record] = await Promise.all([
    readDatedManifest(domain, name, number),
    readStatusRecord(domain, name, number),
  ]);
  const status = record?.value.status ?? 'Published';
  const holds = dated?.manifest.assets.some((asset) => asset.digest === digest && asset.filename === filename) === true;
  return holds && !isGone(status) ? { ...dated, status, isUnused: record?.value.unusedSince !== undefined } : undefined;
}
