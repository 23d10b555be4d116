import { describe, expect, test } from '@jest/globals';
import { ArtifactError, contentOf, ownKeeper, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Domain, ObjectStore, VerifyFinding } from '../../../repository/index.ts';
import { readBlob } from '../../../repository/blob.ts';
import { bytesOf } from '../../../repository/content.ts';
import { versionKey, versionReferenceKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { eraseDamaged } from '../../../repository/verifying/damage.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { publishable } from '../../support/domain.ts';
import { everyInterleaving, interleave } from '../../support/interleaving.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { StoreName } from './world.ts';
import { API, openWorld, STORES, TOOLS, World } from './world.ts';

/** What is damaged, and how it comes back. */

knowEveryError();

const DIGEST = sha256('api one');
const BLOB = { digest: DIGEST, filename: 'archive.zip' };

async function textOf(world: World): Promise<string> {
  return (await bytesOf((await readBlob(world.store, BLOB)).body)).toString();
}

/** Everything but content. */
async function recordsOf(world: World): Promise<unknown> {
  return [...(await world.state())].filter(([key]) => !key.startsWith('blobs/'));
}

async function findings(world: World, store: ObjectStore, deep = false): Promise<VerifyFinding[]> {
  const found: VerifyFinding[] = [];
  const domain = { ...world.later(), store };
  for await (const { finding } of verify(domain, { fix: true, deep })) if (finding !== undefined) found.push(finding);
  return found;
}

/** Without what was there before: as somebody does who removes it and writes it anew. */
async function replaceBy(world: World, text: string): Promise<void> {
  const key = world.keyOf('shop/api:1');
  await world.lose(key);
  await world.store.create(key, contentOf(text));
}

test('nothing is erased on the word of a store alone: what it says of right content is read first', async () => {
  const world = await openWorld('memory');
  const key = world.keyOf('shop/api:1');
  const before = await world.state();
  const { store } = world;
  // As one that tells the digest of something else than the whole.
  const told = sha256('a digest of digests');
  const head: ObjectStore['head'] = async (wanted) => {
    const found = await store.head(wanted);
    return found && wanted === key ? { ...found, sha256: told } : found;
  };
  const found = await findings(world, { ...store, head });
  expect(found.map(({ kind, healed }) => [kind, healed])).toContainEqual(['damaged', false]);
  expect(await world.state()).toEqual(before);
});

describe.each(STORES)('in %s', (store) => {
  test.each([
    ['cut short', 'api', false],
    ['other bytes', 'api eno', true],
  ])('%s: publishing is refused or useless, --fix erases it, publishing brings it back', async (_, text, deep) => {
    const world = await openWorld(store);
    const records = await recordsOf(world);
    await replaceBy(world, text);
    await expect(textOf(world)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', remedy: /verify --fix --deep/ });
    if (text === 'api') {
      const refused = publishVersion(world.domain, API, publishable('api one'));
      await expect(refused).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
        remedy: "Nothing of it was used. Run 'cfn-artifacts verify --fix', then publish again.",
      });
    }
    // Only reading shows it, and the store is not the only one that could be wrong.
    const isLeft = store === 'S3, in parts' && text === 'api eno';
    const looked = await world.verify({ deep });
    expect(looked.map(({ kind, healable }) => [kind, healable])).toContainEqual(['damaged', isLeft ? undefined : true]);
    const [fixed] = await world.verify({ deep, fix: true });
    expect(fixed).toMatchObject({ kind: 'damaged', healed: false });
    if (isLeft) {
      expect(fixed?.remedy).toMatch(/have the version '[^']+' of the object '[^']+' in '[^']+' erased/);
      expect(await world.store.head(world.keyOf('shop/api:1'))).toBeDefined();
      return;
    }
    expect(fixed).toMatchObject({ failure: 'it is erased, and the right content is not in the store' });
    expect(await world.store.incarnations(world.keyOf('shop/api:1'))).toEqual([]);
    const publication = await publishVersion(world.domain, API, publishable('api one'));
    expect(publication).toMatchObject({ isNewVersion: false, arn: { version: 1 } });
    expect(await textOf(world)).toBe('api one');
    expect(await recordsOf(world)).toEqual(records);
    expect(await world.verify({ deep: true })).toEqual([]);
  });

  test('of a manifest that says another size nothing is erased, whoever wrote it', async () => {
    const world = await openWorld(store);
    const assets = [{ name: 'asset', ...BLOB, size: 3 }];
    const manifest = { format: 1, ...TOOLS, number: 2, nonce: 'n', published: '', assets };
    await world.store.create(versionKey(TOOLS, 2), recordContent(manifest));
    await world.store.create(versionReferenceKey(DIGEST, TOOLS, 2, 'n'), recordContent({}));
    const before = await world.state();
    for (const deep of [false, true]) {
      const found = await world.verify({ deep, fix: true, repository: 'tools' });
      expect(found[0]).toMatchObject({ kind: 'unreadable', digest: DIGEST, healed: false });
    }
    expect((await world.state()).get(world.keyOf('shop/api:1'))).toBe(before.get(world.keyOf('shop/api:1')));
    expect(await textOf(world)).toBe('api one');
  });

  test('with --deep one damage is told once for each that has it', async () => {
    const world = await openWorld(store);
    await replaceBy(world, 'api');
    expect((await world.verify({ deep: true })).map(({ kind }) => kind)).toEqual(['damaged', 'damaged']);
  });
});

describe.each<StoreName>(['S3', 'S3, in parts'])('in %s, what was overwritten lies beneath', (store) => {
  test('the newest that is right is there again, and what is wrong above it is gone', async () => {
    const world = await openWorld(store);
    const key = world.keyOf('shop/api:1');
    const [right] = await world.store.incarnations(key);
    for (const text of ['api', 'a']) await world.overwrite(key, text);
    expect(await world.store.incarnations(key)).toHaveLength(3);
    const records = await recordsOf(world);
    expect(await world.verify({ fix: true })).toMatchObject([{ kind: 'damaged', healed: true }]);
    expect(await world.store.incarnations(key)).toEqual([right]);
    expect(await textOf(world)).toBe('api one');
    expect(await recordsOf(world)).toEqual(records);
    expect(await world.verify({ deep: true })).toEqual([]);
  });

  test('a store that would take that along is left as it is', async () => {
    const world = await openWorld(store);
    const key = world.keyOf('shop/api:1');
    await world.overwrite(key, 'api');
    const found = await findings(world, changed(world.store, { removeAlone: undefined }));
    expect(found[0]).toMatchObject({ kind: 'damaged', healed: false, failure: /^older objects lie beneath/ });
    expect(await world.store.incarnations(key)).toHaveLength(2);
  });
});

describe('what proves nothing erases nothing', () => {
  test('a reading that fails, that breaks off, or that differs from the one before', async () => {
    const world = await openWorld('a directory');
    const key = world.keyOf('shop/api:1');
    const before = await world.state();
    const { store } = world;
    const answers = [
      () => Promise.reject(new ArtifactError('STORE_UNAVAILABLE', 'broken off')),
      // The line, not the object, is damaged: other bytes each time.
      () => Promise.resolve(contentOf(`garbage ${Math.random()}`).read()),
      // Cut short, and the same each time.
      () => Promise.resolve(contentOf('api').read()),
    ];
    for (const answer of answers) {
      const unreliable: ObjectStore = changed(store, {
        read: async (one, incarnation) => {
          const object = await store.read(one, incarnation);
          return object === undefined || one !== key ? object : { ...object, body: await answer() };
        },
      });
      const found = await findings(world, unreliable, true);
      expect(found.filter(({ healed }) => healed)).toEqual([]);
      expect(found.length).toBeGreaterThan(0);
      expect(await world.state()).toEqual(before);
    }
    expect(await textOf(world)).toBe('api one');
  });

  test('what was put right in the meantime', async () => {
    const world = await openWorld('memory');
    const key = world.keyOf('shop/api:1');
    await replaceBy(world, 'api');
    let looks = 0;
    const healing: ObjectStore = {
      ...world.store,
      head: async (one) => {
        // Of two versions it was found damaged, of one once more; right before it is erased somebody has done that, and published.
        if (one === key && ++looks === 4) {
          await world.lose(key);
          await world.publish(API, 'api one');
        }
        return world.store.head(one);
      },
    };
    expect((await findings(world, healing))[0]).toMatchObject({ kind: 'damaged', healed: true });
    expect(await textOf(world)).toBe('api one');
  });
});

test('two who erase, and one who publishes, taking turns up to twice in every order: what is acknowledged is there, and right', async () => {
  const ends = new Set<string>();
  const stories = await everyInterleaving(2, async (choose) => {
    const world = await World.empty('memory');
    const { key } = await world.publish(SOLO, 'solo');
    await world.overwrite(key, 'sol');
    const blob = { digest: sha256('solo'), filename: 'archive.zip', size: 4 };
    const actors: readonly ((domain: Domain) => Promise<unknown>)[] = [
      (domain) => eraseDamaged(domain, blob),
      (domain) => eraseDamaged(domain, blob),
      (domain) => publishVersion(domain, SOLO, publishable('solo')).then(() => 'published', codeOf),
    ];
    const { outcomes, trace } = await interleave(
      world.store,
      actors.map((act) => (store, pause) => {
        const chance = { ...world.domain.chance, pause };
        return act({ ...world.domain, store, keeper: ownKeeper(store), chance });
      }),
      choose,
    );
    const object = await world.store.read(key);
    const text = object === undefined ? 'nothing' : (await bytesOf(object.body)).toString();
    ends.add(`${String(outcomes[2])}, ${text}`);
    if (outcomes[2] === 'published' && text !== 'solo') throw new Error(trace.join('\n'));
    expect(['solo', 'nothing']).toContain(text);
  });
  expect(stories).toBeGreaterThan(100);
  expect([...ends].sort()).toEqual(['DIGEST_MISMATCH, nothing', 'published, solo']);
});

const SOLO = { repository: 'tools', id: 'solo' };

function codeOf(error: unknown): string {
  return error instanceof ArtifactError ? error.code : String(error);
}

test('damaged content that nobody needs is erased, and nothing is left to see to', async () => {
  const world = await openWorld('a directory');
  const stray = sha256('stray');
  const { key } = await world.publish({ repository: 'default', id: 'stray' }, 'stray');
  await world.lose(...(await world.keys(`references/${stray}/`)), ...(await world.keys('versions/default/stray/')));
  await world.overwrite(key, 'other');
  await world.lose(...(await world.keys(`sources/default/${sha256('tree of stray')}`)));
  expect(await world.verify({ deep: true, fix: true })).toMatchObject([{ kind: 'damaged', key, healed: true }]);
  expect(await world.verify({ deep: true })).toEqual([]);
});

function changed(
  store: ObjectStore,
  changes: { readonly [M in keyof ObjectStore]?: ObjectStore[M] | undefined },
): ObjectStore {
  return new Proxy(store, {
    get: (target, name) => {
      const own: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}
