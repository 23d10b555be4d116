import { isMap } from '../template/node.ts';
import type { Place } from '../template/place.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import { follow } from '../template/site.ts';
import type { Template } from '../template/template.ts';

/** What made a value of a template a place. */
export interface Rule {
  /**
   * - `core`: the property is in the table, and aws-cli or SAM package it too
   * - `table`: it is in the table
   * - `own-table`: it is in the user's own table
   * - `function`: Fn::Artifact
   */
  readonly kind: 'core' | 'table' | 'own-table' | 'function';
  /** `AWS::Lambda::Function Code` */
  readonly row: string;
  /** How the function stands in the template. */
  readonly written?: '!Artifact' | 'Fn::Artifact';
}

/** @param own entries of the user's table: `TYPE PROPERTY` */
export function ruleOf(
  { type, property, pointer }: Place,
  { root }: Pick<Template, 'root'>,
  { table, own }: { readonly table: PropertyTable; readonly own: ReadonlySet<string> },
): Rule {
  if (type === 'Fn::Artifact') {
    const { node } = follow(root, pointer).site;
    return { kind: 'function', row: type, written: isMap(node) && node.short ? '!Artifact' : 'Fn::Artifact' };
  }
  const row = `${type} ${property}`;
  if (own.has(row)) return { kind: 'own-table', row };
  const isCore = table.get(type)?.some((entry) => entry.property === property && entry.core) === true;
  return { kind: isCore ? 'core' : 'table', row };
}
