import { randomUUID } from 'node:crypto';
import type { Domain } from '../repository/domain.ts';
import { eventBus } from './event-bus.ts';

/** What each of the functions has of AWS Lambda and of its environment. */

/** Of an invocation. */
export interface Context {
  readonly getRemainingTimeInMillis: () => number;
  readonly invokedFunctionArn?: string;
  readonly awsRequestId?: string;
}

/** Lambda's own limit, where nobody tells how much time there is. */
export const UNLIMITED: Context = { getRemainingTimeInMillis: () => 15 * 60 * 1000 };

const { env } = process;

export const log = (line: string): void => void process.stdout.write(`${line}\n`);
export const now = (): Date => new Date();
export const nonce = (): string => randomUUID().replaceAll('-', '');

/** How the world is told, where there is a bus to tell it on. */
export const announcing: { readonly announce?: ReturnType<typeof eventBus> } =
  env['EVENT_BUS'] === undefined ? {} : { announce: eventBus({ bus: env['EVENT_BUS'], log, now }) };

/** The domain that the function is for. */
export function ownPlace(): Pick<Domain, 'partition' | 'account' | 'region' | 'bucket'> {
  const { BUCKET: bucket = '', ACCOUNT: account = '', PARTITION: partition = 'aws', AWS_REGION: region = '' } = env;
  return { partition, account, region, bucket };
}
