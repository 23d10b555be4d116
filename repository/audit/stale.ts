import { isDayOld, isQuiet } from '../age.ts';
import type { BindingName } from '../binding.ts';
import { bindingKeys, isLater, listBindings, readBindingRecord } from '../binding.ts';
import type { Digest } from '../digest.ts';
import type { StackEvidence } from '../evidence/evidence.ts';
import { requireFailure } from '../failure.ts';
import { generationOf } from '../physical-id.ts';
import type { Auditing, Settled } from './auditing.ts';
import { lastTouched, standingOf } from './auditing.ts';
import type { Finding, FindingSubject } from './finding.ts';
import { unknownBecause } from './finding.ts';
import type { ReadBinding } from './removal.ts';
import { readRecords, recordsOf, removeAsRead } from './removal.ts';

/** Records of one binding that nothing seemed to name when its stack was looked at. */
export interface Suspect extends BindingName {
  readonly stackId: string;
  readonly digests: readonly Digest[];
}

type Remove = typeof removeAsRead;

/**
 * Whether a binding is stale, and with `fix` its end. The order is what makes it safe:
 *
 * 1. The records are read.
 * 2. CloudFormation is asked. It is stale only where the stack is settled, and none of its resources names the generation, or where it is gone.
 * 3. Exactly what was read is removed.
 *
 * Nothing that a deploy uses is removed. Consider an operation of the stack, and the event in it to which the function answered with this
 * generation. If the operation had ended when CloudFormation was asked, the list shows what came of it: the generation is named, or was given up for
 * good, because a settled stack goes back to nothing. If it was under way, the stack was not settled. If it began later, its event was
 * issued later than the records' own time, and the binding, not being one that the event names (those are listed), was found among what the resource has
 * bound before: then it was stamped before the event was answered, and what was stamped is not what was read. New bindings have generations that
 * nobody has read.
 *
 * Events that are delivered again or late, when nobody waits for an answer, may write under a generation that is gone. Then the next audit finds it.
 * What AWS's clocks and copies need to agree has passed, see `isQuiet`.
 * @param remove removes exactly what was read, and tells whether all of it is gone
 */
export async function judgeSuspect(
  auditing: Auditing,
  suspect: Suspect,
  remove: Remove = removeAsRead,
): Promise<Finding | undefined> {
  const { resource, generation, stackId, digests } = suspect;
  const subject = { stackId, logicalId: resource.logicalId, generation };
  try {
    const { store } = auditing.domain;
    const records = await Promise.all(digests.map((one) => readRecords(store, bindingKeys(suspect, one))));
    const binding: ReadBinding = { resource, generation, records };
    // Released since it was listed.
    if (recordsOf(binding).length === 0) return undefined;
    return await judge(auditing, { ...subject, ...usesOf(binding) }, binding, remove);
  } catch (error) {
    return unknownBecause(error, subject);
  }
}

async function judge(
  auditing: Auditing,
  subject: FindingSubject & { readonly stackId: string },
  binding: ReadBinding,
  remove: Remove,
): Promise<Finding | undefined> {
  const { resource, generation } = binding;
  const evidence = await auditing.evidence.stack(subject.stackId);
  if (evidence.state !== 'settled' && evidence.state !== 'gone') return undecided(evidence, subject);
  const why = evidence.state === 'gone' ? 'its stack is gone' : 'no resource of its stack names it any more';
  const stale: Finding = { kind: 'stale', ...subject, why, healed: false };
  if (evidence.state === 'settled') {
    const standing = standingOf(evidence, resource, generation);
    if (standing === 'used') return undefined;
    const doubt =
      standing === 'doubtful'
        ? `which binding the resource '${resource.logicalId}' has left is not known: it could not be deleted, or its ID does not tell`
        : await doubtOnTheWayBack(auditing, evidence, binding);
    if (doubt !== undefined) return { ...stale, kind: 'unknown', why: doubt };
  }
  if (!auditing.fix) return stale;
  const isYoung = recordsOf(binding).some((record) => !isOldEnough(auditing, evidence, lastTouched(record)));
  if (isYoung || (evidence.state === 'settled' && !isQuiet(auditing, evidence.changed))) {
    return { ...stale, failure: 'it changed only now', remedy: YOUNG };
  }
  try {
    const areGone = await remove(auditing.domain, binding);
    return areGone ? { ...stale, healed: true } : { ...stale, failure: 'it was changed in the meantime' };
  } catch (error) {
    return { ...stale, ...requireFailure(error) };
  }
}

export const YOUNG = 'The next audit decides, when what AWS tells of it can be relied on.';

function isOldEnough(auditing: Auditing, { state }: StackEvidence, touched: Date): boolean {
  return state === 'gone' ? isDayOld(auditing, touched) : isQuiet(auditing, touched);
}

/** What is told where the stack's evidence allows no decision: nothing is removed then, however old the reference is. */
export function undecided(
  evidence: Extract<StackEvidence, { readonly state: 'changing' | 'unknown' }>,
  subject: FindingSubject,
): Finding {
  return evidence.state === 'changing'
    ? { kind: 'unsettled', ...subject, why: 'an operation on its stack has not ended', healed: false }
    : { kind: 'unknown', ...subject, why: evidence.why, healed: false };
}

/**
 * Where a resource was left out on the way back (ResourcesToSkip), it is listed with what it had on the way forth, while what depends on it runs again on
 * what it had before. So after a way back, what is older than the binding that the resource names may be in use. The next update that succeeds ends that.
 */
async function doubtOnTheWayBack(
  { domain: { store } }: Auditing,
  { resources, wentBack }: Settled,
  { resource, ...binding }: ReadBinding,
): Promise<string | undefined> {
  if (wentBack !== true) return undefined;
  const named = resources.find(({ logicalId }) => logicalId === resource.logicalId);
  const generation = named === undefined ? undefined : generationOf(named.physicalId);
  if (generation === undefined) return undefined;
  const made = recordsOf({ resource, ...binding }).map(({ value }) => value.at);
  for await (const { consumer } of listBindings(store, resource, generation)) {
    const record = await readBindingRecord(store, consumer);
    // What was made after it is what the operation made that was rolled back.
    if (record !== undefined && made.every((at) => isLater(at, record.value.at))) return undefined;
  }
  return 'the last operation on its stack was rolled back, and may have left out a resource that used it';
}

function usesOf(binding: ReadBinding): Pick<FindingSubject, 'arns' | 'digest'> {
  const arns = [...new Set(recordsOf(binding).flatMap(({ value }) => value.uses.map(({ arn }) => arn)))];
  const [only, ...others] = binding.records;
  return { arns, ...(only !== undefined && others.length === 0 && { digest: only.digest }) };
}
