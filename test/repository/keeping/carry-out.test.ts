import { beforeEach, describe, expect, test } from '@jest/globals';
import { contentOf, formatArn, listUsers, publishVersion } from '../../../repository/index.ts';
import type { Domain, Finding, KeeperCommand, ObjectStore, Publication } from '../../../repository/index.ts';
import { bind } from '../../../repository/bind.ts';
import type { Deletion } from '../../../repository/deletion.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import type { Evidence } from '../../../repository/evidence/evidence.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { Keeping } from '../../../repository/keeping/keeping.ts';
import { deletionKey, progressKey, statusKey, versionKey } from '../../../repository/keys.ts';
import { readRecord, recordContent } from '../../../repository/record.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { keysIn } from '../../support/keys-in.ts';
import { storesOfADomain } from '../../support/stores-of-a-domain.ts';

const NAME = { repository: 'default', id: 'shop/api' };

const keeping = (domain: Domain, more: Partial<Keeping> = {}): Keeping => ({
  ...{ domain, evidence: noEvidence, isTimeUp: () => false },
  ...more,
});

/** Every piece, one after the other, each ended after its first step. */
async function inPieces(command: KeeperCommand, around: Keeping): Promise<{ results: object[]; pieces: number }> {
  const results: object[] = [];
  let pieces = 0;
  for (let next: KeeperCommand | undefined = command; next !== undefined; pieces++) {
    const answer: Awaited<ReturnType<typeof carryOut>> = await carryOut(next, { ...around, isTimeUp: () => true });
    results.push(...answer.results);
    ({ next } = answer);
  }
  return { results, pieces };
}

const STORES = storesOfADomain();

describe.each(Object.entries(STORES))('a domain %s', (_, open) => {
  let domain: Domain;
  let first: Publication;
  let second: Publication;

  beforeEach(async () => {
    domain = await testDomain(await open());
    first = await publishVersion(domain, NAME, publishable('one'));
    second = await publishVersion(domain, NAME, publishable('two'));
  });

  const add = (of: Publication, consumer: string, resolvedFrom?: string): ReturnType<typeof carryOut> => {
    const chosen = resolvedFrom === undefined ? {} : { resolvedFrom };
    return carryOut({ command: 'reference-add', arn: formatArn(of.arn), consumer, ...chosen }, keeping(domain));
  };
  const remove = (arn: string, consumer: string): ReturnType<typeof carryOut> =>
    carryOut({ command: 'reference-remove', arn, consumer }, keeping(domain));

  async function users(): Promise<string[]> {
    const found: string[] = [];
    for await (const { consumer, version, resolvedFrom = '' } of listUsers(domain, NAME)) {
      found.push([consumer.kind === 'named' ? consumer.name : '?', version, resolvedFrom].join(' '));
    }
    return found.sort();
  }

  async function condemn(state: Deletion['state']): Promise<void> {
    const head = await domain.store.head(first.key);
    if (head === undefined) throw new Error('no blob');
    const incarnations = [{ key: first.key, incarnation: head.incarnation }];
    const deletion: Deletion = { state, nonce: 'n', incarnations, since: '' };
    await domain.store.create(deletionKey(first.arn.digest), recordContent(deletion));
  }

  test('cancels a deletion, and finishes one that was decided', async () => {
    await condemn('condemned');
    const { digest } = first.arn;
    expect(await carryOut({ command: 'finish', digest }, keeping(domain))).toEqual({ results: [] });
    expect(await domain.store.head(first.key)).toBeDefined();
    expect(await carryOut({ command: 'cancel', digest }, keeping(domain))).toEqual({ results: [] });
    const cancelled = await readDeletion(domain.store, digest);
    expect(cancelled?.value.state).toBe('cancelled');
    if (cancelled === undefined) throw new Error('no record');
    const decided = recordContent({ ...cancelled.value, state: 'deleting' } satisfies Deletion);
    await domain.store.replace(deletionKey(digest), decided, cancelled.revision);
    await carryOut({ command: 'cancel', digest }, keeping(domain));
    expect(await domain.store.head(first.key)).toBeDefined();
    await carryOut({ command: 'finish', digest }, keeping(domain));
    expect(await domain.store.head(first.key)).toBeUndefined();
    expect(await domain.store.head(deletionKey(digest))).toBeUndefined();
  });

  test('records a consumer once, with the bookmark that chose the version', async () => {
    const arn = formatArn(first.arn);
    expect((await add(first, 'team/job', 'default/shop/api^prod')).results).toEqual([
      { arn, consumer: 'team/job', outcome: 'added' },
    ]);
    expect((await add(first, 'team/job')).results).toEqual([{ arn, consumer: 'team/job', outcome: 'exists' }]);
    // One is the beginning of the other.
    await add(second, 'team');
    await add(first, 'team');
    expect(await users()).toEqual(['team 1 ', 'team 2 ', 'team/job 1 default/shop/api^prod']);
    expect((await remove(arn, 'team')).results).toEqual([{ ...NAME, version: 1, consumer: 'team' }]);
    expect(await users()).toEqual(['team 2 ', 'team/job 1 default/shop/api^prod']);
  });

  test('lets one go of a version or of all, and of nothing that is not there', async () => {
    await add(first, 'job');
    await add(second, 'job');
    expect((await remove(formatArn(second.arn), 'nobody')).results).toEqual([]);
    const { partition, account, region } = domain;
    const artifact = { partition, account, region, ...NAME };
    expect((await remove(formatArn(artifact), 'job')).results).toEqual([
      { ...NAME, version: 2, consumer: 'job' },
      { ...NAME, version: 1, consumer: 'job' },
    ]);
    expect(await users()).toEqual([]);
    expect((await remove(formatArn(artifact), 'job')).results).toEqual([]);
  });

  test('cancels the condemnation of what is wanted again', async () => {
    await condemn('condemned');
    expect((await add(first, 'job')).results).toMatchObject([{ outcome: 'added' }]);
    expect((await readDeletion(domain.store, first.arn.digest))?.value.state).toBe('cancelled');
  });

  test('refuses what may not be used, and leaves nobody behind', async () => {
    await add(second, 'before');
    await domain.store.create(statusKey(NAME, 1), recordContent({ status: 'Archived' }));
    await expect(add(first, 'job')).rejects.toMatchObject({ code: 'ARTIFACT_ARCHIVED' });
    await domain.store.create(statusKey(NAME, 2), recordContent({ status: 'Deleting' }));
    await expect(add(second, 'job')).rejects.toMatchObject({ code: 'ARTIFACT_DELETED' });
    // What is recorded stays so.
    expect((await add(second, 'before')).results).toMatchObject([{ outcome: 'exists' }]);
    expect(await users()).toEqual(['before 2 ']);
  });

  test('refuses what is gone or was never there, and leaves nobody behind', async () => {
    await condemn('deleting');
    await expect(add(first, 'job')).rejects.toMatchObject({ code: 'ARTIFACT_DELETED' });
    const head = await domain.store.head(second.key);
    if (head === undefined) throw new Error('no blob');
    await domain.store.removeIncarnation(second.key, head.incarnation);
    await expect(add(second, 'job')).rejects.toMatchObject({ code: 'CONTENT_MISSING' });
    const absent = { ...first, arn: { ...first.arn, version: 7 } };
    await expect(add(absent, 'job')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    const another = { ...first, arn: { ...first.arn, digest: second.arn.digest } };
    await expect(add(another, 'job')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    const foreign = { ...first, arn: { ...first.arn, region: 'eu-west-1' } };
    await expect(add(foreign, 'job')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect((await keysIn(domain.store, 'references/')).filter((key) => key.includes('/named/'))).toEqual([]);
  });
});

test('a version with several assets is used, and let go, with all of them', async () => {
  const domain = await testDomain();
  const [one, two] = [
    await publishVersion(domain, NAME, publishable('one')),
    await publishVersion(domain, { ...NAME, id: 'other' }, publishable('two')),
  ];
  const asset = (of: Publication, name: string): object => {
    const { digest } = of.arn;
    return { name, digest, filename: 'archive.zip', size: of.size };
  };
  const assets = [asset(one, 'a'), asset(two, 'b'), asset(one, 'c')];
  const manifest = { format: 1, ...NAME, number: 2, nonce: 'n', published: '2026-01-01T00:00:00.000Z', assets };
  await domain.store.create(versionKey(NAME, 2), recordContent(manifest));
  const arn = formatArn({ ...two.arn, ...NAME, version: 2 });
  const around = keeping(domain);
  expect((await carryOut({ command: 'reference-add', arn, consumer: 'job' }, around)).results).toMatchObject([
    { outcome: 'added' },
  ]);
  const named = async (): Promise<string[]> =>
    (await keysIn(domain.store, 'references/')).filter((key) => key.includes('/named/job/'));
  expect((await named()).map((key) => key.split('/')[1])).toEqual([one.arn.digest, two.arn.digest].sort());
  // What a keeper that died has left is completed.
  const [lost = ''] = await named();
  const head = await domain.store.head(lost as Parameters<ObjectStore['head']>[0]);
  if (head === undefined) throw new Error('no record');
  await domain.store.removeRevision(head.key, head.revision);
  expect((await carryOut({ command: 'reference-add', arn, consumer: 'job' }, around)).results).toMatchObject([
    { outcome: 'added' },
  ]);
  expect(await named()).toHaveLength(2);
  expect((await carryOut({ command: 'reference-remove', arn, consumer: 'job' }, around)).results).toHaveLength(1);
  expect(await named()).toEqual([]);
});

test('a removal in pieces is one', async () => {
  const domain = await testDomain();
  const numbers = [1, 2, 3, 4, 5, 6];
  for (const number of numbers) {
    const { arn } = await publishVersion(domain, NAME, publishable(`content ${number}`));
    if (number !== 3) {
      await carryOut({ command: 'reference-add', arn: formatArn(arn), consumer: 'job' }, keeping(domain));
    }
  }
  const { partition, account, region } = domain;
  const arn = formatArn({ partition, account, region, ...NAME });
  const { results, pieces } = await inPieces({ command: 'reference-remove', arn, consumer: 'job' }, keeping(domain));
  expect(results.map((one) => (one as { version: number }).version)).toEqual([6, 5, 4, 2, 1]);
  expect(pieces).toBe(numbers.length + 1);
});

test('a removal of one version comes to its end, however little time there is', async () => {
  const domain = await testDomain();
  const arn = formatArn((await publishVersion(domain, NAME, publishable('content'))).arn);
  await carryOut({ command: 'reference-add', arn, consumer: 'job' }, keeping(domain));
  const { results, pieces } = await inPieces({ command: 'reference-remove', arn, consumer: 'job' }, keeping(domain));
  expect(results).toHaveLength(1);
  expect(pieces).toBe(2);
});

describe('an audit', () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  let domain: Domain;
  let time: number;

  const stackId = (number: number): string =>
    `arn:aws:cloudformation:local:000000000000:stack/shop${number}/6c5c5d50-0000-0000-0000-00000000000${number}`;

  /** Even stacks are gone, of odd ones nothing is known. */
  const evidence: Evidence = {
    ...noEvidence,
    stack: async (id) => {
      const isGone = Number(id.at(-1)) % 2 === 0;
      return isGone ? { state: 'gone' } : { state: 'unknown', why: 'nobody answers' };
    },
  };

  beforeEach(async () => {
    time = Date.UTC(2026, 0, 1);
    const store = memoryStore(() => new Date(time));
    const made = await testDomain(store);
    domain = { ...made, chance: { ...made.chance, now: () => new Date(time) } };
    const { arn, key, filename, size } = await publishVersion(domain, NAME, publishable('one'));
    for (let number = 1; number <= 6; number++) {
      const resource = {
        ...{ account: '000000000000', region: 'local', stack: `shop${number}`, logicalId: 'Api' },
        uuid: `6c5c5d50-0000-0000-0000-00000000000${number}`,
      };
      const operation = {
        resource,
        stackId: stackId(number),
        requestId: `R${number}`,
        issued: new Date(time).toISOString(),
      };
      const use = { arn: formatArn(arn), key, digest: arn.digest, filename, size };
      await bind(domain, { ...operation, replaces: false, pinned: false }, [use]);
    }
    time += 2 * DAY_MS;
  });

  const stacks = async (): Promise<number> => (await keysIn(domain.store, 'consumers/stack/')).length;

  test('in pieces, each ended after its first step, finds the same as at once', async () => {
    const command = { command: 'audit', fix: false } as const;
    const whole = await carryOut(command, keeping(domain, { evidence }));
    expect(whole.next).toBeUndefined();
    expect(whole.results.map((one) => (one as Finding).kind)).toEqual(
      expect.arrayContaining(['stale', 'unknown', 'stale', 'unknown', 'stale', 'unknown']),
    );
    const { results, pieces } = await inPieces(command, keeping(domain, { evidence }));
    expect(results).toEqual(whole.results);
    expect(pieces).toBeGreaterThan(6);
    expect(whole.looked).toBeGreaterThanOrEqual(6);
    expect(await stacks()).toBe(6);
  });

  test('that fixes, in pieces, leaves the same as at once, and finds nothing more to heal', async () => {
    const command = { command: 'audit', fix: true } as const;
    const { results } = await inPieces(command, keeping(domain, { evidence }));
    expect(results.filter((one) => (one as Finding).healed)).toHaveLength(3);
    expect(await stacks()).toBe(3);
    const again = await carryOut(command, keeping(domain, { evidence }));
    expect(again.results.filter((one) => (one as Finding).healed)).toEqual([]);
  });

  test('of one stack is of that alone', async () => {
    const { results } = await carryOut(
      { command: 'audit', fix: true, stack: stackId(2) },
      keeping(domain, { evidence }),
    );
    expect(results).toMatchObject([{ kind: 'stale', stackId: stackId(2), healed: true }]);
    expect(await stacks()).toBe(5);
  });

  describe('by schedule', () => {
    const HOUR_MS = 60 * 60 * 1000;
    let told: Finding[];

    beforeEach(() => {
      told = [];
    });

    const tick = (isTimeUp: () => boolean = () => false, known: Evidence = evidence): Promise<readonly object[]> =>
      carryOut(
        { command: 'tend' },
        keeping(domain, { evidence: known, isTimeUp, report: (finding) => void told.push(finding as Finding) }),
      ).then(({ results, next }) => {
        expect(next).toBeUndefined();
        return results;
      });

    const progress = (): ReturnType<typeof readRecord<Readonly<Record<string, unknown>>>> =>
      readRecord(domain.store, progressKey('audit'), (value) => value);

    test('heals once a day', async () => {
      expect(await tick()).toMatchObject([{ task: 'audit', findings: 6, healed: 3, finished: expect.any(String) }]);
      expect(told).toHaveLength(6);
      expect(await stacks()).toBe(3);
      time += 22 * HOUR_MS;
      expect(await tick()).toEqual([]);
      time += HOUR_MS;
      expect(await tick()).toMatchObject([{ findings: 3, healed: 0 }]);
    });

    test('goes on where it had to stop, however short its time is, and then rests', async () => {
      let ticks = 0;
      for (; ticks < 100; ticks++) {
        const [result] = await tick(() => true);
        time += HOUR_MS / 100;
        if (result !== undefined && 'finished' in result) break;
      }
      expect(ticks).toBeGreaterThan(5);
      expect(told).toHaveLength(6);
      expect(await stacks()).toBe(3);
      expect(await tick()).toEqual([]);
    });

    test('goes on after a failure with what was not looked at', async () => {
      let asked = 0;
      const failing: Evidence = {
        ...evidence,
        stack: async (id) => {
          if (++asked === 4) throw new TypeError('a defect');
          return evidence.stack(id);
        },
      };
      await expect(tick(undefined, failing)).rejects.toThrow('a defect');
      const after = (await progress())?.value['after'];
      expect(after).toEqual(expect.any(String));
      const before = told.length;
      expect(before).toBeGreaterThan(0);
      await tick();
      expect(told).toHaveLength(6);
      expect(await stacks()).toBe(3);
    });

    test('is left by a keeper that another has relieved', async () => {
      let isRelieved = false;
      const [result] = await tick(
        () => {
          // In the meantime another tick has taken it, with everything that is left.
          isRelieved = true;
          return true;
        },
        {
          ...evidence,
          stack: async (id) => {
            if (!isRelieved) {
              isRelieved = true;
              await tick();
            }
            return evidence.stack(id);
          },
        },
      );
      expect(result).not.toHaveProperty('finished');
      expect((await progress())?.value).toHaveProperty('finished');
      expect(await stacks()).toBe(3);
    });

    test.each(['no JSON', '{"format":9,"task":"audit"}'])(
      'begins anew where %s tells where it stands',
      async (text) => {
        await domain.store.create(progressKey('audit'), contentOf(text));
        expect(await tick()).toMatchObject([{ findings: 6, healed: 3, finished: expect.any(String) }]);
        expect(await tick()).toEqual([]);
      },
    );

    test('begins anew with the next tick where it does not know the place that was noted', async () => {
      await tick(() => true);
      const { value, revision } = (await progress()) ?? {};
      if (revision === undefined) throw new Error('nothing was noted');
      await domain.store.replace(progressKey('audit'), recordContent({ ...value, after: 'elsewhere' }), revision);
      await expect(tick()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await tick()).toMatchObject([{ finished: expect.any(String) }]);
      expect(await stacks()).toBe(3);
    });

    test('begins anew where an audit has stood still for a week', async () => {
      await tick(() => true);
      const began = (await progress())?.value['began'];
      time += 6 * DAY_MS;
      await tick(() => true);
      expect((await progress())?.value['began']).toBe(began);
      time += DAY_MS;
      await tick(() => true);
      expect((await progress())?.value['began']).not.toBe(began);
    });
  });
});
