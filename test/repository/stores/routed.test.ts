import { describe, expect, test } from '@jest/globals';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import { sha256 } from '../../../repository/digest.ts';
import { ArtifactError } from '../../../repository/error.ts';
import { blobKey, bucketPrefix } from '../../../repository/keys.ts';
import type { ObjectKey, ObjectStore, Incarnation } from '../../../repository/object-store.ts';
import { KEY_LIMIT, objectKey } from '../../../repository/object-store.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { routed } from '../../../repository/stores/routed.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';
import { keysIn } from '../../support/keys-in.ts';

const memory = (): ObjectStore => memoryStore(() => new Date());
const key = (text: string): ObjectKey => objectKey(text);

objectStoreContract('routed, the domain of it', async () => ({
  store: routed(memory(), memory),
  close: () => Promise.resolve(),
}));

/** What stands in one other bucket, as a store whose keys are those that it has there. */
function within(store: ObjectStore, prefix: string): ObjectStore {
  const at = (text: ObjectKey): ObjectKey => `${prefix}${text}` as ObjectKey;
  const shown = <T extends { readonly key: ObjectKey }>(one: T): T => ({
    ...one,
    key: one.key.slice(prefix.length) as ObjectKey,
  });
  const alone = store.removeAlone?.bind(store);
  return {
    read: async (one, incarnation, from) => {
      const object = await store.read(at(one), incarnation, from);
      return object && shown(object);
    },
    head: async (one) => {
      const head = await store.head(at(one));
      return head && shown(head);
    },
    incarnations: (one) => store.incarnations(at(one)),
    create: (one, content, attributes) => store.create(at(one), content, attributes),
    replace: (one, content, revision, attributes) => store.replace(at(one), content, revision, attributes),
    overwrite: (one, content, attributes) => store.overwrite(at(one), content, attributes),
    removeIncarnation: (one, incarnation) => store.removeIncarnation(at(one), incarnation),
    ...(alone && { removeAlone: (one: ObjectKey, incarnation: Incarnation) => alone(at(one), incarnation) }),
    removeRevision: (one, revision) => store.removeRevision(at(one), revision),
    async *list(start, { after, ...options } = {}) {
      const from = after === undefined ? {} : { after: prefix + after };
      for await (const listed of store.list(prefix + start, { ...options, ...from })) yield shown(listed);
    },
    copy: (from, to, attributes) => store.copy(at(from), at(to), attributes),
  };
}

objectStoreContract('routed, another bucket of it', async () => {
  const own = memory();
  await own.create(key('not/of/it'), contentOf('the domain’s'));
  return { store: within(routed(own, memory), bucketPrefix('team-content')), close: () => Promise.resolve() };
});

describe('routed', () => {
  const bytes = contentOf('what stands in two buckets');
  const here = blobKey(bytes.sha256, 'a.zip');
  const there = blobKey(bytes.sha256, 'a.zip', 'team-content');

  function two(): { readonly own: ObjectStore; readonly other: ObjectStore; readonly store: ObjectStore } {
    const [own, other] = [memory(), memory()];
    return { own, other, store: routed(own, () => other) };
  }

  test('puts each object into its bucket, under the key that it has in all', async () => {
    const { own, other, store } = two();
    await store.create(there, bytes);
    expect(await keysIn(own)).toEqual([]);
    expect(await keysIn(other)).toEqual([here]);
    expect(await store.head(here)).toBeUndefined();
    expect(await store.head(there)).toMatchObject({ key: there, size: bytes.size });
    expect(await keysIn(store, `${bucketPrefix('team-content')}blobs/`)).toEqual([there]);
  });

  test('opens a bucket once, and none that nobody asks for', async () => {
    const opened: string[] = [];
    const store = routed(memory(), (bucket) => {
      opened.push(bucket);
      return memory();
    });
    await store.head(here);
    expect(opened).toEqual([]);
    await store.create(there, bytes);
    await store.head(there);
    expect(store.openBucket?.('team-content')).toBe(store.openBucket?.('team-content'));
    expect(opened).toEqual(['team-content']);
  });

  test.each([
    ['into another bucket', here, there],
    ['out of it', there, here],
  ])('copies content %s, and never what is not what its address says', async (_, from, to) => {
    const { store } = two();
    expect(await store.copy(from, to)).toBe('absent');
    await store.create(from, bytes);
    expect(await store.copy(from, to)).toBe('created');
    expect(await store.copy(from, to)).toBe('exists');
    const copied = await store.read(to);
    expect(copied && (await bytesOf(copied.body))).toEqual(await bytesOf(bytes.read()));

    const wrong = contentOf('other bytes');
    const { store: another } = two();
    await another.create(from, wrong);
    await expect(another.copy(from, to)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await another.head(to)).toBeUndefined();
  });

  test('copies what has no digest in its key by reading it', async () => {
    const { store } = two();
    await store.create(key('records/one'), contentOf('one'));
    expect(await store.copy(key('records/one'), key('buckets/team-content/records/one'))).toBe('created');
    const copied = await store.read(key('buckets/team-content/records/one'));
    expect(copied && (await bytesOf(copied.body)).toString()).toBe('one');
  });

  test('lists one bucket, from a key of its own or of what sorts before and behind it', async () => {
    const { store } = two();
    const names = ['a', 'b', 'c'].map((name) => blobKey(sha256(name), `${name}.zip`, 'team-content')).sort();
    for (const name of names) await store.create(name, contentOf(name));
    const prefix = `${bucketPrefix('team-content')}blobs/`;
    const after = async (text: string): Promise<readonly string[]> => {
      const found: string[] = [];
      for await (const { key: one } of store.list(prefix, { after: text })) found.push(one);
      return found;
    };
    expect(await after('blobs/sha256/zz')).toEqual(names);
    expect(await after(names[0] ?? '')).toEqual(names.slice(1));
    expect(await after('buckets/zz')).toEqual([]);
  });

  test('has nothing to remove in a bucket that is no more, and can write nothing there', async () => {
    const gone = (): Promise<never> =>
      Promise.reject(new ArtifactError('BUCKET_NOT_FOUND', "there is no bucket 'team-content'"));
    const store = routed(memory(), () => ({ ...memory(), create: gone, removeIncarnation: gone, removeAlone: gone }));
    await expect(store.removeIncarnation(there, 'v1' as Incarnation)).resolves.toBeUndefined();
    await expect(store.create(there, bytes)).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
  });

  test('leaves no room in a key for what a bucket could not be called', () => {
    expect(Buffer.byteLength(blobKey(bytes.sha256, 'f'.repeat(255), 'b'.repeat(63)))).toBeLessThan(KEY_LIMIT);
  });
});
