import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesOf } from '../../../repository/content.ts';
import { sha256 } from '../../../repository/digest.ts';
import { CacheFiles } from '../../../packager/archive/cache-files.ts';
import { stateOf } from '../../../packager/archive/file.ts';
import { listingOf } from '../../../packager/archive/file-list.ts';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import type { Source } from '../../../packager/archive/source.ts';
import { TreeMemory } from '../../../packager/archive/tree-memory.ts';
import { Compiled } from '../../../packager/program/compiled.ts';
import { compileArchiver } from './compiled.ts';
import { interruptible } from '../../../packager/interruptible.ts';
import { Folder, noise } from './folder.ts';
import { whySkipped } from '../../support/where.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

const CACHE = 'cache';

interface Run extends Pick<Source, 'files' | 'bytes' | 'warnings'> {
  readonly sourceDigest: string | undefined;
  /** Names of the files that were read. */
  readonly read: readonly string[];
  readonly archive: { readonly sha256: string; readonly size: number };
}

interface RunOptions {
  /** Absent: with the cache. */
  readonly cache?: string | undefined;
  readonly now?: () => number;
  readonly name?: string;
}

/** A whole run: opens the source and makes its archive. */
async function run({ cache = folder.at(CACHE), now = Date.now, name = 'code' }: RunOptions = {}): Promise<Run> {
  const archiver = createArchiver({ reporter: () => undefined, scratch: folder.at('scratch'), threads: 0 });
  const memory = new TreeMemory(new CacheFiles(cache === 'none' ? undefined : cache, now), now);
  const read: string[] = [];
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  try {
    const source = await openSource({ path: folder.at(name), wanted: 'zip' }, project, {
      memory,
      measure: (some, subject) => {
        read.push(...some.map((file) => path.relative(folder.at(name), file.path)));
        return archiver.measure(some, subject);
      },
      archive: (some, subject) => archiver.archive(some, subject),
      walk: (options, sight) => archiver.walk(options, sight),
      close: () => archiver.close(),
    });
    const { sourceDigest, files, bytes, warnings } = source;
    const content = await source.open();
    const { sha256: digest, size } = content;
    await content.close();
    return { sourceDigest, files, bytes, warnings, read, archive: { sha256: digest, size } };
  } finally {
    await archiver.close();
  }
}

/** What a run comes to, whatever it knew. */
function outcome({ sourceDigest, files, bytes, warnings, archive }: Run): Omit<Run, 'read'> {
  return { sourceDigest, files, bytes, warnings, archive };
}

async function afresh(options: Omit<RunOptions, 'cache'> = {}): Promise<Omit<Run, 'read'>> {
  return outcome(await run({ ...options, cache: 'none' }));
}

/** So far ahead that every file is old. */
const LATER = 10_000;
const later = (): number => Date.now() + LATER;

const TREE = {
  'a.js': 'one',
  'b/c.js': 'two',
  'b/d': 'three',
  'key.pem': '-----BEGIN PRIVATE KEY-----\n',
  '.env': 'x',
};
const NAMES = ['.env', 'a.js', 'b/c.js', 'b/d', 'key.pem'];

describe('what did not change', () => {
  test('is not read again, and comes to the same', async () => {
    folder.plant('code', { ...TREE, large: noise(1_500_000, 1) });
    const first = await run({ now: later });
    expect(first.read).toEqual([...NAMES.slice(0, 4), 'key.pem', 'large']);
    const second = await run({ now: later });
    expect(second.read).toEqual([]);
    expect(outcome(second)).toEqual(outcome(first));
    expect(outcome(second)).toEqual(await afresh());
    expect(second.warnings.map(({ code }) => code)).toEqual(['env-file-in-archive', 'private-key-in-archive']);
  });

  test('is not read again where something else did', async () => {
    folder.plant('code', TREE);
    await run({ now: later });
    folder.plant('code', { 'b/c.js': 'other', 'aa/new': 'new' });
    rmSync(folder.at('code/b/d'));
    const second = await run({ now: later });
    expect(second.read).toEqual(['aa/new', 'b/c.js']);
    expect(outcome(second)).toEqual(await afresh());
    expect((await run({ now: later })).read).toEqual([]);
  });

  test('of one file, zipped or as it is, is not read again', async () => {
    folder.plant('.', { 'handler.py': 'pass' });
    const first = await run({ now: later, name: 'handler.py' });
    const second = await run({ now: later, name: 'handler.py' });
    expect([first.read, second.read]).toEqual([[''], []]);
    expect(outcome(second)).toEqual(outcome(first));
  });
});

test('what an archive became is told before it is made again, also to who may be interrupted', async () => {
  folder.plant('code', TREE);
  const { archive } = await run({ now: later });
  const archiver = createArchiver({
    reporter: () => undefined,
    scratch: folder.at('scratch'),
    cache: folder.at(CACHE),
  });
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  const expected = async () => {
    const source = await openSource({ path: folder.at('code'), wanted: 'zip' }, project, archiver);
    return interruptible(source, new AbortController().signal).expected?.();
  };
  expect(await expected()).toEqual(archive);
  folder.plant('code', { 'a.js': 'another' });
  expect(await expected()).toBeUndefined();
  await archiver.close();
});

describe('what may have changed is read', () => {
  beforeEach(() => {
    folder.plant('code', TREE);
  });

  test('in the tick of the clock in which it was looked at', async () => {
    expect((await run()).read).toEqual(NAMES);
    // The same size, at the same time as far as a clock tells.
    writeFileSync(folder.at('code/a.js'), 'two');
    const second = await run();
    expect(second.read).toContain('a.js');
    expect(outcome(second)).toEqual(await afresh());
  });

  test('as long as its time has no fraction of a second, for two seconds', async () => {
    const at = Math.floor(Date.now() / 1000) * 1000;
    utimesSync(folder.at('code/a.js'), at / 1000, at / 1000);
    const { ctimeMs } = lstatSync(folder.at('code/a.js'));
    const soon = (): number => Math.max(ctimeMs, at) + 150;
    await run({ now: soon });
    expect((await run({ now: soon })).read).toEqual(at + 2100 < soon() ? [] : ['a.js']);
    await run({ now: later });
    expect((await run({ now: later })).read).toEqual([]);
  });

  test('when the clock was set back behind the time of the last look', async () => {
    await run({ now: later });
    expect((await run({ now: () => Date.now() + LATER / 2 })).read).toEqual(NAMES);
  });

  test.each<[string, (file: string) => void]>([
    [
      'replaced by another of the same size and time',
      (file) => {
        const { atime, mtime } = lstatSync(file);
        writeFileSync(`${file}.new`, 'eno');
        utimesSync(`${file}.new`, atime, mtime);
        renameSync(`${file}.new`, file);
      },
    ],
    [
      'rewritten with its time put back',
      (file) => {
        const { atime, mtime } = lstatSync(file);
        writeFileSync(file, 'eno');
        utimesSync(file, atime, mtime);
      },
    ],
    [
      'executable',
      (file) => {
        chmodSync(file, 0o755);
      },
    ],
    [
      'of another time',
      (file) => {
        utimesSync(file, 1, 1);
      },
    ],
  ])('when it is %s', async (_, change) => {
    await run({ now: later });
    await setTimeout(20);
    change(folder.at('code/a.js'));
    const second = await run({ now: later });
    expect(second.read).toEqual(['a.js']);
    expect(outcome(second)).toEqual(await afresh());
  });
});

type Change = (at: (name: string) => string) => void;

const name = fc.constantFrom('a.js', 'b/c.js', 'b/d', 'new', 'b/new');
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(name, fc.constantFrom('one', 'two', 'six', 'longer')).map(([file, text]): Change => {
    return (at) => {
      mkdirSync(path.dirname(at(file)), { recursive: true });
      writeFileSync(at(file), text);
    };
  }),
  name.map((file): Change => (at) => {
    rmSync(at(file), { force: true });
  }),
  fc.tuple(name, fc.integer({ min: -3, max: 3 })).map(([file, seconds]): Change => {
    return (at) => {
      if (!existsSync(at(file))) return;
      const time = Date.now() / 1000 + seconds;
      utimesSync(at(file), time, time);
    };
  }),
  fc.tuple(name, fc.constantFrom(0o644, 0o755)).map(([file, mode]): Change => (at) => {
    if (existsSync(at(file))) chmodSync(at(file), mode);
  }),
  fc.tuple(name, name).map(([from, to]): Change => (at) => {
    if (existsSync(at(from)) && existsSync(path.dirname(at(to)))) renameSync(at(from), at(to));
  }),
  fc.constantFrom('', 'b', '*.js', '!a.js').map((rules): Change => (at) => {
    writeFileSync(at('.artifactignore'), rules);
  }),
  fc.constant<Change>((at) => {
    rmSync(at('.artifactignore'), { force: true });
  }),
);

test('whatever happens between runs, and whatever the clock says, what is known changes nothing', async () => {
  const step = fc.record({
    changes: fc.array(change, { maxLength: 3 }),
    clock: fc.integer({ min: -5000, max: 0 }),
    forgets: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      rmSync(folder.at('code'), { recursive: true, force: true });
      folder.plant('code', { ...TREE, 'z/stays': '' });
      for (const { changes, clock, forgets } of steps) {
        for (const one of changes) one((file) => folder.at('code', file));
        if (forgets) rmSync(folder.at(CACHE), { recursive: true, force: true });
        const found = await run({ now: () => Date.now() + clock });
        expect(outcome(found)).toEqual(await afresh());
      }
    }),
    { numRuns: 60 },
  );
});

describe('files of the cache', () => {
  const cached = (): readonly string[] =>
    readdirSync(folder.at(CACHE), { recursive: true, encoding: 'utf8' })
      .map((below) => folder.at(CACHE, below))
      .filter((file) => lstatSync(file).isFile());
  const tree = (): string => {
    const [only] = readdirSync(folder.at(CACHE, 'trees'));
    return folder.at(CACHE, 'trees', only ?? '');
  };

  beforeEach(async () => {
    folder.plant('code', TREE);
    await run({ now: later });
  });

  test('are for their user alone', () => {
    expect(cached().map((file) => lstatSync(file).mode & 0o777)).toEqual(cached().map(() => 0o600));
    expect(lstatSync(folder.at(CACHE, 'trees')).mode & 0o777).toBe(0o700);
    expect(lstatSync(folder.at(CACHE)).mode & 0o777).toBe(0o700);
  });

  test('are not believed where any byte is another', () => {
    const memory = new TreeMemory(new CacheFiles(folder.at(CACHE)), later);
    const files = NAMES.map((name) => {
      const file = folder.at('code', name);
      return { name, file: stateOf(file, lstatSync(file)) };
    });
    const recalled = () => memory.recall(memory.sight('folder', folder.at('code')), listingOf(files));
    const good = readFileSync(tree());
    expect(recalled().missing).toEqual([]);
    for (let at = 0; at < good.byteLength; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x41;
      writeFileSync(tree(), bad);
      expect(recalled()).toMatchObject({ missing: [0, 1, 2, 3, 4] });
    }
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['cut short', undefined],
    ['noise', noise(1000, 1)],
  ])('are not believed when they are %s', async (_, bytes) => {
    for (const file of cached()) writeFileSync(file, bytes ?? readFileSync(file).subarray(0, -1));
    expect(await run({ now: later })).toEqual({ ...(await afresh()), read: NAMES });
    expect((await run({ now: later })).read).toEqual([]);
  });

  test('are not believed under the name of others', async () => {
    const [archive = ''] = readdirSync(folder.at(CACHE, 'archives'));
    const other = sha256('another source');
    renameSync(folder.at(CACHE, 'archives', archive), folder.at(CACHE, 'archives', other));
    expect(new TreeMemory(new CacheFiles(folder.at(CACHE))).archiveOf(other)).toBeUndefined();
  });

  test('are not believed where others may write them, and no link is followed', async () => {
    chmodSync(tree(), 0o620);
    expect((await run({ now: later })).read).toEqual(NAMES);
    expect((await run({ now: later })).read).toEqual([]);
    const file = tree();
    renameSync(file, folder.at('elsewhere'));
    symlinkSync(folder.at('elsewhere'), file);
    expect((await run({ now: later })).read).toEqual(NAMES);
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? test : test.skip)(
    `of another user are not believed${whySkipped(isRoot, 'only root may give files away')}`,
    async () => {
      chownSync(tree(), 65_534, 65_534);
      expect((await run({ now: later })).read).toEqual(NAMES);
    },
  );

  const hasPipes = process.platform !== 'win32';
  (hasPipes ? test : test.skip)(
    `are not waited for where a pipe stands in their place${whySkipped(hasPipes, 'there are no named pipes')}`,
    async () => {
      for (const file of cached()) {
        rmSync(file);
        execFileSync('mkfifo', [file]);
        utimesSync(file, 1, 1);
      }
      expect(await run({ now: later })).toEqual({ ...(await afresh()), read: NAMES });
      expect((await run({ now: later })).read).toEqual([]);
    },
  );

  test('that can not be read or written are no error', async () => {
    rmSync(folder.at(CACHE), { recursive: true });
    writeFileSync(folder.at(CACHE), 'in the way');
    for (let i = 0; i < 2; i++) expect(await run({ now: later })).toEqual({ ...(await afresh()), read: NAMES });
  });

  test('may be deleted while a run is under way, and another run may write them', async () => {
    const runs = Array.from({ length: 10 }, async (_, i) => {
      if (i % 3 === 2) rmSync(folder.at(CACHE), { recursive: true, force: true });
      return outcome(await run({ now: later }));
    });
    const expected = await afresh();
    expect(await Promise.all(runs)).toEqual(runs.map(() => expected));
  });

  test('go when they were not used for long, and what a process left that died', async () => {
    const days = (count: number): number => Date.now() + count * 24 * 60 * 60_000;
    const draft = folder.at(CACHE, `trees/.${randomUUID()}`);
    const [first] = readdirSync(folder.at(CACHE, 'trees'));
    writeFileSync(draft, '');
    folder.plant('other', { file: 'x' });
    await run({ now: () => days(30), name: 'other' });
    expect(existsSync(draft)).toBe(false);
    expect(readdirSync(folder.at(CACHE, 'trees'))).toHaveLength(2);
    // Used, so it stays.
    await run({ now: () => days(50), name: 'other' });
    const [used] = readdirSync(folder.at(CACHE, 'trees')).filter((one) => one !== first);
    folder.plant('third', { file: 'y' });
    await run({ now: () => days(100), name: 'third' });
    expect(readdirSync(folder.at(CACHE, 'trees'))).toContain(used);
    expect(readdirSync(folder.at(CACHE, 'trees'))).not.toContain(first);
  });
});

test.each(['code/.cache', 'code/b', 'code'])(
  'what is remembered in %s is in no archive, and all else there is',
  async (where) => {
    folder.plant('code', { ...TREE, tidied: 'mine', 'trees/own': 'mine', 'b/trees/own': 'mine' });
    if (where === 'code') rmSync(folder.at('code/tidied'));
    const expected = await afresh();
    for (let i = 0; i < 3; i++) expect(outcome(await run({ cache: folder.at(where), now: later }))).toEqual(expected);
    expect(existsSync(folder.at(where, 'archives'))).toBe(true);
    // Also by who knows nothing of it.
    expect(await afresh()).toEqual(expected);
    // What looks like it is nobody's but the author's.
    rmSync(folder.at(where, 'tidied'));
    expect((await afresh()).files).toBeGreaterThan(expected.files);
  },
);

test('what the program keeps beside itself is in no archive, where it is installed among the sources', async () => {
  folder.plant('code', { ...TREE, 'compiled-v1.bin': 'mine' });
  folder.plant('code/node_modules/cfn-artifacts/dist/program', { 'cfn-artifacts.cjs': '', 'pieces.bin': '' });
  const expected = await afresh();
  const compiled = new Compiled(folder.at('code/node_modules/cfn-artifacts/dist/program'), 'package');
  compiled.add('piece', Buffer.from('1'), new Script('1'));
  compiled.keep();
  const kept = readdirSync(folder.at('code/node_modules/cfn-artifacts/dist/program'));
  expect(kept).toHaveLength(3);
  expect(await afresh()).toEqual(expected);
  folder.plant('code/node_modules/cfn-artifacts/dist/program', {
    [`${kept.find((one) => one.startsWith('compiled'))}.12`]: '',
  });
  expect(await afresh()).toEqual(expected);
  expect(expected.files).toBe(NAMES.length + 3);
});

test('what somebody has in a folder that is named as the cache stays, however old', async () => {
  const own = ['notes.txt', '.env', sha256('a').slice(1), `${sha256('a')}.json`];
  for (const kind of ['archives', 'builds', 'identities', 'sources', 'templates', 'trees']) {
    folder.plant(`${CACHE}/${kind}`, Object.fromEntries(own.map((name) => [name, 'mine'])));
    for (const name of own) utimesSync(folder.at(CACHE, kind, name), 1, 1);
  }
  const before = everythingIn(folder.at(CACHE));
  folder.plant('code', TREE);
  await run({ now: later });
  expect(everythingIn(folder.at(CACHE))).toEqual(expect.arrayContaining([...before]));
});

function everythingIn(where: string): readonly string[] {
  return readdirSync(where, { recursive: true, encoding: 'utf8' });
}

test('ten processes at once may share a cache, and come to the same as with none', async () => {
  const archive = await compileArchiver(folder);
  const paths = [1, 2, 3].map((i) => folder.plant(`code${i}`, { ...TREE, own: String(i), noise: noise(20_000, i) }));
  const expected = await archive({ paths, root: folder.path });
  const run = { paths, root: folder.path, cache: folder.at(CACHE) };
  for (let round = 0; round < 2; round++) {
    const all = await Promise.all(Array.from({ length: 10 }, () => archive(run)));
    expect(all.map(({ archives }) => archives)).toEqual(all.map(() => expected.archives));
  }
  expect(readdirSync(folder.at(CACHE, 'trees'))).toHaveLength(3);
}, 120_000);

test('a content that is not what was remembered is refused once, and forgotten', async () => {
  folder.plant('code', { a: 'one' });
  const memory = new TreeMemory(new CacheFiles(folder.at(CACHE)), later);
  await run({ now: later });
  const sight = memory.sight('folder', folder.at('code'));
  const file = stateOf(folder.at('code/a'), lstatSync(folder.at('code/a')));
  const files = listingOf([{ name: 'a', file }]);
  const { contents, sourceDigest } = memory.recall(sight, files);
  const wrong = new Uint8Array(contents.digests).fill(7);
  memory.remember(sight, files, { ...contents, digests: wrong }, sourceDigest ?? sha256(''));
  await expect(run({ now: later })).rejects.toMatchObject({ problems: [{ code: 'SOURCE_CHANGED' }] });
  expect(await run({ now: later })).toEqual({ ...(await afresh()), read: ['a'] });
});

test('a file that is taken as it is, and is not what was remembered, is refused once, and forgotten', async () => {
  folder.plant('.', { 'model.bin': noise(5000, 1) });
  const real = folder.at('model.bin');
  const memory = new TreeMemory(new CacheFiles(folder.at(CACHE)), later);
  const archiver = createArchiver({ reporter: () => undefined, scratch: folder.at('scratch'), threads: 0 });
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  const opened = async () => {
    const using = { ...archiver, memory, measure: archiver.measure.bind(archiver) };
    return (await openSource({ path: real, wanted: 'file' }, project, using)).open();
  };
  const right = await opened();
  expect(right.sha256).toBe(sha256(noise(5000, 1)));
  const sight = memory.sight('file', real);
  const files = listingOf([{ name: 'model.bin', file: stateOf(real, lstatSync(real)) }]);
  const { contents } = memory.recall(sight, files);
  memory.remember(sight, files, { ...contents, digests: new Uint8Array(32) }, sha256(''));
  await expect(bytesOf((await opened()).read())).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  expect((await opened()).sha256).toBe(right.sha256);
  await archiver.close();
});
