import type { AuditStep } from '../audit/audit.ts';
import { audit } from '../audit/audit.ts';
import type { DueTask } from './due-task.ts';
import type { Keeping } from './keeping.ts';

/** Compares references with what is deployed, and heals what it finds. */
export const DAILY_AUDIT: DueTask = {
  task: 'audit',
  notedSteps: 500,
  begin: (keeping, after) => {
    const tally = { looked: 0, findings: 0, healed: 0 };
    const { domain, evidence } = keeping;
    const steps = audit(domain, evidence, { fix: true, ...(after !== undefined && { after }) });
    return { steps: counted(steps, keeping, tally), tally: () => ({ ...tally }) };
  },
};

async function* counted(
  steps: AsyncIterable<AuditStep>,
  { report }: Keeping,
  tally: { looked: number; findings: number; healed: number },
): AsyncGenerator<AuditStep> {
  for await (const step of steps) {
    const { finding } = step;
    tally.looked += 1;
    if (finding !== undefined) {
      tally.findings += 1;
      if (finding.healed) tally.healed += 1;
      report?.(finding);
    }
    yield step;
  }
}
