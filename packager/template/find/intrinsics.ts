import type { Loop } from './foreach-loop.ts';
import { combinations, tooManyTurns } from './foreach-loop.ts';
import { isIntrinsic } from '../intrinsic.ts';
import type { TemplateNode } from '../node.ts';
import { isList, isMap, isString, valueOf } from '../node.ts';
import type { Parameter } from './parameters.ts';
import { isList as isListParameter, itemsOf } from './parameters.ts';

/** What names mean where a value stands. */
export interface Scope {
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** The template's section, if it has one. */
  readonly mappings: TemplateNode | undefined;
  /** Outermost first; an inner one hides an outer one of the same variable. */
  readonly loops: readonly Loop[];
  /** Absent where what is not known may be anything. */
  readonly names?: Names;
}

/** What parameters and resources are called. */
export interface Names {
  /** Whether surely none is called so. */
  readonly lacks: (name: string) => boolean;
  /** The one that was meant, if a slip made this name of it or of one of these others. */
  readonly nearest: (name: string, others: readonly string[]) => string | undefined;
}

/** One piece of a text that CloudFormation would put together. */
type Part =
  /** `ofParameter`: it is a parameter's value; `defaults`: parameters whose Default the text is; `isHidden`: it is made of a parameter that nobody is shown. */
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly ofParameter?: true;
      readonly defaults?: readonly Parameter[];
      readonly isHidden?: true;
    }
  /** `stripped`: `&{…}`, the value without what is no letter or digit. */
  | { readonly kind: 'variable'; readonly loop: Loop; readonly stripped: boolean }
  | Unknown;

export interface Unknown {
  readonly kind: 'unknown';
  /** The end of a sentence: `'Fn::If' is decided at the deploy`. */
  readonly why: string;
  /** It comes from a resource or another stack, so no local path stands behind it. */
  readonly fromStack: boolean;
  /** What to do about it, where that is known. */
  readonly remedy?: string;
}

/** What a value comes to. */
export type Resolved =
  | {
      readonly kind: 'known';
      /** Loops that the text depends on, outermost first. */
      readonly loops: readonly Loop[];
      /** One, or one for each combination of the loops' values. */
      readonly texts: readonly { readonly values: readonly string[]; readonly text: string }[];
      /** They are made of parameters, and not of loops alone. */
      readonly ofParameters?: true;
      /** Parameters whose Defaults the texts are made of. */
      readonly defaults?: readonly Parameter[];
      /** They are made of parameters that nobody is shown. */
      readonly isHidden?: true;
    }
  | (Unknown & {
      /** What the text begins with. */
      readonly prefix: string;
    });

/** Resolves a string, Ref, Fn::Sub, Fn::Join or Fn::FindInMap as far as parameters and loop variables are known. */
export function resolve(node: TemplateNode, scope: Scope): Resolved {
  const parts = compose(node, scope);
  const unknown = parts.findIndex(({ kind }) => kind === 'unknown');
  const loops = scope.loops.filter((loop) => parts.some((part) => part.kind === 'variable' && part.loop === loop));
  const obstacle = parts[unknown] ?? unknownLoop(loops);
  const combined = obstacle === undefined ? combinations(loops) : undefined;
  if (obstacle?.kind === 'unknown' || combined === undefined) {
    const why: Unknown =
      obstacle?.kind === 'unknown' ? obstacle : { kind: 'unknown', why: 'it depends on a loop', fromStack: false };
    return { ...why, prefix: leadingText(parts) };
  }
  const texts = combined.map((values) => ({ values, text: written(parts, loops, values) }));
  const isHidden = isAnyHidden(parts) || loops.some((loop) => loop.isHidden === true);
  return {
    ...{ kind: 'known', loops, texts, defaults: defaultsIn(parts) },
    ...(isOfParameters(parts) && { ofParameters: true }),
    ...(isHidden && { isHidden }),
  };
}

function isAnyHidden(parts: readonly Part[]): boolean {
  return parts.some((part) => part.kind === 'text' && part.isHidden === true);
}

function isOfParameters(parts: readonly Part[]): boolean {
  return parts.some((part) => part.kind === 'text' && part.ofParameter === true);
}

function defaultsIn(parts: readonly Part[]): readonly Parameter[] {
  return [...new Set(parts.flatMap((part) => (part.kind === 'text' ? (part.defaults ?? []) : [])))];
}

/** The text of a value that depends on no loop, if it is known. */
export function composedText(node: TemplateNode, scope: Scope): string | undefined {
  const parts = compose(node, scope);
  return parts.every((part) => part.kind === 'text') ? parts.map(({ text }) => text).join('') : undefined;
}

function unknownLoop(loops: readonly Loop[]): Unknown | undefined {
  const loop = loops.find(({ values }) => values === undefined);
  const why =
    loop === undefined
      ? tooManyTurns(loops)
      : `'${loop.variable}' takes its values from '${loop.key}', and ${loop.unknown ?? 'they are not known'}`;
  return why === undefined ? undefined : { kind: 'unknown', why, fromStack: false };
}

function leadingText(parts: readonly Part[]): string {
  const end = parts.findIndex(({ kind }) => kind !== 'text');
  return parts
    .slice(0, end)
    .map((part) => (part.kind === 'text' ? part.text : ''))
    .join('');
}

function written(parts: readonly Part[], loops: readonly Loop[], values: readonly string[]): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      const value = part.kind === 'variable' ? (values[loops.indexOf(part.loop)] ?? '') : '';
      return part.kind === 'variable' && part.stripped ? value.replaceAll(/[^A-Za-z0-9]/g, '') : value;
    })
    .join('');
}

function compose(node: TemplateNode, scope: Scope): Part[] {
  if (node.kind === 'scalar') return node.value === null ? [] : substituteLoops(String(node.value), scope);
  const [entry] = isMap(node) && isIntrinsic(node) ? node.entries : [];
  if (entry === undefined) return [undecided(isMap(node) ? 'a map' : 'a list')];
  switch (entry.key) {
    case 'Ref':
      return isString(entry.value) ? [reference(entry.value.value, scope)] : [undecided("'Ref'")];
    case 'Fn::Sub':
      return substitute(entry.value, scope);
    case 'Fn::Join':
      return join(entry.value, scope);
    case 'Fn::FindInMap':
      return [lookUp(entry.value, scope)];
    case 'Fn::GetAtt':
    case 'Fn::ImportValue':
      return [{ kind: 'unknown', why: `'${entry.key}' is known only at the deploy`, fromStack: true }];
    default:
      return [undecided(`'${entry.key}'`)];
  }
}

function undecided(what: string): Unknown {
  return { kind: 'unknown', why: `${what} is evaluated at the deploy`, fromStack: false };
}

/** What `!Ref name` and `${name}` stand for. */
function reference(name: string, { parameters, loops, names }: Scope): Part {
  const loop = loops.findLast(({ variable }) => variable === name);
  if (loop !== undefined) return { kind: 'variable', loop, stripped: false };
  const parameter = parameters.get(name);
  if (parameter === undefined) {
    if (isWhole(name) && names?.lacks(name) === true) return misnamed(name, loops, names);
    return { kind: 'unknown', why: `'${name}' is known only at the deploy`, fromStack: !name.startsWith('AWS::') };
  }
  if (isListParameter(parameter)) return unknown(`the parameter '${name}' is a list`);
  if (parameter.value === undefined) return unknown(`the parameter '${name}' has no value yet`);
  return textOf(parameter, parameter.value);
}

/** No pseudo parameter, and no name that a loop completes. */
function isWhole(name: string): boolean {
  return name !== '' && !name.startsWith('AWS::') && !/[$&]\{/.test(name);
}

/** CloudFormation refuses such a template. */
function misnamed(name: string, loops: readonly Loop[], names: Names): Unknown {
  const meant = names.nearest(
    name,
    loops.map(({ variable }) => variable),
  );
  const remedy =
    meant === undefined
      ? 'CloudFormation refuses such a template: write the path itself, or declare the parameter.'
      : `Did you mean '${meant}'?`;
  return { ...unknown(`no parameter or resource of this template is called '${name}'`), remedy };
}

function textOf(parameter: Parameter, text: string): Part {
  const { isDefault = false, isHidden = false } = parameter;
  return {
    ...{ kind: 'text', text, ofParameter: true },
    ...(isDefault && { defaults: [parameter] }),
    ...(isHidden && { isHidden }),
  };
}

function unknown(why: string): Unknown {
  return { kind: 'unknown', why, fromStack: false };
}

/** In what a loop repeats, its variables are replaced in every text. */
function substituteLoops(text: string, { loops }: Scope): Part[] {
  return split(text, (name, mark) => {
    const loop = loops.findLast(({ variable }) => variable === name);
    return loop && { kind: 'variable', loop, stripped: mark === '&' };
  });
}

/** `Fn::Sub: text` and `Fn::Sub: [text, {name: value}]`. */
function substitute(value: TemplateNode, scope: Scope): Part[] {
  const [pattern, names] = isList(value) ? value.items : [value];
  if (!isString(pattern)) return [undecided("'Fn::Sub'")];
  return split(pattern.value, (name, mark) => {
    if (mark === '&') return substituteLoops(`&{${name}}`, scope);
    if (name.startsWith('!')) return { kind: 'text', text: `\${${name.slice(1)}}` };
    const own = valueOf(names, name);
    if (own !== undefined) return compose(own, scope);
    return name.includes('.')
      ? { kind: 'unknown', why: `'${name}' is known only at the deploy`, fromStack: true }
      : reference(name, scope);
  });
}

function join(value: TemplateNode, scope: Scope): Part[] {
  const [delimiter, list] = isList(value) ? value.items : [];
  if (!isString(delimiter)) return [undecided("'Fn::Join'")];
  if (!isList(list)) return [joinedParameter(delimiter.value, list, scope) ?? undecided("'Fn::Join'")];
  return list.items.flatMap((item, index) => [
    ...(index === 0 ? [] : [{ kind: 'text', text: delimiter.value } as const]),
    ...compose(item, scope),
  ]);
}

/** `!Join [',', !Ref Names]`: how a list is passed on. */
function joinedParameter(delimiter: string, list: TemplateNode | undefined, { parameters }: Scope): Part | undefined {
  const name = valueOf(list, 'Ref');
  const parameter = isString(name) ? parameters.get(name.value) : undefined;
  const items = parameter && itemsOf(parameter);
  if (parameter === undefined || items === undefined) return undefined;
  return textOf(parameter, items.join(delimiter));
}

function lookUp(value: TemplateNode, scope: Scope): Part {
  const items = isList(value) ? value.items : [];
  const [name, first, second] = items.map((item) => composedText(item, scope));
  if (name === undefined || first === undefined || second === undefined) return undecided("'Fn::FindInMap'");
  const found = valueOf(valueOf(valueOf(scope.mappings, name), first), second);
  if (!isString(found)) return undecided("'Fn::FindInMap'");
  const parts = items.flatMap((item) => compose(item, scope));
  const isHidden = isAnyHidden(parts);
  return {
    ...{ kind: 'text', text: found.value, defaults: defaultsIn(parts) },
    ...(isOfParameters(parts) && { ofParameter: true }),
    ...(isHidden && { isHidden }),
  };
}

/** Every text that Fn::FindInMap may come to, whatever its keys are. */
export function mappedTexts(value: TemplateNode, scope: Scope): readonly string[] {
  const [name] = isList(value) ? value.items : [];
  const mapping = isString(name) ? valueOf(scope.mappings, name.value) : undefined;
  const second = isMap(mapping) ? mapping.entries.flatMap(({ value: keys }) => (isMap(keys) ? keys.entries : [])) : [];
  return second.flatMap(({ value: text }) => (isString(text) ? [text.value] : []));
}

/** Cuts a text at `${name}` and `&{name}`; what `partOf` doesn't know stays text. */
function split(text: string, partOf: (name: string, mark: '$' | '&') => Part | Part[] | undefined): Part[] {
  const parts: Part[] = [];
  let copiedTo = 0;
  for (const match of text.matchAll(/(?<mark>[$&])\{(?<name>[^{}]*)\}/g)) {
    const part = partOf(match.groups?.['name']?.trim() ?? '', match.groups?.['mark'] === '&' ? '&' : '$');
    if (part === undefined) continue;
    if (match.index > copiedTo) parts.push({ kind: 'text', text: text.slice(copiedTo, match.index) });
    parts.push(...(Array.isArray(part) ? part : [part]));
    copiedTo = match.index + match[0].length;
  }
  if (copiedTo < text.length) parts.push({ kind: 'text', text: text.slice(copiedTo) });
  return parts;
}
