import { afterEach, describe, expect, test } from '@jest/globals';
import type { Finding } from '../../repository/audit/audit.ts';
import { audit } from '../../repository/audit/audit.ts';
import { readBindingRecord } from '../../repository/binding.ts';
import { contentOf, sha256 } from '../../repository/index.ts';
import type { ObjectKey, ObjectStore } from '../../repository/index.ts';
import { objectKey } from '../../repository/object-store.ts';
import { settingsKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { addShare, removeShare } from '../../repository/sharing/records.ts';
import { verify } from '../../repository/verifying/verify.ts';
import type { AuditedOptions } from '../support/audited.ts';
import { Audited } from '../support/audited.ts';
import type { Fault } from '../support/stack-engine/engine.ts';

/** A domain that stacks elsewhere refer to: what is told to it, judged by CloudFormation of where they are, or by whom it is shared with. */

const ELSEWHERE = 'us-east-1';
const OTHER = '222233334444';
const ARTIFACTS = ['a', 'b', 'c'];

const worlds: Audited[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.engine.stop();
});

async function started(options: Partial<AuditedOptions> = {}): Promise<Audited> {
  const world = await Audited.start({ artifacts: ARTIFACTS, ...options });
  worlds.push(world);
  return world;
}

/** The same account in two regions. */
async function twoRegions(): Promise<{ readonly home: Audited; readonly other: Audited }> {
  const other = await started({ region: ELSEWHERE });
  return { other, home: await started({ elsewhere: new Map([[ELSEWHERE, other]]) }) };
}

/** The records that stand there, and no others of there, stand at home too, as they were written. */
async function tell(other: Audited, home: Audited): Promise<readonly ObjectKey[]> {
  const { account, region } = other.domain;
  const told = (await other.keys('references/')).filter((key) => key.split('/')[2] === 'stack');
  for (const key of await home.keys('references/')) {
    if (key.includes(`/stack/${account}/${region}/`) && !told.includes(key)) await home.lose(key);
  }
  for (const key of told) {
    const { value } = (await readBindingRecord(other.store, key)) ?? {};
    if (value !== undefined) await home.store.create(key, recordContent(value));
  }
  return told;
}

/** The function never gets to a Delete of Ref. */
const LOST: Fault = { logicalId: 'Ref', on: 'Delete', times: 9, does: { kind: 'kill', request: 1, attempts: 3 } };

/** Gone, with records that nobody took away. */
async function deletedByForce(world: Audited, name: string): Promise<void> {
  await world.engine.deleteStack(name, { faults: [LOST] });
  await world.engine.deleteStack(name, { mode: 'force', faults: [LOST] });
}

function kindsOf(findings: readonly Finding[]): string[] {
  return findings.map(({ kind, healed }) => `${kind}${healed ? ', healed' : ''}`);
}

describe('of the same account in another region', () => {
  test('what is used there stays, and gets no entry here', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a', Many: ['b', 'c'] }));
    const told = await tell(other, home);
    expect(told).toHaveLength(3);
    expect(await home.audit()).toEqual([]);
    expect(await home.keys('consumers/')).toEqual([]);
    expect(await home.keys('references/')).toEqual(expect.arrayContaining([...told]));
  });

  test('what no resource of a stack names any more goes, and nothing else', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    const [kept = ''] = await tell(other, home);
    const { stackId } = await other.engine.deploy('old', other.template({ Ref: 'b' }));
    await tell(other, home);
    await deletedByForce(other, 'old');
    const found = await home.audit({ fix: false });
    const why = 'no resource of its stack names it any more';
    const stale = { kind: 'stale', stackId, logicalId: 'Ref', digest: sha256('b'), why, healed: false };
    expect(found).toEqual([expect.objectContaining(stale)]);
    expect(kindsOf(await home.audit())).toEqual(['stale, healed']);
    expect((await home.keys('references/')).filter((key) => key.includes('/stack/'))).toEqual([kept]);
    expect(await home.audit()).toEqual([]);
  });

  test('of a stack that CloudFormation there has forgotten', async () => {
    const { home, other } = await twoRegions();
    const { stackId } = await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    await tell(other, home);
    other.forgotten.add(stackId);
    expect(await home.audit()).toEqual([
      expect.objectContaining({ kind: 'stale', why: 'its stack is gone', healed: true }),
    ]);
    expect(await home.recorded()).toEqual([]);
  });

  test('is not gone where no stack of that region is shown, though stacks of the own region are', async () => {
    const { home, other } = await twoRegions();
    const { stackId } = await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    await tell(other, home);
    // An endpoint that is set for all regions: what answers is this region's CloudFormation.
    const misled = await started({ elsewhere: new Map([[ELSEWHERE, home]]) });
    await tell(other, misled);
    expect(await misled.audit()).toEqual([expect.objectContaining({ kind: 'unknown', stackId, healed: false })]);
    expect(await misled.recorded()).toHaveLength(1);
  });

  test('is put off while it is young', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    await tell(other, home);
    await deletedByForce(other, 'shop');
    const now = (): Date => other.engine.now();
    const young = { ...home.domain, chance: { ...home.domain.chance, now } };
    const findings: Finding[] = [];
    for await (const { finding } of audit(young, home.evidence, { fix: true })) if (finding) findings.push(finding);
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'stale', healed: false, failure: 'it changed only now' }),
    ]);
    expect(await home.recorded()).toHaveLength(1);
  });

  test('an operation that has not ended is told once, and nothing is touched', async () => {
    const { home, other } = await twoRegions();
    const { stackId } = await other.engine.deploy('shop', other.template({ Ref: 'a', Many: ['b', 'c'] }));
    await tell(other, home);
    await other.engine.deleteStack('shop', { faults: [LOST] });
    expect(other.engine.stack('shop')?.status).toBe('DELETE_FAILED');
    expect(await home.audit()).toEqual([expect.objectContaining({ kind: 'unsettled', stackId })]);
    expect(await home.recorded()).toHaveLength(3);
  });

  test('what was told again since it was read stays', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    const [key] = await tell(other, home);
    await deletedByForce(other, 'shop');
    if (key === undefined) throw new Error('nothing was told');
    // The first look remembers; the second is the one that decides, after the record was read.
    let asked = 0;
    other.asked = async (action) => {
      asked += action === 'ListStackResources' ? 1 : 0;
      if (action !== 'ListStackResources' || asked !== 2) return;
      const record = await readBindingRecord(home.store, key);
      if (record === undefined) throw new Error('it is gone already');
      const issued = '2026-06-01T00:00:00.000Z';
      await home.store.replace(key, recordContent({ ...record.value, issued }), record.revision);
    };
    expect(await home.audit()).toEqual([
      expect.objectContaining({ kind: 'stale', healed: false, failure: 'it was changed in the meantime' }),
    ]);
    expect(asked).toBe(2);
    expect(await home.recorded()).toHaveLength(1);
  });

  test('what published versions there go on reading is not kept here', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }, { pinned: true }));
    await tell(other, home);
    await deletedByForce(other, 'shop');
    expect(kindsOf(await home.audit())).toEqual(['stale, healed']);
    expect((await home.keys('references/')).filter((key) => key.includes('/named/'))).toEqual([]);
  });

  test('one stack is asked about once, however much it uses', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a', Second: 'b', Many: ['b', 'c'] }));
    await tell(other, home);
    const asked: string[] = [];
    other.asked = async (action) => asked.push(action);
    expect(await home.audit()).toEqual([]);
    expect(asked.filter((action) => action === 'ListStackResources')).toHaveLength(1);
  });

  test('a region that does not answer is asked once, and its records stay', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('one', other.template({ Ref: 'a' }));
    await other.engine.deploy('two', other.template({ Ref: 'b' }));
    await tell(other, home);
    const asked: string[] = [];
    other.asked = async (action) => {
      asked.push(action);
      throw Object.assign(new Error('no host'), { code: 'ENOTFOUND' });
    };
    const why = `AWS in ${ELSEWHERE} could not be asked (no host)`;
    const unknown = expect.objectContaining({ kind: 'unknown', why, healed: false });
    expect(await home.audit()).toEqual([unknown, unknown]);
    expect(asked).toHaveLength(1);
    expect(await home.recorded()).toHaveLength(2);
    // It answers again.
    other.asked = async () => undefined;
    const fresh = await started({ elsewhere: new Map([[ELSEWHERE, other]]) });
    await tell(other, fresh);
    expect(await fresh.audit()).toEqual([]);
  });

  test('a region that nobody can ask is unknown, and its records stay', async () => {
    const other = await started({ region: ELSEWHERE });
    const home = await started();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    await tell(other, home);
    await deletedByForce(other, 'shop');
    expect(kindsOf(await home.audit())).toEqual(['unknown']);
    expect(await home.recorded()).toHaveLength(1);
  });

  test('a verification misses no entry of it', async () => {
    const { home, other } = await twoRegions();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    await tell(other, home);
    await home.engine.deploy('own', home.template({ Ref: 'b' }));
    const own = await home.keys('consumers/');
    await home.lose(...own);
    const findings: unknown[] = [];
    for await (const { finding } of verify(home.later(home.domain), { fix: false, deep: false }))
      if (finding) findings.push(finding);
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'unpaired', key: expect.stringContaining(sha256('b')) }),
    ]);
  });
});

describe('of another account', () => {
  async function sharedWith(...whom: readonly string[]): Promise<{ readonly home: Audited; readonly other: Audited }> {
    const other = await started({ region: ELSEWHERE, account: OTHER });
    const home = await started();
    await other.engine.deploy('shop', other.template({ Ref: 'a' }));
    await tell(other, home);
    // There its stack is gone; that can't be known here.
    await deletedByForce(other, 'shop');
    if (whom.length > 0) await share(home, whom);
    return { home, other };
  }

  async function share(home: Audited, whom: readonly string[]): Promise<void> {
    for (const [index, one] of whom.entries()) {
      const share = { id: `abcdefg${index}`, pattern: '**', with: one, right: 'read' } as const;
      await addShare(home.domain, { repository: 'default', ...share });
    }
  }

  test.each([
    ['the account', OTHER],
    ['a unit that may have it', 'o-a1b2c3d4e5/ou-ab12-cdefghij'],
    ['an organization that may have it', 'o-a1b2c3d4e5'],
  ])('stays while something is shared with %s', async (_, whom) => {
    const { home } = await sharedWith('333344445555', whom);
    expect(await home.audit()).toEqual([]);
    expect(await home.recorded()).toHaveLength(1);
    expect(await home.keys('consumers/')).toEqual([]);
  });

  test('goes when nothing is shared with it', async () => {
    const { home } = await sharedWith('333344445555');
    const why = `nothing is shared with account ${OTHER} any more`;
    const stale = { kind: 'stale', logicalId: 'Ref', digest: sha256('a'), why };
    expect(await home.audit({ fix: false })).toEqual([expect.objectContaining({ ...stale, healed: false })]);
    expect(await home.recorded()).toHaveLength(1);
    expect(await home.audit()).toEqual([expect.objectContaining({ ...stale, healed: true })]);
    expect(await home.recorded()).toEqual([]);
  });

  describe('what it has written need be no record', () => {
    const below = `references/${sha256('a')}/stack/${OTHER}`;
    const named = `${below}/${ELSEWHERE}/shop/0b1c2d3e-0000-4000-8000-000000000000/Api/g`;
    const content = { garbage: contentOf('no record'), format: recordContent({ format: 99, uses: 1 }) };

    test.each([
      ['what is no record', named, content.garbage],
      ['a record of another format', named, content.format],
      ['a key that is too short', `${below}/x`, content.garbage],
      ['a key that is too long', `${named}/more`, content.garbage],
      ['an account’s number and nothing else', below, content.garbage],
    ])('%s goes when nothing is shared with it, and not before', async (_, text, written) => {
      const home = await started();
      const key = objectKey(text);
      await home.store.create(key, written);
      await share(home, ['333344445555', OTHER]);
      expect(await home.audit()).toEqual([]);
      await removeShare(home.domain, 'abcdefg1');
      const why = `nothing is shared with account ${OTHER} any more`;
      const stale = { kind: 'stale', digest: sha256('a'), why };
      expect(await home.audit({ fix: false })).toEqual([expect.objectContaining({ ...stale, healed: false })]);
      expect(await home.store.head(key)).toBeDefined();
      expect(await home.audit()).toEqual([expect.objectContaining({ ...stale, healed: true })]);
      expect(await home.store.head(key)).toBeUndefined();
      expect(await home.audit()).toEqual([]);
    });

    test('written again at that moment, it stays', async () => {
      const home = await started();
      const key = objectKey(`${below}/x`);
      await home.store.create(key, content.garbage);
      const domain = home.later(home.domain);
      const store: ObjectStore = {
        ...domain.store,
        async head(of) {
          const head = await domain.store.head(of);
          if (of === key && head !== undefined) await domain.store.replace(key, content.format, head.revision);
          return head;
        },
      };
      const findings: Finding[] = [];
      for await (const { finding } of audit({ ...domain, store }, home.evidence, { fix: true }))
        if (finding) findings.push(finding);
      expect(findings).toEqual([
        expect.objectContaining({ kind: 'stale', key, healed: false, failure: 'it was changed in the meantime' }),
      ]);
      expect(await home.store.head(key)).toBeDefined();
    });
  });

  test('stays for a day after the last change of what is shared', async () => {
    const { home } = await sharedWith('333344445555');
    const soon = (await home.store.head(settingsKey('default')))?.modified ?? new Date(0);
    const later = home.later(home.domain);
    const at = (hours: number) => ({
      ...later,
      chance: { ...later.chance, now: () => new Date(soon.getTime() + hours * 60 * 60 * 1000) },
    });
    const findings: Finding[] = [];
    for await (const { finding } of audit(at(23), home.evidence, { fix: true })) if (finding) findings.push(finding);
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'stale', healed: false, failure: 'it changed only now' }),
    ]);
    expect(await home.recorded()).toHaveLength(1);
  });

  test('stays where it is not known what is shared, which is told once', async () => {
    const { home, other } = await sharedWith();
    await other.engine.deploy('more', other.template({ Ref: 'b' }));
    await tell(other, home);
    await home.store.create(settingsKey('team'), recordContent({ format: 99, nonce: 'n', lifecycle: [] }));
    const before = await home.recorded();
    const why = expect.stringContaining('with which accounts the domain is shared is not known');
    expect(await home.audit()).toEqual([expect.objectContaining({ kind: 'unknown', why, healed: false })]);
    expect(await home.recorded()).toEqual(before);
  });

  test('a resumed audit comes to the same', async () => {
    const { home, other } = await sharedWith('333344445555');
    await other.engine.deploy('more', other.template({ Ref: 'b' }));
    await tell(other, home);
    let after: string | undefined;
    const findings: Finding[] = [];
    for (let turn = 0; turn < 50; turn++) {
      const steps = audit(home.later(home.domain), home.evidence, { fix: true, ...(after !== undefined && { after }) });
      const step = await steps.next();
      await steps.return(undefined);
      if (step.done === true) break;
      ({ after } = step.value);
      if (step.value.finding !== undefined) findings.push(step.value.finding);
    }
    expect(kindsOf(findings)).toContain('stale, healed');
    expect(await home.recorded()).toEqual([]);
  });
});
