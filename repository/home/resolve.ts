import type { ArtifactArn } from '../arn.ts';
import { formatArn } from '../arn.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import { blobKey } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import type { ObjectKey } from '../object-store.ts';
import { resolveContent, resolveVersion } from '../resolution.ts';
import type { Digest } from '../digest.ts';
import { readDecidedStatus, refusedReference, takesNoReferences } from '../status.ts';
import { missing } from '../blob.ts';

/** What an ARN names, as its home tells it. */
export interface AtHome {
  readonly arn: string;
  readonly key: ObjectKey;
  readonly digest: Digest;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly version?: number;
}

/**
 * @param filename under which content is meant that is named without a version
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where a version and a digest disagree; ARTIFACT_ARCHIVED, ARTIFACT_DELETED where it takes no new references; CONTENT_MISSING
 */
export async function resolveAtHome(home: Domain, named: ArtifactArn, filename?: string): Promise<AtHome> {
  const { version, digest } = named;
  if (version !== undefined) return versionAtHome(home, { ...named, version });
  if (filename !== undefined && digest !== undefined) return contentAtHome(home, named, { digest, filename });
  const found = await resolveContent(home, named, digest ?? '');
  return { ...found, arn: formatArn(found.arn) };
}

async function versionAtHome(home: Domain, named: ArtifactArn & { readonly version: number }): Promise<AtHome> {
  const { version } = named;
  const { arn, key, digest, filename, size } = await resolveVersion(home, named);
  const name = formatArn(arn);
  const status = await statusAtHome(home, named, version);
  if (takesNoReferences(status)) throw refusedReference(name, status, 'Name another version.');
  return { arn: name, key, digest, filename, size, version };
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
): Promise<AtHome> {
  const key = blobKey(blob.digest, blob.filename);
  const head = await home.store.head(key);
  if (head === undefined) throw missing(blob);
  return { arn: formatArn(named), key, ...blob, size: head.size };
}
