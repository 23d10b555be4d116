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
    return { kind: 'walk', input: next.options, resolve, reject: next.reject };
  }

  async #walkAll(): Promise<void> {
    this.#isWalking = true;
    for (let next = this.#ahead.shift(); next !== undefined; next = this.#ahead.shift()) {
      try {
        next.resolve(await walk(next.options, (looked) => this.#afterLook(looked)));
      } catch (error) {
        next.reject(error);
      }
    }
    this.#isWalking = false;
  }

  #afterLook(looked: number): Promise<void> | undefined {
    this.#sincePause += looked;
    if (this.#sincePause < PAUSE_AFTER) return undefined;
    this.#sincePause = 0;
    return this.#pause();
  }
}
