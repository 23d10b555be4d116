import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import { CHANCE } from '../chance.ts';
import { isAlive } from '../processes.ts';

/** Milliseconds. Whoever writes aliases is done in a few of them. */
const PATIENCE = 10_000;
/** Milliseconds, more than anybody works: an older lock was left behind, whatever lives under its number by then. */
const LONGEST = 60_000;

/** Of those that this process holds, or tries to. */
const OWN = new Set<string>();

/**
 * Does something with a file while no other process of this machine does so through this function. Each puts a file of its own name beside it and then looks whether others'
 * are there: of two at once one sees the other at least, and where both do, both step back. What a process that died left behind keeps nobody waiting, though another has its
 * number, which in a container is the same each time. In a folder that can't be listed nobody sees anybody.
 * @param patience milliseconds
 * @throws ArtifactError OUTPUT_FAILED where others don't come to an end; what the file system says; what `work` throws
 */
export async function alone<T>(file: string, work: () => Promise<T>, patience: number = PATIENCE): Promise<T> {
  const folder = path.dirname(file);
  const id = randomUUID();
  const own = `${startOf(file)}${process.pid}.${id}.lock`;
  const end = Date.now() + patience;
  OWN.add(id);
  try {
    for (;;) {
      writeFileSync(path.join(folder, own), '', { flag: 'wx', mode: 0o600 });
      const other = locksOf(file).find((name) => name !== own);
      if (other === undefined) return await work();
      rmSync(path.join(folder, own), { force: true });
      if (Date.now() > end) throw busy(file, path.join(folder, other));
      // Not all for the same time, or they would meet again.
      await CHANCE.pause(30);
    }
  } finally {
    OWN.delete(id);
    rmSync(path.join(folder, own), { force: true });
  }
}

function startOf(file: string): string {
  return `.${path.basename(file)}.`;
}

/** Names of those that somebody holds; the others are removed. */
function locksOf(file: string): readonly string[] {
  const folder = path.dirname(file);
  const start = startOf(file);
  return namesIn(folder).filter((name) => {
    if (!name.startsWith(start)) return false;
    const [, pid, id = ''] = /^([1-9]\d*)\.([0-9a-f-]+)\.lock$/.exec(name.slice(start.length)) ?? [];
    if (pid === undefined) return false;
    const lock = path.join(folder, name);
    if (isHeld(lock, Number(pid), id)) return true;
    rmSync(lock, { force: true });
    return false;
  });
}

function isHeld(lock: string, pid: number, id: string): boolean {
  if (pid === process.pid) return OWN.has(id);
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made <= LONGEST && isAlive(pid);
}

/** A folder that can't be listed may still be written to. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM')) return [];
    throw error;
  }
}

function busy(file: string, lock: string): ArtifactError {
  return new ArtifactError('OUTPUT_FAILED', `'${file}' is written by another process, which does not come to an end`, {
    remedy: `Run this again when it has. If there is none, remove '${lock}'.`,
  });
}
