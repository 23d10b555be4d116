import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { removeIfEmpty } from '../archive/spool.ts';
import { makeFolders } from '../folders.ts';
import { failedScratch } from '../output-failure.ts';
import { isAlive } from '../processes.ts';
import type { BuiltFile } from './bundler.ts';

/** Folders for what a run builds, to be packaged like any other. They go with the run; what a killed process left goes with the next. */
export class BuiltFolders {
  readonly #scratch: string;
  #own: string | undefined;

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** @returns the folder, absolute. @throws ArtifactError OUTPUT_FAILED */
  write(files: readonly BuiltFile[]): string {
    try {
      const folder = path.join(this.#folder(), randomUUID());
      for (const { name, bytes } of files) {
        const file = path.join(folder, ...name.split('/'));
        makeFolders(path.dirname(file), 0o700);
        writeFileSync(file, bytes, { mode: 0o600 });
      }
      return folder;
    } catch (cause) {
      throw failedScratch(this.#scratch, 'what was built', cause);
    }
  }

  close(): void {
    if (this.#own !== undefined) rmSync(this.#own, { recursive: true, force: true });
    this.#own = undefined;
    removeIfEmpty(this.#scratch);
  }

  #folder(): string {
    if (this.#own !== undefined) return this.#own;
    this.#removeAbandoned();
    this.#own = path.join(this.#scratch, `built-${process.pid}-${randomUUID()}`);
    makeFolders(this.#own, 0o700);
    return this.#own;
  }

  #removeAbandoned(): void {
    try {
      for (const name of readdirSync(this.#scratch)) {
        const pid = /^built-(\d+)-/.exec(name)?.[1];
        if (pid === undefined || isAlive(Number(pid))) continue;
        rmSync(path.join(this.#scratch, name), { recursive: true, force: true });
      }
    } catch {
      // There is nothing yet, or it is somebody else's to remove.
    }
  }
}
