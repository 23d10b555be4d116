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
  /** The property that gives it a name of its own. */
  readonly named?: string;
  /** The property by which an import says which one; absent: there is no import. */
  readonly importedBy?: string;
  /** One that exists, taken into a stack as it is. */
  adopt?(request: ResourceRequest, physicalId: string): Made;
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
