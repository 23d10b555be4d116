import { beforeEach, describe, expect, test } from '@jest/globals';
import { setBookmark } from '../../../repository/bookmark.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { hasCode, publishAssets, publishVersion, resolve, writeSettings } from '../../../repository/index.ts';
import type { Domain, Manifest, ObjectStore, VerifyFinding } from '../../../repository/index.ts';
import { promotionKey } from '../../../repository/keys.ts';
import { findLabel, readLabel } from '../../../repository/label.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import type { PromotionResult } from '../../../repository/promoting/promote.ts';
import { readDecision, readPromotion } from '../../../repository/promoting/record.ts';
import type { PromotionRequest } from '../../../repository/promoting/request.ts';
import { withdrawPromotion } from '../../../repository/promoting/withdraw.ts';
import { recordContent } from '../../../repository/record.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { readSettings } from '../../../repository/settings.ts';
import { changeStatus } from '../../../repository/status-change.ts';
import { readStatusRecord } from '../../../repository/status.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { readManifest, readVersion } from '../../../repository/version.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { Clocked, DAY_MS, planned, ran, steps } from '../collecting/collected.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { chooseBy, firstWrong, interleaveIn } from '../../support/interleaving.ts';
import type { Choose } from '../../support/interleaving.ts';
import { keysIn } from '../../support/keys-in.ts';

/** Of several that are promoted together all are to be seen, or none: whoever wants one of them gone decides that first. */

const API = { repository: 'staging', id: 'api' };
const WEB = { repository: 'staging', id: 'web' };
const TARGETS = ['api', 'web'].map((id) => ({ repository: 'production', id }));
const [TARGET] = TARGETS as [(typeof TARGETS)[0]];

let domain: Domain;
let clock: Clocked;
let request: PromotionRequest;

beforeEach(async () => {
  ({ domain, clock } = await Clocked.domain());
  for (const repository of ['staging', 'production']) await createRepository(domain, repository, { lifecycle: [] });
  const label = { labels: ['1.0.0'] };
  await publishVersion(domain, API, publishable('api', 'file'), label);
  await publishVersion(domain, WEB, publishable('web', 'file'), label);
  request = {
    repository: 'production',
    items: [
      { manifest: await manifestOf(API, 1), id: 'api' },
      { manifest: await manifestOf(WEB, 1), id: 'web' },
    ],
  };
});

async function manifestOf(name: typeof API, number: number): Promise<Manifest> {
  const version = await readVersion(domain, name, number);
  if (version === undefined) throw new Error('it was published');
  return version.manifest;
}

/** Everything that is there, with something that happens right before the record of a promotion is written. */
function before(act: () => Promise<unknown>): Domain {
  let isDone = false;
  const create: ObjectStore['create'] = async (key, content, attributes) => {
    if (key.startsWith('promotions/') && !isDone) {
      isDone = true;
      await act();
    }
    return domain.store.create(key, content, attributes);
  };
  return { ...domain, store: { ...counting(domain.store, () => undefined), create } };
}

/** Whose promoter died before the record. */
async function half(): Promise<void> {
  const dead = before(() => Promise.reject(new Error('dead')));
  await expect(promote(dead, request)).rejects.toThrow('dead');
  expect(await statuses()).toEqual(['Unfinished', 'Unfinished']);
}

const statuses = (number = 1): Promise<readonly unknown[]> =>
  Promise.all(TARGETS.map(async (name) => (await readVersion(domain, name, number))?.status));

async function outcomeOf<T>(act: Promise<T>): Promise<T | string> {
  try {
    return await act;
  } catch (error) {
    if (hasCode(error, 'CONTENTION')) return 'CONTENTION';
    throw error;
  }
}

async function healed(fix = true): Promise<readonly VerifyFinding[]> {
  const findings: VerifyFinding[] = [];
  for await (const { finding } of verify(domain, { fix, deep: false, repository: 'production' }))
    if (finding !== undefined) findings.push(finding);
  return findings;
}

const promotedAt = ({ versions }: PromotionResult): readonly number[] =>
  versions.map(({ manifest }) => manifest.number);

describe('whoever gives up one of several before all are there', () => {
  test('is heard: the promotion is refused its record, none is to be seen, and the same again makes new versions', async () => {
    const deleting = before(() => deleteVersion(domain, TARGET, 1));
    const error: unknown = await promote(deleting, request).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'CONTENTION',
      message: "the promotion of 'production/api:1', 'production/web:1' was withdrawn meanwhile",
    });
    expect(await statuses()).toEqual(['Deleted', 'Unfinished']);
    expect(await findLabel(domain, TARGETS[1] as typeof TARGET, '1.0.0')).toBeUndefined();
    const again = await promote(domain, request);
    expect(again).toMatchObject({ outcome: 'promoted' });
    expect(promotedAt(again)).toEqual([2, 2]);
    expect(await statuses(2)).toEqual(['Published', 'Published']);
    for (const name of TARGETS) expect((await findLabel(domain, name, '1.0.0'))?.manifest.number).toBe(2);
    expect(await promote(domain, request)).toMatchObject({ outcome: 'exists', promotion: again.promotion });
  });

  test.each(['deleted', 'disposed of'])(
    'comes too late where all are there: it is %s as any that is Published',
    async (how) => {
      await half();
      const { promotion } = await promote(domain, request);
      const given =
        how === 'deleted' ? await deleteVersion(domain, TARGET, 1) : await changeStatus(domain, TARGET, 1, 'Disposed');
      expect(given?.outcome).toBe(how === 'deleted' ? 'deleted' : 'changed');
      expect(await statuses()).toEqual([how === 'deleted' ? 'Deleted' : 'Disposed', 'Published']);
      expect(await readPromotion(domain, 'production', promotion.id)).toEqual(promotion);
    },
  );

  test('decides by what it is then: one that is to be disposed of while Unfinished, and is made Published meanwhile, stays', async () => {
    await half();
    const promoting = before(() => promote(domain, request));
    const disposing = changeStatus(promoting, TARGET, 1, 'Disposed', { expected: 'Unfinished' });
    await expect(disposing).rejects.toMatchObject({ code: 'STALE_REVISION' });
    expect(await statuses()).toEqual(['Published', 'Published']);
  });

  test('is refused, and withdraws nothing, where somebody needs it', async () => {
    await half();
    const { partition, region, account } = domain;
    await setBookmark(domain, { partition, region, account, ...TARGET, version: 1 }, 'mine');
    expect((await deleteVersion(domain, TARGET, 1))?.outcome).toBe('used');
    expect(await promote(domain, request)).toMatchObject({ outcome: 'promoted' });
    expect(await statuses()).toEqual(['Published', 'Published']);
  });

  test('asks nothing of promotions for any other version', async () => {
    const requests: string[] = [];
    const store = counting(domain.store, ({ method, key }) => requests.push(`${method} ${key}`));
    const { versions } = await promote(domain, { repository: 'production', items: [request.items[0]] });
    await publishVersion(domain, TARGET, publishable('another', 'file'));
    for (const number of [1, 2]) await deleteVersion({ ...domain, store }, TARGET, number);
    expect(versions).toHaveLength(1);
    expect(requests.filter((one) => one.includes('promotions/'))).toEqual([]);
  });

  test.each(['Published', 'Unlisted', 'Archived'] as const)('can’t let it be seen alone as %s', async (to) => {
    await half();
    await expect(changeStatus(domain, TARGET, 1, to)).rejects.toMatchObject({
      code: 'STATUS_NOT_ALLOWED',
      message: `'production/api:1' is not finished, and cannot become ${to}`,
      remedy: expect.stringContaining('Otherwise it can become Disposed'),
    });
    expect(await findLabel(domain, TARGET, '1.0.0')).toBeUndefined();
    expect(await promote(domain, request)).toMatchObject({ outcome: 'promoted' });
    expect(await statuses()).toEqual(['Published', 'Published']);
  });

  test('may dispose of it, by which the promotion is withdrawn', async () => {
    await half();
    expect((await changeStatus(domain, TARGET, 1, 'Disposed'))?.outcome).toBe('changed');
    expect(await statuses()).toEqual(['Disposed', 'Unfinished']);
    const again = await promote(domain, request);
    expect(promotedAt(again)).toEqual([2, 2]);
  });
});

describe('rules', () => {
  beforeEach(async () => {
    const lifecycle = [{ id: 'r', match: '**', expireUnusedDays: 0 }];
    await writeSettings(domain, 'production', { lifecycle }, await readSettings(domain.store, 'production'));
  });

  test('take none of several that are just being promoted', async () => {
    const collecting = before(async () => ran(domain, (await planned(domain)).plan.digest));
    expect(await promote(collecting, request)).toMatchObject({ outcome: 'promoted' });
    expect(await statuses()).toEqual(['Published', 'Published']);
  });

  test('take what nobody came to the end of for a day, and nobody does then', async () => {
    await half();
    expect(steps(await planned(domain)).filter(({ action }) => action === 'delete')).toEqual([]);
    clock.pass(DAY_MS + 1);
    const { plan } = await planned(domain);
    await ran(domain, plan.digest);
    expect(await statuses()).toEqual(['Deleted', 'Deleted']);
    expect(promotedAt(await promote(domain, request))).toEqual([2, 2]);
  });
});

describe('whoever publishes the same content as one that is promoted with others', () => {
  test('is told to wait for them, and that it is not his', async () => {
    await half();
    const told = { code: 'CONTENTION', message: "'production/api:1' is just being promoted together with others" };
    await expect(publishVersion(domain, TARGET, publishable('api', 'file'))).rejects.toMatchObject(told);
    await expect(promote(domain, { ...request, items: [request.items[0]] })).rejects.toMatchObject(told);
    expect(await keysIn(domain.store, 'promotions/')).toEqual([]);
    await promote(domain, request);
    const published = await publishVersion(domain, TARGET, publishable('api', 'file'));
    expect([published.isNewVersion, published.arn.version]).toEqual([false, 1]);
  });

  test('waits for nobody who has died for a day: it is a version of its own, with its label', async () => {
    await half();
    clock.pass(DAY_MS + 1);
    const published = await publishVersion(domain, TARGET, publishable('api', 'file'), { labels: ['2.0.0'] });
    expect([published.isNewVersion, published.arn.version]).toEqual([true, 2]);
    expect((await readVersion(domain, TARGET, 2))?.status).toBe('Published');
    expect((await findLabel(domain, TARGET, '2.0.0'))?.manifest.number).toBe(2);
    expect((await resolve(domain, 'production/api:latest')).arn.version).toBe(2);
    const again = await promote(domain, request);
    expect(again).toMatchObject({ outcome: 'promoted' });
    expect(promotedAt(again)).toEqual([2, 2]);
  });

  test('of which one alone is promoted then is another promotion', async () => {
    await half();
    clock.pass(DAY_MS + 1);
    const alone = await promote(domain, { ...request, items: [request.items[0]] });
    expect(alone).toMatchObject({ outcome: 'promoted' });
    expect(promotedAt(alone)).toEqual([2]);
    expect((await findLabel(domain, TARGET, '1.0.0'))?.manifest.number).toBe(2);
  });

  test('takes none that is of the same promotion, but withdrawn, for its own', async () => {
    const { manifest } = await publishAssets(domain, TARGET, {
      assets: [{ publishable: publishable('x', 'file') }],
      promotion: { id: 'ab'.repeat(16), items: 2, from: 'arn:aws:artifacts:local:000000000000:dev/x:1' },
    });
    expect(await withdrawPromotion(domain, 'production', 'ab'.repeat(16))).toBe('withdrawn');
    expect(await withdrawPromotion(domain, 'production', 'ab'.repeat(16))).toBe('decided');
    const again = await publishAssets(domain, TARGET, {
      assets: [{ publishable: publishable('x', 'file') }],
      promotion: manifest.promotion!,
    });
    expect([manifest.number, again.manifest.number]).toEqual([1, 2]);
  });
});

describe('a version of a promotion', () => {
  test('is not to be seen by a record that does not name it, or that can’t be read', async () => {
    await half();
    const { id } = (await manifestOf(TARGET, 1)).promotion!;
    const key = promotionKey('production', id);
    expect(await domain.store.create(key, recordContent({ id }))).toBe('created');
    expect(await readVersion(domain, TARGET, 1)).toMatchObject({ status: 'Unfinished', pending: 'unknown' });
    const publishing = publishVersion(domain, TARGET, publishable('api', 'file'));
    await expect(publishing).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    const { revision } = (await domain.store.head(key))!;
    const made = {
      ...{ format: 1, nonce: 'n', id, repository: 'production', at: '2026-01-01T00:00:00.000Z', evidence: [] },
      items: [
        {
          from: [
            `arn:aws:artifacts:local:000000000000:staging/api:1@sha256:${request.items[0].manifest.assets[0].digest}`,
          ],
          assets: [{ name: 'x', as: 'x', digest: request.items[0].manifest.assets[0].digest }],
          to: { id: 'api', number: 7, labels: [] },
        },
      ],
    };
    await domain.store.replace(key, recordContent(made), revision);
    expect(await readVersion(domain, TARGET, 1)).toMatchObject({ status: 'Unfinished', pending: 'withdrawn' });
    const [item] = made.items;
    const named = { ...made, items: [{ ...item, to: { id: 'api', number: 1, labels: [] } }] };
    await domain.store.replace(key, recordContent(named), (await domain.store.head(key))!.revision);
    expect((await readVersion(domain, TARGET, 1))?.status).toBe('Published');
    expect((await readVersion(domain, TARGETS[1] as typeof TARGET, 1))?.pending).toBe('withdrawn');
  });

  test('takes as many requests to look at as any other with a promotion', async () => {
    await half();
    const requests: string[] = [];
    const store = counting(domain.store, ({ method, key }) => requests.push(`${method} ${key.split('/')[0] ?? ''}`));
    await readVersion({ ...domain, store }, TARGET, 1);
    expect(requests.toSorted()).toEqual(['read promotions', 'read statuses', 'read versions']);
  });
});

describe('a verification', () => {
  test('leaves alone what may be under way', async () => {
    await half();
    const found = await healed();
    expect(found.map(({ kind }) => kind)).toEqual(['unsettled', 'unsettled']);
    expect(await keysIn(domain.store, 'promotions/')).toEqual([]);
    expect(await promote(domain, request)).toMatchObject({ outcome: 'promoted' });
    expect((await healed(false)).filter(({ key }) => key.startsWith('versions/'))).toEqual([]);
  });

  test('ends what nobody came to the end of for a day', async () => {
    await half();
    clock.pass(DAY_MS + 1);
    expect((await healed(false)).map(({ kind, healable }) => [kind, healable])).toEqual([
      ['unfinished', true],
      ['unfinished', true],
    ]);
    expect(await statuses()).toEqual(['Unfinished', 'Unfinished']);
    expect((await healed()).map(({ kind, healed: is }) => [kind, is])).toEqual([
      ['unfinished', true],
      ['unfinished', true],
    ]);
    expect(await statuses()).toEqual(['Deleted', 'Deleted']);
    const { id } = (await manifestOf(TARGET, 1)).promotion!;
    expect(await readDecision(domain, 'production', id)).toBe('withdrawn');
    expect(await healed()).toEqual([]);
  });

  test('says who needs one that can’t go', async () => {
    await half();
    const { partition, region, account } = domain;
    await setBookmark(domain, { partition, region, account, ...TARGET, version: 1 }, 'mine');
    clock.pass(DAY_MS + 1);
    const [api] = await healed();
    expect(api).toMatchObject({ kind: 'unfinished', healed: false, failure: 'somebody needs it' });
    expect(await statuses()).toEqual(['Unfinished', 'Deleted']);
  });

  test('frees in the end the label of which nobody ever saw a version, so that another content may have it', async () => {
    await half();
    const other = await publishVersion(domain, API, publishable('api 25', 'file'), { labels: ['1.0.0+25'] });
    const wanted: PromotionRequest = {
      ...request,
      items: [
        { manifest: await manifestOf(API, other.arn.version), id: 'api', labels: ['1.0.0'] },
        ...request.items.slice(1),
      ],
    };
    clock.pass(DAY_MS + 1);
    await healed();
    // The claim is as old as its version was; who may be just going on with it has a day as well.
    await expect(promote(domain, wanted)).rejects.toMatchObject({
      code: 'LABEL_TAKEN',
      message: "the label '1.0.0' of 'production/api' was claimed for version 1, whose promotion was withdrawn",
    });
    clock.pass(DAY_MS + 1);
    expect((await healed()).map(({ kind, key }) => [kind, key.split('/')[0]])).toEqual([
      ['unfinished', 'labels'],
      ['unfinished', 'labels'],
    ]);
    expect(await readLabel(domain.store, TARGET, '1.0.0')).toBeUndefined();
    const promoted = await promote(domain, wanted);
    expect(promoted).toMatchObject({ outcome: 'promoted' });
    expect((await findLabel(domain, TARGET, '1.0.0'))?.manifest.number).toBe(2);
  });

  test('frees no label of what was there for all, and was deleted', async () => {
    await half();
    await promote(domain, request);
    await deleteVersion(domain, TARGET, 1);
    clock.pass(2 * DAY_MS);
    await healed();
    clock.pass(2 * DAY_MS);
    await healed();
    expect(await readLabel(domain.store, TARGET, '1.0.0')).toBeDefined();
  });
});

/** By whoever asks whether a version may be seen, at the moment at which the record comes to be, and in the end. */
async function wrongIn(own: Pick<Domain, 'store'>): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const key of await keysIn(own.store, 'promotions/')) {
    const promotion = await readPromotion(own, 'production', key.split('/')[2] ?? '');
    for (const { to } of promotion?.items ?? []) {
      const version = await readVersion(own, { repository: 'production', id: to.id }, to.number);
      if (version === undefined || version.pending !== undefined) wrong.push('a record of what is not to be seen');
    }
  }
  return wrong;
}

async function play(choose: Choose, stops?: (actor: number, step: number) => boolean) {
  const wrong: string[] = [];
  let now = 0;
  const memory = memoryStore(() => new Date(now++));
  const create: ObjectStore['create'] = async (key, content, attributes) => {
    const outcome = await memory.create(key, content, attributes);
    if (!key.startsWith('promotions/') || outcome !== 'created') return outcome;
    const promotion = await readPromotion({ store: memory }, 'production', key.split('/')[2] ?? '');
    for (const { to } of promotion?.items ?? []) {
      const name = { repository: 'production', id: to.id };
      const manifest = await readManifest({ store: memory }, name, to.number);
      // What was there by itself may go by itself.
      if (manifest?.promotion?.id !== promotion?.id) continue;
      const record = await readStatusRecord({ store: memory }, name, to.number);
      if (record !== undefined && record.value.status !== 'Unfinished')
        wrong.push(`a record of what is ${record.value.status}`);
    }
    return outcome;
  };
  const base = await testDomain({ ...memory, create }, 'before');
  domain = base;
  for (const repository of ['staging', 'production']) await createRepository(base, repository, { lifecycle: [] });
  const items = await Promise.all(
    [API, WEB].map(async (name) => {
      const { arn } = await publishVersion(base, name, publishable(name.id, 'file'));
      return { manifest: await manifestOf(name, arn.version), id: name.id };
    }),
  );
  const [first, ...rest] = items;
  if (first === undefined) throw new TypeError('two are published');
  const wanted: PromotionRequest = { repository: 'production', items: [first, ...rest] };
  // Somebody has begun with it, and died.
  await expect(
    promote(
      before(() => Promise.reject(new Error('dead'))),
      wanted,
    ),
  ).rejects.toThrow('dead');
  const promoting = (own: Domain): Promise<unknown> => outcomeOf(promote(own, wanted));
  const deleting = (own: Domain): Promise<unknown> => outcomeOf(deleteVersion(own, TARGET, 1));
  const publishing = (own: Domain): Promise<unknown> =>
    outcomeOf(publishVersion(own, TARGET, publishable('api', 'file')));
  const story = await interleaveIn(base, [promoting, promoting, deleting, publishing], choose, stops);
  for (const outcome of story.outcomes) if (outcome instanceof Error) wrong.push(outcome.message);
  return { ...story, violations: [...wrong, ...(await wrongIn(base))] };
}

describe('two who promote the same, one who deletes a part of it, and one who publishes that', () => {
  test('in any order', async () => {
    expect(await firstWrong(300, (random) => play(chooseBy(random)))).toBeUndefined();
  });

  test('also when one of them stops for ever', async () => {
    const wrong = await firstWrong(300, (random) => {
      const stopAt = Math.floor(random() * 30);
      return play(chooseBy(random), (_, step) => step === stopAt);
    });
    expect(wrong).toBeUndefined();
  });
});
