import type { Lines } from './lines.ts';
import { lineBreakOf } from './lines.ts';
import type { Rope, RopeEdit } from './rope.ts';
import { originOf, Ropes, RopeTooLong } from './rope.ts';
import { resolvePlain } from './scalar.ts';
import { quoteDouble } from './quote.ts';
import type { AliasSyntax, EntrySyntax, MapSyntax, Problem, Range, ScalarSyntax, SyntaxNode } from './syntax.ts';
import { isMerge } from './syntax.ts';

/** Four times what CloudFormation takes. Aliases of aliases can otherwise make gigabytes out of one kilobyte. */
const LIMIT = 4_000_000;

export interface Expanded {
  readonly text: string;
  /** From an offset into `text` to the offset in the source where it was written. */
  readonly originOf: (offset: number) => number;
}

/** Whether there is anything to expand: an alias, or a merge key. */
export function hasAliases(node: SyntaxNode): boolean {
  switch (node.kind) {
    case 'alias':
      return true;
    case 'scalar':
      return false;
    case 'list':
      return node.items.some(hasAliases);
    case 'map':
      return node.entries.some((entry) => isMerge(entry) || hasAliases(entry.key) || hasAliases(entry.value));
  }
}

/**
 * Writes aliases and merge keys out where they stand, because CloudFormation refuses both. What is copied is indented as its new place
 * wants it and leaves its anchors behind; everything else stays to the letter.
 */
export function expandAliases(
  source: string,
  root: SyntaxNode,
  lines: Lines,
): Expanded | { readonly problems: readonly Problem[] } {
  const { targets, problems } = link(root, lines);
  if (problems.length > 0) return { problems };
  try {
    const rope = new Expander(source, lines, targets).expand(root);
    return { text: rope.text, originOf: rope.originOf };
  } catch (error) {
    if (!(error instanceof RopeTooLong)) throw error;
    const [first] = targets.keys();
    const message = `with its aliases written out, the template has more than ${LIMIT / 1_000_000} million characters`;
    const remedy = 'Use fewer aliases that name what holds aliases itself, or split the template.';
    return { problems: [{ offset: first?.start ?? root.start, message, remedy }] };
  }
}

type Targets = ReadonlyMap<AliasSyntax, SyntaxNode>;

/** What each alias names: the last anchor of that name before it. */
function link(root: SyntaxNode, lines: Lines): { readonly targets: Targets; readonly problems: readonly Problem[] } {
  const anchors = new Map<string, SyntaxNode>();
  const targets = new Map<AliasSyntax, SyntaxNode>();
  const open = new Set<SyntaxNode>();
  const problems: Problem[] = [];
  const report = ({ start }: Pick<Range, 'start'>, message: string, remedy: string): void =>
    void problems.push({ offset: start, message, remedy });

  const visit = (node: SyntaxNode): void => {
    if (node.anchor !== undefined) anchors.set(node.anchor.name, node);
    if (node.kind === 'alias') {
      const target = anchors.get(node.name);
      if (target === undefined) {
        const remedy = `Write &${node.name} before what it names, further up; text that begins with * needs quotes.`;
        report(node, `the alias '*${node.name}' names no anchor before it`, remedy);
      } else if (open.has(target)) {
        report(node, `the alias '*${node.name}' stands inside of what it names`, 'Write out what it stands for.');
      } else targets.set(node, target);
      return;
    }
    open.add(node);
    if (node.kind === 'list') node.items.forEach(visit);
    else if (node.kind === 'map') node.entries.forEach(visitEntry);
    open.delete(node);
    if (node.kind === 'map') checkMerges(node);
  };

  const visitEntry = (entry: EntrySyntax): void => {
    const { key, value } = entry;
    visit(key);
    visit(value);
    const name = resolved(key);
    if (key.kind === 'alias' && name !== undefined && (name.kind !== 'scalar' || name.form === 'empty')) {
      report(key, `the alias '*${key.name}' is a key, and a key must be text`, 'Write the key itself.');
    }
  };

  const checkMerges = ({ entries }: MapSyntax): void => {
    const [first, second] = entries.filter(isMerge);
    if (first === undefined) return;
    if (second !== undefined) {
      const { line, column } = lines.at(first.start);
      report(second, `the key '<<' is there twice, first at ${line}:${column}`, 'Write one with a list: <<: [*a, *b].');
    }
    const value = resolved(first.value);
    const sources = value?.kind === 'list' ? value.items : [first.value];
    const wrong = sources.find((one) => (resolved(one)?.kind ?? 'map') !== 'map');
    if (wrong !== undefined) report(wrong, "'<<' takes a map or a list of maps", 'Name the anchor of a map.');
  };

  const resolved = (node: SyntaxNode): SyntaxNode | undefined => (node.kind === 'alias' ? targets.get(node) : node);

  visit(root);
  return { targets, problems };
}

/** An entry with the map that it is written in. */
interface Owned {
  readonly entry: EntrySyntax;
  readonly owner: MapSyntax;
}

/** How a node is written in block context: on the line where it begins, or with lines of its own below. */
type BlockForm =
  | { readonly inline: Rope }
  /** `head`: what stays on the first line. `lines` begin at `column`, the first without its indentation. */
  | { readonly head: string; readonly lines: Rope; readonly column: number };

class Expander {
  readonly #source: string;
  readonly #lines: Lines;
  readonly #targets: Targets;
  readonly #ropes: Ropes;
  readonly #lineBreak: string;
  readonly #contents = new Map<SyntaxNode, Rope>();
  readonly #flows = new Map<SyntaxNode, Rope>();
  readonly #effective = new Map<MapSyntax, readonly Owned[]>();

  constructor(source: string, lines: Lines, targets: Targets) {
    this.#source = source;
    this.#lines = lines;
    this.#targets = targets;
    this.#ropes = new Ropes(source, LIMIT);
    this.#lineBreak = lineBreakOf(source);
  }

  expand(root: SyntaxNode): Expanded {
    // In the order of the text: what is copied then finds what it copies itself already made, however long the chain.
    for (const target of [...new Set(this.#targets.values())].toSorted((a, b) => a.start - b.start)) {
      this.#content(target);
    }
    const rope = this.#ropes.splice(0, this.#source.length, this.#edits(root, false));
    return { text: this.#ropes.toString(rope), originOf: originOf(rope) };
  }

  /** The text of a node where it stands, expanded, without its own tag and anchor and without any anchor inside. */
  #content(node: SyntaxNode): Rope {
    let content = this.#contents.get(node);
    if (content === undefined) {
      content = this.#ropes.splice(node.content, this.#tail(node), this.#edits(node, true));
      this.#contents.set(node, content);
    }
    return content;
  }

  /** Copies lose the anchors inside of them; that of `root` itself stands before what is copied. */
  #edits(root: SyntaxNode, copied: boolean): RopeEdit[] {
    const edits: RopeEdit[] = [];
    const visit = (node: SyntaxNode, flow: boolean, entry?: EntrySyntax): void => {
      if (copied && node !== root && node.anchor !== undefined) edits.push(this.#withoutAnchor(node, node.anchor));
      switch (node.kind) {
        case 'alias':
          edits.push(...(flow ? [this.#inFlow(node)] : this.#inBlock(node, entry)));
          break;
        case 'scalar':
          if (copied && keepsLineBreaks(node)) {
            edits.push({ start: node.content, end: node.end, rope: this.#quoted(node) });
          }
          break;
        case 'list':
          for (const item of node.items) visit(item, node.flow);
          break;
        case 'map':
          for (const one of node.entries) {
            if (isMerge(one)) {
              edits.push(node.flow ? this.#mergeInFlow(node, one) : this.#mergeInBlock(node, one));
              continue;
            }
            if (one.key.kind === 'alias') edits.push(this.#asKey(one.key, node.flow));
            else visit(one.key, node.flow);
            visit(one.value, node.flow, one);
          }
      }
    };
    visit(root, false);
    return edits;
  }

  /** Where the text of a node ends, what stays behind an alias on its line included. */
  #tail(node: SyntaxNode): number {
    switch (node.kind) {
      case 'alias':
        return this.#lines.end(node.end);
      case 'scalar':
        return node.end;
      case 'list': {
        const last = node.items.at(-1);
        return node.flow || last === undefined ? node.end : this.#tail(last);
      }
      case 'map': {
        const last = node.entries.at(-1);
        if (node.flow || last === undefined) return node.end;
        const tail = this.#tail(last.value);
        return isMerge(last) ? this.#lines.end(tail) : tail;
      }
    }
  }

  #withoutAnchor(node: SyntaxNode, { start, end }: Range): RopeEdit {
    if (node.kind === 'scalar' && node.form === 'empty' && node.tag === undefined) {
      return { start, end, rope: this.#ropes.text('null', start) };
    }
    const nothing = this.#ropes.text('', start);
    const [blanks = ''] = /^[ \t]*/.exec(this.#source.slice(end, end + 200)) ?? [];
    const next = this.#source.charAt(end + blanks.length);
    if (next !== '' && !'\r\n#'.includes(next)) return { start, end: end + blanks.length, rope: nothing };
    const before = /[ \t]*$/.exec(this.#source.slice(this.#lines.start(start), start))?.[0] ?? '';
    return { start: start - before.length, end, rope: nothing };
  }

  #inFlow(alias: AliasSyntax): RopeEdit {
    return { start: alias.start, end: alias.end, rope: this.#flowText(alias) };
  }

  #asKey(alias: AliasSyntax, flow: boolean): RopeEdit {
    return { start: alias.start, end: alias.end, rope: this.#keyText(alias, flow) };
  }

  #inBlock(alias: AliasSyntax, entry: EntrySyntax | undefined): RopeEdit[] {
    const { start, end, indent } = alias;
    const target = this.#targetOf(alias);
    const behindKey = entry !== undefined && !entry.explicit && this.#lines.end(entry.colon) >= start;
    const form = this.#blockForm(target, indent, behindKey ? undefined : this.#lines.column(start));
    if ('inline' in form) return [{ start, end, rope: form.inline }];

    const lineEnd = this.#lines.end(end);
    const comment = this.#source.slice(end, lineEnd).trim();
    const head = [form.head, comment].filter((text) => text !== '').join(' ');
    const below = this.#ropes.text(this.#lineBreak + ' '.repeat(form.column), start);
    if (behindKey) {
      const first = this.#ropes.text(head === '' ? '' : ` ${head}`, start);
      return [{ start: entry.colon, end: lineEnd, rope: this.#below(first, below, form.lines) }];
    }
    const rope = head === '' ? form.lines : this.#below(this.#ropes.text(head, start), below, form.lines);
    return [{ start, end: lineEnd, rope }];
  }

  #below(first: Rope, lineBreak: Rope, lines: Rope): Rope {
    return lines.length === 0 ? first : this.#ropes.join([first, lineBreak, lines]);
  }

  /** `indent`: column of the block around the new place. `column`: where the value begins, if that is settled. */
  #blockForm(node: SyntaxNode, indent: number, column?: number): BlockForm {
    const tag = this.#tagText(node);
    const inline = (rope: Rope): BlockForm => ({ inline: this.#withTag(node, rope) });
    switch (node.kind) {
      case 'alias':
        return this.#blockForm(this.#targetOf(node), indent, column);
      case 'scalar': {
        if (node.form === 'empty') return inline(this.#nothing(node));
        if (keepsLineBreaks(node)) return inline(this.#quoted(node));
        const text = this.#ropes.slice(node.content, node.end);
        if (node.header === undefined) return inline(this.#ropes.shift(text, -Infinity, indent + 2));
        const lines = this.#ropes.slice(node.header.end, Math.max(node.header.end, node.end));
        const head = [tag, node.header.text].filter((part) => part !== '').join(' ');
        return { head, lines: this.#ropes.shift(lines, indent - node.indent, 0, true), column: 0 };
      }
      case 'map':
      case 'list': {
        const content = this.#content(node);
        if (node.flow) return inline(this.#ropes.shift(content, indent - node.indent, indent + 1));
        const before = this.#lines.column(node.content);
        const least = indent + (node.kind === 'list' ? 0 : 1);
        const now = column ?? Math.max(indent + before - node.indent, least);
        return { head: tag, lines: this.#ropes.shift(content, now - before, now), column: now };
      }
    }
  }

  #mergeInBlock(map: MapSyntax, merge: EntrySyntax): RopeEdit {
    const { start, value } = merge;
    const column = this.#lines.column(start);
    const lineEnd = this.#lines.end(this.#tail(value));
    const entries = this.#mergedInto(map, merge).map((owned) => this.#entryInBlock(owned, column));
    if (entries.length === 0) return this.#withoutMerge(map, merge, lineEnd);
    const comment = value.kind === 'alias' ? this.#source.slice(value.end, lineEnd).trim() : '';
    const lines = comment === '' ? entries : [this.#ropes.text(comment, start), ...entries];
    return { start, end: lineEnd, rope: this.#joined(lines, this.#lineBreak + ' '.repeat(column), start) };
  }

  /** Everything that it would bring is there already. */
  #withoutMerge({ entries }: MapSyntax, merge: EntrySyntax, lineEnd: number): RopeEdit {
    const index = entries.indexOf(merge);
    const next = entries[index + 1];
    const nothing = this.#ropes.text('', merge.start);
    if (next !== undefined) return { start: merge.start, end: next.start, rope: nothing };
    if (index === 0) return { start: merge.start, end: lineEnd, rope: this.#ropes.text('{}', merge.start) };
    return { start: this.#lines.end(this.#lines.start(merge.start) - 1), end: lineEnd, rope: nothing };
  }

  #mergeInFlow(map: MapSyntax, merge: EntrySyntax): RopeEdit {
    const { entries } = map;
    const { start, value } = merge;
    const merged = this.#mergedInto(map, merge).map(({ entry }) => this.#entryInFlow(entry));
    const rope = this.#joined(merged, ', ', start);
    if (merged.length > 0) return { start, end: value.end, rope };
    const index = entries.indexOf(merge);
    const next = entries[index + 1];
    if (next !== undefined) return { start, end: next.start, rope };
    const previous = entries[index - 1];
    return previous === undefined
      ? { start, end: map.end - 1, rope }
      : { start: previous.value.end, end: value.end, rope };
  }

  #mergedInto(map: MapSyntax, merge: EntrySyntax): readonly Owned[] {
    return this.#effectiveEntries(map).filter(({ owner, entry }) => owner !== map && entry !== merge);
  }

  /** What a map holds: its own entries, and of each merged map those that are not there yet. */
  #effectiveEntries(map: MapSyntax): readonly Owned[] {
    let effective = this.#effective.get(map);
    if (effective === undefined) {
      const own = map.entries.filter((entry) => !isMerge(entry)).map((entry) => ({ entry, owner: map }));
      const merged = map.entries
        .filter(isMerge)
        .flatMap(({ value }) => this.#mergeSources(value))
        .flatMap((source) => this.#effectiveEntries(source));
      const byName = new Map<string, Owned>();
      for (const owned of [...own, ...merged]) {
        const name = this.#keyName(owned.entry);
        if (!byName.has(name)) byName.set(name, owned);
      }
      effective = [...byName.values()];
      this.#effective.set(map, effective);
    }
    return effective;
  }

  #mergeSources(value: SyntaxNode): readonly MapSyntax[] {
    if (value.kind === 'alias') return this.#mergeSources(this.#targetOf(value));
    if (value.kind === 'map') return [value];
    return value.kind === 'list' ? value.items.flatMap((item) => this.#mergeSources(item)) : [];
  }

  #entryInBlock({ entry, owner }: Owned, column: number): Rope {
    const { start, value } = entry;
    if (!owner.flow) {
      const edits = this.#edits({ ...owner, entries: [entry] }, true);
      const text = this.#ropes.splice(start, this.#tail(value), edits);
      return this.#ropes.shift(text, column - this.#lines.column(owner.content), column);
    }
    const key = this.#keyText(entry.key, false);
    const form = this.#blockForm(value, column);
    if ('inline' in form) return this.#ropes.join([key, this.#ropes.text(': ', start), form.inline]);
    const head = form.head === '' ? ':' : `: ${form.head}`;
    const below = this.#ropes.text(this.#lineBreak + ' '.repeat(form.column), start);
    return this.#below(this.#ropes.join([key, this.#ropes.text(head, start)]), below, form.lines);
  }

  #entryInFlow({ key, value, start }: EntrySyntax): Rope {
    return this.#ropes.join([this.#keyText(key, true), this.#ropes.text(': ', start), this.#flowText(value)]);
  }

  /** A node on one line, as flow context takes it. */
  #flowText(node: SyntaxNode): Rope {
    let text = this.#flows.get(node);
    if (text === undefined) {
      text =
        node.kind === 'alias' ? this.#flowText(this.#targetOf(node)) : this.#withTag(node, this.#flowContent(node));
      this.#flows.set(node, text);
    }
    return text;
  }

  #flowContent(node: Exclude<SyntaxNode, AliasSyntax>): Rope {
    switch (node.kind) {
      case 'scalar':
        return node.form === 'empty' ? this.#nothing(node) : this.#onOneLine(node, true);
      case 'list':
        return this.#bracketed(
          '[]',
          node.items.map((item) => this.#flowText(item)),
          node.content,
        );
      case 'map':
        return this.#bracketed(
          '{}',
          this.#effectiveEntries(node).map(({ entry }) => this.#entryInFlow(entry)),
          node.content,
        );
    }
  }

  #bracketed(brackets: '[]' | '{}', items: readonly Rope[], at: number): Rope {
    const [open = '', close = ''] = brackets;
    return this.#ropes.join([this.#ropes.text(open, at), this.#joined(items, ', ', at), this.#ropes.text(close, at)]);
  }

  #keyText(key: SyntaxNode, flow: boolean): Rope {
    const scalar = key.kind === 'alias' ? this.#targetOf(key) : key;
    if (scalar.kind !== 'scalar') throw new Error('a key is a scalar, which was checked before');
    return this.#onOneLine(scalar, flow);
  }

  /** As it is written, where that is possible on one line (and between commas and brackets, for flow). */
  #onOneLine(scalar: ScalarSyntax, flow: boolean): Rope {
    const { form, content, end, value } = scalar;
    const written = this.#source.slice(content, end);
    const text = typeof resolvePlain(value) === 'string';
    const unfit = form === 'plain' && flow && (/[,[\]{}]/.test(value) || (text && value.includes(':')));
    if (form === 'block' || unfit || /[\r\n]/.test(written)) return this.#quoted(scalar);
    return this.#ropes.slice(content, end);
  }

  #quoted({ value, content }: ScalarSyntax): Rope {
    return this.#ropes.text(quoteDouble(value), content);
  }

  /** Behind a tag nothing is the empty text, otherwise it is null. */
  #nothing({ tag, content }: ScalarSyntax): Rope {
    return this.#ropes.text(tag === undefined ? 'null' : '""', content);
  }

  #withTag(node: SyntaxNode, rope: Rope): Rope {
    const tag = this.#tagText(node);
    return tag === '' ? rope : this.#ropes.join([this.#ropes.text(`${tag} `, node.start), rope]);
  }

  #tagText({ tag }: SyntaxNode): string {
    return tag === undefined ? '' : this.#source.slice(tag.start, tag.end);
  }

  #joined(ropes: readonly Rope[], separator: string, at: number): Rope {
    return this.#ropes.join(
      ropes.flatMap((rope, index) => (index === 0 ? [rope] : [this.#ropes.text(separator, at), rope])),
    );
  }

  #keyName({ key }: EntrySyntax): string {
    const scalar = key.kind === 'alias' ? this.#targetOf(key) : key;
    return scalar.kind === 'scalar' ? scalar.value : '';
  }

  #targetOf(alias: AliasSyntax): Exclude<SyntaxNode, AliasSyntax> {
    const target = this.#targets.get(alias);
    if (target === undefined || target.kind === 'alias') throw new Error('an alias was linked before');
    return target;
  }
}

/** `|+` and `>+` take the empty lines below them for theirs: in another place those are others. */
function keepsLineBreaks({ header }: ScalarSyntax): boolean {
  return header?.text.includes('+') === true;
}
