import type { Names, Scope } from './intrinsics.ts';
import { resolve } from './intrinsics.ts';
import { membersOf } from './match.ts';
import { nearest } from '../../../repository/nearest.ts';
import type { MapEntry, TemplateNode } from '../node.ts';
import { entryOf, isList, isMap, isString, valueOf } from '../node.ts';
import { isIncluded } from '../intrinsic.ts';
import { isForEach, readForEach } from './foreach.ts';

const TRANSFORM = 'Fn::Transform';

/** They bring no names but such as begin with those of the resources that they replace, and a few of their own. */
const KNOWN_TRANSFORMS = /^AWS::(?:LanguageExtensions|CodeDeployBlueGreen|Serverless-[\d-]+)$/;
/** https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html */
const MADE_BY_SAM = /^(?:Serverless|CodeDeployServiceRole$)/;
/** SAM's resources and modules become several, each called after them. */
const BECOMES_SEVERAL = /^AWS::Serverless::|::MODULE$/;
/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html, and SAM's own. */
const SECTIONS = new Set([
  ...['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Rules', 'Mappings', 'Conditions'],
  ...['Transform', 'Resources', 'Outputs', 'Hooks', 'Globals'],
]);

/** What `Ref` may name in a template beside pseudo parameters: looked for once somebody asks. */
export class DeclaredNames implements Names {
  readonly #root: TemplateNode;
  readonly #scope: Scope;
  #resources: Resources | 'unknown' | undefined;

  /** @param scope of the template as such */
  constructor(root: TemplateNode, scope: Scope) {
    this.#root = root;
    this.#scope = scope;
  }

  lacks(name: string): boolean {
    this.#resources ??= resourcesIn(this.#root, this.#scope);
    if (this.#resources === 'unknown' || this.#scope.parameters.has(name)) return false;
    const { names, stems } = this.#resources;
    return !names.has(name) && !MADE_BY_SAM.test(name) && !stems.some((stem) => name.startsWith(stem));
  }

  nearest(name: string, others: readonly string[]): string | undefined {
    const resources = typeof this.#resources === 'object' ? this.#resources.names : [];
    return nearest(name, [...others, ...this.#scope.parameters.keys(), ...resources]);
  }
}

interface Resources {
  readonly names: ReadonlySet<string>;
  /** With what names begin of which nobody knows here how they go on. */
  readonly stems: readonly string[];
}

/** `unknown` where a macro may bring more, or a loop writes names that can't be known. */
function resourcesIn(root: TemplateNode, scope: Scope): Resources | 'unknown' {
  const resources = valueOf(root, 'Resources');
  if (resources === undefined || bringsMore(root) || hasMacro(root) || hasBrokenLoop(resources, scope))
    return 'unknown';
  const names = new Set<string>();
  const stems: string[] = [];
  for (const { entry, context } of membersOf(resources, { pointer: '', property: '', scope, literal: false })) {
    const written = namesOf(entry, context.scope);
    if (written === undefined) return 'unknown';
    for (const name of written) names.add(name);
    const type = valueOf(entry.value, 'Type');
    const isSeveral = !isString(type) || BECOMES_SEVERAL.test(type.value);
    if (isSeveral || entryOf(entry.value, 'Connectors') !== undefined) stems.push(...written);
  }
  return { names, stems };
}

/** A macro of the whole template, or something that is done with it before CloudFormation has it. */
function bringsMore(root: TemplateNode): boolean {
  if (isMap(root) && root.entries.some(({ key }) => !SECTIONS.has(key))) return true;
  if (['Resources', 'Parameters'].some((section) => valueOf(valueOf(root, section), TRANSFORM) !== undefined))
    return true;
  const transform = valueOf(root, 'Transform');
  const all = isList(transform) ? transform.items : transform === undefined ? [] : [transform];
  return all.some((one) => !isString(one) || !KNOWN_TRANSFORMS.test(one.value));
}

/** A macro changes what stands beside it, too; what AWS::Include brings is known by where it brings it. */
function hasMacro(node: TemplateNode): boolean {
  if (isList(node)) return node.items.some(hasMacro);
  if (!isMap(node)) return false;
  const isMacro = entryOf(node, TRANSFORM) !== undefined && !isIncluded(node);
  return isMacro || node.entries.some(({ value }) => hasMacro(value));
}

/** What is wrong with it is told elsewhere, and what it would have written is not known. */
function hasBrokenLoop(node: TemplateNode, scope: Scope): boolean {
  if (!isMap(node)) return false;
  return node.entries.filter(isForEach).some((entry) => {
    const loop = readForEach(entry, '', scope);
    return typeof loop === 'string' || hasBrokenLoop(loop.body, scope);
  });
}

/** A loop's are those that it writes. */
function namesOf({ key, keyStart: start, keyEnd: end }: MapEntry, scope: Scope): readonly string[] | undefined {
  const name = resolve({ kind: 'scalar', value: key, start, end, style: 'flow' }, scope);
  return name.kind === 'known' ? name.texts.map(({ text }) => text) : undefined;
}
