import type { Domain } from '../domain.ts';
import type { Stored } from '../record.ts';
import type { StatusRecord } from '../status.ts';
import { writeStatus } from '../status.ts';
import type { Manifest } from '../version.ts';
import { initialStatus } from '../version.ts';

/**
 * Notes in a version's status since when it has been found needed by nobody, or that it is needed again. Whoever changes the status at the same time goes
 * before: the next look notes it.
 * @param before what was read of it
 * @returns since when; `undefined` of one that is needed, and where that could not be noted
 */
export async function noteUnused(
  domain: Pick<Domain, 'store' | 'chance'>,
  manifest: Manifest,
  before: Stored<StatusRecord> | undefined,
  found: 'used' | 'unused',
): Promise<Date | undefined> {
  const noted = unusedSince(before);
  if ((noted !== undefined) === (found === 'unused')) return noted;
  const { status, was } = before?.value ?? { status: initialStatus(manifest) };
  const now = domain.chance.now();
  const since = found === 'unused' && { unusedSince: now.toISOString() };
  const written = await writeStatus(domain, manifest, { status, ...(was !== undefined && { was }), ...since }, before);
  return written === 'there' && found === 'unused' ? now : undefined;
}

/** A time that can't be read is none: it begins anew. */
export function unusedSince(status: Stored<StatusRecord> | undefined): Date | undefined {
  const time = new Date(status?.value.unusedSince ?? NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
