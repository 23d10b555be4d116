import type { HttpReply, HttpRequest } from '../../support/stack-engine/http-endpoint.ts';
import { HttpEndpoint } from '../../support/stack-engine/http-endpoint.ts';

/** What Lambda answers about a function, in its own spelling. */
export type Configuration = Readonly<Record<string, unknown>>;

/** As much of Lambda over HTTP as tells of functions, by name or `name:alias`. What is in `refused` is answered with AccessDeniedException. */
export class LambdaServer {
  readonly functions: Map<string, Configuration> = new Map();
  readonly concurrency: Map<string, number> = new Map();
  readonly refused: Set<string> = new Set();
  /** For which Regions requests were signed. */
  readonly regions: Set<string> = new Set();
  readonly #endpoint = new HttpEndpoint((request) => Promise.resolve(this.#reply(request)));

  listen(): Promise<string> {
    return this.#endpoint.listen();
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #reply({ path, query, headers }: HttpRequest): HttpReply {
    this.regions.add(/Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '');
    const [, , , name = '', what] = path.split('/');
    const action = what === 'concurrency' ? 'GetFunctionConcurrency' : 'GetFunctionConfiguration';
    const qualifier = query.get('Qualifier');
    const full = qualifier === null ? name : `${name}:${qualifier}`;
    const [status, body, error] = this.#answer(action, full);
    const type = { 'content-type': 'application/json', ...(error !== undefined && { 'x-amzn-errortype': error }) };
    return { status, headers: type, body: JSON.stringify(body) };
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
