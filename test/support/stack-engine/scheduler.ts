import { setImmediate as settle, setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';

interface Waiting {
  readonly resume: () => void;
  /** Virtual milliseconds. */
  readonly due: number;
  /**
   * `turn`: may go on at once. `soft`: may come from `due` on, and as work takes as long as the scheduler says, before what is ready now. `hard`: a time limit,
   * which comes only when nothing else can happen: it is never reached by chance.
   */
  readonly kind: 'turn' | 'soft' | 'hard';
}

/** What is ready may take so long, and be overtaken by what comes later: Lambda's own retries are within it, a later day is not. */
const PATIENCE_MS = 5 * 60 * 1000;

/**
 * Decides what happens next. Everything that runs at the same time stops at turns; of all that wait at one, chance picks, once whatever runs has come to its
 * next stop. So one seed gives one order of things. Time is virtual: it goes on when somebody sleeps, and costs nothing.
 *
 * What a child process asks for at the same time arrives in the order of its sockets: there a seed repeats the order of events, not that of the requests of one handler.
 */
export class Scheduler {
  readonly #random: Random;
  readonly #waiting: Waiting[] = [];
  readonly #roots = new Set<(error: Error) => void>();
  #now: number;
  #busy = 0;
  #abroad = 0;
  #pumping = false;
  #wake: (() => void) | undefined;
  #resumed: Promise<void> | undefined;
  readonly #pace: number;

  /** `pace`: real milliseconds before whoever is picked goes on. */
  constructor(random: Random, now: number, pace = 0) {
    this.#random = random;
    this.#now = now;
    this.#pace = pace;
  }

  /** From now on nothing is picked, until what this answers is called. */
  pause(): () => void {
    let resume: () => void = () => undefined;
    const resumed = new Promise<void>((resolve) => {
      resume = resolve;
    });
    this.#resumed = resumed;
    return () => {
      if (this.#resumed === resumed) this.#resumed = undefined;
      resume();
    };
  }

  /** Virtual time, milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  /** Time that passes while something is done. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Waits to be picked among all who wait. */
  turn(): Promise<void> {
    return this.#wait('turn', 0).happened;
  }

  /** Comes some time later, at `ms` from now the clock's earliest. */
  later(ms: number): Promise<void> {
    return this.#wait('soft', ms).happened;
  }

  /** A time limit. `cancel` it where it isn't needed any more: it holds up the end of `settle`. */
  limit(ms: number): { readonly reached: Promise<void>; readonly cancel: () => void } {
    const { happened, cancel } = this.#wait('hard', ms);
    return { reached: happened, cancel };
  }

  /** While something outside (a socket, a process) works, nothing else is picked. Call what it answers when it has finished or waits itself. */
  busy(): () => void {
    this.#busy += 1;
    let finished = false;
    return () => {
      if (finished) return;
      finished = true;
      this.#busy -= 1;
      this.#wake?.();
      this.#pump();
    };
  }

  async outside<T>(work: Promise<T>): Promise<T> {
    const done = this.busy();
    try {
      return await work;
    } finally {
      done();
    }
  }

  /** While this work goes on others are picked, as it may need them; no time limit is reached by it. */
  async abroad<T>(work: () => Promise<T>): Promise<T> {
    this.#abroad += 1;
    try {
      return await work();
    } finally {
      this.#abroad -= 1;
      this.#wake?.();
      this.#pump();
    }
  }

  /** An operation to its end, when its turn has come. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    return this.begin(() => this.turn().then(operation));
  }

  /**
   * An operation to its end, whose first step is taken at once: who asks sees it under way. It must come to a turn of its own without waiting for anything else. It
   * is an error if nothing can happen any more before it has ended.
   */
  async begin<T>(operation: () => Promise<T>): Promise<T> {
    let stuck: (error: Error) => void = () => undefined;
    const deadlock = new Promise<never>((_resolve, reject) => {
      stuck = reject;
    });
    this.#roots.add(stuck);
    try {
      return await Promise.race([operation(), deadlock]);
    } finally {
      this.#roots.delete(stuck);
    }
  }

  /** Everything that is still to come (retries, late deliveries, limits) has come. */
  async settle(): Promise<void> {
    while (this.#pumping || this.#waiting.length > 0 || this.#busy > 0 || this.#abroad > 0) await settle();
  }

  #wait(kind: Waiting['kind'], ms: number): { readonly happened: Promise<void>; readonly cancel: () => void } {
    let cancel: () => void = () => undefined;
    const happened = new Promise<void>((resume) => {
      const waiting: Waiting = { resume, kind, due: this.#now + ms };
      this.#waiting.push(waiting);
      this.#wake?.();
      cancel = () => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
      };
    });
    this.#pump();
    return { happened, cancel };
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    void this.#pumpUntilIdle();
  }

  async #pumpUntilIdle(): Promise<void> {
    for (;;) {
      // Twice: whatever was resumed may itself have waited for one round of the event loop (streams do).
      await settle();
      await settle();
      if (this.#busy > 0) {
        await this.#woken();
        continue;
      }
      if (this.#resumed !== undefined) {
        await this.#resumed;
        continue;
      }
      if (this.#pace > 0 && this.#waiting.length > 0) await sleep(this.#pace);
      const next = this.#pick();
      if (next === undefined && this.#abroad > 0) {
        await this.#woken();
        continue;
      }
      if (next === undefined) break;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.due);
      next.resume();
    }
    this.#pumping = false;
    for (const stuck of this.#roots) stuck(new Error('nothing can happen any more, and an operation has not ended'));
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #pick(): Waiting | undefined {
    const hard = this.#waiting.filter(({ kind }) => kind === 'hard');
    const limit = Math.min(...hard.map(({ due }) => due));
    const earliest = Math.min(...this.#waiting.map(({ due }) => due));
    const horizon = Math.min(limit, Math.max(this.#now, earliest) + PATIENCE_MS);
    const possible = this.#waiting.filter(({ kind, due }) => kind === 'turn' || (kind === 'soft' && due <= horizon));
    const chosen = possible[this.#random.below(possible.length)];
    return chosen ?? (this.#abroad > 0 ? undefined : hard.find(({ due }) => due === limit));
  }
}
