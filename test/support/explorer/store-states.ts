import type { Incarnation, Revision } from '../../../repository/object-store.ts';
import type { MemoryObject } from '../../../repository/stores/memory.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import type { Answer, Request, Vocabulary } from './request.ts';
import { perform } from './request.ts';

/** At what time something is written under a key; as few different ones as can be, because states that differ in a time are different states. */
export type WritingTime = (key: string, has: (key: string) => boolean) => number;

/** Bits for a request's number, and for a time. */
const REQUESTS = 2 ** 20;
const TIMES = 4;

/**
 * Everything that a store can hold, by number, and what each request makes of it. The memory store itself does the work, once for every request and
 * content of the keys that it concerns; from then on it is looked up.
 *
 * As on S3, a revision says what the bytes are: the same bytes written again have the same one. An incarnation is named by the request that wrote
 * it; no request takes place twice in a story, and one that does is called otherwise the second time.
 */
export class StoreStates {
  readonly #vocabulary: Vocabulary;
  readonly #timeOf: WritingTime;
  readonly #isVersioned: boolean;
  readonly #keys: string[] = [];
  readonly #keyIds = new Map<string, number>();
  /** By number; 0 is that there is nothing. */
  readonly #objects: (MemoryObject | undefined)[] = [undefined];
  readonly #objectIds = new Map<string, number>();
  /** Of each state, the object under each key, by the number of the key. */
  readonly #states: (readonly number[])[] = [];
  readonly #stateIds = new Map<string, number>();
  readonly #moves = new Map<string, number>();
  readonly #effects = new Map<number, { readonly answer: number; readonly object: number }>();
  readonly #wide = new Map<number, { readonly answer: number; readonly state: number }>();

  /** @param isVersioned false: what is under a key has the same incarnation always, as in a bucket that keeps no versions */
  constructor(vocabulary: Vocabulary, timeOf: WritingTime, isVersioned: boolean) {
    this.#vocabulary = vocabulary;
    this.#timeOf = timeOf;
    this.#isVersioned = isVersioned;
  }

  /** How many are known. */
  get size(): number {
    return this.#states.length;
  }

  /** @returns the number of the state in which the store holds these */
  of(objects: ReadonlyMap<string, MemoryObject>): number {
    const state: number[] = [];
    for (const [key, object] of objects) state[this.#keyId(key)] = this.#objectId(object);
    return this.#stateId(state);
  }

  objectsIn(state: number): Map<string, MemoryObject> {
    const objects = new Map<string, MemoryObject>();
    for (const [keyId, objectId] of this.#at(state).entries()) {
      const object = this.#objects[objectId];
      const key = this.#keys[keyId];
      if (object !== undefined && key !== undefined) objects.set(key, object);
    }
    return objects;
  }

  /** What comes of a request: looked up, or found out now. The second is a promise, so that the first costs nothing. */
  apply(state: number, request: Request): Effect | Promise<Effect> {
    if (request.method === 'list' || request.method === 'copy') {
      return this.#wide.get(state * REQUESTS + request.id) ?? this.#applyWidely(state, request);
    }
    const keyId = this.#keyId(request.at);
    const object = this.#at(state)[keyId] ?? 0;
    const effect = this.#effects.get(this.#effectId(state, object, request));
    if (effect === undefined) return this.#applyNewly(state, request);
    return { answer: effect.answer, state: this.#moved(state, keyId, object, effect.object) };
  }

  #effectId(state: number, object: number, request: Request): number {
    const time = request.isWrite ? this.#time(state, request.at) : 0;
    return (object * REQUESTS + request.id) * TIMES + time;
  }

  #time(state: number, key: string): number {
    const objects = this.#at(state);
    return this.#timeOf(key, (other) => (objects[this.#keyIds.get(other) ?? -1] ?? 0) > 0);
  }

  /** Of one key: what comes of it depends on what stands there alone. */
  async #applyNewly(state: number, request: Request): Promise<Effect> {
    const keyId = this.#keyId(request.at);
    const before = this.#at(state)[keyId] ?? 0;
    const { answer, objects } = await this.#perform(state, request);
    const after = objects.get(request.at);
    const object = after === undefined ? 0 : this.#objectId(after);
    this.#effects.set(this.#effectId(state, before, request), { answer: answer.id, object });
    return { answer: answer.id, state: this.#moved(state, keyId, before, object) };
  }

  async #applyWidely(state: number, request: Request): Promise<Effect> {
    const { answer, objects } = await this.#perform(state, request);
    const effect = { answer: answer.id, state: request.isWrite ? this.of(objects) : state };
    this.#wide.set(state * REQUESTS + request.id, effect);
    return effect;
  }

  async #perform(
    state: number,
    request: Request,
  ): Promise<{ readonly answer: Answer; readonly objects: ReadonlyMap<string, MemoryObject> }> {
    const objects = this.objectsIn(state);
    const time = new Date(request.isWrite ? this.#time(state, request.at) : 0);
    const store = memoryStore(
      () => time,
      objects,
      (_, digest) => ({
        revision: digest.slice(0, 16) as Revision,
        incarnation: (this.#isVersioned ? request.writing : 'null') as Incarnation,
      }),
    );
    const said = await perform(store, request).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    return { answer: this.#vocabulary.answer(said), objects };
  }

  #moved(state: number, keyId: number, before: number, after: number): number {
    if (before === after) return state;
    const move = `${state} ${keyId} ${after}`;
    const known = this.#moves.get(move);
    if (known !== undefined) return known;
    const moved = [...this.#at(state)];
    moved[keyId] = after;
    const id = this.#stateId(moved);
    this.#moves.set(move, id);
    return id;
  }

  #at(state: number): readonly number[] {
    const objects = this.#states[state];
    if (objects === undefined) throw new Error(`there is no state ${state} of the store`);
    return objects;
  }

  #stateId(objects: readonly number[]): number {
    const whole = Array.from({ length: objects.length }, (_, keyId) => objects[keyId] ?? 0);
    while (whole.at(-1) === 0) whole.pop();
    const text = whole.join();
    const known = this.#stateIds.get(text);
    if (known !== undefined) return known;
    this.#states.push(whole);
    this.#stateIds.set(text, this.#states.length - 1);
    return this.#states.length - 1;
  }

  #keyId(key: string): number {
    const known = this.#keyIds.get(key);
    if (known !== undefined) return known;
    this.#keys.push(key);
    this.#keyIds.set(key, this.#keys.length - 1);
    return this.#keys.length - 1;
  }

  #objectId(object: MemoryObject): number {
    const text = `${object.key} ${object.sha256} ${object.incarnation} ${object.modified.getTime()}`;
    const known = this.#objectIds.get(text);
    if (known !== undefined) return known;
    this.#objects.push(object);
    this.#objectIds.set(text, this.#objects.length - 1);
    return this.#objects.length - 1;
  }
}

export interface Effect {
  readonly answer: number;
  readonly state: number;
}
