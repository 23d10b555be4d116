/** Where lines begin in a text. A line ends with LF, CRLF or a lone CR. */
export class Lines {
  readonly #text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.#text = text;
    this.#starts = [
      0,
      ...Array.from(text.matchAll(/\r\n|\n|\r/g), ({ index, 0: lineBreak }) => index + lineBreak.length),
    ];
  }

  /** Counted from 1, the column in UTF-16 code units; a byte order mark is no character of its line. */
  at(offset: number): { readonly line: number; readonly column: number } {
    const line = this.#lineOf(offset);
    return { line: line + 1, column: this.column(offset) + 1 };
  }

  /** Characters before `offset` on its line. */
  column(offset: number): number {
    return Math.max(0, offset - this.start(offset));
  }

  /** Where the line of `offset` begins, behind a byte order mark. */
  start(offset: number): number {
    const start = this.#starts[this.#lineOf(offset)] ?? 0;
    return start === 0 && this.#text.startsWith('\uFEFF') ? 1 : start;
  }

  /** Where the line of `offset` ends, before its line break. */
  end(offset: number): number {
    const next = this.#starts[this.#lineOf(offset) + 1];
    if (next === undefined) return this.#text.length;
    return next - (this.#text.startsWith('\r\n', next - 2) ? 2 : 1);
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The line break that a text uses: that of its first line. */
export function lineBreakOf(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
}
