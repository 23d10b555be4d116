import { execFile, spawn } from 'node:child_process';
import { access, mkdir, open, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hasCode } from '../../repository/error.ts';

const run = promisify(execFile);

/** What the known differences in the tests were found with. */
export const MOTO_VERSION = '5.2.1';

const PROJECT = join(import.meta.dirname, '../..');
const ENVIRONMENT = join(PROJECT, '.venv', `moto-${MOTO_VERSION}`);

/** An emulator of AWS, for what it does right. */
export interface Moto {
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface MotoSkipped {
  /** Why there is none on this machine: a half-sentence for the title of what is skipped. */
  readonly skipped: string;
}

/**
 * Starts moto's server on a free port of the loopback: of the installation on the PATH if it has the right version, else of a virtual
 * environment of the project's own, made at the first need.
 * @param beforehand lines of Python that its process runs first
 */
export async function startMoto(beforehand = ''): Promise<Moto | MotoSkipped> {
  let python: string;
  try {
    python = (await installedPython()) ?? (await privatePython(ENVIRONMENT));
  } catch (error) {
    return { skipped: `moto ${MOTO_VERSION} is not to be had: ${reasonOf(error)}` };
  }
  return await serve(python, beforehand);
}

/** The interpreter of a moto that is there already. */
async function installedPython(): Promise<string | undefined> {
  const script = await onPath('moto_server');
  if (script === undefined) return undefined;
  const interpreter = /^#!\s*(?<path>\S*python\S*)/.exec(await readFile(script, 'latin1'))?.groups?.['path'];
  for (const candidate of [interpreter, 'python3']) {
    if (candidate !== undefined && (await versionOf(candidate)) === MOTO_VERSION) return candidate;
  }
  return undefined;
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

async function versionOf(python: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(python, ['-c', 'import flask, moto; print(moto.__version__)']);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * The interpreter of a virtual environment in `folder` that holds moto; makes it if need be. Several processes may call at once: one
 * makes it, the others wait.
 */
export async function privatePython(folder: string): Promise<string> {
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const complete = join(folder, 'complete');
  const isComplete = async (): Promise<boolean> =>
    await access(complete).then(
      () => true,
      () => false,
    );
  if (await isComplete()) return python;
  await mkdir(join(folder, '..'), { recursive: true });
  await exclusively(`${folder}.lock`, async () => {
    if (await isComplete()) return;
    await rm(folder, { recursive: true, force: true });
    await run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', folder]);
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1', '--timeout', '20'];
    await run(python, ['-m', 'pip', 'install', ...quietly, `moto[server]==${MOTO_VERSION}`]);
    await writeFile(complete, '');
  });
  return python;
}

/** One process at a time; a lock whose process has died is taken over. */
async function exclusively(lock: string, act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      const handle = await open(lock, 'wx');
      await handle.writeFile(`${process.pid}`);
      await handle.close();
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const holder = await readFile(lock, 'utf8').catch(() => '');
    // Empty: made this moment, its number still to come.
    if (holder !== '' && !isRunning(Number(holder))) await unlink(lock).catch(() => undefined);
    else await pause(300);
  }
  try {
    await act();
  } finally {
    await unlink(lock);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/**
 * moto looks and then writes, in threads, with no lock: two creators of one key can both win. They don't while a thread that computes
 * isn't interrupted.
 */
const MAIN = 'import sys; sys.setswitchinterval(5); from moto.server import main; sys.exit(main())';

async function serve(python: string, beforehand: string): Promise<Moto> {
  const server = spawn(python, ['-u', '-c', `${beforehand}\n${MAIN}`, '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (): void => {
    server.kill('SIGKILL');
  };
  process.once('exit', end);
  const ended = new Promise<void>((resolve) => server.once('close', resolve));
  const close = async (): Promise<void> => {
    end();
    await ended;
    process.off('exit', end);
  };
  let said = '';
  const endpoint = await new Promise<string>((resolve, reject) => {
    const listen = (text: string): void => {
      // Kept until it is up: afterwards it logs every request.
      if (said.length < 20_000) said += text;
      const address = /Running on (?<url>http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.groups?.['url'];
      if (address !== undefined) resolve(address);
    };
    server.stdout.setEncoding('utf8').on('data', listen);
    server.stderr.setEncoding('utf8').on('data', listen);
    server.once('error', reject);
    void ended.then(() => {
      reject(new Error(`moto did not start: ${said}`));
    });
  });
  return { endpoint, close };
}

/** The last line of what a failed command said, without its end. */
function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  const said = (stderr ?? '').trim() === '' ? message : (stderr ?? '');
  const lines = said.trim().split('\n');
  return (lines[lines.length - 1] ?? '').replace(/\.$/, '').slice(0, 200);
}
