import type { Chance } from '../../repository/index.ts';
import { ArtifactError } from '../../repository/error.ts';
import type { ChangeSet, CloudFormation, StackEvent } from './cloudformation.ts';

/** Milliseconds between two looks at an operation: at first, and when it takes long. */
const SHORTEST_PAUSE = 2_000;
const LONGEST_PAUSE = 5_000;

/** Waits a little longer each time. */
export class Patience {
  readonly #chance: Chance;
  readonly #signal: AbortSignal | undefined;
  #pause = SHORTEST_PAUSE;

  constructor(chance: Chance, signal?: AbortSignal) {
    this.#chance = chance;
    this.#signal = signal;
  }

  /** @throws the signal's reason as soon as it is aborted */
  async wait(): Promise<void> {
    const waiting = this.#chance.pause(this.#pause);
    await (this.#signal === undefined ? waiting : orAborted(waiting, this.#signal));
    this.#pause = Math.min(this.#pause * 1.2, LONGEST_PAUSE);
  }
}

async function orAborted(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([waiting, aborted]);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
}

/** A change set as soon as it is complete, or has failed. `undefined`: it is gone, or another was executed since. */
export async function readyChangeSet(
  cloud: CloudFormation,
  name: string,
  patience: Patience,
): Promise<ChangeSet | undefined> {
  for (;;) {
    const found = await cloud.describeChangeSet(name);
    if (found === undefined || found.execution === 'OBSOLETE') return undefined;
    if (found.status === 'CREATE_COMPLETE' || found.status === 'FAILED') return found;
    await patience.wait();
  }
}

/** What an operation on a stack came to. */
export interface Operation {
  /** The stack's, when it was over. */
  readonly status: string;
  /** Those of this operation, oldest first. */
  readonly events: readonly StackEvent[];
}

/** An operation begins with one of these of the stack itself; what comes later, `UPDATE_ROLLBACK_IN_PROGRESS` say, belongs to it. */
const BEGINNINGS = new Set(['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'IMPORT_IN_PROGRESS', 'DELETE_IN_PROGRESS']);

/**
 * Waits until the newest operation on a stack is over, and tells of each of its events once.
 * @param after The newest event from before it began. Absent: the operation under way is watched from its beginning.
 */
export async function watch(
  cloud: CloudFormation,
  stackId: string,
  after: StackEvent | undefined,
  { patience, tell }: { readonly patience: Patience; readonly tell: (event: StackEvent) => void },
): Promise<Operation> {
  const events: StackEvent[] = [];
  for (;;) {
    const news = await eventsAfter(cloud, stackId, events.at(-1) ?? after);
    for (const event of news) tell(event);
    events.push(...news);
    const ofStack = events.findLast(({ isOfStack }) => isOfStack);
    // Right after a change set was executed there may be nothing to see yet.
    if (ofStack !== undefined && !ofStack.status.endsWith('_IN_PROGRESS')) return { status: ofStack.status, events };
    await patience.wait();
  }
}

/** Oldest first. Without a mark those of the newest operation. */
async function eventsAfter(
  cloud: CloudFormation,
  stackId: string,
  mark: StackEvent | undefined,
): Promise<readonly StackEvent[]> {
  const found: StackEvent[] = [];
  for await (const event of cloud.events(stackId)) {
    if (event.id === mark?.id) break;
    found.push(event);
    if (mark === undefined && event.isOfStack && BEGINNINGS.has(event.status)) break;
  }
  return found.reverse();
}

/** Read before an operation begins, it marks what was before: all newer events are of the operation. `undefined` where the stack has none. */
export async function newestEvent(cloud: CloudFormation, stackId: string): Promise<StackEvent | undefined> {
  for await (const event of cloud.events(stackId)) return event;
  return undefined;
}

/** What CloudFormation says of resources that it gave up because another had failed. */
const CANCELLED = /^Resource (creation|update|deletion|import) cancelled/i;

/**
 * The failures that an operation failed by, not those that followed from them: of its resources, from before it began to go back; else what is said of the
 * stack itself.
 */
export function causesOf(events: readonly StackEvent[]): readonly StackEvent[] {
  const back = events.findIndex(({ isOfStack, status }) => isOfStack && /ROLLBACK_IN_PROGRESS$/.test(status));
  const forth = back === -1 ? events : events.slice(0, back);
  const failed = forth.filter(({ status }) => status.endsWith('_FAILED'));
  const own = failed.filter(({ isOfStack, reason = '' }) => !isOfStack && !CANCELLED.test(reason));
  if (own.length > 0) return own;
  const ofStack = events.filter(({ isOfStack, reason }) => isOfStack && reason !== undefined);
  return ofStack.slice(-1);
}

/** @param state of the stack, and what to do about it */
export function operationFailed(stack: string, { status, events }: Operation, remedy: string): ArtifactError {
  const causes = causesOf(events).map(({ logicalId, type, reason = 'no reason given', isOfStack }) =>
    isOfStack ? reason : `${logicalId} (${type}): ${reason}`,
  );
  const isDenied = causes.some((cause) => /not authorized to perform|AccessDenied|Access Denied/i.test(cause));
  const told = causes.map((cause) => cause.replace(/\.$/, '')).join('; ');
  const rights =
    "Who runs this, or the role given by --execution-role, needs the rights that docs/permissions.md lists under 'What CloudFormation does'.\n";
  return new ArtifactError(
    isDenied ? 'ACCESS_DENIED' : 'INVALID_CONFIGURATION',
    `the stack '${stack}' is ${status}${told === '' ? '' : ` because of ${told}`}`,
    { remedy: `${isDenied ? rights : ''}${remedy}` },
  );
}
