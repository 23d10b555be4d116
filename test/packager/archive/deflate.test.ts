import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../repository/digest.ts';
import { DICTIONARY_SIZE, PIECE_SIZE, createDeflater } from '../../../packager/archive/deflate.ts';
import { piecesOf } from '../../../packager/archive/compression.ts';
import { logLines, noise } from './folder.ts';
import { referenceDeflate } from './reference-deflate.ts';

const deflater = createDeflater();

function deflate(content: Uint8Array, end: 'end' | 'more' = 'end', dictionary: Uint8Array = new Uint8Array()): Buffer {
  deflater.input.set(dictionary);
  deflater.input.set(content, dictionary.byteLength);
  return Buffer.from(deflater.compress(dictionary.byteLength, content.byteLength, end));
}

/** An ended stream of nothing, which ends any stream that stands on a byte boundary. */
const NOTHING = Buffer.from([3, 0]);

/** Content in which things repeat, near and far, with few or many different bytes. */
const repetitive = fc
  .record({
    values: fc.constantFrom(1, 2, 3, 5, 16, 64, 256),
    parts: fc.array(
      fc.oneof(
        fc.record({ fresh: fc.uint8Array({ maxLength: 40 }) }),
        fc.record({ back: fc.integer({ min: 1, max: 40_000 }), length: fc.integer({ min: 1, max: 600 }) }),
        fc.record({ zeros: fc.integer({ min: 0, max: 6 }) }),
      ),
      { maxLength: 60 },
    ),
  })
  .map(({ values, parts }) => {
    const bytes: number[] = [];
    for (const part of parts) {
      if ('fresh' in part) bytes.push(...part.fresh.map((value) => value % values));
      else if ('zeros' in part) bytes.push(...new Uint8Array(part.zeros));
      else for (let i = 0; i < part.length; i++) bytes.push(bytes[bytes.length - 1 - (part.back % bytes.length)] ?? 0);
    }
    return Buffer.from(bytes);
  });

describe('the deflate of archive format 1', () => {
  test('gives back what went in', () => {
    fc.assert(
      fc.property(repetitive, (content) => {
        expect(inflateRawSync(deflate(content)).equals(content)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('gives back short content of few values, whatever it ends in', () => {
    const short = fc.array(fc.constantFrom(0, 0, 1, 2), { maxLength: 40 }).map((values) => Buffer.from(values));
    fc.assert(
      fc.property(short, (content) => {
        expect(inflateRawSync(deflate(content)).equals(content)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([0, 1, 2, 3, 4, 5, 257, 258, 259, 32_767, 32_768, 32_769, 65_535, 65_536, PIECE_SIZE - 1, PIECE_SIZE])(
    'gives back %d bytes that repeat, and that do not',
    (length) => {
      for (const content of [Buffer.alloc(length), noise(length, 7), logLines(length, 7)]) {
        expect(inflateRawSync(deflate(content)).equals(content)).toBe(true);
      }
    },
  );

  test('goes on from a dictionary, and from piece to piece', () => {
    fc.assert(
      fc.property(repetitive, repetitive, (before, content) => {
        const dictionary = before.subarray(-DICTIONARY_SIZE);
        const stream = Buffer.concat([deflate(content, 'more', dictionary), NOTHING]);
        expect(inflateRawSync(stream, { dictionary }).equals(content)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('joins pieces of large content to one stream', () => {
    const content = Buffer.concat([logLines(PIECE_SIZE * 2, 3), noise(PIECE_SIZE, 4), logLines(1000, 3)]);
    const stream = piecesOf(content.byteLength).map(({ from, start, end, last }) =>
      deflate(content.subarray(start, end), last ? 'end' : 'more', content.subarray(from, start)),
    );
    expect(inflateRawSync(Buffer.concat(stream)).equals(content)).toBe(true);
  });

  test('remembers nothing of what it did before', () => {
    const contents = [logLines(50_000, 1), noise(3000, 2), logLines(200, 1), Buffer.alloc(70_000)];
    const alone = contents.map((content) => sha256(createDeflatedApart(content)));
    for (const order of [contents, contents.toReversed()]) {
      for (const content of order) expect(sha256(deflate(content))).toBe(alone[contents.indexOf(content)]);
    }
  });

  test('remembers nothing when its positions begin anew', () => {
    const content = logLines(2000, 5);
    const expected = sha256(deflate(content));
    // each call moves the positions on by more than 2^15; they begin anew before 2^31
    const differing = Array.from({ length: 70_000 }, () => deflate(content)).filter(
      (bytes) => sha256(bytes) !== expected,
    );
    expect(differing).toHaveLength(0);
  });

  test('hardly grows what can not be made smaller', () => {
    const content = noise(PIECE_SIZE, 9);
    expect(deflate(content).byteLength).toBeLessThan(content.byteLength + 400);
  });

  test('refuses more than a piece', () => {
    expect(() => deflater.compress(0, PIECE_SIZE + 1, 'end')).toThrow(RangeError);
    expect(() => deflater.compress(DICTIONARY_SIZE + 1, 1, 'end')).toThrow(RangeError);
  });
});

function createDeflatedApart(content: Uint8Array): Buffer {
  const fresh = createDeflater();
  fresh.input.set(content);
  return Buffer.from(fresh.compress(0, content.byteLength, 'end'));
}

describe('the specification of the format, followed word by word,', () => {
  const matches = (content: Uint8Array, dictionary: Uint8Array, end: 'end' | 'more'): boolean =>
    deflate(content, end, dictionary).equals(referenceDeflate(dictionary, content, end === 'end'));

  test('gives the same bytes', () => {
    fc.assert(
      fc.property(repetitive, repetitive, fc.constantFrom('end', 'more'), (before, content, end) => {
        expect(matches(content, before.subarray(-DICTIONARY_SIZE), end)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['a log', logLines(300_000, 1)],
    ['noise', noise(100_000, 2)],
    ['few values', noise(60_000, 3).map((value) => 65 + (value & 7))],
    ['hexadecimal digits', Buffer.from(noise(60_000, 4).toString('hex'))],
    ['base64', Buffer.from(noise(60_000, 5).toString('base64'))],
    ['zeros', Buffer.alloc(200_000)],
    [
      'parts of different kinds',
      Buffer.concat([logLines(40_000, 6), noise(30_000, 7), logLines(40_000, 8), Buffer.alloc(999)]),
    ],
    ['values so unequal that codes reach their limit', fibonacci()],
    ['nothing', Buffer.alloc(0)],
  ])('gives the same bytes for %s', (_, content) => {
    expect(matches(content, new Uint8Array(), 'end')).toBe(true);
    expect(matches(content, noise(DICTIONARY_SIZE, 9), 'more')).toBe(true);
  });
});

/** Values of which each occurs about as often as all rarer ones together, in an order without repetition worth a match. */
function fibonacci(): Buffer {
  const counts: number[] = [];
  for (let [count, next] = [1, 1]; counts.length < 18; [count, next] = [next, count + next]) counts.push(count);
  const values = counts.flatMap((count, value) => Array.from({ length: count }, () => value * 13));
  const order = noise(values.length * 4, 10);
  return Buffer.from(
    values
      .map((value, i) => ({ value, order: order.readUInt32LE(4 * i) }))
      .sort((a, b) => a.order - b.order)
      .map(({ value }) => value),
  );
}
