import { describe, expect, test } from '@jest/globals';
import { explore, wander } from '../../support/explorer/explorer.ts';
import {
  SWEEPING_UNASKED,
  WEAK_SIX,
  WEAKENED,
  WEAKENED_NAMES,
  WEAKENED_PROMOTIONS,
} from '../../support/explorer/weakened-protocols.ts';
import { randomFrom } from '../../support/interleaving.ts';

const PROTOCOLS = [...WEAKENED, SWEEPING_UNASKED, ...WEAKENED_NAMES, ...WEAKENED_PROMOTIONS];

/** The search finds what is wrong where something is: each protocol lacks one thing, and the same story with nothing lacking breaks no promise. */
describe.each(PROTOCOLS.map((protocol) => [protocol.name, protocol] as const))(
  '%s',
  (name, { weak, whole, once, wrong }) => {
    test('is caught, with a story that shows it', async () => {
      const { violation } = await explore(weak, { everyOrder: true });
      const story = violation?.story ?? [];
      process.stderr.write([name, ...story, `=> ${violation?.wrong ?? ''}`, ''].join('\n'));
      expect(violation?.wrong).toBe(wrong);
      expect(story.length).toBeGreaterThan(4);
    });

    test('has a reduced search that finds it too', async () => {
      expect((await explore(weak)).violation?.wrong).toBe(wrong);
    });

    if (once !== undefined)
      test('takes a write that comes twice', async () => {
        expect((await explore(once)).violation).toBeUndefined();
      });

    test('with nothing lacking it is safe', async () => {
      expect((await explore(whole)).violation).toBeUndefined();
    });
  },
);

test('ways by chance through the six come to it too, where one of two collectors does not compare', async () => {
  const { violation } = await wander(WEAK_SIX, 100_000, randomFrom(1));
  expect(violation?.wrong).toMatch(/^the content .* is lost$/);
});
