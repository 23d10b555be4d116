import type * as Sdk from '@aws-sdk/client-cloudformation';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';

/** A stack as DescribeStacks shows it. */
export interface Stack {
  readonly id: string;
  /** In CloudFormation's own words. */
  readonly status: string;
  readonly reason?: string;
  readonly description: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

export interface StackEvent {
  readonly id: string;
  readonly at: Date;
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  /** It is about the stack itself, not about a resource of it. */
  readonly isOfStack: boolean;
}

export interface ResourceChange {
  readonly action: 'Add' | 'Modify' | 'Remove' | 'Import' | 'Dynamic' | 'SyncWithActual';
  readonly logicalId: string;
  readonly type: string;
  /** Absent of what is not modified. */
  readonly replacement?: 'True' | 'False' | 'Conditional';
}

export interface ChangeSet {
  readonly status: string;
  readonly reason?: string;
  readonly execution: string;
  readonly changes: readonly ResourceChange[];
}

export interface ChangeSetRequest {
  /** Used by nobody else. */
  readonly name: string;
  readonly type: 'CREATE' | 'UPDATE' | 'IMPORT';
  readonly template: string;
  /** `undefined`: what the stack has. A parameter that is absent has its default. */
  readonly parameters?: ReadonlyMap<string, string | undefined>;
  /** All tags that the stack has afterwards. Absent: those it has. */
  readonly tags?: ReadonlyMap<string, string>;
  /** ARN of the role with whose rights CloudFormation works. Absent: the one it had, else the caller's. */
  readonly role?: string;
  readonly imports?: readonly ImportedResource[];
  /** The template makes roles with names of their own. */
  readonly makesRoles?: boolean;
}

export interface ImportedResource {
  readonly type: string;
  readonly logicalId: string;
  readonly identifier: Readonly<Record<string, string>>;
}

export interface CloudFormationOptions {
  /** The one stack that is worked on. */
  readonly stack: string;
  /** Ends requests. */
  readonly signal?: AbortSignal;
  /** Sentences that are added to every remedy. */
  readonly otherWays?: string;
}

/**
 * One stack by CloudFormation's API. Its failures are ArtifactErrors: ACCESS_DENIED naming the action, NO_CREDENTIALS, STORE_UNAVAILABLE,
 * INVALID_CONFIGURATION for what CloudFormation refuses.
 */
export class CloudFormation {
  readonly stack: string;
  readonly region: string;
  readonly #sdk: typeof Sdk;
  readonly #client: CloudFormationClient;
  readonly #options: CloudFormationOptions;

  private constructor(sdk: typeof Sdk, client: CloudFormationClient, region: string, options: CloudFormationOptions) {
    this.stack = options.stack;
    this.region = region;
    this.#sdk = sdk;
    this.#client = client;
    this.#options = options;
  }

  static async of(access: AwsAccess, options: CloudFormationOptions): Promise<CloudFormation> {
    const sdk = await import('@aws-sdk/client-cloudformation');
    const client = access.client('cloudformation', (config) => new sdk.CloudFormationClient({ ...config }));
    return new CloudFormation(sdk, client, await access.region(), options);
  }

  /** The same, for tidying up after an abort: no signal ends its requests. */
  unending(): CloudFormation {
    const { stack, otherWays } = this.#options;
    return new CloudFormation(this.#sdk, this.#client, this.region, {
      stack,
      ...(otherWays !== undefined && { otherWays }),
    });
  }

  /** @param id of a certain stack, which is shown also after its deletion; else whichever has the name now */
  async describe(id: string = this.stack): Promise<Stack | undefined> {
    const command = new this.#sdk.DescribeStacksCommand({ StackName: id });
    try {
      const { Stacks: [found] = [] } = await this.#send('DescribeStacks', (how) => this.#client.send(command, how));
      return found && stackOf(found);
    } catch (error) {
      // What CloudFormation answers for a name that no stack has; the request itself is always valid.
      if (hasCode(causeOf(error), 'ValidationError')) return undefined;
      throw error;
    }
  }

  async createChangeSet(request: ChangeSetRequest): Promise<void> {
    const { name, type, template, parameters = NO_PARAMETERS, tags, role, imports, makesRoles } = request;
    const command = new this.#sdk.CreateChangeSetCommand({
      StackName: this.stack,
      ChangeSetName: name,
      ChangeSetType: type,
      TemplateBody: template,
      Parameters: Array.from(parameters, ([ParameterKey, ParameterValue]) =>
        ParameterValue === undefined ? { ParameterKey, UsePreviousValue: true } : { ParameterKey, ParameterValue },
      ),
      ...(makesRoles === true && { Capabilities: ['CAPABILITY_NAMED_IAM'] }),
      ...(tags !== undefined && { Tags: Array.from(tags, ([Key, Value]) => ({ Key, Value })) }),
      ...(role !== undefined && { RoleARN: role }),
      ...(imports !== undefined && {
        ResourcesToImport: imports.map(({ type: ResourceType, logicalId, identifier }) => ({
          ...{ ResourceType, LogicalResourceId: logicalId, ResourceIdentifier: { ...identifier } },
        })),
      }),
    });
    await this.#send('CreateChangeSet', (how) => this.#client.send(command, how));
  }

  /** With all its changes. `undefined`: it is gone, as it is when somebody executed another. */
  async describeChangeSet(name: string): Promise<ChangeSet | undefined> {
    const changes: ResourceChange[] = [];
    let token: string | undefined;
    try {
      for (;;) {
        const command = new this.#sdk.DescribeChangeSetCommand({
          ...{ StackName: this.stack, ChangeSetName: name },
          ...(token !== undefined && { NextToken: token }),
        });
        const page = await this.#send('DescribeChangeSet', (how) => this.#client.send(command, how));
        for (const { ResourceChange: change } of page.Changes ?? []) {
          if (change !== undefined) changes.push(changeOf(change));
        }
        token = page.NextToken;
        if (token === undefined) {
          const { Status: status = '', StatusReason: reason, ExecutionStatus: execution = '' } = page;
          return { status, execution, changes, ...(reason !== undefined && { reason }) };
        }
      }
    } catch (error) {
      if (hasCode(causeOf(error), ...CHANGE_SET_NOT_FOUND)) return undefined;
      throw error;
    }
  }

  /**
   * What CloudFormation found wrong with a change set before anything was begun, a name that is taken say; its status only points to that.
   * @returns for each the logical ID and what is said of it
   */
  async validationFailures(name: string): Promise<readonly (readonly [logicalId: string, reason: string])[]> {
    const command = new this.#sdk.DescribeEventsCommand({ StackName: this.stack, ChangeSetName: name });
    const { OperationEvents: events = [] } = await this.#send('DescribeEvents', (how) =>
      this.#client.send(command, how),
    );
    return events
      .filter(({ EventType: type }) => type === 'VALIDATION_ERROR')
      .map(({ LogicalResourceId: id = '', ValidationStatusReason: reason = 'no reason given' }) => [id, reason]);
  }

  /** @param token is shown by the events of the operation that begins. Executing again with the same begins no second one. */
  async executeChangeSet(name: string, token: string): Promise<void> {
    const command = new this.#sdk.ExecuteChangeSetCommand({
      ...{ StackName: this.stack, ChangeSetName: name, ClientRequestToken: token },
    });
    await this.#send('ExecuteChangeSet', (how) => this.#client.send(command, how));
  }

  /** One that is gone is as good. */
  async deleteChangeSet(name: string): Promise<void> {
    const command = new this.#sdk.DeleteChangeSetCommand({ StackName: this.stack, ChangeSetName: name });
    try {
      await this.#send('DeleteChangeSet', (how) => this.#client.send(command, how));
    } catch (error) {
      if (!hasCode(causeOf(error), ...CHANGE_SET_NOT_FOUND, 'ValidationError')) throw error;
    }
  }

  /** Whether a change set waits for somebody. */
  async hasChangeSets(): Promise<boolean> {
    const command = new this.#sdk.ListChangeSetsCommand({ StackName: this.stack });
    const { Summaries: found = [] } = await this.#send('ListChangeSets', (how) => this.#client.send(command, how));
    return found.length > 0;
  }

  /** Begins it. @param id of the stack, so that it is no other one with its name */
  async deleteStack(id: string, token: string): Promise<void> {
    const command = new this.#sdk.DeleteStackCommand({ StackName: id, ClientRequestToken: token });
    await this.#send('DeleteStack', (how) => this.#client.send(command, how));
  }

  /** Newest first, asked for as they are read. */
  async *events(stackId: string): AsyncGenerator<StackEvent> {
    let token: string | undefined;
    do {
      const command = new this.#sdk.DescribeStackEventsCommand({
        ...{ StackName: stackId },
        ...(token !== undefined && { NextToken: token }),
      });
      const page = await this.#send('DescribeStackEvents', (how) => this.#client.send(command, how));
      for (const event of page.StackEvents ?? []) yield eventOf(event, stackId);
      token = page.NextToken;
    } while (token !== undefined);
  }

  async #send<T>(operation: string, send: (how: { readonly abortSignal?: AbortSignal }) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    try {
      return await send(signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      throw this.#explained(error, operation);
    }
  }

  #explained(error: unknown, operation: string): unknown {
    if (error instanceof ArtifactError || hasCode(error, 'AbortError')) return error;
    const problem = connectionProblem(error, 'AWS CloudFormation');
    if (problem !== undefined) return problem;
    const { message } = error as Error;
    const { stack, region } = this;
    const { otherWays = '' } = this.#options;
    if (hasCode(error, 'AccessDenied', 'AccessDeniedException')) {
      return new ArtifactError(
        'ACCESS_DENIED',
        `the stack '${stack}' in ${region} can't be worked on, cloudformation:${operation} is needed: ${message}`,
        { remedy: `Allow it on the stack '${stack}'. ${otherWays}`.trim(), cause: error },
      );
    }
    return new ArtifactError(
      'INVALID_CONFIGURATION',
      `CloudFormation refused ${operation} of the stack '${stack}': ${message}`,
      { ...(otherWays !== '' && { remedy: otherWays }), cause: error },
    );
  }
}

const NO_PARAMETERS: ReadonlyMap<string, string | undefined> = new Map();

/** As the service spells it, and as the SDK calls it. */
const CHANGE_SET_NOT_FOUND = ['ChangeSetNotFound', 'ChangeSetNotFoundException'];

function causeOf(error: unknown): unknown {
  return error instanceof ArtifactError ? error.cause : error;
}

function stackOf(found: Sdk.Stack): Stack {
  const {
    StackId: id = '',
    StackStatus: status = '',
    StackStatusReason: reason,
    Description: description = '',
  } = found;
  return {
    id,
    status,
    description,
    ...(reason !== undefined && { reason }),
    parameters: new Map((found.Parameters ?? []).map((one) => [one.ParameterKey ?? '', one.ParameterValue ?? ''])),
    outputs: new Map((found.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? ''])),
    tags: new Map((found.Tags ?? []).map((one) => [one.Key ?? '', one.Value ?? ''])),
  };
}

function changeOf(change: Sdk.ResourceChange): ResourceChange {
  const { Action: action = 'Dynamic', LogicalResourceId, ResourceType, Replacement: replacement } = change;
  return {
    action,
    logicalId: LogicalResourceId ?? '',
    type: ResourceType ?? '',
    ...(replacement !== undefined && { replacement }),
  };
}

function eventOf(event: Sdk.StackEvent, stackId: string): StackEvent {
  const { ResourceStatusReason: reason, PhysicalResourceId: physicalId } = event;
  return {
    id: event.EventId ?? '',
    at: event.Timestamp ?? new Date(0),
    logicalId: event.LogicalResourceId ?? '',
    type: event.ResourceType ?? '',
    status: event.ResourceStatus ?? '',
    ...(reason !== undefined && { reason }),
    isOfStack: physicalId === stackId,
  };
}
