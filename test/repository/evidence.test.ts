import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudFormationClient, StackStatus } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, test } from '@jest/globals';
import { awsEvidence } from '../../repository/evidence/aws.ts';
import type { Evidence, Importer } from '../../repository/evidence/evidence.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { sha256 } from '../../repository/index.ts';
import type { Fault } from '../support/stack-engine/engine.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { allOf } from '../support/all-of.ts';

const PLACE = { account: '111122223333', region: 'eu-west-1' };
const EXPORT = 'cfn-artifacts-ServiceToken';
const OFFLINE = { region: PLACE.region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 };

describe('of an engine over HTTP', () => {
  const engines: StackEngine[] = [];
  const objects = new Map<string, string>();

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
  });

  interface Started {
    readonly engine: StackEngine;
    readonly evidence: Evidence;
    readonly refused: Set<string>;
    readonly asked: string[];
  }

  async function started(account = PLACE.account): Promise<Started> {
    const engine = await StackEngine.start({
      read: async ({ key }) => Buffer.from(objects.get(key) ?? key),
    });
    engines.push(engine);
    const refused = new Set<string>();
    const asked: string[] = [];
    const refuse = (action: string) => {
      asked.push(action);
      return refused.has(action) ? { code: 'AccessDenied', status: 403 } : undefined;
    };
    const cloudFormation = new CloudFormationClient({ ...OFFLINE, endpoint: await engine.serve(refuse) });
    const lambda = new LambdaClient({ ...OFFLINE, endpoint: await engine.serveLambda(refuse) });
    const options = { cloudFormation, lambda, serviceTokenExport: EXPORT, ...PLACE, account };
    return { engine, evidence: awsEvidence(options), refused, asked };
  }

  const handle = { Type: 'AWS::CloudFormation::WaitConditionHandle' };
  const exporting = JSON.stringify({
    Resources: { Handle: handle },
    Outputs: { Token: { Value: 'token', Export: { Name: EXPORT } } },
  });
  const importing = JSON.stringify({
    Resources: { Handle: handle },
    Outputs: { Token: { Value: { 'Fn::ImportValue': EXPORT } } },
  });

  test('a stack with more resources than a page has', async () => {
    const { engine, evidence } = await started();
    const handles = Array.from({ length: 250 }, (_, index) => [`H${index}`, handle]);
    const resources = JSON.stringify({ Resources: Object.fromEntries(handles) as object });
    const { stackId, events } = await engine.deploy('large', resources);
    const found = await evidence.stack(stackId);
    expect(found).toMatchObject({ state: 'settled' });
    if (found.state !== 'settled') return;
    expect(found.resources).toHaveLength(250);
    expect(found.resources).toContainEqual(
      expect.objectContaining({ logicalId: 'H7', type: 'AWS::CloudFormation::WaitConditionHandle' }),
    );
    const latest = Math.max(...events.filter(({ type }) => type === handle.Type).map(({ timestamp }) => +timestamp));
    expect(found.changed.getTime()).toBe(latest);
    expect(found).not.toHaveProperty('wentBack');
  });

  test('a stack that was deleted, and what it retained', async () => {
    const { engine, evidence } = await started();
    const retained = { ...handle, DeletionPolicy: 'Retain' };
    const { stackId } = await engine.deploy('shop', JSON.stringify({ Resources: { Kept: retained, Gone: handle } }));
    await engine.deleteStack('shop');
    const found = await evidence.stack(stackId);
    expect(found).toMatchObject({ state: 'settled', resources: [{ logicalId: 'Kept' }] });
  });

  test('a stack that nobody knows is gone where the credentials show stacks of the account', async () => {
    const { engine, evidence } = await started();
    const id = `arn:aws:cloudformation:eu-west-1:${PLACE.account}:stack/shop/6c5c5d50`;
    expect(await evidence.stack(id)).toMatchObject({ state: 'unknown' });
    await engine.deploy('domain', exporting);
    const { evidence: elsewhere } = await started('999999999999');
    expect(await elsewhere.stack(id.replace(PLACE.account, '999999999999'))).toMatchObject({ state: 'unknown' });
    expect(await evidence.stack(id)).toMatchObject({ state: 'unknown' });
    const options = { serviceTokenExport: EXPORT, ...PLACE, lambda: new LambdaClient(OFFLINE) };
    const cloudFormation = new CloudFormationClient({ ...OFFLINE, endpoint: await engine.serve() });
    expect(await awsEvidence({ ...options, cloudFormation }).stack(id)).toEqual({ state: 'gone' });
  });

  test('another region of the account is asked by a client of its own, which is made once', async () => {
    const { engine, evidence: own } = await started();
    const far = await StackEngine.start({ region: 'us-west-2', read: async ({ key }) => Buffer.from(key) });
    engines.push(far);
    const { stackId } = await far.deploy('domain', exporting);
    const made: string[] = [];
    const [endpoint, ownEndpoint] = [await far.serve(), await engine.serve()];
    const evidence = awsEvidence({
      ...{ serviceTokenExport: EXPORT, ...PLACE, lambda: new LambdaClient(OFFLINE) },
      cloudFormation: new CloudFormationClient({ ...OFFLINE, endpoint: ownEndpoint }),
      elsewhere: (region) => {
        made.push(region);
        return new CloudFormationClient({ ...OFFLINE, region, endpoint });
      },
    });
    expect(await evidence.stack(stackId)).toMatchObject({ state: 'settled' });
    expect(await evidence.stack(`${stackId.slice(0, -1)}x`)).toEqual({ state: 'gone' });
    expect(await evidence.stack(stackId.replace(PLACE.account, '999999999999'))).toMatchObject({ state: 'unknown' });
    expect(made).toEqual(['us-west-2']);
    // Nobody was given to ask.
    expect(await own.stack(stackId)).toEqual({
      state: 'unknown',
      why: `'${stackId}' is no stack of account ${PLACE.account} in ${PLACE.region}`,
    });
  });

  test('a nested stack is settled with its parents', async () => {
    const { engine, evidence } = await started();
    objects.set('child.json', JSON.stringify({ Resources: { Handle: handle } }));
    const url = 'https://bucket.s3.eu-west-1.amazonaws.com/child.json';
    const nested = { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: url } };
    const last = { ...handle, DependsOn: 'Nested' };
    const parent = JSON.stringify({ Resources: { Nested: nested, Last: last } });
    const seen: unknown[] = [];
    const fault: Fault = { logicalId: 'Last', on: 'Delete', times: 9, does: { kind: 'fail' } };
    await engine.deploy('parent', parent);
    const child = engine.stacks().find(({ name }) => name.startsWith('parent-'));
    seen.push((await evidence.stack(child?.id ?? '')).state);
    await engine.deleteStack('parent', { faults: [fault] });
    expect([engine.stack('parent')?.status, child?.status]).toEqual(['DELETE_FAILED', 'CREATE_COMPLETE']);
    seen.push((await evidence.stack(child?.id ?? '')).state);
    expect(seen).toEqual(['settled', 'changing']);
  });

  test.each(['DescribeStacks', 'ListStackResources'])('%s refused is unknown', async (action) => {
    const { engine, evidence, refused } = await started();
    const { stackId } = await engine.deploy('domain', exporting);
    refused.add(action);
    expect(await evidence.stack(stackId)).toEqual({
      ...{ state: 'unknown', why: expect.stringContaining(`${action} is refused`) },
    });
  });

  test('nobody there is unknown', async () => {
    const endpoint = 'http://127.0.0.1:9';
    const cloudFormation = new CloudFormationClient({ ...OFFLINE, endpoint });
    const lambda = new LambdaClient({ ...OFFLINE, endpoint });
    const evidence = awsEvidence({ cloudFormation, lambda, serviceTokenExport: EXPORT, ...PLACE });
    const id = `arn:aws:cloudformation:eu-west-1:${PLACE.account}:stack/shop/6c5c5d50`;
    expect(await evidence.stack(id)).toMatchObject({ state: 'unknown' });
    expect(await allOf(evidence.importers())).toEqual([{ why: expect.stringContaining('could not be asked') }]);
    expect(await evidence.isRun(sha256('a'))).toBeUndefined();
  });

  test('who imports the function, by name', async () => {
    const { engine, evidence, refused } = await started();
    expect(await allOf(evidence.importers())).toEqual([]);
    await engine.deploy('domain', exporting);
    expect(await allOf(evidence.importers())).toEqual([]);
    const ids = new Map<string, string>();
    for (const name of ['b', 'a', 'Z', 'c']) ids.set(name, (await engine.deploy(name, importing)).stackId);
    const found = (names: readonly string[]): Importer[] => names.map((name) => ({ stackId: ids.get(name) ?? '' }));
    expect(await allOf(evidence.importers())).toEqual(found(['Z', 'a', 'b', 'c']));
    expect(await allOf(evidence.importers('a'))).toEqual(found(['b', 'c']));
    refused.add('DescribeStacks');
    expect(await allOf(evidence.importers('b'))).toEqual([{ stack: 'c', why: expect.any(String) }]);
    refused.add('ListImports');
    expect(await allOf(evidence.importers('b'))).toEqual([{ why: expect.any(String) }]);
  });

  test('what versions of functions and layers run, asked once', async () => {
    const { engine, evidence, refused, asked } = await started();
    const functionOf = (key: string): object => ({
      Resources: {
        F: {
          Type: 'AWS::Lambda::Function',
          Properties: { FunctionName: 'f', Code: { S3Bucket: 'bucket', S3Key: key } },
        },
        [`V${key}`]: {
          ...{ Type: 'AWS::Lambda::Version', DeletionPolicy: 'Retain', Properties: { FunctionName: { Ref: 'F' } } },
        },
        L: {
          Type: 'AWS::Lambda::LayerVersion',
          Properties: { LayerName: 'l', Content: { S3Bucket: 'bucket', S3Key: 'layer' } },
        },
      },
    });
    await engine.deploy('shop', JSON.stringify(functionOf('one')));
    await engine.deploy('shop', JSON.stringify(functionOf('two')));
    const run = [];
    for (const text of ['one', 'two', 'layer', 'three']) run.push(await evidence.isRun(sha256(text)));
    expect(run).toEqual([true, true, true, false]);
    expect(asked.filter((action) => action === 'ListFunctions')).toHaveLength(1);
    for (const action of ['ListFunctions', 'ListLayers', 'ListLayerVersions', 'GetLayerVersion']) {
      refused.clear();
      refused.add(action);
      const lambda = new LambdaClient({
        ...OFFLINE,
        endpoint: await engine.serveLambda((one) =>
          refused.has(one) ? { code: 'AccessDenied', status: 403 } : undefined,
        ),
      });
      const cloudFormation = new CloudFormationClient(OFFLINE);
      const other = awsEvidence({ cloudFormation, lambda, serviceTokenExport: EXPORT, ...PLACE });
      expect([action, await other.isRun(sha256('one'))]).toEqual([action, undefined]);
    }
  });

  test('whatever is asked after an abort is interrupted', async () => {
    const { engine } = await started();
    const cloudFormation = new CloudFormationClient({ ...OFFLINE, endpoint: await engine.serve() });
    const lambda = new LambdaClient({ ...OFFLINE, endpoint: await engine.serveLambda() });
    const signal = AbortSignal.abort();
    const evidence = awsEvidence({ cloudFormation, lambda, serviceTokenExport: EXPORT, ...PLACE, signal });
    const id = `arn:aws:cloudformation:eu-west-1:${PLACE.account}:stack/shop/6c5c5d50`;
    await expect(evidence.stack(id)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(allOf(evidence.importers())).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(evidence.isRun(sha256('a'))).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('by what CloudFormation answers', () => {
  const ID = `arn:aws:cloudformation:eu-west-1:${PLACE.account}:stack/shop/6c5c5d50`;
  const STACK = { StackId: ID, StackName: 'shop', CreationTime: new Date(1000), StackStatus: 'UPDATE_COMPLETE' };
  const RESOURCE = { LogicalResourceId: 'Ref', PhysicalResourceId: 'id', ResourceType: 'Custom::ArtifactRef' };

  /** Descriptions one after the other, the last one again and again; the resources of each listing. */
  function answering(stacks: readonly object[], resources: readonly object[] = []): Evidence {
    const cloudFormation = new CloudFormationClient(OFFLINE);
    let asked = 0;
    cloudFormation.middlewareStack.add(
      (_, { commandName }) =>
        async () => {
          const stack = commandName === 'DescribeStacksCommand' ? stacks[Math.min(asked++, stacks.length - 1)] : {};
          const output = { $metadata: {}, Stacks: [stack], StackResourceSummaries: resources };
          return { response: {}, output: output as never };
        },
      { step: 'initialize', priority: 'high' },
    );
    return awsEvidence({ cloudFormation, lambda: new LambdaClient(OFFLINE), serviceTokenExport: EXPORT, ...PLACE });
  }

  const SETTLED = [
    ...['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'IMPORT_COMPLETE'],
    ...['IMPORT_ROLLBACK_COMPLETE', 'ROLLBACK_COMPLETE', 'DELETE_COMPLETE'],
  ];

  test.each([...Object.values(StackStatus), 'SOMETHING_NEW'])('a stack that is %s', async (status) => {
    const found = await answering([{ ...STACK, StackStatus: status }]).stack(ID);
    expect(found.state).toBe(SETTLED.includes(status) ? 'settled' : 'changing');
    expect('wentBack' in found).toBe(['UPDATE_ROLLBACK_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE'].includes(status));
  });

  test('one that changes between the two looks is changing', async () => {
    const updated = { ...STACK, LastUpdatedTime: new Date(2000) };
    expect(await answering([STACK, updated]).stack(ID)).toEqual({ state: 'changing' });
    const begun = { ...STACK, StackStatus: 'UPDATE_IN_PROGRESS' };
    expect(await answering([STACK, begun]).stack(ID)).toEqual({ state: 'changing' });
    expect(await answering([STACK, STACK]).stack(ID)).toMatchObject({ state: 'settled', changed: new Date(1000) });
  });

  test.each([
    ['UPDATE_COMPLETE', 'CREATE_COMPLETE', [{ logicalId: 'Ref' }]],
    ['UPDATE_COMPLETE', 'UPDATE_FAILED', [{ logicalId: 'Ref' }]],
    ['UPDATE_COMPLETE', 'DELETE_COMPLETE', []],
    ['UPDATE_COMPLETE', 'DELETE_SKIPPED', [{ logicalId: 'Ref' }]],
    ['UPDATE_COMPLETE', 'DELETE_FAILED', [{ logicalId: 'Ref', isGivenUp: true }]],
    ['DELETE_COMPLETE', 'DELETE_FAILED', []],
    ['DELETE_COMPLETE', 'DELETE_SKIPPED', [{ logicalId: 'Ref' }]],
  ])('in a stack that is %s a resource that is %s', async (status, resource, expected) => {
    const found = await answering(
      [{ ...STACK, StackStatus: status }],
      [{ ...RESOURCE, ResourceStatus: resource, LastUpdatedTimestamp: new Date(3000) }],
    ).stack(ID);
    const common = { physicalId: 'id', type: 'Custom::ArtifactRef' };
    const resources = expected.map((one) => ({ ...common, ...one }));
    expect(found).toMatchObject({ state: 'settled', changed: new Date(3000), resources });
    expect(found.state === 'settled' && found.resources).toEqual(resources);
  });

  test('a resource that is under way makes its stack so', async () => {
    const listed = [{ ...RESOURCE, ResourceStatus: 'UPDATE_IN_PROGRESS' }];
    expect(await answering([STACK], listed).stack(ID)).toEqual({ state: 'changing' });
  });

  test('a parent that is under way makes its child so', async () => {
    const child = { ...STACK, ParentId: ID.replace('shop', 'parent') };
    const parent = { ...STACK, StackId: child.ParentId, StackStatus: 'UPDATE_ROLLBACK_FAILED' };
    expect(await answering([child, parent]).stack(ID)).toEqual({ state: 'changing' });
  });

  test('stacks elsewhere, and what is none, are not asked', async () => {
    const evidence = answering([STACK]);
    for (const id of [ID.replace(PLACE.account, '999999999999'), ID.replace('eu-west-1', 'eu-west-2'), 'shop']) {
      expect(await evidence.stack(id)).toMatchObject({ state: 'unknown' });
    }
  });
});

test.each([
  ['a function that does not tell its code', [{ FunctionArn: 'f' }]],
  [
    'a function whose layer is in no list',
    [
      {
        ...{ FunctionArn: 'f', CodeSha256: Buffer.from(sha256('x'), 'hex').toString('base64') },
        Layers: [{ Arn: `arn:aws:lambda:eu-west-1:${PLACE.account}:layer:l:1` }],
      },
    ],
  ],
])('%s leaves it open what nothing runs', async (_, functions) => {
  const lambda = new LambdaClient(OFFLINE);
  lambda.middlewareStack.add(
    () => async () => ({ response: {}, output: { $metadata: {}, Functions: functions } as never }),
    {
      step: 'initialize',
      priority: 'high',
    },
  );
  const cloudFormation = new CloudFormationClient(OFFLINE);
  const evidence = awsEvidence({ cloudFormation, lambda, serviceTokenExport: EXPORT, ...PLACE });
  expect(await evidence.isRun(sha256('x'))).toBeUndefined();
});

test('what takes too long to find out is not known, and not asked again', async () => {
  let asked = 0;
  // There is always one more page.
  const server = createServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify({ Functions: [], NextMarker: `m${asked}` }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const lambda = new LambdaClient({ ...OFFLINE, endpoint: `http://127.0.0.1:${port}` });
    const cloudFormation = new CloudFormationClient(OFFLINE);
    const evidence = awsEvidence({ cloudFormation, lambda, serviceTokenExport: EXPORT, ...PLACE, patience: 300 });
    expect(await evidence.isRun(sha256('x'))).toBeUndefined();
    const until = asked;
    expect(await evidence.isRun(sha256('y'))).toBeUndefined();
    expect(asked).toBe(until);
    lambda.destroy();
  } finally {
    server.close();
  }
});

test('of a directory nobody says anything', async () => {
  expect(await noEvidence.stack('any')).toMatchObject({ state: 'unknown' });
  expect(await allOf(noEvidence.importers())).toEqual([]);
  expect(await noEvidence.isRun(sha256('x'))).toBeUndefined();
});
