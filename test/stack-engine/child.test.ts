import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EngineOptions, Outcome } from '../support/stack-engine/engine.ts';
import { nodes } from '../support/node-versions.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import type { CustomEvent } from './records.ts';
import { history, ref, template, TOKEN } from './records.ts';
import type { TinyStore } from './store.ts';
import { startTinyStore } from './store.ts';

const WRONG = `${TOKEN}-wrong`;
const fixture = (name: string): string => path.join(import.meta.dirname, 'fixtures', name);

let store: TinyStore;
let engine: StackEngine;

beforeAll(async () => {
  store = await startTinyStore();
});

afterAll(async () => {
  await store.close();
});

beforeEach(async () => {
  store.objects.clear();
  engine = await engineWith({});
});

afterEach(async () => {
  await engine.settle();
  await engine.stop();
});

async function engineWith(options: EngineOptions): Promise<StackEngine> {
  return StackEngine.start({
    functions: {
      records: { file: fixture('records.cjs'), endpoint: store.endpoint },
      'records-wrong': { file: fixture('wrong.cjs'), timeoutSeconds: 2 },
    },
    ...options,
  });
}

const wrong = (way: string): string =>
  template({ Bad: { Type: 'Custom::Bad', Properties: { ServiceToken: WRONG, Way: way, ServiceTimeout: '300' } } });

function failure({ events }: Outcome): string | undefined {
  return events.find(({ status }) => status.endsWith('_FAILED'))?.reason;
}

describe('a function that does it right', () => {
  test('is sent the event as CloudFormation sends it, and its answer is taken', async () => {
    const properties = { List: [1, true, { Deep: false }], Number: 4.5, Parameter: { Ref: 'AWS::Region' } };
    const outputs = { Id: { Value: { Ref: 'Ref' } }, Dotted: { Value: { 'Fn::GetAtt': 'Ref.dotted.name' } } };
    const outcome = await engine.deploy('shop', template({ Ref: ref('a', properties) }, { Outputs: outputs }));
    expect(outcome.status).toBe('CREATE_COMPLETE');
    const [id = ''] = [...store.objects.keys()];
    const event = JSON.parse(store.objects.get(id) ?? '') as CustomEvent;
    expect(outcome.outputs).toEqual({ Id: id, Dotted: 'whole' });
    expect(Object.keys(event)).toEqual([
      ...[
        'RequestType',
        'ServiceToken',
        'ResponseURL',
        'StackId',
        'RequestId',
        'LogicalResourceId',
        'ResourceType',
        'ResourceProperties',
      ],
    ]);
    expect(event).toMatchObject({
      RequestType: 'Create',
      ServiceToken: TOKEN,
      StackId: outcome.stackId,
      LogicalResourceId: 'Ref',
    });
    expect(event.ResourceProperties).toEqual({
      ...{
        ServiceToken: TOKEN,
        Value: 'a',
        List: ['1', 'true', { Deep: 'false' }],
        Number: '4.5',
        Parameter: 'eu-west-1',
      },
    });
    const url = new URL(event.ResponseURL);
    expect(url.protocol).toBe('https:');
    expect(decodeURIComponent(url.pathname)).toBe(`/${outcome.stackId}|Ref|${event.RequestId}`);
    expect(url.searchParams.get('X-Amz-Date')).toMatch(/^\d{8}T\d{6}Z$/);
  });

  test('the same process handles one event after the other; Update and Delete name the ID', async () => {
    await engine.deploy('shop', template({ Ref: ref('a') }));
    const [first = ''] = [...store.objects.keys()];
    await engine.deploy('shop', template({ Ref: ref('b') }));
    const [second = ''] = [...store.objects.keys()];
    const event = JSON.parse(store.objects.get(second) ?? '') as CustomEvent;
    expect(event).toMatchObject({
      RequestType: 'Update',
      PhysicalResourceId: first,
      OldResourceProperties: { Value: 'a' },
    });
    await engine.deleteStack('shop');
    expect(store.objects.size).toBe(0);
    expect(engine.logs.match(/(Create|Update|Delete) in process \d+/g)).toHaveLength(4);
    expect(new Set(engine.logs.match(/process \d+/g)).size).toBe(1);
    expect(engine.invocations.map(({ requests, error }) => ({ requests, error }))).toEqual(
      [3, 3, 2, 2].map((requests) => ({ requests, error: undefined })),
    );
  });

  test('a Create killed at each of its requests in turn is run again, in a new process, and ends well', async () => {
    for (const request of [1, 2, 3]) {
      for (const moment of ['before', 'after'] as const) {
        const name = `shop-${request}-${moment}`;
        const faults = [{ logicalId: 'Ref', on: 'Create', does: { kind: 'kill', request, moment } }] as const;
        store.requests.length = 0;
        const outcome = await engine.deploy(name, template({ Ref: ref(name) }), { faults });
        await engine.settle();
        expect(outcome.status).toBe('CREATE_COMPLETE');
        const runs = engine.invocations.filter(({ event }) => event.includes(`stack/${name}/`));
        expect(runs.map(({ attempt, error }) => [attempt, error])).toEqual([
          [0, 'Runtime exited with error: signal: killed'],
          [1, undefined],
        ]);
        const served = store.requests.length - 2;
        expect(served).toBe(Math.min(moment === 'before' ? request - 1 : request, 2));
      }
    }
    expect(new Set(engine.logs.match(/process \d+/g)).size).toBe(7);
  });

  test('a killed process that is never run in time costs the stack, and its retry still comes', async () => {
    const faults = [{ on: 'Create', does: { kind: 'kill', request: 2, attempts: 2 } }] as const;
    const outcome = await engine.deploy('shop', template({ Ref: ref('a', { ServiceTimeout: 30 }) }), { faults });
    expect(outcome.status).toBe('ROLLBACK_COMPLETE');
    await engine.settle();
    expect(engine.invocations.filter(({ event }) => event.includes('"Create"')).map(({ attempt }) => attempt)).toEqual([
      0, 1, 2,
    ]);
    expect(store.objects.size).toBe(1);
  });

  test('URLs of the older signature are answered too', async () => {
    await engine.stop();
    engine = await engineWith({ urlStyle: 'sigv2' });
    expect((await engine.deploy('shop', template({ Ref: ref('a') }))).status).toBe('CREATE_COMPLETE');
    expect([...store.objects.values()][0]).toMatch(/\?AWSAccessKeyId=ASIA\w+&Expires=\d+&Signature=/);
  });

  test('an answer that is refused is an error of the function, and the event is delivered again', async () => {
    const faults = [{ logicalId: 'Ref', does: { kind: 'refuse answer', statuses: [503, 500] } }] as const;
    expect((await engine.deploy('shop', template({ Ref: ref('a') }), { faults })).status).toBe('CREATE_COMPLETE');
    await engine.settle();
    expect(engine.invocations.map(({ error }) => error)).toEqual([
      'Error: the answer was refused with 503',
      'Error: the answer was refused with 500',
      undefined,
    ]);
  });

  test('no more processes run at a time than the function may have', async () => {
    await engine.stop();
    const file = fixture('records.cjs');
    engine = await engineWith({ functions: { records: { file, endpoint: store.endpoint, concurrency: 2 } } });
    const resources = Object.fromEntries(['A', 'B', 'C', 'D', 'E'].map((id) => [id, ref(id)]));
    expect((await engine.deploy('shop', template(resources))).status).toBe('CREATE_COMPLETE');
    expect(new Set(engine.logs.match(/process \d+/g)).size).toBe(2);
  });

  for (const { name, program, test: run, skipped } of nodes(22, 24)) {
    run(`the same under ${name}${skipped}`, async () => {
      await engine.stop();
      const nodeOptions = ['--no-experimental-require-module', '--no-experimental-detect-module'];
      const file = fixture('records.cjs');
      engine = await engineWith({
        functions: { records: { file, endpoint: store.endpoint, program, nodeOptions } },
      });
      await engine.deploy('shop', template({ Ref: ref('a') }));
      expect((await engine.deploy('shop', template({ Ref: ref('b') }))).status).toBe('UPDATE_COMPLETE');
      expect((await engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
      expect(store.objects.size).toBe(0);
    });
  }

  test('resources of one stack run at the same time, in processes of their own', async () => {
    const resources = Object.fromEntries(['A', 'B', 'C'].map((id) => [id, ref(id)]));
    const outcome = await engine.deploy('shop', template(resources));
    expect(
      history(outcome)
        .slice(1, 4)
        .every((event) => event.endsWith('CREATE_IN_PROGRESS')),
    ).toBe(true);
    expect(new Set(engine.logs.match(/process \d+/g)).size).toBeGreaterThan(1);
  });
});

describe('functions that do it wrong', () => {
  test.each([
    ['too long', 'Response object is too long.'],
    ['no id', 'Invalid PhysicalResourceId'],
    ['number for an id', 'Value of property PhysicalResourceId must be of type String'],
    ['long id', 'Invalid PhysicalResourceId'],
    ['wrong word', "Invalid Response object: 'FAILURE' is not a valid ResponseStatus"],
    ['other request', "Invalid Response object: RequestId 'another' is not that of the request"],
    ['no json', 'Invalid Response object'],
    ['content type', 'refused with 403'],
    ['post', 'refused with 403'],
    ['chunked', 'refused with 501'],
    ['changed url', 'refused with 403'],
    ['throws', 'CloudFormation did not receive a response'],
    ['crashes', 'CloudFormation did not receive a response'],
    ['never answers', 'CloudFormation did not receive a response'],
    ['does not wait', 'CloudFormation did not receive a response'],
    ['never ends', 'CloudFormation did not receive a response'],
    ['characters for bytes', 'Invalid Response object'],
  ])('%s', async (way, reason) => {
    const outcome = await engine.deploy('shop', wrong(way));
    expect(failure(outcome)).toContain(reason);
    expect(outcome.status).toBe('ROLLBACK_COMPLETE');
  });

  test('of two answers the first counts', async () => {
    const outputs = { Which: { Value: { 'Fn::GetAtt': ['Bad', 'Which'] } } };
    const text = JSON.stringify({ ...(JSON.parse(wrong('answers twice')) as object), Outputs: outputs });
    expect((await engine.deploy('shop', text)).outputs).toEqual({ Which: 'first' });
    await engine.settle();
    expect(engine.answers).toHaveLength(2);
  });

  test('a thrown error is tried again, twice at most, about one and two minutes later', async () => {
    const outputs = { Calls: { Value: { 'Fn::GetAtt': ['Bad', 'Calls'] } } };
    const before = engine.now();
    const text = JSON.stringify({ ...(JSON.parse(wrong('throws once')) as object), Outputs: outputs });
    expect((await engine.deploy('shop', text)).outputs).toEqual({ Calls: '2' });
    expect(engine.now().getTime() - before.getTime()).toBeGreaterThan(60_000);
    await engine.deploy('other', wrong('throws'));
    await engine.settle();
    expect(
      engine.invocations.filter(({ event, error }) => event.includes('"throws"') && error === 'Error: thrown'),
    ).toHaveLength(3);
  });

  test('an ID that varies with the process turns an update into the deletion of what lives', async () => {
    const changed = wrong('log stream').replace('"300"', '"200"');
    await engine.deploy('shop', wrong('log stream'));
    const [before] = engine.stack('shop')!.resources.values();
    // The warm process would answer with the same ID: kill it, as Lambda does when it likes.
    const faults = [{ on: 'Update', does: { kind: 'kill', request: 1 } }] as const;
    await engine.deploy('shop', changed, { faults });
    const [after] = engine.stack('shop')!.resources.values();
    expect(after?.physicalId).not.toBe(before?.physicalId);
    const last = JSON.parse(engine.invocations.at(-1)?.event ?? '') as CustomEvent;
    expect([last.RequestType, last.PhysicalResourceId]).toEqual(['Delete', before?.physicalId]);
  });

  test('three declared parameters are refused at the start, as by Node 24', async () => {
    await engine.stop();
    engine = await engineWith({ functions: { records: { file: fixture('three-parameters.cjs') } } });
    const stack = template({ Ref: ref('a', { ServiceTimeout: '60' }) });
    expect(failure(await engine.deploy('shop', stack))).toContain('did not receive a response');
    expect(engine.invocations[0]?.error).toBe('Error: Runtime.CallbackHandlerDeprecated');
  });

  test('a function inline in a stack serves the stacks that import it', async () => {
    await engine.stop();
    const code = `const { request } = require('node:https');
      exports.handler = async (event) => new Promise((resolve, reject) => {
        const { StackId, RequestId, LogicalResourceId } = event;
        const body = JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'p', StackId, RequestId, LogicalResourceId, Data: { Stage: process.env.STAGE, Shared: process.env.SHARED } });
        request(event.ResponseURL, { method: 'PUT', headers: { 'content-length': body.length } }, resolve).on('error', reject).end(body);
      });`;
    engine = await StackEngine.start({ inline: { environment: { SHARED: 'yes' } } });
    const server = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'server',
        Handler: 'index.handler',
        Code: { ZipFile: code },
        Environment: { Variables: { STAGE: 'test' } },
      },
    };
    const exported = { Token: { Value: { 'Fn::GetAtt': ['Server', 'Arn'] }, Export: { Name: 'Token' } } };
    await engine.deploy('domain', template({ Server: server }, { Outputs: exported }));
    const user = ref('a', { ServiceToken: { 'Fn::ImportValue': 'Token' } });
    const both = { Value: { 'Fn::Sub': '${Ref.Stage} ${Ref.Shared}' } };
    expect((await engine.deploy('shop', template({ Ref: user }, { Outputs: { Both: both } }))).outputs).toEqual({
      Both: 'test yes',
    });
  });
});
