import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { layOut, readLayout } from '../../../packager/bundling/members.ts';

export interface TestMember {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The members of a bundle, to be changed and written again as somebody would who knows the form. */
export async function membersOf(file: string): Promise<TestMember[]> {
  const bytes = readFileSync(file);
  const read = (from: number, length: number): Promise<Buffer> => Promise.resolve(bytes.subarray(from, from + length));
  const { members } = await readLayout(read, bytes.byteLength);
  return members.map(({ name, start, size }) => ({ name, bytes: bytes.subarray(start, start + size) }));
}

/** Laid out as a bundle is, whatever the members are and in whatever order. */
export function laidOut(members: readonly TestMember[]): Buffer {
  const sums = members.map(({ name, bytes }) => ({ name, size: bytes.byteLength, crc32: crc32(bytes) }));
  const { members: laid, directory } = layOut(sums);
  return Buffer.concat([
    ...laid.flatMap(({ header }, index) => [header, members[index]?.bytes ?? Buffer.alloc(0)]),
    directory,
  ]);
}

export function writeBundle(file: string, members: readonly TestMember[]): void {
  writeFileSync(file, laidOut(members));
}
