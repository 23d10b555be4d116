import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readRegularFile } from '../../../packager/regular-file.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { samTemplate } from './functions.ts';

const ONE = { properties: ['CodeUri: src/', 'Handler: app.handler'] };
const template = (...build: string[]): string => samTemplate({ Fn: { ...ONE, build: ['Minify: false', ...build] } });

const sourceMap = (more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ version: 3, names: [], mappings: 'AAAA', ...more });
const compiled = (url: string): string => `exports.handler = 1;\n//# sourceMappingURL=${url}\n`;

describe('source maps take nothing from outside of the project', () => {
  const MAP = 'src/app.js.map';
  const FILES: Files = { 'src/app.js': compiled('app.js.map'), '../outside.txt': 'secret' };
  const naming = (source: string): Files => ({ [MAP]: sourceMap({ sources: [source] }) });

  test.each<[string, Files]>([
    ['a source that has no text in the map', naming('../../outside.txt')],
    ['one through a link', naming('link.txt')],
    [
      'one of a section',
      {
        [MAP]: JSON.stringify({
          version: 3,
          sections: [
            {
              offset: { line: 0, column: 0 },
              map: JSON.parse(sourceMap({ sources: ['../../outside.txt'] })) as unknown,
            },
          ],
        }),
      },
    ],
    [
      'one of a map in the module',
      {
        'src/app.js': compiled(
          `data:application/json,${encodeURIComponent(sourceMap({ sources: ['file:///etc/passwd'] }))}`,
        ),
      },
    ],
    [
      'the map itself',
      {
        'src/app.js': compiled("../../out'side.map?query"),
        "../out'side.map": sourceMap({ sources: ['far.js'], sourcesContent: ['secret'] }),
      },
    ],
  ])('not %s', async (_, files) => {
    for (const sourcemap of ['true', 'inline']) {
      const project = await TestProject.of({
        'template.yaml': template(`Sourcemap: ${sourcemap}`),
        ...FILES,
        ...files,
      });
      symlinkSync('../../outside.txt', project.path('src/link.txt'));
      const { exitCode, stderr } = await project.package();
      expect([exitCode, project.stored('blobs')]).toEqual([2, []]);
      expect(stderr).toMatch(/error: .*' is outside of the project '[^']*', and .* takes it for /);
      expect(stderr).not.toContain('secret');
      expect(await project.package('--follow-external-symlinks')).toMatchObject({ exitCode: 0 });
    }
  });

  test('and what they bring along may be called as they like', async () => {
    const project = await TestProject.of({
      'template.yaml': template('Sourcemap: true'),
      ...FILES,
      [MAP]: sourceMap({ sources: ['../../outside.txt', '../../nowhere.ts'], sourcesContent: ['own'] }),
    });
    expect(await project.package()).toMatchObject({ exitCode: 0 });
  });
});

describe('what has no end is not read', () => {
  test.each<[string, Files]>([
    [
      'as a text',
      { 'src/app.js': "import zero from '/dev/zero' with { type: 'text' };\nexport const handler = zero;" },
    ],
    ['as a tsconfig.json', { 'template.yaml': template('Tsconfig: /dev/zero') }],
    ['as what that extends', { 'src/tsconfig.json': '{ "extends": "/dev/zero" }' }],
  ])('outside of the project: %s', async (_, files) => {
    const project = await TestProject.of({
      'template.yaml': template(),
      'src/app.js': 'exports.handler = 1;',
      ...files,
    });
    const { exitCode, stderr } = await project.package();
    expect([exitCode, /'\/dev\/zero' is outside of the project/.test(stderr)]).toEqual([2, true]);
  });

  test('through a link that PreserveSymlinks keeps', async () => {
    const project = await TestProject.of({
      'template.yaml': template('PreserveSymlinks: true'),
      'src/app.js': "import zero from './zero' with { type: 'text' };\nexport const handler = zero;",
    });
    symlinkSync('/dev/zero', project.path('src/zero'));
    expect((await project.package()).stderr).toMatch(/src\/zero' is outside of the project/);
  });

  test.each(['src/package.json', 'src/tsconfig.json', 'jsconfig.json', 'package.json', 'src/base'])(
    'in the place of %s',
    async (name) => {
      const project = await TestProject.of({ 'template.yaml': template(), 'src/app.js': 'exports.handler = 1;' });
      if (name === 'src/base') project.write({ 'src/tsconfig.json': '{ "extends": "./base" }' });
      execFileSync('mkfifo', [project.path(name)]);
      const { exitCode, stderr } = await project.package();
      expect([exitCode, stderr.includes(`'${name}' is a pipe or a device, or a link to one`)]).toEqual([2, true]);
    },
  );

  test('in the place of a module that a function begins with', async () => {
    const project = await TestProject.of({ 'template.yaml': template(), 'src/other.js': '' });
    execFileSync('mkfifo', [project.path('src/app.js')]);
    expect((await project.package()).stderr).toContain("'src/app.js' is a pipe or a device, or a link to one");
  });

  test('by whoever wants a file', () => {
    expect(() => readRegularFile('/dev/zero')).toThrow('no regular file');
  });
});

test('what is outside is told beside other mistakes, and adds none', async () => {
  const project = await TestProject.of({
    'template.yaml': template(),
    'src/app.js': "import { a } from '../../outside.mjs';\nimport './missing';\nexport const handler = a;",
    '../outside.mjs': 'export const a = 1;',
  });
  const { stderr } = await project.package();
  expect(stderr.match(/^error: .*?(?:outside of the project|could not resolve)/gm)).toHaveLength(2);
  expect(stderr.match(/^error: /gm)).toHaveLength(2);
});
