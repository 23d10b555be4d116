import { afterAll, describe, expect, test } from '@jest/globals';
import { OF_CANDIDATES, OF_PROMOTIONS } from '../../support/explorer/scenarios.ts';
import { Total } from '../../support/explorer/total.ts';

const total = new Total();

describe('whoever does what when, one candidate is chosen, and what was promoted is there with all that it was promoted with', () => {
  test.each([...OF_CANDIDATES, ...OF_PROMOTIONS].map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    async (_, scenario) => {
      expect(await total.violated(scenario)).toEqual([]);
    },
  );
});

afterAll(() => {
  process.stderr.write(`explored of candidates and promotions: ${total.states} states\n`);
});
