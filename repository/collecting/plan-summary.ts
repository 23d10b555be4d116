import type { Digest } from '../digest.ts';
import type { PlanItem } from './item.ts';
import type { Plan } from './stored-plan.ts';
import type { Tally } from './tally.ts';

/** What `gc-plan` has to tell: items as they are found, and last the plan that they are. */
export type PlanResult = PlanItem | PlanSummary;

export interface PlanSummary {
  readonly action: 'plan';
  /** Names it. */
  readonly digest: Digest;
  /** ISO 8601. */
  readonly at: string;
  /** False of one that became too large: what is not in it, another plan has. */
  readonly isWhole: boolean;
  /** Content goes without quarantine. */
  readonly now: boolean;
  readonly tally: Tally;
}

export function summaryOf({ digest, at, isWhole, now, tally }: Plan): PlanSummary {
  return { action: 'plan', digest, at, isWhole, now, tally };
}
