import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { ArtifactError } from '../../repository/error.ts';
import type { Environment } from '../environment.ts';
import { isSet } from '../environment.ts';

type Env = Environment;

/** What is trusted at the other end. */
export interface Trust {
  readonly verifySsl: boolean;
  /** PEM; in the place of the certificates that Node trusts. */
  readonly ca?: string;
}

export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** As many as the stores ask for at once. */
const CONNECTIONS = 96;

/** Connections through the proxies that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name (also in lower case, which goes first). */
export async function agentsFor(env: Env, trust: Trust): Promise<Agents> {
  const options = { keepAlive: true, maxSockets: CONNECTIONS };
  const tls = { rejectUnauthorized: trust.verifySsl, ...(trust.ca !== undefined && { ca: trust.ca }) };
  const httpsProxy = proxyUrl(env, 'https_proxy');
  const httpProxy = proxyUrl(env, 'http_proxy');
  if (httpsProxy === undefined && httpProxy === undefined) {
    return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent({ ...options, ...tls }) };
  }
  const { HttpProxyAgent, HttpsProxyAgent } = await import('hpagent');
  const noProxy = variable(env, 'no_proxy') ?? '';
  const proxyRequestOptions = {
    rejectUnauthorized: trust.verifySsl,
    ...(trust.ca !== undefined && { ca: [trust.ca] }),
  };
  return {
    httpAgent:
      httpProxy === undefined
        ? new HttpAgent(options)
        : sidestepping(
            new HttpProxyAgent({ ...options, proxy: httpProxy, proxyRequestOptions }),
            new HttpAgent(),
            noProxy,
            httpProxy,
          ),
    httpsAgent:
      httpsProxy === undefined
        ? new HttpsAgent({ ...options, ...tls })
        : sidestepping(
            new HttpsProxyAgent({ ...options, ...tls, proxy: httpsProxy, proxyRequestOptions }),
            new HttpsAgent(tls),
            noProxy,
            httpsProxy,
          ),
  };
}

type Connected = (error: Error | null, socket?: unknown) => void;
type Connect = (options: { readonly host?: string; readonly port?: number | string }, connected: Connected) => unknown;

/** Lets `direct` make the connections that need no proxy; pooling and limits stay with `proxied`. */
function sidestepping<A extends HttpAgent>(proxied: A, direct: A, noProxy: string, proxy: URL): A {
  const agents = [proxied, direct] as unknown as readonly [
    { createConnection: Connect },
    { createConnection: Connect },
  ];
  const [through, around] = agents.map((agent) => agent.createConnection.bind(agent)) as [Connect, Connect];
  agents[0].createConnection = (options, connected) =>
    needsNoProxy(options.host ?? '', options.port ?? '', noProxy)
      ? around(options, connected)
      : through(options, (error, socket) => {
          connected(error === null ? null : proxyError(error, proxy), socket);
        });
  return proxied;
}

/** What the proxy answers is final; a proxy that can't be reached, or can't reach the other end, keeps its code and may be tried again. */
function proxyError(error: Error, proxy: URL): Error {
  const status = Number(/^Bad response: (\d+)$/.exec(error.message)?.[1]);
  if (status >= 400 && status < 500) {
    return new ArtifactError(
      'ACCESS_DENIED',
      `the proxy '${proxy.host}' refuses the connection: it answers ${status}`,
      {
        remedy:
          status === 407
            ? 'It wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT.'
            : 'It is named by HTTPS_PROXY or HTTP_PROXY; hosts that need no proxy go into NO_PROXY.',
        cause: error,
      },
    );
  }
  const { code = 'ECONNREFUSED' } = error as NodeJS.ErrnoException;
  const reason = Number.isNaN(status) ? error.message : `it answers ${status}`;
  return Object.assign(new Error(`no connection through the proxy '${proxy.host}': ${reason}`, { cause: error }), {
    code,
  });
}

/** A proxy without a scheme is one that speaks HTTP. */
function proxyUrl(env: Env, name: string): URL | undefined {
  const given = variable(env, name);
  if (given === undefined) return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given.replace(/^\/\//, '')}`;
  if (URL.canParse(url)) return new URL(url);
  throw new ArtifactError('INVALID_CONFIGURATION', `'${given}' in ${name.toUpperCase()} is no URL of a proxy`, {
    remedy: 'It is written http://HOST:PORT.',
  });
}

function variable(env: Env, name: string): string | undefined {
  return [env[name], env[name.toUpperCase()]].find(isSet);
}

/**
 * NO_PROXY as the AWS CLI reads it: names separated by commas, each meaning itself and all names below it, perhaps with a port; `*` for all.
 * Networks in CIDR notation are not understood.
 */
export function needsNoProxy(host: string, port: number | string, noProxy: string): boolean {
  const name = host.toLowerCase();
  const candidates = [name, `${name}:${port}`];
  return noProxy
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim().replace(/^\*?\./, ''))
    .some(
      (entry) =>
        entry === '*' ||
        (entry !== '' && candidates.some((candidate) => candidate === entry || candidate.endsWith(`.${entry}`))),
    );
}
