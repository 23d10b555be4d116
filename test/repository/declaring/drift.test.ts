import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteBookmark, readBookmark, setBookmark } from '../../../repository/bookmark.ts';
import { declare } from '../../../repository/declaring/declare.ts';
import type { Declaration, Declaring } from '../../../repository/declaring/declare.ts';
import { createRepository, publishVersion, readSettings } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { deleteRepository } from '../../../repository/keeping/repository-deletion.ts';
import { writeSettings } from '../../../repository/settings.ts';
import { STACK_ID } from '../../support/custom-resource-event.ts';
import { publishable } from '../../support/domain.ts';
import { Clocked } from '../collecting/collected.ts';

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
