import type { InProcessFunction, InvocationContext, LambdaFunction } from '../stack-engine/engine.ts';
import { generationOf } from '../../../repository/physical-id.ts';
import { bytesOf, formatArn, ownKeeper, readStatus } from '../../../repository/index.ts';
import type { Digest, Domain, ObjectKey, ObjectStore, Publication } from '../../../repository/index.ts';
import { QUARANTINE_DAYS } from '../../../repository/collecting/quarantine.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { describeDomain } from '../../../repository/domain.ts';
import { hasCode } from '../../../repository/error.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { writeSettings } from '../../../repository/settings.ts';
import { isLeftToSee } from '../../../repository/verifying/finding.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { parseBlobKey, parseConsumerKey, parseReferenceKey } from '../../../repository/keys.ts';
import { steadyChance } from '../chance.ts';
import type { DeployOptions, Outcome, StackEvent } from '../stack-engine/engine.ts';
import { StackEngine } from '../stack-engine/engine.ts';
import { gatedStore } from '../stack-engine/gated-store.ts';
import type { Coverage } from './coverage.ts';
import { EXPORT } from '../answered-evidence.ts';
import { engineEvidence } from './evidence.ts';
import { failedStacks, Leaks, neededBy, recordedIn } from './expectation.ts';
import { FAILURES, SOUND, StoreFaults } from './faulty-store.ts';
import type { PlannedDomain, PlannedKeeping, PlannedWork } from './keeping-plan.ts';
import { CONSUMERS } from './keeping-plan.ts';
import type { PublishedVersion, Worker } from './keeper.ts';
import { carryOutWork, Promises, publishedVersion } from './keeper.ts';
import type { PlannedOperation, PlannedSequence, PlannedStep, Shape } from './plan.ts';
import { besideOf } from './plan.ts';
import type { Packaged } from './template.ts';
import { FAILING, packaged, REFERENCE } from './template.ts';

export const PLACE = { partition: 'aws', region: 'eu-west-1', account: '111122223333', bucket: 'artifacts' } as const;
/** The stack that exports the function's address. */
const DOMAIN = 'domain';
const MINUTE_MS = 60 * 1000;
const DAY_S = 24 * 60 * 60;
/** So often somebody packages again whom the store has failed. */
const PACKAGINGS = 5;
/** So often the last collection is begun again. */
const COLLECTIONS = 5;
const IDLE = 'idle';

/** Real time passes in a function that waits for its turn, or for a store that is asked again because of a fault. */
const PATIENCE = 300;

/** Lambda gives an event up after it. */
const LAST_ATTEMPT = 2;

/** An event of CloudFormation's. */
interface Request {
  readonly type: string;
  readonly isPinned: boolean;
  /** The last try died on the way, or the store failed it, maybe after its Delete had come: nobody but an audit knows what it left. */
  readonly isCrashed: boolean;
}

/** What a sequence is played on. */
export interface Stage {
  readonly store: ObjectStore;
  /** The reference function, which serves that store. */
  readonly reference: LambdaFunction;
  /** Of a store in this process: told of its clock, and of what may go wrong. Absent: its clock is the real one, and its faults are its own. */
  readonly begin?: (around: Around) => void;
  readonly close?: () => Promise<void>;
}

/** What a store in this process lives in. */
export interface Around {
  readonly now: () => Date;
  readonly faults: StoreFaults;
}

/** Stacks, whoever deploys them and whoever keeps it, at one domain. What is wrong is collected, and found by `violations`. */
export class SequenceWorld {
  readonly violations: Set<string> = new Set<string>();
  readonly #engine: StackEngine;
  readonly #stage: Stage;
  readonly #domain: Domain;
  readonly #coverage: Coverage;
  readonly #leaks = new Leaks();
  readonly #published = new Map<string, Publication>();
  /** Before the operation that is under way: a rollback goes back to it. Root stack → digests. */
  readonly #before = new Map<string, ReadonlySet<Digest>>();
  /** By the stack's name: what was deployed, one after the other. */
  readonly #shapes = new Map<string, readonly Shape[]>();
  readonly #promises = new Promises();
  readonly #plan: PlannedDomain;
  readonly #faults: StoreFaults;
  #operating = false;
  /** Whether somebody has been asked for what does not wait. */
  #isWaived = false;
  #actors = 0;
  #nonces = 0;

  static async start(plan: PlannedSequence, stage: Stage, coverage: Coverage): Promise<SequenceWorld> {
    const made: { world?: SequenceWorld } = {};
    const engine = await StackEngine.start({
      ...{ seed: plan.seed, urlStyle: plan.urlStyle, replacedRollback: 'either', region: PLACE.region },
      now: new Date(Date.UTC(2026, 0, 1)),
      functions: {
        [REFERENCE]: stage.reference,
        [FAILING]: { ...failing, timeoutSeconds: PATIENCE },
        [IDLE]: { run: ({ turns }: { turns: number }, context) => idle(turns, context), timeoutSeconds: PATIENCE },
      },
      read: async ({ key, version }) => made.world?.read(key as ObjectKey, version),
    });
    const now = (): Date => engine.now();
    const isInProcess = stage.begin !== undefined;
    const faults = new StoreFaults(plan.seed, isInProcess ? plan.domain.rates : SOUND, now, coverage);
    stage.begin?.({ now, faults });
    const store = watched(stage.store, (key, since) => made.world?.removed(key, since));
    const parts = { store, keeper: ownKeeper(store), chance: steadyChance() };
    const domain = await describeDomain(parts, PLACE);
    const { rules: lifecycle, quarantineDays } = plan.domain;
    const settings = { lifecycle, ...(quarantineDays !== undefined && { quarantineDays }) };
    await writeSettings(domain, 'default', settings, undefined);
    made.world = new SequenceWorld(engine, { ...stage, store }, domain, coverage, plan.domain, faults);
    await engine.deploy(DOMAIN, DOMAIN_TEMPLATE);
    return made.world;
  }

  private constructor(
    engine: StackEngine,
    stage: Stage,
    domain: Domain,
    coverage: Coverage,
    plan: PlannedDomain,
    faults: StoreFaults,
  ) {
    this.#engine = engine;
    this.#stage = stage;
    this.#domain = domain;
    this.#coverage = coverage;
    this.#plan = plan;
    this.#faults = faults;
  }

  get #isInProcess(): boolean {
    return this.#stage.begin !== undefined;
  }

  async play(steps: readonly PlannedStep[]): Promise<void> {
    for (const step of steps) {
      await this.#step(step);
      if (this.violations.size > 0) return;
    }
    await this.#endAll();
  }

  async #step({ operation, beside, keeps, jumps, settles }: PlannedStep): Promise<void> {
    const operations = [operation, ...(beside === undefined ? [] : [{ ...beside, stack: besideOf(operation.stack) }])];
    if (beside !== undefined) this.#coverage.count('two operations at once');
    if (jumps !== undefined && this.#isInProcess) {
      await this.#pass(jumps * 60 * 60);
      this.#coverage.count('time jumped');
    }
    this.#operating = true;
    await Promise.all([
      ...operations.map((one) => this.#packageAndDeploy(one)),
      ...keeps.map((one) => this.#keep(one)),
    ]);
    this.#operating = false;
    if (settles) await this.#engine.settle();
    await this.#compare(settles);
  }

  /** What the store's network has still on its way comes before that, or never. */
  async #pass(seconds: number): Promise<void> {
    await this.#faults.flush();
    await this.#engine.wait(seconds);
  }

  /** Everybody packages first, and deploys some time later. */
  async #packageAndDeploy({ stack: name, what, forces, waits, faults, failsAfter }: PlannedOperation): Promise<void> {
    const engine = this.#engine;
    const status = engine.stack(name)?.status;
    // Those of nested stacks have names that nobody knows beforehand.
    const options: DeployOptions = { faults: faults.map((fault) => ({ ...fault })) };
    const wait = async (): Promise<void> => {
      if (waits > 0) await engine.invoke(IDLE, { turns: waits });
    };
    if (status === undefined) {
      if (what === 'delete') return;
    } else if (status === 'UPDATE_ROLLBACK_FAILED' && what !== 'delete') {
      await wait();
      return this.#operate(name, () => engine.continueUpdateRollback(name, options), { kind: 'rollback continued' });
    } else if (what === 'delete' || /^ROLLBACK_|FAILED$/.test(status)) {
      const isForced = forces && status === 'DELETE_FAILED';
      const root = engine.stack(name);
      if (root !== undefined && (isForced || status === 'UPDATE_ROLLBACK_FAILED'))
        this.#leaks.addStack(root, engine.stacks());
      if (isForced) this.#coverage.count('stack deleted by force');
      await wait();
      return this.#operate(name, () => engine.deleteStack(name, { ...options, ...(isForced && { mode: 'force' }) }));
    }
    const shape = what === 'back' ? this.#shapes.get(name)?.at(-2) : what;
    if (shape === undefined) return;
    if (what === 'back') this.#coverage.count('went back');
    const made = await this.#package(shape, failsAfter);
    if (made === undefined) return;
    if (shape.nested !== undefined) this.#coverage.count('nested stack');
    if (shape.many !== undefined) this.#coverage.count('grouped reference');
    if (shape.pinned !== undefined) this.#coverage.count('pinned reference');
    await wait();
    return this.#operate(name, () => engine.deploy(name, made.template, options), { shape });
  }

  /** `undefined`: the store has failed too often. */
  async #package(shape: Shape, failsAfter: number | undefined): Promise<Packaged | undefined> {
    for (let turn = 0; turn < PACKAGINGS; turn++) {
      const made = await this.#act(async (context) => {
        try {
          return await packaged(this.#domainOf(context, 0), shape, failsAfter);
        } catch (error) {
          if (hasCode(error, 'STORE_UNAVAILABLE', 'CONTENTION')) return undefined;
          throw error;
        }
      });
      if (made === undefined) continue;
      for (const one of made.publications) this.#told(one);
      return made;
    }
    return undefined;
  }

  #told(one: Publication): void {
    this.#published.set(`${one.arn.id}:${one.arn.version}`, one);
  }

  /** Somebody who acts at the same time as others, in turns. `undefined`: he was killed. */
  async #act<T>(
    run: (context: InvocationContext) => Promise<T>,
    dies?: PlannedKeeping['dies'],
  ): Promise<T | undefined> {
    const name = `actor-${++this.#actors}`;
    let result: T | undefined;
    const act = async (_: never, context: InvocationContext): Promise<void> => {
      result = await run(context);
    };
    this.#engine.bring(name, { run: act, timeoutSeconds: PATIENCE });
    if (dies !== undefined) this.#engine.killNext(name, dies);
    try {
      await this.#engine.invoke(name, {});
    } catch (error) {
      if (dies === undefined || !String(error).includes('killed')) throw error;
      this.#coverage.count('keeper killed');
    }
    return result;
  }

  async #keep({ idle: turns, work, hurry, dies }: PlannedKeeping): Promise<void> {
    const wanted = this.#isInProcess ? work : inRealTime(work);
    if (wanted === undefined) return;
    await this.#act(async (context) => {
      await idle(turns, context);
      await this.#carryOut(wanted, context, hurry);
    }, dies);
  }

  async #carryOut(work: PlannedWork, context: InvocationContext, hurry: number): Promise<void> {
    const asks = work.kind === 'audit' || work.kind === 'tend';
    if ('now' in work && work.now) this.#isWaived = true;
    const worker: Worker = {
      domain: this.#domainOf(context, this.#plan.skew),
      evidence: asks ? engineEvidence(this.#engine, PLACE, context.request) : noEvidence,
      turn: context.request,
      hurry,
      published: () => this.#versions(),
      coverage: this.#coverage,
      told: (publication) => {
        this.#told(publication);
      },
      promises: this.#promises,
    };
    try {
      await carryOutWork(work, worker);
    } catch (error) {
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.violations.add(`${work.kind} failed: ${told}`);
    }
  }

  #versions(): readonly PublishedVersion[] {
    return [...this.#published.values()].map(({ arn }) => publishedVersion(arn));
  }

  /** The domain as an actor sees it whose clock is so many minutes wrong. */
  #domainOf(context: InvocationContext, skew: number): Domain {
    const store = gatedStore(this.#faults.wrap(this.#stage.store, context.request), context);
    const now = (): Date =>
      this.#isInProcess ? new Date(this.#engine.now().getTime() + skew * MINUTE_MS) : new Date();
    const chance = { now, nonce: () => `n${String(++this.#nonces).padStart(7, '0')}`, pause: context.request };
    return { ...this.#domain, store, keeper: ownKeeper(store), chance };
  }

  async #operate(
    name: string,
    act: () => Promise<Outcome>,
    { kind, shape }: { readonly kind?: 'rollback continued'; readonly shape?: Shape } = {},
  ): Promise<void> {
    const before = this.#engine.stack(name);
    const uses = before === undefined ? [] : neededBy(this.#engine.stacks().filter(({ root }) => root === before));
    if (before !== undefined) this.#before.set(before.id, new Set(uses.map(({ digest }) => digest)));
    const templates = { before: JSON.stringify(before?.deployment.template.resources ?? {}) };
    const { status, events, stackId } = await act();
    this.#coverage.operations += 1;
    if (kind !== undefined) this.#coverage.count(kind);
    if (shape !== undefined && /^(?:CREATE|UPDATE)_COMPLETE$/.test(status) && events.length > 0)
      this.#shapes.set(name, [...(this.#shapes.get(name) ?? []), shape]);
    this.#leaks.addEvents(events, this.#engine.stacks());
    this.#countEvents(status, events);
    if (/^UPDATE_COMPLETE/.test(status)) this.#countChange(templates.before, stackId);
  }

  #countEvents(status: Outcome['status'], events: readonly StackEvent[]): void {
    const { count } = { count: this.#coverage.count.bind(this.#coverage) };
    if (status === 'CREATE_COMPLETE') count('stack created');
    if (/^ROLLBACK_/.test(status)) count('creation rolled back');
    if (status === 'UPDATE_COMPLETE') count('stack updated');
    if (/^UPDATE_ROLLBACK_/.test(status)) count('update rolled back');
    if (status === 'DELETE_COMPLETE') count('stack deleted');
    if (status === 'DELETE_FAILED') count('deletion failed');
    const goingBack = new Set<string>();
    const asked = new Set<string>();
    const replaced = new Set<string>();
    for (const { type, logicalId, stackId, status: now, reason = '' } of events) {
      if (type === 'AWS::CloudFormation::Stack' && now === 'UPDATE_ROLLBACK_IN_PROGRESS') goingBack.add(stackId);
      if (reason.includes('on purpose')) count('failed on purpose');
      if (type !== 'Custom::ArtifactRef') continue;
      const resource = `${stackId}/${logicalId}`;
      if (reason.includes('Resource creation cancelled')) count('Create cancelled');
      if (reason.includes('update cancelled')) count('Update cancelled');
      if (reason.includes('did not receive')) count('answer dropped');
      if (/takes no new references|is being deleted|is not in the domain/.test(reason))
        count('refused what was given up');
      if (now === 'DELETE_FAILED') count('Delete after a fault');
      if (reason.includes('required the provider to create a new')) replaced.add(resource);
      if (!goingBack.has(stackId) || !replaced.has(resource)) continue;
      if (now === 'UPDATE_IN_PROGRESS') asked.add(resource);
      if (now === 'UPDATE_COMPLETE')
        count(`replaced reference rolled back ${asked.has(resource) ? 'by' : 'without'} an Update`);
    }
  }

  #countChange(before: string, stackId: string): void {
    const stack = this.#engine.stack(stackId);
    type Resources = Readonly<Record<string, { readonly type: string; readonly properties: { ArtifactArn?: string } }>>;
    const [was, is] = [JSON.parse(before) as Resources, (stack?.deployment.template.resources ?? {}) as Resources];
    if ('Ref' in was && 'Renamed' in is) this.#coverage.count('logical ID renamed');
    if (Object.keys(was).some((id) => was[id]?.type === 'Custom::ArtifactRef' && !(id in is)))
      this.#coverage.count('reference removed');
    for (const [id, { properties }] of Object.entries(is)) {
      const [one = '', other = ''] = [was[id]?.properties.ArtifactArn, properties.ArtifactArn];
      if (one === '' || other === '' || one === other) continue;
      const name = /:[^:/]+\/([^:@]+)/;
      this.#coverage.count(name.exec(one)?.[1] === name.exec(other)?.[1] ? 'content changed' : 'artifact replaced');
    }
  }

  /** As a consumer reads: what it is pointed to is there, and protected. */
  async read(key: ObjectKey, version?: string): Promise<Uint8Array | undefined> {
    const { store } = this.#stage;
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
    if (!this.#isWaived && since !== undefined) {
      const days = (this.#engine.now().getTime() - since.getTime()) / (1000 * DAY_S);
      if (days < (this.#plan.quarantineDays ?? QUARANTINE_DAYS))
        this.violations.add(`'${key}' was removed ${days.toFixed(2)} days after it was condemned`);
      this.#coverage.count('quarantine waited for');
    }
    const stacks = this.#engine.stacks();
    if (neededBy(stacks).some((one) => one.digest === digest)) this.violations.add(`'${key}' is used, and was removed`);
    for (const { id, status } of stacks) {
      if (/^UPDATE_(?:ROLLBACK_)?IN_PROGRESS$/.test(status) && this.#before.get(id)?.has(digest) === true)
        this.violations.add(`'${key}' is what an update may go back to, and was removed`);
    }
    if (this.#promised().some(({ arn }) => arn.digest === digest))
      this.violations.add(`'${key}' is needed by a consumer who was promised it, and was removed`);
    if (this.#operating) this.#coverage.count('content deleted during an operation');
  }

  /** What consumers that are no stacks were told stays. */
  #promised(): readonly Publication[] {
    const { versions } = this.#promises;
    return [...this.#published.values()].filter(({ arn }) => versions.has(publishedVersion(arn).arn));
  }

  /** @param settled nothing is under way: then the records are exactly those of what is deployed, save what CloudFormation lost sight of */
  async #compare(settled: boolean): Promise<void> {
    const { store } = this.#stage;
    const needed = neededBy(this.#engine.stacks());
    const { references, consumers, retained } = await recordedIn(store);
    for (const { reference, consumer, blob, arn } of needed) {
      if (!references.includes(reference)) this.violations.add(`not recorded: ${reference}`);
      if (!consumers.includes(consumer)) this.violations.add(`not recorded: ${consumer}`);
      if ((await store.head(blob)) === undefined) this.violations.add(`used and gone: ${blob}`);
      const status = arn.version === undefined ? 'Published' : await readStatus({ store }, arn, arn.version);
      // Whoever was about to look who uses it may have died: the next one finds out.
      if (status !== 'Published' && status !== 'Deleting')
        this.violations.add(`used and ${status.toLowerCase()}: ${formatArn(arn)}`);
    }
    await this.#requireRunning();
    await this.#requirePublished();
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
    const { store } = this.#stage;
    const promised = new Set(this.#promised());
    for (const one of this.#published.values()) {
      const { arn, key } = one;
      const status = await readStatus({ store }, arn, arn.version);
      if (promised.has(one)) this.#coverage.count('promise kept');
      if (status === 'Deleted' && promised.has(one)) this.violations.add(`promised and deleted: ${formatArn(arn)}`);
      if (status !== 'Deleted' && (await store.head(key)) === undefined)
        this.violations.add(`${status.toLowerCase()} and gone: ${formatArn(arn)}`);
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
          this.#leaks.allows({ ...resource, generation }, (one) => requests.get(one)?.type === 'Update'));
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

  /** Every stack goes, everything that is still under way comes, and then the keeper takes all that nothing protects. */
  async #endAll(): Promise<void> {
    const engine = this.#engine;
    await this.#faults.end();
    const roots = engine.stacks().filter(({ parent, name }) => parent === undefined && name !== DOMAIN);
    for (const root of roots) {
      if (root.status === 'UPDATE_ROLLBACK_FAILED') this.#leaks.addStack(root, engine.stacks());
      const { status, events } = await engine.deleteStack(root.id);
      this.#leaks.addEvents(events, engine.stacks());
      if (status !== 'DELETE_COMPLETE') this.violations.add(`the stack ${root.id} can't be deleted: ${status}`);
    }
    // Nested ones of which an update has lost sight, because their deletions failed: people delete them by hand.
    for (const { id, status } of engine.stacks()) if (status === 'DELETE_FAILED') await engine.deleteStack(id);
    // Deliveries that wait for the ends of later operations.
    for (let turn = 0; turn < 3; turn++) for (const { id } of roots) await engine.deleteStack(id);
    await engine.settle();
    await this.#compare(true);
    for (const consumer of CONSUMERS) await this.#last({ kind: 'reference-remove all', consumer });
    await (this.#isInProcess ? this.#endInTime() : this.#endAtOnce());
    this.#countDeliveries();
  }

  async #last(work: PlannedWork): Promise<void> {
    await this.#act((context) => this.#carryOut(work, context, Infinity));
  }

  /** Nobody needs anything: so all of it goes, in the time that audits and collectors take. */
  async #endInTime(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) {
      await this.#pass(3 * DAY_S);
      await this.#last({ kind: 'audit' });
    }
    await this.#last({ kind: 'delete all', now: false });
    await this.#pass(10 * DAY_S);
    // Condemns what somebody put back while it was deleted, deletes that, and forgets what was cancelled.
    for (let turn = 0; turn < 3; turn++) {
      await this.#last({ kind: 'collect', now: false, waits: 0 });
      await this.#pass(10 * DAY_S);
    }
    const { store } = this.#stage;
    const left = await this.#leftToFunctions();
    for (const prefix of ['blobs/', 'references/', 'consumers/', 'deletions/']) {
      for await (const { key } of store.list(prefix))
        if (!left.some((digest) => key.includes(digest)))
          this.violations.add(`'${key}' is needed by nobody, and is left`);
    }
    for await (const { finding } of verify(this.#domain, { fix: false, deep: true }))
      if (finding !== undefined && isLeftToSee(finding))
        this.violations.add(`verification finds ${finding.kind}: ${finding.key}, ${finding.why}`);
    this.#coverage.count('left to nobody');
  }

  /**
   * What functions may go on running from whose deletion has failed: they are none of any stack's any more, and are there.
   * @returns digests
   */
  async #leftToFunctions(): Promise<readonly string[]> {
    if (Object.keys(this.#engine.functions()).length === 0) return [];
    this.#coverage.count('function left behind');
    await this.#requireRunning();
    const digests: string[] = [];
    for await (const { key } of this.#stage.store.list('references/')) {
      const [, digest = '', kind, consumer] = key.split('/');
      if (kind === 'named' && consumer === 'retained') digests.push(digest);
    }
    return digests;
  }

  /** Without audits, because no time passes that they need: what nothing protects goes, and what CloudFormation lost sight of stays. */
  async #endAtOnce(): Promise<void> {
    let left: readonly string[] = [];
    // A store that answers wrongly holds a collector up: the next goes on.
    for (let turn = 0; turn < COLLECTIONS; turn++) {
      await this.#last({ kind: 'delete all', now: true });
      await this.#last({ kind: 'collect', now: true, waits: 0 });
      left = await this.#collectable();
      if (left.length === 0) break;
    }
    for (const key of left) this.violations.add(`'${key}' is needed by nobody, and still there`);
  }

  /** Content that nothing protects. The other way round is a leak: of an operation that failed because the content had gone. */
  async #collectable(): Promise<readonly string[]> {
    const { store } = this.#stage;
    const found: string[] = [];
    for (const { key, arn } of this.#published.values()) {
      const isThere = (await store.head(key)) !== undefined;
      const { done: isUnprotected } = await store.list(`references/${arn.digest}/`)[Symbol.asyncIterator]().next();
      if (isThere && isUnprotected === true) found.push(key);
    }
    return found;
  }

  #countDeliveries(): void {
    const coverage = this.#coverage;
    const firsts = new Set<string>();
    const latest = new Map<string, string>();
    for (const { functionName, event, requestId, attempt, error, requests } of this.#engine.invocations) {
      if (functionName !== 'cfn-artifacts-reference') continue;
      coverage.events += 1;
      coverage.requests += requests;
      if (error?.includes('killed') === true) coverage.count('killed');
      else if (error !== undefined && !/expired|could not be stored/.test(error))
        this.violations.add(`the function failed: ${error}`);
      if (attempt > 0) coverage.count('delivered again after an error');
      else if (firsts.has(requestId)) coverage.count('delivered twice');
      firsts.add(requestId);
      const { RequestType, PhysicalResourceId, StackId, LogicalResourceId, ResponseURL } = JSON.parse(event) as Record<
        string,
        string
      >;
      if (RequestType === 'Delete' && generationOf(PhysicalResourceId ?? '') === undefined)
        coverage.count('Delete with an invented ID');
      const resource = `${StackId ?? ''}/${LogicalResourceId ?? ''}`;
      const issued = /(?:X-Amz-Date|Expires)=([0-9TZ]+)(?:&|$)/.exec(ResponseURL ?? '')?.[1] ?? '';
      if (issued < (latest.get(resource) ?? '')) coverage.count('delivered late');
      else latest.set(resource, issued);
    }
    for (const { body } of this.#engine.answers) {
      const text = Buffer.from(body).toString();
      if (/The reference function failed|timed out/.test(text)) this.violations.add(`answered: ${text.slice(0, 500)}`);
    }
  }

  /** For who looks for the cause: events of the stacks, and what was delivered, each in its order. */
  get history(): string {
    const events = this.#engine
      .stacks()
      .flatMap((stack) => stack.events)
      .toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime())
      .map(({ timestamp, stackName, logicalId, physicalId, status, reason = '' }) =>
        [timestamp.toISOString(), stackName, logicalId, physicalId, status, reason].join(' '),
      );
    const deliveries = this.#engine.invocations
      .filter(({ event }) => event.includes('"Custom::ArtifactRef"'))
      .map(({ event, requestId, attempt, requests, error = '' }) => {
        const {
          RequestType,
          LogicalResourceId,
          StackId,
          PhysicalResourceId = '',
        } = JSON.parse(event) as Record<string, string>;
        const answers = this.#engine.answers.filter((answer) => answer.requestId === requestId);
        const told = answers.map(({ body }) => Buffer.from(body).toString().slice(0, 400)).join(' | ');
        return [requestId, RequestType, StackId, LogicalResourceId, PhysicalResourceId, attempt, requests, error, told];
      })
      .map((line) => line.join(' '));
    return [...events, ...deliveries].join('\n');
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    await this.#stage.close?.();
  }
}

/** What can be done where time is real: nothing that waits for days. */
function inRealTime(work: PlannedWork): PlannedWork | undefined {
  if (work.kind === 'audit' || work.kind === 'tend') return undefined;
  return work.kind === 'collect' ? { ...work, now: true } : work;
}

const DOMAIN_TEMPLATE = JSON.stringify({
  Resources: { Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
  Outputs: { Token: { Value: REFERENCE, Export: { Name: EXPORT } } },
});

/** Lets others act. */
async function idle(turns: number, context: InvocationContext): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await context.request();
}

/** Tells of blobs that went. */
function watched(store: ObjectStore, removed: (key: ObjectKey, since: Date | undefined) => void): ObjectStore {
  return {
    // Its methods, wherever they stand.
    ...gatedStore(store, { request: () => Promise.resolve() }),
    removeIncarnation: async (key, incarnation) => {
      const isBlob = key.startsWith('blobs/');
      const was = isBlob && (await store.head(key)) !== undefined;
      const deletion = was ? (await readDeletion(store, parseBlobKey(key).digest))?.value : undefined;
      await store.removeIncarnation(key, incarnation);
      if (was && (await store.head(key)) === undefined)
        removed(key, deletion === undefined ? undefined : new Date(deletion.since));
    },
  };
}

/** A resource of somebody else's: its creation fails, some time later. */
const failing: InProcessFunction = {
  run: async (event: Readonly<Record<string, string>> & { ResourceProperties: { After: string } }, context) => {
    const { RequestType, StackId, RequestId, LogicalResourceId, PhysicalResourceId = 'failing' } = event;
    const isCreate = RequestType === 'Create';
    if (isCreate) await idle(Number(event.ResourceProperties.After), context);
    const told = { StackId, RequestId, LogicalResourceId, PhysicalResourceId };
    const outcome = isCreate ? { Status: 'FAILED', Reason: 'fails on purpose' } : { Status: 'SUCCESS' };
    const body = Buffer.from(JSON.stringify({ ...outcome, ...told }));
    await context.put(event['ResponseURL'] ?? '', { 'Content-Length': String(body.length) }, body);
  },
};
