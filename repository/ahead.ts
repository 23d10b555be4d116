/**
 * All that `expand` gives for each of `source`, in order, while up to `limit` of them have begun already: what waits for answers of a store waits for
 * several at a time, and no more is ever held. Who stops listening ends them all.
 */
export async function* expandAhead<S, T>(
  source: AsyncIterable<S>,
  limit: number,
  expand: (one: S) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const begun: { readonly rest: AsyncGenerator<T>; readonly first: Promise<IteratorResult<T, unknown>> }[] = [];
  const incoming = source[Symbol.asyncIterator]();
  try {
    for (let isDone = false; ;) {
      while (!isDone && begun.length < limit) {
        const next = await incoming.next();
        if (next.done === true) {
          isDone = true;
          break;
        }
        const rest = expand(next.value);
        const first = rest.next();
        // Whoever comes to its turn hears of a failure; nobody may.
        first.catch(() => undefined);
        begun.push({ rest, first });
      }
      const [head] = begun;
      if (head === undefined) return;
      for (let one = await head.first; one.done !== true; one = await head.rest.next()) yield one.value;
      begun.shift();
    }
  } finally {
    await incoming.return?.();
    await Promise.allSettled(begun.map(({ rest }) => rest.return(undefined)));
  }
}

/** One alone, where any number may come. */
export async function* only<T>(one: T): AsyncGenerator<T> {
  yield one;
}
