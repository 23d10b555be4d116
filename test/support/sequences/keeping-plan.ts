import fc from 'fast-check';
import type { LifecycleRule } from '../../../repository/settings.ts';
import type { TargetStatus } from '../../../repository/status-change.ts';
import type { Choice } from './plan.ts';
import type { Rates } from './faulty-store.ts';
import { SOUND } from './faulty-store.ts';

/** What people and schedules have done to the domain, beside what stacks do. Plain data. */

/** Numbers choose among what was published until then, whatever that is. */
export type PlannedWork =
  /** A plan, and so many turns later all that it says. */
  | { readonly kind: 'collect'; readonly now: boolean; readonly waits: number }
  /** Every so manieth of the versions, where nobody needs it. */
  | { readonly kind: 'delete'; readonly every: number; readonly from: number; readonly now: boolean }
  | { readonly kind: 'delete all of it'; readonly version: number; readonly now: boolean }
  | { readonly kind: 'delete all'; readonly now: boolean }
  | { readonly kind: 'reference-remove all'; readonly consumer: string }
  | { readonly kind: 'undelete'; readonly version: number }
  | { readonly kind: 'reference-add' | 'reference-remove'; readonly version: number; readonly consumer: string }
  | { readonly kind: 'publish'; readonly choice: Choice }
  /** As one version, under a label, or as a candidate for it. */
  | {
      readonly kind: 'publish several';
      readonly id: Choice['id'];
      readonly texts: readonly [string, ...string[]];
      readonly label: string;
      readonly set: string | undefined;
    }
  | { readonly kind: 'bookmark-set' | 'bookmark-delete'; readonly version: number; readonly bookmark: string }
  | { readonly kind: 'bookmark-delete all' }
  /** Versions that stand one after the other, with all that they consist of, in the other repository. */
  | { readonly kind: 'promote'; readonly version: number; readonly versions: number }
  | { readonly kind: 'status-set'; readonly version: number; readonly status: TargetStatus }
  | { readonly kind: 'audit' | 'tend' | 'verify' };

export interface PlannedKeeping {
  /** Turns that pass before it begins. */
  readonly idle: number;
  readonly work: PlannedWork;
  /** So many steps are taken in one piece. */
  readonly hurry: number;
  readonly dies?: { readonly request: number; readonly moment: 'before' | 'after' } | undefined;
}

/** What holds for a whole sequence. */
export interface PlannedDomain {
  readonly rules: readonly LifecycleRule[];
  readonly quarantineDays: number | undefined;
  /** Nobody asks for what does not wait for the end of a quarantine. */
  readonly isPatient: boolean;
  /** Minutes by which the keeper's clock is wrong. */
  readonly skew: number;
  readonly rates: Rates;
}

export const CONSUMERS = ['team/nightly', 'somebody'] as const;
/** Where everything is published, and what it is promoted to. */
export const REPOSITORIES = ['default', 'staging'] as const;
export const BOOKMARKS = ['prod', 'canary'] as const;
const TEXTS = ['x', 'y', 'z'] as const;
const number = fc.nat({ max: 30 });

const work: fc.Arbitrary<PlannedWork> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('collect' as const),
      now: fc.constantFrom(true, true, false),
      waits: fc.constantFrom(0, 20, 80),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: fc.constant('delete' as const), every: fc.integer({ min: 1, max: 3 }), from: number },
      now: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete all of it' as const), version: number, now: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('undelete' as const), version: number }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('reference-add' as const, 'reference-add' as const, 'reference-remove' as const),
      version: number,
      consumer: fc.constantFrom(...CONSUMERS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      choice: fc.record({
        id: fc.constantFrom('shop/api' as const, 'shop/worker' as const),
        text: fc.constantFrom(...TEXTS),
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('publish several' as const),
      id: fc.constantFrom('shop/api' as const, 'shop/worker' as const),
      texts: fc.constantFrom<readonly [string, ...string[]]>(['x', 'y'], ['y', 'z'], ['z', 'x'], ['z']),
      label: fc.constantFrom('1.0.0', '2.0.0'),
      set: fc.constantFrom(undefined, undefined, 'build-1'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('bookmark-set' as const, 'bookmark-set' as const, 'bookmark-delete' as const),
      version: number,
      bookmark: fc.constantFrom(...BOOKMARKS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('promote' as const),
      version: number,
      versions: fc.constantFrom(1, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('status-set' as const),
      version: number,
      // One that is archived is refused to whoever deploys it next, of which the expectations of stacks know nothing.
      status: fc.constantFrom('Unlisted' as const, 'Published' as const, 'Disposed' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('audit' as const, 'tend' as const, 'verify' as const) }),
  },
);

export const keeping: fc.Arbitrary<PlannedKeeping> = fc.record({
  idle: fc.integer({ min: 0, max: 100 }),
  work,
  hurry: fc.constantFrom(1, 5, 1000, 1000),
  dies: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        request: fc.integer({ min: 1, max: 60 }),
        moment: fc.constantFrom('before' as const, 'after' as const),
      }),
    },
  ),
});

const rule = (more: Omit<LifecycleRule, 'id' | 'match'>): LifecycleRule => ({ id: 'rule', match: '**', ...more });

export const plannedDomain: fc.Arbitrary<PlannedDomain> = fc.record({
  rules: fc.constantFrom<readonly LifecycleRule[]>(
    [],
    [rule({ expireUnusedDays: 0 })],
    [rule({ expireUnusedDays: 2 })],
    [rule({ expireUnusedDays: 0, keepNewest: 1 })],
  ),
  quarantineDays: fc.constantFrom(undefined, 1),
  isPatient: fc.constantFrom(true, false, false),
  skew: fc.constantFrom(-9, 0, 0, 9),
  rates: fc.constantFrom<Rates>(
    SOUND,
    { echo: 0, failure: 0, duplicate: 30, slow: 300 },
    { echo: 30, failure: 0, duplicate: 10, slow: 300 },
    { echo: 20, failure: 8, duplicate: 20, slow: 300 },
  ),
});

/** Hours that pass between two steps. */
export const jump: fc.Arbitrary<number> = fc.constantFrom(1, 12, 30, 100, 400, 1000);
