import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Contestant } from './contestants.ts';
import { environmentOf, memoryOf } from './contestants.ts';
import type { State } from './goals.ts';
import { STATES } from './goals.ts';
import type { Cost } from './measure.ts';
import { measure } from './measure.ts';
import type { Project } from './project.ts';
import { changeFile, renewTimes, warm } from './project.ts';
import type { Sink, Traffic } from './sink-process.ts';
import type { Workload } from './workloads.ts';

export type Measured = Cost & Traffic;

/** Of one state of one workload, in the order of the rounds. */
export type Measurements = ReadonlyMap<State, ReadonlyMap<Contestant, readonly Measured[]>>;

export interface Course {
  readonly workload: Workload;
  readonly project: Project;
  readonly contestants: readonly Contestant[];
  /** What is to be told; what they need before is run as well. */
  readonly states: readonly State[];
  readonly rounds: number;
  readonly sink: Sink;
  readonly scratch: string;
  /** For the Node.js that a state is measured with, where all contestants are run by it. */
  readonly flags?: (state: State) => readonly string[];
}

/** Runs all contestants in turn through all states, again and again. */
export async function runCourse(course: Course): Promise<Measurements> {
  const found = new Map<State, Map<Contestant, Measured[]>>();
  for (let round = 0; round < course.rounds; round++) {
    // Nobody always runs behind the same other.
    const order = round % 2 === 0 ? course.contestants : course.contestants.toReversed();
    for (const state of Object.keys(STATES) as State[]) {
      const isTold = course.states.includes(state);
      // Every state begins with what a first run has left.
      if (!isTold && state !== 'first') continue;
      for (const [contestant, measured] of await runState(course, state, order)) {
        if (!isTold) continue;
        const ofState = found.get(state) ?? new Map<Contestant, Measured[]>();
        found.set(state, ofState.set(contestant, [...(ofState.get(contestant) ?? []), measured]));
      }
    }
  }
  return found;
}

async function runState(
  course: Course,
  state: State,
  order: readonly Contestant[],
): Promise<readonly (readonly [Contestant, Measured])[]> {
  const { workload, project, sink } = course;
  const isClone = state === 'clone' || state === 'clone-one';
  const folder = isClone ? project.clone : project.folder;
  if (isClone) renewTimes(folder);
  warm(folder);
  const changes = state === 'one' || state === 'clone-one';
  const takeBack = changes ? changeFile(path.join(folder, workload.changes)) : () => undefined;
  const found: [Contestant, Measured][] = [];
  try {
    for (const contestant of order) {
      if (state === 'first') await startOver(course, contestant);
      if (isClone) forget(course, contestant);
      await sink.delay(state === 'far-repeat' ? 50 : 0);
      found.push([contestant, await runOnce(course, contestant, folder, state)]);
      await sink.delay(0);
    }
  } finally {
    takeBack();
  }
  return found;
}

/** An empty store and no memory. A domain is there already, as it is for everybody but the first. */
async function startOver(course: Course, contestant: Contestant): Promise<void> {
  await course.sink.empty(contestant.bucket);
  if (contestant.name === 'domain') {
    const folder = path.join(course.scratch, 'prepared');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'template.yaml'), PREPARED);
    await runOnce(course, contestant, folder);
  }
  forget(course, contestant);
}

const PREPARED =
  'Resources:\n  Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties:\n      BodyS3Location: template.yaml\n';

function forget({ scratch }: Course, contestant: Contestant): void {
  rmSync(memoryOf(contestant, scratch), { recursive: true, force: true });
}

async function runOnce(course: Course, contestant: Contestant, folder: string, state?: State): Promise<Measured> {
  const { sink, scratch } = course;
  const output = path.join(scratch, `${contestant.name}.yaml`);
  const flags = state === undefined ? [] : (course.flags?.(state) ?? []);
  const [program = '', ...args] = contestant.command(path.join(folder, 'template.yaml'), output);
  await sink.traffic();
  const cost = await measure({
    command: [program, ...flags, ...args],
    ...{ folder, scratch, environment: environmentOf(contestant, sink.endpoint, scratch) },
  });
  return { ...cost, ...(await sink.traffic()) };
}
