import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SeveralDomain } from './several-domains.ts';

/** Lambda of all accounts and regions under one endpoint: each domain's keeper is asked by its ARN. */
export interface LambdaOfDomains {
  readonly endpoint: string;
  /** ARNs of functions, in the order in which they were asked. */
  readonly asked: string[];
  close(): Promise<void>;
}

const INVOCATION = /^\/2015-03-31\/functions\/(?<name>[^/]+)\/invocations/;
const ARN = /^arn:aws:lambda:(?<region>[^:]+):(?<account>[0-9]{12}):function:/;

/**
 * Nobody asks a function of another account: none of them has a policy that lets others.
 * @param mayAsk whether who asks may ask a function by this name
 */
export async function startLambdaOf(
  domains: readonly SeveralDomain[],
  mayAsk: (name: string) => boolean = () => true,
): Promise<LambdaOfDomains> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const name = decodeURIComponent(INVOCATION.exec(request.url ?? '')?.groups?.['name'] ?? '');
      asked.push(name);
      const { region, account } = ARN.exec(name)?.groups ?? {};
      // As the servers of the tests name their callers: reader-111122223333-us-east-1.
      const caller = /Credential=\w+-(?<account>[0-9]{12})-/.exec(request.headers.authorization ?? '')?.groups?.[
        'account'
      ];
      const fail = (status: number, type: string): void => {
        response.writeHead(status, { 'x-amzn-errortype': type, 'content-type': 'application/json' });
        response.end(JSON.stringify({ Message: `User is not authorized, or nothing is there: ${name}` }));
      };
      if (caller !== account || !mayAsk(name)) {
        fail(403, 'AccessDeniedException');
        return;
      }
      const domain = domains.find((one) => one.account === account && one.region === region);
      if (domain === undefined) {
        fail(404, 'ResourceNotFoundException');
        return;
      }
      const headers = { 'content-type': 'application/json', ...typeOf(request.headers['x-amz-invocation-type']) };
      const answer = await fetch(`${domain.keeper.endpoint}${request.url ?? ''}`, { method: 'POST', body, headers });
      const told = ['x-amz-function-error', 'x-amzn-errortype'].flatMap(
        (header): readonly (readonly [string, string])[] => {
          const value = answer.headers.get(header);
          return value === null ? [] : [[header, value]];
        },
      );
      response.writeHead(answer.status, Object.fromEntries(told));
      response.end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function typeOf(type: string | readonly string[] | undefined): Readonly<Record<string, string>> {
  return typeof type === 'string' ? { 'x-amz-invocation-type': type } : {};
}
