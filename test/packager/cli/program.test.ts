import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CommandHandlers } from '../../../packager/cli/handlers.ts';
import type { CommandName } from '../../../packager/cli/syntax/commands.ts';
import { COMMANDS, GROUPS } from '../../../packager/cli/syntax/commands.ts';
import type { ExitCode } from '../../../packager/cli/exit-codes.ts';
import { EXIT } from '../../../packager/cli/exit-codes.ts';
import type {
  DiffOptions,
  GetOptions,
  ListOptions,
  ShowOptions,
  TreeOptions,
} from '../../../packager/cli/syntax/looking.ts';
import type { PackageOptions } from '../../../packager/cli/syntax/package-flags.ts';
import type { ReferencesOptions } from '../../../packager/cli/syntax/references.ts';
import { run } from '../../../packager/cli/program.ts';
import type { PublishOptions } from '../../../packager/cli/syntax/publish.ts';
import { INTERRUPTED, OUTPUT_CLOSED } from '../../../packager/cli/terminal.ts';
import type { SourcePlace } from '../../../repository/error.ts';
import { ArtifactError, ArtifactErrors } from '../../../repository/error.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { RecordedTerminal, TerminalSettings } from '../../support/terminal.ts';
import { recordedTerminal } from '../../support/terminal.ts';

const STACK_ARN = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';

interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What each command was handed, if it was called. */
  readonly options: Partial<{
    package: PackageOptions;
    publish: PublishOptions;
    get: GetOptions;
    list: ListOptions;
    show: ShowOptions;
    tree: TreeOptions;
    diff: DiffOptions;
    references: ReferencesOptions;
  }>;
}

async function call(argv: readonly string[], settings: TerminalSettings = {}): Promise<Called> {
  const terminal = recordedTerminal(settings);
  const options: Record<string, unknown> = {};
  const handlers = everyCommand((name) => async (given) => {
    options[name] = given;
    return EXIT.ok;
  });
  const code = await run(argv, terminal, handlers);
  return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text, options };
}

/** One way of handling them for all commands that there are. */
function everyCommand(handle: (name: CommandName) => (given: unknown) => Promise<ExitCode>): CommandHandlers {
  return Object.fromEntries(COMMANDS.map(({ name }) => [name, handle(name)])) as unknown as CommandHandlers;
}

/** A `list` that ends in this error. */
async function failing(
  error: Error,
  argv: readonly string[] = [],
  settings: TerminalSettings = {},
): Promise<RecordedTerminal & { readonly code: number }> {
  const terminal = recordedTerminal(settings);
  const fail = (): Promise<never> => Promise.reject(error);
  const code = await run(
    ['list', ...argv],
    terminal,
    everyCommand(() => fail),
  );
  return { ...terminal, code };
}

async function projectFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('the options of package', () => {
  test('without any are the defaults', async () => {
    const cwd = await projectFolder({ 'template.yml': '' });
    const { code, options } = await call(['package'], { cwd });
    expect(code).toBe(0);
    expect(options.package).toEqual({
      templateFile: 'template.yml',
      bootstrap: true,
      useJson: false,
      dryRun: false,
      repository: 'default',
      resolveS3: false,
      forceUpload: false,
      parameterOverrides: {},
      exclude: [],
      followExternalSymlinks: false,
      zipTemplateDirWhenAbsent: false,
      saveParams: false,
      watch: false,
      verifySsl: true,
      json: false,
      quiet: false,
      progressBar: true,
      color: 'auto',
      debug: false,
    });
  });

  test('take all of aws cloudformation package', async () => {
    const { code, options } = await call([
      'package',
      ...['--template-file', 't.yaml', '--s3-bucket', 'my-bucket', '--s3-prefix', 'p/', '--kms-key-id', 'alias/k'],
      ...['--output-template-file', 'out.yaml', '--use-json', '--force-upload', '--metadata', 'a=1,b=2'],
      ...['--region', 'eu-west-1', '--profile', 'dev', '--endpoint-url', 'http://127.0.0.1:5000', '--no-verify-ssl'],
      ...['--ca-bundle', 'ca.pem', '--debug', '--output', 'json', '--no-cli-pager', '--no-paginate', '--color', 'off'],
    ]);
    expect(code).toBe(0);
    expect(options.package).toMatchObject({
      templateFile: 't.yaml',
      s3Bucket: 'my-bucket',
      s3Prefix: 'p/',
      kmsKeyId: 'alias/k',
      outputTemplateFile: 'out.yaml',
      useJson: true,
      forceUpload: true,
      metadata: { a: '1', b: '2' },
      region: 'eu-west-1',
      profile: 'dev',
      endpointUrl: 'http://127.0.0.1:5000',
      verifySsl: false,
      caBundle: 'ca.pem',
      debug: true,
      color: 'off',
    });
  });

  test('take our own', async () => {
    const { options } = await call([
      'package',
      ...[
        '-t',
        't.yaml',
        '--domain=s3://bucket/some/prefix/',
        '--domain-owner',
        '012345678901',
        '--repository',
        'apps',
      ],
      ...['--artifact-prefix', 'shop/eu', '--references', 'grouped', '--exclude', '*.map', '--exclude=/docs'],
      ...['--resources', 'more.json', '--project-root', '..', '--follow-external-symlinks', '--dry-run'],
      ...['--zip-template-dir-when-absent', '--manifest', 'm.json', '--json', '-q', '--no-progressbar', '--no-color'],
    ]);
    expect(options.package).toMatchObject({
      templateFile: 't.yaml',
      domain: { kind: 's3', bucket: 'bucket', prefix: 'some/prefix' },
      domainOwner: '012345678901',
      repository: 'apps',
      artifactPrefix: 'shop/eu',
      references: 'grouped',
      exclude: ['*.map', '/docs'],
      resources: 'more.json',
      projectRoot: '..',
      followExternalSymlinks: true,
      dryRun: true,
      zipTemplateDirWhenAbsent: true,
      manifest: 'm.json',
      json: true,
      quiet: true,
      progressBar: false,
      color: 'off',
    });
  });

  test.each([
    ['file:.artifacts', { kind: 'directory', directory: '.artifacts' }],
    ['file:/var/domain', { kind: 'directory', directory: '/var/domain' }],
    ['file:///var/domain', { kind: 'directory', directory: '/var/domain' }],
    ['file://./here', { kind: 'directory', directory: './here' }],
    ['s3://bucket', { kind: 's3', bucket: 'bucket' }],
    ['s3://bucket/', { kind: 's3', bucket: 'bucket' }],
  ])('--domain %s', async (place, domain) => {
    const { options } = await call(['list', '--domain', place]);
    expect(options.list?.domain).toEqual(domain);
  });

  test.each([
    ['-t', 'x.yaml'],
    ['--template', 'x.yaml'],
    ['--template=x.yaml'],
    ['--template-file=x.yaml'],
    ['-tx.yaml'],
  ])('name the template by %s %s', async (...words) => {
    const { options } = await call(['package', ...words]);
    expect(options.package?.templateFile).toBe('x.yaml');
  });

  test('of those given twice the last counts', async () => {
    const { options } = await call(['package', '-t', 'a', '--s3-prefix=x', '--template', 'b', '--s3-prefix', 'y']);
    expect(options.package).toMatchObject({ templateFile: 'b', s3Prefix: 'y' });
  });

  test('common ones may stand before the command', async () => {
    const { options } = await call(['--region', 'eu-west-1', '--debug', 'package', '-t', 'x', '--region', 'us-east-1']);
    expect(options.package).toMatchObject({ region: 'us-east-1', debug: true });
    const { options: listed } = await call(['--profile=dev', 'list']);
    expect(listed.list?.profile).toBe('dev');
  });

  test('parameter overrides end at the next option', async () => {
    const words = ['--parameter-overrides', 'A=1', 'B=two words', 'ParameterKey=C,ParameterValue=3', '--use-json'];
    const { options } = await call(['package', '-t', 'x', ...words]);
    expect(options.package).toMatchObject({ parameterOverrides: { A: '1', B: 'two words', C: '3' }, useJson: true });
  });

  test('the template is searched for as SAM does', async () => {
    const everything = {
      '.aws-sam/build/template.yaml': '',
      'template.yaml': '',
      'template.yml': '',
      'template.json': '',
    };
    const names = Object.keys(everything);
    for (const [index, expected] of names.entries()) {
      const cwd = await projectFolder(Object.fromEntries(names.slice(index).map((name) => [name, ''])));
      const { options } = await call(['package'], { cwd });
      expect(options.package?.templateFile).toBe(expected);
    }
    const { code, stderr } = await call(['package'], { cwd: await temporaryFolder() });
    expect(code).toBe(2);
    expect(stderr).toContain('there is no template in');
    expect(stderr).toContain('--template-file');
  });

  test('SAM_TEMPLATE_FILE goes after the option and before the search', async () => {
    const cwd = await projectFolder({ 'template.yaml': '' });
    const env = { SAM_TEMPLATE_FILE: 'from-env.yaml' };
    expect((await call(['package'], { cwd, env })).options.package?.templateFile).toBe('from-env.yaml');
    expect((await call(['package', '-t', 'x'], { cwd, env })).options.package?.templateFile).toBe('x');
    const empty = { SAM_TEMPLATE_FILE: '' };
    expect((await call(['package'], { cwd, env: empty })).options.package?.templateFile).toBe('template.yaml');
  });
});

describe('samconfig', () => {
  const TOML = [
    'version = 0.1',
    '[default.global.parameters]',
    'stack_name = "shop"',
    'region = "eu-west-1"',
    's3_prefix = "global"',
    'exclude = ["SomeFunction"]',
    '[default.package.parameters]',
    's3_bucket = "from-file"',
    's3_prefix = "own"',
    'use_json = true',
    'no_progressbar = true',
    'parameter_overrides = "Stage=prod Size=\\"1 2\\""',
    'metadata = "a=1"',
    '[prod.package.parameters]',
    'resolve-s3 = true',
    'template = "prod.yaml"',
    'domain_owner = "111122223333"',
  ].join('\n');

  test('gives defaults, its package section over its global one', async () => {
    const cwd = await projectFolder({ 'template.yaml': '', 'samconfig.toml': TOML });
    const { options, stderr } = await call(['package'], { cwd });
    expect(stderr).toBe('');
    expect(options.package).toMatchObject({
      configFile: join(cwd, 'samconfig.toml'),
      stackName: 'shop',
      region: 'eu-west-1',
      s3Bucket: 'from-file',
      s3Prefix: 'own',
      useJson: true,
      progressBar: false,
      parameterOverrides: { Stage: 'prod', Size: '1 2' },
      metadata: { a: '1' },
      // SAM's own `exclude` of the global section names functions.
      exclude: [],
    });
  });

  test('yields to the command line, whichever of two rivals stands there', async () => {
    const cwd = await projectFolder({ 'template.yaml': '', 'samconfig.toml': TOML });
    const { options } = await call(['package', '--s3-prefix', 'mine', '--domain', 'file:d'], { cwd });
    expect(options.package).toMatchObject({ s3Prefix: 'mine', domain: { kind: 'directory' }, resolveS3: false });
    expect(options.package).not.toHaveProperty('s3Bucket');
  });

  test.each<[string, string, string[], object, string | undefined]>([
    ['references', 'references = "grouped"', ['--s3-bucket', 'my-bucket'], { s3Bucket: 'my-bucket' }, "'--s3-bucket'"],
    ['references', 'references = "stack"\ndomain = "file:d"', ['--resolve-s3'], { resolveS3: true }, "'--resolve-s3'"],
    ['s3_bucket', 's3_bucket = "my-bucket"', ['--references', 'grouped'], { references: 'grouped' }, "'--references'"],
    ['resolve_s3', 'resolve_s3 = true', ['--references', 'stack'], { resolveS3: false }, "'--references'"],
    ['', 's3_bucket = "my-bucket"', ['--references', 'none'], { s3Bucket: 'my-bucket', references: 'none' }, undefined],
    [
      '',
      'references = "grouped"\ns3_bucket = "my-bucket"',
      ['--domain', 'file:d'],
      { references: 'grouped' },
      undefined,
    ],
    ['', 'references = "grouped"\nresolve_s3 = true', ['--no-resolve-s3'], { references: 'grouped' }, undefined],
  ])(
    'yields where a plain bucket and references exclude each other: %s of %j and %j',
    async (key, toml, words, expected, winner) => {
      const cwd = await projectFolder({
        'template.yaml': '',
        'samconfig.toml': `[default.package.parameters]\n${toml}\n`,
      });
      const { code, options, stderr } = await call(['package', ...words], { cwd });
      expect([code, stderr.match(/^warning: .*/gm) ?? []]).toEqual([
        0,
        winner === undefined
          ? []
          : [`warning: '${key}' in [default.package.parameters] of 'samconfig.toml' is ignored, because of ${winner}`],
      ]);
      expect(options.package).toMatchObject(expected);
      if (key === 'references') expect(options.package).not.toHaveProperty('references');
      if (key === 's3_bucket') expect(options.package).not.toHaveProperty('s3Bucket');
    },
  );

  test('names itself where a plain bucket and references of its own exclude each other', async () => {
    const cwd = await projectFolder({
      'template.yaml': '',
      'samconfig.toml': '[default.package.parameters]\nreferences = "grouped"\ns3_bucket = "my-bucket"\n',
    });
    const { code, stderr } = await call(['package'], { cwd });
    const place = "in [default.package.parameters] of 'samconfig.toml'";
    expect(code).toBe(2);
    expect(stderr).toContain(`error: 'references' ${place} can't be 'grouped' with 's3_bucket' ${place}`);
  });

  test('has environments, keys in either spelling, and the names of options', async () => {
    const cwd = await projectFolder({ 'samconfig.toml': TOML });
    const { options } = await call(['package', '--config-env', 'prod'], { cwd });
    expect(options.package).toMatchObject({ resolveS3: true, templateFile: 'prod.yaml', domainOwner: '111122223333' });
    const off = await call(['package', '--config-env', 'prod', '--no-resolve-s3', '--s3-bucket', 'my-bucket'], { cwd });
    expect(off.options.package).toMatchObject({ resolveS3: false, s3Bucket: 'my-bucket' });
  });

  test('stands beside the template, and at the project of what sam build made', async () => {
    const cwd = await projectFolder({
      'app/template.yaml': '',
      'app/samconfig.yaml': 'default: {package: {parameters: {s3_bucket: beside}}}',
      'samconfig.toml': '[default.package.parameters]\ns3_bucket = "here"',
    });
    const bucketWith = async (...words: string[]): Promise<string | undefined> =>
      (await call(['package', ...words], { cwd })).options.package?.s3Bucket;
    expect(await bucketWith('-t', 'app/template.yaml')).toBe('beside');
    expect(await bucketWith('-t', 'app/.aws-sam/build/template.yaml')).toBe('beside');
    expect(await bucketWith('-t', 'x.yaml')).toBe('here');
    expect(await bucketWith('-t', 'app/template.yaml', '--config-file', 'samconfig.toml')).toBe('here');
  });

  test('is told of its mistakes, all at once and each with its place', async () => {
    const cwd = await projectFolder({
      'template.yaml': '',
      'samconfig.toml': [
        '[default.package.parameters]',
        'use_json = "perhaps"',
        's3_bucket = ["a"]',
        'references = "sometimes"',
        'signing_profiles = "F=p"',
      ].join('\n'),
    });
    const { code, stderr } = await call(['package'], { cwd });
    expect(code).toBe(2);
    const place = "in [default.package.parameters] of 'samconfig.toml'";
    expect(stderr).toContain(`error: 'use_json' ${place} must be true or false, not 'perhaps'`);
    expect(stderr).toContain(`error: 's3_bucket' ${place} must be a text, not a list`);
    expect(stderr).toContain(`error: 'references' ${place} must be one of 'stack', 'grouped', 'none', not 'sometimes'`);
    expect(stderr).toContain(`error: 'signing_profiles' ${place} is not supported`);
    expect(stderr).toContain('4 problems');
  });

  test('may hold keys of other SAM commands, and is warned about keys that nobody knows', async () => {
    const cwd = await projectFolder({
      'template.yaml': '',
      'samconfig.toml':
        '[default.package.parameters]\nconfirm_changeset = true\ns3_buket = "b"\njson = true\nresolve_image_repos = true\nimage_repository = ""',
    });
    const { code, stderr, options } = await call(['package'], { cwd });
    expect(code).toBe(0);
    expect(options.package?.json).toBe(false);
    expect(stderr.split('\n')).toEqual([
      "warning: 's3_buket' in [default.package.parameters] of 'samconfig.toml' is no option of package",
      "  Did you mean 's3_bucket'?",
      "warning: 'json' in [default.package.parameters] of 'samconfig.toml' is ignored",
      '  --json is for the command line alone.',
      expect.stringContaining(
        "note: 'resolve_image_repos' in [default.package.parameters] of 'samconfig.toml' is ignored.",
      ),
      '',
    ]);
  });
});

describe('options of sam package that mean nothing here', () => {
  test('are refused where the result would be another', async () => {
    const words = [
      '--image-repository',
      'u',
      '--image-repositories',
      'F=u',
      '--resolve-image-repos',
      '--signing-profiles',
      'F=p',
    ];
    const { code, stderr, options } = await call(['package', '-t', 'x', ...words, '--query', 'x']);
    expect(code).toBe(2);
    expect(options).toEqual({});
    for (const name of ['image-repository', 'image-repositories', 'resolve-image-repos', 'signing-profiles', 'query']) {
      expect(stderr).toContain(`error: '--${name}' is not supported\n`);
    }
    expect(stderr).toContain('push them first');
  });

  test('are ignored with a note where it would be the same', async () => {
    const words = ['--beta-features', '--language-extensions', '--no-resolve-image-repos'];
    const { code, stderr } = await call(['package', '-t', 'x', ...words]);
    expect(code).toBe(0);
    expect(stderr.match(/^note: '--[a-z-]+' is ignored\./gm)).toHaveLength(2);
    expect((await call(['package', '-t', 'x', '-q', ...words])).stderr).toBe('');
  });
});

describe('the other commands', () => {
  test('publish', async () => {
    const { options } = await call(['publish', 'dist', '--id', 'shop/api', '--zip', '--exclude', '*.map', '--json']);
    expect(options.publish).toMatchObject({
      assets: [{ path: 'dist' }],
      ...{ id: 'shop/api', as: 'zip', exclude: ['*.map'], json: true, labels: [] },
    });
    const several = [
      'publish',
      '--id=a',
      '--asset',
      'lib=out/lib.so',
      '--asset=./x=y',
      '--label',
      '1.0.0',
      '--label=v1',
    ];
    expect((await call(several)).options.publish).toMatchObject({
      assets: [{ name: 'lib', path: 'out/lib.so' }, { path: './x=y' }],
      labels: ['1.0.0', 'v1'],
    });
    const candidate = ['publish', 'dist', '--id=a', '--unfinished', '--label', '1.0.0', '--set', 'build-24'];
    expect((await call(candidate)).options.publish).toMatchObject({
      ...{ labels: [], set: { label: '1.0.0', name: 'build-24' } },
    });
    expect((await call(['publish', '--id=a', 'dist', '--file'])).options.publish).toMatchObject({
      assets: [{ path: 'dist' }],
      as: 'file',
    });
    expect((await call(['publish', '--id=a', 'dist'])).options.publish).not.toHaveProperty('as');
  });

  test('get', async () => {
    const { options } = await call(['get', 'shop/api:3', '-o', 'api.zip']);
    expect(options.get).toMatchObject({ artifact: 'shop/api:3', output: 'api.zip', repository: 'default' });
    expect((await call(['get', '-o', '-', 'shop/api'])).options.get).toMatchObject({
      artifact: 'shop/api',
      output: '-',
    });
  });

  test('list and show', async () => {
    expect((await call(['list'])).options.list).not.toHaveProperty('prefix');
    expect((await call(['list', 'shop/'])).options.list?.prefix).toBe('shop/');
    expect((await call(['show', 'x', '--repository', 'apps'])).options.show).toMatchObject({
      artifact: 'x',
      repository: 'apps',
    });
  });
});

describe('references', () => {
  test.each<[string[], object]>([
    [['shop/api^prod'], { kind: 'users', artifact: 'shop/api^prod' }],
    [['--stack', 'shop'], { kind: 'stack', stack: 'shop' }],
    [['--stack', 'shop', '--account', '111122223333'], { kind: 'stack', stack: 'shop', account: '111122223333' }],
    [['--stack', STACK_ARN], { kind: 'stack', stack: STACK_ARN }],
    [['--unused'], { kind: 'unused' }],
    [['shop/', '--unused'], { kind: 'unused', prefix: 'shop/' }],
  ])('takes %j', async (argv, question) => {
    const { code, options } = await call(['references', ...argv]);
    expect(code).toBe(0);
    expect(options.references?.question).toEqual(question);
    expect(options.references).not.toHaveProperty('stack');
  });

  test.each<[string[], string]>([
    [[], 'it is not said whose references are wanted\n  Name an artifact to see who uses it, a stack with --stack'],
    [[''], 'ARTIFACT must not be empty\n'],
    [['--stack', 'shop', '--unused'], "cannot use '--stack' and '--unused' together\n  Each is a question"],
    [['shop/api', '--stack', 'shop'], "cannot use '--stack' and 'shop/api' together\n"],
    [['shop/api', '--account', '111122223333'], "'--account' says whose stack '--stack' names"],
    [['--stack', STACK_ARN, '--account', '111122223333'], "cannot use '--account' with the ARN of a stack\n"],
    [['--stack', 'shop_1'], "'--stack' must be a stack's name or its ARN, not 'shop_1'\n"],
    [['--stack', `${STACK_ARN}/x`], "'--stack' must be a stack's name or its ARN, not 'arn:"],
    [['--stack', 'shop', '--account', '1'], "'--account' must be an account's twelve digits, not '1'\n"],
    [['--unused', 'shop/api:3'], "'shop/api:3' is not how IDs begin, which is what '--unused' takes\n"],
    [['a', 'b'], "too many words for 'references': 1 expected, 2 given\n"],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr, options } = await call(['references', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${message}`);
    expect(options).toEqual({});
  });
});

describe('usage errors', () => {
  test.each<[string, string[], string]>([
    [
      'an unknown command',
      ['pakage'],
      "error: unknown command 'pakage'\n  Did you mean 'package'? See 'cfn-artifacts --help'.",
    ],
    [
      'an unknown option',
      ['package', '--s3-buket', 'b'],
      "error: unknown option '--s3-buket'\n  Did you mean '--s3-bucket'? See 'cfn-artifacts package --help'.",
    ],
    ['a missing argument', ['get'], "error: ARTIFACT is missing\n  See 'cfn-artifacts get --help'."],
    ['an argument too many', ['show', 'a', 'b'], "error: too many words for 'show': 1 expected, 2 given\n"],
    [
      'a template without its option',
      ['package', 't.yaml'],
      "error: too many words for 'package': only options expected, 1 given\n  A template is named with --template-file. See 'cfn-artifacts package --help'.\n",
    ],
    ['a missing value', ['package', '--s3-bucket'], "error: '--s3-bucket' needs a value\n"],
    ['a missing value of an option with a letter', ['package', '-t'], "error: '--template-file' needs a value\n"],
    [
      'an option for a value',
      ['package', '--s3-bucket', '--region', 'eu-west-1'],
      "error: '--s3-bucket' needs a value, but '--region' follows",
    ],
    ['an empty value', ['package', '-t', 'x', '--s3-bucket='], "error: '--s3-bucket' must not be empty"],
    [
      'an empty pattern',
      ['package', '-t', 'x', '--exclude', ''],
      "error: '--exclude' must not be empty\n  Give it a value, or leave it out.\n",
    ],
    [
      'a letter of another command',
      ['package', '-t', 'x', '-o', 'out.yaml'],
      "error: unknown option '-o'\n  The packaged template is written to --output-template-file.",
    ],
    [
      'a letter with its value',
      ['package', '-oout.yaml'],
      'The packaged template is written to --output-template-file.',
    ],
    [
      'a file for a format of the AWS CLI',
      ['package', '-t', 'x', '--output', 'out.yaml'],
      "error: '--output' is a format of the AWS CLI, which 'out.yaml' is not\n  The packaged template is written to --output-template-file.\n",
    ],
    [
      'an option that is near one of the AWS CLI',
      ['package', '--outptu', 'out.yaml'],
      "error: unknown option '--outptu'\n  Did you mean '--output-template-file'?",
    ],
    [
      'a bookmark that is no word of its own',
      ['bookmark', 'get', 'shop/api^prod'],
      'error: BOOKMARK is missing\n  Write: cfn-artifacts bookmark get shop/api prod\n',
    ],
    [
      'a bookmark that is no word of its own, before an option',
      ['bookmark', 'get', 'shop/api^prod', '--domain', 'file:x'],
      'error: BOOKMARK is missing\n  Write: cfn-artifacts bookmark get shop/api prod',
    ],
    [
      'a value of a switch',
      ['package', '--use-json=true'],
      "error: '--use-json' takes no value\n  It is a switch: write '--use-json' for it, and leave it out otherwise. See 'cfn-artifacts package --help'.\n",
    ],
    [
      'an option before the command',
      ['--domain', 'file:x', 'list'],
      "error: '--domain' stands before the command\n  Write it behind 'list': before it only options of access and display may stand. See 'cfn-artifacts list --help'.\n",
    ],
    [
      'a word too many for one of a group',
      ['gc', 'rules', 'show'],
      "error: too many words for 'gc rules': only options expected",
    ],
    [
      'a URL for a template',
      ['package', '-t', 's3://bucket/template.yaml'],
      "error: '--template-file' must be a file, not 's3://bucket/template.yaml'\n  Fetch it first, with what it names.\n",
    ],
    [
      'a file for a template, written as parameters are',
      ['package', '-t', 'file://template.yaml'],
      "error: '--template-file' must be a file, not 'file://template.yaml'\n  Write its path, without 'file://'.\n",
    ],
    [
      'several files without names',
      ['publish', 'a', 'b', '--id', 'x'],
      "error: too many words for 'publish': 1 expected, 2 given\n  Several make one version with --asset NAME=PATH for each. See 'cfn-artifacts publish --help'.\n",
    ],
    ['a missing option', ['publish', 'x'], "error: the option '--id <id>' is missing"],
    [
      'an empty value of one that must be there',
      ['publish', 'x', '--id='],
      "error: '--id' must not be empty\n  It is the artifact's ID in its repository, like shop/api.\n",
    ],
    [
      'an empty value of one that must be there, and may be repeated',
      ['replicate', 'x:1', '--to', ''],
      "error: '--to' must not be empty\n  It is the Regions",
    ],
    ['options alone', ['--debug'], 'error: no command is given'],
    [
      'a long word that is none of several',
      ['package', '-t', 'x', '--references', 'n'.repeat(3000)],
      `not '${'n'.repeat(200)}…'\n`,
    ],
    ['a long Region', ['publish', 'x', '--id=a', '--region', '_'.repeat(3000)], `not '${'_'.repeat(200)}…'`],
    [
      'a word that is none of several',
      ['package', '-t', 'x', '--references', 'all'],
      "'--references' must be one of 'stack', 'grouped', 'none', not 'all'",
    ],
    [
      'a bad prefix of IDs',
      ['package', '-t', 'x', '--artifact-prefix', 'A b'],
      "and . _ + = -\n  Choose another name: 'shop/api' is one.\n",
    ],
    [
      'a prefix of keys that leads out',
      ['package', '-t', 'x', '--s3-bucket', 'my-bucket', '--s3-prefix', '../x'],
      "error: '--s3-prefix': '../x' leads out of the store by '..'\n  Choose another prefix.\n",
    ],
    ['a bad repository', ['list', '--repository', 'X'], "error: '--repository': 'X' is no repository name"],
    ['a bad ID', ['publish', 'x', '--id', '/a'], "error: '--id': '/a' is no artifact ID"],
    [
      'a bad domain',
      ['list', '--domain', 'here'],
      "error: '--domain' must be file:DIRECTORY or s3://BUCKET, not 'here'\n  A directory is written 'file:here'. Leave it out",
    ],
    [
      'a bad owner',
      ['list', '--domain-owner', '123'],
      "error: '--domain-owner' must be an account's twelve digits, not '123'",
    ],
    [
      'a bad endpoint',
      ['list', '--endpoint-url', 'localhost:5000'],
      "error: '--endpoint-url' must be a URL with http or https",
    ],
    [
      'a URI for a bucket',
      ['package', '-t', 'x', '--s3-bucket', 's3://b'],
      "error: '--s3-bucket' must be a bucket's name, not 's3://b'",
    ],
    [
      'a template from stdin',
      ['package', '-t', '-'],
      "error: '--template-file' must be a file, not '-'\n  Its paths are relative to where it stands,",
    ],
    [
      'two places',
      ['package', '-t', 'x', '--s3-bucket', 'my-bucket', '--resolve-s3'],
      "error: cannot use '--s3-bucket' and '--resolve-s3' together",
    ],
    [
      'three places',
      ['package', '-t', 'x', '--s3-bucket', 'my-bucket', '--resolve-s3', '--domain', 'file:x'],
      "error: cannot use '--s3-bucket' and '--resolve-s3' and '--domain' together",
    ],
    [
      'references without a domain',
      ['package', '-t', 'x', '--s3-bucket', 'my-bucket', '--references', 'stack'],
      "error: '--references' can't be 'stack' with '--s3-bucket'",
    ],
    ['nothing to publish', ['publish', '--id', 'a'], 'error: nothing is given to publish'],
    ['a set without its word', ['publish', 'x', '--id=a', '--label=1', '--set=s'], "error: '--label': '1' is no label"],
    ['a set that is finished', ['publish', 'x', '--id=a', '--label=v1', '--set=s'], "'--unfinished' is missing"],
    ['a candidate for nothing', ['publish', 'x', '--id=a', '--unfinished', '--set=s'], "a candidate has one '--label'"],
    ['a candidate without a name', ['publish', 'x', '--id=a', '--unfinished', '--label=v1'], "needs '--set'"],
    ['an asset with a path for a name', ['publish', '--id=a', '--asset=..=x'], "'..' is no asset name"],
    ['two kinds', ['publish', 'x', '--id', 'a', '--zip', '--file'], "error: cannot use '--zip' and '--file' together"],
    [
      'an environment without a config file',
      ['package', '-t', 'x', '--config-env', 'prod'],
      "that could have the environment 'prod'\n  Looked for were 'samconfig.toml',",
    ],
    [
      'an absent config file',
      ['package', '-t', 'x', '--config-file', 'no.toml'],
      "error: there is no config file 'no.toml'",
    ],
  ])('%s', async (_what, argv, message) => {
    const { code, stdout, stderr, options } = await call(argv, { cwd: await temporaryFolder() });
    expect(stderr).toContain(message);
    expect({ code, stdout, options }).toEqual({ code: 2, stdout: '', options: {} });
  });

  const PLACES = 'Each names the place for the artifacts: use only one.';
  const REGIONS = 'Only domains fetch from each other: with a plain bucket, package once for each Region.';
  test.each<[readonly string[], string, readonly string[]]>([
    [['--s3-bucket', 'my-bucket', '--resolve-s3'], '', [PLACES]],
    [['--s3-bucket', 'my-bucket', '--regions', 'eu-west-1'], '', [REGIONS]],
    [['--resolve-s3', '--regions', 'eu-west-1'], '', [REGIONS]],
    [['--s3-bucket', 'my-bucket', '--resolve-s3', '--regions', 'eu-west-1'], '', [PLACES, REGIONS]],
    [['--s3-bucket', 'my-bucket', '--resolve-s3'], 'regions = "eu-west-1"', [PLACES]],
    [['--domain', 'file:d'], 'regions = "eu-west-1"\ns3_bucket = "my-bucket"', []],
    [['--s3-bucket', 'my-bucket'], 'regions = "eu-west-1"\nresolve_s3 = true', []],
    [['--regions', 'eu-west-1'], 's3_bucket = "my-bucket"\nresolve_s3 = true', []],
    [['--regions', 'eu-west-1'], 's3_bucket = "my-bucket"\ndomain = "file:d"', []],
    [['--no-resolve-s3', '--regions', 'eu-west-1'], 'resolve_s3 = true', []],
    [[], 's3_bucket = "my-bucket"\nresolve_s3 = "no"', []],
    [[], 's3_bucket = "my-bucket"\nresolve_s3 = 0\ndomain = "file:d"', [PLACES]],
    [[], 's3_bucket = "false"\nresolve_s3 = true', [PLACES]],
  ])('options that exclude each other are told of once, with what to do: %j and %j', async (words, toml, remedies) => {
    const cwd = await projectFolder({
      'template.yaml': '',
      'samconfig.toml': `[default.package.parameters]\n${toml}\n`,
    });
    const { code, stderr } = await call(['package', ...words], { cwd });
    expect({ code, remedies: stderr.match(/(?<=^ {2})\S.*/gm) ?? [] }).toEqual({
      code: remedies.length === 0 ? 0 : 2,
      remedies,
    });
    expect(stderr.match(/^error: /gm) ?? []).toHaveLength(remedies.length);
  });

  test('of the command line, of samconfig and of the folder are told together', async () => {
    const told = async (samconfig: string, ...argv: string[]): Promise<readonly string[]> => {
      const cwd = await projectFolder({ 'samconfig.toml': samconfig });
      const { code, stderr } = await call(['package', ...argv], { cwd });
      expect(code).toBe(2);
      return stderr.match(/^error: .*/gm) ?? [];
    };
    const wrong = '[default.deploy.parameters]\nstack_name = 5\n[default.package.parameters]\ns3_bucket = 5\n';
    expect(await told(wrong, '--query', 'x', '--repository', 'X')).toEqual([
      "error: '--query' is not supported",
      "error: 'stack_name' in [default.deploy.parameters] of 'samconfig.toml' must be a text, not '5'",
      expect.stringContaining("error: '--repository': 'X' is no repository name"),
      "error: 's3_bucket' in [default.package.parameters] of 'samconfig.toml' must be a bucket's name, not '5'",
      expect.stringContaining('error: there is no template in'),
    ]);
    expect(await told('[default', '--query', 'x', '--repository', 'X', '-t', 'x')).toEqual([
      "error: '--query' is not supported",
      expect.stringContaining("error: '--repository': 'X' is no repository name"),
      expect.stringContaining('samconfig.toml:1:2: '),
    ]);
    expect(await told('', '--config-env', 'prod', '--repository', 'X', '-t', 'x')).toEqual([
      expect.stringContaining("has no environment 'prod'"),
      expect.stringContaining("error: '--repository': 'X' is no repository name"),
    ]);
  });

  test('are told together', async () => {
    const { stderr } = await call(['publish', 'x', '--repository', 'X', '--domain', 'y', '--zip', '--file']);
    expect(stderr.match(/^error: /gm)).toHaveLength(4);
    expect(stderr).toContain('4 problems');
  });

  test('with --json are a document on stdout', async () => {
    const { code, stdout, stderr } = await call(['publish', 'x', '--json', '--domain', 'y']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'INVALID_ARGUMENT',
        message: '2 problems',
        problems: [
          {
            code: 'INVALID_ARGUMENT',
            message: "the option '--id <id>' is missing",
            remedy: expect.any(String),
          },
          {
            code: 'INVALID_ARGUMENT',
            message: expect.stringContaining("'--domain' must be"),
            remedy: expect.any(String),
          },
        ],
        exitCode: 2,
      },
      warnings: [],
    });
    const unknown = await call(['list', '--jsn', '--json']);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { message: "unknown option '--jsn'" } });
  });
});

describe('help', () => {
  test('without arguments is short and names every command', async () => {
    const { code, stdout, stderr } = await call([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name, summary } of COMMANDS) {
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`${name} ${summary}`);
    }
    expect(stdout).toContain('EXIT STATUS:\n  0    done\n');
    const shown = [...stdout.matchAll(/^ {2}cfn-artifacts (.*)$/gm)].map(([, rest]) => String(rest));
    expect(shown.slice(1).map((rest) => rest.split(' ')[0])).toEqual(COMMANDS.slice(0, 5).map(({ name }) => name));
    expect((await call(['--help'])).stdout).toBe(stdout);
    expect((await call(['help'])).stdout).toBe(stdout);
  });

  test.each(COMMANDS.map(({ name }) => name))(
    '%s --help leads with examples, names every option and ends with the exit status',
    async (name) => {
      const words = name.split(' ');
      const { code, stdout, options } = await call([...words, '--help']);
      expect({ code, options }).toEqual({ code: 0, options: {} });
      const command = COMMANDS.find((spec) => spec.name === name)!;
      const headings = [...stdout.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
      expect(headings[0]).toBe('Examples');
      expect(headings.at(-1)).toBe('EXIT STATUS');
      expect(headings).toEqual(expect.arrayContaining([...new Set(command.options.map(({ group }) => group))]));
      for (const { name: option } of [...command.options, ...command.foreign]) expect(stdout).toContain(`--${option}`);
      for (const { command: example } of command.examples) expect(stdout).toContain(`  ${example}\n`);
      expect((await call(['help', ...words])).stdout).toBe(stdout);
      expect((await call([...words, 'x', '-h'])).stdout).toBe(stdout);
    },
  );

  test('of a word that several commands begin with tells of those', async () => {
    const { code, stdout } = await call(['reference', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('cfn-artifacts reference COMMAND [OPTIONS]');
    expect(stdout.replaceAll('\n', ' ')).toContain(GROUPS['reference']);
    expect(stdout).toMatch(/^ {2}add {2,}record/m);
    expect(stdout).toMatch(/^ {2}remove {2,}remove/m);
    const groups = COMMANDS.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : []));
    expect([...new Set(groups)]).toEqual(Object.keys(GROUPS));
    const alone = await call(['reference']);
    expect(alone).toMatchObject({ code: 2, options: {} });
    expect(alone.stderr).toBe(
      "error: 'reference' is not given its command: add, remove\n  See 'cfn-artifacts reference --help'.\n",
    );
    expect((await call(['reference', '--domain', 'file:d', 'add'])).stderr).toBe(alone.stderr);
    expect((await call(['reference', 'ad'])).stderr).toContain(
      "Did you mean 'add'? See 'cfn-artifacts reference --help'.",
    );
  });

  test('keeps to the width of the terminal', async () => {
    for (const columns of [60, 80, 100]) {
      const { stdout } = await call(['package', '--help'], { columns, env: { NO_COLOR: '1' } });
      const examples = new Set(
        COMMANDS.flatMap((command) => command.examples).flatMap(({ what, command }) => [`  # ${what}`, `  ${command}`]),
      );
      const tooLong = stdout.split('\n').filter((line) => line.length > columns && !examples.has(line));
      expect(tooLong).toEqual([]);
      expect(stdout.split('\n').some((line) => line.length > columns - 15)).toBe(true);
    }
  });

  test('is bold on a terminal, unless colours are not wanted', async () => {
    const bold = '\u001b[1mUsage:';
    expect((await call(['--help'], { columns: 80 })).stdout).toContain(bold);
    expect((await call(['--help'])).stdout).not.toContain('\u001b');
    expect((await call(['list', '--help', '--no-color'], { columns: 80 })).stdout).not.toContain('\u001b');
    expect((await call(['--help'], { columns: 80, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    expect((await call(['--help'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(bold);
  });

  test('--version', async () => {
    expect(await call(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe('failures of a command', () => {
  const ended = (reason: unknown): AbortSignal => {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  };

  test('are told with what to do, and their code is the exit code', async () => {
    const { code, stdout, stderr } = await failing(
      new ArtifactError('ACCESS_DENIED', "you may not read 'x'", { remedy: 'Ask for s3:GetObject.' }),
    );
    expect({ code, stdout: stdout.text }).toEqual({ code: 3, stdout: '' });
    expect(stderr.text).toBe("error: you may not read 'x'\n  Ask for s3:GetObject.\n");
  });

  test('that share a remedy say it once', async () => {
    const same = { remedy: 'Do this.' };
    const { stderr } = await failing(
      new ArtifactErrors([
        new ArtifactError('PATH_NOT_FOUND', 'first', same),
        new ArtifactError('PATH_NOT_FOUND', 'second', same),
        new ArtifactError('PATH_NOT_FOUND', 'third'),
      ]),
    );
    expect(stderr.text).toBe('error: first\nerror: second\n  Do this.\nerror: third\n3 problems\n');
  });

  const at = (file: string, line: number, column = 1): SourcePlace => ({ file, line, column });

  test('stand in file order, behind their places, after what has none', async () => {
    const { stderr, code } = await failing(
      new ArtifactErrors([
        new ArtifactError('PATH_NOT_FOUND', 'b 9', { place: at('b', 9) }),
        new ArtifactError('PATH_NOT_FOUND', 'a 10', { place: at('a', 10) }),
        new ArtifactError('PATH_NOT_FOUND', 'a 9:2', { place: at('a', 9, 2) }),
        new ArtifactError('PATH_NOT_FOUND', 'a:9:1: as it says itself', { place: at('a', 9) }),
        new ArtifactError('ACCESS_DENIED', 'no place'),
        new ArtifactError('PATH_NOT_FOUND', 'b 1', { place: at('b', 1) }),
      ]),
    );
    expect(stderr.text).toBe(
      [
        'error: no place',
        'error: b:1:1: b 1',
        'error: b:9:1: b 9',
        'error: a:9:1: as it says itself',
        'error: a:9:2: a 9:2',
        'error: a:10:1: a 10',
        '6 problems',
        '',
      ].join('\n'),
    );
    expect(code).toBe(3);
  });

  test('have their places and the warnings before them in the document of --json', async () => {
    const terminal = recordedTerminal();
    const place = { ...at('t.yaml', 7), resource: 'Fn', property: 'Code', type: 'AWS::Lambda::Function' };
    const list: CommandHandlers['list'] = async (_options, _terminal, warnings) => {
      warnings.add({ code: 'w', message: 'second', place });
      warnings.add({ code: 'w', message: 'first', place: { file: 't.yaml', line: 2, column: 3 }, remedy: 'Do.' });
      await Promise.resolve();
      throw new ArtifactErrors([
        new ArtifactError('PATH_NOT_FOUND', 'later', { place }),
        new ArtifactError('PATH_NOT_FOUND', 't.yaml:1:1: sooner', { place: at('t.yaml', 1) }),
      ]);
    };
    const never = (): Promise<never> => Promise.reject(new Error('another command'));
    const code = await run(['list', '--json'], terminal, {
      ...everyCommand(() => never),
      list,
    });
    expect(code).toBe(2);
    expect(JSON.parse(terminal.stdout.text)).toEqual({
      error: {
        code: 'PATH_NOT_FOUND',
        message: '2 problems',
        problems: [
          { code: 'PATH_NOT_FOUND', message: 'sooner', place: at('t.yaml', 1) },
          { code: 'PATH_NOT_FOUND', message: 'later', place },
        ],
        exitCode: 2,
      },
      warnings: [
        { code: 'w', message: 'first', place: at('t.yaml', 2, 3), remedy: 'Do.' },
        { code: 'w', message: 'second', place },
      ],
    });
    expect(terminal.stderr.text).toBe('warning: t.yaml:2:3: first\n  Do.\nwarning: t.yaml:7:1: second\n');
  });

  test('with --json are a document, interruption too', async () => {
    const { stdout, stderr } = await failing(new ArtifactError('STORE_FULL', 'full'), ['--json']);
    expect(JSON.parse(stdout.text)).toEqual({
      error: { code: 'STORE_FULL', message: 'full', problems: [{ code: 'STORE_FULL', message: 'full' }], exitCode: 4 },
      warnings: [],
    });
    expect(stderr.text).toBe('');
    const interrupted = await failing(INTERRUPTED, ['--json'], { signal: ended(INTERRUPTED) });
    expect(interrupted.code).toBe(130);
    expect(JSON.parse(interrupted.stdout.text)).toMatchObject({ error: { code: 'INTERRUPTED', exitCode: 130 } });
  });

  test('that nobody foresaw ask for a report; --debug shows the stack', async () => {
    const { code, stderr } = await failing(new TypeError('x is not a function'));
    expect(code).toBe(1);
    expect(stderr.text).toContain('error: unexpected TypeError: x is not a function\n');
    expect(stderr.text).toContain('Please report it');
    expect(stderr.text).not.toContain('program.test');
    const debugged = await failing(new TypeError('x is not a function'), ['--debug']);
    expect(debugged.stderr.text).toContain('program.test');
    const json = await failing(new TypeError('x'), ['--json']);
    expect(JSON.parse(json.stdout.text)).toMatchObject({ error: { code: 'INTERNAL', exitCode: 1 } });
  });

  test('after an interruption are the interruption', async () => {
    const { code, stderr } = await failing(new Error('request aborted'), [], { signal: ended(INTERRUPTED) });
    expect({ code, stderr: stderr.text }).toEqual({ code: 130, stderr: 'interrupted\n' });
    expect(await failing(new ArtifactError('INTERRUPTED', 'interrupted'))).toMatchObject({ code: 130 });
  });

  test('because nobody reads the output are none', async () => {
    const { code, stdout, stderr } = await failing(OUTPUT_CLOSED, ['--json'], { signal: ended(OUTPUT_CLOSED) });
    expect({ code, stdout: stdout.text, stderr: stderr.text }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('are coloured on a terminal', async () => {
    const error = new ArtifactError('STORE_FULL', 'full');
    expect((await failing(error, [], { columns: 80 })).stderr.text).toBe('\u001b[31merror:\u001b[39m full\n');
    expect((await failing(error, ['--color', 'off'], { columns: 80 })).stderr.text).toBe('error: full\n');
    expect((await failing(error, [], { columns: 80, env: { TERM: 'dumb' } })).stderr.text).toBe('error: full\n');
  });
});
