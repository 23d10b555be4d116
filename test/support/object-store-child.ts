import { createHash } from 'node:crypto';
import { bytesOf, contentOf } from '../../repository/content.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import { objectKey } from '../../repository/object-store.ts';
import { generatedContent } from './generated-content.ts';

/** What the contract suite lets another process do to the store. Each answers something that is printed as JSON. */
const tasks: Readonly<Record<string, (store: ObjectStore, args: readonly string[]) => Promise<unknown>>> = {
  create: createAll,
  count: countUp,
  large: streamLarge,
};

export interface LargeAnswer {
  readonly created: string;
  /** Whether what was read is what was written. */
  readonly same: boolean;
  /** Bytes by which the peak of resident memory grew. */
  readonly growth: number;
}

/**
 * The whole of a script that the contract suite runs as another process: `argv` is a task, what `open` needs, and what the task needs.
 * A store's own script calls it with the way to open that store.
 */
export async function serveContract(open: (argument: string) => Promise<ObjectStore> | ObjectStore): Promise<void> {
  const [task = '', argument = '', ...args] = process.argv.slice(2);
  const perform = tasks[task];
  if (perform === undefined) throw new Error(`no task '${task}'`);
  process.stdout.write(JSON.stringify(await perform(await open(argument), args)));
}

/** Creates `race/0` … in an order of its own, 20 at a time; answers the numbers of those that it won. */
async function createAll(store: ObjectStore, [worker = '', count = '']: readonly string[]): Promise<number[]> {
  const numbers = Array.from({ length: Number(count) }, (_, index) => (index * 7 + Number(worker)) % Number(count));
  const won: number[] = [];
  for (let start = 0; start < numbers.length; start += 20) {
    await Promise.all(
      numbers.slice(start, start + 20).map(async (number) => {
        const outcome = await store.create(objectKey(`race/${number}`), contentOf(`worker ${worker}`));
        if (outcome === 'created') won.push(number);
      }),
    );
  }
  return won;
}

/** Adds one to `counter`, so many times, by compare-and-swap; answers the conflicts met. */
async function countUp(store: ObjectStore, [times = '']: readonly string[]): Promise<number> {
  const key = objectKey('counter');
  let conflicts = 0;
  for (let done = 0; done < Number(times);) {
    const object = await store.read(key);
    if (object === undefined) throw new Error('the counter is gone');
    const value = Number((await bytesOf(object.body)).toString());
    if ((await store.replace(key, contentOf(`${value + 1}`), object.revision)) === 'replaced') done += 1;
    else conflicts += 1;
  }
  return conflicts;
}

async function streamLarge(store: ObjectStore, [size = '']: readonly string[]): Promise<LargeAnswer> {
  const key = objectKey('large');
  const before = process.resourceUsage().maxRSS;
  const content = generatedContent(Number(size));
  const created = await store.create(key, content);
  const object = await store.read(key);
  const hash = createHash('sha256');
  for await (const piece of object?.body ?? []) hash.update(piece);
  const same = hash.digest('hex') === content.sha256;
  return { created, same, growth: (process.resourceUsage().maxRSS - before) * 1024 };
}
