import type { Names, Scope } from './intrinsics.ts';
import { resolve } from './intrinsics.ts';
import { membersOf } from './match.ts';
import { nearest } from '../../../repository/nearest.ts';
import type { MapEntry, TemplateNode } from '../node.ts';
import { entryOf, isList, isString, valueOf } from '../node.ts';

/** They bring no names but such as begin with those of the resources that they replace, and a few of their own. */
const KNOWN_TRANSFORMS = /^AWS::(?:LanguageExtensions|CodeDeployBlueGreen|Serverless-[\d-]+)$/;
/** https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html */
const MADE_BY_SAM = /^(?:Serverless|CodeDeployServiceRole$)/;
/** SAM's resources and modules become several, each called after them. */
const BECOMES_SEVERAL = /^AWS::Serverless::|::MODULE$/;

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
  if (resources === undefined || bringsMore(root) || entryOf(resources, 'Fn::Transform') !== undefined)
    return 'unknown';
  const names = new Set<string>();
  const stems: string[] = [];
  for (const { entry, context } of membersOf(resources, { pointer: '', property: '', scope, literal: false })) {
    const written = namesOf(entry, context.scope);
    if (written === undefined) return 'unknown';
    for (const name of written) names.add(name);
    const type = valueOf(entry.value, 'Type');
    if (!isString(type) || BECOMES_SEVERAL.test(type.value)) stems.push(...written);
  }
  return { names, stems };
}

function bringsMore(root: TemplateNode): boolean {
  if (entryOf(root, 'Fn::Transform') !== undefined) return true;
  const transform = valueOf(root, 'Transform');
  const all = isList(transform) ? transform.items : transform === undefined ? [] : [transform];
  return all.some((one) => !isString(one) || !KNOWN_TRANSFORMS.test(one.value));
}

/** A loop's are those that it writes. */
function namesOf({ key, keyStart: start, keyEnd: end }: MapEntry, scope: Scope): readonly string[] | undefined {
  const name = resolve({ kind: 'scalar', value: key, start, end, style: 'flow' }, scope);
  return name.kind === 'known' ? name.texts.map(({ text }) => text) : undefined;
}
