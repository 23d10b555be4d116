import type { CloudFormationClient, ResourceStatus, Stack, StackStatus } from '@aws-sdk/client-cloudformation';
import { DescribeStacksCommand, paginateListImports, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Digest } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { parseStackId } from '../stack-id.ts';
import { isNetworkFailure } from '../stores/s3-error.ts';
import { runCode } from './aws-code.ts';
import type { DeployedResource, Evidence, Importer, StackEvidence } from './evidence.ts';

export interface AwsEvidenceOptions {
  /** With the credentials of the domain's account, in its region. It makes one request at a time; whether it retries, and adapts, is its own. */
  readonly cloudFormation: CloudFormationClient;
  /** The same in another region. Called once for each region, when a stack there is first asked about. Absent: no other region can be asked. */
  readonly elsewhere?: (region: string) => CloudFormationClient;
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
  readonly #own: Region;
  /** The other regions that were asked about. */
  readonly #others = new Map<string, Region>();
  #run: Promise<ReadonlySet<Digest> | undefined> | undefined;

  constructor(options: AwsEvidenceOptions) {
    this.#options = options;
    this.#own = new Region(options, options.cloudFormation, 'own');
  }

  async stack(stackId: string): Promise<StackEvidence> {
    const place = parseStackId(stackId);
    const { account, elsewhere, region: own } = this.#options;
    const region = place?.account === account ? this.#region(place.region) : undefined;
    if (region !== undefined) return region.stack(stackId);
    const where = elsewhere === undefined ? ` in ${own}` : '';
    return { state: 'unknown', why: `'${stackId}' is no stack of account ${account}${where}` };
  }

  async *importers(after = ''): AsyncGenerator<Importer> {
    let names: readonly string[];
    try {
      names = await this.#own.importing(this.#options.serviceTokenExport);
    } catch (error) {
      yield { why: this.#own.refusal(error) };
      return;
    }
    // A stack's name is known by its order, not by its page: so whoever goes on needs no token that may have expired.
    for (const name of names.filter((one) => one > after)) {
      try {
        const stack = await this.#own.describe(name);
        if (stack?.StackId !== undefined) yield { stackId: stack.StackId };
      } catch (error) {
        yield { stack: name, why: this.#own.refusal(error) };
      }
    }
  }

  async isRun(digest: Digest): Promise<boolean | undefined> {
    // Once for all: what is asked about is older than a day, and this is not.
    this.#run ??= this.#runCode();
    try {
      return (await this.#run)?.has(digest);
    } catch (error) {
      refusalOf(error, this.#options.signal);
      return undefined;
    }
  }

  #runCode(): Promise<ReadonlySet<Digest> | undefined> {
    const { lambda, account, signal, patience = PATIENCE_MS } = this.#options;
    const enough = AbortSignal.timeout(patience);
    return runCode(lambda, account, signal === undefined ? enough : AbortSignal.any([enough, signal]));
  }

  #region(name: string): Region | undefined {
    const { elsewhere, region } = this.#options;
    if (name === region) return this.#own;
    if (elsewhere === undefined) return undefined;
    const known = this.#others.get(name) ?? new Region({ ...this.#options, region: name }, elsewhere(name), 'other');
    this.#others.set(name, known);
    return known;
  }
}

/** CloudFormation of an account in one region. */
class Region {
  readonly #options: Pick<AwsEvidenceOptions, 'account' | 'region' | 'signal'>;
  readonly #client: CloudFormationClient;
  readonly #whose: 'own' | 'other';
  /** Whether what answers is of the account and the region. */
  #isMeant: boolean | undefined;
  /** Why another region can't be reached: it may be switched off for the account, or be none at all, and nobody waits for each of its stacks. */
  #unreachable: string | undefined;

  /** @param whose `own`: the region is the domain's */
  constructor(
    options: Pick<AwsEvidenceOptions, 'account' | 'region' | 'signal'>,
    client: CloudFormationClient,
    whose: 'own' | 'other',
  ) {
    this.#options = options;
    this.#client = client;
    this.#whose = whose;
  }

  async stack(stackId: string): Promise<StackEvidence> {
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

  /** Names of stacks that import what is exported under a name. Ascending. Names alone: an account has some thousands of stacks. */
  async importing(exportName: string): Promise<readonly string[]> {
    const names = new Set<string>();
    try {
      for await (const { Imports: imports = [] } of paginateListImports(
        { client: this.#client },
        { ExportName: exportName },
        this.#sending(),
      )) {
        for (const one of imports) names.add(one);
      }
    } catch (error) {
      if (!hasCode(error, 'ValidationError') || !/is not imported by any stack/.test(messageOf(error))) throw error;
    }
    return [...names].sort();
  }

  async describe(nameOrId: string): Promise<Stack | undefined> {
    try {
      const { Stacks: [stack] = [] } = await this.#client.send(
        new DescribeStacksCommand({ StackName: nameOrId }),
        this.#sending(),
      );
      if (stack === undefined) throw new Error(`CloudFormation says nothing of '${nameOrId}'`);
      if (this.#isHere(stack)) this.#isMeant = true;
      return stack;
    } catch (error) {
      if (saysAbsent(error, nameOrId)) return undefined;
      throw error;
    }
  }

  /** @throws ArtifactError INTERRUPTED */
  refusal(error: unknown): string {
    const { region, signal } = this.#options;
    return refusalOf(error, signal, this.#whose === 'own' ? 'AWS' : `AWS in ${region}`);
  }

  async #answered(ask: () => Promise<StackEvidence>): Promise<StackEvidence> {
    if (this.#unreachable !== undefined) return { state: 'unknown', why: this.#unreachable };
    try {
      return await ask();
    } catch (error) {
      const why = this.refusal(error);
      if (this.#whose === 'other' && isNetworkFailure(error)) this.#unreachable = why;
      return { state: 'unknown', why };
    }
  }

  /** `undefined` where CloudFormation knows no such stack. */
  async #family(stackId: string): Promise<Family | undefined> {
    const stack = await this.describe(stackId);
    if (stack === undefined) return undefined;
    const family: [Stack, ...Stack[]] = [stack];
    for (let parent = stack.ParentId; parent !== undefined && family.length < GENERATIONS;) {
      const found = await this.describe(parent);
      // Forgotten: what it was doing ended long ago.
      if (found === undefined) break;
      family.push(found);
      parent = found.ParentId;
    }
    return family;
  }

  /**
   * That CloudFormation does not know a stack means that it was deleted more than 90 days ago, if it is the one of the account and region that the ID
   * names. The credentials may be of another account, and an endpoint that is set for all regions may be that of one: what stack is seen there tells.
   * Where there is a domain there is one at least, the domain's own.
   */
  async #forgotten(stackId: string): Promise<StackEvidence> {
    this.#isMeant ??= await this.#showsOwnStacks();
    if (this.#isMeant) return { state: 'gone' };
    const { account, region } = this.#options;
    const why = `'${stackId}' is not known to whom these credentials reach, and that is not shown to be account ${account} in ${region}`;
    return { state: 'unknown', why };
  }

  async #showsOwnStacks(): Promise<boolean> {
    const { Stacks: stacks = [] } = await this.#client.send(new DescribeStacksCommand({}), this.#sending());
    return stacks.some((stack) => this.#isHere(stack));
  }

  #isHere({ StackId: id = '' }: Stack): boolean {
    const place = parseStackId(id);
    return place?.account === this.#options.account && place.region === this.#options.region;
  }

  async #resources(
    stackId: string,
    isDeleted: boolean,
  ): Promise<{ readonly resources: readonly DeployedResource[]; readonly changed: Date | undefined } | 'changing'> {
    const resources: DeployedResource[] = [];
    let changed: Date | undefined;
    const pages = paginateListStackResources({ client: this.#client }, { StackName: stackId }, this.#sending());
    for await (const page of pages) {
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

  #sending(): { readonly abortSignal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { abortSignal: signal };
  }
}

/** @throws ArtifactError INTERRUPTED */
function refusalOf(error: unknown, signal: AbortSignal | undefined, who = 'AWS'): string {
  if (signal?.aborted === true) {
    throw new ArtifactError('INTERRUPTED', 'asking what is deployed was interrupted', { cause: error });
  }
  return `${who} could not be asked (${messageOf(error)})`;
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
