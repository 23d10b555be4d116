import { beforeEach, describe, expect, test } from '@jest/globals';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { deleteVersion, disposeUnchanged } from '../../../repository/deleting/version-deletion.ts';
import { listHolders } from '../../../repository/holders.ts';
import type { Domain, Manifest } from '../../../repository/index.ts';
import { promotionKey, referencesPrefix } from '../../../repository/keys.ts';
import { parseConsumer } from '../../../repository/named.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { parsePromotionConsumer, promotionConsumer } from '../../../repository/promoting/consumer.ts';
import { holdSources } from '../../../repository/promoting/hold.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import type { PromotionResult } from '../../../repository/promoting/promote.ts';
import { recordContent } from '../../../repository/record.ts';
import { readStatus, writeStatus } from '../../../repository/status.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { listUsers, nameOfConsumer } from '../../../repository/usage.ts';
import { allOf } from '../../support/all-of.ts';
import { keysIn } from '../../support/keys-in.ts';
import { promoteAndHold, publishFiles, stagedDomain, to } from '../../support/stages.ts';

/** What was promoted is needed for as long as the version exists that it became. */

let domain: Domain;

beforeEach(async () => {
  domain = await stagedDomain();
});

const published = (id: string, repository = 'dev'): Promise<Manifest> =>
  publishFiles(domain, { repository, id }, { a: `a of ${id}`, b: `b of ${id}` });

const promotedAndHeld = (source: Manifest, repository = 'staging'): Promise<PromotionResult> =>
  promoteAndHold(domain, to(repository, source));

const usersOf = async (version: Manifest): Promise<readonly string[]> => [
  ...new Set((await allOf(listUsers(domain, version))).map(({ consumer }) => nameOfConsumer(consumer, domain))),
];

const namedKeys = async (): Promise<readonly string[]> =>
  (await keysIn(domain.store, 'references/')).filter((key) => key.includes('/named/'));

describe('what was promoted', () => {
  test('is needed with all that it has, and told as what needs it', async () => {
    const source = await published('api');
    const { promotion, versions } = await promotedAndHeld(source);
    expect(await usersOf(source)).toEqual(['the promotion to staging/api:1']);
    const [{ digest }] = source.assets;
    expect((await allOf(listHolders(domain.store, digest))).map(({ name }) => name)).toEqual([
      'dev/api:1',
      'staging/api:1',
      'promotion to staging/api:1',
    ]);
    expect((await deleteVersion(domain, source, 1))?.outcome).toBe('used');
    expect(await usersOf(versions[0]!.manifest)).toEqual([]);
    expect(await holdSources(domain, promotion)).toEqual([
      { source: 'dev/api:1', target: 'staging/api:1', outcome: 'exists' },
    ]);
  });

  test('of which one asset was chosen is needed with all', async () => {
    const source = await published('api');
    const items = [{ manifest: source, id: 'api', assets: [{ name: 'b' }] }] as const;
    const { promotion } = await promote(domain, { repository: 'staging', items });
    expect(await holdSources(domain, promotion)).toMatchObject([{ outcome: 'added' }]);
    expect(await namedKeys()).toHaveLength(2);
  });

  test.each([
    ['deleted', deleteVersion],
    ['disposed of', (own: Domain, name: Manifest, number: number) => disposeUnchanged(own, name, number, undefined)],
  ] as const)('is let go of when what it became is %s', async (_, giveUp) => {
    const source = await published('api');
    const { versions } = await promotedAndHeld(source);
    expect((await giveUp(domain, versions[0]!.manifest, 1))?.outcome).toBe('deleted');
    expect(await namedKeys()).toEqual([]);
    expect((await deleteVersion(domain, source, 1))?.outcome).toBe('deleted');
  });

  test('is needed again when that is taken back', async () => {
    const source = await published('api');
    const { versions } = await promotedAndHeld(source);
    const [{ manifest: target }] = versions as readonly [(typeof versions)[0]];
    await deleteVersion(domain, target, 1);
    expect((await undeleteVersion(domain, target, 1))?.outcome).toBe('undeleted');
    expect(await usersOf(source)).toEqual(['the promotion to staging/api:1']);
  });

  test('is gone on with where whoever deleted it, or took that back, died before', async () => {
    const source = await published('api');
    const { promotion, versions } = await promotedAndHeld(source);
    const [{ manifest: target }] = versions as readonly [(typeof versions)[0]];
    await deleteVersion(domain, target, 1);
    // As if it had died before it let go.
    await writeStatus(domain, target, { status: 'Published' }, await statusOf(target));
    await holdSources(domain, promotion);
    await writeStatus(domain, target, { status: 'Deleted' }, await statusOf(target));
    expect(await namedKeys()).toHaveLength(2);
    expect((await deleteVersion(domain, target, 1))?.outcome).toBe('already');
    expect(await namedKeys()).toEqual([]);
    await writeStatus(domain, target, { status: 'Published' }, await statusOf(target));
    expect((await undeleteVersion(domain, target, 1))?.outcome).toBe('not deleted');
    expect(await namedKeys()).toHaveLength(2);
  });

  test('is needed where somebody goes on with letting go of it while that is taken back', async () => {
    const source = await published('api');
    const { versions } = await promotedAndHeld(source);
    const [{ manifest: target }] = versions as readonly [(typeof versions)[0]];
    const removing = (act: () => Promise<unknown>): Domain => {
      const removeRevision: Domain['store']['removeRevision'] = async (key, revision) => {
        if (key.includes('/named/')) await act();
        return domain.store.removeRevision(key, revision);
      };
      return { ...domain, store: { ...counting(domain.store, () => undefined), removeRevision } };
    };
    const dying = removing(() => Promise.reject(new Error('dead')));
    await expect(deleteVersion(dying, target, 1)).rejects.toThrow('dead');
    const undone: unknown[] = [];
    const slow = removing(async () => {
      if (undone.length === 0) undone.push((await undeleteVersion(domain, target, 1))?.outcome);
    });
    await deleteVersion(slow, target, 1);
    expect(undone).toEqual(['undeleted']);
    expect(await usersOf(source)).toEqual(['the promotion to staging/api:1']);
    expect(await namedKeys()).toHaveLength(2);
    expect((await deleteVersion(domain, source, 1))?.outcome).toBe('used');
  });

  test('stays for the others that it was promoted to', async () => {
    const source = await published('api');
    const [first, second] = [await promotedAndHeld(source), await promotedAndHeld(source, 'production')];
    await deleteVersion(domain, first.versions[0]!.manifest, 1);
    expect(await usersOf(source)).toEqual(['the promotion to production/api:1']);
    await deleteVersion(domain, second.versions[0]!.manifest, 1);
    expect(await usersOf(source)).toEqual([]);
  });

  test('goes on from each place to the next', async () => {
    const source = await published('api');
    const staging = await promotedAndHeld(source);
    const production = await promotedAndHeld(staging.versions[0]!.manifest, 'production');
    expect((await deleteVersion(domain, staging.versions[0]!.manifest, 1))?.outcome).toBe('used');
    await deleteVersion(domain, production.versions[0]!.manifest, 1);
    expect((await deleteVersion(domain, staging.versions[0]!.manifest, 1))?.outcome).toBe('deleted');
    expect(await namedKeys()).toEqual([]);
  });

  test('is not kept for what was there by itself', async () => {
    const source = await published('api');
    const own = await published('api', 'staging');
    const { promotion, versions } = await promote(domain, {
      repository: 'staging',
      items: [{ manifest: source, id: 'api' }],
    });
    expect(versions[0]!.manifest).toEqual(own);
    expect(await holdSources(domain, promotion)).toEqual([
      { source: 'dev/api:1', target: 'staging/api:1', outcome: 'not needed' },
    ]);
    expect(await namedKeys()).toEqual([]);
  });

  test('is told of where it can’t be kept any more', async () => {
    const source = await published('api');
    const { promotion } = await promote(domain, { repository: 'staging', items: [{ manifest: source, id: 'api' }] });
    await writeStatus(domain, source, { status: 'Archived' }, undefined);
    expect(await holdSources(domain, promotion)).toEqual([
      {
        ...{ source: 'dev/api:1', target: 'staging/api:1', outcome: 'refused' },
        why: "'dev/api:1' is archived and takes no new references",
      },
    ]);
    expect(await namedKeys()).toEqual([]);
  });

  test('is not kept for what goes at this very moment', async () => {
    const source = await published('api');
    const { promotion, versions } = await promote(domain, {
      repository: 'staging',
      items: [{ manifest: source, id: 'api' }],
    });
    const [{ manifest: target }] = versions as readonly [(typeof versions)[0]];
    let isDone = false;
    const store = {
      ...counting(domain.store, () => undefined),
      replace: async (...args: Parameters<Domain['store']['replace']>) => {
        // Between the references and the look at what they are for.
        if (!isDone && args[0].includes('/named/')) {
          isDone = true;
          await deleteVersion(domain, target, 1);
        }
        return domain.store.replace(...args);
      },
    };
    expect(await holdSources({ ...domain, store }, promotion)).toMatchObject([{ outcome: 'not needed' }]);
    expect(isDone).toBe(true);
    expect(await namedKeys()).toEqual([]);
  });

  test('stays where the record can’t be read, and what it became goes', async () => {
    const source = await published('api');
    const { promotion, versions } = await promotedAndHeld(source);
    const key = promotionKey('staging', promotion.id);
    await domain.store.replace(key, recordContent({ damaged: true }), (await domain.store.head(key))!.revision);
    expect((await deleteVersion(domain, versions[0]!.manifest, 1))?.outcome).toBe('deleted');
    expect(await readStatus(domain, versions[0]!.manifest, 1)).toBe('Deleted');
    expect(await namedKeys()).toHaveLength(2);
    expect((await deleteVersion(domain, source, 1))?.outcome).toBe('used');
  });

  test('costs nothing where nothing was promoted', async () => {
    const own = await published('api');
    const requests: string[] = [];
    const store = counting(domain.store, ({ method, key }) => requests.push(`${method} ${key}`));
    await deleteVersion({ ...domain, store }, own, 1);
    expect(requests.filter((request) => request.includes('promotion'))).toEqual([]);
    const listed = requests.filter((request) => request === `list ${referencesPrefix(own.assets[0].digest)}`);
    expect(listed.length).toBeLessThanOrEqual(2);
  });
});

async function statusOf(version: Manifest) {
  const { readStatusRecord } = await import('../../../repository/status.ts');
  return readStatusRecord(domain, version, version.number);
}

describe('the name of a promotion as a consumer', () => {
  const name = { repository: 'staging', id: 'a'.repeat(32), index: 7 };

  test('goes there and back', () => {
    expect(promotionConsumer(name)).toBe(`promotion/staging/${'a'.repeat(32)}/7`);
    expect(parsePromotionConsumer(promotionConsumer(name))).toEqual(name);
  });

  test.each([
    'team/job',
    'promotion',
    'promotion/staging',
    `promotion/staging/${'a'.repeat(31)}/0`,
    `promotion/staging/${'a'.repeat(32)}/07`,
    `promotion/staging/${'a'.repeat(32)}/0/x`,
  ])('%s is none', (text) => {
    expect(parsePromotionConsumer(text)).toBeUndefined();
  });

  test('nobody may choose', () => {
    expect(() => parseConsumer('promotion/x')).toThrow("'promotion' stands for what a version was promoted to");
    expect(() => parseConsumer('retained')).toThrow("'retained' stands for published versions of functions");
    expect(parseConsumer('promotions/x')).toBe('promotions/x');
    expect(objectKey(`references/x/named/${promotionConsumer(name)}/y`)).toBeDefined();
  });
});
