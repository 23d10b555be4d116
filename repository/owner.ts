import type { StackResource } from './stack-id.ts';
import { parseStackId } from './stack-id.ts';

/** The resource of a stack that declared something, and the operation of CloudFormation's that wrote it last. Nobody else's stack changes it. */
export interface Owner {
  readonly stackId: string;
  readonly logicalId: string;
  /** RequestId: the same in every delivery of one event, of no other event. */
  readonly requestId: string;
  /** When CloudFormation issued the event, ISO 8601. An event that was issued earlier changes nothing any more. */
  readonly issued: string;
}

/** `undefined` where a record has something else there. */
export function ownerOf(value: unknown): Owner | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { stackId, logicalId, requestId, issued } = value as Partial<Record<keyof Owner, unknown>>;
  return typeof stackId === 'string' &&
    typeof logicalId === 'string' &&
    typeof requestId === 'string' &&
    typeof issued === 'string'
    ? { stackId, logicalId, requestId, issued }
    : undefined;
}

/** Whether both are the same resource, of the same incarnation of a stack. */
export function isSameResource(one: Pick<Owner, 'stackId' | 'logicalId'>, other: typeof one): boolean {
  return one.stackId === other.stackId && one.logicalId === other.logicalId;
}

/**
 * Whether a resource is that of a later incarnation of the same stack. CloudFormation has one stack of a name in an account and a region, and takes the name again only when
 * the former is deleted: so what that has left behind, by a DeletionPolicy for example, has no other owner.
 */
export function isSuccessor(former: Owner, owner: Owner): boolean {
  const [was, is] = [resourceOf(former), resourceOf(owner)];
  if (was === undefined || is === undefined || was.uuid === is.uuid || former.issued >= owner.issued) return false;
  return (['account', 'region', 'stack', 'logicalId'] as const).every((member) => was[member] === is[member]);
}

/** For people: `stack 'shop' (Prod)`. */
export function ownerName({ stackId, logicalId }: Pick<Owner, 'stackId' | 'logicalId'>): string {
  return `stack '${parseStackId(stackId)?.stack ?? stackId}' (${logicalId})`;
}

/** The resource as keys name it. `undefined` where the ID of its stack is none. */
export function resourceOf({ stackId, logicalId }: Pick<Owner, 'stackId' | 'logicalId'>): StackResource | undefined {
  const stack = parseStackId(stackId);
  return stack && { ...stack, logicalId };
}
