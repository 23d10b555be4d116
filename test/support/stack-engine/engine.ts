import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AnswerBook } from './answer.ts';
import type { UrlStyle } from './answer.ts';
import { AnswerServer } from './answer-server.ts';
import { ownCertificate } from './certificate.ts';
import type { Refuse } from './cloudformation-server.ts';
import { answerCloudFormation } from './cloudformation-server.ts';
import type { Read } from './content.ts';
import { ContentReader } from './content.ts';
import { deploymentOf } from './deployment.ts';
import type { Answered } from './describe.ts';
import { ACTIONS, findStack } from './describe.ts';
import { messageOf, ValidationError } from './error.ts';
import type { Fault } from './fault.ts';
import { FaultPlan, Happenings } from './fault.ts';
import type { RefuseAction } from './http-endpoint.ts';
import { HttpEndpoint } from './http-endpoint.ts';
import type { Kill } from './invocation.ts';
import type { LambdaAsked } from './lambda-server.ts';
import { answerLambda } from './lambda-server.ts';
import { invokedArn, tick } from './schedule.ts';
import { FunctionBook, functionNamed } from './functions.ts';
import type { BundledFunction, InvocationRecord, LambdaFunction } from './lambda.ts';
import { Lambda } from './lambda.ts';
import { LayerBook } from './layers.ts';
import { continueRollback, createStack, deleteStack, requireUpdatable, updateStack } from './operation.ts';
import { providerOf } from './providers.ts';
import { EventBusServer } from '../event-bus.ts';
import { Random } from './random.ts';
import type { RemovalOptions } from './removal.ts';
import { Scheduler } from './scheduler.ts';
import type { Stack, StackEvent, StackStatus } from './stack.ts';
import { same } from './value.ts';
import type { ReplacedRollback, World } from './world.ts';

export type { Effect, Fault, Hold } from './fault.ts';
export type { InProcessFunction, InvocationContext, LambdaFunction } from './lambda.ts';
export type { LambdaAsked } from './lambda-server.ts';
export type { Stack, StackEvent } from './stack.ts';
export { ValidationError } from './error.ts';

export interface EngineOptions {
  readonly region?: string;
  readonly account?: string;
  /** By ARN or by name: what runs when it is invoked. A function that a stack makes, with its code inline or in a zip, needs no entry. */
  readonly functions?: Readonly<Record<string, LambdaFunction>>;
  /** What stacks' own functions, inline or zips, are run with, beside what their properties say. */
  readonly inline?: Omit<BundledFunction, 'file' | 'handler'>;
  /** The store that consumers read: `undefined` for what is absent. */
  readonly read?: Read;
  /** One seed is one order of things. */
  readonly seed?: number;
  /** Name → value, as if some stack made them that is not here. */
  readonly exports?: Readonly<Record<string, string>>;
  /** Whether an Update precedes the Delete of a replaced custom resource that goes back; `either`: chance decides each time. */
  readonly replacedRollback?: ReplacedRollback | 'either';
  readonly urlStyle?: UrlStyle;
  /** Where virtual time begins. */
  readonly now?: Date;
  /** Names of what exists and is in no stack, by type: an import can take it into one, and nobody can create it again. */
  readonly outside?: Readonly<Record<string, readonly string[]>>;
  /** `off`: a change set that would create what exists already is made, and fails when it is executed. */
  readonly earlyValidation?: 'off';
  /** Real milliseconds that each step takes, so that clients which poll see operations under way; none unless said. */
  readonly pace?: number;
}

export interface DeployOptions {
  /** What is not given keeps the stack's previous value, as with `aws cloudformation deploy`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** For this operation alone. */
  readonly faults?: readonly Fault[];
}

/** What an operation came to. */
export interface Outcome {
  readonly stackId: string;
  readonly status: StackStatus;
  readonly reason: string | undefined;
  /** Those of this operation, oldest first; of nested stacks too. */
  readonly events: readonly StackEvent[];
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * CloudFormation for tests, in one account and region: it deploys templates as the packager writes them, drives custom resources' real functions and lets
 * consumers read their content from the real store. What it promises of CloudFormation, Lambda and SAM has a test in `test/stack-engine`.
 *
 *     const engine = await StackEngine.start({
 *       functions: { 'arn:aws:lambda:…:function:artifacts': { file: 'dist/handler.js', endpoint: s3.endpoint } },
 *       exports: { 'cfn-artifacts-ServiceToken': 'arn:aws:lambda:…:function:artifacts' },
 *       read: async ({ bucket, key, version }) => bytes,
 *       seed: 7,
 *     });
 *     const { status, events } = await engine.deploy('shop', template, { parameters: { Stage: 'prod' }, faults: [
 *       { logicalId: 'Ref', on: 'Create', does: { kind: 'kill', request: 3 } },
 *     ] });
 *     await engine.deleteStack('shop');
 *     await engine.settle();   // what Lambda still has to deliver, again or late, has come
 *     await engine.stop();
 *
 * A function is a bundle in a child process behind real https (`file`), or for speed one in this process (`run`). Time is virtual, except inside a child; a
 * service's time limit passes as soon as nothing else can happen. Several operations may run at once.
 *
 * Command lines reach it by the AWS SDK: `serve` is CloudFormation's endpoint, `serveLambda` Lambda's. What a request begins goes on in the background, as fast as it can,
 * or at a `pace`; `pause` stands still in the middle of it.
 *
 * Left out, by an error that names it: other transforms, macros, Rules, SSM parameters, dynamic references, Snapshot policies, resource types without a line in
 * `resource-type.ts`, SAM's rarer resources, properties and events, running images (bring them as one of `functions`); of change sets nested ones, ImportExistingResources
 * and DisableRollback. Left out without an error: IAM (everybody may do everything, but change sets ask for capabilities; not for those of nested stacks), schemas of
 * properties, sizes of templates that are not sent over HTTP, NoEcho of custom resources, tags of resources, drift, CancelUpdateStack, termination protection, stack sets,
 * refactoring, whether what is imported is as the template says, early validation of anything but names; of Lambda permissions, concurrency, EventInvokeConfig
 * (asynchronous runs are tried three times) and links to code; expressions of schedules (`tick` is their clock). APIs' content is not looked at.
 * A delete while something is in progress is refused. A delete after UPDATE_ROLLBACK_FAILED leaves behind what the rollback had still to remove. Nobody knows CloudFormation's
 * own way for certain in: the rollback of a replaced custom resource (`replacedRollback`), answers that echo wrongly (here: a failure at once), the words for definitions
 * that are absent, whether a change set shows the replacement of a custom resource as conditional (here: it does), a second change set of the same name and content (here:
 * refused). The seed decides the order of everything in this process; requests that one child makes at the same time come as its sockets bring them, and so do those of
 * command lines.
 */
export class StackEngine {
  readonly #world: World;
  readonly #scheduler: Scheduler;
  readonly #server: AnswerServer;
  readonly #folder: string;
  readonly #endpoints: HttpEndpoint[] = [];

  static async start(options: EngineOptions = {}): Promise<StackEngine> {
    const folder = mkdtempSync(path.join(tmpdir(), 'cfn-artifacts-stack-engine-'));
    const authority = path.join(folder, 'authority.pem');
    const certificate = ownCertificate();
    writeFileSync(authority, certificate.cert);
    const random = new Random(options.seed ?? 1);
    const scheduler = new Scheduler(random, (options.now ?? new Date()).getTime(), options.pace);
    const answers = new AnswerBook(random, () => scheduler.now);
    const lambda = new Lambda({ scheduler, random, authority, accept: (put) => answers.put(put) });
    const server = new AnswerServer(certificate, (put) => lambda.answered(put, answers.requestOf(put.path)));
    const answerBase = await server.listen();
    const bus = new EventBusServer();
    const environment = { AWS_ENDPOINT_URL_EVENTBRIDGE: await bus.listen(), ...options.inline?.environment };
    const inline = { ...options.inline, environment };
    const world = worldOf({ ...options, inline }, { random, scheduler, answers, lambda, answerBase });
    return new StackEngine(world, server, bus, folder, certificate.cert);
  }

  /** What clients must trust to reach ResponseURLs, as PEM. */
  readonly authority: string;
  /** EventBridge, for functions of stacks. Events are put in real time, no turn is waited for, and no function is killed at it. */
  readonly bus: EventBusServer;

  private constructor(world: World, server: AnswerServer, bus: EventBusServer, folder: string, authority: string) {
    this.#world = world;
    this.bus = bus;
    this.#scheduler = world.scheduler;
    this.#server = server;
    this.#folder = folder;
    this.authority = authority;
  }

  /**
   * Creates the stack, or updates it. What CloudFormation refuses before anything happens is a `ValidationError`; an operation that fails and goes back is an outcome.
   * Nothing to change: no events, and the state it had.
   */
  async deploy(name: string, template: string, { parameters = {}, faults = [] }: DeployOptions = {}): Promise<Outcome> {
    return this.#operation(faults, async () => {
      const previous = findStack(name, this.#world)?.deployment.parameters ?? {};
      const deployment = await deploymentOf(template, parameters, previous, this.#world);
      const existing = findStack(name, this.#world);
      if (existing === undefined || existing.status === 'REVIEW_IN_PROGRESS') {
        return createStack(existing ?? name, deployment, this.#world);
      }
      requireUpdatable(existing);
      const { content, parameters: before } = existing.deployment;
      if (content === deployment.content && same(before, deployment.parameters)) return existing;
      return updateStack(existing, deployment, this.#world);
    });
  }

  /** After UPDATE_ROLLBACK_FAILED: tries the way back again, and leaves the resources in `skip` in whatever state they are. */
  async continueUpdateRollback(
    name: string,
    { skip = [], faults = [] }: { skip?: readonly string[]; faults?: readonly Fault[] } = {},
  ): Promise<Outcome> {
    return this.#operation(faults, async () => continueRollback(this.#require(name), skip));
  }

  /** By name or ID. A stack whose export is in use falls back to the state it had; one that is gone already stays so. */
  async deleteStack(
    nameOrId: string,
    { faults = [], ...options }: RemovalOptions & { readonly faults?: readonly Fault[] } = {},
  ): Promise<Outcome> {
    return this.#operation(faults, async () => deleteStack(this.#require(nameOrId), this.#world, options));
  }

  async #operation(faults: readonly Fault[], act: () => Promise<Stack>): Promise<Outcome> {
    const remove = this.#world.faults.add(faults);
    const seen = new Map([...this.#world.stacks.values()].map((stack) => [stack, stack.events.length]));
    try {
      const stack = await this.#scheduler.run(act);
      this.#world.happenings.happened(`operation ${stack.id}`);
      const family = [...this.#world.stacks.values()].filter(({ root }) => root === stack);
      const events = family.flatMap((one) => one.events.slice(seen.get(one) ?? 0));
      return {
        stackId: stack.id,
        status: stack.status,
        reason: stack.reason,
        events: events.toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime()),
        outputs: Object.fromEntries(stack.outputs.map(({ key, value }) => [key, value])),
      };
    } finally {
      remove();
    }
  }

  #require(nameOrId: string): Stack {
    const stack = findStack(nameOrId, this.#world);
    if (stack === undefined) throw new ValidationError(`Stack [${nameOrId}] does not exist`);
    return stack;
  }

  /** By name (not a deleted one) or ID. */
  stack(nameOrId: string): Stack | undefined {
    return findStack(nameOrId, this.#world);
  }

  /** Deleted ones too. */
  stacks(): readonly Stack[] {
    return [...this.#world.stacks.values()];
  }

  /** An action of CloudFormation's API that changes nothing, like `DescribeStacks`, in the SDK's shapes. */
  ask(action: string, input: Readonly<Record<string, string | readonly string[] | undefined>> = {}): Answered {
    const answer = ACTIONS[action];
    if (answer === undefined) throw new Error(`the stack engine does not support the action ${action}`);
    return answer(input, this.#world);
  }

  /**
   * CloudFormation over HTTP, for the `endpoint` of the SDK's client: what `ask` answers, change sets, deletes, the way on of a failed rollback. What is begun goes on in
   * the background while it is asked for; functions of stacks find it in AWS_ENDPOINT_URL_CLOUDFORMATION. Closed by `stop`.
   */
  async serve(refuse?: Refuse): Promise<string> {
    return this.#serve('AWS_ENDPOINT_URL_CLOUDFORMATION', new HttpEndpoint(answerCloudFormation(this.#world, refuse)));
  }

  /**
   * Lambda over HTTP, for AWS_ENDPOINT_URL_LAMBDA: invocations, and what functions, versions and layers there are of stacks. Functions of stacks find it there themselves, by
   * a gate of their own: one that is given another address of it waits for its answer for ever. Closed by `stop`.
   */
  async serveLambda(refuse?: RefuseAction<LambdaAsked>): Promise<string> {
    return this.#serve('AWS_ENDPOINT_URL_LAMBDA', new HttpEndpoint(answerLambda(this.#world, refuse)));
  }

  async #serve(variable: string, endpoint: HttpEndpoint): Promise<string> {
    this.#endpoints.push(endpoint);
    const address = await endpoint.listen();
    this.#world.functions.reach({ [variable]: address });
    return address;
  }

  /**
   * The code that a function of a stack would run with now: by its name, or `name:version`. One in REFERENCE mode reads it from the store, and throws as Lambda fails when it
   * is not there.
   */
  async code(nameOrArn: string): Promise<Uint8Array> {
    const { name, qualifier } = functionNamed(nameOrArn);
    const code = this.#world.functions.code(name, qualifier);
    switch (code.mode) {
      case 'COPY':
        return code.bytes;
      case 'REFERENCE':
        return this.#scheduler.run(() => this.#world.content.lambda(code.location));
      case 'INLINE':
        return Buffer.from(code.source);
      case 'IMAGE':
        return Buffer.from(code.uri);
    }
  }

  /** From now on this runs when it is invoked: as another entry of `functions`, or in the place of one. */
  bring(nameOrArn: string, definition: LambdaFunction): void {
    this.#world.functions.bring(nameOrArn, definition);
  }

  /** What a function returns for this event; its error is thrown. By name or ARN, with a version or an alias behind it if that is meant. */
  async invoke(nameOrArn: string, event: unknown): Promise<unknown> {
    const { functions, lambda } = this.#world;
    const definition = functions.runnable(nameOrArn);
    if (definition === undefined) throw new Error(`no function '${nameOrArn}'`);
    const arn = invokedArn(nameOrArn, this.#world);
    const { error, result } = await this.#scheduler.run(() => lambda.invoke(arn, definition, JSON.stringify(event)));
    if (error !== undefined) throw new Error(error);
    return result;
  }

  /** The next run of the function of this name that no custom resource asked for dies at that request of it, whoever invokes it and how. */
  killNext(functionName: string, kill: Omit<Kill, 'kind' | 'attempts'>): void {
    this.#world.lambda.doom(functionName, { kind: 'kill', ...kill });
  }

  /**
   * The time of a schedule has come: the targets of the rule of that name are invoked, asynchronously; `settle` waits for what comes of it. A rule that is disabled does
   * nothing. How many were invoked.
   */
  tick(ruleName: string): number {
    return tick(ruleName, this.#world);
  }

  /** Names of the functions that stacks have made, and the published versions of each. */
  functions(): Readonly<Record<string, readonly string[]>> {
    const { functions } = this.#world;
    return Object.fromEntries(functions.names().map((name) => [name, functions.versions(name)]));
  }

  /** Every run of a function, in the order of their ends. */
  get invocations(): readonly InvocationRecord[] {
    return this.#world.lambda.invocations;
  }

  /** Every answer that was written, also those that nobody read. */
  get answers(): readonly { readonly requestId: string; readonly body: Uint8Array }[] {
    return this.#world.answers.puts;
  }

  /** What functions in child processes printed. */
  get logs(): string {
    return this.#world.lambda.logs;
  }

  /** These too, in whatever comes, until what this answers is called. */
  inject(faults: readonly Fault[]): () => void {
    return this.#world.faults.add(faults);
  }

  /** From now on nothing goes on, until what this answers is called: what has begun can be looked at. */
  pause(): () => void {
    return this.#scheduler.pause();
  }

  /** Stacks that are deleted are not known any more, not even by ID: as in AWS after 90 days. */
  forgetDeleted(): void {
    const { stacks } = this.#world;
    for (const { id, status } of [...stacks.values()]) if (status === 'DELETE_COMPLETE') stacks.delete(id);
  }

  /** Virtual time. */
  now(): Date {
    return new Date(this.#scheduler.now);
  }

  /** Virtual time passes, with what Lambda delivers meanwhile. */
  async wait(seconds: number): Promise<void> {
    await this.#scheduler.run(() => this.#scheduler.limit(1000 * seconds).reached);
  }

  /** Everything that is still under way has come: retries, late deliveries that wait for time. */
  async settle(): Promise<void> {
    await this.#scheduler.settle();
    const [defect] = this.#world.lambda.defects;
    if (defect !== undefined) throw new Error(`a delivery broke: ${messageOf(defect)}`, { cause: defect });
  }

  async stop(): Promise<void> {
    await this.#world.lambda.stop();
    await Promise.all([this.#server.close(), this.bus.close(), ...this.#endpoints.map((endpoint) => endpoint.close())]);
    this.#world.functions.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function worldOf(
  options: EngineOptions,
  parts: Pick<World, 'random' | 'scheduler' | 'answers' | 'lambda' | 'answerBase'>,
): World {
  const { random, scheduler } = parts;
  const region = options.region ?? 'eu-west-1';
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  const variant = options.replacedRollback ?? 'without an update';
  const content = new ContentReader(options.read ?? (async () => undefined), scheduler, random);
  const now = (): Date => new Date(scheduler.now);
  const world: World = {
    ...parts,
    region,
    account: options.account ?? '111122223333',
    partition,
    content,
    faults: new FaultPlan(),
    happenings: new Happenings(scheduler),
    functions: new FunctionBook(options.functions ?? {}, options.inline ?? {}, content, now),
    layers: new LayerBook(),
    urlStyle: options.urlStyle ?? 'sigv4',
    provider: (type) => providerOf(type, world),
    replacedRollback: () => {
      if (variant !== 'either') return variant;
      return random.below(2) === 0 ? 'with an update' : 'without an update';
    },
    stacks: new Map(),
    foreignExports: new Map(Object.entries(options.exports ?? {})),
    changeSets: new Map(),
    earlyValidation: options.earlyValidation !== 'off',
    taken: new Set(
      Object.entries(options.outside ?? {}).flatMap(([type, names]) => names.map((name) => `${type} ${name}`)),
    ),
    inFlight: new Set(),
  };
  return world;
}
