import { handle } from '../../handler/reference/handle.ts';
import type { Served } from '../../handler/reference/reference.ts';
import type { InvocationContext } from './stack-engine/engine.ts';

/** What the function works on; `pause` is what it does where it waits for others. */
export interface ServedInProcess extends Omit<Served, 'chance'> {
  readonly pause: () => Promise<void>;
}

/**
 * The reference function's code in this process, for a stack engine: in its virtual time, and with its answer put through it, again and again until it is
 * taken.
 * @throws Error where the address to answer at has expired
 */
export async function answerInProcess(
  event: unknown,
  context: InvocationContext,
  { pause, ...served }: ServedInProcess,
): Promise<void> {
  await handle(event, () => 60_000, {
    connect: () => ({ ...served, chance: { now: context.now, nonce: () => 'unused', pause } }),
    put: async (url, body) => {
      for (;;) {
        const { status } = await context.put(url, { 'Content-Length': String(body.length) }, body);
        if (status === 200) return;
        if (status === 403) throw new Error('expired');
      }
    },
    log: () => undefined,
    now: context.now,
    // Virtual time does not pass in here: only the end of the function's time could be waited for.
    pause: () => new Promise(() => undefined),
  });
}
