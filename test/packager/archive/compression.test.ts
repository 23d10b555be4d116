import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SAMPLE_SIZE, isWorthDeflating, piecesOf, sampleOffsets } from '../../../packager/archive/compression.ts';
import { DICTIONARY_SIZE, PIECE_SIZE } from '../../../packager/archive/deflate.ts';

const largeSize = fc.integer({ min: PIECE_SIZE + 1, max: 2 ** 40 });

describe('samples of large content', () => {
  test('stand evenly between its beginning and its end', () => {
    expect(sampleOffsets(PIECE_SIZE * 8)).toEqual([
      0, 1_197_202, 2_394_404, 3_591_606, 4_788_809, 5_986_011, 7_183_213, 8_380_416,
    ]);
    fc.assert(
      fc.property(largeSize, (size) => {
        const offsets = sampleOffsets(size);
        expect(offsets[0]).toBe(0);
        expect(offsets.at(-1)).toBe(size - SAMPLE_SIZE);
      }),
    );
  });

  test('must save a thirty-second part', () => {
    const all = 8 * SAMPLE_SIZE;
    expect(isWorthDeflating((all / 32) * 31)).toBe(true);
    expect(isWorthDeflating((all / 32) * 31 + 1)).toBe(false);
  });
});

test('pieces follow each other without a gap, each behind its dictionary', () => {
  fc.assert(
    fc.property(fc.integer({ min: PIECE_SIZE + 1, max: 100 * PIECE_SIZE }), (size) => {
      let at = 0;
      for (const { from, start, end, last } of piecesOf(size)) {
        expect(start).toBe(at);
        expect(end - start).toBeLessThanOrEqual(PIECE_SIZE);
        expect(start - from).toBe(Math.min(start, DICTIONARY_SIZE));
        expect(last).toBe(end === size);
        at = end;
      }
      expect(at).toBe(size);
    }),
  );
});
