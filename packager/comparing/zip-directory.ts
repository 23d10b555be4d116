/**
 * The directory at the end of a zip, read from whoever made it and therefore not trusted: nothing is unpacked, no name is a path for anybody, every number is held against the bytes
 * that there are. The form is that of PKWARE's APPNOTE 6.3.10, sections 4.3.12 to 4.3.16, ZIP64 included.
 */

/** One file of an archive, as the directory tells. */
export interface ZipFile {
  /** As it stands there, whatever that is. */
  readonly path: string;
  /** Of several of one path the second, third …; 1 of nearly all. */
  readonly occurrence: number;
  /** Bytes, unpacked and in the archive. */
  readonly size: number;
  readonly packedSize: number;
  readonly crc32: number;
  /** Permissions, 9 bits; absent where the archive has none of Unix. */
  readonly mode?: number;
  readonly isLink: boolean;
  /** How it is packed: 0 as it is, 8 by deflate. */
  readonly method: number;
  readonly isEncrypted: boolean;
  /** Where its own header is, from the beginning of the archive. */
  readonly offset: number;
}

/** So many bytes from a place on. */
export type ReadAt = (from: number, length: number) => Promise<Buffer>;

const END = 0x06054b50;
const END_SIZE = 22;
const COMMENT_LIMIT = 0xffff;
const LOCATOR_64 = 0x07064b50;
const LOCATOR_64_SIZE = 20;
const END_64 = 0x06064b50;
const END_64_SIZE = 56;
const ENTRY = 0x02014b50;
const ENTRY_SIZE = 46;
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
const EXTRA_64 = 0x0001;
const UNIX = 3;

/** Bytes. The directory of a million files is smaller. */
const DIRECTORY_LIMIT = 256 * 1024 * 1024;

/**
 * The files of a zip, folders left out; `undefined` where it is none, or one that is damaged.
 * @param size bytes of the whole
 */
export async function readZipDirectory(read: ReadAt, size: number): Promise<readonly ZipFile[] | undefined> {
  if (size < END_SIZE) return undefined;
  const tailSize = Math.min(size, LOCATOR_64_SIZE + END_SIZE + COMMENT_LIMIT);
  const tail = await read(size - tailSize, tailSize);
  const end = findEnd(tail);
  if (end === undefined) return undefined;
  const place = await directoryPlace(read, tail, end, size - tailSize);
  // Of a number that is none every comparison is false.
  if (place === undefined || !(place.size <= DIRECTORY_LIMIT && place.start >= 0 && place.entries >= 0))
    return undefined;
  const bytes = await read(place.start, place.size);
  if (bytes.byteLength !== place.size) return undefined;
  // What stands before the first file, as in an archive that runs by itself, is not counted by the directory.
  const before = place.start - place.told;
  return before >= 0 ? filesIn(bytes, place.entries, before) : undefined;
}

/** The last place that says it is the end, and whose comment ends with the archive. */
function findEnd(tail: Buffer): number | undefined {
  for (let at = tail.byteLength - END_SIZE; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) === END && at + END_SIZE + tail.readUInt16LE(at + 20) === tail.byteLength) return at;
  }
  return undefined;
}

interface Place {
  readonly start: number;
  /** Where the archive says that it starts. */
  readonly told: number;
  readonly size: number;
  readonly entries: number;
}

async function directoryPlace(read: ReadAt, tail: Buffer, end: number, tailAt: number): Promise<Place | undefined> {
  const entries = tail.readUInt16LE(end + 10);
  const size = tail.readUInt32LE(end + 12);
  const told = tail.readUInt32LE(end + 16);
  if (entries !== MAX_16 && size !== MAX_32 && told !== MAX_32)
    return { start: tailAt + end - size, told, size, entries };
  const locator = end - LOCATOR_64_SIZE;
  if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR_64)
    return { start: tailAt + end - size, told, size, entries };
  // It stands right before its locator, wherever that says: what was put before the archive moves both.
  const at = tailAt + locator - END_64_SIZE;
  const record = at < 0 ? Buffer.alloc(0) : await read(at, END_64_SIZE);
  if (record.byteLength !== END_64_SIZE || record.readUInt32LE(0) !== END_64) return undefined;
  const large = { entries: number64(record, 32), size: number64(record, 40), told: number64(record, 48) };
  return { ...large, start: at - large.size };
}

/** What is too large to be exact is too large for anything: NaN. */
function number64(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.NaN : Number(value);
}

function filesIn(bytes: Buffer, entries: number, before: number): readonly ZipFile[] | undefined {
  const files: ZipFile[] = [];
  const seen = new Map<string, number>();
  let at = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    if (at + ENTRY_SIZE > bytes.byteLength || bytes.readUInt32LE(at) !== ENTRY) return undefined;
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const next = at + ENTRY_SIZE + (nameSize ?? 0) + (extraSize ?? 0) + (commentSize ?? 0);
    if (next > bytes.byteLength) return undefined;
    const path = nameIn(bytes, at, nameSize ?? 0);
    const occurrence = (seen.get(path) ?? 0) + 1;
    seen.set(path, occurrence);
    const file = fileAt(bytes.subarray(at, next), nameSize ?? 0, { path, occurrence }, before);
    if (file === undefined) return undefined;
    if (!path.endsWith('/')) files.push(file);
    at = next;
  }
  return files;
}

/** UTF-8, if it is that, whether or not it says so. */
function nameIn(bytes: Buffer, at: number, size: number): string {
  const name = bytes.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + size);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    return name.toString('latin1');
  }
}

function fileAt(
  entry: Buffer,
  nameSize: number,
  name: Pick<ZipFile, 'path' | 'occurrence'>,
  before: number,
): ZipFile | undefined {
  const [packed, unpacked, offset] = [20, 24, 42].map((field) => entry.readUInt32LE(field));
  const extra = entry.subarray(ENTRY_SIZE + nameSize, ENTRY_SIZE + nameSize + entry.readUInt16LE(30));
  const large = extra64(extra);
  const take = (value = 0): number => (value === MAX_32 ? (large.shift() ?? value) : value);
  // In this order they stand there, each only if its own field has no room.
  const [size, packedSize, start] = [take(unpacked), take(packed), take(offset)];
  if (Number.isNaN(size + packedSize + start)) return undefined;
  const attributes = entry.readUInt32LE(38) >>> 16;
  const isUnix = entry.readUInt8(5) === UNIX && attributes !== 0;
  return {
    ...name,
    ...{ size, packedSize, crc32: entry.readUInt32LE(16), method: entry.readUInt16LE(10), offset: before + start },
    ...(isUnix && { mode: attributes & 0o777 }),
    isLink: isUnix && (attributes & 0o170000) === 0o120000,
    isEncrypted: (entry.readUInt16LE(8) & 1) === 1,
  };
}

function extra64(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const size = extra.readUInt16LE(at + 2);
    const end = Math.min(at + 4 + size, extra.byteLength);
    if (extra.readUInt16LE(at) === EXTRA_64) {
      const values: number[] = [];
      for (let field = at + 4; field + 8 <= end; field += 8) values.push(number64(extra, field));
      return values;
    }
    at += 4 + size;
  }
  return [];
}
