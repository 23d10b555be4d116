import type { Waiting } from './executor.ts';
import type { SentTree } from './jobs.ts';
import { errorOf } from './problem.ts';
import type { Tree } from './tree.ts';
import { treeOf } from './tree.ts';
import type { WalkOptions } from './walk.ts';
import { walk } from './walk.ts';

/** A folder that nobody has begun to walk. */
interface Ahead {
  readonly options: WalkOptions;
  readonly resolve: (tree: Tree) => void;
  readonly reject: (error: unknown) => void;
}

/** Files and folders. About 3 ms: a thread that shares the work waits no longer for more of it. */
const PAUSE_AFTER = 500;

/** The folders of one run, begun in order. This thread walks one after the other; another one may take of those that wait. */
export class Walks {
  readonly #pause: () => Promise<void>;
  readonly #ahead: Ahead[] = [];
  /** What a thread didn't bring to its end: to be walked here. */
  readonly #returned: Ahead[] = [];
  #isWalking = false;
  #sincePause = 0;

  /** @param pause lets other work have its turn; rejects where the run was ended */
  constructor(pause: () => Promise<void>) {
    this.#pause = pause;
  }

  /** Rejects as `pause` does. */
  walk(options: WalkOptions): Promise<Tree> {
    return new Promise((resolve, reject) => {
      this.#ahead.push({ options, resolve, reject });
      if (!this.#isWalking) void this.#walkAll();
    });
  }

  /** The next one that waits, as a job for a thread. */
  take(): Waiting | undefined {
    const next = this.#ahead.shift();
    if (next === undefined) return undefined;
    const resolve = ({ problems, ...found }: SentTree): void => {
      next.resolve(treeOf({ ...found, problems: problems.map(errorOf) }));
    };
    const reject = (): void => {
      this.#returned.push(next);
      if (!this.#isWalking) void this.#walkAll();
    };
    return { kind: 'walk', input: next.options, resolve, reject };
  }

  async #walkAll(): Promise<void> {
    this.#isWalking = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      try {
        next.resolve(await walk(next.options, (looked) => this.#afterLook(looked)));
      } catch (error) {
        // The run was ended: nothing more is walked.
        for (let one: Ahead | undefined = next; one !== undefined; one = this.#next()) one.reject(error);
      }
    }
    this.#isWalking = false;
  }

  #next(): Ahead | undefined {
    return this.#returned.shift() ?? this.#ahead.shift();
  }

  #afterLook(looked: number): Promise<void> | undefined {
    this.#sincePause += looked;
    if (this.#sincePause < PAUSE_AFTER) return undefined;
    this.#sincePause = 0;
    return this.#pause();
  }
}
