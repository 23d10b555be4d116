import type { LoopTarget, Setting } from '../place.ts';
import type { Loop } from './foreach-loop.ts';

/** What becomes of a place whose code is built. */
export interface BuiltPlace {
  readonly targets: readonly LoopTarget[];
  /** What the build decides beside the code. */
  readonly settings: readonly Setting[];
}

/** Says it of what a place was found to name. @param loops on which the targets depend */
export type Building = (targets: readonly LoopTarget[], loops: readonly Loop[]) => BuiltPlace;
