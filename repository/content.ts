import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';
import { sha256 } from './digest.ts';

const MIB = 1024 * 1024;

/** Up to here S3 takes content in one request and verifies the digest of the whole. What is larger goes up in parts. Bytes. */
export const UNDIVIDED: number = 64 * MIB;
/** The least size of those parts. Bytes; S3's own minimum is 5 MiB. */
export const PART_SIZE: number = 8 * MIB;

/**
 * Bytes that are known before they are sent: their number and their digest. They can be read more than once, which is what makes a
 * retry and a part of an upload possible without holding the whole.
 */
export interface Content {
  readonly size: number;
  readonly sha256: Digest;
  /**
   * The bytes from `start` (inclusive, default 0) to `end` (exclusive, default `size`), in pieces of any size.
   * May throw ArtifactError SOURCE_CHANGED where what lies underneath is no longer what was measured.
   */
  read(start?: number, end?: number): AsyncIterable<Uint8Array>;
  /** Fills `into` with the bytes from `start` on, as `read` gives them: for who has memory for them. Absent: `read` alone gives them. */
  readInto?(into: Uint8Array, start: number): Promise<void>;
  /** Found when the whole was hashed. Absent: nobody knows them. */
  readonly parts?: PartDigests;
}

/** Digests of all parts of some content, in their order. */
export interface PartDigests {
  /** Bytes of each but the last, which may be shorter. */
  readonly size: number;
  readonly digests: readonly Digest[];
}

/** Bytes that are in memory, or a text in UTF-8. They are not copied: nobody may change them. */
export function contentOf(bytes: Uint8Array | string): Content {
  const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
  return {
    size: whole.byteLength,
    sha256: sha256(whole),
    async *read(start = 0, end = whole.byteLength) {
      if (end > start) yield whole.subarray(start, end);
    },
  };
}

/** All of it in memory: for records and small content. */
export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Passes the bytes on unchanged and calls `done` with their digest and number after the last one. */
export async function* measured(
  bytes: AsyncIterable<Uint8Array>,
  done: (sha256: Digest, size: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of bytes) {
    hash.update(piece);
    size += piece.byteLength;
    yield piece;
  }
  done(hash.digest('hex') as Digest, size);
}
