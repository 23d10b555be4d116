import type { Outcome } from './child.ts';
import { Child } from './child.ts';
import { messageOf } from './error.ts';
import type { Put, PutReply } from './answer.ts';
import type { Kill } from './invocation.ts';
import { Invocation } from './invocation.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** A function that runs as it does in Lambda: a process of its own, which handles many events. */
export interface BundledFunction {
  /** The bundle as built: a CommonJS file. Or what makes it, asked for every new process; its error is the run's. */
  readonly file: string | (() => Promise<string>);
  /** `index.handler` unless said; the part after the dot counts. */
  readonly handler?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where its S3 requests go in the end. It finds a gate's address in AWS_ENDPOINT_URL_S3. */
  readonly endpoint?: string;
  /**
   * Where requests to other services go in the end, by the variable in which it finds a gate's address (`AWS_ENDPOINT_URL_LAMBDA`). While it waits for one of these, others
   * go on: it may be another function that answers.
   */
  readonly services?: Readonly<Record<string, string>>;
  /** The Node to run it with; this process's own unless said. */
  readonly program?: string;
  readonly nodeOptions?: readonly string[];
  /** Real seconds, 30 unless said. */
  readonly timeoutSeconds?: number;
  /** So many processes at a time, 16 unless said; further events wait, as they do in Lambda's queue. */
  readonly concurrency?: number;
}

/** What a function in this process is given instead of sockets. */
export interface InvocationContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly invokedFunctionArn: string;
  /** Virtual time. */
  readonly now: () => Date;
  readonly getRemainingTimeInMillis: () => number;
  /** To be awaited before each request to the store: whose turn it is, and where a kill ends it (it then never resolves). */
  readonly request: () => Promise<void>;
  /** Writes to the ResponseURL without a socket, under the same rules. */
  readonly put: (url: string, headers: Readonly<Record<string, string>>, body: Uint8Array) => Promise<PutReply>;
}

/** A function in this process: thousands of events in the time of a hundred. The event is a copy of its own. */
export interface InProcessFunction {
  readonly run: (event: never, context: InvocationContext) => Promise<unknown>;
  readonly timeoutSeconds?: number;
}

export type LambdaFunction = BundledFunction | InProcessFunction;

/** How an event is delivered. */
export interface Delivery {
  readonly hold: (() => Promise<void>) | undefined;
  readonly kills: readonly Kill[];
}

export interface InvocationRecord {
  readonly functionName: string;
  readonly requestId: string;
  /** As it was sent. */
  readonly event: string;
  readonly attempt: number;
  /** Requests of its own, the answer's PUT included. */
  readonly requests: number;
  readonly error: string | undefined;
}

interface LambdaSettings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly authority: string;
  readonly accept: (put: Put) => PutReply;
}

/** Lambda's own, for asynchronous invocations: about one and two minutes. */
const RETRIES_AFTER_MS = [60_000, 120_000];
const TIMEOUT_SECONDS = 30;
const CONCURRENCY = 16;

/** Places at a function's processes. */
interface Places {
  taken: number;
  readonly waiting: (() => void)[];
}

/** Runs functions, asynchronously: at least once, again after an error, as many at a time as there are events. */
export class Lambda {
  readonly invocations: InvocationRecord[] = [];
  /** Errors of the engine itself, not of functions. */
  readonly defects: unknown[] = [];
  readonly #settings: LambdaSettings;
  /** By definition: who deploys a function anew gets new processes. */
  readonly #idle = new Map<LambdaFunction, Child[]>();
  readonly #children = new Set<Child>();
  readonly #running = new Map<string, Invocation[]>();
  readonly #places = new Map<string, Places>();
  readonly #doomed = new Map<string, readonly Kill[]>();
  readonly #logs: string[] = [];
  #stopped = false;

  constructor(settings: LambdaSettings) {
    this.#settings = settings;
  }

  /** Everything that functions wrote to stdout and stderr. */
  get logs(): string {
    return this.#logs.join('');
  }

  /** To the last attempt. Its caller does not wait for it. */
  async deliver(
    arn: string,
    definition: LambdaFunction,
    event: string,
    requestId: string,
    delivery: Delivery,
  ): Promise<void> {
    const { scheduler, random } = this.#settings;
    await (delivery.hold === undefined ? scheduler.turn() : delivery.hold());
    const awsRequestId = random.uuid();
    for (let attempt = 0; attempt <= RETRIES_AFTER_MS.length; attempt += 1) {
      const pause = RETRIES_AFTER_MS[attempt - 1];
      if (pause !== undefined) await scheduler.later(pause);
      if (this.#stopped) return;
      await this.#take(arn, definition);
      const kill = delivery.kills.find(({ attempts = 1 }) => attempt < attempts);
      const invocation = new Invocation(scheduler, requestId, kill);
      const outcome = await this.#run(arn, definition, event, awsRequestId, invocation);
      this.#leave(arn);
      this.invocations.push({
        ...{
          functionName: nameOf(arn),
          requestId,
          event,
          attempt,
          requests: invocation.requests,
          error: outcome.error,
        },
      });
      if (outcome.error === undefined) return;
    }
  }

  /** The next run that nobody asked for with kills of its own. */
  doom(functionName: string, kill: Kill): void {
    this.#doomed.set(functionName, [...(this.#doomed.get(functionName) ?? []), kill]);
  }

  /** What the next run of this function dies of; it is told once. */
  fated(arn: string): readonly Kill[] {
    const [next, ...others] = this.#doomed.get(nameOf(arn)) ?? [];
    this.#doomed.set(nameOf(arn), others);
    return next === undefined ? [] : [next];
  }

  /** Once, and its caller waits: what a command line does with a function. */
  async invoke(arn: string, definition: LambdaFunction, event: string): Promise<Outcome> {
    const { scheduler, random } = this.#settings;
    const [kill] = this.fated(arn);
    await scheduler.turn();
    await this.#take(arn, definition);
    try {
      return await this.#run(arn, definition, event, random.uuid(), new Invocation(scheduler, random.uuid(), kill));
    } finally {
      this.#leave(arn);
    }
  }

  /**
   * A PUT that came over a socket. Where its event was delivered twice at once, it belongs to the run that is at work: of those that run, all others wait for
   * their turn. Counted as another's, nobody would ever have one again.
   */
  async answered(put: Put, requestId: string | undefined): Promise<PutReply | undefined> {
    const accept = async (): Promise<PutReply> => this.#settings.accept(put);
    const running = this.#running.get(requestId ?? '') ?? [];
    const invocation = running.find(({ isAtWork }) => isAtWork) ?? running[0];
    return invocation === undefined ? accept() : invocation.request(accept);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#children].map((child) => child.stop()));
  }

  async #run(
    arn: string,
    definition: LambdaFunction,
    event: string,
    awsRequestId: string,
    invocation: Invocation,
  ): Promise<Outcome> {
    const running = this.#running.get(invocation.requestId) ?? [];
    running.push(invocation);
    this.#running.set(invocation.requestId, running);
    try {
      const context = { awsRequestId, functionName: nameOf(arn), invokedFunctionArn: arn };
      if ('run' in definition) return await this.#runHere(definition, event, context, invocation);
      return await this.#runInChild(arn, definition, event, context, invocation);
    } finally {
      running.splice(running.indexOf(invocation), 1);
      invocation.end();
    }
  }

  async #take(arn: string, definition: LambdaFunction): Promise<void> {
    const limit = 'run' in definition ? Infinity : (definition.concurrency ?? CONCURRENCY);
    const places = this.#places.get(arn) ?? { taken: 0, waiting: [] };
    this.#places.set(arn, places);
    if (places.taken < limit) {
      places.taken += 1;
      return;
    }
    await new Promise<void>((resolve) => places.waiting.push(resolve));
    await this.#settings.scheduler.turn();
  }

  /** Who waits longest has the place at once. */
  #leave(arn: string): void {
    const places = this.#places.get(arn);
    const next = places?.waiting.shift();
    if (next !== undefined) next();
    else if (places !== undefined) places.taken -= 1;
  }

  async #runInChild(
    arn: string,
    definition: BundledFunction,
    event: string,
    context: object,
    invocation: Invocation,
  ): Promise<Outcome> {
    const idle = this.#idle.get(definition) ?? [];
    this.#idle.set(definition, idle);
    let child: Child;
    try {
      child = idle.pop() ?? (await this.#start(arn, definition));
    } catch (error) {
      return { error: messageOf(error) };
    }
    const outcome = await child.handle(
      event,
      context,
      invocation,
      1000 * (definition.timeoutSeconds ?? TIMEOUT_SECONDS),
    );
    if (child.alive) idle.push(child);
    else this.#children.delete(child);
    return outcome;
  }

  async #start(arn: string, definition: BundledFunction): Promise<Child> {
    const child = await Child.start({
      file: typeof definition.file === 'string' ? definition.file : await definition.file(),
      handler: (definition.handler ?? 'index.handler').split('.').at(-1) ?? 'handler',
      program: definition.program ?? process.execPath,
      nodeOptions: definition.nodeOptions ?? [],
      environment: { AWS_LAMBDA_FUNCTION_NAME: nameOf(arn), ...definition.environment },
      endpoint: definition.endpoint,
      services: definition.services ?? {},
      authority: this.#settings.authority,
      log: (text) => this.#logs.push(text),
    });
    this.#children.add(child);
    return child;
  }

  async #runHere(
    definition: InProcessFunction,
    event: string,
    context: object,
    invocation: Invocation,
  ): Promise<Outcome> {
    const timeoutMs = 1000 * (definition.timeoutSeconds ?? TIMEOUT_SECONDS);
    const began = Date.now();
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<Outcome>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, { error: `Task timed out after ${timeoutMs / 1000} seconds` });
    });
    const given = {
      ...context,
      now: () => new Date(this.#settings.scheduler.now),
      getRemainingTimeInMillis: () => timeoutMs - (Date.now() - began),
      request: async () => {
        await unlessDead(invocation.request(async () => true));
      },
      put: (url: string, headers: Readonly<Record<string, string>>, body: Uint8Array) => {
        const { pathname, search } = new URL(url);
        const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
        const put = { method: 'PUT', path: `${pathname}${search}`, headers: Object.fromEntries(lowered), body };
        return unlessDead(invocation.request(async () => this.#settings.accept(put)));
      },
    } as InvocationContext;
    const handled = definition.run(JSON.parse(event) as never, given).then(
      (result): Outcome => ({ result }),
      (error: unknown) => ({ error: messageOf(error) }),
    );
    const killed = invocation.killed.then(() => ({ error: 'Runtime exited with error: signal: killed' }));
    try {
      return await Promise.race([handled, timedOut, killed]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Nothing that comes after is ever done by one who is dead. */
async function unlessDead<T>(request: Promise<T | undefined>): Promise<T> {
  const reply = await request;
  return reply ?? new Promise<never>(() => undefined);
}

function nameOf(arn: string): string {
  return arn.split(':')[6] ?? arn;
}
