import { describe, expect, test } from '@jest/globals';
import type { LifecycleEffect, LifecycleRule } from '../../../packager/bucket/lifecycle.ts';
import { findingsOf, judged, RULES } from './sound-domain.ts';

const EVERYTHING =
  'blobs/, versions/, labels/, domain, references/, consumers/, statuses/, bookmarks/, repositories/, deletions/';
const EXPIRE: LifecycleEffect = { does: 'expire current', when: 'after 30 days' };
const FORGET: LifecycleEffect = { does: 'expire noncurrent', when: 'after 1 day' };
const FREEZE: LifecycleEffect = { does: 'move current', to: 'DEEP_ARCHIVE', when: 'after 90 days' };

function rule(prefix: string, ...effects: readonly LifecycleEffect[]): LifecycleRule {
  return { id: 'theirs', enabled: true, prefix, narrowed: false, effects };
}

async function withRule(one: LifecycleRule): Promise<readonly string[]> {
  return findingsOf(await judged({ lifecycle: [...RULES, one] }));
}

describe('rules of others', () => {
  test.each<[string, LifecycleRule, string]>([
    [
      'everything expires',
      rule('', EXPIRE),
      `problem: the lifecycle rule 'theirs' lets current versions expire after 30 days: it eats ${EVERYTHING}`,
    ],
    [
      'what has tags expires',
      { ...rule('', EXPIRE), narrowed: true },
      `problem: the lifecycle rule 'theirs' lets current versions expire after 30 days of what has certain tags or sizes: it eats ${EVERYTHING}`,
    ],
    [
      'some blobs expire',
      rule('blobs/sha256/00', EXPIRE),
      `problem: the lifecycle rule 'theirs' lets current versions expire after 30 days: it eats blobs/`,
    ],
    [
      'half a folder’s name',
      rule('re', EXPIRE),
      `problem: the lifecycle rule 'theirs' lets current versions expire after 30 days: it eats references/, repositories/`,
    ],
    [
      'the descriptor expires',
      rule('domain', EXPIRE),
      `problem: the lifecycle rule 'theirs' lets current versions expire after 30 days: it eats domain`,
    ],
    [
      'noncurrent content expires',
      rule('', FORGET),
      `problem: the lifecycle rule 'theirs' lets noncurrent versions expire after 1 day: it eats blobs/, versions/, labels/, domain`,
    ],
    [
      'both',
      rule('versions/', EXPIRE, FORGET),
      `problem: the lifecycle rule 'theirs' lets current versions expire after 30 days and lets noncurrent versions expire after 1 day: it eats versions/`,
    ],
    [
      'blobs freeze',
      rule('blobs/', FREEZE),
      `problem: the lifecycle rule 'theirs' moves current versions to DEEP_ARCHIVE after 90 days: Lambda and CloudFormation can't read them there, under blobs/`,
    ],
    [
      'superseded blobs freeze',
      rule('blobs/', { does: 'move noncurrent', to: 'GLACIER', when: 'after 1 day' }),
      `problem: the lifecycle rule 'theirs' moves noncurrent versions to GLACIER after 1 day: Lambda and CloudFormation can't read them there, under blobs/`,
    ],
    [
      'one place alone',
      rule('labels/', { does: 'move current', to: 'ONEZONE_IA', when: 'after 1 day' }),
      `warning: the lifecycle rule 'theirs' moves current versions to ONEZONE_IA after 1 day, where one data centre holds all: labels/`,
    ],
  ])('%s', async (_name, one, finding) => {
    expect(await withRule(one)).toEqual([`lifecycle ${finding}`]);
  });

  test.each<[string, LifecycleRule]>([
    ['one that is off', { ...rule('', EXPIRE), enabled: false }],
    ['scratch/', rule('scratch/', EXPIRE, FORGET, FREEZE)],
    ['sources/, which are found again', rule('sources/', EXPIRE)],
    ['superseded records', rule('references/', FORGET)],
    [
      'classes that are read at once',
      rule(
        '',
        { does: 'move current', to: 'GLACIER_IR', when: 'after 1 day' },
        { does: 'move current', to: 'INTELLIGENT_TIERING', when: 'after 0 days' },
      ),
    ],
    ['unfinished uploads and markers', rule('', { does: 'tidy', what: 'uploads' }, { does: 'tidy', what: 'markers' })],
    ['a key that only begins like the descriptor', rule('domains/', EXPIRE)],
  ])('%s: none', async (_name, one) => {
    expect(await withRule(one)).toEqual([]);
  });

  test('each is a finding of its own', async () => {
    const rules = [...RULES, { ...rule('blobs/', EXPIRE), id: 'one' }, { ...rule('labels/', EXPIRE), id: 'two' }];
    expect(findingsOf(await judged({ lifecycle: rules }))).toHaveLength(2);
  });
});

describe('the domain’s own rules', () => {
  test.each(RULES.map(({ id }) => id))(
    '%s is missed where it is missing, off, narrowed or of another folder',
    async (id) => {
      const missed = [
        `tidying warning: of the domain's lifecycle rules '${id}' is missing, off or changed: what is superseded is kept, and paid for`,
      ];
      const changed = (change: Partial<LifecycleRule>): LifecycleRule[] =>
        RULES.map((one) => (one.id === id ? { ...one, ...change } : one));
      expect(findingsOf(await judged({ lifecycle: RULES.filter((one) => one.id !== id) }))).toEqual(missed);
      expect(findingsOf(await judged({ lifecycle: changed({ enabled: false }) }))).toEqual(missed);
      expect(findingsOf(await judged({ lifecycle: changed({ effects: [] }) }))).toEqual(missed);
      expect(findingsOf(await judged({ lifecycle: changed({ narrowed: true }) }))).toEqual(missed);
      expect(findingsOf(await judged({ lifecycle: changed({ prefix: 'scratch/other/' }) }))).toEqual(missed);
    },
  );

  test('their days are the parameters’ business, and their names nobody’s', async () => {
    const renamed = RULES.map((one) => ({
      ...one,
      id: `other-${one.id}`,
      effects: one.effects.map((effect) => (effect.does === 'tidy' ? effect : { ...effect, when: 'after 99 days' })),
    }));
    expect(findingsOf(await judged({ lifecycle: renamed }))).toEqual([]);
  });

  test('all missing is one finding', async () => {
    const results = await judged({ lifecycle: [] });
    expect(findingsOf(results)).toEqual([expect.stringMatching(/^tidying warning: .*'scratch' are missing/)]);
    const [finding] = results.flatMap(({ findings }) => findings);
    expect(finding?.details).toMatchObject({ expected: RULES.map(({ id }) => expect.objectContaining({ Id: id })) });
  });
});
