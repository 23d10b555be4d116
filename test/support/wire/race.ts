import { publishVersion, formatArn } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { publishable } from '../domain.ts';
import type { Act, Client } from './acts.ts';
import { collects, creates, publishes, takesBack } from './acts.ts';
import type { Fate } from './mortal.ts';
import type { Published, World } from './world.ts';
import { sizeOf, versionText } from './world.ts';

/** One process in a race: what it does, what becomes of it, and when it begins. */
export interface Racer {
  readonly act: Act;
  /** Absent: that of anybody. */
  readonly fate?: Fate;
  /** It begins when the one before it makes its request of this number, or stops. */
  readonly behind: number;
}

interface Part {
  readonly act: (client: Client, content: Content) => Promise<void>;
  readonly fate?: Fate;
}

/** Content that nothing holds. */
interface Content {
  readonly text: string;
  /** The version that held it, which is deleted. */
  readonly published: Published;
}

const FILENAME = 'x.txt';

const collector: Part['act'] = (client, { published }) => collects(client, published.arn.digest);
/** It has the ARN of the content, and not the bytes. */
const adder: Part['act'] = (client, { published }) => creates(client, published, 'content');
const publisher: Part['act'] = (client, { text }) => publishesAnew(client, text);
const undeleter: Part['act'] = (client, { published }) => takesBack(client, published);

const COLLECTS: Part = { act: collector };
const ADDS: Part = { act: adder };
const PUBLISHES: Part = { act: publisher };
const UNDELETES: Part = { act: undeleter };
const LIVES: Fate = { kind: 'lives' };
const DIES_DECIDED: Part = { act: collector, fate: { kind: 'dies after', what: 'decision' } };
const DIES_REMOVING: Part = { act: collector, fate: { kind: 'dies after', what: 'removal' } };
const SLEEPS_UNDECIDED: Part = { act: collector, fate: { kind: 'sleeps before', what: 'decision' } };
const SLEEPS_DECIDED: Part = { act: collector, fate: { kind: 'sleeps before', what: 'removal' } };

/** When its reference stands, and before it looks for a deletion. */
const SLEEPS_ADDING: Part = { act: adder, fate: { kind: 'sleeps', at: 2 } };

const living = ({ act }: Part): Part => ({ act, fate: LIVES });

/** Who comes at the same content at the same time, in any order. */
const MEETINGS: readonly (readonly Part[])[] = [
  [COLLECTS, COLLECTS, ADDS],
  [living(COLLECTS), living(ADDS)],
  [living(COLLECTS), living(PUBLISHES), living(ADDS)],
  [DIES_DECIDED, COLLECTS, ADDS],
  [DIES_REMOVING, COLLECTS, PUBLISHES],
  [COLLECTS, UNDELETES, COLLECTS],
];

/** Who comes when the one before has gone to sleep, or has died. */
const PURSUITS: readonly (readonly Part[])[] = [
  [SLEEPS_UNDECIDED, living(ADDS)],
  [SLEEPS_UNDECIDED, living(UNDELETES)],
  [DIES_DECIDED, living(PUBLISHES), ADDS],
  [SLEEPS_DECIDED, living(PUBLISHES)],
  [DIES_DECIDED, living(COLLECTS), PUBLISHES],
  [SLEEPS_ADDING, living(COLLECTS), PUBLISHES],
];

/** In a meeting nobody is further behind the one before. */
const FURTHEST_BEHIND = 9;

/**
 * Makes content that nothing holds, mostly condemned long ago, and says who comes at it. To be called while nobody is at work.
 * @param number of the race in its history: over some of them, everything that is cast comes up
 */
export async function stageRace(
  domain: Domain,
  world: World,
  random: () => number,
  number: number,
): Promise<readonly Racer[]> {
  const content = await unheldContent(domain, world, `race ${number}`);
  if (random() < 0.7) await condemn(domain, content.published.arn.digest);
  const isMeeting = number % 2 === 0;
  const casts = isMeeting ? MEETINGS : PURSUITS;
  const cast = casts[Math.floor(number / 2) % casts.length] ?? [];
  const ordered = isMeeting ? inAnyOrder(random, cast) : cast;
  return ordered.map(({ act, fate }) => ({
    act: (client) => act(client, content),
    ...(fate !== undefined && { fate }),
    behind: isMeeting ? Math.floor(random() * FURTHEST_BEHIND) : Infinity,
  }));
}

function inAnyOrder<T>(random: () => number, given: readonly T[]): readonly T[] {
  return given
    .map((one) => [random(), one] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one);
}

async function publishesAnew(client: Client, text: string): Promise<void> {
  await publishes(client, text, FILENAME);
}

async function unheldContent(domain: Domain, world: World, text: string): Promise<Content> {
  const name = { repository: 'default', id: 'race' };
  const { arn, key } = await publishVersion(domain, name, publishable(text, 'file', FILENAME));
  world.digests.add(arn.digest);
  world.stored.add(arn.digest);
  world.givenUp.add(versionText(name, arn.version));
  await deleteVersion(domain, name, arn.version);
  const version = { ...name, number: arn.version };
  const wanted = { arn: formatArn(arn), key, digest: arn.digest, filename: FILENAME, size: sizeOf(text), version };
  return { text, published: { name, arn, wanted } };
}

/** How far a process has come, for who begins behind it. */
export class Pace {
  #made = 0;
  #hasStopped = false;
  #waiting: { readonly for: number; readonly go: () => void }[] = [];

  /** It makes a request. */
  step(): void {
    this.#made++;
    this.#release();
  }

  /** It makes none for now, or none any more: nobody waits for it. */
  stop(): void {
    this.#hasStopped = true;
    this.#release();
  }

  async reaches(request: number): Promise<void> {
    if (this.#hasStopped || this.#made >= request) return;
    await new Promise<void>((go) => this.#waiting.push({ for: request, go }));
  }

  #release(): void {
    const due = this.#waiting.filter((one) => this.#hasStopped || one.for <= this.#made);
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { go } of due) go();
  }
}
