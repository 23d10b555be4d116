import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { at } from '../../support/json-pointer.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { samTemplate } from './functions.ts';
import { Deployed } from './lambda.ts';

const ONE = { properties: ['CodeUri: src/', 'Handler: app.handler'] };

async function packaged(
  files: Files,
  ...flags: readonly string[]
): Promise<{ readonly project: TestProject; readonly deployed: (id?: string) => Deployed; readonly stderr: string }> {
  const project = await TestProject.of(files);
  const outcome = await project.package(...flags);
  expect(outcome).toMatchObject({ exitCode: 0 });
  return { project, deployed: (id = 'Fn') => new Deployed(project, outcome, id), stderr: outcome.stderr };
}

describe('a function with BuildMethod esbuild', () => {
  test('in TypeScript runs as one file, for which the Handler is changed', async () => {
    const { deployed, stderr } = await packaged({
      'template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src/', 'Handler: handlers/orders.handler'] } }),
      'src/handlers/orders.ts':
        "import { greet } from '../names';\nexport const handler = async (event: { who: string }): Promise<string> => greet(event.who);\n",
      'src/names.ts': 'export const greet = (who: string): string => `hello ${who}`;\n',
      'src/README.md': 'Not for Lambda.',
    });
    expect(deployed().files).toEqual(['orders.js']);
    expect(deployed().handler).toBe('orders.handler');
    expect(deployed().call({ who: 'Ada' })).toBe('hello Ada');
    expect(stderr).toMatch(/^bundled src\/handlers\/orders \(\d+ B\)$/m);
  });

  test('has its dependencies from node_modules, those above it in the project too, and what is External from elsewhere', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({ Fn: { ...ONE, build: ['External:', '- "@aws-sdk/*"', '- layered'] } }),
      'src/app.js':
        "const one = require('one'); const two = require('two');\nexports.handler = async () => one + two;\nexports.outer = async () => require('layered');\nexports.sdk = async () => require('@aws-sdk/client-s3').S3;\n",
      'src/node_modules/one/index.js': "module.exports = 'one';",
      'node_modules/two/package.json': '{"name": "two", "main": "lib/two.js", "module": "lib/two.mjs"}',
      'node_modules/two/lib/two.js': "module.exports = ' and two';",
      'node_modules/two/lib/two.mjs': "export default 'not for node';",
    });
    const fn = deployed();
    expect(fn.files).toEqual(['app.js']);
    expect(fn.call()).toBe('one and two');
    expect(fn.call({}, 'app.outer')).toMatch(/Cannot find module 'layered'/);
    expect(fn.call({}, 'app.sdk')).toMatch(/Cannot find module '@aws-sdk\/client-s3'/);
  });

  test('with ./node_modules/* among External leaves all dependencies of its package.json to a layer', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({ Fn: { ...ONE, build: ['External: [./node_modules/*]'] } }),
      'src/package.json': '{"dependencies": {"one": "1", "missing": "1"}}',
      'src/app.js': "exports.handler = async () => require('one') + require('missing');",
      'src/node_modules/one/index.js': "module.exports = 'one';",
    });
    expect(deployed().call()).toMatch(/Cannot find module 'one'/);
  });

  test('with several EntryPoints keeps the folders below the one that they have in common', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({
        Fn: {
          properties: ['CodeUri: .', 'Handler: src/a/x.handler'],
          build: ['EntryPoints:', '- src/a/x.ts', '- ./src/b/y.js'],
        },
      }),
      'src/a/x.ts': "export const handler = async (): Promise<string> => 'x';",
      'src/b/y.js': "exports.handler = async () => 'y';",
    });
    const fn = deployed();
    expect(fn.files).toEqual(['a/x.js', 'b/y.js']);
    expect([fn.handler, fn.call(), fn.call({}, 'b/y.handler')]).toEqual(['a/x.handler', 'x', 'y']);
  });

  test('as an ES module has a suffix that says so, and what a banner brings', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({
        Fn: {
          ...ONE,
          build: [
            'Format: esm',
            'Target: node20,es2022',
            'MainFields: module,main',
            'OutExtension:',
            '- .js=.mjs',
            'Banner:',
            "- js=import { createRequire } from 'module'; const require = createRequire(import.meta.url);",
            'Define:',
            `- VERSION="'1=2'"`,
          ],
        },
      }),
      'src/app.ts':
        "import { platform } from 'node:os';\nimport which from 'which';\ndeclare const VERSION: string;\nconst waited = await Promise.resolve(VERSION);\nexport const handler = async (): Promise<string> => [waited, typeof platform(), which, require('node:path').sep].join(' ');\n",
      'src/node_modules/which/package.json': '{"main": "main.js", "module": "module.js"}',
      'src/node_modules/which/main.js': "module.exports = 'main';",
      'src/node_modules/which/module.js': "export default 'module';",
    });
    const fn = deployed();
    expect(fn.files).toEqual(['app.mjs']);
    expect(fn.call()).toBe("'1=2' string module /");
  });

  test('takes files by loaders, aliases and injected modules, and names that are kept', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({
        Fn: {
          ...ONE,
          build: [
            'Loader: [.txt=text, .bin=file]',
            'Alias: [other=./mine.js]',
            'Inject: [./shim.js]',
            'KeepNames: true',
            'AssetNames: assets/[name]',
          ],
        },
      }),
      'src/app.js':
        "import text from './a.txt'; import file from './b.bin'; import { mine } from 'other';\nfunction aRatherLongName() {}\nexport const handler = async () => [text, file, mine, shim, aRatherLongName.name].join(' ');\n",
      'src/a.txt': 'text',
      'src/b.bin': 'bytes',
      'src/mine.js': "export const mine = 'mine';",
      'src/shim.js': "export const shim = 'shim';",
    });
    const fn = deployed();
    expect(fn.files).toEqual(['app.js', 'assets/b.bin']);
    expect(fn.call()).toBe('text ./assets/b.bin mine shim aRatherLongName');
  });

  test.each<[string, Files]>([
    [
      'comments, trailing commas and line ends as on Windows',
      {
        'src/tsconfig.json':
          '\uFEFF// why\r\n{\r\n  "compilerOptions": { /* own */\r\n    "jsxFactory": "own",\r\n  },\r\n}\r\n',
      },
    ],
    [
      'several that it extends, of which the last says it',
      {
        'src/tsconfig.json': '{ "extends": ["../configs/a", "../configs/b.json"] }',
        'configs/a.json': '{ "compilerOptions": { "jsxFactory": "other" } }',
        'configs/b.json': '{ "compilerOptions": { "jsxFactory": "own" } }',
      },
    ],
    [
      'a package that it extends',
      {
        'src/tsconfig.json': '{ "extends": "@tsconfig/node20/tsconfig.json" }',
        'node_modules/@tsconfig/node20/package.json': '{ "name": "@tsconfig/node20" }',
        'node_modules/@tsconfig/node20/tsconfig.json': '{ "compilerOptions": { "jsxFactory": "own" } }',
      },
    ],
    [
      'a package with exports that it extends',
      {
        'src/tsconfig.json': '{ "extends": "configs/base" }',
        'node_modules/configs/package.json': '{ "exports": { "./*": { "require": "./all/*.json" } } }',
        'node_modules/configs/all/base.json': '{ "compilerOptions": { "jsxFactory": "own" } }',
      },
    ],
  ])('follows a tsconfig.json with %s', async (_, files) => {
    const { deployed, stderr } = await packaged({
      'template.yaml': samTemplate({ Fn: ONE }),
      'src/app.jsx': 'const own = (name) => name;\nexport const handler = async () => <b />;',
      ...files,
    });
    expect(deployed().call()).toBe('b');
    expect(stderr).not.toContain('warning: ');
  });

  test('follows the tsconfig.json beside it, and the one that is named', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({
        Fn: ONE,
        Other: { ...ONE, build: ['Tsconfig: ../config/other.json'] },
      }),
      'src/app.ts': "import { where } from '@own/where';\nexport const handler = async (): Promise<string> => where;\n",
      'src/tsconfig.json': '{ "extends": "../config/base", /* and */ "compilerOptions": { "strict": true, }, }',
      'config/base.json': '{ "compilerOptions": { "paths": { "@own/*": ["../src/one/*"] } } }',
      'config/other.json': '{ "compilerOptions": { "paths": { "@own/*": ["../src/two/*"] } } }',
      'src/one/where.ts': "export const where = 'one';",
      'src/two/where.ts': "export const where = 'two';",
    });
    expect([deployed().call(), deployed('Other').call()]).toEqual(['one', 'two']);
  });

  test('may be of plain CloudFormation', async () => {
    const { deployed } = await packaged({
      'template.yaml':
        'Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Metadata: {BuildMethod: esbuild}\n    Properties:\n      Code: src\n      Handler: deep/app.handler\n      Role: arn:aws:iam::123456789012:role/r\n',
      'src/deep/app.ts': "export const handler = async (): Promise<string> => 'plain';",
    });
    expect([deployed().handler, deployed().call()]).toEqual(['app.handler', 'plain']);
  });

  test('may stand in a nested template, and in a loop', async () => {
    const project = await TestProject.of({
      'template.yaml':
        'Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: nested/child.yaml, Parameters: {Where: code}}\n',
      'nested/child.yaml': `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters: {Where: {Type: String}}
Resources:
  Fn::ForEach::Each:
    - Name
    - [Alpha, Beta]
    - Fn\${Name}:
        Type: AWS::Serverless::Function
        Metadata: {BuildMethod: esbuild}
        Properties:
          CodeUri: !Sub ./\${Where}
          Handler: !Sub handlers/\${Name}.handler
`,
      'nested/code/handlers/Alpha.ts': "export const handler = async (): Promise<string> => 'alpha';",
      'nested/code/handlers/Beta.ts': "export const handler = async (): Promise<string> => 'beta';",
    });
    const { exitCode, data } = await project.package();
    expect(exitCode).toBe(0);
    const [reference = ''] = String(at(data, '/Resources/N/Properties/TemplateURL/Fn::GetAtt')).split('.');
    const child = project.content(String(at(data, `/Resources/${reference}/Properties/Key`)));
    expect(child).toContain('Handler: !Sub handlers/${Name}.handler');
    const key = /Key: (blobs\S+)/.exec(child)?.[1] ?? '';
    const plain = { Resources: { Fn: { Properties: { Code: { S3Key: key }, Handler: 'handlers/Beta.handler' } } } };
    const fn = new Deployed(project, { data: plain }, 'Fn');
    expect(fn.files).toEqual(['handlers/Alpha.js', 'handlers/Beta.js']);
    expect(fn.call()).toBe('beta');
  });

  test.each([
    ['src/${Name}.handler', ['src/Alpha.js', 'src/Beta.js']],
    ['${Name}.handler', ['Alpha.js', 'Beta.js']],
  ])('in a loop has its EntryPoints where the Handler %s finds them', async (handler, files) => {
    const project = await TestProject.of({
      'template.yaml': `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Each:
    - Name
    - [Alpha, Beta]
    - Fn\${Name}:
        Type: AWS::Serverless::Function
        Metadata: {BuildMethod: esbuild, BuildProperties: {EntryPoints: [src/Alpha.ts, src/Beta.ts]}}
        Properties: {CodeUri: ., Handler: '${handler}'}
`,
      'src/Alpha.ts': 'export const handler = 1;',
      'src/Beta.ts': 'export const handler = 1;',
    });
    const { data, text, stderr } = await project.package();
    expect(text).toContain(`Handler: '${handler}'`);
    expect(stderr).not.toContain('warning: ');
    const properties = at(data, '/Resources/Fn::ForEach::Each/2/Fn${Name}/Properties');
    const fn = new Deployed(project, { data: { Resources: { Fn: { Properties: properties } } } }, 'Fn');
    expect(fn.files).toEqual(files);
  });

  test('in a loop with a folder for each turn is built of each', async () => {
    const { project } = await packaged({
      'template.yaml': `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Each:
    - Name
    - [Alpha, Beta]
    - Fn\${Name}:
        Type: AWS::Serverless::Function
        Metadata: {BuildMethod: esbuild}
        Properties: {CodeUri: './\${Name}', Handler: src/app.handler}
`,
      'Alpha/src/app.js': "exports.handler = async () => 'alpha';",
      'Beta/src/app.js': "exports.handler = async () => 'beta';",
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/Fn::ForEach::Each/2/Fn${Name}/Properties/Handler')).toBe('app.handler');
    expect(project.stored('versions')).toHaveLength(2);
  });
});

describe('functions and what they share', () => {
  const CODE: Files = {
    'src/a.ts': "export const handler = async (): Promise<string> => 'a';",
    'src/b.ts': "export const handler = async (): Promise<string> => 'b';",
  };
  const fn = (...properties: string[]): { properties: string[] } => ({ properties });

  test('the same build of the same folder is made once and is one artifact; another Handler is another', async () => {
    const { project, deployed, stderr } = await packaged({
      ...CODE,
      'template.yaml': samTemplate({
        One: fn('CodeUri: src', 'Handler: a.handler'),
        Two: fn('CodeUri: ./src/', 'Handler: ./a.other'),
        Three: fn('CodeUri: src', 'Handler: b.handler'),
      }),
    });
    expect(stderr.match(/^bundled/gm)).toHaveLength(2);
    expect(project.stored('versions')).toHaveLength(2);
    expect([deployed('One').call(), deployed('Three').call()]).toEqual(['a', 'b']);
  });

  test('one folder, taken as it is and built, is several artifacts whose IDs do not change with each other', async () => {
    const raw = '  Raw:\n    Type: AWS::Lambda::Function\n    Properties: {Code: src, Handler: a.handler, Role: r}\n';
    const template = samTemplate({ One: fn('CodeUri: src', 'Handler: a.handler') });
    const { project } = await packaged({ ...CODE, 'template.yaml': template });
    const alone = await project.package();
    project.write({ 'template.yaml': template + raw });
    const both = await project.package();
    for (const { data } of [alone, both]) {
      expect(at(data, '/Resources/SrcAArtifact/Properties/ArtifactArn')).toMatch(/default\/shop\/src\/a:1@/);
    }
    expect(at(both.data, '/Resources/SrcArtifact/Properties/ArtifactArn')).toMatch(/default\/shop\/src:1@/);
  });

  test('what Globals say counts, and stands in the function where a build changes it', async () => {
    const { deployed, project, stderr } = await packaged({
      'template.yaml': samTemplate(
        {
          Fn: { properties: ['Timeout: 3'], build: ['Sourcemap: true'] },
          Other: { properties: ['Handler: deep/other.handler'] },
        },
        'Globals:\n  Function:\n    CodeUri: src\n    Handler: deep/app.handler\n    Environment: {Variables: {NODE_OPTIONS: --no-warnings}}',
      ),
      'src/deep/app.ts': "export const handler = async (): Promise<string> => 'app';",
      'src/deep/other.ts': "export const handler = async (): Promise<string> => 'other';",
    });
    expect([deployed().call(), deployed('Other').call()]).toEqual(['app', 'other']);
    expect([deployed().nodeOptions, deployed('Other').nodeOptions]).toEqual([
      '--no-warnings --enable-source-maps',
      undefined,
    ]);
    expect(stderr).toContain("'Fn' is built with source maps");
    const { data } = await project.package();
    expect(at(data, '/Globals/Function')).toMatchObject({ CodeUri: 'src', Handler: 'deep/app.handler' });
  });

  test('without CodeUri it is the folder of the template, as for SAM', async () => {
    const { deployed } = await packaged({
      'template.yaml': samTemplate({ Fn: fn('Handler: lib/app.handler') }),
      'lib/app.ts': "export const handler = async (): Promise<string> => 'here';",
    });
    expect([deployed().files, deployed().call()]).toEqual([['app.js'], 'here']);
  });

  test('parameters are what they are by Default or override, and a Default is told of', async () => {
    const { deployed, stderr } = await packaged(
      {
        ...CODE,
        'template.yaml': samTemplate(
          {
            Fn: {
              properties: ['CodeUri: !Ref Code', 'Handler: !Sub "${Name}.handler"'],
              build: ['Minify: !Ref Small'],
            },
          },
          "Parameters:\n  Code: {Type: String, Default: src}\n  Name: {Type: String}\n  Small: {Type: String, Default: 'false'}",
        ),
      },
      '--parameter-overrides',
      'Name=b',
    );
    expect(deployed().call({}, 'b.handler')).toBe('b');
    expect(stderr.match(/follows the Default of the parameter '\w+'/g)).toEqual([
      "follows the Default of the parameter 'Small'",
      "follows the Default of the parameter 'Code'",
    ]);
  });
});

describe('what is not built', () => {
  const built = (more: string): string =>
    `Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Metadata: {BuildMethod: esbuild${more}}\n    Properties: {CodeUri: src, Handler: app.handler}\n`;

  test.each([
    ['SkipBuild', 'template.yaml', built(', SkipBuild: true'), 'src/app.ts'],
    ['what sam build wrote', '.aws-sam/build/template.yaml', built(''), '.aws-sam/build/src/app.ts'],
  ])('%s', async (_, template, text, file) => {
    const { deployed, stderr } = await packaged(
      { [template]: text, [file]: '// as it is' },
      '--template-file',
      template,
    );
    expect(deployed().files).toEqual(['app.ts']);
    expect(stderr).not.toContain('bundled');
  });

  test('an archive', async () => {
    const project = await TestProject.of({
      'template.yaml': built('').replace('CodeUri: src', 'CodeUri: code.zip'),
      'code.zip': 'PK\u0005\u0006' + '\0'.repeat(18),
    });
    const { stderr, exitCode } = await project.package();
    expect({ exitCode, isBundled: stderr.includes('bundled') }).toEqual({ exitCode: 0, isBundled: false });
  });

  test('an inline function, an image, and code that is in S3', async () => {
    const { stderr, project } = await packaged({
      'template.yaml': samTemplate({
        Inline: { properties: ['InlineCode: exports.handler = 1', 'Handler: index.handler'] },
        Image: { properties: ['PackageType: Image', 'ImageUri: 1.dkr.ecr.eu-west-1.amazonaws.com/x'] },
        There: { properties: ['CodeUri: s3://bucket/key', 'Handler: index.handler'], build: ['Nonsense: 1'] },
      }),
    });
    expect([stderr.includes('bundled'), project.stored('versions')]).toEqual([false, []]);
  });
});

describe('source maps', () => {
  const THROWS: Files = {
    'src/app.ts':
      "type T = string;\n\nexport const handler = async (): Promise<T> => {\n  throw new Error('boom');\n};\n",
  };

  test('lead Node to the sources, because NODE_OPTIONS says so', async () => {
    const { deployed } = await packaged({
      ...THROWS,
      'template.yaml': samTemplate({ Fn: { ...ONE, build: ['Sourcemap: true', 'SourcesContent: false'] } }),
    });
    expect(deployed().files).toEqual(['app.js', 'app.js.map']);
    expect(deployed().nodeOptions).toBe('--enable-source-maps');
    expect(deployed().call()).toMatch(/app\.ts:4:\d+/);
  });

  test('may be excluded like any file', async () => {
    const { deployed } = await packaged(
      { ...THROWS, 'template.yaml': samTemplate({ Fn: { ...ONE, build: ['Sourcemap: external'] } }) },
      '--exclude',
      '*.map',
    );
    expect(deployed().files).toEqual(['app.js']);
  });

  test('are made where NODE_OPTIONS wants them and nobody says no', async () => {
    const options = ['Environment: {Variables: {NODE_OPTIONS: --enable-source-maps --no-warnings}}'];
    const { deployed, stderr } = await packaged({
      ...THROWS,
      'template.yaml': samTemplate({
        Fn: { properties: [...ONE.properties, ...options] },
        Without: { properties: [...ONE.properties, ...options], build: ["Sourcemap: 'false'"] },
      }),
    });
    expect([deployed().files, deployed('Without').files]).toEqual([['app.js', 'app.js.map'], ['app.js']]);
    expect(deployed().nodeOptions).toBe('--enable-source-maps --no-warnings');
    expect(stderr).not.toContain('source maps');
  });

  test('that Node can not be told of are told of', async () => {
    const { deployed, stderr } = await packaged({
      ...THROWS,
      'template.yaml': samTemplate({
        Fn: {
          properties: [...ONE.properties, 'Environment: {Variables: {NODE_OPTIONS: !ImportValue options}}'],
          build: ['Sourcemap: inline'],
        },
      }),
    });
    expect(deployed().nodeOptions).toEqual({ 'Fn::ImportValue': 'options' });
    expect(stderr).toMatch(
      /template\.yaml:12:\d+: 'Fn' is built with source maps, and '--enable-source-maps' can't be added/,
    );
  });
});

describe('a dry run', () => {
  test('knows what would be, and leaves nothing behind', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: ONE }),
      'src/app.ts': 'export const handler = async (): Promise<void> => undefined;',
    });
    project.env = { CFN_ARTIFACTS_CACHE: project.path('../cache') };
    const first = await project.package('--dry-run');
    expect(first.stdout).toMatch(/would upload +\S*shop\/src\/app/);
    expect([project.exists('../cache/builds'), project.exists('../domain')]).toEqual([false, false]);
    await project.package();
    expect((await project.package('--dry-run')).stdout).toMatch(/reused +arn:\S*shop\/src\/app:1@/);
  });
});

describe('a bundle', () => {
  test('holds what was built, and is published to what package writes', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({
        Fn: { properties: ['CodeUri: src', 'Handler: deep/app.handler'], build: ['Sourcemap: true'] },
        Other: { properties: ['CodeUri: src', 'Handler: deep/other.handler'] },
      }),
      'src/deep/app.ts': "export const handler = async (): Promise<string> => 'app';",
      'src/deep/other.ts': "export const handler = async (): Promise<string> => 'other';",
    });
    const created = await project.run('bundle', 'create', '--output', '../a.bundle', '--project-root', '.');
    expect(created).toMatchObject({ exitCode: 0 });
    mkdirSync(project.path('../elsewhere'));
    const published = await project.run('bundle', 'publish', '../a.bundle', '--domain', 'file:../domain');
    expect(published).toMatchObject({ exitCode: 0 });
    expect(published.text).toBe((await project.package()).text);
    expect(new Deployed(project, published, 'Other').call()).toBe('other');
  });
});

describe('the project is the limit', () => {
  const TEMPLATE = samTemplate({ Fn: ONE });

  test('what is outside is taken in only where that is said', async () => {
    const project = await TestProject.of({
      'template.yaml': TEMPLATE,
      'src/app.js': "exports.handler = async () => require('linked') + require('./link.js');",
    });
    project.write({
      '../outside/index.js': "module.exports = 'linked';",
      '../outside/other.js': "module.exports = 'other';",
    });
    mkdirSync(project.path('src/node_modules'));
    symlinkSync('../../../outside', project.path('src/node_modules/linked'));
    symlinkSync('../../outside/other.js', project.path('src/link.js'));
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(
      stderr.match(/outside\/\w+\.js' is outside of the project '[^']*', and 'src\/app.js' imports it/g),
    ).toHaveLength(2);
    const followed = await project.package('--follow-external-symlinks');
    expect(new Deployed(project, followed, 'Fn').call()).toBe('linkedother');
  });

  test('links that PreserveSymlinks keeps lead out of it no more than others', async () => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { ...ONE, build: ['PreserveSymlinks: true'] } }),
      'src/app.js': "exports.handler = async () => require('./link/index.js');",
    });
    project.write({ '../outside/index.js': "module.exports = 'linked';" });
    symlinkSync('../../outside', project.path('src/link'));
    const { exitCode, stderr } = await project.package();
    expect([exitCode, /is outside of the project '[^']*', and 'src\/app.js' imports it/.test(stderr)]).toEqual([
      2,
      true,
    ]);
    const followed = await project.package('--follow-external-symlinks');
    expect(new Deployed(project, followed, 'Fn').call()).toBe('linked');
  });

  test.each([
    ['that is named', 'Tsconfig: ../../outside.json', '{}'],
    ['that another extends', 'Minify: true', '{ "extends": "../../outside.json" }'],
  ])('a tsconfig.json %s is not read outside of it', async (_, build, config) => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { ...ONE, build: [build] } }),
      'src/app.js': 'exports.handler = 1;',
      'src/tsconfig.json': config,
    });
    project.write({ '../outside.json': 'secret' });
    const { exitCode, stderr } = await project.package();
    expect([exitCode, /outside\.json' is outside of the project/.test(stderr), /secret/.test(stderr)]).toEqual([
      2,
      true,
      false,
    ]);
  });

  test.each<[string, readonly string[], Files, RegExp]>([
    [
      'that another extends, of any name',
      [],
      { 'src/tsconfig.json': '{ "extends": ["./base.json", "../../outside.conf"] }', 'src/base.json': '{}' },
      /outside\.conf' is outside of the project '[^']*', and 'src\/tsconfig\.json' extends it/,
    ],
    [
      'that TsconfigRaw extends',
      [`TsconfigRaw: '{"extends": "../../outside.json"}'`],
      {},
      /outside\.json' is outside of the project '[^']*', and TsconfigRaw extends it/,
    ],
    [
      'that one in a folder further down extends',
      [],
      {
        'src/app.js': "import './deep/part';",
        'src/deep/tsconfig.json': '{ "extends": "../../../outside.json" }',
        '../outside.json': '{}',
      },
      /outside\.json' is outside of the project '[^']*', and 'src\/deep\/tsconfig\.json' extends it\n .*package with --follow-external-symlinks, or with a --project-root that contains it, which changes the artifacts' IDs\./,
    ],
    [
      'that one of a folder elsewhere extends',
      [],
      {
        'src/app.js': "import '../shared/part';",
        'shared/tsconfig.json': '{ "extends": "../../outside.json" }',
        '../outside.json': '{}',
      },
      /outside\.json' is outside of the project '[^']*', and 'shared\/tsconfig\.json' extends it/,
    ],
    [
      'that one of a folder elsewhere extends, and that is none',
      [],
      { 'src/app.js': "import '../shared/part';", 'shared/tsconfig.json': '{ "extends": "../../outside.json" }' },
      /outside\.json' is outside of the project '[^']*', and a module imports it, or a tsconfig\.json extends it/,
    ],
    [
      'above the project that holds for nothing and is none',
      [],
      { 'tsconfig.json': '{}', '../tsconfig.json': 'secret' },
      /tsconfig\.json' is outside of the project '[^']*', and esbuild can't read it/,
    ],
  ])('a tsconfig.json %s is an error', async (_, build, files, told) => {
    const project = await TestProject.of({
      'template.yaml': samTemplate({ Fn: { ...ONE, build } }),
      'src/app.js': 'exports.handler = 1;',
      'src/deep/part.js': 'exports.part = 1;',
      'shared/part.js': 'exports.part = 1;',
      '../outside.json': 'secret',
      '../outside.conf': 'secret',
      ...files,
    });
    const { exitCode, stderr } = await project.package();
    expect(stderr).toMatch(told);
    expect([exitCode, stderr.match(/^error: /gm)?.length, stderr.includes('secret')]).toEqual([2, 1, false]);
  });

  test.each([
    ['src/tsconfig.json', '../../outside.json'],
    ['shared/tsconfig.json', '../../outside.json'],
  ])('a tsconfig.json %s that is a link is read outside of it only where that is said', async (link, target) => {
    const project = await TestProject.of({
      'template.yaml': TEMPLATE,
      'src/app.jsx': "import { part } from '../shared/part';\nexport const handler = async () => [part, typeof <b />];",
      'shared/part.jsx': 'export const part = typeof <b />;',
      '../outside.json': '{ "extends": "./far.json" }',
      '../far.json': '{ "compilerOptions": { "jsxFactory": "String" } }',
    });
    symlinkSync(target, project.path(link));
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`outside.json' is outside of the project '${project.folder}', and '${link}' leads to it`);
    expect(stderr).toMatch(/far\.json' is outside of the project '[^']*', and '\S*' extends it/);
    expect(await project.package('--follow-external-symlinks')).toMatchObject({ exitCode: 0 });
  });

  describe('a tsconfig.json above it that nobody names', () => {
    const OWN = '{"compilerOptions": {"jsxFactory": "own"}}';
    const CODE: Files = {
      'services/a/app.jsx':
        "import { part } from 'lib';\nconst own = () => 'own';\nconst React = { createElement: () => 'React' };\nexport const handler = async () => <b /> + part;",
      'packages/lib/package.json': '{ "main": "index.jsx" }',
      'packages/lib/index.jsx':
        "const own = () => 'own';\nconst outer = () => 'outer';\nconst React = { createElement: () => 'React' };\nexport const part = <b />;\nexport { more } from './more';",
      'packages/lib/more.js': 'export const more = 1;',
    };

    async function linked(files: Files, ...flags: readonly string[]): Promise<{ answer: unknown; told: string[] }> {
      const project = await TestProject.of({
        'template.yaml': samTemplate({ Fn: { properties: ['CodeUri: services/a', 'Handler: app.handler'] } }),
        ...CODE,
        ...files,
      });
      mkdirSync(project.path('services/a/node_modules'), { recursive: true });
      symlinkSync('../../../packages/lib', project.path('services/a/node_modules/lib'));
      const outcome = await project.package(...flags);
      const told = (outcome.stderr.match(/^(?:warning|error): .*/gm) ?? []).map((line) =>
        line.replace(/(?:template\.yaml:\d+:\d+: )?'[^']*\/tsconfig\.json' is outside of the project '[^']*'/, 'OUTER'),
      );
      return { answer: outcome.exitCode === 0 ? new Deployed(project, outcome, 'Fn').call() : outcome.stderr, told };
    }

    const OUTER = '{"compilerOptions": {"jsxFactory": "outer"}}';
    const INNER_TOO =
      "warning: OUTER, and is not followed, and because of it neither is 'packages/lib/tsconfig.json', which would hold for 'packages/lib/index.jsx'";

    test.each<[string, Files, readonly string[], string, string[]]>([
      [
        'keeps the one of a linked package away, and says so',
        { 'packages/lib/tsconfig.json': OWN, '../tsconfig.json': OUTER },
        [],
        'ReactReact',
        [INNER_TOO],
      ],
      [
        'does so where links are followed',
        { 'packages/lib/tsconfig.json': OWN, '../tsconfig.json': OUTER },
        ['--follow-external-symlinks'],
        'ReactReact',
        [INNER_TOO],
      ],
      [
        'may be none where it holds for all',
        { 'packages/lib/tsconfig.json': '{}', '../tsconfig.json': 'secret' },
        [],
        'ReactReact',
        ['warning: OUTER, and is not followed'],
      ],
      [
        'says nothing: that of a linked package counts',
        { 'packages/lib/tsconfig.json': OWN, '../tsconfig.json': '{ // all\n "compilerOptions": {"outDir": "out"}, }' },
        [],
        'Reactown',
        [],
      ],
      [
        'holds for a linked package, and says so once',
        { 'services/a/tsconfig.json': OWN, '../tsconfig.json': OUTER },
        [],
        'ownouter',
        ["warning: OUTER, and holds for 'packages/lib/index.jsx'"],
      ],
      [
        'says nothing for a linked package',
        { 'services/a/tsconfig.json': OWN, '../tsconfig.json': '{}' },
        [],
        'ownReact',
        [],
      ],
      [
        'extends what it likes',
        {
          'services/a/tsconfig.json': OWN,
          '../tsconfig.json': '{ "extends": "./configs/base.json" }',
          '../configs/base.json': OUTER,
        },
        [],
        'ownouter',
        ["warning: OUTER, and holds for 'packages/lib/index.jsx'"],
      ],
    ])('%s', async (_, files, flags, answer, told) => {
      expect(await linked(files, ...flags)).toEqual({ answer, told });
    });

    test.each<[string, string, string, string[]]>([
      ['counts', OUTER, 'ownouter', ["warning: OUTER, and holds for 'packages/lib/index.jsx'"]],
      ['says nothing', '{}', 'ownReact', []],
      [
        'is none',
        'secret',
        'ReactReact',
        [
          "warning: OUTER, and is not followed, and because of it neither is 'services/a/tsconfig.json', which would hold for 'services/a/app.jsx'",
        ],
      ],
    ])('where one lies beside the handler, and it %s', async (_, outer, answer, told) => {
      const template = samTemplate({ Fn: { properties: ['CodeUri: .', 'Handler: services/a/app.handler'] } });
      const files = { 'template.yaml': template, 'services/a/tsconfig.json': OWN, '../tsconfig.json': outer };
      expect(await linked(files)).toEqual({ answer, told });
    });
  });

  test.each<[string, string, Files, string | undefined]>([
    [
      'above the project',
      '@own/base',
      { '../node_modules/@own/base/tsconfig.json': '{ "extends": "./all.json" }' },
      undefined,
    ],
    [
      'in a store elsewhere',
      '@own/base/tsconfig.json',
      { '../store/base/tsconfig.json': '{ "extends": "./all.json" }' },
      'src/node_modules/@own/base',
    ],
  ])('a package that a tsconfig.json extends may be %s', async (_, name, files, link) => {
    const project = await TestProject.of({
      'template.yaml': TEMPLATE,
      'src/app.jsx': 'const own = (name) => name;\nexport const handler = async () => <b />;',
      'src/tsconfig.json': JSON.stringify({ extends: name }),
      ...Object.fromEntries(
        Object.keys(files).map((file) => [
          path.join(path.dirname(file), 'all.json'),
          '{ "compilerOptions": { "jsxFactory": "own" } }',
        ]),
      ),
      ...files,
    });
    if (link !== undefined) {
      mkdirSync(project.path(path.dirname(link)), { recursive: true });
      symlinkSync('../../../../store/base', project.path(link));
    }
    const outcome = await project.package();
    expect(outcome.stderr).not.toMatch(/error|warning/);
    expect(new Deployed(project, outcome, 'Fn').call()).toBe('b');
  });

  test('a tsconfig.json above it is no matter where all that counts is in it', async () => {
    const { stderr } = await packaged({
      'template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: deep/app.handler'] } }),
      'src/deep/app.jsx': 'const own = (name) => name;\nexport const handler = async () => <b />;',
      'src/deep/tsconfig.json': '{"compilerOptions": {"jsxFactory": "own"}}',
      '../tsconfig.json': '{"compilerOptions": {"jsxFactory": "outer"}}',
    });
    expect(stderr).not.toContain('tsconfig.json');
  });

  test('what is wrong in a module outside of it is not told', async () => {
    const project = await TestProject.of({
      'template.yaml': TEMPLATE,
      'src/app.js': "import '../../outside';\nimport './missing';",
      '../outside.js': 'secret secret',
    });
    const { stderr } = await project.package();
    expect(stderr).toMatch(/outside\.js' is outside of the project/);
    expect(stderr).not.toContain('secret');
  });

  test.each(['Tsconfig: own.json', `TsconfigRaw: '{"compilerOptions": {"jsxFactory": "own"}}'`])(
    'a tsconfig.json above it is no matter where %s says what counts',
    async (build) => {
      const { deployed } = await packaged({
        'template.yaml': samTemplate({ Fn: { ...ONE, build: [build] } }),
        'src/app.jsx': 'const own = (name) => name;\nexport const handler = async () => <b />;',
        'src/own.json': '{"compilerOptions": {"jsxFactory": "own"}}',
        '../tsconfig.json': '{"compilerOptions": {"jsxFactory": "outer"}}',
      });
      expect(deployed().call()).toBe('b');
    },
  );

  test('a tsconfig.json above it is not followed', async () => {
    const project = await TestProject.of({
      'template.yaml': TEMPLATE,
      'src/app.ts': "import { x } from '@own/x';\nexport const handler = x;\n",
      'src/x.ts': 'export const x = 1;',
    });
    project.write({ '../tsconfig.json': '{ "compilerOptions": { "paths": { "@own/*": ["./shop/src/*"] } } }' });
    const { exitCode, stderr } = await project.package();
    expect([exitCode, stderr.match(/Could not resolve|could not resolve '@own\/x'/)?.[0]]).toEqual([
      2,
      "could not resolve '@own/x'",
    ]);
    project.write({ 'src/app.ts': 'export const handler = 1;' });
    expect((await project.package()).stderr).toMatch(/tsconfig\.json' is outside of the project/);
  });
});
