import { QUARANTINE_DAYS } from '../../../repository/collecting/quarantine.ts';
import { describeDomain } from '../../../repository/domain.ts';
import { hasCode } from '../../../repository/error.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { ownKeeper } from '../../../repository/index.ts';
import type { Domain, ObjectKey, Publication } from '../../../repository/index.ts';
import { createRepository, writeSettings } from '../../../repository/repositories.ts';
import { NO_SETTINGS } from '../../../repository/settings.ts';
import { isLeftToSee } from '../../../repository/verifying/finding.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { steadyChance } from '../chance.ts';
import type { DeployOptions, InvocationContext, Outcome } from '../stack-engine/engine.ts';
import { StackEngine } from '../stack-engine/engine.ts';
import { gatedStore } from '../stack-engine/gated-store.ts';
import type { Coverage } from './coverage.ts';
import { engineEvidence } from './evidence.ts';
import { neededBy } from './expectation.ts';
import { SOUND, StoreFaults } from './faulty-store.ts';
import type { PublishedVersion, Worker } from './keeper.ts';
import { carryOutWork, publishedVersion } from './keeper.ts';
import type { PlannedDomain, PlannedKeeping, PlannedWork } from './keeping-plan.ts';
import { CONSUMERS, REPOSITORIES } from './keeping-plan.ts';
import type { PlannedOperation, PlannedSequence, PlannedStep, Shape } from './plan.ts';
import { besideOf } from './plan.ts';
import type { Stage } from './stage.ts';
import { DOMAIN_TEMPLATE, failing, idle, PLACE, watched } from './stage.ts';
import { countChange, countDeliveries, countEvents, historyIn } from './tally.ts';
import type { Packaged } from './template.ts';
import { FAILING, packaged, REFERENCE } from './template.ts';
import { Witness } from './witness.ts';

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

interface Parts {
  readonly engine: StackEngine;
  readonly stage: Stage;
  readonly domain: Domain;
  readonly coverage: Coverage;
  readonly plan: PlannedDomain;
  readonly faults: StoreFaults;
  readonly witness: Witness;
}

/** Stacks, whoever deploys them and whoever keeps it, at one domain. What is wrong is collected, and found by `violations`. */
export class SequenceWorld {
  readonly #witness: Witness;
  readonly #engine: StackEngine;
  readonly #stage: Stage;
  readonly #domain: Domain;
  readonly #coverage: Coverage;
  /** By the stack's name: what was deployed, one after the other. */
  readonly #shapes = new Map<string, readonly Shape[]>();
  readonly #plan: PlannedDomain;
  readonly #faults: StoreFaults;
  #actors = 0;
  #nonces = 0;

  static async start(plan: PlannedSequence, stage: Stage, coverage: Coverage): Promise<SequenceWorld> {
    const made: { witness?: Witness } = {};
    const engine = await StackEngine.start({
      ...{ seed: plan.seed, urlStyle: plan.urlStyle, replacedRollback: 'either', region: PLACE.region },
      now: new Date(Date.UTC(2026, 0, 1)),
      functions: {
        [REFERENCE]: stage.reference,
        [FAILING]: { ...failing, timeoutSeconds: PATIENCE },
        [IDLE]: { run: ({ turns }: { turns: number }, context) => idle(turns, context), timeoutSeconds: PATIENCE },
      },
      read: async ({ key, version }) => made.witness?.read(key as ObjectKey, version),
    });
    const now = (): Date => engine.now();
    const isInProcess = stage.begin !== undefined;
    const faults = new StoreFaults(plan.seed, isInProcess ? plan.domain.rates : SOUND, now, coverage);
    stage.begin?.({ now, faults });
    const store = watched(stage.store, (key, since) => made.witness?.removed(key, since));
    const parts = { store, keeper: ownKeeper(store), chance: steadyChance() };
    const domain = await describeDomain(parts, PLACE);
    const { rules: lifecycle, quarantineDays } = plan.domain;
    const settings = { lifecycle, ...(quarantineDays !== undefined && { quarantineDays }) };
    await writeSettings(domain, 'default', settings, undefined);
    for (const repository of REPOSITORIES) await createRepository(domain, repository, NO_SETTINGS);
    const witness = new Witness({ engine, store, faults, coverage, quarantineDays: quarantineDays ?? QUARANTINE_DAYS });
    made.witness = witness;
    await engine.deploy(DOMAIN, DOMAIN_TEMPLATE);
    return new SequenceWorld({
      engine,
      stage: { ...stage, store },
      domain,
      coverage,
      plan: plan.domain,
      faults,
      witness,
    });
  }

  private constructor({ engine, stage, domain, coverage, plan, faults, witness }: Parts) {
    this.#engine = engine;
    this.#stage = stage;
    this.#domain = domain;
    this.#coverage = coverage;
    this.#plan = plan;
    this.#faults = faults;
    this.#witness = witness;
  }

  get violations(): ReadonlySet<string> {
    return this.#witness.violations;
  }

  /** For who looks for the cause. */
  get history(): string {
    return historyIn(this.#engine);
  }

  get #isInProcess(): boolean {
    return this.#stage.begin !== undefined;
  }

  async play(steps: readonly PlannedStep[]): Promise<void> {
    for (const step of steps) {
      await this.#step(step);
      if (this.#witness.violations.size > 0) return;
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
    this.#witness.isOperating = true;
    await Promise.all([
      ...operations.map((one) => this.#packageAndDeploy(one)),
      ...keeps.map((one) => this.#keep(one)),
    ]);
    this.#witness.isOperating = false;
    if (settles) await this.#engine.settle();
    await this.#witness.compare(settles);
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
        this.#witness.leaks.addStack(root, engine.stacks());
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
    const { repository, id, version, digest } = one.arn;
    this.#witness.published.set(`${repository}/${id}:${version}@${digest}`, one);
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
    const wanted = this.#isInProcess ? this.#inPatience(work) : inRealTime(work);
    if (wanted === undefined) return;
    await this.#act(async (context) => {
      await idle(turns, context);
      await this.#carryOut(wanted, context, hurry);
    }, dies);
  }

  #inPatience(work: PlannedWork): PlannedWork {
    return this.#plan.isPatient && 'now' in work ? { ...work, now: false } : work;
  }

  async #carryOut(work: PlannedWork, context: InvocationContext, hurry: number): Promise<void> {
    const asks = work.kind === 'audit' || work.kind === 'tend';
    if ('now' in work && work.now) this.#witness.isWaived = true;
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
      promises: this.#witness.promises,
    };
    try {
      await carryOutWork(work, worker);
    } catch (error) {
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#witness.violations.add(`${work.kind} failed: ${told}`);
    }
  }

  #versions(): readonly PublishedVersion[] {
    return [...this.#witness.published.values()].map(({ arn }) => publishedVersion(arn));
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
    if (before !== undefined) this.#witness.before.set(before.id, new Set(uses.map(({ digest }) => digest)));
    const templates = { before: JSON.stringify(before?.deployment.template.resources ?? {}) };
    const { status, events, stackId } = await act();
    this.#coverage.operations += 1;
    if (kind !== undefined) this.#coverage.count(kind);
    if (shape !== undefined && /^(?:CREATE|UPDATE)_COMPLETE$/.test(status) && events.length > 0)
      this.#shapes.set(name, [...(this.#shapes.get(name) ?? []), shape]);
    this.#witness.leaks.addEvents(events, this.#engine.stacks());
    countEvents(this.#coverage, status, events);
    if (/^UPDATE_COMPLETE/.test(status)) countChange(this.#coverage, templates.before, this.#engine.stack(stackId));
  }

  /** Every stack goes, everything that is still under way comes, and then the keeper takes all that nothing protects. */
  async #endAll(): Promise<void> {
    const engine = this.#engine;
    await this.#faults.end();
    const roots = engine.stacks().filter(({ parent, name }) => parent === undefined && name !== DOMAIN);
    for (const root of roots) {
      if (root.status === 'UPDATE_ROLLBACK_FAILED') this.#witness.leaks.addStack(root, engine.stacks());
      const { status, events } = await engine.deleteStack(root.id);
      this.#witness.leaks.addEvents(events, engine.stacks());
      if (status !== 'DELETE_COMPLETE')
        this.#witness.violations.add(`the stack ${root.id} can't be deleted: ${status}`);
    }
    // Nested ones of which CloudFormation has lost sight, because their deletions failed: people delete them by hand.
    for (const { id, parent, status } of engine.stacks())
      if (parent !== undefined && status !== 'DELETE_COMPLETE') await engine.deleteStack(id);
    // Deliveries that wait for the ends of later operations.
    for (let turn = 0; turn < 3; turn++) for (const { id } of roots) await engine.deleteStack(id);
    await engine.settle();
    await this.#witness.compare(true);
    for (const consumer of CONSUMERS) await this.#last({ kind: 'reference-remove all', consumer });
    await this.#last({ kind: 'bookmark-delete all' });
    await (this.#isInProcess ? this.#endInTime() : this.#endAtOnce());
    for (const one of countDeliveries(this.#engine, this.#coverage)) this.#witness.violations.add(one);
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
    // Takes back what those wished who died over moving a bookmark.
    await this.#last({ kind: 'verify' });
    await this.#last({ kind: 'delete all', now: false });
    await this.#pass(10 * DAY_S);
    // Condemns what somebody put back while it was deleted, deletes that, and forgets what was cancelled.
    for (let turn = 0; turn < 3; turn++) {
      await this.#last({ kind: 'collect', now: false, waits: 0 });
      await this.#pass(10 * DAY_S);
    }
    const { store } = this.#stage;
    const left = await this.#witness.leftToFunctions();
    for (const prefix of ['blobs/', 'references/', 'consumers/', 'deletions/']) {
      for await (const { key } of store.list(prefix))
        if (!left.some((digest) => key.includes(digest)))
          this.#witness.violations.add(`'${key}' is needed by nobody, and is left`);
    }
    for await (const { finding } of verify(this.#domain, { fix: false, deep: true }))
      if (finding !== undefined && isLeftToSee(finding))
        this.#witness.violations.add(`verification finds ${finding.kind}: ${finding.key}, ${finding.why}`);
    this.#coverage.count('left to nobody');
  }

  /** Without audits, because no time passes that they need: what nothing protects goes, and what CloudFormation lost sight of stays. */
  async #endAtOnce(): Promise<void> {
    let left: readonly string[] = [];
    // A store that answers wrongly holds a collector up: the next goes on.
    for (let turn = 0; turn < COLLECTIONS; turn++) {
      await this.#last({ kind: 'delete all', now: true });
      await this.#last({ kind: 'collect', now: true, waits: 0 });
      left = await this.#witness.collectable();
      if (left.length === 0) break;
    }
    for (const key of left) this.#witness.violations.add(`'${key}' is needed by nobody, and still there`);
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
