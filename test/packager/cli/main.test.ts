import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { openSync, closeSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../support/temporary.ts';
import { whySkipped } from '../../support/where.ts';

/** In the place of `list`: what a command may meet, one for each prefix. */
const FIXTURE = `
  import { setTimeout as pause } from 'node:timers/promises';
  import { createServer } from 'node:net';

  const BEHAVIOURS = {
    async waits({ signal, stderr }) {
      // As many requests at once do.
      for (let listener = 0; listener < 100; listener += 1) signal.addEventListener('abort', () => undefined);
      stderr.write('ready\\n');
      await pause(60_000, undefined, { signal });
    },
    async tidies({ signal, stderr, env }) {
      stderr.write('ready\\n');
      try {
        await pause(60_000, undefined, { signal });
      } finally {
        await pause(50);
        stderr.write('tidied\\n');
        // As a request that nobody waits for any more.
        createServer().listen(0);
      }
    },
    async insists({ signal, stderr }) {
      signal.addEventListener('abort', () => stderr.write('told\\n'));
      stderr.write('ready\\n');
      await pause(60_000);
    },
    async floods({ stdout, signal }) {
      for (let line = 0; ; line += 1) {
        signal.throwIfAborted();
        stdout.write('line ' + line + '\\n');
        await stdout.flushed();
      }
    },
    async pours({ stdout }) {
      stdout.write('x'.repeat(5_000_000));
    },
    async fails() {
      throw new TypeError('x is not a function');
    },
    async forgets() {
      setImmediate(() => {
        throw new TypeError('nobody caught this');
      });
      await pause(60_000);
    },
    async loads() {
      await import('yaml');
      await import('@aws-sdk/client-sts');
    },
  };

  export const run = ({ prefix }, terminal) => BEHAVIOURS[prefix](terminal);
`;

/** Notes every module that is asked for by a package's name. */
const TRACER = `
  import { appendFileSync } from 'node:fs';
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    import { appendFileSync } from 'node:fs';
    export async function resolve(specifier, context, next) {
      if (/^[a-z@]/.test(specifier) && !/^(node|file|data):/.test(specifier) && !context.parentURL?.includes('/node_modules/'))
        appendFileSync(\${JSON.stringify(process.env.TRACE)}, specifier + '\\\\n');
      return next(specifier, context);
    }
  \`));
`;

let folder = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  await build({
    entryPoints: [resolve('packager/main.ts')],
    outdir: join(folder, 'packager'),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    plugins: [
      {
        name: 'fixture',
        setup(bundler) {
          bundler.onLoad({ filter: /commands[/\\]\w+\.ts$/ }, ({ path }) => ({
            contents: path.endsWith('list.ts') ? FIXTURE : 'export const run = async () => {}',
            loader: 'ts',
          }));
        },
      },
    ],
  });
  writeFileSync(join(folder, 'package.json'), readFileSync('package.json'));
  writeFileSync(join(folder, 'tracer.mjs'), TRACER);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  /** Resolves when this text stands on stderr. */
  readonly says: (text: string) => Promise<void>;
  readonly ended: Promise<Ended>;
}

interface StartOptions {
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file descriptor in the place of a pipe. */
  readonly stdout?: number;
}

function start(argv: readonly string[], { nodeOptions = [], env = {}, stdout }: StartOptions = {}): Started {
  const main = join(folder, 'packager', 'main.js');
  const child = spawn(process.execPath, [...nodeOptions, main, ...argv], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (piece: Buffer) => (output.stdout += piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => (output.stderr += piece.toString()));
  const ended = new Promise<Ended>((resolveEnd) => {
    child.on('close', (code, signal) => {
      resolveEnd({ code, signal, ...output });
    });
  });
  const says = async (text: string): Promise<void> => {
    while (!output.stderr.includes(text)) await new Promise((resolveData) => child.stderr?.once('data', resolveData));
  };
  return { child, says, ended };
}

describe('an interruption', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('by %s ends the command and is 130', async (signal) => {
    const { child, says, ended } = start(['list', 'waits']);
    await says('ready');
    child.kill(signal);
    expect(await ended).toEqual({ code: 130, signal: null, stdout: '', stderr: 'ready\ninterrupted\n' });
  });

  test('lets the command tidy up, and waits for nothing else', async () => {
    const { child, says, ended } = start(['list', 'tidies', '--json']);
    await says('ready');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'ready\ntidied\n' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INTERRUPTED' } });
  });

  test('that comes twice ends at once', async () => {
    const { child, says, ended } = start(['list', 'insists']);
    await says('ready');
    child.kill('SIGINT');
    await says('told');
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130 });
  });
});

describe('the output', () => {
  test('that nobody reads any more ends the command quietly', async () => {
    const { child, ended } = start(['list', 'floods']);
    child.stdout!.once('data', () => child.stdout!.destroy());
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('is complete, however slow its reader', async () => {
    const { child, ended } = start(['list', 'pours']);
    child.stdout!.pause();
    await new Promise((resolveWait) => setTimeout(resolveWait, 300));
    expect(child.exitCode).toBeNull();
    child.stdout!.resume();
    const { code, stdout } = await ended;
    expect({ code, length: stdout.length }).toEqual({ code: 0, length: 5_000_000 });
  });

  (existsSync('/dev/full') ? test : test.skip)(
    `that cannot be written is an error${whySkipped(existsSync('/dev/full'), 'there is no /dev/full')}`,
    async () => {
      const full = openSync('/dev/full', 'w');
      const { code, stderr } = await start(['--help'], { stdout: full }).ended;
      closeSync(full);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: "error: the output can't be written: the disk is full (ENOSPC)\n",
      });
    },
  );
});

describe('the exit code', () => {
  test.each([
    [['--help'], 0],
    [['list', 'fails'], 1],
    [['list', '--nonsense'], 2],
    [['publish', 'x', '--id', 'x'], 0],
  ])('of %j is %d', async (argv, code) => {
    expect(await start(argv).ended).toMatchObject({ code });
  });

  test('of an error that nobody caught is 1, with a word about it', async () => {
    const { code, stderr } = await start(['list', 'forgets']).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('error: unexpected TypeError: nobody caught this');
    expect(stderr).toContain('Please report it');
    expect(stderr).not.toContain('\n    at ');
  });
});

describe('start-up', () => {
  async function loadedBy(...argv: string[]): Promise<string[]> {
    const trace = join(folder, 'trace');
    writeFileSync(trace, '');
    const { code, stderr } = await start(argv, {
      nodeOptions: ['--import', join(folder, 'tracer.mjs')],
      env: { TRACE: trace },
    }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return [...new Set(readFileSync(trace, 'utf8').trim().split('\n'))];
  }

  test.each([[[]], [['--help']], [['--version']], [['package', '--help']]])(
    'of %j loads nothing but the parser',
    async (argv) => {
      expect(await loadedBy(...argv)).toEqual(['commander']);
    },
  );

  test('of a command loads what it needs, and says nothing about the version of Node', async () => {
    expect(await loadedBy('list', 'loads')).toEqual(['commander', 'yaml', '@aws-sdk/client-sts']);
  });
});
