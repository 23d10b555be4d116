import type { Scheduler } from './scheduler.ts';

/**
 * How long a delivery is held back: until so many later events of the same resource were handled, so many operations of its stack have ended (the one that it
 * belongs to is the first), or so many seconds passed.
 */
export type Hold = { readonly events: number } | { readonly operations: number } | { readonly seconds: number };

export type Effect =
  /** The resource fails, whatever its type. `whileInFlight`: as soon as the custom resource of that logical ID was sent something and has not answered. */
  | { readonly kind: 'fail'; readonly reason?: string; readonly whileInFlight?: string }
  /** The function is told 200, CloudFormation is told nothing. */
  | { readonly kind: 'drop answer' }
  /** The answer's PUT is refused with these statuses, one after the other, before it is taken. */
  | { readonly kind: 'refuse answer'; readonly statuses: readonly number[] }
  /** The event is delivered a second time; `hold`: later than the first. */
  | { readonly kind: 'deliver twice'; readonly hold?: Hold }
  | { readonly kind: 'deliver late'; readonly hold: Hold }
  /**
   * The function's process ends at its `request`-th request (from 1; the answer's PUT counts): before it reached anybody, or after it was served and before
   * the function knows. Lambda tries again after minutes; `attempts` (1) are killed.
   */
  | {
      readonly kind: 'kill';
      readonly request: number;
      readonly moment?: 'before' | 'after';
      readonly attempts?: number;
    };

/** One fault, for events or resources that match. */
export interface Fault {
  readonly stack?: string;
  readonly logicalId?: string;
  /** What is done to the resource, or the RequestType. The way back of an update is an Update. */
  readonly on?: 'Create' | 'Update' | 'Delete';
  /** So many matching ones are left alone first. */
  readonly skip?: number;
  /** So many are hit, 1 unless said. */
  readonly times?: number;
  readonly does: Effect;
}

interface Planned {
  readonly fault: Fault;
  seen: number;
}

export interface FaultTarget {
  readonly stack: string;
  readonly logicalId: string;
  readonly on: 'Create' | 'Update' | 'Delete';
}

type EffectOf<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>;

/** Which faults are still to come. */
export class FaultPlan {
  readonly #planned: Planned[] = [];

  add(faults: readonly Fault[]): () => void {
    const added = faults.map((fault) => ({ fault, seen: 0 }));
    this.#planned.push(...added);
    return () => {
      for (const one of added) this.#planned.splice(this.#planned.indexOf(one), 1);
    };
  }

  /** Those that hit this target now; each counts as having been seen once. */
  take<K extends Effect['kind']>(kind: K, target: FaultTarget): readonly EffectOf<K>[] {
    const matching = this.#planned.filter(
      ({ fault: { does, stack, logicalId, on } }) =>
        does.kind === kind &&
        (stack ?? target.stack) === target.stack &&
        (logicalId ?? target.logicalId) === target.logicalId &&
        (on ?? target.on) === target.on,
    );
    const hit = matching.filter(({ fault: { skip = 0, times = 1 }, seen }) => seen >= skip && seen < skip + times);
    for (const one of matching) one.seen += 1;
    return hit.map(({ fault }) => fault.does as EffectOf<K>);
  }
}

/** What holds wait for: the ends of events and operations. */
export class Happenings {
  readonly #scheduler: Scheduler;
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Set<{ readonly name: string; readonly count: number; readonly resume: () => void }>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  happened(name: string): void {
    const count = this.count(name) + 1;
    this.#counts.set(name, count);
    for (const one of this.#waiting) {
      if (one.name !== name || one.count > count) continue;
      this.#waiting.delete(one);
      one.resume();
    }
  }

  /** Until it has happened `times` more. Then whoever waited takes a turn like everybody. */
  async more(name: string, times: number): Promise<void> {
    if (times > 0) {
      const count = this.count(name) + times;
      await new Promise<void>((resume) => this.#waiting.add({ name, count, resume }));
    }
    await this.#scheduler.turn();
  }
}
