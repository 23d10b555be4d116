import type { BlobName, Digest, ObjectStore } from '../../repository/index.ts';
import { bytesOf, readBlob } from '../../repository/index.ts';
import { keyOf } from '../../repository/blob.ts';
import { digestZip } from './zip-content.ts';
import type { ReadAt, ZipFile } from './zip-directory.ts';
import { readZipDirectory } from './zip-directory.ts';

/** A file of an archive, as it is compared. */
export interface ComparedFile {
  /** Bytes. */
  readonly size: number;
  readonly crc32: number;
  /** 9 bits; absent where the archive has none of Unix. */
  readonly mode?: number;
  readonly isLink: boolean;
  /** Absent where content was not read, or could not be. */
  readonly sha256?: Digest;
}

export interface FileChange {
  /** As the archive has it: nothing to be shown as it is, nor to be written to. */
  readonly path: string;
  /** Of several files of one path in one archive: which; 1 of nearly all. */
  readonly occurrence: number;
  readonly from?: ComparedFile;
  readonly to?: ComparedFile;
}

export interface ArchiveComparison {
  /** What was added, removed or changed, by path. */
  readonly changes: readonly FileChange[];
  /** Files that are the same in both. */
  readonly unchanged: number;
  /** Files that the archive has, and whose content could not be read where it was wanted. */
  readonly unreadable: readonly string[];
}

/** Content, and where it is: both may be at home in different domains. */
export interface StoredBlob extends BlobName {
  readonly store: ObjectStore;
  /** Bytes. */
  readonly size: number;
}

/**
 * Compares two zips file by file. `undefined` where one of them is none.
 * @param isDeep whether all content is read, verified and compared by its digests; else size and CRC-32 decide, which the archives say themselves, and their directories alone are read
 */
export async function compareArchives(
  from: StoredBlob,
  to: StoredBlob,
  isDeep: boolean,
): Promise<ArchiveComparison | undefined> {
  const [before, after] = await Promise.all([from, to].map((blob) => readZipDirectory(readerOf(blob), blob.size)));
  if (before === undefined || after === undefined) return undefined;
  const digests = isDeep ? new Map([...(await digestsOf(from, before)), ...(await digestsOf(to, after))]) : undefined;
  return compared(before, after, digests);
}

async function digestsOf(blob: StoredBlob, files: readonly ZipFile[]): Promise<ReadonlyMap<ZipFile, Digest>> {
  return digestZip((await readBlob(blob.store, blob)).body, files);
}

function compared(
  before: readonly ZipFile[],
  after: readonly ZipFile[],
  digests: ReadonlyMap<ZipFile, Digest> | undefined,
): ArchiveComparison {
  const [old, current] = [byName(before), byName(after)];
  const names = [...new Set([...old.keys(), ...current.keys()])].sort();
  const changes: FileChange[] = [];
  let unchanged = 0;
  for (const name of names) {
    const [one, other] = [old.get(name), current.get(name)];
    const { path, occurrence } = one ?? other ?? { path: name, occurrence: 1 };
    const [from, to] = [one && comparedFile(one, digests), other && comparedFile(other, digests)];
    if (from !== undefined && to !== undefined && isSame(from, to)) unchanged += 1;
    else changes.push({ path, occurrence, ...(from && { from }), ...(to && { to }) });
  }
  const unreadable = digests === undefined ? [] : [...before, ...after].filter((file) => !digests.has(file));
  return { changes, unchanged, unreadable: [...new Set(unreadable.map(({ path }) => path))].sort() };
}

/** A NUL can stand in a path; a number behind it makes of two paths never one. */
function byName(files: readonly ZipFile[]): ReadonlyMap<string, ZipFile> {
  return new Map(files.map((file) => [`${file.path}\0${String(file.occurrence)}`, file]));
}

function comparedFile(file: ZipFile, digests: ReadonlyMap<ZipFile, Digest> | undefined): ComparedFile {
  const { size, crc32, mode, isLink } = file;
  const sha256 = digests?.get(file);
  return { size, crc32, isLink, ...(mode !== undefined && { mode }), ...(sha256 !== undefined && { sha256 }) };
}

function isSame(one: ComparedFile, other: ComparedFile): boolean {
  return hasSameContent(one, other) && !hasOtherMode(one, other) && one.isLink === other.isLink;
}

export function hasSameContent(one: ComparedFile, other: ComparedFile): boolean {
  return one.size === other.size && one.crc32 === other.crc32 && one.sha256 === other.sha256;
}

/** Where one archive tells nothing of permissions, they are not known to be others. */
export function hasOtherMode(one: ComparedFile, other: ComparedFile): boolean {
  return one.mode !== undefined && other.mode !== undefined && one.mode !== other.mode;
}

/** A piece of what is stored; nothing proves that it is what the digest says. */
function readerOf(blob: StoredBlob): ReadAt {
  return async (from, length) => {
    if (length === 0) return Buffer.alloc(0);
    const object = await blob.store.read(keyOf(blob), undefined, from);
    if (object === undefined) return Buffer.alloc(0);
    return (await bytesOf(first(object.body, length))).subarray(0, length);
  };
}

async function* first(bytes: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let wanted = length;
  for await (const piece of bytes) {
    yield piece;
    wanted -= piece.byteLength;
    if (wanted <= 0) return;
  }
}
