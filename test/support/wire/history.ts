import { setTimeout as pause } from 'node:timers/promises';
import { ArtifactError } from '../../../repository/index.ts';
import type { Act, Client, Collect } from './acts.ts';
import { ACTS, byTheProtocol } from './acts.ts';
import { clearAway } from './ending.ts';
import { randomFrom } from '../interleaving.ts';
import { judge } from './judge.ts';
import type { Fate } from './mortal.ts';
import type { Told } from './mortal.ts';
import { Died, mortal } from './mortal.ts';
import type { Racer } from './race.ts';
import { Pace, stageRace } from './race.ts';
import type { Tally, Thing } from './tally.ts';
import type { Stage } from './world.ts';
import { World } from './world.ts';

export interface HistoryOptions {
  readonly stage: Stage;
  readonly tally: Tally;
  readonly seed: number;
  readonly rounds: number;
  readonly collect?: Collect;
  /** Whether the next round is worth playing; unless given it is. */
  readonly isWanted?: () => boolean;
}

/** So many processes are at work at once. */
const CLIENTS = 9;
/** In every round of this number there are races, and fewer others. */
const RACES_EVERY = 3;
const RACES = 4;
const BESIDE_RACES = 4;
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
  isWanted = () => true,
}: HistoryOptions): Promise<readonly string[]> {
  const bucket = `history-${seed}`;
  await stage.bucket(bucket);
  const world = new World(bucket, tally);
  const random = randomFrom(seed);
  const dormitory = new Dormitory();
  const judging = stage.connect(bucket);
  let staged = 0;
  try {
    for (let round = 0; round < rounds && isWanted(); round++) {
      let processes = 0;
      const worker = (): Work => ({
        ...{ stage, world, collect, dormitory },
        random: randomFrom(Math.floor(random() * 2 ** 31)),
        who: `s${seed}r${round}c${processes++}`,
      });
      const isRaced = round % RACES_EVERY === RACES_EVERY - 1;
      const races: (readonly Racer[])[] = [];
      stage.quiet(bucket, true);
      for (let race = 0; isRaced && race < RACES; race++) {
        races.push(
          await stageRace(world.domain(judging, `s${seed}a${staged}`), world, random, seed * RACES + staged++),
        );
      }
      stage.quiet(bucket, false);
      const working = [
        ...Array.from({ length: isRaced ? BESIDE_RACES : CLIENTS }, () => workAlone(worker())),
        ...races.flatMap((racers) => {
          tally.count('race');
          return runRace(racers, worker);
        }),
      ];
      dormitory.wake(random);
      await dormitory.untilAwakeHaveEnded(working);
      tally.count('round');
      stage.quiet(bucket, true);
      await judge(world.domain(judging, 'judge'), world);
      if (world.violations.size > 0) return [...world.violations].map((one) => `seed ${seed}, round ${round}: ${one}`);
    }
    dormitory.wake(() => 0);
    await dormitory.untilAwakeHaveEnded([]);
    if (!isWanted()) return [];
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

/** What a process does, and what becomes of it. */
interface Task {
  readonly act: Act;
  readonly fate: Fate;
  readonly pace: Pace;
}

/** One that does something, at some moment of the round. */
async function workAlone(worker: Work): Promise<void> {
  const { random } = worker;
  const [act, mayCrash] = chooseAct(random);
  const fate = fateBy(random, mayCrash === 'often' ? 2 : 1);
  await pause(random() * SPREAD_MS);
  await work(worker, { act, fate, pace: new Pace() });
}

/** Each begins when the one before it has come so far: what meets what is decided by requests, not by how fast the machine is. */
function runRace(racers: readonly Racer[], worker: () => Work): readonly Promise<void>[] {
  let ahead = new Pace();
  ahead.stop();
  return racers.map(async ({ act, fate, behind }) => {
    const [before, pace] = [ahead, new Pace()];
    ahead = pace;
    const own = worker();
    await before.reaches(behind);
    await work(own, { act, fate: fate ?? fateBy(own.random, 2), pace });
  });
}

/** One process, from its beginning to its end. */
async function work({ stage, world, collect, dormitory, random, who }: Work, { act, fate, pace }: Task): Promise<void> {
  const { tally, bucket } = world;
  const store = stage.connect(bucket);
  const own = mortal(store, {
    fate,
    sleep: () => {
      tally.count('sleep');
      pace.stop();
      return dormitory.sleep();
    },
    told: (what) => {
      tally.count(COUNTED_AS[what]);
      if (what === 'request') pace.step();
    },
  });
  const client: Client = {
    ...{ domain: world.domain(own, who), onlooker: world.domain(store, `${who}o`), world, random, collect },
    filenames: stage.filenames,
  };
  try {
    await act(client);
  } catch (error) {
    const isExpected = error instanceof Died || (error instanceof ArtifactError && EXPECTED.includes(error.code));
    if (!isExpected)
      world.violations.add(`${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    pace.stop();
  }
}

const COUNTED_AS: Readonly<Record<Told, Thing>> = {
  request: 'request',
  rescue: 'rescue',
  finish: 'deletion finished by who met it',
  death: 'crash',
  'death after the decision': 'crash after the decision',
  'death after a removal': 'crash after a removal',
};

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
