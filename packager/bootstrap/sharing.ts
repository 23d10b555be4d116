import type { Domain } from '../../repository/index.ts';
import { hasCode } from '../../repository/index.ts';
import { applySharing, differenceOf, planAll } from '../../repository/sharing/apply.ts';
import type { Sharing } from '../../repository/sharing/records.ts';
import { readSharing, sameDemands, writeDemands } from '../../repository/sharing/records.ts';
import type { Demands } from '../../repository/sharing/share.ts';
import type { AwsAccess } from '../aws/access.ts';
import { pausing, targetsOf } from '../sharing/targets.ts';
import type { BootstrapEvent } from './event.ts';

/** What a domain is to demand. Absent: as it does. */
export interface WantedDemands {
  /** ARN of a key, or `none`. */
  readonly encryption?: string;
  /** Empty: nothing. */
  readonly endpoints?: readonly string[];
}

export interface FollowSharing {
  readonly access: AwsAccess;
  readonly domain: Domain;
  readonly wanted: WantedDemands;
  readonly isDryRun: boolean;
  /** Shown what changes in the policies, where the demands do. @throws where the answer is no */
  readonly agree: (difference: string) => Promise<void>;
  readonly tell: (event: BootstrapEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Puts back what the domain's policies say for its shares and demands: CloudFormation, which knows nothing of them, takes it away whenever it updates the bucket's policy. And gives the domain the demands that are
 * wanted. Nothing is asked of anybody where the domain shares and demands nothing.
 * @returns whether the demands were, or would be, changed
 */
export async function followSharing(request: FollowSharing): Promise<boolean> {
  const { access, domain, wanted, isDryRun, agree, tell, signal } = request;
  const before = await readSharing(domain.store);
  const demands = merged(before.demands, wanted);
  const isNew = !sameDemands(before.demands, demands);
  if (before.shares.length === 0 && Object.keys(demands).length === 0 && !isNew) return false;
  const { targets, byHand } = await targetsOf(access, domain, signal);
  if (isNew) {
    const difference = differenceOf(await planAll(targets, { shares: before.shares, demands }));
    if (isDryRun) {
      tell({ kind: 'policies', difference });
      return true;
    }
    await agree(difference);
    await writeDemands(domain, demands);
  }
  if (isDryRun) return false;
  const { leftOut } = await applySharing({
    ...{ targets, pause: pausing(signal), read: readingThrough(domain, { shares: before.shares, demands }) },
    // All of it was agreed to when it was shared, or just now: nobody is asked.
  });
  for (const account of leftOut) {
    tell({
      kind: 'warning',
      message: `AWS knows no account '${account}', with which the domain shares: it was left out of the policies`,
      remedy: "'cfn-artifacts share list' tells which share it is, and 'cfn-artifacts share revoke' takes it back.",
    });
  }
  if (byHand !== undefined && before.shares.length > 0) {
    tell({
      kind: 'warning',
      message: `the policy of the key '${byHand.key}' can't be changed from here, and others may be unable to decrypt`,
      remedy: "'cfn-artifacts share sync' tells the statements that whoever administers it adds.",
    });
  }
  return isNew;
}

/** A domain that is reached through endpoints alone may be out of reach as soon as it demands that. */
function readingThrough({ store }: Domain, known: Sharing): () => Promise<Sharing> {
  return async () => {
    try {
      return await readSharing(store);
    } catch (error) {
      if (known.demands.endpoints === undefined || !hasCode(error, 'ACCESS_DENIED')) throw error;
      return known;
    }
  };
}

function merged(
  before: Demands,
  { encryption = before.encryption, endpoints = before.endpoints }: WantedDemands,
): Demands {
  return {
    ...(encryption !== undefined && encryption !== 'none' && { encryption }),
    ...(endpoints !== undefined && endpoints.length > 0 && { endpoints }),
  };
}
