import { createHash } from 'node:crypto';
import { UnsupportedError, ValidationError } from './error.ts';
import type { GivenParameters } from './parameters.ts';
import { SERVERLESS_EVENTS } from './sam-event.ts';
import type { Value, ValueMap } from './value.ts';
import { canonical, isList, isMap, mapOf, textOf, without } from './value.ts';

/** A serverless resource, its globals merged in. */
export interface ServerlessResource {
  readonly id: string;
  readonly properties: ValueMap;
  /** DependsOn, Condition, Metadata, policies: they go with what takes its place. */
  readonly attributes: ValueMap;
  /** A parameter's value where that is what stands here: the transform resolves no other function. */
  readonly literal: (value: Value) => string | undefined;
}

/** Paths of a REST API that functions' events ask for. */
export interface Expansion {
  readonly resources: Record<string, ValueMap>;
  /** Logical IDs and `Function.Alias`-like names → what they are called afterwards. */
  readonly names: Map<string, string>;
  readonly implicit: { rest: boolean; http: boolean };
}

/** AWS::Serverless-2016-10-31, as samtranslator does it; generated logical IDs hash the text before it is resolved. */
export function withoutServerless(template: ValueMap, parameters: GivenParameters): ValueMap {
  const { Globals: globals, Transform: transform, ...rest } = template;
  const expansion: Expansion = { resources: {}, names: new Map(), implicit: { rest: false, http: false } };
  const literal = (value: Value): string | undefined =>
    isMap(value) ? parameters[textOf(value['Ref']) ?? ''] : textOf(value);
  for (const [id, resource] of Object.entries(mapOf(template['Resources']))) {
    const { Type: type, Properties: own, ...attributes } = mapOf(resource);
    const name = textOf(type) ?? '';
    if (!name.startsWith('AWS::Serverless::')) {
      expansion.resources[id] = mapOf(resource);
      continue;
    }
    const expand = EXPANSIONS[name.slice('AWS::Serverless::'.length)];
    if (expand === undefined) throw new UnsupportedError(`resources of type ${name}`);
    const properties = withGlobals(mapOf(mapOf(globals)[name.slice('AWS::Serverless::'.length)]), mapOf(own));
    try {
      expand({ id, properties, attributes, literal }, expansion);
    } catch (error) {
      if (!(error instanceof SamError)) throw error;
      throw new ValidationError(
        `Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. Resource with id [${id}] is invalid. ${error.message}`,
      );
    }
  }
  implicitApis(expansion);
  return mapOf(
    renamed(
      { ...rest, ...(transform !== undefined && { Transform: transform }), Resources: expansion.resources },
      expansion.names,
    ),
  );
}

export class SamError extends Error {}

function withGlobals(globals: ValueMap, own: ValueMap): ValueMap {
  const result: Record<string, Value> = { ...globals };
  for (const [name, value] of Object.entries(own)) {
    const general = result[name];
    if (isMap(general) && isMap(value) && !isCall(general) && !isCall(value))
      result[name] = withGlobals(general, value);
    else result[name] = isList(general) && isList(value) ? [...general, ...value] : value;
  }
  return result;
}

function isCall(value: ValueMap): boolean {
  const [name = ''] = Object.keys(value);
  return name === 'Ref' || name.startsWith('Fn::');
}

export function hash10(value: Value): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 10);
}

const EXPANSIONS: Readonly<Record<string, (resource: ServerlessResource, expansion: Expansion) => void>> = {
  Function: expandFunction,
  LayerVersion: expandLayer,
  Api: expandApi,
  HttpApi: expandHttpApi,
  StateMachine: expandStateMachine,
  Application: expandApplication,
  SimpleTable: expandTable,
};

/** What a function has under the same name in Lambda. */
const FUNCTION_PROPERTIES = [
  ...[
    'Handler',
    'Runtime',
    'Description',
    'MemorySize',
    'Timeout',
    'Environment',
    'Layers',
    'FunctionName',
    'PackageType',
  ],
  ...[
    'Architectures',
    'EphemeralStorage',
    'ReservedConcurrentExecutions',
    'KmsKeyArn',
    'LoggingConfig',
    'SnapStart',
    'Tags',
  ],
  ...[
    'ImageConfig',
    'FileSystemConfigs',
    'VpcConfig',
    'DeadLetterQueue',
    'RecursiveLoop',
    'RuntimeManagementConfig',
    'Tracing',
  ],
];
/** What becomes a resource of its own, or goes into its role. */
const FUNCTION_EXTRAS = [
  ...['CodeUri', 'InlineCode', 'ImageUri', 'Role', 'Policies', 'PermissionsBoundary', 'Events', 'AutoPublishAlias'],
  ...[
    'AutoPublishCodeSha256',
    'AutoPublishAliasAllProperties',
    'VersionDescription',
    'VersionDeletionPolicy',
    'RolePath',
  ],
];

function expandFunction(resource: ServerlessResource, expansion: Expansion): void {
  const { id, properties, attributes } = resource;
  requireKnown(properties, [...FUNCTION_PROPERTIES, ...FUNCTION_EXTRAS], 'AWS::Serverless::Function');
  const code = codeOf(properties);
  const role = properties['Role'] ?? roleFor(resource, expansion, 'lambda.amazonaws.com');
  const lambda = { ...picked(properties, FUNCTION_PROPERTIES), Code: code, Role: role };
  expansion.resources[id] = { ...attributes, Type: 'AWS::Lambda::Function', Properties: lambda };
  const alias = properties['AutoPublishAlias'];
  if (alias !== undefined) publish(resource, code, lambda, expansion);
  for (const [name, event] of Object.entries(mapOf(properties['Events']))) {
    const type = textOf(mapOf(event)['Type']) ?? '';
    const expand = SERVERLESS_EVENTS[type];
    if (expand === undefined) throw new UnsupportedError(`events of type ${type} (${id}.${name})`);
    expand(resource, name, mapOf(mapOf(event)['Properties']), expansion);
  }
}

function codeOf(properties: ValueMap): ValueMap {
  if (properties['InlineCode'] !== undefined) return { ZipFile: properties['InlineCode'] };
  if (properties['ImageUri'] !== undefined) return { ImageUri: properties['ImageUri'] };
  const { bucket, key, version, mode } = s3Location(properties['CodeUri'], 'CodeUri');
  return {
    ...{ S3Bucket: bucket, S3Key: key },
    ...(version !== undefined && { S3ObjectVersion: version }),
    // Documented for SAM; samtranslator 1.110 drops it.
    ...(mode !== undefined && { S3ObjectStorageMode: mode }),
  };
}

interface SamLocation {
  readonly bucket: Value;
  readonly key: Value;
  readonly version?: Value;
  readonly mode?: Value;
}

function s3Location(value: Value, property: string): SamLocation {
  if (typeof value === 'string') {
    const parsed = /^s3:\/\/(?<bucket>[^/]+)\/(?<key>[^?]+)(?:\?versionId=(?<version>.+))?$/.exec(value)?.groups;
    if (parsed === undefined) {
      throw new SamError(
        `'${property}' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.`,
      );
    }
    const { bucket, key, version } = parsed;
    return { bucket, key, ...(version !== undefined && { version }) };
  }
  const { Bucket: bucket, Key: key, Version: version, StorageMode: mode } = mapOf(value);
  if (bucket === undefined || key === undefined)
    throw new SamError(`'${property}' requires Bucket and Key properties to be specified.`);
  return { bucket, key, ...(version !== undefined && { version }), ...(mode !== undefined && { mode }) };
}

/** The version's ID moves with what its text says of the code, and with nothing that is resolved later. */
function publish(
  { id, properties, literal }: ServerlessResource,
  code: ValueMap,
  lambda: ValueMap,
  expansion: Expansion,
): void {
  const alias = literal(properties['AutoPublishAlias']);
  if (alias === undefined) throw new SamError("'AutoPublishAlias' must be a string or a Ref to a template parameter");
  const sha = properties['AutoPublishCodeSha256'];
  const given = literal(sha);
  if (sha !== undefined && given === undefined) throw new SamError("'AutoPublishCodeSha256' must be a string");
  const all = textOf(properties['AutoPublishAliasAllProperties']) === 'true';
  const suffix = given === undefined ? hash10(all ? lambda : code) : given.slice(0, 10);
  const versionId = `${id}Version${suffix}`;
  const aliasId = `${id}Alias${alias.replaceAll(/[^A-Za-z0-9]/g, 'D')}`;
  expansion.resources[versionId] = {
    Type: 'AWS::Lambda::Version',
    DeletionPolicy: properties['VersionDeletionPolicy'] ?? 'Retain',
    Properties: { FunctionName: { Ref: id } },
  };
  expansion.resources[aliasId] = {
    Type: 'AWS::Lambda::Alias',
    Properties: { Name: alias, FunctionName: { Ref: id }, FunctionVersion: { 'Fn::GetAtt': [versionId, 'Version'] } },
  };
  expansion.names.set(`${id}.Version`, versionId).set(`${id}.Alias`, aliasId);
}

function expandLayer({ id, properties, attributes }: ServerlessResource, expansion: Expansion): void {
  const { bucket, key, version, mode } = s3Location(properties['ContentUri'], 'ContentUri');
  const others = without(properties, 'ContentUri', 'RetentionPolicy');
  const layerId = `${id}${hash10(properties)}`;
  expansion.resources[layerId] = {
    ...attributes,
    Type: 'AWS::Lambda::LayerVersion',
    DeletionPolicy: textOf(properties['RetentionPolicy'])?.toLowerCase() === 'delete' ? 'Delete' : 'Retain',
    Properties: {
      LayerName: id,
      ...others,
      Content: {
        ...{ S3Bucket: bucket, S3Key: key },
        ...(version !== undefined && { S3ObjectVersion: version }),
        ...(mode !== undefined && { S3ObjectStorageMode: mode }),
      },
    },
  };
  expansion.names.set(id, layerId);
}

function definitionOf(properties: ValueMap, body: string, s3: string): ValueMap {
  if (properties['DefinitionUri'] === undefined)
    return { [body]: properties['DefinitionBody'] ?? properties['Definition'] ?? {} };
  const { bucket, key, version } = s3Location(properties['DefinitionUri'], 'DefinitionUri');
  return { [s3]: { Bucket: bucket, Key: key, ...(version !== undefined && { Version: version }) } };
}

function expandApi({ id, properties, attributes, literal }: ServerlessResource, expansion: Expansion): void {
  const { StageName: stage, Name: name } = properties;
  const others = without(properties, 'DefinitionUri', 'DefinitionBody', 'StageName', 'Name');
  requireKnown(
    others,
    ['Description', 'EndpointConfiguration', 'TracingEnabled', 'Variables', 'Tags', 'OpenApiVersion', 'Cors'],
    'AWS::Serverless::Api',
  );
  const definition = definitionOf(properties, 'Body', 'BodyS3Location');
  const deploymentId = `${id}Deployment${hash10(definition)}`;
  const stageName = literal(stage);
  const stageId = stageName === undefined ? `${id}Stage` : `${id}${stageName.replaceAll(/[^A-Za-z0-9]/g, '')}Stage`;
  expansion.resources[id] = {
    ...attributes,
    Type: 'AWS::ApiGateway::RestApi',
    Properties: {
      ...definition,
      ...(name !== undefined && { Name: name }),
      ...picked(others, ['Description', 'EndpointConfiguration']),
    },
  };
  expansion.resources[deploymentId] = {
    Type: 'AWS::ApiGateway::Deployment',
    Properties: { RestApiId: { Ref: id }, StageName: 'Stage' },
  };
  expansion.resources[stageId] = {
    Type: 'AWS::ApiGateway::Stage',
    Properties: {
      RestApiId: { Ref: id },
      DeploymentId: { Ref: deploymentId },
      StageName: stage,
      ...picked(others, ['Variables']),
    },
  };
  expansion.names.set(`${id}.Stage`, stageId).set(`${id}.Deployment`, deploymentId);
}

function expandHttpApi({ id, properties, attributes, literal }: ServerlessResource, expansion: Expansion): void {
  const definition = definitionOf(properties, 'Body', 'BodyS3Location');
  const stage = properties['StageName'] ?? '$default';
  const stageName = literal(stage);
  const stageId = stageName === '$default' ? `${id}ApiGatewayDefaultStage` : `${id}${stageName ?? ''}Stage`;
  expansion.resources[id] = { ...attributes, Type: 'AWS::ApiGatewayV2::Api', Properties: definition };
  expansion.resources[stageId] = {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: id }, StageName: stage, AutoDeploy: true },
  };
  expansion.names.set(`${id}.Stage`, stageId);
}

function expandStateMachine(resource: ServerlessResource, expansion: Expansion): void {
  const { id, properties, attributes } = resource;
  const { Role: own, Type: type, Name: name } = properties;
  const others = without(properties, 'Definition', 'DefinitionUri', 'Role', 'Policies', 'Type', 'Name', 'Events');
  if (properties['Events'] !== undefined) throw new UnsupportedError(`events of state machines (${id})`);
  const definition = definitionOf(properties, 'Definition', 'DefinitionS3Location');
  const role = own ?? roleFor(resource, expansion, 'states.amazonaws.com');
  expansion.resources[id] = {
    ...attributes,
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      ...others,
      ...definition,
      RoleArn: role,
      ...(type !== undefined && { StateMachineType: type }),
      ...(name !== undefined && { StateMachineName: name }),
    },
  };
}

function expandApplication({ id, properties, attributes }: ServerlessResource, expansion: Expansion): void {
  const { Location: location, Parameters: parameters } = properties;
  if (isMap(location)) {
    if (location['ApplicationId'] === undefined)
      throw new SamError('Resource is missing the required [ApplicationId] property.');
    throw new UnsupportedError(`applications of the repository (${id})`);
  }
  expansion.resources[id] = {
    ...attributes,
    Type: 'AWS::CloudFormation::Stack',
    Properties: { TemplateURL: location, ...(parameters !== undefined && { Parameters: parameters }) },
  };
}

function expandTable({ id, properties, attributes }: ServerlessResource, expansion: Expansion): void {
  const { Name: name = 'id', Type: type = 'String' } = mapOf(properties['PrimaryKey']);
  expansion.resources[id] = {
    ...attributes,
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      ...picked(properties, ['TableName', 'SSESpecification', 'ProvisionedThroughput', 'Tags']),
      AttributeDefinitions: [{ AttributeName: name, AttributeType: (textOf(type) ?? 'S').slice(0, 1) }],
      KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    },
  };
}

function roleFor({ id, properties, attributes }: ServerlessResource, expansion: Expansion, service: string): Value {
  expansion.resources[`${id}Role`] = {
    Type: 'AWS::IAM::Role',
    ...(attributes['Condition'] !== undefined && { Condition: attributes['Condition'] }),
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }],
      },
      ...(isList(properties['Policies']) && { Policies: properties['Policies'] }),
    },
  };
  return { 'Fn::GetAtt': [`${id}Role`, 'Arn'] };
}

function implicitApis({ resources, implicit }: Expansion): void {
  const literal = textOf;
  const attributes = {};
  const expansion: Expansion = { resources, names: new Map(), implicit };
  const described = { DefinitionBody: { swagger: '2.0' } };
  if (implicit.rest)
    expandApi(
      { id: 'ServerlessRestApi', properties: { ...described, StageName: 'Prod' }, attributes, literal },
      expansion,
    );
  if (implicit.http) expandHttpApi({ id: 'ServerlessHttpApi', properties: described, attributes, literal }, expansion);
}

function picked(properties: ValueMap, names: readonly string[]): ValueMap {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));
}

function requireKnown(properties: ValueMap, known: readonly string[], type: string): void {
  const unknown = Object.keys(properties).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UnsupportedError(`the property ${unknown.join(', ')} of ${type}`);
}

/** Names in `Ref`, `Fn::GetAtt`, `Fn::Sub` and DependsOn follow what they name. */
function renamed(value: Value, names: ReadonlyMap<string, string>): Value {
  const after = (name: Value): Value => (typeof name === 'string' ? (names.get(name) ?? name) : name);
  if (isList(value)) return value.map((item) => renamed(item, names));
  if (!isMap(value)) return value;
  const members = Object.entries(value).map(([name, member]): [string, Value] => {
    if (name === 'Ref') return [name, after(member)];
    if (name === 'DependsOn') return [name, isList(member) ? member.map(after) : after(member)];
    if (name === 'Fn::GetAtt' && isList(member)) return [name, [after(member[0]), ...member.slice(1)]];
    if (name === 'Fn::GetAtt' && typeof member === 'string')
      return [name, member.replace(/^[^.]+/, (id) => names.get(id) ?? id)];
    if (name !== 'Fn::Sub') return [name, renamed(member, names)];
    const [text, ...variables] = isList(member) ? member : [member];
    const changed =
      typeof text === 'string'
        ? text.replaceAll(/\$\{([^!}][^}]*)\}/g, (whole, id: string) => inSub(id, names) ?? whole)
        : text;
    return [name, variables.length === 0 ? changed : [changed, ...variables.map((one) => renamed(one, names))]];
  });
  return Object.fromEntries(members);
}

function inSub(name: string, names: ReadonlyMap<string, string>): string | undefined {
  const [id = '', ...attribute] = name.split('.');
  const whole = names.get(name);
  if (whole !== undefined) return `\${${whole}}`;
  const first = names.get(id);
  return first === undefined ? undefined : `\${${[first, ...attribute].join('.')}}`;
}
