import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Put, PutReply } from './answer.ts';
import type { Certificate } from './certificate.ts';

/** Asked for every PUT; `undefined` cuts the connection. */
export type Serve = (put: Put) => Promise<PutReply | undefined>;

/** The https endpoint in ResponseURLs. */
export class AnswerServer {
  readonly #server: ReturnType<typeof createServer>;

  constructor(certificate: Certificate, serve: Serve) {
    this.#server = createServer({ key: certificate.key, cert: certificate.cert });
    // Bytes behind a request that said it was shorter: Node would cut the connection, and with it, now and then, the request before them.
    this.#server.on('clientError', () => undefined);
    this.#server.on('request', (request, response) => {
      void handle(request, response, serve);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, serve: Serve): Promise<void> {
  try {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const reply = await serve({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(pieces),
    });
    if (reply === undefined) {
      request.socket.destroy();
      return;
    }
    const body = reply.code === undefined ? '' : `<Error><Code>${reply.code}</Code></Error>`;
    response.writeHead(reply.status, { 'content-length': Buffer.byteLength(body) }).end(body);
  } catch {
    // Who wrote has gone: killed, or gave up.
    response.destroy();
  }
}
