import { describe, expect, test } from '@jest/globals';
import type { Wanted } from '../../../repository/bind.ts';
import type { StackResource } from '../../../repository/stack-id.ts';
import { readBindingRecord } from '../../../repository/binding.ts';
import { domainBucket } from '../../../repository/domain.ts';
import { hasCode } from '../../../repository/error.ts';
import { fetchContent } from '../../../repository/home/fetch.ts';
import type { Homes } from '../../../repository/home/home.ts';
import { ownAway } from '../../../repository/home/own-away.ts';
import { tellAll, tellOf } from '../../../repository/home/tell.ts';
import {
  ArtifactError,
  contentOf,
  establishDomain,
  formatArn,
  ownKeeper,
  parseArn,
  publishVersion,
  sha256,
} from '../../../repository/index.ts';
import type { Domain, ObjectStore } from '../../../repository/index.ts';
import { blobKey, EVERY_NOTE } from '../../../repository/keys.ts';
import type { ObjectKey } from '../../../repository/object-store.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { prefixed } from '../../../repository/stores/prefixed.ts';
import { allOf } from '../../support/all-of.ts';
import { steadyChance } from '../../support/chance.ts';
import { publishable } from '../../support/domain.ts';
import { collectHastily } from '../../support/hasty-collector.ts';
import { chooseBy, firstWrong, interleaveIn, sequence } from '../../support/interleaving.ts';
import type { Judged } from '../../support/interleaving.ts';
import { keysIn } from '../../support/keys-in.ts';
import { askedBefore, FAR, HERE } from '../../support/neighbours.ts';
import type { Answered } from '../../support/resource-events.ts';
import { resourceEvents } from '../../support/resource-events.ts';

/**
 * What CloudFormation sends for one resource that uses what is at home elsewhere, what its home is told of it, by whom and when, and who dies of it, in any order. In the end, when
 * the last has been told, home's record stands exactly where the reference here does.
 */

const RESOURCE: StackResource = {
  ...{ account: HERE.account, region: HERE.region, stack: 'shop' },
  ...{ uuid: '6c5c5d50-0000-0000-0000-000000000000', logicalId: 'ApiArtifact' },
};
const HOUR_MS = 60 * 60 * 1000;

interface World extends Answered {
  now: number;
  isHomeOpen: boolean;
}

type Actor = (domain: Domain, world: World) => Promise<unknown>;

/** The other domain stands in the same store, so that its requests have turns as well. */
function homesOf(store: ObjectStore, world: World): Homes {
  const at = askedBefore(prefixed(store, 'far/'), () => {
    if (!world.isHomeOpen) throw new ArtifactError('STORE_UNAVAILABLE', 'connection refused');
  });
  return { domain: async () => ({ bucket: domainBucket(FAR), store: at }), content: async () => at };
}

function wanted(text: string): Wanted {
  const digest = sha256(text);
  const arn = formatArn({ ...FAR, repository: 'default', id: text, version: 1, digest });
  return { arn, key: blobKey(digest, 'archive.zip'), digest, filename: 'archive.zip', home: FAR };
}

/** As the clock has it done each hour. */
const tick: Actor = (domain, world) => allOf(tellAll(domain, homesOf(domain.store, world), new Date(world.now)));
const tell: Actor = (domain, world) => allOf(tellOf(domain, homesOf(domain.store, world), { resource: RESOURCE }));
const closes = turning(false);
const opens = turning(true);

/** Some turns later. */
function turning(isHomeOpen: boolean): Actor {
  return async ({ chance }, world) => {
    for (let turn = 0; turn < 3; turn++) await chance.pause(0);
    world.isHomeOpen = isHomeOpen;
  };
}
/** Whatever is noted was noted long ago. */
const later: Actor = async (_, world) => (world.now += 2 * HOUR_MS);

interface Scenario {
  readonly before?: readonly Actor[];
  readonly actors: readonly Actor[];
}

async function play({ before = [], actors }: Scenario, random: () => number, dies: boolean): Promise<Judged> {
  const world: World = {
    ...{
      answers: new Map<string, string>(),
      violations: new Set<string>(),
      now: Date.UTC(2026, 0, 1),
      isHomeOpen: true,
    },
    store: memoryStore(() => new Date(world.now)),
  };
  const { store } = world;
  const chance = { ...steadyChance('before'), now: () => new Date(world.now) };
  const far = prefixed(store, 'far/');
  const parts = { keeper: ownKeeper(far), chance };
  const base = await establishDomain(
    { store, ...parts, keeper: ownKeeper(store) },
    { ...HERE, bucket: domainBucket(HERE) },
  );
  const elsewhere = await establishDomain({ store: far, ...parts }, { ...FAR, bucket: domainBucket(FAR) });
  for (const text of ['x', 'y'])
    await publishVersion(elsewhere, { repository: 'default', id: text }, publishable(text));
  const reaching = (domain: Domain): Domain => ({ ...domain, away: ownAway(domain, homesOf(domain.store, world)) });
  for (const actor of before) await actor(reaching(base), world);
  const victim = dies ? Math.floor(random() * actors.length) : -1;
  const last = Math.floor(random() * 60);
  const { trace, outcomes } = await interleaveIn(
    base,
    actors.map((actor) => (own) => actor(reaching(own), world)),
    chooseBy(random),
    (actor, step) => actor === victim && step >= last,
  );
  for (const outcome of outcomes) {
    if (outcome instanceof Error && !hasCode(outcome, 'SUPERSEDED', 'STORE_UNAVAILABLE'))
      world.violations.add(String(outcome.stack));
  }
  world.isHomeOpen = true;
  for (let hour = 0; hour < 2; hour++) {
    world.now += HOUR_MS;
    await tick(base, world);
  }
  await compare(store, world.violations);
  return { violations: [...world.violations], trace };
}

async function compare(store: ObjectStore, violations: Set<string>): Promise<void> {
  const own = await keysIn(store, 'references/');
  const told = (await keysIn(store, 'far/references/')).map((key) => key.slice('far/'.length));
  const [here, there] = [own, told].map((keys) => keys.filter((key) => key.includes('/stack/')));
  if (here?.join() !== there?.join()) violations.add(`here ${here?.join() ?? ''}, at home ${there?.join() ?? ''}`);
  for (const key of here ?? []) {
    const [one, other] = await Promise.all([
      readIssued(store, objectKey(key)),
      readIssued(store, objectKey(`far/${key}`)),
    ]);
    if (one !== other) violations.add(`here wanted at ${one}, at home at ${other}`);
  }
  for (const key of await keysIn(store, EVERY_NOTE)) violations.add(`noted for ever: ${key}`);
}

async function readIssued(store: ObjectStore, key: ObjectKey): Promise<string> {
  return (await readBindingRecord(store, key))?.value.issued ?? 'none';
}

const { want, drop } = resourceEvents(RESOURCE, wanted);
const created = want('x', 1);
const updated = want('y', 2, { event: 'R1', had: 'x' });
const rolledBack = want('x', 3, { event: 'R2', had: 'y' });

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a Create delivered twice': { actors: [created, created, tick] },
  'a Create that is cancelled while it works': { actors: [created, drop(2), tick, tell] },
  'a Delete, when all was told long ago': { before: [created, later], actors: [drop(2, 'R1'), tick, tick, tell] },
  'a Delete delivered twice, and a Create that comes again': {
    before: [created, later],
    actors: [drop(2, 'R1'), drop(2, 'R1'), created, tick],
  },
  'an update and its cleanup': { before: [created, later], actors: [sequence(updated, drop(3, 'R1')), tick, tick] },
  'an update that is rolled back': {
    before: [created, later],
    actors: [sequence(updated, rolledBack, drop(4, 'R2')), updated, tick],
  },
  'a rollback while the old Delete is late': {
    before: [created, updated, later],
    actors: [rolledBack, drop(4, 'R2'), tick, tell],
  },
  'a Delete of which home has not heard for long': {
    before: [created, later, closes, drop(2, 'R1'), later],
    actors: [tick, opens, tick],
  },
  'a home that goes in the middle': {
    before: [created, later],
    actors: [sequence(updated, drop(3, 'R1')), closes, tick],
  },
};

const STORIES = 120;

describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
  test('in any order comes to home as it is here', async () => {
    expect(await firstWrong(STORIES, (random) => play(scenario, random, false))).toBeUndefined();
  });

  test('in any order, with one who dies, comes to home as it is here', async () => {
    expect(await firstWrong(STORIES, (random) => play(scenario, random, true))).toBeUndefined();
  });
});

test('a collector here, in any order, takes nothing that was answered for; what goes comes again from home', async () => {
  const gone: Actor = (domain) => collectHastily(domain, sha256('x'));
  const fetched: Actor = (domain, world) =>
    fetchContent(domain, homesOf(domain.store, world), parseArn(wanted('x').arn), 'archive.zip');
  const condemned: Actor = (domain) => domain.store.create(wanted('x').key, contentOf('x'));
  const scenario: Scenario = { before: [condemned], actors: [created, gone, fetched, gone] };
  expect(await firstWrong(STORIES * 2, (random) => play(scenario, random, false))).toBeUndefined();
});
