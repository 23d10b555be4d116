import { symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../packager/cli/exit-codes.ts';
import { whySkipped } from '../../support/where.ts';
import { TestProject } from '../../support/project.ts';

const LONG = 'a'.repeat(300);
const TYPES = {
  'AWS::Lambda::Function': 'Code',
  'AWS::Serverless::Function': 'CodeUri',
  'AWS::CloudFormation::Stack': 'TemplateURL',
  'AWS::ApiGateway::RestApi': 'BodyS3Location',
};
const PATHS = {
  'a circle of links': './loop',
  'what is below one': './loop/below',
  'a long name': `./${LONG}`,
  'many names': `./${'a/'.repeat(3000)}a`,
};

describe('a path that no file system can look up is an error of the template', () => {
  const cases = Object.entries(TYPES).flatMap(([type, property]) =>
    Object.entries(PATHS).map(([what, local]) => [property, what, local, type] as const),
  );
  test.each(cases)('%s: %s', async (property, _, local, type) => {
    const properties = { [property]: local, Handler: 'a.b', Runtime: 'nodejs22.x' };
    const project = await TestProject.of({
      'template.json': JSON.stringify({ Resources: { It: { Type: type, Properties: properties } } }),
    });
    symlinkSync('loop', project.path('loop'));
    const { exitCode, stderr } = await project.package();
    expect([exitCode, stderr.split('\n')[0]]).toEqual([
      EXIT.input,
      expect.stringMatching(new RegExp(`^error: template\\.json:\\d+:\\d+: ${property} of 'It'`)),
    ]);
  });
});

test.each([
  ['a long name', LONG],
  ['a circle of links', 'loop'],
])('%s as --project-root is an error', async (_, root) => {
  const project = await TestProject.of({ 'template.json': '{"Resources": {}}' });
  symlinkSync('loop', project.path('loop'));
  const { exitCode, stderr } = await project.run('package', '--domain', 'file:../domain', '--project-root', root);
  expect([exitCode, stderr]).toEqual([EXIT.input, expect.stringContaining(`'${root}' is no folder`)]);
});

(process.platform === 'win32' ? test.skip : test)(
  `a template that leads to a device is an error${whySkipped(process.platform !== 'win32', 'Windows has no /dev')}`,
  async () => {
    const project = await TestProject.of({});
    symlinkSync('/dev/zero', project.path('template.yaml'));
    const { exitCode, stderr } = await project.package();
    expect([exitCode, stderr]).toEqual([
      EXIT.input,
      expect.stringContaining("template.yaml' is a device, and a template is wanted"),
    ]);
  },
);
