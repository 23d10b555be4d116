import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArtifactError } from '../../../repository/error.ts';
import { shownName } from '../../../repository/name.ts';
import { failureReason } from '../../output-failure.ts';
import { formatSize } from '../../size.ts';

/** Text as it stands, or what the file behind `file://PATH` says, as the AWS CLI reads arguments: of a pipe all that comes. Relative to `folder`. */
export function readArgument(text: string, folder: string): string {
  const path = pathOfFileUrl(text);
  if (path === undefined) return text;
  try {
    return readUpTo(MOST_BYTES, resolve(folder, path)).replace(/^\uFEFF/, '');
  } catch (error) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${text}' can't be read: ${failureReason(error)}`, {
      remedy: `file:// is followed by a path, relative to the folder '${folder}'.`,
      cause: error,
    });
  }
}

/** Above what 200 parameters of 4,096 bytes can be, and so all that any value is; a device may never end. */
const MOST_BYTES = 4 * 1024 * 1024;

/** @throws where it can't be read, or there is more */
function readUpTo(most: number, file: string): string {
  const handle = openSync(file, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let size = 0; size <= most;) {
      const piece = Buffer.alloc(64 * 1024);
      const read = readSync(handle, piece);
      if (read === 0) return Buffer.concat(pieces).toString();
      pieces.push(piece.subarray(0, read));
      size += read;
    }
    throw new Error(`it has more than ${formatSize(most)}`);
  } finally {
    closeSync(handle);
  }
}

/** The AWS CLI takes whatever follows `file://` as a path: `file://./a.json`, `file://a.json`, `file:///tmp/a.json`. */
export function pathOfFileUrl(text: string): string | undefined {
  if (!text.startsWith('file://')) return undefined;
  // A drive letter (file:///C:/a.json) is the one case in which the path behind the slashes is not the path.
  return /^file:\/\/\/[A-Za-z]:/.test(text) ? fileURLToPath(text) : text.slice('file://'.length);
}

/** What something is, for an error message. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  const text = scalarText(value);
  return text === undefined ? 'a map' : `'${shownName(text)}'`;
}

/** The text of a value that is one: from JSON, YAML or TOML. `undefined` for nothing, lists and maps. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value.toString();
  return value instanceof Date ? value.toISOString() : undefined;
}
