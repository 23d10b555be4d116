import { describe, expect, test } from '@jest/globals';
import { wander } from '../../support/explorer/explorer.ts';
import { CROWDED, ofSix, SIX } from '../../support/explorer/scenarios.ts';
import { Total } from '../../support/explorer/total.ts';
import { randomFrom } from '../../support/interleaving.ts';

/** Of the six at once; EXPLORE_STATES says otherwise. */
const STATES = Number(process.env['EXPLORE_STATES'] ?? 500_000);
/** EXPLORE_SEED goes the ways again that a seed went. */
const SEED = Number(process.env['EXPLORE_SEED'] ?? Date.now() % 2 ** 31);

const total = new Total();

describe('where many meet, no promise is broken', () => {
  test.each(CROWDED.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await total.violated(scenario)).toEqual([]);
  });

  test('all six, on ways by chance, with writes that come twice and an answer that is lost', async () => {
    const explored = await wander(ofSix(SIX, { late: 2, lost: 1 }), STATES, randomFrom(SEED));
    expect(total.of(`wandered through the six with seed ${SEED}`, explored)).toEqual([]);
    expect(explored.states).toBeGreaterThanOrEqual(STATES);
  });
});
