import type { Arrival } from '../blob.ts';
import type { Digest } from '../digest.ts';
import type { ObjectKey } from '../object-store.ts';
import type { StackResource } from '../stack-id.ts';

/** What an ARN of another domain names. */
export interface AtHome {
  /** Definite; of content that was named by its digest alone, without a version. */
  readonly arn: string;
  /** Under which it stands in every domain. */
  readonly key: ObjectKey;
  readonly digest: Digest;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly version?: number;
}

/** And that its content is here now. */
export interface Fetched extends AtHome {
  readonly arrival: Arrival;
}

/** What only a domain's keeper can do: it may read other domains, and leave them records. */
export interface Away {
  /**
   * Brings content here whose home is another domain, if it is not here: once, however many ask at the same time. Asks home for nothing where the ARN has
   * a digest and content with it is here under the filename.
   * @throws ArtifactError ACCESS_DENIED, DOMAIN_NOT_FOUND, STORE_UNAVAILABLE … of home; ARTIFACT_NOT_FOUND, ARTIFACT_ARCHIVED, ARTIFACT_DELETED, CONTENT_MISSING, DIGEST_MISMATCH
   */
  fetch(arn: string, filename?: string): Promise<Fetched>;
  /** Has homes told what is noted of a resource, of one of its bindings or of all. What can't be told stays noted. */
  tell(of: { readonly resource: StackResource; readonly generation?: string }): Promise<void>;
}
