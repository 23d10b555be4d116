import { afterEach, expect, test } from '@jest/globals';
import type { EngineOptions, Fault } from '../support/stack-engine/engine.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import type { Records } from './records.ts';
import { history, records, ref, template, told, TOKEN } from './records.ts';

const engines: StackEngine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
});

async function started(options: EngineOptions = {}): Promise<Records & { readonly engine: StackEngine }> {
  const handler = records();
  const engine = await StackEngine.start({ functions: { [TOKEN]: { run: handler.run } }, ...options });
  engines.push(engine);
  return { engine, ...handler };
}

const on = (what: Fault['on'], does: Fault['does'], rest: Partial<Fault> = {}): Fault => ({
  logicalId: 'Ref',
  ...(what !== undefined && { on: what }),
  does,
  ...rest,
});

test('an event that is delivered twice is the same event', async () => {
  const { engine, events } = await started();
  await engine.deploy('shop', template({ Ref: ref('a') }), { faults: [on('Create', { kind: 'deliver twice' })] });
  await engine.settle();
  expect(events).toHaveLength(2);
  expect(events[1]).toEqual(events[0]);
  expect(engine.answers).toHaveLength(2);
});

test('a second delivery may come after a later operation', async () => {
  const { engine, events } = await started();
  const faults = [on('Update', { kind: 'deliver twice', hold: { operations: 2 } })];
  await engine.deploy('shop', template({ Ref: ref('a') }));
  await engine.deploy('shop', template({ Ref: ref('b') }), { faults });
  await engine.settle();
  expect(told(events)).toEqual(['Create Ref', 'Update(Ref.a) Ref', 'Delete(Ref.a) Ref']);
  await engine.deploy('shop', template({ Ref: ref('c') }));
  await engine.settle();
  expect(told(events).slice(3)).toEqual(['Update(Ref.b) Ref', 'Delete(Ref.b) Ref', 'Update(Ref.a) Ref']);
});

test('a late Delete of the cleanup removes what an update has brought back: the function must know better', async () => {
  const { engine, events, recorded } = await started();
  await engine.deploy('shop', template({ Ref: ref('a', { ServiceTimeout: 60 }) }));
  const late = { kind: 'deliver late', hold: { operations: 2 } } as const;
  await engine.deploy('shop', template({ Ref: ref('b', { ServiceTimeout: 60 }) }), { faults: [on('Delete', late)] });
  await engine.deploy('shop', template({ Ref: ref('a', { ServiceTimeout: 60 }) }));
  await engine.settle();
  expect(told(events).filter((event) => event === 'Delete(Ref.a) Ref').length).toBeGreaterThan(0);
  expect(told(events).at(-1)).toBe('Delete(Ref.a) Ref');
  expect([...recorded]).toEqual([]);
});

test('a dropped answer is told 200 and heard by nobody; the way back of an update has its own', async () => {
  const { engine, events } = await started();
  await engine.deploy('shop', template({ Ref: ref('a', { ServiceTimeout: 60 }) }));
  const outcome = await engine.deploy('shop', template({ Ref: ref('b', { ServiceTimeout: 60 }) }), {
    faults: [on('Update', { kind: 'drop answer' })],
  });
  expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(told(events)).toEqual(['Create Ref', 'Update(Ref.a) Ref', 'Update(Ref.a) Ref']);
  expect(engine.invocations.every(({ error }) => error === undefined)).toBe(true);
});

test('in this process too, nothing runs after a kill', async () => {
  const { engine, events, recorded } = await started();
  const faults = [on('Create', { kind: 'kill', request: 1, attempts: 3 })];
  const outcome = await engine.deploy('shop', template({ Ref: ref('a', { ServiceTimeout: 60 }) }), { faults });
  await engine.settle();
  expect(outcome.status).toBe('ROLLBACK_COMPLETE');
  expect(events.filter(({ RequestType }) => RequestType === 'Create')).toHaveLength(3);
  expect(recorded.size).toBe(0);
});

test('the same seed is the same history, another seed another', async () => {
  const run = async (seed: number): Promise<readonly string[]> => {
    const { engine } = await started({ seed, now: new Date(0) });
    const resources = Object.fromEntries(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].map((id) => [id, ref(id)]));
    return history(await engine.deploy('shop', template(resources)));
  };
  const first = await run(1);
  expect(await run(1)).toEqual(first);
  expect(await run(2)).not.toEqual(first);
});

test('several stacks at once', async () => {
  const { engine, recorded } = await started();
  const names = Array.from({ length: 10 }, (_, index) => `stack${index}`);
  const outcomes = await Promise.all(names.map((name) => engine.deploy(name, template({ [name]: ref('a') }))));
  expect(outcomes.map(({ status }) => status)).toEqual(names.map(() => 'CREATE_COMPLETE'));
  await Promise.all(names.map((name) => engine.deleteStack(name)));
  expect(recorded.size).toBe(0);
});

test('a plan that can never come true is an error and no hanging test', async () => {
  const { engine } = await started();
  const faults = [{ logicalId: 'Topic', does: { kind: 'fail', whileInFlight: 'Nobody' } }] as const;
  await expect(engine.deploy('shop', template({ Topic: { Type: 'AWS::SNS::Topic' } }), { faults })).rejects.toThrow(
    'nothing can happen any more',
  );
});

test('an answer after two hours is refused: the URL has expired', async () => {
  const { engine, events } = await started();
  const faults = [on('Create', { kind: 'deliver late', hold: { seconds: 7300 } })];
  const outcome = await engine.deploy('shop', template({ Ref: ref('a') }), { faults });
  await engine.settle();
  expect(outcome.status).toBe('ROLLBACK_COMPLETE');
  expect(told(events).at(-1)).toBe('Create Ref');
  expect(engine.answers).toHaveLength(1);
});
