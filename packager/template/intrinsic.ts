import type { MapNode, TemplateNode } from './node.ts';
import { isList, isString, valueOf } from './node.ts';

/** A map that CloudFormation replaces by a value. */
export function isIntrinsic({ entries: [only, ...more] }: MapNode): boolean {
  return only !== undefined && more.length === 0 && (only.key === 'Ref' || only.key.startsWith('Fn::'));
}

/** Fn::Transform that is AWS::Include, alone or several times: what it stands for is in the files that it brings in. */
export function isIncluded(node: TemplateNode): boolean {
  const transform = valueOf(node, 'Fn::Transform');
  if (transform === undefined) return false;
  return isList(transform) ? transform.items.every(isInclude) : isInclude(transform);
}

/** @param transform what stands behind Fn::Transform */
export function isInclude(transform: TemplateNode): boolean {
  const name = valueOf(transform, 'Name');
  return isString(name) && name.value === 'AWS::Include';
}
