import { ValidationError } from './error.ts';
import type { Scheduler } from './scheduler.ts';

/** Told to those still at work when another has failed. */
export class Cancellation {
  cancelled = false;
  readonly happened: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor() {
    this.happened = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  cancel(): void {
    this.cancelled = true;
    this.#resolve();
  }
}

export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Visits each node after all that it depends on, otherwise at the same time and in the order that the scheduler chooses. A visit answers whether it went well.
 * `stop`: after a failure nothing more begins and what is under way is cancelled. `go on`: only what depends on the failed one is left out. `regardless`: nothing is.
 */
export async function walk(
  dependencies: Dependencies,
  scheduler: Scheduler,
  afterFailure: 'stop' | 'go on' | 'regardless',
  visit: (id: string, cancellation: Cancellation) => Promise<boolean>,
  cancellation: Cancellation = new Cancellation(),
): Promise<readonly string[]> {
  const failed: string[] = [];
  const visits = new Map<string, Promise<boolean>>();
  const reach = (id: string): Promise<boolean> => {
    const under = visits.get(id) ?? begin(id);
    visits.set(id, under);
    return under;
  };
  const begin = async (id: string): Promise<boolean> => {
    const before = (dependencies.get(id) ?? []).filter((other) => dependencies.has(other));
    const went = await Promise.all(before.map(reach));
    if (afterFailure !== 'regardless' && went.includes(false)) return false;
    await scheduler.turn();
    if (afterFailure === 'stop' && cancellation.cancelled) return false;
    const well = await visit(id, cancellation);
    if (!well) {
      failed.push(id);
      if (afterFailure === 'stop') cancellation.cancel();
    }
    return well;
  };
  requireNoCircle(dependencies);
  await Promise.all([...dependencies.keys()].map(reach));
  return failed;
}

/** Each node with those that depend on it. */
export function reversed(dependencies: Dependencies): Dependencies {
  const result = new Map<string, string[]>([...dependencies.keys()].map((id) => [id, []]));
  for (const [id, before] of dependencies) for (const other of before) result.get(other)?.push(id);
  return result;
}

export function requireNoCircle(dependencies: Dependencies): void {
  const left = new Map(dependencies);
  for (;;) {
    const free = [...left].filter(([, before]) => !before.some((other) => left.has(other)));
    for (const [id] of free) left.delete(id);
    if (free.length === 0) break;
  }
  if (left.size > 0)
    throw new ValidationError(`Circular dependency between resources: [${[...left.keys()].join(', ')}]`);
}
