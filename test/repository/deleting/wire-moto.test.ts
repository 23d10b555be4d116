import { afterAll, describe, expect, test } from '@jest/globals';
import { startMoto } from '../../support/moto.ts';
import { whySkipped } from '../../support/where.ts';
import { MOTO_IS_WRONG } from '../../support/wire/moto-is-wrong.ts';
import { lineStage } from '../../support/wire/on-line.ts';
import { playHistories } from '../../support/wire/play.ts';

/** Deletion before an S3 that is not this project's: moto, at the end of a line on which requests are lost, late, repeated and overtaken. */

const FILE = 'test/repository/deleting/wire-moto.test.ts';
const moto = await startMoto();
const played = 'skipped' in moto ? undefined : play(moto.endpoint);

function play(endpoint: string): ReturnType<typeof start> {
  const playing = start(endpoint);
  // Heard of in the tests.
  playing.catch(() => undefined);
  return playing;
}

async function start(endpoint: string) {
  const stage = await lineStage(endpoint, 1, { accessKeyId: 'test', secretAccessKey: 'test' });
  const { violations, tally } = await playHistories({ file: FILE, stage, histories: 6, rounds: 10 });
  return { violations, tally, requests: stage.proxy.requests };
}

afterAll(async () => {
  await played?.catch(() => undefined);
  if (!('skipped' in moto)) await moto.close();
});

const onMoto = 'skipped' in moto ? test.skip : test;
const why = whySkipped(!('skipped' in moto), 'skipped' in moto ? moto.skipped : '');

describe(`on moto, through an unreliable line${why}`, () => {
  onMoto(
    'nothing that was acknowledged is lost, and in the end nothing is left',
    async () => {
      const { violations, tally } = (await played)!;
      expect(violations).toEqual([]);
      expect(tally.missing).toEqual([]);
    },
    600_000,
  );

  const isAvoided = MOTO_IS_WRONG.filter(({ standsOn }) => standsOn !== undefined);
  onMoto.each(isAvoided)(
    'moto $what: $here',
    async ({ standsOn }) => {
      const { requests } = (await played)!;
      expect(requests.length).toBeGreaterThan(0);
      expect(requests.filter((request) => standsOn?.(request))).toEqual([]);
    },
    600_000,
  );
});
