import { ArtifactError } from '../../../repository/error.ts';
import type { ListOptions, ListedObject, ObjectStore } from '../../../repository/object-store.ts';
import { randomFrom } from '../interleaving.ts';
import type { Coverage } from './coverage.ts';

/** Of a thousand requests, how many each befalls. */
export interface Rates {
  /** The store's client has lost the answer, and asks again on its own: what it is told may be the echo of its own writing. */
  readonly echo: number;
  /** Fails for good, before the effect or after it. */
  readonly failure: number;
  /** Comes a second time, some time after it was answered. */
  readonly duplicate: number;
  /** Listings: are fetched page by page, while others write. */
  readonly slow: number;
}

export const SOUND: Rates = { echo: 0, failure: 0, duplicate: 0, slow: 0 };

/** S3 takes no request that was signed longer ago: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html */
const LATEST_MS = 15 * 60 * 1000;
/** Within so many requests of anybody a second copy arrives. */
const LATE_REQUESTS = 60;
const PAGE = 2;

const UNAVAILABLE = 'the store can not be reached';
const CONTENDED = 'the store is changed by others all the time';
/** What is said where the store has failed for good. */
export const FAILURES: readonly string[] = [UNAVAILABLE, CONTENDED];

interface Late {
  readonly due: number;
  readonly expires: number;
  readonly arrive: () => Promise<unknown>;
}

/** What goes wrong between the store and those who ask it: all of it follows from one seed, and from the order of the requests. */
export class StoreFaults {
  readonly #random: () => number;
  readonly #now: () => Date;
  readonly #coverage: Coverage;
  #rates: Rates;
  #requests = 0;
  #late: Late[] = [];
  /** Created by a second copy, after what the first created had been removed. */
  readonly #revived = new Set<string>();

  constructor(seed: number, rates: Rates, now: () => Date, coverage: Coverage) {
    this.#random = randomFrom(seed);
    this.#rates = rates;
    this.#now = now;
    this.#coverage = coverage;
  }

  /** From now on nothing goes wrong. What is still on its way arrives first. */
  async end(): Promise<void> {
    this.#rates = SOUND;
    await this.flush();
  }

  /** Whether a request that came twice has put it back, of which nobody but an audit can know. */
  revived(key: string): boolean {
    return this.#revived.has(key);
  }

  /** Nothing of what is on its way comes any later than now. */
  async flush(): Promise<void> {
    const late = this.#late;
    this.#late = [];
    for (const one of late) await this.#arrive(one);
  }

  /**
   * The store as somebody sees it.
   * @param turn lets others act
   * @param share of the failures that befall this one; whoever has them answered for by many retries has fewer
   */
  wrap(store: ObjectStore, turn: () => Promise<void>, share = 1): ObjectStore {
    const copyFrom = store.copyFrom?.bind(store);
    const setTag = store.setTag?.bind(store);
    const reading = async <T>(request: () => Promise<T>): Promise<T> => {
      await this.#begin();
      this.#fail(share);
      return request();
    };
    const writing = async <T>(request: () => Promise<T>, tell?: (second: T) => unknown): Promise<T> => {
      await this.#begin();
      this.#fail(share / 2);
      const answer = await request();
      this.#fail(share / 2);
      if (this.#chance(this.#rates.duplicate)) this.#repeatLater(async () => tell?.(await request()));
      if (!this.#chance(this.#rates.echo)) return answer;
      this.#coverage.count('echo of one’s own writing');
      await turn();
      return request();
    };
    return {
      read: (...given) => reading(() => store.read(...given)),
      head: (...given) => reading(() => store.head(...given)),
      incarnations: (...given) => reading(() => store.incarnations(...given)),
      create: (key, ...given) =>
        writing(
          () => store.create(key, ...given),
          (answer) => answer === 'created' && this.#revived.add(key),
        ),
      replace: (...given) => writing(() => store.replace(...given)),
      overwrite: (...given) => writing(() => store.overwrite(...given)),
      removeIncarnation: (...given) => writing(() => store.removeIncarnation(...given)),
      removeRevision: (...given) => writing(() => store.removeRevision(...given)),
      copy: (...given) => writing(() => store.copy(...given)),
      ...(store.address && { address: store.address }),
      ...(copyFrom && { copyFrom: (...given) => writing(() => copyFrom(...given)) }),
      ...(setTag && { setTag: (...given) => writing(() => setTag(...given)) }),
      list: (prefix, options = {}) => this.#list(store, prefix, options, turn, share),
    };
  }

  /** Complete for what was written before the first page was fetched, and for nothing that is written from then on. */
  async *#list(
    store: ObjectStore,
    prefix: string,
    { after = '', limit = Infinity }: ListOptions,
    turn: () => Promise<void>,
    share: number,
  ): AsyncGenerator<ListedObject> {
    await this.#begin();
    this.#fail(share);
    const isSlow = this.#chance(this.#rates.slow);
    if (isSlow) this.#coverage.count('slow listing');
    let begin = after;
    for (let listed = 0; listed < limit;) {
      const wanted = Math.min(limit - listed, isSlow ? PAGE : Infinity);
      // A page is what stood there at one moment, however slowly it is read.
      const page: ListedObject[] = [];
      for await (const one of store.list(prefix, { after: begin, limit: wanted })) page.push(one);
      yield* page;
      listed += page.length;
      const last = page.at(-1);
      if (last === undefined || page.length < wanted) return;
      begin = last.key;
      await turn();
      await this.#begin();
      this.#fail(share);
    }
  }

  async #begin(): Promise<void> {
    this.#requests += 1;
    this.#coverage.storeRequests += 1;
    const due = this.#late.filter((one) => one.due <= this.#requests);
    this.#late = this.#late.filter((one) => !due.includes(one));
    for (const one of due) await this.#arrive(one);
  }

  async #arrive({ expires, arrive }: Late): Promise<void> {
    if (this.#now().getTime() > expires) return;
    this.#coverage.count('late duplicate');
    await arrive();
  }

  #repeatLater(arrive: () => Promise<unknown>): void {
    const due = this.#requests + 1 + Math.floor(this.#random() * LATE_REQUESTS);
    this.#late.push({ due, expires: this.#now().getTime() + LATEST_MS, arrive });
  }

  #fail(share: number): void {
    if (!this.#chance(this.#rates.failure * share)) return;
    this.#coverage.count('failure of the store');
    throw this.#random() < 0.5
      ? new ArtifactError('STORE_UNAVAILABLE', UNAVAILABLE)
      : new ArtifactError('CONTENTION', CONTENDED);
  }

  /** Nothing is drawn where nothing can befall, so that a sound store leaves the seed's other choices as they are. */
  #chance(perThousand: number): boolean {
    return perThousand > 0 && this.#random() * 1000 < perThousand;
  }
}
