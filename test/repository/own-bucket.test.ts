import { beforeEach, describe, expect, test } from '@jest/globals';
import { bind } from '../../repository/bind.ts';
import { ownBuckets } from '../../repository/contents.ts';
import { condemn } from '../../repository/deleting/condemn.ts';
import { reap } from '../../repository/deleting/reap.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import type { Deletion } from '../../repository/deletion.ts';
import { ownKeeper, readDeletion } from '../../repository/deletion.ts';
import { fetchContent } from '../../repository/home/fetch.ts';
import type { Homes } from '../../repository/home/home.ts';
import {
  ArtifactError,
  contentOf,
  contentStoreOf,
  createRepository,
  formatArn,
  LOCAL_PLACE,
  NO_SETTINGS,
  parseArn,
  publishVersion,
  readManifest,
  readRepository,
  readStatus,
  resolve,
  sha256,
  updateRepository,
  writeSettings,
} from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { blobKey, blobPrefix, deletionKey, settingsKey, versionReferencesPrefix } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { promote } from '../../repository/promoting/promote.ts';
import { limited } from '../../repository/stores/limited.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { routed } from '../../repository/stores/routed.ts';
import { counting } from '../../repository/stores/counting.ts';
import { verify } from '../../repository/verifying/verify.ts';
import { allOf } from '../support/all-of.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { chooseBy, firstWrong, interleaveIn } from '../support/interleaving.ts';
import { keysIn } from '../support/keys-in.ts';

/** Content of a repository in a bucket of its own, beside the domain's and under the same protocol. */

const TEAM = 'team-content';
const TOOL = { repository: 'team', id: 'tool' };
const LIB = { repository: 'default', id: 'lib' };
const DIGEST = sha256('one');
const FILE = 'file.txt';
const HERE = blobKey(DIGEST, FILE);
const THERE = blobKey(DIGEST, FILE, TEAM);
const RESOURCE = {
  ...{ account: '111122223333', region: 'eu-west-1', stack: 'shop', logicalId: 'Api' },
  uuid: '0b1c2d3e-0000-4000-8000-000000000000',
};

async function twoBuckets(): Promise<Domain> {
  const now = steadyChance().now;
  const domain = await testDomain(routed(memoryStore(now), () => memoryStore(now)));
  await createRepository(domain, 'team', NO_SETTINGS, TEAM);
  return domain;
}

const toTeam = (domain: Domain, text = 'one'): ReturnType<typeof publishVersion> =>
  publishVersion(domain, TOOL, publishable(text, 'file', FILE), { bucket: TEAM });
const toDomain = (domain: Domain, text = 'one'): ReturnType<typeof publishVersion> =>
  publishVersion(domain, LIB, publishable(text, 'file', FILE));

let domain: Domain;

beforeEach(async () => {
  domain = await twoBuckets();
});

test('the bucket is noted before the repository is, and no update changes it', async () => {
  expect(await ownBuckets(domain.store)).toEqual([TEAM]);
  const { repository, record } = await readRepository(domain, 'team');
  expect(repository).toMatchObject({ repository: 'team', bucket: TEAM });
  await updateRepository(domain, 'team', { lifecycle: [], description: 'of the team' }, record);
  expect((await readRepository(domain, 'team')).repository).toMatchObject({ bucket: TEAM, description: 'of the team' });
});

test('whose record can’t be read any more is given rules anew, and keeps its bucket', async () => {
  const key = settingsKey('team');
  const before = await domain.store.head(key);
  if (before !== undefined) await domain.store.replace(key, contentOf('damaged'), before.revision);
  await expect(readRepository(domain, 'team')).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  const damaged = await domain.store.head(key);
  await writeSettings(domain, 'team', NO_SETTINGS, damaged);
  expect((await readRepository(domain, 'team')).repository).toMatchObject({ bucket: TEAM });
});

test('whoever is asked for an artifact says where it is', async () => {
  const { arn, key, bucket } = await toTeam(domain);
  expect({ key, bucket }).toEqual({ key: THERE, bucket: TEAM });
  for (const name of ['team/tool', 'team/tool:1', formatArn(arn), `team/tool@sha256:${DIGEST}`])
    expect(await resolve(domain, name)).toMatchObject({ key: THERE, bucket: TEAM, digest: DIGEST });
  expect(await keysIn(contentStoreOf(domain.store, TEAM))).toEqual([HERE]);
  await toDomain(domain);
  expect(await resolve(domain, 'default/lib')).toMatchObject({ key: HERE });
  expect(await resolve(domain, 'default/lib')).not.toHaveProperty('bucket');
});

test('what is lost in one bucket is told, and put back by who has the bytes', async () => {
  await toTeam(domain);
  await toDomain(domain);
  const head = await domain.store.head(THERE);
  if (head !== undefined) await domain.store.removeIncarnation(THERE, head.incarnation);
  const found = async (): Promise<unknown[]> =>
    (await allOf(verify(domain, { fix: false, deep: true }))).flatMap(({ finding }) => finding ?? []);
  expect(await found()).toMatchObject([{ kind: 'lost', key: THERE, digest: DIGEST }]);
  expect(await toTeam(domain)).toMatchObject({ isNewVersion: false, outcome: 'uploaded' });
  expect(await found()).toEqual([]);
});

test('damaged in its bucket, it is found and erased there', async () => {
  await toTeam(domain);
  const store = contentStoreOf(domain.store, TEAM);
  const before = await store.head(HERE);
  if (before !== undefined) await store.replace(HERE, contentOf('broken'), before.revision);
  const steps = await allOf(verify(domain, { fix: true, deep: true }));
  expect(steps.flatMap(({ finding }) => finding ?? [])).toMatchObject([{ kind: 'damaged', key: THERE }]);
  await toTeam(domain);
  expect((await store.head(HERE))?.size).toBe(3);
});

test('who may have one bucket alone asks for no others', async () => {
  const requests: string[] = [];
  const alone = await testDomain(memoryStore(steadyChance().now));
  const store = counting(alone.store, ({ method, key }) => requests.push(`${method} ${key}`));
  await publishVersion({ ...alone, store }, LIB, publishable('one', 'file'));
  await deleteVersion({ ...alone, store }, LIB, 1);
  await condemn({ ...alone, store }, DIGEST);
  expect(requests.filter((one) => one.includes('repositories/!') || one.includes('buckets/'))).toEqual([]);
});

test('is reached through whatever stands before the store', async () => {
  const store = limited(
    counting(domain.store, () => undefined),
    2,
  );
  await toTeam({ ...domain, store });
  await deleteVersion({ ...domain, store }, TOOL, 1);
  expect(await condemn({ ...domain, store }, DIGEST)).toMatchObject({ outcome: 'condemned' });
  expect(await reap({ ...domain, store }, DIGEST)).toEqual({ outcome: 'deleted' });
  expect(await keysIn(contentStoreOf(domain.store, TEAM))).toEqual([]);
});

describe('a deletion is decided, and the bucket does not let the keeper erase', () => {
  let isClosed: boolean;
  let all: Domain;
  let decided: Deletion | undefined;

  beforeEach(async () => {
    isClosed = true;
    const now = steadyChance().now;
    const team = memoryStore(now);
    const guarded: ObjectStore = {
      ...team,
      async removeIncarnation(key, incarnation) {
        if (isClosed) throw new ArtifactError('ACCESS_DENIED', 's3:DeleteObjectVersion is not allowed');
        await team.removeIncarnation(key, incarnation);
      },
    };
    all = await testDomain(routed(memoryStore(now), () => guarded));
    await createRepository(all, 'team', NO_SETTINGS, TEAM);
    await toTeam(all);
    await toDomain(all);
    for (const name of [TOOL, LIB]) await deleteVersion(all, name, 1);
    await condemn(all, DIGEST);
    decided = (await readDeletion(all.store, DIGEST))?.value;
  });

  test('what is elsewhere goes, and what is left there stays decided, and is told each time', async () => {
    for (let turn = 0; turn < 2; turn++) {
      await expect(reap(all, DIGEST)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
      expect(await keysIn(all.store, blobPrefix(DIGEST))).toEqual([]);
      expect((await readDeletion(all.store, DIGEST))?.value).toMatchObject({
        state: 'deleting',
        incarnations: [{ key: THERE }],
      });
    }
    isClosed = false;
    expect(await reap(all, DIGEST)).toEqual({ outcome: 'deleted' });
    expect(await keysIn(all.store, blobPrefix(DIGEST, TEAM))).toEqual([]);
    expect(await readDeletion(all.store, DIGEST)).toBeUndefined();
  });

  test.each([
    ['after the collector', async () => expect(reap(all, DIGEST)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })],
    ['before he gets anywhere', async () => decide(all)],
  ])('the same bytes are stored and bound in the domain’s bucket, %s', async (_, before) => {
    await before();
    expect(await toDomain(all)).toMatchObject({ outcome: 'uploaded' });
    const operation = {
      ...{ resource: RESOURCE, stackId: 'arn', requestId: 'R-1', issued: '2026-01-01T00:00:01.000Z' },
      ...{ replaces: true, pinned: false },
    };
    const version = { ...LIB, number: 2 };
    const used = { arn: 'arn', key: HERE, digest: DIGEST, filename: FILE, version };
    expect(await bind(all, operation, [used])).toBe('R-1');
    // Somebody who read the decision before all this goes on; and it comes to its end.
    isClosed = false;
    for (const { key, incarnation } of decided?.incarnations ?? []) await all.store.removeIncarnation(key, incarnation);
    await reap(all, DIGEST);
    expect(await readDeletion(all.store, DIGEST)).toBeUndefined();
    expect((await all.store.head(HERE))?.size).toBe(3);
    expect(await condemn(all, DIGEST)).toEqual({ outcome: 'needed' });
  });

  test('what is left there is used by nobody, because it goes at any later moment', async () => {
    await expect(reap(all, DIGEST)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(toTeam(all)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    isClosed = false;
    expect(await toTeam(all)).toMatchObject({ outcome: 'uploaded' });
    expect((await all.store.head(THERE))?.size).toBe(3);
  });

  test('a later deletion goes the whole way', async () => {
    await expect(reap(all, DIGEST)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await toDomain(all);
    await deleteVersion(all, LIB, 2);
    // It waits for the other bucket.
    expect(await condemn(all, DIGEST)).toEqual({ outcome: 'already', state: 'deleting' });
    isClosed = false;
    await reap(all, DIGEST);
    expect(await condemn(all, DIGEST)).toMatchObject({ outcome: 'condemned' });
    expect(await reap(all, DIGEST)).toEqual({ outcome: 'deleted' });
    expect(await keysIn(all.store, blobPrefix(DIGEST))).toEqual([]);
  });

  test('what the domain’s own bucket refuses is not passed over', async () => {
    await decide(all);
    const store: ObjectStore = {
      ...all.store,
      removeIncarnation: async () => {
        throw new ArtifactError('ACCESS_DENIED', 'not here either');
      },
    };
    await expect(ownKeeper(store).finish(DIGEST)).rejects.toThrow('not here either');
    expect((await readDeletion(all.store, DIGEST))?.value.incarnations).toHaveLength(2);
  });

  /** The decision alone, as of a collector who ends there. */
  async function decide({ store }: Domain): Promise<void> {
    const record = await readDeletion(store, DIGEST);
    if (record === undefined) throw new Error('it is condemned');
    await store.replace(deletionKey(DIGEST), recordContent({ ...record.value, state: 'deleting' }), record.revision);
  }
});

describe('whoever does what when', () => {
  const STORIES = 250;

  /** What the version that somebody was told of has, now that all have come to their end. */
  async function violationsOf(all: Domain): Promise<readonly string[]> {
    const found: string[] = [];
    for (const name of [TOOL, LIB]) {
      for (const number of [1, 2, 3]) {
        const manifest = await readManifest(all, name, number);
        if (manifest === undefined || (await readStatus(all, name, number)) !== 'Published') continue;
        const key = name === TOOL ? THERE : HERE;
        if ((await all.store.head(key)) === undefined) found.push(`${name.repository}:${number} without its content`);
        if ((await keysIn(all.store, versionReferencesPrefix(DIGEST))).length === 0)
          found.push('a version holds nothing');
      }
    }
    return found;
  }

  /** Condemns and reaps again and again, whatever is in the way. */
  const collect = async (actor: Domain): Promise<void> => {
    for (let turn = 0; turn < 2; turn++) {
      await condemn(actor, DIGEST);
      await reap(actor, DIGEST);
    }
  };
  const giveUp =
    (name: typeof TOOL) =>
    async (actor: Domain): Promise<void> => {
      await deleteVersion(actor, name, 1);
      await collect(actor);
    };
  const use = async (actor: Domain): Promise<string> => {
    const operation = {
      ...{ resource: RESOURCE, stackId: 'arn', requestId: 'R-1', issued: '2026-01-01T00:00:01.000Z' },
      ...{ replaces: true, pinned: false },
    };
    const blob = { digest: DIGEST, filename: FILE, bucket: TEAM };
    return bind(actor, operation, [{ arn: 'arn', key: THERE, ...blob, version: { ...TOOL, number: 1 } }]);
  };

  test.each<readonly [string, readonly ((actor: Domain) => Promise<unknown>)[]]>([
    [
      'published to both while both are given up',
      [(one) => toTeam(one), (one) => toDomain(one), giveUp(TOOL), giveUp(LIB)],
    ],
    ['bound where it stands while it is given up', [use, giveUp(TOOL), giveUp(LIB)]],
    ['published, and collected by two', [(one) => toTeam(one), collect, collect, giveUp(TOOL)]],
  ])('%s: what is there stays, and nothing goes half', async (_, actors) => {
    const wrong = await firstWrong(STORIES, async (random) => {
      const all = await twoBuckets();
      await toTeam(all);
      await toDomain(all);
      const { outcomes, trace } = await interleaveIn(all, actors, chooseBy(random));
      const violations = [...(await violationsOf(all))];
      const bound = outcomes[actors.indexOf(use)];
      if (bound === 'R-1' && (await all.store.head(THERE)) === undefined) violations.push('bound without content');
      // Whatever is left by then goes by a collection that nobody disturbs, from every bucket.
      if (actors.includes(use)) return { violations, trace };
      for (const name of [TOOL, LIB]) for (const number of [1, 2, 3]) await deleteVersion(all, name, number);
      await condemn(all, DIGEST);
      await reap(all, DIGEST);
      const left = [
        ...(await keysIn(all.store, blobPrefix(DIGEST))),
        ...(await keysIn(all.store, blobPrefix(DIGEST, TEAM))),
      ];
      if (left.length > 0) violations.push(`left: ${left.join(', ')}`);
      if ((await all.store.head(deletionKey(DIGEST))) !== undefined) violations.push('a deletion is left');
      return { violations, trace };
    });
    expect(wrong).toBeUndefined();
  });

  test('promoted into it while what it came from is given up', async () => {
    const wrong = await firstWrong(STORIES, async (random) => {
      const all = await twoBuckets();
      await toDomain(all);
      const manifest = await readManifest(all, LIB, 1);
      if (manifest === undefined) throw new Error('it was published');
      const move = (actor: Domain): Promise<unknown> =>
        promote(actor, { repository: 'team', items: [{ manifest, id: 'tool' }] });
      const { trace } = await interleaveIn(all, [move, giveUp(LIB)], chooseBy(random));
      return { violations: await violationsOf(all), trace };
    });
    expect(wrong).toBeUndefined();
  });
});

describe('fetched by another domain', () => {
  const AT_HOME = { ...LOCAL_PLACE, bucket: 'local' };
  const ELSEWHERE = { partition: LOCAL_PLACE.partition, account: LOCAL_PLACE.account, region: 'far', bucket: 'far' };
  let asked: string[];
  let homes: Homes;
  let far: Domain;

  beforeEach(async () => {
    asked = [];
    const plain: ObjectStore = { ...domain.store };
    homes = {
      domain: async () => ({ bucket: AT_HOME.bucket, store: plain }),
      content: async (_, bucket, owner) => {
        asked.push(`${bucket} of ${owner}`);
        return contentStoreOf(domain.store, bucket);
      },
    };
    far = { ...(await testDomain()), ...ELSEWHERE };
    await toTeam(domain);
  });

  test.each([
    ['a version', formatArn({ ...LOCAL_PLACE, ...TOOL, version: 1, digest: DIGEST }), undefined],
    ['a version under its filename', formatArn({ ...LOCAL_PLACE, ...TOOL, version: 1, digest: DIGEST }), FILE],
    ['content under its filename', formatArn({ ...LOCAL_PLACE, ...TOOL, digest: DIGEST }), FILE],
    ['content', formatArn({ ...LOCAL_PLACE, ...TOOL, digest: DIGEST }), undefined],
  ])('%s comes out of the bucket that its home names, of home’s account', async (_, arn, filename) => {
    expect(await fetchContent(far, homes, parseArn(arn), filename)).toMatchObject({ key: HERE, arrival: 'copied' });
    expect(await keysIn(far.store, 'blobs/')).toEqual([HERE]);
    expect(new Set(asked)).toEqual(new Set([`${TEAM} of ${LOCAL_PLACE.account}`]));
  });
});
