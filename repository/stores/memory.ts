import { bytesOf } from '../content.ts';
import type { Digest } from '../digest.ts';
import type { Incarnation, ObjectHead, ObjectKey, ObjectStore, Revision } from '../object-store.ts';
import { compareKeys } from '../object-store.ts';
import { verified } from './verified.ts';

/** What stands under a key. */
export interface MemoryObject extends ObjectHead {
  readonly bytes: Buffer;
  readonly sha256: Digest;
}

/** What a writing is told apart by, as `Revision` and `Incarnation` demand. */
export type Naming = (key: ObjectKey, digest: Digest) => Pick<ObjectHead, 'revision' | 'incarnation'>;

/**
 * A store that ends with its process: for tests and as the model of the others. What a method does to the state, it does in one
 * step, with no `await` between looking and writing. A superseded object is gone at once.
 * @param objects its whole state: who hands it in can go on from where another store stood, and see what became of it
 */
export function memoryStore(
  clock: () => Date,
  objects: Map<string, MemoryObject> = new Map(),
  name: Naming = counting(),
): ObjectStore {
  function put(key: ObjectKey, bytes: Buffer, digest: Digest): void {
    const { revision, incarnation } = name(key, digest);
    const size = bytes.byteLength;
    objects.set(key, { key, bytes, size, sha256: digest, revision, incarnation, modified: clock() });
  }

  return {
    async read(key, incarnation, from = 0) {
      const object = objects.get(key);
      if (object === undefined || (incarnation !== undefined && object.incarnation !== incarnation)) return undefined;
      return { ...headOf(object), body: bodyOf(object.bytes.subarray(from)) };
    },

    async head(key) {
      const object = objects.get(key);
      return object && headOf(object);
    },

    async incarnations(key) {
      const object = objects.get(key);
      return object === undefined ? [] : [object.incarnation];
    },

    async create(key, content, attributes) {
      if (objects.has(key)) return 'exists';
      const bytes = await bytesOf(verified(key, content, attributes?.onProgress));
      if (objects.has(key)) return 'exists';
      put(key, bytes, content.sha256);
      return 'created';
    },

    async replace(key, content, revision, attributes) {
      if (objects.get(key)?.revision !== revision) return 'conflict';
      const bytes = await bytesOf(verified(key, content, attributes?.onProgress));
      if (objects.get(key)?.revision !== revision) return 'conflict';
      put(key, bytes, content.sha256);
      return 'replaced';
    },

    async overwrite(key, content, attributes) {
      put(key, await bytesOf(verified(key, content, attributes?.onProgress)), content.sha256);
    },

    async removeIncarnation(key, incarnation) {
      if (objects.get(key)?.incarnation === incarnation) objects.delete(key);
    },

    async removeAlone(key, incarnation) {
      if (objects.get(key)?.incarnation === incarnation) objects.delete(key);
    },

    async removeRevision(key, revision) {
      const object = objects.get(key);
      if (object === undefined) return 'absent';
      if (object.revision !== revision) return 'conflict';
      objects.delete(key);
      return 'removed';
    },

    async *list(prefix, { after = '', limit = Infinity } = {}) {
      const keys = [...objects.keys()]
        .filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0)
        .sort(compareKeys);
      let listed = 0;
      for (const key of keys) {
        if (listed >= limit) return;
        const object = objects.get(key);
        if (object === undefined) continue;
        listed += 1;
        yield { key: object.key, size: object.size, modified: object.modified };
      }
    },

    async copy(from, to) {
      const object = objects.get(from);
      if (object === undefined) return 'absent';
      if (objects.has(to)) return 'exists';
      put(to, object.bytes, object.sha256);
      return 'created';
    },
  };
}

function counting(): Naming {
  let writings = 0;
  return () => {
    writings += 1;
    return { revision: `r${writings}` as Revision, incarnation: `i${writings}` as Incarnation };
  };
}

function headOf({ key, size, revision, incarnation, modified, sha256 }: MemoryObject): ObjectHead {
  return { key, size, revision, incarnation, version: incarnation, modified, sha256 };
}

async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  // A copy: what is stored can't be changed through what was read.
  if (bytes.byteLength > 0) yield Buffer.from(bytes);
}
