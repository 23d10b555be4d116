import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { call, projectFolder } from '../../../support/called.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

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
