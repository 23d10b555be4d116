import type { SizedBlob } from './blob.ts';
import type { Digest } from './digest.ts';
import type { ArtifactName } from './name.ts';
import type { Revision } from './object-store.ts';

/** What a tree of files became, and the version that was published from it first: where to look before searching. */
export interface KnownSource extends SizedBlob {
  readonly first: { readonly id: string; readonly number: number; readonly nonce: string };
  /** Of the record. */
  readonly revision: Revision;
}

/**
 * What this machine learnt of sources in earlier runs, so that the record need not be asked for. It is a hint like the record: what it names is looked at before anything is
 * made of it.
 */
export interface SourceMemory {
  recall(name: ArtifactName, sourceDigest: Digest): Omit<KnownSource, 'revision'> | undefined;
  /** `known.first` is a version of that very artifact. */
  remember(name: ArtifactName, sourceDigest: Digest, known: Omit<KnownSource, 'revision'>): void;
}
