import { isDigest, sha256 } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { FORMAT_VERSION, isPromotionId, ownBucketKey, versionKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { isBucketName } from './name.ts';
import { readRecord, recordContent } from './record.ts';
import { namedBy } from './sharing/guest-file.ts';
import type { Status } from './status.ts';

export interface Asset {
  readonly name: string;
  readonly digest: Digest;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** The bucket in which its repository has its content, if that is not the domain's. */
  readonly bucket?: string;
  /** What proves something of the version, and is no part of it. */
  readonly role?: 'evidence';
}

/** A candidate for a label: one of several that are built until one is finished. */
export interface AssetSet {
  /** What the version will be called if this set is the one. */
  readonly label: string;
  readonly name: string;
}

/** Where a version's content comes from, as far as whoever published it could tell. Nothing is decided by it. */
export interface Provenance {
  /** Who published it: an ARN of IAM's, or a user of a machine. */
  readonly by?: string;
  /** Name and version of the program that published it. */
  readonly tool?: string;
  /** What was published, below the project's root. */
  readonly source?: string;
  readonly git?: {
    /** 40 or 64 hexadecimal digits. */
    readonly commit: string;
    /** Whether the tree had no changes beside the commit. Absent: nobody could tell. */
    readonly isClean?: boolean;
    readonly branch?: string;
    /** Without credentials. */
    readonly remote?: string;
  };
  readonly ci?: { readonly system: string; readonly run?: string; readonly url?: string };
}

/** That a version was named in its repository by promoting it. */
export interface Promoted {
  /** Of the promotion, under which its record stands. */
  readonly id: string;
  /** So many versions are promoted together: the record makes all of them visible at once. */
  readonly items: number;
  /** Definite ARN of what was promoted. */
  readonly from: string;
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
  /** Those that it was published with. Which it has, `labels/…` says. */
  readonly labels?: readonly string[];
  /** It is a candidate, unfinished until it is finished. */
  readonly set?: AssetSet;
  readonly provenance?: Provenance;
  /** By whoever published it, for whoever reads it. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly promotion?: Promoted;
  /** URLs of what proves something of it. */
  readonly evidence?: readonly string[];
}

/** Without what only proves something of it. */
export function contentAssets<A extends Pick<Asset, 'role'>>({
  assets,
}: {
  readonly assets: readonly A[];
}): readonly A[] {
  return assets.filter(isContent);
}

function isContent({ role }: Pick<Asset, 'role'>): boolean {
  return role !== 'evidence';
}

/** The status of a version of which no status is recorded: most never get one. */
export function initialStatus({ set, promotion }: Pick<Manifest, 'set' | 'promotion'>): Status {
  return set !== undefined || (promotion !== undefined && promotion.items > 1) ? 'Unfinished' : 'Published';
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
export async function readDatedManifest(
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
  if (manifest !== undefined) await requireOwnBuckets(store, manifest);
  return manifest && { manifest, modified: record.modified };
}

/** Whoever may write a version may write any bucket's name into it, and of another bucket nobody knows what is in it. Nothing is asked for a version that names none. */
async function requireOwnBuckets(store: Domain['store'], { repository, id, number, assets }: Manifest): Promise<void> {
  for (const bucket of new Set(assets.flatMap((asset) => asset.bucket ?? []))) {
    if ((await store.head(ownBucketKey(bucket, repository))) !== undefined) continue;
    throw new ArtifactError(
      'UNSUPPORTED_FORMAT',
      `'${repository}/${id}:${number}' names the bucket '${bucket}', in which '${repository}' never had its content`,
      { remedy: 'Somebody has written that version by other means than this program: use another one.' },
    );
  }
}

/** Of the name nothing else is taken: it may be another manifest. */
function manifestOf(
  { repository, id }: ArtifactName,
  number: number,
  value: Readonly<Record<string, unknown>>,
): Manifest | undefined {
  const { nonce, published, assets, source, set, promotion } = value;
  if (typeof nonce !== 'string' || typeof published !== 'string' || !Array.isArray(assets)) return undefined;
  const [first, ...rest] = assets as readonly unknown[];
  if (!isAsset(first) || !rest.every(isAsset)) return undefined;
  // What guests publish is in the domain's bucket.
  if (namedBy(nonce) !== 'domain' && [first, ...rest].some(({ bucket }) => bucket !== undefined)) return undefined;
  // Whether the version is finished depends on these.
  if ((set !== undefined && !isSet(set)) || (promotion !== undefined && !isPromoted(promotion))) return undefined;
  return {
    ...{ repository, id, format: FORMAT_VERSION, number, nonce, published },
    assets: [first, ...rest],
    ...(typeof source === 'string' && isDigest(source) && { source }),
    ...(set !== undefined && { set }),
    ...(promotion !== undefined && { promotion }),
    ...toldOf(value),
  };
}

/** What nothing is decided by: what is not as it should be is left out. */
function toldOf({
  labels,
  provenance,
  metadata,
  evidence,
}: Readonly<Record<string, unknown>>): Pick<Manifest, 'labels' | 'provenance' | 'metadata' | 'evidence'> {
  return {
    ...(isTexts(labels) && { labels }),
    ...(isObject(provenance) && { provenance }),
    ...(isObject(metadata) && isTexts(Object.values(metadata)) && { metadata: metadata as Record<string, string> }),
    ...(isTexts(evidence) && { evidence }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isSet(value: unknown): value is AssetSet {
  return isObject(value) && typeof value['label'] === 'string' && typeof value['name'] === 'string';
}

function isPromoted(value: unknown): value is Promoted {
  if (!isObject(value)) return false;
  const { id, items, from } = value;
  return typeof id === 'string' && isPromotionId(id) && typeof items === 'number' && typeof from === 'string';
}

/**
 * Takes a number out of use that a publisher left without a manifest. Only then may its reference go: the publisher may have been asleep, and can't
 * create the version any more.
 * @returns false where the version exists
 */
export async function withdrawNumber(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  { repository, id }: ArtifactName,
  number: number,
): Promise<boolean> {
  const name = { repository, id };
  const at = chance.now().toISOString();
  const record = { format: FORMAT_VERSION, ...name, number, withdrawn: true, at };
  if ((await store.create(versionKey(name, number), recordContent(record))) === 'created') return true;
  return (await readManifest({ store }, name, number)) === undefined;
}

function isAsset(value: unknown): value is Asset {
  if (typeof value !== 'object' || value === null) return false;
  const { name, digest, filename, size, bucket, role } = value as Partial<Record<keyof Asset, unknown>>;
  return (
    (bucket === undefined || isBucketName(bucket)) &&
    (role === undefined || role === 'evidence') &&
    typeof name === 'string' &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    typeof filename === 'string' &&
    !filename.includes('/') &&
    typeof size === 'number'
  );
}

/** An asset, as far as versions are told apart by it. */
export type Named = Pick<Asset, 'name' | 'digest' | 'filename' | 'role'>;

/**
 * What a version consists of, in whatever order it was named: versions with the same content ID have the same assets under the same names, and are the same candidate
 * or none. What proves something of a version does not count.
 */
export function contentId(assets: readonly Named[], set?: AssetSet): Digest {
  const lines = assets
    .filter(isContent)
    .map(({ name, digest, filename }) => JSON.stringify([name, digest, filename]))
    .sort();
  return sha256([...lines, ...(set === undefined ? [] : [JSON.stringify([set.label, set.name])])].join('\n'));
}
