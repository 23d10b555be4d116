import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Lambda answers about a function, in its own spelling. */
export type Configuration = Readonly<Record<string, unknown>>;

/** As much of Lambda over HTTP as tells of functions, by name or `name:alias`. What is in `refused` is answered with AccessDeniedException. */
export class LambdaServer {
  readonly functions: Map<string, Configuration> = new Map();
  readonly concurrency: Map<string, number> = new Map();
  readonly refused: Set<string> = new Set();
  /** For which Regions requests were signed. */
  readonly regions: Set<string> = new Set();
  readonly #server: Server = createServer((request, response) => {
    this.regions.add(/Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const [, , , name = '', what] = pathname.split('/');
    const action = what === 'concurrency' ? 'GetFunctionConcurrency' : 'GetFunctionConfiguration';
    const qualifier = searchParams.get('Qualifier');
    const full = qualifier === null ? name : `${name}:${qualifier}`;
    const [status, body, error] = this.#answer(action, full);
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(error !== undefined && { 'x-amzn-errortype': error }),
    });
    response.end(JSON.stringify(body));
  });

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

  #answer(action: string, name: string): readonly [number, object, string?] {
    if (this.refused.has(action)) {
      const Message = `User: arn is not authorized to perform: lambda:${action} on resource: ${name}`;
      return [403, { Message }, 'AccessDeniedException'];
    }
    const found = this.functions.get(name);
    if (found === undefined) return [404, { Message: `Function not found: ${name}` }, 'ResourceNotFoundException'];
    if (action === 'GetFunctionConfiguration') return [200, found];
    const reserved = this.concurrency.get(name);
    return [200, reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved }];
  }
}
