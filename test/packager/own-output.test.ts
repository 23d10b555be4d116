import { symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { at } from '../support/json-pointer.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';

knowEveryError();

const TEMPLATE = `Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Code: ., Handler: x.h, Runtime: nodejs22.x, Role: r}}
`;

describe('a project that is packaged as a whole', () => {
  test('has one archive in every run, wherever the run writes', async () => {
    const project = await TestProject.of({ 'template.yaml': TEMPLATE, 'x.js': 'x', 'build/y.js': 'y' });
    const texts = new Set<string>();
    for (const expected of [0, 1, 1]) {
      const flags = ['--domain', 'file:./build/artifacts', '--project-root', '.'];
      const outputs = ['--output-template-file', 'packaged.yaml', '--manifest', 'build/manifest.json'];
      const { exitCode, stderr } = await project.run('package', ...flags, ...outputs);
      expect(exitCode).toBe(0);
      expect(stderr.match(/is made without what this program writes there/g) ?? []).toHaveLength(expected);
      texts.add(project.read('packaged.yaml'));
    }
    expect(texts.size).toBe(1);
    expect(at(JSON.parse(project.read('build/manifest.json')), '/artifacts/0/outcome')).toBe('reused');
  });

  test('is published as a whole in every run, too', async () => {
    const project = await TestProject.of({ 'x.js': 'x' });
    const arns = new Set<string>();
    for (const round of ['first', 'second', 'third']) {
      const { exitCode, stdout } = await project.run(
        ...['publish', '.', '--id', 'shop/all', '--domain', 'file:./artifacts'],
      );
      expect([round, exitCode]).toEqual([round, 0]);
      arns.add(stdout);
    }
    expect([...arns]).toEqual([expect.stringMatching(/default\/shop\/all:1@sha256:[0-9a-f]{64}\n$/)]);
  });
});

describe('a file in a folder that is packaged', () => {
  const IN_SRC = TEMPLATE.replace('Code: .', 'Code: ./src');
  const DOMAIN = ['--domain', 'file:../domain', '--project-root', '.'];

  test.each([
    ['--output-template-file', 'src/i.js'],
    ['--manifest', 'src/i.js'],
    ['--manifest', 'src/data.json'],
    ['--output-template-file', 'src/lib/deep.js'],
    ['--output-template-file', 'link/i.js'],
  ])('is not replaced: %s %s', async (option, name) => {
    const files = { 'src/i.js': 'source', 'src/data.json': '{"format": 1}', 'src/lib/deep.js': 'source' };
    const project = await TestProject.of({ 'template.yaml': IN_SRC, ...files });
    symlinkSync('src', project.path('link'));
    for (const extra of [[], ['--dry-run']]) {
      const { exitCode, stderr } = await project.run('package', ...DOMAIN, option, name, ...extra);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`'${option} ${name}' would overwrite a file of the folder '${project.path('src')}'`);
      expect(stderr).toContain(`Name another file with ${option}.`);
    }
    for (const [file, text] of Object.entries(files)) expect(project.read(file)).toBe(text);
    expect(project.exists('../domain')).toBe(false);
  });

  test('is replaced if it is empty, or an earlier output, also of another template and another kind of references', async () => {
    const project = await TestProject.of({ 'template.yaml': TEMPLATE, 'x.js': 'x', 'packaged.yaml': '', 'm.json': '' });
    const outputs = ['--output-template-file', 'packaged.yaml', '--manifest', 'm.json'];
    for (const references of ['stack', 'none', 'none', 'grouped', 'stack']) {
      const { exitCode } = await project.run('package', ...DOMAIN, '--references', references, ...outputs);
      expect([references, exitCode]).toEqual([references, 0]);
      project.write({ 'template.yaml': `${TEMPLATE}Description: after ${references}\n` });
    }
    const { exitCode } = await project.run('package', ...DOMAIN, '--use-json', ...outputs);
    expect(exitCode).toBe(0);
    expect(JSON.parse(project.read('packaged.yaml'))).toHaveProperty('Resources');
  });

  test('is replaced if another packager wrote it', async () => {
    const project = await TestProject.of({
      ...{ 'template.yaml': TEMPLATE, 'x.js': 'x' },
      'packaged.yaml':
        'Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: {S3Bucket: b, S3Key: k}\n',
    });
    const { exitCode } = await project.run('package', ...DOMAIN, '--output-template-file', 'packaged.yaml');
    expect(exitCode).toBe(0);
    expect(project.read('packaged.yaml')).toContain('Custom::ArtifactRef');
  });

  test('that is the only one and the named output is told so', async () => {
    const project = await TestProject.of({ 'template.yaml': IN_SRC, 'src/i.js': 'source' });
    const { exitCode, stderr } = await project.run('package', ...DOMAIN, '--output-template-file', 'src/i.js');
    expect([exitCode, project.read('src/i.js')]).toEqual([2, 'source']);
    expect(stderr).toContain("has no files in it but what this run is to write: 'i.js'");
    expect(stderr).not.toContain('of a domain');
  });
});

describe('a domain in a directory that can be none', () => {
  test.each([
    ['package', []],
    ['package', ['--dry-run']],
    ['publish', ['.', '--id', 'shop/all']],
  ])('is all that %s %j tells of, and not what would be written there', async (command, flags) => {
    const project = await TestProject.of({ 'template.yaml': TEMPLATE, 'x.js': 'x', file: 'x', '.git/HEAD': '' });
    const { exitCode, stderr } = await project.run(command, ...flags, '--domain', 'file:file');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^error: '.*file' can't be a domain's folder: '.*file' is a file\n {2}Name a folder that is there, or one that can be made\.\n$/,
    );
  });

  test.each([
    ['x.js', /x\.js' is a file/],
    ['x.js/below', /x\.js' is a file/],
    ['dangling', /dangling' is a link to 'nowhere', which does not exist/],
    ['loop', /lead in a circle/],
  ])('is refused before anything is written: %s', async (name, says) => {
    const project = await TestProject.of({ 'template.yaml': TEMPLATE.replace('Code: .', 'Code: x.js'), 'x.js': 'x' });
    symlinkSync('nowhere', project.path('dangling'));
    symlinkSync('loop', project.path('loop'));
    for (const command of [
      ['package', '--project-root', '.', '--output-template-file', 'out.yaml'],
      ['package', '--project-root', '.', '--dry-run'],
      ['publish', 'x.js', '--id', 'x'],
      ['list'],
    ]) {
      const { exitCode, stderr } = await project.run(...command, '--domain', `file:./${name}`);
      expect([command[0], exitCode]).toEqual([command[0], 2]);
      expect(stderr).toMatch(says);
    }
    expect([project.exists('out.yaml'), project.exists('nowhere')]).toEqual([false, false]);
  });
});

test('a project root that is none is told with what to do', async () => {
  const project = await TestProject.of({ 'template.yaml': TEMPLATE });
  const { exitCode, stderr } = await project.run('package', '--domain', 'file:../domain', '--project-root', '/nope');
  expect(exitCode).toBe(2);
  expect(stderr).toBe(
    "error: the project root '/nope' is no folder\n  Name an existing folder with --project-root, or leave it out.\n",
  );
});

test('what SAM built is called after the project above it', async () => {
  const project = await TestProject.of({
    '.aws-sam/build/template.yaml': TEMPLATE.replace('Code: .', 'Code: F'),
    '.aws-sam/build/F/x.js': 'x',
    'package.json': '{"name": "orders"}',
  });
  const { exitCode, stdout } = await project.run('package', '--domain', 'file:../domain');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('default/orders/F:1@sha256:');
});
