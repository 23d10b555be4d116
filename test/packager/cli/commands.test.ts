import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { publishVersion } from '../../../repository/index.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { resolveArtifact } from '../../../packager/naming/artifact.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import { whySkipped } from '../../support/where.ts';

knowEveryError();

const TEMPLATE = `Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: src, Handler: x.h, Runtime: nodejs22.x, Role: r}
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: child.yaml}
`;
const CHILD = `Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {StageName: x, DefinitionUri: api.json}
`;

function shop(): Promise<TestProject> {
  return TestProject.of({ 'template.yaml': TEMPLATE, 'child.yaml': CHILD, 'api.json': '{}', 'src/x.js': 'x' });
}

describe('package', () => {
  test.each([
    ['the template', '--output-template-file', 'template.yaml'],
    ['a nested template', '--output-template-file', 'child.yaml'],
    ['a file that a nested template names', '--manifest', 'api.json'],
    ['a file by a link', '--manifest', 'link'],
  ])('never overwrites %s', async (_what, option, name) => {
    const project = await shop();
    symlinkSync('api.json', project.path('link'));
    const before = project.read(name);
    for (const more of [[], ['--dry-run']]) {
      const { exitCode, stderr } = await project.package(option, name, ...more);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`error: '${option} ${name}' would overwrite a file that this run reads\n`);
    }
    expect(project.read(name)).toBe(before);
    expect(project.stored('blobs')).toEqual([]);
  });

  test('tells everything that is wrong with its outputs before it sends anything', async () => {
    const project = await shop();
    const { exitCode, stderr } = await project.package('--output-template-file', 'src', '--manifest', 'none/m.json');
    expect(exitCode).toBe(2);
    expect(stderr.match(/^error: /gm)).toHaveLength(2);
    const same = await project.package('--output-template-file', 'out', '--manifest', './out');
    expect(same.stderr).toMatch(/^error: '--manifest' and '--output-template-file' name the same file 'out'$/m);
    expect(existsSync(path.join(project.folder, '../domain'))).toBe(false);
  });

  (existsSync('/proc/self') ? test : test.skip)(
    `sends nothing where no output can be made${whySkipped(existsSync('/proc/self'), 'there is no /proc')}`,
    async () => {
      const project = await shop();
      const { exitCode, stderr } = await project.package('--output-template-file', '/proc/out.yaml');
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/^error: '\/proc\/out\.yaml' can't be written: /);
      expect(existsSync(path.join(project.folder, '../domain'))).toBe(false);
    },
  );

  test('says where the template went, in a directory too', async () => {
    const project = await shop();
    const { stdout, stderr } = await project.package('--output-template-file', 'out.yaml');
    expect(stdout).toBe('\nSuccessfully packaged artifacts and wrote output template to file out.yaml.\n');
    expect(stderr).toContain('cannot be deployed as it is');
    const again = await project.package('--template-file', 'out.yaml', '--output-template-file', 'again.yaml');
    expect(again.stdout).toBe('\nSuccessfully packaged artifacts and wrote output template to file again.yaml.\n');
    expect(again.stderr).toContain('cannot be deployed as it is');
  });

  test('takes - for stdout where the template goes there, and for no file elsewhere', async () => {
    const project = await shop();
    const { text } = await project.package();
    expect((await project.package('--output-template-file', '-')).stdout).toBe(text);
    const { exitCode, stderr } = await project.package('--manifest', '-');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "error: '--manifest' wants a file, and not '-'\n  A file of that name is './-'.\n",
    });
    expect(project.exists('-')).toBe(false);
  });

  test('in a dry run writes no file and says so', async () => {
    const project = await shop();
    const flags = ['--dry-run', '--output-template-file', 'out.yaml', '--manifest', 'm.json'];
    const { exitCode, stderr } = await project.package(...flags);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("note: nothing was written to 'm.json' and 'out.yaml': this is a dry run\n");
    expect((await project.package(...flags, '--quiet')).stderr).not.toContain('note:');
    expect((await project.package('--dry-run')).stderr).not.toContain('note:');
    expect([project.exists('out.yaml'), project.exists('m.json')]).toEqual([false, false]);
  });

  test('warns about parameters that the template does not declare', async () => {
    const project = await shop();
    const { exitCode, stderr, stdout } = await project.package(
      ...['--dry-run', '--json', '--parameter-overrides', 'Stge=prod', 'Elsewhere=1', 'Stage=x'],
    );
    expect(exitCode).toBe(0);
    expect(stderr.match(/^warning: .*/gm)).toEqual([
      "warning: 'template.yaml' has no parameter 'Stge', so what --parameter-overrides gives for it counts for nothing",
      "warning: 'template.yaml' has no parameter 'Elsewhere', so what --parameter-overrides gives for it counts for nothing",
    ]);
    const { warnings } = JSON.parse(stdout) as { warnings: unknown };
    expect(warnings).toEqual([
      { code: 'unknown-parameter', message: expect.any(String), remedy: "Did you mean 'Stage'?" },
      { code: 'unknown-parameter', message: expect.any(String), remedy: 'It has Stage.' },
    ]);
  });

  test('gives the same template wherever the directory of the domain lies', async () => {
    const [one, other] = [await shop(), await shop()];
    const { text } = await one.package();
    expect(text).toMatch(/TemplateURL: .*/);
    expect(text).not.toContain('file:');
    expect((await other.run('package', '--project-root', '.', '--domain', 'file:../other domain')).text).toBe(text);
    const { stdout } = await one.package('--references', 'none');
    expect(stdout).toMatch(/https:\/\/s3\.local\.amazonaws\.com\/local\/blobs\/sha256\/[0-9a-f]{64}\/child\.yaml/);
    const shown = await one.run('show', 'shop/src', '--domain', 'file:../domain');
    expect(shown.stdout).toMatch(/^Url +file:\/\/\/.*archive/m);
  });
});

describe('get', () => {
  const DOMAIN = ['--domain', 'file:../domain'];

  async function published(): Promise<TestProject> {
    const project = await shop();
    for (const id of ['shop/api', 'shop/api.zip']) await project.run('publish', 'src', '--id', id, ...DOMAIN);
    await project.run('publish', 'api.json', '--id', 'shop/definition', ...DOMAIN);
    return project;
  }

  test.each([
    ['shop/api', 'api.zip'],
    ['shop/api.zip', 'api.zip'],
    ['shop/definition', 'api.json'],
  ])('writes %s to %s unless that is there', async (id, name) => {
    const project = await published();
    mkdirSync(project.path('here'));
    const get = (...flags: string[]) => project.run('get', id, ...DOMAIN, '-o', 'here', ...flags);
    expect((await get()).exitCode).toBe(0);
    expect(readdirSync(project.path('here'))).toEqual([name]);
    project.write({ [`here/${name}`]: 'mine' });
    const { exitCode, stderr } = await get();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `error: 'here/${name}' is already there\n  To replace it, name it with '-o here/${name}', or give --force.\n`,
    });
    expect(project.read(`here/${name}`)).toBe('mine');
    expect((await get('--force')).exitCode).toBe(0);
    expect(project.read(`here/${name}`)).not.toBe('mine');
    project.write({ [`here/${name}`]: 'mine' });
    expect((await project.run('get', id, ...DOMAIN, '-o', `here/${name}`)).exitCode).toBe(0);
    expect(project.read(`here/${name}`)).not.toBe('mine');
  });

  test('without --output writes here', async () => {
    const project = await published();
    const { exitCode, stderr } = await project.run('get', 'shop/api', ...DOMAIN);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/\n {2}→ api\.zip \(\d+ B, verified\)\n$/);
    expect(project.exists('api.zip')).toBe(true);
  });

  test.each([
    ['none/x.zip', /^error: 'none\/x\.zip' can't be written: the folder '.*none' does not exist\n {2}mkdir -p '/],
    ['none/', /^error: 'none\/api\.zip' can't be written: the folder '.*none' does not exist\n/],
    ['loop', /^error: 'loop' can't be written: its links lead in a circle \(ELOOP\)\n/],
  ])('into %s says what is wrong', async (output, message) => {
    const project = await published();
    symlinkSync('loop', project.path('loop'));
    const { exitCode, stderr } = await project.run('get', 'shop/api', ...DOMAIN, '-o', output);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });
});

describe('show', () => {
  test('has a size once where it is in bytes', async () => {
    const project = await shop();
    await project.run('publish', 'src', '--id', 'small', '--domain', 'file:../domain');
    project.write({ 'src/large': Array.from({ length: 5000 }, (_, line) => `${line}`).join('\n') });
    await project.run('publish', 'src', '--id', 'large', '--domain', 'file:../domain');
    const size = async (id: string) =>
      /^Size +(.*)$/m.exec((await project.run('show', id, '--domain', 'file:../domain')).stdout)?.[1];
    expect(await size('small')).toMatch(/^\d+ B$/);
    expect(await size('large')).toMatch(/^[\d.]+ KiB \(\d{4,} bytes\)$/);
  });
});

describe('resolveArtifact()', () => {
  test.each([
    ['shop/api:9', "'default/shop/api' has no version 9"],
    ['shop/api^x', "'default/shop/api' has no bookmark 'x'"],
    ['shop/api:x', "'default/shop/api' has no label 'x'"],
    ['default/shop/api:9', "'default/shop/api' has no version 9"],
    ['shop/web:9', "'shop/web' has no version 9"],
    ['shop/both:9', "'shop/both' has no version 9"],
    ['shop/none:9', "there is no artifact 'shop/none'"],
    ['none', "there is no artifact 'default/none'"],
  ])('%s fails for the artifact that there is', async (text, message) => {
    const domain = await testDomain();
    for (const [repository, id] of [
      ['default', 'shop/api'],
      ['default', 'shop/both'],
      ['shop', 'both'],
      ['shop', 'web'],
    ] as const)
      await publishVersion(domain, { repository, id }, publishable('x'));
    await expect(resolveArtifact(domain, text, 'default')).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: expect.stringContaining(message),
    });
  });
});
