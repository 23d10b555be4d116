/**
 * Text put together from pieces of a source and from pieces of our own, each of which knows where in the source it comes from.
 */
export type Piece = { readonly from: number; readonly to: number } | { readonly text: string; readonly at: number };

export interface Rope {
  readonly length: number;
  readonly pieces: readonly Piece[];
}

export interface RopeEdit {
  readonly start: number;
  readonly end: number;
  readonly rope: Rope;
}

/** A rope outgrew its limit, or all of them together did. */
export class RopeTooLong extends Error {}

/** Pieces that were joined, over and over: what this many take is still a matter of seconds. */
const WORK_LIMIT = 2_000_000;

/** Makes ropes over one source, none longer than a limit. */
export class Ropes {
  readonly #source: string;
  readonly #limit: number;
  #work = 0;

  constructor(source: string, limit: number) {
    this.#source = source;
    this.#limit = limit;
  }

  slice(from: number, to: number): Rope {
    return { length: to - from, pieces: from === to ? [] : [{ from, to }] };
  }

  /** Text of our own that stands for what is at `at` in the source. */
  text(text: string, at: number): Rope {
    return { length: text.length, pieces: text === '' ? [] : [{ text, at }] };
  }

  join(ropes: readonly Rope[]): Rope {
    const length = ropes.reduce((sum, rope) => sum + rope.length, 0);
    this.#work += ropes.reduce((sum, { pieces }) => sum + pieces.length, 0);
    if (length > this.#limit || this.#work > WORK_LIMIT) throw new RopeTooLong();
    return { length, pieces: ropes.flatMap(({ pieces }) => pieces) };
  }

  /** The source from `from` to `to` with the edits, which lie inside of it and don't overlap. */
  splice(from: number, to: number, edits: readonly RopeEdit[]): Rope {
    const ropes: Rope[] = [];
    let copiedTo = from;
    for (const { start, end, rope } of edits.toSorted((a, b) => a.start - b.start)) {
      ropes.push(this.slice(copiedTo, start), rope);
      copiedTo = end;
    }
    return this.join([...ropes, this.slice(copiedTo, to)]);
  }

  toString({ pieces }: Rope): string {
    return pieces.map((piece) => this.#textOf(piece)).join('');
  }

  /**
   * Moves lines sideways: every line but the first gets `by` more spaces than it has (fewer, where negative), and unless it is blank at least
   * `least`. With `fromFirst`, the first line is a whole line too.
   */
  shift(rope: Rope, by: number, least: number, fromFirst = false): Rope {
    const shifted: Rope[] = [];
    /** Spaces so far, while nothing else has come on this line. */
    let spaces = fromFirst ? 0 : undefined;
    for (const piece of rope.pieces) {
      const text = this.#textOf(piece);
      let at = 0;
      while (at < text.length) {
        if (spaces !== undefined) {
          const content = firstNonSpace(text, at);
          spaces += content - at;
          at = content;
          if (at === text.length) break;
          const blank = text[at] === '\n' || text[at] === '\r';
          const wanted = Math.max(spaces + by, blank ? 0 : least);
          shifted.push(this.text(' '.repeat(wanted), originIn(piece, at)));
          spaces = undefined;
        }
        const lineBreak = behindLineBreak(text, at);
        const end = lineBreak ?? text.length;
        shifted.push(this.#part(piece, at, end));
        if (lineBreak !== undefined) spaces = 0;
        at = end;
      }
    }
    return this.join(shifted);
  }

  #part(piece: Piece, from: number, to: number): Rope {
    if ('from' in piece) return this.slice(piece.from + from, piece.from + to);
    return this.text(piece.text.slice(from, to), piece.at);
  }

  #textOf(piece: Piece): string {
    return 'from' in piece ? this.#source.slice(piece.from, piece.to) : piece.text;
  }
}

/** From an offset into a rope's text to the offset of its source. */
export function originOf({ pieces }: Rope): (offset: number) => number {
  const starts: number[] = [];
  let length = 0;
  for (const piece of pieces) {
    starts.push(length);
    length += 'from' in piece ? piece.to - piece.from : piece.text.length;
  }
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const piece = pieces[low];
    return piece === undefined ? offset : originIn(piece, offset - (starts[low] ?? 0));
  };
}

function originIn(piece: Piece, at: number): number {
  return 'from' in piece ? piece.from + at : piece.at;
}

function firstNonSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at += 1;
  return at;
}

function behindLineBreak(text: string, from: number): number | undefined {
  const lineBreak = /\r\n|\n|\r/g;
  lineBreak.lastIndex = from;
  return lineBreak.test(text) ? lineBreak.lastIndex : undefined;
}
