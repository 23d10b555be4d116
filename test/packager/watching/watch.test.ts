import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import type { Shipped } from '../../support/shipped.ts';
import { buildShipped } from '../../support/shipped.ts';
import { samTemplate } from '../building/functions.ts';

const WAITING = 'note: waiting for changes; Ctrl-C ends\n';

let shipped: Shipped | undefined;
const running = new Set<Watching>();

beforeAll(() => {
  shipped = buildShipped();
});

afterEach(async () => {
  for (const one of running) await one.end('SIGKILL');
});

afterAll(() => shipped?.remove());

/** The program as a person runs it, and what it has told. */
class Watching {
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #told = '';
  #read = 0;
  #onText: () => void = () => undefined;

  constructor(project: TestProject, flags: readonly string[]) {
    const argv = ['package', '--watch', '--domain', 'file:../domain', '--project-root', '.', ...flags];
    // Both streams in one pipe, as on a terminal: of two, which is read first is left to chance.
    this.#process = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', process.execPath, shipped?.main ?? '', ...argv], {
      cwd: project.folder,
      env: { PATH: process.env['PATH'], CFN_ARTIFACTS_CACHE: project.path('../cache') },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#told += text;
      this.#onText();
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', (code) => {
        running.delete(this);
        resolve(code);
        this.#onText();
      });
    });
    running.add(this);
  }

  /** What is told from the last that was waited for until this. */
  async until(text: string): Promise<string> {
    for (;;) {
      const found = this.#told.indexOf(text, this.#read);
      if (found >= 0) {
        const told = this.#told.slice(this.#read, found + text.length);
        this.#read = found + text.length;
        return told;
      }
      if (this.#process.exitCode !== null) throw new Error(`it ended: ${this.#told}`);
      await new Promise<void>((resolve) => {
        this.#onText = resolve;
      });
    }
  }

  /** Waits for the end of a run, whatever it came to. */
  round(): Promise<string> {
    return this.until(WAITING);
  }

  get rest(): string {
    return this.#told.slice(this.#read);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal);
    return this.#ended;
  }
}

const PLAIN: Files = {
  'template.yaml':
    'Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {Code: src, Handler: index.handler, Runtime: nodejs22.x, Role: r}\n',
  'src/index.js': 'exports.handler = 1;',
  'src/deep/other.js': '1',
};

async function watching(files: Files, ...flags: string[]): Promise<{ project: TestProject; watch: Watching }> {
  const project = await TestProject.of(files);
  return { project, watch: new Watching(project, ['--output-template-file', 'out.yaml', ...flags]) };
}

/** The version that the packaged template names. */
function versionIn(project: TestProject): string | undefined {
  return /:(\d+)@sha256/.exec(project.read('out.yaml'))?.[1];
}

describe('package --watch', () => {
  test('packages again what changed: sources, folders that come, the template', async () => {
    const { project, watch } = await watching(PLAIN);
    expect(await watch.round()).toContain('uploaded shop/src ');
    expect(versionIn(project)).toBe('1');

    project.write({ 'src/deep/other.js': '2' });
    expect(await watch.round()).toMatch(/^note: 'src\/deep\/other\.js' changed\n(?:.*\n)*uploaded shop\/src /);
    expect(versionIn(project)).toBe('2');

    mkdirSync(project.path('src/come'));
    project.write({ 'src/come/here.js': '1' });
    await watch.round();
    while (versionIn(project) === '2') await watch.round();
    const come = Number(versionIn(project));

    project.write({ 'src/come/here.js': '2' });
    expect(await watch.round()).toContain("'src/come/here.js'");
    expect(versionIn(project)).toBe(String(come + 1));

    project.write({ 'template.yaml': `${project.read('template.yaml')}# a comment\n` });
    expect(await watch.round()).toContain("note: 'template.yaml' changed");
    expect(project.read('out.yaml')).toContain('# a comment');
    expect(await watch.end('SIGINT')).toBe(0);
  });

  test('tells a mistake and waits for it to be mended; the output stays what it was', async () => {
    const { project, watch } = await watching(PLAIN);
    await watch.round();
    const before = project.read('out.yaml');

    project.write({ 'template.yaml': String(PLAIN['template.yaml']).replace('Code: src', 'Code: source') });
    expect(await watch.round()).toMatch(/error: template\.yaml:4:\d+: Code of 'F' .*no file or folder at/);
    expect(project.read('out.yaml')).toBe(before);

    renameSync(project.path('src'), project.path('source'));
    expect(await watch.round()).not.toContain('error: ');
    expect(project.read('out.yaml')).toContain('SourceArtifact');
    expect(await watch.end('SIGTERM')).toBe(0);
  });

  test('a folder that goes and comes again is noticed', async () => {
    const { project, watch } = await watching(PLAIN);
    await watch.round();
    rmSync(project.path('src'), { recursive: true });
    expect(await watch.round()).toContain('error: ');
    project.write({ 'src/index.js': 'again' });
    while (versionIn(project) === '1') await watch.round();
    project.write({ 'src/index.js': 'and again' });
    expect(await watch.round()).toContain("'src/index.js' changed");
  });

  test('what it writes itself, though it lies among the sources, is no change', async () => {
    const { project, watch } = await watching(
      { ...PLAIN, 'template.yaml': String(PLAIN['template.yaml']).replace('Code: src', 'Code: .') },
      ...['--manifest', 'src/manifest.json', '--domain', 'file:domain'],
    );
    await watch.round();
    project.write({ 'src/index.js': '2' });
    expect(await watch.round()).toMatch(/^note: 'src\/index\.js' changed/);
    expect(watch.rest).toBe('');
    project.write({ 'src/index.js': '3' });
    expect(await watch.round()).toMatch(/^note: 'src\/index\.js' changed/);
  });

  test('follows the path that a parameter decides to which samconfig has sam build give a value', async () => {
    const { project, watch } = await watching({
      ...PLAIN,
      'template.yaml': `Parameters:\n  Dir: {Type: String, Default: src}\n${String(PLAIN['template.yaml']).replace('Code: src', 'Code: !Ref Dir')}`,
      'samconfig.toml': 'version = 0.1\n[default.build.parameters]\nparameter_overrides = "Dir=other"\n',
      'other/index.js': '1',
    });
    expect(await watch.round()).toContain('uploaded shop/other ');
    project.write({ 'src/index.js': '2', 'other/index.js': '2' });
    expect(await watch.round()).toMatch(/^note: 'other\/index\.js' changed\n(?:.*\n)*uploaded shop\/other /);
  });

  test('follows what builds read: imports, packages, tsconfig.json; what is missing until it is there', async () => {
    const { project, watch } = await watching(
      {
        'services/template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: app.handler'] } }),
        'services/src/app.ts':
          "import { x } from '../../shared/x';\nimport one from 'one';\nexport const handler = () => [x, one];\n",
        'shared/x.ts': 'export const x = 1;',
        'package.json': '{"dependencies": {"one": "1"}}',
        ...{ 'services/samconfig.toml': 'version = 0.1\n' },
      },
      '--template-file',
      'services/template.yaml',
    );
    expect(await watch.round()).toContain("could not resolve 'one'");
    expect(project.exists('out.yaml')).toBe(false);

    project.write({ 'node_modules/one/index.js': "module.exports = 'one';" });
    let told = await watch.round();
    while (told.includes('error: ')) told = await watch.round();
    expect(told).toContain('bundled services/src/app ');

    project.write({ 'shared/x.ts': 'export const x = 2;' });
    expect(await watch.round()).toMatch(/^note: 'shared\/x\.ts' changed\n(?:.*\n)*bundled services\/src\/app /);
    project.write({ 'node_modules/one/index.js': "module.exports = 'other';" });
    expect(await watch.round()).toMatch(/^note: 'node_modules\/one\/index\.js' changed\n(?:.*\n)*bundled /);
    project.write({ 'services/src/app.ts': 'export const = 1;' });
    expect(await watch.round()).toContain('error: services/src/app.ts:1:14: ');
    project.write({ 'services/src/app.ts': 'export const handler = 1;' });
    expect(await watch.round()).toContain('bundled services/src/app ');
    expect(await watch.end('SIGINT')).toBe(0);
  });

  test('follows the tsconfig.json elsewhere that another extends', async () => {
    const { project, watch } = await watching({
      'template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: app.handler'] } }),
      'src/app.jsx': 'export const handler = () => <b />;',
      'src/tsconfig.json': '{ "extends": "../common/base.json" }',
      'common/base.json': '{}',
    });
    expect(await watch.round()).toContain('bundled src/app ');
    project.write({ 'common/base.json': '{ "compilerOptions": { "jsxFactory": "own" } }' });
    expect(await watch.round()).toContain('bundled src/app ');
    expect(versionIn(project)).toBe('2');
    await watch.end('SIGINT');
  });

  describe('after a build that failed at first', () => {
    const SHARED: Files = {
      'services/template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: app.handler'] } }),
      'services/samconfig.toml': 'version = 0.1\n',
      'services/src/app.ts': "import { x } from '../../shared/x';\nexport const handler = () => x;\n",
    };
    const X = 'export const x = 1;';

    test.each<[string, Files, Files]>([
      ['a mistake in a module elsewhere', { 'shared/x.ts': 'export const = 1;' }, { 'shared/x.ts': X }],
      ['a module elsewhere that comes', { 'shared/other.ts': '' }, { 'shared/x.tsx': X }],
      ['a module of a folder elsewhere that comes', {}, { 'shared/x/index.js': X }],
      [
        'a package of a module elsewhere that is installed',
        { 'shared/x.ts': "export { x } from 'pkg';" },
        { 'shared/node_modules/pkg/index.js': 'exports.x = 1;' },
      ],
      [
        'a mistake in what is elsewhere, with a package that a tsconfig.json extends',
        {
          'shared/x.ts': 'export const = 1;',
          'shared/tsconfig.json': '{ "extends": "@own/base/tsconfig.json" }',
          'node_modules/@own/base/tsconfig.json': '{}',
        },
        { 'shared/x.ts': X },
      ],
      [
        'the main of a package that comes',
        { 'shared/x.ts': "export { x } from 'pkg';", 'node_modules/pkg/package.json': '{"main": "./lib/main.js"}' },
        { 'node_modules/pkg/lib/main.js': 'exports.x = 1;' },
      ],
      [
        'a module elsewhere that a package.json names',
        {
          'services/src/app.ts': "import '#x'; export const handler = 1;",
          'services/package.json': '{ "imports": { "#x": "./lib/x.js" } }',
        },
        { 'services/lib/x.js': 'exports.x = 1;' },
      ],
      [
        'what paths of a tsconfig.json elsewhere lead to',
        {
          'shared/x.ts': "export { x } from '@own/y';",
          'shared/tsconfig.json': '{ "extends": "../configs/base" }',
          'configs/base.json': '{ "compilerOptions": { "paths": { "@own/*": ["../parts/*"] } } }',
        },
        { 'parts/y.ts': X },
      ],
      [
        'a tsconfig.json that another extends elsewhere',
        { 'shared/x.ts': X, 'shared/tsconfig.json': '{ "extends": "../configs/base" }', 'configs/base.json': '{ no' },
        { 'configs/base.json': '{}' },
      ],
    ])('notices %s', async (_, wrong, mended) => {
      const { project, watch } = await watching({ ...SHARED, ...wrong }, '--template-file', 'services/template.yaml');
      expect(await watch.round()).toContain('error: ');
      project.write(mended);
      let told = await watch.round();
      while (told.includes('error: ')) told = await watch.round();
      expect(told).toContain('bundled services/src/app ');
      expect(await watch.end('SIGINT')).toBe(0);
    });

    test('notices that a module elsewhere imports nothing from outside of the project any more', async () => {
      const { project, watch } = await watching(
        { ...SHARED, 'shared/x.ts': "export { x } from '../../outside/x';", '../outside/x.ts': X },
        '--template-file',
        'services/template.yaml',
      );
      expect(await watch.round()).toContain('is outside of the project');
      project.write({ 'shared/x.ts': X });
      expect(await watch.round()).toContain('bundled services/src/app ');
      await watch.end('SIGINT');
    });
  });

  test.each<[string, Files, string, string]>([
    ['a warning', { '../tsconfig.json': '{ "compilerOptions": { "strict": true } }' }, 'warning: ', ''],
    ['an error', { '../tsconfig.json': 'secret', 'tsconfig.json': '{}' }, 'error: ', '{}'],
  ])('notices that a tsconfig.json above the project that was %s is mended', async (_, files, before, mended) => {
    const { project, watch } = await watching({
      'template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: app.handler'] } }),
      'src/app.ts': 'export const handler = 1;',
      ...files,
    });
    const told = await watch.round();
    expect(told).toContain(before);
    expect(told).toContain("tsconfig.json' is outside of the project");
    if (mended === '') rmSync(project.path('../tsconfig.json'));
    else project.write({ '../tsconfig.json': mended });
    const again = await watch.round();
    expect(again).toMatch(/bundled src\/app /);
    expect(again).not.toMatch(/warning: |error: /);
    await watch.end('SIGINT');
  });

  test('follows the tsconfig.json of a module elsewhere: it comes, and what it extends comes', async () => {
    const { project, watch } = await watching(
      {
        'services/template.yaml': samTemplate({ Fn: { properties: ['CodeUri: src', 'Handler: app.handler'] } }),
        'services/src/app.js': "export { handler } from '../../shared/x';",
        'shared/x.jsx': 'export const handler = () => <b />;',
      },
      '--template-file',
      'services/template.yaml',
    );
    await watch.round();
    project.write({ 'shared/tsconfig.json': '{ "extends": "../configs/base" }' });
    expect(await watch.round()).toContain("note: 'shared/tsconfig.json' changed");
    project.write({ 'configs/base.json': '{ "compilerOptions": { "jsxFactory": "own" } }' });
    await watch.round();
    while (versionIn(project) === '1') await watch.round();
    expect(versionIn(project)).toBe('2');
    await watch.end('SIGINT');
  });

  test('tells a warning or a note once, and again when it was gone meanwhile; a mistake each time', async () => {
    const wrong = 'error: template.yaml:4:';
    const note = 'The artifacts are in a directory: ';
    const { project, watch } = await watching(PLAIN);
    const plain = String(PLAIN['template.yaml']);
    const odd = `${plain}  G:\n    Type: AWS::Lambda::Function\n    Code: src\n    Properties: {Code: src, Handler: x, Runtime: r, Role: r}\n`;
    const seen = async (): Promise<readonly string[]> => {
      const told = await watch.round();
      return ["stands beside 'Properties'", note, wrong, 'uploaded shop/src '].filter((one) => told.includes(one));
    };
    expect(await seen()).toEqual([note, 'uploaded shop/src ']);
    project.write({ 'template.yaml': odd });
    expect(await seen()).toEqual(["stands beside 'Properties'"]);
    project.write({ 'src/index.js': '2' });
    expect(await seen()).toEqual(['uploaded shop/src ']);
    for (const code of ['source', 'sources']) {
      project.write({ 'template.yaml': odd.replace('Code: src,', `Code: ${code},`) });
      expect(await seen()).toEqual([wrong]);
    }
    project.write({ 'template.yaml': odd });
    expect(await seen()).toEqual([]);
    project.write({ 'template.yaml': plain });
    expect(await seen()).toEqual([]);
    project.write({ 'template.yaml': odd });
    expect(await seen()).toEqual(["stands beside 'Properties'"]);
    await watch.end('SIGINT');
  });

  test('many changes at once are one', async () => {
    const { project, watch } = await watching(PLAIN);
    await watch.round();
    watch.signal('SIGSTOP'); // for the one that watches these are one moment, however slow this machine is
    for (let number = 0; number < 50; number += 1) appendFileSync(project.path('src/index.js'), `${number}\n`);
    for (let number = 0; number < 50; number += 1) writeFileSync(project.path(`src/new-${number}.js`), '');
    watch.signal('SIGCONT');
    expect(await watch.round()).toMatch(/^note: 'src(?:\/index\.js)?' and \d+ more changed/);
    expect(versionIn(project)).toBe('2');
  });

  test('follows nested templates', async () => {
    const nested = path.join('nested', 'child.yaml');
    const { project, watch } = await watching({
      'template.yaml': `Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ${nested}}\n`,
      [nested]: 'Resources: {T: {Type: AWS::SNS::Topic}}\n',
    });
    await watch.round();
    project.write({ [nested]: 'Resources: {U: {Type: AWS::SNS::Topic}}\n' });
    expect(await watch.round()).toMatch(
      /^note: 'nested\/child\.yaml' changed\n(?:.*\n)*uploaded shop\/nested\/child.yaml /,
    );
    expect(await watch.end('SIGINT')).toBe(0);
    expect(watch.rest).toBe('');
  });

  test('is interrupted in the midst of a run like any other', async () => {
    const names = Array.from({ length: 60 }, (_, number) => `f${number}`);
    const { project, watch } = await watching({
      'template.yaml': `Resources:\n${names.map((name) => `  ${name}: {Type: AWS::Lambda::Function, Properties: {Code: ${name}, Role: r}}\n`).join('')}`,
      ...Object.fromEntries(names.map((name) => [`${name}/data`, randomBytes(200_000).toString('hex')])),
    });
    await watch.until('uploaded ');
    expect(await watch.end('SIGINT')).toBe(130);
    expect([watch.rest.endsWith('interrupted\n'), project.exists('out.yaml')]).toEqual([true, false]);
  });

  test('wants a file to write to', async () => {
    const project = await TestProject.of(PLAIN);
    for (const flags of [[], ['--output-template-file', '-']]) {
      const { exitCode, stderr } = await project.package('--watch', ...flags);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: "error: '--watch' wants a file to write the template to\n  Name it with --output-template-file.\n",
      });
    }
    expect(await project.package('--watch', '--dry-run', '--output-template-file', 'o')).toMatchObject({ exitCode: 2 });
    expect(await project.package('--watch', '--json', '--output-template-file', 'o')).toMatchObject({ exitCode: 2 });
  });
});
