import { DICTIONARY_SIZE, PIECE_SIZE } from './deflate.ts';

/** How content stands in a zip: as it is, or deflated. The numbers are zip's. */
export const STORED = 0;
export const DEFLATED = 8;
export type Method = typeof STORED | typeof DEFLATED;

/** Places that are tried in content of more than one piece, and how much at each. */
const SAMPLES = 8;
export const SAMPLE_SIZE: number = 8 * 1024;
/** Large content is deflated where its samples together become smaller by at least this share: less is not worth the time to unpack it. */
const WORTHWHILE = 1 / 32;

/** Where the samples begin: the first at the beginning, the last at the end, the others evenly between. */
export function sampleOffsets(size: number): readonly number[] {
  return Array.from({ length: SAMPLES }, (_, i) => Math.floor(((size - SAMPLE_SIZE) * i) / (SAMPLES - 1)));
}

/** `deflated`: bytes of all samples together, each a stream of its own. */
export function isWorthDeflating(deflated: number): boolean {
  return deflated <= SAMPLES * SAMPLE_SIZE * (1 - WORTHWHILE);
}

/** A part of large content that is deflated apart from the others. */
export interface Piece {
  /** From here on it is read: the dictionary, then the piece. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
  readonly last: boolean;
}

/** The cuts depend on the size alone. */
export function piecesOf(size: number): readonly Piece[] {
  return Array.from({ length: Math.ceil(size / PIECE_SIZE) }, (_, i) => {
    const start = i * PIECE_SIZE;
    const end = Math.min(size, start + PIECE_SIZE);
    return { from: Math.max(0, start - DICTIONARY_SIZE), start, end, last: end === size };
  });
}
