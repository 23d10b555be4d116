import { ArtifactError } from '../../repository/error.ts';
import { readSharing } from '../../repository/sharing/records.ts';
import type { Sharing } from '../../repository/sharing/records.ts';
import type { SharingPlace } from '../../repository/sharing/statements.ts';
import type { Target } from '../../repository/sharing/target.ts';
import type { SharingTargets } from '../../repository/sharing/targets.ts';
import { isKeptByFunction } from '../aws/keeper.ts';
import type { AwsAccess } from '../aws/access.ts';
import { readResourceShares } from '../../repository/sharing/follow.ts';
import type { RepositoryResourceShare } from '../../repository/sharing/resource-share.ts';
import type { ResourceAccess } from '../sharing/resource-access.ts';
import { resourceAccess } from '../sharing/resource-access.ts';
import { targetsOf } from '../sharing/targets.ts';
import type { OpenDomain, Purpose } from '../opening/opening.ts';
import { accessSettings } from '../opening/opening.ts';
import { openDomain } from './open.ts';
import type { WholeDomainOptions } from './syntax/common.ts';
import type { Terminal } from './terminal.ts';

/** A domain whose policies are to follow what it shares. */
export interface OpenSharing {
  readonly opened: OpenDomain;
  readonly place: SharingPlace;
  readonly targets: readonly Target[];
  /** What is to be done by somebody else. */
  readonly byHand: SharingTargets['byHand'];
  readonly read: () => Promise<Sharing>;
  readonly ram: ResourceAccess;
  /** The resource shares that the records know. */
  readonly noted: () => Promise<readonly RepositoryResourceShare[]>;
}

/**
 * Only a domain that `bootstrap` makes can be shared: what keeps others from doing more stands in its own policy, and its keeper alone tags content.
 * @throws ArtifactError UNSUPPORTED_STORE
 */
export async function openSharing(
  options: WholeDomainOptions,
  purpose: Purpose,
  terminal: Terminal,
): Promise<OpenSharing & { readonly access: AwsAccess }> {
  if (options.domain?.kind === 'directory')
    throw notShareable('a directory has no policies, and nobody of another account reaches it', options);
  const opened = await openDomain(options, purpose, terminal);
  const { partition, region, account, bucket, store } = opened.domain;
  const place = { partition, region, account, bucket };
  if (!isKeptByFunction(place)) throw notShareable(`nobody keeps the bucket '${bucket}' but who writes to it`, options);
  const { awsAccess } = await import('../aws/access.ts');
  const access = await awsAccess(accessSettings(options, terminal));
  const { targets, byHand } = await targetsOf(access, place, terminal.signal);
  return {
    ...{ opened, place, targets, byHand, access },
    read: () => readSharing(store),
    ram: resourceAccess(access, place, terminal.signal),
    noted: () => readResourceShares(store),
  };
}

function notShareable(why: string, { domain }: WholeDomainOptions): ArtifactError {
  const what = domain?.kind === 'directory' ? 'sharing needs AWS' : 'only the domain of an account can be shared';
  return new ArtifactError('UNSUPPORTED_STORE', `${what}: ${why}`, {
    remedy: "'cfn-artifacts bootstrap' makes the account's own domain, which can be.",
  });
}
