import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { Interest } from './interest.ts';
import type { Wanted } from './watched-folders.ts';
import { changedAfter, foldersToWatch } from './watched-folders.ts';

/** So long nothing must have happened before a change is over: editors and installers write more than once. Milliseconds. */
const QUIET = 100;

/** What is still being changed after so long is looked at anyway. Milliseconds. */
const PATIENCE = 2_000;

/** The clock of a file system may be so far behind. Milliseconds. */
const TICK = 20;

/** Notices what changes of what a run was about. A folder is watched by itself, because on Linux nothing else is reliable. */
export class Watcher {
  readonly #isIgnored: (file: string) => boolean;
  readonly #watchers: FSWatcher[] = [];
  readonly #changed = new Set<string>();
  #onChange: () => void = () => undefined;

  /** @param isIgnored what the run itself writes */
  constructor(isIgnored: (file: string) => boolean) {
    this.#isIgnored = isIgnored;
  }

  /**
   * Watches what is of interest from now on, and what was until now no more. What was changed since the run began counts too: it may not have been watched yet.
   * @param startedAt when that was. Milliseconds since 1970
   * @throws ArtifactError PATH_UNREADABLE where the system lets nobody watch so much
   */
  watch(interest: Interest, startedAt: number): void {
    const before = this.#watchers.splice(0);
    const folders = foldersToWatch(interest);
    // Anew, because a folder may have become another of the same name; and before the others end, so that nothing goes unnoticed.
    for (const [folder, wanted] of folders) this.#begin(folder, wanted);
    for (const watcher of before) watcher.close();
    for (const [folder, wanted] of folders) {
      for (const file of changedAfter(folder, wanted, startedAt - TICK)) this.#note(file);
    }
  }

  /** Waits for changes, and until nothing more changes; they are told once. @returns absolute paths; nothing where `signal` ended it */
  async changes(signal: AbortSignal): Promise<readonly string[]> {
    const ended = new Promise<void>((resolve) => {
      const onAbort = (): void => {
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
    if (this.#changed.size === 0) await Promise.race([ended, this.#next()]);
    const patience = Date.now() + PATIENCE;
    while (!signal.aborted && Date.now() < patience) {
      const isQuiet = await Promise.race([ended, this.#next().then(() => false), quiet()]);
      if (isQuiet === true) break;
    }
    const changes = signal.aborted ? [] : [...this.#changed].sort();
    this.#changed.clear();
    return changes;
  }

  close(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }

  #note(file: string): void {
    if (this.#isIgnored(file)) return;
    this.#changed.add(file);
    this.#onChange();
  }

  #begin(folder: string, wanted: Wanted): void {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null) this.#note(folder);
        else if (wanted === 'everything' || wanted.has(name)) this.#note(path.join(folder, name));
      });
      // A folder that goes away is noticed in the one above it.
      watcher.on('error', () => {
        this.#note(folder);
      });
      this.#watchers.push(watcher);
    } catch (cause) {
      if (hasCode(cause, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return;
      throw new ArtifactError('PATH_UNREADABLE', `cannot watch '${folder}': ${String(cause)}`, {
        remedy: 'There may be too many folders: on Linux, raise fs.inotify.max_user_watches.',
        cause,
      });
    }
  }
}

function quiet(): Promise<true> {
  return new Promise((resolve) => {
    setTimeout(resolve, QUIET, true);
  });
}
