import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { at } from '../../support/json-pointer.ts';
import { TestProject } from '../../support/project.ts';
import type { Files } from '../../support/project.ts';

const code = (path: string): string =>
  `\n    Type: AWS::Lambda::Function\n    Properties:\n      Handler: i.h\n      Code: ${path}\n`;

const stack = (name: string, parameters: string): string =>
  `  ${name}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n      Parameters: ${parameters}\n`;

const SOURCES: Files = { 'src/zero/x': '0', 'src/one/x': '1', 'src/two/x': '2' };
const CHILD: Files = {
  'child.yaml': `Parameters:\n  Dir: {Type: String, Default: zero}\n  Queue: {Type: String, Default: q}\nResources:\n  F:${code('!Sub ./src/${Dir}')}`,
};

function references(data: unknown): Record<string, string> {
  const resources = at(data, '/Resources') as Record<string, { Type: string; Properties: { ArtifactArn: string } }>;
  const all = Object.entries(resources).filter(([, { Type }]) => Type === 'Custom::ArtifactRef');
  return Object.fromEntries(all.map(([id, { Properties }]) => [id, Properties.ArtifactArn]));
}

/** Text of what a reference in the packaged template stands for. */
function textOf(project: TestProject, data: unknown, logicalId: string): string {
  return project.content(String(at(data, `/Resources/${logicalId}/Properties/Key`)));
}

describe('what a stack passes to a nested template', () => {
  test('takes the place of its Defaults, and two that bring in different files are two artifacts', async () => {
    const project = await TestProject.of({
      ...{ ...SOURCES, ...CHILD },
      'template.yaml': `Parameters:\n  Which: {Type: String, Default: two}\nResources:\n${stack('A', '{Dir: one}')}${stack('B', '{Dir: !Ref Which}')}${stack('C', '{Queue: jobs}')}`,
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    const used = (name: string): string =>
      (at(data, `/Resources/${name}/Properties/TemplateURL`) as { 'Fn::GetAtt': string })['Fn::GetAtt'].replace(
        '.Url',
        '',
      );
    expect(used('C')).toBe('ChildYamlArtifact');
    expect(new Set(['A', 'B', 'C'].map(used)).size).toBe(3);
    expect(Object.keys(references(data)).sort()).toEqual(['A', 'B', 'C'].map(used).sort());
    expect(textOf(project, data, used('A'))).toContain('SrcOneArtifact');
    expect(textOf(project, data, used('B'))).toContain('SrcTwoArtifact');
    expect(textOf(project, data, used('C'))).toContain('SrcZeroArtifact');
  });

  test('that changes no path leaves one artifact', async () => {
    const project = await TestProject.of({
      ...{ ...SOURCES, ...CHILD },
      'template.yaml': `Resources:\n${stack('A', '{Queue: one}')}${stack('B', '{Queue: two, Dir: zero}')}`,
    });
    expect(Object.keys(references((await project.package()).data))).toEqual(['ChildYamlArtifact']);
  });

  test('and is known only at the deploy leaves a path alone, with a warning', async () => {
    const project = await TestProject.of({
      ...{ ...SOURCES, ...CHILD },
      'template.yaml': `Resources:\n${stack('A', '{Dir: !GetAtt Other.Name}')}`,
    });
    const { data, stderr } = await project.package();
    expect(stderr).toMatch(/warning: child\.yaml:9:13: Code of 'F' .*not packaged: the parameter 'Dir'/);
    const [id = ''] = Object.keys(references(data));
    expect(textOf(project, data, id)).toBe(project.read('child.yaml'));
  });
});

describe('a fragment', () => {
  const INCLUDE = 'Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n';

  test('that two templates include under different parameters is two artifacts', async () => {
    const nested = (dir: string): string => `Parameters:\n  Dir: {Type: String, Default: ${dir}}\n${INCLUDE}`;
    const project = await TestProject.of({
      ...SOURCES,
      'template.yaml': `Resources:\n${stack('A', '{}').replace('child', 'a')}${stack('B', '{}').replace('child', 'b')}`,
      'a.yaml': nested('one'),
      'b.yaml': nested('two'),
      'more.yaml': `F:${code('{"Fn::Sub": "./src/${Dir}"}')}`,
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    const fragmentOf = (logicalId: string): string => {
      const key = /s3:\/\/local\/(\S+?more\.yaml)/.exec(textOf(project, data, logicalId))?.[1] ?? '';
      return project.content(key);
    };
    expect(fragmentOf('AYamlArtifact')).not.toBe(fragmentOf('BYamlArtifact'));
    const ids = [...new Set([textOf(project, data, 'AYamlArtifact'), textOf(project, data, 'BYamlArtifact')])].map(
      (text) => /ArtifactArn: (\S+default\/shop\/more\.yaml\S+):1@/.exec(text)?.[1],
    );
    expect(new Set(ids).size).toBe(2);
  });
});

describe('names that the author chose', () => {
  const artifact = (path: string, name: string): string => `!Artifact {Path: ${path}, Name: ${name}}`;

  test('are IDs', async () => {
    const project = await TestProject.of({
      ...SOURCES,
      'template.yaml': `Resources:\n  F:${code(artifact('src/one', 'fraud/model'))}`,
    });
    expect(Object.values(references((await project.package()).data))).toEqual([
      expect.stringMatching(/:default\/shop\/fraud\/model:1@sha256:/),
    ]);
  });

  test('can not be given to two', async () => {
    const project = await TestProject.of({
      ...SOURCES,
      'template.yaml': `Resources:\n  F:${code(artifact('src/one', 'm'))}  G:${code(artifact('src/two', 'm'))}`,
    });
    const { exitCode, stderr, stdout } = await project.package();
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      /template\.yaml:11:13: Code of 'G' .* the name 'm' is that of another artifact, of Code of 'F' .* at template\.yaml:6:13/,
    );
    expect(project.stored('.')).toEqual([]);
  });
});

test('folders of the same name in the project and beside it are two artifacts', async () => {
  const project = await TestProject.of({
    'template.yaml': `Resources:\n  F:${code('./shared/lib')}  G:${code('../shared/lib')}`,
    'shared/lib/x': 'inside',
    '../shared/lib/x': 'outside',
  });
  const { data, exitCode } = await project.package();
  expect(exitCode).toBe(0);
  const arns = Object.values(references(data));
  expect(arns.filter((arn) => arn.includes(':default/shop/shared/lib:1@'))).toHaveLength(1);
  expect(arns.filter((arn) => /:default\/shop\/shared\/lib-[0-9a-f]{8}:1@/.test(arn))).toHaveLength(1);
});

describe('a template that only passes on what it is given', () => {
  const nest = (url: string, parameters: string): string =>
    `{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ${url}, Parameters: ${parameters}}}`;
  const files = {
    'inner.yaml': `Parameters:\n  Dir: {Type: String, Default: one}\nResources:\n  F:${code('!Sub ./src/${Dir}')}`,
    'outer.yaml': `Parameters:\n  Dir: {Type: String, Default: two}\nResources:\n  I: ${nest('inner.yaml', '{Dir: !Ref Dir}')}\n`,
    ...SOURCES,
  };

  test.each([
    ['plain first', ['{}', '{Dir: one}']],
    ['plain last', ['{Dir: one}', '{}']],
  ])('is as many artifacts as there are of what it comes to, %s', async (_, [first = '', second = '']) => {
    const project = await TestProject.of({
      ...files,
      'template.yaml': `Resources:\n  A: ${nest('outer.yaml', first)}\n  B: ${nest('outer.yaml', second)}\n`,
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    const insideOf = (name: string): string => {
      const { 'Fn::GetAtt': used } = at(data, `/Resources/${name}/Properties/TemplateURL`) as { 'Fn::GetAtt': string };
      const outer = textOf(project, data, used.replace('.Url', ''));
      const key = /Key: (blobs\/\S+\/inner\.yaml)/.exec(outer)?.[1] ?? '';
      return /Src\w+Artifact/.exec(project.content(key))?.[0] ?? '';
    };
    const plain = first === '{}' ? 'A' : 'B';
    expect(insideOf(plain)).toBe('SrcTwoArtifact');
    expect(insideOf(plain === 'A' ? 'B' : 'A')).toBe('SrcOneArtifact');
    // The plain one keeps the plain name.
    expect(at(data, `/Resources/${plain}/Properties/TemplateURL`)).toEqual({ 'Fn::GetAtt': 'OuterYamlArtifact.Url' });
    // Both inner templates and both outer ones are there, and nothing that nobody names.
    expect(project.stored('blobs').filter((key) => key.endsWith('.yaml'))).toHaveLength(4);
  });
});

test.each([
  ['a condition', '{"Fn::If": [C, {Dir: one}, {Dir: two}]}'],
  ['a macro', '{"Fn::Transform": {Name: M}, Queue: q}'],
])('Parameters that %s makes are known at the deploy', async (_, parameters) => {
  const project = await TestProject.of({
    ...{ ...SOURCES, ...CHILD },
    'template.yaml': `Resources:\n${stack('A', parameters)}`,
  });
  const { data, stderr } = await project.package();
  expect(stderr).toMatch(/warning: child\.yaml:9:13: Code of 'F' .*not packaged: the parameter 'Dir'/);
  const [id = ''] = Object.keys(references(data));
  expect(textOf(project, data, id)).toBe(project.read('child.yaml'));
});

test('what is passed is passed to each branch of a condition, and !Ref AWS::NoValue is nothing', async () => {
  const project = await TestProject.of({
    ...{ ...SOURCES, ...CHILD },
    'template.yaml': `Conditions: {C: !Equals [a, a]}\nResources:\n${stack('A', '{Dir: one}').replace('child.yaml', "!If [C, !Artifact ./child.yaml, 'https://h/x']")}${stack('B', '{Dir: !Ref AWS::NoValue}')}`,
  });
  const { data, exitCode, stderr } = await project.package();
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.not.stringContaining('not packaged') as unknown,
  });
  const ids = Object.keys(references(data)).sort();
  expect(ids.map((id) => /Src\w+Artifact/.exec(textOf(project, data, id))?.[0])).toEqual([
    'SrcZeroArtifact',
    'SrcOneArtifact',
  ]);
});

test('a list is passed on by joining it', async () => {
  const project = await TestProject.of({
    ...SOURCES,
    'child.yaml': `Transform: AWS::LanguageExtensions\nParameters:\n  Dirs: {Type: CommaDelimitedList}\nResources:\n  Fn::ForEach::L:\n    - X\n    - !Ref Dirs\n    - F\${X}: {Type: AWS::Lambda::Function, Properties: {Code: './src/\${X}'}}\n`,
    'template.yaml': `Parameters:\n  Names: {Type: CommaDelimitedList, Default: 'one,two'}\nResources:\n${stack('A', "{Dirs: !Join [',', !Ref Names]}")}`,
  });
  const { data, stderr } = await project.package();
  expect(stderr).not.toContain('not packaged');
  const [id = ''] = Object.keys(references(data));
  expect(textOf(project, data, id)).toMatch(/!FindInMap/);
});

test('a Default of the template around is told of where it decides a path, in a nested template and in a fragment', async () => {
  const project = await TestProject.of({
    ...{ ...SOURCES, ...CHILD },
    'template.yaml': `Parameters:\n  Which: {Type: String, Default: one}\n  Names: {Type: CommaDelimitedList, Default: two}\nTransform: AWS::LanguageExtensions\nResources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n${stack('A', '{Dir: !Ref Which}')}${stack('B', '{}')}`,
    'more.yaml': `Fn::ForEach::L:\n  - X\n  - {Ref: Names}\n  - F\${X}: {Type: AWS::Lambda::Function, Properties: {Code: './src/\${X}'}}\n`,
  });
  const { stderr, exitCode } = await project.package();
  expect(exitCode).toBe(0);
  expect(stderr).not.toContain('not packaged');
  expect(stderr).toMatch(/warning: child\.yaml:9:13: .*the Default of the parameter 'Dir', 'one'/);
  expect(stderr).toMatch(/warning: more\.yaml:3:5: .*'Names' has now: two/);
  // What nobody passes has the child's own Default at the deploy too.
  expect(stderr).not.toContain("'zero'");
  expect((await project.package('--parameter-overrides', 'Which=one', 'Names=two')).stderr).not.toContain("'one'");
});

test('a template under other parameters has its own ID always, whatever stands beside it', async () => {
  const alone = await TestProject.of({
    ...{ ...SOURCES, ...CHILD },
    'template.yaml': `Resources:\n${stack('A', '{Dir: one}')}`,
  });
  const [arn = ''] = Object.values(references((await alone.package()).data));
  expect(arn).toMatch(/:default\/shop\/child\.yaml-[0-9a-f]{8}:1@/);
  alone.write({ 'template.yaml': `Resources:\n${stack('Z', '{Dir: two}')}${stack('A', '{Dir: one}')}` });
  expect(Object.values(references((await alone.package()).data))).toContain(arn);
});

test('what runs from the bucket in a fragment is pinned by the reference of whoever includes it', async () => {
  const project = await TestProject.of({
    ...SOURCES,
    'template.yaml': 'Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n',
    'more.yaml': `F:${code('{"S3Key": "./src/one", "S3ObjectStorageMode": "REFERENCE"}')}`,
  });
  for (const mode of ['stack', 'grouped']) {
    const { data } = await project.package('--references', mode);
    expect(at(data, '/Resources/SrcOneArtifact/Properties/Pinned')).toBe(true);
    const others = Object.keys(references(data)).filter((id) => id !== 'SrcOneArtifact');
    for (const id of others) expect(at(data, `/Resources/${id}/Properties`)).not.toHaveProperty('Pinned');
  }
});

test('a loop variable in what is passed is known only turn by turn', async () => {
  const project = await TestProject.of({
    ...{ ...SOURCES, ...CHILD },
    'template.yaml': `Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::L:\n    - X\n    - [one, two]\n    - Stack\${X}: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: {Dir: "\${X}"}}}\n`,
  });
  expect((await project.package()).stderr).toMatch(/not packaged: the parameter 'Dir'/);
});

test('a child that is used in many stacks is read once, whatever else they pass', async () => {
  const stacks = Array.from({ length: 60 }, (_, index) => stack(`S${index}`, `{Queue: q${index}}`));
  const project = await TestProject.of({
    ...{ ...SOURCES, ...CHILD },
    'template.yaml': `Resources:\n${stacks.join('')}`,
  });
  const { data, exitCode } = await project.package('--manifest', 'artifacts.json');
  expect(exitCode).toBe(0);
  expect(Object.keys(references(data))).toEqual(['ChildYamlArtifact']);
  const { artifacts } = JSON.parse(project.read('artifacts.json')) as { artifacts: { template: string }[] };
  expect(artifacts.filter(({ template }) => template === 'child.yaml')).toHaveLength(1);
});

test('what is wrong in a template that is used twice is told once', async () => {
  const project = await TestProject.of({
    'child.yaml': `Resources:\n  F:${code('missing')}`,
    'template.yaml': `Resources:\n${stack('A', '{}')}${stack('B', '{Other: x}')}  C:\n    Type: AWS::CloudFormation::StackSet\n    Properties: {StackSetName: c, PermissionModel: SELF_MANAGED, TemplateURL: child.yaml}\n`,
  });
  const { stderr, exitCode } = await project.package();
  expect(exitCode).toBe(2);
  expect(stderr.match(/^error: /gm)).toHaveLength(1);
});

describe('a nested template', () => {
  const template = 'Resources:\n  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}\n';

  test('behind a link that leads out of the project is refused', async () => {
    const project = await TestProject.of({ 'template.yaml': template, '../other/c.yaml': 'Resources: {}\n' });
    symlinkSync('../other/c.yaml', project.path('child.yaml'));
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/template\.yaml:2:\d+: TemplateURL of 'A' .*leads out of the project|outside/);
    expect(project.stored('.')).toEqual([]);
  });

  test('that is a pipe is refused, not waited for', async () => {
    const project = await TestProject.of({ 'template.yaml': template });
    execFileSync('mkfifo', [project.path('child.yaml')]);
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/template\.yaml:2:\d+: TemplateURL of 'A' .*pipe/);
  });
});

describe('names of references', () => {
  test('are none that the template has, in whatever section or loop or fragment', async () => {
    const project = await TestProject.of({
      ...SOURCES,
      'template.yaml': `Transform: AWS::LanguageExtensions\nParameters:\n  SrcZeroArtifact: {Type: String, Default: x}\nResources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n  Fn::ForEach::L:\n    - X\n    - [SrcOne]\n    - \${X}Artifact: {Type: AWS::SNS::Topic}\n  F:${code('src/zero')}  G:${code('src/one')}  H:${code('src/two')}`,
      'more.yaml': 'SrcTwoArtifact: {Type: AWS::SNS::Topic}\n',
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    expect(Object.keys(references(data)).sort()).toEqual([
      'MoreYamlArtifact',
      expect.stringMatching(/^SrcOneArtifact[0-9a-f]{8}$/),
      expect.stringMatching(/^SrcTwoArtifact[0-9a-f]{8}$/),
      expect.stringMatching(/^SrcZeroArtifact[0-9a-f]{8}$/),
    ]);
  });

  test('a resource that a macro makes whole is one too', async () => {
    const project = await TestProject.of({
      ...SOURCES,
      'template.yaml': `Resources:\n  SrcOneArtifact: {Fn::Transform: {Name: M}}\n  F:${code('src/one')}`,
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    expect(at(data, '/Resources/F/Properties/Code/S3Bucket')).toEqual({
      'Fn::GetAtt': expect.stringMatching(/^SrcOneArtifact[0-9a-f]{8}\.Bucket$/) as unknown,
    });
  });

  test('and the resources that loops make count towards the limit', async () => {
    const values = Array.from({ length: 499 }, (_, index) => `v${index}`);
    const project = await TestProject.of({
      ...SOURCES,
      'template.yaml': `Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::L:\n    - X\n    - [${values.join(', ')}]\n    - T\${X}: {Type: AWS::SNS::Topic}\n  F:${code('src/zero')}`,
    });
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/would have 501 resources/);
  });
});
