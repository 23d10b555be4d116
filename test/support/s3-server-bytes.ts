import { createHash, type Hash } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { mkdtemp, open, rm, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** What the S3 server of the tests stores, and the checksums that S3 knows. */

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'];

export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

/** Bodies up to here stay in memory; larger ones lie in files, whole, until nothing names them any more. */
const DEFAULT_SPOOL_ABOVE = 1024 * 1024;

const READ_BYTES = 256 * 1024;

/** A temporary folder for large bodies, made when the first one comes. */
export class Spool {
  readonly #above: number;
  #folder: Promise<string> | undefined;
  #files = 0;

  constructor(above: number = DEFAULT_SPOOL_ABOVE) {
    this.#above = above;
  }

  /** Keeps `body`, in memory while it is small. */
  async store(body: AsyncIterable<Uint8Array>): Promise<StoredBytes> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    let file: { readonly handle: FileHandle; readonly source: SpooledFile } | undefined;
    try {
      for await (const piece of body) {
        size += piece.byteLength;
        pieces.push(piece);
        if (size <= this.#above) continue;
        file ??= await this.#open();
        for (const waiting of pieces.splice(0)) await writeAll(file.handle, waiting);
      }
    } catch (error) {
      file?.source.release();
      throw error;
    } finally {
      await file?.handle.close();
    }
    const source = file?.source ?? new MemorySource(Buffer.concat(pieces));
    return new StoredBytes([{ source, start: 0, end: size }]);
  }

  async close(): Promise<void> {
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true });
  }

  async #open(): Promise<{ readonly handle: FileHandle; readonly source: SpooledFile }> {
    this.#folder ??= mkdtemp(join(tmpdir(), 's3-server-')).then((folder) => {
      process.once('exit', () => {
        rmSync(folder, { recursive: true, force: true });
      });
      return folder;
    });
    const path = join(await this.#folder, String((this.#files += 1)));
    return { handle: await open(path, 'wx'), source: new SpooledFile(path) };
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += (await handle.write(bytes, at)).bytesWritten;
}

interface Source {
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  retain(): void;
  release(): void;
}

class MemorySource implements Source {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    if (end > start) yield this.#bytes.subarray(start, end);
  }

  retain(): void {
    // the garbage collector counts
  }

  release(): void {
    // the garbage collector counts
  }
}

class SpooledFile implements Source {
  readonly #path: string;
  #users = 1;

  constructor(path: string) {
    this.#path = path;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    if (end === start) return;
    yield* createReadStream(this.#path, { start, end: end - 1, highWaterMark: READ_BYTES });
  }

  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) void unlink(this.#path).catch(() => undefined);
  }
}

interface Piece {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** A body at rest. Parts and copies share what they have in common; who holds one retains it, who drops it releases it. */
export class StoredBytes {
  static readonly EMPTY: StoredBytes = new StoredBytes([]);

  readonly size: number;
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    this.size = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Shares what `parts` hold; retains nothing by itself. */
  static concat(parts: readonly StoredBytes[]): StoredBytes {
    return new StoredBytes(parts.flatMap((part) => part.#pieces));
  }

  static of(text: string): StoredBytes {
    const bytes = Buffer.from(text, 'utf8');
    return new StoredBytes([{ source: new MemorySource(bytes), start: 0, end: bytes.byteLength }]);
  }

  slice(start: number, end: number): StoredBytes {
    const pieces: Piece[] = [];
    let at = 0;
    for (const piece of this.#pieces) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, piece.end - piece.start);
      if (from < to) pieces.push({ source: piece.source, start: piece.start + from, end: piece.start + to });
      at += piece.end - piece.start;
    }
    return new StoredBytes(pieces);
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (const { source, start, end } of this.#pieces) yield* source.read(start, end);
  }

  async text(): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read()) pieces.push(piece);
    return Buffer.concat(pieces).toString('utf8');
  }

  retain(): this {
    for (const { source } of this.#pieces) source.retain();
    return this;
  }

  release(): void {
    for (const { source } of this.#pieces) source.release();
  }
}

/** Hashes a body on the way: always MD5 (S3's ETag) and SHA-256, others where asked. */
export class Digester {
  readonly #md5: Hash = createHash('md5');
  readonly #checksums = new Map<ChecksumAlgorithm, RunningChecksum>();

  constructor(algorithms: Iterable<ChecksumAlgorithm>) {
    for (const algorithm of new Set<ChecksumAlgorithm>(['SHA256', ...algorithms])) {
      this.#checksums.set(algorithm, runningChecksum(algorithm));
    }
  }

  update(bytes: Uint8Array): void {
    this.#md5.update(bytes);
    for (const checksum of this.#checksums.values()) checksum.update(bytes);
  }

  /** Call once. */
  digest(): Digests {
    const checksums = new Map([...this.#checksums].map(([algorithm, running]) => [algorithm, running.digest()]));
    return { md5: this.#md5.digest(), checksums };
  }
}

export interface Digests {
  readonly md5: Buffer;
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, Buffer>;
}

export async function checksumOf(bytes: StoredBytes, algorithm: ChecksumAlgorithm): Promise<Buffer> {
  const running = runningChecksum(algorithm);
  for await (const piece of bytes.read()) running.update(piece);
  return running.digest();
}

export function checksumOfBuffer(bytes: Uint8Array, algorithm: ChecksumAlgorithm): Buffer {
  const running = runningChecksum(algorithm);
  running.update(bytes);
  return running.digest();
}

interface RunningChecksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

function runningChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm.toLowerCase());
      return {
        update: (bytes) => {
          hash.update(bytes);
        },
        digest: () => hash.digest(),
      };
    }
    case 'CRC32': {
      let crc = 0;
      return {
        update: (bytes) => {
          crc = crc32(bytes, crc);
        },
        digest: () => bigEndian32(crc),
      };
    }
    case 'CRC32C':
      return crc32c();
    case 'CRC64NVME':
      return crc64nvme();
  }
}

const CRC32C_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

function crc32c(): RunningChecksum {
  let crc = 0xffffffff;
  return {
    update: (bytes) => {
      for (const byte of bytes) crc = (crc >>> 8) ^ (CRC32C_TABLE[(crc ^ byte) & 0xff] ?? 0);
    },
    digest: () => bigEndian32((crc ^ 0xffffffff) >>> 0),
  };
}

/** The reflected polynomial of CRC-64/NVME in two halves: JavaScript's numbers hold 32 bits well and 64 badly. */
const CRC64_HIGH = 0x9a6c9329;
const CRC64_LOW = 0xac4bc9b5;

const CRC64_TABLE: { readonly high: Uint32Array; readonly low: Uint32Array } = (() => {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = ((l >>> 1) | (h << 31)) >>> 0;
      h = h >>> 1;
      if (odd) [h, l] = [(h ^ CRC64_HIGH) >>> 0, (l ^ CRC64_LOW) >>> 0];
    }
    high[byte] = h;
    low[byte] = l;
  }
  return { high, low };
})();

function crc64nvme(): RunningChecksum {
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update: (bytes) => {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff;
        low = (((low >>> 8) | (high << 24)) ^ (CRC64_TABLE.low[index] ?? 0)) >>> 0;
        high = ((high >>> 8) ^ (CRC64_TABLE.high[index] ?? 0)) >>> 0;
      }
    },
    digest: () => Buffer.concat([bigEndian32((high ^ 0xffffffff) >>> 0), bigEndian32((low ^ 0xffffffff) >>> 0)]),
  };
}

function bigEndian32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
