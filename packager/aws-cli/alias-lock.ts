import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError } from '../../repository/error.ts';
import { CHANCE } from '../chance.ts';
import { isAlive } from '../processes.ts';

/** Milliseconds. Whoever writes aliases is done in a few of them. */
const PATIENCE = 10_000;

/**
 * Does something with a file while no other process of this machine does so through this function. Each puts a file of its own name beside it and then looks whether others'
 * are there: of two at once one sees the other at least, and where both do, both step back. What a process that died left behind keeps nobody waiting.
 * @param patience milliseconds
 * @throws ArtifactError OUTPUT_FAILED where others don't come to an end; what the file system says; what `work` throws
 */
export async function alone<T>(file: string, work: () => Promise<T>, patience: number = PATIENCE): Promise<T> {
  const folder = path.dirname(file);
  const own = `${startOf(file)}${process.pid}.${randomUUID()}.lock`;
  const end = Date.now() + patience;
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
    rmSync(path.join(folder, own), { force: true });
  }
}

function startOf(file: string): string {
  return `.${path.basename(file)}.`;
}

/** Names of those whose processes live; the others' are removed. */
function locksOf(file: string): readonly string[] {
  const start = startOf(file);
  return readdirSync(path.dirname(file)).filter((name) => {
    const pid = name.startsWith(start)
      ? /^([1-9]\d*)\.[0-9a-f-]+\.lock$/.exec(name.slice(start.length))?.[1]
      : undefined;
    if (pid === undefined) return false;
    if (isAlive(Number(pid))) return true;
    rmSync(path.join(path.dirname(file), name), { force: true });
    return false;
  });
}

function busy(file: string, lock: string): ArtifactError {
  return new ArtifactError('OUTPUT_FAILED', `'${file}' is written by another process, which does not come to an end`, {
    remedy: `Run this again when it has. If there is none, remove '${lock}'.`,
  });
}
