import type { PlanSummary } from '../../../repository/collecting/plan-summary.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import type { DomainPlace } from '../../../repository/arn.ts';
import type { Digest } from '../../../repository/digest.ts';
import { sha256 } from '../../../repository/digest.ts';
import { describeDomain } from '../../../repository/domain.ts';
import type { Evidence } from '../../../repository/evidence/evidence.ts';
import { ownAway } from '../../../repository/home/own-away.ts';
import type { Homes } from '../../../repository/home/home.ts';
import { formatArn, ownKeeper, publishVersion } from '../../../repository/index.ts';
import type { Domain, ObjectStore, Publication } from '../../../repository/index.ts';
import { runToEnd } from '../../../repository/asking/ask.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import type { Schedule } from '../../../repository/keeping/keeping.ts';
import { deletionKey, versionReferenceKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { prefixed } from '../../../repository/stores/prefixed.ts';
import { EventSource, STACK_ID } from '../custom-resource-event.ts';
import type { EventMembers } from '../custom-resource-event.ts';
import { publishable } from '../domain.ts';
import { PLACE } from '../reference-function.ts';
import { Crash } from './crash.ts';
import { answerOf, propertiesOf } from './events.ts';
import { summaryOfPlan } from '../summary-of-plan.ts';

const GONE = STACK_ID.replace('6c5c5d50', '00000000');
const HOUR_MS = 60 * 60 * 1000;

/** A process, the domain as it has it, and where it dies. */
export interface Actor {
  readonly domain: Domain;
  readonly crash: Crash;
}

/** A domain in which something of everything stands. */
export interface Scene {
  readonly arns: ReadonlyMap<string, string>;
  readonly digestOf: (name: string) => Digest;
  plan: PlanSummary;
  event: EventMembers;
}

/** Time, which goes on only when it is told to, and names. */
export class Time {
  #now = Date.UTC(2026, 0, 1);
  #nonces = 0;

  readonly now = (): Date => new Date(this.#now);

  pass(hours: number): void {
    this.#now += hours * HOUR_MS;
  }

  /** Everything that is tried from one moment begins at it. */
  backTo(moment: Date): void {
    this.#now = moment.getTime();
  }

  actor(store: ObjectStore, crash: Crash = new Crash()): Promise<Actor> {
    const own = crash.wrap(store);
    const chance = {
      now: this.now,
      nonce: () => `n${String(++this.#nonces).padStart(9, '0')}`,
      pause,
    };
    const domain = { ...PLACE, store: own, keeper: ownKeeper(own), chance };
    const away = { ...ownAway(domain, homesIn(own)), tell: async () => undefined };
    return Promise.resolve({ crash, domain: { ...domain, away } });
  }
}

/** Another domain, which stands in the same store, so that it goes on from the same states. */
export const ELSEWHERE: DomainPlace & { readonly bucket: string } = {
  ...{ partition: PLACE.partition, account: '444455556666', region: 'eu-west-1', bucket: 'elsewhere' },
};

export function storeElsewhere(store: ObjectStore): ObjectStore {
  return prefixed(store, 'elsewhere/');
}

/** With the rights, and the mortality, of whoever has the store. */
export function homesIn(store: ObjectStore): Homes {
  const at = storeElsewhere(store);
  return { domain: async () => ({ bucket: ELSEWHERE.bucket, store: at }), content: async () => at };
}

/** So long nobody pauses who has anything to do: what goes on beside it comes to its end first. */
const FOR_EVER_MS = 4000;

async function pause(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    if (milliseconds < FOR_EVER_MS) setImmediate(resolve);
  });
}

/** Of the stacks one stands, and one is gone, with what was bound to it still recorded. */
const evidence: Evidence = {
  stack: async (stackId) => (stackId === GONE ? { state: 'gone' } : { state: 'changing' }),
  importers: async function* () {
    // None that is not bound.
  },
  isRun: async () => undefined,
};

export function publish(domain: Domain, id: string, text: string): Promise<Publication> {
  return publishVersion(domain, { repository: 'default', id }, publishable(text));
}

/** Has a command carried out. */
export async function ask({ domain }: Actor, command: KeeperCommand, schedule?: Schedule): Promise<readonly object[]> {
  const results: object[] = [];
  const keep = (asked: KeeperCommand): ReturnType<typeof carryOut> =>
    carryOut(parseCommand(JSON.parse(JSON.stringify(asked))), {
      ...{ domain, evidence, homes: homesIn(domain.store), isTimeUp: () => false },
      ...(schedule !== undefined && { schedule }),
    });
  for await (const answer of runToEnd(keep, command, domain.chance)) results.push(...answer.results);
  return results;
}

export function planOf(now: boolean): (actor: Actor, scene: Scene) => Promise<void> {
  return async (actor, scene) => {
    const results = await ask(actor, { command: 'gc-plan', id: 'planbeforeacrash', now, verbose: false });
    scene.plan = summaryOfPlan(results);
  };
}

/**
 * - `used`: by a stack. `named`: by a consumer. `unused`: by nobody. `shared`: holds the content of `named`, and is used by nobody.
 * - `stale`: by a stack that is gone.
 * - `condemned`: deleted, its content in quarantine. `old`: the same, long ago. `half`: its content is decided to go, and has not gone.
 * - `ruled`: a rule takes it. `timed`: a rule will take it one day.
 * - `loose`: content that nothing holds, because its publisher died.
 */
export async function makeScene(time: Time, store: ObjectStore): Promise<Scene> {
  const actor = await time.actor(store);
  const { domain } = actor;
  await describeDomain(domain, PLACE);
  await writeSettings(
    domain,
    'default',
    {
      lifecycle: [
        { id: 'unused', match: 'ruled/**', expireUnusedDays: 0 },
        { id: 'unused-for-long', match: 'timed/**', expireUnusedDays: 100 },
      ],
    },
    undefined,
  );
  const arns = new Map<string, string>();
  const digestOf = (name: string): Digest => sha256(name === 'shared' ? 'named' : name);
  const made = async (name: string): Promise<string> => {
    const id = name === 'ruled' || name === 'timed' ? `${name}/one` : `shop/${name}`;
    const { arn } = await publish(domain, id, name === 'shared' ? 'named' : name);
    const text = formatArn(arn);
    arns.set(name, text);
    return text;
  };
  const scene: Scene = { arns, digestOf, plan: undefined as never, event: {} };
  const drop = (arn: string): Promise<unknown> => ask(actor, { command: 'delete', arn, dryRun: false, now: false });
  await drop(await made('old'));
  for (const name of ['used', 'named', 'shared', 'unused', 'stale', 'ruled', 'timed', 'half']) await made(name);
  await ask(actor, { command: 'reference-add', arn: arns.get('named') ?? '', consumer: 'team/nightly' });
  for (const [stackId, name] of [
    [STACK_ID, 'used'],
    [GONE, 'stale'],
  ] as const)
    await answerOf(actor, new EventSource({ stackId }).create(propertiesOf(scene, name)));
  // Nobody is young any more, and what was condemned first may go.
  time.pass(24 * 9);
  await drop(await made('condemned'));
  await drop(arns.get('half') ?? '');
  const half = await readDeletion(store, digestOf('half'));
  if (half !== undefined)
    await store.replace(
      deletionKey(digestOf('half')),
      recordContent({ ...half.value, state: 'deleting' }),
      half.revision,
    );
  await leaveLoose(domain, digestOf('loose'));
  time.pass(2);
  return scene;
}

/** As a publisher does who dies before there is a version. */
async function leaveLoose(domain: Domain, digest: Digest): Promise<void> {
  const name = { repository: 'default', id: 'shop/loose' };
  const { arn } = await publish(domain, 'shop/loose', 'loose');
  await ask({ domain, crash: new Crash() }, { command: 'delete', arn: formatArn(arn), dryRun: false, now: false });
  const record = await domain.store.head(deletionKey(digest));
  if (record !== undefined) await domain.store.removeRevision(record.key, record.revision);
  await condemn(domain, digest);
  await domain.store.create(
    versionReferenceKey(digest, name, 2, 'abandoned'),
    recordContent({ at: domain.chance.now().toISOString(), nonce: 'abandoned', ...name, number: 2 }),
  );
}
