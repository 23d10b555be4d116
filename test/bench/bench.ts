import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { COLLECTION, measureCollections } from './collections.ts';
import type { Contestant } from './contestants.ts';
import { contestants } from './contestants.ts';
import type { State } from './goals.ts';
import { GOALS, STATES } from './goals.ts';
import { describeLimit, limitsOf, startOfNode } from './limits.ts';
import type { Options } from './options.ts';
import { isChosen, optionsOf, USAGE } from './options.ts';
import { profilingFlags, summaryOf } from './profile.ts';
import type { Project } from './project.ts';
import { claim, projectOf } from './project.ts';
import type { Anchors } from './report.ts';
import { HEADING, median, report } from './report.ts';
import type { Course, Measurements } from './rounds.ts';
import { runCourse } from './rounds.ts';
import { startSink } from './sink-process.ts';
import type { Workload } from './workloads.ts';
import { workloads } from './workloads.ts';

/**
 * Runs `aws cloudformation package` and ours as whole processes in turn, against one loopback store, and judges what they took by docs/performance.md.
 * The exit code is 1 where a goal or a bound is missed.
 * @param root of this package
 */
export async function bench(root: string, args: readonly string[]): Promise<void> {
  if (args.includes('--help')) print(USAGE);
  else await run(optionsOf(args, root));
}

async function run(options: Options): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
  const scratch = claim(options.folder);
  const sink = await startSink(await bundled('sink', options, scratch));
  const missed: string[] = [];
  try {
    const all = contestants(options).filter(({ name }) => options.profile === undefined || isProfiled(name));
    print(`${all.map(({ what }) => what).join(', ')}; ${options.rounds} rounds, Node.js ${process.version}`);
    print(`${os.cpus().length} × ${os.cpus()[0]?.model ?? ''}, load ${(os.loadavg()[0] ?? 0).toFixed(1)}`);
    if (options.limits) print(describeLimit(startOfNode()));
    for (const workload of workloads(options.quick).filter(({ name }) => isChosen(name, options.only))) {
      missed.push(...(await runWorkload(workload, all, options, { sink, scratch })));
    }
    if (isChosen(COLLECTION, options.only) && options.profile === undefined) {
      missed.push(...measureCollections(await bundled('collection', options, scratch), print));
    }
  } finally {
    sink.stop();
  }
  if (missed.length > 0) print(`\nmissed:\n${missed.map((line) => `  ${line}`).join('\n')}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

function isProfiled(name: Contestant['name']): boolean {
  return name === 'bucket' || name === 'domain';
}

async function runWorkload(
  workload: Workload,
  all: readonly Contestant[],
  options: Options,
  { sink, scratch }: Pick<Course, 'sink' | 'scratch'>,
): Promise<readonly string[]> {
  const possible = (Object.keys(STATES) as State[]).filter((state) => GOALS[workload.name][state] !== undefined);
  const states = possible.filter((state) => isChosen(state, options.states));
  if (states.length === 0) return [];
  const project = projectOf(workload, options.folder);
  describeProject(workload, project);
  const course: Course = { workload, project, contestants: all, states, rounds: options.rounds, sink, scratch };
  if (options.profile !== undefined) {
    await profileWorkload(course, options.profile);
    return [];
  }
  const found = await runCourse(course);
  const anchors = anchorsOf(workload, found, options.folder);
  const { lines, missed } = report(workload, found, anchors);
  print([HEADING, ...lines].join('\n'));
  if (options.limits) {
    const limits = limitsOf(project, await bundled('limits-child', options, scratch));
    print(`in one thread:\n${limits.map(describeLimit).join('\n')}`);
  }
  return missed;
}

function describeProject({ name, what }: Workload, { files, bytes, told }: Project): void {
  const size = `${files.toLocaleString('en')} files, ${(bytes / 1e6).toFixed(1)} MB`;
  print(`\n${name}: ${what} (${size}${told === undefined ? '' : `; ${told}`})`);
}

/** Remembers what aws-cli took, for runs without it. */
function anchorsOf({ name, full }: Workload, found: Measurements, folder: string): Anchors {
  const file = path.join(folder, `aws-cli-${name}${full ? '' : '-quick'}.json`);
  const anchors: { -readonly [S in State]?: Anchors[S] } = { ...readAnchors(file) };
  for (const [state, measured] of found) {
    const aws = [...measured].find(([contestant]) => contestant.name === 'aws-cli')?.[1];
    if (aws === undefined) continue;
    const cpu = aws.flatMap((measured) => measured.cpu ?? []);
    anchors[state] = { wall: median(aws.map(({ wall }) => wall)), cpu: cpu.length === 0 ? undefined : median(cpu) };
  }
  writeFileSync(file, JSON.stringify(anchors));
  return anchors;
}

function readAnchors(file: string): Anchors {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Anchors;
  } catch {
    return {};
  }
}

async function profileWorkload(course: Course, target: string): Promise<void> {
  for (const contestant of course.contestants) {
    const folderOf = (state: State): string => path.join(target, `${course.workload.name}-${state}-${contestant.name}`);
    for (const state of course.states) rmSync(folderOf(state), { recursive: true, force: true });
    await runCourse({
      ...course,
      contestants: [contestant],
      flags: (state) => (course.states.includes(state) ? profilingFlags(folderOf(state)) : []),
    });
    for (const state of course.states) {
      print(`\n${STATES[state]}, ${contestant.what}: time of all threads in a run, see ${folderOf(state)}`);
      print(summaryOf(folderOf(state), course.rounds).join('\n'));
    }
  }
}

/** A part of the benchmark that runs in a process of its own. */
async function bundled(
  name: 'sink' | 'collection' | 'limits-child',
  { root }: Options,
  scratch: string,
): Promise<string> {
  const outfile = path.join(scratch, `${name}.mjs`);
  await build({
    entryPoints: [path.join(root, `test/bench/${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return outfile;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
