import { afterEach, describe, expect, test } from '@jest/globals';
import type { Finding } from '../../repository/audit/audit.ts';
import { audit } from '../../repository/audit/audit.ts';
import type { StackEvidence } from '../../repository/evidence/evidence.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { contentOf, publishVersion, sha256 } from '../../repository/index.ts';
import type { Domain, ObjectKey } from '../../repository/index.ts';
import {
  bookmarkKey,
  endingKey,
  namedReferenceKey,
  parseConsumerKey,
  parseVersionReferenceKey,
  versionReferenceKey,
} from '../../repository/keys.ts';
import { objectKey } from '../../repository/object-store.ts';
import { readRecord, recordContent } from '../../repository/record.ts';
import { readStatusRecord, writeStatus } from '../../repository/status.ts';
import { withdrawNumber } from '../../repository/version.ts';
import type { AuditedOptions } from '../support/audited.ts';
import { Audited } from '../support/audited.ts';
import { publishable } from '../support/domain.ts';
import type { Fault } from '../support/stack-engine/engine.ts';

const worlds: Audited[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.engine.stop();
});

async function started(options: Partial<AuditedOptions> = {}): Promise<Audited> {
  const world = await Audited.start({ artifacts: ['a', 'b', 'c'], ...options });
  worlds.push(world);
  return world;
}

/** The function never gets to a Delete of Ref. */
function lostDeletes(times: number, logicalId = 'Ref'): Fault {
  return { logicalId, on: 'Delete', times, does: { kind: 'kill', request: 1, attempts: 3 } };
}

function kindsOf(findings: readonly Finding[]): string[] {
  return findings.map(({ kind, healed }) => `${kind}${healed ? ', healed' : ''}`);
}

async function expectExact(world: Audited): Promise<void> {
  expect(await world.recorded()).toEqual(world.deployed());
  const entries = (await world.keys('consumers/')).map((key) => parseConsumerKey(key).generation);
  expect(entries.toSorted()).toEqual(await world.recorded());
}

test('of what is right it says nothing, and touches nothing', async () => {
  const world = await started();
  await world.engine.deploy('shop', world.template({ Ref: 'a', Many: ['b', 'c'] }));
  await world.engine.deploy('shop', world.template({ Ref: 'b', Many: ['b', 'c'] }));
  await world.engine.deploy('other', world.template({ Ref: 'a' }));
  const before = await world.keys('');
  expect(await world.audit()).toEqual([]);
  expect(await world.keys('')).toEqual(before);
});

describe('stale bindings', () => {
  test('a stack that was deleted by force', async () => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    const held = await world.recorded();
    expect(held).toHaveLength(1);
    // The deletion can be tried again.
    expect(kindsOf(await world.audit())).toEqual(['unsettled']);
    expect(await world.recorded()).toEqual(held);
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    expect(await world.recorded()).toEqual(held);
    const arns = [world.published.get('a')?.arn];
    const told = { kind: 'stale', stackId, logicalId: 'Ref', generation: held[0], arns, digest: sha256('a') };
    const why = 'no resource of its stack names it any more';
    expect(await world.audit({ fix: false })).toEqual([{ ...told, why, healed: false }]);
    expect(await world.audit()).toEqual([{ ...told, why, healed: true }]);
    expect(await world.keys('consumers/')).toEqual([]);
    await expectExact(world);
  });

  test('a cleanup that failed three times, of what was replaced and of what was removed', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a', Gone: 'b' }));
    const faults = [lostDeletes(3), lostDeletes(3, 'Gone')];
    await world.engine.deploy('shop', world.template({ Ref: 'c' }), { faults });
    expect(await world.recorded()).toHaveLength(3);
    expect(kindsOf(await world.audit())).toEqual(['stale, healed', 'stale, healed']);
    await expectExact(world);
  });

  test('an Update that CloudFormation never heard of', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    const faults: Fault[] = [{ logicalId: 'Ref', on: 'Update', does: { kind: 'drop answer' } }];
    const { status } = await world.engine.deploy('shop', world.template({ Ref: 'b' }), { faults });
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await world.recorded()).toHaveLength(2);
    expect(kindsOf(await world.audit())).toEqual(['stale, healed']);
    await expectExact(world);
  });

  test('a stack that CloudFormation has forgotten', async () => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    world.forgotten.add(stackId);
    expect(await world.audit()).toEqual([
      expect.objectContaining({ kind: 'stale', why: 'its stack is gone', healed: true }),
    ]);
    await expectExact(world);
  });

  test('is not gone to whom no stack of the account is shown', async () => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    world.forgotten.add(stackId);
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    expect((await world.engine.deleteStack('domain')).status).toBe('DELETE_COMPLETE');
    expect(await world.audit()).toEqual([expect.objectContaining({ kind: 'unknown', stackId, healed: false })]);
    expect(await world.recorded()).toHaveLength(1);
  });

  test('a reference without an entry', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deploy('shop', world.template({ Ref: 'b' }), { faults: [lostDeletes(3)] });
    await world.lose(...(await world.keys('consumers/')));
    expect(kindsOf(await world.audit()).toSorted()).toEqual(['missing, healed', 'stale, healed']);
    await expectExact(world);
  });

  test('an entry without a reference', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    await world.lose(...(await world.keys(`references/${sha256('a')}/stack/`)));
    expect(kindsOf(await world.audit())).toEqual(['stale, healed']);
    expect(await world.keys('consumers/')).toEqual([]);
  });

  test('leave what published versions go on reading', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }, { pinned: true }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    const [generation = ''] = await world.recorded();
    world.denied.add('ListFunctions');
    expect(kindsOf(await world.audit())).toEqual(['stale, healed']);
    expect(kindsOf(await world.audit())).toEqual(['unknown']);
    expect(await world.store.head(namedReferenceKey(sha256('a'), 'retained', generation))).toBeDefined();
  });
});

describe('what may be used is left', () => {
  /** Everything went forth, and Ref does not come back. */
  const stuck: readonly Fault[] = [
    { logicalId: 'FRef', on: 'Update', does: { kind: 'fail' } },
    { logicalId: 'Ref', on: 'Update', skip: 1, does: { kind: 'fail' } },
  ];

  test('while a rollback that failed can go on', async () => {
    const world = await started({ replacedRollback: 'with an update' });
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    const { status, stackId } = await world.engine.deploy('shop', world.template({ Ref: 'b' }), { faults: stuck });
    expect(status).toBe('UPDATE_ROLLBACK_FAILED');
    const held = await world.recorded();
    expect(held).toHaveLength(2);
    expect(await world.audit()).toEqual([
      { kind: 'unsettled', stackId, why: 'an operation on its stack has not ended', healed: false },
    ]);
    expect(await world.recorded()).toEqual(held);
    expect((await world.engine.continueUpdateRollback('shop')).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await world.audit()).toEqual([]);
    expect([...world.unprotected]).toEqual([]);
    await expectExact(world);
  });

  test('where a resource was left out on the way back, until an update succeeds', async () => {
    const world = await started({ replacedRollback: 'with an update' });
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    const [original = ''] = await world.recorded();
    await world.engine.deploy('shop', world.template({ Ref: 'b' }), { faults: stuck });
    const newer = (await world.recorded()).find((one) => one !== original) ?? '';
    // As CloudFormation may list it afterwards: Ref as it went forth, FRef as it came back.
    const physicalId = `${world.published.get('b')?.arn ?? ''}/${newer}`;
    const skipped: Extract<StackEvidence, { readonly state: 'settled' }> = {
      ...{ state: 'settled', changed: new Date(0), wentBack: true },
      resources: [{ logicalId: 'Ref', physicalId, type: 'Custom::ArtifactRef' }],
    };
    const evidence = { ...noEvidence, stack: async (): Promise<StackEvidence> => skipped };
    const findings = async (): Promise<Finding[]> => {
      const found: Finding[] = [];
      const steps = audit(world.later(world.domain), evidence, { fix: true, stack: stackId });
      for await (const { finding } of steps) if (finding !== undefined) found.push(finding);
      return found;
    };
    expect(await findings()).toEqual([
      expect.objectContaining({ kind: 'unknown', generation: original, healed: false }),
    ]);
    expect(await world.recorded()).toContain(original);
    const updated: StackEvidence = { state: 'settled', changed: skipped.changed, resources: skipped.resources };
    evidence.stack = async () => updated;
    expect(kindsOf(await findings())).toEqual(['stale, healed']);
    expect(await world.recorded()).toEqual([newer]);
  });

  test.each(['DescribeStacks', 'ListStackResources'])('where %s is refused', async (action) => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    world.denied.add(action);
    const why = `AWS could not be asked (not authorized to perform ${action})`;
    expect(await world.audit()).toEqual([{ kind: 'unknown', stackId, why, healed: false }]);
    expect(await world.recorded()).toHaveLength(1);
  });

  test('where ListImports is refused, which is told', async () => {
    const world = await started();
    world.denied.add('ListImports');
    expect(await world.audit()).toEqual([expect.objectContaining({ kind: 'unknown', healed: false })]);
  });

  test('of stacks elsewhere', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    const elsewhere = { ...world.domain, account: '999999999999' };
    const found: Finding[] = [];
    for await (const { finding } of audit(elsewhere, world.evidence, { fix: true })) {
      if (finding !== undefined) found.push(finding);
    }
    expect(kindsOf(found)).toEqual(['unknown']);
    expect(await world.recorded()).toHaveLength(1);
  });

  test('where nobody can be asked', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    const found: Finding[] = [];
    for await (const { finding } of audit(world.later(world.domain), noEvidence, { fix: true })) {
      if (finding !== undefined) found.push(finding);
    }
    expect(kindsOf(found)).toEqual(['unknown']);
    await expectExact(world);
  });

  test('by a resource that was retained', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }, { policy: 'Retain' }));
    await world.engine.deleteStack('shop');
    expect(await world.audit()).toEqual([]);
    expect(await world.recorded()).toHaveLength(1);
  });

  test('where it changed only now, which the next audit sees', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Lost: 'c', Ref: 'a' }));
    const unheard: Fault = { logicalId: 'Ref', on: 'Update', does: { kind: 'drop answer' } };
    await world.engine.deploy('shop', world.template({ Lost: 'c', Ref: 'b' }), { faults: [unheard] });
    await world.lose(...(await world.keys(`references/${sha256('c')}/stack/`)));
    const now = { ...world.domain, chance: { ...world.domain.chance, now: () => world.engine.now() } };
    const found: Finding[] = [];
    for await (const { finding } of audit(now, world.evidence, { fix: true })) {
      if (finding !== undefined) found.push(finding);
    }
    expect(found).toEqual([
      expect.objectContaining({ kind: 'stale', healed: false, failure: 'it changed only now' }),
      expect.objectContaining({ kind: 'missing', healed: false, failure: 'its stack changed only now' }),
    ]);
    expect(await world.recorded()).toHaveLength(2);
    expect(kindsOf(await world.audit())).toEqual(['stale, healed', 'missing, healed']);
    await expectExact(world);
  });

  test('of a stack that is not known yet, for a day', async () => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    world.forgotten.add(stackId);
    const auditAfter = async (hours: number): Promise<Finding[]> => {
      const now = (): Date => new Date(world.engine.now().getTime() + 3_600_000 * hours);
      const found: Finding[] = [];
      const later = { ...world.domain, chance: { ...world.domain.chance, now } };
      for await (const { finding } of audit(later, world.evidence, { fix: true })) {
        if (finding !== undefined) found.push(finding);
      }
      return found;
    };
    expect(kindsOf(await auditAfter(23))).toEqual(['stale']);
    expect(kindsOf(await auditAfter(25))).toEqual(['stale, healed']);
  });

  test('where the record or its key can not be read', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    const [entry = objectKey('none')] = await world.keys('consumers/');
    await world.lose(entry);
    await world.store.create(entry, contentOf('no record'));
    await world.store.create(objectKey('consumers/stack/x'), contentOf('{}'));
    expect(kindsOf(await world.audit())).toEqual(['unknown', 'unknown']);
    expect(await world.recorded()).toHaveLength(1);
  });
});

describe('missing bindings', () => {
  test.each([
    ['reference', 'references/'],
    ['entry', 'consumers/'],
  ])('a lost %s comes back from the other record', async (_, prefix) => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a', Many: ['b', 'c'] }));
    const lost = (await world.keys(prefix)).filter((key) => key.includes('/stack/'));
    expect(lost).toHaveLength(3);
    await world.lose(...lost);
    expect(new Set(kindsOf(await world.audit({ fix: false })))).toEqual(new Set(['missing']));
    expect((await world.keys(prefix)).filter((key) => key.includes('/stack/'))).toEqual([]);
    expect(new Set(kindsOf(await world.audit()))).toEqual(new Set(['missing, healed']));
    expect((await world.keys(prefix)).filter((key) => key.includes('/stack/'))).toEqual(lost);
    expect(await world.audit()).toEqual([]);
  });

  test('all records of one artifact come back by the physical ID, and go with the stack', async () => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    // There is an ending of what was replaced, and it is younger than the update.
    await world.engine.deploy('shop', world.template({ Ref: 'b' }));
    const [generation] = await world.recorded();
    await world.lose(...(await world.keys('consumers/')), ...(await world.keys(`references/${sha256('b')}/stack/`)));
    const told = { stackId, logicalId: 'Ref', generation, arns: [world.published.get('b')?.arn] };
    const why = 'nothing tells that it is used';
    expect(await world.audit()).toEqual([{ kind: 'missing', ...told, why, healed: true }]);
    await expectExact(world);
    await world.engine.deleteStack('shop');
    await expectExact(world);
  });

  test('what many used can not be known', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a', Many: ['b', 'c'] }));
    await world.lose(...(await world.keys('consumers/')), ...(await world.keys(`references/${sha256('b')}/stack/`)));
    await world.lose(...(await world.keys(`references/${sha256('c')}/stack/`)));
    expect((await world.audit()).filter(({ logicalId }) => logicalId === 'Many')).toEqual([
      expect.objectContaining({
        ...{ kind: 'missing', healed: false, failure: 'which artifacts it uses is not known any more' },
        remedy: expect.stringContaining('another logical ID'),
      }),
    ]);
  });

  test('content that is gone is no binding', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.lose(...(await world.keys('consumers/')), ...(await world.keys(`references/${sha256('a')}/stack/`)));
    await world.lose(...(await world.keys(`blobs/sha256/${sha256('a')}/`)));
    const expected = expect.objectContaining({ kind: 'missing', healed: false, remedy: expect.any(String) });
    expect(await world.audit()).toEqual([expected]);
    expect(await world.audit()).toEqual([expected]);
    expect(await world.recorded()).toEqual([]);
  });

  test('nothing comes back that a Delete has ended', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    const [key = ''] = await world.keys('consumers/');
    const { resource, generation } = parseConsumerKey(key);
    await world.lose(...(await world.keys('consumers/')), ...(await world.keys(`references/${sha256('a')}/stack/`)));
    const issued = new Date(world.engine.now().getTime() + 1000).toISOString();
    const ending = { of: generation, issued, requests: { D: issued } };
    await world.store.create(endingKey(resource, generation), recordContent(ending));
    expect(await world.audit()).toEqual([
      expect.objectContaining({ kind: 'missing', healed: false, failure: expect.stringContaining('Delete') }),
    ]);
    expect(await world.recorded()).toEqual([]);
    expect(await world.keys('consumers/')).toEqual([]);
  });

  test('what comes back while its stack goes, unheard, is stale for the next audit', async () => {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.lose(...(await world.keys('consumers/')), ...(await world.keys(`references/${sha256('a')}/stack/`)));
    let asked = 0;
    world.asked = async (action) => {
      if (action !== 'ListStackResources' || ++asked !== 2) return;
      // CloudFormation gives the reference up, of which the function hears nothing.
      await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
      await world.engine.deleteStack('shop', { mode: 'force', faults: [lostDeletes(9)] });
    };
    expect(kindsOf(await world.audit())).toEqual(['unsettled']);
    await world.audit();
    await expectExact(world);
  });
});

describe('what is kept for published versions', () => {
  async function released(): Promise<{ readonly world: Audited; readonly key: ObjectKey }> {
    const world = await started();
    await world.engine.deploy('shop', world.template({ Ref: 'a' }, { pinned: true }));
    const [generation = ''] = await world.recorded();
    await world.engine.deleteStack('shop');
    return { world, key: namedReferenceKey(sha256('a'), 'retained', generation) };
  }

  test('stays while a version runs it', async () => {
    const { world, key } = await released();
    world.run.set('f', Buffer.from(sha256('a'), 'hex').toString('base64'));
    expect(await world.audit()).toEqual([]);
    expect(await world.store.head(key)).toBeDefined();
  });

  test('stays where one does not tell what it runs, and where nobody may ask', async () => {
    const { world, key } = await released();
    world.run.set('f', undefined);
    expect(kindsOf(await world.audit())).toEqual(['unknown']);
    world.denied.add('ListFunctions');
    expect(kindsOf(await world.audit())).toEqual(['unknown']);
    expect(await world.store.head(key)).toBeDefined();
  });

  test('goes when none does', async () => {
    const { world, key } = await released();
    world.run.set('f', Buffer.from(sha256('b'), 'hex').toString('base64'));
    expect(kindsOf(await world.audit({ fix: false }))).toEqual(['retained']);
    expect(await world.store.head(key)).toBeDefined();
    expect(kindsOf(await world.audit())).toEqual(['retained, healed']);
    expect(await world.store.head(key)).toBeUndefined();
  });

  test('stays for a day', async () => {
    const { world, key } = await released();
    const now = (): Date => new Date(1000 * 60 * 60 * 23);
    const young = { ...world.domain, chance: { ...world.domain.chance, now } };
    for await (const { finding } of audit(young, world.evidence, { fix: true })) expect(finding).toBeUndefined();
    expect(await world.store.head(key)).toBeDefined();
  });
});

describe('abandoned versions', () => {
  const NAME = { repository: 'default', id: 'shop/api' };
  const reference = versionReferenceKey(sha256('x'), NAME, 2, 'n-1');

  test('lose their reference after a day, and their number first', async () => {
    const world = await started();
    await publishVersion(world.domain, NAME, publishable('y'));
    await world.store.create(reference, recordContent({}));
    const at = (hours: number) => ({
      ...world.domain,
      chance: { ...world.domain.chance, now: () => new Date(3_600_000 * hours) },
    });
    for await (const { finding } of audit(at(23), world.evidence, { fix: true })) expect(finding).toBeUndefined();
    expect(await world.store.head(reference)).toBeDefined();
    expect(await world.audit({ fix: false })).toEqual([
      expect.objectContaining({ kind: 'abandoned', version: { ...NAME, number: 2 }, healed: false }),
    ]);
    expect(kindsOf(await world.audit())).toEqual(['abandoned, healed']);
    expect(await world.store.head(reference)).toBeUndefined();
    const { arn } = await publishVersion(world.domain, NAME, publishable('x'));
    expect(arn.version).toBe(3);
  });

  test('of a number that another has, or that is out of use, go as well; others stay', async () => {
    const world = await started();
    await publishVersion(world.domain, NAME, publishable('x'));
    const [own = objectKey('none')] = await world.keys(`references/${sha256('x')}/`);
    expect(parseVersionReferenceKey(own).number).toBe(1);
    await withdrawNumber(world.domain, NAME, 2);
    await world.store.create(reference, recordContent({}));
    await world.store.create(versionReferenceKey(sha256('x'), NAME, 1, 'other'), recordContent({}));
    expect(kindsOf(await world.audit())).toEqual(['abandoned, healed', 'abandoned, healed']);
    expect(await world.keys(`references/${sha256('x')}/`)).toEqual([own]);
  });

  test.each([
    ['a day after it was deleted', 'Deleted', 24],
    ['a quarter of an hour after its deletion was begun, by somebody who died', 'Deleting', 0.25],
  ] as const)('lose what is left of them %s', async (_, status, hours) => {
    const world = await started();
    await publishVersion(world.domain, NAME, publishable('x'));
    const [left = objectKey('none')] = await world.keys(`references/${sha256('x')}/`);
    const begun = 3_600_000 * 48;
    const at = (hour: number) => ({
      ...world.domain,
      chance: { ...world.domain.chance, now: () => new Date(begun + 3_600_000 * hour) },
    });
    await writeStatus(world.domain, { ...NAME, number: 1 }, { status, was: 'Published' }, undefined);
    const record = await readStatusRecord(world.domain, NAME, 1);
    const dated = (domain: Domain): Domain => ({
      ...domain,
      store: {
        ...domain.store,
        read: async (key) => {
          const object = await domain.store.read(key);
          return object?.revision === record?.revision && object ? { ...object, modified: new Date(begun) } : object;
        },
      },
    });
    const found = async (hour: number, fix: boolean): Promise<Finding[]> => {
      const findings: Finding[] = [];
      for await (const { finding } of audit(dated(at(hour)), world.evidence, { fix })) {
        if (finding !== undefined) findings.push(finding);
      }
      return findings;
    };
    expect(await found(hours - 0.05, true)).toEqual([]);
    expect(await found(hours, false)).toMatchObject([
      { kind: 'abandoned', version: { ...NAME, number: 1 }, healed: false },
    ]);
    expect(await world.store.head(left)).toBeDefined();
    expect(kindsOf(await found(hours, true))).toEqual(['abandoned, healed']);
    expect(await world.store.head(left)).toBeUndefined();
    expect(await readStatusRecord(world.domain, NAME, 1)).toMatchObject({ value: { status: 'Deleted' } });
    expect(await found(hours + 48, true)).toEqual([]);
  });

  test('whose deletion was begun, and that somebody needs, are what they were', async () => {
    const world = await started();
    await publishVersion(world.domain, NAME, publishable('x'));
    await world.store.create(bookmarkKey(NAME, 'live'), recordContent({ number: 1 }));
    await writeStatus(world.domain, { ...NAME, number: 1 }, { status: 'Deleting', was: 'Unlisted' }, undefined);
    expect(kindsOf(await world.audit())).toEqual(['abandoned, healed']);
    expect(await readStatusRecord(world.domain, NAME, 1)).toMatchObject({ value: { status: 'Unlisted' } });
    expect(await world.keys(`references/${sha256('x')}/`)).toHaveLength(1);
  });

  test.each(['!/zz-n', '!/-1-n', '!/01-n', '!/5', '!/5-', '!/999999999999999999-n', 'other/7-n', '!/a!/7-n'])(
    'are none where the key names no version: %s',
    async (rest) => {
      const world = await started();
      await publishVersion(world.domain, NAME, publishable('y'));
      const key = objectKey(`references/${sha256('x')}/version/default/shop/api/${rest}`);
      await world.store.create(key, recordContent({}));
      const before = await world.keys('');
      expect(await world.audit()).toEqual([
        { kind: 'unknown', key, why: 'its key is none that this version understands', healed: false },
      ]);
      expect(await world.keys('')).toEqual(before);
      expect((await publishVersion(world.domain, NAME, publishable('z'))).arn.version).toBe(2);
    },
  );

  test('are none where what stands in the place of a manifest can not be read', async () => {
    const world = await started();
    await publishVersion(world.domain, NAME, publishable('x'));
    const [manifest = objectKey('none')] = await world.keys('versions/default/shop/');
    await world.lose(manifest);
    await world.store.create(manifest, contentOf('[]'));
    expect(kindsOf(await world.audit())).toEqual(['unknown']);
    expect(await world.keys(`references/${sha256('x')}/`)).toHaveLength(1);
  });
});

describe('in pieces', () => {
  /** Pieces of one step each. */
  async function auditStepwise(world: Audited): Promise<Finding[]> {
    const found: Finding[] = [];
    let after: string | undefined;
    for (let pieces = 0; pieces < 500; pieces++) {
      const options = { fix: true, ...(after !== undefined && { after: JSON.parse(JSON.stringify(after)) as string }) };
      const steps = audit(world.later(world.domain), world.evidence, options);
      const step = await steps.next();
      await steps.return(undefined);
      if (step.done === true) return found;
      if (step.value.finding !== undefined) found.push(step.value.finding);
      expect(step.value.after).not.toBe(after);
      after = step.value.after;
    }
    throw new Error('it does not end');
  }

  async function damagedWorld(): Promise<Audited> {
    const world = await started();
    await world.engine.deploy('first', world.template({ Ref: 'a', Second: 'b' }));
    await world.engine.deploy('first', world.template({ Ref: 'b', Second: 'c' }), {
      faults: [lostDeletes(3), lostDeletes(3, 'Second')],
    });
    await world.engine.deploy('second', world.template({ Ref: 'a', Other: 'c' }));
    await world.engine.deploy('third', world.template({ Ref: 'b', Second: 'c' }));
    await world.engine.deploy('unheard', world.template({ Ref: 'a' }));
    const lost = (await world.keys('')).filter((key) => /\/stack\/.*\/(?:second|third|unheard)\//.test(key));
    // Of the second all is lost but an entry, of the third all references, of the last everything.
    const kept = /consumers\/.*\/(?:second\/.*\/Ref|third)\//;
    await world.lose(...lost.filter((key) => !kept.test(key)));
    await world.store.create(
      versionReferenceKey(sha256('q'), { repository: 'r1', id: 'q' }, 1, 'n'),
      recordContent({}),
    );
    return world;
  }

  test('of one step each it comes to the same, with everything told once', async () => {
    const whole = await damagedWorld();
    const expected = await whole.audit();
    expect(expected.length).toBeGreaterThan(6);
    await expectExact(whole);

    const world = await damagedWorld();
    const found = await auditStepwise(world);
    await expectExact(world);
    expect(kindsOf(found)).toEqual(kindsOf(expected));
    expect(await world.audit()).toEqual([]);
  });

  test.each(['/Ref/0', '/Ref/zz', '/Zz/x', 'z'])(
    'a key that is none (…%s) keeps nothing from being looked at',
    async (rest) => {
      const world = await started();
      await world.engine.deploy('shop', world.template({ Ref: 'a' }));
      await world.engine.deploy('shop', world.template({ Ref: 'b' }), { faults: [lostDeletes(3)] });
      const [key = ''] = await world.keys('consumers/');
      const strange = objectKey(key.replace(/\/Ref\/.*/, rest));
      await world.store.create(strange, recordContent({}));
      expect(kindsOf(await auditStepwise(world)).toSorted()).toEqual(['stale, healed', 'unknown']);
      expect(kindsOf(await world.audit())).toEqual(['unknown']);
    },
  );

  test('a stack that begins to change between two of them is told of once', async () => {
    const world = await started();
    const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
    await world.engine.deploy('shop', world.template({ Ref: 'b' }), { faults: [lostDeletes(3)] });
    let asked = 0;
    world.asked = async (action) => {
      // For the first step it is asked twice; of its resources both times.
      if (action !== 'ListStackResources' || ++asked !== 3) return;
      await world.engine.deleteStack('shop', { faults: [lostDeletes(9)] });
    };
    expect((await auditStepwise(world)).map(({ kind, stackId: of }) => [kind, of])).toEqual([
      ['stale', stackId],
      ['unsettled', stackId],
    ]);
  });

  test('of one stack it looks at no other', async () => {
    const world = await damagedWorld();
    const { id = '' } = world.engine.stack('first') ?? {};
    const found = await world.audit({ stack: id });
    expect(kindsOf(found)).toEqual(['stale, healed', 'stale, healed']);
    expect(new Set(found.map(({ stackId }) => stackId))).toEqual(new Set([id]));
    const { id: unheard = '' } = world.engine.stack('unheard') ?? {};
    expect(kindsOf(await world.audit({ stack: unheard }))).toEqual(['missing, healed']);
    expect(kindsOf(await world.audit({ stack: unheard }))).toEqual([]);
  });

  test('a place that is none is refused', async () => {
    const world = await started();
    await expect(world.audit({ after: 'nowhere' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(world.audit({ stack: 'shop' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('a stack with more records than are held at once', async () => {
  const world = await started();
  const { stackId } = await world.engine.deploy('shop', world.template({ Ref: 'a' }));
  const [key = objectKey('none')] = await world.keys('consumers/');
  const record = await readRecord(world.store, key, (value) => value);
  for (let index = 0; index < 2500; index++) {
    const stale = key.replace(/[^/]+\/([^/]+)$/, `0g${String(index).padStart(5, '0')}/$1`);
    await world.store.create(objectKey(stale), recordContent(record?.value ?? {}));
  }
  const found = await world.audit();
  expect(found).toHaveLength(2500);
  expect(new Set(kindsOf(found))).toEqual(new Set(['stale, healed']));
  expect(found.every((one) => one.stackId === stackId)).toBe(true);
  await expectExact(world);
});
