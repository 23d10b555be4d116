import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

export interface Cost {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of user and system together; unknown where no program tells. */
  readonly cpu: number | undefined;
  /** Bytes, of the largest process. */
  readonly peak: number | undefined;
}

const TIME = '/usr/bin/time';
/** GNU's, which macOS has not. */
const hasTime = existsSync(TIME) && spawnSync(TIME, ['--version'], { encoding: 'utf8' }).stdout.includes('GNU');

export interface Run {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where files may be put that are gone afterwards. */
  readonly scratch: string;
}

/** @throws Error where it fails, with what it said */
export async function measure({ command, folder, environment, scratch }: Run): Promise<Cost> {
  const figures = path.join(scratch, 'figures');
  const timed = hasTime ? [TIME, '-f', '%U %S %M', '-o', figures, ...command] : command;
  const [program = '', ...args] = timed;
  const start = performance.now();
  const child = spawn(program, args, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let talk = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (talk += text));
  const watched = hasTime ? undefined : watch(child.pid ?? 0);
  const [status] = (await once(child, 'close')) as [number | null];
  const wall = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${String(status)}: ${talk}`);
  if (watched !== undefined) return { wall, cpu: undefined, peak: watched() };
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(figures, 'utf8').trim().split(' ').map(Number);
  rmSync(figures);
  return { wall, cpu: user + system, peak: kilobytes * 1024 };
}

/** Looks again and again, where the system shows it, at the most that a process has needed. */
function watch(pid: number): () => number | undefined {
  let peak: number | undefined;
  const look = (): void => {
    try {
      const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (found !== undefined) peak = Number(found) * 1024;
    } catch {
      // It has ended, or this system has no such file.
    }
  };
  const timer = setInterval(look, 10);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** aws-cli itself, and not a script in front of it that takes its time to find it. */
export function awsProgram(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    try {
      const program = realpathSync(path.join(folder, 'aws'));
      if (!readFileSync(program).subarray(0, 4096).includes('pyenv')) return program;
      const { status, stdout } = spawnSync('pyenv', ['which', 'aws'], { encoding: 'utf8' });
      if (status === 0) return stdout.trim();
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}
