/**
 * A body with something that ends with it: when it was read to its end, broke, or was left, also before it was begun. Not a generator: one that
 * was never begun does not notice that it is left.
 */
export function endingWith(
  body: AsyncIterable<Uint8Array>,
  end: () => Promise<void> | void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = body[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const step = await pieces.next();
            if (step.done === true) await end();
            return step;
          } catch (error) {
            await end();
            throw error;
          }
        },
        async return() {
          try {
            await pieces.return?.();
          } finally {
            await end();
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}
