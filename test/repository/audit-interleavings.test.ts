import { describe, expect, test } from '@jest/globals';
import { audit } from '../../repository/audit/audit.ts';
import type { Operation, Wanted } from '../../repository/bind.ts';
import { bind } from '../../repository/bind.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import type { Evidence, StackEvidence } from '../../repository/evidence/evidence.ts';
import { formatArn, hasCode, publishVersion, readManifest } from '../../repository/index.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { contentOf, sha256 } from '../../repository/index.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { undeleteVersion } from '../../repository/deleting/undelete.ts';
import { blobKey, parseVersionKey, stackReferenceKey, versionReferenceKey } from '../../repository/keys.ts';
import { readStatus, writeStatus } from '../../repository/status.ts';
import { formatPhysicalId } from '../../repository/physical-id.ts';
import { release } from '../../repository/release.ts';
import { formatStackId } from '../../repository/stack-id.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { collectHastily } from '../support/hasty-collector.ts';
import { chooseBy, everyInterleaving, firstWrong, interleaveIn, sequence } from '../support/interleaving.ts';
import type { Choose } from '../support/interleaving.ts';
import { keysIn } from '../support/keys-in.ts';

/**
 * Audits that heal, against everything that writes what they look at, request by request. CloudFormation is one more that goes on between any two
 * of them. For the audits it is a day later: nothing is too young.
 */

const RESOURCE: StackResource = {
  account: '000000000000',
  region: 'local',
  stack: 'shop',
  uuid: '6c5c5d50-0000-0000-0000-000000000000',
  logicalId: 'ApiArtifact',
};
const STACK_ID = formatStackId('aws', RESOURCE);
const API = { repository: 'default', id: 'a' };

/** What CloudFormation would say of the stack. */
interface Stack {
  state: 'settled' | 'changing' | 'gone';
  generation: string | undefined;
  text: string;
  changed: Date;
}

interface World {
  /** Without waiting for a turn. */
  readonly store: ObjectStore;
  readonly stack: Stack;
  readonly violations: Set<string>;
  /** Numbers of versions. */
  readonly acknowledged: Set<number>;
}

type Actor = (domain: Domain, world: World, pause: () => Promise<void>) => Promise<unknown>;

function issuedAt(second: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, second));
}

function wanted(text: string): Wanted {
  const digest = sha256(text);
  const arn = formatArn({ ...{ partition: 'aws', region: 'local', account: '000000000000' }, ...API, digest });
  return { arn, key: blobKey(digest, 'archive.zip'), digest, filename: 'archive.zip', size: text.length };
}

function operationOf(second: number, current: string | undefined, replaces: boolean): Operation {
  return {
    ...{ resource: RESOURCE, stackId: STACK_ID, requestId: `R${second}`, issued: issuedAt(second).toISOString() },
    ...{ pinned: false, replaces, ...(current !== undefined && { current }) },
  };
}

async function requireUse(world: World, text: string, generation: string, when: string): Promise<void> {
  const { store, violations } = world;
  if ((await store.head(stackReferenceKey(sha256(text), RESOURCE, generation))) === undefined)
    violations.add(`'${text}' is used without a reference ${when}`);
  if ((await store.head(wanted(text).key)) === undefined) violations.add(`'${text}' is used and gone ${when}`);
}

/** An update of the stack, or its creation. `fails`: after the reference was updated; it is rolled back, in one of the ways of CloudFormation. */
function update(text: string, second: number, fails?: 'by an update' | 'by a Delete alone'): Actor {
  return async (domain, world, pause) => {
    const { stack } = world;
    await pause();
    stack.state = 'changing';
    const old = stack.generation;
    const oldText = stack.text;
    const event = operationOf(second, old, old !== undefined && text !== oldText);
    const made = await bind(domain, event, [wanted(text)]).catch((error: unknown) => {
      // Nothing held it until now. The stack fails to update, and has what it had.
      if (hasCode(error, 'CONTENT_MISSING', 'ARTIFACT_DELETED')) return undefined;
      throw error;
    });
    if (made === undefined) {
      await drop(domain.store, event.requestId, second + 2);
      stack.state = 'settled';
      return;
    }
    await requireUse(world, text, made, 'after its event');
    await pause();
    let [kept, dropped, keptText] = [made, old, text];
    if (fails !== undefined && old !== undefined) {
      [kept, dropped, keptText] = [old, made, oldText];
      if (fails === 'by an update') {
        kept = await bind(domain, operationOf(second + 1, made, text !== oldText), [wanted(oldText)]);
      }
      await requireUse(world, oldText, kept, 'after a rollback');
    }
    if (dropped !== undefined && dropped !== kept) await drop(domain.store, dropped, second + 2);
    await pause();
    await requireUse(world, keptText, kept, 'at the end');
    Object.assign(stack, { state: 'settled', generation: kept, text: keptText, changed: issuedAt(second) });
  };
}

function drop(store: ObjectStore, generation: string, second: number): Promise<number> {
  const issued = issuedAt(second).toISOString();
  return release(store, { resource: RESOURCE, requestId: `D${second}`, issued, generation });
}

function remove(second: number): Actor {
  return async (domain, { stack }, pause) => {
    await pause();
    stack.state = 'changing';
    if (stack.generation !== undefined) await drop(domain.store, stack.generation, second);
    await pause();
    Object.assign(stack, { state: 'gone', generation: undefined, changed: issuedAt(second) });
  };
}

/** A Delete that comes only now. */
function late(generation: string, second: number): Actor {
  return (domain) => drop(domain.store, generation, second);
}

/** An event that comes again, when nobody waits for its answer. */
function again(text: string, second: number, current?: string): Actor {
  return (domain) =>
    bind(domain, operationOf(second, current, current !== undefined), [wanted(text)]).catch(() => undefined);
}

/** A binding of which no Delete will ever come. */
function leak(text: string, second: number): Actor {
  return (domain) => bind(domain, operationOf(second, undefined, false), [wanted(text)]);
}

const heal: Actor = async (domain, { stack }, pause) => {
  const evidence: Evidence = {
    stack: async (): Promise<StackEvidence> => {
      await pause();
      const { state, generation, text, changed } = stack;
      if (state !== 'settled') return { state };
      const physicalId = formatPhysicalId(generation ?? '', wanted(text).arn);
      const resource = { logicalId: RESOURCE.logicalId, physicalId, type: 'Custom::ArtifactRef' };
      return { state, resources: generation === undefined ? [] : [resource], changed };
    },
    importers: async function* () {
      await pause();
      yield { stackId: STACK_ID };
    },
    isRun: () => Promise.resolve(undefined),
  };
  const now = (): Date => new Date(Date.UTC(2027, 0, 1));
  const own = { ...domain, chance: { ...domain.chance, now } };
  const steps = audit(own, evidence, { fix: true });
  while ((await steps.next()).done !== true);
};

function collect(text: string): Actor {
  return (domain) => collectHastily(domain, sha256(text));
}

/** As damage would. */
function lose(prefix: string): Actor {
  return async ({ store }) => {
    for (const key of await keysIn(store, prefix)) {
      const head = await store.head(key);
      if (head !== undefined) await store.removeRevision(key, head.revision);
    }
  };
}

const publish: Actor = async (domain, { store, violations }) => {
  const { arn, key } = await publishVersion(domain, API, publishable('x'));
  const manifest = await readManifest({ store }, API, arn.version);
  if ((await store.head(key)) === undefined) violations.add('a version without content');
  if ((await store.head(versionReferenceKey(arn.digest, API, arn.version, manifest?.nonce ?? ''))) === undefined)
    violations.add('a version that holds nothing');
};

/** What somebody was told exists, and holds its content from then on, unless it is deleted. */
async function acknowledge({ acknowledged }: World, number: number): Promise<void> {
  acknowledged.add(number);
}

/** A publisher of what a version had before it lost its reference. */
const publishAgain: Actor = async (domain, world) => {
  await acknowledge(world, (await publishVersion(domain, API, publishable('x'))).arn.version);
};

const giveUp: Actor = (domain) => deleteVersion(domain, API, 1);

const takeBack: Actor = async (domain, world) => {
  try {
    if ((await undeleteVersion(domain, API, 1))?.outcome === 'undeleted') await acknowledge(world, 1);
  } catch (error) {
    // Its content is gone, or its deletion was begun by somebody who died.
    if (!hasCode(error, 'ARTIFACT_DELETED', 'CONTENTION')) throw error;
  }
};

/** Somebody who died while he deleted the first version. */
const dieWhileDeleting: Actor = (domain) =>
  writeStatus(domain, { ...API, number: 1 }, { status: 'Deleting', was: 'Published' }, undefined);

async function wrongVersions({ store, acknowledged }: World): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const key of await keysIn(store, 'versions/')) {
    const { number } = parseVersionKey(key);
    const manifest = await readManifest({ store }, API, number);
    if (manifest === undefined) continue;
    const held = await store.head(versionReferenceKey(sha256('x'), API, number, manifest.nonce));
    const status = await readStatus({ store }, API, number);
    if (status === 'Deleting') wrong.push(`nobody comes to the end of the deletion of ${number}`);
    if (status === 'Deleted' && held !== undefined) wrong.push(`${number} was deleted, and holds its content for ever`);
    if (status !== 'Published' || !acknowledged.has(number)) continue;
    if (held === undefined) wrong.push(`${number} holds nothing`);
    if ((await store.head(wanted('x').key)) === undefined) wrong.push(`${number} has no content`);
  }
  return wrong;
}

interface Scenario {
  readonly before?: readonly Actor[];
  readonly actors: readonly Actor[];
  /** What a Delete has ended never comes back, not even until the next audit. */
  readonly endsForGood?: true;
}

async function play(
  { before = [], actors, endsForGood }: Scenario,
  choose: Choose,
  stops?: (actor: number, step: number) => boolean,
): Promise<{ readonly violations: readonly string[]; readonly trace: readonly string[] }> {
  const store = memoryStore(() => new Date(0));
  const base = await testDomain(store, 'before');
  const stack: Stack = { state: 'settled', generation: undefined, text: '', changed: issuedAt(0) };
  const world: World = { store, stack, violations: new Set(), acknowledged: new Set() };
  for (const text of ['x', 'y', 'z']) await store.create(wanted(text).key, contentOf(text));
  for (const actor of before) await actor(base, world, async () => undefined);
  const { trace, outcomes } = await interleaveIn(
    base,
    actors.map((actor) => (own, pause) => actor(own, world, pause)),
    choose,
    stops,
  );
  for (const outcome of outcomes) if (outcome instanceof Error) world.violations.add(outcome.message);
  if (stack.state !== 'changing') {
    if (stack.generation !== undefined && !(await isLost(store, stack))) {
      await requireUse(world, stack.text, stack.generation, 'when all is done');
    }
    const left = (await keysIn(store, 'references/')).filter((key) => key.includes('/stack/'));
    // One that dies may have no time to take it back.
    if (endsForGood === true && stops === undefined && left.length > 0)
      world.violations.add('a binding that was ended is back');
    // Whatever came too late, one more audit leaves exactly what is deployed.
    await heal(base, world, async () => undefined);
    const expected = stack.generation === undefined ? [] : [stack.generation];
    for (const prefix of ['references/', 'consumers/']) {
      const keys = (await keysIn(store, prefix)).filter((key) => key.includes('/stack/'));
      const found = keys.map((key) => key.split('/').at(prefix === 'references/' ? -1 : -2));
      if (found.join() !== expected.join()) world.violations.add(`${prefix} ${found.join()}, not ${expected.join()}`);
    }
    for (const wrong of await wrongVersions(world)) world.violations.add(wrong);
  }
  return { violations: [...world.violations], trace };
}

/** Of what was lost from the start nothing is asked before the last audit. */
async function isLost(store: ObjectStore, { text }: Stack): Promise<boolean> {
  return (await store.head(blobKey(sha256(text), 'lost from the start'))) !== undefined;
}

const marked: Actor = ({ store }) => store.create(blobKey(sha256('x'), 'lost from the start'), contentOf('x'));
const references = `references/${sha256('x')}/stack/`;
const holding = `references/${sha256('x')}/version/`;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'an update': { before: [update('x', 1)], actors: [update('y', 10), heal] },
  'an update that takes up a binding which is stale': {
    before: [leak('y', 1), update('x', 4)],
    actors: [update('y', 10), heal],
  },
  'an update that takes up a stale binding, two audits and a collector': {
    before: [leak('y', 1), update('x', 4)],
    actors: [update('y', 10), heal, heal, collect('y')],
  },
  'an update that is rolled back by an update, with a stale binding of both': {
    before: [leak('y', 1), leak('x', 2), update('x', 4)],
    actors: [update('y', 10, 'by an update'), heal],
  },
  'an update that is rolled back by a Delete alone': {
    before: [leak('y', 1), update('x', 4)],
    actors: [update('y', 10, 'by a Delete alone'), heal],
  },
  'two updates in a row, and events that come late': {
    before: [update('x', 1)],
    actors: [sequence(update('y', 10), update('x', 20)), again('y', 10, 'R1'), again('x', 1), heal],
  },
  'a Delete that comes after what it ended is used again': {
    before: [update('x', 1), update('y', 10)],
    actors: [update('x', 20), late('R1', 12), heal],
  },
  'a stack that goes': { before: [update('x', 1)], actors: [remove(10), heal, again('x', 1)] },
  'a lost binding and an update': {
    before: [update('x', 1), marked, lose(references), lose('consumers/')],
    actors: [update('y', 10), heal],
  },
  'a lost binding and an update that changes nothing': {
    before: [update('x', 1), marked, lose(references), lose('consumers/')],
    actors: [update('x', 10), heal],
  },
  'a lost reference, an update that is rolled back, two audits': {
    before: [update('x', 1), lose(references)],
    actors: [update('y', 10, 'by an update'), heal, heal],
  },
  'a lost entry, and a stack that goes': {
    before: [update('x', 1), lose('consumers/')],
    actors: [remove(10), heal],
  },
  'a lost binding, and a stack that goes': {
    before: [update('x', 1), marked, lose(references), lose('consumers/')],
    actors: [remove(10), heal],
    endsForGood: true,
  },
  'a lost binding, two audits and a collector of what is not used': {
    before: [update('x', 1), marked, lose(references), lose('consumers/')],
    actors: [heal, heal, collect('y')],
  },
  'publishers, of whom any may sleep for a day, and a collector': {
    actors: [publish, publish, sequence(heal, collect('x'))],
  },
  'a publisher who puts a reference back while its version is deleted': {
    before: [publish, lose(holding)],
    actors: [publishAgain, giveUp, heal],
  },
  'a publisher who puts a reference back while its version is deleted and taken back, and a collector': {
    before: [publish, lose(holding)],
    actors: [publishAgain, sequence(giveUp, takeBack), sequence(heal, collect('x'))],
  },
  'a deletion that nobody came to the end of, two audits, and one who takes it back': {
    before: [publish, dieWhileDeleting],
    actors: [heal, heal, takeBack],
  },
};

const STORIES = 300;

describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
  test('beside audits in any order: nothing in use is without its reference, and in the end all is exact', async () => {
    expect(await firstWrong(STORIES, (random) => play(scenario, chooseBy(random)))).toBeUndefined();
  });

  test('also when an audit dies anywhere', async () => {
    const dies = scenario.actors.indexOf(heal);
    const wrong = await firstWrong(STORIES / 3, (random) => {
      const stopAt = Math.floor(random() * 40);
      return play(scenario, chooseBy(random), (actor, step) => actor === dies && step >= stopAt);
    });
    expect(wrong).toBeUndefined();
  });
});

test.each(['an update that takes up a binding which is stale', 'a lost binding and an update'])(
  '%s beside an audit, in every order with few changes',
  async (name) => {
    const scenario = SCENARIOS[name] ?? { actors: [] };
    const played = await everyInterleaving(3, async (choose) => {
      const { violations, trace } = await play(scenario, choose);
      expect({ violations, trace: violations.length > 0 ? trace : [] }).toEqual({ violations: [], trace: [] });
    });
    expect(played).toBeGreaterThan(100);
  },
);
