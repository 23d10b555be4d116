import { expect, test } from '@jest/globals';
import { TestProject } from '../../support/project.ts';
import { Deployed } from './lambda.ts';

test('a bundle holds what sam build built, and is published without the sources', async () => {
  const project = await TestProject.of({
    'template.yaml':
      'Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Metadata: {BuildMethod: makefile}\n    Properties: {Code: src, Handler: app.handler, Role: r}\n',
    'src/Makefile': 'build-Fn:\n',
    '.aws-sam/build/template.yaml': 'Resources: {Fn: {Type: AWS::Lambda::Function, Properties: {Code: Fn}}}\n',
    '.aws-sam/build/Fn/app.js': "exports.handler = async () => 'built';\n",
  });
  const where = ['--template-file', 'template.yaml', '--project-root', '.'];
  const direct = await project.run('package', '--domain', 'file:../domain', ...where);
  const created = await project.run('bundle', 'create', '--output', '../a.bundle', ...where);
  expect([direct.exitCode, created.exitCode]).toEqual([0, 0]);
  const place = await TestProject.of({});
  const published = await place.run('bundle', 'publish', project.path('../a.bundle'), '--domain', 'file:../domain');
  expect(published.text).toBe(direct.text);
  expect(new Deployed(place, published, 'Fn').call()).toBe('built');
});
