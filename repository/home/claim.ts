import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import type { ArtifactErrorCode } from '../error.ts';
import { ArtifactError } from '../error.ts';
import { FORMAT_VERSION, fetchKey } from '../keys.ts';
import type { Revision } from '../object-store.ts';
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
    if (held !== undefined) return hold(domain, digest, held, act);
    seen = claim;
    await domain.chance.pause(LOOK_MS);
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
    const { store } = this.#domain;
    const claim = this.#claim;
    if (claim === undefined) return;
    if (failure === undefined) {
      await store.removeRevision(fetchKey(this.#digest), claim.revision).catch(() => undefined);
      return;
    }
    await this.#write({ ...claim.value, failure: plain(failure) });
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
