import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { template } from './records.ts';
import { zipOf } from './zip.ts';

let engine: StackEngine;
const objects = new Map<string, Buffer>();

const handler = (says: string): string => `
exports.handler = async (event, context) => {
  if (event.fail) throw new TypeError('as told');
  console.log('${says} was told ' + JSON.stringify(event));
  return {
    says: '${says}', stage: process.env.STAGE, arn: context.invokedFunctionArn,
    name: context.functionName, version: context.functionVersion,
  };
};`;

beforeEach(async () => {
  objects.clear();
  objects.set('one', zipOf({ 'index.js': handler('one') }));
  objects.set('two', zipOf({ 'src/app.js': handler('two') }));
  engine = await StackEngine.start({ read: async ({ key }) => objects.get(key) });
});

afterEach(async () => {
  await engine.settle();
  await engine.stop();
});

const code = (key: string): object => ({ Code: { S3Bucket: 'bucket', S3Key: key } });
const f = (key: string, properties: object = {}): object => ({
  Type: 'AWS::Lambda::Function',
  Properties: { FunctionName: 'f', ...code(key), Environment: { Variables: { STAGE: 'prod' } }, ...properties },
});
const alias = (name: string, version: unknown): object => ({
  Type: 'AWS::Lambda::Alias',
  Properties: { FunctionName: { Ref: 'F' }, Name: name, FunctionVersion: version },
});
const ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:f';

test('a function runs what its zip holds, with its own environment, and another zip after an update', async () => {
  await engine.deploy('shop', template({ F: f('one') }));
  expect(await engine.invoke('f', {})).toEqual({
    ...{ says: 'one', stage: 'prod', arn: ARN, name: 'f', version: '$LATEST' },
  });
  await engine.deploy('shop', template({ F: f('two', { Handler: 'src/app.handler' }) }));
  expect(await engine.invoke(ARN, {})).toMatchObject({ says: 'two' });
  await engine.deploy(
    'shop',
    template({ F: f('two', { Handler: 'src/app.handler', Environment: { Variables: { STAGE: 'dev' } } }) }),
  );
  expect(await engine.invoke(ARN, {})).toMatchObject({ stage: 'dev' });
  await expect(engine.invoke('f', { fail: true })).rejects.toThrow('TypeError: as told');
});

test('aliases and versions are invoked by their qualifier, which is in the ARN that the function sees', async () => {
  const version = { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'F' } } };
  const aliases = { Live: alias('live', { 'Fn::GetAtt': 'V.Version' }), Head: alias('head', '$LATEST') };
  await engine.deploy('shop', template({ F: f('one'), V: version, ...aliases }));
  await engine.deploy('shop', template({ F: f('two', { Handler: 'src/app.handler' }), V: version, ...aliases }));
  expect(await engine.invoke('f:live', {})).toMatchObject({ says: 'one', arn: `${ARN}:live`, version: '1', name: 'f' });
  expect(await engine.invoke(`${ARN}:1`, {})).toMatchObject({ says: 'one', arn: `${ARN}:1` });
  expect(await engine.invoke('f:head', {})).toMatchObject({ says: 'two', arn: `${ARN}:head`, version: '$LATEST' });
  await expect(engine.invoke('f:none', {})).rejects.toThrow("no function 'f:none'");
});

test('a file that is no zip, lacks the handler, or is gone from the store in REFERENCE mode fails the run', async () => {
  objects.set('text', Buffer.from('text'));
  const reference = { Code: { S3Bucket: 'b', S3Key: 'one', S3ObjectVersion: 'v', S3ObjectStorageMode: 'REFERENCE' } };
  await engine.deploy('text', template({ F: f('text', { FunctionName: 'text' }) }));
  await engine.deploy('lacks', template({ F: f('two', { FunctionName: 'lacks' }) }));
  await engine.deploy('shop', template({ F: f('one', reference) }));
  await expect(engine.invoke('text', {})).rejects.toThrow('Could not unzip uploaded file');
  await expect(engine.invoke('lacks', {})).rejects.toThrow("Cannot find module 'index'");
  objects.delete('one');
  await expect(engine.invoke('f', {})).rejects.toThrow('Error occurred while GetObject. S3 Error Code: NoSuchKey.');
  objects.set('one', zipOf({ 'index.js': handler('one') }));
  expect(await engine.invoke('f', {})).toMatchObject({ says: 'one' });
  objects.delete('one');
  // The process that runs keeps what it has read.
  expect(await engine.invoke('f', {})).toMatchObject({ says: 'one' });
});

test('it is killed at one of its requests', async () => {
  const calls = `
  const { request } = require('node:http');
  exports.handler = () => new Promise((resolve) =>
    request(process.env.AWS_ENDPOINT_URL_CLOUDFORMATION, { method: 'POST' }, (response) => resolve(response.statusCode)).end());`;
  objects.set('calls', zipOf({ 'index.js': calls }));
  await engine.serve();
  await engine.deploy('shop', template({ F: f('calls') }));
  engine.killNext('f', { request: 1 });
  await expect(engine.invoke('f', {})).rejects.toThrow('signal: killed');
  expect(await engine.invoke('f', {})).toBe(400);
});

test('the tick of a schedule invokes its targets with their Input, unless it is disabled', async () => {
  const rule = (State: string, targets: object[]): object => ({
    Type: 'AWS::Events::Rule',
    Properties: { Name: 'hourly', ScheduleExpression: 'rate(1 hour)', State, Targets: targets },
  });
  const targets = [
    { Id: 'a', Arn: { 'Fn::GetAtt': 'F.Arn' }, Input: '{"command":"tend"}' },
    { Id: 'b', Arn: { 'Fn::GetAtt': 'F.Arn' } },
  ];
  await engine.deploy('shop', template({ F: f('one'), R: rule('ENABLED', targets) }));
  expect(engine.tick('hourly')).toBe(2);
  await engine.settle();
  const events = engine.invocations.map(({ event }) => JSON.parse(event) as Record<string, unknown>);
  expect(events).toContainEqual({ command: 'tend' });
  expect(events).toContainEqual(expect.objectContaining({ 'detail-type': 'Scheduled Event', region: 'eu-west-1' }));
  await engine.deploy('shop', template({ F: f('one'), R: rule('DISABLED', targets) }));
  expect(engine.tick('hourly')).toBe(0);
  expect(() => engine.tick('none')).toThrow("no rule 'none'");
});
