import type {
  ChangeSetType,
  CreateChangeSetCommandInput,
  DescribeChangeSetOutput,
} from '@aws-sdk/client-cloudformation';
import {
  CloudFormationClient,
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListImportsCommand,
  waitUntilStackCreateComplete,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import type { EngineOptions } from '../support/stack-engine/engine.ts';
import { records, ref, template, TOKEN } from './records.ts';

let engine: StackEngine;
let client: CloudFormationClient;
let resume: (() => void) | undefined;

async function start(options: EngineOptions = {}): Promise<void> {
  engine = await StackEngine.start({
    functions: { [TOKEN]: records() },
    outside: { 'AWS::S3::Bucket': ['left-behind'] },
    read: async ({ key }) => (key === 'template' ? Buffer.from(template({ T: topic() })) : undefined),
    ...options,
  });
  client = new CloudFormationClient({
    endpoint: await engine.serve(),
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 1,
  });
}

async function stop(): Promise<void> {
  resume?.();
  resume = undefined;
  client.destroy();
  await engine.settle();
  await engine.stop();
}

beforeEach(() => start());
afterEach(stop);

const topic = (properties: object = {}): object => ({ Type: 'AWS::SNS::Topic', Properties: properties });
const bucket = (name: string, attributes: object = { DeletionPolicy: 'Retain' }): object => ({
  Type: 'AWS::S3::Bucket',
  Properties: { BucketName: name },
  ...attributes,
});

async function create(
  body: string | undefined,
  {
    type = 'CREATE',
    name = 'first',
    ...rest
  }: { type?: ChangeSetType; name?: string } & Partial<CreateChangeSetCommandInput> = {},
): Promise<string> {
  const { Id: id = '' } = await client.send(
    new CreateChangeSetCommand({
      StackName: 'shop',
      ChangeSetName: name,
      ChangeSetType: type,
      TemplateBody: body,
      ...rest,
    }),
  );
  return id;
}

/** As a command line waits: asking again and again. */
async function made(id: string): Promise<DescribeChangeSetOutput> {
  for (;;) {
    const set = await client.send(new DescribeChangeSetCommand({ ChangeSetName: id }));
    if (set.Status === 'CREATE_COMPLETE' || set.Status === 'FAILED') return set;
  }
}

async function settled(name = 'shop'): Promise<string | undefined> {
  for (;;) {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    if (stack?.StackStatus?.endsWith('_IN_PROGRESS') !== true) return stack?.StackStatus;
  }
}

async function execute(id: string): Promise<string | undefined> {
  await client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }));
  return settled();
}

async function deployed(body: string, rest: Partial<CreateChangeSetCommandInput> = {}): Promise<void> {
  const status = engine.stack('shop')?.status;
  const type = status === undefined || status === 'REVIEW_IN_PROGRESS' ? 'CREATE' : 'UPDATE';
  const id = await create(body, { type, ...rest });
  expect(await made(id)).toMatchObject({ Status: 'CREATE_COMPLETE' });
  expect(await execute(id)).toBe(`${type}_COMPLETE`);
}

const refusal = (name: string, message: string): object => ({ name, message });

describe('a change set', () => {
  test('puts a new stack in review, shows what comes, and is carried out in the background', async () => {
    const paused = engine.pause();
    const id = await create(template({ T: topic(), Ref: ref('a') }), { Description: 'why' });
    expect(await client.send(new DescribeChangeSetCommand({ ChangeSetName: id }))).toMatchObject({
      ...{ Status: 'CREATE_PENDING', ExecutionStatus: 'UNAVAILABLE' },
    });
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }))).rejects.toMatchObject(
      refusal(
        'InvalidChangeSetStatusException',
        `ChangeSet [${id}] cannot be executed in its current status of [CREATE_PENDING]`,
      ),
    );
    paused();
    expect(await made(id)).toMatchObject({
      ...{ ChangeSetName: 'first', StackName: 'shop', Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' },
      ...{ Description: 'why', CreationTime: expect.any(Date) },
      Changes: [
        { ResourceChange: { Action: 'Add', LogicalResourceId: 'T', ResourceType: 'AWS::SNS::Topic' } },
        { ResourceChange: { Action: 'Add', LogicalResourceId: 'Ref', ResourceType: 'Custom::ArtifactRef' } },
      ],
    });
    expect(engine.stack('shop')).toMatchObject({ status: 'REVIEW_IN_PROGRESS', reason: 'User Initiated' });
    expect(
      (await client.send(new GetTemplateCommand({ StackName: 'shop', ChangeSetName: id }))).TemplateBody,
    ).toContain('SNS');
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: 'first', StackName: 'shop' }));
    await waitUntilStackCreateComplete({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { StackName: 'shop' });
    const { Stacks: stacks } = await client.send(new DescribeStacksCommand({ StackName: 'shop' }));
    expect(stacks).toMatchObject([{ StackStatus: 'CREATE_COMPLETE', ChangeSetId: id }]);
    const { StackEvents: events } = await client.send(new DescribeStackEventsCommand({ StackName: 'shop' }));
    expect(events?.map(({ ResourceStatus: status }) => status).slice(0, 1)).toEqual(['CREATE_COMPLETE']);
    expect(events?.map(({ ResourceStatus: status }) => status).slice(-2)).toEqual([
      'CREATE_IN_PROGRESS',
      'REVIEW_IN_PROGRESS',
    ]);
  });

  test('is gone when deleted, and leaves its stack in review; another may follow, until the stack is there', async () => {
    const id = await create(template({ T: topic() }));
    await made(id);
    await client.send(new DeleteChangeSetCommand({ ChangeSetName: 'first', StackName: 'shop' }));
    await client.send(new DeleteChangeSetCommand({ ChangeSetName: 'first', StackName: 'shop' }));
    await expect(client.send(new DescribeChangeSetCommand({ ChangeSetName: id }))).rejects.toMatchObject(
      refusal('ChangeSetNotFoundException', `ChangeSet [${id}] does not exist`),
    );
    expect(engine.stack('shop')?.status).toBe('REVIEW_IN_PROGRESS');
    await expect(create(template({ T: topic() }), { type: 'UPDATE' })).rejects.toMatchObject(
      refusal('ValidationError', 'Stack [shop] does not exist'),
    );
    await deployed(template({ T: topic() }));
    await expect(create(template({ T: topic() }), { name: 'late' })).rejects.toMatchObject(
      refusal('ValidationError', 'Stack [shop] already exists and cannot be created again with the changeSet [late].'),
    );
  });

  test('a stack in review can be deleted', async () => {
    await made(await create(template({ T: topic() })));
    await client.send(new DeleteStackCommand({ StackName: 'shop' }));
    await engine.settle();
    expect(engine.stack('shop')).toBeUndefined();
    await client.send(new DeleteStackCommand({ StackName: 'shop' }));
  });

  test('its name is taken for as long as it is there', async () => {
    await made(await create(template({ T: topic() })));
    await expect(create(template({ U: topic() }))).rejects.toMatchObject(
      refusal(
        'AlreadyExistsException',
        'ChangeSet first cannot be created due to a mismatch with existing attribute Template',
      ),
    );
    await made(await create(template({ U: topic() }), { name: 'second' }));
    const { Summaries: summaries } = await client.send(new ListChangeSetsCommand({ StackName: 'shop' }));
    expect(summaries).toMatchObject([
      { ChangeSetName: 'first', Status: 'CREATE_COMPLETE' },
      { ChangeSetName: 'second' },
    ]);
  });

  test('a second execution is refused: of the same, and of another, which is obsolete', async () => {
    const [first, second] = [
      await create(template({ T: topic() })),
      await create(template({ U: topic() }), { name: 'second' }),
    ];
    await made(first);
    await made(second);
    resume = engine.pause();
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: first }));
    expect(engine.stack('shop')?.status).toBe('CREATE_IN_PROGRESS');
    const inStatus = (id: string, status: string): object =>
      refusal(
        'InvalidChangeSetStatusException',
        `ChangeSet [${id}] cannot be executed in its current execution status of [${status}]`,
      );
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: first }))).rejects.toMatchObject(
      inStatus(first, 'EXECUTE_IN_PROGRESS'),
    );
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: second }))).rejects.toMatchObject(
      inStatus(second, 'OBSOLETE'),
    );
    await expect(create(template({ U: topic() }), { name: 'third', type: 'UPDATE' })).rejects.toThrow(
      'is in CREATE_IN_PROGRESS state and can not be updated.',
    );
    await expect(client.send(new DeleteStackCommand({ StackName: 'shop' }))).rejects.toThrow('CREATE_IN_PROGRESS');
    resume();
    expect(await settled()).toBe('CREATE_COMPLETE');
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: first }))).rejects.toMatchObject(
      inStatus(first, 'EXECUTE_COMPLETE'),
    );
    const byName = new ExecuteChangeSetCommand({ ChangeSetName: 'second', StackName: 'shop' });
    await expect(client.send(byName)).rejects.toMatchObject({ name: 'ChangeSetNotFoundException' });
    expect((await client.send(new ListChangeSetsCommand({ StackName: 'shop' }))).Summaries ?? []).toEqual([]);
  });

  test('an update beside change sets makes them obsolete', async () => {
    await deployed(template({ T: topic() }));
    const id = await create(template({ T: topic(), U: topic() }), { type: 'UPDATE', name: 'second' });
    await made(id);
    await engine.deploy('shop', template({ V: topic() }));
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }))).rejects.toThrow('[OBSOLETE]');
  });

  test('that changes nothing fails with the reason, and the next may have its name once it is deleted', async () => {
    const body = template({ T: topic() });
    await deployed(body);
    const id = await create(body, { type: 'UPDATE', name: 'none' });
    expect(await made(id)).toMatchObject({
      ...{ Status: 'FAILED', ExecutionStatus: 'UNAVAILABLE' },
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }))).rejects.toThrow('status of [FAILED]');
  });

  test('shows what is modified, replaced and removed, and what only the deployment will tell', async () => {
    const parameters = { Name: { Type: 'String' } };
    const before = template(
      {
        Ref: ref('a'),
        Kept: topic({ TopicName: { Ref: 'Name' } }),
        Queue: { Type: 'AWS::SQS::Queue', Properties: { Tags: { 'Fn::GetAtt': 'Ref.Value' } } },
        Same: topic(),
        Gone: topic(),
        Stays: bucket('stays'),
      },
      { Parameters: parameters },
    );
    await deployed(before, { Parameters: [{ ParameterKey: 'Name', ParameterValue: 'one' }] });
    const after = template(
      {
        Ref: ref('b'),
        Kept: topic({ TopicName: { Ref: 'Name' } }),
        Queue: { Type: 'AWS::SQS::Queue', Properties: { Tags: { 'Fn::GetAtt': 'Ref.Value' } } },
        Same: topic(),
        New: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: { 'Fn::Sub': '${Queue}' } } },
      },
      { Parameters: parameters },
    );
    const id = await create(after, {
      ...{ type: 'UPDATE', name: 'second', Parameters: [{ ParameterKey: 'Name', ParameterValue: 'two' }] },
    });
    const { Changes: changes = [] } = await made(id);
    expect(changes.map(({ ResourceChange: change }) => change)).toMatchObject([
      { Action: 'Modify', LogicalResourceId: 'Ref', PhysicalResourceId: 'Ref.a', Replacement: 'Conditional' },
      {
        ...{ Action: 'Modify', LogicalResourceId: 'Kept', Replacement: 'True', PolicyAction: 'ReplaceAndDelete' },
        ...{ Scope: ['Properties'], PhysicalResourceId: 'arn:aws:sns:eu-west-1:111122223333:one' },
        Details: [{ Evaluation: 'Static', ChangeSource: 'ParameterReference', CausingEntity: 'Name' }],
      },
      {
        ...{ Action: 'Modify', LogicalResourceId: 'Queue', Replacement: 'False' },
        Details: [{ Evaluation: 'Dynamic', ChangeSource: 'ResourceAttribute', CausingEntity: 'Ref.Value' }],
      },
      { Action: 'Add', LogicalResourceId: 'New' },
      { Action: 'Remove', LogicalResourceId: 'Gone', PolicyAction: 'Delete' },
      { Action: 'Remove', LogicalResourceId: 'Stays', PolicyAction: 'Retain', PhysicalResourceId: 'stays' },
    ]);
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }));
    await waitUntilStackUpdateComplete({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { StackName: 'shop' });
    expect([...(engine.stack('shop')?.resources.keys() ?? [])].sort()).toEqual(['Kept', 'New', 'Queue', 'Ref', 'Same']);
  });

  test('an output alone is a change, though none of a resource', async () => {
    await deployed(template({ T: topic() }));
    const id = await create(template({ T: topic() }, { Outputs: { O: { Value: 'o' } } }), {
      type: 'UPDATE',
      name: 'o',
    });
    expect((await made(id)).Changes ?? []).toEqual([]);
    expect(await execute(id)).toBe('UPDATE_COMPLETE');
    expect(engine.stack('shop')?.output('O')).toBe('o');
  });

  test('a nested stack may always have changed, and what reads its outputs with it', async () => {
    const nested = {
      Nested: {
        Type: 'AWS::CloudFormation::Stack',
        Properties: { TemplateURL: 'https://templates.s3.eu-west-1.amazonaws.com/template' },
      },
      T: topic(),
    };
    await deployed(template(nested));
    const { Changes: changes = [] } = await made(await create(template(nested), { type: 'UPDATE', name: 'nested' }));
    expect(changes.map(({ ResourceChange: change }) => change)).toMatchObject([
      { LogicalResourceId: 'Nested', Action: 'Modify', Replacement: 'False', Details: [{ ChangeSource: 'Automatic' }] },
    ]);
  });

  test('its changes come in pages', async () => {
    const ids = [...Array(101).keys()].map((number) => `T${String(number)}`);
    const id = await create(template(Object.fromEntries(ids.map((one) => [one, topic()]))));
    const { Changes: first = [], NextToken } = await made(id);
    const { Changes: second = [] } = await client.send(new DescribeChangeSetCommand({ ChangeSetName: id, NextToken }));
    const shown = [...first, ...second].map(({ ResourceChange: change }) => change?.LogicalResourceId);
    expect(shown).toEqual(ids);
    expect(second).toHaveLength(1);
  });

  test('a policy, metadata: changes of a resource beside its properties', async () => {
    await deployed(template({ B: bucket('b', {}), T: topic() }));
    const changed = { B: bucket('b'), T: { ...topic(), Metadata: { a: 1 } } };
    const id = await create(template(changed), { type: 'UPDATE', name: 'beside' });
    expect((await made(id)).Changes?.map(({ ResourceChange: change }) => change)).toMatchObject([
      { LogicalResourceId: 'B', Replacement: 'False', Scope: ['DeletionPolicy'] },
      { LogicalResourceId: 'T', Replacement: 'False', Scope: ['Metadata'] },
    ]);
    expect(await execute(id)).toBe('UPDATE_COMPLETE');
    await engine.deleteStack('shop');
    expect(engine.stacks()[0]?.events.map(({ status }) => status)).toContain('DELETE_SKIPPED');
  });

  test('a stack in review is created by whoever comes first', async () => {
    const id = await create(template({ T: topic() }));
    await made(id);
    const { stackId, status } = await engine.deploy('shop', template({ U: topic() }));
    expect([status, id.length > 0, stackId]).toEqual(['CREATE_COMPLETE', true, engine.stack('shop')?.id]);
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }))).rejects.toThrow('[OBSOLETE]');
  });

  test('one that fails goes back, and says so', async () => {
    engine.inject([{ logicalId: 'T', on: 'Create', does: { kind: 'fail', reason: 'no topics today' } }]);
    const id = await create(template({ T: topic() }));
    await made(id);
    expect(await execute(id)).toBe('ROLLBACK_COMPLETE');
    expect(await client.send(new DescribeChangeSetCommand({ ChangeSetName: id }))).toMatchObject({
      ...{ Status: 'CREATE_COMPLETE', ExecutionStatus: 'EXECUTE_FAILED' },
    });
    const { StackEvents: events = [] } = await client.send(new DescribeStackEventsCommand({ StackName: 'shop' }));
    expect(events.map(({ ResourceStatusReason: reason }) => reason)).toContain('no topics today');
    await expect(create(template({ T: topic() }), { type: 'UPDATE', name: 'again' })).rejects.toMatchObject({
      ...{ name: 'ValidationError' },
      message: expect.stringMatching(/^Stack:arn:.* is in ROLLBACK_COMPLETE state and can not be updated\.$/),
    });
    await expect(create(template({ T: topic() }), { name: 'again' })).rejects.toThrow(
      'already exists and cannot be created',
    );
  });

  test.each([
    ['DELETE', undefined],
    ['DO_NOTHING', 'CREATE_FAILED'],
  ] as const)('OnStackFailure %s', async (OnStackFailure, status) => {
    engine.inject([{ logicalId: 'T', on: 'Create', does: { kind: 'fail' } }]);
    const id = await create(template({ T: topic() }), { OnStackFailure });
    await made(id);
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }));
    await engine.settle();
    expect(engine.stack('shop')?.status).toBe(status);
  });

  test('ContinueUpdateRollback goes on where a way back failed, and is refused elsewhere', async () => {
    await deployed(template({ Ref: ref('a', { Way: 'in place' }), T: topic({ DisplayName: 'a' }) }));
    await expect(client.send(new ContinueUpdateRollbackCommand({ StackName: 'shop' }))).rejects.toThrow(
      'is in CREATE_COMPLETE state',
    );
    engine.inject([{ logicalId: 'T', on: 'Update', times: 2, does: { kind: 'fail' } }]);
    const changed = { Ref: ref('b', { Way: 'in place' }), T: { ...topic({ DisplayName: 'b' }), DependsOn: 'Ref' } };
    engine.inject([{ logicalId: 'Ref', on: 'Update', skip: 1, does: { kind: 'fail' } }]);
    const id = await create(template(changed), { type: 'UPDATE', name: 'second' });
    await made(id);
    expect(await execute(id)).toBe('UPDATE_ROLLBACK_FAILED');
    await client.send(new ContinueUpdateRollbackCommand({ StackName: 'shop', ResourcesToSkip: ['Ref', 'T'] }));
    expect(await settled()).toBe('UPDATE_ROLLBACK_COMPLETE');
  });
});

describe('what is asked', () => {
  test('a template that names IAM resources needs the capability for it', async () => {
    const role = (properties: object): string =>
      template({ R: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {}, ...properties } } });
    await expect(create(role({ RoleName: 'r' }), { Capabilities: ['CAPABILITY_IAM'] })).rejects.toMatchObject(
      refusal('InsufficientCapabilitiesException', 'Requires capabilities : [CAPABILITY_NAMED_IAM]'),
    );
    await expect(create(role({}))).rejects.toThrow('Requires capabilities : [CAPABILITY_IAM]');
    expect(engine.stack('shop')).toBeUndefined();
    const id = await create(role({ RoleName: 'r' }), { Capabilities: ['CAPABILITY_NAMED_IAM'] });
    expect(await made(id)).toMatchObject({ Capabilities: ['CAPABILITY_NAMED_IAM'] });
  });

  test('of a template with a transform the execution asks for the capability', async () => {
    const body = template(
      { F: { Type: 'AWS::Serverless::Function', Properties: { InlineCode: '', Handler: 'index.handler' } } },
      { Transform: 'AWS::Serverless-2016-10-31' },
    );
    const id = await create(body);
    expect((await made(id)).Changes).toHaveLength(2);
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }))).rejects.toMatchObject({
      name: 'InsufficientCapabilitiesException',
    });
  });

  test('what a transform refuses fails the change set', async () => {
    const body = template(
      { F: { Type: 'AWS::Serverless::Function', Properties: { CodeUri: './src' } } },
      { Transform: 'AWS::Serverless-2016-10-31' },
    );
    expect(await made(await create(body))).toMatchObject({
      ...{ Status: 'FAILED', StatusReason: expect.stringContaining("'CodeUri' is not a valid S3 Uri") },
    });
  });

  test('a template is at most 51,200 bytes inline, or behind a URL', async () => {
    const long = template({ T: topic() }, { Description: 'x'.repeat(51_200) });
    await expect(create(long)).rejects.toThrow("at 'templateBody' failed to satisfy constraint");
    const exact = template({ T: topic() }, { Description: '' });
    await made(await create(template({ T: topic() }, { Description: 'x'.repeat(51_200 - exact.length) })));
    const url = 'https://templates.s3.eu-west-1.amazonaws.com/template';
    const id = await create(undefined, { name: 'url', TemplateURL: url });
    expect((await made(id)).Changes).toHaveLength(1);
    await expect(create(undefined, { name: 'none', TemplateURL: `${url}s` })).rejects.toThrow(
      'S3 error: The specified key does not exist.',
    );
    await expect(create(undefined, { name: 'none' })).rejects.toThrow('Either Template URL or Template Body');
    await expect(create('Resources: [', { name: 'none' })).rejects.toThrow(
      'Template format error: YAML not well-formed',
    );
  });

  test('parameters: values, previous values, defaults', async () => {
    const body = template(
      { T: topic({ DisplayName: { 'Fn::Sub': '${A}-${B}' } }) },
      { Parameters: { A: { Type: 'String' }, B: { Type: 'String', Default: 'default' } } },
    );
    const both = [
      { ParameterKey: 'A', ParameterValue: 'a' },
      { ParameterKey: 'B', ParameterValue: 'b' },
    ];
    await expect(create(body)).rejects.toThrow('Parameters: [A] must have values');
    await deployed(body, { Parameters: both });
    const previous = [{ ParameterKey: 'A', UsePreviousValue: true }];
    const id = await create(undefined, { type: 'UPDATE', name: 'p', Parameters: previous, UsePreviousTemplate: true });
    await made(id);
    expect(await execute(id)).toBe('UPDATE_COMPLETE');
    expect(engine.stack('shop')?.resources.get('T')?.properties).toEqual({ DisplayName: 'a-default' });
    await expect(
      create(template({ T: topic() }, { Parameters: { C: { Type: 'String' } } }), {
        ...{ type: 'UPDATE', name: 'c', Parameters: [{ ParameterKey: 'C', UsePreviousValue: true }] },
      }),
    ).rejects.toThrow('Cannot specify usePreviousValue as true for a parameter key not in the previous template');
  });

  test('names that no stack or change set has', async () => {
    const describeSet = (input: { StackName?: string; ChangeSetName: string }): Promise<unknown> =>
      client.send(new DescribeChangeSetCommand(input));
    await expect(describeSet({ ChangeSetName: 'first', StackName: 'shop' })).rejects.toMatchObject(
      refusal('ValidationError', 'Stack [shop] does not exist'),
    );
    await expect(describeSet({ ChangeSetName: 'first' })).rejects.toThrow('StackName must be specified');
    await expect(create(template({ T: topic() }), { StackName: '1shop' })).rejects.toThrow("at 'stackName' failed");
  });

  test('what the engine does not do is refused', async () => {
    await expect(create(template({ T: topic() }), { ImportExistingResources: true })).rejects.toThrow(
      'does not support',
    );
  });

  test('a summary of a template', async () => {
    const body = template(
      { R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } } },
      { Parameters: { A: { Type: 'String', Default: 'a', AllowedValues: ['a', 'b'] } } },
    );
    expect(await client.send(new GetTemplateSummaryCommand({ TemplateBody: body }))).toMatchObject({
      Capabilities: ['CAPABILITY_NAMED_IAM'],
      Parameters: [{ ParameterKey: 'A', DefaultValue: 'a', ParameterConstraints: { AllowedValues: ['a', 'b'] } }],
      ResourceTypes: ['AWS::IAM::Role'],
    });
  });

  test('who imports an export', async () => {
    await engine.deploy(
      'exporter',
      template({ T: topic() }, { Outputs: { O: { Value: 'o', Export: { Name: 'E' } } } }),
    );
    await expect(client.send(new ListImportsCommand({ ExportName: 'E' }))).rejects.toMatchObject(
      refusal('ValidationError', "Export 'E' is not imported by any stack."),
    );
    await engine.deploy('importer', template({ T: topic({ DisplayName: { 'Fn::ImportValue': 'E' } }) }));
    expect((await client.send(new ListImportsCommand({ ExportName: 'E' }))).Imports).toEqual(['importer']);
  });

  test('a stack that was deleted long ago is known no more', async () => {
    const { stackId } = await engine.deploy('old', template({ T: topic() }));
    await engine.deleteStack('old');
    const asked = new DescribeStacksCommand({ StackName: stackId });
    expect((await client.send(asked)).Stacks).toMatchObject([{ StackStatus: 'DELETE_COMPLETE' }]);
    engine.forgetDeleted();
    await expect(client.send(asked)).rejects.toMatchObject(
      refusal('ValidationError', `Stack with id ${stackId} does not exist`),
    );
  });
});

describe('what exists outside of stacks', () => {
  const toImport = [
    { ResourceType: 'AWS::S3::Bucket', LogicalResourceId: 'B', ResourceIdentifier: { BucketName: 'left-behind' } },
  ];
  const importing = { type: 'IMPORT', name: 'import', ResourcesToImport: toImport } as const;

  test('is taken into a new stack, and updates go on from there', async () => {
    const body = template({ B: bucket('left-behind') });
    const id = await create(body, importing);
    expect(await made(id)).toMatchObject({
      ...{ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' },
      Changes: [
        {
          ResourceChange: {
            ...{ Action: 'Import', LogicalResourceId: 'B', PhysicalResourceId: 'left-behind' },
            ResourceType: 'AWS::S3::Bucket',
          },
        },
      ],
    });
    expect(engine.stack('shop')?.status).toBe('REVIEW_IN_PROGRESS');
    expect(await execute(id)).toBe('IMPORT_COMPLETE');
    expect(engine.stack('shop')?.events.map(({ status }) => status)).toEqual([
      ...['REVIEW_IN_PROGRESS', 'IMPORT_IN_PROGRESS', 'IMPORT_IN_PROGRESS', 'IMPORT_COMPLETE'],
      ...['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'],
    ]);
    const outputs = { Arn: { Value: { 'Fn::GetAtt': 'B.Arn' } } };
    await deployed(template({ B: bucket('left-behind'), T: topic() }, { Outputs: outputs }));
    expect(engine.stack('shop')?.output('Arn')).toBe('arn:aws:s3:::left-behind');
    await expect(create(body, { ...importing, StackName: 'second' })).resolves.toBeDefined();
    const second = await client.send(new DescribeChangeSetCommand({ ChangeSetName: 'import', StackName: 'second' }));
    expect(await made(second.ChangeSetId ?? '')).toMatchObject({
      ...{ Status: 'FAILED', StatusReason: `left-behind already exists in stack ${String(engine.stack('shop')?.id)}` },
    });
  });

  test('into a stack that is there; a retained bucket of a deleted stack is such a one', async () => {
    await engine.deploy('earlier', template({ Old: bucket('kept') }));
    await engine.deleteStack('earlier');
    await deployed(template({ T: topic() }));
    const ResourcesToImport = [{ ...toImport[0], ResourceIdentifier: { BucketName: 'kept' } }] as typeof toImport;
    const id = await create(template({ T: topic(), B: bucket('kept') }), { ...importing, ResourcesToImport });
    expect(await made(id)).toMatchObject({ Status: 'CREATE_COMPLETE' });
    expect(await execute(id)).toBe('IMPORT_COMPLETE');
  });

  test.each([
    ['no resource to import', { B: bucket('left-behind') }, { ResourcesToImport: [] }, 'Must Provide at least one'],
    ['without a policy', { B: bucket('left-behind', {}) }, {}, 'resources to import [B] must have DeletionPolicy'],
    [
      'with something new',
      { B: bucket('left-behind'), N: topic() },
      {},
      'Resources [N] is missing from ResourceToImport list',
    ],
    ['of what the template lacks', { N: topic() }, {}, 'ids [B] provided in ResourceToImport do not exist'],
    ['of another type', { B: topic() }, {}, 'does not match with resource type defined in the template'],
  ])('an import %s is refused, and leaves no stack', async (_case, resources, input, message) => {
    await expect(create(template(resources), { ...importing, ...input })).rejects.toMatchObject({
      ...{ name: 'ValidationError', message: expect.stringContaining(message) },
    });
    expect(engine.stack('shop')).toBeUndefined();
  });

  test('an import changes nothing else: no resource, no output, no tag', async () => {
    const before = { T: topic({ DisplayName: 'a' }) };
    await deployed(template(before));
    const resources = { ...before, B: bucket('left-behind') };
    await expect(create(template({ ...resources, T: topic({ DisplayName: 'b' }) }), importing)).rejects.toThrow(
      'You have modified resources [T] in your template that are not being imported.',
    );
    await expect(create(template(resources, { Outputs: { O: { Value: 'o' } } }), importing)).rejects.toThrow(
      'As part of the import operation, you cannot modify or add [Outputs]',
    );
    await expect(create(template(resources), { ...importing, Tags: [{ Key: 'k', Value: 'v' }] })).rejects.toThrow(
      'you cannot modify or add [Tags]',
    );
    await expect(
      create(template(before), {
        ...importing,
        ResourcesToImport: [{ ...toImport[0], ResourceType: 'AWS::SNS::Topic' }] as typeof toImport,
      }),
    ).rejects.toThrow('do not exist in the template');
  });

  test('a bucket that is not there fails the change set', async () => {
    const ResourcesToImport = [{ ...toImport[0], ResourceIdentifier: { BucketName: 'none' } }] as typeof toImport;
    const id = await create(template({ B: bucket('none') }), { ...importing, ResourcesToImport });
    expect(await made(id)).toMatchObject({ Status: 'FAILED', StatusReason: 'Bucket not found' });
    expect(engine.stack('shop')?.status).toBe('REVIEW_IN_PROGRESS');
  });

  test('a bucket with the policy that is on it', async () => {
    const policy = (statement: string): object => ({
      Type: 'AWS::S3::BucketPolicy',
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: { Bucket: { Ref: 'B' }, PolicyDocument: { Statement: [statement] } },
    });
    await engine.deploy('earlier', template({ B: bucket('kept'), P: policy('old') }));
    await engine.deleteStack('earlier');
    const id = await create(template({ B: bucket('kept'), P: policy('old') }), {
      ...importing,
      ResourcesToImport: [
        { ResourceType: 'AWS::S3::Bucket', LogicalResourceId: 'B', ResourceIdentifier: { BucketName: 'kept' } },
        { ResourceType: 'AWS::S3::BucketPolicy', LogicalResourceId: 'P', ResourceIdentifier: { Bucket: 'kept' } },
      ],
    });
    await made(id);
    expect(await execute(id)).toBe('IMPORT_COMPLETE');
    await deployed(template({ B: bucket('kept'), P: policy('new') }));
    expect(engine.stack('shop')?.resources.get('P')).toMatchObject({
      ...{ physicalId: 'kept', properties: { PolicyDocument: { Statement: ['new'] } } },
    });
  });

  test('an import that fails goes back to a stack without', async () => {
    await deployed(template({ T: topic() }));
    engine.inject([{ logicalId: 'B', on: 'Create', does: { kind: 'fail', reason: 'not today' } }]);
    const id = await create(template({ T: topic(), B: bucket('left-behind') }), importing);
    await made(id);
    expect(await execute(id)).toBe('IMPORT_ROLLBACK_COMPLETE');
    expect([...(engine.stack('shop')?.resources.keys() ?? [])]).toEqual(['T']);
    const again = await create(template({ T: topic(), B: bucket('left-behind') }), { ...importing, name: 'again' });
    await made(again);
    expect(await execute(again)).toBe('IMPORT_COMPLETE');
  });

  test('its name is found to be taken when a change set is made', async () => {
    const id = await create(template({ B: bucket('left-behind') }));
    expect(await made(id)).toMatchObject({
      ...{ Status: 'FAILED', StatusReason: expect.stringContaining('[AWS::EarlyValidation::ResourceExistenceCheck]') },
    });
    expect((await client.send(new DescribeEventsCommand({ ChangeSetName: id }))).OperationEvents).toMatchObject([
      {
        ...{ EventType: 'VALIDATION_ERROR', LogicalResourceId: 'B', ValidationName: 'NAME_CONFLICT_VALIDATION' },
        ValidationStatusReason: "Resource of type 'AWS::S3::Bucket' with identifier 'left-behind' already exists.",
      },
    ]);
  });

  test('or when it is created; and a bucket has one policy', async () => {
    await stop();
    await start({ earlyValidation: 'off' });
    const id = await create(template({ B: bucket('left-behind') }));
    await made(id);
    expect(await execute(id)).toBe('ROLLBACK_COMPLETE');
    expect(engine.stack('shop')?.events.map(({ reason }) => reason)).toContain('left-behind already exists');
    const policy = { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: 'b' }, DeletionPolicy: 'Retain' };
    await engine.deploy('one', template({ P: policy }));
    await engine.deleteStack('one');
    const { events } = await engine.deploy('two', template({ P: policy }));
    expect(events.map(({ reason }) => reason)).toContain('The bucket policy already exists on bucket b.');
  });
});

test('clients that poll in real time see an operation under way', async () => {
  await stop();
  await start({ pace: 100 });
  const id = await create(template({ A: topic(), B: topic(), C: topic() }));
  await made(id);
  await client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }));
  const seen = new Set<string | undefined>();
  while (!seen.has('CREATE_COMPLETE')) {
    const { Stacks: stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: 'shop' }));
    seen.add(stacks[0]?.StackStatus);
  }
  expect([...seen]).toEqual(['CREATE_IN_PROGRESS', 'CREATE_COMPLETE']);
});
