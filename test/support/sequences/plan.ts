import fc from 'fast-check';
import type { Effect } from '../stack-engine/engine.ts';
import type { PlannedDomain, PlannedKeeping } from './keeping-plan.ts';
import { jump, keeping, plannedDomain } from './keeping-plan.ts';

/** What a sequence of operations on several stacks is to be. Plain data: fast-check makes it, prints it and makes it smaller. */

const STACKS = ['one', 'two', 'three'] as const;
const IDS = ['shop/api', 'shop/worker'] as const;
const TEXTS = ['x', 'y', 'z'] as const;
/** Of custom resources in the templates; `Inner` stands in the nested one. */
export const REFERENCES = ['Ref', 'Renamed', 'Second', 'Many', 'Pinned', 'ChildTemplate', 'Inner'] as const;

/** Content under an artifact's ID. The same content may stand under several. */
export interface Choice {
  readonly id: (typeof IDS)[number];
  readonly text: (typeof TEXTS)[number];
}

/** What a stack's template uses; what is absent is not in the template. */
export interface Shape {
  /** By what the first reference names its artifact, and what it is called. */
  readonly first: Choice & {
    readonly logicalId: 'Ref' | 'Renamed';
    readonly by: 'version' | 'content';
    readonly resolvedFrom?: string | undefined;
  };
  readonly second?: Choice | undefined;
  /** One reference for several. */
  readonly many?: readonly Choice[] | undefined;
  /** A function that runs from the bucket and publishes versions. */
  readonly pinned?: (Choice & { readonly keepsVersions: boolean }) | undefined;
  /** In a nested stack, whose template is an artifact too. */
  readonly nested?: Choice | undefined;
}

export interface PlannedFault {
  readonly logicalId: string;
  readonly on: 'Create' | 'Update' | 'Delete';
  readonly skip?: number;
  readonly times: number;
  readonly does: Effect;
}

export interface PlannedOperation {
  readonly stack: (typeof STACKS)[number];
  /** `back`: what was deployed before the last time. */
  readonly what: Shape | 'back' | 'delete';
  /** Where the stack's deletion failed before: it is forced now. */
  readonly forces: boolean;
  /** Turns that pass between packaging and deploying. */
  readonly waits: number;
  readonly faults: readonly PlannedFault[];
  /** A resource beside the others fails after so many turns, and what is under way then is cancelled. */
  readonly failsAfter?: number | undefined;
}

export interface PlannedStep {
  readonly operation: PlannedOperation;
  /** On another stack at the same time. */
  readonly beside?: Omit<PlannedOperation, 'stack'> | undefined;
  /** At the same time. */
  readonly keeps: readonly PlannedKeeping[];
  /** Hours that pass before. */
  readonly jumps?: number | undefined;
  /** Whether everything that is under way comes before the next step. */
  readonly settles: boolean;
}

export interface PlannedSequence {
  /** Of the order in which things happen. */
  readonly seed: number;
  readonly urlStyle: 'sigv4' | 'sigv2';
  readonly domain: PlannedDomain;
  readonly steps: readonly PlannedStep[];
}

const choice: fc.Arbitrary<Choice> = fc.record({ id: fc.constantFrom(...IDS), text: fc.constantFrom(...TEXTS) });

/** One time in so many. */
function sometimes<T>(oneIn: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const nothing = { weight: oneIn - 1, arbitrary: fc.constant(undefined) };
  return fc.oneof(nothing, { weight: 1, arbitrary: value });
}

const shape: fc.Arbitrary<Shape> = fc.record({
  first: fc.record({
    id: fc.constantFrom(...IDS),
    text: fc.constantFrom(...TEXTS),
    logicalId: fc.constantFrom('Ref' as const, 'Ref' as const, 'Renamed' as const),
    by: fc.constantFrom('version' as const, 'content' as const),
    resolvedFrom: sometimes(4, fc.constant('default/shop/api^prod')),
  }),
  second: sometimes(2, choice),
  many: sometimes(
    3,
    fc.uniqueArray(choice, { minLength: 1, maxLength: 3, selector: ({ id, text }) => `${id} ${text}` }),
  ),
  pinned: sometimes(
    3,
    fc.tuple(choice, fc.boolean()).map(([one, keepsVersions]) => ({ ...one, keepsVersions })),
  ),
  nested: sometimes(3, choice),
});

const effect: fc.Arbitrary<Effect> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      request: fc.integer({ min: 1, max: 16 }),
      moment: fc.constantFrom('before' as const, 'after' as const),
      attempts: fc.constantFrom(1, 1, 1, 2, 3),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Effect>({ kind: 'deliver twice' }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 3 }).map((events): Effect => ({ kind: 'deliver twice', hold: { events } })),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((operations): Effect => ({ kind: 'deliver twice', hold: { operations } })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(30, 3600).map((seconds): Effect => ({ kind: 'deliver late', hold: { seconds } })),
  },
  { weight: 1, arbitrary: fc.constant<Effect>({ kind: 'drop answer' }) },
  { weight: 1, arbitrary: fc.constant<Effect>({ kind: 'refuse answer', statuses: [503, 500] }) },
);

const fault: fc.Arbitrary<PlannedFault> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      logicalId: fc.constantFrom(...REFERENCES),
      on: fc.constantFrom('Create' as const, 'Update' as const, 'Delete' as const),
      skip: fc.constantFrom(0, 0, 1),
      times: fc.constantFrom(1, 1, 1, 3),
      does: effect,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      logicalId: fc.constantFrom('F', 'H', 'M0', 'P', 'Child'),
      on: fc.constantFrom('Create' as const, 'Update' as const, 'Delete' as const),
      // The second Update of an operation is the way back.
      skip: fc.constantFrom(0, 1),
      times: fc.constantFrom(1, 3),
      does: fc.constant<Effect>({ kind: 'fail' }),
    }),
  },
);

/** What leaves a stack stuck, because the way back of an update fails, or its deletion; and Deletes that come when CloudFormation has long given up. */
const stuck: fc.Arbitrary<readonly PlannedFault[]> = fc.constantFrom<readonly PlannedFault[]>(
  [{ logicalId: 'F', on: 'Update', skip: 1, times: 1, does: { kind: 'fail' } }],
  [{ logicalId: 'F', on: 'Update', times: 2, does: { kind: 'fail' } }],
  [{ logicalId: 'F', on: 'Update', times: 2, does: { kind: 'fail' } }],
  [{ logicalId: 'Ref', on: 'Update', skip: 1, times: 1, does: { kind: 'drop answer' } }],
  [{ logicalId: 'Many', on: 'Update', skip: 1, times: 1, does: { kind: 'drop answer' } }],
  [{ logicalId: 'F', on: 'Delete', times: 1, does: { kind: 'fail' } }],
  [{ logicalId: 'Ref', on: 'Delete', times: 1, does: { kind: 'drop answer' } }],
  [{ logicalId: 'Ref', on: 'Delete', times: 3, does: { kind: 'deliver late', hold: { operations: 2 } } }],
  [{ logicalId: 'Ref', on: 'Delete', times: 3, does: { kind: 'deliver late', hold: { operations: 3 } } }],
  [{ logicalId: 'Many', on: 'Delete', times: 3, does: { kind: 'deliver late', hold: { operations: 2 } } }],
);

const operation: fc.Arbitrary<Omit<PlannedOperation, 'stack'>> = fc.record({
  what: fc.oneof(
    { weight: 10, arbitrary: shape },
    { weight: 3, arbitrary: fc.constant('back' as const) },
    { weight: 1, arbitrary: fc.constant('delete' as const) },
  ),
  forces: fc.constantFrom(true, true, false),
  waits: fc.oneof(fc.constant(0), fc.integer({ min: 10, max: 120 })),
  faults: fc.oneof(
    { weight: 3, arbitrary: fc.array(fault, { maxLength: 4, size: 'max' }) },
    { weight: 1, arbitrary: stuck },
  ),
  failsAfter: sometimes(4, fc.integer({ min: 0, max: 120 })),
});

const step: fc.Arbitrary<PlannedStep> = fc.record({
  operation: fc
    .tuple(fc.constantFrom(...STACKS, 'one' as const, 'one' as const, 'one' as const), operation)
    .map(([stack, what]) => ({ ...what, stack })),
  beside: sometimes(3, operation),
  keeps: fc.array(keeping, { maxLength: 4, size: 'max' }),
  jumps: sometimes(4, jump),
  settles: fc.constantFrom(true, true, false),
});

export const sequence: fc.Arbitrary<PlannedSequence> = fc.record({
  seed: fc.noShrink(fc.nat()),
  urlStyle: fc.constantFrom('sigv4' as const, 'sigv2' as const),
  domain: plannedDomain,
  steps: fc.array(step, { minLength: 1, maxLength: 8, size: 'max' }),
});

/** The stack that an operation beside another is on. */
export function besideOf(stack: PlannedOperation['stack']): PlannedOperation['stack'] {
  return STACKS[(STACKS.indexOf(stack) + 1) % STACKS.length] ?? 'one';
}
