import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { BlobName, ObjectStore } from '../repository/index.ts';
import { hasCode, readBlob, readRestOfBlob } from '../repository/index.ts';
import { until } from './interruptible.ts';
import type { Output, OutputFile } from './output.ts';
import { placeOf, writeOutputs } from './output.ts';
import { failedOutput } from './output-failure.ts';
import { pool } from './packaging/pool.ts';
import { PartialFile } from './partial-file.ts';

/** Content of the store, and the file that it is to become. */
export interface Download {
  readonly output: OutputFile;
  readonly blob: BlobName;
}

export interface DownloadOptions {
  /** Ends it with its reason. */
  readonly signal: AbortSignal;
  /** Told of each file that is left half-way, for the next download of the same to go on with. */
  readonly onKept: (file: string, bytes: number) => void;
}

/** So many are fetched at once. */
const AT_ONCE = 4;

/** Bytes that are read at once of what was kept. */
const PIECE = 1024 * 1024;

/**
 * Fetches content, verified: all files appear, whole and right, or none does. What an earlier download left is gone on with; if it turns out to be wrong, it is fetched anew.
 * @throws ArtifactError CONTENT_MISSING, DIGEST_MISMATCH, OUTPUT_FAILED; as the store
 */
export async function download(
  store: ObjectStore,
  downloads: readonly Download[],
  { signal, onKept }: DownloadOptions,
): Promise<void> {
  const parts: PartialFile[] = [];
  const outputs: Output[] = [];
  try {
    await pool([...downloads.entries()], AT_ONCE, async ([index, { output, blob }]) => {
      const place = placeOf(output);
      if (place === undefined) {
        // What is no file is written to as the bytes come, in the end.
        outputs[index] = { file: output, bytes: until(signal, (await readBlob(store, blob)).body) };
        return;
      }
      const part = partOf(output, place, blob);
      parts.push(part);
      await fetchInto(part, { output, blob }, store, signal);
      outputs[index] = { file: output, ready: part.file };
    });
    await writeOutputs(outputs);
  } finally {
    // After success nothing is there any more.
    for (const part of parts) {
      const { size } = part;
      const file = part.keep();
      if (file !== undefined) onKept(file, size);
    }
  }
}

function partOf(output: OutputFile, place: string, { digest }: BlobName): PartialFile {
  try {
    return new PartialFile(place, digest);
  } catch (cause) {
    throw failedOutput(output, cause);
  }
}

async function fetchInto(
  part: PartialFile,
  { output, blob }: Download,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { size } = part;
    const file = await opened(part, output);
    try {
      const begun = { size, bytes: until(signal, bytesOf(file, size, output)) };
      await append(until(signal, readRestOfBlob(store, blob, begun)), file, size, output);
      return;
    } catch (error) {
      if (!hasCode(error, 'DIGEST_MISMATCH')) throw error;
      part.discard();
      // What was kept may have been wrong, and not what the store has.
      if (size === 0) throw error;
    } finally {
      await file.close();
    }
  }
}

async function opened(part: PartialFile, output: OutputFile): Promise<FileHandle> {
  try {
    return await open(part.file, constants.O_RDWR | constants.O_CREAT, 0o666);
  } catch (cause) {
    throw failedOutput(output, cause);
  }
}

async function* bytesOf(file: FileHandle, size: number, output: OutputFile): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    const { bytesRead, buffer } = await reading(file, Math.min(PIECE, size - at), at, output);
    // Somebody cut it short: the digest tells.
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function reading(
  file: FileHandle,
  length: number,
  at: number,
  output: OutputFile,
): Promise<{ readonly bytesRead: number; readonly buffer: Buffer }> {
  try {
    return await file.read(Buffer.allocUnsafe(length), 0, length, at);
  } catch (cause) {
    throw failedOutput(output, cause);
  }
}

async function append(
  bytes: AsyncIterable<Uint8Array>,
  file: FileHandle,
  from: number,
  output: OutputFile,
): Promise<void> {
  let at = from;
  for await (const piece of bytes) {
    for (let sent = 0; sent < piece.byteLength;) {
      sent += await writing(file, piece, sent, at + sent, output);
    }
    at += piece.byteLength;
  }
  try {
    await file.sync();
  } catch (cause) {
    // A file system that doesn't take the request decides for itself.
    if (!hasCode(cause, 'EINVAL', 'ENOTSUP')) throw failedOutput(output, cause);
  }
}

async function writing(
  file: FileHandle,
  piece: Uint8Array,
  sent: number,
  at: number,
  output: OutputFile,
): Promise<number> {
  try {
    return (await file.write(piece, sent, piece.byteLength - sent, at)).bytesWritten;
  } catch (cause) {
    throw failedOutput(output, cause);
  }
}
