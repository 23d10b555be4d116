import type { BlobName } from './blob.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import {
  FORMAT_VERSION,
  parseVersionKey,
  parseVersionReferenceKey,
  versionKey,
  versionPrefix,
  versionReferenceKey,
  versionReferencePrefix,
  versionsPrefix,
} from './keys.ts';
import type { ArtifactName } from './name.ts';
import { readRecord, recordContent } from './record.ts';
import { isGone, readStatus, readStatusRecord, takesNoReferences } from './status.ts';
import type { Status } from './status.ts';

export interface Asset {
  readonly name: string;
  readonly digest: Digest;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
}

/** What `versions/…` holds: written once, never changed. */
export interface Manifest extends ArtifactName {
  readonly format: number;
  readonly number: number;
  /** Names the writing, so that a publisher recognises its own, and the references that belong to it. */
  readonly nonce: string;
  /** ISO 8601, by the publisher's clock. */
  readonly published: string;
  readonly assets: readonly [Asset, ...Asset[]];
  /** The tree of files that it was made from. */
  readonly source?: Digest;
}

/** An asset is named by its filename, as far as a name's characters go. */
export function assetName(filename: string): string {
  return filename.replaceAll(/[^A-Za-z0-9._+=-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'asset';
}

/**
 * `undefined` where there is none, or a number that was taken out of use.
 * @throws ArtifactError UNSUPPORTED_FORMAT where something else stands there
 */
export async function readManifest(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<Manifest | undefined> {
  return (await readDatedManifest(domain, name, number))?.manifest;
}

/** With the time at which the version came to be, by the store's clock. */
async function readDatedManifest(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<{ readonly manifest: Manifest; readonly modified: Date } | undefined> {
  const record = await readRecord(store, versionKey(name, number), (value) => {
    const { format, repository, id, number: own, withdrawn } = value;
    if (typeof format !== 'number' || format > FORMAT_VERSION) return undefined;
    if (repository !== name.repository || id !== name.id || own !== number) return undefined;
    if (withdrawn === true) return { manifest: undefined };
    const manifest = manifestOf(name, number, value);
    return manifest && { manifest };
  });
  if (record === undefined) return undefined;
  const { manifest } = record.value;
  return manifest && { manifest, modified: record.modified };
}

function manifestOf(
  name: ArtifactName,
  number: number,
  value: Readonly<Record<string, unknown>>,
): Manifest | undefined {
  const { nonce, published, assets, source } = value;
  if (typeof nonce !== 'string' || typeof published !== 'string' || !Array.isArray(assets)) return undefined;
  const [first, ...rest] = assets as readonly unknown[];
  if (!isAsset(first) || !rest.every(isAsset)) return undefined;
  return {
    ...{ ...name, format: FORMAT_VERSION, number, nonce, published },
    assets: [first, ...rest],
    ...(typeof source === 'string' && isDigest(source) && { source }),
  };
}

/**
 * Takes a number out of use that a publisher left without a manifest. Only then may its reference go: the publisher may have been asleep, and can't
 * create the version any more.
 * @returns false where the version exists
 */
export async function withdrawNumber(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  number: number,
): Promise<boolean> {
  const at = chance.now().toISOString();
  const record = { format: FORMAT_VERSION, ...name, number, withdrawn: true, at };
  if ((await store.create(versionKey(name, number), recordContent(record))) === 'created') return true;
  return (await readManifest({ store }, name, number)) === undefined;
}

function isAsset(value: unknown): value is Asset {
  if (typeof value !== 'object' || value === null) return false;
  const { name, digest, filename, size } = value as Partial<Record<keyof Asset, unknown>>;
  return (
    typeof name === 'string' &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    typeof filename === 'string' &&
    !filename.includes('/') &&
    typeof size === 'number'
  );
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
