import type { Digest } from '../digest.ts';
import type { PlannedStep } from './item.ts';

/** What became of content. */
export type ContentOutcome =
  /** It is gone. */
  | 'deleted'
  /** It is in quarantine. */
  | 'condemned'
  /** It is needed by now: it stays. */
  | 'rescued'
  /** It is in quarantine already: condemned by another item, by somebody else, or anew after the plan was made. */
  | 'waiting'
  /** Somebody else has done it, or is just at it. */
  | 'gone';

export interface ContentResult {
  readonly digest: Digest;
  readonly bytes: number;
  readonly outcome: ContentOutcome;
  /** Of content that was condemned: not before that a later run deletes it. ISO 8601. */
  readonly until?: string;
}

/**
 * What became of an item of a plan. `deleted`: of a version, that it was given up; of content, that it is gone. `finished`, `cancelled`, `forgotten`: what the item says was
 * done. `left`: there was nothing to do any more; of a version, its status was changed since the plan was made. `failed`: it could not be done, and nothing more was.
 */
export type RunResult = PlannedStep & {
  readonly outcome: ContentOutcome | 'finished' | 'cancelled' | 'forgotten' | 'left' | 'failed';
  /** Of content that was condemned: not before that a later run deletes it. ISO 8601. */
  readonly until?: string;
  /** Of a version: what became of what it held. */
  readonly content?: readonly ContentResult[];
  /** Of a version that is needed by now: by whom. */
  readonly users?: readonly string[];
  readonly failure?: string;
  readonly remedy?: string;
};
