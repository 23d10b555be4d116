import type { Answer } from './answer.ts';
import { bodyOf } from './answer.ts';
import type { Asked } from './event.ts';
import { askedOf, parseEvent } from './event.ts';
import { lineOf } from './log.ts';
import { formatPhysicalId, isGeneration } from '../../repository/physical-id.ts';
import type { Patience } from './put.ts';
import { reasonOf } from './reason.ts';
import type { Failing, Outcome, Served } from './reference.ts';
import { carryOut, firstId } from './reference.ts';
import { ArtifactError } from '../../repository/error.ts';

/** The world around the function. */
export interface Surroundings {
  /** @param signal ends what is under way */
  readonly connect: (signal: AbortSignal) => Served;
  readonly put: (url: string, body: Buffer, patience: Patience) => Promise<void>;
  readonly log: (line: string) => void;
  readonly now: () => Date;
  /** @param signal ends the waiting, by a rejection */
  readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<unknown>;
}

/** Kept of the function's time for the answer. */
const RESERVE_MS = 2000;

/**
 * Answers one event of CloudFormation's, whatever happens: a resource that gets no answer holds its stack up until its timeout.
 * @param remaining milliseconds that the function has left
 * @throws where nobody could be told, so that Lambda delivers the event again: every event may come any number of times
 */
export async function handle(event: unknown, remaining: () => number, around: Surroundings): Promise<void> {
  const began = around.now();
  const asked = askedOf(event);
  const { answer, outcome, error } = await answerTo(event, asked, remaining, around);
  let answered = false;
  try {
    await around.put(asked.url, bodyOf(asked, answer), { remaining: () => remaining() - 100, pause: around.pause });
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
  }
}

interface Answered {
  readonly answer: Answer;
  readonly outcome?: Outcome;
  readonly error?: unknown;
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
  try {
    const parsed = parseEvent(event, around.now());
    failing.physicalId = firstId(parsed);
    const timeUp = around.pause(remaining() - RESERVE_MS, over.signal).then((): never => {
      throw new ArtifactError('STORE_UNAVAILABLE', 'the reference function timed out');
    });
    const outcome = await Promise.race([carryOut(parsed, around.connect(over.signal), failing), timeUp]);
    const { physicalId, data } = outcome;
    return { answer: { status: 'SUCCESS', physicalId, ...(data !== undefined && { data }) }, outcome };
  } catch (error) {
    return { answer: { status: 'FAILED', physicalId: failing.physicalId, reason: reasonOf(error) }, error };
  } finally {
    over.abort();
  }
}
