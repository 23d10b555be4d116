import { crc32 } from 'node:zlib';
import { UNDIVIDED } from '../../repository/content.ts';
import { ArtifactError, refuse } from '../../repository/error.ts';
import type { OpenContent } from '../../repository/publishable.ts';
import { CHUNK_SIZE, changed, readRange } from './file.ts';
import { Hasher } from './hashing.ts';
import type { ArchiveFile, LaidEntry, Layout } from './layout.ts';
import { fillFrom, readLayout, zipEntry } from './layout.ts';
import type { Packed, Packer, Part } from './packer.ts';
import type { Holding } from './shelf.ts';
import { Scratch, shelvedBytes } from './shelf-reading.ts';
import { centralHeader, endOfArchive, localHeader, localHeaderSize } from './zip.ts';

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
