import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, rmdirSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { hasCode } from '../../repository/error.ts';
import { makeFolders } from '../folders.ts';
import { failedScratch } from '../output-failure.ts';

/** A file for what memory should not hold. It has no name where the system allows that, so nothing is left of it however the process ends. */
export class Spool {
  readonly #folder: string;
  readonly #descriptor: number;
  readonly #path: string | undefined;
  #size = 0;

  /** @throws ArtifactError OUTPUT_FAILED */
  constructor(folder: string) {
    this.#folder = folder;
    const file = path.join(folder, randomUUID());
    this.#descriptor = orOutputFailed(folder, () => openNew(folder, file));
    this.#path = unlinked(file) ? undefined : file;
  }

  /** Bytes on the disk. */
  get size(): number {
    return this.#size;
  }

  /** Returns where it stands. @throws ArtifactError OUTPUT_FAILED */
  append(bytes: Uint8Array): number {
    const offset = this.#size;
    orOutputFailed(this.#folder, () => {
      for (let done = 0; done < bytes.byteLength;) {
        done += writeSync(this.#descriptor, bytes, done, bytes.byteLength - done, offset + done);
      }
    });
    this.#size += bytes.byteLength;
    return offset;
  }

  /** Fills `into` with what stands at `offset`. */
  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.byteLength;) {
      const read = readSync(this.#descriptor, into, done, into.byteLength - done, offset + done);
      if (read === 0) throw new Error('a temporary file of this process was cut short');
      done += read;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  }
}

/** Another process that is done may take the folder away between the two steps. */
function openNew(folder: string, file: string): number {
  for (let attempt = 1; ; attempt++) {
    makeFolders(folder, 0o700);
    try {
      return openSync(file, 'wx+', 0o600);
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || attempt === 10) throw error;
    }
  }
}

function unlinked(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Leaves it where others still have something in it. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not there, not empty, or not ours: nothing to do
  }
}

function orOutputFailed<T>(folder: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw failedScratch(folder, 'a temporary file', error);
  }
}
