import { expect, test } from '@jest/globals';
import { bookmarkEvent } from '../../repository/event.ts';
import { deleteBookmark, setBookmark } from '../../repository/bookmark.ts';
import { publishVersion } from '../../repository/index.ts';
import { changeStatus } from '../../repository/status-change.ts';
import { observed } from '../../repository/stores/observed.ts';
import type { Change } from '../../repository/stores/observed.ts';
import { issuedBefore, timeAfter } from '../../repository/time.ts';
import { publishable, testDomain } from '../support/domain.ts';

const NOW = new Date('2026-01-01T00:00:00.000Z');

test.each([
  ['nothing', undefined, '2026-01-01T00:00:00.000Z'],
  ['the past', '2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z'],
  ['the same moment', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z'],
  ['a clock that is ahead', '2026-01-01T00:05:00.000Z', '2026-01-01T00:05:00.001Z'],
  ['no time', 'yesterday', '2026-01-01T00:00:00.000Z'],
])('the time after %s', (_name, before, expected) => {
  expect(timeAfter(NOW, before)).toBe(expected);
});

test('what is issued may be ahead by 15 minutes', () => {
  for (const issued of ['2025-01-01T00:00:00.000Z', '2026-01-01T00:15:00.000Z'])
    expect(issuedBefore(issued, NOW)).toBe(issued);
  expect(issuedBefore('2026-01-01T00:15:00.001Z', NOW)).toBe(NOW.toISOString());
});

test('moves of a bookmark and statuses of a version have times in their order, whatever the clocks of those are who make them', async () => {
  const name = { repository: 'default', id: 'lib' };
  const domain = await testDomain();
  for (const content of ['1', '2', '3']) await publishVersion(domain, name, publishable(content));
  const changes: Change[] = [];
  const store = observed(domain.store, {
    watches: (key) => /^(?:bookmarks|statuses)\//.test(key),
    changed: (change) => changes.push(change),
  });
  // One after the other, with clocks that are 400 ms ahead, right, and 100 ms behind.
  const at = (skew: number) => ({
    ...domain,
    store,
    chance: { ...domain.chance, now: () => new Date(NOW.getTime() + skew) },
  });
  await setBookmark(at(0), { ...domain, ...name, version: 1 }, 'prod');
  await setBookmark(at(400), { ...domain, ...name, version: 2 }, 'prod');
  await deleteBookmark(at(0), name, 'prod');
  await setBookmark(at(-100), { ...domain, ...name, version: 3 }, 'prod');
  await changeStatus(at(400), name, 1, 'Unlisted');
  await changeStatus(at(0), name, 1, 'Published');
  const occasion = { place: domain, cause: { by: 'keeper', command: 'bookmark-set' } as const, now: NOW.toISOString() };
  const moves = changes.flatMap((change) => bookmarkEvent(change, occasion, () => [])?.detail.sequence ?? []);
  expect(moves).toEqual([...new Set(moves)].sort());
  expect(moves).toHaveLength(4);
  const statuses = changes.filter(({ key }) => key.startsWith('statuses/')).map(({ after }) => String(after?.['at']));
  expect(statuses).toEqual([...new Set(statuses)].sort());
});
