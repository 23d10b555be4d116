export interface MarkdownTable {
  readonly columns: string[];
  readonly rows: Readonly<Record<string, string>>[];
}

/** The first table below a heading of a document. */
export function readTable(document: string, heading: string): MarkdownTable {
  const lines = document.split('\n');
  const below = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (below < 0) throw new Error(`no heading '${heading}'`);
  const start = lines.findIndex((line, index) => index > below && line.startsWith('|'));
  if (start < 0) throw new Error(`no table below '${heading}'`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const [head = [], , ...rows] = lines.slice(start, end < 0 ? undefined : end).map(cellsOf);
  return { columns: head, rows: rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? '']))) };
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((text) => text.trim());
}

/** What a cell says, without the quotes of code. */
export function unquoted(cell: string | undefined): string {
  return (cell ?? '').replaceAll('`', '');
}
