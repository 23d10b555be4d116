import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Authenticated, Identity, SignedRequest } from './s3-server-auth.ts';
import { authenticate, DEFAULT_SECRET, headerText } from './s3-server-auth.ts';
import type { ReceivedBody } from './s3-server-body.ts';
import { receiveBody } from './s3-server-body.ts';
import { bucketOperations, CONFIGURATIONS, configurationOperations } from './s3-server-buckets.ts';
import { Spool, StoredBytes } from './s3-server-bytes.ts';
import type { S3ErrorCode } from './s3-server-error.ts';
import { S3Error } from './s3-server-error.ts';
import type { Exchange, Operation, Reply, ServerSettings, ServerState } from './s3-server-exchange.ts';
import { bucketOf, requireAllowed } from './s3-server-exchange.ts';
import type { Fault, FaultTarget } from './s3-server-faults.ts';
import { Faults } from './s3-server-faults.ts';
import { objectOperations } from './s3-server-objects.ts';
import type { Policy } from './iam/policy.ts';
import { checkStatement, decide } from './iam/policy.ts';
import type { BucketOptions } from './s3-server-state.ts';
import { Bucket, tick } from './s3-server-state.ts';
import { xmlDocument } from './s3-server-xml.ts';

/**
 * Amazon S3 over HTTP on the loopback, in this process: as much of it as this project stands on, with S3's own semantics (strong
 * consistency, atomic conditional writes per key, versions, checksums, policies), and every fault of a network on demand. STS's
 * GetCallerIdentity answers on the same endpoint.
 *
 * Bodies above `spoolAbove` bytes lie whole in a temporary folder until nothing names them: contents of gigabytes are
 * read back as they were written, in little memory.
 */
export interface S3Server {
  readonly endpoint: string;
  /** Everything that came, in the order of its answers. */
  readonly requests: RecordedRequest[];
  readonly faults: Faults;
  readonly settings: ServerSettings;
  /** By access key. May be changed at any time. */
  readonly identities: Map<string, Identity>;
  readonly buckets: Map<string, Bucket>;
  /** Of KMS keys, by ARN. May be changed at any time. */
  readonly keyPolicies: Map<string, Policy>;
  createBucket(name: string, options?: BucketOptions): Bucket;
  /** What a client needs to be this identity, here. */
  clientConfig(accessKeyId?: string, region?: string): ClientConfig;
  /** How many requests of each operation came since the beginning, or since `requests` was emptied. */
  counts(): Readonly<Record<string, number>>;
  /** Serves all late duplicates that wait (fault `twice`) and waits for them. */
  deliverLate(): Promise<void>;
  close(): Promise<void>;
}

export interface RecordedRequest {
  readonly operation: string;
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly accessKeyId: string | undefined;
  readonly account: string | undefined;
  /** What the client was told; `undefined` where it was told nothing. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly fault: Fault | undefined;
}

export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly forcePathStyle: true;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface S3ServerOptions extends Partial<ServerSettings> {
  /** By access key; default one administrator, `test`, of account 111122223333. */
  readonly identities?: Readonly<Record<string, Identity>>;
  readonly seed?: number;
  /** Bytes; larger bodies lie in files. */
  readonly spoolAbove?: number;
  readonly clock?: () => Date;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export const TEST_ACCOUNT = '111122223333';
const TEST_ACCESS_KEY = 'test';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...bucketOperations,
  ...configurationOperations,
  ...objectOperations,
};

/** A body is looked at before it is sent only where it is worth a round trip; longer than S3 itself waits for the rest. */
const KEEP_ALIVE_MS = 65_000;

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = new Server(options);
  await server.listen();
  return server;
}

interface Duplicate {
  left: number | undefined;
  readonly serve: () => Promise<void>;
}

class Server implements S3Server {
  readonly requests: RecordedRequest[] = [];
  readonly faults: Faults;
  readonly settings: ServerSettings;
  readonly identities: Map<string, Identity>;
  readonly buckets = new Map<string, Bucket>();
  readonly keyPolicies = new Map<string, Policy>();
  readonly #state: ServerState;
  readonly #http: ReturnType<typeof createHttpServer>;
  readonly #scheme: 'http' | 'https';
  readonly #clock: () => Date;
  readonly #closing = new AbortController();
  #duplicates: Duplicate[] = [];

  constructor(options: S3ServerOptions) {
    const { identities, seed = 1, spoolAbove, clock = () => new Date(), tls, ...settings } = options;
    this.faults = new Faults(seed);
    this.identities = new Map(Object.entries(identities ?? { [TEST_ACCESS_KEY]: { account: TEST_ACCOUNT } }));
    for (const { policies = [] } of this.identities.values()) {
      for (const { Statement } of policies) [Statement].flat().forEach(checkStatement);
    }
    this.settings = {
      secureTransport: true,
      wrongRegion: 'redirect',
      repeatedComplete: 'succeeds',
      minimumPartSize: 5 * 1024 ** 2,
      maximumSingleSize: 5 * 1024 ** 3,
      conditions: 'kept',
      conditionalCopy: true,
      pages: 'full',
      absentAccounts: [],
      namesInvalidPrincipals: true,
      ...settings,
    };
    this.#clock = clock;
    const { buckets, keyPolicies } = this;
    this.#state = { buckets, keyPolicies, spool: new Spool(spoolAbove), settings: this.settings };
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#http = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    this.#http.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response, () => undefined);
    });
    this.#http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response, () => {
        response.writeContinue();
      });
    });
  }

  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(0, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => {
      this.#http.close(() => {
        resolve();
      });
    });
    this.#http.closeAllConnections();
    await closed;
    await this.#state.spool.close();
  }

  createBucket(name: string, options: BucketOptions = {}): Bucket {
    const [first] = this.identities.values();
    const owner = options.owner ?? first?.account ?? TEST_ACCOUNT;
    const region = options.region ?? 'us-east-1';
    const bucket = new Bucket(name, { ...options, owner, region }, this.#clock());
    this.buckets.set(name, bucket);
    return bucket;
  }

  clientConfig(accessKeyId: string = TEST_ACCESS_KEY, region = 'us-east-1'): ClientConfig {
    const identity = this.identities.get(accessKeyId);
    return {
      endpoint: this.endpoint,
      region,
      forcePathStyle: true,
      credentials: {
        accessKeyId,
        secretAccessKey: identity?.secretAccessKey ?? DEFAULT_SECRET,
        ...(identity?.sessionToken !== undefined && { sessionToken: identity.sessionToken }),
      },
    };
  }

  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { operation } of this.requests) counts[operation] = (counts[operation] ?? 0) + 1;
    return counts;
  }

  async deliverLate(): Promise<void> {
    const waiting = this.#duplicates.splice(0);
    for (const { serve } of waiting) await serve();
  }

  async #deliverDue(): Promise<void> {
    const due = this.#duplicates.filter((duplicate) => duplicate.left !== undefined && duplicate.left-- <= 0);
    this.#duplicates = this.#duplicates.filter((duplicate) => !due.includes(duplicate));
    for (const { serve } of due) await serve();
  }

  async #handle(request: IncomingMessage, response: ServerResponse, proceed: () => void): Promise<void> {
    const arrived = new Arrival(request, this.#state, this.#clock());
    let fault: Fault | undefined;
    let reply: Reply | undefined;
    let failure: S3Error | undefined;
    try {
      await this.#deliverDue();
      fault = this.faults.next(arrived.target(this.identities));
      if (fault?.effect === 'reset-before') return void request.socket.destroy();
      if (fault?.effect === 'hold') await fault.until();
      if (fault?.effect === 'delay') await pause(fault.milliseconds, undefined, { signal: this.#closing.signal });
      if (fault?.effect === 'error') throw new S3Error(fault.code, fault.message);
      reply = await this.#serve(arrived, request, proceed, fault);
      if (fault?.effect === 'error-after') throw new S3Error(fault.code);
      if (fault?.effect === 'reset-after') return void request.socket.destroy();
    } catch (error) {
      // A client that went away while it sent its body has asked for nothing.
      if (request.destroyed && !request.complete) return;
      failure = error instanceof S3Error ? error : unexpected(error);
      reply = errorReply(failure, arrived, this.buckets.get(arrived.bucketName ?? ''));
    } finally {
      this.#record(arrived, response, fault, reply, failure);
      if (reply !== undefined && !request.socket.destroyed) await send(request, response, reply, fault);
    }
  }

  async #serve(
    arrived: Arrival,
    request: IncomingMessage,
    proceed: () => void,
    fault: Fault | undefined,
  ): Promise<Reply> {
    if (arrived.operation === 'GetCallerIdentity') return await this.#callerIdentity(arrived, request);
    const who = authenticate(arrived.signed, this.identities, arrived.now);
    arrived.who = who;
    const exchange = arrived.exchange(who);
    const operation = OPERATIONS[arrived.operation];
    if (operation === undefined) throw new S3Error('NotImplemented');
    admit(exchange, operation);
    if (request.method === 'PUT' && headerText(request.headers, 'content-length') === undefined && !arrived.isChunked) {
      throw new S3Error('MissingContentLength');
    }
    proceed();
    const body = await receiveBody(request, arrived.bodyHeaders, this.#state.spool);
    try {
      const reply = await operation.serve(exchange, body);
      if (fault?.effect === 'twice') this.#duplicate(exchange, operation, body, fault.requests);
      if (fault?.effect === 'error-in-200') {
        return { ...reply, body: errorDocument(new S3Error(fault.code), arrived) };
      }
      return reply;
    } finally {
      body.bytes.release();
    }
  }

  /** Keeps a request to be served again later, as from a client that sent it twice and whose first copy went astray. */
  #duplicate(exchange: Exchange, operation: Operation, body: ReceivedBody, requests: number | undefined): void {
    body.bytes.retain();
    const serve = async (): Promise<void> => {
      try {
        await operation.serve({ ...exchange, begunAt: tick(), now: this.#clock() }, body);
      } catch {
        // nobody waits for its answer
      } finally {
        body.bytes.release();
      }
    };
    this.#duplicates.push({ left: requests, serve });
  }

  async #callerIdentity(arrived: Arrival, request: IncomingMessage): Promise<Reply> {
    const body = await receiveBody(request, { ...request.headers }, this.#state.spool);
    const form = new URLSearchParams(await body.bytes.text());
    body.bytes.release();
    if (form.get('Action') !== 'GetCallerIdentity') throw new S3Error('NotImplemented');
    const hash = body.digests.checksums.get('SHA256')?.toString('hex');
    const who = authenticate(arrived.signed, this.identities, arrived.now, hash);
    arrived.who = who;
    const { account, arn, sessionArn } = who.caller;
    if (account === undefined) throw new S3Error('AccessDenied');
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        `<Arn>${sessionArn ?? arn ?? ''}</Arn><UserId>${who.accessKeyId ?? ''}</UserId><Account>${account}</Account>` +
        `</GetCallerIdentityResult><ResponseMetadata><RequestId>${arrived.requestId}</RequestId></ResponseMetadata>` +
        '</GetCallerIdentityResponse>',
    };
  }

  #record(
    arrived: Arrival,
    response: ServerResponse,
    fault: Fault | undefined,
    reply: Reply | undefined,
    failure: S3Error | undefined,
  ): void {
    const told = reply !== undefined && response.socket?.destroyed === false;
    this.requests.push({
      ...arrived.target(this.identities),
      headers: arrived.signed.headers,
      accessKeyId: arrived.who?.accessKeyId,
      status: told ? reply.status : undefined,
      code: failure?.code,
      fault,
    });
  }
}

/** A request's line and headers, understood. */
class Arrival {
  readonly signed: SignedRequest;
  readonly operation: string;
  readonly bucketName: string | undefined;
  readonly key: string | undefined;
  readonly now: Date;
  readonly requestId: string = randomBytes(8).toString('hex').toUpperCase();
  who: Authenticated | undefined;
  readonly #state: ServerState;
  readonly #begunAt = tick();

  constructor(request: IncomingMessage, state: ServerState, now: Date) {
    const [path, query] = splitOnce(request.url ?? '', '?');
    const parameters = new URLSearchParams(query);
    this.signed = { method: request.method ?? '', path, query: parameters, headers: request.headers };
    const [bucket, key] = addressed(path, request.headers.host ?? '');
    this.bucketName = bucket === '' ? undefined : bucket;
    this.key = key === '' ? undefined : key;
    this.operation = operationOf(this.signed, this.bucketName, this.key);
    this.now = now;
    this.#state = state;
  }

  get isChunked(): boolean {
    return headerText(this.signed.headers, 'transfer-encoding') === 'chunked';
  }

  /** Those that speak of the body: a Complete's checksum headers are the object's, not its list of parts'. */
  get bodyHeaders(): IncomingHttpHeaders {
    const { headers } = this.signed;
    if (this.operation !== 'CompleteMultipartUpload') return headers;
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')));
  }

  exchange(who: Authenticated): Exchange {
    const { operation, bucketName, key, now } = this;
    const { query, headers } = this.signed;
    return {
      server: this.#state,
      operation,
      bucketName,
      key,
      query,
      // A presigned URL carries as parameters what else are headers.
      headers: who.authType === 'REST-QUERY-STRING' ? { ...headers, ...headersIn(query) } : headers,
      who,
      begunAt: this.#begunAt,
      now,
    };
  }

  target(identities: ReadonlyMap<string, Identity>): FaultTarget {
    const credential = /Credential=([^/]+)\//.exec(this.signed.headers.authorization ?? '')?.[1];
    const { operation, bucketName: bucket, key, signed } = this;
    const account = identities.get(credential ?? signed.query.get('X-Amz-Credential')?.split('/')[0] ?? '')?.account;
    return { operation, method: signed.method, bucket, key, account, query: signed.query };
  }
}

function headersIn(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...query]
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) =>
        /^x-amz-(?!signature|credential|algorithm|date|expires|signedheaders|security-token)/.test(name),
      ),
  );
}

/** Bucket and key of `/BUCKET/KEY`, or of `/KEY` where the host names the bucket. */
function addressed(path: string, host: string): readonly [string, string] {
  const name = host.replace(/:\d+$/, '');
  const bucket = /^(?<bucket>.+)\.(?:localhost|s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)$/.exec(name)?.groups?.[
    'bucket'
  ];
  const rest = path.replace(/^\//, '');
  if (bucket !== undefined) return [bucket, decodeURIComponent(rest)];
  const [first, key] = splitOnce(rest, '/');
  return [decodeURIComponent(first), decodeURIComponent(key)];
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** The name that S3's API reference gives to a request. */
function operationOf(
  { method, query, headers }: SignedRequest,
  bucket: string | undefined,
  key: string | undefined,
): string {
  if (bucket === undefined) return method === 'POST' ? 'GetCallerIdentity' : 'ListBuckets';
  return key === undefined ? bucketOperation(method, query) : objectOperation(method, query, headers);
}

function bucketOperation(method: string, query: URLSearchParams): string {
  const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method];
  const configuration = CONFIGURATIONS.find((one) => query.has(one.query));
  if (verb !== undefined && configuration !== undefined) return `${verb}${configuration.name}`;
  if (verb !== undefined && query.has('policy')) return `${verb}BucketPolicy`;
  if (verb !== undefined && query.has('versioning')) return `${verb}BucketVersioning`;
  switch (method) {
    case 'GET':
      if (query.has('location')) return 'GetBucketLocation';
      if (query.has('versions')) return 'ListObjectVersions';
      if (query.has('uploads')) return 'ListMultipartUploads';
      return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
    case 'POST':
      return query.has('delete') ? 'DeleteObjects' : 'PostObject';
    case 'HEAD':
      return 'HeadBucket';
    case 'PUT':
      return 'CreateBucket';
    default:
      return 'DeleteBucket';
  }
}

function objectOperation(method: string, query: URLSearchParams, headers: IncomingHttpHeaders): string {
  const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method];
  const part = { tagging: 'Tagging', 'legal-hold': 'LegalHold', retention: 'Retention' };
  for (const [name, suffix] of Object.entries(part)) {
    if (verb !== undefined && query.has(name)) return `${verb}Object${suffix}`;
  }
  const copies = headers['x-amz-copy-source'] !== undefined;
  const upload = query.has('uploadId');
  switch (method) {
    case 'GET':
      return upload ? 'ListParts' : query.has('attributes') ? 'GetObjectAttributes' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      return upload ? (copies ? 'UploadPartCopy' : 'UploadPart') : copies ? 'CopyObject' : 'PutObject';
    case 'POST':
      return upload ? 'CompleteMultipartUpload' : query.has('uploads') ? 'CreateMultipartUpload' : 'RestoreObject';
    default:
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
  }
}

/** Everything that S3 decides by a request's headers alone. */
function admit(exchange: Exchange, operation: Operation): void {
  const { headers, who, key } = exchange;
  if (key !== undefined && Buffer.byteLength(key) > 1024) throw new S3Error('KeyTooLongError');
  const needs = operation.needs(exchange);
  if (needs.some(({ on }) => on === 'account')) {
    requireByIdentity(exchange, needs[0]?.action ?? '');
    return;
  }
  const bucket = bucketOf(exchange);
  requireRegion(exchange, bucket);
  const owner = headerText(headers, 'x-amz-expected-bucket-owner');
  if (owner !== undefined && owner !== bucket.owner) throw new S3Error('AccessDenied');
  if (who.caller.account === undefined && who.caller.service === undefined && bucket.policy === undefined) {
    throw new S3Error('AccessDenied');
  }
  for (const { action, on } of needs) requireAllowed(exchange, action, bucket, on === 'object' ? key : undefined);
}

/** Of what belongs to no bucket yet, the identity's own policies decide. */
function requireByIdentity({ who }: Exchange, action: string): void {
  const { caller, policies, context } = who;
  const decision = decide(
    { caller, action, resource: 'arn:aws:s3:::*', context },
    policies,
    undefined,
    caller.account ?? '',
  );
  if (!decision.allowed) throw new S3Error('AccessDenied', decision.because);
}

function requireRegion({ operation, who, server }: Exchange, { region, name }: Bucket): void {
  if (who.region === undefined || who.region === region || operation === 'GetBucketLocation') return;
  const headers = { 'x-amz-bucket-region': region };
  if (server.settings.wrongRegion === 'malformed') {
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${who.region}' is wrong; expecting '${region}'`,
      { headers, details: { Region: region } },
    );
  }
  throw new S3Error('PermanentRedirect', undefined, {
    headers,
    details: { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name },
  });
}

function unexpected(error: unknown): S3Error {
  return new S3Error('InternalError', error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function errorDocument({ code, message, details }: S3Error, { key, bucketName, requestId }: Arrival): string {
  return xmlDocument('Error', {
    Code: code,
    Message: message,
    ...details,
    Resource: `/${[bucketName, key].filter((part) => part !== undefined).join('/')}`,
    RequestId: requestId,
    HostId: createHash('sha256').update(requestId).digest('base64'),
  });
}

/** STS wraps its errors; the SDK looks for them there. */
function errorReply(error: S3Error, arrived: Arrival, bucket: Bucket | undefined): Reply {
  const body = errorDocument(error, arrived);
  // Whoever may do nothing with a bucket may still learn where it is.
  const region = arrived.operation === 'HeadBucket' && bucket !== undefined && { 'x-amz-bucket-region': bucket.region };
  const isSts = arrived.operation === 'GetCallerIdentity';
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': arrived.requestId, ...region, ...error.headers },
    ...(error.status !== 304 && {
      body: isSts
        ? `<ErrorResponse><Error><Type>Sender</Type><Code>${stsCode(error.code)}</Code><Message>${error.message}</Message></Error><RequestId>${arrived.requestId}</RequestId></ErrorResponse>`
        : body,
    }),
  };
}

function stsCode(code: S3ErrorCode): string {
  return code === 'InvalidAccessKeyId' || code === 'InvalidToken' ? 'InvalidClientTokenId' : code;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  fault: Fault | undefined,
): Promise<void> {
  const body = typeof reply.body === 'string' ? StoredBytes.of(reply.body) : (reply.body ?? StoredBytes.EMPTY);
  const isHead = request.method === 'HEAD';
  const hasBody = !isHead && reply.status !== 204 && reply.status !== 304;
  response.writeHead(reply.status, {
    server: 'AmazonS3',
    'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
    'x-amz-id-2': randomBytes(24).toString('base64'),
    ...(hasBody && { 'content-length': String(body.size) }),
    // As S3 answers. Of an answer that has neither, clients wait for the end of the connection.
    ...(isHead && reply.status > 304 && { 'transfer-encoding': 'chunked' }),
    ...(isHead && reply.status >= 300 ? withoutType(reply.headers) : reply.headers),
    // What is left of a body that nobody reads would be taken for the next request.
    ...(!request.complete && { connection: 'close' }),
  });
  try {
    if (!hasBody) response.end();
    else await pipeline(Readable.from(damaged(body, fault, request), { objectMode: false }), response);
  } catch {
    // The client went away, or was cut off on purpose.
  }
  if (!request.complete) request.resume();
}

function withoutType(headers: Reply['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name !== 'content-type'));
}

async function* damaged(
  body: StoredBytes,
  fault: Fault | undefined,
  request: IncomingMessage,
): AsyncGenerator<Uint8Array> {
  if (fault?.effect === 'cut') {
    yield* body.slice(0, Math.min(fault.bytes, body.size)).read();
    // Let what was written leave before the line is cut.
    await pause(20);
    request.socket.destroy();
    return;
  }
  if (fault?.effect !== 'flip') {
    yield* body.read();
    return;
  }
  let at = fault.at ?? 0;
  for await (const piece of body.read()) {
    const copy = Buffer.from(piece);
    if (at >= 0 && at < copy.length) copy[at] = (copy[at] ?? 0) ^ 1;
    at -= copy.length;
    yield copy;
  }
}
