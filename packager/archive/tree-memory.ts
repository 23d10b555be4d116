import { createHash } from 'node:crypto';
import { isDigest } from '../../repository/digest.ts';
import type { Digest } from '../../repository/digest.ts';
import type { CacheFiles } from './cache-files.ts';
import { DIGEST_SIZE, copyContent, emptyContents } from './contents.ts';
import type { Contents } from './contents.ts';
import type { Listing, States } from './file-list.ts';
import { STATE_FIELDS, countOf, split, stateAt } from './file-list.ts';
import { compareUtf8 } from './names.ts';
import { ARCHIVE_FORMAT } from './zip.ts';

/** Where files stand, and when they were looked at. */
export interface Sight {
  /** Names the folder or file on this machine. */
  readonly place: string;
  /** Before the first of its files was looked at. Milliseconds since 1970. */
  readonly at: number;
}

/** What is known of files without reading them. */
export interface Recollection {
  readonly contents: Contents;
  /** The files that have to be read, by their places in the list. */
  readonly missing: readonly number[];
  /** Of all of them, where none has to be read. */
  readonly sourceDigest?: Digest;
}

const TREES = 'trees';
const ARCHIVES = 'archives';

/** Raised when what is written here is laid out otherwise. */
const MAGIC: Buffer = Buffer.from(`cfn-artifacts tree 1, archive ${ARCHIVE_FORMAT}`.padEnd(40));
const AT = MAGIC.byteLength;
const COUNT = AT + 8;
const NAMES_SIZE = COUNT + 4;
const SOURCE_DIGEST = NAMES_SIZE + 4;
const STATES = SOURCE_DIGEST + DIGEST_SIZE;

/** With a name of usual length. */
const BYTES_PER_FILE = 120;

/** A file system without fractions of a second may have steps of two; else the kernel's clock ticks at least every 10 ms. Milliseconds. */
const COARSE_TICK_MS = 2100;
const FINE_TICK_MS = 100;

/**
 * What sources contained, kept between runs, so that a file which did not change is not read again. A file is taken for unchanged if its size, times, inode and mode
 * are those of before, and if both times were over when it was looked at: whoever writes in the same tick of the clock leaves no trace (git calls it racy). What
 * is kept decides what a source is called, and nothing else: whatever is stored is made of bytes that were read and hashed in that run.
 */
export class TreeMemory {
  readonly #files: CacheFiles;
  readonly #now: () => number;

  constructor(files: CacheFiles, now: () => number = Date.now) {
    this.#files = files;
    this.#now = now;
  }

  /** To be called before the first file is looked at. */
  sight(kind: 'folder' | 'file', real: string): Sight {
    return { place: createHash('sha256').update(`${kind}\0${real}`).digest('hex'), at: this.#now() };
  }

  /** How many files stood there when they were remembered, about; 0 where none were. */
  filesAt({ place }: Sight): number {
    return Math.round(this.#files.size(TREES, place) / BYTES_PER_FILE);
  }

  /** @param found ascending by the UTF-8 bytes of their names */
  recall({ place, at }: Sight, found: Listing): Recollection {
    const kept = keptTree(this.#files.read(TREES, place));
    const count = countOf(found);
    // The clock was set back: nobody knows what was written since.
    if (kept === undefined || kept.at > at)
      return { contents: emptyContents(count), missing: Array.from({ length: count }, (_, i) => i) };
    const { contents, states, sourceDigest } = kept;
    if (!isSame(Buffer.from(found.names), kept.names)) {
      return recallSome(kept, found, split(kept.names.toString()));
    }
    return isSame(found.states, states) ? { contents, missing: [], sourceDigest } : recallSome(kept, found);
  }

  remember({ place, at }: Sight, listing: Listing, contents: Contents, sourceDigest: Digest): void {
    const names = Buffer.from(listing.names);
    const states = listing.states.slice();
    // A size that no file has: it is read again.
    for (let i = 0; i < countOf(listing); i++) if (!isSettled(states, i, at)) states[STATE_FIELDS * i] = -1;
    const head = Buffer.alloc(STATES);
    MAGIC.copy(head);
    head.writeDoubleLE(at, AT);
    head.writeUInt32LE(countOf(listing), COUNT);
    head.writeUInt32LE(names.byteLength, NAMES_SIZE);
    head.write(sourceDigest, SOURCE_DIGEST, 'hex');
    const { digests, crc32, privateKeys } = contents;
    this.#files.write(TREES, place, [head, bytesOf(states), digests, bytesOf(crc32), privateKeys, names]);
  }

  /** What is kept of these files was found to be wrong. */
  forget({ place }: Sight): void {
    this.#files.remove(TREES, place);
  }

  /** What the archive of a source became when it was made last. Whoever goes by it looks whether it is there. */
  archiveOf(sourceDigest: Digest): { readonly sha256: Digest; readonly size: number } | undefined {
    const bytes = this.#files.read(ARCHIVES, sourceDigest);
    if (bytes?.byteLength !== DIGEST_SIZE + 8) return undefined;
    return { sha256: hexDigest(bytes, 0), size: bytes.readDoubleLE(DIGEST_SIZE) };
  }

  rememberArchive(sourceDigest: Digest, { sha256, size }: { readonly sha256: Digest; readonly size: number }): void {
    const known = this.archiveOf(sourceDigest);
    if (known?.sha256 === sha256 && known.size === size) return;
    const bytes = Buffer.alloc(DIGEST_SIZE + 8);
    bytes.write(sha256, 'hex');
    bytes.writeDoubleLE(size, DIGEST_SIZE);
    this.#files.write(ARCHIVES, sourceDigest, [bytes]);
  }
}

/** As it was written. */
interface KeptTree {
  readonly at: number;
  readonly sourceDigest: Digest;
  readonly states: States;
  readonly contents: Contents;
  /** UTF-8. */
  readonly names: Buffer;
}

function keptTree(bytes: Buffer | undefined): KeptTree | undefined {
  if (bytes === undefined || bytes.byteLength < STATES || !bytes.subarray(0, AT).equals(MAGIC)) return undefined;
  const count = bytes.readUInt32LE(COUNT);
  const digests = STATES + count * STATE_FIELDS * 8;
  const crc32 = digests + count * DIGEST_SIZE;
  const privateKeys = crc32 + count * 4;
  const names = privateKeys + count;
  if (bytes.byteLength !== names + bytes.readUInt32LE(NAMES_SIZE)) return undefined;
  const buffer = bytes.buffer as ArrayBuffer;
  return {
    at: bytes.readDoubleLE(AT),
    sourceDigest: hexDigest(bytes, SOURCE_DIGEST),
    states: new Float64Array(buffer, STATES, count * STATE_FIELDS),
    contents: {
      digests: new Uint8Array(buffer, digests, count * DIGEST_SIZE),
      crc32: new Uint32Array(buffer, crc32, count),
      privateKeys: new Uint8Array(buffer, privateKeys, count),
    },
    names: bytes.subarray(names),
  };
}

function recallSome({ contents: kept, states }: KeptTree, found: Listing, names?: readonly string[]): Recollection {
  const files = split(found.names);
  const contents = emptyContents(files.length);
  const missing: number[] = [];
  let j = 0;
  for (const [i, name] of files.entries()) {
    // Both are in the same order; without names they are the same.
    if (names === undefined) j = i;
    else while (compareUtf8(names[j] ?? name, name) < 0) j++;
    if ((names === undefined || names[j] === name) && isSameState(found.states, i, states, j))
      copyContent(contents, i, kept, j);
    else missing.push(i);
  }
  return { contents, missing };
}

function isSameState(a: Float64Array, i: number, b: Float64Array, j: number): boolean {
  for (let field = 0; field < STATE_FIELDS; field++) {
    if (a[STATE_FIELDS * i + field] !== b[STATE_FIELDS * j + field]) return false;
  }
  return true;
}

/** Whatever is written after it was looked at gives it another time. */
function isSettled(states: States, i: number, at: number): boolean {
  const { mtimeMs, ctimeMs } = stateAt(states, i, '');
  return [mtimeMs, ctimeMs].every((time) => time + (time % 1000 === 0 ? COARSE_TICK_MS : FINE_TICK_MS) < at);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isSame(a: Uint8Array | Float64Array, b: Uint8Array | Float64Array): boolean {
  const one = Buffer.from(a.buffer, a.byteOffset, a.byteLength);
  return one.equals(new Uint8Array(b.buffer, b.byteOffset, b.byteLength));
}

function hexDigest(bytes: Buffer, at: number): Digest {
  const digest = bytes.toString('hex', at, at + DIGEST_SIZE);
  if (!isDigest(digest)) throw new TypeError('a digest has 32 bytes');
  return digest;
}
