import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { HANDLERS } from '../../../../packager/cli/handlers.ts';
import { EXIT } from '../../../../packager/cli/exit-codes.ts';
import { run } from '../../../../packager/cli/program.ts';
import type { Setting } from '../../../../packager/cli/saving/config-values.ts';
import { TAKEN_OUT } from '../../../../packager/cli/saving/config-values.ts';
import { editToml } from '../../../../packager/cli/saving/edit-toml.ts';
import { editYaml } from '../../../../packager/cli/saving/edit-yaml.ts';
import { TestProject } from '../../../support/project.ts';
import { recordedTerminal } from '../../../support/terminal.ts';

const PARAMETERS = ['default', 'package', 'parameters'];
const setting = (key: string, value: Setting['value']): Setting => ({ path: [...PARAMETERS, key], value });

describe('editToml()', () => {
  test.each<[string, string, string]>([
    ['an empty file', '', 'version = 0.1\n\n[default.package.parameters]\ns3_bucket = "new"\n'],
    [
      'a value that is there, and nothing else of its line',
      'version = 0.1\n[default.package.parameters]\n  s3_bucket   =  "old" # ours\nregion = "eu-west-1"\n',
      'version = 0.1\n[default.package.parameters]\n  s3_bucket   =  "new" # ours\nregion = "eu-west-1"\n',
    ],
    [
      'a section that is there, as its last line',
      'version = 0.1\n\n[default.package.parameters]\n  # where to\n  region = "eu-west-1" # home\n\n# the rest\n[default.deploy.parameters]\nx = 1\n',
      'version = 0.1\n\n[default.package.parameters]\n  # where to\n  region = "eu-west-1" # home\n  s3_bucket = "new"\n\n# the rest\n[default.deploy.parameters]\nx = 1\n',
    ],
    [
      'a section without keys',
      'version = 0.1\n[default.package.parameters]\n[default.deploy.parameters]\nx = 1',
      'version = 0.1\n[default.package.parameters]\ns3_bucket = "new"\n[default.deploy.parameters]\nx = 1',
    ],
    [
      'a file without an end of its last line',
      'version = 0.1\n[default.package.parameters]\nx = 1',
      'version = 0.1\n[default.package.parameters]\nx = 1\ns3_bucket = "new"',
    ],
    [
      'an environment among others, behind its other sections',
      'version = 0.1\n[default.deploy.parameters]\nx = 1\n\n# production\n[prod.deploy.parameters]\ny = 1\n',
      'version = 0.1\n[default.deploy.parameters]\nx = 1\n\n[default.package.parameters]\ns3_bucket = "new"\n\n# production\n[prod.deploy.parameters]\ny = 1\n',
    ],
    [
      'a file that has other environments',
      'version = 0.1\n[prod.deploy.parameters]\ny = 1\n',
      'version = 0.1\n[prod.deploy.parameters]\ny = 1\n\n[default.package.parameters]\ns3_bucket = "new"\n',
    ],
    [
      'a heading in another spelling',
      'version = 0.1\r\n[ "default" . package . \'parameters\' ] # here\r\nx = """a\r\n[default]\r\n"""\r\n',
      'version = 0.1\r\n[ "default" . package . \'parameters\' ] # here\r\nx = """a\r\n[default]\r\n"""\r\ns3_bucket = "new"\r\n',
    ],
    [
      'a table in one line',
      'version = 0.1\ndefault = { package = { parameters = { x = [1, { y = 2 }] } } } # all\n',
      'version = 0.1\ndefault = { package = { parameters = { x = [1, { y = 2 }], s3_bucket = "new" } } } # all\n',
    ],
    [
      'an empty table in one line',
      'version = 0.1\n[default.package]\nparameters = {}\n',
      'version = 0.1\n[default.package]\nparameters = { s3_bucket = "new" }\n',
    ],
    [
      'dotted keys',
      'version = 0.1\n[default]\n  package.parameters.x = 1\ndeploy.parameters.y = 2\n',
      'version = 0.1\n[default]\n  package.parameters.x = 1\n  package.parameters.s3_bucket = "new"\ndeploy.parameters.y = 2\n',
    ],
    [
      'a value in dotted keys',
      "version = 0.1\ndefault.package.parameters.s3_bucket = 'old'\n",
      'version = 0.1\ndefault.package.parameters.s3_bucket = "new"\n',
    ],
    [
      'a key in another spelling, with a value of several lines',
      'version = 0.1\n[default.package.parameters]\ns3-bucket = [ # one\n  "]", \'#\',\n]\nx = 1\n',
      'version = 0.1\n[default.package.parameters]\ns3-bucket = "new"\nx = 1\n',
    ],
    [
      'a file without a version',
      '# mine\n[default.package.parameters]\nx = 2024-01-01\n',
      'version = 0.1\n\n# mine\n[default.package.parameters]\nx = 2024-01-01\ns3_bucket = "new"\n',
    ],
  ])('writes into %s', (_what, before, after) => {
    expect(editToml(before, [setting('s3_bucket', 'new')])).toBe(after);
  });

  test.each<[string, string, string]>([
    [
      'a line with its remark, in either spelling',
      'version = 0.1\r\n[default.package.parameters]\r\n# why\r\n  resolve-s3 = true # SAM\r\nx = 1\r\n',
      'version = 0.1\r\n[default.package.parameters]\r\n# why\r\nx = 1\r\n',
    ],
    [
      'several lines at the end',
      'version = 0.1\n[default.package.parameters]\nx = 1\nresolve_s3 = [\n  "a", # one\n]',
      'version = 0.1\n[default.package.parameters]\nx = 1\n',
    ],
    [
      'the first of a table in one line',
      'version = 0.1\ndefault = { package = { parameters = { resolve_s3 = true, x = 1 } } }\n',
      'version = 0.1\ndefault = { package = { parameters = { x = 1 } } }\n',
    ],
    [
      'the last of a table in one line',
      'version = 0.1\n[default.package]\nparameters = { x = 1, resolve_s3 = true }\n',
      'version = 0.1\n[default.package]\nparameters = { x = 1 }\n',
    ],
    [
      'dotted keys, and no other section',
      'version = 0.1\ndefault.package.parameters.resolve_s3 = true\n[prod.package.parameters]\nresolve_s3 = true\n',
      'version = 0.1\n[prod.package.parameters]\nresolve_s3 = true\n',
    ],
    ['nothing', 'version = 0.1\n[default]\nx = 1\n', 'version = 0.1\n[default]\nx = 1\n'],
  ])('takes out %s', (_what, before, after) => {
    expect(editToml(before, [setting('resolve_s3', TAKEN_OUT)])).toBe(after);
  });

  test('writes every text so that it is read as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })), (text, list) => {
        const edited = editToml('', [setting('text', text), setting('list', list), setting('switch', false)]);
        expect(parseToml(edited)).toEqual({
          version: 0.1,
          default: { package: { parameters: { text, list, switch: false } } },
        });
      }),
    );
  });

  const SECTIONS = [
    '[default.package.parameters]',
    '[default.global.parameters]',
    '[prod.package.parameters]',
    '# note',
    '',
  ];
  const LINES = [
    'a = 1',
    "b = 'x # y' # z",
    'c = [1, # one\n 2]',
    'd = { e = "}" }',
    'f = """\n[x]\n"""',
    '"g.h" = true',
    '# s3_bucket = 1',
  ];

  test('leaves every other line as it is', () => {
    const section = fc.tuple(
      fc.constantFrom(...SECTIONS.slice(0, 3)),
      fc.subarray(LINES),
      fc.subarray(SECTIONS.slice(3)),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(section, { selector: ([heading]) => heading }),
        fc.constantFrom('\n', '\r\n'),
        (sections, end) => {
          const before = [
            'version = 0.1',
            ...sections.flatMap(([heading, lines, more]) => [heading, ...lines, ...more]),
            '',
          ]
            .join('\n')
            .replaceAll('\n', end);
          const after = editToml(before, [setting('s3_bucket', 'new')]);
          const added = after.split(end).filter((line) => !before.split(end).includes(line));
          expect(added.filter((line) => !SECTIONS.includes(line))).toEqual(['s3_bucket = "new"']);
          const left = after.split(end).filter((line) => line !== '' && !added.includes(line));
          expect(left).toEqual(before.split(end).filter((line) => line !== ''));
          const read = parseToml(after) as { default: { package: { parameters: object } } };
          expect(read.default.package.parameters).toMatchObject({ s3_bucket: 'new' });
        },
      ),
    );
  });
});

describe('editYaml()', () => {
  test.each<[string, string, string]>([
    ['an empty file', '', 'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: "new"\n'],
    [
      'a value that is there',
      "version: 0.1\ndefault:\n    package:\n        parameters: # ours\n            s3_bucket:   'old' # here\n            x: 1\n",
      'version: 0.1\ndefault:\n    package:\n        parameters: # ours\n            s3_bucket:   "new" # here\n            x: 1\n',
    ],
    [
      'a map that is there',
      'version: 0.1\ndefault:\n    package:\n        parameters:\n            x: 1 # one\n\n    # rest\n    deploy:\n        parameters: {y: 2}\n',
      'version: 0.1\ndefault:\n    package:\n        parameters:\n            x: 1 # one\n            s3_bucket: "new"\n\n    # rest\n    deploy:\n        parameters: {y: 2}\n',
    ],
    [
      'a map in one line',
      'version: 0.1\ndefault: {package: {parameters: {x: [1, 2]}}} # all\n',
      'version: 0.1\ndefault: {package: {parameters: {x: [1, 2], s3_bucket: "new"}}} # all\n',
    ],
    [
      'an environment without the section',
      'version: 0.1\ndefault:\n  deploy:\n    parameters:\n      text: |\n        a\n        b\nprod:\n  x: 1\n',
      'version: 0.1\ndefault:\n  deploy:\n    parameters:\n      text: |\n        a\n        b\n  package:\n    parameters:\n      s3_bucket: "new"\nprod:\n  x: 1\n',
    ],
    [
      'a file without a version, or the end of its last line',
      '# mine\ndefault:\r\n  global:\r\n    parameters:\r\n      x: 1',
      '# mine\nversion: 0.1\r\ndefault:\r\n  global:\r\n    parameters:\r\n      x: 1\r\n  package:\r\n    parameters:\r\n      s3_bucket: "new"',
    ],
    [
      'a key without a value',
      'version: 0.1\ndefault:\nprod: {}\n',
      'version: 0.1\ndefault: { package: { parameters: { s3_bucket: "new" } } }\nprod: {}\n',
    ],
    [
      'a text of several lines',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: | # ours\n        old\n\n        older\n\n      x: 1\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: "new"\n\n      x: 1\n',
    ],
    [
      'a text that ends in a blank of its own',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: old\u00a0 \n      x: 1\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: "new" \n      x: 1\n',
    ],
    [
      'a text of several lines that ends in a blank of its own',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: |\n        old\u00a0\n      x: 1\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      s3_bucket: "new"\n      x: 1\n',
    ],
    ...['|', '|-', '>+', '|2'].map((header): [string, string, string] => [
      `a text of several lines with other ends, ${header}`,
      `version: 0.1\r\ndefault:\r\n  package:\r\n    parameters:\r\n      s3_bucket: ${header}\r\n        old\r\n      tags: ${header}\r\n        a\r\n        b\r\n`,
      `version: 0.1\r\ndefault:\r\n  package:\r\n    parameters:\r\n      s3_bucket: "new"\r\n      tags: ${header}\r\n        a\r\n        b\r\n`,
    ]),
  ])('writes into %s', async (_what, before, after) => {
    const edited = await editYaml(before, [setting('s3_bucket', 'new')]);
    expect(edited).toBe(after);
    expect(parseYaml(edited)).toMatchObject({
      version: 0.1,
      default: { package: { parameters: { s3_bucket: 'new' } } },
    });
  });

  test.each<[string, string, string]>([
    [
      'a line with its remark, in either spelling',
      'version: 0.1\r\ndefault:\r\n  package:\r\n    parameters:\r\n      resolve-s3: true # SAM\r\n      x: 1\r\n',
      'version: 0.1\r\ndefault:\r\n  package:\r\n    parameters:\r\n      x: 1\r\n',
    ],
    [
      'several lines',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      x: 1\n      resolve_s3:\n        - a\n        - b\n      y: 2\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      x: 1\n      y: 2\n',
    ],
    [
      'a text of several lines at the end',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      x: 1\n      resolve_s3: |\n        a\n\n        b\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      x: 1\n',
    ],
    [
      'the first of a map in one line',
      'version: 0.1\ndefault: {package: {parameters: {resolve_s3: true, x: 1}}}\n',
      'version: 0.1\ndefault: {package: {parameters: {x: 1}}}\n',
    ],
    [
      'the last of a map in one line',
      'version: 0.1\ndefault: {package: {parameters: {x: 1, resolve_s3: true}}}\n',
      'version: 0.1\ndefault: {package: {parameters: {x: 1}}}\n',
    ],
    [
      'all that there is',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      resolve_s3: true # SAM\n  deploy: {}\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      {} # SAM\n  deploy: {}\n',
    ],
    [
      'all that there is, of several lines',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      resolve_s3: |\n        a\n',
      'version: 0.1\ndefault:\n  package:\n    parameters:\n      {}\n',
    ],
    ['nothing', 'version: 0.1\ndefault: {}\n', 'version: 0.1\ndefault: {}\n'],
  ])('takes out %s', async (_what, before, after) => {
    expect(await editYaml(before, [setting('resolve_s3', TAKEN_OUT)])).toBe(after);
  });
});

const TEMPLATE = `Parameters:
  Stage: {Type: String}
  Password: {Type: String, NoEcho: true}
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {Code: src}}
`;

function project(files: Readonly<Record<string, string>> = {}): Promise<TestProject> {
  return TestProject.of({ 'template.yaml': TEMPLATE, 'src/index.js': 'export {}', ...files });
}

describe('package --save-params', () => {
  test('writes what the command line says, and the next run takes it from there', async () => {
    const shop = await project();
    shop.env = { SAM_DEBUG: 'true' };
    const saved = await shop.run(
      ...[
        'package',
        '--save-params',
        '--domain',
        'file:../domain',
        '--project-root',
        '.',
        '--region',
        'eu-west-1',
        '--no-progressbar',
      ],
      ...[
        '--output-template-file',
        'out.yaml',
        '--exclude',
        '*.md',
        '--exclude',
        'x',
        '--metadata',
        'a=b',
        '--metadata',
        'c=d',
        '-q',
      ],
      ...['--parameter-overrides', 'Stage=dev'],
    );
    expect(saved).toMatchObject({ exitCode: EXIT.ok });
    expect(shop.read('samconfig.toml')).toBe(`version = 0.1

[default.package.parameters]
output_template_file = "out.yaml"
parameter_overrides = "Stage=dev"
exclude = ["*.md", "x"]
project_root = "."
domain = "file:../domain"
metadata = "a=b,c=d"
no_progressbar = true

[default.global.parameters]
region = "eu-west-1"
`);
    writeFileSync(shop.path('out.yaml'), '');
    const again = await shop.run('package');
    expect(again.exitCode).toBe(EXIT.ok);
    expect(shop.read('out.yaml')).toContain('ArtifactRef');
  });

  test('is told, and what is a secret is not written', async () => {
    const shop = await project();
    const { exitCode, stderr } = await shop.package(
      ...['--save-params', '--parameter-overrides', 'Stage=dev', 'Password=hunter2', '--config-env', 'prod'],
      ...['--endpoint-url', 'https://me:hunter2@127.0.0.1:1'],
    );
    expect(stderr).toContain(
      "note: saved 'parameter_overrides', 'project_root', 'domain' under 'prod' in 'samconfig.toml'\n",
    );
    expect(stderr).toContain("note: what is secret in '--parameter-overrides' was not saved\n");
    expect(stderr).toContain("note: '--endpoint-url' was not saved: it has a secret\n");
    expect(exitCode).toBe(EXIT.ok);
    expect(shop.read('samconfig.toml')).toContain('[prod.package.parameters]\nparameter_overrides = "Stage=dev"\n');
    expect(shop.read('samconfig.toml')).not.toContain('hunter2');
    const secretAlone = await shop.package('--save-params', '--parameter-overrides', 'Password=hunter2');
    expect(secretAlone.stderr).toContain("note: '--parameter-overrides' was not saved: it has a secret\n");
  });

  test('keeps the rest of the file, its permissions and a link to it; says nothing twice', async () => {
    const shop = await project({
      'shared.yaml': '# all of us\nversion: 0.1\ndefault:\n  global:\n    parameters:\n      project_root: .\n',
    });
    symlinkSync('shared.yaml', shop.path('samconfig.yaml'));
    chmodSync(shop.path('shared.yaml'), 0o640);
    expect(await shop.package('--save-params', '--use-json')).toMatchObject({ exitCode: EXIT.ok });
    const text = `# all of us
version: 0.1
default:
  global:
    parameters:
      project_root: .
  package:
    parameters:
      use_json: true
      domain: "file:../domain"
`;
    expect(shop.read('shared.yaml')).toBe(text);
    expect(statSync(shop.path('shared.yaml')).mode & 0o777).toBe(0o640);
    const again = await shop.package('--save-params', '--use-json');
    expect(again.stderr).toContain("note: nothing new to save under 'default' in 'samconfig.yaml'\n");
    expect(readFileSync(shop.path('samconfig.yaml'), 'utf8')).toBe(text);
  });

  test.each<[string, Readonly<Record<string, string>>, readonly string[], string]>([
    [
      'of the same section',
      {
        'samconfig.toml':
          'version = 0.1\n[default.package.parameters]\nresolve_s3 = true # SAM\noutput_template_file = "o.yaml"\n[default.deploy.parameters]\nresolve_s3 = true\n',
      },
      ["saved 'project_root', 'domain' and took out 'resolve_s3'"],
      'version = 0.1\n[default.package.parameters]\noutput_template_file = "o.yaml"\nproject_root = "."\ndomain = "file:../domain"\n[default.deploy.parameters]\nresolve_s3 = true\n',
    ],
    [
      'of both sections, in YAML',
      {
        'samconfig.yaml':
          'version: 0.1\ndefault:\n  global:\n    parameters:\n      s3_bucket: shared-bucket\n      resolve_s3: false\n  package:\n    parameters:\n      s3-bucket: my-bucket\n      output_template_file: o.yaml\n',
      },
      ["saved 'project_root', 'domain' and turned 's3_bucket' of the global section off for package"],
      'version: 0.1\ndefault:\n  global:\n    parameters:\n      s3_bucket: shared-bucket\n      resolve_s3: false\n  package:\n    parameters:\n      s3-bucket: ""\n      output_template_file: o.yaml\n      project_root: "."\n      domain: "file:../domain"\n',
    ],
    [
      'of the global section',
      {
        'samconfig.toml':
          'version = 0.1\n[default.package.parameters]\noutput_template_file = "o.yaml"\n[default.global.parameters]\nresolve_s3 = true\n',
      },
      ["saved 'project_root', 'domain' and turned 'resolve_s3' of the global section off for package"],
      'version = 0.1\n[default.package.parameters]\noutput_template_file = "o.yaml"\nproject_root = "."\ndomain = "file:../domain"\nresolve_s3 = false\n[default.global.parameters]\nresolve_s3 = true\n',
    ],
  ])('takes out what it displaced, %s, so that the next run is not refused', async (_where, files, told, text) => {
    const shop = await project(files);
    const saved = await shop.package('--save-params');
    const [file = ''] = Object.keys(files);
    expect(saved).toMatchObject({ exitCode: EXIT.ok });
    for (const line of told)
      expect(saved.stderr).toContain(`note: ${line} under 'default' in '${file}': they exclude each other\n`);
    expect(shop.read(file)).toBe(text);
    const again = await shop.run('package');
    expect(again).toMatchObject({ exitCode: EXIT.ok });
    expect(again.stderr).not.toContain('warning');
  });

  test('writes a value of a parameter that stands in the global section, too, where sam build is given another', async () => {
    const shop = await project({
      'samconfig.toml':
        'version = 0.1\n[default.global.parameters]\nparameter_overrides = "Stage=prod"\n[default.build.parameters]\nparameter_overrides = "Stage=dev"\n',
    });
    const saved = await shop.package(
      '--parameter-overrides',
      'Stage=prod',
      '--save-params',
      '--output-template-file',
      'o.yaml',
    );
    expect(saved).toMatchObject({ exitCode: EXIT.ok });
    expect(shop.read('samconfig.toml')).toMatch(
      /^\[default\.package\.parameters\][^[]*^parameter_overrides = .*Stage=prod/ms,
    );
  });

  const BUCKET = 's3_bucket = "my-bucket"\n';
  test.each<[string, string, readonly string[], string]>([
    ['resolve_s3 = true\n', '', ['--s3-bucket', 'my-bucket'], BUCKET],
    ['domain = "file:d"\nreferences = "grouped"\n', '', ['--s3-bucket', 'my-bucket'], BUCKET],
    [
      'regions = "eu-west-1"\nreferences = "none"\n',
      '',
      ['--s3-bucket', 'my-bucket'],
      `references = "none"\n${BUCKET}`,
    ],
    ['', 'references = "stack"\n', ['--s3-bucket', 'my-bucket'], `${BUCKET}references = ""\n`],
    [BUCKET, '', ['--no-resolve-s3'], `${BUCKET}resolve_s3 = false\n`],
    [
      BUCKET,
      '',
      ['--references', 'grouped', '--regions', 'eu-west-1'],
      'references = "grouped"\nregions = ["eu-west-1"]\n',
    ],
  ])('is read again without a problem: %j, %j and %j', async (own, global, words, expected) => {
    const section = '[default.package.parameters]\n';
    const rest = global === '' ? '' : `[default.global.parameters]\n${global}`;
    const shop = await project({ 'samconfig.toml': `version = 0.1\n${section}${own}${rest}` });
    const resolved = async (...argv: string[]): Promise<{ code: number; stderr: string }> => {
      const terminal = recordedTerminal({ cwd: shop.folder });
      const code = await run(['package', ...argv], terminal, { ...HANDLERS, package: () => Promise.resolve(EXIT.ok) });
      return { code, stderr: terminal.stderr.text };
    };
    const { code } = await resolved('--save-params', ...words);
    expect({ code, text: shop.read('samconfig.toml') }).toEqual({
      code: EXIT.ok,
      text: `version = 0.1\n${section}${expected}${rest}`,
    });
    expect(await resolved()).toEqual({ code: EXIT.ok, stderr: '' });
  });

  test('writes nothing in a dry run, and nothing of a run that failed', async () => {
    const shop = await project();
    const dry = await shop.package('--save-params', '--dry-run');
    expect(dry.stderr).toContain('note: no option was saved: this is a dry run\n');
    const failed = await shop.package('--save-params', '-t', 'absent.yaml');
    expect(failed.exitCode).toBe(EXIT.input);
    expect(existsSync(shop.path('samconfig.toml'))).toBe(false);
  });

  test('refuses a file in which nothing can be written without changing more, before anything is sent', async () => {
    const config = 'version: 0.1\nprod: &p\n  package:\n    parameters: {x: 1}\ndefault: *p\n';
    const shop = await project({ 'samconfig.yaml': config });
    const { exitCode, stderr } = await shop.package('--save-params');
    expect(stderr).toContain("error: 'samconfig.yaml' is laid out in a way in which the options");
    expect(stderr).toContain('default.package.parameters.domain = "file:../domain"');
    expect(exitCode).toBe(EXIT.input);
    expect(shop.read('samconfig.yaml')).toBe(config);
    expect(existsSync(shop.path('../domain'))).toBe(false);
  });
});
