import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Mishap, Request } from './unreliable.ts';

/** Between clients and a server of HTTP on the loopback: a line on which requests are lost, late, repeated and overtaken. */
export interface Proxy {
  readonly endpoint: string;
  /** Everything that was sent, in the order in which it came. */
  readonly requests: ProxiedRequest[];
  /** How often each mishap befell a request. */
  readonly mishaps: ReadonlyMap<Mishap['kind'], number>;
  /** Delivers what is still on its way, and waits until it is served. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface ProxiedRequest extends Request {
  readonly headers: IncomingHttpHeaders;
}

interface ProxyOptions {
  /** `http://HOST:PORT`. */
  readonly target: string;
  readonly mishapOf: (request: Request) => Mishap | undefined;
  /**
   * Requests that give the same text reach the server one after the other. For servers that look and then write, and let others in
   * between.
   */
  readonly oneAtATime?: (request: Request) => string;
}

/** Whoever is to be overtaken goes on when nothing else has been on the line for so long: nobody seems to come. Nothing else depends on that. */
const IDLE_MS = 50;

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const proxy = new UnreliableProxy(options);
  await proxy.listen();
  return proxy;
}

interface Whole extends ProxiedRequest {
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request that waits until so many others have been served. */
interface OnItsWay {
  left: number;
  /** By its sender, who does nothing else meanwhile. */
  readonly isAwaited: boolean;
  readonly arrive: () => void;
}

class UnreliableProxy implements Proxy {
  readonly requests: ProxiedRequest[] = [];
  readonly mishaps = new Map<Mishap['kind'], number>();
  readonly #options: ProxyOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #lanes = new Map<string, Promise<unknown>>();
  readonly #late = new Set<Promise<unknown>>();
  #onTheirWay: OnItsWay[] = [];
  /** Requests that wait for nobody to overtake them. */
  #moving = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async settle(): Promise<void> {
    for (const { arrive } of this.#onTheirWay.splice(0)) arrive();
    await Promise.all(this.#late);
  }

  async close(): Promise<void> {
    await this.settle();
    clearTimeout(this.#idle);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nobody speaks to a broken connection any more.
    request.socket.on('error', () => undefined);
    const { method = '', url = '', headers } = request;
    this.#moving++;
    if (headers.expect !== undefined) response.writeContinue();
    try {
      const whole = { method, url, headers, body: await buffer(request) };
      this.requests.push({ method, url, headers });
      const mishap = this.#options.mishapOf(whole);
      if (mishap !== undefined) this.mishaps.set(mishap.kind, (this.mishaps.get(mishap.kind) ?? 0) + 1);
      const answer = await this.#carry(whole, mishap);
      if (answer === undefined) request.socket.destroy();
      else await reply(response, answer, mishap?.kind === 'cut' && method === 'GET');
    } catch {
      // The client went away, or the server did: neither has anything to say to the other.
      request.socket.destroy();
    } finally {
      this.#moving--;
      this.#watch();
    }
  }

  /** @returns what the sender is told; nothing where its connection breaks */
  async #carry(whole: Whole, mishap: Mishap | undefined): Promise<Answer | undefined> {
    switch (mishap?.kind) {
      case 'lost':
        return undefined;
      case 'refused':
        return refusal(mishap.status, mishap.code);
      case 'unanswered':
        await this.#forward(whole);
        return undefined;
      case 'astray':
        this.#arriveLater(whole, mishap.after);
        return undefined;
      case 'delayed':
        await pause(mishap.milliseconds);
        return this.#forward(whole);
      case 'overtaken':
        await this.#overtaken(mishap.by);
        return this.#forward(whole);
      case 'repeated':
        this.#arriveLater(whole, mishap.after);
        return this.#forward(whole);
      case 'cut':
      case undefined:
        return this.#forward(whole);
    }
  }

  #after(requests: number, isAwaited = false): Promise<void> {
    return new Promise((arrive) => {
      this.#onTheirWay.push({ left: requests, isAwaited, arrive });
    });
  }

  async #overtaken(by: number): Promise<void> {
    const arrival = this.#after(by, true);
    this.#moving--;
    this.#watch();
    await arrival;
    this.#moving++;
  }

  /** Where everybody waits for the others, all go on. */
  #watch(): void {
    if (this.#moving > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#moving > 0) return;
      const waiting = this.#onTheirWay.filter(({ isAwaited }) => isAwaited);
      this.#onTheirWay = this.#onTheirWay.filter(({ isAwaited }) => !isAwaited);
      for (const { arrive } of waiting) arrive();
    }, IDLE_MS);
  }

  /** Nobody waits for its answer. */
  #arriveLater(whole: Whole, requests: number): void {
    const late: Promise<unknown> = this.#after(requests)
      .then(() => this.#forward(whole))
      .catch(() => undefined)
      .finally(() => this.#late.delete(late));
    this.#late.add(late);
  }

  async #forward(whole: Whole): Promise<Answer> {
    const lane = this.#options.oneAtATime?.(whole);
    const before = lane === undefined ? undefined : this.#lanes.get(lane);
    const answering = (async () => {
      await before;
      return ask(this.#options.target, this.#agent, whole);
    })();
    if (lane !== undefined) {
      const settled = answering.catch(() => undefined);
      this.#lanes.set(lane, settled);
      void settled.then(() => this.#lanes.get(lane) === settled && this.#lanes.delete(lane));
    }
    const answer = await answering;
    this.#served();
    return answer;
  }

  #served(): void {
    const due = this.#onTheirWay.filter((one) => --one.left <= 0);
    this.#onTheirWay = this.#onTheirWay.filter((one) => one.left > 0);
    for (const { arrive } of due) arrive();
  }
}

/** The same to the letter, the name of the host included, so that signatures stay valid. */
async function ask(target: string, agent: Agent, { method, url, headers, body }: Whole): Promise<Answer> {
  const kept = without(headers, 'connection', 'expect', 'transfer-encoding');
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = send(`${target}${url}`, { method, agent, headers: { ...kept, 'content-length': body.length } });
    outgoing.once('response', resolve).once('error', reject).end(body);
  });
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
}

function without(headers: IncomingHttpHeaders, ...names: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

async function reply(response: ServerResponse, { status, headers, body }: Answer, isCut: boolean): Promise<void> {
  const kept = without(headers, 'connection', 'keep-alive', 'transfer-encoding');
  const hasLength = headers['content-length'] !== undefined || status === 204 || status === 304;
  response.writeHead(status, hasLength ? kept : { ...kept, 'content-length': body.length });
  if (!isCut || body.length === 0) {
    response.end(body);
    return;
  }
  // Let the first half leave before the line is cut.
  await new Promise((resolve) => response.write(body.subarray(0, body.length / 2), resolve));
  response.socket?.destroy();
}

function refusal(status: number, code: string): Answer {
  const body = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>said by the line</Message></Error>`,
  );
  return { status, headers: { 'content-type': 'application/xml', 'content-length': `${body.length}` }, body };
}
