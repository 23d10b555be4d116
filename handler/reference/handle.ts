import type { Answer } from './answer.ts';
import { bodyOf } from './answer.ts';
import type { Asked, ResourceEvent } from './event.ts';
import { askedOf, parseEvent } from './event.ts';
import { lineOf } from './log.ts';
import { formatPhysicalId, isGeneration } from '../../repository/physical-id.ts';
import type { Failing, Outcome } from './outcome.ts';
import type { Patience } from './put.ts';
import { reasonOf } from './reason.ts';
import type { Served } from './reference.ts';
import { carryOut, firstId } from './reference.ts';
import { ArtifactError } from '../../repository/error.ts';
import type { DomainEvent } from '../../repository/event.ts';
import { referenceEvent } from '../../repository/event.ts';
import type { Certainty, Change } from '../../repository/stores/observed.ts';
import { observed } from '../../repository/stores/observed.ts';

/** The world around the function. */
export interface Surroundings {
  /** @param signal ends what is under way */
  readonly connect: (signal: AbortSignal) => Served;
  readonly put: (url: string, body: Buffer, patience: Patience) => Promise<void>;
  readonly log: (line: string) => void;
  readonly now: () => Date;
  /** @param signal ends the waiting, by a rejection */
  readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<unknown>;
  /** Absent: nobody is told of events. @param time milliseconds that it may take; never rejects */
  readonly announce?: (events: readonly DomainEvent[], time: number) => Promise<void>;
}

/** Kept of the function's time for the answer. */
const RESERVE_MS = 2000;
/**
 * Until so long after it was issued an event whose content is still on its way from home is left unanswered: Lambda delivers it again after a minute, and the answer then still comes within the ServiceTimeout
 * of 300 seconds. The keeper goes on meanwhile.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
const AGAIN_MS = 120_000;
/** Events may cost so much, after the answer; and never what Lambda needs to hear that the function has ended. */
const ANNOUNCING_MS = 2000;
const END_MS = 100;

/**
 * Answers one event of CloudFormation's, whatever happens: a resource that gets no answer holds its stack up until its timeout.
 * @param remaining milliseconds that the function has left
 * @throws where nobody could be told, so that Lambda delivers the event again: every event may come any number of times
 */
export async function handle(event: unknown, remaining: () => number, around: Surroundings): Promise<void> {
  const began = around.now();
  const asked = askedOf(event);
  const { answer, outcome, error, events, isUnderWay } = await answerTo(event, asked, remaining, around);
  if (isUnderWay === true) throw error;
  let answered = false;
  try {
    await around.put(asked.url, bodyOf(asked, answer), { remaining: () => remaining() - END_MS, pause: around.pause });
    answered = true;
  } finally {
    const { requestId, stackId, logicalId } = asked;
    const now = around.now();
    const report = {
      ...{ requestId, stackId, logicalId, answered },
      requestType: (event as { RequestType?: unknown }).RequestType,
      physicalId: answer.physicalId,
      outcome: answer.status,
      ...(answer.status === 'FAILED' && { reason: answer.reason }),
      ...(error instanceof Error && !(error instanceof ArtifactError) && { stack: error.stack ?? '' }),
      ...{ added: outcome?.added ?? 0, removed: outcome?.removed ?? 0, duration: now.getTime() - began.getTime() },
    };
    around.log(lineOf(report, now, asked.url));
    // CloudFormation goes on meanwhile. Whether it could be told or not, this happened.
    if (events.length > 0) await around.announce?.(events, Math.min(ANNOUNCING_MS, remaining() - END_MS));
  }
}

interface Answered {
  readonly answer: Answer;
  readonly outcome?: Outcome;
  readonly error?: unknown;
  /** It took too long, and content is still on its way: the next delivery finds it here. */
  readonly isUnderWay?: boolean;
  /** Of what was recorded and released, also where the event failed in the end. */
  readonly events: readonly DomainEvent[];
}

async function answerTo(
  event: unknown,
  asked: Asked,
  remaining: () => number,
  around: Surroundings,
): Promise<Answered> {
  const failing: Failing = {
    physicalId: asked.physicalId || formatPhysicalId(isGeneration(asked.requestId) ? asked.requestId : 'unknown'),
  };
  const over = new AbortController();
  const events: DomainEvent[] = [];
  const waiting: Waiting = { fetches: 0, isOver: false };
  let issued = around.now();
  try {
    const parsed = parseEvent(event, around.now());
    issued = new Date(parsed.issued);
    failing.physicalId = firstId(parsed);
    const timeUp = around.pause(remaining() - RESERVE_MS, over.signal).then((): never => {
      waiting.isOver = true;
      throw new ArtifactError(
        'STORE_UNAVAILABLE',
        `the reference function timed out${waiting.fetches > 0 ? STILL : ''}`,
      );
    });
    const served = counted(overheard(around.connect(over.signal), parsed, around.now, events), waiting);
    const outcome = await Promise.race([carryOut(parsed, served, failing), timeUp]);
    const { physicalId, data } = outcome;
    return { answer: { status: 'SUCCESS', physicalId, ...(data !== undefined && { data }) }, outcome, events };
  } catch (error) {
    const isUnderWay = isStillFetching(waiting) && around.now().getTime() - issued.getTime() < AGAIN_MS;
    const answer: Answer = { status: 'FAILED', physicalId: failing.physicalId, reason: reasonOf(error) };
    return { answer, error, events, isUnderWay };
  } finally {
    over.abort();
  }
}

const STILL = ': content is still on its way here from its home; deploy again in some minutes';

/** What is on its way from other domains, and whether the time for it is over. */
interface Waiting {
  fetches: number;
  isOver: boolean;
}

function isStillFetching({ fetches, isOver }: Waiting): boolean {
  return isOver && fetches > 0;
}

/** @param waiting counts what is on its way */
function counted({ away, ...served }: Served, waiting: Waiting): Served {
  if (away === undefined) return served;
  const fetch: typeof away.fetch = async (...of) => {
    waiting.fetches += 1;
    try {
      return await away.fetch(...of);
    } finally {
      waiting.fetches -= 1;
    }
  };
  return { ...served, away: { ...away, fetch } };
}

/** @param events gets what is recorded and released from here on */
function overheard(
  served: Served,
  { requestType, requestId, stackId, logicalId }: ResourceEvent,
  now: () => Date,
  events: DomainEvent[],
): Served {
  const { place } = served;
  const cause = { by: 'CloudFormation', requestType, requestId, stackId, logicalId } as const;
  const changed = (change: Change, certainty: Certainty): void => {
    // A record that is there already is of an earlier delivery of this event, which may have died before it told of it: its key has the generation.
    const isThere = certainty === 'refused' && change.before === undefined && change.after !== undefined;
    if (certainty !== 'done' && !isThere) return;
    const event = referenceEvent(change, { place, cause, now: now().toISOString() });
    if (event !== undefined) events.push(event);
  };
  const watches = (key: string): boolean => /^references\/[^/]+\/(?:stack|named)\//.test(key);
  return { ...served, store: observed(served.store, { watches, changed }) };
}
