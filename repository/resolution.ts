import type { ArtifactArn, DefiniteArn } from './arn.ts';
import type { BlobName } from './blob.ts';
import { keyOf } from './blob.ts';
import { lookAtOwnBuckets } from './contents.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { blobPrefix, blobsPrefix, isBlobKey, parseBlobKey } from './keys.ts';
import { formatArtifactName } from './name.ts';
import type { ArtifactName, Selector } from './name.ts';
import { notFound } from './not-found.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import type { Status } from './status.ts';
import type { Asset, Manifest } from './version.ts';
import { contentAssets, findVersionOf, readManifest } from './version.ts';

/** One definite asset, whatever named it. */
export interface Resolution extends ArtifactName {
  /** Definite; of content that was asked for by its digest alone, without a version. */
  readonly arn: DefiniteArn | (Omit<DefiniteArn, 'version'> & { readonly version?: never });
  /** As the domain's store has it: `placeOfKey` tells bucket and key. */
  readonly key: ObjectKey;
  readonly filename: string;
  /** Where it is, if not in the domain's bucket. */
  readonly bucket?: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  readonly manifest?: Manifest;
  readonly status: Status;
  /** The bookmark that chose the version: `repository/id^name`. */
  readonly resolvedFrom?: string;
}

/**
 * What a version's ARN names, without a look at the version's status: for who looks at that later, as binding does after it has written.
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where a version and a digest disagree
 */
export async function resolveVersion(
  domain: Domain,
  arn: ArtifactArn & { readonly version: number },
): Promise<Omit<Resolution, 'status'>> {
  const manifest = await readManifest(domain, arn, arn.version);
  if (manifest === undefined) throw await notFound(domain, arn, { by: 'number', number: arn.version });
  return resolutionOf(domain, manifest, chooseAsset(manifest, arn));
}

/** @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH */
export function chooseAsset(manifest: Manifest, { asset: name, digest }: Pick<Selector, 'asset' | 'digest'>): Asset {
  const what = `${formatArtifactName(manifest)}:${manifest.number}`;
  const names = manifest.assets.map((asset) => `'${asset.name}'`).join(', ');
  // What proves something of the version is meant only where it is named, or its digest is.
  const all = name === undefined && digest === undefined ? contentAssets(manifest) : manifest.assets;
  const named: readonly Asset[] = name === undefined ? all : all.filter((asset) => asset.name === name);
  if (named.length === 0)
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `'${what}' has no asset '${String(name)}', only ${names}`);
  const matching = digest === undefined ? named : named.filter((asset) => asset.digest.startsWith(digest));
  const [asset, another] = matching;
  if (asset === undefined) {
    throw new ArtifactError('DIGEST_MISMATCH', `'${what}' is not sha256:${String(digest)}`, {
      remedy: 'The version and the digest name different content: drop one of them.',
    });
  }
  if (another !== undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `'${what}' has ${matching.length} assets: ${names}`, {
      remedy: `Name one: '${what}#${asset.name}'.`,
    });
  }
  return asset;
}

/**
 * Content by what it is: the digest decides. Where a version of the artifact holds it, that version's filename and status count; what this
 * artifact never held is taken under any filename.
 */
export async function resolveContent(domain: Domain, name: Selector, prefix: string): Promise<Resolution> {
  const blob = await findContent(domain, prefix);
  const { digest, filename, bucket } = blob;
  const version = await findVersionOf(domain, name, digest);
  if (version !== undefined) {
    const { manifest, status } = version;
    return { ...resolutionOf(domain, manifest, chooseAsset(manifest, { ...name, digest })), status };
  }
  if (name.asset !== undefined) {
    throw new ArtifactError(
      'ARTIFACT_NOT_FOUND',
      `no version of '${formatArtifactName(name)}' holds sha256:${digest}`,
      {
        remedy: `Leave out '#${name.asset}': an asset belongs to a version.`,
      },
    );
  }
  const head = await domain.store.head(keyOf(blob));
  if (head === undefined) throw noContent(prefix);
  const { partition, region, account } = domain;
  const { repository, id } = name;
  const arn = { partition, region, account, repository, id, digest };
  const found = { key: head.key, filename, size: head.size, digest, ...(bucket !== undefined && { bucket }) };
  return { repository, id, arn, ...found, status: 'Published' };
}

/**
 * The blob whose digest begins so: in the domain's bucket, else in that of a repository. Others are looked into where more than one content may be meant, or none is found.
 * @throws ArtifactError ARTIFACT_NOT_FOUND where there is none or more than one
 */
async function findContent({ store }: Domain, prefix: string): Promise<BlobName> {
  const isWhole = isDigest(prefix);
  let found = await findIn(store, prefix);
  if (found !== undefined && isWhole) return found;
  for (const bucket of (await lookAtOwnBuckets(store)).open) found = await findIn(store, prefix, bucket, found);
  if (found === undefined) throw noContent(prefix);
  return found;
}

/** @param found elsewhere before */
async function findIn(
  store: ObjectStore,
  prefix: string,
  bucket?: string,
  found?: BlobName,
): Promise<BlobName | undefined> {
  let one = found;
  for await (const { key } of store.list(isDigest(prefix) ? blobPrefix(prefix, bucket) : blobsPrefix(prefix, bucket))) {
    if (!isBlobKey(key)) continue;
    const blob = parseBlobKey(key);
    if (one !== undefined && one.digest !== blob.digest) {
      throw new ArtifactError(
        'ARTIFACT_NOT_FOUND',
        `'sha256:${prefix}' is ambiguous: ${one.digest} and ${blob.digest} begin with it`,
        { remedy: 'Write more digits.' },
      );
    }
    one ??= blob;
  }
  return one;
}

function noContent(prefix: string): ArtifactError {
  return new ArtifactError('ARTIFACT_NOT_FOUND', `no content 'sha256:${prefix}' is in the domain`, {
    remedy: 'It was never published here, or it was deleted: publish the same bytes again.',
  });
}

export function resolutionOf(domain: Domain, manifest: Manifest, asset: Asset): Omit<Resolution, 'status'> {
  const { digest, filename, size, bucket } = asset;
  const { partition, region, account } = domain;
  const { repository, id, number } = manifest;
  const arn: DefiniteArn = { partition, region, account, repository, id, version: number, digest };
  const found = { key: keyOf(asset), filename, size, digest, ...(bucket !== undefined && { bucket }) };
  return { repository, id, arn, ...found, manifest };
}
