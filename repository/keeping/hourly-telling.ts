import type { Domain } from '../domain.ts';
import { forgetClaims } from '../home/claim.ts';
import type { Homes } from '../home/home.ts';
import { tellAll } from '../home/tell.ts';
import { EVERY_FETCH, progressKey } from '../keys.ts';
import type { DueTask } from './due-task.ts';
import type { Keeping } from './keeping.ts';

/** The clock ticks every hour, and may be early. */
const EVERY_MS = 30 * 60 * 1000;

/** Tells other domains what they could not be told when it happened, and forgets what they have known for an hour. */
export function hourlyTelling(homes: Homes): DueTask {
  return {
    task: TASK,
    every: EVERY_MS,
    notedSteps: 500,
    begin: ({ domain }, after) => {
      const tally = { told: 0, waiting: 0 };
      return { steps: tellingAndForgetting(domain, homes, after, tally), tally: () => ({ ...tally }) };
    },
  };
}

const TASK = 'tell';

/** @param after the key of a note, or of a claim: those stand behind them */
async function* tellingAndForgetting(
  domain: Domain,
  homes: Homes,
  after: string | undefined,
  tally: { told: number; waiting: number },
): AsyncGenerator<{ readonly after: string }> {
  const { store } = domain;
  // Where the task stands was written when this piece began: what the store says of that is no later than its clock.
  const now = (await store.head(progressKey(TASK)))?.modified;
  if (after === undefined || after < EVERY_FETCH) {
    for await (const { after: key, told } of tellAll(domain, homes, now, after)) {
      tally[told.state === 'waiting' ? 'waiting' : 'told'] += 1;
      yield { after: key };
    }
  }
  if (now !== undefined) yield* forgetClaims(store, now, after);
}

/** What is due of it, where other domains are known at all. */
export function tellingOf({ homes }: Keeping): readonly DueTask[] {
  return homes === undefined ? [] : [hourlyTelling(homes)];
}
