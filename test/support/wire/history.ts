import { setTimeout as pause } from 'node:timers/promises';
import { ArtifactError } from '../../../repository/index.ts';
import type { Act, Client, Collect } from './acts.ts';
import { ACTS, byTheProtocol } from './acts.ts';
import { clearAway } from './ending.ts';
import { randomFrom } from '../interleaving.ts';
import { judge } from './judge.ts';
import type { Fate } from './mortal.ts';
import { Died, mortal } from './mortal.ts';
import type { Tally } from './tally.ts';
import type { Stage } from './world.ts';
import { World } from './world.ts';

export interface HistoryOptions {
  readonly stage: Stage;
  readonly tally: Tally;
  readonly seed: number;
  readonly rounds: number;
  readonly collect?: Collect;
}

/** So many processes are at work at once. */
const CLIENTS = 9;
/** They begin within so many milliseconds. */
const SPREAD_MS = 15;
/** Whoever dies or sleeps does so at one of its first requests. */
const FATEFUL_REQUESTS = 14;

/** Failures that anybody can meet: whoever asked asks again, or packages again. */
const EXPECTED: readonly ArtifactError['code'][] = [
  'STORE_UNAVAILABLE',
  'CONTENTION',
  'ARTIFACT_DELETED',
  'CONTENT_MISSING',
  'SUPERSEDED',
];

/**
 * Plays rounds in one bucket of its own: in each, several processes are at work at the same time, and some of them die or fall asleep; those wake up in the
 * next. After each round the world is judged. In the end everything is given up, and nothing may be left.
 * @returns what was found wrong
 */
export async function playHistory({
  stage,
  tally,
  seed,
  rounds,
  collect = byTheProtocol,
}: HistoryOptions): Promise<readonly string[]> {
  const bucket = `history-${seed}`;
  await stage.bucket(bucket);
  const world = new World(bucket, tally);
  const random = randomFrom(seed);
  const dormitory = new Dormitory();
  const judging = stage.connect(bucket);
  try {
    for (let round = 0; round < rounds; round++) {
      const working = Array.from({ length: CLIENTS }, (_, number) =>
        work({
          stage,
          world,
          collect,
          dormitory,
          random: randomFrom(Math.floor(random() * 2 ** 31)),
          who: `s${seed}r${round}c${number}`,
        }),
      );
      dormitory.wake(random);
      await dormitory.untilAwakeHaveEnded(working);
      tally.count('round');
      stage.quiet(bucket, true);
      await judge(world.domain(judging, 'judge'), world);
      stage.quiet(bucket, false);
      if (world.violations.size > 0) return [...world.violations].map((one) => `seed ${seed}, round ${round}: ${one}`);
    }
    stage.quiet(bucket, true);
    dormitory.wake(() => 0);
    await dormitory.untilAwakeHaveEnded([]);
    await stage.settle();
    await clearAway(world.domain(judging, 'ending'), world);
    return [...world.violations].map((one) => `seed ${seed}, in the end: ${one}`);
  } finally {
    dormitory.wake(() => 0);
  }
}

interface Work {
  readonly stage: Stage;
  readonly world: World;
  readonly collect: Collect;
  readonly dormitory: Dormitory;
  readonly random: () => number;
  readonly who: string;
}

/** One process, from its beginning to its end. */
async function work({ stage, world, collect, dormitory, random, who }: Work): Promise<void> {
  const { tally, bucket } = world;
  const [act, mayCrash] = chooseAct(random);
  const store = stage.connect(bucket);
  const own = mortal(store, {
    fate: fateBy(random, mayCrash === 'often' ? 2 : 1),
    sleep: () => {
      tally.count('sleep');
      return dormitory.sleep();
    },
    told: (what) => {
      if (what === 'request' || what === 'rescue') tally.count(what);
      if (what === 'death') tally.count('crash');
      if (what === 'death after the decision') tally.count('crash after the decision');
      if (what === 'death after a removal') tally.count('crash after a removal');
    },
  });
  const client: Client = {
    ...{ domain: world.domain(own, who), onlooker: world.domain(store, `${who}o`), world, random, collect },
    filenames: stage.filenames,
  };
  await pause(random() * SPREAD_MS);
  try {
    await act(client);
  } catch (error) {
    const isExpected = error instanceof Died || (error instanceof ArtifactError && EXPECTED.includes(error.code));
    if (!isExpected)
      world.violations.add(`${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

function chooseAct(random: () => number): readonly [Act, 'seldom' | 'often'] {
  let left = random() * 100;
  for (const [percent, act, mayCrash] of ACTS) {
    left -= percent;
    if (left < 0) return [act, mayCrash];
  }
  throw new Error('what is done does not add up to a hundred');
}

function fateBy(random: () => number, times: number): Fate {
  const [chance, at] = [random() / times, Math.floor(random() * FATEFUL_REQUESTS)];
  if (chance < 0.04) return { kind: 'dies', at, when: 'before' };
  if (chance < 0.08) return { kind: 'dies', at, when: 'after' };
  if (chance < 0.18) return { kind: 'dies after', what: 'decision' };
  if (chance < 0.28) return { kind: 'dies after', what: 'removal' };
  if (chance < 0.36) return { kind: 'sleeps', at };
  return { kind: 'lives' };
}

/** Where processes are that were stopped: a laptop that was closed, a function that is frozen. */
class Dormitory {
  #asleep: (() => void)[] = [];
  #fallsAsleep: () => void = () => undefined;
  readonly #working = new Set<Promise<void>>();

  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#asleep.push(resolve);
      this.#fallsAsleep();
    });
  }

  /** Everybody goes on, each at a moment of its own. */
  wake(random: () => number): void {
    for (const goOn of this.#asleep.splice(0)) void pause(random() * SPREAD_MS * 2).then(goOn);
  }

  /** Until nobody is left but those who sleep. */
  async untilAwakeHaveEnded(working: readonly Promise<void>[]): Promise<void> {
    for (const one of working) {
      const ended: Promise<void> = one.finally(() => this.#working.delete(ended));
      this.#working.add(ended);
    }
    while (this.#working.size > this.#asleep.length) {
      const asleep = new Promise<void>((resolve) => (this.#fallsAsleep = resolve));
      await Promise.race([asleep, ...this.#working]);
    }
  }
}
