import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { OTHER_SAM_KEYS, readSamConfig } from '../../../../packager/cli/syntax/samconfig.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('readSamConfig()', () => {
  test('is nothing where there is no file', async () => {
    expect(await readSamConfig({ cwd: await temporaryFolder() })).toBeUndefined();
  });

  test('reads TOML before YAML', async () => {
    const toml = '[default.package.parameters]\ns3_bucket = "toml"';
    const yaml = 'default: {package: {parameters: {s3_bucket: yaml}}}';
    const all = { 'samconfig.toml': toml, 'samconfig.yaml': yaml, 'samconfig.yml': yaml.replace('yaml', 'yml') };
    const bucketOf = async (files: Readonly<Record<string, string>>): Promise<unknown> =>
      (await readSamConfig({ cwd: await folderWith(files) }))?.entries.get('s3_bucket')?.value;
    expect(await bucketOf(all)).toBe('toml');
    expect(await bucketOf({ 'samconfig.yaml': yaml, 'samconfig.yml': all['samconfig.yml'] })).toBe('yaml');
    expect(await bucketOf({ 'samconfig.yml': all['samconfig.yml'] })).toBe('yml');
    const cwd = await folderWith(all);
    const unread = async (configFile?: string): Promise<readonly string[] | undefined> =>
      (await readSamConfig({ cwd, ...(configFile !== undefined && { configFile }) }))?.warnings.map(
        ({ message }) => message,
      );
    expect(await unread()).toEqual([
      "'samconfig.yaml' is not read, because of 'samconfig.toml' beside it",
      "'samconfig.yml' is not read, because of 'samconfig.toml' beside it",
    ]);
    expect(await unread('samconfig.yaml')).toEqual([]);
  });

  test('says of each value in which section of which file it stands', async () => {
    const cwd = await folderWith({
      'samconfig.toml': '[x.global.parameters]\na-b = 1\nc = 2\n[x.package.parameters]\nc = 3\n',
    });
    const config = await readSamConfig({ cwd, environment: 'x' });
    expect(config?.entries).toEqual(
      new Map([
        ['a_b', { value: 1, section: 'global', place: "'a-b' in [x.global.parameters] of 'samconfig.toml'" }],
        ['c', { value: 3, section: 'package', place: "'c' in [x.package.parameters] of 'samconfig.toml'" }],
      ]),
    );
  });

  test.each([
    ['deploy', '[default.deploy.parameters]\nstack_name = "d"\n[default.global.parameters]\nstack_name = "g"', 'd'],
    ['global', '[default.deploy.parameters]\nx = 1\n[default.global.parameters]\nstack-name = "g"', 'g'],
    ['neither', '[default.package.parameters]\nstack_name = "p"', undefined],
  ])('takes the stack name of %s', async (_where, toml, expected) => {
    const config = await readSamConfig({ cwd: await folderWith({ 'samconfig.toml': toml }) });
    expect(config?.stackName).toBe(expected);
  });

  test('an environment without a file is a mistake, unless it is the default one or is to be written', async () => {
    const cwd = await temporaryFolder();
    mkdirSync(join(cwd, 'api'));
    const templateFile = 'api/template.yaml';
    await expect(readSamConfig({ cwd, templateFile, environment: 'prod' })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: `there is no samconfig in '${join(cwd, 'api')}' that could have the environment 'prod'`,
      remedy: expect.stringMatching(/^Looked for were 'samconfig.toml', .*--config-file, or leave --config-env out\.$/),
    });
    expect(await readSamConfig({ cwd, templateFile, environment: 'default' })).toBeUndefined();
    expect(await readSamConfig({ cwd, templateFile, environment: 'prod', mayLack: true })).toBeUndefined();
  });

  test('an environment that is not there is nothing, unless it was asked for', async () => {
    const cwd = await folderWith({ 'samconfig.toml': 'version = 0.1\n[prod.package.parameters]\na = 1\n[test]' });
    expect((await readSamConfig({ cwd }))?.entries.size).toBe(0);
    await expect(readSamConfig({ cwd, environment: 'staging' })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining("has no environment 'staging'"),
      remedy: "It has 'prod', 'test'.",
    });
  });

  test('a named file is beside the template or in the working directory', async () => {
    const cwd = await folderWith({ 'here.yaml': 'default: {package: {parameters: {a: here}}}' });
    mkdirSync(join(cwd, 'app'));
    writeFileSync(join(cwd, 'app', 'my.yml'), 'default: {package: {parameters: {a: app}}}');
    const valueIn = async (configFile: string): Promise<unknown> =>
      (await readSamConfig({ cwd, templateFile: 'app/template.yaml', configFile }))?.entries.get('a')?.value;
    expect(await valueIn('my.yml')).toBe('app');
    expect(await valueIn('here.yaml')).toBe('here');
    expect(await valueIn(join(cwd, 'here.yaml'))).toBe('here');
    await expect(valueIn('no.toml')).rejects.toThrow("there is no config file 'no.toml'");
  });

  test('YAML has anchors, merge keys and an empty document', async () => {
    const yaml = 'default: &d {package: {parameters: {a: 1}}}\nprod:\n  <<: *d\n';
    const cwd = await folderWith({ 'samconfig.yaml': yaml });
    expect((await readSamConfig({ cwd, environment: 'prod' }))?.entries.get('a')?.value).toBe(1);
    expect((await readSamConfig({ cwd: await folderWith({ 'samconfig.yaml': '' }) }))?.entries.size).toBe(0);
  });

  test.each([
    ['samconfig.toml', 'a = 1\nb = = 2\n', 2, 5, /./],
    ['samconfig.toml', 'a = 1\na = 2\n', 2, expect.any(Number), /./],
    ['samconfig.toml', 'a = [\nb = 2\n', 1, 5, /^'\[' is not closed$/],
    ['samconfig.toml', '# [ "\na = "[\\"["\nb = [1, [2],\n\n[default]\nc = 1\n', 3, 5, /^'\[' is not closed$/],
    ['samconfig.toml', 'a = {b = 1\nc = 1\n', 1, 5, /^'\{' is not closed$/],
    ['samconfig.toml', 'a = [\n1\n2\n]\n', 3, 1, /^expected comma/],
    ['samconfig.toml', '[default\na = 1\n', 1, 9, /./],
    ['samconfig.yaml', 'default:\n  a: [1\n', expect.any(Number), expect.any(Number), /./],
    ['samconfig.yaml', 'a: 1\na: 2\n', 2, 1, /^Map keys must be unique$/],
  ])('tells where %s can not be read: %j', async (name, text, line, column, message) => {
    const cwd = await folderWith({ [name]: text });
    await expect(readSamConfig({ cwd })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(message),
      place: { file: join(cwd, name), line, column },
    });
  });

  test('says how TOML is written where a text has no quotes', async () => {
    const cwd = await folderWith({ 'samconfig.toml': '[default.package.parameters]\ns3_bucket = my-bucket\n' });
    await expect(readSamConfig({ cwd })).rejects.toMatchObject({
      ...{ code: 'INVALID_CONFIGURATION', message: 'invalid value' },
      remedy: 'A line of TOML is KEY = VALUE, with quotes around a text, or [ENV.COMMAND.parameters].',
    });
  });

  test.each([
    ['samconfig.yaml', '[1, 2]', /the whole in '.*samconfig\.yaml' must be a table of keys and values, not a list/],
    ['samconfig.toml', 'default = 3', /\[default\] in '.*' must be a table of keys and values, not '3'/],
    ['samconfig.toml', '[default]\npackage = "x"', /\[default\.package\.parameters\] in '.*' must be a table/],
  ])('tells what is wrong with %s: %j', async (name, text, message) => {
    await expect(readSamConfig({ cwd: await folderWith({ [name]: text }) })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(message),
    });
  });

  test('reads on where only the name of the stack is wrong', async () => {
    const text = '[default.deploy.parameters]\nstack_name = 3\n[default.package.parameters]\ns3_bucket = "x"';
    const { problems, stackName, entries } = (await readSamConfig({
      cwd: await folderWith({ 'samconfig.toml': text }),
    }))!;
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      [
        'INVALID_CONFIGURATION',
        "'stack_name' in [default.deploy.parameters] of 'samconfig.toml' must be a text, not '3'",
      ],
    ]);
    expect(stackName).toBeUndefined();
    expect([...entries.keys()]).toEqual(['s3_bucket']);
  });

  test('says what SAM is told to deploy and to build with', async () => {
    const of = async (text: string): Promise<unknown> => {
      const config = await readSamConfig({ cwd: await folderWith({ 'samconfig.toml': `version = 0.1\n${text}` }) });
      return config && { ...config.deploy, buildDir: config.buildDir, environment: config.environment };
    };
    const nothing = { stackName: false, capabilities: [], bucket: false, buildDir: undefined, environment: 'default' };
    expect(await of('')).toEqual(nothing);
    expect(await of('[default.deploy.parameters]\ncapabilities = "A B"\nresolve_s3 = true')).toEqual({
      ...nothing,
      ...{ capabilities: ['A', 'B'], bucket: true },
    });
    expect(
      await of(
        '[default.global.parameters]\nstack_name = "x"\ns3_bucket = "b"\nbuild_dir = "g"\n' +
          '[default.deploy.parameters]\ncapabilities = ["A", "B"]\n[default.build.parameters]\nbuild-dir = "out"',
      ),
    ).toEqual({ ...nothing, ...{ stackName: true, capabilities: ['A', 'B'], bucket: true, buildDir: 'out' } });
  });

  test.each([
    ['samconfig.toml', 'version = "0.1"', "the version of 'samconfig.toml' is '0.1', and SAM reads no such file"],
    ['samconfig.yaml', 'version: 1', "the version of 'samconfig.yaml' is '1', and SAM reads no such file"],
    ['samconfig.toml', 'version = 0.1', undefined],
    ['samconfig.yaml', 'default: {}', undefined],
  ])('knows which versions SAM reads: %s with %s', async (name, text, expected) => {
    const config = await readSamConfig({ cwd: await folderWith({ [name]: text }) });
    expect(config?.warnings.map(({ message }) => message)).toEqual(expected === undefined ? [] : [expected]);
  });

  test('takes no other format', async () => {
    const cwd = await folderWith({ 'samconfig.json': '{}' });
    await expect(readSamConfig({ cwd, configFile: 'samconfig.json' })).rejects.toThrow('is neither .toml nor .yaml');
  });

  test('reads no pipe', async () => {
    const cwd = await folderWith({});
    execFileSync('mkfifo', [join(cwd, 'samconfig.toml')]);
    await expect(readSamConfig({ cwd })).rejects.toThrow("samconfig.toml' can't be read: ");
  });

  const multiplied = Array.from(
    { length: 9 },
    (_, n) => `a${n}: &a${n} [x, ${`*a${n - 1}, `.repeat(n > 0 ? 9 : 0)}]\n`,
  );

  test.each([
    ['multiply', multiplied.join('')],
    ['stand in what they name', 'default: {package: {parameters: {s3_prefix: &a [*a]}}}'],
    ['stand in what they name, merged', '<<: &a {<<: *a}'],
  ])('writes no aliases out that %s', async (_, text) => {
    const cwd = await folderWith({ 'samconfig.yaml': text });
    await expect(readSamConfig({ cwd })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining("samconfig.yaml' are too many, or one stands in what it names") as unknown,
    });
  });

  test('says of a folder that it is one', async () => {
    const cwd = await folderWith({});
    mkdirSync(join(cwd, 'samconfig.toml'));
    await expect(readSamConfig({ cwd })).rejects.toThrow("samconfig.toml' can't be read: it is a folder (EISDIR)");
  });
});

test('OTHER_SAM_KEYS are keys, all of them', () => {
  expect([...OTHER_SAM_KEYS].filter((key) => !/^[a-z][a-z_0-9]*$/.test(key))).toEqual([]);
  expect(OTHER_SAM_KEYS).toContain('stack_name');
  expect(OTHER_SAM_KEYS).toContain('watch_exclude');
});
