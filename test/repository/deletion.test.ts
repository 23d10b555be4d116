import { expect, test } from '@jest/globals';
import { contentOf, ownKeeper, sha256 } from '../../repository/index.ts';
import type { Deletion } from '../../repository/index.ts';
import { readDeletion } from '../../repository/deletion.ts';
import { blobKey, deletionKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { memoryStore } from '../../repository/stores/memory.ts';

const DIGEST = sha256('x');
const FILENAMES = ['a.env', 'b.env'];

/** Content under two filenames, and a record of what is to become of it. */
async function stored(state: Deletion['state']) {
  const store = memoryStore(() => new Date(0));
  const incarnations: Deletion['incarnations'][number][] = [];
  for (const key of FILENAMES.map((filename) => blobKey(DIGEST, filename))) {
    await store.create(key, contentOf('x'));
    const head = await store.head(key);
    if (head !== undefined) incarnations.push({ key, incarnation: head.incarnation });
  }
  const deletion: Deletion = { state, nonce: 'n', incarnations, since: '2026-01-01T00:00:00.000Z' };
  await store.create(deletionKey(DIGEST), recordContent(deletion));
  const present = async (): Promise<string[]> => {
    const heads = await Promise.all(FILENAMES.map((filename) => store.head(blobKey(DIGEST, filename))));
    return FILENAMES.filter((_, index) => heads[index] !== undefined);
  };
  return { store, keeper: ownKeeper(store), present };
}

test.each<[Deletion['state'], Deletion['state']]>([
  ['condemned', 'cancelled'],
  ['cancelled', 'cancelled'],
  ['deleting', 'deleting'],
])('cancelling what is %s leaves it %s', async (before, after) => {
  const { store, keeper, present } = await stored(before);
  await keeper.cancel(DIGEST);
  expect((await readDeletion(store, DIGEST))?.value.state).toBe(after);
  expect(await present()).toEqual(FILENAMES);
});

test.each<Deletion['state']>(['condemned', 'cancelled'])('finishing what is %s removes nothing', async (state) => {
  const { store, keeper, present } = await stored(state);
  await keeper.finish(DIGEST);
  expect((await readDeletion(store, DIGEST))?.value.state).toBe(state);
  expect(await present()).toEqual(FILENAMES);
});

test('finishing what was decided removes every incarnation on record, then the record; again it does nothing', async () => {
  const { store, keeper, present } = await stored('deleting');
  await keeper.finish(DIGEST);
  expect(await present()).toEqual([]);
  expect(await readDeletion(store, DIGEST)).toBeUndefined();
  await store.create(blobKey(DIGEST, 'a.env'), contentOf('x'));
  await keeper.finish(DIGEST);
  expect(await present()).toEqual(['a.env']);
});
