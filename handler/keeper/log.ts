import type { LiftedHold } from '../../repository/stores/s3-hold.ts';

/** What happened to one command, as one line of JSON that CloudWatch takes for metrics as well (its embedded metric format). */
export interface Report {
  /** Absent where what was sent is none. */
  readonly command?: object;
  readonly requestId: string;
  readonly outcome: 'done' | 'unfinished' | 'failed';
  /** Of a failure that was foreseen. */
  readonly code?: string;
  readonly reason?: string;
  /** Of a failure that nobody foresaw. */
  readonly stack?: string;
  /** References that were taken away. */
  readonly removed: number;
  readonly findings: number;
  readonly healed: number;
  /** Milliseconds. */
  readonly duration: number;
}

const COUNTS = ['ReferencesRemoved', 'Findings', 'FindingsHealed', 'KeeperFailures'];

/** The line, without its line break. All five metrics stand in every line, so that a sum over time knows of the times when there was nothing. */
export function lineOf(report: Report, time: Date): string {
  const metrics = [
    ...COUNTS.map((Name) => ({ Name, Unit: 'Count' })),
    { Name: 'KeeperDuration', Unit: 'Milliseconds' },
  ];
  return JSON.stringify({
    _aws: {
      Timestamp: time.getTime(),
      CloudWatchMetrics: [{ Namespace: 'cfn-artifacts', Dimensions: [[]], Metrics: metrics }],
    },
    Command: report.command,
    RequestId: report.requestId,
    Outcome: report.outcome,
    Code: report.code,
    Reason: report.reason,
    Stack: report.stack,
    ReferencesRemoved: report.removed,
    Findings: report.findings,
    FindingsHealed: report.healed,
    KeeperFailures: report.outcome === 'failed' ? 1 : 0,
    KeeperDuration: report.duration,
  });
}

/** That a legal hold was lifted, which somebody may have put. */
export function lineOfLifting(bucket: string, { key, version }: LiftedHold): string {
  return JSON.stringify({ HoldLifted: { bucket, key, version } });
}

/** What a scheduled audit found, which nobody else is told of. */
export function lineOfFinding(finding: object, requestId: string): string {
  return JSON.stringify({ RequestId: requestId, Finding: finding });
}
