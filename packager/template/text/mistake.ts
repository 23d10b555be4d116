import type { CST, YAMLError } from 'yaml';
import { CST as Cst } from 'yaml';
import { Lines } from './lines.ts';
import type { Problem } from './syntax.ts';
import { longForm } from './tree.ts';

/**
 * The mistake behind the first thing that the YAML parser reports, in plain words. What it reports behind that mostly comes of the same
 * mistake. A quote or bracket that is never closed swallows what follows it: there the mistake is where it opens.
 * @param errors in the order of the text
 */
export function mistakeOf(text: string, tokens: readonly CST.Token[], errors: readonly YAMLError[]): Problem {
  const [first] = errors;
  if (first === undefined) throw new Error('without an error there is no mistake');
  const [start] = first.pos;
  const end = Math.max(...errors.filter(({ pos }) => pos[0] === start).map(({ pos }) => pos[1]));
  const all = [...everyToken(tokens)];
  return conflict(text) ?? unclosed(all) ?? closedLate(all, text, first) ?? explained(new Stumble(text, first, end));
}

/** A line that begins so is no YAML in a template, so it explains every error. */
function conflict(text: string): Problem | undefined {
  const marker = /^<{7}(?= )/m.exec(text);
  if (marker === null) return undefined;
  const message = 'the mark of a merge conflict is left here';
  return { offset: marker.index, message, remedy: "Resolve the conflict, and remove the lines of '<', '=' and '>'." };
}

function* everyToken(tokens: readonly CST.Token[]): Generator<CST.Token> {
  const open: (CST.Token | null | undefined)[] = [...tokens];
  while (open.length > 0) {
    const token = open.pop();
    if (token == null) continue;
    yield token;
    if (token.type === 'document') open.push(token.value);
    else if (Cst.isCollection(token)) for (const { key, value } of token.items) open.push(key, value);
  }
}

/** The first quote or bracket that nothing closes. */
function unclosed(tokens: readonly CST.Token[]): Problem | undefined {
  const [first] = tokens.filter((token) => openingOf(token) !== undefined).toSorted((a, b) => a.offset - b.offset);
  const opening = first && openingOf(first);
  if (first === undefined || opening === undefined) return undefined;
  const what = /['"]/.test(opening) ? 'quote' : 'bracket';
  const closing = { '[': ']', '{': '}' }[opening] ?? opening;
  return {
    offset: first.offset,
    message: `the ${what} ${opening} that opens here is never closed`,
    remedy: `Close it with ${closing}.`,
  };
}

/** A quote that was forgotten makes the next one close, some lines below, and what stands behind that is too much. */
function closedLate(tokens: readonly CST.Token[], text: string, { code, pos }: YAMLError): Problem | undefined {
  if (code !== 'UNEXPECTED_TOKEN') return undefined;
  const late = tokens.find(
    (token) =>
      (token.type === 'double-quoted-scalar' || token.type === 'single-quoted-scalar') &&
      token.source.includes('\n') &&
      token.offset + token.source.length === pos[0],
  );
  if (late === undefined) return undefined;
  const { line, column } = new Lines(text).at(pos[0] - 1);
  const message = `the quote ${text.charAt(late.offset)} that opens here closes only at ${line}:${column}`;
  return { offset: late.offset, message, remedy: 'Close it where its text ends.' };
}

/** What opens a token that nothing closes. */
function openingOf(token: CST.Token): string | undefined {
  if (token.type === 'flow-collection') return token.end.length === 0 ? token.start.source : undefined;
  if (token.type === 'double-quoted-scalar') return /^"(?:[^"\\]|\\[^])*"$/.test(token.source) ? undefined : '"';
  if (token.type === 'single-quoted-scalar') return /^'(?:[^']|'')*'$/.test(token.source) ? undefined : "'";
  return undefined;
}

/** Where the parser stumbled, and what stands around there. */
class Stumble {
  readonly code: YAMLError['code'];
  /** The parser's own words. */
  readonly words: string;
  readonly offset: number;
  readonly #text: string;
  readonly #lines: Lines;
  readonly #end: number;

  /** @param end of all that the parser complains of from there on */
  constructor(text: string, { code, message, pos: [start] }: YAMLError, end: number) {
    this.code = code;
    this.words = message.trim();
    this.#text = text;
    this.#lines = new Lines(text);
    this.#end = end;
    // Of indentation, what is indented is shown.
    const blanks =
      code === 'TAB_AS_INDENT' ? undefined : /^[ \t]+(?=[^\s])/.exec(text.slice(start, this.#lines.end(start)));
    this.offset = start + (blanks?.[0].length ?? 0);
  }

  /** What stands there, to the end of its line. */
  get rest(): string {
    return this.#text.slice(this.offset, this.#lines.end(this.offset));
  }

  /** What stands before it on its line. */
  get before(): string {
    return this.#text.slice(this.#lines.start(this.offset), this.offset);
  }

  /** The tag before it, wherever that is. */
  get tagBefore(): string | undefined {
    return /(!\S+)\s*$/.exec(this.#text.slice(Math.max(0, this.offset - 200), this.offset))?.[1];
  }

  get beginsLine(): boolean {
    return this.before.trim() === '';
  }

  /** Where the text begins on the last line of what the parser complains of, if that has several. */
  get lastLine(): number | undefined {
    const start = this.#lines.start(Math.max(this.offset, this.#end - 1));
    if (start <= this.offset) return undefined;
    return start + (/^[ \t]*/.exec(this.#text.slice(start, this.#lines.end(start)))?.[0].length ?? 0);
  }
}

function explained(stumble: Stumble): Problem {
  const { offset, rest } = stumble;
  const [character = ''] = rest;
  const at = (message: string, remedy?: string): Problem => ({
    offset,
    message,
    ...(remedy !== undefined && { remedy }),
  });
  switch (stumble.code) {
    case 'TAB_AS_INDENT':
      return at('a tab stands in the indentation, and YAML indents with blanks only', 'Write blanks in its place.');
    case 'BAD_INDENT': {
      const closing = /must .*end with a (\S)$/.exec(stumble.words)?.[1];
      return closing === undefined
        ? at('this line is indented otherwise than those that it belongs to', SAME_COLUMN)
        : at(`a ${closing} is missing before this`, 'Close each bracket with its own kind.');
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
      return misplacedKey(stumble);
    case 'BAD_SCALAR_START':
    case 'BAD_ALIAS':
      return at(`a value that begins with ${character} needs quotes`, `Write it in quotes.`);
    case 'BAD_DQ_ESCAPE':
      return at(
        `${/^\\.?/.exec(rest)?.[0] ?? ''} means nothing in double quotes`,
        'Write \\\\ for a backslash, or the text in single quotes.',
      );
    case 'MULTIPLE_TAGS':
      return secondTag(stumble);
    case 'MULTIPLE_ANCHORS':
      return at('a value can have one anchor', 'Remove one of them.');
    case 'ALIAS_PROPS':
      return at('an alias can have no tag and no anchor', 'Write the function in its long form, like Fn::Base64.');
    case 'BLOCK_IN_FLOW':
      return at(
        'inside of brackets there are no lines with dashes or keys of their own',
        'Separate what stands in the brackets by commas, or leave out the brackets.',
      );
    case 'UNEXPECTED_TOKEN':
      return unexpected(stumble);
    case 'BAD_COLLECTION_TYPE':
    case 'BAD_DIRECTIVE':
    case 'BAD_PROP_ORDER':
    case 'DUPLICATE_KEY':
    case 'IMPOSSIBLE':
    case 'KEY_OVER_1024_CHARS':
    case 'MULTIPLE_DOCS':
    case 'NON_STRING_KEY':
    case 'RESOURCE_EXHAUSTION':
    case 'TAG_RESOLVE_FAILED':
      return at(inOurStyle(stumble.words));
  }
}

const SAME_COLUMN = 'What belongs together begins at the same column.';

function misplacedKey(stumble: Stumble): Problem {
  const { offset, rest, before, beginsLine, lastLine, code } = stumble;
  if (rest.trimEnd() === '?') {
    return { offset, message: 'a value that begins with ? needs quotes', remedy: 'Write it in quotes.' };
  }
  if (/^-(?:\s|$)/.test(rest)) {
    const message = beginsLine
      ? 'this item is indented otherwise than its list, or stands among keys'
      : 'a list begins on a line of its own';
    return { offset, message, remedy: SAME_COLUMN };
  }
  if (lastLine !== undefined && !beginsLine) {
    const message = 'this line is indented further than the one before, which has its value already';
    return { offset: lastLine, message, remedy: SAME_COLUMN };
  }
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && !beginsLine && /:\s/.test(before)) {
    const message = 'this value holds a colon with a blank behind it, which makes a key of it';
    return { offset, message, remedy: 'Write the value in quotes, or what follows on a line of its own.' };
  }
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    return { offset, message: 'this line is indented otherwise than those that it belongs to', remedy: SAME_COLUMN };
  }
  if (/^['"]/.test(rest)) return { offset, message: 'a key must stand on one line', remedy: 'Join its lines.' };
  const glued = /^([^\s:'"]+):(?=[^\s:])/.exec(rest)?.[1];
  return glued === undefined
    ? { offset, message: 'a colon is missing behind this key', remedy: 'Write it as KEY: VALUE.' }
    : { offset, message: `a blank is missing behind '${glued}:'`, remedy: 'Write it as KEY: VALUE.' };
}

/** CloudFormation has the same rule: a short form can't stand behind another. */
function secondTag({ offset, tagBefore = '!…', rest }: Stumble): Problem {
  const inner = /^\S*/.exec(rest)?.[0] ?? '';
  const name = longForm(tagBefore) ?? tagBefore;
  return {
    offset,
    message: `'${inner}' can't stand right behind '${tagBefore}': a value has one tag`,
    remedy: `Write the outer one in its long form: '{"${name}": ${inner} …}', or '${name}: ${inner} …' on a line of its own below the key.`,
  };
}

function unexpected({ offset, rest, before, words }: Stumble): Problem {
  const [character = ''] = rest;
  const header = /^Block scalar header includes extra characters: (.*)$/.exec(words)?.[1];
  if (header !== undefined || words.startsWith('Not a YAML token')) {
    return { offset, message: "text behind '|' or '>' begins on the next line", remedy: 'Indent it there.' };
  }
  if (/^[\]}]/.test(rest)) return { offset, message: `this ${character} closes nothing`, remedy: 'Remove it.' };
  if (character === ',')
    return { offset, message: 'a value is missing before this comma', remedy: 'Remove the comma.' };
  if (/^-\s/.test(rest) && before.trim() !== '') {
    return { offset, message: 'a list begins on a line of its own', remedy: 'Write its items below the key.' };
  }
  if (words.endsWith('at node end')) {
    return {
      offset,
      message: 'this stands behind the end of a value',
      remedy:
        'Look for quotes or brackets that close too early, and for what is not indented like the lines around it.',
    };
  }
  return { offset, message: inOurStyle(words) };
}

function inOurStyle(words: string): string {
  const line = words.replace(/\.$/, '');
  return /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
}
