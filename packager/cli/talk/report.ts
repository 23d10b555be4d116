import { inspect } from 'node:util';
import { ArtifactError, ArtifactErrors } from '../../../repository/error.ts';
import type { SourcePlace } from '../../../repository/error.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT, EXIT_CODES } from '../exit-codes.ts';
import type { DisplayOptions } from '../syntax/common.ts';
import { printable } from '../../printable.ts';
import type { Completing } from './remedy.ts';
import type { OutputStream, Palette, Terminal } from '../terminal.ts';
import { INTERRUPTED, OUTPUT_CLOSED, paletteFor } from '../terminal.ts';
import type { Warning } from '../../event.ts';

/** As much of the display options as a message needs. */
export type MessageDisplay = Pick<DisplayOptions, 'json' | 'debug' | 'color'> & {
  /** What becomes of remedies before they are told; as they are without it. */
  readonly completing?: Completing;
};

/**
 * Tells why a command failed, and which exit code says so: of several problems the first. For people each problem and what to do about it on stderr;
 * with `--json` `{"error": {code, message, remedy, place, problems, exitCode}, "warnings"}` on stdout, where the result would have been: one document
 * there in any case.
 */
export function reportFailure(
  terminal: Terminal,
  error: unknown,
  display: MessageDisplay,
  warnings: readonly Warning[] = [],
): ExitCode {
  if (terminal.signal.aborted) return reportEnd(terminal, display, warnings);
  if (!(error instanceof ArtifactError)) return reportDefect(terminal, error, display, warnings);
  const problems = problemsOf(error, display);
  const exitCode = EXIT_CODES[problems[0].code];
  if (error.code === 'INTERRUPTED') writeInterrupted(terminal, display, warnings);
  else if (display.json) writeJsonError(terminal, error, problems, exitCode, warnings);
  else writeProblems(terminal, problems, display);
  if (display.debug) terminal.stderr.write(`${inspect(error, { depth: 6 })}\n`);
  return exitCode;
}

function reportEnd(terminal: Terminal, display: MessageDisplay, warnings: readonly Warning[]): ExitCode {
  if (terminal.signal.reason === OUTPUT_CLOSED) return EXIT.ok;
  writeInterrupted(terminal, display, warnings);
  return EXIT.interrupted;
}

function writeInterrupted(terminal: Terminal, display: MessageDisplay, warnings: readonly Warning[]): void {
  if (display.json) writeJsonError(terminal, INTERRUPTED, [INTERRUPTED], EXIT.interrupted, warnings);
  else terminal.stderr.write('interrupted\n');
}

/** What should never happen: nobody can do anything about it but us. */
export function reportDefect(
  terminal: Terminal,
  error: unknown,
  display: MessageDisplay,
  warnings: readonly Warning[] = [],
): ExitCode {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
  const message = `unexpected ${what}`;
  const remedy =
    'This is a defect in cfn-artifacts. Please report it with the command that you ran' +
    (display.debug ? ' and the text below.' : '; run it again with --debug for the details to add.');
  if (display.json) {
    writeJson(terminal, {
      error: { code: 'INTERNAL', message, remedy, problems: [], exitCode: EXIT.defect },
      warnings,
    });
  } else {
    writeMessage(terminal, stderrPalette(terminal, display).red('error:'), message, remedy);
  }
  if (display.debug) terminal.stderr.write(`${inspect(error, { depth: 6 })}\n`);
  return EXIT.defect;
}

/** @param saidRemedies what needs no saying any more */
export function writeWarnings(
  terminal: Terminal,
  warnings: readonly Told[],
  display: Pick<DisplayOptions, 'color'>,
  saidRemedies?: Set<string>,
): void {
  writeMessages(terminal, stderrPalette(terminal, display).yellow('warning:'), warnings, saidRemedies);
}

/** Good to know, nothing to worry about. */
export function writeNote(terminal: Terminal, message: string, display: Pick<DisplayOptions, 'color'>): void {
  writeMessage(terminal, stderrPalette(terminal, display).bold('note:'), message, undefined);
}

/** Documents that have a list and no end yet. */
const openDocuments = new WeakSet<OutputStream>();

/** The one document of a run with `--json`, or the rest of the one that has a list already. */
export function writeJson({ stdout }: Terminal, value: object): void {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  stdout.write(openDocuments.delete(stdout) ? `,\n${text.slice('{\n'.length)}` : text);
}

/** So many items are written before it is waited that they leave. */
const ITEMS_AT_ONCE = 100;

/**
 * Begins the document of a run with `--json` with a list of any length, which is never held as a whole. `writeJson` writes the members behind it; should
 * the listing fail, those of the error. One that fails before its first item begins nothing.
 */
export async function writeJsonList(terminal: Terminal, member: string, items: AsyncIterable<object>): Promise<void> {
  const { stdout, signal } = terminal;
  const beginning = `{\n  ${JSON.stringify(member)}: [`;
  let written = 0;
  try {
    for await (const item of items) {
      signal.throwIfAborted();
      if (written === 0) openDocuments.add(stdout);
      const text = JSON.stringify(item, null, 2).replaceAll('\n', '\n    ');
      stdout.write(`${written === 0 ? beginning : ','}\n    ${text}`);
      if (++written % ITEMS_AT_ONCE === 0) await stdout.flushed();
    }
  } finally {
    if (written > 0) stdout.write('\n  ]');
  }
  if (written > 0) return;
  stdout.write(`${beginning}]`);
  openDocuments.add(stdout);
}

function stderrPalette(terminal: Terminal, { color }: Pick<DisplayOptions, 'color'>): Palette {
  return paletteFor(terminal.stderr, terminal.env, color);
}

function problemsOf(
  error: ArtifactError,
  { completing }: MessageDisplay,
): readonly [ArtifactError, ...ArtifactError[]] {
  const [first = error, ...others] = error instanceof ArtifactErrors ? inFileOrder(error.problems) : [];
  if (completing === undefined) return [first, ...others];
  return [completed(first, completing), ...others.map((one) => completed(one, completing))];
}

function completed(problem: ArtifactError, completing: Completing): ArtifactError {
  const { code, message, remedy, place } = problem;
  if (remedy === undefined) return problem;
  return new ArtifactError(code, message, {
    ...{ remedy: completing(remedy), cause: problem },
    ...(place !== undefined && { place }),
  });
}

/** What is said of a place in a file, or of none. */
interface Told {
  readonly message: string;
  readonly place?: SourcePlace | undefined;
  readonly remedy?: string | undefined;
}

/**
 * By line and column within each file; the files in the order in which they are first spoken of, after what concerns none.
 * What stands at the same place keeps its order.
 */
export function inFileOrder<T extends Pick<Told, 'place'>>(all: readonly T[]): readonly T[] {
  const files = [...new Set(all.map(({ place }) => place?.file))];
  const rank = ({ place }: T): readonly number[] =>
    place === undefined ? [-1] : [files.indexOf(place.file), place.line, place.column];
  return all.toSorted((a, b) => compare(rank(a), rank(b)));
}

function compare([first = 0, ...others]: readonly number[], [second = 0, ...rest]: readonly number[]): number {
  return first !== second || (others.length === 0 && rest.length === 0) ? first - second : compare(others, rest);
}

function writeProblems(terminal: Terminal, problems: readonly ArtifactError[], display: MessageDisplay): void {
  const palette = stderrPalette(terminal, display);
  writeMessages(terminal, palette.red('error:'), abridged(problems));
  if (problems.length > 1) terminal.stderr.write(`${palette.bold(`${problems.length} problems`)}\n`);
}

/** Of one kind, at one place. */
const PROBLEMS_SHOWN = 10;

/** A folder with hundreds of links that lead astray would hide everything else. */
function abridged(problems: readonly ArtifactError[]): readonly Told[] {
  const runs: [ArtifactError, ...ArtifactError[]][] = [];
  for (const problem of problems) {
    const run = runs.at(-1);
    if (run !== undefined && isOfOneKind(run[0], problem)) run.push(problem);
    else runs.push([problem]);
  }
  return runs.flatMap((run): readonly Told[] => {
    const others = run.slice(PROBLEMS_SHOWN);
    if (others.length < 2) return run;
    const [{ place, remedy }] = run;
    const told = {
      message: `${others.length} others of this kind, which --json tells`,
      ...(place !== undefined && { place }),
      ...(remedy !== undefined && { remedy }),
    };
    return [...run.slice(0, PROBLEMS_SHOWN), told];
  });
}

function isOfOneKind(one: ArtifactError, other: ArtifactError): boolean {
  if (one.remedy === undefined || one.remedy !== other.remedy || one.code !== other.code) return false;
  return one.place !== undefined && other.place !== undefined && positionOf(one.place) === positionOf(other.place);
}

/** A remedy that several share is said once: below the last of those in a row that have it, and never again. */
function writeMessages(
  terminal: Terminal,
  label: string,
  messages: readonly Told[],
  saidRemedies = new Set<string>(),
): void {
  for (const [index, told] of messages.entries()) {
    const { remedy } = told;
    const isSaidBelow = messages[index + 1]?.remedy === remedy;
    const isSaid = remedy === undefined || isSaidBelow || saidRemedies.has(remedy);
    writeMessage(terminal, label, located(told), isSaid ? undefined : remedy);
    if (!isSaid) saidRemedies.add(remedy);
  }
}

/** The message behind its place. */
function located({ message, place }: Told): string {
  return place === undefined ? message : `${positionOf(place)}: ${bare({ message, place })}`;
}

/** The message without the place that it may begin with itself. */
function bare({ message, place }: Told): string {
  const start = place === undefined ? '' : `${positionOf(place)}: `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}

function positionOf({ file, line, column }: SourcePlace): string {
  return `${file}:${line}:${column}`;
}

function writeMessage(terminal: Terminal, label: string, message: string, remedy: string | undefined): void {
  const advice = remedy === undefined ? '' : `  ${harmless(remedy).replaceAll('\n', '\n  ')}\n`;
  terminal.stderr.write(`${label} ${harmless(message)}\n${advice}`);
}

/** What messages repeat of files, names and answers does nothing to the terminal. */
function harmless(text: string): string {
  return text.replaceAll(/[^\n\t]+/g, printable);
}

function writeJsonError(
  terminal: Terminal,
  error: ArtifactError,
  problems: readonly [ArtifactError, ...ArtifactError[]],
  exitCode: ExitCode,
  warnings: readonly Warning[],
): void {
  const { message } = error;
  const whole = problems.length === 1 ? plain(problems[0]) : { code: problems[0].code, message };
  writeJson(terminal, { error: { ...whole, problems: problems.map(plain), exitCode }, warnings });
}

function plain({ code, message, remedy, place }: ArtifactError): object {
  return {
    code,
    message: bare({ message, place }),
    ...(place !== undefined && { place }),
    ...(remedy !== undefined && { remedy }),
  };
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** May be cut short with an ellipsis where the terminal is too narrow. Names that people copy, ARNs above all, may not. */
  readonly shrinks?: boolean;
}

const GAP = '  ';
const LEAST_WIDTH = 8;

/**
 * Rows under titles, with no line wider than `width`. Where even the cut columns leave too little room, each row becomes a paragraph: its first
 * cell, then the others indented below with their titles. Without a width (no terminal) nothing is cut.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const titles = columns.map(({ title }) => title);
  return formatLines(columns, rows, naturalWidths(columns, [titles, ...rows]), { titles, width });
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly number[] {
  return columns.map((_, index) => rows.reduce((most, row) => Math.max(most, length(row[index] ?? '')), 0));
}

function formatLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  natural: readonly number[],
  { titles, width }: { readonly titles?: readonly string[] | undefined; readonly width: number | undefined },
): string {
  const widths = width === undefined ? natural : fitted(columns, natural, width);
  if (widths === undefined) return rows.map((row) => formatParagraph(columns, row)).join('');
  const lines = titles === undefined ? rows : [titles, ...rows];
  return lines
    .map((cells) => columns.map((column, index) => aligned(cells[index] ?? '', widths[index] ?? 0, column)).join(GAP))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** Rows that are looked at together, to find the widths of columns. */
const PAGE = 200;

/**
 * A table of any length, which is never held as a whole: the widths of its columns are those of its first rows, and grow where later ones need more. Where no column has a
 * title there is no line of them.
 */
export class GrowingTable {
  /** Rows so far, of all tables. */
  rows = 0;
  readonly #terminal: Terminal;
  readonly #columns: readonly Column[];
  #page: (readonly string[])[] = [];
  /** Absent where the titles are not written yet. */
  #widths: readonly number[] | undefined;

  constructor(terminal: Terminal, columns: readonly Column[]) {
    this.#terminal = terminal;
    this.#columns = columns;
  }

  async add(row: readonly string[]): Promise<void> {
    this.#terminal.signal.throwIfAborted();
    this.rows += 1;
    if (this.#page.push(row) === PAGE) await this.#write();
  }

  /** What is added afterwards is another table. */
  async end(): Promise<void> {
    if (this.#page.length > 0) await this.#write();
    this.#widths = undefined;
  }

  async #write(): Promise<void> {
    const { stdout } = this.#terminal;
    const isTitled = this.#widths === undefined && this.#columns.some(({ title }) => title !== '');
    const titles = isTitled ? this.#columns.map(({ title }) => title) : undefined;
    const own = naturalWidths(this.#columns, titles === undefined ? this.#page : [titles, ...this.#page]);
    this.#widths = own.map((width, index) => Math.max(width, this.#widths?.[index] ?? 0));
    stdout.write(formatLines(this.#columns, this.#page, this.#widths, { titles, width: stdout.columns }));
    this.#page = [];
    await stdout.flushed();
  }
}

/** Takes what is missing from the columns that shrink, the widest first. `undefined`: there is not enough. */
function fitted(columns: readonly Column[], natural: readonly number[], width: number): readonly number[] | undefined {
  const widths = [...natural];
  let excess = sum(widths) + GAP.length * (columns.length - 1) - width;
  while (excess > 0) {
    const candidates = columns.flatMap((column, index) =>
      column.shrinks === true && (widths[index] ?? 0) > LEAST_WIDTH ? [index] : [],
    );
    const widest = candidates.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function aligned(cell: string, width: number, { align }: Column): string {
  const characters = charactersOf(cell);
  const visible = characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : cell;
  const padding = ' '.repeat(width - length(visible));
  return align === 'right' ? padding + visible : visible + padding;
}

function formatParagraph(columns: readonly Column[], [first = '', ...others]: readonly string[]): string {
  const titles = columns.slice(1).map(({ title }) => title);
  const titleWidth = Math.max(0, ...titles.map((title) => title.length));
  const details = others.map(
    (cell, index) => `  ${(titles[index] ?? '').padEnd(titleWidth)}  ${cell}`.trimEnd() + '\n',
  );
  return `${first}\n${details.join('')}`;
}

/** Names with their values below each other, values in one column, never cut or wrapped. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd() + '\n').join('');
}

function length(text: string): number {
  return charactersOf(text).length;
}

let segmenter: Intl.Segmenter | undefined;

/** As people count them; nearly all text here is ASCII. */
function charactersOf(text: string): readonly string[] {
  // eslint-disable-next-line no-control-regex -- all of ASCII is meant
  if (/^[\u0000-\u007f]*$/.test(text)) return text.split('');
  // Made when it is needed: that takes as long as looking at a thousand files.
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** `2026-11-21 05:07Z`: to the minute, the same on every machine. */
export function formatDate(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
