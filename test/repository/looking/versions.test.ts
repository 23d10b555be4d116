import { beforeEach, describe, expect, test } from '@jest/globals';
import { setBookmark } from '../../../repository/bookmark.ts';
import { contentOf } from '../../../repository/content.ts';
import type { Domain, Status } from '../../../repository/index.ts';
import { listArtifacts, publishAssets } from '../../../repository/index.ts';
import { Labels, labelledVersions } from '../../../repository/looking/labels.ts';
import type { VersionFilter } from '../../../repository/looking/versions.ts';
import { findShown, listVersions } from '../../../repository/looking/versions.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { readManifest } from '../../../repository/version.ts';
import { writeStatus } from '../../../repository/status.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { allOf } from '../../support/all-of.ts';
import { publishable, testDomain } from '../../support/domain.ts';

const API = { repository: 'default', id: 'shop/api' };
let domain: Domain;

beforeEach(async () => {
  domain = await testDomain();
});

async function publish(text: string, more: Partial<Parameters<typeof publishAssets>[2]> = {}): Promise<number> {
  const { manifest } = await publishAssets(domain, API, {
    assets: [{ publishable: publishable(text, 'file') }],
    ...more,
  });
  return manifest.number;
}

async function give(number: number, status: Status): Promise<void> {
  expect(await writeStatus(domain, { ...API, number }, { status }, undefined)).toBe('there');
}

async function numbers(filter: Partial<VersionFilter> = {}): Promise<number[]> {
  return (await allOf(listVersions(domain, API, { statuses: [], ...filter }))).map(({ manifest }) => manifest.number);
}

async function shown(): Promise<string | undefined> {
  for await (const artifact of listArtifacts(domain, 'default')) {
    const version = await findShown(domain, artifact);
    return version && `${version.manifest.number} ${version.status}`;
  }
  return undefined;
}

describe('the version that stands for an artifact', () => {
  test.each<[readonly Status[], string | undefined]>([
    [['Published', 'Published', 'Published'], '3 Published'],
    [['Published', 'Published', 'Unlisted'], '2 Published'],
    [['Published', 'Deleted', 'Archived'], '1 Published'],
    [['Archived', 'Archived', 'Unlisted'], '2 Archived'],
    [['Archived', 'Deleted', 'Deleted'], '1 Archived'],
    [['Deleted', 'Disposed', 'Deleted'], '3 Deleted'],
    [['Deleted', 'Disposed', 'Disposed'], '3 Disposed'],
    [['Unlisted', 'Deleted', 'Deleted'], undefined],
    [['Deleting', 'Deleted', 'Deleted'], '3 Deleted'],
  ])('of %j is %s', async (statuses, expected) => {
    for (const [index, status] of statuses.entries()) {
      const number = await publish(`content ${index}`);
      if (status !== 'Published') await give(number, status);
    }
    expect(await shown()).toBe(expected);
  });

  test('is the newest candidate where nothing is finished', async () => {
    const set = (name: string): object => ({ set: { label: '1.0.0', name } });
    await publish('one', set('build-1'));
    await publish('two', set('build-2'));
    expect(await shown()).toBe('2 Unfinished');
  });

  test('takes two reads where the newest is Published, however many there are', async () => {
    for (let number = 1; number <= 30; number += 1) await publish(`content ${number}`);
    const requests: string[] = [];
    const counted = { store: counting(domain.store, ({ method }) => requests.push(method)) };
    await findShown(counted, { ...API, newest: 30 });
    expect(requests).toEqual(['read', 'read']);
  });
});

describe('versions', () => {
  test('are chosen by status; unlisted ones and those that were given up only where they are asked for', async () => {
    const statuses: readonly Status[] = ['Archived', 'Unlisted', 'Disposed', 'Deleted'];
    for (const status of statuses) await give(await publish(status), status);
    await publish('published');
    expect(await numbers()).toEqual([5, 1]);
    expect(await numbers({ statuses: ['Unlisted', 'Deleted'] })).toEqual([4, 2]);
    expect(await numbers({ statuses: ['Unfinished'] })).toEqual([]);
  });

  test('are chosen by label, however the label came to them', async () => {
    await publish('one', { labels: ['1.0.0', 'stable'] });
    await publish('two', { labels: ['2.0.0'] });
    await publish('three');
    await publish('one', { labels: ['1.0.1'] });
    expect(await numbers({ label: '1.*' })).toEqual([1]);
    expect(await numbers({ label: '*.0.*' })).toEqual([2, 1]);
    expect(await numbers({ label: '2.0.0' })).toEqual([2]);
    expect(await numbers({ label: '2' })).toEqual([]);
    await domain.store.create(objectKey('labels/default/shop/api/!/@other'), contentOf('{"number": 3}'));
    expect((await labelledVersions(domain, API, '*')).map(({ manifest }) => manifest.number)).toEqual([2, 1]);
  });

  test('are chosen by age, and what is too young or too old is not read', async () => {
    const times: Date[] = [];
    for (const text of ['one', 'two', 'three']) {
      const number = await publish(text);
      times.push(
        (await allOf(listVersions(domain, API, { statuses: [] }))).find(({ manifest }) => manifest.number === number)!
          .modified,
      );
    }
    const [, second] = times;
    expect(await numbers({ before: second! })).toEqual([1]);
    expect(await numbers({ since: second! })).toEqual([3, 2]);
    const reads: string[] = [];
    const counted = {
      ...domain,
      store: counting(domain.store, ({ method, key }) => method === 'read' && reads.push(key)),
    };
    await allOf(listVersions(counted, API, { statuses: [], before: second! }));
    expect(reads.every((key) => /-1$|\/1$/.test(key))).toBe(true);
    expect(reads.length).toBeGreaterThan(0);
  });

  test('are chosen by who needs them', async () => {
    for (const text of ['one', 'two', 'three']) await publish(text);
    const { partition, region, account } = domain;
    await setBookmark(domain, { partition, region, account, ...API, version: 2 }, 'prod');
    expect(await numbers({ isUsed: true })).toEqual([2]);
    expect(await numbers({ isUsed: false })).toEqual([3, 1]);
  });
});

describe('the labels of a version', () => {
  test('are those that stand for it', async () => {
    await publish('one', { labels: ['1.0.0', 'a'] });
    await publish('two', { labels: ['b'] });
    await publish('one', { labels: ['later'] });
    const labels = new Labels(domain, API);
    const of = async (number: number): Promise<readonly string[]> =>
      labels.of((await readManifest(domain, API, number))!);
    expect(await of(1)).toEqual(['1.0.0', 'a', 'later']);
    expect(await of(2)).toEqual(['b']);
  });

  test('of an artifact with very many are those that it was published with, in as many reads', async () => {
    await publish('one', { labels: ['mine', 'other'] });
    await publish('two', { labels: Array.from({ length: 205 }, (_, index) => `l${index}`) });
    const reads: string[] = [];
    const store = counting(domain.store, ({ method, key }) => method === 'read' && reads.push(key));
    const manifest = (await readManifest(domain, API, 1))!;
    expect(await new Labels({ store }, API).of(manifest)).toEqual(['mine', 'other']);
    expect(reads).toHaveLength(2);
  });
});
