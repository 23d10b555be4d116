import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Invocation } from './invocation.ts';

/** How a function's process is started. */
export interface ChildSettings {
  /** The bundle: a CommonJS file. */
  readonly file: string;
  readonly handler: string;
  readonly program: string;
  readonly nodeOptions: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The S3 endpoint; the function is given the address of the gate before it. */
  readonly endpoint: string | undefined;
  /** Other services, by the variable that is given the address of a gate before each. */
  readonly services: Readonly<Record<string, string>>;
  /** A PEM file. */
  readonly authority: string;
  readonly log: (text: string) => void;
}

export interface Outcome {
  /** Absent: the handler returned. */
  readonly error?: string;
  /** What it returned. */
  readonly result?: unknown;
  /** Nothing can run in that process any more. */
  readonly fatal?: true;
}

const RUNTIME = path.join(import.meta.dirname, 'runtime.cjs');
const MODULES = path.resolve(import.meta.dirname, '../../../node_modules');

/** An execution environment: a process of Node that handles one event after the other, and its way to the store. */
export class Child {
  readonly #process: ChildProcess;
  readonly #gates: readonly Server[];
  readonly #ended: Promise<Outcome>;
  #invocation: Invocation | undefined;
  #outcome: ((outcome: Outcome) => void) | undefined;
  alive = true;

  static async start(settings: ChildSettings): Promise<Child> {
    const s3 = await openGate();
    const services = await Promise.all(Object.keys(settings.services).map(() => openGate()));
    return new Child(settings, s3, services);
  }

  private constructor(settings: ChildSettings, s3: Server, services: readonly Server[]) {
    this.#gates = [s3, ...services];
    s3.on('request', (request, response) => {
      void this.#forward(request, response, settings.endpoint, 'request');
    });
    const addresses = Object.entries(settings.services).flatMap(([variable, endpoint], index) => {
      const gate = services[index];
      gate?.on('request', (request, response) => {
        void this.#forward(request, response, endpoint, 'call');
      });
      return gate === undefined ? [] : [[variable, addressOf(gate)] as const];
    });
    this.#process = spawn(settings.program, [...settings.nodeOptions, RUNTIME, settings.file, settings.handler], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_PATH: MODULES,
        NODE_EXTRA_CA_CERTS: settings.authority,
        ...(settings.endpoint !== undefined && { AWS_ENDPOINT_URL_S3: addressOf(s3) }),
        ...Object.fromEntries(addresses),
        ...settings.environment,
      },
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', settings.log);
    }
    const outcomes = createInterface({ input: this.#process.stdio[4] as Readable });
    outcomes.on('line', (line) => this.#outcome?.(JSON.parse(line) as Outcome));
    this.#events.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      const end = (error: string): void => {
        this.alive = false;
        for (const gate of this.#gates) {
          gate.close();
          gate.closeAllConnections();
        }
        resolve({ error, fatal: true });
      };
      this.#process.once('error', (error) => {
        end(error.message);
      });
      this.#process.once('exit', (status, signal) => {
        end(`Runtime exited with ${String(status ?? signal)}`);
      });
    });
  }

  get #events(): Writable {
    return this.#process.stdio[3] as Writable;
  }

  /** One event to its end. Past `timeoutMs` real milliseconds, or when the invocation is killed, the process goes. */
  async handle(event: string, context: object, invocation: Invocation, timeoutMs: number): Promise<Outcome> {
    this.#invocation = invocation;
    const answered = new Promise<Outcome>((resolve) => {
      this.#outcome = resolve;
    });
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<Outcome>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, {
        error: `Task timed out after ${timeoutMs / 1000} seconds`,
        fatal: true,
      });
    });
    this.#events.write(`{"event":${event},"context":${JSON.stringify(context)},"timeoutMs":${timeoutMs}}\n`);
    const killed = invocation.killed.then((): Outcome => ({
      error: 'Runtime exited with error: signal: killed',
      fatal: true,
    }));
    const outcome = await Promise.race([answered, timedOut, killed, this.#ended]);
    clearTimeout(timer);
    if (outcome.fatal) await this.stop();
    this.#invocation = undefined;
    return outcome;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: string | undefined,
    how: 'request' | 'call',
  ): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
      const invocation = this.#invocation;
      const reply = await invocation?.[how](() => send(request, Buffer.concat(pieces), endpoint ?? ''));
      if (reply === undefined) {
        request.socket.destroy();
        return;
      }
      response.writeHead(reply.status, reply.headers).end(reply.body);
    } catch {
      response.destroy();
    }
  }
}

async function openGate(): Promise<Server> {
  const gate = createServer();
  // Sockets that a frozen function holds are not closed under it.
  gate.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  return gate;
}

function addressOf(gate: Server): string {
  return `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
}

interface Reply {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
}

/** As it came, Host included: the signature covers it. */
function send(received: IncomingMessage, body: Buffer, endpoint: string): Promise<Reply> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const forwarded = httpRequest(
      { host: hostname, port, method: received.method, path: received.url, headers: received.headers, agent: false },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 502, headers: response.rawHeaders, body: Buffer.concat(pieces) });
        });
      },
    );
    forwarded.once('error', reject);
    forwarded.end(body);
  });
}
