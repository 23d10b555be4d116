import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import type { ArtifactErrorCode } from '../error.ts';
import { ArtifactError } from '../error.ts';
import { EVERY_FETCH, FORMAT_VERSION, fetchKey } from '../keys.ts';
import type { ObjectStore, Revision } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { readRecord, recordContent } from '../record.ts';

/**
 * Who brings some content here. No clock decides anything: whoever is at it counts `turn` up, and who sees the same writing for long enough knows that
 * its author has stopped.
 */
interface Claim {
  readonly format: number;
  readonly nonce: string;
  readonly turn: number;
  /** What it came to, for those who waited for it. */
  readonly failure?: { readonly code: string; readonly message: string; readonly remedy?: string };
}

type Parts = Pick<Domain, 'store' | 'chance'>;

const LOOK_MS = 1000;
/** Between two counts, much shorter than others wait for one. */
const COUNT_MS = 4000;
/** So many looks at one writing: then its author is taken for dead. If he is not, two do the same, which does no harm. */
const LOOKS = 20;

/**
 * Has one of all who want it at the same time do it; the others wait for what comes of it.
 * @param look what it is done for: not `undefined` once it is done, by whomever
 * @throws what `act` threw, of those who waited too: an ArtifactError with its code, message and remedy
 */
export async function byOne<T>(
  domain: Parts,
  digest: Digest,
  look: () => Promise<T | undefined>,
  act: () => Promise<T>,
): Promise<T> {
  let seen: Stored<Claim> | undefined;
  let looks = 0;
  for (;;) {
    const done = await look();
    if (done !== undefined) return done;
    const claim = await readClaim(domain, digest);
    // It failed while it was waited for; a failure from before is nobody's business.
    if (seen !== undefined && claim?.value.failure !== undefined && claim.value.nonce === seen.value.nonce) {
      if (seen.value.failure === undefined) throw failureOf(claim.value.failure);
    }
    looks = claim !== undefined && claim.revision === seen?.revision ? looks + 1 : 0;
    const isFree = claim === undefined || claim.value.failure !== undefined || looks >= LOOKS;
    const held = isFree ? await take(domain, digest, claim?.revision) : undefined;
    // Looked at once more: whoever had it before may have come to his end since the first look.
    if (held !== undefined) return hold(domain, digest, held, async () => (await look()) ?? act());
    seen = claim;
    await domain.chance.pause(LOOK_MS);
  }
}

/** Whoever is at it counts every few seconds, and no invocation lives for a quarter of this. */
const LEFT_MS = 60 * 60 * 1000;

/**
 * Takes away what dead and failed fetches have left.
 * @param now by the store's clock, or earlier
 * @param after a key: it and those before it are left out
 */
export async function* forgetClaims(
  store: ObjectStore,
  now: Date,
  after?: string,
): AsyncGenerator<{ readonly after: string }> {
  for await (const { key, modified } of store.list(EVERY_FETCH, after === undefined ? {} : { after })) {
    if (+now - +modified < LEFT_MS) continue;
    const head = await store.head(key);
    if (head !== undefined && +now - +head.modified >= LEFT_MS)
      await store.removeRevision(key, head.revision).catch(() => undefined);
    yield { after: key };
  }
}

/** `undefined`: somebody else was faster. */
async function take(
  { store, chance }: Parts,
  digest: Digest,
  over: Revision | undefined,
): Promise<Stored<Claim> | undefined> {
  const nonce = chance.nonce();
  const content = recordContent({ format: FORMAT_VERSION, nonce, turn: 0 } satisfies Claim);
  if (over === undefined) await store.create(fetchKey(digest), content);
  else await store.replace(fetchKey(digest), content, over);
  // Read back: what was refused may have been refused to the repetition of a request that was carried out.
  const claim = await readClaim({ store, chance }, digest);
  return claim?.value.nonce === nonce ? claim : undefined;
}

async function hold<T>(domain: Parts, digest: Digest, claim: Stored<Claim>, act: () => Promise<T>): Promise<T> {
  const counting = new Counting(domain, digest, claim);
  try {
    const done = await act();
    await counting.end();
    return done;
  } catch (error) {
    await counting.end(error);
    throw error;
  }
}

/** Shows others that somebody is at it, until that is over. */
class Counting {
  readonly #domain: Parts;
  readonly #digest: Digest;
  #claim: Stored<Claim> | undefined;
  #isOver = false;
  #counting: Promise<void> = Promise.resolve();

  constructor(domain: Parts, digest: Digest, claim: Stored<Claim>) {
    this.#domain = domain;
    this.#digest = digest;
    this.#claim = claim;
    void this.#count();
  }

  async #count(): Promise<void> {
    for (;;) {
      await this.#domain.chance.pause(COUNT_MS);
      if (this.#isOver || this.#claim === undefined) return;
      const { value } = this.#claim;
      this.#counting = this.#write({ ...value, turn: value.turn + 1 });
      await this.#counting;
    }
  }

  /** Whoever has lost it to others goes on, and counts no more. */
  async #write(claim: Claim): Promise<void> {
    if (this.#claim === undefined) return;
    try {
      await this.#domain.store.replace(fetchKey(this.#digest), recordContent(claim), this.#claim.revision);
      const now = await readClaim(this.#domain, this.#digest);
      this.#claim = now?.value.nonce === claim.nonce ? now : undefined;
    } catch {
      // The next count, or the others' patience, decides.
    }
  }

  /** What it came to is no longer in anybody's hands when the claim can't be given back: others wait a little longer then. */
  async end(failure?: unknown): Promise<void> {
    this.#isOver = true;
    await this.#counting;
    if (this.#claim === undefined) return;
    const { nonce } = this.#claim.value;
    // Once more where its own count may have been carried out without anybody knowing.
    for (let turn = 0; turn < 2; turn++) {
      if (await this.#giveBack(failure)) return;
      const claim = await readClaim(this.#domain, this.#digest).catch(() => undefined);
      if (claim?.value.nonce !== nonce || claim.value.failure !== undefined) return;
      this.#claim = claim;
    }
  }

  /** @returns whether it is known to be done */
  async #giveBack(failure: unknown): Promise<boolean> {
    const { store } = this.#domain;
    const claim = this.#claim as Stored<Claim>;
    const key = fetchKey(this.#digest);
    try {
      if (failure === undefined) return (await store.removeRevision(key, claim.revision)) !== 'conflict';
      const content = recordContent({ ...claim.value, failure: plain(failure) } satisfies Claim);
      return (await store.replace(key, content, claim.revision)) === 'replaced';
    } catch {
      return false;
    }
  }
}

function plain(failure: unknown): NonNullable<Claim['failure']> {
  const { code, message, remedy } =
    failure instanceof ArtifactError
      ? failure
      : {
          code: 'STORE_UNAVAILABLE',
          message: failure instanceof Error ? failure.message : String(failure),
          remedy: undefined,
        };
  return { code, message, ...(remedy !== undefined && { remedy }) };
}

function failureOf({ code, message, remedy }: NonNullable<Claim['failure']>): ArtifactError {
  return new ArtifactError(code as ArtifactErrorCode, message, remedy === undefined ? {} : { remedy });
}

function readClaim({ store }: Parts, digest: Digest): Promise<Stored<Claim> | undefined> {
  return readRecord(store, fetchKey(digest), ({ format, nonce, turn, failure }) => {
    if (typeof format !== 'number' || typeof nonce !== 'string' || typeof turn !== 'number') return undefined;
    return { format, nonce, turn, ...(isFailure(failure) && { failure }) };
  });
}

function isFailure(value: unknown): value is NonNullable<Claim['failure']> {
  const { code, message, remedy } = (value ?? {}) as Partial<Record<'code' | 'message' | 'remedy', unknown>>;
  const isTold = remedy === undefined || typeof remedy === 'string';
  return typeof code === 'string' && typeof message === 'string' && isTold;
}
