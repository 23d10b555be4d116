import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { Project } from './project.ts';
import { median } from './report.ts';

/** What one step alone takes in one thread. Seconds and bytes. */
export interface Limit {
  readonly what: string;
  readonly seconds: number;
  readonly bytes?: number;
}

/**
 * What a machine needs for the least that has to be done with a project.
 * @param program `limits-child.ts`, bundled
 */
export function limitsOf(project: Project, program: string): readonly Limit[] {
  const { status, stdout } = spawnSync(process.execPath, [program, project.folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`measuring the limits ended with ${String(status)}`);
  return JSON.parse(stdout) as Limit[];
}

/** With nothing to do and no certificates to read. */
export function startOfNode(): Limit {
  const environment = { PATH: process.env['PATH'] };
  const runs = Array.from({ length: 11 }, () => {
    const start = performance.now();
    spawnSync(process.execPath, ['--eval', '0'], { env: environment });
    return (performance.now() - start) / 1000;
  });
  return { what: 'start of Node.js', seconds: median(runs) };
}

export function describeLimit({ what, seconds, bytes }: Limit): string {
  const speed =
    bytes === undefined ? '' : `${(bytes / 1e6 / seconds).toFixed(0)} MB/s of ${(bytes / 1e6).toFixed(1)} MB`;
  return `${what.padEnd(46)} ${seconds.toFixed(3).padStart(9)} ${speed}`.trimEnd();
}
