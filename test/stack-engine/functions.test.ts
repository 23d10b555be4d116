import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { contentOf } from '../../repository/content.ts';
import { objectKey } from '../../repository/object-store.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import type { InvocationContext } from '../support/stack-engine/engine.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { gatedStore } from '../support/stack-engine/gated-store.ts';
import type { CustomEvent } from './records.ts';
import { ref, template, TOKEN } from './records.ts';

let engine: StackEngine;

beforeEach(async () => {
  engine = await StackEngine.start();
});

afterEach(async () => {
  await engine.settle();
  await engine.stop();
});

test('a function can be invoked for what it returns', async () => {
  const arn = `${TOKEN}-echo`;
  engine.bring(arn, { file: path.join(import.meta.dirname, 'fixtures/echo.cjs') });
  expect(await engine.invoke(arn, { a: 1 })).toEqual({ event: { a: 1 }, name: 'records-echo', left: true });
  await expect(engine.invoke(arn, { fail: true })).rejects.toThrow('Error: as told');
  engine.bring(arn, { run: async () => 'another' });
  expect(await engine.invoke(arn, {})).toBe('another');
  await expect(engine.invoke(`${TOKEN}-none`, {})).rejects.toThrow('no function');
});

test('a function in this process can be killed between any two requests to a store of the repository', async () => {
  const store = memoryStore(() => new Date(0));
  const [first, second] = [objectKey('first'), objectKey('second')];
  const seen: string[] = [];
  const run = async (event: CustomEvent, context: InvocationContext): Promise<void> => {
    const gated = gatedStore(store, context);
    seen.push(await gated.create(first, contentOf('1')));
    seen.push(await gated.create(second, contentOf('2')));
    for await (const { key } of gated.list('')) seen.push(key);
    const { StackId, RequestId, LogicalResourceId } = event;
    const answer = { Status: 'SUCCESS', PhysicalResourceId: 'p', StackId, RequestId, LogicalResourceId };
    const body = Buffer.from(JSON.stringify(answer));
    await context.put(event.ResponseURL, { 'content-length': String(body.length) }, body);
  };
  engine.bring(TOKEN, { run });
  const faults = [{ on: 'Create', does: { kind: 'kill', request: 2 } }] as const;
  expect((await engine.deploy('shop', template({ Ref: ref('a') }), { faults })).status).toBe('CREATE_COMPLETE');
  expect(seen).toEqual(['created', 'exists', 'created', 'first', 'second']);
  expect(engine.invocations.map(({ requests }) => requests)).toEqual([2, 4]);
});
