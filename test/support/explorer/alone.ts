import type { Actor, Place } from './actor.ts';
import type { Part } from './scenario.ts';
import type { StoreStates } from './store-states.ts';

/** More than anybody needs, who waits for somebody that died. */
const REQUESTS = 250;
const PLACES = 2 ** 24;

/** What becomes of an actor when everybody else has stopped for ever. */
export class Alone {
  readonly #actors: readonly Actor[];
  readonly #parts: readonly Part[];
  readonly #stores: StoreStates;
  /** By actor: situations from which he comes to his end, in so many requests of his own. */
  readonly #lengths: readonly Map<number, number>[];

  constructor(actors: readonly Actor[], parts: readonly Part[], stores: StoreStates) {
    this.#actors = actors;
    this.#parts = parts;
    this.#stores = stores;
    this.#lengths = actors.map(() => new Map());
  }

  isKnown(number: number, store: number, place: Place): boolean {
    return this.#lengths[number]?.has(store * PLACES + place.id) === true;
  }

  /** @returns what is wrong */
  async look(number: number, store: number, place: Place): Promise<string | undefined> {
    const length = await this.#length(number, store, place, 0);
    return typeof length === 'string' ? length : undefined;
  }

  /** Requests until the end, in whichever order they are served; or why there is none. */
  async #length(number: number, store: number, place: Place, before: number): Promise<number | string> {
    const [actor, part, lengths] = [this.#actors[number], this.#parts[number], this.#lengths[number]];
    if (actor === undefined || part === undefined || lengths === undefined) throw new Error('there is no such actor');
    const known = lengths.get(store * PLACES + place.id);
    if (known !== undefined) return known;
    if (before > REQUESTS) return `${part.name}, alone, comes to no end`;
    if (place.outcome === 'CONTENTION' && part.mayBeBlocked !== true) return `${part.name}, alone, is blocked for ever`;
    let length = 0;
    for (const [index, request] of place.outstanding.entries()) {
      const { answer, state } = await this.#stores.apply(store, request);
      const after = await this.#length(number, state, await actor.after(place, index, answer), before + 1);
      if (typeof after === 'string') return after;
      length = Math.max(length, after + 1);
    }
    lengths.set(store * PLACES + place.id, length);
    return length;
  }

  /** @returns the state that somebody leaves whom nobody disturbs */
  async toTheEnd(actor: Actor, store: number): Promise<number> {
    let state = store;
    for (let place = await actor.begin(); ;) {
      const [request] = place.outstanding;
      if (request === undefined) {
        if (place.outcome?.startsWith('broken') !== false) throw new Error(`before the story: ${place.outcome ?? ''}`);
        return state;
      }
      const effect = await this.#stores.apply(state, request);
      state = effect.state;
      place = await actor.after(place, 0, effect.answer);
    }
  }
}
