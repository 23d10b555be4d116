import { beforeEach, describe, expect, test } from '@jest/globals';
import { DomainDestination } from '../../../packager/packaging/domain-destination.ts';
import { bind } from '../../../repository/bind.ts';
import type { Digest, Domain, Publication } from '../../../repository/index.ts';
import { ArtifactError, formatArn, publishVersion, readStatus, sha256 } from '../../../repository/index.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { statusKey } from '../../../repository/keys.ts';
import { addNamedReference, removeNamedReferences } from '../../../repository/named.ts';
import { recordContent } from '../../../repository/record.ts';
import { release } from '../../../repository/release.ts';
import { readSettings } from '../../../repository/settings.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { readStatusRecord } from '../../../repository/status.ts';
import { allOf } from '../../support/all-of.ts';
import { publishable } from '../../support/domain.ts';
import { everyInterleaving, interleaveIn } from '../../support/interleaving.ts';
import { Clocked, DAY_MS, planned, ran } from './collected.ts';

/** For how long a version may be unused: from when it was used last, and from when somebody packaged it last. */

const NAME = { repository: 'default', id: 'shop/api' };
const RULE = { id: 'old', match: '**', expireUnusedDays: 20 };

let domain: Domain;
let clock: Clocked;

const publish = (own = domain): Promise<Publication> => publishVersion(own, NAME, publishable('x', 'file'));
const noteOf = async (): Promise<string | undefined> => (await readStatusRecord(domain, NAME, 1))?.value.unusedSince;

/** A version that has been unused for long enough: the plan of this moment takes it. */
async function unusedForLong(): Promise<void> {
  ({ domain, clock } = await Clocked.domain());
  await writeSettings(domain, 'default', { lifecycle: [RULE] }, undefined);
  await publish();
  await planned(domain);
  clock.pass(21 * DAY_MS);
}

beforeEach(unusedForLong);

async function collected(own = domain, wanted: Parameters<typeof planned>[1] = {}): Promise<Digest> {
  const { plan } = await planned(own, wanted);
  await ran(own, plan.digest);
  return plan.digest;
}

describe('a version that is packaged again', () => {
  test('has its whole time before it, whatever plan says that it goes', async () => {
    const { plan, items } = await planned(domain);
    expect(items).toMatchObject([{ action: 'delete', number: 1 }]);
    expect(await publish()).toMatchObject({ outcome: 'reused', isNewVersion: false });
    expect(await ran(domain, plan.digest)).toMatchObject([{ action: 'delete', outcome: 'left' }]);
    await collected();
    clock.pass(19 * DAY_MS);
    await collected();
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
    clock.pass(2 * DAY_MS);
    await collected();
    expect(await readStatus(domain, NAME, 1)).toBe('Deleted');
  });

  test('is there, in whatever order its publisher and a collection go', async () => {
    const outcomes = new Set<string>();
    const play = async (choose: Parameters<typeof interleaveIn>[2]): Promise<void> => {
      await unusedForLong();
      // Of versions alone: what becomes of content is told elsewhere.
      const collect = (own: Domain): Promise<Digest> => collected(own, { repository: 'default' });
      const story = await interleaveIn(domain, [publish, collect], choose);
      const [publication, plan] = story.outcomes as [Publication, Digest];
      if (publication instanceof Error) throw publication;
      const { version } = publication.arn;
      // Plans that stand are carried out at any time, and others are made.
      await ran(domain, plan);
      await collect(domain);
      clock.pass(19 * DAY_MS);
      await collect(domain);
      expect({ trace: story.trace, status: await readStatus(domain, NAME, version) }).toMatchObject({
        status: 'Published',
      });
      outcomes.add(`${publication.isNewVersion ? 'another' : 'the same'} version`);
    };
    const stories = await everyInterleaving(2, play);
    expect(stories).toBeGreaterThan(100);
    expect([...outcomes].sort()).toEqual(['another version', 'the same version']);
  });

  test('fails to be where the keeper can’t be asked: nobody is told of a version that goes', async () => {
    const refused = new ArtifactError('ACCESS_DENIED', 'no');
    const keeper = { ...domain.keeper, renew: () => Promise.reject(refused) };
    await expect(publish({ ...domain, keeper })).rejects.toBe(refused);
  });

  test('asks the keeper for nothing where nobody has noted anything', async () => {
    await publish();
    const keeper = { ...domain.keeper, renew: () => Promise.reject(new Error('asked')) };
    expect(await publish({ ...domain, keeper })).toMatchObject({ outcome: 'reused' });
  });
});

describe('a version that a template names by its ARN', () => {
  const urlOf = (): string => '';

  test('has its whole time before it', async () => {
    const { plan } = await planned(domain);
    const { partition, account, region } = domain;
    const arn = formatArn({ partition, account, region, ...NAME, version: 1, digest: sha256('x') });
    expect(await new DomainDestination(domain, 'default', urlOf).resolve(arn, false)).toMatchObject({ arn });
    expect(await noteOf()).toBeUndefined();
    expect(await ran(domain, plan.digest)).toMatchObject([{ action: 'delete', outcome: 'left' }]);
  });

  test('is waited for while somebody decides whether it goes, and may be tried again where nobody does', async () => {
    const { partition, account, region, store } = domain;
    const arn = formatArn({ partition, account, region, ...NAME, version: 1, digest: sha256('x') });
    await store.overwrite(
      statusKey(NAME, 1),
      recordContent({ status: 'Deleting', was: 'Published', nonce: 'n', at: clock.chance.now().toISOString() }),
    );
    const resolved = new DomainDestination(domain, 'default', urlOf).resolve(arn, false);
    await expect(resolved).rejects.toMatchObject({
      code: 'ARTIFACT_DELETED',
      remedy: expect.stringContaining('Try again'),
    });
    const decided = {
      ...domain.chance,
      pause: async () => {
        await deleteVersion(domain, NAME, 1);
      },
    };
    const later = new DomainDestination({ ...domain, chance: decided }, 'default', urlOf).resolve(arn, false);
    await expect(later).rejects.toMatchObject({ code: 'ARTIFACT_DELETED' });
  });
});

describe('what was used until a moment ago', () => {
  const named = async (): Promise<Parameters<typeof addNamedReference>[1]> => {
    const { partition, account, region } = domain;
    return { partition, account, region, ...NAME, version: 1, digest: sha256('x') };
  };
  const operation = {
    resource: { account: '111122223333', region: 'eu-west-1', stack: 'shop', uuid: 'u', logicalId: 'Api' },
    ...{ stackId: 'id', requestId: 'request', issued: '2026-02-01T00:00:00.000Z', replaces: false, pinned: false },
  };

  test('is unused from when its consumer let go of it, though no plan looked while it was used', async () => {
    await addNamedReference(domain, await named(), 'job');
    expect(await noteOf()).toBeUndefined();
    clock.pass(20 * DAY_MS);
    await allOf(removeNamedReferences(domain, { ...NAME, number: 1 }, 'job'));
    await collected();
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
  });

  test('the same goes for stacks', async () => {
    const { arn, key, filename } = await publishVersion(domain, { ...NAME, id: 'other' }, publishable('y', 'file'));
    const wanted = [
      { arn: formatArn(arn), key, filename, digest: arn.digest, version: { ...NAME, id: 'other', number: 1 } },
    ];
    await planned(domain);
    const status = () => readStatusRecord(domain, { ...NAME, id: 'other' }, 1);
    expect((await status())?.value.unusedSince).toBeDefined();
    const generation = await bind(domain, operation, wanted);
    expect((await status())?.value.unusedSince).toBeUndefined();
    clock.pass(21 * DAY_MS);
    const end = { requestId: 'end', issued: '2026-03-10T00:00:00.000Z', generation };
    await release(domain.store, { resource: operation.resource, ...end });
    await collected();
    expect((await status())?.value.status).toBe('Published');
  });

  test('a deploy succeeds where the keeper can’t be asked, or does not answer', async () => {
    const { arn, key, filename } = await publish();
    await planned(domain);
    const wanted = [{ arn: formatArn(arn), key, filename, digest: arn.digest, version: { ...NAME, number: 1 } }];
    const failing: readonly (() => Promise<void>)[] = [
      () => Promise.reject(new Error('no')),
      () => new Promise(() => undefined),
    ];
    for (const [index, renew] of failing.entries()) {
      const keeper = { ...domain.keeper, renew };
      const requestId = `request${index}`;
      expect(await bind({ ...domain, keeper }, { ...operation, requestId }, wanted)).toBe(requestId);
    }
  });

  test('a look finds it used while a rule keeps it, or none takes it', async () => {
    for (const lifecycle of [[{ ...RULE, keepNewest: 1 }], [{ id: 'other', match: '**', keepLabels: ['x'] }]]) {
      await unusedForLong();
      const noted = await readStatusRecord(domain, NAME, 1);
      expect(noted?.value.unusedSince).toBeDefined();
      await addNamedReference(domain, await named(), 'job');
      // As of a program that drops no note.
      await domain.store.overwrite(statusKey(NAME, 1), recordContent({ ...noted?.value }));
      expect(await noteOf()).toBeDefined();
      await writeSettings(domain, 'default', { lifecycle }, await readSettings(domain.store, 'default'));
      await planned(domain);
      expect(await noteOf()).toBeUndefined();
    }
  });
});

describe('a plan', () => {
  test('leaves what was deleted and taken back since', async () => {
    const { plan } = await planned(domain);
    await deleteVersion(domain, NAME, 1);
    await undeleteVersion(domain, NAME, 1);
    expect(await ran(domain, plan.digest)).toMatchObject([{ action: 'delete', outcome: 'left' }]);
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
  });

  test('leaves what it deleted itself, and somebody took back', async () => {
    const { plan } = await planned(domain);
    expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'deleted' }]);
    await undeleteVersion(domain, NAME, 1);
    expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'left' }]);
    expect(await readStatus(domain, NAME, 1)).toBe('Published');
  });

  test('goes on with a deletion that somebody left', async () => {
    const { plan } = await planned(domain);
    const record = await readStatusRecord(domain, NAME, 1);
    if (record === undefined) throw new Error('no note');
    const deleting = recordContent({ status: 'Deleting', was: 'Published', nonce: 'another' });
    await domain.store.replace(statusKey(NAME, 1), deleting, record.revision);
    expect(await ran(domain, plan.digest)).toMatchObject([{ outcome: 'deleted' }]);
  });
});
