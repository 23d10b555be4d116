import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { build } from 'esbuild';
import { touch, workloads } from './workloads.ts';
import type { Project } from './workloads.ts';

/**
 * Times whole processes, ours and `aws cloudformation package` in turn, against one loopback store, and prints medians and the ratios of
 * runs that followed each other. `npm run bench -- [--full] [--rounds N] [--only NAME]`
 */
const root = path.resolve(process.argv[2] ?? '.');
const args = process.argv.slice(3);
const rounds = Number(valueOf('--rounds') ?? 3);
const only = valueOf('--only');
const scale = args.includes('--full') ? 'full' : 'quick';

interface Contestant {
  readonly name: string;
  readonly command: (template: string, output: string) => readonly string[];
}

interface Measured {
  readonly seconds: number;
  readonly requests: number;
  readonly bytes: number;
}

const main = path.join(root, 'dist/packager/main.js');
const flags = (template: string, output: string) => [
  '--template-file',
  template,
  '--s3-bucket',
  'bench',
  '--output-template-file',
  output,
];
const OURS: Contestant = {
  name: 'ours, plain bucket',
  command: (...files) => [process.execPath, main, 'package', ...flags(...files), '--quiet'],
};
const DOMAIN: Contestant = {
  name: 'ours, domain',
  command: (template, output) => [
    process.execPath,
    main,
    'package',
    '--template-file',
    template,
    '--domain',
    's3://bench',
    '--output-template-file',
    output,
    '--quiet',
  ],
};
const AWS: Contestant = {
  name: 'aws-cli',
  command: (...files) => ['aws', 'cloudformation', 'package', ...flags(...files)],
};

const STATES = ['first run', 'repeat', 'touched'] as const;
type State = (typeof STATES)[number];

const COLLECTION = 'gc-plan';
/** Megabytes: what a plan may need, however much there is. */
const COLLECTION_LIMIT = 300;

await run();

async function run(): Promise<void> {
  if (!existsSync(main)) throw new Error('build first: npm run build');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'cfn-artifacts-bench-'));
  const sink = await startSink(scratch);
  try {
    const contestants = hasAws() ? [OURS, DOMAIN, AWS] : [OURS, DOMAIN];
    print(
      `${contestants.map(({ name }) => name).join(', ')}; ${rounds} rounds, medians; Node ${process.version}, ${os.cpus().length} cores`,
    );
    if (!contestants.includes(AWS)) print('aws is not installed: no ratios');
    for (const workload of workloads(scale)) {
      if (only !== undefined && workload.name !== only) continue;
      const folder = path.join(scratch, workload.name);
      const project = workload.make(folder);
      print(
        `\n${workload.name}: ${workload.what} (${project.files.length} files, ${Math.round(project.bytes / 1e6)} MB)`,
      );
      print(line(['', '', 'wall s', 'requests', 'MB sent', 'aws-cli / this']));
      await measureWorkload(folder, project, contestants, sink.endpoint);
      rmSync(folder, { recursive: true });
    }
    if (only === undefined || only === COLLECTION) await measureCollections(scratch);
  } finally {
    sink.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function measureWorkload(
  folder: string,
  project: Project,
  contestants: readonly Contestant[],
  endpoint: string,
): Promise<void> {
  const results = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      await fetch(`${endpoint}/-/reset?empty`, { method: 'POST' });
      for (const state of STATES) {
        if (state === 'touched') touch(project);
        const measured = await measure(contestant, folder, endpoint);
        results.set(`${state} ${contestant.name}`, [...(results.get(`${state} ${contestant.name}`) ?? []), measured]);
      }
    }
  }
  for (const state of STATES) for (const contestant of contestants) print(row(state, contestant, results));
}

function row(state: State, { name }: Contestant, results: ReadonlyMap<string, readonly Measured[]>): string {
  const own = results.get(`${state} ${name}`) ?? [];
  const peers = results.get(`${state} ${AWS.name}`) ?? [];
  const ratios = peers.map(({ seconds }, round) => seconds / (own[round]?.seconds ?? Number.NaN));
  const ratio = ratios.length === 0 || name === AWS.name ? '' : median(ratios).toFixed(2);
  const of = (member: keyof Measured): number => median(own.map((measured) => measured[member]));
  return line([state, name, of('seconds').toFixed(2), String(of('requests')), (of('bytes') / 1e6).toFixed(1), ratio]);
}

async function measure({ name, command }: Contestant, folder: string, endpoint: string): Promise<Measured> {
  const [program = '', ...rest] = command(path.join(folder, 'template.yaml'), path.join(folder, 'packaged.yaml'));
  await fetch(`${endpoint}/-/reset`, { method: 'POST' });
  const environment = {
    ...process.env,
    ...{
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_REGION: 'us-east-1',
    },
    ...{ AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', CI: 'true' },
  };
  const start = performance.now();
  const child = spawn(program, rest, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let talk = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (talk += text));
  const [status] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${name} ended with ${String(status)}: ${talk}`);
  const counts = (await (await fetch(`${endpoint}/-/counts`)).json()) as { requests: number; bytes: number };
  return { seconds, ...counts };
}

interface CollectionMeasured {
  readonly seconds: number;
  readonly items: number;
  readonly parts: number;
  /** Requests that list, and what they list. */
  readonly pages: number;
  readonly listed: number;
  readonly others: number;
  /** Bytes. */
  readonly peak: number;
}

/** Plans over stores that generate their listing, each in a process of its own. @throws Error where one needs more than it may */
async function measureCollections(scratch: string): Promise<void> {
  const outfile = await bundled('collection', scratch);
  print(`\n${COLLECTION}: what could go, of a listing that is generated`);
  print(line(['', 'blobs, references', 'wall s', 'keys', 'listings', 'others', 'items', 'peak MB']));
  for (const [blobs, unneeded] of [
    [1000, 0],
    [1_000_000, 0],
    [1_000_000, 10],
  ] as const) {
    const { status, stdout } = spawnSync(process.execPath, [outfile, String(blobs), String(blobs), String(unneeded)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`the plan ended with ${String(status)}`);
    const { seconds, pages, listed, others, items, parts, peak } = JSON.parse(stdout) as CollectionMeasured;
    const figures = [listed, pages, others, items].map((figure) => figure.toLocaleString('en'));
    const megabytes = peak / 1e6;
    print(line(['', `2 × ${blobs.toLocaleString('en')}`, seconds.toFixed(1), ...figures, megabytes.toFixed(0)]));
    // Sixteen shards of three listings end with a page of their own; each part writes, and begins some listings again.
    const allowed = Math.ceil(listed / 1000) + 60 + parts * 14;
    if (megabytes > COLLECTION_LIMIT)
      throw new Error(`a plan may need ${COLLECTION_LIMIT} MB, not ${megabytes.toFixed(0)}`);
    if (pages + others > allowed) throw new Error(`a plan may make ${allowed} requests here, not ${pages + others}`);
  }
}

async function startSink(scratch: string): Promise<{ readonly endpoint: string; readonly stop: () => void }> {
  const outfile = await bundled('sink', scratch);
  const child = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [endpoint] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { endpoint: endpoint.trim(), stop: () => child.stdin.end() };
}

/** A part of the benchmark that runs in a process of its own. */
async function bundled(name: 'sink' | 'collection', scratch: string): Promise<string> {
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

function hasAws(): boolean {
  return spawnSync('aws', ['--version'], { stdio: 'ignore' }).status === 0;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function line([state = '', name = '', ...figures]: readonly string[]): string {
  return `${state.padEnd(10)} ${name.padEnd(20)} ${figures.map((figure) => figure.padStart(14)).join('')}`;
}

function valueOf(flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args[at + 1];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
