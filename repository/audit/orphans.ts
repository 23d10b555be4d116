import { isQuiet } from '../age.ts';
import type { BindingName, BindingRecord } from '../binding.ts';
import { readBindingRecord } from '../binding.ts';
import type { Digest } from '../digest.ts';
import { requireFailure } from '../failure.ts';
import { consumerKey, parseReferenceKey, recordOfReference } from '../keys.ts';
import type { ListedObject } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { formatStackId } from '../stack-id.ts';
import type { Auditing } from './auditing.ts';
import { lastTouched, standingOf } from './auditing.ts';
import type { Finding, FindingSubject } from './finding.ts';
import { unknownBecause } from './finding.ts';
import { restore } from './restore.ts';
import { ask } from './stacks.ts';
import { judgeSuspect, undecided, YOUNG } from './stale.ts';

/** Whether the entry by which a stack's reference is found is not there. Nothing but damage, and an event that came too late, leave one without. */
export async function isOrphan({ domain: { store } }: Auditing, listed: ListedObject): Promise<boolean> {
  const named = nameOf(listed);
  return (
    named !== undefined && (await store.head(consumerKey(named.resource, named.generation, named.digest))) === undefined
  );
}

/** Gives a reference that is in use its entry back: a Delete would not find it. Any other is stale. */
export async function judgeOrphan(auditing: Auditing, listed: ListedObject): Promise<Finding | undefined> {
  const named = nameOf(listed);
  if (named === undefined) return undefined;
  const { resource, generation, digest } = named;
  const { logicalId, ...stack } = resource;
  const stackId = formatStackId(auditing.domain.partition, stack);
  const subject: FindingSubject = { stackId, logicalId, generation, digest };
  try {
    // Before CloudFormation is asked, as always.
    const reference = await readBindingRecord(auditing.domain.store, listed.key);
    if (reference === undefined || !(await isOrphan(auditing, listed))) return undefined;
    const evidence = await ask(auditing, stack);
    if (evidence.state === 'changing' || evidence.state === 'unknown') return undecided(evidence, subject);
    const isUsed = evidence.state === 'settled' && standingOf(evidence, resource, generation) === 'used';
    if (!isUsed) return await judgeSuspect(auditing, { resource, generation, stackId, digests: [digest] });
    const arns = reference.value.uses.map(({ arn }) => arn);
    return await giveEntry(auditing, { ...subject, arns }, named, reference);
  } catch (error) {
    return unknownBecause(error, subject);
  }
}

async function giveEntry(
  auditing: Auditing,
  subject: FindingSubject,
  named: NamedReference,
  reference: Stored<BindingRecord>,
): Promise<Finding> {
  const missing: Finding = {
    ...{ kind: 'missing', ...subject, healed: false },
    why: 'it is protected, but what its stack uses does not tell of it',
  };
  if (!auditing.fix) return missing;
  if (!isQuiet(auditing, lastTouched(reference))) return { ...missing, failure: 'it changed only now', remedy: YOUNG };
  try {
    await restore(auditing.domain, named, [{ digest: named.digest, record: reference.value }]);
    return { ...missing, healed: true };
  } catch (error) {
    return { ...missing, ...requireFailure(error) };
  }
}

/** What the key of a stack's reference says. */
export interface NamedReference extends BindingName {
  readonly digest: Digest;
}

/** `undefined` of what is no stack's reference. */
export function nameOf({ key }: ListedObject): NamedReference | undefined {
  const parsed = parseReferenceKey(key);
  const record = recordOfReference(key);
  return parsed?.kind === 'stack' && record !== undefined ? { resource: parsed.resource, ...record } : undefined;
}
