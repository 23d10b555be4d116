import type { Expansion, ServerlessResource } from './sam.ts';
import type { Value, ValueMap } from './value.ts';
import { textOf } from './value.ts';

type ExpandEvent = (resource: ServerlessResource, name: string, properties: ValueMap, expansion: Expansion) => void;

/** What invokes a function is its alias where it publishes one. */
function target({ id, properties, literal }: ServerlessResource, expansion: Expansion): Value {
  const alias = literal(properties['AutoPublishAlias']);
  return alias === undefined ? { 'Fn::GetAtt': [id, 'Arn'] } : { Ref: expansion.names.get(`${id}.Alias`) ?? id };
}

function permit(
  id: string,
  resource: ServerlessResource,
  principal: string,
  source: Value,
  expansion: Expansion,
): void {
  const condition = resource.attributes['Condition'];
  expansion.resources[id] = {
    Type: 'AWS::Lambda::Permission',
    ...(condition !== undefined && { Condition: condition }),
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: target(resource, expansion),
      Principal: principal,
      SourceArn: source,
    },
  };
}

const api =
  (property: 'RestApiId' | 'ApiId', implicit: string, kind: 'rest' | 'http'): ExpandEvent =>
  (resource, name, properties, expansion) => {
    const own = properties[property];
    if (own === undefined) expansion.implicit[kind] = true;
    const apiId = typeof own === 'string' || own === undefined ? { Ref: textOf(own) ?? implicit } : own;
    const source = {
      'Fn::Sub': ['arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*', { Api: apiId }],
    };
    permit(
      `${resource.id}${name}Permission${kind === 'rest' ? 'Prod' : ''}`,
      resource,
      'apigateway.amazonaws.com',
      source,
      expansion,
    );
  };

const rule: ExpandEvent = (resource, name, properties, expansion) => {
  const id = `${resource.id}${name}`;
  const { Schedule: schedule, Pattern: pattern, EventBusName: bus } = properties;
  expansion.resources[id] = {
    Type: 'AWS::Events::Rule',
    Properties: {
      ...(schedule !== undefined && { ScheduleExpression: schedule }),
      ...(pattern !== undefined && { EventPattern: pattern }),
      ...(bus !== undefined && { EventBusName: bus }),
      Targets: [{ Arn: target(resource, expansion), Id: `${id}LambdaTarget` }],
    },
  };
  permit(`${id}Permission`, resource, 'events.amazonaws.com', { 'Fn::GetAtt': [id, 'Arn'] }, expansion);
};

const mapping =
  (property: string): ExpandEvent =>
  (resource, name, properties, expansion) => {
    const { [property]: source, ...others } = properties;
    expansion.resources[`${resource.id}${name}`] = {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { ...others, EventSourceArn: source, FunctionName: target(resource, expansion) },
    };
  };

/** As much of a function's events as makes the right resources; an API's paths are nobody's business here. */
export const SERVERLESS_EVENTS: Readonly<Record<string, ExpandEvent>> = {
  Api: api('RestApiId', 'ServerlessRestApi', 'rest'),
  HttpApi: api('ApiId', 'ServerlessHttpApi', 'http'),
  Schedule: rule,
  EventBridgeRule: rule,
  CloudWatchEvent: rule,
  SQS: mapping('Queue'),
  DynamoDB: mapping('Stream'),
  Kinesis: mapping('Stream'),
};
