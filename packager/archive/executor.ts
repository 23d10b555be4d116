import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { JobKind, Jobs } from './jobs.ts';
import { runJob } from './jobs.ts';
import { errorOf } from './problem.ts';
import type { Problem } from './problem.ts';

/** Runs jobs, somewhere. Where, and how many at once, never changes what comes out. */
export interface Executor {
  /** Rejects as the job does, and with the reason of `close` where that came first. */
  run<K extends JobKind>(kind: K, input: Jobs[K]['input']): Promise<Jobs[K]['output']>;
  /** Ends what runs, rejects what waits. */
  close(reason: Error): Promise<void>;
}

/** What a thread is sent, and what it answers. */
export interface JobRequest {
  readonly id: number;
  readonly kind: JobKind;
  readonly input: Jobs[JobKind]['input'];
}
export type JobAnswer =
  | { readonly id: number; readonly output: Jobs[JobKind]['output'] }
  | { readonly id: number; readonly problem: Problem };

/** One job after the other in this thread; in between, everything else gets its turn. */
export function localExecutor(): Executor {
  let last: Promise<unknown> = Promise.resolve();
  let closed: Error | undefined;
  return {
    run: (kind, input) => {
      const result = last.then(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        if (closed !== undefined) throw closed;
        return runJob(kind, input);
      });
      last = result.catch(() => undefined);
      return result;
    },
    close: async (reason) => {
      closed = reason;
      await last;
    },
  };
}

/** A job that nobody has begun. */
export interface Waiting {
  readonly kind: JobKind;
  readonly input: Jobs[JobKind]['input'];
  readonly resolve: (output: never) => void;
  readonly reject: (error: Error) => void;
}

/** A turn of this thread that took so long was taken by others: answers of a store, mostly. Milliseconds. */
const BUSY_MS = 0.2;

/** A second job waits in each thread, so that none is idle while an answer travels. */
const JOBS_AHEAD = 2;

/**
 * Jobs in threads, begun in order. As long as there is one thread of several, this one works as well, from the first moment on: the other takes what is left when it
 * has started, and all of it as long as this one has other work. Then, and where there is but one processor, this one is free for everything else. A thread for which
 * there is no job takes of what this one does beside them.
 */
export class ThreadExecutor implements Executor {
  readonly #threads: Thread[] = [];
  readonly #queue: Waiting[] = [];
  #next = 0;
  readonly #most: number;
  readonly #spare: () => Waiting | undefined;
  #isHelping = false;
  #closed: Error | undefined;

  /**
   * @param most to which it may grow
   * @param spare what an idle thread may do
   */
  constructor(threads: number, most: number = threads, spare: () => Waiting | undefined = () => undefined) {
    this.#most = most;
    this.#spare = spare;
    this.grow(threads);
  }

  /** To so many threads, if there are fewer. */
  grow(threads: number): void {
    while (this.#threads.length < threads) {
      try {
        this.#threads.push(
          new Thread(() => {
            this.#dispatch();
          }),
        );
      } catch {
        // As many as the system gives: this thread works as well then.
        break;
      }
    }
    this.look();
  }

  /** Whether there is something for a thread that is idle. */
  look(): void {
    if (this.#threads.length > 0) this.#dispatch();
  }

  get #helps(): boolean {
    return this.#threads.length < this.#most;
  }

  run<K extends JobKind>(kind: K, input: Jobs[K]['input']): Promise<Jobs[K]['output']> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind, input, resolve, reject });
      this.#dispatch();
      if (this.#helps && !this.#isHelping) void this.#help();
    });
  }

  /** One job after the other, as `localExecutor`, where nothing else is to be done or nobody else does it. */
  async #help(): Promise<void> {
    this.#isHelping = true;
    try {
      while (this.#helps) {
        const before = performance.now();
        await new Promise((resolve) => setImmediate(resolve));
        const isBusy = performance.now() - before > BUSY_MS;
        if (isBusy && this.#threads.some(({ isOnline }) => isOnline)) continue;
        const waiting = this.#take();
        if (waiting === undefined) return;
        try {
          waiting.resolve(runJob(waiting.kind, waiting.input) as never);
        } catch (error) {
          waiting.reject(error as Error);
        }
      }
    } finally {
      this.#isHelping = false;
    }
  }

  async close(reason: Error): Promise<void> {
    this.#closed = reason;
    for (const { reject } of this.#queue.splice(0)) reject(reason);
    this.#next = 0;
    await Promise.all(this.#threads.map((thread) => thread.close(reason)));
  }

  #dispatch(): void {
    for (;;) {
      const idlest = this.#threads.reduce((a, b) => (b.busy < a.busy ? b : a));
      // What this thread could do meanwhile waits for no start, and behind no other job.
      const isIdle = idlest.isOnline && idlest.busy === 0;
      const isReady = this.#helps ? isIdle : idlest.busy < JOBS_AHEAD;
      const waiting = (isReady ? this.#take() : undefined) ?? (isIdle ? this.#spare() : undefined);
      if (waiting === undefined) return;
      idlest.start(waiting);
    }
  }

  #take(): Waiting | undefined {
    const waiting = this.#queue[this.#next];
    if (waiting === undefined) return undefined;
    this.#next++;
    // shifting one by one would move a long queue for each
    if (this.#next > 1000 || this.#next === this.#queue.length) {
      this.#queue.splice(0, this.#next);
      this.#next = 0;
    }
    return waiting;
  }
}

/** What a thread makes lives for one job, and is mostly outside of its heap: more would only be memory that lies idle. MiB. */
const YOUNG_GENERATION = 4;

class Thread {
  readonly #worker: Worker;
  readonly #running = new Map<number, Waiting>();
  readonly #ready: () => void;
  #id = 0;
  #ended: Error | undefined;
  #isOnline = false;

  constructor(ready: () => void) {
    this.#ready = ready;
    this.#worker = new Worker(WORKER_URL, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION } });
    this.#worker.on('online', () => {
      this.#isOnline = true;
      ready();
    });
    this.#worker.on('message', (answer: JobAnswer) => {
      this.#answered(answer);
    });
    this.#worker.on('error', (error) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      ready();
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error('a worker thread ended before its work was done'));
      ready();
    });
    // only work that is under way keeps the process alive
    this.#worker.unref();
  }

  get busy(): number {
    return this.#running.size;
  }

  /** It has started, and not ended. */
  get isOnline(): boolean {
    return this.#isOnline && this.#ended === undefined;
  }

  start(waiting: Waiting): void {
    if (this.#ended !== undefined) {
      waiting.reject(this.#ended);
      return;
    }
    if (this.#running.size === 0) this.#worker.ref();
    const id = this.#id++;
    this.#running.set(id, waiting);
    this.#worker.postMessage({ id, kind: waiting.kind, input: waiting.input } satisfies JobRequest);
  }

  async close(reason: Error): Promise<void> {
    this.#fail(reason);
    await this.#worker.terminate();
  }

  #answered(answer: JobAnswer): void {
    const waiting = this.#running.get(answer.id);
    if (waiting === undefined) return;
    this.#running.delete(answer.id);
    if (this.#running.size === 0) this.#worker.unref();
    if ('problem' in answer) waiting.reject(errorOf(answer.problem));
    else waiting.resolve(answer.output as never);
    this.#ready();
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#running.values()) reject(error);
    this.#running.clear();
  }
}

const IS_SOURCE = import.meta.url.endsWith('.ts');
const WORKER_URL: URL = IS_SOURCE
  ? new URL('./archive-worker.ts', import.meta.url)
  : new URL('./archive-worker.js', import.meta.url);

/**
 * Uncompiled source runs in threads only where Node.js itself takes TypeScript. Where everything was bundled into one file, there is none for the
 * threads.
 */
const THREADS_RUN: boolean =
  existsSync(WORKER_URL) &&
  (!IS_SOURCE || Boolean((process.features as { readonly typescript?: string | false }).typescript));

/** As many threads as processors, or none where threads can't run. */
export function defaultThreads(): number {
  return THREADS_RUN ? availableParallelism() : 0;
}
