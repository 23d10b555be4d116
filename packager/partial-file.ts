import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Digest } from '../repository/index.ts';
import { hasCode } from '../repository/index.ts';
import { isAlive } from './processes.ts';

/** Bytes. What is less is fetched again in a moment, and not worth a file that lies about. */
const KEPT_FROM = 1024 * 1024;

/** So many digits of the digest tell one content from another. */
const DIGITS = 16;

/**
 * The beginning of a file that was not fetched to its end, in the folder where the file is to appear: `NAME.part-DIGEST`. Whoever goes on with it takes it first,
 * by a rename that one alone can do, to a name with the number of his process: so no two ever write to the same file, and what a killed process left is known.
 */
export class PartialFile {
  /** Absolute; nobody else writes to it. */
  readonly file: string;
  readonly #kept: string;

  /** Takes what is there; else there is no file yet. */
  constructor(target: string, digest: Digest) {
    this.#kept = `${target}.part-${digest.slice(0, DIGITS)}`;
    this.file = `${this.#kept}.${process.pid}`;
    for (const file of [this.#kept, ...this.#abandoned()].toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
      if (this.size > 0) rmSync(file, { force: true });
      else take(file, this.file);
    }
  }

  /** Bytes; 0 where there is nothing. */
  get size(): number {
    return sizeOf(this.file);
  }

  /** Leaves it to the next who wants the same. @returns the path; `undefined` where there is too little to be kept */
  keep(): string | undefined {
    if (this.size >= KEPT_FROM && take(this.file, this.#kept)) return this.#kept;
    this.discard();
    return undefined;
  }

  discard(): void {
    rmSync(this.file, { force: true });
  }

  /** What processes left that are no more. */
  #abandoned(): readonly string[] {
    const folder = path.dirname(this.#kept);
    const start = `${path.basename(this.#kept)}.`;
    try {
      return readdirSync(folder)
        .filter((name) => name.startsWith(start) && /^[1-9]\d*$/.test(name.slice(start.length)))
        .filter((name) => !isAlive(Number(name.slice(start.length))))
        .map((name) => path.join(folder, name));
    } catch {
      // A folder that can't be listed may still be written to.
      return [];
    }
  }
}

/** Whether it was there, and nobody was faster. */
function take(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
