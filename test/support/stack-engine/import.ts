import { obsoleteChangeSets } from './change-set-book.ts';
import { ResourceError, ValidationError } from './error.ts';
import { setResource, setStatus } from './history.ts';
import { resolve } from './intrinsic.ts';
import type { ResourceChange } from './preview.ts';
import { failOnPurpose } from './purpose.ts';
import { failureReason } from './removal.ts';
import { planOf } from './scope.ts';
import type { Deployment, Stack, StackTag } from './stack.ts';
import type { Value } from './value.ts';
import { canonical, mapOf, same } from './value.ts';
import { walk } from './walk.ts';
import type { World } from './world.ts';

/** Something that exists and is to belong to a stack. */
export interface ImportedResource {
  readonly logicalId: string;
  readonly type: string;
  /** Property → value. */
  readonly identifier: Readonly<Record<string, string>>;
}

/**
 * What CreateChangeSet refuses of an import, in CloudFormation's order and words: an import adds what it imports and changes nothing else.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html
 */
export function requireImport(
  imports: readonly ImportedResource[],
  planned: readonly ResourceChange[],
  stack: Stack,
  { deployment, tags }: { readonly deployment: Deployment; readonly tags: readonly StackTag[] },
  world: World,
): void {
  const declared = deployment.template.resources;
  const ids = imports.map(({ logicalId }) => logicalId);
  if (new Set(ids).size < ids.length) refuse('Every resource to import must have unique LogicalResourceId');
  refuseAny(
    ids.filter((id) => !(id in declared)),
    (names) => `The logical resource ids ${names} provided in ResourceToImport do not exist in the template.`,
  );
  for (const one of imports) requireIdentifier(one, declared[one.logicalId]?.type ?? '', world);
  const added = named(planned, ['Add']);
  if (added.length === 0) refuse('The template should contain at least one new resource to import.');
  refuseAny(
    ids.filter((id) => !added.includes(id)),
    (names) => `Resources ${names} passed in ResourceToImport are already in a stack and cannot be imported.`,
  );
  refuseAny(
    added.filter((id) => !ids.includes(id)),
    (names) => `Resources ${names} is missing from ResourceToImport list`,
  );
  refuseAny(
    named(planned, ['Modify', 'Remove']),
    (names) =>
      `You have modified resources ${names} in your template that are not being imported. Update, create or delete operations cannot be executed during import operations.`,
  );
  refuseAny(
    ids.filter((id) => declared[id]?.declaresDeletionPolicy !== true),
    (names) =>
      `The following resources to import ${names} must have DeletionPolicy attribute specified in the template.`,
  );
  const outputs = [stack.deployment, deployment].map(({ template }) => canonical(template.outputs as unknown as Value));
  refuseAny(
    [
      ...(outputs[0] === outputs[1] ? [] : ['Outputs']),
      ...(same(stack.tags as unknown as Value, tags as unknown as Value) ? [] : ['Tags']),
    ],
    (names) => `As part of the import operation, you cannot modify or add ${names}`,
  );
}

function refuse(message: string): never {
  throw new ValidationError(message);
}

function refuseAny(names: readonly string[], message: (names: string) => string): void {
  if (names.length > 0) refuse(message(`[${names.join(', ')}]`));
}

function named(changes: readonly ResourceChange[], actions: readonly string[]): readonly string[] {
  return changes.filter(({ Action: action }) => actions.includes(action)).map(({ LogicalResourceId: id }) => id);
}

function requireIdentifier({ logicalId, type, identifier }: ImportedResource, declared: string, world: World): void {
  const { importedBy } = world.provider(type);
  if (importedBy === undefined) refuse(`ResourceTypes [${type}] are not supported for Import`);
  if (Object.keys(identifier).join() !== importedBy) {
    refuse(`Invalid resource identifier for resource type ${type}. Expected [${importedBy}]`);
  }
  if (type !== declared) {
    refuse(
      `Resource type of [${logicalId}] passed in ResourceToImport does not match with resource type defined in the template. ` +
        `Resource type in ResourceToImport: ${type}; Resource type in Template: ${declared}.`,
    );
  }
}

/** The changes of an import that was not refused; throws where what it names is not there, or in a stack. */
export function importChanges(imports: readonly ImportedResource[], world: World): readonly ResourceChange[] {
  return imports.map(({ logicalId, type, identifier }) => {
    const [value = ''] = Object.values(identifier);
    requireFree(type, value, world);
    return {
      ...{ Action: 'Import', LogicalResourceId: logicalId, PhysicalResourceId: value, ResourceType: type },
      ...{ Scope: [], Details: [] },
    };
  });
}

/** What S3 and DynamoDB say of what is not there; of other types CloudFormation says it itself. */
const ABSENT: Readonly<Record<string, (value: string) => string>> = {
  'AWS::S3::Bucket': () => 'Bucket not found',
  'AWS::DynamoDB::Table': (value) => `Table: ${value} does not exist.`,
};

function requireFree(type: string, value: string, world: World): void {
  if (!world.taken.has(`${type} ${value}`)) {
    const absent = ABSENT[type]?.(value) ?? `Resource of type '${type}' with identifier '${value}' was not found.`;
    throw new ResourceError(absent);
  }
  const holder = holderOf(type, value, world);
  if (holder !== undefined) throw new ResourceError(`${value} already exists in stack ${holder.id}`);
}

/** The stack that a physical resource belongs to. */
export function holderOf(type: string, physicalId: string, world: World): Stack | undefined {
  return [...world.stacks.values()].find(
    ({ status, resources }) =>
      status !== 'DELETE_COMPLETE' &&
      [...resources.values()].some((one) => one.type === type && one.physicalId === physicalId),
  );
}

/** Takes what exists into a stack; what fails goes back to being in none. */
export async function importInto(
  stack: Stack,
  deployment: Deployment,
  imports: readonly ImportedResource[],
  world: World,
): Promise<Stack> {
  obsoleteChangeSets(stack, world);
  const before = stack.deployment;
  stack.deployment = deployment;
  stack.updated = new Date(world.scheduler.now);
  setStatus(stack, 'IMPORT_IN_PROGRESS', world, 'User Initiated');
  const { dependencies, scope } = planOf(stack, deployment, world);
  const failed = await walk(dependencies, world.scheduler, 'stop', async (id) => {
    const declared = deployment.template.resources[id];
    const one = imports.find(({ logicalId }) => logicalId === id);
    if (declared === undefined || one === undefined) return true;
    const properties = mapOf(resolve(declared.properties, scope));
    const next = { logicalId: id, type: one.type, properties, declared, dependencies: dependencies.get(id) ?? [] };
    return importOne(next, one, stack, world);
  });
  if (failed.length === 0) {
    setStatus(stack, 'IMPORT_COMPLETE', world);
    return stack;
  }
  setStatus(
    stack,
    'IMPORT_ROLLBACK_IN_PROGRESS',
    world,
    `The following resource(s) failed to import: [${failed.join(', ')}]. `,
  );
  await world.scheduler.turn();
  for (const { logicalId } of imports) {
    const imported = stack.resources.get(logicalId);
    stack.resources.delete(logicalId);
    if (imported !== undefined) setResource(stack, imported, 'IMPORT_ROLLBACK_COMPLETE', world);
  }
  stack.deployment = before;
  setStatus(stack, 'IMPORT_ROLLBACK_COMPLETE', world);
  return stack;
}

async function importOne(
  next: Pick<
    NonNullable<ReturnType<Stack['resources']['get']>>,
    'logicalId' | 'type' | 'properties' | 'declared' | 'dependencies'
  >,
  { identifier }: ImportedResource,
  stack: Stack,
  world: World,
): Promise<boolean> {
  const [physicalId = ''] = Object.values(identifier);
  const resource = { ...next, physicalId };
  setResource(stack, resource, 'IMPORT_IN_PROGRESS', world, 'Resource import started.');
  try {
    await failOnPurpose(stack, next.logicalId, 'Create', world);
    await world.scheduler.turn();
    requireFree(next.type, physicalId, world);
    const made = world.provider(next.type).adopt?.({ ...next, stack }, physicalId);
    if (made === undefined) throw new Error(`${next.type} can't be imported`);
    stack.resources.set(next.logicalId, { ...next, ...made });
  } catch (error) {
    setResource(stack, resource, 'IMPORT_FAILED', world, failureReason(error));
    return false;
  }
  setResource(stack, resource, 'IMPORT_COMPLETE', world, 'Resource import completed.');
  const reason = 'Apply stack-level tags to imported resource if applicable.';
  setResource(stack, resource, 'UPDATE_IN_PROGRESS', world, reason);
  setResource(stack, resource, 'UPDATE_COMPLETE', world);
  return true;
}
