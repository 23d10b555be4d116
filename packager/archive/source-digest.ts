import { createHash } from 'node:crypto';
import type { Digest } from '../../repository/digest.ts';
import type { ArchiveFile } from './archive.ts';
import { ARCHIVE_FORMAT } from './zip.ts';

/** Raised when the listing itself is written otherwise. */
const LISTING_VERSION = '1';

/**
 * Names a tree of files by what decides the bytes of its archive: names, executable bits, contents, and the format of the archive. Every value is
 * written with its length before it (32 bits, big-endian), so that no two trees have the same listing. docs/archive-format.md specifies it.
 */
export function sourceDigest(files: readonly ArchiveFile[]): Digest {
  const hash = createHash('sha256');
  const write = (...values: readonly (string | Buffer)[]): void => {
    for (const value of values) {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.byteLength);
      hash.update(length).update(bytes);
    }
  };
  write('cfn-artifacts source', LISTING_VERSION, 'archive', String(ARCHIVE_FORMAT));
  for (const { name, executable, sha256 } of files) {
    write(name, executable ? 'executable' : 'file', Buffer.from(sha256, 'hex'));
  }
  return hash.digest('hex') as Digest;
}
