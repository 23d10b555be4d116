import type { Place } from './actor.ts';
import type { Request } from './request.ts';

/** Whether the order of two requests can make a difference to what comes of either, or to the store. */
export function clash(one: Request, other: Request): boolean {
  if (!one.isWrite && !other.isWrite) return false;
  return keysOf(one).some((a) => keysOf(other).some((b) => overlap(a, one, b, other)));
}

function keysOf({ at, from }: Request): readonly string[] {
  return from === undefined ? [at] : [at, from];
}

function overlap(a: string, one: Request, b: string, other: Request): boolean {
  if (one.method === 'list') return b.startsWith(a);
  if (other.method === 'list') return a.startsWith(b);
  return a === b;
}

/** What an actor may ask from a place on, as far as is known. */
interface Future {
  readonly asked: Set<Request>;
  /** By number: whether a request clashes with any of them. */
  readonly verdicts: Map<number, boolean>;
}

/**
 * Which requests meet nothing that somebody else may still ask, so that it makes no difference when they take place.
 *
 * What somebody may still ask at a place is what he was seen to ask there or later, in this search or an earlier one. A search that relied on less than
 * was found in the end is done again, until nothing new is found. That is enough. Let a search be one that found nothing new, and take any order of
 * requests that begins in a state which it saw; it saw every place that an actor comes to in that order. For where it looked at everybody's requests,
 * that holds by induction on what is left to happen. And where it preferred an actor, either that actor's next
 * request can be moved to the front, past requests of which none clashes with it, so that the order begins with what was looked at; or there is a first request before it that does
 * clash. All before that one can take place after the preferred request as well, so the search knows the place at which it was asked: it was
 * known, and nobody would have been preferred.
 */
export class Independence {
  readonly #futures = new Map<Place, Future>();
  readonly #requests = new Map<number, Request>();
  /** Something was asked that clashes with what was relied on. */
  isBroken = false;

  /** Takes note of what is asked at a place that is new, or is come to in a new way. */
  note(place: Place): void {
    const future = this.#futures.get(place);
    if (future === undefined) this.#futures.set(place, { asked: new Set(), verdicts: new Map() });
    this.#add(place, [...(future?.asked ?? []), ...place.outstanding], true);
  }

  #add(place: Place, requests: readonly Request[], isFirst = false): void {
    const future = this.#futures.get(place);
    const unknown = requests.filter((request) => future?.asked.has(request) === false);
    if (future === undefined || (unknown.length === 0 && !isFirst)) return;
    for (const request of unknown) {
      future.asked.add(request);
      this.#revise(future, request);
    }
    for (const { from } of place.ways) this.#add(from, isFirst ? requests : unknown);
  }

  #revise({ verdicts }: Future, request: Request): void {
    for (const [id, clashes] of verdicts) {
      const relied = this.#requests.get(id);
      if (clashes || relied === undefined || !clash(relied, request)) continue;
      verdicts.set(id, true);
      this.isBroken = true;
    }
  }

  /** Whether from there on nothing is asked that clashes with the request; the search relies on it. */
  areApart(place: Place, request: Request): boolean {
    const future = this.#futures.get(place);
    if (future === undefined) throw new Error('a place that nobody took note of');
    let clashes = future.verdicts.get(request.id);
    if (clashes === undefined) {
      clashes = [...future.asked].some((other) => clash(request, other));
      future.verdicts.set(request.id, clashes);
      this.#requests.set(request.id, request);
    }
    return !clashes;
  }
}
