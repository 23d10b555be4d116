const CHUNK = 2 ** 15;

/** Under Jest the look at a global is slow, and this is called for every step. */
const { imul } = Math;

/**
 * The states that were seen, each a row of numbers, in the order in which they were first reached; with the step that led there, so that the way to
 * each can be told. Rows lie in large arrays, because there are millions.
 */
export class Seen {
  readonly #width: number;
  readonly #rows: Int32Array[] = [];
  readonly #origins: Int32Array[] = [];
  #size = 0;
  /** Open addressing: 1 + the number of a row, or 0. */
  #table = new Int32Array(2 ** 12);

  constructor(width: number) {
    this.#width = width;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns whether it was not seen before */
  add(row: Int32Array, from: number, step: number): boolean {
    let slot = this.#slotOf(row);
    if (this.#table[slot] !== 0) return false;
    if (this.#size * 2 >= this.#table.length) {
      this.#grow();
      slot = this.#slotOf(row);
    }
    const index = this.#size++;
    this.#table[slot] = index + 1;
    if (index % CHUNK === 0) {
      this.#rows.push(new Int32Array(CHUNK * this.#width));
      this.#origins.push(new Int32Array(CHUNK * 2));
    }
    this.#rows.at(-1)?.set(row, (index % CHUNK) * this.#width);
    this.#origins.at(-1)?.set([from, step], (index % CHUNK) * 2);
    return true;
  }

  read(index: number, into: Int32Array): void {
    const start = (index % CHUNK) * this.#width;
    const chunk = this.#rows[(index / CHUNK) | 0];
    for (let at = 0; at < this.#width; at++) into[at] = chunk?.[start + at] ?? 0;
  }

  /** The state before, and the step from there. */
  originOf(index: number): { readonly from: number; readonly step: number } {
    const chunk = this.#origins[(index / CHUNK) | 0];
    const start = (index % CHUNK) * 2;
    return { from: chunk?.[start] ?? -1, step: chunk?.[start + 1] ?? 0 };
  }

  /** Where the row is, or would be. */
  #slotOf(row: Int32Array): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(row) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#table[slot] ?? 0;
      if (found === 0 || this.#isAt(found - 1, row)) return slot;
    }
  }

  #isAt(index: number, row: Int32Array): boolean {
    const start = (index % CHUNK) * this.#width;
    const chunk = this.#rows[(index / CHUNK) | 0];
    for (let at = 0; at < this.#width; at++) if (chunk?.[start + at] !== row[at]) return false;
    return true;
  }

  #grow(): void {
    this.#table = new Int32Array(this.#table.length * 4);
    const mask = this.#table.length - 1;
    const row = new Int32Array(this.#width);
    for (let index = 0; index < this.#size; index++) {
      this.read(index, row);
      let slot = hashOf(row) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = index + 1;
    }
  }
}

function hashOf(row: Int32Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < row.length; at++) {
    hash = imul(hash ^ (row[at] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
