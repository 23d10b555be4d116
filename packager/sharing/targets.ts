import type * as Kms from '@aws-sdk/client-kms';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import { KEEPER_FUNCTION, SHARING_ALIAS } from '../../repository/keeping/invocation.ts';
import type { Sharing } from '../../repository/sharing/records.ts';
import { isKeyArn } from '../../repository/sharing/share.ts';
import type { KeeperPermission, SharingPlace } from '../../repository/sharing/statements.ts';
import {
  bucketStatements,
  demandStatements,
  isOwnKeySid,
  isOwnPermission,
  isOwnSid,
  keeperPermissions,
  keyStatements,
} from '../../repository/sharing/statements.ts';
import { bucketKmsKey, bucketPolicy } from '../../repository/stores/s3.ts';
import { S3Connection } from '../../repository/stores/s3-connection.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';
import type { Target } from './target.ts';
import { detailOf, InvalidPrincipal, isInvalidPrincipal, tooLarge, wholePolicyTarget } from './target.ts';

/** Bytes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html */
const BUCKET_POLICY_LIMIT = 20_480;
/** Bytes. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html */
const KEY_POLICY_LIMIT = 32_768;

export interface SharingTargets {
  readonly targets: readonly Target[];
  /** The key, where it can't be changed from here: its policy is for others to change. */
  readonly byHand?: { readonly key: string; readonly statements: (sharing: Sharing) => readonly object[] };
}

/** Everything of a domain that has a policy. A key of another account has its own administrators; with keys of S3 there is nothing to say. */
export async function targetsOf(access: AwsAccess, place: SharingPlace, signal: AbortSignal): Promise<SharingTargets> {
  const { bucket, account, region } = place;
  const client = await access.s3(region);
  const key = await bucketKmsKey(client, bucket, account, signal);
  const targets = [bucketTarget(client, place, signal), keeperTarget(access, place, signal)];
  if (key === undefined) return { targets };
  if (isKeyArn(key) && key.split(':')[4] === account)
    return { targets: [...targets, keyTarget(access, place, key, signal)] };
  return { targets, byHand: { key, statements: ({ shares }) => keyStatements(place, shares) } };
}

function bucketTarget(client: S3Client, place: SharingPlace, signal: AbortSignal): Target {
  const { bucket, account } = place;
  const connection = new S3Connection({ client, bucket, expectedOwner: account, signal });
  return wholePolicyTarget({
    what: `the bucket '${bucket}'`,
    limit: BUCKET_POLICY_LIMIT,
    isOwn: isOwnSid,
    wanted: ({ shares, demands }) => [...bucketStatements(place, shares), ...demandStatements(place, demands)],
    read: () => bucketPolicy(client, bucket, account, signal),
    write: async (Policy) => {
      const { PutBucketPolicyCommand } = await import('@aws-sdk/client-s3');
      try {
        await connection.send('PutBucketPolicy', new PutBucketPolicyCommand({ ...connection.target, Policy }));
      } catch (error) {
        if (isInvalidPrincipal(error)) throw new InvalidPrincipal(detailOf(error), error);
        throw await connection.explained(error, { operation: 'PutBucketPolicy', actions: ['s3:PutBucketPolicy'] });
      }
    },
  });
}

/** @param key ARN of a key of the domain's own account: that of another's can be changed there alone */
function keyTarget(access: AwsAccess, place: SharingPlace, key: string, signal: AbortSignal): Target {
  const KeyId = key;
  const ask = askingFor('AWS KMS', signal);
  const connected = async (): Promise<{
    readonly sdk: typeof Kms;
    readonly client: KMSClient;
  }> => {
    const sdk = await import('@aws-sdk/client-kms');
    return { sdk, client: access.client('kms', (config) => new sdk.KMSClient({ ...config, region: place.region })) };
  };
  return wholePolicyTarget({
    what: `the key '${key}'`,
    limit: KEY_POLICY_LIMIT,
    isOwn: (sid) => isOwnKeySid(sid, place),
    wanted: ({ shares }) => keyStatements(place, shares),
    read: () =>
      ask('kms:GetKeyPolicy', async (abort) => {
        const { sdk, client } = await connected();
        return (await client.send(new sdk.GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }), abort)).Policy;
      }),
    write: (Policy) =>
      ask('kms:PutKeyPolicy', async (abort) => {
        const { sdk, client } = await connected();
        await client.send(new sdk.PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy }), abort);
      }),
  });
}

/** Who may ask the keeper under its alias for other accounts. Lambda compares before it writes, and takes statements one by one. */
function keeperTarget(access: AwsAccess, place: SharingPlace, signal: AbortSignal): Target {
  const { partition, region, account } = place;
  const FunctionName = `arn:${partition}:lambda:${region}:${account}:function:${KEEPER_FUNCTION}`;
  const name = { FunctionName, Qualifier: SHARING_ALIAS };
  const what = `the function '${KEEPER_FUNCTION}:${SHARING_ALIAS}'`;
  const ask = askingFor('AWS Lambda', signal);
  return {
    plan: async ({ shares }) => {
      const wanted = new Map(keeperPermissions(shares).map((one) => [one.StatementId, one]));
      const sdk = await import('@aws-sdk/client-lambda');
      const client = access.client('lambda', (config) => new sdk.LambdaClient({ ...config, region }));
      const found = await ask('lambda:GetPolicy', async (abort) => {
        try {
          return await client.send(new sdk.GetPolicyCommand(name), abort);
        } catch (error) {
          if (hasCode(error, 'ResourceNotFoundException')) return undefined;
          throw error;
        }
      });
      const present = sidsOf(found?.Policy).filter(isOwnPermission);
      const gone = present.filter((sid) => !wanted.has(sid));
      const come = [...wanted.values()].filter(({ StatementId }) => !present.includes(StatementId));
      if (gone.length === 0 && come.length === 0) return undefined;
      return {
        what,
        lines: [...gone.map((sid) => `- ${sid}: lambda:InvokeFunction`), ...come.map((one) => `+ ${lineOf(one)}`)],
        apply: async () => {
          // Each by itself: whoever does the same at the same moment is in nobody's way.
          for (const StatementId of gone) {
            await ask('lambda:RemovePermission', (abort) =>
              client
                .send(new sdk.RemovePermissionCommand({ ...name, StatementId }), abort)
                .catch(unless('ResourceNotFoundException')),
            );
          }
          for (const permission of come) {
            await ask('lambda:AddPermission', (abort) =>
              client
                .send(new sdk.AddPermissionCommand({ ...name, Action: 'lambda:InvokeFunction', ...permission }), abort)
                .catch(unless('ResourceConflictException')),
            ).catch((error: unknown) => {
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

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (hasCode(error, code)) return undefined;
    throw error;
  };
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

type Abort = { readonly abortSignal: AbortSignal };

/** Its failures are ArtifactErrors, or say which principal is none. */
function askingFor(
  service: string,
  signal: AbortSignal,
): <T>(action: string, send: (abort: Abort) => Promise<T>) => Promise<T> {
  return async (action, send) => {
    try {
      return await send({ abortSignal: signal });
    } catch (error) {
      if (error instanceof ArtifactError) throw error;
      if (signal.aborted)
        throw new ArtifactError('INTERRUPTED', `interrupted while ${service} was asked`, { cause: error });
      if (isInvalidPrincipal(error)) throw new InvalidPrincipal(detailOf(error), error);
      const problem = connectionProblem(error, service);
      if (problem !== undefined) throw problem;
      const told = (error as Error).message.split('\n', 1)[0]?.replace(/\.$/, '') ?? '';
      if (hasCode(error, 'AccessDenied', 'AccessDeniedException')) {
        throw new ArtifactError('ACCESS_DENIED', `${action} is needed: ${told}`, {
          remedy: `Allow ${action} in the policies of these credentials, or use others.`,
          cause: error,
        });
      }
      throw new ArtifactError('INVALID_CONFIGURATION', `${service} refused ${action}: ${told}`, { cause: error });
    }
  };
}
