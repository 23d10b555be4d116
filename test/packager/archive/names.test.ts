import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareUtf8, similarName } from '../../../packager/archive/names.ts';

const unicode = fc.string({ unit: 'binary' });

describe('names', () => {
  test('are ordered as their UTF-8 bytes are', () => {
    fc.assert(
      fc.property(unicode, unicode, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      {
        examples: [
          ['\u{1f600}', '\uff41'],
          ['a', 'a\u0000'],
          ['\ud7ff', '\u{10000}'],
          ['\ue000', '\u{10ffff}'],
        ],
      },
    );
  });

  test.each([
    ['Src', ['source', 'src', 'Srx'], 'src'],
    ['hanlder.py', ['handler.py', 'readme.md'], 'handler.py'],
    ['src', ['dist', 'node_modules'], undefined],
    ['caf\u00e9', ['cafe', 'cafe\u0301'], 'cafe\u0301'],
    ['a', [], undefined],
  ])('that are like %s: %j', (wanted, candidates, expected) => {
    expect(similarName(wanted, candidates)).toBe(expected);
  });
});
