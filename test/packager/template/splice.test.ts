import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splice } from '../../../packager/template/rewrite/splice.ts';

describe('splice', () => {
  test('with no edits is identity', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (source) => splice(source, []) === source));
  });

  test('what is cut out and put back is what it was', () => {
    fc.assert(
      fc.property(fc.string(), fc.uniqueArray(fc.nat({ max: 20 })), (source, cuts) => {
        const points = cuts.filter((cut) => cut <= source.length).toSorted((a, b) => a - b);
        const edits = points.slice(1).map((end, index) => {
          const start = points[index] ?? 0;
          return { start, end, text: source.slice(start, end) };
        });
        return splice(source, edits.toReversed()) === source;
      }),
    );
  });

  test('edits may come in any order, and insertions at one place keep theirs', () => {
    const edits = [
      { start: 4, end: 5, text: 'E' },
      { start: 2, end: 2, text: '1' },
      { start: 0, end: 1, text: '' },
      { start: 2, end: 2, text: '2' },
      { start: 2, end: 4, text: 'CD' },
      { start: 5, end: 5, text: '!' },
    ];
    expect(splice('abcde', edits)).toBe('b12CDE!');
  });

  test('edits that overlap are a defect of who made them', () => {
    const overlapping = [
      { start: 0, end: 3, text: '' },
      { start: 2, end: 4, text: '' },
    ];
    expect(() => splice('abcde', overlapping)).toThrow('edits overlap at 2');
    expect(() => splice('abcde', [{ start: 3, end: 2, text: '' }])).toThrow('edits overlap at 3');
  });
});
