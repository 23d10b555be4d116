import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { contentOf } from '../../../repository/content.ts';
import { ArtifactError } from '../../../repository/error.ts';
import type { Incarnation, ObjectHead, ObjectKey, ObjectStore } from '../../../repository/object-store.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { dryRun } from '../../../repository/stores/dry-run.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { probe } from '../../../repository/stores/probe.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const memory = (): ObjectStore => memoryStore(() => new Date());

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const listed of store.list('')) keys.push(listed.key);
  return keys;
}

describe('probe', () => {
  test('accepts a store that keeps its promises, and leaves nothing', async () => {
    for (const store of [memory(), directoryStore(join(await temporaryFolder(), 'domain')), dryRun(memory())]) {
      await store.create(objectKey('scratch/other'), contentOf('stays'));
      await probe(store, 'nonce');
      await probe(store, 'another');
      expect(await keysOf(store)).toEqual(['scratch/other']);
    }
  });

  test('a first answer may be the echo of an attempt whose answer was lost', async () => {
    const store = memory();
    const asked = new Set<string>();
    const echoing: ObjectStore = {
      ...store,
      create: async (key, content) => {
        const outcome = await store.create(key, content);
        return asked.size === asked.add(`create ${key}`).size ? outcome : 'exists';
      },
      replace: async (key, content, revision) => {
        const outcome = await store.replace(key, content, revision);
        return asked.size === asked.add(`replace ${key}`).size ? outcome : 'conflict';
      },
    };
    await expect(probe(echoing, 'nonce')).resolves.toBeUndefined();
  });

  /** Stores that break one promise each. */
  const broken: Readonly<Record<string, (store: ObjectStore) => Partial<ObjectStore>>> = {
    'creates an object that exists already': (store) => ({
      create: async (key, content) => {
        const head = await store.head(key);
        if (head === undefined) return store.create(key, content);
        await store.replace(key, content, head.revision);
        return 'created';
      },
    }),
    'creates an object that exists already (a put with If-None-Match)': (store) => ({
      // Says the right thing and does the wrong.
      create: async (key, content) => {
        const head = await store.head(key);
        if (head === undefined) return store.create(key, content);
        await store.replace(key, content, head.revision);
        return 'exists';
      },
    }),
    'replaces a revision that is no longer the current': (store) => ({
      replace: async (key, content) => store.replace(key, content, (await store.head(key))!.revision),
    }),
    'does not replace the current revision': () => ({ replace: async () => 'conflict' }),
    'removes a revision that is no longer the current': (store) => ({
      removeRevision: async (key) => store.removeRevision(key, (await store.head(key))!.revision),
    }),
    'takes bytes that do not have the announced SHA-256': (store) => ({
      create: async (key, content) => store.create(key, contentOf(await textOf(content.read()))),
    }),
    'does not list the objects that were just created': () => ({
      async *list() {
        // Nothing, whatever is there.
      },
    }),
    'lists an object that was just removed': (store) => {
      const seen = new Set<ObjectKey>();
      return {
        async *list(prefix, options) {
          for await (const { key } of store.list(prefix, options)) seen.add(key);
          for (const key of [...seen].filter((one) => one.startsWith(prefix)).sort()) {
            yield { key, size: 0, modified: new Date() };
          }
        },
      };
    },
    'copies an object that is not there': () => ({ copy: async () => 'created' }),
    'does not copy an object': (store) => ({
      copy: async (from) => ((await store.head(from)) === undefined ? 'absent' : 'created'),
    }),
    'copies over an object that exists already': (store) => ({ copy: (from, to) => copiedOver(store, from, to) }),
    'copies over an object that exists already (a copy with If-None-Match)': (store) => ({
      // Says the right thing and does the wrong.
      copy: async (from, to) => {
        const existed = (await store.head(to)) !== undefined;
        const outcome = await copiedOver(store, from, to);
        return existed ? 'exists' : outcome;
      },
    }),
    'gives the same incarnation to the same bytes': (store) => {
      // As a bucket without versions: the digest is all there is.
      const named = async (key: ObjectKey): Promise<ObjectHead | undefined> => {
        const head = await store.head(key);
        return head && { ...head, incarnation: head.sha256 as string as Incarnation };
      };
      return {
        head: named,
        incarnations: async (key) => [(await named(key))?.incarnation ?? []].flat(),
        removeIncarnation: async (key, incarnation) => {
          const head = await store.head(key);
          if (head?.sha256 === (incarnation as string)) await store.removeIncarnation(key, head.incarnation);
        },
      };
    },
    'removes another incarnation than it is told': (store) => ({
      removeIncarnation: async (key) => {
        const head = await store.head(key);
        if (head !== undefined) await store.removeIncarnation(key, head.incarnation);
      },
    }),
    'removes another incarnation than it is told (a delete with a version ID)': (store) => {
      // Right at first, and wrong when the same request arrives again.
      const told = new Set<string>();
      return {
        removeIncarnation: async (key, incarnation) => {
          const again = told.size === told.add(incarnation).size;
          const head = await store.head(key);
          await store.removeIncarnation(key, again && head !== undefined ? head.incarnation : incarnation);
        },
      };
    },
    'does not remove an incarnation': () => ({ removeIncarnation: async () => undefined }),
    'does not tell the incarnations of an object': () => ({ incarnations: async () => [] }),
    'does not remove the current revision': () => ({ removeRevision: async () => 'conflict' }),
    'does not show an object that was just created': () => ({ read: async () => undefined }),
  };

  test.each(Object.entries(broken))('refuses a store that %s', async (what, breaking) => {
    const store = memory();
    const failure = await probe({ ...store, ...breaking(store) }, 'nonce').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ArtifactError);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED_STORE', message: expect.stringContaining(what) });
    expect((failure as ArtifactError).remedy).toContain('Amazon S3');
    expect(await keysOf(store)).toEqual([]);
  });

  test('who may not remove is no reason to refuse the store', async () => {
    const denied = () => Promise.reject(new ArtifactError('ACCESS_DENIED', 'no'));
    const store = { ...memory(), removeRevision: denied, removeIncarnation: denied };
    await expect(probe(store, 'nonce')).resolves.toBeUndefined();
  });

  test('what the store itself throws comes through', async () => {
    const store = { ...memory(), create: () => Promise.reject(new ArtifactError('WRONG_OWNER', 'not yours')) };
    await expect(probe(store, 'nonce')).rejects.toMatchObject({ code: 'WRONG_OWNER' });
  });
});

async function copiedOver(store: ObjectStore, from: ObjectKey, to: ObjectKey): Promise<'created' | 'absent'> {
  const source = await store.read(from);
  if (source === undefined) return 'absent';
  await store.overwrite(to, contentOf(await textOf(source.body)));
  return 'created';
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of bytes) text += Buffer.from(piece).toString();
  return text;
}
