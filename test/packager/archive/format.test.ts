import { execFileSync } from 'node:child_process';
import { createWriteStream, lstatSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bytesOf } from '../../../repository/content.ts';
import type { OpenContent } from '../../../repository/publishable.ts';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import type { Archiver, Source } from '../../../packager/archive/source.ts';
import { Folder } from './folder.ts';
import { GOLDEN_TREES } from './golden-trees.ts';
import { whySkipped } from '../../support/where.ts';

let folder: Folder;
let archiver: Archiver;
beforeAll(() => {
  folder = new Folder();
  archiver = createArchiver({ reporter: () => undefined, scratch: folder.at('scratch'), threads: 0 });
  for (const [name, tree] of Object.entries(GOLDEN_TREES)) folder.plant(name, tree());
});
afterAll(async () => {
  await archiver.close();
  folder.remove();
});

function source(name: string): Promise<Source> {
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  return openSource({ path: folder.at(name), wanted: 'zip' }, project, archiver);
}

/** What is written down of each tree. Not updated by a switch: whoever changes it should have to think of every stack. */
type Golden = Readonly<
  Record<string, { readonly sourceDigest: string; readonly sha256: string; readonly size: number }>
>;
const golden = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../golden/archive/format-1.json'), 'utf8'),
) as Golden;

test.each(Object.keys(GOLDEN_TREES))('archive format 1 gives these bytes for ever: %s', async (name) => {
  const opened = await source(name);
  const { sha256, size } = await opened.open();
  expectFormat1(name, { sourceDigest: opened.sourceDigest, sha256, size });
});

function expectFormat1(name: string, actual: object): void {
  const expected = JSON.stringify(golden[name]);
  if (JSON.stringify(actual) === expected) return;
  throw new Error(
    [
      `The archive of '${name}' is no longer the one that archive format 1 fixed.`,
      'A change of format 1 gives every archive of every user another digest, and redeploys every stack. If the bytes must change, that is format 2:',
      'raise ARCHIVE_FORMAT, specify it in docs/archive-format.md, write its digests beside those of format 1.',
      `written down: ${expected}`,
      `now:          ${JSON.stringify(actual)}`,
    ].join('\n'),
  );
}

test('every part of an archive can be read alone', async () => {
  const opened = await (await source('large content')).open();
  const whole = await bytesOf(opened.read());
  expect(whole.byteLength).toBe(opened.size);
  for (const [start, end] of [
    [0, 1],
    [29, 31],
    [500_000, 1_600_000],
    [opened.size - 30, opened.size],
    [opened.size, opened.size],
  ] as const) {
    expect((await bytesOf(opened.read(start, end))).equals(whole.subarray(start, end))).toBe(true);
  }
});

function has(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const whereThereIs = (present: boolean): typeof describe.skip => (present ? describe : describe.skip);

async function written(name: string, content: OpenContent): Promise<string> {
  const file = folder.at(`${name}.zip`);
  await pipeline(Readable.from(content.read()), createWriteStream(file));
  return file;
}

/** Names, content and executable bits of all files below a folder. */
function contentOf(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .sort()
      .map((file) => {
        const executable = (lstatSync(file).mode & 0o111) === 0o111 ? 'executable' : 'plain';
        return [path.relative(root, file), `${executable} ${readFileSync(file).toString('base64')}`];
      }),
  );
}

whereThereIs(has('unzip', '-v'))(`unzip${whySkipped(has('unzip', '-v'), 'it is not installed')}`, () => {
  test.each(Object.keys(GOLDEN_TREES))('unpacks %s to what was packed', async (name) => {
    const zip = await written(name, await (await source(name)).open());
    const to = folder.at('unzipped', name);
    mkdirSync(to, { recursive: true });
    expect(execFileSync('unzip', ['-tqq', zip], { encoding: 'utf8' })).toBe('');
    // a locale in which names are UTF-8
    execFileSync('unzip', ['-q', zip, '-d', to], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    expect(contentOf(to)).toEqual(contentOf(folder.at(name)));
  });
});

const PYTHON = `
import json, os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    archive.extractall(sys.argv[2])
    for entry in archive.infolist():
        os.chmod(os.path.join(sys.argv[2], entry.filename), entry.external_attr >> 16)
    print(json.dumps([[entry.filename, entry.date_time, entry.create_system] for entry in archive.infolist()]))
`;

whereThereIs(has('python3', '--version'))(
  `Python${whySkipped(has('python3', '--version'), 'it is not installed')}`,
  () => {
    test.each(Object.keys(GOLDEN_TREES))('unpacks %s to what was packed', async (name) => {
      const zip = await written(name, await (await source(name)).open());
      const to = folder.at('unpacked', name);
      mkdirSync(to, { recursive: true });
      const listed = execFileSync('python3', ['-c', PYTHON, zip, to], { encoding: 'utf8' });
      const entries = JSON.parse(listed) as readonly (readonly [string, readonly number[], number])[];
      expect(contentOf(to)).toEqual(contentOf(folder.at(name)));
      const names = entries.map(([entry]) => entry);
      expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      expect(new Set(entries.map(([, date, system]) => JSON.stringify([date, system])))).toEqual(
        new Set(['[[1980,1,1,0,0,0],3]']),
      );
    });
  },
);
