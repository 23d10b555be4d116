import { ResourceError, UnsupportedError, ValidationError } from './error.ts';
import type { Template } from './template.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, isMap, textOf } from './value.ts';

/** Where `Ref`, `Fn::GetAtt` and `Fn::ImportValue` find what they name. */
export interface Scope {
  readonly template: Template;
  /** Parameters and pseudo parameters; `undefined` where there is no such name. */
  parameter(name: string): Value;
  /** Throws where there is none. */
  imported(name: string): string;
  ref(logicalId: string): Value;
  attribute(logicalId: string, attribute: string): Value;
}

/** What `AWS::NoValue` leaves: the member is not there. */
const NOTHING = undefined;

const CONDITION_FUNCTIONS = new Set(['Fn::And', 'Fn::Or', 'Fn::Not', 'Fn::Equals', 'Condition']);

/** The value with every function in it carried out. */
export function resolve(value: Value, scope: Scope): Value {
  if (isList(value)) return value.map((item) => resolve(item, scope)).filter((item) => item !== NOTHING);
  if (!isMap(value)) return value;
  const called = functionOf(value);
  if (called !== undefined) return call(called, value[called], scope);
  const members = Object.entries(value).map(([name, member]) => [name, resolve(member, scope)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== NOTHING));
}

/** The name of the function that this value is a call of. */
export function functionOf(value: ValueMap): string | undefined {
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0) return undefined;
  return name === 'Ref' || name.startsWith('Fn::') ? name : undefined;
}

function call(name: string, argument: Value, scope: Scope): Value {
  if (CONDITION_FUNCTIONS.has(name)) return evaluate({ [name]: argument }, scope);
  const carryOut = FUNCTIONS[name];
  if (carryOut === undefined) throw new UnsupportedError(`the function ${name}`);
  return carryOut(argument, scope);
}

const FUNCTIONS: Readonly<Record<string, (argument: Value, scope: Scope) => Value>> = {
  Ref: (argument, scope) => refer(text(argument, 'Ref', scope), scope),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, attribute] = attributeOf(argument);
    return scope.attribute(logicalId, text(resolve(attribute, scope), 'Fn::GetAtt', scope));
  },
  'Fn::Sub': substitute,
  'Fn::Join': (argument, scope) => {
    const [separator, items] = list(argument, 'Fn::Join', 2);
    const resolved = resolve(items, scope);
    if (!isList(resolved)) throw new ValidationError('Template error: Fn::Join needs a list');
    return resolved.map((item) => text(item, 'Fn::Join', scope)).join(text(separator, 'Fn::Join', scope));
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = list(argument, 'Fn::Split', 2);
    return text(resolve(source, scope), 'Fn::Split', scope).split(text(separator, 'Fn::Split', scope));
  },
  'Fn::Select': (argument, scope) => {
    const [index, items] = list(argument, 'Fn::Select', 2);
    const resolved = resolve(items, scope);
    const found = isList(resolved) ? resolved[Number(resolve(index, scope))] : NOTHING;
    if (found === NOTHING)
      throw new ValidationError(
        `Template error: Fn::Select cannot select nonexistent value at index ${String(textOf(index))}`,
      );
    return found;
  },
  'Fn::If': (argument, scope) => {
    const [condition, then, otherwise] = list(argument, 'Fn::If', 3);
    return resolve(holds(text(condition, 'Fn::If', scope), scope) ? then : otherwise, scope);
  },
  'Fn::FindInMap': findInMap,
  'Fn::ImportValue': (argument, scope) => scope.imported(text(resolve(argument, scope), 'Fn::ImportValue', scope)),
  'Fn::Base64': (argument, scope) =>
    Buffer.from(text(resolve(argument, scope), 'Fn::Base64', scope)).toString('base64'),
  'Fn::Length': (argument, scope) => {
    const items = resolve(argument, scope);
    if (!isList(items)) throw new ValidationError('Template error: Fn::Length needs a list');
    return items.length;
  },
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(resolve(argument, scope)),
};

function refer(name: string, scope: Scope): Value {
  if (name === 'AWS::NoValue') return NOTHING;
  return scope.parameter(name) ?? scope.ref(name);
}

/** Both forms of the argument of `Fn::GetAtt`. The first dot ends the logical ID. */
function attributeOf(argument: Value): readonly [string, Value] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  const [logicalId, attribute] = list(argument, 'Fn::GetAtt', 2);
  if (typeof logicalId !== 'string' || logicalId === '') {
    throw new ValidationError('Template error: every Fn::GetAtt object requires two non-empty parameters');
  }
  return [logicalId, attribute];
}

function substitute(argument: Value, scope: Scope): Value {
  const [template, variables]: readonly Value[] =
    typeof argument === 'string' ? [argument, {}] : list(argument, 'Fn::Sub', 2);
  if (typeof template !== 'string' || !isMap(variables)) {
    throw new ValidationError(
      "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.",
    );
  }
  return template.replaceAll(/\$\{(!?)([^}]*)\}/g, (whole, literal: string, name: string) => {
    if (literal !== '') return `\${${name}}`;
    const own = variables[name];
    if (own !== undefined) return text(resolve(own, scope), 'Fn::Sub', scope);
    if (!/^[A-Za-z0-9:.]+$/.test(name))
      throw new ValidationError(
        `Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons, not '${whole}'`,
      );
    const dot = name.indexOf('.');
    const value = dot < 0 ? refer(name, scope) : scope.attribute(name.slice(0, dot), name.slice(dot + 1));
    return text(value, 'Fn::Sub', scope);
  });
}

/** With `DefaultValue`, as AWS::LanguageExtensions has it. */
function findInMap(argument: Value, scope: Scope): Value {
  const [map, first, second, options] = list(argument, 'Fn::FindInMap', 3).map((part) => resolve(part, scope));
  const [name, top, below] = [map, first, second].map((part) => text(part, 'Fn::FindInMap', scope));
  const found = member(member(member(scope.template.mappings, name), top), below);
  if (found !== undefined) return resolve(found, scope);
  const otherwise = member(options, 'DefaultValue');
  if (otherwise !== undefined) return otherwise;
  throw new ValidationError(
    `Template error: Unable to get mapping for ${String(name)}::${String(top)}::${String(below)}`,
  );
}

function member(value: Value, name: string | undefined): Value {
  return isMap(value) && name !== undefined ? value[name] : undefined;
}

/** Whether the named condition holds. */
export function holds(name: string, scope: Scope): boolean {
  const condition = scope.template.conditions[name];
  if (condition === undefined) throw new ValidationError(`Template error: unresolved condition dependency ${name}`);
  return evaluate(condition, scope);
}

function evaluate(condition: Value, scope: Scope): boolean {
  const [name, argument] = isMap(condition) ? (Object.entries(condition)[0] ?? []) : [];
  switch (name) {
    case 'Condition':
      return holds(text(argument, name, scope), scope);
    case 'Fn::Equals': {
      const [one, other] = list(argument, name, 2).map((part) => resolve(part, scope));
      return JSON.stringify(stringOf(one)) === JSON.stringify(stringOf(other));
    }
    case 'Fn::Not':
      return !evaluate(list(argument, name, 1)[0], scope);
    case 'Fn::And':
      return list(argument, name, 2).every((part) => evaluate(part, scope));
    case 'Fn::Or':
      return list(argument, name, 2).some((part) => evaluate(part, scope));
    case undefined:
    default:
      throw new ValidationError(`Template error: a condition can't be '${JSON.stringify(condition)}'`);
  }
}

function stringOf(value: Value): Value {
  return textOf(value) ?? value;
}

function list(argument: Value, name: string, least: number): readonly Value[] {
  if (!isList(argument) || argument.length < least) {
    throw new ValidationError(`Template error: ${name} needs a list of ${least}`);
  }
  return argument;
}

function text(value: Value, name: string, scope: Scope): string {
  const resolved = isMap(value) ? resolve(value, scope) : value;
  const found = textOf(resolved);
  if (found === undefined)
    throw new ResourceError(`Template error: ${name} needs text, not ${JSON.stringify(resolved)}`);
  return found;
}

/** Logical IDs that a value names, through the branches of `Fn::If` that are taken. Names in `own` are parameters. */
export function namedIn(value: Value, scope: Scope, found: Set<string> = new Set()): Set<string> {
  if (isList(value)) {
    for (const item of value) namedIn(item, scope, found);
  } else if (isMap(value)) {
    const called = functionOf(value);
    const argument = called === undefined ? undefined : value[called];
    if (called === 'Ref' && typeof argument === 'string') found.add(argument);
    else if (called === 'Fn::GetAtt') found.add(attributeOf(argument)[0]);
    else if (called === 'Fn::If') {
      const [condition, then, otherwise] = list(argument, called, 3);
      namedIn(holds(text(condition, called, scope), scope) ? then : otherwise, scope, found);
    } else {
      if (called === 'Fn::Sub') namedInText(argument, found);
      for (const part of Object.values(value)) namedIn(part, scope, found);
    }
  }
  return found;
}

function namedInText(argument: Value, found: Set<string>): void {
  const [template, variables] = isList(argument) ? argument : [argument];
  if (typeof template !== 'string') return;
  for (const [, name = ''] of template.matchAll(/\$\{([^!}][^}]*)\}/g)) {
    if (!isMap(variables) || !(name in variables)) found.add(name.split('.', 1)[0] ?? '');
  }
}
