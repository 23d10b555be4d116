import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bytesOf,
  contentOf,
  formatArn,
  listVersionNumbers,
  objectKey,
  planVersion,
  publishAssets,
  publishVersion,
  readBlob,
  readManifest,
  sha256,
} from '../../repository/index.ts';
import type { Domain, ObjectStore, VersionToPublish } from '../../repository/index.ts';
import { blobKey, deletionKey, referencesPrefix, sourceKey, statusKey } from '../../repository/keys.ts';
import { readDeletion } from '../../repository/deletion.ts';
import { recordContent } from '../../repository/record.ts';
import { securePresence } from '../../repository/presence.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { publishable, testDomain } from '../support/domain.ts';

const API = { repository: 'default', id: 'shop/api' };
const OTHER = { repository: 'default', id: 'shop/other' };

async function keysOf({ store }: Pick<Domain, 'store'>, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function numbersOf(domain: Domain, name = API): Promise<number[]> {
  const numbers: number[] = [];
  for await (const number of listVersionNumbers(domain, name)) numbers.push(number);
  return numbers;
}

async function stored(domain: Domain, text: string, filename = 'archive.zip'): Promise<string> {
  const { body } = await readBlob(domain.store, { digest: sha256(text), filename });
  return (await bytesOf(body)).toString();
}

describe('publishing', () => {
  test('makes version 1, which holds its content', async () => {
    const domain = await testDomain();
    const publication = await publishVersion(domain, API, publishable('one'));
    expect(formatArn(publication.arn)).toBe(
      `arn:aws:artifacts:local:000000000000:default/shop/api:1@sha256:${sha256('one')}`,
    );
    expect(publication).toMatchObject({
      outcome: 'uploaded',
      isNewVersion: true,
      size: 3,
      key: blobKey(sha256('one'), 'archive.zip'),
    });
    expect(await stored(domain, 'one')).toBe('one');
    const manifest = await readManifest(domain, API, 1);
    expect(manifest).toMatchObject({ number: 1, assets: [{ name: 'archive.zip', digest: sha256('one'), size: 3 }] });
    expect(await keysOf(domain, referencesPrefix(sha256('one')))).toEqual([
      `references/${sha256('one')}/version/default/shop/api/!/1-${manifest!.nonce}`,
    ]);
  });

  test('the same tree again opens nothing and is the version that it was', async () => {
    const domain = await testDomain();
    const first = await publishVersion(domain, API, publishable('one'));
    const again = publishable('one');
    const second = await publishVersion(domain, API, again);
    expect(second).toEqual({ ...first, outcome: 'reused', isNewVersion: false });
    expect(again.opened()).toBe(0);
  });

  test('what was opened is closed, also when publishing fails', async () => {
    const domain = await testDomain();
    const fine = publishable('one');
    await publishVersion(domain, API, fine);
    expect([fine.opened(), fine.closed()]).toEqual([1, 1]);
    const failing = publishable('two');
    const broken: Domain = {
      ...domain,
      store: {
        ...domain.store,
        copy: () => Promise.reject(new Error('no')),
        create: () => Promise.reject(new Error('no')),
      },
    };
    await expect(publishVersion(broken, API, failing)).rejects.toThrow('no');
    expect([failing.opened(), failing.closed()]).toEqual([1, 1]);
  });

  test('new content gets the next number, old content keeps its own', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('one'));
    expect((await publishVersion(domain, API, publishable('two'))).arn.version).toBe(2);
    expect((await publishVersion(domain, API, publishable('one'))).arn.version).toBe(1);
    expect(await numbersOf(domain)).toEqual([2, 1]);
  });

  test('known content under another ID is a version there, and no byte is sent', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('one'));
    const elsewhere = publishable('one');
    const publication = await publishVersion(domain, OTHER, elsewhere);
    expect(publication).toMatchObject({ arn: { id: 'shop/other', version: 1 }, outcome: 'reused', isNewVersion: true });
    expect(elsewhere.opened()).toBe(0);
    expect((await publishVersion(domain, OTHER, publishable('one'))).arn.version).toBe(1);
  });

  test('known content under another filename is copied within the store', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('same', 'file', 'a.env'));
    const publication = await publishVersion(domain, OTHER, publishable('same', 'file', 'b.env'));
    expect(publication).toMatchObject({ outcome: 'copied', filename: 'b.env' });
    expect(await stored(domain, 'same', 'b.env')).toBe('same');
    expect(await stored(domain, 'same', 'a.env')).toBe('same');
  });

  test('of an archived version is refused with the way on', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('one'));
    await domain.store.create(statusKey(API, 1), recordContent({ status: 'Archived' }));
    await expect(publishVersion(domain, API, publishable('one'))).rejects.toMatchObject({ code: 'ARTIFACT_ARCHIVED' });
  });

  test('of a deleted version is a new version: its number is never used again', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('one'));
    await domain.store.create(statusKey(API, 1), recordContent({ status: 'Deleted' }));
    expect((await publishVersion(domain, API, publishable('one'))).arn.version).toBe(2);
  });

  test('of content that was lost from the store puts it back', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('one'));
    const head = await domain.store.head(blobKey(sha256('one'), 'archive.zip'));
    await domain.store.removeIncarnation(head!.key, head!.incarnation);
    const healing = await publishVersion(domain, API, publishable('one'));
    expect(healing).toMatchObject({ arn: { version: 1 }, outcome: 'uploaded', isNewVersion: false });
    expect(await stored(domain, 'one')).toBe('one');
  });

  test('believes the bytes, not a source record that says otherwise', async () => {
    const domain = await testDomain();
    const wrong = { digest: sha256('lie'), filename: 'archive.zip', size: 3, id: 'shop/api', number: 9, nonce: 'n' };
    await domain.store.create(sourceKey('default', sha256('tree of one')), recordContent(wrong));
    const publication = await publishVersion(domain, API, publishable('one'));
    expect(publication.arn.digest).toBe(sha256('one'));
    expect(await stored(domain, 'one')).toBe('one');
    // And it is put right.
    const again = publishable('one');
    expect((await publishVersion(domain, API, again)).arn).toEqual(publication.arn);
    expect(again.opened()).toBe(0);
  });

  test('of a version that lost its reference holds it again', async () => {
    const domain = await testDomain();
    const { arn } = await publishVersion(domain, API, publishable('one'));
    for (const key of await keysOf(domain, referencesPrefix(arn.digest))) {
      const head = await domain.store.head(objectKey(key));
      if (head !== undefined) await domain.store.removeIncarnation(head.key, head.incarnation);
    }
    expect((await publishVersion(domain, API, publishable('one'))).arn).toEqual(arn);
    expect(await keysOf(domain, referencesPrefix(arn.digest))).toHaveLength(1);
  });

  test('of a version that was deleted while its lost content went up again is a new version', async () => {
    const domain = await testDomain();
    const { key, arn } = await publishVersion(domain, API, publishable('one'));
    const head = await domain.store.head(key);
    await domain.store.removeIncarnation(key, head!.incarnation);
    const { store } = domain;
    const deleting: ObjectStore = {
      ...store,
      create: async (to, content, attributes) => {
        if (to === key) {
          await store.create(statusKey(API, 1), recordContent({ status: 'Deleted' }));
          for (const reference of await keysOf(domain, referencesPrefix(arn.digest))) {
            const there = await store.head(objectKey(reference));
            if (there !== undefined) await store.removeIncarnation(there.key, there.incarnation);
          }
        }
        return store.create(to, content, attributes);
      },
    };
    const again = await publishVersion({ ...domain, store: deleting }, API, publishable('one'));
    expect(again).toMatchObject({ isNewVersion: true, arn: { version: 2 } });
  });

  test('takes no damaged blob for its content, and copies none', async () => {
    const domain = await testDomain();
    await domain.store.create(blobKey(sha256('hello'), 'a.env'), contentOf('hel'));
    await expect(publishVersion(domain, API, publishable('hello', 'file', 'a.env'))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(await publishVersion(domain, API, publishable('hello', 'file', 'b.env'))).toMatchObject({
      outcome: 'uploaded',
    });
    expect(await stored(domain, 'hello', 'b.env')).toBe('hello');
  });

  test.each(['file', 'archive'] as const)('of a damaged blob as %s fails before anything is written', async (kind) => {
    for (const damaged of ['hel', 'olleh']) {
      const domain = await testDomain();
      const content = publishable('hello', kind, 'a.zip');
      await domain.store.create(blobKey(sha256('hello'), 'a.zip'), contentOf(damaged));
      const before = await keysOf(domain, '');
      await expect(publishVersion(domain, API, content)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await keysOf(domain, '')).toEqual(before);
    }
  });

  test('content that is there under its name is not copied from another', async () => {
    const domain = await testDomain();
    for (const filename of ['a.zip', 'archive.zip'])
      await domain.store.create(blobKey(sha256('one'), filename), contentOf('one'));
    const asked: string[] = [];
    const store = counting(domain.store, ({ method }) => asked.push(method));
    expect(await publishVersion({ ...domain, store }, API, publishable('one'))).toMatchObject({ outcome: 'reused' });
    expect(asked).not.toContain('copy');
  });

  test('of which nobody can tell where it comes from fails when nothing is under way any more', async () => {
    const domain = await testDomain();
    const content = publishable('one');
    const provenance = () => Promise.reject(new Error('no commit'));
    await expect(publishVersion(domain, API, content, { provenance })).rejects.toThrow('no commit');
    expect([content.opened(), content.closed()]).toEqual([1, 1]);
    expect(await stored(domain, 'one')).toBe('one');
    expect(await keysOf(domain, 'versions/')).toEqual([]);
    expect((await publishVersion(domain, API, publishable('one'))).arn.version).toBe(1);
  });

  test('refuses content that is not what it was announced to be', async () => {
    const domain = await testDomain();
    const lying = {
      ...publishable('one'),
      open: () => Promise.resolve({ ...contentOf('one'), sha256: sha256('two'), close: () => Promise.resolve() }),
    };
    await expect(publishVersion(domain, API, lying)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await keysOf(domain, 'versions/')).toEqual([]);
    expect(await keysOf(domain, 'blobs/')).toEqual([]);
  });
});

describe('two or more publishers at once', () => {
  test('50 of different content get 50 numbers, without a gap', async () => {
    const domain = await testDomain();
    const publications = await Promise.all(
      Array.from({ length: 50 }, (_, index) => publishVersion(domain, API, publishable(`content ${index}`))),
    );
    const numbers = publications.map(({ arn }) => arn.version).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    for (const { arn } of publications) {
      expect((await readManifest(domain, API, arn.version))?.assets[0].digest).toBe(arn.digest);
    }
  });

  test('50 of the same content get one version', async () => {
    const domain = await testDomain();
    const publications = await Promise.all(
      Array.from({ length: 50 }, () => publishVersion(domain, API, publishable('same'))),
    );
    expect(new Set(publications.map(({ arn }) => formatArn(arn))).size).toBe(1);
    expect(await numbersOf(domain)).toEqual([1]);
  });
});

describe('a publisher who is overtaken', () => {
  /** Its search for a version is over when the others publish. */
  async function overtaken(domain: Domain, others: () => Promise<unknown>): Promise<string> {
    let isOver = false;
    const store: ObjectStore = {
      ...domain.store,
      async *list(prefix, options) {
        if (prefix.startsWith('versions/') && !isOver) {
          isOver = true;
          await others();
        }
        yield* domain.store.list(prefix, options);
      },
    };
    const chance = { ...domain.chance, nonce: () => 'overtaken' };
    return formatArn((await publishVersion({ ...domain, store, chance }, API, publishable('same'))).arn);
  }

  test('by the same content gets the version that it has now', async () => {
    const domain = await testDomain();
    let theirs = '';
    const mine = await overtaken(domain, async () => {
      theirs = formatArn((await publishVersion(domain, API, publishable('same'))).arn);
    });
    expect(mine).toBe(theirs);
    expect(await numbersOf(domain)).toEqual([1]);
  });

  test('by the same content and then by others gets it as well', async () => {
    const domain = await testDomain();
    const mine = await overtaken(domain, async () => {
      for (const text of ['first', 'same', 'third']) await publishVersion(domain, API, publishable(text));
    });
    expect(mine).toContain(`default/shop/api:2@sha256:${sha256('same')}`);
    expect(await numbersOf(domain)).toEqual([3, 2, 1]);
  });

  test('by other content gets the number behind it', async () => {
    const domain = await testDomain();
    const mine = await overtaken(domain, () => publishVersion(domain, API, publishable('other')));
    expect(mine).toContain(`default/shop/api:2@sha256:${sha256('same')}`);
  });
});

describe('deletion records', () => {
  const digest = sha256('one');
  const condemnedBlob = async (domain: Domain, state: string) => {
    await domain.store.create(blobKey(digest, 'archive.zip'), contentOf('one'));
    const head = await domain.store.head(blobKey(digest, 'archive.zip'));
    const incarnations = [{ key: head!.key, incarnation: head!.incarnation }];
    await domain.store.create(
      deletionKey(digest),
      recordContent({ state, nonce: 'x', since: '2026-01-01T00:00:00Z', incarnations }),
    );
    return head!;
  };

  test('a condemned blob is rescued by publishing it', async () => {
    const domain = await testDomain();
    await condemnedBlob(domain, 'condemned');
    expect((await publishVersion(domain, API, publishable('one'))).outcome).toBe('reused');
    expect((await readDeletion(domain.store, digest))?.value.state).toBe('cancelled');
  });

  test('a deletion that was decided is finished, and the content stored anew', async () => {
    const domain = await testDomain();
    const before = await condemnedBlob(domain, 'deleting');
    expect((await publishVersion(domain, API, publishable('one'))).outcome).toBe('uploaded');
    expect(await readDeletion(domain.store, digest)).toBeUndefined();
    const after = await domain.store.head(before.key);
    expect(after?.incarnation).not.toBe(before.incarnation);
    expect(await stored(domain, 'one')).toBe('one');
  });

  test('who has no bytes fails closed on a decided deletion, and on absent content', async () => {
    const domain = await testDomain();
    await condemnedBlob(domain, 'deleting');
    const blob = { digest, filename: 'archive.zip' };
    await expect(securePresence(domain, blob)).rejects.toMatchObject({ code: 'ARTIFACT_DELETED' });
    await expect(securePresence(domain, { digest: sha256('none'), filename: 'x' })).rejects.toMatchObject({
      code: 'CONTENT_MISSING',
    });
  });
});

/** Every request of `work`, in turn, made to fail: before it takes effect, or after it, when only the answer is lost. */
async function crashEverywhere(
  fault: 'before' | 'after',
  work: (domain: Domain) => Promise<unknown>,
  check: (domain: Domain) => Promise<void>,
): Promise<number> {
  for (let at = 0; ; at++) {
    const { store } = await testDomain();
    let requests = 0;
    const crash = () => Promise.reject(new Error('crashed'));
    const breaking = new Proxy(store, {
      get: (target, method: keyof ObjectStore) => {
        const member: unknown = Reflect.get(target, method);
        if (typeof member !== 'function') return member;
        const real = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
        return (...args: unknown[]) => {
          if (requests++ !== at) return real(...args);
          if (method === 'list')
            return (async function* fail() {
              await crash();
              yield;
            })();
          return fault === 'before' ? crash() : (real(...args) as Promise<unknown>).then(crash);
        };
      },
    });
    const domain = await testDomain(store);
    const outcome = await work({ ...domain, store: breaking }).then(
      () => 'done',
      () => 'crashed',
    );
    if (outcome === 'done') return at;
    await check({ ...domain, chance: { ...domain.chance, nonce: () => `later${String(requests++)}` } });
  }
}

describe('a publisher that dies', () => {
  test.each(['before', 'after'] as const)(
    '%s any request leaves nothing that the next one does not put right',
    async (fault) => {
      const crashes = await crashEverywhere(
        fault,
        (domain) => publishVersion(domain, API, publishable('one')),
        async (domain) => {
          const publication = await publishVersion(domain, API, publishable('one'));
          expect(publication.arn.version).toBe(1);
          expect(await numbersOf(domain)).toEqual([1]);
          expect(await stored(domain, 'one')).toBe('one');
          const { nonce } = (await readManifest(domain, API, 1))!;
          expect(await keysOf(domain, referencesPrefix(sha256('one')))).toContain(
            `references/${sha256('one')}/version/default/shop/api/!/1-${nonce}`,
          );
        },
      );
      expect(crashes).toBeGreaterThan(8);
    },
  );

  test('an answer that was lost and asked for again is recognised as its own', async () => {
    const domain = await testDomain();
    const echo: ObjectStore = {
      ...domain.store,
      create: async (...args) => {
        const outcome = await domain.store.create(...args);
        return args[0].startsWith('versions/') ? 'exists' : outcome;
      },
    };
    const publication = await publishVersion({ ...domain, store: echo }, API, publishable('one'));
    expect(publication).toMatchObject({ arn: { version: 1 }, isNewVersion: true });
    expect(await numbersOf(domain)).toEqual([1]);
  });
});

describe('a plan', () => {
  test('says what publishing would do and writes nothing', async () => {
    const domain = await testDomain();
    const writes: string[] = [];
    const watched = counting(domain.store, ({ method }) => writes.push(method));
    const dry = { ...domain, store: watched };
    const fresh = publishable('one');
    expect(await planVersion(dry, API, fresh)).toBeUndefined();
    expect(fresh.opened()).toBe(0);
    await publishVersion(domain, API, publishable('one'));
    expect(await planVersion(dry, API, publishable('one'))).toMatchObject({ arn: { version: 1 }, outcome: 'reused' });
    expect(await planVersion(dry, OTHER, publishable('one'))).toBeUndefined();
    expect(new Set(writes)).toEqual(new Set(['read', 'head', 'list']));
  });
});

describe('the number of requests', () => {
  /** The table in docs/architecture.md is what is promised; here it is counted. */
  const table = readFileSync(path.join(import.meta.dirname, '../../docs/architecture.md'), 'utf8');
  const promised = (row: string): number =>
    Number(new RegExp(`^\\| ${row} \\|[^|]*\\| (\\d+) \\|`, 'm').exec(table)?.[1]);

  const count = async (domain: Domain, work: (domain: Domain) => Promise<unknown>): Promise<number> => {
    let requests = 0;
    const store = counting(domain.store, () => requests++);
    await work({ ...domain, store });
    return requests;
  };

  test('of each kind of publication is that of the table in docs/architecture.md', async () => {
    const domain = await testDomain();
    const id = (name: string) => ({ repository: 'default', id: name });
    const two = (): VersionToPublish => ({
      assets: [
        { name: 'first', publishable: publishable('first of two') },
        { name: 'second', publishable: publishable('second of two') },
      ],
    });
    const counted = {
      'archive, first time': await count(domain, (one) => publishVersion(one, API, publishable('one'))),
      'archive, nothing changed': await count(domain, (one) => publishVersion(one, API, publishable('one'))),
      'archive, known content under a new ID': await count(domain, (one) =>
        publishVersion(one, OTHER, publishable('one')),
      ),
      'archive, nothing changed, second ID': await count(domain, (one) =>
        publishVersion(one, OTHER, publishable('one')),
      ),
      'archive, changed': await count(domain, (one) => publishVersion(one, API, publishable('two'))),
      'file, first time': await count(domain, (one) => publishVersion(one, id('f'), publishable('f', 'file'))),
      'file, nothing changed': await count(domain, (one) => publishVersion(one, id('f'), publishable('f', 'file'))),
      'file, known content under a new filename': await count(domain, (one) =>
        publishVersion(one, id('g'), publishable('f', 'file', 'g')),
      ),
      'two archives, first time': await count(domain, (one) => publishAssets(one, id('two'), two())),
      'two archives, nothing changed': await count(domain, (one) => publishAssets(one, id('two'), two())),
    };
    expect(counted).toEqual(Object.fromEntries(Object.keys(counted).map((row) => [row, promised(row)])));
  });

  test('does not depend on how many versions there are', async () => {
    const few = await testDomain();
    const many = await testDomain();
    await publishVersion(few, API, publishable('v0'));
    for (let index = 0; index < 200; index++) await publishVersion(many, API, publishable(`v${index}`));
    const next = (domain: Domain) => count(domain, (one) => publishVersion(one, API, publishable('next')));
    expect(await next(many)).toBe(await next(few));
  });
});

describe('laws', () => {
  test('whatever is published in whatever order, one content has one version per ID, and every version its content', async () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'a/b', 'c'),
      content: fc.constantFrom('x', 'y', 'z'),
      kind: fc.constantFrom('file' as const, 'archive' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const domain = await testDomain(memoryStore(() => new Date(0)));
        const arns = new Map<string, string>();
        for (const { id, content, kind } of steps) {
          const { arn } = await publishVersion(domain, { repository: 'default', id }, publishable(content, kind));
          const key = `${id} ${content} ${kind}`;
          expect(arns.get(key) ?? formatArn(arn)).toBe(formatArn(arn));
          arns.set(key, formatArn(arn));
        }
        expect(new Set(arns.values()).size).toBe(arns.size);
      }),
      { numRuns: 50 },
    );
  });
});
