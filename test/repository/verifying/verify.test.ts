import { expect, test } from '@jest/globals';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { ArtifactError, contentOf, sha256 } from '../../../repository/index.ts';
import type { ObjectKey, ObjectStore, VerifyFinding } from '../../../repository/index.ts';
import { runToEnd } from '../../../repository/asking/ask.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import { blobKey, statusKey, versionKey } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { recordContent } from '../../../repository/record.ts';
import { merged } from '../../../repository/verifying/finding.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { knowEveryError } from '../../support/realm.ts';
import { CORRUPTIONS } from './corruptions.ts';
import type { World } from './world.ts';
import { API, OLD, openWorld, TOOLS, WEB } from './world.ts';

knowEveryError();

/** A store that refuses everything about some keys. */
function denying(store: ObjectStore, isDenied: (key: string) => boolean): ObjectStore {
  const allowed = <T>(key: ObjectKey, request: () => Promise<T>): Promise<T> =>
    isDenied(key) ? Promise.reject(new ArtifactError('ACCESS_DENIED', `access to '${key}' is denied`)) : request();
  return {
    ...store,
    read: (key, incarnation) => allowed(key, () => store.read(key, incarnation)),
    head: (key) => allowed(key, () => store.head(key)),
    incarnations: (key) => allowed(key, () => store.incarnations(key)),
    create: (key, content) => allowed(key, () => store.create(key, content)),
    removeRevision: (key, revision) => allowed(key, () => store.removeRevision(key, revision)),
    list: (prefix, options) => store.list(prefix, options),
  };
}

async function findingsOf(world: World, store: ObjectStore, fix: boolean): Promise<VerifyFinding[]> {
  const found: VerifyFinding[] = [];
  const domain = { ...world.later(), store };
  for await (const { finding } of verify(domain, { fix, deep: true })) if (finding !== undefined) found.push(finding);
  return found;
}

test('what may not be looked at is unknown, never wrong, and the rest is looked at', async () => {
  const world = await openWorld('memory');
  const isDenied = (key: string): boolean => key === world.keyOf('shop/api:3') || key === versionKey(TOOLS, 1);
  const before = await world.state();
  const found = await findingsOf(world, denying(world.store, isDenied), true);
  expect(found.map(({ kind, key }) => [kind, key])).toEqual([
    ['unknown', versionKey(API, 3)],
    ['unknown', versionKey(TOOLS, 1)],
    ['unknown', world.keyOf('shop/api:3')],
  ]);
  expect(await world.state()).toEqual(before);
  await world.lose(world.keyOf('shop/api:1'));
  expect((await findingsOf(world, denying(world.store, isDenied), true)).map(({ kind }) => kind)).toContain('lost');
});

test('content is lost also to who may not see what was superseded', async () => {
  const world = await openWorld('memory');
  await world.lose(world.keyOf('shop/api:3'));
  const incarnations = (): Promise<never> => Promise.reject(new ArtifactError('ACCESS_DENIED', 'denied'));
  expect(await findingsOf(world, { ...world.store, incarnations }, false)).toMatchObject([{ kind: 'lost' }]);
});

test('what could not be healed is told with the reason, and the rest is healed', async () => {
  const world = await openWorld('memory');
  const references = await world.keys(`references/${sha256('api three')}/`);
  await world.lose(...references, ...(await world.keys(`references/${sha256('api two')}/version/`)));
  const found = await findingsOf(
    world,
    {
      ...world.store,
      create: (key, content) =>
        references.includes(key)
          ? Promise.reject(new ArtifactError('ACCESS_DENIED', 'it is forbidden', { remedy: 'Ask.' }))
          : world.store.create(key, content),
    },
    true,
  );
  expect(found).toMatchObject([
    { kind: 'unheld', healed: false, failure: 'it is forbidden', remedy: 'Ask.' },
    { kind: 'unheld', healed: true },
  ]);
});

test('an interruption ends it, and so does a defect', async () => {
  const world = await openWorld('memory');
  const failing = (error: Error): ObjectStore => ({ ...world.store, head: () => Promise.reject(error) });
  await expect(findingsOf(world, failing(new ArtifactError('INTERRUPTED', 'enough')), false)).rejects.toThrow('enough');
  await expect(findingsOf(world, failing(new TypeError('a defect')), false)).rejects.toThrow('a defect');
});

test('a version that lost its reference and its content is held again, so that its bytes come back to it', async () => {
  const world = await openWorld('memory');
  await world.lose(world.keyOf('shop/api:3'), ...(await world.keys(`references/${sha256('api three')}/`)));
  expect(await world.verify({ fix: true })).toMatchObject([
    {
      kind: 'lost',
      healed: false,
      why: expect.stringMatching(/ is not in the store; nothing tells that the version holds the content /),
      failure: expect.stringMatching(/is not in the store$/),
    },
  ]);
  expect((await world.publish(API, 'api three')).arn.version).toBe(3);
  expect(await world.verify({ deep: true })).toEqual([]);
});

test('two things that are wrong with one object are told as one, the worse first', () => {
  const one: VerifyFinding = { kind: 'unheld', key: 'k', arns: ['a'], why: 'one', healed: true, remedy: 'Nothing.' };
  const two: VerifyFinding = {
    kind: 'lost',
    key: 'l',
    arns: ['b', 'a'],
    why: 'two',
    healed: false,
    remedy: 'Publish.',
  };
  const both = { kind: 'lost', key: 'l', arns: ['b', 'a'], why: 'two; one', healed: false, remedy: 'Publish.' };
  expect(merged([one, two])).toEqual(both);
  expect(merged([one])).toBe(one);
  expect(merged([])).toBeUndefined();
});

test('of one repository, what belongs to it is looked at, its content too', async () => {
  const world = await openWorld('memory');
  await world.store.create(objectKey('deletions/x'), recordContent({}));
  await world.lose(versionKey(API, 2));
  await world.overwrite(world.keyOf('lint:1'), 'gape');
  const own = await world.verify({ repository: 'tools', deep: true });
  expect(own).toMatchObject([{ kind: 'damaged', key: world.keyOf('lint:1') }]);
  const kinds = (await world.verify({ repository: 'default' })).map(({ kind }) => kind);
  expect(kinds).toEqual(['missing']);
  const [missing] = await world.verify({ repository: 'default' });
  expect(missing?.remedy).toContain(`Put the object '${versionKey(API, 2)}' back from a backup`);
});

test.each([1, 7])('in pieces of %i steps it comes to the same', async (size) => {
  const world = await openWorld('memory');
  for (const { does, what } of CORRUPTIONS) {
    // Of those that can be together.
    if (/^something lies|bookmarks name|called off|cut short|reference of a version|a label names/.test(what))
      await does(world);
  }
  const whole = await world.verify({ deep: true }, 2);
  expect(whole.length).toBeGreaterThan(15);
  let pieces = 0;
  const found: object[] = [];
  const domain = world.later(2);
  const ask = (command: unknown): ReturnType<typeof carryOut> => {
    pieces += 1;
    let steps = 0;
    const isTimeUp = (): boolean => ++steps >= size;
    return carryOut(parseCommand(structuredClone(command)), { domain, evidence: noEvidence, isTimeUp });
  };
  let looked = 0;
  for await (const answer of runToEnd(ask, { command: 'verify', fix: false, deep: true }, domain.chance)) {
    found.push(...answer.results);
    looked += answer.looked ?? 0;
  }
  expect(found).toEqual(whole);
  expect(pieces).toBeGreaterThan(looked / size - 1);
});

test('goes on nowhere else than where one can go on', async () => {
  const world = await openWorld('memory');
  await expect(world.verify({ after: 'elsewhere x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(world.verify({ after: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await world.verify({ after: `blobs ${blobKey(sha256('zz'), 'z')}` })).toEqual([]);
});

test('its command is strict', () => {
  expect(() => parseCommand({ command: 'verify', fix: true })).toThrow("'verify' needs 'deep'");
  expect(() => parseCommand({ command: 'verify', fix: 1, deep: true })).toThrow(
    /'fix' of 'verify' must be true or false/,
  );
  expect(() => parseCommand({ command: 'verify', fix: true, deep: true, repository: 'No' })).toThrow(
    /is no repository name/,
  );
});

test('a deletion that began only now is not told as one that nobody ends, and is ended where that is asked for', async () => {
  const world = await openWorld('memory');
  await world.store.create(statusKey(API, 3), recordContent({ status: 'Deleting', was: 'Unlisted' }));
  expect(await world.verify({}, 0)).toMatchObject([{ kind: 'unsettled', healed: false }]);
  expect(await world.verify({ fix: true }, 0)).toMatchObject([{ kind: 'unfinished', healed: true }]);
  expect(await world.verify()).toEqual([]);
});

test('what a stack is just binding may be without content; once it is old, it is told', async () => {
  const world = await openWorld('memory');
  await world.lose(world.keyOf('shop/web:2'));
  const kinds = async (days: number): Promise<unknown[]> =>
    (await world.verify({}, days)).map(({ kind, consumer }) => [kind, consumer]);
  const users = (kind: string): unknown[] => [
    [kind, 'retained'],
    [kind, 'team/job'],
  ];
  expect(await kinds(0)).toEqual([['lost', undefined], ...users('unsettled')]);
  expect(await kinds(0.5)).toEqual([['lost', undefined], ...users('lost')]);
});

test('of what a version holds, everything is looked at, each under its filename', async () => {
  const world = await openWorld('memory');
  const [one, two] = [contentOf('first'), contentOf('second')];
  const assets = [one, two].map(({ sha256: digest, size }, index) => ({
    ...{ name: `asset-${index}`, digest, size, filename: `${index}.zip` },
  }));
  await world.store.create(
    versionKey(OLD, 3),
    recordContent({ format: 1, ...OLD, number: 3, nonce: 'n', published: '', assets }),
  );
  await world.store.create(blobKey(two.sha256, '1.zip'), two);
  const [finding, ...more] = await world.verify({ fix: true });
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ kind: 'lost', key: blobKey(one.sha256, '0.zip'), healed: false });
  expect(finding?.arns).toHaveLength(2);
  await world.store.create(blobKey(one.sha256, '0.zip'), one);
  expect(await world.verify()).toEqual([]);
});

test('holds no more than a few objects at a time, however many there are', async () => {
  const world = await openWorld('memory');
  let active = 0;
  let most = 0;
  const busy = async <T>(request: () => Promise<T>): Promise<T> => {
    most = Math.max(most, ++active);
    try {
      await new Promise((proceed) => setImmediate(proceed));
      return await request();
    } finally {
      active -= 1;
    }
  };
  const { store } = world;
  for (let number = 1; number <= 60; number++) await world.publish({ ...WEB, id: `many/${number}` }, `many ${number}`);
  const counted: ObjectStore = {
    ...store,
    read: (key, incarnation) => busy(() => store.read(key, incarnation)),
    head: (key) => busy(() => store.head(key)),
  };
  expect(await findingsOf(world, counted, false)).toEqual([]);
  expect(most).toBeGreaterThan(4);
  expect(most).toBeLessThan(64);
});
