import { symlinkSync, utimesSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../packager/cli/exit-codes.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';

const MAKEFILE = { Metadata: { BuildMethod: 'makefile' } };

/** In one line of YAML, which is JSON. */
function functionOf(code: string | undefined, more: object = {}, properties: object = {}): object {
  return {
    Type: 'AWS::Serverless::Function',
    Properties: { ...(code !== undefined && { CodeUri: code }), Handler: 'app.handler', ...properties },
    ...more,
  };
}

function templateOf(resources: object, more: object = {}): string {
  return JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', ...more, Resources: resources });
}

const MADE = {
  'template.yaml': templateOf({ Fn: functionOf('src', MAKEFILE) }),
  'src/main.go': 'package main',
};

interface Packaged {
  readonly exitCode: number;
  /** What is packaged, below the project. */
  readonly paths: readonly string[];
  /** Code of each, and the resource. */
  readonly warnings: readonly string[];
  /** Of warnings that something is packaged that is to be built. */
  readonly unbuilt: readonly { readonly message: string; readonly remedy?: string }[];
  readonly messages: readonly string[];
}

async function packaged(shop: TestProject, ...flags: string[]): Promise<Packaged> {
  const { exitCode, stdout } = await shop.package('--json', '--dry-run', ...flags);
  const told = JSON.parse(stdout) as {
    readonly artifacts?: readonly { readonly path: string }[];
    readonly warnings: readonly {
      readonly code: string;
      readonly message: string;
      readonly remedy?: string;
      readonly place?: { readonly resource?: string };
    }[];
  };
  return {
    exitCode,
    paths: (told.artifacts ?? []).map(({ path }) => path),
    warnings: told.warnings.map(({ code, place }) => `${code} ${place?.resource ?? ''}`.trimEnd()),
    messages: told.warnings.map(({ message }) => message),
    unbuilt: told.warnings.filter(({ code }) => code === 'unbuilt-code'),
  };
}

async function packagedOf(files: Files, ...flags: string[]): Promise<Packaged> {
  return packaged(await TestProject.of(files), ...flags);
}

describe('a function that is to be built', () => {
  test('is packaged from what sam build made of it, and nothing else of the template changes', async () => {
    const shop = await TestProject.of({ ...MADE, '.aws-sam/build/Fn/bootstrap*': 'machine code' });
    const template = `Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}   # by make
    Properties: {CodeUri: ./src, Handler: bootstrap, Runtime: provided.al2023}
`;
    shop.write({ 'template.yaml': template });
    const { exitCode, stderr } = await shop.package(
      '-t',
      'template.yaml',
      '--references',
      'none',
      '--output-template-file',
      'out.yaml',
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: EXIT.ok,
      stderr: expect.not.stringMatching(/warning/) as unknown,
    });
    expect(shop.read('out.yaml').replace(/'s3:\/\/[^,]+'/, './src')).toBe(template);
    const listed = await packaged(shop, '-t', 'template.yaml');
    expect(listed.paths).toEqual(['.aws-sam/build/Fn']);
  });

  test('has the ID that it has in the template that sam build writes', async () => {
    const shop = await TestProject.of({
      ...MADE,
      '.aws-sam/build/Fn/bootstrap': 'machine code',
      '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn', MAKEFILE) }),
    });
    const ids = async (...flags: string[]): Promise<unknown> => {
      const { stdout } = await shop.package('--json', '--dry-run', ...flags);
      return (JSON.parse(stdout) as { artifacts: readonly { id: string }[] }).artifacts.map(({ id }) => id);
    };
    expect(await ids('-t', 'template.yaml')).toEqual(['default/shop/Fn']);
    expect(await ids()).toEqual(['default/shop/Fn']);
  });

  test('is packaged as it lies without a build, with the command that makes one', async () => {
    const { exitCode, paths, warnings, unbuilt } = await packagedOf({
      'template.yaml': templateOf({
        Fn: functionOf('src', MAKEFILE),
        Java: functionOf('java', {}, { Runtime: 'java21' }),
        Layer: {
          Type: 'AWS::Serverless::LayerVersion',
          Properties: { ContentUri: 'layer' },
          Metadata: { BuildMethod: 'python3.13' },
        },
      }),
      ...{ 'src/main.go': '', 'java/pom.xml': '', 'layer/requirements.txt': 'requests' },
    });
    expect({ exitCode, paths, warnings }).toEqual({
      ...{ exitCode: EXIT.ok, paths: ['src', 'java', 'layer'] },
      warnings: ['unbuilt-code Fn', 'unbuilt-code Java', 'unbuilt-code Layer'],
    });
    expect(unbuilt.map(({ message }) => message)).toEqual([
      "'src' is packaged as it lies, but is to be built ('BuildMethod: makefile'), and there is no '.aws-sam/build/Fn'",
      "'java' is packaged as it lies, but holds sources that Lambda cannot run, and there is no '.aws-sam/build/Java'",
      "'layer' is packaged as it lies, but is to be built ('BuildMethod: python3.13'), and there is no '.aws-sam/build/Layer'",
    ]);
    expect(unbuilt[1]?.remedy).toBe(
      "Run 'sam build Java' first. Where it has been built, say so: 'SkipBuild: true' in the Metadata of 'Java'.",
    );
  });

  test.each<[string, object]>([
    ['says that it has been', { Metadata: { BuildMethod: 'makefile', SkipBuild: true } }],
    ['says so in words', { Metadata: { BuildMethod: 'makefile', SkipBuild: 'True' } }],
  ])('is packaged as it lies where it %s', async (_what, more) => {
    const { paths, unbuilt } = await packagedOf(
      {
        'template.yaml': templateOf({ Fn: functionOf('src', more) }),
        ...{ 'src/main.go': '', '.aws-sam/build/Fn/bootstrap': '' },
      },
      '-t',
      'template.yaml',
    );
    expect({ paths, unbuilt }).toEqual({ paths: ['src'], unbuilt: [] });
  });

  test('is packaged as it lies where it is an archive', async () => {
    const { paths } = await packagedOf(
      {
        'template.yaml': templateOf({ Fn: functionOf('built.jar', MAKEFILE) }),
        ...{ 'built.jar': 'PK', '.aws-sam/build/Fn/bootstrap': '' },
      },
      '-t',
      'template.yaml',
    );
    expect(paths).toEqual(['built.jar']);
  });

  test('is one of several that share what was built', async () => {
    const { paths } = await packagedOf(
      {
        ...MADE,
        '.aws-sam/build.toml': '[function_build_definitions.u]\ncodeuri = "src"\nfunctions = ["Other", "Fn"]\n',
        '.aws-sam/build/Other-Shared/bootstrap': '',
      },
      '-t',
      'template.yaml',
    );
    expect(paths).toEqual(['.aws-sam/build/Other-Shared']);
  });

  test('may be called otherwise by SAM', async () => {
    const { paths } = await packagedOf(
      {
        'template.yaml': templateOf({
          Fn: functionOf('src', { Metadata: { BuildMethod: 'makefile', SamResourceId: 'Name' } }),
        }),
        ...{ 'src/main.go': '', '.aws-sam/build/Name/bootstrap': '' },
      },
      '-t',
      'template.yaml',
    );
    expect(paths).toEqual(['.aws-sam/build/Name']);
  });

  test('is one for each value of a loop', async () => {
    const { paths, unbuilt } = await packagedOf(
      {
        'template.yaml': templateOf(
          { 'Fn::ForEach::All': ['Name', ['A', 'B'], { 'Fn${Name}': functionOf('src/${Name}', MAKEFILE) }] },
          { Transform: ['AWS::LanguageExtensions', 'AWS::Serverless-2016-10-31'] },
        ),
        ...{ 'src/A/x': '', 'src/B/x': '', '.aws-sam/build/FnA/bootstrap': 'a', '.aws-sam/build/FnB/bootstrap': 'b' },
      },
      '-t',
      'template.yaml',
    );
    expect({ paths, unbuilt }).toEqual({ paths: ['.aws-sam/build/FnA', '.aws-sam/build/FnB'], unbuilt: [] });
  });

  test('in a nested stack is below that', async () => {
    const child = templateOf({ Fn: functionOf('../src', MAKEFILE) });
    const nest = { Type: 'AWS::Serverless::Application', Properties: { Location: 'stacks/child.yaml' } };
    const files = { 'template.yaml': templateOf({ Nest: nest }), 'stacks/child.yaml': child, 'src/main.go': '' };
    const built = await packagedOf({ ...files, '.aws-sam/build/Nest/Fn/bootstrap': '' }, '-t', 'template.yaml');
    expect(built.paths).toContain('.aws-sam/build/Nest/Fn');
    const { unbuilt } = await packagedOf(files);
    expect(unbuilt[0]?.message).toContain("there is no '.aws-sam/build/Nest/Fn'");
    expect(unbuilt[0]?.remedy).toContain("Run 'sam build Nest/Fn' first.");
  });

  test('that takes its code from Globals alone is built; of several, only in the template that sam build writes', async () => {
    const Globals = { Function: { CodeUri: 'src', Runtime: 'java21' } };
    const one = { ...{ 'src/pom.xml': '', '.aws-sam/build/A/x.class': '' } };
    expect(
      await packagedOf(
        { ...one, 'template.yaml': templateOf({ A: functionOf(undefined) }, { Globals }) },
        '-t',
        'template.yaml',
      ),
    ).toMatchObject({ paths: ['.aws-sam/build/A'], unbuilt: [] });
    const { unbuilt } = await packagedOf(
      {
        ...one,
        'template.yaml': templateOf({ A: functionOf(undefined), B: functionOf(undefined) }, { Globals }),
      },
      '-t',
      'template.yaml',
    );
    expect(unbuilt).toMatchObject([
      {
        code: 'unbuilt-code',
        remedy: expect.stringContaining('--template-file .aws-sam/build/template.yaml') as unknown,
      },
    ]);
  });
});

describe('a function whose sources may run', () => {
  const PYTHON = templateOf({ Fn: functionOf('src', {}, { Runtime: 'python3.13' }) });

  test('is packaged from them where nothing is missing, whatever was built', async () => {
    const { paths, warnings } = await packagedOf(
      {
        ...{ 'template.yaml': PYTHON, 'src/app.py': '', '.aws-sam/build/Fn/app.py': 'old' },
      },
      '-t',
      'template.yaml',
    );
    expect({ paths, warnings }).toEqual({ paths: ['src'], warnings: [] });
  });

  const MISSING = { 'template.yaml': PYTHON, 'src/app.py': '', 'src/requirements.txt': 'requests' };

  test('is packaged from what was built where dependencies are missing', async () => {
    const { paths, warnings } = await packagedOf(
      {
        ...MISSING,
        ...{ '.aws-sam/build/Fn/app.py': '', '.aws-sam/build/Fn/requests/__init__.py': '' },
      },
      '-t',
      'template.yaml',
    );
    expect({ paths, warnings }).toEqual({ paths: ['.aws-sam/build/Fn'], warnings: [] });
  });

  test('is packaged without its dependencies where there is no build, with a warning', async () => {
    const { exitCode, paths, warnings, messages } = await packagedOf(MISSING);
    expect({ exitCode, paths, warnings }).toEqual({
      exitCode: EXIT.ok,
      paths: ['src'],
      warnings: ['unbuilt-dependencies Fn'],
    });
    expect(messages).toEqual(["'src' is packaged without the dependencies that its 'requirements.txt' names"]);
  });

  const LAYERS = { Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:tools:1'] };
  const NODE = { 'src/app.js': '', 'src/package.json': '{"dependencies": {"left-pad": "1"}}' };

  describe.each<[string, Files, string]>([
    ['dependencies in Python', { 'src/app.py': '', 'src/requirements.txt': 'requests' }, 'python3.13'],
    ['dependencies in Node', NODE, 'nodejs22.x'],
    ['a program', { 'src/go.mod': '' }, 'provided.al2023'],
  ])('and that has layers, which may bring %s,', (_what, files, Runtime) => {
    const templates: readonly [string, string][] = [
      ['its own', templateOf({ Fn: functionOf('src', {}, { Runtime, ...LAYERS }) })],
      ['those of Globals', templateOf({ Fn: functionOf('src') }, { Globals: { Function: { Runtime, ...LAYERS } } })],
    ];

    test.each(templates)('is packaged from what was built: %s', async (_whose, template) => {
      const { paths, warnings } = await packagedOf(
        { ...files, 'template.yaml': template, '.aws-sam/build/Fn/built': '' },
        ...['-t', 'template.yaml'],
      );
      expect({ paths, warnings }).toEqual({ paths: ['.aws-sam/build/Fn'], warnings: [] });
    });

    test.each(templates)(
      'is packaged as it lies without a build, and nothing is said: %s',
      async (_whose, template) => {
        const { paths, warnings } = await packagedOf({ ...files, 'template.yaml': template });
        expect({ paths, warnings }).toEqual({ paths: ['src'], warnings: [] });
      },
    );
  });

  test('of which several share a path and have layers is told of only where it was built', async () => {
    const Globals = { Function: { CodeUri: 'src', Runtime: 'python3.13', ...LAYERS } };
    const files = {
      ...MISSING,
      'template.yaml': templateOf({ A: functionOf(undefined), B: functionOf(undefined) }, { Globals }),
    };
    expect((await packagedOf(files)).warnings).toEqual([]);
    const built = { ...files, '.aws-sam/build/A/app.py': '', '.aws-sam/build/B/app.py': '' };
    expect((await packagedOf(built, '-t', 'template.yaml')).warnings).toEqual(['unbuilt-code']);
  });

  test('is explained by what is packaged', async () => {
    const shop = await TestProject.of({
      ...MISSING,
      'template.yaml': templateOf({ Fn: functionOf('src', {}, { Runtime: 'python3.13', ...LAYERS }) }),
      '.aws-sam/build/Fn/app.py': '',
    });
    const { stdout } = await shop.run('explain', '-t', 'template.yaml', '--domain', 'file:/nowhere');
    expect(stdout).toContain("'.aws-sam/build/Fn'");
    expect(stdout).not.toContain("'src'");
  });

  test('has a runtime that a parameter names', async () => {
    const { warnings } = await packagedOf({
      ...MISSING,
      'template.yaml': templateOf(
        { Fn: { Type: 'AWS::Lambda::Function', Properties: { Code: 'src', Runtime: { Ref: 'Runtime' } } } },
        { Parameters: { Runtime: { Type: 'String', Default: 'python3.12' } } },
      ),
    });
    expect(warnings).toEqual(['unbuilt-dependencies Fn']);
  });
});

/** In the future of everything that was written. */
const LATER = new Date(Date.now() + 60_000);

describe('a build that is older than its sources', () => {
  test('is packaged with a warning, unless what has changed is in it', async () => {
    const shop = await TestProject.of({
      ...{ 'template.yaml': templateOf({ Fn: functionOf('src', MAKEFILE, { Runtime: 'python3.13' }) }) },
      ...{ 'src/app.py': 'same', 'src/lib/x.py': 'new', 'src/node_modules/y': '', '.aws-sam/build/Fn/app.py': 'same' },
    });
    for (const name of ['src/app.py', 'src/node_modules/y']) utimesSync(shop.path(name), LATER, LATER);
    expect((await packaged(shop, '-t', 'template.yaml')).warnings).toEqual([]);
    utimesSync(shop.path('src/lib/x.py'), LATER, LATER);
    const { warnings, messages, paths } = await packaged(shop, '-t', 'template.yaml');
    expect({ warnings, paths }).toEqual({ warnings: ['stale-build Fn'], paths: ['.aws-sam/build/Fn'] });
    expect(messages).toEqual([
      "'src/lib/x.py' has changed since 'sam build' made '.aws-sam/build/Fn', which is packaged",
    ]);
  });

  test('of a layer has its sources in a folder of their own', async () => {
    const layer = {
      Type: 'AWS::Lambda::LayerVersion',
      Properties: { Content: 'layer' },
      Metadata: { BuildMethod: 'python3.13' },
    };
    const shop = await TestProject.of({
      ...{ 'template.yaml': templateOf({ Layer: layer }), 'layer/x.py': 'x', '.aws-sam/build/Layer/python/x.py': 'x' },
    });
    utimesSync(shop.path('layer/x.py'), LATER, LATER);
    expect(await packaged(shop, '-t', 'template.yaml')).toMatchObject({
      paths: ['.aws-sam/build/Layer'],
      warnings: [],
    });
    shop.write({ 'layer/x.py': 'y' });
    utimesSync(shop.path('layer/x.py'), LATER, LATER);
    expect(await packaged(shop, '-t', 'template.yaml')).toMatchObject({ warnings: ['stale-build Layer'] });
  });

  test('is told of for the template that sam build wrote, too', async () => {
    const shop = await TestProject.of({
      ...MADE,
      '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn', MAKEFILE) }),
      '.aws-sam/build/Fn/bootstrap': '',
      '.aws-sam/build.toml': '[function_build_definitions.u]\ncodeuri = "src"\nfunctions = ["Fn"]\n',
    });
    expect(await packaged(shop)).toMatchObject({ paths: ['.aws-sam/build/Fn'], warnings: [] });
    utimesSync(shop.path('src/main.go'), LATER, LATER);
    expect(await packaged(shop)).toMatchObject({ paths: ['.aws-sam/build/Fn'], warnings: ['stale-build Fn'] });
    utimesSync(shop.path('template.yaml'), LATER, LATER);
    const { warnings, messages } = await packaged(shop);
    expect(warnings).toEqual(['older-build', 'stale-build Fn']);
    expect(messages[0]).toBe(
      "'.aws-sam/build/template.yaml' is packaged, and 'template.yaml' has changed since it was built",
    );
    expect((await packaged(shop, '-t', '.aws-sam/build/template.yaml')).warnings).toEqual(['stale-build Fn']);
  });
});

describe('the template that sam build wrote, where nothing is noted of what it was built of,', () => {
  const layer = {
    Type: 'AWS::Serverless::LayerVersion',
    Properties: { ContentUri: { 'Fn::Sub': 'layers/${Stage}' } },
    Metadata: { BuildMethod: 'python3.13' },
  };
  const nest = { Type: 'AWS::Serverless::Application', Properties: { Location: 'stacks/child.yaml' } };
  const parameters = { Parameters: { Stage: { Type: 'String', Default: 'common' } } };
  const FILES = {
    'template.yaml': templateOf(
      { Fn: functionOf('src'), Common: functionOf(undefined), Layer: layer, Nest: nest },
      { ...parameters, Globals: { Function: { CodeUri: 'common' } } },
    ),
    'stacks/child.yaml': templateOf({ Fn: functionOf('../child') }),
    ...{ 'src/app.py': '', 'common/app.py': '', 'layers/common/x.py': '', 'child/app.py': '' },
    '.aws-sam/build/template.yaml': templateOf(
      {
        ...{ Fn: functionOf('Fn'), Common: functionOf('Common') },
        Layer: { ...layer, Properties: { ContentUri: 'Layer' } },
        Nest: { ...nest, Properties: { Location: 'Nest/template.yaml' } },
      },
      parameters,
    ),
    '.aws-sam/build/Nest/template.yaml': templateOf({ Fn: functionOf('Fn') }),
    ...{ '.aws-sam/build/Fn/app.py': '', '.aws-sam/build/Common/app.py': '', '.aws-sam/build/Nest/Fn/app.py': '' },
    '.aws-sam/build/Layer/python/x.py': '',
  };

  const TOPIC = { Type: 'AWS::SNS::Topic' };

  function changed(shop: TestProject, ...names: readonly string[]): void {
    for (const name of names) {
      shop.write({ [name]: 'changed' });
      utimesSync(shop.path(name), LATER, LATER);
    }
  }

  test('tells by the one beside .aws-sam which sources have changed since', async () => {
    const shop = await TestProject.of(FILES);
    expect((await packaged(shop)).warnings.filter((one) => one.startsWith('stale'))).toEqual([]);
    changed(shop, 'src/app.py', 'common/app.py', 'layers/common/x.py', 'child/app.py');
    for (const flags of [[], ['-t', '.aws-sam/build/template.yaml']]) {
      const { exitCode, messages } = await packaged(shop, ...flags);
      expect(exitCode).toBe(EXIT.ok);
      expect(messages.filter((one) => one.includes('has changed since')).toSorted()).toEqual([
        "'child/app.py' has changed since 'sam build' made '.aws-sam/build/Nest/Fn', which is packaged",
        "'common/app.py' has changed since 'sam build' made '.aws-sam/build/Common', which is packaged",
        "'layers/common/x.py' has changed since 'sam build' made '.aws-sam/build/Layer', which is packaged",
        "'src/app.py' has changed since 'sam build' made '.aws-sam/build/Fn', which is packaged",
      ]);
    }
  });

  test('takes what package itself wrote for no source', async () => {
    const shop = await TestProject.of({
      'template.yaml': templateOf({ Fn: functionOf('.') }),
      ...{ 'app.py': '', '.aws-sam/build/Fn/app.py': '' },
      '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn') }),
    });
    changed(shop, 'for-prod.yaml');
    expect((await packaged(shop)).warnings).toEqual(['stale-build Fn']);
    expect((await packaged(shop, '--output-template-file', 'for-prod.yaml')).warnings).toEqual([]);
  });

  test('takes for no source what tools keep or are told, and what an earlier run was told to write', async () => {
    const shop = await TestProject.of({
      'template.yaml': templateOf({ Fn: functionOf('.') }),
      ...{ 'app.py': '', '.aws-sam/build/Fn/app.py': '' },
      '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn') }),
    });
    changed(
      shop,
      '.DS_Store',
      '.ruff_cache/x',
      '.coverage',
      'coverage/index.html',
      'packaged.yaml',
      'packaged-prod.yml',
    );
    expect((await packaged(shop)).warnings).toEqual([]);
    changed(shop, 'packages.py');
    expect((await packaged(shop)).warnings).toEqual(['stale-build Fn']);
  });

  test('does so where its notes are those of another machine', async () => {
    const shop = await TestProject.of({
      ...FILES,
      '.aws-sam/build.toml': '[function_build_definitions.u]\ncodeuri = "/away/src"\nfunctions = ["Fn"]\n',
    });
    changed(shop, 'src/app.py');
    expect((await packaged(shop)).warnings).toContain('stale-build Fn');
  });

  test('and where it was given a resource since', async () => {
    const shop = await TestProject.of({
      'template.yaml': templateOf({ Fn: functionOf('src'), Topic: TOPIC }),
      ...{ 'src/app.py': '', '.aws-sam/build/Fn/app.py': '' },
      '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn') }),
    });
    changed(shop, 'src/app.py');
    expect((await packaged(shop)).warnings).toContain('stale-build Fn');
  });

  test('and where samconfig names the build folder', async () => {
    const shop = await TestProject.of({
      'samconfig.toml': 'version = 0.1\n[default.build.parameters]\nbuild_dir = "out"\n',
      'template.yaml': templateOf({ Fn: functionOf('src') }),
      ...{ 'src/app.py': '', 'out/template.yaml': templateOf({ Fn: functionOf('Fn') }), 'out/Fn/app.py': '' },
    });
    changed(shop, 'src/app.py');
    const { warnings } = await packaged(shop, '-t', 'out/template.yaml', '--config-file', '../samconfig.toml');
    expect(warnings).toEqual(['stale-build Fn']);
  });

  test.each<[string, Files]>([
    ['can not be read', { 'template.yaml': 'Resources: {' }],
    ['is no template', { 'template.yaml': '[]' }],
    ['has another resource', { 'template.yaml': templateOf({ Other: functionOf('src') }) }],
    ['has one of another type', { 'template.yaml': templateOf({ Fn: { ...layer, Properties: { CodeUri: 'src' } } }) }],
    ['names what is not there', { 'template.yaml': templateOf({ Fn: functionOf('none') }) }],
    [
      'names what only the deploy knows',
      { 'template.yaml': templateOf({ Fn: functionOf(undefined, {}, { CodeUri: { Ref: 'AWS::StackName' } }) }) },
    ],
    ['is called otherwise', { 'app.yaml': templateOf({ Fn: functionOf('src') }) }],
    [
      'lacks a resource that was built',
      {
        'template.yaml': templateOf({ Fn: functionOf('src') }),
        '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn'), Topic: TOPIC }),
      },
    ],
  ])('tells nothing where that %s', async (_what, template) => {
    const shop = await TestProject.of({
      ...{ 'src/app.py': '', '.aws-sam/build/Fn/app.py': '' },
      '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn') }),
      ...template,
    });
    changed(shop, 'src/app.py');
    expect(await packaged(shop)).toMatchObject({ exitCode: EXIT.ok, paths: ['.aws-sam/build/Fn'], warnings: [] });
  });
});

test('what a build of one function has left at its sources is built as if there were none', async () => {
  const files = {
    ...{ 'greet/app.ts': 'export const handler = () => 1;', 'src/main.go': '', '.aws-sam/build/Fn/bootstrap': '' },
    '.aws-sam/build/template.yaml': templateOf({
      Fn: functionOf('Fn', MAKEFILE),
      Made: functionOf('../../src', MAKEFILE),
      Greet: functionOf('../../greet', {
        Metadata: { BuildMethod: 'esbuild', BuildProperties: { EntryPoints: ['app.ts'] } },
      }),
    }),
  };
  const { unbuilt } = await packagedOf(files);
  expect(unbuilt).toMatchObject([
    {
      message: expect.stringContaining("there is no '.aws-sam/build/Made'") as unknown,
      remedy: expect.stringContaining("'sam build Made'") as unknown,
    },
  ]);
  const shop = await TestProject.of({ ...files, '.aws-sam/build/Made/bootstrap': 'made' });
  const { stdout } = await shop.package('--json', '--dry-run');
  const { artifacts } = JSON.parse(stdout) as { artifacts: readonly { path: string; id: string }[] };
  expect(artifacts.map(({ path }) => path)).toEqual(['.aws-sam/build/Fn', '.aws-sam/build/Made', 'greet']);
  expect(artifacts.map(({ id }) => id)).toEqual(['default/shop/Fn', 'default/shop/Made', 'default/shop/greet/app']);
});

describe('a build', () => {
  test('is where samconfig says', async () => {
    const { paths } = await packagedOf(
      {
        ...MADE,
        'samconfig.toml': 'version = 0.1\n[default.build.parameters]\nbuild_dir = "out"\n',
        ...{ 'out/Fn/bootstrap': '', '.aws-sam/build/Fn/bootstrap': 'old' },
      },
      '-t',
      'template.yaml',
    );
    expect(paths).toEqual(['out/Fn']);
  });

  test('that is of other sources is none', async () => {
    const { unbuilt } = await packagedOf(
      {
        ...MADE,
        'other/main.go': '',
        '.aws-sam/build/Fn/bootstrap': '',
        '.aws-sam/build.toml': '[function_build_definitions.u]\ncodeuri = "other"\nfunctions = ["Fn"]\n',
      },
      '-t',
      'template.yaml',
    );
    expect(unbuilt).toMatchObject([{ code: 'unbuilt-code' }]);
  });

  test('whose notes are of another machine, or can not be read, is one', async () => {
    for (const notes of [
      '[function_build_definitions.u]\ncodeuri = "/away/src"\nfunctions = ["Fn"]\n',
      '= no TOML',
      'x = 1',
    ]) {
      const { paths } = await packagedOf(
        { ...MADE, '.aws-sam/build/Fn/bootstrap': '', '.aws-sam/build.toml': notes },
        ...['-t', 'template.yaml'],
      );
      expect(paths).toEqual(['.aws-sam/build/Fn']);
    }
  });

  test('in the working directory is one of a template elsewhere if it says so, or has its resources', async () => {
    const files = {
      'infra/app.yaml': templateOf({ Fn: functionOf('../src', MAKEFILE) }),
      ...{ 'src/main.go': '', '.aws-sam/build/Fn/bootstrap': '' },
    };
    const shop = await TestProject.of(files);
    const { unbuilt } = await packaged(shop, '-t', 'infra/app.yaml');
    expect(unbuilt).toMatchObject([
      { remedy: expect.stringContaining("'sam build Fn --template-file infra/app.yaml'") as unknown },
    ]);
    shop.write({ '.aws-sam/build/template.yaml': templateOf({ Other: functionOf('Other') }) });
    expect((await packaged(shop, '-t', 'infra/app.yaml')).unbuilt).toHaveLength(1);
    shop.write({ '.aws-sam/build/template.yaml': templateOf({ Fn: functionOf('Fn') }) });
    expect((await packaged(shop, '-t', 'infra/app.yaml')).paths).toEqual(['.aws-sam/build/Fn']);
    const noted = await TestProject.of({
      ...files,
      '.aws-sam/build.toml': '[function_build_definitions.u]\ncodeuri = "src"\nfunctions = ["Fn"]\n',
    });
    expect((await packaged(noted, '-t', 'infra/app.yaml')).paths).toEqual(['.aws-sam/build/Fn']);
  });

  test('may be a link, as SAM makes it where it keeps what it built', async () => {
    const shop = await TestProject.of({ ...MADE, '.aws-sam/cache/u/bootstrap': 'x', '.aws-sam/build/note': '' });
    symlinkSync('../cache/u', shop.path('.aws-sam/build/Fn'));
    expect((await packaged(shop, '-t', 'template.yaml')).paths).toEqual(['.aws-sam/build/Fn']);
  });
});
