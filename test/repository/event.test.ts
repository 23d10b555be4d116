import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from '../../repository/event.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Digest, Domain, KeeperCommand, ObjectStore, Publication } from '../../repository/index.ts';
import { announcing } from '../../repository/announcing.ts';
import { bind } from '../../repository/bind.ts';
import { carryOut } from '../../repository/keeping/carry-out.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable } from '../support/domain.ts';
import { delivered, problemsOf } from '../support/event-schemas.ts';
import { PLACE } from '../support/reference-function.ts';

const NAME = { repository: 'default', id: 'shop/api' };
const PLAN_ID = '20260101plan';

let store: ObjectStore;
let domain: Domain;
let told: DomainEvent[];
let handedOver: number[];

beforeEach(async () => {
  store = memoryStore(steadyChance().now);
  domain = await domainOn(store);
  told = [];
  handedOver = [];
});

function domainOn(own: ObjectStore): Promise<Domain> {
  return establishDomain({ store: own, keeper: ownKeeper(own), chance: steadyChance() }, PLACE);
}

const announce = async (events: readonly DomainEvent[]): Promise<void> => {
  handedOver.push(events.length);
  told.push(...events);
};

/** @returns what was announced of it, each as its schema says */
async function announced(command: KeeperCommand, own: Domain = domain): Promise<readonly DomainEvent[]> {
  const before = told.length;
  const { next } = await carryOut(command, {
    ...{ domain: own, evidence: noEvidence, isTimeUp: () => false, announce, requestId: 'request' },
  });
  expect(next).toBeUndefined();
  const events = told.slice(before);
  for (const event of events) {
    expect(problemsOf(delivered(event))).toEqual([]);
    expect(event.detail).toMatchObject({
      ...{ formatVersion: 1, bucket: 'artifacts' },
      cause: { by: 'keeper', command: command.command, requestId: 'request' },
    });
  }
  return events;
}

const types = (events: readonly DomainEvent[]): readonly string[] => events.map(({ detailType }) => detailType);
const ids = (events: readonly DomainEvent[]): readonly string[] => events.map(({ detail }) => detail.deduplicationId);

function publish(text = 'x', id = NAME.id): Promise<Publication> {
  return publishVersion(domain, { ...NAME, id }, publishable(text));
}

const add = ({ arn }: Publication, consumer = 'team/job'): KeeperCommand => ({
  ...{ command: 'reference-add', arn: formatArn(arn), consumer },
});
const remove = ({ arn }: Publication, consumer = 'team/job'): KeeperCommand => ({
  ...{ command: 'reference-remove', arn: formatArn(arn), consumer },
});
const drop = ({ arn }: Publication, now = false): KeeperCommand => ({
  ...{ command: 'delete', arn: formatArn(arn), dryRun: false, now },
});

/** Behaves as the store, except for one kind of request below a prefix. */
function faulty(
  method: 'create' | 'replace' | 'removeRevision',
  prefix: string,
  fault: (request: () => Promise<unknown>) => Promise<unknown>,
): ObjectStore {
  let isDone = false;
  const original = store[method].bind(store) as (...args: readonly unknown[]) => Promise<unknown>;
  const once = (...args: readonly unknown[]): Promise<unknown> => {
    if (isDone || !String(args[0]).startsWith(prefix)) return original(...args);
    isDone = true;
    return fault(() => original(...args));
  };
  return { ...counting(store, () => undefined), [method]: once };
}

describe('references by hand', () => {
  test('are announced when they are promises, and when they go', async () => {
    const one = await publish();
    const [added, ...more] = await announced(add(one));
    expect(more).toEqual([]);
    expect(added).toMatchObject({
      detailType: 'Artifact Reference Added',
      detail: {
        arns: [formatArn(one.arn)],
        digest: one.arn.digest,
        user: { kind: 'named', consumer: 'team/job' },
        uses: [{ arn: formatArn(one.arn), key: one.key }],
      },
    });
    expect(await announced(add(one))).toEqual([]);
    expect(types(await announced(remove(one)))).toEqual(['Artifact Reference Removed']);
    expect(await announced(remove(one))).toEqual([]);
  });

  test('that come and go twice are four facts', async () => {
    const one = await publish();
    for (const command of [add(one), remove(one), add(one), remove(one)]) await announced(command);
    expect(types(told)).toHaveLength(4);
    expect(new Set(ids(told)).size).toBe(4);
  });

  test('that are refused are none', async () => {
    const one = await publish();
    await announced(drop(one));
    told = [];
    await expect(announced(add(one))).rejects.toThrow('deleted and takes no new references');
    expect(told).toEqual([]);
  });

  test('keep their way for what is told while the command goes on', async () => {
    for (let number = 1; number <= 120; number++) await announced(add(await publish(`content ${number}`), 'all'));
    handedOver = [];
    const { partition, account, region } = domain;
    const arn = formatArn({ partition, account, region, ...NAME });
    const events = await announced({ command: 'reference-remove', arn, consumer: 'all' });
    expect(new Set(ids(events)).size).toBe(120);
    expect(handedOver.length).toBeGreaterThan(1);
  });
});

describe('content and versions', () => {
  test('are told of from condemnation to rescue, and to their end', async () => {
    const one = await publish();
    const { digest, version } = one.arn;
    expect(types(await announced(drop(one)))).toEqual(['Artifact Version Deleted', 'Artifact Condemned']);
    expect(told).toMatchObject([
      { detail: { ...NAME, version, arn: versionArn(one), digests: [digest], status: 'Deleted' } },
      { detail: { digest, arns: [formatArn(one.arn)], keys: [one.key] } },
    ]);
    expect(types(await announced({ command: 'undelete', arn: formatArn(one.arn) }))).toEqual([
      'Artifact Rescued',
      'Artifact Version Undeleted',
    ]);
    expect(told[2]).toMatchObject({ detail: { holders: [{ kind: 'version', arn: formatArn(one.arn) }] } });
    await announced(drop(one, true));
    expect(types(told.slice(4))).toEqual(['Artifact Version Deleted', 'Artifact Condemned', 'Artifact Deleted']);
    expect(new Set(ids(told)).size).toBe(7);
  });

  test('have a sequence by which their order is known', async () => {
    const one = await publish();
    await announced(drop(one));
    await announced({ command: 'undelete', arn: formatArn(one.arn) });
    await announced(drop(one, true));
    for (const kind of [/^Artifact (Condemned|Rescued|Deleted)$/, /^Artifact Version/]) {
      const events = told.filter(({ detailType }) => kind.test(detailType));
      const sequences = events.map(({ detail }) => ('sequence' in detail ? detail.sequence : ''));
      expect(sequences.length).toBeGreaterThan(2);
      expect(sequences.toSorted()).toEqual(sequences);
      expect(new Set(sequences).size).toBe(sequences.length);
    }
  });

  test('that stay are not told of', async () => {
    const one = await publish();
    await announced(add(one));
    told = [];
    expect(await announced(drop(one))).toEqual([]);
    expect(await announced({ ...drop(one), dryRun: true } as KeeperCommand)).toEqual([]);
    expect(await announced({ command: 'undelete', arn: formatArn(one.arn) })).toEqual([]);
    expect(await announced({ command: 'cancel', digest: one.arn.digest })).toEqual([]);
    expect(await announced({ command: 'finish', digest: one.arn.digest })).toEqual([]);
  });

  test('that a collection takes are told of as well', async () => {
    const [waiting, orphan] = [await publish(), await publish('nobody’s')];
    await announced(drop(waiting));
    for await (const { key } of store.list(`references/${orphan.arn.digest}/`)) {
      await store.removeRevision(key, (await store.head(key))!.revision);
    }
    const plan = await carryOut(
      { command: 'gc-plan', id: PLAN_ID, now: true, verbose: false },
      { domain, evidence: noEvidence, isTimeUp: () => false, announce },
    );
    told = [];
    const { digest } = plan.results.at(-1) as { readonly digest: Digest };
    const events = await announced({ command: 'gc-run', plan: digest });
    const seen = events.map(({ detailType, detail }) => [detailType, 'digest' in detail && detail.digest]);
    expect(seen).toHaveLength(3);
    expect(seen).toEqual(
      expect.arrayContaining([
        ['Artifact Deleted', waiting.arn.digest],
        ['Artifact Condemned', orphan.arn.digest],
        ['Artifact Deleted', orphan.arn.digest],
      ]),
    );
  });

  test('that are deleted twice are deleted once', async () => {
    const one = await publish();
    await announced(drop(one));
    expect(await announced(drop(one))).toEqual([]);
  });

  test('rescued by whoever publishes or binds name who has it then', async () => {
    const one = await publish();
    await announced(drop(one));
    const { digest } = one.arn;
    const keeper = {
      ...ownKeeper(store),
      cancel: async (of: Digest): Promise<void> => {
        await announced({ command: 'cancel', digest: of });
      },
    };
    const again = await publishVersion({ ...domain, keeper }, { ...NAME, id: 'other' }, publishable('x'));
    expect(told.at(-1)).toMatchObject({
      detailType: 'Artifact Rescued',
      detail: { digest, holders: [{ kind: 'version', arn: formatArn(again.arn) }] },
    });
  });
});

function versionArn({ arn: { partition, region, account, repository, id, version } }: Publication): string {
  return formatArn({ partition, region, account, repository, id, version });
}

describe('bookmarks', () => {
  const move = (
    { arn }: Publication,
    more: { readonly by?: string; readonly expected?: number } = {},
  ): KeeperCommand => ({
    ...{ command: 'bookmark-set', arn: formatArn(arn), bookmark: 'prod', ...more },
  });
  const end = ({ arn: { partition, region, account } }: Publication): KeeperCommand => {
    const arn = formatArn({ partition, region, account, ...NAME });
    return { command: 'bookmark-delete', arn, bookmark: 'prod' };
  };

  test('are announced when they are made, moved and deleted, and by nothing else', async () => {
    const [one, two] = [await publish('one'), await publish('two')];
    for (const command of [move(one, { by: 'anna' }), move(two), end(two)]) {
      expect(types(await announced(command))).toEqual(['Artifact Bookmark Moved']);
      expect(await announced(command)).toEqual([]);
    }
    expect(told.map(({ detail }) => detail)).toMatchObject([
      { ...NAME, bookmark: 'prod', to: 1, by: 'anna', arns: [formatArn(one.arn)], behind: [], moreBehind: false },
      { ...NAME, bookmark: 'prod', from: 1, to: 2, arns: [formatArn(two.arn)] },
      { ...NAME, bookmark: 'prod', from: 2, arns: [] },
    ]);
    expect(told.map(({ detail }) => 'to' in detail)).toEqual([true, true, false]);
    expect(new Set(ids(told)).size).toBe(3);
    const sequences = told.map(({ detail }) => ('sequence' in detail ? detail.sequence : ''));
    expect(sequences.toSorted()).toEqual(sequences);
    expect(new Set(sequences).size).toBe(3);
  });

  test('that are not moved are not told of', async () => {
    const [one, two] = [await publish('one'), await publish('two')];
    await announced(move(one));
    await carryOut({ command: 'status-set', arn: formatArn(two.arn), status: 'Archived' }, keeping());
    told = [];
    await expect(announced(move(two))).rejects.toThrow('is archived');
    await expect(announced(move(two, { expected: 5 }))).rejects.toThrow('names version 1, not version 5');
    expect(told).toEqual([]);
  });

  test('have at most 50 stacks that are behind, and say that there are more', async () => {
    const [one, two] = [await publish('one'), await publish('two')];
    await announced(move(one));
    const { arn, key } = one;
    const deploy = async (number: number): Promise<void> => {
      const stack = `shop${String(number).padStart(2, '0')}`;
      const resource = { ...{ account: '111122223333', region: 'eu-west-1', stack, uuid: 'u', logicalId: 'Api' } };
      const wanted = {
        ...{ arn: formatArn(arn), key, digest: arn.digest, filename: 'archive.zip' },
        ...{ version: { ...NAME, number: 1 }, resolvedFrom: 'default/shop/api^prod' },
      };
      const stackId = `arn:aws:cloudformation:eu-west-1:111122223333:stack/${stack}/u`;
      const operation = { stackId, requestId: `r${number}`, issued: '2026-01-01T00:00:00.000Z' };
      await bind(domain, { resource, ...operation, replaces: false, pinned: false }, [wanted]);
    };
    for (let number = 1; number <= 50; number++) await deploy(number);
    const [moved] = await announced(move(two));
    expect(moved?.detail).toMatchObject({ moreBehind: false });
    expect(behindIn(moved)).toHaveLength(50);
    await announced(move(one));
    await deploy(51);
    const [again] = await announced(move(two));
    expect(again?.detail).toMatchObject({ moreBehind: true });
    expect(behindIn(again)).toHaveLength(50);
  });

  test('whose keeper did not hear that they were moved are told of all the same', async () => {
    const [one, two] = [await publish('one'), await publish('two')];
    await announced(move(one));
    told = [];
    let turn = 0;
    const own: ObjectStore = {
      ...counting(store, () => undefined),
      replace: async (key, ...more) => {
        const outcome = await store.replace(key, ...more);
        return key.startsWith('bookmarks/') && ++turn === 2 ? 'conflict' : outcome;
      },
    };
    await announced(move(two), await domainOn(own));
    expect(types(told)).toEqual(['Artifact Bookmark Moved']);
  });
});

function behindIn(event: DomainEvent | undefined): readonly unknown[] {
  return event !== undefined && 'behind' in event.detail ? event.detail.behind : [];
}

const keeping = () => ({ domain, evidence: noEvidence, isTimeUp: () => false });

describe('statuses', () => {
  const change = ({ arn }: Publication, status: 'Published' | 'Unlisted' | 'Archived' | 'Disposed'): KeeperCommand => ({
    ...{ command: 'status-set', arn: formatArn(arn), status },
  });

  test('are announced when they change, with what they were', async () => {
    const one = await publish();
    for (const status of ['Archived', 'Unlisted', 'Published'] as const) {
      expect(types(await announced(change(one, status)))).toEqual(['Artifact Version Status Changed']);
      expect(await announced(change(one, status))).toEqual([]);
    }
    const disposed = await announced(change(one, 'Disposed'));
    expect(types(disposed)).toEqual(['Artifact Version Status Changed', 'Artifact Condemned']);
    const changes = told.filter(({ detailType }) => detailType === 'Artifact Version Status Changed');
    expect(changes.map(({ detail }) => detail)).toMatchObject([
      { ...NAME, version: 1, from: 'Published', status: 'Archived', arn: versionArn(one), digests: [one.arn.digest] },
      { from: 'Archived', status: 'Unlisted' },
      { from: 'Unlisted', status: 'Published' },
      { from: 'Published', status: 'Disposed' },
    ]);
    expect(new Set(ids(changes)).size).toBe(4);
  });

  test('that stay are not told of, and deletions by their own events alone', async () => {
    const one = await publish();
    await announced(change(one, 'Unlisted'));
    await announced(add(one));
    told = [];
    expect(await announced(change(one, 'Disposed'))).toEqual([]);
    expect(await announced(drop(one))).toEqual([]);
    await announced(remove(one));
    expect(types(await announced(drop(one)))).toEqual(['Artifact Version Deleted', 'Artifact Condemned']);
    expect(types(await announced({ command: 'undelete', arn: formatArn(one.arn) }))).toEqual([
      'Artifact Rescued',
      'Artifact Version Undeleted',
    ]);
  });
});

describe('where the store does not say whether it was written', () => {
  const lost = [
    [
      'the answer is lost',
      async (request: () => Promise<unknown>) => {
        await request();
        throw new Error('lost');
      },
    ],
    [
      'a retry meets its own writing',
      async (request: () => Promise<unknown>) => {
        await request();
        return 'conflict';
      },
    ],
  ] as const;

  test.each(lost)('what stands there then is told: %s', async (_, fault) => {
    const one = await publish();
    await announced(drop(one));
    told = [];
    const own = await domainOn(faulty('replace', 'deletions/', fault));
    await announced({ command: 'cancel', digest: one.arn.digest }, own).catch(() => undefined);
    expect(types(told)).toEqual(['Artifact Rescued']);
  });

  test.each([
    [
      'fails before',
      async (): Promise<unknown> => {
        throw new Error('down');
      },
    ],
    ['somebody else was faster', async (): Promise<unknown> => 'conflict'],
  ] as const)('nothing is told of what did not take place: %s', async (_, fault) => {
    const one = await publish();
    await announced(drop(one));
    told = [];
    const own = await domainOn(faulty('replace', 'deletions/', fault));
    await announced({ command: 'cancel', digest: one.arn.digest }, own).catch(() => undefined);
    expect(told).toEqual([]);
  });

  test('a removal that was lost on the way back is told as well, and the same', async () => {
    const one = await publish();
    await announced(drop(one, true));
    const whole = ids(told.filter(({ detailType }) => detailType === 'Artifact Deleted'));
    // The same story to the letter, in another domain.
    store = memoryStore(steadyChance().now);
    domain = await domainOn(store);
    told = [];
    const twin = await publish();
    const own = faulty('removeRevision', 'deletions/', lost[0][1]);
    await announced(drop(twin, true), { ...domain, store: own, keeper: ownKeeper(own) }).catch(() => undefined);
    expect(ids(told.filter(({ detailType }) => detailType === 'Artifact Deleted'))).toEqual(whole);
  });
});

describe('is never in the way', () => {
  test.each([
    [
      'rejects',
      async () => {
        throw new Error('no bus');
      },
    ],
    [
      'throws',
      () => {
        throw new Error('no bus');
      },
    ],
  ] as const)('whoever announces %s', async (_, failing) => {
    const one = await publish();
    const keeping = { domain, evidence: noEvidence, isTimeUp: () => false };
    const { results } = await carryOut(add(one), { ...keeping, announce: failing });
    expect(results).toMatchObject([{ outcome: 'added' }]);
  });

  test('a command makes the same requests', async () => {
    const made = async (announce?: (events: readonly DomainEvent[]) => Promise<void>): Promise<readonly string[]> => {
      store = memoryStore(steadyChance().now);
      domain = await domainOn(store);
      const one = await publish();
      const requests: string[] = [];
      const own = counting(store, ({ method, key }) => requests.push(`${method} ${key}`));
      const counted: Domain = { ...domain, store: own, keeper: ownKeeper(own) };
      for (const command of [add(one), remove(one), drop(one, true)]) {
        await carryOut(command, {
          ...{ domain: counted, evidence: noEvidence, isTimeUp: () => false },
          ...(announce !== undefined && { announce }),
        });
      }
      return requests.toSorted();
    };
    const silent = await made();
    expect(silent.length).toBeGreaterThan(20);
    expect(await made(announce)).toEqual(silent);
    expect(types(told)).toHaveLength(5);
  });

  test('what can be read through it is what stands there, of any size', async () => {
    const { domain: watched, end } = announcing(domain, { by: 'keeper', command: 'test' }, announce);
    const one = await publish();
    const text = async (own: ObjectStore): Promise<string> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of (await own.read(one.key))?.body ?? []) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    expect(await text(watched.store)).toBe(await text(store));
    await end();
    expect(told).toEqual([]);
  });
});
