import { afterEach, describe, expect, test } from '@jest/globals';
import type { EngineOptions, Outcome } from '../support/stack-engine/engine.ts';
import { StackEngine, ValidationError } from '../support/stack-engine/engine.ts';
import type { Records } from './records.ts';
import { consumer, history, records, ref, template, told, TOKEN } from './records.ts';

const engines: StackEngine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) {
    await engine.settle();
    await engine.stop();
  }
});

async function started(
  options: EngineOptions = {},
  absent: readonly string[] = [],
): Promise<Records & { readonly engine: StackEngine }> {
  const handler = records();
  const engine = await StackEngine.start({
    functions: { [TOKEN]: { run: handler.run } },
    read: async ({ key }) => (absent.includes(key) ? undefined : Buffer.from(`content of ${key}`)),
    ...options,
  });
  engines.push(engine);
  return { engine, ...handler };
}

const stackStates = (outcome: Outcome): string[] =>
  outcome.events.filter(({ physicalId }) => physicalId === outcome.stackId).map(({ status }) => status);

describe('create', () => {
  test('the custom resource comes before its consumer, and the stack is complete', async () => {
    const { engine, events } = await started();
    const outcome = await engine.deploy('shop', template({ Ref: ref('a'), F: consumer('a') }));
    expect(history(outcome)).toEqual([
      ...['stack CREATE_IN_PROGRESS', 'Ref CREATE_IN_PROGRESS', 'Ref CREATE_COMPLETE'],
      ...['F CREATE_IN_PROGRESS', 'F CREATE_COMPLETE', 'stack CREATE_COMPLETE'],
    ]);
    expect(told(events)).toEqual(['Create Ref']);
    expect(Buffer.from(await engine.code(Object.keys(engine.functions())[0]!)).toString()).toBe('content of a');
  });

  test('a failed Create is followed by Delete with the ID of its answer', async () => {
    const { engine, events } = await started();
    const outcome = await engine.deploy('shop', template({ Ref: ref('a', { Fail: 'before' }), F: consumer('a') }));
    expect(stackStates(outcome)).toEqual(['CREATE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS', 'ROLLBACK_COMPLETE']);
    expect(told(events)).toEqual(['Create Ref', 'Delete(nothing) Ref']);
    const failure = outcome.events.find(({ status }) => status === 'CREATE_FAILED');
    expect(failure?.reason).toMatch(
      /^Received response status \[FAILED\] from custom resource\. Message returned: fails before \(RequestId: /,
    );
    await expect(engine.deploy('shop', template({ Ref: ref('b') }))).rejects.toThrow(
      /ROLLBACK_COMPLETE state and can not be updated/,
    );
  });

  test('where a sibling fails afterwards, consumers go first and then the custom resource', async () => {
    const { engine, recorded } = await started();
    const outcome = await engine.deploy(
      'shop',
      template({ Ref: ref('a'), F: consumer('a'), Topic: { Type: 'AWS::SNS::Topic', DependsOn: 'F' } }),
      {
        faults: [{ logicalId: 'Topic', does: { kind: 'fail', reason: 'no topics today' } }],
      },
    );
    expect(history(outcome).slice(-6)).toEqual([
      ...[
        'F DELETE_IN_PROGRESS',
        'F DELETE_COMPLETE',
        'Ref DELETE_IN_PROGRESS',
        'Ref DELETE_COMPLETE',
        'stack ROLLBACK_COMPLETE',
      ].toSpliced(0, 0, 'stack ROLLBACK_IN_PROGRESS'),
    ]);
    expect(outcome.events.map(({ reason }) => reason)).toContain('no topics today');
    expect(recorded.size).toBe(0);
  });

  test('a Create that is under way when a sibling fails is cancelled: Delete comes with an invented ID, while it still runs', async () => {
    const { engine, events, recorded } = await started();
    const faults = [
      { logicalId: 'Topic', does: { kind: 'fail', whileInFlight: 'Ref' } },
      { logicalId: 'Ref', on: 'Create', does: { kind: 'deliver late', hold: { events: 1 } } },
    ] as const;
    const outcome = await engine.deploy('shop', template({ Ref: ref('a'), Topic: { Type: 'AWS::SNS::Topic' } }), {
      faults,
    });
    await engine.settle();
    const cancelled = outcome.events.find(({ logicalId, status }) => logicalId === 'Ref' && status === 'CREATE_FAILED');
    expect(cancelled?.reason).toBe('Resource creation cancelled');
    expect(events.map(({ RequestType }) => RequestType)).toEqual(['Delete', 'Create']);
    expect(events[0]?.PhysicalResourceId).toMatch(/^shop-Ref-[A-Z0-9]{12}$/);
    // What the late Create wrote, no Delete will ever name: its ID was never acknowledged.
    expect([...recorded]).toEqual(['Ref.a']);
  });

  test('no answer within ServiceTimeout fails it, and Delete has an invented ID', async () => {
    const { engine, events } = await started();
    const faults = [{ logicalId: 'Ref', on: 'Create', does: { kind: 'drop answer' } }] as const;
    const before = engine.now();
    const outcome = await engine.deploy('shop', template({ Ref: ref('a', { ServiceTimeout: 120 }) }), { faults });
    const failure = outcome.events.find(({ status }) => status === 'CREATE_FAILED');
    expect(failure?.reason).toContain('CloudFormation did not receive a response from your Custom Resource');
    expect((failure!.timestamp.getTime() - before.getTime()) / 1000).toBeCloseTo(121, 0);
    expect(events[1]?.PhysicalResourceId).toMatch(/^shop-Ref-[A-Z0-9]{12}$/);
  });

  test('without ServiceTimeout it waits an hour', async () => {
    const { engine } = await started();
    const before = engine.now();
    const outcome = await engine.deploy('shop', template({ Ref: ref('a') }), {
      faults: [{ on: 'Create', does: { kind: 'drop answer' } }],
    });
    const failure = outcome.events.find(({ status }) => status === 'CREATE_FAILED');
    expect((failure!.timestamp.getTime() - before.getTime()) / 1000).toBeCloseTo(3601, 0);
  });

  test('a Delete that fails leaves ROLLBACK_FAILED, and the stack can be deleted later', async () => {
    const { engine, recorded } = await started();
    const wanted = template({ Ref: ref('a'), Topic: { Type: 'AWS::SNS::Topic', DependsOn: 'Ref' } });
    const faults = [
      { logicalId: 'Topic', does: { kind: 'fail' } },
      { logicalId: 'Ref', on: 'Delete', does: { kind: 'fail' } },
    ] as const;
    expect((await engine.deploy('shop', wanted, { faults })).status).toBe('ROLLBACK_FAILED');
    expect((await engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
    expect(recorded.size).toBe(0);
  });

  test("an attribute that the answer does not have fails the consumer, with CloudFormation's words", async () => {
    const { engine, events } = await started();
    const asking = { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::GetAtt': ['Ref', 'Nothing'] } } };
    const outcome = await engine.deploy('shop', template({ Ref: ref('a'), Topic: asking }));
    const failure = outcome.events.find(({ logicalId, status }) => logicalId === 'Topic' && status === 'CREATE_FAILED');
    expect(failure?.reason).toBe(
      `CustomResource attribute error: Vendor response doesn't contain Nothing attribute in object ${outcome.stackId}|Ref|${events[0]?.RequestId ?? ''}`,
    );
  });

  test.each([
    ['that does not exist', { ServiceToken: `${TOKEN}-none` }],
    ['of another region', { ServiceToken: TOKEN.replace('eu-west-1', 'us-east-1') }],
    ['with a ServiceTimeout of two hours', { ServiceTimeout: 7200 }],
  ])('a function %s fails Create and Delete, and is sent nothing', async (_what, properties) => {
    const { engine, events } = await started();
    const outcome = await engine.deploy('shop', template({ Ref: ref('a', properties) }));
    expect(outcome.status).toBe('ROLLBACK_FAILED');
    expect(events).toEqual([]);
  });
});

describe('update', () => {
  const one = template({ Ref: ref('a'), F: consumer('a') });
  const two = template({ Ref: ref('b'), F: consumer('b') });

  test('a new ID is a replacement: consumers are updated, and only then the old one gets its Delete', async () => {
    const { engine, events, recorded } = await started();
    await engine.deploy('shop', one);
    events.length = 0;
    const outcome = await engine.deploy('shop', two);
    expect(history(outcome)).toEqual([
      ...['stack UPDATE_IN_PROGRESS', 'Ref UPDATE_IN_PROGRESS', 'Ref UPDATE_IN_PROGRESS', 'Ref UPDATE_COMPLETE'],
      ...['F UPDATE_IN_PROGRESS', 'F UPDATE_COMPLETE', 'stack UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'],
      ...['Ref DELETE_IN_PROGRESS', 'Ref DELETE_COMPLETE', 'stack UPDATE_COMPLETE'],
    ]);
    expect(outcome.events[2]?.reason).toBe('Requested update required the provider to create a new physical resource');
    expect(told(events)).toEqual(['Update(Ref.a) Ref', 'Delete(Ref.a) Ref']);
    expect(events[0]?.OldResourceProperties).toEqual({ ServiceToken: TOKEN, Value: 'a' });
    expect(events[1]?.ResourceProperties).toEqual({ ServiceToken: TOKEN, Value: 'a' });
    expect([...recorded]).toEqual(['Ref.b']);
  });

  test('the same ID is an update in place, without any Delete', async () => {
    const { engine, events } = await started();
    await engine.deploy('shop', template({ Ref: ref('a', { Way: 'in place' }) }));
    await engine.deploy('shop', template({ Ref: ref('b', { Way: 'in place' }) }));
    expect(told(events)).toEqual(['Create Ref', 'Update(Ref.one) Ref']);
  });

  test('unchanged properties send nothing, and an unchanged template changes nothing', async () => {
    const { engine, events } = await started();
    await engine.deploy('shop', one);
    await engine.deploy(
      'shop',
      template({ Ref: ref('a', {}, { Metadata: { Note: 1 } }), F: consumer('a', { MemorySize: 256 }) }),
    );
    const outcome = await engine.deploy(
      'shop',
      template({ Ref: ref('a', {}, { Metadata: { Note: 1 } }), F: consumer('a', { MemorySize: 256 }) }),
    );
    expect(told(events)).toEqual(['Create Ref']);
    expect(outcome).toMatchObject({ status: 'UPDATE_COMPLETE', events: [] });
  });

  test('a replaced one goes back without an Update, and the new ID gets its Delete in the cleanup', async () => {
    const { engine, events, recorded } = await started({}, ['b']);
    await engine.deploy('shop', one);
    events.length = 0;
    const outcome = await engine.deploy('shop', two);
    expect(told(events)).toEqual(['Update(Ref.a) Ref', 'Delete(Ref.b) Ref']);
    expect(stackStates(outcome)).toEqual([
      ...[
        'UPDATE_IN_PROGRESS',
        'UPDATE_ROLLBACK_IN_PROGRESS',
        'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
        'UPDATE_ROLLBACK_COMPLETE',
      ],
    ]);
    const failure = outcome.events.find(({ status }) => status === 'UPDATE_FAILED');
    expect(failure?.reason).toMatch(
      /^Resource handler returned message: "Error occurred while GetObject\. S3 Error Code: NoSuchKey\. S3 Error Message: The specified key does not exist\. \(Service: Lambda, Status Code: 400, .*HandlerErrorCode: InvalidRequest\)$/,
    );
    expect([...recorded]).toEqual(['Ref.a']);
    expect(Buffer.from(await engine.code(Object.keys(engine.functions())[0]!)).toString()).toBe('content of a');
  });

  test('the other variant: an Update with the properties swapped precedes that Delete', async () => {
    const { engine, events, recorded } = await started({ replacedRollback: 'with an update' }, ['b']);
    await engine.deploy('shop', one);
    events.length = 0;
    await engine.deploy('shop', two);
    expect(told(events)).toEqual(['Update(Ref.a) Ref', 'Update(Ref.b) Ref', 'Delete(Ref.b) Ref']);
    expect(events[1]).toMatchObject({ ResourceProperties: { Value: 'a' }, OldResourceProperties: { Value: 'b' } });
    expect([...recorded]).toEqual(['Ref.a']);
  });

  test('an update in place goes back by an Update, although it had succeeded', async () => {
    const { engine, events } = await started({}, ['b']);
    await engine.deploy('shop', template({ Ref: ref('a', { Way: 'in place' }), F: consumer('a') }));
    await engine.deploy('shop', template({ Ref: ref('b', { Way: 'in place' }), F: consumer('b') }));
    expect(told(events)).toEqual(['Create Ref', 'Update(Ref.one) Ref', 'Update(Ref.one) Ref']);
    expect(events[2]).toMatchObject({ ResourceProperties: { Value: 'a' }, OldResourceProperties: { Value: 'b' } });
  });

  test('a failed Update with the old ID goes back by an Update', async () => {
    const { engine, events } = await started();
    await engine.deploy('shop', one);
    events.length = 0;
    const outcome = await engine.deploy('shop', template({ Ref: ref('b', { Fail: 'before' }), F: consumer('b') }));
    expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(told(events)).toEqual(['Update(Ref.a) Ref', 'Update(Ref.a) Ref']);
    expect(events[1]?.OldResourceProperties).toEqual({ ServiceToken: TOKEN, Value: 'b', Fail: 'before' });
  });

  test('a failed Update with a new ID goes back without an Update, and the new ID is deleted', async () => {
    const { engine, events, recorded } = await started();
    await engine.deploy('shop', one);
    events.length = 0;
    await engine.deploy('shop', template({ Ref: ref('b', { Fail: 'after' }), F: consumer('b') }));
    expect(told(events)).toEqual(['Update(Ref.a) Ref', 'Delete(Ref.b) Ref']);
    expect([...recorded]).toEqual(['Ref.a']);
  });

  test('an Update under way when a sibling fails is cancelled and goes back by an Update', async () => {
    const { engine, events } = await started();
    const topic = (name: string): object => ({ Type: 'AWS::SNS::Topic', Properties: { TopicName: name } });
    await engine.deploy('shop', template({ Ref: ref('a'), Topic: topic('one') }));
    const outcome = await engine.deploy('shop', template({ Ref: ref('b'), Topic: topic('two') }), {
      faults: [
        { logicalId: 'Topic', does: { kind: 'fail', whileInFlight: 'Ref' } },
        { logicalId: 'Ref', on: 'Update', does: { kind: 'deliver late', hold: { events: 1 } } },
      ],
    });
    await engine.settle();
    expect(outcome.events.map(({ reason }) => reason)).toContain('Resource update cancelled');
    expect(events.map(({ RequestType, ResourceProperties: { Value } }) => `${RequestType} ${Value ?? ''}`)).toEqual([
      'Create a',
      'Update a',
      'Update b',
    ]);
  });

  test('one that a failed update added is deleted in the cleanup', async () => {
    const { engine, events } = await started({}, ['b']);
    await engine.deploy('shop', one);
    await engine.deploy(
      'shop',
      template({ Ref: ref('a'), New: ref('n'), F: consumer('b', { Description: { 'Fn::GetAtt': ['New', 'Value'] } }) }),
    );
    expect(told(events)).toEqual(['Create Ref', 'Create New', 'Delete(New.n) New']);
  });

  test('one that is removed is deleted in the cleanup; where the update fails it is sent nothing', async () => {
    const { engine, events } = await started({}, ['b']);
    await engine.deploy('shop', template({ Ref: ref('a'), Old: ref('o'), F: consumer('a') }));
    await engine.deploy('shop', template({ Ref: ref('a'), F: consumer('b') }));
    expect(told(events).filter((event) => event.endsWith('Old'))).toEqual(['Create Old']);
    const outcome = await engine.deploy('shop', one);
    expect(told(events)).toContain('Delete(Old.o) Old');
    expect(history(outcome).indexOf('Old DELETE_IN_PROGRESS')).toBeGreaterThan(
      history(outcome).indexOf('stack UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'),
    );
  });

  test('a new logical ID is created first, and the old one deleted in the cleanup', async () => {
    const { engine, events } = await started();
    await engine.deploy('shop', template({ Old: ref('a') }));
    await engine.deploy('shop', template({ New: ref('a') }));
    expect(told(events)).toEqual(['Create Old', 'Create New', 'Delete(Old.a) Old']);
  });

  test('a Delete that fails in the cleanup is tried three times, and the update succeeds', async () => {
    const { engine, events, recorded } = await started();
    await engine.deploy('shop', template({ Ref: ref('a', { Fail: 'Delete' }) }));
    const outcome = await engine.deploy('shop', template({ Ref: ref('b') }));
    expect(outcome.status).toBe('UPDATE_COMPLETE');
    expect(history(outcome).filter((event) => event === 'Ref DELETE_FAILED')).toHaveLength(3);
    expect(told(events).filter((event) => event === 'Delete(Ref.a) Ref')).toHaveLength(3);
    expect(new Set(events.map(({ RequestId }) => RequestId)).size).toBe(events.length);
    expect([...recorded]).toEqual(['Ref.a', 'Ref.b']);
  });

  test('a rollback that fails can be continued, or skip what it cannot do', async () => {
    const { engine, recorded } = await started({}, ['b']);
    await engine.deploy('shop', template({ Ref: ref('a', { Way: 'in place' }), F: consumer('a') }));
    const failing = template({ Ref: ref('b', { Way: 'in place' }), F: consumer('b') });
    const back = { logicalId: 'Ref', on: 'Update', skip: 1, does: { kind: 'fail' } } as const;
    expect((await engine.deploy('shop', failing, { faults: [back] })).status).toBe('UPDATE_ROLLBACK_FAILED');
    await expect(engine.deploy('shop', one)).rejects.toThrow(ValidationError);
    expect((await engine.continueUpdateRollback('shop')).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([...recorded]).toEqual(['Ref.one']);
    await engine.deploy('shop', failing, { faults: [back] });
    expect((await engine.continueUpdateRollback('shop', { skip: ['Ref'] })).status).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  test('the service token and the type cannot change', async () => {
    const { engine, events } = await started({ functions: { [TOKEN]: records(), [`${TOKEN}2`]: records() } });
    await engine.deploy('shop', template({ Ref: ref('a') }));
    const outcome = await engine.deploy('shop', template({ Ref: ref('a', { ServiceToken: `${TOKEN}2` }) }));
    expect(outcome.events.map(({ reason }) => reason)).toContain('Modifying service token is not allowed.');
    expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(events).toEqual([]);
    const otherType = template({ Ref: { Type: 'Custom::Other', Properties: { ServiceToken: TOKEN } } });
    await expect(engine.deploy('shop', otherType)).rejects.toThrow('Update of resource type is not permitted');
  });
});

describe('delete', () => {
  test('consumers go first; the stack stays describable by its ID', async () => {
    const { engine, events } = await started();
    const { stackId } = await engine.deploy('shop', template({ Ref: ref('a'), F: consumer('a') }));
    const outcome = await engine.deleteStack('shop');
    expect(history(outcome)).toEqual([
      ...[
        'stack DELETE_IN_PROGRESS',
        'F DELETE_IN_PROGRESS',
        'F DELETE_COMPLETE',
        'Ref DELETE_IN_PROGRESS',
        'Ref DELETE_COMPLETE',
      ],
      'stack DELETE_COMPLETE',
    ]);
    expect(told(events)).toEqual(['Create Ref', 'Delete(Ref.a) Ref']);
    expect(engine.stack('shop')).toBeUndefined();
    expect(engine.stack(stackId)?.status).toBe('DELETE_COMPLETE');
    const again = await engine.deploy('shop', template({ Ref: ref('a') }));
    expect(again.stackId).not.toBe(stackId);
  });

  test('a failing Delete is DELETE_FAILED: try again, retain it, or force', async () => {
    const { engine, recorded } = await started();
    const stubborn = template({ Ref: ref('a', { Fail: 'Delete' }), Topic: { Type: 'AWS::SNS::Topic' } });
    await engine.deploy('shop', stubborn);
    const outcome = await engine.deleteStack('shop');
    expect(outcome).toMatchObject({
      status: 'DELETE_FAILED',
      reason: 'The following resource(s) failed to delete: [Ref]. ',
    });
    expect((await engine.deleteStack('shop')).status).toBe('DELETE_FAILED');
    expect((await engine.deleteStack('shop', { retain: ['Ref'] })).status).toBe('DELETE_COMPLETE');
    await engine.deploy('shop', stubborn);
    expect((await engine.deleteStack('shop', { mode: 'force' })).status).toBe('DELETE_COMPLETE');
    expect([...recorded]).toEqual(['Ref.a']);
  });

  test('Retain: no event, ever, for delete, removal and the rollback of a creation, but for replacement', async () => {
    const { engine, events } = await started({}, ['gone']);
    const kept = { DeletionPolicy: 'Retain' };
    await engine.deploy('one', template({ Ref: ref('a', {}, kept) }));
    await engine.deploy('one', template({ Ref: ref('b', {}, kept) }));
    expect(told(events.splice(0))).toEqual(['Create Ref', 'Update(Ref.a) Ref', 'Delete(Ref.a) Ref']);
    const outcome = await engine.deleteStack('one');
    expect(history(outcome)).toContain('Ref DELETE_SKIPPED');
    await engine.deploy('two', template({ Ref: ref('a', {}, kept), F: consumer('gone') }));
    await engine.deploy('three', template({ Ref: ref('a', {}, kept), Other: ref('o') }));
    await engine.deploy('three', template({ Other: ref('o') }));
    expect(told(events).toSorted()).toEqual(['Create Other', 'Create Ref', 'Create Ref']);
  });

  test('RetainExceptOnCreate deletes on the rollback of a creation; UpdateReplacePolicy keeps what is replaced', async () => {
    const { engine, events } = await started({}, ['gone']);
    await engine.deploy(
      'two',
      template({ Ref: ref('a', {}, { DeletionPolicy: 'RetainExceptOnCreate' }), F: consumer('gone') }),
    );
    expect(told(events.splice(0))).toEqual(['Create Ref', 'Delete(Ref.a) Ref']);
    await engine.deploy('one', template({ Ref: ref('a', {}, { UpdateReplacePolicy: 'Retain' }) }));
    await engine.deploy('one', template({ Ref: ref('b', {}, { UpdateReplacePolicy: 'Retain' }) }));
    expect(told(events)).toEqual(['Create Ref', 'Update(Ref.a) Ref']);
  });
});
