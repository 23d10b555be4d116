import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import type { Domain, Manifest } from '../../../repository/index.ts';
import { promotionKey, versionKey } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { listPromotions } from '../../../repository/promoting/history.ts';
import { holdSources } from '../../../repository/promoting/hold.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import type { PromotionResult } from '../../../repository/promoting/promote.ts';
import type { PromotionRequest } from '../../../repository/promoting/request.ts';
import { recordContent } from '../../../repository/record.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { API, promoteAndHold, publishFiles, stagedDomain, to, WEB } from '../../support/stages.ts';

/** What was promoted from an artifact, and to it: told by what its versions say, whatever else the domain has. */

let domain: Domain;

beforeEach(async () => {
  domain = await stagedDomain();
});

const publish = (text: string, name = API): Promise<Manifest> =>
  publishFiles(domain, name, { a: text, b: `b of ${text}` });

const promoted = (
  repository: string,
  manifest: Manifest,
  more: Partial<PromotionRequest> = {},
  item: Partial<PromotionRequest['items'][0]> = {},
): Promise<PromotionResult> => promoteAndHold(domain, { ...to(repository, manifest, item), ...more });

const made = ({ versions: [first] }: PromotionResult): Manifest => {
  if (first === undefined) throw new TypeError('something was promoted');
  return first.manifest;
};

let unreadable: string[];

async function told(subject: Parameters<typeof listPromotions>[1]): Promise<readonly string[]> {
  unreadable = [];
  const steps = await listPromotions(domain, subject, ({ message }) => unreadable.push(message));
  return steps.map(
    ({ from, to }) => `${from.repository}/${from.id}:${from.number} > ${to.repository}/${to.id}:${to.number}`,
  );
}

async function damage(key: string): Promise<void> {
  const own = objectKey(key);
  await domain.store.replace(own, recordContent({ damaged: true }), (await domain.store.head(own))!.revision);
}

describe('what was promoted from and to an artifact', () => {
  test('is told in the order of time, all the way', async () => {
    const [first, second] = [await publish('1'), await publish('2')];
    const onStaging = await promoted('staging', first, { provenance: { by: 'tester' } });
    await promoted('staging', second);
    const evidence = [{ url: 'https://ci.example/1' }];
    const onProduction = await promoted('production', made(onStaging), { evidence }, { id: 'api', labels: ['1.0.0'] });
    const chain = ['dev/shop/api:1 > staging/shop/api:1', 'staging/shop/api:1 > production/api:1'];
    expect(await told({ repository: 'production', id: 'api' })).toEqual(chain);
    expect(await told({ ...API, number: 1 })).toEqual(chain);
    expect(await told(API)).toEqual([chain[0], 'dev/shop/api:2 > staging/shop/api:2', chain[1]]);
    expect(await told({ repository: 'staging', id: 'shop/api', number: 1 })).toEqual(chain);
    expect(await told({ repository: 'staging', id: 'shop/api', number: 2 })).toEqual([
      'dev/shop/api:2 > staging/shop/api:2',
    ]);
    expect(await told(WEB)).toEqual([]);
    const steps = await listPromotions(domain, { ...API, number: 1 });
    expect(steps).toMatchObject([
      { by: 'tester' },
      { promotion: onProduction.promotion.id, evidence, to: { labels: ['1.0.0'] } },
    ]);
  });

  test('is told of some content alone', async () => {
    const [first, second] = [await publish('1'), await publish('2')];
    await promoted('staging', first);
    await promoted('staging', second);
    await promoted('production', first, {}, { assets: [{ name: 'b' }] });
    const [a] = first.assets;
    expect(await told({ ...API, digest: a.digest })).toEqual(['dev/shop/api:1 > staging/shop/api:1']);
  });

  test('several times to one version, each time with other evidence, is told each time', async () => {
    const source = await publish('1');
    const first = await promoted('staging', source);
    await promoted('staging', source, { evidence: [{ url: 'https://ci.example/2' }] });
    const twice = ['dev/shop/api:1 > staging/shop/api:1', 'dev/shop/api:1 > staging/shop/api:1'];
    expect(await told(API)).toEqual(twice);
    expect(await told(made(first))).toEqual(twice);
  });

  test('is told of what was deleted since by itself', async () => {
    const source = await publish('1');
    const target = made(await promoted('staging', source));
    await deleteVersion(domain, target, 1);
    expect(await told({ repository: 'staging', id: 'shop/api' })).toEqual(['dev/shop/api:1 > staging/shop/api:1']);
    expect(await told(API)).toEqual([]);
  });

  test('comes to an end also where it goes round', async () => {
    const source = await publish('1');
    const staging = made(await promoted('staging', source));
    const back = await promote(domain, { repository: 'dev', items: [{ manifest: staging, id: 'shop/api' }] });
    // As if that had been made by being promoted itself.
    const key = versionKey(API, 1);
    const from = `arn:aws:artifacts:local:000000000000:staging/shop/api:1@sha256:${staging.assets[0].digest}`;
    const manifest = { ...source, promotion: { id: back.promotion.id, items: 1, from } };
    await domain.store.replace(key, recordContent(manifest), (await domain.store.head(key))!.revision);
    await holdSources(domain, back.promotion);
    const round = ['dev/shop/api:1 > staging/shop/api:1', 'staging/shop/api:1 > dev/shop/api:1'];
    expect(await told(API)).toEqual(round);
    expect(await told({ repository: 'staging', id: 'shop/api' })).toEqual(round);
  });

  test('takes as many requests whatever else the domain promotes', async () => {
    const asked: string[] = [];
    const store = counting(domain.store, ({ method, key }) => asked.push(`${method} ${key}`));
    const counts: number[] = [];
    for (let count = 1; count <= 60; count++) {
      const texts = { LICENSE: 'the licence of all', own: `own ${count}` };
      const manifest = await publishFiles(domain, { repository: 'dev', id: `a${count}` }, texts);
      await promoted('staging', manifest);
      if (count !== 6 && count !== 60) continue;
      asked.length = 0;
      for (const repository of ['dev', 'staging']) {
        const steps = await listPromotions({ store }, { repository, id: 'a1' });
        expect(steps.map(({ from, to }) => [from.id, to.id])).toEqual([['a1', 'a1']]);
      }
      counts.push(asked.length);
    }
    expect(counts[1]).toBe(counts[0]);
    expect(counts[0]).toBeLessThan(20);
  });
});

describe('a record that can’t be read', () => {
  test('of something else is not even looked at', async () => {
    await promoted('staging', await publish('1'));
    const other = await promoted('staging', await publish('2', WEB));
    await damage(promotionKey('staging', other.promotion.id));
    expect(await told(API)).toEqual(['dev/shop/api:1 > staging/shop/api:1']);
    expect(unreadable).toEqual([]);
  });

  test('is told, and what else there is, too', async () => {
    const source = await publish('1');
    const staging = await promoted('staging', source);
    const production = await promoted('production', source);
    const key = promotionKey('production', production.promotion.id);
    await damage(key);
    expect(await told(API)).toEqual(['dev/shop/api:1 > staging/shop/api:1']);
    expect(unreadable).toEqual([expect.stringContaining(`'${key}' in the store is not a record`)]);
    await damage(versionKey(made(staging), 1));
    expect(await told(API)).toEqual(['dev/shop/api:1 > staging/shop/api:1']);
    expect(unreadable).toHaveLength(2);
  });
});
