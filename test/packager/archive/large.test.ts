import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crc32 } from 'node:zlib';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import { centralHeader, endOfArchive, localHeader } from '../../../packager/archive/zip.ts';
import type { ZipEntry } from '../../../packager/archive/zip.ts';
import { joinCrc32 } from '../../../packager/archive/crc32.ts';
import { compileArchiver } from './compiled.ts';
import type { Planted } from './folder.ts';
import { Folder, logLines, noise } from './folder.ts';
import { whySkipped } from '../../support/where.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
/** No row of the benchmarks may need more, whatever an artifact's size. */
const PEAK_MIB = 350;

let folder: Folder;
let archive: Awaited<ReturnType<typeof compileArchiver>>;
beforeAll(async () => {
  folder = new Folder();
  archive = await compileArchiver(folder);
});
afterAll(() => {
  folder.remove();
});

/** A block over and over: farther apart than deflate looks back. */
function writeRepeated(file: string, block: Buffer, times: number): void {
  const descriptor = openSync(file, 'w');
  for (let i = 0; i < times; i++) writeSync(descriptor, block);
  closeSync(descriptor);
}

describe('memory stays bounded', () => {
  test('for 2 GB that can not be made smaller', async () => {
    const code = folder.plant('noise', { 'index.js': 'export {}' });
    writeRepeated(`${code}/model.bin`, noise(8 * MEBIBYTE, 1), 256);
    const { archives, peakMiB } = await archive({ paths: [code], root: folder.path, read: true });
    execFileSync('rm', ['-r', code]);
    expect(archives[0]).toMatchObject({ readable: true });
    expect(archives[0]?.size).toBeGreaterThan(2 * GIBIBYTE);
    expect(peakMiB).toBeLessThan(PEAK_MIB);
  });

  test('for 500 MB of text, most of it on the disk when it is packed', async () => {
    const code = folder.plant('text', { 'index.js': 'export {}' });
    for (const part of [1, 2, 3, 4]) writeRepeated(`${code}/log${part}`, logLines(MEBIBYTE, part), 120);
    const { archives, peakMiB } = await archive({ paths: [code], root: folder.path, read: true });
    execFileSync('rm', ['-r', code]);
    expect(archives[0]).toMatchObject({ readable: true });
    expect(archives[0]?.size).toBeGreaterThan(64 * MEBIBYTE);
    expect(peakMiB).toBeLessThan(PEAK_MIB);
  });

  test('for 40,000 small files', async () => {
    const tree = Array.from({ length: 40_000 }, (_, i): [string, Planted] => [
      `node_modules/package${i % 500}/lib/module${i}.js`,
      `// ${i}\n${'exports.value = () => undefined;\n'.repeat(i % 40)}`,
    ]);
    const code = folder.plant('small', Object.fromEntries(tree));
    const { archives, peakMiB } = await archive({ paths: [code], root: folder.path, read: true });
    expect(archives[0]).toMatchObject({ readable: true });
    expect(peakMiB).toBeLessThan(PEAK_MIB);
  });
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const inPython = (script: string, ...args: readonly string[]): string =>
  execFileSync('python3', ['-c', `import sys, zipfile\narchive = zipfile.ZipFile(sys.argv[1])\n${script}`, ...args], {
    encoding: 'utf8',
  });

(hasPython() ? describe : describe.skip)(
  `zip64, read by Python${whySkipped(hasPython(), 'it is not installed')}`,
  () => {
    test('holds more than 65,535 files', async () => {
      const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file${i}`, String(i)]));
      folder.plant('shared', files);
      const links = Object.fromEntries(Array.from({ length: 220 }, (_, i) => [`link${i}`, { link: '../shared' }]));
      const code = folder.plant('linked', links);
      const archiver = createArchiver({ reporter: () => undefined, scratch: folder.at('scratch') });
      const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
      const content = await (await openSource({ path: code, wanted: 'zip' }, project, archiver)).open();
      const zip = folder.at('many.zip');
      const descriptor = openSync(zip, 'w');
      for await (const bytes of content.read()) writeSync(descriptor, bytes);
      closeSync(descriptor);
      await archiver.close();
      const script = 'print(len(archive.infolist()), archive.read("link219/file299").decode(), archive.testzip())';
      expect(inPython(script, zip)).toBe('66000 299 None\n');
    });

    test('holds a file of more than 4 GiB, and files behind it', () => {
      const size = 5 * GIBIBYTE;
      const large = entry('large.bin', size, zerosCrc32(size));
      const behind = entry('behind.txt', 6, crc32('behind'));
      const offset = localHeader(large).byteLength + size;
      const end = offset + localHeader(behind).byteLength + 6;
      const directory = Buffer.concat([centralHeader(large, 0), centralHeader(behind, offset)]);
      const zip = folder.at('large.zip');
      const descriptor = openSync(zip, 'w');
      // all that is not written are zeros, and take no room on the disk
      ftruncateSync(descriptor, end);
      writeSync(descriptor, localHeader(large), 0, undefined, 0);
      writeSync(descriptor, Buffer.concat([localHeader(behind), Buffer.from('behind')]), 0, undefined, offset);
      writeSync(descriptor, Buffer.concat([directory, endOfArchive(2, directory.byteLength, end)]), 0, undefined, end);
      closeSync(descriptor);
      const script =
        'print([(e.filename, e.file_size, e.header_offset) for e in archive.infolist()], archive.read("behind.txt"))';
      expect(inPython(script, zip)).toBe(`[('large.bin', ${size}, 0), ('behind.txt', 6, ${offset})] b'behind'\n`);
    });

    test('comes of a file of more than 4 GiB', async () => {
      const size = 4 * GIBIBYTE + 5;
      const code = folder.plant('sparse', { 'behind.txt': 'behind' });
      const descriptor = openSync(`${code}/a.bin`, 'w');
      ftruncateSync(descriptor, size);
      closeSync(descriptor);
      const out = folder.at('sparse.zip');
      const { peakMiB } = await archive({ paths: [code], root: folder.path, out });
      const script = 'print([(e.filename, e.file_size) for e in archive.infolist()], archive.read("behind.txt"))';
      expect(inPython(script, out)).toBe(`[('a.bin', ${size}), ('behind.txt', 6)] b'behind'\n`);
      expect(peakMiB).toBeLessThan(PEAK_MIB);
    });
  },
);

function entry(name: string, size: number, crc: number): ZipEntry {
  return { name: Buffer.from(name), method: 0, crc32: crc, size, packedSize: size, executable: false };
}

function zerosCrc32(length: number): number {
  if (length <= MEBIBYTE) return crc32(Buffer.alloc(length));
  const half = Math.floor(length / 2);
  return joinCrc32(zerosCrc32(half), zerosCrc32(length - half), length - half);
}
