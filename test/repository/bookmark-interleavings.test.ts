import { describe, expect, test } from '@jest/globals';
import { deleteBookmark, readBookmark, setBookmark } from '../../repository/bookmark.ts';
import type { BookmarkMove } from '../../repository/bookmark.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { hasCode, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Domain } from '../../repository/index.ts';
import { changeStatus } from '../../repository/status-change.ts';
import { isGone, readStatus } from '../../repository/status.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { verify } from '../../repository/verifying/verify.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { chooseBy, everyInterleaving, firstWrong, interleave, interleaveIn } from '../support/interleaving.ts';
import type { Choose } from '../support/interleaving.ts';

/**
 * Moving and deleting bookmarks, against each other, against whoever deletes the versions that they name or disposes of them, and stopped for ever before any
 * request. A bookmark never names a version that was given up; a move that was acknowledged took place once, and one that was refused never.
 */

const NAME = { repository: 'default', id: 'shop/api' };

type Actor = (domain: Domain) => Promise<unknown>;

const set =
  (version: number, expected?: number): Actor =>
  ({ ...domain }) => {
    const { partition, account, region } = domain;
    const arn = { partition, account, region, ...NAME, version };
    return setBookmark(domain, arn, 'prod', expected === undefined ? {} : { expected });
  };

const end: Actor = (domain) => deleteBookmark(domain, NAME, 'prod');

const drop =
  (version: number): Actor =>
  async (domain) =>
    (await deleteVersion(domain, NAME, version))?.outcome;

const dispose =
  (version: number): Actor =>
  async (domain) =>
    (await changeStatus(domain, NAME, version, 'Disposed'))?.outcome;

const archive =
  (version: number): Actor =>
  async (domain) =>
    (await changeStatus(domain, NAME, version, 'Archived'))?.outcome;

interface Played {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly outcomes: readonly unknown[];
}

/** @param first what the bookmark names before; 0: there is none */
async function play(
  first: number,
  actors: readonly Actor[],
  choose: Choose,
  stops?: (actor: number, step: number) => boolean,
): Promise<Played> {
  const store = memoryStore(() => new Date(0));
  const base = await testDomain(store, 'before');
  for (const text of ['one', 'two', 'three']) await publishVersion(base, NAME, publishable(text));
  if (first > 0) await set(first)(base);
  const { trace, outcomes } = await interleaveIn(base, actors, choose, stops);
  const violations: string[] = [];
  const { number, history = [], pending } = (await readBookmark(store, NAME, 'prod'))?.value ?? {};
  if (number !== undefined && isGone(await readStatus(base, NAME, number))) violations.push(`it names ${number}`);
  if (stops === undefined && pending !== undefined) violations.push('a wish is left');
  const moves = outcomes.filter(isMove).filter(({ outcome }) => outcome !== 'exists');
  const ends = outcomes.filter((one) => typeof one === 'object' && one !== null && 'from' in one && !('to' in one));
  // What it names now was one move, and everything that it named before another.
  const before = first > 0 ? 1 : 0;
  const took = history.length + (number === undefined ? 0 : 1) - before;
  if (stops === undefined ? took !== moves.length : took < moves.length)
    violations.push(`${moves.length} moves were acknowledged, and ${took} took place`);
  if (history.length < ends.length) violations.push('more ends than it had names');
  for (const one of outcomes) {
    if (
      one instanceof Error &&
      !hasCode(
        one,
        'STALE_REVISION',
        'ARTIFACT_DELETED',
        'ARTIFACT_ARCHIVED',
        'ARTIFACT_NOT_FOUND',
        'STATUS_NOT_ALLOWED',
      )
    )
      violations.push(String(one));
  }
  return { violations, trace, outcomes };
}

function isMove(outcome: unknown): outcome is BookmarkMove {
  return typeof outcome === 'object' && outcome !== null && 'to' in outcome;
}

const SCENARIOS: Readonly<Record<string, readonly [number, ...Actor[]]>> = {
  'a move while the version is deleted': [1, set(2), drop(2)],
  'a new one while the version is deleted': [0, set(2), drop(2)],
  'a move while both versions are deleted': [1, set(2), drop(1), drop(2)],
  'a move while the version is disposed of': [1, set(2), dispose(2)],
  'two moves while a version is deleted': [1, set(2), set(3), drop(2)],
  'there and back while versions are deleted': [1, set(2), set(1), drop(1), drop(2)],
  'an end while the version is deleted': [1, end, set(2), drop(1), drop(2)],
  'two who give up the same version, each to another end': [1, set(2), drop(2), dispose(2)],
  'a move while the version is archived': [1, set(2), archive(2), drop(1)],
  'three who expect the same': [1, set(2, 1), set(3, 1), set(2, 1)],
  'three who make the same': [0, set(1, 0), set(2, 0), set(3, 0)],
};

const STORIES = 400;

describe.each(Object.entries(SCENARIOS))('%s', (_, [first, ...actors]) => {
  test('in any order', async () => {
    expect(await firstWrong(STORIES, (random) => play(first, actors, chooseBy(random)))).toBeUndefined();
  });

  test('in any order, where anybody may stop for ever before any request', async () => {
    const wrong = await firstWrong(STORIES, (random) => play(first, actors, chooseBy(random), () => random() < 0.03));
    expect(wrong).toBeUndefined();
  });
});

test('a move while the version is deleted, in every order of four turns', async () => {
  const ends = new Set<string>();
  const played = await everyInterleaving(3, async (choose) => {
    const { violations, trace, outcomes } = await play(1, [set(2), drop(2)], choose);
    expect({ violations, trace: violations.length > 0 ? trace : [] }).toEqual({ violations: [], trace: [] });
    const [move, deletion] = outcomes;
    ends.add(`${move instanceof Error ? 'refused' : 'moved'}, ${String(deletion)}`);
  });
  expect(played).toBeGreaterThan(500);
  // Who waits for a decision in vain is refused, and the version stays all the same.
  expect([...ends].toSorted()).toEqual(['moved, used', 'refused, deleted', 'refused, used']);
});

test('of those who expect the same, one moves it', async () => {
  const wrong = await firstWrong(STORIES, async (random) => {
    const { trace, outcomes, ...played } = await play(1, [set(2, 1), set(3, 1), end], chooseBy(random));
    const moved = outcomes.slice(0, 2).filter((one) => isMove(one) && one.outcome === 'moved').length;
    // Whoever comes behind the end finds nothing where it expects a version.
    const violations = moved > 1 ? ['both moved it'] : played.violations;
    return { violations, trace };
  });
  expect(wrong).toBeUndefined();
});

test('a keeper that dies anywhere in a move is followed by one that moves it, and by a verification that takes the wish back', async () => {
  let wishes = 0;
  for (let died = 0; died < 14; died++) {
    const store = memoryStore(() => new Date(0));
    const domain = await testDomain(store, 'before');
    for (const text of ['one', 'two', 'three']) await publishVersion(domain, NAME, publishable(text));
    await set(1)(domain);
    await interleave(
      store,
      [(own) => set(2)({ ...domain, store: own, keeper: ownKeeper(own) })],
      ([only = 0]) => only,
      (_, step) => step === died,
    );
    const left = (await readBookmark(store, NAME, 'prod'))?.value;
    if (left?.pending !== undefined) {
      wishes += 1;
      const findings: string[] = [];
      for await (const { finding } of verify(domain, { fix: true, deep: false }))
        if (finding !== undefined) findings.push(`${finding.kind} ${finding.key} ${String(finding.healed)}`);
      expect(findings).toEqual(['unfinished bookmarks/default/shop/api/!/prod true']);
      const healed = (await readBookmark(store, NAME, 'prod'))?.value;
      expect([healed?.number, healed?.pending]).toEqual([1, undefined]);
    }
    expect(await set(3)(domain)).toMatchObject({ to: 3 });
    expect(await drop(2)(domain)).toBe('deleted');
  }
  expect(wishes).toBeGreaterThan(1);
});
