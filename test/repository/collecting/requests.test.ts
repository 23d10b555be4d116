import { expect, test } from '@jest/globals';
import { establishDomain, LOCAL_PLACE, ownKeeper } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { steadyChance } from '../../support/chance.ts';
import type { Generated, GeneratedListing } from '../../support/generated-listing.ts';
import { generatedListing } from '../../support/generated-listing.ts';
import { planned } from './collected.ts';

async function listing(generated: Generated): Promise<{ domain: Domain; store: GeneratedListing }> {
  const chance = steadyChance();
  const rest = memoryStore(chance.now);
  await establishDomain({ store: rest, keeper: ownKeeper(rest), chance }, { ...LOCAL_PLACE, bucket: 'local' });
  const store = generatedListing(rest, generated);
  return { domain: { ...LOCAL_PLACE, bucket: 'local', store, keeper: ownKeeper(store), chance }, store };
}

/** Three listings of sixteen shards, of which each ends with a page that is not full; the settings; the part, and the plan. */
const CONSTANT = 3 * 16 + 12;

test.each([
  [0, 0],
  [1, 1],
  [30_000, 30_000],
  [20_000, 60_000],
])('of %i blobs and %i references takes one request for a thousand keys', async (blobs, references) => {
  const { domain, store } = await listing({ blobs, references, unneeded: 0 });
  const { plan, items } = await planned(domain);
  expect(items).toEqual([]);
  expect(plan.tally.looked).toBe(blobs);
  const { pages, listed, others } = store.requests();
  expect(listed).toBe(blobs + references);
  expect(pages + others).toBeLessThanOrEqual(Math.ceil((blobs + references) / 1000) + CONSTANT);
});

test('what goes takes no request of its own, but for the parts of the plan', async () => {
  const { domain, store } = await listing({ blobs: 50_000, references: 50_000, unneeded: 50 });
  const { plan, items } = await planned(domain);
  expect(items).toHaveLength(2500);
  const { pages, others } = store.requests();
  // After each part its listings begin again, three of each shard that is under way.
  expect(pages + others).toBeLessThanOrEqual(100 + CONSTANT + plan.parts.length * (4 * 3 + 2));
});
