import { afterAll, describe, expect, test } from '@jest/globals';
import { OF_BOOKMARKS, OF_SEVERAL, OF_SEVERAL_ON_DEMAND } from '../../support/explorer/scenarios.ts';
import { Total } from '../../support/explorer/total.ts';

/** EXPLORE=all: also what takes long. */
const MORE = process.env['EXPLORE'] === 'all' ? OF_SEVERAL_ON_DEMAND : [];

const total = new Total();

describe('whoever does what when, no bookmark names what is given up, and no version lacks any of its content or labels', () => {
  test.each([...OF_BOOKMARKS, ...OF_SEVERAL, ...MORE].map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    async (_, scenario) => {
      expect(await total.violated(scenario)).toEqual([]);
    },
  );
});

afterAll(() => {
  process.stderr.write(`explored of bookmarks, labels and several assets: ${total.states} states\n`);
});
