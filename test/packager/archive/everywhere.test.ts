import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileArchiver } from './compiled.ts';
import type { ArchiveResult } from './compiled.ts';
import { Folder, logLines } from './folder.ts';
import { GOLDEN_TREES } from './golden-trees.ts';
import { whySkipped } from '../../support/where.ts';

let folder: Folder;
let archive: Awaited<ReturnType<typeof compileArchiver>>;
let paths: string[];
let expected: ArchiveResult['archives'];

beforeAll(async () => {
  folder = new Folder();
  archive = await compileArchiver(folder);
  const trees = Object.entries(GOLDEN_TREES);
  // enough work that threads are started where there may be some
  const work = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file${i}`, logLines(60_000, i)]));
  paths = [...trees.map(([name, tree]) => folder.plant(`trees/${name}`, tree())), folder.plant('trees/work', work)];
  expected = (await archive({ paths, root: folder.path, threads: 0 })).archives;
});
afterAll(() => {
  folder.remove();
});

describe('the same bytes come', () => {
  test.each([
    ['another time zone', { env: { ...process.env, TZ: 'Pacific/Kiritimati' } }],
    ['another locale', { env: { ...process.env, LC_ALL: 'tr_TR.UTF-8', LANG: 'sv_SE' } }],
    ['no locale at all', { env: { PATH: process.env['PATH'], LC_ALL: 'C' } }],
    ['another working directory', { cwd: '/' }],
  ])('in %s', async (_, options) => {
    expect((await archive({ paths, root: folder.path }, options)).archives).toEqual(expected);
  });

  test('with another umask', async () => {
    expect((await archive({ paths, root: folder.path, umask: 0o077 })).archives).toEqual(expected);
  });

  test.each([1, 4])('from %d threads', async (threads) => {
    const { archives } = await archive({ paths, root: folder.path, threads, read: true });
    expect(archives).toEqual(expected.map((content) => ({ ...content, readable: true })));
  });

  test('from threads that share the walk of what is known to be large', async () => {
    const name = (i: number): string => `${'long-'.repeat(12)}${i}`;
    const files = Object.fromEntries(Array.from({ length: 2100 }, (_, i) => [name(i), '']));
    const large = Array.from({ length: 6 }, (_, i) => folder.plant(`large/${i}`, { ...files, [name(i)]: 'other' }));
    const alone = (await archive({ paths: large, root: folder.path, threads: 0 })).archives;
    const cache = folder.at('cache');
    for (let run = 0; run < 3; run++) {
      expect((await archive({ paths: large, root: folder.path, threads: 2, cache })).archives).toEqual(alone);
    }
    expect(new Set(alone.map(({ sourceDigest }) => sourceDigest)).size).toBe(large.length);
  });

  test('from another place, copied in another order', async () => {
    const copies = paths.map((from, i) => {
      const to = folder.at('copies', String(paths.length - i));
      execFileSync('mkdir', ['-p', to]);
      execFileSync('cp', ['-R', `${from}/.`, to]);
      return to;
    });
    expect((await archive({ paths: copies, root: folder.path })).archives).toEqual(expected);
  });
});

const CACHE = path.join(import.meta.dirname, '../../../.cache');

/** A Node.js of this major version, as the package registry has it for this system; `undefined` where there is none. */
function nodeOf(major: number): string | undefined {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = path.join(CACHE, `node-${major}`);
  const node = path.join(prefix, 'node_modules', name, 'bin', 'node');
  try {
    if (!existsSync(node)) {
      const options = ['--no-save', '--fetch-retries=0', '--prefix', prefix];
      execFileSync('npm', ['install', ...options, `${name}@${major}`], { stdio: 'ignore', timeout: 60_000 });
    }
    execFileSync(node, ['--version'], { stdio: 'ignore' });
    return node;
  } catch {
    return undefined;
  }
}

describe('the same bytes come from Node.js', () => {
  for (const major of [20, 22, 24]) {
    const node = nodeOf(major);
    (node === undefined ? test.skip : test)(
      `${major}${whySkipped(node !== undefined, 'it can not be had')}`,
      async () => {
        const result = await archive({ paths, root: folder.path, read: true }, { node: node! });
        expect(result.archives).toEqual(expected.map((content) => ({ ...content, readable: true })));
      },
    );
  }
});

const mayBecomeAnother = process.getuid?.() === 0 && process.platform === 'linux';

(mayBecomeAnother ? test : test.skip)(
  `what may not be read is named, all of it${whySkipped(mayBecomeAnother, 'only root on Linux may become another')}`,
  async () => {
    const code = folder.plant('unreadable', { 'a/file': '', 'b/.artifactignore': '', 'b/c': '', d: '' });
    for (const name of ['a', 'b/.artifactignore', 'd']) chmodSync(path.join(code, name), 0o000);
    for (const open of [folder.path, folder.at('compiled'), code]) chmodSync(open, 0o755);
    const { problems } = await archive({ paths: [code], root: folder.path }, { uid: 65_534, env: {}, cwd: '/' });
    expect(problems).toEqual([
      `PATH_UNREADABLE: cannot read '${code}/a': permission denied`,
      `PATH_UNREADABLE: cannot read '${code}/b/.artifactignore': permission denied`,
      `PATH_UNREADABLE: cannot read '${code}/d': permission denied`,
    ]);
  },
);
