import { beforeEach, describe, expect, test } from '@jest/globals';
import { disposeUnchanged, deleteVersion, finishDeletion } from '../../repository/deleting/version-deletion.ts';
import { undeleteVersion } from '../../repository/deleting/undelete.ts';
import { bind } from '../../repository/bind.ts';
import { readBookmark, setBookmark } from '../../repository/bookmark.ts';
import { blobKey, statusKey, versionReferencePrefix } from '../../repository/keys.ts';
import { publishAssets, publishVersion, resolve, resolveWhole, sha256 } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { claimLabels } from '../../repository/label.ts';
import { addNamedReference } from '../../repository/named.ts';
import { recordContent } from '../../repository/record.ts';
import { samenessOf } from '../../repository/same-version.ts';
import { changeStatus, completeVersion } from '../../repository/status-change.ts';
import { FOLLOWERS, TARGETS } from '../../repository/status-target.ts';
import type { Status, StatusRecord } from '../../repository/status.ts';
import { readStatus, readStatusRecord, STATUSES, writeStatus } from '../../repository/status.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { verify } from '../../repository/verifying/verify.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { keysIn } from '../support/keys-in.ts';

const NAME = { repository: 'default', id: 'shop/api' };
const DIGEST = sha256('x');
const RESOURCE = {
  ...{ account: '111122223333', region: 'eu-west-1', stack: 'shop', logicalId: 'Api' },
  uuid: '6c5c5d50-0000-0000-0000-000000000000',
};

let store: ObjectStore;
let domain: Domain;

beforeEach(async () => {
  store = memoryStore(steadyChance().now);
  domain = await testDomain(store);
  await publishVersion(domain, NAME, publishable('x'));
});

const arn = (version = 1) => {
  const { partition, account, region } = domain;
  return { partition, account, region, ...NAME, version };
};

const status = (): Promise<Status> => readStatus(domain, NAME, 1);

/** Whatever it takes to be that. */
async function begin(from: Status): Promise<void> {
  if (from === 'Deleted') await deleteVersion(domain, NAME, 1);
  else if (from === 'Disposed') await changeStatus(domain, NAME, 1, 'Disposed');
  else if (from !== 'Published') await writeStatus(domain, { ...NAME, number: 1 }, { status: from }, undefined);
}

describe('changeStatus()', () => {
  const ways = STATUSES.flatMap((from) => TARGETS.map((to) => [from, to] as const));

  test.each(ways.filter(([from, to]) => from !== to && FOLLOWERS[from].includes(to)))('%s to %s', async (from, to) => {
    await begin(from);
    expect(await changeStatus(domain, NAME, 1, to)).toMatchObject({ outcome: 'changed', from, status: to });
    expect(await status()).toBe(to);
    expect((await readStatusRecord(domain, NAME, 1))?.value.was).toBe(from);
    expect(await changeStatus(domain, NAME, 1, to)).toMatchObject({ outcome: 'exists', status: to });
  });

  test.each([
    ...(['Published', 'Unlisted', 'Archived'] as const).map((to) => ['Disposed', to] as const),
    ...TARGETS.map((to) => ['Deleted', to] as const),
  ])('not %s to %s', async (from, to) => {
    await begin(from);
    const before = await readStatusRecord(domain, NAME, 1);
    await expect(changeStatus(domain, NAME, 1, to)).rejects.toMatchObject({
      ...{ code: 'STATUS_NOT_ALLOWED', message: `'default/shop/api:1' is ${from}, and cannot become ${to}` },
    });
    expect((await readStatusRecord(domain, NAME, 1))?.value.status).toBe(before?.value.status);
  });

  test('refuses what is not expected; says that there is no such version', async () => {
    await expect(changeStatus(domain, NAME, 1, 'Archived', { expected: 'Unlisted' })).rejects.toMatchObject({
      ...{ code: 'STALE_REVISION', message: "'default/shop/api:1' is Published, not Unlisted" },
    });
    expect(await status()).toBe('Published');
    await changeStatus(domain, NAME, 1, 'Archived', { expected: 'Published' });
    expect(await changeStatus(domain, NAME, 1, 'Archived', { expected: 'Published' })).toMatchObject({
      outcome: 'exists',
    });
    expect(await changeStatus(domain, NAME, 2, 'Archived')).toBeUndefined();
    await expect(changeStatus(domain, NAME, 1, 'Disposed', { expected: 'Published' })).rejects.toMatchObject({
      code: 'STALE_REVISION',
    });
  });

  test('waits for whoever is about to delete it, and gives up in the end', async () => {
    await writeStatus(domain, arnName(), { status: 'Deleting', was: 'Published' }, undefined);
    await expect(changeStatus(domain, NAME, 1, 'Archived')).rejects.toMatchObject({ code: 'CONTENTION' });
    const own = {
      ...domain,
      chance: { ...domain.chance, pause: () => finishDeletion(domain, NAME, 1).then(() => undefined) },
    };
    await expect(changeStatus(own, NAME, 1, 'Archived')).rejects.toMatchObject({ code: 'STATUS_NOT_ALLOWED' });
  });
});

const arnName = () => ({ ...NAME, number: 1 });

describe('Archived', () => {
  test('takes no new references of stacks and of named consumers, and keeps those that it has', async () => {
    const { key, filename, arn: definite } = await resolve(domain, 'default/shop/api:1');
    const wanted = [{ ...{ arn: 'x', key, digest: DIGEST, filename }, version: arnName() }];
    const operation = (requestId: string, current?: string) => ({
      ...{ resource: RESOURCE, stackId: 's', requestId, issued: `2026-01-01T00:00:0${requestId}Z`, pinned: false },
      ...{ replaces: false, ...(current !== undefined && { current }) },
    });
    const generation = await bind(domain, operation('1'), wanted);
    await addNamedReference(domain, { ...arn(), digest: definite.digest }, 'job');
    await changeStatus(domain, NAME, 1, 'Archived');
    const other = { ...operation('2'), resource: { ...RESOURCE, logicalId: 'Other' } };
    await expect(bind(domain, other, wanted)).rejects.toMatchObject({
      ...{ code: 'ARTIFACT_ARCHIVED', message: "'x' is archived and takes no new references" },
      remedy: 'Package again, or name another version.',
    });
    await expect(addNamedReference(domain, { ...arn(), digest: DIGEST }, 'another')).rejects.toMatchObject({
      ...{ code: 'ARTIFACT_ARCHIVED', message: "'default/shop/api:1' is archived and takes no new references" },
    });
    // Who has one goes on with it: an update that changes nothing, and the same once more.
    expect(await bind(domain, operation('3', generation), wanted)).toBe(generation);
    expect(await addNamedReference(domain, { ...arn(), digest: DIGEST }, 'job')).toMatchObject({ outcome: 'exists' });
    expect(await changeStatus(domain, NAME, 1, 'Disposed')).toMatchObject({ outcome: 'used', status: 'Archived' });
    expect(await status()).toBe('Archived');
    await expect(publishVersion(domain, NAME, publishable('x'))).rejects.toMatchObject({ code: 'ARTIFACT_ARCHIVED' });
  });
});

describe('Disposed', () => {
  test('lets go of what it held, keeps the record, and is taken back by nobody', async () => {
    await changeStatus(domain, NAME, 1, 'Unlisted');
    const change = await changeStatus(domain, NAME, 1, 'Disposed');
    expect(change).toMatchObject({ outcome: 'changed', from: 'Unlisted', digests: [DIGEST] });
    expect(await keysIn(store, versionReferencePrefix(DIGEST, NAME))).toEqual([]);
    expect((await readStatusRecord(domain, NAME, 1))?.value).toMatchObject({ status: 'Disposed', was: 'Unlisted' });
    expect(await undeleteVersion(domain, NAME, 1)).toMatchObject({ outcome: 'not deleted', status: 'Disposed' });
    expect(await deleteVersion(domain, NAME, 1)).toMatchObject({ outcome: 'already', status: 'Disposed' });
    expect(await status()).toBe('Disposed');
    const { arn: again } = await publishVersion(domain, NAME, publishable('x'));
    expect(again.version).toBe(2);
    expect((await store.head(blobKey(DIGEST, 'archive.zip')))?.key).toBeDefined();
  });

  test('is come to by whoever finishes it for somebody who died, and a deletion to its own end', async () => {
    for (const [becomes, ends] of [
      ['Disposed', 'Disposed'],
      [undefined, 'Deleted'],
    ] as const) {
      for (const finish of [finishDeletion, deleteVersion]) {
        const { arn: published } = await publishVersion(domain, NAME, publishable(`${ends} ${finish.name}`));
        const version = { ...NAME, number: published.version };
        const mark = { status: 'Deleting', was: 'Published', ...(becomes !== undefined && { becomes }) } as const;
        await writeStatus(domain, version, mark, undefined);
        expect(await finish(domain, NAME, version.number)).toMatchObject({ outcome: 'deleted', status: ends });
        expect((await readStatusRecord(domain, NAME, version.number))?.value).toMatchObject({
          status: ends,
          was: 'Published',
        });
      }
    }
  });

  test('of one that another is just deleting comes to the end that he meant', async () => {
    await writeStatus(domain, arnName(), { status: 'Deleting', was: 'Published' }, undefined);
    await expect(changeStatus(domain, NAME, 1, 'Disposed')).rejects.toMatchObject({ code: 'STATUS_NOT_ALLOWED' });
    expect(await status()).toBe('Deleted');
  });

  test('is not begun where the status was changed since it was judged', async () => {
    await changeStatus(domain, NAME, 1, 'Unlisted');
    expect(await disposeUnchanged(domain, NAME, 1, 'another')).toBeUndefined();
    expect(await status()).toBe('Unlisted');
  });

  test('a mark of which it is not known what it becomes is not understood', async () => {
    const record = { status: 'Deleting', was: 'Published', becomes: 'Elsewhere', nonce: 'n', at: 'then' };
    await store.create(statusKey(NAME, 1), recordContent(record));
    await expect(deleteVersion(domain, NAME, 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await expect(readStatus(domain, NAME, 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  test('references that were left behind are found, and go', async () => {
    const before = await readStatusRecord(domain, NAME, 1);
    const record: StatusRecord = { status: 'Disposed', was: 'Published' };
    await writeStatus(domain, arnName(), record, before);
    const kinds: string[] = [];
    for await (const { finding } of verify(domain, { fix: true, deep: false }))
      if (finding !== undefined) kinds.push(`${finding.kind}: ${finding.why}`);
    expect(kinds).toContain('unfinished: it was disposed and still holds its content');
    expect(await keysIn(store, versionReferencePrefix(DIGEST, NAME))).toEqual([]);
    expect((await readStatusRecord(domain, NAME, 1))?.value).toMatchObject(record);
  });
});

describe('a candidate', () => {
  const set = { label: '1.0.0', name: 'build-1' };

  const candidate = async (): Promise<number> => {
    const wanted = { assets: [{ publishable: publishable('built') }], set } as const;
    return (await publishAssets(domain, NAME, wanted)).manifest.number;
  };

  test('is Published when its label stands for it, and not before', async () => {
    const number = await candidate();
    for (const act of [
      () => changeStatus(domain, NAME, number, 'Published'),
      () => completeVersion(domain, NAME, number),
    ])
      await expect(act()).rejects.toMatchObject({
        ...{
          code: 'STATUS_NOT_ALLOWED',
          message: `'default/shop/api:${number}' is not finished, and cannot become Published`,
        },
      });
    const { manifest } = await publishAssets(domain, NAME, { assets: [{ publishable: publishable('built') }], set });
    await claimLabels(domain, NAME, [set.label], samenessOf(manifest.assets, set), number);
    expect(await completeVersion(domain, NAME, number)).toMatchObject({ outcome: 'changed', from: 'Unfinished' });
    expect(await completeVersion(domain, NAME, number)).toMatchObject({ outcome: 'exists', status: 'Published' });
    await changeStatus(domain, NAME, number, 'Archived');
    expect(await completeVersion(domain, NAME, number)).toMatchObject({ outcome: 'exists', status: 'Archived' });
    expect(await changeStatus(domain, NAME, number, 'Published')).toMatchObject({ outcome: 'changed' });
    expect(await completeVersion(domain, NAME, 9)).toBeUndefined();
  });

  test('that is finished is needed no more because it was active; another bookmark of that name stays', async () => {
    const number = await candidate();
    await setBookmark(domain, arn(number), set.label);
    const { manifest } = await resolveWhole(domain, `default/shop/api:${number}`);
    await claimLabels(domain, NAME, [set.label], samenessOf(manifest.assets, set), number);
    await completeVersion(domain, NAME, number);
    expect((await readBookmark(store, NAME, set.label))?.value.number).toBeUndefined();
    await setBookmark(domain, arn(1), set.label);
    await completeVersion(domain, NAME, number);
    expect((await readBookmark(store, NAME, set.label))?.value.number).toBe(1);
  });

  test('stays one when a deletion is refused, or taken back', async () => {
    const number = await candidate();
    const { digest } = (await resolve(domain, `default/shop/api:${number}`)).arn;
    await addNamedReference(domain, { ...arn(number), digest }, 'job');
    await writeStatus(domain, { ...NAME, number }, { status: 'Deleting', was: 'Unfinished' }, undefined);
    expect(await deleteVersion(domain, NAME, number)).toMatchObject({ outcome: 'used' });
    expect(await readStatus(domain, NAME, number)).toBe('Unfinished');
    const other = { assets: [{ publishable: publishable('other') }], set: { ...set, name: 'build-2' } } as const;
    const { manifest } = await publishAssets(domain, NAME, other);
    expect(await undeleteVersion(domain, NAME, manifest.number)).toMatchObject({ status: 'Unfinished' });
    await deleteVersion(domain, NAME, manifest.number);
    expect(await undeleteVersion(domain, NAME, manifest.number)).toMatchObject({ status: 'Unfinished' });
  });
});
