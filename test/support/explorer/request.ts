import type { Content } from '../../../repository/content.ts';
import type {
  Incarnation,
  ListOptions,
  ObjectHead,
  ObjectKey,
  ObjectStore,
  Revision,
  StoreMethod,
} from '../../../repository/object-store.ts';
import { bytesOf } from '../../../repository/content.ts';

/** One request of an actor: what it asks, not when. Two that ask the same are one and the same object. */
export interface Request extends Asked {
  readonly id: number;
  readonly isWrite: boolean;
  /** What it writes is told apart by this name from everything else that is ever written. Empty of a request that only looks. */
  readonly writing: string;
}

export interface Asked {
  readonly method: StoreMethod;
  /** A key; the prefix of a listing; where a copy goes. */
  readonly at: string;
  readonly from?: ObjectKey;
  readonly content?: Content;
  readonly revision?: Revision;
  readonly incarnation?: Incarnation;
  readonly options?: ListOptions;
}

/** What a store said, as a value that can be kept: a body is bytes. */
export type Answer =
  { readonly value: unknown; readonly id: number } | { readonly error: unknown; readonly id: number };

export type ReadObject = ObjectHead & { readonly bytes: Buffer };

const LOOKS: readonly StoreMethod[] = ['read', 'head', 'incarnations', 'list'];

/** Requests and answers by number, each once. */
export class Vocabulary {
  readonly requests: Request[] = [];
  readonly answers: Answer[] = [];
  readonly #requestIds = new Map<string, number>();
  readonly #answerIds = new Map<string, number>();
  readonly #again = new Map<number, Request>();

  /** @param writing the name of what it would write */
  request(asked: Asked, writing: string): Request {
    const isWrite = !LOOKS.includes(asked.method);
    const { method, at, from, content, revision, incarnation, options } = asked;
    const named = isWrite ? writing : '';
    const text = JSON.stringify([method, at, from, content?.sha256, revision, incarnation, options, named]);
    const known = this.requests[this.#requestIds.get(text) ?? -1];
    if (known !== undefined) return known;
    const request: Request = { ...asked, id: this.requests.length, isWrite, writing: named };
    this.#requestIds.set(text, request.id);
    this.requests.push(request);
    return request;
  }

  /** The same request as it takes place a second time: what it writes then is another object. */
  again(request: Request): Request {
    const known = this.#again.get(request.id);
    if (known !== undefined) return known;
    const again = this.request(request, `${request.writing}'`);
    this.#again.set(request.id, again);
    return again;
  }

  answer(said: { readonly value: unknown } | { readonly error: unknown }): Answer {
    const text = 'error' in said ? `! ${String(said.error)}` : JSON.stringify(said.value) || 'nothing';
    const known = this.answers[this.#answerIds.get(text) ?? -1];
    if (known !== undefined) return known;
    const answer: Answer = { ...said, id: this.answers.length };
    this.#answerIds.set(text, answer.id);
    this.answers.push(answer);
    return answer;
  }
}

/** Makes a request of a store, as one step. */
export async function perform(store: ObjectStore, request: Request): Promise<unknown> {
  const { method, from, options } = request;
  const key = request.at as ObjectKey;
  const content = request.content as Content;
  const revision = request.revision as Revision;
  const incarnation = request.incarnation as Incarnation;
  switch (method) {
    case 'read': {
      const object = await store.read(key, request.incarnation);
      if (object === undefined) return undefined;
      const { body, ...head } = object;
      return { ...head, bytes: await bytesOf(body) } satisfies ReadObject;
    }
    case 'head':
      return store.head(key);
    case 'incarnations':
      return store.incarnations(key);
    case 'create':
      return store.create(key, content);
    case 'replace':
      return store.replace(key, content, revision);
    case 'overwrite':
      return store.overwrite(key, content);
    case 'removeIncarnation':
    case 'removeAlone':
      return store.removeIncarnation(key, incarnation);
    case 'removeRevision':
      return store.removeRevision(key, revision);
    case 'list': {
      const listed = [];
      for await (const one of store.list(request.at, options)) listed.push(one);
      return listed;
    }
    case 'copy':
      return store.copy(from as ObjectKey, key);
    case 'copyFrom':
    case 'setTag':
      throw new Error(`no store that is explored has ${method}`);
  }
}

/** A store whose every request is handed to `ask`, which answers when it likes. */
export function askingStore(ask: (asked: Asked) => Promise<unknown>): ObjectStore {
  const asking = <T>(asked: Asked): Promise<T> => ask(asked) as Promise<T>;
  return {
    async read(at, incarnation) {
      const found = await asking<ReadObject | undefined>({
        ...{ method: 'read', at },
        ...(incarnation !== undefined && { incarnation }),
      });
      if (found === undefined) return undefined;
      const { bytes, ...head } = found;
      return { ...head, body: bodyOf(bytes) };
    },
    head: (at) => asking({ method: 'head', at }),
    incarnations: (at) => asking({ method: 'incarnations', at }),
    create: (at, content) => asking({ method: 'create', at, content }),
    replace: (at, content, revision) => asking({ method: 'replace', at, content, revision }),
    overwrite: (at, content) => asking({ method: 'overwrite', at, content }),
    removeIncarnation: (at, incarnation) => asking({ method: 'removeIncarnation', at, incarnation }),
    removeRevision: (at, revision) => asking({ method: 'removeRevision', at, revision }),
    async *list(at, options) {
      yield* await asking<never[]>({ method: 'list', at, ...(options !== undefined && { options }) });
    },
    copy: (from, at) => asking({ method: 'copy', at, from }),
  };
}

async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield Buffer.from(bytes);
}
