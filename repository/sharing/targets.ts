import { KEEPER_FUNCTION, SHARING_ALIAS } from '../asking/invocation.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { Sharing } from './records.ts';
import { isKeyArn } from './share.ts';
import type { KeeperPermission, SharingPlace } from './statements.ts';
import {
  bucketStatements,
  demandStatements,
  isOwnKeySid,
  isOwnPermission,
  isOwnSid,
  keeperPermissions,
  keyStatements,
} from './statements.ts';
import type { PolicyText, Target } from './target.ts';
import { tooLarge, wholePolicyTarget } from './target.ts';

/** Bytes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html */
const BUCKET_POLICY_LIMIT = 20_480;
/** Bytes. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html */
const KEY_POLICY_LIMIT = 32_768;

/** How everything of a domain is reached that has a policy. */
export interface DomainPolicies {
  readonly bucket: PolicyText;
  /** Of the keeper's alias for others. */
  readonly keeper: KeeperPolicy;
  /** What the bucket encrypts with. `undefined`: keys of S3, of which nothing is to be said. */
  readonly key: () => Promise<string | undefined>;
  /** @param key ARN of a key of the domain's own account */
  readonly ofKey: (key: string) => PolicyText;
}

/** Lambda compares before it writes, and takes statements one by one. */
export interface KeeperPolicy {
  readonly read: () => Promise<string | undefined>;
  /** One that is there is left as it is. */
  readonly add: (permission: KeeperPermission) => Promise<void>;
  readonly remove: (statementId: string) => Promise<void>;
}

/** What has a policy that follows what is shared, and what should and can't from here. */
export interface SharingTargets {
  readonly targets: readonly Target[];
  /** The key, where it can't be changed from here: its policy is for others to change. */
  readonly byHand?: { readonly key: string; readonly statements: (sharing: Sharing) => readonly object[] };
}

export function bucketTarget(place: SharingPlace, policy: PolicyText): Target {
  return wholePolicyTarget({
    ...policy,
    what: `the bucket '${place.bucket}'`,
    limit: BUCKET_POLICY_LIMIT,
    isOwn: isOwnSid,
    wanted: ({ shares, demands }) => [...bucketStatements(place, shares), ...demandStatements(place, demands)],
  });
}

/** What beside the bucket has a policy. A key of another account has its own administrators. */
export async function otherTargets(place: SharingPlace, policies: DomainPolicies): Promise<SharingTargets> {
  const targets = [keeperTarget(policies.keeper)];
  const key = await policies.key();
  if (key === undefined) return { targets };
  if (isKeyArn(key) && key.split(':')[4] === place.account)
    return { targets: [...targets, keyTarget(place, key, policies.ofKey(key))] };
  return { targets, byHand: { key, statements: ({ shares }) => keyStatements(place, shares) } };
}

function keyTarget(place: SharingPlace, key: string, policy: PolicyText): Target {
  return wholePolicyTarget({
    ...policy,
    what: `the key '${key}'`,
    limit: KEY_POLICY_LIMIT,
    isOwn: (sid) => isOwnKeySid(sid, place),
    wanted: ({ shares }) => keyStatements(place, shares),
  });
}

/** Who may ask the keeper under its alias for other accounts. */
function keeperTarget({ read, add, remove }: KeeperPolicy): Target {
  const what = `the function '${KEEPER_FUNCTION}:${SHARING_ALIAS}'`;
  return {
    plan: async ({ shares }) => {
      const wanted = new Map(keeperPermissions(shares).map((one) => [one.StatementId, one]));
      const present = sidsOf(await read()).filter(isOwnPermission);
      const gone = present.filter((sid) => !wanted.has(sid));
      const come = [...wanted.values()].filter(({ StatementId }) => !present.includes(StatementId));
      if (gone.length === 0 && come.length === 0) return undefined;
      const isAllowed = (other: Sharing): boolean =>
        keeperPermissions(other.shares).every(({ StatementId }) => present.includes(StatementId));
      return {
        what,
        lines: [...gone.map((sid) => `- ${sid}: lambda:InvokeFunction`), ...come.map((one) => `+ ${lineOf(one)}`)],
        isAllowed,
        isSaid: (other) => isAllowed(other) && keeperPermissions(other.shares).length === present.length,
        apply: async () => {
          // Each by itself: whoever does the same at the same moment is in nobody's way.
          for (const sid of gone) await remove(sid);
          for (const permission of come) {
            await add(permission).catch((error: unknown) => {
              throw explainedPermission(error, what);
            });
          }
          return 'done';
        },
      };
    },
  };
}

function lineOf({ StatementId, Principal, PrincipalOrgID }: KeeperPermission): string {
  return `${StatementId}: lambda:InvokeFunction for ${PrincipalOrgID === undefined ? `account ${Principal}` : `everybody of ${PrincipalOrgID}`}`;
}

function sidsOf(policy: string | undefined): readonly string[] {
  if (policy === undefined) return [];
  const { Statement: statements = [] } = JSON.parse(policy) as { Statement?: readonly { readonly Sid?: unknown }[] };
  return statements.map(({ Sid }) => Sid).filter((sid) => typeof sid === 'string');
}

function explainedPermission(error: unknown, what: string): unknown {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (hasCode(cause, 'PolicyLengthExceededException'))
    return tooLarge(what, `the policy of ${what} would be larger than the 20 KB that AWS Lambda takes`, cause);
  if (!hasCode(cause, 'ResourceNotFoundException')) return error;
  return new ArtifactError('DOMAIN_NOT_FOUND', `the domain has no keeper that others could ask: there is no ${what}`, {
    remedy: 'Run: cfn-artifacts bootstrap',
    cause,
  });
}
