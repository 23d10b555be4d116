import { startProxy } from '../proxy/proxy.ts';
import type { Proxy } from '../proxy/proxy.ts';
import type { Request, Rule } from '../proxy/unreliable.ts';
import { unreliable } from '../proxy/unreliable.ts';
import type { ClientConfig } from '../s3-server.ts';
import { makeBucket, storesAt } from './at-endpoint.ts';
import type { Stage } from './world.ts';

const writes = ({ method }: Request): boolean => method === 'PUT' || method === 'DELETE';
const between = (random: () => number, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

/** What the line does. Most of what is late comes soon, some of it when its sender has long done something else. */
const LINE: readonly Rule[] = [
  { percent: 1.5, mishap: () => ({ kind: 'lost' }) },
  { percent: 1.5, mishap: () => ({ kind: 'unanswered' }) },
  { percent: 1, mishap: () => ({ kind: 'cut' }), befalls: ({ method }) => method === 'GET' },
  { percent: 5, mishap: (random) => ({ kind: 'delayed', milliseconds: between(random, 2, 40) }) },
  { percent: 5, mishap: (random) => ({ kind: 'overtaken', by: between(random, 1, 8) }) },
  { percent: 0.2, mishap: () => ({ kind: 'refused', status: 503, code: 'SlowDown' }) },
  { percent: 3, mishap: () => ({ kind: 'refused', status: 409, code: 'ConditionalRequestConflict' }), befalls: writes },
  { percent: 6, mishap: (random) => ({ kind: 'repeated', after: between(random, 1, 8) }), befalls: writes },
  { percent: 6, mishap: (random) => ({ kind: 'repeated', after: between(random, 20, 150) }), befalls: writes },
  { percent: 2, mishap: (random) => ({ kind: 'astray', after: between(random, 2, 100) }), befalls: writes },
];

const KINDS = [...new Set(LINE.map(({ mishap }) => mishap(() => 0).kind))];

/** A stage before whatever speaks S3, at the end of a line on which everything goes wrong. */
export async function lineStage(
  target: string,
  seed: number,
  credentials: ClientConfig['credentials'],
): Promise<Stage & { readonly proxy: Proxy }> {
  const quiet = new Set<string>();
  const mishapOf = unreliable(seed, LINE);
  const proxy = await startProxy({
    target,
    mishapOf: (request) => (quiet.has(request.url.split(/[/?]/)[1] ?? '') ? undefined : mishapOf(request)),
    // Of a listing that is the bucket.
    oneAtATime: ({ url }) => url.split('?')[0] ?? '',
  });
  const config: ClientConfig = { endpoint: proxy.endpoint, region: 'us-east-1', forcePathStyle: true, credentials };
  const { connect, close } = storesAt(config);
  return {
    proxy,
    bucket: (name) => makeBucket({ ...config, endpoint: target }, name),
    connect,
    quiet: (bucket, isQuiet) => {
      if (isQuiet) quiet.add(bucket);
      else quiet.delete(bucket);
    },
    settle: () => proxy.settle(),
    requests: () => proxy.requests.length,
    mishaps: () => new Map(KINDS.map((kind) => [kind, proxy.mishaps.get(kind) ?? 0])),
    filenames: ['x.txt'],
    close: async () => {
      close();
      await proxy.close();
    },
  };
}
