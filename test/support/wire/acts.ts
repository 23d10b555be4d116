import { formatArn, hasCode, noEvidence, publishVersion } from '../../../repository/index.ts';
import type { Digest, Domain } from '../../../repository/index.ts';
import { bind } from '../../../repository/bind.ts';
import type { Operation } from '../../../repository/bind.ts';
import type { Deleting } from '../../../repository/deleting/condemn.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import type { Reaped } from '../../../repository/deleting/reap.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { release } from '../../../repository/release.ts';
import { publishable } from '../domain.ts';
import { auditLater } from './ending.ts';
import { checkBound, checkContent } from './judge.ts';
import type { Bound, Published, World } from './world.ts';
import { DIGESTS, NAMES, sizeOf, TEXTS, versionText } from './world.ts';

/** One process at work. */
export interface Client {
  /** As the process has it: with its fate. */
  readonly domain: Domain;
  /** On the same line, by whoever looks over its shoulder. */
  readonly onlooker: Domain;
  readonly world: World;
  readonly random: () => number;
  readonly filenames: readonly string[];
  readonly collect: Collect;
}

/** How content is deleted: by the protocol, or by a weaker one that has to be found out. */
export type Collect = (
  deleting: Deleting,
  digest: Digest,
  told: (outcome: 'condemned' | Reaped['outcome']) => void,
) => Promise<void>;

export type Act = (client: Client) => Promise<void>;

/** condemn, and reap with no quarantine. */
export const byTheProtocol: Collect = async (deleting, digest, told) => {
  if ((await condemn(deleting, digest)).outcome === 'condemned') told('condemned');
  told((await reap(deleting, digest)).outcome);
};

function pick<T>(random: () => number, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

/** The bytes are at hand. */
const publish: Act = async (client) => {
  await publishOne(client);
};

async function publishOne(client: Client): Promise<Published> {
  const { random, filenames } = client;
  return publishes(client, pick(random, TEXTS) ?? 'x', pick(random, filenames) ?? 'x.txt');
}

/** Mostly what nobody has begun to delete. */
function pickPublished({ world, random }: Client): Published | undefined {
  const kept = world.published.filter(({ name, arn }) => !world.givenUp.has(versionText(name, arn.version)));
  return pick(random, kept.length > 0 && random() < 0.8 ? kept : world.published);
}

export async function publishes(
  { domain, onlooker, world, random }: Client,
  text: string,
  filename: string,
): Promise<Published> {
  const name = pick(random, NAMES) ?? { repository: 'default', id: 'a' };
  const { arn, key, outcome } = await publishVersion(domain, name, publishable(text, 'file', filename));
  world.tally.count('version published');
  if (outcome === 'uploaded' && world.stored.has(arn.digest)) world.tally.count('re-upload');
  world.stored.add(arn.digest);
  const version = { ...name, number: arn.version };
  const wanted = { arn: formatArn(arn), key, digest: arn.digest, filename, size: sizeOf(text), version };
  const published = { name, arn, wanted };
  world.published.push(published);
  if (!world.givenUp.has(versionText(name, arn.version))) await checkContent(onlooker, world, wanted);
  return published;
}

/** A stack is made that names what was published: at once, or some time later. */
const create: Act = async (client) => {
  const published = client.random() < 0.4 ? await publishOne(client) : pickPublished(client);
  if (published === undefined) return;
  await creates(client, published, client.random() < 0.3 ? 'content' : 'version');
};

/** @param by what its ARN names: the content by its digest and no version, or the version */
export async function creates(client: Client, { arn, wanted }: Published, by: 'content' | 'version'): Promise<void> {
  const { world, random } = client;
  const event = world.issue();
  const resource = world.newResource();
  const operation = operationOf(resource, event);
  const { partition, region, account, repository, id, digest } = arn;
  const content = formatArn({ partition, region, account, repository, id, digest });
  const { key, filename, size } = wanted;
  const named = { arn: content, key, digest, filename, ...(size !== undefined && { size }) };
  const wants = by === 'content' ? named : wanted;
  try {
    await bindDelivered(client, operation, wants, { times: random() < 0.2 ? 2 : 1 });
  } catch (error) {
    // Where no answer came, CloudFormation deletes under a name that it makes up.
    const generation = random() < 0.5 ? { generation: event.requestId } : {};
    world.toRelease.push({ resource, ...world.issue(), ...generation });
    throw error;
  }
}

/** Lambda delivers an event once, or more often; the first answer is heard. */
async function bindDelivered(
  { domain, onlooker, world }: Client,
  operation: Operation,
  wanted: Bound['wanted'],
  { times = 1, isBusy = false } = {},
): Promise<Bound> {
  const deliveries = Array.from({ length: times }, () => bind(domain, operation, [wanted]));
  const heard = Promise.any(deliveries).then(async (generation) => {
    const bound: Bound = { resource: operation.resource, generation, wanted, isBusy };
    world.bound.add(bound);
    world.tally.count('reference added');
    await checkBound(onlooker, world, bound);
    return bound;
  });
  const [answer, first] = await Promise.allSettled([heard, ...deliveries]);
  if (answer.status === 'fulfilled') return answer.value;
  const reason: unknown = first?.status === 'rejected' ? first.reason : answer.reason;
  if (hasCode(reason, 'ARTIFACT_DELETED', 'CONTENT_MISSING')) world.tally.count('reference refused');
  throw reason;
}

function operationOf(
  resource: Operation['resource'],
  event: Pick<Operation, 'requestId' | 'issued'>,
  current?: string,
): Operation {
  const replaces = current !== undefined;
  return { resource, stackId: 'stack', ...event, replaces, pinned: false, ...(current !== undefined && { current }) };
}

/** A stack goes over to something else, and stays there or goes back. */
const update: Act = async (client) => {
  const { world, random } = client;
  const old = pick(random, idle(world));
  const published = pickPublished(client);
  if (old === undefined || published === undefined || published.wanted.arn === old.wanted.arn) return;
  old.isBusy = true;
  const taken = [old];
  try {
    const next = await updates(client, old, published);
    taken.push(next);
    await releases(client, random() < 0.5 ? old : await rolledBack(client, old, next));
  } finally {
    for (const one of taken) one.isBusy = false;
  }
};

async function updates(client: Client, old: Bound, { wanted }: Published): Promise<Bound> {
  const { world } = client;
  const event = world.issue();
  try {
    const next = await bindDelivered(client, operationOf(old.resource, event, old.generation), wanted, {
      isBusy: true,
    });
    world.tally.count('update');
    return next;
  } catch (error) {
    world.toRelease.push({ resource: old.resource, ...world.issue(), generation: event.requestId });
    throw error;
  }
}

/** CloudFormation goes back to what was before, and then deletes what came in between. */
async function rolledBack({ domain, world }: Client, old: Bound, next: Bound): Promise<Bound> {
  const event = world.issue();
  const back = await bind(domain, operationOf(old.resource, event, next.generation), [old.wanted]);
  if (back !== old.generation) world.violations.add(`a rollback to ${old.generation} came to ${back}`);
  world.tally.count('rollback');
  return next;
}

/** A stack is deleted, or what an operation that failed has left. */
const remove: Act = async (client) => {
  await removes(client);
  await removes(client);
};

async function removes(client: Client): Promise<void> {
  const { world, random } = client;
  const left = world.toRelease.shift();
  if (left !== undefined) {
    await releasing(client, left);
    return;
  }
  const one = pick(random, idle(world));
  if (one !== undefined) await releases(client, one);
}

function idle({ bound }: World): readonly Bound[] {
  return [...bound].filter(({ isBusy }) => !isBusy);
}

async function releases(client: Client, one: Bound): Promise<void> {
  client.world.bound.delete(one);
  await releasing(client, { resource: one.resource, ...client.world.issue(), generation: one.generation });
}

/** Until it has succeeded, CloudFormation deletes again. */
async function releasing({ domain, world }: Client, given: World['toRelease'][number]): Promise<void> {
  try {
    await release(domain.store, given);
    world.tally.count('reference released');
  } catch (error) {
    world.toRelease.push(given);
    throw error;
  }
}

/** `delete --now`, mostly of what nobody seems to use, and then of all that holds the same. */
const giveUp: Act = async (client) => {
  const { world, random } = client;
  const used = new Set([...world.bound].map(({ wanted: { digest } }) => digest));
  const unused = world.published.filter(({ arn }) => !used.has(arn.digest));
  const first = pick(random, unused.length > 0 && random() < 0.8 ? unused : world.published);
  if (first === undefined) return;
  const same = world.published.filter(({ arn }) => arn.digest === first.arn.digest);
  const versions = new Map((random() < 0.7 ? same : [first]).map((one) => [one.wanted.arn, one]));
  for (const { name, arn } of versions.values()) await givesUp(client, name, arn.version);
};

async function givesUp(client: Client, name: Published['name'], number: number): Promise<void> {
  const { domain, world } = client;
  world.givenUp.add(versionText(name, number));
  const deletion = await deleteVersion(domain, name, number);
  if (deletion === undefined) {
    world.violations.add(`${versionText(name, number)} was published and is no version`);
    return;
  }
  if (deletion.outcome === 'used') {
    world.tally.count('version refused as used');
    return;
  }
  if (deletion.outcome === 'deleted') world.tally.count('version deleted');
  for (const digest of deletion.digests) await collects(client, digest);
}

const takeBack: Act = async (client) => {
  const { world, random } = client;
  const published = pick(
    random,
    world.published.filter(({ name, arn }) => world.givenUp.has(versionText(name, arn.version))),
  );
  if (published !== undefined) await takesBack(client, published);
};

export async function takesBack({ domain, world }: Client, published: Published): Promise<void> {
  const undeletion = await undeleteVersion(domain, published.name, published.arn.version);
  if (undeletion?.outcome === 'undeleted') world.tally.count('version undeleted');
}

/** `gc`, of everything. */
const collect: Act = async (client) => {
  const first = Math.floor(client.random() * DIGESTS.length);
  for (const digest of [...DIGESTS.slice(first), ...DIGESTS.slice(0, first)]) await collects(client, digest);
};

export async function collects({ domain, world, collect: collectOne }: Client, digest: Digest): Promise<void> {
  await collectOne(domain, digest, (outcome) => {
    if (outcome === 'condemned') world.tally.count('condemned');
    if (outcome === 'deleted') world.tally.count('content deleted');
    if (outcome === 'rescued') world.tally.count('rescued by a collector');
    if (outcome === 'conflict') world.tally.count('deletion refused');
  });
}

/** What publishers left who died or were too slow is removed, also while one of them is only asleep. Nobody says what stacks use. */
const auditAll: Act = async ({ domain }) => auditLater(domain, noEvidence);

/** How often, of a hundred times, somebody does what. */
export const ACTS: readonly (readonly [percent: number, act: Act, mayCrash: 'seldom' | 'often'])[] = [
  [12, publish, 'seldom'],
  [13, create, 'seldom'],
  [10, update, 'seldom'],
  [19, remove, 'seldom'],
  [20, giveUp, 'often'],
  [6, takeBack, 'often'],
  [16, collect, 'often'],
  [4, auditAll, 'seldom'],
];
