import type { Place } from './actor.ts';
import { Actor } from './actor.ts';
import { Alone } from './alone.ts';
import { FaultTable } from './faults.ts';
import type { Faults } from './faults.ts';
import { clash, Independence } from './independence.ts';
import { Judge } from './judge.ts';
import type { Request } from './request.ts';
import { Vocabulary } from './request.ts';
import type { Scenario } from './scenario.ts';
import { Seen } from './seen.ts';
import type { Effect } from './store-states.ts';
import { StoreStates } from './store-states.ts';
import { lineOf } from './story.ts';

/** What a search came to. */
export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest way on which a state was first reached. */
  readonly depth: number;
  /** Absent where nothing that must not be can happen. */
  readonly violation?: Violation;
}

export interface Violation {
  readonly wrong: string;
  /** A shortest story that comes to that, a line for each step. */
  readonly story: readonly string[];
}

export interface ExploreOptions {
  /** Every order is looked at, also of requests between which it makes no difference: then the story found is a shortest one. */
  readonly everyOrder?: boolean;
  /** An actor who heard the same in another order stands elsewhere, also while he only waits for more. */
  readonly everyPlace?: boolean;
  /** Gives up beyond so many states. */
  readonly limit?: number;
}

/** Columns of a row; then one for each actor. */
const STORE = 0;
const FAULTS = 1;
const ENDED = 2;
const ACTORS = 3;

/** How a request takes place. */
const PLAIN = 0;
const WITH_DUPLICATE = 1;
const ANSWER_LOST = 2;
const MODES = 4;
/** More requests of one actor are never on their way. */
const OUTSTANDING = 32;

const LIMIT = 20_000_000;

/** Under Jest the look at a global is slow. */
const Pending = Promise;

/**
 * Looks at everything that can happen when the actors of a scenario work on one store at the same time: in every order of their requests, and with
 * the faults that it allows. What an actor does is the product's own code (`Actor`), what the store does is the memory store's (`StoreStates`).
 *
 * A state is what the store holds, where each actor stands, which faults have consequences yet, and which promises have ended; it is looked at once,
 * however many ways lead there. That an actor stops for ever before any request needs no step of its own: each state is judged, also those in which he
 * has not moved for as long as the others go on. That he resumes late is another order.
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Explored> {
  const search = await Search.of(scenario, options);
  for (;;) {
    const explored = await search.run();
    if (explored.violation !== undefined || !search.reliedOnTooLittle) return explored;
  }
}

interface Transition {
  readonly asked: Request;
  /** What the store is asked: the same, or the same once more. */
  readonly request: Request;
  readonly effect: Effect;
  readonly place: Place;
}

class Search {
  readonly #scenario: Scenario;
  readonly #options: ExploreOptions;
  readonly #vocabulary = new Vocabulary();
  readonly #stores: StoreStates;
  readonly #actors: readonly Actor[];
  readonly #faults = new FaultTable();
  readonly #independence = new Independence();
  readonly #judge: Judge;
  readonly #alone: Alone;
  readonly #row: Int32Array;
  readonly #next: Int32Array;
  readonly #start: Int32Array;
  #seen: Seen;
  #transitions = 0;
  /** The first state that was found to be wrong. */
  #wrong: { readonly what: string; readonly state: number } | undefined;

  static async of(scenario: Scenario, options: ExploreOptions): Promise<Search> {
    const search = new Search(scenario, options);
    await search.#setUp();
    return search;
  }

  private constructor(scenario: Scenario, options: ExploreOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#stores = new StoreStates(this.#vocabulary, scenario.timeOf, scenario.isVersioned !== false);
    const { pauses } = scenario;
    const grown = (place: Place): void => {
      this.#independence.note(place);
    };
    const how = { grown, isMerging: options.everyPlace !== true, ...(pauses !== undefined && { pauses }) };
    this.#actors = scenario.parts.map(({ name, acts }) => new Actor(name, acts, this.#vocabulary, how));
    this.#judge = new Judge(scenario, this.#stores);
    this.#alone = new Alone(this.#actors, scenario.parts, this.#stores);
    const width = ACTORS + this.#actors.length;
    [this.#row, this.#next, this.#start] = [new Int32Array(width), new Int32Array(width), new Int32Array(width)];
    this.#seen = new Seen(width);
  }

  async #setUp(): Promise<void> {
    let store = this.#stores.of(new Map());
    for (const [number, act] of this.#scenario.before.entries()) {
      const actor = new Actor(`before${number}`, [act], this.#vocabulary);
      store = await this.#alone.toTheEnd(actor, store);
    }
    const { late = 0, lost = 0 } = this.#scenario.faults ?? {};
    this.#start[STORE] = store;
    this.#start[FAULTS] = this.#faults.of({ late: [], lost: [], left: { late, lost } }).id;
    for (const [number, actor] of this.#actors.entries()) this.#start[ACTORS + number] = (await actor.begin()).id;
  }

  get reliedOnTooLittle(): boolean {
    return this.#independence.isBroken;
  }

  async run(): Promise<Explored> {
    this.#seen = new Seen(this.#start.length);
    this.#transitions = 0;
    this.#independence.isBroken = false;
    this.#seen.add(this.#start, -1, 0);
    let [depth, endOfDepth] = [0, 1];
    for (let at = 0; at < this.#seen.size && this.#wrong === undefined; at++) {
      if (at === endOfDepth) {
        depth += 1;
        endOfDepth = this.#seen.size;
      }
      await this.#lookAt(at);
      if (this.#seen.size > (this.#options.limit ?? LIMIT)) throw new Error(`more states than ${this.#seen.size - 1}`);
    }
    const counts = { states: this.#seen.size, transitions: this.#transitions, depth };
    if (this.#wrong === undefined) return counts;
    const { what, state } = this.#wrong;
    return { ...counts, violation: { wrong: what, story: await this.#storyOf(state) } };
  }

  /** What was never asked before has to be found out by running code; then the state is looked at from the beginning, and everything is known. */
  async #lookAt(at: number): Promise<void> {
    for (;;) {
      this.#seen.read(at, this.#row);
      const transitions = this.#transitions;
      const unknown = this.#endsAlone(at) ?? this.#expand(at);
      if (unknown === undefined) return;
      this.#transitions = transitions;
      await unknown;
    }
  }

  /** Whether everybody who is to come to an end alone does, from here. */
  #endsAlone(at: number): Promise<unknown> | undefined {
    const store = this.#column(STORE);
    const { lost } = this.#faultsOf(this.#row);
    for (let number = 0; number < this.#actors.length; number++) {
      const place = this.#placeOf(number, this.#row);
      if (this.#alone.isKnown(number, store, place)) continue;
      // What was served without an answer is asked again: then it is looked at.
      if (lost.length > 0 && place.outstanding.some((request) => lost.includes(request))) continue;
      return this.#alone.look(number, store, place).then((trouble) => {
        if (trouble !== undefined) this.#wrong ??= { what: trouble, state: at };
      });
    }
    return undefined;
  }

  /** @returns something to wait for, where something has to be found out first */
  #expand(from: number): Promise<unknown> | undefined {
    const faults = this.#faultsOf(this.#row);
    const preferred = this.#options.everyOrder === true ? undefined : this.#preferred(faults);
    if (preferred instanceof Pending) return preferred;
    for (let number = 0; number < this.#actors.length; number++) {
      if (preferred !== undefined && number !== preferred) continue;
      const { outstanding } = this.#placeOf(number, this.#row);
      for (let index = 0; index < outstanding.length; index++) {
        const transition = this.#transition(number, index, faults);
        if (transition instanceof Pending) return transition;
        this.#take(from, number, index, transition, faults);
      }
    }
    if (preferred !== undefined) return undefined;
    for (let index = 0; index < faults.late.length; index++) {
      const effect = this.#stores.apply(this.#column(STORE), faults.late[index] as Request);
      if (effect instanceof Pending) return effect;
      const step = (this.#actors.length * OUTSTANDING + index) * MODES;
      this.#go(from, step, effect.state, this.#faults.withoutLate(faults, index));
    }
    return undefined;
  }

  /**
   * Somebody whose turn it may as well be: all that he has asked meets nothing that anybody else may still ask, nor what may still take place twice; and nobody
   * sees from outside that it took place. Then every order of the rest is one in which he goes first. Nobody can be preferred for ever, because
   * every step brings its actor further.
   */
  #preferred(faults: Faults): number | Promise<unknown> | undefined {
    for (let number = 0; number < this.#actors.length; number++) {
      const place = this.#placeOf(number, this.#row);
      if (place.outstanding.length === 0 || !this.#isApart(number, place.outstanding, faults)) continue;
      let isSeen = false;
      for (let index = 0; index < place.outstanding.length && !isSeen; index++) {
        const transition = this.#transition(number, index, faults);
        if (transition instanceof Pending) return transition;
        const { request, place: next } = transition;
        isSeen =
          (request.isWrite && this.#scenario.isJudged(request.at)) ||
          this.#judge.phaseOf(number, next) !== this.#judge.phaseOf(number, place);
      }
      if (!isSeen) return number;
    }
    return undefined;
  }

  #isApart(number: number, outstanding: readonly Request[], { late }: Faults): boolean {
    for (const request of outstanding) {
      for (const one of late) if (clash(one, request)) return false;
      for (let other = 0; other < this.#actors.length; other++) {
        if (other !== number && !this.#independence.areApart(this.#placeOf(other, this.#row), request)) return false;
      }
    }
    return true;
  }

  #transition(number: number, index: number, { lost }: Faults): Transition | Promise<unknown> {
    const actor = this.#actors[number] as Actor;
    const place = this.#placeOf(number, this.#row);
    const asked = place.outstanding[index] as Request;
    const request = lost.length > 0 && lost.includes(asked) ? this.#vocabulary.again(asked) : asked;
    const effect = this.#stores.apply(this.#column(STORE), request);
    if (effect instanceof Pending) return effect;
    const next = actor.after(place, index, effect.answer);
    return next instanceof Pending ? next : { asked, request, effect, place: next };
  }

  /** A request takes place, and perhaps once more. */
  #take(from: number, number: number, index: number, transition: Transition, faults: Faults): void {
    const { asked, request, effect, place } = transition;
    const step = (number * OUTSTANDING + index) * MODES;
    const answered = this.#faults.withoutLost(faults, asked);
    this.#go(from, step + PLAIN, effect.state, answered, number, place);
    if (!request.isWrite) return;
    if (faults.left.late > 0) {
      const twice = this.#faults.withLate(answered, this.#vocabulary.again(request));
      this.#go(from, step + WITH_DUPLICATE, effect.state, twice, number, place);
    }
    // One that changes nothing, and that nobody hears of, might as well not have been made.
    if (faults.left.lost > 0 && request === asked && effect.state !== this.#column(STORE)) {
      this.#go(from, step + ANSWER_LOST, effect.state, this.#faults.withLost(faults, asked));
    }
  }

  #go(from: number, step: number, store: number, faults: Faults, number = -1, place?: Place): void {
    this.#transitions += 1;
    const next = this.#next;
    for (let column = 0; column < next.length; column++) next[column] = this.#row[column] as number;
    next[STORE] = store;
    next[FAULTS] = faults.id;
    if (place !== undefined) next[ACTORS + number] = place.id;
    const { ended, wrong } = this.#judge.of(
      store,
      this.#actors.length,
      (one) => this.#placeOf(one, next),
      this.#column(ENDED),
    );
    next[ENDED] = ended;
    if (this.#seen.add(next, from, step) && wrong !== undefined) {
      this.#wrong ??= { what: wrong, state: this.#seen.size - 1 };
    }
  }

  #column(column: number): number {
    return this.#row[column] as number;
  }

  #placeOf(number: number, row: Int32Array): Place {
    return this.#actors[number]?.places[row[ACTORS + number] as number] as Place;
  }

  #faultsOf(row: Int32Array): Faults {
    return this.#faults.all[row[FAULTS] as number] as Faults;
  }

  async #storyOf(state: number): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let at = state; ;) {
      const { from, step } = this.#seen.originOf(at);
      if (from < 0) return lines.reverse();
      this.#seen.read(from, this.#row);
      lines.push(await this.#lineOf(step));
      at = from;
    }
  }

  async #lineOf(step: number): Promise<string> {
    const faults = this.#faultsOf(this.#row);
    const [mode, index] = [step % MODES, Math.floor(step / MODES) % OUTSTANDING];
    const number = Math.floor(step / MODES / OUTSTANDING);
    const part = this.#scenario.parts[number];
    const asked = part === undefined ? undefined : (this.#placeOf(number, this.#row).outstanding[index] as Request);
    const isAgain = asked === undefined || faults.lost.includes(asked);
    const request =
      asked === undefined ? (faults.late[index] as Request) : isAgain ? this.#vocabulary.again(asked) : asked;
    const { answer } = await this.#stores.apply(this.#column(STORE), request);
    const remarks = [
      ...(isAgain ? ['for the second time'] : []),
      ...(mode === WITH_DUPLICATE ? ['and once more later'] : []),
      ...(mode === ANSWER_LOST ? ['but nobody hears of it'] : []),
    ];
    return lineOf(part?.name ?? 'late', request, this.#vocabulary.answers[answer], remarks);
  }
}
