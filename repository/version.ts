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
  versionReferencePrefix,
  versionsPrefix,
} from './keys.ts';
import type { ArtifactName } from './name.ts';
import { readRecord } from './record.ts';
import { readStatus } from './status.ts';
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

export async function readManifest(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<Manifest | undefined> {
  const record = await readRecord(store, versionKey(name, number), (value) => {
    const { nonce, published, assets, source } = value;
    if (typeof nonce !== 'string' || typeof published !== 'string' || !Array.isArray(assets)) return undefined;
    const [first, ...rest] = assets as readonly unknown[];
    if (!isAsset(first) || !rest.every(isAsset)) return undefined;
    return {
      ...name,
      format: FORMAT_VERSION,
      number,
      nonce,
      published,
      assets: [first, ...rest] as const,
      ...(typeof source === 'string' && isDigest(source) && { source }),
    };
  });
  return record?.value;
}

function isAsset(value: unknown): value is Asset {
  if (typeof value !== 'object' || value === null) return false;
  const { name, digest, filename, size } = value as Partial<Record<keyof Asset, unknown>>;
  return (
    typeof name === 'string' &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    typeof filename === 'string' &&
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

export interface ListedArtifact extends ArtifactName {
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
}

/**
 * The newest version of this artifact that holds this content under this filename, from the blob's references. References that no manifest
 * acknowledges are passed over: their publisher is still at work, lost the number, or died.
 */
export async function findHoldingVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  blob: BlobName,
): Promise<HoldingVersion | undefined> {
  const references: { readonly number: number; readonly nonce: string }[] = [];
  for await (const { key } of domain.store.list(versionReferencePrefix(blob.digest, name))) {
    references.push(parseVersionReferenceKey(key));
  }
  references.sort((a, b) => b.number - a.number);
  for (const { number, nonce } of references) {
    const version = await readHoldingVersion(domain, name, number, blob);
    if (version?.manifest.nonce === nonce) return version;
  }
  return undefined;
}

/** The version of that number, if it holds the content and has not been given up. */
export async function readHoldingVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
  { digest, filename }: BlobName,
): Promise<HoldingVersion | undefined> {
  const [manifest, status] = await Promise.all([readManifest(domain, name, number), readStatus(domain, name, number)]);
  const holds = manifest?.assets.some((asset) => asset.digest === digest && asset.filename === filename) === true;
  const gone = status === 'Deleting' || status === 'Deleted' || status === 'Disposed';
  return holds && !gone ? { manifest, status } : undefined;
}
