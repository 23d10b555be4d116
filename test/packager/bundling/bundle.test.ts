import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { BundleManifest } from '../../../packager/bundling/manifest.ts';
import { run } from '../../../packager/cli/program.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Files, Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { recordedTerminal } from '../../support/terminal.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { canOpenZips, zipEntries } from '../../support/zip-entries.ts';
import { membersOf, writeBundle } from './bundle-bytes.ts';
import { whySkipped } from '../../support/where.ts';

hideOwnEnvironment();

const lambda = (code: string): string => `{Type: AWS::Lambda::Function, Properties: {Code: ${code}}}`;

const SHOP: Files = {
  'template.yaml': `Parameters:
  Stage: {Type: String, Default: dev}
  Password: {Type: String, NoEcho: true}
Resources:
  A: ${lambda('a')}
  Staged: ${lambda('!Sub "stages/${Stage}"')}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: stacks/child.yaml}}
  Deliveries:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: app, Image: app, EnvironmentFiles: [{Type: s3, Value: app.env}]}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}
`,
  'stacks/child.yaml': `Resources:\n  B: ${lambda('../a')}\n  C: ${lambda('../c')}\n`,
  'more.yaml': `More: ${lambda('c')}\n`,
  'a/x.js': 'a',
  'a/more.js': 'more',
  'c/x.js*': 'c',
  'stages/dev/x.js': 'dev',
  'stages/prod/x.js': 'prod',
  'api.json': '{"openapi": "3.0.1"}',
  'app.env': 'A=1\n',
};

function created(project: TestProject, ...flags: string[]): Promise<Outcome> {
  return project.run('bundle', 'create', '-t', 'template.yaml', '--project-root', '.', '-o', '../app.bundle', ...flags);
}

/** Where the sources are not. */
async function elsewhere(bundle: string): Promise<TestProject> {
  const place = await TestProject.of({});
  cpSync(bundle, place.path('app.bundle'));
  return place;
}

describe('a bundle that is published', () => {
  let project: TestProject;
  beforeAll(async () => {
    project = await TestProject.of(SHOP);
  });

  test.each([
    ['', []],
    ['with grouped references', ['--references', 'grouped']],
    ['with none', ['--references', 'none']],
    ['as JSON', ['--use-json']],
    ['with a prefix', ['--artifact-prefix', 'team/shop']],
    ['with parameters', ['--parameter-overrides', 'Stage=prod', 'Password=s3cret']],
    ['without some files', ['--exclude', '*.json', '--exclude', 'more.js']],
  ])('gives what package writes where the sources are, to the byte %s', async (_, flags) => {
    const direct = await project.run('package', '--domain', 'file:../direct', '--project-root', '.', ...flags);
    expect(await created(project, ...flags)).toMatchObject({ exitCode: 0 });
    const place = await elsewhere(project.path('../app.bundle'));
    const published = await place.run('bundle', 'publish', 'app.bundle', '--domain', 'file:../domain');
    expect(direct.exitCode).toBe(0);
    expect(published).toMatchObject({ exitCode: 0, text: direct.text });
    const artifacts = ['a', 'c', 'api.json', 'app.env', 'more.yaml', 'stacks', 'stages'];
    const prefix = flags.includes('team/shop') ? 'team/shop' : 'shop';
    for (const name of artifacts) expect(place.stored(`versions/default/${prefix}/${name}`)).not.toEqual([]);
    rmSync(project.path('../direct'), { recursive: true });
  });

  test('into a domain that has the content: nothing is new, and it is the same to the byte', async () => {
    const direct = await project.package();
    expect(await created(project)).toMatchObject({ exitCode: 0 });
    const versions = project.stored('versions');
    for (let time = 0; time < 2; time += 1) {
      const again = await project.run('bundle', 'publish', '../app.bundle', '--domain', 'file:../domain');
      expect(again).toMatchObject({ exitCode: 0, text: direct.text });
      expect(again.stderr).not.toContain('uploaded');
    }
    expect(project.stored('versions')).toEqual(versions);
    // And the other way round.
    const place = await elsewhere(project.path('../app.bundle'));
    expect(await place.run('bundle', 'publish', 'app.bundle', '--domain', 'file:../domain')).toMatchObject({
      exitCode: 0,
    });
    const domain = `file:${place.path('../domain')}`;
    const after = await project.run('package', '--domain', domain, '--project-root', '.');
    expect(after).toMatchObject({ exitCode: 0, text: direct.text });
    expect(after.stderr).not.toContain('uploaded');
  });

  test('into a repository, with files for the template and the list of artifacts', async () => {
    expect(await created(project)).toMatchObject({ exitCode: 0 });
    const place = await elsewhere(project.path('../app.bundle'));
    const made = ['repository', 'create', 'production', '--domain', 'file:../domain'];
    await place.run('publish', 'app.bundle', '--id', 'any', '--domain', 'file:../domain');
    expect(await place.run(...made)).toMatchObject({ exitCode: 0 });
    const outcome = await place.run(
      ...['bundle', 'publish', 'app.bundle', '--domain', 'file:../domain', '--repository', 'production'],
      ...['--output-template-file', 'packaged.yaml', '--manifest', 'artifacts.json'],
    );
    expect(outcome).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('packaged.yaml') });
    expect(place.read('packaged.yaml')).toContain(':production/shop/a:1@sha256:');
    const { artifacts } = JSON.parse(place.read('artifacts.json')) as { artifacts: Record<string, string>[] };
    expect(artifacts).toContainEqual(
      expect.objectContaining({ id: 'production/shop/a', path: path.join('app.bundle', 'a'), outcome: 'uploaded' }),
    );
    // What is a bundle stays one.
    const over = [
      'bundle',
      'publish',
      'app.bundle',
      '--domain',
      'file:../domain',
      '--output-template-file',
      'app.bundle',
    ];
    expect(await place.run(...over)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('would overwrite a file that this run reads'),
    });
  });

  test('in a dry run tells what would be uploaded, and touches nothing', async () => {
    expect(await created(project)).toMatchObject({ exitCode: 0 });
    const place = await elsewhere(project.path('../app.bundle'));
    const outcome = await place.run('bundle', 'publish', 'app.bundle', '--domain', 'file:../domain', '--dry-run');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout.match(/would upload/g)?.length).toBeGreaterThan(6);
    expect(place.exists('../domain')).toBe(false);
  });

  test('tells of its versions where they stood in the project, and of no commit: that is not here', async () => {
    expect(await created(project)).toMatchObject({ exitCode: 0 });
    const place = await elsewhere(project.path('../app.bundle'));
    place.env = { GITHUB_SHA: 'c'.repeat(40) };
    await place.run('bundle', 'publish', 'app.bundle', '--domain', 'file:../domain');
    const shown = await place.run('show', 'shop/a:1', '--json', '--domain', 'file:../domain');
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toContain('"source": "a"');
    expect(shown.stdout).not.toContain('cccc');
  });
});

describe('an example', () => {
  const examples = path.resolve(import.meta.dirname, '../../../templates/examples');
  const names = readdirSync(examples).filter((name) => existsSync(path.join(examples, name, 'template.yaml')));

  test.each(names)('%s is published from its bundle as package packages it', async (name) => {
    const project = await TestProject.of({});
    cpSync(path.join(examples, name), project.folder, { recursive: true });
    const direct = await project.package('--output-template-file', '-');
    expect(direct.exitCode).toBe(0);
    expect(await created(project)).toMatchObject({ exitCode: 0 });
    const place = await elsewhere(project.path('../app.bundle'));
    const published = await place.run('bundle', 'publish', 'app.bundle', '--domain', 'file:../domain');
    expect(published).toMatchObject({ exitCode: 0, text: direct.text });
    expect(place.stored('blobs')).toEqual(project.stored('blobs'));
  });
});

describe('what stands in a bundle', () => {
  test('is what the paths depend on, and no secret', async () => {
    const project = await TestProject.of(SHOP);
    const given = ['--parameter-overrides', 'Stage=prod', 'Password=s3cret', 'Other=x'];
    expect((await created(project, ...given)).stderr).toContain("has no parameter 'Other'");
    const members = await membersOf(project.path('../app.bundle'));
    const { parameters } = JSON.parse(String(members.find(({ name }) => name === 'manifest.json')?.bytes)) as {
      parameters: unknown;
    };
    expect(parameters).toEqual([{ name: 'Stage', value: 'prod' }]);
    expect(readFileSync(project.path('../app.bundle')).includes('s3cret')).toBe(false);
    expect(readFileSync(project.path('../app.bundle')).includes(project.folder)).toBe(false);
  });

  (canOpenZips ? test : test.skip)(
    `is a zip to other programs, with a manifest that can be read${whySkipped(canOpenZips, 'neither Python nor unzip is installed')}`,
    async () => {
      const project = await TestProject.of(SHOP);
      expect(await created(project)).toMatchObject({ exitCode: 0 });
      const file = project.path('../app.bundle');
      const entries = zipEntries([file]).get(file) ?? {};
      expect(Object.keys(entries)).toContain('manifest.json');
      for (const [name, { sha256, executable }] of Object.entries(entries)) {
        expect(executable).toBe(false);
        if (name !== 'manifest.json') expect(name).toMatch(new RegExp(`^(?:blobs|texts)/sha256/${sha256}$`));
      }
    },
  );

  test('stays where a table of resources is used, with the table', async () => {
    const project = await TestProject.of({
      'template.yaml': 'Resources: {X: {Type: Acme::Thing, Properties: {Body: body.txt}}}',
      'body.txt': 'body',
      'tables/acme.json': '{"Acme::Thing": {"Body": {"form": "uri", "wanted": "file"}}}',
    });
    const table = ['--resources', 'tables/acme.json'];
    const direct = await project.package(...table);
    expect(direct).toMatchObject({ exitCode: 0, text: expect.stringContaining('/body.txt') });
    expect(await created(project, ...table)).toMatchObject({ exitCode: 0 });
    const place = await elsewhere(project.path('../app.bundle'));
    expect(await place.run('bundle', 'publish', 'app.bundle', '--domain', 'file:../domain')).toMatchObject({
      text: direct.text,
    });
  });

  test('is not what a template names by an ARN or a bookmark: that is said, and asked of the domain', async () => {
    const project = await TestProject.of({ 'a/x.js': 'a' });
    const published = await project.run('publish', 'a', '--id', 'tools/a', '--domain', 'file:../domain');
    await project.run('bookmark', 'set', 'tools/a:1', 'live', '--domain', 'file:../domain');
    project.write({
      'template.yaml': `Resources:\n  A: ${lambda(published.stdout.trim())}\n  B: ${lambda('default/tools/a^live')}\n  C: ${lambda('a')}\n`,
    });
    const made = await created(project);
    expect(made.exitCode).toBe(0);
    expect(made.stderr).toContain(
      "the template names 'default/tools/a^live', which is in a domain and not in the bundle",
    );
    const direct = await project.package();
    const same = await project.run('bundle', 'publish', '../app.bundle', '--domain', 'file:../domain');
    expect(same).toMatchObject({ exitCode: 0, text: direct.text });
    const other = await project.run('bundle', 'publish', '../app.bundle', '--domain', 'file:../other');
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toContain('tools/a');
  });

  test('may be nothing but a template', async () => {
    const project = await TestProject.of({ 'template.yaml': 'Resources: {T: {Type: AWS::SNS::Topic}}\n' });
    expect(await created(project)).toMatchObject({ exitCode: 0 });
    const published = await project.run('bundle', 'publish', '../app.bundle', '--domain', 'file:../domain');
    expect(published).toMatchObject({ exitCode: 0, text: project.read('template.yaml') });
    const shown = await project.run('bundle', 'show', '../app.bundle');
    expect(shown.stdout).toContain('nothing to publish');
  });
});

/** When something of a file is there; or what was to write it has ended. */
async function begun(file: string, running: Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  const over = (): void => {
    state.isOver = true;
  };
  running.then(over, over);
  while (!state.isOver && (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0)
    await new Promise((resolve) => setImmediate(resolve));
}

test('a program that knows more properties than the one that made a bundle leaves alone what that left alone', async () => {
  const body =
    'Resources:\n  A: ' + lambda('a') + '\n  X: {Type: Acme::Thing, Properties: {Body: body.txt, Other: no.txt}}\n';
  const project = await TestProject.of({ 'template.yaml': body, 'a/x.js': 'a', 'body.txt': 'body' });
  const direct = await project.package();
  expect(await created(project)).toMatchObject({ exitCode: 0 });
  const table = Buffer.from('{"Acme::Thing": {"Body": {"form": "uri", "wanted": "file"}}}');
  const sha256 = createHash('sha256').update(table).digest('hex');
  const members = (await membersOf(project.path('../app.bundle'))).map((one) => {
    if (one.name !== 'manifest.json') return one;
    const { artifacts, templates, sources, ...before } = JSON.parse(String(one.bytes)) as BundleManifest;
    const resources = { name: 'newer.json', sha256, size: table.byteLength };
    const manifest = { ...before, resources, artifacts, templates, sources };
    return { ...one, bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) };
  });
  const all = [...members, { name: `texts/sha256/${sha256}`, bytes: table }];
  writeBundle(
    project.path('../newer.bundle'),
    all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
  const published = await project.run('bundle', 'publish', '../newer.bundle', '--domain', 'file:../domain');
  expect(published).toMatchObject({ exitCode: 0, text: direct.text });
});

describe('bundle create', () => {
  test('tells all problems at once, and leaves nothing', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  A: ${lambda('missing')}\n  B: ${lambda('gone')}\n  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: no.yaml}}\n`,
    });
    const outcome = await created(project);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr.match(/^error: /gm)).toHaveLength(3);
    expect(readdirSync(project.path('..'))).toEqual(['shop']);
  });

  test('wants an output, and none that it reads', async () => {
    const project = await TestProject.of(SHOP);
    const without = await project.run('bundle', 'create', '-t', 'template.yaml');
    expect(without).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("'--output <file>' is missing") });
    for (const name of ['template.yaml', 'api.json', 'stacks/child.yaml']) {
      const before = project.read(name);
      const outcome = await project.run('bundle', 'create', '-t', 'template.yaml', '-o', name);
      expect({ name, ...outcome }).toMatchObject({ name, exitCode: 2, stderr: expect.stringContaining('overwrite') });
      expect(project.read(name)).toBe(before);
    }
  });

  test('again, in a folder that is packaged: the bundle is not in itself', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  A: ${lambda('.')}\n`, 'x.js': 'x' });
    const argv = ['bundle', 'create', '-t', 'template.yaml', '-o', 'app.bundle'];
    expect(await project.run(...argv)).toMatchObject({ exitCode: 0 });
    const first = readFileSync(project.path('app.bundle'));
    expect(await project.run(...argv)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(project.path('app.bundle'))).toEqual(first);
  });

  test('takes of a samconfig what says what is packaged, and nothing of where', async () => {
    const project = await TestProject.of({
      ...SHOP,
      'samconfig.toml': `version = 0.1
[default.global.parameters]
stack_name = "named"
[default.package.parameters]
resolve_s3 = true
s3_prefix = "p"
region = "eu-west-1"
references = "grouped"
parameter_overrides = "Stage=prod"
`,
    });
    expect(await created(project)).toMatchObject({ exitCode: 0, stderr: '' });
    const shown = JSON.parse((await project.run('bundle', 'show', '../app.bundle', '--json')).stdout) as object;
    expect(shown).toMatchObject({ prefix: 'named', references: 'grouped', parameters: { Stage: 'prod' } });
  });

  test('that is interrupted leaves no output and no draft', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  A: {Type: AWS::Glue::Job, Properties: {Command: {ScriptLocation: large.bin}}}\n`,
    });
    writeFileSync(project.path('large.bin'), randomBytes(40 * 1024 * 1024));
    const folder = await temporaryFolder();
    const output = path.join(folder, 'app.bundle');
    writeFileSync(output, 'as it was');
    const controller = new AbortController();
    const terminal = recordedTerminal({ cwd: project.folder, signal: controller.signal });
    const running = run(['bundle', 'create', '-t', 'template.yaml', '-o', output], terminal);
    const draft = path.join(folder, `.app.bundle.${process.pid}.draft`);
    // In the midst of writing it.
    await begun(draft, running);
    controller.abort();
    expect(await running).toBe(130);
    expect(readdirSync(folder)).toEqual(['app.bundle']);
    expect(readFileSync(output, 'utf8')).toBe('as it was');
  });

  test('with a source that changes meanwhile is no bundle', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  A: {Type: AWS::Glue::Job, Properties: {Command: {ScriptLocation: large.bin}}}\n`,
    });
    writeFileSync(project.path('large.bin'), randomBytes(40 * 1024 * 1024));
    const draft = project.path(`../.app.bundle.${process.pid}.draft`);
    const running = created(project);
    await begun(draft, running);
    writeFileSync(project.path('large.bin'), 'changed');
    expect(await running).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('changed while it was read') });
    expect(readdirSync(project.path('..'))).toEqual(['shop']);
  });
});

describe('bundle show', () => {
  test('lists what is published', async () => {
    const project = await TestProject.of(SHOP);
    await created(project, '--parameter-overrides', 'Stage=prod');
    const { exitCode, stdout } = await project.run('bundle', 'show', '../app.bundle');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Template +template\.yaml$/m);
    expect(stdout).toMatch(/^Parameter +Stage=prod$/m);
    expect(stdout).toMatch(/^shop\/a +a +archive +\d+ B +sha256:[0-9a-f]{12}$/m);
    expect(stdout).toMatch(/^shop\/app\.env +app\.env +file +4 B +sha256:/m);
    expect(stdout).toMatch(/^shop\/stacks\/child\.yaml +stacks\/child\.yaml +template$/m);
    expect(stdout).toMatch(/^shop\/more\.yaml +more\.yaml +fragment$/m);
  });

  test('tells scripts the same as create', async () => {
    const project = await TestProject.of(SHOP);
    const made = JSON.parse((await created(project, '--json')).stdout) as Record<string, unknown>;
    const outcome = await project.run('bundle', 'show', '../app.bundle', '--json');
    const shown = JSON.parse(outcome.stdout) as Record<string, unknown>;
    const { size, sha256 } = shown;
    expect([made['size'], made['sha256']]).toEqual([size, sha256]);
    expect(size).toBe(statSync(project.path('../app.bundle')).size);
    const ids = ({ artifacts }: Record<string, unknown>): string[] =>
      (artifacts as { id: string }[]).map(({ id }) => id);
    expect(ids(made)).toEqual(ids(shown));
    expect(ids(shown)).toEqual(
      ['a', 'api.json', 'app.env', 'c', 'more.yaml', 'stacks/child.yaml', 'stages/dev'].map((name) => `shop/${name}`),
    );
  });
});

test('a project in a folder below another has no path of the machine in its bundle', async () => {
  const project = await TestProject.of({
    'own/template.yaml': `Resources:\n  A: ${lambda('../shared')}\n`,
    'shared/x.js': 'x',
  });
  mkdirSync(project.path('own/.git'));
  const argv = ['bundle', 'create', '-t', 'own/template.yaml', '-o', '../app.bundle'];
  expect(await project.run(...argv)).toMatchObject({ exitCode: 0 });
  expect(readFileSync(project.path('../app.bundle')).includes(project.folder)).toBe(false);
  const direct = await project.run('package', '-t', 'own/template.yaml', '--domain', 'file:../direct');
  const published = await project.run('bundle', 'publish', '../app.bundle', '--domain', 'file:../domain');
  expect(published).toMatchObject({ exitCode: 0, text: direct.text });
});
