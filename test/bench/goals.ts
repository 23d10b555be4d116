import type { WorkloadName } from './workloads.ts';

/** In the order in which they are measured: each begins with what the one before has left. */
export const STATES = {
  first: 'first run',
  repeat: 'repeat',
  'far-repeat': 'repeat, 50 ms away',
  one: 'one file changed',
  clone: 'fresh clone',
  'clone-one': 'one changed in a clone',
} as const;
export type State = keyof typeof STATES;

/** How many times as long aws-cli may take, at least. */
interface Goal {
  readonly must: number;
  readonly aim: number;
}

const goal = (must: number, aim: number): Goal => ({ must, aim });

export const GOALS: Readonly<Record<WorkloadName, Partial<Readonly<Record<State, Goal>>>>> = {
  W1: { first: goal(2, 2.7), repeat: goal(3.5, 7), 'far-repeat': goal(5, 8) },
  W2: {
    ...{ first: goal(3.5, 5), repeat: goal(25, 40), one: goal(10, 20) },
    ...{ clone: goal(9, 14), 'clone-one': goal(7, 10) },
  },
  W3: { first: goal(7, 10), repeat: goal(300, 500) },
  W4: { first: goal(80, 110), repeat: goal(120, 300) },
};

/** Bytes, of the largest process. */
export const PEAK = 350e6;

/** What a run with nothing changed may ask of the store. */
export function requestsOfRepeat(artifacts: number): number {
  return 4 * artifacts + 3;
}

/** Objects that a run may write into a plain bucket. */
export function uploadsOf(state: State, artifacts: number): number {
  if (state === 'first') return artifacts;
  return state === 'one' || state === 'clone-one' ? 1 : 0;
}

/** Besides its content, a domain says of each artifact what it is. Bytes. */
export const RECORDS = 8192;
