import { formatArn } from '../arn.ts';
import { isLater } from '../binding.ts';
import { deleteBookmark, readBookmark, setBookmark } from '../bookmark.ts';
import { isDigest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { findLabel, labelOfSet } from '../label.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName } from '../name.ts';
import type { Owner } from '../owner.ts';
import { isSameResource, ownerName } from '../owner.ts';
import { listSets } from '../set.ts';
import { contentAssets, readManifest } from '../version.ts';
import type { Manifest } from '../version.ts';
import type { NamedVersion } from './properties.ts';
import type { NamedBookmark } from './thing.ts';

/**
 * Lets a bookmark that is the stack's, or nobody's, name the version that its template names.
 * @returns what `Fn::GetAtt` gets
 * @throws ArtifactError INVALID_NAME where it is a label's; ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, ARTIFACT_ARCHIVED, ARTIFACT_DELETED; ACCESS_DENIED where it is another's; SUPERSEDED by a later operation; CONTENTION
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
  await requireNoLabel(domain, named, owner);
  await setBookmark(domain, definite, bookmark, { owner, by: ownerName(owner) });
  return {
    Arn: formatArn(definite),
    Version: String(manifest.number),
    From: `${formatArtifactName({ repository, id })}^${bookmark}`,
  };
}

/**
 * A bookmark that has the name of a label says which of its candidates is the active one: that is decided by who may activate them, and by no template.
 * @throws ArtifactError INVALID_NAME
 */
async function requireNoLabel(domain: Domain, named: NamedBookmark, owner: Owner): Promise<void> {
  const { repository, id, bookmark } = named;
  const name = { repository, id };
  // The stack's own was there before the label was.
  const record = (await readBookmark(domain.store, name, bookmark))?.value;
  if (record?.number !== undefined && record.owner !== undefined && isSameResource(record.owner, owner)) return;
  if ((await findLabel(domain, name, bookmark)) === undefined && !(await hasCandidates(domain, name, bookmark))) return;
  throw new ArtifactError('INVALID_NAME', `'${bookmark}' is a label of '${formatArtifactName(name)}'`, {
    remedy: 'Give the bookmark another name: one of this name would say which candidate for the label is active.',
  });
}

async function hasCandidates(domain: Domain, name: ArtifactName, label: string): Promise<boolean> {
  for await (const _ of listSets(domain, name, label)) return true;
  return false;
}

async function manifestOf(domain: Domain, { repository, id }: NamedBookmark, version: NamedVersion): Promise<Manifest> {
  const name = formatArtifactName({ repository, id });
  if ('label' in version) return labelled(domain, { repository, id }, version.label);
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

/**
 * A label that is finished: what one of candidates means changes while a rollback would have it as it was.
 * @throws ArtifactError ARTIFACT_NOT_FOUND
 */
async function labelled(domain: Domain, name: ArtifactName, label: string): Promise<Manifest> {
  const what = `'${formatArtifactName(name)}:${label}'`;
  const found = await findLabel(domain, name, label);
  // The label of a candidate alone is that of its manifest's set.
  const isCandidate = found?.manifest.set !== undefined && labelOfSet(found.manifest.set) === label;
  if (found !== undefined && !isCandidate) return found.manifest;
  for await (const { manifest } of listSets(domain, name, isCandidate ? found.manifest.set.label : label)) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `${what} is not finished: there are only candidates for it`, {
      remedy: `Finish one with 'cfn-artifacts finish', or write its number, ${manifest.number} for example: what a label of candidates means changes without the template.`,
    });
  }
  throw new ArtifactError('ARTIFACT_NOT_FOUND', `there is no ${what}`, {
    remedy: `'cfn-artifacts show ${formatArtifactName(name)}' lists what there is.`,
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
