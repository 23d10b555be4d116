import type { Method } from './compression.ts';

/** The bytes of a zip around its content, as archive format 1 fixes them: docs/archive-format.md. */

/** One file of an archive, ready to be written. */
export interface ZipEntry {
  /** UTF-8, at most 65,535 bytes. */
  readonly name: Buffer;
  readonly method: Method;
  readonly crc32: number;
  /** Bytes as they are, and as they stand in the archive. */
  readonly size: number;
  readonly packedSize: number;
  readonly executable: boolean;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_64 = 0x06064b50;
const END_LOCATOR_64 = 0x07064b50;
const EXTRA_64 = 0x0001;

const LOCAL_HEADER_SIZE = 30;
const CENTRAL_HEADER_SIZE = 46;

/** A field of two or four bytes with all bits set says that the value stands in the zip64 record. */
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;

/** 2.0: deflate. 4.5: zip64. */
const VERSION = 20;
const VERSION_64 = 45;
/** Unix, so that the modes count; written by 4.5. */
const MADE_BY = (3 << 8) | VERSION_64;
/** The name is UTF-8. */
const FLAGS = 1 << 11;
/** 1980-01-01 00:00:00, the earliest that zip can say. */
const TIME = 0;
const DATE = (0 << 9) | (1 << 5) | 1;

const REGULAR_FILE = 0o100000;
const EXECUTABLE_MODE = 0o755;
const MODE = 0o644;

/** Part of every source digest. Another number for other bytes, which deploys every stack again. */
export const ARCHIVE_FORMAT = 1;

export const NAME_LIMIT: number = MAX_16;

const isLarge = ({ size, packedSize }: ZipEntry): boolean => size >= MAX_32 || packedSize >= MAX_32;

/** Stands before the content. */
export function localHeader(entry: ZipEntry): Buffer {
  const large = isLarge(entry);
  const header = Buffer.allocUnsafe(localHeaderSize(entry)).fill(0);
  header.writeUInt32LE(LOCAL_HEADER, 0);
  writeCommonFields(header, 4, entry, large);
  header.writeUInt16LE(large ? 20 : 0, 28);
  entry.name.copy(header, LOCAL_HEADER_SIZE);
  if (large) writeExtra64(header, LOCAL_HEADER_SIZE + entry.name.byteLength, [entry.size, entry.packedSize]);
  return header;
}

/** Bytes of an entry's local header, its name and ZIP64 fields included. */
export function localHeaderSize(entry: ZipEntry): number {
  return LOCAL_HEADER_SIZE + entry.name.byteLength + (isLarge(entry) ? 20 : 0);
}

/** Stands in the directory at the end. `offset`: where the local header begins. */
export function centralHeader(entry: ZipEntry, offset: number): Buffer {
  const large = isLarge(entry);
  const far = offset >= MAX_32;
  const extra = [...(large ? [entry.size, entry.packedSize] : []), ...(far ? [offset] : [])];
  const extraSize = extra.length === 0 ? 0 : 4 + 8 * extra.length;
  const header = Buffer.allocUnsafe(CENTRAL_HEADER_SIZE + entry.name.byteLength + extraSize).fill(0);
  header.writeUInt32LE(CENTRAL_HEADER, 0);
  header.writeUInt16LE(MADE_BY, 4);
  writeCommonFields(header, 6, entry, large, large || far);
  header.writeUInt16LE(extraSize, 30);
  header.writeUInt32LE(((REGULAR_FILE | (entry.executable ? EXECUTABLE_MODE : MODE)) << 16) >>> 0, 38);
  header.writeUInt32LE(far ? MAX_32 : offset, 42);
  entry.name.copy(header, CENTRAL_HEADER_SIZE);
  if (extra.length > 0) writeExtra64(header, CENTRAL_HEADER_SIZE + entry.name.byteLength, extra);
  return header;
}

/** What both headers say, from the version that is needed to the length of the name. */
function writeCommonFields(
  header: Buffer,
  at: number,
  entry: ZipEntry,
  large: boolean,
  needs64: boolean = large,
): void {
  header.writeUInt16LE(needs64 ? VERSION_64 : VERSION, at);
  header.writeUInt16LE(FLAGS, at + 2);
  header.writeUInt16LE(entry.method, at + 4);
  header.writeUInt16LE(TIME, at + 6);
  header.writeUInt16LE(DATE, at + 8);
  header.writeUInt32LE(entry.crc32, at + 10);
  header.writeUInt32LE(large ? MAX_32 : entry.packedSize, at + 14);
  header.writeUInt32LE(large ? MAX_32 : entry.size, at + 18);
  header.writeUInt16LE(entry.name.byteLength, at + 22);
}

function writeExtra64(header: Buffer, at: number, values: readonly number[]): void {
  header.writeUInt16LE(EXTRA_64, at);
  header.writeUInt16LE(8 * values.length, at + 2);
  values.forEach((value, i) => header.writeBigUInt64LE(BigInt(value), at + 4 + 8 * i));
}

/** The last bytes of the archive. `offset`: where the directory begins. */
export function endOfArchive(entries: number, directorySize: number, offset: number): Buffer {
  const needs64 = entries >= MAX_16 || directorySize >= MAX_32 || offset >= MAX_32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END_OF_DIRECTORY, 0);
  end.writeUInt16LE(Math.min(entries, MAX_16), 8);
  end.writeUInt16LE(Math.min(entries, MAX_16), 10);
  end.writeUInt32LE(Math.min(directorySize, MAX_32), 12);
  end.writeUInt32LE(Math.min(offset, MAX_32), 16);
  return needs64 ? Buffer.concat([endOfArchive64(entries, directorySize, offset), end]) : end;
}

function endOfArchive64(entries: number, directorySize: number, offset: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(END_OF_DIRECTORY_64, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(MADE_BY, 12);
  end.writeUInt16LE(VERSION_64, 14);
  end.writeBigUInt64LE(BigInt(entries), 24);
  end.writeBigUInt64LE(BigInt(entries), 32);
  end.writeBigUInt64LE(BigInt(directorySize), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(END_LOCATOR_64, 56);
  end.writeBigUInt64LE(BigInt(offset + directorySize), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
