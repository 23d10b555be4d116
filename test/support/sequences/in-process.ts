import { ownKeeper } from '../../../repository/index.ts';
import type { ObjectStore } from '../../../repository/index.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { answerInProcess } from '../reference-in-process.ts';
import type { InvocationContext } from '../stack-engine/engine.ts';
import { gatedStore } from '../stack-engine/gated-store.ts';
import type { Coverage } from './coverage.ts';
import type { Around, Stage } from './stage.ts';
import { PLACE } from './stage.ts';

/** The function's client asks again more often than a failure lasts, nearly always. */
const RETRIED = 0.1;

/** The function's code in this process, on a store in memory: thousands of sequences in a minute. */
export function memoryStage(coverage: Coverage): Stage {
  let around: Around | undefined;
  const store = withVersions(memoryStore(() => around?.now() ?? new Date(0)));
  return {
    store,
    begin: (given) => (around = given),
    reference: {
      run: (event, context) =>
        serve(event, context, around?.faults.wrap(store, context.request, RETRIED) ?? store, coverage),
    },
  };
}

/** As a bucket that keeps versions tells which object is meant. */
function withVersions(store: ObjectStore): ObjectStore {
  return {
    ...store,
    head: async (key) => {
      const head = await store.head(key);
      return head && { ...head, version: head.incarnation };
    },
    read: async (key, incarnation) => {
      const object = await store.read(key, incarnation);
      return object && { ...object, version: object.incarnation };
    },
  };
}

async function serve(
  event: unknown,
  context: InvocationContext,
  store: ObjectStore,
  coverage: Coverage,
): Promise<void> {
  const own = gatedStore(store, context);
  const keeper = ownKeeper(own);
  await answerInProcess(event, context, {
    store: own,
    keeper: {
      ...keeper,
      cancel: async (digest) => {
        await keeper.cancel(digest);
        coverage.count('condemnation cancelled by the function');
      },
    },
    place: PLACE,
    urlOf: (bucket, key) => `https://s3.${PLACE.region}.amazonaws.com/${bucket}/${key}`,
    // What the function waits for is another turn.
    pause: () => context.request(),
  });
}
