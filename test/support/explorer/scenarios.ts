import type { Act } from './actor.ts';
import {
  addsReference,
  allAtOnce,
  beforeOrAfterTheVersion,
  binds,
  bookmarks,
  changes,
  collects,
  collectsContent,
  DIGEST,
  deletes,
  deletesPromoted,
  finishes,
  makesLive,
  promotes,
  publishesCandidate,
  notes,
  OTHER,
  publishes,
  publishesAnother,
  publishesBoth,
  publishesLabelled,
  publishesSource,
  releases,
  removesBookmark,
  removesReference,
  strayContent,
  strayOther,
  undeletes,
} from './cast.ts';
import type { FaultLimits } from './faults.ts';
import type { Promised } from './promises.ts';
import { bookmarkedAs, boundAs, finishedAs, isJudged, judging, promotedAs } from './promises.ts';
import type { Part, Scenario } from './scenario.ts';

/** A scenario of parts and of what they are promised. */
export function scenario(
  name: string,
  before: readonly Act[],
  parts: readonly Part[],
  promises: readonly Promised[],
  more: Partial<Pick<Scenario, 'faults' | 'pauses' | 'timeOf' | 'isVersioned'>> = {},
): Scenario {
  const watched = promises.flatMap(({ until = [] }) => until);
  const timeOf = beforeOrAfterTheVersion;
  return { name, before, parts, isJudged, judge: judging(promises), watched, timeOf, ...more };
}

const PUBLISHER: Part = { name: 'publisher', acts: [publishes] };
const SOURCE_PUBLISHER: Part = { name: 'publisher of a source', acts: [publishesSource] };
const SOURCE_PUBLISHER_2: Part = { name: 'publisher of a source 2', acts: [publishesSource] };
const ADDER_WITH_BYTES: Part = { name: 'publisher of another', acts: [publishesAnother] };
const COLLECTOR: Part = { name: 'collector', acts: collects };
const COLLECTOR_2: Part = { name: 'collector 2', acts: collects };
const REMOVER: Part = { name: 'remover', acts: [releases('A')] };
const DELETER: Part = { name: 'deleter', acts: [deletes] };
const DELETER_2: Part = { name: 'deleter 2', acts: [deletes] };
/** Who takes a deletion back waits for whoever is deleting. */
const UNDELETER: Part = { name: 'undeleter', acts: [undeletes], mayBeBlocked: true };
const UNDELETER_2: Part = { name: 'undeleter 2', acts: [undeletes], mayBeBlocked: true };

/** Custom::ArtifactRefs that name content by its digest alone, and those that name the version. */
const ADDER: Part = { name: 'adder', acts: [binds('A')] };
const ADDER_2: Part = { name: 'adder 2', acts: [binds('B')] };
const NOTER: Part = { name: 'noter', acts: [notes] };
const USER: Part = { name: 'user', acts: [binds('A', 1)] };
const NAMED: Part = { name: 'named consumer', acts: [addsReference] };
const NAMED_REMOVER: Part = { name: 'named remover', acts: [removesReference] };

/** People who move a bookmark, and give statuses. */
const SETTER: Part = { name: 'setter', acts: [bookmarks(1)] };
const SETTER_2: Part = { name: 'setter 2', acts: [bookmarks(1)] };
/** To the other version. */
const MOVER: Part = { name: 'mover', acts: [bookmarks(2)] };
const UNSETTER: Part = { name: 'unsetter', acts: [removesBookmark] };
const DISPOSER: Part = { name: 'disposer', acts: [changes('Disposed')] };
const ARCHIVER: Part = { name: 'archiver', acts: [changes('Archived')], mayBeBlocked: true };

const PUBLISHER_OF_BOTH: Part = { name: 'publisher of both', acts: [publishesBoth] };
const PUBLISHER_OF_BOTH_2: Part = { name: 'publisher of both 2', acts: [publishesBoth] };
const OTHER_COLLECTOR: Part = { name: 'collector of the other', acts: collectsContent(OTHER) };
const LABELLER: Part = { name: 'labeller', acts: [publishesLabelled('x')] };
const LABELLER_2: Part = { name: 'labeller 2', acts: [publishesLabelled('x')] };
const OTHER_LABELLER: Part = { name: 'labeller of the other', acts: [publishesLabelled('y')] };

const CANDIDATE: Part = { name: 'publisher of a candidate', acts: [publishesCandidate('build-1')] };
const CANDIDATE_2: Part = { name: 'publisher of a candidate 2', acts: [publishesCandidate('build-1')] };
const FINISHER: Part = { name: 'finisher', acts: [finishes(1)], mayBeBlocked: true };
const FINISHER_2: Part = { name: 'finisher 2', acts: [finishes(1)], mayBeBlocked: true };
const OTHER_FINISHER: Part = { name: 'finisher of the other', acts: [finishes(2)], mayBeBlocked: true };

const PROMOTER: Part = { name: 'promoter', acts: [promotes('a')], mayBeBlocked: true };
const PROMOTED_DELETER: Part = { name: 'deleter of the promoted', acts: [deletesPromoted] };

const BOUND = boundAs('adder', 'A');
const BOUND_UNTIL_REMOVED = boundAs('adder', 'A', { until: ['remover'] });
const BOUND_2 = boundAs('adder 2', 'B');
const USING = boundAs('user', 'A', { version: 1 });
const USING_UNTIL_REMOVED = boundAs('user', 'A', { version: 1, until: ['remover'] });

/** What somebody is told who adds a reference by hand. */
export function namedAs(by: string, until: readonly string[] = []): readonly Promised[] {
  const reference = `references/${DIGEST}/named/`;
  return ['added', 'exists'].map((saying) => ({ by, saying, reference, version: 1, until }));
}

const stray = [strayContent];
const published = [publishes];
const deleted = [publishes, deletes];

/** Of those who wait for each other, turn after turn. */
const WAITING = { pauses: 2 };

/** Two adders, one of whom has the bytes, a publisher, two collectors and a remover: some of them, or all. */
export function ofSix(parts: readonly Part[], faults: FaultLimits = {}): Scenario {
  const { late = 0, lost = 0 } = faults;
  const remarks = [...(late > 0 ? [`late ${late}`] : []), ...(lost > 0 ? [`lost ${lost}`] : [])];
  const name = [...parts.map((part) => part.name), ...remarks].join(', ');
  const promises = parts.includes(REMOVER) ? [BOUND_UNTIL_REMOVED] : [BOUND];
  return scenario(name, stray, parts, parts.includes(ADDER) ? promises : [], { faults });
}

export const SIX: readonly Part[] = [ADDER, ADDER_WITH_BYTES, PUBLISHER, COLLECTOR, COLLECTOR_2, REMOVER];

/**
 * Every three of the six, as far as they are different stories: the two who have the bytes do the same, so do the collectors, and the remover meets nobody but the adder and
 * collectors. Any write may come twice. Three who include both with the bytes and a collector take long.
 */
const THREE_OF_SIX: readonly Scenario[] = [
  [ADDER, ADDER_WITH_BYTES, PUBLISHER],
  [ADDER, PUBLISHER, COLLECTOR],
  [ADDER, PUBLISHER, REMOVER],
  [ADDER, COLLECTOR, COLLECTOR_2],
  [ADDER, COLLECTOR, REMOVER],
  [PUBLISHER, COLLECTOR, COLLECTOR_2],
].map((parts) => ofSix(parts, { late: 1 }));

/** Every four of the six, but for both with the bytes and both collectors, who take long. */
const FOUR_OF_SIX: readonly Scenario[] = [
  [ADDER, ADDER_WITH_BYTES, PUBLISHER, REMOVER],
  [ADDER, PUBLISHER, COLLECTOR, REMOVER],
  [ADDER, COLLECTOR, COLLECTOR_2, REMOVER],
].map((parts) => ofSix(parts));

/** The two largest four of the six. */
export const CROWDED: readonly Scenario[] = [
  [ADDER, PUBLISHER, COLLECTOR, COLLECTOR_2],
  [ADDER, ADDER_WITH_BYTES, PUBLISHER, COLLECTOR],
].map((parts) => ofSix(parts));

/** About content that no version holds. */
export const OF_CONTENT: readonly Scenario[] = [
  ...THREE_OF_SIX,
  ...FOUR_OF_SIX,
  ofSix([ADDER, PUBLISHER, COLLECTOR], { lost: 1 }),
  ofSix([ADDER, COLLECTOR, COLLECTOR_2], { lost: 1 }),
  ofSix([ADDER, COLLECTOR, REMOVER], { late: 2 }),
  scenario('two adders, two collectors', stray, [ADDER, ADDER_2, COLLECTOR, COLLECTOR_2], [BOUND, BOUND_2]),
  scenario('two adders, a publisher, a collector', stray, [ADDER, ADDER_2, PUBLISHER, COLLECTOR], [BOUND, BOUND_2]),
  ofSix([SOURCE_PUBLISHER, COLLECTOR, COLLECTOR_2], { late: 1 }),
  ofSix([SOURCE_PUBLISHER, COLLECTOR], { late: 1, lost: 1 }),
  ofSix([ADDER, SOURCE_PUBLISHER, COLLECTOR]),
  scenario('two publishers of a source', [], [SOURCE_PUBLISHER, SOURCE_PUBLISHER_2], [], {
    faults: { late: 1, lost: 1 },
    ...WAITING,
  }),
  scenario(
    'two adders, a collector, a remover',
    stray,
    [ADDER, ADDER_2, COLLECTOR, REMOVER],
    [BOUND_UNTIL_REMOVED, BOUND_2],
  ),
];

/** About a version, and whether it goes. */
export const OF_VERSIONS: readonly Scenario[] = [
  scenario('a user, a deleter, a collector', published, [USER, DELETER, COLLECTOR], [USING], {
    faults: { late: 1, lost: 1 },
  }),
  scenario('a user, a deleter, an undeleter', published, [USER, DELETER, UNDELETER], [USING]),
  scenario('a user, an undeleter, a deleter, a collector', deleted, [USER, UNDELETER, DELETER, COLLECTOR], [USING]),
  scenario(
    'a user, a remover, a deleter, a collector',
    published,
    [USER, REMOVER, DELETER, COLLECTOR],
    [USING_UNTIL_REMOVED],
  ),
  scenario('a user, a noter, a deleter, an undeleter', published, [USER, NOTER, DELETER, UNDELETER], [USING], WAITING),
  scenario('a user, a noter, a deleter, late 1, lost 1', published, [USER, NOTER, DELETER], [USING], {
    faults: { late: 1, lost: 1 },
    ...WAITING,
  }),
  scenario('two deleters, an undeleter', published, [DELETER, DELETER_2, UNDELETER], [], WAITING),
  scenario('an undeleter, a deleter, a collector', deleted, [UNDELETER, DELETER, COLLECTOR], []),
  scenario('an undeleter, a deleter, late 1', deleted, [UNDELETER, DELETER], [], { faults: { late: 1 } }),
  scenario('an undeleter, a deleter, lost 1', deleted, [UNDELETER, DELETER], [], { faults: { lost: 1 } }),
  scenario('two undeleters, a collector', deleted, [UNDELETER, UNDELETER_2, COLLECTOR], [], WAITING),
  scenario('an undeleter, a publisher', deleted, [UNDELETER, PUBLISHER], []),
  scenario('an undeleter, a publisher, within one second', deleted, [UNDELETER, PUBLISHER], [], { timeOf: allAtOnce }),
  scenario('an undeleter, a publisher of a source, late 1, lost 1', deleted, [UNDELETER, SOURCE_PUBLISHER], [], {
    faults: { late: 1, lost: 1 },
  }),
  scenario('a publisher, a deleter', published, [PUBLISHER, DELETER], [], WAITING),
  scenario(
    'a publisher of a source, a deleter, a collector',
    published,
    [SOURCE_PUBLISHER, DELETER, COLLECTOR],
    [],
    WAITING,
  ),
  scenario('a publisher, a deleter, within one second', published, [PUBLISHER, DELETER], [], {
    timeOf: allAtOnce,
    ...WAITING,
  }),
  scenario(
    'a named consumer, a deleter, a collector',
    published,
    [NAMED, DELETER, COLLECTOR],
    namedAs('named consumer'),
  ),
  scenario(
    'a named consumer, its remover, a deleter',
    published,
    [NAMED, NAMED_REMOVER, DELETER],
    namedAs('named consumer', ['named remover']),
  ),
];

const two = [publishes, publishesBoth];
const bookmarked = [publishes, publishesBoth, bookmarks(2)];
const SET = bookmarkedAs('setter', 1);
const SET_2 = bookmarkedAs('setter 2', 1);

/** About bookmarks, and what they name. */
export const OF_BOOKMARKS: readonly Scenario[] = [
  scenario('a setter, a deleter, a collector', published, [SETTER, DELETER, COLLECTOR], [SET]),
  scenario('a setter, a deleter, late 1, lost 1', published, [SETTER, DELETER], [SET], {
    faults: { late: 1, lost: 1 },
    ...WAITING,
  }),
  scenario('a setter, a disposer, a collector', published, [SETTER, DISPOSER, COLLECTOR], [SET], WAITING),
  scenario('a setter, a deleter, an undeleter', published, [SETTER, DELETER, UNDELETER], [SET], WAITING),
  scenario('two setters, a deleter', published, [SETTER, SETTER_2, DELETER], [SET, SET_2], WAITING),
  scenario(
    'a setter, a mover, a deleter',
    two,
    [SETTER, MOVER, DELETER],
    [bookmarkedAs('setter', 1, ['mover']), bookmarkedAs('mover', 2, ['setter'])],
    WAITING,
  ),
  scenario(
    'a setter, an unsetter, a deleter',
    bookmarked,
    [SETTER, UNSETTER, DELETER],
    [bookmarkedAs('setter', 1, ['unsetter'])],
    WAITING,
  ),
  scenario('a setter, an archiver, a deleter', published, [SETTER, ARCHIVER, DELETER], [SET], WAITING),
];

const strays = [strayContent, strayOther];
const whole = [publishesBoth];
const wholeDeleted = [publishesBoth, deletes];

/** About versions of several assets, and labels. */
export const OF_SEVERAL: readonly Scenario[] = [
  scenario('a publisher of both, a collector', strays, [PUBLISHER_OF_BOTH, COLLECTOR], []),
  scenario('a publisher of both, a collector of the other', strays, [PUBLISHER_OF_BOTH, OTHER_COLLECTOR], []),
  scenario(
    'a publisher of both, a deleter of what has one of them',
    published,
    [PUBLISHER_OF_BOTH, DELETER],
    [],
    WAITING,
  ),
  scenario('a deleter of both, a collector of the other', whole, [DELETER, OTHER_COLLECTOR], []),
  scenario('an undeleter of both, a collector of the other', wholeDeleted, [UNDELETER, OTHER_COLLECTOR], []),
  scenario('a user of both, a deleter, a collector of the other', whole, [USER, DELETER, OTHER_COLLECTOR], [USING]),
  scenario('two labellers of the same', [], [LABELLER, LABELLER_2], [], { faults: { lost: 1 }, ...WAITING }),
  scenario('two labellers of different content', [], [LABELLER, OTHER_LABELLER], [], {
    faults: { late: 1 },
    ...WAITING,
  }),
  scenario('a labeller, a deleter, a collector', published, [LABELLER, DELETER, COLLECTOR], [], WAITING),
];

const candidates = [publishesCandidate('build-1'), publishesCandidate('build-2')];
const FINISHED = finishedAs('finisher', 1);

/** About candidates for a label, of which one is chosen. */
export const OF_CANDIDATES: readonly Scenario[] = [
  scenario(
    'two finishers of one candidate',
    [publishesCandidate('build-1')],
    [FINISHER, FINISHER_2],
    [FINISHED],
    WAITING,
  ),
  scenario(
    'finishers of two candidates',
    candidates,
    [FINISHER, OTHER_FINISHER],
    [FINISHED, finishedAs('finisher of the other', 2)],
    WAITING,
  ),
  scenario('a finisher, a deleter', candidates, [FINISHER, DELETER], [FINISHED], WAITING),
  scenario(
    'a user, a finisher, a deleter',
    [publishesCandidate('build-1')],
    [USER, FINISHER, DELETER],
    [USING, FINISHED],
    WAITING,
  ),
  scenario(
    'a publisher of a candidate, a deleter, a collector',
    [publishesCandidate('build-1')],
    [CANDIDATE, DELETER, COLLECTOR],
    [],
    WAITING,
  ),
  scenario('two publishers of one candidate', [], [CANDIDATE, CANDIDATE_2], [], WAITING),
];

const promotable = [publishes, makesLive];
const promoted = [publishes, makesLive, promotes('a')];
const KEPT = promotedAs('promoter');
const KEPT_UNTIL_GONE = promotedAs('promoter', ['deleter of the promoted']);

/** About what is promoted, and what it was promoted from. */
export const OF_PROMOTIONS: readonly Scenario[] = [
  scenario('a promoter, a deleter', promotable, [PROMOTER, DELETER], KEPT, WAITING),
  scenario('a promoter, a collector', promotable, [PROMOTER, COLLECTOR], KEPT, WAITING),
  scenario(
    'a promoter again, a deleter of the promoted',
    promoted,
    [PROMOTER, PROMOTED_DELETER],
    KEPT_UNTIL_GONE,
    WAITING,
  ),
  scenario('deleters of both, a collector', promoted, [DELETER, PROMOTED_DELETER, COLLECTOR], [], WAITING),
];

/** As those of several assets and of labels, and a minute or more each. */
export const OF_SEVERAL_ON_DEMAND: readonly Scenario[] = [
  scenario('three labellers, two of the same', [], [LABELLER, LABELLER_2, OTHER_LABELLER], [], WAITING),
  scenario('a publisher of both, a collector, late 1', strays, [PUBLISHER_OF_BOTH, COLLECTOR], [], {
    faults: { late: 1 },
  }),
  scenario('two publishers of both', [], [PUBLISHER_OF_BOTH, PUBLISHER_OF_BOTH_2], [], WAITING),
  scenario('a publisher of both, a deleter', whole, [PUBLISHER_OF_BOTH, DELETER], [], WAITING),
  scenario('a deleter, an undeleter of both, a collector', whole, [DELETER, UNDELETER, OTHER_COLLECTOR], []),
];

/** Many minutes, and gigabytes. */
export const ON_DEMAND: readonly Scenario[] = [
  ofSix([ADDER_WITH_BYTES, PUBLISHER, COLLECTOR], { late: 1 }),
  ofSix([ADDER, COLLECTOR, COLLECTOR_2, REMOVER], { late: 1 }),
  scenario(
    'two adders, two collectors, a remover, late 1',
    stray,
    [ADDER, ADDER_2, COLLECTOR, COLLECTOR_2, REMOVER],
    [BOUND_UNTIL_REMOVED, BOUND_2],
    { faults: { late: 1 } },
  ),
];

/** Small enough that nothing has to be left out. */
export const SMALL: readonly Scenario[] = [
  ofSix([ADDER, COLLECTOR], { late: 1, lost: 1 }),
  ofSix([ADDER, REMOVER], { late: 1, lost: 1 }),
  ofSix([PUBLISHER, COLLECTOR], { late: 1 }),
  ofSix([ADDER, COLLECTOR, REMOVER]),
  ofSix([ADDER, PUBLISHER, REMOVER]),
  scenario('two adders, a collector', stray, [ADDER, ADDER_2, COLLECTOR], [BOUND, BOUND_2]),
  scenario('a user, a deleter, late 1, lost 1', published, [USER, DELETER], [USING], { faults: { late: 1, lost: 1 } }),
  scenario('a user, a deleter, a collector', published, [USER, DELETER, COLLECTOR], [USING]),
  scenario('a setter, a deleter', published, [SETTER, DELETER], [SET]),
  scenario('an undeleter, a deleter, late 1', deleted, [UNDELETER, DELETER], [], { faults: { late: 1 } }),
  scenario('an undeleter, a publisher', deleted, [UNDELETER, PUBLISHER], []),
  scenario('an undeleter, a publisher of a source, late 1, lost 1', deleted, [UNDELETER, SOURCE_PUBLISHER], [], {
    faults: { late: 1, lost: 1 },
  }),
  scenario('a publisher, a deleter', published, [PUBLISHER, DELETER], [], WAITING),
  scenario(
    'a publisher of a source, a deleter, a collector',
    published,
    [SOURCE_PUBLISHER, DELETER, COLLECTOR],
    [],
    WAITING,
  ),
  scenario(
    'a named consumer, its remover, a deleter',
    published,
    [NAMED, NAMED_REMOVER, DELETER],
    namedAs('named consumer', ['named remover']),
  ),
];
