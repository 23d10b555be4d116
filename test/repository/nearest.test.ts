import { expect, test } from '@jest/globals';
import { nearest } from '../../repository/nearest.ts';

test.each([
  ['taem', ['default', 'team', 'tools'], 'team'],
  ['prdo', ['prod', 'staging'], 'prod'],
  ['prod', ['produ', 'pro'], 'produ'],
  ['shop/apo', ['shop/api', 'shop/web'], 'shop/api'],
  ['1.4.1', ['2.0.0', '1.4.0'], '1.4.0'],
  ['xyz', ['prod', 'staging'], undefined],
  ['x', [], undefined],
])('near %s among %j is %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});
