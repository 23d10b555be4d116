import { ResourceError } from './error.ts';
import { functionOf, resolve } from './intrinsic.ts';
import type { Scope } from './intrinsic.ts';
import type { Stack, StackOutput } from './stack.ts';
import type { Value } from './value.ts';
import { isList, isMap, textOf } from './value.ts';
import type { World } from './world.ts';

export interface Export {
  readonly name: string;
  readonly value: string;
  readonly stack: Stack;
}

export function exportsOf(world: World): readonly Export[] {
  return [...world.stacks.values()]
    .filter(({ status }) => status !== 'DELETE_COMPLETE')
    .flatMap((stack) =>
      stack.outputs.flatMap(({ exportName: name, value }) => (name === undefined ? [] : [{ name, value, stack }])),
    );
}

export function importedValue(name: string, world: World): string {
  const found = exportsOf(world).find((one) => one.name === name)?.value ?? world.foreignExports.get(name);
  if (found === undefined) throw new ResourceError(`No export named ${name} found.`);
  return found;
}

/** Stacks that use an export, by name. */
export function importersOf(name: string, world: World): readonly Stack[] {
  return [...world.stacks.values()].filter(({ status, imports }) => status !== 'DELETE_COMPLETE' && imports.has(name));
}

/** The exports that a template uses, whatever its conditions say. */
export function importsIn(value: Value, scope: Scope, found: Set<string> = new Set()): Set<string> {
  if (isMap(value) && functionOf(value) === 'Fn::ImportValue') {
    const name = textOf(resolve(value['Fn::ImportValue'], scope));
    if (name !== undefined) found.add(name);
  } else if (isMap(value) || isList(value)) {
    for (const part of Object.values(value)) importsIn(part, scope, found);
  }
  return found;
}

/** Throws where these outputs, in the place of the stack's own, would take from others what they use or have. */
export function requireExportsAllowed(stack: Stack, outputs: readonly StackOutput[], world: World): void {
  for (const { exportName, value } of stack.outputs) {
    if (exportName === undefined) continue;
    const after = outputs.find((output) => output.exportName === exportName);
    if (after?.value === value) continue;
    const users = importersOf(exportName, world).filter((one) => one !== stack);
    if (users.length === 0) continue;
    const what = after === undefined ? 'deleted' : 'updated';
    throw new ResourceError(
      `Export ${exportName} cannot be ${what} as it is in use by ${users.map(({ name }) => name).join(', ')}`,
    );
  }
  for (const { exportName } of outputs) {
    const other = exportsOf(world).find(({ name, stack: owner }) => name === exportName && owner !== stack);
    if (other !== undefined)
      throw new ResourceError(`Export with name ${other.name} is already exported by stack ${other.stack.name}.`);
  }
}
