import { beforeEach, describe, expect, test } from '@jest/globals';
import { quarantineEnd } from '../../../repository/collecting/quarantine.ts';
import { contentOf, formatArn, publishVersion, readManifest, sha256 } from '../../../repository/index.ts';
import type { ArtifactArn, Domain, KeeperCommand, ObjectStore, Publication } from '../../../repository/index.ts';
import { bind } from '../../../repository/bind.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { DeletedVersion } from '../../../repository/keeping/deletion.ts';
import { bookmarkKey, versionKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { readStatus } from '../../../repository/status.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { storesOfADomain } from '../../support/stores-of-a-domain.ts';

/** The keeper's commands `delete` and `undelete`: what becomes of versions, and of what they held. */

const NAME = { repository: 'default', id: 'shop/api' };
const OTHER = { repository: 'default', id: 'shop/web' };

type DeleteCommand = Extract<KeeperCommand, { command: 'delete' }>;

const STORES = storesOfADomain();

const arnOf = ({ partition, account, region }: Domain, more: Partial<ArtifactArn> = {}): string =>
  formatArn({ partition, account, region, ...NAME, ...more });

function asked(domain: Domain, command: KeeperCommand, isTimeUp = false): ReturnType<typeof carryOut> {
  return carryOut(command, { domain, evidence: noEvidence, isTimeUp: () => isTimeUp });
}

async function remove(
  domain: Domain,
  arn: string,
  how: Partial<Omit<DeleteCommand, 'command' | 'arn'>> = {},
): Promise<readonly DeletedVersion[]> {
  const { results, next } = await asked(domain, { command: 'delete', arn, dryRun: false, now: false, ...how });
  expect(next).toBeUndefined();
  return results as readonly DeletedVersion[];
}

const undelete = (domain: Domain, version: number): ReturnType<typeof carryOut> =>
  asked(domain, { command: 'undelete', arn: arnOf(domain, { version }) });

async function keysIn(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function bindTo(domain: Domain, { arn, key, filename, size }: Publication): Promise<void> {
  const uuid = '6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';
  const resource = { account: domain.account, region: domain.region, stack: 'shop', uuid, logicalId: 'Api' };
  const stackId = `arn:aws:cloudformation:${domain.region}:${domain.account}:stack/shop/${uuid}`;
  const operation = { resource, stackId, requestId: 'R1', issued: '2026-01-01T00:00:00.000Z', replaces: false };
  await bind(domain, { ...operation, pinned: false }, [
    { arn: formatArn(arn), key, filename, size, digest: arn.digest },
  ]);
}

const point = async ({ store }: Domain, bookmark: string, number: number): Promise<unknown> =>
  store.create(bookmarkKey(NAME, bookmark), recordContent({ number }));

const use = (domain: Domain, of: Publication, consumer: string): ReturnType<typeof carryOut> =>
  asked(domain, { command: 'reference-add', arn: formatArn(of.arn), consumer });

describe.each(Object.entries(STORES))('a domain %s', (_, open) => {
  let domain: Domain;
  let first: Publication;
  let second: Publication;

  beforeEach(async () => {
    domain = await testDomain(await open());
    first = await publishVersion(domain, NAME, publishable('one'));
    second = await publishVersion(domain, NAME, publishable('two'));
  });

  const statusOf = (number: number): Promise<string> => readStatus(domain, NAME, number);
  const isThere = async (of: Publication): Promise<boolean> => (await domain.store.head(of.key)) !== undefined;

  test('deletes what nobody needs: the content is in quarantine for a week, and comes back with the version', async () => {
    const { digest } = first.arn;
    const dry = await remove(domain, formatArn(first.arn), { dryRun: true });
    const { published } = (await readManifest(domain, NAME, 1)) ?? {};
    const told = { ...NAME, number: 1, published };
    expect(dry).toEqual([{ ...told, outcome: 'would delete', content: [{ digest, bytes: 3, outcome: 'condemned' }] }]);
    expect(await statusOf(1)).toBe('Published');
    expect(await remove(domain, formatArn(first.arn))).toEqual([
      { ...told, outcome: 'deleted', content: [{ digest, bytes: 3, outcome: 'condemned', until: expect.any(String) }] },
    ]);
    const condemned = await readDeletion(domain.store, digest);
    expect(condemned?.value.state).toBe('condemned');
    // As a plan tells it.
    const until = quarantineEnd(condemned?.modified ?? new Date(0), 7).toISOString();
    const again = { ...told, outcome: 'already', content: [{ digest, bytes: 3, outcome: 'condemned', until }] };
    expect(await remove(domain, formatArn(first.arn), { dryRun: true })).toEqual([again]);
    expect(await remove(domain, formatArn(first.arn))).toEqual([again]);
    expect(await statusOf(1)).toBe('Deleted');
    expect(await isThere(first)).toBe(true);
    const { results } = await undelete(domain, 1);
    expect(results).toEqual([{ ...NAME, number: 1, outcome: 'undeleted', status: 'Published' }]);
    expect((await readDeletion(domain.store, digest))?.value.state).toBe('cancelled');
    expect((await undelete(domain, 1)).results).toMatchObject([{ outcome: 'not deleted', status: 'Published' }]);
    expect((await use(domain, first, 'job')).results).toMatchObject([{ outcome: 'added' }]);
  });

  test('deletes at once where the quarantine is waived; the same bytes are the same content again, under a new number', async () => {
    const { digest } = second.arn;
    const version = arnOf(domain, { version: 2 });
    expect(await remove(domain, version, { dryRun: true, now: true })).toMatchObject([
      { outcome: 'would delete', content: [{ outcome: 'deleted' }] },
    ]);
    expect(await isThere(second)).toBe(true);
    expect(await remove(domain, version, { now: true })).toMatchObject([
      { outcome: 'deleted', content: [{ digest, outcome: 'deleted' }] },
    ]);
    expect(await isThere(second)).toBe(false);
    expect(await keysIn(domain.store, `references/${digest}/`)).toEqual([]);
    expect(await keysIn(domain.store, 'deletions/')).toEqual([]);
    expect(await remove(domain, version)).toMatchObject([{ outcome: 'already', content: [{ outcome: 'absent' }] }]);
    await expect(undelete(domain, 2)).rejects.toMatchObject({
      code: 'ARTIFACT_DELETED',
      remedy: expect.stringContaining('Publish the same bytes again'),
    });
    const again = await publishVersion(domain, NAME, publishable('two'));
    expect(again.arn).toMatchObject({ version: 3, digest });
    expect(again.key).toBe(second.key);
    // The version that was deleted may hold it now as well.
    expect((await undelete(domain, 2)).results).toMatchObject([{ outcome: 'undeleted' }]);
    expect(await isThere(again)).toBe(true);
  });

  test('empties the quarantine of one version that was deleted before', async () => {
    await remove(domain, formatArn(first.arn));
    expect(await remove(domain, formatArn(first.arn), { now: true })).toMatchObject([
      { outcome: 'already', content: [{ outcome: 'deleted' }] },
    ]);
    expect(await isThere(first)).toBe(false);
  });

  test('leaves what somebody needs, and names everybody', async () => {
    await bindTo(domain, first);
    await use(domain, first, 'team/job');
    await point(domain, 'prod', 1);
    await point(domain, 'test', 2);
    const users = [
      { by: 'reference', version: 1, consumer: { kind: 'named', name: 'team/job' } },
      { by: 'reference', version: 1, consumer: { kind: 'stack', resource: { stack: 'shop', logicalId: 'Api' } } },
      { by: 'bookmark', bookmark: 'prod', version: 1 },
    ];
    const used = [{ outcome: 'used', number: 1, content: [], users }];
    for (const how of [{ dryRun: true }, {}, { now: true }]) {
      expect(await remove(domain, formatArn(first.arn), how)).toMatchObject(used);
    }
    expect(await statusOf(1)).toBe('Published');
    expect(await remove(domain, arnOf(domain))).toMatchObject([{ outcome: 'used', number: 2 }, ...used]);
    expect(await isThere(first)).toBe(true);
    expect(await keysIn(domain.store, 'deletions/')).toEqual([]);
  });

  test('content that another version holds stays, until that goes as well', async () => {
    const other = await publishVersion(domain, OTHER, publishable('one'));
    const held = [{ outcome: 'held', by: ['default/shop/web:1'] }];
    expect(await remove(domain, formatArn(first.arn), { dryRun: true, now: true })).toMatchObject([{ content: held }]);
    expect(await remove(domain, formatArn(first.arn), { now: true })).toMatchObject([
      { outcome: 'deleted', content: held },
    ]);
    expect(await isThere(first)).toBe(true);
    // Held by somebody else is there to be taken back.
    expect((await undelete(domain, 1)).results).toMatchObject([{ outcome: 'undeleted' }]);
    await remove(domain, formatArn(first.arn));
    expect(await remove(domain, formatArn(other.arn), { now: true })).toMatchObject([
      { outcome: 'deleted', content: [{ outcome: 'deleted' }] },
    ]);
    expect(await isThere(first)).toBe(false);
  });

  test('of an artifact: all versions, some of them, or those with some content; nothing that came later', async () => {
    for (const text of ['three', 'four', 'five']) await publishVersion(domain, NAME, publishable(text));
    const numbers = async (arn: string, how: object): Promise<readonly number[]> =>
      (await remove(domain, arn, how)).map(({ number }) => number);
    expect(await numbers(arnOf(domain), { dryRun: true })).toEqual([5, 4, 3, 2, 1]);
    expect(await numbers(arnOf(domain, { digest: second.arn.digest }), { dryRun: true })).toEqual([2]);
    expect(await numbers(arnOf(domain, { digest: sha256('nothing') }), { dryRun: true })).toEqual([]);
    expect(await numbers(arnOf(domain), { versions: [1, 4, 4] })).toEqual([4, 1]);
    expect(await numbers(arnOf(domain, { digest: second.arn.digest }), { versions: [3, 2] })).toEqual([2]);
    expect(await numbers(arnOf(domain, { version: 3 }), { versions: [5] })).toEqual([]);
    const statuses = await Promise.all([1, 2, 3, 4, 5].map(statusOf));
    expect(statuses).toEqual(['Deleted', 'Deleted', 'Published', 'Deleted', 'Published']);
  });

  test('refuses what does not exist, and does nothing', async () => {
    const code = async (arn: string, how: object = {}): Promise<unknown> =>
      remove(domain, arn, how).catch((error: unknown) => (error as { code?: unknown }).code);
    expect(await code(arnOf(domain, { version: 7 }))).toBe('ARTIFACT_NOT_FOUND');
    expect(await code(arnOf(domain), { versions: [7] })).toBe('ARTIFACT_NOT_FOUND');
    expect(await code(arnOf(domain, { version: 1, digest: second.arn.digest }))).toBe('DIGEST_MISMATCH');
    expect(await code(arnOf(domain, { region: 'eu-west-1' }))).toBe('ARTIFACT_NOT_FOUND');
    await expect(undelete(domain, 7)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    const mismatch = arnOf(domain, { version: 1, digest: second.arn.digest });
    await expect(asked(domain, { command: 'undelete', arn: mismatch })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(await Promise.all([1, 2].map(statusOf))).toEqual(['Published', 'Published']);
  });
});

/** A store in which somebody else does something once, before the first request that fits. */
function meanwhile(
  store: ObjectStore,
  isMeant: (method: 'read' | 'create' | 'replace', key: string) => boolean,
  act: () => Promise<unknown>,
): ObjectStore {
  let isDone = false;
  const before = async (...request: Parameters<typeof isMeant>): Promise<void> => {
    if (isDone || !isMeant(...request)) return;
    isDone = true;
    await act();
  };
  return {
    ...store,
    read: async (key, incarnation) => {
      await before('read', key);
      return store.read(key, incarnation);
    },
    create: async (key, content, attributes) => {
      await before('create', key);
      return store.create(key, content, attributes);
    },
    replace: async (key, content, revision, attributes) => {
      await before('replace', key);
      return store.replace(key, content, revision, attributes);
    },
  };
}

describe('with others at work', () => {
  let domain: Domain;
  let first: Publication;

  beforeEach(async () => {
    domain = await testDomain();
    first = await publishVersion(domain, NAME, publishable('one'));
  });

  test.each([false, true])(
    'content that is published again after it was condemned stays (at once: %s)',
    async (now) => {
      const { digest } = first.arn;
      const store = meanwhile(
        domain.store,
        (method, key) => key === `deletions/${digest}` && method === (now ? 'replace' : 'create'),
        () => publishVersion(domain, OTHER, publishable('one')),
      );
      const [result] = await remove({ ...domain, store }, formatArn(first.arn), { now });
      // Published before the record was written, or between it and the decision: the one is rescued by the next look, the other at once.
      expect(result).toMatchObject({ outcome: 'deleted' });
      const at = await domain.store.head(first.key);
      expect(at).toBeDefined();
      if (now) expect(result?.content).toMatchObject([{ outcome: 'held', by: ['default/shop/web:1'] }]);
    },
  );

  test('a version that is taken into use meanwhile is used', async () => {
    const store = meanwhile(
      domain.store,
      (method, key) => method === 'create' && key.startsWith('statuses/'),
      () => use(domain, first, 'job'),
    );
    expect(await remove({ ...domain, store }, formatArn(first.arn), { now: true })).toMatchObject([
      { outcome: 'used', users: [{ consumer: { name: 'job' } }] },
    ]);
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
  });

  test('what another has condemned, decided or lifted is gone on with', async () => {
    const { digest } = first.arn;
    let lifted = 0;
    const store = meanwhile(
      domain.store,
      (method, key) => method === 'read' && key === `deletions/${digest}` && ++lifted === 2,
      () => domain.keeper.cancel(digest),
    );
    expect(await remove({ ...domain, store }, formatArn(first.arn))).toMatchObject([
      { content: [{ outcome: 'condemned' }] },
    ]);
    const condemned = await readDeletion(domain.store, digest);
    expect(condemned?.value.state).toBe('condemned');
    if (condemned === undefined) throw new Error('no record');
    const decided = recordContent({ ...condemned.value, state: 'deleting' });
    await domain.store.replace(`deletions/${digest}` as never, decided, condemned.revision);
    expect(await remove(domain, formatArn(first.arn), { dryRun: true })).toMatchObject([
      { outcome: 'already', content: [{ outcome: 'deleted' }] },
    ]);
    expect(await remove(domain, formatArn(first.arn))).toMatchObject([
      { outcome: 'already', content: [{ outcome: 'deleted' }] },
    ]);
    expect(await domain.store.head(first.key)).toBeUndefined();
  });
});

test('in pieces it is the same, whatever was deleted before', async () => {
  const domain = await testDomain();
  for (let number = 1; number <= 6; number++) await publishVersion(domain, NAME, publishable(`content ${number}`));
  await remove(domain, arnOf(domain, { version: 3 }));
  await use(domain, await publishVersion(domain, NAME, publishable('content 5')), 'job');
  const results: DeletedVersion[] = [];
  const command: KeeperCommand = { command: 'delete', arn: arnOf(domain), dryRun: false, now: true };
  let pieces = 0;
  for (let next: KeeperCommand | undefined = command; next !== undefined; pieces++) {
    const answer: Awaited<ReturnType<typeof carryOut>> = await asked(domain, next, true);
    results.push(...(answer.results as readonly DeletedVersion[]));
    ({ next } = answer);
  }
  expect(pieces).toBe(7);
  expect(results.map(({ number, outcome }) => `${number} ${outcome}`)).toEqual([
    ...['6 deleted', '5 used', '4 deleted', '3 already', '2 deleted', '1 deleted'],
  ]);
  expect(await keysIn(domain.store, 'blobs/')).toHaveLength(1);
});

test('a version with several assets goes with all of them, and comes back with all', async () => {
  const domain = await testDomain();
  const one = await publishVersion(domain, NAME, publishable('one'));
  const two = await publishVersion(domain, OTHER, publishable('two'));
  const assets = [one, two, one].map(({ arn: { digest }, size }, index) => ({
    ...{ name: `asset-${index}`, digest, filename: 'archive.zip', size },
  }));
  const manifest = { format: 1, ...NAME, number: 2, nonce: 'n', published: '2026-01-01T00:00:00.000Z', assets };
  await domain.store.create(versionKey(NAME, 2), recordContent(manifest));
  await remove(domain, formatArn(one.arn));
  await remove(domain, formatArn(two.arn));
  const outcomes = (await remove(domain, arnOf(domain, { version: 2 }))).map(({ content }) =>
    content.map(({ digest, outcome }) => [digest, outcome]),
  );
  expect(outcomes).toEqual([
    [
      [one.arn.digest, 'condemned'],
      [two.arn.digest, 'condemned'],
    ],
  ]);
  expect((await undelete(domain, 2)).results).toMatchObject([{ outcome: 'undeleted' }]);
  expect(await remove(domain, formatArn(two.arn), { now: true })).toMatchObject([
    { content: [{ outcome: 'held', by: ['default/shop/api:2'] }] },
  ]);
});

test('a number that was taken out of use is passed over', async () => {
  const domain = await testDomain();
  await publishVersion(domain, NAME, publishable('one'));
  const withdrawn = { format: 1, ...NAME, number: 2, withdrawn: true, at: '2026-01-01T00:00:00.000Z' };
  await domain.store.create(versionKey(NAME, 2), recordContent(withdrawn));
  expect(await remove(domain, arnOf(domain))).toMatchObject([{ number: 1, outcome: 'deleted' }]);
  await expect(remove(domain, arnOf(domain, { version: 2 }))).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
});

test('of very many users the first are told, and how many there are beside', async () => {
  const domain = await testDomain();
  const { arn, key } = await publishVersion(domain, NAME, publishable('one'));
  const uses = [{ arn: formatArn(arn), key }];
  for (let consumer = 0; consumer < 1003; consumer++) {
    const record = { format: 1, nonce: 'n', at: '2026-01-01T00:00:00.000Z', uses };
    await domain.store.create(`references/${arn.digest}/named/consumer-${consumer}/!x` as never, recordContent(record));
  }
  const [result] = await remove(domain, formatArn(arn), { dryRun: true });
  expect(result).toMatchObject({ outcome: 'used', moreUsers: 3 });
  expect(result?.users).toHaveLength(1000);
});

test('where somebody’s record can’t be read, nothing is deleted', async () => {
  const domain = await testDomain();
  const { arn } = await publishVersion(domain, NAME, publishable('one'));
  await domain.store.create(bookmarkKey(NAME, 'prod'), contentOf('damaged'));
  for (const dryRun of [true, false]) {
    await expect(remove(domain, formatArn(arn), { dryRun, now: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
    });
  }
  expect(await readStatus(domain, NAME, 1)).toBe('Published');
});
