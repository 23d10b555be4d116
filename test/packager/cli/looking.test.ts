import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { run as runProgram } from '../../../packager/cli/program.ts';
import { INTERRUPTED } from '../../../packager/cli/terminal.ts';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import { sha256 } from '../../../repository/digest.ts';
import { bookmarkKey, versionKey } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { recordContent } from '../../../repository/record.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { recordedTerminal } from '../../support/terminal.ts';

const DOMAIN = ['--domain', 'file:../domain'];

let project: TestProject;

function run(...words: string[]): Promise<Outcome> {
  return project.run(...words, ...DOMAIN);
}

async function done(...words: string[]): Promise<Outcome> {
  const outcome = await run(...words);
  if (outcome.exitCode !== 0) throw new Error(`'${words.join(' ')}' ends with ${outcome.exitCode}: ${outcome.stderr}`);
  return outcome;
}

async function json(...words: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await done(...words, '--json')).stdout) as Record<string, unknown>;
}

/** What stands on a terminal of 80 columns, and nobody colours. */
async function onTerminal(...words: string[]): Promise<string> {
  const terminal = recordedTerminal({ cwd: project.folder, columns: 80, env: { NO_COLOR: '1' } });
  expect(await runProgram([...words, ...DOMAIN], terminal)).toBe(0);
  return terminal.stdout.text;
}

/** The same on every day. */
function timeless(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'DATE')
    .replaceAll(/(?<=[^0-9a-f])[0-9a-f]{64}\b/g, 'DIGEST')
    .replaceAll(/(?<=[^0-9a-f])[0-9a-f]{6,63}…/g, 'DIGEST…');
}

/** A shop: an API with three versions, a site of two assets, a model of which two candidates were built, and a tool that was promoted. */
beforeAll(async () => {
  project = await TestProject.of({
    'api/index.js': 'one',
    'api/run*': '#!/bin/sh',
    'site.html': '<p>',
    'site.css': 'p {}',
    'model.bin': 'weights 1',
    'tool.txt': 'tool',
    'report.json': '{"passed": true}',
  });
  await done('publish', 'api', '--id', 'shop/api', '--label', '1.0.0', '--metadata', 'team=shop');
  project.write({ 'api/index.js': 'two', 'api/new.js': 'new' });
  await done('publish', 'api', '--id', 'shop/api', '--label', '1.1.0');
  await done('bookmark', 'set', 'shop/api:1', 'prod');
  await done('reference', 'add', 'shop/api:1', '--consumer', 'nightly');
  await done('publish', '--id', 'shop/site', '--asset', 'page=site.html', '--asset', 'style=site.css');
  const set = ['--id', 'shop/model', '--label', '1.0.0', '--unfinished', '--set'];
  await done('publish', 'model.bin', ...set, 'build-1');
  project.write({ 'model.bin': 'weights 2' });
  await done('publish', 'model.bin', ...set, 'build-2');
  await done('activate', 'shop/model:1.0.0', '--set', 'build-1');
  await done('publish', 'tool.txt', '--id', 'tool');
  await done('repository', 'create', 'production');
  await done('promote', 'tool:1', '--to', 'production', '--evidence', 'report.json');
});

describe('list', () => {
  test('a version is looked for by what it is for longer than a moment', async () => {
    const { exitCode, stderr } = await run('list', '--status', 'gone');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("'Disposed', 'Deleted', not 'gone'\n");
    expect(stderr).not.toContain('Deleting');
  });

  test.each([
    [['list', 'production/tool'], "'production' is a repository: 'cfn-artifacts list tool --repository production"],
    [['tree', 'production'], "'production' is a repository: 'cfn-artifacts tree --repository production"],
    [
      ['references', '--unused', 'production/'],
      "'production' is a repository: 'cfn-artifacts references --unused --repository production",
    ],
  ])('a repository is none of the folders of another: %j', async (words, advice) => {
    const { stdout, stderr } = await done(...words);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^no /);
    expect(stderr).toContain(`\n  ${advice} --domain file:../domain'\n`);
    const [, typed = ''] = /'cfn-artifacts (.*) --domain/.exec(stderr) ?? [];
    expect((await done(...typed.split(' '))).exitCode).toBe(0);
  });

  test('is like a file system', async () => {
    expect(timeless((await done('list')).stdout)).toBe(
      [
        'ARTIFACT       NEWEST  SIZE  PUBLISHED          STATUS',
        'default/shop/',
        'default/tool        1   4 B  DATE  Published',
        '',
      ].join('\n'),
    );
    const inside = (await done('list', 'shop/')).stdout;
    expect(inside.match(/^default\/\S+/gm)).toEqual(['default/shop/api', 'default/shop/model', 'default/shop/site']);
    for (const other of ['shop', 'default/shop', 'default/shop/'])
      expect((await done('list', other)).stdout).toBe(inside);
    expect((await done('list', 'shop/a')).stdout.match(/^default\/\S+/gm)).toEqual(['default/shop/api']);
    expect(await done('list', 'nothing')).toMatchObject({
      stdout: '',
      stderr: "no artifacts in 'default' begin with 'nothing'\n",
    });
  });

  test('has all artifacts with --recursive, and for scripts', async () => {
    const names = ['default/shop/api', 'default/shop/model', 'default/shop/site', 'default/tool'];
    expect((await done('list', '--recursive')).stdout.match(/^default\/\S+/gm)).toEqual(names);
    const { artifacts, ...rest } = await json('list');
    expect(
      (artifacts as { repository: string; id: string }[]).map(({ repository, id }) => `${repository}/${id}`),
    ).toEqual(names);
    expect(rest).toEqual({ warnings: [] });
    expect(await json('list', '--no-recursive')).toMatchObject({
      artifacts: [{ id: 'tool', newestVersion: 1 }],
      folders: ['default/shop/'],
    });
  });

  test('has every version, with its labels', async () => {
    expect(timeless((await done('list', 'shop/', '--versions')).stdout)).toMatch(
      /^VERSION.*\ndefault\/shop\/api:2 +1\.1\.0 .* Published\ndefault\/shop\/api:1 +1\.0\.0 .*\ndefault\/shop\/model:2 +1\.0\.0\+build-2 .* Unfinished\ndefault\/shop\/model:1 +1\.0\.0\+build-1 .*\ndefault\/shop\/site:1 .*\n$/,
    );
    expect(await json('list', 'shop/model', '--versions')).toMatchObject({
      versions: [
        { version: 2, status: 'Unfinished', labels: ['1.0.0+build-2'], set: { label: '1.0.0', name: 'build-2' } },
        { version: 1, status: 'Unfinished', labels: ['1.0.0+build-1'] },
      ],
    });
  });

  test.each<[readonly string[], readonly string[]]>([
    [
      ['--status', 'unfinished'],
      ['shop/model:2', 'shop/model:1'],
    ],
    [
      ['--status', 'Unfinished', '--status', 'Published'],
      ['shop/api:2', 'shop/api:1', 'shop/model:2', 'shop/model:1', 'shop/site:1', 'tool:1'],
    ],
    [['--label', '1.1.*'], ['shop/api:2']],
    [['--used'], ['shop/api:1', 'shop/model:1', 'tool:1']],
    [
      ['--unused', '--label', '*'],
      ['shop/api:2', 'shop/model:2'],
    ],
    [['--older-than', '1d'], []],
    [['--newer-than', '1d', 'tool'], ['tool:1']],
  ])('%j chooses versions', async (flags, names) => {
    const { versions } = await json('list', '--versions', ...flags);
    expect((versions as { id: string; version: number }[]).map(({ id, version }) => `${id}:${version}`)).toEqual(names);
    // Without --versions each artifact that has one, with the newest.
    const { artifacts } = await json('list', ...flags);
    const newest = names.filter((name, index) => name.split(':')[0] !== names[index - 1]?.split(':')[0]);
    expect(
      (artifacts as { id: string; newestVersion: number }[]).map(({ id, newestVersion }) => `${id}:${newestVersion}`),
    ).toEqual(newest);
  });

  test('fits a terminal', async () => {
    for (const line of (await onTerminal('list', 'shop/', '--versions')).split('\n'))
      expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('tree', () => {
  test('shows folders, versions, labels and bookmarks', async () => {
    expect((await done('tree')).stdout).toBe(
      [
        'default/',
        '├── shop/',
        '│   ├── api:2  1.1.0  ^prod:1',
        '│   ├── model:2  1.0.0+build-2  ^1.0.0:1  Unfinished',
        '│   └── site:1',
        '└── tool:1',
        '',
      ].join('\n'),
    );
    expect((await done('tree', '--depth', '1')).stdout).toBe('default/\n├── shop/\n└── tool:1\n');
    expect((await done('tree', 'shop/a')).stdout).toBe('default/shop/\n└── api:2  1.1.0  ^prod:1\n');
    expect((await done('tree', 'none/')).stderr).toBe("no artifacts in 'default' begin with 'none/'\n");
  });

  test('tells scripts full names', async () => {
    expect(await json('tree', '--depth', '1')).toMatchObject({
      prefix: 'default/',
      tree: [
        { name: 'shop', folder: 'default/shop/' },
        { name: 'tool', artifact: 'default/tool', newestVersion: 1 },
      ],
    });
    expect(await json('tree', 'shop/')).toMatchObject({
      tree: [
        { artifact: 'default/shop/api', labels: ['1.1.0'], bookmarks: [{ bookmark: 'prod', version: 1 }] },
        { artifact: 'default/shop/model', status: 'Unfinished' },
        { artifact: 'default/shop/site' },
      ],
    });
  });
});

describe('show', () => {
  test('an artifact is one page', async () => {
    const { stdout } = await done('show', 'shop/api');
    expect(timeless(stdout)).toMatch(
      /^default\/shop\/api\n\nArn +arn:aws:artifacts:local:000000000000:default\/shop\/api:2@sha256:DIGEST\nNewest +:2, DATE, Published\nSize +\d+ B\nKey +blobs\/\S+\nUrl +file:\S+\nBookmarks +\^prod → :1 +since DATE.*\n\nVersions:\nVERSION +LABELS .*\n +2 +1\.1\.0 .* Published +0 +DIGEST\n +1 +1\.0\.0 \^prod .* Published +2 +DIGEST\n$/,
    );
    const page = await onTerminal('show', 'shop/api');
    const table = page.slice(page.indexOf('VERSION '));
    expect(table).toContain('…');
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('sets stand together, with the one that is active', async () => {
    expect((await done('show', 'shop/model')).stdout).toMatch(
      /\nSets +1\.0\.0: build-1 \(:1, active\), build-2 \(:2\)\n$/,
    );
    expect(await json('show', 'shop/model')).toMatchObject({
      sets: [
        {
          label: '1.0.0',
          active: 'build-1',
          sets: [
            { name: 'build-1', version: 1 },
            { name: 'build-2', version: 2 },
          ],
        },
      ],
    });
    expect(await json('show', 'shop/model:1.0.0', '--set', 'build-2')).toMatchObject({
      version: 2,
      set: { name: 'build-2' },
    });
    expect(await json('show', 'shop/model:1.0.0')).toMatchObject({ version: 1 });
    expect((await run('show', 'shop/model', '--set', 'build-2')).stderr).toMatch(
      /^error: '--set build-2' is one of a label, and 'shop\/model' names none\n/,
    );
  });

  test('a version tells what it was made from, and who needs it', async () => {
    const { stdout } = await done('show', 'shop/api:1.0.0');
    expect(timeless(stdout)).toMatch(
      /^default\/shop\/api:1\n\nArn +arn:\S+:1@sha256:DIGEST\nStatus +Published\nLabels +1\.0\.0\nBookmarks +\^prod\nPublished +DATE/,
    );
    expect(stdout).toMatch(/^Metadata +team=shop$/m);
    expect(stdout).toMatch(/^Used by +consumer 'nightly', since /m);
    expect(await json('show', 'shop/api^prod')).toMatchObject({
      ...{ version: 1, resolvedFrom: 'default/shop/api^prod', labels: ['1.0.0'], versions: 2 },
      ...{ metadata: { team: 'shop' }, bookmarks: [{ bookmark: 'prod', version: 1 }] },
      assets: [{ name: 'archive.zip', filename: 'archive.zip' }],
      uses: [{ consumer: 'nightly', version: 1 }],
      moreUses: false,
    });
  });

  test('what the page of an artifact counts under USES is everybody who keeps a version from being deleted', async () => {
    const own = await TestProject.of({ 'a.txt': 'a', 'b.txt': 'b' });
    const call = (...words: string[]): Promise<Outcome> => own.run(...words, ...DOMAIN);
    const name = { repository: 'default', id: 'two' };
    await call('publish', '--id', 'two', '--asset', 'a.txt', '--asset', 'b.txt');
    await call('publish', 'a.txt', '--id', 'two');
    await call('repository', 'create', 'production');
    const usesOf = async (): Promise<readonly unknown[]> => {
      const { newest } = JSON.parse((await call('show', 'two', '--json')).stdout) as { newest: { uses?: number }[] };
      const rows = (await call('show', 'two')).stdout.matchAll(
        / Published +(?<uses>[0-9?]+) +(?:[0-9a-f]{64}|2 assets)$/gm,
      );
      expect([...rows].map(({ groups }) => groups?.['uses'])).toEqual(newest.map(({ uses }) => String(uses ?? '?')));
      return newest.map(({ uses }) => uses);
    };
    expect(await usesOf()).toEqual([0, 0]);
    await call('reference', 'add', 'two:1', '--consumer', 'job');
    expect(await usesOf()).toEqual([0, 1]);
    await call('promote', 'two:1', '--to', 'production');
    expect(await usesOf()).toEqual([0, 2]);
    await call('bookmark', 'set', 'two:1', 'prod');
    expect(await usesOf()).toEqual([0, 3]);
    const store = directoryStore(own.path('../domain'));
    const [at, owner] = [new Date().toISOString(), { stackId: 'stack', logicalId: 'Test', requestId: '1', issued: '' }];
    const declared = { format: 1, nonce: 'n', number: 2, at, owner, history: [{ number: 1, until: at }] };
    await store.create(bookmarkKey(name, 'test'), recordContent(declared));
    expect(await usesOf()).toEqual([1, 4]);
    expect((await call('show', 'two')).stdout).toMatch(/\^test → :2 +since .*, and keeps :1 for a rollback$/m);
    expect((await call('show', 'two:1')).stdout).toMatch(/^Bookmarks +\^prod, \^test:2$/m);
    expect((await call('delete', 'two:1', '--yes')).stderr).toContain("bookmark 'test'");
    await store.create(bookmarkKey(name, 'torn'), contentOf('damaged'));
    expect(await usesOf()).toEqual([undefined, undefined]);
  });

  test('of several assets each has its place', async () => {
    const { stdout } = await done('show', 'shop/site');
    expect(stdout).toMatch(/^ +1 .* 2 assets$/m);
    const page = (await done('show', 'shop/site:1')).stdout;
    expect(page.match(/^Asset +\S+$/gm)).toEqual(
      ['Asset      default/shop/site:1#page', 'Asset      default/shop/site:1#style'].map((line) =>
        expect.stringMatching(line.replace(/ +/, ' +')),
      ),
    );
    expect(page.match(/^Key +blobs\/\S+$/gm)).toHaveLength(2);
    const document = await json('show', 'shop/site:1');
    expect(document).not.toHaveProperty('digest');
    expect(document).toMatchObject({
      assets: [
        { name: 'page', size: 3 },
        { name: 'style', size: 4 },
      ],
    });
    expect(await json('show', 'shop/site:1#style')).toMatchObject({ size: 4, filename: 'site.css' });
  });

  test('promotions are told at both ends, with their evidence', async () => {
    expect((await done('show', 'tool:1')).stdout).toMatch(
      /^Promoted to +production\/tool:1, .*; evidence report\.json$/m,
    );
    const page = (await done('show', 'production/tool:1')).stdout;
    expect(page).toMatch(/^Promoted from +default\/tool:1, .*; evidence report\.json$/m);
    expect(page).toMatch(/^Evidence +production\/tool:1#\S+$/m);
    expect(page).toMatch(/^Content also in +default\/tool:1$/m);
    expect((await done('show', 'tool')).stdout).toMatch(/\nPromoted to +:1 is production\/tool:1, /);
    expect(await json('show', 'production/tool:1')).toMatchObject({
      promotedFrom: { name: 'default/tool:1' },
      assets: [{ name: 'tool.txt' }, { role: 'evidence' }],
      elsewhere: ['default/tool:1'],
    });
    expect(await json('show', 'tool:1')).toMatchObject({ promotedTo: [{ name: 'production/tool:1' }], uses: [] });
  });

  test('what is not there is told with what is near', async () => {
    expect(await run('show', 'shop/apu')).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await run('show', 'shop/apu')).stderr).toContain('default/shop/api');
  });
});

describe('diff', () => {
  test('tells what changed, file by file', async () => {
    const { stdout } = await done('diff', 'shop/api:1', 'shop/api:2');
    expect(timeless(stdout)).toMatch(
      /^--- default\/shop\/api:1 {2}DATE.*\n\+\+\+ default\/shop\/api:2 {2}DATE.*\n\n~ archive\.zip {2}\d+ B → \d+ B\n/,
    );
    expect(stdout).toMatch(
      /\n {2}~ index\.js +3 B +content\n {2}\+ new\.js +3 B\n {2}1 other file is the same, by size and CRC-32\n$/,
    );
    expect((await done('diff', 'shop/api:1', 'shop/api:2', '--deep')).stdout).toMatch(
      /\n {2}1 other file is the same\n$/,
    );
  });

  test('has statuses for scripts that ask for them', async () => {
    expect(await run('diff', 'shop/api:1', 'shop/api:2', '--exit-code', '--quiet')).toMatchObject({
      exitCode: 5,
      stdout: '',
      stderr: '',
    });
    expect(await run('diff', 'shop/api:2', 'shop/api:1.1.0', '--exit-code')).toMatchObject({
      ...{ exitCode: 0, stdout: '' },
      stderr: "'default/shop/api:2' and 'default/shop/api:2' have the same content\n",
    });
    expect(await json('diff', 'shop/api:1', 'shop/api:2', '--deep')).toMatchObject({
      isEqual: false,
      assets: [
        {
          ...{ asset: 'archive.zip', change: 'changed', unchangedFiles: 1, unreadFiles: [] },
          files: [
            {
              path: 'index.js',
              change: 'changed',
              from: { size: 3, mode: '644', sha256: expect.any(String) },
              to: { size: 3 },
            },
            { path: 'new.js', change: 'added', to: { size: 3 } },
          ],
        },
      ],
    });
  });

  test('compares assets by their names, and one with another whatever they are called', async () => {
    expect((await done('diff', 'shop/site:1#page', 'tool:1')).stdout).toMatch(
      /\n~ page {2}3 B → 4 B {2}site\.html → tool\.txt\n$/,
    );
    expect((await done('diff', 'tool:1', 'shop/site:1')).stdout).toMatch(
      /\n\+ page {2}3 B\n\n\+ style {2}4 B\n\n- tool\.txt {2}4 B\n$/,
    );
    expect(await run('diff', 'tool:1#tool.txt', 'shop/site:1')).toMatchObject({
      exitCode: 2,
      stderr:
        "error: 'default/shop/site:1' has 2 assets, and none is called 'tool.txt'\n  Name one: 'default/shop/site:1#page', 'default/shop/site:1#style'.\n",
    });
    expect(await json('diff', 'tool:1', 'production/tool:1')).toMatchObject({ isEqual: true });
  });
});

describe('get', () => {
  test('brings a whole version, without what only proves something of it', async () => {
    const { stderr } = await done('get', 'shop/site', '-o', 'out/new');
    expect(readdirSync(project.path('out/new')).sort()).toEqual(['site.css', 'site.html']);
    expect(stderr).toMatch(/^arn:\S+\n {2}→ out\/new\/site\.html \(3 B, verified\)\narn:/);
    await done('get', 'production/tool:1', '--all', '-o', 'evidence/');
    expect(readdirSync(project.path('evidence')).sort()).toEqual(['report.json', 'tool.txt']);
    expect(await json('get', 'shop/site', '--all', '--force')).toMatchObject({
      folder: project.path('site'),
      files: [{ asset: 'page', file: project.path('site/site.html'), size: 3 }, { asset: 'style' }],
    });
    expect(project.read('site/site.css')).toBe('p {}');
  });

  test('one asset is one file', async () => {
    await done('get', 'shop/site:1#style', '-o', 'style.css');
    expect(project.read('style.css')).toBe('p {}');
    await done('get', 'shop/model:1.0.0', '--set', 'build-2', '-o', 'weights');
    expect(project.read('weights')).toBe('weights 2');
  });

  test('leaves nothing where one file is there already, or can not be', async () => {
    project.write({ 'taken/site.css': 'mine', afile: '' });
    expect(await run('get', 'shop/site', '-o', 'taken')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^error: 'taken\/site\.css' is already there\n {2}Give --force/),
    });
    expect(readdirSync(project.path('taken'))).toEqual(['site.css']);
    expect((await run('get', 'shop/site', '-o', 'afile')).stderr).toMatch(
      /^error: 'afile' is a file, and a whole version needs a folder\n/,
    );
    expect((await run('get', 'shop/site', '-o', '-')).stderr).toMatch(
      /^error: a whole version cannot be written to stdout\n {2}Name one asset: '#page', '#style'; or a folder with --output\.\n/,
    );
    expect((await run('get', 'shop/sitf', '-o', 'absent')).exitCode).toBe(2);
    expect(project.exists('absent')).toBe(false);
  });
});

describe('what stands beside a version and can not be read', () => {
  test('is warned about, and told as unknown', async () => {
    const own = await TestProject.of({ 'api.txt': 'one' });
    await own.run('publish', 'api.txt', '--id', 'api', ...DOMAIN);
    const store = directoryStore(own.path('../domain'));
    await store.create(objectKey('bookmarks/default/api/!/prod'), contentOf('damaged'));
    const { digest } = JSON.parse((await own.run('show', 'api', '--json', ...DOMAIN)).stdout) as { digest: string };
    await store.create(objectKey(`references/${digest}/named/job/1`), contentOf('damaged'));
    for (const what of ['api', 'api:1']) {
      const { exitCode, stdout, stderr } = await own.run('show', what, ...DOMAIN);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/ \?|^Used by +unknown$/m) });
      expect(stderr).toMatch(
        /^warning: its bookmarks can't be told: 'bookmarks\/default\/api\/!\/prod' in the store is not/m,
      );
      expect(stderr).toMatch(/^warning: who uses it can't be told: /m);
    }
    const document = JSON.parse((await own.run('show', 'api:1', '--json', ...DOMAIN)).stdout) as object;
    expect(document).toMatchObject({
      version: 1,
      labels: [],
      warnings: [{ code: 'not-readable' }, { code: 'not-readable' }],
    });
    expect(document).not.toHaveProperty('bookmarks');
    expect(document).not.toHaveProperty('uses');
  });
});

test('a download that is ended says that the next goes on', async () => {
  const bytes = Buffer.alloc(3_000_000, 'large');
  const own = await TestProject.of({ 'large.bin': bytes.toString() });
  await own.run('publish', 'large.bin', '--id', 'large', ...DOMAIN);
  const part = `large.bin.part-${sha256(bytes).slice(0, 16)}`;
  own.write({ [`got/${part}`]: bytes.subarray(0, 2_000_000).toString() });
  const ending = new AbortController();
  ending.abort(INTERRUPTED);
  const terminal = recordedTerminal({ cwd: own.folder, signal: ending.signal });
  expect(await runProgram(['get', 'large', '-o', 'got/', ...DOMAIN], terminal)).toBe(130);
  expect(terminal.stderr.text).toBe(`1.9 MiB are kept in 'got/${part}': the same 'get' goes on there\ninterrupted\n`);
  expect((await own.run('get', 'large', '-o', 'got/', ...DOMAIN)).exitCode).toBe(0);
  expect(readdirSync(own.path('got'))).toEqual(['large.bin']);
  expect(own.read('got/large.bin')).toBe(bytes.toString());
});

test('100,000 versions are not read to show the newest, and the page says how many there are', async () => {
  const own = await TestProject.of({ 'api.txt': 'one' });
  await own.run('publish', 'api.txt', '--id', 'api', ...DOMAIN);
  const store = directoryStore(own.path('../domain'));
  const name = { repository: 'default', id: 'api' };
  const first = (await bytesOf((await store.read(versionKey(name, 1)))!.body)).toString();
  // The numbers between are there for who asks one by one; nobody may.
  for (let number = 99_975; number <= 100_000; number += 1)
    await store.create(versionKey(name, number), contentOf(first.replace('"number":1', `"number":${number}`)));
  const { stdout } = await own.run('show', 'api', ...DOMAIN);
  expect(stdout).toMatch(/^Newest +:100000, /m);
  expect(stdout).toMatch(/\nVersions, the newest 20 of 100000:\n/);
  expect(stdout.match(/^ *\d+ .* Published /gm)).toHaveLength(20);
  const all = await own.run('show', 'api', '--all', ...DOMAIN);
  expect(all.stdout.match(/^ *\d+ .* Published /gm)).toHaveLength(27);
});
