import { afterAll, describe, expect, test } from '@jest/globals';
import { OF_VERSIONS } from '../../support/explorer/scenarios.ts';
import { Total } from '../../support/explorer/total.ts';

const total = new Total();

describe('whoever does what when, no promise about a version is broken', () => {
  test.each(OF_VERSIONS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await total.violated(scenario)).toEqual([]);
  });
});

afterAll(() => {
  process.stderr.write(`explored of versions: ${total.states} states\n`);
});
