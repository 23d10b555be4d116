import { beforeEach, describe, expect, test } from '@jest/globals';
import { audit } from '../../../repository/audit/audit.ts';
import type { Operation, Wanted } from '../../../repository/bind.ts';
import { bind } from '../../../repository/bind.ts';
import type { StackResource } from '../../../repository/stack-id.ts';
import { bindingKeys, readBindingRecord } from '../../../repository/binding.ts';
import type { DomainPlace } from '../../../repository/arn.ts';
import type { Evidence } from '../../../repository/evidence/evidence.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { ownAway } from '../../../repository/home/own-away.ts';
import { ArtifactError, contentOf, formatArn, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Chance, Domain } from '../../../repository/index.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import { blobKey, EVERY_FETCH, EVERY_NOTE, noteKey, stackReferenceKey } from '../../../repository/keys.ts';
import { formatPhysicalId } from '../../../repository/physical-id.ts';
import { release } from '../../../repository/release.ts';
import { formatStackId } from '../../../repository/stack-id.ts';
import { publishable } from '../../support/domain.ts';
import { keysIn } from '../../support/keys-in.ts';
import type { Neighbour } from '../../support/neighbours.ts';
import { FAR, HERE, NEAR, neighbour, Roads } from '../../support/neighbours.ts';

const RESOURCE: StackResource = {
  ...{ account: HERE.account, region: HERE.region, stack: 'shop' },
  ...{ uuid: '6c5c5d50-0000-0000-0000-000000000000', logicalId: 'ApiArtifact' },
};
const STACK_ID = formatStackId('aws', RESOURCE);
const HOUR_MS = 60 * 60 * 1000;
const X = sha256('x');

let time: number;
let here: Neighbour;
let far: Neighbour;
let near: Neighbour;
let roads: Roads;
let domain: Domain;

beforeEach(async () => {
  time = Date.UTC(2026, 0, 1);
  here = await neighbour(
    HERE,
    chanceAt(() => 0),
  );
  far = await neighbour(
    FAR,
    chanceAt(() => 0),
  );
  near = await neighbour(
    NEAR,
    chanceAt(() => 0),
  );
  roads = new Roads(far.domain, near.domain);
  domain = { ...here.domain, away: ownAway(here.domain, roads) };
  for (const text of ['x', 'y']) {
    await publishVersion(far.domain, { repository: 'default', id: text }, publishable(text));
    await publishVersion(near.domain, { repository: 'default', id: text }, publishable(text));
  }
});

let nonces = 0;

/** A clock that is so many milliseconds wrong. */
function chanceAt(skew: () => number): Chance {
  return {
    now: () => new Date(time + skew()),
    nonce: () => `n${++nonces}`,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

function wanted(text: string, home: DomainPlace = FAR): Wanted {
  const digest = sha256(text);
  const arn = formatArn({ ...home, repository: 'default', id: text, version: 1, digest });
  return { arn, key: blobKey(digest, 'archive.zip'), digest, filename: 'archive.zip', home };
}

function operation(second: number, current?: string): Operation {
  const issued = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const event = { resource: RESOURCE, stackId: STACK_ID, requestId: `R${second}`, issued, pinned: false };
  return { ...event, replaces: true, ...(current !== undefined && { current }) };
}

async function drop(second: number, generation: string): Promise<void> {
  const issued = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  await release(domain.store, { resource: RESOURCE, requestId: `D${second}`, issued, generation }, domain);
}

async function ask(command: KeeperCommand, by: Domain = domain): Promise<readonly object[]> {
  const { results } = await carryOut(command, {
    domain: by,
    evidence: noEvidence,
    homes: roads,
    isTimeUp: () => false,
  });
  return results;
}

/** An hour later, and again, until the tick has nothing more to do. */
async function tick(by?: Domain): Promise<readonly object[]> {
  time += HOUR_MS;
  const results = await ask({ command: 'tend' }, by);
  return results.filter((one) => (one as { task: string }).task === 'tell');
}

const notes = (): Promise<readonly string[]> => keysIn(here.domain.store, EVERY_NOTE);
const referencesAt = async ({ domain: { store } }: Neighbour): Promise<readonly string[]> =>
  (await keysIn(store, 'references/')).filter((key) => key.includes('/stack/'));

/** What the home of a binding should have, of what it has here. */
async function agree(): Promise<void> {
  expect(await referencesAt(far)).toEqual(await referencesAt(here));
}

describe('the home of what is bound here', () => {
  test('has the same record, and loses it when the binding goes', async () => {
    expect(await bind(domain, operation(1), [wanted('x')])).toBe('R1');
    const key = stackReferenceKey(X, RESOURCE, 'R1');
    const record = await readBindingRecord(far.domain.store, key);
    expect(record?.value).toEqual((await readBindingRecord(here.domain.store, key))?.value);
    expect(record?.value.homes).toEqual([{ account: FAR.account, region: FAR.region }]);
    expect(await notes()).toEqual([noteKey(RESOURCE, 'R1', X, FAR)]);
    await drop(2, 'R1');
    expect(await referencesAt(far)).toEqual([]);
    expect(await notes()).toHaveLength(1);
  });

  test('is forgotten an hour after it knows', async () => {
    await bind(domain, operation(1), [wanted('x')]);
    time -= HOUR_MS / 2;
    expect(await tick()).toMatchObject([{ told: 1, waiting: 0 }]);
    expect(await notes()).toHaveLength(1);
    expect(await tick()).toMatchObject([{ told: 1, waiting: 0 }]);
    expect(await notes()).toEqual([]);
    expect(await tick()).toMatchObject([{ told: 0, waiting: 0 }]);
    await agree();
  });

  test('is told later where it could not be reached all the while', async () => {
    await here.domain.store.create(wanted('x').key, contentOf('x'));
    roads.close();
    expect(await bind(domain, operation(1), [wanted('x')])).toBe('R1');
    expect(await referencesAt(here)).toHaveLength(1);
    expect(await tick()).toMatchObject([{ told: 0, waiting: 1 }]);
    expect(await tick()).toMatchObject([{ told: 0, waiting: 1 }]);
    roads.open();
    await tick();
    await agree();
    roads.close();
    await drop(2, 'R1');
    expect(await referencesAt(far)).toHaveLength(1);
    await tick();
    roads.open();
    expect(await tick()).toMatchObject([{ told: 1 }]);
    await agree();
    expect(await notes()).toEqual([]);
  });

  test('that has taken the permission away between the copy and the reference fails no deploy', async () => {
    roads.refuse = (method, key) => {
      if (method === 'create' && key.startsWith('references/'))
        throw new ArtifactError('ACCESS_DENIED', 'access denied');
    };
    expect(await bind(domain, operation(1), [wanted('x')])).toBe('R1');
    expect(here.objects.has(wanted('x').key)).toBe(true);
    expect(await ask({ command: 'tell', stackId: STACK_ID, logicalId: RESOURCE.logicalId })).toEqual([
      {
        ...{ stack: 'shop', logicalId: RESOURCE.logicalId, home: { account: FAR.account, region: FAR.region } },
        ...{ state: 'waiting', why: expect.stringContaining('access denied') },
      },
    ]);
    expect(await tick()).toMatchObject([{ waiting: 1 }]);
    roads.open();
    await tick();
    await agree();
  });

  test('hears of both sides of an update, and of the way back', async () => {
    await bind(domain, operation(1), [wanted('x')]);
    await bind(domain, operation(2, 'R1'), [wanted('y')]);
    expect(await referencesAt(far)).toHaveLength(2);
    // Back to what is still bound: the same binding, wanted by a later operation.
    expect(await bind(domain, operation(3, 'R2'), [wanted('x')])).toBe('R1');
    await drop(4, 'R2');
    // The cleanup of the update that was rolled back, delivered late: it was issued before.
    await drop(2, 'R1');
    const key = stackReferenceKey(X, RESOURCE, 'R1');
    expect(await referencesAt(far)).toEqual([key]);
    expect((await readBindingRecord(far.domain.store, key))?.value.issued).toBe(operation(3).issued);
    for (const second of [5, 5, 6]) await drop(second, 'R1');
    await agree();
    expect(await referencesAt(far)).toEqual([]);
    await tick();
    expect(await notes()).toEqual([]);
  });

  test('is one of several', async () => {
    await bind(domain, operation(1), [wanted('x'), wanted('x', NEAR), wanted('y', NEAR)]);
    expect(await referencesAt(far)).toEqual([stackReferenceKey(X, RESOURCE, 'R1')]);
    expect(await referencesAt(near)).toEqual(await referencesAt(here));
    await drop(2, 'R1');
    expect(await referencesAt(near)).toEqual([]);
    await agree();
  });

  test('that does not answer keeps no other from hearing, and is asked once', async () => {
    roads.refuse = (_method, _key, { region }) => {
      if (region === FAR.region) throw new ArtifactError('STORE_UNAVAILABLE', 'connection refused');
    };
    for (const text of ['x', 'y']) await here.domain.store.create(wanted(text).key, contentOf(text));
    await bind(domain, operation(1), [wanted('x'), wanted('y'), wanted('x', NEAR), wanted('y', NEAR)]);
    expect(await referencesAt(near)).toHaveLength(2);
    roads.asked.length = 0;
    expect(await tick()).toMatchObject([{ told: 2, waiting: 2 }]);
    expect(roads.asked.filter((one) => one === 'read domain')).toHaveLength(2);
  });

  test('hears what is true where it was told wrong by one who died', async () => {
    await bind(domain, operation(1), [wanted('x')]);
    const key = stackReferenceKey(X, RESOURCE, 'R1');
    const record = far.objects.get(key);
    await drop(2, 'R1');
    if (record !== undefined) far.objects.set(key, record);
    await tick();
    await agree();
    expect(await referencesAt(far)).toEqual([]);
  });
});

describe('clocks', () => {
  test.each([3, -3])('of a keeper that are wrong by %d days take no note away too early', async (days) => {
    const wrong = { ...domain, chance: chanceAt(() => days * 24 * HOUR_MS) };
    await bind(domain, operation(1), [wanted('x')]);
    time -= HOUR_MS / 2;
    await tick(wrong);
    expect(await notes()).toHaveLength(1);
    // What it notes of its own work it believes.
    for (let hour = 0; hour < 2; hour++) await tick(wrong);
    expect(await notes()).toEqual([]);
    await agree();
  });
});

test('what failed fetches have left goes after an hour', async () => {
  roads.refuse = (method, key) => {
    if (method === 'read' && key.startsWith('blobs/')) throw new ArtifactError('STORE_UNAVAILABLE', 'connection reset');
  };
  await expect(ask({ command: 'fetch', arn: wanted('x').arn })).rejects.toThrow('connection reset');
  expect(await keysIn(here.domain.store, EVERY_FETCH)).toHaveLength(1);
  time -= HOUR_MS / 2;
  await tick();
  expect(await keysIn(here.domain.store, EVERY_FETCH)).toHaveLength(1);
  await tick();
  expect(await keysIn(here.domain.store, EVERY_FETCH)).toEqual([]);
});

describe('an audit', () => {
  const evidence: Evidence = {
    stack: async () => ({
      state: 'settled',
      changed: new Date(Date.UTC(2026, 0, 1)),
      resources: [
        {
          ...{ logicalId: RESOURCE.logicalId, type: 'Custom::ArtifactRef' },
          physicalId: formatPhysicalId('R1', wanted('x').arn),
        },
      ],
    }),
    importers: async function* () {
      yield { stackId: STACK_ID };
    },
    isRun: async () => undefined,
  };

  async function heal(): Promise<readonly unknown[]> {
    const findings: unknown[] = [];
    for await (const { finding } of audit(domain, evidence, { fix: true }))
      if (finding !== undefined) findings.push(finding);
    return findings;
  }

  test.each(['reference', 'consumer', 'both'] as const)(
    'that makes up for a lost %s notes it for its home',
    async (lost) => {
      await bind(domain, operation(1), [wanted('x')]);
      for (let hour = 0; hour < 2; hour++) await tick();
      const { reference, consumer } = bindingKeys({ resource: RESOURCE, generation: 'R1' }, X);
      if (lost !== 'consumer') here.objects.delete(reference);
      if (lost !== 'reference') here.objects.delete(consumer);
      far.objects.delete(reference);
      expect(await notes()).toEqual([]);
      time += 48 * HOUR_MS;
      // With the content here, home need not answer.
      roads.close();
      expect(await heal()).toMatchObject([{ kind: 'missing', healed: true }]);
      roads.open();
      const homes = [{ account: FAR.account, region: FAR.region }];
      for (const key of [reference, consumer])
        expect((await readBindingRecord(here.domain.store, key))?.value.homes).toEqual(homes);
      await tick();
      await agree();
      expect(await referencesAt(here)).toHaveLength(1);
    },
  );
});
