import { ArtifactError, ArtifactErrors, hasCode } from '../../../repository/error.ts';
import { expandAliases, hasAliases } from './expand.ts';
import { jsonProblems, readJson } from './json.ts';
import { Lines } from './lines.ts';
import type { TemplateNode } from '../node.ts';
import { formatPosition } from '../place.ts';
import type { Problem, SyntaxNode } from './syntax.ts';
import type { Template } from '../template.ts';
import { treeOf } from './tree.ts';
import { readYaml } from './yaml.ts';

export interface ParseOptions {
  /** `template`: its root is a map. `fragment` (what AWS::Include brings in): anything but nothing. Default `template`. */
  readonly kind?: 'template' | 'fragment';
}

/**
 * Reads a template, JSON if JSON parses it, otherwise YAML as CloudFormation understands it, and writes its aliases out.
 * @param file as the user knows it, for positions
 * @throws ArtifactErrors INVALID_TEMPLATE with every problem, each as `file:line:column: …`
 */
export function parseTemplate(source: string, file: string, { kind = 'template' }: ParseOptions = {}): Template {
  const reading = new Reading(source, file);
  try {
    return reading.template(kind);
  } catch (error) {
    // The levels of nesting are limited, but the stack that is left may be anything.
    if (hasCode(error, 'RangeError')) throw reading.failed([{ offset: 0, message: 'too many levels of nesting' }]);
    throw error;
  }
}

class Reading {
  readonly #source: string;
  readonly #file: string;
  readonly #lines: Lines;

  constructor(source: string, file: string) {
    this.#source = source;
    this.#file = file;
    this.#lines = new Lines(source);
  }

  template(kind: 'template' | 'fragment'): Template {
    const template = this.#json() ?? this.#yaml();
    if (kind === 'template' && (template.root.kind !== 'map' || template.root.short)) {
      const what = template.root.kind === 'list' ? 'a list' : 'a single value';
      throw this.failed([{ offset: template.root.start, message: `this is not a template but ${what}` }]);
    }
    return template;
  }

  failed(problems: readonly [Problem, ...Problem[]], originOf: (offset: number) => number = same): ArtifactErrors {
    const messages = new Set(
      problems.map(({ offset, message }) => `${formatPosition(this.#position(originOf(offset)))}: ${message}`),
    );
    const [first = '', ...others] = messages;
    const error = (message: string): ArtifactError => new ArtifactError('INVALID_TEMPLATE', message);
    return new ArtifactErrors([error(first), ...others.map(error)]);
  }

  #json(): Template | undefined {
    const read = readJson(this.#source, this.#describe);
    return read === undefined ? undefined : this.#made('json', this.#source, read, same);
  }

  #yaml(): Template {
    const root = this.#syntax(this.#source, same);
    if (!hasAliases(root)) return this.#made('yaml', this.#source, treeOf(root, this.#describe), same);

    const expanded = expandAliases(this.#source, root, this.#lines);
    if ('problems' in expanded) throw this.#failed(expanded.problems);
    const { text, originOf } = expanded;
    const tree = treeOf(this.#syntax(text, originOf), (offset) => this.#describe(originOf(offset)));
    return this.#made('yaml', text, tree, originOf);
  }

  #syntax(text: string, originOf: (offset: number) => number): SyntaxNode {
    const reading = readYaml(text);
    if (reading === 'empty')
      throw this.failed([{ offset: 0, message: 'this is not a template: there is nothing in it' }]);
    if ('root' in reading) return reading.root;
    const asJson = looksLikeJson(text) ? jsonProblems(text) : [];
    throw this.#failed(asJson.length > 0 ? asJson : reading.problems, originOf);
  }

  #made(
    syntax: Template['syntax'],
    text: string,
    { root, problems }: { readonly root: TemplateNode; readonly problems: readonly Problem[] },
    originOf: (offset: number) => number,
  ): Template {
    if (problems.length > 0) throw this.#failed(problems, originOf);
    return { file: this.#file, syntax, text, root, position: (offset) => this.#position(originOf(offset)) };
  }

  #failed(problems: readonly Problem[], originOf?: (offset: number) => number): ArtifactErrors {
    const [first = { offset: 0, message: 'this could not be read' }, ...others] = problems;
    return this.failed([first, ...others], originOf);
  }

  readonly #describe = (offset: number): string => {
    const { line, column } = this.#lines.at(offset);
    return `${line}:${column}`;
  };

  #position(offset: number): ReturnType<Template['position']> {
    return { file: this.#file, ...this.#lines.at(offset) };
  }
}

function same(offset: number): number {
  return offset;
}

/** Meant as JSON, by its first two characters: then JSON's view of what is wrong is the helpful one. */
function looksLikeJson(text: string): boolean {
  return /^\uFEFF?\s*\{\s*"/.test(text);
}
