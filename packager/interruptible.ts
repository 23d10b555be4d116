import type { OpenContent, Publishable } from '../repository/index.ts';

/** The same content, whose reading ends with the signal: to copy gigabytes takes longer than a person waits who wants to stop. */
export function interruptible(publishable: Publishable, signal: AbortSignal): Publishable {
  const { sourceDigest, filename, blob, expected } = publishable;
  return {
    filename,
    ...(sourceDigest !== undefined && { sourceDigest }),
    ...(blob !== undefined && { blob }),
    ...(expected !== undefined && { expected }),
    open: async (): Promise<OpenContent> => {
      const content = await publishable.open();
      const { size, sha256, parts } = content;
      const readInto = content.readInto?.bind(content);
      return {
        ...{ size, sha256, ...(parts !== undefined && { parts }) },
        read: (start, end) => until(signal, content.read(start, end)),
        ...(readInto !== undefined && {
          readInto: async (into: Uint8Array, start: number): Promise<void> => {
            signal.throwIfAborted();
            await readInto(into, start);
          },
        }),
        close: () => content.close(),
      };
    },
  };
}

/** The bytes, or the signal's reason in the place of the next of them. */
export async function* until(signal: AbortSignal, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    signal.throwIfAborted();
    yield piece;
  }
}
