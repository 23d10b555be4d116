import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../repository/digest.ts';
import { ArtifactError, ArtifactErrors } from '../../repository/error.ts';
import type { OpenContent } from '../../repository/publishable.ts';
import { CHUNK_SIZE, changed, readRange } from './file.ts';
import type { FileState } from './file.ts';
import type { MeasuredFile, Packed, Packer, ShelvedPart } from './packer.ts';
import type { Holding } from './shelf.ts';
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
    const layout = await layOut(files, packer.pack(files, holding), options);
    const { size, sha256 } = layout;
    return { size, sha256, read: (start = 0, end = size) => readLayout(layout, start, end), close: release };
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
  packing: readonly Promise<Packed>[],
  { onProgress, pause }: ArchiveOptions,
): Promise<Layout> {
  const problems: ArtifactError[] = [];
  const entries: LaidEntry[] = [];
  const headers: Buffer[] = [];
  const hash = createHash('sha256');
  const scratch = new Scratch();
  let offset = 0;
  let done = 0;
  let work = 0;
  for (const promise of packing) promise.catch(() => undefined);
  for (const [i, file] of files.entries()) {
    try {
      const packed = await packing[i];
      if (packed === undefined) throw new Error('fewer files were packed than the archive has');
      const entry = { file, packed, offset };
      const zip = zipEntry(entry);
      entries.push(entry);
      headers.push(centralHeader(zip, offset));
      offset += localHeaderSize(zip) + packed.packedSize;
      if (problems.length === 0) await hashEntry(hash, entry, scratch, pause);
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
  const [first, ...others] = problems;
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
  const list = Buffer.concat(headers);
  const end = Buffer.concat([list, endOfArchive(entries.length, list.byteLength, offset)]);
  return {
    entries,
    directory: { offset, byteLength: end.byteLength, bytes: end },
    size: offset + end.byteLength,
    sha256: hash.update(end).digest('hex') as Digest,
  };
}

/** Made when it is needed: for many files all of them together would take more memory than what they are made from. */
function zipEntry({ file, packed }: LaidEntry): ZipEntry {
  const { method, crc32, size, packedSize } = packed;
  return { name: Buffer.from(file.name), executable: file.executable, method, crc32, size, packedSize };
}

async function hashEntry(
  hash: Hash,
  entry: LaidEntry,
  scratch: Scratch,
  pause: ArchiveOptions['pause'],
): Promise<void> {
  for (const stretch of stretchesOf(entry)) {
    if ('file' in stretch) {
      if ((await hashFile(hash, stretch.file, pause)) !== entry.packed.crc32) throw changed(stretch.file.path);
    } else {
      for (const bytes of heldBytes(stretch, 0, stretch.byteLength, scratch)) hash.update(bytes);
    }
  }
}

/** Returns the CRC-32 of what was hashed. */
async function hashFile(hash: Hash, file: FileState, pause: ArchiveOptions['pause']): Promise<number> {
  let crc = 0;
  let sincePause = 0;
  for await (const chunk of readRange(file, 0, file.size)) {
    hash.update(chunk);
    crc = crc32(chunk, crc);
    sincePause += chunk.byteLength;
    if (sincePause >= PAUSE_AFTER) {
      await pause();
      sincePause = 0;
    }
  }
  return crc;
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

/** Memory of one reader for what it reads from a shelf, made when there is something. */
class Scratch {
  #buffer: Buffer | undefined;

  take(length: number): Buffer {
    this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK_SIZE);
    return this.#buffer.subarray(0, length);
  }
}

/** Each piece is valid until the next is asked for. */
function* heldBytes(
  stretch: Exclude<Stretch, { readonly file: FileState }>,
  from: number,
  to: number,
  scratch: Scratch,
): Generator<Uint8Array> {
  if ('bytes' in stretch) {
    yield stretch.bytes.subarray(from, to);
    return;
  }
  const { shelf, offset } = stretch.shelved;
  for (let position = from; position < to; position += CHUNK_SIZE) {
    const piece = scratch.take(Math.min(CHUNK_SIZE, to - position));
    shelf.spool.read(offset + position, piece);
    yield piece;
  }
}

/** In pieces of CHUNK_SIZE: sending each header and each small file on its own would cost more than copying them together. */
async function* readLayout(layout: Layout, start: number, end: number): AsyncGenerator<Uint8Array> {
  let chunk = Buffer.allocUnsafeSlow(Math.max(0, Math.min(CHUNK_SIZE, end - start)));
  let filled = 0;
  let left = end - start;
  for await (const bytes of readStretches(layout, start, end)) {
    for (let used = 0; used < bytes.byteLength;) {
      const part = bytes.subarray(used, used + chunk.byteLength - filled);
      chunk.set(part, filled);
      filled += part.byteLength;
      used += part.byteLength;
      if (filled < chunk.byteLength) continue;
      left -= filled;
      yield chunk;
      chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_SIZE, left));
      filled = 0;
    }
  }
}

/** Each piece is valid until the next is asked for. */
async function* readStretches(layout: Layout, start: number, end: number): AsyncGenerator<Uint8Array> {
  const scratch = new Scratch();
  for (const stretch of stretchesFrom(layout, start)) {
    if (stretch.offset >= end) return;
    const from = Math.max(0, start - stretch.offset);
    const to = Math.min(stretch.byteLength, end - stretch.offset);
    if (from >= to) continue;
    if ('file' in stretch) yield* readRange(stretch.file, from, to);
    else yield* heldBytes(stretch, from, to, scratch);
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
