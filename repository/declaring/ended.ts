import { isLater } from '../binding.ts';
import { sha256 } from '../digest.ts';
import { readEndingOf, recordEnding } from '../ending.ts';
import { ArtifactError } from '../error.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Owner } from '../owner.ts';
import { ownerName, resourceOf } from '../owner.ts';
import type { Thing } from './thing.ts';
import { physicalIdOf } from './thing.ts';

/** Under it stands that something has been ended, beside other things that the resource has declared. */
export function endingOf(thing: Thing): string {
  return `declared-${sha256(physicalIdOf(thing) ?? '').slice(0, 32)}`;
}

/**
 * To be called before people end what a stack has declared: the event that declared it, and every earlier one, may come again, and brings it back no more. A later
 * operation of the stack's does.
 * @param owner as the record says
 * @throws ArtifactError CONTENTION
 */
export async function noteEnd(store: ObjectStore, thing: Thing, owner: Owner | undefined): Promise<void> {
  const where = owner && resourceOf(owner);
  if (where === undefined) return;
  const { requestId, issued } = owner as Owner;
  await recordEnding(store, where, endingOf(thing), { requestId, issued });
}

/**
 * Times have whole seconds. Of one second, a Delete comes after the Create that it gives up, and before nothing: CloudFormation has every other operation
 * answered first.
 * @throws ArtifactError SUPERSEDED
 */
export async function requireNotEnded(
  store: ObjectStore,
  thing: Thing,
  type: 'Create' | 'Update',
  owner: Owner,
): Promise<void> {
  const where = resourceOf(owner);
  const ending = where && (await readEndingOf(store, where, endingOf(thing)))?.value;
  if (ending === undefined) return;
  const { requestId, issued } = owner;
  const isBehind = isLater(issued, ending.issued) || (ending.issued === issued && type !== 'Create');
  if (isBehind && ending.requests[requestId] === undefined) return;
  throw new ArtifactError('SUPERSEDED', `what ${ownerName(owner)} declares was deleted since its ${type} began`, {
    remedy: 'CloudFormation gave the operation up, or people deleted it. Deploy again.',
  });
}
