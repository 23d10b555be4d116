import type { Digest } from '../../repository/digest.ts';

/** What files contain, in their order: of many in a few blocks of memory, which threads hand over and caches keep as they are. */
export interface Contents {
  /** SHA-256, DIGEST_SIZE bytes each. */
  readonly digests: Uint8Array<ArrayBuffer>;
  /** Of files of more than one piece: their pieces are checked against it later. 0 of others. */
  readonly crc32: Uint32Array<ArrayBuffer>;
  /** 1 where a private key stands at the beginning. */
  readonly privateKeys: Uint8Array<ArrayBuffer>;
}

export const DIGEST_SIZE = 32;

/** Of so many files, nothing known. */
export function emptyContents(files: number): Contents {
  return {
    digests: new Uint8Array(files * DIGEST_SIZE),
    crc32: new Uint32Array(files),
    privateKeys: new Uint8Array(files),
  };
}

/** Puts what is known of one file of `from` where another of `to` stands. */
export function copyContent(to: Contents, i: number, from: Contents, j: number): void {
  to.digests.set(from.digests.subarray(DIGEST_SIZE * j, DIGEST_SIZE * (j + 1)), DIGEST_SIZE * i);
  to.crc32[i] = from.crc32[j] ?? 0;
  to.privateKeys[i] = from.privateKeys[j] ?? 0;
}

export function digestAt({ digests }: Contents, i: number): Digest {
  return Buffer.from(digests.buffer, digests.byteOffset + DIGEST_SIZE * i, DIGEST_SIZE).toString('hex') as Digest;
}
