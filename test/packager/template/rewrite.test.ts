import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MapEntry, TemplateNode } from '../../../packager/template/node.ts';
import { pointerTo } from '../../../packager/template/node.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { Form, ReferenceResource } from '../../../packager/template/place.ts';
import { resourcesOf, rewriteTemplate } from '../../../packager/template/rewrite/rewrite.ts';
import type { Template } from '../../../packager/template/template.ts';
import type { BriefRewrite } from './changes.ts';
import { changesOf, locationOf } from './changes.ts';
import { CORPUS } from './corpus.ts';
import { documents } from './documents.ts';
import { dataOf, readIndependently } from './independent.ts';
import { written } from './written.ts';
import { whySkipped } from '../../support/where.ts';

const OBJECT: Form = { kind: 'object', fields: { bucket: 'S3Bucket', key: 'S3Key' }, inKey: false };
const URI: Form = { kind: 'uri' };
const SOURCE = 'default/it\'s "odd": #1 ${here}/é😀, {really}\u0085';

/** What may be written, and what a reader must then find. */
const WRITINGS: readonly { readonly brief: Omit<BriefRewrite, 'pointer'>; readonly data: unknown }[] = [
  { brief: { form: URI }, data: 's3://b/k' },
  { brief: { form: OBJECT }, data: { S3Bucket: 'b', S3Key: 'k' } },
  { brief: { form: OBJECT, references: ['R'] }, data: { S3Bucket: { 'Fn::GetAtt': 'R.Bucket' }, S3Key: 'k' } },
  { brief: { form: URI, references: ['R'] }, data: { 'Fn::Sub': 's3://${R.Bucket}/k' } },
  { brief: { form: { kind: 'https-url' }, references: ['R'] }, data: { 'Fn::GetAtt': 'R.Url' } },
  { brief: { form: URI, location: { key: SOURCE } }, data: `s3://b/${SOURCE}` },
  {
    brief: { form: URI, references: ['R'], location: { key: SOURCE } },
    data: { 'Fn::Sub': `s3://\${R.Bucket}/${SOURCE.replaceAll('${', '${!')}` },
  },
  { brief: { form: { kind: 'artifact', member: 'Key' }, location: { key: '0123' } }, data: '0123' },
  { brief: { form: { kind: 'artifact', member: 'Key' }, location: { key: 'yes' } }, data: 'yes' },
  { brief: { form: { kind: 'artifact', member: 'Key' }, location: { key: '- a: b' } }, data: '- a: b' },
];

interface Spot {
  readonly pointer: string;
  readonly node: TemplateNode;
}

/** Nodes that a place could be: what is no section, key or document. Those behind a tag are left to what is around them. */
function* spots(node: TemplateNode, pointer = '', depth = 0): Generator<Spot> {
  if (depth > 0) yield { pointer, node };
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) yield* spots(item, pointerTo(pointer, index), depth + 1);
  } else if (node.kind === 'map' && !node.short) {
    for (const { key, value } of node.entries) yield* spots(value, pointerTo(pointer, key), depth + 1);
  }
}

/** Some of them, none inside of another. */
function choose(all: readonly Spot[], wanted: (index: number) => boolean): readonly Spot[] {
  const chosen: Spot[] = [];
  for (const [index, spot] of all.entries()) {
    const outer = chosen[chosen.length - 1];
    if (wanted(index) && !(outer !== undefined && spot.pointer.startsWith(`${outer.pointer}/`))) chosen.push(spot);
  }
  return chosen;
}

/** The data of a tree, with other data at some of its nodes; GetAtt as one text, however it is written. */
function dataWith(node: TemplateNode, changed: ReadonlyMap<TemplateNode, unknown>): unknown {
  if (changed.has(node)) return changed.get(node);
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map((item) => dataWith(item, changed));
  return Object.fromEntries(node.entries.map(({ key, value }: MapEntry) => [key, dataWith(value, changed)]));
}

/** The data of a tree, with a new member in each of these maps (and nulls, which become maps). */
function withMembers(node: TemplateNode, maps: ReadonlySet<TemplateNode>, value: unknown): unknown {
  if (node.kind === 'scalar') return maps.has(node) ? { New: value } : node.value;
  if (node.kind === 'list') return node.items.map((item) => withMembers(item, maps, value));
  const members = node.entries.map((entry) => [entry.key, withMembers(entry.value, maps, value)]);
  return Object.fromEntries(maps.has(node) ? [...members, ['New', value]] : members);
}

function sameGetAtt(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(sameGetAtt);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]: [string, unknown]) => {
      const isPath = key === 'Fn::GetAtt' && Array.isArray(value) && value.every((part) => typeof part === 'string');
      return [key, isPath ? value.join('.') : sameGetAtt(value)];
    }),
  );
}

function expectOnlyThat(template: Template, chosen: readonly Spot[], first: number): void {
  const writings = chosen.map((_, index) => WRITINGS[(first + index) % WRITINGS.length]!);
  const rewrites = chosen.map(({ pointer }, index): BriefRewrite => {
    const { brief } = writings[index]!;
    return { ...brief, pointer, location: { bucket: 'b', key: 'k', ...brief.location } };
  });
  const output = written(template, changesOf({ rewrites }));

  const changed = new Map(chosen.map(({ node }, index) => [node, writings[index]!.data]));
  const expected = sameGetAtt(dataWith(template.root, changed));
  const again = parseTemplate(output, template.file, { kind: 'fragment' });
  expect(sameGetAtt(dataOf(again.root))).toEqual(expected);
  const independent = readIndependently(output);
  if (independent !== undefined) expect(sameGetAtt(independent.data)).toEqual(expected);
  expectOutsideToBeThere(template.text, chosen, output);
}

/** Between the replaced values everything is still there, in order. What was behind a value may have its lines between itself and the next line. */
function expectOutsideToBeThere(before: string, chosen: readonly Spot[], after: string): void {
  let at = 0;
  let from = 0;
  for (const { node } of [...chosen, { node: { start: before.length, end: before.length } }]) {
    const outside = before.slice(from, node.start);
    // The blanks around a value may go with it, or a line break before it where it was drawn up to its key.
    for (const piece of outside.trim().split(/(?<=[\r\n])/)) {
      const found = after.indexOf(piece.trimEnd(), at);
      expect({ piece, found: found >= at }).toEqual({ piece, found: true });
      at = found + piece.trimEnd().length;
    }
    from = node.end;
  }
}

describe('rewriting', () => {
  test('with nothing to do is identity', () => {
    fc.assert(
      fc.property(documents, (source) => {
        if (!readable(source)) return;
        const template = parseTemplate(source, 'template.yaml', { kind: 'fragment' });
        expect(rewriteTemplate(template, { rewrites: [], references: [] })).toBe(template.text);
      }),
    );
  });

  test('changes the data at its places only, and no other text', () => {
    let changed = 0;
    fc.assert(
      fc.property(documents, fc.array(fc.boolean(), { minLength: 1 }), fc.nat({ max: 20 }), (source, picks, first) => {
        if (!readable(source)) return;
        const template = parseTemplate(source, 'template.yaml', { kind: 'fragment' });
        const chosen = choose([...spots(template.root)], (index) => picks[index % picks.length] === true);
        expectOnlyThat(template, chosen, first);
        changed += chosen.length;
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 500) },
    );
    expect(changed).toBeGreaterThan(300);
  });

  test('adds members to every map at once, whatever its style', () => {
    let added = 0;
    fc.assert(
      fc.property(documents, fc.boolean(), (source, asObject) => {
        if (!readable(source)) return;
        const template = parseTemplate(source, 'template.yaml', { kind: 'fragment' });
        const maps = [{ pointer: '', node: template.root }, ...spots(template.root)].filter(
          ({ node }) => (node.kind === 'map' && !node.short) || (node.kind === 'scalar' && node.value === null),
        );
        const location = { bucket: 'b', key: 'k' };
        const form = asObject ? OBJECT : URI;
        const rewrites = maps.map(({ pointer }) => ({ pointer: `${pointer}/New`, absent: true, form, location }));
        const output = rewriteTemplate(template, changesOf({ rewrites }));

        const value = asObject ? { S3Bucket: 'b', S3Key: 'k' } : 's3://b/k';
        const expected = withMembers(template.root, new Set(maps.map(({ node }) => node)), value);
        expect(dataOf(parseTemplate(output, 'out.yaml', { kind: 'fragment' }).root)).toEqual(expected);
        added += maps.length;
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
    expect(added).toBeGreaterThan(300);
  });

  test('the same in JSON of any white space', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom(undefined, 1, 2, '\t'),
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.nat({ max: 20 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        (value, indent, picks, first, lineBreak) => {
          const source = JSON.stringify({ A: value, B: './src' }, undefined, indent).replaceAll('\n', lineBreak);
          const template = parseTemplate(source, 'template.json');
          const chosen = choose([...spots(template.root)], (index) => picks[index % picks.length] === true);
          expectOnlyThat(template, chosen, first);
          const output = rewriteTemplate(template, changesOf({ references: [{ logicalId: 'Reference' }] }));
          expect(Object.keys((JSON.parse(output) as { Resources: object }).Resources)).toEqual(['Reference']);
        },
      ),
    );
  });
});

describe('values in odd places', () => {
  const rewritten = (source: string, brief: BriefRewrite): string =>
    written(
      parseTemplate(source, 't.yaml', { kind: 'fragment' }),
      changesOf({ rewrites: [{ location: { bucket: 'b', key: 'k' }, ...brief }] }),
    );

  test.each<[string, string, BriefRewrite, string]>([
    ['a key without colon, in flow', 'A: {B, C: 1}\n', { pointer: '/A/B', form: URI }, "A: {B: 's3://b/k', C: 1}\n"],
    ['a colon alone, in flow', 'A: {B:}\n', { pointer: '/A/B', form: OBJECT }, 'A: {B: {S3Bucket: b, S3Key: k}}\n'],
    [
      'an explicit key without value',
      'A:\n  ? B\n  ? C\n',
      { pointer: '/A/B', form: URI },
      'A:\n  ? B\n  : s3://b/k\n  ? C\n',
    ],
    [
      'an explicit key without value, to an object',
      'A:\n  ? B\n',
      { pointer: '/A/B', form: OBJECT },
      'A:\n  ? B\n  : S3Bucket: b\n    S3Key: k\n',
    ],
    ['an empty item', '- \n-\n', { pointer: '/1', form: OBJECT }, '- \n- S3Bucket: b\n  S3Key: k\n'],
    [
      'behind a tag',
      'A: !Foo x\n',
      { pointer: '/A/Fn::Foo', form: URI, references: ['R'] },
      'A: !Foo {"Fn::Sub": "s3://${R.Bucket}/k"}\n',
    ],
    [
      'an object behind a tag',
      'A: !Foo x\n',
      { pointer: '/A/Fn::Foo', form: OBJECT },
      'A: !Foo {"S3Bucket": "b", "S3Key": "k"}\n',
    ],
    [
      'a list at its key',
      'A:\n  B:\n  - 1 # c\n',
      { pointer: '/A/B', form: OBJECT },
      'A:\n  B:\n    S3Bucket: b\n    S3Key: k # c\n',
    ],
    [
      'a list at its key, with a comment between',
      'A:\n  B: # c\n  - 1\n',
      { pointer: '/A/B', form: URI },
      'A:\n  B: # c\n    s3://b/k\n',
    ],
    [
      'blanks behind the value go',
      'A: x  \nB: 1\n',
      { pointer: '/A', form: OBJECT },
      'A:\n  S3Bucket: b\n  S3Key: k\nB: 1\n',
    ],
    [
      'lone CR',
      'R:\r    A: x\r',
      { pointer: '/R/A', form: OBJECT },
      'R:\r    A:\r        S3Bucket: b\r        S3Key: k\r',
    ],
    ['no step to measure', 'A: x', { pointer: '/A', form: OBJECT }, 'A:\n  S3Bucket: b\n  S3Key: k'],
  ])('%s', (_name, source, brief, expected) => {
    expect(rewritten(source, brief)).toBe(expected);
    expect(readable(expected)).toBe(true);
  });

  test('a place that is not there is a defect of who names it', () => {
    expect(() => rewritten('A: 1\n', { pointer: '/B', form: URI })).toThrow("nothing stands at '/B'");
  });
});

const inCorpus = CORPUS.length > 0 ? describe : describe.skip;
/** Every fourth is enough here: each is parsed several times. */
const templates = CORPUS.filter(({ source }, index) => index % 4 === 0 && readable(source));

inCorpus(`rewriting the templates of the corpus${whySkipped(CORPUS.length > 0, 'there is no shared corpus')}`, () => {
  test('there are hundreds', () => {
    expect(templates.length).toBeGreaterThan(250);
  });

  test.each(templates)('$name', ({ name, source }) => {
    const template = parseTemplate(source, name, { kind: 'fragment' });
    const all = [...spots(template.root)];
    const every = Math.max(3, Math.ceil(all.length / 60));
    expectOnlyThat(
      template,
      choose(all, (index) => index % every === 2),
      source.length,
    );
    expectReferencesToBeAdded(template);
  });
});

/** Added to the resources, with a dependency of every resource, and nothing else changed. */
function expectReferencesToBeAdded(template: Template): void {
  const resources = resourcesOf(template);
  if (resources === undefined || resources.short) return;
  const ids = resources.entries.filter(({ value }) => value.kind === 'map' && !value.short).map(({ key }) => key);
  const references: ReferenceResource[] = [
    { logicalId: 'New1', artifacts: [artifact(1)], grouped: false, pinned: true, condition: 'C' },
    { logicalId: 'New2', artifacts: [artifact(2), artifact(3)], grouped: true, pinned: false },
  ];
  const plain = ids.filter((id) => !id.startsWith('Fn::'));
  const rewrites = plain.map((id): BriefRewrite => ({
    pointer: `${pointerTo('/Resources', id)}/Properties/Absent`,
    absent: true,
    form: URI,
    location: { bucket: 'b', key: 'k' },
    dependsOn: ['New1', 'New2'],
  }));
  const output = rewriteTemplate(template, { ...changesOf({ rewrites }), references });

  const expected = dataOf(template.root) as { Resources: Record<string, Record<string, unknown>> };
  for (const id of plain) {
    const resource = expected.Resources[id]!;
    const before = resource['DependsOn'] ?? [];
    resource['DependsOn'] = [...(Array.isArray(before) ? (before as string[]) : [before]), 'New1', 'New2'];
    const properties = resource['Properties'] ?? {};
    resource['Properties'] = { ...properties, Absent: 's3://b/k' };
  }
  const token = { ServiceToken: { 'Fn::ImportValue': 'cfn-artifacts-ServiceToken' }, ServiceTimeout: 300 };
  const [first, second, third] = [artifact(1), artifact(2), artifact(3)];
  expected.Resources['New1'] = {
    Type: 'Custom::ArtifactRef',
    Condition: 'C',
    Properties: { ...token, ArtifactArn: first.arn, Key: first.key, Pinned: true },
  };
  const arns = [second, third].map(({ arn, key }) => ({ Arn: arn, Key: key }));
  expected.Resources['New2'] = { Type: 'Custom::ArtifactRef', Properties: { ...token, ArtifactArns: arns } };
  expect(dataOf(parseTemplate(output, template.file, { kind: 'fragment' }).root)).toEqual(expected);
}

function artifact(number: number): { arn: string; key: string } {
  const { arn = '', key } = locationOf(number);
  return { arn, key };
}

function readable(source: string): boolean {
  try {
    parseTemplate(source, 'template.yaml', { kind: 'fragment' });
    return true;
  } catch {
    return false;
  }
}
