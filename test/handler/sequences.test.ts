import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { handle } from '../../handler/reference/handle.ts';
import { generationOf } from '../../repository/physical-id.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { ObjectKey, ObjectStore } from '../../repository/index.ts';
import { parseBlobKey } from '../../repository/keys.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable } from '../support/domain.ts';
import type { Effect, Fault, InvocationContext, Outcome, StackEvent } from '../support/stack-engine/engine.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { gatedStore } from '../support/stack-engine/gated-store.ts';

/** The reference function in the hands of CloudFormation: whole stacks, operation after operation, with everything that goes wrong on the way. */

const PLACE = { partition: 'aws', region: 'eu-west-1', account: '111122223333', bucket: 'artifacts' };
const TOKEN = 'arn:aws:lambda:eu-west-1:111122223333:function:cfn-artifacts-reference';
const ARTIFACTS = ['a', 'b', 'c'] as const;

interface Step {
  readonly stack: 'one' | 'two';
  /** What the stack's two references are from now on; an absent one is not in the template. */
  readonly uses: 'delete' | readonly [(typeof ARTIFACTS)[number], (typeof ARTIFACTS)[number] | undefined];
  readonly faults: readonly Fault[];
}

const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constant('kill' as const),
    request: fc.integer({ min: 1, max: 12 }),
    moment: fc.constantFrom('before' as const, 'after' as const),
  }),
  fc.constant<Effect>({ kind: 'deliver twice' }),
  fc.integer({ min: 1, max: 3 }).map((events): Effect => ({ kind: 'deliver twice', hold: { events } })),
  fc.integer({ min: 1, max: 3 }).map((operations): Effect => ({ kind: 'deliver twice', hold: { operations } })),
  fc.constant<Effect>({ kind: 'deliver late', hold: { seconds: 30 } }),
  fc.constant<Effect>({ kind: 'drop answer' }),
  fc.constant<Effect>({ kind: 'refuse answer', statuses: [503, 500] }),
);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    logicalId: fc.constantFrom('Ref', 'Second'),
    on: fc.constantFrom('Create' as const, 'Update' as const, 'Delete' as const),
    does: effect,
  }),
  fc.constant<Fault>({ logicalId: 'F', does: { kind: 'fail' } }),
  fc.constant<Fault>({ logicalId: 'G', on: 'Create', does: { kind: 'fail', whileInFlight: 'Ref' } }),
);
const artifact = fc.constantFrom(...ARTIFACTS);
const step: fc.Arbitrary<Step> = fc.record({
  stack: fc.constantFrom('one', 'two'),
  uses: fc.oneof(
    { weight: 5, arbitrary: fc.tuple(artifact, fc.option(artifact, { nil: undefined })) },
    { weight: 1, arbitrary: fc.constant('delete' as const) },
  ),
  faults: fc.array(fault, { maxLength: 2 }),
});

interface Published {
  readonly arn: string;
  readonly key: string;
}

function templateOf(uses: Exclude<Step['uses'], 'delete'>, published: ReadonlyMap<string, Published>): string {
  const ref = (name: string): object => {
    const { arn = '', key = '' } = published.get(name) ?? {};
    const properties = { ServiceToken: TOKEN, ServiceTimeout: 300, ArtifactArn: arn, Key: key };
    return { Type: 'Custom::ArtifactRef', Properties: properties };
  };
  const consumer = (name: string, of: string): object => ({
    Type: 'AWS::Lambda::Function',
    Properties: { Code: { S3Bucket: { 'Fn::GetAtt': [of, 'Bucket'] }, S3Key: published.get(name)?.key } },
  });
  const [first, second] = uses;
  return JSON.stringify({
    Resources: {
      ...{ Ref: ref(first), F: consumer(first, 'Ref') },
      ...(second !== undefined && { Second: ref(second), H: consumer(second, 'Second') }),
      G: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
    },
  });
}

async function carryOut(
  engine: StackEngine,
  { stack, uses, faults }: Step,
  published: ReadonlyMap<string, Published>,
): Promise<Outcome | undefined> {
  const status = engine.stack(stack)?.status;
  if (uses === 'delete' || /^ROLLBACK_|FAILED$/.test(status ?? '')) {
    if (status !== undefined && status !== 'DELETE_COMPLETE') return engine.deleteStack(stack, { faults });
    return undefined;
  }
  return engine.deploy(stack, templateOf(uses, published), { faults });
}

function isUnheardUpdate({ type, status, reason = '' }: StackEvent): boolean {
  return (
    type === 'Custom::ArtifactRef' && status === 'UPDATE_FAILED' && /update cancelled|did not receive/.test(reason)
  );
}

/** Of a stack whose deletion failed nothing need be left, and something may be. */
function deployed(engine: StackEngine, isWanted: (status: string) => boolean): string[] {
  const stacks = engine.stacks().filter(({ status }) => status !== 'DELETE_COMPLETE' && isWanted(status));
  const custom = stacks.flatMap(({ resources }) =>
    [...resources.values()].filter(({ type }) => type === 'Custom::ArtifactRef'),
  );
  return custom.flatMap(({ physicalId }) => generationOf(physicalId ?? '') ?? []);
}

async function recorded(store: ObjectStore, prefix = 'references/'): Promise<string[]> {
  const generations: string[] = [];
  for await (const { key } of store.list(prefix)) {
    if (key.split('/')[2] === 'stack') generations.push(key.slice(key.lastIndexOf('/') + 1));
  }
  return generations.toSorted();
}

const RUNS = Number(process.env['CFN_ARTIFACTS_TEST_RUNS'] ?? 300);

test('whatever is deployed and goes wrong: references are those of what is deployed, and nothing in use is unprotected', async () => {
  const counts = { operations: 0, exact: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 7 }),
      fc.nat(),
      fc.constantFrom('sigv4' as const, 'sigv2' as const),
      async (steps, seed, urlStyle) => {
        const store = memoryStore(() => new Date(0));
        const keeper = ownKeeper(store);
        const domain = await establishDomain({ store, keeper, chance: steadyChance() }, PLACE);
        const published = new Map<string, Published>();
        for (const id of ARTIFACTS) {
          const { arn, key } = await publishVersion(domain, { repository: 'default', id }, publishable(id));
          published.set(id, { arn: formatArn(arn), key });
        }
        const unprotected = new Set<string>();
        const engine = await StackEngine.start({
          ...{ seed, urlStyle, replacedRollback: 'either' },
          functions: { [TOKEN]: { run: (event, context) => run(event, context, store) } },
          read: async ({ key }) => {
            const { digest } = parseBlobKey(key);
            if ((await recorded(store, `references/${digest}/`)).length === 0) unprotected.add(key);
            return (await store.head(key as ObjectKey)) && Buffer.from(digest);
          },
        });
        try {
          let isExact = true;
          for (const one of steps) {
            const outcome = await carryOut(engine, one, published);
            await engine.settle();
            // What an Update has bound of which CloudFormation never heard, it never deletes: that is left to the audit.
            if (outcome?.events.some(isUnheardUpdate) === true) isExact = false;
            counts.operations += 1;
            const is = await recorded(store);
            expect([...unprotected]).toEqual([]);
            expect(is).toEqual(
              expect.arrayContaining(deployed(engine, (status) => !/^(?:DELETE|ROLLBACK)_FAILED$/.test(status))),
            );
            if (!isExact) continue;
            expect(deployed(engine, () => true)).toEqual(expect.arrayContaining(is));
            counts.exact += 1;
          }
        } finally {
          await engine.stop();
        }
      },
    ),
    { numRuns: RUNS },
  );
  expect(counts.exact).toBeGreaterThan(RUNS);
});

async function run(event: unknown, context: InvocationContext, store: ObjectStore): Promise<void> {
  const own = gatedStore(store, context);
  await handle(event, () => 60_000, {
    connect: () => ({
      store: own,
      keeper: ownKeeper(own),
      chance: { now: context.now, nonce: () => 'unused', pause: () => Promise.resolve() },
      place: PLACE,
      urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
    }),
    put: async (url, body) => {
      for (;;) {
        const { status } = await context.put(url, { 'Content-Length': String(body.length) }, body);
        if (status === 200) return;
        if (status === 403) throw new Error('expired');
      }
    },
    log: () => undefined,
    now: context.now,
    // Virtual time does not pass in here: only its end could be waited for.
    pause: () => new Promise(() => undefined),
  });
}
