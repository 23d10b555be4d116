import { looksLikeArtifactArn, parseArn, samePlace } from './arn.ts';
import { readBookmark } from './bookmark-record.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { findLabel } from './label.ts';
import { formatArtifactName, parseSelector } from './name.ts';
import type { ArtifactName, Selection, Selector } from './name.ts';
import { notFound } from './not-found.ts';
import { findInRange } from './range.ts';
import type { Resolution } from './resolution.ts';
import { chooseAsset, resolutionOf, resolveContent } from './resolution.ts';
import { findActiveSet } from './set.ts';
import type { Manifest, Version } from './version.ts';
import { listVersionNumbers, readVersion } from './version.ts';

/**
 * What an ARN, or `repository/id` with `:7`, `:label`, `:latest`, `:^1.4`, `^bookmark`, `#asset` or `@sha256:…` behind it, names. An artifact without more is
 * its newest version that is Published.
 * @throws ArtifactError INVALID_ARN, INVALID_NAME, ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where a version and a digest disagree
 */
export async function resolve(domain: Domain, text: string): Promise<Resolution> {
  const selector = selectorOf(domain, text);
  if (selector.digest !== undefined && selector.selection === undefined)
    return resolveContent(domain, selector, selector.digest);
  const { manifest, status } = await chooseVersion(domain, selector, selector.selection ?? { by: 'latest' });
  const bookmark = selector.selection?.by === 'bookmark' ? selector.selection.bookmark : undefined;
  return {
    ...resolutionOf(domain, manifest, chooseAsset(manifest, selector)),
    status,
    ...(bookmark !== undefined && { resolvedFrom: `${formatArtifactName(manifest)}^${bookmark}` }),
  };
}

/**
 * The version that is named in one of these ways, with all of its assets.
 * @throws ArtifactError as `resolve` does
 */
export async function resolveManifest(domain: Domain, text: string): Promise<Manifest> {
  return (await resolveWhole(domain, text)).manifest;
}

/**
 * The version that is named in one of these ways, with its status.
 * @throws ArtifactError as `resolve` does
 */
export async function resolveWhole(domain: Domain, text: string): Promise<Version> {
  const selector = selectorOf(domain, text);
  const { selection = { by: 'latest' }, digest, asset } = selector;
  const version = await chooseVersion(domain, selector, selection);
  const { manifest } = version;
  const isIt = digest === undefined || manifest.assets.some((one) => one.digest.startsWith(digest));
  if (asset !== undefined || !isIt) chooseAsset(manifest, selector);
  return version;
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
      { remedy: 'An ARN says where it is at home: leave out --domain, and name nothing of another domain beside it.' },
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

async function chooseVersion(domain: Domain, name: ArtifactName, selection: Selection): Promise<Version> {
  const version = await findVersion(domain, name, selection);
  if (version === undefined) throw await notFound(domain, name, selection);
  return version;
}

async function findVersion(domain: Domain, name: ArtifactName, selection: Selection): Promise<Version | undefined> {
  switch (selection.by) {
    case 'latest':
      return newestPublished(domain, name);
    case 'number':
      return readVersion(domain, name, selection.number);
    case 'label':
      return (await findLabel(domain, name, selection.label)) ?? findActiveSet(domain, name, selection.label);
    case 'range':
      return findInRange(domain, name, selection.range);
    case 'bookmark': {
      const bookmark = await readBookmark(domain.store, name, selection.bookmark);
      return bookmark?.value.number === undefined ? undefined : readVersion(domain, name, bookmark.value.number);
    }
  }
}

/** Numbers that were taken out of use, and versions that are not to be chosen, are passed over. */
async function newestPublished(domain: Domain, name: ArtifactName): Promise<Version | undefined> {
  for await (const number of listVersionNumbers(domain, name)) {
    const version = await readVersion(domain, name, number);
    if (version?.status === 'Published') return version;
  }
  return undefined;
}
