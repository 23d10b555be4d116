import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Finding } from '../../repository/index.ts';
import { Audited } from '../support/audited.ts';
import type { Effect, Fault, Outcome } from '../support/stack-engine/engine.ts';

/**
 * Audits that heal, at any moment among operations of several stacks with everything that goes wrong in them. For the audits it is a year later, so that no
 * age hides what their order of requests has to prove.
 */

const ARTIFACTS = ['a', 'b', 'c'] as const;
type Artifact = (typeof ARTIFACTS)[number];

interface Step {
  readonly stack: 'one' | 'two';
  /** What the stack's two references are from now on; an absent one is not in the template. */
  readonly uses: 'delete' | readonly [Artifact, Artifact | undefined];
  readonly faults: readonly Fault[];
  /** Audits that go on at the same time. */
  readonly audits: number;
}

const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constant('kill' as const),
    request: fc.integer({ min: 1, max: 12 }),
    moment: fc.constantFrom('before' as const, 'after' as const),
    attempts: fc.constantFrom(1, 3),
  }),
  fc.constant<Effect>({ kind: 'deliver twice' }),
  fc.integer({ min: 1, max: 3 }).map((events): Effect => ({ kind: 'deliver twice', hold: { events } })),
  fc.integer({ min: 1, max: 3 }).map((operations): Effect => ({ kind: 'deliver twice', hold: { operations } })),
  fc.constant<Effect>({ kind: 'deliver late', hold: { seconds: 30 } }),
  fc.constant<Effect>({ kind: 'deliver late', hold: { seconds: 3000 } }),
  fc.constant<Effect>({ kind: 'drop answer' }),
);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    logicalId: fc.constantFrom('Ref', 'Second'),
    on: fc.constantFrom('Create' as const, 'Update' as const, 'Delete' as const),
    times: fc.constantFrom(1, 3),
    does: effect,
  }),
  // What makes audits needed: a Delete that never comes, an Update that nobody hears of.
  fc.record({
    logicalId: fc.constantFrom('Ref', 'Second'),
    on: fc.constant('Delete' as const),
    times: fc.constant(3),
    does: fc.constant<Effect>({ kind: 'kill', request: 1, attempts: 3 }),
  }),
  fc.constant<Fault>({ logicalId: 'Ref', on: 'Update', does: { kind: 'drop answer' } }),
  fc.constant<Fault>({ logicalId: 'FRef', does: { kind: 'fail' } }),
  fc.constant<Fault>({ logicalId: 'FSecond', on: 'Update', does: { kind: 'fail' } }),
  fc.constant<Fault>({ logicalId: 'Handle', on: 'Create', does: { kind: 'fail', whileInFlight: 'Ref' } }),
);
const artifact = fc.constantFrom(...ARTIFACTS);
const step: fc.Arbitrary<Step> = fc.record({
  stack: fc.constantFrom('one', 'two'),
  uses: fc.oneof(
    { weight: 5, arbitrary: fc.tuple(artifact, fc.option(artifact, { nil: undefined })) },
    { weight: 1, arbitrary: fc.constant('delete' as const) },
  ),
  faults: fc.array(fault, { maxLength: 3 }),
  audits: fc.integer({ min: 0, max: 2 }),
});

async function carryOut(world: Audited, { stack, uses, faults }: Step): Promise<Outcome | undefined> {
  const status = world.engine.stack(stack)?.status;
  if (status === 'UPDATE_ROLLBACK_FAILED') return world.engine.continueUpdateRollback(stack, { faults });
  if (uses === 'delete' || /^ROLLBACK_|FAILED$/.test(status ?? '')) {
    return status === undefined ? undefined : world.engine.deleteStack(stack, { faults });
  }
  return world.engine.deploy(stack, templateOf(world, uses), { faults });
}

function templateOf(world: Audited, [first, second]: readonly [Artifact, Artifact | undefined]): string {
  return world.template({ Ref: first, ...(second !== undefined && { Second: second }) });
}

/** Until every stack has come to rest by an operation that went well. */
async function settle(world: Audited): Promise<void> {
  for (const name of ['one', 'two']) {
    for (let status = world.engine.stack(name)?.status; status !== undefined;) {
      if (/^(?:CREATE|UPDATE)_COMPLETE$/.test(status)) break;
      ({ status } =
        status === 'UPDATE_ROLLBACK_FAILED'
          ? await world.engine.continueUpdateRollback(name)
          : status === 'UPDATE_ROLLBACK_COMPLETE'
            ? await world.engine.deploy(name, world.template({ Ref: 'a', Third: 'b' }))
            : await world.engine.deleteStack(name));
      if (status === 'DELETE_COMPLETE') break;
    }
  }
  await world.engine.settle();
}

function isDoubtful(world: Audited, { kind, stackId = '', logicalId = '', generation }: Finding): boolean {
  const listed = world.engine.stack(stackId)?.summaries.get(logicalId);
  const isGivenUp = listed?.status === 'DELETE_FAILED' && !listed.physicalId?.endsWith(`/${generation ?? ''}`);
  return kind === 'unknown' && isGivenUp;
}

/** A Create that was cancelled, and its Delete lost: CloudFormation lists it as given up, under an ID that it invented. */
const FOUND: [Step[], number, 'sigv4'][] = [
  [
    [
      { stack: 'two', uses: ['a', undefined], faults: [], audits: 0 },
      {
        ...{ stack: 'two', uses: ['c', 'a'], audits: 0 },
        faults: [
          { logicalId: 'FRef', does: { kind: 'fail' } },
          { logicalId: 'Second', on: 'Delete', times: 3, does: { kind: 'kill', request: 1, attempts: 3 } },
        ],
      },
    ],
    10017411,
    'sigv4',
  ],
  // Given up twice: the second time under the ID of another binding.
  [
    [
      { stack: 'two', uses: ['a', 'a'], faults: [], audits: 0 },
      {
        ...{ stack: 'two', uses: ['a', undefined], audits: 0 },
        faults: [{ logicalId: 'Second', on: 'Delete', times: 3, does: { kind: 'kill', request: 1, attempts: 3 } }],
      },
      {
        ...{ stack: 'two', uses: ['b', 'a'], audits: 0 },
        faults: [
          { logicalId: 'Second', on: 'Delete', times: 3, does: { kind: 'drop answer' } },
          { logicalId: 'Ref', on: 'Update', does: { kind: 'drop answer' } },
        ],
      },
    ],
    0,
    'sigv4',
  ],
];

const RUNS = Number(process.env['CFN_ARTIFACTS_TEST_RUNS'] ?? 150);

test('nothing that is deployed loses its reference to an audit, and in the end one audit leaves exactly what is deployed', async () => {
  const counts = { healed: 0, meanwhile: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.constantFrom('sigv4' as const, 'sigv2' as const),
      async (steps, seed, urlStyle) => {
        const world = await Audited.start({ artifacts: ARTIFACTS, seed, urlStyle, replacedRollback: 'either' });
        try {
          for (const one of steps) {
            const audits = Array.from({ length: one.audits }, () => world.auditMeanwhile());
            await carryOut(world, one);
            for (const findings of await Promise.all(audits)) {
              counts.meanwhile += findings.filter(({ healed }) => healed).length;
            }
            await world.engine.settle();
            expect([...world.unprotected]).toEqual([]);
            const needed = world.deployed((status) => !/^(?:DELETE|ROLLBACK)_FAILED$/.test(status));
            expect(await world.recorded()).toEqual(expect.arrayContaining(needed));
          }
          await settle(world);
          const findings = await world.audit();
          counts.healed += findings.filter(({ healed }) => healed).length;
          // Of a resource that CloudFormation lists as given up under another binding nobody knows which of them is left: that is told, and left.
          const doubtful = findings.filter((finding) => isDoubtful(world, finding));
          const left = doubtful.map(({ generation = '' }) => generation);
          expect([...(await world.recorded())].sort()).toEqual([...world.deployed(), ...left].sort());
          expect(await world.audit()).toEqual(doubtful);
          expect([...world.unprotected]).toEqual([]);
        } finally {
          await world.engine.stop();
        }
      },
    ),
    { numRuns: RUNS, examples: FOUND },
  );
  // About every fourth sequence needs one.
  expect(counts.healed + counts.meanwhile).toBeGreaterThan(RUNS / 20);
});
