import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../../packager/cli/syntax/commands.ts';
import { run } from '../../../packager/cli/program.ts';
import { LEFT_REASONS } from '../../../packager/template/find/left.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import { copyInput, corpusCases, describeWithCorpus, whyNoCorpus } from '../../support/corpus.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import { recordedTerminal } from '../../support/terminal.ts';
import { problemsBy } from '../../support/schemas.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { dataOf } from '../template/independent.ts';
import { whySkipped } from '../../support/where.ts';

knowEveryError();
hideOwnEnvironment();

const GOLDEN = path.join(import.meta.dirname, '../../golden/explain');
const isUpdated = process.env['UPDATE_GOLDEN'] === '1';

interface Explained {
  readonly prefix: string;
  readonly templates: readonly {
    readonly file: string;
    readonly kind: string;
    readonly id?: string;
    readonly namedBy: readonly object[];
    readonly parameters: readonly object[];
    readonly places: readonly {
      readonly place: string;
      readonly resource?: string;
      readonly property: string;
      readonly rule: { readonly kind: string };
      readonly bucketFrom: readonly string[];
      readonly dependsOn: readonly string[];
      readonly names: readonly { readonly kind: string; readonly path: string; readonly id?: string }[];
    }[];
    readonly references: readonly { readonly logicalId: string; readonly artifacts: readonly string[] }[];
    readonly left: readonly { readonly resource?: string; readonly property: string; readonly reason: string }[];
  }[];
}

async function explained(cwd: string, ...flags: readonly string[]) {
  const terminal = recordedTerminal({ cwd });
  const exitCode = await run(['explain', ...flags], terminal);
  return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}

const SHOP: Files = {
  '.git/config': '',
  'package.json': '{"name": "shop"}',
  'src/hello/index.mjs': 'export const handler = 1;\n',
  'src/hello/index.mjs.map': '{}',
  'src/hello/cache/x': 'x',
  'src/hello/.artifactignore': '*.map\n/cache/\n',
  'src/other/app.py': 'x = 1\n',
  'src/a/app.py': 'a\n',
  'src/b/app.py': 'b\n',
  'alone.py': 'y = 1\n',
  'tool.jar': 'PK\u0003\u0004',
  'api.json': '{}',
  'run.sh': '',
  'fragment.yaml': 'Bucket: b\n',
  'own.yaml': 'My::Own::Type:\n  Path: {form: uri, wanted: archive-or-file}\n',
  'child.yaml':
    'Resources:\n  Child:\n    Type: AWS::Lambda::Function\n    Properties: {Code: src/other, Handler: app.h, Runtime: python3.12, Role: r}\n',
  'template.yaml': `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Conditions: {IsProd: !Equals [a, b]}
Parameters:
  Where: {Type: String}
  Stage: {Type: String, Default: a}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/hello, Handler: index.handler}
  Single:
    Type: AWS::Lambda::Function
    Condition: IsProd
    Properties: {Code: alone.py, Handler: alone.h, Runtime: python3.12, Role: r}
  Staged:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: !Sub 'src/\${Stage}'}
  Fn::ForEach::Each:
    - N
    - [a, b]
    - 'Fn\${N}':
        Type: AWS::Lambda::Function
        Properties: {Code: 'src/\${N}', Handler: app.h, Runtime: python3.12, Role: r}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
  Set: {Type: AWS::CloudFormation::StackSet, Properties: {StackSetName: s, PermissionModel: SELF_MANAGED, TemplateURL: child.yaml}}
  Named:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Artifact {Path: tool.jar, Form: Digest, Name: tools/one}}
  Own: {Type: My::Own::Type, Properties: {Path: src/other}}
  Kept: {Type: AWS::Lambda::Function, Properties: {Code: 'arn:aws:artifacts:us-east-1:111122223333:default/shop/api:3', Handler: x, Runtime: nodejs22.x, Role: r}}
  Apart: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: 's3://bucket/machine.json?versionId=v1', Role: r}}
  Inline: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: 'x'}, Handler: x, Runtime: nodejs22.x, Role: r}}
  InlineCode: {Type: AWS::Serverless::Function, Properties: {InlineCode: 'x', Handler: x, Runtime: nodejs22.x}}
  Image: {Type: AWS::Serverless::Function, Properties: {PackageType: Image, ImageUri: '111122223333.dkr.ecr.us-east-1.amazonaws.com/x'}}
  There: {Type: AWS::Lambda::Function, Properties: {Code: {S3Bucket: b, S3Key: k}, Handler: x, Runtime: nodejs22.x, Role: r}}
  InS3: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: 's3://bucket/key', StageName: x}}
  Url: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://s3.amazonaws.com/b/k'}}
  Later: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Ref Where}}
  Branches: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !If [IsProd, !Artifact child.yaml, !Ref AWS::NoValue]}}
  Missing: {Type: AWS::Serverless::Function, Properties: {Handler: x, Runtime: nodejs22.x}}
  Empty: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: '', StageName: x}}
  Nowhere: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: !Sub './none-\${Stage}.json', StageName: x}}
  Local: {Type: AWS::S3::Bucket, Properties: {BucketName: ./src, Tags: [{Key: k, Value: ./none}]}}
  Command: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: x, Command: [./run.sh]}]}}
  Beside: {Type: AWS::Lambda::Function, Code: src/other, Properties: {Handler: x, Runtime: nodejs22.x, Role: r, Code: {S3Bucket: b}}}
  Included: {Type: AWS::S3::Bucket, Properties: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: fragment.yaml}}}}
`,
};

let shop: TestProject;
beforeAll(async () => {
  shop = await TestProject.of(SHOP);
});

describe('explain', () => {
  test.each([
    ['shop', 80, []],
    ['shop-wide', 120, ['--references', 'grouped']],
    ['shop-bucket', 80, ['--s3-bucket', 'deployments', '--parameter-overrides', 'Stage=b', 'Where=./child.yaml']],
  ] as const)('talks as %s in %d columns', async (name, columns, flags) => {
    const inBucket = name === 'shop-bucket';
    // Without a domain there are no artifacts to name by ARN.
    const template = inBucket ? shop.read('template.yaml').replace(/^ {2}Kept:.*\n/m, '') : shop.read('template.yaml');
    shop.write({ 'explained.yaml': template });
    const terminal = recordedTerminal({ cwd: shop.folder, columns, env: { NO_COLOR: '1' } });
    const exitCode = await run(
      ['explain', '-t', 'explained.yaml', '--resources', 'own.yaml', '--no-progressbar', ...flags],
      terminal,
    );
    expect({ exitCode, text: terminal.stderr.text.replaceAll(/^(?:warning: | {2}).*\n/gm, '') }).toEqual({
      exitCode: 0,
      text: '',
    });
    const { text } = terminal.stdout;
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    const file = path.join(GOLDEN, `${name}.txt`);
    if (isUpdated) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(file, text);
    }
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  (existsSync('/dev/zero') ? test : test.skip).each(['pipe', '/dev/zero'])(
    `reads no table of resources from %s${whySkipped(existsSync('/dev/zero'), 'Windows has no such files')}`,
    async (resources) => {
      if (resources === 'pipe') execFileSync('mkfifo', [shop.path('pipe')]);
      const { exitCode, stderr } = await explained(shop.folder, '-t', 'template.yaml', '--resources', resources);
      expect(exitCode).toBe(2);
      expect(stderr).toBe(
        `error: the table of resources '${resources}' is a pipe or a device\n  Name a JSON or YAML file with --resources.\n`,
      );
    },
  );

  test('gives a script all of it', async () => {
    const { exitCode, stdout } = await explained(shop.folder, '--resources', 'own.yaml', '--json');
    expect(exitCode).toBe(0);
    const { templates } = JSON.parse(stdout) as Explained;
    const [top] = templates;
    const byResource = new Map(top?.places.map((place) => [place.resource, place]));
    expect(byResource.get('Hello')).toMatchObject({
      ...{
        place: 'template.yaml:9:27',
        property: 'CodeUri',
        rule: { kind: 'core', row: 'AWS::Serverless::Function CodeUri' },
      },
      bucketFrom: ['SrcHelloArtifact'],
      names: [
        {
          ...{ kind: 'folder', path: 'src/hello', files: 1, bytes: 26, id: 'shop/src/hello', idFrom: 'path' },
          ignored: [
            { name: 'cache/', pattern: '/cache/' },
            { name: 'index.mjs.map', pattern: '*.map' },
          ],
        },
      ],
    });
    expect(byResource.get('Single')?.names).toMatchObject([{ kind: 'zipped-file', files: 1, bytes: 6 }]);
    expect(byResource.get('Named')).toMatchObject({
      ...{ rule: { kind: 'function', written: '!Artifact' }, bucketFrom: [], dependsOn: ['ToolsOneArtifact'] },
      names: [{ kind: 'zip', id: 'shop/tools/one', idFrom: 'name' }],
    });
    expect(byResource.get('Own')?.rule).toEqual({ kind: 'own-table', row: 'My::Own::Type Path' });
    expect(byResource.get('Kept')?.names).toMatchObject([{ kind: 'artifact', id: 'shop/api', idFrom: 'as-named' }]);
    expect(byResource.get('Apart')?.names).toMatchObject([{ kind: 's3-object' }]);
    expect(byResource.get('Fn${N}')?.names).toMatchObject([{ values: ['a'] }, { values: ['b'] }]);
    const reasons = (top?.left ?? []).map(
      ({ resource, property, reason }) => `${resource ?? ''}.${property} ${reason}`,
    );
    expect(reasons).toEqual([
      'Inline.Code code-elsewhere',
      'InlineCode.CodeUri code-elsewhere',
      'Image.CodeUri code-elsewhere',
      'There.Code in-s3',
      'InS3.DefinitionUri in-s3',
      'Url.TemplateURL remote',
      'Later.TemplateURL unknown-value',
      'Missing.CodeUri absent',
      'Empty.DefinitionUri empty',
      'Nowhere.DefinitionUri nothing-there',
      'Local.BucketName not-in-table',
      'Local.Tags.0.Value for-a-program',
      'Command.ContainerDefinitions.0.Command.0 for-a-program',
      'Beside.Code misplaced',
      'Beside.Code no-path-in-it',
    ]);
    for (const { left } of templates) for (const { reason } of left) expect(LEFT_REASONS).toContain(reason);
  });

  test('tells a child once for each value that decides what it names, and which is which', async () => {
    const project = await TestProject.of({
      'package.json': '{"name": "shop"}',
      'src/a/x.py': 'a\n',
      'src/b/x.py': 'b\n',
      'child.yaml': `Parameters: {Stage: {Type: String}, Key: {Type: String, NoEcho: true}, Size: {Type: String}}
Resources:
  Child:
    Type: AWS::Lambda::Function
    Properties: {Code: !Sub 'src/\${Stage}\${Key}', MemorySize: !Ref Size, Handler: x.h, Runtime: python3.12, Role: r}
`,
      'template.yaml': `Resources:
  One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: {Stage: a, Key: /, Size: 1}}}
  Two: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: {Stage: b, Key: /, Size: 1}}}
  Third: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: {Stage: a, Key: /, Size: 2}}}
`,
    });
    const { templates } = JSON.parse((await explained(project.folder, '--json')).stdout) as Explained;
    expect(templates.map(({ file, parameters, namedBy }) => ({ file, parameters, namedBy }))).toEqual([
      { file: 'template.yaml', parameters: [], namedBy: [] },
      {
        file: 'child.yaml',
        parameters: [{ name: 'Key' }, { name: 'Stage', value: 'a' }],
        namedBy: [
          { place: 'template.yaml:2:69', resource: 'One', property: 'TemplateURL' },
          { place: 'template.yaml:4:71', resource: 'Third', property: 'TemplateURL' },
        ],
      },
      {
        file: 'child.yaml',
        parameters: [{ name: 'Key' }, { name: 'Stage', value: 'b' }],
        namedBy: [{ place: 'template.yaml:3:69', resource: 'Two', property: 'TemplateURL' }],
      },
    ]);
    const ids = templates[0]?.places.map(({ names }) => names[0]?.id);
    expect(ids).toEqual([templates[1]?.id, templates[2]?.id, templates[1]?.id]);
    const { stdout } = await explained(project.folder);
    const sections = stdout.split(/^=== (.*) ===$/m);
    expect(sections.filter((_, index) => index % 2 === 1)).toEqual(['template.yaml', 'child.yaml', 'child.yaml']);
    expect(sections[4]).toContain(
      '\n  named by  One.TemplateURL (template.yaml:2:69), Third.TemplateURL\n            (template.yaml:4:71)\n  with      Key, whose value NoEcho hides, Stage = a\n',
    );
    expect(sections[4]).toMatch(/names +the folder 'src\/a'/);
    expect(sections[6]).toContain('\n  with      Key, whose value NoEcho hides, Stage = b\n');
    expect(sections[6]).toMatch(/names +the folder 'src\/b'/);
    expect(stdout.match(/Child\.Code/g)).toHaveLength(2);
  });

  describe('shows no value of a NoEcho parameter', () => {
    const SECRET = 's3cr3tone';
    /** What it names depends on a parameter, and does not tell of it. */
    const mapped = (name: string): string =>
      `Mappings: {Paths: {${SECRET}: {at: ./src}}}
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Handler: x.h, Runtime: python3.12, Role: r, Code: !FindInMap [Paths, !Ref ${name}, at]}}
`;
    const declaring = (name: string, rest: string): string => `Parameters: {${name}: {Type: String}}\n${rest}`;
    const stack = (file: string, parameters: string): string =>
      `{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ${file}, Parameters: ${parameters}}}`;
    const resources = (...all: readonly string[]): string =>
      `Resources:\n${all.map((one, index) => `  R${index}: ${one}\n`).join('')}`;
    const child = { 'child.yaml': declaring('Key', mapped('Key')) };
    const including = (file: string): string =>
      `Transform: {Name: AWS::Include, Parameters: {Location: ${file}}}\nResources: {T: {Type: AWS::SNS::Topic}}\n`;

    /** What stands below the parameter Pw of the template, and the parameters of each file that are hidden. */
    const CASES: readonly (readonly [what: string, files: Files, hidden: Readonly<Record<string, string>>])[] = [
      ['of the template itself', { 'template.yaml': mapped('Pw') }, { 'template.yaml': 'Pw' }],
      [
        'in a fragment',
        { 'template.yaml': including('part.yaml'), 'part.yaml': mapped('Pw') },
        { 'template.yaml': 'Pw', 'part.yaml': 'Pw' },
      ],
      ...[
        '!Ref Pw',
        "!Sub '${Pw}'",
        "!Sub ['${X}', {X: !Ref Pw}]",
        "!Join ['', [!Ref Pw]]",
        '!FindInMap [M, !Ref Pw, P]',
        "!FindInMap [M, !Sub '${Pw}', P]",
      ].map(
        (given) =>
          [
            `given as ${given} to a child`,
            {
              ...child,
              'template.yaml': `Mappings: {M: {${SECRET}: {P: ${SECRET}}}}\n${resources(stack('child.yaml', `{Key: ${given}}`))}`,
            },
            { 'template.yaml': 'Pw', 'child.yaml': 'Key' },
          ] as const,
      ),
      [
        'given to a StackSet, behind another value of the same name',
        {
          ...child,
          'template.yaml': resources(
            '{Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: child.yaml, Parameters: [{ParameterKey: Key, ParameterValue: x}, {ParameterKey: Key, ParameterValue: !Ref Pw}]}}',
          ),
        },
        { 'template.yaml': 'Pw', 'child.yaml': 'Key' },
      ],
      [
        'given on by a child, and by a fragment in that',
        {
          'template.yaml': resources(stack('middle.yaml', '{Mid: !Ref Pw}')),
          'middle.yaml': declaring('Mid', including('part.yaml')),
          'part.yaml': resources(stack('child.yaml', "{Key: !Sub '${Mid}'}")),
          ...child,
        },
        { 'template.yaml': 'Pw', 'middle.yaml': 'Mid', 'part.yaml': 'Mid', 'child.yaml': 'Key' },
      ],
      [
        'which a child below another is given, and a third gives it openly before',
        {
          'template.yaml': resources(stack('middle.yaml', `{Mid: ${SECRET}}`), stack('above.yaml', '{Above: !Ref Pw}')),
          'above.yaml': declaring('Above', resources(stack('middle.yaml', '{Mid: !Ref Above}'))),
          'middle.yaml': declaring('Mid', resources(stack('child.yaml', '{Key: !Ref Mid}'))),
          ...child,
        },
        { 'template.yaml': 'Pw', 'above.yaml': 'Above', 'middle.yaml': 'Mid', 'child.yaml': 'Key' },
      ],
    ];
    test.each([
      ['!Sub "s3://${Pw}/k"', ''],
      ['!Sub "s3://bucket/${Pw}"', ''],
      ['!FindInMap [Uris, !Ref Pw, at]', ''],
      ['!Sub "s3://bucket/${N}"', '!Ref Pws'],
      ['!Sub "s3://bucket/${N}"', '[!Ref Pw]'],
    ])('in a location in S3: %s %s', async (uri, collection) => {
      const fn = `{Type: AWS::Lambda::Function, Properties: {Handler: x.h, Runtime: python3.12, Role: r, Code: ${uri}}}`;
      const loop = `  Fn::ForEach::L: [N, ${collection}, {'F\${N}': ${fn}}]\n`;
      const project = await TestProject.of({
        'package.json': '{"name": "shop"}',
        'template.yaml': `Transform: AWS::LanguageExtensions
Parameters:
  Pw: {Type: String, NoEcho: true, Default: ${SECRET}}
  Pws: {Type: CommaDelimitedList, NoEcho: true, Default: ${SECRET}}
Mappings: {Uris: {${SECRET}: {at: 's3://bucket/${SECRET}'}}}
Resources:
${collection === '' ? `  F: ${fn}\n` : loop}  Open: ${fn.replace(uri, 's3://bucket/open')}
`,
      });
      const text = await explained(project.folder);
      const { stdout } = await explained(project.folder, '--json');
      expect(text.stdout).toContain('an object whose location NoEcho hides, which is there already');
      expect(text.stdout).toContain("the object 's3://bucket/open'");
      expect(JSON.stringify([text, stdout])).not.toContain(`bucket/${SECRET}`);
      expect(JSON.stringify([text, stdout])).not.toContain(`${SECRET}/k`);
      expect(problemsBy('explain', JSON.parse(stdout))).toEqual([]);
    });

    const GIVEN = [
      ['given', 'NoEcho: true', ['--parameter-overrides', `Pw=${SECRET}`]],
      ['by Default', `NoEcho: 'TRUE', Default: ${SECRET}`, []],
    ] as const;

    test.each(CASES.flatMap((one) => GIVEN.map((given) => [one[0], given[0], one, given] as const)))(
      '%s, %s',
      async (_what, _given, [, files, hidden], [, declaration, flags]) => {
        const project = await TestProject.of({
          ...{ 'package.json': '{"name": "shop"}', 'src/x.py': 'x\n', ...files },
          'template.yaml': `Parameters: {Pw: {Type: String, ${declaration}}}\n${files['template.yaml'] ?? ''}`,
        });
        const text = await explained(project.folder, ...flags);
        const json = await explained(project.folder, ...flags, '--json');
        expect(text.exitCode).toBe(0);
        expect(JSON.stringify([text, json])).not.toContain(SECRET);
        const { templates } = JSON.parse(json.stdout) as Explained;
        expect(Object.fromEntries(templates.map(({ file, parameters }) => [file, parameters]))).toEqual(
          Object.fromEntries(Object.entries(hidden).map(([file, name]) => [file, [{ name }]])),
        );
        for (const [file, name] of Object.entries(hidden)) {
          if (file === 'template.yaml') continue;
          const [, section = ''] = text.stdout.split(`=== ${file} ===\n`);
          expect(section).toContain(`with      ${name}, whose value NoEcho hides\n`);
        }
      },
    );

    test('but of others, of which some are given beside it', async () => {
      const project = await TestProject.of({
        ...{ 'package.json': '{"name": "shop"}', 'src/x.py': 'x\n' },
        'template.yaml': `Parameters: {Pw: {Type: String, NoEcho: true}, Stage: {Type: String, NoEcho: false}}\n${resources(
          stack('child.yaml', "{Key: !Sub '${Pw}', Stage: !Ref Stage}"),
        )}`,
        'child.yaml': `Parameters: {Key: {Type: String}, Stage: {Type: String}}\n${mapped('Key')}  G: {Type: AWS::Lambda::Function, Properties: {Code: !Sub '\${Stage}/x.py'}}\n`,
      });
      const { stdout } = await explained(
        project.folder,
        '--parameter-overrides',
        `Pw=${SECRET}`,
        'Stage=src',
        '--json',
      );
      const { templates } = JSON.parse(stdout) as Explained;
      expect(templates[1]?.parameters).toEqual([{ name: 'Key' }, { name: 'Stage', value: 'src' }]);
    });

    test('in what stays as it is, or in warnings', async () => {
      const project = await TestProject.of({
        ...{ 'package.json': '{"name": "shop"}', 'src/x.py': 'x\n' },
        'template.yaml': `Transform: AWS::LanguageExtensions
Parameters:
  Pw: {Type: String, NoEcho: true, Default: ${SECRET}}
  Names: {Type: CommaDelimitedList, NoEcho: true, Default: 'sr,src'}
Resources:
  Url: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub 'https://example.com/\${Pw}/t.yaml'}}
  Whole: {Type: AWS::Serverless::Api, Properties: {StageName: x, DefinitionUri: !Ref Pw}}
  S3: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub 's3://\${Pw}/t.yaml'}}
  Fn::ForEach::All:
    - N
    - !Ref Names
    - F\${N}: {Type: AWS::Lambda::Function, Properties: {Handler: x.h, Runtime: python3.12, Role: r, Code: !Sub './\${N}'}}
`,
        'sr/x.py': 'x\n',
      });
      const text = await explained(project.folder);
      const json = await explained(project.folder, '--json');
      expect({ exitCode: text.exitCode, shown: JSON.stringify([text, json]) }).toEqual({
        exitCode: 0,
        shown: expect.not.stringContaining(SECRET),
      });
      expect(text.stderr).toContain("for the values that the parameter 'Names' has now\n");
      const { templates } = JSON.parse(json.stdout) as Explained;
      expect(templates[0]?.left.map(({ resource, reason }) => `${resource ?? ''} ${reason}`)).toEqual([
        'Url remote',
        'Whole nothing-there',
        'S3 in-s3',
      ]);
    });
  });

  test('tells nothing as left within which something is packaged, and a function as it is written', async () => {
    const asset = (Form: string) => ({
      'Fn::Join': ['', [{ 'Fn::Artifact': { Path: 'asset.1', Zip: true, Name: 'Web/Api', Form } }]],
    });
    const fn = (Code: object) => ({ Type: 'AWS::Lambda::Function', Properties: { Code, Handler: 'x', Role: 'r' } });
    const project = await TestProject.of({
      'asset.1/index.mjs': 'export {};\n',
      'template.json': JSON.stringify({
        Resources: {
          Synthesized: fn({ S3Bucket: asset('Bucket'), S3Key: asset('Key') }),
          OfBucket: fn({ S3Bucket: asset('Bucket'), S3Key: 'key' }),
          Image: fn({ ImageUri: { 'Fn::Sub': ['${Of}', { Of: asset('Uri') }] } }),
          There: fn({ S3Bucket: { Ref: 'AWS::StackName' }, S3Key: 'key' }),
        },
      }),
    });
    const { stdout, stderr } = await explained(project.folder, '--json');
    expect(stderr).toBe('');
    const [top] = (JSON.parse(stdout) as Explained).templates;
    expect(top?.places.map(({ resource, property }) => `${resource ?? ''}.${property}`)).toEqual([
      'Synthesized.Code.S3Bucket.Fn::Join.1.0',
      'Synthesized.Code.S3Key.Fn::Join.1.0',
      'OfBucket.Code.S3Bucket.Fn::Join.1.0',
      'Image.Code.ImageUri.Fn::Sub.1.Of.Fn::Join.1.0',
    ]);
    expect(top?.left.map(({ resource, reason }) => `${resource ?? ''} ${reason}`)).toEqual(['There in-s3']);
    expect(top?.places.map(({ rule }) => rule)).toEqual(
      Array.from({ length: 4 }, () => ({ kind: 'function', row: 'Fn::Artifact', written: 'Fn::Artifact' })),
    );
    const text = await explained(project.folder);
    expect(text.stdout).toContain('it is written with Fn::Artifact,');
    expect(text.stdout).not.toContain('!Artifact');
  });

  test('asks nobody, makes nothing and needs no domain', async () => {
    const before = readdirSync(shop.folder, { recursive: true }).sort();
    // Nothing listens there, and nobody has credentials.
    const terminal = recordedTerminal({ cwd: shop.folder, env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' } });
    expect(await run(['explain', '--domain', 'file:../none', '--resources', 'own.yaml'], terminal)).toBe(0);
    expect(existsSync(path.join(shop.folder, '../none'))).toBe(false);
    expect(readdirSync(shop.folder, { recursive: true }).sort()).toEqual(before);
  });

  test('tells of a template without local paths that there is nothing', async () => {
    const project = await TestProject.of({ 'template.yaml': 'Resources: {T: {Type: AWS::SNS::Topic}}\n' });
    const { exitCode, stdout } = await explained(project.folder, '--artifact-prefix', 'x');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'Nothing would be packaged.\n',
    });
  });

  test('takes every option of package, whether or not it means something here', async () => {
    const project = await TestProject.of({
      'template.yaml': 'Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: src}}}\n',
      'src/x.py': 'x\n',
    });
    const plain = await explained(project.folder, '--s3-bucket', 'deployments');
    const flags = [
      ...['--output-template-file', 'packaged.yaml', '--s3-bucket', 'deployments', '--s3-prefix', 'a/b', '--use-json'],
      ...['--kms-key-id', 'k', '--force-upload', '--metadata', 'a=b', '--region', 'eu-west-1', '--profile', 'prod'],
      ...['--manifest', 'm.json', '--dry-run', '--watch', '--no-bootstrap', '--repository', 'default'],
      ...['--endpoint-url', 'http://127.0.0.1:1', '--no-verify-ssl', '--ca-bundle', 'none.pem', '--output', 'json'],
      ...['--domain-owner', '111122223333', '--no-progressbar', '--quiet'],
    ];
    expect(await explained(project.folder, ...flags)).toEqual(plain);
    expect(readdirSync(project.folder).sort()).toEqual(['src', 'template.yaml']);
    const noted = await explained(project.folder, '--save-params', '--regions', 'eu-west-1,eu-west-2');
    expect(noted).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("'--save-params' is ignored. Nothing"),
    });
    expect(noted.stderr).toContain("'--regions' is ignored.");
    const known = COMMANDS.filter(({ name }) => ['package', 'explain'].includes(name)).map(
      ({ options, foreign }) => new Set([...options, ...foreign].map(({ name }) => name)),
    );
    expect(known[1]).toEqual(known[0]);
    expect((await explained(project.folder, '--image-repository', 'x')).exitCode).toBe(2);
  });

  test('fails for what package fails for, before it would ask anybody', async () => {
    const project = await TestProject.of({
      'template.yaml': 'Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: none}}}\n',
    });
    const { exitCode, stderr } = await explained(project.folder);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("Code of 'F'") });
  });
});

/** What `package` makes of the same template, and what is told of that. */
describeWithCorpus(`what is explained is what package does${whyNoCorpus}`, () => {
  let scratch = '';
  beforeAll(async () => {
    scratch = await temporaryFolder();
  });

  test.each(corpusCases())('$name', async (one) => {
    const input = copyInput(one, path.join(scratch, one.name));
    const flags = ['--template-file', one.template, '--project-root', '.', '--artifact-prefix', 'case', '--json'];
    const told = await explained(input, ...flags);
    const terminal = recordedTerminal({ cwd: input });
    const exitCode = await run(
      ['package', ...flags, '--domain', `file:${path.join(scratch, one.name, 'domain')}`],
      terminal,
    );
    expect(told.exitCode).toBe(exitCode);
    if (exitCode !== 0) {
      expect(JSON.parse(told.stdout)).toEqual(JSON.parse(terminal.stdout.text));
      return;
    }
    const explanation = JSON.parse(told.stdout) as Explained;
    expect(problemsBy('explain', explanation)).toEqual([]);
    const { templates } = explanation;
    const packaged = JSON.parse(terminal.stdout.text) as {
      readonly templateBody: string;
      readonly artifacts: readonly { readonly place: string; readonly path?: string; readonly id: string }[];
    };
    const named = templates.flatMap(({ places }) =>
      places.flatMap(({ place, names }) =>
        names.flatMap(({ path: file, id }) => (id === undefined ? [] : [`${place} ${file} ${id}`])),
      ),
    );
    expect(named).toEqual(
      packaged.artifacts.map(({ place, path: file, id }) => `${place} ${file ?? ''} ${id.replace(/^default\//, '')}`),
    );
    const { Resources: resources = {} } = dataOf(parseTemplate(packaged.templateBody, 'packaged').root) as {
      Resources?: Record<string, { Type?: string; Properties?: unknown; DependsOn?: string | string[] }>;
    };
    const source = readFileSync(path.join(input, one.template), 'utf8');
    const added = Object.entries(resources)
      .filter(([name, { Type: type }]) => type === 'Custom::ArtifactRef' && !source.includes(name))
      .map(([name]) => name);
    expect(templates[0]?.references.map(({ logicalId }) => logicalId)).toEqual(added);
    for (const { resource = '', bucketFrom, dependsOn } of templates[0]?.places ?? []) {
      const text = JSON.stringify(resources[resource] ?? {});
      if (resource in resources) for (const name of bucketFrom) expect(text).toContain(name);
      if (resource in resources)
        expect([resources[resource]?.DependsOn ?? []].flat()).toEqual(expect.arrayContaining([...dependsOn]));
    }
  });
});
