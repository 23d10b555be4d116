import { PIECE_SIZE } from './deflate.ts';
import type { FileState } from './file.ts';
import { readFully, reading } from './file.ts';

const END_SIZE = 22;
const COMMENT_LIMIT = 0xffff;
const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');

/**
 * Whether a file is a zip by its content, as `zipfile.is_zipfile` of Python tells, which aws-cli and SAM ask: a record of the end of a central
 * directory stands within the last bytes. A jar or wheel is one; so is what a self-extracting archive begins with something else.
 * @throws ArtifactError SOURCE_CHANGED, PATH_UNREADABLE
 */
export function isZip(file: FileState): boolean {
  const length = Math.min(file.size, END_SIZE + COMMENT_LIMIT, PIECE_SIZE);
  const tail = Buffer.alloc(length);
  reading(file, (descriptor) => {
    readFully(descriptor, tail, length, file.size - length, file.path);
  });
  const at = tail.lastIndexOf(END_SIGNATURE);
  return at >= 0 && at + END_SIZE <= length;
}
