import { ValidationError } from './error.ts';
import type { GivenParameters } from './parameters.ts';
import { parameterValue } from './parameters.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, isMap, mapOf, textOf } from './value.ts';

const LOOP = 'Fn::ForEach::';

/** AWS::LanguageExtensions: the template with every `Fn::ForEach` carried out. */
export function unrolled(template: ValueMap, parameters: GivenParameters): ValueMap {
  const declarations = mapOf(template['Parameters']);
  const listOf = (name: string): Value => {
    const text = parameters[name];
    return text === undefined ? undefined : parameterValue(mapOf(declarations[name]), text);
  };
  return mapOf(unroll(template, listOf));
}

function unroll(value: Value, parameter: (name: string) => Value): Value {
  if (isList(value)) return value.map((item) => unroll(item, parameter));
  if (!isMap(value)) return value;
  const members: Record<string, Value> = {};
  for (const [name, member] of Object.entries(value)) {
    const added = name.startsWith(LOOP) ? turns(name, member, parameter) : { [name]: unroll(member, parameter) };
    for (const [key, one] of Object.entries(added)) {
      if (key in members) throw new ValidationError(`Template error: ${name} makes '${key}' a second time`);
      members[key] = one;
    }
  }
  return members;
}

function turns(name: string, loop: Value, parameter: (name: string) => Value): ValueMap {
  const [variable, collection, body] = isList(loop) ? loop : [];
  const items = isMap(collection) ? parameter(textOf(collection['Ref']) ?? '') : collection;
  if (typeof variable !== 'string' || !isList(items) || !isMap(body)) {
    throw new ValidationError(`Transform AWS::LanguageExtensions failed with: ${name} layout is incorrect`);
  }
  const members: Record<string, Value> = {};
  for (const item of items.flatMap(
    (one) => (isMap(one) ? parameter(textOf(one['Ref']) ?? '') : one) as Value | Value[],
  )) {
    const turn = mapOf(unroll(substituted(body, variable, textOf(item) ?? ''), parameter));
    for (const [key, member] of Object.entries(turn)) {
      if (key in members) throw new ValidationError(`Template error: ${name} makes '${key}' a second time`);
      members[key] = member;
    }
  }
  return members;
}

/** `&{Name}` stands for the item without what a logical ID can't have. */
function substituted(value: Value, variable: string, item: string): Value {
  const inText = (text: string): string =>
    text.replaceAll(`\${${variable}}`, item).replaceAll(`&{${variable}}`, item.replaceAll(/[^A-Za-z0-9]/g, ''));
  if (typeof value === 'string') return inText(value);
  if (isList(value)) return value.map((one) => substituted(one, variable, item));
  if (!isMap(value)) return value;
  if (value['Ref'] === variable) return item;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [inText(name), substituted(member, variable, item)]),
  );
}
