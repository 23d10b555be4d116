import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';
import { temporaryFolder } from './temporary.ts';

export interface Finished {
  /** Exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
}

export interface ScriptOptions {
  readonly cwd?: string;
  /** Instead of this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Put before `node`, like `['unshare', '-m']`. */
  readonly launcher?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** What it reads on its standard input. */
  readonly input?: string;
}

const bundles = new Map<string, Promise<string>>();

/**
 * Makes a TypeScript module into one file that every supported Node runs, dependencies inside, and answers its path. Once per
 * script and test file. Within it, `import.meta.dirname` is the bundle's folder and not the script's.
 */
export function bundled(script: string): Promise<string> {
  let bundle = bundles.get(script);
  if (bundle === undefined) {
    bundle = makeBundle(script);
    bundles.set(script, bundle);
  }
  return bundle;
}

/** It looks for its program beside itself. */
const esbuildWhereItIs: Plugin = {
  name: 'esbuild where it is',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^esbuild$/ }, () => ({
      path: createRequire(import.meta.url).resolve('esbuild'),
      external: true,
    }));
  },
};

async function makeBundle(script: string): Promise<string> {
  const outfile = join(await temporaryFolder(), 'script.mjs');
  await build({
    entryPoints: [script],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // What some packages have for `require` alone is not to be taken apart.
    mainFields: ['module', 'main'],
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    plugins: [esbuildWhereItIs],
    // CommonJS dependencies call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as scriptRequire } from 'node:module'; const require = scriptRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** Starts a TypeScript module as a process of its own. Who starts it waits for `finished`. */
export async function startScript(
  script: string,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<Running> {
  const [command = '', ...rest] = [
    ...(options.launcher ?? []),
    process.execPath,
    '--enable-source-maps',
    ...(options.nodeOptions ?? []),
    await bundled(script),
    ...args,
  ];
  const child = spawn(command, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.env !== undefined && { env: options.env }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A script that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({ status, signal, stdout, stderr });
    });
  });
  return { process: child, finished };
}

/** Runs a TypeScript module as a process of its own, to its end. */
export async function runScript(
  script: string,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<Finished> {
  return (await startScript(script, args, options)).finished;
}

/** Runs it and answers what it printed, parsed as JSON; any other end than success is an error that shows what it said. */
export async function answerOf<T>(script: string, args: readonly string[], options: ScriptOptions = {}): Promise<T> {
  const { status, signal, stdout, stderr } = await runScript(script, args, options);
  if (status !== 0) throw new Error(`'${script}' ended with ${String(status ?? signal)}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}
