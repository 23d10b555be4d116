import type { Content } from '../../../repository/content.ts';
import type { ListedObject, ObjectKey, ObjectStore } from '../../../repository/index.ts';

/** A process that dies at one of its requests: before that reached anybody, or after it was served and before the process knows. */
export class Crash {
  /** So many it has made. */
  requests = 0;
  /** What it has done to the store, as method and key: two that did the same, in whatever order, have left the same. */
  readonly effects: string[] = [];
  readonly died: Promise<'died'>;
  readonly #at: number;
  readonly #moment: 'before' | 'after';
  #isDead = false;
  #tell: () => void = () => undefined;
  readonly #serving = new Set<Promise<unknown>>();

  /** @param at counts from 1; Infinity: it lives */
  constructor(at: number = Infinity, moment: 'before' | 'after' = 'before') {
    this.#at = at;
    this.#moment = moment;
    this.died = new Promise((resolve) => {
      this.#tell = () => {
        resolve('died');
      };
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** A request of the process. One that it makes when it is dead is none: it never reaches anybody, and its answer nobody. */
  async request<T>(serve: () => Promise<T>): Promise<T> {
    const isLast = ++this.requests === this.#at;
    if (isLast && this.#moment === 'before') this.#die();
    if (this.#isDead) return new Promise(() => undefined);
    const serving = serve();
    this.#serving.add(serving);
    try {
      const answer = await serving;
      if (isLast) this.#die();
      return this.isDead ? await new Promise<never>(() => undefined) : answer;
    } finally {
      this.#serving.delete(serving);
    }
  }

  /** Whatever had reached the store has come to its end, dead or not. */
  async served(): Promise<void> {
    await Promise.allSettled(this.#serving);
  }

  #die(): void {
    this.#isDead = true;
    this.#tell();
  }

  /** The store as that process has it. A listing is one request. */
  wrap(store: ObjectStore): ObjectStore {
    const copyFrom = store.copyFrom?.bind(store);
    const setTag = store.setTag?.bind(store);
    const effect = <T>(name: string, key: ObjectKey, serve: () => Promise<T>): Promise<T> =>
      this.request(() => {
        this.effects.push(`${name} ${key}`);
        return serve();
      });
    return {
      read: (...given) => this.request(() => store.read(...given)),
      head: (...given) => this.request(() => store.head(...given)),
      incarnations: (...given) => this.request(() => store.incarnations(...given)),
      create: (key, content, ...more) => effect('create', key, () => store.create(key, this.#sent(content), ...more)),
      replace: (key, ...more) => effect('replace', key, () => store.replace(key, ...more)),
      overwrite: (key, ...more) => effect('overwrite', key, () => store.overwrite(key, ...more)),
      removeIncarnation: (key, ...more) =>
        effect('removeIncarnation', key, () => store.removeIncarnation(key, ...more)),
      removeRevision: (key, ...more) => effect('removeRevision', key, () => store.removeRevision(key, ...more)),
      copy: (from, to) => effect('copy', to, () => store.copy(from, to)),
      ...(store.address && { address: store.address }),
      ...(copyFrom && {
        copyFrom: (source, object, to, ...more) => effect('copyFrom', to, () => copyFrom(source, object, to, ...more)),
      }),
      ...(setTag && { setTag: (key, ...more) => effect('setTag', key, () => setTag(key, ...more)) }),
      list: (...given) => this.#list(store, ...given),
    };
  }

  /** What a process sends that makes requests of its own for it: with its death it breaks off. */
  #sent(content: Content): Content {
    const died = this.died.then((): never => {
      throw new Error('the sender died');
    });
    died.catch(() => undefined);
    async function* mortal(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      const left = pieces[Symbol.asyncIterator]();
      for (;;) {
        const next = await Promise.race([left.next(), died]);
        if (next.done === true) return;
        yield next.value;
      }
    }
    return { ...content, read: (...range) => mortal(content.read(...range)) };
  }

  async *#list(store: ObjectStore, ...given: Parameters<ObjectStore['list']>): AsyncGenerator<ListedObject> {
    const page = await this.request(async () => {
      const all: ListedObject[] = [];
      for await (const one of store.list(...given)) all.push(one);
      return all;
    });
    yield* page;
  }
}
