import { chmodSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesOf } from '../../../repository/content.ts';
import { sha256 } from '../../../repository/digest.ts';
import { ArtifactError } from '../../../repository/error.ts';
import type { ArtifactErrors } from '../../../repository/error.ts';
import type { PackagerEvent } from '../../../packager/event.ts';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import type { Archiver, Source, SourceRequest } from '../../../packager/archive/source.ts';
import { Folder, noise } from './folder.ts';

let folder: Folder;
let archiver: Archiver;
let events: PackagerEvent[];
beforeEach(() => {
  folder = new Folder();
  events = [];
  archiver = createArchiver({ reporter: (event) => events.push(event), scratch: folder.at('scratch') });
});
afterEach(async () => {
  await archiver.close();
  folder.remove();
});

function source(name: string, wanted: SourceRequest['wanted'] = 'zip', using: Archiver = archiver): Promise<Source> {
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  return openSource({ path: folder.at(name), wanted }, project, using);
}

async function problemsOf(opening: Promise<unknown>): Promise<string[]> {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason as ArtifactErrors,
  );
  return error === undefined ? [] : error.problems.map(({ code, message }) => `${code}: ${message}`);
}

/** The smallest zip: the end of a directory without entries. */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

describe('what is wanted', () => {
  beforeEach(() => {
    folder.plant('.', {
      'code/index.js': 'export {}',
      'code/bin/tool': { content: '#!/bin/sh\n', mode: 0o755 },
      'handler.py': 'pass',
      'lib.jar': Buffer.concat([Buffer.from('launcher'), EMPTY_ZIP]),
      'lib.whl': Buffer.concat([EMPTY_ZIP.subarray(0, 20), Buffer.from([7, 0]), Buffer.from('comment')]),
    });
  });

  test.each([
    ['code', 'zip', 'archive', 'archive.zip', 2],
    ['code', 'archive-or-file', 'archive', 'archive.zip', 2],
    ['handler.py', 'zip', 'archive', 'archive.zip', 1],
    ['handler.py', 'archive-or-file', 'file', 'handler.py', 1],
    ['handler.py', 'file', 'file', 'handler.py', 1],
    ['lib.jar', 'zip', 'file', 'lib.jar', 1],
    ['lib.whl', 'zip', 'file', 'lib.whl', 1],
  ] as const)('of %s as %s gives: %s %s', async (name, wanted, kind, filename, files) => {
    const result = await source(name, wanted);
    expect([result.kind, result.filename, result.files]).toEqual([kind, filename, files]);
    expect(result.sourceDigest !== undefined).toBe(kind === 'archive');
  });

  test('of a folder where a file is wanted is an error', async () => {
    expect(await problemsOf(source('code', 'file'))).toEqual([
      `PATH_OF_WRONG_KIND: '${folder.at('code')}' is a folder where a file is wanted`,
    ]);
  });

  test('is a file with its own bytes, in any part and more than once', async () => {
    const content = noise(3_000_000, 1);
    folder.plant('.', { 'model.bin': content });
    const opened = await (await source('model.bin', 'file')).open();
    expect([opened.size, opened.sha256]).toEqual([content.byteLength, sha256(content)]);
    expect((await bytesOf(opened.read())).equals(content)).toBe(true);
    expect((await bytesOf(opened.read(1_000_000, 2_500_000))).equals(content.subarray(1_000_000, 2_500_000))).toBe(
      true,
    );
    expect(await bytesOf(opened.read(5, 5))).toHaveLength(0);
    await opened.close();
  });

  test('is told with its unpacked size', async () => {
    expect((await source('code')).bytes).toBe(9 + 10);
  });
});

describe('a tree without files', () => {
  test('is an error', async () => {
    folder.plant('code', { 'empty/': '' });
    expect(await problemsOf(source('code'))).toEqual([`PATH_OF_WRONG_KIND: '${folder.at('code')}' has no files in it`]);
  });

  test('is an error that names the rules where they are why', async () => {
    folder.plant('code', { '.artifactignore': '*', file: '' });
    expect(await problemsOf(source('code'))).toEqual([
      `PATH_OF_WRONG_KIND: '${folder.at('code')}' has no files in it but those that are ignored`,
    ]);
  });
});

test('all problems of a path are told at once, those of its names and those of its contents', async () => {
  folder.plant('code', { broken: { link: 'nowhere' }, gone: '1', changing: '2', fine: '3' });
  const late: Archiver = {
    ...delegating(archiver),
    measure: (files, subject) => {
      rmSync(folder.at('code/gone'));
      writeFileSync(folder.at('code/changing'), '22');
      return archiver.measure(files, subject);
    },
  };
  expect(await problemsOf(source('code', 'zip', late))).toEqual([
    `PATH_OF_WRONG_KIND: '${folder.at('code/broken')}' is a link to 'nowhere', which does not exist`,
    `SOURCE_CHANGED: '${folder.at('code/changing')}' changed while it was read`,
    `SOURCE_CHANGED: '${folder.at('code/gone')}' changed while it was read`,
  ]);
});

function delegating(to: Archiver): Archiver {
  return {
    memory: to.memory,
    measure: (files, subject) => to.measure(files, subject),
    archive: (files, subject) => to.archive(files, subject),
    walk: (options, sight) => to.walk(options, sight),
    close: () => to.close(),
  };
}

describe('a file that changes between hashing and archiving', () => {
  /** Other bytes, with the size and time of the first: only the time of the change of its data differs. */
  function replace(name: string, content: Uint8Array): void {
    const { atime, mtime } = statSync(folder.at(name));
    writeFileSync(folder.at(name), content);
    utimesSync(folder.at(name), atime, mtime);
  }

  test.each([
    ['small', 10],
    ['large', 1_500_000],
  ])('is an error: %s', async (_, size) => {
    folder.plant('code', { a: 'a', b: noise(size, 1), c: 'c' });
    const result = await source('code');
    replace('code/b', noise(size, 2));
    expect(await problemsOf(result.open())).toEqual([
      `SOURCE_CHANGED: '${folder.at('code/b')}' changed while it was read`,
    ]);
  });

  test('is an error for each, in one go', async () => {
    folder.plant('code', { a: 'a', b: 'b', c: 'c' });
    const result = await source('code');
    // the clock of a file system may tick only every 10 ms
    await setTimeout(50);
    replace('code/a', Buffer.from('A'));
    rmSync(folder.at('code/b'));
    chmodSync(folder.at('code/c'), 0o755);
    expect(await problemsOf(result.open())).toHaveLength(3);
  });

  test('is an error for the archive that reads it and none for another with the same content', async () => {
    folder.plant('.', { 'one/file': 'same', 'two/file': 'same' });
    const [one, two] = await Promise.all([source('one'), source('two')]);
    rmSync(folder.at('one/file'));
    const [first, second] = await Promise.allSettled([one.open(), two.open()]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  });

  test('is found when it is sent, where an archive refers to it', async () => {
    folder.plant('code', { large: noise(2_500_000, 1) });
    const opened = await (await source('code')).open();
    await setTimeout(50);
    replace('code/large', noise(2_500_000, 2));
    await expect(bytesOf(opened.read())).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    await opened.close();
  });

  test('is found when it is sent as it is', async () => {
    folder.plant('.', { large: noise(2_500_000, 1) });
    const opened = await (await source('large', 'file')).open();
    const reading = opened.read();
    await reading[Symbol.asyncIterator]().next();
    await setTimeout(50);
    replace('large', noise(2_500_000, 2));
    await expect(bytesOf(reading)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });
});

describe('warnings', () => {
  const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIE';
  const warned = async (name = 'code'): Promise<(readonly [string, string])[]> =>
    (await source(name)).warnings.map(({ code, message }) => [code, message.replace(folder.path, '')] as const);

  test('tell of git folders, environment files and private keys, each once with the first names', async () => {
    folder.plant('code', {
      '.git/config': '',
      'sub/.git': 'gitdir: x',
      '.env': '',
      'a/.env.production': '',
      'a/.env.example': '',
      'a/env.js': '',
      'keys/a.pem': KEY,
      'keys/b.key': `Bag Attributes\n  friendlyName: x\n${KEY}`,
      'keys/cert.pem': '-----BEGIN CERTIFICATE-----\nMIIE',
      'keys/id_rsa': 'x',
      'keys/store.p12': 'x',
      'keys/public.js': `const header = '${KEY}'`,
      'keys/far.txt': `${' '.repeat(2000)}\n${KEY}`,
    });
    expect(await warned()).toEqual([
      ['git-folder-in-archive', "the archive of '/code' contains 2 git folders: '.git', 'sub/.git'"],
      ['env-file-in-archive', "the archive of '/code' contains 2 environment files: '.env', 'a/.env.production'"],
      [
        'private-key-in-archive',
        "the archive of '/code' contains 4 private keys: 'keys/a.pem', 'keys/b.key', 'keys/id_rsa', 1 more",
      ],
    ]);
  });

  test('do not tell of what is ignored, or taken as it is', async () => {
    folder.plant('.', {
      'code/.artifactignore': '.git\n.env\n',
      'code/.git/x': '',
      'code/.env': '',
      'code/a': '',
      '.env': '',
    });
    expect(await warned()).toEqual([]);
    expect((await source('.env', 'file')).warnings).toEqual([]);
  });
});

test('progress is told in files while hashing and in bytes while archiving', async () => {
  folder.plant('code', { a: 'aaa', b: noise(2_000_000, 1) });
  await (await source('code')).open();
  const progress = events.flatMap((event) =>
    event.kind === 'progress' ? [[event.stage, event.done, event.total]] : [],
  );
  expect(progress[0]).toEqual(['walk', 1, 2].with(1, 2));
  expect(progress.at(-1)).toEqual(['archive', 2_000_003, 2_000_003]);
});

describe('the end of a run', () => {
  test('by its signal rejects what is under way with its reason', async () => {
    folder.plant('code', { a: noise(3_000_000, 1) });
    const controller = new AbortController();
    const ending = createArchiver({
      reporter: () => undefined,
      scratch: folder.at('scratch'),
      signal: controller.signal,
    });
    const opening = source('code', 'zip', ending);
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(source('code', 'zip', ending)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await ending.close();
  });

  test('while an archive is made rejects with its reason, once', async () => {
    folder.plant('code', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`file${i}`, noise(100_000, i)])));
    const controller = new AbortController();
    const reason = new ArtifactError('INTERRUPTED', 'enough');
    const reporter = (event: PackagerEvent): void => {
      if (event.kind === 'progress' && event.stage === 'archive') controller.abort(reason);
    };
    const ending = createArchiver({ reporter, scratch: folder.at('scratch'), signal: controller.signal });
    const result = await source('code', 'zip', ending);
    await expect(result.open()).rejects.toBe(reason);
    await ending.close();
  });

  test('before it began does so too', async () => {
    folder.plant('code', { a: '1' });
    const ending = createArchiver({
      reporter: () => undefined,
      scratch: folder.at('scratch'),
      signal: AbortSignal.abort(),
    });
    await expect(source('code', 'zip', ending)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await ending.close();
  });
});
