import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { samTemplate } from './functions.ts';

/** Longer than what was changed just before a build is taken for changed during it. Milliseconds. */
const SETTLED = 150;

const PROJECT: Files = {
  'template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: app.handler'] } }),
  'src/app.ts':
    "import { part } from './part';\nimport one from 'one';\nlet may; try { may = require('optional'); } catch {}\nexport const handler = async () => [part, one, may];\n",
  'src/part.js': "export const part = 'part';",
  'src/tsconfig.json': '{ "extends": ["../base"] }',
  'base.json': '{ "compilerOptions": { "useDefineForClassFields": true } }',
  'node_modules/one/package.json': '{ "main": "a.js" }',
  'node_modules/one/a.js': "module.exports = 'a';",
  'node_modules/one/b.js': "module.exports = 'b';",
};

async function project(files: Files = PROJECT): Promise<TestProject> {
  const made = await TestProject.of(files);
  made.env = { CFN_ARTIFACTS_CACHE: made.path('../cache') };
  await setTimeout(SETTLED);
  return made;
}

/** What a run did about each build: `bundled` or `remembered`. */
async function builds(made: TestProject, ...flags: readonly string[]): Promise<string[]> {
  const { stderr, exitCode } = await made.package('--debug', '--output-template-file', 'out.yaml', ...flags);
  expect(exitCode).toBe(0);
  return [...stderr.matchAll(/^(bundled|remembered) /gm)].map(([, word = '']) => word);
}

async function twice(made: TestProject): Promise<string> {
  await builds(made);
  expect(await builds(made)).toEqual(['remembered']);
  return made.read('out.yaml');
}

const sourceMap = (more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ version: 3, sources: ['parts/part.ts'], names: [], mappings: 'AAAA', ...more });
const compiled = (url: string): string => `export const handler = 1;\n//# sourceMappingURL=${url}`;

/** What changes in a source map alone. */
const SOURCE_MAPS: readonly [string, Files, Files][] = [
  [
    'the source map of a module is another',
    {
      'shared/part.js': compiled('part%20one.map'),
      'shared/part one.map': sourceMap({ sourcesContent: ['one'] }),
    },
    { 'shared/part one.map': sourceMap({ sourcesContent: ['two'] }) },
  ],
  [
    'the source map of a module comes',
    { 'shared/part.js': compiled('maps/part.js.map') },
    { 'shared/maps/part.js.map': sourceMap({ sourcesContent: ['one'] }) },
  ],
  [
    'a source is another that a source map names without its text',
    {
      'shared/part.js': compiled('part.js.map'),
      'shared/part.js.map': sourceMap({}),
      'shared/parts/part.ts': 'one',
    },
    { 'shared/parts/part.ts': 'two' },
  ],
  [
    'a source is another that a source map within the module names without its text',
    {
      'shared/part.js': compiled(
        `data:application/json;charset=utf-8;base64,${Buffer.from(sourceMap({})).toString('base64')}`,
      ),
      'shared/parts/part.ts': 'one',
    },
    { 'shared/parts/part.ts': 'two' },
  ],
];

describe('a build', () => {
  test('of which nothing has changed is not made again, and gives the same', async () => {
    const made = await project();
    expect(await builds(made)).toEqual(['bundled']);
    const first = made.read('out.yaml');
    expect(await builds(made)).toEqual(['remembered']);
    rmSync(made.path('../domain'), { recursive: true });
    expect(await builds(made)).toEqual(['remembered']);
    expect(made.read('out.yaml')).toBe(first);
  });

  test('whose sources are as they were, at another time, is not made again', async () => {
    const made = await project();
    await twice(made);
    for (const file of ['src/app.ts', 'src/part.js']) {
      const text = made.read(file);
      rmSync(made.path(file));
      made.write({ [file]: text });
    }
    expect(await builds(made)).toEqual(['remembered']);
  });

  test.each<[string, Files]>([
    ['a source is another', { 'src/part.js': "export const part = 'other';" }],
    ['a nearer suffix comes', { 'src/part.ts': "export const part = 'ts';" }],
    ['a nearer package comes', { 'src/node_modules/one/index.js': "module.exports = 'nearer';" }],
    ['a package that might have been there comes', { 'node_modules/optional/index.js': 'module.exports = 1;' }],
    ['a package has another main', { 'node_modules/one/package.json': '{ "main": "b.js" }' }],
    [
      'a tsconfig.json is another',
      { 'src/tsconfig.json': '{ "compilerOptions": { "paths": { "one": ["../node_modules/one/b.js"] } } }' },
    ],
    ['what it extends is another', { 'base.json': '{ "compilerOptions": { "useDefineForClassFields": false } }' }],
    [
      'the properties are others',
      {
        'template.yaml': String(PROJECT['template.yaml']).replace(
          'esbuild\n',
          'esbuild\n      BuildProperties: {Minify: false}\n',
        ),
      },
    ],
  ])('is made again where %s', async (_, files) => {
    const made = await project();
    await twice(made);
    made.write(files);
    expect(await builds(made)).toEqual(['bundled']);
  });

  test.each<[string, Files, Files]>([
    [
      'a path that led nowhere leads to a module',
      { 'src/app.ts': "let may; try { may = require('./may'); } catch {}\nexport const handler = () => may;\n" },
      { 'src/may.js': 'module.exports = 1;' },
    ],
    [
      'a module more fits to what is chosen when it runs',
      {
        'src/app.ts': "export const handler = (name: string) => require('./texts/' + name + '.json');\n",
        'src/texts/en.json': '{}',
      },
      { 'src/texts/de.json': '{}' },
    ],
    [
      'one comes in a folder that stands first in paths',
      {
        'src/app.ts': "import one from '@own/one';\nexport const handler = () => one;\n",
        'tsconfig.json': '{ "compilerOptions": { "paths": { "@own/*": ["./first/*", "./second/*"] } } }',
        'second/one.ts': 'export default 2;',
      },
      { 'first/one.ts': 'export default 1;' },
    ],
    [
      'one comes below baseUrl for a package',
      {
        'src/app.ts': "import one from 'one/a';\nexport const handler = () => one;\n",
        'tsconfig.json': '{ "compilerOptions": { "baseUrl": "./common" } }',
        'node_modules/one/a.js': 'export default 2;',
      },
      { 'common/one/a.ts': 'export default 1;' },
    ],
    [
      'what the tsconfig.json of a folder elsewhere extends is another',
      {
        'src/app.js': "export { handler } from '../shared/part';",
        'shared/part.jsx': 'export const handler = () => <b />;',
        'shared/tsconfig.json': '{ "extends": "../base" }',
        'base.json': '{}',
      },
      { 'base.json': '{ "compilerOptions": { "jsxFactory": "own" } }' },
    ],
    [
      'what a tsconfig.json extends comes',
      {
        'src/app.js': "export { handler } from '../shared/part';",
        'shared/part.jsx': 'export const handler = () => <b />;',
        'shared/tsconfig.json': '{ "extends": "../base" }',
      },
      { 'base.json': '{ "compilerOptions": { "jsxFactory": "own" } }' },
    ],
    [
      'what TsconfigRaw extends is another',
      {
        'template.yaml': samTemplate({
          Fn: {
            properties: ['CodeUri: src', 'Handler: app.handler'],
            build: [`TsconfigRaw: '{"extends": "../base.json"}'`],
          },
        }),
        'src/app.js': "export { handler } from '../shared/part';",
        'shared/part.jsx': 'export const handler = () => <b />;',
        'base.json': '{}',
      },
      { 'base.json': '{ "compilerOptions": { "jsxFactory": "own" } }' },
    ],
    [
      'what the exports of an extended package lead to is another',
      {
        'src/app.js': "export { handler } from '../shared/part';",
        'shared/part.jsx': 'export const handler = () => <b />;',
        'shared/tsconfig.json': '{ "extends": "@own/configs/base" }',
        'node_modules/@own/configs/package.json': '{ "exports": { "./base": "./all/base.json" } }',
        'node_modules/@own/configs/all/base.json': '{}',
      },
      { 'node_modules/@own/configs/all/base.json': '{ "compilerOptions": { "jsxFactory": "own" } }' },
    ],
    [
      'a package that is extended comes nearer',
      {
        'src/app.js': "export { handler } from '../shared/part';",
        'shared/part.jsx': 'export const handler = () => <b />;',
        'shared/tsconfig.json': '{ "extends": "@own/base" }',
        'node_modules/@own/base/tsconfig.json': '{}',
      },
      { 'shared/node_modules/@own/base/tsconfig.json': '{ "compilerOptions": { "jsxFactory": "own" } }' },
    ],
    [
      'the main of a folder without modules is another',
      {
        'src/app.ts': "import { one } from './entry';\nexport const handler = () => one;\n",
        'src/entry/package.json': '{ "main": "../parts/a.js" }',
        'src/parts/a.js': 'export const one = 1;',
        'src/parts/b.js': 'export const one = 2;',
      },
      { 'src/entry/package.json': '{ "main": "../parts/b.js" }' },
    ],
    ...['main.js', 'compiled/main.js', 'compiled'].map((main): [string, Files, Files] => [
      `the main of a package comes, '${main}', in whose place its index counted`,
      {
        'src/app.ts': "import two from 'two';\nexport const handler = () => two;\n",
        'node_modules/two/package.json': JSON.stringify({ main }),
        'node_modules/two/index.js': 'module.exports = 1;',
      },
      { [`node_modules/two/${main === 'compiled' ? 'compiled/index.js' : main}`]: 'module.exports = 2;' },
    ]),
    [
      'a module comes that stands before the main of a package',
      {
        'template.yaml': samTemplate({
          Fn: { properties: ['CodeUri: src', 'Handler: app.handler'], build: ['MainFields: module,main'] },
        }),
        'src/app.ts': "import two from 'two';\nexport const handler = () => two;\n",
        'node_modules/two/package.json': '{ "main": "main.js", "module": "modules/main.mjs" }',
        'node_modules/two/main.js': 'module.exports = 1;',
      },
      { 'node_modules/two/modules/main.mjs': 'export default 2;' },
    ],
    [
      'a nearer package gets the part that it had not',
      {
        'src/app.ts': "import two from 'two/part';\nexport const handler = () => two;\n",
        'node_modules/two/part.js': 'module.exports = 1;',
        'src/node_modules/two/other.js': '',
      },
      { 'src/node_modules/two/part.js': 'module.exports = 2;' },
    ],
    [
      'a package comes nearer that Alias means',
      {
        'template.yaml': samTemplate({
          Fn: { properties: ['CodeUri: src', 'Handler: app.handler'], build: ["Alias: ['two=three']"] },
        }),
        'src/app.ts': "import two from 'two';\nexport const handler = () => two;\n",
        'node_modules/three/index.js': 'module.exports = 1;',
        'src/node_modules/other/index.js': '',
      },
      { 'src/node_modules/three/index.js': 'module.exports = 2;' },
    ],
    [
      'a package comes nearer that imports of package.json mean',
      {
        'src/app.ts': "import two from '#two';\nexport const handler = () => two;\n",
        'src/package.json': '{ "imports": { "#two": { "default": "three" } } }',
        'node_modules/three/index.js': 'module.exports = 1;',
        'src/node_modules/other/index.js': '',
      },
      { 'src/node_modules/three/index.js': 'module.exports = 2;' },
    ],
    [
      'the dependencies of the code are others, which a layer brings to modules elsewhere',
      {
        'template.yaml': samTemplate({
          Fn: {
            properties: ['CodeUri: src', 'Handler: app.handler'],
            build: ['EntryPoints: [../shared/app.ts]', "External: ['./node_modules/*']"],
          },
        }),
        'shared/app.ts': "import two from 'two';\nexport const handler = () => two;\n",
        'src/package.json': '{ "dependencies": {} }',
        'node_modules/two/index.js': 'module.exports = 1;',
      },
      { 'src/package.json': '{ "dependencies": { "two": "1" } }' },
    ],
    ...SOURCE_MAPS.map(([what, files, change]): [string, Files, Files] => [
      what,
      {
        'template.yaml': samTemplate({
          Fn: { properties: ['CodeUri: src', 'Handler: app.handler'], build: ['Sourcemap: true'] },
        }),
        'src/app.js': "export { handler } from '../shared/part';",
        ...files,
      },
      change,
    ]),
  ])('is made again where %s', async (_, files, change) => {
    const made = await project({ 'template.yaml': PROJECT['template.yaml'] ?? '', ...files });
    await builds(made);
    const before = made.read('out.yaml');
    made.write(change);
    expect(await builds(made)).toEqual(['bundled']);
    expect(made.read('out.yaml')).not.toBe(before);
  });

  test.each([
    ['a package', 'node_modules/two', '../versions', "import two from 'two';"],
    ['a module', 'src/two.js', '../versions', "import two from './two';"],
    ['a folder', 'src/folder', '../versions', "import two from './folder/index.js';"],
    ['a folder around a folder', 'src/folder', '..', "import two from './folder/VERSION';"],
  ])('is made again where a link to %s leads to another', async (_, link, up, line) => {
    const target = (version: string): string =>
      path.join(up, ...(line.includes('VERSION') ? [version] : [version, link.endsWith('.js') ? 'index.js' : '']));
    const made = await project({
      'template.yaml': PROJECT['template.yaml'] ?? '',
      'src/app.ts': `${line.replace('VERSION', 'inner')}\nexport const handler = () => two;\n`,
      'node_modules/.package-lock.json': '{}',
      'versions/1/index.js': "export default 'first';",
      'versions/2/index.js': "export default 'second';",
      '1/inner/index.js': "export default 'first';",
      '2/inner/index.js': "export default 'second';",
    });
    symlinkSync(target('1'), made.path(link));
    await setTimeout(SETTLED);
    const before = await twice(made);
    rmSync(made.path(link));
    symlinkSync(target('2'), made.path(link));
    expect(await builds(made)).toEqual(['bundled']);
    expect(made.read('out.yaml')).not.toBe(before);
  });

  test('is made again where a file was replaced by another of the same size and time', async () => {
    const made = await project();
    await twice(made);
    const file = made.path('src/part.js');
    const { atime, mtime } = statSync(file);
    made.write({ 'other.js': "export const part = 'trap';" });
    renameSync(made.path('other.js'), file);
    utimesSync(file, atime, mtime);
    expect(await builds(made)).toEqual(['bundled']);
  });

  test('is made again where it changed in the moment before, however often', async () => {
    const made = await project();
    made.write({ 'src/part.js': "export const part = 'new';" });
    await builds(made);
    made.write({ 'src/part.js': "export const part = 'raw';" });
    expect(await builds(made)).toEqual(['bundled']);
    await setTimeout(SETTLED);
    await builds(made);
    expect(await builds(made)).toEqual(['remembered']);
  });

  test('is made for each checkout by itself', async () => {
    const made = await project();
    await twice(made);
    const other = await TestProject.of({ ...PROJECT, 'src/part.js': "export const part = 'there';" });
    other.env = made.env;
    expect(await builds(other)).toEqual(['bundled']);
  });
});

describe('the memory of builds', () => {
  const folder = (made: TestProject): string => made.path('../cache/builds');

  test('may vanish, be damaged, be of another, or not be wanted', async () => {
    const made = await project();
    const text = await twice(made);
    const [name = ''] = readdirSync(folder(made));
    for (const bytes of ['', '{}\n', 'x'.repeat(100)]) {
      writeFileSync(path.join(folder(made), name), bytes);
      expect(await builds(made)).toEqual(['bundled']);
    }
    rmSync(folder(made), { recursive: true });
    expect(await builds(made)).toEqual(['bundled']);
    made.env = { CFN_ARTIFACTS_CACHE: 'off' };
    expect([await builds(made), await builds(made)]).toEqual([['bundled'], ['bundled']]);
    expect(made.read('out.yaml')).toBe(text);
  });

  test('that may not be written is used as it is', async () => {
    const made = await project();
    await twice(made);
    rmSync(folder(made), { recursive: true });
    // A file where the folder would be: even an administrator can write nothing into it.
    writeFileSync(folder(made), '');
    chmodSync(folder(made), 0o400);
    expect([await builds(made), await builds(made)]).toEqual([['bundled'], ['bundled']]);
  });

  test('is of its user alone, and holds nothing unfinished', async () => {
    const made = await project();
    await builds(made);
    expect(statSync(folder(made)).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder(made))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  test('is shared by runs at once', async () => {
    const made = await project();
    const outputs = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const { exitCode } = await made.package('--output-template-file', `out-${index}.yaml`, '--quiet');
        return { exitCode, text: made.read(`out-${index}.yaml`) };
      }),
    );
    expect(new Set(outputs.map(({ text }) => text)).size).toBe(1);
    expect(outputs.every(({ exitCode }) => exitCode === 0)).toBe(true);
    expect(await builds(made)).toEqual(['remembered']);
  });
});

describe('folders for what is built', () => {
  test('are gone with the run, and those of killed runs with the next', async () => {
    const { tmpdir } = await import('node:os');
    const scratch = path.join(tmpdir(), `cfn-artifacts-${process.getuid?.() ?? 'user'}`);
    const dead = spawn(process.execPath, ['--version']);
    await new Promise((resolve) => dead.once('exit', resolve));
    const abandoned = path.join(scratch, `built-${dead.pid}-abandoned`);
    mkdirSync(abandoned, { recursive: true });
    writeFileSync(path.join(abandoned, 'app.js'), '');
    await builds(await project());
    const left = statSync(scratch, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(scratch);
    expect(left.filter((name) => name.startsWith(`built-${process.pid}-`) || name.includes('abandoned'))).toEqual([]);
  });
});
