import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as library from '../../packager/index.ts';
import type { PackagerEvent } from '../../packager/index.ts';
import { run } from '../../packager/cli/program.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import { installedLibrary } from '../support/installed-library.ts';
import { TestProject } from '../support/project.ts';
import { blocksOf } from '../support/shell-blocks.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { TestAccount } from './bootstrap/account.ts';

/** The packager as those use it who import it: as it is installed, and as it is told of in docs/library.md. */

const { ArtifactError, ArtifactErrors, get, packageTemplate, publish, resolve } = library;
knowEveryError();
hideOwnEnvironment();

const PAGE = 'docs/library.md';
const FILES = {
  'functions/orders/index.mjs': "export const handler = async () => 'ok';\n",
  'template.yaml':
    '# orders\nResources: {Orders: {Type: AWS::Lambda::Function, Properties: {Code: functions/orders, Handler: index.handler}}}\n',
};
/** Nothing of whoever runs the tests. */
const env = { HOME: '/nonexistent', CFN_ARTIFACTS_CACHE: 'off' };

describe('what is installed', () => {
  let folder: string;

  beforeAll(async () => {
    // Neither the command line nor AWS is needed for a domain in a directory.
    folder = await installedLibrary(['@aws-sdk/', '@smithy/', 'commander', 'cli-progress', 'esbuild']);
  });

  test(`${PAGE} shows what its example prints`, () => {
    for (const { info, text } of ['yaml', 'js'].flatMap((language) => blocksOf(PAGE, language))) {
      const file = path.join(folder, info.split(' ')[1]!);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const [session] = blocksOf(PAGE, 'console');
    const [command = '', ...printed] = session!.text.split('\n');
    expect(command).toBe('$ node package.mjs');
    const { stdout, stderr } = spawnSync(process.execPath, ['package.mjs'], { cwd: folder, encoding: 'utf8', env });
    expect({ stdout, stderr }).toEqual({ stdout: printed.join('\n'), stderr: '' });
    expect(readFileSync(path.join(folder, 'packaged.yaml'), 'utf8')).toContain('Type: Custom::ArtifactRef');
    expect(readFileSync(path.join(folder, 'page.yaml'), 'utf8')).toBe(onPage('template.yaml'));
  });

  test('types say what is given and what comes, to who has no types but those of Node.js', () => {
    writeFileSync(path.join(folder, 'consumer.mts'), CONSUMER);
    const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] };
    const config = { compilerOptions: { ...options, skipLibCheck: true }, files: ['consumer.mts'] };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = path.resolve('node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

/** The text of a file that the page has. */
function onPage(name: string): string {
  return blocksOf(PAGE, 'yaml').find(({ info }) => info.endsWith(` ${name}`))!.text;
}

const CONSUMER = `
import { ArtifactError, get, packageTemplate, publish, resolve } from 'cfn-artifacts';
import type { PackagedTemplate, PackageTemplateOptions, PackagerEvent } from 'cfn-artifacts';

const seen: PackagerEvent['kind'][] = [];
const options: PackageTemplateOptions = {
  templateFile: 'template.yaml', references: 'grouped', reporter: (event) => seen.push(event.kind),
};
const packaged: PackagedTemplate = await packageTemplate({ ...options, signal: AbortSignal.timeout(1) });
const text: string | undefined = packaged.text;
const arns: (string | undefined)[] = packaged.artifacts.map(({ arn }) => arn);
const version: number = (await publish({ id: 'a', path: 'b', as: 'zip' })).version;
const size: number = (await get('a:1', { output: 'b' }))[0].size;
const digest: string = (await resolve('a^live')).digest;
if (packaged instanceof ArtifactError && packaged.code === 'ACCESS_DENIED') console.log(text, arns, version, size, digest);
const written: string = (await packageTemplate({ templateFile: 'a', dryRun: false })).text;
// @ts-expect-error: a dry run has none
const none: string = (await packageTemplate({ templateFile: written, dryRun: true })).text;
// @ts-expect-error: it has to be told which template
await packageTemplate({});
// @ts-expect-error: no such style
await packageTemplate({ templateFile: 'a', references: 'all' });
// @ts-expect-error: what is not exported is nobody's
import { openProject } from 'cfn-artifacts';
`;

describe(PAGE, () => {
  const page = readFileSync(PAGE, 'utf8');

  test('names every function and class that is exported', () => {
    for (const name of Object.keys(library)) expect(page).toContain(`\`${name}`);
  });

  test('names every option, and no other', () => {
    const section = page.slice(page.indexOf('## Options'), page.indexOf('## Errors'));
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const own = rows.filter((row) => /^\| `(packageTemplate|publish|get)`/.test(row));
    const common = rows.filter((row) => !own.includes(row)).flatMap((row) => wordsIn(row.split('|')[1]!));
    expect(common.toSorted()).toEqual(
      [...membersOf('options.ts', 'CommonOptions'), ...membersOf('options.ts', 'DomainOptions')].toSorted(),
    );
    expect(own.map((row) => wordsIn(row.split('|')[2]!).toSorted())).toEqual([
      membersOf('package-template.ts', 'PackageTemplateOptions').toSorted(),
      membersOf('publish.ts', 'PublishOptions').toSorted(),
      membersOf('get.ts', 'GetOptions').toSorted(),
    ]);
  });
});

function wordsIn(cell: string): readonly string[] {
  return cell.match(/(?<=`)\w+(?=`)/g) ?? [];
}

/** As the sources declare them, those of what it extends left out. */
function membersOf(file: string, name: string): readonly string[] {
  const text = readFileSync(path.join('packager/library', file), 'utf8');
  const body = new RegExp(`^export interface ${name}\\b.*?\\{\\n(?<body>.*?)^\\}`, 'ms').exec(text)?.groups?.['body'];
  return [...(body ?? '').matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member = '']) => member);
}

/** Below a folder, with slashes, sorted. */
function filesIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
}

describe('packageTemplate', () => {
  test('gives what the command writes', async () => {
    const project = await TestProject.of(FILES);
    const [domain, cwd] = ['file:../artifacts', project.folder];
    const events: PackagerEvent[] = [];
    const packaged = await packageTemplate({
      ...{ templateFile: 'template.yaml', domain, cwd, env },
      reporter: (event) => events.push(event),
    });
    const terminal = recordedTerminal({ cwd, env });
    expect(await run(['package', '--domain', domain], terminal)).toBe(0);
    expect(packaged.text).toBe(terminal.stdout.text);
    expect(packaged.artifacts).toEqual([
      expect.objectContaining({ path: 'functions/orders', outcome: 'uploaded', resource: 'Orders', size: 157 }),
    ]);
    expect([packaged.bucket, packaged.region, packaged.warnings]).toEqual(['local', 'local', []]);
    expect(events.at(-1)).toMatchObject({ kind: 'published', outcome: 'uploaded' });
  });

  test('changes nothing in a dry run, and tells what it would do', async () => {
    const project = await TestProject.of(FILES);
    const { text, artifacts } = await packageTemplate({
      ...{ templateFile: 'template.yaml', domain: 'file:artifacts', cwd: project.folder, env },
      dryRun: true,
    });
    expect([text, artifacts.map(({ outcome }) => outcome)]).toEqual([undefined, ['planned']]);
    expect(filesIn(project.folder)).not.toContainEqual(expect.stringContaining('artifacts'));
  });

  test('gives no text in a dry run of what names nothing either, and one text for all regions', async () => {
    const project = await TestProject.of({ 'template.yaml': 'Resources: {Topic: {Type: AWS::SNS::Topic}}\n' });
    const options = { templateFile: 'template.yaml', cwd: project.folder, env };
    expect(await packageTemplate({ ...options, domain: 'file:artifacts', dryRun: true })).not.toHaveProperty('text');
    expect(await packageTemplate({ ...options, regions: ['eu-west-1', 'us-east-1'] })).toEqual({
      ...{ text: project.read('template.yaml'), artifacts: [], regions: [], warnings: [] },
    });
  });

  test('tells every mistake in its options at once', async () => {
    const wrong = packageTemplate({
      ...{ templateFile: '', domain: 'ftp:there', region: 'x y', repository: 'A B', s3Bucket: 'bucket' },
      ...{ endpointUrl: 'nowhere', references: 'all' as 'none', regions: ['mars'], s3Prefix: '../..' },
    });
    await expect(wrong).rejects.toBeInstanceOf(ArtifactErrors);
    const { problems } = (await wrong.catch((error: unknown) => error)) as InstanceType<typeof ArtifactErrors>;
    expect(problems.map(({ message }) => message)).toEqual([
      "'domain' must be file:DIRECTORY or s3://BUCKET, not 'ftp:there'",
      "'region' must be a Region like 'eu-west-1', not 'x y'",
      expect.stringContaining("'A B'"),
      "'endpointUrl' must be a URL with http or https, not 'nowhere'",
      "'templateFile' must be the path of a template",
      "'../..' leads out of the store by '..'",
      "'references' must be 'stack', 'grouped' or 'none', not 'all'",
      "'regions' must be Regions like 'eu-west-1', not 'mars'",
      "'domain' and 's3Bucket' exclude each other",
      "'regions' and 's3Bucket' exclude each other",
    ]);
  });

  test('knows its options, of whoever has no types as well', async () => {
    const project = await TestProject.of(FILES);
    const own = { domain: 'file:artifacts', cwd: project.folder, env };
    const given = { ...own, templateFile: 'template.yaml', outputTemplateFile: 'p.yaml', dryrun: true };
    const wrong = packageTemplate(given);
    await expect(wrong).rejects.toMatchObject({
      problems: [
        {
          message: "'outputTemplateFile' is no option of this call",
          remedy: expect.stringContaining('templateFile') as unknown,
        },
        { message: "'dryrun' is no option of this call", remedy: "Did you mean 'dryRun'?" },
      ],
    });
    await expect(publish({ ...own, id: 'shop', path: 'template.yaml', ...{ label: ['1'] } })).rejects.toThrow(
      "'label' is no option of this call",
    );
    await expect(get('shop:1', { ...own, ...{ out: 'x' } })).rejects.toThrow("'out' is no option of this call");
    await expect(resolve('shop:1', { ...own, ...{ output: 'x' } })).rejects.toThrow(
      "'output' is no option of this call",
    );
    expect(filesIn(project.folder)).not.toContainEqual(expect.stringContaining('artifacts'));
  });

  test('tells every mistake of a template, and warnings that stop nothing', async () => {
    const project = await TestProject.of({
      'template.yaml':
        'Resources: {A: {Type: AWS::Lambda::Function, Properties: {Code: gone}}, B: {Type: AWS::Lambda::Function, Properties: {Code: gone2}}}',
    });
    const options = { templateFile: 'template.yaml', domain: 'file:artifacts', cwd: project.folder, env };
    await expect(packageTemplate(options)).rejects.toMatchObject({
      problems: [
        { code: 'PATH_NOT_FOUND', place: { resource: 'A' } },
        { code: 'PATH_NOT_FOUND', place: { resource: 'B' } },
      ],
    });
    const sound = await TestProject.of(FILES);
    const { warnings } = await packageTemplate({
      ...{ ...options, cwd: sound.folder },
      parameterOverrides: { Stage: 'live' },
    });
    expect(warnings.map(({ code }) => code)).toEqual(['unknown-parameter']);
  });

  test.each(['before', 'while it runs'])('is ended by a signal %s', async (when) => {
    const project = await TestProject.of(FILES);
    const controller = new AbortController();
    if (when === 'before') controller.abort();
    const ended = packageTemplate({
      ...{ templateFile: 'template.yaml', domain: 'file:artifacts', cwd: project.folder, env },
      signal: controller.signal,
      reporter: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(ended).rejects.toBeInstanceOf(ArtifactError);
    await expect(ended).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('throws the one mistake of a template as it throws several', async () => {
    const project = await TestProject.of({
      ...FILES,
      'template.yaml': FILES['template.yaml'].replace('orders,', 'x,'),
    });
    const packaging = { templateFile: 'template.yaml', domain: 'file:artifacts', cwd: project.folder, env };
    const error: unknown = await packageTemplate(packaging).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArtifactErrors);
    expect(error).toMatchObject({ code: 'PATH_NOT_FOUND', problems: [{ code: 'PATH_NOT_FOUND' }] });
  });

  test('keeps what may be lost where it is told, or nowhere', async () => {
    const project = await TestProject.of(FILES);
    const options = { templateFile: 'template.yaml', domain: 'file:../artifacts', cwd: project.folder, env };
    await packageTemplate({ ...options, cacheFolder: false });
    expect(filesIn(project.folder)).toEqual(Object.keys(FILES).toSorted());
    await packageTemplate({ ...options, cacheFolder: 'cache' });
    expect(filesIn(project.folder)).toContainEqual(expect.stringMatching(/^cache\//));
  });
});

describe('in an account', () => {
  let account: TestAccount;

  beforeEach(async () => {
    account = await TestAccount.open({}, true);
  });

  afterEach(async () => {
    await account.close();
  });

  test('without a domain nothing is made', async () => {
    const { folder: cwd } = await TestProject.of(FILES);
    const options = { cwd, env: account.env() };
    await expect(packageTemplate({ ...options, templateFile: 'template.yaml' })).rejects.toMatchObject({
      code: 'DOMAIN_NOT_FOUND',
      remedy: expect.stringContaining('cfn-artifacts bootstrap') as unknown,
    });
    await expect(publish({ ...options, id: 'shop', path: 'functions' })).rejects.toMatchObject({
      code: 'DOMAIN_NOT_FOUND',
    });
    expect(account.engine.stacks()).toEqual([]);
  });

  test('the domain has what the command would have put there, and an ARN is all that it takes to get it', async () => {
    expect((await account.runIn(['bootstrap', '--yes'])).exitCode).toBe(0);
    const { folder: cwd } = await TestProject.of(FILES);
    const env = { ...account.env(), CFN_ARTIFACTS_CACHE: 'off' };
    const packaged = await packageTemplate({ cwd, env, templateFile: 'template.yaml', artifactPrefix: 'shop' });
    const { terminal } = await account.runIn(['package', '--artifact-prefix', 'shop'], { cwd });
    expect(packaged.text).toBe(terminal.stdout.text);
    const [{ arn = '', digest } = {}] = packaged.artifacts;
    const [fetched] = await get(arn, { cwd, env, output: 'orders.zip' });
    expect([fetched.file, fetched.digest]).toEqual([path.join(cwd, 'orders.zip'), digest]);
    const wrong = { domainOwner: '444455556666' };
    await expect(get(arn, { cwd, env, ...wrong })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('publish, resolve and get', () => {
  test('bring several assets there and back', async () => {
    const project = await TestProject.of(FILES);
    const options = { domain: 'file:artifacts', cwd: project.folder, env };
    const published = await publish({
      ...{ ...options, id: 'shop', labels: ['1.0.0'] },
      assets: [{ path: 'functions', name: 'code' }, { path: 'template.yaml' }],
    });
    expect(published).toMatchObject({ version: 1, isNewVersion: true, warnings: [] });
    expect(published.assets.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['code', 'uploaded'],
      ['template.yaml', 'uploaded'],
    ]);
    expect(
      await publish({
        ...options,
        id: 'shop',
        assets: [{ path: 'functions', name: 'code' }, { path: 'template.yaml' }],
      }),
    ).toMatchObject({ version: 1, isNewVersion: false });
    const resolved = await resolve('shop:1.0.0#template.yaml', options);
    const { arn, digest, key } = published.assets[1]!;
    expect(resolved).toMatchObject({ arn, digest, key, version: 1, status: 'Published', id: 'shop' });
    const files = await get('shop:1', { ...options, output: 'there' });
    expect(files.map(({ file }) => path.relative(project.folder, file))).toEqual([
      'there/code.zip',
      'there/template.yaml',
    ]);
    expect(readFileSync(files[1]!.file, 'utf8')).toBe(FILES['template.yaml']);
    await expect(get('shop:1', { ...options, output: 'there' })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    await expect(get('shop:2', options)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });

  test('take what can be named by it for a label or an asset, and no text for a list', async () => {
    const project = await TestProject.of(FILES);
    const options = { domain: 'file:artifacts', cwd: project.folder, env, id: 'shop', exclude: 'x' as never };
    const wrong = publish({
      ...{ ...options, labels: ['1.0.0', '7', 'latest', 'a b', '^live', ''] },
      assets: [{ path: 'template.yaml', name: 'a#b' }],
    });
    const { problems } = (await wrong.catch((error: unknown) => error)) as InstanceType<typeof ArtifactErrors>;
    expect(problems.map(({ message }) => message.replace(/:.*/, ''))).toEqual([
      ...["'7' is no label", "'latest' is no label", "'a b' is no label", "'^live' is no label", "'' is no label"],
      "'exclude' must be a list of texts",
      "'a#b' is no asset name",
    ]);
    await expect(publish({ ...options, exclude: [], path: 'template.yaml', labels: 'ab' as never })).rejects.toThrow(
      "'labels' must be a list of texts",
    );
    const packaging = { ...options, id: undefined, templateFile: 'template.yaml' };
    await expect(packageTemplate(packaging)).rejects.toThrow("'exclude' must be a list of texts");
    for (const regions of ['eu-west-1', 7] as never[])
      await expect(packageTemplate({ templateFile: 'template.yaml', env, regions })).rejects.toThrow(
        "'regions' must be a list of texts",
      );
    expect(filesIn(project.folder)).not.toContainEqual(expect.stringContaining('artifacts'));
  });

  test.each([
    [{ path: '' }, "'path' must be the path of a file or a folder"],
    [{ path: 7 as never }, "'path' must be the path of a file or a folder"],
    [{ assets: [] }, "'assets' must be a list of assets, each with the path of a file or a folder"],
    [{ assets: 'page.html' as never }, "'assets' must be a list of assets, each with the path of a file or a folder"],
    [{ assets: [{ path: '' }] }, "'assets' must be a list of assets, each with the path of a file or a folder"],
  ])('take no path for nothing: %j', async (given, message) => {
    const project = await TestProject.of(FILES);
    const options = { domain: 'file:artifacts', cwd: project.folder, env, id: 'shop' };
    await expect(publish({ ...options, ...given })).rejects.toMatchObject({ problems: [{ message }] });
    expect(filesIn(project.folder)).not.toContainEqual(expect.stringContaining('artifacts'));
  });

  test('tell what is wrong with what they are given', async () => {
    await expect(publish({ id: 'a b', as: 'zap' as 'zip' })).rejects.toMatchObject({
      problems: [{ code: 'INVALID_NAME' }, { code: 'INVALID_ARGUMENT' }, { code: 'INVALID_ARGUMENT' }],
    });
    await expect(resolve('shop', { domainOwner: '1' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const elsewhere = 'arn:aws:artifacts:local:000000000000:default/shop:1';
    await expect(get(elsewhere, { env })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
