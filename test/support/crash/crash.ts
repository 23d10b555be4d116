import type { ListedObject, ObjectStore } from '../../../repository/index.ts';

/** A process that dies at one of its requests: before that reached anybody, or after it was served and before the process knows. */
export class Crash {
  /** So many it has made. */
  requests = 0;
  readonly died: Promise<'died'>;
  readonly #at: number;
  readonly #moment: 'before' | 'after';
  #isDead = false;
  #tell: () => void = () => undefined;

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
    const answer = await serve();
    if (isLast) this.#die();
    return this.isDead ? new Promise(() => undefined) : answer;
  }

  #die(): void {
    this.#isDead = true;
    this.#tell();
  }

  /** The store as that process has it. A listing is one request. */
  wrap(store: ObjectStore): ObjectStore {
    return {
      read: (...given) => this.request(() => store.read(...given)),
      head: (...given) => this.request(() => store.head(...given)),
      incarnations: (...given) => this.request(() => store.incarnations(...given)),
      create: (...given) => this.request(() => store.create(...given)),
      replace: (...given) => this.request(() => store.replace(...given)),
      overwrite: (...given) => this.request(() => store.overwrite(...given)),
      removeIncarnation: (...given) => this.request(() => store.removeIncarnation(...given)),
      removeRevision: (...given) => this.request(() => store.removeRevision(...given)),
      copy: (...given) => this.request(() => store.copy(...given)),
      list: (...given) => this.#list(store, ...given),
    };
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
