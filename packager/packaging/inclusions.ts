/** Which file includes which, however each was reached: what closes a circle is found before it is waited for. */
export class Inclusions {
  readonly #inclusions = new Map<string, Set<string>>();
  readonly #realOf: (file: string) => string;

  /** @param realOf the same for one file, however it was reached */
  constructor(realOf: (file: string) => string) {
    this.#realOf = realOf;
  }

  /** Remembers that `by` includes `file`, unless that would close a circle: then the files on the way around, `by` at both ends. */
  add(by: string, file: string): readonly string[] | undefined {
    const [from, to] = [this.#realOf(file), this.#realOf(by)];
    const way = this.#way(from, to, new Set());
    if (way !== undefined) return [to, ...way];
    const included = this.#inclusions.get(to) ?? new Set();
    this.#inclusions.set(to, included.add(from));
    return undefined;
  }

  #way(from: string, to: string, seen: Set<string>): readonly string[] | undefined {
    if (from === to) return [to];
    if (seen.has(from)) return undefined;
    seen.add(from);
    for (const next of this.#inclusions.get(from) ?? []) {
      const way = this.#way(next, to, seen);
      if (way !== undefined) return [from, ...way];
    }
    return undefined;
  }
}
