import { beforeEach, expect, test } from '@jest/globals';
import { publishVersion } from '../../../repository/index.ts';
import type { Digest, Domain } from '../../../repository/index.ts';
import { bookmarkKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import type { StatusRecord } from '../../../repository/status.ts';
import { readStatusRecord, writeStatus } from '../../../repository/status.ts';
import { publishable } from '../../support/domain.ts';
import { Clocked, HOUR_MS, planned, ran, steps } from './collected.ts';

/** A deletion that somebody began, who died. Its version is one of two, of which a rule keeps the newest. */

const NAME = { repository: 'default', id: 'shop/api' };
const VERSION = { ...NAME, number: 1 };

let domain: Domain;
let clock: Clocked;
let digest: Digest;

beforeEach(async () => {
  ({ domain, clock } = await Clocked.domain());
  await writeSettings(domain, 'default', { lifecycle: [{ id: 'newest', match: '**', keepNewest: 1 }] }, undefined);
  ({ digest } = (await publishVersion(domain, NAME, publishable('one', 'file'))).arn);
  await publishVersion(domain, NAME, publishable('two', 'file'));
  await writeStatus(domain, VERSION, { status: 'Deleting', was: 'Unlisted' }, undefined);
});

const status = async (): Promise<StatusRecord | undefined> => (await readStatusRecord(domain, NAME, 1))?.value;

test('is ended when nobody can be at it any more, and the content goes the way of all', async () => {
  expect(steps(await planned(domain))).toEqual([]);
  clock.pass(HOUR_MS / 4);
  const seen = (await status())?.nonce;
  const { plan, items } = await planned(domain);
  const why = 'its deletion was begun and not ended';
  expect(items).toEqual([{ action: 'delete', ...VERSION, digests: [digest], bytes: 3, why, seen }]);
  const outcome = { outcome: 'deleted', content: [{ digest, outcome: 'condemned' }] };
  expect(await ran(domain, plan.digest)).toMatchObject([outcome]);
  expect(await status()).toMatchObject({ status: 'Deleted', was: 'Unlisted' });
  expect(steps(await planned(domain))).toEqual([]);
});

test('leaves the version to who needs it', async () => {
  await domain.store.create(bookmarkKey(NAME, 'live'), recordContent({ number: 1 }));
  clock.pass(HOUR_MS);
  const { plan } = await planned(domain);
  expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'rescued', users: ["the bookmark 'live'"] }]);
  expect((await status())?.status).toBe('Unlisted');
});

test('is not begun anew where somebody has settled it since the plan was made', async () => {
  clock.pass(HOUR_MS);
  const { plan } = await planned(domain);
  await writeStatus(domain, VERSION, { status: 'Unlisted' }, await readStatusRecord(domain, NAME, 1));
  expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'left' }]);
  expect((await status())?.status).toBe('Unlisted');
});
