import { beforeEach, describe, expect, test } from '@jest/globals';
import { bind } from '../../repository/bind.ts';
import type { Wanted } from '../../repository/bind.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import { consumerKey, bookmarkKey, namedReferenceKey, stackReferenceKey, statusKey } from '../../repository/keys.ts';
import {
  formatArn,
  listUnused,
  listUsedBy,
  listUsers,
  objectKey,
  publishVersion,
  sha256,
} from '../../repository/index.ts';
import type { Digest, Domain, ListedObject, ObjectStore, Subject, Usage } from '../../repository/index.ts';
import { recordContent } from '../../repository/record.ts';
import { nameOfConsumer } from '../../repository/usage.ts';
import { release } from '../../repository/release.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { allOf } from '../support/all-of.ts';

const SHOP: StackResource = {
  ...{ account: '111122223333', region: 'eu-west-1', stack: 'shop', uuid: 'uuid-1', logicalId: 'Api' },
};
const NAME = { repository: 'default', id: 'shop/api' };

let domain: Domain;
let events: number;

beforeEach(async () => {
  domain = await testDomain();
  events = 0;
});

async function published(text: string, id = NAME.id): Promise<Wanted & { readonly digest: Digest }> {
  const name = { repository: 'default', id };
  const { arn, key, filename, size } = await publishVersion(domain, name, publishable(text));
  return {
    ...{ arn: formatArn(arn), key, digest: arn.digest, filename, size },
    version: { ...name, number: arn.version },
  };
}

/** By its digest alone. */
function contentOf({ arn, key, digest, filename }: Wanted): Wanted {
  return { arn: arn.replace(/:\d+@/, '@'), key, digest, filename };
}

function stackIdOf({ account, region, stack, uuid }: StackResource): string {
  return `arn:aws:cloudformation:${region}:${account}:stack/${stack}/${uuid}`;
}

function bound(resource: StackResource, wanted: readonly Wanted[], pinned = false): Promise<string> {
  events += 1;
  const [requestId, issued] = [`request-${events}`, new Date(Date.UTC(2026, 1, 1, 0, 0, events)).toISOString()];
  const operation = { resource, stackId: stackIdOf(resource), requestId, issued, replaces: false, pinned };
  return bind(domain, operation, wanted);
}

async function users(subject: Subject = NAME): Promise<string[]> {
  return (await allOf(listUsers(domain, subject))).map(shown);
}

function shown({ version, consumer }: Usage): string {
  const who = consumer.kind === 'stack' ? `${consumer.resource.stack}/${consumer.resource.logicalId}` : consumer.name;
  return `${version ?? '-'} ${who}`;
}

async function unused(prefix?: string): Promise<string[]> {
  return (await allOf(listUnused(domain, 'default', prefix))).map(({ manifest: { id, number } }) => `${id}:${number}`);
}

test('who uses something is called by account and region where that is elsewhere', async () => {
  const one = await published('one');
  await bound(SHOP, [one]);
  const [usage] = await allOf(listUsers(domain, NAME));
  if (usage === undefined) throw new Error('nobody uses it');
  const nameAt = (account: string, region: string): string => nameOfConsumer(usage.consumer, { account, region });
  expect(nameAt(SHOP.account, SHOP.region)).toBe("stack 'shop'");
  expect(nameAt(SHOP.account, 'us-east-1')).toBe("stack 'shop' of account 111122223333 in eu-west-1");
  expect(nameAt('222233334444', SHOP.region)).toBe("stack 'shop' of account 111122223333 in eu-west-1");
});

describe('listUsers()', () => {
  test('tells who, of what, since when and by which bookmark', async () => {
    const one = await published('one');
    await bound(SHOP, [{ ...one, resolvedFrom: 'default/shop/api^prod' }]);
    expect(await allOf(listUsers(domain, { ...NAME, number: 1 }))).toEqual([
      {
        ...{ arn: one.arn, key: one.key, digest: one.digest, resolvedFrom: 'default/shop/api^prod' },
        ...{ artifact: NAME, version: 1, since: expect.stringMatching(/^2026-01-01T/) },
        consumer: { kind: 'stack', resource: SHOP, stackId: stackIdOf(SHOP) },
      },
    ]);
  });

  test('of an artifact goes through all versions, newest first', async () => {
    const [one, , three] = [await published('one'), await published('two'), await published('three')];
    await bound(SHOP, [one]);
    await bound({ ...SHOP, logicalId: 'New' }, [three]);
    expect(await users()).toEqual(['3 shop/New', '1 shop/Api']);
    expect(await users({ ...NAME, number: 2 })).toEqual([]);
    expect(await users({ ...NAME, number: 9 })).toEqual([]);
    expect(await users({ repository: 'default', id: 'shop' })).toEqual([]);
  });

  test('tells apart who uses which of two artifacts with one content', async () => {
    const [mine, other] = [await published('same'), await published('same', 'other')];
    expect(mine.digest).toBe(other.digest);
    await bound(SHOP, [mine]);
    await bound({ ...SHOP, logicalId: 'Other' }, [other]);
    expect(await users()).toEqual(['1 shop/Api']);
    expect(await users({ repository: 'default', id: 'other' })).toEqual(['1 shop/Other']);
    expect(await users({ ...NAME, digest: mine.digest })).toEqual(['1 shop/Api']);
  });

  test('counts a use of the content alone for every version that holds it', async () => {
    const [mine] = [await published('same'), await published('same', 'other'), await published('else', 'third')];
    await bound(SHOP, [contentOf(mine)]);
    expect(await users()).toEqual(['1 shop/Api']);
    expect(await users({ repository: 'default', id: 'other' })).toEqual(['1 shop/Api']);
    expect(await users({ repository: 'default', id: 'third' })).toEqual([]);
    expect(await users({ ...NAME, digest: mine.digest })).toEqual(['- shop/Api']);
  });

  test('tells of named consumers, with the stack that left one behind', async () => {
    const one = await published('one');
    const generation = await bound(SHOP, [one], true);
    await release(domain.store, { resource: SHOP, requestId: 'end', issued: '2026-03-01T00:00:00.000Z', generation });
    const uses = [{ arn: one.arn, key: one.key }];
    const byHand = { format: 1, generation: 'g', at: '2026-01-01T00:00:00.000Z', uses };
    await domain.store.create(namedReferenceKey(one.digest, 'edge', 'g'), recordContent(byHand));
    const found = await allOf(listUsers(domain, NAME));
    expect(found.map(({ consumer }) => consumer)).toEqual([
      { kind: 'named', name: 'edge' },
      { kind: 'named', name: 'retained', stackId: stackIdOf(SHOP), logicalId: 'Api' },
    ]);
  });

  test('passes over what went while it listed, and stops at what it can not read', async () => {
    const one = await published('one');
    const generation = await bound(SHOP, [one]);
    const key = stackReferenceKey(one.digest, SHOP, generation);
    const blind: ObjectStore = {
      ...domain.store,
      read: async (asked) => (asked === key ? undefined : domain.store.read(asked)),
    };
    expect(await allOf(listUsers({ ...domain, store: blind }, NAME))).toEqual([]);
    await domain.store.overwrite(key, recordContent({ format: 1 }));
    await expect(users()).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await expect(unused()).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });
});

describe('listUsedBy()', () => {
  test('tells the incarnations of a stack apart, and its neighbours', async () => {
    const [one, two] = [await published('one'), await published('two', 'other')];
    const next = { ...SHOP, uuid: 'uuid-2' };
    await bound(SHOP, [one, two]);
    await bound(next, [contentOf(one)]);
    for (const other of [{ stack: 'shop-2' }, { region: 'us-east-1' }, { account: '444455556666' }]) {
      await bound({ ...SHOP, ...other }, [one]);
    }
    const found = async (uuid?: string): Promise<string[]> => {
      const { account, region, stack } = SHOP;
      const uses = await allOf(listUsedBy(domain, { account, region, stack, ...(uuid !== undefined && { uuid }) }));
      return uses.map(({ consumer, arn }) => `${consumer.resource.uuid} ${arn}`).toSorted();
    };
    const first = [`uuid-1 ${one.arn}`, `uuid-1 ${two.arn}`].toSorted();
    expect(await found()).toEqual([...first, `uuid-2 ${contentOf(one).arn}`]);
    expect(await found('uuid-1')).toEqual(first);
    expect(await found('uuid')).toEqual([]);
  });
});

describe('listUnused()', () => {
  test('leaves out what a stack, a named consumer or a bookmark needs', async () => {
    const versions = [];
    for (const text of ['one', 'two', 'three', 'four', 'five']) versions.push(await published(text));
    const [one, two, three] = versions as [Wanted, Wanted, Wanted];
    await published('six', 'shop');
    await published('seven', 'tools');
    expect(await unused()).toEqual([
      'shop:1',
      'shop/api:5',
      'shop/api:4',
      'shop/api:3',
      'shop/api:2',
      'shop/api:1',
      'tools:1',
    ]);
    const generation = await bound(SHOP, [one]);
    const uses = [{ arn: two.arn, key: two.key }];
    const byHand = { format: 1, generation: 'g', at: '2026-01-01T00:00:00.000Z', uses };
    await domain.store.create(namedReferenceKey(two.digest, 'edge', 'g'), recordContent(byHand));
    await domain.store.create(bookmarkKey(NAME, 'prod'), recordContent({ number: 4 }));
    await domain.store.create(statusKey(NAME, 5), recordContent({ status: 'Deleted' }));
    expect(await unused()).toEqual(['shop:1', 'shop/api:3', 'tools:1']);
    expect(await unused('shop/')).toEqual(['shop/api:3']);
    expect(await unused('t')).toEqual(['tools:1']);
    await bound({ ...SHOP, logicalId: 'Alone' }, [contentOf(three)]);
    await release(domain.store, { resource: SHOP, requestId: 'end', issued: '2026-03-01T00:00:00.000Z', generation });
    expect(await unused('shop/')).toEqual(['shop/api:1']);
  });

  test('asks each artifact for its own bookmarks', async () => {
    await published('one');
    await published('two', 'shop/web');
    await domain.store.create(bookmarkKey({ ...NAME, id: 'shop/web' }, 'prod'), recordContent({ number: 1 }));
    expect(await unused()).toEqual(['shop/api:1']);
  });
});

describe('a listing of 100,000 records', () => {
  const COUNT = 100_000;

  /** Counts what was listed and read, and not yet told. */
  interface Watched {
    readonly domain: Domain;
    listed: number;
    read: number;
  }

  /** A store that makes up its records as it is asked for them, behind those of the domain. */
  function crowded(prefix: string, keyOf: (index: number) => string, value: object): Watched {
    const one = memoryStore(steadyChance().now);
    const written = one.create(objectKey('one'), recordContent(value));
    const store: ObjectStore = {
      ...domain.store,
      list: (asked, options) => (asked === prefix ? made() : domain.store.list(asked, options)),
      read: async (key) => {
        if (!key.startsWith(prefix)) return domain.store.read(key);
        watched.read += 1;
        await written;
        return one.read(objectKey('one'));
      },
    };
    const watched: Watched = { domain: { ...domain, store }, listed: 0, read: 0 };
    async function* made(): AsyncGenerator<ListedObject> {
      for (; watched.listed < COUNT;) {
        watched.listed += 1;
        yield { key: keyOf(watched.listed) as ListedObject['key'], size: 1, modified: new Date(0) };
      }
    }
    return watched;
  }

  /** How far it was ahead of who listens, at most; and how many it told. */
  async function run(watched: Watched, found: AsyncIterable<unknown>, until = Infinity): Promise<[number, number]> {
    let [ahead, told] = [0, 0];
    for await (const one of found) {
      told += one === undefined ? 0 : 1;
      ahead = Math.max(ahead, watched.listed - told, watched.read - told);
      if (told === until) break;
    }
    return [ahead, told];
  }

  const logicalId = (index: number): string => `R${String(index).padStart(6, '0')}`;

  test('is told with few of them on their way, and left when nobody listens', async () => {
    const one = await published('one');
    const record = { format: 1, generation: 'g', issued: 'i', at: 'a', stackId: 's', logicalId: 'l', uses: [one] };
    const references = crowded(
      `references/${one.digest}/`,
      (index) => stackReferenceKey(one.digest, { ...SHOP, logicalId: logicalId(index) }, 'g'),
      record,
    );
    const [ahead, told] = await run(references, listUsers(references.domain, NAME));
    expect(told).toBe(COUNT);
    expect(ahead).toBeLessThanOrEqual(16);

    const consumers = crowded(
      'consumers/stack/111122223333/eu-west-1/shop/',
      (index) => consumerKey({ ...SHOP, logicalId: logicalId(index) }, 'g', sha256('x')),
      record,
    );
    const { account, region, stack } = SHOP;
    const [before, few] = await run(consumers, listUsedBy(consumers.domain, { account, region, stack }), 10);
    expect(few).toBe(10);
    expect(before).toBeLessThanOrEqual(16);
    expect(consumers.listed).toBeLessThanOrEqual(26);
  });

  test('of unused versions, too', async () => {
    const manifest = {
      format: 1,
      nonce: 'n',
      published: 'p',
      assets: [{ name: 'a', digest: sha256('x'), filename: 'f', size: 1 }],
    };
    const versions = crowded(
      'versions/default/',
      (index) => `versions/default/${logicalId(index)}/!/999999999999998-1`,
      {},
    );
    const made = versions.domain.store;
    const store: ObjectStore = {
      ...made,
      read: async (key) => {
        const found = await made.read(key);
        if (found === undefined || !key.startsWith('versions/')) return found;
        const [, repository, id] = key.split('/');
        const own = memoryStore(steadyChance().now);
        await own.create(key, recordContent({ ...manifest, repository, id, number: 1 }));
        return own.read(key);
      },
    };
    const [ahead, told] = await run(versions, listUnused({ ...domain, store }, 'default'), 2000);
    expect(told).toBe(2000);
    expect(ahead).toBeLessThanOrEqual(16);
  });
});
