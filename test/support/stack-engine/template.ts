import type { CollectionTag, ScalarTag, Tags } from 'yaml';
import { isAlias, parseDocument, visit, YAMLMap, YAMLSeq } from 'yaml';
import { UnsupportedError, ValidationError } from './error.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, isMap, mapOf, textOf } from './value.ts';

export type DeletionPolicy = 'Delete' | 'Retain' | 'RetainExceptOnCreate';

export interface TemplateResource {
  readonly type: string;
  readonly properties: Value;
  readonly dependsOn: readonly string[];
  readonly condition: string | undefined;
  readonly deletionPolicy: DeletionPolicy;
  /** Whether the template says it: an import asks for that. */
  readonly declaresDeletionPolicy: boolean;
  readonly updateReplacePolicy: 'Delete' | 'Retain';
  readonly metadata: Value;
}

export interface TemplateOutput {
  readonly value: Value;
  readonly condition: string | undefined;
  readonly export: Value;
  readonly description: string | undefined;
}

export interface Template {
  readonly description: string | undefined;
  readonly transforms: readonly string[];
  readonly parameters: Readonly<Record<string, ValueMap>>;
  readonly mappings: ValueMap;
  readonly conditions: ValueMap;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: Readonly<Record<string, TemplateOutput>>;
}

const SHORT_FORMS = [
  ...[
    'Base64',
    'Cidr',
    'FindInMap',
    'GetAtt',
    'GetAZs',
    'If',
    'ImportValue',
    'Join',
    'Select',
    'Split',
    'Sub',
    'Transform',
  ],
  ...['And', 'Or', 'Not', 'Equals', 'Ref', 'Condition', 'Length', 'ToJsonString'],
];

const longForm = (name: string): string => (name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`);

/** `!GetAtt A.b.c` names the attribute `b.c` of A. */
function inLongForm(name: string, value: Value): Value {
  if (name !== 'GetAtt' || typeof value !== 'string') return { [longForm(name)]: value };
  const dot = value.indexOf('.');
  if (dot < 0)
    throw new ValidationError(
      `Template error: every Fn::GetAtt object requires two non-empty parameters, not '${value}'`,
    );
  return { 'Fn::GetAtt': [value.slice(0, dot), value.slice(dot + 1)] };
}

const SHORT_TAGS: Tags = SHORT_FORMS.flatMap((name): [ScalarTag, CollectionTag, CollectionTag] => [
  { tag: `!${name}`, resolve: (text) => inLongForm(name, text) },
  {
    tag: `!${name}`,
    collection: 'seq',
    resolve: (node) => inLongForm(name, node instanceof YAMLSeq ? (node.toJSON() as Value) : null),
  },
  {
    tag: `!${name}`,
    collection: 'map',
    resolve: (node) => inLongForm(name, node instanceof YAMLMap ? (node.toJSON() as Value) : null),
  },
]);

/** What CloudFormation leaves out of YAML 1.1: a date stays the text it is. */
const LEFT_OUT = new Set(
  ['timestamp', 'binary', 'omap', 'pairs', 'set', 'merge'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** YAML or JSON as CloudFormation reads it. */
export function parseText(text: string): ValueMap {
  const document = parseDocument(text, {
    version: '1.1',
    merge: false,
    customTags: (tags) => [...tags.filter((tag) => typeof tag === 'string' || !LEFT_OUT.has(tag.tag)), ...SHORT_TAGS],
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined)
    throw new ValidationError(`Template format error: YAML not well-formed. ${problem.message}`);
  visit(document, (_key, node) => {
    if (isAlias(node))
      throw new ValidationError('Template error: YAML aliases are not allowed in CloudFormation templates');
  });
  const value = plain(document.toJS() as Value);
  if (!isMap(value)) throw new ValidationError('Template format error: unsupported structure.');
  return value;
}

/** Tags within tags leave nodes behind that are not plain yet. */
function plain(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

const SECTIONS = new Set([
  ...['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings', 'Conditions', 'Transform'],
  ...['Resources', 'Outputs'],
]);
const ATTRIBUTES = new Set([
  ...['Type', 'Properties', 'DependsOn', 'Condition', 'Metadata', 'DeletionPolicy', 'UpdateReplacePolicy', 'Version'],
]);

/** CloudFormation's quotas. */
const MOST: Readonly<Record<string, number>> = { Resources: 500, Parameters: 200, Outputs: 200, Mappings: 200 };

/** After its transforms: sections and resources in a form that needs no second look. */
export function templateOf(source: ValueMap): Template {
  for (const section of Object.keys(source)) {
    if (section === 'Rules' || section === 'Hooks' || section === 'Globals')
      throw new UnsupportedError(`the section ${section} here`);
    if (!SECTIONS.has(section)) throw new ValidationError(`Invalid template property or properties [${section}]`);
  }
  for (const [section, most] of Object.entries(MOST)) {
    const count = Object.keys(mapOf(source[section])).length;
    if (count > most)
      throw new ValidationError(
        `Template format error: Number of ${section}, ${count}, is greater than maximum allowed, ${most}`,
      );
  }
  const resources = mapOf(source['Resources']);
  if (Object.keys(resources).length === 0) {
    throw new ValidationError('Template format error: At least one Resources member must be defined.');
  }
  return {
    description: textOf(source['Description']),
    transforms: transformsOf(source),
    parameters: mapOf(source['Parameters']) as Readonly<Record<string, ValueMap>>,
    mappings: mapOf(source['Mappings']),
    conditions: mapOf(source['Conditions']),
    resources: Object.fromEntries(Object.entries(resources).map(([id, resource]) => [id, resourceOf(id, resource)])),
    outputs: Object.fromEntries(
      Object.entries(mapOf(source['Outputs'])).map(([id, output]) => [id, outputOf(id, output)]),
    ),
  };
}

/** Names of the transforms, in order. */
export function transformsOf(source: ValueMap): readonly string[] {
  const transform = source['Transform'];
  if (transform === undefined) return [];
  return (isList(transform) ? transform : [transform]).map((one) => textOf(one) ?? textOf(mapOf(one)['Name']) ?? '');
}

function resourceOf(id: string, resource: Value): TemplateResource {
  if (!/^[A-Za-z0-9]{1,255}$/.test(id)) {
    throw new ValidationError(`Template format error: Resource name ${id} is non alphanumeric.`);
  }
  const type = isMap(resource) ? textOf(resource['Type']) : undefined;
  if (!isMap(resource) || type === undefined) {
    throw new ValidationError(
      `Template format error: [/Resources/${id}] Every Resources object must contain a Type member.`,
    );
  }
  for (const attribute of Object.keys(resource)) {
    if (attribute === 'CreationPolicy' || attribute === 'UpdatePolicy')
      throw new UnsupportedError(`${attribute} (${id})`);
    if (!ATTRIBUTES.has(attribute)) {
      throw new ValidationError(
        `Template format error: [/Resources/${id}] Encountered unsupported property ${attribute}`,
      );
    }
  }
  requireSupported(resource['Properties'], `/Resources/${id}/Properties`);
  const dependsOn = resource['DependsOn'] ?? [];
  return {
    type,
    properties: resource['Properties'] ?? {},
    dependsOn: (isList(dependsOn) ? dependsOn : [dependsOn]).map((one) => textOf(one) ?? ''),
    condition: textOf(resource['Condition']),
    deletionPolicy: policyOf(id, resource, 'DeletionPolicy') as DeletionPolicy,
    declaresDeletionPolicy: resource['DeletionPolicy'] !== undefined,
    updateReplacePolicy: policyOf(id, resource, 'UpdateReplacePolicy') as TemplateResource['updateReplacePolicy'],
    metadata: resource['Metadata'],
  };
}

function policyOf(id: string, resource: ValueMap, name: 'DeletionPolicy' | 'UpdateReplacePolicy'): string {
  const policy = textOf(resource[name]) ?? 'Delete';
  if (policy === 'Snapshot') throw new UnsupportedError(`the ${name} Snapshot (${id})`);
  const allowed = ['Delete', 'Retain', ...(name === 'DeletionPolicy' ? ['RetainExceptOnCreate'] : [])];
  if (!allowed.includes(policy)) {
    throw new ValidationError(`Template error: resource ${id}: Unrecognized ${name} ${policy}`);
  }
  return policy;
}

function requireSupported(value: Value, path: string): void {
  if (typeof value === 'string' && value.includes('{{resolve:'))
    throw new UnsupportedError(`dynamic references (${path})`);
  if (value === null) throw new ValidationError(`[${path}] 'null' values are not allowed in templates`);
  if (typeof value !== 'object') return;
  for (const [name, member] of Object.entries(value)) requireSupported(member, `${path}/${name}`);
}

function outputOf(id: string, output: Value): TemplateOutput {
  if (!isMap(output) || output['Value'] === undefined) {
    throw new ValidationError(`Template format error: Every Outputs member must contain a Value object (${id})`);
  }
  return {
    value: output['Value'],
    condition: textOf(output['Condition']),
    export: mapOf(output['Export'])['Name'],
    description: textOf(output['Description']),
  };
}
