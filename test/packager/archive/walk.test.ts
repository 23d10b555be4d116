import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stateOf } from '../../../packager/archive/file.ts';
import { listingOf } from '../../../packager/archive/file-list.ts';
import type { Tree } from '../../../packager/archive/tree.ts';
import { walk } from '../../../packager/archive/walk.ts';
import { Folder } from './folder.ts';
import { plantedTree } from './planted-tree.ts';
import { whySkipped } from '../../support/where.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

interface Options {
  readonly project?: string;
  readonly followExternalSymlinks?: boolean;
  readonly leaveOut?: readonly string[];
}

function walked(
  code: string,
  { project = folder.path, followExternalSymlinks = false, leaveOut = [] }: Options = {},
): Promise<Tree> {
  const boundary = { project, packaged: code, followExternalSymlinks };
  return walk({ folder: code, boundary, exclude: [], leaveOut }, () => undefined);
}

const namesOf = ({ files }: Tree): string[] => files.map(({ name }) => name);
const messagesOf = ({ problems }: Tree): string[] => problems.map(({ code, message }) => `${code}: ${message}`);

describe('a folder', () => {
  test('gives its files, dotfiles too and folders not, in the order of their UTF-8 bytes', async () => {
    const names = ['a/b', 'a.txt', 'a', 'ab/c/d', '.hidden', 'B', 'é', '\uff41', '\u{1f600}', 'a-b', 'a0'];
    const files = names.filter((name) => name !== 'a');
    const code = folder.plant('code', { ...Object.fromEntries(files.map((name) => [name, ''])), 'empty/': '' });
    const ordered = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(namesOf(await walked(code))).toEqual(ordered);
  });

  test('has the same order however deep its files are', async () => {
    const segment = fc.constantFrom('a', 'a-', 'a.', 'a0', '-', 'é', '\u{10000}', '\uffee');
    const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 20 }), async (names) => {
        folder.remove();
        folder = new Folder();
        const files = names.filter((one) => !names.some((other) => other.startsWith(`${one}/`)));
        const code = folder.plant('code', Object.fromEntries(files.map((file) => [file, ''])));
        const ordered = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(namesOf(await walked(code))).toEqual(ordered);
      }),
      { numRuns: 50 },
    );
  });

  test('gives each file as it stands where its name leads, through whatever links', async () => {
    await fc.assert(
      fc.asyncProperty(plantedTree, async (tree) => {
        folder.remove();
        folder = new Folder();
        const code = folder.plant('code', tree);
        const { listing, files } = await walked(code);
        expect(files.map(({ file }) => file)).toEqual(
          files.map(({ name }) => {
            const real = realpathSync.native(`${code}/${name}`);
            return stateOf(real, statSync(real));
          }),
        );
        expect(files.map(({ file, executable }) => [file.mode & 0o100, executable])).toEqual(
          files.map(({ executable }) => [executable ? 0o100 : 0, executable]),
        );
        expect(listing).toEqual(listingOf(files));
      }),
      { numRuns: 60 },
    );
  });

  test('has names as the file system has them, composed or not', async () => {
    const code = folder.plant('code', { 'e\u0301': '1', é: '2' });
    // a file system may itself take both for one name
    expect(['e\u0301', 'é']).toEqual(expect.arrayContaining(namesOf(await walked(code)).slice(0, 1)));
  });

  test('tells what its owner may execute', async () => {
    const code = folder.plant('code', {
      a: { content: '', mode: 0o644 },
      b: { content: '', mode: 0o744 },
      c: { content: '', mode: 0o655 },
    });
    const { files } = await walked(code);
    expect(files.map(({ executable }) => executable)).toEqual([false, true, false]);
  });

  test('is looked at with pauses', async () => {
    const code = folder.plant('code', { 'a/one': '', 'a/two': '', 'b/three': '' });
    const boundary = { project: folder.path, packaged: code, followExternalSymlinks: false };
    const options = { folder: code, boundary, exclude: [], leaveOut: [] };
    const looked: number[] = [];
    const end = new Error('ended');
    const walking = walk(options, (some) => {
      looked.push(some);
      return looked.length < 2 ? Promise.resolve() : Promise.reject(end);
    });
    await expect(walking).rejects.toBe(end);
    expect(looked).toEqual([2, 2]);
  });
});

describe('a link', () => {
  test('gives the content behind it, twice where two lead there', async () => {
    folder.plant('shared', { 'lib/x.js': 'x', 'bin.sh': { content: '#!/bin/sh', mode: 0o755 } });
    const code = folder.plant('code', {
      one: { link: '../shared/lib' },
      two: { link: '../shared/lib' },
      run: { link: '../shared/bin.sh' },
    });
    const tree = await walked(code);
    expect(tree.files.map(({ name, executable }) => [name, executable])).toEqual([
      ['one/x.js', false],
      ['run', true],
      ['two/x.js', false],
    ]);
    expect(tree.files[0]?.file.path).toBe(folder.at('shared/lib/x.js'));
  });

  test('to a folder is sorted as a folder', async () => {
    folder.plant('shared', { z: '' });
    const code = folder.plant('code', { a: { link: '../shared' }, 'a.txt': '', 'a-b': '' });
    expect(namesOf(await walked(code))).toEqual(['a-b', 'a.txt', 'a/z']);
  });

  test('leads through a workspace of npm and of pnpm', async () => {
    folder.plant('packages', { 'util/index.js': '', 'util/node_modules/ms/index.js': '' });
    folder.plant('node_modules/.pnpm/left@1.0.0/node_modules', {
      'left/index.js': '',
      right: { link: '../../right@2.0.0/node_modules/right' },
    });
    folder.plant('node_modules/.pnpm/right@2.0.0/node_modules', { 'right/index.js': '' });
    const code = folder.plant('packages/api', {
      'index.js': '',
      'node_modules/util': { link: '../../util' },
      'node_modules/left': { link: '../../../node_modules/.pnpm/left@1.0.0/node_modules/left' },
      'node_modules/.bin/left': { link: '../left/index.js' },
    });
    expect(namesOf(await walked(code))).toEqual([
      'index.js',
      'node_modules/.bin/left',
      'node_modules/left/index.js',
      'node_modules/util/index.js',
      'node_modules/util/node_modules/ms/index.js',
    ]);
  });

  test('may lead anywhere inside what is packaged, even where that is outside of the project', async () => {
    const code = folder.plant('elsewhere', { a: '1', b: { link: 'a' } });
    expect(namesOf(await walked(code, { project: folder.plant('project', {}) }))).toEqual(['a', 'b']);
  });

  test('out of the project is an error that names both ends, or is followed if that is wanted', async () => {
    const outside = folder.plant('outside', { secret: '' });
    const project = folder.plant('project', {
      'code/out': { link: '../../outside' },
      'code/near': { link: '../../project-b' },
    });
    folder.plant('project-b', { file: '' });
    const code = `${project}/code`;
    expect(messagesOf(await walked(code, { project }))).toEqual([
      `PATH_OUTSIDE_PROJECT: '${code}/near' is a link to '${folder.at('project-b')}', which is outside of the project '${project}'`,
      `PATH_OUTSIDE_PROJECT: '${code}/out' is a link to '${outside}', which is outside of the project '${project}'`,
    ]);
    expect(namesOf(await walked(code, { project, followExternalSymlinks: true }))).toEqual(['near/file', 'out/secret']);
  });

  test('that has no end is an error, of files and of folders', async () => {
    const code = folder.plant('code', {
      'a/up': { link: '..' },
      'a/self': { link: '.' },
      'b/across': { link: '../c' },
      'c/back': { link: '../b' },
      loop: { link: 'loop' },
      above: { link: '../..' },
    });
    const { files, problems } = await walked(code, { project: '/' });
    expect(files).toEqual([]);
    expect(problems.map(({ code: kind, message }) => [kind, message.slice(code.length + 2, code.length + 12)])).toEqual(
      [
        ['PATH_OF_WRONG_KIND', "above' is "],
        ['PATH_OF_WRONG_KIND', "loop' is a"],
        ['PATH_OF_WRONG_KIND', "a/self' is"],
        ['PATH_OF_WRONG_KIND', "a/up' is a"],
        ['PATH_OF_WRONG_KIND', 'b/across/b'],
        ['PATH_OF_WRONG_KIND', 'c/back/acr'],
      ],
    );
  });

  (process.platform === 'linux' ? test : test.skip)('that leads to what has no path is told as one', async () => {
    const code = folder.plant('code', { open: 'x' });
    const descriptor = openSync(`${code}/open`, 'r');
    try {
      rmSync(`${code}/open`);
      symlinkSync(`/proc/self/fd/${descriptor}`, `${code}/link`);
      expect(messagesOf(await walked(code))).toEqual([
        `PATH_OF_WRONG_KIND: '${code}/link' leads to '/proc/self/fd/${descriptor}', which has no path`,
      ]);
    } finally {
      closeSync(descriptor);
    }
  });

  test('that multiplies ways to a folder with those above it is an error, though there is no circle', async () => {
    const links = Array.from({ length: 24 }, (_, level) =>
      ['a', 'b'].map((name) => [`d${level}/${name}`, { link: `../d${level + 1}` }] as const),
    );
    const code = folder.plant('code', { ...Object.fromEntries(links.flat()), 'd24/file': '' });
    expect(messagesOf(await walked(code))).toEqual([
      `PATH_OF_WRONG_KIND: links lead to '${code}/d24' in more than 100000 ways`,
    ]);
  });

  test('that leads nowhere is an error that says where it should', async () => {
    const code = folder.plant('code', { broken: { link: 'nowhere/at/all' }, through: { link: 'file/x' }, file: '' });
    expect(messagesOf(await walked(code))).toEqual([
      `PATH_OF_WRONG_KIND: '${code}/broken' is a link to 'nowhere/at/all', which does not exist`,
      `PATH_OF_WRONG_KIND: '${code}/through' is a link to 'file/x', which does not exist`,
    ]);
  });
});

const onUnix = process.platform === 'win32' ? test.skip : test;
const whyNotUnix = whySkipped(process.platform !== 'win32', 'Windows has no such files');

describe('what is no file', () => {
  onUnix(`is an error that says what it is, also behind a link${whyNotUnix}`, async () => {
    const code = folder.plant('code', { file: '', null: { link: '/dev/null' } });
    execFileSync('mkfifo', [`${code}/pipe`]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${code}/socket`, resolve));
    const tree = await walked(code, { project: '/' });
    await new Promise((resolve) => server.close(resolve));
    expect(messagesOf(tree)).toEqual([
      `PATH_OF_WRONG_KIND: '${code}/null' is a device, which can't be packaged`,
      `PATH_OF_WRONG_KIND: '${code}/pipe' is a named pipe, which can't be packaged`,
      `PATH_OF_WRONG_KIND: '${code}/socket' is a socket, which can't be packaged`,
    ]);
  });

  onUnix(`is an error in the place of an ignore file, and is not waited for${whyNotUnix}`, async () => {
    const code = folder.plant('code', {
      'a/x': '',
      'b/.artifactignore': { link: '/dev/zero' },
      'c/.artifactignore': { link: 'nowhere' },
      'd/.artifactignore': { link: '../rules' },
      rules: 'left-out\n',
      'd/left-out': '',
    });
    execFileSync('mkfifo', [`${code}/a/.artifactignore`]);
    const tree = await walked(code);
    expect(namesOf(tree)).toEqual(['a/x', 'rules']);
    expect(messagesOf(tree)).toEqual([
      `PATH_OF_WRONG_KIND: '${code}/a/.artifactignore' is a named pipe, which can't be packaged`,
      `PATH_OF_WRONG_KIND: '${code}/b/.artifactignore' is a device, which can't be packaged`,
      `PATH_OF_WRONG_KIND: '${code}/c/.artifactignore' is a link to 'nowhere', which does not exist`,
    ]);
  });

  (process.platform === 'linux' ? test : test.skip)(
    `UTF-8 in its name is an error${whySkipped(process.platform === 'linux', 'the file system takes no other names')}`,
    async () => {
      const code = folder.plant('code', { 'fine\ufffd': '' });
      writeFileSync(Buffer.concat([Buffer.from(`${code}/b`), Buffer.from([0xe9]), Buffer.from('d')]), '');
      const tree = await walked(code);
      expect(namesOf(tree)).toEqual(['fine\ufffd']);
      expect(messagesOf(tree)).toEqual([`PATH_OF_WRONG_KIND: the name of '${code}/b\ufffdd' is not UTF-8`]);
    },
  );
});

const isRoot = process.getuid?.() === 0;

(isRoot || process.platform === 'win32' ? test.skip : test)(
  `what may not be read is an error${whySkipped(!isRoot && process.platform !== 'win32', 'root may read everything')}`,
  async () => {
    const code = folder.plant('code', { 'a/file': '', 'b/.artifactignore': '', 'b/c': '' });
    chmodSync(`${code}/a`, 0o000);
    chmodSync(`${code}/b/.artifactignore`, 0o000);
    const tree = await walked(code);
    chmodSync(`${code}/a`, 0o755);
    expect(messagesOf(tree)).toEqual([
      `PATH_UNREADABLE: cannot read '${code}/a': permission denied`,
      `PATH_UNREADABLE: cannot read '${code}/b/.artifactignore': permission denied`,
    ]);
  },
);

test('all problems of a tree are told at once', async () => {
  const code = folder.plant('code', { 'a/broken': { link: 'x' }, 'b/broken': { link: 'x' }, fine: '' });
  mkdirSync(`${code}/c`);
  const { problems } = await walked(code);
  expect(problems).toHaveLength(2);
});
