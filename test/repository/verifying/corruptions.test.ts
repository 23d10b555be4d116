import { describe, expect, test } from '@jest/globals';
import type { VerifyFinding } from '../../../repository/index.ts';
import { isLeftToSee } from '../../../repository/index.ts';
import { knowEveryError } from '../../support/realm.ts';
import { CORRUPTIONS } from './corruptions.ts';
import type { World } from './world.ts';
import { openWorld, STORES } from './world.ts';

knowEveryError();

test.each(STORES)('of what is sound it says nothing, and touches nothing: in %s', async (store) => {
  const world = await openWorld(store);
  const before = await world.state();
  for (const fix of [false, true]) {
    expect(await world.verify({ fix })).toEqual([]);
    expect(await world.verify({ fix, deep: true })).toEqual([]);
    expect(await world.verify({ fix, deep: true, repository: 'default' })).toEqual([]);
  }
  expect(await world.state()).toEqual(before);
});

/** Where the world is. */
function placed(world: World, finding: Partial<VerifyFinding>): Partial<VerifyFinding> {
  const arns = finding.arns?.map((arn) => arn.replace(/^(arn:aws:artifacts):local:/, `$1:${world.domain.region}:`));
  return { ...finding, ...(arns && { arns }) };
}

describe.each(CORRUPTIONS)('$what', ({ stores = ['memory'], deep = false, days, ...corruption }) => {
  test.each(stores)('in %s', async (store) => {
    const world = await openWorld(store);
    await corruption.does(world);
    const broken = await world.state();
    const found = corruption
      .finds(world)
      .map((finding) => expect.objectContaining({ ...placed(world, finding), healed: false }));
    if (deep) expect(await world.verify()).toEqual([]);
    expect(await world.verify({ deep }, days)).toEqual(found);
    expect(await world.state()).toEqual(broken);

    const healing = await world.verify({ deep, fix: true }, days);
    const { heals, fixing, leaves } = corruption;
    const kinds = fixing?.(world) ?? corruption.finds(world).map(({ kind }) => kind);
    expect(healing.map(({ kind }) => kind)).toEqual(kinds);
    const isHealed = typeof heals === 'boolean' ? heals : heals(world);
    expect(healing.every(({ healed }) => healed)).toBe(isHealed);
    const again = await world.verify({ deep, fix: true }, days);
    if (leaves === undefined) expect(again).toEqual(healing.filter(({ healed }) => !healed));
    else expect(again.map(({ kind }) => kind)).toEqual(leaves(world));
    if (isHealed) expect(again).toEqual([]);
    // Whatever nobody can heal, somebody is told what to do about.
    for (const finding of again) if (isLeftToSee(finding)) expect(finding.remedy).toMatch(/\.$/);

    if (corruption.remedy === undefined) return;
    await corruption.remedy(world);
    expect(await world.verify({ deep: true }, days)).toEqual([]);
  });
});
