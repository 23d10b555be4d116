import type { SizedBlob } from './blob.ts';
import type { Content } from './content.ts';
import type { Digest } from './digest.ts';

/** Something that can be published: cheap to name, perhaps costly to open. */
export interface Publishable {
  /**
   * Names a tree of files before anything is compressed. Absent where opening costs nothing, as for a single file: its content
   * digest says as much.
   */
  readonly sourceDigest?: Digest;
  /** Kept in the blob's key, because services look at it. */
  readonly filename: string;
  /** What it is, where that is known for certain: content that the domain has, under this filename or another, in its bucket or the one that is named. */
  readonly blob?: SizedBlob;
  /** What its bytes came to when they were made last: good enough to look for them, and never to store anything by it. */
  readonly expected?: () => Pick<Content, 'sha256' | 'size'> | undefined;
  /** Makes the bytes. Called only where they are needed, and at most once; `close` follows when they were sent. */
  open(): Promise<OpenContent>;
}

export interface OpenContent extends Content {
  /** Gives back what the bytes occupied, on the disk too. */
  close(): Promise<void>;
}
