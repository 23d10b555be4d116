import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { handle } from '../../handler/reference/handle.ts';
import { contentOf, establishDomain, ownKeeper, sha256 } from '../../repository/index.ts';
import type { ObjectStore } from '../../repository/index.ts';
import { blobKey } from '../../repository/keys.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import { PLACE } from '../support/reference-function.ts';

const DIGEST = sha256('from far away');
const ARN = `arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:1@sha256:${DIGEST}`;
const KEY = blobKey(DIGEST, 'archive.zip');

/** One invocation that has some 100 milliseconds, while the content needs longer. @returns what CloudFormation is told; undefined: nothing */
async function invoke(
  store: ObjectStore,
  event: unknown,
  clock: () => Date,
): Promise<{ Status: string; Reason: string } | undefined> {
  let told: { Status: string; Reason: string } | undefined;
  const deadline = Date.now() + 2100;
  await handle(event, () => deadline - Date.now(), {
    connect: () => ({
      store,
      keeper: ownKeeper(store),
      chance: steadyChance('reference'),
      place: PLACE,
      urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
      away: {
        fetch: () => new Promise(() => undefined),
        tell: async () => undefined,
      },
    }),
    put: async (_, body) => {
      told = JSON.parse(body.toString()) as NonNullable<typeof told>;
    },
    log: () => undefined,
    now: clock,
    pause: (milliseconds, signal) => pause(milliseconds, undefined, signal && { signal }),
  });
  return told;
}

test('while content is on its way, the first delivery is left to Lambda, the next is answered', async () => {
  const store = memoryStore(steadyChance().now);
  await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
  const event = new EventSource().create({ ArtifactArn: ARN, Key: KEY });
  let issued: Date | undefined;
  const clock = (seconds: number) => () => new Date((issued ??= issueTimeOf(event)).getTime() + seconds * 1000);
  await expect(invoke(store, event, clock(58))).rejects.toThrow('timed out: content is still on its way');
  expect(await invoke(store, event, clock(176))).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('deploy again in some minutes'),
  });
  await store.create(KEY, contentOf('from far away'));
  expect(await invoke(store, event, clock(190))).toMatchObject({ Status: 'SUCCESS' });
});

function issueTimeOf(event: object): Date {
  const { ResponseURL } = event as { ResponseURL: string };
  const [, date = '', time = ''] = /X-Amz-Date=(\d{8})T(\d{6})Z/.exec(ResponseURL) ?? [];
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return new Date(`${day}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`);
}
