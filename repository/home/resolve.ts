import type { ArtifactArn } from '../arn.ts';
import { formatArn } from '../arn.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import { blobKey } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Resolution } from '../resolution.ts';
import { resolveContent, resolveVersion } from '../resolution.ts';
import { readSettings } from '../settings.ts';
import type { Digest } from '../digest.ts';
import { readDecidedStatus, refusedReference, takesNoReferences } from '../status.ts';
import { missing } from '../blob.ts';
import type { AtHome } from './away.ts';

/** As its home tells it. */
export interface FoundAtHome extends AtHome {
  /** In which its repository has its content there, if that is not the domain's. Here it stands in the domain's. */
  readonly ownBucket?: string;
}

/**
 * @param open a bucket of a repository there
 * @param filename under which content is meant that is named without a version
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where a version and a digest disagree; ARTIFACT_ARCHIVED, ARTIFACT_DELETED where it takes no new references; CONTENT_MISSING
 */
export async function resolveAtHome(
  home: Domain,
  named: ArtifactArn,
  open: (bucket: string) => Promise<ObjectStore>,
  filename?: string,
): Promise<FoundAtHome> {
  const { version, digest } = named;
  if (version !== undefined) return versionAtHome(home, { ...named, version });
  if (filename !== undefined && digest !== undefined) return contentAtHome(home, named, { digest, filename }, open);
  return placed(await resolveContent(home, named, digest ?? ''));
}

/** Under the key that it has in every bucket. */
function placed({ arn, digest, filename, size, bucket }: Omit<Resolution, 'status'>): AtHome {
  const blob = { digest, filename, size, ...(bucket !== undefined && { ownBucket: bucket }) };
  return { arn: formatArn(arn), key: blobKey(digest, filename), ...blob };
}

async function versionAtHome(home: Domain, named: ArtifactArn & { readonly version: number }): Promise<FoundAtHome> {
  const { version } = named;
  const found = placed(await resolveVersion(home, named));
  const status = await statusAtHome(home, named, version);
  if (takesNoReferences(status)) throw refusedReference(found.arn, status, 'Name another version.');
  return { ...found, version };
}

/**
 * Most versions have no record of their status, and S3 tells of what is absent only to those who may list: who may read the version may read its status, so that a refusal means
 * that there is none.
 */
async function statusAtHome(
  home: Domain,
  name: ArtifactName,
  version: number,
): Promise<Awaited<ReturnType<typeof readDecidedStatus>>['status']> {
  try {
    return (await readDecidedStatus(home, name, version)).status;
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return 'Published';
    throw error;
  }
}

async function contentAtHome(
  home: Domain,
  named: ArtifactArn,
  blob: { readonly digest: Digest; readonly filename: string },
  open: (bucket: string) => Promise<ObjectStore>,
): Promise<FoundAtHome> {
  const key = blobKey(blob.digest, blob.filename);
  const found = { arn: formatArn(named), key, ...blob };
  const head = await home.store.head(key);
  if (head !== undefined) return { ...found, size: head.size };
  const ownBucket = (await readSettings(home.store, named.repository))?.value.bucket;
  const there = ownBucket === undefined ? undefined : await (await open(ownBucket)).head(key);
  if (there === undefined || ownBucket === undefined) throw missing(blob);
  return { ...found, size: there.size, ownBucket };
}
