import { describe, expect, test } from '@jest/globals';
import { explore } from '../../support/explorer/explorer.ts';
import { WEAKENED } from '../../support/explorer/weakened-protocols.ts';

/** The search finds what is wrong where something is: each protocol lacks one thing, and the same story with nothing lacking breaks no promise. */
describe.each(WEAKENED.map((protocol) => [protocol.name, protocol] as const))('%s', (name, { weak, whole, wrong }) => {
  test('is caught, with a story that shows it', async () => {
    const { violation } = await explore(weak, { everyOrder: true });
    const story = violation?.story ?? [];
    process.stderr.write([name, ...story, `=> ${violation?.wrong ?? ''}`, ''].join('\n'));
    expect(violation?.wrong).toBe(wrong);
    expect(story.length).toBeGreaterThan(4);
  });

  test('has a reduced search that finds it too', async () => {
    expect((await explore(weak)).violation?.wrong).toBe(wrong);
  });

  test('with nothing lacking it is safe', async () => {
    expect((await explore(whole)).violation).toBeUndefined();
  });
});
