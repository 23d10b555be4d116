import { beforeEach, describe, expect, test } from '@jest/globals';
import { listBehind } from '../../repository/behind.ts';
import { deleteBookmark, HISTORY, listBookmarks, readBookmark, setBookmark } from '../../repository/bookmark.ts';
import { listVersionUsers } from '../../repository/deleting/users.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { publishVersion } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { bookmarkKey } from '../../repository/keys.ts';
import type { Owner } from '../../repository/owner.ts';
import { recordContent } from '../../repository/record.ts';
import { changeStatus } from '../../repository/status-change.ts';
import { readStatusRecord, writeStatus } from '../../repository/status.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { allOf } from '../support/all-of.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';

const NAME = { repository: 'default', id: 'shop/api' };

let store: ObjectStore;
let domain: Domain;

beforeEach(async () => {
  store = memoryStore(steadyChance().now);
  domain = await testDomain(store);
  for (const text of ['one', 'two', 'three']) await publishVersion(domain, NAME, publishable(text));
});

const arn = (version: number) => {
  const { partition, account, region } = domain;
  return { partition, account, region, ...NAME, version };
};

const set = (version: number, options: Parameters<typeof setBookmark>[3] = {}, own: Domain = domain) =>
  setBookmark(own, arn(version), 'prod', options);

const named = async (): Promise<number | undefined> => (await readBookmark(store, NAME, 'prod'))?.value.number;

/** What stands under the bookmark's key, whatever it is. */
async function put(record: object): Promise<void> {
  const key = bookmarkKey(NAME, 'prod');
  const head = await store.head(key);
  if (head === undefined) await store.create(key, recordContent(record));
  else await store.replace(key, recordContent(record), head.revision);
}

describe('setBookmark()', () => {
  test('makes it, moves it, and leaves it where it is', async () => {
    expect(await set(1, { by: 'anna' })).toEqual({ outcome: 'created', to: 1 });
    expect(await set(2, { by: 'ben' })).toEqual({ outcome: 'moved', from: 1, to: 2 });
    const before = await readBookmark(store, NAME, 'prod');
    expect(await set(2, { by: 'carl' })).toEqual({ outcome: 'exists', from: 2, to: 2 });
    expect(await readBookmark(store, NAME, 'prod')).toEqual(before);
    expect(before?.value).toMatchObject({ number: 2, by: 'ben', history: [{ number: 1, by: 'anna' }] });
    const { at, history } = before?.value ?? { history: [] };
    expect(history[0]?.until).toBe(at);
    expect(history[0]?.at && history[0].at < history[0].until).toBe(true);
  });

  test('refuses what is not expected, and changes nothing', async () => {
    await expect(set(1, { expected: 2 })).rejects.toMatchObject({ code: 'STALE_REVISION' });
    expect(await set(1, { expected: 0 })).toMatchObject({ outcome: 'created' });
    await expect(set(2, { expected: 0 })).rejects.toMatchObject({ code: 'STALE_REVISION' });
    const before = await readBookmark(store, NAME, 'prod');
    await expect(set(2, { expected: 3 })).rejects.toMatchObject({
      message: "'default/shop/api^prod' names version 1, not version 3",
    });
    expect(await readBookmark(store, NAME, 'prod')).toEqual(before);
    expect(await set(2, { expected: 1 })).toMatchObject({ outcome: 'moved' });
  });

  test.each([
    ['that is not there', 9, 'ARTIFACT_NOT_FOUND'],
    ['that was deleted', 1, 'ARTIFACT_DELETED'],
    ['that was archived', 2, 'ARTIFACT_ARCHIVED'],
  ])('refuses a version %s, and leaves nothing', async (_, version, code) => {
    await deleteVersion(domain, NAME, 1);
    await changeStatus(domain, NAME, 2, 'Archived');
    await expect(set(version)).rejects.toMatchObject({ code });
    expect(await readBookmark(store, NAME, 'prod')).toBeUndefined();
    await set(3);
    const before = await readBookmark(store, NAME, 'prod');
    await expect(set(version)).rejects.toMatchObject({ code });
    expect(await readBookmark(store, NAME, 'prod')).toEqual(before);
  });

  test('takes an unlisted version, keeps an archived one, and refuses other content', async () => {
    await changeStatus(domain, NAME, 1, 'Unlisted');
    await set(1);
    await changeStatus(domain, NAME, 1, 'Archived');
    expect(await set(1)).toMatchObject({ outcome: 'exists' });
    const { digest } = (await publishVersion(domain, NAME, publishable('two'))).arn;
    await expect(setBookmark(domain, { ...arn(3), digest }, 'prod')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await setBookmark(domain, { ...arn(2), digest }, 'prod');
    await expect(setBookmark(domain, arn(2), 'a/b')).rejects.toMatchObject({ code: 'INVALID_NAME' });
  });

  test('lets the time begin anew of the version that it names, and of the one that it leaves', async () => {
    await set(1);
    for (const number of [1, 2]) {
      const before = await readStatusRecord(domain, NAME, number);
      const note = { status: 'Published', unusedSince: '2026-01-01T00:00:00.000Z' } as const;
      await writeStatus(domain, { ...NAME, number }, note, before);
    }
    await set(2);
    for (const number of [1, 2]) {
      const { unusedSince, status } = (await readStatusRecord(domain, NAME, number))?.value ?? {};
      expect({ unusedSince, status }).toEqual({ unusedSince: undefined, status: 'Published' });
    }
  });

  test(`keeps ${HISTORY} of those that it named`, async () => {
    const past = Array.from({ length: HISTORY }, () => ({ number: 3, until: '2026-01-01T00:00:00.000Z' }));
    await put({ format: 1, nonce: 'n', number: 1, history: past });
    await set(2);
    const { history } = (await readBookmark(store, NAME, 'prod'))?.value ?? { history: [] };
    expect(history).toHaveLength(HISTORY);
    expect(history.slice(0, 2).map(({ number }) => number)).toEqual([1, 3]);
  });

  test('goes on where somebody died, and protects nothing that he wanted any more', async () => {
    await set(1);
    const { history } = (await readBookmark(store, NAME, 'prod'))?.value ?? { history: [] };
    const pending = { number: 2, nonce: 'dead', at: '2026-01-01T00:00:00.000Z' };
    await put({ format: 1, nonce: 'dead', number: 1, pending, history });
    const users = await allOf(listVersionUsers(domain, NAME, 2));
    expect(users).toEqual([{ by: 'bookmark', bookmark: 'prod', version: 2 }]);
    expect(await deleteVersion(domain, NAME, 2)).toMatchObject({ outcome: 'used' });
    expect(await named()).toBe(1);
    expect(await allOf(listBookmarks(store, NAME))).toMatchObject([{ bookmark: 'prod', version: 1 }]);
    expect(await set(3)).toEqual({ outcome: 'moved', from: 1, to: 3 });
    expect(await deleteVersion(domain, NAME, 2)).toMatchObject({ outcome: 'deleted' });
  });

  test('of a new one that somebody died over names nothing, and is made', async () => {
    await put({ format: 1, nonce: 'dead', pending: { number: 2, nonce: 'dead', at: 'then' }, history: [] });
    expect(await named()).toBeUndefined();
    expect(await allOf(listBookmarks(store, NAME))).toEqual([]);
    expect(await set(1, { expected: 0 })).toEqual({ outcome: 'created', to: 1 });
  });
});

describe('deleteBookmark()', () => {
  test('keeps the history, may be repeated, and lets the version go', async () => {
    await set(1);
    await set(2);
    await expect(deleteBookmark(domain, NAME, 'prod', { expected: 1 })).rejects.toMatchObject({
      code: 'STALE_REVISION',
    });
    expect(await deleteBookmark(domain, NAME, 'prod', { expected: 2 })).toEqual({ outcome: 'deleted', from: 2 });
    expect(await deleteBookmark(domain, NAME, 'prod', { expected: 2 })).toEqual({ outcome: 'absent' });
    expect((await readBookmark(store, NAME, 'prod'))?.value).toMatchObject({ history: [{ number: 2 }, { number: 1 }] });
    expect(await named()).toBeUndefined();
    expect(await deleteVersion(domain, NAME, 2)).toMatchObject({ outcome: 'deleted' });
    expect(await set(1)).toEqual({ outcome: 'created', to: 1 });
    const numbers = (await readBookmark(store, NAME, 'prod'))?.value.history.map(({ number }) => number);
    expect(numbers).toEqual([2, 1]);
  });

  test('of one that never was says which there are', async () => {
    await set(1);
    await expect(deleteBookmark(domain, NAME, 'other')).rejects.toMatchObject({
      ...{ code: 'ARTIFACT_NOT_FOUND', message: "'default/shop/api' has no bookmark 'other'" },
      remedy: "It has 'prod'.",
    });
  });
});

describe('what a stack declares', () => {
  const owner = (requestId: string, more: Partial<Owner> = {}): Owner => ({
    ...{ stackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/uuid', logicalId: 'Prod' },
    ...{ requestId, issued: `2026-01-01T00:00:0${requestId}.000Z` },
    ...more,
  });

  test('is changed by it and by people, and by no other stack', async () => {
    await set(1, { owner: owner('1') });
    await expect(set(2, { owner: owner('2', { logicalId: 'Other' }) })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
    await set(2);
    expect((await readBookmark(store, NAME, 'prod'))?.value.owner).toEqual(owner('1'));
    await set(3, { owner: owner('2') });
    expect((await readBookmark(store, NAME, 'prod'))?.value.owner).toEqual(owner('2'));
    const other = owner('3', { stackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/web/uuid' });
    await expect(deleteBookmark(domain, NAME, 'prod', { owner: other })).rejects.toMatchObject({
      message: "'default/shop/api^prod' was made by stack 'shop' (Prod)",
    });
    expect(await deleteBookmark(domain, NAME, 'prod', { owner: owner('3') })).toMatchObject({ outcome: 'deleted' });
  });

  test('is none of what people made, until they delete it', async () => {
    await set(1);
    await expect(set(2, { owner: owner('1') })).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(set(1, { owner: owner('1') })).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await deleteBookmark(domain, NAME, 'prod');
    expect(await set(2, { owner: owner('1') })).toMatchObject({ outcome: 'created' });
  });

  test('is not changed by an event that is older than what has been here', async () => {
    await set(1, { owner: owner('1') });
    // Wanted where it is: that is an operation too.
    expect(await set(1, { owner: owner('3') })).toMatchObject({ outcome: 'exists' });
    await expect(set(2, { owner: owner('2') })).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await deleteBookmark(domain, NAME, 'prod', { owner: owner('4') });
    await expect(set(2, { owner: owner('2') })).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await set(2)).toMatchObject({ outcome: 'created' });
    expect((await readBookmark(store, NAME, 'prod'))?.value.owner).toBeUndefined();
  });
});

describe('where an answer is lost', () => {
  type Fault = (request: () => Promise<unknown>) => Promise<unknown>;

  /** A store whose replacements of bookmarks go so, one after the other. */
  function faulty(...faults: readonly (Fault | undefined)[]): Domain {
    let turn = 0;
    const own: ObjectStore = {
      ...store,
      replace: async (key, ...more) => {
        const fault = key.startsWith('bookmarks/') ? faults[turn++] : undefined;
        const request = () => store.replace(key, ...more);
        return (await (fault === undefined ? request() : fault(request))) as Awaited<ReturnType<typeof request>>;
      },
    };
    return { ...domain, store: own };
  }

  const echo: Fault = async (request) => {
    await request();
    return 'conflict';
  };

  test('one’s own writing is known again', async () => {
    await set(1);
    expect(await set(2, { expected: 1 }, faulty(echo))).toEqual({ outcome: 'moved', from: 1, to: 2 });
    expect(await set(3, { expected: 2 }, faulty(undefined, echo))).toEqual({ outcome: 'moved', from: 2, to: 3 });
    expect((await readBookmark(store, NAME, 'prod'))?.value.history).toHaveLength(2);
    expect(await deleteBookmark(faulty(echo), NAME, 'prod', { expected: 3 })).toEqual({ outcome: 'deleted', from: 3 });
  });

  test('and behind that of others, too', async () => {
    await set(1);
    const thenOthers =
      (...moves: readonly number[]): Fault =>
      async (request) => {
        await request();
        for (const version of moves) await set(version);
        return 'conflict';
      };
    expect(await set(2, { expected: 1 }, faulty(undefined, thenOthers(3, 1)))).toEqual({
      ...{ outcome: 'moved', from: 1, to: 2 },
    });
    expect(await named()).toBe(1);
    const deleted = await deleteBookmark(faulty(thenOthers(2, 3)), NAME, 'prod', { expected: 1 });
    expect(deleted).toEqual({ outcome: 'deleted', from: 1 });
    expect(await named()).toBe(3);
  });

  test('a wish that can not be looked after is taken back', async () => {
    await set(1);
    let isDown = false;
    const own: ObjectStore = {
      ...store,
      replace: async (key, ...more) => {
        const outcome = await store.replace(key, ...more);
        isDown = key.startsWith('bookmarks/');
        return outcome;
      },
      read: async (key, ...more) => {
        if (isDown && key.startsWith('statuses/')) throw new Error('down');
        return store.read(key, ...more);
      },
    };
    await expect(set(2, {}, { ...domain, store: own })).rejects.toThrow('down');
    expect((await readBookmark(store, NAME, 'prod'))?.value).toMatchObject({ number: 1 });
    expect((await readBookmark(store, NAME, 'prod'))?.value.pending).toBeUndefined();
    expect(await deleteVersion(domain, NAME, 2)).toMatchObject({ outcome: 'deleted' });
  });
});

describe('a record', () => {
  test.each([
    [{ number: 0 }],
    [{ number: '1' }],
    [{ history: [] }],
    [{ number: 1, history: [{ number: 1 }] }],
    [{ number: 1, history: [{ number: 1, until: 'then' }] }],
    [{ number: 1, pending: { number: 2 } }],
    [{ number: 1, owner: 'somebody' }],
    [{ number: 1, format: 99 }],
  ])('that may mean anything is refused: %j', async (record) => {
    await put(record);
    await expect(readBookmark(store, NAME, 'prod')).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await expect(set(1)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await expect(deleteVersion(domain, NAME, 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });
});

test('nobody is behind a bookmark that names nothing', async () => {
  await set(1);
  await deleteBookmark(domain, NAME, 'prod');
  expect(await allOf(listBehind(domain, NAME, 'prod'))).toEqual([]);
  expect(await allOf(listBehind(domain, NAME, 'never'))).toEqual([]);
});
