import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Kept } from '../../handler/keeper/handle.ts';
import { handle } from '../../handler/keeper/handle.ts';
import type { KeeperReply } from '../../repository/asking/reply.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable } from '../support/domain.ts';
import { PLACE } from '../support/reference-function.ts';

const NAME = { repository: 'default', id: 'shop/api' };

let store: ObjectStore;
let domain: Domain;
let lines: Readonly<Record<string, unknown>>[];
let now: number;

beforeEach(async () => {
  lines = [];
  now = Date.UTC(2026, 0, 1);
  store = memoryStore(() => new Date(0));
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
});

/** @param remaining milliseconds that the function has; each look at the clock takes one of its `pace` */
function asked(
  event: unknown,
  { remaining = 900_000, pace = 0, own = store }: { remaining?: number; pace?: number; own?: ObjectStore } = {},
): Promise<KeeperReply> {
  const began = now;
  const kept: Kept = { store: own, keeper: ownKeeper(own), chance: domain.chance, place: PLACE, evidence: noEvidence };
  const clock = (): number => (now += pace);
  return handle(
    event,
    { requestId: 'r', qualifier: '', remaining: () => remaining - (clock() - began) },
    {
      connect: () => kept,
      log: (line) => lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>),
      now: () => new Date(clock()),
    },
  );
}

async function withConsumers(versions: number): Promise<unknown> {
  for (let number = 1; number <= versions; number++) {
    const { arn } = await publishVersion(domain, NAME, publishable(`content ${number}`));
    await asked({ command: 'reference-add', arn: formatArn(arn), consumer: 'job' });
  }
  lines = [];
  const { partition, account, region } = domain;
  return { command: 'reference-remove', arn: formatArn({ partition, account, region, ...NAME }), consumer: 'job' };
}

describe('the keeper’s function', () => {
  test('keeps a minute of its time for the answer', async () => {
    const remove = await withConsumers(5);
    // 40 seconds for each step.
    const reply = await asked(remove, { remaining: 200_000, pace: 20_000 });
    expect(reply).toMatchObject({ next: { after: expect.any(String) } });
    expect((reply as { results: object[] }).results.length).toBeLessThan(5);
    expect(lines).toMatchObject([{ Outcome: 'unfinished' }]);
  });

  test('of a short time keeps a third', async () => {
    const remove = await withConsumers(3);
    expect(await asked(remove, { remaining: 3000 })).toMatchObject({ results: [{}, {}, {}] });
  });

  test('answers after some minutes, however much time there is, so that nobody cuts the connection', async () => {
    const remove = await withConsumers(3);
    const reply = await asked(remove, { pace: 150_000, remaining: 1e9 });
    expect((reply as { results: object[] }).results).toHaveLength(1);
    expect(reply).toHaveProperty('next');
  });

  test('throws what nobody foresaw, and logs where it came from', async () => {
    const { arn } = await publishVersion(domain, NAME, publishable('x'));
    const own: ObjectStore = {
      ...store,
      read: (key, incarnation) => {
        if (key.startsWith('versions/')) throw new TypeError('a defect');
        return store.read(key, incarnation);
      },
    };
    const add = { command: 'reference-add', arn: formatArn(arn), consumer: 'job' };
    await expect(asked(add, { own })).rejects.toThrow('a defect');
    expect(lines).toMatchObject([
      { Command: add, Outcome: 'failed', KeeperFailures: 1, Stack: expect.stringContaining('keeper.test.ts') },
    ]);
  });

  test('logs nothing of what is no command', async () => {
    expect(await asked({ command: 'x', secret: 'hush' })).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
    expect(JSON.stringify(lines)).not.toContain('hush');
    expect(lines).toMatchObject([{ Outcome: 'failed', Code: 'INVALID_ARGUMENT' }]);
  });

  test('logs and answers little, however much it is sent', async () => {
    const long = 'x'.repeat(100_000);
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`m${index}`, 1]));
    const events: readonly object[] = [
      { command: 'cancel', digest: long },
      { command: 'cancel', digest: '0'.repeat(64), [long]: 1 },
      { command: 'cancel', digest: '0'.repeat(64), ...many },
      { command: 'reference-add', arn: long, consumer: 'job' },
      { command: 'reference-add', arn: long, consumer: long, resolvedFrom: long },
      { command: 'audit', fix: true, after: long },
    ];
    for (const event of events) {
      const reply = await asked(event);
      expect(reply).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
      expect(JSON.stringify(reply).length).toBeLessThan(2000);
    }
    expect(JSON.stringify(lines).length).toBeLessThan(2000 * events.length);
  });

  test('says what to do where the bucket is no domain', async () => {
    const own = memoryStore(() => new Date(0));
    expect(await asked({ command: 'tend' }, { own })).toEqual({
      error: {
        ...{ code: 'DOMAIN_NOT_FOUND', message: "the bucket 'artifacts' is no domain of artifacts yet" },
        remedy: 'Run: cfn-artifacts bootstrap',
      },
    });
  });
});
