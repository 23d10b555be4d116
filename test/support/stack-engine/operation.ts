import { obsoleteChangeSets } from './change-set-book.ts';
import { Change } from './change.ts';
import { ValidationError } from './error.ts';
import { setStatus } from './history.ts';
import { newStack, refuseWrong } from './nested.ts';
import type { RemovalOptions } from './removal.ts';
import { removeStack } from './removal.ts';
import type { Deployment, Stack, StackStatus } from './stack.ts';
import type { World } from './world.ts';

/**
 * What can be done to a whole stack. Each refuses, or puts the stack in its new state, before it first waits; a stack that is in progress is refused everything.
 * When one begins, the stack's change sets are obsolete.
 */

const UPDATABLE = new Set<StackStatus>([
  ...(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'] as const),
  ...(['IMPORT_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE'] as const),
]);

/** An operation whose caller does not wait for it; what breaks in it is a defect of this engine. */
export function inBackground(act: () => Promise<void>, world: World): void {
  world.scheduler.begin(act).catch((error: unknown) => world.lambda.defects.push(error));
}

/** What is done with a stack whose creation fails. */
export type OnStackFailure = 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';

/** Of a stack in review, whose name and ID are there already, or of one that is not there at all. */
export async function createStack(
  nameOrReviewed: string | Stack,
  deployment: Deployment,
  world: World,
  onFailure: OnStackFailure = 'ROLLBACK',
): Promise<Stack> {
  const stack =
    typeof nameOrReviewed === 'string' ? newStack(nameOrReviewed, deployment, undefined, world) : nameOrReviewed;
  refuseWrong(stack, deployment, world);
  obsoleteChangeSets(stack, world);
  const change = new Change(world, stack, 'create', deployment);
  const reason = await change.forward();
  if (reason === undefined) return stack;
  if (onFailure === 'ROLLBACK') {
    await change.rollback(reason);
    return stack;
  }
  stack.pending = undefined;
  setStatus(stack, 'CREATE_FAILED', world, reason);
  if (onFailure === 'DELETE') await removeStack(stack, world);
  return stack;
}

export function requireUpdatable(stack: Stack): void {
  if (UPDATABLE.has(stack.status)) return;
  throw new ValidationError(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
}

export async function updateStack(stack: Stack, deployment: Deployment, world: World): Promise<Stack> {
  requireUpdatable(stack);
  refuseWrong(stack, deployment, world);
  obsoleteChangeSets(stack, world);
  const change = new Change(world, stack, 'update', deployment);
  const reason = await change.forward();
  if (reason !== undefined) await change.rollback(reason);
  if (stack.status !== 'UPDATE_ROLLBACK_FAILED') await change.cleanup();
  return stack;
}

export function requireFailedRollback({ id, status }: Stack): void {
  if (status === 'UPDATE_ROLLBACK_FAILED') return;
  throw new ValidationError(
    `Stack:${id} is in ${status} state and can not continue rolling back: it is not in UPDATE_ROLLBACK_FAILED`,
  );
}

/** Tries the way back of a failed rollback again, and leaves the resources in `skip` in whatever state they are. */
export async function continueRollback(stack: Stack, skip: readonly string[]): Promise<Stack> {
  requireFailedRollback(stack);
  const { pending } = stack;
  await (pending as Change | undefined)?.rollback(undefined, skip);
  if (!hasFailed(stack)) await pending?.cleanup();
  return stack;
}

/** Asked anew: the status is another than before. */
function hasFailed({ status }: Stack): boolean {
  return status === 'UPDATE_ROLLBACK_FAILED';
}

export function requireDeletable({ id, status }: Stack, { retain }: RemovalOptions): void {
  if (status.endsWith('IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS') {
    throw new ValidationError(`Stack [${id}] cannot be deleted while in status ${status}`);
  }
  if (retain !== undefined && status !== 'DELETE_FAILED') {
    throw new ValidationError(`Invalid operation on stack ${id}: RetainResources needs the state DELETE_FAILED`);
  }
}

/** One that is gone already stays so, and so does one whose export is in use. */
export async function deleteStack(stack: Stack, world: World, options: RemovalOptions = {}): Promise<Stack> {
  if (stack.status === 'DELETE_COMPLETE') return stack;
  requireDeletable(stack, options);
  obsoleteChangeSets(stack, world);
  stack.pending = undefined;
  await removeStack(stack, world, options);
  return stack;
}
