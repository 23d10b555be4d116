import { isCustom } from './custom-resource.ts';
import { ResourceError, ValidationError } from './error.ts';
import type { Scope } from './intrinsic.ts';
import { namedIn, resolve } from './intrinsic.ts';
import { planOf } from './scope.ts';
import type { Dependencies } from './walk.ts';
import type { Deployment, Stack, StackResource } from './stack.ts';
import type { TemplateResource } from './template.ts';
import type { Value, ValueMap } from './value.ts';
import { canonical, mapOf, same } from './value.ts';
import type { World } from './world.ts';

/** A change as DescribeChangeSet shows it. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html */
export interface ResourceChange {
  readonly Action: 'Add' | 'Modify' | 'Remove' | 'Import';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string | undefined;
  readonly ResourceType: string;
  readonly PolicyAction?: 'Delete' | 'Retain' | 'ReplaceAndDelete' | 'ReplaceAndRetain';
  readonly Replacement?: 'True' | 'False' | 'Conditional';
  readonly Scope: readonly string[];
  readonly Details: readonly ChangeDetail[];
}

interface ChangeDetail {
  readonly Target: {
    readonly Attribute: string;
    readonly Name?: string;
    readonly RequiresRecreation: 'Always' | 'Never';
  };
  readonly Evaluation: 'Static' | 'Dynamic';
  readonly ChangeSource:
    'DirectModification' | 'ParameterReference' | 'ResourceReference' | 'ResourceAttribute' | 'Automatic';
  readonly CausingEntity?: string;
}

/** A resource to be created whose name something outside of this stack, or in it, has already. */
export interface NameConflict {
  readonly logicalId: string;
  readonly type: string;
  readonly reason: string;
}

export interface Preview {
  readonly changes: readonly ResourceChange[];
  readonly conflicts: readonly NameConflict[];
}

/** What CloudFormation shows in the place of what only the deployment will tell. */
const KNOWN_AFTER_APPLY = '{{changeSet:KNOWN_AFTER_APPLY}}';

interface Cause {
  readonly source: 'ResourceReference' | 'ResourceAttribute';
  readonly entity: string;
}

interface Foreseen {
  readonly value: Value;
  /** What of it only the deployment will tell. */
  readonly causes: readonly Cause[];
}

/** What an operation with this deployment would do. Everything wrong with the template's names is refused here. */
export function previewOf(stack: Stack, deployment: Deployment, world: World): Preview {
  const { scope, dependencies } = planOf(stack, deployment, world);
  const declared = deployment.template.resources;
  const changes = new Map<string, ResourceChange>();
  const conflicts: NameConflict[] = [];
  const foresee = (value: Value): Foreseen => foreseen(value, scope, stack, changes);
  for (const id of inOrder(dependencies)) {
    const next = declared[id];
    if (next === undefined) continue;
    const before = stack.resources.get(id);
    const change = before === undefined ? added(id, next) : modified(before, next, scope, foresee, world);
    if (change !== undefined) changes.set(id, change);
    const conflict = before === undefined ? nameConflict(id, next, foresee, world) : undefined;
    if (conflict !== undefined) conflicts.push(conflict);
  }
  // In the order of the templates, and not in that in which the resources happened to be made.
  const done = Object.keys(declared).flatMap((id) => changes.get(id) ?? []);
  const removed = Object.keys(stack.deployment.template.resources).flatMap((id) => {
    const resource = stack.resources.get(id);
    return resource === undefined || dependencies.has(id) ? [] : [gone(resource)];
  });
  return { changes: [...done, ...removed], conflicts };
}

/** Whether there is anything to do: CloudFormation makes no change set of nothing. */
export function changesAnything(stack: Stack, deployment: Deployment, changes: readonly ResourceChange[]): boolean {
  const { template, parameters } = stack.deployment;
  return (
    changes.length > 0 ||
    canonical(template.outputs as unknown as Value) !== canonical(deployment.template.outputs as unknown as Value) ||
    !same(parameters, deployment.parameters)
  );
}

function inOrder(dependencies: Dependencies): readonly string[] {
  const order = new Set<string>();
  const visit = (id: string): void => {
    if (order.has(id)) return;
    for (const before of dependencies.get(id) ?? []) visit(before);
    order.add(id);
  };
  for (const id of dependencies.keys()) visit(id);
  return [...order];
}

/** What a property will be; what resources give that are yet to be made, or may be made anew, is not known. */
function foreseen(value: Value, scope: Scope, stack: Stack, changes: ReadonlyMap<string, ResourceChange>): Foreseen {
  const causes: Cause[] = [];
  const known: Scope = {
    ...scope,
    ref: (id) => {
      const change = changes.get(id);
      if (change === undefined || change.Replacement === 'False') return scope.ref(id);
      causes.push({ source: 'ResourceReference', entity: id });
      return KNOWN_AFTER_APPLY;
    },
    attribute: (id, name) => {
      if (!changes.has(id) && stack.resources.has(id)) return scope.attribute(id, name);
      causes.push({ source: 'ResourceAttribute', entity: `${id}.${name}` });
      return KNOWN_AFTER_APPLY;
    },
  };
  try {
    return { value: resolve(value, known), causes };
  } catch (error) {
    // A list that is not known yet has no second member; an export that is not there fails the operation, and no change set.
    if (!(error instanceof ResourceError || error instanceof ValidationError)) throw error;
    return { value: KNOWN_AFTER_APPLY, causes };
  }
}

function added(id: string, { type }: TemplateResource): ResourceChange {
  return { Action: 'Add', LogicalResourceId: id, ResourceType: type, Scope: [], Details: [] };
}

function gone({ logicalId, physicalId, type, declared }: StackResource): ResourceChange {
  return {
    Action: 'Remove',
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    PolicyAction: declared.deletionPolicy === 'Delete' ? 'Delete' : 'Retain',
    Scope: [],
    Details: [],
  };
}

function modified(
  before: StackResource,
  next: TemplateResource,
  scope: Scope,
  foresee: (value: Value) => Foreseen,
  world: World,
): ResourceChange | undefined {
  const ofProperties = propertyDetails(before, next, scope, foresee, world);
  const ofAttributes = attributeDetails(before.declared, next);
  const nested = before.type === 'AWS::CloudFormation::Stack' && ofProperties.length === 0 ? [NESTED] : [];
  const details = [...ofProperties, ...nested, ...ofAttributes];
  if (details.length === 0) return undefined;
  const replacement = replacementOf(before.type, ofProperties);
  return {
    Action: 'Modify',
    LogicalResourceId: before.logicalId,
    PhysicalResourceId: before.physicalId,
    ResourceType: before.type,
    ...(replacement === 'True' && {
      PolicyAction: before.declared.updateReplacePolicy === 'Retain' ? 'ReplaceAndRetain' : 'ReplaceAndDelete',
    }),
    Replacement: replacement,
    Scope: [...new Set(details.map(({ Target: { Attribute: attribute } }) => attribute))],
    Details: details,
  };
}

/** A nested stack may always have changed; without IncludeNestedStacks nobody looks. */
const NESTED: ChangeDetail = {
  Target: { Attribute: 'Properties', RequiresRecreation: 'Never' },
  Evaluation: 'Dynamic',
  ChangeSource: 'Automatic',
};

function replacementOf(type: string, details: readonly ChangeDetail[]): 'True' | 'False' | 'Conditional' {
  const always = details.filter(({ Target: { RequiresRecreation: recreation } }) => recreation === 'Always');
  if (always.some(({ Evaluation: evaluation }) => evaluation === 'Static')) return 'True';
  // A custom resource decides by its answer.
  return always.length > 0 || (isCustom(type) && details.length > 0) ? 'Conditional' : 'False';
}

function propertyDetails(
  before: StackResource,
  next: TemplateResource,
  scope: Scope,
  foresee: (value: Value) => Foreseen,
  world: World,
): readonly ChangeDetail[] {
  const [raw, rawBefore] = [mapOf(next.properties), mapOf(before.declared.properties)];
  const names = [...new Set([...Object.keys(before.properties), ...Object.keys(raw)])];
  return names.flatMap((name): readonly ChangeDetail[] => {
    const { value, causes } = foresee(raw[name]);
    if (causes.length === 0 && same(value, before.properties[name])) return [];
    const Target = {
      Attribute: 'Properties',
      Name: name,
      RequiresRecreation: recreates(before, { ...before.properties, [name]: value }, world) ? 'Always' : 'Never',
    } as const;
    if (causes.length > 0) {
      return causes.map(({ source, entity }) => ({
        ...{ Target, Evaluation: 'Dynamic', ChangeSource: source, CausingEntity: entity },
      }));
    }
    const parameter = same(raw[name], rawBefore[name]) ? parameterIn(raw[name], scope) : undefined;
    if (parameter === undefined) return [{ Target, Evaluation: 'Static', ChangeSource: 'DirectModification' }];
    return [{ Target, Evaluation: 'Static', ChangeSource: 'ParameterReference', CausingEntity: parameter }];
  });
}

function recreates({ type, properties }: StackResource, after: ValueMap, world: World): boolean {
  try {
    return world.provider(type).replaces(properties, after);
  } catch (error) {
    if (!(error instanceof ResourceError)) throw error;
    return false;
  }
}

/** The first parameter that a value names. */
function parameterIn(value: Value, scope: Scope): string | undefined {
  return [...namedIn(value, scope)].find((name) => name in scope.template.parameters);
}

function attributeDetails(before: TemplateResource, next: TemplateResource): readonly ChangeDetail[] {
  const changed = [
    ...(before.deletionPolicy === next.deletionPolicy ? [] : ['DeletionPolicy']),
    ...(before.updateReplacePolicy === next.updateReplacePolicy ? [] : ['UpdateReplacePolicy']),
    ...(same(before.metadata, next.metadata) ? [] : ['Metadata']),
  ];
  return changed.map((Attribute) => ({
    Target: { Attribute, RequiresRecreation: 'Never' },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  }));
}

/**
 * CloudFormation looks for what has the name already when it makes a change set.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
 */
function nameConflict(
  id: string,
  { type, properties }: TemplateResource,
  foresee: (value: Value) => Foreseen,
  world: World,
): NameConflict | undefined {
  const { named } = world.provider(type);
  const given = named === undefined ? undefined : foresee(mapOf(properties)[named]);
  if (typeof given?.value !== 'string' || given.causes.length > 0 || !world.taken.has(`${type} ${given.value}`)) {
    return undefined;
  }
  return { logicalId: id, type, reason: `Resource of type '${type}' with identifier '${given.value}' already exists.` };
}
