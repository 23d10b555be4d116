import type { ContentReader } from './content.ts';
import { locationOfUrl } from './content.ts';
import { UnsupportedError } from './error.ts';
import { parseText } from './template.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, isMap, mapOf, textOf } from './value.ts';

/** The template with the content of each AWS::Include in its place; what stands beside it stays. */
export async function included(template: ValueMap, content: ContentReader): Promise<ValueMap> {
  const whole = mapOf(await replaced(template, content));
  const transform = whole['Transform'];
  if (transform === undefined) return whole;
  let result = whole;
  for (const one of isList(transform) ? transform : [transform]) {
    if (isMap(one) && one['Name'] === 'AWS::Include') result = merged(result, await fragment(one, content));
  }
  return result;
}

async function replaced(value: Value, content: ContentReader): Promise<Value> {
  if (isList(value)) return Promise.all(value.map((item) => replaced(item, content)));
  if (!isMap(value)) return value;
  const { 'Fn::Transform': transform, ...beside } = value;
  const members: Record<string, Value> = {};
  for (const [name, member] of Object.entries(beside)) members[name] = await replaced(member, content);
  if (transform === undefined) return members;
  const name = textOf(mapOf(transform)['Name']);
  if (name !== 'AWS::Include') throw new UnsupportedError(`the transform ${String(name)}`);
  return merged(members, mapOf(await replaced(await fragment(mapOf(transform), content), content)));
}

async function fragment(transform: ValueMap, content: ContentReader): Promise<ValueMap> {
  const location = textOf(mapOf(transform['Parameters'])['Location']);
  if (location === undefined) throw new UnsupportedError('an AWS::Include whose Location is no literal');
  return parseText(new TextDecoder().decode(await content.definition(locationOfUrl(location), 'AWS::Include')));
}

/** Sections and members of both. */
function merged(one: ValueMap, other: ValueMap): ValueMap {
  const result: Record<string, Value> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const existing = result[name];
    result[name] = isMap(existing) && isMap(value) ? merged(existing, value) : value;
  }
  return result;
}
