import { createHash } from 'node:crypto';
import type { ContentReader, Location } from './content.ts';
import { locationIn } from './content.ts';
import { ResourceError } from './error.ts';
import type { Value } from './value.ts';
import { at, textOf } from './value.ts';

/** A function's code as Lambda has it: the bytes, or where it goes on reading them; and the digest and size of what it was when it was put there. */
export type Code = { readonly sha256: string; readonly size: number } & (
  | { readonly mode: 'COPY'; readonly bytes: Uint8Array }
  | { readonly mode: 'REFERENCE'; readonly location: Location }
  | { readonly mode: 'INLINE'; readonly source: string }
  | { readonly mode: 'IMAGE'; readonly uri: string }
);

/** Reads code as Lambda does when it creates or updates: it must be there, in either mode. */
export async function readCode(code: Value, content: ContentReader): Promise<Code> {
  const source = textOf(at(code, 'ZipFile'));
  if (source !== undefined) return { mode: 'INLINE', source, ...measured(Buffer.from(source)) };
  const uri = textOf(at(code, 'ImageUri'));
  if (uri !== undefined) return { mode: 'IMAGE', uri, ...measured(Buffer.from(uri)) };
  return readArchive(code, content, 'function code');
}

/** The zip of a function or a layer. */
export async function readArchive(
  code: Value,
  content: ContentReader,
  what: string,
): Promise<Extract<Code, { readonly mode: 'COPY' | 'REFERENCE' }>> {
  const location = locationIn(code, 'S3Bucket', 'S3Key', 'S3ObjectVersion');
  if (location === undefined) throw new ResourceError(`Please provide a source for ${what}.`);
  const mode = textOf(at(code, 'S3ObjectStorageMode')) ?? 'COPY';
  if (mode !== 'COPY' && mode !== 'REFERENCE')
    throw new ResourceError(`Value '${mode}' at 'S3ObjectStorageMode' failed to satisfy constraint`);
  if (mode === 'REFERENCE' && location.version === undefined) {
    throw new ResourceError('S3ObjectVersion is required where S3ObjectStorageMode is REFERENCE');
  }
  const bytes = await content.lambda(location);
  return mode === 'COPY' ? { mode, bytes, ...measured(bytes) } : { mode, location, ...measured(bytes) };
}

function measured(bytes: Uint8Array): { readonly sha256: string; readonly size: number } {
  return { sha256: createHash('sha256').update(bytes).digest('base64'), size: bytes.length };
}
