import { describe, expect, test } from '@jest/globals';
import { findPlaces } from '../../../packager/template/find/find.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { PropertyEntry, Step } from '../../../packager/template/properties/property.ts';
import { propertyTable } from '../../../packager/template/properties/table.ts';
import { PSEUDO_TYPES } from '../../../packager/template/properties/property.ts';

const TABLE = propertyTable();
const ENTRIES = [...TABLE.values()].flat();

type Json = string | Json[] | { [key: string]: Json };

/** `value` where the path leads to, with as little around it as there can be. */
function around(path: readonly Step[], value: Json): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const inner = around(rest, value);
  switch (step.kind) {
    case 'member':
      return { [step.name]: inner };
    case 'items':
      return [inner];
    case 'values':
      return { key: inner };
  }
}

function merged(a: Json, b: Json): Json {
  if (typeof a === 'string' || typeof b === 'string') return b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((item, index) => merged(item, b[index] ?? item));
  if (Array.isArray(a) || Array.isArray(b)) return b;
  const both = Object.entries(b).map(([key, value]): [string, Json] => [
    key,
    key in a ? merged(a[key]!, value) : value,
  ]);
  return { ...a, ...Object.fromEntries(both) };
}

function pointerOf(path: readonly Step[]): string {
  const members = path.map((step) => (step.kind === 'member' ? step.name : step.kind === 'items' ? '0' : 'key'));
  return members.map((member) => `/${member}`).join('');
}

/** A template in which one property of the table has a value, and the pointer to what is around the entry's path. */
function templateFor(
  { type, path, when }: PropertyEntry,
  value: string,
): { readonly template: Json; readonly before: string } {
  const content = when.reduce((all, guard) => merged(all, around(guard.path, guard.value)), around(path, value));
  switch (type) {
    case PSEUDO_TYPES.include:
      return {
        template: { Resources: { 'Fn::Transform': merged(content, { Name: 'AWS::Include' }) } },
        before: '/Resources/Fn::Transform',
      };
    case PSEUDO_TYPES.topLevelInclude:
      return {
        template: { Resources: {}, Transform: merged(content, { Name: 'AWS::Include' }) },
        before: '/Transform',
      };
    case PSEUDO_TYPES.repositoryMetadata:
      return {
        template: { Resources: {}, Metadata: { 'AWS::ServerlessRepo::Application': content } },
        before: '/Metadata/AWS::ServerlessRepo::Application',
      };
    case PSEUDO_TYPES.init:
      return {
        template: {
          Resources: { R: { Type: 'AWS::EC2::Instance', Metadata: { 'AWS::CloudFormation::Init': content } } },
        },
        before: '/Resources/R/Metadata/AWS::CloudFormation::Init',
      };
    default:
      return { template: { Resources: { R: { Type: type, Properties: content } } }, before: '/Resources/R/Properties' };
  }
}

function search(entry: PropertyEntry, value: string, exists: boolean) {
  const { template, before } = templateFor(entry, value);
  const found = findPlaces(parseTemplate(JSON.stringify(template), 't.json'), {
    table: TABLE,
    kind: 'template',
    parameters: new Map(),
    exists: () => exists,
    zipTemplateDirWhenAbsent: false,
    detached: false,
    defaultsAreFinal: false,
    hasDomain: true,
  });
  return { ...found, before };
}

describe('every property of the table', () => {
  test.each(ENTRIES.map((entry) => ({ ...entry, entry })))('$type $property', ({ entry }) => {
    const { type, property, path, form, wanted, prefix, suffix, literal, detached } = entry;
    const { places, warnings, problems, before } = search(entry, `${prefix[0] ?? ''}./x`, true);
    expect({ warnings, problems }).toEqual({ warnings: [], problems: [] });
    expect(places).toEqual([
      expect.objectContaining({
        pointer: `${before}${pointerOf(path)}`,
        ...{ type, property, form, wanted, literal, detached, loop: [], absent: false, pinned: false },
        targets: [{ values: [], target: { kind: 'path', path: './x' } }],
      }),
    ]);
    expect(places[0]?.suffix).toEqual(suffix.length > 0 ? suffix : undefined);
    expect(places[0]?.prefix).toBe(prefix[0]);
  });

  test.each(ENTRIES.map((entry) => ({ ...entry, entry })))('$type $property with an S3 URI', ({ entry }) => {
    const { places, problems } = search(entry, 's3://bucket/key', true);
    expect(problems).toEqual([]);
    const takenApart = entry.core && entry.form.kind === 'object';
    expect(places.map(({ targets }) => targets)).toEqual(
      takenApart ? [[{ values: [], target: { kind: 's3-uri', bucket: 'bucket', key: 'key' } }]] : [],
    );
  });

  test.each(ENTRIES.filter(({ core }) => !core).map((entry) => ({ ...entry, entry })))(
    '$type $property with a word that names nothing here',
    ({ entry }) => {
      const isKey = entry.form.kind === 'object' && entry.form.inKey;
      const { places, warnings, problems } = search(entry, 'word', false);
      expect({ warnings, problems }).toEqual({ warnings: [], problems: [] });
      expect(places.length).toBe(isKey ? 1 : 0);
    },
  );
});
