import type { Chance } from '../../../repository/domain.ts';
import { hasCode } from '../../../repository/error.ts';
import type { ObjectStore } from '../../../repository/object-store.ts';
import type { Answer, Request, Vocabulary } from './request.ts';
import { askingStore } from './request.ts';

/** What an actor is given: everything that it can learn from, and nothing else. */
export interface Given {
  readonly store: ObjectStore;
  readonly chance: Chance;
}

/** The product's code, with what it came to as a word. */
export type Act = (given: Given) => Promise<string>;

/** Where an actor stands: what it has asked and not been told, or what it came to. */
export interface Place {
  readonly id: number;
  /** Requests on their way, which the store may serve in any order. */
  readonly outstanding: readonly Request[];
  /** What it came to; absent while it is at work. */
  readonly outcome?: string;
  readonly hasBegun: boolean;
  readonly next: Map<number, Place>;
  /** All ways that lead here; none to the first. */
  readonly ways: Way[];
  /** Of a place where it was told something and asked nothing: where it asked something last. */
  readonly since: Place | undefined;
}

/** The step that led to a place. */
interface Way {
  readonly from: Place;
  readonly index: number;
  readonly answer: Answer;
}

const ANSWERS = 2 ** 24;
/** Kept for each actor. */
const RUNS = 5000;

/**
 * An actor's code does the same whenever it is told the same: store, time and chance are all that it sees. So where it stands follows from which of its requests were
 * answered, in which order, with what; and it is run only for an answer that it was never given there before. All places together are a tree.
 *
 * An actor that came to its end is there by what it came to, whichever way it took. And while it waits for several answers and does nothing on hearing
 * one of them, it makes no difference in which order they come; that it asks the same in the end is tried for two orders each time.
 */
export class Actor {
  readonly name: string;
  readonly places: Place[] = [];
  readonly #act: Act;
  readonly #vocabulary: Vocabulary;
  readonly #grown: (place: Place) => void;
  readonly #known = new Map<string, Place>();
  /** Runs that stand at a place and can be gone on with. */
  readonly #runs = new Map<Place, Run>();

  /** @param grown told of every new place, and of a new way to one */
  constructor(name: string, act: Act, vocabulary: Vocabulary, grown: (place: Place) => void = () => undefined) {
    this.name = name;
    this.#act = act;
    this.#vocabulary = vocabulary;
    this.#grown = grown;
  }

  async begin(): Promise<Place> {
    const run = await Run.begin(this.name, this.#act, this.#vocabulary);
    return this.#placeOf(run, undefined);
  }

  /** Where it goes when one of its requests is answered. The first time a promise, so that all others cost nothing. */
  after(place: Place, index: number, answer: number): Place | Promise<Place> {
    return place.next.get(index * ANSWERS + answer) ?? this.#grow(place, index, answer);
  }

  async #grow(from: Place, index: number, answerId: number): Promise<Place> {
    const answer = this.#vocabulary.answers[answerId];
    if (answer === undefined) throw new Error(`there is no answer ${answerId}`);
    const run = this.#runs.get(from) ?? (await this.#goTo(wayTo(from)));
    this.#runs.delete(from);
    await run.answer(index, answer);
    const way = { from, index, answer };
    const place = this.#placeOf(run, way);
    const [, another] = from.ways;
    if (another !== undefined) await this.#requireSame(place, [...wayTo(another.from), another, way]);
    from.next.set(index * ANSWERS + answerId, place);
    return place;
  }

  async #goTo(steps: readonly Way[]): Promise<Run> {
    const run = await Run.begin(this.name, this.#act, this.#vocabulary);
    for (const { index, answer } of steps) await run.answer(index, answer);
    return run;
  }

  #keep(place: Place, run: Run): void {
    const [oldest] = this.#runs.keys();
    if (this.#runs.size >= RUNS && oldest !== undefined) this.#runs.delete(oldest);
    if (place.outstanding.length > 0) this.#runs.set(place, run);
  }

  async #requireSame(place: Place, steps: readonly Way[]): Promise<void> {
    const { outstanding, outcome } = await this.#goTo(steps);
    const isSame =
      outcome === place.outcome && outstanding.every(({ request }, index) => request === place.outstanding[index]);
    if (!isSame) throw new Error(`${this.name} does something else when its answers come in another order`);
  }

  #placeOf(run: Run, way: Way | undefined): Place {
    const { outstanding, outcome } = run;
    const key = keyOf(outstanding, outcome, way);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) {
      if (way !== undefined && known.outstanding.length > 0) {
        known.ways.push(way);
        this.#grown(known);
      }
      return known;
    }
    const place: Place = {
      id: this.places.length,
      outstanding: outstanding.map(({ request }) => request),
      ...(outcome !== undefined && { outcome }),
      hasBegun: way !== undefined,
      next: new Map(),
      ways: way === undefined ? [] : [way],
      since: way !== undefined && isWaiting(outstanding, outcome, way) ? (way.from.since ?? way.from) : undefined,
    };
    this.places.push(place);
    this.#keep(place, run);
    this.#grown(place);
    if (key !== undefined) this.#known.set(key, place);
    return place;
  }
}

function wayTo(place: Place): readonly Way[] {
  const steps: Way[] = [];
  for (let [way] = place.ways; way !== undefined; [way] = way.from.ways) steps.push(way);
  return steps.reverse();
}

/** By what a place is found again on another way. `undefined`: there is no other. */
function keyOf(
  outstanding: readonly Outstanding[],
  outcome: string | undefined,
  way: Way | undefined,
): string | undefined {
  if (way === undefined) return undefined;
  if (outcome !== undefined && outstanding.length === 0) return `end ${outcome}`;
  if (!isWaiting(outstanding, outcome, way)) return undefined;
  const heard: string[] = [];
  for (
    let at: Way | undefined = way;
    at !== undefined;
    at = at.from.since === undefined ? undefined : at.from.ways[0]
  ) {
    heard.push(`${at.from.outstanding[at.index]?.id ?? ''}:${at.answer.id}`);
  }
  return `${(way.from.since ?? way.from).id} ${heard.sort().join()}`;
}

/** Whether the last answer made it ask nothing. */
function isWaiting(outstanding: readonly Outstanding[], outcome: string | undefined, { from, index }: Way): boolean {
  const rest = from.outstanding.toSpliced(index, 1);
  return (
    outcome === from.outcome &&
    rest.length > 0 &&
    outstanding.length === rest.length &&
    outstanding.every(({ request }, number) => request === rest[number])
  );
}

interface Outstanding {
  readonly request: Request;
  readonly tell: (answer: Answer) => void;
}

/** The code at work, alone, told what to be told. */
class Run {
  readonly outstanding: Outstanding[] = [];
  outcome: string | undefined;

  static async begin(name: string, act: Act, vocabulary: Vocabulary): Promise<Run> {
    const run = new Run();
    let writings = 0;
    const store = askingStore(
      (asked) =>
        new Promise((resolve, reject) => {
          const request = vocabulary.request(asked, `${name}-${writings + 1}`);
          if (request.isWrite) writings += 1;
          run.outstanding.push({
            request,
            tell: (answer) => {
              if ('error' in answer)
                reject(answer.error instanceof Error ? answer.error : new Error(String(answer.error)));
              else resolve(answer.value);
            },
          });
        }),
    );
    act({ store, chance: countingChance(name) }).then(
      (outcome) => (run.outcome = outcome),
      (error: unknown) => (run.outcome = failureOf(error)),
    );
    await settled();
    return run;
  }

  async answer(index: number, answer: Answer): Promise<void> {
    const [one] = this.outstanding.splice(index, 1);
    if (one === undefined) throw new Error('what is answered was never asked: the code does not repeat itself');
    one.tell(answer);
    await settled();
  }
}

/** Everything that can go on without another answer has gone on: nothing but promises is waited for. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A pause takes no time: that others do something meanwhile is one of the orders anyway. */
function countingChance(name: string): Chance {
  let nonces = 0;
  return {
    now: () => new Date(Date.UTC(2026, 0, 1)),
    nonce: () => `${name.replaceAll(/[^A-Za-z0-9]/g, '')}n${++nonces}`,
    pause: () => Promise.resolve(),
  };
}

function failureOf(error: unknown): string {
  const code = hasCode(
    error,
    'CONTENTION',
    'ARTIFACT_DELETED',
    'CONTENT_MISSING',
    'SUPERSEDED',
    'ARTIFACT_ARCHIVED',
    'ARTIFACT_NOT_FOUND',
  )
    ? (error as { readonly code: string }).code
    : undefined;
  return code ?? `broken: ${String(error)}`;
}
