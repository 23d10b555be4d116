import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventBus } from '../../handler/event-bus.ts';
import { handle } from '../../handler/keeper/handle.ts';
import type { KeeperReply } from '../../repository/asking/reply.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Domain, KeeperCommand, ObjectStore, Publication } from '../../repository/index.ts';
import type { DomainEvent } from '../../repository/event.ts';
import { announcing } from '../../repository/announcing.ts';
import { objectKey } from '../../repository/object-store.ts';
import { promote } from '../../repository/promoting/promote.ts';
import { publishAssets } from '../../repository/publish.ts';
import { createRepository } from '../../repository/repositories.ts';
import { reap } from '../../repository/deleting/reap.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { EventSource, STACK_ID } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import type { BusEvent } from '../support/event-bus.ts';
import { EventBusServer } from '../support/event-bus.ts';
import type { Delivered } from '../support/event-schemas.ts';
import { EVERY_DETAIL_TYPE, problemsOf, SCHEMAS } from '../support/event-schemas.ts';
import { readTable } from '../support/markdown-table.ts';
import type { FunctionSettings, Handled } from '../support/reference-function.ts';
import { answerTo, PLACE } from '../support/reference-function.ts';

const PAGE = path.join(import.meta.dirname, '../../docs/events.md');

const own = process.env;
let bus: EventBusServer;
let store: ObjectStore;
let domain: Domain;
let events: EventSource;
let now: () => Date;
/** What the functions log of events. */
let lost: Readonly<Record<string, unknown>>[];

beforeAll(() => {
  process.env = { ...own, AWS_REGION: PLACE.region, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
});

afterAll(() => {
  process.env = own;
});

beforeEach(async () => {
  bus = new EventBusServer();
  process.env['AWS_ENDPOINT_URL_EVENTBRIDGE'] = await bus.listen();
  ({ now } = steadyChance());
  store = memoryStore(now);
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: { ...steadyChance(), now } }, PLACE);
  events = new EventSource();
  lost = [];
});

afterEach(async () => {
  await bus.close();
});

function announcer(): ReturnType<typeof eventBus> {
  return eventBus({
    bus: 'default',
    log: (line) => lost.push(JSON.parse(line) as Readonly<Record<string, unknown>>),
    now,
  });
}

function answered(event: EventMembers, settings: FunctionSettings = {}): Promise<Handled> {
  return answerTo(store, event, { announce: announcer(), now, ...settings });
}

function kept(command: KeeperCommand, qualifier = ''): Promise<KeeperReply> {
  return handle(
    command,
    { requestId: '8d5ce6ee-7f0c-4bd7-b27c-000000000001', qualifier, remaining: () => 900_000 },
    {
      connect: () => ({
        ...{ store, keeper: ownKeeper(store), chance: domain.chance, place: PLACE, evidence: noEvidence },
      }),
      ...{ log: () => undefined, now, announce: announcer() },
    },
  );
}

function publish(id = 'shop/api', text = `content of ${id}`): Promise<Publication> {
  return publishVersion(domain, { repository: 'default', id }, publishable(text));
}

/** A candidate that is promoted under another name, which is told by the name under which whoever publishes asks. */
async function promotionStory(): Promise<void> {
  const { partition, account, region } = PLACE;
  await createRepository(domain, 'production', { lifecycle: [] });
  const { manifest: set } = await publishAssets(
    domain,
    { repository: 'default', id: 'foo' },
    {
      assets: [{ publishable: publishable('wheel', 'file', 'foo-1.0.0-24-py3-none-any.whl') }],
      set: { label: '1.0.0', name: 'build-24' },
    },
  );
  const { versions } = await promote(domain, {
    repository: 'production',
    items: [
      {
        manifest: set,
        id: 'foo',
        assets: [{ name: set.assets[0].name, as: 'foo-1.0.0-py3-none-any.whl' }],
      },
    ],
    evidence: [{ url: 'https://ci.example/runs/24' }],
    provenance: { by: 'arn:aws:iam::111122223333:role/release' },
  });
  const arns = versions.map(({ manifest: { repository, id, number: version } }) =>
    formatArn({ partition, account, region, repository, id, version }),
  );
  await kept({ command: 'announce', arns }, 'publishing');
}

const properties = ({ arn, key }: Publication): EventMembers => ({ ArtifactArn: formatArn(arn), Key: key });
const types = (): readonly string[] => bus.events.map(({ detailType }) => detailType);

/** As a rule's target gets it. */
function delivered({ id, source, detailType, time, resources, detail }: BusEvent): Delivered {
  const { account, region } = PLACE;
  return { ...{ version: '0', id, 'detail-type': detailType, source, account, time, region }, resources, detail };
}

/** From the first use to the end of the content, with everything that is told. */
async function story(): Promise<void> {
  const api = await publish();
  const { physicalId = '' } = await answered(
    events.create({ ...properties(api), ResolvedFrom: 'default/shop/api^prod' }),
  );
  await answered(events.remove(physicalId));
  const arn = formatArn(api.arn);
  await kept({ command: 'delete', arn, dryRun: false, now: false });
  await kept({ command: 'undelete', arn });
  await kept({ command: 'delete', arn, dryRun: false, now: true });
  await bookmarkStory();
  await promotionStory();
}

/** A stack that was deployed through a bookmark, and is behind when that is moved; and an old version that is archived. */
async function bookmarkStory(): Promise<void> {
  const [first, second] = [await publish('shop/web', 'first'), await publish('shop/web', 'second')];
  const move = (to: Publication): Promise<KeeperReply> =>
    kept({
      command: 'bookmark-set',
      arn: formatArn(to.arn),
      bookmark: 'prod',
      by: 'arn:aws:iam::111122223333:user/anna',
    });
  await move(first);
  await answered(events.create({ ...properties(first), ResolvedFrom: 'default/shop/web^prod' }));
  await move(second);
  await kept({ command: 'status-set', arn: formatArn(first.arn), status: 'Archived', expected: 'Published' });
}

describe('docs/events.md', () => {
  test('has each kind of event in its table, with its schema', () => {
    const { rows } = readTable(readFileSync(PAGE, 'utf8'), 'Kinds');
    expect(rows.map((row) => row['detail-type'])).toEqual(EVERY_DETAIL_TYPE.map((type) => `\`${type}\``));
    expect([...SCHEMAS.keys()].toSorted()).toEqual(EVERY_DETAIL_TYPE.toSorted());
    for (const row of rows) {
      const [, file = ''] = /\((\.\.\/schemas\/events\/[a-z-]+\.schema\.json)\)/.exec(row['schema'] ?? '') ?? [];
      const schema = JSON.parse(readFileSync(path.join(path.dirname(PAGE), file), 'utf8')) as { title: string };
      expect(`\`${schema.title}\``).toBe(row['detail-type']);
    }
  });

  test('shows each kind as the functions send it', async () => {
    await story();
    const page = readFileSync(PAGE, 'utf8');
    const shown = EVERY_DETAIL_TYPE.reduce((text, type) => {
      const ofType = bus.events.filter(({ detailType }) => detailType === type);
      // The first of those that have most to tell.
      const [event] = ofType.toSorted((a, b) => Object.keys(b.detail).length - Object.keys(a.detail).length);
      if (event === undefined) throw new Error(`nothing told of '${type}'`);
      const example = `\`\`\`json\n${JSON.stringify(delivered(event), null, 2)}\n\`\`\``;
      return text.replace(new RegExp(`(?<=^### ${type}\n[^#]*?)\`\`\`json\n.*?\n\`\`\``, 'ms'), () => example);
    }, page);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, shown);
    const examples = (text: string): readonly unknown[] =>
      [...text.matchAll(/```json\n(.*?)\n```/gs)].map(([, json = '']) => JSON.parse(json) as unknown);
    expect(examples(readFileSync(PAGE, 'utf8'))).toEqual(examples(shown));
  });

  test('shows a rule’s pattern whose words are those of the events', async () => {
    const page = readFileSync(PAGE, 'utf8');
    // Into a log group that is made before, by a policy that lets both services write there.
    const [, group = ''] = /--log-group-name (\S+)/.exec(page) ?? [];
    const [, document = '{}'] = /put-resource-policy .*?'(\{.*?\})'\naws events put-rule/s.exec(page) ?? [];
    const [statement] = (JSON.parse(document) as { Statement: Record<string, unknown>[] }).Statement;
    const services = ['events.amazonaws.com', 'delivery.logs.amazonaws.com'];
    expect(statement).toMatchObject({ Effect: 'Allow', Principal: { Service: services } });
    expect(page).toContain(`Id=log,Arn=arn:aws:logs:REGION:ACCOUNT:log-group:${group}\n`);
    expect(`arn:aws:logs:REGION:ACCOUNT:log-group:${group}:x`).toMatch(
      new RegExp(`^${String(statement?.['Resource']).replaceAll('*', '.*')}$`),
    );
    const [, pattern = ''] = /aws events put-rule.*?'(\{.*?\})'/s.exec(readFileSync(PAGE, 'utf8')) ?? [];
    const { source, 'detail-type': wanted } = JSON.parse(pattern) as Readonly<Record<string, readonly string[]>>;
    expect(source).toEqual(['cfn-artifacts']);
    expect(EVERY_DETAIL_TYPE).toEqual(expect.arrayContaining([...(wanted ?? [])]));
  });
});

test('every event of the story is as its schema says, on the bus that is named, with its ARNs', async () => {
  await story();
  expect(types()).toEqual([
    ...['Artifact Reference Added', 'Artifact Reference Removed', 'Artifact Version Deleted', 'Artifact Condemned'],
    ...['Artifact Rescued', 'Artifact Version Undeleted'],
    ...['Artifact Version Deleted', 'Artifact Condemned', 'Artifact Deleted'],
    ...['Artifact Bookmark Moved', 'Artifact Reference Added', 'Artifact Bookmark Moved'],
    ...['Artifact Version Status Changed', 'Artifact Version Published', 'Artifact Promoted'],
  ]);
  const moved = bus.events.filter(({ detailType }) => detailType === 'Artifact Bookmark Moved');
  expect(moved).toMatchObject([
    { detail: { to: 1, behind: [], moreBehind: false } },
    { detail: { from: 1, to: 2, behind: [{ stackId: STACK_ID, versions: [1] }], moreBehind: false } },
  ]);
  for (const event of bus.events) {
    expect(problemsOf(delivered(event))).toEqual([]);
    expect(event).toMatchObject({ bus: 'default', source: 'cfn-artifacts' });
    expect(event.resources).toEqual(expect.arrayContaining(event.detail['arns'] as string[]));
    expect(event.time.slice(0, 19)).toBe(String(event.detail['at']).slice(0, 19));
  }
  expect(lost).toEqual([]);
});

test('content that goes after its quarantine is told of with the version that had it, which nobody reads then', async () => {
  const api = await publish();
  const arn = formatArn(api.arn);
  await kept({ command: 'delete', arn, dryRun: false, now: false });
  bus.events.length = 0;
  const asked: string[] = [];
  const watched = counting(store, ({ key }) => asked.push(key));
  const cause = { by: 'keeper', command: 'tend' } as const;
  const announced = announcing({ ...domain, store: watched }, cause, (told) => announcer()(told, 10_000));
  expect(await reap(announced.domain, api.arn.digest)).toEqual({ outcome: 'deleted' });
  await announced.end();
  expect(bus.events).toMatchObject([{ detailType: 'Artifact Deleted', resources: [arn], detail: { arns: [arn] } }]);
  expect(asked.filter((key) => key.startsWith('versions/'))).toEqual([]);
});

test('content under very many filenames is one event that can be sent', async () => {
  const { arn, key } = await publish();
  for (let number = 0; number < 300; number++)
    await store.copy(key, objectKey(`${key.slice(0, key.lastIndexOf('/'))}/${'n'.repeat(200)}${number}.zip`));
  await kept({ command: 'delete', arn: formatArn(arn), dryRun: false, now: true });
  const deleted = bus.events.find(({ detailType }) => detailType === 'Artifact Deleted');
  expect(deleted?.detail['keys']).toHaveLength(100);
  expect(lost).toEqual([]);
});

describe('the reference function', () => {
  test('tells who uses what, and why that was recorded', async () => {
    const api = await publish();
    const create = events.create(properties(api));
    await answered(create);
    const user = { kind: 'stack', stackId: STACK_ID, logicalId: 'ApiArtifact', generation: create['RequestId'] };
    const cause = { by: 'CloudFormation', requestType: 'Create', requestId: create['RequestId'] };
    expect(bus.events).toMatchObject([{ detail: { digest: api.arn.digest, user, cause } }]);
  });

  test('answers first', async () => {
    const api = await publish();
    const order: string[] = [];
    bus.delay = async () => void order.push('announced');
    const put = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push('answered');
    };
    await answered(events.create(properties(api)), { put });
    expect(order).toEqual(['answered', 'announced']);
  });

  test('tells nothing of what changed nothing, and the same of what came again', async () => {
    const [a, b] = [await publish('a'), await publish('b')];
    const create = events.create(properties(a));
    const { physicalId: first = '' } = await answered(create);
    await answered(create);
    expect(new Set(bus.events.map(({ detail }) => detail['deduplicationId'])).size).toBe(1);
    bus.events.length = 0;
    await answered(events.update(first, properties(a), properties(a)));
    expect(types()).toEqual([]);
    const update = events.update(first, properties(b), properties(a));
    const { physicalId: second = '' } = await answered(update);
    await answered(events.update(second, properties(a), properties(b)));
    expect(types()).toEqual(['Artifact Reference Added']);
    for (const remove of [events.remove(second), events.remove(second)]) await answered(remove);
    expect(types()).toEqual(['Artifact Reference Added', 'Artifact Reference Removed']);
    await answered(events.remove('nothing-of-ours'));
    expect(types()).toHaveLength(2);
  });

  test('of many artifacts tells one by one', async () => {
    const all = await Promise.all(Array.from({ length: 25 }, (_, index) => publish(`many/${index}`)));
    await answered(events.create({ ArtifactArns: all.map(({ arn }) => formatArn(arn)) }));
    expect(bus.events.map(({ detail }) => detail['digest']).toSorted()).toEqual(
      all.map(({ arn }) => String(arn.digest)).toSorted(),
    );
    expect(bus.requests.toSorted((a, b) => a - b)).toEqual([5, 10, 10]);
  });

  test('tells what it recorded before it failed, and that it went', async () => {
    const api = await publish();
    const { key } = api;
    await store.removeIncarnation(key, (await store.head(key))!.incarnation);
    const { succeeded, physicalId = '' } = await answered(events.create(properties(api)));
    expect(succeeded).toBe(false);
    await answered(events.remove(physicalId));
    expect(types()).toEqual(['Artifact Reference Added', 'Artifact Reference Removed']);
  });

  test('tells also where CloudFormation could not be told', async () => {
    const api = await publish();
    const put = async (): Promise<void> => {
      throw new Error('no answer');
    };
    await expect(answered(events.create(properties(api)), { put })).rejects.toThrow('no answer');
    expect(types()).toEqual(['Artifact Reference Added']);
  });

  test('tells no secret', async () => {
    const api = await publish();
    const { physicalId = '' } = await answered(events.create(properties(api)));
    await answered(events.remove(physicalId));
    expect(types()).toHaveLength(2);
    expect(JSON.stringify(bus.events)).not.toMatch(/X-Amz|127\.0\.0\.1|ResponseURL/);
  });

  test('without a bus asks nobody', async () => {
    const api = await publish();
    expect((await answerTo(store, events.create(properties(api)))).succeeded).toBe(true);
    expect(bus.requests).toEqual([]);
  });
});

describe('where EventBridge', () => {
  test('does not answer, the function ends all the same, and logs what was not told', async () => {
    const api = await publish();
    bus.delay = () => new Promise(() => undefined);
    const { succeeded } = await answered(events.create(properties(api)));
    expect(succeeded).toBe(true);
    expect(lost).toMatchObject([
      {
        EventsNotAnnounced: 1,
        Events: [{ detailType: 'Artifact Reference Added', detail: { arns: [formatArn(api.arn)] } }],
      },
    ]);
    const [{ _aws }] = lost as unknown as [{ _aws: { CloudWatchMetrics: [{ Metrics: object[] }] } }];
    expect(_aws.CloudWatchMetrics[0].Metrics).toEqual([{ Name: 'EventsNotAnnounced', Unit: 'Count' }]);
  });

  test('is asked when no time is left, nothing is sent, and that is logged', async () => {
    const api = await publish();
    await announcer()([await someEvent(api)], 0);
    expect(bus.requests).toEqual([]);
    expect(lost).toMatchObject([{ EventsNotAnnounced: 1, Reason: 'no time was left' }]);
  });

  test('refuses, the command goes on, and its reason is logged', async () => {
    const api = await publish();
    bus.refuse = () => ({ code: 'AccessDeniedException', status: 403 });
    const add: KeeperCommand = { command: 'reference-add', arn: formatArn(api.arn), consumer: 'job' };
    expect(await kept(add)).toMatchObject({ results: [{ outcome: 'added' }] });
    expect(lost).toMatchObject([{ EventsNotAnnounced: 1, Reason: expect.stringMatching(/AccessDenied/) }]);
  });

  test('refuses some entries of a request, those are sent again', async () => {
    const api = await publish();
    const tries = new Map<string, number>();
    bus.failing = ({ Detail = '' }) => {
      const count = (tries.get(Detail) ?? 0) + 1;
      tries.set(Detail, count);
      return count === 1 && tries.size % 3 === 0 ? 'ThrottlingException' : undefined;
    };
    const many = await someEvents(api, 35);
    await announcer()(many, 10_000);
    expect(lost).toEqual([]);
    const ids = bus.events.map(({ detail }) => String(detail['deduplicationId']));
    expect(ids.toSorted()).toEqual(many.map(({ detail }) => detail.deduplicationId).toSorted());
    expect(bus.requests.length).toBeGreaterThan(4);
  });

  test('goes on refusing one entry, the others are told', async () => {
    const api = await publish();
    const many = await someEvents(api, 12);
    bus.failing = ({ Detail = '' }) => (Detail.includes('"number 3"') ? 'InternalFailure' : undefined);
    await announcer()(many, 10_000);
    expect(bus.events).toHaveLength(11);
    expect(lost).toMatchObject([{ EventsNotAnnounced: 1, Reason: 'InternalFailure: on purpose' }]);
  });

  test('takes one event for invalid, the others are told, and that one stands in the log', async () => {
    const api = await publish();
    const many = (await someEvents(api, 35)).map((event, index) =>
      index === 3 || index === 4 ? { ...event, detail: { ...event.detail, bucket: 'x'.repeat(300 * 1024) } } : event,
    ) as DomainEvent[];
    // By itself small, and refused with all that is in its request.
    bus.refuse = (_, { Detail = '' }) =>
      Detail.includes('"number 20"') ? { code: 'ValidationException', status: 400 } : undefined;
    await announcer()(many, 10_000);
    expect(bus.events).toHaveLength(32);
    const ids = bus.events.map(({ detail }) => detail['deduplicationId']);
    expect(ids).not.toEqual(expect.arrayContaining(['number 20']));
    expect(lost).toMatchObject([{ EventsNotAnnounced: 3, Reason: expect.stringMatching(/^ValidationException/) }]);
  });

  test('takes no more than 256 KiB in one request, events are sent apart', async () => {
    const api = await publish();
    const many = (await someEvents(api, 6)).map((event) => ({
      ...event,
      detail: { ...event.detail, bucket: 'x'.repeat(100 * 1024) },
    })) as DomainEvent[];
    await announcer()(many, 10_000);
    expect(bus.requests.toSorted((a, b) => a - b)).toEqual([2, 2, 2]);
    expect(bus.events).toHaveLength(6);
    expect(lost).toEqual([]);
  });
});

async function someEvent(api: Publication): Promise<DomainEvent> {
  const [event] = await someEvents(api, 1);
  return event!;
}

/** Events that differ, without a bus. */
async function someEvents(api: Publication, count: number): Promise<readonly DomainEvent[]> {
  const told: DomainEvent[] = [];
  const announce = async (some: readonly DomainEvent[]): Promise<void> => void told.push(...some);
  await answerTo(store, events.create(properties(api)), { announce, now });
  const [event] = told;
  if (event === undefined) throw new Error('nothing was told');
  return Array.from({ length: count }, (_, index) => ({
    ...event,
    detail: { ...event.detail, deduplicationId: `number ${index}` },
  })) as DomainEvent[];
}
