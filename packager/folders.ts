import type { Dirent } from 'node:fs';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { hasCode } from '../repository/error.ts';
import { statsOf } from './regular-file.ts';

/** Those who remove what is empty may come between as often. */
const ATTEMPTS = 10;

/**
 * Makes a folder, with those above it that are missing. Node's own, with `recursive`, never ends where a file system says of a folder that it doesn't take that the one
 * above is missing, as /proc does.
 * @param mode of all that are made
 * @returns whether the folder was not there before
 * @throws what the file system says
 */
export function makeFolders(folder: string, mode = 0o777): boolean {
  for (let attempt = 1; ; attempt += 1) {
    try {
      mkdirSync(folder, { mode });
      return true;
    } catch (error) {
      if (isFolder(folder)) return false;
      const above = path.dirname(folder);
      if (!hasCode(error, 'ENOENT') || above === folder || attempt === ATTEMPTS) throw error;
      makeFolders(above, mode);
    }
  }
}

/** Wherever links lead. */
export function isFolder(place: string): boolean {
  return statsOf(place)?.isDirectory() === true;
}

/** What is in a folder, in a fixed order; nothing where it can't be listed. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The same with what each is, in whatever order. */
export function entriesIn(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
