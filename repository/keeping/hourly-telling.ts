import type { Homes } from '../home/home.ts';
import { tellAll } from '../home/tell.ts';
import type { Keeping } from './carry-out.ts';
import type { DueTask } from './due-task.ts';

/** The clock ticks every hour, and may be early. */
const EVERY_MS = 30 * 60 * 1000;

/** Tells other domains what they could not be told when it happened, and forgets what they have known for an hour. */
export function hourlyTelling(homes: Homes): DueTask {
  return {
    task: 'tell',
    every: EVERY_MS,
    notedSteps: 500,
    begin: ({ domain }, after) => {
      const tally = { told: 0, waiting: 0 };
      const steps = counted(tellAll(domain, homes, after), tally);
      return { steps, tally: () => ({ ...tally }) };
    },
  };
}

async function* counted(
  steps: ReturnType<typeof tellAll>,
  tally: { told: number; waiting: number },
): AsyncGenerator<{ readonly after: string }> {
  for await (const { after, told } of steps) {
    tally[told.state === 'waiting' ? 'waiting' : 'told'] += 1;
    yield { after };
  }
}

/** What is due of it, where other domains are known at all. */
export function tellingOf({ homes }: Keeping): readonly DueTask[] {
  return homes === undefined ? [] : [hourlyTelling(homes)];
}
