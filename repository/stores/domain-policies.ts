import type { KMSClient } from '@aws-sdk/client-kms';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import { KEEPER_FUNCTION, SHARING_ALIAS } from '../asking/invocation.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { SharingPlace } from '../sharing/statements.ts';
import type { PolicyText } from '../sharing/target.ts';
import { detailOf, InvalidPrincipal, isInvalidPrincipal } from '../sharing/target.ts';
import type { DomainPolicies, KeeperPolicy } from '../sharing/targets.ts';
import { bucketKmsKey, bucketPolicy } from './s3.ts';
import { putBucketPolicy } from './s3-bucket-policy.ts';
import { isUnavailable } from './s3-error.ts';

/** Who asks AWS for policies, and changes them. */
export interface PolicyClients {
  readonly s3: S3Client;
  /** Made where they are needed. */
  readonly kms: () => Promise<KMSClient>;
  readonly lambda: () => Promise<LambdaClient>;
  readonly signal: AbortSignal;
  /** What a failure on the way to a service means; `undefined` where the service itself refused. */
  readonly problemOf?: (error: unknown, service: string) => ArtifactError | undefined;
}

/**
 * The policies of a domain, at S3, KMS and Lambda. Needs s3:GetBucketPolicy, s3:PutBucketPolicy and s3:GetEncryptionConfiguration of the bucket; of the keeper's alias `sharing` lambda:GetPolicy,
 * lambda:AddPermission and lambda:RemovePermission; of a key kms:GetKeyPolicy and kms:PutKeyPolicy.
 *
 * All of it rejects with ArtifactErrors, ACCESS_DENIED, STORE_UNAVAILABLE, INVALID_CONFIGURATION, INTERRUPTED, and where AWS does not know a principal with InvalidPrincipal.
 */
export function awsPolicies(clients: PolicyClients, place: SharingPlace): DomainPolicies {
  const { s3, signal } = clients;
  const { bucket, account } = place;
  return {
    bucket: {
      read: () => bucketPolicy(s3, bucket, account, signal),
      write: async (text) => {
        try {
          await putBucketPolicy({ client: s3, bucket, expectedOwner: account, signal }, text);
        } catch (error) {
          const { cause } = error as Error;
          if (isInvalidPrincipal(cause)) throw new InvalidPrincipal(detailOf(cause), cause);
          throw error;
        }
      },
    },
    keeper: keeperPolicy(clients, place),
    key: () => bucketKmsKey(s3, bucket, account, signal),
    ofKey: (key) => keyPolicy(clients, key),
  };
}

function keyPolicy(clients: PolicyClients, KeyId: string): PolicyText {
  const ask = askingFor('AWS KMS', clients);
  return {
    read: () =>
      ask('kms:GetKeyPolicy', async (abort) => {
        const { GetKeyPolicyCommand } = await import('@aws-sdk/client-kms');
        const command = new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' });
        return (await (await clients.kms()).send(command, abort)).Policy;
      }),
    write: (Policy) =>
      ask('kms:PutKeyPolicy', async (abort) => {
        const { PutKeyPolicyCommand } = await import('@aws-sdk/client-kms');
        await (await clients.kms()).send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy }), abort);
      }),
  };
}

function keeperPolicy(clients: PolicyClients, { partition, region, account }: SharingPlace): KeeperPolicy {
  const FunctionName = `arn:${partition}:lambda:${region}:${account}:function:${KEEPER_FUNCTION}`;
  const name = { FunctionName, Qualifier: SHARING_ALIAS };
  const ask = askingFor('AWS Lambda', clients);
  return {
    read: () =>
      ask('lambda:GetPolicy', async (abort) => {
        const { GetPolicyCommand } = await import('@aws-sdk/client-lambda');
        const found = await (
          await clients.lambda()
        )
          .send(new GetPolicyCommand(name), abort)
          .catch(unless('ResourceNotFoundException'));
        return found?.Policy;
      }),
    add: (permission) =>
      ask('lambda:AddPermission', async (abort) => {
        const { AddPermissionCommand } = await import('@aws-sdk/client-lambda');
        const command = new AddPermissionCommand({ ...name, Action: 'lambda:InvokeFunction', ...permission });
        await (await clients.lambda()).send(command, abort).catch(unless('ResourceConflictException'));
      }),
    remove: (StatementId) =>
      ask('lambda:RemovePermission', async (abort) => {
        const { RemovePermissionCommand } = await import('@aws-sdk/client-lambda');
        const command = new RemovePermissionCommand({ ...name, StatementId });
        await (await clients.lambda()).send(command, abort).catch(unless('ResourceNotFoundException'));
      }),
  };
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (hasCode(error, code)) return undefined;
    throw error;
  };
}

type Abort = { readonly abortSignal: AbortSignal };

/** Its failures are ArtifactErrors, or say which principal is none. */
function askingFor(
  service: string,
  { signal, problemOf = silence }: PolicyClients,
): <T>(action: string, send: (abort: Abort) => Promise<T>) => Promise<T> {
  return async (action, send) => {
    try {
      return await send({ abortSignal: signal });
    } catch (error) {
      if (error instanceof ArtifactError) throw error;
      if (signal.aborted)
        throw new ArtifactError('INTERRUPTED', `interrupted while ${service} was asked`, { cause: error });
      if (isInvalidPrincipal(error)) throw new InvalidPrincipal(detailOf(error), error);
      const problem = problemOf(error, service);
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

function silence(error: unknown, service: string): ArtifactError | undefined {
  if (!isUnavailable(error)) return undefined;
  return new ArtifactError('STORE_UNAVAILABLE', `${service} does not answer: ${(error as Error).message}`, {
    cause: error,
  });
}
