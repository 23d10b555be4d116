import { beforeEach, describe, expect, test } from '@jest/globals';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { bytesOf, contentOf, publishVersion, readStatus, sha256 } from '../../../repository/index.ts';
import type { Digest, Domain } from '../../../repository/index.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { Keeping } from '../../../repository/keeping/keeping.ts';
import { blobKey, deletionKey, EVERY_PLAN, progressKey } from '../../../repository/keys.ts';
import { readRecord, recordContent } from '../../../repository/record.ts';
import { readSettings } from '../../../repository/settings.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { publishable } from '../../support/domain.ts';
import { Clocked, DAY_MS, HOUR_MS, stored } from '../collecting/collected.ts';

/** What a keeper collects every day by itself. */

const NAME = { repository: 'default', id: 'shop/api' };

let domain: Domain;
let clock: Clocked;
let told: object[];

beforeEach(async () => {
  ({ domain, clock } = await Clocked.domain());
  told = [];
});

async function tick(
  schedule: NonNullable<Keeping['schedule']>,
  isTimeUp: () => boolean = () => false,
): Promise<readonly object[]> {
  const report = (finding: object): void => void told.push(finding);
  const answer = await carryOut({ command: 'tend' }, { domain, evidence: noEvidence, isTimeUp, schedule, report });
  expect(answer.next).toBeUndefined();
  return answer.results;
}

const PLAN = { audit: 'off', collect: 'plan' } as const;
const ON = { audit: 'off', collect: 'on' } as const;

async function orphan(text: string): Promise<Digest> {
  const digest = sha256(text);
  await domain.store.create(blobKey(digest, 'file.txt'), contentOf(text));
  return digest;
}

const progress = (task: string): ReturnType<typeof readRecord<Readonly<Record<string, unknown>>>> =>
  readRecord(domain.store, progressKey(task), (value) => value);

describe('by schedule', () => {
  test('nothing is collected unless that was said', async () => {
    await orphan('nobody');
    expect(await tick({ audit: 'off', collect: 'off' })).toEqual([]);
    const answer = await carryOut({ command: 'tend' }, { domain, evidence: noEvidence, isTimeUp: () => false });
    expect(answer.results).toMatchObject([{ task: 'audit' }]);
    expect((await stored(domain.store, EVERY_PLAN)).size).toBe(0);
  });

  test('a plan is made every day, and nothing goes', async () => {
    const digest = await orphan('nobody');
    const plan = { action: 'plan', tally: { actions: { condemn: { items: 1 } } } };
    expect(await tick(PLAN)).toMatchObject([{ task: 'collect', finished: expect.any(String), looked: 1, plan }]);
    expect(await tick(PLAN)).toEqual([]);
    clock.pass(22 * HOUR_MS);
    expect(await tick(PLAN)).toEqual([]);
    clock.pass(HOUR_MS);
    expect(await tick(PLAN)).toMatchObject([{ task: 'collect', plan }]);
    expect(await readDeletion(domain.store, digest)).toBeUndefined();
  });

  test('content goes after its quarantine, and versions by the rules', async () => {
    await writeSettings(
      domain,
      'default',
      { lifecycle: [{ id: 'newest', match: '**', keepNewest: 1, expireUnusedDays: 2 }] },
      undefined,
    );
    for (const text of ['1', '2']) await publishVersion(domain, NAME, publishable(text, 'file'));
    await orphan('nobody');
    const days: string[] = [];
    for (let day = 0; day < 14; day++) {
      const [tended] = (await tick(ON)) as readonly { readonly outcomes?: Readonly<Record<string, number>> }[];
      days.push(
        Object.entries(tended?.outcomes ?? {})
          .map(([outcome, number]) => `${number} ${outcome}`)
          .join(),
      );
      clock.pass(DAY_MS);
    }
    // The orphan on the first day; the version on the third, whose content then waits for itself.
    expect(days).toEqual([
      '1 condemned',
      '',
      '1 deleted',
      '',
      '',
      '',
      '',
      '',
      '1 deleted',
      '',
      '1 deleted',
      '',
      '',
      '',
    ]);
    expect((await stored(domain.store, 'blobs/')).size).toBe(1);
  });

  test('goes on where it had to stop, however short its time is', async () => {
    for (let number = 0; number < 30; number++) await orphan(`nobody ${number}`);
    let ticks = 0;
    for (; ticks < 200; ticks++) {
      const [tended] = await tick(ON, () => true);
      if (tended !== undefined && 'finished' in tended) break;
    }
    expect(ticks).toBeGreaterThan(5);
    expect(ticks).toBeLessThan(200);
    const deletions = await stored(domain.store, 'deletions/');
    expect(deletions.size).toBe(30);
    // One plan.
    const plans = [...(await stored(domain.store, EVERY_PLAN)).keys()].filter((key) => /\/[0-9a-f]{64}$/.test(key));
    expect(plans).toHaveLength(1);
    expect(await tick(ON)).toEqual([]);
  });

  test('is told of what could not be looked at', async () => {
    const digest = await orphan('nobody');
    await domain.store.create(deletionKey(digest), contentOf('damaged'));
    clock.pass(10 * DAY_MS);
    expect(await tick(ON)).toMatchObject([{ task: 'collect', findings: 1 }]);
    expect(told).toMatchObject([{ action: 'unknown', subject: `sha256:${digest}` }]);
  });

  test('audits before it collects, and an audit that fails does not keep it from that', async () => {
    expect(await tick({ audit: 'daily', collect: 'plan' })).toMatchObject([{ task: 'audit' }, { task: 'collect' }]);
    clock.pass(DAY_MS);
    const record = {
      format: 1,
      task: 'audit',
      began: clock.chance.now().toISOString(),
      nonce: 'n',
      after: 'elsewhere',
    };
    const before = await progress('audit');
    if (before === undefined) throw new Error('no audit was noted');
    await domain.store.replace(progressKey('audit'), recordContent(record), before.revision);
    await expect(tick({ audit: 'daily', collect: 'plan' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await progress('collect'))?.value).toMatchObject({
      task: 'collect',
      finished: clock.chance.now().toISOString(),
    });
  });

  /** A collection that stops where its plan is made. */
  async function untilItRuns(): Promise<void> {
    let noted: unknown;
    for (let ticks = 0; ticks < 100 && !String(noted).startsWith('run '); ticks++) {
      await tick(ON, () => true);
      noted = (await progress('collect'))?.value['after'];
    }
    expect(noted).toMatch(/^run [0-9a-f]{64}/);
  }

  test('begins anew where the rules were changed since its plan was made', async () => {
    const rule = { id: 'all', match: '**', expireUnusedDays: 0 };
    await writeSettings(domain, 'default', { lifecycle: [rule] }, undefined);
    await publishVersion(domain, NAME, publishable('1', 'file'));
    await untilItRuns();
    const before = await readSettings(domain.store, 'default');
    await writeSettings(domain, 'default', { lifecycle: [{ ...rule, keepNewest: 1 }] }, before);
    await expect(tick(ON)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await tick(ON)).toMatchObject([{ task: 'collect', finished: expect.any(String), outcomes: {} }]);
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
  });

  test('begins anew where a part of its plan was cut', async () => {
    for (let number = 0; number < 20; number++) await orphan(`nobody ${number}`);
    await untilItRuns();
    for await (const { key } of domain.store.list(EVERY_PLAN)) {
      const object = await domain.store.read(key);
      if (object === undefined || !/\/0\d+$/.test(key)) continue;
      const text = (await bytesOf(object.body)).toString();
      await domain.store.replace(key, contentOf(text.slice(0, 20)), object.revision);
    }
    await expect(tick(ON)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await tick(ON)).toMatchObject([{ task: 'collect', finished: expect.any(String) }]);
    expect((await stored(domain.store, 'deletions/')).size).toBe(20);
  });

  test('begins anew where the plan that it was at is gone', async () => {
    for (let number = 0; number < 20; number++) await orphan(`nobody ${number}`);
    await untilItRuns();
    for await (const { key } of domain.store.list(EVERY_PLAN)) {
      const head = await domain.store.head(key);
      if (head !== undefined) await domain.store.removeRevision(key, head.revision);
    }
    await expect(tick(ON)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect(await tick(ON)).toMatchObject([{ task: 'collect', finished: expect.any(String) }]);
    expect((await stored(domain.store, 'deletions/')).size).toBe(20);
  });
});
