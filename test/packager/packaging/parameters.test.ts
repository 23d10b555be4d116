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
      String((at(data, `/Resources/${name}/Properties/TemplateURL`) as { 'Fn::GetAtt': string })['Fn::GetAtt']).replace(
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
