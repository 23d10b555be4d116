import { crc32 } from 'node:zlib';
import { STORED } from '../../packager/archive/compression.ts';
import type { ZipEntry } from '../../packager/archive/zip.ts';
import { centralHeader, endOfArchive, localHeader } from '../../packager/archive/zip.ts';

/** A zip of these files, nothing compressed. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  const size = (all: readonly Buffer[]): number => all.reduce((sum, { byteLength }) => sum + byteLength, 0);
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const sizes = { size: content.byteLength, packedSize: content.byteLength };
    const entry: ZipEntry = {
      name: Buffer.from(name),
      method: STORED,
      crc32: crc32(content),
      ...sizes,
      executable: false,
    };
    directory.push(centralHeader(entry, size(pieces)));
    pieces.push(localHeader(entry), content);
  }
  return Buffer.concat([...pieces, ...directory, endOfArchive(directory.length, size(directory), size(pieces))]);
}
