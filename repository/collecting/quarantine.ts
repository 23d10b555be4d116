import type { Domain } from '../domain.ts';
import { DEFAULT_REPOSITORY } from '../name.ts';
import { readSettings } from '../settings.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * How far the keeper's clock and the store's may lie apart. S3 itself refuses requests from clocks that are 15 minutes wrong:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
const SKEW_MS = 15 * 60 * 1000;

/** Unless a domain says otherwise. */
export const QUARANTINE_DAYS = 7;

/** How long content stays after it was condemned: `waived` asks no clock. */
export type Quarantine = { readonly days: number } | 'waived';

/** How long content is in quarantine. What can't be read may have said longer: then nothing is begun. @throws ArtifactError UNSUPPORTED_FORMAT */
export async function quarantineOf(
  { store }: Pick<Domain, 'store'>,
  { now }: { readonly now: boolean },
): Promise<Quarantine> {
  if (now) return 'waived';
  const settings = await readSettings(store, DEFAULT_REPOSITORY);
  return { days: settings?.value.quarantineDays ?? QUARANTINE_DAYS };
}

/** What was condemned before this has been in quarantine long enough. `undefined`: whatever was. */
export function quarantineStart({ chance }: Pick<Domain, 'chance'>, quarantine: Quarantine): Date | undefined {
  if (quarantine === 'waived') return undefined;
  return new Date(chance.now().getTime() - quarantine.days * DAY_MS - SKEW_MS);
}

/** When a later look finds the quarantine over. */
export function quarantineEnd(since: Date, days: number): Date {
  return new Date(since.getTime() + days * DAY_MS + SKEW_MS);
}

/** Whoever is at work on a record is done by then, or died. */
export function isAbandoned({ chance }: Pick<Domain, 'chance'>, modified: Date): boolean {
  return chance.now().getTime() - modified.getTime() >= SKEW_MS;
}

/**
 * A lifted condemnation is forgotten no sooner, whatever is waived. As long as its record stands, no request of the keeper that condemned the content,
 * late or sent twice, finds what it was meant for: neither nothing, where the condemnation would be created again, nor then that condemnation, where a decision
 * to delete would be written on it, long after the references were listed. S3 takes no request that is older than 15 minutes.
 */
export function mayBeForgotten({ chance }: Pick<Domain, 'chance'>, modified: Date): boolean {
  return chance.now().getTime() - modified.getTime() >= DAY_MS;
}

/** Whole days that have passed are `days` at least. */
export function havePassed({ chance }: Pick<Domain, 'chance'>, since: Date, days: number): boolean {
  return chance.now().getTime() - since.getTime() >= days * DAY_MS;
}
