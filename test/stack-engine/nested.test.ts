import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import type { Records } from './records.ts';
import { records, ref, template, told, TOKEN } from './records.ts';

let engine: StackEngine;
let handler: Records;
const templates = new Map<string, string>();

beforeEach(async () => {
  handler = records();
  templates.clear();
  engine = await StackEngine.start({
    functions: { [TOKEN]: { run: handler.run } },
    read: async ({ key }) => (templates.has(key) ? Buffer.from(templates.get(key)!) : undefined),
  });
});

afterEach(async () => {
  await engine.settle();
  await engine.stop();
});

const child = (value: string, rest: object = {}): string =>
  template(
    { Inner: ref(value, { Stage: { Ref: 'Stage' } }), ...rest },
    { Parameters: { Stage: { Type: 'String' } }, Outputs: { Id: { Value: { Ref: 'Inner' } } } },
  );

const parent = (key: string, rest: object = {}): string =>
  template(
    {
      Nested: {
        Type: 'AWS::CloudFormation::Stack',
        Properties: { TemplateURL: `https://s3.eu-west-1.amazonaws.com/bucket/${key}`, Parameters: { Stage: 'dev' } },
      },
      ...rest,
    },
    { Outputs: { Inner: { Value: { 'Fn::GetAtt': 'Nested.Outputs.Id' } } } },
  );

const last = (value: string): object => ({
  Last: {
    Type: 'AWS::SNS::Topic',
    Properties: { TopicName: { 'Fn::Sub': [`${value}-\${Id}`, { Id: { 'Fn::GetAtt': 'Nested.Outputs.Id' } }] } },
  },
});

test('a nested stack has a stack ID of its own, and its outputs are attributes', async () => {
  templates.set('one', child('a'));
  const { outputs, stackId } = await engine.deploy('shop', parent('one'));
  expect(outputs).toEqual({ Inner: 'Inner.a' });
  const nested = engine.stacks().find(({ parent: above }) => above !== undefined);
  expect(nested?.name).toMatch(/^shop-Nested-[A-Z0-9]{12}$/);
  expect(handler.events[0]).toMatchObject({ StackId: nested?.id, ResourceProperties: { Stage: 'dev' } });
  expect(nested?.id).not.toBe(stackId);
});

test('the cleanup of a nested stack waits for its root', async () => {
  templates.set('one', child('a')).set('two', child('b'));
  await engine.deploy('shop', parent('one', last('x')));
  const { events, status } = await engine.deploy('shop', parent('two', last('y')));
  expect(status).toBe('UPDATE_COMPLETE');
  const at = (logicalId: string, wanted: string): number =>
    events.findIndex((event) => event.logicalId === logicalId && event.status === wanted);
  expect(at('Inner', 'DELETE_IN_PROGRESS')).toBeGreaterThan(at('shop', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'));
  expect([...handler.recorded]).toEqual(['Inner.b']);
});

test('a nested stack goes back with its parent, when it had already been updated', async () => {
  templates.set('one', child('a')).set('two', child('b'));
  await engine.deploy('shop', parent('one', last('x')));
  handler.events.length = 0;
  const faults = [{ logicalId: 'Last', on: 'Update', does: { kind: 'fail' } }] as const;
  const { status, outputs, events } = await engine.deploy('shop', parent('two', last('y')), { faults });
  expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(outputs).toEqual({ Inner: 'Inner.a' });
  expect(told(handler.events)).toEqual(['Update(Inner.a) Inner', 'Delete(Inner.b) Inner']);
  const nested = engine.stacks().find(({ parent: above }) => above !== undefined);
  expect(nested?.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  const at = (logicalId: string, wanted: string): number =>
    events.findIndex((event) => event.logicalId === logicalId && event.status === wanted);
  expect(at('Inner', 'DELETE_IN_PROGRESS')).toBeGreaterThan(at('shop', 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'));
});

test('a nested stack that fails fails its parent, which goes back', async () => {
  templates.set('one', child('a')).set('two', template({ Inner: ref('b', { Fail: 'after' }) }));
  await engine.deploy('shop', parent('one'));
  const { status, events } = await engine.deploy('shop', parent('two'));
  expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
  const reasons = events.map(({ reason }) => reason).join('\n');
  expect(reasons).toContain('Parameters: [Stage] do not exist in the template');
  templates.set('three', child('b', { Second: { ...ref('c', { Fail: 'before' }), DependsOn: 'Inner' } }));
  const again = await engine.deploy('shop', parent('three'));
  expect(again.events.map(({ reason }) => reason).join('\n')).toMatch(
    /Embedded stack arn:.* was not successfully updated\. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource\(s\) failed to create: \[Second\]/,
  );
  expect(again.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect([...handler.recorded]).toEqual(['Inner.a']);
});

test('a nested stack that cannot be created is deleted; a template that is absent fails like S3', async () => {
  templates.set('one', child('a', { Second: { ...ref('c', { Fail: 'before' }), DependsOn: 'Inner' } }));
  const { status } = await engine.deploy('shop', parent('one'));
  expect(status).toBe('ROLLBACK_COMPLETE');
  expect(handler.recorded.size).toBe(0);
  expect(engine.stacks().map((stack) => stack.status)).toEqual(['ROLLBACK_COMPLETE', 'DELETE_COMPLETE']);
  const { events } = await engine.deploy('other', parent('none'));
  expect(events.map(({ reason }) => reason).join('\n')).toContain('S3 error: The specified key does not exist.');
});

test('with its parent it is deleted', async () => {
  templates.set('one', child('a'));
  await engine.deploy('shop', parent('one'));
  expect((await engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
  expect(handler.recorded.size).toBe(0);
  expect(engine.stacks().map((stack) => stack.status)).toEqual(['DELETE_COMPLETE', 'DELETE_COMPLETE']);
});

test('what a nested stack has under way is cancelled when a sibling of it fails', async () => {
  templates.set('one', child('a'));
  const faults = [
    { logicalId: 'Inner', on: 'Create', does: { kind: 'deliver late', hold: { events: 1 } } },
    { logicalId: 'Sibling', does: { kind: 'fail', reason: 'too late' } },
  ] as const;
  let cancelled = 0;
  // Whether the nested stack has begun by then is chance.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    handler.events.length = 0;
    const { status, events } = await engine.deploy(
      `shop${attempt}`,
      parent('one', { Sibling: { Type: 'AWS::SNS::Topic' } }),
      { faults },
    );
    await engine.settle();
    expect(status).toBe('ROLLBACK_COMPLETE');
    const inner = events.filter(({ logicalId, status: state }) => logicalId === 'Inner' && state === 'CREATE_FAILED');
    if (inner.length === 0) continue;
    cancelled += 1;
    expect(inner[0]?.reason).toBe('Resource creation cancelled');
    const [deletion, creation] = told(handler.events);
    expect(deletion).toMatch(/^Delete\(shop\d+-Nested-[A-Z0-9]{12}-Inner-[A-Z0-9]{12}\) Inner$/);
    expect(creation).toBe('Create Inner');
  }
  expect(cancelled).toBeGreaterThan(0);
});
