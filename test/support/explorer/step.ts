/** What happens between one state and the next: a request that is on its way takes place. */
export interface Step {
  /** Number of the actor; of a write that comes late, how many actors there are. */
  readonly actor: number;
  /** Number of the request among his, or among the late ones. */
  readonly index: number;
  readonly mode: Mode;
}

/** How a request takes place. */
export const PLAIN = 0;
export const WITH_DUPLICATE = 1;
export const ANSWER_LOST = 2;
export type Mode = typeof PLAIN | typeof WITH_DUPLICATE | typeof ANSWER_LOST;

const MODES = 4;
/** More requests of one actor are never on their way. */
const INDEXES = 32;

/** As one number, because there are millions. */
export function stepNumber(actor: number, index: number, mode: Mode): number {
  return (actor * INDEXES + index) * MODES + mode;
}

export function stepOf(number: number): Step {
  const mode = (number % MODES) as Mode;
  const index = Math.floor(number / MODES) % INDEXES;
  return { actor: Math.floor(number / MODES / INDEXES), index, mode };
}
