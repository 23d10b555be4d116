import { startS3Server } from '../s3-server.ts';
import type { Fault, FaultRule } from '../s3-server-faults.ts';
import { CONFLICT, INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE, SLOW_DOWN } from '../s3-server-faults.ts';
import { storesAt } from './at-endpoint.ts';
import type { Stage } from './world.ts';

/** Of a hundred requests, how many each befalls. */
const FAULTS: readonly (readonly [percent: number, fault: Fault, operation?: FaultRule['operation']])[] = [
  [1.5, RESET_BEFORE],
  [1.5, RESET_AFTER],
  [1, INTERNAL_ERROR],
  [1.5, { effect: 'error-after', code: 'InternalError' }],
  [0.2, SLOW_DOWN],
  [5, { effect: 'delay', milliseconds: 15 }],
  [3, { effect: 'delay', milliseconds: 60 }],
  [1, { effect: 'cut', bytes: 20 }, ['GetObject', 'ListObjectsV2', 'ListObjectVersions']],
  [3, CONFLICT, ['PutObject', 'CopyObject', 'DeleteObject']],
  [6, { effect: 'twice', requests: 3 }, ['PutObject', 'DeleteObject', 'CopyObject']],
  [6, { effect: 'twice', requests: 80 }, ['PutObject', 'DeleteObject', 'CopyObject']],
];

/** The S3 server of this project, with its faults on. */
export async function serverStage(seed: number): Promise<Stage> {
  const server = await startS3Server({ seed });
  const quiet = new Set<string>();
  const hits = new Map<string, () => number>();
  for (const [percent, fault, operation] of FAULTS) {
    const added = server.faults.add({
      ...{ fault, probability: percent / 100, times: Infinity },
      when: ({ bucket }) => !quiet.has(bucket ?? ''),
      ...(operation !== undefined && { operation }),
    });
    hits.set(told(fault), added.hits);
  }
  const { connect, close } = storesAt(server.clientConfig());
  return {
    bucket: async (name) => void server.createBucket(name, { versioning: 'Enabled' }),
    connect,
    quiet: (bucket, isQuiet) => {
      if (isQuiet) quiet.add(bucket);
      else quiet.delete(bucket);
    },
    settle: () => server.deliverLate(),
    requests: () => server.requests.length,
    mishaps: () => new Map([...hits].map(([mishap, times]) => [mishap, times()])),
    filenames: ['x.txt', 'y.txt'],
    close: async () => {
      close();
      await server.close();
    },
  };
}

function told(fault: Fault): string {
  if (fault.effect === 'error' || fault.effect === 'error-after') return `${fault.effect} ${fault.code}`;
  if (fault.effect === 'delay') return `${fault.effect} ${fault.milliseconds} ms`;
  if (fault.effect === 'twice') return `${fault.effect} after ${fault.requests ?? 'all'}`;
  return fault.effect;
}
