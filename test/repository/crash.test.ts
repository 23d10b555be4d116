import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Covered, Stage } from '../support/crash/everywhere.ts';
import { dieEverywhere, makeStage } from '../support/crash/everywhere.ts';
import { memoryGround } from '../support/crash/ground.ts';
import { SCENARIOS } from '../support/crash/scenario.ts';

/** Every command of the keeper, every event of the reference function, and publishing, dead at each request that it makes. */

let stage: Stage;
const covered: Covered[] = [];

beforeAll(async () => {
  stage = await makeStage(memoryGround);
});

test.each(SCENARIOS)(
  '$name: whoever dies leaves what can be gone on with',
  async (scenario) => {
    const one = await dieEverywhere(scenario, stage, 'always');
    covered.push(one);
    expect(one.violations).toEqual([]);
    expect(one.points).toBeGreaterThan(1);
  },
  300_000,
);

afterAll(async () => {
  await stage.ground.drop();
  const points = covered.reduce((sum, one) => sum + one.points, 0);
  const states = covered.reduce((sum, one) => sum + one.states, 0);
  process.stderr.write(
    `crash everywhere, in memory: ${covered.length} scenarios, ${points} crash points, ${states} states looked at\n`,
  );
});
