import type { CloudFormationClient, Stack } from '@aws-sdk/client-cloudformation';
import type { FunctionConfiguration, LambdaClient } from '@aws-sdk/client-lambda';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';
import type { ExportAnswer, FunctionAnswer, StackAnswer } from './answers.ts';

/** What CloudFormation and Lambda say of the domain's stack. */
export class Deployed {
  readonly #access: AwsAccess;
  readonly #region: string;
  readonly #signal: AbortSignal;
  #cloudFormation: Promise<CloudFormationClient> | undefined;
  #lambda: Promise<LambdaClient> | undefined;

  constructor(access: AwsAccess, region: string, signal: AbortSignal) {
    this.#access = access;
    this.#region = region;
    this.#signal = signal;
  }

  async export(name: string): Promise<ExportAnswer | undefined> {
    const { ListExportsCommand } = await import('@aws-sdk/client-cloudformation');
    const client = await (this.#cloudFormation ??= this.#makeCloudFormation());
    let token: string | undefined;
    do {
      const command = new ListExportsCommand(token === undefined ? {} : { NextToken: token });
      const page = await this.#ask('AWS CloudFormation', 'cloudformation:ListExports', () =>
        client.send(command, this.#abort),
      );
      const found = page.Exports?.find(({ Name }) => Name === name);
      if (found !== undefined) {
        const { Value: value = '', ExportingStackId: stackId } = found;
        return { value, ...(stackId !== undefined && { stackId }) };
      }
      token = page.NextToken;
    } while (token !== undefined);
    return undefined;
  }

  /** @param name or ARN. `undefined` where there is none. */
  async stack(name: string): Promise<StackAnswer | undefined> {
    const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
    const client = await (this.#cloudFormation ??= this.#makeCloudFormation());
    const command = new DescribeStacksCommand({ StackName: name });
    // What CloudFormation answers for a name that no stack has; the request itself is always valid.
    const answer = await this.#unless('ValidationError', () =>
      this.#ask('AWS CloudFormation', 'cloudformation:DescribeStacks', () => client.send(command, this.#abort)),
    );
    const stack = answer?.Stacks?.[0];
    return stack === undefined || stack.StackStatus === 'DELETE_COMPLETE' ? undefined : stackOf(stack);
  }

  /** @param qualifier an alias. `undefined` where there is no such function. */
  async function(name: string, qualifier?: string): Promise<FunctionAnswer | undefined> {
    const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
    const client = await (this.#lambda ??= this.#makeLambda());
    const command = new GetFunctionConfigurationCommand({
      FunctionName: name,
      ...(qualifier !== undefined && { Qualifier: qualifier }),
    });
    const answer = await this.#unless('ResourceNotFoundException', () =>
      this.#ask('AWS Lambda', 'lambda:GetFunctionConfiguration', () => client.send(command, this.#abort)),
    );
    return answer && functionOf(answer);
  }

  /** `undefined` where none is reserved, or there is no such function. */
  async reservedConcurrency(name: string): Promise<number | undefined> {
    const { GetFunctionConcurrencyCommand } = await import('@aws-sdk/client-lambda');
    const client = await (this.#lambda ??= this.#makeLambda());
    const command = new GetFunctionConcurrencyCommand({ FunctionName: name });
    const answer = await this.#unless('ResourceNotFoundException', () =>
      this.#ask('AWS Lambda', 'lambda:GetFunctionConcurrency', () => client.send(command, this.#abort)),
    );
    return answer?.ReservedConcurrentExecutions;
  }

  async #makeCloudFormation(): Promise<CloudFormationClient> {
    const { CloudFormationClient: Client } = await import('@aws-sdk/client-cloudformation');
    return this.#access.client('cloudformation', (config) => new Client({ ...config, region: this.#region }));
  }

  async #makeLambda(): Promise<LambdaClient> {
    const { LambdaClient: Client } = await import('@aws-sdk/client-lambda');
    return this.#access.client('lambda', (config) => new Client({ ...config, region: this.#region }));
  }

  async #ask<T>(service: string, action: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw this.#explained(error, service, action);
    }
  }

  async #unless<T>(code: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (hasCode((error as Error).cause, code)) return undefined;
      throw error;
    }
  }

  #explained(error: unknown, service: string, action: string): unknown {
    if (error instanceof ArtifactError) return error;
    if (this.#signal.aborted)
      return new ArtifactError('INTERRUPTED', `interrupted while ${service} was asked`, { cause: error });
    const problem = connectionProblem(error, service);
    if (problem !== undefined) return problem;
    const { message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === undefined) return error;
    const told = message.replace(/\.$/, '');
    if ($metadata.httpStatusCode === 403 || hasCode(error, 'AccessDenied', 'AccessDeniedException')) {
      return new ArtifactError('ACCESS_DENIED', `${action} is needed: ${told}`, {
        remedy: `Allow ${action} in the policies of these credentials, or use others.`,
        cause: error,
      });
    }
    return new ArtifactError('STORE_UNAVAILABLE', `${service} refused ${action}: ${told}`, { cause: error });
  }

  get #abort(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: this.#signal };
  }
}

function stackOf(stack: Stack): StackAnswer {
  const {
    StackName: name = '',
    StackStatus: status = '',
    StackStatusReason: reason,
    Parameters = [],
    Outputs = [],
  } = stack;
  return {
    name,
    status,
    changed: stack.LastUpdatedTime ?? stack.CreationTime ?? new Date(0),
    parameters: Object.fromEntries(Parameters.map(({ ParameterKey: key = '', ParameterValue: value }) => [key, value])),
    outputs: Object.fromEntries(Outputs.map(({ OutputKey: key = '', OutputValue: value }) => [key, value])),
    ...(reason !== undefined && { reason }),
  };
}

function functionOf(answer: FunctionConfiguration): FunctionAnswer {
  const { State, StateReason, LastUpdateStatus, LastUpdateStatusReason, Runtime, Environment } = answer;
  return {
    state: State ?? 'Active',
    lastUpdate: LastUpdateStatus ?? 'Successful',
    description: answer.Description ?? '',
    timeout: answer.Timeout ?? 0,
    environment: Environment?.Error === undefined ? (Environment?.Variables ?? {}) : undefined,
    ...(StateReason !== undefined && { stateReason: StateReason }),
    ...(LastUpdateStatusReason !== undefined && { lastUpdateReason: LastUpdateStatusReason }),
    ...(Runtime !== undefined && { runtime: Runtime }),
  };
}
