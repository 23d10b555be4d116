import { ArtifactError } from '../../../repository/error.ts';
import type { ObjectStore } from '../../../repository/object-store.ts';

/** Of a hundred writes, how many each befalls. */
export interface Mishaps {
  /** The answer is lost; the store's client asks again, some time later, and the second answer is what is heard. */
  readonly lost: number;
  /** It takes place or not, and nobody ever hears. */
  readonly failed: number;
  /** It takes place once more, at any later moment, and nobody hears of that. */
  readonly late: number;
}

/** What is still on its way to a store. */
export class Line {
  readonly #store: ObjectStore;
  readonly #random: () => number;
  readonly #mishaps: Mishaps;
  #late: (() => Promise<unknown>)[] = [];

  /** @param store in which what comes late takes place at once */
  constructor(store: ObjectStore, mishaps: Mishaps, random: () => number) {
    this.#store = store;
    this.#mishaps = mishaps;
    this.#random = random;
  }

  /** The store as one sees it who asks on this line. */
  wrap(own: ObjectStore): ObjectStore {
    const writing = async <T>(ask: (store: ObjectStore) => Promise<T>): Promise<T> => {
      await this.#arrive();
      const { lost, failed, late } = this.#mishaps;
      if (this.#happens(failed)) {
        if (this.#happens(50)) await ask(own);
        throw new ArtifactError('STORE_UNAVAILABLE', 'the store can not be reached');
      }
      const answer = await ask(own);
      if (this.#happens(late)) this.#late.push(() => ask(this.#store));
      return this.#happens(lost) ? ask(own) : answer;
    };
    return {
      ...own,
      create: (key, content, attributes) => writing((store) => store.create(key, content, attributes)),
      replace: (key, content, revision, attributes) =>
        writing((store) => store.replace(key, content, revision, attributes)),
      removeRevision: (key, revision) => writing((store) => store.removeRevision(key, revision)),
    };
  }

  async #arrive(): Promise<void> {
    if (!this.#happens(20)) return;
    const [first, ...rest] = this.#late;
    this.#late = rest;
    await first?.();
  }

  #happens(percent: number): boolean {
    return percent > 0 && this.#random() * 100 < percent;
  }
}
