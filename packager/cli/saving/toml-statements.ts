/** A table's heading, or a key with its value, where it stands in the text of a TOML document. Offsets are UTF-16 code units. */
export type Statement =
  | { readonly kind: 'table'; readonly path: readonly string[]; readonly start: number; readonly end: number }
  | {
      readonly kind: 'pair';
      /** From the root of the document. */
      readonly path: readonly string[];
      /** Of the key's first character. */
      readonly start: number;
      readonly valueStart: number;
      readonly end: number;
      /** Pairs in the inline table that is the value. */
      readonly members?: readonly Statement[];
    };

/**
 * The statements of a document that a parser has taken already: of what is no TOML it makes anything.
 * https://toml.io/en/v1.0.0
 */
export function statementsOf(text: string): readonly Statement[] {
  return new Scanner(text).document();
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): readonly Statement[] {
    const statements: Statement[] = [];
    let table: readonly string[] = [];
    for (;;) {
      this.#skip(BETWEEN_STATEMENTS);
      const start = this.#at;
      if (start >= this.#text.length) return statements;
      if (this.#take(/\[\[?/y) === '') {
        statements.push(this.#pair(table));
      } else {
        table = this.#keyPath();
        this.#take(/[ \t]*\]\]?/y);
        statements.push({ kind: 'table', path: table, start, end: this.#at });
      }
      // What can't be understood must not be looked at for ever.
      if (this.#at === start) return statements;
    }
  }

  #pair(table: readonly string[]): Statement {
    const start = this.#at;
    const path = [...table, ...this.#keyPath()];
    this.#take(/[ \t]*=[ \t]*/y);
    const valueStart = this.#at;
    const members = this.#value(path);
    return { kind: 'pair', path, start, valueStart, end: this.#at, ...(members !== undefined && { members }) };
  }

  #keyPath(): readonly string[] {
    const path: string[] = [];
    do {
      this.#skip(/[ \t]*/y);
      path.push(nameOf(this.#take(/"(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+/y)));
    } while (this.#take(/[ \t]*\.[ \t]*/y) !== '');
    return path;
  }

  /** @returns the members of an inline table */
  #value(path: readonly string[]): readonly Statement[] | undefined {
    if (this.#take(/\{/y) !== '') return this.#table(path);
    if (this.#take(/\[/y) !== '') this.#list(path);
    else this.#take(SCALAR);
    return undefined;
  }

  #table(path: readonly string[]): readonly Statement[] {
    const members: Statement[] = [];
    for (;;) {
      this.#skip(BETWEEN_ITEMS);
      const before = this.#at;
      if (this.#take(/\}/y) !== '' || before >= this.#text.length) return members;
      members.push(this.#pair(path));
      if (this.#at === before) return members;
    }
  }

  #list(path: readonly string[]): void {
    for (;;) {
      this.#skip(BETWEEN_ITEMS);
      const before = this.#at;
      if (this.#take(/\]/y) !== '' || before >= this.#text.length) return;
      this.#value(path);
      if (this.#at === before) return;
    }
  }

  #skip(pattern: RegExp): void {
    this.#take(pattern);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}

const BETWEEN_STATEMENTS = /(?:\s|#[^\n]*)*/y;
const BETWEEN_ITEMS = /(?:[\s,]|#[^\n]*)*/y;
const SCALAR = /"""(?:\\[\s\S]|[^\\])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^,\]}#\n\r]*[^,\]}#\s]/y;

function nameOf(key: string): string {
  if (key.startsWith("'")) return key.slice(1, -1);
  if (!key.startsWith('"')) return key;
  const inJson = key.replaceAll(/\\U(?<code>[0-9A-Fa-f]{8})/g, (_whole, code: string) =>
    JSON.stringify(String.fromCodePoint(Number.parseInt(code, 16))).slice(1, -1),
  );
  return JSON.parse(inJson) as string;
}
