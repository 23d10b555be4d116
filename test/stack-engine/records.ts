import type { InProcessFunction, InvocationContext, Outcome } from '../support/stack-engine/engine.ts';

export const TOKEN = 'arn:aws:lambda:eu-west-1:111122223333:function:records';

/** An event as CloudFormation sends it. */
export interface CustomEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ServiceToken: string;
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly ResourceProperties: Readonly<Record<string, string>>;
  readonly OldResourceProperties?: Readonly<Record<string, string>>;
}

export interface Records {
  /** What is recorded: physical IDs. */
  readonly recorded: Set<string>;
  readonly events: CustomEvent[];
  readonly run: InProcessFunction['run'];
}

/**
 * A function in this process that names its records by value (`Value`), makes them before it answers, and removes them in Delete alone. `Fail`: `before` or `after` the record was
 * made, on Create and Update; `Delete` on Delete. `Way: in place`: one ID for all values, the one of `place`.
 */
export function records(place: (event: CustomEvent) => string = ({ LogicalResourceId: id }) => `${id}.one`): Records {
  const recorded = new Set<string>();
  const events: CustomEvent[] = [];
  const run = async (event: CustomEvent, context: InvocationContext): Promise<void> => {
    events.push(event);
    const { Value: value = '', Fail: fail, Way: way } = event.ResourceProperties;
    const answer = async (members: object): Promise<void> => {
      const { StackId, RequestId, LogicalResourceId } = event;
      const body = Buffer.from(
        JSON.stringify({ Status: 'SUCCESS', StackId, RequestId, LogicalResourceId, ...members }),
      );
      await context.put(event.ResponseURL, { 'Content-Length': String(body.length) }, body);
    };
    const given = event.PhysicalResourceId;
    if (event.RequestType === 'Delete') {
      await context.request();
      if (fail === 'Delete') return answer({ Status: 'FAILED', Reason: 'not now', PhysicalResourceId: given });
      recorded.delete(given ?? '');
      return answer({ PhysicalResourceId: given });
    }
    const id = way === 'in place' ? place(event) : `${event.LogicalResourceId}.${value}`;
    if (fail === 'before')
      return answer({ Status: 'FAILED', Reason: 'fails before', PhysicalResourceId: given ?? 'nothing' });
    await context.request();
    recorded.add(id);
    if (fail === 'after') return answer({ Status: 'FAILED', Reason: 'fails after', PhysicalResourceId: id });
    await answer({ PhysicalResourceId: id, Data: { Value: value, Bucket: 'bucket', 'dotted.name': 'whole' } });
  };
  return { recorded, events, run: run };
}

/** `Create Ref`, `Update(Ref.a) Ref`, `Delete(Ref.a) Ref`: the events in the order in which they reached the function. */
export function told(events: readonly CustomEvent[]): string[] {
  return events.map(
    ({ RequestType, PhysicalResourceId: id, LogicalResourceId: name }) =>
      `${RequestType}${id === undefined ? '' : `(${id})`} ${name}`,
  );
}

/** `Ref CREATE_COMPLETE`: what happened to a stack's resources, in order; the stack itself is `stack`. */
export function history({ events, stackId }: Outcome): string[] {
  return events.map(({ logicalId, physicalId, status }) => `${physicalId === stackId ? 'stack' : logicalId} ${status}`);
}

export function template(resources: object, rest: object = {}): string {
  return JSON.stringify({ Resources: resources, ...rest });
}

/** A custom resource that records a value. */
export function ref(value: string, properties: object = {}, attributes: object = {}): object {
  return {
    Type: 'Custom::ArtifactRef',
    Properties: { ServiceToken: TOKEN, Value: value, ...properties },
    ...attributes,
  };
}

/** A function whose code is the value that `Ref` recorded. */
export function consumer(key: string, properties: object = {}): object {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: { Code: { S3Bucket: { 'Fn::GetAtt': ['Ref', 'Bucket'] }, S3Key: key }, ...properties },
  };
}
