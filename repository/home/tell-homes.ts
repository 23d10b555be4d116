import type { Domain } from '../domain.ts';
import type { Away } from './away.ts';

/** A deploy waits no longer for what is noted, and told later too. */
const TELLING_MS = 5000;

/** As `Away.tell`, as far as that is possible at this moment. Never rejects. */
export async function tellHomes(
  { away, chance }: Pick<Domain, 'away' | 'chance'>,
  of: Parameters<Away['tell']>[0],
): Promise<void> {
  if (away === undefined) return;
  await Promise.race([Promise.allSettled([away.tell(of)]), chance.pause(TELLING_MS)]);
}
