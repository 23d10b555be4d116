import { membersOf } from './match.ts';
import { resolve } from './intrinsics.ts';
import { parametersOf } from './parameters.ts';
import type { ParameterValues } from './parameters.ts';
import { isMap, isString, valueOf } from '../node.ts';
import type { TemplateNode } from '../node.ts';
import type { Template } from '../template.ts';

/**
 * Logical IDs of the resources that a template or fragment brings, each once; those of loops as the loops write them, where their values are known.
 */
export function resourceNames(
  { root }: Template,
  kind: 'template' | 'fragment',
  given: ParameterValues,
): ReadonlySet<string> {
  const scope = { parameters: parametersOf(root, kind, given), mappings: valueOf(root, 'Mappings'), loops: [] };
  const context = { pointer: '', property: '', scope, literal: false };
  const resources = membersOf(valueOf(root, 'Resources') ?? root, context).filter(({ entry }) => !isSection(entry.key));
  const members = kind === 'template' ? resources : resources.filter(({ entry }) => isResource(entry.value));
  return new Set(
    members.flatMap(({ entry: { key, keyStart: start, keyEnd: end }, context: { scope: around } }) => {
      const name = resolve({ kind: 'scalar', value: key, start, end, style: 'flow' }, around);
      return name.kind === 'known' ? name.texts.map(({ text }) => text) : [key];
    }),
  );
}

/** What a macro brings has names that nobody knows yet. */
function isSection(key: string): boolean {
  return key === 'Fn::Transform';
}

/** A part of a fragment that is none has no Type. */
function isResource(node: TemplateNode): boolean {
  return isString(valueOf(node, 'Type'));
}

/** Every other name in a template that a resource can't have as well. */
export function sectionNames({ root }: Template): readonly string[] {
  return ['Parameters', 'Mappings', 'Conditions', 'Rules'].flatMap((section) => {
    const node = valueOf(root, section);
    return isMap(node) ? node.entries.map(({ key }) => key) : [];
  });
}
