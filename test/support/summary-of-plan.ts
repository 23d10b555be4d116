import type { PlanSummary } from '../../repository/collecting/plan-summary.ts';

/** What `gc-plan` says at its end. */
export function summaryOfPlan(results: readonly object[]): PlanSummary {
  const summary = results.find((one): one is PlanSummary => 'action' in one && one.action === 'plan');
  if (summary === undefined) throw new Error('a plan without an end');
  return summary;
}
