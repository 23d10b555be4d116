import { resolve } from './intrinsics.ts';
import type { Scope } from './intrinsics.ts';
import { isIntrinsic } from '../intrinsic.ts';
import type { Parameter, ParameterValues } from './parameters.ts';
import { Asked, NOTHING_KNOWN } from './parameters.ts';
import type { TemplateNode } from '../node.ts';
import { isList, isMap, isString, valueOf } from '../node.ts';
import type { Place } from '../place.ts';
import { follow } from '../site.ts';
import type { Template } from '../template.ts';

/** What a stack passes to the template that it nests. */
export interface Passed {
  readonly values: ParameterValues;
  /** The parameters around the stack from which a parameter's value is made. */
  readonly sourcesOf: (name: string) => ReadonlySet<string>;
}

/**
 * What a stack passes to the template that a place in its properties names: `Parameters: {Name: value}`, for a StackSet a list of `ParameterKey` and
 * `ParameterValue`. What is known only at the deploy is passed as unknown, so that no Default stands in for it.
 *
 * @param known of the parameters around the place
 */
export function passedParameters(
  { root }: Template,
  { pointer }: Place,
  known: ReadonlyMap<string, Parameter>,
): Passed {
  const passed = pairs(parametersBeside(root, pointer));
  const mappings = valueOf(root, 'Mappings');
  if (passed === undefined) return { values: NOTHING_KNOWN, sourcesOf: () => new Set() };
  const scopeOf = (parameters: ReadonlyMap<string, Parameter>): Scope => ({ parameters, mappings, loops: [] });
  const values = passed.map(([name, value]) => [name, value && passedValue(name, value, scopeOf(known))] as const);
  const sourcesOf = (name: string): ReadonlySet<string> => {
    const asked = new Asked(known);
    const value = passed.findLast(([one]) => one === name)?.[1];
    if (value !== undefined) resolve(value, scopeOf(asked));
    return asked.names;
  };
  return { values: new Map(values), sourcesOf };
}

function passedValue(name: string, value: TemplateNode, scope: Scope): Parameter | undefined {
  const resolved = resolve(value, scope);
  const [only] = resolved.kind === 'known' ? resolved.texts : [];
  // A loop's variable stands in plain text too.
  if (resolved.kind !== 'known' || only === undefined || only.text.includes('{')) return undefined;
  const isDefault = (resolved.defaults ?? []).length > 0;
  const { isHidden = false } = resolved;
  return { name, type: 'String', value: only.text, ...(isDefault && { isDefault }), ...(isHidden && { isHidden }) };
}

/** They stand beside the property; what names the template may be a branch of a function in that. */
function parametersBeside(root: TemplateNode, pointer: string): TemplateNode | undefined {
  const members = pointer.split('/');
  const properties = members.indexOf('Properties');
  const beside = properties < 0 ? members.slice(0, -1) : members.slice(0, properties + 1);
  return valueOf(follow(root, beside.join('/')).site.node, 'Parameters');
}

/** `undefined` where a function makes some of them, so that their names are not known. A value that is not written down is absent. */
function pairs(
  parameters: TemplateNode | undefined,
): (readonly [name: string, value: TemplateNode | undefined])[] | undefined {
  if (isMap(parameters)) {
    const isMade = isIntrinsic(parameters) || parameters.entries.some(({ key }) => key.startsWith('Fn::'));
    if (isMade) return undefined;
    return parameters.entries.filter(({ value }) => !isNoValue(value)).map(({ key, value }) => [key, value]);
  }
  if (!isList(parameters)) return [];
  const all = parameters.items.map((item) => {
    const name = valueOf(item, 'ParameterKey');
    return isString(name) ? ([name.value, valueOf(item, 'ParameterValue')] as const) : undefined;
  });
  return all.every((one) => one !== undefined) ? all : undefined;
}

/** As if it were not passed. */
function isNoValue(value: TemplateNode): boolean {
  const name = valueOf(value, 'Ref');
  return isString(name) && name.value === 'AWS::NoValue';
}
