import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startMoto } from '../support/moto.ts';
import { endpointStage, packedFunction, serverStage } from '../support/sequences/over-s3.ts';
import { playSequences } from '../support/sequences/play.ts';
import { whySkipped } from '../support/where.ts';

/** The same sequences with the real thing: the bundle, packed as in the template, in processes of its own over https, on S3 over HTTP. */

const FILE = 'test/handler/sequences-s3.test.ts';
/** So many in a row without any operation of a stack are no coincidence. */
const HISTORIES = 20;
const moto = await startMoto();
let file: string;

beforeAll(async () => {
  file = await packedFunction();
});

afterAll(async () => {
  if (!('skipped' in moto)) await moto.close();
});

test('the bundle, killed between any two of its requests, on a server with faults', async () => {
  let seed = 0;
  const stage = (coverage: Parameters<typeof serverStage>[1]) => serverStage(file, coverage, ++seed);
  const coverage = await playSequences({ file: FILE, runs: 14, stage });
  expect(coverage.of('fault of the store')).toBeGreaterThan(0);
}, 1_200_000);

const onMoto = 'skipped' in moto ? test.skip : test;
onMoto(
  `the bundle on moto${whySkipped(!('skipped' in moto), 'skipped' in moto ? moto.skipped : '')}`,
  async () => {
    if ('skipped' in moto) throw new Error(moto.skipped);
    let operations = 0;
    // A history by itself may have none.
    for (let histories = 0; operations === 0 && histories < HISTORIES; histories++) {
      const coverage = await playSequences({
        ...{ file: FILE, runs: 1, atMost: 1 },
        stage: async (given) => {
          // Of what a failing sequence is made smaller to, each is played on a moto without a bucket.
          await fetch(`${moto.endpoint}/moto-api/reset`, { method: 'POST' });
          return endpointStage(file, moto.endpoint, given);
        },
      });
      operations = coverage.operations;
    }
    expect(operations).toBeGreaterThan(0);
  },
  600_000,
);
