import { readFileSync } from 'node:fs';
import type { Scope } from '../stack-engine/intrinsic.ts';
import { holds, resolve } from '../stack-engine/intrinsic.ts';
import type { GivenParameters } from '../stack-engine/parameters.ts';
import { chosenParameters, parameterValue } from '../stack-engine/parameters.ts';
import { parseText, templateOf } from '../stack-engine/template.ts';
import type { Value, ValueMap } from '../stack-engine/value.ts';
import { mapOf, mapValues, textOf } from '../stack-engine/value.ts';
import type { Policy } from './policy.ts';

export interface Place {
  readonly account: string;
  readonly region: string;
}

export interface ResolvedResource {
  readonly type: string;
  readonly properties: ValueMap;
}

/** A template as it would be deployed, nothing of it running: the resources whose conditions hold, with every function in them carried out. */
export interface ResolvedTemplate {
  readonly resources: Readonly<Record<string, ResolvedResource>>;
  readonly outputs: Readonly<Record<string, Value>>;
}

const PARTITION = 'aws';

/** For templates whose resources have names of their own, so that their ARNs are known. */
export function resolveTemplate(file: string, place: Place, given: GivenParameters = {}): ResolvedTemplate {
  const template = templateOf(parseText(readFileSync(file, 'utf8')));
  const parameters = chosenParameters(template.parameters, given, {});
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': PARTITION,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const scope: Scope = {
    template,
    parameter: (name) => {
      const text = parameters[name];
      return text === undefined ? pseudo[name] : parameterValue(template.parameters[name], text);
    },
    imported: (name) => `imported ${name}`,
    ref: (id) => refOf(named(id), place),
    attribute: (id, attribute) => (attribute === 'Arn' ? arnOf(named(id), place) : `${id}.${attribute}`),
  };
  const named = (id: string): Named => {
    const { type = '', properties } = template.resources[id] ?? {};
    const key = NAMES[type];
    if (key === undefined) throw new Error(`what names a resource of type ${type} is not known here (${id})`);
    return { type, name: textOf(resolve(mapOf(properties)[key], scope)) ?? id };
  };
  const active = Object.entries(template.resources).filter(
    ([, { condition }]) => condition === undefined || holds(condition, scope),
  );
  return {
    resources: Object.fromEntries(
      active.map(([id, { type, properties }]) => [id, { type, properties: mapOf(resolve(properties, scope)) }]),
    ),
    outputs: mapValues(template.outputs, ({ value, condition }) =>
      condition === undefined || holds(condition, scope) ? resolve(value, scope) : undefined,
    ),
  };
}

interface Named {
  readonly type: string;
  readonly name: string;
}

const NAMES: Readonly<Record<string, string>> = {
  'AWS::S3::Bucket': 'BucketName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::OIDCProvider': 'Url',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Events::Rule': 'Name',
  'AWS::EC2::VPCEndpoint': 'ServiceName',
};

function arnOf({ type, name }: Named, { account, region }: Place): string {
  switch (type) {
    case 'AWS::S3::Bucket':
      return `arn:${PARTITION}:s3:::${name}`;
    case 'AWS::IAM::Role':
      return `arn:${PARTITION}:iam::${account}:role/${name}`;
    case 'AWS::IAM::ManagedPolicy':
      return `arn:${PARTITION}:iam::${account}:policy/${name}`;
    case 'AWS::IAM::OIDCProvider':
      return `arn:${PARTITION}:iam::${account}:oidc-provider/${name.replace('https://', '')}`;
    case 'AWS::Logs::LogGroup':
      return `arn:${PARTITION}:logs:${region}:${account}:log-group:${name}:*`;
    case 'AWS::Lambda::Function':
      return `arn:${PARTITION}:lambda:${region}:${account}:function:${name}`;
    default:
      return `arn:${PARTITION}:events:${region}:${account}:rule/${name}`;
  }
}

function refOf(resource: Named, place: Place): string {
  const isByArn = resource.type === 'AWS::IAM::ManagedPolicy' || resource.type === 'AWS::IAM::OIDCProvider';
  return isByArn ? arnOf(resource, place) : resource.name;
}

export interface ResolvedRole {
  readonly arn: string;
  readonly trust: Policy;
  /** Its own; managed ones that it names are not among them. */
  readonly policies: readonly Policy[];
}

export function roleOf({ resources }: ResolvedTemplate, id: string, place: Place): ResolvedRole {
  const { type, properties } = resourceOf(resources, id, 'AWS::IAM::Role');
  const { AssumeRolePolicyDocument, Policies, RoleName } = properties;
  return {
    arn: arnOf({ type, name: textOf(RoleName) ?? id }, place),
    trust: AssumeRolePolicyDocument as unknown as Policy,
    policies: (Policies as readonly ValueMap[]).map(({ PolicyDocument }) => PolicyDocument as unknown as Policy),
  };
}

/** Of a bucket policy or a managed policy. */
export function policyDocumentOf({ resources }: ResolvedTemplate, id: string): Policy {
  return resourceOf(resources, id, undefined).properties['PolicyDocument'] as unknown as Policy;
}

function resourceOf(resources: ResolvedTemplate['resources'], id: string, type: string | undefined): ResolvedResource {
  const found = resources[id];
  if (found === undefined || (type !== undefined && found.type !== type))
    throw new Error(`no ${type ?? 'resource'} ${id}`);
  return found;
}
