import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PART_SIZE, UNDIVIDED, bytesOf } from '../../../repository/content.ts';
import { sha256 } from '../../../repository/digest.ts';
import type { OpenContent } from '../../../repository/publishable.ts';
import { archive } from '../../../packager/archive/archive.ts';
import type { ArchiveFile } from '../../../packager/archive/layout.ts';
import { STORED, sampleOffsets } from '../../../packager/archive/compression.ts';
import { digestAt } from '../../../packager/archive/contents.ts';
import { PIECE_SIZE } from '../../../packager/archive/deflate.ts';
import type { Executor } from '../../../packager/archive/executor.ts';
import { localExecutor } from '../../../packager/archive/executor.ts';
import { stateOf } from '../../../packager/archive/file.ts';
import { fileList, filesOf } from '../../../packager/archive/file-list.ts';
import { runJob } from '../../../packager/archive/jobs.ts';
import type { HashedList } from '../../../packager/archive/jobs.ts';
import { Packer } from '../../../packager/archive/packer.ts';
import { Shelves } from '../../../packager/archive/shelf.ts';
import { createArchiver } from '../../../packager/archive/source.ts';
import { Folder, logLines, noise } from './folder.ts';

let folder: Folder;
let packed: string[];
let executor: Executor;
beforeEach(() => {
  folder = new Folder();
  packed = [];
  const local = localExecutor();
  executor = {
    run: (kind, input) => {
      if (kind === 'pack') packed.push(...filesOf((input as HashedList).list).map((file) => file.path));
      if (kind === 'deflatePiece') packed.push((input as { file: { path: string } }).file.path);
      return local.run(kind, input);
    },
    close: (reason) => local.close(reason),
  };
});
afterEach(() => {
  folder.remove();
});

/** Files of a planted folder, measured. */
function files(name: string, tree: Readonly<Record<string, string | Uint8Array>>): ArchiveFile[] {
  folder.plant(name, tree);
  return Object.keys(tree).map((below) => {
    const file = stateOf(folder.at(name, below), lstatSync(folder.at(name, below)));
    const measured = runJob('measure', fileList([file]));
    if (measured.problems.length > 0) throw new Error(`can't measure ${file.path}`);
    return { name: below, executable: false, file, sha256: digestAt(measured, 0), crc32: measured.crc32[0] ?? 0 };
  });
}

const quietly = { onProgress: (): void => undefined, pause: () => Promise.resolve() };

/** Whichever way it is read. */
async function readable(content: OpenContent): Promise<boolean> {
  const whole = await bytesOf(content.read());
  const filled = Buffer.alloc(content.size);
  for (let at = 0; at < content.size; at += 700_001) await content.readInto?.(filled.subarray(at, at + 700_001), at);
  return sha256(whole) === content.sha256 && filled.equals(whole);
}

describe('an archive', () => {
  const large = { noise: noise(UNDIVIDED, 1), text: logLines(1_500_000, 1), small: 'x' };

  test('that may go up in parts knows the digest of each', async () => {
    const content = await archive(files('code', large), new Packer(folder.at('scratch'), () => executor), quietly);
    const whole = await bytesOf(content.read());
    const parts = Array.from({ length: Math.ceil(whole.byteLength / PART_SIZE) }, (_, i) =>
      sha256(whole.subarray(PART_SIZE * i, PART_SIZE * (i + 1))),
    );
    expect(content.parts).toEqual({ size: PART_SIZE, digests: parts });
    expect(await readable(content)).toBe(true);
  });

  test('of whole parts has none that is empty', async () => {
    const packer = new Packer(folder.at('scratch'), () => executor);
    const { size } = await archive(files('code', { noise: large.noise }), packer, quietly);
    const noisy = noise(UNDIVIDED + PART_SIZE - (size - UNDIVIDED), 2);
    const content = await archive(files('whole', { noise: noisy }), packer, quietly);
    expect(content.size).toBe(UNDIVIDED + PART_SIZE);
    expect(content.parts?.digests).toHaveLength(9);
  });

  test('that goes up at once is not hashed twice', async () => {
    const content = await archive(files('code', { a: 'a' }), new Packer(folder.at('scratch'), () => executor), quietly);
    expect(content.parts).toBeUndefined();
  });

  test('is not filled from a source that has changed', async () => {
    const content = await archive(files('code', large), new Packer(folder.at('scratch'), () => executor), quietly);
    folder.plant('code', { noise: noise(UNDIVIDED, 2) });
    const part = Buffer.alloc(PART_SIZE);
    await expect(content.readInto?.(part, PART_SIZE)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });
});

describe('content', () => {
  test('is packed once in a run, in one archive and across archives that are made at once', async () => {
    const packer = new Packer(folder.at('scratch'), () => executor);
    const one = files('one', { a: 'same', b: 'same', c: 'other', large: logLines(1_500_000, 1) });
    const two = files('two', { x: 'same', y: 'own', large: logLines(1_500_000, 1) });
    await Promise.all([archive(one, packer, quietly), archive(two, packer, quietly)]);
    await archive(one, packer, quietly);
    expect(packed.map((file) => file.slice(folder.path.length)).sort()).toEqual([
      ...['/one/a', '/one/c'],
      // one for each of its pieces
      ...['/one/large', '/one/large', '/two/y'],
    ]);
  });

  test('that is stored in pieces is read from the source', async () => {
    const packer = new Packer(folder.at('scratch'), () => executor);
    const content = await archive(files('code', { noise: noise(2_000_000, 1) }), packer, quietly);
    expect(packed).toEqual([]);
    expect(await readable(content)).toBe(true);
  });

  test('whose samples deceive is stored all the same', async () => {
    const content = noise(12 * PIECE_SIZE, 3);
    for (const offset of sampleOffsets(content.byteLength)) content.fill(0, offset, offset + 500);
    const packer = new Packer(folder.at('scratch'), () => executor);
    const opened = await archive(files('code', { content }), packer, quietly);
    expect(packed).toHaveLength(12);
    expect((await bytesOf(opened.read(0, 10)))[8]).toBe(STORED);
    expect(await readable(opened)).toBe(true);
  });

  test('beyond the memory goes to the disk, is read from there, and leaves nothing behind', async () => {
    const archiver = createArchiver({
      reporter: () => undefined,
      scratch: folder.at('scratch'),
      threads: 0,
      memory: 100_000,
    });
    const tree = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`file${i}`, noise(50_000, i)]));
    const opened = await archiver.archive(files('code', tree), 'code');
    expect(readdirSync(folder.at('scratch'))).toEqual([]);
    expect(await readable(opened)).toBe(true);
    expect(
      (await bytesOf(opened.read(123_456, 400_001))).equals((await bytesOf(opened.read())).subarray(123_456, 400_001)),
    ).toBe(true);
    await opened.close();
    const again = await archiver.archive(files('code', tree), 'code');
    expect(again.sha256).toBe(opened.sha256);
    await archiver.close();
    expect(existsSync(folder.at('scratch'))).toBe(false);
  });

  test('that a file of changed content announced is refused', async () => {
    const packer = new Packer(folder.at('scratch'), () => executor);
    const [small, large] = files('code', { small: 'x', large: logLines(1_500_000, 1) });
    const wrong = [
      { ...small!, sha256: sha256('y') },
      { ...large!, crc32: 1 },
    ];
    await expect(archive(wrong, packer, quietly)).rejects.toMatchObject({
      problems: [{ code: 'SOURCE_CHANGED' }, { code: 'SOURCE_CHANGED' }],
    });
  });
});

test('a scratch folder that can not be made is an error', async () => {
  folder.plant('.', { file: 'in the way' });
  const packer = new Packer(folder.at('file/scratch'), () => executor, 0);
  await expect(archive(files('code', { a: 'a' }), packer, quietly)).rejects.toMatchObject({
    problems: [{ code: 'OUTPUT_FAILED' }],
  });
});

describe('shelves', () => {
  test('last while an archive holds them, and then as long as the disk may be used', () => {
    const forgotten: string[] = [];
    const shelves = new Shelves(folder.at('scratch'), (digest) => forgotten.push(digest), 10);
    const holdings = [0, 1, 2].map(() => ({ shelves: new Set<never>(), released: false }));
    const kept = holdings.map((holding, i) => {
      const shelf = shelves.ownOf(holding);
      shelf.spool.append(Buffer.from(`shelf ${i}`));
      shelf.digests.add(sha256(String(i)));
      return shelf;
    });
    shelves.hold(kept[0]!, holdings[1]!);
    shelves.release(holdings[0]!);
    shelves.release(holdings[2]!);
    expect(forgotten).toEqual([]);
    shelves.release(holdings[1]!);
    expect(forgotten).toEqual([sha256('0'), sha256('1')]);
    const read = Buffer.alloc(5);
    kept[2]!.spool.read(2, read);
    expect(read.toString()).toBe('elf 2');
    shelves.close();
    expect(forgotten).toHaveLength(3);
  });
});
