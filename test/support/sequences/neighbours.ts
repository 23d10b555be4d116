import type { DomainPlace } from '../../../repository/arn.ts';
import type { Operation, Wanted } from '../../../repository/bind.ts';
import { bind } from '../../../repository/bind.ts';
import type { StackResource } from '../../../repository/stack-id.ts';
import { domainBucket } from '../../../repository/domain.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import type { Away } from '../../../repository/home/away.ts';
import type { Homes } from '../../../repository/home/home.ts';
import { ownAway } from '../../../repository/home/own-away.ts';
import {
  ArtifactError,
  bytesOf,
  establishDomain,
  formatArn,
  ownKeeper,
  publishVersion,
  sha256,
} from '../../../repository/index.ts';
import type { Domain, ObjectStore } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { blobKey, EVERY_FETCH, EVERY_NOTE, stackReferenceKey } from '../../../repository/keys.ts';
import { release } from '../../../repository/release.ts';
import { formatStackId } from '../../../repository/stack-id.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { prefixed } from '../../../repository/stores/prefixed.ts';
import { Crash } from '../crash/crash.ts';
import { publishable } from '../domain.ts';
import type { Judged } from '../interleaving.ts';
import { chooseBy, interleave } from '../interleaving.ts';
import { keysIn } from '../keys-in.ts';
import { askedBefore, FAR, HERE } from '../neighbours.ts';
import { summaryOfPlan } from '../summary-of-plan.ts';
import { Coverage } from './coverage.ts';
import type { Rates } from './faulty-store.ts';
import { SOUND, StoreFaults } from './faulty-store.ts';

/**
 * Two domains whose stacks use artifacts of both; stacks are created, updated, rolled back and deleted, with functions that die and events that come again; each domain is collected, and tells the other what it
 * has to be told, by keepers whose clocks are wrong; stores fail, and the way between the domains is closed for a while. What happens follows from one source of chance.
 */

const HOUR_MS = 60 * 60 * 1000;
/** Of each domain; the last is the same in both. */
const TEXTS: Readonly<Record<Site, readonly string[]>> = { a: ['ax', 'ay', 'z'], b: ['bx', 'by', 'z'] };
const SITES = ['a', 'b'] as const;
type Site = (typeof SITES)[number];
const PLACES: Readonly<Record<Site, DomainPlace>> = { a: HERE, b: FAR };
const STACKS = ['one', 'two', 'three'] as const;
const STEPS = 5;
/** So often Lambda delivers an event. */
const DELIVERIES = 3;
/** So often CloudFormation is asked to delete what it could not. */
const DELETIONS = 12;

/** What may well be said to whoever deploys, or keeps, while things go wrong. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['STORE_UNAVAILABLE', 'CONTENTION', 'ARTIFACT_DELETED', 'ARTIFACT_NOT_FOUND', 'CONTENT_MISSING', 'SUPERSEDED'],
]);

interface Stack {
  readonly site: Site;
  readonly resource: StackResource;
  current: { readonly generation: string; readonly wanted: Wanted } | undefined;
}

/** What came up, over many stories. */
export class NeighbourTally {
  readonly counts: Map<string, number> = new Map();

  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

type Act = (own: ObjectStore, pause: () => Promise<void>) => Promise<void>;

const RATES: readonly Rates[] = [
  SOUND,
  { echo: 20, failure: 0, duplicate: 20, slow: 0 },
  { echo: 10, failure: 10, duplicate: 10, slow: 0 },
];

export async function playNeighbours(random: () => number, tally: NeighbourTally): Promise<Judged> {
  const world = new NeighbourWorld(random, tally);
  await world.begin();
  for (let step = 0; step < STEPS && world.violations.size === 0; step++) await world.step();
  if (world.violations.size === 0) await world.end();
  return { violations: [...world.violations], trace: world.trace };
}

class NeighbourWorld {
  readonly violations: Set<string> = new Set();
  readonly trace: string[] = [];
  readonly #random: () => number;
  readonly #tally: NeighbourTally;
  readonly #memory: ObjectStore;
  readonly #store: ObjectStore;
  readonly #faults: StoreFaults;
  readonly #stacks: Stack[];
  /** Milliseconds by which the clocks of the keepers are wrong. */
  readonly #skew: Readonly<Record<Site, number>>;
  #now = Date.UTC(2026, 0, 1);
  #isRoadOpen = true;
  #issued = 0;
  #nonces = 0;
  #isQuiet = false;

  constructor(random: () => number, tally: NeighbourTally) {
    this.#random = random;
    this.#tally = tally;
    const now = (): Date => new Date(this.#now);
    this.#memory = memoryStore(now);
    const rates = this.#chosen(RATES);
    this.#faults = new StoreFaults(Math.floor(random() * 2 ** 31), rates, now, new Coverage());
    this.#store = sentAtOnce(this.#faults.wrap(this.#memory, async () => undefined));
    const days = [-3, 0, 0, 3];
    this.#skew = { a: this.#chosen(days) * 24 * HOUR_MS, b: this.#chosen(days) * 24 * HOUR_MS };
    this.#stacks = SITES.flatMap((site) =>
      STACKS.map((stack): Stack => {
        const { account, region } = PLACES[site];
        const uuid = '6c5c5d50-0000-0000-0000-000000000000';
        return { site, resource: { account, region, stack, uuid, logicalId: 'Ref' }, current: undefined };
      }),
    );
  }

  #chosen<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)] as T;
  }

  async begin(): Promise<void> {
    for (const site of SITES) {
      const { store, keeper, chance } = this.#domain(site, this.#memory, async () => undefined);
      const domain = await establishDomain(
        { store, keeper, chance },
        { ...PLACES[site], bucket: domainBucket(PLACES[site]) },
      );
      for (const text of TEXTS[site])
        await publishVersion(domain, { repository: 'default', id: text }, publishable(text));
    }
  }

  /** Several things at the same time; and before it, sometimes, a while. */
  async step(): Promise<void> {
    if (this.#random() < 0.5) {
      await this.#faults.flush();
      this.#now += this.#chosen([1, 2, 30, 200]) * HOUR_MS;
    }
    this.#isRoadOpen = this.#random() < 0.6;
    if (!this.#isRoadOpen) this.#tally.count('road closed');
    const busy = new Set<Stack>();
    const acts: Act[] = [];
    for (let operations = 1 + Math.floor(this.#random() * 3); operations > 0; operations--) {
      const stack = this.#chosen(this.#stacks);
      if (!busy.has(stack)) acts.push(this.#operation(stack));
      busy.add(stack);
    }
    for (let works = Math.floor(this.#random() * 4); works > 0; works--) acts.push(this.#keeping());
    await this.#together(acts);
    await this.#look();
  }

  async #together(acts: readonly Act[]): Promise<void> {
    const { trace, outcomes } = await interleave(this.#store, acts, chooseBy(this.#random));
    this.trace.push(...trace, '--');
    for (const outcome of outcomes) {
      if (outcome instanceof Error) this.violations.add(outcome.stack ?? outcome.message);
    }
    if (outcomes.length < acts.length || Object.keys(outcomes).length < acts.length)
      this.violations.add('somebody waits for ever');
  }

  #domain(site: Site, own: ObjectStore, pause: () => Promise<void>, skew = 0): Domain {
    const store = prefixed(own, `${site}/`);
    const chance = {
      now: () => new Date(this.#now + skew),
      nonce: () => `n${String(++this.#nonces).padStart(9, '0')}`,
      pause,
    };
    const place = PLACES[site];
    return { ...place, bucket: domainBucket(place), store, keeper: ownKeeper(store), chance };
  }

  #homes(own: ObjectStore): Homes {
    const open = (place: DomainPlace): ObjectStore => {
      const site = SITES.find((one) => PLACES[one].account === place.account) ?? 'a';
      return askedBefore(prefixed(own, `${site}/`), () => {
        if (!this.#isRoadOpen) throw new ArtifactError('STORE_UNAVAILABLE', 'connection refused');
      });
    };
    return {
      domain: async (place) => ({ bucket: domainBucket(place), store: open(place) }),
      content: async (place) => open(place),
    };
  }

  /** One process, which dies of it now and then. @throws ArtifactError STORE_UNAVAILABLE where it died */
  async #process<T>(own: ObjectStore, act: (store: ObjectStore) => Promise<T>): Promise<T> {
    const dies = !this.#isQuiet && this.#random() < 0.15;
    const crash = new Crash(
      dies ? 1 + Math.floor(this.#random() * 25) : Infinity,
      this.#chosen(['before', 'after'] as const),
    );
    const ended = await Promise.race([act(crash.wrap(own)).then((value) => ({ value })), crash.died]);
    if (ended !== 'died') return ended.value;
    this.#tally.count('died');
    throw new ArtifactError('STORE_UNAVAILABLE', 'the process died');
  }

  /** Other domains, as the function has them: through its keeper, which is another process. */
  #away(site: Site, own: ObjectStore, pause: () => Promise<void>): Away {
    const asked = (store: ObjectStore): Away =>
      ownAway(this.#domain(site, store, pause, this.#skew[site]), this.#homes(store));
    return {
      fetch: (...of) => this.#process(own, (store) => asked(store).fetch(...of)),
      tell: (of) => this.#process(own, (store) => asked(store).tell(of)),
    };
  }

  /** An event, as often as it is delivered. @returns whether it was answered with SUCCESS */
  async #deliver(
    site: Site,
    own: ObjectStore,
    pause: () => Promise<void>,
    act: (domain: Domain) => Promise<void>,
    deliveries = DELIVERIES,
  ): Promise<boolean> {
    for (let delivery = 0; delivery < deliveries; delivery++) {
      try {
        await this.#process(own, (store) =>
          act({ ...this.#domain(site, store, pause), away: this.#away(site, own, pause) }),
        );
        // Lambda delivers at least once.
        if (this.#random() < 0.8) return true;
      } catch (error) {
        if (!(error instanceof ArtifactError) || !REFUSALS.has(error.code)) throw error;
        if (delivery + 1 === deliveries) return false;
      }
    }
    return true;
  }

  #operation(stack: Stack): Act {
    const kind = stack.current === undefined ? 'create' : this.#chosen(['update', 'back', 'delete'] as const);
    const home = this.#random() < 0.8 ? this.#other(stack.site) : stack.site;
    const wanted = this.#wanted(stack.site, this.#chosen(TEXTS[home]), home);
    return async (own, pause) => {
      const { site, current } = stack;
      const old = kind === 'create' ? undefined : current;
      if (kind === 'delete' && old !== undefined) {
        stack.current = undefined;
        await this.#drop(stack, old.generation, own, pause);
        this.#tally.count('deleted');
        return;
      }
      const event = this.#event(stack, old?.generation);
      let generation = event.requestId;
      const answered = await this.#deliver(site, own, pause, async (domain) => {
        generation = await bind(domain, event, [wanted]);
      });
      if (!answered) {
        await this.#drop(stack, event.requestId, own, pause);
        this.#tally.count('failed');
        return;
      }
      this.#tally.count(home === site ? 'bound its own' : 'bound from elsewhere');
      if (kind === 'back' && old !== undefined) {
        // Something else in the stack has failed.
        const way = this.#event(stack, generation);
        let kept = old.generation;
        const isBack = await this.#deliver(site, own, pause, async (domain) => {
          kept = await bind(domain, way, [old.wanted]);
        });
        if (isBack) {
          stack.current = { generation: kept, wanted: old.wanted };
          for (const one of new Set([generation, old.generation, way.requestId]))
            if (one !== kept) await this.#drop(stack, one, own, pause);
          this.#tally.count('rolled back');
          return;
        }
        await this.#drop(stack, way.requestId, own, pause);
      }
      stack.current = { generation, wanted };
      if (old !== undefined && old.generation !== generation) await this.#drop(stack, old.generation, own, pause);
    };
  }

  #event({ resource }: Stack, current: string | undefined): Operation {
    const requestId = `R${String(++this.#issued).padStart(4, '0')}`;
    const event = { resource, stackId: formatStackId('aws', resource), requestId, pinned: false, replaces: true };
    return { ...event, issued: this.#issueTime(), ...(current !== undefined && { current }) };
  }

  #issueTime(): string {
    return new Date(Date.UTC(2026, 0, 1) + this.#issued * 1000).toISOString();
  }

  async #drop(
    { site, resource }: Stack,
    generation: string,
    own: ObjectStore,
    pause: () => Promise<void>,
  ): Promise<void> {
    const requestId = `R${String(++this.#issued).padStart(4, '0')}`;
    const request = { resource, requestId, issued: this.#issueTime(), generation };
    const deleted = await this.#deliver(
      site,
      own,
      pause,
      async (domain) => {
        await release(domain.store, request, domain);
      },
      DELETIONS,
    );
    if (!deleted) throw new Error('a Delete failed for good');
  }

  #wanted(site: Site, text: string, home: Site): Wanted {
    const digest = sha256(text);
    const place = PLACES[home];
    const name = { repository: 'default', id: text };
    const arn = formatArn({ ...place, ...name, version: 1, digest });
    const found = { arn, key: blobKey(digest, 'archive.zip'), digest, filename: 'archive.zip' };
    return { ...found, ...(home === site ? { version: { ...name, number: 1 } } : { home: place }) };
  }

  #other(site: Site): Site {
    return site === 'a' ? 'b' : 'a';
  }

  /** What the keeper of one of the domains does. */
  #keeping(): Act {
    const site = this.#chosen(SITES);
    const work = this.#chosen(['tick', 'tick', 'collect', 'collect', 'delete'] as const);
    const now = this.#random() < 0.7;
    const text = this.#chosen(TEXTS[site]);
    return async (own, pause) => {
      try {
        await this.#process(own, (store) => this.#keep(site, work, { now, text }, store, pause));
        this.#tally.count(work);
      } catch (error) {
        if (!(error instanceof ArtifactError) || !REFUSALS.has(error.code)) throw error;
      }
    };
  }

  async #keep(
    site: Site,
    work: 'tick' | 'collect' | 'delete',
    { now, text }: { readonly now: boolean; readonly text: string },
    store: ObjectStore,
    pause: () => Promise<void>,
  ): Promise<void> {
    const found = this.#domain(site, store, pause, this.#skew[site]);
    const homes = this.#homes(store);
    const domain = { ...found, away: ownAway(found, homes) };
    const schedule = { audit: 'off', collect: 'off' } as const;
    const ask = async (command: KeeperCommand): Promise<readonly object[]> =>
      (await carryOut(command, { domain, evidence: noEvidence, homes, schedule, isTimeUp: () => false })).results;
    if (work === 'tick') await ask({ command: 'tend' });
    if (work === 'delete') {
      const arn = formatArn({ ...PLACES[site], repository: 'default', id: text, version: 1 });
      await ask({ command: 'delete', arn, dryRun: false, now });
    }
    if (work !== 'collect') return;
    const id = `plan${domain.chance.nonce()}`;
    const plan = summaryOfPlan(await ask({ command: 'gc-plan', id, now, verbose: false }));
    await ask({ command: 'gc-run', plan: plan.digest });
  }

  /** Nothing that is used is lost, whoever collected what. */
  async #look(): Promise<void> {
    for (const { site, resource, current } of this.#stacks) {
      if (current === undefined) continue;
      const { wanted, generation } = current;
      const key = `${site}/${wanted.key}`;
      if ((await keysIn(this.#memory, key)).length === 0)
        this.violations.add(`lost in ${site}: ${wanted.arn} of ${resource.stack}`);
      const reference = `${site}/${stackReferenceKey(wanted.digest, resource, generation)}`;
      if ((await keysIn(this.#memory, reference)).length === 0)
        this.violations.add(`not recorded in ${site}: ${reference}`);
    }
  }

  /** After a quiet time both domains say the same; when all stacks are gone, nothing of the other is left in either. */
  async end(): Promise<void> {
    this.#isQuiet = true;
    await this.#faults.end();
    this.#isRoadOpen = true;
    await this.#ticks();
    await this.#look();
    await this.#compare();
    const left = this.#stacks.flatMap((stack): readonly Act[] => {
      const { current } = stack;
      stack.current = undefined;
      return current === undefined ? [] : [(own, pause) => this.#drop(stack, current.generation, own, pause)];
    });
    await this.#together(left);
    await this.#ticks();
    await this.#compare();
    await this.#forget();
  }

  /** What came from the other domain goes when it is collected. */
  async #forget(): Promise<void> {
    for (const site of SITES) {
      for (let turn = 0; turn < 3; turn++) {
        // What publishers and fetchers have just left is nobody's to take.
        this.#now += 10 * 24 * HOUR_MS;
        await this.#keep(site, 'collect', { now: true, text: '' }, this.#memory, async () => undefined);
      }
      for (const text of TEXTS[this.#other(site)]) {
        if (TEXTS[site].includes(text)) continue;
        const digest = sha256(text);
        const left = await keysIn(this.#memory, `${site}/blobs/sha256/${digest}/`);
        const references = await keysIn(this.#memory, `${site}/references/${digest}/`);
        if (left.length > 0 && !references.some((key) => this.#faults.revived(key)))
          this.violations.add(`left in ${site}: ${left.join(', ')}`);
      }
    }
  }

  async #ticks(): Promise<void> {
    for (let hour = 0; hour < 4; hour++) {
      this.#now += HOUR_MS;
      for (const site of SITES) {
        // Whatever its clock says of when the last one was.
        const task = prefixed(this.#memory, `${site}/progress/`);
        for await (const { key } of task.list('tell')) {
          const head = await task.head(key);
          if (head !== undefined) await task.removeRevision(key, head.revision);
        }
        await this.#keep(site, 'tick', { now: false, text: '' }, this.#memory, async () => undefined);
      }
    }
  }

  async #compare(): Promise<void> {
    for (const site of SITES) {
      const home = this.#other(site);
      const own = await this.#referencesOf(site, site);
      const fromHome = own.filter((key) => !this.#faults.revived(`${site}/${key}`) && this.#isForeign(key));
      const told = await this.#referencesOf(home, site);
      const more = told.filter((key) => !own.includes(key) && !this.#faults.revived(`${site}/${key}`));
      const fewer = fromHome.filter((key) => !told.includes(key));
      if (more.length > 0) this.violations.add(`${home} believes of ${site}: ${more.join(', ')}`);
      if (fewer.length > 0) this.violations.add(`${home} does not know of ${site}: ${fewer.join(', ')}`);
      for (const prefix of [EVERY_NOTE, EVERY_FETCH]) {
        const forgotten = await keysIn(this.#memory, `${site}/${prefix}`);
        if (forgotten.length > 0) this.violations.add(`left in ${site}: ${forgotten.join(', ')}`);
      }
      const standing = new Set(
        this.#stacks.flatMap((stack) =>
          stack.site === site && stack.current !== undefined
            ? [stackReferenceKey(stack.current.wanted.digest, stack.resource, stack.current.generation) as string]
            : [],
        ),
      );
      const leaked = own.filter((key) => !standing.has(key) && !this.#faults.revived(`${site}/${key}`));
      if (leaked.length > 0) this.violations.add(`leaked in ${site}: ${leaked.join(', ')}`);
    }
  }

  /** References of stacks of a domain, as they stand in one. */
  async #referencesOf(at: Site, whose: Site): Promise<readonly string[]> {
    const { account, region } = PLACES[whose];
    const keys = await keysIn(this.#memory, `${at}/references/`);
    return keys.map((key) => key.slice(at.length + 1)).filter((key) => key.includes(`/stack/${account}/${region}/`));
  }

  #isForeign(key: string): boolean {
    return this.#stacks.some(({ current, resource }) => {
      if (current === undefined) return false;
      const isIt = stackReferenceKey(current.wanted.digest, resource, current.generation) === key;
      return isIt && current.wanted.home !== undefined;
    });
  }
}

/** What is sent lies ready before it is sent, so that it can be sent twice. */
function sentAtOnce(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async create(key, content, ...more) {
      const bytes = await bytesOf(content.read());
      async function* read(): AsyncGenerator<Uint8Array> {
        yield bytes;
      }
      return store.create(key, { ...content, read }, ...more);
    },
  };
}
