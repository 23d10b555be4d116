import { customAttribute, isCustom } from './custom-resource.ts';
import { ResourceError, ValidationError } from './error.ts';
import { importedValue } from './export.ts';
import type { Scope } from './intrinsic.ts';
import { holds, namedIn } from './intrinsic.ts';
import { parameterValue } from './parameters.ts';
import type { Deployment, Stack } from './stack.ts';
import { pseudoParameter } from './stack.ts';
import type { Value } from './value.ts';
import type { Dependencies } from './walk.ts';
import { requireNoCircle } from './walk.ts';
import type { World } from './world.ts';

/** What names mean in this stack, deployed like this, at the moment that they are looked up. */
export function scopeOf(stack: Stack, { template, parameters }: Deployment, world: World): Scope {
  const physical = (logicalId: string): NonNullable<ReturnType<typeof stack.resources.get>> => {
    const resource = stack.resources.get(logicalId);
    if (resource === undefined) throw unresolved(logicalId);
    return resource;
  };
  return {
    template,
    parameter: (name) => {
      const text = parameters[name];
      if (text !== undefined) return parameterValue(template.parameters[name], text);
      return pseudoParameter(name, stack, world.region, world.account);
    },
    imported: (name) => importedValue(name, world),
    ref: (logicalId) => physical(logicalId).physicalId,
    attribute: (logicalId, name): Value => {
      const { type, attributes, requestId } = physical(logicalId);
      if (isCustom(type)) return customAttribute(attributes, name, { stackId: stack.id, logicalId, requestId });
      const value = attributes[name];
      if (value !== undefined) return value;
      throw new ResourceError(`Requested attribute ${name} does not exist in schema for ${type}`);
    },
  };
}

export interface Plan {
  readonly scope: Scope;
  /** The resources whose conditions hold, each with those that come before it. */
  readonly dependencies: Dependencies;
}

/** What the template asks for with these parameters; everything wrong with its names is refused here. */
export function planOf(stack: Stack, deployment: Deployment, world: World): Plan {
  const scope = scopeOf(stack, deployment, world);
  const { resources, outputs, conditions } = deployment.template;
  for (const name of Object.keys(conditions)) holds(name, scope);
  const wanted = (condition: string | undefined): boolean => condition === undefined || holds(condition, scope);
  const active = Object.keys(resources).filter((id) => wanted(resources[id]?.condition));
  const known = (name: string): boolean =>
    name === 'AWS::NoValue' || scope.parameter(name) !== undefined || active.includes(name);
  const missing = new Set<string>();
  const dependencies = new Map<string, readonly string[]>();
  for (const id of active) {
    const { properties, dependsOn } = resources[id] ?? { properties: {}, dependsOn: [] };
    const named = [...namedIn(properties, scope)];
    for (const name of [...named.filter((one) => !known(one)), ...dependsOn.filter((one) => !(one in resources))])
      missing.add(name);
    dependencies.set(
      id,
      [...new Set([...named, ...dependsOn])].filter((name) => active.includes(name)),
    );
  }
  for (const output of Object.values(outputs)) {
    if (!wanted(output.condition)) continue;
    for (const name of namedIn([output.value, output.export], scope)) if (!known(name)) missing.add(name);
  }
  if (missing.size > 0) throw unresolved([...missing].join(', '));
  requireNoCircle(dependencies);
  return { scope, dependencies };
}

function unresolved(names: string): ValidationError {
  return new ValidationError(
    `Template format error: Unresolved resource dependencies [${names}] in the Resources block of the template`,
  );
}
