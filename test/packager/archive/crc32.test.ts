import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { joinCrc32 } from '../../../packager/archive/crc32.ts';

test('the CRC-32 of a whole comes from those of its parts', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
      expect(joinCrc32(crc32(a), crc32(b), b.byteLength)).toBe(crc32(Buffer.concat([a, b])));
    }),
  );
});

test('a second part may be longer than 4 GiB', () => {
  // x^(2^35) is reached by doubling; 2^32 zero bytes leave the CRC of zero bytes alone, joined in any order
  const gibibyte = zeros(2 ** 30);
  const four = joinCrc32(joinCrc32(gibibyte, gibibyte, 2 ** 30), joinCrc32(gibibyte, gibibyte, 2 ** 30), 2 ** 31);
  const fiveOneWay = joinCrc32(gibibyte, four, 2 ** 32);
  const fiveOtherWay = joinCrc32(four, gibibyte, 2 ** 30);
  expect(fiveOneWay).toBe(fiveOtherWay);
});

/** The CRC-32 of so many (a power of two) zero bytes, by joining halves. */
function zeros(length: number): number {
  if (length <= 1024) return crc32(Buffer.alloc(length));
  const half = zeros(length / 2);
  return joinCrc32(half, half, length / 2);
}
