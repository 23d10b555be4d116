import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { bundleKeeper } from '../../handler/build.mjs';
import { temporaryFolder } from './temporary.ts';

/** Like Lambda: one event after the other, each with its context, the result or the error as JSON. */
const RUNTIME = `
const { handler } = require('./index.js');
process.on('message', async ({ id, event, context: { time, ...context } }) => {
  const until = Date.now() + time;
  try {
    const result = await handler(event, { ...context, getRemainingTimeInMillis: () => until - Date.now() });
    process.send({ id, payload: JSON.stringify(result) });
  } catch (error) {
    const { name: errorType, message: errorMessage, stack = '' } = error;
    process.send({ id, failed: true, payload: JSON.stringify({ errorType, errorMessage, trace: stack.split('\\n') }) });
  }
});
`;

export interface KeeperInvoked {
  /** JSON, as Lambda hands it back. */
  readonly payload: string;
  readonly failed?: true;
}

const NAME =
  /^(?:arn:aws:lambda:[^:]+:[0-9]{12}:function:)?(cfn-artifacts-keeper(?::(?:publishing|declaring|fetching|sharing))?)$/;

/** As Lambda tells the function, by whatever name it was called. */
function arnOf(name: string): string {
  return name.startsWith('arn:') ? name : `arn:aws:lambda:us-east-1:111122223333:function:${name}`;
}

/** The keeper's function, as it is bundled, in a process of its own, behind as much of Lambda's API as it takes to invoke it. */
export class KeeperProcess {
  /** Function ARN and payload of each invocation, and whether nobody waited for it. */
  readonly invocations: { readonly name: string; readonly command: unknown; readonly isEvent?: true }[] = [];
  /** Decides an invocation in the place of the function: its status and the name of the error. */
  refuse: ((name: string) => readonly [status: number, error: string] | undefined) | undefined;
  /** Milliseconds that the function has. */
  time = 900_000;
  readonly #child: ChildProcess;
  readonly #server: Server;
  readonly #waiting = new Map<number, (invoked: KeeperInvoked) => void>();
  #invoked = 0;
  #stdout = '';
  #stderr = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => (this.#stdout += piece));
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => (this.#stderr += piece));
    child.on('message', ({ id, ...invoked }: KeeperInvoked & { readonly id: number }) => {
      this.#waiting.get(id)?.(invoked);
    });
    child.once('exit', () => {
      // As Lambda tells of a process that ended.
      const payload = JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited' });
      for (const hear of this.#waiting.values()) hear({ failed: true, payload });
    });
    this.#server = createServer((request, response) => {
      void text(request).then(async (body) => {
        const name = decodeURIComponent(/\/functions\/([^/]+)\/invocations/.exec(request.url ?? '')?.[1] ?? '');
        const [status, error] = this.refuse?.(name) ?? (NAME.test(name) ? [] : [404, 'ResourceNotFoundException']);
        if (status !== undefined && error !== undefined) {
          response.writeHead(status, { 'x-amzn-errortype': error, 'content-type': 'application/json' });
          response.end(JSON.stringify({ Message: `not allowed: ${name}` }));
          return;
        }
        if (request.headers['x-amz-invocation-type'] === 'Event') {
          // Whoever asks so waits for nothing of it.
          void this.invoke(JSON.parse(body), name, true);
          response.writeHead(202).end();
          return;
        }
        const { payload, failed } = await this.invoke(JSON.parse(body), name);
        response.writeHead(200, failed === true ? { 'x-amz-function-error': 'Unhandled' } : {}).end(payload);
      });
    });
  }

  static async start(
    env: Readonly<Record<string, string>>,
    program: string = process.execPath,
  ): Promise<KeeperProcess> {
    const folder = path.join(await temporaryFolder(), 'task');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'index.js'), (await bundleKeeper()).text);
    writeFileSync(path.join(folder, 'runtime.cjs'), RUNTIME);
    const child = fork(path.join(folder, 'runtime.cjs'), [], {
      execPath: program,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        NODE_PATH: path.resolve(import.meta.dirname, '../../node_modules'),
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        ...env,
      },
    });
    const started = new KeeperProcess(child);
    await new Promise<void>((resolve) => started.#server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  /** Of Lambda. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What it has written, line by line. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.#stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  get stderr(): string {
    return this.#stderr;
  }

  invoke(event: unknown, name: string, isEvent = false): Promise<KeeperInvoked> {
    this.invocations.push({ name, command: event, ...(isEvent && { isEvent }) });
    const id = ++this.#invoked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const context = { time: this.time, invokedFunctionArn: arnOf(name), awsRequestId: `request-${id}` };
      this.#child.send({ id, event, context });
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
  }
}
