import type { PartDigests } from '../../repository/content.ts';
import type { Digest } from '../../repository/digest.ts';
import { CHUNK_SIZE, readFully, readRange, reading } from './file.ts';
import type { FileState } from './file.ts';
import type { MeasuredFile, Packed, ShelvedPart } from './packer.ts';
import { Scratch, shelvedBytes } from './shelf-reading.ts';
import { localHeader } from './zip.ts';
import type { ZipEntry } from './zip.ts';

/** One file of an archive. */
export interface ArchiveFile extends MeasuredFile {
  /** Path in the archive. */
  readonly name: string;
  readonly executable: boolean;
}

/** Where everything stands in the archive. */
export interface Layout {
  readonly entries: readonly LaidEntry[];
  /** What stands behind the last file. */
  readonly directory: Stretch;
  readonly size: number;
  readonly sha256: Digest;
  readonly parts?: PartDigests;
}

export interface LaidEntry {
  readonly file: ArchiveFile;
  readonly packed: Packed;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Consecutive bytes of the archive: in memory, on a shelf, or in a file. */
type Stretch = { readonly offset: number; readonly byteLength: number } & (
  { readonly bytes: Uint8Array } | { readonly shelved: ShelvedPart } | { readonly file: FileState }
);

/** Made when it is needed: for many files all of them together would take more memory than what they are made from. */
export function zipEntry({ file, packed }: LaidEntry): ZipEntry {
  const { method, crc32, size, packedSize } = packed;
  return { name: Buffer.from(file.name), executable: file.executable, method, crc32, size, packedSize };
}

/** In pieces of CHUNK_SIZE: sending each header and each small file on its own would cost more than copying them together. */
export async function* readLayout(layout: Layout, start: number, end: number): AsyncGenerator<Uint8Array> {
  const scratch = new Scratch();
  const chunks = new Chunks(end - start);
  for (const { stretch, from, to } of cutsOf(layout, start, end)) {
    if ('bytes' in stretch) {
      for (let at = from; at < to;) {
        at += chunks.fill(stretch.bytes, at, to);
        if (chunks.isFull) yield chunks.next();
      }
      continue;
    }
    const pieces =
      'file' in stretch
        ? readRange(stretch.file, from, to, scratch.chunk)
        : shelvedBytes(stretch.shelved, from, to, scratch);
    for await (const piece of pieces) {
      for (let at = 0; at < piece.byteLength;) {
        at += chunks.fill(piece, at, piece.byteLength);
        if (chunks.isFull) yield chunks.next();
      }
    }
  }
}

/** Each byte is copied once, or read where it is wanted. */
export function fillFrom(layout: Layout, into: Uint8Array, start: number): void {
  const end = start + into.byteLength;
  for (const { stretch, from, to } of cutsOf(layout, start, end)) {
    const at = stretch.offset + from - start;
    const room = into.subarray(at, at + to - from);
    if ('bytes' in stretch) room.set(stretch.bytes.subarray(from, to));
    else if ('file' in stretch) fillFromFile(stretch.file, room, from);
    else stretch.shelved.shelf.spool.read(stretch.shelved.offset + from, room);
  }
}

function fillFromFile(file: FileState, into: Uint8Array, position: number): void {
  reading(file, (descriptor) => {
    readFully(descriptor, into, into.byteLength, position, file.path);
  });
}

/** Fills chunks of CHUNK_SIZE, the last one shorter. */
class Chunks {
  #left: number;
  #chunk: Buffer;
  #filled = 0;

  /** @param size of all of them */
  constructor(size: number) {
    this.#left = Math.max(0, size);
    this.#chunk = this.#empty();
  }

  get isFull(): boolean {
    return this.#filled > 0 && this.#filled === this.#chunk.byteLength;
  }

  /** @returns how many of the bytes from `from` to `to` had room */
  fill(bytes: Uint8Array, from: number, to: number): number {
    const length = Math.min(to - from, this.#chunk.byteLength - this.#filled);
    this.#chunk.set(length === bytes.byteLength ? bytes : bytes.subarray(from, from + length), this.#filled);
    this.#filled += length;
    return length;
  }

  /** The one that is full; it is the caller's from then on. */
  next(): Buffer {
    const chunk = this.#chunk;
    this.#left -= chunk.byteLength;
    this.#chunk = this.#empty();
    this.#filled = 0;
    return chunk;
  }

  #empty(): Buffer {
    return Buffer.allocUnsafeSlow(Math.min(CHUNK_SIZE, this.#left));
  }
}

/** What stands from `start` to `end`, by stretches: of each the bytes from `from` to `to`. */
function* cutsOf(
  layout: Layout,
  start: number,
  end: number,
): Generator<{ readonly stretch: Stretch; readonly from: number; readonly to: number }> {
  for (const stretch of stretchesFrom(layout, start)) {
    if (stretch.offset >= end) break;
    const from = Math.max(0, start - stretch.offset);
    const to = Math.min(stretch.byteLength, end - stretch.offset);
    if (from < to) yield { stretch, from, to };
  }
}

/** All of the archive from the entry in which `start` lies. */
function* stretchesFrom({ entries, directory }: Layout, start: number): Generator<Stretch> {
  for (let i = lastBeginningBy(entries, start); i < entries.length; i++) {
    const entry = entries[i];
    if (entry !== undefined) yield* stretchesOf(entry);
  }
  yield directory;
}

function* stretchesOf(entry: LaidEntry): Generator<Stretch> {
  const { file, packed, offset } = entry;
  const header = localHeader(zipEntry(entry));
  yield { offset, byteLength: header.byteLength, bytes: header };
  let at = offset + header.byteLength;
  if (packed.parts === 'source') {
    yield { offset: at, byteLength: file.file.size, file: file.file };
    return;
  }
  for (const part of packed.parts) {
    const { byteLength } = part;
    yield 'shelf' in part ? { offset: at, byteLength, shelved: part } : { offset: at, byteLength, bytes: part };
    at += byteLength;
  }
}

/** Index of the last entry that begins at `offset` or before. */
function lastBeginningBy(entries: readonly LaidEntry[], offset: number): number {
  let low = 0;
  let high = entries.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.offset ?? Infinity) <= offset) low = middle;
    else high = middle;
  }
  return low;
}
