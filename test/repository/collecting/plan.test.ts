import { beforeEach, describe, expect, test } from '@jest/globals';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import type { PlanItem } from '../../../repository/collecting/item.ts';
import { makePlan } from '../../../repository/collecting/plan.ts';
import { runPlan } from '../../../repository/collecting/run.ts';
import { requirePlan } from '../../../repository/collecting/stored-plan.ts';
import { ArtifactError, bytesOf, contentOf, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Digest, Domain, KeeperAnswer, KeeperCommand, ObjectStore } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import {
  blobKey,
  bookmarkKey,
  deletionKey,
  planKey,
  planPartKey,
  settingsKey,
  statusKey,
  versionKey,
} from '../../../repository/keys.ts';
import { addNamedReference } from '../../../repository/named.ts';
import { recordContent } from '../../../repository/record.ts';
import type { Settings } from '../../../repository/settings.ts';
import { readSettings } from '../../../repository/settings.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { readStatus, readStatusRecord } from '../../../repository/status.ts';
import { publishable } from '../../support/domain.ts';
import { Clocked, DAY_MS, HOUR_MS, planned, ran, steps, stored } from './collected.ts';

const NAME = { repository: 'default', id: 'shop/api' };

let domain: Domain;
let clock: Clocked;

beforeEach(async () => {
  ({ domain, clock } = await Clocked.domain());
});

const publish = async (text: string, name = NAME): Promise<Digest> =>
  (await publishVersion(domain, name, publishable(text, 'file'))).arn.digest;

/** Content that nothing holds or uses. */
async function orphan(text: string, on: ObjectStore = domain.store): Promise<Digest> {
  const digest = sha256(text);
  await on.create(blobKey(digest, 'file.txt'), contentOf(text));
  return digest;
}

const rules = (settings: Settings['lifecycle'], quarantineDays?: number): Promise<void> =>
  writeSettings(
    domain,
    'default',
    { lifecycle: settings, ...(quarantineDays !== undefined && { quarantineDays }) },
    undefined,
  );

describe('content', () => {
  test('is condemned, waits out the quarantine, and goes', async () => {
    await publish('held');
    const digest = await orphan('nobody');
    const first = await planned(domain);
    expect(first.items).toEqual([{ action: 'condemn', digest, bytes: 6, why: 'nothing holds or uses it' }]);
    expect(await ran(domain, first.plan.digest)).toEqual([
      {
        ...first.items[0],
        outcome: 'condemned',
        until: new Date(clock.chance.now().getTime() + 7 * DAY_MS + 15 * 60_000).toISOString(),
      },
    ]);
    const since = clock.chance.now().toISOString();
    clock.pass(7 * DAY_MS);
    // Clocks differ: a quarter of an hour is the store's.
    const waiting = await planned(domain);
    const until = new Date(clock.time + HOUR_MS / 4).toISOString();
    expect(waiting.items).toEqual([{ action: 'wait', digest, bytes: 6, since, until }]);
    expect(await ran(domain, waiting.plan.digest)).toEqual([]);
    clock.pass(HOUR_MS);
    const over = await planned(domain);
    expect(over.items).toEqual([{ action: 'reap', digest, bytes: 6, since }]);
    expect(await ran(domain, over.plan.digest)).toEqual([{ ...over.items[0], outcome: 'deleted' }]);
    expect([...(await stored(domain.store, 'blobs/')).keys()]).toHaveLength(1);
    expect(steps(await planned(domain))).toEqual([]);
  });

  test('waits as long as the domain says', async () => {
    await rules([], 30);
    const digest = await orphan('nobody');
    await condemn(domain, digest);
    clock.pass(29 * DAY_MS);
    expect((await planned(domain)).items).toMatchObject([{ action: 'wait', digest }]);
    clock.pass(2 * DAY_MS);
    expect((await planned(domain)).items).toMatchObject([{ action: 'reap', digest }]);
  });

  test('stays where somebody needs it by the time of the run', async () => {
    const digest = await orphan('wanted');
    const { plan } = await planned(domain, { now: true });
    await publish('wanted');
    expect(await ran(domain, plan.digest)).toMatchObject([{ action: 'condemn', digest, outcome: 'rescued' }]);
    await deleteVersion(domain, NAME, 1);
    await condemn(domain, digest);
    clock.pass(10 * DAY_MS);
    const second = await planned(domain);
    expect(second.items).toMatchObject([{ action: 'reap', digest }]);
    await publish('wanted');
    expect(await ran(domain, second.plan.digest)).toMatchObject([{ action: 'reap', digest, outcome: 'rescued' }]);
    expect(await domain.store.head(blobKey(digest, 'file.txt'))).toBeDefined();
  });

  test('that was condemned anew since the plan was made waits again', async () => {
    const digest = await orphan('nobody');
    await condemn(domain, digest);
    clock.pass(10 * DAY_MS);
    const { plan } = await planned(domain);
    await domain.keeper.cancel(digest);
    await condemn(domain, digest);
    expect(await ran(domain, plan.digest)).toMatchObject([{ action: 'reap', outcome: 'waiting' }]);
  });

  test('whose deletion was decided and not completed is finished, and one that is needed again is released', async () => {
    const [decided, wanted] = [await orphan('decided'), await orphan('wanted')];
    for (const digest of [decided, wanted]) await condemn(domain, digest);
    const record = await readDeletion(domain.store, decided);
    if (record === undefined) throw new Error('not condemned');
    const deleting = recordContent({ ...record.value, state: 'deleting', nonce: 'another' });
    await domain.store.replace(deletionKey(decided), deleting, record.revision);
    // Whoever wrote the reference died before it looked.
    const held = `references/${wanted}/version/default/shop/api/!/1-nonce` as ReturnType<typeof blobKey>;
    await domain.store.create(held, recordContent({}));
    clock.pass(10 * DAY_MS);
    const { items, plan } = await planned(domain);
    expect(items).toEqual([
      { action: 'finish', digest: decided },
      { action: 'cancel', digest: wanted },
    ]);
    expect((await ran(domain, plan.digest)).map(({ outcome }) => outcome)).toEqual(['finished', 'cancelled']);
    expect(await domain.store.head(blobKey(decided, 'file.txt'))).toBeUndefined();
    expect((await readDeletion(domain.store, wanted))?.value.state).toBe('cancelled');
    clock.pass(10 * DAY_MS);
    const third = await planned(domain);
    expect(third.items).toEqual([{ action: 'forget', digest: wanted }]);
    expect(await ran(domain, third.plan.digest)).toMatchObject([{ outcome: 'forgotten' }]);
    expect(await readDeletion(domain.store, wanted)).toBeUndefined();
    expect(await domain.store.head(blobKey(wanted, 'file.txt'))).toBeDefined();
  });

  test('is in quarantine only where its record says so', async () => {
    const [lifted, decided] = [await orphan('lifted'), await orphan('decided')];
    for (const digest of [lifted, decided]) await condemn(domain, digest);
    await domain.keeper.cancel(lifted);
    const record = await readDeletion(domain.store, decided);
    if (record === undefined) throw new Error('not condemned');
    const deleting = recordContent({ ...record.value, state: 'deleting', nonce: 'another' });
    await domain.store.replace(deletionKey(decided), deleting, record.revision);
    // Whoever decided it may be at work on it.
    expect((await planned(domain)).items).toMatchObject([{ action: 'condemn', digest: lifted }]);
    clock.pass(HOUR_MS);
    const { items, plan } = await planned(domain);
    expect(items).toMatchObject([
      { action: 'finish', digest: decided },
      { action: 'condemn', digest: lifted },
    ]);
    expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'finished' }, { outcome: 'condemned' }]);
    const until = new Date(clock.time + 7 * DAY_MS + HOUR_MS / 4).toISOString();
    expect((await planned(domain)).items).toMatchObject([{ action: 'wait', digest: lifted, until }]);
  });

  test('a lifted condemnation is not forgotten before a day has passed, whatever is waived', async () => {
    const digest = await publish('wanted');
    await domain.store.create(
      deletionKey(digest),
      recordContent({ state: 'cancelled', nonce: 'n', incarnations: [], since: '' }),
    );
    clock.pass(DAY_MS - HOUR_MS);
    expect((await planned(domain, { now: true })).items).toEqual([]);
    clock.pass(HOUR_MS);
    expect((await planned(domain, { now: true })).items).toEqual([{ action: 'forget', digest }]);
  });

  test('whose record can’t be read is told of, and stays', async () => {
    const digest = await orphan('nobody');
    await domain.store.create(deletionKey(digest), contentOf('damaged'));
    clock.pass(10 * DAY_MS);
    const { items, plan } = await planned(domain);
    expect(items).toMatchObject([
      { action: 'unknown', subject: `sha256:${digest}`, why: expect.stringContaining('deletions/') },
    ]);
    expect(await ran(domain, plan.digest)).toEqual([]);
    expect(await domain.store.head(blobKey(digest, 'file.txt'))).toBeDefined();
  });
});

describe('versions', () => {
  test('go when nobody has needed them for so long as a rule waits, by what looks have found', async () => {
    await rules([{ id: 'old', match: '**', expireUnusedDays: 5 }]);
    const digest = await publish('one');
    clock.pass(100 * DAY_MS);
    // How old it is says nothing: it may have been used until a moment ago.
    expect((await planned(domain)).items).toEqual([]);
    expect((await readStatusRecord(domain, NAME, 1))?.value).toMatchObject({
      status: 'Published',
      unusedSince: clock.chance.now().toISOString(),
    });
    clock.pass(4 * DAY_MS);
    const { partition, account, region } = domain;
    await addNamedReference(domain, { partition, account, region, ...NAME, version: 1, digest }, 'job');
    const used = await planned(domain, { verbose: true });
    expect(used.items).toEqual([{ action: 'keep', ...NAME, number: 1, why: "used by 'job'" }]);
    expect((await readStatusRecord(domain, NAME, 1))?.value).not.toHaveProperty('unusedSince');
    for await (const { key } of domain.store.list(`references/${digest}/named/`)) {
      const head = await domain.store.head(key);
      if (head !== undefined) await domain.store.removeRevision(key, head.revision);
    }
    await planned(domain);
    clock.pass(4 * DAY_MS);
    expect((await planned(domain, { verbose: true })).items).toMatchObject([
      { action: 'keep', why: expect.stringMatching(/^unused since .*, and goes after 5 days$/) },
    ]);
    clock.pass(DAY_MS);
    const { items, plan } = await planned(domain);
    expect(items).toMatchObject([{ action: 'delete', number: 1, digests: [digest], bytes: 3, rule: 'old' }]);
    expect(plan.tally.rules).toEqual([{ repository: 'default', rule: 'old', kept: 0, took: 1 }]);
    expect(await ran(domain, plan.digest)).toMatchObject([
      { action: 'delete', outcome: 'deleted', content: [{ digest, outcome: 'condemned' }] },
    ]);
  });

  test('the newest that exist are kept: those that were given up don’t count, nor numbers out of use', async () => {
    await rules([{ id: 'three', match: 'shop/*', keepNewest: 3, expireUnusedDays: 0 }]);
    for (const text of ['1', '2', '3', '4', '5', '6']) await publish(text);
    await deleteVersion(domain, NAME, 6);
    await domain.store.create(
      // As an audit takes it out of use.
      versionKey(NAME, 7),
      recordContent({ format: 1, ...NAME, number: 7, withdrawn: true, at: '' }),
    );
    const { items } = await planned(domain, { repository: 'default' });
    expect(items).toMatchObject([{ number: 2 }, { number: 1 }]);
  });

  test('one that is used by then stays, with its content', async () => {
    await rules([{ id: 'all', match: '**', expireUnusedDays: 0 }]);
    const digest = await publish('one');
    const { plan } = await planned(domain);
    const { partition, account, region } = domain;
    await addNamedReference(domain, { partition, account, region, ...NAME, version: 1, digest }, 'job');
    expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'rescued', users: ["'job'"] }]);
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
    expect(await domain.store.head(blobKey(digest, 'file.txt'))).toBeDefined();
  });

  test('what a bookmark names stays, and what one named stays for as long as a rule says', async () => {
    await rules([{ id: 'all', match: '**', keepBookmarkedDays: 10, expireUnusedDays: 0 }]);
    for (const text of ['1', '2', '3']) await publish(text);
    const until = clock.chance.now().toISOString();
    const history = [{ number: 1, until }];
    await domain.store.create(bookmarkKey(NAME, 'prod'), recordContent({ number: 2, history }));
    clock.pass(9 * DAY_MS);
    const { items } = await planned(domain, { verbose: true });
    const told = items.map((item) => ('number' in item ? `${item.action} ${item.number} ${item.why}` : ''));
    expect(told).toEqual(['delete 3 unused', "keep 2 '^prod' names it", `keep 1 '^prod' named it until ${until}`]);
    clock.pass(DAY_MS);
    expect((await planned(domain)).items).toMatchObject([{ number: 3 }, { number: 1 }]);
    // One that can't be read may name any of them.
    await domain.store.create(bookmarkKey(NAME, 'test'), recordContent({ number: 2, history: [{}] }));
    const unknown = await planned(domain);
    expect(unknown.items.map(({ action }) => action)).toEqual(['unknown', 'unknown', 'unknown']);
  });

  test('of a repository whose rules can’t be read nothing goes', async () => {
    await publish('one');
    const record = { format: 1, nonce: 'n', lifecycle: [{ id: 'a', match: '**', expireUnusedDays: 0, keepOldest: 1 }] };
    await domain.store.create('repositories/team' as ReturnType<typeof blobKey>, recordContent(record));
    expect((await planned(domain)).items).toMatchObject([{ action: 'unknown', subject: 'team' }]);
  });

  test('of a damaged status is told, and others go', async () => {
    await rules([{ id: 'all', match: '**', expireUnusedDays: 0 }]);
    for (const text of ['1', '2']) await publish(text);
    await domain.store.create(statusKey(NAME, 2), contentOf('damaged'));
    expect((await planned(domain)).items).toMatchObject([
      { action: 'delete', number: 1 },
      { action: 'unknown', subject: 'default/shop/api:2' },
    ]);
  });
});

describe('a plan', () => {
  test('is carried out as it is stored, or not at all', async () => {
    await orphan('nobody');
    const { plan } = await planned(domain);
    const changed = async (key: ReturnType<typeof blobKey>, from: string, to: string): Promise<void> => {
      const object = await domain.store.read(key);
      if (object === undefined) throw new Error('not there');
      const chunks: Uint8Array[] = [];
      for await (const chunk of object.body) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      expect(text).toContain(from);
      await domain.store.replace(key, contentOf(text.replace(from, to)), object.revision);
    };
    const other = await orphan('another');
    await changed(planPartKey(plan.id, 1), sha256('nobody'), other);
    await expect(ran(domain, plan.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await changed(planKey(plan.digest), plan.parts[0] ?? '', sha256('else'));
    await expect(ran(domain, plan.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await readDeletion(domain.store, other)).toBeUndefined();
    await expect(ran(domain, sha256('no plan'))).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });

  test.each([
    ['a part that was cut', (text: string): string => text.slice(0, text.length / 2)],
    ['a part that is none', (): string => 'null'],
    ['a part of another plan', (text: string): string => text.replace(/"id":"[^"]*"/, '"id":"another1"')],
  ])('of which %s stands there is not what it was', async (_, change) => {
    await orphan('nobody');
    const { plan } = await planned(domain);
    const key = planPartKey(plan.id, 1);
    const object = await domain.store.read(key);
    if (object === undefined) throw new Error('no part');
    const text = (await bytesOf(object.body)).toString();
    await domain.store.replace(key, contentOf(change(text)), object.revision);
    await expect(ran(domain, plan.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(planned(domain, { id: plan.id })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test.each(['', '{}', 'no plan', '[]'])('whose record is %j is not what it was', async (text) => {
    const { plan } = await planned(domain);
    const head = await domain.store.head(planKey(plan.digest));
    if (head === undefined) throw new Error('no plan');
    await domain.store.replace(planKey(plan.digest), contentOf(text), head.revision);
    await expect(ran(domain, plan.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('waives the quarantine or not, and its digest says which', async () => {
    const digest = await orphan('nobody');
    const [later, now] = [await planned(domain), await planned(domain, { now: true })];
    expect(later.plan.digest).not.toBe(now.plan.digest);
    expect([later.plan.now, now.plan.now]).toEqual([false, true]);
    const record = await domain.store.read(planKey(later.plan.digest));
    if (record === undefined) throw new Error('no plan');
    const text = (await bytesOf(record.body)).toString();
    await domain.store.replace(record.key, contentOf(text.replace('"now":false', '"now":true')), record.revision);
    await expect(ran(domain, later.plan.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await ran(domain, now.plan.digest)).toMatchObject([{ digest, outcome: 'deleted' }]);
  });

  test('is not gone on with in another way than it was begun', async () => {
    await planned(domain, { id: 'begunwith', now: true });
    await expect(planned(domain, { id: 'begunwith' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: "the plan 'begunwith' was begun with '--now'",
    });
    await expect(planned(domain, { id: 'begunwith', now: true, repository: 'team' })).rejects.toMatchObject({
      message: "the plan 'begunwith' was begun without '--repository'",
    });
  });

  test('is not carried out where rules were changed since, of whichever repository', async () => {
    for (const repository of ['default', 'team']) {
      const rule = { id: 'all', match: '**', expireUnusedDays: 0 };
      await writeSettings(domain, repository, { lifecycle: [rule] }, await readSettings(domain.store, repository));
    }
    await publish('one');
    await publish('two', { repository: 'team', id: 'tool' });
    const { plan } = await planned(domain);
    const rule = { id: 'all', match: '**', keepNewest: 1, expireUnusedDays: 0 };
    const before = await readSettings(domain.store, 'team');
    await writeSettings(domain, 'team', { lifecycle: [rule] }, before);
    const refused = { code: 'INVALID_ARGUMENT', message: "the rules of 'team' were changed since this plan was made" };
    await expect(ran(domain, plan.digest)).rejects.toMatchObject(refused);
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
    const head = await domain.store.head(settingsKey('team'));
    if (head === undefined) throw new Error('no rules');
    // What can't be read may say anything.
    await domain.store.replace(head.key, contentOf('damaged'), head.revision);
    await expect(ran(domain, plan.digest)).rejects.toMatchObject(refused);
    const damaged = await domain.store.head(settingsKey('team'));
    await domain.store.removeRevision(head.key, damaged?.revision ?? head.revision);
    await expect(ran(domain, plan.digest)).rejects.toMatchObject(refused);
    // Of one repository, it is about that alone.
    const { plan: other } = await planned(domain, { repository: 'default' });
    expect(await ran(domain, other.digest)).toMatchObject([{ repository: 'default', outcome: 'deleted' }]);
  });

  test('is none where rules were changed while it was made', async () => {
    await rules([{ id: 'all', match: '**', expireUnusedDays: 0 }]);
    for (const id of ['a', 'b', 'c']) await publish(id, { ...NAME, id });
    const parts = makePlan(domain, { id: 'changedrules', now: false, verbose: false }, () => true);
    const first = await parts.next();
    await writeSettings(
      domain,
      'default',
      { lifecycle: [{ id: 'all', match: '**', keepNewest: 1 }] },
      await readSettings(domain.store, 'default'),
    );
    expect(first.value).toMatchObject({ items: [{ id: 'a' }] });
    const rest = async (): Promise<void> => {
      while ((await parts.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: "the rules of 'default' were changed while this plan was made",
    });
  });

  test('is the same for all who make it at once, and whoever goes on comes to the same end', async () => {
    for (let number = 0; number < 40; number++) await orphan(`nobody ${number}`);
    const request = { id: 'sharedplan', now: false, verbose: false };
    const keeper = async (patience: number): Promise<{ digest: Digest; items: readonly PlanItem[] }> => {
      const items: PlanItem[] = [];
      let after: string | undefined;
      for (;;) {
        let asked = 0;
        const isTimeUp = (): boolean => ++asked >= patience;
        for await (const piece of makePlan(domain, { ...request, ...(after !== undefined && { after }) }, isTimeUp)) {
          items.push(...piece.items);
          if (piece.plan !== undefined) return { digest: piece.plan.digest, items };
          ({ after } = piece);
          if (asked >= patience) break;
        }
      }
    };
    const [one, two, three] = await Promise.all([keeper(1), keeper(3), keeper(7)]);
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    expect(one.items).toHaveLength(40);
    expect(await requirePlan(domain.store, one.digest)).toMatchObject({ id: 'sharedplan', isWhole: true });
  });

  test('has parts of a thousand items at most, and is run part by part', async () => {
    const text = (number: number): string => `nobody ${number}`;
    for (let number = 0; number < 1200; number++) await orphan(text(number));
    const { plan, items } = await planned(domain, { now: true });
    expect(plan.parts.length).toBeGreaterThanOrEqual(2);
    expect(new Set(items.map((item) => ('digest' in item ? item.digest : ''))).size).toBe(1200);
    for (let part = 1; part <= plan.parts.length; part++) {
      const object = await domain.store.head(planPartKey(plan.id, part));
      expect(object?.size).toBeLessThan(1024 * 1024);
    }
    let done = 0;
    let after: string | undefined;
    // Each batch by another keeper, and one of them twice.
    for (let isDone = false; !isDone;) {
      isDone = true;
      for await (const batch of runPlan(domain, {
        plan: plan.digest,
        ...(after !== undefined && { after }),
      })) {
        done += batch.results.filter(({ outcome }) => outcome === 'deleted').length;
        ({ after } = batch);
        isDone = false;
        break;
      }
    }
    expect(done).toBe(1200);
    expect((await stored(domain.store, 'blobs/')).size).toBe(0);
    expect((await ran(domain, plan.digest)).every(({ outcome }) => outcome === 'gone')).toBe(true);
  });

  test('is dropped after a month', async () => {
    const { plan } = await planned(domain);
    clock.pass(29 * DAY_MS);
    await planned(domain);
    expect(await requirePlan(domain.store, plan.digest)).toBeDefined();
    clock.pass(2 * DAY_MS);
    await planned(domain);
    await expect(requirePlan(domain.store, plan.digest)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect(await domain.store.head(planPartKey(plan.id, 1))).toBeUndefined();
  });

  test('goes on after a failure where the last part ended, and comes to the same', async () => {
    let failing = Infinity;
    ({ domain, clock } = await Clocked.domain((inner) => ({
      ...inner,
      create: async (key, ...rest) => {
        if (key.startsWith('progress/plan/') && --failing === 0)
          throw new ArtifactError('STORE_UNAVAILABLE', 'the store does not answer');
        return inner.create(key, ...rest);
      },
    })));
    for (let number = 0; number < 30; number++) await orphan(`nobody ${number}`);
    const whole = await planned(domain, {}, 4);
    failing = 3;
    await expect(planned(domain, { id: 'interrupted' }, 4)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    // As a client does that had no answer at all.
    const again = await planned(domain, { id: 'interrupted' }, 4);
    expect(steps(again)).toHaveLength(30);
    expect(again.plan.tally).toEqual(whole.plan.tally);
  });
});

describe('the keeper’s commands', () => {
  async function inPieces(command: KeeperCommand, isTimeUp: () => boolean): Promise<object[]> {
    const results: object[] = [];
    for (let next: KeeperCommand | undefined = command; next !== undefined;) {
      // As it goes over the wire.
      const parsed = parseCommand(JSON.parse(JSON.stringify(next)));
      const answer: KeeperAnswer = await carryOut(parsed, { domain, evidence: noEvidence, isTimeUp });
      expect(Buffer.byteLength(JSON.stringify(answer.next ?? {}))).toBeLessThan(16 * 1024);
      results.push(...answer.results);
      ({ next } = answer);
    }
    return results;
  }

  test.each([
    ['with all the time that it takes', () => false],
    ['however short the time is', () => true],
  ])('plan and run, %s', async (_, isTimeUp) => {
    await rules([{ id: 'all', match: 'shop/*', keepNewest: 2, expireUnusedDays: 0 }]);
    const longest = { repository: 'default', id: `shop/${'x'.repeat(500)}` };
    for (const text of ['1', '2', '3', '4']) await publish(text, longest);
    for (let number = 0; number < 20; number++) await orphan(`nobody ${number}`);
    const command = { command: 'gc-plan', id: 'abcdefgh', now: true, verbose: true } as const;
    const told = await inPieces(command, isTimeUp);
    const last = told.at(-1) as { readonly digest: Digest; readonly tally: object };
    expect(last).toMatchObject({
      action: 'plan',
      isWhole: true,
      tally: {
        looked: 4 + 24,
        actions: { delete: { items: 2, bytes: 2 }, condemn: { items: 20 }, keep: { items: 2 } },
        rules: [{ repository: 'default', rule: 'all', kept: 2, took: 2 }],
      },
    });
    expect(told).toHaveLength(2 + 20 + 2 + 1);
    const results = await inPieces({ command: 'gc-run', plan: last.digest }, isTimeUp);
    expect(results).toHaveLength(22);
    expect(results.every((result) => 'outcome' in result && result.outcome === 'deleted')).toBe(true);
    expect((await stored(domain.store, 'blobs/')).size).toBe(2);
  });

  test.each([
    [
      { command: 'gc-plan', id: 'short', now: false, verbose: false },
      /'id' of 'gc-plan' must be 8 to 48 letters and digits/,
    ],
    [{ command: 'gc-plan', id: 'abcdefgh', now: 'yes', verbose: false }, /'now' of 'gc-plan' must be true or false/],
    [{ command: 'gc-run', plan: 'abc' }, /'plan' of 'gc-run' must be 64/],
    [{ command: 'gc-run', plan: 'f'.repeat(64), now: true }, /'gc-run' takes no 'now'/],
  ])('refuse %j', (command, message) => {
    expect(() => parseCommand(command)).toThrow(message);
  });

  test('begin nowhere that they don’t know', async () => {
    const keeping = { domain, evidence: noEvidence, isTimeUp: () => false };
    const plan = { command: 'gc-plan', id: 'abcdefgh', now: false, verbose: false } as const;
    for (const after of ['elsewhere', '1 elsewhere', '0 versions', '1 contents -,-', '1 versions default/shop:0'])
      await expect(carryOut({ ...plan, after }, keeping)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { digest } = (await planned(domain)).plan;
    await expect(carryOut({ command: 'gc-run', plan: digest, after: 'x' }, keeping)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
