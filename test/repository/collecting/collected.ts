import { makePlan } from '../../../repository/collecting/plan.ts';
import type { PlanRequest } from '../../../repository/collecting/plan.ts';
import type { PlanItem } from '../../../repository/collecting/item.ts';
import { isStep } from '../../../repository/collecting/item.ts';
import { runPlan } from '../../../repository/collecting/run.ts';
import type { RunResult } from '../../../repository/collecting/run-result.ts';
import type { Plan } from '../../../repository/collecting/stored-plan.ts';
import { establishDomain, LOCAL_PLACE, ownKeeper } from '../../../repository/index.ts';
import type { Chance, Digest, Domain, ObjectStore } from '../../../repository/index.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';

export const HOUR_MS: number = 60 * 60 * 1000;
export const DAY_MS: number = 24 * HOUR_MS;

/** A domain whose time stands still but for what is said. */
export class Clocked {
  readonly store: ObjectStore;
  readonly chance: Chance;
  #time = Date.UTC(2026, 0, 1);
  #nonces = 0;

  private constructor(wrap: (store: ObjectStore) => ObjectStore) {
    const now = (): Date => new Date(this.#time);
    this.store = wrap(memoryStore(now));
    this.chance = {
      now,
      nonce: () => `nonce${String(++this.#nonces).padStart(6, '0')}`,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    };
  }

  static async domain(
    wrap: (store: ObjectStore) => ObjectStore = (store) => store,
  ): Promise<{ readonly domain: Domain; readonly clock: Clocked }> {
    const clock = new Clocked(wrap);
    const { store, chance } = clock;
    const parts = { store, keeper: ownKeeper(store), chance };
    return { domain: await establishDomain(parts, { ...LOCAL_PLACE, bucket: 'local' }), clock };
  }

  get time(): number {
    return this.#time;
  }

  pass(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

let plans = 0;

export interface Planned {
  readonly plan: Plan;
  readonly items: readonly PlanItem[];
  readonly pieces: number;
}

/** A whole plan, as a keeper makes it that has time until it is asked for the `patience`th time, again and again. */
export async function planned(
  domain: Domain,
  wanted: Partial<PlanRequest> = {},
  patience: number = Infinity,
): Promise<Planned> {
  const request = { id: `plan${String(++plans).padStart(8, '0')}`, now: false, verbose: false, ...wanted };
  const items: PlanItem[] = [];
  let after: string | undefined;
  for (let pieces = 1; ; pieces++) {
    let asked = 0;
    const isTimeUp = (): boolean => ++asked >= patience;
    for await (const piece of makePlan(domain, { ...request, ...(after !== undefined && { after }) }, isTimeUp)) {
      items.push(...piece.items);
      if (piece.plan !== undefined) return { plan: piece.plan, items, pieces };
      ({ after } = piece);
      if (asked >= patience) break;
    }
  }
}

/** Everything that a plan says is done. */
export async function ran(domain: Domain, plan: Digest): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  for await (const batch of runPlan(domain, { plan })) results.push(...batch.results);
  return results;
}

export function steps({ items }: Planned): readonly PlanItem[] {
  return items.filter(isStep);
}

/** Everything that is stored below, with its content. */
export async function stored(store: ObjectStore, prefix = ''): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { key } of store.list(prefix)) {
    const head = await store.head(key);
    if (head !== undefined) found.set(key, head.revision);
  }
  return found;
}
