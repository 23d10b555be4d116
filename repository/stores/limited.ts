import type { Content } from '../content.ts';
import { UNDIVIDED, bytesOf, contentOf } from '../content.ts';
import type { ObjectStore, StoredObject } from '../object-store.ts';
import { endingWith } from './body.ts';

/** A body up to this size is read within its request, so that who looks at a record while he holds another never waits for himself. */
const SMALL = 64 * 1024;

/** Of what goes up in parts several are in memory: few contents do so at once, beside any number of smaller ones. */
const LARGE_AT_ONCE = 4;

/** What is larger fills a line with few at once, and may be held whole. */
const MIDDLE = 256 * 1024;
const MIDDLE_AT_ONCE = 16;

/**
 * At most so many requests at once, the others wait their turn, first come first served. A large body that is read is part of its request:
 * it must be read to its end, or left by its iterator's `return` (as `break` does), else its turn never ends. A listing takes a turn for
 * each step. A copy from another store that is limited too may take a turn there while it has one here.
 * @param atOnce at least 1
 */
export function limited(store: ObjectStore, atOnce: number): ObjectStore {
  const turns = new Turns(atOnce);
  const large = new Turns(LARGE_AT_ONCE);
  const middle = new Turns(MIDDLE_AT_ONCE);
  const writing = <T>({ size }: Content, write: () => Promise<T>): Promise<T> => {
    if (size > UNDIVIDED) return large.during(() => turns.during(write));
    return size > MIDDLE ? middle.during(() => turns.during(write)) : turns.during(write);
  };
  const { address } = store;
  const alone = store.removeAlone?.bind(store);
  const copyFrom = store.copyFrom?.bind(store);
  const setTag = store.setTag?.bind(store);
  return {
    async read(key, incarnation, from) {
      const end = await turns.begin();
      try {
        const object = await store.read(key, incarnation, from);
        if (object !== undefined && object.size > SMALL) return { ...object, body: endingWith(object.body, end) };
        const held = object && (await heldInMemory(object));
        end();
        return held;
      } catch (error) {
        end();
        throw error;
      }
    },
    incarnations: (key) => turns.during(() => store.incarnations(key)),
    head: (key) => turns.during(() => store.head(key)),
    create: (key, content, attributes) => writing(content, () => store.create(key, content, attributes)),
    replace: (key, content, revision, attributes) =>
      writing(content, () => store.replace(key, content, revision, attributes)),
    overwrite: (key, content, attributes) => writing(content, () => store.overwrite(key, content, attributes)),
    removeIncarnation: (key, incarnation) => turns.during(() => store.removeIncarnation(key, incarnation)),
    ...(alone && { removeAlone: (key, incarnation) => turns.during(() => alone(key, incarnation)) }),
    removeRevision: (key, revision) => turns.during(() => store.removeRevision(key, revision)),
    async *list(prefix, options) {
      const steps = store.list(prefix, options)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const step = await turns.during(() => steps.next());
          if (step.done === true) return;
          yield step.value;
        }
      } finally {
        await steps.return?.();
      }
    },
    copy: (from, to, attributes) => turns.during(() => store.copy(from, to, attributes)),
    ...(address && { address }),
    ...(copyFrom && {
      copyFrom: (source, object, to, attributes) => turns.during(() => copyFrom(source, object, to, attributes)),
    }),
    ...(setTag && { setTag: (key, name, value) => turns.during(() => setTag(key, name, value)) }),
    ...(store.openBucket && { openBucket: store.openBucket }),
  };
}

async function heldInMemory(object: StoredObject): Promise<StoredObject> {
  return { ...object, body: contentOf(await bytesOf(object.body)).read() };
}

class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Answers how to end the turn; to end it again does nothing. */
  async begin(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }

  async during<T>(request: () => Promise<T>): Promise<T> {
    const end = await this.begin();
    try {
      return await request();
    } finally {
      end();
    }
  }
}
