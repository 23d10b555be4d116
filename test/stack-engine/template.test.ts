import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { records, template, TOKEN } from './records.ts';

let engine: StackEngine;
let content: Map<string, string>;

beforeEach(async () => {
  content = new Map();
  engine = await StackEngine.start({
    functions: { [TOKEN]: records() },
    exports: { Shared: 'from elsewhere' },
    read: async ({ bucket, key, version }) => {
      const found = content.get(`${bucket}/${key}${version === undefined ? '' : `@${version}`}`);
      return found === undefined ? undefined : Buffer.from(found);
    },
  });
});

afterEach(async () => {
  await engine.stop();
});

/** The value of an output, in a stack with a topic T whose name is `name`. */
async function valueOf(value: unknown, rest: object = {}): Promise<string | undefined> {
  const text = template(
    { T: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'name' } } },
    { Outputs: { Value: { Value: value } }, ...rest },
  );
  const { outputs, events } = await engine.deploy('stack', text);
  if (outputs['Value'] === undefined) throw new Error(events.map(({ reason }) => reason).join());
  await engine.deleteStack('stack');
  return outputs['Value'];
}

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:name';

describe('functions', () => {
  test.each<[unknown, string]>([
    [{ Ref: 'T' }, TOPIC],
    [{ Ref: 'AWS::Region' }, 'eu-west-1'],
    [{ 'Fn::GetAtt': ['T', 'Arn'] }, TOPIC],
    [{ 'Fn::GetAtt': 'T.Arn' }, TOPIC],
    [{ 'Fn::Sub': '${T} ${T.Arn} ${AWS::AccountId} ${!Literal}' }, `${TOPIC} ${TOPIC} 111122223333 \${Literal}`],
    [{ 'Fn::Sub': ['${Own}-${AWS::Partition}', { Own: { 'Fn::Join': ['', ['x', 'y']] } }] }, 'xy-aws'],
    [{ 'Fn::Join': ['+', ['a', 7, { Ref: 'AWS::NoValue' }, true]] }, 'a+7+true'],
    [{ 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
    [{ 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'Key'] }, 'mapped'],
    [{ 'Fn::FindInMap': ['M', 'none', 'Key', { DefaultValue: 'otherwise' }] }, 'otherwise'],
    [{ 'Fn::ImportValue': { 'Fn::Sub': 'Shared' } }, 'from elsewhere'],
    [{ 'Fn::If': ['Yes', 'then', { Ref: 'Nobody' }] }, 'then'],
    [{ 'Fn::If': ['No', 'then', 'else'] }, 'else'],
    [{ 'Fn::Base64': 'text' }, 'dGV4dA=='],
  ])('%j', async (value, expected) => {
    const sections = {
      Mappings: { M: { 'eu-west-1': { Key: 'mapped' } } },
      Conditions: {
        Here: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] },
        No: { 'Fn::Not': [{ Condition: 'Here' }] },
        Yes: {
          'Fn::And': [{ Condition: 'Here' }, { 'Fn::Or': [{ Condition: 'No' }, { 'Fn::Equals': [true, 'true'] }] }],
        },
      },
    };
    expect(await valueOf(value, sections)).toBe(expected);
  });

  test.each<[unknown, RegExp]>([
    [{ Ref: 'Nobody' }, /Unresolved resource dependencies \[Nobody\]/],
    [{ 'Fn::Sub': '${Nobody.Arn}' }, /Unresolved resource dependencies \[Nobody\]/],
    [{ 'Fn::FindInMap': ['M', 'a', 'b'] }, /Unable to get mapping for M::a::b/],
    [{ 'Fn::ImportValue': 'Unknown' }, /No export named Unknown found\./],
    [{ 'Fn::GetAtt': ['T', 'Nothing'] }, /Requested attribute Nothing does not exist in schema for AWS::SNS::Topic/],
    [{ 'Fn::Cidr': ['10.0.0.0/16', 1] }, /does not support the function Fn::Cidr/],
    [{ 'Fn::Transform': { Name: 'Own' } }, /does not support the transform Own/],
  ])('%j fails', async (value, message) => {
    await expect(valueOf(value)).rejects.toThrow(message);
  });

  test('YAML with short forms, dates that stay text, and no aliases', async () => {
    const text = `
AWSTemplateFormatVersion: 2010-09-09
Resources:
  T:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Join ['-', [a, !Sub '\${AWS::Region}']]}
Outputs:
  Dotted: {Value: !GetAtt T.Arn}
  Nested: {Value: !If [Yes, !Select [0, !Split [',', 'x,y']], !Ref 'AWS::NoValue']}
Conditions:
  Yes: !Equals [2010-09-09, '2010-09-09']
`;
    const { outputs } = await engine.deploy('stack', text);
    expect(outputs).toEqual({ Dotted: 'arn:aws:sns:eu-west-1:111122223333:a-eu-west-1', Nested: 'x' });
    const alias = 'Resources: {A: &a {Type: "AWS::SNS::Topic"}, B: *a}';
    await expect(engine.deploy('other', alias)).rejects.toThrow('YAML aliases are not allowed');
  });
});

describe('parameters and resources', () => {
  const parameters = {
    Name: { Type: 'String', Default: 'one', AllowedValues: ['one', 'two'] },
    Many: { Type: 'CommaDelimitedList', Default: 'a, b' },
    Secret: { Type: 'String', NoEcho: true, Default: 's' },
    Needed: { Type: 'Number' },
  };
  const text = template(
    { T: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { Ref: 'Name' } } } },
    {
      Parameters: parameters,
      Outputs: { Second: { Value: { 'Fn::Select': ['1', { Ref: 'Many' }] } }, Needed: { Value: { Ref: 'Needed' } } },
    },
  );

  test('what is not given is the previous value, else the default, else an error', async () => {
    await expect(engine.deploy('stack', text)).rejects.toThrow('Parameters: [Needed] must have values');
    const { outputs } = await engine.deploy('stack', text, { parameters: { Needed: '7' } });
    expect(outputs).toEqual({ Second: 'b', Needed: '7' });
    const again = await engine.deploy('stack', text, { parameters: { Name: 'two' } });
    expect(again.outputs).toEqual({ Second: 'b', Needed: '7' });
    expect(again.events.map(({ reason }) => reason)).toContain(
      'Requested update requires the creation of a new physical resource; hence creating one.',
    );
    await expect(engine.deploy('stack', text, { parameters: { Name: 'three' } })).rejects.toThrow(
      "Parameter 'Name' must be one of AllowedValues",
    );
    await expect(engine.deploy('stack', text, { parameters: { Needed: 'x' } })).rejects.toThrow(
      "Parameter 'Needed' must be a number",
    );
    await expect(engine.deploy('stack', text, { parameters: { Other: 'x' } })).rejects.toThrow(
      'Parameters: [Other] do not exist',
    );
  });

  test('conditions, DependsOn, circles, unknown types and sections', async () => {
    const topic = (rest: object = {}): object => ({ Type: 'AWS::SNS::Topic', ...rest });
    const conditional = template(
      { A: topic({ DependsOn: ['B', 'C'] }), B: topic(), C: topic({ Condition: 'No' }) },
      { Conditions: { No: { 'Fn::Equals': ['a', 'b'] } } },
    );
    const { events } = await engine.deploy('stack', conditional);
    expect(events.filter(({ status }) => status === 'CREATE_COMPLETE').map(({ logicalId }) => logicalId)).toEqual([
      'B',
      'A',
      'stack',
    ]);
    const circle = template({ A: topic({ DependsOn: 'B' }), B: topic({ DependsOn: 'A' }) });
    await expect(engine.deploy('circle', circle)).rejects.toThrow('Circular dependency between resources: [A, B]');
    await expect(engine.deploy('x', template({ A: { Type: 'AWS::Own::Thing' } }))).rejects.toThrow(
      'Unrecognized resource types: [AWS::Own::Thing]',
    );
    await expect(engine.deploy('x', template({ A: topic() }, { Rules: {} }))).rejects.toThrow(
      'does not support the section Rules',
    );
    await expect(engine.deploy('x', template({ A: topic({ Properties: { TopicName: null } }) }))).rejects.toThrow(
      "'null' values are not allowed",
    );
    expect(engine.stack('x')).toBeUndefined();
  });

  test.each([
    ['Custom::Bad.Name', 'Unrecognized resource types: [Custom::Bad.Name]'],
    [`Custom::${'x'.repeat(53)}`, 'Unrecognized resource types'],
  ])('%s is no name for a custom type', async (type, message) => {
    const text = template({ C: { Type: type, Properties: { ServiceToken: TOKEN } } });
    await expect(engine.deploy('stack', text)).rejects.toThrow(message);
  });

  test.each([
    ['dynamic references (/Resources/T/Properties/TopicName)', { Properties: { TopicName: '{{resolve:ssm:name}}' } }],
    ['the DeletionPolicy Snapshot (T)', { DeletionPolicy: 'Snapshot' }],
    ['UpdatePolicy (T)', { UpdatePolicy: {} }],
  ])('%s: refused by name', async (what, rest) => {
    const text = template({ T: { Type: 'AWS::SNS::Topic', ...rest } });
    await expect(engine.deploy('stack', text)).rejects.toThrow(`the stack engine does not support ${what}`);
  });

  test('more than 500 resources are refused', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 501 }, (_, index) => [`T${index}`, { Type: 'AWS::SNS::Topic' }]),
    );
    await expect(engine.deploy('stack', template(many))).rejects.toThrow(
      'Number of Resources, 501, is greater than maximum allowed, 500',
    );
  });

  test('a name that is taken fails the second who wants it', async () => {
    const named = template({ T: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'taken' } } });
    await engine.deploy('one', named);
    const { status, events } = await engine.deploy('two', named);
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(events.map(({ reason }) => reason).join()).toContain("with identifier 'taken' already exists");
    await engine.deleteStack('one');
    await engine.deleteStack('two');
    expect((await engine.deploy('two', named)).status).toBe('CREATE_COMPLETE');
  });
});

describe('exports', () => {
  const exporting = (value: string): string =>
    template({ T: { Type: 'AWS::SNS::Topic' } }, { Outputs: { Out: { Value: value, Export: { Name: 'Own' } } } });
  const importing = template({
    T: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::ImportValue': 'Own' } } },
  });

  test('cannot be deleted or changed while somebody imports them', async () => {
    await engine.deploy('exporter', exporting('one'));
    await engine.deploy('importer', importing);
    const deletion = await engine.deleteStack('exporter');
    expect(deletion).toMatchObject({
      status: 'CREATE_COMPLETE',
      reason: 'Export Own cannot be deleted as it is in use by importer',
    });
    const change = await engine.deploy('exporter', exporting('two'));
    expect(change.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(change.events.map(({ reason }) => reason)).toContain(
      'Export Own cannot be updated as it is in use by importer',
    );
    expect(change.outputs).toEqual({ Out: 'one' });
    const second = await engine.deploy('second', exporting('one'));
    expect(second.events.map(({ reason }) => reason).join()).toContain(
      'Export with name Own is already exported by stack exporter.',
    );
    await engine.deleteStack('importer');
    expect((await engine.deploy('exporter', exporting('two'))).status).toBe('UPDATE_COMPLETE');
    expect((await engine.deleteStack('exporter')).status).toBe('DELETE_COMPLETE');
  });
});

describe('loops and fragments', () => {
  test("the packager's loops: literal keys from a mapping, the bucket from a reference", async () => {
    content.set('bucket/a.zip', 'a').set('bucket/b.zip', 'b');
    const text = `
Transform: [AWS::LanguageExtensions]
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'Alpha,Beta'}
Mappings:
  Keys: {Alpha: {Key: a.zip}, Beta: {Key: b.zip}}
Resources:
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - \${Name}Function:
        Type: AWS::Lambda::Function
        Properties:
          FunctionName: !Sub f-\${Name}
          Code: {S3Bucket: !GetAtt Ref.Bucket, S3Key: !FindInMap [Keys, !Ref Name, Key]}
  Ref: {Type: 'Custom::ArtifactRef', Properties: {ServiceToken: '${TOKEN}', Value: loop}}
Outputs:
  Fn::ForEach::Out:
    - Name
    - [Alpha, Beta]
    - \${Name}Arn: {Value: !GetAtt [!Sub '\${Name}Function', Arn]}
`.replace("!GetAtt [!Sub '${Name}Function', Arn]", "!Sub '${${Name}Function.Arn}'");
    const outcome = await engine.deploy('loops', text);
    expect(outcome.status).toBe('CREATE_COMPLETE');
    expect(outcome.outputs['BetaArn']).toBe('arn:aws:lambda:eu-west-1:111122223333:function:f-Beta');
    expect(Buffer.from(await engine.code('f-Beta')).toString()).toBe('b');
  });

  test('AWS::Include reads its fragment from the store', async () => {
    content.set('bucket/fragment', 'TopicName: !Sub "in-${AWS::Region}"');
    const include = { 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 's3://bucket/fragment' } } };
    const text = template(
      { T: { Type: 'AWS::SNS::Topic', Properties: include } },
      { Outputs: { Name: { Value: { Ref: 'T' } } } },
    );
    expect((await engine.deploy('fragments', text)).outputs).toEqual({
      Name: 'arn:aws:sns:eu-west-1:111122223333:in-eu-west-1',
    });
    content.clear();
    await expect(engine.deploy('missing', text)).rejects.toThrow('Unable to get AWS::Include definition from S3');
  });
});
