import type { ArtifactArn } from './arn.ts';
import type { Chance } from './chance.ts';
import type { Digest } from './digest.ts';

/**
 * Only the keeper writes deletion records and statuses, and removes content. In a directory the command is its own keeper; on AWS it is a function
 * with a role of its own.
 */
export interface Keeper {
  /** Lifts a condemnation, if that is still what stands there. The caller looks again. */
  cancel(digest: Digest): Promise<void>;
  /**
   * Completes a deletion that was decided, as far as buckets let it, so that the content can be stored anew. The caller looks again.
   * @throws ArtifactError what a bucket says where nothing of it could be erased
   */
  finish(digest: Digest): Promise<void>;
  /**
   * Lets the time begin anew for which a version may be unused, before a rule takes it. The caller looks again.
   * @param chance for a keeper that has none of its own
   */
  renew(version: ArtifactArn & { readonly version: number }, chance: Chance): Promise<void>;
}
