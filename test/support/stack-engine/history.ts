import { isCustom } from './custom-resource.ts';
import type { ResourceStatus, Stack, StackResource, StackStatus } from './stack.ts';
import type { World } from './world.ts';

/** The stack is in this state from now on. */
export function setStatus(stack: Stack, status: StackStatus, world: World, reason?: string): void {
  stack.status = status;
  stack.reason = reason;
  record(
    stack,
    { logicalId: stack.name, physicalId: stack.id, type: 'AWS::CloudFormation::Stack' },
    status,
    world,
    reason,
  );
}

/** Something happened to a resource. What is shown of it changes, unless it was to a physical resource that another has replaced. */
export function setResource(
  stack: Stack,
  resource: Pick<StackResource, 'logicalId' | 'physicalId' | 'type'>,
  status: ResourceStatus,
  world: World,
  reason?: string,
): void {
  const timestamp = record(stack, resource, status, world, reason);
  const { logicalId, physicalId, type } = resource;
  const current = stack.resources.get(logicalId);
  if (status.startsWith('DELETE_') && current !== undefined && current.physicalId !== physicalId) return;
  stack.summaries.set(logicalId, { logicalId, type, physicalId, status, reason, timestamp });
}

function record(
  stack: Stack,
  { logicalId, physicalId, type }: Pick<StackResource, 'logicalId' | 'physicalId' | 'type'>,
  status: StackStatus | ResourceStatus,
  world: World,
  reason: string | undefined,
): Date {
  world.scheduler.pass(10);
  const timestamp = new Date(world.scheduler.now);
  stack.events.push({
    ...{ stackId: stack.id, stackName: stack.name, eventId: world.random.uuid() },
    ...{ logicalId, physicalId: physicalId ?? '', type, timestamp, status, reason },
  });
  return timestamp;
}

/** The ID that CloudFormation puts in the place of one that it was never told. */
export function inventedId(
  stack: Stack,
  { logicalId, type }: Pick<StackResource, 'logicalId' | 'type'>,
  world: World,
): string {
  if (!isCustom(type)) throw new Error(`'${logicalId}' has no physical ID`);
  return `${stack.name}-${logicalId}-${world.random.suffix()}`;
}
