import type { DomainPlace } from '../../repository/arn.ts';
import { domainBucket } from '../../repository/domain.ts';
import type { Homes } from '../../repository/home/home.ts';
import { ownAway } from '../../repository/home/own-away.ts';
import type { Chance, Domain, ObjectStore } from '../../repository/index.ts';
import { ArtifactError, establishDomain, ownKeeper } from '../../repository/index.ts';
import type { ObjectKey, StoreMethod } from '../../repository/object-store.ts';
import type { MemoryObject } from '../../repository/stores/memory.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from './chance.ts';

export const HERE: DomainPlace = { partition: 'aws', account: '111122223333', region: 'us-east-1' };
/** Of another account, in another region. */
export const FAR: DomainPlace = { partition: 'aws', account: '444455556666', region: 'eu-west-1' };
/** Of the account of `HERE`. */
export const NEAR: DomainPlace = { partition: 'aws', account: '111122223333', region: 'eu-central-1' };

/** A domain in memory. */
export interface Neighbour {
  readonly domain: Domain;
  /** The state of its store. */
  readonly objects: Map<string, MemoryObject>;
}

export async function neighbour(place: DomainPlace, chance: Chance = steadyChance(place.region)): Promise<Neighbour> {
  const objects = new Map<string, MemoryObject>();
  const store = memoryStore(chance.now, objects);
  const parts = { store, keeper: ownKeeper(store), chance };
  return { domain: await establishDomain(parts, { ...place, bucket: domainBucket(place) }), objects };
}

/** The way to other domains, on which everything that is asked is noted, and may be refused. */
export class Roads implements Homes {
  /** Method and key, or prefix. */
  readonly asked: string[] = [];
  /** Throws what is said to whoever asks. */
  refuse: (method: StoreMethod, key: string, place: DomainPlace) => void = () => undefined;
  readonly #stores: ReadonlyMap<string, ObjectStore>;

  constructor(...domains: readonly Domain[]) {
    this.#stores = new Map(domains.map((domain) => [nameOf(domain), domain.store]));
  }

  async domain(place: DomainPlace): ReturnType<Homes['domain']> {
    const store = this.#stores.get(nameOf(place));
    const bucket = domainBucket(place);
    if (store === undefined) throw new ArtifactError('BUCKET_NOT_FOUND', `there is no bucket '${bucket}'`);
    const before = (method: StoreMethod, key: string): void => {
      this.asked.push(`${method} ${key}`);
      this.refuse(method, key, place);
    };
    return { bucket, store: askedBefore(store, before) };
  }

  async content(): Promise<ObjectStore> {
    throw new TypeError('none of these domains has buckets of its own');
  }

  /** Nobody gets through. */
  close(code: ArtifactError['code'] = 'STORE_UNAVAILABLE', message = 'connection refused'): void {
    this.refuse = () => {
      throw new ArtifactError(code, message);
    };
  }

  open(): void {
    this.refuse = () => undefined;
  }
}

/** The domain, with the way to others that its keeper has. */
export function onRoads(domain: Domain, roads: Homes): Domain {
  return { ...domain, away: ownAway(domain, roads) };
}

function nameOf({ account, region }: Pick<DomainPlace, 'account' | 'region'>): string {
  return `${account}/${region}`;
}

/** @param before is told of each request before it is made */
export function askedBefore(
  store: ObjectStore,
  before: (method: StoreMethod, key: string) => Promise<void> | void,
): ObjectStore {
  const after = async <T>(method: StoreMethod, key: ObjectKey, ask: () => Promise<T>): Promise<T> => {
    await before(method, key);
    return ask();
  };
  return {
    read: (key, ...more) => after('read', key, () => store.read(key, ...more)),
    head: (key) => after('head', key, () => store.head(key)),
    incarnations: (key) => after('incarnations', key, () => store.incarnations(key)),
    create: (key, ...more) => after('create', key, () => store.create(key, ...more)),
    replace: (key, ...more) => after('replace', key, () => store.replace(key, ...more)),
    overwrite: (key, ...more) => after('overwrite', key, () => store.overwrite(key, ...more)),
    removeIncarnation: (key, ...more) => after('removeIncarnation', key, () => store.removeIncarnation(key, ...more)),
    removeRevision: (key, ...more) => after('removeRevision', key, () => store.removeRevision(key, ...more)),
    copy: (from, to, ...more) => after('copy', to, () => store.copy(from, to, ...more)),
    async *list(prefix, options) {
      await before('list', prefix);
      yield* store.list(prefix, options);
    },
  };
}
