import { describe, expect, test } from '@jest/globals';
import {
  contentOf,
  hasCode,
  publishAssets,
  publishVersion,
  readManifest,
  readStatus,
  sha256,
} from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { audit as auditDomain } from '../../repository/audit/audit.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { blobKey, labelPrefix, statusKey, versionReferenceKey, versionReferencePrefix } from '../../repository/keys.ts';
import { findLabel, readLabel } from '../../repository/label.ts';
import { contentId } from '../../repository/manifest.ts';
import { readRecord, recordContent } from '../../repository/record.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { listVersionNumbers } from '../../repository/version.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { collectHastily } from '../support/hasty-collector.ts';
import { chooseBy, everyInterleaving, firstWrong, interleaveIn, sequence } from '../support/interleaving.ts';
import type { Choose, Story } from '../support/interleaving.ts';
import { keysIn } from '../support/keys-in.ts';

/**
 * The protocol of publishing against itself and against those who delete, request by request. Who deletes is written here as DESIGN orders it, as
 * long as the keeper does not do it.
 */

const API = { repository: 'default', id: 'a' };
const DIGEST = sha256('x');

type Actor = (domain: Domain, world: World) => Promise<unknown>;

/** The store as it is, without waiting for a turn, and what was found wrong on the way. */
interface World {
  readonly store: ObjectStore;
  readonly violations: Set<string>;
}

interface Scenario {
  /** How many are played; absent: `STORIES`. */
  readonly stories?: number;
  readonly before?: readonly Actor[];
  readonly actors: readonly Actor[];
}

/** What publishing promises at the moment when it returns. */
function publish(text: string, kind: 'file' | 'archive' = 'archive', filename?: string): Actor {
  return async (domain, { store, violations }) => {
    const { arn, key } = await publishVersion(domain, API, publishable(text, kind, filename));
    const manifest = await readManifest({ store }, API, arn.version);
    if (manifest === undefined) violations.add('an ARN without a version');
    else if (manifest.assets[0].digest !== arn.digest) violations.add('an ARN of other content');
    const status = await readStatus({ store }, API, arn.version);
    // Whoever deletes the version while it is found may be the later of the two; nothing can be promised then.
    if (status !== 'Published') return arn;
    if ((await store.head(key)) === undefined) violations.add('an ARN without content');
    const reference = versionReferenceKey(arn.digest, API, arn.version, manifest?.nonce ?? '');
    if ((await store.head(reference)) === undefined) violations.add('an ARN whose version holds nothing');
    return arn;
  };
}

/** Several contents as one version under one label. Who is refused the label comes to that, and not to an error. */
function publishSeveral(texts: readonly [string, ...string[]], label: string): Actor {
  const [first, ...rest] = texts.map((text) => ({
    name: text,
    publishable: publishable(text, 'file', `${text}.txt`),
  }));
  if (first === undefined) throw new TypeError('a version has an asset');
  return async (domain, { store, violations }) => {
    try {
      const { manifest, assets } = await publishAssets(domain, API, { assets: [first, ...rest], labels: [label] });
      const version = await findLabel({ store }, API, label);
      const wanted = assets.map(({ arn }) => arn.digest).sort();
      const labelled = version?.manifest.assets.map(({ digest }) => digest).sort();
      // Whoever deletes it at the same time may be the later of the two.
      const isGone = version !== undefined && version.status !== 'Published';
      if (!isGone && String(labelled) !== String(wanted)) violations.add('a label of other content');
      return manifest.number;
    } catch (error) {
      if (hasCode(error, 'LABEL_TAKEN')) return 'LABEL_TAKEN';
      throw error;
    }
  };
}

/** status → Deleting; who uses it?; → Deleted, its references go, or back. */
function deleteVersion(number: number, used: boolean): Actor {
  return async (domain) => {
    const { store } = domain;
    const key = statusKey(API, number);
    const manifest = await readManifest(domain, API, number);
    if (manifest === undefined) return;
    if ((await store.create(key, recordContent({ status: 'Deleting' }))) !== 'created') return;
    const decided = await readRecord(store, key, (value) => value);
    if (decided === undefined) return;
    await store.replace(key, recordContent({ status: used ? 'Published' : 'Deleted' }), decided.revision);
    if (used) return;
    for (const { digest } of manifest.assets) {
      const reference = versionReferenceKey(digest, API, number, manifest.nonce);
      const head = await store.head(reference);
      if (head !== undefined) await store.removeIncarnation(reference, head.incarnation);
    }
  };
}

const collect: Actor = (domain) => collectHastily(domain, DIGEST);
const collectOther: Actor = (domain) => collectHastily(domain, sha256('y'));

/** A day has passed for every reference without a manifest. */
const audit: Actor = async (domain) => {
  const later = { ...domain, chance: { ...domain.chance, now: () => new Date(Date.UTC(2027, 0, 1)) } };
  const steps = auditDomain(later, noEvidence, { fix: true });
  while ((await steps.next()).done !== true);
};

const strayBlob: Actor = ({ store }) => store.create(blobKey(DIGEST, 'archive.zip'), contentOf('x'));
const lostReference: Actor = async ({ store }) => {
  for (const key of await keysIn(store, versionReferencePrefix(DIGEST, API))) {
    const head = await store.head(key);
    if (head !== undefined) await store.removeIncarnation(key, head.incarnation);
  }
};

const lostBlob: Actor = async ({ store }) => {
  const key = blobKey(DIGEST, 'archive.zip');
  const head = await store.head(key);
  if (head !== undefined) await store.removeIncarnation(key, head.incarnation);
};

async function play(
  { before = [], actors }: Scenario,
  choose: Choose,
  stops?: (actor: number, step: number) => boolean,
): Promise<Story & { readonly violations: readonly string[] }> {
  // Every writing has a time of its own, as far as a clock can tell.
  let now = 0;
  const store = memoryStore(() => new Date(now++));
  const world: World = { store, violations: new Set() };
  const base = await testDomain(store, 'before');
  for (const actor of before) await actor(base, world);
  const story = await interleaveIn(
    base,
    actors.map((actor) => (own) => actor(own, world)),
    choose,
    stops,
  );
  for (const violation of await wrongInTheEnd(store)) world.violations.add(violation);
  for (const outcome of story.outcomes) if (outcome instanceof Error) world.violations.add(outcome.message);
  return { ...story, violations: [...world.violations] };
}

/** Every version that may be used has all of its content, held by references, and its labels; no content is two versions, and no label leads to what it was not claimed for. */
async function wrongInTheEnd(store: ObjectStore): Promise<string[]> {
  const wrong: string[] = [];
  const versions = new Map<string, number>();
  for await (const number of listVersionNumbers({ store }, API)) {
    const manifest = await readManifest({ store }, API, number);
    if (manifest === undefined || (await readStatus({ store }, API, number)) !== 'Published') continue;
    const content = contentId(manifest.assets, manifest.set);
    versions.set(content, (versions.get(content) ?? 0) + 1);
    for (const { digest, filename } of manifest.assets) {
      if ((await store.head(blobKey(digest, filename))) === undefined) wrong.push('a version without content');
      if ((await store.head(versionReferenceKey(digest, API, number, manifest.nonce))) === undefined)
        wrong.push('a version that holds nothing');
    }
    for (const label of manifest.labels ?? []) {
      if ((await readLabel(store, API, label))?.content !== content) wrong.push('a version without its label');
    }
  }
  if ([...versions.values()].some((count) => count > 1)) wrong.push('two versions of one content');
  for (const key of await keysIn(store, labelPrefix(API))) {
    const label = key.slice(labelPrefix(API).length);
    const [record, version] = [await readLabel(store, API, label), await findLabel({ store }, API, label)];
    if (version !== undefined && contentId(version.manifest.assets, version.manifest.set) !== record?.content)
      wrong.push('a label that leads to other content');
  }
  return wrong;
}

const STORIES = 1000;
/** Of those that are long. */
const FEWER = 150;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'three publishers of the same': { actors: [publish('x'), publish('x'), publish('x')] },
  'three publishers, one of other content': { actors: [publish('x'), publish('x'), publish('y')] },
  'publishers beside what is there': { before: [publish('z')], actors: [publish('x'), publish('x'), publish('y')] },
  'two filenames and a collector': {
    before: [publish('x', 'file', 'a.env')],
    actors: [publish('x', 'file', 'b.env'), publish('x', 'file', 'b.env'), collect],
  },
  'publishers and collectors of a stray blob': {
    before: [strayBlob],
    actors: [publish('x'), collect, collect, publish('x')],
  },
  'a publisher and a refused deletion': { before: [publish('x')], actors: [publish('x'), deleteVersion(1, true)] },
  'a publisher, a deletion and a collector': {
    before: [publish('x')],
    actors: [publish('x'), sequence(deleteVersion(1, false), collect)],
  },
  'two publishers, a deletion and a collector': {
    before: [publish('x')],
    actors: [publish('x'), publish('x'), sequence(deleteVersion(1, false), collect)],
  },
  'a version that lost its reference, and a collector': {
    before: [publish('x'), lostReference],
    actors: [publish('x'), collect, collect],
  },
  'a version that lost its reference, two publishers and a collector': {
    before: [publish('x'), lostReference],
    actors: [publish('x'), publish('x'), collect],
  },
  'a version that lost its content, and a deletion': {
    before: [publish('x'), lostBlob],
    actors: [publish('x'), deleteVersion(1, false)],
  },
  'a publisher who was asleep for a day, and a collector': { actors: [publish('x'), sequence(audit, collect)] },
  'a publisher who was asleep, another, and a collector': {
    actors: [publish('x'), sequence(audit, publish('x'), collect)],
  },
  'two publishers of the same two contents under one label': {
    stories: FEWER,
    actors: [publishSeveral(['x', 'y'], '1.0.0'), publishSeveral(['y', 'x'], '1.0.0')],
  },
  'three who want one label, two for the same contents': {
    stories: FEWER,
    actors: [
      publishSeveral(['x', 'y'], '1.0.0'),
      publishSeveral(['x', 'y'], '1.0.0'),
      publishSeveral(['x', 'z'], '1.0.0'),
    ],
  },
  'publishers of several under labels, and collectors of what they share': {
    stories: FEWER,
    before: [publish('x', 'file', 'x.txt'), deleteVersion(1, false)],
    actors: [publishSeveral(['x', 'y'], '1.0.0'), publishSeveral(['y', 'z'], '2.0.0'), collect, collectOther],
  },
  'a publisher of several, a deletion of the same, and collectors': {
    stories: FEWER,
    before: [publishSeveral(['x', 'y'], '1.0.0')],
    actors: [publishSeveral(['x', 'y'], '1.0.0'), sequence(deleteVersion(1, false), collect), collectOther],
  },
};

describe.each(Object.entries(SCENARIOS))('%s', (name, scenario) => {
  const isLossFromTheStart = name.includes('lost its');
  const { stories = STORIES } = scenario;

  test('in any order', async () => {
    expect(await firstWrong(stories, (random) => play(scenario, chooseBy(random)))).toBeUndefined();
  });

  test('also when one of them stops for ever', async () => {
    const wrong = await firstWrong(stories, async (random) => {
      const stopAt = Math.floor(random() * 30);
      const { violations, trace } = await play(scenario, chooseBy(random), (_, step) => step === stopAt);
      // Whoever comes after the one that stopped can fail, and then says why; a version is never left without its content.
      return { violations: violations.filter((one) => !isLossFromTheStart || one.startsWith('an ARN')), trace };
    });
    expect(wrong).toBeUndefined();
  });
});

test.each([
  ['two publishers of the same', { actors: [publish('x'), publish('x')] }, 4],
  ['two publishers of different content', { actors: [publish('x'), publish('y')] }, 4],
  ['a publisher and a collector', { before: [strayBlob], actors: [publish('x'), collect] }, 4],
] as const)('%s in every order with few changes', async (_, scenario, switches) => {
  const played = await everyInterleaving(switches, async (choose) => {
    const { violations, trace } = await play(scenario, choose);
    expect({ violations, trace: violations.length > 0 ? trace : [] }).toEqual({ violations: [], trace: [] });
  });
  expect(played).toBeGreaterThan(100);
});
