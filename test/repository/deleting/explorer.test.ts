import { afterAll, describe, expect, test } from '@jest/globals';
import { OF_CONTENT, ON_DEMAND } from '../../support/explorer/scenarios.ts';
import { Total } from '../../support/explorer/total.ts';

/** So many distinct states are looked at, whatever becomes smaller some day. */
const AT_LEAST = 1_000_000;

/** EXPLORE=all: also what takes long. */
const WANTED = process.env['EXPLORE'] === 'all' ? [...OF_CONTENT, ...ON_DEMAND] : OF_CONTENT;

const total = new Total();

describe('whoever does what when, no promise about content is broken', () => {
  test.each(WANTED.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await total.violated(scenario)).toEqual([]);
  });
});

afterAll(() => {
  process.stderr.write(`explored of content: ${total.states} states\n`);
  if (total.states < AT_LEAST) throw new Error(`only ${total.states} states were looked at, of ${AT_LEAST}`);
});
