import { describe, expect, test } from '@jest/globals';
import type { Domain } from '../../../repository/domain.ts';
import type { BucketPolicy } from '../../../repository/sharing/follow.ts';
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
import { bucketStatements } from '../../../repository/sharing/statements.ts';
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

/** A bucket's policy, as S3 keeps it: whoever writes last has written. */
class Policy implements BucketPolicy {
  text: string | undefined = JSON.stringify({ Version: '2012-10-17', Statement: [FOREIGN] });
  reads = 0;
  /** Done before a reading is answered. */
  meanwhile: (reading: number) => Promise<void> = async () => undefined;
  written: (() => Promise<void>) | undefined;

  readonly read = async (): Promise<string | undefined> => {
    await this.meanwhile(++this.reads);
    return this.text;
  };

  readonly write = async (text: string): Promise<void> => {
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

  get sids(): readonly string[] {
    const { Statement: all } = JSON.parse(this.text ?? '') as {
      readonly Statement: readonly { readonly Sid: string }[];
    };
    return all.map(({ Sid }) => Sid).filter((sid) => !sid.startsWith('Share'));
  }
}

async function shared(...principals: readonly ToldPrincipal[]): Promise<{
  readonly domain: Domain;
  readonly policy: Policy;
  readonly told: () => ToldResourceShare;
  readonly tell: (...all: readonly ToldPrincipal[]) => void;
  readonly ask: () => Promise<readonly ToldResourceShare[]>;
}> {
  const domain = await testDomain();
  await noteResourceShare(domain, { ...SHOP, arn: ARN });
  let one = { arn: ARN, name: 'shop', seal: sealOf(domain.bucket, SHOP), principals };
  return {
    ...{ domain, policy: new Policy(), told: () => one, ask: async () => [one] },
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
    const { domain, policy, ask, tell } = await shared(has(GUEST), waits(OTHER));
    expect(await follow(domain, ask, policy)).toEqual({ came: 1, went: 0 });
    expect(await recipients(domain)).toEqual([GUEST]);
    await assertSaid(domain, policy);
    tell(has(OTHER));
    expect(await follow(domain, ask, policy)).toEqual({ came: 1, went: 1 });
    expect(await recipients(domain)).toEqual([OTHER]);
    expect(await follow(domain, ask, policy)).toEqual({ came: 0, went: 0 });
    expect(await follow(domain, async () => [], policy)).toEqual({ came: 0, went: 1 });
    expect(await recipients(domain)).toEqual([]);
    expect(policy.sids).toEqual(['Marketing']);
    await assertSaid(domain, policy);
  });

  test('goes on where one died between the policy and the records', async () => {
    const { domain, policy, ask } = await shared(has(GUEST));
    policy.written = async () => {
      throw new Error('died');
    };
    await expect(follow(domain, ask, policy)).rejects.toThrow('died');
    expect(await recipients(domain)).toEqual([]);
    policy.written = undefined;
    await follow(domain, ask, policy);
    expect(await recipients(domain)).toEqual([GUEST]);
    await assertSaid(domain, policy);
  });

  test('what somebody else writes into the policy meanwhile is not lost', async () => {
    const { domain, policy, ask } = await shared(has(GUEST));
    policy.meanwhile = async (reading) => {
      if (reading === 2) policy.add('Sales');
    };
    await follow(domain, ask, policy);
    expect(policy.sids).toEqual(['Marketing', 'Sales']);
    expect(await recipients(domain)).toEqual([GUEST]);
    await assertSaid(domain, policy);
  });

  test('where it is changed again and again, it says so, and is done the next time', async () => {
    const { domain, policy, ask } = await shared(has(GUEST));
    policy.meanwhile = async (reading) => {
      policy.add(`Sales${reading}`);
    };
    await expect(follow(domain, ask, policy)).rejects.toMatchObject({ code: 'CONTENTION' });
    policy.meanwhile = async () => undefined;
    expect(await follow(domain, ask, policy)).toEqual({ came: 1, went: 0 });
  });

  test('writes nothing where the policy is not what the records say', async () => {
    const { domain, policy, ask } = await shared(has(GUEST));
    const share = { id: 'aaaaaaaa', repository: 'default', pattern: '**', with: OTHER, right: 'read' } as const;
    await addShare(domain, share);
    policy.say(domain, await readSharing(domain.store));
    // More than the policy lets them.
    await addShare(domain, { ...share, right: 'promote' });
    const before = policy.text;
    await expect(follow(domain, ask, policy)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      remedy: 'Run: cfn-artifacts share sync',
    });
    expect([policy.text, await recipients(domain)]).toEqual([before, [OTHER]]);
  });

  test('an account that was left out of the policy is in nobody else’s way, and stays out', async () => {
    const { domain, policy, ask, tell } = await shared(has(GUEST));
    await addShare(domain, { id: 'aaaaaaaa', ...SHOP, with: ABSENT, right: 'promote' });
    expect(await follow(domain, ask, policy)).toEqual({ came: 1, went: 0 });
    expect((await recipients(domain)).toSorted()).toEqual([ABSENT, GUEST]);
    expect([policy.text?.includes(GUEST), policy.text?.includes(ABSENT)]).toEqual([true, false]);
    tell(has(OTHER));
    expect(await follow(domain, ask, policy)).toEqual({ came: 1, went: 1 });
    expect([policy.text?.includes(GUEST), policy.text?.includes(OTHER)]).toEqual([false, true]);
    tell();
    expect(await follow(domain, ask, policy)).toEqual({ came: 0, went: 1 });
    expect(policy.text).not.toMatch(/Share/);
    expect(await recipients(domain)).toEqual([ABSENT]);
  });

  test('an organization that the policy does not name was left out by nobody', async () => {
    const { domain, policy, ask } = await shared(has(GUEST));
    await addShare(domain, { id: 'aaaaaaaa', ...SHOP, with: 'o-a1b2c3d4e5' });
    await expect(follow(domain, ask, policy)).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
  });

  test('two at once come to the same', async () => {
    const { domain, policy, ask } = await shared(has(GUEST), has(OTHER));
    await Promise.all([follow(domain, ask, policy), follow(domain, ask, policy)]);
    expect((await recipients(domain)).toSorted()).toEqual([GUEST, OTHER]);
    await assertSaid(domain, policy);
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
