import { describe, expect, test } from '@jest/globals';
import { contentOf, publishVersion, sha256 } from '../../repository/index.ts';
import type { Domain } from '../../repository/index.ts';
import { bind } from '../../repository/bind.ts';
import type { Wanted } from '../../repository/bind.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import { blobKey, consumersPrefix, stackReferenceKey } from '../../repository/keys.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { collectHastily } from '../support/hasty-collector.ts';
import { chooseBy, firstWrong, interleaveIn, sequence } from '../support/interleaving.ts';
import type { Choose } from '../support/interleaving.ts';
import { keysIn } from '../support/keys-in.ts';
import type { Answered } from '../support/resource-events.ts';
import { resourceEvents } from '../support/resource-events.ts';

/**
 * What CloudFormation sends for one resource, delivered late, twice and in any order, against the records of what it uses. Events are named by their
 * RequestId (`R1` …) and come one second after the other.
 */

const RESOURCE: StackResource = {
  account: '111122223333',
  region: 'eu-west-1',
  stack: 'shop',
  uuid: '6c5c5d50-0000-0000-0000-000000000000',
  logicalId: 'ApiArtifact',
};
const API = { repository: 'default', id: 'a' };

interface World extends Answered {
  readonly domain: Domain;
}

type Actor = (domain: Domain, world: World) => Promise<unknown>;

function wanted(text: string): Wanted {
  const digest = sha256(text);
  const key = blobKey(digest, 'archive.zip');
  return { arn: `arn of ${text}`, key, digest, filename: 'archive.zip', size: text.length };
}

function collect(text: string): Actor {
  return (domain) => collectHastily(domain, sha256(text));
}

interface Scenario {
  readonly before?: readonly Actor[];
  readonly actors: readonly Actor[];
  /** What is bound in the end: `generation text`; a generation is that with which an event was answered. */
  readonly bound: readonly (readonly [event: string, text: string])[];
}

async function play(
  { before = [], actors, bound }: Scenario,
  choose: Choose,
): Promise<{ readonly violations: readonly string[]; readonly trace: readonly string[] }> {
  const store = memoryStore(() => new Date(0));
  const base = await testDomain(store, 'before');
  const world: World = { domain: base, store, violations: new Set(), answers: new Map() };
  for (const text of ['x', 'y']) await store.create(wanted(text).key, contentOf(text));
  for (const actor of before) await actor(base, world);
  const { trace } = await interleaveIn(
    base,
    actors.map((actor) => (own) => actor(own, world)),
    choose,
  );
  const expected = bound.map(([event, text]) => ({ generation: world.answers.get(event) ?? '?', text }));
  const references = expected.map(({ generation, text }) => stackReferenceKey(sha256(text), RESOURCE, generation));
  const actual = (await keysIn(store, 'references/')).filter((key) => key.includes('/stack/'));
  if (actual.join() !== references.join())
    world.violations.add(`references ${actual.join()} instead of ${references.join()}`);
  const consumers = await keysIn(store, consumersPrefix(RESOURCE));
  const entries = expected.map(({ generation, text }) => `${consumersPrefix(RESOURCE, generation)}${sha256(text)}`);
  if (consumers.join() !== entries.join())
    world.violations.add(`consumers ${consumers.join()} instead of ${entries.join()}`);
  for (const { text } of expected) {
    if ((await store.head(wanted(text).key)) === undefined) world.violations.add(`'${text}' is used and gone`);
  }
  return { violations: [...world.violations], trace };
}

const { want, drop } = resourceEvents(RESOURCE, wanted);
const created = want('x', 1);
const updated = want('y', 2, { event: 'R1', had: 'x' });
const rolledBack = want('x', 3, { event: 'R2', had: 'y' });

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a Create delivered three times': { actors: [created, created, created], bound: [['R1', 'x']] },
  'a Create that is cancelled while it works': { actors: [created, drop(2)], bound: [] },
  'a cancelled Create, both delivered twice': { actors: [created, created, drop(2), drop(2)], bound: [] },
  'a Create that comes again after its stack is gone': {
    before: [created],
    actors: [drop(2, 'R1'), created, drop(2, 'R1')],
    bound: [],
  },
  'an update and its cleanup': {
    before: [created],
    actors: [sequence(updated, drop(3, 'R1')), updated],
    bound: [['R2', 'y']],
  },
  'an update whose Create comes again': {
    before: [created],
    actors: [sequence(updated, drop(3, 'R1')), created, drop(3, 'R1')],
    bound: [['R2', 'y']],
  },
  'an update that is rolled back by another Update': {
    before: [created],
    actors: [sequence(updated, rolledBack, drop(4, 'R2')), updated, drop(4, 'R2')],
    bound: [['R1', 'x']],
  },
  'an update that is rolled back by a Delete alone': {
    before: [created],
    actors: [sequence(updated, drop(4, 'R2')), updated, updated],
    bound: [['R1', 'x']],
  },
  'a Create that comes again after an update was rolled back by a Delete alone': {
    before: [created, updated],
    actors: [drop(4, 'R2'), created, created],
    bound: [['R1', 'x']],
  },
  'a rolled-back update, all of it again': {
    before: [created],
    actors: [sequence(updated, rolledBack, drop(4, 'R2')), rolledBack, rolledBack],
    bound: [['R1', 'x']],
  },
  'back to what was before, while the old Delete is late': {
    before: [created, updated],
    actors: [sequence(want('x', 4, { event: 'R2', had: 'y' }), drop(5, 'R2')), drop(3, 'R1'), drop(3, 'R1')],
    bound: [['R4', 'x']],
  },
  'back to what was before, then the stack goes': {
    before: [created, updated],
    actors: [
      sequence(want('x', 4, { event: 'R2', had: 'y' }), drop(5, 'R2'), drop(6, 'R4')),
      drop(3, 'R1'),
      want('x', 4, { event: 'R2', had: 'y' }),
    ],
    bound: [],
  },
  'an update that changes nothing, twice': {
    before: [created],
    actors: [want('x', 2, { event: 'R1', had: 'x' }), want('x', 2, { event: 'R1', had: 'x' })],
    bound: [['R1', 'x']],
  },
  'an update that changes nothing, again after its stack is gone': {
    before: [created, want('x', 2, { event: 'R1', had: 'x' })],
    actors: [drop(3, 'R1'), want('x', 2, { event: 'R1', had: 'x' })],
    bound: [],
  },
};

const STORIES = 800;

describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
  test('in any order leaves exactly what is deployed', async () => {
    expect(await firstWrong(STORIES, (random) => play(scenario, chooseBy(random)))).toBeUndefined();
  });
});

test('a collector, in any order, takes nothing that a Create or Update was answered for', async () => {
  const actors = [sequence(updated, drop(3, 'R1')), collect('y'), collect('x'), want('x', 9)];
  const wrong = await firstWrong(STORIES, async (random) => {
    const { violations, trace } = await play({ before: [created], actors, bound: [] }, chooseBy(random));
    return { violations: violations.filter((one) => one === 'answered without content'), trace };
  });
  expect(wrong).toBeUndefined();
});

test('a binding of a published version keeps it from being collected', async () => {
  const domain = await testDomain();
  const { arn, key } = await publishVersion(domain, API, publishable('x'));
  const use: Wanted = { ...wanted('x'), key, version: { ...API, number: arn.version } };
  const operation = {
    resource: RESOURCE,
    stackId: 's',
    requestId: 'R1',
    issued: '2026-01-01T00:00:01Z',
    pinned: false,
  };
  await bind(domain, { ...operation, replaces: false }, [use]);
  await collect('x')(domain, { domain, store: domain.store, violations: new Set(), answers: new Map() });
  expect(await domain.store.head(key)).toBeDefined();
});
