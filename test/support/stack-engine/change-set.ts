import type { ChangeSet, ChangeSetType } from './change-set-book.ts';
import { changeSetsOf } from './change-set-book.ts';
import { requireCapabilities } from './capability.ts';
import { deploymentOf } from './deployment.ts';
import { findStack } from './describe.ts';
import { ResourceError, ServiceError, UnsupportedError, ValidationError } from './error.ts';
import { setStatus } from './history.ts';
import type { ImportedResource } from './import.ts';
import { importChanges, importInto, requireImport } from './import.ts';
import { reviewedStack, refuseWrong } from './nested.ts';
import { createStack, inBackground, requireUpdatable, updateStack } from './operation.ts';
import type { OnStackFailure } from './operation.ts';
import { chosenParameters } from './parameters.ts';
import { changesAnything, previewOf } from './preview.ts';
import type { Deployment, Stack, StackTag } from './stack.ts';
import { parseText, transformsOf } from './template.ts';
import type { Value, ValueMap } from './value.ts';
import { canonical, mapOf, same } from './value.ts';
import type { World } from './world.ts';
import { arnOf } from './world.ts';

/** A parameter as a client gives it. */
export interface GivenParameter {
  readonly key: string;
  readonly value: string | undefined;
  readonly previous: boolean;
}

/** What CreateChangeSet is asked, read. */
export interface ChangeSetRequest {
  readonly stackName: string;
  readonly name: string;
  readonly type: ChangeSetType;
  readonly source: string;
  readonly parameters: readonly GivenParameter[];
  readonly capabilities: readonly string[];
  readonly tags: readonly StackTag[] | undefined;
  readonly description: string | undefined;
  readonly onStackFailure: OnStackFailure | undefined;
  readonly imports: readonly ImportedResource[];
}

const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";
const NAME_CONFLICT =
  'The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.';
/** An import is complete with a reason. */
const IMPORT_REVIEW =
  'Verify that resources and their properties defined in the template match the intended configuration of the resource import to avoid unexpected changes.';

/**
 * Refuses what CloudFormation refuses at once; the rest comes of it in turns of its own. A template with transforms is looked at only then, and so is what it needs.
 */
export async function createChangeSet(request: ChangeSetRequest, world: World): Promise<ChangeSet> {
  const written = parseText(request.source);
  const previous = reviewable(findStack(request.stackName, world))?.deployment.parameters ?? {};
  const given = givenParameters(request.parameters, previous);
  const declarations = mapOf(written['Parameters']) as Readonly<Record<string, ValueMap>>;
  const parameters = chosenParameters(declarations, given, {});
  const deployment = isTransformed(written) ? undefined : await deploymentOf(request.source, given, {}, world);
  // Nothing waits from here on: what is looked at is what the change set is made for.
  const { stack, isNew } = stackFor(request, world);
  requireNameFree(request, parameters, stack, world);
  const tags = request.tags ?? stack.tags;
  if (deployment !== undefined) {
    refuseWrong(stack, deployment, world);
    requireCapabilities(deployment.template, request.capabilities);
    if (request.type === 'IMPORT') {
      requireImport(request.imports, previewOf(stack, deployment, world).changes, stack, { deployment, tags }, world);
    }
  }
  if (isNew) {
    world.stacks.set(stack.id, stack);
    setStatus(stack, 'REVIEW_IN_PROGRESS', world, 'User Initiated');
  }
  const set: ChangeSet = {
    ...{ id: arnOf(world, 'cloudformation', `changeSet/${request.name}/${world.random.uuid()}`), name: request.name },
    ...{ stack, type: request.type, created: new Date(world.scheduler.now), source: request.source, parameters, tags },
    ...{ capabilities: request.capabilities, description: request.description, imports: request.imports },
    ...{ onStackFailure: request.onStackFailure, deployment: undefined, changes: [], conflicts: [], listed: true },
    ...{ status: 'CREATE_PENDING', statusReason: undefined, executionStatus: 'UNAVAILABLE' },
  };
  world.changeSets.set(set.id, set);
  inBackground(() => complete(set, deployment, given, world), world);
  return set;
}

function reviewable(stack: Stack | undefined): Stack | undefined {
  return stack?.status === 'REVIEW_IN_PROGRESS' ? undefined : stack;
}

function isTransformed(written: ValueMap): boolean {
  return transformsOf(written).length > 0 || canonical(written).includes('"Fn::Transform":');
}

function givenParameters(
  parameters: readonly GivenParameter[],
  previous: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    parameters.map(({ key, value, previous: takesPrevious }) => {
      const wrong = (what: string): ValidationError =>
        new ValidationError(`Invalid input for parameter key ${key}. ${what}`);
      if (takesPrevious && value !== undefined) {
        throw wrong('Cannot specify usePreviousValue as true and also pass in a value for the parameter key');
      }
      const chosen = takesPrevious ? previous[key] : value;
      if (chosen !== undefined) return [key, chosen];
      throw wrong(
        takesPrevious
          ? 'Cannot specify usePreviousValue as true for a parameter key not in the previous template'
          : 'Either a value or usePreviousValue is required',
      );
    }),
  );
}

/** The stack that a change set is for. A new one is in no book yet. */
function stackFor(
  { type, stackName, name }: ChangeSetRequest,
  world: World,
): { readonly stack: Stack; readonly isNew: boolean } {
  const stack = findStack(stackName, world);
  if (stack?.status === 'REVIEW_IN_PROGRESS' && type !== 'UPDATE') return { stack, isNew: false };
  if (type === 'CREATE' && stack !== undefined) {
    throw new ValidationError(
      `Stack [${stackName}] already exists and cannot be created again with the changeSet [${name}].`,
    );
  }
  const living = stack?.status === 'DELETE_COMPLETE' ? undefined : reviewable(stack);
  if (living !== undefined) {
    requireUpdatable(living);
    return { stack: living, isNew: false };
  }
  if (type === 'UPDATE' || stackName.startsWith('arn:')) {
    throw new ValidationError(`Stack [${stackName}] does not exist`);
  }
  return { stack: reviewedStack(stackName, world), isNew: true };
}

/** Names are unique for a stack, and CloudFormation says of what differs first; what it says where nothing does is not known. */
function requireNameFree(
  { name, source }: ChangeSetRequest,
  parameters: Readonly<Record<string, string>>,
  stack: Stack,
  world: World,
): void {
  const other = changeSetsOf(stack, world).find((one) => one.name === name);
  if (other === undefined) return;
  const differs = other.source !== source ? 'Template' : same(other.parameters, parameters) ? undefined : 'Parameters';
  throw new ServiceError(
    'AlreadyExistsException',
    differs === undefined
      ? `ChangeSet ${name} already exists`
      : `ChangeSet ${name} cannot be created due to a mismatch with existing attribute ${differs}`,
  );
}

async function complete(
  set: ChangeSet,
  known: Deployment | undefined,
  given: Readonly<Record<string, string>>,
  world: World,
): Promise<void> {
  await world.scheduler.turn();
  set.status = 'CREATE_IN_PROGRESS';
  await world.scheduler.turn();
  try {
    const deployment = known ?? (await deploymentOf(set.source, given, {}, world));
    set.changes = plannedChanges(set, deployment, world);
    set.deployment = deployment;
    set.status = 'CREATE_COMPLETE';
    set.statusReason = set.type === 'IMPORT' ? IMPORT_REVIEW : undefined;
    set.executionStatus = set.listed ? 'AVAILABLE' : 'OBSOLETE';
  } catch (error) {
    if (!(error instanceof ValidationError || error instanceof ResourceError || error instanceof UnsupportedError)) {
      throw error;
    }
    set.status = 'FAILED';
    set.statusReason = error.message;
  }
}

function plannedChanges(set: ChangeSet, deployment: Deployment, world: World): ChangeSet['changes'] {
  const { stack, imports } = set;
  refuseWrong(stack, deployment, world);
  const { changes, conflicts } = previewOf(stack, deployment, world);
  if (set.type === 'IMPORT') {
    requireImport(imports, changes, stack, { deployment, tags: set.tags }, world);
    return importChanges(imports, world);
  }
  if (!changesAnything(stack, deployment, changes) && same(tagsOf(stack.tags), tagsOf(set.tags))) {
    throw new ValidationError(NO_CHANGES);
  }
  if (world.earlyValidation && conflicts.length > 0) {
    set.conflicts = conflicts;
    throw new ValidationError(NAME_CONFLICT);
  }
  return changes;
}

function tagsOf(tags: readonly StackTag[]): Value {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** Begins what was planned; a second execution, and one of what is planned no more, is refused. */
export function executeChangeSet(set: ChangeSet, world: World): void {
  const { stack, deployment } = set;
  if (set.status !== 'CREATE_COMPLETE' || deployment === undefined) throw notExecutable(set, 'status', set.status);
  if (set.executionStatus !== 'AVAILABLE') throw notExecutable(set, 'execution status', set.executionStatus);
  requireCapabilities(deployment.template, set.capabilities);
  if (stack.status !== 'REVIEW_IN_PROGRESS') requireUpdatable(stack);
  set.executionStatus = 'EXECUTE_IN_PROGRESS';
  stack.capabilities = set.capabilities;
  stack.tags = set.tags;
  stack.changeSetId = set.id;
  inBackground(async () => {
    await carryOut(set, deployment, world);
    const well = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'].includes(stack.status);
    set.executionStatus = well ? 'EXECUTE_COMPLETE' : 'EXECUTE_FAILED';
    set.listed = false;
    world.happenings.happened(`operation ${stack.id}`);
  }, world);
}

function carryOut(set: ChangeSet, deployment: Deployment, world: World): Promise<Stack> {
  switch (set.type) {
    case 'CREATE':
      return createStack(set.stack, deployment, world, set.onStackFailure);
    case 'UPDATE':
      return updateStack(set.stack, deployment, world);
    case 'IMPORT':
      return importInto(set.stack, deployment, set.imports, world);
  }
}

function notExecutable({ id }: ChangeSet, what: string, status: string): ServiceError {
  return new ServiceError(
    'InvalidChangeSetStatus',
    `ChangeSet [${id}] cannot be executed in its current ${what} of [${status}]`,
  );
}

/** A stack in review stays there. */
export function deleteChangeSet(set: ChangeSet, world: World): void {
  if (set.status.startsWith('CREATE_') && set.status !== 'CREATE_COMPLETE') throw underWay();
  if (set.executionStatus === 'EXECUTE_IN_PROGRESS') throw underWay();
  world.changeSets.delete(set.id);
}

function underWay(): ServiceError {
  return new ServiceError(
    'InvalidChangeSetStatus',
    'An operation on this ChangeSet is currently in progress.  Please attempt this operation again later.',
  );
}
