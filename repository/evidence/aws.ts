import type { CloudFormationClient, ResourceStatus, Stack, StackStatus } from '@aws-sdk/client-cloudformation';
import { DescribeStacksCommand, paginateListImports, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Digest } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { parseStackId } from '../stack-id.ts';
import { runCode } from './aws-code.ts';
import type { DeployedResource, Evidence, Importer, StackEvidence } from './evidence.ts';

export interface AwsEvidenceOptions {
  /** With the credentials of the domain's account, in its region. It makes one request at a time; whether it retries, and adapts, is its own. */
  readonly cloudFormation: CloudFormationClient;
  readonly lambda: LambdaClient;
  /** The name of the export by which stacks find the domain's function. */
  readonly serviceTokenExport: string;
  /** Of the domain. */
  readonly account: string;
  readonly region: string;
  /** Whatever is asked after it was aborted is INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which it counts as not found out what versions of functions and layers run. */
  readonly patience?: number;
}

/** Well below what a function may run: an account with so many layers that to ask for each takes longer keeps what it has, and is audited all the same. */
const PATIENCE_MS = 10 * 60 * 1000;

/**
 * Nothing of theirs goes back, or on, by itself or by anybody's command: the next operation begins anew, from what is listed. All others are
 * changing, and so is what AWS invents later:
 *
 * - `*_IN_PROGRESS`: so it says. In UPDATE_COMPLETE_CLEANUP_IN_PROGRESS nothing goes back any more, but Deletes are under way. In REVIEW_IN_PROGRESS
 *   a stack has no resources yet.
 * - UPDATE_ROLLBACK_FAILED goes on back (ContinueUpdateRollback), and needs all that the stack had before.
 * - CREATE_FAILED and UPDATE_FAILED (with rollback disabled) go back or on, as somebody decides.
 * - ROLLBACK_FAILED and DELETE_FAILED: the deletion can be tried again, and which resources are then kept is still open.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
 */
const SETTLED: ReadonlySet<string> = new Set<StackStatus>([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
  'ROLLBACK_COMPLETE',
  'DELETE_COMPLETE',
]);
const WENT_BACK: ReadonlySet<string> = new Set<StackStatus>(['UPDATE_ROLLBACK_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE']);

/** Deeper than stacks can be nested, in case their parents go round in a circle. */
const GENERATIONS = 50;

/** CloudFormation and Lambda, asked one after the other. Needs the actions that docs/permissions.md lists for the keeper. */
export function awsEvidence(options: AwsEvidenceOptions): Evidence {
  return new AwsEvidence(options);
}

/** A stack with those that it is nested in, outermost last: only together do they come to rest. */
type Family = readonly [Stack, ...Stack[]];

class AwsEvidence implements Evidence {
  readonly #options: AwsEvidenceOptions;
  #run: Promise<ReadonlySet<Digest> | undefined> | undefined;
  /** Whether the credentials are of the domain's account and region. */
  #isHome: boolean | undefined;

  constructor(options: AwsEvidenceOptions) {
    this.#options = options;
  }

  async stack(stackId: string): Promise<StackEvidence> {
    const place = parseStackId(stackId);
    const { account, region } = this.#options;
    if (place?.account !== account || place.region !== region) {
      return { state: 'unknown', why: `'${stackId}' is no stack of account ${account} in ${region}` };
    }
    return this.#answered(async () => {
      const before = await this.#family(stackId);
      if (before === undefined) return this.#forgotten(stackId);
      const [stack] = before;
      if (!before.every(({ StackStatus: status = '' }) => SETTLED.has(status))) return { state: 'changing' };
      const listed = await this.#resources(stackId, stack.StackStatus === 'DELETE_COMPLETE');
      const after = await this.#family(stackId);
      // An operation that began and ended in between changes the time of its stack.
      if (listed === 'changing' || stateOf(after) !== stateOf(before)) return { state: 'changing' };
      const times = [stack.CreationTime, stack.LastUpdatedTime, stack.DeletionTime, listed.changed];
      return {
        state: 'settled',
        resources: listed.resources,
        changed: latest(times),
        ...(WENT_BACK.has(stack.StackStatus ?? '') && { wentBack: true }),
      };
    });
  }

  async *importers(after = ''): AsyncGenerator<Importer> {
    let names: readonly string[];
    try {
      names = await this.#importingNames();
    } catch (error) {
      yield { why: this.#refusal(error) };
      return;
    }
    // A stack's name is known by its order, not by its page: so whoever goes on needs no token that may have expired.
    for (const name of names.filter((one) => one > after)) {
      try {
        const stack = await this.#describe(name);
        if (stack?.StackId !== undefined) yield { stackId: stack.StackId };
      } catch (error) {
        yield { stack: name, why: this.#refusal(error) };
      }
    }
  }

  async isRun(digest: Digest): Promise<boolean | undefined> {
    // Once for all: what is asked about is older than a day, and this is not.
    this.#run ??= this.#runCode();
    try {
      return (await this.#run)?.has(digest);
    } catch (error) {
      this.#refusal(error);
      return undefined;
    }
  }

  #runCode(): Promise<ReadonlySet<Digest> | undefined> {
    const { lambda, account, signal, patience = PATIENCE_MS } = this.#options;
    const enough = AbortSignal.timeout(patience);
    return runCode(lambda, account, signal === undefined ? enough : AbortSignal.any([enough, signal]));
  }

  async #answered(ask: () => Promise<StackEvidence>): Promise<StackEvidence> {
    try {
      return await ask();
    } catch (error) {
      return { state: 'unknown', why: this.#refusal(error) };
    }
  }

  /** @throws ArtifactError INTERRUPTED */
  #refusal(error: unknown): string {
    if (this.#options.signal?.aborted === true) {
      throw new ArtifactError('INTERRUPTED', 'asking what is deployed was interrupted', { cause: error });
    }
    return `AWS could not be asked (${messageOf(error)})`;
  }

  /** `undefined` where CloudFormation knows no such stack. */
  async #family(stackId: string): Promise<Family | undefined> {
    const stack = await this.#describe(stackId);
    if (stack === undefined) return undefined;
    const family: [Stack, ...Stack[]] = [stack];
    for (let parent = stack.ParentId; parent !== undefined && family.length < GENERATIONS;) {
      const found = await this.#describe(parent);
      // Forgotten: what it was doing ended long ago.
      if (found === undefined) break;
      family.push(found);
      parent = found.ParentId;
    }
    return family;
  }

  async #describe(nameOrId: string): Promise<Stack | undefined> {
    try {
      const { Stacks: [stack] = [] } = await this.#options.cloudFormation.send(
        new DescribeStacksCommand({ StackName: nameOrId }),
        this.#sending(),
      );
      if (stack === undefined) throw new Error(`CloudFormation says nothing of '${nameOrId}'`);
      if (this.#isOwn(stack)) this.#isHome = true;
      return stack;
    } catch (error) {
      if (saysAbsent(error, nameOrId)) return undefined;
      throw error;
    }
  }

  /**
   * That CloudFormation does not know a stack means that it was deleted more than 90 days ago, if it is the one of the account and region that the ID
   * names. The credentials may be of another: what stack they do see tells. A domain's account has one at least, the domain's own.
   */
  async #forgotten(stackId: string): Promise<StackEvidence> {
    this.#isHome ??= await this.#seesOwnStacks();
    if (this.#isHome) return { state: 'gone' };
    const { account, region } = this.#options;
    const why = `'${stackId}' is not known to whom these credentials reach, and that is not shown to be account ${account} in ${region}`;
    return { state: 'unknown', why };
  }

  async #seesOwnStacks(): Promise<boolean> {
    const { Stacks: stacks = [] } = await this.#options.cloudFormation.send(
      new DescribeStacksCommand({}),
      this.#sending(),
    );
    return stacks.some((stack) => this.#isOwn(stack));
  }

  #isOwn({ StackId: id = '' }: Stack): boolean {
    const place = parseStackId(id);
    return place?.account === this.#options.account && place.region === this.#options.region;
  }

  async #resources(
    stackId: string,
    isDeleted: boolean,
  ): Promise<{ readonly resources: readonly DeployedResource[]; readonly changed: Date | undefined } | 'changing'> {
    const resources: DeployedResource[] = [];
    let changed: Date | undefined;
    const { cloudFormation: client } = this.#options;
    for await (const page of paginateListStackResources({ client }, { StackName: stackId }, this.#sending())) {
      for (const resource of page.StackResourceSummaries ?? []) {
        const { LogicalResourceId: logicalId = '', PhysicalResourceId: physicalId = '' } = resource;
        const standing = standingOf(resource.ResourceStatus, isDeleted);
        if (standing === 'changing') return 'changing';
        changed = latest([changed, resource.LastUpdatedTimestamp]);
        if (standing === 'deleted') continue;
        const isGivenUp = standing === 'given up' ? { isGivenUp: true as const } : {};
        resources.push({ logicalId, physicalId, type: resource.ResourceType ?? '', ...isGivenUp });
      }
    }
    return { resources, changed };
  }

  /** Ascending. Names alone: an account has some thousands of stacks. */
  async #importingNames(): Promise<readonly string[]> {
    const { cloudFormation: client, serviceTokenExport: name } = this.#options;
    const names = new Set<string>();
    try {
      for await (const { Imports: imports = [] } of paginateListImports(
        { client },
        { ExportName: name },
        this.#sending(),
      )) {
        for (const one of imports) names.add(one);
      }
    } catch (error) {
      if (!hasCode(error, 'ValidationError') || !/is not imported by any stack/.test(messageOf(error))) throw error;
    }
    return [...names].sort();
  }

  #sending(): { readonly abortSignal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { abortSignal: signal };
  }
}

/** What a resource that has this status is in a stack that has come to rest. */
function standingOf(
  status: ResourceStatus | undefined,
  isDeleted: boolean,
): 'used' | 'given up' | 'deleted' | 'changing' {
  if (status === 'DELETE_COMPLETE') return 'deleted';
  // Three times in a cleanup; or once where the stack was deleted by force, and then nothing is left that could use it.
  if (status === 'DELETE_FAILED') return isDeleted ? 'deleted' : 'given up';
  // DELETE_SKIPPED is in use: it was retained, and what it is for may go on.
  return status?.endsWith('_IN_PROGRESS') === true ? 'changing' : 'used';
}

/** Differs where anything has begun or ended. */
function stateOf(family: Family | undefined): string {
  return JSON.stringify(
    family?.map(({ StackId: id, StackStatus: status, LastUpdatedTime: updated, DeletionTime: deleted }) => [
      ...[id, status, updated, deleted],
    ]) ?? null,
  );
}

function latest(times: readonly (Date | undefined)[]): Date {
  return new Date(Math.max(0, ...times.map((time) => time?.getTime() ?? 0)));
}

function saysAbsent(error: unknown, nameOrId: string): boolean {
  return hasCode(error, 'ValidationError') && messageOf(error) === `Stack with id ${nameOrId} does not exist`;
}

/** Of whatever realm the error is. */
function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, name } = error as { readonly message?: unknown; readonly name?: unknown };
  return [message, name].find((text): text is string => typeof text === 'string' && text !== '') ?? 'no reason given';
}
