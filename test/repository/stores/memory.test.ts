import { describe, expect, test } from '@jest/globals';
import { contentOf } from '../../../repository/content.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';

objectStoreContract('memory', async () => ({
  store: memoryStore(() => new Date()),
  close: () => Promise.resolve(),
}));

describe('memory', () => {
  test('takes its times from the clock that it was given', async () => {
    const store = memoryStore(() => new Date('2001-02-03T04:05:06Z'));
    await store.create(objectKey('a'), contentOf('a'));
    expect((await store.head(objectKey('a')))?.modified).toEqual(new Date('2001-02-03T04:05:06Z'));
  });

  test('what was read cannot change what is stored', async () => {
    const store = memoryStore(() => new Date());
    await store.create(objectKey('a'), contentOf('untouched'));
    for await (const piece of (await store.read(objectKey('a')))!.body) piece.fill(0);
    for await (const piece of (await store.read(objectKey('a')))!.body)
      expect(Buffer.from(piece).toString()).toBe('untouched');
  });
});
