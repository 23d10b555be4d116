import type * as YamlModule from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import type { ConfigValue, Setting } from './config-values.ts';
import { endOfLine, indentAt, isSameKey, lineEndOf, spliced, startOfLine, TAKEN_OUT } from './config-values.ts';

type Yaml = typeof YamlModule;

/** As `editToml`, of a YAML document. */
export async function editYaml(text: string, settings: readonly Setting[]): Promise<string> {
  const yaml = await import('yaml');
  const all: readonly YamlSetting[] = [{ path: ['version'], value: VERSION }, ...settings];
  return all.reduce((edited, setting) => withSetting(edited, setting, yaml), text);
}

/** Written where there is none, and never changed. */
const VERSION: unique symbol = Symbol('version');

interface YamlSetting {
  readonly path: readonly string[];
  readonly value: Setting['value'] | typeof VERSION;
}

function withSetting(text: string, { path, value }: YamlSetting, yaml: Yaml): string {
  const document = yaml.parseDocument(text, { merge: true, keepSourceTokens: true });
  if (value === TAKEN_OUT) return withoutKey(text, document, path, yaml);
  const { found, missing } = follow(document, path, yaml);
  const written = value === VERSION ? '0.1' : valueText(value);
  const [first = '', ...below] = missing;
  if (missing.length === 0) {
    if (value === VERSION) return text;
    const [start, end] = rangeOf(found);
    // A block scalar ends behind the end of its last line, which stays. Other blanks than these are content.
    return spliced(text, start, start + text.slice(start, end).replace(/[ \t\r\n]+$/, '').length, written);
  }
  if (found === null)
    return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${nested(missing, '', written, text)}`;
  if (!yaml.isMap(found)) {
    // A key without a value, or with a null in words.
    const [start, end] = rangeOf(found);
    return spliced(
      text,
      start,
      end,
      ` { ${inFlow(missing, written)} }`.slice(/\s$/.test(text.slice(0, start)) ? 1 : 0),
    );
  }
  if (found.flow === true)
    return intoFlow(
      text,
      found,
      `${keyText(first)}: ${below.length === 0 ? written : `{ ${inFlow(below, written)} }`}`,
    );
  return intoBlock(text, found, missing, written, value === VERSION);
}

/** Of a map in one line a comma goes with it, else its lines. */
function withoutKey(text: string, document: Document, path: readonly string[], yaml: Yaml): string {
  const { found: map, missing } = follow(document, path.slice(0, -1), yaml);
  if (missing.length > 0 || !yaml.isMap(map)) return text;
  const pair = pairOf(map, path.at(-1) ?? '', true, yaml);
  if (pair === undefined) return text;
  const [start, end] = extentOf(pair, yaml);
  // Nothing in a block would be no map.
  if (map.flow !== true && map.items.length === 1)
    return spliced(text, start, text[end - 1] === '\n' ? end - 1 : end, '{}');
  if (map.flow !== true)
    return spliced(text, startOfLine(text, start), text[end - 1] === '\n' ? end : endOfLine(text, end), '');
  const index = map.items.indexOf(pair);
  const [before, after] = [map.items[index - 1], map.items[index + 1]];
  if (before !== undefined) return spliced(text, extentOf(before, yaml)[1], end, '');
  return spliced(text, start, after === undefined ? end : extentOf(after, yaml)[0], '');
}

/** From its key to the end of its value. */
function extentOf({ key, value }: Pair, yaml: Yaml): readonly [number, number] {
  const [start, end] = rangeOf(yaml.isNode(key) ? key : null);
  return [start, yaml.isNode(value) ? rangeOf(value)[1] : end];
}

interface Followed {
  /** The deepest node on the way; null in a document without content. */
  readonly found: Node | null;
  readonly missing: readonly string[];
}

function follow(document: Document, path: readonly string[], yaml: Yaml): Followed {
  let found = document.contents;
  if (
    found !== null &&
    yaml.isScalar(found) &&
    found.value === null &&
    (found.range?.[0] ?? 0) >= (found.range?.[1] ?? 0)
  )
    found = null;
  for (const [index, member] of path.entries()) {
    const isKey = index === path.length - 1;
    const pair = yaml.isMap(found) ? pairOf(found, member, isKey, yaml) : undefined;
    if (!yaml.isNode(pair?.value)) return { found, missing: path.slice(index) };
    found = pair.value;
  }
  return { found, missing: [] };
}

function pairOf(map: YAMLMap, member: string, isKey: boolean, yaml: Yaml): Pair | undefined {
  return map.items.find(({ key }) => {
    const name = yaml.isScalar(key) ? String(key.value) : '';
    return isKey ? isSameKey(name, member) : name === member;
  });
}

/** Behind the last of its pairs, or, at the beginning, before the first; with the blanks that stand before them. */
function intoBlock(
  text: string,
  map: YAMLMap,
  missing: readonly string[],
  written: string,
  atBeginning: boolean,
): string {
  const [start] = rangeOf(map);
  const indent = indentAt(text, start);
  const lines = nested(missing, indent, written, text);
  if (atBeginning) {
    const line = start - indent.length;
    return spliced(text, line, line, lines);
  }
  const [, end] = rangeOf(map);
  // A block scalar ends where the next line begins.
  const at = text[end - 1] === '\n' ? end : endOfLine(text, end);
  const isOpen = at === text.length && !text.endsWith('\n');
  return spliced(text, at, at, isOpen ? `${lineEndOf(text)}${lines.trimEnd()}` : lines);
}

function intoFlow(text: string, map: YAMLMap, member: string): string {
  const last = map.items.at(-1);
  const [, end] = rangeOf(map);
  const value = last?.value as Node | null | undefined;
  if (value === undefined || value === null) return spliced(text, end - 1, end - 1, ` ${member} `);
  const [, behind] = rangeOf(value);
  return spliced(text, behind, behind, `, ${member}`);
}

/** `a:` and below it `b: value`. */
function nested(path: readonly string[], indent: string, written: string, text: string): string {
  const end = lineEndOf(text);
  return path
    .map((member, index) => {
      const value = index === path.length - 1 ? ` ${written}` : '';
      return `${indent}${'  '.repeat(index)}${keyText(member)}:${value}${end}`;
    })
    .join('');
}

function inFlow([first = '', ...below]: readonly string[], written: string): string {
  return `${keyText(first)}: ${below.length === 0 ? written : `{ ${inFlow(below, written)} }`}`;
}

function rangeOf(node: Node | null): readonly [number, number] {
  const [start, end] = node?.range ?? [];
  if (start === undefined || end === undefined) throw new Error('a node that was parsed has no range');
  return [start, end];
}

function keyText(key: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(key) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(key)
    ? key
    : JSON.stringify(key);
}

/** JSON is YAML, and leaves nothing to guess. */
function valueText(value: ConfigValue): string {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? JSON.stringify(value) : `[${value.map((one) => JSON.stringify(one)).join(', ')}]`;
}
