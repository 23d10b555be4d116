import { beforeEach, describe, expect, test } from '@jest/globals';
import { readBookmark, setBookmark } from '../../../repository/bookmark.ts';
import type { Declaration, Declaring } from '../../../repository/declaring/declare.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { createRepository, publishVersion, readSettings } from '../../../repository/index.ts';
import type { Domain, ObjectStore } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import { STACK_ID } from '../../support/custom-resource-event.ts';
import { publishable, testDomain } from '../../support/domain.ts';

/** What Lambda delivers late, twice and in no order, and what CloudFormation sends while something is still at work. */

const SHOP = { repository: 'default', id: 'shop/api' };
const BOOKMARK = 'Custom::ArtifactBookmark';
const REPOSITORY = 'Custom::ArtifactRepository';
const PROD = { Artifact: 'default/shop/api', Name: 'prod' };

let domain: Domain;

beforeEach(async () => {
  domain = await testDomain();
  for (const content of ['one', 'two', 'three']) await publishVersion(domain, SHOP, publishable(content));
});

/** @param second when CloudFormation issued it */
function event(
  type: Declaring['type'],
  second: number,
  resource: string,
  properties: object,
  others: Partial<Declaring> = {},
): Declaring {
  const physicalId =
    resource === REPOSITORY
      ? `repository:${(properties as { Name: string }).Name}`
      : `bookmark:default/shop/api^${(properties as { Name: string }).Name}`;
  return {
    ...{ command: 'declare', type, resource, stackId: STACK_ID, logicalId: 'Declared', requestId: `request-${second}` },
    issued: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
    ...(type !== 'Create' && { physicalId }),
    properties: { ...properties },
    ...others,
  };
}

async function send(sent: Declaring, where: Domain = domain): Promise<Declaration> {
  const command = parseCommand(JSON.parse(JSON.stringify(sent)));
  const { results } = await carryOut(command, { domain: where, evidence: noEvidence, isTimeUp: () => false });
  return results[0] as Declaration;
}

const numberOf = async (name: string): Promise<number | undefined> =>
  (await readBookmark(domain.store, SHOP, name))?.value.number;
const at = (Version: string): object => ({ ...PROD, Version });

describe('a bookmark', () => {
  test('stays where the latest operation wants it, whatever comes again', async () => {
    const create = event('Create', 1, BOOKMARK, at('1'));
    const update = event('Update', 2, BOOKMARK, at('2'));
    const back = event('Update', 3, BOOKMARK, at('1'));
    const answers = [await send(create), await send(update), await send(back)];
    expect(answers.map(({ physicalId }) => physicalId)).toEqual(Array(3).fill('bookmark:default/shop/api^prod'));
    expect(await numberOf('prod')).toBe(1);
    for (const late of [update, create]) await expect(send(late)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await send(back)).toEqual(answers[2]);
    expect(await numberOf('prod')).toBe(1);
  });

  test('is ended by the Delete that CloudFormation sends while its Create is at work, in whatever order they come', async () => {
    const create = event('Create', 1, BOOKMARK, at('1'));
    // It never got an answer, and so the ID is invented; the same second as far as anybody can tell.
    const invented = { physicalId: 'shop-Declared-1ABC2DEF' };
    const remove = event('Delete', 1, BOOKMARK, at('1'), { ...invented, requestId: 'the-delete' });
    expect(await send(remove)).toEqual(invented);
    await expect(send(create)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await numberOf('prod')).toBeUndefined();
    // A stack that is deployed again has another time.
    await send(event('Create', 5, BOOKMARK, at('2')));
    expect(await numberOf('prod')).toBe(2);
    await send(remove);
    expect(await numberOf('prod')).toBe(2);
  });

  test('goes where the Delete comes in the very midst of the Create', async () => {
    const remove = event('Delete', 2, BOOKMARK, at('1'), { physicalId: 'artifacts/request-1' });
    const writes: string[] = [];
    let isSent = false;
    const store: ObjectStore = {
      ...domain.store,
      replace: async (key, ...given) => {
        // Between the wish and its fulfilment.
        if (key.startsWith('bookmarks/') && !isSent) {
          isSent = true;
          await send(remove);
          writes.push(key);
        }
        return domain.store.replace(key, ...given);
      },
    };
    const create = send(event('Create', 1, BOOKMARK, at('1')), { ...domain, store });
    await expect(create).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(writes).toHaveLength(1);
    expect(await numberOf('prod')).toBeUndefined();
  });

  test('under another name is a replacement, and only what the ID names goes', async () => {
    await send(event('Create', 1, BOOKMARK, at('1')));
    const live = { ...PROD, Name: 'live', Version: '2' };
    const update = event('Update', 2, BOOKMARK, live, { physicalId: 'bookmark:default/shop/api^prod' });
    expect(await send(update)).toMatchObject({ physicalId: 'bookmark:default/shop/api^live' });
    const cleanup = event('Delete', 3, BOOKMARK, at('1'));
    await send(cleanup);
    expect([await numberOf('prod'), await numberOf('live')]).toEqual([undefined, 2]);
    // The Delete of the one ends nothing of the other, also where that comes again.
    expect(await send(update)).toMatchObject({ physicalId: 'bookmark:default/shop/api^live' });
    await send(cleanup);
    expect(await numberOf('live')).toBe(2);
  });

  test('that people have made, or made again, is left alone', async () => {
    await setBookmark(domain, { ...domain, ...SHOP, version: 3 }, 'prod');
    const create = send(event('Create', 1, BOOKMARK, at('1')));
    await expect(create).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: "'default/shop/api^prod' was made by people",
    });
    // What its failed Create is answered with leads to nothing that is not the stack's.
    await send(event('Delete', 2, BOOKMARK, at('1')));
    expect(await numberOf('prod')).toBe(3);
  });

  test.each([
    ['a label that nobody has', { ...PROD, Version: '1.4.0' }, 'ARTIFACT_NOT_FOUND'],
    ['a version that there is not', { ...PROD, Version: '9' }, 'ARTIFACT_NOT_FOUND'],
    ['the newest, whatever it is', { ...PROD, Version: 'latest' }, 'INVALID_ARGUMENT'],
    [
      'another artifact’s',
      { ...PROD, Version: 'arn:aws:artifacts:local:000000000000:default/x:1' },
      'INVALID_ARGUMENT',
    ],
    [
      'another domain’s',
      { ...PROD, Version: 'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:1' },
      'INVALID_ARGUMENT',
    ],
    [
      'other content',
      { ...PROD, Version: `arn:aws:artifacts:local:000000000000:default/shop/api:1@sha256:${'0'.repeat(64)}` },
      'DIGEST_MISMATCH',
    ],
  ])('of %s is refused, and nothing is written', async (_name, properties, code) => {
    await expect(send(event('Create', 1, BOOKMARK, properties))).rejects.toMatchObject({ code });
    expect(await readBookmark(domain.store, SHOP, 'prod')).toBeUndefined();
  });
});

describe('a repository', () => {
  const TEAM = { Name: 'team', Description: 'ours' };
  const settings = async () => (await readSettings(domain.store, 'team'))?.value;

  test('has what the latest operation says, whatever comes again', async () => {
    const create = event('Create', 1, REPOSITORY, TEAM);
    const update = event('Update', 2, REPOSITORY, { ...TEAM, RequiresEvidence: 'true', AcceptsFrom: ['default'] });
    await send(create);
    await send(update);
    await expect(send(create)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await settings()).toMatchObject({ requiresEvidence: true, acceptsFrom: ['default'] });
    await send(event('Update', 3, REPOSITORY, TEAM));
    await expect(send(update)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await settings()).not.toHaveProperty('acceptsFrom');
    await send(event('Delete', 4, REPOSITORY, TEAM));
    // Nothing brings it back but an operation that comes after that.
    await expect(send(update)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await settings()).toBeUndefined();
  });

  test('is ended by the Delete that is here before its Create', async () => {
    const remove = event('Delete', 1, REPOSITORY, TEAM, { physicalId: 'shop-Declared-1ABC2DEF', requestId: 'd' });
    await send(remove);
    await expect(send(event('Create', 1, REPOSITORY, TEAM))).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await settings()).toBeUndefined();
  });

  test('is not deleted with a version that came while that was looked at', async () => {
    await send(event('Create', 1, REPOSITORY, TEAM));
    let isPublished = false;
    const store: ObjectStore = {
      ...domain.store,
      list: (prefix, options) => {
        if (!prefix.startsWith('versions/team') || isPublished) return domain.store.list(prefix, options);
        isPublished = true;
        return afterwards(
          () => publishVersion(domain, { repository: 'team', id: 'tool' }, publishable('tool')),
          () => domain.store.list(prefix, options),
        );
      },
    };
    const remove = send(event('Delete', 2, REPOSITORY, TEAM), { ...domain, store });
    await expect(remove).rejects.toMatchObject({ code: 'ARTIFACT_IN_USE' });
    expect(await settings()).toMatchObject({ description: 'ours' });
    expect(await settings()).not.toHaveProperty('deletingSince');
  });

  test('that people have made is nobody’s stack’s', async () => {
    await createRepository(domain, 'team', { lifecycle: [], description: 'theirs' });
    await expect(send(event('Create', 1, REPOSITORY, TEAM))).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await send(event('Delete', 2, REPOSITORY, TEAM));
    expect(await settings()).toMatchObject({ description: 'theirs' });
  });

  test.each([
    ['the default one', { Name: 'default' }, "the repository 'default' is always there"],
    ['no name', { Name: 'No' }, "'Name' is 'No', and no name of a repository"],
    ['itself as its origin', { ...TEAM, AcceptsFrom: ['team'] }, 'other repositories than itself'],
    ['a switch that is none', { ...TEAM, RequiresEvidence: 'yes' }, 'must be true or false'],
    ['a rule that does nothing', { ...TEAM, Lifecycle: [{ id: 'a', match: '**' }] }, "rule 1 of 'Lifecycle': "],
    [
      'a number that is none',
      { ...TEAM, Lifecycle: [{ id: 'a', match: 'a', keepNewest: 'x' }] },
      "'keepNewest' must be a whole number",
    ],
  ])('with %s is refused', async (_name, properties, message) => {
    await expect(send(event('Create', 1, REPOSITORY, properties))).rejects.toThrow(message);
  });

  test('has rules as a file has them, though CloudFormation makes texts of numbers', async () => {
    await send(event('Create', 1, REPOSITORY, { ...TEAM, Lifecycle: [{ id: 'a', match: '**', keepNewest: '3' }] }));
    expect(await settings()).toMatchObject({ lifecycle: [{ id: 'a', match: '**', keepNewest: 3 }] });
  });
});

test('a Delete of what never was, and of anything at all, succeeds', async () => {
  for (const [resource, properties, physicalId] of [
    [BOOKMARK, {}, 'shop-Declared-1ABC2DEF'],
    [REPOSITORY, { Name: 'team' }, 'repository:team'],
    [BOOKMARK, PROD, 'bookmark:default/shop/api^prod'],
    [BOOKMARK, PROD, 'repository:team'],
    ['Custom::Other', {}, 'x'],
  ] as const) {
    const remove = event('Delete', 1, resource, { Name: 'x', ...properties }, { physicalId, properties });
    expect(await send(remove)).toEqual({ physicalId });
  }
});

async function* afterwards<T>(first: () => Promise<unknown>, then: () => AsyncIterable<T>): AsyncGenerator<T> {
  await first();
  yield* then();
}
