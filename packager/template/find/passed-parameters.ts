import { composedText } from './intrinsics.ts';
import type { ParameterValues } from './parameters.ts';
import type { TemplateNode } from '../node.ts';
import { isList, isMap, isString, valueOf } from '../node.ts';
import type { Place } from '../place.ts';
import { follow } from '../rewrite/site.ts';
import type { Template } from '../template.ts';

/**
 * What a stack passes to the template that a place in its properties names: `Parameters: {Name: value}`, for a StackSet a list of `ParameterKey` and
 * `ParameterValue`. What is known only at the deploy is passed as unknown, so that no Default stands in for it.
 *
 * @param known of the parameters around the place
 */
export function passedParameters({ root }: Template, { pointer }: Place, known: ParameterValues): ParameterValues {
  const { site } = follow(root, pointer.slice(0, pointer.lastIndexOf('/')));
  const parameters = valueOf(site.node, 'Parameters');
  const scope = {
    parameters: new Map(
      [...known].map(([name, value]) => [name, { name, type: 'String', ...(value !== undefined && { value }) }]),
    ),
    mappings: valueOf(root, 'Mappings'),
    loops: [],
  };
  const passed = pairs(parameters).map(([name, value]) => {
    const text = composedText(value, scope);
    // A loop's variable stands in plain text too.
    return [name, text?.includes('{') === true ? undefined : text] as const;
  });
  return new Map(passed);
}

function pairs(parameters: TemplateNode | undefined): (readonly [name: string, value: TemplateNode])[] {
  if (isMap(parameters)) return parameters.entries.map(({ key, value }) => [key, value]);
  if (!isList(parameters)) return [];
  return parameters.items.flatMap((item) => {
    const name = valueOf(item, 'ParameterKey');
    const value = valueOf(item, 'ParameterValue');
    return isString(name) && value !== undefined ? [[name.value, value] as const] : [];
  });
}
