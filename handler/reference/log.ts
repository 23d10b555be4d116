/** What happened to one event, as one line of JSON that CloudWatch takes for metrics as well (its embedded metric format). */
export interface Report {
  readonly requestType: unknown;
  readonly requestId: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly outcome: 'SUCCESS' | 'FAILED';
  readonly reason?: string;
  /** Of a failure that nobody foresaw. */
  readonly stack?: string;
  /** Whether CloudFormation was told. */
  readonly answered: boolean;
  readonly added: number;
  readonly removed: number;
  /** Milliseconds. */
  readonly duration: number;
}

const COUNTS = ['BindingsAdded', 'BindingsRemoved', 'Failures'];

/** @param secret is in no line, wherever it may have got into a message */
export function lineOf(report: Report, time: Date, secret: string): string {
  const metrics = [...COUNTS.map((Name) => ({ Name, Unit: 'Count' })), { Name: 'Duration', Unit: 'Milliseconds' }];
  const line = JSON.stringify({
    _aws: {
      Timestamp: time.getTime(),
      CloudWatchMetrics: [{ Namespace: 'cfn-artifacts', Dimensions: [[]], Metrics: metrics }],
    },
    RequestType: report.requestType,
    RequestId: report.requestId,
    StackId: report.stackId,
    LogicalResourceId: report.logicalId,
    PhysicalResourceId: report.physicalId,
    Outcome: report.outcome,
    Reason: report.reason,
    Stack: report.stack,
    Answered: report.answered,
    BindingsAdded: report.added,
    BindingsRemoved: report.removed,
    Failures: report.outcome === 'FAILED' || !report.answered ? 1 : 0,
    Duration: report.duration,
  });
  return line.replaceAll(JSON.stringify(secret).slice(1, -1), 'ResponseURL');
}
