import { afterEach, describe, expect, test } from '@jest/globals';
import { isLeftToSee } from '../../../repository/index.ts';
import { knowEveryError } from '../../support/realm.ts';
import { CORRUPTIONS } from './corruptions.ts';
import type { StoreName } from './world.ts';
import { STORES, World } from './world.ts';

knowEveryError();

const worlds: World[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function open(store: StoreName): Promise<World> {
  const world = await World.open(store);
  worlds.push(world);
  return world;
}

test.each(STORES)('of what is sound it says nothing, and touches nothing: in %s', async (store) => {
  const world = await open(store);
  const before = await world.state();
  for (const fix of [false, true]) {
    expect(await world.verify({ fix })).toEqual([]);
    expect(await world.verify({ fix, deep: true })).toEqual([]);
    expect(await world.verify({ fix, deep: true, repository: 'default' })).toEqual([]);
  }
  expect(await world.state()).toEqual(before);
});

describe.each(CORRUPTIONS)('$what', ({ stores = ['memory'], deep = false, days, ...corruption }) => {
  test.each(stores)('in %s', async (store) => {
    const world = await open(store);
    await corruption.does(world);
    const broken = await world.state();
    const found = corruption.finds(world).map((finding) => expect.objectContaining({ ...finding, healed: false }));
    if (deep) expect(await world.verify()).toEqual([]);
    expect(await world.verify({ deep }, days)).toEqual(found);
    expect(await world.state()).toEqual(broken);

    const healing = await world.verify({ deep, fix: true }, days);
    expect(healing.map(({ kind }) => kind)).toEqual(corruption.finds(world).map(({ kind }) => kind));
    expect(healing.every(({ healed }) => healed)).toBe(corruption.heals);
    const again = await world.verify({ deep, fix: true }, days);
    expect(again).toEqual(healing.filter(({ healed }) => !healed));
    if (corruption.heals) expect(again).toEqual([]);
    // Whatever nobody can heal, somebody is told what to do about.
    for (const finding of again) if (isLeftToSee(finding)) expect(finding.remedy).toMatch(/\.$/);

    if (corruption.remedy === undefined) return;
    await corruption.remedy(world);
    expect(await world.verify({ deep: true }, days)).toEqual([]);
  });
});
