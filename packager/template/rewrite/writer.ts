import { lineBreakOf, Lines } from '../text/lines.ts';
import type { ListNode, MapEntry, MapNode, TemplateNode } from '../node.ts';
import { entryOf, isList, isMap } from '../node.ts';
import type { Site } from '../site.ts';
import { flowAround } from '../site.ts';
import type { Edit } from './splice.ts';
import { splice } from './splice.ts';
import type { FlowStyle, Quotes } from './style.ts';
import { blockLines, blockMember, flowMember, hasLines, inFlow, inline } from './style.ts';
import type { Template } from '../template.ts';
import type { Member, Value } from './value.ts';
import { list, map } from './value.ts';

/** Where a member goes among those of its map. */
export type Among = 'last' | { readonly after: MapEntry } | { readonly before: MapEntry };

/** `spaced`: with blank lines between members, where those that are there have them. */
export type Spacing = 'spaced' | 'dense';

const SPELLED_OUT: FlowStyle = { json: true, colon: ': ', comma: ', ', padding: '' };

/** Changes to a template's text, each in the style of what stands around it. Nothing is changed but what is named. */
export class Writer {
  readonly #template: Template;
  readonly #text: string;
  readonly #lines: Lines;
  readonly #lineBreak: string;
  readonly #edits: (Edit & { readonly depth: number })[] = [];

  constructor(template: Template) {
    this.#template = template;
    this.#text = template.text;
    this.#lines = new Lines(template.text);
    this.#lineBreak = lineBreakOf(template.text);
  }

  result(): string {
    // Where several collections end on one line, what is added to the inner ones comes first.
    return splice(
      this.#text,
      this.#edits.toSorted((a, b) => b.depth - a.depth),
    );
  }

  /** Puts a value in the place of a node. Text, and the text of Fn::Sub, keeps the quotes of the text that was there. */
  replace(site: Site, value: Value): void {
    const { node } = site;
    const quotes = this.#quotesOf(node);
    const flow = flowAround(site);
    if (flow !== undefined) {
      this.#edit(node.start, node.end, this.#gap(site) + inFlow(value, this.#flowStyle(flow), quotes));
    } else if (isMap(site.parent?.node) && site.parent.node.short && value.kind !== 'text') {
      this.#edit(node.start, node.end, inFlow(value, SPELLED_OUT)); // behind a tag, where no other tag may stand
    } else if (!hasLines(value)) {
      this.#replaceInline(site, inline(value, quotes));
    } else if (this.#isBehindKey(site)) {
      this.#replaceBelow(site, value);
    } else {
      this.#replaceInPlace(site, value);
    }
  }

  /** Adds members to a map, or makes one of a value that is null or an empty map. */
  addMembers(site: Site, members: readonly Member[], among: Among = 'last', spacing: Spacing = 'dense'): void {
    const { node } = site;
    if (members.length === 0) return;
    if (isMap(node) && node.short) throw new Error('beside a short tag there is no room for members');
    if (!isMap(node) || node.entries.length === 0) this.replace(site, map(...members));
    else if (node.style === 'flow') this.#addToFlow(site, node, members, among);
    else this.#addToBlock(site, node, members, among, spacing === 'spaced' && this.#isSpaced(node));
  }

  /** Gives a map's member a value, where it has none adds it. */
  setMember(site: Site, [key, value]: Member, among: Among = 'last'): void {
    const entry = entryOf(site.node, key);
    if (entry === undefined || !isMap(site.node)) this.addMembers(site, [[key, value]], among);
    else this.replace({ node: entry.value, entry, parent: { ...site, node: site.node } }, value);
  }

  /** Appends to a list; a single value becomes the first item of one. */
  addItems(site: Site, items: readonly Value[], current: Value): void {
    const { node } = site;
    const last = isList(node) ? node.items.at(-1) : undefined;
    if (items.length === 0) return;
    if (!isList(node)) {
      this.replace(site, list(current, ...items));
    } else if (last === undefined) {
      this.replace(site, list(...items));
    } else if (node.style === 'flow') {
      const style = this.#flowStyle({ ...site, node });
      const separator = style.lines === undefined ? style.comma : `,${style.lines.lineBreak}${style.lines.indent}`;
      this.#insert(last.end, items.map((item) => separator + inFlow(item, style)).join(''), site);
    } else {
      const indent = ' '.repeat(this.#dashColumn(node));
      this.#insert(
        this.#lines.end(last.end),
        items.map((item) => this.#onLines(blockLines(list(item), '  '), indent)).join(''),
        site,
      );
    }
  }

  /** A value on one line in block context: where the old one stood, or, of one with lines of its own, behind the key. */
  #replaceInline(site: Site, text: string): void {
    const { node } = site;
    const { start, end } = node;
    const key = this.#blockKey(site);
    const hadLines = node.style === 'block' && node.kind !== 'scalar' && !(isMap(node) && node.short);
    if (start === end) {
      this.#insert(start, this.#gap(site) + text, site);
    } else if (hadLines && key !== undefined && /^\s*$/.test(this.#text.slice(key.colon, start))) {
      this.#edit(key.colon, end, ` ${text}`);
    } else {
      const comment = this.#headerComment(node);
      this.#edit(start, end, this.#deepening(site) + (comment === '' ? text : `${text} ${comment}`));
    }
  }

  /** `Key: value # comment` becomes `Key: # comment` and lines below. */
  #replaceBelow(site: Site, value: Value): void {
    const { node } = site;
    const { start, end } = node;
    const key = this.#blockKey(site);
    if (key === undefined) throw new Error('only what stands behind a key is replaced below it');
    const lineEnd = this.#lines.end(end);
    const comment = this.#headerComment(node);
    const rest = this.#text.slice(end, lineEnd);
    if (comment !== '') this.#edit(key.colon, end, ` ${comment}`);
    else if (rest.trim() === '') this.#edit(key.colon, lineEnd, '');
    else if (start < end) this.#edit(key.colon, end, '');
    const step = this.#stepAt(site);
    this.#insert(lineEnd, this.#onLines(blockLines(value, step), ' '.repeat(key.column) + step), site);
  }

  /** The lines begin where the old value began: in an item of a list, on a line below the key, behind an explicit key's `:`. */
  #replaceInPlace(site: Site, value: Value): void {
    const { start, end } = site.node;
    const gap = start === end ? this.#gap(site) : this.#deepening(site);
    const indent = ' '.repeat(this.#columnBehind(start, gap));
    const comment = this.#headerComment(site.node);
    const lines = [...(comment === '' ? [] : [comment]), ...blockLines(value, this.#stepAt(site))];
    this.#edit(start, end, gap + lines.join(this.#lineBreak + indent));
  }

  /** What has to be written before a value where there was none: a blank, or the `:` too. */
  #gap({ node, entry, parent }: Site): string {
    const { start, end } = node;
    if (start < end) return '';
    if (entry !== undefined && isMap(parent?.node) && !this.#text.slice(entry.keyEnd, start).includes(':')) {
      const { style } = parent.node;
      return style === 'flow' ? ': ' : `${this.#lineBreak}${' '.repeat(this.#mapColumn(parent.node))}: `;
    }
    return /\s/.test(this.#text[start - 1] ?? ' ') ? '' : ' ';
  }

  /** The column at which comes what is written behind a gap. */
  #columnBehind(start: number, gap: string): number {
    return gap.startsWith(this.#lineBreak)
      ? gap.length - this.#lineBreak.length
      : this.#lines.column(start) + gap.length;
  }

  /** A list may begin at the column of its key; what takes its place may not, and gets these blanks more. */
  #deepening(site: Site): string {
    const key = this.#blockKey(site);
    const column = this.#lines.column(site.node.start);
    return key === undefined || key.explicit || column > key.column ? '' : this.#stepAt(site);
  }

  #addToBlock(site: Site, node: MapNode, members: readonly Member[], among: Among, spaced: boolean): void {
    const column = this.#mapColumn(node);
    const indent = ' '.repeat(column);
    const step = this.#stepInside(site, node);
    const lines = members.flatMap((member) => blockMember(member, step));
    if (typeof among === 'object' && 'before' in among) {
      const start = this.#entryStart(among.before);
      this.#insert(start, lines.map((line) => line + this.#lineBreak + indent).join(''), site);
    } else if (typeof among === 'object') {
      this.#insert(this.#lines.end(among.after.value.end), this.#onLines(lines, indent), site);
    } else {
      const last = node.entries.at(-1)?.value ?? node;
      const written = members.map((member) => this.#onLines(blockMember(member, step), indent));
      this.#insert(this.#endWithComments(last, column), spaced ? this.#spaced(written, last) : written.join(''), site);
    }
  }

  /** A blank line before each; where the one behind the last member is a part of that, one behind them for it. */
  #spaced(written: readonly string[], last: TemplateNode): string {
    const blocks = written.join(this.#lineBreak);
    if (!this.#keepsLineBreaks(last)) return this.#lineBreak + blocks;
    return this.#text.slice(last.end).trim() === '' ? blocks : blocks + this.#lineBreak;
  }

  /** The end of the line where the last value of a map ends, or of the last comment directly below that is indented as a part of it. */
  #endWithComments({ end }: TemplateNode, column: number): number {
    let lineEnd = this.#lines.end(end);
    for (;;) {
      const below = /(?:\r\n|\n|\r)( *)#[^\r\n]*/y;
      below.lastIndex = lineEnd;
      const [comment = '', blanks = ''] = below.exec(this.#text) ?? [];
      if (comment === '' || blanks.length <= column) return lineEnd;
      lineEnd += comment.length;
    }
  }

  /** Whether blank lines stand between all members, of which there are two at least. */
  #isSpaced({ entries }: MapNode): boolean {
    return (
      entries.length > 1 &&
      entries.slice(1).every((entry, index) => {
        const between = this.#text.slice(entries[index]?.value.end, this.#entryStart(entry));
        return /(?:\r\n|\n|\r(?!\n))[ \t]*[\r\n]/.test(between) || this.#keepsLineBreaks(entries[index]?.value);
      })
    );
  }

  /** It ends in a block scalar to which blank lines behind it belong. */
  #keepsLineBreaks(node: TemplateNode | undefined): boolean {
    if (node === undefined) return false;
    if (node.kind === 'list') return this.#keepsLineBreaks(node.items.at(-1));
    if (node.kind === 'map') return this.#keepsLineBreaks(node.entries.at(-1)?.value);
    return node.style === 'block' && /^(?:[!&]\S*\s+)*[|>]\d*\+/.test(this.#text.slice(node.start, node.end));
  }

  #addToFlow(site: Site, node: MapNode, members: readonly Member[], among: Among): void {
    const style = this.#flowStyle({ ...site, node });
    const separator = style.lines === undefined ? style.comma : `,${style.lines.lineBreak}${style.lines.indent}`;
    const written = members.map((member) => flowMember(member, style));
    if (typeof among === 'object' && 'before' in among) {
      this.#insert(this.#entryStart(among.before), written.map((member) => member + separator).join(''), site);
      return;
    }
    const end = (among === 'last' ? node.entries.at(-1) : among.after)?.value.end ?? node.end - 1;
    // `{Key:, …}` is no key without value to every reader.
    const gap = this.#text[end - 1] === ':' ? ' ' : '';
    this.#insert(end, gap + written.map((member) => separator + member).join(''), site);
  }

  /** Every line on its own, behind the line break that ends the one before. */
  #onLines(lines: readonly string[], indent: string): string {
    return lines.map((line) => this.#lineBreak + indent + line).join('');
  }

  /** `within`: what it becomes a part of. */
  #insert(at: number, text: string, within: Site): void {
    this.#edits.push({ start: at, end: at, text, depth: depthOf(within) });
  }

  #edit(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, depth: 0 });
  }

  /** The key in front of a value in block context: where its `:` ends, and the column at which the key begins. */
  #blockKey({
    entry,
    parent,
  }: Site): { readonly colon: number; readonly column: number; readonly explicit: boolean } | undefined {
    if (entry === undefined || !isMap(parent?.node) || parent.node.short) return undefined;
    const colon = this.#behindColon(entry);
    const explicit = colon === entry.keyEnd || this.#lines.start(colon) !== this.#lines.start(entry.keyStart);
    return { colon, column: this.#mapColumn(parent.node), explicit };
  }

  #isBehindKey(site: Site): boolean {
    const key = this.#blockKey(site);
    return key !== undefined && !key.explicit && this.#lines.end(key.colon) >= site.node.start;
  }

  #behindColon({ keyEnd }: MapEntry): number {
    const gap = /(?:\s|#[^\r\n]*)*:/y;
    gap.lastIndex = keyEnd;
    return gap.test(this.#text) ? gap.lastIndex : keyEnd;
  }

  /** Of a block scalar, `# why` behind its `|-`. */
  #headerComment(node: TemplateNode): string {
    if (node.kind !== 'scalar' || node.style !== 'block') return '';
    const line = this.#text.slice(node.start, Math.min(node.end, this.#lines.end(node.start)));
    return /[|>][-+0-9]*[ \t]+(#.*)$/.exec(line)?.[1]?.trimEnd() ?? '';
  }

  #quotesOf(node: TemplateNode): Quotes | undefined {
    if (node.kind !== 'scalar' || node.style === 'block') return undefined;
    const quote = /^(?:[!&]\S*\s+)*(['"])/.exec(this.#text.slice(node.start, node.end))?.[1];
    return quote === undefined ? undefined : quote === '"' ? 'double' : 'single';
  }

  /** Where an entry begins: at its key, at the tag or anchor before it, or at the `?` of an explicit one. */
  #entryStart({ keyStart }: MapEntry): number {
    const before = this.#text.slice(this.#lines.start(keyStart), keyStart);
    return keyStart - (/(?:\?[ \t]+)?(?:[&!][^\s,[\]{}]*[ \t]+)*$/.exec(before)?.[0].length ?? 0);
  }

  /** Column of a block map's entries. */
  #mapColumn({ entries }: MapNode): number {
    const [first] = entries;
    return first === undefined ? 0 : this.#lines.column(this.#entryStart(first));
  }

  #dashColumn({ items, start }: ListNode): number {
    if (this.#text[start] === '-') return this.#lines.column(start);
    const first = items[0]?.start ?? start;
    const dash = this.#text.lastIndexOf('-', first - 1);
    return this.#lines.column(dash === -1 ? start : dash);
  }

  /** One step of indentation, for what comes below the value at `site`. */
  #stepAt(site: Site): string {
    const around = site.parent;
    return around !== undefined && isMap(around.node) && around.node.style === 'block'
      ? this.#stepInto({ ...around, node: around.node })
      : this.#step;
  }

  /** One step of indentation, for what comes below members of this map: the step that its first nested map takes. */
  #stepInside(site: Site, node: MapNode): string {
    const column = this.#mapColumn(node);
    const nested = node.entries.map(({ value }) => value).find((value): value is MapNode => isBlockMap(value));
    if (nested !== undefined) {
      const step = this.#mapColumn(nested) - column;
      if (step > 0) return ' '.repeat(step);
    }
    return this.#stepInto({ ...site, node });
  }

  /** The step from the keys around a block map to its own. */
  #stepInto({ node, parent }: Site & { readonly node: MapNode }): string {
    if (parent === undefined || !isBlockMap(parent.node)) return this.#step;
    const step = this.#mapColumn(node) - this.#mapColumn(parent.node);
    return step > 0 ? ' '.repeat(step) : this.#step;
  }

  /** The template's own step: from Resources to its members, else from any section to its. */
  get #step(): string {
    const { root } = this.#template;
    const sections = isMap(root) ? root.entries : [];
    const resources = sections.filter(({ key }) => key === 'Resources');
    for (const { value } of [...resources, ...sections]) {
      if (isBlockMap(value) && isBlockMap(root)) {
        const step = this.#mapColumn(value) - this.#mapColumn(root);
        if (step > 0) return ' '.repeat(step);
      }
    }
    return '  ';
  }

  #flowStyle(site: Site & { readonly node: MapNode | ListNode }): FlowStyle {
    const { node } = site;
    const keyed = this.#keyedAround(site);
    const [first, second] = keyed?.entries ?? [];
    const json = this.#template.syntax === 'json' || (first !== undefined && this.#text[first.keyStart] === '"');
    // Behind a key without quotes, a colon needs its blank.
    const shape = json ? /^[ \t]*:[ \t]*$/ : /^[ \t]*:[ \t]+$/;
    const colon = first === undefined ? ': ' : this.#between(first.keyEnd, first.value.start, shape, ': ');
    const tight = colon === ':' ? ',' : ', ';
    const comma =
      first === undefined || second === undefined
        ? tight
        : this.#between(first.value.end, second.keyStart, /^[ \t]*,[ \t]*$/, tight);
    const padding = this.#text[node.start + 1] === ' ' ? ' ' : '';
    const lines = this.#flowLines(site);
    return { json, colon, comma, padding, ...(lines !== undefined && { lines }) };
  }

  /** Where members have lines of their own. */
  #flowLines({ node, parent }: Site & { readonly node: MapNode | ListNode }): FlowStyle['lines'] {
    const first = isMap(node) ? node.entries[0]?.keyStart : node.items[0]?.start;
    if (first === undefined || this.#lines.start(first) === this.#lines.start(node.start)) return undefined;
    const indent = this.#indentOf(first);
    const outer = this.#indentOf(node.start);
    const around = parent === undefined ? '' : this.#indentOf(parent.node.start);
    const step = [outer, around].find((other) => indent.startsWith(other) && indent !== other);
    return { lineBreak: this.#lineBreak, indent, step: step === undefined ? '  ' : indent.slice(step.length) };
  }

  /** The nearest map around, by whose keys it is seen how flow collections are written here. */
  #keyedAround({ node, parent }: Site): MapNode | undefined {
    if (isMap(node) && !node.short && node.style === 'flow' && node.entries.length > 0) return node;
    return parent === undefined ? undefined : this.#keyedAround(parent);
  }

  /** The blanks and tabs that begin a line. */
  #indentOf(offset: number): string {
    const start = this.#lines.start(offset);
    return /^[ \t]*/.exec(this.#text.slice(start, offset))?.[0] ?? '';
  }

  #between(start: number, end: number, shape: RegExp, otherwise: string): string {
    const text = this.#text.slice(start, end);
    return shape.test(text) ? text : otherwise;
  }
}

function depthOf({ parent }: Site): number {
  return parent === undefined ? 0 : 1 + depthOf(parent);
}

function isBlockMap(node: TemplateNode): node is MapNode {
  return isMap(node) && !node.short && node.style === 'block' && node.entries.length > 0;
}
