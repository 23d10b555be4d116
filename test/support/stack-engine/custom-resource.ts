import type { Answer, Asked } from './answer.ts';
import { judge } from './answer.ts';
import { ResourceError, ValidationError } from './error.ts';
import type { FaultTarget, Hold } from './fault.ts';
import type { LambdaFunction } from './lambda.ts';
import type { Stack } from './stack.ts';
import type { Value, ValueMap } from './value.ts';
import { stringified, textOf } from './value.ts';
import type { Cancellation } from './walk.ts';
import type { World } from './world.ts';

export type RequestType = 'Create' | 'Update' | 'Delete';

export interface CustomRequest {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  readonly requestType: RequestType;
  readonly physicalId?: string;
  readonly properties: ValueMap;
  readonly oldProperties?: ValueMap;
}

/** What came of a request. `cancelled`: nobody waits for the answer any more, and whether it was carried out is not known. */
export type CustomOutcome =
  | { readonly kind: 'answered'; readonly answer: Answer; readonly requestId: string }
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'cancelled' };

const TIMEOUT_SECONDS = 3600;

/** Sends the event and waits for the answer, as long as CloudFormation does. */
export async function ask(
  request: CustomRequest,
  world: World,
  cancellation: Cancellation | undefined,
): Promise<CustomOutcome> {
  const token = serviceToken(request.properties);
  const definition = world.functions.runnable(token);
  const seconds = Number(textOf(request.properties['ServiceTimeout']) ?? TIMEOUT_SECONDS);
  const refusal = refusalOf(token, definition, seconds, world);
  if (definition === undefined || refusal !== undefined) return { kind: 'silent', reason: refusal ?? '' };
  const requestId = world.random.uuid();
  const target = { stack: request.stack.name, logicalId: request.logicalId, on: request.requestType };
  const asked = { StackId: request.stack.id, RequestId: requestId, LogicalResourceId: request.logicalId };
  // No two requests have the same time in their URL.
  world.scheduler.pass(1000);
  const { url, answer } = world.answers.expect(asked, world.answerBase, world.urlStyle, {
    refusals: world.faults.take('refuse answer', target).flatMap(({ statuses }) => statuses),
    dropped: world.faults.take('drop answer', target).length > 0 ? Infinity : 0,
  });
  deliver(
    { token, definition, event: JSON.stringify(eventOf(request, asked, url)), requestId },
    request,
    target,
    world,
  );
  return wait(request, asked, answer, seconds, world, cancellation);
}

/** The event, member for member in CloudFormation's order. */
function eventOf(request: CustomRequest, asked: Asked, url: string): object {
  return {
    RequestType: request.requestType,
    ServiceToken: serviceToken(request.properties),
    ResponseURL: url,
    StackId: asked.StackId,
    RequestId: asked.RequestId,
    LogicalResourceId: asked.LogicalResourceId,
    ...(request.physicalId !== undefined && { PhysicalResourceId: request.physicalId }),
    ResourceType: request.type,
    ResourceProperties: stringified(request.properties),
    ...(request.oldProperties !== undefined && { OldResourceProperties: stringified(request.oldProperties) }),
  };
}

interface Sending {
  readonly token: string;
  readonly definition: LambdaFunction;
  readonly event: string;
  readonly requestId: string;
}

function deliver(
  { token, definition, event, requestId }: Sending,
  request: CustomRequest,
  target: FaultTarget,
  world: World,
): void {
  const [late] = world.faults.take('deliver late', target);
  const twice = world.faults.take('deliver twice', target);
  const kills = world.faults.take('kill', target);
  const resource = resourceKey(request.stack.id, request.logicalId);
  const holds = [late?.hold, ...twice.map(({ hold }) => hold)].map((hold) =>
    holding(hold, request.stack, resource, world),
  );
  for (const [index, hold] of holds.entries()) {
    const delivery = { hold, kills: index === 0 ? kills : [] };
    void world.lambda.deliver(token, definition, event, requestId, delivery).then(
      () => {
        world.happenings.happened(`event ${resource}`);
      },
      (error: unknown) => world.lambda.defects.push(error),
    );
  }
}

/** What the hold waits for; it begins to count now. */
function holding(
  hold: Hold | undefined,
  stack: Stack,
  resource: string,
  world: World,
): (() => Promise<void>) | undefined {
  if (hold === undefined) return undefined;
  if ('seconds' in hold) return () => world.scheduler.later(1000 * hold.seconds);
  if ('events' in hold) {
    const waited = world.happenings.more(`event ${resource}`, hold.events);
    return () => waited;
  }
  const waited = world.happenings.more(`operation ${stack.root.id}`, hold.operations);
  return () => waited;
}

async function wait(
  request: CustomRequest,
  asked: Asked,
  answer: Promise<Uint8Array>,
  seconds: number,
  world: World,
  cancellation: Cancellation | undefined,
): Promise<CustomOutcome> {
  const resource = resourceKey(request.stack.id, request.logicalId);
  const limit = world.scheduler.limit(1000 * seconds);
  world.inFlight.add(resource);
  world.happenings.happened(`sent ${resource}`);
  try {
    const first = await Promise.race([
      answer,
      limit.reached.then(() => 'timeout' as const),
      ...(cancellation === undefined ? [] : [cancellation.happened.then(() => 'cancelled' as const)]),
    ]);
    if (first === 'cancelled') return { kind: 'cancelled' };
    if (first === 'timeout') return { kind: 'silent', reason: noAnswer(asked.RequestId) };
    await world.scheduler.turn();
    return { kind: 'answered', answer: judge(first, asked), requestId: asked.RequestId };
  } finally {
    world.inFlight.delete(resource);
    limit.cancel();
  }
}

export function resourceKey(stackId: string, logicalId: string): string {
  return `${stackId}|${logicalId}`;
}

/** The name of a custom type: 60 characters, the prefix counted. */
export function requireTypeName(type: string): void {
  if (type.startsWith('Custom::') && !/^Custom::[A-Za-z0-9_@-]{1,52}$/.test(type)) {
    throw new ValidationError(`Template format error: Unrecognized resource types: [${type}]`);
  }
}

export function isCustom(type: string): boolean {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';
}

export function serviceToken(properties: ValueMap): string {
  const token = textOf(properties['ServiceToken']);
  if (token === undefined) throw new ResourceError('ServiceToken is required');
  return token;
}

/** Why nothing is sent. */
function refusalOf(
  token: string,
  definition: LambdaFunction | undefined,
  seconds: number,
  world: World,
): string | undefined {
  if (token.split(':')[3] !== world.region) return `Invalid service token: '${token}' is not in ${world.region}`;
  if (definition === undefined) return `Lambda function not found: ${token} (Service: Lambda, Status Code: 404)`;
  return seconds >= 1 && seconds <= TIMEOUT_SECONDS ? undefined : `ServiceTimeout must be from 1 to ${TIMEOUT_SECONDS}`;
}

function noAnswer(requestId: string): string {
  return `CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${requestId}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.`;
}

/** What `Fn::GetAtt` gives of an answered custom resource. */
export function customAttribute(
  attributes: ValueMap,
  name: string,
  {
    stackId,
    logicalId,
    requestId,
  }: { readonly stackId: string; readonly logicalId: string; readonly requestId: string | undefined },
): Value {
  const value = attributes[name];
  if (value !== undefined && value !== null) return value;
  throw new ResourceError(
    `CustomResource attribute error: Vendor response doesn't contain ${name} attribute in object ${stackId}|${logicalId}|${requestId ?? ''}`,
  );
}
