import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from '../../../repository/event.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { establishDomain, formatArn, ownKeeper } from '../../../repository/index.ts';
import type { Domain, KeeperCommand, Manifest, ObjectStore } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import { publishAssets } from '../../../repository/publish.ts';
import type { VersionToPublish } from '../../../repository/publish.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { writeStatus } from '../../../repository/status.ts';
import { steadyChance } from '../../support/chance.ts';
import { publishable } from '../../support/domain.ts';
import { delivered, problemsOf } from '../../support/event-schemas.ts';
import { PLACE } from '../../support/reference-function.ts';

/** What whoever published or promoted has told. */

let store: ObjectStore;
let domain: Domain;

beforeEach(async () => {
  store = memoryStore(steadyChance().now);
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
  await createRepository(domain, 'release', { lifecycle: [] });
});

async function published(id: string, more: Partial<VersionToPublish> = {}): Promise<Manifest> {
  const assets = [{ publishable: publishable(`content of ${id}`) }] as const;
  const { manifest } = await publishAssets(domain, { repository: 'default', id }, { assets, ...more });
  return manifest;
}

function arnOf({ repository, id, number }: Manifest): string {
  const { partition, account, region } = domain;
  return formatArn({ partition, account, region, repository, id, version: number });
}

/** As the keeper gets the command, each event as its schema says. */
async function told(...versions: readonly (Manifest | string)[]): Promise<readonly DomainEvent[]> {
  const arns = versions.map((version) => (typeof version === 'string' ? version : arnOf(version)));
  const events: DomainEvent[] = [];
  const command = parseCommand({ command: 'announce', arns } satisfies KeeperCommand);
  const announce = async (some: readonly DomainEvent[]): Promise<void> => {
    events.push(...some);
  };
  const before = [...(await keys())];
  const answer = await carryOut(command, {
    domain,
    evidence: noEvidence,
    isTimeUp: () => false,
    announce,
    requestId: 'r',
  });
  expect(answer).toEqual({ results: [] });
  expect(await keys()).toEqual(before);
  for (const event of events) {
    expect(problemsOf(delivered(event))).toEqual([]);
    expect(event.detail.cause).toEqual({ by: 'keeper', command: 'announce', requestId: 'r' });
  }
  return events;
}

async function keys(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key);
  return found;
}

describe('a version that was published', () => {
  test('is told of as it stands there, and again as the same', async () => {
    const one = await published('shop/api', { labels: ['1.4.0'] });
    const [event, ...more] = await told(one, one);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      detailType: 'Artifact Version Published',
      detail: {
        ...{
          arn: arnOf(one),
          repository: 'default',
          id: 'shop/api',
          version: 1,
          status: 'Published',
          labels: ['1.4.0'],
        },
        ...{ at: one.published, sequence: '000000000000001', digests: [one.assets[0].digest] },
      },
    });
    const [again] = await told(one);
    expect(again?.detail.deduplicationId).toBe(event?.detail.deduplicationId);
  });

  test('has a sequence by which versions of one artifact are ordered as text, and a fact of its own', async () => {
    const versions: Manifest[] = [];
    for (let number = 1; number <= 11; number++) {
      const assets = [{ publishable: publishable(`content ${number}`) }] as const;
      versions.push((await publishAssets(domain, { repository: 'default', id: 'shop/api' }, { assets })).manifest);
    }
    const events = await told(...versions);
    const sequences = events.map(({ detail }) => ('sequence' in detail ? detail.sequence : ''));
    expect(sequences.toSorted()).toEqual(sequences);
    expect(new Set(events.map(({ detail }) => detail.deduplicationId)).size).toBe(11);
  });

  test('as a candidate is unfinished', async () => {
    const one = await published('shop/api', { set: { label: '1.0.0', name: 'build-24' } });
    expect(await told(one)).toMatchObject([
      { detail: { status: 'Unfinished', set: { label: '1.0.0', name: 'build-24' }, labels: ['1.0.0+build-24'] } },
    ]);
  });

  test('is not told of where it is not there, is given up, or is of another domain', async () => {
    const one = await published('shop/api');
    await writeStatus(domain, one, { status: 'Deleted' }, undefined);
    const other = arnOf(one).replace('111122223333', '999999999999');
    expect(await told(one, arnOf({ ...one, number: 7 }), arnOf({ ...one, id: 'none' }), other)).toEqual([]);
  });

  test('whose manifest can’t be read keeps nobody from hearing of others', async () => {
    const [one, two] = [await published('shop/api'), await published('shop/web')];
    const [key] = (await keys()).filter((text) => text.startsWith('versions/default/shop/api/'));
    const object = await store.head(key as never);
    const { contentOf } = await import('../../../repository/content.ts');
    await store.replace(key as never, contentOf('{}'), object!.revision);
    expect(await told(one, two)).toMatchObject([{ detail: { id: 'shop/web' } }]);
  });
});

describe('what was promoted', () => {
  const both = async (): ReturnType<typeof promote> => {
    const [api, web] = [await published('shop/api', { labels: ['2.0.0'] }), await published('shop/web')];
    return promote(domain, {
      repository: 'release',
      items: [
        { manifest: api, id: 'api' },
        { manifest: web, id: 'web' },
      ],
      evidence: [{ url: 'https://ci.example/1' }, publishable('report', 'file', 'report.txt')],
      provenance: { by: 'me' },
    });
  };

  test('is told of once for each promotion, with its versions', async () => {
    const { promotion, versions } = await both();
    const events = await told(...versions.map(({ manifest }) => manifest));
    expect(events.map(({ detailType }) => detailType)).toEqual([
      'Artifact Version Published',
      'Artifact Promoted',
      'Artifact Version Published',
    ]);
    expect(events[0]).toMatchObject({ detail: { promotion: promotion.id, status: 'Published' } });
    expect(events[1]).toMatchObject({
      detail: {
        ...{
          promotion: promotion.id,
          repository: 'release',
          by: 'me',
          count: 2,
          at: promotion.at,
          sequence: promotion.at,
        },
        items: [
          { from: promotion.items[0].from[0], arn: arnOf(versions[0]!.manifest), labels: ['2.0.0'] },
          { from: promotion.items[1]?.from[0], arn: arnOf(versions[1]!.manifest), labels: [] },
        ],
        evidence: [{ name: 'report.txt', size: 6 }, { url: 'https://ci.example/1' }],
      },
    });
    const again = await told(versions[1]!.manifest);
    expect(again.map(({ detail }) => detail.deduplicationId)).toEqual(
      [events[2], events[1]].map((event) => event?.detail.deduplicationId),
    );
  });

  test('is not told of before all of it is there', async () => {
    const own = {
      ...counting(store, () => undefined),
      create: (...args: Parameters<ObjectStore['create']>) =>
        args[0].startsWith('promotions/') ? Promise.reject(new Error('dead')) : store.create(...args),
    };
    domain = { ...domain, store: own };
    await expect(both()).rejects.toThrow('dead');
    domain = { ...domain, store };
    const { partition, account, region } = domain;
    const arn = formatArn({ partition, account, region, repository: 'release', id: 'api', version: 1 });
    expect(await told(arn)).toEqual([]);
    await both();
    expect(await told(arn)).toHaveLength(2);
  });
});

describe('the command', () => {
  test.each([
    [{ command: 'announce' }, "'announce' needs 'arns'"],
    [{ command: 'announce', arns: [] }, "'arns' of 'announce' must be a list of ARNs of versions, not '[]'"],
    [{ command: 'announce', arns: ['shop/api:1'] }, "'shop/api:1' is no artifact ARN"],
    [
      { command: 'announce', arns: ['arn:aws:artifacts:local:000000000000:default/shop/api'] },
      'does not name a version',
    ],
    [
      { command: 'hold-promotion', repository: 'release', promotion: '../x' },
      "'promotion' of 'hold-promotion' must be the name of a promotion, 32 hexadecimal digits, not '../x'",
    ],
  ])('%j is refused', (command, message) => {
    expect(() => parseCommand(command)).toThrow(message);
  });

  test('reads nothing where nobody is told', async () => {
    const one = await published('shop/api');
    const requests: string[] = [];
    const own = counting(store, ({ key }) => requests.push(key));
    const command = { command: 'announce', arns: [arnOf(one)] } as const;
    await carryOut(command, { domain: { ...domain, store: own }, evidence: noEvidence, isTimeUp: () => false });
    expect(requests).toEqual([]);
  });

  test('fails for nothing of a bus', async () => {
    const one = await published('shop/api');
    const announce = (): Promise<void> => Promise.reject(new Error('no bus'));
    const command = { command: 'announce', arns: [arnOf(one)] } as const;
    expect(await carryOut(command, { domain, evidence: noEvidence, isTimeUp: () => false, announce })).toEqual({
      results: [],
    });
  });
});
