import type { Scenario } from './scenario.ts';
import type { SearchOptions } from './situations.ts';
import { Situations } from './situations.ts';

/** What a search came to. */
export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest way on which a state was first reached. */
  readonly depth: number;
  /** Absent where nothing that must not be can happen. */
  readonly violation?: Violation;
  /**
   * Who came to what, with what the store holds: of every state as much of that as is judged; of one from which nobody goes on, everything. Only where
   * it is asked for.
   */
  readonly views?: ReadonlySet<string>;
}

export interface Violation {
  readonly wrong: string;
  /** How it comes to that, a line for each step; where every order was looked at, a shortest story. */
  readonly story: readonly string[];
}

export interface ExploreOptions extends SearchOptions {
  readonly withViews?: boolean;
  /** Gives up beyond so many states. */
  readonly limit?: number;
}

const LIMIT = 20_000_000;

/**
 * Looks at everything that can happen when the actors of a scenario work on one store at the same time: in every order of their requests, and with
 * the faults that it allows. What an actor does is the product's own code (`Actor`), what the store does is the memory store's (`StoreStates`).
 *
 * A state is what the store holds, where each actor stands, which faults have consequences yet, and which promises have ended; it is looked at once,
 * however many ways lead there. That an actor stops for ever before any request needs no step of its own: each state is judged, also those in which he
 * has not moved for as long as the others go on. That he resumes late is another order.
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Explored> {
  const situations = await Situations.of(scenario, options);
  for (;;) {
    const explored = await exhaust(situations, options);
    if (explored.violation !== undefined || !situations.reliedOnTooLittle) return explored;
  }
}

/** Breadth first. */
async function exhaust(situations: Situations, { limit = LIMIT, withViews }: ExploreOptions): Promise<Explored> {
  situations.begin();
  let [depth, endOfDepth] = [0, 1];
  for (let at = 0; at < situations.size && situations.wrong === undefined; at++) {
    if (at === endOfDepth) {
      depth += 1;
      endOfDepth = situations.size;
    }
    await situations.lookAt(at);
    if (situations.size > limit) throw new Error(`more states than ${limit}`);
  }
  return { ...(await found(situations, depth)), ...(withViews === true && { views: situations.views() }) };
}

/**
 * Looks at so many states of more than can be looked at: on ways through all of it, each of which goes on for as long as it meets a state that nobody has met,
 * and then begins at one that was met but not looked at. Nothing is left out between which it would make no difference.
 * @param random from 0 up to 1, not included
 */
export async function wander(scenario: Scenario, states: number, random: () => number): Promise<Explored> {
  const situations = await Situations.of(scenario, { everyOrder: true });
  situations.begin();
  const depths = [0];
  const met: number[] = [];
  let depth = 0;
  for (let at: number | undefined = 0; at !== undefined && situations.wrong === undefined;) {
    const [before, next] = [situations.size, (depths[at] ?? 0) + 1];
    await situations.lookAt(at);
    if (situations.size >= states) break;
    for (let one = before; one < situations.size; one++) {
      depths.push(next);
      met.push(one);
    }
    depth = Math.max(depth, depths.at(-1) ?? 0);
    const among = situations.size > before ? situations.size - before : met.length;
    at = takeFrom(met, met.length - 1 - Math.floor(random() * among));
  }
  return found(situations, depth);
}

function takeFrom(numbers: number[], index: number): number | undefined {
  const last = numbers.pop();
  if (index >= numbers.length || last === undefined) return last;
  const taken = numbers[index];
  numbers[index] = last;
  return taken;
}

async function found(situations: Situations, depth: number): Promise<Explored> {
  const { size: states, transitions, wrong } = situations;
  if (wrong === undefined) return { states, transitions, depth };
  const violation = { wrong: wrong.what, story: await situations.storyOf(wrong.state) };
  return { states, transitions, depth, violation };
}
