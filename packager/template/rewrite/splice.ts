/** `text` in the place of what stands from `start` to `end`. An insertion where the two are equal. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Everything outside of the edits is copied. Edits must not overlap; of several insertions at one place the first given comes first,
 * and an insertion comes before what replaces the text behind it.
 */
export function splice(source: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let copiedTo = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < copiedTo || end < start) throw new RangeError(`edits overlap at ${start}`);
    pieces.push(source.slice(copiedTo, start), text);
    copiedTo = end;
  }
  return pieces.join('') + source.slice(copiedTo);
}
