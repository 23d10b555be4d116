import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInflateRaw } from 'node:zlib';
import type { Digest } from '../../repository/index.ts';
import type { ZipFile } from './zip-directory.ts';

const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_SIZE = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * The digests of what is in a zip, from its bytes read once from the first to the last; nothing is held but a piece. A file that can't be read is not among them: it is encrypted or packed in
 * another way, lies upon another, is damaged, or is more or something else than the directory says. No file gives more bytes than that says.
 */
export async function digestZip(
  bytes: AsyncIterable<Uint8Array>,
  files: readonly ZipFile[],
): Promise<ReadonlyMap<ZipFile, Digest>> {
  const digests = new Map<ZipFile, Digest>();
  const source = new Source(bytes);
  for (const file of files.toSorted((a, b) => a.offset - b.offset)) {
    const digest = await digestFile(source, file);
    if (digest !== undefined) digests.set(file, digest);
  }
  // To the end, for whoever verifies the whole.
  await source.skip(Infinity);
  return digests;
}

async function digestFile(source: Source, file: ZipFile): Promise<Digest | undefined> {
  if (file.offset < source.position || file.isEncrypted || ![STORED, DEFLATED].includes(file.method)) return undefined;
  await source.skip(file.offset - source.position);
  const header = await source.take(LOCAL_HEADER_SIZE);
  if (header.byteLength < LOCAL_HEADER_SIZE || header.readUInt32LE(0) !== LOCAL_HEADER) return undefined;
  await source.skip(header.readUInt16LE(26) + header.readUInt16LE(28));
  const packed = source.pieces(file.packedSize);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const piece of file.method === STORED ? packed : inflated(packed)) {
      size += piece.byteLength;
      if (size > file.size) return undefined;
      hash.update(piece);
    }
  } catch {
    source.throwIfFailed();
    return undefined;
  }
  return size === file.size ? (hash.digest('hex') as Digest) : undefined;
}

async function* inflated(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw();
  const left = new AbortController();
  const feeding = (async (): Promise<void> => {
    try {
      for await (const piece of packed)
        if (!inflate.write(piece)) await once(inflate, 'drain', { signal: left.signal });
      inflate.end();
    } catch (error) {
      inflate.destroy(error as Error);
    }
  })();
  try {
    for await (const piece of inflate as AsyncIterable<Uint8Array>) yield piece;
    await feeding;
  } finally {
    left.abort();
    inflate.destroy();
    await feeding;
  }
}

/** Bytes that come one after the other, by number. */
class Source {
  position = 0;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #failure: { readonly error: unknown } | undefined;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#pieces = bytes[Symbol.asyncIterator]();
  }

  /** As many as there are, up to so many. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let wanted = length; wanted > 0;) {
      if (this.#rest.byteLength === 0) {
        const next = await this.#next();
        if (next.done === true) return;
        this.#rest = next.value;
        continue;
      }
      const piece = this.#rest.subarray(0, wanted);
      this.#rest = this.#rest.subarray(piece.byteLength);
      this.position += piece.byteLength;
      wanted -= piece.byteLength;
      yield piece;
    }
  }

  /** What comes of the bytes themselves is nothing that a file of the archive is to blame for. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await this.#pieces.next();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  async take(length: number): Promise<Buffer> {
    const taken: Uint8Array[] = [];
    for await (const piece of this.pieces(length)) taken.push(piece);
    return Buffer.concat(taken);
  }

  async skip(length: number): Promise<number> {
    let skipped = 0;
    for await (const piece of this.pieces(length)) skipped += piece.byteLength;
    return skipped;
  }
}
