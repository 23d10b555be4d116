import { expect, test } from '@jest/globals';
import { memoryStage } from '../support/sequences/in-process.ts';
import { playSequences } from '../support/sequences/play.ts';

/**
 * The reference function in the hands of CloudFormation: whole stacks, operation after operation, with everything that goes wrong on the way, and a
 * collector that takes whatever nothing protects. Four files share three thousand sequences, so that several workers play them.
 */

test('whatever is deployed and goes wrong: references are those of what is deployed, and nothing in use goes missing', async () => {
  const coverage = await playSequences({ file: 'test/handler/sequences-2.test.ts', runs: 750, stage: memoryStage });
  expect(coverage.unexpectedlyMissing).toEqual([]);
}, 600_000);
