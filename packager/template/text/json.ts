import type { Node as JsonNode, ParseError } from 'jsonc-parser';
import { parse, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { MapEntry, TemplateNode } from '../node.ts';
import type { Problem } from './syntax.ts';
import { duplicates } from './tree.ts';
import { MAX_DEPTH } from './yaml.ts';

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
    const problem = { offset, message: `more than ${MAX_DEPTH} levels of nesting` };
    return { root: { kind: 'scalar', value: null, style: 'flow', start: 0, end: 0 }, problems: [problem] };
  }
  const tree = parseTree(text, [], STRICT);
  return tree === undefined ? undefined : convert(tree, lead, describe);
}

/** What keeps a text that looks like JSON from being it. */
export function jsonProblems(source: string): readonly Problem[] {
  const lead = source.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  const errors: ParseError[] = [];
  parse(source.slice(lead), errors, STRICT);
  return errors.map(({ error, offset }) => ({ offset: offset + lead, message: inWords(printParseErrorCode(error)) }));
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

/** `CommaExpected` → `comma expected` */
function inWords(code: string): string {
  return code.replace(/(?!^)([A-Z])/g, ' $1').toLowerCase();
}
