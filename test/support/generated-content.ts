import { createHash } from 'node:crypto';
import type { Content } from '../../repository/content.ts';
import type { Digest } from '../../repository/digest.ts';

const PIECE = 1024 * 1024;

/**
 * Content of any size that costs one mebibyte of memory: bytes that don't repeat at the distance of a piece, the same for the same
 * seed.
 */
export function generatedContent(size: number, seed = 1): Content {
  const hash = createHash('sha256');
  for (const piece of pieces(size, seed, 0, size)) hash.update(piece);
  return {
    size,
    sha256: hash.digest('hex') as Digest,
    async *read(start = 0, end = size) {
      yield* pieces(size, seed, start, end);
    },
  };
}

function* pieces(size: number, seed: number, start: number, end: number): Generator<Buffer> {
  const pattern = patternOf(seed);
  for (let at = start; at < Math.min(end, size);) {
    const number = Math.floor(at / PIECE);
    const offset = at % PIECE;
    const length = Math.min(PIECE - offset, end - at, size - at);
    const piece = Buffer.from(pattern);
    piece.writeDoubleBE(number, 0);
    yield piece.subarray(offset, offset + length);
    at += length;
  }
}

function patternOf(seed: number): Buffer {
  const pattern = Buffer.alloc(PIECE);
  let state = seed;
  for (let at = 0; at < PIECE; at += 4) {
    // xorshift32: cheap, and far from compressible.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    pattern.writeInt32BE(state, at);
  }
  return pattern;
}
