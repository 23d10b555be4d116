import type { Content } from '../content.ts';
import { bytesOf, contentOf } from '../content.ts';
import type { ObjectKey, ObjectStore, Revision, StoredObject } from '../object-store.ts';

type RecordMembers = Readonly<Record<string, unknown>>;

/** What became of one record, as its store acknowledged it. */
export interface Change {
  readonly key: ObjectKey;
  /** What was there; absent where nothing was, and where nobody had read it. */
  readonly before?: RecordMembers | undefined;
  /** What is there; absent where it was removed. */
  readonly after?: RecordMembers | undefined;
}

/** `refused`: something else was there, perhaps by one's own earlier attempt. `failed`: whether it took place is unknown. */
export type Certainty = 'done' | 'refused' | 'failed';

export interface Observer {
  /** Whose changes are told. Records alone: all of it is held in memory. */
  readonly watches: (key: string) => boolean;
  /** Must not throw. */
  readonly changed: (change: Change, certainty: Certainty) => void;
  /** Told of each watched record that is read. Must not throw. */
  readonly seen?: (key: ObjectKey, record: RecordMembers) => void;
}

/** Bytes. What is larger is no record. */
const RECORD_LIMIT = 1024 * 1024;
/** So many records are remembered as they were last read: whoever changes one has read it shortly before. */
const REMEMBERED = 2000;

/** Tells of what is written and removed, after it was. Makes no request of its own, and changes none. */
export function observed(store: ObjectStore, { watches, changed, seen }: Observer): ObjectStore {
  const { address } = store;
  const alone = store.removeAlone?.bind(store);
  const copyFrom = store.copyFrom?.bind(store);
  const setTag = store.setTag?.bind(store);
  const known = new Map<ObjectKey, { readonly revision: Revision; readonly record: RecordMembers }>();

  const remember = (key: ObjectKey, revision: Revision, text: string): void => {
    const record = recordIn(text);
    known.delete(key);
    if (record === undefined) return;
    known.set(key, { revision, record });
    for (const oldest of known.keys()) if (known.size > REMEMBERED) known.delete(oldest);
    seen?.(key, record);
  };
  const before = (key: ObjectKey, revision: Revision): RecordMembers | undefined => {
    const found = known.get(key);
    return found?.revision === revision ? found.record : undefined;
  };
  const telling = async <T extends string>(
    key: ObjectKey,
    was: RecordMembers | undefined,
    content: Content | undefined,
    act: () => Promise<T>,
    ...done: readonly T[]
  ): Promise<T> => {
    if (!watches(key)) return act();
    const after = content && recordIn((await bytesOf(content.read())).toString());
    const told = { key, ...(was !== undefined && { before: was }), ...(after !== undefined && { after }) };
    try {
      const outcome = await act();
      changed(told, done.includes(outcome) ? 'done' : 'refused');
      return outcome;
    } catch (error) {
      changed(told, 'failed');
      throw error;
    }
  };

  return {
    async read(key, incarnation, from = 0) {
      const object = await store.read(key, incarnation, from);
      if (object === undefined || incarnation !== undefined || from > 0 || !watches(key)) return object;
      if (object.size > RECORD_LIMIT) return object;
      const bytes = await bytesOf(object.body);
      remember(key, object.revision, bytes.toString());
      return { ...object, body: contentOf(bytes).read() } satisfies StoredObject;
    },
    head: (key) => store.head(key),
    incarnations: (key) => store.incarnations(key),
    create: (key, content, attributes) =>
      telling(key, undefined, content, () => store.create(key, content, attributes), 'created'),
    replace: (key, content, revision, attributes) =>
      telling(key, before(key, revision), content, () => store.replace(key, content, revision, attributes), 'replaced'),
    overwrite: (key, content, attributes) => store.overwrite(key, content, attributes),
    removeIncarnation: (key, incarnation) => store.removeIncarnation(key, incarnation),
    ...(alone && { removeAlone: alone }),
    // What was read and is gone went once, whoever took it away.
    removeRevision: (key, revision) =>
      telling(
        key,
        before(key, revision),
        undefined,
        () => store.removeRevision(key, revision),
        ...(['removed', 'absent'] as const),
      ),
    list: (prefix, options) => store.list(prefix, options),
    copy: (from, to, attributes) => store.copy(from, to, attributes),
    ...(address && { address }),
    ...(copyFrom && { copyFrom }),
    ...(setTag && { setTag }),
    ...(store.openBucket && { openBucket: store.openBucket }),
  };
}

/** `undefined` of what is no record: whoever reads it says so. */
function recordIn(text: string): RecordMembers | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as RecordMembers) : undefined;
  } catch {
    return undefined;
  }
}
