import { expect, test } from '@jest/globals';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { ArtifactError, ownKeeper, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Domain, ListedObject, ObjectStore } from '../../../repository/index.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { publishable } from '../../support/domain.ts';
import { API, OLD, TOOLS, World } from './world.ts';

/** Somebody dies at some request: what was asked then has been done, or not, and nothing more is asked. */
function mortal(store: ObjectStore, requests: number, isDone: boolean): ObjectStore & { readonly asked: () => number } {
  let asked = 0;
  const dead = (): Promise<never> => Promise.reject(new ArtifactError('INTERRUPTED', 'dead'));
  const living = async <T>(request: () => Promise<T>): Promise<T> => {
    asked += 1;
    if (asked < requests) return request();
    if (asked === requests && isDone) await request();
    return dead();
  };
  return {
    read: (key, incarnation) => living(() => store.read(key, incarnation)),
    head: (key) => living(() => store.head(key)),
    incarnations: (key) => living(() => store.incarnations(key)),
    create: (key, content) => living(() => store.create(key, content)),
    replace: (key, content, revision) => living(() => store.replace(key, content, revision)),
    overwrite: (key, content) => living(() => store.overwrite(key, content)),
    removeIncarnation: (key, incarnation) => living(() => store.removeIncarnation(key, incarnation)),
    removeAlone: (key, incarnation) => living(() => store.removeAlone!(key, incarnation)),
    removeRevision: (key, revision) => living(() => store.removeRevision(key, revision)),
    async *list(prefix, options) {
      const listed: ListedObject[] = [];
      for await (const one of store.list(prefix, options)) listed.push(one);
      yield* await living(() => Promise.resolve(listed));
    },
    copy: (from, to) => living(() => store.copy(from, to)),
    asked: () => asked,
  };
}

const GONE = sha256('old one');

const OPERATIONS: readonly (readonly [string, (domain: Domain) => Promise<unknown>])[] = [
  ['giving a version up', (domain) => deleteVersion(domain, TOOLS, 1)],
  ['giving up a version that somebody needs', (domain) => deleteVersion(domain, API, 2)],
  ['taking a deletion back', (domain) => undeleteVersion(domain, OLD, 1)],
  ['taking back what is gone', (domain) => undeleteVersion(domain, OLD, 2).catch(unlessDead)],
  ['condemning content', (domain) => deleteVersion(domain, API, 1).then(() => condemn(domain, sha256('api one')))],
  ['reaping what is condemned', (domain) => reap(domain, GONE)],
  ['publishing what is condemned', (domain) => publishVersion(domain, API, publishable('old one'))],
  ['publishing what was deleted', (domain) => publishVersion(domain, OLD, publishable('old two'))],
  [
    'publishing under another filename',
    (domain) => publishVersion(domain, API, publishable('page', 'file', 'p.guard')),
  ],
  ['publishing what is there', (domain) => publishVersion(domain, API, publishable('api two'))],
];

function unlessDead(error: unknown): void {
  if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
}

test.each(OPERATIONS)(
  '%s: from whatever request it dies at, it is told what is left, and healed',
  async (_, operate) => {
    let died = 0;
    for (let requests = 1; ; requests += 1) {
      let isOver = false;
      for (const isDone of [false, true]) {
        const world = await World.open('memory');
        const store = mortal(world.store, requests, isDone);
        const outcome = await operate({ ...world.domain, store, keeper: ownKeeper(store) }).then(
          () => 'done',
          (error: unknown) => (error as ArtifactError).code,
        );
        if (outcome === 'done') isOver = true;
        else expect(outcome).toBe('INTERRUPTED');
        if (!isOver) died += 1;
        // At once somebody may still be at it: nothing of that is for anybody to see to.
        for (const finding of await world.verify({}, 0))
          expect(finding.kind).toMatch(/^(unsettled|leftover|condemned)$/);
        const found = await world.verify();
        const healed = await world.verify({ fix: true });
        expect(found).toEqual(
          expect.arrayContaining(healed.map((finding) => ({ ...finding, healed: false, healable: true }))),
        );
        expect(healed.filter(({ healed: isHealed }) => !isHealed)).toEqual([]);
        expect(await world.verify({ deep: true })).toEqual([]);
        await operate(world.domain);
        expect(await world.verify({ deep: true })).toEqual([]);
        await world.close();
      }
      if (isOver) break;
    }
    expect(died).toBeGreaterThan(4);
  },
);

test.each<[string, (world: World) => Promise<unknown>]>([
  ['a reference', async (world) => world.lose(...(await world.keys(`references/${sha256('api three')}/`)))],
  ['a reference, of condemned content', loseReferenceAndCondemn],
  ['the end of a deletion', (world) => dieAt(world, 4, (domain) => deleteVersion(domain, TOOLS, 1))],
])('whoever heals %s may die anywhere: who begins anew heals it', async (_, breaks) => {
  for (let requests = 1; ; requests += 1) {
    const world = await World.open('memory');
    await breaks(world);
    const store = mortal(world.store, requests, requests % 2 === 0);
    const later = world.later(0.5, { ...world.domain, store, keeper: ownKeeper(store) });
    const isDone = await endOf(later);
    await world.verify({ fix: true });
    expect(await world.verify({ deep: true })).toEqual([]);
    if (isDone) break;
  }
});

test('whoever erases what is damaged may die anywhere: who begins anew erases it, and publishing brings it back', async () => {
  let died = 0;
  for (let requests = 1; ; requests += 1) {
    const world = await World.open('memory');
    const before = await world.keys();
    await world.overwrite(world.keyOf('shop/api:1'), 'api');
    const store = mortal(world.store, requests, requests % 2 === 0);
    const isDone = await endOf(world.later(0.5, { ...world.domain, store, keeper: ownKeeper(store) }));
    if (!isDone) died += 1;
    await world.verify({ fix: true });
    expect((await world.verify()).map(({ kind }) => kind)).toEqual(['lost', 'lost']);
    expect((await world.publish(API, 'api one')).arn.version).toBe(1);
    expect(await world.verify({ deep: true })).toEqual([]);
    expect(await world.keys()).toEqual(before);
    if (isDone) break;
  }
  expect(died).toBeGreaterThan(50);
});

async function loseReferenceAndCondemn(world: World): Promise<void> {
  await world.lose(...(await world.keys(`references/${sha256('api three')}/`)));
  await condemn(world.domain, sha256('api three'));
}

async function dieAt(world: World, requests: number, operate: (domain: Domain) => Promise<unknown>): Promise<void> {
  const store = mortal(world.store, requests, true);
  await expect(operate({ ...world.domain, store, keeper: ownKeeper(store) })).rejects.toThrow('dead');
}

async function endOf(domain: Domain): Promise<boolean> {
  try {
    const steps = verify(domain, { fix: true, deep: false });
    while ((await steps.next()).done !== true);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    return false;
  }
}
