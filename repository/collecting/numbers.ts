/** Numbers of versions. */
export interface Numbers {
  readonly has: (number: number) => boolean;
}

/** Any version may have a status record. */
export const ANY: Numbers = { has: () => true };

/** Numbers of one artifact: they begin with 1 and have few gaps, so that a bit for each takes little, however many there are. */
export class NumberSet implements Numbers {
  readonly #pages = new Map<number, Uint8Array>();

  add(number: number): void {
    const index = Math.floor(number / NumberSet.#PAGE);
    const page = this.#pages.get(index) ?? new Uint8Array(NumberSet.#PAGE / 8);
    this.#pages.set(index, page);
    const bit = number % NumberSet.#PAGE;
    page[bit >> 3] = (page[bit >> 3] ?? 0) | (1 << (bit & 7));
  }

  has(number: number): boolean {
    const bit = number % NumberSet.#PAGE;
    const byte = this.#pages.get(Math.floor(number / NumberSet.#PAGE))?.[bit >> 3] ?? 0;
    return (byte & (1 << (bit & 7))) !== 0;
  }

  static readonly #PAGE = 4096;
}
