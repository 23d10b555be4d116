import { ArtifactError } from '../../repository/error.ts';

/**
 * The aliases of the AWS CLI, `~/.aws/cli/alias`: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-alias.html. It is read as the AWS CLI reads it, which is with
 * Python's RawConfigParser (awscli/alias.py, botocore/configloader.py); the section `toplevel` is understood by every version, `command NAME` since 2.9.0 alone.
 */
export interface Alias {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

export interface AliasFile {
  /** Where it is, or will be. */
  readonly file: string;
  readonly text: string;
}

/** How people call it: `aws artifacts`, `aws cloudformation package`. */
export function spelled({ section, name }: Pick<Alias, 'section' | 'name'>): string {
  return ['aws', ...section.split(' ').slice(1), name].join(' ');
}

/** An alias of that name is somebody else's. */
export interface ForeignAlias {
  readonly alias: Pick<Alias, 'section' | 'name'>;
  /** From 1. */
  readonly line: number;
}

/** Stands above what was written, so that it can be told and taken out again. */
const MARK = '# written by cfn-artifacts install-alias';
/** The section's header was written too. */
const MARK_WITH_SECTION = `${MARK}, with its section`;

/**
 * The text with these aliases in it; not another byte of it is changed. Those that are there already stay where they are.
 * @param isOurs whether a value is one that this program writes, or wrote
 * @throws ArtifactError INVALID_CONFIGURATION where the AWS CLI can't read the file
 */
export function withAliases(
  before: AliasFile,
  aliases: readonly Alias[],
  isOurs: (value: string) => boolean,
): { readonly text: string; readonly foreign: readonly ForeignAlias[] } {
  const found = entriesOf(before);
  const foreign = aliases.flatMap((alias) => {
    const entry = found.find((one) => isSame(one, alias));
    return entry === undefined || isOurs(entry.value) ? [] : [{ alias, line: entry.line }];
  });
  const { text } = foreign.length > 0 ? before : aliases.reduce(withAlias, before);
  return { text, foreign };
}

/** The text without those of these aliases that are ours: what it was before they were written. @throws as `withAliases` */
export function withoutAliases(
  before: AliasFile,
  aliases: readonly Pick<Alias, 'section' | 'name'>[],
  isOurs: (value: string) => boolean,
): string {
  const after = aliases.reduceRight((now, alias) => {
    const entry = entriesOf(now).find((one) => isSame(one, alias));
    return entry === undefined || !isOurs(entry.value) ? now : { ...now, text: withoutEntry(now.text, entry) };
  }, before);
  return after.text;
}

interface Line {
  readonly text: string;
  /** Empty in a last line that has none. */
  readonly end: string;
}

interface Entry extends Alias {
  /** From 1. */
  readonly line: number;
  /** The last line that says something of it. */
  readonly lastLine: number;
}

const isSame = (one: Pick<Alias, 'section' | 'name'>, other: Pick<Alias, 'section' | 'name'>): boolean =>
  one.section === other.section && one.name === other.name;

function linesOf(text: string): Line[] {
  const lines = [...text.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)].map(([, line = '', end = '']) => ({ text: line, end }));
  // Behind the last end of a line stands no line.
  return lines.at(-1)?.text === '' ? lines.slice(0, -1) : lines;
}

const textOf = (lines: readonly Line[]): string => lines.map(({ text, end }) => text + end).join('');

const isComment = (line: string): boolean => /^\s*[#;]/.test(line);
const isBlank = (line: string): boolean => line.trim() === '';
const indentOf = (line: string): number => line.search(/\S/);

/** `[command  cloudformation]` is `command cloudformation`. */
const sectionIn = (line: string): string | undefined =>
  /^\[(.+)\]/.exec(line.trim())?.[1]?.split(/\s+/).join(' ').trim();

/** @throws ArtifactError INVALID_CONFIGURATION where Python's parser would fail, which keeps every command of the AWS CLI from running */
function entriesOf({ file, text }: AliasFile): readonly Entry[] {
  const unreadable = (index: number, why: string): ArtifactError => unreadableLine({ file, line: index + 1 }, why);
  const entries: Entry[] = [];
  const sections = new Set<string>();
  let section: string | undefined;
  let open: { indent: number; entry: Entry | undefined } = { indent: 0, entry: undefined };
  for (const [index, { text: line }] of linesOf(text).entries()) {
    if (isBlank(line) || isComment(line)) continue;
    const indent = indentOf(line);
    const { entry } = open;
    if (entry !== undefined && indent > open.indent) {
      const continued = { ...entry, value: `${entry.value}\n${line.trim()}`.trim(), lastLine: index + 1 };
      entries.splice(-1, 1, continued);
      open = { ...open, entry: continued };
      continue;
    }
    const header = sectionIn(line);
    if (header !== undefined) {
      if (sections.has(header)) throw unreadable(index, `the section '${header}' is there twice`);
      sections.add(header);
      section = header;
      open = { indent, entry: undefined };
      continue;
    }
    const { name, value } = /^(?<name>.*?)\s*[=:]\s*(?<value>.*)$/.exec(line.trim())?.groups ?? {};
    if (section === undefined) throw unreadable(index, 'an alias stands before any section');
    if (name === undefined || name === '' || value === undefined) throw unreadable(index, 'there is no NAME = VALUE');
    const next = { section, name: name.toLowerCase(), value: value.trim(), line: index + 1, lastLine: index + 1 };
    if (entries.some((one) => isSame(one, next))) throw unreadable(index, `the alias '${name}' is there twice`);
    entries.push(next);
    open = { indent, entry: next };
  }
  return entries;
}

function unreadableLine(at: { readonly file: string; readonly line: number }, why: string): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', `the AWS CLI can't read this line: ${why}`, {
    remedy: 'Correct it first: every command of the AWS CLI fails with it.',
    place: { ...at, column: 1 },
  });
}

function withAlias(before: AliasFile, alias: Alias): AliasFile {
  const entries = entriesOf(before);
  const present = entries.find((one) => isSame(one, alias));
  if (present?.value === alias.value) return before;
  const { file, text } = before;
  const result = { file, text: present === undefined ? insert(text, alias) : replaceValue(text, present, alias) };
  requireOnly(alias, entries, entriesOf(result));
  return result;
}

/** Behind everything that its section says, so that it becomes the continuation of nothing. */
function insert(text: string, { section, name, value }: Alias): string {
  const lines = linesOf(text);
  const start = lines.findIndex((line) => sectionIn(line.text) === section && !isComment(line.text));
  const added = [`${name} = ${value}`];
  if (start === -1) return splice(lines, lines.length, [`[${section}]`, MARK_WITH_SECTION, ...added]);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => sectionIn(line.text) !== undefined && indentOf(line.text) === 0);
  const own = end === -1 ? rest : rest.slice(0, end);
  const last = own.findLastIndex((line) => !isBlank(line.text) && !isComment(line.text));
  return splice(lines, start + 1 + last + 1, [MARK, ...added]);
}

/** Behind a last line without an end the new lines have none either: so it is known, when they are taken out, that it had none. */
function splice(lines: readonly Line[], at: number, added: readonly string[]): string {
  const end = lines.find((line) => line.end !== '')?.end ?? '\n';
  const before = lines.slice(0, at);
  const isAtBareEnd = before.at(-1)?.end === '';
  const text = added.join(end);
  return textOf(before) + (isAtBareEnd ? end + text : text + end) + textOf(lines.slice(at));
}

function replaceValue(text: string, { line, lastLine }: Entry, { name, value }: Alias): string {
  const lines = linesOf(text);
  const end = lines[lastLine - 1]?.end ?? '';
  lines.splice(line - 1, lastLine - line + 1, { text: `${name} = ${value}`, end });
  return textOf(lines);
}

function withoutEntry(text: string, { line, lastLine }: Entry): string {
  const lines = linesOf(text);
  const start = line - 1 - linesAbove(lines, line, lastLine);
  const removed = lines.splice(start, lastLine - start);
  const last = lines[start - 1];
  // What was written behind a last line without an end brought one.
  if (removed.at(-1)?.end === '' && last !== undefined) lines[start - 1] = { ...last, end: '' };
  return textOf(lines);
}

/** How many lines were written above an alias: the mark, and the section's header if nothing else stands in it. */
function linesAbove(lines: readonly Line[], line: number, lastLine: number): number {
  const [header, mark] = [lines[line - 3]?.text, lines[line - 2]?.text];
  if (mark === MARK) return 1;
  if (mark !== MARK_WITH_SECTION) return 0;
  const next = lines.slice(lastLine).find(({ text }) => !isBlank(text));
  const isAlone = next === undefined || sectionIn(next.text) !== undefined;
  return isAlone && header !== undefined && sectionIn(header) !== undefined ? 2 : 1;
}

/** What was not understood here is not written: every other alias says what it said. */
function requireOnly(alias: Alias, before: readonly Entry[], after: readonly Entry[]): void {
  const said = (entries: readonly Entry[]): string =>
    JSON.stringify(
      entries.filter((one) => !isSame(one, alias)).map(({ section, name, value }) => [section, name, value]),
    );
  const written = after.find((one) => isSame(one, alias));
  if (written?.value === alias.value && said(before) === said(after)) return;
  throw new ArtifactError('INVALID_CONFIGURATION', `there is no room for '${spelled(alias)}' in the alias file`, {
    remedy: `Add the line '${alias.name} = ${alias.value}' to its section [${alias.section}] by hand.`,
  });
}
