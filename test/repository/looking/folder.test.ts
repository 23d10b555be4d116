import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contentOf } from '../../../repository/content.ts';
import { versionKey } from '../../../repository/keys.ts';
import { listFolder } from '../../../repository/looking/folder.ts';
import type { ListedObject, ObjectStore } from '../../../repository/object-store.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { allOf } from '../../support/all-of.ts';
import { steadyChance } from '../../support/chance.ts';

async function storeOf(ids: Readonly<Record<string, number>>): Promise<ObjectStore> {
  const store = memoryStore(steadyChance().now);
  for (const [id, versions] of Object.entries(ids)) {
    for (let number = 1; number <= versions; number += 1)
      await store.create(versionKey({ repository: 'default', id }, number), contentOf(''));
  }
  return store;
}

async function level(store: ObjectStore, prefix?: string): Promise<string[]> {
  const entries = await allOf(listFolder({ store }, 'default', prefix));
  return entries.map((entry) =>
    entry.kind === 'folder' ? entry.path : `${entry.artifact.id}:${entry.artifact.newest}`,
  );
}

const SHOP = { shop: 2, 'shop-x/a': 1, 'shop/api': 3, 'shop/functions/a': 1, 'shop/functions/b/c': 1, tool: 1 };

describe('one level', () => {
  test('has artifacts and folders, also both of one name', async () => {
    const store = await storeOf(SHOP);
    expect(await level(store)).toEqual(['shop-x/', 'shop:2', 'shop/', 'tool:1']);
    expect(await level(store, 'shop/')).toEqual(['shop/api:3', 'shop/functions/']);
    expect(await level(store, 'shop/functions/')).toEqual(['shop/functions/a:1', 'shop/functions/b/']);
    expect(await level(store, 'none/')).toEqual([]);
  });

  test('begins within a name', async () => {
    const store = await storeOf(SHOP);
    expect(await level(store, 'sh')).toEqual(['shop-x/', 'shop:2', 'shop/']);
    expect(await level(store, 'shop')).toEqual(['shop-x/', 'shop:2', 'shop/']);
    expect(await level(store, 'shop/f')).toEqual(['shop/functions/']);
  });

  test('is what all artifacts show, whatever they are called', async () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+=-]{0,2}$/);
    const id = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { maxLength: 12 }), async (ids) => {
        const store = await storeOf(Object.fromEntries(ids.map((one) => [one, 1])));
        const expected = new Set(ids.map((one) => (one.includes('/') ? `${one.split('/')[0]!}/` : `${one}:1`)));
        const found = await level(store);
        expect(new Set(found)).toEqual(expected);
        expect(found).toHaveLength(expected.size);
      }),
    );
  });

  test('asks for a few pages, however much is below', async () => {
    const counts = { keys: 0, listings: 0 };
    const store = { list: listing(50_000, counts) };
    const found: string[] = [];
    for await (const entry of listFolder({ store: store as unknown as ObjectStore }, 'default')) {
      found.push(entry.kind === 'folder' ? entry.path : entry.artifact.id);
    }
    expect(found).toEqual(['large/', 'many', 'small/']);
    expect(counts.listings).toBe(3);
    expect(counts.keys).toBeLessThan(2_100);
  });
});

/** A store of a folder with many artifacts, an artifact with many versions, and one thing more: nothing of it is there but its keys. */
function listing(size: number, counts: { keys: number; listings: number }): ObjectStore['list'] {
  const name = (id: string, number: number): string => versionKey({ repository: 'default', id }, number);
  return async function* (prefix, { after = '' } = {}): AsyncGenerator<ListedObject> {
    counts.listings += 1;
    const parts = [
      (index: number) => name(`large/a${String(index).padStart(6, '0')}`, 1),
      (index: number) => name('many', size - index),
      (index: number) => name(`small/a${index}`, 1),
    ];
    for (const [part, keyAt] of parts.entries()) {
      const last = part === 2 ? 1 : size;
      if (keyAt(last - 1) <= after) continue;
      for (let index = 0; index < last; index += 1) {
        const key = keyAt(index);
        if (key <= after || !key.startsWith(prefix)) continue;
        counts.keys += 1;
        yield { key: key as ListedObject['key'], size: 0, modified: new Date(0) };
      }
    }
  };
}
