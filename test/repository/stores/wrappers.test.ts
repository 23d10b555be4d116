import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import type { ObjectKey, ObjectStore } from '../../../repository/object-store.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { dryRun } from '../../../repository/stores/dry-run.ts';
import { limited } from '../../../repository/stores/limited.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { prefixed } from '../../../repository/stores/prefixed.ts';
import type { OpenedStore } from '../../support/object-store-contract.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const key = (text: string): ObjectKey => objectKey(text);
const memory = (): ObjectStore => memoryStore(() => new Date());

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const listed of store.list(prefix)) keys.push(listed.key);
  return keys;
}

async function textOf(store: ObjectStore, text: string): Promise<string | undefined> {
  const object = await store.read(key(text));
  return object && (await bytesOf(object.body)).toString();
}

function opens(store: () => ObjectStore): () => Promise<OpenedStore> {
  return async () => ({ store: store(), close: () => Promise.resolve() });
}

objectStoreContract(
  'counting',
  opens(() => counting(memory(), () => undefined)),
);
objectStoreContract(
  'limited',
  opens(() => limited(memory(), 3)),
);

const TOO_LONG = 'with the prefix the key is longer than a store allows';
objectStoreContract(
  'prefixed',
  async () => {
    const store = memory();
    for (const beside of ['team', 'team/', 'team/x', 'team/x!', 'team/x-/a', 'team/y/race', 'race', 'team/X/a', 'zz']) {
      if (!beside.endsWith('/')) await store.create(key(beside), contentOf('not to be seen'));
    }
    return { store: prefixed(store, 'team/x/'), close: () => Promise.resolve() };
  },
  {
    knownDifferences: {
      'a key with 1,024 bytes in one segment': TOO_LONG,
      'a key with 1,024 bytes in many segments': TOO_LONG,
      'a key with 1,024 bytes of emoji': TOO_LONG,
      'none of them is taken for another': TOO_LONG,
    },
  },
);

objectStoreContract(
  'dry run',
  opens(() => dryRun(memory())),
  {
    versions: false,
    knownDifferences: {
      'content that cannot be read to its end is not stored, and its own error comes through':
        'large content is not read by a dry run',
    },
  },
);

describe('prefixed', () => {
  test('writes below the prefix and nowhere else', async () => {
    const store = memory();
    const part = prefixed(store, 'team/x/');
    await part.create(key('a'), contentOf('a'));
    await part.copy(key('a'), key('b/c'));
    expect(await keysOf(store)).toEqual(['team/x/a', 'team/x/b/c']);
    expect(await keysOf(part)).toEqual(['a', 'b/c']);
  });

  test.each(['a//', '/a/', '/', 'a//b/', './', 'a/../b/', 'a/./b/', 'ä ö+%/', 'a/b/../../c/'])(
    'takes any prefix that S3 has keys with, as it is: %s',
    async (prefix) => {
      const store = memory();
      const part = prefixed(store, prefix);
      expect(await part.create(key('blobs/x'), contentOf('x'))).toBe('created');
      await part.overwrite(key('blobs/x'), contentOf('y'));
      expect(await keysOf(store)).toEqual([`${prefix}blobs/x`]);
      expect(await keysOf(part, 'blobs/')).toEqual(['blobs/x']);
      expect(await textOf(part, 'blobs/x')).toBe('y');
    },
  );

  test.each([
    ['../', /'\.\.\/' leads out of the store by '\.\.'/],
    ['a/../../b/', /leads out of the store/],
    [`${'k'.repeat(1023)}/`, /leaves nothing of the 1024 bytes/],
    ['\ud800/', /is not well-formed Unicode/],
  ])('refuses a prefix that no key begins with, before anything is asked: %j', (prefix, problem) => {
    expect(() => prefixed(memory(), prefix)).toThrow(
      expect.objectContaining({ code: 'INVALID_KEY', message: expect.stringMatching(problem) }),
    );
  });

  test.each(['a//', '/', './', 'a/../b/'])('of a directory refuses %s before anything is stored', async (prefix) => {
    const root = join(await temporaryFolder(), 'domain');
    const part = prefixed(directoryStore(root), prefix);
    for (const ask of [
      () => part.create(key('x'), contentOf('x')),
      () => part.overwrite(key('x'), contentOf('x')),
      () => part.head(key('x')),
      () => part.read(key('x')),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'INVALID_KEY' });
    }
    expect(existsSync(root)).toBe(false);
  });

  test('refuses a key that is too long together with the prefix', async () => {
    const part = prefixed(memory(), 'team/x/');
    await expect(part.create(key('k'.repeat(1018)), contentOf(''))).rejects.toMatchObject({ code: 'INVALID_KEY' });
    await expect(part.head(key('k'.repeat(1018)))).rejects.toMatchObject({ code: 'INVALID_KEY' });
  });
});

describe('counting', () => {
  test('tells each request once, with its method and key', async () => {
    const told: string[] = [];
    const store = counting(memory(), ({ method, key: at }) => told.push(`${method} ${at}`));
    await store.create(key('a'), contentOf('1'));
    const head = await store.head(key('a'));
    await store.replace(key('a'), contentOf('2'), head!.revision);
    await store.read(key('a'));
    await store.copy(key('a'), key('b'));
    expect(await keysOf(store, '')).toEqual(['a', 'b']);
    await store.removeRevision(key('a'), head!.revision);
    await store.removeIncarnation(key('a'), head!.incarnation);
    expect(told).toEqual([
      ...['create a', 'head a', 'replace a', 'read a', 'copy b', 'list ', 'removeRevision a', 'removeIncarnation a'],
    ]);
  });
});

describe('limited', () => {
  /** A store of which the test lets each request go on by itself. */
  function gated(): { store: ObjectStore; running: () => number; peak: () => number; open: () => void } {
    const inner = memory();
    let running = 0;
    let peak = 0;
    let gate: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (gate = resolve));
    const pass = async <T>(request: () => Promise<T>): Promise<T> => {
      running += 1;
      peak = Math.max(peak, running);
      await opened;
      try {
        return await request();
      } finally {
        running -= 1;
      }
    };
    const store: ObjectStore = {
      ...inner,
      head: (at) => pass(() => inner.head(at)),
      create: (at, content) => pass(() => inner.create(at, content)),
    };
    return { store, running: () => running, peak: () => peak, open: gate };
  }

  test('lets no more go at once, and all in the end', async () => {
    const { store, running, peak, open } = gated();
    const narrow = limited(store, 4);
    const all = Promise.all(
      Array.from({ length: 30 }, (_, number) =>
        number % 2 === 0 ? narrow.head(key('a')) : narrow.create(key(`${number}`), contentOf('')),
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(running()).toBe(4);
    open();
    await all;
    expect(peak()).toBe(4);
    expect(running()).toBe(0);
  });

  test.each([
    [100e6, 4],
    [1e6, 16],
  ])('few contents of %d bytes are written at once, small ones beside them', async (size, atOnce) => {
    let large = 0;
    let most = 0;
    const begun: string[] = [];
    let end: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const slow: ObjectStore = {
      ...memory(),
      create: async (one, { size: written }) => {
        if (written < size) return await Promise.resolve('created');
        begun.push(one);
        most = Math.max(most, (large += 1));
        await ended;
        large -= 1;
        return 'created';
      },
    };
    const store = limited(slow, 64);
    const content = { ...contentOf('x'), size };
    const writings = Array.from({ length: 20 }, (_, number) => store.create(key(`large/${number}`), content));
    // None of them ends before the small one has.
    expect(await store.create(key('small'), contentOf('x'))).toBe('created');
    end?.();
    expect(await Promise.all(writings)).toEqual(writings.map(() => 'created'));
    expect([most, begun.length]).toEqual([atOnce, 20]);
  });

  test('a large body is part of its request, until it is read or left', async () => {
    const store = limited(memory(), 1);
    await store.create(key('large'), contentOf('x'.repeat(100_000)));
    for (const how of ['read', 'left', 'never begun'] as const) {
      const object = await store.read(key('large'));
      let answered = false;
      const waiting = store.head(key('large')).then(() => (answered = true));
      await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
      if (how === 'read') await bytesOf(object!.body);
      if (how === 'left') for await (const piece of object!.body) if (piece.byteLength > 0) break;
      if (how === 'never begun') await object!.body[Symbol.asyncIterator]().return?.();
      await waiting;
    }
  });

  test('a small body is not: who holds one may ask for more', async () => {
    const store = limited(memory(), 1);
    await store.create(key('small'), contentOf('small'));
    const object = await store.read(key('small'));
    expect(await store.head(key('small'))).toMatchObject({ size: 5 });
    expect((await bytesOf(object!.body)).toString()).toBe('small');
  });

  test('a request that fails ends its turn', async () => {
    const store = limited(
      {
        ...memory(),
        head: () => Promise.reject(new Error('no')),
        read: () => Promise.reject(new Error('no')),
        list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no')) }) }),
      },
      1,
    );
    for (let round = 0; round < 3; round += 1) {
      await expect(store.head(key('a'))).rejects.toThrow('no');
      await expect(store.read(key('a'))).rejects.toThrow('no');
      await expect(keysOf(store)).rejects.toThrow('no');
    }
    expect(await store.create(key('a'), contentOf(''))).toBe('created');
  });

  test('a listing gives way between its steps', async () => {
    const store = limited(memory(), 1);
    for (const name of ['a', 'b', 'c']) await store.create(key(name), contentOf(name));
    const sizes: unknown[] = [];
    for await (const listed of store.list('')) sizes.push((await store.head(listed.key))?.size);
    expect(sizes).toEqual([1, 1, 1]);
  });
});

describe('dry run', () => {
  async function stocked(): Promise<ObjectStore> {
    const store = memory();
    for (const name of ['a', 'c', 'e']) await store.create(key(name), contentOf(`stored ${name}`));
    return store;
  }

  async function everythingIn(store: ObjectStore): Promise<unknown[]> {
    const objects: unknown[] = [];
    for (const name of await keysOf(store)) objects.push([await store.head(key(name)), await textOf(store, name)]);
    return objects;
  }

  test('changes nothing, answers what it would have, and shows it to who asks later', async () => {
    const store = await stocked();
    const before = await everythingIn(store);
    const planned = dryRun(store);
    expect(await planned.create(key('a'), contentOf('new'))).toBe('exists');
    expect(await planned.create(key('b'), contentOf('new'))).toBe('created');
    expect(await planned.create(key('b'), contentOf('newer'))).toBe('exists');
    expect(await planned.copy(key('c'), key('d'))).toBe('created');
    expect(await planned.copy(key('b'), key('f'))).toBe('created');
    expect(await planned.copy(key('never'), key('g'))).toBe('absent');
    const c = await planned.head(key('c'));
    expect(await planned.replace(key('c'), contentOf('replaced'), c!.revision)).toBe('replaced');
    expect(await planned.replace(key('c'), contentOf('late'), c!.revision)).toBe('conflict');
    const e = await planned.head(key('e'));
    expect(await planned.removeRevision(key('e'), e!.revision)).toBe('removed');
    expect(await planned.removeRevision(key('e'), e!.revision)).toBe('absent');
    expect(await keysOf(planned)).toEqual(['a', 'b', 'c', 'd', 'f']);
    expect(await Promise.all(['b', 'c', 'd', 'e', 'f'].map((name) => textOf(planned, name)))).toEqual([
      ...['new', 'replaced', 'stored c', undefined, 'new'],
    ]);
    expect(await everythingIn(store)).toEqual(before);
  });

  test('what is removed and made again in the plan is another incarnation', async () => {
    const store = await stocked();
    const planned = dryRun(store);
    const first = await planned.head(key('a'));
    await planned.removeIncarnation(key('a'), first!.incarnation);
    expect(await planned.create(key('a'), contentOf('again'))).toBe('created');
    await planned.removeIncarnation(key('a'), first!.incarnation);
    expect(await textOf(planned, 'a')).toBe('again');
    expect(await planned.read(key('a'), first!.incarnation)).toBeUndefined();
    expect(await textOf(store, 'a')).toBe('stored a');
  });

  test('large content is not read, only small', async () => {
    let read = 0;
    const watched = (size: number): ReturnType<typeof contentOf> => {
      const content = contentOf('x'.repeat(size));
      return {
        ...content,
        read: (start, end) => {
          read += 1;
          return content.read(start, end);
        },
      };
    };
    const planned = dryRun(memory());
    let progress = 0;
    await planned.create(key('large'), watched(70_000), { onProgress: (bytes) => (progress += bytes) });
    expect([read, progress]).toEqual([0, 70_000]);
    expect(await planned.head(key('large'))).toMatchObject({ size: 70_000 });
    await planned.create(key('small'), watched(60_000));
    expect(read).toBe(1);
  });
});
