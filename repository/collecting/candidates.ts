import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { parseVersionKey, statusesPrefix, versionKey, versionsPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { isId, isVersionNumber } from '../name.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';
import type { LifecycleRule } from '../settings.ts';
import { exists, readStatus } from '../status.ts';
import { readManifest } from '../version.ts';
import { Artifact } from './artifact.ts';
import { matchesId } from './pattern.ts';

export interface VersionPlace extends ArtifactName {
  readonly number: number;
}

/** A version that rules may concern. */
export interface Candidate extends VersionPlace {
  readonly artifact: Artifact;
  /** How many newer ones there are that exist, if it may be among the newest that a rule keeps. */
  readonly rank?: number;
  /** It was looked at, and is not there any more. */
  readonly isGone?: true;
}

/** So many versions are looked at at once. */
const LOOKED_AHEAD = 16;

/**
 * The versions of a repository: by ID, newest first, from two listings. Only where an artifact has more versions than its rules keep as the newest, its newest
 * are looked at, because numbers that were given up don't count.
 * @param after the version behind which to begin
 */
export async function* listCandidates(
  domain: Pick<Domain, 'store'>,
  repository: string,
  rules: readonly LifecycleRule[],
  after?: VersionPlace,
): AsyncGenerator<Candidate> {
  const { store } = domain;
  const statuses = new Statuses(store, repository, after?.id);
  let walk: NewestFirst | undefined;
  try {
    for await (const { id, number } of listNumbers(store, repository, after?.id)) {
      if (walk?.artifact.name.id !== id) {
        if (walk !== undefined) yield* behind(walk.end(), after);
        const name = { repository, id };
        const concerning = rules.filter(({ match }) => matchesId(match, id));
        const changed = await statuses.of(id);
        walk = new NewestFirst(domain, new Artifact(store, name, concerning, changed));
      }
      yield* behind(walk.add(number), after);
    }
    if (walk !== undefined) yield* behind(walk.end(), after);
  } finally {
    await statuses.end();
  }
}

async function* behind(candidates: AsyncIterable<Candidate>, after?: VersionPlace): AsyncGenerator<Candidate> {
  for await (const one of candidates) if (one.id !== after?.id || one.number < after.number) yield one;
}

/** What stands there and is no version is passed over. */
async function* listNumbers(
  store: ObjectStore,
  repository: string,
  from: string | undefined,
): AsyncGenerator<Pick<VersionPlace, 'id' | 'number'>> {
  const options = from === undefined ? {} : { after: `${versionsPrefix(repository, from)}/!` };
  for await (const { key } of store.list(versionsPrefix(repository), options)) {
    const { id, number } = parseVersionKey(key);
    if (!isId(id) || !isVersionNumber(String(number))) continue;
    if (versionKey({ repository, id }, number) === key) yield { id, number };
  }
}

/** The versions of one artifact as they come, with their ranks. */
class NewestFirst {
  readonly artifact: Artifact;
  readonly #domain: Pick<Domain, 'store'>;
  /** The newest that a rule keeps. */
  readonly #most: number;
  /** Held back until there is one more than that. */
  #held: number[] = [];
  /** How many of those that exist have come; counted only where there is one more. */
  #counted: number | undefined;

  constructor(domain: Pick<Domain, 'store'>, artifact: Artifact) {
    this.artifact = artifact;
    this.#domain = domain;
    this.#most = Math.max(0, ...artifact.rules.map(({ keepNewest = 0 }) => keepNewest));
  }

  async *add(number: number): AsyncGenerator<Candidate> {
    if (this.#counted === undefined && this.#held.length < this.#most) {
      this.#held.push(number);
      return;
    }
    const waiting = [...this.#held, number];
    this.#held = [];
    this.#counted ??= 0;
    if (this.#counted >= this.#most) {
      for (const one of waiting) yield this.#candidate(one);
      return;
    }
    const looked = expandAhead(numbersOf(waiting), LOOKED_AHEAD, (one) => this.#look(one));
    for await (const { number: one, is } of looked) {
      if (is === 'gone') yield { ...this.#candidate(one), isGone: true };
      else if (is === 'unknown' || this.#counted >= this.#most) yield this.#candidate(one);
      else yield { ...this.#candidate(one), rank: this.#counted++ };
    }
  }

  /** There are no more than all rules keep. */
  async *end(): AsyncGenerator<Candidate> {
    for (const [rank, number] of this.#held.entries()) yield { ...this.#candidate(number), rank };
  }

  #candidate(number: number): Candidate {
    return { ...this.artifact.name, number, artifact: this.artifact };
  }

  async *#look(number: number): AsyncGenerator<{ readonly number: number; readonly is: 'there' | 'gone' | 'unknown' }> {
    const { name, changed } = this.artifact;
    try {
      const status = changed.has(number) ? await readStatus(this.#domain, name, number) : 'Published';
      const isThere = exists(status) && (await readManifest(this.#domain, name, number)) !== undefined;
      yield { number, is: isThere ? 'there' : 'gone' };
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
      // One that can't be read takes nobody's place among the newest, and is told of when its own turn comes.
      yield { number, is: 'unknown' };
    }
  }
}

async function* numbersOf(numbers: readonly number[]): AsyncGenerator<number> {
  yield* numbers;
}

/** Which versions have a status record: most never get one. Read beside the versions, artifact by artifact. */
class Statuses {
  readonly #prefix: string;
  readonly #objects: AsyncIterator<ListedObject>;
  #next: string | undefined;
  #isBegun = false;

  constructor(store: ObjectStore, repository: string, from: string | undefined) {
    this.#prefix = statusesPrefix(repository);
    const options = from === undefined ? {} : { after: `${this.#prefix}${from}/!` };
    this.#objects = store.list(this.#prefix, options)[Symbol.asyncIterator]();
  }

  /** @param id of artifacts in the order of keys */
  async of(id: string): Promise<ReadonlySet<number>> {
    if (!this.#isBegun) await this.#advance();
    const start = `${id}/!/`;
    const numbers = new Set<number>();
    // IDs are ASCII, so that texts and keys have one order.
    while (this.#next !== undefined && (this.#next < start || this.#next.startsWith(start))) {
      if (this.#next.startsWith(start)) numbers.add(Number(this.#next.slice(start.length)));
      await this.#advance();
    }
    return numbers;
  }

  async #advance(): Promise<void> {
    this.#isBegun = true;
    const next = await this.#objects.next();
    this.#next = next.done === true ? undefined : next.value.key.slice(this.#prefix.length);
  }

  async end(): Promise<void> {
    await this.#objects.return?.();
  }
}
