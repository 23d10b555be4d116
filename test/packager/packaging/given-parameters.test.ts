import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../packager/cli/exit-codes.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';

const TEMPLATE = `Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  LayerDir: {Type: String, Default: layers/common}
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: !Ref LayerDir}
`;

const FILES: Files = {
  'template.yaml': TEMPLATE,
  ...{ 'layers/common/x.py': 'common', 'layers/a/x.py': 'a', 'layers/b/x.py': 'b', 'layers/c/x.py': 'c' },
};

/** A section of samconfig that gives the parameters these values. */
function section(name: string, values: string): string {
  return `[${name}.parameters]\nparameter_overrides = ${values}\n`;
}

const IN_A = '"Stage=prod LayerDir=layers/a"';

async function shopOf(...sections: readonly string[]): Promise<TestProject> {
  return TestProject.of({ ...FILES, 'samconfig.toml': ['version = 0.1\n', ...sections].join('') });
}

interface Told {
  readonly exitCode: number;
  readonly paths: readonly string[];
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly remedy?: string }[];
}

async function packaged(shop: TestProject, ...flags: string[]): Promise<Told> {
  const { exitCode, stdout } = await shop.package('--json', '--dry-run', ...flags);
  const { artifacts, warnings } = JSON.parse(stdout) as Told & { artifacts: readonly { path: string }[] };
  return { exitCode, paths: artifacts.map(({ path }) => path), warnings };
}

describe('the value of a parameter that decides a path', () => {
  test.each<[string, readonly string[], string]>([
    ['what sam build is given', [section('default.build', IN_A)], 'layers/a'],
    ['what all commands are given', [section('default.global', IN_A)], 'layers/a'],
    ['a list', [section('default.build', '["Stage=prod", "LayerDir=layers/a"]')], 'layers/a'],
    [
      'a text of SAM',
      [section('default.build', '"ParameterKey=LayerDir,ParameterValue=layers/a ParameterKey=Stage,ParameterValue=x"')],
      'layers/a',
    ],
    ['another key', ['[default.build.parameters]\nparameter-overrides = "LayerDir=layers/a"\n'], 'layers/a'],
    [
      'what one command is given before what all are',
      [
        section('default.global', IN_A),
        ...['build', 'deploy'].map((one) => section(`default.${one}`, '"LayerDir=layers/b"')),
      ],
      'layers/b',
    ],
    [
      'what package is told before what all are given',
      [section('default.global', IN_A), section('default.package', '"LayerDir=layers/b"')],
      'layers/b',
    ],
    [
      'what package is told before all others',
      [section('default.package', IN_A), section('default.build', '"LayerDir=layers/b"')],
      'layers/a',
    ],
    [
      'of what package is told nothing, what others are',
      [section('default.package', '"Stage=prod"'), section('default.build', '"LayerDir=layers/b"')],
      'layers/b',
    ],
    ['that of the environment', [section('other.build', IN_A)], 'layers/common'],
    ['nothing where nothing is said', [section('default.build', '""')], 'layers/common'],
  ])('is %s', async (_what, sections, expected) => {
    const { exitCode, paths, warnings } = await packaged(await shopOf(...sections));
    expect({ exitCode, paths }).toEqual({ exitCode: EXIT.ok, paths: [expected] });
    expect(warnings.map(({ code }) => code)).toEqual(expected === 'layers/common' ? ['frozen-parameter'] : []);
  });

  test('is that of --config-env, and the command line goes before it', async () => {
    const shop = await shopOf(section('prod.build', IN_A), section('prod.deploy', IN_A));
    expect((await packaged(shop)).paths).toEqual(['layers/common']);
    expect(await packaged(shop, '--config-env', 'prod')).toMatchObject({ paths: ['layers/a'], warnings: [] });
    const flags = ['--config-env', 'prod', '--parameter-overrides', 'LayerDir=layers/b'];
    expect(await packaged(shop, ...flags)).toMatchObject({ paths: ['layers/b'], warnings: [] });
  });

  test('is that of samconfig.yaml, too', async () => {
    const shop = await TestProject.of({
      ...FILES,
      'samconfig.yaml':
        'version: 0.1\ndefault: {build: {parameters: {parameter_overrides: [LayerDir=layers/a, Stage=x]}}}\n',
    });
    expect(await packaged(shop)).toMatchObject({ paths: ['layers/a'], warnings: [] });
  });

  test('is that of sam build where sam deploy passes another, which is warned of', async () => {
    const shop = await shopOf(section('default.build', IN_A), section('default.deploy', '"LayerDir=layers/b Stage=x"'));
    const { exitCode, paths, warnings } = await packaged(shop);
    expect({ exitCode, paths }).toEqual({ exitCode: EXIT.ok, paths: ['layers/a'] });
    expect(warnings).toEqual([
      {
        code: 'contradicted-parameter',
        message:
          "what is packaged follows 'LayerDir' of 'parameter_overrides' in [default.build.parameters] of 'samconfig.toml', 'layers/a': 'LayerDir' of 'parameter_overrides' in [default.deploy.parameters] of 'samconfig.toml', 'layers/b', with which it is deployed, comes too late to change that",
        place: { file: 'template.yaml', line: 4, column: 3 },
        remedy:
          "Give 'LayerDir' one value for 'sam build' and 'sam deploy', or say with --parameter-overrides which is meant.",
      },
    ]);
    expect((await packaged(shop, '--parameter-overrides', 'LayerDir=layers/c')).warnings).toEqual([]);
  });

  test('is what all commands are given where sam deploy alone passes another, which is warned of', async () => {
    const shop = await shopOf(section('default.global', IN_A), section('default.deploy', '"LayerDir=layers/b"'));
    const { paths, warnings } = await packaged(shop);
    expect(paths).toEqual(['layers/a']);
    expect(warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      expect.stringMatching(
        /^contradicted-parameter: .*\[default\.global\.parameters\].*\[default\.deploy\.parameters\]/,
      ),
    ]);
  });

  test('is not shown where it is secret', async () => {
    const shop = await shopOf(section('default.build', IN_A), section('default.deploy', '"LayerDir=layers/b"'));
    shop.write({ 'template.yaml': TEMPLATE.replace('Default: layers/common', 'Default: layers/common, NoEcho: true') });
    const [warning] = (await packaged(shop)).warnings;
    expect(warning?.code).toBe('contradicted-parameter');
    expect(warning?.message).not.toContain('layers/');
  });

  test.each([
    [
      'sam deploy passes another',
      section('default.deploy', IN_A),
      'layers/common',
      "the Default of 'LayerDir'",
      'layers/a',
    ],
    [
      'sam deploy leaves it at its Default',
      `${section('default.build', IN_A)}${section('default.deploy', '"Stage=x"')}`,
      'layers/a',
      'default.build.parameters',
      "the Default of 'LayerDir', 'layers/common', with which it is deployed",
    ],
  ])(
    'is not changed by the deploy, which is warned of where %s',
    async (_where, sections, path, followed, deployed) => {
      const { exitCode, paths, warnings } = await packaged(await shopOf(sections));
      expect({ exitCode, paths }).toEqual({ exitCode: EXIT.ok, paths: [path] });
      const message = warnings.find(({ code }) => code === 'contradicted-parameter')?.message;
      expect(message).toMatch(/^what is packaged follows /);
      expect(message).toContain(followed);
      expect(message).toContain(deployed);
    },
  );

  test('is that of the Default where what sam build is given can not be read, which is told without what stands there', async () => {
    for (const unreadable of [
      '5',
      '"file://none.json"',
      `'{"DbPassword": "hunter2", }'`,
      '"Stage=prod DbPassword=hunter2 two"',
    ]) {
      const { exitCode, paths, warnings } = await packaged(await shopOf(section('default.build', unreadable)));
      expect({ exitCode, paths }).toEqual({ exitCode: EXIT.ok, paths: ['layers/common'] });
      expect(warnings.map(({ code }) => code).toSorted()).toEqual(['frozen-parameter', 'unread-parameters']);
      expect(warnings.map(({ message }) => message)).toContain(
        "'parameter_overrides' in [default.build.parameters] of 'samconfig.toml' can't be read, and no path follows it",
      );
      expect(JSON.stringify(warnings)).not.toContain('hunter2');
    }
  });

  test('is told of no other template than that in which it stands', async () => {
    const shop = await shopOf(section('default.build', '"LayerDir=layers/a Elsewhere=x"'));
    expect((await packaged(shop)).warnings).toEqual([]);
    expect((await packaged(shop, '--parameter-overrides', 'Elsewhere=x')).warnings).toMatchObject([
      { code: 'unknown-parameter' },
    ]);
  });

  test('is the same for explain', async () => {
    const shop = await shopOf(section('default.build', IN_A), section('default.deploy', '"LayerDir=layers/b"'));
    const { stdout, stderr } = await shop.run('explain', '--domain', 'file:../domain', '--project-root', '.');
    expect(stdout).toContain("'layers/a'");
    expect(stderr).toContain('comes too late to change that');
    const json = JSON.parse((await shop.run('explain', '--json', '--project-root', '.')).stdout) as Told;
    expect(json.warnings).toMatchObject([{ code: 'contradicted-parameter' }]);
  });

  test('is the same for a bundle, in which nothing stands that decides nothing', async () => {
    const shop = await shopOf(section('default.build', '"LayerDir=layers/a Stage=hunter2"'));
    const flags = ['--project-root', '.', '-o', '../app.bundle'];
    expect(await shop.run('bundle', 'create', ...flags)).toMatchObject({ exitCode: EXIT.ok, stderr: '' });
    const shown = JSON.parse((await shop.run('bundle', 'show', '../app.bundle', '--json')).stdout) as object;
    expect(shown).toMatchObject({ parameters: { LayerDir: 'layers/a' } });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  });
});
