import { createHash, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../repository/digest.ts';
import { DEFLATED, SAMPLE_SIZE, STORED, isWorthDeflating, sampleOffsets } from './compression.ts';
import type { Method, Piece } from './compression.ts';
import { DIGEST_SIZE, emptyContents } from './contents.ts';
import type { Contents } from './contents.ts';
import { PIECE_SIZE, threadDeflater } from './deflate.ts';
import { changed, readFully, reading } from './file.ts';
import type { FileState } from './file.ts';
import { fileList, filesOf } from './file-list.ts';
import type { FileList } from './file-list.ts';
import { problemOf } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Found } from './tree.ts';
import { walkAtOnce } from './walk.ts';
import type { WalkOptions } from './walk.ts';

/**
 * What is done in any thread. Everything that goes in and out can be sent between threads; results depend on nothing but the input and
 * the files.
 */
export interface Jobs {
  /** Looks at every file of a folder. */
  readonly walk: { readonly input: WalkOptions; readonly output: SentTree };
  /** Reads files and hashes them. */
  readonly measure: { readonly input: FileList; readonly output: Measured };
  /** Deflates or stores files of at most one piece. */
  readonly pack: { readonly input: HashedList; readonly output: PackedBatch };
  /** Whether a file of more than one piece is worth deflating. */
  readonly sample: { readonly input: FileState; readonly output: boolean };
  readonly deflatePiece: {
    readonly input: { readonly file: FileState; readonly piece: Piece };
    readonly output: DeflatedPiece;
  };
}

export type JobKind = keyof Jobs;

export interface HashedFile {
  readonly file: FileState;
  readonly sha256: Digest;
}

export interface HashedList {
  readonly list: FileList;
  /** In hexadecimal digits, one after the other. */
  readonly digests: string;
}

export function hashedList(files: readonly HashedFile[]): HashedList {
  return { list: fileList(files.map(({ file }) => file)), digests: files.map(({ sha256 }) => sha256).join('') };
}

/** What a walk found; its problems lose their causes on the way. */
export interface SentTree extends Omit<Found, 'problems'> {
  readonly problems: readonly Problem[];
}

/** In the order of the files. */
export interface Measured extends Contents {
  /** Why some could not be read. */
  readonly problems: readonly FileProblem[];
}

/** What is wrong with one file of a list. */
export interface FileProblem {
  readonly index: number;
  readonly problem: Problem;
}

export interface PackedBatch {
  /** PACKED_FIELDS numbers for each file, in their order: method, CRC-32, where it begins and ends in `bytes`. */
  readonly records: Uint32Array<ArrayBuffer>;
  /** The packed content of all of them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why some could not be packed. */
  readonly problems: readonly FileProblem[];
}

export const PACKED_FIELDS = 4;

export interface DeflatedPiece {
  /** Of the piece before it was deflated. */
  readonly crc32: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const RUN: { readonly [K in JobKind]: (input: Jobs[K]['input']) => Jobs[K]['output'] } = {
  walk: walkTree,
  measure: measureAll,
  pack: packBatch,
  sample,
  deflatePiece,
};

/** @throws ArtifactError SOURCE_CHANGED, PATH_UNREADABLE where the job is about one file */
export function runJob<K extends JobKind>(kind: K, input: Jobs[K]['input']): Jobs[K]['output'] {
  return RUN[kind](input);
}

function walkTree(options: WalkOptions): SentTree {
  const found = walkAtOnce(options);
  return { ...found, problems: found.problems.map(problemOf) };
}

/** Of this thread; as long as the largest content that is hashed in one go. */
const buffer = Buffer.allocUnsafeSlow(PIECE_SIZE);

function measureAll(list: FileList): Measured {
  const files = filesOf(list);
  const contents = emptyContents(files.length);
  const digests = Buffer.from(contents.digests.buffer);
  const problems: FileProblem[] = [];
  for (const [index, file] of files.entries()) {
    try {
      const { sha256, crc32: crc, privateKey } = measure(file);
      digests.write(sha256, DIGEST_SIZE * index, 'hex');
      contents.crc32[index] = crc;
      contents.privateKeys[index] = privateKey ? 1 : 0;
    } catch (error) {
      problems.push({ index, problem: problemOf(error) });
    }
  }
  return { ...contents, problems };
}

/** What is known of one file. */
interface Measure {
  readonly sha256: string;
  readonly crc32: number;
  readonly privateKey: boolean;
}

function measure(file: FileState): Measure {
  return reading(file, (descriptor) => {
    if (file.size > PIECE_SIZE) return measureLarge(file, descriptor);
    readFully(descriptor, buffer, file.size, 0, file.path);
    const content = buffer.subarray(0, file.size);
    return { sha256: hash('sha256', content), crc32: 0, privateKey: beginsWithPrivateKey(content) };
  });
}

function measureLarge(file: FileState, descriptor: number): Measure {
  const sha256 = createHash('sha256');
  let crc = 0;
  for (let position = 0; position < file.size; position += PIECE_SIZE) {
    const length = Math.min(PIECE_SIZE, file.size - position);
    readFully(descriptor, buffer, length, position, file.path);
    const part = buffer.subarray(0, length);
    sha256.update(part);
    crc = crc32(part, crc);
  }
  return { sha256: sha256.digest('hex'), crc32: crc, privateKey: false };
}

/** Keys are small, and their first line says what they are. */
const KEY_HEADER_WITHIN = 1024;
const KEY_HEADER = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/m;

function beginsWithPrivateKey(content: Buffer): boolean {
  const beginning = content.subarray(0, KEY_HEADER_WITHIN);
  return beginning.includes('PRIVATE KEY') && KEY_HEADER.test(beginning.toString('latin1'));
}

/** Of this thread: where a batch is packed before it is known how much it comes to. */
let packing = Buffer.alloc(0);

function packBatch({ list, digests }: HashedList): PackedBatch {
  const files = filesOf(list);
  const records = new Uint32Array(PACKED_FIELDS * files.length);
  const problems: FileProblem[] = [];
  // nothing becomes larger when it is packed
  const most = files.reduce((sum, { size }) => sum + size, 0);
  if (packing.byteLength < most) packing = Buffer.allocUnsafeSlow(most);
  let start = 0;
  for (const [index, file] of files.entries()) {
    try {
      const { method, crc32: crc, content } = pack(file, digests.slice(DIGITS * index, DIGITS * (index + 1)));
      packing.set(content, start);
      const end = start + content.byteLength;
      records.set([method, crc, start, end], PACKED_FIELDS * index);
      start = end;
    } catch (error) {
      problems.push({ index, problem: problemOf(error) });
    }
  }
  return { records, bytes: copyOf(packing.subarray(0, start)), problems };
}

/** Of a digest. */
const DIGITS = 2 * DIGEST_SIZE;

/** `content` is valid until the next one is packed. */
function pack(file: FileState, sha256: string): { method: Method; crc32: number; content: Uint8Array } {
  const deflater = threadDeflater();
  const content = deflater.input.subarray(0, file.size);
  reading(file, (descriptor) => {
    readFully(descriptor, content, file.size, 0, file.path);
  });
  if (hash('sha256', content) !== sha256) throw changed(file.path);
  const crc = crc32(content);
  const deflated = deflater.compress(0, file.size, 'end');
  return deflated.byteLength < file.size
    ? { method: DEFLATED, crc32: crc, content: deflated }
    : { method: STORED, crc32: crc, content };
}

function sample(file: FileState): boolean {
  const deflater = threadDeflater();
  return reading(file, (descriptor) => {
    let deflated = 0;
    for (const offset of sampleOffsets(file.size)) {
      readFully(descriptor, deflater.input, SAMPLE_SIZE, offset, file.path);
      deflated += deflater.compress(0, SAMPLE_SIZE, 'end').byteLength;
    }
    return isWorthDeflating(deflated);
  });
}

function deflatePiece({ file, piece }: Jobs['deflatePiece']['input']): DeflatedPiece {
  const deflater = threadDeflater();
  const { from, start, end, last } = piece;
  reading(file, (descriptor) => {
    readFully(descriptor, deflater.input, end - from, from, file.path);
  });
  const crc = crc32(deflater.input.subarray(start - from, end - from));
  return { crc32: crc, bytes: copyOf(deflater.compress(start - from, end - start, last ? 'end' : 'more')) };
}

/** In memory of its own, which can be handed to another thread without a copy. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** What a result hands over instead of being copied. */
export function transferable(result: Jobs[JobKind]['output']): ArrayBuffer[] {
  if (typeof result !== 'object') return [];
  if ('records' in result) return [result.records.buffer, result.bytes.buffer];
  if ('bytes' in result) return [result.bytes.buffer];
  if ('listing' in result) return [result.listing.states.buffer];
  return [result.digests.buffer, result.crc32.buffer, result.privateKeys.buffer];
}
