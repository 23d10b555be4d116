import type { ObjectStore, StoreMethod } from '../object-store.ts';

export interface StoreRequest {
  readonly method: StoreMethod;
  /** Of a listing its prefix, of a copy the key that is created. */
  readonly key: string;
}

/**
 * Tells each request before it is made. A listing is told once, when it is asked for, however many pages it takes; what a store asks
 * for on its own account (the parts of an upload, a second attempt) is not seen.
 */
export function counting(store: ObjectStore, onRequest: (request: StoreRequest) => void): ObjectStore {
  const { address } = store;
  const alone = store.removeAlone?.bind(store);
  const copyFrom = store.copyFrom?.bind(store);
  const setTag = store.setTag?.bind(store);
  const told = <T>(method: StoreMethod, key: string, request: () => T): T => {
    onRequest({ method, key });
    return request();
  };
  return {
    read: (key, incarnation, from) => told('read', key, () => store.read(key, incarnation, from)),
    head: (key) => told('head', key, () => store.head(key)),
    incarnations: (key) => told('incarnations', key, () => store.incarnations(key)),
    create: (key, content, attributes) => told('create', key, () => store.create(key, content, attributes)),
    replace: (key, content, revision, attributes) =>
      told('replace', key, () => store.replace(key, content, revision, attributes)),
    overwrite: (key, content, attributes) => told('overwrite', key, () => store.overwrite(key, content, attributes)),
    removeIncarnation: (key, incarnation) =>
      told('removeIncarnation', key, () => store.removeIncarnation(key, incarnation)),
    ...(alone && {
      removeAlone: (key, incarnation) => told('removeAlone', key, () => alone(key, incarnation)),
    }),
    removeRevision: (key, revision) => told('removeRevision', key, () => store.removeRevision(key, revision)),
    list: (prefix, options) => told('list', prefix, () => store.list(prefix, options)),
    copy: (from, to, attributes) => told('copy', to, () => store.copy(from, to, attributes)),
    ...(address && { address }),
    ...(copyFrom && {
      copyFrom: (source, object, to, attributes) =>
        told('copyFrom', to, () => copyFrom(source, object, to, attributes)),
    }),
    ...(setTag && { setTag: (key, name, value) => told('setTag', key, () => setTag(key, name, value)) }),
    ...(store.openBucket && { openBucket: store.openBucket }),
  };
}
