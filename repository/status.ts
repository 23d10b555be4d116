import type { Domain } from './domain.ts';
import { statusKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { readRecord } from './record.ts';

/** As in CodeArtifact; `Deleting` is the moment between the decision and its end. */
export const STATUSES = ['Unfinished', 'Published', 'Unlisted', 'Archived', 'Disposed', 'Deleting', 'Deleted'] as const;
export type Status = (typeof STATUSES)[number];

/** A version without a status record is Published: most never get one. */
export async function readStatus(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<Status> {
  const record = await readRecord(store, statusKey(name, number), ({ status }) =>
    STATUSES.find((known) => known === status),
  );
  return record?.value ?? 'Published';
}

/** Whether a version keeps the references that it has and gets no new ones. */
export function takesNoReferences(status: Status): boolean {
  return status === 'Archived' || status === 'Disposed' || status === 'Deleting' || status === 'Deleted';
}
