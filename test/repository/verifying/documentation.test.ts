import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { VerifyKind } from '../../../repository/index.ts';
import { isLeftToSee } from '../../../repository/index.ts';
import { VERIFY_KINDS } from '../../../repository/verifying/finding.ts';
import { readTable } from '../../support/markdown-table.ts';
import { CORRUPTIONS } from './corruptions.ts';
import { World } from './world.ts';

describe('docs/verify.md', () => {
  const page = readFileSync('docs/verify.md', 'utf8');
  const { rows } = readTable(page, 'Findings');

  test('has a row for every finding', () => {
    expect(rows.map(({ finding }) => finding)).toEqual(VERIFY_KINDS.map((kind) => `\`${kind}\``));
  });

  test('says that the last three are for nobody to see to', () => {
    const harmless = VERIFY_KINDS.filter((kind) => !isLeftToSee({ kind, healed: false }));
    expect(harmless).toEqual(VERIFY_KINDS.slice(-3));
    expect(page).toContain('with status 5, but for the last three:');
  });

  test('tells what --fix heals, and what it leaves', async () => {
    // These need S3, a refusal, or somebody who is just at it.
    const leaves = new Set<VerifyKind>(['hidden', 'unknown', 'unsettled']);
    const heals = new Set<VerifyKind>();
    for (const { does, days, stores = ['memory'] } of CORRUPTIONS) {
      if (!stores.includes('memory')) continue;
      const world = await World.open('memory');
      await does(world);
      for (const { kind, healed } of await world.verify({ fix: true }, days)) (healed ? heals : leaves).add(kind);
    }
    for (const kind of VERIFY_KINDS) {
      const cell = rows.find(({ finding }) => finding === `\`${kind}\``)?.['`--fix`'] ?? '';
      expect([kind, cell.startsWith('heals')]).toEqual([kind, heals.has(kind)]);
      expect([kind, /(?:^|; )leaves (?:it|others)/.test(cell)]).toEqual([kind, leaves.has(kind)]);
    }
  });

  test('has something to do about everything that is left', () => {
    for (const row of rows) {
      const isAlwaysHealed = !row['`--fix`']?.includes('leaves');
      expect(row['what else'] === '–').toBe(isAlwaysHealed);
    }
  });
});
