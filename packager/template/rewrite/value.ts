/** What is to be written into a template, before it has a style. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'literal'; readonly literal: number | boolean }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly entries: readonly Member[] }
  /** An intrinsic function; `name` without `Fn::`. */
  | { readonly kind: 'call'; readonly name: string; readonly argument: Value };

export type Member = readonly [key: string, value: Value];

export function text(content: string): Value {
  return { kind: 'text', text: content };
}

export function literal(content: number | boolean): Value {
  return { kind: 'literal', literal: content };
}

export function list(...items: readonly Value[]): Value {
  return { kind: 'list', items };
}

export function map(...entries: readonly Member[]): Value {
  return { kind: 'map', entries };
}

export function ref(logicalId: string): Value {
  return { kind: 'call', name: 'Ref', argument: text(logicalId) };
}

export function getAtt(logicalId: string, attribute: string): Value {
  return { kind: 'call', name: 'GetAtt', argument: list(text(logicalId), text(attribute)) };
}

/** `template` with its `${…}`; literal parts went through `inSub`. */
export function sub(template: string, variables: readonly Member[] = []): Value {
  const argument = variables.length === 0 ? text(template) : list(text(template), map(...variables));
  return { kind: 'call', name: 'Sub', argument };
}

/** Literal text inside of Fn::Sub: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html */
export function inSub(content: string): string {
  return content.replaceAll('${', '${!');
}

export function findInMap(mapping: string, ...keys: readonly Value[]): Value {
  return { kind: 'call', name: 'FindInMap', argument: list(text(mapping), ...keys) };
}

export function importValue(name: string): Value {
  return { kind: 'call', name: 'ImportValue', argument: text(name) };
}
