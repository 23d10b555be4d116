import type { Chance } from '../../../repository/chance.ts';
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

/** One after the other, each of which knows nothing of those before. One that fails is the last. */
export type Acts = readonly [Act, ...Act[]];

/** Where an actor stands: what it has asked and not been told, or what it came to. */
export interface Place {
  readonly id: number;
  /** Requests on their way, which the store may serve in any order. */
  readonly outstanding: readonly Request[];
  /** What it came to; absent while it is at work. */
  readonly outcome?: string;
  readonly hasBegun: boolean;
  /** The number of the act that he is in. */
  readonly act: number;
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

export interface ActorOptions {
  /** Told of every new place, and of a new way to one. */
  readonly grown?: (place: Place) => void;
  /** False: answers that came in another order are another place, always. */
  readonly isMerging?: boolean;
  /** How often he waits for others in one act before he stops for ever. Absent: as often as the code does. */
  readonly pauses?: number;
}

/** What became of somebody who would have had to wait once more. */
const STOPPED = 'stopped';

const ANSWERS = 2 ** 24;
/** By what those of an actor's acts after the first are told apart in what they write. */
const ACT_NAMES = ['', 'B', 'C'];
/** Kept for each actor. */
const RUNS = 5000;

/**
 * An actor's code does the same whenever it is told the same: store, time and chance are all that it sees. So where it stands follows from which of its requests were
 * answered, in which order, with what; and it is run only for an answer that it was never given there before. All places together are a tree.
 *
 * An actor that came to its end is there by what it came to, whichever way it took; and one that begins another act stands at its beginning, because what went before is
 * nowhere but in the store. While it waits for several answers and does nothing on hearing
 * one of them, it makes no difference in which order they come; that it asks the same in the end is tried for two orders each time.
 */
export class Actor {
  readonly name: string;
  readonly places: Place[] = [];
  readonly #acts: Acts;
  readonly #vocabulary: Vocabulary;
  readonly #options: ActorOptions;
  readonly #known = new Map<string, Place>();
  /** Runs that stand at a place and can be gone on with. */
  readonly #runs = new Map<Place, Run>();

  constructor(name: string, acts: Acts, vocabulary: Vocabulary, options: ActorOptions = {}) {
    this.name = name;
    this.#acts = acts;
    this.#vocabulary = vocabulary;
    this.#options = options;
  }

  async begin(): Promise<Place> {
    return this.#placeOf(await this.#run(0), 0, undefined);
  }

  /** Where it goes when one of its requests is answered. The first time a promise, so that all others cost nothing. */
  after(place: Place, index: number, answer: number): Place | Promise<Place> {
    return place.next.get(index * ANSWERS + answer) ?? this.#grow(place, index, answer);
  }

  async #grow(from: Place, index: number, answerId: number): Promise<Place> {
    const answer = this.#vocabulary.answers[answerId];
    if (answer === undefined) throw new Error(`there is no answer ${answerId}`);
    const run = this.#runs.get(from) ?? (await this.#run(from.act, wayTo(from)));
    this.#runs.delete(from);
    await run.answer(index, answer);
    const way = { from, index, answer };
    const isDone = run.hasSucceeded && run.outstanding.length === 0 && from.act + 1 < this.#acts.length;
    const act = isDone ? from.act + 1 : from.act;
    const [, another] = from.ways;
    if (another !== undefined && from.since !== undefined) {
      await this.#requireSame(run, from.act, [...wayTo(another.from), another, way]);
    }
    const place = this.#placeOf(isDone ? await this.#run(act) : run, act, way);
    from.next.set(index * ANSWERS + answerId, place);
    return place;
  }

  async #run(number: number, steps: readonly Way[] = []): Promise<Run> {
    const act = this.#acts[number];
    if (act === undefined) throw new Error(`${this.name} has no act ${number}`);
    const name = `${this.name}${ACT_NAMES[number] ?? number}`;
    const run = await Run.begin(name, act, this.#vocabulary, this.#options.pauses);
    for (const { index, answer } of steps) await run.answer(index, answer);
    return run;
  }

  #keep(place: Place, run: Run): void {
    const [oldest] = this.#runs.keys();
    if (this.#runs.size >= RUNS && oldest !== undefined) this.#runs.delete(oldest);
    if (place.outstanding.length > 0) this.#runs.set(place, run);
  }

  async #requireSame(run: Run, act: number, steps: readonly Way[]): Promise<void> {
    const { outstanding, outcome } = await this.#run(act, steps);
    const isSame =
      outcome === run.outcome &&
      outstanding.length === run.outstanding.length &&
      outstanding.every(({ request }, index) => request === run.outstanding[index]?.request);
    if (!isSame) throw new Error(`${this.name} does something else when its answers come in another order`);
  }

  /** By what a place is found again on another way. `undefined`: there is no other. */
  #keyOf(run: Run, act: number, way: Way | undefined): string | undefined {
    if (way === undefined) return undefined;
    if (act !== way.from.act) return `act ${act}`;
    if (run.outcome !== undefined && run.outstanding.length === 0) return `end ${run.outcome}`;
    return this.#options.isMerging !== false && isWaiting(run, act, way) ? heardIn(way) : undefined;
  }

  #placeOf(run: Run, act: number, way: Way | undefined): Place {
    const { outstanding, outcome } = run;
    const key = this.#keyOf(run, act, way);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) {
      if (way !== undefined && known.outstanding.length > 0) {
        known.ways.push(way);
        this.#options.grown?.(known);
      }
      return known;
    }
    const place: Place = {
      id: this.places.length,
      outstanding: outstanding.map(({ request }) => request),
      ...(outcome !== undefined && { outcome }),
      hasBegun: way !== undefined,
      act,
      next: new Map(),
      ways: way === undefined ? [] : [way],
      since: way !== undefined && isWaiting(run, act, way) ? (way.from.since ?? way.from) : undefined,
    };
    this.places.push(place);
    this.#keep(place, run);
    this.#options.grown?.(place);
    if (key !== undefined) this.#known.set(key, place);
    return place;
  }
}

/** From where his act began. */
function wayTo(place: Place): readonly Way[] {
  const steps: Way[] = [];
  for (let [way] = place.ways; way?.from.act === place.act; [way] = way.from.ways) steps.push(way);
  return steps.reverse();
}

/** Which requests were answered with what, since he asked something last. */
function heardIn(last: Way): string {
  const heard: string[] = [];
  for (let way: Way | undefined = last; way !== undefined; [way] = way.from.since === undefined ? [] : way.from.ways) {
    heard.push(`${way.from.outstanding[way.index]?.id ?? ''}:${way.answer.id}`);
  }
  return `${(last.from.since ?? last.from).id} ${heard.sort().join()}`;
}

/** Whether the last answer made it ask nothing. */
function isWaiting({ outstanding, outcome }: Run, act: number, { from, index }: Way): boolean {
  const rest = from.outstanding.toSpliced(index, 1);
  return (
    act === from.act &&
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
  hasSucceeded = false;

  static async begin(name: string, act: Act, vocabulary: Vocabulary, pauses = Infinity): Promise<Run> {
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
    let paused = 0;
    const pause = (): Promise<void> => {
      paused += 1;
      if (paused <= pauses) return Promise.resolve();
      run.outcome = STOPPED;
      return new Promise(() => undefined);
    };
    act({ store, chance: { ...countingChance(name), pause } }).then(
      (outcome) => {
        run.outcome = outcome;
        run.hasSucceeded = true;
      },
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

/** Nobody pauses: that others do something meanwhile is one of the orders anyway. */
function countingChance(name: string): Omit<Chance, 'pause'> {
  let nonces = 0;
  return {
    now: () => new Date(Date.UTC(2026, 0, 1)),
    nonce: () => `${name.replaceAll(/[^A-Za-z0-9]/g, '')}n${++nonces}`,
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
    'LABEL_TAKEN',
    'STATUS_NOT_ALLOWED',
  )
    ? (error as { readonly code: string }).code
    : undefined;
  return code ?? `broken: ${String(error)}`;
}
