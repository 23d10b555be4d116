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
import { ANSWER_LOST, PLAIN, stepNumber, stepOf, WITH_DUPLICATE } from './step.ts';
import type { Effect } from './store-states.ts';
import { StoreStates } from './store-states.ts';
import { lineOf, viewOf } from './story.ts';

/** What is looked at, of what is possible. */
export interface SearchOptions {
  /** Every order is looked at, also of requests between which it makes no difference. */
  readonly everyOrder?: boolean;
  /** An actor who heard the same in another order stands elsewhere, also while he only waits for more. */
  readonly everyPlace?: boolean;
}

/** Columns of a row; then one for each actor. */
const STORE = 0;
const FAULTS = 1;
const ENDED = 2;
const ACTORS = 3;

/** Under Jest the look at a global is slow. */
const Pending = Promise;

interface Transition {
  readonly asked: Request;
  /** What the store is asked: the same, or the same once more. */
  readonly request: Request;
  readonly effect: Effect;
  readonly place: Place;
}

/** The first state that was found to be wrong. */
interface Wrong {
  readonly what: string;
  readonly state: number;
}

/**
 * The states of a scenario, by number as they are found: what can come after each, and whether it may be.
 */
export class Situations {
  readonly #scenario: Scenario;
  readonly #options: SearchOptions;
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
  #wrong: Wrong | undefined;

  static async of(scenario: Scenario, options: SearchOptions): Promise<Situations> {
    const situations = new Situations(scenario, options);
    await situations.#setUp();
    return situations;
  }

  private constructor(scenario: Scenario, options: SearchOptions) {
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

  /** Forgets which were found, but not what was found out about anybody. */
  begin(): void {
    this.#seen = new Seen(this.#start.length);
    this.#transitions = 0;
    this.#independence.isBroken = false;
    this.#seen.add(this.#start, -1, 0);
  }

  /** How many were found. */
  get size(): number {
    return this.#seen.size;
  }

  get transitions(): number {
    return this.#transitions;
  }

  get wrong(): Wrong | undefined {
    return this.#wrong;
  }

  /** What was never asked before has to be found out by running code; then the state is looked at from the beginning, and everything is known. */
  async lookAt(at: number): Promise<void> {
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
      const step = stepNumber(this.#actors.length, index, PLAIN);
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
    const answered = this.#faults.withoutLost(faults, asked);
    this.#go(from, stepNumber(number, index, PLAIN), effect.state, answered, number, place);
    if (!request.isWrite) return;
    if (faults.left.late > 0) {
      const twice = this.#faults.withLate(answered, this.#vocabulary.again(request));
      this.#go(from, stepNumber(number, index, WITH_DUPLICATE), effect.state, twice, number, place);
    }
    // One that changes nothing, and that nobody hears of, might as well not have been made.
    if (faults.left.lost > 0 && request === asked && effect.state !== this.#column(STORE)) {
      this.#go(from, stepNumber(number, index, ANSWER_LOST), effect.state, this.#faults.withLost(faults, asked));
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

  views(): ReadonlySet<string> {
    const views = new Set<string>();
    for (let at = 0; at < this.#seen.size; at++) {
      this.#seen.read(at, this.#row);
      const places = this.#actors.map((_, number) => this.#placeOf(number, this.#row));
      const isOver =
        this.#faultsOf(this.#row).late.length === 0 && places.every(({ outstanding }) => outstanding.length === 0);
      const objects = [...this.#stores.objectsIn(this.#column(STORE)).values()];
      const seen = isOver ? objects : objects.filter(({ key }) => this.#scenario.isJudged(key));
      views.add(`${isOver ? 'in the end' : 'on the way'}\n${viewOf(seen, places)}`);
    }
    return views;
  }

  async storyOf(state: number): Promise<readonly string[]> {
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
    const { actor: number, index, mode } = stepOf(step);
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
