import { isDayOld } from '../age.ts';
import { requireFailure } from '../failure.ts';
import type { Domain } from '../domain.ts';
import type { ListedObject } from '../object-store.ts';
import type { StackResource } from '../stack-id.ts';
import { formatStackId } from '../stack-id.ts';
import type { Auditing } from './auditing.ts';
import { standingOf } from './auditing.ts';
import type { Shared } from './elsewhere.ts';
import type { Finding, FindingSubject } from './finding.ts';
import { unknownBecause } from './finding.ts';
import type { NamedReference } from './orphans.ts';
import { nameOf } from './orphans.ts';
import type { ReadBinding } from './removal.ts';
import { judgeSuspect, undecided, YOUNG } from './stale.ts';

/**
 * A record of a stack elsewhere, which the domain there has told. It has no entry here, and none is ever made: of what the stack uses its own domain has one. Nothing
 * depends on it but this domain's answers and its collector, and what the stack runs from lies where the stack is.
 *
 * A stack of the account is asked about in its region, and its record goes as one of this region does. A stack of another account can't be asked about: its record goes only when nothing is
 * shared with that account any more, which could not take it back either.
 */
export async function judgeForeign(auditing: Auditing, listed: ListedObject): Promise<Finding | undefined> {
  const named = nameOf(listed);
  if (named === undefined) return undefined;
  return named.resource.account === auditing.domain.account
    ? judgeOfOwnAccount(auditing, named)
    : judgeOfOtherAccount(auditing, listed, named);
}

async function judgeOfOwnAccount(auditing: Auditing, named: NamedReference): Promise<Finding | undefined> {
  const { resource, generation, digest } = named;
  const stackId = stackIdOf(auditing, resource);
  const seen = await auditing.elsewhere.stack(auditing, stackId);
  const { evidence } = seen;
  if (evidence.state === 'changing' || evidence.state === 'unknown') {
    if (seen.isTold) return undefined;
    seen.isTold = true;
    return undecided(evidence, { stackId });
  }
  if (evidence.state === 'settled' && standingOf(evidence, resource, generation) === 'used') return undefined;
  return judgeSuspect(auditing, { resource, generation, stackId, digests: [digest] }, removeTold);
}

/** Exactly what was read, as of every stale binding. What published versions go on reading is kept where they are. */
async function removeTold({ store }: Pick<Domain, 'store'>, { records }: ReadBinding): Promise<boolean> {
  let areGone = true;
  for (const { reference, protecting, entry } of records) {
    if (protecting === undefined) continue;
    // With an entry it is one of this domain's own.
    const isLeft = entry !== undefined || (await store.removeRevision(reference, protecting.revision)) === 'conflict';
    if (isLeft) areGone = false;
  }
  return areGone;
}

/**
 * Whether another account has written it. It may write what it likes below its own number: neither the rest of the key nor the record need be anything that is read here, and either
 * keeps the content.
 */
export function isOfOtherAccount({ domain }: Pick<Auditing, 'domain'>, listed: ListedObject): boolean {
  const account = nameOf(listed)?.resource.account ?? '';
  return ACCOUNT.test(account) && account !== domain.account;
}

const ACCOUNT = /^\d{12}$/;

/** Whether the key is one that a binding has: none of its parts is missing, and none is too many. */
export function isBindingKey({ key }: ListedObject): boolean {
  const parts = key.split('/');
  return parts.length === 9 && !parts.some((part) => part === '' || part === '.' || part === '..');
}

/** By its key and head alone. */
async function judgeOfOtherAccount(
  auditing: Auditing,
  listed: ListedObject,
  named: NamedReference,
): Promise<Finding | undefined> {
  const { domain, elsewhere, fix } = auditing;
  const { account } = named.resource;
  const subject = subjectOf(auditing, listed, named);
  const shared = await sharedOrWhy(auditing);
  if ('why' in shared) return elsewhere.tell() ? shared : undefined;
  if (shared.isOpen || shared.accounts.has(account)) return undefined;
  try {
    const head = await domain.store.head(listed.key);
    if (head === undefined) return undefined;
    const why = `nothing is shared with account ${account} any more`;
    const stale: Finding = { kind: 'stale', ...subject, why, healed: false };
    if (!fix) return stale;
    const isYoung = !isDayOld(auditing, head.modified) || !isDayOld(auditing, shared.changed);
    if (isYoung) return { ...stale, failure: 'it changed only now', remedy: YOUNG };
    try {
      const outcome = await domain.store.removeRevision(listed.key, head.revision);
      return outcome === 'conflict'
        ? { ...stale, failure: 'it was changed in the meantime' }
        : { ...stale, healed: true };
    } catch (error) {
      return { ...stale, ...requireFailure(error) };
    }
  } catch (error) {
    return unknownBecause(error, subject);
  }
}

function subjectOf(auditing: Auditing, listed: ListedObject, named: NamedReference): FindingSubject {
  const { resource, generation, digest } = named;
  if (!isBindingKey(listed)) return { key: listed.key, digest };
  return { stackId: stackIdOf(auditing, resource), logicalId: resource.logicalId, generation, digest };
}

async function sharedOrWhy({ domain, elsewhere }: Auditing): Promise<Shared | Finding> {
  try {
    return await elsewhere.shared(domain);
  } catch (error) {
    const { failure, remedy } = requireFailure(error);
    const why = `with which accounts the domain is shared is not known: ${failure}`;
    return { kind: 'unknown', why, healed: false, ...(remedy !== undefined && { remedy }) };
  }
}

function stackIdOf({ domain }: Auditing, resource: StackResource): string {
  return formatStackId(domain.partition, resource);
}
