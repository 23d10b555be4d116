import type { KeeperCommand } from '../asking/command.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { parseArn, samePlace } from '../arn.ts';
import { ArtifactError } from '../error.ts';
import { versionOfReference, versionReferencesPrefix } from '../keys.ts';
import { reaching } from './reach.ts';
import { readSharing } from './records.ts';
import type { RepositoryShare } from './share.ts';
import { includes } from './share.ts';

/** What those may ask of a keeper who publish into the domain of another account: what concerns artifacts alone that somebody else may publish. */
export const GUEST_COMMANDS: readonly KeeperCommand['command'][] = [
  ...(['cancel', 'finish', 'renew', 'complete', 'announce', 'hold-promotion'] as const),
];

/**
 * Lambda does not tell who asks, only that it is somebody with whom a share lets publish: so it is refused what no share lets anybody publish.
 * @throws ArtifactError ACCESS_DENIED
 */
export async function requireShared(domain: Domain, command: KeeperCommand): Promise<void> {
  const shares = (await readSharing(domain.store)).shares.filter(({ right }) => includes(right, 'publish'));
  if (await isShared(domain, shares, command)) return;
  throw new ArtifactError('ACCESS_DENIED', `no share lets others publish what '${command.command}' is asked for`, {
    remedy: `'cfn-artifacts share list' tells what account ${domain.account} shares in ${domain.region}.`,
  });
}

async function isShared(domain: Domain, shares: readonly RepositoryShare[], asked: KeeperCommand): Promise<boolean> {
  const { command } = asked;
  if (command === 'cancel' || command === 'finish') return isHeld(domain, shares, asked.digest);
  if (command === 'renew' || command === 'complete') return mayPublish(domain, shares, asked.arn);
  if (command === 'announce') return asked.arns.every((arn) => mayPublish(domain, shares, arn));
  if (command !== 'hold-promotion') return false;
  return shares.some(({ repository, right }) => repository === asked.repository && includes(right, 'promote'));
}

function mayPublish(domain: Domain, shares: readonly RepositoryShare[], text: string): boolean {
  const arn = parseArn(text);
  return samePlace(arn, domain) && reaching(shares, arn).length > 0;
}

/** Whoever publishes has said before that a version of theirs holds it. */
async function isHeld({ store }: Domain, shares: readonly RepositoryShare[], digest: Digest): Promise<boolean> {
  for await (const { key } of store.list(versionReferencesPrefix(digest))) {
    const reference = versionOfReference(key);
    if (reference !== undefined && reaching(shares, reference).length > 0) return true;
  }
  return false;
}
