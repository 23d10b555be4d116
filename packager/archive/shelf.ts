import type { Digest } from '../../repository/digest.ts';
import { Spool } from './spool.ts';

/** Packed content on the disk, shared by the archives that hold it. */
export interface Shelf {
  readonly spool: Spool;
  /** Whose content stands here, at least in part. */
  readonly digests: Set<Digest>;
  holders: number;
  closed: boolean;
}

/** What one open archive needs on the disk. */
export interface Holding {
  readonly shelves: Set<Shelf>;
  /** Where it puts what it was first to pack. */
  own?: Shelf;
  released: boolean;
}

/** So much that no open archive needs stays on the disk in case that another one will. Bytes. */
const IDLE_LIMIT = 1024 * 1024 * 1024;

/** Keeps shelves for as long as an archive holds them, and a while longer. */
export class Shelves {
  readonly #scratch: string;
  readonly #idleLimit: number;
  readonly #forget: (digest: Digest) => void;
  readonly #open = new Set<Shelf>();

  /** `forget` is told whose content is no longer there. */
  constructor(scratch: string, forget: (digest: Digest) => void, idleLimit: number = IDLE_LIMIT) {
    this.#scratch = scratch;
    this.#forget = forget;
    this.#idleLimit = idleLimit;
  }

  /** @throws ArtifactError OUTPUT_FAILED */
  ownOf(holding: Holding): Shelf {
    if (holding.own !== undefined) return holding.own;
    const shelf: Shelf = { spool: new Spool(this.#scratch), digests: new Set(), holders: 0, closed: false };
    this.#open.add(shelf);
    holding.own = shelf;
    this.hold(shelf, holding);
    return shelf;
  }

  hold(shelf: Shelf, holding: Holding): void {
    if (holding.released || holding.shelves.has(shelf)) return;
    holding.shelves.add(shelf);
    shelf.holders++;
  }

  release(holding: Holding): void {
    holding.released = true;
    for (const shelf of holding.shelves) shelf.holders--;
    holding.shelves.clear();
    // a set keeps the order in which they came: the oldest go first
    const idle = [...this.#open].filter(({ holders }) => holders === 0);
    let bytes = idle.reduce((sum, { spool }) => sum + spool.size, 0);
    for (const shelf of idle) {
      if (bytes <= this.#idleLimit) break;
      bytes -= shelf.spool.size;
      this.#close(shelf);
    }
  }

  close(): void {
    for (const shelf of this.#open) this.#close(shelf);
  }

  #close(shelf: Shelf): void {
    shelf.closed = true;
    this.#open.delete(shelf);
    for (const digest of shelf.digests) this.#forget(digest);
    shelf.spool.close();
  }
}
