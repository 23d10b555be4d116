import { expect, test } from '@jest/globals';
import { randomFrom } from '../../support/interleaving.ts';
import { NeighbourTally, playNeighbours } from '../../support/sequences/neighbours.ts';

/** Histories of two domains that use each other's artifacts. A seed and a number of them come from the environment as those of a domain's histories do. */

const { CFN_ARTIFACTS_TEST_RUNS: runs = '60', CFN_ARTIFACTS_TEST_SEED: seed } = process.env;

test('whatever befalls two domains and the way between them: nothing in use is lost, and in the end both say the same', async () => {
  const tally = new NeighbourTally();
  const first = seed === undefined ? Date.now() % 2 ** 31 : Number(seed);
  for (let run = 0; run < Number(runs); run++) {
    const { violations, trace } = await playNeighbours(randomFrom(first + run), tally);
    if (violations.length > 0) {
      const again = `Again: CFN_ARTIFACTS_TEST_SEED=${first + run} CFN_ARTIFACTS_TEST_RUNS=1`;
      throw new Error([...violations, '', ...trace.slice(-200), again].join('\n'));
    }
  }
  const told = [...tally.counts].map(([kind, count]) => `${kind} ${count}`).join(', ');
  process.stderr.write(`two domains: seed ${first}, ${told}\n`);
  const kinds = ['bound from elsewhere', 'rolled back', 'deleted', 'failed', 'died', 'road closed', 'tick', 'collect'];
  if (Number(runs) >= 60) expect([...tally.counts.keys()]).toEqual(expect.arrayContaining(kinds));
}, 300_000);
