import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteBookmark, readBookmark, setBookmark } from '../../../repository/bookmark.ts';
import { declare } from '../../../repository/declaring/declare.ts';
import type { Declaration, Declaring } from '../../../repository/declaring/declare.ts';
import { createRepository, listUnused, publishVersion, readSettings, resolve } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { listVersionUsers } from '../../../repository/deleting/users.ts';
import { claimLabels } from '../../../repository/label.ts';
import { deleteRepository } from '../../../repository/keeping/repository-deletion.ts';
import { samenessOf } from '../../../repository/same-version.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { changeStatus, completeVersion } from '../../../repository/status-change.ts';
import { readVersion } from '../../../repository/version.ts';
import { STACK_ID } from '../../support/custom-resource-event.ts';
import { allOf } from '../../support/all-of.ts';
import { publishable } from '../../support/domain.ts';
import { Clocked, DAY_MS, planned, ran } from '../collecting/collected.ts';

/** What people make of what a stack has declared, between its operations and between the deliveries of one. */

const LIB = { repository: 'default', id: 'lib' };
const SECOND = 1000;

let domain: Domain;
let clock: Clocked;

beforeEach(async () => {
  ({ domain, clock } = await Clocked.domain());
  for (const content of ['one', 'two', 'three']) await publishVersion(domain, LIB, publishable(content));
});

function event(type: Declaring['type'], resource: string, properties: object): Declaring {
  clock.pass(SECOND);
  const issued = clock.chance.now().toISOString();
  return {
    ...{ command: 'declare', type, resource, stackId: STACK_ID, logicalId: 'Declared', properties: { ...properties } },
    ...{ issued, requestId: `request-${issued.replaceAll(/\D/g, '')}` },
    ...(type !== 'Create' && { physicalId: 'artifacts/made-up' }),
  };
}

const bookmark = (type: Declaring['type'], Version: string): Declaring =>
  event(type, 'Custom::ArtifactBookmark', { Artifact: 'default/lib', Name: 'prod', Version });
const repository = (type: Declaring['type'], others: object = {}): Declaring =>
  event(type, 'Custom::ArtifactRepository', { Name: 'team', ...others });
const send = (sent: Declaring): Promise<Declaration> => declare(domain, sent);
const move = (version: number): Promise<unknown> => setBookmark(domain, { ...domain, ...LIB, version }, 'prod');
const number = async (): Promise<number | undefined> => (await readBookmark(domain.store, LIB, 'prod'))?.value.number;
const settings = async () => (await readSettings(domain.store, 'team'))?.value;

async function deleteTeam(): Promise<unknown> {
  const results: unknown[] = [];
  for await (const { result } of deleteRepository(domain, { repository: 'team', dryRun: false })) results.push(result);
  return results.at(-1);
}

describe('an event that comes again', () => {
  test('undoes no move of a bookmark that people made since, and is answered as before', async () => {
    await send(bookmark('Create', '1'));
    const update = bookmark('Update', '2');
    const first = await send(update);
    await move(3);
    expect(await send(update)).toEqual(first);
    expect(await number()).toBe(3);
    await send(bookmark('Update', '2'));
    expect(await number()).toBe(2);
  });

  test('brings back no bookmark that people deleted since; a later operation does', async () => {
    const create = bookmark('Create', '1');
    const update = bookmark('Update', '2');
    await send(create);
    await send(update);
    await deleteBookmark(domain, LIB, 'prod');
    for (const late of [create, update]) await expect(send(late)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await number()).toBeUndefined();
    await send(bookmark('Update', '3'));
    expect(await number()).toBe(3);
  });

  test('takes no bookmark from people who deleted it and made it again', async () => {
    const create = bookmark('Create', '1');
    await send(create);
    await deleteBookmark(domain, LIB, 'prod');
    await move(2);
    await deleteBookmark(domain, LIB, 'prod');
    await expect(send(create)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await number()).toBeUndefined();
  });

  test('undoes no settings that people gave a repository since; a later operation does', async () => {
    const create = repository('Create');
    const first = await send(create);
    await writeSettings(
      domain,
      'team',
      { lifecycle: [], requiresEvidence: true },
      await readSettings(domain.store, 'team'),
    );
    expect(await send(create)).toEqual(first);
    expect(await settings()).toMatchObject({ requiresEvidence: true });
    await send(repository('Update'));
    expect(await settings()).not.toHaveProperty('requiresEvidence');
  });

  test('brings back no repository that people deleted since; a later operation does', async () => {
    const create = repository('Create');
    await send(create);
    expect(await deleteTeam()).toMatchObject({ outcome: 'deleted' });
    await expect(send(create)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await settings()).toBeUndefined();
    await send(repository('Update', { Description: 'again' }));
    expect(await settings()).toMatchObject({ description: 'again' });
  });

  test('takes no repository from people who deleted it and made it again', async () => {
    const create = repository('Create');
    await send(create);
    await deleteTeam();
    await createRepository(domain, 'team', { lifecycle: [], description: 'theirs' });
    await expect(send(create)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await settings()).toMatchObject({ description: 'theirs' });
  });
});

describe('a rollback', () => {
  const rules = { lifecycle: [{ id: 'r', match: '**', expireUnusedDays: 0 }] };

  async function collect(): Promise<void> {
    const { plan } = await planned(domain);
    await ran(domain, plan.digest);
  }

  test('puts a bookmark back to what no rule took meanwhile; what it named earlier goes', async () => {
    await writeSettings(domain, 'default', rules, undefined);
    await send(bookmark('Create', '1'));
    await send(bookmark('Update', '2'));
    await collect();
    expect(await allOf(listVersionUsers(domain, LIB, 1))).toEqual([{ by: 'bookmark', bookmark: 'prod', version: 1 }]);
    await send(bookmark('Update', '1'));
    expect(await number()).toBe(1);
    // Nobody ever named it.
    await expect(send(bookmark('Update', '3'))).rejects.toMatchObject({ code: 'ARTIFACT_DELETED' });
  });

  test('has 14 days', async () => {
    await send(bookmark('Create', '1'));
    await send(bookmark('Update', '2'));
    clock.pass(14 * DAY_MS - SECOND);
    expect((await allOf(listUnused(domain, 'default'))).map(({ manifest }) => manifest.number)).toEqual([3]);
    clock.pass(SECOND);
    expect((await allOf(listUnused(domain, 'default'))).map(({ manifest }) => manifest.number)).toEqual([3, 1]);
  });

  test('puts a bookmark back to what was archived meanwhile; nothing else gets there', async () => {
    await send(bookmark('Create', '1'));
    await send(bookmark('Update', '2'));
    await changeStatus(domain, LIB, 1, 'Archived');
    await expect(setBookmark(domain, { ...domain, ...LIB, version: 1 }, 'other')).rejects.toMatchObject({
      code: 'ARTIFACT_ARCHIVED',
    });
    await send(bookmark('Update', '1'));
    expect(await number()).toBe(1);
  });

  test('does not hold what a bookmark named that people have made', async () => {
    for (const version of [1, 2]) await move(version);
    expect(await allOf(listVersionUsers(domain, LIB, 1))).toEqual([]);
  });
});

describe('a label', () => {
  beforeEach(async () => {
    for (const name of ['build-24', 'build-25'])
      await publishVersion(domain, LIB, publishable(name), { set: { label: '1.0.0', name } });
  });

  async function finish(candidate: number): Promise<void> {
    const { assets, set } = (await readVersion(domain, LIB, candidate))?.manifest ?? {};
    const [first, ...others] = assets ?? [];
    if (first === undefined) throw new Error('there is no such candidate');
    await claimLabels(domain, LIB, ['1.0.0'], samenessOf([first, ...others], set), candidate);
    await completeVersion(domain, LIB, candidate);
  }

  test('that has only candidates names no version in a template; finished, it does', async () => {
    await expect(send(bookmark('Create', '1.0.0'))).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: "'default/lib:1.0.0' is not finished: there are only candidates for it",
    });
    expect(await number()).toBeUndefined();
    await finish(4);
    await send(bookmark('Create', '1.0.0'));
    expect(await number()).toBe(4);
  });

  test('names no bookmark that a stack declares: it would choose the candidate', async () => {
    const declared = event('Create', 'Custom::ArtifactBookmark', {
      Artifact: 'default/lib',
      Name: '1.0.0',
      Version: '4',
    });
    await expect(send(declared)).rejects.toMatchObject({ code: 'INVALID_NAME' });
    expect((await resolve(domain, 'default/lib:1.0.0')).arn.version).toBe(5);
  });

  test('that is finished names none either', async () => {
    await publishVersion(domain, LIB, publishable('six'), { labels: ['2.0.0'] });
    const declared = event('Create', 'Custom::ArtifactBookmark', {
      Artifact: 'default/lib',
      Name: '2.0.0',
      Version: '1',
    });
    await expect(send(declared)).rejects.toMatchObject({ code: 'INVALID_NAME' });
  });
});

test('an event of a time to come is of its arrival: what comes after it has its way', async () => {
  await send(bookmark('Create', '1'));
  await send({ ...bookmark('Update', '2'), issued: '9999-12-31T23:59:59.000Z' });
  await send(bookmark('Update', '3'));
  expect(await number()).toBe(3);
  await send({ ...bookmark('Delete', '3'), physicalId: 'bookmark:default/lib^prod' });
  expect(await number()).toBeUndefined();
});

describe('what a stack left behind when it was deleted', () => {
  const again = { stackId: STACK_ID.replace(/[^/]+$/, '99999999-2222-3333-4444-555555555555') };

  test('is that of the next stack of its name, and no longer its own', async () => {
    const [team, prod] = [repository('Create'), bookmark('Create', '1')];
    for (const create of [team, prod]) await send(create);
    await send({ ...repository('Create', { Description: 'again' }), ...again });
    await send({ ...bookmark('Create', '2'), ...again });
    expect([await number(), (await settings())?.description]).toEqual([2, 'again']);
    for (const late of [team, prod]) await expect(send(late)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  test('is not that of another stack, or of another resource', async () => {
    for (const create of [repository('Create'), bookmark('Create', '1')]) await send(create);
    for (const other of [
      { stackId: again.stackId.replace('stack/', 'stack/other-') },
      { ...again, logicalId: 'Other' },
    ])
      for (const create of [repository('Create'), bookmark('Create', '2')])
        await expect(send({ ...create, ...other })).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});
