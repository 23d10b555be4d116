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
      return {
        size: content.size,
        sha256: content.sha256,
        read: (start, end) => until(signal, content.read(start, end)),
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
