import { listBookmarks } from '../../../repository/bookmark.ts';
import { bytesOf, formatArn, listArtifacts, readStatus } from '../../../repository/index.ts';
import type { ArtifactName, Digest, ObjectKey, ObjectStore, Publication } from '../../../repository/index.ts';
import { blobKey, parseBlobKey, parseConsumerKey, parseReferenceKey } from '../../../repository/keys.ts';
import { findLabel, listLabels } from '../../../repository/label.ts';
import { contentId } from '../../../repository/manifest.ts';
import { isGone } from '../../../repository/status.ts';
import { readVersion } from '../../../repository/version.ts';
import type { StackEngine } from '../stack-engine/engine.ts';
import type { Coverage } from './coverage.ts';
import { failedStacks, Leaks, neededBy, recordedIn } from './expectation.ts';
import { FAILURES } from './faulty-store.ts';
import type { StoreFaults } from './faulty-store.ts';
import { Promises, publishedVersion } from './keeper.ts';
import { REPOSITORIES } from './keeping-plan.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Lambda gives an event up after it. */
const LAST_ATTEMPT = 2;

/** An event of CloudFormation's. */
interface Request {
  readonly type: string;
  readonly isPinned: boolean;
  /** The last try died on the way, or the store failed it, maybe after its Delete had come: nobody but an audit knows what it left. */
  readonly isCrashed: boolean;
}

/** What a witness sees. */
interface Seen {
  readonly engine: StackEngine;
  readonly store: ObjectStore;
  readonly faults: StoreFaults;
  readonly coverage: Coverage;
  readonly quarantineDays: number;
}

/** Knows what was deployed, published and promised, looks at every removal and into the store, and says what is wrong. */
export class Witness {
  readonly violations: Set<string> = new Set<string>();
  readonly leaks: Leaks = new Leaks();
  readonly promises: Promises = new Promises();
  readonly published: Map<string, Publication> = new Map<string, Publication>();
  /** Before the operation that is under way: a rollback goes back to it. Root stack → digests. */
  readonly before: Map<string, ReadonlySet<Digest>> = new Map<string, ReadonlySet<Digest>>();
  /** What each label was found to stand for, as the ID of that content. */
  readonly #labels = new Map<string, Digest>();
  isOperating = false;
  /** Whether somebody has been asked for what does not wait. */
  isWaived = false;
  readonly #engine: StackEngine;
  readonly #store: ObjectStore;
  readonly #faults: StoreFaults;
  readonly #coverage: Coverage;
  readonly #quarantineDays: number;

  constructor({ engine, store, faults, coverage, quarantineDays }: Seen) {
    this.#engine = engine;
    this.#store = store;
    this.#faults = faults;
    this.#coverage = coverage;
    this.#quarantineDays = quarantineDays;
  }

  /** As a consumer reads: what it is pointed to is there, and protected. */
  async read(key: ObjectKey, version?: string): Promise<Uint8Array | undefined> {
    const store = this.#store;
    const object = await store.read(key);
    const there = object !== undefined && (version === undefined || object.version === version) ? object : undefined;
    const bytes = there && (await bytesOf(there.body));
    if (bytes === undefined) this.violations.add(`'${key}' is read and not there`);
    const { references, retained } = await recordedIn(store);
    const { digest } = parseBlobKey(key);
    if (!references.some((one) => one.includes(`/${digest}/`)) && retained.length === 0)
      this.violations.add(`'${key}' is read and not recorded`);
    return bytes;
  }

  /**
   * Content has gone: nothing that is deployed, or was before an operation that is under way, may have used it.
   * @param since when it was condemned, by the clock of whoever did
   */
  removed(key: ObjectKey, since: Date | undefined): void {
    const { digest } = parseBlobKey(key);
    if (!this.isWaived && since !== undefined) {
      const days = (this.#engine.now().getTime() - since.getTime()) / DAY_MS;
      if (days < this.#quarantineDays)
        this.violations.add(`'${key}' was removed ${days.toFixed(2)} days after it was condemned`);
      this.#coverage.count('quarantine waited for');
    }
    const stacks = this.#engine.stacks();
    if (neededBy(stacks).some((one) => one.digest === digest)) this.violations.add(`'${key}' is used, and was removed`);
    for (const { id, status } of stacks) {
      if (/^UPDATE_(?:ROLLBACK_)?IN_PROGRESS$/.test(status) && this.before.get(id)?.has(digest) === true)
        this.violations.add(`'${key}' is what an update may go back to, and was removed`);
    }
    if (this.#promised().some(({ arn }) => arn.digest === digest))
      this.violations.add(`'${key}' is needed by a consumer who was promised it, and was removed`);
    if (this.isOperating) this.#coverage.count('content deleted during an operation');
  }

  /** What consumers that are no stacks were told stays. */
  #promised(): readonly Publication[] {
    return [...this.published.values()].filter(({ arn }) => this.promises.has(publishedVersion(arn).arn));
  }

  /** @param settled nothing is under way: then the records are exactly those of what is deployed, save what CloudFormation lost sight of */
  async compare(settled: boolean): Promise<void> {
    const store = this.#store;
    const needed = neededBy(this.#engine.stacks());
    const { references, consumers, retained } = await recordedIn(store);
    for (const { reference, consumer, blob, arn } of needed) {
      if (!references.includes(reference)) this.violations.add(`not recorded: ${reference}`);
      if (!consumers.includes(consumer)) this.violations.add(`not recorded: ${consumer}`);
      if ((await store.head(blob)) === undefined) this.violations.add(`used and gone: ${blob}`);
      const status = arn.version === undefined ? 'Published' : await readStatus({ store }, arn, arn.version);
      if (isGone(status)) this.violations.add(`used and ${status.toLowerCase()}: ${formatArn(arn)}`);
    }
    await this.#requireRunning();
    await this.#requirePublished();
    await this.#requireNamed();
    const usersOf = new Map<Digest, Set<string>>();
    for (const { digest, reference } of needed)
      usersOf.set(digest, (usersOf.get(digest) ?? new Set()).add(reference.split('/')[5] ?? ''));
    if ([...usersOf.values()].some(({ size }) => size > 1)) this.#coverage.count('artifact in several stacks');
    if (!settled) {
      this.#coverage.count('compared after a crash');
      return;
    }
    this.#coverage.count('compared exactly');
    this.#requireNoMore([...references, ...consumers], new Set(needed.flatMap((one) => [one.reference, one.consumer])));
    const requests = this.#requests();
    for (const generation of retained) {
      if (requests.get(generation)?.isPinned !== true) this.violations.add(`retained, and never pinned: ${generation}`);
    }
  }

  /** Functions that run from the bucket, and the versions they published, still have their code. */
  async #requireRunning(): Promise<void> {
    for (const [name, versions] of Object.entries(this.#engine.functions())) {
      for (const qualified of [name, ...versions.map((version) => `${name}:${version}`)]) {
        try {
          await this.#engine.code(qualified);
        } catch (error) {
          this.violations.add(`function ${qualified} has lost its code: ${(error as Error).message}`);
        }
      }
      if (versions.length > 1) this.#coverage.count('published version outlives its update');
    }
  }

  /** What was published and not deleted is there; what somebody was promised is not deleted. */
  async #requirePublished(): Promise<void> {
    const store = this.#store;
    const promised = new Set(this.#promised());
    for (const one of this.published.values()) {
      const { arn, key } = one;
      const status = await readStatus({ store }, arn, arn.version);
      if (promised.has(one)) this.#coverage.count('promise kept');
      if (isGone(status) && promised.has(one)) this.violations.add(`promised and deleted: ${formatArn(arn)}`);
      if (!isGone(status) && (await store.head(key)) === undefined)
        this.violations.add(`${status.toLowerCase()} and gone: ${formatArn(arn)}`);
    }
  }

  /** What bookmarks name is there, with all of its content; and a label stands for what it stood for. */
  async #requireNamed(): Promise<void> {
    const store = this.#store;
    for (const one of REPOSITORIES)
      for await (const { repository, id } of listArtifacts({ store }, one))
        await this.#requireNamesOf({ repository, id });
  }

  async #requireNamesOf(name: ArtifactName): Promise<void> {
    const store = this.#store;
    const { id } = name;
    for await (const { bookmark, version: number } of listBookmarks(store, name)) {
      this.#coverage.count('bookmark looked at');
      const version = await readVersion({ store }, name, number);
      if (version === undefined || isGone(version.status))
        this.violations.add(`${id}^${bookmark} names version ${number}, which is given up`);
      for (const { digest, filename } of version?.manifest.assets ?? [])
        if ((await store.head(blobKey(digest, filename))) === undefined)
          this.violations.add(`${id}^${bookmark} names version ${number}, whose content is gone`);
    }
    await this.#requireLabels(name);
  }

  async #requireLabels(name: ArtifactName): Promise<void> {
    const store = this.#store;
    for await (const { label, record } of listLabels({ store }, name)) {
      this.#coverage.count('label looked at');
      const what = `${name.repository}/${name.id}:${label}`;
      const version = await findLabel({ store }, name, label);
      const found = version && contentId(version.manifest.assets, version.manifest.set);
      if (found !== undefined && found !== record.content) this.violations.add(`${what} leads to other content`);
      // A claim of which no version came may be freed after a day; what a version was found by stays.
      const stood = this.#labels.get(what);
      if (stood !== undefined && stood !== record.content) this.violations.add(`${what} stood for other content`);
      if (found !== undefined) this.#labels.set(what, found);
    }
  }

  #requireNoMore(keys: readonly string[], needed: ReadonlySet<string>): void {
    const requests = this.#requests();
    const failed = failedStacks(this.#engine.stacks());
    for (const key of keys) {
      if (needed.has(key)) continue;
      const parsed = key.startsWith('consumers/') ? parseConsumerKey(key) : undefined;
      const reference = parseReferenceKey(key);
      const resource = parsed?.resource ?? (reference?.kind === 'stack' ? reference.resource : undefined);
      const generation = parsed?.generation ?? key.slice(key.lastIndexOf('/') + 1);
      const isAllowed =
        resource !== undefined &&
        (this.#faults.revived(key) ||
          failed.has(resource.uuid) ||
          requests.get(generation)?.isCrashed === true ||
          this.leaks.allows({ ...resource, generation }, (one) => requests.get(one)?.type === 'Update'));
      if (!isAllowed) this.violations.add(`recorded, and nobody's: ${key}`);
    }
  }

  #requests(): ReadonlyMap<string, Request> {
    const requests = new Map<string, Request>();
    const givenUp = new Set<string>();
    for (const { requestId, body } of this.#engine.answers)
      if (FAILURES.some((failure) => Buffer.from(body).includes(failure))) givenUp.add(requestId);
    for (const { event, requestId, attempt, error = '' } of this.#engine.invocations) {
      if (!event.includes('"RequestType"')) continue;
      const isCrashed = (attempt === LAST_ATTEMPT && error.includes('killed')) || givenUp.has(requestId);
      const known = requests.get(requestId);
      if (known !== undefined) {
        requests.set(requestId, { ...known, isCrashed: known.isCrashed || isCrashed });
        continue;
      }
      const { RequestType: type, ResourceProperties: properties } = JSON.parse(event) as {
        readonly RequestType: string;
        readonly ResourceProperties: { readonly Pinned?: string };
      };
      requests.set(requestId, { type, isPinned: properties.Pinned === 'true', isCrashed });
    }
    return requests;
  }

  /**
   * What functions may go on running from whose deletion has failed: they are none of any stack's any more, and are there.
   * @returns digests
   */
  async leftToFunctions(): Promise<readonly string[]> {
    if (Object.keys(this.#engine.functions()).length === 0) return [];
    this.#coverage.count('function left behind');
    await this.#requireRunning();
    const digests: string[] = [];
    for await (const { key } of this.#store.list('references/')) {
      const [, digest = '', kind, consumer] = key.split('/');
      if (kind === 'named' && consumer === 'retained') digests.push(digest);
    }
    return digests;
  }

  /** Content that nothing protects. The other way round is a leak: of an operation that failed because the content had gone. */
  async collectable(): Promise<readonly string[]> {
    const store = this.#store;
    const found: string[] = [];
    for (const { key, arn } of this.published.values()) {
      const isThere = (await store.head(key)) !== undefined;
      const { done: isUnprotected } = await store.list(`references/${arn.digest}/`)[Symbol.asyncIterator]().next();
      if (isThere && isUnprotected === true) found.push(key);
    }
    return found;
  }
}
