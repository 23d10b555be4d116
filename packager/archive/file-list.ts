import type { FileState } from './file.ts';

/** Files as they are handed to threads and kept between runs: an object for each would cost more than to read most of them. */
export interface FileList {
  /** Joined by a zero byte, which no path has. */
  readonly paths: string;
  /** STATE_FIELDS numbers for each. */
  readonly states: Float64Array<ArrayBuffer>;
}

/** Size, mtime, ctime, inode, mode. */
export const STATE_FIELDS = 5;

const SEPARATOR = '\0';

export function fileList(files: readonly FileState[]): FileList {
  return { paths: joined(files.map(({ path }) => path)), states: statesOf(files) };
}

export function statesOf(files: readonly FileState[]): Float64Array<ArrayBuffer> {
  const states = new Float64Array(files.length * STATE_FIELDS);
  let at = 0;
  for (const { size, mtimeMs, ctimeMs, ino, mode } of files) {
    states[at++] = size;
    states[at++] = mtimeMs;
    states[at++] = ctimeMs;
    states[at++] = ino;
    states[at++] = mode;
  }
  return states;
}

export function filesOf({ paths, states }: FileList): FileState[] {
  return split(paths).map((path, i) => {
    const [size = 0, mtimeMs = 0, ctimeMs = 0, ino = 0, mode = 0] = states.subarray(STATE_FIELDS * i);
    return { path, size, mtimeMs, ctimeMs, ino, mode };
  });
}

export function joined(names: readonly string[]): string {
  return names.join(SEPARATOR);
}

export function split(names: string): string[] {
  return names === '' ? [] : names.split(SEPARATOR);
}
