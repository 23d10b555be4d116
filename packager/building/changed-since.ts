import type { Stats } from 'node:fs';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { entriesIn } from '../folders.ts';
import { statsOf } from '../regular-file.ts';

/** Of a large project as much is looked at as takes no time that anybody notices. */
const MOST_FILES = 20_000;

/** What builds and tools leave beside sources, and what `sam build` doesn't look at. */
const NO_SOURCES = new Set([
  '__pycache__',
  ...['bin', 'build', 'coverage', 'dist', 'htmlcov', 'node_modules', 'obj', 'out', 'target', 'venv'],
]);

/** What tools keep for themselves, what they are told, and what `package` is mostly told to write. */
const NO_SOURCE = /^(?:\.|samconfig\.|packaged\b)/;

/** A file of a source, its name relative to that. */
export interface SourceFile {
  readonly name: string;
  readonly stats: Stats;
}

/**
 * A file of a folder that was written after something was built of it, relative to the folder. One that stands in the build with the same bytes has not changed,
 * whatever its time: a fresh clone is no change.
 * @param files of the folder, as `sourcesIn` tells them
 * @param subfolder of the build, in which sources may stand as well
 * @param written what is no source, though it may stand among them: files and folders, absolute
 * @returns undefined too where a folder can't be read
 */
export function changedSince(
  folder: string,
  files: readonly SourceFile[],
  built: string,
  subfolder = '',
  written: readonly string[] = [],
): string | undefined {
  const builtAt = timeOf(built);
  if (builtAt === undefined) return undefined;
  for (const { name, stats } of files) {
    if (stats.mtimeMs <= builtAt || isWritten(path.join(folder, name), written)) continue;
    const copies = [path.join(built, name), path.join(built, subfolder, name)];
    if (!copies.some((copy) => isSame(path.join(folder, name), stats, copy))) return name;
  }
  return undefined;
}

/** When a build was put in its place, in milliseconds: what it was copied from lends its files their times, but not those at which they came to be there. */
function timeOf(built: string): number | undefined {
  const times = [built, ...entriesIn(built).map(({ name }) => path.join(built, name))].flatMap(
    (file) => statsOf(file)?.ctimeMs ?? [],
  );
  return times.length === 0 ? undefined : Math.max(...times);
}

/** What of a folder a build may begin with. Of many files the first. */
export function sourcesIn(folder: string): readonly SourceFile[] {
  const files: SourceFile[] = [];
  const folders = [''];
  let left = MOST_FILES;
  for (const below of folders) {
    for (const entry of entriesIn(path.join(folder, below))) {
      if (NO_SOURCES.has(entry.name) || NO_SOURCE.test(entry.name)) continue;
      const name = path.join(below, entry.name);
      if (entry.isDirectory()) folders.push(name);
      if (!entry.isFile()) continue;
      if ((left -= 1) < 0) return files;
      const stats = statsOf(path.join(folder, name));
      if (stats !== undefined) files.push({ name, stats });
    }
  }
  return files;
}

function isWritten(file: string, written: readonly string[]): boolean {
  return written.some((one) => file === one || file.startsWith(one + path.sep));
}

function isSame(file: string, stats: Stats, copy: string): boolean {
  const copied = statsOf(copy);
  if (copied?.isFile() !== true || copied.size !== stats.size) return false;
  try {
    return readFileSync(file).equals(readFileSync(copy));
  } catch {
    return false;
  }
}
