import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { statfsSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GOALS } from './goals.ts';
import type { Workload } from './workloads.ts';

export interface Project {
  /** What is packaged, and a fresh clone of it. */
  readonly folder: string;
  readonly clone: string;
  readonly files: number;
  readonly bytes: number;
  readonly told?: string;
}

/**
 * Projects are changed while they are measured, and two runs at once would measure each other.
 * @returns a folder of its own, which goes when this process ends
 * @throws Error where another run has it
 */
export function claim(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const file = path.join(parent, 'claimed-by');
  const other = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  if (other !== undefined && isRunning(other))
    throw new Error(`process ${other} measures with ${parent}: see --folder`);
  for (const name of readdirSync(parent))
    if (name.startsWith('run-')) rmSync(path.join(parent, name), { recursive: true });
  writeFileSync(file, String(process.pid));
  const scratch = mkdtempSync(path.join(parent, 'run-'));
  process.on('exit', () => {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(file);
  });
  return scratch;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Of what a project is made; another number makes all anew. */
const FORMAT = 2;

/** The project of a workload, made if it isn't there. @throws Error where the disk has no room for it */
export function projectOf(workload: Workload, parent: string): Project {
  const home = path.join(parent, `${workload.name}${workload.full ? '' : '-quick'}-${FORMAT}`);
  const description = path.join(home, 'project.json');
  if (!existsSync(description)) {
    checkSpace(workload, parent);
    make(workload, home, description);
  }
  const known = JSON.parse(readFileSync(description, 'utf8')) as Pick<Project, 'files' | 'bytes' | 'told'>;
  return { ...known, folder: path.join(home, 'project'), clone: cloneIn(home) };
}

/** Of the same name, as a clone has it: what is published is called after it. */
function cloneIn(home: string): string {
  return path.join(home, 'clone/project');
}

function checkSpace({ name, space }: Workload, parent: string): void {
  mkdirSync(parent, { recursive: true });
  const { bavail, bsize } = statfsSync(parent);
  // What else writes there must not run out because of us.
  const needed = space * 1.2 + 1e9;
  if (bavail * bsize >= needed) return;
  throw new Error(
    `${name} takes ${gigabytes(needed)} of ${parent}, which has ${gigabytes(bavail * bsize)}: see --folder`,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function make(workload: Workload, home: string, description: string): void {
  rmSync(home, { recursive: true, force: true });
  const folder = path.join(home, 'project');
  mkdirSync(folder, { recursive: true });
  const told = workload.make(folder);
  if (GOALS[workload.name].clone !== undefined)
    cpSync(folder, cloneIn(home), { recursive: true, verbatimSymlinks: true });
  const files = filesIn(folder);
  const bytes = files.reduce((sum, file) => sum + lstatSync(file).size, 0);
  const text = JSON.stringify({ files: files.length, bytes, ...(told !== undefined && { told }) });
  writeFileSync(`${description}.new`, text);
  renameSync(`${description}.new`, description);
}

/** Regular files, absolute, in the order of the directory. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? filesIn(name) : entry.isFile() ? [name] : [];
  });
}

/** Reads every file, so that who is measured first finds them in the page cache as the others do. */
export function warm(folder: string): void {
  for (const file of filesIn(folder)) readFileSync(file);
}

let renewals = 0;

/** Gives every file times that it never had, as another checkout would; zip tells times apart that are two seconds from each other. */
export function renewTimes(folder: string): void {
  renewals += 1;
  const time = new Date(Date.now() - renewals * 10_000);
  for (const file of filesIn(folder)) utimesSync(file, time, time);
}

let changes = 0;

/** @returns what takes the change back */
export function changeFile(file: string): () => void {
  const content = readFileSync(file);
  changes += 1;
  writeFileSync(file, Buffer.concat([content, Buffer.from(`\n// changed ${process.pid}-${changes}\n`)]));
  const takeBack = (): void => {
    process.off('exit', takeBack);
    writeFileSync(file, content);
  };
  // Who is interrupted leaves the project as it was.
  process.on('exit', takeBack);
  return takeBack;
}
