import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bind } from '../../../repository/bind.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import type { PlanItem } from '../../../repository/collecting/item.ts';
import { formatArn, publishVersion } from '../../../repository/index.ts';
import type { Digest, Domain } from '../../../repository/index.ts';
import { blobKey, bookmarkKey, labelKey } from '../../../repository/keys.ts';
import { addNamedReference, removeNamedReferences } from '../../../repository/named.ts';
import { recordContent } from '../../../repository/record.ts';
import { release } from '../../../repository/release.ts';
import type { LifecycleRule, Settings } from '../../../repository/settings.ts';
import { readSettings } from '../../../repository/settings.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { publishable } from '../../support/domain.ts';
import { Clocked, DAY_MS, planned, ran, steps, stored } from './collected.ts';

/**
 * Random histories of the real code, against a model that keeps its own books and knows nothing of keys, listings or records: what a plan says must be what the
 * model says, and what a run does must be what its plan says.
 */

const IDS = ['shop', 'shop/api', 'shop/web', 'tool'];
const CONTENTS = ['one', 'two', 'three', 'four'];
const LABELS = ['v1', 'v2', 'rc1'];
const MINUTE_MS = 60_000;

interface Version {
  readonly id: string;
  readonly number: number;
  readonly digest: Digest;
  isDeleted: boolean;
  /** As the collector has noted it. */
  unusedSince?: number;
  readonly labels: string[];
}

interface Use {
  readonly version: Version;
  readonly end: () => Promise<void>;
}

type Decision = { readonly state: 'condemned' | 'cancelled'; readonly at: number };

type Action =
  | { readonly do: 'publish'; readonly id: number; readonly content: number }
  | { readonly do: 'bind' | 'name' | 'delete' | 'condemn' | 'release'; readonly of: number }
  | { readonly do: 'bookmark'; readonly of: number; readonly name: string }
  | { readonly do: 'label'; readonly of: number; readonly label: number }
  | { readonly do: 'pass'; readonly days: number }
  | { readonly do: 'rules'; readonly rules: readonly LifecycleRule[] }
  | { readonly do: 'collect'; readonly now: boolean; readonly patience: number };

class World {
  readonly domain: Domain;
  readonly clock: Clocked;
  readonly versions: Version[] = [];
  readonly present: Set<Digest> = new Set();
  readonly decisions: Map<Digest, Decision> = new Map();
  uses: Use[] = [];
  /** What bookmarks named, by artifact and name: the last is what it names. */
  readonly bookmarks: Map<string, { number: number; from: number }[]> = new Map();
  rules: readonly LifecycleRule[] = [];
  #requests = 0;

  readonly #found: Map<string, number>;

  private constructor(domain: Domain, clock: Clocked, found: Map<string, number>) {
    this.domain = domain;
    this.clock = clock;
    this.#found = found;
  }

  /** @param found counts what plans say */
  static async begin(found: Map<string, number>): Promise<World> {
    const { domain, clock } = await Clocked.domain();
    return new World(domain, clock, found);
  }

  async do(action: Action): Promise<void> {
    switch (action.do) {
      case 'publish':
        return this.#publish(IDS[action.id] ?? '', CONTENTS[action.content] ?? '');
      case 'bind':
        return this.#use(action.of, (version) => this.#bind(version));
      case 'name':
        return this.#use(action.of, (version) => this.#name(version));
      case 'release': {
        const [use] = this.uses.splice(action.of % Math.max(1, this.uses.length), 1);
        return use?.end();
      }
      case 'delete': {
        const version = this.#chosen(action.of);
        if (version === undefined) return;
        const { id, number } = version;
        const outcome = await deleteVersion(this.domain, { repository: 'default', id }, number);
        expect(outcome?.outcome).toBe(version.isDeleted ? 'already' : this.isUsed(version) ? 'used' : 'deleted');
        if (!this.isUsed(version)) version.isDeleted = true;
        return;
      }
      case 'condemn': {
        const digest = [...this.present][action.of % Math.max(1, this.present.size)];
        if (digest === undefined) return;
        const { outcome } = await condemn(this.domain, digest);
        if (outcome === 'condemned') this.decisions.set(digest, { state: 'condemned', at: this.clock.time });
        return;
      }
      case 'bookmark':
        return this.#bookmark(action.of, action.name);
      case 'label':
        return this.#label(action.of, LABELS[action.label] ?? '');
      case 'pass':
        this.clock.pass(action.days * DAY_MS);
        return;
      case 'rules': {
        this.rules = action.rules;
        const before = await readSettings(this.domain.store, 'default');
        await writeSettings(this.domain, 'default', { lifecycle: action.rules } satisfies Settings, before);
        return;
      }
      case 'collect':
        return this.collect(action.now, action.patience);
    }
  }

  #chosen(of: number): Version | undefined {
    return this.versions[of % Math.max(1, this.versions.length)];
  }

  async #publish(id: string, text: string): Promise<void> {
    const name = { repository: 'default', id };
    const { arn, isNewVersion } = await publishVersion(this.domain, name, publishable(text, 'file'));
    const { version: number, digest } = arn;
    if (isNewVersion) this.versions.push({ id, number, digest, isDeleted: false, labels: [] });
    // Whoever publishes or uses it has the time begin anew.
    else delete this.versions.find((version) => version.id === id && version.number === number)?.unusedSince;
    this.present.add(digest);
    this.#rescue(digest);
  }

  #rescue(digest: Digest): void {
    if (this.decisions.get(digest)?.state === 'condemned')
      this.decisions.set(digest, { state: 'cancelled', at: this.clock.time });
  }

  async #use(of: number, add: (version: Version) => Promise<Use>): Promise<void> {
    const version = this.#chosen(of);
    if (version === undefined || version.isDeleted) return;
    this.uses.push(await add(version));
    delete version.unusedSince;
    this.#rescue(version.digest);
  }

  async #bind(version: Version): Promise<Use> {
    const { id, number, digest } = version;
    const { partition, account, region } = this.domain;
    const arn = formatArn({ partition, account, region, repository: 'default', id, version: number, digest });
    const request = `request${++this.#requests}`;
    const resource = { account, region, stack: 'app', uuid: request, logicalId: 'Ref' };
    const issued = this.clock.chance.now().toISOString();
    const operation = { resource, stackId: 'arn', requestId: request, issued, replaces: false, pinned: false };
    const key = blobKey(digest, 'file.txt');
    const wanted = { arn, key, digest, filename: 'file.txt', version: { repository: 'default', id, number } };
    const generation = await bind(this.domain, operation, [wanted]);
    return {
      version,
      end: async () => {
        await release(this.domain.store, { resource, requestId: `${request}d`, issued, generation });
      },
    };
  }

  async #name(version: Version): Promise<Use> {
    const { id, number, digest } = version;
    const { partition, account, region } = this.domain;
    const arn = { partition, account, region, repository: 'default', id, version: number, digest };
    const consumer = `job${++this.#requests}`;
    await addNamedReference(this.domain, arn, consumer);
    return {
      version,
      end: async () => {
        const name = { repository: 'default', id, number };
        for await (const { removed } of removeNamedReferences(this.domain, name, consumer))
          expect(removed).toBeDefined();
      },
    };
  }

  async #bookmark(of: number, name: string): Promise<void> {
    const version = this.#chosen(of);
    if (version === undefined || version.isDeleted) return;
    const { id, number } = version;
    const entry = `${id}^${name}`;
    const past = [...(this.bookmarks.get(entry) ?? []), { number, from: this.clock.time }];
    this.bookmarks.set(entry, past);
    const history = past.slice(0, -1).map((one, index) => ({
      number: one.number,
      until: new Date(past[index + 1]?.from ?? 0).toISOString(),
    }));
    await this.domain.store.overwrite(
      bookmarkKey({ repository: 'default', id }, name),
      recordContent({ number, history }),
    );
  }

  async #label(of: number, label: string): Promise<void> {
    const version = this.#chosen(of);
    if (version === undefined || this.versions.some(({ id, labels }) => id === version.id && labels.includes(label)))
      return;
    version.labels.push(label);
    const { id, number } = version;
    await this.domain.store.create(labelKey({ repository: 'default', id }, label), recordContent({ number }));
  }

  /** What somebody uses by a version of its own counts for that version alone. */
  isUsed(version: Version): boolean {
    const { id, number } = version;
    const isBookmarked = [...this.bookmarks].some(
      ([entry, past]) => entry.startsWith(`${id}^`) && past.at(-1)?.number === number,
    );
    return isBookmarked || this.uses.some((use) => use.version === version);
  }

  isNeeded(digest: Digest): boolean {
    return (
      this.versions.some((version) => version.digest === digest && !version.isDeleted) ||
      this.uses.some(({ version }) => version.digest === digest)
    );
  }

  /** What the rules take now; notes since when what is unneeded has been so. */
  expectedDeletions(): string[] {
    const taken: string[] = [];
    for (const version of this.versions) {
      if (version.isDeleted) continue;
      const rules = this.rules.filter(({ match }) => MATCHES[match]?.includes(version.id));
      if (rules.length > 0 && this.isUsed(version)) {
        delete version.unusedSince;
        continue;
      }
      if (rules.some((rule) => this.#keeps(rule, version))) continue;
      const waits = rules.flatMap(({ expireUnusedDays: days }) => (days === undefined ? [] : [days]));
      if (waits.length === 0) continue;
      if (waits.every((days) => days > 0)) version.unusedSince ??= this.clock.time;
      const age = this.clock.time - (version.unusedSince ?? this.clock.time);
      if (waits.some((days) => age >= days * DAY_MS)) taken.push(`${version.id}:${version.number}`);
    }
    return taken.sort();
  }

  #keeps({ keepNewest = 0, keepLabels = [], keepBookmarkedDays }: LifecycleRule, version: Version): boolean {
    const newer = this.versions.filter((one) => one.id === version.id && !one.isDeleted && one.number > version.number);
    if (newer.length < keepNewest) return true;
    if (
      version.labels.some((label) =>
        keepLabels.some((pattern) => new RegExp(`^${pattern.replace('*', '.*')}$`).test(label)),
      )
    )
      return true;
    if (keepBookmarkedDays === undefined) return false;
    return [...this.bookmarks].some(
      ([entry, past]) =>
        entry.startsWith(`${version.id}^`) &&
        past.some(
          ({ number }, index) =>
            number === version.number &&
            this.clock.time - (past[index + 1]?.from ?? this.clock.time) < keepBookmarkedDays * DAY_MS,
        ),
    );
  }

  expectedContents(now: boolean): string[] {
    const all: string[] = [];
    const isOld = (at: number): boolean => now || this.clock.time - at > 7 * DAY_MS + 15 * MINUTE_MS;
    for (const digest of this.present) {
      const decision = this.decisions.get(digest);
      if (decision === undefined) {
        if (!this.isNeeded(digest)) all.push(`condemn ${digest}`);
      } else if (this.isNeeded(digest)) {
        if (decision.state === 'cancelled' && this.clock.time - decision.at >= DAY_MS) all.push(`forget ${digest}`);
      } else if (decision.state === 'cancelled') {
        all.push(`condemn ${digest}`);
      } else all.push(`${isOld(decision.at) ? 'reap' : 'wait'} ${digest}`);
    }
    return all.sort();
  }

  async collect(now: boolean, patience: number): Promise<void> {
    const [deletions, contents] = [this.expectedDeletions(), this.expectedContents(now)];
    const made = await planned(this.domain, { now }, patience);
    for (const { action } of made.items) this.#found.set(action, (this.#found.get(action) ?? 0) + 1);
    const told = (item: PlanItem): string =>
      item.action === 'delete' ? `${item.id}:${item.number}` : 'digest' in item ? `${item.action} ${item.digest}` : '';
    expect(
      made.items
        .filter(({ action }) => action === 'delete')
        .map(told)
        .sort(),
    ).toEqual(deletions);
    expect(
      made.items
        .filter(({ action }) => action !== 'delete')
        .map(told)
        .sort(),
    ).toEqual(contents);
    const before = await stored(this.domain.store);
    const results = await ran(this.domain, made.plan.digest);
    expect(results.filter(({ outcome }) => outcome === 'failed' || outcome === 'rescued')).toEqual([]);
    await this.#requireOnly(made.items, before);
    this.#settle(deletions, contents, now);
    const blobs = [...(await stored(this.domain.store, 'blobs/')).keys()].map((key) => key.split('/')[2]);
    expect(new Set(blobs)).toEqual(this.present);
    if (now) expect(steps(await planned(this.domain, { now }))).toEqual([]);
  }

  /** Of what the run changed, everything belongs to an item of the plan. */
  async #requireOnly(items: readonly PlanItem[], before: ReadonlyMap<string, string>): Promise<void> {
    const after = await stored(this.domain.store);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => before.get(key) !== after.get(key),
    );
    const digests = new Set(
      items.flatMap((item) => ('digest' in item ? [item.digest] : item.action === 'delete' ? item.digests : [])),
    );
    const versions = items.flatMap((item) => (item.action === 'delete' ? [item] : []));
    for (const key of changed) {
      const isOurs =
        [...digests].some((digest) => key === `deletions/${digest}` || key.startsWith(`blobs/sha256/${digest}/`)) ||
        versions.some(
          ({ id, number, digests: held }) =>
            key === `statuses/default/${id}/!/${number}` ||
            held.some((digest) => key.startsWith(`references/${digest}/version/default/${id}/!/${number}-`)),
        );
      expect([key, isOurs]).toEqual([key, true]);
    }
  }

  #settle(deletions: readonly string[], contents: readonly string[], now: boolean): void {
    const freed = new Set<Digest>();
    for (const version of this.versions) {
      if (!deletions.includes(`${version.id}:${version.number}`)) continue;
      version.isDeleted = true;
      freed.add(version.digest);
    }
    for (const line of contents) {
      const [action, digest = ''] = line.split(' ');
      if (action === 'forget') this.decisions.delete(digest as Digest);
      if (action === 'condemn' || action === 'reap') this.#lose(digest as Digest, now || action === 'reap');
    }
    for (const digest of freed) if (!this.isNeeded(digest)) this.#lose(digest, now);
  }

  #lose(digest: Digest, atOnce: boolean): void {
    if (!atOnce) {
      if (this.decisions.get(digest)?.state !== 'condemned')
        this.decisions.set(digest, { state: 'condemned', at: this.clock.time });
      return;
    }
    this.decisions.delete(digest);
    this.present.delete(digest);
  }
}

/** Written out, because a model does not match patterns as the code does. */
const MATCHES: Readonly<Record<string, readonly string[]>> = {
  '**': IDS,
  '*': ['shop', 'tool'],
  'shop/*': ['shop/api', 'shop/web'],
  'shop/**': ['shop', 'shop/api', 'shop/web'],
  'shop/a*': ['shop/api'],
  'nothing/*': [],
};

const ruleArbitrary: fc.Arbitrary<Omit<LifecycleRule, 'id'>> = fc.record(
  {
    match: fc.constantFrom(...Object.keys(MATCHES)),
    keepNewest: fc.integer({ min: 1, max: 3 }),
    keepBookmarkedDays: fc.integer({ min: 1, max: 10 }),
    keepLabels: fc.constantFrom(['v*'], ['rc*', 'v2'], ['*']),
    expireUnusedDays: fc.constantFrom(0, 0, 1, 3, 10),
  },
  { requiredKeys: ['match'] },
);

/** Rules without effect are none. */
const rulesArbitrary: fc.Arbitrary<readonly LifecycleRule[]> = fc
  .array(ruleArbitrary, { maxLength: 3 })
  .map((rules) =>
    rules.filter((rule) => Object.keys(rule).length > 1).map((rule, index) => ({ id: `rule${index}`, ...rule })),
  );

const of = fc.nat(1000);
const actionArbitrary: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), id: fc.nat(3), content: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bind' as const), of }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('name' as const), of }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), of }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), of }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('condemn' as const), of }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('bookmark' as const), of, name: fc.constantFrom('prod', 'test') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('label' as const), of, label: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), days: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rules' as const), rules: rulesArbitrary }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      now: fc.boolean(),
      patience: fc.constantFrom(1, 3, Infinity),
    }),
  },
);

const historyArbitrary = fc.array(actionArbitrary, { minLength: 15, maxLength: 80, size: 'max' });

describe('plans and runs', () => {
  test('are what a model of the domain says, whatever happened before', async () => {
    const found = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(rulesArbitrary, historyArbitrary, async (rules, actions) => {
        const world = await World.begin(found);
        const whole = [{ do: 'rules', rules }, ...actions, { do: 'collect', now: true, patience: 3 }] as const;
        for (const action of whole) await world.do(action);
      }),
      { numRuns: 120 },
    );
    // Each has come about so often that the comparison means something.
    for (const action of ['delete', 'condemn', 'reap', 'wait', 'forget']) {
      expect(found.get(action) ?? 0).toBeGreaterThan(3);
    }
  });
});
