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

/** Whether something stands there that esbuild would read though it is none: a pipe or device, or a link to one. Folders it tells apart. */
export function isIrregular(file: string): boolean {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats !== undefined && !stats.isFile() && !stats.isDirectory();
  } catch {
    return false;
  }
}
