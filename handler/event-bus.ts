import { setTimeout as pause } from 'node:timers/promises';
import type { EventBridgeClient, PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { DomainEvent } from '../repository/event.ts';
import { EVENT_SOURCE } from '../repository/event.ts';

/** How a function tells the world. */
export interface BusSettings {
  /** Name or ARN. */
  readonly bus: string;
  readonly log: (line: string) => void;
  readonly now: () => Date;
}

/** Entries, and bytes of all together, that one request takes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
const ENTRIES = 10;
const BYTES = 256 * 1024;
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;
const REQUESTS_AT_ONCE = 4;
/** So many of what could not be told are named in the log. */
const NAMED = 10;

/** An event on its way. */
interface Letter {
  readonly event: DomainEvent;
  readonly entry: PutEventsRequestEntry;
  /** As EventBridge counts them. */
  readonly bytes: number;
}

/** Why EventBridge did not take it; absent: it did. */
type Refusal = string | undefined;

/** Puts events on a bus of EventBridge, and logs what could not be. @param time milliseconds that it may take; never rejects */
export function eventBus({
  bus,
  log,
  now,
}: BusSettings): (events: readonly DomainEvent[], time: number) => Promise<void> {
  let client: EventBridgeClient | undefined;
  return async (events, time) => {
    const left = new Set(events);
    let reason: unknown = 'no time was left';
    if (time >= 1) {
      const signal = AbortSignal.timeout(Math.floor(time));
      const put = async (letters: readonly Letter[]): Promise<readonly Letter[]> => {
        // Loaded here: the answer is out by now, and most invocations have nothing to tell.
        const { EventBridgeClient: Client, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
        client ??= new Client({ maxAttempts: 2 });
        const command = new PutEventsCommand({ Entries: letters.map(({ entry }) => entry) });
        const answer = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
          reason = error;
          throw error;
        });
        const { Entries: results = [] } = answer;
        return letters.filter(({ event }, index) => {
          const { EventId, ErrorCode = '', ErrorMessage = '' } = results[index] ?? {};
          const refusal: Refusal = EventId === undefined ? `${ErrorCode}: ${ErrorMessage}` : undefined;
          if (refusal === undefined) left.delete(event);
          else reason = refusal;
          return refusal !== undefined;
        });
      };
      try {
        await within(signal, putAll(events, bus, put, signal));
      } catch (error) {
        reason = error;
      }
    }
    if (left.size > 0) log(lineOf([...left], reason, now()));
  };
}

/** What goes on behind it is no longer waited for. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const give = (): void => {
        reject(new Error('it took too long'));
      };
      signal.addEventListener('abort', give, { once: true });
    }),
  ]);
}

/** What a request is refused with for what is in it: one entry is enough. Others, as that nobody may put events, are so for all that follows. */
const INVALID = ['ValidationException', 'SerializationException', 'RequestEntityTooLargeException'];

function isInvalid(error: unknown): boolean {
  const { name, $metadata } = error as { readonly name?: string; readonly $metadata?: { httpStatusCode?: number } };
  return INVALID.includes(name ?? '') || $metadata?.httpStatusCode === 413;
}

/**
 * What is refused is tried again, because throttling refuses single entries. Of a request that is invalid each entry is sent by itself, and the one that is
 * invalid alone is left out.
 * @param put answers what was refused
 * @throws what the first request came to that failed as a whole for another reason: then nothing more is sent
 */
async function putAll(
  events: readonly DomainEvent[],
  bus: string,
  put: (letters: readonly Letter[]) => Promise<readonly Letter[]>,
  signal: AbortSignal,
): Promise<void> {
  const waiting = batchesOf(events.map((event) => letterOf(event, bus)));
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch !== undefined && !hasFailed; batch = waiting.shift()) {
      for (let attempt = 0; attempt < ATTEMPTS && batch.length > 0; attempt++) {
        if (attempt > 0) await pause(Math.random() * FIRST_PAUSE_MS * 3 ** attempt, undefined, { signal });
        try {
          batch = await put(batch);
        } catch (error) {
          if (!isInvalid(error)) throw error;
          if (batch.length > 1) waiting.unshift(...batch.map((letter) => [letter]));
          break;
        }
      }
    }
  };
  const failed = (error: unknown): never => {
    hasFailed = true;
    throw error;
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, () => work().catch(failed)));
}

function letterOf(event: DomainEvent, bus: string): Letter {
  const { detailType, detail } = event;
  const entry = {
    ...{ EventBusName: bus, Source: EVENT_SOURCE, DetailType: detailType, Time: new Date(detail.at) },
    Resources: 'arn' in detail ? [detail.arn, ...detail.arns] : [...detail.arns],
    Detail: JSON.stringify(detail),
  };
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...entry.Resources];
  // The time counts 14.
  return { event, entry, bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 14) };
}

function batchesOf(letters: readonly Letter[]): (readonly Letter[])[] {
  const batches: Letter[][] = [];
  let bytes = 0;
  for (const letter of letters) {
    const last = batches.at(-1);
    bytes += letter.bytes;
    if (last !== undefined && last.length < ENTRIES && bytes < BYTES) {
      last.push(letter);
    } else {
      batches.push([letter]);
      ({ bytes } = letter);
    }
  }
  return batches;
}

/** One line that CloudWatch takes for a metric as well. */
function lineOf(lost: readonly DomainEvent[], reason: unknown, time: Date): string {
  const Metrics = [{ Name: 'EventsNotAnnounced', Unit: 'Count' }];
  return JSON.stringify({
    _aws: {
      Timestamp: time.getTime(),
      CloudWatchMetrics: [{ Namespace: EVENT_SOURCE, Dimensions: [[]], Metrics }],
    },
    EventsNotAnnounced: lost.length,
    Reason: reason instanceof Error ? `${reason.name}: ${reason.message}` : reason,
    Events: lost.slice(0, NAMED),
  });
}
