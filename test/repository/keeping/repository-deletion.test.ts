import { beforeEach, describe, expect, test } from '@jest/globals';
import { noEvidence } from '../../../repository/evidence/none.ts';
import {
  createRepository,
  formatArn,
  listRepositories,
  publishVersion,
  readSettings,
  readStatus,
  requireRepository,
  runToEnd,
} from '../../../repository/index.ts';
import type { DeletedVersion, Domain, KeeperCommand, ObjectStore } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { DeletedRepository } from '../../../repository/keeping/repository-deletion.ts';
import { publishable, testDomain } from '../../support/domain.ts';

/** Deleting a repository: in pieces, refused, interrupted, and with others at work. */

type Result = DeletedVersion | DeletedRepository;
const DELETE: KeeperCommand = { command: 'repository-delete', repository: 'team', dryRun: false };

let domain: Domain;

beforeEach(async () => {
  domain = await testDomain();
  await createRepository(domain, 'team', { lifecycle: [], description: 'ours' });
  for (const [id, content] of [
    ['api', 'one'],
    ['api', 'two'],
    ['api/v2', 'three'],
    ['web', 'four'],
  ] as const)
    await publish(id, content);
});

const publish = (id: string, content: string) =>
  publishVersion(domain, { repository: 'team', id }, publishable(content));

/** @param pieces whether the keeper has time for one step at a time alone */
async function ask(command: KeeperCommand, pieces = false, where = domain): Promise<readonly Result[]> {
  const results: Result[] = [];
  const keep = (one: KeeperCommand): ReturnType<typeof carryOut> =>
    carryOut(one, { domain: where, evidence: noEvidence, isTimeUp: () => pieces });
  for await (const answer of runToEnd(keep, command, domain.chance)) results.push(...(answer.results as Result[]));
  return results;
}

const said = (results: readonly Result[]): readonly string[] =>
  results.map((one) => ('id' in one ? `${one.id}:${one.number} ${one.outcome}` : `${one.repository} ${one.outcome}`));

const arn = (id: string, version: number): string => {
  const { partition, account, region } = domain;
  return formatArn({ partition, account, region, repository: 'team', id, version });
};

async function use(id: string, number: number): Promise<void> {
  const { arn: definite } = await publish(id, number === 1 && id === 'web' ? 'four' : 'one');
  await ask({ command: 'reference-add', arn: formatArn(definite), consumer: 'nightly' });
}

const ALL = ['api:2', 'api:1', 'api/v2:1', 'web:1'];

describe.each([
  ['at once', false],
  ['in pieces', true],
])('%s', (_name, pieces) => {
  test('tells what would go, and then has it go, the repository last', async () => {
    const looked = await ask({ ...DELETE, dryRun: true }, pieces);
    expect(said(looked)).toEqual([...ALL.map((one) => `${one} would delete`), 'team would delete']);
    expect((await readSettings(domain.store, 'team'))?.value.deletingSince).toBeUndefined();
    expect(said(await ask(DELETE, pieces))).toEqual([...ALL.map((one) => `${one} deleted`), 'team deleted']);
    expect(await readSettings(domain.store, 'team')).toBeUndefined();
    for (const id of ['api', 'web']) expect(await readStatus(domain, { repository: 'team', id }, 1)).toBe('Deleted');
    expect(said(await ask(DELETE, pieces))).toEqual(['team absent']);
  });

  test('is refused with all who need any of it, and nothing is touched', async () => {
    await use('web', 1);
    await ask({ command: 'reference-add', arn: formatArn((await publish('api', 'one')).arn), consumer: 'weekly' });
    const before = (await readSettings(domain.store, 'team'))?.revision;
    expect(said(await ask(DELETE, pieces))).toEqual(['api:1 used', 'web:1 used', 'team used']);
    expect((await readSettings(domain.store, 'team'))?.revision).toBe(before);
    expect(await readStatus(domain, { repository: 'team', id: 'api' }, 2)).toBe('Published');
  });
});

test('what is taken into use on the way ends it, with the repository back as it was', async () => {
  let isUsed = false;
  const store: ObjectStore = {
    ...domain.store,
    replace: async (key, ...given) => {
      const outcome = await domain.store.replace(key, ...given);
      // Marked: everything has been looked at.
      if (key === 'repositories/team' && !isUsed) {
        isUsed = true;
        await expect(requireRepository(domain, 'team', 'publish')).rejects.toMatchObject({
          code: 'REPOSITORY_NOT_FOUND',
          message: "the repository 'team' is being deleted",
        });
        await use('web', 1);
      }
      return outcome;
    },
  };
  const results = await ask(DELETE, true, { ...domain, store });
  expect(said(results)).toEqual(['api:2 deleted', 'api:1 deleted', 'api/v2:1 deleted', 'web:1 used', 'team used']);
  const { description, deletingSince } = (await readSettings(domain.store, 'team'))?.value ?? {};
  expect([description, deletingSince]).toEqual(['ours', undefined]);
  await requireRepository(domain, 'team', 'publish');
});

test('what was on its way when it was marked goes too', async () => {
  let isLate = true;
  const store: ObjectStore = {
    ...domain.store,
    list: (prefix, options) => domain.store.list(prefix, options),
    replace: async (key, ...given) => {
      const outcome = await domain.store.replace(key, ...given);
      if (key.startsWith('statuses/team/web') && isLate) {
        isLate = false;
        await publish('aaa', 'late');
      }
      return outcome;
    },
    create: async (key, ...given) => {
      const outcome = await domain.store.create(key, ...given);
      if (key.startsWith('statuses/team/web') && isLate) {
        isLate = false;
        await publish('aaa', 'late');
      }
      return outcome;
    },
  };
  const results = await ask(DELETE, false, { ...domain, store });
  expect(said(results)).toEqual([...ALL.map((one) => `${one} deleted`), 'aaa:1 deleted', 'team deleted']);
});

test('who makes it again takes the deletion back: whoever is at it stops before the next version', async () => {
  let isTaken = false;
  const store: ObjectStore = {
    ...domain.store,
    replace: async (key, ...given) => {
      const outcome = await domain.store.replace(key, ...given);
      if (key.startsWith('statuses/team/api/!/2') && !isTaken) {
        isTaken = true;
        expect(await createRepository(domain, 'team', { lifecycle: [] })).toBe('restored');
      }
      return outcome;
    },
  };
  await expect(ask(DELETE, false, { ...domain, store })).rejects.toMatchObject({ code: 'STALE_REVISION' });
  expect((await readSettings(domain.store, 'team'))?.value).toMatchObject({ description: 'ours' });
  expect(await readStatus(domain, { repository: 'team', id: 'web' }, 1)).toBe('Published');
});

test('the default one is nobody’s to delete, and a place that is none is refused', async () => {
  const refused = { code: 'INVALID_ARGUMENT' };
  await expect(ask({ ...DELETE, repository: 'default' })).rejects.toMatchObject(refused);
  for (const after of ['nowhere', 'look:used:team/api', 'delete:unused:team/api:x'])
    await expect(ask({ ...DELETE, after })).rejects.toMatchObject(refused);
});

test('repositories are listed by name, the default one in its place', async () => {
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { repository } of listRepositories(domain)) found.push(repository);
    return found;
  };
  expect(await names()).toEqual(['default', 'team']);
  await createRepository(domain, 'app', { lifecycle: [] });
  expect(await names()).toEqual(['app', 'default', 'team']);
  expect(arn('api', 1)).toContain(':team/api:1');
});

test('what is given up before is no reason to keep it', async () => {
  await ask({ command: 'delete', arn: arn('api', 2), dryRun: false, now: false });
  expect(said(await ask(DELETE))).toEqual([...ALL.slice(1).map((one) => `${one} deleted`), 'team deleted']);
});
