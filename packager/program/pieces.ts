import { openSync, readSync } from 'node:fs';

/** Where a piece of the program stands in the file that holds them all. Bytes. */
type Places = Readonly<Record<string, readonly [offset: number, length: number]>>;

/**
 * The pieces of the program, one behind the other in one file (build.mjs writes it): opening seventy takes longer than reading them.
 * Four bytes say how long the places are, which come next, in JSON, counted from the first piece.
 */
export class Pieces {
  readonly #descriptor: number;
  readonly #places: Places;
  readonly #start: number;

  /** Stays open as long as the program runs. */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'r');
    const length = this.#read(0, 4).readUInt32BE();
    this.#places = JSON.parse(this.#read(4, length).toString()) as Places;
    this.#start = 4 + length;
  }

  /** The text, in Latin-1. */
  of(name: string): Buffer {
    const place = this.#places[name];
    if (place === undefined) throw new Error(`the program has no ${name}: install it again`);
    return this.#read(this.#start + place[0], place[1]);
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const read = readSync(this.#descriptor, bytes, done, length - done, offset + done);
      if (read === 0) throw new Error('the program is cut off: install it again');
      done += read;
    }
    return bytes;
  }
}
