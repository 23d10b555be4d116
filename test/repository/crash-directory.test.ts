import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Covered, Stage } from '../support/crash/everywhere.ts';
import { dieEverywhere, makeStage } from '../support/crash/everywhere.ts';
import { directoryGround } from '../support/crash/ground.ts';
import { SCENARIOS } from '../support/crash/scenario.ts';

/** As in memory, on a directory: what its keys are, and what a removal leaves, is up to the file system. */

let stage: Stage;
const covered: Covered[] = [];
/** They do many times what others here do once. */
const LONG: ReadonlySet<string> = new Set(['tend, with a collection', 'delete all versions']);
/** A directory knows no other domain, and shares nothing. */
const IN_AWS = /^(?:fetch|tell|tag-shared)|elsewhere$/;
const scenarios = SCENARIOS.filter(({ name }) => !LONG.has(name) && !IN_AWS.test(name));

beforeAll(async () => {
  stage = await makeStage(directoryGround);
});

test.each(scenarios)(
  '$name: whoever dies leaves what can be gone on with',
  async (scenario) => {
    const one = await dieEverywhere(scenario, stage, 'once');
    covered.push(one);
    expect(one.violations).toEqual([]);
    expect(one.points).toBeGreaterThan(1);
  },
  600_000,
);

afterAll(async () => {
  await stage.ground.drop();
  const points = covered.reduce((sum, one) => sum + one.points, 0);
  const states = covered.reduce((sum, one) => sum + one.states, 0);
  process.stderr.write(
    `crash everywhere, in a directory: ${covered.length} scenarios, ${points} crash points, ${states} states looked at\n`,
  );
});
