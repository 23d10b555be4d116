import { ownKeeper } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import type { StoreMethod } from '../../repository/object-store.ts';

/** Somebody who waits for leave to make a request. */
interface Waiting {
  readonly actor: number;
  readonly request: string;
  readonly proceed: () => void;
}

/** Who goes next: one of those that wait. `last` is who went before, -1 at first. */
export type Choose = (waiting: readonly number[], last: number) => number;

export interface Story {
  /** Who made which request, in order. */
  readonly trace: readonly string[];
  /** What each actor came to: its result, an Error, or nothing where it stopped for ever. */
  readonly outcomes: readonly unknown[];
}

/** A limit for stories that don't end: nothing that is proved here takes so many requests. */
const STEPS = 3000;

/**
 * Lets actors loose on one store, one request at a time, in an order that the caller chooses; so every interleaving can be played, and any actor can be
 * stopped for ever before any request.
 *
 * @param stops tells, before each request, whether its actor stops there
 */
export async function interleave(
  store: ObjectStore,
  actors: readonly ((own: ObjectStore, pause: () => Promise<void>) => Promise<unknown>)[],
  choose: Choose,
  stops: (actor: number, step: number) => boolean = () => false,
): Promise<Story> {
  const waiting: Waiting[] = [];
  const stopped = new Set<number>();
  const trace: string[] = [];
  const outcomes: unknown[] = [];
  for (const [actor, act] of actors.entries()) {
    const turn = (request: string): Promise<void> =>
      new Promise((proceed) => {
        waiting.push({ actor, request, proceed });
      });
    act(paced(store, turn), () => turn('pause')).then(
      (result) => (outcomes[actor] = result),
      (error: unknown) => (outcomes[actor] = error),
    );
  }
  let last = -1;
  for (let step = 0; step < STEPS; step++) {
    await settled();
    const ready = waiting.filter(({ actor }) => !stopped.has(actor));
    if (ready.length === 0) return { trace, outcomes };
    const actors = [...new Set(ready.map(({ actor }) => actor))].sort();
    const actor = choose(actors, last);
    if (stops(actor, step)) {
      stopped.add(actor);
      trace.push(`${actor} stops`);
      continue;
    }
    const next = waiting.findIndex((one) => one.actor === actor);
    const [chosen] = waiting.splice(next, 1);
    if (chosen === undefined) throw new Error(`nothing waits for actor ${actor}`);
    trace.push(`${actor} ${chosen.request}`);
    chosen.proceed();
    last = actor;
  }
  throw new Error(`a story without an end:\n${trace.slice(-40).join('\n')}`);
}

/** As `interleave`, on a domain's store: each actor has the domain as its own process sees it. Its pauses are turns as well, and its nonces are nobody else's. */
export function interleaveIn(
  domain: Domain,
  actors: readonly ((domain: Domain, pause: () => Promise<void>) => Promise<unknown>)[],
  choose: Choose,
  stops?: (actor: number, step: number) => boolean,
): Promise<Story> {
  let nonces = 0;
  return interleave(
    domain.store,
    actors.map((act, index) => (store, pause) => {
      const chance = { ...domain.chance, pause, nonce: () => `p${index}n${nonces++}` };
      return act({ ...domain, store, keeper: ownKeeper(store), chance }, pause);
    }),
    choose,
    stops,
  );
}

/** One who does what several do, one after the other. */
export function sequence<Given extends readonly unknown[]>(
  ...actors: readonly ((...given: Given) => Promise<unknown>)[]
): (...given: Given) => Promise<void> {
  return async (...given) => {
    for (const actor of actors) await actor(...given);
  };
}

/** Everything that can go on without another request has gone on: the memory store answers within microtasks. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Every request waits for its turn, and is one atomic step then. */
function paced(store: ObjectStore, turn: (request: string) => Promise<void>): ObjectStore {
  const copyFrom = store.copyFrom?.bind(store);
  const setTag = store.setTag?.bind(store);
  const after = async <T>(method: StoreMethod, key: string, request: () => Promise<T>): Promise<T> => {
    await turn(`${method} ${key}`);
    return request();
  };
  return {
    read: (key, incarnation) => after('read', key, () => store.read(key, incarnation)),
    head: (key) => after('head', key, () => store.head(key)),
    incarnations: (key) => after('incarnations', key, () => store.incarnations(key)),
    create: (key, content, attributes) => after('create', key, () => store.create(key, content, attributes)),
    replace: (key, content, revision, attributes) =>
      after('replace', key, () => store.replace(key, content, revision, attributes)),
    overwrite: (key, content, attributes) => after('overwrite', key, () => store.overwrite(key, content, attributes)),
    removeIncarnation: (key, incarnation) =>
      after('removeIncarnation', key, () => store.removeIncarnation(key, incarnation)),
    removeRevision: (key, revision) => after('removeRevision', key, () => store.removeRevision(key, revision)),
    async *list(prefix, options) {
      await turn(`list ${prefix}`);
      const keys = [];
      for await (const one of store.list(prefix, options)) keys.push(one);
      yield* keys;
    },
    copy: (from, to, attributes) => after('copy', to, () => store.copy(from, to, attributes)),
    ...(store.address && { address: store.address }),
    ...(copyFrom && {
      copyFrom: (source, object, to, attributes) =>
        after('copyFrom', to, () => copyFrom(source, object, to, attributes)),
    }),
    ...(setTag && { setTag: (key, name, value) => after('setTag', key, () => setTag(key, name, value)) }),
    ...(store.openBucket && { openBucket: store.openBucket }),
  };
}

/** A choice drawn from random bits: now and then the same actor goes on, so that long runs of one come up as well as quick changes. */
export function chooseBy(random: () => number): Choose {
  const stickiness = random() < 0.5 ? 0.8 : 0.3;
  return (waiting, last) =>
    waiting.includes(last) && random() < stickiness
      ? last
      : (waiting[Math.floor(random() * waiting.length)] ?? waiting[0] ?? 0);
}

/**
 * Plays every story in which the actors take turns at most `switches` times.
 * @param play tells a story for a choice
 * @returns how many were played
 */
export async function everyInterleaving(switches: number, play: (choose: Choose) => Promise<void>): Promise<number> {
  const open: (readonly number[])[] = [[]];
  let played = 0;
  for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
    const taken: number[] = [];
    const others: (readonly number[])[] = [];
    const given = prefix;
    await play((waiting, last) => {
      const planned = given[taken.length];
      const usual = waiting.includes(last) ? last : (waiting[0] ?? 0);
      const actor = planned !== undefined && waiting.includes(planned) ? planned : usual;
      if (taken.length >= given.length) {
        for (const other of waiting) if (other !== actor) others.push([...taken, other]);
      }
      taken.push(actor);
      return actor;
    });
    played++;
    open.push(...others.filter((one) => changesIn(one) <= switches));
  }
  return played;
}

function changesIn(actors: readonly number[]): number {
  return actors.filter((actor, index) => index > 0 && actor !== actors[index - 1]).length;
}

/** A story that was played, and what is wrong with it. */
export interface Judged {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
}

/**
 * Plays stories by chance, until one goes wrong.
 * @param play tells one; all that is left to chance in it comes from `random`
 * @returns the one that went wrong, with the seed that tells it again; `undefined` where none did
 */
export async function firstWrong(
  stories: number,
  play: (random: () => number) => Promise<Judged>,
): Promise<(Judged & { readonly seed: number }) | undefined> {
  for (let seed = 1; seed <= stories; seed++) {
    const { violations, trace } = await play(randomFrom(seed));
    if (violations.length > 0) return { seed, violations, trace };
  }
  return undefined;
}

/** Repeatable random numbers from 0 to 1. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
