import { describe, expect, test } from '@jest/globals';
import { contentOf, establishDomain, LOCAL_PLACE, objectKey, ownKeeper } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { descriptorKey } from '../../repository/keys.ts';
import { readRecord, recordContent } from '../../repository/record.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';

const memory = (): ObjectStore => memoryStore(steadyChance().now);
const PLACE = { ...LOCAL_PLACE, bucket: 'local' };

function establish(store: ObjectStore, place = PLACE): Promise<Domain> {
  return establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, place);
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('establishing a domain', () => {
  test('writes the descriptor, and the second time finds it without trying the store again', async () => {
    const store = memory();
    expect(await establish(store)).toMatchObject(PLACE);
    expect(await keysOf(store)).toEqual(['domain']);
    const asked: string[] = [];
    await establish(counting(store, ({ method, key }) => asked.push(`${method} ${key}`)));
    expect(asked).toEqual(['read domain', 'read domain']);
  });

  test.each([
    ['account', { ...PLACE, account: '111122223333' }],
    ['region', { ...PLACE, region: 'eu-west-1' }],
    ['partition', { ...PLACE, partition: 'aws-cn' }],
    ['bucket', { ...PLACE, bucket: 'copy' }],
  ])('in the store of a domain of another %s is refused', async (_, place) => {
    const store = memory();
    await establish(store);
    await expect(establish(store, place)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining("the domain in this store is that of 'local'"),
    });
  });

  test('is refused too where another place was faster', async () => {
    const store = memory();
    const overtaken: ObjectStore = {
      ...store,
      create: async (key, content, attributes) => {
        if (key === descriptorKey) await store.create(key, recordContent({ format: 1, ...PLACE, bucket: 'theirs' }));
        return store.create(key, content, attributes);
      },
    };
    await expect(establish(overtaken)).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
  });

  test('in a store that breaks a promise writes no descriptor', async () => {
    const store = memory();
    await expect(establish({ ...store, copy: async () => 'created' })).rejects.toMatchObject({
      code: 'UNSUPPORTED_STORE',
    });
    expect(await keysOf(store)).toEqual([]);
  });
});

describe('a record', () => {
  const key = objectKey('record');
  const LIMIT = 1024 * 1024;
  const anything = (value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => value;
  /** So many bytes of JSON. */
  const ofSize = (size: number): string => JSON.stringify({ text: 'x'.repeat(size - '{"text":""}'.length) });

  test('has a mebibyte at most, and a larger one is left unread', async () => {
    const store = memory();
    let open = 0;
    let read = 0;
    const watched: ObjectStore = {
      ...store,
      read: async (at) => {
        const object = await store.read(at);
        if (object === undefined) return undefined;
        open += 1;
        const body = object.body[Symbol.asyncIterator]();
        const watching = {
          next: async () => {
            read += 1;
            const step = await body.next();
            if (step.done === true) open -= 1;
            return step;
          },
          return: async () => {
            open -= 1;
            return { done: true as const, value: undefined };
          },
        };
        return { ...object, body: { [Symbol.asyncIterator]: () => watching } };
      },
    };
    await store.create(key, contentOf(ofSize(LIMIT)));
    expect((await readRecord(watched, key, anything))?.value).toHaveProperty('text');
    expect([open, read > 0]).toEqual([0, true]);
    await store.overwrite(key, contentOf(ofSize(LIMIT + 1)));
    read = 0;
    await expect(readRecord(watched, key, anything)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: "'record' in the store is not a record that this version understands: it is too large",
    });
    expect([open, read]).toEqual([0, 0]);
  });

  test.each([
    ['no JSON', '{', 'it is no JSON'],
    ['a list', '[]', 'it is no JSON object'],
    ['null', 'null', 'it is no JSON object'],
    ['of another kind', '{}', 'members are missing or of another kind'],
  ])('that is %s is told', async (_, text, why) => {
    const store = memory();
    await store.create(key, contentOf(text));
    await expect(readRecord(store, key, () => undefined)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringContaining(why),
    });
  });
});
