import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpRequest {
  readonly method: string;
  /** Still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Says why an action is refused; `undefined` lets it through. */
export type RefuseAction<Asked> = (
  action: string,
  asked: Asked,
) => { readonly code: string; readonly status: number } | undefined;

/** An API on this machine, for clients of the AWS SDK. */
export class HttpEndpoint {
  readonly #server = createServer();

  constructor(answer: (request: HttpRequest) => Promise<HttpReply>) {
    this.#server.on('request', (request, response) => {
      void (async () => {
        try {
          const pieces: Buffer[] = [];
          for await (const piece of request) pieces.push(piece as Buffer);
          const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
          const { status, headers, body } = await answer({
            ...{ method: request.method ?? '', path: pathname, query: searchParams, headers: request.headers },
            body: Buffer.concat(pieces),
          });
          response.writeHead(status, headers).end(body);
        } catch {
          // Who asked has gone.
          response.destroy();
        }
      })();
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}
