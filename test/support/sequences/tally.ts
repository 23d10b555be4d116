import { generationOf } from '../../../repository/physical-id.ts';
import type { Outcome, Stack, StackEngine, StackEvent } from '../stack-engine/engine.ts';
import type { Coverage, Kind } from './coverage.ts';

/** What came up in an operation. */
export function countEvents(coverage: Coverage, status: Outcome['status'], events: readonly StackEvent[]): void {
  const count = (kind: Kind): void => {
    coverage.count(kind);
  };
  if (status === 'CREATE_COMPLETE') count('stack created');
  if (/^ROLLBACK_/.test(status)) count('creation rolled back');
  if (status === 'UPDATE_COMPLETE') count('stack updated');
  if (/^UPDATE_ROLLBACK_/.test(status)) count('update rolled back');
  if (status === 'DELETE_COMPLETE') count('stack deleted');
  if (status === 'DELETE_FAILED') count('deletion failed');
  const goingBack = new Set<string>();
  const asked = new Set<string>();
  const replaced = new Set<string>();
  for (const { type, logicalId, stackId, status: now, reason = '' } of events) {
    if (type === 'AWS::CloudFormation::Stack' && now === 'UPDATE_ROLLBACK_IN_PROGRESS') goingBack.add(stackId);
    if (reason.includes('on purpose')) count('failed on purpose');
    if (type !== 'Custom::ArtifactRef') continue;
    const resource = `${stackId}/${logicalId}`;
    if (reason.includes('Resource creation cancelled')) count('Create cancelled');
    if (reason.includes('update cancelled')) count('Update cancelled');
    if (reason.includes('did not receive')) count('answer dropped');
    if (/takes no new references|is being deleted|is not in the domain/.test(reason))
      count('refused what was given up');
    if (now === 'DELETE_FAILED') count('Delete after a fault');
    if (reason.includes('required the provider to create a new')) replaced.add(resource);
    if (!goingBack.has(stackId) || !replaced.has(resource)) continue;
    if (now === 'UPDATE_IN_PROGRESS') asked.add(resource);
    if (now === 'UPDATE_COMPLETE')
      count(`replaced reference rolled back ${asked.has(resource) ? 'by' : 'without'} an Update`);
  }
}

/** How a template changed: the resources of the one before as JSON, and the stack that has the new one. */
export function countChange(coverage: Coverage, before: string, stack: Stack | undefined): void {
  type Resources = Readonly<Record<string, { readonly type: string; readonly properties: { ArtifactArn?: string } }>>;
  const [was, is] = [JSON.parse(before) as Resources, (stack?.deployment.template.resources ?? {}) as Resources];
  if ('Ref' in was && 'Renamed' in is) coverage.count('logical ID renamed');
  if (Object.keys(was).some((id) => was[id]?.type === 'Custom::ArtifactRef' && !(id in is)))
    coverage.count('reference removed');
  for (const [id, { properties }] of Object.entries(is)) {
    const [one = '', other = ''] = [was[id]?.properties.ArtifactArn, properties.ArtifactArn];
    if (one === '' || other === '' || one === other) continue;
    const name = /:[^:/]+\/([^:@]+)/;
    coverage.count(name.exec(one)?.[1] === name.exec(other)?.[1] ? 'content changed' : 'artifact replaced');
  }
}

/** Each delivery to the reference function. @returns what should never happen to one */
export function countDeliveries(engine: StackEngine, coverage: Coverage): readonly string[] {
  const violations: string[] = [];
  const firsts = new Set<string>();
  const latest = new Map<string, string>();
  for (const { functionName, event, requestId, attempt, error, requests } of engine.invocations) {
    if (functionName !== 'cfn-artifacts-reference') continue;
    coverage.events += 1;
    coverage.requests += requests;
    if (error?.includes('killed') === true) coverage.count('killed');
    else if (error !== undefined && !/expired|could not be stored/.test(error))
      violations.push(`the function failed: ${error}`);
    if (attempt > 0) coverage.count('delivered again after an error');
    else if (firsts.has(requestId)) coverage.count('delivered twice');
    firsts.add(requestId);
    const { RequestType, PhysicalResourceId, StackId, LogicalResourceId, ResponseURL } = JSON.parse(event) as Record<
      string,
      string
    >;
    if (RequestType === 'Delete' && generationOf(PhysicalResourceId ?? '') === undefined)
      coverage.count('Delete with an invented ID');
    const resource = `${StackId ?? ''}/${LogicalResourceId ?? ''}`;
    const issued = /(?:X-Amz-Date|Expires)=([0-9TZ]+)(?:&|$)/.exec(ResponseURL ?? '')?.[1] ?? '';
    if (issued < (latest.get(resource) ?? '')) coverage.count('delivered late');
    else latest.set(resource, issued);
  }
  for (const { body } of engine.answers) {
    const text = Buffer.from(body).toString();
    if (/The reference function failed|timed out/.test(text)) violations.push(`answered: ${text.slice(0, 500)}`);
  }
  return violations;
}

/** For who looks for the cause: events of the stacks, and what was delivered, each in its order. */
export function historyIn(engine: StackEngine): string {
  const events = engine
    .stacks()
    .flatMap((stack) => stack.events)
    .toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime())
    .map(({ timestamp, stackName, logicalId, physicalId, status, reason = '' }) =>
      [timestamp.toISOString(), stackName, logicalId, physicalId, status, reason].join(' '),
    );
  const deliveries = engine.invocations
    .filter(({ event }) => event.includes('"Custom::ArtifactRef"'))
    .map(({ event, requestId, attempt, requests, error = '' }) => {
      const {
        RequestType,
        LogicalResourceId,
        StackId,
        PhysicalResourceId = '',
      } = JSON.parse(event) as Record<string, string>;
      const answers = engine.answers.filter((answer) => answer.requestId === requestId);
      const told = answers.map(({ body }) => Buffer.from(body).toString().slice(0, 400)).join(' | ');
      return [requestId, RequestType, StackId, LogicalResourceId, PhysicalResourceId, attempt, requests, error, told];
    })
    .map((line) => line.join(' '));
  return [...events, ...deliveries].join('\n');
}
