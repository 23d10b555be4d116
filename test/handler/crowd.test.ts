import { setTimeout as pause } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { handle } from '../../handler/reference/handle.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Deletion, Domain, Keeper, ObjectStore, Publication } from '../../repository/index.ts';
import { deletionKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import { runFunction } from '../support/function-process.ts';
import { PLACE } from '../support/reference-function.ts';
import { packedFunction } from '../support/sequences/over-s3.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { SLOW_DOWN } from '../support/s3-server-faults.ts';
import { AnswerServer } from '../support/stack-engine/answer-server.ts';
import type { Answer } from '../support/stack-engine/answer.ts';
import { judge } from '../support/stack-engine/answer.ts';
import { ownCertificate } from '../support/stack-engine/certificate.ts';

/** Many stacks that want one artifact at the same moment: none may lose its reference, and what they ask of the store stays in proportion. */

const STACKS = 1000;
jest.setTimeout(600_000);
/** Of a Create whose content is there. */
const CREATE_REQUESTS = 9;
/** The ending, looked for and written; the listing; the two records, each read and removed. */
const DELETE_REQUESTS = 7;
/** Pools of as many sockets as the SDK gives a client: nobody waits for another's. */
const POOLS = 20;
/** The machine that runs the tests may be slow; nothing here is about time. */
const TIME_MS = 10 * 60 * 1000;

let server: S3Server;
let clients: readonly S3Client[];
let domain: Domain;
let published: Publication;

beforeEach(async () => {
  server = await startS3Server();
  server.createBucket(PLACE.bucket, { versioning: 'Enabled' });
  // One for each stack, as each process of Lambda has its own: how often a client may ask again is counted by client.
  const pools = Array.from({ length: POOLS }, () => new S3Client(server.clientConfig()).config.requestHandler);
  clients = Array.from({ length: STACKS }, (_, stack) => {
    const pool = pools[stack % POOLS];
    return new S3Client({ ...s3ClientDefaults, ...server.clientConfig(), ...(pool && { requestHandler: pool }) });
  });
  const store = storeOf(0);
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
  published = await publishVersion(domain, { repository: 'default', id: 'shop/api' }, publishable('x'));
  server.requests.length = 0;
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await server.close();
});

function storeOf(stack: number): ObjectStore {
  const client = clients[stack];
  if (client === undefined) throw new Error('no client');
  return s3Store({ client, bucket: PLACE.bucket, expectedOwner: PLACE.account, requiresVersions: true });
}

function sourceOf(stack: number, base?: string): EventSource {
  const uuid = `6c5c5d50-7f0c-11f0-8a2b-${String(stack).padStart(12, '0')}`;
  const stackId = `arn:aws:cloudformation:us-east-1:111122223333:stack/shop-${stack}/${uuid}`;
  return new EventSource({ stackId, ...(base !== undefined && { base }) });
}

/** By the real function's code, on the store over HTTP; answers are judged as CloudFormation does. */
async function answerTo(stack: number, event: EventMembers, keeper?: Keeper): Promise<Answer> {
  const store = storeOf(stack);
  const bodies: Buffer[] = [];
  const ends = Date.now() + TIME_MS;
  await handle(event, () => ends - Date.now(), {
    connect: () => ({
      store,
      keeper: keeper ?? ownKeeper(store),
      chance: { ...steadyChance(), pause: (milliseconds) => pause(milliseconds) },
      place: PLACE,
      urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
    }),
    put: async (_, body) => {
      bodies.push(body);
    },
    log: () => undefined,
    now: () => new Date(),
    pause: (milliseconds, signal) => pause(milliseconds, undefined, signal && { signal }),
  });
  expect(bodies).toHaveLength(1);
  const { StackId, RequestId, LogicalResourceId } = event as Readonly<Record<string, string>>;
  return judge(bodies[0] ?? Buffer.alloc(0), {
    ...{ StackId: StackId ?? '', RequestId: RequestId ?? '', LogicalResourceId: LogicalResourceId ?? '' },
  });
}

interface Deployed {
  readonly source: EventSource;
  readonly answer: Answer;
}

function properties(): EventMembers {
  return { ArtifactArn: formatArn(published.arn), Key: published.key };
}

async function createAll(keeper?: Keeper): Promise<readonly Deployed[]> {
  return Promise.all(
    Array.from({ length: STACKS }, async (_, stack) => {
      const source = sourceOf(stack);
      return { source, answer: await answerTo(stack, source.create(properties()), keeper) };
    }),
  );
}

async function removeAll(deployed: readonly Deployed[]): Promise<void> {
  const answers = await Promise.all(
    deployed.map(({ source, answer }, stack) => answerTo(stack, source.remove(answer.physicalId ?? '', properties()))),
  );
  expect(answers.filter(({ succeeded }) => !succeeded)).toEqual([]);
}

/** References of stacks, and entries of what stacks use: by how many stacks each. */
async function recorded(): Promise<{ readonly references: number; readonly consumers: number }> {
  const stacksIn = async (prefix: string, at: number): Promise<number> => {
    const stacks = new Set<string>();
    let keys = 0;
    for await (const { key } of domain.store.list(prefix)) {
      stacks.add(key.split('/')[at] ?? '');
      keys += 1;
    }
    expect(keys).toBe(stacks.size);
    return stacks.size;
  };
  return {
    references: await stacksIn(`references/${published.arn.digest}/stack/`, 6),
    consumers: await stacksIn('consumers/stack/', 5),
  };
}

function requestsSince(): number {
  return server.requests.splice(0).length;
}

function expectAllSucceeded(deployed: readonly Deployed[]): void {
  expect(deployed.filter(({ answer }) => !answer.succeeded).map(({ answer }) => answer.reason)).toEqual([]);
}

describe(`${STACKS} stacks at once`, () => {
  test('bind one artifact, and give it up again, in as many requests as one after the other', async () => {
    const deployed = await createAll();
    expect(requestsSince()).toBeLessThanOrEqual(CREATE_REQUESTS * STACKS);
    expectAllSucceeded(deployed);
    expect(await recorded()).toEqual({ references: STACKS, consumers: STACKS });
    requestsSince();
    await removeAll(deployed);
    expect(requestsSince()).toBeLessThanOrEqual(DELETE_REQUESTS * STACKS);
    expect(await recorded()).toEqual({ references: 0, consumers: 0 });
  });

  test('whom the store tells to slow down ask once more each, and no oftener', async () => {
    // All that come first, then one in ten.
    const first = server.faults.add({ fault: SLOW_DOWN, times: STACKS / 2 });
    const later = server.faults.add({ fault: SLOW_DOWN, times: Infinity, probability: 0.1 });
    const deployed = await createAll();
    const refused = first.hits() + later.hits();
    expect(refused).toBeGreaterThan(STACKS);
    expect(requestsSince()).toBeLessThanOrEqual(CREATE_REQUESTS * STACKS + refused);
    expectAllSucceeded(deployed);
    const before = later.hits();
    await removeAll(deployed);
    expect(requestsSince()).toBeLessThanOrEqual(DELETE_REQUESTS * STACKS + later.hits() - before);
    server.faults.clear();
    expect(await recorded()).toEqual({ references: 0, consumers: 0 });
  });

  test('have one condemnation lifted, by one question of the keeper each at most', async () => {
    const { key, arn } = published;
    const head = await domain.store.head(key);
    if (head === undefined) throw new Error('no blob');
    const incarnations = [{ key, incarnation: head.incarnation }];
    const deletion: Deletion = { state: 'condemned', nonce: 'n', incarnations, since: '2026-01-01T00:00:00.000Z' };
    await domain.store.create(deletionKey(arn.digest), recordContent(deletion));
    requestsSince();
    let asked = 0;
    const keeper: Keeper = {
      ...domain.keeper,
      cancel: async (digest) => {
        asked += 1;
        await domain.keeper.cancel(digest);
      },
    };
    const deployed = await createAll(keeper);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(STACKS);
    // Each may look at the deletion twice, and the keeper reads and replaces the record for each that asks.
    expect(requestsSince()).toBeLessThanOrEqual((CREATE_REQUESTS + 1) * STACKS + 2 * asked);
    expectAllSucceeded(deployed);
    expect(await recorded()).toEqual({ references: STACKS, consumers: STACKS });
    expect(await domain.store.head(key)).toBeDefined();
  });
});

test('processes of the packed function at once: the same', async () => {
  const processes = 8;
  const each = 10;
  const answers: Answer[] = [];
  const receiver = new AnswerServer(ownCertificate(), async ({ path: requested, body }) => {
    const object = decodeURIComponent(requested.slice(1, requested.indexOf('?')));
    const [StackId = '', LogicalResourceId = '', RequestId = ''] = object.split('|');
    answers.push(judge(body, { StackId, LogicalResourceId, RequestId }));
    return { status: 200 };
  });
  const base = await receiver.listen();
  try {
    const file = await packedFunction();
    const { credentials } = server.clientConfig();
    const env = {
      ...{ BUCKET: PLACE.bucket, ACCOUNT: PLACE.account, PARTITION: PLACE.partition, KEEPER: 'keeper' },
      ...{ AWS_REGION: PLACE.region, AWS_ENDPOINT_URL_S3: server.endpoint },
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const ended = await Promise.all(
      Array.from({ length: processes }, (_, one) => {
        const events = Array.from({ length: each }, (__, index) =>
          sourceOf(one * each + index, base).create(properties()),
        );
        return runFunction({ program: process.execPath, file, env }, events);
      }),
    );
    expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
    expect(answers.filter(({ succeeded }) => succeeded)).toHaveLength(processes * each);
    expect(requestsSince()).toBeLessThanOrEqual(CREATE_REQUESTS * processes * each);
    expect(await recorded()).toEqual({ references: processes * each, consumers: processes * each });
  } finally {
    await receiver.close();
  }
});
