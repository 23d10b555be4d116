/**
 * A template as a tree that knows where everything stands in the text. One model for YAML and JSON: aliases and merge keys
 * are expanded before it is made, short tags are spelled out, scalars keep their type.
 */
export type TemplateNode = ScalarNode | MapNode | ListNode;

interface NodeBase {
  /** Offset into `Template.text`, UTF-16 code units: the first character of the value, its tag and anchor included. */
  readonly start: number;
  /** Just behind the value's last character. For a block collection: behind the last character of its last item, the line end left out. */
  readonly end: number;
  /** `flow` for everything in JSON, and for scalars that are no block scalars. */
  readonly style: 'block' | 'flow';
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  /** As CloudFormation would read it for strings; numbers, booleans and null as themselves. Dates and the like are strings. */
  readonly value: string | number | boolean | null;
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  /** The map stands for a short tag: `!Sub x` is `{ Fn::Sub: x }` with `start` at the tag and the one value's `start` behind it. */
  readonly short: boolean;
}

export interface MapEntry {
  readonly key: string;
  /** Range of the key itself, quotes included (of the tag, for a short tag). */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: TemplateNode;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly TemplateNode[];
}

export function isMap(node: TemplateNode | undefined): node is MapNode {
  return node?.kind === 'map';
}

export function isList(node: TemplateNode | undefined): node is ListNode {
  return node?.kind === 'list';
}

export function isString(node: TemplateNode | undefined): node is ScalarNode & { readonly value: string } {
  return node?.kind === 'scalar' && typeof node.value === 'string';
}

/** The member with this key; `undefined` where there is none, or the node is no map. */
export function entryOf(node: TemplateNode | undefined, key: string): MapEntry | undefined {
  return isMap(node) ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** The value under `key`, if `node` is a map that has it. */
export function valueOf(node: TemplateNode | undefined, key: string): TemplateNode | undefined {
  return entryOf(node, key)?.value;
}

/** A member of a JSON pointer, escaped as RFC 6901 says. */
export function pointerTo(parent: string, member: string | number): string {
  return `${parent}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
