/** The candidate that a slip of the fingers may have made this word of; `undefined` if none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  // A third of the letters wrong is another word.
  return best !== undefined && best.distance <= Math.max(word.length, best.candidate.length) / 3
    ? best.candidate
    : undefined;
}

/** Letters to insert, remove, replace, or exchange with the next one. */
function editDistance(a: string, b: string): number {
  const [from, to] = [Array.from(a), Array.from(b)];
  let beforeThat: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of from.entries()) {
    const current = [row + 1];
    for (const [column, other] of to.entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const isExchanged = row > 0 && column > 0 && letter === to[column - 1] && other === from[row - 1];
      const exchanged = isExchanged ? (beforeThat[column - 1] ?? 0) + 1 : Infinity;
      current.push(Math.min(replaced, exchanged, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    beforeThat = previous;
    previous = current;
  }
  return previous[previous.length - 1] ?? 0;
}
