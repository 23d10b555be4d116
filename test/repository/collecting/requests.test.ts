import { expect, test } from '@jest/globals';
import { establishDomain, LOCAL_PLACE, ownKeeper, sha256, writeSettings } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { statusKey, versionKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
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

test.each([
  ['at once', 0, false],
  ['after some time, as noted', 30, true],
] as const)(
  'an artifact with many versions that go %s is listed once, in however many parts',
  async (_, days, isNoted) => {
    const VERSIONS = 5000;
    const { domain, store } = await listing({ blobs: 0, references: 0, unneeded: 0 });
    const name = { repository: 'default', id: 'shop/api' };
    for (let number = 1; number <= VERSIONS; number++) {
      const asset = { name: 'a', digest: sha256(String(number)), filename: 'a', size: 1 };
      const manifest = { format: 1, ...name, number, nonce: `n${number}`, published: '', assets: [asset] };
      await store.create(versionKey(name, number), recordContent(manifest));
      const status = { status: 'Published', nonce: `s${number}`, unusedSince: '2020-01-01T00:00:00.000Z' };
      if (isNoted) await store.create(statusKey(name, number), recordContent(status));
    }
    const rule = { id: 'old', match: '**', keepNewest: 20, expireUnusedDays: days };
    await writeSettings(domain, 'default', { lifecycle: [rule] }, undefined);
    const before = store.requests();
    const { plan, items } = await planned(domain, {}, 700);
    expect(items).toHaveLength(VERSIONS - 20);
    expect(plan.parts.length).toBeGreaterThan(6);
    const parts = plan.parts.length;
    const { listed, pages, others } = store.requests();
    // The next part begins with those that were looked at ahead.
    expect(listed - before.listed).toBeLessThanOrEqual((isNoted ? 2 : 1) * VERSIONS + 20 * parts + CONSTANT);
    // Of each its record, its users, and its status where there is one or that is not known; of each part its settings, itself, and listings that begin.
    expect(pages + others - before.pages - before.others).toBeLessThanOrEqual(
      3.1 * VERSIONS + 12 * parts + 3 * CONSTANT,
    );
  },
);
