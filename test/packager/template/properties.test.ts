import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ArtifactErrors } from '../../../repository/index.ts';
import type { PropertyEntry, WrittenTable } from '../../../packager/template/properties/property.ts';
import { BUILT_IN_PROPERTIES, propertyTable } from '../../../packager/template/properties/table.ts';
import { loadProperties } from '../../../packager/template/properties/user-table.ts';
import { entriesOf, parsePath } from '../../../packager/template/properties/property.ts';
import { sharedFile } from '../../support/corpus.ts';
import { LEFT_OUT, OTHER_CONTENT, OTHER_PATH } from './properties-exceptions.ts';
import { propertiesPage } from './properties-page.ts';
import { whySkipped } from '../../support/where.ts';

interface Gathered {
  readonly type: string;
  readonly path: string;
  readonly fields: { readonly bucket?: string; readonly key?: string; readonly version?: string };
  readonly content: 'file' | 'file-or-zip' | 'zip-dir' | 'template';
  readonly confidence: 'high' | 'medium' | 'low';
  readonly valueStyle:
    's3-uri' | 'https-url' | 'object' | 'object-with-other-members' | 'sibling-properties' | 's3-arn' | 'bucket/key';
  readonly support: { readonly aws_cli: boolean; readonly sam: boolean };
}

const gathered = sharedFile('artifact-properties.json');
const list = (JSON.parse(gathered ?? '[]') as Gathered[]).filter(({ confidence }) => confidence !== 'low');
const describeWithList = gathered === undefined ? describe.skip : describe;
const ALL: readonly PropertyEntry[] = BUILT_IN_PROPERTIES.flatMap(entriesOf);

function entryFor({ type, path: property }: Gathered): PropertyEntry | undefined {
  const written = OTHER_PATH[`${type} ${property}`] ?? property;
  return ALL.find((entry) => entry.type === type && entry.property === written);
}

describeWithList(
  `every property of the gathered list is in the table${whySkipped(gathered !== undefined, 'there is no shared list')}`,
  () => {
    const present = list.filter(({ type, path: property }) => LEFT_OUT[`${type} ${property}`] === undefined);

    test('with nothing missing but what has a reason', () => {
      const missing = list.filter((one) => entryFor(one) === undefined).map(({ type, path: one }) => `${type} ${one}`);
      expect(missing.sort()).toEqual(Object.keys(LEFT_OUT).sort());
      expect(list.length).toBeGreaterThan(200);
    });

    test('in its form and with its members', () => {
      for (const one of present)
        expect([one.type, one.path, formOf(entryFor(one))]).toEqual([one.type, one.path, wantedForm(one)]);
    });

    test('with its content', () => {
      for (const one of present) {
        const name = `${one.type} ${one.path}`;
        const allowed = OTHER_CONTENT[name] === undefined ? contentsOf(one) : [OTHER_CONTENT[name].wanted];
        expect([name, allowed]).toEqual([name, expect.arrayContaining([entryFor(one)?.wanted])]);
      }
    });

    test('as one that must be a path where aws-cli or SAM package it', () => {
      const differing = present.filter((one) => entryFor(one)?.core !== (one.support.aws_cli || one.support.sam));
      // Nobody but us packages it, but nothing except a location may stand there.
      expect(differing.map(({ type }) => type)).toEqual(['Transform/AWS::Include']);
    });
  },
);

/** The form in the words of the gathered list. */
function formOf(entry: PropertyEntry | undefined): unknown {
  const form = entry?.form;
  switch (form?.kind) {
    case 'object': {
      const { bucket, key, version } = form.fields;
      const style = form.inKey ? 'sibling-properties' : 'object';
      return { style, bucket, key, version, isArn: form.fields.bucketIsArn === true };
    }
    case 'uri': {
      const { bucket, key, version } = form.objectFields ?? { version: form.versionSibling };
      return { style: 's3-uri', bucket, key, version, isArn: false };
    }
    case 'arn':
      return { style: 's3-arn', isArn: false };
    case 'https-url':
    case 'bucket/key':
      return { style: form.kind, isArn: false };
    case 'artifact':
    case undefined:
      return form;
  }
}

function wantedForm({ valueStyle, fields }: Gathered): unknown {
  const style = valueStyle === 'object-with-other-members' ? 'object' : valueStyle;
  return { style, ...fields, isArn: fields.bucket?.toLowerCase().endsWith('arn') ?? false };
}

function contentsOf({ content }: Gathered): string[] {
  switch (content) {
    case 'zip-dir':
      return ['zip'];
    case 'file-or-zip':
      return ['zip', 'archive-or-file'];
    case 'file':
    case 'template':
      return [content];
  }
}

describe('the table', () => {
  test('wants a zip exactly where aws-cli and SAM zip a single file', () => {
    const zipped = ALL.filter(({ core, wanted }) => core && wanted === 'zip').map(
      ({ type, property }) => `${type} ${property}`,
    );
    expect(zipped.sort()).toEqual([
      'AWS::CodeCommit::Repository Code.S3',
      'AWS::Lambda::Function Code',
      'AWS::Lambda::LayerVersion Content',
      'AWS::Serverless::Function CodeUri',
      'AWS::Serverless::LayerVersion ContentUri',
    ]);
  });

  test('names each property once', () => {
    const names = ALL.map(({ type, property }) => `${type} ${property}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect([...propertyTable().values()].flat()).toHaveLength(ALL.length);
  });

  test('has guards that part from the entry at a member', () => {
    for (const { path: steps, when } of ALL) {
      for (const guard of when) {
        const parting = guard.path.findIndex((step, index) => JSON.stringify(step) !== JSON.stringify(steps[index]));
        expect(parting).toBeGreaterThanOrEqual(0);
        expect(guard.path.slice(parting).every(({ kind }) => kind === 'member')).toBe(true);
      }
    }
  });

  test('is described in docs/properties.md', () => {
    const file = path.resolve(import.meta.dirname, '../../../docs/properties.md');
    const page = propertiesPage(ALL);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, page);
    expect(readFileSync(file, 'utf8')).toBe(page);
  });
});

describe('parsePath()', () => {
  test.each([
    ['A', [{ kind: 'member', name: 'A' }]],
    ['A.[].B', [{ kind: 'member', name: 'A' }, { kind: 'items' }, { kind: 'member', name: 'B' }]],
    ['{}.A', [{ kind: 'values' }, { kind: 'member', name: 'A' }]],
    [
      'Options.log\\.driver',
      [
        { kind: 'member', name: 'Options' },
        { kind: 'member', name: 'log.driver' },
      ],
    ],
    ['\\[]', [{ kind: 'member', name: '[]' }]],
    ['--extra-files', [{ kind: 'member', name: '--extra-files' }]],
  ])('%s', (written, steps) => {
    expect(parsePath(written)).toEqual(steps);
  });

  test.each(['', '.', 'A.', '.A', 'A..B'])('%j is no path', (written) => {
    expect(() => parsePath(written)).toThrow(SyntaxError);
  });
});

describe('loadProperties()', () => {
  test('reads the built-in table, written as a file, to the same entries', () => {
    for (const table of BUILT_IN_PROPERTIES) {
      // A fragment is what no file of a user's may ask for: only AWS::Include brings it in.
      const written = JSON.stringify(table).replaceAll('"fragment"', '"file"');
      const expected = entriesOf(JSON.parse(written) as WrittenTable);
      expect(loadProperties(written, 'resources.json')).toEqual(expected);
    }
  });

  test('reads YAML', () => {
    const text = `# ours
Acme::Widget::Firmware:
  Image: {form: uri, wanted: file, suffix: .bin}
  Parts.[].Location:
    form: object
    members: {bucketArn: Bucket, key: Key}
    wanted: archive-or-file
    when: {'Parts.[].Kind': remote}
`;
    const [image, parts] = loadProperties(text, 'resources.yaml');
    expect(image).toMatchObject({
      type: 'Acme::Widget::Firmware',
      property: 'Image',
      form: { kind: 'uri' },
      wanted: 'file',
      suffix: ['.bin'],
      core: false,
    });
    expect(parts).toMatchObject({
      property: 'Parts.[].Location',
      form: { kind: 'object', fields: { bucket: 'Bucket', key: 'Key', bucketIsArn: true }, inKey: false },
      when: [{ path: parsePath('Parts.[].Kind'), value: 'remote' }],
    });
  });

  test('tells all problems of the file at once, each with its place', () => {
    const text = `A::B::C:
  One: {form: url, wanted: file}
  Two: {form: object, wanted: tar}
  Three..Four: {form: uri, wanted: file}
  Five: text
  Six: {form: uri, wanted: file, cor: true, core: yes please}
  Seven: {form: siblings, wanted: file, members: {bucket: B, bucketArn: B, key: K}}
  Eight: {form: uri, wanted: file, separator: ;, suffix: [1], note: 5, when: x}
  Nine: {wanted: fragment}
D::E::F: [x]
`;
    const problems = problemsOf(() => loadProperties(text, 'r.yaml'));
    expect(problems.map(({ message }) => message)).toEqual([
      "r.yaml:2:15: 'One' of 'A::B::C': 'form' is unknown",
      "r.yaml:3:8: 'Two' of 'A::B::C' has the form 'object' and no members",
      "r.yaml:3:31: 'Two' of 'A::B::C': 'wanted' is unknown",
      "r.yaml:4:3: 'Three..Four' is no path: a member of it is empty",
      "r.yaml:5:9: 'Five' of 'A::B::C' is no map",
      "r.yaml:6:34: 'Six' of 'A::B::C' has an unknown member 'cor'",
      "r.yaml:6:51: 'Six' of 'A::B::C': 'core' is neither true nor false",
      "r.yaml:7:50: 'Seven' of 'A::B::C': 'members' must name 'key' and either 'bucket' or 'bucketArn'",
      "r.yaml:8:47: 'Eight' of 'A::B::C': 'separator' is unknown",
      "r.yaml:8:58: 'Eight' of 'A::B::C': 'suffix' is no text and no list of texts",
      "r.yaml:8:69: 'Eight' of 'A::B::C': 'note' is no text",
      "r.yaml:8:78: 'Eight' of 'A::B::C': 'when' is no map of paths to values",
      "r.yaml:9:9: 'Nine' of 'A::B::C' has no 'form'",
      "r.yaml:9:18: 'Nine' of 'A::B::C': 'wanted' is unknown",
      "r.yaml:10:10: 'D::E::F' is no map of paths to properties",
    ]);
    expect(problems.every(({ code }) => code === 'INVALID_CONFIGURATION')).toBe(true);
  });

  test.each(['- a', 'text', 'A: [', '{"A": {}, "A": {}}'])('%s is no table', (text) => {
    const [problem] = problemsOf(() => loadProperties(text, 'r.yaml'));
    expect(problem?.message).toMatch(/^r\.yaml:1:\d+: /);
    expect(problem?.code).toBe('INVALID_CONFIGURATION');
  });
});

describe('propertyTable()', () => {
  test('takes a user’s entry instead of the built-in one of the same type and path', () => {
    const users = loadProperties(
      'AWS::Lambda::Function: {Code: {form: uri, wanted: file}, Other: {form: arn, wanted: zip}}',
      'r.yaml',
    );
    const entries = propertyTable(users).get('AWS::Lambda::Function') ?? [];
    expect(entries.map(({ property, form, wanted }) => [property, form.kind, wanted])).toEqual([
      ['Code', 'uri', 'file'],
      ['Other', 'arn', 'zip'],
    ]);
  });
});

function problemsOf(load: () => unknown): ArtifactErrors['problems'] {
  try {
    load();
  } catch (error) {
    if (error instanceof ArtifactErrors) return error.problems;
    throw error;
  }
  return [];
}
