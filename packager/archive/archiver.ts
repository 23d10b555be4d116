import type { OpenContent } from '../../repository/publishable.ts';
import type { Reporter } from '../event.ts';
import { ArtifactError } from '../../repository/error.ts';
import { archive } from './archive.ts';
import type { ArchiveFile } from './layout.ts';
import { batches } from './batches.ts';
import { CacheFiles } from './cache-files.ts';
import { DIGEST_SIZE, emptyContents } from './contents.ts';
import type { Executor } from './executor.ts';
import { ThreadExecutor, defaultThreads, localExecutor } from './executor.ts';
import type { FileState } from './file.ts';
import { fileList } from './file-list.ts';
import type { FileProblem, Measured } from './jobs.ts';
import { Packer, packingMs } from './packer.ts';
import { removeIfEmpty } from './spool.ts';
import { TreeMemory } from './tree-memory.ts';
import type { Sight } from './tree-memory.ts';
import type { Tree } from './tree.ts';
import type { WalkOptions } from './walk.ts';
import { Walks } from './walks.ts';

export interface ArchiverOptions {
  readonly reporter: Reporter;
  /** Folder for packed content that is too much for memory; made when it is needed, removed with what this process put there. */
  readonly scratch: string;
  /** Folder for what is known of sources from earlier runs, as `cacheFolder` tells it; absent: nothing is. */
  readonly cache?: string | undefined;
  /** Ends all work: everything that is under way or asked for later rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Packed content that is kept in memory for all archives of the run; what comes later goes to the scratch folder. Bytes, default 16 MiB. */
  readonly memory?: number;
  /** Threads beside the calling one; 0: all is done there. The result is the same for any number. Default: as many as processors. */
  readonly threads?: number;
}

/** What the sources of one run share: threads, and content that was packed already. Made by createArchiver, used by openSource. */
export interface Archiver {
  /** Of earlier runs. */
  readonly memory: TreeMemory;
  /** Looks at every file of a folder. @param sight of that folder. Rejects where the run was ended */
  walk(options: WalkOptions, sight: Sight): Promise<Tree>;
  /** Reads and hashes; answers in the order of the files. `subject` is what progress is reported for. */
  measure(files: readonly FileState[], subject: string): Promise<Measured>;
  /** Packs, hashes and lays out. @throws ArtifactErrors SOURCE_CHANGED, PATH_UNREADABLE, OUTPUT_FAILED; ArtifactError INTERRUPTED */
  archive(files: readonly ArchiveFile[], subject: string): Promise<OpenContent>;
  /** Ends the threads and gives back memory and disk. What was opened can't be read any more. */
  close(): Promise<void>;
}

/** A thread takes about 30 ms to start; all are started when so much work has come together in the run. Milliseconds. */
const THREADS_PAY_OFF = 150;
/** One that shares the work with this one is started earlier: in time for what is to be packed once it is measured. */
const ONE_THREAD_PAYS_OFF = 40;
/** So many files are walked in twice the time that it takes a thread to start. */
const WALKING_PAYS_OFF = 10_000;
/** Hashing takes about so long for a byte and a file. */
const MS_PER_BYTE = 1 / 700_000;
const MS_PER_FILE = 1 / 100;
/** Progress is told at such distances, in files and in bytes. */
const PROGRESS_FILES = 1000;
const PROGRESS_BYTES = 1024 * 1024;

/** Starts no thread yet: that is done when there is enough work. To be closed by whoever made it. */
export function createArchiver(options: ArchiverOptions): Archiver {
  return new RunArchiver(options);
}

class RunArchiver implements Archiver {
  readonly memory: TreeMemory;
  readonly #options: ArchiverOptions;
  readonly #packer: Packer;
  readonly #local = localExecutor();
  readonly #walks = new Walks(() => this.#pause());
  #threads: ThreadExecutor | undefined;
  #estimatedMs = 0;
  #expectedMs = 0;
  /** Of all folders as earlier runs found them, and of the largest: one folder is walked by one thread. */
  #expectedFiles = 0;
  #largestFiles = 0;
  #ended: Error | undefined;
  readonly #onAbort = (): void => {
    void this.#end(reasonOf(this.#options.signal));
  };

  constructor(options: ArchiverOptions) {
    const { cache } = options;
    this.#options = options;
    this.memory = new TreeMemory(new CacheFiles(cache));
    this.#packer = new Packer(options.scratch, (estimatedMs) => this.#executor(estimatedMs), options.memory);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
  }

  walk(options: WalkOptions, sight: Sight): Promise<Tree> {
    const files = this.memory.filesAt(sight);
    this.#expectedFiles += files;
    this.#largestFiles = Math.max(this.#largestFiles, files);
    const tree = this.#walks.walk(options);
    if (this.#expectedFiles - this.#largestFiles > WALKING_PAYS_OFF && this.#most > 1) this.#start(1);
    this.#threads?.look();
    return tree;
  }

  async measure(files: readonly FileState[], subject: string): Promise<Measured> {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const executor = this.#executor(bytes * MS_PER_BYTE + files.length * MS_PER_FILE, packingMs(bytes, files.length));
    const contents = emptyContents(files.length);
    const problems: FileProblem[] = [];
    let begun = 0;
    let done = 0;
    let told = 0;
    await Promise.all(
      batches(files, ({ size }) => size).map(async (batch) => {
        const first = begun;
        begun += batch.length;
        const measured = await executor.run('measure', fileList(batch));
        contents.digests.set(measured.digests, DIGEST_SIZE * first);
        contents.crc32.set(measured.crc32, first);
        contents.privateKeys.set(measured.privateKeys, first);
        for (const { index, problem } of measured.problems) problems.push({ index: first + index, problem });
        done += batch.length;
        if (done - told >= PROGRESS_FILES || done === files.length) {
          told = done;
          this.#options.reporter({ kind: 'progress', stage: 'walk', subject, done, total: files.length });
        }
      }),
    );
    return { ...contents, problems: problems.sort((a, b) => a.index - b.index) };
  }

  archive(files: readonly ArchiveFile[], subject: string): Promise<OpenContent> {
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    let told = 0;
    const onProgress = (done: number): void => {
      if (done - told < PROGRESS_BYTES && done < total) return;
      told = done;
      this.#options.reporter({ kind: 'progress', stage: 'archive', subject, done, total });
    };
    return archive(files, this.#packer, { onProgress, pause: () => this.#pause() });
  }

  async close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await this.#end(new Error('the archiver was closed'));
    this.#packer.close();
    removeIfEmpty(this.#options.scratch);
  }

  /** Threads, as soon as the run has given enough work to be worth them. @param expectedMs of what follows, perhaps */
  #executor(estimatedMs: number, expectedMs = 0): Executor {
    this.#estimatedMs += estimatedMs;
    this.#expectedMs += expectedMs;
    const isSome = this.#estimatedMs + this.#expectedMs > ONE_THREAD_PAYS_OFF;
    const threads = this.#estimatedMs > THREADS_PAY_OFF ? this.#most : isSome ? Math.min(this.#most, 1) : 0;
    if (threads > 0) this.#start(threads);
    return this.#threads ?? this.#local;
  }

  get #most(): number {
    return this.#options.threads ?? defaultThreads();
  }

  #start(threads: number): void {
    if (this.#ended !== undefined) return;
    if (this.#threads === undefined) this.#threads = new ThreadExecutor(threads, this.#most, () => this.#walks.take());
    else this.#threads.grow(threads);
  }

  /** Lets other work have its turn. */
  async #pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#ended !== undefined) throw this.#ended;
  }

  async #end(reason: Error): Promise<void> {
    this.#ended ??= reason;
    await Promise.all([this.#local.close(this.#ended), this.#threads?.close(this.#ended)]);
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof ArtifactError ? reason : new ArtifactError('INTERRUPTED', 'interrupted', { cause: reason });
}
