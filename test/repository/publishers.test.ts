import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { establishDomain, LOCAL_PLACE, ownKeeper } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import { answerOf } from '../support/child-script.ts';
import { testDomain } from '../support/domain.ts';
import { randomFrom } from '../support/interleaving.ts';
import { Line } from '../support/linearizability/unreliable-store.ts';
import { publishStubbornly } from '../support/publish-stubbornly.ts';
import type { Got } from '../support/publish-stubbornly.ts';
import { PUBLISHERS, ROUNDS, wrongIn } from '../support/publishers.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { CONFLICT, INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE } from '../support/s3-server-faults.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Fifty who publish under one ID at once: each gets a number of his own, none is lost, and a label goes to one content alone. */

/** Fifty take minutes there, because each of them comes to see each number go to another: PUBLISHERS_ON_S3=50. */
const ON_S3 = Number(process.env['PUBLISHERS_ON_S3'] ?? 16);

const EVERYBODY = Array.from({ length: PUBLISHERS }, (_, publisher) => publisher);

/** Each request is one step, and others take theirs before and after it, in an order that follows from a seed. */
function jittery(store: ObjectStore, random: () => number): ObjectStore {
  const wait = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const after = async <T>(request: () => Promise<T>): Promise<T> => {
    await wait();
    return request();
  };
  return {
    ...store,
    read: (...given) => after(() => store.read(...given)),
    head: (...given) => after(() => store.head(...given)),
    create: (...given) => after(() => store.create(...given)),
    replace: (...given) => after(() => store.replace(...given)),
    async *list(...given) {
      await wait();
      yield* store.list(...given);
    },
  };
}

describe.each(Object.entries(ROUNDS))('%s', (_, wanted) => {
  test.each([
    ['in memory', { lost: 0, failed: 0, late: 0 }],
    ['in memory, with lost answers, failures and writes that come late', { lost: 10, failed: 3, late: 10 }],
  ])('%s', async (_where, mishaps) => {
    for (const seed of [1, 2]) {
      const random = randomFrom(seed);
      const store = memoryStore(steadyChance().now);
      await testDomain(store);
      const line = new Line(store, mishaps, random);
      const got = await Promise.all(
        EVERYBODY.map(async (publisher) => {
          const own = line.wrap(jittery(store, random));
          const domain: Domain = await testDomain(own, `publisher${publisher}n`);
          return publishStubbornly(domain, wanted(publisher));
        }),
      );
      expect(await wrongIn(store, wanted, got)).toEqual([]);
    }
  });

  test('in a directory, from several processes', async () => {
    const PROCESSES = 5;
    const BEFORE_ALL_ARE_THERE_MS = 1500;
    const root = await temporaryFolder();
    const script = fileURLToPath(new URL('../support/publishing-child.ts', import.meta.url));
    const share = PUBLISHERS / PROCESSES;
    const moment = String(Date.now() + BEFORE_ALL_ARE_THERE_MS);
    const got = await Promise.all(
      Array.from({ length: PROCESSES }, (_one, number) => {
        const wishes = EVERYBODY.slice(number * share, (number + 1) * share).map(wanted);
        return answerOf<Got[]>(script, [root, moment, JSON.stringify(wishes)]);
      }),
    );
    expect(await wrongIn(directoryStore(root), wanted, got.flat())).toEqual([]);
  });
});

describe('on S3, with requests that are lost, refused and repeated', () => {
  let server: S3Server;
  let clients: S3Client[] = [];

  beforeEach(async () => {
    server = await startS3Server({ seed: 1 });
  });
  afterEach(async () => {
    for (const client of clients) client.destroy();
    clients = [];
    await server.close();
  });

  // The first is contained in the second.
  test.each(Object.entries(ROUNDS).slice(1))('%s', async (_, wanted) => {
    server.createBucket('artifacts', { versioning: 'Enabled' });
    const stores = Array.from({ length: 5 }, () => {
      const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
      clients.push(client);
      return s3Store({ client, bucket: 'artifacts', requiresVersions: true });
    });
    const domains = await Promise.all(
      EVERYBODY.slice(0, ON_S3).map((publisher) => {
        const store = stores[publisher % stores.length];
        if (store === undefined) throw new Error('there is no store');
        const pause = (milliseconds: number): Promise<void> =>
          new Promise((resolve) => setTimeout(resolve, milliseconds / 10));
        const chance = { ...steadyChance(`publisher${publisher}n`), pause };
        return establishDomain({ store, keeper: ownKeeper(store), chance }, { ...LOCAL_PLACE, bucket: 'local' });
      }),
    );
    const target = { key: /^(?:labels|versions|references|blobs)\//, times: Infinity };
    for (const fault of [
      RESET_BEFORE,
      RESET_AFTER,
      INTERNAL_ERROR,
      { effect: 'error-after', code: 'InternalError' } as const,
    ])
      server.faults.add({ ...target, fault, probability: 0.02 });
    server.faults.add({ ...target, fault: CONFLICT, operation: 'PutObject', probability: 0.03 });
    server.faults.add({
      ...target,
      fault: { effect: 'twice', requests: 9 },
      operation: 'PutObject',
      probability: 0.05,
    });
    const got = await Promise.all(
      domains.map(async (domain, publisher) => publishStubbornly(domain, wanted(publisher))),
    );
    server.faults.clear();
    expect(server.requests.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(2);
    const [store] = stores;
    expect(store && (await wrongIn(store, wanted, got))).toEqual([]);
  });
});
