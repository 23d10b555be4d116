import type { Loop } from './foreach-loop.ts';
import type { Scope } from './intrinsics.ts';
import { composedText } from './intrinsics.ts';
import type { MapEntry, MapNode, TemplateNode } from '../node.ts';
import { entryOf, isList, isMap, isString, pointerTo } from '../node.ts';
import { itemsOf } from './parameters.ts';

const PREFIX = 'Fn::ForEach::';

/** A loop and what it repeats. */
export interface ForEach {
  readonly loop: Loop;
  readonly body: MapNode;
  /** JSON pointer of the body. */
  readonly pointer: string;
}

/** By the key alone: what stands below may still be no loop. */
export function isForEach({ key }: MapEntry): boolean {
  return key.startsWith(PREFIX);
}

/**
 * Reads `Fn::ForEach::Name: [variable, collection, {key: value}]`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
 *
 * @param parent JSON pointer of the map that holds the entry
 * @returns what is wrong with it, as the end of a sentence, where it is no such loop
 */
export function readForEach(entry: MapEntry, parent: string, scope: Scope): ForEach | string {
  const { key, value } = entry;
  if (!isList(value) || value.items.length !== 3) {
    return 'must be a list of three: the name of the loop variable, the values, and what is repeated';
  }
  const [variable, collection, body] = value.items;
  if (!isString(variable) || variable.value === '') return 'must begin with the name of the loop variable';
  if (!isMap(body)) return 'must end with a map of what is repeated';
  return {
    loop: { key, variable: variable.value, ...valuesOf(collection, scope), start: collection?.start ?? value.start },
    body,
    pointer: pointerTo(pointerTo(parent, key), 2),
  };
}

function valuesOf(
  collection: TemplateNode | undefined,
  scope: Scope,
): Pick<Loop, 'values' | 'unknown' | 'parameter' | 'isHidden'> {
  if (isList(collection)) {
    const items = collection.items.map((item) => composedText(item, scope));
    const known = items.filter((item) => item !== undefined);
    return known.length === items.length
      ? { values: [...new Set(known)] }
      : { unknown: 'its collection holds a value that is not known before the deploy' };
  }
  const name = entryOf(collection, 'Ref')?.value;
  const parameter = isString(name) ? scope.parameters.get(name.value) : undefined;
  if (parameter === undefined) return { unknown: 'its collection is not known before the deploy' };
  const values = itemsOf(parameter);
  return values === undefined
    ? { unknown: `the values of the parameter '${parameter.name}' are not known`, parameter: parameter.name }
    : { values: [...new Set(values)], parameter: parameter.name, ...(parameter.isHidden && { isHidden: true }) };
}
