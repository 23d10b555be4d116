import type { ArtifactArn } from '../arn.ts';
import { quarantineOf } from '../collecting/quarantine.ts';
import type { Domain } from '../domain.ts';
import type { ArtifactName } from '../name.ts';
import type { Status } from '../status.ts';
import type { ChangeOptions, StatusChange } from '../status-change.ts';
import { changeStatus, completeVersion } from '../status-change.ts';
import type { TargetStatus } from '../status-target.ts';
import { readManifest } from '../version.ts';
import type { DeletedContent, DeletedVersion } from './deletion.ts';
import { disposeOf, firstOf, noVersion, requireHeld } from './deletion.ts';

/** What became of a version that somebody wants to have another status. */
export interface ChangedStatus extends ArtifactName, Pick<DeletedVersion, 'users' | 'moreUsers'> {
  /** `exists`: it was that already. `used`: somebody needs it, and nothing was done. */
  readonly outcome: StatusChange['outcome'];
  readonly number: number;
  /** What it was; of one that was changed. */
  readonly from?: Status;
  /** What it is. */
  readonly status: Status;
  /** Of one that is Disposed: what became of what it held, each once. */
  readonly content: readonly DeletedContent[];
}

type VersionArn = ArtifactArn & { readonly version: number };

/**
 * Gives a version another status; what one held that is Disposed goes into quarantine, as far as nobody else needs it.
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH; STATUS_NOT_ALLOWED, STALE_REVISION, CONTENTION
 */
export async function setStatus(
  domain: Domain,
  arn: VersionArn,
  status: TargetStatus,
  options: ChangeOptions = {},
): Promise<ChangedStatus> {
  await requireVersion(domain, arn);
  return toldOf(domain, arn, await changeStatus(domain, arn, arn.version, status, options));
}

/** Makes a candidate Published that was chosen. @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH; STATUS_NOT_ALLOWED, CONTENTION */
export async function complete(domain: Domain, arn: VersionArn): Promise<ChangedStatus> {
  await requireVersion(domain, arn);
  return toldOf(domain, arn, await completeVersion(domain, arn, arn.version));
}

async function requireVersion(domain: Domain, arn: VersionArn): Promise<void> {
  const manifest = await readManifest(domain, { repository: arn.repository, id: arn.id }, arn.version);
  if (manifest === undefined) throw noVersion(arn, arn.version);
  if (arn.digest !== undefined) requireHeld(manifest, arn.digest);
}

async function toldOf(domain: Domain, arn: VersionArn, change: StatusChange | undefined): Promise<ChangedStatus> {
  if (change === undefined) throw noVersion(arn, arn.version);
  const { outcome, manifest, status, digests } = change;
  const quarantine = digests.length > 0 ? await quarantineOf(domain, { now: false }) : undefined;
  const content: DeletedContent[] = [];
  if (quarantine !== undefined) {
    for (const digest of digests) content.push(await disposeOf(domain, manifest, digest, quarantine));
  }
  return {
    ...{ outcome, repository: manifest.repository, id: manifest.id, number: manifest.number, status, content },
    ...(change.outcome === 'changed' && { from: change.from }),
    ...(change.outcome === 'used' && firstOf(change.users)),
  };
}
