/* eslint-disable jest/no-export -- a suite that others call */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Covered, Stage } from './everywhere.ts';
import { dieEverywhere, makeStage } from './everywhere.ts';
import type { MakeGround } from './ground.ts';
import type { Scenario } from './scenario.ts';

/**
 * A test for each scenario, and a line in the end that says how much was looked at.
 * @param where for that line
 * @param looks as of `dieEverywhere`
 */
export function diesEverywhere(
  where: string,
  scenarios: readonly Scenario[],
  make: MakeGround,
  looks: 'always' | 'once',
): void {
  let stage: Stage;
  const covered: Covered[] = [];

  beforeAll(async () => {
    stage = await makeStage(make);
  });

  test.each(scenarios)('$name: whoever dies leaves what can be gone on with', async (scenario) => {
    const one = await dieEverywhere(scenario, stage, looks);
    covered.push(one);
    expect(one.violations).toEqual([]);
    expect(one.points).toBeGreaterThan(1);
  });

  afterAll(async () => {
    await stage.ground.drop();
    const points = covered.reduce((sum, one) => sum + one.points, 0);
    const states = covered.reduce((sum, one) => sum + one.states, 0);
    process.stderr.write(
      `crash everywhere, ${where}: ${covered.length} scenarios, ${points} crash points, ${states} states looked at\n`,
    );
  });
}
