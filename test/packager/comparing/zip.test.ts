import { crc32 as nodeCrc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { digestZip } from '../../../packager/comparing/zip-content.ts';
import type { ZipFile } from '../../../packager/comparing/zip-directory.ts';
import { readZipDirectory } from '../../../packager/comparing/zip-directory.ts';
import { sha256 } from '../../../repository/digest.ts';

/** What stands in one entry; the directory says it, true or not. */
interface Made {
  readonly name: string | Buffer;
  readonly content: string;
  readonly method?: number;
  readonly mode?: number;
  readonly host?: number;
  readonly flags?: number;
  /** What the directory says in the place of the truth. */
  readonly told?: Partial<Record<'size' | 'packedSize' | 'offset' | 'crc32', number>>;
}

interface Zip {
  readonly bytes: Buffer;
  readonly directory: number;
}

/** By the letter of the format, and not by our own writer: what reads is to be held against something else. */
function zipOf(entries: readonly Made[], { comment = '', before = '', large = false } = {}): Zip {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method = 8, mode, host = 3, flags = 0, told = {} } of entries) {
    const plain = Buffer.from(content);
    const packed = method === 8 ? deflateRawSync(plain) : plain;
    const path = Buffer.from(name as string);
    const crc32 = told.crc32 ?? crcOf(plain);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(path.byteLength, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt8(host, 5);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32, 16);
    const sizes = [told.size ?? plain.byteLength, told.packedSize ?? packed.byteLength, told.offset ?? offset];
    const extra = Buffer.alloc(large ? 28 : 0);
    if (large) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      sizes.forEach((value, index) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index));
    }
    const shown = large ? [0xffffffff, 0xffffffff, 0xffffffff] : sizes;
    central.writeUInt32LE(shown[0]!, 24);
    central.writeUInt32LE(shown[1]!, 20);
    central.writeUInt32LE(shown[2]!, 42);
    central.writeUInt16LE(path.byteLength, 28);
    central.writeUInt16LE(extra.byteLength, 30);
    if (mode !== undefined) central.writeUInt32LE((mode << 16) >>> 0, 38);
    locals.push(local, path, packed);
    centrals.push(central, path, extra);
    offset += 30 + path.byteLength + packed.byteLength;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(large ? 0xffff : entries.length, 10);
  end.writeUInt32LE(large ? 0xffffffff : directory.byteLength, 12);
  end.writeUInt32LE(large ? 0xffffffff : offset, 16);
  end.writeUInt16LE(Buffer.byteLength(comment), 20);
  const end64 = Buffer.alloc(large ? 76 : 0);
  if (large) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(entries.length), 32);
    end64.writeBigUInt64LE(BigInt(directory.byteLength), 40);
    end64.writeBigUInt64LE(BigInt(offset), 48);
    end64.writeUInt32LE(0x07064b50, 56);
  }
  const parts = [Buffer.from(before), ...locals, directory, end64, end, Buffer.from(comment)];
  return { bytes: Buffer.concat(parts), directory: Buffer.byteLength(before) + offset };
}

/** Node 20 has none of its own in every release: bit by bit, as the format defines it. */
function crcOf(bytes: Buffer): number {
  if (typeof nodeCrc32 === 'function') return nodeCrc32(bytes);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

interface Read {
  readonly files: readonly ZipFile[] | undefined;
  /** Bytes that were asked for. */
  readonly asked: number;
}

async function read(bytes: Buffer): Promise<Read> {
  let asked = 0;
  const files = await readZipDirectory((from, length) => {
    expect(from).toBeGreaterThanOrEqual(0);
    asked += length;
    return Promise.resolve(bytes.subarray(from, from + length));
  }, bytes.byteLength);
  return { files, asked };
}

async function* inPieces(bytes: Buffer, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const TWO: readonly Made[] = [
  { name: 'a.js', content: 'one', mode: 0o100644 },
  { name: 'bin/run', content: 'two two two two', mode: 0o100755 },
];

describe('the directory of a zip', () => {
  test.each([
    ['as it is', {}],
    ['with ZIP64 fields', { large: true }],
    ['with a comment', { comment: 'made by hand' }],
    ['with a comment that looks like the end', { comment: 'PK\u0005\u0006 and more than twenty-two bytes behind it' }],
    ['behind other bytes, as one that runs by itself', { before: '#!/usr/bin/env python3\n' }],
    ['with ZIP64 fields behind other bytes', { before: '#!/bin/sh\n', large: true }],
  ])('%s', async (_how, options) => {
    const { bytes } = zipOf(TWO, options);
    const { files } = await read(bytes);
    expect(files?.map(({ path, size, crc32, mode }) => [path, size, crc32, mode])).toEqual([
      ['a.js', 3, crcOf(Buffer.from('one')), 0o644],
      ['bin/run', 15, crcOf(Buffer.from('two two two two')), 0o755],
    ]);
    for (const { offset } of files ?? []) expect(bytes.readUInt32LE(offset)).toBe(0x04034b50);
  });

  test('is read without what stands before it', async () => {
    const { bytes, directory } = zipOf([{ name: 'large', content: 'x'.repeat(1_000_000), method: 0 }]);
    const { asked } = await read(bytes);
    expect(asked).toBeLessThan(150_000);
    expect(directory).toBeGreaterThan(1_000_000);
  });

  test('tells names as they stand there, and each of several that are the same', async () => {
    const names = ['../../etc/passwd', '/absolute', 'C:\\x', 'a', 'a', 'folder/', 'nul\0', 'é', Buffer.from([0xe9])];
    const { files } = await read(zipOf(names.map((name) => ({ name, content: '' }))).bytes);
    expect(files?.map(({ path, occurrence }) => [path, occurrence])).toEqual([
      ...[
        ['../../etc/passwd', 1],
        ['/absolute', 1],
        ['C:\\x', 1],
        ['a', 1],
        ['a', 2],
        ['nul\0', 1],
        ['é', 1],
        ['é', 2],
      ],
    ]);
  });

  test('has permissions of Unix alone, and tells links', async () => {
    const { files } = await read(
      zipOf([
        { name: 'dos', content: '', host: 0, mode: 0o100755 },
        { name: 'none', content: '' },
        { name: 'link', content: 'a', mode: 0o120777 },
      ]).bytes,
    );
    expect(files?.map(({ mode, isLink }) => [mode, isLink])).toEqual([
      [undefined, false],
      [undefined, false],
      [0o777, true],
    ]);
  });

  test('what is none is none', async () => {
    const { bytes } = zipOf(TWO);
    for (const other of ['', 'PK', 'x'.repeat(100_000)]) expect((await read(Buffer.from(other))).files).toBeUndefined();
    for (let size = 0; size < bytes.byteLength; size += 1)
      expect((await read(bytes.subarray(0, size))).files).toBeUndefined();
  });

  test('whatever is changed in it, it is read or it is none; and no more is asked for than there is', async () => {
    const { bytes } = zipOf(TWO, { large: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const changed = Buffer.from(bytes);
          for (const [at, value] of changes) changed[at] = value;
          const { files = [], asked } = await read(changed);
          expect(asked).toBeLessThan(4 * 256 * 1024 * 1024);
          await digestZip(inPieces(changed), files);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the content of a zip', () => {
  test('is digested file by file, in whatever pieces it comes', async () => {
    const { bytes } = zipOf(
      [...TWO, { name: 'stored', content: 'as it is', method: 0 }, { name: 'empty', content: '' }],
      {
        before: 'before',
      },
    );
    const { files = [] } = await read(bytes);
    for (const size of [1, 13, 100_000]) {
      const digests = await digestZip(inPieces(bytes, size), files);
      expect(files.map((file) => digests.get(file))).toEqual(
        ['one', 'two two two two', 'as it is', ''].map((text) => sha256(text)),
      );
    }
  });

  test('nothing gives more than it says, and what can not be read is left out', async () => {
    const { bytes } = zipOf([
      { name: 'bomb', content: '0'.repeat(10_000_000), told: { size: 10 } },
      { name: 'short', content: 'abc', told: { size: 10 } },
      { name: 'encrypted', content: 'abc', flags: 1 },
      { name: 'other', content: 'abc', method: 93 },
      { name: 'no deflate', content: 'this is no deflated text', method: 8, told: { packedSize: 3 } },
      { name: 'elsewhere', content: 'abc', told: { offset: 5 } },
      { name: 'sound', content: 'abc' },
    ]);
    const { files = [] } = await read(bytes);
    const digests = await digestZip(inPieces(bytes, 1000), files);
    expect([...digests.keys()].map(({ path }) => path)).toEqual(['sound']);
  });

  test('one that lies upon another is left out', async () => {
    const { bytes } = zipOf([TWO[0]!, { ...TWO[1]!, told: { offset: 0 } }]);
    const { files = [] } = await read(bytes);
    expect((await digestZip(inPieces(bytes), files)).size).toBe(1);
  });

  test('what fails underneath fails', async () => {
    const { bytes } = zipOf(TWO);
    const { files = [] } = await read(bytes);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 36);
      throw new Error('the line is cut');
    }
    await expect(digestZip(broken(), files)).rejects.toThrow('the line is cut');
  });
});
