import { ServiceError, ValidationError } from './error.ts';
import type { ImportedResource } from './import.ts';
import type { OnStackFailure } from './operation.ts';
import type { NameConflict, ResourceChange } from './preview.ts';
import type { Deployment, Stack, StackTag } from './stack.ts';
import type { World } from './world.ts';

export type ChangeSetType = 'CREATE' | 'UPDATE' | 'IMPORT';

/** What a client asked for, and what came of it. The words are CloudFormation's own. */
export interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stack: Stack;
  readonly type: ChangeSetType;
  readonly created: Date;
  /** The text of the template, before its transforms. */
  readonly source: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly tags: readonly StackTag[];
  readonly description: string | undefined;
  readonly onStackFailure: OnStackFailure | undefined;
  readonly imports: readonly ImportedResource[];
  status: 'CREATE_PENDING' | 'CREATE_IN_PROGRESS' | 'CREATE_COMPLETE' | 'FAILED';
  statusReason: string | undefined;
  executionStatus:
    'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_IN_PROGRESS' | 'EXECUTE_COMPLETE' | 'EXECUTE_FAILED' | 'OBSOLETE';
  /** Known once it is complete. */
  deployment: Deployment | undefined;
  changes: readonly ResourceChange[];
  /** Why its early validation failed. */
  conflicts: readonly NameConflict[];
  /** An executed or obsolete one is found by its ID alone once its stack has settled. */
  listed: boolean;
}

/** An operation has begun: what was planned before it is for a stack that is not there any more. */
export function obsoleteChangeSets(stack: Stack, world: World): void {
  for (const one of world.changeSets.values()) {
    if (one.stack !== stack || one.executionStatus === 'EXECUTE_IN_PROGRESS') continue;
    if (one.executionStatus === 'AVAILABLE') one.executionStatus = 'OBSOLETE';
    one.listed = false;
  }
}

export function changeSetsOf(stack: Stack, world: World): readonly ChangeSet[] {
  return [...world.changeSets.values()].filter((one) => one.stack === stack && one.listed);
}

/** By ID, or by name and stack. */
export function findChangeSet(
  name: string | undefined,
  stackNamed: (need: string) => Stack,
  stackName: string | undefined,
  world: World,
): ChangeSet | undefined {
  if (name?.startsWith('arn:') === true) return world.changeSets.get(name);
  if (stackName === undefined) {
    throw new ValidationError('StackName must be specified if ChangeSetName is not specified as an ARN.');
  }
  const stack = stackNamed(stackName);
  return changeSetsOf(stack, world).find((one) => one.name === name);
}

export function noSuchChangeSet(name: string | undefined): ServiceError {
  return new ServiceError('ChangeSetNotFound', `ChangeSet [${name ?? ''}] does not exist`, 404);
}
