import type { Content } from './content.ts';
import type { Digest } from './digest.ts';
import { ArtifactError } from './error.ts';
import type { ObjectHead, ObjectStore } from './object-store.ts';
import { leaveBody } from './object-store.ts';

/**
 * The bytes of exactly this object, to be written elsewhere. Needs no permission but to read what is current.
 * @param sha256 what they are taken for: whoever writes them verifies that
 * @throws ArtifactError while reading, SOURCE_CHANGED where another object stands there, or none
 */
export function storedContent(store: ObjectStore, object: ObjectHead, sha256: Digest): Content {
  const { size } = object;
  return { size, sha256, read: (start = 0, end = size) => between(store, object, start, end) };
}

async function* between(
  store: ObjectStore,
  { key, revision }: ObjectHead,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const object = await store.read(key, undefined, start);
  if (object?.revision !== revision) {
    if (object !== undefined) await leaveBody(object);
    throw new ArtifactError('SOURCE_CHANGED', `'${key}' changed while it was read`, { remedy: 'Try again.' });
  }
  let left = end - start;
  for await (const piece of object.body) {
    const taken = piece.byteLength > left ? piece.subarray(0, left) : piece;
    if (taken.byteLength > 0) yield taken;
    left -= taken.byteLength;
    if (left <= 0) break;
  }
}
