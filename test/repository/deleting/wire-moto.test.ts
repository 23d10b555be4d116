import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startMoto } from '../../support/moto.ts';
import type { ProxiedRequest } from '../../support/proxy/proxy.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { whySkipped } from '../../support/where.ts';
import { answeredAt, MEET, MOTO_IS_WRONG } from '../../support/wire/moto-is-wrong.ts';
import { lineStage } from '../../support/wire/on-line.ts';
import { playHistories } from '../../support/wire/play.ts';

/** Deletion before an S3 that is not this project's: moto, at the end of a line on which requests are lost, late, repeated and overtaken. */

const moto = await startMoto(MEET);
const endpoint = 'skipped' in moto ? undefined : moto.endpoint;
const onMoto = endpoint === undefined ? test.skip : test;
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

afterAll(async () => {
  if (!('skipped' in moto)) await moto.close();
});

describe(`on moto${whySkipped(endpoint !== undefined, 'skipped' in moto ? moto.skipped : '')}`, () => {
  let played: Awaited<ReturnType<typeof playHistories>>;
  let requests: readonly ProxiedRequest[];
  beforeAll(async () => {
    if (endpoint === undefined) return;
    const stage = await lineStage(endpoint, 1, credentials);
    requests = stage.proxy.requests;
    const title = 'wire, to moto through an unreliable line';
    played = await playHistories({ title, stage, histories: 4, rounds: 9 });
  }, 600_000);

  onMoto('through an unreliable line nothing that was acknowledged is lost, and in the end nothing is left', () => {
    const { violations, tally, unseen } = played;
    expect(violations).toEqual([]);
    expect(unseen).toEqual([]);
    expect(tally.of('round')).toBe(36);
  });

  onMoto.each(MOTO_IS_WRONG)('it still $what', async ({ answers, wrongly }) => {
    const config = { endpoint: endpoint!, region: 'us-east-1', forcePathStyle: true, credentials } as const;
    expect(await answeredAt(config, answers)).toEqual(wrongly);
  });

  onMoto.each(MOTO_IS_WRONG.filter(({ standsOn }) => standsOn !== undefined))(
    'no request stands on that it $what: $here',
    ({ standsOn }) => {
      expect(requests.length).toBeGreaterThan(0);
      expect(requests.filter((request) => standsOn?.(request))).toEqual([]);
    },
  );
});

test.each(MOTO_IS_WRONG)(
  'the S3 server of this project answers rightly where moto $what',
  async ({ answers, rightly }) => {
    const server = await startS3Server();
    const answer = await answeredAt(server.clientConfig(), answers);
    await server.close();
    expect(answer).toEqual(rightly);
  },
);
