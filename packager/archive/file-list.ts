import type { FileState } from './file.ts';

/** Files as they are handed to threads: an object for each would cost more than to read most of them. */
export interface FileList {
  /** Joined by a zero byte, which no path has. */
  readonly paths: string;
  readonly states: States;
}

/** Files of a tree as they are handed to threads and kept between runs. */
export interface Listing {
  /** Joined by a zero byte, which no name has. */
  readonly names: string;
  readonly states: States;
}

/** STATE_FIELDS numbers for each file. */
export type States = Float64Array<ArrayBuffer>;

/** Size, mtime, ctime, inode, mode. */
export const STATE_FIELDS = 5;

const SEPARATOR = '\0';

export function fileList(files: readonly FileState[]): FileList {
  return { paths: joined(files.map(({ path }) => path)), states: statesOf(files) };
}

export function listingOf(files: readonly { readonly name: string; readonly file: FileState }[]): Listing {
  return { names: joined(files.map(({ name }) => name)), states: statesOf(files.map(({ file }) => file)) };
}

/** How many files. */
export function countOf({ states }: Pick<Listing, 'states'>): number {
  return states.length / STATE_FIELDS;
}

/** Of all files together. Bytes. */
export function sizeOf({ states }: Pick<Listing, 'states'>): number {
  let size = 0;
  for (let at = 0; at < states.length; at += STATE_FIELDS) size += states[at] ?? 0;
  return size;
}

function statesOf(files: readonly FileState[]): States {
  const states = new Float64Array(files.length * STATE_FIELDS);
  for (const [i, file] of files.entries()) putState(states, i, file);
  return states;
}

export function putState(states: States, i: number, { size, mtimeMs, ctimeMs, ino, mode }: FileState): void {
  const at = STATE_FIELDS * i;
  states[at] = size;
  states[at + 1] = mtimeMs;
  states[at + 2] = ctimeMs;
  states[at + 3] = ino;
  states[at + 4] = mode;
}

export function filesOf({ paths, states }: FileList): FileState[] {
  return split(paths).map((path, i) => stateAt(states, i, path));
}

export function stateAt(states: States, i: number, path: string): FileState {
  const at = STATE_FIELDS * i;
  const [size = 0, mtimeMs = 0] = [states[at], states[at + 1]];
  const [ctimeMs = 0, ino = 0, mode = 0] = [states[at + 2], states[at + 3], states[at + 4]];
  return { path, size, mtimeMs, ctimeMs, ino, mode };
}

export function joined(names: readonly string[]): string {
  return names.join(SEPARATOR);
}

export function split(names: string): string[] {
  return names === '' ? [] : names.split(SEPARATOR);
}

/** Those of joined names in which something occurs, each once. @param pattern with the flag g; it matches no separator */
export function namesWith(names: string, pattern: RegExp): readonly string[] {
  const found: string[] = [];
  let end = -1;
  for (const { index } of names.matchAll(pattern)) {
    if (index < end) continue;
    const start = names.lastIndexOf(SEPARATOR, index) + 1;
    const next = names.indexOf(SEPARATOR, index);
    end = next === -1 ? names.length : next;
    found.push(names.slice(start, end));
  }
  return found;
}
