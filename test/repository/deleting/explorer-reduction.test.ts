import { beforeAll, describe, expect, test } from '@jest/globals';
import { contentOf } from '../../../repository/index.ts';
import type { ObjectKey } from '../../../repository/index.ts';
import { statusKey } from '../../../repository/keys.ts';
import type { Act } from '../../support/explorer/actor.ts';
import { NAME } from '../../support/explorer/cast.ts';
import type { Explored } from '../../support/explorer/explorer.ts';
import { explore } from '../../support/explorer/explorer.ts';
import type { Scenario } from '../../support/explorer/scenario.ts';
import { scenario, SMALL } from '../../support/explorer/scenarios.ts';

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

describe('answers that somebody waits for at the same time', () => {
  const [ONE, OTHER, THIRD] = [statusKey(NAME, 1), statusKey(NAME, 2), statusKey(NAME, 3)];
  const writes =
    (key: ObjectKey): Act =>
    async ({ store }) =>
      store.create(key, contentOf('there'));
  const looking = (looks: Act): Scenario =>
    scenario(
      'looking',
      [],
      [
        { name: 'looker', acts: [looks] },
        { name: 'writer', acts: [writes(ONE)] },
        { name: 'writer of another', acts: [writes(OTHER)] },
      ],
      [],
    );

  test('count each, in whichever order they come', async () => {
    const looks: Act = async ({ store }) => {
      const found = await Promise.all([store.head(ONE), store.head(OTHER), store.head(THIRD)]);
      return `looked ${found.map((one) => (one === undefined ? 'no' : 'yes')).join()}`;
    };
    const { views } = await explore(looking(looks), { withViews: true });
    const outcomes = [...(views ?? [])].map((view) => /looked .*/.exec(view)?.[0]);
    expect(new Set(outcomes)).toEqual(
      new Set([undefined, ...['no,no', 'no,yes', 'yes,no', 'yes,yes'].map((both) => `looked ${both},no`)]),
    );
  });

  test('whose order makes a difference are noticed', async () => {
    const looks: Act = async ({ store }) => {
      const order: string[] = [];
      await Promise.all([ONE, OTHER, THIRD].map(async (key) => store.head(key).then(() => order.push(key))));
      return order.join();
    };
    await expect(explore(looking(looks))).rejects.toThrow(
      'looker does something else when its answers come in another order',
    );
  });
});
