import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ListExportsCommand,
  ListStackResourcesCommand,
  paginateListStacks,
} from '@aws-sdk/client-cloudformation';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { records, ref, template, TOKEN } from './records.ts';

let engine: StackEngine;
let client: CloudFormationClient;
let stackId: string;
let refuse: string | undefined;

beforeEach(async () => {
  refuse = undefined;
  engine = await StackEngine.start({ functions: { [TOKEN]: records() }, exports: { Foreign: 'f' } });
  const endpoint = await engine.serve((action) =>
    action === refuse ? { code: 'AccessDenied', status: 403 } : undefined,
  );
  client = new CloudFormationClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 1,
  });
  const outputs = { Id: { Value: { Ref: 'Ref' }, Export: { Name: 'Own' }, Description: 'a & b' } };
  const parameters = {
    Stage: { Type: 'String', Default: '<dev>' },
    Secret: { Type: 'String', NoEcho: true, Default: 's' },
  };
  ({ stackId } = await engine.deploy(
    'shop',
    template({ Ref: ref('a') }, { Description: 'A shop', Outputs: outputs, Parameters: parameters }),
  ));
});

afterEach(async () => {
  client.destroy();
  await engine.stop();
});

test("DescribeStacks by name and by ID, in the SDK's shapes", async () => {
  const { Stacks: stacks } = await client.send(new DescribeStacksCommand({ StackName: 'shop' }));
  expect(stacks).toMatchObject([
    {
      ...{ StackId: stackId, StackName: 'shop', StackStatus: 'CREATE_COMPLETE', Description: 'A shop' },
      Outputs: [{ OutputKey: 'Id', OutputValue: 'Ref.a', ExportName: 'Own', Description: 'a & b' }],
      Parameters: [
        { ParameterKey: 'Stage', ParameterValue: '<dev>' },
        { ParameterKey: 'Secret', ParameterValue: '****' },
      ],
    },
  ]);
  expect(stacks?.[0]?.CreationTime).toBeInstanceOf(Date);
  expect((await client.send(new DescribeStacksCommand({ StackName: stackId }))).Stacks).toHaveLength(1);
  await expect(client.send(new DescribeStacksCommand({ StackName: 'none' }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Stack with id none does not exist',
  });
  expect(engine.ask('DescribeStacks', { StackName: 'shop' })['Stacks'] as unknown[]).toHaveLength(1);
});

test('ListStackResources, DescribeStackEvents, ListExports', async () => {
  const { StackResourceSummaries: resources } = await client.send(new ListStackResourcesCommand({ StackName: 'shop' }));
  expect(resources).toMatchObject([
    {
      LogicalResourceId: 'Ref',
      PhysicalResourceId: 'Ref.a',
      ResourceType: 'Custom::ArtifactRef',
      ResourceStatus: 'CREATE_COMPLETE',
    },
  ]);
  const { StackEvents: events } = await client.send(new DescribeStackEventsCommand({ StackName: 'shop' }));
  expect(events?.map(({ ResourceStatus: status }) => status)).toEqual([
    'CREATE_COMPLETE',
    'CREATE_COMPLETE',
    'CREATE_IN_PROGRESS',
    'CREATE_IN_PROGRESS',
  ]);
  const { Exports: exported } = await client.send(new ListExportsCommand({}));
  expect(exported).toEqual([
    { ExportingStackId: stackId, Name: 'Own', Value: 'Ref.a' },
    { Name: 'Foreign', Value: 'f' },
  ]);
});

test('deleted stacks are listed and described by ID; lists come in pages; refusals are refusals', async () => {
  for (let count = 0; count < 101; count += 1)
    await engine.deploy(`many${count}`, template({ T: { Type: 'AWS::SNS::Topic' } }));
  const { stackId: gone } = await engine.deleteStack('many7');
  const names: (string | undefined)[] = [];
  for await (const { StackSummaries: found } of paginateListStacks(
    { client },
    { StackStatusFilter: ['CREATE_COMPLETE'] },
  )) {
    names.push(...(found ?? []).map(({ StackName: name }) => name));
  }
  expect(names).toHaveLength(101);
  expect(names).not.toContain('many7');
  const { Stacks: stacks } = await client.send(new DescribeStacksCommand({ StackName: gone }));
  expect(stacks).toMatchObject([{ StackStatus: 'DELETE_COMPLETE', StackName: 'many7' }]);
  await expect(client.send(new DescribeStacksCommand({ StackName: 'many7' }))).rejects.toThrow('does not exist');
  refuse = 'DescribeStacks';
  await expect(client.send(new DescribeStacksCommand({ StackName: gone }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
