import { isMap, isString, valueOf } from '../node.ts';
import type { TemplateNode } from '../node.ts';

/** What is known of a parameter before the deploy. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  /** What was given for it, else its Default. */
  readonly value?: string;
  /** The value comes from a Default, and the deploy may give it another. */
  readonly isDefault?: true;
  /** It is NoEcho, or its value is made of one that is: nobody is shown it. */
  readonly isHidden?: true;
}

/**
 * What is said of parameters from outside, which goes before their Defaults: a value, or what is known of a parameter around; `undefined`: it is known
 * only at the deploy.
 */
export type ParameterValues = ReadonlyMap<string, string | Parameter | undefined>;

class Unknown extends Map<string, undefined> {
  override has(): boolean {
    return true;
  }
}

/** All parameters are given, and what they are is known only at the deploy. */
export const NOTHING_KNOWN: ParameterValues = new Unknown();

/** Parameters, and which of them were asked for: what was not asked for changes nothing. */
export class Asked extends Map<string, Parameter> {
  readonly names: Set<string> = new Set();

  override get(name: string): Parameter | undefined {
    this.names.add(name);
    return super.get(name);
  }
}

/** A parameter of these types holds the name of an SSM parameter, whose value is read at the deploy. */
const READ_AT_DEPLOY = /^AWS::SSM::Parameter::Value</;

/**
 * The template's Parameters with what is known of their values. A fragment declares none: there everything that is given counts as one.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
 *
 * @param defaultsAreFinal the deploy gives the template nothing but what is given here
 */
export function parametersOf(
  root: TemplateNode,
  kind: 'template' | 'fragment',
  given: ParameterValues,
  defaultsAreFinal = false,
): ReadonlyMap<string, Parameter> {
  const declared = valueOf(root, 'Parameters');
  const parameters = new Map<string, Parameter>();
  if (kind === 'fragment') {
    for (const [name, one] of given) {
      const value = typeof one === 'string' ? { value: one } : {};
      parameters.set(name, typeof one === 'object' ? one : { name, type: 'String', ...value });
    }
  }
  if (!isMap(declared)) return parameters;
  for (const { key: name, value: declaration } of declared.entries) {
    const typeNode = valueOf(declaration, 'Type');
    const type = isString(typeNode) ? typeNode.value : 'String';
    const one = given.get(name);
    const value = given.has(name) ? (typeof one === 'object' ? one.value : one) : defaultOf(declaration);
    const isKnown = value !== undefined && !READ_AT_DEPLOY.test(type);
    const isOpen = given.has(name) ? typeof one === 'object' && one.isDefault === true : !defaultsAreFinal;
    const isDefault = isKnown && isOpen;
    const isHidden = isNoEcho(declaration) || (typeof one === 'object' && one.isHidden === true);
    parameters.set(name, {
      ...{ name, type },
      ...(isKnown && { value }),
      ...(isDefault && { isDefault }),
      ...(isHidden && { isHidden }),
    });
  }
  return parameters;
}

/** Whether a parameter is declared to be shown nowhere. What is neither true nor false counts as true. */
export function isNoEcho(declaration: TemplateNode): boolean {
  const noEcho = valueOf(declaration, 'NoEcho');
  return noEcho !== undefined && !(noEcho.kind === 'scalar' && String(noEcho.value).toLowerCase() === 'false');
}

function defaultOf(declaration: TemplateNode): string | undefined {
  const node = valueOf(declaration, 'Default');
  return node?.kind === 'scalar' && node.value !== null ? String(node.value) : undefined;
}

/** Whether its value is one text with commas, of which Ref makes a list. */
export function isList({ type }: Parameter): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<');
}

/** The items of a list parameter, if its value is known. CloudFormation trims each. */
export function itemsOf(parameter: Parameter): readonly string[] | undefined {
  if (!isList(parameter) || parameter.value === undefined) return undefined;
  return parameter.value.split(',').map((item) => item.trim());
}
