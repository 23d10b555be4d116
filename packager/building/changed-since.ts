import type { Dirent, Stats } from 'node:fs';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Of a large project as much is looked at as takes no time that anybody notices. */
const MOST_FILES = 20_000;

/** What builds and tools leave beside sources, and what `sam build` doesn't look at. */
const NO_SOURCES = new Set([
  ...['.aws-sam', '.git', '.gradle', '.idea', '.mypy_cache', '.pytest_cache', '.venv', '.vscode', '__pycache__'],
  ...['bin', 'build', 'dist', 'node_modules', 'obj', 'out', 'target', 'venv'],
]);

/**
 * A file of a folder that was written after something was built of it, relative to the folder. One that stands in the build with the same bytes has not changed,
 * whatever its time: a fresh clone is no change.
 * @param subfolder of the build, in which sources may stand as well
 * @param written what is no source, though it may stand among them: files and folders, absolute
 * @returns undefined too where a folder can't be read
 */
export function changedSince(
  folder: string,
  built: string,
  subfolder = '',
  written: readonly string[] = [],
): string | undefined {
  const builtAt = timeOf(built);
  if (builtAt === undefined) return undefined;
  for (const { name, stats } of filesBelow(folder)) {
    if (stats.mtimeMs <= builtAt || isWritten(path.join(folder, name), written)) continue;
    const copies = [path.join(built, name), path.join(built, subfolder, name)];
    if (!copies.some((copy) => isSame(path.join(folder, name), stats, copy))) return name;
  }
  return undefined;
}

/** When a build was put in its place, in milliseconds: what it was copied from lends its files their times, but not those at which they came to be there. */
function timeOf(built: string): number | undefined {
  const times = [built, ...namesIn(built).map(({ name }) => path.join(built, name))].flatMap(
    (file) => statOf(file)?.ctimeMs ?? [],
  );
  return times.length === 0 ? undefined : Math.max(...times);
}

function* filesBelow(folder: string): Generator<{ readonly name: string; readonly stats: Stats }> {
  const folders = [''];
  let left = MOST_FILES;
  for (const below of folders) {
    for (const entry of namesIn(path.join(folder, below))) {
      if (NO_SOURCES.has(entry.name)) continue;
      const name = path.join(below, entry.name);
      if (entry.isDirectory()) folders.push(name);
      if (!entry.isFile()) continue;
      if ((left -= 1) < 0) return;
      const stats = statOf(path.join(folder, name));
      if (stats !== undefined) yield { name, stats };
    }
  }
}

function isWritten(file: string, written: readonly string[]): boolean {
  return written.some((one) => file === one || file.startsWith(one + path.sep));
}

function isSame(file: string, stats: Stats, copy: string): boolean {
  const copied = statOf(copy);
  if (copied?.isFile() !== true || copied.size !== stats.size) return false;
  try {
    return readFileSync(file).equals(readFileSync(copy));
  } catch {
    return false;
  }
}

function namesIn(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}
