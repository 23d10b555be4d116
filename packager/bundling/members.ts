import { STORED } from '../archive/compression.ts';
import { centralHeader, endOfArchive, localHeader } from '../archive/zip.ts';
import type { ZipEntry } from '../archive/zip.ts';
import type { ReadAt, ZipFile } from '../comparing/zip-directory.ts';
import { readZipDirectory } from '../comparing/zip-directory.ts';
import { printable } from '../printable.ts';
import { isDigest } from '../../repository/index.ts';
import type { Digest } from '../../repository/index.ts';

/**
 * The members of a bundle, which is a zip in the form of archive format 1 in which everything is stored: what is compressed already is not compressed again, any part of it can be read
 * without what stands before it, and nothing in it can become more than it is.
 */
export interface Member {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly crc32: number;
}

export interface LaidMember extends Member {
  /** What stands before the content. */
  readonly header: Buffer;
  /** Where the content begins in the bundle. */
  readonly start: number;
}

export interface Layout {
  readonly members: readonly LaidMember[];
  /** What stands behind the last content. */
  readonly directory: Buffer;
  /** Where that begins. */
  readonly end: number;
}

export const MANIFEST = 'manifest.json';

const TEXTS = 'texts/sha256/';
const BLOBS = 'blobs/sha256/';

/** More are in no bundle: a stack has 500 resources, and each names few things. */
const MEMBER_LIMIT = 20_000;
/** Bytes: as many as the directory has of so many members, whose names have 77 characters at most. */
const DIRECTORY_LIMIT = MEMBER_LIMIT * 160;

/** Bytes of all that is read into memory: templates, fragments, the manifest. No template of which CloudFormation takes more than 1 MB comes near it. */
const TEXT_LIMIT = 256 * 1024 * 1024;

/** Why there is no bundle with these members: goes on after its name. */
export function problemOfSizes(members: readonly Pick<Member, 'name' | 'size'>[]): string | undefined {
  if (members.length > MEMBER_LIMIT) return tooMany().message;
  const inMemory = members.filter(isRead).reduce((sum, { size }) => sum + size, 0);
  return inMemory > TEXT_LIMIT ? 'is no bundle: its templates and its manifest are larger than 256 MiB' : undefined;
}

/** Whether all of a member is read into memory. */
export function isRead({ name }: Pick<Member, 'name'>): boolean {
  return name.startsWith(TEXTS) || name === MANIFEST;
}

/** A template, a fragment or a table of resources: what is read to know what is packaged. */
export function textName(digest: Digest): string {
  return TEXTS + digest;
}

/** What becomes an artifact as it is. */
export function blobName(digest: Digest): string {
  return BLOBS + digest;
}

/** What the name of a member promises of its content; `undefined` of the manifest, whose name promises nothing. */
export function digestIn(name: string): Digest | undefined {
  const digest = name.slice(name.lastIndexOf('/') + 1);
  return isDigest(digest) ? digest : undefined;
}

function isMemberName(name: string): boolean {
  if (name === MANIFEST) return true;
  const folder = [TEXTS, BLOBS].find((one) => name.startsWith(one));
  return folder !== undefined && isDigest(name.slice(folder.length));
}

/** Where everything stands: a bundle with these members has no other bytes than these. @param members in the order of their names */
export function layOut(members: readonly Member[]): Layout {
  const laid: LaidMember[] = [];
  const headers: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const entry = entryOf(member);
    const header = localHeader(entry);
    headers.push(centralHeader(entry, offset));
    laid.push({ ...member, header, start: offset + header.byteLength });
    offset += header.byteLength + member.size;
  }
  const list = Buffer.concat(headers);
  const directory = Buffer.concat([list, endOfArchive(laid.length, list.byteLength, offset)]);
  return { members: laid, directory, end: offset };
}

function entryOf({ name, size, crc32 }: Member): ZipEntry {
  return { name: Buffer.from(name), method: STORED, crc32, size, packedSize: size, executable: false };
}

/** Why a file is no bundle: goes on after its name. */
export class NoBundle extends Error {}

/**
 * The members of a bundle as its directory tells them, which is not trusted: whatever is not to the byte as a bundle with these members is laid out, is none. So there is nothing between
 * members or upon them, no name that is another to another program, and no size that is not that of the bytes that are there.
 * @param size bytes of the file
 * @throws NoBundle
 */
export async function readLayout(read: ReadAt, size: number): Promise<Layout> {
  const files = await readZipDirectory(bounded(read), size);
  if (files === undefined) throw new NoBundle('is no bundle, or one that is damaged or cut off');
  const told = files.map(({ path: name, size: bytes, crc32 }) => ({ name, size: bytes, crc32 }));
  const problem = problemOfSizes(told) ?? files.map(problemOf).find((one) => one !== undefined) ?? orderProblem(files);
  if (problem !== undefined) throw new NoBundle(problem);
  const layout = layOut(told);
  const { directory, end } = layout;
  const isWhole = end + directory.byteLength === size;
  if (!isWhole || !(await read(end, directory.byteLength)).equals(directory)) {
    throw new NoBundle('is damaged, or was not written by this program: its directory does not fit what is in it');
  }
  if (!files.some(({ path: name }) => name === MANIFEST)) throw new NoBundle(`is no bundle: it has no '${MANIFEST}'`);
  return layout;
}

/** A directory that is larger than that of any bundle is not read. */
function bounded(read: ReadAt): ReadAt {
  return (from, length) => {
    if (length > DIRECTORY_LIMIT) throw tooMany();
    return read(from, length);
  };
}

function tooMany(): NoBundle {
  return new NoBundle(`is no bundle: it has more members than the ${MEMBER_LIMIT} that one has at most`);
}

function problemOf({ path: name, method, size, packedSize, isEncrypted }: ZipFile): string | undefined {
  if (!isMemberName(name)) return `is no bundle: it has a member '${printable(name.slice(0, 200))}'`;
  if (method !== STORED || size !== packedSize || isEncrypted) return `is no bundle: '${name}' is packed in it`;
  return undefined;
}

function orderProblem(files: readonly ZipFile[]): string | undefined {
  const index = files.findIndex(({ path: name }, at) => at > 0 && name <= (files[at - 1]?.path ?? ''));
  const name = files[index]?.path;
  if (name === undefined) return undefined;
  const isDouble = files.filter((file) => file.path === name).length > 1;
  return `is no bundle: '${name}' ${isDouble ? 'is in it twice' : 'is not where it belongs'}`;
}
