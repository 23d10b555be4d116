/** One operation of a history: between which moments it was under way, and what came of it. */
export interface Recorded<Call, Answer> {
  readonly actor: number;
  readonly call: Call;
  readonly begun: number;
  /** Absent where nobody heard what came of it: it may have taken place at any moment from then on, or not at all. */
  readonly ended?: number;
  readonly answer?: Answer;
}

/** What the operations would do if each were one step. */
export interface Model<State, Call, Answer> {
  readonly initial: State;
  /**
   * The state after a call to which that was answered; `undefined` where that can't be the answer.
   * @param answer `undefined`: nobody heard it, and the call took place
   */
  readonly step: (state: State, call: Call, answer: Answer | undefined) => State | undefined;
}

/** Bits of a number. */
const MOST = 30;

/**
 * Whether there is an order of the operations that agrees with time (what ended before another began goes before it) and in which every answer is right.
 *
 * Wing and Gong's search, which remembers where it has been, by what was put in order and the state after it (Lowe, "Testing for linearizability", 2017): two orders of the same operations that come to
 * the same state have the same future.
 * @returns an order; `undefined` where there is none
 */
export function linearize<State, Call, Answer>(
  history: readonly Recorded<Call, Answer>[],
  { initial, step }: Model<State, Call, Answer>,
): readonly Recorded<Call, Answer>[] | undefined {
  if (history.length > MOST) throw new RangeError(`${history.length} operations are more than ${MOST}`);
  const answered = maskOf(history, ({ ended }) => ended !== undefined);
  const visited = new Set<string>();
  const order: Recorded<Call, Answer>[] = [];
  const goOn = (done: number, state: State): boolean => {
    if ((done & answered) === answered) return true;
    const where = `${done} ${JSON.stringify(state)}`;
    if (visited.has(where)) return false;
    visited.add(where);
    const first = Math.min(...history.map(({ ended = Infinity }, at) => ((done >> at) & 1 ? Infinity : ended)));
    for (const [at, one] of history.entries()) {
      if ((done >> at) & 1 || one.begun > first) continue;
      const next = step(state, one.call, one.answer);
      if (next === undefined) continue;
      order.push(one);
      if (goOn(done | (1 << at), next)) return true;
      order.pop();
    }
    return false;
  };
  return goOn(0, initial) ? order : undefined;
}

function maskOf<T>(all: readonly T[], isIn: (one: T) => boolean): number {
  return all.reduce((mask, one, at) => (isIn(one) ? mask | (1 << at) : mask), 0);
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** Takes note of what is under way when. */
export class History<Call, Answer> {
  readonly #operations: Writable<Recorded<Call, Answer>>[] = [];
  #moments = 0;

  get operations(): readonly Recorded<Call, Answer>[] {
    return this.#operations;
  }

  /**
   * Has it done, and notes that.
   * @param answerOf what an error tells; `undefined`: not even whether it took place
   */
  async record(
    actor: number,
    call: Call,
    act: () => Promise<Answer>,
    answerOf: (error: unknown) => Answer | undefined,
  ): Promise<void> {
    const operation: Writable<Recorded<Call, Answer>> = { actor, call, begun: this.#moments++ };
    this.#operations.push(operation);
    const answer = await act().catch(answerOf);
    if (answer === undefined) return;
    operation.answer = answer;
    operation.ended = this.#moments++;
  }

  /** For who looks for the cause. */
  get lines(): readonly string[] {
    return this.#operations.map(
      ({ actor, call, begun, ended, answer }) =>
        `${begun}–${ended ?? '?'} actor ${actor}: ${JSON.stringify(call)} → ${answer === undefined ? '?' : JSON.stringify(answer)}`,
    );
  }
}
