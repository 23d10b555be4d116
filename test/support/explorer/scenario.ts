import type { MemoryObject } from '../../../repository/stores/memory.ts';
import type { Act, Acts } from './actor.ts';
import type { FaultLimits } from './faults.ts';
import type { WritingTime } from './store-states.ts';

/** Somebody at work on the store. */
export interface Part {
  readonly name: string;
  readonly acts: Acts;
  /** He waits for others, as long as they take: alone, he may have to give up. */
  readonly mayBeBlocked?: true;
}

/** What can be seen from outside at one moment. */
export interface View {
  readonly objects: ReadonlyMap<string, MemoryObject>;
  /** What an actor came to; `undefined` while he is at work. */
  readonly outcome: (name: string) => string | undefined;
  readonly hasBegun: (name: string) => boolean;
  /** Promises that have come to their end before, a bit for each. */
  readonly ended: number;
}

export interface Judgement {
  readonly ended: number;
  /** What must not be. */
  readonly wrong?: string;
}

export interface Scenario {
  readonly name: string;
  /** What happened before, one after the other. */
  readonly before: readonly Act[];
  readonly parts: readonly Part[];
  readonly faults?: FaultLimits;
  /** How often anybody waits for others before he stops for ever. Absent: as often as the code does. */
  readonly pauses?: number;
  readonly timeOf: WritingTime;
  /** False of a store that keeps no versions: what stands under a key is only ever removed by its key. */
  readonly isVersioned?: boolean;
  /** Whether a write under the key can change what is judged. */
  readonly isJudged: (key: string) => boolean;
  /** Looked at in every state. Says the same for the same view. */
  readonly judge: (view: View) => Judgement;
  /** Whose first request counts for the judgement. */
  readonly watched?: readonly string[];
}
