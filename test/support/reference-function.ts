import { setTimeout as pause } from 'node:timers/promises';
import { handle } from '../../handler/reference/handle.ts';
import type { Surroundings } from '../../handler/reference/handle.ts';
import type { Served } from '../../handler/reference/reference.ts';
import type { Away } from '../../repository/home/away.ts';
import type { Keeper, ObjectStore } from '../../repository/index.ts';
import { ownKeeper } from '../../repository/index.ts';
import type { EventMembers } from './custom-resource-event.ts';
import { steadyChance } from './chance.ts';
import type { Answer } from './stack-engine/answer.ts';
import { judge } from './stack-engine/answer.ts';

/** The domain of the events that `custom-resource-event.ts` makes. */
export const PLACE = { partition: 'aws', region: 'us-east-1', account: '111122223333', bucket: 'artifacts' } as const;

export interface FunctionSettings {
  readonly keeper?: Keeper;
  readonly away?: Away;
  readonly place?: Served['place'];
  /** Milliseconds that the function has. */
  readonly time?: number;
  /** Told of each line of the log, also where no answer comes. */
  readonly log?: (line: string) => void;
  /** Instead of taking the answer. */
  readonly put?: () => Promise<void>;
  readonly announce?: Surroundings['announce'];
  /** The function's clock; this machine's unless said. */
  readonly now?: () => Date;
}

export interface Handled extends Answer {
  /** What CloudFormation reads, parsed. */
  readonly sent: Readonly<Record<string, unknown>>;
  readonly log: Readonly<Record<string, unknown>>;
  /** As it was written. */
  readonly line: string;
}

/** Has the reference function answer an event, on a store of the test's, and judges the answer as CloudFormation does. */
export async function answerTo(
  store: ObjectStore | ((signal: AbortSignal) => ObjectStore),
  event: EventMembers,
  { keeper, away, place = PLACE, time = 60_000, log, put, announce, now = () => new Date() }: FunctionSettings = {},
): Promise<Handled> {
  const bodies: Buffer[] = [];
  const lines: string[] = [];
  const deadline = Date.now() + time;
  await handle(event, () => deadline - Date.now(), {
    connect: (signal) => {
      const own = typeof store === 'function' ? store(signal) : store;
      return {
        store: own,
        keeper: keeper ?? ownKeeper(own),
        ...(away !== undefined && { away }),
        chance: steadyChance('reference'),
        place,
        urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
      };
    },
    put: (_, body) => {
      bodies.push(body);
      return put?.() ?? Promise.resolve();
    },
    log: (line) => {
      lines.push(line);
      log?.(line);
    },
    now,
    ...(announce !== undefined && { announce }),
    pause: (milliseconds, signal) => pause(signal === undefined ? 0 : milliseconds, undefined, signal && { signal }),
  });
  const [body, ...more] = bodies;
  const [line = ''] = lines;
  if (body === undefined || more.length > 0 || lines.length !== 1)
    throw new Error(`${bodies.length} answers, ${lines.length} lines`);
  const asked = {
    StackId: event['StackId'] as string,
    RequestId: event['RequestId'] as string,
    LogicalResourceId: event['LogicalResourceId'] as string,
  };
  const sent = JSON.parse(body.toString()) as Handled['sent'];
  return { ...judge(body, asked), sent, line, log: JSON.parse(line) as Handled['log'] };
}
