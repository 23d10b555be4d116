import type { ObjectStore } from '../../../repository/object-store.ts';
import type { InvocationContext } from './lambda.ts';

/** The store as a function in this process is to see it: each request waits for its turn and may be the last. */
export function gatedStore(store: ObjectStore, { request }: Pick<InvocationContext, 'request'>): ObjectStore {
  const gated =
    <A extends readonly unknown[], R>(operation: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await request();
      return operation(...given);
    };
  return {
    read: gated((...given) => store.read(...given)),
    head: gated((...given) => store.head(...given)),
    incarnations: gated((...given) => store.incarnations(...given)),
    create: gated((...given) => store.create(...given)),
    replace: gated((...given) => store.replace(...given)),
    overwrite: gated((...given) => store.overwrite(...given)),
    removeIncarnation: gated((...given) => store.removeIncarnation(...given)),
    removeRevision: gated((...given) => store.removeRevision(...given)),
    copy: gated((...given) => store.copy(...given)),
    list: async function* (...given) {
      await request();
      yield* store.list(...given);
    },
    ...(store.address && { address: store.address }),
    ...(store.copyFrom && { copyFrom: gated(store.copyFrom.bind(store)) }),
    ...(store.setTag && { setTag: gated(store.setTag.bind(store)) }),
  };
}
