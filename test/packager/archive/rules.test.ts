import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import { walk } from '../../../packager/archive/walk.ts';
import { Folder } from './folder.ts';
import type { Planted } from './folder.ts';
import { whySkipped } from '../../support/where.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

/** Names of what is packaged of the folder `code`. */
async function packaged(tree: Readonly<Record<string, Planted>>, exclude: readonly string[] = []): Promise<string[]> {
  const code = folder.plant('code', tree);
  const boundary = { project: folder.path, packaged: code, followExternalSymlinks: false };
  const options = { folder: code, boundary, exclude, leaveOut: [] };
  const { files, problems } = await walk(options, () => undefined);
  expect(problems).toEqual([]);
  return files.map(({ name }) => name);
}

describe('.artifactignore', () => {
  test('leaves out what it names, and itself', async () => {
    const tree = {
      '.artifactignore': '# tests\n*.test.js\n/build/\n',
      'a.js': '',
      'a.test.js': '',
      'build/x': '',
      'src/build/x': '',
    };
    expect(await packaged(tree)).toEqual(['a.js', 'src/build/x']);
  });

  test('counts in every folder for what is below, and before those above', async () => {
    const tree = {
      '.artifactignore': '*.log\nlib/out/\n',
      'a.log': '',
      'lib/.artifactignore': '!keep.log\n!out/\n/top.txt\n',
      'lib/keep.log': '',
      'lib/other.log': '',
      'lib/out/file': '',
      'lib/top.txt': '',
      'lib/deep/top.txt': '',
      'top.txt': '',
    };
    expect(await packaged(tree)).toEqual(['lib/deep/top.txt', 'lib/keep.log', 'lib/out/file', 'top.txt']);
  });

  test('does not bring back what is in a folder that is left out', async () => {
    expect(await packaged({ '.artifactignore': 'out/\n!out/keep\n', 'out/keep': '', a: '' })).toEqual(['a']);
  });

  test('tells upper from lower case', async () => {
    expect(await packaged({ '.artifactignore': 'README\n', README: '', readme: '' })).toEqual(['readme']);
  });

  test('may begin with a byte order mark and end its lines as Windows does', async () => {
    expect(await packaged({ '.artifactignore': '\ufeffa\r\nb\r\n', a: '', b: '', c: '' })).toEqual(['c']);
  });

  test('takes the name of its folder literally', async () => {
    const tree = { 'l[i]b/.artifactignore': 'x*\n', 'l[i]b/x1': '', 'l[i]b/y': '', 'lib/x1': '' };
    expect(await packaged(tree)).toEqual(['l[i]b/y', 'lib/x1']);
  });

  test('counts for a link to a folder as for a folder', async () => {
    const tree = { '.artifactignore': 'linked/\n', a: '', linked: { link: '../shared' } };
    folder.plant('shared', { file: '' });
    expect(await packaged(tree)).toEqual(['a']);
  });

  test('means nothing where a pattern makes no sense', async () => {
    expect(await packaged({ '.artifactignore': '[z-a]\n[\n!\n/\n**\\\n(\n', a: '', y: '' })).toEqual(['a', 'y']);
  });

  test('leaves out a link that leads nowhere', async () => {
    expect(await packaged({ '.artifactignore': 'broken\n', a: '', broken: { link: 'nowhere' } })).toEqual(['a']);
  });

  test('is a folder like any other where it is a folder', async () => {
    expect(await packaged({ '.artifactignore/file': '' })).toEqual(['.artifactignore/file']);
  });
});

describe('--exclude', () => {
  test('is relative to the folder, and goes before .artifactignore', async () => {
    const tree = { '.artifactignore': '!a.map\nkept.txt\n', 'a.map': '', 'b/c.map': '', 'kept.txt': '', d: '' };
    expect(await packaged(tree, ['*.map', '/d', '!kept.txt'])).toEqual(['kept.txt']);
  });

  test.each([
    ['src/x', ['src/x/1', 'src/x/y/2']],
    ['/x', ['x/4']],
    ['./x', ['x/4']],
    ['x/', ['src/x/1', 'src/x/y/2', 'x/4']],
    ['x/**', ['x/4']],
    ['**/x/*', ['src/x/1', 'src/x/y/2', 'x/4']],
    ['src/**/2', ['src/x/y/2']],
    ['src/**', ['src/3', 'src/x/1', 'src/x/y/2']],
    ['**', ['5', 'src/3', 'src/x/1', 'src/x/y/2', 'x/4']],
  ])('%s leaves out %j', async (pattern, left) => {
    const names = ['5', 'src/3', 'src/x/1', 'src/x/y/2', 'x/4'];
    const taken = await packaged(Object.fromEntries(names.map((one) => [one, ''])), [pattern]);
    expect(names.filter((one) => !taken.includes(one))).toEqual(left);
  });

  test('brings back with ! what an ignore file leaves out', async () => {
    const tree = { '.artifactignore': '*.map\n', 'a.map': '', 'b/c.map': '' };
    expect(await packaged(tree, ['!./a.map'])).toEqual(['a.map']);
  });

  test('does not count for a single file', async () => {
    const file = folder.plant('code', { 'a.js': '1', '.artifactignore': '*' });
    const archiver = createArchiver({ reporter: () => undefined, scratch: folder.at('scratch') });
    const project = { root: folder.path, exclude: ['*'], followExternalSymlinks: false, leaveOut: [] };
    const source = await openSource({ path: `${file}/a.js`, wanted: 'zip' }, project, archiver);
    expect(source.files).toBe(1);
    await archiver.close();
  });
});

const gitVersion = ((): string | undefined => {
  try {
    return execFileSync('git', ['--version'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
})();

(gitVersion === undefined ? describe.skip : describe)(
  `git${whySkipped(gitVersion !== undefined, 'it is not installed')}`,
  () => {
    const segment = fc.constantFrom('a', 'b', 'ab', 'c.txt', 'a.txt', '.x', 'a b');
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    const pattern = fc
      .tuple(
        fc.constantFrom('', '', '', '!'),
        fc.constantFrom('', '', '/', '**/', 'a/'),
        fc.constantFrom('a', 'b', '*.txt', 'a*', '?', '[ab]', 'a b', '*', '**', 'b/a', 'ab/**', '\\a', '.*'),
        fc.constantFrom('', '', '/', '/*', '  '),
      )
      .map((parts) => parts.join(''));
    const ignoreFile = fc.array(pattern, { maxLength: 4 }).map((lines) => lines.join('\n'));

    test('would take the same files', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(name, { minLength: 1, maxLength: 12 }),
          fc.dictionary(fc.constantFrom('', 'a/', 'b/', 'a/b/', 'ab/'), ignoreFile, { maxKeys: 3 }),
          async (names, ignoreFiles) => {
            folder.remove();
            folder = new Folder();
            const files = names.filter((one) => !names.some((other) => other.startsWith(`${one}/`)));
            const tree: Record<string, Planted> = Object.fromEntries(files.map((file) => [file, file]));
            for (const [below, text] of Object.entries(ignoreFiles)) {
              if (below === '' || files.some((file) => file.startsWith(below))) tree[`${below}.artifactignore`] = text;
            }
            expect(await packaged(tree)).toEqual(takenByGit(folder.at('code')));
          },
        ),
        { numRuns: 150 },
      );
    });

    test('would take the same of names and patterns that are easily misread', async () => {
      const patterns = [
        ...[
          'x.log',
          '\\!bang',
          '\\#hash',
          '#comment',
          'trail\\ ',
          'q?z',
          '[ab].c',
          '[!a-y].d',
          'foo/**',
          '**/deep',
          'a/**/b',
        ],
        ...[
          '/*.top',
          '*/one',
          'slash\\\\x',
          '/',
          '!',
          '!/',
          ' lead',
          'é*',
          'two  ',
          'dir/',
          '!dir/kept',
          'every*',
          '!everything',
        ],
      ];
      const names = [
        ...[
          'x.log',
          '!bang',
          '#hash',
          '#comment',
          'trail ',
          'trail',
          'qyz',
          'a.c',
          'c.c',
          'z.d',
          'y.d',
          'foo/k',
          'deep',
          'm/deep',
        ],
        ...[
          'a/b',
          'a/y/z/b',
          't.top',
          'n/t.top',
          'p/one',
          'p/q/one',
          'new\nline.log',
          'x.log\n',
          'slash\\x',
          ' lead',
          'lead',
        ],
        ...['éa', 'e\u0301a', 'two', 'two  ', 'dir/kept', 'n/dir', 'every', 'everything', '.x.log', '...', 'X.LOG'],
      ];
      const tree: Record<string, Planted> = {};
      for (const below of [
        '',
        'sub/',
        'sub !x/',
        '#d/',
        '!d/',
        'a[b]/',
        'tr /',
        '*/',
        'b\\s/',
        'n\nl/',
        '?/',
        '{a,b}/',
      ]) {
        if (below !== '') tree[`${below}.artifactignore`] = patterns.join('\n');
        for (const name of names) tree[`${below}${name}`] = '';
      }
      const code = folder.at('code');
      expect(await packaged(tree)).toEqual(takenByGit(code));
    });
  },
);

/** What git would add of a folder, ignore files aside. */
function takenByGit(code: string): string[] {
  execFileSync('git', ['init', '--quiet'], { cwd: code });
  const list = ['ls-files', '--others', '--exclude-per-directory=.artifactignore', '-z'];
  const names = execFileSync('git', ['-c', 'core.ignoreCase=false', ...list], { cwd: code, encoding: 'utf8' });
  return names
    .split('\0')
    .filter((name) => name !== '' && !/(?:^|\/)\.artifactignore$/.test(name))
    .sort();
}
