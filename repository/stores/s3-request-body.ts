import type { Digest } from '../digest.ts';
import { ContentFailure } from './s3-error.ts';

/** Bytes of a request, read anew for each attempt. */
export interface RequestBody {
  readonly size: number;
  readonly sha256: Digest;
  read(): AsyncIterable<Uint8Array>;
}

/** All of it, held once. @throws ContentFailure; the signal's reason, in the place of the next piece */
export async function wholeOf(body: RequestBody, signal: AbortSignal | undefined): Promise<Uint8Array> {
  signal?.throwIfAborted();
  let whole: Uint8Array | undefined;
  let filled = 0;
  try {
    for await (const piece of body.read()) {
      if (signal?.aborted === true) break;
      if (piece.byteLength === body.size) whole = piece;
      else (whole ??= Buffer.allocUnsafeSlow(body.size)).set(piece, filled);
      filled += piece.byteLength;
    }
  } catch (error) {
    throw failureOf(error);
  }
  signal?.throwIfAborted();
  return whole ?? Buffer.alloc(0);
}

/** What keeps a body from being read. */
export function failureOf(error: unknown): ContentFailure {
  return error instanceof ContentFailure ? error : new ContentFailure(error);
}
