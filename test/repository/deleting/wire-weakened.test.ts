import { expect, test } from '@jest/globals';
import { serverStage } from '../../support/wire/on-server.ts';
import { playHistories } from '../../support/wire/play.ts';
import { WEAKENED_COLLECTORS } from '../../support/wire/weakened-collectors.ts';

/** The rounds on the wire can fail: with a collector that lacks one thing they do. */

test.each(WEAKENED_COLLECTORS)('a collector that %s is found out', async (name, collect) => {
  const stage = await serverStage(3);
  const title = `wire, with a collector that ${name}`;
  const { violations } = await playHistories({ title, stage, histories: 9, rounds: 12, collect });
  expect(violations.join('\n')).toMatch(/content .* is lost|without its content|content is not there/);
});
