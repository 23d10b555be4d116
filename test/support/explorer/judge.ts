import type { Place } from './actor.ts';
import type { Judgement, Scenario } from './scenario.ts';
import type { StoreStates } from './store-states.ts';

/** So many outcomes, all actors' together. */
const PHASES = 64;
const ENDED = 2 ** 10;

/** Judges each situation once: what the store holds, who came to what, and which promises have ended. */
export class Judge {
  readonly #scenario: Scenario;
  readonly #stores: StoreStates;
  readonly #outcomes: string[] = [];
  readonly #phases: number[][];
  readonly #known = new Map<number, Map<number, Judgement>>();

  constructor(scenario: Scenario, stores: StoreStates) {
    this.#scenario = scenario;
    this.#stores = stores;
    this.#phases = scenario.parts.map(() => []);
  }

  of(store: number, actors: number, placeOf: (number: number) => Place, ended: number): Judgement {
    let phases = 0;
    for (let number = 0; number < actors; number++) phases = phases * PHASES + this.phaseOf(number, placeOf(number));
    let known = this.#known.get(phases);
    if (known === undefined) this.#known.set(phases, (known = new Map<number, Judgement>()));
    let judgement = known.get(store * ENDED + ended);
    if (judgement === undefined)
      known.set(
        store * ENDED + ended,
        (judgement = this.#judge(
          store,
          Array.from({ length: actors }, (_, number) => placeOf(number)),
          ended,
        )),
      );
    return judgement;
  }

  /** As much of where an actor stands as the judgement depends on. */
  phaseOf(number: number, { id, outcome, hasBegun }: Place): number {
    const known = this.#phases[number]?.[id];
    if (known !== undefined) return known;
    const phase = outcome === undefined ? Number(hasBegun && this.#isWatched(number)) : 2 + this.#outcomeId(outcome);
    if (phase >= PHASES) throw new Error(`more outcomes than ${PHASES - 2}`);
    const phases = this.#phases[number];
    if (phases !== undefined) phases[id] = phase;
    return phase;
  }

  #judge(store: number, places: readonly Place[], ended: number): Judgement {
    const numberOf = (name: string): number => this.#scenario.parts.findIndex((part) => part.name === name);
    const broken = places.findIndex(({ outcome }) => outcome?.startsWith('broken') === true);
    const wrong =
      broken < 0 ? undefined : `${this.#scenario.parts[broken]?.name ?? ''} is ${places[broken]?.outcome ?? ''}`;
    if (wrong !== undefined) return { ended, wrong };
    return this.#scenario.judge({
      objects: this.#stores.objectsIn(store),
      outcome: (name) => places[numberOf(name)]?.outcome,
      hasBegun: (name) => places[numberOf(name)]?.hasBegun === true,
      ended,
    });
  }

  #isWatched(number: number): boolean {
    const { parts, watched = [] } = this.#scenario;
    return watched.includes(parts[number]?.name ?? '');
  }

  #outcomeId(outcome: string): number {
    const known = this.#outcomes.indexOf(outcome);
    return known >= 0 ? known : this.#outcomes.push(outcome) - 1;
  }
}
