import { hash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { deflateRawSync } from 'node:zlib';
import { isWorthDeflating, piecesOf, SAMPLE_SIZE, sampleOffsets } from '../../packager/archive/compression.ts';
import { PIECE_SIZE, threadDeflater } from '../../packager/archive/deflate.ts';
import type { Limit } from './limits.ts';

/** `node limits-child.mjs FOLDER`: does each step with all of a folder, in one thread, and prints as JSON how long it took. */
interface File {
  readonly path: string;
  readonly size: number;
}

const buffer = Buffer.allocUnsafeSlow(PIECE_SIZE);
const [folder = '.'] = process.argv.slice(2);
const limits: Limit[] = [];

function timed<T>(what: string, work: () => T, bytes?: (result: T) => number): T {
  const start = performance.now();
  const result = work();
  const seconds = (performance.now() - start) / 1000;
  limits.push({ what, seconds, ...(bytes !== undefined && { bytes: bytes(result) }) });
  return result;
}

function filesBelow(parent: string): File[] {
  return readdirSync(parent).flatMap((name) => {
    const file = path.join(parent, name);
    const stats = lstatSync(file);
    return stats.isDirectory() ? filesBelow(file) : stats.isFile() ? [{ path: file, size: stats.size }] : [];
  });
}

/** Each part is valid until the next one is read. */
function* partsOf({ path: file, size }: File): Generator<Buffer> {
  const descriptor = openSync(file, 'r');
  for (let position = 0; position < size; position += PIECE_SIZE) {
    yield buffer.subarray(0, readSync(descriptor, buffer, 0, Math.min(PIECE_SIZE, size - position), position));
  }
  closeSync(descriptor);
}

function digestOf(file: File): string {
  const digests = Array.from(partsOf(file), (part) => hash('sha256', part));
  return digests.join('');
}

function sizeOf(some: readonly File[]): number {
  return some.reduce((sum, { size }) => sum + size, 0);
}

/** Eight places tell whether a large file is worth it, as they do in the archive format. */
function isDeflated({ path: file, size }: File): boolean {
  if (size <= PIECE_SIZE) return true;
  const descriptor = openSync(file, 'r');
  const sizes = sampleOffsets(size).map((offset) => {
    readSync(descriptor, buffer, 0, SAMPLE_SIZE, offset);
    return deflateRawSync(buffer.subarray(0, SAMPLE_SIZE)).byteLength;
  });
  closeSync(descriptor);
  return isWorthDeflating(sizes.reduce((sum, length) => sum + length, 0));
}

function deflateOurs(file: File): void {
  const deflater = threadDeflater();
  const descriptor = openSync(file.path, 'r');
  for (const { from, start, end, last } of piecesOf(file.size)) {
    readSync(descriptor, deflater.input, 0, end - from, from);
    deflater.compress(start - from, end - start, last ? 'end' : 'more');
  }
  closeSync(descriptor);
}

const files = timed('one lstat per file', () => filesBelow(folder));
// A machine that just did it again: what is not in the page cache is no limit of this program.
for (const file of files) digestOf(file);
const distinct = timed(
  'reading and SHA-256 of every byte',
  () => [...new Map(files.map((file) => [digestOf(file), file])).values()],
  () => sizeOf(files),
);
const deflated = distinct.filter(isDeflated);
timed(
  'deflate of every distinct byte, as the format is',
  () => {
    deflated.forEach(deflateOurs);
  },
  () => sizeOf(deflated),
);
timed(
  'the same with zlib, level 6',
  () => {
    for (const file of deflated) for (const part of partsOf(file)) deflateRawSync(part, { level: 6 });
  },
  () => sizeOf(deflated),
);
process.stdout.write(JSON.stringify(limits));
