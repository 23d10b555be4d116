import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fault } from '../support/stack-engine/engine.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { consumer, records, ref, template, TOKEN } from './records.ts';

/** What is done to one of two stacks. */
interface Step {
  readonly stack: 'one' | 'two';
  /** `delete`, or the values that the stack's references have from now on; an absent one is not in the template. */
  readonly values: 'delete' | readonly [string, string | undefined];
  readonly fails: 'nothing' | 'consumer' | 'first try of each delete' | 'killed once' | 'twice';
  readonly inPlace: boolean;
}

const value = fc.constantFrom('a', 'b', 'c');
const step: fc.Arbitrary<Step> = fc.record({
  stack: fc.constantFrom('one', 'two'),
  values: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(value, fc.option(value, { nil: undefined })) },
    { weight: 1, arbitrary: fc.constant('delete' as const) },
  ),
  fails: fc.constantFrom('nothing', 'nothing', 'consumer', 'first try of each delete', 'killed once', 'twice'),
  inPlace: fc.boolean(),
});

const FAULTS: Readonly<Record<Step['fails'], readonly Fault[]>> = {
  nothing: [],
  consumer: [{ logicalId: 'F', does: { kind: 'fail' } }],
  'first try of each delete': [
    { logicalId: 'Ref', on: 'Delete', does: { kind: 'fail' } },
    { logicalId: 'Second', on: 'Delete', does: { kind: 'fail' } },
  ],
  'killed once': [{ logicalId: 'Ref', does: { kind: 'kill', request: 2 } }],
  twice: [{ logicalId: 'Second', on: 'Create', does: { kind: 'deliver twice' } }],
};

function templateOf({ stack, values, inPlace }: Step): string {
  if (values === 'delete') return '';
  const [first, second] = values;
  const properties = { Way: inPlace ? 'in place' : 'by value', Stack: stack };
  const resources = {
    Ref: ref(`${stack}.${first}`, properties),
    ...(second !== undefined && { Second: ref(`${stack}.${second}`, properties) }),
    F: {
      ...consumer(inPlace ? `Ref.${stack}` : `Ref.${stack}.${first}`),
      DependsOn: second === undefined ? [] : ['Second'],
    },
  };
  return template(resources);
}

/** An update that goes on where a creation failed, or a delete of what is stuck: as people do it. */
async function carryOut(engine: StackEngine, one: Step): Promise<void> {
  const faults = FAULTS[one.fails];
  const status = engine.stack(one.stack)?.status;
  if (
    one.values === 'delete' ||
    status === 'ROLLBACK_COMPLETE' ||
    status === 'ROLLBACK_FAILED' ||
    status === 'DELETE_FAILED'
  ) {
    if (status !== undefined) await engine.deleteStack(one.stack, { faults });
  } else {
    await engine.deploy(one.stack, templateOf(one), { faults });
  }
}

/** `Way: in place` names its record without the value; here it must differ from stack to stack. */
function deployed(engine: StackEngine): string[] {
  const living = engine.stacks().filter(({ status }) => status !== 'DELETE_COMPLETE');
  const custom = living.flatMap(({ resources }) =>
    [...resources.values()].filter(({ type }) => type.startsWith('Custom::')),
  );
  return [...new Set(custom.map(({ physicalId }) => physicalId ?? ''))].toSorted();
}

test('whatever is deployed, updated, failed and deleted: what is recorded is what is deployed, and no consumer ever reads in vain', async () => {
  let operations = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.nat(),
      fc.boolean(),
      async (steps, seed, updatesBack) => {
        const handler = records((event) => `${event.LogicalResourceId}.${event.ResourceProperties['Stack'] ?? ''}`);
        const engine = await StackEngine.start({
          seed,
          functions: { [TOKEN]: { run: handler.run } },
          read: async ({ key }) => (handler.recorded.has(key) ? Buffer.from(key) : undefined),
          replacedRollback: updatesBack ? 'with an update' : 'without an update',
        });
        try {
          for (const one of steps) {
            await carryOut(engine, one);
            await engine.settle();
            operations += 1;
            expect([...handler.recorded].toSorted()).toEqual(deployed(engine));
            for (const name of Object.keys(engine.functions())) {
              expect(handler.recorded).toContain(Buffer.from(await engine.code(name)).toString());
            }
          }
        } finally {
          await engine.stop();
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(operations).toBeGreaterThan(300);
});
