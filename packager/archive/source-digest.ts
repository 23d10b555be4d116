import { createHash } from 'node:crypto';
import type { Digest } from '../../repository/digest.ts';
import { DIGEST_SIZE } from './contents.ts';
import type { Contents } from './contents.ts';
import type { TreeFile } from './tree.ts';
import { ARCHIVE_FORMAT } from './zip.ts';

/** Raised when the listing itself is written otherwise. */
const LISTING_VERSION = '1';

/** Written in such pieces; each has room for a file with the longest name. Bytes. */
const ROOM = 256 * 1024;

/**
 * Names a tree of files by what decides the bytes of its archive: names, executable bits, contents, and the format of the archive. Every value is
 * written with its length before it (32 bits, big-endian), so that no two trees have the same listing. docs/archive-format.md specifies it.
 */
export function sourceDigest(files: readonly Omit<TreeFile, 'file'>[], { digests }: Pick<Contents, 'digests'>): Digest {
  const hash = createHash('sha256');
  const listing = Buffer.allocUnsafeSlow(2 * ROOM);
  let at = 0;
  const write = (value: string): void => {
    const length = listing.write(value, at + 4);
    listing.writeUInt32BE(length, at);
    at += 4 + length;
  };
  for (const value of ['cfn-artifacts source', LISTING_VERSION, 'archive', String(ARCHIVE_FORMAT)]) write(value);
  let digest = 0;
  for (const { name, executable } of files) {
    write(name);
    write(executable ? 'executable' : 'file');
    at = listing.writeUInt32BE(DIGEST_SIZE, at);
    listing.set(digests.subarray(digest, (digest += DIGEST_SIZE)), at);
    at += DIGEST_SIZE;
    if (at < ROOM) continue;
    hash.update(listing.subarray(0, at));
    at = 0;
  }
  return hash.update(listing.subarray(0, at)).digest('hex') as Digest;
}
