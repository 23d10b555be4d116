import type { Act } from './actor.ts';
import {
  addsReference,
  allAtOnce,
  beforeOrAfterTheVersion,
  binds,
  collects,
  DIGEST,
  deletes,
  publishes,
  releases,
  removesReference,
  strayContent,
  undeletes,
} from './cast.ts';
import type { Promised } from './promises.ts';
import { boundAs, isJudged, judging } from './promises.ts';
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
const USER: Part = { name: 'user', acts: [binds('A', 1)] };
const NAMED: Part = { name: 'named consumer', acts: [addsReference] };
const NAMED_REMOVER: Part = { name: 'named remover', acts: [removesReference] };

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

/** About content that no version holds. */
export const OF_CONTENT: readonly Scenario[] = [
  scenario('two adders, two collectors', stray, [ADDER, ADDER_2, COLLECTOR, COLLECTOR_2], [BOUND, BOUND_2]),
  scenario('two adders, a publisher, a collector', stray, [ADDER, ADDER_2, PUBLISHER, COLLECTOR], [BOUND, BOUND_2]),
  scenario(
    'an adder, a publisher, a collector, a remover',
    stray,
    [ADDER, PUBLISHER, COLLECTOR, REMOVER],
    [BOUND_UNTIL_REMOVED],
  ),
  scenario(
    'two adders, a collector, a remover',
    stray,
    [ADDER, ADDER_2, COLLECTOR, REMOVER],
    [BOUND_UNTIL_REMOVED, BOUND_2],
  ),
  scenario('a publisher, two collectors', stray, [PUBLISHER, COLLECTOR, COLLECTOR_2], []),
  scenario(
    'an adder, a publisher, a collector, a write that comes twice',
    stray,
    [ADDER, PUBLISHER, COLLECTOR],
    [BOUND],
    { faults: { late: 1 } },
  ),
  scenario(
    'an adder, a publisher, a collector, an answer that is lost',
    stray,
    [ADDER, PUBLISHER, COLLECTOR],
    [BOUND],
    { faults: { lost: 1 } },
  ),
  scenario('an adder, two collectors, a write that comes twice', stray, [ADDER, COLLECTOR, COLLECTOR_2], [BOUND], {
    faults: { late: 1 },
  }),
  scenario('an adder, two collectors, an answer that is lost', stray, [ADDER, COLLECTOR, COLLECTOR_2], [BOUND], {
    faults: { lost: 1 },
  }),
  scenario(
    'an adder, a collector, a remover, two writes that come twice',
    stray,
    [ADDER, COLLECTOR, REMOVER],
    [BOUND_UNTIL_REMOVED],
    { faults: { late: 2 } },
  ),
];

/** About a version, and whether it goes. */
export const OF_VERSIONS: readonly Scenario[] = [
  scenario('a user, a deleter, a collector', published, [USER, DELETER, COLLECTOR], [USING], {
    faults: { late: 1, lost: 1 },
  }),
  scenario('a user, a deleter, an undeleter', published, [USER, DELETER, UNDELETER], [USING]),
  scenario(
    'a user, a remover, a deleter, a collector',
    published,
    [USER, REMOVER, DELETER, COLLECTOR],
    [USING_UNTIL_REMOVED],
  ),
];

/** Searches that take long: of more at once, and of those who wait for each other, turn after turn. */
export const ON_DEMAND: readonly Scenario[] = [
  scenario('an adder, a publisher, two collectors', stray, [ADDER, PUBLISHER, COLLECTOR, COLLECTOR_2], [BOUND]),
  scenario('two deleters, an undeleter', published, [DELETER, DELETER_2, UNDELETER], [], { pauses: 2 }),
  scenario('an undeleter, a deleter, a collector', deleted, [UNDELETER, DELETER, COLLECTOR], []),
  scenario('an undeleter, a deleter, a write that comes twice', deleted, [UNDELETER, DELETER], [], {
    faults: { late: 1 },
  }),
  scenario('an undeleter, a deleter, an answer that is lost', deleted, [UNDELETER, DELETER], [], {
    faults: { lost: 1 },
  }),
  scenario('two undeleters, a collector', deleted, [UNDELETER, UNDELETER_2, COLLECTOR], [], { pauses: 2 }),
  scenario('an undeleter, a publisher', deleted, [UNDELETER, PUBLISHER], []),
  scenario('an undeleter, a publisher, within one second', deleted, [UNDELETER, PUBLISHER], [], { timeOf: allAtOnce }),
  scenario('a publisher, a deleter', published, [PUBLISHER, DELETER], [], { pauses: 2 }),
  scenario('a publisher, a deleter, within one second', published, [PUBLISHER, DELETER], [], {
    timeOf: allAtOnce,
    pauses: 2,
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
