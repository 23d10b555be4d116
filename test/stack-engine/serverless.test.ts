import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { records, ref, TOKEN } from './records.ts';

let engine: StackEngine;
let absent: Set<string>;

beforeEach(async () => {
  absent = new Set();
  engine = await StackEngine.start({
    functions: { [TOKEN]: records() },
    read: async ({ key, version }) => (absent.has(key) ? undefined : Buffer.from(`${key}@${version ?? ''}`)),
  });
});

afterEach(async () => {
  await engine.stop();
});

const serverless = (resources: object, rest: object = {}): string =>
  JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources: { Ref: ref('a'), ...resources }, ...rest });

const bucket = { 'Fn::GetAtt': ['Ref', 'Bucket'] };
const uri = (key: unknown): object => ({ Bucket: bucket, Key: key });
const published = (code: object, rest: object = {}): string =>
  serverless({
    F: {
      Type: 'AWS::Serverless::Function',
      Properties: { FunctionName: 'f', CodeUri: code, AutoPublishAlias: 'live', ...rest },
    },
  });

const text = async (name: string): Promise<string> => Buffer.from(await engine.code(name)).toString();
const idsOf = (name: string, type: string): string[] =>
  [...engine.stack(name)!.resources.values()]
    .filter((resource) => resource.type === type)
    .map(({ logicalId }) => logicalId);

describe('AutoPublishAlias', () => {
  test('a literal Key that changes publishes a new version; the alias moves, the old version stays', async () => {
    await engine.deploy('app', published(uri('k1')));
    const [first] = idsOf('app', 'AWS::Lambda::Version');
    expect(first).toMatch(/^FVersion[0-9a-f]{10}$/);
    await engine.deploy('app', published(uri('k2')));
    expect(idsOf('app', 'AWS::Lambda::Version')).not.toContain(first);
    expect(engine.functions()).toEqual({ f: ['1', '2'] });
    expect([await text('f:1'), await text('f:live'), await text('f')]).toEqual(['k1@', 'k2@', 'k2@']);
  });

  test('a Key by GetAtt alone never publishes again: the alias keeps the old code', async () => {
    const code = (value: string): string =>
      published({ Bucket: bucket, Key: { 'Fn::GetAtt': ['Ref', 'Value'] } }).replace(
        '"Value":"a"',
        `"Value":"${value}"`,
      );
    await engine.deploy('app', code('k1'));
    await engine.deploy('app', code('k2'));
    expect([await text('f'), await text('f:live')]).toEqual(['k2@', 'k1@']);
  });

  test("with AutoPublishCodeSha256 the ID is the hash's beginning", async () => {
    await engine.deploy('app', published(uri('k1'), { AutoPublishCodeSha256: 'abcdef0123456789' }));
    expect(idsOf('app', 'AWS::Lambda::Version')).toEqual(['FVersionabcdef0123']);
  });

  test('after a failed update the alias is back, and the version it made is gone from the stack', async () => {
    await engine.deploy('app', published(uri('k1')));
    const faults = [{ logicalId: 'FAliaslive', on: 'Update', does: { kind: 'fail' } }] as const;
    expect((await engine.deploy('app', published(uri('k2')), { faults })).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([await text('f'), await text('f:live')]).toEqual(['k1@', 'k1@']);
  });
});

describe('the other types', () => {
  test('layers, APIs, state machines, tables and roles; globals; names that follow', async () => {
    const resources = {
      Money: { Type: 'AWS::Serverless::LayerVersion', Properties: { ContentUri: uri('layer') } },
      Api: { Type: 'AWS::Serverless::Api', Properties: { StageName: { Ref: 'Stage' }, DefinitionUri: uri('api') } },
      Http: { Type: 'AWS::Serverless::HttpApi', Properties: { DefinitionUri: uri('http') } },
      Machine: { Type: 'AWS::Serverless::StateMachine', Properties: { DefinitionUri: uri('machine') } },
      Table: { Type: 'AWS::Serverless::SimpleTable' },
      F: {
        Type: 'AWS::Serverless::Function',
        DependsOn: 'Money',
        Properties: {
          CodeUri: 's3://bucket/code?versionId=v',
          Events: { Get: { Type: 'HttpApi', Properties: { Path: '/', Method: 'get' } } },
        },
      },
    };
    const rest = {
      Globals: { Function: { Runtime: 'nodejs22.x', Layers: [{ Ref: 'Money' }] } },
      Parameters: { Stage: { Type: 'String', Default: 'dev' } },
      Outputs: { Stage: { Value: { 'Fn::Sub': '${Api.Stage} of ${Api}' } }, Layer: { Value: { Ref: 'Money' } } },
    };
    const outcome = await engine.deploy('app', serverless(resources, rest));
    expect(outcome.status).toBe('CREATE_COMPLETE');
    expect(outcome.outputs['Stage']).toMatch(/^dev of app-Api-/);
    expect(outcome.outputs['Layer']).toBe('arn:aws:lambda:eu-west-1:111122223333:layer:Money:1');
    const stack = engine.stack('app')!;
    expect(stack.resources.get('F')?.properties).toMatchObject({
      Layers: [outcome.outputs['Layer']],
      Code: { S3ObjectVersion: 'v' },
    });
    expect(idsOf('app', 'AWS::IAM::Role').toSorted()).toEqual(['FRole', 'MachineRole']);
    expect(idsOf('app', 'AWS::ApiGatewayV2::Stage').toSorted()).toEqual([
      'HttpApiGatewayDefaultStage',
      'ServerlessHttpApiApiGatewayDefaultStage',
    ]);
    expect(idsOf('app', 'AWS::Lambda::Permission')).toEqual(['FGetPermission']);
  });

  test.each(['layer', 'api', 'http', 'machine'])(
    '%s is read when it is made, and its absence fails the stack',
    async (key) => {
      absent.add(key);
      const resources = {
        layer: { Type: 'AWS::Serverless::LayerVersion', Properties: { ContentUri: uri('layer') } },
        api: { Type: 'AWS::Serverless::Api', Properties: { StageName: 'dev', DefinitionUri: uri('api') } },
        http: { Type: 'AWS::Serverless::HttpApi', Properties: { DefinitionUri: uri('http') } },
        machine: { Type: 'AWS::Serverless::StateMachine', Properties: { DefinitionUri: uri('machine') } },
      };
      const { status, events } = await engine.deploy('app', serverless(resources));
      expect(status).toBe('ROLLBACK_COMPLETE');
      expect(events.map(({ reason }) => reason).join()).toContain('The specified key does not exist.');
    },
  );

  test("a layer's literal Key moves its ID and keeps the old one; a Key by GetAtt replaces it in place", async () => {
    const layer = (key: unknown): object => ({
      Money: { Type: 'AWS::Serverless::LayerVersion', Properties: { ContentUri: uri(key) } },
    });
    await engine.deploy('literal', serverless(layer('k1')));
    const { events } = await engine.deploy('literal', serverless(layer('k2')));
    expect(events.map(({ status }) => status)).toContain('DELETE_SKIPPED');
    const byAttribute = (value: string): string =>
      serverless(layer({ 'Fn::GetAtt': ['Ref', 'Value'] })).replace('"Value":"a"', `"Value":"${value}"`);
    await engine.deploy('attribute', byAttribute('k1'));
    const [id] = idsOf('attribute', 'AWS::Lambda::LayerVersion');
    const second = await engine.deploy('attribute', byAttribute('k2'));
    expect(idsOf('attribute', 'AWS::Lambda::LayerVersion')).toEqual([id]);
    expect(
      second.events.filter(({ logicalId, status }) => logicalId === id && status === 'DELETE_COMPLETE'),
    ).toHaveLength(1);
  });
});

describe('what the transform refuses', () => {
  const one = (Type: string, Properties: object): string => serverless({ One: { Type, Properties } });
  test.each<[string, string, RegExp]>([
    [
      'a Sub',
      one('AWS::Serverless::Function', { CodeUri: { 'Fn::Sub': 's3://${Ref.Bucket}/k' } }),
      /'CodeUri' requires Bucket and Key/,
    ],
    [
      'a local path',
      one('AWS::Serverless::Function', { CodeUri: './src' }),
      /not a valid S3 Uri of the form 's3:\/\/bucket\/key'/,
    ],
    [
      'a Location by function',
      one('AWS::Serverless::Application', { Location: { 'Fn::GetAtt': ['Ref', 'Url'] } }),
      /missing the required \[ApplicationId\]/,
    ],
    [
      'a hash by GetAtt',
      published(uri('k'), { AutoPublishCodeSha256: { 'Fn::GetAtt': ['Ref', 'Value'] } }),
      /must be a string/,
    ],
    [
      'what this engine does not know',
      one('AWS::Serverless::GraphQLApi', {}),
      /does not support resources of type AWS::Serverless::GraphQLApi/,
    ],
    [
      'an event it does not know',
      one('AWS::Serverless::Function', { CodeUri: 's3://b/k', Events: { E: { Type: 'Alexa' } } }),
      /does not support events of type Alexa/,
    ],
  ])('%s', async (_name, template, message) => {
    await expect(engine.deploy('app', template)).rejects.toThrow(message);
  });
});

describe('REFERENCE mode', () => {
  test('code is read at every call, and a published version goes on reading its own', async () => {
    const code = (version: string): object => ({
      Bucket: bucket,
      Key: 'k',
      Version: version,
      StorageMode: 'REFERENCE',
    });
    await engine.deploy('app', published(code('v1')));
    await engine.deploy('app', published(code('v2')));
    expect([await text('f:1'), await text('f:2')]).toEqual(['k@v1', 'k@v2']);
    absent.add('k');
    await expect(text('f:1')).rejects.toThrow('S3 Error Code: NoSuchKey');
  });

  test("needs the object's version", async () => {
    const { events } = await engine.deploy('app', published({ ...uri('k'), StorageMode: 'REFERENCE' }));
    expect(events.map(({ reason }) => reason).join()).toContain('S3ObjectVersion is required');
  });
});
