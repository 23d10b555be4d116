import { Change } from './change.ts';
import { deploymentOf } from './deployment.ts';
import { ResourceError, ValidationError } from './error.ts';
import { setStatus } from './history.ts';
import type { Made, Provider, ResourceRequest } from './provider.ts';
import { LeavingFailure } from './provider.ts';
import { planOf } from './scope.ts';
import { removeStack } from './removal.ts';
import type { Deployment } from './stack.ts';
import { Stack } from './stack.ts';
import { isList, mapOf, mapValues, textOf } from './value.ts';
import type { World } from './world.ts';
import { arnOf } from './world.ts';

/** A new stack in the books. Whatever is wrong with its template is refused before. */
export function newStack(name: string, deployment: Deployment, parent: Stack | undefined, world: World): Stack {
  const id = arnOf(world, 'cloudformation', `stack/${name}/${world.random.uuid()}`);
  const stack = new Stack(id, name, deployment, new Date(world.scheduler.now), parent);
  refuseWrong(stack, deployment, world);
  world.stacks.set(id, stack);
  return stack;
}

/** A stack that is a name, an ID and nothing yet: that of a change set that creates. It is in no book. */
export function reviewedStack(name: string, world: World): Stack {
  const id = arnOf(world, 'cloudformation', `stack/${name}/${world.random.uuid()}`);
  return new Stack(id, name, NOTHING_DEPLOYED, new Date(world.scheduler.now), undefined);
}

const NOTHING_DEPLOYED: Deployment = {
  ...{ source: '', content: '', parameters: {} },
  template: {
    ...{ description: undefined, transforms: [], parameters: {}, mappings: {}, conditions: {} },
    ...{ resources: {}, outputs: {} },
  },
};

/** Names, types and parameters; an export that doesn't exist is the stack's failure and no refusal. */
export function refuseWrong(stack: Stack, deployment: Deployment, world: World): void {
  const { resources } = deployment.template;
  for (const { type } of Object.values(resources)) world.provider(type);
  const changed = [...stack.resources.values()].filter(
    ({ logicalId, type }) => (resources[logicalId]?.type ?? type) !== type,
  );
  if (changed.length > 0) {
    const names = changed.map(({ logicalId }) => logicalId).join(', ');
    throw new ValidationError(
      `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${names}]`,
    );
  }
  try {
    planOf(stack, deployment, world);
  } catch (error) {
    if (!(error instanceof ResourceError)) throw error;
  }
}

/** AWS::CloudFormation::Stack. Updates leave their cleanup, and their way back, to the root. */
export function nestedProvider(world: World): Provider {
  return {
    replaces: () => false,
    create: async (request) => {
      const deployment = await wanted(request, world);
      const child = asResourceError(() => newStack(nameFor(request, world), deployment, request.stack, world));
      const reason = await new Change(world, child, 'create', deployment).forward(request.cancellation);
      if (reason === undefined) return made(child);
      child.pending = undefined;
      setStatus(child, 'CREATE_FAILED', world, reason);
      throw new LeavingFailure(`Embedded stack ${child.id} was not successfully created: ${reason}`, child.id);
    },
    update: async (request) => {
      const child = stackOf(request.physicalId, world);
      if (request.stack.status === 'UPDATE_ROLLBACK_IN_PROGRESS') return rolledBack(child);
      const deployment = await wanted(request, world);
      if (child.deployment.content === deployment.content && sameParameters(child.deployment, deployment))
        return made(child);
      asResourceError(() => {
        refuseWrong(child, deployment, world);
      });
      const change = new Change(world, child, 'update', deployment);
      const reason = await change.forward(request.cancellation);
      if (reason === undefined) return made(child);
      await change.rollback(reason);
      throw new LeavingFailure(
        `Embedded stack ${child.id} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: ${reason}`,
        child.id,
      );
    },
    remove: async ({ physicalId }) => {
      const child = stackOf(physicalId, world);
      if (child.status === 'DELETE_COMPLETE') return;
      child.pending = undefined;
      if (!(await removeStack(child, world))) {
        throw new ResourceError(`Embedded stack ${child.id} was not successfully deleted: ${child.reason ?? ''}`);
      }
    },
  };
}

async function rolledBack(child: Stack): Promise<Made> {
  await child.pending?.rollback();
  if (child.status === 'UPDATE_ROLLBACK_FAILED') {
    throw new ResourceError(`Embedded stack ${child.id} was not successfully updated: ${child.reason ?? ''}`);
  }
  return made(child);
}

async function wanted({ properties }: ResourceRequest, world: World): Promise<Deployment> {
  const url = textOf(properties['TemplateURL']);
  if (url === undefined) throw new ResourceError('Property TemplateURL cannot be empty.');
  const source = await world.content.template(url);
  const given = mapValues(mapOf(properties['Parameters']), (value) =>
    isList(value) ? value.map(textOf).join() : (textOf(value) ?? ''),
  );
  try {
    return await deploymentOf(source, given, {}, world);
  } catch (error) {
    throw error instanceof ValidationError ? new ResourceError(error.message) : error;
  }
}

function asResourceError<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof ValidationError ? new ResourceError(error.message) : error;
  }
}

function nameFor({ stack, logicalId }: ResourceRequest, world: World): string {
  return `${stack.name}-${logicalId}-${world.random.suffix()}`;
}

function stackOf(id: string, world: World): Stack {
  const stack = world.stacks.get(id);
  if (stack === undefined) throw new ResourceError(`Stack with id ${id} does not exist`);
  return stack;
}

function made(child: Stack): Made {
  return {
    physicalId: child.id,
    attributes: Object.fromEntries(child.outputs.map(({ key, value }) => [`Outputs.${key}`, value])),
  };
}

function sameParameters(one: Deployment, other: Deployment): boolean {
  return JSON.stringify(one.parameters) === JSON.stringify(other.parameters);
}
