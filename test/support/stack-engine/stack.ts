import type { GivenParameters } from './parameters.ts';
import type { Template, TemplateResource } from './template.ts';
import type { Value, ValueMap } from './value.ts';

/** The words are CloudFormation's own. */
export type StackStatus =
  | `${'CREATE' | 'UPDATE' | 'DELETE' | 'ROLLBACK' | 'UPDATE_ROLLBACK'}_${'IN_PROGRESS' | 'COMPLETE' | 'FAILED'}`
  | `${'IMPORT' | 'IMPORT_ROLLBACK'}_${'IN_PROGRESS' | 'COMPLETE'}`
  | 'REVIEW_IN_PROGRESS'
  | 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS';

export type ResourceStatus =
  | `${'CREATE' | 'UPDATE' | 'DELETE' | 'IMPORT'}_${'IN_PROGRESS' | 'COMPLETE' | 'FAILED'}`
  | 'DELETE_SKIPPED'
  | 'IMPORT_ROLLBACK_COMPLETE';

export interface StackEvent {
  readonly stackId: string;
  readonly stackName: string;
  readonly eventId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly timestamp: Date;
  readonly status: StackStatus | ResourceStatus;
  readonly reason: string | undefined;
}

/** A physical resource, as its stack knows it. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  /** `undefined`: a custom resource that never told its ID; one is invented for its Delete. */
  readonly physicalId: string | undefined;
  /** Resolved, as they were last carried out. */
  readonly properties: ValueMap;
  readonly attributes: ValueMap;
  /** Of a custom resource: the last request it answered, named in errors about its attributes. */
  readonly requestId?: string;
  readonly declared: TemplateResource;
  /** Logical IDs. */
  readonly dependencies: readonly string[];
}

/** What a stack is told to be. */
export interface Deployment {
  /** The text, as it was given. */
  readonly source: string;
  /** After its transforms, in a form that can be compared. */
  readonly content: string;
  readonly template: Template;
  readonly parameters: GivenParameters;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly exportName: string | undefined;
  readonly description: string | undefined;
}

export interface StackTag {
  readonly key: string;
  readonly value: string;
}

/** What is shown of a resource, also after it is gone. */
export interface ResourceSummary {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string | undefined;
  readonly status: ResourceStatus;
  readonly reason: string | undefined;
  readonly timestamp: Date;
}

/** An update whose cleanup, or whose way back, waits for the root of its stack. */
export interface PendingChange {
  rollback(): Promise<void>;
  cleanup(): Promise<void>;
}

export class Stack {
  readonly id: string;
  readonly name: string;
  readonly parent: Stack | undefined;
  readonly created: Date;
  updated: Date | undefined;
  deleted: Date | undefined;
  status: StackStatus = 'CREATE_IN_PROGRESS';
  reason: string | undefined;
  deployment: Deployment;
  outputs: readonly StackOutput[] = [];
  /** Names of the exports it uses. */
  imports: ReadonlySet<string> = new Set();
  readonly resources: Map<string, StackResource> = new Map();
  readonly summaries: Map<string, ResourceSummary> = new Map();
  /** Oldest first. */
  readonly events: StackEvent[] = [];
  pending: PendingChange | undefined;
  /** As the last change set gave them. */
  capabilities: readonly string[] = [];
  tags: readonly StackTag[] = [];
  changeSetId: string | undefined;

  constructor(id: string, name: string, deployment: Deployment, created: Date, parent: Stack | undefined) {
    this.id = id;
    this.name = name;
    this.deployment = deployment;
    this.created = created;
    this.parent = parent;
  }

  get root(): Stack {
    return this.parent?.root ?? this;
  }

  output(key: string): string | undefined {
    return this.outputs.find((output) => output.key === key)?.value;
  }
}

export function pseudoParameter(name: string, stack: Stack, region: string, account: string): Value {
  switch (name) {
    case 'AWS::AccountId':
      return account;
    case 'AWS::Region':
      return region;
    case 'AWS::Partition':
      return region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
    case 'AWS::URLSuffix':
      return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    case 'AWS::StackId':
      return stack.id;
    case 'AWS::StackName':
      return stack.name;
    case 'AWS::NotificationARNs':
      return [];
    default:
      return undefined;
  }
}
