import { describe, expect, test } from '@jest/globals';
import { applySharing, differenceOf, planAll } from '../../../repository/sharing/apply.ts';
import type { Target } from '../../../repository/sharing/target.ts';
import { InvalidPrincipal, wholePolicyTarget } from '../../../repository/sharing/target.ts';
import type { Sharing } from '../../../repository/sharing/records.ts';
import type { RepositoryShare } from '../../../repository/sharing/share.ts';
import { bucketStatements, demandStatements, isOwnSid } from '../../../repository/sharing/statements.ts';

const PLACE = { partition: 'aws', region: 'us-east-1', account: '111122223333', bucket: 'domain' };
const FOREIGN = {
  Sid: 'Marketing',
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::domain/x',
};

const share = (account: string, pattern = '**'): RepositoryShare => ({
  ...{ id: account.slice(-8), repository: 'default', pattern, with: account, right: 'read' },
});

/** A policy that is read and written whole, as S3 keeps it; somebody else may write too. */
class Kept {
  text: string | undefined = JSON.stringify({ Version: '2012-10-17', Statement: [FOREIGN] });
  readonly absent: Set<string> = new Set();
  writes = 0;
  /** Before each writing, and after it. */
  meanwhile: ((written: 'before' | 'after') => void) | undefined;
  readonly target: Target;

  constructor(limit = 20_480) {
    this.target = wholePolicyTarget({
      ...{ what: 'the bucket', limit, isOwn: isOwnSid },
      wanted: ({ shares, demands }) => [...bucketStatements(PLACE, shares), ...demandStatements(PLACE, demands)],
      read: async () => this.text,
      write: async (text) => {
        const absent = [...this.absent].find((account) => text.includes(account));
        if (absent !== undefined) throw new InvalidPrincipal('Invalid principal in policy', undefined);
        this.meanwhile?.('before');
        this.text = text;
        this.writes += 1;
        this.meanwhile?.('after');
      },
    });
  }

  get sids(): readonly unknown[] {
    return (JSON.parse(this.text ?? '{}') as { Statement: readonly { Sid: unknown }[] }).Statement.map(
      ({ Sid }) => Sid,
    );
  }
}

function apply(
  kept: Kept,
  sharing: () => Sharing,
  approve: (difference: string) => Promise<void> = async () => undefined,
): ReturnType<typeof applySharing> {
  return applySharing({
    targets: [kept.target],
    read: async () => sharing(),
    approve,
    pause: async () => undefined,
  });
}

const of = (...shares: readonly RepositoryShare[]): Sharing => ({ shares, demands: {} });

describe('policies follow what is shared', () => {
  test('all at once, and nothing of others is lost; again nothing is written', async () => {
    const kept = new Kept();
    expect(await apply(kept, () => of(share('444455556666')))).toMatchObject({ isChanged: true, leftOut: [] });
    expect(kept.sids[0]).toBe('Marketing');
    expect(kept.sids.length).toBeGreaterThan(3);
    expect(await apply(kept, () => of(share('444455556666')))).toMatchObject({ isChanged: false, leftOut: [] });
    expect(kept.writes).toBe(1);
    expect(await apply(kept, () => of())).toMatchObject({ isChanged: true, leftOut: [] });
    expect(kept.sids).toEqual(['Marketing']);
  });

  test('as AWS gives a policy back, it is the same', async () => {
    const kept = new Kept();
    const sharing = of(share('444455556666'), share('777788889999'));
    await apply(kept, () => sharing);
    const { Statement: statements } = JSON.parse(kept.text ?? '') as { Statement: readonly Record<string, unknown>[] };
    const turned = statements.map(({ Principal: principal, Resource: resource, ...rest }) => ({
      ...rest,
      Resource: Array.isArray(resource) ? resource.toReversed() : [resource],
      Principal: principal === '*' ? { AWS: '*' } : principal,
    }));
    kept.text = JSON.stringify({ Version: '2012-10-17', Statement: turned });
    expect(await planAll([kept.target], sharing)).toEqual([]);
  });

  test('who shares at the same moment, and writes a policy that does not know of this, is corrected', async () => {
    const kept = new Kept();
    const records = [share('444455556666')];
    const late = new Kept();
    await apply(late, () => of());
    // Another began before this share was recorded, and writes after it was written.
    kept.meanwhile = (when) => {
      if (when === 'after' && kept.writes === 1) kept.text = late.text;
    };
    await apply(kept, () => of(...records));
    expect(await planAll([kept.target], of(...records))).toEqual([]);
    expect(kept.writes).toBe(2);
  });

  test('a share that is recorded while the policy is written is written too', async () => {
    const kept = new Kept();
    const records = [share('444455556666')];
    kept.meanwhile = (when) => {
      if (when === 'after' && records.length === 1) records.push(share('777788889999'));
    };
    await apply(kept, () => of(...records));
    expect(await planAll([kept.target], of(...records))).toEqual([]);
    expect(kept.text).toContain('777788889999');
  });

  test('what others have changed since it was shown is shown again', async () => {
    const kept = new Kept();
    const shown: string[] = [];
    const sharing = of(share('444455556666'));
    let isFirst = true;
    const approve = async (difference: string): Promise<void> => {
      shown.push(difference);
      // Somebody writes while a person thinks.
      if (isFirst)
        kept.text = JSON.stringify({ Version: '2012-10-17', Statement: [FOREIGN, { ...FOREIGN, Sid: 'Sales' }] });
      isFirst = false;
    };
    await apply(kept, () => sharing, approve);
    expect(shown.length).toBe(2);
    expect(kept.sids.slice(0, 2)).toEqual(['Marketing', 'Sales']);
  });

  test('a refusal changes nothing', async () => {
    const kept = new Kept();
    const before = kept.text;
    await expect(
      apply(
        kept,
        () => of(share('444455556666')),
        () => Promise.reject(new Error('no')),
      ),
    ).rejects.toThrow('no');
    expect(kept.text).toBe(before);
  });

  test('accounts that do not exist are found out one by one, and left out', async () => {
    const kept = new Kept();
    kept.absent.add('000000000002').add('000000000004');
    const accounts = [1, 2, 3, 4, 5].map((number) => `00000000000${number}`);
    const { leftOut } = await apply(kept, () => of(...accounts.map((account) => share(account))));
    expect(leftOut).toEqual(['000000000002', '000000000004']);
    for (const account of accounts)
      expect([account, kept.text?.includes(account)]).toEqual([account, !leftOut.includes(account)]);
  });

  test('a principal that stands there already, and is none, is told of', async () => {
    const kept = new Kept();
    kept.absent.add('Marketing');
    await expect(apply(kept, () => ({ shares: [], demands: { endpoints: ['vpce-01234567'] } }))).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining('stands there already'),
    });
  });

  test('what does not fit is refused before anything is written', async () => {
    const kept = new Kept();
    const before = kept.text;
    const many = Array.from({ length: 400 }, (_, index) => share(String(100_000_000_000 + index)));
    await expect(apply(kept, () => of(...many))).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(/^the policy of the bucket would have [\d,]+ bytes, and AWS takes 20,480$/),
      remedy: expect.stringContaining('organization'),
    });
    expect(kept.text).toBe(before);
  });

  test('the difference is a text, with what goes and what comes', async () => {
    const kept = new Kept();
    await apply(kept, () => of(share('444455556666')));
    const difference = differenceOf(await planAll([kept.target], of(share('777788889999'))));
    expect(difference).toMatch(/^the bucket:\n {2}- Sid: Share/);
    expect(difference).toMatch(/- +AWS: arn:aws:iam::444455556666:root/);
    expect(difference).toMatch(/\+ +AWS: arn:aws:iam::777788889999:root/);
    expect(difference).not.toContain('Marketing');
  });
});
