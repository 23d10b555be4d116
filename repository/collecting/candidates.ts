import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { parseVersionKey, statusesPrefix, versionKey, versionsPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { isId, isVersionNumber } from '../name.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';
import type { LifecycleRule } from '../settings.ts';
import { exists, readStatus } from '../status.ts';
import type { Status } from '../status.ts';
import type { Manifest } from '../version.ts';
import { initialStatus, readManifest, readVersion } from '../version.ts';
import { Artifact } from './artifact.ts';
import type { Numbers } from './numbers.ts';
import { ANY, NumberSet } from './numbers.ts';
import { matchesId } from './pattern.ts';

export interface VersionPlace extends ArtifactName {
  readonly number: number;
}

/** How far a walk has come. */
export interface WalkPlace extends VersionPlace {
  /** Of how many versions of the artifact, this one included, it has seen that they exist; no more than its rules keep as the newest. */
  readonly passed: number;
}

/** A version that rules may concern. */
export interface Candidate extends WalkPlace {
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
 * @param after the version behind which to begin: what is before it is not listed again, and of its artifact it is not listed which versions have a status
 */
export async function* listCandidates(
  domain: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  rules: readonly LifecycleRule[],
  after?: WalkPlace,
): AsyncGenerator<Candidate> {
  const { store } = domain;
  const statuses = new Statuses(store, repository, after?.id);
  let walk: NewestFirst | undefined;
  try {
    for await (const { id, number } of listNumbers(store, repository, after)) {
      if (walk?.artifact.name.id !== id) {
        if (walk !== undefined) yield* walk.end();
        const name = { repository, id };
        const concerning = rules.filter(({ match }) => matchesId(match, id));
        const isBegun = id === after?.id;
        const changed = isBegun ? ANY : await statuses.of(id);
        walk = new NewestFirst(domain, new Artifact(domain, name, concerning, changed), isBegun ? after.passed : 0);
      }
      yield* walk.add(number);
    }
    if (walk !== undefined) yield* walk.end();
  } finally {
    await statuses.end();
  }
}

/** What stands there and is no version is passed over. */
async function* listNumbers(
  store: ObjectStore,
  repository: string,
  after: VersionPlace | undefined,
): AsyncGenerator<Pick<VersionPlace, 'id' | 'number'>> {
  const options = after === undefined ? {} : { after: versionKey(after, after.number) };
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
  /** How many of those that exist have come, as far as they were counted. */
  #counted: number;
  /** That there is one more than a rule keeps: from there on they are counted, until there are enough. */
  #isCounting = false;

  /** @param passed how many there are that exist before the first that comes */
  constructor(domain: Pick<Domain, 'store'>, artifact: Artifact, passed: number) {
    this.artifact = artifact;
    this.#domain = domain;
    this.#counted = passed;
    this.#most = Math.max(0, ...artifact.rules.map(({ keepNewest = 0 }) => keepNewest));
  }

  async *add(number: number): AsyncGenerator<Candidate> {
    if (!this.#isCounting && this.#counted + this.#held.length < this.#most) {
      this.#held.push(number);
      return;
    }
    this.#isCounting = true;
    const waiting = [...this.#held, number];
    this.#held = [];
    if (this.#counted >= this.#most) {
      for (const one of waiting) yield this.#candidate(one);
      return;
    }
    const looked = expandAhead(numbersOf(waiting), LOOKED_AHEAD, (one) => this.#look(one));
    for await (const { number: one, is } of looked) {
      if (is === 'gone') yield { ...this.#candidate(one), isGone: true };
      else if (is === 'unranked' || this.#counted >= this.#most) yield this.#candidate(one);
      else {
        const rank = this.#counted++;
        yield { ...this.#candidate(one), rank };
      }
    }
  }

  /** There are no more than all rules keep. */
  async *end(): AsyncGenerator<Candidate> {
    for (const number of this.#held) {
      const rank = this.#counted++;
      yield { ...this.#candidate(number), rank };
    }
  }

  #candidate(number: number): Candidate {
    return { ...this.artifact.name, number, artifact: this.artifact, passed: this.#counted };
  }

  async *#look(
    number: number,
  ): AsyncGenerator<{ readonly number: number; readonly is: 'there' | 'gone' | 'unranked' }> {
    const { name, changed } = this.artifact;
    try {
      const status = changed.has(number) ? await readStatus(this.#domain, name, number) : undefined;
      const manifest =
        status === undefined || exists(status) ? await readManifest(this.#domain, name, number) : undefined;
      // A candidate, however new, takes no version's place.
      const isCandidate = manifest !== undefined && (await this.#isUnfinished(manifest, status));
      yield { number, is: manifest === undefined ? 'gone' : isCandidate ? 'unranked' : 'there' };
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
      // One that can't be read takes nobody's place among the newest, and is told of when its own turn comes.
      yield { number, is: 'unranked' };
    }
  }

  async #isUnfinished(manifest: Manifest, status: Status = initialStatus(manifest)): Promise<boolean> {
    if (status !== 'Unfinished' || manifest.promotion === undefined) return status === 'Unfinished';
    // The record of its promotion decides.
    return (await readVersion(this.#domain, manifest, manifest.number))?.status === 'Unfinished';
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

  /** @param behind the artifact behind which to begin */
  constructor(store: ObjectStore, repository: string, behind: string | undefined) {
    this.#prefix = statusesPrefix(repository);
    // Behind every number of it.
    const options = behind === undefined ? {} : { after: `${this.#prefix}${behind}/!/~` };
    this.#objects = store.list(this.#prefix, options)[Symbol.asyncIterator]();
  }

  /** @param id of artifacts in the order of keys */
  async of(id: string): Promise<Numbers> {
    if (!this.#isBegun) await this.#advance();
    const start = `${id}/!/`;
    const numbers = new NumberSet();
    // IDs are ASCII, so that texts and keys have one order.
    while (this.#next !== undefined && (this.#next < start || this.#next.startsWith(start))) {
      const number = this.#next.slice(start.length);
      if (this.#next.startsWith(start) && isVersionNumber(number)) numbers.add(Number(number));
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
