import type { NamedBookmark } from '../../repository/bookmark.ts';
import { listBookmarks } from '../../repository/bookmark.ts';
import type { ArtifactArn, ArtifactName, Domain } from '../../repository/index.ts';
import { ArtifactError, formatArn, formatArtifactName, readManifest } from '../../repository/index.ts';
import { nearest } from '../../repository/nearest.ts';
import { resolveArtifact, resolveVersions } from '../naming/artifact.ts';
import { definiteArn } from './talk/showing.ts';

/**
 * The artifact that is named, of which a bookmark is one.
 * @throws ArtifactError INVALID_ARGUMENT where a version or content is named; ARTIFACT_NOT_FOUND …
 */
export async function resolveWholeArtifact(domain: Domain, text: string, repository: string): Promise<ArtifactName> {
  const { number, digest, ...name } = await resolveVersions(domain, text, repository);
  if (number === undefined && digest === undefined) return { repository: name.repository, id: name.id };
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' names a version, and a bookmark is one of an artifact`, {
    remedy: `Name the artifact alone: '${formatArtifactName(name)}'.`,
  });
}

/**
 * The version that is named. An artifact without more names none: what is written down stays, and the newest does not.
 * @throws ArtifactError INVALID_ARGUMENT where none is; ARTIFACT_NOT_FOUND …
 */
export async function resolveOneVersion(
  domain: Domain,
  text: string,
  repository: string,
): Promise<ArtifactName & { readonly number: number }> {
  const { repository: of, id, number, digest } = await resolveVersions(domain, text, repository);
  if (number !== undefined) return { repository: of, id, number };
  const held = digest === undefined ? undefined : (await resolveArtifact(domain, text, repository)).arn.version;
  if (held !== undefined) return { repository: of, id, number: held };
  const what = digest === undefined ? 'an artifact, and no version of it' : 'content, and no version that holds it';
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' names ${what}`, {
    remedy: `Name a version, like '${formatArtifactName({ repository: of, id })}:7'; ':latest' is the newest that is Published.`,
  });
}

/** Of a version, or of an artifact. */
export function arnOfVersion(
  { partition, account, region }: Domain,
  { repository, id, number }: ArtifactName & { readonly number?: number },
): ArtifactArn {
  return { partition, account, region, repository, id, ...(number !== undefined && { version: number }) };
}

/** Of a version, with the digest where it has one asset. One that has no manifest is still named by its number. */
export async function readDefiniteArn(
  domain: Domain,
  version: ArtifactName & { readonly number: number },
): Promise<string> {
  const manifest = await readManifest(domain, version, version.number);
  return manifest === undefined ? formatArn(arnOfVersion(domain, version)) : definiteArn(domain, { manifest });
}

/** @throws ArtifactError ARTIFACT_NOT_FOUND, with the name that is near */
export async function findBookmark(domain: Domain, name: ArtifactName, bookmark: string): Promise<NamedBookmark> {
  const names: string[] = [];
  for await (const one of listBookmarks(domain.store, name)) {
    if (one.bookmark === bookmark) return one;
    names.push(one.bookmark);
  }
  throw noBookmark(`'${formatArtifactName(name)}' has no bookmark '${bookmark}'`, bookmark, names);
}

/** So many names help; more of them hide each other. */
const NAMES = 5;

/** @param message who has none of that name */
export function noBookmark(message: string, bookmark: string, names: readonly string[]): ArtifactError {
  const near = nearest(bookmark, names);
  const some = names.slice(0, NAMES).map((one) => `'${one}'`);
  const remedy =
    near !== undefined
      ? `Did you mean '${near}'?`
      : some.length === 0
        ? 'There is none.'
        : `There is ${some.join(', ')}.`;
  return new ArtifactError('ARTIFACT_NOT_FOUND', message, { remedy });
}
