import type { ConfigValue, Setting } from './config-values.ts';
import {
  endOfLine,
  indentAt,
  isSameKey,
  lineEndOf,
  lineInserted,
  spliced,
  startOfLine,
  TAKEN_OUT,
} from './config-values.ts';
import type { Statement } from './toml-statements.ts';
import { statementsOf } from './toml-statements.ts';

/**
 * Sets values in a TOML document and leaves everything else to the byte. Whoever calls it reads the result and compares: of a document that is laid out in a way that
 * this does not know, the result may say something else.
 * @param text of a document that was parsed
 */
export function editToml(text: string, settings: readonly Setting[]): string {
  return settings.reduce(withSetting, withVersion(text));
}

/** SAM reads no file without one. */
function withVersion(text: string): string {
  const hasVersion = statementsOf(text).some(({ kind, path }) => kind === 'pair' && path.join('.') === 'version');
  if (hasVersion) return text;
  const end = lineEndOf(text);
  return `version = 0.1${end}${text.trim() === '' ? '' : end}${text}`;
}

function withSetting(text: string, { path, value }: Setting): string {
  const statements = statementsOf(text);
  const table = path.slice(0, -1);
  const key = path.at(-1) ?? '';
  const pairs = pairsIn(statements);
  const present = pairs.find((pair) => isAt(pair.path, table, 1) && isSameKey(pair.path.at(-1) ?? '', key));
  if (value === TAKEN_OUT)
    return present === undefined ? text : withSetting(withoutPair(text, pairs, present), { path, value });
  if (present !== undefined) return spliced(text, present.valueStart, present.end, valueText(value));
  const line = `${keyText(key)} = ${valueText(value)}`;
  const inline = pairs.find((pair) => pair.members !== undefined && isAt(pair.path, table, 0));
  if (inline !== undefined) return intoInline(text, inline, line);
  const heading = statements.findIndex((one) => one.kind === 'table' && isAt(one.path, table, 0));
  if (heading >= 0) return intoTable(text, statements, heading, line);
  const dotted = pairs.findLast((pair) => isAt(pair.path, table, 1) && statements.includes(pair));
  if (dotted !== undefined) {
    const written = text.slice(dotted.start, dotted.valueStart).replace(/[^.]*$/, '');
    return lineInserted(text, dotted.end, `${indentAt(text, dotted.start)}${written}${line}`);
  }
  return withTable(text, statements, table, line);
}

/** Of an inline table a comma goes with it, else its line. */
function withoutPair(text: string, pairs: readonly Pair[], pair: Pair): string {
  const { members = [] } = pairs.find((one) => one.members?.includes(pair)) ?? {};
  const index = members.indexOf(pair);
  if (index < 0) return spliced(text, startOfLine(text, pair.start), endOfLine(text, pair.end), '');
  const [before, after] = [members[index - 1], members[index + 1]];
  if (before !== undefined) return spliced(text, before.end, pair.end, '');
  return spliced(text, pair.start, after?.start ?? pair.end, '');
}

type Pair = Extract<Statement, { readonly kind: 'pair' }>;

/** Those in inline tables as well. */
function pairsIn(statements: readonly Statement[]): readonly Pair[] {
  return statements.flatMap((one) => (one.kind === 'pair' ? [one, ...pairsIn(one.members ?? [])] : []));
}

/** Whether a path leads into a table, with so many members more. */
function isAt(path: readonly string[], table: readonly string[], more: number): boolean {
  return path.length === table.length + more && table.every((member, index) => path[index] === member);
}

/** Behind its last pair, with the blanks that stand before that. */
function intoTable(text: string, statements: readonly Statement[], heading: number, line: string): string {
  const next = statements.findIndex(({ kind }, index) => index > heading && kind === 'table');
  const last = statements[(next < 0 ? statements.length : next) - 1];
  if (last === undefined) throw new Error('a heading that is no statement');
  return lineInserted(text, last.end, `${indentAt(text, last.start)}${line}`);
}

function intoInline(text: string, { members = [], end }: Pair, line: string): string {
  const last = members.at(-1);
  if (last === undefined) return spliced(text, end - 1, end - 1, ` ${line} `);
  return spliced(text, last.end, last.end, `, ${line}`);
}

/** Behind the other tables of its environment; of a new environment, at the end. */
function withTable(text: string, statements: readonly Statement[], table: readonly string[], line: string): string {
  const end = lineEndOf(text);
  const heading = `[${table.map(keyText).join('.')}]`;
  const kin = statements.findLastIndex((one) => one.kind === 'table' && one.path[0] === table[0]);
  const next = statements.findIndex(({ kind }, index) => index > kin && kind === 'table');
  const before = kin < 0 || next < 0 ? statements.at(-1) : statements[next - 1];
  const isEnd = before === undefined || before === statements.at(-1);
  if (!isEnd) return lineInserted(text, before.end, `${end}${heading}${end}${line}`);
  const closed = text === '' || text.endsWith('\n') ? text : `${text}${end}`;
  return `${closed}${closed.endsWith(`${end}${end}`) || closed === '' ? '' : end}${heading}${end}${line}${end}`;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : textOf(key);
}

function valueText(value: ConfigValue): string {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? textOf(value) : `[${value.map(textOf).join(', ')}]`;
}

/** A basic string: JSON's, but for DEL, which TOML doesn't take as it is. */
function textOf(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', String.raw`\u007f`);
}
