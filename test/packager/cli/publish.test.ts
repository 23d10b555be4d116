import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';

knowEveryError();

const DOMAIN = ['--domain', 'file:../domain'];
const ARN = 'arn:aws:artifacts:local:000000000000:default';
let project: TestProject;

beforeEach(async () => {
  project = await TestProject.of({ 'src/x.js': 'x', 'api.json': '{}', 'out/tool': 'linux', 'out/tool-mac': 'mac' });
});

function publish(...words: readonly string[]): ReturnType<TestProject['run']> {
  return project.run('publish', ...words, ...DOMAIN);
}

function told(stdout: string): Readonly<Record<string, unknown>> {
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

describe('publish', () => {
  test('several files as one version: its ARN for scripts, each asset for people', async () => {
    const { exitCode, stdout, stderr } = await publish(
      ...['--id', 'tool', '--label', '1.4.0', '--asset', 'linux=out/tool', '--asset', 'mac=out/tool-mac'],
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${ARN}/tool:1\n` });
    expect(stderr.split('\n').map((line) => line.split(/ +/).slice(0, 4).join(' '))).toEqual([
      'ASSET SIZE OUTCOME SHA-256',
      expect.stringMatching(/^linux 5 B$|^linux 5 B uploaded$/),
      expect.stringMatching(/^mac 3 B$|^mac 3 B uploaded$/),
      '',
    ]);
    expect((await publish('out/tool', '--id', 'tool', '--quiet')).stderr).toBe('');
  });

  test('tells programs the version, its assets, and what it is called', async () => {
    const { stdout } = await publish('api.json', '--id', 'api', '--label', 'v1', '--metadata', 'team=shop', '--json');
    expect(told(stdout)).toMatchObject({
      arn: expect.stringMatching(/^arn:aws:artifacts:local:000000000000:default\/api:1@sha256:[0-9a-f]{64}$/),
      ...{ version: 1, size: 2, outcome: 'uploaded', isNewVersion: true, labels: ['v1'], warnings: [] },
      assets: [{ name: 'api.json', filename: 'api.json', size: 2, outcome: 'uploaded' }],
    });
    const again = told((await publish('api.json', '--id', 'api', '--label', 'v1', '--label', 'v1.0', '--json')).stdout);
    expect(again).toMatchObject({ version: 1, isNewVersion: false, outcome: 'reused', labels: ['v1', 'v1.0'] });
  });

  test('a version tells where it comes from', async () => {
    execFileSync('git', ['init', '--quiet'], { cwd: project.folder });
    const own = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.com'];
    execFileSync('git', ['add', '.'], { cwd: project.folder });
    execFileSync('git', [...own, 'commit', '--quiet', '-m', 'first'], { cwd: project.folder });
    await publish('src', '--id', 'src', '--metadata', 'team=shop');
    const [key = ''] = project.stored('versions');
    const manifest = project.content(`versions/${key}`);
    expect(JSON.parse(manifest)).toMatchObject({
      provenance: {
        tool: expect.stringMatching(/^cfn-artifacts /),
        ...{ source: 'src', git: { commit: expect.stringMatching(/^[0-9a-f]{40}$/), isClean: true } },
      },
      metadata: { team: 'shop' },
    });
  });

  test('a label that is taken is refused, and nothing is stored', async () => {
    await publish('api.json', '--id', 'api', '--label', 'v1');
    const before = [...project.stored('versions'), ...project.stored('blobs'), ...project.stored('labels')];
    expect(await publish('src', '--id', 'api', '--label', 'v1', '--label', 'v2')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr:
        "error: the label 'v1' of 'default/api' is that of version 1\n  A label never moves: choose another one, or publish what default/api:1 consists of.\n",
    });
    expect([...project.stored('versions'), ...project.stored('blobs'), ...project.stored('labels')]).toEqual(before);
  });

  test('of two assets of which one is not there nothing is stored', async () => {
    const { exitCode, stderr } = await publish('--id', 'tool', '--asset', 'a=out/tool', '--asset', 'b=out/nothing');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('out/nothing');
    expect(project.stored('versions')).toEqual([]);
  });

  test('an asset is called by no path; a path may have an equals sign in it', async () => {
    for (const asset of ['../x=api.json', 'a/b=api.json', 'c\\d=api.json']) {
      const { exitCode, stdout, stderr } = await publish('--id', 'api', '--asset', asset);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain(`'--asset': '${asset.replace(/=.*/, '')}' is no asset name`);
    }
    project.write({ 'out/a=b.txt': 'equal' });
    expect((await publish('--id', 'api', '--asset', 'out/a=b.txt')).exitCode).toBe(0);
  });

  test('a candidate, then the same under another name of its set', async () => {
    const candidate = ['--id', 'api', '--unfinished', '--label', '1.0.0'];
    expect((await publish('api.json', ...candidate, '--set', 'build-24')).stdout).toMatch(/default\/api:1@sha256/);
    const next = await publish('api.json', ...candidate, '--set', 'build-25', '--json');
    expect(told(next.stdout)).toMatchObject({ version: 2, set: { label: '1.0.0', name: 'build-25' } });
    const got = await project.run('get', 'api:1.0.0+build-24', '-o', '-', ...DOMAIN);
    expect(got).toMatchObject({ exitCode: 0, stdout: '{}' });
    const latest = await project.run('get', 'api', '-o', '-', ...DOMAIN);
    expect(latest.stderr).toContain("'default/api' has no version that is Published");
  });
});

test('package tells where versions come from too', async () => {
  const template =
    'Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: src, Handler: x.h, Runtime: nodejs22.x, Role: r}}}\n';
  const packaged = await TestProject.of({ 'template.yaml': template, 'src/x.js': 'x' });
  expect((await packaged.package('--metadata', 'team=shop')).exitCode).toBe(0);
  const [key = ''] = packaged.stored('versions');
  const manifest = packaged.content(`versions/${key}`);
  expect(JSON.parse(manifest)).toMatchObject({
    provenance: { tool: expect.stringMatching(/^cfn-artifacts /), source: 'src' },
    metadata: { team: 'shop' },
  });
});
