import { realpathSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { bundle } from '../../../packager/building/bundler.ts';
import type { FailedBundle } from '../../../packager/building/failed-bundle.ts';
import { samTemplate } from './functions.ts';

const PROPERTIES = ['CodeUri: src', 'Handler: app.handler'];

/** What is told: `error:` lines, without it, in their order. */
async function errors(files: Files, ...flags: readonly string[]): Promise<string[]> {
  const project = await TestProject.of(files);
  const { exitCode, stderr, stdout } = await project.package(...flags);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(project.stored('versions')).toEqual([]);
  return [...stderr.matchAll(/^error: (.*)\n(?: {2}(.*))?/gm)].map(([, message = '', remedy = '']) =>
    [message, remedy].filter(Boolean).join(' | '),
  );
}

describe('mistakes in BuildProperties', () => {
  test('are told all at once, each where it stands', async () => {
    const build = [
      'Minfy: true',
      'Format: commonjs',
      'Minify: perhaps',
      'External: {one: two}',
      'Loader:',
      '  .png: dataurl',
      'Define: [NOTHING]',
      'Target: 2020',
      'Plugins: [mine]',
      'LineLimit: long',
      'MangleProps: "("',
      'Sourcemap: maybe',
      'KeepNames:',
      'Banner: !GetAtt Other.Arn',
    ];
    const told = await errors({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES, build } }),
      'src/app.ts': '',
    });
    expect(told.map((line) => line.replace(/^template\.yaml:(\d+:\d+): /, '$1 '))).toEqual([
      "8:9 'Minfy' is none of the BuildProperties of esbuild (resource 'Fn') | Did you mean 'Minify'?",
      "9:17 'Format' of BuildProperties is 'commonjs', not one of cjs, esm, iife (resource 'Fn') | Write one of cjs, esm, iife; of parameters, their Defaults and --parameter-overrides are known.",
      expect.stringContaining("10:17 'Minify' of BuildProperties is 'perhaps', not true or false"),
      expect.stringContaining("11:19 'External' of BuildProperties is a map, not a text"),
      "13:11 'Loader' of BuildProperties is a map, not a list (resource 'Fn') | Write a list of texts, each 'name=value'.",
      "14:18 'Define' of BuildProperties has 'NOTHING' in it (resource 'Fn') | Each item is written 'name=value'.",
      expect.stringContaining("15:17 'Target' of BuildProperties is the number 2020, not a text"),
      "16:9 'Plugins' is none of the BuildProperties of esbuild (resource 'Fn') | docs/building.md lists them. Plugins cannot be named.",
      expect.stringContaining("17:20 'LineLimit' of BuildProperties is 'long', not a number"),
      expect.stringContaining("18:22 'MangleProps' of BuildProperties is '(', not a regular expression"),
      expect.stringContaining(
        "19:20 'Sourcemap' of BuildProperties is 'maybe', not true, false, linked, inline, external, both",
      ),
      expect.stringContaining("20:19 'KeepNames' of BuildProperties is empty, not true or false"),
      expect.stringContaining("21:17 'Banner' of BuildProperties is known only at the deploy, not a list"),
    ]);
  });

  test('that esbuild alone can tell are told at the code', async () => {
    const told = await errors({
      'template.yaml': samTemplate({
        Fn: { properties: PROPERTIES, build: ['Target: es1999', 'Loader: [.png=picture]'] },
      }),
      'src/app.ts': '',
    });
    expect(told).toEqual([
      expect.stringMatching(
        /^template\.yaml:11:16: CodeUri of 'Fn' \(AWS::Serverless::Function\): esbuild does not take its BuildProperties: invalid (?:target 'es1999'|loader value)/,
      ),
    ]);
  });

  test('what SAM sets itself is ignored, and told', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES, build: ['Platform: browser', 'UseNpmCi: true'] } }),
      'src/app.ts': "export const handler = () => require('node:os');",
    });
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(0);
    expect(stderr.match(/^warning: .*/gm)).toEqual([
      "warning: template.yaml:8:9: 'Platform' of BuildProperties is ignored: SAM sets it itself, to what Lambda needs",
    ]);
  });
});

describe('mistakes of what is bundled', () => {
  test('no module, no Handler, one that is known only at the deploy, code that is a file', async () => {
    const told = await errors({
      'template.yaml': samTemplate({
        Typo: { properties: ['CodeUri: src', 'Handler: handlers/oders.handler'] },
        Two: { properties: ['CodeUri: src'], build: ['EntryPoints: [handlers/order.ts, missing.js]'] },
        None: { properties: ['CodeUri: src'] },
        Later: { properties: ['CodeUri: src', 'Handler: !ImportValue handler'] },
        Odd: { properties: ['CodeUri: src', 'Handler: handler'] },
        File: { properties: ['CodeUri: src/app.ts', 'Handler: app.handler'] },
        Nowhere: { properties: ['CodeUri: source', 'Handler: app.handler'] },
      }),
      'src/app.ts': '',
      'src/handlers/orders.ts': '',
    });
    const shown = told.map((line) => line.replace(/^template\.yaml:\d+:\d+: /, '').replace(/ \| Unless.*/, ''));
    expect(shown).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /CodeUri of 'Typo' .*no entry point at 'src\/handlers\/oders', with .* \| Did you mean 'handlers\/orders'\?/,
        ),
        expect.stringMatching(
          /CodeUri of 'Two' .*no entry point at 'src\/handlers\/order\.ts' \| Did you mean 'handlers\/orders\.ts'\?/,
        ),
        expect.stringMatching(/CodeUri of 'Two' .*no entry point at 'src\/missing\.js'/),
        expect.stringMatching(/nothing says what esbuild is to bundle, because it has no Handler \(resource 'None'\)/),
        expect.stringMatching(
          /because its Handler is not known: 'Fn::ImportValue' is known only at the deploy \(resource 'Later'\)/,
        ),
        expect.stringMatching(/the Handler 'handler' names no module that esbuild could bundle \(resource 'Odd'\)/),
        expect.stringMatching(/'src\/app\.ts' is a file, and esbuild bundles what is in a folder \(resource 'File'\)/),
        expect.stringMatching(/CodeUri of 'Nowhere' .*no file or folder at/),
      ]),
    );
    expect(shown).toHaveLength(8);
  });

  test.each([
    ["EntryNames: '../../[name]'", '../../part.js'],
    ["AssetNames: '../../../[name]'", '../../../note.txt'],
    ["ChunkNames: '../[name]'", '../part.js'],
  ])('%s writes nothing above the folder of what is built', async (names, told) => {
    const common = ['Loader: [.txt=file]', 'Format: esm'];
    const build = names.startsWith('Entry') ? [names, 'EntryPoints: [part.ts]'] : [...common, 'Splitting: true', names];
    const errorsTold = await errors({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES, build } }),
      'src/app.ts':
        "import note from './note.txt';\nexport const handler = async () => [note, await import('./part')];",
      'src/part.ts': 'export const part = 1;',
      'src/note.txt': 'note',
    });
    expect(errorsTold).toEqual([
      expect.stringContaining(
        `'${told}' would be above the root of the artifact | Leave '..' out of EntryNames, ChunkNames and AssetNames.`,
      ),
    ]);
  });

  test('in sources of several functions stand at file, line and column, each once, with what to do', async () => {
    const told = await errors({
      'template.yaml': samTemplate({
        One: { properties: ['CodeUri: src', 'Handler: one.handler'] },
        Two: { properties: ['CodeUri: src', 'Handler: two.handler'] },
      }),
      'src/one.ts': "import './broken';\nimport 'lodash';\n",
      'src/two.ts':
        "import './broken';\nimport 'express';\nconst ä = 1; import '@scope/name/part'; import './nothing';\n",
      'src/broken.ts': "const é = 'x'; const = 2;\n",
      'src/package.json': '{"dependencies": {"express": "4"}}',
      'package.json': '{"dependencies": {"lodash": "4"}}',
      'package-lock.json': '{}',
    });
    expect(told.sort()).toEqual([
      "src/broken.ts:1:22: expected identifier but found '='",
      "src/one.ts:2:8: could not resolve 'lodash' | Run 'npm ci' in '.', or, where a layer or the runtime brings it, name 'lodash' under External.",
      "src/two.ts:2:8: could not resolve 'express' | Run 'npm ci' in '.', or, where a layer or the runtime brings it, name 'express' under External.",
      "src/two.ts:3:21: could not resolve '@scope/name/part' | Add '@scope/name' to a package.json and install it, or, where a layer or the runtime brings it, name '@scope/name' under External.",
      "src/two.ts:3:48: could not resolve './nothing'",
    ]);
  });

  test('a tsconfig.json that is not there says where it is looked for; a package that one extends is a warning', async () => {
    const told = await errors({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES, build: ['Tsconfig: nowhere.json'] } }),
      'src/app.ts': '',
    });
    expect(told).toEqual([
      expect.stringMatching(
        /cannot find tsconfig file 'nowhere\.json' \| Tsconfig names a file relative to the folder of the code\.$/,
      ),
    ]);
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES } }),
      'src/app.ts': 'export const handler = 1;',
      'src/tsconfig.json': '{\r\n  "extends": "@tsconfig/node20/tsconfig.json"\r\n}\r\n',
    });
    const { exitCode, stderr } = await project.package();
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^warning: src\/tsconfig\.json:2:14: cannot find base config file '@tsconfig\/node20\/tsconfig\.json'/m,
      ),
    ]);
  });

  test('a name that only package.json could tell is looked for there', async () => {
    const told = await errors({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES } }),
      'src/app.ts': "import '#config/base';\n",
      'src/package.json': '{"imports": {"#other": "./other.js"}}',
    });
    expect(told).toEqual([
      expect.stringMatching(
        /^src\/app\.ts:1:8: could not resolve '#config\/base'.* \| Say what '#config\/base' is under imports of the nearest package\.json\.$/,
      ),
    ]);
  });

  test.each(['Format: esm', 'Target: node22'])('await at the top with %s alone say what to set', async (build) => {
    const told = await errors({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES, build: [build] } }),
      'src/app.ts': 'await 1;\nexport {};\n',
    });
    expect(told).toEqual([
      expect.stringMatching(/^src\/app\.ts:1:1: .* \| Set Format of BuildProperties to esm.* Target/),
    ]);
  });

  test('are told as data too', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES } }),
      'src/app.ts': '\n  const = 1;',
    });
    const { exitCode, stdout } = await project.package('--json');
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([
      2,
      { error: { code: 'BUILD_FAILED', place: { file: 'src/app.ts', line: 2, column: 9 } } },
    ]);
  });

  test('what esbuild wonders about is a warning at its place', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES } }),
      'src/app.js': "exports.handler = async () => 1;\nif (typeof exports.x == 'nul') exports.y = 1;\n",
    });
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning: src\/app\.js:2:\d+: .*'typeof'.* never .*'nul'/m);
  });

  test.each<[string, readonly string[], readonly string[], string | undefined]>([
    [
      'an ES module',
      ['Format: esm'],
      [],
      "8:17: 'Fn' is built as an ES module with the suffix '.js', which Lambda takes for CommonJS",
    ],
    [
      'an ES module called CommonJS',
      ['Format: esm', 'OutExtension: [.js=.cjs]'],
      [],
      "8:17: 'Fn' is built as an ES module with the suffix '.cjs', which Lambda takes for CommonJS",
    ],
    [
      'CommonJS called an ES module',
      ['OutExtension: [.js=.mjs]'],
      [],
      "8:23: 'Fn' is built as CommonJS with the suffix '.mjs', which Lambda takes for an ES module",
    ],
    ['an ES module called so', ['Format: esm', 'OutExtension: [.js=.mjs]'], [], undefined],
    ['CommonJS', ['Format: cjs'], [], undefined],
    [
      'an ES module beside a package.json',
      ['Format: esm', 'EntryPoints: [app.ts, package.json]', 'Loader: [.json=copy]'],
      [],
      undefined,
    ],
    [
      'an ES module that is known by its syntax',
      ['Format: esm'],
      ['Environment: {Variables: {NODE_OPTIONS: --experimental-detect-module --experimental-require-module}}'],
      undefined,
    ],
  ])('what Lambda would not load is told of: %s, %j', async (_, build, properties, told) => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { properties: [...PROPERTIES, ...properties], build } }),
      'src/app.ts': 'export const handler = 1;',
      'src/package.json': '{ "type": "module" }',
    });
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(0);
    expect(stderr.match(/(?<=^warning: template\.yaml:).*/gm)).toEqual(
      told === undefined ? null : [`${told}: it will not be loaded`],
    );
  });

  test.each([
    ['nodejs20.x', 1],
    ['nodejs24.x', 0],
    ['!ImportValue runtime', 0],
    ['provided.al2023', 0],
    ['python3.13', 0],
  ])('an ES module called .js is told of where the Runtime is %s: %d', async (runtime, count) => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { properties: PROPERTIES, build: ['Format: esm'] } }).replace(
        'nodejs22.x',
        runtime,
      ),
      'src/app.ts': 'export const handler = 1;',
    });
    const { stderr } = await project.package();
    expect(stderr.match(/^warning: .*\n {2}Set OutExtension to '\.js=\.mjs'\.$/gm) ?? []).toHaveLength(count);
  });

  test('a Handler that is not among the EntryPoints stays, and is told of, unless a layer brings it', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({
        Fn: { properties: ['CodeUri: src', 'Handler: wrap.handler'], build: ['EntryPoints: [app.ts]'] },
        Layer: { properties: ['CodeUri: src', 'Handler: /opt/wrap.handler'], build: ['EntryPoints: [app.ts]'] },
      }),
      'src/app.ts': 'export const handler = 1;',
    });
    const { text, stderr } = await project.package();
    expect(text.match(/Handler: .*/g)).toEqual(['Handler: wrap.handler', 'Handler: /opt/wrap.handler']);
    expect(stderr.match(/^warning: .*/gm)).toEqual([
      "warning: template.yaml:11:16: the Handler 'wrap.handler' of 'Fn' is none of the modules that are built: app",
    ]);
  });
});

test('what a build that failed read is looked for only when that is asked', async () => {
  const project = await TestProject.of({ 'src/app.js': "import './one';\nexport const = 1;", 'src/one.js': '' });
  const folder = realpathSync(project.path('src'));
  const failure: unknown = await bundle({
    folder,
    build: { kind: 'esbuild', entries: [{ in: 'app', out: 'app' }], options: {} },
    project: { root: path.dirname(folder), followExternalSymlinks: false },
    cwd: folder,
  }).catch((error: unknown) => error);
  project.write({ 'src/app.js': "import './two';", 'src/two.js': '' });
  expect(await (failure as FailedBundle).lookedAt()).toContain(path.join(folder, 'two.js'));
});
