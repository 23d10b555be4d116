import { looksLikeArtifactArn, parseArn } from '../../../repository/index.ts';
import type { DisplayOptions } from '../syntax/common.ts';
import type { Column } from './report.ts';
import { GrowingTable, writeJson, writeJsonList, writeNote } from './report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from './warnings.ts';

/** How people are told of what comes one by one: findings, items of a plan, results. */

/** So many pieces of advice are read, if any. */
const REMEDIES = 20;

/**
 * A table that grows as they come.
 * @param remedyOf what can be done about one; absent where that is nothing
 * @returns how many there were, and what can be done about them: the first of it, each once
 */
export async function writeTable<T>(
  terminal: Terminal,
  columns: readonly Column[],
  coming: AsyncIterable<T>,
  row: (one: T, width: number | undefined) => readonly string[],
  remedyOf: (one: T) => string | undefined,
): Promise<{ readonly rows: number; readonly remedies: ReadonlySet<string> }> {
  const table = new GrowingTable(terminal, columns);
  const remedies = new Set<string>();
  try {
    for await (const one of coming) {
      await table.add(row(one, terminal.stdout.columns));
      const remedy = remedyOf(one);
      if (remedy !== undefined && remedies.size < REMEDIES) remedies.add(remedy);
    }
  } finally {
    // What was found, or done, before a failure stands.
    await table.end();
  }
  return { rows: table.rows, remedies };
}

/** What can be done, as `writeTable` returned it. */
export function writeRemedies(terminal: Terminal, remedies: ReadonlySet<string>, display: DisplayOptions): void {
  if (!display.quiet) for (const remedy of remedies) writeNote(terminal, remedy, display);
}

/** Findings, and how they are told. The functions without parameters are called when all have come. */
export interface ComingFindings<T extends object> {
  readonly found: AsyncIterable<T>;
  readonly columns: readonly Column[];
  readonly row: (one: T) => readonly string[];
  readonly remedyOf: (one: T) => string | undefined;
  /** Members of the document, behind `findings`. */
  readonly totals: () => object;
  readonly summary: () => string;
}

/** As they come: the list of a document, or a table with what can be done, and how many there were. */
export async function tellFindings<T extends object>(
  terminal: Terminal,
  { found, columns, row, remedyOf, totals, summary }: ComingFindings<T>,
  display: DisplayOptions,
  warnings: Warnings,
): Promise<void> {
  if (display.json) {
    await writeJsonList(terminal, 'findings', found);
    writeJson(terminal, { ...totals(), warnings: warnings.all() });
    return;
  }
  const { remedies } = await writeTable(terminal, columns, found, row, remedyOf);
  writeRemedies(terminal, remedies, display);
  if (!display.quiet) terminal.stderr.write(`${summary()}\n`);
}

/** Why something was found, and why it could not be healed where that was tried. */
export function reasonOf({ why, failure }: { readonly why: string; readonly failure?: string }): string {
  return failure === undefined ? why : `${why}; ${failure}`;
}

/** Artifacts as people name them. `undefined`: there are none. */
export function namesOf([first, ...others]: readonly string[]): string | undefined {
  if (first === undefined) return undefined;
  return `${nameOf(first)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}

function nameOf(arn: string): string {
  if (!looksLikeArtifactArn(arn)) return arn;
  try {
    const { repository, id, version, digest } = parseArn(arn);
    return `${repository}/${id}${version === undefined ? `@sha256:${digest ?? ''}` : `:${version}`}`;
  } catch {
    // A newer version's, which is told as it is.
    return arn;
  }
}

/** `1 version`, `2,000 versions` */
export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
