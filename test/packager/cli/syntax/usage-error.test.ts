import { describe, expect, test } from '@jest/globals';
import { call, projectFolder } from '../../../support/called.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

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
