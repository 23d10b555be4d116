import { follow, readResourceShares } from '../sharing/follow.ts';
import type { DueTask } from './due-task.ts';
import type { Following, Keeping } from './keeping.ts';

/** The clock ticks every hour, and may be early. */
const EVERY_MS = 30 * 60 * 1000;

/** Lets whoever has accepted a resource share have what it shares, and those no longer that RAM no longer names. */
function hourlyFollowing({ ask, policies }: Following): DueTask {
  return {
    task: 'follow',
    every: EVERY_MS,
    notedSteps: 1,
    begin: ({ domain }) => {
      const tally = { came: 0, went: 0 };
      const steps = async function* (): AsyncGenerator<{ readonly after: string }> {
        Object.assign(tally, await follow(domain, ask, policies));
        yield { after: 'ram' };
      };
      return { steps: steps(), tally: () => ({ ...tally }) };
    },
  };
}

/** Where anything is shared by RAM, and it can be asked. */
export async function followingOf({ domain, following }: Keeping): Promise<readonly DueTask[]> {
  if (following === undefined) return [];
  try {
    return (await readResourceShares(domain.store)).length > 0 ? [hourlyFollowing(following)] : [];
  } catch {
    // Whatever it is, it is in the way of nothing else that is due: `doctor` tells it.
    return [];
  }
}
