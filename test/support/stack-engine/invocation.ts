import type { Effect } from './fault.ts';
import type { Scheduler } from './scheduler.ts';

export type Kill = Extract<Effect, { readonly kind: 'kill' }>;

/**
 * One run of a function for one event, seen from outside: each of its requests waits for a turn, and at one of them it may be killed. While it has no request that
 * waits, it is at work, and nothing else is chosen.
 */
export class Invocation {
  readonly requestId: string;
  readonly killed: Promise<void>;
  readonly #scheduler: Scheduler;
  readonly #kill: Kill | undefined;
  #requests = 0;
  #waiting = 0;
  #serving = 0;
  #dead = false;
  #ended = false;
  #tellDeath: () => void = () => undefined;
  #release: (() => void) | undefined;

  constructor(scheduler: Scheduler, requestId: string, kill: Kill | undefined) {
    this.#scheduler = scheduler;
    this.requestId = requestId;
    this.#kill = kill;
    this.killed = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
    this.#count();
  }

  get requests(): number {
    return this.#requests;
  }

  /** It computes: nobody waits for a turn on its behalf. */
  get isAtWork(): boolean {
    return !this.#ended && (this.#dead || this.#waiting === 0 || this.#serving > 0);
  }

  /** Serves a request when its turn has come. `undefined`: the function is dead and gets no answer. */
  async request<T>(serve: () => Promise<T>): Promise<T | undefined> {
    if (this.#dead || this.#ended) return undefined;
    const number = ++this.#requests;
    this.#waiting += 1;
    this.#count();
    await this.#scheduler.turn();
    this.#waiting -= 1;
    this.#serving += 1;
    this.#count();
    try {
      if (this.#dies(number, 'before')) return undefined;
      const served = await serve();
      return this.#dies(number, 'after') ? undefined : served;
    } finally {
      this.#serving -= 1;
      this.#count();
    }
  }

  /** The same for one that others have to go on for before it is served: another function's, perhaps. Meanwhile it is not at work. */
  async call<T>(serve: () => Promise<T>): Promise<T | undefined> {
    if (this.#dead || this.#ended) return undefined;
    const number = ++this.#requests;
    this.#waiting += 1;
    this.#count();
    try {
      await this.#scheduler.turn();
      if (this.#dies(number, 'before')) return undefined;
      const served = await this.#scheduler.abroad(serve);
      await this.#scheduler.turn();
      return this.#dies(number, 'after') ? undefined : served;
    } finally {
      this.#waiting -= 1;
      this.#count();
    }
  }

  /** It has returned, thrown or died, and its process is gone if it must. */
  end(): void {
    this.#ended = true;
    this.#count();
  }

  #dies(number: number, moment: 'before' | 'after'): boolean {
    if (this.#dead || this.#ended) return true;
    if (this.#kill?.request !== number || (this.#kill.moment ?? 'before') !== moment) return false;
    this.#dead = true;
    this.#tellDeath();
    return true;
  }

  #count(): void {
    if (this.isAtWork) {
      this.#release ??= this.#scheduler.busy();
    } else {
      this.#release?.();
      this.#release = undefined;
    }
  }
}
