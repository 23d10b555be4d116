import type { Chance, Domain, DomainPlace } from '../../repository/index.ts';
import { ArtifactError, formatArn, hasCode } from '../../repository/index.ts';
import { KEEPER_FUNCTION } from '../../repository/asking/invocation.ts';
import type { AwsAccess } from '../aws/access.ts';
import { refuseLosses } from './changes.ts';
import type { ChangeSetRequest, ResourceChange, Stack, StackEvent } from './cloudformation.ts';
import { CloudFormation } from './cloudformation.ts';
import { DomainBucket } from './domain-bucket.ts';
import type { BootstrapEvent, Plan } from './event.ts';
import { nameIn, REFERENCE_FUNCTION, requireRunning } from './functions.ts';
import type { Installation } from './installation.ts';
import type { KeeperCode } from './keeper-code.ts';
import { holdCode, packKeeper } from './keeper-code.ts';
import type { DomainParameter } from './domain-stack.ts';
import { PARAMETERS, STACK } from './domain-stack.ts';
import type { Operation } from './operation.ts';
import { newestEvent, operationFailed, Patience, readyChangeSet, watch } from './operation.ts';
import { hasSucceeded, isDomainStack, isNewer, situationOf } from './situation.ts';
import type { WantedDemands } from './sharing.ts';
import { followSharing } from './sharing.ts';
import { takingOver } from './taking-over.ts';

export interface BootstrapRequest {
  readonly access: AwsAccess;
  readonly installation: Installation;
  readonly parameters: ReadonlyMap<DomainParameter, string>;
  /** Beside those that the stack has. */
  readonly tags: ReadonlyMap<string, string>;
  /** ARN of the role that CloudFormation works with. */
  readonly role?: string;
  readonly isDryRun: boolean;
  /** An older tool may make a newer domain its own. */
  readonly mayDowngrade: boolean;
  /** What the domain is to demand of everybody. Absent: as it does. */
  readonly demands?: WantedDemands;
  /** Asked once, before anything is changed. @throws where the answer is no */
  readonly approve: (plan: Plan) => Promise<void>;
  /** Shown what changes in the policies where the demands do. Absent: nobody is asked. @throws where the answer is no */
  readonly agree?: (difference: string) => Promise<void>;
  readonly tell: (event: BootstrapEvent) => void;
  readonly chance: Chance;
  readonly signal: AbortSignal;
  /** Folder for archives that are under way. */
  readonly scratch: string;
}

export interface Bootstrapped {
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'planned';
  readonly place: DomainPlace & { readonly bucket: string };
  /** Every step that was taken; of a dry run the first, which was not. */
  readonly plans: readonly Plan[];
  /** Absent of a dry run. */
  readonly domain?: {
    readonly stackId: string;
    readonly version: string;
    readonly serviceToken: string;
    /** ARN of the keeper's function; absent without one. */
    readonly keeper?: string;
    /** ARN of the version that it runs. */
    readonly keeperVersion?: string;
  };
}

/**
 * Makes the account's domain, or brings it to what this tool makes: looks at the stack, takes the one step that its state asks for, and looks again, until there is
 * nothing left to do. So it goes on wherever an earlier run ended, and ends well beside others that do the same.
 *
 * @throws ArtifactError what the way there came to: ACCESS_DENIED naming the action, INVALID_CONFIGURATION with the state of the stack and what to do about it,
 * CONTENTION where others keep changing it, STORE_UNAVAILABLE; whatever `approve` throws
 */
export async function bootstrap(request: BootstrapRequest): Promise<Bootstrapped> {
  const { access, signal, installation, scratch } = request;
  const otherWays = 'An administrator of the account can run this in your place: cfn-artifacts bootstrap.';
  const [cloud, bucket, keeper] = await Promise.all([
    CloudFormation.of(access, { stack: STACK, signal, otherWays }),
    DomainBucket.of(request),
    packKeeper(installation.keeper, scratch, signal),
  ]);
  return new Bootstrap(request, cloud, bucket, keeper).run();
}

const TURNS_KEEPER_ON = 'the keeper is published into the bucket, and turned on';

/** The two ways in which CloudFormation says it. */
const NOTHING_TO_CHANGE = /didn't contain changes|No updates are to be performed/;

/** What is only answered where somebody else was faster. */
const OVERTAKEN = [
  'AlreadyExistsException',
  'ChangeSetNotFound',
  'ChangeSetNotFoundException',
  'InvalidChangeSetStatus',
  'InvalidChangeSetStatusException',
  'OperationInProgressException',
];

/** How often others may be faster before it is given up. */
const TURNS = 20;

/** One step by a change set. */
interface Change extends Pick<Plan, 'does' | 'next'> {
  readonly request: Pick<ChangeSetRequest, 'type' | 'template' | 'parameters' | 'imports'>;
  /** As it was when it was looked at. Absent: there is none. */
  readonly stack?: Stack;
  /** Where the keeper's code goes before. */
  readonly domain?: Domain;
}

/** What a step came to. `overtaken`: somebody else changed the stack at the same time. */
type StepOutcome = 'taken' | 'planned' | 'nothing to do' | 'overtaken';

class Bootstrap {
  readonly #request: BootstrapRequest;
  readonly #cloud: CloudFormation;
  readonly #bucket: DomainBucket;
  readonly #keeper: KeeperCode;
  readonly #plans: Plan[] = [];
  #keeperVersion: string | undefined;
  #isApproved = false;

  constructor(request: BootstrapRequest, cloud: CloudFormation, bucket: DomainBucket, keeper: KeeperCode) {
    this.#request = request;
    this.#cloud = cloud;
    this.#bucket = bucket;
    this.#keeper = keeper;
  }

  async run(): Promise<Bootstrapped> {
    for (let overtaken = 0; ;) {
      const stack = await this.#settled();
      const outcome = await this.#step(stack);
      switch (outcome) {
        case 'taken':
          break;
        case 'planned':
          return { outcome: 'planned', place: this.#bucket.place, plans: this.#plans };
        case 'nothing to do':
          return this.#finish(stack);
        case 'overtaken':
          // What was approved may no longer be what would be done.
          this.#isApproved = false;
          overtaken += 1;
          if (overtaken === TURNS) throw keepsChanging();
          await this.#patience().wait();
      }
    }
  }

  async #step(stack: Stack | undefined): Promise<StepOutcome> {
    const situation = situationOf(stack, this.#named);
    if (situation.kind === 'absent' || stack === undefined) return this.#make();
    if (!isDomainStack(stack)) throw this.#foreign();
    switch (situation.kind) {
      case 'busy':
        return 'overtaken';
      case 'stillborn':
        return this.#clear(stack);
      case 'stands':
        return this.#update(stack);
      case 'stuck':
        throw new ArtifactError('INVALID_CONFIGURATION', `the stack '${STACK}' is ${stack.status}`, {
          remedy: situation.remedy,
        });
    }
  }

  /** The stack as it is when nobody changes it. */
  async #settled(): Promise<Stack | undefined> {
    for (;;) {
      const stack = await this.#cloud.describe();
      if (stack === undefined || situationOf(stack, this.#named).kind !== 'busy') return stack;
      this.#request.tell({ kind: 'waiting', status: stack.status });
      await this.#watch(stack.id, undefined);
      await this.#patience().wait();
    }
  }

  async #make(): Promise<StepOutcome> {
    const left = await this.#bucket.leftBehind();
    if (left !== undefined) {
      if (this.#wantsHolds) await this.#bucket.requireHolds();
      if (left.isDomain && left.versioning !== 'Enabled')
        this.#request.tell(withoutVersions(this.#bucket.place.bucket));
      const { template, imports } = takingOver(this.#bucket.place.bucket, left);
      return this.#change({
        does: 'import',
        request: { type: 'IMPORT', template, imports },
        next: ['the stack gets everything else that a domain has', TURNS_KEEPER_ON],
      });
    }
    if (this.#wantsHolds) throw this.#holdsTooEarly();
    const { template } = this.#request.installation;
    return this.#change({
      does: 'create',
      request: { type: 'CREATE', template, parameters: await this.#parameters(undefined) },
      next: [TURNS_KEEPER_ON],
    });
  }

  async #update(stack: Stack): Promise<StepOutcome> {
    this.#refuseDowngrade(stack);
    if (this.#wantsHolds) await this.#bucket.requireHolds();
    const domain = await this.#bucket.domain();
    const { template } = this.#request.installation;
    // A bucket that was taken over empty is no domain before the stack has written its descriptor.
    const code = domain === undefined ? undefined : this.#keeper.key;
    return this.#change({
      does: 'update',
      request: { type: 'UPDATE', template, parameters: await this.#parameters(stack, code) },
      next: domain === undefined ? [TURNS_KEEPER_ON] : [],
      stack,
      ...(domain !== undefined && { domain }),
    });
  }

  /** Shown, agreed to and executed; in the other cases nothing stays behind. */
  async #change({ does, request, next, stack, domain }: Change): Promise<StepOutcome> {
    const { chance, tags, role, isDryRun } = this.#request;
    const name = `cfn-artifacts-${chance.nonce()}`;
    const before = stack?.status;
    const executed = { is: false };
    try {
      // An import may not set tags: the update that follows does.
      const withTags = tags.size > 0 && does !== 'import' && { tags: new Map([...(stack?.tags ?? []), ...tags]) };
      // Not ended in the middle: what is under way might come after its own removal.
      await this.#cloud.unending().createChangeSet({
        ...{ ...request, name, makesRoles: does !== 'import', ...withTags },
        ...(role !== undefined && { role }),
      });
      this.#request.signal.throwIfAborted();
      const changes = await this.#ready(name);
      if (changes === undefined) return 'overtaken';
      if (changes.length === 0) {
        await this.#publish(domain);
        return 'nothing to do';
      }
      refuseLosses(changes, STACK);
      const plan: Plan = { does, stack: STACK, place: this.#bucket.place, changes, next };
      this.#plans.push(plan);
      if (isDryRun) return 'planned';
      await this.#approve(plan);
      await this.#publish(domain);
      await this.#execute(plan, name, executed);
      return 'taken';
    } catch (error) {
      if (executed.is || !(await this.#wasOvertaken(error, before))) throw error;
      return 'overtaken';
    } finally {
      if (!executed.is) await this.#discard(name, stack);
    }
  }

  /** The changes of a change set, as soon as they are known; none where there is nothing to change. `undefined`: it is gone. */
  async #ready(name: string): Promise<readonly ResourceChange[] | undefined> {
    const found = await readyChangeSet(this.#cloud, name, this.#patience());
    if (found?.status !== 'FAILED') return found?.changes;
    const { reason = 'no reason given' } = found;
    if (NOTHING_TO_CHANGE.test(reason)) return [];
    const told = (await this.#validationFailures(name)) ?? reason;
    throw new ArtifactError('INVALID_CONFIGURATION', `the stack '${STACK}' can't be changed so: ${told}`, {
      remedy: 'Nothing was changed. Correct what CloudFormation says, then run this again.',
    });
  }

  /** `undefined` where nothing more is known than the change set's reason, or may be known. */
  async #validationFailures(name: string): Promise<string | undefined> {
    try {
      const failures = await this.#cloud.validationFailures(name);
      if (failures.length === 0) return undefined;
      return failures.map(([logicalId, reason]) => `${logicalId}: ${reason.replace(/\.$/, '')}`).join('; ');
    } catch (error) {
      if (!hasCode(error, 'ACCESS_DENIED', 'INVALID_CONFIGURATION')) throw error;
      return undefined;
    }
  }

  async #approve(plan: Plan): Promise<void> {
    if (!this.#isApproved) await this.#request.approve(plan);
    this.#isApproved = true;
  }

  async #publish(domain: Domain | undefined): Promise<void> {
    if (domain === undefined || this.#request.isDryRun) return;
    const { arn, isNewVersion } = await this.#keeper.publish(domain);
    this.#keeperVersion = formatArn(arn);
    if (isNewVersion) this.#request.tell({ kind: 'published', arn: this.#keeperVersion });
  }

  async #execute(plan: Plan, name: string, executed: { is: boolean }): Promise<void> {
    const id = (await this.#cloud.describe())?.id ?? STACK;
    const mark = await newestEvent(this.#cloud, id);
    this.#request.signal.throwIfAborted();
    await this.#cloud.unending().executeChangeSet(name, name);
    executed.is = true;
    this.#request.tell({ kind: 'begins', plan });
    const operation = await this.#watch(id, mark);
    if (hasSucceeded(operation.status)) return;
    throw operationFailed(STACK, operation, this.#remedyOf(operation));
  }

  /** Of a stack that never came to be: what it left goes, but for the bucket, which is looked at next. */
  async #clear({ id }: Stack): Promise<StepOutcome> {
    const next = ['the stack is made anew', TURNS_KEEPER_ON];
    const plan: Plan = { does: 'delete', stack: STACK, place: this.#bucket.place, changes: [], next };
    this.#plans.push(plan);
    if (this.#request.isDryRun) return 'planned';
    await this.#approve(plan);
    const mark = await newestEvent(this.#cloud, id);
    this.#request.tell({ kind: 'begins', plan });
    await this.#cloud.deleteStack(id, `cfn-artifacts-${this.#request.chance.nonce()}`);
    const operation = await this.#watch(id, mark);
    if (hasSucceeded(operation.status)) return 'taken';
    throw operationFailed(STACK, operation, this.#remedyOf(operation));
  }

  /** Leaves no change set, and no stack that has nothing but the change set. */
  async #discard(name: string, stack: Stack | undefined): Promise<void> {
    try {
      const cloud = this.#cloud.unending();
      // One that is still being made can't be deleted.
      await readyChangeSet(cloud, name, new Patience(this.#request.chance)).catch(() => undefined);
      await cloud.deleteChangeSet(name);
      if (stack !== undefined) return;
      const intention = await cloud.describe();
      // Others may be about to make the same stack: theirs stays.
      if (intention?.status !== 'REVIEW_IN_PROGRESS' || (await cloud.hasChangeSets())) return;
      await cloud.deleteStack(intention.id, name);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#request.tell({
        kind: 'warning',
        message: `the change set '${name}' may be left behind: ${message}`,
        remedy: `It does nothing by itself: aws cloudformation delete-change-set --change-set-name ${name} ${this.#named}`,
      });
    }
  }

  /** Whether a refusal came from somebody else's doings: the stack is then no longer as it was. */
  async #wasOvertaken(error: unknown, before: string | undefined): Promise<boolean> {
    if (!hasCode(error, 'INVALID_CONFIGURATION') || this.#request.signal.aborted) return false;
    if (hasCode((error as Error).cause, ...OVERTAKEN)) return true;
    const status = (await this.#cloud.describe())?.status;
    const wasAbsent = before === undefined && (status === undefined || status === 'REVIEW_IN_PROGRESS');
    return !wasAbsent && status !== before;
  }

  async #finish(stack: Stack | undefined): Promise<Bootstrapped> {
    const { tell, isDryRun } = this.#request;
    const keeper = stack?.outputs.get('Keeper');
    if (isDryRun) {
      await this.#follow(await this.#bucket.domain());
      return { outcome: 'unchanged', place: this.#bucket.place, plans: [] };
    }
    tell({ kind: 'probing' });
    await this.#bucket.probe();
    const names = [stack?.outputs.get('ServiceToken') ?? REFERENCE_FUNCTION, keeper ?? KEEPER_FUNCTION].map(nameIn);
    await Promise.all(names.map((name) => requireRunning(this.#request, name, this.#patience(), this.#named)));
    const domain = await this.#bucket.domain();
    if (domain !== undefined && this.#keeperVersion !== undefined)
      await holdCode(this.#request, domain, this.#keeperVersion);
    const demandsOther = await this.#follow(domain);
    const first = this.#plans[0]?.does ?? (demandsOther ? 'update' : undefined);
    return {
      outcome: first === undefined ? 'unchanged' : first === 'update' ? 'updated' : 'created',
      place: this.#bucket.place,
      plans: this.#plans,
      domain: {
        stackId: stack?.id ?? '',
        version: stack?.outputs.get('Version') ?? '',
        serviceToken: stack?.outputs.get('ServiceToken') ?? '',
        ...(keeper !== undefined && { keeper }),
        ...(this.#keeperVersion !== undefined && { keeperVersion: this.#keeperVersion }),
      },
    };
  }

  /** Last: from where this runs the domain may be out of reach afterwards. @returns whether it has other demands than before */
  async #follow(domain: Domain | undefined): Promise<boolean> {
    if (domain === undefined) return false;
    const { access, demands: wanted = {}, isDryRun, agree = async () => undefined, tell, signal } = this.#request;
    return followSharing({ access, domain, wanted, isDryRun, agree, tell, signal });
  }

  async #parameters(stack: Stack | undefined, code?: string): Promise<ReadonlyMap<string, string | undefined>> {
    const given = new Map<string, string>(this.#request.parameters);
    if (code !== undefined) given.set('KeeperCode', code);
    // A bucket that was taken over goes on with its key: what the earlier stack knew of it went with that.
    if (stack?.parameters.size === 0 && !given.has('KmsKeyArn')) {
      const key = await this.#bucket.kmsKey();
      if (key !== undefined) given.set('KmsKeyArn', key);
    }
    return new Map(
      PARAMETERS.filter((name) => given.has(name) || stack?.parameters.has(name) === true).map((name) => [
        name,
        given.get(name),
      ]),
    );
  }

  #refuseDowngrade({ outputs }: Stack): void {
    const { installation, mayDowngrade } = this.#request;
    const there = outputs.get('Version');
    if (there === undefined || mayDowngrade || !isNewer(there, installation.version)) return;
    throw new ArtifactError(
      'INVALID_CONFIGURATION',
      `the domain is of version ${there}, newer than this tool, which is ${installation.version}`,
      { remedy: 'Update cfn-artifacts. To go back to the older domain all the same, use --force-downgrade.' },
    );
  }

  get #wantsHolds(): boolean {
    return this.#request.parameters.get('LegalHold') === 'on';
  }

  /** CloudFormation can't change its mind about a bucket's Object Lock, so the template makes none. */
  #holdsTooEarly(): ArtifactError {
    const { bucket } = this.#bucket.place;
    return new ArtifactError(
      'INVALID_CONFIGURATION',
      'a new domain takes no legal holds: its bucket has no Object Lock yet',
      {
        remedy:
          `Make it without, enable Object Lock, which can't be undone, then turn them on:\ncfn-artifacts bootstrap\naws s3api put-object-lock-configuration --bucket ${bucket} ` +
          `--object-lock-configuration ObjectLockEnabled=Enabled --region ${this.#cloud.region}\ncfn-artifacts bootstrap --legal-hold`,
      },
    );
  }

  #foreign(): ArtifactError {
    return new ArtifactError(
      'INVALID_CONFIGURATION',
      `the stack '${STACK}' in ${this.#cloud.region} is no domain of this tool: its description does not say so`,
      { remedy: 'A domain needs this name for its stack. Give the other one a new name, or use another Region.' },
    );
  }

  #remedyOf({ status }: Operation): string {
    const situation = situationOf(
      { id: '', status, description: '', parameters: new Map(), outputs: new Map(), tags: new Map() },
      this.#named,
    );
    if (situation.kind === 'stuck') return situation.remedy;
    const state = situation.kind === 'stands' ? 'The stack is as it was before.' : 'Content is never deleted by it.';
    return `${state} Correct the cause, then run cfn-artifacts bootstrap again: it goes on from there.\nAll of it: aws cloudformation describe-stack-events ${this.#named}`;
  }

  async #watch(stackId: string, after: StackEvent | undefined): Promise<Operation> {
    const { tell } = this.#request;
    const operation = await watch(this.#cloud, stackId, after, {
      patience: this.#patience(),
      tell: (event) => {
        tell({ kind: 'stack-event', event });
      },
    });
    tell({ kind: 'over', status: operation.status });
    return operation;
  }

  #patience(): Patience {
    return new Patience(this.#request.chance, this.#request.signal);
  }

  /** For the AWS CLI. */
  get #named(): string {
    return `--stack-name ${STACK} --region ${this.#cloud.region}`;
  }
}

function withoutVersions(bucket: string): BootstrapEvent {
  return {
    kind: 'warning',
    message: `the bucket '${bucket}' has kept no versions for a time: what was written then can't be deleted safely`,
    remedy: 'It keeps them again when this is done. Then run cfn-artifacts doctor.',
  };
}

function keepsChanging(): ArtifactError {
  return new ArtifactError('CONTENTION', `others keep changing the stack '${STACK}'`, {
    remedy: 'Wait until they are done, then run this again.',
  });
}
