import type { Domain } from './domain.ts';
import type { ArtifactName } from './name.ts';
import { ArtifactError } from './error.ts';
import type { Status } from './status.ts';
import { exists, readDecidedStatus, readStatusRecord, takesNoReferences, writeStatus } from './status.ts';

const TURNS = 100;
const PAUSE_MS = 10;

/**
 * The status by which it is decided whether whoever packages or records a version may use it: as readDecidedStatus tells it, and where it may be used, with no note that nobody needs it. From then
 * on until it is deployed nothing tells that it is needed; no rule that waits takes it in that time, because the time for which it may be unused begins anew.
 * @throws ArtifactError CONTENTION; why the keeper can't be asked, where there is a note
 */
export async function readRenewedStatus(domain: Domain, name: ArtifactName, number: number): Promise<Status> {
  const { partition, region, account, keeper, chance } = domain;
  const { repository, id } = name;
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await chance.pause(PAUSE_MS * turn);
    const { status, unusedSince } = await readDecidedStatus(domain, name, number);
    if (unusedSince === undefined || takesNoReferences(status)) return status;
    await keeper.renew({ partition, region, account, repository, id, version: number }, chance);
  }
  throw new ArtifactError(
    'CONTENTION',
    `the status of '${repository}/${id}:${number}' is changed by others all the time`,
    {
      remedy: 'Try again.',
    },
  );
}

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
