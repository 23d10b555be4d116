import { describe, expect, test } from '@jest/globals';
import { formatArn, ownKeeper, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Domain, ObjectKey, ObjectStore, Publication } from '../../../repository/index.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import { referencesPrefix, statusKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import type { Status } from '../../../repository/status.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { collectHastily } from '../../support/hasty-collector.ts';
import {
  chooseBy,
  everyInterleaving,
  firstWrong,
  interleave,
  interleaveIn,
  sequence,
} from '../../support/interleaving.ts';
import type { Choose } from '../../support/interleaving.ts';
import { keysIn } from '../../support/keys-in.ts';

/**
 * Adding and removing references by hand, against each other, against whoever deletes the version or its content, and stopped for ever before any
 * request. What the keeper acknowledged is there until somebody removes it; what it refused leaves nobody behind.
 */

const NAME = { repository: 'default', id: 'shop/api' };
const DIGEST = sha256('x');

interface World {
  readonly published: Publication;
  readonly store: ObjectStore;
  readonly violations: Set<string>;
  /** Acknowledged adds during which nobody removed anything, and since which nobody has begun to. */
  promised: number;
  /** Removals that have begun, and that have ended. */
  readonly removals: { begun: number; ended: number };
}

type Actor = (domain: Domain, world: World) => Promise<unknown>;

const users = (store: ObjectStore): Promise<ObjectKey[]> => keysIn(store, `${referencesPrefix(DIGEST)}named/`);

const keeping = (domain: Domain) => ({ domain, evidence: noEvidence, isTimeUp: () => false });

const add: Actor = async (domain, world) => {
  const { published, store, removals } = world;
  const { begun, ended } = removals;
  const command = { command: 'reference-add', arn: formatArn(published.arn), consumer: 'job' } as const;
  const { results } = await carryOut(command, keeping(domain));
  // A removal at the same time may count as later.
  if (begun === ended && begun === removals.begun) {
    world.promised += 1;
    if ((await store.head(published.key)) === undefined) world.violations.add('promised without content');
  }
  return results[0];
};

const remove: Actor = async (domain, world) => {
  world.promised = 0;
  world.removals.begun += 1;
  const command = { command: 'reference-remove', arn: formatArn(world.published.arn), consumer: 'job' } as const;
  const { results } = await carryOut(command, keeping(domain));
  world.removals.ended += 1;
  return results.length;
};

/** Gives the version up unless somebody uses it, then lets go of the content: deleteVersion of the design. */
const deleteVersion: Actor = async ({ store, chance }, { published }) => {
  const key = statusKey(NAME, published.arn.version);
  const status = (word: Status): ReturnType<typeof recordContent> =>
    recordContent({ status: word, nonce: chance.nonce() });
  await store.create(key, status('Deleting'));
  const head = await store.head(key);
  if (head === undefined) throw new Error('no status');
  const isUsed = (await users(store)).length > 0;
  await store.replace(key, status(isUsed ? 'Published' : 'Deleted'), head.revision);
  if (isUsed) return 'refused';
  for (const reference of await keysIn(store, `${referencesPrefix(DIGEST)}version/`)) {
    const found = await store.head(reference);
    if (found !== undefined) await store.removeRevision(reference, found.revision);
  }
  return 'deleted';
};

const collect: Actor = (domain) => collectHastily(domain, DIGEST);

interface Played {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly outcomes: readonly unknown[];
}

async function play(
  actors: readonly Actor[],
  choose: Choose,
  stops?: (actor: number, step: number) => boolean,
): Promise<Played> {
  const store = memoryStore(() => new Date(0));
  const base = await testDomain(store, 'before');
  const published = await publishVersion(base, NAME, publishable('x'));
  const world: World = { published, store, violations: new Set(), promised: 0, removals: { begun: 0, ended: 0 } };
  const { trace, outcomes } = await interleaveIn(
    base,
    actors.map((actor) => (own) => actor(own, world)),
    choose,
    stops,
  );
  const isUsed = (await users(store)).length > 0;
  const isThere = (await store.head(published.key)) !== undefined;
  if (world.promised > 0 && !isUsed) world.violations.add('promised, and lost');
  if (world.promised > 0 && !isThere) world.violations.add('promised, and its content is gone');
  const isRefused = actors.every((actor, index) => actor !== add || outcomes[index] instanceof Error);
  if (stops === undefined && actors.includes(add) && isRefused && isUsed)
    world.violations.add('refused, and left behind');
  return { violations: [...world.violations], trace, outcomes };
}

const SCENARIOS: Readonly<Record<string, readonly Actor[]>> = {
  'two who add the same': [add, add],
  'an add while the version is deleted': [add, sequence(deleteVersion, collect)],
  'two adds while the version is deleted': [add, add, sequence(deleteVersion, collect)],
  'an add while it is removed and the version deleted': [add, remove, sequence(deleteVersion, collect)],
  'adds and removals': [add, remove, add, remove],
  'all at once': [add, add, remove, sequence(deleteVersion, collect), collect],
};

const STORIES = 500;

describe.each(Object.entries(SCENARIOS))('%s', (_, actors) => {
  test('in any order', async () => {
    expect(await firstWrong(STORIES, (random) => play(actors, chooseBy(random)))).toBeUndefined();
  });

  test('in any order, where anybody may stop for ever before any request', async () => {
    const wrong = await firstWrong(STORIES, (random) => play(actors, chooseBy(random), () => random() < 0.03));
    expect(wrong).toBeUndefined();
  });
});

test('two who add while the version is deleted, in every order of three turns', async () => {
  const refusals = new Set<string>();
  const played = await everyInterleaving(2, async (choose) => {
    const { violations, trace, outcomes } = await play([add, add, deleteVersion], choose);
    expect({ violations, trace: violations.length > 0 ? trace : [] }).toEqual({ violations: [], trace: [] });
    refusals.add(outcomes.map((one) => (one instanceof Error ? 'refused' : 'done')).join());
  });
  expect(played).toBeGreaterThan(100);
  // It is no proof if nothing was ever refused.
  expect(refusals.size).toBeGreaterThan(1);
});

test('a keeper that dies anywhere in an add is followed by one that completes it, or removes it', async () => {
  for (const second of [add, remove]) {
    for (let died = 0; died < 12; died++) {
      const store = memoryStore(() => new Date(0));
      const domain = await testDomain(store, 'before');
      const published = await publishVersion(domain, NAME, publishable('x'));
      const world: World = { published, store, violations: new Set(), promised: 0, removals: { begun: 0, ended: 0 } };
      await interleave(
        store,
        [(own) => add({ ...domain, store: own, keeper: ownKeeper(own) }, world)],
        ([only = 0]) => only,
        (_, step) => step === died,
      );
      const outcome = await second(domain, world);
      expect(await users(store)).toHaveLength(second === add ? 1 : 0);
      if (second === add) expect(outcome).toMatchObject({ consumer: 'job' });
    }
  }
});
