import { describe, expect, test } from '@jest/globals';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { Form, Location, Rewrite } from '../../../packager/template/place.ts';
import { follow } from '../../../packager/template/site.ts';
import { changesOf, locationOf } from './changes.ts';
import { dataOf } from './independent.ts';
import { written } from './written.ts';

type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data };

const FIELDS = { bucket: 'S3Bucket', key: 'S3Key', version: 'S3ObjectVersion' };
const TURNS = [
  ['East', 'Dev'],
  ['East', 'Prod'],
  ['West', 'Dev'],
];
const LOCATIONS = TURNS.map((_, index) =>
  locationOf(index, {
    bucket: `bucket-${index}`,
    key: `a key/${index}`,
    url: `https://x/${index}`,
    objectVersion: `v${index}`,
  }),
);

/** What each form must come to for one location; `bucket` is what a reference answers. */
const FORMS: readonly (readonly [string, Form, (location: Location, bucket: string) => Data])[] = [
  ['uri', { kind: 'uri' }, ({ key }, bucket) => `s3://${bucket}/${key}`],
  ['arn', { kind: 'arn' }, ({ key }, bucket) => `arn:aws:s3:::${bucket}/${key}`],
  ['bucket/key', { kind: 'bucket/key' }, ({ key }, bucket) => `${bucket}/${key}`],
  [
    'object',
    { kind: 'object', fields: FIELDS, inKey: false },
    ({ key, objectVersion = '' }, bucket) => ({ S3Bucket: bucket, S3Key: key, S3ObjectVersion: objectVersion }),
  ],
  [
    'bucket ARN',
    { kind: 'object', fields: { bucket: 'B', key: 'K', bucketIsArn: true }, inKey: false },
    ({ key }, bucket) => ({ B: `arn:aws:s3:::${bucket}`, K: key }),
  ],
  ['Bucket', { kind: 'artifact', member: 'Bucket' }, (_, bucket) => bucket],
  ['Uri', { kind: 'artifact', member: 'Uri' }, ({ key }, bucket) => `s3://${bucket}/${key}`],
  ['Key', { kind: 'artifact', member: 'Key' }, ({ key }) => key],
  ['Arn', { kind: 'artifact', member: 'Arn' }, ({ arn = '' }) => arn],
  ['ObjectVersion', { kind: 'artifact', member: 'ObjectVersion' }, ({ objectVersion = '' }) => objectVersion],
];

const ENCODED = { 'https-url': { kind: 'https-url' }, Url: { kind: 'artifact', member: 'Url' } } as const;

function source(loops: number): string {
  const [outer, inner] = ['Fn::ForEach::Outer: [Bucket, [East, West], ', 'Fn::ForEach::Inner: [Stage, [Dev, Prod], '];
  const body = '{Name: {Type: T, Properties: {Code: x}}}';
  return `Resources:\n  ${loops === 1 ? `${outer}${body}]` : `${outer}{${inner}${body}]}]`}\n`;
}

function rewritten(
  loops: number,
  form: Form,
  reference: string | undefined,
): { readonly data: Data; readonly value: Data } {
  const turns = TURNS.filter((_, index) => loops === 2 || index !== 1).map((turn) => turn.slice(0, loops));
  const inside = loops === 1 ? '' : '/Fn::ForEach::Inner/2';
  const pointer = `/Resources/Fn::ForEach::Outer/2${inside}/Name/Properties/Code`;
  const loop = ['Bucket', 'Stage'].slice(0, loops);
  const { rewrites } = changesOf({ rewrites: [{ pointer, form, loop, turns, pinned: true }] });
  const template = parseTemplate(source(loops), 't.yaml');
  const whole = rewrites.map((rewrite): Rewrite => ({
    ...rewrite,
    locations: locationsOf(loops),
    ...(reference !== undefined && { references: turns.map(() => reference) }),
  }));
  const output = written(template, { rewrites: whole, references: [] });
  const data = dataOf(parseTemplate(output, 't.yaml').root) as Data;
  return {
    data,
    value: pointer
      .split('/')
      .slice(1)
      .reduce((at: Data, member) => (at as Record<string, Data>)[member]!, data),
  };
}

function locationsOf(loops: number): readonly Location[] {
  return LOCATIONS.filter((_, index) => loops === 2 || index !== 1);
}

/** What CloudFormation makes of a value in one turn of the loops. */
function evaluate(value: Data, data: Data, variables: Readonly<Record<string, string>>): Data {
  if (Array.isArray(value)) return (value as readonly Data[]).map((item) => evaluate(item, data, variables));
  if (typeof value === 'string')
    return value.replace(/\$\{(Bucket|Stage)\}/g, (_, name: string) => variables[name] ?? name);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', null]] = Object.entries(value as Record<string, Data>);
  const evaluated = Object.keys(value).length === 1 ? evaluate(argument, data, variables) : null;
  if (name === 'Ref') return variables[evaluated as string] ?? 'unknown';
  if (name === 'Fn::GetAtt') return evaluated === 'Loop.Bucket' ? 'the-bucket' : 'unknown';
  if (name === 'Fn::FindInMap') {
    const [mapping, first, second] = evaluated as readonly string[];
    return (data as { Mappings: Record<string, Record<string, Record<string, string>>> }).Mappings[mapping!]![first!]![
      second!
    ]!;
  }
  if (name === 'Fn::Sub') {
    const [template, own] = (typeof evaluated === 'string' ? [evaluated, {}] : evaluated) as [
      string,
      Record<string, string>,
    ];
    const known: Record<string, string> = {
      ...own,
      'AWS::Partition': 'aws',
      'AWS::Region': 'r',
      'AWS::URLSuffix': 'u',
      'Loop.Bucket': 'the-bucket',
    };
    return template.replace(/\$\{([^!}]*)\}/g, (_, wanted: string) => known[wanted] ?? 'unknown');
  }
  return Object.fromEntries(
    Object.entries(value as Record<string, Data>).map(([key, one]) => [key, evaluate(one, data, variables)]),
  );
}

describe.each([1, 2])('in %d loops, each turn comes to its own location', (loops) => {
  const turns = TURNS.filter((_, index) => loops === 2 || index !== 1);

  test.each(FORMS)('%s, literally', (_name, form, expected) => {
    const { data, value } = rewritten(loops, form, undefined);
    for (const [index, [bucket = '', stage = '']] of turns.entries()) {
      const location = locationsOf(loops)[index]!;
      expect(evaluate(value, data, { Bucket: bucket, Stage: stage })).toEqual(expected(location, location.bucket));
    }
  });

  test.each(FORMS)('%s, from a reference', (_name, form, expected) => {
    const { data, value } = rewritten(loops, form, 'Loop');
    for (const [index, [bucket = '', stage = '']] of turns.entries()) {
      const location = locationsOf(loops)[index]!;
      expect(evaluate(value, data, { Bucket: bucket, Stage: stage })).toEqual(expected(location, 'the-bucket'));
    }
  });

  test.each(Object.entries(ENCODED))('%s', (_name, form) => {
    const literally = rewritten(loops, form, undefined);
    const referring = rewritten(loops, form, 'Loop');
    for (const [index, [bucket = '', stage = '']] of turns.entries()) {
      const { url, key } = locationsOf(loops)[index]!;
      const variables = { Bucket: bucket, Stage: stage };
      expect(evaluate(literally.value, literally.data, variables)).toBe(url);
      const encoded = key.replace(' ', '%20');
      expect(evaluate(referring.value, referring.data, variables)).toBe(`https://s3.r.u/the-bucket/${encoded}`);
    }
  });
});

describe('a generated mapping', () => {
  const ALIKE = ['A${X}', '${X}A'].map((name) => `/Resources/Fn::ForEach::Loop/2/${name}/Properties/Code`);
  const BODY = '{"A${X}": {Type: T, Properties: {Code: x}}, "${X}A": {Type: T, Properties: {Code: x}}}';
  const RESOURCES = `Resources:\n  Fn::ForEach::Loop: [X, [p, q], ${BODY}]\n`;

  /** The mapping that each place looks up. */
  const namesFor = (pointers: readonly string[], before = ''): readonly string[] => {
    const changes = changesOf({
      rewrites: pointers.map((pointer) => ({ pointer, form: { kind: 'uri' }, loop: ['X'], turns: [['p'], ['q']] })),
    });
    const output = written(parseTemplate(before + RESOURCES, 't.yaml'), changes);
    const { root } = parseTemplate(output, 't.yaml');
    return pointers.map((pointer) => {
      const call = dataOf(follow(root, pointer).site.node) as Record<string, readonly string[]>;
      return call['Fn::FindInMap']![0]!;
    });
  };

  test('is named by its place', () => {
    expect(ALIKE.flatMap((pointer) => namesFor([pointer]))).toEqual(['ArtifactsLoopACode', 'ArtifactsLoopACode']);
  });

  test('gets a digest where another reads alike, whichever comes first', () => {
    const names = namesFor(ALIKE);
    for (const name of names) expect(name).toMatch(/^ArtifactsLoopACode[0-9a-f]{8}$/);
    expect(new Set(names).size).toBe(2);
    expect(namesFor(ALIKE.toReversed())).toEqual(names.toReversed());
  });

  test.each([
    'Mappings: {ArtifactsLoopACode: {A: {B: c}}}',
    'Parameters: {ArtifactsLoopACode: {Type: String}}',
    'Conditions: {ArtifactsLoopACode: !Equals [a, b]}',
    'Rules: {ArtifactsLoopACode: {Assertions: []}}',
  ])('gets a digest where the template has its name: %s', (section) => {
    expect(namesFor(ALIKE.slice(0, 1), `${section}\n`)[0]).toMatch(/^ArtifactsLoopACode[0-9a-f]{8}$/);
    const other = section.replace('ArtifactsLoopACode', 'Other');
    expect(namesFor(ALIKE.slice(0, 1), `${other}\n`)).toEqual(['ArtifactsLoopACode']);
  });

  test('has another name than the resources have, those that are added included', () => {
    const place = { pointer: ALIKE[0]!, form: { kind: 'uri' }, loop: ['X'], turns: [['p'], ['q']] } as const;
    const given = RESOURCES.replace('Resources:\n', 'Resources:\n  ArtifactsLoopACode: {Type: T}\n');
    const template = parseTemplate(given, 't.yaml');
    expect(written(template, changesOf({ rewrites: [place] }))).toMatch(/^ {2}ArtifactsLoopACode[0-9a-f]{8}:$/m);
    const references = [{ logicalId: 'ArtifactsLoopACode' }];
    const added = written(parseTemplate(RESOURCES, 't.yaml'), changesOf({ rewrites: [place], references }));
    expect(added).toMatch(/^ {2}ArtifactsLoopACode[0-9a-f]{8}:$/m);
  });

  test('has a name of bounded length', () => {
    const property = 'P'.repeat(300);
    const pointer = `/Resources/Fn::ForEach::Loop/2/A\${X}/Properties/${property}`;
    const template = parseTemplate(RESOURCES.replace('Code', property), 't.yaml');
    const place = { pointer, form: { kind: 'uri' }, loop: ['X'], turns: [['p'], ['q']] } as const;
    const name = /Artifacts\w+/.exec(written(template, changesOf({ rewrites: [place] })))?.[0];
    expect(name).toMatch(/^ArtifactsLoopAP+[0-9a-f]{8}$/);
    expect(name).toHaveLength(200);
  });
});

test('a key with a character that no URL has is encoded behind a grouped reference, and nowhere else', () => {
  const location = { key: 'a key/1+1=2/é.zip' };
  const ways = [
    ['https-url', 'https://s3.${AWS::Region}.${AWS::URLSuffix}/${R.Bucket}/a%20key/1%2B1%3D2/%C3%A9.zip'],
    ['uri', 's3://${R.Bucket}/a key/1+1=2/é.zip'],
  ] as const;
  for (const [kind, sub] of ways) {
    const changes = changesOf({
      rewrites: [{ pointer: '/Resources/A/Properties/P', form: { kind }, references: ['R'], location }],
      references: [{ logicalId: 'R', grouped: true }],
    });
    const template = parseTemplate('Resources: {A: {Type: T, Properties: {P: x}}}', 't.yaml');
    const { root } = parseTemplate(written(template, changes), 't.yaml');
    expect(dataOf(follow(root, '/Resources/A/Properties/P').site.node)).toEqual({ 'Fn::Sub': sub });
  }
});
