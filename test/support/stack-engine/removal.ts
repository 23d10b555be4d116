import { messageOf, ResourceError, ValidationError } from './error.ts';
import { importersOf } from './export.ts';
import { failOnPurpose } from './purpose.ts';
import { inventedId, setResource, setStatus } from './history.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Dependencies } from './walk.ts';
import { reversed, walk } from './walk.ts';
import type { World } from './world.ts';

/** CloudFormation tries so often in a cleanup; then it forgets the resource. */
const CLEANUP_TRIES = 3;

/** Removes one physical resource. Whether it went well is in the events. */
async function removeResource(
  stack: Stack,
  resource: StackResource & { readonly physicalId: string },
  world: World,
): Promise<boolean> {
  setResource(stack, resource, 'DELETE_IN_PROGRESS', world);
  try {
    await failOnPurpose(stack, resource.logicalId, 'Delete', world);
    await world.provider(resource.type).remove({ ...resource, stack });
  } catch (error) {
    setResource(stack, resource, 'DELETE_FAILED', world, failureReason(error));
    return false;
  }
  setResource(stack, resource, 'DELETE_COMPLETE', world);
  return true;
}

/** The message of what a resource may fail with; anything else is this engine's own defect, and goes on. */
export function failureReason(error: unknown): string {
  if (error instanceof ResourceError || error instanceof ValidationError) return error.message;
  throw error instanceof Error ? error : new Error(messageOf(error));
}

/** What is left over after an update or its rollback: tried three times each, and whatever comes of it, the update is done. */
export async function cleanUp(stack: Stack, doomed: readonly StackResource[], world: World): Promise<void> {
  const keyed = new Map(doomed.map((resource, index) => [String(index), withId(stack, resource, world)]));
  const dependencies: Dependencies = new Map(
    [...keyed].map(([key, { logicalId }]) => [
      key,
      [...keyed].filter(([, other]) => other.dependencies.includes(logicalId)).map(([other]) => other),
    ]),
  );
  await walk(dependencies, world.scheduler, 'regardless', async (key) => {
    const resource = keyed.get(key);
    if (resource === undefined) return true;
    for (let tries = 0; tries < CLEANUP_TRIES; tries += 1) {
      if (await removeResource(stack, resource, world)) break;
    }
    return true;
  });
}

/** All of a stack's resources, those first that nothing depends on; answers the logical IDs of those that could not be removed. */
export async function removeAll(
  stack: Stack,
  world: World,
  keeps: (resource: StackResource) => boolean,
  unremovable: 'stay' | 'are forgotten' = 'stay',
): Promise<readonly string[]> {
  const dependencies = reversed(new Map([...stack.resources].map(([id, resource]) => [id, resource.dependencies])));
  return walk(dependencies, world.scheduler, unremovable === 'stay' ? 'go on' : 'regardless', async (id) => {
    const found = stack.resources.get(id);
    if (found === undefined) return true;
    const resource = withId(stack, found, world);
    stack.resources.set(id, resource);
    if (keeps(resource)) setResource(stack, resource, 'DELETE_SKIPPED', world);
    else if (!(await removeResource(stack, resource, world)) && unremovable === 'stay') return false;
    stack.resources.delete(id);
    return true;
  });
}

/** From now on it has an ID, if an invented one: each try of a Delete names the same. */
function withId(stack: Stack, resource: StackResource, world: World): StackResource & { readonly physicalId: string } {
  return { ...resource, physicalId: resource.physicalId ?? inventedId(stack, resource, world) };
}

export interface RemovalOptions {
  /** Logical IDs that stay behind; only after a removal has failed. */
  readonly retain?: readonly string[];
  /** `force`: what can't be removed stays behind (FORCE_DELETE_STACK). */
  readonly mode?: 'force';
}

/** Deletes a stack. It answers whether it is gone; where one of its exports is in use it falls back to the state it had. */
export async function removeStack(stack: Stack, world: World, options: RemovalOptions = {}): Promise<boolean> {
  const { status } = stack;
  setStatus(stack, 'DELETE_IN_PROGRESS', world, 'User Initiated');
  await world.scheduler.turn();
  for (const { exportName } of stack.outputs) {
    const users = exportName === undefined ? [] : importersOf(exportName, world).filter((one) => one !== stack);
    if (users.length === 0) continue;
    const names = users.map(({ name }) => name).join(', ');
    setStatus(stack, status, world, `Export ${String(exportName)} cannot be deleted as it is in use by ${names}`);
    return false;
  }
  const keeps = ({ logicalId, declared: { deletionPolicy } }: StackResource): boolean =>
    options.retain?.includes(logicalId) === true ||
    deletionPolicy === 'Retain' ||
    deletionPolicy === 'RetainExceptOnCreate';
  const failed = await removeAll(stack, world, keeps, options.mode === 'force' ? 'are forgotten' : 'stay');
  if (failed.length > 0) {
    setStatus(stack, 'DELETE_FAILED', world, `The following resource(s) failed to delete: [${failed.join(', ')}]. `);
    return false;
  }
  stack.deleted = new Date(world.scheduler.now);
  setStatus(stack, 'DELETE_COMPLETE', world);
  return true;
}
