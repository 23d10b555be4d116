import type { Stats } from 'node:fs';
import { readFileSync, statSync } from 'node:fs';

/**
 * What stands in a file, or in that which a link leads to. A pipe may wait for ever and a device never end, and sources may come from anybody.
 * @throws where there is no such file, or it can't be read
 */
export function readRegularFile(file: string): Buffer {
  if (isIrregular(file)) throw new Error(`'${file}' is no regular file`);
  return readFileSync(file);
}

/** The same as text. @throws as that does */
export function readRegularText(file: string): string {
  return readRegularFile(file).toString();
}

/** Whether something stands there that a reader would take for a file though it is none: a pipe or device, or a link to one. Folders are told apart by who reads. */
export function isIrregular(file: string): boolean {
  const stats = statsOf(file);
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** What stands at a path, or where a link leads; `undefined` too where that can't be looked at: in a circle of links, under a name that is longer than names may be. */
export function statsOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
