import fc from 'fast-check';
import { Coverage } from './coverage.ts';
import type { PlannedSequence } from './plan.ts';
import { sequence } from './plan.ts';
import type { Stage } from './stage.ts';
import { SequenceWorld } from './world.ts';

/** Names of variables of the environment. */
const RUNS = 'CFN_ARTIFACTS_TEST_RUNS';
const SEED = 'CFN_ARTIFACTS_TEST_SEED';
const PATH = 'CFN_ARTIFACTS_TEST_PATH';

const SMALLER_MS = 120_000;

export interface Playing {
  /** Of the test, for the command that repeats a failure. */
  readonly file: string;
  /** Unless the environment says how many. */
  readonly runs: number;
  /** Whatever the environment says. */
  readonly atMost?: number;
  readonly stage: (coverage: Coverage) => Promise<Stage> | Stage;
}

/**
 * Plays random sequences, each at a world of its own, and prints what came up in them.
 * @throws Error with the smallest sequence that was found to fail, and the command that plays it again
 */
export async function playSequences({ file, runs, atMost = Infinity, stage }: Playing): Promise<Coverage> {
  const { [RUNS]: wanted = String(runs), [SEED]: seed, [PATH]: path } = process.env;
  const coverage = new Coverage();
  const began = Date.now();
  const property = fc.asyncProperty(sequence, async (plan) => playOne(plan, await stage(coverage), coverage));
  const first = await fc.check(property, {
    ...{ numRuns: Math.min(atMost, Number(wanted)), endOnFailure: true },
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
  });
  const details = first.failed ? await madeSmaller(property, first) : first;
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stderr.write(`${file}: seed ${details.seed}, ${seconds} s, ${coverage.toString()}\n`);
  if (details.failed) throw new Error(told(file, details));
  return coverage;
}

/** Histories between two lines that tell of them. */
const ROUND = 20;

/**
 * Plays sequences of fresh seeds for so many minutes, and tells how far it has come.
 * @throws Error with the sequence that fails, and the command that plays it again
 */
export async function soak({
  file,
  minutes,
  stage,
}: Omit<Playing, 'runs' | 'atMost'> & { readonly minutes: number }): Promise<void> {
  const coverage = new Coverage();
  const property = fc.asyncProperty(sequence, async (plan) => playOne(plan, await stage(coverage), coverage));
  const end = Date.now() + minutes * 60_000;
  while (Date.now() < end) {
    const played = await fc.check(property, { numRuns: ROUND, endOnFailure: true });
    const left = Math.max(0, (end - Date.now()) / 60_000).toFixed(1);
    process.stderr.write(`seed ${played.seed}, ${coverage.summary}, ${left} minutes left\n`);
    if (played.failed) throw new Error(told(file, await madeSmaller(property, played)));
  }
  process.stderr.write(`${coverage.toString()}\n${coverage.summary}\n`);
}

/** What fails is never lost, however long it takes to make it smaller. */
async function madeSmaller(
  property: fc.IAsyncProperty<[PlannedSequence]>,
  failed: fc.RunDetails<[PlannedSequence]>,
): Promise<fc.RunDetails<[PlannedSequence]>> {
  const { seed, counterexamplePath } = failed;
  const smaller = await fc.check(property, {
    ...{ seed, numRuns: 1, interruptAfterTimeLimit: SMALLER_MS },
    ...(counterexamplePath !== null && { path: counterexamplePath }),
  });
  return smaller.failed && smaller.counterexample !== null ? smaller : failed;
}

/** Everything that happens in the sequence of a seed, and how often. */
export async function historyOf(seed: number, stage: Playing['stage']): Promise<string> {
  const [plan] = fc.sample(sequence, { seed, numRuns: 1 });
  if (plan === undefined) throw new Error('no sequence');
  const coverage = new Coverage();
  const world = await SequenceWorld.start(plan, await stage(coverage), coverage);
  try {
    await world.play(plan.steps);
  } finally {
    await world.stop();
  }
  return [...world.violations, world.history, coverage.toString()].join('\n');
}

async function playOne(plan: PlannedSequence, stage: Stage, coverage: Coverage): Promise<void> {
  const world = await SequenceWorld.start(plan, stage, coverage);
  try {
    await world.play(plan.steps);
  } finally {
    await world.stop();
  }
  coverage.sequences += 1;
  if (world.violations.size > 0) coverage.lost += 1;
  if (world.violations.size > 0) throw new Error([...world.violations, '', world.history].join('\n'));
}

function told(
  file: string,
  { seed, counterexamplePath, counterexample, errorInstance, numShrinks }: fc.RunDetails<[PlannedSequence]>,
): string {
  const message =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return [
    `After ${numShrinks} times of making it smaller, this sequence fails:`,
    fc.stringify(counterexample?.[0]),
    message,
    `Again: ${SEED}=${seed} ${PATH}=${counterexamplePath ?? ''} npm test -- ${file}`,
  ].join('\n');
}
