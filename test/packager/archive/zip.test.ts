import { describe, expect, test } from '@jest/globals';
import { centralHeader, endOfArchive, localHeader, localHeaderSize } from '../../../packager/archive/zip.ts';
import type { ZipEntry } from '../../../packager/archive/zip.ts';

const entry: ZipEntry = {
  name: Buffer.from('ä/b'),
  method: 8,
  crc32: 0x01020304,
  size: 0x0a0b0c0d,
  packedSize: 0x00000102,
  executable: false,
};
const GIBIBYTE = 2 ** 30;

/** Words apart, so that a failure shows which field differs. */
const hex = (...fields: readonly string[]): string => fields.join('').replaceAll(' ', '');

describe('headers of archive format 1', () => {
  test('stand before each file', () => {
    const fields = [
      '504b0304',
      '1400',
      '0008',
      '0800',
      '0000 2100',
      '04030201',
      '02010000',
      '0d0c0b0a',
      '0400',
      '0000',
    ];
    expect(localHeader(entry).toString('hex')).toBe(hex(...fields, 'c3a4 2f 62'));
    expect(localHeaderSize(entry)).toBe(localHeader(entry).byteLength);
  });

  test('stand in the directory, with the mode of the file', () => {
    const common = ['1400', '0008', '0800', '0000 2100', '04030201', '02010000', '0d0c0b0a', '0400', '0000'];
    const rest = ['0000', '0000', '0000', '0000a481', '78563412', 'c3a4 2f 62'];
    expect(centralHeader(entry, 0x12345678).toString('hex')).toBe(hex('504b0102', '2d03', ...common, ...rest));
    const executable = centralHeader({ ...entry, executable: true }, 0);
    expect(executable.readUInt32LE(38) >>> 16).toBe(0o100755);
  });

  test('say sizes from 4 GiB - 1 on in 64 bits, both of them', () => {
    const large: ZipEntry = { ...entry, size: 5 * GIBIBYTE };
    const header = localHeader(large);
    expect(header.readUInt16LE(4)).toBe(45);
    expect([header.readUInt32LE(18), header.readUInt32LE(22)]).toEqual([0xffffffff, 0xffffffff]);
    expect(header.subarray(34).toString('hex')).toBe(hex('0100', '1000', '00000040 01000000', '02010000 00000000'));
    expect(localHeaderSize(large)).toBe(header.byteLength);
    expect(localHeader({ ...entry, size: 0xffffffff }).readUInt16LE(4)).toBe(45);
    expect(localHeader({ ...entry, size: 0xfffffffe }).readUInt16LE(4)).toBe(20);
  });

  test('say an offset from 4 GiB - 1 on in 64 bits, alone where the sizes are small', () => {
    const far = centralHeader(entry, 6 * GIBIBYTE);
    expect(far.readUInt16LE(6)).toBe(45);
    expect(far.readUInt32LE(42)).toBe(0xffffffff);
    expect(far.readUInt32LE(24)).toBe(0x0a0b0c0d);
    expect(far.subarray(50).toString('hex')).toBe(hex('0100', '0800', '00000080 01000000'));
    expect(centralHeader(entry, 0xfffffffe).readUInt16LE(6)).toBe(20);
  });

  test('say sizes and offset together, in this order', () => {
    const both = centralHeader({ ...entry, packedSize: 5 * GIBIBYTE }, 6 * GIBIBYTE);
    const extra = hex('0100', '1800', '0d0c0b0a 00000000', '00000040 01000000', '00000080 01000000');
    expect(both.subarray(50).toString('hex')).toBe(extra);
    expect(both.readUInt16LE(30)).toBe(28);
  });
});

describe('the end of an archive', () => {
  test('counts its files and says where the directory is', () => {
    const fields = ['504b0506', '0000', '0000', '0300', '0300', '22000000', '11000000', '0000'];
    expect(endOfArchive(3, 0x22, 0x11).toString('hex')).toBe(hex(...fields));
  });

  test.each([
    ['65,535 files', 65_535, 10, 20],
    ['a directory of 4 GiB', 1, 2 ** 32, 20],
    ['a directory beyond 4 GiB', 1, 10, 2 ** 32],
  ])('is written in 64 bits for %s', (_, entries, size, offset) => {
    const end = endOfArchive(entries, size, offset);
    expect(end.byteLength).toBe(56 + 20 + 22);
    expect(end.readUInt32LE(0)).toBe(0x06064b50);
    expect([end.readBigUInt64LE(32), end.readBigUInt64LE(40), end.readBigUInt64LE(48)]).toEqual(
      [entries, size, offset].map(BigInt),
    );
    expect(end.readBigUInt64LE(64)).toBe(BigInt(size + offset));
  });

  test('needs no 64 bits below that', () => {
    expect(endOfArchive(65_534, 0xfffffffe, 0xfffffffe).byteLength).toBe(22);
  });
});
