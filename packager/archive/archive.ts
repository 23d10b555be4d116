import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../repository/digest.ts';
import { ArtifactError, refuse } from '../../repository/error.ts';
import type { PartDigests } from '../../repository/content.ts';
import { PART_SIZE, UNDIVIDED } from '../../repository/content.ts';
import type { OpenContent } from '../../repository/publishable.ts';
import { CHUNK_SIZE, changed, readFully, readRange, reading } from './file.ts';
import type { FileState } from './file.ts';
import type { MeasuredFile, Packed, Packer, Part, ShelvedPart } from './packer.ts';
import type { Holding, Shelf } from './shelf.ts';
import { centralHeader, endOfArchive, localHeader, localHeaderSize } from './zip.ts';
import type { ZipEntry } from './zip.ts';

/** One file of an archive. */
export interface ArchiveFile extends MeasuredFile {
  /** Path in the archive. */
  readonly name: string;
  readonly executable: boolean;
}

export interface ArchiveOptions {
  /** Called as files are done with, with their bytes since the beginning. */
  readonly onProgress: (bytes: number) => void;
  /** Lets everything else have its turn. Rejects with whatever ends the run. */
  readonly pause: () => Promise<void>;
}

/**
 * Makes an archive of these files, in their order. What it holds stays where it is: packed content in memory or on the disk, large
 * content that is stored as it is in the source itself.
 * @throws ArtifactErrors SOURCE_CHANGED, PATH_UNREADABLE, OUTPUT_FAILED; ArtifactError INTERRUPTED
 */
export async function archive(
  files: readonly ArchiveFile[],
  packer: Packer,
  options: ArchiveOptions,
): Promise<OpenContent> {
  const holding: Holding = { shelves: new Set(), released: false };
  const release = (): Promise<void> => {
    packer.release(holding);
    return Promise.resolve();
  };
  try {
    packer.begin(files, holding);
    const layout = await layOut(files, (file) => packer.packed(file, holding), options);
    const { size, sha256, parts } = layout;
    return {
      ...{ size, sha256, ...(parts !== undefined && { parts }) },
      read: (start = 0, end = size) => readLayout(layout, start, end),
      readInto: async (into, start) => {
        fillFrom(layout, into, start);
        await options.pause();
      },
      close: release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Where everything stands in the archive. */
interface Layout {
  readonly entries: readonly LaidEntry[];
  /** What stands behind the last file. */
  readonly directory: Stretch;
  readonly size: number;
  readonly sha256: Digest;
  readonly parts?: PartDigests;
}

interface LaidEntry {
  readonly file: ArchiveFile;
  readonly packed: Packed;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Consecutive bytes of the archive: in memory, on a shelf, or in a file. */
type Stretch = { readonly offset: number; readonly byteLength: number } & (
  { readonly bytes: Uint8Array } | { readonly shelved: ShelvedPart } | { readonly file: FileState }
);

/** Work that counts as so many bytes, so that many small files are paused between as well. */
const ENTRY_COST = 4096;
/** Some milliseconds of hashing. */
const PAUSE_AFTER = 8 * CHUNK_SIZE;

/** Hashes each file as soon as it is packed, while later ones still are. Tells the problems of all. */
async function layOut(
  files: readonly ArchiveFile[],
  packedOf: (file: ArchiveFile) => Packed | Promise<Packed>,
  { onProgress, pause }: ArchiveOptions,
): Promise<Layout> {
  const problems: ArtifactError[] = [];
  const entries: LaidEntry[] = [];
  const directory = new Growing();
  const hasher = new Hasher(files.reduce((sum, { file }) => sum + file.size, 0) > UNDIVIDED);
  const scratch = new Scratch();
  let offset = 0;
  let done = 0;
  let work = 0;
  for (const file of files) {
    try {
      const found = packedOf(file);
      const packed = found instanceof Promise ? await found : found;
      const entry = { file, packed, offset };
      const zip = zipEntry(entry);
      entries.push(entry);
      directory.add(centralHeader(zip, offset));
      offset += localHeaderSize(zip) + packed.packedSize;
      if (problems.length === 0) {
        hasher.add(localHeader(zip));
        if (packed.parts === 'source') await hashFile(hasher, entry, scratch, pause);
        else addParts(hasher, packed.parts, scratch);
      }
      work += ENTRY_COST + packed.packedSize;
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
      problems.push(error);
    }
    onProgress((done += file.file.size));
    if (work > PAUSE_AFTER) {
      await pause();
      work = 0;
    }
  }
  refuse(problems);
  directory.add(endOfArchive(entries.length, directory.bytes.byteLength, offset));
  const end = directory.bytes;
  hasher.add(end);
  return {
    entries,
    directory: { offset, byteLength: end.byteLength, bytes: end },
    size: offset + end.byteLength,
    ...hasher.digests(),
  };
}

/** Small pieces are copied together: to hash each on its own would cost more. */
class Hasher {
  readonly #hash: Hash = createHash('sha256');
  readonly #parts: PartHasher | undefined;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(HASHED_AT_ONCE);
  #filled = 0;

  /** @param large it may be stored in parts, whose digests are wanted too: once it is known whether it is, its bytes have gone by */
  constructor(large: boolean) {
    this.#parts = large ? new PartHasher() : undefined;
  }

  /** The bytes may change afterwards. */
  add(bytes: Uint8Array): void {
    if (this.#filled + bytes.byteLength > HASHED_AT_ONCE) this.#flush();
    if (bytes.byteLength > HASHED_AT_ONCE) this.#update(bytes);
    else {
      this.#buffer.set(bytes, this.#filled);
      this.#filled += bytes.byteLength;
    }
  }

  digests(): Pick<Layout, 'sha256' | 'parts'> {
    this.#flush();
    const sha256 = this.#hash.digest('hex') as Digest;
    return this.#parts === undefined ? { sha256 } : { sha256, parts: this.#parts.digests() };
  }

  #flush(): void {
    this.#update(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#parts?.update(bytes);
  }
}

class PartHasher {
  readonly #digests: Digest[] = [];
  #hash: Hash = createHash('sha256');
  #left = PART_SIZE;

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + this.#left);
      this.#hash.update(piece);
      at += piece.byteLength;
      this.#left -= piece.byteLength;
      if (this.#left === 0) this.#next();
    }
  }

  digests(): PartDigests {
    if (this.#left < PART_SIZE) this.#next();
    return { size: PART_SIZE, digests: this.#digests };
  }

  #next(): void {
    this.#digests.push(this.#hash.digest('hex') as Digest);
    this.#hash = createHash('sha256');
    this.#left = PART_SIZE;
  }
}

const HASHED_AT_ONCE = 128 * 1024;

/** Bytes that come piece by piece. */
class Growing {
  #buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #filled = 0;

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#filled);
  }

  add(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.byteLength;
    if (needed > this.#buffer.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.byteLength));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled = needed;
  }
}

/** Made when it is needed: for many files all of them together would take more memory than what they are made from. */
function zipEntry({ file, packed }: LaidEntry): ZipEntry {
  const { method, crc32, size, packedSize } = packed;
  return { name: Buffer.from(file.name), executable: file.executable, method, crc32, size, packedSize };
}

function addParts(hasher: Hasher, parts: readonly Part[], scratch: Scratch): void {
  for (const part of parts) {
    if ('shelf' in part) for (const bytes of shelvedBytes(part, 0, part.byteLength, scratch)) hasher.add(bytes);
    else hasher.add(part);
  }
}

/** @throws ArtifactError SOURCE_CHANGED where it is not what was measured */
async function hashFile(
  hasher: Hasher,
  { file: { file }, packed }: LaidEntry,
  scratch: Scratch,
  pause: ArchiveOptions['pause'],
): Promise<void> {
  let crc = 0;
  let sincePause = 0;
  for await (const chunk of readRange(file, 0, file.size, scratch.chunk)) {
    hasher.add(chunk);
    crc = crc32(chunk, crc);
    sincePause += chunk.byteLength;
    if (sincePause >= PAUSE_AFTER) {
      await pause();
      sincePause = 0;
    }
  }
  if (crc !== packed.crc32) throw changed(file.path);
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

/** What stands together on a shelf is mostly wanted together: so much is read at once, at least. Bytes. */
const WINDOW = 256 * 1024;

/** What one reader has in memory, made when there is something: new memory for each piece would be most of its work. */
class Scratch {
  #buffer: Buffer | undefined;
  #chunk: Buffer | undefined;
  #shelf: Shelf | undefined;
  #from = 0;
  #to = 0;

  /** At most CHUNK_SIZE bytes, valid until the next are asked for. */
  read(shelf: Shelf, offset: number, length: number): Buffer {
    if (shelf !== this.#shelf || offset < this.#from || offset + length > this.#to) this.#load(shelf, offset, length);
    const start = offset - this.#from;
    return (this.#buffer ?? NOTHING).subarray(start, start + length);
  }

  /** For what is read from files. */
  get chunk(): Buffer {
    return (this.#chunk ??= Buffer.allocUnsafeSlow(CHUNK_SIZE));
  }

  #load(shelf: Shelf, offset: number, length: number): void {
    const size = Math.min(Math.max(length, WINDOW), shelf.spool.size - offset);
    this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK_SIZE);
    this.#shelf = undefined;
    shelf.spool.read(offset, this.#buffer.subarray(0, size));
    this.#shelf = shelf;
    this.#from = offset;
    this.#to = offset + size;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Each piece is valid until the next is asked for. */
function* shelvedBytes({ shelf, offset }: ShelvedPart, from: number, to: number, scratch: Scratch): Generator<Buffer> {
  for (let position = from; position < to; position += CHUNK_SIZE) {
    yield scratch.read(shelf, offset + position, Math.min(CHUNK_SIZE, to - position));
  }
}

/** In pieces of CHUNK_SIZE: sending each header and each small file on its own would cost more than copying them together. */
async function* readLayout(layout: Layout, start: number, end: number): AsyncGenerator<Uint8Array> {
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
function fillFrom(layout: Layout, into: Uint8Array, start: number): void {
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
