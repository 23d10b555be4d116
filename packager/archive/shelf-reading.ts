import { CHUNK_SIZE } from './file.ts';
import type { ShelvedPart } from './packer.ts';
import type { Shelf } from './shelf.ts';

/** What stands together on a shelf is mostly wanted together: so much is read at once, at least. Bytes. */
const WINDOW = 256 * 1024;

/** What one reader has in memory, made when there is something: new memory for each piece would be most of its work. */
export class Scratch {
  #buffer: Buffer | undefined;
  #chunk: Buffer | undefined;
  #shelf: Shelf | undefined;
  #from = 0;
  #to = 0;

  /** At most CHUNK_SIZE bytes, valid until the next are asked for. */
  read(shelf: Shelf, offset: number, length: number): Buffer {
    if (shelf !== this.#shelf || offset < this.#from || offset + length > this.#to) this.#load(shelf, offset, length);
    const start = offset - this.#from;
    return (this.#buffer ?? NOTHING).subarray(start, start + length);
  }

  /** For what is read from files. */
  get chunk(): Buffer {
    return (this.#chunk ??= Buffer.allocUnsafeSlow(CHUNK_SIZE));
  }

  #load(shelf: Shelf, offset: number, length: number): void {
    const size = Math.min(Math.max(length, WINDOW), shelf.spool.size - offset);
    this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK_SIZE);
    this.#shelf = undefined;
    shelf.spool.read(offset, this.#buffer.subarray(0, size));
    this.#shelf = shelf;
    this.#from = offset;
    this.#to = offset + size;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Each piece is valid until the next is asked for. */
export function* shelvedBytes(
  { shelf, offset }: ShelvedPart,
  from: number,
  to: number,
  scratch: Scratch,
): Generator<Buffer> {
  for (let position = from; position < to; position += CHUNK_SIZE) {
    yield scratch.read(shelf, offset + position, Math.min(CHUNK_SIZE, to - position));
  }
}
