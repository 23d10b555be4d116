import { expect, test } from '@jest/globals';
import { ENOUGH } from '../support/sequences/coverage.ts';
import { memoryStage } from '../support/sequences/in-process.ts';
import { historyOf, playSequences } from '../support/sequences/play.ts';

/**
 * Whole histories of a domain: stacks in the hands of CloudFormation, people who publish, delete and take back, a keeper that audits and collects, and a store that
 * fails, each with everything that goes wrong on the way. Four files share them, so that several workers play them.
 */

const file = 'test/handler/sequences.test.ts';

test('whatever is deployed and deleted, and goes wrong: nothing in use goes missing, and in the end nothing is left', async () => {
  const coverage = await playSequences({ file, runs: ENOUGH, stage: memoryStage });
  expect(coverage.unexpectedlyMissing).toEqual([]);
}, 900_000);

test('a seed is one history, to the letter', async () => {
  for (const seed of [3, 4]) expect(await historyOf(seed, memoryStage)).toBe(await historyOf(seed, memoryStage));
}, 300_000);
