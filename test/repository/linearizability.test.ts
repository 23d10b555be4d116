import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contentOf, establishDomain, LOCAL_PLACE, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { bytesOf } from '../../repository/content.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { chooseBy, interleaveIn, randomFrom } from '../support/interleaving.ts';
import { callBy, NAME, perform, refusalOf, VERSIONS } from '../support/linearizability/actors.ts';
import type { Answer, Call, State } from '../support/linearizability/artifact-model.ts';
import { artifactModel } from '../support/linearizability/artifact-model.ts';
import { History, linearize } from '../support/linearizability/checker.ts';
import type { Recorded } from '../support/linearizability/checker.ts';
import { Line } from '../support/linearizability/unreliable-store.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { CONFLICT, INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE } from '../support/s3-server-faults.ts';

/** Histories of those who move one bookmark and change the statuses of what it may name: there is an order in which each operation took place at one moment. */

const EMPTY: State = { versions: {} };
const ACTORS = 4;
/** One after the other. */
const CALLS = 4;
/** Of the requests of a story, about as many as there are. */
const REQUESTS = 150;

const SOUND = { lost: 0, failed: 0, late: 0 };
const FAULTY = { lost: 15, failed: 4, late: 15 };

interface How {
  readonly mishaps: typeof SOUND;
  /** What an actor sees of the store otherwise than it is. */
  readonly weaken?: (store: ObjectStore) => ObjectStore;
  /** What is done otherwise than the product does it. */
  readonly act?: typeof perform;
}

async function withVersions(domain: Domain): Promise<Domain> {
  for (let number = 1; number <= VERSIONS; number++) await publishVersion(domain, NAME, publishable(`v${number}`));
  return domain;
}

function plansBy(random: () => number): readonly (readonly Call[])[] {
  return Array.from({ length: ACTORS }, () => Array.from({ length: CALLS }, () => callBy(random)));
}

/** A story that one seed tells, to the letter. In every second one an actor stops for ever. */
async function play(
  seed: number,
  { mishaps, weaken = (store) => store, act = perform }: How,
): Promise<History<Call, Answer>> {
  const random = randomFrom(seed);
  const raw = memoryStore(steadyChance().now);
  const base = await withVersions(await testDomain(raw, 'before'));
  const history = new History<Call, Answer>();
  const line = new Line(raw, mishaps, random);
  const plans = plansBy(random);
  const crash = random() < 0.5 ? Math.floor(random() * REQUESTS) : -1;
  const actors = plans.map((calls, actor) => async (own: Domain) => {
    const domain = { ...own, store: weaken(line.wrap(own.store)) };
    for (const call of calls) await history.record(actor, call, () => act(domain, call), refusalOf);
  });
  const { outcomes } = await interleaveIn(base, actors, chooseBy(random), (_, step) => step === crash);
  for (const outcome of outcomes) if (outcome instanceof Error) throw outcome;
  return history;
}

function isLinearizable({ operations }: History<Call, Answer>): boolean {
  return linearize(operations, artifactModel(EMPTY)) !== undefined;
}

/** What is seen as being given up while nobody can be at that. */
function strayMarks(operations: readonly Recorded<Call, Answer>[]): readonly Recorded<Call, Answer>[] {
  return operations.filter(({ call, begun, answer }) => {
    if (call.does !== 'look' || answer?.status !== 'Deleting') return false;
    return !operations.some(
      (one) =>
        (one.call.does === 'delete' || (one.call.does === 'change' && one.call.to === 'Disposed')) &&
        one.call.number === call.number &&
        (one.ended ?? Infinity) > begun,
    );
  });
}

/** LINEARIZABILITY_SEEDS says otherwise. */
const SEEDS = Number(process.env['LINEARIZABILITY_SEEDS'] ?? 300);

describe('bookmarks and statuses are linearizable', () => {
  test.each([
    ['on a sound line', SOUND],
    ['with lost answers, failures, writes that come late, and crashes', FAULTY],
  ])('%s', async (what, mishaps) => {
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const history = await play(seed, { mishaps });
      expect(isLinearizable(history) ? [] : [`seed ${seed}`, ...history.lines]).toEqual([]);
      expect(strayMarks(history.operations)).toEqual([]);
      for (const { call, answer } of history.operations) {
        const outcome = `${call.does} ${answer?.outcome ?? 'unanswered'}`;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }
    const told = [...outcomes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([outcome, times]) => `${outcome} ${times}`);
    process.stderr.write(`${what}, ${SEEDS} histories: ${told.join(', ')}\n`);
    // Everything that can come of an operation came of some.
    expect([...outcomes.keys()]).toEqual(
      expect.arrayContaining([
        ...['created', 'moved', 'exists', 'STALE_REVISION', 'ARTIFACT_ARCHIVED', 'ARTIFACT_DELETED'].map(
          (one) => `set ${one}`,
        ),
        ...['deleted', 'absent', 'STALE_REVISION'].map((one) => `unset ${one}`),
        ...['changed', 'exists', 'used', 'STALE_REVISION', 'STATUS_NOT_ALLOWED'].map((one) => `change ${one}`),
        ...['delete deleted', 'delete already', 'delete used', 'undelete undeleted', 'undelete not deleted'],
      ]),
    );
  });
});

/** By its seed, the first history that is not linearizable. */
async function firstWrong(how: How): Promise<number | undefined> {
  for (let seed = 1; seed <= SEEDS; seed++) if (!isLinearizable(await play(seed, how))) return seed;
  return undefined;
}

const overwriting =
  (kind: string) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    async replace(key, content, revision) {
      if (!key.startsWith(kind)) return store.replace(key, content, revision);
      await store.overwrite(key, content);
      return 'replaced';
    },
  });

/** Who lost an answer recognises his writing only as long as nobody else has written. */
function forgetful(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async read(key) {
      const object = await store.read(key);
      if (object === undefined || !key.startsWith('statuses/')) return object;
      const record = JSON.parse((await bytesOf(object.body)).toString('utf8')) as object;
      return { ...object, body: contentOf(JSON.stringify({ ...record, earlier: undefined })).read() };
    },
  };
}

describe('the checker sees what is wrong in histories of', () => {
  test.each<readonly [string, () => How]>([
    [
      'a bookmark that is read from what was once seen',
      () => {
        const seen = new WeakMap<Domain, Answer>();
        const act: typeof perform = async (domain, call) => {
          if (call.does !== 'get') return perform(domain, call);
          const answer = seen.get(domain) ?? (await perform(domain, call));
          seen.set(domain, answer);
          return answer;
        };
        return { mishaps: SOUND, act };
      },
    ],
    ['a bookmark that is written whatever stands there', () => ({ mishaps: SOUND, weaken: overwriting('bookmarks/') })],
    ['a status that is written whatever stands there', () => ({ mishaps: SOUND, weaken: overwriting('statuses/') })],
    [
      'an expectation that is not looked at',
      () => ({
        mishaps: SOUND,
        act: (domain, call) =>
          perform(domain, 'expected' in call ? ({ ...call, expected: undefined } as unknown as Call) : call),
      }),
    ],
    ['a status that does not tell what was written before', () => ({ mishaps: FAULTY, weaken: forgetful })],
  ])('%s', async (what, how) => {
    const seed = await firstWrong(how());
    process.stderr.write(`${what}: caught by seed ${String(seed)}\n`);
    expect(seed).toBeDefined();
  });
});

describe('the checker', () => {
  const set = (number: number, expected?: number): Call => ({
    ...{ does: 'set', number },
    ...(expected !== undefined && { expected }),
  });
  const get: Call = { does: 'get' };
  const found = (from?: number): Answer => ({ outcome: 'found', ...(from !== undefined && { from }) });
  const created: Answer = { outcome: 'created' };
  const moved = (from: number): Answer => ({ outcome: 'moved', from });
  const at = (begun: number, ended: number | undefined, call: Call, answer?: Answer): Recorded<Call, Answer> => ({
    ...{ actor: 0, call, begun },
    ...(ended !== undefined && { ended }),
    ...(answer !== undefined && { answer }),
  });
  const order = (...history: readonly Recorded<Call, Answer>[]): boolean =>
    linearize(history, artifactModel(EMPTY)) !== undefined;

  test('takes what is under way at the same time in either order', () => {
    expect(order(at(0, 3, set(1), created), at(1, 2, get, found()))).toBe(true);
    expect(order(at(0, 3, set(1), created), at(1, 2, get, found(1)))).toBe(true);
    expect(order(at(0, 3, set(2), moved(1)), at(1, 2, set(1), created))).toBe(true);
  });

  test('refuses a read of what was there before', () => {
    expect(order(at(0, 1, set(1), created), at(2, 3, get, found()))).toBe(false);
    expect(order(at(0, 5, set(1), created), at(1, 2, get, found(1)), at(3, 4, get, found()))).toBe(false);
  });

  test('refuses an update that is lost', () => {
    expect(order(at(0, 2, set(1), created), at(1, 3, set(2), created))).toBe(false);
    expect(order(at(0, 1, set(1), created), at(2, 3, set(2), moved(1)), at(4, 5, get, found(1)))).toBe(false);
  });

  test('refuses what was not expected, and a refusal of what was', () => {
    expect(order(at(0, 1, set(1), created), at(2, 3, set(2, 0), moved(1)))).toBe(false);
    expect(order(at(0, 1, set(1), created), at(2, 3, set(2, 1), { outcome: 'STALE_REVISION' }))).toBe(false);
  });

  test('lets what nobody heard of take place at any later moment, once, or never', () => {
    const unheard = at(0, undefined, set(1));
    expect(order(unheard, at(1, 2, get, found()))).toBe(true);
    expect(order(unheard, at(1, 2, get, found()), at(3, 4, get, found(1)))).toBe(true);
    expect(order(unheard, at(1, 2, get, found(1)), at(3, 4, get, found()))).toBe(false);
    expect(order(unheard, at(1, 2, { does: 'unset' }, { outcome: 'deleted', from: 1 }), at(3, 4, get, found(1)))).toBe(
      false,
    );
  });

  test('refuses a bookmark that names what is given up', () => {
    const deletes = (begun: number, ended: number): Recorded<Call, Answer> =>
      at(begun, ended, { does: 'delete', number: 1 }, { outcome: 'deleted', status: 'Deleted' });
    expect(order(at(0, 1, set(1), created), deletes(2, 3))).toBe(false);
    expect(order(deletes(0, 1), at(2, 3, set(1), created))).toBe(false);
    expect(order(at(0, 1, set(1), created), at(2, 5, set(2), moved(1)), deletes(3, 4))).toBe(true);
  });
});

describe('on S3', () => {
  let server: S3Server;
  const clients: S3Client[] = [];

  beforeAll(async () => {
    server = await startS3Server({ seed: 1 });
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await server.close();
  });

  const STORIES = 8;

  test('with lost answers, repeated and refused requests', async () => {
    for (const fault of [
      RESET_BEFORE,
      RESET_AFTER,
      INTERNAL_ERROR,
      { effect: 'error-after', code: 'InternalError' } as const,
    ])
      server.faults.add({ fault, key: /^(?:bookmarks|statuses)\//, probability: 0.04, times: Infinity });
    const target = { key: /^(?:bookmarks|statuses)\//, operation: 'PutObject', times: Infinity };
    server.faults.add({ ...target, fault: CONFLICT, probability: 0.05 });
    server.faults.add({ ...target, fault: { effect: 'twice', requests: 5 }, probability: 0.1 });
    for (let seed = 1; seed <= STORIES; seed++) {
      const random = randomFrom(seed);
      const bucket = `artifacts-${seed}`;
      server.createBucket(bucket, { versioning: 'Enabled' });
      const domains: Domain[] = [];
      for (let actor = 0; actor < ACTORS; actor++) {
        const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
        clients.push(client);
        const store = s3Store({ client, bucket, requiresVersions: true });
        const pause = (milliseconds: number): Promise<void> =>
          new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, 5)));
        const chance = { ...steadyChance(`s${seed}a${actor}n`), pause };
        domains.push(
          await establishDomain({ store, keeper: ownKeeper(store), chance }, { ...LOCAL_PLACE, bucket: 'local' }),
        );
      }
      const [first] = domains;
      if (first !== undefined) await withVersions(first);
      const history = new History<Call, Answer>();
      const plans = plansBy(random);
      await Promise.all(
        domains.map(async (domain, actor) => {
          for (const call of plans[actor] ?? [])
            await history.record(actor, call, () => perform(domain, call), refusalOf);
        }),
      );
      expect(isLinearizable(history) ? [] : [`seed ${seed}`, ...history.lines]).toEqual([]);
    }
    expect(server.requests.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(STORIES);
  });
});
