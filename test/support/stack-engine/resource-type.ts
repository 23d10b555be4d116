import { locationIn, locationOfUrl } from './content.ts';
import { ResourceError, ValidationError } from './error.ts';
import { readArchive, readCode } from './code.ts';
import { holderOf } from './import.ts';
import type { Made, Provider, ResourceRequest } from './provider.ts';
import type { Value, ValueMap } from './value.ts';
import { at, same, textOf } from './value.ts';
import type { World } from './world.ts';
import { arnOf } from './world.ts';

/** A type whose resources are no more than a name, attributes, and what they read when they are made or changed. */
interface TypeRow {
  /** The property that names it; where it is absent, a name is made. */
  readonly name?: string;
  /** An import says by its name which one. */
  readonly imported?: true;
  /** What one says whose name is taken; CloudFormation's own words unless said. */
  readonly conflict?: (name: string) => string;
  /** Properties that, when changed, make a new one; its name does so always. `all`: any change does. */
  readonly replacedBy?: readonly string[] | 'all';
  /** What `Ref` gives beside the name. */
  readonly ref?: 'arn';
  /** The ARN of one of that name. */
  readonly arn?: (name: string, world: World) => string;
  readonly attributes?: (name: string, request: ResourceRequest, world: World) => ValueMap;
  readonly reads?: (properties: ValueMap, world: World) => Promise<unknown>;
}

const regional =
  (service: string, prefix = '') =>
  (name: string, world: World): string =>
    arnOf(world, service, `${prefix}${name}`);

const iam = (prefix: string) => (name: string, world: World) => arnOf(world, 'iam', `${prefix}${name}`, 'account');

const definition = (property: string, service: string) => async (properties: ValueMap, world: World) => {
  const location = locationIn(properties[property], 'Bucket', 'Key', 'Version');
  if (location !== undefined) await world.content.definition(location, service);
};

/** To support another type, add a line. What replaces follows the documentation's "Update requires: Replacement". */
const ROWS: Readonly<Record<string, TypeRow>> = {
  'AWS::ApiGateway::Deployment': { replacedBy: ['RestApiId'] },
  'AWS::ApiGateway::RestApi': {
    reads: definition('BodyS3Location', 'API'),
    attributes: (name) => ({ RootResourceId: `root-${name}`, RestApiId: name }),
  },
  'AWS::ApiGateway::Stage': { name: 'StageName', replacedBy: ['RestApiId'] },
  'AWS::ApiGatewayV2::Api': {
    replacedBy: ['ProtocolType'],
    reads: definition('BodyS3Location', 'API'),
    attributes: (name, _request, { region }) => ({
      ApiEndpoint: `https://${name}.execute-api.${region}.amazonaws.com`,
      ApiId: name,
    }),
  },
  'AWS::ApiGatewayV2::Stage': { name: 'StageName', replacedBy: ['ApiId'] },
  'AWS::AppSync::GraphQLSchema': {
    replacedBy: ['ApiId'],
    reads: async (properties, world) => {
      const url = textOf(properties['DefinitionS3Location']);
      if (url !== undefined) await world.content.definition(locationOfUrl(url), 'schema');
    },
  },
  'AWS::CloudFormation::WaitConditionHandle': {},
  'AWS::DynamoDB::Table': {
    name: 'TableName',
    imported: true,
    replacedBy: ['KeySchema'],
    arn: regional('dynamodb', 'table/'),
    attributes: (name, _request, world) => ({ StreamArn: arnOf(world, 'dynamodb', `table/${name}/stream/2026`) }),
  },
  'AWS::Events::Rule': { name: 'Name', replacedBy: ['EventBusName'], arn: regional('events', 'rule/') },
  'AWS::IAM::ManagedPolicy': {
    name: 'ManagedPolicyName',
    replacedBy: ['Path', 'Description'],
    ref: 'arn',
    arn: iam('policy/'),
  },
  'AWS::IAM::OIDCProvider': { replacedBy: ['Url'], ref: 'arn', arn: iam('oidc-provider/') },
  'AWS::IAM::Policy': {},
  'AWS::IAM::Role': {
    name: 'RoleName',
    imported: true,
    replacedBy: ['Path'],
    arn: iam('role/'),
    attributes: (name) => ({ RoleId: `AROA${name.toUpperCase()}` }),
  },
  'AWS::KMS::Alias': { name: 'AliasName' },
  'AWS::KMS::Key': { arn: regional('kms', 'key/'), attributes: (name) => ({ KeyId: name }) },
  'AWS::Lambda::EventInvokeConfig': { replacedBy: ['FunctionName', 'Qualifier'] },
  'AWS::Lambda::EventSourceMapping': { replacedBy: ['EventSourceArn'] },
  'AWS::Lambda::Permission': { replacedBy: 'all' },
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    imported: true,
    arn: (name, world) => `${arnOf(world, 'logs', `log-group:${name}`)}:*`,
  },
  'AWS::S3::Bucket': {
    name: 'BucketName',
    imported: true,
    conflict: (name) => `${name} already exists`,
    arn: (name, world) => arnOf(world, 's3', name, 'global'),
    attributes: (name, _request, { region }) => ({
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
    }),
  },
  // A bucket has one: who would write over another's is refused.
  'AWS::S3::BucketPolicy': {
    name: 'Bucket',
    imported: true,
    conflict: (name) => `The bucket policy already exists on bucket ${name}.`,
  },
  'AWS::Scheduler::Schedule': { name: 'Name', arn: regional('scheduler', 'schedule/default/') },
  'AWS::SNS::Topic': { name: 'TopicName', ref: 'arn', arn: regional('sns') },
  'AWS::SQS::Queue': {
    name: 'QueueName',
    arn: regional('sqs'),
    attributes: (name, _request, { region, account }) => ({
      QueueName: name,
      QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    }),
  },
  'AWS::SSM::Parameter': {
    name: 'Name',
    imported: true,
    attributes: (_name, { properties }) => ({ Value: properties['Value'], Type: properties['Type'] }),
  },
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    replacedBy: ['StateMachineType'],
    ref: 'arn',
    arn: regional('states', 'stateMachine:'),
    reads: definition('DefinitionS3Location', 'state machine'),
    attributes: (name) => ({ Name: name, StateMachineRevisionId: 'INITIAL' }),
  },
};

/** Carries out a resource of that type; a type that is not known is refused by name, as CloudFormation does. */
export function plainProvider(type: string, world: World): Provider {
  if (type === 'AWS::Lambda::Function') return lambdaFunction(world);
  if (type === 'AWS::Lambda::Version') return lambdaVersion(world);
  if (type === 'AWS::Lambda::Alias') return lambdaAlias(world);
  if (type === 'AWS::Lambda::LayerVersion') return layerVersion(world);
  const row = ROWS[type];
  if (row === undefined) throw new ValidationError(`Template format error: Unrecognized resource types: [${type}]`);
  return rowProvider(row, world);
}

function rowProvider(row: TypeRow, world: World): Provider {
  const make = (request: ResourceRequest, name: string, physicalId?: string): Made => {
    const arn = row.arn?.(name, world);
    const id = physicalId ?? (row.ref === 'arn' ? (arn ?? name) : name);
    return {
      physicalId: id,
      attributes: { ...(arn !== undefined && { Arn: arn }), ...row.attributes?.(name, request, world) },
    };
  };
  return {
    ...(row.name !== undefined && { named: row.name, ...(row.imported && { importedBy: row.name }) }),
    adopt: (request, physicalId) => make(request, physicalId, physicalId),
    replaces: (before, after) => replaces(row.replacedBy ?? [], row.name, before, after),
    create: async (request) => {
      await world.scheduler.turn();
      const name = take(request, row.name, world, row.conflict);
      try {
        await row.reads?.(request.properties, world);
      } catch (error) {
        release(request.type, name, world);
        throw error;
      }
      return make(request, name);
    },
    update: async (request) => {
      await world.scheduler.turn();
      await row.reads?.(request.properties, world);
      return make(request, nameOf(request.physicalId), request.physicalId);
    },
    remove: async ({ type, physicalId }) => {
      await world.scheduler.turn();
      release(type, nameOf(physicalId), world);
    },
  };
}

function replaces(
  replacedBy: readonly string[] | 'all',
  name: string | undefined,
  before: ValueMap,
  after: ValueMap,
): boolean {
  if (replacedBy === 'all') return true;
  return [...replacedBy, ...(name === undefined ? [] : [name])].some(
    (property) => !same(at(before, property), at(after, property)),
  );
}

/** The last part of an ARN, or a name as it is. */
function nameOf(physicalId: string): string {
  return physicalId.startsWith('arn:') ? (physicalId.split(/[:/]/).at(-1) ?? physicalId) : physicalId;
}

/** Its name, from now on nobody else's of this type. */
function take(
  { stack, logicalId, type, properties }: ResourceRequest,
  property: string | undefined,
  world: World,
  conflict?: TypeRow['conflict'],
): string {
  const given = property === undefined ? undefined : textOf(properties[property]);
  const made = `${stack.name}-${logicalId}-${world.random.suffix()}`;
  const name = given ?? (type === 'AWS::S3::Bucket' ? made.toLowerCase() : made);
  // Stages and the like are unique below what they belong to, which is not looked at.
  const unique = `${type} ${name}`;
  if (given !== undefined && world.taken.has(unique) && !type.endsWith('Stage')) {
    const holder = holderOf(type, name, world);
    if (holder !== undefined && holder !== stack) {
      throw new ResourceError(`${name} already exists in stack ${holder.id}`);
    }
    throw new ResourceError(
      conflict?.(name) ??
        `Resource of type '${type}' with identifier '${name}' already exists. (HandlerErrorCode: AlreadyExists)`,
    );
  }
  world.taken.add(unique);
  return name;
}

function release(type: string, name: string, world: World): void {
  world.taken.delete(`${type} ${name}`);
  // Its policy goes with a bucket.
  if (type === 'AWS::S3::Bucket') world.taken.delete(`AWS::S3::BucketPolicy ${name}`);
}

function lambdaFunction(world: World): Provider {
  const attributes = (name: string): ValueMap => ({ Arn: arnOf(world, 'lambda', `function:${name}`) });
  return {
    named: 'FunctionName',
    replaces: (before, after) => replaces(['PackageType'], 'FunctionName', before, after),
    create: async (request) => {
      const code = await readCode(request.properties['Code'], world.content);
      const name = take(request, 'FunctionName', world);
      world.functions.set(name, request.properties, code);
      return { physicalId: name, attributes: attributes(name) };
    },
    update: async ({ physicalId: name, properties, oldProperties }) => {
      await world.scheduler.turn();
      const changed = !same(properties['Code'], oldProperties['Code']);
      const code = changed ? await readCode(properties['Code'], world.content) : world.functions.code(name);
      world.functions.set(name, properties, code);
      return { physicalId: name, attributes: attributes(name) };
    },
    remove: async ({ type, physicalId }) => {
      await world.scheduler.turn();
      world.functions.remove(physicalId);
      release(type, physicalId, world);
    },
  };
}

function functionOf(properties: ValueMap): string {
  const name = textOf(properties['FunctionName']) ?? '';
  return name.split(':')[6] ?? name;
}

function lambdaVersion(world: World): Provider {
  const parts = (physicalId: string): readonly [string, string] => {
    const [name = '', version = ''] = physicalId.split(':').slice(6);
    return [name, version];
  };
  return {
    replaces: (before, after) => !same({ ...before, Description: '' }, { ...after, Description: '' }),
    create: async ({ properties }) => {
      await world.scheduler.turn();
      const name = functionOf(properties);
      const version = world.functions.publish(name);
      return { physicalId: arnOf(world, 'lambda', `function:${name}:${version}`), attributes: { Version: version } };
    },
    update: async ({ physicalId }) => ({ physicalId, attributes: { Version: parts(physicalId)[1] } }),
    remove: async ({ physicalId }) => {
      await world.scheduler.turn();
      world.functions.unpublish(...parts(physicalId));
    },
  };
}

/** Any change makes a new version. */
function layerVersion(world: World): Provider {
  const made = (arn: string): Made => ({ physicalId: arn, attributes: { Arn: arn, LayerVersionArn: arn } });
  return {
    replaces: () => true,
    create: async ({ stack, logicalId, properties }) => {
      const code = await readArchive(properties['Content'], world.content, 'layer content');
      const name = textOf(properties['LayerName']) ?? `${stack.name}-${logicalId}-${world.random.suffix()}`;
      const created = new Date(world.scheduler.now);
      const { arn } = world.layers.publish({ name, code, properties, created }, (number) =>
        arnOf(world, 'lambda', `layer:${name}:${number}`),
      );
      return made(arn);
    },
    update: async ({ physicalId }) => made(physicalId),
    remove: async ({ physicalId }) => {
      await world.scheduler.turn();
      world.layers.remove(physicalId);
    },
  };
}

function lambdaAlias(world: World): Provider {
  const point = (properties: ValueMap): Made => {
    const [name, alias] = [functionOf(properties), textOf(properties['Name']) ?? ''];
    const version = requiredText(properties['FunctionVersion'], 'FunctionVersion');
    world.functions.code(name, version);
    world.functions.setAlias(name, alias, version);
    const arn = arnOf(world, 'lambda', `function:${name}:${alias}`);
    return { physicalId: arn, attributes: { AliasArn: arn } };
  };
  return {
    replaces: (before, after) => replaces(['FunctionName'], 'Name', before, after),
    create: async ({ properties }) => world.scheduler.turn().then(() => point(properties)),
    update: async ({ properties }) => world.scheduler.turn().then(() => point(properties)),
    remove: async ({ properties }) => {
      await world.scheduler.turn();
      world.functions.setAlias(functionOf(properties), textOf(properties['Name']) ?? '', undefined);
    },
  };
}

function requiredText(value: Value, property: string): string {
  const found = textOf(value);
  if (found === undefined) throw new ResourceError(`Property ${property} cannot be empty.`);
  return found;
}
