import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { loadProperties } from '../../packager/template/properties/user-table.ts';
import { LEFT_REASONS } from '../../packager/template/find/left.ts';
import { ARTIFACT_MEMBERS } from '../../packager/template/place.ts';
import { WRITTEN_FORMS } from '../../packager/template/properties/property.ts';
import { BUILT_IN_PROPERTIES } from '../../packager/template/properties/table.ts';
import { parseDeclared } from '../../repository/declaring/properties.ts';
import { parseRules } from '../../repository/settings.ts';
import { awsEnvironment } from '../support/aws-environment.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Files } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../support/s3-server.ts';
import { problemsBy, schemaNamed } from '../support/schemas.ts';

knowEveryError();
hideOwnEnvironment();

const ROOT = path.join(import.meta.dirname, '../..');

const SHOP: Files = {
  'template.yaml': `Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Code: src, Handler: x.h, Runtime: nodejs22.x, Role: r}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: fragment.yaml}}}}
  There: {Type: AWS::Lambda::Function, Properties: {Code: s3://b/k, Handler: x.h, Runtime: nodejs22.x, Role: r}}
`,
  'child.yaml': 'Resources: {Api: {Type: AWS::Serverless::Api, Properties: {StageName: x, DefinitionUri: api.json}}}\n',
  'fragment.yaml': 'BucketName: b\n',
  'api.json': '{}',
  'src/x.js': 'x',
};

interface Manifest {
  readonly artifacts: readonly object[];
}

let server: S3Server;

beforeEach(async () => {
  server = await startS3Server({ identities: { test: { account: TEST_ACCOUNT } } });
  server.createBucket('deployments');
});

afterEach(async () => {
  await server.close();
});

describe('the schema of a manifest', () => {
  async function manifest(flags: readonly string[], files = SHOP): Promise<Manifest> {
    const project = await TestProject.of(files);
    project.env = awsEnvironment(server);
    const { exitCode, stderr } = await project.run('package', '--project-root', '.', '--manifest', 'm.json', ...flags);
    expect({ exitCode, stderr: /^error: .*/m.exec(stderr)?.[0] }).toEqual({ exitCode: 0, stderr: undefined });
    return JSON.parse(project.read('m.json')) as Manifest;
  }

  test.each([
    ['a domain', ['--domain', 'file:../domain']],
    ['a domain, into a file', ['--domain', 'file:../domain', '--output-template-file', 'out.yaml']],
    ['a repository', ['--domain', 'file:../domain', '--references', 'grouped']],
    ['a plain bucket', ['--s3-bucket', 'deployments', '--s3-prefix', 'a']],
  ])('is that of what package writes for %s', async (_what, flags) => {
    const written = await manifest(flags);
    expect(written.artifacts.length).toBe(4);
    expect(problemsBy('manifest', written)).toEqual([]);
  });

  test('is that of what it writes where nothing is packaged', async () => {
    const written = await manifest(['--domain', 'file:../domain'], {
      'template.yaml': 'Resources: {T: {Type: AWS::SNS::Topic}}\n',
    });
    expect(written.artifacts).toEqual([]);
    expect(problemsBy('manifest', written)).toEqual([]);
  });

  test('lets members be that come later, and nothing that is wrong', async () => {
    const written = await manifest(['--domain', 'file:../domain']);
    expect(problemsBy('manifest', { ...written, later: 1 }, 'as others')).toEqual([]);
    const [first] = written.artifacts;
    const wrong: readonly unknown[] = [
      null,
      [],
      {},
      { ...written, format: 2 },
      { ...written, artifacts: {} },
      { ...written, region: undefined, bucket: 'b' },
      { ...written, artifacts: [{}] },
      ...[
        { place: 'template.yaml' },
        { place: 'template.yaml:0:1' },
        { outcome: 'done' },
        { digest: 'abc' },
        { size: -1 },
        { size: '1' },
        { arn: 'arn:aws:s3:::bucket/key' },
        { id: 'no-repository' },
        { resource: '' },
      ].map((one) => ({ ...written, artifacts: [{ ...first, ...one }] })),
      { ...written, regions: [] },
      { ...written, regions: [{ region: 'eu-west-1' }], literalPlaces: [] },
    ];
    for (const one of wrong) {
      expect({ one, problems: problemsBy('manifest', JSON.parse(JSON.stringify(one)), 'as others') }).not.toEqual({
        one,
        problems: [],
      });
    }
  });
});

describe('the schema of the result of package', () => {
  async function result(flags: readonly string[], files = SHOP): Promise<Readonly<Record<string, unknown>>> {
    const project = await TestProject.of(files);
    project.env = awsEnvironment(server);
    const { exitCode, stdout } = await project.run('package', '--project-root', '.', '--json', ...flags);
    expect(exitCode).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  const BY_PARAMETER: Files = {
    ...SHOP,
    'template.yaml': `Parameters: {Where: {Type: String, Default: src}}
Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: !Ref Where, Handler: x.h, Runtime: nodejs22.x, Role: r}}}
`,
  };
  const NOTHING: Files = { 'template.yaml': 'Resources: {T: {Type: AWS::SNS::Topic}}\n' };

  test.each<[string, readonly string[], Files, readonly string[]]>([
    ['a domain', ['--domain', 'file:../domain'], SHOP, ['templateBody']],
    ['a dry run', ['--domain', 'file:../domain', '--dry-run'], SHOP, ['dryRun']],
    [
      'a dry run with an output and a manifest',
      ['--domain', 'file:../domain', '--dry-run', '--output-template-file', 'out.yaml', '--manifest', 'm.json'],
      ...([SHOP, ['dryRun']] as const),
    ],
    ['a file', ['--domain', 'file:../domain', '--output-template-file', 'out.yaml'], SHOP, ['outputTemplateFile']],
    ['a plain bucket', ['--s3-bucket', 'deployments'], SHOP, ['templateBody']],
    ['a dry run of a plain bucket', ['--s3-bucket', 'deployments', '--dry-run'], SHOP, ['dryRun']],
    ['what is warned about', ['--domain', 'file:../domain'], BY_PARAMETER, ['templateBody']],
    ['nothing that is packaged', ['--domain', 'file:../domain'], NOTHING, ['templateBody']],
    ['a dry run of nothing', ['--domain', 'file:../domain', '--dry-run'], NOTHING, ['dryRun']],
  ])('is that of what package writes for %s', async (_what, flags, files, members) => {
    const written = await result(flags, files);
    const [first] = written['artifacts'] as readonly object[];
    expect(first === undefined).toBe(files === NOTHING);
    expect((written['warnings'] as readonly object[]).length > 0).toBe(files === BY_PARAMETER);
    expect(Object.keys(written).toSorted()).toEqual([...members, 'artifacts', 'warnings'].toSorted());
    expect(problemsBy('package', written)).toEqual([]);
  });

  test('lets members be that come later, and nothing that is wrong', async () => {
    const written = await result(['--domain', 'file:../domain', '--dry-run']);
    expect(problemsBy('package', { ...written, later: 1 }, 'as others')).toEqual([]);
    const wrong: readonly object[] = [
      ...[[], {}, { error: {} }, { ...written, artifacts: {} }, { ...written, warnings: undefined }],
      ...[{ dryRun: false }, { dryRun: undefined }, { templateBody: 'x' }, { outputTemplateFile: 'x' }].map((one) => ({
        ...written,
        ...one,
      })),
      ...[
        { ...written, warnings: [{ message: 'x' }] },
        { ...written, regions: [] },
      ],
    ];
    for (const one of wrong) {
      expect({ one, problems: problemsBy('package', JSON.parse(JSON.stringify(one)), 'as others') }).not.toEqual({
        one,
        problems: [],
      });
    }
  });

  test('says the same of places and Regions as that of a manifest, and of warnings as that of an explanation', () => {
    const partsOf = (name: string): unknown => schemaNamed(name)['$defs'];
    const { warning, ...others } = partsOf('package') as Readonly<Record<string, unknown>>;
    expect(others).toEqual(partsOf('manifest'));
    expect(partsOf('explain')).toMatchObject({ warning });
  });
});

describe('the schema of an explanation', () => {
  async function explanation(files: Files, ...flags: readonly string[]) {
    const project = await TestProject.of(files);
    const { exitCode, stdout } = await project.run('explain', '--project-root', '.', '--json', ...flags);
    expect(exitCode).toBe(0);
    return JSON.parse(stdout) as { readonly templates: readonly [Readonly<Record<string, unknown>>] };
  }

  const MANY: Files = {
    ...SHOP,
    'src/.artifactignore': '*.map\n',
    'src/x.js.map': '{}',
    'variant.yaml': `Parameters: {Stage: {Type: String}, Key: {Type: String, NoEcho: true}}
Resources: {V: {Type: AWS::Lambda::Function, Properties: {Code: !Sub '\${Stage}\${Key}', Handler: x.h, Runtime: nodejs22.x, Role: r}}}
`,
    'own.yaml': 'My::Own::Type:\n  Path: {form: uri, wanted: archive-or-file}\n',
    'template.yaml': `${SHOP['template.yaml'] ?? ''}  One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: variant.yaml, Parameters: {Stage: sr, Key: c}}}
  Two: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: child.yaml, StackSetName: s, PermissionModel: SELF_MANAGED}}
  Named: {Type: AWS::SSM::Parameter, Condition: Is, Properties: {Type: String, Value: !Artifact {Path: api.json, Form: Digest, Name: n}}}
  Own: {Type: My::Own::Type, Properties: {Path: src, Other: ./src}}
  Fn::ForEach::Each: [N, [src], {'F\${N}': {Type: AWS::Lambda::Function, Properties: {Code: !Ref N, Handler: x.h, Runtime: nodejs22.x, Role: r}}}]
Conditions: {Is: !Equals [a, b]}
Transform: AWS::LanguageExtensions
`,
  };

  test.each([
    ['a domain', ['--domain', 'file:../domain']],
    ['references for several', ['--references', 'grouped']],
    ['a plain bucket', ['--s3-bucket', 'deployments']],
    ['parameters that are not there, which is warned about', ['--parameter-overrides', 'None=x']],
  ])('is that of what explain tells for %s', async (_what, flags) => {
    const told = await explanation(MANY, '--resources', 'own.yaml', ...flags);
    expect(told.templates.length).toBe(5);
    expect(problemsBy('explain', told)).toEqual([]);
  });

  test('is that of what it tells where nothing is packaged', async () => {
    const told = await explanation({ 'template.yaml': 'Resources: {T: {Type: AWS::SNS::Topic}}\n' });
    expect(problemsBy('explain', told)).toEqual([]);
  });

  test('knows every word for a reason, and every member of an artifact', () => {
    const { $defs } = schemaNamed('explain') as { $defs: Record<string, { properties: Record<string, unknown> }> };
    expect($defs['left']?.properties['reason']).toMatchObject({ enum: [...LEFT_REASONS] });
    expect(JSON.stringify($defs['form'])).toContain(JSON.stringify(ARTIFACT_MEMBERS));
  });

  test('lets members be that come later, and nothing that is wrong', async () => {
    const told = await explanation(MANY, '--resources', 'own.yaml');
    const [first] = told.templates;
    const [place] = first['places'] as readonly object[];
    expect(problemsBy('explain', { ...told, later: 1 }, 'as others')).toEqual([]);
    const inFirst = (change: object): object => ({ ...told, templates: [{ ...first, ...change }] });
    const wrong: readonly unknown[] = [
      ...[null, [], {}, { ...told, templates: [] }, { ...told, references: 'all' }, { ...told, domain: 'yes' }],
      ...[{ kind: 'file' }, { file: '' }, { parameters: [{}] }, { namedBy: ['x'] }, { left: [{}] }].map(inFirst),
      ...[
        ...[{ place: 'template.yaml' }, { names: [] }, { names: [{ kind: 'directory', path: 'x' }] }],
        ...[{ form: { kind: 'object' } }, { form: { kind: 'other' } }, { rule: 'core' }, { bucketFrom: 'X' }],
      ].map((change) => inFirst({ places: [{ ...place, ...change }] })),
    ];
    for (const one of wrong) {
      expect({ one, problems: problemsBy('explain', one, 'as others') }).not.toEqual({ one, problems: [] });
    }
  });
});

/** Values that files have, right and wrong. */
const pattern = fc.constantFrom(
  '**',
  'shop/**',
  'shop/*',
  'a*b',
  '*',
  'shop/api',
  '',
  '/',
  'a/',
  '**a',
  'a**/b',
  '-x',
  'a/***',
  'ä',
  'x'.repeat(513),
  7,
);
const days = fc.constantFrom(-1, 0, 1, 7, 36_500, 36_501, 1.5, '7', null, true);
const label = fc.constantFrom('v*', '1.0.0', '*', '**', '', '-a', 'a b', 7);
const rule = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record(
      {
        id: fc.constantFrom('a', 'b', 'branches', '', '-x', 'ä', 'x'.repeat(65), 7),
        match: pattern,
        keepNewest: days,
        keepBookmarkedDays: days,
        expireUnusedDays: days,
        keepLabels: fc.oneof(fc.array(label, { maxLength: 2 }), fc.constant('v*')),
        other: fc.constant(1),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(null, 'x', 7, []) },
);
const rightRule = fc.record({
  id: fc.constantFrom('a', 'b.c', 'D_1'),
  match: fc.constantFrom('**', 'shop/*/x', '*a*'),
  expireUnusedDays: fc.constantFrom(0, 7),
});
const rules = fc.record(
  {
    lifecycle: fc.oneof(
      fc.array(rule, { maxLength: 2 }),
      fc.uniqueArray(rightRule, { selector: ({ id }) => id }),
      fc.constantFrom(null, {}, 'x'),
    ),
    quarantineDays: days,
    lifcycle: fc.constant([]),
  },
  { requiredKeys: [] },
);

/** The one thing that a schema can't say. */
const sameId = (value: { readonly lifecycle?: unknown }): boolean => {
  const list: readonly unknown[] = Array.isArray(value.lifecycle) ? value.lifecycle : [];
  const ids = list.map((one) => (one as { id?: unknown } | null)?.id);
  return new Set(ids).size < ids.length;
};

describe('the schema of rules', () => {
  test('takes what gc rules set takes, and nothing else', () => {
    let taken = 0;
    fc.assert(
      fc.property(rules, (value) => {
        fc.pre(!sameId(value));
        const isTaken = 'rules' in parseRules(value, 'default');
        if (isTaken) taken += 1;
        expect({ value, isTaken: problemsBy('rules', value, 'as others').length === 0 }).toEqual({ value, isTaken });
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(30);
  });

  test('takes those of the documents', () => {
    const text = /^```yaml\n(lifecycle:.*?)^```$/ms.exec(
      readFileSync(path.join(ROOT, 'docs/command-line.md'), 'utf8'),
    )?.[1];
    const value: unknown = parse(text ?? '');
    expect(value).toMatchObject({ lifecycle: [{ id: 'branches' }, { id: 'everything' }] });
    expect(problemsBy('rules', value)).toEqual([]);
  });
});

const PLACE = { partition: 'aws', account: '111122223333', region: 'us-east-1' } as const;

describe('the schema of a repository that is declared', () => {
  const declared = fc.record(
    {
      Name: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('production', 'a.b-c') },
        fc.constantFrom('default', 'A', 'x', 'a/b', 7),
      ),
      Description: fc.constantFrom('a line', '', 'two\nlines', 'x'.repeat(257), 7),
      AcceptsFrom: fc.constantFrom(['staging'], ['staging', 'other'], ['staging', 'staging'], [], ['X'], 'staging'),
      RequiresEvidence: fc.constantFrom(true, false, 'true', 'false', 'yes', 1),
      Lifecycle: fc.oneof(fc.array(rule, { maxLength: 1 }), fc.uniqueArray(rightRule, { selector: ({ id }) => id })),
    },
    { requiredKeys: ['Name'] },
  );

  test('takes what the function takes, and nothing else', () => {
    let taken = 0;
    fc.assert(
      fc.property(declared, (one) => {
        const value = { ServiceToken: 'arn:aws:lambda:…', ...one };
        fc.pre(!sameId({ lifecycle: value.Lifecycle }));
        let isTaken = true;
        try {
          parseDeclared('Custom::ArtifactRepository', value, PLACE);
          taken += 1;
        } catch {
          isTaken = false;
        }
        expect({ value, isTaken: problemsBy('repository', value, 'as others').length === 0 }).toEqual({
          value,
          isTaken,
        });
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  test('takes numbers as texts, which CloudFormation makes of them', () => {
    const value = { ServiceToken: 't', Name: 'production', Lifecycle: [{ id: 'a', match: '**', keepNewest: '5' }] };
    expect(parseDeclared('Custom::ArtifactRepository', value, PLACE)).toMatchObject({ kind: 'repository' });
    expect(problemsBy('repository', value)).toEqual([]);
  });
});

describe('the schema of further properties', () => {
  const written = fc.record(
    {
      form: fc.constantFrom(...WRITTEN_FORMS, 'url', 7),
      wanted: fc.constantFrom('zip', 'archive-or-file', 'file', 'template', 'fragment', 'folder'),
      members: fc.constantFrom(
        { bucket: 'B', key: 'K' },
        { bucketArn: 'B', key: 'K', version: 'V' },
        { bucket: 'B' },
        { bucket: 'B', bucketArn: 'B', key: 'K' },
        { bucket: '', key: 'K' },
        'x',
      ),
      when: fc.constantFrom({ 'A.B': 'x' }, { '': 'x' }, { A: 7 }, []),
      suffix: fc.constantFrom('.bin', ['.a', '.b'], 7, [7]),
      prefix: fc.constantFrom('x:', []),
      leave: fc.constantFrom(['a*'], true),
      separator: fc.constantFrom(',', ';'),
      core: fc.constantFrom(true, 'true'),
      note: fc.constantFrom('for people', '', 7),
      storageMode: fc.constantFrom('Mode', ''),
      colour: fc.constant('red'),
    },
    { requiredKeys: [] },
  );
  const rightEntry = fc.record({
    form: fc.constantFrom(...WRITTEN_FORMS),
    wanted: fc.constantFrom('zip', 'file'),
    members: fc.constant({ bucket: 'B', key: 'K' }),
  });
  const table = fc.dictionary(
    fc.constantFrom('Acme::Widget', 'Acme::Other'),
    fc.oneof(
      fc.dictionary(
        fc.constantFrom('A', 'A.B', 'A.[].B', 'A.{}.B', 'A\\.B.C', '', '.A', 'A.', 'A..B'),
        fc.oneof(written, rightEntry),
      ),
      fc.constantFrom('x', []),
    ),
    { maxKeys: 2 },
  );

  test('takes what --resources takes, and nothing else', () => {
    let taken = 0;
    fc.assert(
      fc.property(table, (value) => {
        let isTaken = true;
        try {
          loadProperties(JSON.stringify(value), 'own.json');
          if (Object.keys(value).length > 0) taken += 1;
        } catch {
          isTaken = false;
        }
        expect({ value, isTaken: problemsBy('resources', value, 'as others').length === 0 }).toEqual({
          value,
          isTaken,
        });
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  test('takes the example of the documents, and the built-in table as far as a file may say it', () => {
    const page = readFileSync(path.join(ROOT, 'docs/properties.md'), 'utf8');
    const example: unknown = parse(/^```yaml\n(Acme.*?)^```$/ms.exec(page)?.[1] ?? '');
    expect(problemsBy('resources', example)).toEqual([]);
    for (const one of BUILT_IN_PROPERTIES) {
      const others = Object.entries(one).map(([type, entries]) => [
        type,
        Object.fromEntries(Object.entries(entries).filter(([, { wanted }]) => wanted !== 'fragment')),
      ]);
      expect(problemsBy('resources', Object.fromEntries(others))).toEqual([]);
    }
  });
});

const names = readdirSync(path.join(ROOT, 'schemas'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.schema.json'),
);

describe('every schema', () => {
  test.each(names)('%s says what it is, and is in the package', (name) => {
    const schema = schemaNamed(name.replace('.schema.json', ''));
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: expect.any(String),
      description: expect.any(String),
    });
    expect(schema['$id']).toMatch(/^urn:cfn-artifacts:schema:[a-z:-]+:1$/);
    const { files, exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      files: string[];
      exports: Record<string, unknown>;
    };
    expect(files).toContain('schemas');
    expect(exports['./schemas/*']).toBe('./schemas/*');
  });

  test('is one of its own, and named in the documents', () => {
    const ids = names.map((name) => schemaNamed(name.replace('.schema.json', ''))['$id']);
    expect(new Set(ids).size).toBe(names.length);
    const pages = ['command-line', 'events', 'properties', 'permissions'];
    const linked = pages.flatMap((page) => [
      ...readFileSync(path.join(ROOT, `docs/${page}.md`), 'utf8').matchAll(/\(\.\.\/schemas\/([^)]+)\)/g),
    ]);
    expect(linked.map(([, name]) => name).sort()).toEqual(names.toSorted());
  });
});
