import type { Domain } from './domain.ts';
import type { ArtifactName } from './name.ts';
import { exists, readStatusRecord, writeStatus } from './status.ts';

/**
 * Drops the note of a collector that nobody needs a version, so that the time for which it may be unused begins anew. One that is being deleted, or that somebody else
 * has just changed, stays as it is: the caller looks again.
 */
export async function renewVersion(
  domain: Pick<Domain, 'store' | 'chance'>,
  version: ArtifactName & { readonly number: number },
): Promise<void> {
  const before = await readStatusRecord(domain, version, version.number);
  if (before?.value.unusedSince === undefined || !exists(before.value.status)) return;
  const { status, was } = before.value;
  await writeStatus(domain, version, { status, ...(was !== undefined && { was }) }, before);
}
