import type { Digest } from '../../repository/digest.ts';
import { batches } from './batches.ts';
import { DEFLATED, STORED, piecesOf } from './compression.ts';
import type { Method } from './compression.ts';
import { joinCrc32 } from './crc32.ts';
import { PIECE_SIZE } from './deflate.ts';
import type { Executor } from './executor.ts';
import { changed } from './file.ts';
import type { HashedFile } from './jobs.ts';
import { PACKED_FIELDS, hashedList } from './jobs.ts';
import { errorOf } from './problem.ts';
import type { Holding, Shelf } from './shelf.ts';
import { Shelves } from './shelf.ts';

/** A file whose content is known. */
export interface MeasuredFile extends HashedFile {
  /** Of files of more than one piece. */
  readonly crc32?: number;
}

/** Content as it stands in an archive, the same in all of them. */
export interface Packed {
  readonly method: Method;
  readonly crc32: number;
  readonly size: number;
  readonly packedSize: number;
  /** `source`: the bytes of the file itself, which are too many to be kept a second time. */
  readonly parts: readonly Part[] | 'source';
}

export type Part = Uint8Array | ShelvedPart;

export interface ShelvedPart {
  readonly shelf: Shelf;
  readonly offset: number;
  readonly byteLength: number;
}

/** Packed content that is kept in memory in one run; what comes later goes to the disk. Bytes. */
const MEMORY = 16 * 1024 * 1024;

/** Packing takes about so long for a byte and for a file: only good enough to tell whether threads are worth their start. */
const MS_PER_BYTE = 1 / 60_000;
const MS_PER_FILE = 1 / 50;

/** @returns milliseconds */
export function packingMs(bytes: number, files: number): number {
  return bytes * MS_PER_BYTE + files * MS_PER_FILE;
}

/** Never seen by anybody: every archive that wanted it has failed for another reason. */
const FOR_NOBODY = 'no archive waits for what was packed';

const EMPTY: Packed = { method: STORED, crc32: 0, size: 0, packedSize: 0, parts: [] };

/** Content that is packed, or being packed. */
interface Packing {
  /** From where. */
  readonly file: MeasuredFile;
  /** Who waits for it. */
  readonly holdings: Holding[];
  /** Ends with one of the two that follow; never rejects. */
  done: Promise<void>;
  packed?: Packed;
  failure?: unknown;
}

const NOT_BEGUN: Promise<void> = Promise.resolve();

/** Packs each distinct content once in a run, in whatever archives it stands, for as long as it can be kept. */
export class Packer {
  readonly #executor: (estimatedMs: number) => Executor;
  readonly #packings = new Map<Digest, Packing>();
  readonly #shelves: Shelves;
  #memory: number;

  constructor(scratch: string, executor: (estimatedMs: number) => Executor, memory: number = MEMORY) {
    this.#executor = executor;
    this.#memory = memory;
    this.#shelves = new Shelves(scratch, (digest) => this.#packings.delete(digest));
  }

  /** Begins to pack these files. What comes of it lasts until the holding is released. */
  begin(files: readonly MeasuredFile[], holding: Holding): void {
    const fresh: Packing[] = [];
    for (const file of files) {
      if (file.file.size === 0) continue;
      const known = this.#packings.get(file.sha256);
      if (known === undefined) {
        const packing: Packing = { file, holdings: [holding], done: NOT_BEGUN };
        this.#packings.set(file.sha256, packing);
        fresh.push(packing);
      } else if (known.packed !== undefined) this.#hold(known.packed, holding);
      else if (known.holdings.at(-1) !== holding) known.holdings.push(holding);
    }
    if (fresh.length > 0) this.#start(fresh);
  }

  /**
   * What a file became, begun beforehand: a promise only where it has to be waited for.
   * @throws ArtifactError SOURCE_CHANGED, PATH_UNREADABLE, OUTPUT_FAILED
   */
  packed(file: MeasuredFile, holding: Holding): Packed | Promise<Packed> {
    if (file.file.size === 0) return EMPTY;
    return this.#packings.get(file.sha256)?.packed ?? this.#waitFor(file, holding);
  }

  async #waitFor(file: MeasuredFile, holding: Holding): Promise<Packed> {
    for (;;) {
      this.begin([file], holding);
      const packing = this.#packings.get(file.sha256);
      if (packing === undefined) throw new Error(FOR_NOBODY);
      await packing.done;
      if (packing.packed !== undefined) return packing.packed;
      // The troubles of another file of the same content, perhaps of another archive, are not this file's.
      if (packing.file === file) throw packing.failure;
    }
  }

  release(holding: Holding): void {
    this.#shelves.release(holding);
  }

  close(): void {
    this.#shelves.close();
  }

  #start(packings: readonly Packing[]): void {
    const bytes = packings.reduce((sum, { file }) => sum + file.file.size, 0);
    const executor = this.#executor(packingMs(bytes, packings.length));
    const small = packings.filter(({ file }) => file.file.size <= PIECE_SIZE);
    for (const batch of batches(small, ({ file }) => file.file.size)) {
      const done = this.#packBatch(batch, executor).catch((failure: unknown) => {
        for (const packing of batch) this.#failed(packing, failure);
      });
      for (const packing of batch) packing.done = done;
    }
    for (const packing of packings) {
      if (packing.file.file.size <= PIECE_SIZE) continue;
      packing.done = this.#packLarge(packing.file, executor).then(
        (packed) => {
          this.#succeeded(packing, packed);
        },
        (failure: unknown) => {
          this.#failed(packing, failure);
        },
      );
    }
  }

  async #packBatch(batch: readonly Packing[], executor: Executor): Promise<void> {
    const files = batch.map(({ file }) => file);
    const { records, bytes, problems } = await executor.run('pack', hashedList(files));
    // All of a batch stands in one place.
    const kept = this.#keep(
      files.map(({ sha256 }) => sha256),
      bytes,
    );
    const failures = new Map(problems.map(({ index, problem }) => [index, problem]));
    for (const [i, packing] of batch.entries()) {
      const problem = failures.get(i);
      if (problem === undefined) this.#succeeded(packing, packedOf(packing.file, records, i, kept));
      else this.#failed(packing, errorOf(problem));
    }
  }

  /** Everybody who waits holds the result before anybody is told of it. */
  #succeeded(packing: Packing, packed: Packed): void {
    packing.packed = packed;
    for (const holding of packing.holdings.splice(0)) this.#hold(packed, holding);
  }

  #failed(packing: Packing, failure: unknown): void {
    const { sha256 } = packing.file;
    packing.failure = failure;
    if (this.#packings.get(sha256) === packing) this.#packings.delete(sha256);
  }

  #hold({ parts }: Packed, holding: Holding): void {
    if (parts === 'source') return;
    for (const part of parts) {
      if ('shelf' in part) this.#shelves.hold(part.shelf, holding);
    }
  }

  async #packLarge({ file, sha256, crc32 }: MeasuredFile, executor: Executor): Promise<Packed> {
    if (crc32 === undefined) throw new Error('a large file that was not measured');
    const stored: Packed = { method: STORED, crc32, size: file.size, packedSize: file.size, parts: 'source' };
    if (!(await executor.run('sample', file))) return stored;
    const pieces = await Promise.all(
      piecesOf(file.size).map(async (piece) => {
        const { crc32: crc, bytes } = await executor.run('deflatePiece', { file, piece });
        return { crc, length: piece.end - piece.start, part: this.#keep([sha256], bytes) };
      }),
    );
    const joined = pieces.reduce((crc, piece) => joinCrc32(crc, piece.crc, piece.length), 0);
    if (joined !== crc32) throw changed(file.path);
    const packedSize = pieces.reduce((sum, { part }) => sum + part.byteLength, 0);
    const parts = pieces.map(({ part }) => part);
    if (packedSize >= file.size) {
      this.#giveBack(parts);
      return stored;
    }
    if (parts.some((part) => 'shelf' in part && part.shelf.closed)) throw new Error(FOR_NOBODY);
    return { method: DEFLATED, crc32, size: file.size, packedSize, parts };
  }

  #giveBack(parts: readonly Part[]): void {
    for (const part of parts) {
      if (!('shelf' in part)) this.#memory += part.byteLength;
    }
  }

  #keep(digests: readonly Digest[], bytes: Uint8Array): Part {
    if (bytes.byteLength <= this.#memory) {
      this.#memory -= bytes.byteLength;
      return bytes;
    }
    const holdings = digests.flatMap((digest) => this.#packings.get(digest)?.holdings ?? []);
    const holding = holdings.find(({ released }) => !released);
    if (holding === undefined) throw new Error(FOR_NOBODY);
    const shelf = this.#shelves.ownOf(holding);
    for (const digest of digests) shelf.digests.add(digest);
    return { shelf, offset: shelf.spool.append(bytes), byteLength: bytes.byteLength };
  }
}

/** The i-th of a batch. */
function packedOf({ file }: MeasuredFile, records: Uint32Array, i: number, kept: Part): Packed {
  const [method, crc32 = 0, start = 0, end = 0] = records.subarray(PACKED_FIELDS * i, PACKED_FIELDS * (i + 1));
  return {
    method: method === DEFLATED ? DEFLATED : STORED,
    ...{ crc32, size: file.size, packedSize: end - start, parts: [partOf(kept, start, end)] },
  };
}

function partOf(kept: Part, start: number, end: number): Part {
  if (!('shelf' in kept)) return kept.subarray(start, end);
  return { shelf: kept.shelf, offset: kept.offset + start, byteLength: end - start };
}
