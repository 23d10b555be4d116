import { formatArn } from '../arn.ts';
import { isLater } from '../binding.ts';
import { deleteBookmark, readBookmark, setBookmark } from '../bookmark.ts';
import { isDigest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { formatArtifactName } from '../name.ts';
import type { Owner } from '../owner.ts';
import { isSameResource, ownerName } from '../owner.ts';
import { resolveManifest } from '../resolve.ts';
import { contentAssets, readManifest } from '../version.ts';
import type { Manifest } from '../version.ts';
import type { NamedVersion } from './properties.ts';
import type { NamedBookmark } from './thing.ts';

/**
 * Lets a bookmark that is the stack's, or nobody's, name the version that its template names.
 * @returns what `Fn::GetAtt` gets
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, ARTIFACT_ARCHIVED, ARTIFACT_DELETED; ACCESS_DENIED where it is another's; SUPERSEDED by a later operation; CONTENTION
 */
export async function declareBookmark(
  domain: Domain,
  named: NamedBookmark & { readonly version: NamedVersion },
  owner: Owner,
): Promise<Readonly<Record<string, string>>> {
  const { repository, id, bookmark } = named;
  const { partition, account, region } = domain;
  const manifest = await manifestOf(domain, named, named.version);
  const arn = { partition, account, region, repository, id, version: manifest.number };
  const [only, ...others] = contentAssets(manifest);
  const hasOne = only !== undefined && others.length === 0;
  const definite = { ...arn, ...(hasOne && { digest: only.digest }) };
  await setBookmark(domain, definite, bookmark, { owner, by: ownerName(owner) });
  return {
    Arn: formatArn(definite),
    Version: String(manifest.number),
    From: `${formatArtifactName({ repository, id })}^${bookmark}`,
  };
}

async function manifestOf(domain: Domain, { repository, id }: NamedBookmark, version: NamedVersion): Promise<Manifest> {
  const name = formatArtifactName({ repository, id });
  if ('label' in version) return resolveManifest(domain, `${name}:${version.label}`);
  const { number, digest } = version;
  const manifest = await readManifest(domain, { repository, id }, number);
  if (manifest === undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `'${name}' has no version ${number}`, {
      remedy: `'cfn-artifacts show ${name}' lists those that there are.`,
    });
  }
  if (digest === undefined || !isDigest(digest) || manifest.assets.some((asset) => asset.digest === digest))
    return manifest;
  throw new ArtifactError('DIGEST_MISMATCH', `'${name}:${number}' is not sha256:${digest}`, {
    remedy: 'The version and the digest name different content: drop one of them.',
  });
}

/** Ends what the stack has declared. What is another's by now, or of a later operation, stays, and so does what was never there. */
export async function withdrawBookmark(domain: Domain, named: NamedBookmark, owner: Owner): Promise<void> {
  const { repository, id, bookmark } = named;
  if (!(await isOwn(domain, named, owner))) return;
  try {
    await deleteBookmark(domain, { repository, id }, bookmark, { owner, by: ownerName(owner) });
  } catch (error) {
    // Whose it is may have changed at this very moment.
    if (await isOwn(domain, named, owner)) throw error;
  }
}

async function isOwn(domain: Domain, { repository, id, bookmark }: NamedBookmark, owner: Owner): Promise<boolean> {
  const record = await readBookmark(domain.store, { repository, id }, bookmark);
  const { owner: is, number, pending } = record?.value ?? {};
  if (number === undefined && pending === undefined) return false;
  return is !== undefined && isSameResource(is, owner) && !isLater(is.issued, owner.issued);
}
