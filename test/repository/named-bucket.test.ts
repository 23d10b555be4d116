import { beforeEach, expect, test } from '@jest/globals';
import {
  createRepository,
  NO_SETTINGS,
  publishVersion,
  readManifest,
  resolve,
  sha256,
} from '../../repository/index.ts';
import type { Domain } from '../../repository/index.ts';
import { findUse } from '../../handler/reference/use.ts';
import { versionKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { routed } from '../../repository/stores/routed.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { knowEveryError } from '../support/realm.ts';

/** Whoever may write a version may name any bucket in it. */

knowEveryError();

const TEAM = { repository: 'team', id: 'tool' };
const LIB = { repository: 'default', id: 'lib' };
const OWN = 'team-content';

let domain: Domain;

beforeEach(async () => {
  const { now } = steadyChance();
  domain = await testDomain(routed(memoryStore(now), () => memoryStore(now)));
  await createRepository(domain, TEAM.repository, NO_SETTINGS, OWN);
  await publishVersion(domain, TEAM, publishable('one', 'file'), { bucket: OWN });
});

async function write(name: typeof TEAM, number: number, nonce: string, bucket: string): Promise<void> {
  const asset = { name: 'file.txt', digest: sha256('one'), filename: 'file.txt', size: 3, bucket };
  const record = { format: 1, ...name, number, nonce, published: '2026-01-01T00:00:00.000Z', assets: [asset] };
  await domain.store.create(versionKey(name, number), recordContent(record));
}

const arnOf = ({ repository, id }: typeof TEAM, version: number): Parameters<typeof findUse>[1]['arn'] => ({
  ...{ partition: domain.partition, region: domain.region, account: domain.account, repository, id, version },
});

test('that of its repository is where its content is', async () => {
  expect(await resolve(domain, 'team/tool:1')).toMatchObject({ bucket: OWN });
  expect(await findUse(domain, { arn: arnOf(TEAM, 1) })).toMatchObject({ bucket: OWN });
});

test.each([
  ['a bucket of nobody', TEAM, 'nonce', 'elsewhere'],
  ['that of another repository', LIB, 'nonce', OWN],
  ['any, by a guest', TEAM, 'guest-3f6c0a9b-nonce', OWN],
  ['any, by a guest under a name that nobody makes', TEAM, 'x-guest-3f6c0a9b-nonce', OWN],
])('%s is refused, whoever reads the version', async (_, name, nonce, bucket) => {
  await write(name, 7, nonce, bucket);
  const reading = [
    () => readManifest(domain, name, 7),
    () => resolve(domain, `${name.repository}/${name.id}:7`),
    () => findUse(domain, { arn: arnOf(name, 7) }),
  ];
  for (const read of reading) await expect(read()).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
});

test('of a version that names none nothing more is asked', async () => {
  await publishVersion(domain, LIB, publishable('two', 'file'));
  const requests: string[] = [];
  const store = counting(domain.store, ({ method, key }) => requests.push(`${method} ${key}`));
  await readManifest({ store }, LIB, 1);
  expect(requests).toEqual([`read ${versionKey(LIB, 1)}`]);
  await readManifest({ store }, TEAM, 1);
  expect(requests).toEqual([
    ...[`read ${versionKey(LIB, 1)}`, `read ${versionKey(TEAM, 1)}`],
    `head repositories/!/${OWN}/team`,
  ]);
});
