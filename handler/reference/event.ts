import { ArtifactError } from '../../repository/error.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import { parseStackId } from '../../repository/stack-id.ts';
import { issuedBefore } from '../../repository/time.ts';
import { isGeneration } from '../../repository/physical-id.ts';

/** What of an event has to be known to answer it. Copied to the letter; what is missing or can't be is empty. */
export interface Asked {
  /** Presigned, and a secret. */
  readonly url: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalId: string;
  /** Empty in a Create. */
  readonly physicalId: string;
}

export interface ResourceEvent extends Asked {
  readonly requestType: 'Create' | 'Update' | 'Delete';
  readonly resourceType: string;
  readonly resource: StackResource;
  /** When CloudFormation issued it, ISO 8601 to the millisecond. */
  readonly issued: string;
  readonly properties: unknown;
  readonly oldProperties: unknown;
}

type Members = Readonly<Record<string, unknown>>;

/** @throws ArtifactError INVALID_ARGUMENT where nobody can be answered */
export function askedOf(event: unknown): Asked {
  const { ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId } = membersOf(event);
  if (typeof ResponseURL !== 'string' || !/^https:\/\//i.test(ResponseURL)) {
    throw new ArtifactError('INVALID_ARGUMENT', "the event has no 'ResponseURL' that begins with https", {
      remedy: 'This function answers the events that CloudFormation sends for custom resources, and nothing else.',
    });
  }
  return {
    url: ResponseURL,
    stackId: textOf(StackId, 512),
    requestId: textOf(RequestId, 128),
    logicalId: textOf(LogicalResourceId, 255),
    physicalId: textOf(PhysicalResourceId, 1024),
  };
}

/**
 * @param arrival when it was issued, where nothing in the event says that, or it says a time to come
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function parseEvent(event: unknown, arrival: Date): ResourceEvent {
  const asked = askedOf(event);
  const { RequestType, ResourceType, ResourceProperties, OldResourceProperties } = membersOf(event);
  const stack = parseStackId(asked.stackId);
  if (RequestType !== 'Create' && RequestType !== 'Update' && RequestType !== 'Delete')
    throw malformed('RequestType', RequestType);
  if (stack === undefined) throw malformed('StackId', asked.stackId);
  if (!/^[A-Za-z0-9]+$/.test(asked.logicalId)) throw malformed('LogicalResourceId', asked.logicalId);
  if (!isGeneration(asked.requestId)) throw malformed('RequestId', asked.requestId);
  if (RequestType !== 'Create' && asked.physicalId === '') throw malformed('PhysicalResourceId', '');
  return {
    ...asked,
    requestType: RequestType,
    resourceType: textOf(ResourceType, 255),
    resource: { ...stack, logicalId: asked.logicalId },
    issued: issuedBefore((issueTime(asked.url) ?? arrival).toISOString(), arrival),
    properties: ResourceProperties,
    oldProperties: OldResourceProperties,
  };
}

function malformed(member: string, value: unknown): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `the event has a ${member} that is none: ${shown(value)}`, {
    remedy: 'This function answers the events that CloudFormation sends for custom resources, and nothing else.',
  });
}

function shown(value: unknown): string {
  return value === undefined ? 'it is missing' : `'${JSON.stringify(value).slice(0, 200)}'`;
}

/** How long the URLs of Signature Version 2 are good, which tell their end alone. */
const LIFETIME_SECONDS = 7200;

/** By what the URL was signed with: the same in every delivery of an event. */
function issueTime(url: string): Date | undefined {
  const signed = /[?&]X-Amz-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(url);
  const expires = /[?&]Expires=(\d{1,11})(?:&|$)/.exec(url);
  const time =
    signed !== null
      ? new Date(`${signed.slice(1, 4).join('-')}T${signed.slice(4).join(':')}Z`)
      : new Date(1000 * (Number(expires?.[1]) - LIFETIME_SECONDS));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function textOf(value: unknown, limit: number): string {
  return typeof value === 'string' && Buffer.byteLength(value) <= limit ? value : '';
}
