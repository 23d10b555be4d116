import type { Changes } from './changes.ts';
import { lineBreakOf, Lines } from '../text/lines.ts';
import type { MapEntry, MapNode, TemplateNode } from '../node.ts';
import { isMap } from '../node.ts';
import { parseTemplate } from '../text/parse.ts';
import type { Site } from '../site.ts';
import { child, flowAround, follow, resourceAround } from '../site.ts';
import type { Edit } from './splice.ts';
import { splice } from './splice.ts';
import { yamlText } from './style.ts';
import { quoteDouble } from '../text/quote.ts';
import type { Template } from '../template.ts';

/**
 * The template with room for what the changes add: `!Transform {…}` has none for members beside it, `Fn::Transform: {…}` has, and means the same.
 * Where nothing is added beside a short tag it is the template itself.
 */
export function withRoom(template: Template, changes: Changes): Template {
  const cramped = [...addedTo(template, changes)].filter(
    (site): site is ShortSite => isMap(site.node) && site.node.short,
  );
  const sites = new Map(cramped.map((site) => [site.node, site]));
  if (sites.size === 0) return template;
  const edits = [...sites.values()].flatMap((site) => new SpellingOut(template, site).edits());
  return parseTemplate(splice(template.text, edits), template.file, { kind: 'fragment' });
}

/** Every map that gets members. */
function* addedTo({ root }: Template, changes: Changes): Generator<Site> {
  const { rewrites, references, mappings = [], settings = [] } = changes;
  for (const { place, dependsOn } of rewrites) {
    const resource = dependsOn.length === 0 ? undefined : resourceAround(root, place.pointer);
    if (resource !== undefined) yield resource;
    if (place.absent) yield follow(root, place.pointer).site;
  }
  for (const { pointer } of settings) {
    const { site, missing } = follow(root, pointer);
    if (missing.length > 0) yield site;
  }
  const inLoops = rewrites.some(({ place }) => place.loop.length > 0);
  const sections = [references.length > 0 && 'Resources', (inLoops || mappings.length > 0) && 'Mappings'];
  for (const name of sections) {
    const section = name === false ? undefined : child({ node: root }, name);
    if (section !== undefined) yield section;
  }
}

type ShortSite = Site & { readonly node: MapNode };

/** Writes one short tag as a key. */
class SpellingOut {
  readonly #template: Template;
  readonly #text: string;
  readonly #lines: Lines;
  readonly #site: ShortSite;
  readonly #tag: MapEntry;

  constructor(template: Template, site: ShortSite) {
    const [tag] = site.node.entries;
    if (tag === undefined) throw new Error('a short tag has one entry');
    this.#template = template;
    this.#text = template.text;
    this.#lines = new Lines(template.text);
    this.#site = site;
    this.#tag = tag;
  }

  edits(): readonly Edit[] {
    const { key, keyStart, keyEnd, value } = this.#tag;
    if (flowAround(this.#site) !== undefined) {
      const end = this.#site.node.end;
      return [
        { start: keyStart, end: keyEnd, text: `{${yamlText(key, 'flow')}:` },
        ...this.#argument(value),
        { start: end, end, text: '}' },
      ];
    }
    const name = `${yamlText(key, 'block')}:`;
    const column = this.#keyColumn();
    const before = /[ \t]*$/.exec(this.#text.slice(this.#lines.start(keyStart), keyStart))?.[0].length ?? 0;
    const step = ' '.repeat(this.#step());
    return [
      column === undefined
        ? { start: keyStart, end: keyEnd, text: name }
        : {
            start: keyStart - before,
            end: keyEnd,
            text: `${lineBreakOf(this.#text)}${' '.repeat(column)}${step}${name}`,
          },
      ...this.#argument(value),
      ...this.#linesBelow(value).map((start) => ({ start, end: start, text: step })),
    ];
  }

  /** Behind a tag everything is text; behind a key it needs quotes for that. */
  #argument(argument: TemplateNode): readonly Edit[] {
    const { start, end } = argument;
    if (argument.kind !== 'scalar' || argument.style === 'block') return [];
    const text = quoteDouble(String(argument.value));
    return [{ start, end, text: start === end ? ` ${text}` : text }];
  }

  /** The column of the key on whose line the tag stands, if it does. */
  #keyColumn(): number | undefined {
    const { entry } = this.#site;
    const isBehind = entry !== undefined && this.#lines.start(entry.keyStart) === this.#lines.start(this.#tag.keyStart);
    return isBehind ? this.#lines.column(entry.keyStart) : undefined;
  }

  /** One step of indentation, as the template's root takes it. */
  #step(): number {
    const { root } = this.#template;
    for (const { value, keyStart } of isMap(root) ? root.entries : []) {
      if (!isMap(value) || value.short || value.style !== 'block') continue;
      const step = this.#lines.column(value.start) - this.#lines.column(keyStart);
      if (step > 0) return step;
    }
    return 2;
  }

  /** Where the lines of the argument begin that stand below the tag's. Empty ones stay empty. */
  #linesBelow({ end, kind, style }: TemplateNode): readonly number[] {
    const starts: number[] = [];
    if (kind === 'scalar' && style === 'flow') return starts;
    for (let at = this.#lines.end(this.#tag.keyEnd); at < end;) {
      const start = at + (this.#text.startsWith('\r\n', at) ? 2 : 1);
      at = this.#lines.end(start);
      if (start < end && start < at) starts.push(start);
    }
    return starts;
  }
}
