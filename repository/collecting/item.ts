import type { Digest } from '../digest.ts';
import type { ArtifactName } from '../name.ts';

/** What a plan says of one version or one content. Plain JSON. */
export type PlanItem = PlannedStep | PlannedNote;

/** What `gc run` does, if nothing has come between by then. */
export type PlannedStep =
  /** A rule takes this version, or its deletion was begun and not ended. `bytes`: of its content, most of which may be held by others and stay. `rule`: the IDs of
   * those that take it; absent of one that somebody began to delete.
   * `seen`: the nonce of its status record, absent where there was none: where that is another by the time of the run, it stays. */
  | ({
      readonly action: 'delete';
      readonly number: number;
      readonly digests: readonly Digest[];
      readonly bytes: number;
      readonly rule?: string;
      readonly why: string;
      readonly seen?: string;
    } & ArtifactName)
  /** Nothing holds or uses this content: it goes into quarantine. */
  | { readonly action: 'condemn'; readonly digest: Digest; readonly bytes: number; readonly why: string }
  /** Its quarantine is over. `since`: when it was condemned, ISO 8601, by the store's clock. */
  | { readonly action: 'reap'; readonly digest: Digest; readonly bytes: number; readonly since: string }
  /** Its deletion was decided, and not completed. */
  | { readonly action: 'finish'; readonly digest: Digest }
  /** It is condemned, and needed again. */
  | { readonly action: 'cancel'; readonly digest: Digest }
  /** A condemnation that was lifted says nothing any more. */
  | { readonly action: 'forget'; readonly digest: Digest };

/** What is told, and nothing is done about. */
type PlannedNote =
  /** In quarantine. `until`: not before that, ISO 8601. */
  | {
      readonly action: 'wait';
      readonly digest: Digest;
      readonly bytes: number;
      readonly since: string;
      readonly until: string;
    }
  /** A version that rules concern, and that stays. `rule`: the IDs of those that keep it, where any does. */
  | ({ readonly action: 'keep'; readonly number: number; readonly rule?: string; readonly why: string } & ArtifactName)
  /** It could not be found out: it stays. `subject`: a version or a content, as people write it. */
  | { readonly action: 'unknown'; readonly subject: string; readonly why: string; readonly remedy?: string };

export function isStep(item: PlanItem): item is PlannedStep {
  return item.action !== 'wait' && item.action !== 'keep' && item.action !== 'unknown';
}

/** In this order a plan carries on: versions first, because what they held is then free. */
const ORDER: Readonly<Record<PlanItem['action'], number>> = {
  ...{ delete: 0, finish: 1, cancel: 2, forget: 3, condemn: 4, reap: 5, wait: 6, keep: 7, unknown: 8 },
};

/** By action; of one action as they came, versions, and by digest, content. */
export function compareItems(one: PlanItem, other: PlanItem): number {
  if (one.action !== other.action) return ORDER[one.action] - ORDER[other.action];
  if (!('digest' in one) || !('digest' in other) || one.digest === other.digest) return 0;
  return one.digest < other.digest ? -1 : 1;
}

export function formatContent(digest: Digest): string {
  return `sha256:${digest}`;
}
