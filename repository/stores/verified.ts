import type { Content } from '../content.ts';
import { measured } from '../content.ts';
import { ArtifactError } from '../error.ts';
import type { ObjectKey } from '../object-store.ts';

/**
 * The bytes of `content` as they are written under `key`. The last step of the iteration compares them with what was announced, so that
 * a store which waits for it before it makes the object visible never shows wrong bytes.
 * @throws ArtifactError DIGEST_MISMATCH, and whatever reading the content throws
 */
export async function* verified(
  key: ObjectKey,
  content: Content,
  onProgress?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const proven = measured(content.read(), (digest, size) => {
    if (digest === content.sha256 && size === content.size) return;
    throw new ArtifactError(
      'DIGEST_MISMATCH',
      `the content for '${key}' is not what was announced: ${size} bytes with digest ${digest} instead of ` +
        `${content.size} bytes with digest ${content.sha256}`,
      { remedy: 'Nothing was stored. Something changed the content while it was read: run it again.' },
    );
  });
  for await (const piece of proven) {
    yield piece;
    onProgress?.(piece.byteLength);
  }
}
