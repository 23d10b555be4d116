import { createHash } from 'node:crypto';
import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  InvokeCommand,
  LambdaClient,
  ListAliasesCommand,
  ListFunctionsCommand,
  ListLayersCommand,
  ListLayerVersionsCommand,
  ListVersionsByFunctionCommand,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { template } from './records.ts';
import { zipOf } from './zip.ts';

let engine: StackEngine;
let client: LambdaClient;
let refused: string | undefined;
const objects = new Map<string, Buffer>();

/** One that answers, one that asks another over the endpoint of its own environment. */
const ECHO = `
exports.handler = async (event, context) => {
  if (event.fail) throw new RangeError('as told');
  if (event.exit) process.exit(1);
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, 1e6));
  if (event.long) return 'x'.repeat(7e6);
  return event.nothing ? undefined : { event, arn: context.invokedFunctionArn, version: context.functionVersion };
};`;
const ASKER = `
const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');
exports.handler = async (event) => {
  const client = new LambdaClient({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' }, maxAttempts: 1 });
  const { Payload } = await client.send(new InvokeCommand({ FunctionName: 'echo:live', Payload: JSON.stringify(event) }));
  return JSON.parse(Payload.transformToString());
};`;

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('base64');
const ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:echo';
const AT = { S3Bucket: 'bucket' };

const zipped = (name: string, key: string, properties: object = {}): object => ({
  Type: 'AWS::Lambda::Function',
  Properties: { FunctionName: name, Code: { ...AT, S3Key: key }, Handler: 'index.handler', Timeout: 20, ...properties },
});
const version = { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Echo' } } };
const live = {
  Type: 'AWS::Lambda::Alias',
  Properties: { FunctionName: { Ref: 'Echo' }, Name: 'live', FunctionVersion: { 'Fn::GetAtt': 'V.Version' } },
};
const layer = (key: string): object => ({
  Type: 'AWS::Lambda::LayerVersion',
  DeletionPolicy: 'Retain',
  UpdateReplacePolicy: 'Retain',
  Properties: { LayerName: 'money', Content: { ...AT, S3Key: key }, CompatibleRuntimes: ['nodejs22.x'] },
});

beforeEach(async () => {
  refused = undefined;
  objects.set('echo', zipOf({ 'index.js': ECHO }));
  objects.set('more', zipOf({ 'index.js': ECHO, 'more.js': '' }));
  objects.set('asker', zipOf({ 'index.js': ASKER }));
  const environment = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  engine = await StackEngine.start({ read: async ({ key }) => objects.get(key), inline: { environment } });
  client = new LambdaClient({
    endpoint: await engine.serveLambda((action, asked) =>
      action === refused && asked['FunctionName'] !== 'other'
        ? { code: 'AccessDeniedException', status: 403 }
        : undefined,
    ),
    ...{ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' }, maxAttempts: 1 },
  });
  await engine.deploy('shop', template({ Echo: zipped('echo', 'echo'), V: version, Live: live, Layer: layer('echo') }));
});

afterEach(async () => {
  client.destroy();
  await engine.settle();
  await engine.stop();
});

async function invoke(
  FunctionName: string,
  event: unknown = {},
  rest: object = {},
): Promise<{ readonly payload: unknown; readonly error: string | undefined; readonly version: string | undefined }> {
  const answered = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...rest }));
  const text = answered.Payload?.transformToString() ?? '';
  return {
    payload: text === '' ? undefined : (JSON.parse(text) as unknown),
    ...{ error: answered.FunctionError, version: answered.ExecutedVersion },
  };
}

test.each([
  ['echo', {}, ARN, '$LATEST'],
  [ARN, {}, ARN, '$LATEST'],
  ['111122223333:function:echo', {}, ARN, '$LATEST'],
  ['echo:live', {}, `${ARN}:live`, '1'],
  [`${ARN}:live`, {}, `${ARN}:live`, '1'],
  ['echo', { Qualifier: 'live' }, `${ARN}:live`, '1'],
  [ARN, { Qualifier: '1' }, `${ARN}:1`, '1'],
] as const)('Invoke of %s with %j', async (name, rest, arn, number) => {
  const { payload, version: executed } = await invoke(name, { a: 'ä' }, rest);
  expect(payload).toEqual({ event: { a: 'ä' }, arn, version: number });
  expect(executed).toBe(number);
});

test('what a function throws is its error; what it returns may be nothing, and is limited', async () => {
  expect(await invoke('echo', { fail: true })).toMatchObject({
    ...{ error: 'Unhandled', payload: { errorType: 'RangeError', errorMessage: 'as told' } },
  });
  expect(await invoke('echo', { exit: true })).toMatchObject({ payload: { errorType: 'Runtime.ExitError' } });
  expect(await invoke('echo', { nothing: true })).toMatchObject({ payload: null, error: undefined });
  expect(await invoke('echo', { long: true })).toMatchObject({
    ...{ error: 'Unhandled', payload: { errorType: 'Function.ResponseSizeTooLarge' } },
  });
});

test('time that runs out is an error too', async () => {
  await engine.deploy('slow', template({ F: zipped('slow', 'echo', { Timeout: 1 }) }));
  expect(await invoke('slow', { sleep: true })).toMatchObject({
    payload: { errorType: 'Sandbox.Timedout', errorMessage: expect.stringContaining('Task timed out after 1 seconds') },
  });
});

test('what is not there, is too large or is no JSON is refused', async () => {
  await expect(invoke('none')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'Function not found: arn:aws:lambda:eu-west-1:111122223333:function:none',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(invoke('echo:none')).rejects.toThrow(`Function not found: ${ARN}:none`);
  await expect(invoke('echo', 'x'.repeat(6 * 1024 * 1024))).rejects.toMatchObject({ name: 'RequestTooLargeException' });
  await expect(
    client.send(new InvokeCommand({ FunctionName: 'echo', Payload: Buffer.from('{') })),
  ).rejects.toMatchObject({
    name: 'InvalidRequestContentException',
  });
  for (const command of [
    new GetFunctionConfigurationCommand({ FunctionName: 'none' }),
    new GetFunctionCommand({ FunctionName: 'echo', Qualifier: '7' }),
    new ListVersionsByFunctionCommand({ FunctionName: 'none' }),
    new GetLayerVersionCommand({ LayerName: 'money', VersionNumber: 7 }),
  ]) {
    await expect((client as { send(asked: unknown): Promise<unknown> }).send(command)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  }
});

test('an action can be refused', async () => {
  refused = 'Invoke';
  await expect(invoke('echo')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect((await client.send(new ListFunctionsCommand({}))).Functions).toHaveLength(1);
});

test('asynchronous invocations come later, and nothing is told of them', async () => {
  expect(await invoke('echo', { fail: true }, { InvocationType: 'Event' })).toMatchObject({ payload: undefined });
  expect(await invoke('echo', {}, { InvocationType: 'DryRun' })).toMatchObject({ payload: undefined });
  await engine.settle();
  expect(engine.invocations.map(({ attempt, error }) => `${attempt} ${String(error)}`)).toEqual([
    '0 RangeError: as told',
    '1 RangeError: as told',
    '2 RangeError: as told',
  ]);
});

test('a function asks another while it runs itself', async () => {
  await engine.deploy('asker', template({ F: zipped('asker', 'asker') }));
  expect(await engine.invoke('asker', { a: 1 })).toEqual({ event: { a: 1 }, arn: `${ARN}:live`, version: '1' });
  engine.killNext('asker', { request: 1, moment: 'after' });
  expect(await invoke('asker', { a: 1 })).toMatchObject({
    payload: { errorMessage: expect.stringContaining('signal: killed') },
  });
});

test('functions, their versions and code', async () => {
  const inline = { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'inline', Code: { ZipFile: 'text' } } };
  const changed = { Echo: zipped('echo', 'more', { Layers: [{ Ref: 'Layer' }] }), V: version, Live: live };
  await engine.deploy('shop', template({ ...changed, Inline: inline, Layer: layer('echo') }));
  const code = { one: sha256(objects.get('echo')!), two: sha256(objects.get('more')!) };
  const configuration = await client.send(new GetFunctionConfigurationCommand({ FunctionName: 'echo' }));
  expect(configuration).toMatchObject({
    ...{ FunctionName: 'echo', FunctionArn: ARN, Version: '$LATEST', Handler: 'index.handler', Timeout: 20 },
    ...{ CodeSha256: code.two, PackageType: 'Zip', State: 'Active' },
    Layers: [{ Arn: 'arn:aws:lambda:eu-west-1:111122223333:layer:money:1' }],
  });
  expect(configuration.CodeSize).toBe(objects.get('more')?.byteLength);
  const atAlias = await client.send(new GetFunctionCommand({ FunctionName: 'echo', Qualifier: 'live' }));
  expect(atAlias.Configuration).toMatchObject({ FunctionArn: `${ARN}:live`, Version: '1', CodeSha256: code.one });
  const { Functions: latest = [] } = await client.send(new ListFunctionsCommand({}));
  expect(latest.map((one) => [one.FunctionArn, one.CodeSha256])).toEqual([
    [ARN, code.two],
    [ARN.replace('echo', 'inline'), sha256('text')],
  ]);
  const all: unknown[] = [];
  for await (const { Functions: found = [] } of paginateListFunctions(
    { client, pageSize: 1 },
    { FunctionVersion: 'ALL' },
  )) {
    expect(found).toHaveLength(1);
    all.push(...found.map((one) => [one.FunctionArn, one.CodeSha256]));
  }
  expect(all).toEqual([
    [`${ARN}:$LATEST`, code.two],
    [`${ARN}:1`, code.one],
    [`${ARN.replace('echo', 'inline')}:$LATEST`, sha256('text')],
  ]);
  const { Versions: versions = [] } = await client.send(new ListVersionsByFunctionCommand({ FunctionName: ARN }));
  expect(versions.map(({ Version: number }) => number)).toEqual(['$LATEST', '1']);
  expect((await client.send(new ListAliasesCommand({ FunctionName: 'echo' }))).Aliases).toMatchObject([
    { AliasArn: `${ARN}:live`, Name: 'live', FunctionVersion: '1' },
  ]);
});

test('one in REFERENCE mode says what it reads', async () => {
  const Code = { ...AT, S3Key: 'echo', S3ObjectVersion: 'v', S3ObjectStorageMode: 'REFERENCE' };
  await engine.deploy('reference', template({ F: zipped('reference', 'echo', { Code }) }));
  const { Configuration: configuration, Code: code } = await client.send(
    new GetFunctionCommand({ FunctionName: 'reference' }),
  );
  expect(configuration?.CodeSha256).toBe(sha256(objects.get('echo')!));
  expect(code?.ResolvedS3Object).toEqual({ S3Bucket: 'bucket', S3Key: 'echo', S3ObjectVersion: 'v' });
});

test('layers, their versions and content; what is retained stays', async () => {
  await engine.deploy('shop', template({ Echo: zipped('echo', 'echo'), V: version, Live: live, Layer: layer('more') }));
  await engine.deploy('gone', template({ L: { ...layer('echo'), DeletionPolicy: 'Delete' } }));
  await engine.deleteStack('gone');
  const arn = 'arn:aws:lambda:eu-west-1:111122223333:layer:money';
  const { Layers: layers } = await client.send(new ListLayersCommand({}));
  expect(layers).toMatchObject([
    { LayerName: 'money', LayerArn: arn, LatestMatchingVersion: { LayerVersionArn: `${arn}:2`, Version: 2 } },
  ]);
  const { LayerVersions: versions } = await client.send(new ListLayerVersionsCommand({ LayerName: 'money' }));
  expect(versions?.map((one) => [one.LayerVersionArn, one.Version])).toEqual([
    [`${arn}:2`, 2],
    [`${arn}:1`, 1],
  ]);
  const first = await client.send(new GetLayerVersionCommand({ LayerName: arn, VersionNumber: 1 }));
  expect(first).toMatchObject({ LayerArn: arn, Version: 1, CompatibleRuntimes: ['nodejs22.x'] });
  expect(first.Content?.CodeSha256).toBe(sha256(objects.get('echo')!));
  const second = await client.send(new GetLayerVersionByArnCommand({ Arn: `${arn}:2` }));
  expect(second.Content?.CodeSha256).toBe(sha256(objects.get('more')!));
  expect((await client.send(new ListLayerVersionsCommand({ LayerName: 'none' }))).LayerVersions).toEqual([]);
});
