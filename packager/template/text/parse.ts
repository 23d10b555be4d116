import { ArtifactError, ArtifactErrors, hasCode } from '../../../repository/error.ts';
import { expandAliases, hasAliases } from './expand.ts';
import { excerpt } from './excerpt.ts';
import { jsonComment, jsonMistake, readJson } from './json.ts';
import { Lines } from './lines.ts';
import type { ReadTemplate, TemplateKind, TemplateMemory } from '../memory.ts';
import type { TemplateNode } from '../node.ts';
import { formatPosition } from '../place.ts';
import type { Problem, SyntaxNode } from './syntax.ts';
import type { Template } from '../template.ts';
import { treeOf } from './tree.ts';
import { FLATTEN, readYaml } from './yaml.ts';

export interface ParseOptions {
  /** `template`: its root is a map. `fragment` (what AWS::Include brings in): anything but nothing. Default `template`. */
  readonly kind?: TemplateKind;
  /** Asked for the tree, and told. */
  readonly memory?: TemplateMemory | undefined;
}

/**
 * Reads a template, JSON if JSON parses it, otherwise YAML as CloudFormation understands it, and writes its aliases out.
 * @param file as the user knows it, for positions
 * @throws ArtifactErrors INVALID_TEMPLATE, each problem as `file:line:column: …`. Of what is no JSON and no YAML it is the first mistake, with its
 *   line in the remedy; of what is, everything that no template can hold
 */
export function parseTemplate(
  source: string,
  file: string,
  { kind = 'template', memory }: ParseOptions = {},
): Template {
  const reading = new Reading(source, file);
  const known = memory?.recall(source, kind);
  if (known !== undefined) return reading.known(known);
  try {
    const template = reading.template(kind);
    // Where aliases were written out, positions are not those of the text.
    if (template.text === source) memory?.remember(source, kind, { syntax: template.syntax, root: template.root });
    return template;
  } catch (error) {
    // The levels of nesting are limited, but the stack that is left may be anything.
    if (hasCode(error, 'RangeError')) {
      throw reading.failed([{ offset: 0, message: 'too many levels of nesting', remedy: FLATTEN }]);
    }
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

  template(kind: TemplateKind): Template {
    const template = this.#json() ?? this.#yaml();
    if (kind === 'template' && (template.root.kind !== 'map' || template.root.short)) {
      const what = template.root.kind === 'list' ? 'a list' : 'a single value';
      const [message, remedy] = [`this is not a template but ${what}`, 'A template is a map with Resources.'];
      throw this.failed([{ offset: template.root.start, message, remedy }]);
    }
    return template;
  }

  known({ syntax, root }: ReadTemplate): Template {
    return this.#made(syntax, this.#source, { root, problems: [] }, same);
  }

  failed(problems: readonly [Problem, ...Problem[]], originOf: (offset: number) => number = same): ArtifactErrors {
    const told = new Map(
      problems.map(({ offset, message, remedy }) => {
        const place = this.#position(originOf(offset));
        const placed = `${formatPosition(place)}: ${message}`;
        const options = { place, ...(remedy !== undefined && { remedy }) };
        return [placed, new ArtifactError('INVALID_TEMPLATE', placed, options)];
      }),
    );
    return new ArtifactErrors([...told.values()] as [ArtifactError, ...ArtifactError[]]);
  }

  #json(): Template | undefined {
    const read = readJson(this.#source, this.#describe);
    return read === undefined ? undefined : this.#made('json', this.#source, read, same);
  }

  #yaml(): Template {
    const comment = jsonComment(this.#source);
    if (comment !== undefined) throw this.#mistaken(comment, same);
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
    if (reading === 'empty') {
      const remedy = 'Check that it is the right file, and saved.';
      throw this.failed([{ offset: 0, message: 'this is not a template: there is nothing in it', remedy }]);
    }
    if ('root' in reading) return reading.root;
    if ('problems' in reading) throw this.failed(reading.problems, originOf);
    const asJson = looksLikeJson(text) ? jsonMistake(text) : undefined;
    throw this.#mistaken(asJson ?? reading.mistake, originOf);
  }

  /** With the line where the mistake is, and a caret below it. */
  #mistaken({ offset, message, remedy }: Problem, originOf: (offset: number) => number): ArtifactErrors {
    const shown = excerpt(this.#source, this.#lines, originOf(offset));
    const advice = remedy === undefined ? shown : `${shown}\n${remedy}`;
    return this.failed([{ offset, message, remedy: advice }], originOf);
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
