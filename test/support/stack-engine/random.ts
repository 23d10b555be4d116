/** A source of chance that gives the same for the same seed (xorshift of 32 bits: quick, and good enough to choose an order). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
    for (let warm = 0; warm < 8; warm += 1) this.#next();
  }

  #next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor((this.#next() / 2 ** 32) * end);
  }

  text(length: number, alphabet: string): string {
    let text = '';
    while (text.length < length) text += alphabet[this.below(alphabet.length)] ?? '';
    return text;
  }

  uuid(): string {
    const hex = this.text(32, '0123456789abcdef');
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join(
      '-',
    );
  }

  /** What CloudFormation ends invented and generated names with. */
  suffix(): string {
    return this.text(12, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
  }
}
