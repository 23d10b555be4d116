import type { Request } from './request.ts';

/** How often in one story something goes wrong that no order of requests brings about. */
export interface FaultLimits {
  /** A write takes place a second time, at any moment after the first, and nobody hears of that. */
  readonly late?: number;
  /** A write takes place and its answer is lost: the store's client makes it again, at any moment, and the actor hears what came of the second. */
  readonly lost?: number;
}

/** What has gone wrong and has consequences yet. */
export interface Faults {
  readonly id: number;
  /** Will still take place a second time, if ever. */
  readonly late: readonly Request[];
  /** Requests on their way which took place already. */
  readonly lost: readonly Request[];
  readonly left: Required<FaultLimits>;
}

const NUMBERS = 2 ** 20;

/** By number, each once. */
export class FaultTable {
  readonly all: Faults[] = [];
  readonly #ids = new Map<string, Faults>();
  readonly #changes = new Map<number, Faults>();

  of(faults: Omit<Faults, 'id'>): Faults {
    const late = faults.late.toSorted((a, b) => a.id - b.id);
    const lost = faults.lost.toSorted((a, b) => a.id - b.id);
    const text = JSON.stringify([late.map(({ id }) => id), lost.map(({ id }) => id), faults.left]);
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const made = { late, lost, left: faults.left, id: this.all.length };
    this.#ids.set(text, made);
    this.all.push(made);
    return made;
  }

  withLate(faults: Faults, request: Request): Faults {
    const { late, left } = faults;
    return this.#once(0, faults, request.id, () => ({
      ...faults,
      late: [...late, request],
      left: { ...left, late: left.late - 1 },
    }));
  }

  withoutLate(faults: Faults, index: number): Faults {
    return this.#once(1, faults, index, () => ({ ...faults, late: faults.late.toSpliced(index, 1) }));
  }

  withLost(faults: Faults, request: Request): Faults {
    const { lost, left } = faults;
    return this.#once(2, faults, request.id, () => ({
      ...faults,
      lost: [...lost, request],
      left: { ...left, lost: left.lost - 1 },
    }));
  }

  withoutLost(faults: Faults, request: Request): Faults {
    if (faults.lost.length === 0) return faults;
    return this.#once(3, faults, request.id, () => ({
      ...faults,
      lost: faults.lost.filter((one) => one !== request),
    }));
  }

  /** The same change of the same faults is asked for again and again. */
  #once(change: number, faults: Faults, number: number, make: () => Omit<Faults, 'id'>): Faults {
    const key = (faults.id * 4 + change) * NUMBERS + number;
    const known = this.#changes.get(key);
    if (known !== undefined) return known;
    const made = this.of(make());
    this.#changes.set(key, made);
    return made;
  }
}
