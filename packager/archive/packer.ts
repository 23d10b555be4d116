import type { Digest } from '../../repository/digest.ts';
import { batches } from './batches.ts';
import { DEFLATED, STORED, piecesOf } from './compression.ts';
import type { Method } from './compression.ts';
import { joinCrc32 } from './crc32.ts';
import { PIECE_SIZE } from './deflate.ts';
import type { Executor } from './executor.ts';
import { changed } from './file.ts';
import type { HashedFile, PackResult, PackedBatch } from './jobs.ts';
import { errorOf } from './jobs.ts';
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

/** Never seen by anybody: every archive that wanted it has failed for another reason. */
const FOR_NOBODY = 'no archive waits for what was packed';

const EMPTY: Packed = { method: STORED, crc32: 0, size: 0, packedSize: 0, parts: [] };

/** Content that is packed, or being packed. */
interface Packing {
  readonly promise: Promise<Packed>;
  readonly settle: (packed: Promise<Packed>) => void;
  /** Who waits for it. */
  readonly holdings: Holding[];
  packed?: Packed;
}

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

  /**
   * One promise for each file, in their order. What they give lasts until the holding is released.
   * Each may reject with ArtifactError SOURCE_CHANGED, PATH_UNREADABLE, OUTPUT_FAILED.
   */
  pack(files: readonly MeasuredFile[], holding: Holding): Promise<Packed>[] {
    const fresh: MeasuredFile[] = [];
    const results = files.map((file) => {
      if (file.file.size === 0) return Promise.resolve(EMPTY);
      const known = this.#packings.get(file.sha256);
      if (known === undefined) {
        fresh.push(file);
        return this.#expect(file.sha256, holding).promise;
      }
      if (known.packed !== undefined) this.#hold(known.packed, holding);
      else known.holdings.push(holding);
      // the file that it is read from is another one, perhaps of another archive: its troubles are not this file's
      return known.promise.catch(() => this.pack([file], holding)[0] ?? known.promise);
    });
    this.#begin(fresh);
    return results;
  }

  release(holding: Holding): void {
    this.#shelves.release(holding);
  }

  close(): void {
    this.#shelves.close();
  }

  #expect(digest: Digest, holding: Holding): Packing {
    let settle: Packing['settle'] = () => undefined;
    const promise = new Promise<Packed>((resolve) => {
      settle = resolve;
    });
    const packing: Packing = { promise, settle, holdings: [holding] };
    this.#packings.set(digest, packing);
    return packing;
  }

  #begin(files: readonly MeasuredFile[]): void {
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    if (files.length === 0) return;
    const executor = this.#executor(bytes * MS_PER_BYTE + files.length * MS_PER_FILE);
    for (const batch of batches(
      files.filter(({ file }) => file.size <= PIECE_SIZE),
      ({ file }) => file.size,
    )) {
      const packing = executor.run('pack', batch).then((packed) => this.#keepBatch(batch, packed));
      batch.forEach((file, i) => {
        this.#settle(
          file,
          packing.then(({ results, kept }) => packedOf(file, results[i], kept)),
        );
      });
    }
    for (const file of files) {
      if (file.file.size > PIECE_SIZE) this.#settle(file, this.#packLarge(file, executor));
    }
  }

  /** Everybody who waits holds the result before anybody is told of it. */
  #settle({ sha256 }: MeasuredFile, result: Promise<Packed>): void {
    const packing = this.#packings.get(sha256);
    if (packing === undefined) return;
    packing.settle(
      result.then(
        (packed) => {
          packing.packed = packed;
          for (const holding of packing.holdings.splice(0)) this.#hold(packed, holding);
          return packed;
        },
        (error: unknown) => {
          if (this.#packings.get(sha256) === packing) this.#packings.delete(sha256);
          throw error;
        },
      ),
    );
  }

  #hold({ parts }: Packed, holding: Holding): void {
    if (parts === 'source') return;
    for (const part of parts) {
      if ('shelf' in part) this.#shelves.hold(part.shelf, holding);
    }
  }

  /** All of a batch stands in one place. */
  #keepBatch(files: readonly MeasuredFile[], { results, bytes }: PackedBatch): KeptBatch {
    return {
      results,
      kept: this.#keep(
        files.map(({ sha256 }) => sha256),
        bytes,
      ),
    };
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

interface KeptBatch {
  readonly results: readonly PackResult[];
  readonly kept: Part;
}

function packedOf({ file }: MeasuredFile, result: PackResult | undefined, kept: Part): Packed {
  if (result === undefined) throw new Error('a job answered for fewer files than it was given');
  if ('problem' in result) throw errorOf(result.problem);
  const { method, crc32, start, end } = result;
  return { method, crc32, size: file.size, packedSize: end - start, parts: [partOf(kept, start, end)] };
}

function partOf(kept: Part, start: number, end: number): Part {
  if (!('shelf' in kept)) return kept.subarray(start, end);
  return { shelf: kept.shelf, offset: kept.offset + start, byteLength: end - start };
}
