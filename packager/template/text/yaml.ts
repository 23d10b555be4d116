import type { CST } from 'yaml';
import { Composer, CST as Cst, Lexer, Parser } from 'yaml';
import { mistakeOf } from './mistake.ts';
import type { EntrySyntax, ListSyntax, MapSyntax, Problem, ScalarSyntax, SyntaxNode } from './syntax.ts';

/** Deeper than any template: CloudFormation's own limits are far below, and recursive readers must not run out of stack. */
export const MAX_DEPTH = 500;

/** What to do about more levels than that. */
export const FLATTEN =
  'Write it flatter: no template needs so many. A program that writes it may have put a value into itself.';

export type YamlReading =
  | { readonly root: SyntaxNode }
  /** It is no YAML, and this is the first thing that keeps it from being that. */
  | { readonly mistake: Problem }
  /** It is YAML, but nothing that a template can hold. */
  | { readonly problems: readonly [Problem, ...Problem[]] }
  | 'empty';

/**
 * Reads one YAML document. Offsets are into `source`, to the character. A line end may be a lone CR; the form of what stands between the tokens is kept nowhere, because the text itself is.
 */
export function readYaml(source: string): YamlReading {
  // YAML 1.2 and 1.1 break lines at a lone CR, the parser does not. One for one, so offsets hold.
  const text = source.replace(/\r(?!\n)/g, '\n');
  const tokens = lexed(text);
  const document = tokens.find((token) => token.type === 'document');
  const tooDeep = document === undefined ? undefined : deeperThan(MAX_DEPTH, document);
  if (tooDeep !== undefined) return { problems: [tooDeep] };

  const { mistake, tagName } = compose(text, tokens);
  if (mistake !== undefined) return { mistake };
  if (document === undefined || isEmpty(document)) return 'empty';
  const reader = new Reader(tagName);
  const root = reader.document(document);
  const [problem, ...more] = reader.problems;
  return problem === undefined ? { root } : { problems: [problem, ...more] };
}

function lexed(text: string): readonly CST.Token[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of laxLexer().lex(text)) for (const token of parser.next(lexeme)) tokens.push(token);
  tokens.push(...parser.end());
  return tokens;
}

/**
 * Indentation means nothing inside of brackets and quotes, to CloudFormation and to aws-cli alike, while YAML 1.2 and this lexer want
 * at least that of the parent; one real template in a hundred closes a bracket further left. So the lexer is told to want none there. These
 * are its private methods: should they go, it is merely strict again.
 */
function laxLexer(): Lexer {
  const lexer = new Lexer();
  const inside = lexer as unknown as Record<string, unknown> & { indentNext: number };
  for (const name of ['parseFlowCollection', 'parseQuotedScalar']) {
    const strict = inside[name];
    if (typeof strict !== 'function') continue;
    inside[name] = function* () {
      const wanted = inside.indentNext;
      inside.indentNext = 0;
      const state: unknown = yield* strict.call(lexer) as Generator<string>;
      inside.indentNext = wanted;
      return state;
    };
  }
  return lexer;
}

type TagResolver = (source: string) => string | undefined;

/** Only for what it finds wrong, and for its %TAG directives: the tree is made from the tokens, which know where everything stands. */
function compose(
  text: string,
  tokens: readonly CST.Token[],
): { readonly mistake: Problem | undefined; readonly tagName: TagResolver } {
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, strict: false, logLevel: 'silent' });
  const [first, second] = [...composer.compose(tokens, true, text.length)];
  const directives = first?.directives;
  const tagName = (source: string): string | undefined => directives?.tagName(source, () => undefined) ?? undefined;
  const errors = (first?.errors ?? []).toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (errors.length > 0) return { mistake: mistakeOf(text, tokens, errors), tagName };
  if (second === undefined) return { mistake: undefined, tagName };
  const message = 'a second YAML document begins here, and a template is one';
  return { mistake: { offset: second.range[0], message, remedy: 'Put each into a file of its own.' }, tagName };
}

function isEmpty({ value, start }: CST.Document): boolean {
  return value === undefined && !start.some(({ type }) => type === 'anchor' || type === 'tag');
}

/** Without recursion: it is there to protect what recurses. */
function deeperThan(limit: number, document: CST.Document): Problem | undefined {
  const open: [CST.Token | null | undefined, number][] = [[document.value, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next;
    if (!Cst.isCollection(token)) continue;
    if (depth > limit) {
      return { offset: token.offset, message: `more than ${limit} levels of nesting`, remedy: FLATTEN };
    }
    for (const { key, value } of token.items) {
      if (Cst.isCollection(key)) open.push([key, depth + 1]);
      if (Cst.isCollection(value)) open.push([value, depth + 1]);
    }
  }
  return undefined;
}

interface Properties {
  readonly start?: number;
  readonly anchor?: SyntaxNode['anchor'];
  readonly tag?: SyntaxNode['tag'];
  /** Behind the last of tag, anchor and indicator. */
  readonly end: number;
  /** Where the indicator stands (`?`, `:` or `-`). */
  readonly indicator?: number;
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #tagName: TagResolver;

  constructor(tagName: TagResolver) {
    this.#tagName = tagName;
  }

  document({ start, value, offset }: CST.Document): SyntaxNode {
    return this.#node(value, this.#properties(start, offset), -1);
  }

  #node(token: CST.Token | null | undefined, properties: Properties, indent: number): SyntaxNode {
    const { anchor, tag } = properties;
    const content = token?.offset ?? properties.end;
    const place = { start: properties.start ?? content, content, indent };
    const base: Base =
      anchor === undefined && tag === undefined
        ? place
        : { ...place, ...(anchor !== undefined && { anchor }), ...(tag !== undefined && { tag }) };
    if (token?.type === 'alias') {
      return { ...base, kind: 'alias', name: token.source.slice(1), end: content + token.source.length };
    }
    if (token?.type === 'block-map') return this.#blockMap(token, base);
    if (token?.type === 'block-seq') return this.#blockList(token, base);
    if (token?.type === 'flow-collection') return this.#flow(token, base);
    if (token?.type === 'block-scalar') return blockScalar(token, base);
    if (isFlowScalar(token)) return flowScalar(token, base);
    return { ...base, kind: 'scalar', form: 'empty', value: '', end: content };
  }

  #blockMap({ items, indent }: CST.BlockMap, base: Base): MapSyntax {
    const entries = this.#entries(items, indent, base.content);
    // The token begins at the first key, the map at the tag or anchor of that.
    const content = entries[0]?.start ?? base.content;
    const start = Math.min(base.start, content);
    return { ...base, kind: 'map', flow: false, entries, start, content, end: entries.at(-1)?.value.end ?? content };
  }

  #blockList({ items, indent, offset }: CST.BlockSequence, base: Base): ListSyntax {
    const read: readonly SyntaxNode[] = items.flatMap(({ start, value }) => {
      const properties = this.#properties(start, offset);
      return properties.indicator === undefined ? [] : [this.#node(value, properties, indent)];
    });
    return { ...base, kind: 'list', flow: false, items: read, end: read.at(-1)?.end ?? base.content };
  }

  #flow({ start, items, end }: CST.FlowCollection, base: Base): MapSyntax | ListSyntax {
    const closed = end.find(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end');
    const whole = { ...base, flow: true, end: closed === undefined ? base.content + 1 : closed.offset + 1 };
    if (start.source === '{') {
      const entries = this.#entries(items, base.indent, base.content);
      return { ...whole, kind: 'map', entries };
    }
    return { ...whole, kind: 'list', items: items.flatMap((item) => this.#flowItem(item, base) ?? []) };
  }

  /** `[a, b: c]`: the second is a map of one entry, without braces. */
  #flowItem(item: CST.CollectionItem, { indent, content }: Base): SyntaxNode | undefined {
    const properties = this.#properties(item.start, content);
    if (item.sep === undefined && properties.indicator === undefined) {
      const something = item.value !== undefined || properties.start !== undefined;
      return something ? this.#node(item.value, properties, indent) : undefined;
    }
    const entry = this.#entry(item, indent, content);
    if (entry === undefined) return undefined;
    const { start, value } = entry;
    return { kind: 'map', flow: true, start, content: start, end: value.end, indent, entries: [entry] };
  }

  #entries(items: readonly CST.CollectionItem[], indent: number, offset: number): readonly EntrySyntax[] {
    const entries: EntrySyntax[] = [];
    for (const item of items) {
      const entry = this.#entry(item, indent, offset);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  #entry(item: CST.CollectionItem, indent: number, offset: number): EntrySyntax | undefined {
    const { start, key, sep, value } = item;
    const before = this.#properties(start, offset);
    if (key == null && sep === undefined && before.start === undefined && before.indicator === undefined) {
      return undefined; // no more than a comment
    }
    const keyNode = this.#node(key, before, indent);
    const behind = this.#properties(sep ?? [], keyNode.end);
    this.#checkKey(keyNode);
    return {
      start: before.indicator ?? keyNode.start,
      key: keyNode,
      colon: behind.indicator === undefined ? keyNode.end : behind.indicator + 1,
      value: this.#node(value, behind, indent),
      explicit: before.indicator !== undefined,
    };
  }

  #checkKey(key: SyntaxNode): void {
    if (key.kind === 'map' || key.kind === 'list') {
      const remedy = 'Write text before the colon, and what the key was made of below it.';
      this.problems.push({ offset: key.start, message: 'a key must be text, not a map or a list', remedy });
    } else if (key.kind === 'scalar' && key.form === 'empty') {
      this.problems.push({ offset: key.start, message: 'a key is missing', remedy: 'Write it as KEY: VALUE.' });
    }
  }

  #properties(tokens: readonly CST.SourceToken[], offset: number): Properties {
    let end = offset;
    let indicator: number | undefined;
    let anchor: SyntaxNode['anchor'];
    let tag: SyntaxNode['tag'];
    for (const { type, source, offset: start } of tokens) {
      if (type === 'map-value-ind' || type === 'explicit-key-ind' || type === 'seq-item-ind') indicator = start;
      else if (type === 'anchor') anchor = { start, end: start + source.length, name: source.slice(1) };
      else if (type === 'tag') tag = { start, end: start + source.length, name: this.#tagName(source) ?? source };
      else continue;
      end = start + source.length;
    }
    const behind = indicator === undefined ? { end } : { end, indicator };
    if (anchor === undefined && tag === undefined) return behind;
    const start = Math.min(anchor?.start ?? Infinity, tag?.start ?? Infinity);
    return { ...behind, start, ...(anchor !== undefined && { anchor }), ...(tag !== undefined && { tag }) };
  }
}

type Base = Pick<SyntaxNode, 'start' | 'content' | 'indent' | 'anchor' | 'tag'>;

const FORMS: Readonly<Record<string, 'plain' | 'single' | 'double'>> = {
  scalar: 'plain',
  'single-quoted-scalar': 'single',
  'double-quoted-scalar': 'double',
};

function isFlowScalar(token: CST.Token | null | undefined): token is CST.FlowScalar {
  return token != null && token.type in FORMS;
}

function flowScalar(token: CST.FlowScalar, base: Base): ScalarSyntax {
  const { type, source } = token;
  const form = source === '' ? 'empty' : (FORMS[type] ?? 'plain');
  return { ...base, kind: 'scalar', form, value: valueOf(token), end: base.content + source.length };
}

/** Nearly every scalar is one line without escapes, and that is its value; to ask for it takes much longer. */
function valueOf(token: CST.FlowScalar): string {
  const { type, source } = token;
  const written = type === 'scalar' ? source : source.slice(1, -1);
  const isPlain = type === 'scalar' ? !written.includes('\n') : !/[\n\\']/.test(written);
  return isPlain ? written : Cst.resolveAsScalar(token, false, () => undefined).value;
}

/** Ends before its last line break, like every other value. */
function blockScalar(token: CST.BlockScalar, base: Base): ScalarSyntax {
  const { value } = Cst.resolveAsScalar(token, false, () => undefined);
  const head = token.props.map((property) => ('source' in property ? property.source : ''));
  const lines = base.content + head.join('').length;
  const [lastBreak = ''] = /(?:\r?\n)?$/.exec(token.source === '' ? head.join('') : token.source) ?? [];
  const header = { text: head[0] ?? '', end: lines };
  const end = lines + token.source.length - lastBreak.length;
  return { ...base, kind: 'scalar', form: 'block', value, header, end };
}
