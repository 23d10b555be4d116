import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ownCertificate } from './stack-engine/certificate.ts';
import { temporaryFolder } from './temporary.ts';

/** Like Lambda: imports the file, hands it one event after the other, and is not told what comes of them. */
const RUNTIME = `
const { pathToFileURL } = require('node:url');
const { text } = require('node:stream/consumers');
(async () => {
  const { handler } = await import(pathToFileURL(process.argv[1]).href);
  if (handler.length !== 1) throw new Error('a handler of one parameter: callbacks are gone since Node 24');
  for (const event of JSON.parse(await text(process.stdin))) {
    await handler(event, { getRemainingTimeInMillis: () => 60_000 });
  }
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
`;

/** Whoever looks up a name, connects or sends a datagram ends the process. All of Node's clients, `fetch` too, come through here. */
const NO_NETWORK = `
const fail = (what) => () => { console.error('the network was touched: ' + what); process.exit(3); };
const dns = require('node:dns');
require('node:net').Socket.prototype.connect = fail('connect');
for (const name of ['send', 'connect', 'bind']) require('node:dgram').Socket.prototype[name] = fail('datagram');
for (const asking of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
  for (const name of ['lookup', 'lookupService', 'reverse', ...Object.getOwnPropertyNames(asking)]) {
    if (/^(?:lookup|reverse|resolve)/.test(name) && typeof asking[name] === 'function') asking[name] = fail('dns.' + name);
  }
}
`;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FunctionProcess {
  readonly program: string;
  /** The bundle. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly network?: false;
}

/** Runs a bundled function in a process of its own, with the SDK where Lambda has it: behind NODE_PATH alone. */
export async function runFunction(
  { program, file, env, network }: FunctionProcess,
  events: readonly unknown[],
): Promise<Ended> {
  const folder = await temporaryFolder();
  const authority = path.join(folder, 'authority.pem');
  writeFileSync(authority, ownCertificate().cert);
  const guard = path.join(folder, 'no-network.cjs');
  writeFileSync(guard, NO_NETWORK);
  const child = spawn(program, [...(network === false ? ['--require', guard] : []), '-e', RUNTIME, file], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NODE_PATH: path.resolve(import.meta.dirname, '../../node_modules'),
      NODE_EXTRA_CA_CERTS: authority,
      // What the SDK of this project says on Node 20, where no function of ours runs.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(JSON.stringify(events));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}
