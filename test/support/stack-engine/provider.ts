import { ResourceError } from './error.ts';
import type { Stack } from './stack.ts';
import type { ValueMap } from './value.ts';
import type { Cancellation } from './walk.ts';

export interface ResourceRequest {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: ValueMap;
  readonly cancellation?: Cancellation;
}

export interface UpdateRequest extends ResourceRequest {
  readonly physicalId: string;
  readonly oldProperties: ValueMap;
}

export interface RemoveRequest extends ResourceRequest {
  readonly physicalId: string;
}

export interface Made {
  readonly physicalId: string;
  readonly attributes: ValueMap;
  readonly requestId?: string;
}

/** Carries out what a type of resource needs. */
export interface Provider {
  /** Whether such a change makes a new physical resource. A custom resource decides by its answer instead. */
  replaces(before: ValueMap, after: ValueMap): boolean;
  create(request: ResourceRequest): Promise<Made>;
  update(request: UpdateRequest): Promise<Made>;
  remove(request: RemoveRequest): Promise<void>;
}

/** A failure that leaves something to delete, though nobody may know its ID. */
export class LeavingFailure extends ResourceError {
  readonly physicalId: string | undefined;

  constructor(reason: string, physicalId: string | undefined) {
    super(reason);
    this.physicalId = physicalId;
  }
}
