import type { Act, Acts } from './actor.ts';
import {
  addsReference,
  binds,
  bookmarks,
  collects,
  collectsContent,
  deletes,
  finishes,
  makesLive,
  OTHER,
  promotes,
  publishes,
  publishesBoth,
  publishesCandidate,
  publishesLabelled,
  publishesSource,
  removesBookmark,
  removesReference,
  strayContent,
  strayOther,
  undeletes,
} from './cast.ts';
import { boundAs, finishedAs, promotedAs } from './promises.ts';
import type { Part, Scenario } from './scenario.ts';
import { namedAs, ofSix, scenario, SIX } from './scenarios.ts';
import type { Weakness } from './weakened.ts';
import {
  believesAnOldListing,
  believesAnOldStatus,
  claimsItsLabelLast,
  claimsWhatIsTaken,
  decidesWithoutComparing,
  helpsNobody,
  holdsTheRestLast,
  looksAtContentFirst,
  looksBeforeItWrites,
  overlooksWishes,
  removesTheDeletionByHand,
  reusesItsNonce,
  settlesWithoutComparing,
  sweepsUnasked,
  takesContentForGranted,
  takesDeletionsForLeftBehind,
  takesTheRestForGranted,
  weakened,
} from './weakened.ts';

/** A protocol that lacks one thing, and the same story with nothing lacking. */
export interface WeakenedProtocol {
  readonly name: string;
  readonly weak: Scenario;
  readonly whole: Scenario;
  /** Where it takes a write that comes twice: the same with none, which is safe. */
  readonly once?: Scenario;
  /** What comes of it. */
  readonly wrong: string;
}

const stray = [strayContent];
const deleted = [publishes, deletes];
const BOUND = boundAs('adder', 'A');
const CONTENT_LOST = 'the content that adder uses is lost';
const VERSION_LOST = 'the content of a:1 is lost';

function part(name: string, act: Act | Acts, weakness?: Weakness): Part {
  const acts: Acts = typeof act === 'function' ? [act] : act;
  return { name, acts: weakness === undefined ? acts : weakened(acts, weakness) };
}

const ADDER = part('adder', binds('A'));
const COLLECTOR = part('collector', collects);
const PUBLISHER = part('publisher', publishes);
const UNDELETER_2 = part('undeleter 2', undeletes);
const OPERATOR = part('operator', removesTheDeletionByHand);

/** An adder and a collector, one of them weak. */
function ofTwo(name: string, weak: { readonly adder?: Weakness; readonly collector?: Weakness }): WeakenedProtocol {
  const parts = [part('adder', binds('A'), weak.adder), part('collector', collects, weak.collector)];
  return {
    name,
    weak: scenario(name, stray, parts, [BOUND]),
    whole: scenario(name, stray, [ADDER, COLLECTOR], [BOUND]),
    wrong: CONTENT_LOST,
  };
}

/** A reference of a consumer that is added, removed, and added again. */
const addsAgain: Act = async (given) => {
  await addsReference(given);
  await removesReference(given);
  return addsReference(given);
};

/** A publisher that waits until the collector is done: alone it may wait for ever. */
const WAITING_PUBLISHER: Part = { ...part('publisher', publishes, helpsNobody), mayBeBlocked: true };

/** As in stores.md 2.2, where a model of each was found to lose content. */
export const WEAKENED: readonly WeakenedProtocol[] = [
  ofTwo('P0a: the adder does not look at the content at last', { adder: takesContentForGranted }),
  ofTwo('P0d: the adder takes a deletion for left behind, and removes its record', {
    adder: takesDeletionsForLeftBehind,
  }),
  {
    name: 'P0e: a removal by key comes twice, and the content was stored anew',
    weak: scenario('P0e', stray, [WAITING_PUBLISHER, COLLECTOR], [], { isVersioned: false, faults: { late: 1 } }),
    whole: scenario('P0e', stray, [WAITING_PUBLISHER, COLLECTOR], [], { faults: { late: 1 } }),
    once: scenario('P0e', stray, [WAITING_PUBLISHER, COLLECTOR], [], { isVersioned: false }),
    wrong: VERSION_LOST,
  },
  {
    name: 'P0f: the record of a deletion is removed by hand, while content goes by its incarnation',
    weak: scenario('P0f', stray, [ADDER, COLLECTOR, OPERATOR], [BOUND]),
    whole: scenario('P0f', stray, [ADDER, COLLECTOR], [BOUND]),
    wrong: CONTENT_LOST,
  },
  {
    name: 'P1x: content is removed by its key',
    weak: scenario('P1x', stray, [PUBLISHER, COLLECTOR], [], { isVersioned: false }),
    whole: scenario('P1x', stray, [PUBLISHER, COLLECTOR], []),
    wrong: VERSION_LOST,
  },
  {
    name: 'whoever brings content before he looks does not look at it at last',
    weak: scenario('bringing', stray, [part('publisher', publishesSource, takesContentForGranted), COLLECTOR], []),
    whole: scenario('bringing', stray, [part('publisher', publishesSource), COLLECTOR], []),
    wrong: VERSION_LOST,
  },
  ofTwo('P1y: the decision is no compare-and-swap', { collector: decidesWithoutComparing }),
  {
    name: 'P1r: what names a reference is used again, and a removal comes twice',
    weak: scenario('P1r', [publishes], [part('adder', addsAgain, reusesItsNonce)], namedAs('adder'), {
      faults: { late: 1 },
    }),
    whole: scenario('P1r', [publishes], [part('adder', addsAgain)], namedAs('adder'), { faults: { late: 1 } }),
    once: scenario('P1r', [publishes], [part('adder', addsAgain, reusesItsNonce)], namedAs('adder')),
    wrong: 'the reference of adder is lost',
  },
  ofTwo('P1s: the references are listed before the mark', { collector: believesAnOldListing }),
  ofTwo('P1o: the adder looks at the deletion before it writes its reference', { adder: looksBeforeItWrites }),
  ofTwo('P1h: the adder looks at the content before the deletion', { adder: looksAtContentFirst }),
];

/** Beyond those: what a version holds is taken away without a change of its status that everybody sees. */
export const SWEEPING_UNASKED: WeakenedProtocol = {
  name: 'whoever takes a deletion back removes old references without changing the status before',
  weak: scenario('sweeping', deleted, [part('undeleter', undeletes, sweepsUnasked), UNDELETER_2], [], { pauses: 2 }),
  whole: scenario('sweeping', deleted, [part('undeleter', undeletes), UNDELETER_2], [], { pauses: 2 }),
  wrong: 'a:1 holds nothing',
};

const BOOKMARK_ASTRAY = 'the bookmark names a version that is given up';
const SETTER = part('setter', bookmarks(1));
const DELETER = part('deleter', deletes);
const UNSETTER = part('unsetter', removesBookmark);
const bookmarked = [publishes, publishesBoth, bookmarks(2)];
const strays = [strayContent, strayOther];
const OTHER_COLLECTOR = part('collector of the other', collectsContent(OTHER));
const OTHER_LABELLER = part('labeller of the other', publishesLabelled('y'));

/** What bookmarks, labels and versions of several assets rest on. */
export const WEAKENED_NAMES: readonly WeakenedProtocol[] = [
  {
    name: 'whoever moves a bookmark looks at the status before the wish is written',
    weak: scenario('looking first', [publishes], [part('setter', bookmarks(1), believesAnOldStatus), DELETER], []),
    whole: scenario('looking first', [publishes], [SETTER, DELETER], []),
    wrong: BOOKMARK_ASTRAY,
  },
  {
    name: 'whoever deletes a version takes a wish for nothing',
    weak: scenario('overlooking', [publishes], [SETTER, part('deleter', deletes, overlooksWishes)], []),
    whole: scenario('overlooking', [publishes], [SETTER, DELETER], []),
    wrong: BOOKMARK_ASTRAY,
  },
  {
    name: 'a bookmark is settled whatever stands there',
    weak: scenario(
      'settling',
      bookmarked,
      [part('setter', bookmarks(1), settlesWithoutComparing), UNSETTER, DELETER],
      [],
      { pauses: 2 },
    ),
    whole: scenario('settling', bookmarked, [SETTER, UNSETTER, DELETER], [], { pauses: 2 }),
    wrong: BOOKMARK_ASTRAY,
  },
  {
    name: 'a label is claimed after the version came to be',
    weak: scenario('claiming', [], [part('labeller', publishesLabelled('x'), claimsItsLabelLast), OTHER_LABELLER], [], {
      pauses: 2,
    }),
    whole: scenario('claiming', [], [part('labeller', publishesLabelled('x')), OTHER_LABELLER], [], { pauses: 2 }),
    wrong: 'a:1 has not the label that it was published with',
  },
  {
    name: 'a version of two assets holds the second when it is there already',
    weak: scenario('holding', strays, [part('publisher', publishesBoth, holdsTheRestLast)], []),
    whole: scenario('holding', strays, [part('publisher', publishesBoth)], []),
    wrong: 'a:1 holds nothing',
  },
  {
    name: 'a publisher of two assets takes the second for granted',
    weak: scenario(
      'taking for granted',
      strays,
      [part('publisher', publishesBoth, takesTheRestForGranted), OTHER_COLLECTOR],
      [],
    ),
    whole: scenario('taking for granted', strays, [part('publisher', publishesBoth), OTHER_COLLECTOR], []),
    wrong: VERSION_LOST,
  },
];

const PROMOTER = part('promoter', promotes('a'));
const OTHER_FINISHER = part('finisher of the other', finishes(2));
const candidates = [publishesCandidate('build-1'), publishesCandidate('build-2')];

/** What the choice of a candidate rests on, and that what was promoted keeps what it came from. */
export const WEAKENED_PROMOTIONS: readonly WeakenedProtocol[] = [
  {
    name: 'whoever promotes a version looks at its status before its reference is written',
    weak: scenario(
      'promoting',
      [publishes, makesLive],
      [part('promoter', promotes('a'), believesAnOldStatus), DELETER],
      promotedAs('promoter'),
    ),
    whole: scenario('promoting', [publishes, makesLive], [PROMOTER, DELETER], promotedAs('promoter')),
    wrong: 'the version that promoter uses is deleted',
  },
  {
    name: 'whoever finishes a candidate takes the label from another',
    weak: scenario(
      'finishing',
      candidates,
      [part('finisher', finishes(1), claimsWhatIsTaken), OTHER_FINISHER],
      [finishedAs('finisher of the other', 2)],
      { pauses: 2 },
    ),
    whole: scenario(
      'finishing',
      candidates,
      [part('finisher', finishes(1)), OTHER_FINISHER],
      [finishedAs('finisher of the other', 2)],
      { pauses: 2 },
    ),
    wrong: 'the reference of finisher of the other is lost',
  },
];

/** All six, and a collector who does not compare. */
export const WEAK_SIX: Scenario = ofSix([
  ...SIX.filter(({ name }) => name !== 'collector'),
  part('collector', collects, decidesWithoutComparing),
]);
