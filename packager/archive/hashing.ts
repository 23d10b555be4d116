import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { PartDigests } from '../../repository/content.ts';
import { PART_SIZE } from '../../repository/content.ts';
import type { Digest } from '../../repository/digest.ts';

const HASHED_AT_ONCE = 128 * 1024;

/** Small pieces are copied together: to hash each on its own would cost more. */
export class Hasher {
  readonly #hash: Hash = createHash('sha256');
  readonly #parts: PartHasher | undefined;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(HASHED_AT_ONCE);
  #filled = 0;

  /** @param large it may be stored in parts, whose digests are wanted too: once it is known whether it is, its bytes have gone by */
  constructor(large: boolean) {
    this.#parts = large ? new PartHasher() : undefined;
  }

  /** The bytes may change afterwards. */
  add(bytes: Uint8Array): void {
    if (this.#filled + bytes.byteLength > HASHED_AT_ONCE) this.#flush();
    if (bytes.byteLength > HASHED_AT_ONCE) this.#update(bytes);
    else {
      this.#buffer.set(bytes, this.#filled);
      this.#filled += bytes.byteLength;
    }
  }

  digests(): { readonly sha256: Digest; readonly parts?: PartDigests } {
    this.#flush();
    const sha256 = this.#hash.digest('hex') as Digest;
    return this.#parts === undefined ? { sha256 } : { sha256, parts: this.#parts.digests() };
  }

  #flush(): void {
    this.#update(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#parts?.update(bytes);
  }
}

class PartHasher {
  readonly #digests: Digest[] = [];
  #hash: Hash = createHash('sha256');
  #left = PART_SIZE;

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + this.#left);
      this.#hash.update(piece);
      at += piece.byteLength;
      this.#left -= piece.byteLength;
      if (this.#left === 0) this.#next();
    }
  }

  digests(): PartDigests {
    if (this.#left < PART_SIZE) this.#next();
    return { size: PART_SIZE, digests: this.#digests };
  }

  #next(): void {
    this.#digests.push(this.#hash.digest('hex') as Digest);
    this.#hash = createHash('sha256');
    this.#left = PART_SIZE;
  }
}
