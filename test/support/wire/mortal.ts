import { bytesOf } from '../../../repository/index.ts';
import type { Content, ObjectKey, ObjectStore } from '../../../repository/index.ts';
import type { Deletion } from '../../../repository/deletion.ts';

/** What becomes of a process while it is at its requests. */
export type Fate =
  | { readonly kind: 'lives' }
  /** It dies before its request of this number, or after it. */
  | { readonly kind: 'dies'; readonly at: number; readonly when: 'before' | 'after' }
  /** It dies when it has decided that content goes, or has removed some. */
  | { readonly kind: 'dies after'; readonly what: 'decision' | 'removal' }
  /** It is stopped before its request of this number, until it is woken. */
  | { readonly kind: 'sleeps'; readonly at: number }
  /** It is stopped when it has looked for references and is about to decide, or when it has seen its decision stand and is about to remove. */
  | { readonly kind: 'sleeps before'; readonly what: 'decision' | 'removal' };

/** A process is no more: nothing that it would have done is done, no tidying up either. */
export class Died extends Error {
  constructor() {
    super('the process has died');
    this.name = 'Died';
  }
}

/** What is told of a life. `finish`: it completed a deletion that another had decided. */
export type Told = 'request' | 'rescue' | 'finish' | Death;
type Death = 'death' | 'death after the decision' | 'death after a removal';

interface Life {
  readonly fate: Fate;
  /** Resolves when the process goes on. */
  readonly sleep: () => Promise<void>;
  readonly told: (what: Told) => void;
}

/** A store as it is seen by a process with that fate. */
export function mortal(store: ObjectStore, { fate, sleep, told }: Life): ObjectStore {
  const copyFrom = store.copyFrom?.bind(store);
  const setTag = store.setTag?.bind(store);
  let isDead = false;
  let requests = 0;
  const decided = new Set<ObjectKey>();
  let sinceDecision = 0;
  let hasSlept = false;

  const die = (what: Death = 'death'): never => {
    isDead = true;
    told(what);
    throw new Died();
  };
  const mustSleep = (number: number, isDecision: boolean): boolean => {
    if (fate.kind === 'sleeps') return fate.at === number;
    if (fate.kind !== 'sleeps before' || hasSlept) return false;
    // The first request after the decision reads it.
    return fate.what === 'decision' ? isDecision : sinceDecision === 2;
  };
  const begin = async (isDecision = false): Promise<number> => {
    if (isDead) throw new Died();
    const number = requests++;
    if (decided.size > 0) sinceDecision++;
    if (mustSleep(number, isDecision)) {
      hasSlept = true;
      await sleep();
    }
    if (fate.kind === 'dies' && fate.when === 'before' && fate.at === number) die();
    told('request');
    return number;
  };
  const end = (number: number): void => {
    // Another request of the process may have been its last meanwhile.
    if (isDead) throw new Died();
    if (fate.kind === 'dies' && fate.when === 'after' && fate.at === number) die();
  };
  const isFatal = (what: 'decision' | 'removal'): boolean => fate.kind === 'dies after' && fate.what === what;
  const asking = async <T>(request: () => Promise<T>, isDecision = false): Promise<T> => {
    const number = await begin(isDecision);
    const answer = await request();
    end(number);
    return answer;
  };
  const hasWritten = async (key: ObjectKey, content: Content): Promise<void> => {
    const state = await stateIn(key, content);
    if (state === 'cancelled') told('rescue');
    if (state === 'deleting') decided.add(key);
    if (state === 'deleting' && isFatal('decision')) die('death after the decision');
  };

  return {
    read: (key, incarnation, from) => asking(() => store.read(key, incarnation, from)),
    head: (key) => asking(() => store.head(key)),
    incarnations: (key) => asking(() => store.incarnations(key)),
    create: (key, content, attributes) => asking(() => store.create(key, content, attributes)),
    async replace(key, content, revision, attributes) {
      const outcome = await asking(() => store.replace(key, content, revision, attributes), isDeletion(key));
      if (outcome === 'replaced') await hasWritten(key, content);
      return outcome;
    },
    async overwrite(key, content, attributes) {
      await asking(() => store.overwrite(key, content, attributes), isDeletion(key));
      await hasWritten(key, content);
    },
    async removeIncarnation(key, incarnation) {
      await asking(() => store.removeIncarnation(key, incarnation));
      if (isFatal('removal')) die('death after a removal');
    },
    async removeRevision(key, revision) {
      const outcome = await asking(() => store.removeRevision(key, revision));
      if (isDeletion(key) && outcome === 'removed' && !decided.has(key)) told('finish');
      return outcome;
    },
    async *list(prefix, options) {
      const number = await begin();
      yield* store.list(prefix, options);
      end(number);
    },
    copy: (from, to, attributes) => asking(() => store.copy(from, to, attributes)),
    ...(store.address && { address: store.address }),
    ...(copyFrom && { copyFrom: (...given) => asking(() => copyFrom(...given)) }),
    ...(setTag && { setTag: (...given) => asking(() => setTag(...given)) }),
  };
}

async function stateIn(key: ObjectKey, content: Content): Promise<Deletion['state'] | undefined> {
  if (!isDeletion(key)) return undefined;
  return (JSON.parse((await bytesOf(content.read())).toString()) as Deletion).state;
}

function isDeletion(key: ObjectKey): boolean {
  return key.startsWith('deletions/');
}
