import { text } from 'node:stream/consumers';
import { putAnswer } from '../../handler/reference/put.ts';

export interface PutOrder {
  readonly url: string;
  readonly body: string;
  /** What is left at each look, in turn; the last one stays. */
  readonly remaining: readonly number[];
}

export interface PutReport {
  readonly waits: readonly number[];
  /** Everything that can be seen of the failure. */
  readonly failure?: string;
  readonly code?: string;
}

/** One PUT by the handler, in a process that can be made to trust a certificate. Doesn't really wait. */
const { url, body, remaining } = JSON.parse(await text(process.stdin)) as PutOrder;
const waits: number[] = [];
const left = [...remaining];
const report: { failure?: string; code?: string } = {};
try {
  await putAnswer(url, Buffer.from(body), {
    remaining: () => (left.length > 1 ? left.shift() : left[0]) ?? 0,
    pause: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  });
} catch (error) {
  const { code, stack = '' } = error as Error & { code: string };
  Object.assign(report, { code, failure: `${stack} ${JSON.stringify(error)}` });
}
process.stdout.write(JSON.stringify({ waits, ...report } satisfies PutReport));
