import { resourceKey } from './custom-resource.ts';
import { ResourceError } from './error.ts';
import type { Stack } from './stack.ts';
import type { World } from './world.ts';

/** Fails where a test's plan says so. */
export async function failOnPurpose(
  stack: Stack,
  logicalId: string,
  on: 'Create' | 'Update' | 'Delete',
  world: World,
): Promise<void> {
  const [failure] = world.faults.take('fail', { stack: stack.name, logicalId, on });
  if (failure === undefined) return;
  if (failure.whileInFlight !== undefined) {
    const other = resourceKey(stack.id, failure.whileInFlight);
    await world.happenings.more(`sent ${other}`, world.inFlight.has(other) ? 0 : 1);
  }
  throw new ResourceError(failure.reason ?? `${on} of ${logicalId} fails on purpose`);
}
