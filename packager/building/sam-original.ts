import path from 'node:path';
import { aboveBuild } from '../archive/project-root.ts';
import type { MapEntry, TemplateNode } from '../template/node.ts';
import { isMap, isString, valueOf } from '../template/node.ts';
import type { Template } from '../template/template.ts';
import { parseTemplate } from '../template/text/parse.ts';
import { isFolder } from '../folders.ts';
import { readRegularText } from '../regular-file.ts';

/** As SAM calls them, in its order. */
const NAMES = ['template.yaml', 'template.yml', 'template.json'];

/** What is asked of the template that was built. */
export interface OriginalQuestion {
  /** Logical IDs of the nested stacks around the resource, outermost first. */
  readonly stacks: readonly string[];
  readonly logicalId: string;
  /** Of the resource: one of another type is another. */
  readonly type: string;
  /** Which names the code. */
  readonly property: string;
  /** The built template in which it stands. */
  readonly built: Template;
  /** What a value comes to in the built template, which has the same parameters. */
  readonly textOf: (node: TemplateNode) => string | undefined;
}

/** The template that `sam build` read, found by what SAM calls it: which one that was, is noted nowhere. */
export class SamOriginal {
  readonly #folder: string;
  readonly #templates = new Map<string, Template | undefined>();

  /**
   * @param buildFolder what `sam build` wrote, absolute
   * @param cwd where it ran, unless the build folder tells
   */
  constructor(buildFolder: string, cwd: string) {
    const above = aboveBuild(buildFolder);
    this.#folder = above === buildFolder ? cwd : above;
  }

  /** The folder that a resource was built of, absolute; undefined where that can't be told. */
  sourceOf({ stacks, logicalId, type, property, built, textOf }: OriginalQuestion): string | undefined {
    const file = this.#fileOf(stacks);
    const root = file === undefined ? undefined : this.#read(file)?.root;
    if (file === undefined || root === undefined || !hasAllOf(built, root)) return undefined;
    const resource = valueOf(valueOf(root, 'Resources'), logicalId);
    const common = type === 'AWS::Serverless::Function' ? valueOf(valueOf(root, 'Globals'), 'Function') : undefined;
    const code = valueOf(valueOf(resource, 'Properties'), property) ?? valueOf(common, property);
    if (plainText(valueOf(resource, 'Type')) !== type || code === undefined) return undefined;
    const named = textOf(code);
    if (named === undefined) return undefined;
    const source = path.resolve(path.dirname(file), named);
    return isFolder(source) ? source : undefined;
  }

  /** The template itself, or one nested in it by a plain path. */
  #fileOf(stacks: readonly string[]): string | undefined {
    const first = NAMES.map((name) => path.join(this.#folder, name)).find((file) => this.#read(file) !== undefined);
    return stacks.reduce<string | undefined>((file, stack) => {
      if (file === undefined) return undefined;
      const nesting = valueOf(valueOf(valueOf(this.#read(file)?.root, 'Resources'), stack), 'Properties');
      const nested = plainText(valueOf(nesting, 'Location') ?? valueOf(nesting, 'TemplateURL'));
      return nested === undefined ? undefined : path.resolve(path.dirname(file), nested);
    }, first);
  }

  #read(file: string): Template | undefined {
    if (!this.#templates.has(file)) this.#templates.set(file, templateIn(file));
    return this.#templates.get(file);
  }
}

/** What was built of a template has its resources; what that was given since, it has not. */
function hasAllOf(built: Template, root: TemplateNode): boolean {
  const names = new Set(resourcesIn(root).map(({ key }) => key));
  return resourcesIn(built.root).every(({ key }) => names.has(key));
}

/** Of a template, in its order. */
export function resourcesIn(root: TemplateNode): readonly MapEntry[] {
  const resources = valueOf(root, 'Resources');
  return isMap(resources) ? resources.entries : [];
}

function templateIn(file: string): Template | undefined {
  try {
    return parseTemplate(readRegularText(file), file);
  } catch {
    return undefined;
  }
}

function plainText(node: TemplateNode | undefined): string | undefined {
  return isString(node) ? node.value : undefined;
}
