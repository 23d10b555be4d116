import { writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerOf } from '../support/child-script.ts';
import type { PutOrder, PutReport } from '../support/put-child.ts';
import { ownCertificate } from '../support/stack-engine/certificate.ts';
import { temporaryFolder } from '../support/temporary.ts';

const CHILD = path.join(import.meta.dirname, '../support/put-child.ts');

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly raw: readonly string[];
  readonly body: string;
}

let server: Server;
let base: string;
let received: Received[];
/** What the next requests are answered with: a status, or a closed connection. */
let replies: (number | 'reset')[];
let authority: string;

beforeAll(async () => {
  const certificate = ownCertificate();
  authority = path.join(await temporaryFolder(), 'authority.pem');
  writeFileSync(authority, certificate.cert);
  server = createServer(certificate, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request;
      received.push({ method, url, headers, raw: rawHeaders, body: Buffer.concat(pieces).toString() });
      const reply = replies.shift() ?? 200;
      if (reply === 'reset') request.socket.destroy();
      else response.writeHead(reply).end('<Error/>');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  received = [];
  replies = [];
});

function put(url: string, body = '{}', remaining: readonly number[] = [60_000]): Promise<PutReport> {
  const order: PutOrder = { url: url.startsWith('/') ? `${base}${url}` : url, body, remaining };
  const env = { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: authority };
  return answerOf<PutReport>(CHILD, [], { env, input: JSON.stringify(order) });
}

test('bytes are counted as bytes, there is no Content-Type, and nothing is chunked', async () => {
  await put('/answer?X=1', '{"Reason":"schön 😀"}');
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({ method: 'PUT', body: '{"Reason":"schön 😀"}' });
  expect(received[0]?.headers).toEqual({
    host: base.slice('https://'.length),
    connection: 'close',
    'content-length': String(Buffer.byteLength('{"Reason":"schön 😀"}')),
  });
});

test.each(['/a%7Cb%2Fc%3a/../d?X-Amz-Signature=%2f&x=a+b', '/a|b//c?', '/?q'])(
  'the path %s goes to the letter',
  async (requested) => {
    await put(requested);
    expect(received[0]?.url).toBe(requested);
  },
);

test('a refusal or a lost connection is tried again, after a while', async () => {
  replies = [503, 'reset', 500, 403];
  const { waits, failure } = await put('/a');
  expect(failure).toBeUndefined();
  expect(received).toHaveLength(5);
  expect(waits).toHaveLength(4);
});

test('a redirection is no success', async () => {
  replies = [307];
  await put('/a', '{}');
  expect(received).toHaveLength(2);
});

test('it is given up at last, and the URL is not told', async () => {
  replies = Array<number>(20).fill(503);
  const { code, failure } = await put('/secret?X-Amz-Signature=secret');
  expect(received).toHaveLength(6);
  expect(code).toBe('STORE_UNAVAILABLE');
  expect(failure).not.toContain('secret');
});

test('no second attempt is made where no time is left', async () => {
  replies = Array<number>(20).fill(503);
  const { code, waits } = await put('/a', '{}', [0]);
  expect(code).toBe('STORE_UNAVAILABLE');
  expect(received.length).toBeLessThanOrEqual(1);
  expect(waits).toEqual([]);
});

test('attempts end with the time, and no pause is longer than what is left', async () => {
  replies = Array<number>(20).fill(503);
  // Each attempt looks three times: for its own limit, whether to go on, how long to wait.
  const { code, waits } = await put('/a', '{}', [9000, 9000, 30, 9000, 9000, 20, 9000, 0]);
  expect(code).toBe('STORE_UNAVAILABLE');
  expect(received).toHaveLength(3);
  expect(waits.every((wait) => wait <= 30)).toBe(true);
});

test.each(['https://', 'https:///path', 'https://user@host/', 'https://[::1', 'http://host/path', 'https://host/a#b'])(
  "'%s' is no URL to put to",
  async (url) => {
    const { code } = await put(url);
    expect(code).toBe('STORE_UNAVAILABLE');
    expect(received).toEqual([]);
  },
);
