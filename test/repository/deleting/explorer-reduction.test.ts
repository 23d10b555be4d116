import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Explored } from '../../support/explorer/explorer.ts';
import { explore } from '../../support/explorer/explorer.ts';
import { SMALL } from '../../support/explorer/scenarios.ts';

/**
 * What a search leaves out makes no difference: everything that is judged in any state, and everything that a story comes to in the end, is also found
 * by the searches that leave out nothing, and nothing else is.
 */
describe.each(SMALL.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  let found: readonly Explored[] = [];

  beforeAll(async () => {
    const searches = [{}, { everyOrder: true }, { everyPlace: true }, { everyOrder: true, everyPlace: true }];
    found = await Promise.all(searches.map((options) => explore(scenario, { ...options, withViews: true })));
  });

  test('is judged alike, whatever is left out', () => {
    const [reduced, ...others] = found;
    expect(reduced?.violation).toBeUndefined();
    for (const { violation, views } of others) {
      expect(violation).toBeUndefined();
      expect(views).toEqual(reduced?.views);
    }
    expect(reduced?.views?.size).toBeGreaterThan(5);
  });

  test('leaves something out', () => {
    const [reduced, , , whole] = found;
    expect(reduced?.states).toBeLessThan(whole?.states ?? 0);
  });
});
