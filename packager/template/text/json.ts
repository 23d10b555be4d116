import type { Node as JsonNode, ParseError } from 'jsonc-parser';
import { parse, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { MapEntry, TemplateNode } from '../node.ts';
import type { Problem } from './syntax.ts';
import { duplicates } from './tree.ts';
import { FLATTEN, MAX_DEPTH } from './yaml.ts';

const BYTE_ORDER_MARK = '\uFEFF';
const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };

/** The node model of a JSON text, or undefined where it is no JSON (it may be YAML then). A byte order mark may lead. */
export function readJson(
  source: string,
  describe: (offset: number) => string,
): { readonly root: TemplateNode; readonly problems: readonly Problem[] } | undefined {
  const lead = source.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  const text = source.slice(lead);
  if (!isJson(text)) return undefined;
  const tooDeep = deeperThan(MAX_DEPTH, text);
  if (tooDeep !== undefined) {
    const offset = tooDeep + lead;
    const problem = { offset, message: `more than ${MAX_DEPTH} levels of nesting`, remedy: FLATTEN };
    return { root: { kind: 'scalar', value: null, style: 'flow', start: 0, end: 0 }, problems: [problem] };
  }
  const tree = parseTree(text, [], STRICT);
  return tree === undefined ? undefined : convert(tree, lead, describe);
}

/** The first thing that keeps a text that looks like JSON from being it. */
export function jsonMistake(source: string): Problem | undefined {
  const lead = source.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  const errors: ParseError[] = [];
  parse(source.slice(lead), errors, STRICT);
  const [first] = errors;
  if (first === undefined) return undefined;
  const { error, offset, length } = first;
  const at = offset + lead;
  return { offset: at, ...inWords(printParseErrorCode(error), source.slice(at, at + length)) };
}

/**
 * The first comment of what is JSON but for comments and trailing commas. As YAML it can often be read, but then `// why "Resources"` is a key, and
 * nothing is what its author meant.
 */
export function jsonComment(source: string): Problem | undefined {
  if (!/^\uFEFF?\s*(?:\{|\/\/|\/\*)/.test(source)) return undefined;
  const lead = source.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  const text = source.slice(lead);
  const errors: ParseError[] = [];
  parse(text, errors, { ...STRICT, disallowComments: false, allowTrailingComma: true });
  if (errors.length > 0) return undefined;
  parse(text, errors, { ...STRICT, allowTrailingComma: true });
  const [comment] = errors;
  if (comment === undefined) return undefined;
  return { offset: comment.offset + lead, ...inWords(printParseErrorCode(comment.error), '') };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where valid JSON first opens one bracket too many. */
function deeperThan(limit: number, text: string): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]+|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > limit) return index;
  }
  return undefined;
}

function convert(
  tree: JsonNode,
  lead: number,
  describe: (offset: number) => string,
): { readonly root: TemplateNode; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];

  const node = ({ type, offset, length, children = [], value }: JsonNode): TemplateNode => {
    const base = { start: offset + lead, end: offset + lead + length, style: 'flow' } as const;
    if (type === 'array') return { ...base, kind: 'list', items: children.map(node) };
    if (type !== 'object') return { ...base, kind: 'scalar', value: value as string | number | boolean | null };
    const entries = children.flatMap((property) => entry(property) ?? []);
    problems.push(...duplicates(entries, describe));
    return { ...base, kind: 'map', short: false, entries };
  };

  const entry = ({ children }: JsonNode): MapEntry | undefined => {
    const [key, value] = children ?? [];
    if (key === undefined || value === undefined) return undefined;
    const keyStart = key.offset + lead;
    return { key: key.value as string, keyStart, keyEnd: keyStart + key.length, value: node(value) };
  };

  return { root: node(tree), problems };
}

/** @param code of jsonc-parser, `CommaExpected`. @param found what stands there. */
function inWords(code: string, found: string): Omit<Problem, 'offset'> {
  switch (code) {
    case 'CommaExpected':
      if (/^[\]}]/.test(found)) {
        return { message: `this ${found} closes another bracket than the open one`, remedy: 'Close that before.' };
      }
      if (found === ':')
        return { message: 'a colon stands where no key is', remedy: 'A list has no keys: close it before.' };
      return { message: 'a comma is missing before this', remedy: 'Separate what stands in brackets by commas.' };
    case 'ColonExpected':
      return { message: 'a colon is missing before this', remedy: 'Write it as "KEY": VALUE.' };
    case 'PropertyNameExpected':
      return /^[}]/.test(found)
        ? { message: 'a comma stands before this bracket', remedy: 'Remove the comma.' }
        : { message: 'a key in double quotes is missing here', remedy: 'Write it as "KEY": VALUE.' };
    case 'ValueExpected':
      return {
        message: 'a value is missing before this',
        remedy: 'Give it one, or remove the comma or key before it.',
      };
    case 'CloseBraceExpected':
      return { message: 'the text ends before its last } is there', remedy: 'Close what is open.' };
    case 'CloseBracketExpected':
      return { message: 'the text ends before its last ] is there', remedy: 'Close what is open.' };
    case 'EndOfFileExpected':
      return { message: 'something stands behind the end of the template', remedy: 'Look for a bracket too many.' };
    case 'InvalidSymbol':
      if (found.startsWith("'"))
        return { message: 'JSON has text in double quotes only', remedy: 'Replace the quotes.' };
      return { message: `'${found}' is nothing in JSON`, remedy: 'Write text in double quotes.' };
    case 'InvalidCommentToken':
      return { message: 'JSON has no comments', remedy: 'Remove it.' };
    case 'UnexpectedEndOfString':
      return { message: 'the quote " that opens here is not closed on its line', remedy: 'Close it with ".' };
    case 'InvalidCharacter':
      return { message: 'this text holds a control character', remedy: 'Write \\t for a tab, \\n for a line break.' };
    case 'InvalidEscapeCharacter':
    case 'InvalidUnicode':
      return { message: 'this text holds a \\ that escapes nothing', remedy: 'Write \\\\ for a backslash.' };
    default:
      return { message: code.replace(/(?!^)([A-Z])/g, ' $1').toLowerCase() };
  }
}
