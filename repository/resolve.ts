import { looksLikeArtifactArn, parseArn, samePlace } from './arn.ts';
import type { ArtifactArn, DefiniteArn } from './arn.ts';
import type { BlobName } from './blob.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import {
  blobKey,
  blobPrefix,
  isBlobKey,
  bookmarkKey,
  bookmarkPrefix,
  labelKey,
  labelPrefix,
  parseBlobKey,
} from './keys.ts';
import { formatArtifactName, parseSelector } from './name.ts';
import type { ArtifactName, Selection, Selector } from './name.ts';
import type { ObjectKey } from './object-store.ts';
import { readRecord } from './record.ts';
import type { Status } from './status.ts';
import { readStatus } from './status.ts';
import type { Asset, Manifest } from './version.ts';
import { findVersionOf, listArtifacts, listVersionNumbers, readManifest } from './version.ts';

/** One definite asset, whatever named it. */
export interface Resolution extends ArtifactName {
  /** Definite; of content that was asked for by its digest alone, without a version. */
  readonly arn: DefiniteArn | (Omit<DefiniteArn, 'version'> & { readonly version?: never });
  readonly key: ObjectKey;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  readonly manifest?: Manifest;
  readonly status: Status;
  /** The bookmark that chose the version: `repository/id^name`. */
  readonly resolvedFrom?: string;
}

/**
 * What an ARN, or `repository/id` with `:7`, `:label`, `:latest`, `^bookmark`, `#asset` or `@sha256:…` behind it, names. An artifact without more is
 * its newest version that is Published.
 * @throws ArtifactError INVALID_ARN, INVALID_NAME, ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where a version and a digest disagree
 */
export async function resolve(domain: Domain, text: string): Promise<Resolution> {
  const selector = selectorOf(domain, text);
  if (selector.digest !== undefined && selector.selection === undefined)
    return resolveContent(domain, selector, selector.digest);
  const manifest = await chooseVersion(domain, selector, selector.selection ?? { by: 'latest' });
  const asset = chooseAsset(manifest, selector);
  const bookmark = selector.selection?.by === 'bookmark' ? selector.selection.bookmark : undefined;
  return {
    ...resolutionOf(domain, manifest, asset),
    status: await readStatus(domain, manifest, manifest.number),
    ...(bookmark !== undefined && { resolvedFrom: `${formatArtifactName(manifest)}^${bookmark}` }),
  };
}

/**
 * The version that is named in one of these ways, with all of its assets.
 * @throws ArtifactError as `resolve` does
 */
export async function resolveManifest(domain: Domain, text: string): Promise<Manifest> {
  const selector = selectorOf(domain, text);
  const { selection = { by: 'latest' }, digest, asset } = selector;
  const manifest = await chooseVersion(domain, selector, selection);
  const isIt = digest === undefined || manifest.assets.some((one) => one.digest.startsWith(digest));
  if (asset !== undefined || !isIt) chooseAsset(manifest, selector);
  return manifest;
}

/**
 * What a version's ARN names, without a look at the version's status: for who looks at that later, as binding does after it has written.
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where a version and a digest disagree
 */
export async function resolveVersion(
  domain: Domain,
  arn: ArtifactArn & { readonly version: number },
): Promise<Omit<Resolution, 'status'>> {
  const manifest = await chooseVersion(domain, arn, { by: 'number', number: arn.version });
  return resolutionOf(domain, manifest, chooseAsset(manifest, arn));
}

function selectorOf(domain: Domain, text: string): Selector {
  return looksLikeArtifactArn(text) ? selectorOfArn(domain, text) : parseSelector(text);
}

function selectorOfArn(domain: Domain, text: string): Selector {
  const { repository, id, version, asset, digest, ...place } = parseArn(text);
  if (!samePlace(place, domain)) {
    throw new ArtifactError(
      'ARTIFACT_NOT_FOUND',
      `'${text}' is of account ${place.account} in ${place.region}; this is the domain of account ${domain.account} in ${domain.region}`,
      { remedy: 'Name the domain that the ARN belongs to with --domain, or its region and profile.' },
    );
  }
  return {
    repository,
    id,
    ...(version !== undefined && { selection: { by: 'number', number: version } }),
    ...(asset !== undefined && { asset }),
    ...(digest !== undefined && { digest }),
  };
}

async function chooseVersion(domain: Domain, name: ArtifactName, selection: Selection): Promise<Manifest> {
  const number = selection.by === 'latest' ? undefined : await numberOf(domain, name, selection);
  const manifest =
    selection.by === 'latest'
      ? await newestPublished(domain, name)
      : number === undefined
        ? undefined
        : await readManifest(domain, name, number);
  if (manifest === undefined) throw await notFound(domain, name, selection);
  return manifest;
}

async function newestPublished(domain: Domain, name: ArtifactName): Promise<Manifest | undefined> {
  for await (const number of listVersionNumbers(domain, name)) {
    const manifest = await readManifest(domain, name, number);
    if (manifest !== undefined && (await readStatus(domain, name, number)) === 'Published') return manifest;
  }
  return undefined;
}

async function numberOf(
  domain: Domain,
  name: ArtifactName,
  selection: Exclude<Selection, { by: 'latest' }>,
): Promise<number | undefined> {
  switch (selection.by) {
    case 'number':
      return selection.number;
    case 'label':
      return readNumber(domain, labelKey(name, selection.label));
    case 'bookmark':
      return readNumber(domain, bookmarkKey(name, selection.bookmark));
  }
}

async function readNumber({ store }: Domain, key: ObjectKey): Promise<number | undefined> {
  const record = await readRecord(store, key, ({ number }) => (typeof number === 'number' ? number : undefined));
  return record?.value;
}

function chooseAsset(manifest: Manifest, { asset: name, digest }: Pick<Selector, 'asset' | 'digest'>): Asset {
  const what = `${formatArtifactName(manifest)}:${manifest.number}`;
  const names = manifest.assets.map((asset) => `'${asset.name}'`).join(', ');
  const named: readonly Asset[] =
    name === undefined ? manifest.assets : manifest.assets.filter((asset) => asset.name === name);
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
  const { digest, filename } = await findContent(domain, prefix);
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
  const head = await domain.store.head(blobKey(digest, filename));
  if (head === undefined) throw noContent(prefix);
  const { partition, region, account } = domain;
  const { repository, id } = name;
  const arn = { partition, region, account, repository, id, digest };
  return { repository, id, arn, key: head.key, filename, size: head.size, digest, status: 'Published' };
}

/** The blob whose digest begins so. @throws ArtifactError ARTIFACT_NOT_FOUND where there is none or more than one */
async function findContent(domain: Domain, prefix: string): Promise<BlobName> {
  let found: BlobName | undefined;
  for await (const { key } of domain.store.list(isDigest(prefix) ? blobPrefix(prefix) : `blobs/sha256/${prefix}`)) {
    if (!isBlobKey(key)) continue;
    const blob = parseBlobKey(key);
    if (found !== undefined && found.digest !== blob.digest) {
      throw new ArtifactError(
        'ARTIFACT_NOT_FOUND',
        `'sha256:${prefix}' is ambiguous: ${found.digest} and ${blob.digest} begin with it`,
        { remedy: 'Write more digits.' },
      );
    }
    found ??= blob;
  }
  if (found === undefined) throw noContent(prefix);
  return found;
}

function noContent(prefix: string): ArtifactError {
  return new ArtifactError('ARTIFACT_NOT_FOUND', `no content 'sha256:${prefix}' is in the domain`, {
    remedy: 'It was never published here, or it was deleted: publish the same bytes again.',
  });
}

function resolutionOf(
  domain: Domain,
  manifest: Manifest,
  { digest, filename, size }: Asset,
): Omit<Resolution, 'status'> {
  const { partition, region, account } = domain;
  const { repository, id, number } = manifest;
  const arn: DefiniteArn = { partition, region, account, repository, id, version: number, digest };
  return { repository, id, arn, key: blobKey(digest, filename), filename, size, digest, manifest };
}

/** So many names help; more of them hide each other. */
const SUGGESTIONS = 3;

async function notFound(domain: Domain, name: ArtifactName, selection: Selection): Promise<ArtifactError> {
  const what = formatArtifactName(name);
  const versions = await firstOf(versionsWithStatus(domain, name));
  if (versions.length > 0) {
    return new ArtifactError('ARTIFACT_NOT_FOUND', `'${what}' has no ${described(selection)}`, {
      remedy: `${await alternatives(domain, name, selection)}Its ${versions.length === 1 ? 'only version is' : 'newest versions are'} ${versions.join(', ')}.`,
    });
  }
  const [top = ''] = name.id.split('/');
  const near = await firstOf(listArtifacts(domain, name.repository, top.slice(0, 3)));
  return new ArtifactError(
    'ARTIFACT_NOT_FOUND',
    `there is no artifact '${what}' in the domain of account ${domain.account} in ${domain.region}`,
    {
      remedy:
        near.length > 0
          ? `There is ${near.map(formatArtifactName).join(', ')}.`
          : "'cfn-artifacts list' shows what there is.",
    },
  );
}

/** `3`, `2 (Deleted)`: what is not said is Published. */
async function* versionsWithStatus(domain: Domain, name: ArtifactName): AsyncGenerator<string> {
  for await (const number of listVersionNumbers(domain, name)) {
    const status = await readStatus(domain, name, number);
    yield status === 'Published' ? String(number) : `${number} (${status})`;
  }
}

function described(selection: Selection): string {
  switch (selection.by) {
    case 'number':
      return `version ${selection.number}`;
    case 'latest':
      return 'version that is Published';
    case 'label':
      return `label '${selection.label}'`;
    case 'bookmark':
      return `bookmark '${selection.bookmark}'`;
  }
}

/** What else of the kind that was asked for there is: a sentence and a space. */
async function alternatives({ store }: Domain, name: ArtifactName, { by }: Selection): Promise<string> {
  if (by !== 'label' && by !== 'bookmark') return '';
  const prefix = by === 'label' ? labelPrefix(name) : bookmarkPrefix(name);
  const keys = await firstOf(store.list(prefix));
  if (keys.length === 0) return `It has no ${by}s. `;
  return `It has ${keys.map(({ key }) => `'${key.slice(prefix.length)}'`).join(', ')}. `;
}

async function firstOf<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const first: T[] = [];
  for await (const one of all) if (first.push(one) === SUGGESTIONS) break;
  return first;
}
