import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseRecipient, formatRecipient } from '../../../repository/sharing/recipient.ts';
import { keysOf, overlap, problemOfReach, reaches, reachOf } from '../../../repository/sharing/reach.ts';
import { tagOf } from '../../../repository/sharing/tagging.ts';

const id = fc.array(fc.constantFrom('a', 'b', 'ab', 'a.b'), { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
const pattern = fc.oneof(
  id,
  id.map((path) => `${path}/**`),
  fc.constant('**'),
);

/** As IAM matches: `*` is any text. */
function matches(wanted: string, text: string): boolean {
  const source = wanted.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 's').test(text);
}

describe('what a share reaches', () => {
  test('is exactly what its keys in a policy reach', () => {
    fc.assert(
      fc.property(pattern, id, (wanted, one) => {
        expect(matches(`versions/r/${keysOf(wanted)}`, `versions/r/${one}/!/999-1`)).toBe(reaches(wanted, one));
      }),
    );
  });

  test('two overlap where some ID is of both', () => {
    fc.assert(
      fc.property(pattern, pattern, id, (one, other, name) => {
        expect(overlap(one, other)).toBe(overlap(other, one));
        if (reaches(one, name) && reaches(other, name)) expect(overlap(one, other)).toBe(true);
      }),
    );
    for (const [one, other] of [
      ['a/**', 'ab/**'],
      ['a/b', 'a/bc'],
      ['a/b/**', 'a'],
      ['a', 'b'],
    ] as const)
      expect([one, other, overlap(one, other)]).toEqual([one, other, false]);
  });

  test('what a policy can not say exactly is refused, with what can be said', () => {
    for (const wanted of ['shop/*', '*/api', 'shop/a*', 'shop/**/api', '**/api', '*']) {
      expect([wanted, reachOf(wanted)]).toEqual([wanted, undefined]);
      expect(problemOfReach(wanted)?.remedy).toMatch(/'(shop\/)?\*\*'/);
    }
    for (const wanted of ['', '/', 'a//b', '!', 'a/!/b', 'a/${x}', '../a'])
      expect([wanted, problemOfReach(wanted)]).toEqual([wanted, expect.objectContaining({ why: 'is no ID' })]);
  });
});

describe('with whom', () => {
  test.each([
    ['444455556666', '444455556666'],
    ['o-a1b2c3d4e5', 'o-a1b2c3d4e5'],
    ['arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5', 'o-a1b2c3d4e5'],
    ['arn:aws-us-gov:organizations::111122223333:ou/o-a1b2c3d4e5/ou-ab12-11112222', 'o-a1b2c3d4e5/ou-ab12-11112222'],
    ['o-a1b2c3d4e5/r-ab12/ou-ab12-99998888/ou-ab12-11112222/', 'o-a1b2c3d4e5/ou-ab12-11112222'],
  ])('%s', (given, recorded) => {
    const parsed = parseRecipient(given);
    expect(parsed === undefined ? undefined : formatRecipient(parsed)).toBe(recorded);
    expect(parseRecipient(recorded)).toEqual(parsed);
  });

  test.each(['ou-ab12-11112222', '44445555666', '*', 'o-A1B2C3D4E5', 'o-a/*', 'arn:aws:iam::444455556666:root', ''])(
    'nobody: %j',
    (given) => {
      expect(parseRecipient(given)).toBeUndefined();
    },
  );
});

describe('a tag', () => {
  test('has every scope between colons, as many as S3 takes, and always the same', () => {
    expect(tagOf([])).toBe('');
    expect(tagOf(['bb', 'aa', 'bb'])).toBe(':aa:bb:');
    const many = Array.from({ length: 40 }, (_, index) => String(index).padStart(8, '0'));
    expect(tagOf(many)).toBe(tagOf(many.toReversed()));
    expect(tagOf(many).length).toBeLessThanOrEqual(256);
    expect(tagOf(many).split(':')).toHaveLength(28 + 2);
  });
});
