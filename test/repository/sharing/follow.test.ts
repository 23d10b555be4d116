import { describe, expect, test } from '@jest/globals';
import type { Domain } from '../../../repository/domain.ts';
import {
  follow,
  followed,
  noteResourceShare,
  readResourceShares,
  recordFollowed,
  saysWhatIsShared,
  standingOf,
} from '../../../repository/sharing/follow.ts';
import type { Sharing } from '../../../repository/sharing/records.ts';
import { addShare, readSharing } from '../../../repository/sharing/records.ts';
import type { ToldPrincipal, ToldResourceShare } from '../../../repository/sharing/resource-share.ts';
import { principalOf, resourceSharesIn, sealOf } from '../../../repository/sharing/resource-share.ts';
import type { Right } from '../../../repository/sharing/share.ts';
import type { KeeperPermission } from '../../../repository/sharing/statements.ts';
import { bucketStatements } from '../../../repository/sharing/statements.ts';
import type { PolicyText } from '../../../repository/sharing/target.ts';
import { InvalidPrincipal } from '../../../repository/sharing/target.ts';
import type { DomainPolicies, KeeperPolicy } from '../../../repository/sharing/targets.ts';
import { otherTargets } from '../../../repository/sharing/targets.ts';
import { testDomain } from '../../support/domain.ts';
import { knowEveryError } from '../../support/realm.ts';

/** What follows a resource share of AWS RAM, whoever else is at it, and whenever it dies. */

knowEveryError();

const GUEST = '444455556666';
const OTHER = '777788889999';
const ABSENT = '000000000001';
const ARN = 'arn:aws:ram:us-east-1:111122223333:resource-share/0a1b';
const SHOP = { repository: 'default', pattern: 'shop/**', right: 'read' as Right };
const FOREIGN = { Sid: 'Marketing', Effect: 'Allow', Principal: '*', Action: 's3:GetBucketLocation', Resource: '*' };

/** A policy as S3 and KMS keep it: whoever writes last has written. */
class Policy implements PolicyText {
  text: string | undefined = JSON.stringify({ Version: '2012-10-17', Statement: [FOREIGN] });
  reads = 0;
  /** Done before a reading is answered. */
  meanwhile: (reading: number) => Promise<void> = async () => undefined;
  written: (() => Promise<void>) | undefined;

  readonly read = async (): Promise<string | undefined> => {
    await this.meanwhile(++this.reads);
    return this.text;
  };

  /** Accounts that AWS does not know. */
  absent: readonly string[] = [];
  /** Whether AWS says which. */
  isTold = true;

  readonly write = async (text: string): Promise<void> => {
    const absent = this.absent.find((account) => text.includes(account));
    if (absent !== undefined)
      throw new InvalidPrincipal(`Invalid principal in policy${this.isTold ? `: ${absent}` : ''}`, undefined);
    this.text = text;
    await this.written?.();
  };

  /** As `share sync` leaves it. */
  say(domain: Domain, { shares }: Sharing): void {
    this.text = JSON.stringify({ Version: '2012-10-17', Statement: [FOREIGN, ...bucketStatements(domain, shares)] });
  }

  add(sid: string): void {
    const policy = JSON.parse(this.text ?? '') as { readonly Statement: readonly object[] };
    this.text = JSON.stringify({ ...policy, Statement: [...policy.Statement, { ...FOREIGN, Sid: sid }] });
  }

  get statements(): readonly { readonly Sid: string; readonly Action: string }[] {
    const { Statement: all } = JSON.parse(this.text ?? '') as { readonly Statement: Policy['statements'] };
    return all;
  }

  get sids(): readonly string[] {
    return this.statements.map(({ Sid }) => Sid).filter((sid) => !sid.startsWith('Share'));
  }
}

/** A keeper's alias, and the key if there is one. */
class Policies implements DomainPolicies {
  readonly bucket = new Policy();
  readonly permissions: Set<string> = new Set(['Marketing']);
  readonly keys: Map<string, Policy> = new Map();
  keyArn: string | undefined;

  readonly key = async (): Promise<string | undefined> => this.keyArn;

  readonly ofKey = (key: string): Policy => {
    const policy = this.keys.get(key) ?? new Policy();
    this.keys.set(key, policy);
    return policy;
  };

  readonly keeper: KeeperPolicy = {
    read: async () => JSON.stringify({ Statement: [...this.permissions].map((Sid) => ({ Sid })) }),
    add: async ({ StatementId }: KeeperPermission) => void this.permissions.add(StatementId),
    remove: async (sid) => void this.permissions.delete(sid),
  };
}

type Told = (...all: readonly ToldPrincipal[]) => void;

async function shared(...principals: readonly ToldPrincipal[]): Promise<Offered> {
  return offered('read', ...principals);
}

interface Offered {
  readonly domain: Domain;
  readonly policies: Policies;
  readonly policy: Policy;
  readonly told: () => ToldResourceShare;
  readonly tell: Told;
  readonly ask: () => Promise<readonly ToldResourceShare[]>;
}

async function offered(right: Right, ...principals: readonly ToldPrincipal[]): Promise<Offered> {
  const domain = await testDomain();
  const artifacts = { ...SHOP, right };
  await noteResourceShare(domain, { ...artifacts, arn: ARN });
  let one = { arn: ARN, name: 'shop', seal: sealOf(domain.bucket, artifacts), principals };
  const policies = new Policies();
  return {
    ...{ domain, policies, policy: policies.bucket, told: () => one, ask: async () => [one] },
    tell: (...all) => (one = { ...one, principals: all }),
  };
}

const has = (principal: string): ToldPrincipal => ({ principal, state: 'associated' });
const waits = (principal: string): ToldPrincipal => ({ principal, state: 'waiting' });

async function recipients(domain: Domain): Promise<readonly string[]> {
  return (await readSharing(domain.store)).shares.map((share) => share.with);
}

async function assertSaid(domain: Domain, policy: Policy): Promise<void> {
  expect(saysWhatIsShared(domain, policy.text, await readSharing(domain.store))).toBe(true);
}

describe('following', () => {
  test('who is associated enters, who waits does not, who goes leaves, and what others wrote stays', async () => {
    const { domain, policies, policy, ask, tell } = await shared(has(GUEST), waits(OTHER));
    expect(await follow(domain, ask, policies)).toEqual({ came: 1, went: 0 });
    expect(await recipients(domain)).toEqual([GUEST]);
    await assertSaid(domain, policy);
    tell(has(OTHER));
    expect(await follow(domain, ask, policies)).toEqual({ came: 1, went: 1 });
    expect(await recipients(domain)).toEqual([OTHER]);
    expect(await follow(domain, ask, policies)).toEqual({ came: 0, went: 0 });
    expect(await follow(domain, async () => [], policies)).toEqual({ came: 0, went: 1 });
    expect(await recipients(domain)).toEqual([]);
    expect(policy.sids).toEqual(['Marketing']);
    await assertSaid(domain, policy);
  });

  test('goes on where one died between the policy and the records', async () => {
    const { domain, policies, policy, ask } = await shared(has(GUEST));
    policy.written = async () => {
      throw new Error('died');
    };
    await expect(follow(domain, ask, policies)).rejects.toThrow('died');
    expect(await recipients(domain)).toEqual([]);
    policy.written = undefined;
    await follow(domain, ask, policies);
    expect(await recipients(domain)).toEqual([GUEST]);
    await assertSaid(domain, policy);
  });

  test.each([1, 2, 3, 4, 5, 6])('what somebody else writes before reading %s is not lost', async (when) => {
    const { domain, policies, policy, ask } = await shared(has(GUEST));
    policy.meanwhile = async (reading) => {
      if (reading === when) policy.add('Sales');
    };
    await follow(domain, ask, policies);
    expect(policy.sids).toEqual(['Marketing', 'Sales']);
    expect(await recipients(domain)).toEqual([GUEST]);
    await assertSaid(domain, policy);
  });

  test('where it is changed again and again, it says so, and is done the next time', async () => {
    const { domain, policies, policy, ask } = await shared(has(GUEST));
    policy.meanwhile = async (reading) => {
      policy.add(`Sales${reading}`);
    };
    await expect(follow(domain, ask, policies)).rejects.toMatchObject({ code: 'CONTENTION' });
    policy.meanwhile = async () => undefined;
    expect(await follow(domain, ask, policies)).toEqual({ came: 1, went: 0 });
  });

  test('writes nothing where the policy is not what the records say', async () => {
    const { domain, policies, policy, ask } = await shared(has(GUEST));
    const share = { id: 'aaaaaaaa', repository: 'default', pattern: '**', with: OTHER, right: 'read' } as const;
    await addShare(domain, share);
    policy.say(domain, await readSharing(domain.store));
    // More than the policy lets them.
    await addShare(domain, { ...share, right: 'promote' });
    const before = policy.text;
    await expect(follow(domain, ask, policies)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      remedy: 'Run: cfn-artifacts share sync',
    });
    expect([policy.text, await recipients(domain)]).toEqual([before, [OTHER]]);
  });

  test('an account that was left out of the policy is in nobody else’s way, and stays out', async () => {
    const { domain, policies, policy, ask, tell } = await shared(has(GUEST));
    await addShare(domain, { id: 'aaaaaaaa', ...SHOP, with: ABSENT, right: 'promote' });
    expect(await follow(domain, ask, policies)).toEqual({ came: 1, went: 0 });
    expect((await recipients(domain)).toSorted()).toEqual([ABSENT, GUEST]);
    expect([policy.text?.includes(GUEST), policy.text?.includes(ABSENT)]).toEqual([true, false]);
    tell(has(OTHER));
    expect(await follow(domain, ask, policies)).toEqual({ came: 1, went: 1 });
    expect([policy.text?.includes(GUEST), policy.text?.includes(OTHER)]).toEqual([false, true]);
    tell();
    expect(await follow(domain, ask, policies)).toEqual({ came: 0, went: 1 });
    expect(policy.text).not.toMatch(/Share/);
    expect(await recipients(domain)).toEqual([ABSENT]);
  });

  test('an organization that the policy does not name was left out by nobody', async () => {
    const { domain, policies, ask } = await shared(has(GUEST));
    await addShare(domain, { id: 'aaaaaaaa', ...SHOP, with: 'o-a1b2c3d4e5' });
    await expect(follow(domain, ask, policies)).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
  });

  test('two at once come to the same', async () => {
    const { domain, policies, policy, ask } = await shared(has(GUEST), has(OTHER));
    await Promise.all([follow(domain, ask, policies), follow(domain, ask, policies)]);
    expect((await recipients(domain)).toSorted()).toEqual([GUEST, OTHER]);
    await assertSaid(domain, policy);
  });
});

describe('the key and the keeper follow the bucket', () => {
  const KEY = 'arn:aws:kms:us-east-1:111122223333:key/0a1b';
  const byHand = { id: 'aaaaaaaa', repository: 'default', pattern: 'web/**', with: OTHER, right: 'publish' } as const;
  const own = ({ account }: Domain, key = KEY): string => key.replace('111122223333', account);

  /** What others may do with the key, and who may ask the keeper. */
  const allowed = (policies: Policies): readonly string[] =>
    [
      ...[...policies.keys.values()].flatMap(({ statements }) =>
        statements.filter(({ Sid }) => Sid !== FOREIGN.Sid).map(({ Action }) => Action),
      ),
      ...policies.permissions,
    ].toSorted();

  test('for who comes and who goes, and what others wrote stays', async () => {
    const { domain, policies, ask, tell } = await offered('publish', has(GUEST));
    policies.keyArn = own(domain);
    await follow(domain, ask, policies);
    expect(allowed(policies)).toEqual(['Marketing', `Share${GUEST}`, 'kms:Decrypt', 'kms:GenerateDataKey']);
    expect(policies.ofKey(own(domain)).text).toContain(GUEST);
    tell(has(OTHER));
    await follow(domain, ask, policies);
    expect(allowed(policies)).toEqual(['Marketing', `Share${OTHER}`, 'kms:Decrypt', 'kms:GenerateDataKey']);
    expect(policies.ofKey(own(domain)).text).not.toContain(GUEST);
    tell();
    await follow(domain, ask, policies);
    expect(allowed(policies)).toEqual(['Marketing']);
    expect(policies.ofKey(own(domain)).sids).toEqual([FOREIGN.Sid]);
  });

  test('who only reads may ask nobody, and where there is no key, none is asked for', async () => {
    const { domain, policies, ask } = await shared(has(GUEST));
    await follow(domain, ask, policies);
    expect(allowed(policies)).toEqual(['Marketing']);
    expect(policies.keys.size).toBe(0);
  });

  test('a key of another account is left to that', async () => {
    const { domain, policies, ask } = await shared(has(GUEST));
    policies.keyArn = KEY.replace('111122223333', OTHER);
    await follow(domain, ask, policies);
    await assertSaid(domain, policies.bucket);
    expect(policies.keys.size).toBe(0);
  });

  test('where one dies before them, the next goes on, whatever RAM says then', async () => {
    const { domain, policies, ask, tell } = await offered('publish', has(GUEST));
    policies.keyArn = own(domain);
    const key = policies.ofKey(own(domain));
    key.meanwhile = async () => {
      throw new Error('died');
    };
    await expect(follow(domain, ask, policies)).rejects.toThrow('died');
    expect(await recipients(domain)).toEqual([GUEST]);
    tell(has(OTHER));
    // Who is taken away is shut out of the bucket, as long as the key may be.
    await expect(follow(domain, ask, policies)).rejects.toThrow('died');
    expect([policies.bucket.text?.includes(GUEST), policies.bucket.text?.includes(OTHER)]).toEqual([false, true]);
    expect([...policies.permissions]).toEqual(['Marketing', `Share${OTHER}`]);
    key.meanwhile = async () => undefined;
    await follow(domain, ask, policies);
    expect([key.text?.includes(GUEST), key.text?.includes(OTHER)]).toEqual([false, true]);
    expect(allowed(policies)).toEqual(['Marketing', `Share${OTHER}`, 'kms:Decrypt', 'kms:GenerateDataKey']);
  });

  test('what somebody else writes into the key’s policy meanwhile is not lost', async () => {
    const { domain, policies, ask } = await shared(has(GUEST));
    policies.keyArn = own(domain);
    const key = policies.ofKey(own(domain));
    key.meanwhile = async (reading) => {
      if (reading === 2) key.add('Sales');
    };
    await follow(domain, ask, policies);
    expect(key.sids).toEqual([FOREIGN.Sid, 'Sales']);
    expect(key.text).toContain(GUEST);
  });

  test('nobody gets anything whom RAM does not name, though the bucket’s policy names them', async () => {
    const { domain, policies, ask, tell } = await offered('read', has(GUEST));
    policies.keyArn = own(domain);
    await addShare(domain, byHand);
    policies.bucket.say(domain, await readSharing(domain.store));
    await expect(follow(domain, ask, policies)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(/^the policy of the (?:key|function) .* not changed to follow that$/),
      remedy: 'Run: cfn-artifacts share sync',
    });
    expect(allowed(policies)).toEqual(['Marketing']);
    expect((await recipients(domain)).toSorted()).toEqual([GUEST, OTHER]);

    // As 'share sync' leaves them.
    const all = await readSharing(domain.store);
    for (const target of (await otherTargets(domain, policies)).targets) await (await target.plan(all))?.apply();
    tell();
    await follow(domain, ask, policies);
    expect(allowed(policies)).toEqual(['Marketing', `Share${OTHER}`, 'kms:Decrypt', 'kms:GenerateDataKey']);
    const key = policies.ofKey(own(domain));
    expect(key.text).not.toContain(GUEST);

    // Who is there already is no hindrance for who comes.
    tell(has(GUEST), has('arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5'));
    await follow(domain, ask, policies);
    expect([GUEST, OTHER, 'o-a1b2c3d4e5'].filter((one) => key.text?.includes(one) === false)).toEqual([]);
    const decrypting = key.statements.filter(({ Action }) => Action === 'kms:Decrypt');
    expect(decrypting).toHaveLength(2);
  });

  test('nor whom only the records say that RAM names', async () => {
    const { domain, policies, told } = await offered('read', has(GUEST));
    policies.keyArn = own(domain);
    await addShare(domain, { ...byHand, ...SHOP, ram: ARN });
    policies.bucket.say(domain, await readSharing(domain.store));
    // Tagged as something else, it is not followed: who has a share by it keeps that.
    const ask = async (): Promise<readonly ToldResourceShare[]> => [{ ...told(), seal: 'another' }];
    await expect(follow(domain, ask, policies)).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
    expect(allowed(policies)).toEqual(['Marketing']);
  });
});

describe('who goes, goes', () => {
  test('though there is no room for who comes', async () => {
    const { domain, policies, policy, ask, tell } = await shared(has(GUEST), has(OTHER));
    await follow(domain, ask, policies);
    const many = Array.from({ length: 400 }, (_, index) => has(String(100_000_000_000 + index)));
    for (const gone of [GUEST, OTHER]) {
      tell(...(gone === GUEST ? [has(OTHER)] : []), ...many);
      await expect(follow(domain, ask, policies)).rejects.toMatchObject({
        message: expect.stringContaining('AWS takes 20,480'),
      });
      expect(policy.text).not.toContain(gone);
      expect(await recipients(domain)).not.toContain(gone);
      await assertSaid(domain, policy);
    }
  });

  test.each([true, false])('though AWS does not know who comes, and says who that is: %s', async (isTold) => {
    const { domain, policies, policy, ask, tell } = await shared(has(GUEST));
    await follow(domain, ask, policies);
    Object.assign(policy, { absent: [ABSENT], isTold });
    tell(has(ABSENT), has(OTHER));
    const refusal = { code: 'INVALID_CONFIGURATION', message: expect.stringContaining(`'${ABSENT}'`) };
    await expect(follow(domain, ask, policies)).rejects.toMatchObject(refusal);
    expect(await recipients(domain)).toEqual([OTHER]);
    await assertSaid(domain, policy);
    await expect(follow(domain, ask, policies)).rejects.toMatchObject(refusal);
    policy.absent = [];
    expect(await follow(domain, ask, policies)).toEqual({ came: 1, went: 0 });
    expect((await recipients(domain)).toSorted()).toEqual([ABSENT, OTHER]);
  });

  test('where an account is closed that the policy names already, it stays as it is, and people are told', async () => {
    const { domain, policies, policy, ask, tell } = await shared(has(GUEST), has(ABSENT));
    await follow(domain, ask, policies);
    Object.assign(policy, { absent: [ABSENT], isTold: false });
    tell(has(GUEST), has(ABSENT), has(OTHER));
    const before = policy.text;
    await expect(follow(domain, ask, policies)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      remedy: expect.stringContaining('share sync'),
    });
    expect(policy.text).toBe(before);
    expect((await recipients(domain)).toSorted()).toEqual([ABSENT, GUEST]);
  });
});

describe('what does not enter', () => {
  test.each([
    ['the domain’s own account', '123456789012'],
    ['a role', `arn:aws:iam::${GUEST}:role/developer`],
    ['a service', 'ec2.amazonaws.com'],
  ])('%s', async (_, principal) => {
    const { domain, told } = await shared();
    const own = { ...domain, account: '123456789012' };
    const all = [{ ...told(), principals: [has(principal)] }];
    const noted = await readResourceShares(domain.store);
    expect(followed(own, await readSharing(domain.store), noted, all).shares).toEqual([]);
  });

  test('whoever would publish where somebody else does', async () => {
    const domain = await testDomain();
    await addShare(domain, { id: 'aaaaaaaa', ...SHOP, pattern: 'shop/api', right: 'publish', with: OTHER });
    const wanted = { ...SHOP, right: 'publish' as Right };
    await noteResourceShare(domain, { ...wanted, arn: ARN });
    const told = [{ arn: ARN, name: 'shop', seal: sealOf(domain.bucket, wanted), principals: [has(GUEST)] }];
    await recordFollowed(domain, told);
    expect(await recipients(domain)).toEqual([OTHER]);
    const noted = await readResourceShares(domain.store);
    const standing = standingOf(domain, await readSharing(domain.store), noted, told);
    expect(standing.map(({ with: whom, state }) => [whom, state])).toEqual([[GUEST, 'new']]);
  });

  test.each<readonly [string, (bucket: string) => string | undefined]>([
    ['without a seal', () => undefined],
    ['of another domain', () => sealOf('another', SHOP)],
    ['of a wider pattern', (bucket) => sealOf(bucket, { ...SHOP, pattern: '**' })],
    ['of more rights', (bucket) => sealOf(bucket, { ...SHOP, right: 'promote' })],
  ])('a resource share %s: who has a share keeps it, and nobody else gets one', async (_, seal) => {
    const { domain, told } = await shared(has(GUEST));
    await recordFollowed(domain, [told()]);
    const changed = { arn: ARN, name: 'shop', principals: [has(OTHER)] };
    const value = seal(domain.bucket);
    await recordFollowed(domain, [value === undefined ? changed : { ...changed, seal: value }]);
    expect(await recipients(domain)).toEqual([GUEST]);
  });
});

describe('what is read', () => {
  test('a record with something else is none of ours', () => {
    const right = { arn: ARN, pattern: 'shop/**', right: 'read' };
    expect(resourceSharesIn([right])).toEqual([right]);
    for (const wrong of [{ ...right, arn: 'arn' }, { ...right, pattern: 'a/*' }, { ...right, right: 'all' }, null, 'x'])
      expect(resourceSharesIn([wrong])).toBeUndefined();
    expect(resourceSharesIn({})).toBeUndefined();
  });

  test.each([
    [GUEST, GUEST],
    [
      'arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5',
      'arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5',
    ],
    ['o-a1b2c3d4e5', undefined],
    ['o-a1b2c3d4e5/r-ab12/ou-ab12-11112222', undefined],
  ])('RAM finds %s as %s', (given, principal) => {
    expect(principalOf(given)).toBe(principal);
  });
});
