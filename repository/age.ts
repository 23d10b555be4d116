import type { Domain } from './domain.ts';

/**
 * Nothing is decided about what is younger. AWS promises nowhere that its answers are of this very moment, and clocks differ: S3 itself takes
 * requests from clocks that are 15 minutes wrong. By then what an operation did is seen, also where it ended just now.
 */
const QUIET_MS = 15 * 60 * 1000;

/**
 * Of a stack that CloudFormation knows nothing of, and of what is collected in its place: CloudFormation forgets a stack some 90 days after
 * it was deleted, so that this day costs nothing; but a stack that was begun a moment ago may not be known everywhere yet.
 */
export const DAY_MS: number = 24 * 60 * 60 * 1000;

/** Whether 15 minutes have passed since a change, by one's own clock: what AWS and the records tell of it can be decided on. */
export function isQuiet({ domain }: { readonly domain: Pick<Domain, 'chance'> }, changed: Date): boolean {
  return domain.chance.now().getTime() - changed.getTime() >= QUIET_MS;
}

/** Whether a day has passed since a change, by one's own clock: then a stack of which CloudFormation knows nothing is gone, and not new. */
export function isDayOld({ domain }: { readonly domain: Pick<Domain, 'chance'> }, changed: Date): boolean {
  return domain.chance.now().getTime() - changed.getTime() >= DAY_MS;
}
