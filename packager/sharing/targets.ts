import { setTimeout } from 'node:timers/promises';
import { ArtifactError } from '../../repository/error.ts';
import type { SharingPlace } from '../../repository/sharing/statements.ts';
import type { SharingTargets } from '../../repository/sharing/targets.ts';
import { bucketTarget, otherTargets } from '../../repository/sharing/targets.ts';
import { awsPolicies } from '../../repository/stores/domain-policies.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';

/** Everything of a domain that has a policy, the bucket first. */
export async function targetsOf(access: AwsAccess, place: SharingPlace, signal: AbortSignal): Promise<SharingTargets> {
  const { region } = place;
  const policies = awsPolicies(
    {
      s3: await access.s3(region),
      kms: async () => {
        const { KMSClient } = await import('@aws-sdk/client-kms');
        return access.client('kms', (config) => new KMSClient({ ...config, region }));
      },
      lambda: async () => {
        const { LambdaClient } = await import('@aws-sdk/client-lambda');
        return access.client('lambda', (config) => new LambdaClient({ ...config, region }));
      },
      signal,
      problemOf: connectionProblem,
    },
    place,
  );
  const { targets, ...others } = await otherTargets(place, policies);
  return { targets: [bucketTarget(place, policies.bucket), ...targets], ...others };
}

/** Settings of AWS need a moment until everybody sees them. */
export function pausing(signal: AbortSignal): (milliseconds: number) => Promise<void> {
  return async (milliseconds) => {
    await setTimeout(milliseconds, undefined, { signal }).catch((cause: unknown) => {
      throw new ArtifactError('INTERRUPTED', 'interrupted while policies were written', { cause });
    });
  };
}
