import { afterAll, describe, expect, test } from '@jest/globals';
import { explore } from '../../support/explorer/explorer.ts';
import type { Scenario } from '../../support/explorer/scenario.ts';
import { OF_CONTENT, OF_VERSIONS, ON_DEMAND } from '../../support/explorer/scenarios.ts';

/** So many distinct states are looked at, whatever becomes smaller some day. */
const AT_LEAST = 1_000_000;

/** EXPLORE=all: also what takes long. */
const ABOUT_VERSIONS = process.env['EXPLORE'] === 'all' ? [...OF_VERSIONS, ...ON_DEMAND] : OF_VERSIONS;

let total = 0;

/** @returns what is wrong, and the story that shows it */
async function violated(scenario: Scenario): Promise<readonly string[]> {
  const { violation, states, transitions, depth } = await explore(scenario);
  process.stderr.write(`explored ${scenario.name}: ${states} states, ${transitions} transitions, depth ${depth}\n`);
  total += states;
  if (states <= 100) return [`only ${states} states`];
  return violation === undefined ? [] : [violation.wrong, ...violation.story];
}

describe('whoever does what when, no promise about content is broken', () => {
  test.each(OF_CONTENT.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await violated(scenario)).toEqual([]);
  });
});

describe('whoever does what when, no promise about a version is broken', () => {
  test.each(ABOUT_VERSIONS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await violated(scenario)).toEqual([]);
  });
});

afterAll(() => {
  process.stderr.write(`explored in all: ${total} states\n`);
  if (total < AT_LEAST) throw new Error(`only ${total} states were looked at, of ${AT_LEAST}`);
});
